/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench_show.h - what lpcctl bench has measured, as a table, JSON or a report
 */
#ifndef BENCH_SHOW_H
#define BENCH_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bench/bench.h"

/* How the clock came by what it says */
enum method {
	METHOD_WALL,	/* a real CPU: ns */
	METHOD_TCG,	/* an emulated one: ns that compare, and are no speeds */
	METHOD_ICOUNT,	/* QEMU's -icount shift=0: instructions */
};

struct bench_run {
	struct row *rows;
	size_t n;
	uint32_t pairs;
	enum method method;
};

void bench_text(const struct bench_run *b);
void bench_json(const struct bench_run *b);
void bench_report(const struct bench_run *b);	/* to paste; with the machine */

#endif
