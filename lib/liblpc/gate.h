/* SPDX-License-Identifier: MIT */
/*
 * A gate counts the threads inside an object, so that it can be freed when
 * they have left: one atomic add in, one out, a futex only for who waits.
 */
#ifndef LIBLPC_GATE_H
#define LIBLPC_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lpc_gate {
	_Atomic uint32_t word;		/* threads inside, and the two bits */
};

#define GATE_CLOSED	0x80000000u	/* for good */
#define GATE_PAUSED	0x40000000u	/* who comes waits */

bool lpc_gate_wait_open(struct lpc_gate *g);
void lpc_gate_wake(struct lpc_gate *g);
void lpc_gate_pause(struct lpc_gate *g, uint32_t own);
void lpc_gate_resume(struct lpc_gate *g);
uint32_t lpc_gate_shut(struct lpc_gate *g);
void lpc_gate_drain(struct lpc_gate *g, uint32_t own);

/* Counts the caller; false: there is a bit, so lpc_gate_wait_open() is next. */
static inline bool lpc_gate_count(struct lpc_gate *g)
{
	uint32_t v = atomic_fetch_add_explicit(&g->word, 1, memory_order_acquire);

	return __builtin_expect(!(v & (GATE_CLOSED | GATE_PAUSED)), 1);
}

/* False: closed, and the caller is not inside. */
static inline bool lpc_gate_enter(struct lpc_gate *g)
{
	return lpc_gate_count(g) || lpc_gate_wait_open(g);
}

static inline void lpc_gate_leave(struct lpc_gate *g)
{
	uint32_t v = atomic_fetch_sub_explicit(&g->word, 1, memory_order_release);

	if (__builtin_expect(v & (GATE_CLOSED | GATE_PAUSED), 0))
		lpc_gate_wake(g);
}

static inline bool lpc_gate_is_closed(struct lpc_gate *g)
{
	return atomic_load_explicit(&g->word, memory_order_relaxed) & GATE_CLOSED;
}

#endif /* LIBLPC_GATE_H */
