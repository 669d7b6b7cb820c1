/* SPDX-License-Identifier: MIT */
/*
 * lpc.h - liblpc: local procedure calls through /dev/lpc
 *
 *	cc prog.c $(pkg-config --cflags --libs liblpc)
 *
 * Results  0, a count, a length or an id; failure is -errno, and errno is left
 *	    alone. lpc(4) says once what each errno means. Of the library's own
 *	    are -ENODEV (no /dev/lpc: the module is not loaded), -ECHILD (see
 *	    fork) and -EREMOTEIO (lpc_call()). lpc_explain() makes a sentence.
 * Threads  any number of threads on any object, unless "one thread" is said.
 *	    The library has no globals, takes no signals, writes no logs, and
 *	    makes threads only in lpc_server_run().
 * fork     an object belongs to the process that made it. In a child of fork()
 *	    every call says -ECHILD, but for the ones that close: they release
 *	    the child's copy and nothing else.
 * Memory   what comes back through ** is the caller's to close. const memory
 *	    is lent until the function returns, unless more is said.
 * Time     absolute CLOCK_MONOTONIC nanoseconds: lpc_in_ms(250). 0: no limit.
 *	    LPC_NOW, as any time that has passed: do not wait.
 * Options  the last argument, NULL or LPC_OPTS(...). Zero is the default;
 *	    members are only ever appended, @size says how many the caller
 *	    knows. A member that this library does not know and that is not
 *	    zero is -E2BIG, an unknown flag -EINVAL: nothing is ignored.
 * ABI	    soname liblpc.so.1; structs lent by the library (struct lpc_req)
 *	    may grow at their end.
 *
 * No macro is needed to use the library. May be included together with
 * <linux/lpc.h>, in any order.
 */
#ifndef LPC_H
#define LPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* C only: lpc_call(c, 1, p, n, q, m, LPC_OPTS(lpc_call_opts, .deadline = t)); */
/* checkpatch: MACRO_ARG_REUSE: a type */
#define LPC_OPTS(T, ...) (&(const struct T){ .size = sizeof(struct T), __VA_ARGS__ })

#define LPC_INLINE_MAX		303u	/* bytes of payload in a message */
#define LPC_CONNECT_MAX		260u	/* bytes of connect data, each way */
#define LPC_NAME_MAX		255u	/* bytes in a port's name */

/*
 * Codes from LPC_CODE_RESERVED on are the library's: every lpc_server answers
 * PING (the request comes back) and INFO (text: library, ABI, uptime) itself.
 */
#define LPC_CODE_RESERVED	0xffff0000u
#define LPC_CODE_PING		0xffff0001u
#define LPC_CODE_INFO		0xffff0002u
#define LPC_CODE_QUICK		0xffff0003u	/* lpc_quick_open() */

#define LPC_NOW			UINT64_C(1)

/*
 * Messages longer than LPC_INLINE_MAX lie in a section: memory that the client
 * gives when it connects and the server maps. lpc_call() copies into it and out
 * of it; lpc_buf_get() and LPC_SERVE_IN_PLACE do without. The other side can
 * write to it at any time: lpc-sections(7).
 */
#define LPC_SECTION_DEFAULT	((size_t)65536)
#define LPC_NO_SECTION		((size_t)-1)
#define LPC_COPY_MAX		((size_t)64 << 20)

struct lpc_conn;	/* a client's connection */
struct lpc_port;	/* a connection port */
struct lpc_server;	/* a port, its clients, who handles them */
struct lpc_quick;	/* a client's quick channel */
struct lpc_req;

/**
 * lpc_in_ms - the time @ms milliseconds from now
 *
 * Never 0; so far away that it does not fit: the last time there is.
 */
uint64_t lpc_in_ms(uint64_t ms);

/** lpc_version - "1.0.0": the library in use, not the header compiled with */
const char *lpc_version(void);

/* lpc_cred.flags */
enum lpc_cred_flags {
	LPC_CRED_PID_FOREIGN	= 1,	/* no pid in this pid namespace: 0 */
	LPC_CRED_UID_UNMAPPED	= 2,	/* uid is (uid_t)-1 */
	LPC_CRED_GID_UNMAPPED	= 4,	/* gid is (gid_t)-1 */
	LPC_CRED_AT_CONNECT	= 8,	/* who connected, not who sent this */
};

/**
 * struct lpc_cred - who, as this process's namespaces see it
 * @pid: process
 * @tid: thread, 0 where none is known
 * @uid: fsuid at the moment of sending
 * @gid: fsgid likewise
 * @flags: enum lpc_cred_flags
 * @reserved: 0
 *
 * Stamped by the kernel on each message; nothing a sender says reaches it. What
 * comes through a quick channel the kernel does not see: then it is who made
 * the connection, and says so.
 */
struct lpc_cred {
	pid_t		pid;
	pid_t		tid;
	uid_t		uid;
	gid_t		gid;
	uint32_t	flags;
	uint32_t	reserved[3];
};

/* lpc_req.flags */
enum lpc_req_flags {
	LPC_REQ_DATAGRAM	= 1,	/* nobody waits for an answer */
	LPC_REQ_ASYNC		= 2,	/* its caller cannot be called back */
	LPC_REQ_CALLBACK	= 4,	/* a callback, in the client */
	LPC_REQ_SHARED		= 8,	/* @data is the client's too: it may change */
	LPC_REQ_QUICK		= 16,	/* through a quick channel; also _ASYNC */
};

