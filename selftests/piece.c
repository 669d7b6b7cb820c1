// SPDX-License-Identifier: GPL-2.0-only
/*
 * piece.c - messages that speak of a piece of a section: what the kernel checks
 * before the receiver sees it, and who may still write there afterwards.
 */
#include "common_section.h"

#define CLIENT_BYTES	(64 * KIB)
#define SERVER_BYTES	(32 * KIB)

FIXTURE(piece) {
	struct shared s;
	long calls;
};

FIXTURE_SETUP(piece)
{
	self->calls = sysctl_get("calls");
	ASSERT_EQ(0, shared_open(&self->s, CLIENT_BYTES, SERVER_BYTES));
}

FIXTURE_TEARDOWN(piece)
{
	sysctl_set("calls", self->calls);
	shared_close(&self->s);
}

#define CE	(self->s.r.ce)
#define SE	(self->s.r.se)
#define PORT	(self->s.r.port)

/* A message of @len bytes with a piece; more than 303 of them lie there. */
static struct pkt *piece(struct pkt *p, __u32 len, int section, __u64 offset,
			 __u64 length)
{
	msg(p, 5, len);
	p->m.section = section;
	p->m.offset = offset;
	p->m.length = length;
	return p;
}

static int async_piece(int fd, struct pkt *p, __u32 len, int section,
		       __u64 offset, __u64 length)
{
	piece(p, len, section, offset, length)->m.flags = LPC_CALL_ASYNC;
	return do_call(fd, p);
}

static int reply_piece(int fd, __u64 id, __u32 len, int section, __u64 offset,
		       __u64 length)
{
	struct pkt p;

	piece(&p, len, section, offset, length);
	p.m.id = id;
	p.m.flags = LPC_WITH_REPLY;
	return xctl(fd, LPC_IOC_REPLY_RECV, &p);
}

static bool names(const struct pkt *p, int section, __u64 offset, __u64 length)
{
	return p->m.section == section && p->m.offset == offset &&
	       p->m.length == length;
}

static bool fits(__u64 offset, __u64 length, __u64 size)
{
	/* checkpatch: UNSPECIFIED_INT: the type's own name */
	return length && (unsigned __int128)offset + length <= size;
}

/* {0, 1, end-1, end, end+1, 2^31, 2^32, 2^63, 2^64-1}, each -1 and +1 */
#define EDGES	27

static void edges(__u64 *v, __u64 end)
{
	const __u64 at[] = {
		0, 1, end - 1, end, end + 1, 1ull << 31, 1ull << 32,
		1ull << 63, ~0ull,
	};
	int i;

	for (i = 0; i < EDGES; i++)
		v[i] = at[i / 3] + i % 3 - 1;
}

/* Sends every pair; how many did not end as they should */
static int wrong_pairs(int from, int to, int back, int section, __u64 end,
		       __u32 len)
{
	__u64 v[EDGES];
	int i, k, ret, wrong = 0;
	struct pkt p, q;

	edges(v, end);
	for (i = 0; i < EDGES; i++) {
		for (k = 0; k < EDGES; k++) {
			bool good = fits(v[i], v[k], end) &&
				    (len < 304 || len <= v[k]);

			ret = async_piece(from, &p, len, section, v[i], v[k]);
			if (ret != (good ? -EINPROGRESS : -EINVAL)) {
				fprintf(stderr, "# %llx %llx: %d\n", v[i], v[k],
					ret);
				wrong++;
			}
			ret = recv_now(to, &q);
			if (ret != (good ? 0 : -EAGAIN))
				wrong++;
			if (ret)
				continue;
			wrong += !names(&q, section, v[i], v[k]) ||
				 q.m.len != len ||
				 do_reply(to, q.m.id, 1, 0) ||
				 recv_now(back, &q);
		}
	}
	return wrong;
}

TEST_F(piece, every_pair_is_delivered_exactly_when_it_fits_the_clients_section)
{
	EXPECT_EQ(0, wrong_pairs(CE, PORT, CE, 1, CLIENT_BYTES, 8));
	EXPECT_EQ(0, wrong_pairs(CE, PORT, CE, 1, CLIENT_BYTES, 304));
}

TEST_F(piece, every_pair_is_delivered_exactly_when_it_fits_the_servers_section)
{
	EXPECT_EQ(0, wrong_pairs(CE, PORT, CE, 2, SERVER_BYTES, 8));
	EXPECT_EQ(0, wrong_pairs(CE, PORT, CE, 2, SERVER_BYTES, 304));
}

