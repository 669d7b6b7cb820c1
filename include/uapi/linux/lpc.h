/* SPDX-License-Identifier: ((GPL-2.0-only WITH Linux-syscall-note) OR MIT) */
/*
 * lpc.h - local procedure calls between two processes, through /dev/lpc
 *
 * This is the whole ABI. Documentation/man/lpc.4 says the same at length.
 */
#ifndef _UAPI_LINUX_LPC_H
#define _UAPI_LINUX_LPC_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: errors
 *
 * One meaning each, whatever the ioctl:
 *
 * - EACCES: the name may not be used by this user, the port's mode forbids, or
 *   the client does not allow it
 * - EAGAIN: LPC_DONTWAIT, and it would have to wait
 * - EBUSY: another thread is already doing this (waits for that call)
 * - ECANCELED: the caller gave up; the reply was dropped
 * - ECONNREFUSED: refused, or the port went away during connect
 * - ECONNRESET: the peer went away after it had received the request
 * - E2BIG: a longer struct than this kernel knows, with a non-zero tail
 * - EEXIST: the name is taken
 * - EFAULT: bad memory of the caller
 * - EINPROGRESS: detached, as LPC_CALL_ASYNC or LPC_CONNECT_ASYNC asked
 * - EINTR: a signal with a handler that does not restart; call again
 * - EINVAL: malformed: unknown flag, non-zero reserved field, bad value
 * - EMSGSIZE: longer than a limit; the limit or the need stands in @room
 * - ENOBUFS: a quota is full; @limit says which, @in_use how full
 * - ENOENT: no such name in this IPC namespace
 * - ENOTCONN: the handshake of this connection is not over
 * - ENOTTY: no such ioctl on this kind of file descriptor
 * - EREMOTEIO: bad memory of the client, in DATA
 * - EOPNOTSUPP: exists, but not for this kind of port, call or kernel
 * - EPERM: the server is not who the client required; in IMPERSONATE: the server
 *   may not take on other ids, or not these
 * - EPIPE: the peer is gone; on a request: no server has ever received it
 * - ESHUTDOWN: SHUTDOWN ended receiving here and nothing is left
 * - ESTALE: no request with that id waits for this
 * - ETIMEDOUT: the deadline has passed
 */

/**
 * DOC: rules
 *
 * Every struct only grows at its end. Its size travels in the ioctl number;
 * shorter than the first published size is ENOTTY, longer than the kernel's
 * with a non-zero tail is E2BIG. Seccomp filters compare ``cmd & 0xffff``.
 * Unknown flags and non-zero reserved fields are EINVAL. Deadlines are
 * absolute CLOCK_MONOTONIC nanoseconds of the caller's time namespace,
 * LPC_FOREVER (0) is none. File descriptors made here are close-on-exec.
 */

#define LPC_ABI_VERSION		1

#define LPC_INLINE_MAX		303u	/* payload bytes the kernel copies */
#define LPC_CONNECT_MAX		260u	/* bytes of connect data, each way */
#define LPC_NAME_MAX		255u	/* bytes in a port name, no final NUL */
#define LPC_FOREVER		0ull

/* Codes from here on belong to liblpc (lpc_serve answers them itself). */
#define LPC_CODE_RESERVED	0xffff0000u
#define LPC_CODE_PING		0xffff0001u	/* the request comes back */
#define LPC_CODE_INFO		0xffff0002u	/* text: library, version */

/**
 * enum lpc_type - what kind of message this is; set by the kernel alone
 * @LPC_NEW: only as input
 * @LPC_REQUEST: somebody waits for the answer (NT: LPC_REQUEST)
 * @LPC_REPLY: the answer; in a queue only for a detached call
 * @LPC_DATAGRAM: nobody waits (NT: LPC_DATAGRAM)
 * @LPC_PORT_CLOSED: last message of a connection whose client end is gone;
 *	payload: start time of the connecting process, u64 ns since boot in the
 *	receiver's time namespace
 * @LPC_CLIENT_DIED: a watched thread exited or called execve(); payload: its
 *	start time, likewise
 * @LPC_CONNECTION_REQUEST: payload: connect data; to be answered by ACCEPT
 * @LPC_CANCELED: the caller of the request @id that this server has received
 *	has given up; only for ports made with LPC_PORT_CANCELED
 */
enum lpc_type {
	LPC_NEW			= 0,
	LPC_REQUEST		= 1,
	LPC_REPLY		= 2,
	LPC_DATAGRAM		= 3,
	LPC_PORT_CLOSED		= 5,
	LPC_CLIENT_DIED		= 6,
	LPC_CONNECTION_REQUEST	= 10,
	LPC_CANCELED		= 12,
};

/* lpc_msg.flags, from the caller. */
#define LPC_DONTWAIT		(1u << 0)	/* EAGAIN instead of waiting */
#define LPC_CALL_ASYNC		(1u << 1)	/* CALL: EINPROGRESS, see below */
#define LPC_CALLBACK		(1u << 2)	/* CALL: into the caller of @id */
#define LPC_SPIN		(1u << 3)	/* poll a while before sleeping */
#define LPC_WITH_REPLY		(1u << 4)	/* REPLY_*: has a reply part */
#define LPC_WITH_RECV		(1u << 5)	/* REPLY_RECV: has a receive part */
#define LPC_RECV_ANYWAY		(1u << 6)	/* receive though the reply failed */
#define LPC_LISTEN		(1u << 7)	/* only connection requests */
#define LPC_NO_IMPERSONATE	(1u << 8)	/* CALL: this is not to be acted for */
#define LPC_IMPERSONATE_ME	(1u << 9)	/* CALL: by who did not connect: may be */

/*
 * lpc_msg.status and lpc_connect.status: written by the kernel, on errors
 * too. On input all but LPC_PENDING is ignored.
 */
#define LPC_DID_REPLY		(1u << 0)	/* the reply part took effect */
#define LPC_WAS_TAKEN		(1u << 1)	/* a server may have acted */
#define LPC_PENDING		(1u << 2)	/* open: same ioctl waits on */
#define LPC_TRUNCATED		(1u << 3)	/* connect data did not all fit */
#define LPC_PID_FOREIGN		(1u << 4)	/* sender has no pid here: 0 */
#define LPC_UID_UNMAPPED	(1u << 5)	/* uid reads (__u32)-1 */
#define LPC_GID_UNMAPPED	(1u << 6)	/* gid reads (__u32)-1 */
#define LPC_DETACHED		(1u << 7)	/* asynchronous: cannot be called back */

/**
 * struct lpc_msg - one message; the argument of SEND, CALL, REPLY_RECV and
 *	REPLY_WAIT; its payload follows it directly
 * @type: out: enum lpc_type
 * @status: out: LPC_DID_REPLY ...; in: LPC_PENDING, to wait on for @id
 * @flags: in: LPC_DONTWAIT ...; out: 0
 * @code: carried unchanged: the method in a request, the result in a reply
 * @len: bytes of payload: up to LPC_INLINE_MAX behind the header; more of them
 *	at @offset of @section
 * @room: in: inline bytes that fit where the received message goes; out, on
 *	EMSGSIZE: what was needed, or the limit that was exceeded
 * @error: out: in a REPLY that ends a detached call, 0 or a negative errno
 * @id: the request's id; in: which one is answered, called back or waited for;
 *	out also where CALL failed with LPC_WAS_TAKEN
 * @callback: the callback's id, 0 if the message is none
 * @context: out: what ACCEPT said of this connection; server side only
 * @pid: out: sender's process as the receiver's pid namespace sees it
 * @tid: out: sender's thread, likewise
 * @uid: out: sender's fsuid as the receiver's user namespace sees it
 * @gid: out: sender's fsgid, likewise
 * @deadline: in: of the wait in this ioctl; out, in a request: its caller's
 * @out: in: address where the received message goes (header, then payload);
 *	0: over this one
 * @offset: with @section, where the piece begins that goes with this message,
 *	in bytes from the view's start; in a CONNECTION_REQUEST the most bytes of
 *	a section of the server's that the client takes
 * @length: with @section, bytes of that piece, at least @len where the payload
 *	lies there; in a CONNECTION_REQUEST the size of the client's view
 * @cookie: 0, for calls that do not block
 * @fds: 0, for passing file descriptors
 * @section: enum lpc_section_index; a view that both sides have. The piece of a
 *	request also is where its reply may lie; a reply that names the caller's
 *	section lies within it. Not in a datagram.
 * @nfds: 0, for passing file descriptors
 * @priority: 0, for priority inheritance
 * @limit: out, on ENOBUFS: enum lpc_limit
 * @in_use: out, on ENOBUFS: how much of it is in use
 */
