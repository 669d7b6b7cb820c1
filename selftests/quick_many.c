// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a call on a quick channel costs when a thousand are in its server's poll
 * set, against one that is there alone: the waiter's cost is what is ready, not
 * what exists.
 *
 *	tools/vm/run --icount --cpu max,-erms,-fsrm --cmd ./quick_many
 */
#include "common_quick.h"

#define ROUNDS	15
#define BATCH	200
#define POLLED	(LPC_SERVE_QUICK | LPC_SERVE_QUICK_POLL)
#define BOUND	1.10

static uint64_t time_calls(struct lpc_quick *q)
{
	uint64_t t0 = now_ns();
	int i, out;

	for (i = 0; i < BATCH; i++)
		if (qcall(q, ECHO_CODE, &i, 4, &out, 4) != 4)
			exit(1);
	return now_ns() - t0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	struct lpc_quick_opts o = {
		.size = sizeof(o), .ring = 4096, .flags = LPC_QUICK_NO_SPIN,
	};
	uint64_t one[ROUNDS], many[ROUNDS];
	struct qrig alone, crowd;
	static struct qset set;
	int i, n;

	qrig_init(&alone);
	qrig_init(&crowd);
	if (qrig_serve(&alone, POLLED, 0, 0) ||
	    qrig_serve(&crowd, POLLED, 0, 0) ||
	    lpc_quick_open(&alone.q, alone.c, &o)) {
		fprintf(stderr, "quick_many: no server\n");
		return 1;
	}
	n = qset_open(&set, &crowd);
	if (n < QSET) {
		fprintf(stderr, "quick_many: no channel but the first %d\n", n);
		return 1;
	}
	time_calls(alone.q);
	for (i = 0; i < ROUNDS; i++) {
		one[i] = time_calls(alone.q);
		many[i] = time_calls(set.q[i * (QSET / ROUNDS)]);
	}
	qsort(one, ROUNDS, sizeof(*one), ascending);
	qsort(many, ROUNDS, sizeof(*many), ascending);
	printf("median of %d: alone %llu ns, one of %d %llu ns: %.3f times (at most %.2f)\n",
	       ROUNDS, (unsigned long long)one[ROUNDS / 2] / BATCH, QSET,
	       (unsigned long long)many[ROUNDS / 2] / BATCH,
	       (double)many[ROUNDS / 2] / one[ROUNDS / 2], BOUND);
	qset_close(&set);
	qrig_close(&alone);
	qrig_close(&crowd);
	return many[ROUNDS / 2] > BOUND * one[ROUNDS / 2];
}
