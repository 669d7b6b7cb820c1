// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits and who has used how much of them.
 *
 * A charge counts against its user and against the owner of every user
 * namespace from there up to the initial one, so that subordinate ids and
 * nested namespaces are one user. It stays with who created the object,
 * whoever holds its fd. None of this is on the call path.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysctl.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "quota.h"

/**
 * struct lpc_user - what one user of one user namespace has in use
 * @node: in lpc_users; lpc_users_lock
 * @ns: the namespace, a reference
 * @uid: the user
 * @parent: the owner of @ns in its parent, a reference; NULL at the top
 * @refs: objects charged here and users below; lpc_users_lock
 * @used: by enum lpc_limit; lpc_users_lock
 */
struct lpc_user {
	struct hlist_node node;
	struct user_namespace *ns;
	kuid_t uid;
	struct lpc_user *parent;
	unsigned int refs;
	u64 used[LPC_LIMIT_MAX];
};

static DEFINE_HASHTABLE(lpc_users, 8);
static DEFINE_SPINLOCK(lpc_users_lock);
static struct ctl_table_header *lpc_sysctl_header;

unsigned int lpc_callback_ms = 30000;
unsigned int lpc_unprivileged_create = 1;
unsigned int lpc_unprivileged_connect = 1;

unsigned int lpc_limits[LPC_LIMIT_MAX] = {
	[LPC_LIMIT_PORTS]		= 256,
	[LPC_LIMIT_CONNS]		= 16384,
	[LPC_LIMIT_PORT_CONNS]		= 65536,
	[LPC_LIMIT_PENDING]		= 128,
	[LPC_LIMIT_USER_PENDING]	= 256,
	[LPC_LIMIT_SHARE]		= 25,
	[LPC_LIMIT_NAME_WAITERS]	= 256,
	[LPC_LIMIT_DATAGRAMS]		= 64,
	[LPC_LIMIT_CALLS]		= 1024,
	[LPC_LIMIT_CALLBACK_DEPTH]	= 8,
	[LPC_LIMIT_WATCHES]		= 1024,
	[LPC_LIMIT_EVENT_PAIRS]		= 4096,
	[LPC_LIMIT_QUICK]		= 64,
};

/* What is counted in bytes; the defaults depend on the machine's memory. */
unsigned long lpc_section_bytes;
unsigned long lpc_section_max;
static unsigned long lpc_bytes_max = LONG_MAX;

static unsigned int lpc_percent_max = 100;
static unsigned int lpc_depth_max = 16;
static unsigned int lpc_quick_max = 1024;
static unsigned int lpc_count_max = 1 << 20;
static unsigned int lpc_ms_min = 1;
static unsigned int lpc_ms_max = 24 * 60 * 60 * 1000;

#define LPC_SYSCTL(file, value, least, most)				\
	{								\
		.procname	= file,					\
		.data		= value,				\
		.maxlen		= sizeof(unsigned int),			\
		.mode		= 0644,					\
		.proc_handler	= proc_douintvec_minmax,		\
		.extra1		= least,				\
		.extra2		= most,					\
	}

#define LPC_SYSCTL_BYTES(file, value)					\
	{								\
		.procname	= file,					\
		.data		= value,				\
		.maxlen		= sizeof(unsigned long),		\
		.mode		= 0644,					\
		.proc_handler	= proc_doulongvec_minmax,		\
		.extra2		= &lpc_bytes_max,			\
	}

#define LPC_SYSCTL_LIMIT(file, what, most) \
	LPC_SYSCTL(file, &lpc_limits[what], SYSCTL_ZERO, most)

