// SPDX-License-Identifier: GPL-2.0-only
/*
 * bulk.c - messages of any length: liblpc's sections, in-place calls, what does
 * not fit, what is copied and what is lent, and a server that lies about it.
 */
#include "common_bulk.h"

/* liblpc's own, for what nothing else reaches */
#include "section.h"

/* ---- lengths ------------------------------------------------------------- */

static size_t most(void)
{
	if (SANITIZED)
		return 2 * MIB;
	return long_form() ? 64 * MIB : 16 * MIB;
}

static const size_t lengths[] = {
	0, 1, 303, 304, 305, 4095, 4096, 4097, MIB, SIZE_MAX /* most() */,
};

TEST_F_TIMEOUT(bulk, a_message_of_any_length_comes_back, 300)
{
	size_t i, len, room = most();
	unsigned char *out = malloc(room), *in = malloc(room);
	__u64 want;

	ASSERT_TRUE(out && in);
	ASSERT_EQ(0, serve(self, 1, room));
	EXPECT_EQ(room, lpc_conn_room(self->c));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		len = lengths[i] < room ? lengths[i] : room;
		pattern(out, len, i);
		memset(in, POISON, len);
		want = sum(out, len);
		ASSERT_EQ(len, call(self->c, ECHO_CODE, out, len, in, len,
				    NULL));
		EXPECT_EQ(want, sum(in, len));
		EXPECT_EQ(want, sum(out, len));
		/* over the request itself, and turned over */
		ASSERT_EQ(len, call(self->c, FLIP_CODE, out, len, out, room,
				    NULL));
		flip(out, out, len);
		EXPECT_EQ(want, sum(out, len));
	}
	EXPECT_EQ(0, self->t.shared);
	free(out);
	free(in);
}

TEST_F_TIMEOUT(bulk, in_place_too_and_nobody_copies, 300)
{
	size_t i, len, room = most();
	struct lpc_buf b;
	__u64 want;

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, room));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, room));
	EXPECT_EQ(room, b.room);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		len = lengths[i] < room ? lengths[i] : room;
		self->t.shared = 0;
		pattern(b.data, len, i);
		want = sum(b.data, len);
		ASSERT_EQ(len, lpc_call_buf(self->c, FLIP_CODE, &b, len, NULL));
		EXPECT_EQ(len > LPC_INLINE_MAX, self->t.shared);
		flip(b.data, b.data, len);
		EXPECT_EQ(want, sum(b.data, len));
		ASSERT_EQ(len, lpc_call_buf(self->c, ECHO_CODE, &b, len, NULL));
		EXPECT_EQ(want, sum(b.data, len));
	}
	lpc_buf_put(self->c, &b);
	EXPECT_EQ(NULL, b.data);
}

struct echoer {
	pthread_t thread;
	struct lpc_conn *c;
	size_t len;
	int turns;
	bool in_place;
	__u64 seed;
	int bad;
};

static void echo_in_place(struct echoer *e, size_t len, __u64 seed)
{
	struct lpc_buf b;
	__u64 want;

	if (lpc_buf_get(e->c, &b, len)) {
		e->bad++;
		return;
	}
	pattern(b.data, len, seed);
	want = sum(b.data, len);
	e->bad += lpc_call_buf(e->c, FLIP_CODE, &b, len, NULL) != (ssize_t)len;
	flip(b.data, b.data, len);
	e->bad += sum(b.data, len) != want;
	lpc_buf_put(e->c, &b);
}

static void *echoer_main(void *arg)
{
	struct echoer *e = arg;
	unsigned char *data = malloc(e->len);
	size_t len = e->len;
	__u64 want;
	int i;

	for (i = 0; data && i < e->turns; i++, len = len * 2 / 3 + 1) {
		pattern(data, len, e->seed + i);
		want = sum(data, len);
		e->bad += lpc_call(e->c, FLIP_CODE, data, len, data, len,
				   NULL) != (ssize_t)len;
		flip(data, data, len);
		e->bad += sum(data, len) != want;
		if (e->in_place)
			echo_in_place(e, len, e->seed + i);
	}
	e->bad += !data;
	free(data);
	return NULL;
}

#define ECHOERS 8

static size_t most_of_eight(void)
{
	if (SANITIZED)
		return 256 * KIB;
	return long_form() && !is_debug() ? 4 * MIB : MIB;
}

