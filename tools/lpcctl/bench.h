/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h - one fresh pair of processes, many round trips
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

#define BENCH_BYTES_MAX	303u

struct bench {
	uint32_t bytes, calls;
	int cpu;		/* both processes run there; -1: anywhere */
};

/*
 * @median: of the round trip, ns, over batches: one look at the clock for each
 * call would be measured too. Returns 0 or a negative errno.
 */
int bench_lpc(const struct bench *b, uint64_t *median);
int bench_unix(const struct bench *b, uint64_t *median);

#endif
