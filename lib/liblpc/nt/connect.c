// SPDX-License-Identifier: MIT
/*
 * NtConnectPort() and NtSecureConnectPort(). All of the caller's memory is looked
 * at, and probed where something is to be written, before the server hears of it.
 */
#include <errno.h>
#include <string.h>

#include <lpc/raw.h>

#include "name.h"
#include "status.h"
#include "user.h"
#include "view.h"

/**
 * struct connecting - one NtConnectPort()
 * @args: of CONNECT
 * @views: both
 * @name: of the port
 * @data: what goes to the server
 * @answer: what comes back
 * @data_at: where the caller has the one and wants the other, NULL: neither
 * @length_at: where the length of it is
 * @room: bytes there
 */
struct connecting {
	struct lpc_connect	args;
	struct nt_views		views;
	char			name[NT_NAME_ROOM];
	unsigned char		data[LPC_CONNECT_MAX];
	unsigned char		answer[LPC_CONNECT_MAX];
	PVOID			data_at;
	PULONG			length_at;
	ULONG			room;
};

static NTSTATUS get_qos(const SECURITY_QUALITY_OF_SERVICE *from, SECURITY_QUALITY_OF_SERVICE *qos)
{
	NTSTATUS s = nt_get(qos, from, sizeof(*qos));

	/* Its Length is not looked at, as in NT. */
	if (!s && (unsigned int)qos->ImpersonationLevel > SecurityDelegation)
		s = STATUS_INVALID_PARAMETER;
	return s;
}

/* What the server may do with who this is. */
static void set_level(const SECURITY_QUALITY_OF_SERVICE *qos, struct lpc_connect *args)
{
	static const __u8 levels[] = {
		[SecurityAnonymous] = LPC_LEVEL_ANONYMOUS,
		[SecurityIdentification] = LPC_LEVEL_IDENTIFY,
		[SecurityImpersonation] = LPC_LEVEL_IMPERSONATE,
		[SecurityDelegation] = LPC_LEVEL_DELEGATE,
	};

	args->level = levels[qos->ImpersonationLevel];
	args->tracking = qos->ContextTrackingMode ? LPC_TRACK_DYNAMIC : LPC_TRACK_STATIC;
}

/* The connect data; what is too long for any port is cut, as in [R]. */
static NTSTATUS get_data(struct connecting *c)
{
	NTSTATUS s;

	if (!c->length_at)
		return STATUS_SUCCESS;
	s = nt_probe(c->length_at, sizeof(*c->length_at));
	if (!s)
		s = nt_get(&c->room, c->length_at, sizeof(c->room));
	if (s || !c->data_at)
		return s;
	c->args.data_len = c->room < LPC_CONNECT_MAX ? c->room : LPC_CONNECT_MAX;
	s = nt_get_bytes(c->data, c->data_at, c->args.data_len);
	if (!s)
		s = nt_put_bytes(c->data_at, c->data, c->args.data_len);
	return s;
}

#define NOBODY	0xfffffffeu	/* no process runs as this */

/* Whose uid is it? Another kind of SID is nobody's who could have made a port. */
static NTSTATUS get_sid(const SID *from, struct lpc_connect *args)
{
	static const UCHAR unix_users[6] = { 0, 0, 0, 0, 0, 22 };
	struct {
		UCHAR revision, count, authority[6];
	} head;
	ULONG sub[2] = { 0 };
	NTSTATUS s;

	s = nt_get(&head, from, sizeof(head));
	if (s)
		return s;
	if (head.revision != 1 || head.count > 15)
		return STATUS_INVALID_SID;
	args->flags |= LPC_CONNECT_SERVER_UID;
	args->server_uid = NOBODY;
	if (head.count != 2 || memcmp(head.authority, unix_users, sizeof(unix_users)))
		return STATUS_SUCCESS;
	s = nt_get(sub, (const char *)from + sizeof(head), sizeof(sub));
	if (!s && sub[0] == 1 && sub[1] != (ULONG)-1)
		args->server_uid = sub[1];
	return s;
}

static NTSTATUS connect_status(const struct connecting *c, int r)
{
	switch (r) {
	case -EPERM:
		return STATUS_SERVER_SID_MISMATCH;
	case -EBADF:
		return c->views.bad ? c->views.bad : STATUS_INVALID_HANDLE;
	case -EINVAL:
		/* all else has been checked; a uid may have no mapping here */
		return c->views.own_at ? STATUS_INVALID_VIEW_SIZE :
		       c->args.flags & LPC_CONNECT_SERVER_UID ? STATUS_SERVER_SID_MISMATCH :
								STATUS_OBJECT_NAME_INVALID;
	case -EPIPE:
	case -ECONNRESET:
		return STATUS_PORT_CONNECTION_REFUSED;
	}
	return nt_status(r);
}

