/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * show.h - everything about one port, in words and as JSON
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>

#include "kernel.h"

struct port_view {
	struct lpc_port_info port;
	struct kern_list conns;		/* lpc_conn_info */
	struct kern_list calls;		/* lpc_call_info */
	struct lpc_acl_entry acl[LPC_ACL_MAX];
	uint32_t acl_count;
	bool closed;			/* conns and calls are not ours to see */
	uint64_t now;
};

void show_text(const struct port_view *v);
/* @key: NULL for the members only, "" for an element of an array. */
void show_json(const char *key, const struct port_view *v);

#endif
