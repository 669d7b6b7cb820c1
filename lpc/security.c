// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECURITY: who may connect to a port and query it, told and changed. What was
 * allowed once stays: connections are not looked at again.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "conn.h"
#include "fail.h"
#include "limits.h"
#include "port.h"
#include "security.h"

/* The owner sees its port by name though its own list may forbid that. */
static struct lpc_port *find_port(const struct lpc_security *args,
				  const char *name)
{
	u32 want = args->flags ? 0 : LPC_MAY_QUERY;
	struct lpc_port *port;
	int ret;

	ret = lpc_name_check(name, args->name_len);
	if (ret)
		return ERR_PTR(ret);
	port = lpc_port_find(name, args->name_len);
	if (!port)
		return ERR_PTR(-ENOENT);
	if (lpc_port_is_owner(port))
		return port;
	ret = lpc_port_may(port, LPC_MAY_QUERY);
	if (!ret && want)
		return port;
	lpc_port_put(port);
	return ERR_PTR(ret ? ret : -EACCES);
}

/* What @args changes, in a copy that others do not see. */
static int prepare(struct lpc_port *port, struct lpc_access *access,
		   const struct lpc_security *args,
		   const struct lpc_acl_entry *acl)
{
	struct user_namespace *ns = current_user_ns();
	kuid_t owner = current_fsuid();
	kgid_t group = current_fsgid();
	int ret = 0;

	if (args->flags & LPC_SECURITY_MODE && args->mode & ~LPC_MODE_MASK)
		return -EINVAL;
	if (args->flags & LPC_SECURITY_OWNER)
		owner = make_kuid(ns, args->owner);
	if (args->flags & LPC_SECURITY_GROUP)
		group = make_kgid(ns, args->group);
	if (args->flags & LPC_SECURITY_ACL)
		ret = lpc_acl_read(access, acl, args->count);
	if (!ret && args->flags & (LPC_SECURITY_OWNER | LPC_SECURITY_GROUP))
		ret = lpc_port_give(port, owner, group);
	access->owner = owner;
	access->group = group;
	access->mode = args->mode;
	return ret;
}

/* Locked. Each part that is asked for, and no other. */
static void apply(struct lpc_port *port, const struct lpc_access *access,
		  u32 flags)
{
	struct lpc_access *to = &port->access;

	lockdep_assert_held(&port->lock);
	if (flags & LPC_SECURITY_MODE)
		to->mode = access->mode;
	if (flags & LPC_SECURITY_OWNER)
		to->owner = access->owner;
	if (flags & LPC_SECURITY_GROUP)
		to->group = access->group;
	if (flags & LPC_SECURITY_ACL) {
		memcpy(to->acl, access->acl, sizeof(to->acl));
		to->count = access->count;
	}
}

/* Change and tell in one hold of the lock: what is told is what was set. */
static void change_and_tell(struct lpc_port *port,
			    const struct lpc_access *access,
			    struct lpc_security *args, struct lpc_acl_entry *acl)
{
	struct user_namespace *ns = current_user_ns();

	lpc_lock(port);
	apply(port, access, args->flags);
	args->mode = port->access.mode;
	args->owner = from_kuid(ns, port->access.owner);
	args->group = from_kgid(ns, port->access.group);
	args->count = port->access.count;
	lpc_acl_show(&port->access, ns, acl);
	lpc_unlock(port);
}

static int on_port(struct lpc_port *port, struct lpc_security *args,
		   struct lpc_acl_entry *acl)
{
	struct lpc_access access = {};
	int ret = 0;

	if (args->flags && !lpc_port_is_owner(port))
		return -EACCES;
	if (args->flags)
		ret = prepare(port, &access, args, acl);
	if (ret)
		return ret;
	change_and_tell(port, &access, args, acl);
	if (args->flags)
		lpc_fail_seen();
	if (args->flags && port->name.len)
		lpc_name_shown(&port->name);
	return 0;
}

/**
 * lpc_security - SECURITY
 * @end: a port or an end; NULL: by name
 * @args: of the ioctl
 * @name: copied in, NUL behind it
 * @acl: LPC_ACL_MAX entries: in: those given, out: those there are
 */
int lpc_security(struct lpc_end *end, struct lpc_security *args,
		 const char *name, struct lpc_acl_entry *acl)
{
	struct lpc_port *port;
	int ret;

	if (args->flags & ~LPC_MASK_SECURITY || (end && args->name_len))
		return -EINVAL;
	if (args->flags & LPC_SECURITY_ACL && args->count > LPC_ACL_MAX)
		return -EINVAL;
	if (end)
		return on_port(end->port, args, acl);
	port = find_port(args, name);
	if (IS_ERR(port))
		return PTR_ERR(port);
	ret = on_port(port, args, acl);
	lpc_port_put(port);
	return ret;
}
