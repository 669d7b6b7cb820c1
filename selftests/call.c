// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and replies: what is carried, in which order, who may answer, and
 * what each failure leaves behind.
 */
#include "common_call.h"

FIXTURE(call)
{
	struct rig r;
};

FIXTURE_SETUP(call)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
}

FIXTURE_TEARDOWN(call)
{
	rig_close(&self->r);
}

static const __u32 lengths[] = { 0, 1, 7, 8, 63, 64, 128, 255, 302, 303 };

TEST_F(call, every_length_up_to_303_arrives_in_a_request_and_its_reply)
{
	struct pkt c, s;
	struct actor a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		msg(&c, 100 + i, lengths[i]);
		ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
		ASSERT_EQ(0, do_recv(self->r.port, &s));
		EXPECT_EQ(LPC_REQUEST, s.m.type);
		EXPECT_TRUE(intact(&s, 100 + i, lengths[i]));
		EXPECT_EQ(self->r.context, s.m.context);
		ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 200 + i,
				      lengths[i]));
		ASSERT_EQ(0, actor_end(&a));
		EXPECT_EQ(LPC_REPLY, c.m.type);
		EXPECT_TRUE(intact(&c, 200 + i, lengths[i]));
		EXPECT_EQ(s.m.id, c.m.id);
	}
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(call, every_length_up_to_303_arrives_in_a_datagram_each_way)
{
	struct pkt p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(0, do_send(self->r.ce, i, lengths[i]));
		ASSERT_EQ(0, do_recv(self->r.port, &p));
		EXPECT_EQ(LPC_DATAGRAM, p.m.type);
		EXPECT_TRUE(intact(&p, i, lengths[i]));

		ASSERT_EQ(0, do_send(self->r.se, 50 + i, lengths[i]));
		ASSERT_EQ(0, do_recv(self->r.ce, &p));
		EXPECT_EQ(LPC_DATAGRAM, p.m.type);
		EXPECT_TRUE(intact(&p, 50 + i, lengths[i]));
	}
}

/* Nor does what is copied depend on where it goes. */
TEST_F(call, each_length_writes_its_bytes_and_not_one_more)
{
	unsigned char room[sizeof(struct lpc_msg) + DATA_ROOM + 8];
	unsigned char *to;
	struct lpc_msg head;
	struct pkt p;
	__u32 len;

	for (len = 0; len <= LPC_INLINE_MAX; len++) {
		to = room + len % 8;
		memset(room, POISON, sizeof(room));
		ASSERT_EQ(0, do_send(self->r.ce, len, len));
		recv_msg(&p, LPC_DONTWAIT, 0);
		p.m.out = (unsigned long)to;
		ASSERT_EQ(0, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
		memcpy(&head, to, sizeof(head));
		EXPECT_EQ(len, head.code);
		EXPECT_EQ(len, head.len);
		EXPECT_EQ(LPC_DATAGRAM, head.type);
		EXPECT_EQ(self->r.context, head.context);
		EXPECT_EQ(0, head.out | head.flags | head.room | head.error |
			     head.offset | head.length | head.section);
		to += sizeof(head);
		EXPECT_TRUE(filled(to, len, len));
		to += len;
		EXPECT_TRUE(is_poison(to, room + sizeof(room) - to));
	}
}

TEST_F(call, each_length_of_a_reply_writes_its_bytes_and_not_one_more)
{
	__u32 len, written;
	struct actor a;
	struct pkt c, s;

	for (len = 0; len <= LPC_INLINE_MAX; len++) {
		msg(&c, 1, 8);
		memset(c.d + 8, POISON, sizeof(c.d) - 8);
		ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
		ASSERT_EQ(0, do_recv(self->r.port, &s));
		ASSERT_EQ(0, do_reply(self->r.port, s.m.id, len, len));
		ASSERT_EQ(0, actor_end(&a));
		EXPECT_EQ(LPC_REPLY, c.m.type);
		EXPECT_TRUE(intact(&c, len, len));
		written = len > 8 ? len : 8;
		EXPECT_TRUE(is_poison(c.d + written, sizeof(c.d) - written));
	}
}

TEST_F(call, every_length_up_to_303_arrives_in_a_callback)
{
	struct pkt c, s, cb;
	struct actor a, b;
	__u64 id, cbid;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL,
					 msg(&c, 1, 8)));
		ASSERT_EQ(0, do_recv(self->r.port, &s));
		id = s.m.id;
		msg(&cb, 300 + i, lengths[i]);
		cb.m.flags = LPC_CALLBACK;
		cb.m.id = id;
		cb.m.deadline = ns_in(PATIENCE_MS);
		ASSERT_EQ(0, actor_start(&b, self->r.se, LPC_IOC_CALL, &cb));
		ASSERT_EQ(0, actor_end(&a));
		EXPECT_EQ(LPC_REQUEST, c.m.type);
		EXPECT_EQ(id, c.m.id);
		EXPECT_TRUE(intact(&c, 300 + i, lengths[i]));
		cbid = c.m.callback;
		EXPECT_NE(0, cbid);
		/* Only the thread that called may answer: it has gone. */
		ASSERT_EQ(-ECONNRESET, actor_end(&b));
	}
}

