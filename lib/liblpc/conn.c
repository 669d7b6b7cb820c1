// SPDX-License-Identifier: MIT
/* Connections of a client: made, made again, ended. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lpc/raw.h>

#include "async.h"
#include "conn.h"
#include "message.h"
#include "name.h"
#include "opts.h"
#include "section.h"

OPTS_NO_TAIL(lpc_connect_opts, section);

#define CONNECT_FLAGS ((uint64_t)(LPC_WAIT_NAME | LPC_SERVER_UID | LPC_SERVER_GID | \
				  LPC_SERVER_PID | LPC_SAME_SERVER | LPC_LET_IMPERSONATE | \
				  LPC_LET_DYNAMIC | LPC_LET_ANONYMOUS))

static uint32_t kernel_flags(uint64_t f)
{
	return (f & LPC_WAIT_NAME ? LPC_CONNECT_WAIT_NAME : 0) |
	       (f & LPC_SERVER_UID ? LPC_CONNECT_SERVER_UID : 0) |
	       (f & LPC_SERVER_GID ? LPC_CONNECT_SERVER_GID : 0) |
	       (f & LPC_SERVER_PID ? LPC_CONNECT_SERVER_PID : 0) |
	       (f & LPC_SAME_SERVER ? LPC_CONNECT_SAME_SERVER : 0);
}

/* What the server may do with who this is says either of the two, or nothing. */
static bool security_is_sound(uint64_t f)
{
	f &= LPC_LET_IMPERSONATE | LPC_LET_DYNAMIC | LPC_LET_ANONYMOUS;
	return f != LPC_LET_DYNAMIC && (f == LPC_LET_ANONYMOUS || !(f & LPC_LET_ANONYMOUS));
}

/**
 * struct end - what a handshake brings
 * @fd: the client end
 * @server: who made the port
 * @section: that the server has taken, or NULL
 */
struct end {
	int		fd;
	struct lpc_cred	server;
	struct section	*section;
};

/* @given: a section's descriptor, or -1 */
static void fill(struct lpc_connect *a, const char *name, const struct lpc_connect_opts *o,
		 int given)
{
	memset(a, 0, sizeof(*a));
	a->flags = kernel_flags(o->flags);
	a->name = (uintptr_t)name;
	a->name_len = (uint32_t)strlen(name);
	a->data = (uintptr_t)o->data;
	a->data_len = (uint32_t)o->len;
	if (o->answer && o->answer_len) {
		a->answer = (uintptr_t)o->answer;
		a->answer_room = *o->answer_len > UINT32_MAX ? UINT32_MAX :
				 (uint32_t)*o->answer_len;
	}
	a->deadline = o->deadline;
	if (o->flags & LPC_LET_IMPERSONATE)
		a->level = LPC_LEVEL_IMPERSONATE;
	if (o->flags & LPC_LET_ANONYMOUS)
		a->level = LPC_LEVEL_ANONYMOUS;
	if (o->flags & LPC_LET_DYNAMIC)
		a->tracking = LPC_TRACK_DYNAMIC;
	if (o->flags & LPC_SERVER_UID)
		a->server_uid = o->server_uid;
	if (o->flags & LPC_SERVER_GID)
		a->server_gid = o->server_gid;
	if (o->flags & LPC_SERVER_PID)
		a->server_pid = (uint32_t)o->server_pid;
	if (given >= 0) {
		a->flags |= LPC_CONNECT_VIEW;
		a->own.fd = given;
	}
}

/*
 * The section to give, as a descriptor, or -1 in *@given. The default one is a
 * convenience: where it is not to be had, messages are short.
 */
static int make_section(int dev, size_t size, int *given, struct section **s)
{
	int fd;

	*given = -1;
	*s = NULL;
	if (size == LPC_NO_SECTION)
		return 0;
	*s = lpc_section_new();
	if (!*s)
		return -ENOMEM;
	fd = lpc_section_make(dev, size ? size : LPC_SECTION_DEFAULT);
	if (fd >= 0) {
		*given = fd;
		return 0;
	}
	lpc_section_free(*s);
	*s = NULL;
	return !size && (fd == -ENOBUFS || fd == -ENOMEM || fd == -EOPNOTSUPP) ? 0 : fd;
}

/* Was it mapped, and has the server taken it? If not, nobody needs it. */
static struct section *keep_section(struct section *s, const struct lpc_view *own)
{
	if (!s)
		return NULL;
	if (own->base)
		lpc_section_map(s, (void *)(uintptr_t)own->base, own->size);
	if (own->base && own->flags & LPC_VIEW_SHARED)
		return s;
	lpc_section_free(s);
	return NULL;
}

/*
 * After EINTR the same struct waits on, if the server may have seen the
 * request; else the request was withdrawn and is made anew.
 */