TEST_F(piece, every_pair_is_checked_in_a_servers_call_too)
{
	EXPECT_EQ(0, wrong_pairs(SE, CE, PORT, 1, CLIENT_BYTES, 304));
	EXPECT_EQ(0, wrong_pairs(SE, CE, PORT, 2, SERVER_BYTES, 8));
}

TEST_F(piece, every_pair_of_a_reply_is_checked_and_a_bad_one_changes_nothing)
{
	const __u64 begin = 8 * KIB, length = 4 * KIB;
	__u64 v[EDGES];
	struct pkt p, q;
	int i, k, ret;

	edges(v, begin + length);
	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 8, 1, begin, length));
	ASSERT_EQ(0, recv_now(PORT, &q));
	for (i = 0; i < EDGES; i++) {
		for (k = 0; k < EDGES; k++) {
			if (v[i] >= begin && fits(v[i], v[k], begin + length))
				continue;
			ret = reply_piece(PORT, q.m.id, 8, 1, v[i], v[k]);
			EXPECT_EQ(-EINVAL, ret) {
				TH_LOG("pair %d, %d", i, k);
			}
		}
	}
	EXPECT_EQ(-EINVAL, reply_piece(PORT, q.m.id, 8, 1, begin - 1, 2));
	EXPECT_EQ(-EINVAL, reply_piece(PORT, q.m.id, 8, 1, begin, length + 1));
	EXPECT_EQ(-EINVAL, reply_piece(PORT, q.m.id, 304, 1, begin, 303));
	EXPECT_EQ(0, reply_piece(PORT, q.m.id, 304, 1, begin + 1, 304));
	ASSERT_EQ(0, recv_now(CE, &p));
	EXPECT_TRUE(names(&p, 1, begin + 1, 304));
	EXPECT_EQ(304, p.m.len);
}

TEST_F(piece, carries_a_payload_of_any_length_there_and_back)
{
	static const __u32 lengths[] = {
		304, 305, 4095, 4096, 4097, CLIENT_BYTES - 1, CLIENT_BYTES,
	};
	struct actor a;
	struct pkt c, p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		__u32 len = lengths[i];

		fill(at(&self->s.c.own, 0), len, i);
		ASSERT_EQ(0, actor_start(&a, CE, LPC_IOC_CALL,
					 piece(&c, len, 1, 0, len)));
		ASSERT_EQ(0, do_recv(PORT, &p));
		EXPECT_TRUE(names(&p, 1, 0, len));
		EXPECT_EQ(len, p.m.len);
		EXPECT_TRUE(filled(at(&self->s.a.theirs, 0), len, i));
		fill(at(&self->s.a.theirs, 0), len, i + 100);
		ASSERT_EQ(0, reply_piece(SE, p.m.id, len, 1, 0, len));
		ASSERT_EQ(0, actor_end(&a));
		EXPECT_TRUE(names(&c, 1, 0, len));
		EXPECT_EQ(len, c.m.len);
		EXPECT_TRUE(filled(at(&self->s.c.own, 0), len, i + 100));
	}
}

TEST_F(piece, comes_beside_an_inline_payload_of_up_to_303_bytes)
{
	struct pkt p, q;

	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 303, 1, 5, 7));
	ASSERT_EQ(0, recv_now(PORT, &q));
	EXPECT_TRUE(intact(&q, 5, 303));
	EXPECT_TRUE(names(&q, 1, 5, 7));
	ASSERT_EQ(0, reply_piece(PORT, q.m.id, 303, 2, 9, 11));
	ASSERT_EQ(0, recv_now(CE, &p));
	EXPECT_TRUE(intact(&p, 5, 303));
	EXPECT_TRUE(names(&p, 2, 9, 11));
}

TEST_F(piece, with_a_payload_needs_no_room_and_touches_none)
{
	struct lpcbuf b;
	struct pkt p;

	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 304, 1, 0, 304));
	buf_recv(&b, NO_WAIT);
	b.m.room = 0;
	ASSERT_EQ(0, xctl(PORT, LPC_IOC_REPLY_RECV, &b));
	EXPECT_EQ(304, b.m.len);
	EXPECT_TRUE(is_poison(b.data, sizeof(b.data)));
}