TEST_F(call, one_byte_more_is_emsgsize_names_the_limit_and_sends_nothing)
{
	struct pkt c, s, p;
	struct actor a;

	EXPECT_EQ(-EMSGSIZE, do_call(self->r.ce, msg(&p, 1, 304)));
	EXPECT_EQ(303, p.m.room);
	EXPECT_EQ(0, p.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-EMSGSIZE, xctl(self->r.ce, LPC_IOC_SEND, msg(&p, 1, 304)));
	EXPECT_EQ(303, p.m.room);
	EXPECT_EQ(-EMSGSIZE, xctl(self->r.se, LPC_IOC_SEND, msg(&p, 1, 304)));
	EXPECT_EQ(-EMSGSIZE, do_call(self->r.se, msg(&p, 1, 304)));
	EXPECT_EQ(-EMSGSIZE, do_call(self->r.port, msg(&p, 1, ~0u)));
	EXPECT_EQ(0, queued(self->r.port));
	EXPECT_EQ(0, poll_now(self->r.ce, POLLIN));

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	msg(&p, 1, 304)->m.flags = LPC_CALLBACK;
	p.m.id = s.m.id;
	EXPECT_EQ(-EMSGSIZE, do_call(self->r.se, &p));
	reply_msg(&p, s.m.id, 2, 304);
	EXPECT_EQ(-EMSGSIZE, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_EQ(303, p.m.room);
	EXPECT_EQ(0, p.m.status & LPC_DID_REPLY);
	/* The request can still be answered. */
	EXPECT_TRUE(actor_running(&a));
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 3, 303));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 3, 303));
	EXPECT_EQ(1, port_info(self->r.port).counters.calls);
}

TEST_F(call, a_port_may_set_a_smaller_limit)
{
	struct rig r;
	struct pkt p;

	ASSERT_EQ(0, rig_port(&r, 0, 100));
	ASSERT_EQ(0, add_link(&r, 5, 0, &r.se, &r.ce));
	EXPECT_EQ(-EMSGSIZE, xctl(r.ce, LPC_IOC_SEND, msg(&p, 1, 101)));
	EXPECT_EQ(100, p.m.room);
	EXPECT_EQ(0, do_send(r.ce, 1, 100));
	ASSERT_EQ(0, do_recv(r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 100));
	/* Room for the port's largest reply is enough. */
	msg(&p, 1, 1);
	p.m.room = 100;
	p.m.deadline = ns_in(SOON_MS);
	EXPECT_EQ(-ETIMEDOUT, do_call(r.ce, &p));
	rig_close(&r);
}

