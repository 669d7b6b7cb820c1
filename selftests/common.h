/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common.h - what the tests share: one thin function per ioctl, poisoned
 * buffers, waiting for a state, a connection, an echo server. Limits of time are
 * in common_base.h, processes in common_process.h.
 */
#ifndef LPC_SELFTESTS_COMMON_H
#define LPC_SELFTESTS_COMMON_H

#include "common_process.h"

/* One message and room for the longest payload, and one byte too many. */
struct lpcbuf {
	struct lpc_msg m;
	char data[304];
};

/* ---- names --------------------------------------------------------------- */

/* "test/<pid>.<n>"; the buffer is the caller's, at least NAME_ROOM bytes */
#define NAME_ROOM 64

static inline char *unique_name(char *buf)
{
	static int n;

	snprintf(buf, NAME_ROOM, "test/%d.%d", getpid(), n++);
	return buf;
}

static inline char *unique_user_name(char *buf, uid_t uid)
{
	static int n;

	snprintf(buf, NAME_ROOM, "user/%u/test/%d.%d", uid, getpid(), n++);
	return buf;
}

/* ---- ports --------------------------------------------------------------- */

/*
 * @opts: flags, mode ... of the new port, NULL for none. With @opts its out
 * fields are filled. A NULL or empty name makes a private port.
 */
static inline int port_create(const char *name, struct lpc_create *opts)
{
	struct lpc_create none = { 0 }, *c = opts ?: &none;
	int ret;

	c->name = (uintptr_t)name;
	c->name_len = name ? strlen(name) : 0;
	ret = lpc_ioctl(lpc_dev(), LPC_IOC_CREATE, c);
	return ret < 0 ? ret : c->fd;
}

static inline int port_create_mode(const char *name, unsigned int mode)
{
	return port_create(name, &(struct lpc_create){ .mode = mode });
}

/* A port without a name, and its only client */
static inline int port_pair(int *client, uint64_t context)
{
	struct lpc_create c = { .flags = LPC_PORT_PAIR, .context = context };
	int ret = port_create(NULL, &c);

	*client = ret < 0 ? -1 : c.client_fd;
	return ret;
}

/* CONNECT as @c says; the fd on success */
static inline int port_connect_opts(const char *name, struct lpc_connect *c)
{
	int ret;

	c->name = (uintptr_t)name;
	c->name_len = name ? strlen(name) : 0;
	ret = lpc_ioctl(lpc_dev(), LPC_IOC_CONNECT, c);
	return ret < 0 ? ret : c->fd;
}

static inline int port_connect(const char *name)
{
	return port_connect_opts(name, &(struct lpc_connect){
		.deadline = in_ms(LONG),
	});
}

/* The pending end; @c gets id and status. @opts may be NULL. */
static inline int port_connect_async(const char *name, struct lpc_connect *opts)
{
	struct lpc_connect none = { 0 }, *c = opts ?: &none;
	int ret;

	c->flags |= LPC_CONNECT_ASYNC;
	ret = port_connect_opts(name, c);
	return ret == -EINPROGRESS ? c->fd : ret < 0 ? ret : -ENOMSG;
}

/*
 * Finishes an asynchronous connect once the server has decided, which it may
 * take @ms to do: -EINPROGRESS if it has not. @opts may be NULL.
 */
static inline int connect_finish(int end, struct lpc_connect *opts, int ms)
{
	struct lpc_connect none = { 0 }, *c = opts ?: &none;

	c->flags = 0;
	c->name = 0;
	c->name_len = 0;
	c->data_len = 0;
	c->deadline = 0;
	poll_ms(end, POLLOUT, ms);
	return lpc_ioctl(end, LPC_IOC_CONNECT, c);
}

static inline int port_accept_opts(int port, struct lpc_accept *a)
{
	int ret = lpc_ioctl(port, LPC_IOC_ACCEPT, a);

	return ret < 0 ? ret : a->fd;
}

static inline int port_accept(int port, uint64_t id, uint64_t context,
			      unsigned int flags)
{
	return port_accept_opts(port, &(struct lpc_accept){
		.id = id, .context = context, .flags = flags,
	});
}

static inline int port_refuse(int port, uint64_t id, const void *data,
			      unsigned int len)
{
	return lpc_ioctl(port, LPC_IOC_ACCEPT, &(struct lpc_accept){
		.id = id, .flags = LPC_ACCEPT_REFUSE,
		.data = (uintptr_t)data, .data_len = len,
	});
}

static inline int end_complete(int end)
{
	return lpc_ioctl(end, LPC_IOC_COMPLETE, &(struct lpc_complete){ 0 });
}

static inline int end_shutdown(int fd, unsigned int flags)
{
	return lpc_ioctl(fd, LPC_IOC_SHUTDOWN,
			 &(struct lpc_shutdown){ .flags = flags });
}