static int handshake(int dev, const char *name, const struct lpc_connect_opts *o, struct end *e)
{
	struct lpc_connect a;
	struct section *s;
	int r, given;

	r = make_section(dev, o->section, &given, &s);
	if (r < 0)
		return r;
	fill(&a, name, o, given);
	while ((r = lpc_sys_connect(dev, &a)) == -EINTR)
		if (!(a.status & LPC_PENDING))
			fill(&a, name, o, given);
	if (given >= 0)
		close(given);
	if (o->answer_len && (!r || r == -ECONNREFUSED))
		*o->answer_len = a.answer_len;
	if (r < 0) {
		if (s)
			lpc_section_free(s);
		return r;
	}
	e->fd = a.fd;
	e->server = cred_of(a.server_pid, a.server_uid, a.server_gid);
	e->section = keep_section(s, &a.own);
	return 0;
}

static int connect_end(const char *name, const struct lpc_connect_opts *o, struct end *e)
{
	int r, dev = lpc_sys_open();

	if (dev < 0)
		return dev;
	r = handshake(dev, name, o, e);
	close(dev);
	return r;
}

static struct lpc_conn *conn_new(const struct lpc_connect_opts *o)
{
	struct lpc_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->mark = lpc_fork_mark();
	if (!c->mark) {
		free(c);
		return NULL;
	}
	c->fd = -1;
	c->old = -1;
	c->call_ms = o->call_ms;
	c->handler = o->handler;
	c->arg = o->arg;
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->reconnect, NULL);
	lpc_calls_init(&c->calls);
	return c;
}

void lpc_conn_free(struct lpc_conn *c)
{
	lpc_section_leave(c->section);
	if (c->fd >= 0)
		close(c->fd);
	if (c->old >= 0)
		close(c->old);
	lpc_calls_free(&c->calls);
	lpc_fork_unmark(c->mark);
	free((void *)c->how.data);
	free(c->name);
	free(c);
}

/* Keeps what lpc_reconnect() will need: the options outlive their caller. */
static int remember(struct lpc_conn *c, const char *name, const struct lpc_connect_opts *o)
{
	c->how = *o;
	c->how.data = NULL;
	c->how.answer = NULL;
	c->how.answer_len = NULL;
	c->name = strdup(name);
	if (!c->name)
		return -ENOMEM;
	if (o->len) {
		void *data = malloc(o->len);

		if (!data)
			return -ENOMEM;
		memcpy(data, o->data, o->len);
		c->how.data = data;
	}
	return 0;
}

int lpc_connect(struct lpc_conn **out, const char *name, const struct lpc_connect_opts *opts)
{
	struct lpc_connect_opts o;
	char full[LPC_NAME_MAX + 1];
	struct lpc_conn *c;
	struct end e;
	int r;

	r = lpc_opts_read(&o, sizeof(o), opts);
	if (r < 0)
		return r;
	if (o.flags & ~CONNECT_FLAGS || o.reserved || !security_is_sound(o.flags))
		return -EINVAL;
	if (o.len > LPC_CONNECT_MAX)
		return -EMSGSIZE;
	r = lpc_name_expand(name, full);
	if (r < 0)
		return r;
	c = conn_new(&o);
	if (!c)
		return -ENOMEM;
	r = remember(c, full, &o);
	if (!r)
		r = connect_end(full, &o, &e);
	if (r < 0) {
		lpc_conn_free(c);
		return r;
	}
	c->fd = e.fd;
	c->server = e.server;
	c->section = e.section;
	if (c->section)
		lpc_section_join(c->section, c->fd);
	*out = c;
	return 0;
}

static int query(int fd, uint32_t what, void *out, uint32_t size)
{
	struct lpc_query q = { .what = what, .out = (uintptr_t)out, .size = size };

	return lpc_sys_query(fd, &q);
}

int lpc_conn_take(struct lpc_conn **out, int fd, const struct lpc_connect_opts *opts)
{
	struct lpc_connect_opts o;
	struct lpc_conn_info conn = { 0 };
	struct lpc_port_info port = { 0 };
	struct lpc_conn *c;
	int r;

	r = lpc_opts_read(&o, sizeof(o), opts);
	if (r < 0)
		return r;
	if (o.flags || o.deadline || o.data || o.len || o.answer || o.answer_len || o.reserved ||
	    (o.section && o.section != LPC_NO_SECTION))
		return -EINVAL;
	r = query(fd, LPC_WHAT_CONN, &conn, sizeof(conn));
	if (r < 0)
		return r == -EINVAL || r == -EOPNOTSUPP ? -ENOTTY : r;
	if (conn.state < LPC_CONN_CONNECTED)
		return -ENOTCONN;
	if (query(fd, LPC_WHAT_PORT, &port, sizeof(port)) < 0) {
		port.server_pid = conn.server_pid;
		port.server_uid = conn.server_uid;
		port.server_gid = (uint32_t)-1;
	}
	c = conn_new(&o);
	if (!c)
		return -ENOMEM;
	c->fd = fd;
	c->server = cred_of(port.server_pid, port.server_uid, port.server_gid);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*out = c;
	return 0;
}

