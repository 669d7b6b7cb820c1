// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on objects: making, connecting, accepting, ending, asking, sections,
 * events, quick channels, rights.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int device(const struct actor *me)
{
	return sh->procs[me->proc].fd[SLOTS - 1];
}

/* Where a name lies: ptr's low half */
static uint64_t name_in(struct actor *me, const struct fuzz_op *op, uint8_t n, uint32_t *len)
{
	const char *name = name_pick(n, len);

	memcpy(memory_scratch(me, 1), name, *len);
	return memory_pointer(me, op->ptr, *len);
}

/* Entries of a list, made of one byte */
static uint32_t acl_in(struct actor *me, const struct fuzz_op *op, uint8_t n, __u64 *at)
{
	struct lpc_acl_entry *e = memory_scratch(me, 6);
	unsigned int i;

	for (i = 0; i < 16; i++) {
		e[i].flags = (n >> 3 & 1) | (i & 2);
		e[i].rights = n & 0x10 ? LPC_RIGHT_CONNECT | LPC_RIGHT_QUERY : LPC_RIGHT_QUERY;
		e[i].id = i & 1 ? 1000 : n & 0x20 ? 0 : 77;
	}
	if (n & 0x40)
		e[0].rights = 1;
	*at = op->ptr >> 4 ? memory_pointer(me, op->ptr >> 4, 64) : (uintptr_t)e;
	return n & 0x80 ? 17 : n & 7;
}

/* a: port, b: name, c: mode, d: client end of a pair, g: its list */
int do_create(struct actor *me, const struct fuzz_op *op)
{
	static const uint16_t modes[] = { 0, 0666, 0600, 0606, 0622, 0644, 0777, 07000 };
	struct lpc_create c = {
		.flags = op->flags & 15,
		.mode = modes[op->c % ARRAY_SIZE(modes)],
		.inline_max = op->len,
		.connect_max = op->len == 1 ? 4 : 0,
		.backlog = op->when,
		.context = op->flags & LPC_PORT_PAIR || op->c & 0x10 ? 0x1234 : 0,
	};
	int ret;

	if (!(op->flags & LPC_PORT_PAIR))
		c.name = name_in(me, op, op->b, &c.name_len);
	if (op->flags & LPC_PORT_OWNER) {
		c.owner = op->c & 0x40 ? 1000 : op->c & 0x20 ? ~0u : 0;
		c.group = op->c & 0x80 ? 1000 : 0;
	}
	c.acl_count = acl_in(me, op, op->g, &c.acl);
	ret = issue(me, op, device(me), LPC_IOC_CREATE, &c, 0);
	if (!ret) {
		slot_put(me, SLOT_PORT, op->a, c.fd);
		if (op->flags & LPC_PORT_PAIR)
			slot_put(me, SLOT_CLIENT, op->d, c.client_fd);
	}
	return ret;
}

/* What is taken of the other's section, and which is given */
static void views_in(const struct actor *me, const struct fuzz_op *op, struct lpc_view *own,
		     struct lpc_view *theirs, bool given)
{
	static const uint64_t most[] = { 0, 1, 1 << 20, ~0ull, 4096, 4095, 1ull << 40, 8192 };

	theirs->size = op->g & 2 ? 1 << 20 : most[(op->g >> 2) & 7];
	theirs->flags = op->g & 0x20 ? LPC_VIEW_TELL_BASE : 0;
	if (!given)
		return;
	own->fd = slot_fd(me, SLOT_SECTION, op->d >> 1);
	own->offset = op->g & 0x40 ? 4096 : 0;
	own->size = op->g & 0x80 ? 4096 : 0;
	own->flags = op->d & 0x20 ? LPC_VIEW_PEER_READONLY : 0;
}

/*
 * a: client end, b: name, c: low bits the level, then tracking, then which data,
 * d: 1 with a section, the rest which; g: what is taken
 */
