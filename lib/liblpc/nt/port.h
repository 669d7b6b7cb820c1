/* SPDX-License-Identifier: MIT */
/* Which request a header means. */
#ifndef LIBNTLPC_PORT_H
#define LIBNTLPC_PORT_H

#include <stdbool.h>

#include <lpc/nt.h>

/* checkpatch: SPACING: a type of NT's */
NTSTATUS nt_find_call(int fd, const PORT_MESSAGE *head, bool callback, struct lpc_call_info *call);

#endif /* LIBNTLPC_PORT_H */
