// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names, by IPC namespace, and threads that wait for one to appear. What is
 * named is not known here. Never on the call path.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/ipc_namespace.h>
#include <linux/jhash.h>
#include <linux/nsproxy.h>
#include <linux/proc_ns.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uidgid.h>

#include "identity.h"
#include "name.h"
#include "wait.h"

/**
 * struct lpc_name_waiter - a thread that waits for a name, on its stack
 * @node: in lpc_name_waiters; lpc_names_lock
 * @waiter: done when the name has appeared; lpc_names_lock
 * @ipc_ns: where
 * @text: which
 * @len: of @text
 */
struct lpc_name_waiter {
	struct list_head node;
	struct lpc_waiter waiter;
	struct ipc_namespace *ipc_ns;
	const char *text;
	u32 len;
};

static DEFINE_HASHTABLE(lpc_names, 10);
static LIST_HEAD(lpc_name_waiters);
static DEFINE_SPINLOCK(lpc_names_lock);

/* How often a name has appeared; lpc_names_lock. */
static u64 lpc_name_added;

/**
 * lpc_ipc_ns_get - the calling thread's IPC namespace
 *
 * Return: a reference, to be given back by lpc_ipc_ns_put(). put_ipc_ns() is
 * not exported everywhere; the operations of the namespace itself are there.
 */
struct ipc_namespace *lpc_ipc_ns_get(void)
{
	struct ipc_namespace *ipc_ns = current->nsproxy->ipc_ns;

	if (ipc_ns->ns.ops)
		ipc_ns->ns.ops->get(current);
	return ipc_ns;
}

/**
 * lpc_ipc_ns_put - give it back
 * @ipc_ns: from lpc_ipc_ns_get()
 */
void lpc_ipc_ns_put(struct ipc_namespace *ipc_ns)
{
	if (ipc_ns->ns.ops)
		ipc_ns->ns.ops->put(&ipc_ns->ns);
}

static bool segment_ok(const char *text, u32 len)
{
	if (!len || len > LPC_NAME_MAX)
		return false;
	if (len == 1 && text[0] == '.')
		return false;
	return !(len == 2 && text[0] == '.' && text[1] == '.');
}

/**
 * lpc_name_check - is this a name?
 * @text: bytes 0x21 to 0x7e, segments parted by single '/'
 * @len: of @text, at most LPC_NAME_MAX
 *
 * Return: 0 or -EINVAL.
 */
int lpc_name_check(const char *text, u32 len)
{
	u32 i, start = 0;

	for (i = 0; i < len; i++) {
		if (text[i] < 0x21 || text[i] > 0x7e)
			return -EINVAL;
		if (text[i] != '/')
			continue;
		if (!segment_ok(text + start, i - start))
			return -EINVAL;
		start = i + 1;
	}
	return segment_ok(text + start, len - start) ? 0 : -EINVAL;
}

/* "user/<uid>/", the calling thread's number where the names live. */
static bool own_prefix(struct ipc_namespace *ipc_ns, const char *text)
{
	uid_t uid = from_kuid(ipc_ns->user_ns, current_fsuid());
	char prefix[sizeof("user/4294967295/")];

	if (uid == (uid_t)-1)
		return false;
	snprintf(prefix, sizeof(prefix), "user/%u/", uid);
	return strstarts(text, prefix);
}

/**
 * lpc_name_may_create - may the calling thread give a port this name?
 * @ipc_ns: where
 * @text: a valid name, NUL behind it
 * @len: of @text
 *
 * Return: 0 or -EACCES.
 */
int lpc_name_may_create(struct ipc_namespace *ipc_ns, const char *text,
			u32 len)
{
	if (own_prefix(ipc_ns, text) || lpc_ipc_capable(ipc_ns))
		return 0;
	return -EACCES;
}

/**
 * lpc_name_is_foreign_user - another user's name, whose existence is theirs?
 * @ipc_ns: where
 * @text: a valid name, NUL behind it
 */
bool lpc_name_is_foreign_user(struct ipc_namespace *ipc_ns, const char *text)
{
	return strstarts(text, "user/") && !own_prefix(ipc_ns, text);
}

static u32 name_key(const struct ipc_namespace *ipc_ns, const char *text,
		    u32 len)
{
	return jhash(text, len, (u32)(unsigned long)ipc_ns);
}