struct lpc_msg {
	__u16	type;
	__u16	status;
	__u32	flags;
	__u32	code;
	__u32	len;
	__u32	room;
	__s32	error;
	__u64	id;
	__u64	callback;
	__u64	context;
	__u32	pid;
	__u32	tid;
	__u32	uid;
	__u32	gid;
	__u64	deadline;
	__u64	out;
	__u64	offset;
	__u64	length;
	__u64	cookie;
	__u64	fds;
	__u16	section;
	__u16	nfds;
	__u32	priority;
	__u32	limit;
	__u32	in_use;
};

/**
 * enum lpc_section_index - whose section a message speaks of
 * @LPC_SECTION_NONE: none
 * @LPC_SECTION_CLIENT: the one the client gave to CONNECT
 * @LPC_SECTION_SERVER: the one the server gave to ACCEPT
 */
enum lpc_section_index {
	LPC_SECTION_NONE	= 0,
	LPC_SECTION_CLIENT	= 1,
	LPC_SECTION_SERVER	= 2,
};

/* lpc_buffer.access: what the server may do with it */
#define LPC_DATA_READ		(1u << 0)
#define LPC_DATA_WRITE		(1u << 1)

#define LPC_BUFFERS_MAX		16u	/* buffers that one request lists */

/**
 * struct lpc_buffer - memory of the caller that the server may reach by DATA
 * @base: address in the caller
 * @length: bytes
 * @access: LPC_DATA_READ, LPC_DATA_WRITE or both
 * @reserved: 0
 */
struct lpc_buffer {
	__u64	base;
	__u64	length;
	__u32	access;
	__u32	reserved;
};

/**
 * struct lpc_call_data - the argument of CALL with buffers: LPC_IOC_CALL_DATA
 *	is LPC_IOC_CALL with a longer header
 * @msg: the message; its payload follows this whole struct
 * @buffers: in: address of an array of struct lpc_buffer, copied once
 * @count: in: elements there, 1 to LPC_BUFFERS_MAX
 * @reserved: 0
 *
 * The buffers are there for the server while this thread waits in CALL, and not
 * a moment longer. Not for asynchronous calls and not for callbacks.
 */
struct lpc_call_data {
	struct lpc_msg	msg;
	__u64		buffers;
	__u32		count;
	__u32		reserved;
};

/**
 * enum lpc_split_form - where payload and header of a message lie apart
 * @LPC_SPLIT_NONE: the payload follows the whole struct, as always
 * @LPC_SPLIT_BYTES: payload alone, at @send and @receive
 * @LPC_SPLIT_NT: a struct lpc_nt_message and its payload, at @send and @receive
 */
enum lpc_split_form {
	LPC_SPLIT_NONE	= 0,
	LPC_SPLIT_BYTES	= 1,
	LPC_SPLIT_NT	= 2,
};

/**
 * struct lpc_split - the argument of SEND, CALL, REPLY_RECV and REPLY_WAIT in
 *	the split form (LPC_IOC_CALL_SPLIT ...): the payload lies elsewhere
 * @msg: the message's header; a received one goes to msg.out or over this, and
 *	only this much of the struct is written. With LPC_SPLIT_NT a received
 *	message has NT's header alone, and msg.out is 0; the kernel makes code, len,
 *	id and callback of this one from what lies at @send, and in what is
 *	written back on an error pid and tid are those that it names.
 * @buffers: CALL: as in struct lpc_call_data; else and with LPC_SPLIT_NT 0
 * @count: likewise
 * @form: in: enum lpc_split_form; LPC_SPLIT_NONE: all below is 0
 * @send: in: address of what is sent
 * @receive: in: address of where the received payload goes; not for SEND
 * @context: in: address of a __u64 that gets the received message's context, 0:
 *	none; with LPC_SPLIT_NT alone, not for SEND
 *
 * All of it is read and written by the kernel, so a bad address is EFAULT and no
 * signal. A received message whose payload, header or context cannot be written
 * has not been received.
 */
struct lpc_split {
	struct lpc_msg	msg;
	__u64	buffers;
	__u32	count;
	__u32	form;
	__u64	send;
	__u64	receive;
	__u64	context;
};

/* lpc_nt_message.type, besides enum lpc_type; in: not to be impersonated for */
#define LPC_NT_NO_IMPERSONATE	0x4000

/**
 * struct lpc_nt_message - NT's PORT_MESSAGE as 64-bit programs have it, for
 *	LPC_SPLIT_NT; the payload follows it
 * @data_length: bytes of payload
 * @total_length: with this header, or more; carried, in lpc_msg.code's low half
 * @type: in: CALL: 0, or LPC_REQUEST to call back into the caller of the request
 *	that this is the header of; out: enum lpc_type
 * @data_info_offset: in, in CALL: where a struct lpc_nt_buffers lies, from the
 *	start of this header; carried, in lpc_msg.code's high half
 * @process: out: the sender; in: who waits for this reply. pid
 * @thread: likewise. tid
 * @message_id: the low half of lpc_msg.id
 * @reserved: out: 0
 * @callback: the low half of lpc_msg.callback; out, in a connection request: the
 *	size of the client's view
 *
 * A reply or a callback goes to the request that has this @message_id, @callback,
 * @process and @thread, ESTALE if none has. EINVAL where NT says
 * INVALID_PARAMETER. CALL and receiving look first, by writing what stands there,
 * whether the header can be written at @receive.
 */
struct lpc_nt_message {
	__s16	data_length;
	__s16	total_length;
	__s16	type;
	__s16	data_info_offset;
	__u64	process;
	__u64	thread;
	__u32	message_id;
	__u32	reserved;
	__u64	callback;
};

/**
 * struct lpc_nt_buffer - one buffer that a request lists (NT: PORT_DATA_ENTRY)
 * @base: address in the caller
 * @size: bytes
 * @reserved: ignored
 */
struct lpc_nt_buffer {
	__u64	base;
	__u32	size;
	__u32	reserved;
};

/**
 * struct lpc_nt_buffers - head of the list, in the payload (NT:
 *	PORT_DATA_INFORMATION); as many struct lpc_nt_buffer follow it, which the
 *	server may read and write by DATA
 * @count: elements, 1 to LPC_BUFFERS_MAX
 * @reserved: ignored
 */
struct lpc_nt_buffers {
	__u32	count;
	__u32	reserved;
};

/**
 * struct lpc_copy - COPY on /dev/lpc: memory of the caller to memory of the caller,
 *	with EFAULT instead of a signal
 * @from: in: address
 * @to: in: address; that of @from: can it be read and written?
 * @length: in: bytes, at most LPC_COPY_MOST
 * @flags: in: 0
 *
 * EFAULT: some of it may have been copied.
 */