/* How many echoes went wrong; -1: not all threads could be made */
static int echo_all(struct lpc_conn *c, size_t len, int turns, bool in_place)
{
	struct echoer e[ECHOERS] = { 0 };
	int i, n, bad = 0;

	for (n = 0; n < ECHOERS; n++) {
		e[n].c = c;
		e[n].len = len;
		e[n].turns = turns;
		e[n].in_place = in_place;
		e[n].seed = 1000 * n;
		if (pthread_create(&e[n].thread, NULL, echoer_main, &e[n]))
			break;
	}
	for (i = 0; i < n; i++) {
		pthread_join(e[i].thread, NULL);
		bad += e[i].bad;
	}
	return n < ECHOERS ? -1 : bad;
}

TEST_F_TIMEOUT(bulk, eight_threads_share_a_connection, 300)
{
	size_t len = most_of_eight();

	ASSERT_EQ(0, serve(self, 4, 2 * ECHOERS * len));
	EXPECT_EQ(0, echo_all(self->c, len, 30, true));
	EXPECT_EQ(0, info_of(self->c).held);
}

TEST_F_TIMEOUT(bulk, eight_threads_share_a_connection_in_place, 300)
{
	size_t len = most_of_eight();

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 4, 2 * ECHOERS * len));
	EXPECT_EQ(0, echo_all(self->c, len, 30, true));
}

/* Each needs all of it: they wait for each other, and nothing fails. */
TEST_F_TIMEOUT(bulk, calls_wait_for_a_section_that_others_have, 300)
{
	ASSERT_EQ(0, serve(self, 4, 64 * KIB));
	EXPECT_EQ(0, echo_all(self->c, 64 * KIB, 8, false));
}

TEST_F(bulk, a_short_request_may_have_a_long_reply)
{
	unsigned char *rep = malloc(MIB), *want = malloc(MIB);
	__u64 len = MIB;

	ASSERT_TRUE(rep && want);
	ASSERT_EQ(0, serve(self, 1, MIB));
	pattern(want, MIB, MIB);
	ASSERT_EQ(MIB, call(self->c, GROW_CODE, &len, sizeof(len), rep, MIB,
			    NULL));
	EXPECT_EQ(0, memcmp(rep, want, MIB));
	free(rep);
	free(want);
}

TEST_F(bulk, a_reply_anywhere_in_the_piece_is_found)
{
	unsigned char data[4000], want[2000];
	struct lpc_buf b;

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	pattern(data, sizeof(data), 1);
	memcpy(want, data + 2000, 2000);
	ASSERT_EQ(2000, call(self->c, SHIFT_CODE, data, 4000, data, 2000,
			     NULL));
	EXPECT_EQ(0, memcmp(data, want, 2000));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 4000));
	memcpy((char *)b.data + 2000, want, 2000);
	ASSERT_EQ(2000, lpc_call_buf(self->c, SHIFT_CODE, &b, 4000, NULL));
	EXPECT_EQ(0, memcmp(b.data, want, 2000));
	/* an inline reply as well */
	memcpy((char *)b.data + 300, want, 300);
	ASSERT_EQ(300, lpc_call_buf(self->c, SHIFT_CODE, &b, 600, NULL));
	EXPECT_EQ(0, memcmp(b.data, want, 300));
	lpc_buf_put(self->c, &b);
}

TEST_F(bulk, ping_is_of_any_length)
{
	unsigned char out[MIDDLE], in[MIDDLE];

	ASSERT_EQ(0, serve(self, 1, 0));
	pattern(out, sizeof(out), 5);
	ASSERT_EQ(MIDDLE, call(self->c, LPC_CODE_PING, out, MIDDLE, in, MIDDLE,
			       NULL));
	EXPECT_EQ(0, memcmp(in, out, MIDDLE));
	EXPECT_EQ(0, self->t.begun);
}

/* ---- too long, too full, none -------------------------------------------- */

