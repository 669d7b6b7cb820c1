/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_CONNECT_H
#define _LPC_CONNECT_H

#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "object.h"

struct lpc_conn;
struct lpc_end;
struct lpc_port;

int lpc_create(struct lpc_create *args, const char *name,
	       const struct lpc_acl_entry *acl, struct lpc_fd *fd,
	       struct lpc_fd *client_fd);
int lpc_create_publish(struct lpc_fd *fd);
int lpc_connect(struct lpc_connect *args, const char *name, const u8 *data,
		u8 *answer, struct lpc_fd *fd);
int lpc_connect_finish(struct lpc_end *end, struct lpc_connect *args,
		       u8 *answer);
void lpc_connect_forget(u64 id);
void lpc_connect_unmap(struct lpc_end *end, struct lpc_connect *args);

#endif /* _LPC_CONNECT_H */
