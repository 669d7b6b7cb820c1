// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls given up: what a late server sees, who is told, who may do it.
 */
#include "beside.h"
#include "common_call.h"

FIXTURE(cancel)
{
	struct rig r;
};

FIXTURE_SETUP(cancel)
{
	beside_begin(_metadata, variant);
	ASSERT_EQ(0, rig_open(&self->r, LPC_PORT_CANCELED));
}

FIXTURE_TEARDOWN(cancel)
{
	rig_close(&self->r);
}

TEST_F(cancel, a_late_reply_is_ecanceled_and_changes_nothing)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_cancel(self->r.ce, p.m.id));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p.m.id, 2, 8));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(-ECANCELED, s.m.error);
	EXPECT_EQ(0, s.m.len);
	/* Known as canceled until its slot is used again, answered or not. */
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p.m.id, 2, 8));
	EXPECT_EQ(0, port_info(self->r.port).counters.replied);
}

TEST_F(cancel, a_late_reply_never_reaches_the_next_user_of_the_slot)
{
	struct pkt p, q, s;
	__u64 old;
	int i, ret;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	old = p.m.id;
	ASSERT_EQ(0, do_cancel(self->r.ce, old));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(LPC_CANCELED, s.m.type);
	for (i = 0; i < 3000; i++) {
		ASSERT_EQ(0, call_async(self->r.ce, &q, i, 8));
		ASSERT_EQ(0, recv_now(self->r.port, &s));
		ASSERT_NE(old, s.m.id);
		if (i % 1000 == 999) {
			ret = do_reply(self->r.port, old, 99, 99);
			EXPECT_TRUE(ret == -ECANCELED || ret == -ESTALE);
		}
		ASSERT_EQ(0, do_reply(self->r.port, s.m.id, i, 8));
		ASSERT_EQ(0, recv_now(self->r.ce, &s));
		ASSERT_EQ(q.m.id, s.m.id);
		ASSERT_TRUE(intact(&s, i, 8));
	}
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, old, 99, 99));
}

TEST_F(cancel, a_server_that_asked_is_told_of_a_taken_request)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_cancel(self->r.ce, p.m.id));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(LPC_CANCELED, s.m.type);
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_EQ(self->r.context, s.m.context);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p.m.id, 2, 8));
}

TEST_F(cancel, a_server_that_did_not_ask_is_not_told)
{
	struct pkt p, s;
	struct rig r;

	ASSERT_EQ(0, rig_open(&r, 0));
	ASSERT_EQ(0, call_async(r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(r.port, &s));
	ASSERT_EQ(0, do_cancel(r.ce, p.m.id));
	EXPECT_EQ(-EAGAIN, recv_now(r.port, &s));
	rig_close(&r);
}

TEST_F(cancel, nobody_is_told_of_a_request_nobody_took)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, do_cancel(self->r.ce, p.m.id));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
}

TEST_F(cancel, a_deadline_tells_the_server_too)
{
	struct actor a;
	struct pkt c, s;

	msg(&c, 1, 8)->m.deadline = ns_in(2000);
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(LPC_CANCELED, s.m.type);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, s.m.id, 2, 8));
}

TEST_F(cancel, canceled_messages_come_before_port_closed)
{
	struct pkt p[3], s;
	int i, canceled = 0;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, call_async(self->r.ce, &p[i], i, 8));
		ASSERT_EQ(0, recv_now(self->r.port, &s));
	}
	close_fd(&self->r.ce);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, do_recv(self->r.port, &s));
		if (s.m.type == LPC_CANCELED)
			canceled++;
	}
	EXPECT_EQ(3, canceled);
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(LPC_PORT_CLOSED, s.m.type);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
}

TEST_F(cancel, only_the_end_that_called_may_do_it)
{
	struct pkt p, s;
	int se, ce;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se, &ce));
	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(-ESTALE, do_cancel(ce, p.m.id));
	EXPECT_EQ(-ESTALE, do_cancel(se, p.m.id));
	EXPECT_EQ(-ESTALE, do_cancel(self->r.se, p.m.id));
	EXPECT_EQ(-ESTALE, do_cancel(self->r.port, p.m.id));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 2, 8));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(0, s.m.error);
}

