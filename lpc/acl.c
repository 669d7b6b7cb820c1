// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may connect to a port and query it: a list of entries, then owner, group
 * and other as for files. Ids are kept as the kernel knows them and given and
 * shown in the user namespace of who asks.
 */
#include <linux/cred.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "acl.h"
#include "limits.h"

static int read_entry(struct lpc_acl *to, const struct lpc_acl_entry *from)
{
	struct user_namespace *ns = current_user_ns();

	if (from->flags & ~LPC_MASK_ACL || !from->rights ||
	    from->rights & ~LPC_MASK_RIGHTS)
		return -EINVAL;
	to->flags = from->flags;
	to->rights = from->rights;
	if (from->flags & LPC_ACL_GROUP) {
		to->gid = make_kgid(ns, from->id);
		return gid_valid(to->gid) ? 0 : -EINVAL;
	}
	to->uid = make_kuid(ns, from->id);
	return uid_valid(to->uid) ? 0 : -EINVAL;
}

/**
 * lpc_acl_read - take a list as the calling thread gives it
 * @access: its list is replaced, on success alone all of it
 * @list: copied in
 * @count: at most LPC_ACL_MAX
 *
 * Return: 0 or -EINVAL, for an id without a mapping too.
 */
int lpc_acl_read(struct lpc_access *access, const struct lpc_acl_entry *list,
		 u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (read_entry(&access->acl[i], &list[i]))
			return -EINVAL;
	access->count = count;
	return 0;
}

/**
 * lpc_acl_show - a list as one reader sees it
 * @access: whose list
 * @ns: the reader's
 * @list: LPC_ACL_MAX of them, all written
 */
void lpc_acl_show(const struct lpc_access *access, struct user_namespace *ns,
		  struct lpc_acl_entry *list)
{
	const struct lpc_acl *acl;
	u32 i;

	memset(list, 0, LPC_ACL_MAX * sizeof(*list));
	for (i = 0; i < access->count; i++) {
		acl = &access->acl[i];
		list[i].flags = acl->flags;
		list[i].rights = acl->rights;
		if (acl->flags & LPC_ACL_GROUP)
			list[i].id = from_kgid(ns, acl->gid);
		else
			list[i].id = from_kuid(ns, acl->uid);
	}
}

static bool is_about_me(const struct lpc_acl *acl)
{
	return acl->flags & LPC_ACL_GROUP ? in_group_p(acl->gid) :
	       uid_eq(acl->uid, current_fsuid());
}

/**
 * lpc_access_allows - does this give the calling thread a right?
 * @access: the port's
 * @want: LPC_MAY_CONNECT or LPC_MAY_QUERY, one of them
 *
 * The first entry that fits decides; then the first class that does.
 */
bool lpc_access_allows(const struct lpc_access *access, u32 want)
{
	u32 mode = access->mode, i;

	for (i = 0; i < access->count; i++)
		if (access->acl[i].rights & want && is_about_me(&access->acl[i]))
			return !(access->acl[i].flags & LPC_ACL_DENY);
	if (uid_eq(access->owner, current_fsuid()))
		mode >>= 6;
	else if (in_group_p(access->group))
		mode >>= 3;
	return mode & want;
}
