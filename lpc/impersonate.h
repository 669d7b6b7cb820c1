/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_IMPERSONATE_H
#define _LPC_IMPERSONATE_H

#include <uapi/linux/lpc.h>

struct lpc_end;

int lpc_impersonate(struct lpc_end *end, struct lpc_impersonate *args);

#endif /* _LPC_IMPERSONATE_H */