TEST_F(piece, payload_of_304_bytes_without_one_is_EMSGSIZE)
{
	struct pkt p;

	EXPECT_EQ(-EMSGSIZE, async_piece(CE, &p, 304, 0, 0, 0));
	EXPECT_EQ(LPC_INLINE_MAX, p.m.room);
	EXPECT_EQ(-EMSGSIZE, async_piece(CE, &p, CLIENT_BYTES, 0, 0, 0));
	EXPECT_EQ(-EAGAIN, recv_now(PORT, &p));
}

TEST_F(piece, of_no_section_or_an_unknown_one_is_EINVAL)
{
	struct pkt p;

	EXPECT_EQ(-EINVAL, async_piece(CE, &p, 8, 0, 1, 0));
	EXPECT_EQ(-EINVAL, async_piece(CE, &p, 8, 0, 0, 1));
	EXPECT_EQ(-EINVAL, async_piece(CE, &p, 8, 0, 1ull << 63, 1ull << 63));
	EXPECT_EQ(-EINVAL, async_piece(CE, &p, 8, 3, 0, 1));
	EXPECT_EQ(-EINVAL, async_piece(CE, &p, 8, 0x8000, 0, 1));
	EXPECT_EQ(-EINVAL, async_piece(CE, &p, 8, 0xffff, 0, 1));
	EXPECT_EQ(-EAGAIN, recv_now(PORT, &p));
}

TEST_F(piece, in_a_datagram_is_EINVAL_on_every_kind_of_end)
{
	struct pkt p;
	int i;

	for (i = 1; i <= 2; i++) {
		EXPECT_EQ(-EINVAL, xctl(CE, LPC_IOC_SEND, piece(&p, 8, i, 0, 8)));
		EXPECT_EQ(-EINVAL, xctl(SE, LPC_IOC_SEND, piece(&p, 8, i, 0, 8)));
		EXPECT_EQ(-EINVAL,
			  xctl(PORT, LPC_IOC_SEND, piece(&p, 8, i, 0, 8)));
	}
	EXPECT_EQ(-EAGAIN, recv_now(PORT, &p));
	EXPECT_EQ(-EAGAIN, recv_now(CE, &p));
}

TEST_F(piece, of_a_call_on_the_port_itself_is_EINVAL)
{
	struct pkt p;

	EXPECT_EQ(-EINVAL, async_piece(PORT, &p, 8, 1, 0, 8));
	EXPECT_EQ(-EINVAL, async_piece(PORT, &p, 8, 2, 0, 8));
}

TEST_F(piece, of_a_section_that_one_side_lacks_is_EINVAL)
{
	struct shared none, client, server;
	struct pkt p;

	ASSERT_EQ(0, shared_open(&none, 0, 0));
	EXPECT_EQ(-EINVAL, async_piece(none.r.ce, &p, 8, 1, 0, 8));
	EXPECT_EQ(-EINVAL, async_piece(none.r.ce, &p, 8, 2, 0, 8));
	shared_close(&none);
	ASSERT_EQ(0, shared_open(&client, PAGE, 0));
	EXPECT_EQ(-EINVAL, async_piece(client.r.ce, &p, 8, 2, 0, 8));
	EXPECT_EQ(-EINPROGRESS, async_piece(client.r.ce, &p, 8, 1, 0, 8));
	shared_close(&client);
	ASSERT_EQ(0, shared_open(&server, 0, PAGE));
	EXPECT_EQ(-EINVAL, async_piece(server.r.ce, &p, 8, 1, 0, 8));
	EXPECT_EQ(-EINPROGRESS, async_piece(server.r.ce, &p, 8, 2, 0, 8));
	shared_close(&server);
}

/* Given by the one, not taken by the other */
TEST_F(piece, of_a_section_nobody_took_is_EINVAL)
{
	struct shared s = { .a.theirs.size = 0 };
	struct pkt p;

	ASSERT_EQ(0, client_gives(&s.c, PAGE, 0));
	ASSERT_EQ(0, server_gives(&s.a, PAGE, 0));
	ASSERT_EQ(0, shared_connect(&s));
	EXPECT_EQ(-EINVAL, async_piece(s.r.ce, &p, 8, 1, 0, 8));
	EXPECT_EQ(-EINVAL, async_piece(s.r.ce, &p, 8, 2, 0, 8));
	EXPECT_EQ(-EINVAL, async_piece(s.r.se, &p, 8, 2, 0, 8));
	EXPECT_EQ(-EAGAIN, recv_now(s.r.port, &p));
	shared_close(&s);
}

