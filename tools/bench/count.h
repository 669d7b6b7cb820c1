/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * count.h - what two processes do while they work: switches, system calls, wakes
 */
#ifndef TOOLS_BENCH_COUNT_H
#define TOOLS_BENCH_COUNT_H

#include <stdint.h>
#include <sys/types.h>

/* Context switches of all threads of a process so far */
double count_switches(pid_t pid);

/* What the kernel has for itself and for shared memory, by /proc/meminfo */
uint64_t count_kernel_bytes(void);

#define COUNTED_THREADS	16	/* of both processes */

struct counters {
	struct counter {
		int *fd;
		int n;		/* 0: cannot be counted */
	} calls, wakes;
};

/*
 * Trace events, counted by the kernel (perf_event_open()): needs tracefs and
 * the right to. What cannot be counted comes out negative.
 */
void count_begin(struct counters *c, pid_t a, pid_t b);
void count_end(struct counters *c, uint32_t turns, double *calls, double *wakes);

#endif