static NTSTATUS do_connect(struct connecting *c)
{
	struct lpc_connect *args = &c->args;
	int dev = nt_device(), r;

	if (dev < 0)
		return nt_status(dev);
	args->name = (uintptr_t)c->name;
	args->name_len = (uint32_t)strlen(c->name);
	args->data = (uintptr_t)c->data;
	args->answer = (uintptr_t)c->answer;
	args->answer_room = sizeof(c->answer);
	if (c->views.own_at)
		args->flags |= LPC_CONNECT_VIEW;
	for (;;) {
		r = lpc_sys_connect(dev, args);
		if (r == -EMSGSIZE && args->room < args->data_len)
			args->data_len = args->room;	/* the port's limit */
		else if (r != -EINTR)
			return connect_status(c, r);
	}
}

/* The server's data, on refusal too. */
static NTSTATUS put_data(const struct connecting *c)
{
	ULONG len = c->args.answer_len;
	NTSTATUS s = STATUS_SUCCESS;

	if (len > sizeof(c->answer))
		len = sizeof(c->answer);
	if (!c->length_at)
		return s;
	if (len > c->room)
		len = c->room;
	if (c->data_at)
		s = nt_put_bytes(c->data_at, c->answer, len);
	if (!s)
		s = nt_put(c->length_at, &len, sizeof(len));
	return s;
}

static NTSTATUS put_all(const struct connecting *c, HANDLE h, PHANDLE out, PULONG max)
{
	ULONG message = c->args.room + (ULONG)sizeof(PORT_MESSAGE);
	NTSTATUS s = put_data(c);

	if (!s)
		s = nt_views_put(&c->views, 0);
	if (!s && max)
		s = nt_put(max, &message, sizeof(message));
	if (!s)
		s = nt_put(out, &h, sizeof(h));
	return s;
}

static NTSTATUS connected(struct connecting *c, PHANDLE out, PULONG max)
{
	struct nt_object *o;
	HANDLE h;
	NTSTATUS s;

	s = nt_reserve(&o, &h);
	if (s)
		return s;
	s = do_connect(c);
	if (s) {
		nt_abandon(o);
		if (s == STATUS_PORT_CONNECTION_REFUSED)
			put_data(c);
		return s;
	}
	nt_publish(o, NT_CLIENT, c->args.fd, -1);
	s = nt_views_keep(&c->views, &c->args.own, &c->args.theirs, o);
	if (!s)
		s = put_all(c, h, out, max);
	if (s)
		NtClose(h);
	return s;
}

NTSTATUS NTAPI NtSecureConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
				   PSECURITY_QUALITY_OF_SERVICE SecurityQos,
				   PPORT_VIEW ClientView, PSID RequiredServerSid,
				   PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
				   PVOID ConnectionInformation,
				   PULONG ConnectionInformationLength)
{
	struct connecting c = {
		.data_at = ConnectionInformation,
		.length_at = ConnectionInformationLength,
	};
	SECURITY_QUALITY_OF_SERVICE qos;
	NTSTATUS s;

	s = nt_probe(PortHandle, sizeof(*PortHandle));
	if (!s)
		s = nt_views_get(&c.views, ClientView, ServerView);
	if (!s)
		s = get_qos(SecurityQos, &qos);
	if (!s && MaxMessageLength)
		s = nt_probe(MaxMessageLength, sizeof(*MaxMessageLength));
	if (!s)
		s = get_data(&c);
	if (!s && RequiredServerSid)
		s = get_sid(RequiredServerSid, &c.args);
	if (!s)
		s = nt_name_get(PortName, c.name);
	if (!s) {
		/* Whether the name is there comes before what the section is. */
		nt_views_section(&c.views, &c.args.own, &c.args.theirs);
		set_level(&qos, &c.args);
		s = connected(&c, PortHandle, MaxMessageLength);
	}
	nt_views_done(&c.views);
	return s;
}

NTSTATUS NTAPI NtConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
			     PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
			     PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
			     PVOID ConnectionInformation, PULONG ConnectionInformationLength)
{
	return NtSecureConnectPort(PortHandle, PortName, SecurityQos, ClientView, NULL,
				   ServerView, MaxMessageLength, ConnectionInformation,
				   ConnectionInformationLength);
}
