/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of event pairs share: both ends and their mappings, EVENT as
 * functions, the word protocol of <linux/lpc.h> in user space, and one EVENT in
 * a thread of its own.
 */
#ifndef SELFTESTS_COMMON_EVENT_H
#define SELFTESTS_COMMON_EVENT_H

#include "common.h"

#define LOW	LPC_EVENT_LOW
#define HIGH	LPC_EVENT_HIGH
#define IS_SET	LPC_EVENT_IS_SET
#define ASLEEP	LPC_EVENT_ASLEEP
#define PAGE	4096

struct evpair {
	int low;
	int high;
	struct lpc_event_page *page;	/* as the low end maps it */
};

/* One EVENT in a thread. */
struct ev_thread {
	pthread_t thread;
	int fd;
	struct lpc_event e;
	int tid;
	int ret;
	int done;
};

static inline void *ev_map_prot(int fd, int prot)
{
	void *p = mmap(NULL, PAGE, prot, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline struct lpc_event_page *ev_map(int fd)
{
	return ev_map_prot(fd, PROT_READ | PROT_WRITE);
}

/* Both ends, the page mapped; 0 or -errno */
static inline int ev_make(struct evpair *p)
{
	struct lpc_event_pair args = { 0 };
	int ret = lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &args);

	p->page = NULL;
	if (ret)
		return ret;
	p->low = args.low;
	p->high = args.high;
	p->page = ev_map(p->low);
	return p->page ? 0 : -ENOMEM;
}

static inline void ev_close(struct evpair *p)
{
	if (p->page)
		munmap(p->page, PAGE);
	close(p->low);
	close(p->high);
}

static inline int ev_ioctl(int fd, struct lpc_event *e)
{
	return lpc_ioctl(fd, LPC_IOC_EVENT, e);
}

static inline void ev_fill(struct lpc_event *e, unsigned int set,
			   unsigned int wait, int ms)
{
	memset(e, 0, sizeof(*e));
	e->set = set;
	e->wait = wait;
	if (ms == NO_WAIT)
		e->flags = LPC_DONTWAIT;
	else
		e->deadline = in_ms(ms);
}

static inline int ev_set_wait(int fd, unsigned int set, unsigned int wait,
			      int ms)
{
	struct lpc_event e;

	ev_fill(&e, set, wait, ms);
	return ev_ioctl(fd, &e);
}

static inline int ev_set(int fd, unsigned int halves)
{
	return ev_set_wait(fd, halves, 0, NO_WAIT);
}

static inline int ev_wait(int fd, unsigned int half, int ms)
{
	return ev_set_wait(fd, 0, half, ms);
}

/* The halves that are set, or -errno */
static inline int ev_read(int fd)
{
	struct lpc_event e = { .flags = LPC_EVENT_READ };
	int ret = ev_ioctl(fd, &e);

	return ret ? ret : e.state;
}

static inline int ev_reset(int fd, unsigned int halves)
{
	return ev_ioctl(fd, &(struct lpc_event){ .reset = halves });
}

/* ---- the words ----------------------------------------------------------- */

static inline __u32 *ev_word(struct lpc_event_page *p, unsigned int half)
{
	return half == LOW ? &p->low : &p->high;
}

static inline __u32 word_read(__u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline bool until_word(__u32 *word, __u32 value)
{
	return UNTIL(word_read(word) == value);
}

/* Set as user space does: in the kernel only where somebody sleeps */
static inline int ev_user_set(int fd, struct lpc_event_page *p,
			      unsigned int half)
{
	struct lpc_event e = { .set = half };
	__u32 *word = ev_word(p, half);

	if (!(word_read(word) & ASLEEP)) {
		if (!(__atomic_fetch_or(word, IS_SET, __ATOMIC_SEQ_CST) &
		      ASLEEP))
			return 0;
		e.flags = LPC_EVENT_WAS_SET;
	}
	return ev_ioctl(fd, &e);
}

static inline bool ev_user_take(struct lpc_event_page *p, unsigned int half)
{
	return __atomic_fetch_and(ev_word(p, half), ~IS_SET,
				  __ATOMIC_ACQUIRE) & IS_SET;
}

static inline int ev_user_wait(int fd, struct lpc_event_page *p,
			       unsigned int half, int ms)
{
	return ev_user_take(p, half) ? 0 : ev_wait(fd, half, ms);
}

/* ---- threads ------------------------------------------------------------- */

static inline void *ev_thread_main(void *arg)
{
	struct ev_thread *t = arg;

	__atomic_store_n(&t->tid, gettid(), __ATOMIC_RELEASE);
	t->ret = ev_ioctl(t->fd, &t->e);
	__atomic_store_n(&t->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Starts it and waits until it sleeps in the kernel; false if it does not */
static inline bool ev_thread_asleep(struct ev_thread *t, int fd,
				    unsigned int set, unsigned int wait, int ms)
{
	memset(t, 0, sizeof(*t));
	t->fd = fd;
	ev_fill(&t->e, set, wait, ms);
	if (pthread_create(&t->thread, NULL, ev_thread_main, t))
		abort();
	return UNTIL(__atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)) &&
	       until_ioctl(t->tid, LPC_IOC_EVENT);
}

static inline bool ev_thread_done(struct ev_thread *t)
{
	return __atomic_load_n(&t->done, __ATOMIC_ACQUIRE);
}

static inline int ev_thread_join(struct ev_thread *t)
{
	pthread_join(t->thread, NULL);
	return t->ret;
}

/* ---- a peer that writes to the page as it likes ---------------------------- */

#define HAMMERS	8

struct hammers {
	_Atomic __u32 *at;
	atomic_bool stop;
	pthread_t thread[HAMMERS];
};

static inline void *hammer_main(void *arg)
{
	struct hammers *h = arg;
	__u32 x = (uintptr_t)&x | 1;

	while (!atomic_load_explicit(&h->stop, memory_order_relaxed)) {
		x = x * 1664525 + 1013904223;
		atomic_exchange(&h->at[0], x >> 7);
		atomic_fetch_xor(&h->at[32], x >> 3);
	}
	return NULL;
}

/* Until hammers_stop(); the words are the first of two lines each at @at. */
static inline void hammers_start(struct hammers *h, void *at)
{
	int i;

	h->at = at;
	atomic_store(&h->stop, false);
	for (i = 0; i < HAMMERS; i++)
		if (pthread_create(&h->thread[i], NULL, hammer_main, h))
			abort();
}

static inline void hammers_stop(struct hammers *h)
{
	int i;

	atomic_store(&h->stop, true);
	for (i = 0; i < HAMMERS; i++)
		pthread_join(h->thread[i], NULL);
}

/* Every kind of EVENT that does not sleep, one after the other */
static inline struct lpc_event hammered_event(unsigned int i)
{
	return (struct lpc_event){
		.set = i & 3, .reset = i >> 2 & 3, .wait = i % 3,
		.flags = LPC_DONTWAIT | (i & 64 ? LPC_EVENT_WAS_SET : 0) |
			 (i & 128 ? LPC_EVENT_READ : 0),
	};
}

#endif /* SELFTESTS_COMMON_EVENT_H */