static inline int call_cancel(int fd, uint64_t id)
{
	return lpc_ioctl(fd, LPC_IOC_CANCEL, &(struct lpc_cancel){ .id = id });
}

static inline int watch_thread(int fd)
{
	return lpc_ioctl(fd, LPC_IOC_WATCH_THREAD, &(struct lpc_watch){ 0 });
}

/* ---- messages ------------------------------------------------------------ */

static inline void buf_poison(struct lpcbuf *b)
{
	memset(b, POISON, sizeof(*b));
}

/* Is every byte of @p still poison? */
static inline bool is_poison(const void *p, size_t len)
{
	const unsigned char *c = p;

	while (len--)
		if (*c++ != POISON)
			return false;
	return true;
}

/* A message to send, room for an answer of any length, the rest poisoned */
static inline void buf_set(struct lpcbuf *b, uint32_t code, const void *data,
			   uint32_t len)
{
	memset(b->data, POISON, sizeof(b->data));
	memset(&b->m, 0, sizeof(b->m));
	if (data && len)
		memcpy(b->data, data, len < sizeof(b->data) ? len : sizeof(b->data));
	b->m.code = code;
	b->m.len = len;
	b->m.room = LPC_INLINE_MAX;
}

/* A header that only receives */
static inline void buf_recv(struct lpcbuf *b, int ms)
{
	buf_set(b, 0, NULL, 0);
	b->m.flags = LPC_WITH_RECV | (ms == NO_WAIT ? LPC_DONTWAIT : 0);
	b->m.deadline = ms == NO_WAIT ? 0 : in_ms(ms);
}

static inline bool buf_is(const struct lpcbuf *b, const void *data,
			  uint32_t len)
{
	return b->m.len == len && !memcmp(b->data, data, len);
}

static inline int msg_send(int fd, uint32_t code, const void *data,
			   uint32_t len)
{
	struct lpcbuf b;

	buf_set(&b, code, data, len);
	return lpc_ioctl(fd, LPC_IOC_SEND, &b);
}

/* CALL with what stands in @b; @flags are added, the reply lands in @b */
static inline int msg_call_buf(int fd, struct lpcbuf *b, unsigned int flags,
			       int ms)
{
	b->m.flags |= flags;
	b->m.deadline = in_ms(ms);
	return lpc_ioctl(fd, LPC_IOC_CALL, b);
}

static inline int msg_call(int fd, uint32_t code, const void *data,
			   uint32_t len, struct lpcbuf *reply, int ms)
{
	struct lpcbuf b;

	if (!reply)
		reply = &b;
	buf_set(reply, code, data, len);
	return msg_call_buf(fd, reply, 0, ms);
}

/* Starts a call that nobody waits for: 0 and its id, or -errno */
static inline int msg_call_async(int fd, uint32_t code, const void *data,
				 uint32_t len, int ms, uint64_t *id)
{
	struct lpcbuf b;
	int ret;

	buf_set(&b, code, data, len);
	ret = msg_call_buf(fd, &b, LPC_CALL_ASYNC, ms);
	if (id)
		*id = b.m.id;
	return ret == -EINPROGRESS ? 0 : ret < 0 ? ret : -ENOMSG;
}

static inline int msg_recv(int fd, struct lpcbuf *b, int ms)
{
	buf_recv(b, ms);
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, b);
}

/* Receives a connection request only (NtListenPort) */
static inline int msg_listen(int fd, struct lpcbuf *b, int ms)
{
	buf_recv(b, ms);
	b->m.flags |= LPC_LISTEN;
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, b);
}

static inline int msg_reply_id(int fd, uint64_t id, uint64_t callback,
			       uint32_t code, const void *data, uint32_t len)
{
	struct lpcbuf b;

	buf_set(&b, code, data, len);
	b.m.flags = LPC_WITH_REPLY;
	b.m.id = id;
	b.m.callback = callback;
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, &b);
}

/* Answers the request in @req and waits for nothing */
static inline int msg_reply(int fd, const struct lpcbuf *req, uint32_t code,
			    const void *data, uint32_t len)
{
	return msg_reply_id(fd, req->m.id, req->m.callback, code, data, len);
}

/* @b holds a reply (id, code, len, data): answers, then receives into @b */
static inline int msg_reply_recv(int fd, struct lpcbuf *b, int ms)
{
	b->m.flags = LPC_WITH_REPLY | LPC_WITH_RECV |
		     (ms == NO_WAIT ? LPC_DONTWAIT : 0);
	b->m.deadline = ms == NO_WAIT ? 0 : in_ms(ms);
	b->m.room = LPC_INLINE_MAX;
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, b);
}