/**
 * struct lpc_req - a message, lent to its handler
 * @code: the method, as the caller gave it
 * @flags: enum lpc_req_flags
 * @data: the payload, 8-aligned, a private copy; with LPC_REQ_SHARED the
 *	payload itself, which the client can change at any time: read each byte
 *	once, check what was read
 * @len: its length
 * @client: server: what on_connect() left
 * @client_id: server: names the client in lpc_server_send(); never reused
 * @cred: who sent this very message
 * @deadline: the caller's, 0 for none
 * @room: server: where a reply longer than LPC_INLINE_MAX goes, the same bytes as
 *	@data if that is LPC_REQ_SHARED; NULL: there is no room for one. A reply
 *	that is built there is not copied. Shared: what was written may change.
 * @room_len: bytes there, the longest reply
 *
 * Valid until the handler returns; lpc_req_keep() makes one that lasts.
 */
struct lpc_req {
	uint32_t	code;
	uint32_t	flags;
	const void	*data;
	size_t		len;
	void		*client;
	uint64_t	client_id;
	struct lpc_cred	cred;
	uint64_t	deadline;
	void		*room;
	size_t		room_len;
};

/**
 * typedef lpc_handler - works on a request, a callback or a datagram
 *
 * Returns 0 when it has called lpc_reply() or lpc_req_keep(), or a negative
 * errno, with which the library answers. 0 and no answer: an empty one, status
 * 0. What it returns for a datagram is ignored. It may make calls of its own.
 */
typedef int lpc_handler(struct lpc_req *r, void *arg);

/* ------------------------------------------------------------------ client */

/* lpc_connect_opts.flags */
enum lpc_connect_flags {
	LPC_WAIT_NAME	= 1,	/* no such name: wait for it until the deadline */
	LPC_SERVER_UID	= 2,	/* the port was made by @server_uid, or -EPERM */
	LPC_SERVER_GID	= 4,	/* by @server_gid */
	LPC_SERVER_PID	= 8,	/* by @server_pid */
	LPC_SAME_SERVER	= 16,	/* who accepts has the uid of who made the port */
	LPC_LET_IMPERSONATE = 32, /* lpc_impersonate() there works: for this user */
	LPC_LET_DYNAMIC	= 64,	/* with it: for who calls, as it is at that moment */
	LPC_LET_ANONYMOUS = 128, /* the server learns no more than struct lpc_cred */
};

/**
 * struct lpc_connect_opts - how to connect
 * @size: sizeof(struct lpc_connect_opts)
 * @flags: enum lpc_connect_flags
 * @deadline: of the whole handshake, waiting for the name included
 * @call_ms: time limit of every call that names no deadline, milliseconds from
 *	its start; 0: none
 * @server_uid: required with LPC_SERVER_UID; checked before anything is queued
 * @server_gid: with LPC_SERVER_GID
 * @server_pid: with LPC_SERVER_PID
 * @reserved: 0
 * @data: connect data, which the server sees before it accepts
 * @len: its length, at most the port's limit (LPC_CONNECT_MAX), else -EMSGSIZE
 * @answer: where the server's data goes, on -ECONNREFUSED too
 * @answer_len: in: bytes at @answer; out: length of the data, which may be more
 * @handler: what lpc_dispatch() calls for the server's datagrams and requests;
 *	NULL: datagrams are dropped, requests answered with -EOPNOTSUPP
 * @arg: handed to @handler
 * @section: bytes for long messages, all allocated here and charged to this
 *	process, the most that a request or a reply can have: rounded up to
 *	pages. LPC_NO_SECTION: none, messages have LPC_INLINE_MAX. 0: as many as
 *	LPC_SECTION_DEFAULT, or none where limits or memory forbid it
 */
struct lpc_connect_opts {
	size_t		size;
	uint64_t	flags;
	uint64_t	deadline;
	uint64_t	call_ms;
	uid_t		server_uid;
	gid_t		server_gid;
	pid_t		server_pid;
	uint32_t	reserved;
	const void	*data;
	size_t		len;
	void		*answer;
	size_t		*answer_len;
	lpc_handler	*handler;
	void		*arg;
	size_t		section;
};

/**
 * lpc_connect - connect to a port (NtConnectPort, NtSecureConnectPort)
 * @c: the connection, for lpc_conn_close()
 * @name: the port's name. A leading "self/" becomes "user/<euid>/"; bytes that
 *	a name may not have (space, control, above 0x7e) become %XX.
 * @o: options
 *
 * Sleeps until the server has accepted or refused; signals do not end it.
 * Returns 0, -ENOENT, -EACCES, -EPERM, -ECONNREFUSED (@answer says why, if the
 * server did), -ETIMEDOUT, -ENOBUFS, -EMSGSIZE, -ENAMETOOLONG, -ENODEV. A server
 * need not take the section: lpc_conn_room() tells.
 */
int lpc_connect(struct lpc_conn **c, const char *name, const struct lpc_connect_opts *o);

