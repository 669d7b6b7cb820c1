/* SPDX-License-Identifier: MIT */
/*
 * Tells memory checkers what the kernel does. It writes: from the ioctl's number
 * they know of the 128 bytes of the argument alone, not of the payload behind
 * it, nor of a message that went to @out. And it puts in order: who receives a
 * request in a piece of a section comes after who answered the one before.
 * Costs nothing in an ordinary build.
 */
#ifndef LIBLPC_ANNOTATE_H
#define LIBLPC_ANNOTATE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/lpc.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define annotate_written(p, n) __msan_unpoison(p, n)
#endif
#if __has_feature(thread_sanitizer)
#define ANNOTATE_ORDER
#endif
#endif

#if defined(ANNOTATE_ORDER) || defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define annotate_received_in(view) __tsan_acquire(view)
#define annotate_answered_in(view) __tsan_release(view)
#else
#define annotate_received_in(view) ((void)(view))
#define annotate_answered_in(view) ((void)(view))
#endif

#if !defined(annotate_written) && defined(LPC_VALGRIND)
#include <valgrind/memcheck.h>
#define annotate_written(p, n) ((void)VALGRIND_MAKE_MEM_DEFINED(p, n))
#endif

#ifndef annotate_written
#define annotate_written(p, n) ((void)(p), (void)(n))
#endif

/* Asked before the ioctl, which may write over @m. */
static inline const struct lpc_msg *received_at(const struct lpc_msg *m)
{
	return m->out ? (const struct lpc_msg *)(uintptr_t)m->out : m;
}

static inline void annotate_received(const struct lpc_msg *m)
{
	annotate_written(m, sizeof(*m));
	if (m->len <= LPC_INLINE_MAX)		/* else it is in a section */
		annotate_written(m + 1, (size_t)m->len);
}

#endif /* LIBLPC_ANNOTATE_H */