struct lpc_copy {
	__u64	from;
	__u64	to;
	__u32	length;
	__u32	flags;
};

#define LPC_COPY_MOST		4096u

/**
 * struct lpc_data - DATA on a port or a server end (NtReadRequestData,
 *	NtWriteRequestData): copy from or to a buffer that a request lists
 * @id: in: the request, received here and not answered
 * @index: in: which of its buffers
 * @access: in: LPC_DATA_READ or LPC_DATA_WRITE, one of them
 * @offset: in: where in that buffer
 * @address: in: memory of the caller of this
 * @length: in: bytes; 0 copies nothing and tells @size and @allowed
 * @deadline: in: ETIMEDOUT then; the client's memory may never answer
 * @done: out: bytes copied, on errors too
 * @size: out: bytes of that buffer
 * @allowed: out: its lpc_buffer.access
 * @reserved: 0
 *
 * The copying is done by the client's own thread, inside its CALL. EAGAIN: that
 * thread is away, in a callback or a signal handler. EBUSY: another thread is
 * at this request's buffers. EACCES: not that way. EFAULT: memory of this
 * caller; EREMOTEIO: memory of the client. ECANCELED: the call has ended.
 */
struct lpc_data {
	__u64	id;
	__u32	index;
	__u32	access;
	__u64	offset;
	__u64	address;
	__u64	length;
	__u64	deadline;
	__u64	done;
	__u64	size;
	__u32	allowed;
	__u32	reserved;
};

/**
 * struct lpc_section_make - SECTION on /dev/lpc: memory to share, all of it allocated
 *	and charged to the caller here
 * @flags: in: 0
 * @fd: out: the section: for CONNECT, ACCEPT and mmap()
 * @size: in: bytes; out: rounded up to whole pages
 * @in_use: out: on ENOBUFS, bytes this user has in sections
 * @limit: out: on ENOBUFS: LPC_LIMIT_SECTION_BYTES or LPC_LIMIT_SECTION
 * @reserved: 0
 *
 * Its size never changes and no part of it is ever given back while it is
 * mapped anywhere: nobody gets SIGBUS from it, and nobody else pays for it.
 */
struct lpc_section_make {
	__u32	flags;
	__s32	fd;
	__u64	size;
	__u64	in_use;
	__u32	limit;
	__u32	reserved;
};

/* lpc_view.flags */
#define LPC_VIEW_PEER_READONLY	(1u << 0)	/* own, in: the peer can never write */
#define LPC_VIEW_TELL_BASE	(1u << 1)	/* theirs, in: tell the peer @base */
#define LPC_VIEW_SHARED		(1u << 2)	/* out: both sides have it */

/**
 * struct lpc_view - a section in CONNECT and ACCEPT (NT: PORT_VIEW and
 *	REMOTE_PORT_VIEW): @own is what the caller gives, @theirs what it takes
 * @fd: in: own: the section, with LPC_CONNECT_VIEW or LPC_ACCEPT_VIEW; else 0
 * @flags: in and out: LPC_VIEW_*
 * @offset: in: own: where the view begins in the section, whole pages
 * @size: in: own: bytes, 0: up to its end; theirs: the most that is taken, 0:
 *	nothing. out: bytes mapped here, whole pages
 * @base: out: where, in the caller; 0 if it is not
 * @peer_base: out: own: where the peer has it, if the peer tells
 *
 * Views are shared, never executable, not inherited by fork(). They are the
 * caller's own: munmap() them. CONNECT maps both when it succeeds, ACCEPT both.
 */
struct lpc_view {
	__s32	fd;
	__u32	flags;
	__u64	offset;
	__u64	size;
	__u64	base;
	__u64	peer_base;
};

/**
 * enum lpc_limit - what can be full; index into lpc_info.limits
 * @LPC_LIMIT_NONE: none
 * @LPC_LIMIT_PORTS: ports a user has made (sysctl lpc.ports)
 * @LPC_LIMIT_CONNS: connections a user has made (lpc.connections)
 * @LPC_LIMIT_PORT_CONNS: connections on one port (lpc.port_connections)
 * @LPC_LIMIT_PENDING: connects pending on one port (the port's backlog, at
 *	most lpc.pending)
 * @LPC_LIMIT_USER_PENDING: connects one user has pending (lpc.user_pending)
 * @LPC_LIMIT_SHARE: one user's share of a port (lpc.port_share, in percent)
 * @LPC_LIMIT_NAME_WAITERS: threads of one user that wait for a name
 *	(lpc.name_waiters)
 * @LPC_LIMIT_DATAGRAMS: datagrams queued, by connection and direction
 *	(lpc.datagrams)
 * @LPC_LIMIT_CALLS: calls in progress by connection, and asynchronous ones that
 *	have ended and were not fetched (lpc.calls)
 * @LPC_LIMIT_CALLBACK_DEPTH: nested callbacks (lpc.callback_depth)
 * @LPC_LIMIT_WATCHES: watches a user has registered (lpc.watches)
 * @LPC_LIMIT_SECTION_BYTES: bytes a user has in sections, until the last file
 *	descriptor and the last mapping are gone (lpc.section_bytes)
 * @LPC_LIMIT_SECTION: bytes of one section (lpc.section_max); a connection has
 *	two at most, besides those of its quick channels
 * @LPC_LIMIT_EVENT_PAIRS: event pairs a user has made, those of quick channels
 *	too, until the last file descriptor and the last mapping are gone
 *	(lpc.event_pairs)
 * @LPC_LIMIT_QUICK: quick channels on one connection (lpc.quick)
 * @LPC_LIMIT_MAX: one more than the last
 */
enum lpc_limit {
	LPC_LIMIT_NONE			= 0,
	LPC_LIMIT_PORTS			= 1,
	LPC_LIMIT_CONNS			= 2,
	LPC_LIMIT_PORT_CONNS		= 3,
	LPC_LIMIT_PENDING		= 4,
	LPC_LIMIT_USER_PENDING		= 5,
	LPC_LIMIT_SHARE			= 6,
	LPC_LIMIT_NAME_WAITERS		= 7,
	LPC_LIMIT_DATAGRAMS		= 8,
	LPC_LIMIT_CALLS			= 9,
	LPC_LIMIT_CALLBACK_DEPTH	= 10,
	LPC_LIMIT_WATCHES		= 11,
	LPC_LIMIT_SECTION_BYTES		= 12,
	LPC_LIMIT_SECTION		= 13,
	LPC_LIMIT_EVENT_PAIRS		= 14,
	LPC_LIMIT_QUICK			= 15,
	LPC_LIMIT_MAX			= 16,
};

/* lpc_info.features */
#define LPC_HAS_WATCH		(1ull << 0)	/* WATCH_THREAD, callbacks end */
#define LPC_HAS_HANDOFF		(1ull << 1)	/* wakes stay on this CPU */
#define LPC_HAS_DEBUG		(1ull << 2)	/* built with LPC_DEBUG */
#define LPC_HAS_SECTIONS	(1ull << 3)	/* SECTION, views, DATA */
#define LPC_HAS_QUICK		(1ull << 4)	/* EVENT_PAIR, EVENT, QUICK */
#define LPC_HAS_IMPERSONATE	(1ull << 5)	/* IMPERSONATE */
#define LPC_HAS_SECURITY	(1ull << 6)	/* SECURITY, lists in CREATE */
#define LPC_HAS_CALLER		(1ull << 7)	/* LPC_WHAT_CALLER */
#define LPC_HAS_SPLIT		(1ull << 8)	/* the split form, COPY, short ids */

/**
 * struct lpc_limit_value - a limit in force and what the caller has of it
 * @limit: how much; the unit is that of enum lpc_limit
 * @in_use: how much of it the calling user has in use; 0 where the limit
 *	belongs to a port or a connection
 */
