// SPDX-License-Identifier: GPL-2.0-only
/*
 * rows.c - many mechanisms, many pairs of processes each, a line for each
 *
 * On one CPU a round trip has modes: a scheduler that finds the waker far ahead of
 * whom it wakes switches at once, on its way out of the system call, and the
 * answer finds it still runnable; else each side goes to sleep. A pair stays in
 * one for thousands of round trips. So every second pair starts with a client
 * that is ahead, and the best pair of a mechanism is in its best mode. A pair that
 * the scheduler places is as fresh as it comes: there all of them are looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static const char *const places[] = {
	[PLACE_FREE] = "free", [PLACE_SAME] = "same", [PLACE_TWO] = "two",
};

const char *place_name(enum place place)
{
	return places[place];
}

static int by_p50(const void *a, const void *b)
{
	uint64_t x = ((const struct result *)a)->p50, y = ((const struct result *)b)->p50;

	return (x > y) - (x < y);
}

static void fill(struct row *row, struct result *results)
{
	row->mean_least = UINT64_MAX;
	for (uint32_t i = 0; i < row->pairs; i++)
		if (results[i].mean < row->mean_least)
			row->mean_least = results[i].mean;
	qsort(results, row->pairs, sizeof(*results), by_p50);
	row->median = results[row->pairs / 2];
	for (uint32_t i = 0; i < row->pairs; i++)
		row->p50[i] = results[i].p50;
}

static bool is_pinned(const struct row *row)
{
	return row->plan.place == PLACE_SAME || sysconf(_SC_NPROCESSORS_ONLN) == 1;
}

int rows_measure(struct row *rows, size_t n, uint32_t pairs, void (*told)(size_t done, size_t of))
{
	struct result *results = calloc(n * pairs, sizeof(*results));
	size_t i;

	for (i = 0; i < n && results; i++) {
		rows[i].pairs = 0;
		rows[i].error = 0;
		rows[i].p50 = calloc(pairs, sizeof(*rows[i].p50));
		if (!rows[i].p50) {
			free(results);
			results = NULL;
		}
	}
	if (!results)
		return -ENOMEM;
	for (uint32_t k = 0; k < pairs; k++) {
		for (i = 0; i < n; i++) {
			struct row *row = &rows[i];

			/* every second time the other way round: what drifts hits all */
			if (k % 2)
				row = &rows[n - 1 - i];
			row->plan.ahead_ns = k % 2 && is_pinned(row) ? AHEAD_NS : 0;
			if (row->error == 0)
				row->error = pair_run(row->mech, &row->plan,
						      &results[(row - rows) * pairs + k]);
			if (row->error == 0)
				row->pairs++;
			if (told)
				told(k * n + i + 1, n * pairs);
		}
	}
	for (i = 0; i < n; i++)
		if (rows[i].error == 0)
			fill(&rows[i], &results[i * pairs]);
	free(results);
	return 0;
}

void rows_free(struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rows[i].p50);
}

const struct row *rows_peer(const struct row *rows, size_t n, const struct row *of)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].mech->name, "unix_seqpacket") == 0 && rows[i].error == 0 &&
		    rows[i].plan.bytes == of->plan.bytes && rows[i].plan.place == of->plan.place &&
		    rows[i].plan.idle == of->plan.idle)
			return &rows[i];
	return NULL;
}
