/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * progress.h - how far a long payload is, on stderr, from two seconds on
 *
 * One at a time. Nothing is written with --quiet, nor for what is short.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

/* "reading", "big.iso"; @total: bytes, 0 if that is not known. */
void progress_begin(const char *doing, const char *what, uint64_t total);
void progress_at(uint64_t bytes);
void progress_end(void);

#endif
