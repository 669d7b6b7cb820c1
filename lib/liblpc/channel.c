// SPDX-License-Identifier: MIT
/*
 * Waiting on a quick channel, and waking who waits.
 *
 * The rings themselves are the event: while both sides are awake nothing else
 * is touched. Who is about to sleep says so in its word of the event page and
 * looks once more; who has published something looks at that word:
 *
 *	writer				reader
 *	word = message	   (C)		asleep |= ASLEEP	(C)
 *	asleep & ASLEEP?   (C)		word has a message?	(C)
 *	  EVENT: set			  no: EVENT: wait
 *
 * C: all four are sequentially consistent, so one of the two sees the other. It
 * is the same with ring_shared.want and .taken, for a writer that sleeps until
 * there is room. The kernel remembers a set that finds nobody asleep yet, so it
 * may come between the look and the wait. It may also be left over: who was
 * woken looks for itself.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel.h"

#define RESTS_BY_CLOCK	256u

static_assert(sizeof(struct channel_page) <= 4096, "more than the event pair's page");

int lpc_channel_map_page(int fd, struct channel_page **page)
{
	int saved = errno, r = 0;
	void *p = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);

	if (p == MAP_FAILED) {
		r = -errno;
		errno = saved;
	} else {
		*page = p;
	}
	return r;
}

static bool several_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

/* Tells the other side where this thread runs, and sees where that one does. */
static void look_around(struct channel *ch)
{
	_Atomic uint32_t *mine = &ch->page->side[ch->side].cpu;
	uint32_t here = (uint32_t)(sched_getcpu() + 1);
	uint32_t there = atomic_load_explicit(&ch->page->side[!ch->side].cpu, memory_order_relaxed);

	if (atomic_load_explicit(mine, memory_order_relaxed) != here)
		atomic_store_explicit(mine, here, memory_order_relaxed);
	ch->apart = here && there && here != there;
}

/*
 * One side of what @fd, @page and @view are; they are the channel's on success.
 * The server's is the low end: it sets low and waits for high.
 */
int lpc_channel_init(struct channel *ch, enum channel_side side, int fd, struct channel_page *page,
		     void *view, uint32_t bytes)
{
	struct ring rings[RINGS];
	bool server = side == CHANNEL_SERVER;
	int r;

	*ch = (struct channel){
		.fd = fd, .side = side, .page = page, .view = view,
		.view_size = lpc_rings_size(bytes),
		.wait = server ? LPC_EVENT_HIGH : LPC_EVENT_LOW,
		.set = server ? LPC_EVENT_LOW : LPC_EVENT_HIGH,
		.asleep = (_Atomic uint32_t *)(server ? &page->event.high : &page->event.low),
		.peer_asleep = (_Atomic uint32_t *)(server ? &page->event.low : &page->event.high),
		.may_spin = several_cpus(),
		.spin = { SPIN_MIN_WOKEN, 4 * SPIN_MIN_WOKEN },
	};
	lpc_rings_place(rings, page->ring, view, bytes);
	ch->in.ring = rings[server ? RING_REQUESTS : RING_REPLIES];
	r = lpc_ring_out_init(&ch->out, &rings[server ? RING_REPLIES : RING_REQUESTS]);
	if (!r)
		look_around(ch);
	return r;
}

void lpc_channel_unmap(void *page, void *view, size_t view_size)
{
	int saved = errno;

	if (page)
		munmap(page, (size_t)sysconf(_SC_PAGESIZE));
	if (view)
		munmap(view, view_size);
	errno = saved;
}

/* The other side learns of it from the end, or, if a child has that too, so. */
void lpc_channel_fini(struct channel *ch)
{
	int saved = errno;

	atomic_store_explicit(&ch->page->side[ch->side].closed, 1, memory_order_release);
	lpc_channel_wake_peer(ch);
	close(ch->fd);
	lpc_channel_unmap(ch->page, ch->view, ch->view_size);
	lpc_ring_out_free(&ch->out);
	errno = saved;
}

bool lpc_channel_closed(const struct channel *ch)
{
	return atomic_load_explicit(&ch->page->side[!ch->side].closed, memory_order_relaxed);
}

/* Is what the side rests for there? 1, 0, -EPROTO */
static int there(struct channel *ch, unsigned int what, uint32_t room)
{
	int r = 0;

	if (what & REST_MESSAGE && ring_stirs(&ch->in))
		return 1;
	if (what & REST_ROOM)
		r = ring_room(&ch->out, room);
	return !r && what & REST_ROOM ? 1 : r == -EAGAIN ? 0 : r;
}

/* Polls a while: is it there? As there(). */
static int spin(struct channel *ch, unsigned int what, uint32_t room, bool woken)
{
	uint32_t i, most = spin_more(&ch->spin[woken]);
	int r = 0;

	for (i = 0; i < most && !r; i++) {
		channel_relax();
		r = there(ch, what, room);
	}
	if (!r)
		spin_less(&ch->spin[woken], woken ? SPIN_MIN_WOKEN : SPIN_MIN);
	return r;
}