struct lpc_limit_value {
	__u64	limit;
	__u64	in_use;
};

/**
 * struct lpc_info - INFO on /dev/lpc
 * @flags: in: 0
 * @abi: out: LPC_ABI_VERSION of the module
 * @features: out: LPC_HAS_* bits
 * @errata: out: bits for bugs mended since the ABI was published; none yet
 * @inline_max: out: LPC_INLINE_MAX
 * @connect_max: out: LPC_CONNECT_MAX
 * @callback_ms: out: deadline of a callback that names none, milliseconds
 * @reserved: 0
 * @limits: out: by enum lpc_limit
 */
struct lpc_info {
	__u32	flags;
	__u32	abi;
	__u64	features;
	__u64	errata;
	__u32	inline_max;
	__u32	connect_max;
	__u32	callback_ms;
	__u32	reserved;
	struct lpc_limit_value limits[LPC_LIMIT_MAX];
};

/* lpc_acl_entry.flags */
#define LPC_ACL_DENY		(1u << 0)	/* else it allows */
#define LPC_ACL_GROUP		(1u << 1)	/* @id is a gid, else a uid */

/* lpc_acl_entry.rights; the bits of a class in a port's mode */
#define LPC_RIGHT_CONNECT	(1u << 1)	/* w */
#define LPC_RIGHT_QUERY		(1u << 2)	/* r */

#define LPC_ACL_MAX		16u	/* entries that one port has */

/**
 * struct lpc_acl_entry - who may, or may not, connect to a port or query it
 * @flags: LPC_ACL_*
 * @rights: LPC_RIGHT_*, at least one
 * @id: in the caller's user namespace; out: (__u32)-1 if it has no number there
 *
 * The first entry that is about the caller, by fsuid or any of its groups, and
 * names the right decides; if there is none, owner, group and other of the mode.
 * CAP_IPC_OWNER overrides all. A group can be left in a user namespace of one's
 * own: to deny it something is advice, to allow only some is a wall.
 */
struct lpc_acl_entry {
	__u16	flags;
	__u16	rights;
	__u32	id;
};

/* lpc_create.flags */
#define LPC_PORT_OWNER		(1u << 0)	/* @owner and @group are given */
#define LPC_PORT_PAIR		(1u << 1)	/* no name, and a connected client */
#define LPC_PORT_CANCELED	(1u << 2)	/* wants CANCELED messages */
#define LPC_PORT_SPIN		(1u << 3)	/* its threads poll before they sleep */

/**
 * struct lpc_create - CREATE on /dev/lpc (NtCreatePort, NtCreateWaitablePort)
 * @flags: in: LPC_PORT_*
 * @mode: in: w (2) connect, r (4) query, for owner, group and other; 0: 0600
 * @name: in: address of the name; no name makes a private port
 * @name_len: in: its length, at most LPC_NAME_MAX
 * @owner: in: with LPC_PORT_OWNER, in the caller's user namespace; needs
 *	CAP_IPC_OWNER over the IPC namespace unless it is the caller's own
 * @group: in: likewise
 * @inline_max: in: longest payload of a message; 0: LPC_INLINE_MAX
 * @connect_max: in: longest connect data; 0: LPC_CONNECT_MAX
 * @backlog: in: connects that may be pending; 0: lpc.pending
 * @context: in: with LPC_PORT_PAIR, the context of that connection
 * @fd: out: the connection port
 * @client_fd: out: with LPC_PORT_PAIR, the client end; else -1
 * @limit: out: on ENOBUFS
 * @in_use: out: on ENOBUFS
 * @acl: in: address of an array of struct lpc_acl_entry
 * @acl_count: in: entries there, at most LPC_ACL_MAX
 * @reserved: 0
 */
struct lpc_create {
	__u32	flags;
	__u32	mode;
	__u64	name;
	__u32	name_len;
	__u32	owner;
	__u32	group;
	__u32	inline_max;
	__u32	connect_max;
	__u32	backlog;
	__u64	context;
	__s32	fd;
	__s32	client_fd;
	__u32	limit;
	__u32	in_use;
	__u64	acl;
	__u32	acl_count;
	__u32	reserved;
};

/* lpc_connect.flags */
#define LPC_CONNECT_ASYNC	(1u << 0)	/* EINPROGRESS with a pending end */
#define LPC_CONNECT_WAIT_NAME	(1u << 1)	/* wait until the name exists */
#define LPC_CONNECT_SERVER_UID	(1u << 2)	/* port made by @server_uid or EPERM */
#define LPC_CONNECT_SERVER_GID	(1u << 3)
#define LPC_CONNECT_SERVER_PID	(1u << 4)
#define LPC_CONNECT_SAME_SERVER	(1u << 5)	/* acceptor has the creator's uid */
#define LPC_CONNECT_VIEW	(1u << 6)	/* @own is given */

/**
 * enum lpc_level - what the server may do with who its client is; the client says
 *	so in CONNECT (NT: SECURITY_IMPERSONATION_LEVEL)
 * @LPC_LEVEL_IDENTIFY: know it. The default
 * @LPC_LEVEL_ANONYMOUS: no more than what every message says
 * @LPC_LEVEL_IMPERSONATE: act with its rights, by IMPERSONATE
 * @LPC_LEVEL_DELEGATE: the same: there is one machine
 */
enum lpc_level {
	LPC_LEVEL_IDENTIFY	= 0,
	LPC_LEVEL_ANONYMOUS	= 1,
	LPC_LEVEL_IMPERSONATE	= 2,
	LPC_LEVEL_DELEGATE	= 3,
};

/**
 * enum lpc_tracking - whose rights at which moment (NT:
 *	SECURITY_CONTEXT_TRACKING_MODE)
 * @LPC_TRACK_STATIC: those of who connected, as they were then; not for a sender
 *	of another uid, or one without one of those groups
 * @LPC_TRACK_DYNAMIC: those of the thread that waits, as they are now; a sender of
 *	another uid than who connected says LPC_IMPERSONATE_ME in its message
 */
enum lpc_tracking {
	LPC_TRACK_STATIC	= 0,
	LPC_TRACK_DYNAMIC	= 1,
};

/**
 * struct lpc_connect - CONNECT on /dev/lpc (NtConnectPort,
 *	NtSecureConnectPort); on a client end made with LPC_CONNECT_ASYNC:
 *	finish it, with @name_len 0; LPC_CONNECT_VIEW and @own.fd 0 map what was
 *	given when it was made, @theirs as there, both once
 * @flags: in: LPC_CONNECT_*
 * @status: in: LPC_PENDING to wait on; out: LPC_PENDING, LPC_WAS_TAKEN (the
 *	server has seen the request), LPC_TRUNCATED
 * @id: in and out: with LPC_PENDING, which connect is waited for
 * @name: in: address of the name
 * @name_len: in: its length
 * @data_len: in: bytes of connect data, at most the port's limit
 * @data: in: address of the connect data
 * @answer: in: where the server's data goes, on success and on ECONNREFUSED
 * @answer_room: in: bytes there
 * @answer_len: out: bytes of the server's data, more than fit perhaps
 * @deadline: in: of the whole handshake, waiting for the name included
 * @server_uid: in: required; out: who made the port
 * @server_gid: in: required; out: likewise
 * @server_pid: in: required; out: likewise
 * @acceptor_pid: out: who accepted
 * @acceptor_uid: out: who accepted
 * @room: out: the port's inline_max; on EMSGSIZE: its connect_max
 * @fd: out: the client end
 * @limit: out: on ENOBUFS
 * @in_use: out: on ENOBUFS
 * @level: in: enum lpc_level
 * @tracking: in: enum lpc_tracking
 * @reserved: 0
 * @own: in and out: with LPC_CONNECT_VIEW, the client's section
 * @theirs: in and out: what the client takes of the server's
 */