TEST_F(bulk, what_cannot_fit_says_the_limit)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	static unsigned char data[70 * KIB];
	size_t need = 0;
	int taken = -1;
	struct lpc_buf b;

	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(64 * KIB, lpc_conn_room(self->c));
	o.need = &need;
	o.taken = &taken;
	EXPECT_EQ(-EMSGSIZE, lpc_call(self->c, ECHO_CODE, data, 64 * KIB + 1,
				      data, sizeof(data), &o));
	EXPECT_EQ(64 * KIB, need);
	EXPECT_EQ(0, taken);
	need = 0;
	EXPECT_EQ(-EMSGSIZE, lpc_call_async(self->c, ECHO_CODE, data,
					    64 * KIB + 1, no_done, NULL, &o));
	EXPECT_EQ(64 * KIB, need);
	EXPECT_EQ(-EMSGSIZE, lpc_buf_get(self->c, &b, 64 * KIB + 1));
	EXPECT_EQ(-EMSGSIZE, lpc_buf_get(self->c, &b, SIZE_MAX));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 1000));
	need = 0;
	taken = -1;
	EXPECT_EQ(-EMSGSIZE, lpc_call_buf(self->c, ECHO_CODE, &b, b.room + 1,
					  &o));
	EXPECT_EQ(b.room, need);
	EXPECT_EQ(0, taken);
	lpc_buf_put(self->c, &b);
	EXPECT_EQ(0, self->t.begun);
	/* Room that is more than all is no mistake. */
	EXPECT_EQ(64 * KIB, call(self->c, ECHO_CODE, data, 64 * KIB, data,
				 SIZE_MAX, NULL));
}

TEST_F(bulk, a_reply_that_does_not_fit_fails_on_both_sides)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	unsigned char rep[4000];
	__s32 status = 0;
	__u64 len = 5000;
	size_t need = 0;

	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(0, call(self->c, GROW_CODE, &len, sizeof(len), rep,
			  sizeof(rep), &status));
	EXPECT_EQ(-EMSGSIZE, status);
	EXPECT_EQ(-EMSGSIZE, self->t.reply);
	/* The piece is longer than what the caller has. */
	o.need = &need;
	len = 4001;
	EXPECT_EQ(-EMSGSIZE, lpc_call(self->c, GROW_CODE, &len, sizeof(len),
				      rep, sizeof(rep), &o));
	EXPECT_EQ(4001, need);
}

static int without_section(struct _test_data_bulk *f)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	unsigned char data[304] = "x", rep[4000];
	struct lpc_buf b;
	size_t need = 0;
	int taken = 1;

	o.need = &need;
	o.taken = &taken;
	if (lpc_conn_room(f->c) != LPC_INLINE_MAX)
		return 1;
	if (lpc_call(f->c, ECHO_CODE, data, 304, rep, sizeof(rep), &o) !=
	    -EMSGSIZE || need != LPC_INLINE_MAX || taken)
		return 2;
	need = 0;
	if (lpc_call_async(f->c, ECHO_CODE, data, 304, no_done, NULL, &o) !=
	    -EMSGSIZE || need != LPC_INLINE_MAX)
		return 3;
	if (lpc_buf_get(f->c, &b, 1) != -EOPNOTSUPP || b.data)
		return 4;
	if (lpc_call(f->c, ECHO_CODE, data, 303, rep, sizeof(rep), NULL) != 303)
		return 5;
	return 0;
}

TEST_F(bulk, a_client_without_a_section_has_short_messages)
{
	ASSERT_EQ(0, serve(self, 1, LPC_NO_SECTION));
	EXPECT_EQ(0, without_section(self));
}

TEST_F(bulk, a_server_need_not_take_a_section)
{
	self->so.section_max = LPC_NO_SECTION;
	ASSERT_EQ(0, serve(self, 1, MIB));
	EXPECT_EQ(0, without_section(self));
	EXPECT_EQ(0, info_of(self->c).client_view);
}

TEST_F(bulk, a_server_takes_none_that_is_too_large)
{
	self->so.section_max = 64 * KIB;
	ASSERT_EQ(0, serve(self, 1, 64 * KIB + 1));
	EXPECT_EQ(0, without_section(self));
	lpc_conn_close(self->c);
	self->c = NULL;
	ASSERT_EQ(0, connect_with(self, 64 * KIB));
	EXPECT_EQ(64 * KIB, lpc_conn_room(self->c));
	EXPECT_EQ(64 * KIB, info_of(self->c).client_view);
}

TEST_F(bulk, a_pair_has_short_messages)
{
	struct lpc_port *p;
	int fd;

	ASSERT_EQ(0, lpc_pair(&p, &fd, NULL));
	ASSERT_EQ(0, lpc_server_new(&self->s, p, handler, &self->t, NULL));
	self->runs = !pthread_create(&self->thread, NULL, run_main, self);
	ASSERT_TRUE(self->runs);
	ASSERT_EQ(0, lpc_conn_take(&self->c, fd, NULL));
	EXPECT_EQ(0, without_section(self));
}

