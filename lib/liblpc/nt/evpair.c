// SPDX-License-Identifier: MIT
/*
 * Event pairs. Both ends stay in this process, as NT's handle stands for both
 * halves; either end will do for either half.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <lpc/raw.h>

#include "name.h"
#include "status.h"
#include "table.h"
#include "thread.h"
#include "user.h"

static NTSTATUS make(int *low, int *high)
{
	struct lpc_event_pair p = { 0 };
	int dev = nt_device(), r;

	if (dev < 0)
		return nt_status(dev);
	r = lpc_sys_event_pair(dev, &p);
	if (!r) {
		*low = p.low;
		*high = p.high;
	}
	return nt_status(r);
}

/* The new object's handle to the caller, and the name to the object. */
static NTSTATUS hand_out(struct nt_object *o, HANDLE h, PHANDLE out, const char *name)
{
	struct nt_object *named = o, *held;
	NTSTATUS s = nt_hold(h, NT_IS(NT_EVENT_PAIR), &held);

	if (s)
		return s;
	if (name[0])
		named = nt_named(name, o);
	if (!named)
		s = STATUS_NO_MEMORY;
	else if (named != o)
		s = STATUS_OBJECT_NAME_COLLISION;
	if (named && named != o)
		nt_drop(named);
	if (!s)
		s = nt_put(out, &h, sizeof(h));
	nt_drop(held);
	if (s)
		NtClose(h);
	return s;
}

NTSTATUS NTAPI NtCreateEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
				 POBJECT_ATTRIBUTES ObjectAttributes)
{
	struct nt_attributes a = { .name = "" };
	struct nt_object *o;
	int low = -1, high = -1;
	HANDLE h;
	NTSTATUS s;

	(void)DesiredAccess;
	s = nt_probe(EventPairHandle, sizeof(*EventPairHandle));
	if (!s && ObjectAttributes)
		s = nt_attributes_get(ObjectAttributes, &a);
	if (!s)
		s = nt_reserve(&o, &h);
	if (s)
		return s;
	s = make(&low, &high);
	if (s) {
		nt_abandon(o);
		return s;
	}
	nt_publish(o, NT_EVENT_PAIR, low, high);
	return hand_out(o, h, EventPairHandle, a.name);
}

static NTSTATUS again(const struct nt_object *of, PHANDLE out)
{
	int saved = errno, low, high;
	struct nt_object *o;
	NTSTATUS s;
	HANDLE h;

	s = nt_reserve(&o, &h);
	if (s)
		return s;
	low = fcntl(of->fd, F_DUPFD_CLOEXEC, 0);
	high = fcntl(of->high, F_DUPFD_CLOEXEC, 0);
	if (low < 0 || high < 0) {
		if (low >= 0)
			close(low);
		errno = saved;
		nt_abandon(o);
		return STATUS_TOO_MANY_OPENED_FILES;
	}
	nt_publish(o, NT_EVENT_PAIR, low, high);
	return hand_out(o, h, out, "");
}

NTSTATUS NTAPI NtOpenEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
			       POBJECT_ATTRIBUTES ObjectAttributes)
{
	struct nt_attributes a;
	struct nt_object *o;
	NTSTATUS s;

	(void)DesiredAccess;
	s = nt_probe(EventPairHandle, sizeof(*EventPairHandle));
	if (!s)
		s = nt_attributes_get(ObjectAttributes, &a);
	if (s)
		return s;
	if (!a.name[0])
		return STATUS_OBJECT_NAME_INVALID;
	o = nt_named(a.name, NULL);
	if (!o)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	s = again(o, EventPairHandle);
	nt_drop(o);
	return s;
}

static NTSTATUS event(int fd, uint16_t set, uint16_t wait)
{
	struct lpc_event e = { .set = set, .wait = wait };
	int r;

	/* What has been set is not set again: the kernel has cleared it in @e. */
	do {
		r = lpc_sys_event(fd, &e);
	} while (r == -EINTR);
	return nt_status(r);
}

static NTSTATUS on_handle(HANDLE h, uint16_t set, uint16_t wait)
{
	struct nt_object *o;
	NTSTATUS s = nt_hold(h, NT_IS(NT_EVENT_PAIR), &o);

	if (s)
		return s;
	s = event(o->fd, set, wait);
	nt_drop(o);
	return s;
}

static NTSTATUS on_thread(uint16_t set, uint16_t wait)
{
	int fd = nt_thread_pair();

	return fd < 0 ? STATUS_NO_EVENT_PAIR : event(fd, set, wait);
}

NTSTATUS NTAPI NtSetLowEventPair(HANDLE EventPairHandle)
{
	return on_handle(EventPairHandle, LPC_EVENT_LOW, 0);
}

NTSTATUS NTAPI NtSetHighEventPair(HANDLE EventPairHandle)
{
	return on_handle(EventPairHandle, LPC_EVENT_HIGH, 0);
}

NTSTATUS NTAPI NtWaitLowEventPair(HANDLE EventPairHandle)
{
	return on_handle(EventPairHandle, 0, LPC_EVENT_LOW);
}

NTSTATUS NTAPI NtWaitHighEventPair(HANDLE EventPairHandle)
{
	return on_handle(EventPairHandle, 0, LPC_EVENT_HIGH);
}

NTSTATUS NTAPI NtSetLowWaitHighEventPair(HANDLE EventPairHandle)
{
	return on_handle(EventPairHandle, LPC_EVENT_LOW, LPC_EVENT_HIGH);
}

NTSTATUS NTAPI NtSetHighWaitLowEventPair(HANDLE EventPairHandle)
{
	return on_handle(EventPairHandle, LPC_EVENT_HIGH, LPC_EVENT_LOW);
}

NTSTATUS NTAPI NtSetLowWaitHighThread(VOID)
{
	return on_thread(LPC_EVENT_LOW, LPC_EVENT_HIGH);
}

NTSTATUS NTAPI NtSetHighWaitLowThread(VOID)
{
	return on_thread(LPC_EVENT_HIGH, LPC_EVENT_LOW);
}
