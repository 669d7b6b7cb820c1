// SPDX-License-Identifier: MIT
/* Connection ports: made, taken over, closed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <lpc/raw.h>

#include "name.h"
#include "opts.h"
#include "port.h"

OPTS_NO_TAIL(lpc_port_opts, rights_len);

/* The library's entries are the kernel's, under names of their own. */
static_assert(sizeof(struct lpc_right) == sizeof(struct lpc_acl_entry) &&
	      offsetof(struct lpc_right, id) == offsetof(struct lpc_acl_entry, id) &&
	      LPC_REFUSE == LPC_ACL_DENY && LPC_TO_GROUP == LPC_ACL_GROUP &&
	      LPC_TO_CONNECT == LPC_RIGHT_CONNECT && LPC_TO_LOOK == LPC_RIGHT_QUERY &&
	      LPC_RIGHTS_MAX == LPC_ACL_MAX, "entries");

static struct lpc_port *port_new(void)
{
	struct lpc_port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->fd = -1;
	p->mark = lpc_fork_mark();
	if (!p->mark) {
		free(p);
		return NULL;
	}
	return p;
}

void lpc_port_close(struct lpc_port *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	lpc_fork_unmark(p->mark);
	free(p);
}

static int fill(struct lpc_create *a, const struct lpc_port_opts *opts)
{
	struct lpc_port_opts o;
	int r;

	r = lpc_opts_read(&o, sizeof(o), opts);
	if (r < 0)
		return r;
	if (o.flags & ~(uint64_t)(LPC_OPEN_OWNER | LPC_OPEN_CANCELED | LPC_OPEN_SPIN))
		return -EINVAL;
	a->flags = (o.flags & LPC_OPEN_OWNER ? LPC_PORT_OWNER : 0) |
		   (o.flags & LPC_OPEN_CANCELED ? LPC_PORT_CANCELED : 0) |
		   (o.flags & LPC_OPEN_SPIN ? LPC_PORT_SPIN : 0);
	a->mode = o.mode;
	a->owner = o.owner;
	a->group = o.group;
	a->inline_max = o.max_msg;
	a->connect_max = o.connect_max;
	a->backlog = o.backlog;
	if (o.rights_len > LPC_RIGHTS_MAX)
		return -EINVAL;
	a->acl = (uintptr_t)o.rights;
	a->acl_count = (uint32_t)o.rights_len;
	return 0;
}

static int create(struct lpc_port **out, struct lpc_create *a)
{
	struct lpc_port *p;
	int r, dev = lpc_sys_open();

	if (dev < 0)
		return dev;
	p = port_new();
	r = p ? lpc_sys_create(dev, a) : -ENOMEM;
	close(dev);
	if (r < 0) {
		lpc_port_close(p);
		return r;
	}
	p->fd = a->fd;
	p->limit = a->inline_max ? a->inline_max : LPC_INLINE_MAX;
	p->pair = a->flags & LPC_PORT_PAIR;
	*out = p;
	return 0;
}

int lpc_port_open(struct lpc_port **p, const char *name, const struct lpc_port_opts *o)
{
	struct lpc_create a = { 0 };
	char full[LPC_NAME_MAX + 1];
	int r;

	r = fill(&a, o);
	if (!r)
		r = lpc_name_expand(name, full);
	if (r < 0)
		return r;
	if (!r)
		return -EINVAL;
	a.name = (uintptr_t)full;
	a.name_len = (uint32_t)r;
	return create(p, &a);
}

int lpc_pair(struct lpc_port **p, int *client_fd, const struct lpc_port_opts *o)
{
	struct lpc_create a = { 0 };
	int r;

	r = fill(&a, o);
	if (r < 0)
		return r;
	a.flags |= LPC_PORT_PAIR;
	a.context = PAIR_CONTEXT;
	r = create(p, &a);
	if (!r)
		*client_fd = a.client_fd;
	return r;
}

int lpc_port_take(struct lpc_port **out, int fd)
{
	struct lpc_port_info i = { 0 };
	struct lpc_query q = {
		.what = LPC_WHAT_PORT, .out = (uintptr_t)&i, .size = sizeof(i),
	};
	struct lpc_accept probe = { .flags = LPC_ACCEPT_REFUSE };
	struct lpc_port *p;
	int r;

	r = lpc_sys_query(fd, &q);
	if (r < 0)
		return r == -EINVAL ? -ENOTTY : r;
	/* an end knows its port too, but does not accept: no request has id 0 */
	if (lpc_sys_accept(fd, &probe) == -ENOTTY)
		return -ENOTTY;
	p = port_new();
	if (!p)
		return -ENOMEM;
	p->fd = fd;
	p->limit = i.inline_max ? i.inline_max : LPC_INLINE_MAX;
	p->pair = i.flags & LPC_PORT_PAIR;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*out = p;
	return 0;
}

int lpc_port_fd(struct lpc_port *p)
{
	return lpc_forked(p->mark) ? -ECHILD : p->fd;
}
