#include "tests/kvm/cycles.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/kvm/small_vm.h"

#define WARM_UP 20u

static int count_entries(const char *path)
{
	DIR *folder = opendir(path);
	int nr = 0;

	while (folder && readdir(folder))
		nr++;
	if (folder)
		closedir(folder);
	return nr;
}

static struct cycles_growth held(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	if (statm && fscanf(statm, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (statm)
		fclose(statm);
	return (struct cycles_growth){
		.fds = count_entries("/proc/self/fd"),
		.threads = count_entries("/proc/self/task"),
		.rss_kib = resident * (sysconf(_SC_PAGESIZE) / 1024),
	};
}

static int one_life(struct err *err)
{
	static const unsigned char code[] = { 0xba, 0x00, 0x05, 0xb0, 'x', 0xee, 0xf4 };
	const struct small_spec spec = { START_REAL, code, sizeof(code), 2, IRQCHIP_NONE, 0 };
	struct small_vm small;
	struct vm_end end = { 0 };
	int ret = small_vm_whole(&small, &spec, &end, err);

	if (ret)
		return ret;
	if (end.status != EXIT_OK || small.port.nr_writes != 2)
		return err_set(err, EXIT_NO, EPROTO, "%u writes, then: %s", small.port.nr_writes,
			       end.reason);
	return 0;
}

int cycles_run(unsigned int times, struct cycles_growth *growth, struct err *err)
{
	struct cycles_growth before = { 0 }, after;

	assert(times > WARM_UP);
	for (unsigned int i = 0; i < times; i++) {
		int ret = one_life(err);

		if (ret)
			return ret;
		if (i == WARM_UP)
			before = held();
	}
	after = held();
	growth->fds = after.fds - before.fds;
	growth->threads = after.threads - before.threads;
	growth->rss_kib = after.rss_kib - before.rss_kib;
	return 0;
}