int do_connect(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_connect c = {
		.flags = op->flags & 0x3f,
		.data_len = length_of(op->len),
		.data = memory_pointer(me, op->ptr >> 4, LPC_CONNECT_MAX),
		.answer = memory_pointer(me, (op->ptr >> 4) + 2, LPC_CONNECT_MAX),
		.answer_room = op->c & 0x20 ? 3 : LPC_CONNECT_MAX,
		.deadline = deadline_of(op->when),
		.server_uid = op->c & 0x40 ? 1000 : 0,
		.server_gid = op->c & 0x80 ? 1000 : 0,
		.server_pid = (uint32_t)sh->procs[op->c & 0x10 ? 1 : 0].pid,
		.level = op->c & 3,
		.tracking = op->c >> 2 & 1,
	};
	int ret;

	if (op->d & 1)
		c.flags |= LPC_CONNECT_VIEW;
	views_in(me, op, &c.own, &c.theirs, op->d & 1);
	c.name = name_in(me, op, op->b, &c.name_len);
	if (op->flags & 0x80) {
		c.status = LPC_PENDING;
		c.id = id_pick(ID_CONNECT, op->d).id;
	}
	ret = issue(me, op, device(me), LPC_IOC_CONNECT, &c, 0);
	if (c.status & LPC_PENDING && ret)
		id_push(ID_CONNECT, c.id, 0, 0, 0);
	if (ret == -EINTR && c.id + 1 && c.status & LPC_PENDING &&
	    me->nr_connects < ARRAY_SIZE(me->connects))
		me->connects[me->nr_connects++] = c.id;
	else if (ret == -EINTR)
		/* it may be open and nobody knows its id: ends with this thread */
		sh->procs[me->proc].spent = 1;
	if (!ret || ret == -EINPROGRESS) {
		slot_put(me, SLOT_CLIENT, op->a, c.fd);
		view_add(me->proc, c.own.base, c.own.size);
		view_add(me->proc, c.theirs.base, c.theirs.size);
	}
	return ret;
}

/*
 * What this thread left open holds the port, until the thread comes back for it or
 * ends: it comes back after the deadline.
 */
void connects_end(struct actor *me)
{
	struct lpc_connect c;

	while (me->nr_connects) {
		c = (struct lpc_connect){
			.status = LPC_PENDING,
			.id = me->connects[me->nr_connects - 1],
			.deadline = 1,
		};
		if (!ioctl(device(me), LPC_IOC_CONNECT, &c))
			close(c.fd);
		else if (errno == EINTR)
			continue;
		me->nr_connects--;
	}
}

/* a: client end made with LPC_CONNECT_ASYNC */
int do_finish(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_connect c = {
		.flags = op->d & 1 ? LPC_CONNECT_VIEW : 0,
		.answer = memory_pointer(me, op->ptr, LPC_CONNECT_MAX),
		.answer_room = LPC_CONNECT_MAX,
	};
	int ret;

	views_in(me, op, &c.own, &c.theirs, op->d & 1);
	c.own = (struct lpc_view){ 0 };
	ret = issue(me, op, slot_fd(me, SLOT_CLIENT, op->a), LPC_IOC_CONNECT, &c, 0);
	if (!ret) {
		view_add(me->proc, c.own.base, c.own.size);
		view_add(me->proc, c.theirs.base, c.theirs.size);
	}
	return ret;
}

/* a: port, b: which request, c: server end, d and g as in CONNECT */
int do_accept(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_accept a = {
		.flags = op->flags & 0xb,
		.data_len = length_of(op->len),
		.id = id_pick(ID_CONNECT_REQUEST, op->b).id,
		.context = 0x5555,
		.data = memory_pointer(me, op->ptr, LPC_CONNECT_MAX),
		.deadline = op->flags & LPC_ACCEPT_MAP_NOW ? deadline_of(op->when) : 0,
	};
	int ret;

	if (op->d & 1)
		a.flags |= LPC_ACCEPT_VIEW;
	views_in(me, op, &a.own, &a.theirs, op->d & 1);
	ret = issue(me, op, slot_fd(me, SLOT_PORT, op->a), LPC_IOC_ACCEPT, &a, 0);
	if (!ret) {
		if (!(a.flags & LPC_ACCEPT_REFUSE))
			slot_put(me, SLOT_SERVER, op->c, a.fd);
		view_add(me->proc, a.own.base, a.own.size);
		view_add(me->proc, a.theirs.base, a.theirs.size);
	}
	return ret;
}