/* The innermost callback that the thread is in */
static _Thread_local const struct calling_back *calling_back;

void lpc_conn_callback_begin(struct calling_back *b, int fd)
{
	b->fd = fd;
	b->outer = calling_back;
	calling_back = b;
}

void lpc_conn_callback_end(const struct calling_back *b)
{
	calling_back = b->outer;
}

static bool in_callback(const struct lpc_conn *c)
{
	const struct calling_back *b = calling_back;

	while (b && b->fd != c->fd)
		b = b->outer;
	return b;
}

static bool in_dispatch(struct lpc_conn *c)
{
	return atomic_load(&c->dispatcher) == lpc_self();
}

/*
 * The gate has counted the caller and is not open. Who is inside already does not
 * wait: the one who connects again waits for him to leave.
 */
int lpc_conn_enter_late(struct lpc_conn *c)
{
	if (!lpc_gate_is_closed(&c->gate) && (in_callback(c) || in_dispatch(c)))
		return 0;
	return lpc_gate_wait_open(&c->gate) ? 0 : -ESHUTDOWN;
}

static bool server_gone(int fd)
{
	struct pollfd p = { .fd = fd };
	int saved = errno, n = poll(&p, 1, 0);

	errno = saved;
	return n == 1 && p.revents & (POLLHUP | POLLERR);
}

/*
 * Puts the end @e in the place of the old one. Nobody else is inside then: a
 * call that was interrupted and waits on must not find another connection under
 * its descriptor. The old end stays for the calls that ended on it, the old
 * section for who has a piece of it: it may not ask the new end about that.
 */
static int replace_end(struct lpc_conn *c, struct end *e)
{
	int r = 0, saved = errno;

	lpc_gate_pause(&c->gate, in_dispatch(c) ? 2 : 1);
	pthread_mutex_lock(&c->lock);
	if (c->old >= 0)
		close(c->old);
	c->old = c->calls.used ? fcntl(c->fd, F_DUPFD_CLOEXEC, 0) : -1;
	lpc_section_leave(c->section);
	c->section = NULL;
	if (dup3(e->fd, c->fd, O_CLOEXEC) < 0) {
		r = -errno;
	} else {
		c->calls.epoch++;
		c->calls.stale = c->calls.used;
		c->server = e->server;
		c->section = e->section;
		e->section = NULL;
		if (c->section)
			lpc_section_join(c->section, c->fd);
	}
	pthread_mutex_unlock(&c->lock);
	lpc_gate_resume(&c->gate);
	close(e->fd);
	lpc_section_leave(e->section);
	errno = saved;
	return r;
}

int lpc_reconnect(struct lpc_conn *c, uint64_t deadline)
{
	struct lpc_connect_opts how;
	struct end e;
	int r;

	r = lpc_conn_enter(c);
	if (r < 0)
		return r;
	if (!c->name)
		return (int)lpc_conn_leave(c, -EOPNOTSUPP);
	/* Another thread that is at it waits for this one to leave. */
	if (in_callback(c))
		return (int)lpc_conn_leave(c, server_gone(c->fd) ? -EDEADLK : 0);
	if (!in_dispatch(c))
		pthread_mutex_lock(&c->reconnect);
	else if (pthread_mutex_trylock(&c->reconnect))
		return (int)lpc_conn_leave(c, -EALREADY);
	if (lpc_gate_is_closed(&c->gate)) {
		r = -ESHUTDOWN;
	} else if (server_gone(c->fd)) {
		how = c->how;
		how.deadline = deadline;
		r = connect_end(c->name, &how, &e);
		if (!r)
			r = replace_end(c, &e);
	}
	pthread_mutex_unlock(&c->reconnect);
	return (int)lpc_conn_leave(c, r);
}

int lpc_conn_server(struct lpc_conn *c, struct lpc_cred *who)
{
	if (lpc_forked(c->mark))
		return -ECHILD;
	pthread_mutex_lock(&c->lock);
	*who = c->server;
	pthread_mutex_unlock(&c->lock);
	return 0;
}

int lpc_conn_fd(struct lpc_conn *c)
{
	return lpc_forked(c->mark) ? -ECHILD : c->fd;
}

void lpc_conn_close(struct lpc_conn *c)
{
	struct lpc_shutdown all = { .flags = LPC_SHUT_ALL };
	uint32_t own;

	if (!c)
		return;
	if (lpc_forked(c->mark)) {
		lpc_conn_free(c);
		return;
	}
	own = in_dispatch(c) ? 1 : 0;
	if (lpc_gate_shut(&c->gate) > own)
		lpc_sys_shutdown(c->fd, &all);
	lpc_gate_drain(&c->gate, own);
	lpc_calls_end(c, -ESHUTDOWN, UINT32_MAX);
	if (own)
		c->doomed = true;
	else
		lpc_conn_free(c);
}
