// SPDX-License-Identifier: GPL-2.0-only
/*
 * shut.c - SHUTDOWN in part: whose requests end, who stops receiving, and what
 * goes on all the same. As a whole it is an end like any other: death.c.
 */
#include "common_call.h"

FIXTURE(shut)
{
	struct rig r;		/* shares the port's queue */
	int se, ce;		/* has one of its own */
};

FIXTURE_SETUP(shut)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
	ASSERT_EQ(0, add_link(&self->r, 2, LPC_ACCEPT_OWN_QUEUE, &self->se, &self->ce));
}

FIXTURE_TEARDOWN(shut)
{
	close(self->ce);
	close(self->se);
	rig_close(&self->r);
}

/* How the call of @id ended, which nobody waits for: it is the next to be received. */
static int outcome(int end, __u64 id)
{
	struct pkt p;
	int ret = do_recv(end, &p);

	if (ret)
		return ret;
	return p.m.type == LPC_REPLY && p.m.id == id ? p.m.error : -EPROTO;
}

TEST_F(shut, REQUESTS_of_a_port_ends_what_nobody_took_on_all_its_connections)
{
	struct rig *r = &self->r;
	struct pkt taken, first, second, got;

	ASSERT_EQ(0, call_async(r->ce, &taken, 1, 8));
	ASSERT_EQ(0, do_recv(r->port, &got));
	ASSERT_EQ(0, call_async(r->ce, &first, 2, 8));
	ASSERT_EQ(0, call_async(self->ce, &second, 3, 8));
	ASSERT_EQ(0, do_shutdown(r->port, LPC_SHUT_REQUESTS));
	EXPECT_EQ(-EPIPE, outcome(r->ce, first.m.id));
	EXPECT_EQ(-EPIPE, outcome(self->ce, second.m.id));
	EXPECT_EQ(0, queued(r->port));
	/* new ones do not begin */
	EXPECT_EQ(-EPIPE, do_call(r->ce, msg(&first, 4, 8)));
	EXPECT_EQ(-EPIPE, do_send(r->ce, 5, 8));
	EXPECT_EQ(-EPIPE, do_send(self->ce, 6, 8));
	EXPECT_EQ(-EPIPE, do_send(r->port, 7, 8));
	/* what was taken is answered; the other way is open */
	EXPECT_EQ(0, do_reply(r->port, got.m.id, 9, 8));
	EXPECT_EQ(0, outcome(r->ce, taken.m.id));
	EXPECT_EQ(0, do_send(r->se, 10, 8));
	EXPECT_EQ(0, do_recv(r->ce, &got));
}

TEST_F(shut, REQUESTS_of_a_server_end_is_for_its_own_client_alone)
{
	struct rig *r = &self->r;
	struct pkt first, second, got;

	ASSERT_EQ(0, call_async(r->ce, &first, 1, 8));
	ASSERT_EQ(0, call_async(self->ce, &second, 2, 8));
	ASSERT_EQ(0, do_shutdown(r->se, LPC_SHUT_REQUESTS));
	EXPECT_EQ(-EPIPE, outcome(r->ce, first.m.id));
	EXPECT_EQ(-EPIPE, do_send(r->ce, 3, 8));
	ASSERT_EQ(0, do_recv(self->se, &got));
	EXPECT_EQ(0, do_reply(self->se, got.m.id, 4, 8));
	EXPECT_EQ(0, outcome(self->ce, second.m.id));
}

TEST_F(shut, REQUESTS_of_a_client_end_ends_what_the_server_calls_it_for)
{
	struct pkt p;

	ASSERT_EQ(0, call_async(self->r.se, &p, 1, 8));
	ASSERT_EQ(0, do_shutdown(self->r.ce, LPC_SHUT_REQUESTS));
	EXPECT_EQ(-EPIPE, outcome(self->r.se, p.m.id));
	EXPECT_EQ(-EPIPE, do_send(self->r.se, 2, 8));
	EXPECT_EQ(0, do_send(self->r.ce, 3, 8));
}

TEST_F(shut, RECEIVE_gives_what_is_queued_and_then_wakes_who_waits)
{
	struct rig *r = &self->r;
	struct actor a[3];
	struct pkt p[3];

	ASSERT_EQ(0, do_send(r->ce, 1, 8));
	ASSERT_TRUE(act(&a[0], self->se, LPC_IOC_REPLY_RECV, recv_msg(&p[0], 0, LPC_FOREVER)));
	ASSERT_TRUE(act(&a[1], r->ce, LPC_IOC_REPLY_RECV, recv_msg(&p[1], 0, LPC_FOREVER)));
	ASSERT_EQ(0, do_shutdown(r->port, LPC_SHUT_RECEIVE));
	EXPECT_EQ(0, do_recv(r->port, &p[2]));
	EXPECT_EQ(-ESHUTDOWN, do_recv(r->port, &p[2]));
	/* an own queue and a client's are others' to shut */
	EXPECT_TRUE(actor_running(&a[0]));
	EXPECT_TRUE(actor_running(&a[1]));
	EXPECT_EQ(0, do_shutdown(self->se, LPC_SHUT_RECEIVE));
	EXPECT_EQ(-ESHUTDOWN, actor_end(&a[0]));
	EXPECT_EQ(0, do_shutdown(r->ce, LPC_SHUT_RECEIVE));
	EXPECT_EQ(-ESHUTDOWN, actor_end(&a[1]));
}

TEST_F(shut, RECEIVE_of_a_server_end_leaves_the_port_receiving)
{
	struct rig *r = &self->r;
	struct actor on_end, on_port;
	struct pkt p, q;

	ASSERT_TRUE(act(&on_port, r->port, LPC_IOC_REPLY_RECV, recv_msg(&p, 0, LPC_FOREVER)));
	ASSERT_TRUE(act(&on_end, r->se, LPC_IOC_REPLY_RECV, recv_msg(&q, 0, LPC_FOREVER)));
	ASSERT_EQ(0, do_shutdown(r->se, LPC_SHUT_RECEIVE));
	EXPECT_EQ(-ESHUTDOWN, actor_end(&on_end));
	EXPECT_TRUE(actor_running(&on_port));
	ASSERT_EQ(0, do_send(r->ce, 1, 8));
	EXPECT_EQ(0, actor_end(&on_port));
	EXPECT_TRUE(intact(&p, 1, 8));
}

TEST_HARNESS_MAIN
