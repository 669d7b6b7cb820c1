// SPDX-License-Identifier: MIT
/* The slow half of gate.h. */
#include "futex.h"
#include "gate.h"

void lpc_gate_wake(struct lpc_gate *g)
{
	lpc_futex_wake(&g->word);
}

/* The caller has been counted and found a bit: waits outside, uncounted. */
bool lpc_gate_wait_open(struct lpc_gate *g)
{
	for (;;) {
		uint32_t v = atomic_fetch_sub(&g->word, 1) - 1;

		lpc_gate_wake(g);
		while ((v & GATE_PAUSED) && !(v & GATE_CLOSED)) {
			lpc_futex_wait(&g->word, v, NULL);
			v = atomic_load(&g->word);
		}
		if (v & GATE_CLOSED)
			return false;
		v = atomic_fetch_add(&g->word, 1);
		if (!(v & (GATE_CLOSED | GATE_PAUSED)))
			return true;
	}
}

/* Waits until nobody but the caller's @own entries is inside. */
void lpc_gate_drain(struct lpc_gate *g, uint32_t own)
{
	uint32_t v;

	while (((v = atomic_load(&g->word)) & ~(GATE_CLOSED | GATE_PAUSED)) > own)
		lpc_futex_wait(&g->word, v, NULL);
}

void lpc_gate_pause(struct lpc_gate *g, uint32_t own)
{
	atomic_fetch_or(&g->word, GATE_PAUSED);
	lpc_gate_drain(g, own);
}

void lpc_gate_resume(struct lpc_gate *g)
{
	atomic_fetch_and(&g->word, ~GATE_PAUSED);
	lpc_gate_wake(g);
}

/* Lets nobody in any more; returns how many are inside. */
uint32_t lpc_gate_shut(struct lpc_gate *g)
{
	uint32_t v = atomic_fetch_or(&g->word, GATE_CLOSED);

	lpc_gate_wake(g);
	return v & ~(GATE_CLOSED | GATE_PAUSED);
}
