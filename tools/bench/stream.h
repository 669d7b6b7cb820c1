/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream.h - an echo over streams of bytes; a message is p->bytes, one if 0
 */
#ifndef TOOLS_BENCH_STREAM_H
#define TOOLS_BENCH_STREAM_H

#include "bench.h"

int stream_serve(struct pair *p, int in, int out);
int stream_turn(struct pair *p, int out, int in);

#endif
