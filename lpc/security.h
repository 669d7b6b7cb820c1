/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_SECURITY_H
#define _LPC_SECURITY_H

#include <uapi/linux/lpc.h>

struct lpc_end;

int lpc_security(struct lpc_end *end, struct lpc_security *args,
		 const char *name, struct lpc_acl_entry *acl);

#endif /* _LPC_SECURITY_H */
