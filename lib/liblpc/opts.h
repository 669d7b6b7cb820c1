/* SPDX-License-Identifier: MIT */
/*
 * Options structs of any age: @size tells how many members the caller knows.
 * What it does not know is zero; what this library does not know must be.
 */
#ifndef LIBLPC_OPTS_H
#define LIBLPC_OPTS_H

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Tail padding could never become a member: it may hold anything. */
/* checkpatch: MACRO_ARG_REUSE: they are names */
#define OPTS_NO_TAIL(T, last) \
	static_assert(offsetof(struct T, last) + sizeof(((struct T *)0)->last) == \
		      sizeof(struct T), "tail padding in " #T)

static inline int lpc_opts_read(void *to, size_t size, const void *from)
{
	const unsigned char *p = from;
	size_t known, i;

	memset(to, 0, size);
	if (!from)
		return 0;
	memcpy(&known, from, sizeof(known));
	if (known < sizeof(known))
		return -EINVAL;
	for (i = size; i < known; i++)
		if (p[i])
			return -E2BIG;
	memcpy(to, from, known < size ? known : size);
	return 0;
}

#endif /* LIBLPC_OPTS_H */
