// SPDX-License-Identifier: MIT
/* What a handler may do with the request it was lent. */
#include <errno.h>

#include "annotate.h"
#include "call.h"
#include "line.h"
#include "server.h"

/* An answer that is built where it goes stays there. */
static void fill_room(const struct request *q, struct message *b, const void *data, size_t len)
{
	uintptr_t at = (uintptr_t)data - (uintptr_t)q->pub.room;

	if (at >= q->length || len > q->length - at) {
		memmove(q->pub.room, data, len);
		at = 0;
	}
	b->m.section = LPC_SECTION_CLIENT;
	b->m.offset = q->offset + at;
	b->m.length = len;
}

/* Makes @b the answer to @q. @data may lie anywhere. */
int lpc_request_fill(const struct request *q, struct message *b, int32_t status, const void *data,
		     size_t len)
{
	int r = 0;

	if (len > (len > LPC_INLINE_MAX ? q->length : q->limit)) {
		r = -EMSGSIZE;
		status = r;
		len = 0;
	}
	b->m.code = (uint32_t)status;
	b->m.len = (uint32_t)len;
	b->m.section = LPC_SECTION_NONE;
	b->m.offset = 0;
	b->m.length = 0;
	if (len > LPC_INLINE_MAX)
		fill_room(q, b, data, len);
	else if (len)
		memmove(b->data, data, len);
	if (q->view)
		annotate_answered_in(q->view);
	return r;
}

static int __cold reply_kept(struct request *q, int32_t status, const void *data, size_t len)
{
	return q->kind == REQUEST_KEPT ? lpc_kept_reply(q, status, data, len) :
					 lpc_late_reply(q, status, data, len);
}

int __hot lpc_reply(struct lpc_req *r, int32_t status, const void *data, size_t len)
{
	struct request *q = request_of(r);

	if (q->kind == REQUEST_QUICK)
		return lpc_line_reply(q, status, data, len);
	if (q->kind == REQUEST_KEPT || q->kind == REQUEST_LATE)
		return reply_kept(q, status, data, len);
	return request_answer(q, status, data, len);
}

struct lpc_req *lpc_req_keep(struct lpc_req *r)
{
	struct request *q = request_of(r);

	if (q->kind == REQUEST_KEPT || q->kind == REQUEST_LATE)
		return r;
	if (q->state != REQUEST_OPEN)
		return NULL;
	return q->kind == REQUEST_SERVED ? lpc_kept_new(q) :
	       q->kind == REQUEST_QUICK ? lpc_late_new(q) : NULL;
}

bool lpc_req_canceled(const struct lpc_req *r)
{
	const struct request *q = (const struct request *)r;

	return q->canceled && __atomic_load_n(q->canceled, __ATOMIC_RELAXED) == q->id && q->id;
}

ssize_t lpc_callback(struct lpc_req *r, uint32_t code, const void *req, size_t len, void *rep,
		     size_t room, const struct lpc_call_opts *o)
{
	struct request *q = request_of(r);
	struct call_to to = {
		.fd = q->fd, .callback = true, .id = q->id, .callback_id = q->callback,
	};
	struct lpc_call_opts own;
	int err;

	err = lpc_call_opts_read(&own, &o);
	if (err < 0)
		return err;
	if (q->kind == REQUEST_CONNECT || r->flags & (LPC_REQ_DATAGRAM | LPC_REQ_ASYNC))
		return -EOPNOTSUPP;
	if (q->kind == REQUEST_KEPT)
		return lpc_kept_callback(q, code, req, len, rep, room, o);
	return lpc_call_on(&to, code, req, len, rep, room, o);
}
