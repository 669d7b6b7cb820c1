/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_NAME_H
#define _LPC_NAME_H

#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

struct ipc_namespace;

/**
 * struct lpc_name - an entry of the name table, inside what it names
 * @node: in the table; lpc_names_lock
 * @ipc_ns: where the name lives; a reference of what is named
 * @len: of @text
 * @text: the name, NUL behind it
 * @get: takes a reference on what is named, under lpc_names_lock; false if
 *	it is on its way out
 */
struct lpc_name {
	struct hlist_node node;
	struct ipc_namespace *ipc_ns;
	u32 len;
	char text[LPC_NAME_MAX + 1];
	bool (*get)(struct lpc_name *name);
};

int lpc_name_check(const char *text, u32 len);
int lpc_name_may_create(struct ipc_namespace *ipc_ns, const char *text,
			u32 len);
bool lpc_name_is_foreign_user(struct ipc_namespace *ipc_ns, const char *text);
int lpc_name_add(struct lpc_name *name);
void lpc_name_shown(const struct lpc_name *name);
void lpc_name_del(struct lpc_name *name);
struct lpc_name *lpc_name_find(struct ipc_namespace *ipc_ns, const char *text,
			       u32 len);
int lpc_name_wait(struct ipc_namespace *ipc_ns, const char *text, u32 len,
		  u64 deadline, u64 seen);
u64 lpc_name_changes(void);

struct ipc_namespace *lpc_ipc_ns_get(void);
void lpc_ipc_ns_put(struct ipc_namespace *ipc_ns);

#endif /* _LPC_NAME_H */
