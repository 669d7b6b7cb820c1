/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_SPLIT_H
#define _LPC_SPLIT_H

#include <linux/types.h>

struct lpc_given;
struct lpc_io;
struct lpc_slots;

int lpc_split_get(struct lpc_io *io);
int lpc_split_get_nt(struct lpc_io *io, u32 limit);
int lpc_split_put_nt(struct lpc_io *io);
int lpc_split_give_nt(struct lpc_io *io, struct lpc_given given);
void lpc_split_resolve(struct lpc_slots *slots, struct lpc_io *io);

/* Where a request's list of buffers lies in its payload, for LPC_SPLIT_NT. */
static inline u32 lpc_split_list(u32 code)
{
	return code >> 16;
}

#endif /* _LPC_SPLIT_H */
