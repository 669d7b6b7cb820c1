// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_bench.c - lpcctl bench: the same echo through LPC and its peers, in one run
 *
 * Fresh pairs of processes for each, taking turns: where the scheduler puts a
 * pair decides much, so one pair says little. tools/bench/ does the work.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_show.h"
#include "errors.h"
#include "options.h"
#include "text.h"

#define PAIRS_MAX	100u
#define CALLS_MAX	1000000u
#define BYTES_MAX	((uint64_t)64 << 20)
#define LIST_MAX	32
#define UNSAID		UINT32_MAX
#define SHORT		4096u	/* longer messages: fewer of them */
#define CALLS_LEAST	8u

struct choice {
	const struct mech *mech[LIST_MAX];
	size_t bytes[LIST_MAX];
	enum place place[LIST_MAX];
	size_t mechs, sizes, places;
	uint32_t calls, idle, names;
};

static void add_mech(struct choice *c, const char *name)
{
	const struct mech *m = mech_find(name);

	if (!m) {
		fputs("mechanisms:", stderr);
		for (size_t i = 0; mechs[i]; i++)
			fprintf(stderr, " %s", mechs[i]->name);
		fputc('\n', stderr);
		usage_error("--mech %s: no such mechanism", name);
	}
	c->mech[c->mechs++] = m;
}

static void add_size(struct choice *c, const char *name)
{
	uint64_t bytes;

	if (!parse_size(name, &bytes) || bytes > BYTES_MAX)
		usage_error("--size %s: 0 to 64M", name);
	c->bytes[c->sizes++] = (size_t)bytes;
}

static void add_place(struct choice *c, const char *name)
{
	for (int p = PLACE_FREE; p <= PLACE_TWO; p++) {
		if (strcmp(place_name((enum place)p), name) == 0) {
			c->place[c->places++] = (enum place)p;
			return;
		}
	}
	usage_error("--place %s: free, same or two", name);
}

static void each(struct choice *c, const char *list, void (*add)(struct choice *, const char *))
{
	char name[64];
	size_t n = 0;

	while (*list) {
		size_t len = strcspn(list, ",");

		if (len >= sizeof(name) || ++n > LIST_MAX)
			usage_error("%s: too long", list);
		memcpy(name, list, len);
		name[len] = 0;
		add(c, name);
		list += len + (list[len] == ',');
	}
}

/* Nobody waits for hours for long messages. */
static uint32_t calls_of(const struct choice *c, size_t bytes)
{
	uint64_t n = c->calls;

	if (bytes > SHORT)
		n = n * SHORT / bytes;
	return n < CALLS_LEAST ? CALLS_LEAST : (uint32_t)n;
}

static size_t lay_out(const struct choice *c, struct row *rows)
{
	bool alone = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	size_t n = 0;

	for (size_t p = 0; p < c->places; p++) {
		for (size_t s = 0; s < c->sizes; s++) {
			for (size_t m = 0; m < c->mechs; m++) {
				struct row *row = &rows[n];

				if (alone && c->place[p] == PLACE_TWO)
					continue;
				if (c->mech[m]->spins && (alone || c->place[p] == PLACE_SAME))
					continue;
				row->mech = c->mech[m];
				row->plan.bytes = c->bytes[s];
				row->plan.place = c->place[p];
				row->plan.turns = calls_of(c, c->bytes[s]);
				row->plan.warm_up = row->plan.turns / 2;
				row->plan.idle = c->idle;
				row->plan.names = c->names;
				n++;
			}
		}
	}
	return n;
}

static void told(size_t done, size_t of)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, done == of ? "\r\033[K" : "\r%zu of %zu pairs ", done, of);
}

static int run(const struct choice *c, struct bench_run *b, bool report)
{
	int r;

	b->rows = calloc(c->mechs * c->sizes * c->places, sizeof(*b->rows));
	if (!b->rows)
		return complain_text(-ENOMEM, TAKEN_UNKNOWN, "bench: out of memory");
	b->n = lay_out(c, b->rows);
	if (b->n == 0)
		usage_error("nothing to measure: two CPUs are needed");
	r = rows_measure(b->rows, b->n, b->pairs, told);
	if (r < 0)
		return complain_text(r, TAKEN_UNKNOWN, "bench: %s", strerror(-r));
	if (report)
		bench_report(b);
	else if (opt.json)
		bench_json(b);
	else
		bench_text(b);
	rows_free(b->rows, b->n);
	free(b->rows);
	return RC_DONE;
}

static enum method method_of(const char *name)
{
	if (strcmp(name, "wall") == 0)
		return METHOD_WALL;
	if (strcmp(name, "tcg") == 0)
		return METHOD_TCG;
	if (strcmp(name, "icount") == 0)
		return METHOD_ICOUNT;
	usage_error("--method %s: wall, tcg or icount", name);
}

int cmd_bench(int argc, char **argv)
{
	struct choice c = { .calls = UNSAID };
	struct bench_run b = { .pairs = UNSAID };
	const char *names = NULL, *sizes = NULL, *places = NULL, *method = "wall";
	bool quick = false, emulated = false, pin = false, report = false;
	const struct cli_option own[] = {
		{ OPT_FLAG, 0, "quick", NULL, "lpc_call and unix_seqpacket, 5 pairs of 2000 calls",
		  &quick },
		{ OPT_TEXT, 'm', "mech", "LIST", "these mechanisms, all if not given", &names },
		{ OPT_TEXT, 's', "size", "LIST", "bytes each way, 64 if not given", &sizes },
		{ OPT_TEXT, 'p', "place", "LIST",
		  "free, same: both on the first CPU, two: on the first two", &places },
		{ OPT_FLAG, 0, "pin", NULL, "as --place same", &pin },
		{ OPT_NUMBER, 0, "pairs", "N", "of processes, 9 if not given", &b.pairs },
		{ OPT_NUMBER, 0, "calls", "N", "of a pair, 5000 if not given", &c.calls },
		{ OPT_NUMBER, 0, "idle", "N", "connections beside the one that works", &c.idle },
		{ OPT_NUMBER, 0, "names", "N", "named ports beside the one that works", &c.names },
		{ OPT_FLAG, 0, "report", NULL, "text to paste, with the machine", &report },
		{ OPT_FLAG, 0, "emulated", NULL, "as --method tcg", &emulated },
		{ OPT_TEXT, 0, "method", "NAME",
		  "what the clock is: wall; tcg: no speeds; icount: instructions", &method },
		{ 0 },
	};
	int rc;

	options(own, argc, argv, 0, 0);
	b.method = method_of(emulated ? "tcg" : method);
	if (b.pairs == UNSAID)
		b.pairs = quick ? 5 : 9;
	if (c.calls == UNSAID)
		c.calls = quick ? 2000 : 5000;
	if (b.pairs < 1 || b.pairs > PAIRS_MAX || c.calls < 1 || c.calls > CALLS_MAX)
		usage_error("1 to %u pairs, 1 to %u calls", PAIRS_MAX, CALLS_MAX);
	if (!names && quick)
		names = "lpc_call,unix_seqpacket";
	if (names)
		each(&c, names, add_mech);
	for (size_t i = 0; !names && mechs[i]; i++)
		c.mech[c.mechs++] = mechs[i];
	each(&c, sizes ? sizes : report ? "64,4096,64K" : "64", add_size);
	each(&c, pin ? "same" : places ? places : report ? "same,two,free" : "free", add_place);
	rc = need_device();
	return rc == RC_DONE ? run(&c, &b, report) : rc;
}
