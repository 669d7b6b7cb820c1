/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * user_events.h - event pairs without the module, for tests of liblpc's rings
 * that run where no /dev/lpc is: EVENT as lpc(4) has it, on futexes. The other
 * ioctls do not exist. Linked instead of lib/liblpc/ioctl.c.
 */
#ifndef LPC_SELFTESTS_USER_EVENTS_H
#define LPC_SELFTESTS_USER_EVENTS_H

#include "common.h"

#include <linux/futex.h>
#include <lpc/raw.h>
#include <sys/eventfd.h>

/**
 * struct user_pair - an event pair
 * @latch: low, high: set, and nobody has waited for it since
 * @dead: an end is closed
 * @word: the words of the page
 * @calls: EVENTs so far
 * @sleeping: threads in one that only a set, or the end, will wake
 */
struct user_pair {
	_Atomic uint32_t latch[2];
	_Atomic uint32_t dead;
	_Atomic uint32_t *word[2];
	atomic_ulong calls;
	atomic_uint sleeping;
};

#define USER_FDS 4096
static struct user_pair *_Atomic user_pairs[USER_FDS];

/* An end, as a descriptor that close() closes */
static inline int user_end(struct user_pair *p)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd >= USER_FDS)
		abort();
	atomic_store(&user_pairs[fd], p);
	return fd;
}

static inline void user_pair_init(struct user_pair *p,
				  struct lpc_event_page *page)
{
	memset(p, 0, sizeof(*p));
	p->word[0] = (_Atomic uint32_t *)&page->low;
	p->word[1] = (_Atomic uint32_t *)&page->high;
}

static inline void user_futex_wake(_Atomic uint32_t *w)
{
	syscall(SYS_futex, w, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL,
		NULL, 0);
}

static inline int user_futex_wait(_Atomic uint32_t *w, uint32_t is,
				  uint64_t deadline)
{
	struct timespec ts = {
		.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000,
	};

	if (!syscall(SYS_futex, w, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, is,
		     deadline ? &ts : NULL, NULL, FUTEX_BITSET_MATCH_ANY))
		return 0;
	return errno == EAGAIN ? 0 : -errno;
}

static inline void user_set(struct user_pair *p, int half)
{
	atomic_store(&p->latch[half], 1);
	atomic_fetch_and(p->word[half], ~LPC_EVENT_ASLEEP);
	user_futex_wake(&p->latch[half]);
}

/* As when the other end is closed, or the connection over */
static inline void user_kill(struct user_pair *p)
{
	atomic_store(&p->dead, 1);
	user_set(p, 0);
	user_set(p, 1);
}

static inline int user_wait(struct user_pair *p, int half, uint64_t deadline)
{
	int ret;

	for (;;) {
		uint32_t was = atomic_fetch_and(p->word[half],
						~LPC_EVENT_IS_SET);

		if (atomic_exchange(&p->latch[half], 0) ||
		    was & LPC_EVENT_IS_SET)
			return atomic_load(&p->dead) ? -EPIPE : 0;
		if (atomic_load(&p->dead))
			return -EPIPE;
		atomic_fetch_or(p->word[half], LPC_EVENT_ASLEEP);
		atomic_fetch_add(&p->sleeping, 1);
		ret = user_futex_wait(&p->latch[half], 0, deadline);
		atomic_fetch_sub(&p->sleeping, 1);
		if (ret)
			return ret;
	}
}

int lpc_sys_event(int fd, struct lpc_event *a)
{
	struct user_pair *p = atomic_load(&user_pairs[fd]);
	int saved = errno, half, ret = 0;

	atomic_fetch_add_explicit(&p->calls, 1, memory_order_relaxed);
	for (half = 0; half < 2; half++)
		if (a->set & 1 << half)
			user_set(p, half);
	a->set = 0;
	if (a->wait)
		ret = user_wait(p, a->wait == LPC_EVENT_HIGH, a->deadline);
	else if (atomic_load(&p->dead))
		ret = -EPIPE;
	errno = saved;
	return ret;
}

#define USER_NONE(name, type)						\
	int lpc_sys_##name(int fd, struct type *a) { return -ENODEV; }

int lpc_sys_open(void)
{
	return -ENODEV;
}

USER_NONE(info, lpc_info)
USER_NONE(create, lpc_create)
USER_NONE(connect, lpc_connect)
USER_NONE(list, lpc_list)
USER_NONE(section, lpc_section_make)
USER_NONE(event_pair, lpc_event_pair)
USER_NONE(query, lpc_query)
USER_NONE(security, lpc_security)
USER_NONE(send, lpc_msg)
USER_NONE(call, lpc_msg)
USER_NONE(call_data, lpc_call_data)
USER_NONE(reply_recv, lpc_msg)
USER_NONE(reply_wait, lpc_msg)
USER_NONE(cancel, lpc_cancel)
USER_NONE(shutdown, lpc_shutdown)
USER_NONE(watch_thread, lpc_watch)
USER_NONE(accept, lpc_accept)
USER_NONE(data, lpc_data)
USER_NONE(complete, lpc_complete)
USER_NONE(impersonate, lpc_impersonate)
USER_NONE(quick, lpc_quick_make)
USER_NONE(quick_open, lpc_quick_open)

#endif /* LPC_SELFTESTS_USER_EVENTS_H */
