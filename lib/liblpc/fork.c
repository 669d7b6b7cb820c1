// SPDX-License-Identifier: MIT
/* The page behind fork.h. */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "fork.h"

#define MARK_SIZE 4096		/* rounded up to a page by the kernel */

const int *lpc_fork_mark(void)
{
	int saved = errno, *mark;

	mark = mmap(NULL, MARK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mark == MAP_FAILED) {
		errno = saved;
		return NULL;
	}
	if (madvise(mark, MARK_SIZE, MADV_WIPEONFORK) < 0) {
		munmap(mark, MARK_SIZE);
		errno = saved;
		return NULL;
	}
	*mark = 1;
	return mark;
}

void lpc_fork_unmark(const int *mark)
{
	munmap((void *)mark, MARK_SIZE);
}