/**
 * lpc_conn_take - make a connection of an end that was inherited or passed
 * @c: the connection
 * @fd: a connected end; the connection's on success, close-on-exec from then on
 * @o: options; only @call_ms, @handler and @arg may be set
 *
 * It has no section: its messages have LPC_INLINE_MAX.
 * Returns 0; -ENOTTY: @fd is not an end; -ENOTCONN: the handshake is not over.
 */
int lpc_conn_take(struct lpc_conn **c, int fd, const struct lpc_connect_opts *o);

/**
 * lpc_reconnect - connect again, with the same name and options
 * @c: a connection whose server has gone
 * @deadline: of the handshake
 *
 * Returns 0 at once if the server is there, so that any number of threads may
 * call it after an -EPIPE. lpc_conn_fd() keeps its number but must be added to
 * epoll sets anew. Calls made with lpc_call_async() that were still open end as
 * the old server's death ended them, in the next lpc_dispatch(). There is a new
 * section: buffers of the old one can be read and put, no more. It waits for the
 * threads that are inside. -EDEADLK: in a callback that runs inside lpc_call(),
 * and the server is gone: it would wait for itself. -EALREADY: inside
 * lpc_dispatch(), and another thread is at it and waits for the caller to leave.
 * -EOPNOTSUPP: made by lpc_conn_take(). Else as lpc_connect().
 */
int lpc_reconnect(struct lpc_conn *c, uint64_t deadline);

/** lpc_conn_server - who made the port, as it was when this end connected */
int lpc_conn_server(struct lpc_conn *c, struct lpc_cred *who);

/**
 * lpc_conn_fd - the descriptor to poll; still the connection's
 *
 * POLLIN: lpc_dispatch() has work. POLLOUT: a datagram fits. POLLHUP: the
 * server has gone.
 */
int lpc_conn_fd(struct lpc_conn *c);

/**
 * lpc_conn_close - end the connection, free it
 *
 * Threads inside a call on it get -ESHUTDOWN; it returns when they have left
 * (a thread in lpc_reconnect() is waited for until its deadline), after every
 * open lpc_call_async() has run its done function, with -ESHUTDOWN. May be
 * called from inside lpc_dispatch(), not from a callback inside lpc_call().
 * If threads were inside, the end dies for all who hold it; else it lives on
 * with who inherited it. Buffers stay until lpc_buf_put(). @c may be NULL.
 */
void lpc_conn_close(struct lpc_conn *c);

/* lpc_call_opts.flags */
enum lpc_call_flags {
	LPC_CALL_SPIN	= 1,	/* poll for the answer a while before sleeping */
	LPC_CALL_EINTR	= 2,	/* a handled signal gives the call up: -EINTR */
	LPC_CALL_NOT_FOR_ME = 4, /* the server may not act for the caller in this */
	LPC_CALL_FOR_ME	= 8,	/* it may, though another user has connected */
};

/**
 * struct lpc_call_opts - how to call
 * @size: sizeof(struct lpc_call_opts)
 * @flags: enum lpc_call_flags
 * @deadline: 0: the connection's call_ms
 * @status: out: the server's status; NULL: a status that is not 0 is -EREMOTEIO
 * @taken: out, on failure: 0: no server has seen the request, it is safe to
 *	send it again; 1: one may have acted on it. The kernel's word.
 * @need: out, on -EMSGSIZE: the longest request that may be sent (@taken 0), or
 *	the length of the reply that did not fit (@taken 1; the call is over)
 * @who: out: who replied
 * @callback: works on the server's callbacks while this call waits, on its
 *	thread; NULL: they are answered with -EOPNOTSUPP
 * @arg: handed to @callback
 * @room: bytes of the section to leave free for the reply. 0: lpc_call(): as many
 *	as its own @room; lpc_call_async(): what the request takes
 */
struct lpc_call_opts {
	size_t		size;
	uint64_t	flags;
	uint64_t	deadline;
	int32_t		*status;
	int		*taken;
	size_t		*need;
	struct lpc_cred	*who;
	lpc_handler	*callback;
	void		*arg;
	size_t		room;
};

/**
 * lpc_conn_room - the longest message that can be sent now
 *
 * The size of the section, LPC_INLINE_MAX if there is none.
 */
size_t lpc_conn_room(struct lpc_conn *c);

/**
 * lpc_call - send a request, wait for the reply (NtRequestWaitReplyPort)
 * @c: the connection
 * @code: the method
 * @req: the request, may be NULL when @len is 0
 * @len: its length, at most lpc_conn_room(), else -EMSGSIZE
 * @rep: where the reply goes; may be @req
 * @room: bytes there
 * @o: options
 *
 * Signal handlers run and the call waits on, unless LPC_CALL_EINTR. The server
 * sees the request once, whatever happens. A long request or reply has a piece
 * of the section to itself: while calls of other threads have it all, this one
 * waits for theirs, until its deadline.
 * Returns the length of the reply; -EPIPE: the server has gone and never saw
 * it; -ECONNRESET: it had received it; -ETIMEDOUT: the deadline (@taken tells
 * the two apart); -EREMOTEIO: see @status; -EMSGSIZE: see @need; -EINTR;
 * -ESHUTDOWN: lpc_conn_close(); -ENOBUFS: too many calls, or buffers and calls
 * that the server has yet to answer have the section.
 */
ssize_t lpc_call(struct lpc_conn *c, uint32_t code, const void *req, size_t len, void *rep,
		 size_t room, const struct lpc_call_opts *o);

