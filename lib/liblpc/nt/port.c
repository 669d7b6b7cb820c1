// SPDX-License-Identifier: MIT
/* Ports: made, asked about, waited for, watched over a thread's end. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lpc/raw.h>

#include "name.h"
#include "port.h"
#include "status.h"
#include "table.h"
#include "user.h"

/*
 * A port that takes no payload at all does not exist in lpc(4): the smallest
 * takes one byte.
 */
static uint32_t payload_of(ULONG message)
{
	return message > sizeof(PORT_MESSAGE) ? message - (uint32_t)sizeof(PORT_MESSAGE) : 1;
}

static NTSTATUS make(const struct nt_attributes *a, ULONG info, ULONG message, int *fd)
{
	struct lpc_create c = {
		.mode = a->mode,
		.name = (uintptr_t)a->name,
		.name_len = (uint32_t)strlen(a->name),
		.inline_max = payload_of(message),
		/* likewise, 0 is the default; [R] has no smaller limit either */
		.connect_max = info,
	};
	int dev = nt_device(), r;

	if (dev < 0)
		return nt_status(dev);
	r = lpc_sys_create(dev, &c);
	if (!r)
		*fd = c.fd;
	return nt_status(r);
}

static NTSTATUS create(PHANDLE out, POBJECT_ATTRIBUTES attributes, ULONG info, ULONG message,
		       bool waitable)
{
	struct nt_attributes a;
	struct nt_object *o;
	HANDLE h;
	NTSTATUS s;
	int fd = -1;

	s = nt_probe(out, sizeof(*out));
	if (!s)
		s = nt_attributes_get(attributes, &a);
	if (s)
		return s;
	if (message > PORT_MAXIMUM_MESSAGE_LENGTH)
		return STATUS_INVALID_PARAMETER_4;
	if (info > PORT_MAXIMUM_CONNECTION_LENGTH)
		return STATUS_INVALID_PARAMETER_3;
	s = nt_reserve(&o, &h);
	if (s)
		return s;
	s = make(&a, info, message, &fd);
	if (s) {
		nt_abandon(o);
		return s;
	}
	o->waitable = waitable;
	nt_publish(o, NT_PORT, fd, -1);
	s = nt_put(out, &h, sizeof(h));
	if (s)
		NtClose(h);
	return s;
}

NTSTATUS NTAPI NtCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
			    ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
			    ULONG MaxPoolUsage)
{
	(void)MaxPoolUsage;
	return create(PortHandle, ObjectAttributes, MaxConnectionInfoLength, MaxMessageLength,
		      false);
}

NTSTATUS NTAPI NtCreateWaitablePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
				    ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
				    ULONG MaxPoolUsage)
{
	(void)MaxPoolUsage;
	return create(PortHandle, ObjectAttributes, MaxConnectionInfoLength, MaxMessageLength,
		      true);
}

/**
 * nt_find_call - the request that a header of NT's means
 * @fd: a port or an end through which it would be answered
 * @head: its ClientId and its MessageId count
 * @callback: its CallbackId does too
 * @call: what is known of it
 */
NTSTATUS nt_find_call(int fd, const PORT_MESSAGE *head, bool callback, struct lpc_call_info *call)
{
	uint64_t pid = (uintptr_t)head->ClientId.UniqueProcess;
	uint64_t tid = (uintptr_t)head->ClientId.UniqueThread;
	uint32_t second = callback ? head->CallbackId : 0;
	struct lpc_query q = {
		.what = LPC_WHAT_CALL, .flags = LPC_QUERY_SHORT_ID,
		.id = second ? second : head->MessageId,
		.out = (uintptr_t)call, .size = sizeof(*call),
	};
	int r = lpc_sys_query(fd, &q);

	if (!r && call->pid == pid && call->tid == tid &&
	    (uint32_t)call->id == head->MessageId && (uint32_t)call->callback == second)
		return STATUS_SUCCESS;
	return r && r != -ESTALE ? nt_status(r) : nt_no_such_call(pid, tid);
}

NTSTATUS NTAPI NtQueryInformationPort(HANDLE PortHandle,
				      PORT_INFORMATION_CLASS PortInformationClass,
				      PVOID PortInformation, ULONG Length, PULONG ReturnLength)
{
	struct nt_object *o;
	NTSTATUS s = nt_hold(PortHandle, NT_PORTS, &o);

	(void)PortInformationClass;
	(void)PortInformation;
	(void)Length;
	(void)ReturnLength;
	if (s)
		return s;
	nt_drop(o);
	return STATUS_INVALID_INFO_CLASS;
}

NTSTATUS NTAPI NtRegisterThreadTerminatePort(HANDLE PortHandle)
{
	struct lpc_watch w = { 0 };
	struct nt_object *o;
	NTSTATUS s = nt_hold(PortHandle, NT_PORTS, &o);

	if (s)
		return s;
	if (o->type == NT_SERVER) {
		nt_drop(o);
		return STATUS_INVALID_PORT_HANDLE;
	}
	s = nt_status(lpc_sys_watch_thread(o->fd, &w));
	if (!s)
		s = nt_keep_for_thread(o);
	if (s)
		nt_drop(o);
	return s;
}

static int remaining(uint64_t deadline)
{
	struct timespec t;
	uint64_t now;

	if (deadline == LPC_FOREVER)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	if (now >= deadline)
		return 0;
	/* rounded up, and no more than poll() takes: it is asked again */
	return deadline - now > 1000000000000ull ? 1000000 :
						   (int)((deadline - now + 999999) / 1000000);
}

NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
	struct pollfd p = { .events = POLLIN };
	int saved = errno, left, r;
	struct nt_object *o;
	uint64_t deadline;
	bool now;
	NTSTATUS s;

	(void)Alertable;
	s = nt_deadline(Timeout, &deadline, &now);
	if (!s)
		s = nt_hold(Handle, ~0u, &o);
	if (s)
		return s;
	if (o->type != NT_PORT || !o->waitable) {
		nt_drop(o);
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	p.fd = o->fd;
	do {
		left = now ? 0 : remaining(deadline);
		r = poll(&p, 1, left);
	} while ((r < 0 && errno == EINTR) || (!r && left));
	errno = saved;
	nt_drop(o);
	return r > 0 ? STATUS_SUCCESS : r ? STATUS_UNSUCCESSFUL : STATUS_TIMEOUT;
}
