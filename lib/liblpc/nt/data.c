// SPDX-License-Identifier: MIT
/* Data that a client has listed in its request, read and written by the server. */
#include <errno.h>

#include <lpc/raw.h>

#include "port.h"
#include "status.h"
#include "table.h"
#include "user.h"

static NTSTATUS data_status(int r, const PORT_MESSAGE *head)
{
	switch (r) {
	case -ESTALE:
	case -ECANCELED:
		return nt_no_such_call((uintptr_t)head->ClientId.UniqueProcess,
				       (uintptr_t)head->ClientId.UniqueThread);
	case -EAGAIN:
		/* It does not wait just now: a callback, a signal handler. */
		return STATUS_REPLY_MESSAGE_MISMATCH;
	}
	return nt_status(r);
}

/* At once as much as the kernel does before a signal: repeated until all is done. */
static int copy(int fd, const struct lpc_data *all, SIZE_T *done)
{
	struct lpc_data d;
	int r;

	do {
		d = *all;
		d.offset += *done;
		d.address += *done;
		d.length -= *done;
		r = lpc_sys_data(fd, &d);
		*done += d.done;
	} while (r == -EINTR || (!r && *done < all->length));
	return r;
}

static NTSTATUS data(HANDLE port, PPORT_MESSAGE message, ULONG index, PVOID buffer, SIZE_T size,
		     PSIZE_T done, uint32_t access)
{
	struct lpc_data d = {
		.index = index, .access = access, .address = (uintptr_t)buffer, .length = size,
	};
	struct lpc_call_info call;
	struct nt_object *o;
	PORT_MESSAGE head;
	SIZE_T n = 0;
	NTSTATUS s;

	s = nt_get(&head, message, sizeof(head));
	if (!s && done)
		s = nt_probe(done, sizeof(*done));
	if (s)
		return s;
	if (!head.u2.s2.DataInfoOffset)
		return STATUS_INVALID_PARAMETER;
	s = nt_hold(port, NT_PORTS, &o);
	if (s)
		return s;
	s = o->type == NT_CLIENT ? STATUS_REPLY_MESSAGE_MISMATCH :
				   nt_find_call(o->fd, &head, false, &call);
	if (!s) {
		d.id = call.id;
		s = data_status(copy(o->fd, &d, &n), &head);
	}
	nt_drop(o);
	if (!s && done)
		s = nt_put(done, &n, sizeof(n));
	return s;
}

NTSTATUS NTAPI NtReadRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
				 PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesRead)
{
	return data(PortHandle, Message, DataEntryIndex, Buffer, BufferSize, NumberOfBytesRead,
		    LPC_DATA_READ);
}

NTSTATUS NTAPI NtWriteRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
				  PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesWritten)
{
	return data(PortHandle, Message, DataEntryIndex, Buffer, BufferSize, NumberOfBytesWritten,
		    LPC_DATA_WRITE);
}