/**
 * struct lpc_buf - memory in the section, for messages that nobody copies
 * @data: 64-aligned
 * @room: bytes there
 * @place: the library's
 */
struct lpc_buf {
	void		*data;
	size_t		room;
	uint64_t	place[2];
};

/**
 * lpc_buf_get - get memory to build a request in
 * @b: the buffer, for lpc_buf_put(); for one thread at a time
 * @room: bytes that it must have, for request and reply
 *
 * Never waits. Returns 0; -EMSGSIZE: more than lpc_conn_room(); -ENOBUFS: the
 * section is full; -EOPNOTSUPP: there is none; -ESHUTDOWN.
 */
int lpc_buf_get(struct lpc_conn *c, struct lpc_buf *b, size_t room);

/**
 * lpc_call_buf - send the request that lies in a buffer, find the reply there
 * @b: the request is at @b->data, and so is the reply then
 * @len: length of the request
 * @o: options
 *
 * As lpc_call(), but that messages longer than LPC_INLINE_MAX are not copied.
 * The server can write to the buffer whenever it likes, after its reply too.
 * After a failure with *@o->taken 1 it may be working there still: until it has
 * answered the next call says -EBUSY. -ESTALE: the buffer is of the time before
 * lpc_reconnect().
 */
ssize_t lpc_call_buf(struct lpc_conn *c, uint32_t code, struct lpc_buf *b, size_t len,
		     const struct lpc_call_opts *o);

/**
 * lpc_buf_put - give a buffer back
 * @c: its connection; NULL if that was closed
 *
 * Its bytes are not used again before the server has answered what was sent in
 * it. @b may be zero.
 */
void lpc_buf_put(struct lpc_conn *c, struct lpc_buf *b);

/**
 * lpc_send - send a datagram (NtRequestPort)
 *
 * @len: at most LPC_INLINE_MAX, section or not
 *
 * Waits until @deadline while the queue is full: -ETIMEDOUT then, -EAGAIN if
 * it was LPC_NOW. Returns 0, -EPIPE, -EMSGSIZE, -ESHUTDOWN.
 */
int lpc_send(struct lpc_conn *c, uint32_t code, const void *data, size_t len,
	     uint64_t deadline);

/**
 * typedef lpc_done_fn - the end of an lpc_call_async()
 * @result: length of the reply, or a negative errno as lpc_call() returns it,
 *	-ECANCELED after lpc_cancel()
 * @status: the server's, when @result is not negative
 * @rep: the reply, a private copy, lent until it returns
 */
typedef void lpc_done_fn(struct lpc_conn *c, ssize_t result, int32_t status, const void *rep,
			 void *arg);

/**
 * lpc_call_async - send a request, have @done called with the reply
 * @done: runs once, in lpc_dispatch() or lpc_conn_close(), if and only if this
 *	function succeeds
 * @o: options; @status, @who and @callback must be NULL, LPC_CALL_EINTR not set;
 *	@taken and @need stay lent until @done runs
 *
 * Never waits. A reply longer than LPC_INLINE_MAX and than @len needs @o->room.
 * Returns the id for lpc_cancel(), above 0; -ENOBUFS: too many in flight (sysctl
 * lpc.calls), or the section is full; -EPIPE, -EMSGSIZE, -ENOMEM, -ESHUTDOWN.
 */
int64_t lpc_call_async(struct lpc_conn *c, uint32_t code, const void *req, size_t len,
		       lpc_done_fn *done, void *arg, const struct lpc_call_opts *o);

/**
 * lpc_cancel - give up a call made with lpc_call_async()
 *
 * Its done function gets -ECANCELED, or the reply if that was faster, in a
 * later lpc_dispatch(). -ESTALE: it has ended.
 */
int lpc_cancel(struct lpc_conn *c, int64_t id);

/**
 * lpc_dispatch - run what has arrived; never waits; one thread
 *
 * Runs the done functions of ended calls and the connection's handler, at most
 * 64 of them: with edge-triggered polling call it until it returns 0. Returns
 * how many; -EPIPE: the server has gone and nothing is left; -EBUSY: another
 * thread is at it.
 */
int lpc_dispatch(struct lpc_conn *c);

/**
 * lpc_conn_timeout - call lpc_dispatch() then at the latest
 *
 * 0: when lpc_conn_fd() polls ready is enough. The kernel minds deadlines;
 * LPC_NOW comes after an lpc_reconnect() that ended open calls.
 */
uint64_t lpc_conn_timeout(struct lpc_conn *c);

/* ------------------------------------------------------------------ server */

/* lpc_port_opts.flags */
enum lpc_open_flags {
	LPC_OPEN_OWNER		= 1,	/* the port is @owner's and @group's */
	LPC_OPEN_CANCELED	= 2,	/* lpc_req_canceled() works */
	LPC_OPEN_SPIN		= 4,	/* its threads poll before they sleep */
};

/* lpc_right.flags */
enum lpc_right_flags {
	LPC_REFUSE	= 1,	/* else it allows */
	LPC_TO_GROUP	= 2,	/* @id is a group's, else a user's */
};

/* lpc_right.rights, those of @mode */
enum lpc_rights {
	LPC_TO_CONNECT	= 2,
	LPC_TO_LOOK	= 4,
};

