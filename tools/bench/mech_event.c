// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_event.c - an event pair by its ioctl, and shared memory: what a quick
 * channel does when both sides sleep, without its rings
 */
#include <errno.h>
#include <lpc/raw.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mechs.h"

#define PAGE	4096

enum { LOW_END, HIGH_END };

static int make(struct pair *p)
{
	struct lpc_event_pair e = { 0 };
	int fd = lpc_sys_open(), r;

	if (fd < 0)
		return fd;
	r = lpc_sys_event_pair(fd, &e);
	close(fd);
	if (r)
		return r == -ENOTTY ? -EOPNOTSUPP : r;
	p->fd[LOW_END] = e.low;
	p->fd[HIGH_END] = e.high;
	return pair_share(p, 2 * p->bytes);
}

/* fork() does not give it on. */
static int map(struct pair *p)
{
	p->own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd[LOW_END], 0);
	return p->own == MAP_FAILED ? -errno : 0;
}

/*
 * Set one half, wait for the other, as <linux/lpc.h> has it: where the peer
 * sleeps one EVENT does all of it.
 */
static int set_wait(struct pair *p, int end, unsigned int set, unsigned int wait)
{
	struct lpc_event_page *page = p->own;
	uint32_t *word = set == LPC_EVENT_LOW ? &page->low : &page->high;
	struct lpc_event e = { .set = set, .wait = wait };

	if (set && !(__atomic_load_n(word, __ATOMIC_ACQUIRE) & LPC_EVENT_ASLEEP)) {
		if (__atomic_fetch_or(word, LPC_EVENT_IS_SET, __ATOMIC_SEQ_CST) & LPC_EVENT_ASLEEP)
			e.flags = LPC_EVENT_WAS_SET;
		else
			e.set = 0;
	}
	return lpc_sys_event(p->fd[end], &e);
}

static int serve(struct pair *p)
{
	int r = map(p);

	if (r == 0)
		r = set_wait(p, LOW_END, 0, LPC_EVENT_HIGH);
	while (r == 0) {
		memcpy(p->buf, p->shm, p->bytes);
		memcpy(p->shm + p->bytes, p->buf, p->bytes);
		r = set_wait(p, LOW_END, LPC_EVENT_LOW, LPC_EVENT_HIGH);
	}
	return r;
}

static int turn(struct pair *p)
{
	int r;

	memcpy(p->shm, p->buf, p->bytes);
	r = set_wait(p, HIGH_END, LPC_EVENT_HIGH, LPC_EVENT_LOW);
	memcpy(p->buf, p->shm + p->bytes, p->bytes);
	return r;
}

const struct mech mech_event_pair = {
	.name = "event_pair", .text = "event pair + shm", .needs = "the module",
	.make = make, .serve = serve, .connect = map, .turn = turn,
};