static int event(const struct channel *ch, uint16_t set, uint16_t wait, uint64_t deadline)
{
	struct lpc_event e = { .set = set, .wait = wait, .deadline = deadline };

	return lpc_sys_event(ch->fd, &e);
}

/*
 * For the other threads of a side, which may not touch @owe: wakes the other
 * side, or, if that is what @set says, the thread that rests on this one.
 */
int lpc_channel_event(const struct channel *ch, uint16_t set)
{
	int r;

	while ((r = event(ch, set, 0, 0)) == -EINTR)
		;
	return r;
}

/* What is owed: one system call for all that was published since it slept. */
int lpc_channel_wake_peer(struct channel *ch)
{
	ch->owe = false;
	return lpc_channel_event(ch, ch->set);
}

/* Does the other side sleep until there is room, and there is some since? */
void lpc_channel_look_wanted(struct channel *ch)
{
	struct ring_shared *s = ch->in.ring.shared;

	/* C: written once more so that it stands before the load in their order */
	atomic_store_explicit(&s->taken, ch->in.next, memory_order_seq_cst);
	if (atomic_load_explicit(&s->want, memory_order_seq_cst))
		channel_published(ch);
}

/* Asks to be woken when there is room; true: there is. */
bool lpc_channel_want(struct channel *ch, uint32_t room)
{
	atomic_store_explicit(&ch->out.ring.shared->want, 1, memory_order_seq_cst);
	return ring_room(&ch->out, room) != -EAGAIN;
}

void lpc_channel_unwant(struct channel *ch)
{
	atomic_store_explicit(&ch->out.ring.shared->want, 0, memory_order_relaxed);
}

/* Sleeps, and wakes the peer on the way if that is owed. */
static int sleep_now(struct channel *ch, uint64_t deadline)
{
	uint16_t set = ch->owe ? ch->set : 0;
	int r;

	ch->owe = false;
	look_around(ch);
	r = event(ch, set, ch->wait, deadline);
	look_around(ch);
	if (r < 0)		/* else the set that woke it has taken it away */
		atomic_fetch_and_explicit(ch->asleep, ~LPC_EVENT_ASLEEP, memory_order_relaxed);
	return r;
}

/* Says that this side will sleep, looks once more, sleeps. */
static int sleep_until(struct channel *ch, unsigned int what, uint32_t room, uint64_t deadline)
{
	int r;

	if (what & REST_ROOM)
		lpc_channel_want(ch, room);
	atomic_fetch_or_explicit(ch->asleep, LPC_EVENT_ASLEEP, memory_order_seq_cst);
	lpc_channel_look_wanted(ch);
	/* C: the look that counts */
	atomic_load_explicit(&ring_slot(&ch->in)->word, memory_order_seq_cst);
	r = there(ch, what, room);
	if (!r && lpc_channel_closed(ch))
		r = -EPIPE;
	if (r) {
		atomic_fetch_and_explicit(ch->asleep, ~LPC_EVENT_ASLEEP, memory_order_relaxed);
	} else {
		r = sleep_now(ch, deadline);
		if (r < 0 && there(ch, what, room) > 0)
			r = 0;
	}
	if (what & REST_ROOM)
		lpc_channel_unwant(ch);
	return r < 0 ? r : 0;
}

/*
 * Who never sleeps never asks the kernel for the time: a hostile side could keep
 * this one looking at something that is then not there.
 */
static bool late(struct channel *ch, uint64_t deadline)
{
	return deadline && !(++ch->rests % RESTS_BY_CLOCK) && lpc_in_ms(0) >= deadline;
}

/*
 * Nothing is to be done: waits for a message, or for a slot and @room bytes, or
 * for either. 0: look again; -ETIMEDOUT, -EPIPE, -EINTR (a signal), -EPROTO.
 * Who waits for a message alone has looked for it already: channel_await().
 *
 * A peer that runs on another CPU is woken, if it must be, and polled for; one
 * that shares this CPU could not run while this polls, so it gets the CPU: to
 * set and to wait is one system call then, and one scheduling act.
 */
int lpc_channel_rest(struct channel *ch, unsigned int what, uint32_t room, uint64_t deadline)
{
	int r;

	if (__builtin_expect(late(ch, deadline), 0))
		return -ETIMEDOUT;
	if (ch->may_spin && ch->apart && what) {
		bool wake = ch->owe;

		r = wake ? lpc_channel_wake_peer(ch) : 0;
		if (!r && (wake || what != REST_MESSAGE))
			r = spin(ch, what, room, wake);
		if (r)
			return r < 0 ? r : 0;
	}
	return sleep_until(ch, what, room, deadline);
}
