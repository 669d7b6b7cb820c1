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

/*
 * How often a side looks before it sleeps. It looks SPIN_MIN times at least, which
 * costs about what to sleep and be woken does: a bad guess doubles the price. Each
 * time it looks for something it may look SPIN_MORE times longer from then on, and
 * half of what this has added up to is lost each time nothing comes. So it rides out
 * what holds an awake side up now and then, a timer's interrupt perhaps, and all
 * that it looks in vain is a small part of what it has saved before. How long a side
 * takes that has to wake up first is learned apart.
 */
#define SPIN_MIN	250u
#define SPIN_MIN_WOKEN	1000u	/* and what the other side then has to do */
#define SPIN_MAX	16000u
#define SPIN_MORE	16u

static inline uint32_t spin_more(uint32_t *limit)
{
	*limit = *limit < SPIN_MAX - SPIN_MORE ? *limit + SPIN_MORE : SPIN_MAX;
	return *limit;
}

static inline void spin_less(uint32_t *limit, uint32_t least)
{
	*limit -= (*limit - least) / 2;
}

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

static inline void channel_relax(void)
{
/* checkpatch: ARCH_DEFINES: no libc has it */
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

/*
 * A side that is awake looks for a message as long as it may, before it rests for
 * one. All that can wait is done before: once the message is there, that counts.
 */
static inline void channel_await(struct channel *ch)
{
	const _Atomic uint64_t *word = &ring_slot(&ch->in)->word;
	uint32_t most, stale = ring_stale(&ch->in);

	if (__builtin_expect(!ch->may_spin || !ch->apart || ch->owe, 0))
		return;
	most = spin_more(&ch->spin[0]);
	while ((uint32_t)(atomic_load_explicit(word, memory_order_relaxed) >> 32) == stale) {
		if (__builtin_expect(!most--, 0)) {
			spin_less(&ch->spin[0], SPIN_MIN);
			return;
		}
		channel_relax();
	}
}

#endif /* LIBLPC_CHANNEL_H */
