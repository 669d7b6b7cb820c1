// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations whose argument is a message: SEND, CALL, REPLY_RECV, REPLY_WAIT in
 * each form, CANCEL and DATA; and two that are made of them, SERVE, which does to each
 * message what a server does, and LINK, which connects without waiting for anybody.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A message of any form, with room for payload. */
struct letter {
	union {
		struct lpc_msg msg;
		struct lpc_call_data data;
		struct lpc_split split;
		uint8_t bytes[sizeof(struct lpc_split) + 512];
	};
};

/* The form stands in the high half of @c. */
enum form { PLAIN, DATA, SPLIT_NONE, SPLIT_BYTES, SPLIT_NT, PLAIN_OUT, FORMS };

static const unsigned int numbers[4][3] = {
	{ LPC_IOC_SEND, LPC_IOC_SEND, LPC_IOC_SEND_SPLIT },
	{ LPC_IOC_CALL, LPC_IOC_CALL_DATA, LPC_IOC_CALL_SPLIT },
	{ LPC_IOC_REPLY_RECV, LPC_IOC_REPLY_RECV, LPC_IOC_REPLY_RECV_SPLIT },
	{ LPC_IOC_REPLY_WAIT, LPC_IOC_REPLY_WAIT, LPC_IOC_REPLY_WAIT_SPLIT },
};

enum { SEND, CALL, RECV, WAIT };

#define MANY	80u

static enum form form_of(const struct fuzz_op *op)
{
	return (op->c >> 4) % FORMS;
}

static void fill_buffers(struct actor *me, const struct fuzz_op *op, struct letter *l)
{
	struct lpc_buffer *b = memory_scratch(me, 7);
	unsigned int i, n = 1 + op->g % 4;

	for (i = 0; i < n; i++) {
		b[i].base = memory_pointer(me, (op->ptr >> 4) + i * (op->g >> 6), 256);
		b[i].length = op->g & 0x20 ? 70000 : 256;
		b[i].access = 1 + (op->g >> 3) % 3;
		b[i].reserved = op->g == 0xfe;
	}
	l->data.buffers = op->g == 0xff ? 0 : (uintptr_t)b;
	l->data.count = op->g == 0xfd ? LPC_BUFFERS_MAX + 1 : n;
}

static void fill_nt(struct actor *me, const struct fuzz_op *op, struct letter *l,
		    unsigned int what, struct fuzz_id id)
{
	struct lpc_nt_message *nt = memory_scratch(me, 1);
	struct lpc_nt_buffers *list;
	struct lpc_nt_buffer *b;
	unsigned int len = length_of(op->len), i;

	nt->data_length = (int16_t)len;
	nt->total_length = (int16_t)(len + sizeof(*nt));
	nt->type = 0;
	nt->data_info_offset = 0;
	nt->process = 0;
	nt->thread = 0;
	nt->message_id = 0;
	nt->callback = 0;
	if (what != SEND && !(what == CALL && !(op->flags & LPC_CALLBACK))) {
		nt->type = what == CALL ? LPC_REQUEST : 0;
		nt->message_id = (uint32_t)id.id;
		nt->callback = (uint32_t)id.callback;
		nt->process = id.pid;
		nt->thread = id.tid;
	}
	if (op->g & 0x40)
		nt->type |= LPC_NT_NO_IMPERSONATE;
	if (what == CALL && op->g & 0x10) {
		/* a list of buffers in the payload */
		nt->data_info_offset = (int16_t)(sizeof(*nt) + 8 + (op->g & 7));
		list = (void *)((uint8_t *)nt + sizeof(*nt) + 8);
		b = (void *)(list + 1);
		list->count = 1 + (op->g & 3);
		for (i = 0; i < 4; i++) {
			b[i].base = memory_pointer(me, op->ptr >> 4, 128);
			b[i].size = 128;
		}
		if (len < 160) {
			nt->data_length = 160;
			nt->total_length = 160 + sizeof(*nt);
		}
	}
	l->split.send = memory_pointer(me, op->ptr, 64);
	if (what != SEND)
		l->split.receive = memory_pointer(me, (op->ptr >> 4) + 2, 64);
	if (!(op->ptr & 15))
		l->split.send = (uintptr_t)nt;
	l->split.context = what != SEND && op->g & 0x80 ?
		memory_pointer(me, (op->ptr >> 4) + 3, 8) : 0;
}

