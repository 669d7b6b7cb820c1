/* SPDX-License-Identifier: MIT */
/*
 * A ring: messages from one side to the other, through memory that both can
 * write. The other may write anything there at any time, so each side counts
 * for itself, believes of the shared words only what its own count allows, and
 * copies what it reads before it looks at it.
 *
 * A message is a slot and a piece of the ring's bytes. A slot is one cache
 * line, and the one its reader looks at while it waits: the writer comes there
 * last. A payload lies in one part, begins on a line of its own, and where it
 * does is the writer's business; the reader checks that it is inside.
 *
 *	writer				reader
 *	payload, code, place, tag	word			(acquire, A)
 *	word	 (seq_cst, A, C)	code, place, tag, payload: copied
 *	taken	 (acquire, B)		taken			(release, B)
 *	writes over it
 *
 * A: who sees the word sees the message. B: who sees that a slot was taken may
 * write over it: the reader has left it. C: for who sleeps, see channel.c.
 */
#ifndef LIBLPC_RING_H
#define LIBLPC_RING_H

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "path.h"

#define RING_LINE	64u

/* ring_slot.word: number of the message << 32 | flags | length */
#define RING_CALL	0x80000000u	/* its sender does nothing but wait for the answer */
#define RING_MORE	0x40000000u	/* another one follows at once */
#define RING_RESERVED	0x30000000u
#define RING_LENGTH	0x0fffffffu

#define RING_BYTES_MAX	0x08000000u

/**
 * struct ring_slot - where a message is announced; the writer's
 * @word: with its number, from 1 on, so that an old one is not taken for a new
 * @code: method or status
 * @place: where in the ring's bytes the payload begins
 * @tag: what tells whose answer it is
 */
struct ring_slot {
	alignas(RING_LINE) _Atomic uint64_t word;
	_Atomic uint32_t	code;
	_Atomic uint32_t	place;
	_Atomic uint64_t	tag;
};

/**
 * struct ring_shared - what the two say of a ring beside the messages
 * @taken: messages the reader is done with; the reader's
 * @want: the writer sleeps until there is room; the writer's
 */
struct ring_shared {
	alignas(RING_LINE) _Atomic uint64_t taken;
	alignas(RING_LINE) _Atomic uint32_t want;
};

/**
 * struct ring - where a ring lies in this process
 * @slots: @n of them, a power of two
 * @bytes: @size of them, a power of two
 */
struct ring {
	struct ring_slot	*slots;
	struct ring_shared	*shared;
	unsigned char		*bytes;
	uint32_t		n;
	uint32_t		size;
};

/**
 * struct ring_out - the writer's own account
 * @slots: that are known to be free
 * @room: bytes known to be free in one part, where the next payload begins
 * @sent: messages so far
 * @taken: how many of them are known to have been taken
 * @at: where the next payload begins, in bytes that were passed so far
 * @freed: how many of those are free again
 * @ends: by slot, what @at was behind its payload
 */
struct ring_out {
	struct ring	ring;
	uint32_t	slots;
	uint32_t	room;
	uint64_t	sent;
	uint64_t	taken;
	uint64_t	at;
	uint64_t	freed;
	uint64_t	*ends;
};

/**
 * struct ring_in - the reader's own account
 * @next: messages so far
 */
struct ring_in {
	struct ring	ring;
	uint64_t	next;
};

/**
 * struct ring_msg - a message as it was read, but for the payload
 * @payload: where that lies; it may change at any time
 */
struct ring_msg {
	uint32_t		code;
	uint32_t		flags;
	uint32_t		len;
	uint64_t		tag;
	const unsigned char	*payload;
};

enum { RING_REQUESTS, RING_REPLIES, RINGS };

uint32_t lpc_ring_bytes(size_t wanted);
size_t lpc_rings_size(uint32_t bytes);
void lpc_rings_place(struct ring *rings, struct ring_shared *shared, void *view, uint32_t bytes);
int lpc_ring_out_init(struct ring_out *o, const struct ring *ring);
void lpc_ring_out_free(struct ring_out *o);
int __cold lpc_ring_find_room(struct ring_out *o, uint32_t len);

/* What a payload of @len takes: whole lines, for the next one's sake. */
static inline uint64_t ring_lines(uint32_t len)
{
	return ((uint64_t)len + RING_LINE - 1) & ~(uint64_t)(RING_LINE - 1);
}

static inline uint32_t ring_offset(const struct ring_out *o)
{
	return (uint32_t)o->at & (o->ring.size - 1);
}