#define LPC_RIGHTS_MAX	16u	/* entries in the list of one port */

/**
 * struct lpc_right - one entry of a port's list
 * @flags: enum lpc_right_flags
 * @rights: enum lpc_rights
 * @id: a user or a group
 */
struct lpc_right {
	uint16_t	flags;
	uint16_t	rights;
	uint32_t	id;
};

/**
 * struct lpc_port_opts - what a port is like
 * @size: sizeof(struct lpc_port_opts)
 * @flags: enum lpc_open_flags
 * @mode: w (2) may connect, r (4) may look at it, for owner, group and others
 *	as in chmod; 0: 0600
 * @max_msg: longest payload that lies in no section; 0: LPC_INLINE_MAX
 * @backlog: connects that may be pending; 0: sysctl lpc.pending
 * @connect_max: longest connect data; 0: LPC_CONNECT_MAX
 * @owner: with LPC_OPEN_OWNER; another's needs CAP_IPC_OWNER
 * @group: likewise
 * @rights: looked at before @mode: the first entry that is about a caller, by
 *	user or any of its groups, and names the right decides; NULL: none
 * @rights_len: entries there, at most LPC_RIGHTS_MAX
 */
struct lpc_port_opts {
	size_t		size;
	uint64_t	flags;
	uint32_t	mode;
	uint32_t	max_msg;
	uint32_t	backlog;
	uint32_t	connect_max;
	uid_t		owner;
	gid_t		group;
	const struct lpc_right *rights;
	size_t		rights_len;
};

/**
 * lpc_port_open - make a connection port (NtCreatePort, NtCreateWaitablePort)
 * @name: as for lpc_connect(). Without CAP_IPC_OWNER it starts with "self/".
 *
 * Returns 0, -EEXIST, -EACCES, -EINVAL, -ENAMETOOLONG, -ENOBUFS, -ENODEV.
 */
int lpc_port_open(struct lpc_port **p, const char *name, const struct lpc_port_opts *o);

/**
 * lpc_port_take - make a port object of a descriptor inherited or passed
 *
 * The port's on success, close-on-exec from then on. -ENOTTY: not a port.
 * Messages of clients that another process accepted are not for this one: its
 * server answers them with -EXDEV.
 */
int lpc_port_take(struct lpc_port **p, int fd);

/**
 * lpc_pair - a port without a name and one client end, connected
 * @client_fd: for lpc_conn_take(), here or in another process; close-on-exec
 *
 * The server's on_connect() runs inside lpc_server_new() for it, with this
 * process's ids; the client's own ids are on each message.
 */
int lpc_pair(struct lpc_port **p, int *client_fd, const struct lpc_port_opts *o);

/** lpc_port_fd - the port's descriptor, to pass on; still the port's */
int lpc_port_fd(struct lpc_port *p);

/** lpc_port_close - close a port no server was made of; @p may be NULL */
void lpc_port_close(struct lpc_port *p);

/* lpc_server_opts.flags */
enum lpc_server_flags {
	LPC_SERVE_IN_PLACE	= 1,	/* lend long requests where they lie */
	LPC_SERVE_QUICK		= 2,	/* offer quick channels, a thread for each */
	LPC_SERVE_QUICK_POLL	= 4,	/* one thread for all of them; with _QUICK */
};

/**
 * struct lpc_server_opts - how to serve
 * @size: sizeof(struct lpc_server_opts)
 * @flags: enum lpc_server_flags
 * @threads: of lpc_server_run(), its caller among them; 0: 1
 * @reserved: 0
 * @on_connect: sees @r->data, the connect data, and @r->cred; sets *client.
 *	0 accepts, a negative errno refuses. lpc_reply() in it gives the data
 *	that goes back; a refusal without data carries the errno as an int32_t.
 *	NULL: all are accepted.
 * @on_gone: the last that is heard of a client: nothing runs for it any more,
 *	no kept request of it is left, nothing will come. Once for each client
 *	that on_connect() let in.
 * @copy_max: longest request of which the handler gets a private copy. Longer
 *	ones are answered with -EMSGSIZE (0: LPC_COPY_MAX), or with
 *	LPC_SERVE_IN_PLACE lent as LPC_REQ_SHARED (0: all that are in a section)
 * @section_max: largest section that is taken of a client; 0: 256 MiB;
 *	LPC_NO_SECTION: none. A larger one is not taken, its client is.
 * @quick_max: quick channels at a time, -ENOBUFS for more; 0: 64, with
 *	LPC_SERVE_QUICK_POLL 4096
 * @quick_ring: largest ring of one, and with it the longest request; 0: 1 MiB
 */
struct lpc_server_opts {
	size_t		size;
	uint64_t	flags;
	uint32_t	threads;
	uint32_t	reserved;
	int		(*on_connect)(struct lpc_req *r, void **client, void *arg);
	void		(*on_gone)(void *client, void *arg);
	size_t		copy_max;
	size_t		section_max;
	uint32_t	quick_max;
	uint32_t	quick_ring;
};

/**
 * lpc_server_new - serve a port
 * @p: the port; the server's on success, not to be used again
 * @h: the handler, on any of the server's threads, several at a time
 * @arg: handed to @h, on_connect() and on_gone()
 *
 * Each client costs the server one file descriptor: a client too many for
 * RLIMIT_NOFILE is refused with -EMFILE.
 */