TEST_F(bulk, only_the_default_section_is_done_without)
{
	long old = sysctl_get("section_bytes");
	int by_default, by_wish;

	ASSERT_EQ(0, start(self, 1));
	ASSERT_LT(0, old);
	ASSERT_EQ(0, sysctl_set("section_bytes", 4096));
	by_wish = connect_with(self, 64 * KIB);
	by_default = connect_with(self, 0);
	EXPECT_EQ(0, sysctl_set("section_bytes", old));
	EXPECT_EQ(-ENOBUFS, by_wish);
	ASSERT_EQ(0, by_default);
	EXPECT_EQ(0, without_section(self));
}

TEST_F(bulk, a_connection_gives_its_section_back)
{
	__u64 before, during;
	struct lpc_info i;

	ASSERT_EQ(0, start(self, 1));
	ASSERT_EQ(0, get_info(&i));
	before = i.limits[LPC_LIMIT_SECTION_BYTES].in_use;
	ASSERT_EQ(0, connect_with(self, MIB));
	get_info(&i);
	during = i.limits[LPC_LIMIT_SECTION_BYTES].in_use;
	EXPECT_EQ(before + MIB, during);
	lpc_conn_close(self->c);
	self->c = NULL;
	/* The server unmaps it when it has heard of that. */
	EXPECT_TRUE(UNTIL(!get_info(&i) &&
			  i.limits[LPC_LIMIT_SECTION_BYTES].in_use == before));
}

TEST_F(bulk, in_a_forked_child_buffers_refuse_and_nothing_is_unmapped)
{
	char rep[1000] = "";
	struct lpc_buf b, other;
	pid_t pid;

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 1000));
	pid = fork_child();
	if (pid == 0) {
		void *at = b.data;

		must_be(0, lpc_conn_room(self->c));
		must_be(-ECHILD, lpc_buf_get(self->c, &other, 1000));
		must_be(-ECHILD, lpc_call_buf(self->c, ECHO_CODE, &b, 1000,
					      NULL));
		must_be(-ECHILD, call(self->c, ECHO_CODE, rep, 1000, rep, 1000,
				      NULL));
		/* Something else may be where the section was. */
		must(mmap(at, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		     at);
		lpc_conn_close(self->c);
		lpc_buf_put(NULL, &b);
		lpc_server_free(self->s);
		memset(at, 1, 4096);
		_exit(*(char *)at - 1);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1000, lpc_call_buf(self->c, ECHO_CODE, &b, 1000, NULL));
	lpc_buf_put(self->c, &b);
}

/* ---- copies and what is lent --------------------------------------------- */

/* Calls TWICE in place and changes the payload between the two looks. */
static int scribble(struct _test_data_bulk *f)
{
	struct one_call o = { 0 };
	struct lpc_buf b;

	if (lpc_buf_get(f->c, &b, MIDDLE))
		return -1;
	pattern(b.data, MIDDLE, 1);
	o.b = &b;
	if (one_call_start(&o, f->c, TWICE_CODE, MIDDLE))
		return -1;
	if (!UNTIL(f->t.inside == 1))
		return -1;
	pattern(b.data, MIDDLE, 2);
	f->t.release = 1;
	pthread_join(o.thread, NULL);
	lpc_buf_put(f->c, &b);
	return o.ret < 0 ? o.ret : f->t.changed;
}

TEST_F(bulk, a_handler_looks_at_a_copy_that_nobody_changes)
{
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(0, scribble(self));
	EXPECT_EQ(0, self->t.shared);
}

TEST_F(bulk, what_is_lent_in_place_says_that_it_changes)
{
	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(1, scribble(self));
	EXPECT_EQ(1, self->t.shared);
}

