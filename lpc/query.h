/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_QUERY_H
#define _LPC_QUERY_H

#include <uapi/linux/lpc.h>

struct lpc_end;
struct seq_file;

int lpc_info(struct lpc_info *args);
int lpc_query(struct lpc_end *end, struct lpc_query *args, const char *name);
int lpc_list(struct lpc_list *args);
void lpc_end_fdinfo(struct lpc_end *end, struct seq_file *m);

#endif /* _LPC_QUERY_H */
