// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backlog.h"

/* Behind the others; a copy. */
int lpc_backlog_add(struct backlog *b, uint64_t tag, uint32_t flags, uint32_t code,
		    const void *data, uint32_t len)
{
	struct held *h = malloc(sizeof(*h) + len);

	if (!h)
		return -ENOMEM;
	*h = (struct held){ .tag = tag, .flags = flags, .code = code, .len = len };
	if (len)
		memcpy(h->data, data, len);
	if (b->first)
		b->last->next = h;
	else
		b->first = h;
	b->last = h;
	b->n++;
	return 0;
}

/* The first is in the ring, or nobody wants it any more. */
void lpc_backlog_drop(struct backlog *b)
{
	struct held *h = b->first;

	b->first = h->next;
	b->n--;
	free(h);
}