static struct ctl_table lpc_sysctls[] = {
	LPC_SYSCTL_LIMIT("ports", LPC_LIMIT_PORTS, &lpc_count_max),
	LPC_SYSCTL_LIMIT("connections", LPC_LIMIT_CONNS, &lpc_count_max),
	LPC_SYSCTL_LIMIT("port_connections", LPC_LIMIT_PORT_CONNS, &lpc_count_max),
	LPC_SYSCTL_LIMIT("pending", LPC_LIMIT_PENDING, &lpc_count_max),
	LPC_SYSCTL_LIMIT("user_pending", LPC_LIMIT_USER_PENDING, &lpc_count_max),
	LPC_SYSCTL_LIMIT("port_share", LPC_LIMIT_SHARE, &lpc_percent_max),
	LPC_SYSCTL_LIMIT("name_waiters", LPC_LIMIT_NAME_WAITERS, &lpc_count_max),
	LPC_SYSCTL_LIMIT("datagrams", LPC_LIMIT_DATAGRAMS, &lpc_count_max),
	LPC_SYSCTL_LIMIT("calls", LPC_LIMIT_CALLS, &lpc_count_max),
	LPC_SYSCTL_LIMIT("callback_depth", LPC_LIMIT_CALLBACK_DEPTH, &lpc_depth_max),
	LPC_SYSCTL_LIMIT("watches", LPC_LIMIT_WATCHES, &lpc_count_max),
	LPC_SYSCTL_LIMIT("event_pairs", LPC_LIMIT_EVENT_PAIRS, &lpc_count_max),
	LPC_SYSCTL_LIMIT("quick", LPC_LIMIT_QUICK, &lpc_quick_max),
	LPC_SYSCTL_BYTES("section_bytes", &lpc_section_bytes),
	LPC_SYSCTL_BYTES("section_max", &lpc_section_max),
	LPC_SYSCTL("callback_ms", &lpc_callback_ms, &lpc_ms_min, &lpc_ms_max),
	LPC_SYSCTL("unprivileged_create", &lpc_unprivileged_create,
		   SYSCTL_ZERO, SYSCTL_ONE),
	LPC_SYSCTL("unprivileged_connect", &lpc_unprivileged_connect,
		   SYSCTL_ZERO, SYSCTL_ONE),
	LPC_SYSCTL_END
};

static u32 user_key(struct user_namespace *ns, kuid_t uid)
{
	return (u32)((unsigned long)ns >> 4) ^ __kuid_val(uid);
}

static struct lpc_user *user_find(struct user_namespace *ns, kuid_t uid)
{
	struct lpc_user *user;

	lockdep_assert_held(&lpc_users_lock);
	hash_for_each_possible(lpc_users, user, node, user_key(ns, uid))
		if (user->ns == ns && uid_eq(user->uid, uid))
			return user;
	return NULL;
}

static struct lpc_user *user_get(struct user_namespace *ns, kuid_t uid,
				 struct lpc_user *parent)
{
	struct lpc_user *fresh, *user;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	fresh->ns = get_user_ns(ns);
	fresh->uid = uid;
	fresh->parent = parent;

	spin_lock(&lpc_users_lock);
	user = user_find(ns, uid);
	if (!user) {
		user = fresh;
		fresh = NULL;
		hash_add(lpc_users, &user->node, user_key(ns, uid));
		if (parent)
			parent->refs++;
	}
	user->refs++;
	spin_unlock(&lpc_users_lock);

	if (fresh) {
		put_user_ns(fresh->ns);
		kfree(fresh);
	}
	return user;
}

/**
 * lpc_user_put - give a reference back
 * @user: may be NULL
 */
void lpc_user_put(struct lpc_user *user)
{
	while (user) {
		struct lpc_user *parent = user->parent;

		spin_lock(&lpc_users_lock);
		if (--user->refs) {
			spin_unlock(&lpc_users_lock);
			return;
		}
		hash_del(&user->node);
		spin_unlock(&lpc_users_lock);
		put_user_ns(user->ns);
		kfree(user);
		user = parent;
	}
}

static struct lpc_user *user_chain(struct user_namespace *ns, kuid_t uid)
{
	struct lpc_user *parent = NULL, *user;

	/* At most 32 namespaces deep: user_namespace.c sees to that. */
	if (ns->parent) {
		parent = user_chain(ns->parent, ns->owner);
		if (!parent)
			return NULL;
	}
	user = user_get(ns, uid, parent);
	lpc_user_put(parent);
	return user;
}

