// SPDX-License-Identifier: MIT
/*
 * Errors in words. There is no record of what failed: the module is asked how
 * things stand now, which is what can be mended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lpc.h>
#include <lpc/raw.h>

#include "name.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0])) /* checkpatch: ARRAY_SIZE: this is it */

struct text {
	char	*at;
	size_t	room;
	size_t	len;
};

/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: user space has no such macros */
__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *fmt, ...)
{
	size_t used = t->len < t->room ? t->len : t->room;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->room ? t->at + used : NULL, t->room - used, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n;
}

static const struct {
	uint32_t	limit;
	const char	*what;
	const char	*remedy;
} limits[] = {
	{ LPC_LIMIT_PORTS, "ports of this user", "sysctl lpc.ports" },
	{ LPC_LIMIT_CONNS, "connections of this user", "sysctl lpc.connections" },
	{ LPC_LIMIT_USER_PENDING, "pending connects of this user", "sysctl lpc.user_pending" },
	{ LPC_LIMIT_NAME_WAITERS, "waits of this user for a name", "sysctl lpc.name_waiters" },
	{ LPC_LIMIT_WATCHES, "watches of this user", "sysctl lpc.watches" },
	{ LPC_LIMIT_SECTION_BYTES, "bytes of this user's sections", "sysctl lpc.section_bytes" },
	{ LPC_LIMIT_EVENT_PAIRS, "event pairs of this user", "sysctl lpc.event_pairs" },
};

/* Names the limits that are full; false: none of those that can be seen is. */
static bool put_full(struct text *t, int dev, const struct lpc_port_info *p)
{
	struct lpc_info i = { 0 };
	bool found = false;
	size_t k;

	if (p && p->pending >= p->backlog && p->backlog) {
		put(t, "%u of %u connects are pending: the server does not accept", p->pending,
		    p->backlog);
		found = true;
	}
	if (lpc_sys_info(dev, &i) < 0)
		return found;
	for (k = 0; k < COUNT(limits); k++) {
		const struct lpc_limit_value *v = &i.limits[limits[k].limit];

		if (!v->limit || v->in_use < v->limit)
			continue;
		put(t, "%s%llu of %llu %s are in use: %s", found ? "; " : "",
		    (unsigned long long)v->in_use, (unsigned long long)v->limit, limits[k].what,
		    limits[k].remedy);
		found = true;
	}
	return found;
}

static void put_nobufs(struct text *t, int dev, const struct lpc_port_info *p)
{
	if (put_full(t, dev, p))
		return;
	put(t, "a limit is reached: lpcctl limits shows them; else it is calls in flight");
	put(t, ", or the section is full");
}

static void put_access(struct text *t, const struct lpc_port_info *p)
{
	if (p)
		put(t, "its mode is %03o, owner %u, group %u: uid %u may not do this", p->mode,
		    p->owner, p->group, (unsigned int)geteuid());
	else if (access("/dev/lpc", R_OK | W_OK) < 0)
		put(t, "/dev/lpc is not open to uid %u: module parameters dev_mode and dev_gid",
		    (unsigned int)geteuid());
	else
		put(t, "its mode forbids it; a port of one's own has a name in self/");
}

static void put_too_long(struct text *t, const struct lpc_port_info *p)
{
	put(t, "too long: messages may have %u bytes or the section's, connect data %u",
	    p ? p->inline_max : LPC_INLINE_MAX, p ? p->connect_max : LPC_CONNECT_MAX);
}

static const struct {
	int		err;
	const char	*text;
} plain[] = {
	{ ENODEV, "there is no /dev/lpc: modprobe lpc (lpcctl doctor says why not)" },
	{ ENOENT, "no such port in this IPC namespace: is the server running? lpcctl list" },
	{ EEXIST, "the name is taken: lpcctl show tells by whom" },
	{ ECONNREFUSED, "the server refused this client, or went away before it accepted" },
	{ EPERM, "the server is not who this client requires" },
	{ EPIPE, "the peer has gone; no server saw the request, it may be sent again" },
	{ ECONNRESET, "the server went away with the request: it may have acted on it" },
	{ ETIMEDOUT, "the time limit was reached" },
	{ ECANCELED, "the caller gave up" },
	{ ESTALE, "nothing with that id waits for this: it is over" },
	{ ESHUTDOWN, "closed by this process, or shut down" },
	{ ECHILD, "made before fork(): a child makes its own" },
	{ EREMOTEIO, "the server answered with an error of its own" },
	{ EXDEV, "another process that shares the port accepted this client" },
	{ ENAMETOOLONG, "a port's name has at most 255 bytes" },
	{ ENOTTY, "not a descriptor of that kind" },
	{ ENOTCONN, "the handshake is not over" },
	{ EOPNOTSUPP, "this port, call or kernel cannot do that" },
	{ E2BIG, "an option that this library or module is too old for" },
	{ EINVAL, "malformed: a flag, a value, or a name with an empty part, '.' or '..'" },
	{ EAGAIN, "it would have to wait" },
	{ EINTR, "given up at a signal, as asked" },
	{ EBUSY, "another thread is doing this, or the server has this buffer still" },
	{ EMFILE, "this process has too many files open: ulimit -n" },
	{ ENFILE, "the machine has too many files open: sysctl fs.file-max" },
	{ ENOMEM, "out of memory" },
};

static void put_plain(struct text *t, int e)
{
	size_t k;

	for (k = 0; k < COUNT(plain); k++) {
		if (plain[k].err == e) {
			put(t, "%s", plain[k].text);
			return;
		}
	}
	put(t, "%s", strerrordesc_np(e) ? strerrordesc_np(e) : "unknown error");
}

/* What the caller may see of port @full; NULL: nothing. */
static const struct lpc_port_info *look(int dev, const char *full, struct lpc_port_info *p)
{
	struct lpc_query q = {
		.what = LPC_WHAT_PORT, .name = (uintptr_t)full, .name_len = (uint32_t)strlen(full),
		.out = (uintptr_t)p, .size = sizeof(*p),
	};

	return *full && dev >= 0 && !lpc_sys_query(dev, &q) ? p : NULL;
}

int lpc_explain(int err, const char *name, char *text, size_t room)
{
	struct lpc_port_info port = { 0 };
	const struct lpc_port_info *p;
	struct text t = { .at = text, .room = room };
	char full[LPC_NAME_MAX + 1] = "";
	int dev, e = err < 0 ? -err : err, saved = errno;

	if (name) {
		if (lpc_name_expand(name, full) < 0)
			full[0] = 0;
		put(&t, "%s: ", *full ? full : name);
	}
	dev = lpc_sys_open();
	p = look(dev, full, &port);
	if (!e)
		put(&t, "no error");
	else if (e == ENOBUFS && dev >= 0)
		put_nobufs(&t, dev, p);
	else if (e == EACCES)
		put_access(&t, p);
	else if (e == EMSGSIZE)
		put_too_long(&t, p);
	else
		put_plain(&t, e);
	if (dev >= 0)
		close(dev);
	errno = saved;
	return (int)t.len;
}
