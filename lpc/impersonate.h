/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_IMPERSONATE_H
#define _LPC_IMPERSONATE_H

#include <linux/types.h>
#include <uapi/linux/lpc.h>

struct lpc_call;
struct lpc_end;

struct lpc_call *lpc_sleeper_find(struct lpc_end *end, u64 key);
int lpc_impersonate(struct lpc_end *end, struct lpc_impersonate *args);

#endif /* _LPC_IMPERSONATE_H */