/**
 * lpc_user_current - whom to charge for what the calling thread makes
 *
 * Return: a counted reference, or NULL without memory.
 */
struct lpc_user *lpc_user_current(void)
{
	return user_chain(current_user_ns(), current_uid());
}

/**
 * lpc_user_top - the one user that all below it are
 * @user: any; the result lives as long
 */
struct lpc_user *lpc_user_top(struct lpc_user *user)
{
	while (user->parent)
		user = user->parent;
	return user;
}

/**
 * lpc_charge_many - count so much more against a user and all above it
 * @user: from lpc_user_current()
 * @what: which limit
 * @n: how much, in the limit's unit
 * @in_use: where it is full: how much is in use
 *
 * Return: 0 or -ENOBUFS.
 */
int lpc_charge_many(struct lpc_user *user, enum lpc_limit what, u64 n,
		    u64 *in_use)
{
	u64 limit = lpc_limit(what);
	struct lpc_user *u;
	int ret = 0;

	spin_lock(&lpc_users_lock);
	for (u = user; u; u = u->parent) {
		if (n > limit || u->used[what] > limit - n) {
			*in_use = u->used[what];
			ret = -ENOBUFS;
			break;
		}
	}
	for (u = user; u && !ret; u = u->parent)
		u->used[what] += n;
	spin_unlock(&lpc_users_lock);
	return ret;
}

/**
 * lpc_charge - count one more object against a user and all above it
 * @user: from lpc_user_current()
 * @what: which limit
 * @in_use: where it is full: how many are in use
 *
 * Return: 0 or -ENOBUFS.
 */
int lpc_charge(struct lpc_user *user, enum lpc_limit what, u32 *in_use)
{
	u64 used = 0;
	int ret = lpc_charge_many(user, what, 1, &used);

	if (ret)
		*in_use = used;
	return ret;
}

/**
 * lpc_uncharge_many - so much less is in use
 * @user: the one charged
 * @what: which limit
 * @n: how much
 */
void lpc_uncharge_many(struct lpc_user *user, enum lpc_limit what, u64 n)
{
	spin_lock(&lpc_users_lock);
	for (; user; user = user->parent)
		if (!WARN_ON_ONCE(user->used[what] < n))
			user->used[what] -= n;
	spin_unlock(&lpc_users_lock);
}

/**
 * lpc_uncharge - the object and all that it left is gone
 * @user: the one charged
 * @what: which limit
 */
void lpc_uncharge(struct lpc_user *user, enum lpc_limit what)
{
	lpc_uncharge_many(user, what, 1);
}

/**
 * lpc_quota_show - limits in force and what the calling user has of them
 * @values: LPC_LIMIT_MAX of them, zeroed
 */
void lpc_quota_show(struct lpc_limit_value *values)
{
	struct lpc_user *user;
	int i;

	spin_lock(&lpc_users_lock);
	user = user_find(current_user_ns(), current_uid());
	for (i = 0; i < LPC_LIMIT_MAX; i++) {
		values[i].limit = lpc_limit(i);
		values[i].in_use = user ? user->used[i] : 0;
	}
	spin_unlock(&lpc_users_lock);
}

/**
 * lpc_quota_init - make the sysctls
 */
int lpc_quota_init(void)
{
	u64 memory = (u64)totalram_pages() << PAGE_SHIFT;

	/* Sections are memory that is there: a share of what there is. */
	lpc_section_bytes = min_t(u64, memory / 4, LONG_MAX & PAGE_MASK);
	lpc_section_max = min_t(u64, memory / 8, LONG_MAX & PAGE_MASK);
	lpc_sysctl_header = register_sysctl("lpc", lpc_sysctls);
	return lpc_sysctl_header ? 0 : -ENOMEM;
}

/**
 * lpc_quota_exit - undo lpc_quota_init()
 */
void lpc_quota_exit(void)
{
	unregister_sysctl_table(lpc_sysctl_header);
	WARN_ON(!hash_empty(lpc_users));
}