struct lpc_connect {
	__u32	flags;
	__u32	status;
	__u64	id;
	__u64	name;
	__u32	name_len;
	__u32	data_len;
	__u64	data;
	__u64	answer;
	__u32	answer_room;
	__u32	answer_len;
	__u64	deadline;
	__u32	server_uid;
	__u32	server_gid;
	__u32	server_pid;
	__u32	acceptor_pid;
	__u32	acceptor_uid;
	__u32	room;
	__s32	fd;
	__u32	limit;
	__u32	in_use;
	__u8	level;
	__u8	tracking;
	__u16	reserved;
	struct lpc_view own;
	struct lpc_view theirs;
};

/* lpc_accept.flags */
#define LPC_ACCEPT_REFUSE	(1u << 0)
#define LPC_ACCEPT_OWN_QUEUE	(1u << 1)	/* only this connection, only here */
#define LPC_ACCEPT_VIEW		(1u << 2)	/* @own is given */
#define LPC_ACCEPT_MAP_NOW	(1u << 3)	/* @own: wait until the client has it */

/**
 * struct lpc_accept - ACCEPT on a port (NtAcceptConnectPort)
 * @flags: in: LPC_ACCEPT_*
 * @data_len: in: bytes of data for the client, at most the port's connect_max
 * @id: in: of the CONNECTION_REQUEST; ESTALE if none waits under it
 * @context: in: comes back with every message of this connection
 * @data: in: address of the data for the client; on refusal too
 * @fd: out: the server end; -1 on refusal
 * @limit: out: on ENOBUFS
 * @in_use: out: on ENOBUFS
 * @room: out: on EMSGSIZE: the port's connect_max; 0 if a view is too large for
 *	who is to take it
 * @deadline: in: with LPC_ACCEPT_MAP_NOW, finite: then the client is refused and
 *	this is ETIMEDOUT
 * @own: in and out: with LPC_ACCEPT_VIEW, the server's section, mapped into the
 *	client when COMPLETE lets it go on
 * @theirs: in and out: what the server takes of the client's
 *
 * A view that is larger than who is to take it said is EMSGSIZE; the request
 * stays answerable. One that cannot be mapped here refuses the client.
 */
struct lpc_accept {
	__u32	flags;
	__u32	data_len;
	__u64	id;
	__u64	context;
	__u64	data;
	__s32	fd;
	__u32	limit;
	__u32	in_use;
	__u32	room;
	__u64	deadline;
	struct lpc_view own;
	struct lpc_view theirs;
};

/**
 * struct lpc_complete - COMPLETE on a server end (NtCompleteConnectPort)
 * @flags: in: 0
 * @reserved: 0
 *
 * Only now does the client's CONNECT return. A second COMPLETE is EINVAL; a
 * client that has gone meanwhile is no error.
 */
struct lpc_complete {
	__u32	flags;
	__u32	reserved;
};

/* lpc_shutdown.flags */
#define LPC_SHUT_NEW		(1u << 0)	/* port: name gone, connects refused */
#define LPC_SHUT_REQUESTS	(1u << 1)	/* untaken and new requests: EPIPE */
#define LPC_SHUT_RECEIVE	(1u << 2)	/* receivers: ESHUTDOWN when empty */
#define LPC_SHUT_ALL		(1u << 3)	/* as if every holder had closed it */

/**
 * struct lpc_shutdown - SHUTDOWN on a port or an end: for all its holders
 * @flags: in: LPC_SHUT_*; on an end LPC_SHUT_NEW is EINVAL. On a port
 *	LPC_SHUT_ALL ends its connections too.
 * @reserved: 0
 */
struct lpc_shutdown {
	__u32	flags;
	__u32	reserved;
};

/**
 * struct lpc_cancel - CANCEL on the end (or port) that made a detached call
 * @id: in: of the call; ESTALE if it has ended
 * @flags: in: 0
 * @reserved: 0
 *
 * The call ends with ECANCELED: an asynchronous one as a REPLY with that
 * @error, a PENDING one for the thread that comes back for it.
 */
struct lpc_cancel {
	__u64	id;
	__u32	flags;
	__u32	reserved;
};

/**
 * struct lpc_watch - WATCH_THREAD on a client end or a port
 *	(NtRegisterThreadTerminatePort)
 * @flags: in: 0
 * @limit: out: on ENOBUFS
 * @in_use: out: on ENOBUFS
 * @reserved: 0
 *
 * When the calling thread exits or calls execve() the server receives one
 * CLIENT_DIED for each registration; twice is legal. EOPNOTSUPP where the
 * kernel has no such tracepoint (LPC_HAS_WATCH).
 */
struct lpc_watch {
	__u32	flags;
	__u32	limit;
	__u32	in_use;
	__u32	reserved;
};

/**
 * struct lpc_counters - what has happened on a port or a connection
 * @calls: requests accepted, = replied + canceled + lost + withdrawn + those
 *	still in progress
 * @replied: requests whose reply reached their call
 * @canceled: requests given up after a server had received them
 * @lost: requests whose peer went away (EPIPE, ECONNRESET)
 * @withdrawn: requests given up before a server had received them
 * @datagrams: datagrams accepted
 * @dropped: datagrams discarded because their receiver went away
 * @refused: connects refused
 * @bytes: payload bytes copied in
 * @unattended: messages that found no server waiting
 */
struct lpc_counters {
	__u64	calls;
	__u64	replied;
	__u64	canceled;
	__u64	lost;
	__u64	withdrawn;
	__u64	datagrams;
	__u64	dropped;
	__u64	refused;
	__u64	bytes;
	__u64	unattended;
};

/**
 * struct lpc_port_info - QUERY and LIST of a port
 * @serial: unique while the module is loaded
 * @created: when, CLOCK_MONOTONIC ns of the reader's time namespace
 * @last: when the last message was sent, likewise; 0: none yet
 * @mode: the mode bits
 * @flags: LPC_PORT_* it was made with
 * @owner: uid of the owner, (__u32)-1 if unmapped here
 * @group: gid, likewise
 * @server_pid: process that made it, 0 if not visible here
 * @server_uid: its uid
 * @server_gid: its gid
 * @inline_max: longest payload
 * @connect_max: longest connect data
 * @backlog: connects that may be pending
 * @pending: connects that are
 * @connections: connections now
 * @queued: messages in the queue now
 * @queued_peak: the most there ever were
 * @waiting: threads that wait to receive now
 * @waiting_peak: the most there ever were
 * @calls_now: requests in progress
 * @shut: LPC_SHUT_* in force
 * @acl_count: entries of its list; SECURITY tells them
 * @name_len: bytes of @name
 * @counters: since it was made
 * @name: not terminated beyond @name_len, zero padded
 */
struct lpc_port_info {
	__u64	serial;
	__u64	created;
	__u64	last;
	__u32	mode;
	__u32	flags;
	__u32	owner;
	__u32	group;
	__u32	server_pid;
	__u32	server_uid;
	__u32	server_gid;
	__u32	inline_max;
	__u32	connect_max;
	__u32	backlog;
	__u32	pending;
	__u32	connections;
	__u32	queued;
	__u32	queued_peak;
	__u32	waiting;
	__u32	waiting_peak;
	__u32	calls_now;
	__u32	shut;
	__u32	acl_count;
	__u32	name_len;
	struct lpc_counters counters;
	__u8	name[256];
};

