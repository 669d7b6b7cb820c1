/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_RECEIVE_H
#define _LPC_RECEIVE_H

struct lpc_end;
struct lpc_io;

int lpc_reply_recv(struct lpc_end *end, struct lpc_io *io, bool nonblock);
int lpc_reply_wait(struct lpc_end *end, struct lpc_io *io);

#endif /* _LPC_RECEIVE_H */