static void fill_split(struct actor *me, const struct fuzz_op *op, struct letter *l,
		       unsigned int what, struct fuzz_id id)
{
	enum form form = form_of(op);

	if (form == SPLIT_NONE)
		return;
	l->split.form = form == SPLIT_NT ? LPC_SPLIT_NT : LPC_SPLIT_BYTES;
	if (form == SPLIT_NT) {
		fill_nt(me, op, l, what, id);
		return;
	}
	l->split.send = memory_pointer(me, op->ptr, l->msg.len);
	if (what != SEND)
		l->split.receive = memory_pointer(me, (op->ptr >> 4) + 2, LPC_INLINE_MAX);
	if (what == CALL && op->g & 1)
		fill_buffers(me, op, l);
}

/* A piece of a section: the low half of @c says whose and where. */
static void fill_piece(const struct fuzz_op *op, struct lpc_msg *m)
{
	static const uint64_t lengths[] = { 4096, 64, 304, 0, 8192, 1, ~0ull };

	if (!(op->c & 3))
		return;
	m->section = op->c & 3;
	m->offset = op->c & 4 ? 4096 : op->d & 0x80 ? ~0ull - 8 : 8u * (op->d & 7);
	m->length = lengths[(op->d >> 3) % ARRAY_SIZE(lengths)];
	if (op->c & 8)
		m->len = (uint32_t)m->length;
}

static int deliver(struct actor *me, const struct fuzz_op *op, unsigned int what, int fd,
		   struct letter *l, struct fuzz_id id)
{
	enum form form = form_of(op);
	unsigned int column = form == DATA ? 1 : form >= SPLIT_NONE && form <= SPLIT_NT ? 2 : 0;
	unsigned int cmd = numbers[what][column];
	size_t payload = LPC_INLINE_MAX;

	fill_piece(op, &l->msg);
	if (column == 1 && what == CALL)
		fill_buffers(me, op, l);
	if (column == 2)
		fill_split(me, op, l, what, id);
	if (form == PLAIN_OUT && what != SEND)
		l->msg.out = memory_pointer(me, op->ptr, sizeof(struct lpc_msg));
	memset(l->bytes + _IOC_SIZE(cmd), 'p', payload);
	return issue(me, op, fd, cmd, l, payload);
}

/* What came in: its ids are everybody's. Of NT's header only the half of one is told. */
static void note(struct actor *me, const struct fuzz_op *op, struct letter *l)
{
	const struct lpc_nt_message *nt = memory_scratch(me, 3);
	struct lpc_msg *m = &l->msg;

	if (form_of(op) == SPLIT_NT && !(op->ptr >> 4)) {
		m->type = (uint16_t)nt->type & 15;
		m->id = nt->message_id;
		m->callback = nt->callback;
		m->pid = (uint32_t)nt->process;
		m->tid = (uint32_t)nt->thread;
	}

	if (m->type == LPC_REQUEST)
		id_push(ID_REQUEST, m->id, m->callback, m->pid, m->tid);
	else if (m->type == LPC_CONNECTION_REQUEST)
		id_push(ID_CONNECT_REQUEST, m->id, 0, m->pid, m->tid);
}

static void basics(const struct fuzz_op *op, struct letter *l)
{
	memset(l, 0, sizeof(*l));
	l->msg.flags = op->flags & 0x3ff;
	l->msg.code = op->b;
	l->msg.len = length_of(op->len);
	if (!(op->len & 0x80))
		l->msg.len %= 304;
	l->msg.room = op->place >> 4 == 15 ? op->g : LPC_INLINE_MAX;
	l->msg.deadline = deadline_of(op->when);
}

/* a: on which end, of which kind: 0-3 client, 4-7 server, 8-11 port */
static int end_fd(const struct actor *me, uint8_t a)
{
	enum slot_kind kind = a & 8 ? SLOT_PORT : a & 4 ? SLOT_SERVER : SLOT_CLIENT;
	unsigned int i;
	int fd;

	/* another actor may be about to make it */
	for (i = 0; i < 10 && !sh->stop; i++) {
		fd = slot_fd(me, kind, a >= 0x40 ? a : a & 3);
		if (fd >= 0 || a >= 0x40)
			return fd;
		usleep(200);
	}
	return -1;
}

