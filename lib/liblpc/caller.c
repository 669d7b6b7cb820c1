// SPDX-License-Identifier: MIT
/* Who sent a request, beyond what came with it: asked while its sender waits. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server.h"

/* The port of a kept request may be closed meanwhile: see kept.c. */
static int query(const struct request *q, struct lpc_query *a)
{
	struct lpc_server *s = q->kind == REQUEST_KEPT ? lpc_kept_server(q) : NULL;
	int r;

	if (s && !lpc_gate_enter(&s->gate))
		return -ESHUTDOWN;
	r = lpc_sys_query(q->fd, a);
	if (s)
		lpc_gate_leave(&s->gate);
	return r;
}

static bool is_waited_for(const struct lpc_req *r)
{
	const struct request *q = (const struct request *)r;

	return !(r->flags & (LPC_REQ_DATAGRAM | LPC_REQ_ASYNC)) &&
	       (q->kind == REQUEST_SERVED || q->kind == REQUEST_KEPT || q->kind == REQUEST_CLIENT);
}

static int ask(const struct lpc_req *r, struct lpc_query *a, struct lpc_caller_info *info)
{
	const struct request *q = (const struct request *)r;
	int ret;

	if (!is_waited_for(r))
		return -EOPNOTSUPP;
	a->what = LPC_WHAT_CALLER;
	a->id = q->callback ? q->callback : q->id;
	a->out = (uintptr_t)info;
	a->size = sizeof(*info);
	while ((ret = query(q, a)) == -EINTR)
		;
	/* a module that is older knows neither the question nor the longer one */
	return ret == -E2BIG ? -EOPNOTSUPP : ret;
}

int lpc_req_capable(const struct lpc_req *r, unsigned int capability)
{
	struct lpc_query a = { .flags = LPC_QUERY_CAPABLE, .capability = capability };
	struct lpc_caller_info info = { 0 };
	int ret = ask(r, &a, &info);

	return ret < 0 ? ret : !!(info.status & LPC_CALLER_CAPABLE);
}

int lpc_req_pidfd(const struct lpc_req *r)
{
	struct lpc_caller_info info = { 0 };
	struct lpc_query a = { 0 };
	int ret, fd, saved = errno;

	if (!is_waited_for(r))
		return -EOPNOTSUPP;
	if (r->cred.pid <= 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, r->cred.pid, 0);
	if (fd < 0) {
		ret = -errno;
		errno = saved;
		return ret;
	}
	ret = ask(r, &a, &info);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}
