/* SPDX-License-Identifier: MIT */
/*
 * One side of a quick channel: a ring it writes, a ring it reads, and the event
 * pair with which the two wake each other. One thread at a time, but for what
 * quick_serve.h says of answers that come late.
 */
#ifndef LIBLPC_CHANNEL_H
#define LIBLPC_CHANNEL_H

#include <lpc.h>
#include <lpc/raw.h>

#include "ring.h"

/**
 * struct channel_page - the event pair's page, which both sides map
 * @event: the kernel's part
 * @ring: requests, replies
 * @side: what each side says of itself. Of @side.cpu, 1 + the number of the CPU it
 *	ran on last, 0 if it does not know: a hint. @side.closed: it has left; its
 *	end may be open still, in a child of fork()
 */
struct channel_page {
	alignas(256) struct lpc_event_page event;
	struct ring_shared	ring[RINGS];
	struct {
		alignas(RING_LINE) _Atomic uint32_t cpu;
		_Atomic uint32_t closed;
	} side[2];
};

enum channel_side { CHANNEL_CLIENT, CHANNEL_SERVER };

/**
 * struct channel - one side
 * @in: what it reads
 * @out: what it writes
 * @fd: its end of the event pair
 * @asleep: the word in which it says that it sleeps
 * @peer_asleep: the other side's
 * @wait: its own half of the pair, as in lpc_event.wait
 * @set: the other half
 * @owe: the other side sleeps and has something to do since
 * @may_spin: there is more than one CPU, and polling is wanted
 * @apart: the other side was last seen on another CPU
 * @spin: how often it looks for a side that is awake, and for one just woken
 * @looks: how often it last looked for a side that is awake, until it has learned
 *	from that; 0: it has
 * @rests: times it found something to look at, since it last saw the clock
 * @side: which it is
 * @page: as mapped
 * @view: the rings, as mapped
 * @view_size: how much that is
 */
struct channel {
	struct ring_in		in;
	struct ring_out		out;
	int			fd;
	_Atomic uint32_t	*asleep;
	_Atomic uint32_t	*peer_asleep;
	uint16_t		wait;
	uint16_t		set;
	bool			owe;
	bool			may_spin;
	bool			apart;
	uint32_t		spin[2];
	uint32_t		looks;
	uint32_t		rests;
	enum channel_side	side;
	struct channel_page	*page;
	void			*view;
	size_t			view_size;
};

/* What a side rests for. */
enum channel_rest {
	REST_MESSAGE	= 1,
	REST_ROOM	= 2,
};

int lpc_channel_map_page(int fd, struct channel_page **page);
int lpc_channel_init(struct channel *ch, enum channel_side side, int fd, struct channel_page *page,
		     void *view, uint32_t bytes);
void lpc_channel_fini(struct channel *ch);
void lpc_channel_unmap(void *page, void *view, size_t view_size);
int lpc_channel_rest(struct channel *ch, unsigned int what, uint32_t room, uint64_t deadline);
bool lpc_channel_want(struct channel *ch, uint32_t room);
void lpc_channel_unwant(struct channel *ch);
void lpc_channel_look_wanted(struct channel *ch);
bool lpc_channel_closed(const struct channel *ch);
int lpc_channel_wake_peer(struct channel *ch);
int lpc_channel_event(const struct channel *ch, uint16_t set);

/* After something was published: does the other side sleep? C: see channel.c. */
static inline void channel_published(struct channel *ch)
{
	if (__builtin_expect(atomic_load_explicit(ch->peer_asleep, memory_order_seq_cst) &
			     LPC_EVENT_ASLEEP, 0))
		ch->owe = true;
}

#endif /* LIBLPC_CHANNEL_H */