TEST_F(call, too_little_reply_room_is_refused_before_anything_is_sent)
{
	struct pkt p;

	msg(&p, 1, 8)->m.room = 302;
	EXPECT_EQ(-EMSGSIZE, do_call(self->r.ce, &p));
	EXPECT_EQ(303, p.m.room);
	EXPECT_EQ(0, p.m.status & LPC_WAS_TAKEN);
	msg(&p, 1, 8)->m.room = 0;
	EXPECT_EQ(-EMSGSIZE, do_call(self->r.ce, &p));
	EXPECT_EQ(303, p.m.room);
	EXPECT_EQ(0, queued(self->r.port));
	EXPECT_EQ(0, port_info(self->r.port).counters.calls);
}

TEST_F(call, too_little_receive_room_says_the_need_and_keeps_the_message_first)
{
	struct pkt p;
	int i;

	ASSERT_EQ(0, do_send(self->r.ce, 1, 200));
	ASSERT_EQ(0, do_send(self->r.ce, 2, 10));
	for (i = 0; i < 3; i++) {
		recv_msg(&p, LPC_DONTWAIT, 0)->m.room = 199 - i * 99;
		EXPECT_EQ(-EMSGSIZE, xctl(self->r.port, LPC_IOC_REPLY_RECV,
					  &p));
		EXPECT_EQ(200, p.m.room);
	}
	EXPECT_EQ(2, queued(self->r.port));
	recv_msg(&p, 0, 0)->m.room = 200;
	ASSERT_EQ(0, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_TRUE(intact(&p, 1, 200));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 2, 10));
}

TEST_F(call, a_parked_receiver_with_little_room_keeps_no_message_from_others)
{
	struct actor small, big;
	struct pkt s, b;

	/* Most recent first: the small one is asked before the big one. */
	recv_msg(&b, 0, 0);
	ASSERT_TRUE(act(&big, self->r.port, LPC_IOC_REPLY_RECV, &b));
	recv_msg(&s, 0, ns_in(PATIENCE_MS))->m.room = 16;
	ASSERT_TRUE(act(&small, self->r.port, LPC_IOC_REPLY_RECV, &s));
	ASSERT_TRUE(UNTIL(waiting(self->r.port) == 2));
	ASSERT_EQ(0, do_send(self->r.ce, 9, 200));
	ASSERT_EQ(0, actor_end(&big));
	EXPECT_TRUE(intact(&b, 9, 200));
	if (actor_running(&small)) {
		ASSERT_EQ(0, do_send(self->r.ce, 4, 16));
		ASSERT_EQ(0, actor_end(&small));
		EXPECT_TRUE(intact(&s, 4, 16));
	} else {
		EXPECT_EQ(-EMSGSIZE, actor_end(&small));
		EXPECT_EQ(200, s.m.room);
	}
}

TEST_F(call, a_lone_parked_receiver_with_little_room_is_told_the_need)
{
	struct actor small;
	struct pkt s, b;

	recv_msg(&s, 0, ns_in(PATIENCE_MS))->m.room = 16;
	ASSERT_TRUE(act(&small, self->r.port, LPC_IOC_REPLY_RECV, &s));
	ASSERT_EQ(0, do_send(self->r.ce, 9, 200));
	EXPECT_EQ(-EMSGSIZE, actor_end(&small));
	EXPECT_EQ(200, s.m.room);
	ASSERT_EQ(0, do_recv(self->r.port, &b));
	EXPECT_TRUE(intact(&b, 9, 200));
}

TEST_F(call, code_is_carried_unchanged_both_ways)
{
	static const __u32 codes[] = { 0, 1, 0x80000000u, 0xfffeffffu,
				       0xffff0001u, ~0u };
	struct pkt c, s;
	struct actor a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		msg(&c, codes[i], 0);
		ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
		ASSERT_EQ(0, do_recv(self->r.port, &s));
		EXPECT_EQ(codes[i], s.m.code);
		ASSERT_EQ(0, do_reply(self->r.port, s.m.id, ~codes[i], 0));
		ASSERT_EQ(0, actor_end(&a));
		EXPECT_EQ(~codes[i], c.m.code);
	}
}

