// SPDX-License-Identifier: MIT
/* The server's half of the handshake. */
#include <errno.h>
#include <time.h>

#include <lpc/raw.h>

#include "port.h"
#include "status.h"
#include "user.h"
#include "view.h"

/* How long a client may take to map the server's section, in ns. */
#define MAP_TIME	10000000000ull

NTSTATUS NTAPI NtListenPort(HANDLE PortHandle, PPORT_MESSAGE ConnectionRequest)
{
	struct lpc_split s = {
		.msg.flags = LPC_WITH_RECV | LPC_LISTEN, .msg.room = LPC_INLINE_MAX,
		.form = LPC_SPLIT_NT, .receive = (uintptr_t)ConnectionRequest,
	};
	struct nt_object *o;
	NTSTATUS status;
	int r;

	status = nt_aligned(ConnectionRequest);
	if (!status)
		status = nt_hold(PortHandle, NT_PORTS, &o);
	if (status)
		return status;
	/* A client is sent none. */
	do {
		r = o->type == NT_CLIENT ? -ENOTTY : lpc_sys_reply_recv_split(o->fd, &s);
	} while (r == -EINTR);
	nt_drop(o);
	return r == -ENOTTY ? STATUS_INVALID_PORT_HANDLE : nt_status(r);
}

/**
 * struct accepting - one NtAcceptConnectPort()
 * @args: of ACCEPT
 * @views: both
 * @request: the caller's header
 * @data: what goes to the client
 * @port: the connection port that has the request, held
 */
struct accepting {
	struct lpc_accept	args;
	struct nt_views		views;
	PORT_MESSAGE		request;
	unsigned char		data[LPC_CONNECT_MAX];
	struct nt_object	*port;
};

/*
 * As in NT nothing says which port: a thread connects to one at a time, so its id
 * and the message's are enough.
 */
static NTSTATUS find_request(struct accepting *a)
{
	unsigned int place = 0;
	struct lpc_call_info call;
	NTSTATUS s;

	while ((a->port = nt_next(NT_PORT, &place))) {
		s = nt_find_call(a->port->fd, &a->request, false, &call);
		if (!s) {
			a->args.id = call.id;
			return s;
		}
		nt_drop(a->port);
	}
	return nt_no_such_call((uintptr_t)a->request.ClientId.UniqueProcess,
			       (uintptr_t)a->request.ClientId.UniqueThread);
}

static NTSTATUS get_request(struct accepting *a, PPORT_MESSAGE from)
{
	NTSTATUS s = nt_get(&a->request, from, sizeof(a->request));
	int len = a->request.u1.s1.DataLength;

	if (s)
		return s;
	if (len < 0 || len > (int)LPC_CONNECT_MAX)
		return STATUS_INVALID_PARAMETER;
	a->args.data = (uintptr_t)a->data;
	a->args.data_len = (uint32_t)len;
	return nt_get_bytes(a->data, (const char *)from + sizeof(a->request), (size_t)len);
}

static NTSTATUS accept_status(const struct accepting *a, int r)
{
	if (r == -EMSGSIZE)
		return a->args.room ? STATUS_INVALID_PARAMETER : STATUS_INVALID_VIEW_SIZE;
	if (r == -EINVAL)
		return a->views.own_at ? STATUS_INVALID_VIEW_SIZE : STATUS_INVALID_PARAMETER;
	return nt_status(r);
}

static uint64_t map_deadline(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec + MAP_TIME;
}

static int do_accept(struct accepting *a)
{
	struct lpc_accept *args = &a->args;
	struct lpc_accept fresh;
	int r;

	if (a->views.own_at) {
		/* NT's server knows at once where the client has it. */
		args->flags |= LPC_ACCEPT_VIEW | LPC_ACCEPT_MAP_NOW;
		args->deadline = map_deadline();
	}
	fresh = *args;
	for (;;) {
		r = lpc_sys_accept(a->port->fd, args);
		if (r == -EOPNOTSUPP && args->flags & LPC_ACCEPT_MAP_NOW) {
			/* A client of liblpc that does not wait maps it later. */
			fresh.flags &= ~LPC_ACCEPT_MAP_NOW;
			fresh.deadline = 0;
		} else if (r != -EINTR) {
			return r;
		}
		*args = fresh;
	}
}

static NTSTATUS accept_client(struct accepting *a, PHANDLE out, PVOID context)
{
	struct nt_object *o;
	NTSTATUS s;
	HANDLE h;

	s = nt_reserve(&o, &h);
	if (s)
		return s;
	a->args.context = (uintptr_t)(context ? context : h);
	nt_views_section(&a->views, &a->args.own, &a->args.theirs);
	s = a->views.bad;
	if (!s)
		s = accept_status(a, do_accept(a));
	if (s) {
		nt_abandon(o);
		return s;
	}
	nt_publish(o, NT_SERVER, a->args.fd, -1);
	s = nt_views_keep(&a->views, &a->args.own, &a->args.theirs, o);
	if (!s)
		s = nt_views_put(&a->views, sizeof(REMOTE_PORT_VIEW));
	if (!s)
		s = nt_put(out, &h, sizeof(h));
	if (s)
		NtClose(h);
	return s;
}

static NTSTATUS refuse_client(struct accepting *a)
{
	int r;

	a->args.flags = LPC_ACCEPT_REFUSE;
	do {
		r = lpc_sys_accept(a->port->fd, &a->args);
	} while (r == -EINTR);
	return accept_status(a, r);
}

NTSTATUS NTAPI NtAcceptConnectPort(PHANDLE PortHandle, PVOID PortContext,
				   PPORT_MESSAGE ConnectionRequest, BOOLEAN AcceptConnection,
				   PPORT_VIEW ServerView, PREMOTE_PORT_VIEW ClientView)
{
	struct accepting a = { 0 };
	NTSTATUS s;

	s = nt_probe(PortHandle, sizeof(*PortHandle));
	if (!s)
		s = get_request(&a, ConnectionRequest);
	if (!s)
		s = nt_views_get(&a.views, ServerView, ClientView);
	if (!s)
		s = find_request(&a);
	if (s)
		return s;
	s = AcceptConnection ? accept_client(&a, PortHandle, PortContext) : refuse_client(&a);
	nt_views_done(&a.views);
	nt_drop(a.port);
	return s;
}

NTSTATUS NTAPI NtCompleteConnectPort(HANDLE PortHandle)
{
	struct lpc_complete c = { 0 };
	struct nt_object *o;
	NTSTATUS s = nt_hold(PortHandle, NT_PORTS, &o);

	if (s)
		return s;
	s = o->type == NT_SERVER ? nt_status(lpc_sys_complete(o->fd, &c)) :
				   STATUS_INVALID_PORT_HANDLE;
	nt_drop(o);
	return s;
}