int lpc_server_new(struct lpc_server **s, struct lpc_port *p, lpc_handler *h, void *arg,
		   const struct lpc_server_opts *o);

/**
 * lpc_server_run - serve until lpc_server_stop()
 *
 * Makes the other threads, with all signals blocked: those of quick channels too,
 * each when its channel is opened, beside the @threads. Returns 0 when every
 * request that was begun is answered, kept ones too; -ETIMEDOUT: the time for
 * that ran out, lpc_server_free() waits for handlers that still run.
 */
int lpc_server_run(struct lpc_server *s);

/**
 * lpc_server_fd - POLLIN: lpc_server_step(); the one to watch for all clients
 *
 * And for all quick channels, with LPC_SERVE_QUICK_POLL.
 */
int lpc_server_fd(struct lpc_server *s);

/**
 * lpc_server_step - handle what is there, at most 64 messages; never waits
 *
 * For event loops, instead of lpc_server_run(). Quick channels it serves if they
 * are LPC_SERVE_QUICK_POLL; else it opens none. Returns how many; -ESHUTDOWN
 * after lpc_server_stop(), when nothing is left.
 */
int lpc_server_step(struct lpc_server *s);

/**
 * lpc_server_send - send a datagram to a client
 * @client_id: its lpc_req.client_id
 * @deadline: as in lpc_send()
 *
 * -EPIPE: that client has gone. Its lpc_dispatch() hands it to its handler.
 */
int lpc_server_send(struct lpc_server *s, uint64_t client_id, uint32_t code, const void *data,
		    size_t len, uint64_t deadline);

/**
 * lpc_server_stop - begin to stop; for signal handlers too
 * @drain: until when begun requests may be finished; 0: without limit
 *
 * New connects are refused; requests that no thread has received end with
 * -EPIPE, never taken; lpc_server_run() returns when those begun are answered.
 */
int lpc_server_stop(struct lpc_server *s, uint64_t drain);

/**
 * lpc_server_free - close the port and every connection, run on_gone() for
 *	every client left
 *
 * Waits for lpc_server_run() in other threads to return. Requests still kept
 * end with -ECONNRESET at their callers; lpc_reply() must yet be called for
 * each, says -ESHUTDOWN and frees it. @s may be NULL. Not from a handler.
 */
void lpc_server_free(struct lpc_server *s);

/** lpc_serve - lpc_port_open(), lpc_server_new(), _run(), _free() */
int lpc_serve(const char *name, lpc_handler *h, void *arg, const struct lpc_server_opts *o);

/**
 * lpc_reply - answer a request (NtReplyPort)
 * @r: the request; over, whatever this returns
 * @status: 0, or what the caller shall find in lpc_call_opts.status
 * @data: the reply; may lie in @r->data; in @r->room it is not copied
 * @len: its length; longer than @r->room_len, and than the port's limit: the
 *	caller gets -EMSGSIZE as status, and so does this function
 *
 * In a handler it keeps the answer, which leaves when the handler returns: in
 * the system call that receives the next request. On a kept request it replies
 * at once and frees it. Returns 0; -ECANCELED: the caller gave up; -ESTALE: it
 * was answered already; -EINVAL: a datagram; -ESHUTDOWN: the server is closed.
 */
int lpc_reply(struct lpc_req *r, int32_t status, const void *data, size_t len);

/**
 * lpc_req_keep - answer later, from any thread
 *
 * Returns a request with its own copy of the data, or lent as LPC_REQ_SHARED
 * where @r's are, for lpc_reply(), and @r is over; the client's on_gone() waits
 * for it. NULL: no memory, or @r is not a server's request: return an errno,
 * then the library answers.
 */
struct lpc_req *lpc_req_keep(struct lpc_req *r);

/**
 * lpc_req_canceled - has the caller given up? One load
 *
 * Always false unless the port was made with LPC_OPEN_CANCELED and some other
 * thread of the server, or lpc_server_step(), can receive the news.
 */
bool lpc_req_canceled(const struct lpc_req *r);

/**
 * lpc_callback - call the thread that waits for @r (NtRequestWaitReplyPort with
 *	the id of the request being served)
 *
 * As lpc_call(). Its lpc_call_opts.callback there works on it; one here works
 * on what that calls back in turn. No deadline: sysctl lpc.callback_ms.
 * -EOPNOTSUPP: @r was not sent by a thread that waits; -ESTALE: it has left.
 */
ssize_t lpc_callback(struct lpc_req *r, uint32_t code, const void *req, size_t len, void *rep,
		     size_t room, const struct lpc_call_opts *o);

/**
 * lpc_req_capable - does the sender hold a capability over this process's user
 *	namespace?
 * @r: a request whose sender waits for the answer
 * @capability: CAP_... of <linux/capability.h>
 *
 * Root of a user namespace that the sender made does not. Returns 1 or 0; -EAGAIN:
 * its thread is in a callback or a signal handler; -EOPNOTSUPP: nobody waits, or
 * the module cannot say; -EACCES: the client connected with LPC_LET_ANONYMOUS;
 * -EINVAL: no such capability; -ECANCELED, -ESTALE, -ESHUTDOWN.
 */
int lpc_req_capable(const struct lpc_req *r, unsigned int capability);