TEST_F(call, requests_of_several_clients_are_received_in_the_order_sent)
{
	int se[3], ce[3], i;
	struct pkt p;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, add_link(&self->r, i, 0, &se[i], &ce[i]));
	for (i = 0; i < 60; i++) {
		ASSERT_EQ(0, i % 4 == 3 ? do_send(ce[i % 3], i, i)
					: call_async(ce[i % 3], &p, i, i));
	}
	for (i = 0; i < 60; i++) {
		ASSERT_EQ(0, recv_now(self->r.port, &p));
		ASSERT_EQ(i, p.m.code);
		EXPECT_EQ(i % 3, p.m.context);
		EXPECT_EQ(i % 4 == 3 ? LPC_DATAGRAM : LPC_REQUEST, p.m.type);
	}
}

TEST_F(call, the_receiver_parked_last_is_served_first)
{
	struct actor a[3];
	struct pkt p[3];
	int i;

	for (i = 0; i < 3; i++) {
		recv_msg(&p[i], 0, 0);
		ASSERT_TRUE(act(&a[i], self->r.port, LPC_IOC_REPLY_RECV,
				&p[i]));
		ASSERT_TRUE(UNTIL(waiting(self->r.port) == i + 1u));
	}
	for (i = 2; i >= 0; i--) {
		ASSERT_EQ(0, do_send(self->r.ce, i, 4));
		ASSERT_EQ(0, actor_end(&a[i]));
		EXPECT_TRUE(intact(&p[i], i, 4));
	}
}

TEST_F(call, listen_takes_connection_requests_and_leaves_the_rest_queued)
{
	struct lpc_connect c;
	struct pkt p;
	int ce;

	ASSERT_EQ(0, do_send(self->r.ce, 1, 4));
	recv_msg(&p, LPC_LISTEN | LPC_DONTWAIT, 0);
	EXPECT_EQ(-EAGAIN, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	ce = connect_async(self->r.dev, self->r.name, &c);
	ASSERT_LE(0, ce);
	ASSERT_EQ(0, recv_listen(self->r.port, &p));
	EXPECT_EQ(LPC_CONNECTION_REQUEST, p.m.type);
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 4));
}

TEST_F(call, a_parked_listener_is_not_given_a_request)
{
	struct actor listener, any;
	struct lpc_connect c;
	struct pkt l, p;

	recv_msg(&p, 0, 0);
	ASSERT_TRUE(act(&any, self->r.port, LPC_IOC_REPLY_RECV, &p));
	recv_msg(&l, LPC_LISTEN, 0);
	ASSERT_TRUE(act(&listener, self->r.port, LPC_IOC_REPLY_RECV, &l));
	ASSERT_EQ(0, do_send(self->r.ce, 1, 4));
	ASSERT_EQ(0, actor_end(&any));
	EXPECT_TRUE(intact(&p, 1, 4));
	EXPECT_TRUE(actor_running(&listener));
	ASSERT_LE(0, connect_async(self->r.dev, self->r.name, &c));
	ASSERT_EQ(0, actor_end(&listener));
	EXPECT_EQ(LPC_CONNECTION_REQUEST, l.m.type);
}

TEST_F(call, dontwait_and_o_nonblock_receive_eagain_when_nothing_is_there)
{
	struct pkt p;

	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &p));
	ASSERT_EQ(0, fcntl(self->r.port, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, do_recv(self->r.port, &p));
	/* O_NONBLOCK is for receiving only: the call waits for its deadline. */
	ASSERT_EQ(0, fcntl(self->r.ce, F_SETFL, O_NONBLOCK));
	msg(&p, 1, 1)->m.deadline = ns_in(SOON_MS);
	EXPECT_EQ(-ETIMEDOUT, do_call(self->r.ce, &p));
}

