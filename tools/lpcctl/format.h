/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * format.h - tables, by libsmartcols, with the columns that -o asks for
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "lpcctl.h"

struct column {
	const char *name;
	enum { COL_LEFT, COL_RIGHT, COL_CUT } kind;	/* CUT: may be shortened to fit */
};

struct table;

/* @cols: all of them, @n; @shown: those without -o. A wrong -o exits. */
struct table *table_open(const struct column *cols, size_t n, const char *shown);

/* Starts a line; cells of columns that are not shown are dropped. */
void table_line(struct table *t);
__printf(3, 4)
void table_cell(struct table *t, size_t col, const char *fmt, ...);

void table_close(struct table *t);	/* prints, frees */

#endif
