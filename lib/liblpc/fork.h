/* SPDX-License-Identifier: MIT */
/*
 * Whether an object came into this process by fork(): a word on a page that
 * the kernel wipes in children. One load, where getpid() is a system call.
 */
#ifndef LIBLPC_FORK_H
#define LIBLPC_FORK_H

#include <stdbool.h>

const int *lpc_fork_mark(void);		/* NULL: no memory */
void lpc_fork_unmark(const int *mark);

static inline bool lpc_forked(const int *mark)
{
	return __builtin_expect(!*mark, 0);
}

#endif /* LIBLPC_FORK_H */