TEST_F(piece, in_a_reply_of_the_callers_section_needs_one_in_the_request)
{
	struct pkt p, q;

	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 8, 0, 0, 0));
	ASSERT_EQ(0, recv_now(PORT, &q));
	EXPECT_TRUE(names(&q, 0, 0, 0));
	EXPECT_EQ(-EINVAL, reply_piece(PORT, q.m.id, 8, 1, 0, 8));
	/* its own is another matter */
	EXPECT_EQ(0, reply_piece(PORT, q.m.id, 8, 2, 100, 8));
	ASSERT_EQ(0, recv_now(CE, &p));
	EXPECT_TRUE(names(&p, 2, 100, 8));
	/* one in the other section does not do */
	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 8, 2, 0, 4096));
	ASSERT_EQ(0, recv_now(PORT, &q));
	EXPECT_EQ(-EINVAL, reply_piece(PORT, q.m.id, 8, 1, 0, 8));
	EXPECT_EQ(0, reply_piece(PORT, q.m.id, 8, 2, 8192, 8));
	ASSERT_EQ(0, recv_now(CE, &p));
}

TEST_F(piece, in_a_clients_reply_lies_in_what_the_server_named)
{
	struct pkt p, q;

	ASSERT_EQ(-EINPROGRESS, async_piece(SE, &p, 8, 2, 4096, 4096));
	ASSERT_EQ(0, recv_now(CE, &q));
	EXPECT_TRUE(names(&q, 2, 4096, 4096));
	EXPECT_EQ(-EINVAL, reply_piece(CE, q.m.id, 8, 2, 4095, 8));
	EXPECT_EQ(-EINVAL, reply_piece(CE, q.m.id, 8, 2, 8192, 1));
	EXPECT_EQ(0, reply_piece(CE, q.m.id, 4096, 2, 4096, 4096));
	ASSERT_EQ(0, recv_now(PORT, &p));
	EXPECT_TRUE(names(&p, 2, 4096, 4096));
	EXPECT_EQ(4096, p.m.len);
}

TEST_F(piece, goes_with_a_callback_and_its_answer)
{
	struct pkt c, p, cb;
	struct actor a;
	struct driver d;

	ASSERT_EQ(0, driver_start(&d));
	driver_post(&d, CE, LPC_IOC_CALL, piece(&c, 400, 1, 0, 400));
	ASSERT_EQ(0, do_recv(PORT, &p));
	callback_msg(&cb, p.m.id, 0, 3, 1000);
	cb.m.section = 2;
	cb.m.offset = 64;
	cb.m.length = 1000;
	ASSERT_EQ(0, actor_start(&a, SE, LPC_IOC_CALL, &cb));
	ASSERT_EQ(0, driver_result(&d));
	EXPECT_EQ(LPC_REQUEST, c.m.type);
	EXPECT_TRUE(names(&c, 2, 64, 1000));
	EXPECT_EQ(1000, c.m.len);
	rejoin_msg(&c, c.m.id, c.m.callback, LPC_WITH_REPLY, 4, 8);
	c.m.section = 2;
	c.m.offset = 63;
	c.m.length = 8;
	EXPECT_EQ(-EINVAL, driver_do(&d, CE, LPC_IOC_REPLY_WAIT, &c));
	c.m.offset = 64;
	driver_post(&d, CE, LPC_IOC_REPLY_WAIT, &c);
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(names(&cb, 2, 64, 8));
	ASSERT_EQ(0, reply_piece(PORT, p.m.id, 400, 1, 0, 400));
	ASSERT_EQ(0, driver_result(&d));
	EXPECT_EQ(LPC_REPLY, c.m.type);
	EXPECT_TRUE(names(&c, 1, 0, 400));
	EXPECT_TRUE(driver_quit(&d));
}

TEST_F(piece, is_shown_by_QUERY_and_LIST_of_the_call)
{
	struct lpc_call_info i, row;
	struct pkt p;

	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 4000, 1, 8192, 5000));
	ASSERT_EQ(0, query_call(PORT, p.m.id, &i));
	ASSERT_EQ(1, list_calls(port_serial(PORT), &row, 1));
	EXPECT_EQ(LPC_SECTION_CLIENT, i.section);
	EXPECT_EQ(8192, i.offset);
	EXPECT_EQ(5000, i.length);
	EXPECT_EQ(4000, i.len);
	EXPECT_EQ(0, i.buffers);
	EXPECT_EQ(0, i.reserved);
	EXPECT_EQ(0, memcmp(&i, &row, sizeof(i)));
}

