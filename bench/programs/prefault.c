/*
 * Prefaulting against QEMU's, same size, same number of threads, in turn: A B B A. Each side is a
 * process of its own, timed from exec until it says that its memory is there (QEMU: its QMP
 * greeting), less the same process's time without prefaulting. One round of each goes unmeasured,
 * so that both touch memory that has been touched since boot. Transparent huge pages are as the
 * host has them for memory that asks, or with "small" switched off for both processes.
 *
 * usage: prefault [SIZE [ROUNDS [thp|small]]]
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/size.h"
#include "numa/memory.h"
#include "numa/residency.h"

#define THREADS	   "2"
#define MAX_ROUNDS 64

enum side { SITU, QEMU, NR_SIDES };

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* The measured side of ours: says "ready", then how long the verification took. */
static int be_situ(uint64_t size, bool prefault)
{
	struct gmem_spec spec = { .len = size, .prefault = prefault, .thp = true };
	struct residency residency;
	struct gmem gmem;
	struct err err;
	double start;

	/* As many threads as QEMU is given, on as many CPUs. */
	cpuset_add_range(&spec.prefault_cpus, 0, (unsigned int)atoi(THREADS) - 1);
	if (gmem_init(&gmem, &spec, 1, NULL, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	start = now_s();
	if (residency_read(&residency, &gmem, NULL, &err) || !residency.on_plan ||
	    residency.regions[0].present != (prefault ? residency.regions[0].total : 0)) {
		fprintf(stderr, "memory is not where it should be\n");
		return 1;
	}
	printf("%.9f\n", now_s() - start);
	residency_fini(&residency);
	gmem_fini(&gmem);
	cpuset_fini(&spec.prefault_cpus);
	return 0;
}

static void exec_side(enum side side, const char *size, bool prefault)
{
	char object[128];

	if (side == SITU) {
		execl("/proc/self/exe", "prefault", "--be", size, prefault ? "1" : "0", NULL);
	} else {
		snprintf(object, sizeof(object), "memory-backend-ram,id=m,size=%s,prealloc=%s,%s",
			 size, prefault ? "on" : "off", "prealloc-threads=" THREADS);
		execlp("qemu-system-x86_64", "qemu-system-x86_64", "-machine", "none",
		       "-nodefaults", "-display", "none", "-qmp", "stdio", "-object", object, NULL);
	}
	_exit(127);
}

/* Seconds until the first byte; *verify_s from what ours says after it. */
static double time_side(enum side side, const char *size, bool prefault, double *verify_s)
{
	char text[256] = "";
	double start, end;
	int fds[2], status;
	FILE *from;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		exit(1);
	start = now_s();
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		exec_side(side, size, prefault);
	}
	close(fds[1]);
	from = fdopen(fds[0], "r");
	if (!fgets(text, sizeof(text), from)) {
		fprintf(stderr, "%s did not start\n",
			side == QEMU ? "qemu-system-x86_64" : "prefault");
		exit(77);
	}
	end = now_s();
	if (side == QEMU)
		kill(pid, SIGKILL);
	else if (fgets(text, sizeof(text), from))
		*verify_s = atof(text);
	fclose(from);
	waitpid(pid, &status, 0);
	if (side == SITU && status)
		exit(1);
	return end - start;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, int nr)
{
	qsort(values, (size_t)nr, sizeof(*values), by_value);
	return nr % 2 ? values[nr / 2] : (values[nr / 2 - 1] + values[nr / 2]) / 2;
}

/* Of neighbouring runs, so that what else the host does weighs on both. */
static double paired_ratio(const double base[NR_SIDES], double *const times[NR_SIDES], int nr)
{
	double ratio[MAX_ROUNDS];

	for (int i = 0; i < nr; i++)
		ratio[i] = (times[QEMU][i] - base[QEMU]) / (times[SITU][i] - base[SITU]);
	return median(ratio, nr);
}

static void report(const char *size, const double base[NR_SIDES], double *times[NR_SIDES],
		   double *verify, int nr)
{
	static const char *const names[] = { "situ", "QEMU" };
	double ratio = paired_ratio(base, times, nr), mid[NR_SIDES], check = median(verify, nr);
	uint64_t bytes = 0;
	struct err err;

	size_parse(size, &bytes, &err);
	for (int side = 0; side < NR_SIDES; side++) {
		mid[side] = median(times[side], nr) - base[side];
		printf("  %-5s median %.3f s (%.3f to %.3f, start-up %.3f taken off), %.2f GiB/s\n",
		       names[side], mid[side], times[side][0] - base[side],
		       times[side][nr - 1] - base[side], base[side],
		       (double)bytes / (double)GIB / mid[side]);
	}
	printf("  situ's rate is %.3f of QEMU's (median of neighbouring runs)\n", ratio);
	printf("  verification of every page: %.4f s, %.2f %% of prefaulting\n", check,
	       100 * check / mid[SITU]);
}

int main(int argc, char **argv)
{
	static double situ[MAX_ROUNDS], qemu[MAX_ROUNDS], verify[MAX_ROUNDS];
	static double idle[NR_SIDES][MAX_ROUNDS];
	double *times[NR_SIDES] = { situ, qemu }, base[NR_SIDES], unused;
	const char *size = argc > 1 ? argv[1] : "4G", *pages = argc > 3 ? argv[3] : "thp";
	int nr = argc > 2 ? atoi(argv[2]) : 10;
	uint64_t bytes;
	struct err err;

	if (argc == 4 && !strcmp(argv[1], "--be"))
		return size_parse(argv[2], &bytes, &err) ? 2 : be_situ(bytes, *argv[3] == '1');
	/* Inherited by both. */
	if (!strcmp(pages, "small") && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		return 1;
	if (nr < 2 || nr > MAX_ROUNDS || size_parse(size, &bytes, &err)) {
		fprintf(stderr, "usage: prefault [SIZE [ROUNDS, 2 to %d [thp|small]]]\n",
			MAX_ROUNDS);
		return 2;
	}
	time_side(QEMU, size, true, &unused);
	time_side(SITU, size, true, &unused);
	for (int i = 0; i < nr; i++) {
		enum side first = i % 2 ? QEMU : SITU;

		for (int k = 0; k < NR_SIDES; k++) {
			enum side side = k ? 1 - first : first;

			times[side][i] = time_side(side, size, true, &verify[i]);
			idle[side][i] = time_side(side, size, false, &unused);
		}
	}
	for (int side = 0; side < NR_SIDES; side++)
		base[side] = median(idle[side], nr);
	printf("prefault of %s (%s), second touch, %s threads, %d runs of each in turn\n", size,
	       pages, THREADS, nr);
	report(size, base, times, verify, nr);
	return 0;
}