/*
 * @b holds the answer to a callback (id, callback, code, len, data): answers
 * with LPC_WITH_REPLY in @flags, and waits for the original call again.
 */
static inline int msg_reply_wait(int fd, struct lpcbuf *b, unsigned int flags,
				 int ms)
{
	b->m.flags = flags;
	b->m.deadline = in_ms(ms);
	b->m.room = LPC_INLINE_MAX;
	return lpc_ioctl(fd, LPC_IOC_REPLY_WAIT, b);
}

/* ---- looking ------------------------------------------------------------- */

static inline int query_what(int fd, uint32_t what, uint64_t id, void *out,
			     uint32_t size)
{
	return lpc_ioctl(fd, LPC_IOC_QUERY, &(struct lpc_query){
		.what = what, .id = id, .out = (uintptr_t)out, .size = size,
	});
}

static inline int query_port(int fd, struct lpc_port_info *p)
{
	return query_what(fd, LPC_WHAT_PORT, 0, p, sizeof(*p));
}

static inline int query_conn(int fd, struct lpc_conn_info *c)
{
	return query_what(fd, LPC_WHAT_CONN, 0, c, sizeof(*c));
}

static inline int query_call(int fd, uint64_t id, struct lpc_call_info *c)
{
	return query_what(fd, LPC_WHAT_CALL, id, c, sizeof(*c));
}

/* By name; waits for the name to appear unless @ms is NO_WAIT. */
static inline int query_name(const char *name, struct lpc_port_info *p, int ms)
{
	return lpc_ioctl(lpc_dev(), LPC_IOC_QUERY, &(struct lpc_query){
		.what = LPC_WHAT_PORT,
		.flags = ms == NO_WAIT ? 0 : LPC_QUERY_WAIT_NAME,
		.name = (uintptr_t)name, .name_len = strlen(name),
		.out = (uintptr_t)p, .size = sizeof(*p),
		.deadline = ms == NO_WAIT ? 0 : in_ms(ms),
	});
}

/* All rows of @what into @out, at most @count; how many there are, or -errno */
static inline int list_all(uint32_t what, uint64_t port, void *out,
			   uint32_t size, uint32_t count, uint64_t *hidden)
{
	struct lpc_list l = { .what = what, .port = port, .size = size };
	uint32_t n = 0;
	int ret;

	if (hidden)
		*hidden = 0;
	do {
		l.out = (uintptr_t)out + (uint64_t)n * size;
		l.count = count - n;
		ret = lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l);
		if (ret < 0)
			return ret;
		n += l.count;
		if (hidden)
			*hidden += l.hidden;
	} while (l.count && n < count);
	return n;
}

static inline int list_conns(uint64_t port, struct lpc_conn_info *c, int count)
{
	return list_all(LPC_WHAT_CONN, port, c, sizeof(*c), count, NULL);
}

static inline int list_calls(uint64_t port, struct lpc_call_info *c, int count)
{
	return list_all(LPC_WHAT_CALL, port, c, sizeof(*c), count, NULL);
}

static inline int get_info(struct lpc_info *i)
{
	memset(i, 0, sizeof(*i));
	return lpc_ioctl(lpc_dev(), LPC_IOC_INFO, i);
}

/* What the caller's user has of a limit, or -1 */
static inline int64_t limit_in_use(int limit)
{
	struct lpc_info i;

	return get_info(&i) ? -1 : (int64_t)i.limits[limit].in_use;
}

#define PORT_FIELD(fd, field) ({					\
	struct lpc_port_info __p = { 0 };				\
									\
	query_port(fd, &__p) < 0 ? -1 : (int64_t)__p.field;		\
})

#define CONN_FIELD(fd, field) ({					\
	struct lpc_conn_info __c = { 0 };				\
									\
	query_conn(fd, &__c) < 0 ? -1 : (int64_t)__c.field;		\
})

static inline uint64_t port_serial(int port)
{
	return PORT_FIELD(port, serial);
}

/* The state of the request @id as the port or end @fd knows it, or -errno */
static inline int call_state(int fd, uint64_t id)
{
	struct lpc_call_info c = { 0 };
	int ret = query_call(fd, id, &c);

	return ret < 0 ? ret : (int)c.state;
}

/* Messages in the port's queue; @fd is the port (or an end of it). */
static inline bool until_queued(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, queued) == n);
}

/* Threads parked in a receive */
static inline bool until_waiting(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, waiting) == n);
}

/* Requests in progress */
static inline bool until_calls(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, calls_now) == n);
}

/* Connects that wait for an answer */
static inline bool until_pending(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, pending) == n);
}

static inline bool until_connections(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, connections) == n);
}

static inline bool until_conn_state(int end, int state)
{
	return UNTIL(CONN_FIELD(end, state) == state);
}

