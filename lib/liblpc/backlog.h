/* SPDX-License-Identifier: MIT */
/*
 * Answers that wait for room in a ring, in the order they were given. The caller
 * bounds how many.
 */
#ifndef LIBLPC_BACKLOG_H
#define LIBLPC_BACKLOG_H

#include <stdint.h>

/**
 * struct held - an answer
 * @next: the one after it
 * @tag: as in struct ring_slot, and so are @flags and @code
 * @len: of @data
 */
struct held {
	struct held	*next;
	uint64_t	tag;
	uint32_t	flags;
	uint32_t	code;
	uint32_t	len;
	unsigned char	data[];
};

/**
 * struct backlog - those of one ring
 * @first: NULL for none
 * @last: of them, if there is any
 * @n: how many
 */
struct backlog {
	struct held	*first;
	struct held	*last;
	uint32_t	n;
};

int lpc_backlog_add(struct backlog *b, uint64_t tag, uint32_t flags, uint32_t code,
		    const void *data, uint32_t len);
void lpc_backlog_drop(struct backlog *b);

#endif /* LIBLPC_BACKLOG_H */
