/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h - the same echo through many mechanisms, between two processes
 *
 * A mechanism is a few functions (struct mech), one file for each family. The
 * rest is the same for all: pair.c makes the two processes and measures.
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mech;

/* What the two processes have of each other. Each has a copy of its own. */
struct pair {
	const struct mech *mech;
	size_t bytes;		/* of a request, and of its reply */
	char *buf;		/* so many bytes, this process's own */
	char name[64];		/* for what has a name; no other pair has it */
	pid_t server;		/* in the client */
	int fd[4];		/* -1, or the mechanism's; closed at the end */
	char *shm;		/* what pair_share() made */
	size_t shm_bytes;
	void *own;		/* the mechanism's */
};

/*
 * Functions return 0 or a negative errno; -ENOSYS, -ENODEV, -ENOENT and
 * -EOPNOTSUPP from @make say that this machine does not have it.
 */
struct mech {
	const char *name;	/* as in MECH= and bench.json */
	const char *text;	/* as in tables */
	const char *needs;	/* what is to be installed where @make fails */
	size_t min, max;	/* shortest and longest message; max 0: any */
	bool spins;		/* of no use on one CPU */
	int (*make)(struct pair *p);	/* what both processes inherit */
	int (*names)(struct pair *p, uint32_t n);	/* in the server: so many that idle */
	int (*serve)(struct pair *p);	/* in the server, until it is killed */
	int (*connect)(struct pair *p);	/* in the client */
	int (*more)(struct pair *p, uint32_t n);	/* in the client: so many that idle */
	int (*turn)(struct pair *p);	/* a round trip: @buf there and back */
	void (*drop)(struct pair *p);	/* in the parent, after both */
};

/* mech.c; the last one has no name. */
extern const struct mech *const mechs[];
const struct mech *mech_find(const char *name);

/* For mechanisms: zeroed memory that both processes see, in p->shm. */
int pair_share(struct pair *p, size_t bytes);

enum place {
	PLACE_FREE,	/* where the scheduler puts them */
	PLACE_SAME,	/* both on the first CPU */
	PLACE_TWO,	/* server on the second, client on the first */
};

struct plan {
	size_t bytes;
	uint32_t warm_up;
	uint32_t turns;
	enum place place;
	uint32_t idle;		/* connections beside the one that works */
	uint32_t names;		/* named ports beside the one that works */
	uint64_t ahead_ns;	/* CPU time that the client burns first: see rows.c */
	bool marks;		/* for tools/bench/profile: no clock, no counters */
};

#define AHEAD_NS	UINT64_C(10000000)	/* enough for a scheduler to notice */

/* In ns; under icount, instructions */
struct result {
	uint32_t turns;		/* round trips: as planned, or fewer if they are slow */
	uint64_t mean;		/* without a look at the clock between them */
	uint64_t p50, p90, p99, p999, max;
	uint64_t cpu;		/* CPU time of both processes */
	double switches;	/* of both, a round trip */
	double calls;		/* system calls; negative: cannot be counted here */
	double wakes;		/* likewise */
	uint64_t idle_bytes;	/* kernel memory of an idle connection, both ends */
	uint64_t idle_ns;	/* to make one */
};

/* A fresh pair of processes. Returns 0 or a negative errno. */
int pair_run(const struct mech *m, const struct plan *plan, struct result *r);

/* A line of the result: a mechanism, a size, a placement */
struct row {
	const struct mech *mech;
	struct plan plan;
	int error;		/* why there is nothing in it: a negative errno */
	uint32_t pairs;		/* that were measured */
	uint64_t *p50;		/* of each pair, ascending */
	struct result median;	/* of the pair whose p50 is the median */
	uint64_t mean_least;	/* the least mean of all pairs */
};

/*
 * Fills @n rows from @pairs fresh pairs of processes each. The rows take turns, so
 * that what the machine does meanwhile hits all of them; @told is called for each
 * pair that is done. Returns 0 or -ENOMEM; what a row lacks stands in it.
 */
int rows_measure(struct row *rows, size_t n, uint32_t pairs, void (*told)(size_t done, size_t of));
void rows_free(struct row *rows, size_t n);

/* The row of AF_UNIX seqpacket with the same size and placement, or NULL */
const struct row *rows_peer(const struct row *rows, size_t n, const struct row *of);

const char *place_name(enum place place);

#endif
