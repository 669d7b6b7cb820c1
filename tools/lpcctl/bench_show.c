// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_show.c - what lpcctl bench has measured, as a table or as JSON
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench_show.h"
#include "format.h"
#include "json.h"
#include "text.h"

static const char *const methods[] = {
	[METHOD_WALL] = "wall", [METHOD_TCG] = "tcg", [METHOD_ICOUNT] = "icount",
};

/*
 * What is compared. Under icount a look at the clock would be counted: the mean has
 * none. An emulated CPU waits for the host's: the best pair did so least.
 */
static uint64_t figure(const struct bench_run *b, const struct row *row)
{
	switch (b->method) {
	case METHOD_ICOUNT:
		return row->mean_least;
	case METHOD_TCG:
		return row->p50[0];
	case METHOD_WALL:
		break;
	}
	return row->median.p50;
}

/* Of the peer, 0 if there is none */
static double ratio(const struct bench_run *b, const struct row *row)
{
	const struct row *peer = rows_peer(b->rows, b->n, row);

	return peer && figure(b, peer) ? (double)figure(b, row) / (double)figure(b, peer) : 0;
}

static const char *why(const struct row *row)
{
	switch (-row->error) {
	case EMSGSIZE:
		return "not of this size";
	case EOPNOTSUPP:
		return "not so";
	case ENOENT:
	case ENODEV:
	/* checkpatch: ENOSYS: what mq_open() says on a kernel without */
	case ENOSYS:
		return row->mech->needs ? row->mech->needs : "not in this kernel";
	}
	return strerror(-row->error);
}

/* ---- text ----------------------------------------------------------------- */

enum { C_MECH, C_SIZE, C_PLACE, C_MEAN, C_P50, C_P90, C_P99, C_P999, C_MAX, C_BEST, C_WORST, C_CPU,
	C_SWITCHES, C_WAKES, C_CALLS, C_IDLE, C_CONNECT, C_RATIO, COLUMNS };

static const struct column columns[COLUMNS] = {
	[C_MECH] = { "MECHANISM", COL_LEFT }, [C_SIZE] = { "SIZE", COL_RIGHT },
	[C_PLACE] = { "PLACE", COL_LEFT }, [C_MEAN] = { "MEAN", COL_RIGHT },
	[C_P50] = { "P50", COL_RIGHT }, [C_P90] = { "P90", COL_RIGHT },
	[C_P99] = { "P99", COL_RIGHT }, [C_P999] = { "P99.9", COL_RIGHT },
	[C_MAX] = { "MAX", COL_RIGHT },
	[C_BEST] = { "BEST", COL_RIGHT }, [C_WORST] = { "WORST", COL_RIGHT },
	[C_CPU] = { "CPU", COL_RIGHT }, [C_SWITCHES] = { "SWITCHES", COL_RIGHT },
	[C_WAKES] = { "WAKES", COL_RIGHT }, [C_CALLS] = { "CALLS", COL_RIGHT },
	[C_IDLE] = { "IDLE", COL_RIGHT }, [C_CONNECT] = { "CONNECT", COL_RIGHT },
	[C_RATIO] = { "RATIO", COL_RIGHT },
};

static void cell_time(struct table *t, int col, const struct bench_run *b, uint64_t v)
{
	char text[32];

	table_cell(t, (size_t)col, "%s", b->method == METHOD_ICOUNT ?
		   text_count(v, text, sizeof(text)) : text_time(v, text, sizeof(text)));
}

static void cell_share(struct table *t, int col, double v)
{
	if (v >= 0)
		table_cell(t, (size_t)col, "%.2f", v);
}

static void line(struct table *t, const struct bench_run *b, const struct row *row)
{
	const struct result *m = &row->median;
	char text[32];

	table_line(t);
	table_cell(t, C_MECH, "%s", row->mech->text);
	table_cell(t, C_SIZE, "%s", row->plan.bytes < 1024 || row->plan.bytes % 1024 ?
		   text_count(row->plan.bytes, text, sizeof(text)) :
		   text_size(row->plan.bytes, text, sizeof(text)));
	table_cell(t, C_PLACE, "%s", place_name(row->plan.place));
	cell_time(t, C_MEAN, b, row->mean_least);
	cell_time(t, C_P50, b, m->p50);
	cell_time(t, C_P90, b, m->p90);
	cell_time(t, C_P99, b, m->p99);
	cell_time(t, C_P999, b, m->p999);
	cell_time(t, C_MAX, b, m->max);
	cell_time(t, C_BEST, b, row->p50[0]);
	cell_time(t, C_WORST, b, row->p50[row->pairs - 1]);
	cell_time(t, C_CPU, b, m->cpu);
	cell_share(t, C_SWITCHES, m->switches);
	cell_share(t, C_WAKES, m->wakes);
	cell_share(t, C_CALLS, m->calls);
	if (row->plan.idle) {
		table_cell(t, C_IDLE, "%llu B", (unsigned long long)m->idle_bytes);
		cell_time(t, C_CONNECT, b, m->idle_ns);
	}
	if (ratio(b, row) > 0)
		table_cell(t, C_RATIO, "%.2f", ratio(b, row));
}

