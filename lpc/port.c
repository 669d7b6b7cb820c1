// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connection ports: what they are made of, how they are found, what they
 * allow. How one is closed stands in close.c.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ipc_namespace.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include "compat.h"
#include "limits.h"
#include "message.h"
#include "port.h"
#include "quota.h"
#include "trace.h"

static struct kmem_cache *lpc_port_cache;

/* Ports by serial, for LIST; its own lock, never held with another. */
static DEFINE_XARRAY(lpc_ports);
static atomic64_t lpc_next_serial = ATOMIC64_INIT(1);

#ifdef LPC_DEBUG
static bool lpc_debug_leak;
module_param_named(debug_leak, lpc_debug_leak, bool, 0600);
MODULE_PARM_DESC(debug_leak, "Leak one object at the next CREATE, to see that it is noticed");
#endif

/**
 * lpc_end_init - make an end
 * @end: zeroed
 * @kind: which
 * @port: its port
 * @conn: its connection, or NULL
 */
void lpc_end_init(struct lpc_end *end, enum lpc_kind kind,
		  struct lpc_port *port, struct lpc_conn *conn)
{
	end->kind = kind;
	end->port = port;
	end->conn = conn;
	lpc_queue_init(&end->queue, &port->lock);
	end->recv = &end->queue;
	init_waitqueue_head(&end->room);
	INIT_HLIST_HEAD(&end->sent);
	INIT_LIST_HEAD(&end->watches);
}

static bool name_get(struct lpc_name *name)
{
	struct lpc_port *port = container_of(name, struct lpc_port, name);

	return refcount_inc_not_zero(&port->refs);
}

/**
 * lpc_port_give - may the calling thread give a port to these?
 * @port: it is the owner, or the port is new
 * @owner: as it knows them
 * @group: likewise
 *
 * Return: 0; -EINVAL for what is nobody here; -EACCES for another's without
 * CAP_IPC_OWNER.
 */
int lpc_port_give(struct lpc_port *port, kuid_t owner, kgid_t group)
{
	if (!uid_valid(owner) || !gid_valid(group))
		return -EINVAL;
	if (uid_eq(owner, current_fsuid()) && in_group_p(group))
		return 0;
	return lpc_ipc_capable(port->ipc_ns) ? 0 : -EACCES;
}

static int port_owner(struct lpc_port *port, const struct lpc_create *args)
{
	struct user_namespace *user_ns = current_user_ns();

	port->access.owner = current_fsuid();
	port->access.group = current_fsgid();
	if (!(args->flags & LPC_PORT_OWNER))
		return args->owner || args->group ? -EINVAL : 0;
	port->access.owner = make_kuid(user_ns, args->owner);
	port->access.group = make_kgid(user_ns, args->group);
	return lpc_port_give(port, port->access.owner, port->access.group);
}

static int port_check(const struct lpc_create *args)
{
	if (args->flags & ~LPC_MASK_PORT || args->mode & ~LPC_MODE_MASK ||
	    args->acl_count > LPC_ACL_MAX || args->reserved)
		return -EINVAL;
	if (args->inline_max > LPC_INLINE_MAX ||
	    args->connect_max > LPC_CONNECT_MAX)
		return -EINVAL;
	if (args->flags & LPC_PORT_PAIR)
		return args->name_len ? -EINVAL : 0;
	return args->context ? -EINVAL : 0;
}

static int port_rights(struct lpc_port *port, const struct lpc_create *args,
		       const struct lpc_acl_entry *acl)
{
	int ret;

	ret = lpc_acl_read(&port->access, acl, args->acl_count);
	if (ret)
		return ret;

	if (!READ_ONCE(lpc_unprivileged_create) &&
	    !lpc_ipc_capable(port->ipc_ns))
		return -EACCES;
	ret = port_owner(port, args);
	if (ret || !port->name.len)
		return ret;
	return lpc_name_may_create(port->ipc_ns, port->name.text,
				   port->name.len);
}

