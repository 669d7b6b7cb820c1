/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_CLOSE_H
#define _LPC_CLOSE_H

#include <uapi/linux/lpc.h>

struct lpc_conn;
struct lpc_end;
struct lpc_port;

int lpc_shutdown(struct lpc_end *end, struct lpc_shutdown *args);
void lpc_port_release(struct lpc_port *port);
void lpc_end_drop(struct lpc_end *end);
void lpc_end_release(struct lpc_end *end);
void lpc_conn_give_up(struct lpc_conn *conn, enum lpc_conn_state state);
void lpc_conn_post_closed(struct lpc_conn *conn);

#endif /* _LPC_CLOSE_H */
