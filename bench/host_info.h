#ifndef SITU_BENCH_HOST_INFO_H
#define SITU_BENCH_HOST_INFO_H

#include <stdbool.h>

#include "base/fs.h"

/*
 * What a benchmark's reader must know about the host: how its clocks, pages and scheduler were set
 * while it ran. Read below a root, so a captured tree will do. One thread.
 */
#define HOST_INFO_TEXT 128

struct host_info {
	char kernel[HOST_INFO_TEXT]; /* release */
	char model[HOST_INFO_TEXT]; /* of the CPU */
	char governor[HOST_INFO_TEXT]; /* of CPU 0's clock; "" where the host has no cpufreq */
	char boost[HOST_INFO_TEXT]; /* 0, 1 or "" */
	char smt[HOST_INFO_TEXT]; /* on, off, notsupported or "" */
	char thp[HOST_INFO_TEXT]; /* the chosen word of transparent_hugepage/enabled */
	char numa_balancing[HOST_INFO_TEXT];
	char ksm[HOST_INFO_TEXT]; /* 1: pages are merged */
	char clocksource[HOST_INFO_TEXT];
	bool emulated; /* the CPUs are software, so times and rates say nothing about any hardware
			*/
};

void host_info_read(struct host_info *info, const struct fs_root *root);

#endif