TEST_F(call, dontwait_call_needs_a_parked_receiver_and_queues_nothing)
{
	struct pkt c, s;
	struct actor a, srv;

	msg(&c, 1, 8)->m.flags = LPC_DONTWAIT;
	EXPECT_EQ(-EAGAIN, do_call(self->r.ce, &c));
	EXPECT_EQ(0, queued(self->r.port));
	recv_msg(&s, 0, 0);
	ASSERT_TRUE(act(&srv, self->r.port, LPC_IOC_REPLY_RECV, &s));
	ASSERT_TRUE(UNTIL(waiting(self->r.port) == 1));
	msg(&c, 1, 8)->m.flags = LPC_DONTWAIT;
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
	ASSERT_EQ(0, actor_end(&srv));
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 2, 8));
}

TEST_F(call, a_deadline_in_the_past_sends_nothing)
{
	struct pkt p;

	msg(&p, 1, 8)->m.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, do_call(self->r.ce, &p));
	EXPECT_EQ(0, p.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(0, queued(self->r.port));
}

TEST_F(call, a_past_deadline_still_receives_what_is_there)
{
	struct pkt p;

	ASSERT_EQ(0, do_send(self->r.ce, 1, 8));
	recv_msg(&p, 0, 1);
	EXPECT_EQ(0, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_TRUE(intact(&p, 1, 8));
	recv_msg(&p, 0, 1);
	EXPECT_EQ(-ETIMEDOUT, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
}

TEST_F(call, a_queued_request_times_out_without_was_taken_and_is_withdrawn)
{
	__u64 deadline = ns_in(SOON_MS);
	struct pkt p;

	msg(&p, 1, 8)->m.deadline = deadline;
	EXPECT_EQ(-ETIMEDOUT, do_call(self->r.ce, &p));
	EXPECT_LE(deadline, ns_now());
	EXPECT_EQ(0, p.m.status & (LPC_WAS_TAKEN | LPC_PENDING));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(1, port_info(self->r.port).counters.withdrawn);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(call, a_taken_request_times_out_with_was_taken)
{
	__u64 deadline = ns_in(2000);
	struct pkt c, s;
	struct actor a;

	msg(&c, 1, 8)->m.deadline = deadline;
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(deadline, s.m.deadline);
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	EXPECT_LE(deadline, ns_now());
	EXPECT_EQ(LPC_WAS_TAKEN, c.m.status & (LPC_WAS_TAKEN | LPC_PENDING));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(1, port_info(self->r.port).counters.canceled);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(call, a_wrong_id_is_estale_and_the_failed_reply_receives_nothing)
{
	struct pkt p, c, s;
	struct actor a;

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	ASSERT_EQ(0, do_send(self->r.ce, 7, 8));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, 0, 2, 8));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, s.m.id + 1, 2, 8));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, s.m.id ^ (1ull << 63), 2,
				    8));
	reply_msg(&p, s.m.id + (1ull << 32), 2, 8);
	p.m.flags |= LPC_WITH_RECV | LPC_DONTWAIT;
	EXPECT_EQ(-ESTALE, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_EQ(0, p.m.status & LPC_DID_REPLY);
	EXPECT_EQ(1, queued(self->r.port));
	EXPECT_TRUE(actor_running(&a));
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(0, actor_end(&a));
}

TEST_F(call, recv_anyway_receives_although_the_reply_failed)
{
	struct pkt p;

	ASSERT_EQ(0, do_send(self->r.ce, 7, 8));
	reply_msg(&p, 12345, 2, 8);
	p.m.flags |= LPC_WITH_RECV | LPC_RECV_ANYWAY;
	p.m.deadline = ns_in(PATIENCE_MS);
	EXPECT_EQ(0, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_EQ(0, p.m.status & LPC_DID_REPLY);
	EXPECT_EQ(LPC_DATAGRAM, p.m.type);
	EXPECT_TRUE(intact(&p, 7, 8));
}

TEST_F(call, a_request_nobody_received_cannot_be_answered)
{
	struct pkt p, r;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, p.m.id, 2, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &r));
	EXPECT_EQ(p.m.id, r.m.id);
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 2, 8));
}

