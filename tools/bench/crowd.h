/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * crowd.h - several clients of one server with several threads
 */
#ifndef TOOLS_BENCH_CROWD_H
#define TOOLS_BENCH_CROWD_H

#include <stdbool.h>

/* Prints a line for each shape; 0 or a negative errno, said on stderr. */
int crowd(double seconds, int rounds);

/* Shapes that have a name, as lpc_crowd: each on a line, with what it is */
void crowd_list(void);
bool crowd_has(const char *name);

/* One of them alone: at least @turns calls between marks each round */
int crowd_profile(const char *name, unsigned long turns, int rounds);

#endif
