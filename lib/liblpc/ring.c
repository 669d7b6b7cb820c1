// SPDX-License-Identifier: MIT
/* Rings: how they lie in a view, and the writer's room. */
#include <stdlib.h>
#include <unistd.h>

#include "ring.h"

#define BYTES_DEFAULT	(64u << 10)
#define BYTES_BY_SLOT	256u		/* what a message takes on average */
#define SLOTS_MAX	4096u

/* The size that a ring gets whose user wants @wanted bytes; 0: too large. */
uint32_t lpc_ring_bytes(size_t wanted)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);

	if (wanted > RING_BYTES_MAX)
		return 0;
	if (!wanted)
		wanted = BYTES_DEFAULT;
	while (bytes < wanted)
		bytes *= 2;
	return (uint32_t)bytes;
}

/* At least a page of slots, so that everything begins on a page. */
static uint32_t slots_of(uint32_t bytes)
{
	uint32_t n = bytes / BYTES_BY_SLOT, page = (uint32_t)sysconf(_SC_PAGESIZE);

	if (n > SLOTS_MAX)
		n = SLOTS_MAX;
	if (n < page / sizeof(struct ring_slot))
		n = page / sizeof(struct ring_slot);
	return n;
}

/* What a view with both rings takes. */
size_t lpc_rings_size(uint32_t bytes)
{
	return RINGS * (slots_of(bytes) * sizeof(struct ring_slot) + bytes);
}

/* Slots of both, then bytes of both. */
void lpc_rings_place(struct ring *rings, struct ring_shared *shared, void *view, uint32_t bytes)
{
	uint32_t i, n = slots_of(bytes);
	struct ring_slot *slots = view;
	unsigned char *all = (unsigned char *)(slots + RINGS * n);

	for (i = 0; i < RINGS; i++)
		rings[i] = (struct ring){
			.slots = slots + i * n, .shared = shared + i, .bytes = all + i * bytes,
			.n = n, .size = bytes,
		};
}

int lpc_ring_out_init(struct ring_out *o, const struct ring *ring)
{
	*o = (struct ring_out){ .ring = *ring, .slots = ring->n, .room = ring->size };
	o->ends = calloc(ring->n, sizeof(*o->ends));
	return o->ends ? 0 : -ENOMEM;
}

void lpc_ring_out_free(struct ring_out *o)
{
	free(o->ends);
	o->ends = NULL;
}

/* What the reader says it has taken, if it can have. */
static int look_taken(struct ring_out *o)
{
	/* B: with ring_take(). C: after ring_shared.want was set */
	uint64_t taken = atomic_load_explicit(&o->ring.shared->taken, memory_order_seq_cst);

	if (taken - o->taken > o->sent - o->taken)
		return -EPROTO;
	if (taken != o->taken)
		o->freed = o->ends[(uint32_t)(taken - 1) & (o->ring.n - 1)];
	o->taken = taken;
	return 0;
}

/* What is free at @at, as far as is known: up to the end of the ring, or less. */
static void count_free(struct ring_out *o)
{
	uint32_t behind = o->ring.size - ring_offset(o);
	uint32_t unused = o->ring.size - (uint32_t)(o->at - o->freed);

	o->slots = o->ring.n - (uint32_t)(o->sent - o->taken);
	o->room = behind < unused ? behind : unused;
}

/* The slow half of ring_room(). What does not fit behind @at goes to the start. */
int lpc_ring_find_room(struct ring_out *o, uint32_t len)
{
	uint64_t at = o->at, start;
	int r = look_taken(o);

	if (r < 0)
		return r;
	if (ring_offset(o) + ring_lines(len) > o->ring.size) {
		start = (at | (o->ring.size - 1)) + 1;
		/* what is skipped is in use as long as anything before it is */
		if (o->taken != o->sent && start - o->freed > o->ring.size)
			return -EAGAIN;
		o->at = start;
	}
	if (o->taken == o->sent)		/* what was skipped is free too */
		o->freed = o->at;
	count_free(o);
	if (ring_fits(o, len))
		return 0;
	o->at = at;
	count_free(o);
	return -EAGAIN;
}