/**
 * lpc_req_pidfd - a descriptor of the sender's process, and certainly of that one
 * @r: a request whose sender waits for the answer
 *
 * The process is opened by its number, and then the sender still waits: so the
 * number was not free in between. It names the process and says nothing of its
 * rights: what is read of it in /proc may be another program's by now. Returns the
 * descriptor, close-on-exec, the caller's to close; -ESRCH: no number in this pid
 * namespace; else as lpc_req_capable(), or what pidfd_open(2) says.
 */
int lpc_req_pidfd(const struct lpc_req *r);

struct lpc_self;	/* what a thread was before it acted for another */

/**
 * lpc_impersonate - act for the client: this thread opens files, and connects, with
 *	no more than the client may *and* this process may (NtImpersonateClientOfPort)
 * @r: the request, in its handler or kept; its caller waits for the answer
 * @self: gets what lpc_revert() needs
 *
 * THE CLIENT'S SANDBOX IS NOT TAKEN ON: not its seccomp filter, not Landlock, not
 * its SELinux or AppArmor domain, not its root directory or namespaces. What it
 * was locked out of by these, this thread is not.
 *
 * The thread gets the client's fsuid, fsgid and groups, and no capability in its
 * effective set. Files and connections follow these ids; kill(), execve(), ptrace()
 * and what else follows the effective uid do not. fork() and execve() before
 * lpc_revert() are an error of the program: a child cannot revert, and what execve()
 * starts is this user again, with the client's groups.
 *
 * The client allows it with LPC_LET_IMPERSONATE. The thread needs CAP_SETUID and
 * CAP_SETGID. Returns 0; -EPERM: it has not, or an id of the client's has no
 * number in this user namespace, or setgroups(2) said so; -EACCES: the client
 * does not allow it, or another user than who connected sent @r; -EAGAIN: its
 * thread is in a callback or a signal handler; -ECANCELED: it gave up;
 * -EOPNOTSUPP: nobody waits for @r, or it came through a quick channel or from an
 * lpc_pair(); -EBUSY: this thread acts for @r's caller already; -ENOMEM,
 * -ESHUTDOWN. On failure the thread is as it was: a server goes on as itself only
 * if it means to.
 */
int lpc_impersonate(struct lpc_req *r, struct lpc_self **self);

/**
 * lpc_impersonate_on - the same, for who has a server end and no struct lpc_server
 * @fd: the server end over which request @id came
 * @callback: its callback id, or 0
 *
 * As lpc_impersonate(); -ESTALE: no such request; -ENOTTY: not a server end.
 */
int lpc_impersonate_on(struct lpc_self **self, int fd, uint64_t id, uint64_t callback);

/**
 * lpc_revert - act for oneself again
 * @self: of this thread; freed
 *
 * Restores nothing that was saved but the groups, and these only if they are still
 * the client's: fsuid and fsgid become the thread's effective ids as they are
 * now, the effective capabilities those it had and still may have. So what it has
 * given up meanwhile it does not get back. A server does this itself for what a
 * handler has left, before it receives again.
 *
 * Returns 0; -EINVAL: another thread's, which is left as it is; -EPERM: setgroups(2)
 * is no longer allowed: the thread still has the client's groups, and
 * lpc_server_run() ends with that. @self may be NULL.
 */
int lpc_revert(struct lpc_self *self);

/* ---------------------------------------------------------- quick channels */

/*
 * A quick channel is a ring in each direction in memory that client and server
 * share, and an event pair for when one of them sleeps. While both are awake a
 * call is no system call. It belongs to a connection, whose server has said
 * LPC_SERVE_QUICK, and ends with it. lpc-quick(7) has the whole of it.
 *
 * One thread at a time uses a channel; a client may open several.
 */

/* lpc_quick_opts.flags */
enum lpc_quick_flags {
	LPC_QUICK_NO_SPIN	= 1,	/* neither side polls before it sleeps */
};

/**
 * struct lpc_quick_opts - what a channel is like
 * @size: sizeof(struct lpc_quick_opts)
 * @flags: enum lpc_quick_flags
 * @deadline: of lpc_quick_open(); 0: the connection's call_ms
 * @ring: bytes in each direction, the longest message: rounded up to a power of
 *	two and a page; 0: 64 KiB
 */
struct lpc_quick_opts {
	size_t		size;
	uint64_t	flags;
	uint64_t	deadline;
	size_t		ring;
};

/**
 * lpc_quick_open - open a quick channel on a connection
 * @q: the channel, for lpc_quick_close()
 *
 * The memory is this process's to pay for. Returns 0; -EOPNOTSUPP: the server
 * does not offer it, or the module has none, or the connection is an lpc_pair():
 * lpc_call() does the same; -ENOBUFS: the server has enough, or a limit is
 * reached; -EMSGSIZE: the server takes no such @ring; else as lpc_call().
 */
int lpc_quick_open(struct lpc_quick **q, struct lpc_conn *c, const struct lpc_quick_opts *o);

