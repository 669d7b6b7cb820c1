/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events. The ids join up: port and conn are the serials of LIST. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lpc

#if !defined(_LPC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _LPC_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(lpc_object,
		    TP_PROTO(u64 port, u64 conn, const char *name, int result),
		    TP_ARGS(port, conn, name, result),
		    TP_STRUCT__entry(__field(u64, port)
				     __field(u64, conn)
				     __field(int, result)
				     __string(name, name)
		    ),
		    TP_fast_assign(__entry->port = port;
				   __entry->conn = conn;
				   __entry->result = result;
				   lpc_assign_str(name, name);
		    ),
		    TP_printk("port=%llu conn=%llu name=%s result=%d",
			      __entry->port, __entry->conn, __get_str(name),
			      __entry->result)
);

#define LPC_OBJECT_EVENT(event)						\
	DEFINE_EVENT(lpc_object, event,					\
		     TP_PROTO(u64 port, u64 conn, const char *name,	\
			      int result),				\
		     TP_ARGS(port, conn, name, result))

LPC_OBJECT_EVENT(lpc_create);
LPC_OBJECT_EVENT(lpc_connect);
LPC_OBJECT_EVENT(lpc_accept);
LPC_OBJECT_EVENT(lpc_refuse);
LPC_OBJECT_EVENT(lpc_close);

DECLARE_EVENT_CLASS(lpc_message,
		    TP_PROTO(u64 port, u64 conn, u64 id, u64 callback,
			     u32 code, u32 len, int result),
		    TP_ARGS(port, conn, id, callback, code, len, result),
		    TP_STRUCT__entry(__field(u64, port)
				     __field(u64, conn)
				     __field(u64, id)
				     __field(u64, callback)
				     __field(u32, code)
				     __field(u32, len)
				     __field(int, result)
		    ),
		    TP_fast_assign(__entry->port = port;
				   __entry->conn = conn;
				   __entry->id = id;
				   __entry->callback = callback;
				   __entry->code = code;
				   __entry->len = len;
				   __entry->result = result;
		    ),
		    TP_printk("port=%llu conn=%llu id=%#llx callback=%#llx code=%u len=%u result=%d",
			      __entry->port, __entry->conn, __entry->id,
			      __entry->callback, __entry->code, __entry->len,
			      __entry->result)
);

#define LPC_MESSAGE_EVENT(event)					\
	DEFINE_EVENT(lpc_message, event,				\
		     TP_PROTO(u64 port, u64 conn, u64 id, u64 callback,	\
			      u32 code, u32 len, int result),		\
		     TP_ARGS(port, conn, id, callback, code, len, result))

LPC_MESSAGE_EVENT(lpc_send);
LPC_MESSAGE_EVENT(lpc_call);
LPC_MESSAGE_EVENT(lpc_receive);
LPC_MESSAGE_EVENT(lpc_reply);
LPC_MESSAGE_EVENT(lpc_cancel);

#endif /* _LPC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
