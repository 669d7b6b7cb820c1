// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_nt.c - NtRequestWaitReplyPort(), through libntlpc on both sides
 */
#include <errno.h>
#include <lpc/nt.h>

#include <lpc.h>
#include <lpc/raw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mechs.h"

#define START_MS	10000

struct message {
	PORT_MESSAGE h;
	char data[LPC_INLINE_MAX + 1];
};

/* The client's */
static HANDLE port;
static struct message request, reply;

static int make(struct pair *p)
{
	struct lpc_module m = { .size = sizeof(m) };

	(void)p;
	return lpc_info(&m);
}

/* The name as NT has it: "a/b" is "\a\b". */
static void name_of(const struct pair *p, UNICODE_STRING *u, WCHAR *text, size_t room)
{
	size_t i;

	text[0] = '\\';
	for (i = 1; i < room - 1 && p->name[i - 1]; i++)
		text[i] = p->name[i - 1] == '/' ? '\\' : (unsigned char)p->name[i - 1];
	text[i] = 0;
	RtlInitUnicodeString(u, text);
}

static int accept_client(struct message *m)
{
	HANDLE server;

	m->h.u1.s1.DataLength = 0;
	if (NtAcceptConnectPort(&server, NULL, &m->h, TRUE, NULL, NULL))
		return -EPROTO;
	return NtCompleteConnectPort(server) ? -EPROTO : 0;
}

static int serve(struct pair *p)
{
	OBJECT_ATTRIBUTES a;
	UNICODE_STRING name;
	struct message m;
	WCHAR text[256];
	HANDLE h;
	NTSTATUS s;

	name_of(p, &name, text, 256);
	InitializeObjectAttributes(&a, &name, 0, NULL, NULL);
	if (NtCreatePort(&h, &a, 0, PORT_MAXIMUM_MESSAGE_LENGTH, 0))
		return -EPROTO;
	s = NtReplyWaitReceivePort(h, NULL, NULL, &m.h);
	for (;;) {
		if (s)
			return -EPROTO;
		if (m.h.u2.s2.Type == LPC_REQUEST) {
			s = NtReplyWaitReceivePort(h, NULL, &m.h, &m.h);
			continue;
		}
		if (m.h.u2.s2.Type == LPC_CONNECTION_REQUEST && accept_client(&m))
			return -EPROTO;
		s = NtReplyWaitReceivePort(h, NULL, NULL, &m.h);
	}
}

/* NT has no way to wait for a name. */
static int wait_name(const struct pair *p)
{
	char name[LPC_NAME_MAX + 1];
	struct lpc_port_info info;
	struct lpc_query q = {
		.what = LPC_WHAT_PORT, .flags = LPC_QUERY_WAIT_NAME, .name = (uintptr_t)name,
		.out = (uintptr_t)&info, .size = sizeof(info), .deadline = lpc_in_ms(START_MS),
	};
	int r, dev = lpc_sys_open();

	if (dev < 0)
		return dev;
	if (!strncmp(p->name, "self/", 5))
		snprintf(name, sizeof(name), "user/%u/%s", (unsigned int)geteuid(), p->name + 5);
	else
		snprintf(name, sizeof(name), "%s", p->name);
	q.name_len = (uint32_t)strlen(name);
	r = lpc_sys_query(dev, &q);
	close(dev);
	return r;
}

static int conn(struct pair *p)
{
	SECURITY_QUALITY_OF_SERVICE qos = { .Length = sizeof(qos) };
	UNICODE_STRING name;
	WCHAR text[256];
	int r = wait_name(p);

	if (r)
		return r;
	name_of(p, &name, text, 256);
	if (NtConnectPort(&port, &name, &qos, NULL, NULL, NULL, NULL, NULL))
		return -EPROTO;
	request.h.u1.s1.DataLength = (CSHORT)p->bytes;
	request.h.u1.s1.TotalLength = (CSHORT)(sizeof(PORT_MESSAGE) + p->bytes);
	memcpy(request.data, p->buf, p->bytes);
	return 0;
}

static int turn(struct pair *p)
{
	if (NtRequestWaitReplyPort(port, &request.h, &reply.h))
		return -EPROTO;
	return reply.h.u1.s1.DataLength == (CSHORT)p->bytes ? 0 : -EPROTO;
}

const struct mech mech_nt_request = {
	.name = "nt_request", .text = "NtRequestWaitReplyPort", .needs = "the module",
	.max = LPC_INLINE_MAX, .make = make, .serve = serve, .connect = conn, .turn = turn,
};
