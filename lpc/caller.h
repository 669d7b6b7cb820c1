/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_CALLER_H
#define _LPC_CALLER_H

#include <uapi/linux/lpc.h>

struct lpc_end;

int lpc_query_caller(struct lpc_end *end, struct lpc_query *args);

#endif /* _LPC_CALLER_H */
