// SPDX-License-Identifier: MIT
/* NtImpersonateClientOfPort(): which request is it, and may this thread? */
#include <errno.h>

#include "port.h"
#include "status.h"
#include "table.h"
#include "thread.h"
#include "user.h"

NTSTATUS NTAPI NtImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message)
{
	struct lpc_call_info call;
	struct nt_object *o;
	PORT_MESSAGE head;
	NTSTATUS s;

	s = nt_get(&head, Message, sizeof(head));
	if (!s)
		s = nt_hold(PortHandle, NT_PORTS, &o);
	if (s)
		return s;
	s = o->type == NT_SERVER ? nt_find_call(o->fd, &head, true, &call) :
				   STATUS_INVALID_PORT_HANDLE;
	if (!s)
		s = nt_thread_impersonate(o->fd, call.id, call.callback);
	nt_drop(o);
	return s;
}