int do_send(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_op plain = *op;
	struct letter l;

	/* mostly without a piece, which a datagram cannot have */
	if (!(op->g & 0x20))
		plain.c &= 0xf0;
	basics(op, &l);
	l.msg.flags &= LPC_DONTWAIT | 0x200;
	l.msg.deadline = 0;
	return deliver(me, &plain, SEND, end_fd(me, op->a), &l, (struct fuzz_id){ 0 });
}

/* Asynchronous ones may come in great numbers, so that the port's slots grow. */
static void call_many(struct actor *me, const struct fuzz_op *op)
{
	struct letter l;
	unsigned int i;

	for (i = 0; i < MANY && !sh->stop; i++) {
		basics(op, &l);
		l.msg.flags = LPC_CALL_ASYNC;
		l.msg.deadline = 0;
		if (deliver(me, op, CALL, end_fd(me, op->a), &l,
			    (struct fuzz_id){ 0 }) != -EINPROGRESS)
			break;
	}
}

int do_call(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_id id = { 0 };
	struct letter l;
	int ret;

	if (op->flags & LPC_CALL_ASYNC && op->d & 0x40)
		call_many(me, op);
	basics(op, &l);
	l.msg.flags &= 0x30f;
	if (op->flags & LPC_CALLBACK) {
		id = id_pick(ID_REQUEST, op->b);
		l.msg.id = id.id;
		l.msg.callback = id.callback;
	}
	ret = deliver(me, op, CALL, end_fd(me, op->a), &l, id);
	/* open, or over and perhaps still held */
	if (ret == -EINPROGRESS || (ret < 0 && l.msg.status & (LPC_PENDING | LPC_WAS_TAKEN)))
		id_push(ID_CALL, l.msg.id, l.msg.callback, 0, 0);
	/* a callback came instead of the reply */
	if (!ret)
		note(me, op, &l);
	return ret;
}

int do_resume(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_id id = id_pick(ID_CALL, op->b);
	struct letter l;
	int ret;

	basics(op, &l);
	l.msg.flags &= LPC_SPIN | LPC_DONTWAIT;
	l.msg.status = LPC_PENDING;
	l.msg.id = id.id;
	l.msg.callback = id.callback;
	ret = deliver(me, op, CALL, end_fd(me, op->a), &l, id);
	if (!ret)
		note(me, op, &l);
	return ret;
}

int do_recv(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_id id = { 0 };
	struct letter l;
	int ret;

	basics(op, &l);
	/* mostly both parts or the receiving one */
	if (!(op->flags & (LPC_WITH_REPLY | LPC_WITH_RECV)) && !(op->flags & 0x8000))
		l.msg.flags |= LPC_WITH_RECV;
	l.msg.flags &= 0xf9;
	if (l.msg.flags & LPC_WITH_REPLY) {
		id = id_pick(ID_REQUEST, op->b);
		l.msg.id = id.id;
		l.msg.callback = id.callback;
	} else {
		l.msg.len = 0;
	}
	ret = deliver(me, op, RECV, end_fd(me, op->a ^ 8), &l, id);
	if (!ret)
		note(me, op, &l);
	return ret;
}

int do_reply_wait(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_id id = id_pick(ID_REQUEST, op->b);
	struct letter l;
	int ret;

	basics(op, &l);
	l.msg.flags &= LPC_SPIN | LPC_RECV_ANYWAY;
	if (!(op->flags & 0x8000))
		l.msg.flags |= LPC_WITH_REPLY;
	if (!(op->flags & 0x4000))
		l.msg.deadline = 0;
	l.msg.id = id.id;
	l.msg.callback = id.callback;
	ret = deliver(me, op, WAIT, end_fd(me, op->a), &l, id);
	if (!ret)
		note(me, op, &l);
	return ret;
}

int do_cancel(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_cancel c = { .id = id_pick(ID_CALL, op->b).id, .flags = op->flags & 1 };

	return issue(me, op, end_fd(me, op->a), LPC_IOC_CANCEL, &c, 0);
}

