// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.c - what the module tells: INFO, LIST, QUERY
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel.h"

#define LIST_CHUNK	64

static const struct {
	const char *words, *sysctl;
} limits[LPC_LIMIT_MAX] = {
	[LPC_LIMIT_PORTS]		= { "ports you have made", "lpc.ports" },
	[LPC_LIMIT_CONNS]		= { "connections you have made", "lpc.connections" },
	[LPC_LIMIT_PORT_CONNS]		= { "connections on one port", "lpc.port_connections" },
	[LPC_LIMIT_PENDING]		= { "connects pending on one port", "lpc.pending" },
	[LPC_LIMIT_USER_PENDING]	= { "connects you have pending", "lpc.user_pending" },
	[LPC_LIMIT_SHARE]		= { "percent of a port for one user", "lpc.port_share" },
	[LPC_LIMIT_NAME_WAITERS]	= { "threads that wait for a name", "lpc.name_waiters" },
	[LPC_LIMIT_DATAGRAMS]		= { "datagrams queued on a connection", "lpc.datagrams" },
	[LPC_LIMIT_CALLS]		= { "calls in progress on a connection", "lpc.calls" },
	[LPC_LIMIT_CALLBACK_DEPTH]	= { "nested callbacks", "lpc.callback_depth" },
	[LPC_LIMIT_WATCHES]		= { "watches you have registered", "lpc.watches" },
	[LPC_LIMIT_SECTION_BYTES]	= { "bytes you have in sections", "lpc.section_bytes" },
	[LPC_LIMIT_SECTION]		= { "bytes of one section", "lpc.section_max" },
	[LPC_LIMIT_EVENT_PAIRS]		= { "event pairs you have made", "lpc.event_pairs" },
	[LPC_LIMIT_QUICK]		= { "quick channels on a connection", "lpc.quick" },
};

int kern_open(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	fd = open(LPC_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
}

static int call(unsigned long cmd, void *arg)
{
	int fd = kern_open(), r;

	if (fd < 0)
		return fd;
	do
		r = ioctl(fd, cmd, arg);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int kern_info(struct lpc_info *info)
{
	*info = (struct lpc_info){ .flags = 0 };
	return call(LPC_IOC_INFO, info);
}

uint64_t kern_message_max(void)
{
	struct lpc_info info;
	uint64_t max;

	if (kern_info(&info) < 0 || !(info.features & LPC_HAS_SECTIONS))
		return LPC_INLINE_MAX;
	max = info.limits[LPC_LIMIT_SECTION].limit;
	return max < UINT32_MAX ? max : UINT32_MAX;
}

int kern_list(uint32_t what, uint64_t port, struct kern_list *list)
{
	size_t size = what == LPC_WHAT_PORT ? sizeof(struct lpc_port_info) :
		      what == LPC_WHAT_CONN ? sizeof(struct lpc_conn_info) :
					      sizeof(struct lpc_call_info);
	struct lpc_list l = {
		.what = what, .port = port, .size = (uint32_t)size, .count = LIST_CHUNK,
	};
	int r;

	*list = (struct kern_list){ .n = 0 };
	for (;;) {
		char *more = realloc(list->v, (list->n + LIST_CHUNK) * size);

		if (!more)
			return -ENOMEM;
		list->v = more;
		l.out = (uintptr_t)(more + list->n * size);
		l.count = LIST_CHUNK;
		l.hidden = 0;
		r = call(LPC_IOC_LIST, &l);
		if (r < 0 || l.count == 0)
			break;
		list->n += l.count;
		list->hidden += l.hidden;
	}
	if (r == 0)
		list->hidden += l.hidden;
	return r;
}

int kern_port(const char *name, bool wait, uint64_t deadline, struct lpc_port_info *port)
{
	struct lpc_query q = {
		.what = LPC_WHAT_PORT,
		.flags = wait ? LPC_QUERY_WAIT_NAME : 0,
		.name = (uintptr_t)name, .name_len = (uint32_t)strlen(name),
		.size = sizeof(*port), .out = (uintptr_t)port,
		.deadline = deadline,
	};

	memset(port, 0, sizeof(*port));
	return call(LPC_IOC_QUERY, &q);
}

int kern_security(const char *name, struct lpc_security *s, struct lpc_acl_entry *acl)
{
	s->name = (uintptr_t)name;
	s->name_len = (uint32_t)strlen(name);
	s->acl = (uintptr_t)acl;
	if (!(s->flags & LPC_SECURITY_ACL))
		s->count = LPC_ACL_MAX;
	return call(LPC_IOC_SECURITY, s);
}

int kern_try_create(void)
{
	struct lpc_create c = { .flags = LPC_PORT_PAIR };
	int r = call(LPC_IOC_CREATE, &c);

	if (r == 0) {
		close(c.client_fd);
		close(c.fd);
	}
	return r;
}

/* Segments between single '/', none empty, "." or "..". */
static bool valid(const char *name)
{
	for (;; name++) {
		size_t n = strcspn(name, "/");

		if (n == 0 || (n == 1 && name[0] == '.') ||
		    (n == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		name += n;
		if (!*name)
			return true;
	}
}

/* As liblpc does it: '%' stays, so a full name stays what it is. */
const char *kern_name(const char *name, char full[LPC_NAME_MAX + 1])
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	if (strncmp(name, "self/", 5) == 0) {
		n = (size_t)snprintf(full, LPC_NAME_MAX, "user/%u/", geteuid());
		name += 5;
	}
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		bool plain = c > 0x20 && c < 0x7f;

		if (n + (plain ? 1 : 3) > LPC_NAME_MAX)
			return NULL;
		if (plain) {
			full[n++] = (char)c;
			continue;
		}
		full[n++] = '%';
		full[n++] = hex[c >> 4];
		full[n++] = hex[c & 15];
	}
	full[n] = '\0';
	return valid(full) ? full : NULL;
}

const char *kern_limit_name(uint32_t limit)
{
	if (limit >= LPC_LIMIT_MAX || !limits[limit].words)
		return "of an unknown kind";
	return limits[limit].words;
}

const char *kern_limit_sysctl(uint32_t limit)
{
	return limit < LPC_LIMIT_MAX ? limits[limit].sysctl : NULL;
}

bool kern_limit_in_bytes(uint32_t limit)
{
	return limit == LPC_LIMIT_SECTION_BYTES || limit == LPC_LIMIT_SECTION;
}

int64_t kern_sysctl(const char *name)
{
	char path[128];
	int64_t v = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/lpc/%s", name);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%" SCNd64, &v) != 1)
		v = -1;
	fclose(f);
	return v;
}
