/* SPDX-License-Identifier: MIT */
/* Sleeping on a word of this process, and waking who does. */
#ifndef LIBLPC_FUTEX_H
#define LIBLPC_FUTEX_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline int lpc_futex(_Atomic uint32_t *at, int op, uint32_t v, const struct timespec *until)
{
	int saved = errno;
	long r = syscall(SYS_futex, at, op | FUTEX_PRIVATE_FLAG, v, until, NULL,
			 FUTEX_BITSET_MATCH_ANY);

	if (r < 0)
		r = -errno;
	errno = saved;
	return (int)r;
}

/* While *@at is @v; @until: on CLOCK_MONOTONIC, NULL for ever. May return early. */
static inline int lpc_futex_wait(_Atomic uint32_t *at, uint32_t v, const struct timespec *until)
{
	return lpc_futex(at, FUTEX_WAIT_BITSET, v, until);
}

static inline void lpc_futex_wake(_Atomic uint32_t *at)
{
	lpc_futex(at, FUTEX_WAKE, INT_MAX, NULL);
}

#endif /* LIBLPC_FUTEX_H */