static void port_fill(struct lpc_port *port, const struct lpc_create *args)
{
	spin_lock_init(&port->lock);
	lpc_end_init(&port->self, LPC_KIND_PORT, port, NULL);
	INIT_LIST_HEAD(&port->conns);
	INIT_LIST_HEAD(&port->reap);
	INIT_LIST_HEAD(&port->shares);
	refcount_set(&port->refs, 1);
	port->name.ipc_ns = port->ipc_ns;
	port->name.get = name_get;
	port->access.mode = args->mode ? args->mode : LPC_MODE_DEFAULT;
	port->flags = args->flags;
	port->inline_max = args->inline_max ? args->inline_max : LPC_INLINE_MAX;
	port->connect_max = args->connect_max ? args->connect_max :
			    LPC_CONNECT_MAX;
	port->backlog = args->backlog;
	port->created = ktime_get_ns();
	lpc_ident_current(&port->creator);
	lpc_ident_get(&port->creator);
}

static void port_free(struct lpc_port *port)
{
	lpc_slots_free(&port->slots);
	lpc_call_destroy(xchg(&port->self.spare, NULL));
	lpc_ident_put(&port->creator);
	lpc_user_put(port->user);
	lpc_ipc_ns_put(port->ipc_ns);
	kmem_cache_free(lpc_port_cache, port);
}

static int port_charge(struct lpc_port *port, struct lpc_create *args)
{
	int ret;

	port->user = lpc_user_current();
	if (!port->user)
		return -ENOMEM;
	ret = lpc_charge(port->user, LPC_LIMIT_PORTS, &args->in_use);
	if (ret) {
		args->limit = LPC_LIMIT_PORTS;
		return ret;
	}
	ret = lpc_slots_init(&port->slots);
	if (ret)
		lpc_uncharge(port->user, LPC_LIMIT_PORTS);
	return ret;
}

/**
 * lpc_port_new - a port that nobody can find yet
 * @args: of CREATE; @limit and @in_use are set on -ENOBUFS
 * @name: its name, copied in, NUL behind it
 * @acl: @args->acl_count entries, copied in
 *
 * Return: with one reference, and counted in its maker's ports: for
 * lpc_port_publish(), or lpc_port_uncharge() and lpc_port_put().
 */
struct lpc_port *lpc_port_new(struct lpc_create *args, const char *name,
			      const struct lpc_acl_entry *acl)
{
	struct lpc_port *port;
	int ret;

	ret = port_check(args);
	if (!ret && args->name_len)
		ret = lpc_name_check(name, args->name_len);
	if (ret)
		return ERR_PTR(ret);

	port = kmem_cache_alloc(lpc_port_cache, GFP_KERNEL_ACCOUNT);
	if (!port)
		return ERR_PTR(-ENOMEM);
	memset(port, 0, sizeof(*port));
	port->ipc_ns = lpc_ipc_ns_get();
	port->name.len = args->name_len;
	memcpy(port->name.text, name, args->name_len);
	port_fill(port, args);

	ret = port_rights(port, args, acl);
	if (!ret)
		ret = port_charge(port, args);
	if (ret) {
		port_free(port);
		return ERR_PTR(ret);
	}
#ifdef LPC_DEBUG
	if (xchg(&lpc_debug_leak, false))
		lpc_call_alloc();
#endif
	return port;
}

/**
 * lpc_port_publish - let it be found
 * @port: new
 *
 * Return: 0, -EEXIST, -ENOMEM.
 */
int lpc_port_publish(struct lpc_port *port)
{
	int ret;

	port->serial = atomic64_inc_return(&lpc_next_serial);
	ret = xa_err(xa_store(&lpc_ports, port->serial, port,
			      GFP_KERNEL_ACCOUNT));
	if (!ret && port->name.len)
		ret = lpc_name_add(&port->name);
	trace_lpc_create(port->serial, 0, port->name.text, ret);
	return ret;
}

/**
 * lpc_port_uncharge - it does not count in its maker's ports any more
 * @port: its last fd is closed, or it will have none
 *
 * Not with the last reference: that may be a client's, who must not use up another
 * user's ports. What is left of a closed port is held by connections, and they
 * count in their makers'.
 */
void lpc_port_uncharge(struct lpc_port *port)
{
	lpc_uncharge(port->user, LPC_LIMIT_PORTS);
}

/**
 * lpc_port_put - one reference less
 * @port: freed with the last one; no lock is held
 */
void lpc_port_put(struct lpc_port *port)
{
	if (!refcount_dec_and_test(&port->refs))
		return;
	/* Whoever looks it up here finds a count of zero and passes on. */
	xa_erase(&lpc_ports, port->serial);
	port_free(port);
}

/**
 * lpc_port_find - a port of the calling thread's IPC namespace, by name
 * @text: a valid name
 * @len: of @text
 *
 * Return: with a reference; or NULL.
 */