static struct lpc_name *find(struct ipc_namespace *ipc_ns, const char *text,
			     u32 len)
{
	struct lpc_name *name;
	u32 key = name_key(ipc_ns, text, len);

	lockdep_assert_held(&lpc_names_lock);
	hash_for_each_possible(lpc_names, name, node, key)
		if (name->ipc_ns == ipc_ns && name->len == len &&
		    !memcmp(name->text, text, len))
			return name;
	return NULL;
}

/* Who waits for this name looks once more. Locked. */
static void wake_waiters(const struct lpc_name *name)
{
	struct lpc_name_waiter *w, *next;

	lockdep_assert_held(&lpc_names_lock);
	lpc_name_added++;
	list_for_each_entry_safe(w, next, &lpc_name_waiters, node) {
		if (w->ipc_ns != name->ipc_ns || w->len != name->len ||
		    memcmp(w->text, name->text, w->len))
			continue;
		list_del_init(&w->node);
		lpc_waiter_wake(&w->waiter);
	}
}

/**
 * lpc_name_shown - it may be visible now to some that waited for it
 * @name: entered, or not
 */
void lpc_name_shown(const struct lpc_name *name)
{
	spin_lock(&lpc_names_lock);
	wake_waiters(name);
	spin_unlock(&lpc_names_lock);
}

/**
 * lpc_name_add - enter a name and wake who waits for it
 * @name: filled in but for @node
 *
 * Return: 0 or -EEXIST.
 */
int lpc_name_add(struct lpc_name *name)
{
	spin_lock(&lpc_names_lock);
	if (find(name->ipc_ns, name->text, name->len)) {
		spin_unlock(&lpc_names_lock);
		return -EEXIST;
	}
	hash_add(lpc_names, &name->node,
		 name_key(name->ipc_ns, name->text, name->len));
	wake_waiters(name);
	spin_unlock(&lpc_names_lock);
	return 0;
}

/**
 * lpc_name_del - free a name
 * @name: entered, or not any more
 */
void lpc_name_del(struct lpc_name *name)
{
	spin_lock(&lpc_names_lock);
	if (!hlist_unhashed(&name->node))
		hash_del(&name->node);
	spin_unlock(&lpc_names_lock);
}

/**
 * lpc_name_find - look a name up
 * @ipc_ns: where
 * @text: which
 * @len: of @text
 *
 * Return: with a reference on what it names; or NULL.
 */
struct lpc_name *lpc_name_find(struct ipc_namespace *ipc_ns, const char *text,
			       u32 len)
{
	struct lpc_name *name;

	spin_lock(&lpc_names_lock);
	name = find(ipc_ns, text, len);
	if (name && !name->get(name))
		name = NULL;
	spin_unlock(&lpc_names_lock);
	return name;
}

/**
 * lpc_name_changes - how often a name has appeared so far
 *
 * To be read before a name is looked up that lpc_name_wait() is to wait for.
 */
u64 lpc_name_changes(void)
{
	u64 added;

	spin_lock(&lpc_names_lock);
	added = lpc_name_added;
	spin_unlock(&lpc_names_lock);
	return added;
}

/**
 * lpc_name_wait - sleep until a name appears
 * @ipc_ns: where
 * @text: which
 * @len: of @text
 * @deadline: kernel nanoseconds
 * @seen: of lpc_name_changes(), before it was not found
 *
 * One that is there all along does not count: its owner may have hidden it.
 *
 * Return: 0 once it is worth another look; -ERESTARTSYS; -ETIMEDOUT.
 */
int lpc_name_wait(struct ipc_namespace *ipc_ns, const char *text, u32 len,
		  u64 deadline, u64 seen)
{
	struct lpc_name_waiter w = {
		.ipc_ns = ipc_ns, .text = text, .len = len,
	};
	int ret;

	lpc_waiter_arm(&w.waiter);
	spin_lock(&lpc_names_lock);
	if (lpc_name_added != seen) {
		spin_unlock(&lpc_names_lock);
		return 0;
	}
	list_add(&w.node, &lpc_name_waiters);
	spin_unlock(&lpc_names_lock);

	ret = lpc_wait(&w.waiter, deadline, NULL, NULL);

	spin_lock(&lpc_names_lock);
	if (w.waiter.done)
		ret = 0;
	else
		list_del(&w.node);
	spin_unlock(&lpc_names_lock);
	return ret;
}