TEST_F(bulk, a_server_copies_no_more_than_it_said)
{
	unsigned char data[1000] = "";
	__s32 status = 0;

	self->so.copy_max = 999;
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(999, call(self->c, ECHO_CODE, data, 999, data, 1000,
			    &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, call(self->c, ECHO_CODE, data, 1000, data, 1000,
			  &status));
	EXPECT_EQ(-EMSGSIZE, status);
	EXPECT_EQ(1, self->t.begun);
}

TEST_F(bulk, what_is_longer_than_that_is_lent_where_it_may_be)
{
	unsigned char data[1000] = "";

	self->so.copy_max = 999;
	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(999, call(self->c, ECHO_CODE, data, 999, data, 1000, NULL));
	EXPECT_EQ(0, self->t.shared);
	EXPECT_EQ(1000, call(self->c, ECHO_CODE, data, 1000, data, 1000,
			     NULL));
	EXPECT_EQ(1, self->t.shared);
}

static int keep_and_answer(struct _test_data_bulk *f, __u64 flags)
{
	unsigned char rep[MIDDLE], other[MIDDLE];
	struct one_call o = { 0 };
	struct lpc_buf b;
	struct lpc_req *r;

	f->so.flags = flags;
	if (serve(f, 1, 0) || lpc_buf_get(f->c, &b, MIDDLE))
		return 1;
	pattern(b.data, MIDDLE, 7);
	o.b = &b;
	if (one_call_start(&o, f->c, KEEP_CODE, MIDDLE))
		return 2;
	if (!UNTIL(nr_kept(&f->t) == 1))
		return 3;
	/* The worker's own buffer is in use again meanwhile. */
	pattern(other, MIDDLE, 8);
	if (call(f->c, FLIP_CODE, other, MIDDLE, other, MIDDLE, NULL) !=
	    MIDDLE)
		return 4;
	r = take_kept(&f->t);
	if (!r || r->len != MIDDLE ||
	    !(r->flags & LPC_REQ_SHARED) != !flags)
		return 5;
	pattern(rep, MIDDLE, 7);
	if (memcmp(r->data, rep, MIDDLE))
		return 6;
	pattern(rep, MIDDLE, 9);
	if (lpc_reply(r, 0, rep, MIDDLE))
		return 7;
	pthread_join(o.thread, NULL);
	if (o.ret != MIDDLE || memcmp(b.data, rep, MIDDLE))
		return 8;
	lpc_buf_put(f->c, &b);
	return 0;
}

TEST_F(bulk, a_kept_request_takes_its_copy_along)
{
	EXPECT_EQ(0, keep_and_answer(self, 0));
}

TEST_F(bulk, a_kept_request_is_lent_on_in_place)
{
	EXPECT_EQ(0, keep_and_answer(self, LPC_SERVE_IN_PLACE));
}

TEST_F(bulk, what_a_kept_request_was_lent_outlives_the_server)
{
	unsigned char want[MIDDLE];
	struct one_call o = { 0 };
	struct lpc_req *r;
	struct lpc_buf b;

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, MIDDLE));
	pattern(b.data, MIDDLE, 7);
	o.b = &b;
	ASSERT_EQ(0, one_call_start(&o, self->c, KEEP_CODE, MIDDLE));
	ASSERT_TRUE(UNTIL(nr_kept(&self->t) == 1));
	r = take_kept(&self->t);
	lpc_server_stop(self->s, lpc_in_ms(1));
	pthread_join(self->thread, NULL);
	self->runs = false;
	stop(self);
	pthread_join(o.thread, NULL);
	EXPECT_EQ(-ECONNRESET, o.ret);
	lpc_buf_put(self->c, &b);
	lpc_conn_close(self->c);
	self->c = NULL;
	pattern(want, MIDDLE, 7);
	EXPECT_EQ(0, memcmp(r->data, want, MIDDLE));
	memset(r->room, 0, r->room_len);
	EXPECT_EQ(-ESHUTDOWN, lpc_reply(r, 0, r->room, MIDDLE));
}

/* ---- hostile ------------------------------------------------------------- */

/* A server that says of its reply what it likes */
struct liar {
	int port;
	__u64 offset;		/* from the piece's begin */
	__u64 length;
	__u32 len;
	__u32 section;
	int ret;		/* what the kernel said to that */
	int error;
};