struct lpc_port *lpc_port_find(const char *text, u32 len)
{
	struct lpc_name *name;

	name = lpc_name_find(current->nsproxy->ipc_ns, text, len);
	return name ? container_of(name, struct lpc_port, name) : NULL;
}

/**
 * lpc_port_find_visible - the same, for somebody who may know of it
 * @text: a valid name
 * @len: of @text
 * @want: LPC_MAY_CONNECT or LPC_MAY_QUERY
 *
 * Return: with a reference; or NULL, for a name that is not the caller's to
 * know too: that must not be told from one that does not exist.
 */
struct lpc_port *lpc_port_find_visible(const char *text, u32 len, u32 want)
{
	struct lpc_port *port = lpc_port_find(text, len);

	if (port && lpc_port_may(port, want) == -ENOENT) {
		lpc_port_put(port);
		return NULL;
	}
	return port;
}

/**
 * lpc_port_next - the port with this serial or the first one above
 * @serial: in: where to look; out: where it was found
 *
 * Return: with a reference; or NULL.
 */
struct lpc_port *lpc_port_next(u64 *serial)
{
	unsigned long index = *serial;
	struct lpc_port *port;

	xa_lock(&lpc_ports);
	xa_for_each_start(&lpc_ports, index, port, index)
		if (refcount_inc_not_zero(&port->refs))
			break;
	xa_unlock(&lpc_ports);
	*serial = index;
	return port;
}

/**
 * lpc_port_allows - has the calling thread this right, or the capability?
 * @port: unlocked
 * @want: LPC_MAY_CONNECT or LPC_MAY_QUERY
 */
bool lpc_port_allows(struct lpc_port *port, u32 want)
{
	bool allowed;

	spin_lock(&port->lock);
	allowed = lpc_access_allows(&port->access, want);
	spin_unlock(&port->lock);
	return allowed || lpc_ipc_capable(port->ipc_ns);
}

/**
 * lpc_port_is_owner - may the calling thread see and change what its owner may?
 * @port: unlocked
 */
bool lpc_port_is_owner(struct lpc_port *port)
{
	kuid_t owner;

	spin_lock(&port->lock);
	owner = port->access.owner;
	spin_unlock(&port->lock);
	return lpc_is_owner(owner, port->ipc_ns);
}

/**
 * lpc_port_may - has the calling thread this right?
 * @port: found by name
 * @want: LPC_MAY_CONNECT or LPC_MAY_QUERY
 *
 * Return: 0; -EACCES; -ENOENT for a name under another's user/ on which it
 * has no right at all.
 */
int lpc_port_may(struct lpc_port *port, u32 want)
{
	if (lpc_port_allows(port, want))
		return 0;
	if (!lpc_name_is_foreign_user(port->ipc_ns, port->name.text))
		return -EACCES;
	if (lpc_port_allows(port, LPC_MASK_RIGHTS & ~want))
		return -EACCES;
	return -ENOENT;
}

/**
 * lpc_port_grow_slots - make room for more calls in flight
 * @port: unlocked
 *
 * Return: 0; -ENOMEM; -ENOBUFS at the end of what an array can be.
 */
int lpc_port_grow_slots(struct lpc_port *port)
{
	struct lpc_slot *slot;
	u32 count = (READ_ONCE(port->slots.mask) + 1) * 2;

	if (count > LPC_SLOTS_MAX)
		return -ENOBUFS;
	slot = lpc_slots_alloc(count);
	if (!slot)
		return -ENOMEM;
	spin_lock(&port->lock);
	slot = lpc_slots_swap(&port->slots, slot, count);
	spin_unlock(&port->lock);
	kvfree(slot);
	return 0;
}

static void port_ctor(void *object)
{
	memset(object, 0, sizeof(struct lpc_port));
}

/**
 * lpc_port_init - make the cache
 */
int lpc_port_init(void)
{
	lpc_port_cache = kmem_cache_create("lpc_port", sizeof(struct lpc_port),
					   0, SLAB_ACCOUNT, port_ctor);
	return lpc_port_cache ? 0 : -ENOMEM;
}

/**
 * lpc_port_exit - undo lpc_port_init()
 */
void lpc_port_exit(void)
{
	WARN_ON(!xa_empty(&lpc_ports));
	kmem_cache_destroy(lpc_port_cache);
}
