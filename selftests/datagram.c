// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that nobody waits for an answer to.
 */
#include "common_call.h"

FIXTURE(datagram)
{
	struct rig r;
	long limit;
};

FIXTURE_SETUP(datagram)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
	self->limit = sysctl_get("datagrams");
	ASSERT_LT(0, self->limit);
}

FIXTURE_TEARDOWN(datagram)
{
	rig_close(&self->r);
}

TEST_F(datagram, a_clients_reaches_the_port_with_context_and_identity)
{
	struct pkt p;

	ASSERT_EQ(0, do_send(self->r.ce, 4, 44));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_DATAGRAM, p.m.type);
	EXPECT_TRUE(intact(&p, 4, 44));
	EXPECT_EQ(self->r.context, p.m.context);
	EXPECT_EQ(getpid(), p.m.pid);
	EXPECT_EQ(geteuid(), p.m.uid);
}

TEST_F(datagram, a_servers_reaches_that_client_alone_and_without_context)
{
	struct pkt p;
	int se, ce;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se, &ce));
	ASSERT_EQ(0, do_send(self->r.se, 4, 44));
	EXPECT_EQ(-EAGAIN, recv_now(ce, &p));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	ASSERT_EQ(0, do_recv(self->r.ce, &p));
	EXPECT_EQ(LPC_DATAGRAM, p.m.type);
	EXPECT_TRUE(intact(&p, 4, 44));
	EXPECT_EQ(0, p.m.context);
	EXPECT_EQ(getpid(), p.m.pid);
}

TEST_F(datagram, a_port_may_send_to_itself)
{
	struct pkt p;

	ASSERT_EQ(0, do_send(self->r.port, 4, 44));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_DATAGRAM, p.m.type);
	EXPECT_TRUE(intact(&p, 4, 44));
}

TEST_F(datagram, requests_and_datagrams_of_a_thread_arrive_in_the_order_sent)
{
	struct pkt p;
	int i;

	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, i & 1 ? call_async(self->r.ce, &p, i, 1)
				   : do_send(self->r.ce, i, 1));
	}
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, recv_now(self->r.port, &p));
		EXPECT_EQ(i, p.m.code);
	}
}

TEST_F(datagram, a_full_queue_is_enobufs_and_names_the_limit)
{
	struct pkt p;
	long i;

	for (i = 0; i < self->limit; i++)
		ASSERT_EQ(0, do_send(self->r.ce, i, 4));
	EXPECT_EQ(-ENOBUFS, xctl(self->r.ce, LPC_IOC_SEND, msg(&p, 1, 4)));
	EXPECT_EQ(LPC_LIMIT_DATAGRAMS, p.m.limit);
	EXPECT_EQ(self->limit, p.m.in_use);
	EXPECT_EQ(self->limit, queued(self->r.port));
	for (i = 0; i < self->limit; i++) {
		ASSERT_EQ(0, recv_now(self->r.port, &p));
		EXPECT_EQ(i, p.m.code);
	}
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

TEST_F(datagram, pollout_says_that_one_more_fits)
{
	struct pkt p;
	long i;

	EXPECT_NE(0, poll_now(self->r.ce, POLLOUT) & POLLOUT);
	for (i = 0; i < self->limit; i++)
		ASSERT_EQ(0, do_send(self->r.ce, i, 4));
	EXPECT_EQ(0, poll_now(self->r.ce, POLLOUT) & POLLOUT);
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_NE(0, poll_now(self->r.ce, POLLOUT) & POLLOUT);
	EXPECT_EQ(0, do_send(self->r.ce, 1, 4));
}

TEST_F(datagram, a_sender_in_poll_is_woken_when_one_fits)
{
	struct pkt p;
	pid_t pid;
	long i;

	for (i = 0; i < self->limit; i++)
		ASSERT_EQ(0, do_send(self->r.ce, i, 4));
	pid = fork_child();
	if (pid == 0)
		_exit(poll_for(self->r.ce, POLLOUT) & POLLOUT ? 0 : 1);
	ASSERT_TRUE(until_state(pid, 'S'));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(datagram, each_connection_and_direction_has_its_own_limit)
{
	int se, ce;
	long i;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se, &ce));
	for (i = 0; i < self->limit; i++)
		ASSERT_EQ(0, do_send(self->r.ce, i, 4));
	EXPECT_EQ(-ENOBUFS, do_send(self->r.ce, i, 4));
	for (i = 0; i < self->limit; i++)
		ASSERT_EQ(0, do_send(ce, i, 4));
	for (i = 0; i < self->limit; i++)
		ASSERT_EQ(0, do_send(self->r.se, i, 4));
	EXPECT_EQ(-ENOBUFS, do_send(self->r.se, i, 4));
	EXPECT_EQ(0, do_send(se, i, 4));
	EXPECT_EQ(2 * self->limit, conn_info(self->r.ce).datagrams_now);
}

TEST_F(datagram, requests_pass_though_datagrams_are_full)
{
	struct pkt p;
	long i;

	for (i = 0; i < self->limit; i++)
		ASSERT_EQ(0, do_send(self->r.ce, i, 4));
	EXPECT_EQ(0, call_async(self->r.ce, &p, 1, 4));
}

TEST_F(datagram, no_reply_can_be_given_to_one)
{
	struct pkt p;

	ASSERT_EQ(0, do_send(self->r.ce, 4, 44));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, p.m.id, 1, 1));
}

TEST_F(datagram, a_dead_peer_is_epipe)
{
	close_fd(&self->r.se);
	EXPECT_EQ(-EPIPE, do_send(self->r.ce, 1, 1));
}

TEST_F(datagram, what_a_client_sent_before_it_left_still_arrives)
{
	struct pkt p;

	ASSERT_EQ(0, do_send(self->r.ce, 1, 11));
	ASSERT_EQ(0, do_send(self->r.ce, 2, 22));
	close_fd(&self->r.ce);
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 11));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 2, 22));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(-EPIPE, do_send(self->r.se, 1, 1));
}

TEST_F(datagram, what_no_receiver_is_left_for_is_counted_as_dropped)
{
	ASSERT_EQ(0, do_send(self->r.se, 1, 11));
	ASSERT_EQ(0, do_send(self->r.se, 2, 22));
	close_fd(&self->r.ce);
	EXPECT_EQ(2, port_info(self->r.port).counters.datagrams);
	EXPECT_EQ(2, port_info(self->r.port).counters.dropped);
}

TEST_HARNESS_MAIN
