/* SPDX-License-Identifier: MIT */
/* What stands behind the struct lpc_req that a handler is lent. */
#ifndef LIBLPC_REQUEST_H
#define LIBLPC_REQUEST_H

#include <errno.h>

#include "message.h"

struct worker;
struct client;
struct line;
struct view;

enum request_kind {
	REQUEST_SERVED,		/* in a handler of a server; may be kept */
	REQUEST_KEPT,		/* by lpc_req_keep(): lives on the heap */
	REQUEST_CONNECT,	/* in on_connect() */
	REQUEST_CLIENT,		/* in a client: a callback, or by lpc_dispatch() */
	REQUEST_QUICK,		/* as _SERVED, through a quick channel */
	REQUEST_LATE,		/* as _KEPT, of a quick channel */
};

enum request_state {
	REQUEST_OPEN,
	REQUEST_ANSWERED,	/* the answer is in @reply */
	REQUEST_PASSED,		/* to a kept one */
};

/**
 * struct request - one message at work
 * @pub: what the handler sees; first
 * @kind: who lent it
 * @state: is it answered
 * @fd: where it is answered, and called back
 * @limit: longest answer that the kernel copies
 * @length: bytes at @pub.room, for a longer answer
 * @offset: where they are in the client's section
 * @id: its id
 * @callback: its callback id
 * @reply: where lpc_reply() puts the answer, until its owner sends it
 * @canceled: holds @id once the caller has given up
 * @worker: whose it is, if REQUEST_SERVED
 * @owner: its client, if it is a server's
 * @line: the quick channel, if REQUEST_QUICK or REQUEST_LATE
 * @view: the client's section, if it has part in that
 */
struct request {
	struct lpc_req		pub;
	enum request_kind	kind;
	enum request_state	state;
	int			fd;
	uint32_t		limit;
	size_t			length;
	uint64_t		offset;
	uint64_t		id;
	uint64_t		callback;
	struct message		*reply;
	uint64_t		*canceled;
	struct worker		*worker;
	struct client		*owner;
	struct line		*line;
	struct view		*view;
};

int lpc_request_fill(const struct request *q, struct message *b, int32_t status, const void *data,
		     size_t len);

static inline struct request *request_of(struct lpc_req *r)
{
	return (struct request *)r;
}

/* What each message says. */
static inline void request_begin(struct request *q, const struct message *in)
{
	uint32_t flags = in->m.type == LPC_DATAGRAM ? LPC_REQ_DATAGRAM : 0;

	if (in->m.status & LPC_DETACHED)
		flags |= LPC_REQ_ASYNC;
	if (in->m.callback)
		flags |= LPC_REQ_CALLBACK;
	q->pub.code = in->m.code;
	q->pub.flags = flags;
	q->pub.data = in->data;
	q->pub.len = in->m.len <= LPC_INLINE_MAX ? in->m.len : 0;
	q->pub.room = NULL;
	q->pub.room_len = 0;
	q->pub.cred = message_cred(&in->m);
	q->pub.deadline = in->m.deadline;
	q->state = REQUEST_OPEN;
	q->length = 0;
	q->id = in->m.id;
	q->callback = in->m.callback;
	q->view = NULL;
}

static inline void request_init(struct request *q, enum request_kind kind, int fd,
				const struct message *in, struct message *reply)
{
	memset(q, 0, sizeof(*q));
	request_begin(q, in);
	q->kind = kind;
	q->fd = fd;
	q->limit = LPC_INLINE_MAX;
	q->reply = reply;
}

/* Puts the answer where its owner will find it. */
static inline int request_answer(struct request *q, int32_t status, const void *data, size_t len)
{
	if (q->state != REQUEST_OPEN)
		return -ESTALE;
	if (q->pub.flags & LPC_REQ_DATAGRAM)
		return -EINVAL;
	q->state = REQUEST_ANSWERED;
	return lpc_request_fill(q, q->reply, status, data, len);
}

/* The handler has returned @r: is there an answer to send? */
static inline bool request_finish(struct request *q, int r)
{
	if (q->state == REQUEST_OPEN && !(q->pub.flags & LPC_REQ_DATAGRAM))
		request_answer(q, r < 0 ? r : 0, NULL, 0);
	return q->state == REQUEST_ANSWERED;
}

#endif /* LIBLPC_REQUEST_H */
