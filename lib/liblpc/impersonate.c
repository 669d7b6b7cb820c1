// SPDX-License-Identifier: MIT
/*
 * A thread that acts for its client, and comes back.
 *
 * The module says which ids the client allows; these are applied here with the
 * kernel's own system calls, and to this thread alone: those of the C library
 * change all threads of the process. The effective capabilities are emptied, so
 * that what the client may not, root may not for it.
 *
 * On the way back nothing but the groups comes from memory: whatever the thread
 * has given up meanwhile stays given up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server.h"

/* The calls that take 32-bit ids, where there are older ones. */
#ifdef SYS_setgroups32
#define SYS_set_groups	SYS_setgroups32
#define SYS_set_fsuid	SYS_setfsuid32
#define SYS_set_fsgid	SYS_setfsgid32
#else
#define SYS_set_groups	SYS_setgroups
#define SYS_set_fsuid	SYS_setfsuid
#define SYS_set_fsgid	SYS_setfsgid
#endif

#define CAP_WORDS	2
#define FIRST_ROOM	32u	/* groups that most clients have no more than */
#define TRIES		8	/* for a client whose groups grow meanwhile */

/**
 * struct groups - a thread's supplementary groups
 * @n: how many
 */
struct groups {
	size_t	n;
	gid_t	*list;
};

/**
 * struct lpc_self - what a thread was
 * @tid: the thread
 * @at: where the worker that it is remembers this, or NULL
 * @effective: its effective capabilities
 * @own: its groups
 * @taken: those of the client
 */
struct lpc_self {
	pid_t			tid;
	struct lpc_self		**at;
	uint32_t		effective[CAP_WORDS];
	struct groups		own;
	struct groups		taken;
};

static int caps_get(struct __user_cap_data_struct *caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &head, caps) < 0 ? -errno : 0;
}

/* The effective set becomes what @want has of the permitted one; NULL: nothing. */
static int caps_set(const uint32_t *want)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[CAP_WORDS];
	int i, r = caps_get(caps);

	if (r < 0)
		return r;
	for (i = 0; i < CAP_WORDS; i++)
		caps[i].effective = want ? want[i] & caps[i].permitted : 0;
	return syscall(SYS_capset, &head, caps) < 0 ? -errno : 0;
}

static int groups_set(const struct groups *g)
{
	return syscall(SYS_set_groups, g->n, g->list) < 0 ? -errno : 0;
}

static int groups_get(struct groups *g)
{
	int n = getgroups(0, NULL);

	if (n < 0)
		return -errno;
	g->list = malloc(((size_t)n + 1) * sizeof(gid_t));
	if (!g->list)
		return -ENOMEM;
	n = getgroups(n, g->list);
	if (n < 0)
		return -errno;
	g->n = (size_t)n;
	return 0;
}

