// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_bench.c - lpcctl bench: round trips against AF_UNIX, in one run
 *
 * Fresh pairs of processes for each transport, taking turns: where the
 * scheduler puts a pair decides much, so one pair says little.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "errors.h"
#include "format.h"
#include "json.h"
#include "options.h"
#include "text.h"

#define PAIRS_MAX	100u

struct transport {
	const char *name, *key;
	int (*pair)(const struct bench *b, uint64_t *median);
	uint64_t median[PAIRS_MAX];
};

static struct transport transports[] = {
	{ .name = "lpc_call", .key = "lpc_call", .pair = bench_lpc },
	{ .name = "AF_UNIX seqpacket", .key = "unix_seqpacket", .pair = bench_unix },
};

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int measure(const struct bench *b, uint32_t pairs)
{
	for (uint32_t i = 0; i < pairs; i++) {
		for (size_t t = 0; t < 2; t++) {
			int r = transports[t].pair(b, &transports[t].median[i]);

			if (r < 0)
				return complain(DOING_CALL, transports[t].name, r, TAKEN_UNKNOWN);
		}
	}
	for (size_t t = 0; t < 2; t++)
		qsort(transports[t].median, pairs, sizeof(uint64_t), ascending);
	return RC_DONE;
}

static double ratio(uint32_t pairs)
{
	return (double)transports[0].median[pairs / 2] / (double)transports[1].median[pairs / 2];
}

static void print_text(const struct bench *b, uint32_t pairs, bool emulated)
{
	static const struct column columns[] = {
		{ "ROUND TRIP", COL_LEFT }, { "MEDIAN", COL_RIGHT }, { "FASTEST PAIR", COL_RIGHT },
		{ "SLOWEST PAIR", COL_RIGHT },
	};
	struct table *t = table_open(columns, 4, "ROUND TRIP,MEDIAN,FASTEST PAIR,SLOWEST PAIR");
	char time[32];

	for (size_t i = 0; i < 2; i++) {
		const uint64_t *m = transports[i].median;

		table_line(t);
		table_cell(t, 0, "%s", transports[i].name);
		table_cell(t, 1, "%s", text_time(m[pairs / 2], time, sizeof(time)));
		table_cell(t, 2, "%s", text_time(m[0], time, sizeof(time)));
		table_cell(t, 3, "%s", text_time(m[pairs - 1], time, sizeof(time)));
	}
	if (emulated)
		puts("Emulated CPU: the ratio compares mechanisms, no time here is a speed.");
	table_close(t);
	printf("lpc_call / AF_UNIX seqpacket: %.2f\n", ratio(pairs));
	if (!opt.quiet)
		printf("%u bytes each way; %u fresh pairs of processes each; %u calls a pair%s\n",
		       b->bytes, pairs, b->calls, b->cpu >= 0 ? "; on one CPU" : "");
}

static void print_json(const struct bench *b, uint32_t pairs, bool emulated)
{
	json_object(NULL);
	json_bool("emulated", emulated);
	json_number("bytes", b->bytes);
	json_number("pairs", pairs);
	json_number("calls_per_pair", b->calls);
	json_bool("one_cpu", b->cpu >= 0);
	for (size_t i = 0; i < 2; i++) {
		json_object(transports[i].key);
		json_number("median_ns", transports[i].median[pairs / 2]);
		json_number("fastest_pair_ns", transports[i].median[0]);
		json_number("slowest_pair_ns", transports[i].median[pairs - 1]);
		json_end();
	}
	json_real("ratio", ratio(pairs));
	json_end();
}

int cmd_bench(int argc, char **argv)
{
	struct bench b = { .bytes = 64, .calls = 20000, .cpu = -1 };
	bool quick = false, emulated = false, pin = false;
	uint32_t pairs = 20;
	const struct cli_option own[] = {
		{ OPT_FLAG, 0, "quick", NULL, "5 pairs of 2000 calls, not 20 of 20000", &quick },
		{ OPT_NUMBER, 's', "size", "BYTES", "each way, 64 if not given", &b.bytes },
		{ OPT_FLAG, 0, "pin", NULL, "both processes on the first CPU", &pin },
		{ OPT_FLAG, 0, "emulated", NULL, "head the result: not speeds", &emulated },
		{ 0 },
	};
	int rc;

	options(own, argc, argv, 0, 0);
	if (b.bytes == 0 || b.bytes > BENCH_BYTES_MAX)
		usage_error("--size %u: 1 to %u", b.bytes, BENCH_BYTES_MAX);
	if (quick) {
		pairs = 5;
		b.calls = 2000;
	}
	if (pin)
		b.cpu = 0;
	rc = need_device();
	if (rc == RC_DONE)
		rc = measure(&b, pairs);
	if (rc != RC_DONE)
		return rc;
	if (opt.json)
		print_json(&b, pairs, emulated);
	else
		print_text(&b, pairs, emulated);
	return RC_DONE;
}