/**
 * enum lpc_conn_state - how far the handshake is
 * @LPC_CONN_PENDING: no server has received the request
 * @LPC_CONN_RECEIVED: one has
 * @LPC_CONN_ACCEPTED: accepted, not completed
 * @LPC_CONN_CONNECTED: completed
 * @LPC_CONN_REFUSED: over: refused
 * @LPC_CONN_GONE: over: an end is closed
 */
enum lpc_conn_state {
	LPC_CONN_PENDING	= 0,
	LPC_CONN_RECEIVED	= 1,
	LPC_CONN_ACCEPTED	= 2,
	LPC_CONN_CONNECTED	= 3,
	LPC_CONN_REFUSED	= 4,
	LPC_CONN_GONE		= 5,
};

/**
 * struct lpc_conn_info - QUERY of an end, LIST of a port's connections
 * @serial: unique within the port
 * @since: when the client asked, CLOCK_MONOTONIC ns of the reader
 * @state: enum lpc_conn_state
 * @flags: LPC_ACCEPT_OWN_QUEUE, as accepted
 * @pid: connector, 0 if not visible here
 * @tid: its thread
 * @uid: its uid, (__u32)-1 if unmapped here
 * @gid: its gid
 * @server_pid: who accepted
 * @server_uid: who accepted
 * @calls_now: requests in progress, both directions
 * @datagrams_now: datagrams queued, both directions
 * @datagrams_max: how many may be, by direction
 * @watches: registered threads
 * @counters: since it was made
 * @client_view: bytes of the client's section that both sides have, 0: none
 * @server_view: bytes of the server's section that both sides have, 0: none
 * @held_bytes: of @client_view and @server_view: pieces whose call ended while
 *	the peer had it, and whose answer has not come since
 * @held: how many such calls; they count as calls in progress (LPC_LIMIT_CALLS)
 * @level: enum lpc_level
 * @tracking: enum lpc_tracking
 * @reserved: 0
 */
struct lpc_conn_info {
	__u64	serial;
	__u64	since;
	__u32	state;
	__u32	flags;
	__u32	pid;
	__u32	tid;
	__u32	uid;
	__u32	gid;
	__u32	server_pid;
	__u32	server_uid;
	__u32	calls_now;
	__u32	datagrams_now;
	__u32	datagrams_max;
	__u32	watches;
	struct lpc_counters counters;
	__u64	client_view;
	__u64	server_view;
	__u64	held_bytes;
	__u32	held;
	__u8	level;
	__u8	tracking;
	__u16	reserved;
};

/**
 * enum lpc_call_state - where a request is
 * @LPC_CALL_QUEUED: no server has it
 * @LPC_CALL_HANDED: on its way to one
 * @LPC_CALL_TAKEN: received, to be answered
 * @LPC_CALL_AWAY: its caller handles a callback
 * @LPC_CALL_REPLIED: over, its caller has yet to fetch the reply
 * @LPC_CALL_CANCELED: over: given up
 * @LPC_CALL_LOST: over: the peer went away
 */
enum lpc_call_state {
	LPC_CALL_QUEUED		= 0,
	LPC_CALL_HANDED		= 1,
	LPC_CALL_TAKEN		= 2,
	LPC_CALL_AWAY		= 3,
	LPC_CALL_REPLIED	= 4,
	LPC_CALL_CANCELED	= 5,
	LPC_CALL_LOST		= 6,
};

/**
 * struct lpc_call_info - QUERY of a request, LIST of a port's requests in
 *	progress
 * @id: the request's id
 * @callback: its callback id if it is one
 * @conn: serial of its connection, 0 if it was sent on the port
 * @sent: when, CLOCK_MONOTONIC ns of the reader
 * @start: start time of the caller's thread, ns since boot as the reader has it
 * @state: enum lpc_call_state
 * @flags: LPC_CALL_ASYNC, LPC_CALLBACK, LPC_CALL_HELD, LPC_NO_IMPERSONATE,
 *	LPC_IMPERSONATE_ME
 * @code: the method
 * @len: payload bytes
 * @pid: caller, 0 if not visible here
 * @tid: its thread
 * @server_tid: thread that received it, 0 if none or not visible
 * @to_client: 1 if the server called
 * @section: enum lpc_section_index of its piece
 * @buffers: how many it lists for DATA
 * @reserved: 0
 * @offset: of its piece
 * @length: of its piece
 */
struct lpc_call_info {
	__u64	id;
	__u64	callback;
	__u64	conn;
	__u64	sent;
	__u64	start;
	__u32	state;
	__u32	flags;
	__u32	code;
	__u32	len;
	__u32	pid;
	__u32	tid;
	__u32	server_tid;
	__u32	to_client;
	__u16	section;
	__u16	buffers;
	__u32	reserved;
	__u64	offset;
	__u64	length;
};

/* lpc_call_info.flags: over, but the peer may still write to its piece */
#define LPC_CALL_HELD		(1u << 16)

/* lpc_caller_info.status, besides LPC_PID_FOREIGN and the two for ids */
#define LPC_CALLER_CAPABLE	(1u << 16)	/* it holds the capability asked for */

/**
 * struct lpc_caller_info - QUERY of who waits for the answer to a request
 * @start: start time of its thread, ns since boot as the reader has it
 * @process_start: start time of its process, likewise
 * @pid: as in the request's header
 * @tid: likewise
 * @uid: likewise
 * @gid: likewise
 * @status: LPC_CALLER_CAPABLE, LPC_PID_FOREIGN, LPC_UID_UNMAPPED, LPC_GID_UNMAPPED
 * @group_count: groups that follow this struct, a __u32 each, as the asker's user
 *	namespace numbers them
 * @unmapped_groups: those that have no number there
 * @label_len: bytes of @label, 0 where no security module gives one
 * @label: its security label, not terminated beyond @label_len, zero padded
 */
struct lpc_caller_info {
	__u64	start;
	__u64	process_start;
	__u32	pid;
	__u32	tid;
	__u32	uid;
	__u32	gid;
	__u32	status;
	__u32	group_count;
	__u32	unmapped_groups;
	__u32	label_len;
	__u8	label[256];
};

/* lpc_query.what, lpc_list.what */
#define LPC_WHAT_PORT		1	/* struct lpc_port_info */
#define LPC_WHAT_CONN		2	/* struct lpc_conn_info */
#define LPC_WHAT_CALL		3	/* struct lpc_call_info */
#define LPC_WHAT_CALLER		4	/* struct lpc_caller_info; QUERY alone */

/* lpc_query.flags */
#define LPC_QUERY_WAIT_NAME	(1u << 0)	/* wait until the name exists */
#define LPC_QUERY_CAPABLE	(1u << 1)	/* has the caller @capability? */
#define LPC_QUERY_SHORT_ID	(1u << 2)	/* @id is the low half of one */

/**
 * struct lpc_query - QUERY on a port or an end, or by name on /dev/lpc
 *	(NtQueryInformationPort)
 * @what: in: LPC_WHAT_PORT; LPC_WHAT_CONN on an end; LPC_WHAT_CALL on a port
 *	or an end, for the request @id that waits there for an answer, on the
 *	end that sent it also while it is LPC_CALL_HELD (ESTALE if none does);
 *	LPC_WHAT_CALLER likewise, while its thread sleeps for it (EAGAIN while it is
 *	away, EOPNOTSUPP if nobody waits, ECANCELED, EACCES: LPC_LEVEL_ANONYMOUS).
 *	By name only LPC_WHAT_PORT, and r is needed.
 * @flags: in: LPC_QUERY_WAIT_NAME by name; LPC_QUERY_CAPABLE with
 *	LPC_WHAT_CALLER; with LPC_WHAT_CALL LPC_QUERY_SHORT_ID: @id is the low half
 *	of an id, and on a port that of a connection request which has been received
 *	will do
 * @name: in: on /dev/lpc, address of the name
 * @name_len: in: on /dev/lpc, its length; else 0
 * @size: in: bytes at @out; out: bytes of the whole answer. A shorter room
 *	gets what fits.
 * @out: in: where the answer goes
 * @id: in: for LPC_WHAT_CALL and LPC_WHAT_CALLER; of a callback its callback id
 * @deadline: in: for LPC_QUERY_WAIT_NAME
 * @limit: out: on ENOBUFS
 * @in_use: out: on ENOBUFS
 * @capability: in: with LPC_QUERY_CAPABLE, its number: does the caller hold it over
 *	the asker's user namespace? A set is never told.
 * @reserved: 0
 */
