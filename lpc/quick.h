/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_QUICK_H
#define _LPC_QUICK_H

#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "object.h"

struct lpc_conn;
struct lpc_end;
struct lpc_offer;
struct lpc_quick;

int lpc_quick_make(struct lpc_end *end, struct lpc_quick_make *args,
		   struct lpc_fd *fd, struct lpc_offer *view);
int lpc_quick_open(struct lpc_end *end, struct lpc_quick_open *args,
		   struct lpc_fd *fd, struct lpc_quick **claimed);
void lpc_quick_open_commit(struct lpc_quick *quick, struct lpc_fd *fd);
void lpc_quick_open_undo(struct lpc_quick *quick, struct lpc_quick_open *args);
void lpc_quick_over(struct lpc_conn *conn);

int lpc_quick_init(void);
void lpc_quick_exit(void);

#endif /* _LPC_QUICK_H */