/* Is there, as far as is known, a slot, and @len bytes in one part at @at? */
static inline bool ring_fits(const struct ring_out *o, uint32_t len)
{
	return o->slots && ring_lines(len) <= o->room;
}

/*
 * Makes room for a payload of @len, which the ring could hold: it goes where
 * ring_payload() says. 0; -EAGAIN; -EPROTO: the reader claims what cannot be.
 */
static inline int ring_room(struct ring_out *o, uint32_t len)
{
	return __builtin_expect(ring_fits(o, len), 1) ? 0 : lpc_ring_find_room(o, len);
}

static inline unsigned char *ring_payload(const struct ring_out *o)
{
	return o->ring.bytes + ring_offset(o);
}

/* A payload, in or out. One line is common, and a few moves instead of a call. */
static inline void ring_copy(void *to, const void *from, size_t len)
{
	if (len == RING_LINE)
		memcpy(to, from, RING_LINE);
	else if (len)
		memcpy(to, from, len);
}

/*
 * There was room: now it is the reader's. A payload that was built there is not
 * copied. What only the writer counts, it counts when the reader has it already.
 */
static inline void ring_put(struct ring_out *o, uint32_t code, uint64_t tag, const void *data,
			    uint32_t len, uint32_t flags)
{
	uint64_t sent = o->sent;
	uint32_t i = (uint32_t)sent & (o->ring.n - 1), place = ring_offset(o), lines;
	struct ring_slot *s = &o->ring.slots[i];
	unsigned char *payload = o->ring.bytes + place;

	if (data != payload)
		ring_copy(payload, data, len);
	atomic_store_explicit(&s->code, code, memory_order_relaxed);
	atomic_store_explicit(&s->place, place, memory_order_relaxed);
	atomic_store_explicit(&s->tag, tag, memory_order_relaxed);
	/* A: with ring_look(). C: with who has said that it will sleep */
	atomic_exchange_explicit(&s->word, (uint64_t)(uint32_t)(sent + 1) << 32 | flags | len,
				 memory_order_seq_cst);
	lines = (uint32_t)ring_lines(len);
	o->sent = sent + 1;
	o->slots--;
	o->room -= lines;
	o->at += lines;
	o->ends[i] = o->at;
}

static inline const struct ring_slot *ring_slot(const struct ring_in *in)
{
	return &in->ring.slots[(uint32_t)in->next & (in->ring.n - 1)];
}

/* The number in a slot as long as the next message is not there. */
static inline uint32_t ring_stale(const struct ring_in *in)
{
	return in->next < in->ring.n ? 0 : (uint32_t)in->next + 1 - in->ring.n;
}

/*
 * The next message, if it is there: 1, and all but the payload is in @m. 0: it
 * is not. -EPROTO: the slot has neither it nor what was there before.
 */
static inline int ring_look(const struct ring_in *in, struct ring_msg *m)
{
	const struct ring_slot *s = ring_slot(in);
	/* A: with ring_put() */
	uint64_t word = atomic_load_explicit(&s->word, memory_order_acquire);
	uint32_t number = (uint32_t)(word >> 32), low = (uint32_t)word, place;

	if (number != (uint32_t)in->next + 1)
		return number == ring_stale(in) ? 0 : -EPROTO;
	m->code = atomic_load_explicit(&s->code, memory_order_relaxed);
	m->tag = atomic_load_explicit(&s->tag, memory_order_relaxed);
	place = atomic_load_explicit(&s->place, memory_order_relaxed);
	m->len = low & RING_LENGTH;
	m->flags = low & ~RING_LENGTH;
	if (m->flags & RING_RESERVED || m->len > in->ring.size || place > in->ring.size - m->len)
		return -EPROTO;
	m->payload = in->ring.bytes + place;
	return 1;
}

/* Has the slot changed? What waits asks this often and looks then. */
static inline bool ring_stirs(const struct ring_in *in)
{
	uint64_t word = atomic_load_explicit(&ring_slot(in)->word, memory_order_relaxed);

	return (uint32_t)(word >> 32) != ring_stale(in);
}

/* The reader has copied what it wants: the place is the writer's again. */
static inline void ring_take(struct ring_in *in)
{
	in->next++;
	/* B: with lpc_ring_find_room() */
	atomic_store_explicit(&in->ring.shared->taken, in->next, memory_order_release);
}

#endif /* LIBLPC_RING_H */