static inline bool until_call_state(int fd, uint64_t id, int state)
{
	return UNTIL(call_state(fd, id) == state);
}

/* ---- a connection in one process ----------------------------------------- */

struct link {
	int port;
	int client;
	int server;
};

/*
 * Connects to @port (its name is @name) and accepts, all in this thread.
 * @flags: LPC_ACCEPT_OWN_QUEUE or 0. 0, or -errno of the step that failed.
 */
static inline int link_connect(struct link *l, int port, const char *name,
			       uint64_t context, unsigned int flags)
{
	struct lpcbuf b;
	int ret;

	l->port = port;
	l->client = port_connect_async(name, NULL);
	if (l->client < 0)
		return l->client;
	ret = msg_listen(port, &b, LONG);
	if (ret < 0)
		return ret;
	l->server = port_accept(port, b.m.id, context, flags);
	if (l->server < 0)
		return l->server;
	ret = end_complete(l->server);
	if (ret < 0)
		return ret;
	return connect_finish(l->client, NULL, LONG);
}

/* Makes the port too, under a name of its own, open to all users */
static inline int link_make(struct link *l, const struct lpc_create *opts,
			    uint64_t context, unsigned int flags)
{
	struct lpc_create c = { 0 };
	char name[NAME_ROOM];
	int port;

	if (opts)
		c = *opts;
	if (!c.mode)
		c.mode = 0666;
	port = port_create(unique_name(name), &c);
	if (port < 0)
		return port;
	return link_connect(l, port, name, context, flags);
}

static inline void link_close(struct link *l)
{
	close(l->client);
	close(l->server);
	close(l->port);
}

/* Receives a connection request on @port and accepts it: the server end */
static inline int accept_one(int port, uint64_t context, unsigned int flags)
{
	struct lpcbuf b;
	int ret, end;

	ret = msg_listen(port, &b, LONG);
	if (ret < 0)
		return ret;
	end = port_accept(port, b.m.id, context, flags);
	if (end < 0)
		return end;
	ret = end_complete(end);
	return ret < 0 ? ret : end;
}

/* ---- an echo server in a thread ------------------------------------------ */

/*
 * Accepts everyone (context: 1, 2, ...) and answers each request with its own
 * code and payload until echo_stop().
 */
struct echo {
	int port;
	pthread_t thread;
	atomic_uint accepted, requests, datagrams, closed, died, failed;
	int ends[64];
};

static inline void *echo_thread(void *arg)
{
	struct echo *e = arg;
	struct lpcbuf b;
	int ret, end;
	unsigned int n;

	buf_recv(&b, FOREVER);
	for (;;) {
		ret = lpc_ioctl(e->port, LPC_IOC_REPLY_RECV, &b);
		if (ret == -ESHUTDOWN || ret == -EPIPE)
			return NULL;
		if (ret < 0) {
			if (ret != -EINTR && ret != -ECANCELED && ret != -ESTALE)
				e->failed++;
			buf_recv(&b, FOREVER);
			continue;
		}
		if (b.m.type == LPC_REQUEST) {
			e->requests++;
			b.m.flags = LPC_WITH_REPLY | LPC_WITH_RECV;
			b.m.room = LPC_INLINE_MAX;
			b.m.deadline = LPC_FOREVER;
			b.m.callback = 0;
			continue;
		}
		if (b.m.type == LPC_CONNECTION_REQUEST) {
			n = e->accepted;
			end = port_accept(e->port, b.m.id, n + 1, 0);
			if (end >= 0 && n < ARRAY_SIZE(e->ends)) {
				e->ends[n] = end;
				e->accepted++;
				if (end_complete(end) < 0)
					e->failed++;
			} else if (end != -ESTALE) {
				e->failed++;
			}
		} else if (b.m.type == LPC_DATAGRAM) {
			e->datagrams++;
		} else if (b.m.type == LPC_PORT_CLOSED) {
			e->closed++;
		} else if (b.m.type == LPC_CLIENT_DIED) {
			e->died++;
		}
		buf_recv(&b, FOREVER);
	}
}

static inline int echo_start(struct echo *e, int port)
{
	memset(e, 0, sizeof(*e));
	memset(e->ends, -1, sizeof(e->ends));
	e->port = port;
	return -pthread_create(&e->thread, NULL, echo_thread, e);
}

/* Ends receiving on the port and waits for the thread; how often it failed */
static inline int echo_stop(struct echo *e)
{
	unsigned int i;

	end_shutdown(e->port, LPC_SHUT_RECEIVE);
	pthread_join(e->thread, NULL);
	for (i = 0; i < ARRAY_SIZE(e->ends); i++)
		if (e->ends[i] >= 0)
			close(e->ends[i]);
	return e->failed;
}

#endif /* LPC_SELFTESTS_COMMON_H */
