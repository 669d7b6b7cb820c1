/* SPDX-License-Identifier: MIT */
/*
 * A client's section as its server has it mapped, and the requests in it. Its
 * client refers to it, and each kept request that has part in it.
 */
#ifndef LIBLPC_VIEW_H
#define LIBLPC_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct client;
struct worker;

/**
 * struct view - memory shared with a client, which can write to it at any time
 * @refs: who needs it
 * @base: where it is; NULL: not mapped
 * @size: bytes
 */
struct view {
	_Atomic unsigned int	refs;
	unsigned char		*base;
	size_t			size;
};

struct view *lpc_view_new(void);
void lpc_view_map(struct view *v, void *base, size_t size);
void lpc_view_put(struct view *v, bool forked);
int lpc_view_open(struct worker *w, struct client *c);
void lpc_view_close(struct worker *w);

#endif /* LIBLPC_VIEW_H */
