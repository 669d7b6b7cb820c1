/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_EVPAIR_H
#define _LPC_EVPAIR_H

#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <uapi/linux/lpc.h>

#include "object.h"
#include "wait.h"

struct file;
struct lpc_evpair;
struct lpc_user;
struct page;
struct seq_file;
struct vm_area_struct;

/* An event, and the end that is named after it; 1 << half is LPC_EVENT_*. */
enum lpc_half {
	LPC_HALF_LOW,
	LPC_HALF_HIGH,
	LPC_HALVES
};

/**
 * lpc_other_half - low for high, high for low
 * @half: which
 */
static inline enum lpc_half lpc_other_half(enum lpc_half half)
{
	return half == LPC_HALF_LOW ? LPC_HALF_HIGH : LPC_HALF_LOW;
}

/**
 * struct lpc_evend - one end of an event pair
 * @pair: what it is an end of
 * @half: which; it polls for the other one's event
 * @poll: who polls this end
 * @turn: whether giving the CPU away has been worth it here
 * @closed: its last fd has been closed; pair->lock
 */
struct lpc_evend {
	struct lpc_evpair *pair;
	enum lpc_half half;
	wait_queue_head_t poll;
	struct lpc_turn turn;
	bool closed;
};

/**
 * struct lpc_evowner - what an event pair may belong to
 * @closed: one of the ends has been closed
 * @freed: the pair is gone
 *
 * Both are called with no lock held.
 */
struct lpc_evowner {
	void (*closed)(struct lpc_evowner *owner, struct lpc_evend *end);
	void (*freed)(struct lpc_evowner *owner);
};

/**
 * struct lpc_evpair - two events and the page that both ends map
 * @lock: guards what says so; taken inside port->lock, and inside it only wait
 *	queues' own locks
 * @end: low and high
 * @word: by half, in the page: LPC_EVENT_* bits. The other writers are user
 *	space; here one access that cannot fail, and no loop.
 * @waiters: by half, struct lpc_evwait of threads asleep, first come first
 *	served; @lock
 * @over: what it belonged to has ended; @lock
 * @page: a reference
 * @memory: what the page is mapped through: a mapping keeps no end open.
 *	This lives as long as that, and what counts as a reference here is one
 *	there: each end's file, each mapping, an end not opened yet.
 * @owner: NULL for none; set once, before anybody else sees the pair
 * @user: who is charged
 *
 * Nothing else changes once it is made.
 */
struct lpc_evpair {
	spinlock_t lock;	/* the waiters, and who has left */
	struct lpc_evend end[LPC_HALVES];
	atomic_t *word[LPC_HALVES];
	struct list_head waiters[LPC_HALVES];
	bool over;
	struct page *page;
	struct file *memory;
	struct lpc_evowner *owner;
	struct lpc_user *user;
};

/**
 * lpc_evend_alone - will nobody set an event for this end any more?
 * @end: its pair is locked
 */
static inline bool lpc_evend_alone(const struct lpc_evend *end)
{
	const struct lpc_evpair *pair = end->pair;

	lockdep_assert_held(&pair->lock);
	return pair->over || pair->end[lpc_other_half(end->half)].closed;
}

/* evpair.c: what it is made of */
struct lpc_evpair *lpc_evpair_new(u32 *limit, u32 *in_use);
void lpc_evpair_get(struct lpc_evpair *pair);
void lpc_evpair_put(struct lpc_evpair *pair);
int lpc_evpair_make(struct lpc_event_pair *args, struct lpc_fd *low,
		    struct lpc_fd *high);
int lpc_evend_open(struct lpc_evend *end, struct lpc_fd *fd);
int lpc_evend_mmap(struct lpc_evend *end, struct vm_area_struct *vma);
void lpc_evend_fdinfo(struct lpc_evend *end, struct seq_file *m);
int lpc_evpair_init(void);
void lpc_evpair_exit(void);

/* event.c: what is done with it */
int lpc_evend_event(struct lpc_evend *end, struct lpc_event *args,
		    bool nonblock);
__poll_t lpc_evend_poll(struct lpc_evend *end, struct file *file,
			poll_table *wait);
void lpc_evend_close(struct lpc_evend *end);
void lpc_evpair_over(struct lpc_evpair *pair);

#endif /* _LPC_EVPAIR_H */