TEST_F(cancel, a_servers_own_calls_are_canceled_on_its_end)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.se, &p, 1, 8));
	EXPECT_EQ(-ESTALE, do_cancel(self->r.ce, p.m.id));
	EXPECT_EQ(0, do_cancel(self->r.se, p.m.id));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &s));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(LPC_REPLY, s.m.type);
	EXPECT_EQ(-ECANCELED, s.m.error);
}

TEST_F(cancel, a_call_whose_thread_sleeps_in_it_is_not_detached)
{
	struct actor a;
	struct pkt c, s;
	int ret;

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	ASSERT_TRUE(actor_asleep(&a));
	ret = do_cancel(self->r.ce, s.m.id);
	if (ret == 0) {
		EXPECT_EQ(-ECANCELED, actor_end(&a));
		EXPECT_NE(0, c.m.status & LPC_WAS_TAKEN);
	} else {
		EXPECT_EQ(-ESTALE, ret);
		EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
		EXPECT_EQ(0, actor_end(&a));
	}
}

static void on_signal(int sig)
{
}

TEST_F(cancel, an_interrupted_call_can_be_canceled)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct driver d;
	struct pkt c, s;

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_EQ(0, driver_start(&d));
	driver_post(&d, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	ASSERT_TRUE(driver_asleep(&d));
	ASSERT_EQ(0, pthread_kill(d.thread, SIGUSR1));
	ASSERT_EQ(-EINTR, driver_result(&d));
	EXPECT_NE(0, c.m.status & LPC_PENDING);
	EXPECT_EQ(s.m.id, c.m.id);
	EXPECT_EQ(0, do_cancel(self->r.ce, c.m.id));
	/* The thread that comes back for it learns the end. */
	EXPECT_EQ(-ECANCELED, driver_do(&d, self->r.ce, LPC_IOC_CALL, &c));
	EXPECT_NE(0, c.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(0, c.m.status & LPC_PENDING);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(0, calls_now(self->r.port));
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(cancel, canceling_a_request_unwinds_its_callback)
{
	struct driver d, srv;
	struct pkt c, s, p;
	__u64 id;

	ASSERT_EQ(0, driver_start(&d));
	ASSERT_EQ(0, driver_start(&srv));
	msg(&c, 1, 8)->m.deadline = ns_in(3000);
	driver_post(&d, self->r.ce, LPC_IOC_CALL, &c);
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	id = s.m.id;
	driver_post(&srv, self->r.se, LPC_IOC_CALL,
		    callback_msg(&s, id, 0, 3, 30));
	ASSERT_EQ(0, driver_result(&d));
	EXPECT_EQ(LPC_REQUEST, c.m.type);
	EXPECT_EQ(-ECONNRESET, driver_result(&srv));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_CANCELED, p.m.type);
	EXPECT_EQ(id, p.m.id);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, id, 2, 8));
}

TEST_F(cancel, many_canceled_at_once_are_each_told_once)
{
	enum { N = 200 };
	static __u64 id[N];
	static int told[N];
	struct pkt p, s;
	int i, j;

	for (i = 0; i < N; i++) {
		ASSERT_EQ(0, call_async(self->r.ce, &p, i, 8));
		id[i] = p.m.id;
		ASSERT_EQ(0, recv_now(self->r.port, &s));
	}
	for (i = 0; i < N; i++)
		ASSERT_EQ(0, do_cancel(self->r.ce, id[i]));
	for (i = 0; i < N; i++) {
		ASSERT_EQ(0, recv_now(self->r.port, &s));
		ASSERT_EQ(LPC_CANCELED, s.m.type);
		for (j = 0; j < N && id[j] != s.m.id; j++)
			;
		ASSERT_GT(N, j);
		told[j]++;
	}
	for (i = 0; i < N; i++)
		EXPECT_EQ(1, told[i]);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
}

SIDE_BY_SIDE(5)