int do_complete(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_complete c = { 0 };

	return issue(me, op, slot_fd(me, SLOT_SERVER, op->a), LPC_IOC_COMPLETE, &c, 0);
}

/* a: 0-3 port, 4-7 server, 8-11 client, 12-15 the device */
static int any_fd(const struct actor *me, uint8_t a)
{
	static const enum slot_kind kinds[] = { SLOT_PORT, SLOT_SERVER, SLOT_CLIENT,
						SLOT_DEVICE };

	return slot_fd(me, kinds[a >> 2 & 3], a >= 0x40 ? a : a & 3);
}

int do_shutdown(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_shutdown s = { .flags = op->flags & 15 };

	return issue(me, op, any_fd(me, op->a), LPC_IOC_SHUTDOWN, &s, 0);
}

/* b: what; d: which id, or which name */
int do_query(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_query q = {
		.what = 1 + op->b % 5,
		.flags = op->flags & 7,
		.size = op->len ? length_of(op->len) : 2048,
		.out = memory_pointer(me, op->ptr >> 4, 64),
		.capability = op->flags & LPC_QUERY_CAPABLE ? op->c : 0,
	};

	if ((op->a >> 2 & 3) == 3)
		q.name = name_in(me, op, op->d, &q.name_len);
	if (q.what == LPC_WHAT_CALL || q.what == LPC_WHAT_CALLER)
		q.id = id_pick(op->g & 1 ? ID_CALL : ID_REQUEST, op->d).id;
	if (q.flags & LPC_QUERY_SHORT_ID)
		q.id = (uint32_t)q.id;
	if (q.flags & LPC_QUERY_WAIT_NAME)
		q.deadline = deadline_of(op->when);
	return issue(me, op, any_fd(me, op->a), LPC_IOC_QUERY, &q, 0);
}

/* a: what; b: which port's; c: room */
int do_list(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_port_info *first = memory_scratch(me, 1 + (op->ptr & 7));
	struct lpc_list l = {
		.what = 1 + op->a % 4,
		.port = op->a % 4 ? id_pick(ID_SERIAL, op->b).id : 0,
		.cursor = op->d ? op->d - 1 : 0,
		.out = memory_pointer(me, op->ptr, 64),
		.size = op->c ? 8u * op->c : sizeof(struct lpc_port_info),
		.count = op->g ? op->g : 4,
	};
	int ret = issue(me, op, device(me), LPC_IOC_LIST, &l, 0);

	if (!ret && l.what == LPC_WHAT_PORT && l.count && !(op->ptr & 8) && !op->c)
		id_push(ID_SERIAL, first->serial, 0, 0, 0);
	return ret;
}

int do_watch(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_watch w = { 0 };

	return issue(me, op, any_fd(me, op->a + 8), LPC_IOC_WATCH_THREAD, &w, 0);
}

int do_security(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_security s = {
		.flags = op->flags & 15,
		.mode = op->b & 0x80 ? 0777 : op->b & 0x40 ? 0 : 0666,
		.owner = op->c & 1 ? 1000 : op->c & 2 ? ~0u : 0,
		.group = op->c & 4 ? 1000 : op->c & 8 ? 6 : 0,
	};

	s.count = acl_in(me, op, op->g, &s.acl);
	if ((op->a >> 2 & 3) == 3)
		s.name = name_in(me, op, op->d, &s.name_len);
	return issue(me, op, any_fd(me, op->a), LPC_IOC_SECURITY, &s, 0);
}