static void *liar_main(void *arg)
{
	struct lpc_accept a = { 0 };
	struct liar *l = arg;
	struct lpcbuf b;
	int end;

	l->error = msg_listen(l->port, &b, LONG);
	if (l->error)
		return NULL;
	a.id = b.m.id;
	a.theirs.size = b.m.length;
	end = port_accept_opts(l->port, &a);
	if (end < 0 || end_complete(end) < 0) {
		l->error = end < 0 ? end : -EPROTO;
		return NULL;
	}
	l->error = msg_recv(l->port, &b, LONG);
	if (l->error)
		return NULL;
	b.m.flags = LPC_WITH_REPLY;
	b.m.section = l->section;
	b.m.offset += l->offset;
	b.m.length = l->length;
	b.m.len = l->len;
	b.m.callback = 0;
	l->ret = lpc_ioctl(l->port, LPC_IOC_REPLY_RECV, &b);
	if (l->ret < 0)
		msg_reply_id(l->port, b.m.id, 0, 0, NULL, 0);
	/* The receiver is at the port until the client has left. */
	msg_recv(l->port, &b, LONG);
	close(end);
	return NULL;
}

TEST_F(bulk, a_reply_beyond_its_piece_is_the_servers_error)
{
	/* The request has 1024 bytes of 65536. */
	static const struct liar lies[] = {
		{ .section = 1, .offset = 0, .length = 1025, .len = 1025 },
		{ .section = 1, .offset = 64, .length = 1024, .len = 1024 },
		{ .section = 1, .offset = -1ull, .length = 1024, .len = 1024 },
		{ .section = 1, .offset = 0, .length = 1024, .len = 1025 },
		{ .section = 1, .offset = 0, .length = -1ull, .len = 1024 },
		{ .section = 1, .offset = 1 << 20, .length = 400, .len = 400 },
		{ .section = 1, .offset = 0, .length = 1024, .len = -1u },
		{ .section = 2, .offset = 0, .length = 1024, .len = 1024 },
		{ .section = 3, .offset = 0, .length = 1024, .len = 1024 },
	};
	unsigned char data[1024] = "", rep[2048];
	struct lpc_call_opts o = { .size = sizeof(o), .room = 1024 };
	pthread_t thread;
	struct liar l;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		l = lies[i];
		l.port = port_create_mode(self->name, 0666);
		ASSERT_LE(0, l.port);
		ASSERT_EQ(0, pthread_create(&thread, NULL, liar_main, &l));
		ASSERT_EQ(0, connect_with(self, 0));
		EXPECT_EQ(0, lpc_call(self->c, 1, data, 1024, rep, 2048, &o));
		lpc_conn_close(self->c);
		self->c = NULL;
		pthread_join(thread, NULL);
		EXPECT_EQ(0, l.error);
		EXPECT_EQ(-EINVAL, l.ret) {
			TH_LOG("lie %zu", i);
		}
		close(l.port);
	}
}

/* The kernel would not say so; the library does not go by that. */
TEST_F(bulk, the_library_looks_at_what_it_is_told_as_well)
{
	static const struct {
		__u64 offset;
		__u32 len;
		__u16 section;
		bool ok;
	} cases[] = {
		{ 4096, 1024, LPC_SECTION_CLIENT, true },
		{ 4096 + 64, 1024 - 64, LPC_SECTION_CLIENT, true },
		{ 4096, 1025, LPC_SECTION_CLIENT, false },
		{ 4096 + 64, 1024, LPC_SECTION_CLIENT, false },
		{ 4095, 1024, LPC_SECTION_CLIENT, false },
		{ 4096 + 1024, 304, LPC_SECTION_CLIENT, false },
		{ 4096 + 1025, 304, LPC_SECTION_CLIENT, false },
		{ -1ull, 304, LPC_SECTION_CLIENT, false },
		{ 1ull << 63, 304, LPC_SECTION_CLIENT, false },
		{ 4096, -1u, LPC_SECTION_CLIENT, false },
		{ 4096, 1024, LPC_SECTION_SERVER, false },
		{ 4096, 1024, LPC_SECTION_NONE, false },
	};
	static unsigned char memory[8192];
	struct section s = { .base = memory, .size = sizeof(memory) };
	struct piece p = { .offset = 4096, .length = 1024 };
	const void *want;
	struct message b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&b.m, 0, sizeof(b.m));
		b.m.section = cases[i].section;
		b.m.offset = cases[i].offset;
		b.m.length = cases[i].len;
		b.m.len = cases[i].len;
		want = NULL;
		if (cases[i].ok)
			want = memory + cases[i].offset;
		EXPECT_EQ(want, lpc_section_payload(&b, &s, &p));
		EXPECT_EQ(NULL, lpc_section_payload(&b, NULL, NULL));
	}
}

TEST_HARNESS_MAIN
