// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - bench: the program that tools/bench/profile boots, with no library
 * that is loaded and no address that changes
 *
 *	bench profile MECH [TURNS [PAIRS [BYTES]]]	a window between marks for each pair
 *	bench crowd SECONDS [ROUNDS]		crowd.c
 *	bench list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "crowd.h"

#define WARM_UP	2000

static int profile(const struct mech *m, uint32_t turns, int pairs, size_t bytes)
{
	struct plan plan = {
		.bytes = bytes, .warm_up = WARM_UP, .turns = turns, .place = PLACE_SAME,
		.marks = true,
	};
	struct result res;

	for (int i = 0; i < pairs; i++) {
		int r;

		/* both modes that one CPU has: rows.c */
		plan.ahead_ns = i % 2 ? AHEAD_NS : 0;
		r = pair_run(m, &plan, &res);
		if (r) {
			fprintf(stderr, "bench: %s: %s\n", m->name, strerror(-r));
			return 1;
		}
		printf("window: %s\n", m->name);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct mech *m;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; mechs[i]; i++)
			printf("%-16s %s\n", mechs[i]->name, mechs[i]->text);
		crowd_list();
		return 0;
	}
	if (argc >= 3 && strcmp(argv[1], "crowd") == 0)
		return crowd(strtod(argv[2], NULL), argc > 3 ? atoi(argv[3]) : 5) ? 1 : 0;
	if (argc < 3 || strcmp(argv[1], "profile") != 0) {
		fputs("usage: bench profile MECH [TURNS [PAIRS [BYTES]]] |\n"
		      "       bench crowd SECONDS [ROUNDS] | bench list\n", stderr);
		return 2;
	}
	if (crowd_has(argv[2]))
		return crowd_profile(argv[2], argc > 3 ? strtoul(argv[3], NULL, 0) : 2000,
				     argc > 4 ? atoi(argv[4]) : 5) ? 1 : 0;
	m = mech_find(argv[2]);
	if (!m) {
		fprintf(stderr, "bench: %s is no mechanism; bench list shows them\n", argv[2]);
		return 2;
	}
	return profile(m, argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 2000,
		       argc > 4 ? atoi(argv[4]) : 5,
		       argc > 5 ? strtoul(argv[5], NULL, 0) : 64);
}
