/*
 * Many VMs launched at the same moment, by the program itself: no CPU is held by two that want it
 * for themselves, those for which none is left are refused with 3, and nothing is left of any after
 * kill -9. Then the same number again that share.
 *
 *   launches [NUMBER [SITU]]     200, and the situ of the build folder without
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "affinity/reserve.h"
#include "base/alloc.h"
#include "bench/clock.h"
#include "tests/kvm/tiny_kernel.h"

#define ENTRY	   0x100000u
#define PATIENCE_S 300

struct launch {
	const char *program;
	char kernel[TINY_KERNEL_PATH];
	unsigned int nr;
	pid_t *pids; /* 0: has ended */
	unsigned int nr_refused;
};

static void fail(const char *what, unsigned int got)
{
	fprintf(stderr, "launches: %s (%u)\n", what, got);
	exit(1);
}

static pid_t start(const struct launch *launch, unsigned int nr, const char *placement)
{
	pid_t pid = fork();

	if (!pid) {
		char name[64];

		snprintf(name, sizeof(name), "launch-%d-%u", (int)getppid(), nr);
		if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stderr))
			_exit(120);
		execlp(launch->program, "situ", "run", "--kernel", launch->kernel, "--name", name,
		       "--cpus", "1", "--memory", "8M", "--serial", "off", "--placement", placement,
		       NULL);
		_exit(121);
	}
	return pid;
}

static void list_vms(struct reserve_list *list)
{
	struct reserve reserve;
	struct err err;

	if (reserve_open(&reserve, NULL, &err) || reserve_lock(&reserve, 60000, &err) ||
	    reserve_list(&reserve, list, &err)) {
		fprintf(stderr, "launches: %s\n", err.text);
		exit(1);
	}
	reserve_close(&reserve);
}

/* How many of ours run, and whether any two VMs hold a CPU that one of them wants for itself. */
static unsigned int count_running(void)
{
	struct reserve_list list;
	char prefix[32];
	unsigned int nr = 0;

	snprintf(prefix, sizeof(prefix), "launch-%d-", (int)getpid());
	list_vms(&list);
	for (unsigned int i = 0; i < list.nr_claims; i++) {
		nr += !strncmp(list.claims[i].name, prefix, strlen(prefix));
		for (unsigned int j = 0; j < i; j++)
			if ((list.claims[i].exclusive || list.claims[j].exclusive) &&
			    cpuset_intersects(&list.claims[i].cpus, &list.claims[j].cpus))
				fail("a CPU is held twice", nr);
	}
	reserve_list_fini(&list);
	return nr;
}

static void reap(struct launch *launch)
{
	int status;

	for (unsigned int i = 0; i < launch->nr; i++) {
		if (!launch->pids[i] || waitpid(launch->pids[i], &status, WNOHANG) <= 0)
			continue;
		launch->pids[i] = 0;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_HOST)
			fail("a launch ended in another way than being refused", status);
		launch->nr_refused++;
	}
}

static void kill_all(struct launch *launch)
{
	for (unsigned int i = 0; i < launch->nr; i++)
		if (launch->pids[i])
			kill(launch->pids[i], SIGKILL);
	for (unsigned int i = 0; i < launch->nr; i++)
		if (launch->pids[i])
			waitpid(launch->pids[i], NULL, 0);
}

/* Returns how many ran at once. */
static unsigned int launch_all(struct launch *launch, const char *placement)
{
	double begin = clock_now();
	unsigned int running, left;

	launch->nr_refused = 0;
	for (unsigned int i = 0; i < launch->nr; i++)
		launch->pids[i] = start(launch, i, placement);
	do {
		usleep(20000);
		reap(launch);
		running = count_running();
		if (clock_now() - begin > PATIENCE_S)
			fail("some launches came to no end", running + launch->nr_refused);
	} while (running + launch->nr_refused < launch->nr);
	printf("%s: %u launched, %u run, %u refused after %.1f s\n", placement, launch->nr, running,
	       launch->nr_refused, clock_now() - begin);
	kill_all(launch);
	left = count_running();
	if (left)
		fail("VMs are left after kill -9", left);
	return running;
}

int main(int argc, char **argv)
{
	static const uint8_t halt[] = { 0xfa, 0xf4, 0xeb, 0xfd }; /* cli; hlt; for ever */
	struct launch launch = { .nr = argc > 1 ? (unsigned int)atoi(argv[1]) : 200 };
	char self[512] = "", *program;
	unsigned int ran;

	if (access("/dev/kvm", R_OK | W_OK)) {
		puts("skipped: no /dev/kvm");
		return 0;
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		fail("where am I?", 0);
	*strrchr(self, '/') = '\0';
	program = argc > 2 ? alloc_string(argv[2]) : alloc_printf("%s/../../situ", self);
	launch.program = program;
	tiny_kernel_write(launch.kernel, halt, sizeof(halt));
	launch.pids = alloc_zeroed(launch.nr, sizeof(*launch.pids));
	ran = launch_all(&launch, "exclusive=true");
	if (!ran || ran > (unsigned int)sysconf(_SC_NPROCESSORS_ONLN))
		fail("that many cannot have a CPU of their own", ran);
	ran = launch_all(&launch, "exclusive=auto");
	if (ran != launch.nr)
		fail("of VMs that share not all run", ran);
	unlink(launch.kernel);
	free(launch.pids);
	free(program);
	return 0;
}