/* ------------------------------------------------------------ the late writer */

static __u64 held(int fd)
{
	return conn_info(fd).held;
}

static __u64 held_bytes(int fd)
{
	return conn_info(fd).held_bytes;
}

/*
 * A call on @from with a piece that @to has received when its deadline passes:
 * its id. A deadline that was too soon for that is tried again later.
 */
static __u64 given_up(int from, int to, int section, __u64 offset, __u64 length)
{
	struct pkt p, q, end;
	unsigned int ms;
	bool taken;

	for (ms = SOON_MS; ms < PATIENCE_MS; ms *= 4) {
		piece(&p, 8, section, offset, length);
		p.m.flags = LPC_CALL_ASYNC;
		p.m.deadline = ns_in(ms);
		if (do_call(from, &p) != -EINPROGRESS)
			continue;
		taken = !recv_now(to, &q);
		if (do_recv(from, &end) || end.m.error != -ETIMEDOUT)
			return 0;
		if (taken)
			return q.m.id;
	}
	return 0;
}

static int held_state(int fd, __u64 id)
{
	struct lpc_call_info i = { 0 };
	int ret = query_call(fd, id, &i);

	return ret ? ret : !!(i.flags & LPC_CALL_HELD);
}

TEST_F(piece, is_held_until_the_late_answer)
{
	__u64 id = given_up(CE, PORT, 1, 4096, 8192);
	struct lpc_call_info i;

	ASSERT_NE(0, id);
	EXPECT_EQ(1, held(CE));
	EXPECT_EQ(8192, held_bytes(CE));
	EXPECT_EQ(1, held(SE));
	EXPECT_EQ(8192, held_bytes(SE));
	ASSERT_EQ(0, query_call(CE, id, &i));
	EXPECT_NE(0, i.flags & LPC_CALL_HELD);
	EXPECT_EQ(LPC_CALL_CANCELED, i.state);
	EXPECT_EQ(1, i.section);
	EXPECT_EQ(4096, i.offset);
	EXPECT_EQ(8192, i.length);
	EXPECT_EQ(-ECANCELED, reply_piece(PORT, id, 8, 1, 4096, 8));
	EXPECT_EQ(-ESTALE, held_state(CE, id));
	EXPECT_EQ(0, held(CE));
	EXPECT_EQ(0, held_bytes(CE));
	EXPECT_EQ(0, conn_info(CE).calls_now);
	EXPECT_TRUE(port_balanced(PORT));
}

/* A bad answer is an answer that may come again. */
TEST_F(piece, is_held_on_after_a_late_answer_that_is_malformed)
{
	__u64 id = given_up(CE, PORT, 1, 4096, 8192);

	ASSERT_NE(0, id);
	EXPECT_EQ(-EMSGSIZE, do_reply(PORT, id, 1, 304));
	EXPECT_EQ(1, held_state(CE, id));
	EXPECT_EQ(-ECANCELED, do_reply(PORT, id, 1, 8));
	EXPECT_EQ(-ESTALE, held_state(CE, id));
}

TEST_F(piece, is_held_until_the_server_end_is_closed)
{
	__u64 id = given_up(CE, PORT, 1, 0, 100);

	ASSERT_NE(0, id);
	EXPECT_EQ(1, held_state(CE, id));
	close_fd(&SE);
	EXPECT_EQ(-ESTALE, held_state(CE, id));
	EXPECT_EQ(0, held(CE));
	EXPECT_EQ(0, held_bytes(CE));
}

TEST_F(piece, is_held_until_the_client_end_is_closed)
{
	__u64 id = given_up(CE, PORT, 1, 0, 100);
	struct pkt p;

	ASSERT_NE(0, id);
	EXPECT_EQ(100, held_bytes(SE));
	close_fd(&CE);
	ASSERT_EQ(0, do_recv(PORT, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_EQ(0, held(SE));
	EXPECT_EQ(0, held_bytes(SE));
	EXPECT_TRUE(UNTIL(calls_now(PORT) == 0));
	EXPECT_TRUE(port_balanced(PORT));
}

TEST_F(piece, is_held_until_SHUTDOWN_of_an_end)
{
	__u64 id = given_up(CE, PORT, 1, 0, 100);

	ASSERT_NE(0, id);
	EXPECT_EQ(0, do_shutdown(SE, LPC_SHUT_ALL));
	EXPECT_EQ(-ESTALE, held_state(CE, id));
	EXPECT_EQ(0, held(CE));
}

TEST_F(piece, of_a_canceled_call_is_held)
{
	struct pkt p, q;

	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 8, 1, 64, 64));
	ASSERT_EQ(0, recv_now(PORT, &q));
	ASSERT_EQ(0, do_cancel(CE, p.m.id));
	ASSERT_EQ(0, recv_now(CE, &q));
	EXPECT_EQ(-ECANCELED, q.m.error);
	EXPECT_EQ(1, held_state(CE, p.m.id));
	EXPECT_EQ(64, held_bytes(CE));
	EXPECT_EQ(-ECANCELED, do_reply(SE, p.m.id, 1, 8));
	EXPECT_EQ(0, held(CE));
}