int do_data(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_data d = {
		.id = id_pick(ID_REQUEST, op->b).id,
		.index = op->c & 15,
		.access = op->flags & 3 ? op->flags & 3 : 1,
		.offset = op->d & 0x80 ? ~0ull : 8u * op->d,
		.address = memory_pointer(me, op->ptr, 256),
		.length = length_of(op->len),
		.deadline = deadline_of(op->when),
	};

	return issue(me, op, end_fd(me, op->a ^ 8), LPC_IOC_DATA, &d, 0);
}

/* ---- what a server does ----------------------------------------------------------- */

/*
 * d: how often, less one; g: what it does with a request before it replies: 1 reads its
 * buffers, 2 takes on its rights, 4 asks who it is, 8 calls back, 16 sends a datagram,
 * 32 does not reply
 */
static int serve_request(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_op sub = { .actor = op->actor, .a = op->a, .ptr = op->ptr };

	if (op->g & 1)
		do_data(me, &(struct fuzz_op){ .a = op->a, .flags = 1, .len = 32 });
	if (op->g & 2)
		do_impersonate(me, &(struct fuzz_op){ .a = 0 });
	if (op->g & 4)
		do_query(me, &(struct fuzz_op){ .a = op->a ^ 8, .b = 3 });
	if (op->g & 8) {
		sub.flags = LPC_CALLBACK;
		sub.a = 8 ^ op->a;
		do_call(me, &sub);
	}
	if (op->g & 16)
		do_send(me, &(struct fuzz_op){ .a = 4 });
	if (op->g & 32)
		return 0;
	sub = *op;
	sub.b = 0;
	sub.flags = LPC_WITH_REPLY;
	return do_recv(me, &sub);
}

static int serve_connect(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_op sub = { .actor = op->actor, .a = op->a & 3, .c = op->b, .d = op->c,
			       .g = op->g };
	int ret;

	/* the flags' high half is ACCEPT's */
	sub.flags = op->flags >> 8 & 15;
	ret = do_accept(me, &sub);
	if (ret)
		return ret;
	return do_complete(me, &(struct fuzz_op){ .a = op->b });
}

int do_serve(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_op recv = *op;
	struct letter l;
	unsigned int i;
	int ret = 0;

	recv.flags = LPC_WITH_RECV | (op->flags & (LPC_SPIN | LPC_LISTEN));
	recv.c = op->c & 0xf0;
	recv.g = 0;
	for (i = 0; i <= op->d % 8u && !sh->stop; i++) {
		basics(&recv, &l);
		l.msg.len = 0;
		ret = deliver(me, &recv, RECV, end_fd(me, op->a ^ 8), &l,
			      (struct fuzz_id){ 0 });
		if (ret)
			break;
		note(me, &recv, &l);
		if (l.msg.type == LPC_CONNECTION_REQUEST)
			ret = serve_connect(me, op);
		else if (l.msg.type == LPC_REQUEST)
			ret = serve_request(me, op);
	}
	return ret;
}

/*
 * A connection port, and a client connected to it over all steps of the handshake:
 * a: port, b: client, c: server, d: 1 with the client's section, 2 with the server's;
 * flags: of ACCEPT; g: name
 */
int do_link(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_op sub;
	int ret;

	if (slot_fd(me, SLOT_PORT, op->a) < 0) {
		ret = do_create(me, &(struct fuzz_op){ .a = op->a, .b = op->g, .c = 1 });
		if (ret)
			return ret;
	}
	if (op->d & 3 && slot_fd(me, SLOT_SECTION, 0) < 0)
		do_section(me, &(struct fuzz_op){ .len = 0xb8 });
	sub = (struct fuzz_op){ .a = op->b, .b = op->g, .c = 2 + (op->d & 4),
				.d = op->d & 1, .g = op->d & 2, .when = 3,
				.flags = LPC_CONNECT_ASYNC };
	ret = do_connect(me, &sub);
	if (ret != -EINPROGRESS)
		return ret;
	ret = do_recv(me, &(struct fuzz_op){ .a = op->a & 3 });
	if (ret)
		return ret;
	sub = (struct fuzz_op){ .a = op->a, .c = op->c, .d = (op->d & 2) >> 1,
				.g = (op->d & 1) << 1, .flags = op->flags & 0xf };
	ret = do_accept(me, &sub);
	if (ret)
		return ret;
	do_complete(me, &(struct fuzz_op){ .a = op->c });
	return do_finish(me, &(struct fuzz_op){ .a = op->b, .d = op->d & 1, .g = op->d & 2 });
}