/* a: 0-3 client end, 4-7 server end; b: event slot; d, g: view */
int do_quick(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_view none = { 0 };
	struct lpc_quick_make q = { 0 };
	int ret;

	views_in(me, op, &q.own, &none, true);
	ret = issue(me, op, slot_fd(me, op->a & 4 ? SLOT_SERVER : SLOT_CLIENT,
				    op->a >= 0x40 ? op->a : op->a & 3), LPC_IOC_QUICK, &q, 0);
	if (!ret) {
		slot_put(me, SLOT_EVENT, op->b, q.fd);
		view_add(me->proc, q.own.base, q.own.size);
		id_push(ID_QUICK, q.id, 0, 0, 0);
	}
	return ret;
}

int do_quick_open(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_quick_open q = { .id = id_pick(ID_QUICK, op->d).id };
	int ret;

	q.theirs.size = op->g ? length_of(op->g) : 1 << 20;
	ret = issue(me, op, slot_fd(me, op->a & 4 ? SLOT_CLIENT : SLOT_SERVER,
				    op->a >= 0x40 ? op->a : op->a & 3), LPC_IOC_QUICK_OPEN,
		    &q, 0);
	if (!ret) {
		slot_put(me, SLOT_EVENT, op->b, q.fd);
		view_add(me->proc, q.theirs.base, q.theirs.size);
	}
	return ret;
}

int do_impersonate(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_id id = id_pick(ID_REQUEST, op->b);
	struct lpc_impersonate i = {
		.id = id.id,
		.callback = id.callback,
		.room = op->c & 1 ? 0 : 64,
		.groups = memory_pointer(me, op->ptr, 256),
	};

	return issue(me, op, slot_fd(me, SLOT_SERVER, op->a), LPC_IOC_IMPERSONATE, &i, 0);
}

int do_section(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_section_make s = { .size = op->len ? length_of(op->len) : 16384 };
	int ret = issue(me, op, device(me), LPC_IOC_SECTION, &s, 0);

	if (!ret)
		slot_put(me, SLOT_SECTION, op->a, s.fd);
	return ret;
}

int do_event_pair(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_event_pair e = { 0 };
	int ret = issue(me, op, device(me), LPC_IOC_EVENT_PAIR, &e, 0);

	if (!ret) {
		slot_put(me, SLOT_EVENT, op->a, e.low);
		slot_put(me, SLOT_EVENT, op->a + 1, e.high);
	}
	return ret;
}

/* b: low bits set, then wait, then reset */
int do_event(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_event e = {
		.flags = (op->flags & 1) | (op->flags & 6) << 15 | (op->flags & 8),
		.set = op->b & 3,
		.wait = op->b >> 2 & 3,
		.reset = op->b >> 4 & 3,
		.deadline = deadline_of(op->when),
	};

	return issue(me, op, slot_fd(me, SLOT_EVENT, op->a), LPC_IOC_EVENT, &e, 0);
}

int do_copy(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_copy c = {
		.from = memory_pointer(me, op->ptr, 128),
		.to = memory_pointer(me, op->ptr >> 4, 128),
		.length = length_of(op->len),
	};

	return issue(me, op, device(me), LPC_IOC_COPY, &c, 0);
}

int do_info(struct actor *me, const struct fuzz_op *op)
{
	struct lpc_info i = { 0 };

	return issue(me, op, device(me), LPC_IOC_INFO, &i, 0);
}

/* Any number on any file, with bytes that mean nothing */
int do_raw(struct actor *me, const struct fuzz_op *op)
{
	uint8_t bytes[512];

	memset(bytes, op->d, sizeof(bytes));
	return issue(me, op, slot_fd(me, SLOT_PORT, op->a | 0x40),
		     _IOC(op->flags & 3, LPC_IOC_MAGIC, op->b, op->c), bytes, 0);
}
