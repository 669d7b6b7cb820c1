// SPDX-License-Identifier: GPL-2.0-only
/*
 * format.c - tables, by libsmartcols, with the columns that -o asks for
 */
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format.h"
#include "options.h"

#define COLUMNS_MAX	48

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	struct libscols_column *column[COLUMNS_MAX];	/* NULL: not shown */
};

static __noreturn void no_memory(void)
{
	fputs("lpcctl: out of memory\n", stderr);
	exit(RC_SYSTEM);
}

static __noreturn void no_column(const struct column *cols, size_t n, const char *name,
				 size_t len)
{
	char all[512] = "";
	size_t used = 0;

	for (size_t i = 0; i < n && used < sizeof(all); i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
					 i ? "," : "", cols[i].name);
	usage_error("-o: no column %.*s; there are: %s", (int)len, name, all);
}

static void show(struct table *t, const struct column *cols, size_t n, const char *list)
{
	static const int flags[] = {
		[COL_LEFT] = 0, [COL_RIGHT] = SCOLS_FL_RIGHT, [COL_CUT] = SCOLS_FL_TRUNC,
	};

	while (*list) {
		size_t len = strcspn(list, ","), i;

		for (i = 0; i < n; i++)
			if (strncasecmp(cols[i].name, list, len) == 0 && !cols[i].name[len])
				break;
		if (i == n)
			no_column(cols, n, list, len);
		if (!t->column[i]) {
			t->column[i] = scols_table_new_column(t->scols, cols[i].name, 0,
							      flags[cols[i].kind]);
			if (!t->column[i])
				no_memory();
		}
		list += len;
		list += *list == ',';
	}
}

struct table *table_open(const struct column *cols, size_t n, const char *shown)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t || n > COLUMNS_MAX)
		no_memory();
	t->scols = scols_new_table();
	if (!t->scols)
		no_memory();
	scols_table_enable_noheadings(t->scols, opt.noheadings);
	if (!opt.columns || *opt.columns == '+')
		show(t, cols, n, shown);
	if (opt.columns)
		show(t, cols, n, opt.columns + (*opt.columns == '+'));
	return t;
}

void table_line(struct table *t)
{
	t->line = scols_table_new_line(t->scols, NULL);
	if (!t->line)
		no_memory();
}

void table_cell(struct table *t, size_t col, const char *fmt, ...)
{
	va_list args;
	char *text;

	if (!t->column[col])
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		no_memory();
	va_end(args);
	if (scols_line_refer_column_data(t->line, t->column[col], text) < 0)
		no_memory();
}

void table_close(struct table *t)
{
	fflush(stdout);
	scols_print_table(t->scols);
	scols_unref_table(t->scols);
	free(t);
}
