/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_HELD_H
#define _LPC_HELD_H

#include <linux/types.h>

struct lpc_call;
struct lpc_conn;
struct lpc_end;
struct lpc_held;

int lpc_held_reserve(struct lpc_call *call);
bool lpc_held_keep(struct lpc_call *call);
void lpc_held_answered(struct lpc_end *end, u64 id);
struct lpc_held *lpc_held_find(struct lpc_end *end, u64 id);
void lpc_held_forget(struct lpc_conn *conn);

#endif /* _LPC_HELD_H */