struct lpc_query {
	__u32	what;
	__u32	flags;
	__u64	name;
	__u32	name_len;
	__u32	size;
	__u64	out;
	__u64	id;
	__u64	deadline;
	__u32	limit;
	__u32	in_use;
	__u32	capability;
	__u32	reserved;
};

/**
 * struct lpc_list - LIST on /dev/lpc: the ports of this IPC namespace that
 *	the caller may query, a port's connections, a port's requests
 * @what: in: LPC_WHAT_*; connections and requests only for the port's owner
 *	or CAP_IPC_OWNER
 * @flags: in: 0
 * @port: in: serial of the port, for connections and requests
 * @cursor: in: 0 to start; out: where to go on
 * @out: in: address of an array
 * @size: in: bytes of one element there; it is cut or zero padded to that
 * @count: in: elements there; out: elements written, 0 at the end
 * @hidden: out: ports passed over because the caller may not query them
 */
struct lpc_list {
	__u32	what;
	__u32	flags;
	__u64	port;
	__u64	cursor;
	__u64	out;
	__u32	size;
	__u32	count;
	__u64	hidden;
};

/**
 * DOC: event pairs
 *
 * Two events, low and high, each a latch that one wait uses up, and a page that
 * both ends share. A word of the page is an event and says who sleeps:
 *
 * - LPC_EVENT_IS_SET: set, and nobody has waited for it since
 * - LPC_EVENT_ASLEEP: a thread sleeps for it or polls for it, or is about to:
 *   who sets it has to enter the kernel
 *
 * The other bits are 0. While the other side is awake no system call is needed:
 *
 * - set: if a load finds ASLEEP, EVENT with that half in @set does all of it.
 *   Else fetch_or(IS_SET), release; if the old word had ASLEEP after all, EVENT
 *   with that half in @set and LPC_EVENT_WAS_SET.
 * - wait: fetch_and(~IS_SET), acquire; if the old word had no IS_SET, EVENT with
 *   that half in @wait.
 * - set one and wait for the other: both, in one EVENT. The thread that it wakes
 *   goes on where this one stops.
 *
 * The kernel writes ASLEEP before it sleeps, in the same access that takes an
 * IS_SET. It takes ASLEEP away with a set that wakes the last sleeper, or that
 * finds nobody asleep and puts IS_SET in its place. A thread may also write
 * ASLEEP itself, look once more for work that the other side announces
 * elsewhere, and then wait: so it need not be set at all while it is awake.
 * Whatever is written to the page, an EVENT ends with its deadline, a signal or
 * the other end; only those who share the page can lose by it.
 *
 * An end that is polled stays marked ASLEEP: POLLIN when the event that it waits
 * for is set (the low end waits for high, the high end for low), POLLHUP when
 * the other end is closed.
 */

/* Halves of an event pair: lpc_event.set, .wait, .reset, .state. */
#define LPC_EVENT_LOW		(1u << 0)
#define LPC_EVENT_HIGH		(1u << 1)

/* Bits of lpc_event_page.low and .high. */
#define LPC_EVENT_IS_SET	(1u << 0)
#define LPC_EVENT_ASLEEP	(1u << 1)

/**
 * struct lpc_event_page - the start of the page that both ends mmap() at offset
 *	0: one page, MAP_SHARED, not executable, not inherited by fork()
 * @low: the low event
 * @low_reserved: keeps the two words on cache lines of their own
 * @high: the high event
 * @high_reserved: likewise
 *
 * The rest of the page is the two sides' own; the kernel never looks there.
 */
struct lpc_event_page {
	__u32	low;
	__u32	low_reserved[31];
	__u32	high;
	__u32	high_reserved[31];
};

/**
 * struct lpc_event_pair - EVENT_PAIR on /dev/lpc (NtCreateEventPair)
 * @flags: in: 0
 * @low: out: the low end
 * @high: out: the high end
 * @limit: out: on ENOBUFS
 * @in_use: out: on ENOBUFS
 * @reserved: 0
 */
struct lpc_event_pair {
	__u32	flags;
	__s32	low;
	__s32	high;
	__u32	limit;
	__u32	in_use;
	__u32	reserved;
};

/* lpc_event.flags, besides LPC_DONTWAIT */
#define LPC_EVENT_WAS_SET	(1u << 16)	/* @set is in the page: only wake */
#define LPC_EVENT_READ		(1u << 17)	/* tell @state */

/**
 * struct lpc_event - EVENT on an end of an event pair (NtSetLowEventPair,
 *	NtWaitLowEventPair, NtSetLowWaitHighEventPair and their mirrors)
 * @flags: in: LPC_EVENT_*, LPC_DONTWAIT
 * @set: in: LPC_EVENT_LOW, LPC_EVENT_HIGH, both or 0; out, when the wait failed or
 *	was interrupted: 0, so that the same ioctl once more only waits
 * @wait: in: LPC_EVENT_LOW or LPC_EVENT_HIGH; 0: does not wait
 * @reset: in: halves to take back; out: 0, as @set
 * @state: out: with LPC_EVENT_READ, the halves that were set before
 * @deadline: in: of the wait
 * @reserved: 0
 *
 * In this order: read, reset, set, wait. Either end may set and wait for either
 * half; one set ends one wait. EPIPE: the other end is closed, or the connection
 * of this quick channel is over; an event that is set already is still waited
 * for with success. O_NONBLOCK means LPC_DONTWAIT. ETIMEDOUT, EAGAIN, EINTR and
 * EPIPE of the wait come after @set took effect, unless @set still stands.
 */
struct lpc_event {
	__u32	flags;
	__u16	set;
	__u16	wait;
	__u16	reset;
	__u16	state;
	__u32	reserved;
	__u64	deadline;
};

/**
 * struct lpc_quick_make - QUICK on either end of a connection: a quick channel, that
 *	is an event pair and a section, which ends with the connection
 * @flags: in: 0
 * @fd: out: this side's end of the event pair: the low end on a server end, the
 *	high end on a client end
 * @id: out: what QUICK_OPEN on the other end names; never used again
 * @limit: out: on ENOBUFS
 * @in_use: out: on ENOBUFS
 * @own: in and out: the section and the part of it that both sides get; mapped
 *	here; flags: LPC_VIEW_PEER_READONLY
 *
 * ENOTCONN before COMPLETE, EOPNOTSUPP on a connection without a server end
 * (LPC_PORT_PAIR), EPIPE when the other end is gone. Nothing is sent: tell the
 * other side the id in a message.
 */
struct lpc_quick_make {
	__u32	flags;
	__s32	fd;
	__u64	id;
	__u32	limit;
	__u32	in_use;
	struct lpc_view own;
};

/**
 * struct lpc_quick_open - QUICK_OPEN on the other end of that connection: take
 *	one's own end and view
 * @flags: in: 0
 * @fd: out: this side's end of the event pair
 * @id: in: what QUICK said over there
 * @theirs: in: @size the most that is taken; out: @size and @base of the view;
 *	flags: 0
 *
 * Works once. ESTALE: no channel of that id waits to be opened from here.
 * EMSGSIZE: the view is larger than @theirs.size, which then says how large;
 * after that and any other failure the channel still waits.
 */