static int compare(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

/* The kernel keeps them in an order of its own. */
static bool groups_same(struct groups *a, struct groups *b)
{
	if (a->n != b->n)
		return false;
	qsort(a->list, a->n, sizeof(gid_t), compare);
	qsort(b->list, b->n, sizeof(gid_t), compare);
	return !a->n || !memcmp(a->list, b->list, a->n * sizeof(gid_t));
}

/* These two say nothing of failure: the id is read back. */
static int fsuid_set(uid_t uid)
{
	syscall(SYS_set_fsuid, uid);
	return (uid_t)syscall(SYS_set_fsuid, -1) == uid ? 0 : -EPERM;
}

static int fsgid_set(gid_t gid)
{
	syscall(SYS_set_fsgid, gid);
	return (gid_t)syscall(SYS_set_fsgid, -1) == gid ? 0 : -EPERM;
}

static void self_free(struct lpc_self *self)
{
	if (self->at)
		*self->at = NULL;
	free(self->own.list);
	free(self->taken.list);
	free(self);
}

static int self_new(struct lpc_self **out)
{
	struct __user_cap_data_struct caps[CAP_WORDS];
	struct lpc_self *self = calloc(1, sizeof(*self));
	int i, r;

	if (!self)
		return -ENOMEM;
	self->tid = gettid();
	r = caps_get(caps);
	for (i = 0; i < CAP_WORDS && !r; i++)
		self->effective[i] = caps[i].effective;
	if (!r)
		r = groups_get(&self->own);
	if (r < 0) {
		self_free(self);
		return r;
	}
	*out = self;
	return 0;
}

/* Asks the module. The groups are as many as they are. */
static int ask(struct lpc_self *self, int fd, struct lpc_impersonate *a)
{
	uint32_t room = FIRST_ROOM;
	int tries, r;

	for (tries = 0; tries < TRIES; tries++) {
		gid_t *list = realloc(self->taken.list, room * sizeof(gid_t));

		if (!list)
			return -ENOMEM;
		self->taken.list = list;
		a->groups = (uintptr_t)list;
		a->room = room;
		r = lpc_sys_impersonate(fd, a);
		if (r != -EMSGSIZE)
			break;
		room = a->count;
	}
	if (!r)
		self->taken.n = a->count;
	return r;
}

/* Groups that are not the client's any more somebody has set since. */
static int groups_back(struct lpc_self *self)
{
	struct groups now = { 0 };
	int r = groups_get(&now);

	if (!r && groups_same(&now, &self->taken))
		r = groups_set(&self->own);
	free(now.list);
	return r;
}

/* All is tried, the first failure told. The change of fsuid drops capabilities. */
static int come_back(struct lpc_self *self)
{
	int first = caps_set(self->effective), r;

	r = groups_back(self);
	first = first ? first : r;
	r = fsgid_set(getegid());
	first = first ? first : r;
	r = fsuid_set(geteuid());
	first = first ? first : r;
	r = caps_set(self->effective);
	return first ? first : r;
}

static int take_on(struct lpc_self *self, const struct lpc_impersonate *a)
{
	int r = groups_set(&self->taken);

	if (r < 0)
		return r;
	r = fsgid_set(a->gid);
	if (!r)
		r = fsuid_set(a->uid);
	if (!r)
		r = caps_set(NULL);
	if (r < 0)
		come_back(self);
	return r;
}

int lpc_impersonate_on(struct lpc_self **out, int fd, uint64_t id, uint64_t callback)
{
	struct lpc_impersonate a = { .id = id, .callback = callback };
	struct lpc_self *self;
	int r, saved = errno;

	r = self_new(&self);
	if (!r) {
		r = ask(self, fd, &a);
		if (!r)
			r = take_on(self, &a);
		if (r < 0)
			self_free(self);
		else
			*out = self;
	}
	errno = saved;
	return r;
}

int lpc_revert(struct lpc_self *self)
{
	int r, saved = errno;

	if (!self)
		return 0;
	if (self->tid != gettid())
		return -EINVAL;
	r = come_back(self);
	self_free(self);
	errno = saved;
	return r;
}

/* Its thread is at its end. @self may be NULL. */
void lpc_self_forget(struct lpc_self *self)
{
	if (self)
		self_free(self);
}

/* The server remembers it, for a handler that forgets. */
static int in_handler(const struct request *q, struct lpc_self **self)
{
	int r, fd = atomic_load(&q->owner->fd);
	struct worker *w = q->worker;

	if (w->self)
		return -EBUSY;
	if (fd < 0)
		return -EOPNOTSUPP;	/* an lpc_pair() has no server end */
	r = lpc_impersonate_on(self, fd, q->id, q->callback);
	if (!r) {
		w->self = *self;
		w->self->at = &w->self;
	}
	return r;
}

int lpc_impersonate(struct lpc_req *r, struct lpc_self **self)
{
	struct request *q = request_of(r);

	if (r->flags & (LPC_REQ_DATAGRAM | LPC_REQ_ASYNC))
		return -EOPNOTSUPP;
	if (q->kind == REQUEST_KEPT)
		return lpc_kept_impersonate(q, self);
	if (q->kind != REQUEST_SERVED || !q->owner)
		return -EOPNOTSUPP;
	return in_handler(q, self);
}