TEST_F(call, only_the_port_and_the_connections_own_server_end_may_answer)
{
	struct pkt c, s;
	struct actor a;
	int se2, ce2;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se2, &ce2));
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(se2, &s));
	EXPECT_EQ(-ESTALE, do_reply(se2, s.m.id, 2, 8));
	EXPECT_EQ(-ESTALE, do_reply(ce2, s.m.id, 2, 8));
	EXPECT_EQ(-ESTALE, do_reply(self->r.ce, s.m.id, 2, 8));
	EXPECT_TRUE(actor_running(&a));
	EXPECT_EQ(0, do_reply(self->r.se, s.m.id, 3, 8));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 3, 8));
}

TEST_F(call, the_second_reply_is_estale)
{
	struct pkt c, s;
	struct actor a;

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, s.m.id, 3, 9));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 2, 8));
}

TEST_F(call, a_connection_request_is_not_answered_by_a_reply)
{
	struct lpc_connect c;
	struct pkt p;
	int ce, se;

	ce = connect_async(self->r.dev, self->r.name, &c);
	ASSERT_LE(0, ce);
	ASSERT_EQ(0, recv_listen(self->r.port, &p));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, p.m.id, 2, 8));
	se = do_accept(self->r.port, p.m.id, 1, 0);
	ASSERT_LE(0, se);
	ASSERT_EQ(0, do_complete(se));
	EXPECT_EQ(0, connect_finish(ce, &c, LONG));
}

TEST_F(call, did_reply_is_written_back_before_the_receive_part_fails)
{
	struct pkt c, s, p;
	struct actor a;

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	reply_msg(&p, s.m.id, 2, 8);
	p.m.flags |= LPC_WITH_RECV;
	p.m.deadline = ns_in(SOON_MS);
	EXPECT_EQ(-ETIMEDOUT, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_NE(0, p.m.status & LPC_DID_REPLY);
	EXPECT_EQ(0, p.m.flags & LPC_WITH_REPLY);
	EXPECT_NE(0, p.m.flags & LPC_WITH_RECV);
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 2, 8));
	/* Repeated as it stands, it only waits. */
	EXPECT_EQ(-ETIMEDOUT, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
}

TEST_F(call, one_ioctl_answers_and_receives_the_next)
{
	struct pkt c, s, p;
	struct actor a;

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	ASSERT_EQ(0, do_send(self->r.ce, 3, 33));
	reply_msg(&p, s.m.id, 2, 8);
	p.m.flags |= LPC_WITH_RECV;
	p.m.room = LPC_INLINE_MAX;
	EXPECT_EQ(0, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_NE(0, p.m.status & LPC_DID_REPLY);
	EXPECT_TRUE(intact(&p, 3, 33));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 2, 8));
}

TEST_F(call, neither_reply_nor_receive_part_is_einval)
{
	struct pkt p;

	EXPECT_EQ(-EINVAL, xctl(self->r.port, LPC_IOC_REPLY_RECV,
				msg(&p, 1, 1)));
	msg(&p, 1, 1)->m.flags = LPC_WITH_REPLY | LPC_RECV_ANYWAY;
	EXPECT_EQ(-EINVAL, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
}

TEST_F(call, a_port_calls_itself_and_only_the_port_answers)
{
	struct pkt c, s;
	struct actor a;

	ASSERT_EQ(0, actor_start(&a, self->r.port, LPC_IOC_CALL,
				 msg(&c, 5, 50)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_TRUE(intact(&s, 5, 50));
	EXPECT_EQ(getpid(), s.m.pid);
	EXPECT_EQ(a.tid, s.m.tid);
	EXPECT_EQ(-ESTALE, do_reply(self->r.se, s.m.id, 6, 60));
	EXPECT_EQ(-ESTALE, do_reply(self->r.ce, s.m.id, 6, 60));
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 6, 60));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 6, 60));
}