struct lpc_quick_open {
	__u32	flags;
	__s32	fd;
	__u64	id;
	struct lpc_view theirs;
};

/* lpc_security.flags: what is changed */
#define LPC_SECURITY_MODE	(1u << 0)
#define LPC_SECURITY_OWNER	(1u << 1)
#define LPC_SECURITY_GROUP	(1u << 2)
#define LPC_SECURITY_ACL	(1u << 3)

/**
 * struct lpc_security - SECURITY on a port or an end, or by name on /dev/lpc: tell
 *	or change who may connect to a port and query it
 * @flags: in: LPC_SECURITY_*: what is changed, all of it or nothing; 0: only tells
 * @mode: in: with LPC_SECURITY_MODE, as in struct lpc_create, but 0 is 0; out: as
 *	it is now
 * @name: in: on /dev/lpc, address of the name
 * @name_len: in: on /dev/lpc, its length; else 0
 * @owner: in: with LPC_SECURITY_OWNER, in the caller's user namespace; another's
 *	needs CAP_IPC_OWNER over the port's IPC namespace; out: as it is now,
 *	(__u32)-1 if unmapped here
 * @group: in: with LPC_SECURITY_GROUP, likewise, or one that the caller is in; out:
 *	likewise
 * @count: in: elements at @acl; out: entries of the list as it is now. When only
 *	told, a shorter room gets what fits.
 * @acl: in: address of an array of struct lpc_acl_entry; written when only told
 *
 * To change needs the owner's uid or CAP_IPC_OWNER: to hold the descriptor is not
 * enough. To be told by name needs that or r, by descriptor nothing. Connections
 * that there are stay.
 */
struct lpc_security {
	__u32	flags;
	__u32	mode;
	__u64	name;
	__u32	name_len;
	__u32	owner;
	__u32	group;
	__u32	count;
	__u64	acl;
};

/**
 * struct lpc_impersonate - IMPERSONATE on a server end
 *	(NtImpersonateClientOfPort): may this thread act with the rights of who
 *	waits for the request @id, and what ids are they?
 * @id: in: the request, received and not answered
 * @callback: in: its callback id, 0 if it has none
 * @flags: in: 0
 * @room: in: elements at @groups
 * @groups: in: address of an array of __u32
 * @count: out: the groups besides @gid; on EMSGSIZE too, when that is more than
 *	@room
 * @uid: out: fsuid, in the caller's user namespace
 * @gid: out: fsgid, likewise; and so the groups
 * @level: out: enum lpc_level of the connection
 * @tracking: out: enum lpc_tracking
 * @reserved: 0
 *
 * The kernel checks and tells; it changes nothing. lpc_impersonate() applies the
 * ids with the system calls for that, and an empty effective capability set.
 *
 * EPERM: the caller has not both CAP_SETUID and CAP_SETGID in its user namespace,
 * or an id has no mapping there. EACCES: @level is below LPC_LEVEL_IMPERSONATE,
 * the message says LPC_NO_IMPERSONATE, or its sender is not who connected (enum
 * lpc_tracking). EAGAIN: the client's thread is away, in a callback or a signal
 * handler, or another waits in its place. EOPNOTSUPP: nobody waits, the call is
 * asynchronous. ECANCELED: the call has ended. ESTALE: no such request came over
 * this end.
 */
struct lpc_impersonate {
	__u64	id;
	__u64	callback;
	__u32	flags;
	__u32	room;
	__u64	groups;
	__u32	count;
	__u32	uid;
	__u32	gid;
	__u8	level;
	__u8	tracking;
	__u16	reserved;
};

#define LPC_IOC_MAGIC		0xBC

/* on /dev/lpc */
#define LPC_IOC_INFO		_IOWR(LPC_IOC_MAGIC, 0x00, struct lpc_info)
#define LPC_IOC_CREATE		_IOWR(LPC_IOC_MAGIC, 0x01, struct lpc_create)
#define LPC_IOC_CONNECT		_IOWR(LPC_IOC_MAGIC, 0x02, struct lpc_connect)
#define LPC_IOC_LIST		_IOWR(LPC_IOC_MAGIC, 0x03, struct lpc_list)
#define LPC_IOC_SECTION		_IOWR(LPC_IOC_MAGIC, 0x04, struct lpc_section_make)
#define LPC_IOC_EVENT_PAIR	_IOWR(LPC_IOC_MAGIC, 0x05, struct lpc_event_pair)
#define LPC_IOC_COPY		_IOWR(LPC_IOC_MAGIC, 0x06, struct lpc_copy)

/* on a port or an end; QUERY and SECURITY also on /dev/lpc, by name */
#define LPC_IOC_SEND		_IOWR(LPC_IOC_MAGIC, 0x10, struct lpc_msg)
#define LPC_IOC_SEND_SPLIT	_IOWR(LPC_IOC_MAGIC, 0x10, struct lpc_split)
#define LPC_IOC_CALL		_IOWR(LPC_IOC_MAGIC, 0x11, struct lpc_msg)
#define LPC_IOC_CALL_DATA	_IOWR(LPC_IOC_MAGIC, 0x11, struct lpc_call_data)
#define LPC_IOC_CALL_SPLIT	_IOWR(LPC_IOC_MAGIC, 0x11, struct lpc_split)
#define LPC_IOC_REPLY_RECV	_IOWR(LPC_IOC_MAGIC, 0x12, struct lpc_msg)
#define LPC_IOC_REPLY_RECV_SPLIT _IOWR(LPC_IOC_MAGIC, 0x12, struct lpc_split)
#define LPC_IOC_REPLY_WAIT	_IOWR(LPC_IOC_MAGIC, 0x13, struct lpc_msg)
#define LPC_IOC_REPLY_WAIT_SPLIT _IOWR(LPC_IOC_MAGIC, 0x13, struct lpc_split)
#define LPC_IOC_CANCEL		_IOWR(LPC_IOC_MAGIC, 0x14, struct lpc_cancel)
#define LPC_IOC_SHUTDOWN	_IOWR(LPC_IOC_MAGIC, 0x15, struct lpc_shutdown)
#define LPC_IOC_QUERY		_IOWR(LPC_IOC_MAGIC, 0x16, struct lpc_query)
#define LPC_IOC_WATCH_THREAD	_IOWR(LPC_IOC_MAGIC, 0x17, struct lpc_watch)
#define LPC_IOC_SECURITY	_IOWR(LPC_IOC_MAGIC, 0x18, struct lpc_security)

/* on either end of a connection */
#define LPC_IOC_QUICK		_IOWR(LPC_IOC_MAGIC, 0x1b, struct lpc_quick_make)
#define LPC_IOC_QUICK_OPEN	_IOWR(LPC_IOC_MAGIC, 0x1c, struct lpc_quick_open)

/* on a port */
#define LPC_IOC_ACCEPT		_IOWR(LPC_IOC_MAGIC, 0x20, struct lpc_accept)

/* on a port or a server end */
#define LPC_IOC_DATA		_IOWR(LPC_IOC_MAGIC, 0x19, struct lpc_data)

/* on a server end */
#define LPC_IOC_IMPERSONATE	_IOWR(LPC_IOC_MAGIC, 0x1a, struct lpc_impersonate)
#define LPC_IOC_COMPLETE	_IOWR(LPC_IOC_MAGIC, 0x21, struct lpc_complete)

/* on an end of an event pair */
#define LPC_IOC_EVENT		_IOWR(LPC_IOC_MAGIC, 0x30, struct lpc_event)

#endif /* _UAPI_LINUX_LPC_H */