/**
 * lpc_quick_call - send a request through the channel, wait for the reply
 *
 * As lpc_call(), but: @len and the reply may have @ring bytes. @o->callback must
 * be NULL. @o->taken is 0 only if the request was not written: what the server
 * does with one that lies in the ring the kernel does not know. @o->who is who
 * opened the channel in the server.
 *
 * Waits while the ring is full. Polls for the reply if the server runs on another
 * CPU, for a time that it learns; then sleeps, and hands its CPU to a server
 * that waits.
 * -EBUSY: replies to lpc_quick_send() are to be received first. -EPROTO: what
 * stands in the ring is no message: the channel is over, the connection is not.
 * -EPIPE, -ECONNRESET: the server has gone, or has closed the channel.
 */
ssize_t lpc_quick_call(struct lpc_quick *q, uint32_t code, const void *req, size_t len,
		       void *rep, size_t room, const struct lpc_call_opts *o);

/* of lpc_quick_send() */
enum lpc_quick_send_flags {
	LPC_QUICK_MORE	= 1,	/* another follows: do not wake the server for this */
};

/**
 * lpc_quick_send - send a request, do not wait for the reply
 * @tag: comes back with the reply
 * @flags: enum lpc_quick_send_flags. A server that sleeps is woken by the next
 *	one without LPC_QUICK_MORE, or by lpc_quick_recv(); this side is not woken
 *	for the reply alone while the server has more to do.
 *
 * Never waits. Returns 0; -EAGAIN: the ring is full, receive replies first;
 * -EMSGSIZE: longer than the ring; -EPIPE, -EPROTO.
 */
int lpc_quick_send(struct lpc_quick *q, uint32_t code, const void *req, size_t len,
		   uint64_t tag, unsigned int flags);

/**
 * struct lpc_quick_reply - what lpc_quick_recv() received
 * @tag: as in lpc_quick_send()
 * @len: its length, on -EMSGSIZE too
 * @status: the server's
 * @reserved: 0
 */
struct lpc_quick_reply {
	uint64_t	tag;
	size_t		len;
	int32_t		status;
	uint32_t	reserved;
};

/**
 * lpc_quick_recv - receive a reply to an lpc_quick_send()
 * @r: which, and how it went; NULL: a status that is not 0 is -EREMOTEIO
 * @rep: where it goes
 * @room: bytes there
 * @deadline: 0: waits as long as it takes; LPC_NOW: does not wait, -EAGAIN
 *
 * They come as the server answers, in any order. Returns the length; -EMSGSIZE:
 * @room is too small: nothing is lost, @r->len says how long it is; -ENOMSG:
 * nothing was sent; -EINTR: a signal handler ran that does not restart;
 * -ETIMEDOUT, -EPIPE, -EPROTO.
 */
ssize_t lpc_quick_recv(struct lpc_quick *q, struct lpc_quick_reply *r, void *rep, size_t room,
		       uint64_t deadline);

/**
 * lpc_quick_place - where the next request can be built, so that nobody copies it
 * @len: at most so many bytes
 * @at: out: memory in the ring, 64-aligned; what is written there the server
 *	cannot rely on until it has it
 *
 * An lpc_quick_send() or lpc_quick_call() whose @req is that address sends what
 * lies there. It is good for the next of these. Returns 0, -EAGAIN, -EMSGSIZE,
 * -EPIPE, -EPROTO.
 */
int lpc_quick_place(struct lpc_quick *q, size_t len, void **at);

/**
 * lpc_quick_close - end a channel, before or after its connection
 *
 * What the server has yet to answer is not answered. @q may be NULL.
 */
void lpc_quick_close(struct lpc_quick *q);

/* ----------------------------------------------------------------- looking */

/**
 * struct lpc_module - the module, and what it can do
 * @size: in: sizeof(struct lpc_module)
 * @features: enum lpc_features; test these, not versions of kernels
 * @errata: bits for bugs mended since the ABI was published
 * @abi: version of the ABI
 * @inline_max: longest payload of a message
 * @connect_max: longest connect data
 * @callback_ms: deadline of a callback that names none
 */
struct lpc_module {
	size_t		size;
	uint64_t	features;
	uint64_t	errata;
	uint32_t	abi;
	uint32_t	inline_max;
	uint32_t	connect_max;
	uint32_t	callback_ms;
};

enum lpc_features {
	LPC_CAN_WATCH	= 1,	/* WATCH_THREAD */
	LPC_CAN_HANDOFF	= 2,	/* a wake-up stays on the caller's CPU */
	LPC_CAN_DEBUG	= 4,	/* a debug build */
	LPC_CAN_SECTIONS = 8,	/* messages longer than LPC_INLINE_MAX */
	LPC_CAN_IMPERSONATE = 32, /* lpc_impersonate() */
	LPC_CAN_RIGHTS	= 64,	/* lpc_port_opts.rights */
	LPC_CAN_CALLER	= 128,	/* lpc_req_capable(), lpc_req_pidfd() */
};

/** lpc_info - ask the module; -ENODEV: it is not loaded */
int lpc_info(struct lpc_module *m);

/**
 * lpc_explain - a sentence for an error: the cause, and what mends it
 * @err: what a function of this library returned
 * @name: the port's name, or NULL
 * @text: gets the sentence, always terminated if @room is not 0
 *
 * Looks at the module as it is now: "user/1000/x: 128 of 128 connects pending:
 * the server does not accept". Returns the length it has, as snprintf() does.
 */
int lpc_explain(int err, const char *name, char *text, size_t room);

#ifdef __cplusplus
}
#endif

#endif /* LPC_H */