TEST_F(call, a_server_end_calls_its_client_and_only_that_client_answers)
{
	struct pkt c, s;
	struct actor a;
	int se2, ce2;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se2, &ce2));
	ASSERT_EQ(0, actor_start(&a, self->r.se, LPC_IOC_CALL,
				 msg(&c, 5, 50)));
	ASSERT_EQ(0, do_recv(self->r.ce, &s));
	EXPECT_EQ(LPC_REQUEST, s.m.type);
	EXPECT_TRUE(intact(&s, 5, 50));
	EXPECT_EQ(0, s.m.context);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &c));
	EXPECT_EQ(-EAGAIN, recv_now(ce2, &c));
	EXPECT_EQ(-ESTALE, do_reply(ce2, s.m.id, 6, 60));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, s.m.id, 6, 60));
	EXPECT_EQ(-ESTALE, do_reply(self->r.se, s.m.id, 6, 60));
	EXPECT_EQ(0, do_reply(self->r.ce, s.m.id, 6, 60));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 6, 60));
}

TEST_F(call, threads_on_one_client_end_each_get_their_own_reply)
{
	struct actor a[8];
	struct pkt c[8], s;
	__u64 ids[8];
	int i;

	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, actor_start(&a[i], self->r.ce, LPC_IOC_CALL,
					 msg(&c[i], i, 8)));
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, do_recv(self->r.port, &s));
		ids[s.m.code] = s.m.id;
	}
	for (i = 7; i >= 0; i--)
		ASSERT_EQ(0, do_reply(self->r.port, ids[i], 100 + i, i * 10));
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, actor_end(&a[i]));
		EXPECT_TRUE(intact(&c[i], 100 + i, i * 10));
		EXPECT_EQ(ids[i], c[i].m.id);
	}
}

TEST_F(call, a_callers_bad_reply_buffer_is_its_own_efault)
{
	struct pkt c, s;
	struct actor a;
	void *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	msg(&c, 1, 8)->m.out = (unsigned long)gone;
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(-EFAULT, actor_end(&a));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(1, port_info(self->r.port).counters.replied);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(call, a_receivers_bad_buffer_gives_the_message_to_the_next)
{
	struct actor bad, good, a;
	struct pkt b, g, c;
	void *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (fail_swept())
		SKIP(return, "the bad receiver would lose its turn before");
	recv_msg(&g, 0, 0);
	ASSERT_TRUE(act(&good, self->r.port, LPC_IOC_REPLY_RECV, &g));
	recv_msg(&b, 0, 0)->m.out = (unsigned long)gone;
	ASSERT_TRUE(act(&bad, self->r.port, LPC_IOC_REPLY_RECV, &b));
	ASSERT_TRUE(UNTIL(waiting(self->r.port) == 2));
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL,
				 msg(&c, 8, 80)));
	EXPECT_EQ(-EFAULT, actor_end(&bad));
	ASSERT_EQ(0, actor_end(&good));
	EXPECT_TRUE(intact(&g, 8, 80));
	EXPECT_EQ(0, do_reply(self->r.port, g.m.id, 2, 8));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 2, 8));
}

TEST_F(call, a_bad_buffer_leaves_the_message_at_its_old_place)
{
	struct pkt p;
	void *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	ASSERT_EQ(0, do_send(self->r.ce, 1, 8));
	ASSERT_EQ(0, do_send(self->r.ce, 2, 8));
	recv_msg(&p, 0, 0)->m.out = (unsigned long)gone;
	EXPECT_EQ(-EFAULT, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 2, 8));
}

TEST_HARNESS_MAIN