TEST_F(piece, of_a_killed_caller_is_held_while_its_end_lives)
{
	struct pkt p;
	pid_t pid;

	pid = fork_child();
	if (pid == 0) {
		do_call(CE, piece(&p, 8, 1, 0, 640));
		_exit(1);
	}
	ASSERT_EQ(0, do_recv(PORT, &p));
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	EXPECT_TRUE(UNTIL(held_bytes(CE) == 640));
	EXPECT_EQ(1, held_state(CE, p.m.id));
	EXPECT_EQ(-ECANCELED, do_reply(PORT, p.m.id, 1, 8));
	EXPECT_EQ(0, held(CE));
}

TEST_F(piece, of_a_server_whose_client_answers_late_is_held)
{
	__u64 id = given_up(SE, CE, 2, 0, 4096);

	ASSERT_NE(0, id);
	EXPECT_EQ(4096, held_bytes(CE));
	EXPECT_EQ(1, held_state(SE, id));
	EXPECT_EQ(-ECANCELED, do_reply(CE, id, 1, 8));
	EXPECT_EQ(0, held(SE));
	EXPECT_EQ(-ESTALE, held_state(SE, id));
}

TEST_F(piece, of_a_call_nobody_took_is_not_held)
{
	struct pkt p;

	piece(&p, 8, 1, 0, 100)->m.deadline = ns_in(SOON_MS);
	ASSERT_EQ(-ETIMEDOUT, do_call(CE, &p));
	EXPECT_EQ(0, held(CE));
	ASSERT_EQ(-EINPROGRESS, async_piece(CE, &p, 8, 1, 0, 100));
	ASSERT_EQ(0, do_cancel(CE, p.m.id));
	EXPECT_EQ(0, held(CE));
	EXPECT_EQ(0, held_bytes(CE));
	EXPECT_EQ(-EAGAIN, recv_now(PORT, &p));
}

TEST_F(piece, that_no_call_names_is_not_held)
{
	__u64 id = given_up(CE, PORT, 0, 0, 0);

	ASSERT_NE(0, id);
	EXPECT_EQ(0, held(CE));
	EXPECT_EQ(-ESTALE, held_state(CE, id));
	EXPECT_EQ(-ECANCELED, do_reply(PORT, id, 1, 8));
}

TEST_F(piece, that_is_held_counts_as_a_call_in_progress)
{
	__u64 id[3];
	struct pkt p;
	int i;

	ASSERT_EQ(0, sysctl_set("calls", 3));
	for (i = 0; i < 3; i++) {
		id[i] = given_up(CE, PORT, 1, i * 4096, 4096);
		ASSERT_NE(0, id[i]);
	}
	EXPECT_EQ(3, held(CE));
	EXPECT_EQ(3 * 4096, held_bytes(CE));
	EXPECT_EQ(-ENOBUFS, async_piece(CE, &p, 8, 0, 0, 0));
	EXPECT_EQ(LPC_LIMIT_CALLS, p.m.limit);
	EXPECT_EQ(3, p.m.in_use);
	EXPECT_EQ(-ECANCELED, do_reply(PORT, id[1], 1, 8));
	EXPECT_EQ(1, held_state(CE, id[0]));
	EXPECT_EQ(-ESTALE, held_state(CE, id[1]));
	EXPECT_EQ(1, held_state(CE, id[2]));
	EXPECT_EQ(-EINPROGRESS, async_piece(CE, &p, 8, 0, 0, 0));
	EXPECT_EQ(-ECANCELED, do_reply(PORT, id[0], 1, 8));
	EXPECT_EQ(-ECANCELED, do_reply(PORT, id[2], 1, 8));
	EXPECT_EQ(0, held_bytes(CE));
}

TEST_HARNESS_MAIN
