/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_ACL_H
#define _LPC_ACL_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include <uapi/linux/lpc.h>

struct user_namespace;

/**
 * struct lpc_acl - one entry of a port's list
 * @uid: whom it is about, or
 * @gid: with LPC_ACL_GROUP
 * @flags: LPC_ACL_*
 * @rights: LPC_RIGHT_*
 */
struct lpc_acl {
	union {
		kuid_t uid;
		kgid_t gid;
	};
	u16 flags;
	u16 rights;
};

/**
 * struct lpc_access - who may do what with a port
 * @owner: may do everything, and change this
 * @group: for the mode
 * @mode: rights of owner, group and others
 * @count: of @acl
 * @acl: looked at before the mode
 *
 * Guarded by what it is part of: port->lock.
 */
struct lpc_access {
	kuid_t owner;
	kgid_t group;
	u32 mode;
	u32 count;
	struct lpc_acl acl[LPC_ACL_MAX];
};

int lpc_acl_read(struct lpc_access *access, const struct lpc_acl_entry *list,
		 u32 count);
void lpc_acl_show(const struct lpc_access *access, struct user_namespace *ns,
		  struct lpc_acl_entry *list);
bool lpc_access_allows(const struct lpc_access *access, u32 want);

#endif /* _LPC_ACL_H */