static const char *heading(enum method method)
{
	switch (method) {
	case METHOD_ICOUNT:
		return "Instructions of a round trip, of both processes and the kernel.";
	case METHOD_TCG:
		return "Emulated CPU: the ratio compares mechanisms, no time here is a speed.";
	case METHOD_WALL:
		break;
	}
	return NULL;
}

static const char *compared(enum method method)
{
	return method == METHOD_ICOUNT ? "MEAN" : method == METHOD_TCG ? "BEST" : "P50";
}

static void absent(const struct bench_run *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct row *row = &b->rows[i];

		if (row->error == 0 || row->error == -EMSGSIZE || row->error == -EOPNOTSUPP)
			continue;
		/* once for each */
		if (i && b->rows[i - 1].mech == row->mech && b->rows[i - 1].error == row->error)
			continue;
		printf("not measured: %s: %s\n", row->mech->text, why(row));
	}
}

void bench_text(const struct bench_run *b)
{
	struct table *t;

	if (heading(b->method))
		puts(heading(b->method));
	t = table_open(columns, COLUMNS, b->rows[0].plan.idle ?
		       "MECHANISM,SIZE,PLACE,P50,P99,CPU,IDLE,CONNECT,RATIO" :
		       b->method == METHOD_ICOUNT ?
		       "MECHANISM,SIZE,PLACE,MEAN,P50,P99,WORST,SWITCHES,WAKES,CALLS,RATIO" :
		       "MECHANISM,SIZE,PLACE,BEST,P50,P99,WORST,CPU,SWITCHES,WAKES,CALLS,RATIO");
	for (size_t i = 0; i < b->n; i++)
		if (b->rows[i].error == 0)
			line(t, b, &b->rows[i]);
	table_close(t);
	absent(b);
	if (!opt.quiet)
		printf("%u fresh pairs of processes each; %s. RATIO of %s to unix seqpacket's\n",
		       b->pairs, b->method == METHOD_ICOUNT ?
		       "MEAN: the least of all; WORST: the largest p50" :
		       "BEST and WORST: the least and the largest p50 of all", compared(b->method));
}

/* ---- JSON ----------------------------------------------------------------- */

static void share(const char *key, double v)
{
	if (v < 0)
		json_null(key);
	else
		json_real(key, v);
}

static void json_row(const struct bench_run *b, const struct row *row)
{
	const struct result *m = &row->median;

	json_object(NULL);
	json_text("mechanism", row->mech->name);
	json_number("bytes", row->plan.bytes);
	json_text("placement", place_name(row->plan.place));
	json_number("idle", row->plan.idle);
	if (row->error) {
		json_text("error", why(row));
		json_end();
		return;
	}
	json_number("n", m->turns);
	json_number("mean", row->mean_least);
	json_number("p50", m->p50);
	json_number("p90", m->p90);
	json_number("p99", m->p99);
	json_number("p99_9", m->p999);
	json_number("max", m->max);
	json_number("cpu", m->cpu);
	share("switches", m->switches);
	share("wakes", m->wakes);
	share("calls", m->calls);
	if (row->plan.idle) {
		json_number("idle_bytes", m->idle_bytes);
		json_number("connect", m->idle_ns);
	}
	if (ratio(b, row) > 0)
		json_real("ratio", ratio(b, row));
	json_array("pairs_p50");
	for (uint32_t i = 0; i < row->pairs; i++)
		json_number(NULL, row->p50[i]);
	json_end();
	json_end();
}

void bench_json(const struct bench_run *b)
{
	struct utsname u;

	uname(&u);
	json_object(NULL);
	json_text("method", methods[b->method]);
	json_text("unit", b->method == METHOD_ICOUNT ? "instructions" : "ns");
	json_text("kernel", u.release);
	json_number("cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	json_number("pairs", b->pairs);
	json_array("rows");
	for (size_t i = 0; i < b->n; i++)
		json_row(b, &b->rows[i]);
	json_end();
	json_end();
}
