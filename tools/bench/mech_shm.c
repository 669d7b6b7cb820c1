// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_shm.c - shared memory, and each way to say that there is something in it:
 * eventfd, futex, giving the CPU away until it is seen, or looking again and again.
 * Each side copies in and out.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mechs.h"

/* The words in lines of their own, before the two messages */
#define LINE	64
#define HEAD	((size_t)2 * LINE)

static char *request(const struct pair *p)
{
	return p->shm + HEAD;
}

static char *reply(const struct pair *p)
{
	return p->shm + HEAD + p->bytes;
}

static void answer(const struct pair *p)
{
	memcpy(p->buf, request(p), p->bytes);
	memcpy(reply(p), p->buf, p->bytes);
}

static atomic_uint *word(const struct pair *p, size_t n)
{
	return (atomic_uint *)(p->shm + n * LINE);
}

static int make(struct pair *p)
{
	return pair_share(p, HEAD + 2 * p->bytes);
}

static int ready(struct pair *p)
{
	(void)p;
	return 0;
}

/* ---- eventfd -------------------------------------------------------------- */

static int eventfd_make(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		p->fd[i] = eventfd(0, EFD_CLOEXEC);
		if (p->fd[i] < 0)
			return -errno;
	}
	return make(p);
}

static int tell(int fd)
{
	uint64_t n = 1;

	return write(fd, &n, sizeof(n)) == sizeof(n) ? 0 : -errno;
}

static int await(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? 0 : -errno;
}

static int eventfd_serve(struct pair *p)
{
	int r;

	while ((r = await(p->fd[0])) == 0) {
		answer(p);
		r = tell(p->fd[1]);
		if (r)
			break;
	}
	return r;
}

static int eventfd_turn(struct pair *p)
{
	int r;

	memcpy(request(p), p->buf, p->bytes);
	r = tell(p->fd[0]);
	if (r == 0)
		r = await(p->fd[1]);
	memcpy(p->buf, reply(p), p->bytes);
	return r;
}

const struct mech mech_eventfd = {
	.name = "eventfd", .text = "eventfd + shm",
	.make = eventfd_make, .serve = eventfd_serve, .connect = ready, .turn = eventfd_turn,
};

/* ---- futex ---------------------------------------------------------------- */

static int futex_tell(atomic_uint *w)
{
	atomic_store_explicit(w, 1, memory_order_release);
	return syscall(SYS_futex, w, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ? -errno : 0;
}

static int futex_await(atomic_uint *w)
{
	while (atomic_load_explicit(w, memory_order_acquire) == 0)
		if (syscall(SYS_futex, w, FUTEX_WAIT, 0, NULL, NULL, 0) < 0 && errno != EAGAIN &&
		    errno != EINTR)
			return -errno;
	atomic_store_explicit(w, 0, memory_order_relaxed);
	return 0;
}

static int futex_serve(struct pair *p)
{
	int r;

	while ((r = futex_await(word(p, 0))) == 0) {
		answer(p);
		r = futex_tell(word(p, 1));
		if (r)
			break;
	}
	return r;
}

static int futex_turn(struct pair *p)
{
	int r;

	memcpy(request(p), p->buf, p->bytes);
	r = futex_tell(word(p, 0));
	if (r == 0)
		r = futex_await(word(p, 1));
	memcpy(p->buf, reply(p), p->bytes);
	return r;
}

const struct mech mech_futex = {
	.name = "futex", .text = "futex + shm",
	.make = make, .serve = futex_serve, .connect = ready, .turn = futex_turn,
};

/* ---- looking ---------------------------------------------------------------- */

/* Inline in each, with the way to wait that it has */
static inline int look_serve(const struct pair *p, void (*wait)(atomic_uint *w))
{
	for (;;) {
		wait(word(p, 0));
		answer(p);
		atomic_store_explicit(word(p, 1), 1, memory_order_release);
	}
	return 0;
}

static inline int look_turn(const struct pair *p, void (*wait)(atomic_uint *w))
{
	memcpy(request(p), p->buf, p->bytes);
	atomic_store_explicit(word(p, 0), 1, memory_order_release);
	wait(word(p, 1));
	memcpy(p->buf, reply(p), p->bytes);
	return 0;
}

/*
 * Giving the CPU away: on one CPU nobody who needs a switch each way can be faster.
 * Nothing is said to the kernel, neither side sleeps, and the other is all that there
 * is to run.
 */
static inline void yield_await(atomic_uint *w)
{
	while (atomic_load_explicit(w, memory_order_acquire) == 0)
		sched_yield();
	atomic_store_explicit(w, 0, memory_order_relaxed);
}

static int yield_serve(struct pair *p)
{
	return look_serve(p, yield_await);
}

static int yield_turn(struct pair *p)
{
	return look_turn(p, yield_await);
}

const struct mech mech_yield = {
	.name = "yield", .text = "sched_yield + shm",
	.make = make, .serve = yield_serve, .connect = ready, .turn = yield_turn,
};

/* Spinning */
static inline void spin_await(atomic_uint *w)
{
	while (atomic_load_explicit(w, memory_order_acquire) == 0) {
		/* checkpatch: ARCH_DEFINES: only a hint to the CPU */
#ifdef __x86_64__
		__builtin_ia32_pause();
#endif
	}
	atomic_store_explicit(w, 0, memory_order_relaxed);
}

static int spin_serve(struct pair *p)
{
	return look_serve(p, spin_await);
}

static int spin_turn(struct pair *p)
{
	return look_turn(p, spin_await);
}

const struct mech mech_spin = {
	.name = "spin", .text = "spin + shm", .spins = true,
	.make = make, .serve = spin_serve, .connect = ready, .turn = spin_turn,
};
