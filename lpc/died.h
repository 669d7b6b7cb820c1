/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_DIED_H
#define _LPC_DIED_H

#include <uapi/linux/lpc.h>

struct lpc_end;

int lpc_died_watch(struct lpc_end *end, struct lpc_watch *args);
void lpc_died_forget(struct lpc_end *end);

#endif /* _LPC_DIED_H */
