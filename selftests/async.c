// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that nobody waits for: started with LPC_CALL_ASYNC, ended by a REPLY
 * in the queue of the end that called.
 */
#include "common_call.h"

FIXTURE(async)
{
	struct rig r;
};

FIXTURE_SETUP(async)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
}

FIXTURE_TEARDOWN(async)
{
	rig_close(&self->r);
}

TEST_F(async, a_call_returns_einprogress_with_its_id_and_pending)
{
	struct pkt p, s;

	msg(&p, 1, 8)->m.flags = LPC_CALL_ASYNC;
	EXPECT_EQ(-EINPROGRESS, do_call(self->r.ce, &p));
	EXPECT_NE(0, p.m.id);
	EXPECT_NE(0, p.m.status & LPC_PENDING);
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_NE(0, s.m.status & LPC_DETACHED);
	EXPECT_TRUE(intact(&s, 1, 8));
}

TEST_F(async, the_end_turns_readable_when_the_reply_is_there_not_before)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	EXPECT_EQ(0, poll_now(self->r.ce, POLLIN));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(0, poll_now(self->r.ce, POLLIN));
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 2, 303));
	EXPECT_EQ(POLLIN, poll_for(self->r.ce, POLLIN));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(LPC_REPLY, s.m.type);
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_EQ(0, s.m.error);
	EXPECT_TRUE(intact(&s, 2, 303));
	EXPECT_EQ(0, poll_now(self->r.ce, POLLIN));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &s));
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(async, a_poller_is_woken_by_the_reply)
{
	struct pkt p, s;
	pid_t pid;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	pid = fork_child();
	if (pid == 0)
		_exit(poll_for(self->r.ce, POLLIN) == POLLIN ? 0 : 1);
	ASSERT_TRUE(until_state(pid, 'S'));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(async, a_parked_receiver_on_the_end_gets_the_reply)
{
	struct pkt p, s, w;
	struct actor a;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	recv_msg(&w, 0, 0);
	ASSERT_TRUE(act(&a, self->r.ce, LPC_IOC_REPLY_RECV, &w));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_EQ(LPC_REPLY, w.m.type);
	EXPECT_EQ(p.m.id, w.m.id);
	EXPECT_TRUE(intact(&w, 2, 8));
}

TEST_F(async, replies_come_in_the_order_they_were_given)
{
	__u64 ids[16];
	struct pkt p, s;
	int i;

	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, call_async(self->r.ce, &p, i, i));
		ids[i] = p.m.id;
		ASSERT_EQ(0, recv_now(self->r.port, &s));
	}
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, do_reply(self->r.port, ids[(i * 5) % 16],
				      100 + i, i));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, recv_now(self->r.ce, &s));
		EXPECT_EQ(ids[(i * 5) % 16], s.m.id);
		EXPECT_TRUE(intact(&s, 100 + i, i));
	}
}

TEST_F(async, a_canceled_call_nobody_took_leaves_the_queue)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	EXPECT_EQ(0, do_cancel(self->r.ce, p.m.id));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(LPC_REPLY, s.m.type);
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_EQ(-ECANCELED, s.m.error);
	EXPECT_EQ(0, s.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &s));
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(async, a_canceled_call_a_server_took_says_was_taken)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(0, do_cancel(self->r.ce, p.m.id));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p.m.id, 2, 8));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_EQ(-ECANCELED, s.m.error);
	EXPECT_NE(0, s.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &s));
	EXPECT_EQ(1, port_info(self->r.port).counters.canceled);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(async, only_a_call_in_progress_can_be_canceled_and_once)
{
	struct pkt p, s;

	EXPECT_EQ(-ESTALE, do_cancel(self->r.ce, 0));
	EXPECT_EQ(-ESTALE, do_cancel(self->r.ce, 99));
	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_reply(self->r.port, p.m.id, 2, 8));
	EXPECT_EQ(-ESTALE, do_cancel(self->r.ce, p.m.id));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(0, s.m.error);
	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	EXPECT_EQ(0, do_cancel(self->r.ce, p.m.id));
	EXPECT_EQ(-ESTALE, do_cancel(self->r.ce, p.m.id));
}

TEST_F(async, a_deadline_fires_though_nobody_waits)
{
	__u64 deadline = ns_in(SOON_MS);
	struct pkt p, s;

	msg(&p, 1, 8)->m.flags = LPC_CALL_ASYNC;
	p.m.deadline = deadline;
	ASSERT_EQ(-EINPROGRESS, do_call(self->r.ce, &p));
	/* No thread is in any ioctl or poll: it ends by itself. */
	EXPECT_TRUE(UNTIL(port_info(self->r.port).counters.withdrawn == 1));
	EXPECT_LE(deadline, ns_now());
	EXPECT_EQ(POLLIN, poll_now(self->r.ce, POLLIN));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_EQ(-ETIMEDOUT, s.m.error);
	EXPECT_EQ(0, s.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
}

TEST_F(async, a_deadline_ends_a_taken_call_with_was_taken)
{
	struct pkt p, s;

	msg(&p, 1, 8)->m.flags = LPC_CALL_ASYNC;
	p.m.deadline = ns_in(2000);
	ASSERT_EQ(-EINPROGRESS, do_call(self->r.ce, &p));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_recv(self->r.ce, &p));
	EXPECT_EQ(-ETIMEDOUT, p.m.error);
	EXPECT_NE(0, p.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, s.m.id, 2, 8));
}

TEST_F(async, a_past_deadline_starts_nothing)
{
	struct pkt p;

	msg(&p, 1, 8)->m.flags = LPC_CALL_ASYNC;
	p.m.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, do_call(self->r.ce, &p));
	EXPECT_EQ(0, p.m.status & (LPC_PENDING | LPC_WAS_TAKEN));
	EXPECT_EQ(0, queued(self->r.port));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &p));
}

TEST_F(async, no_reply_room_is_needed_to_start_one)
{
	struct pkt p, s;

	msg(&p, 1, 8)->m.flags = LPC_CALL_ASYNC;
	p.m.room = 0;
	EXPECT_EQ(-EINPROGRESS, do_call(self->r.ce, &p));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 2, 100));
	recv_msg(&p, LPC_DONTWAIT, 0)->m.room = 99;
	EXPECT_EQ(-EMSGSIZE, xctl(self->r.ce, LPC_IOC_REPLY_RECV, &p));
	EXPECT_EQ(100, p.m.room);
	ASSERT_EQ(0, recv_now(self->r.ce, &p));
	EXPECT_TRUE(intact(&p, 2, 100));
}

TEST_F(async, closing_the_end_ends_its_calls_and_takes_back_the_untaken)
{
	struct pkt p[4], s;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, call_async(self->r.ce, &p[i], i, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	close_fd(&self->r.ce);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p[0].m.id, 2, 8));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p[1].m.id, 2, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(LPC_PORT_CLOSED, s.m.type);
	EXPECT_EQ(self->r.context, s.m.context);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
	EXPECT_EQ(0, calls_now(self->r.port));
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(async, a_dead_server_gives_epipe_untaken_and_econnreset_taken)
{
	struct pkt p[2], s;
	int i, seen = 0;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, call_async(self->r.ce, &p[i], i, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	close_fd(&self->r.se);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, do_recv(self->r.ce, &s));
		EXPECT_EQ(LPC_REPLY, s.m.type);
		if (s.m.id == p[0].m.id) {
			EXPECT_EQ(-ECONNRESET, s.m.error);
			EXPECT_NE(0, s.m.status & LPC_WAS_TAKEN);
			seen |= 1;
		} else if (s.m.id == p[1].m.id) {
			EXPECT_EQ(-EPIPE, s.m.error);
			EXPECT_EQ(0, s.m.status & LPC_WAS_TAKEN);
			seen |= 2;
		}
	}
	EXPECT_EQ(3, seen);
	EXPECT_EQ(-EPIPE, recv_now(self->r.ce, &s));
	EXPECT_NE(0, poll_now(self->r.ce, POLLIN) & POLLHUP);
}

TEST_F(async, calls_in_progress_are_bounded_and_the_limit_is_named)
{
	long limit = sysctl_get("calls"), i;
	struct pkt p, s;

	ASSERT_LT(0, limit);
	for (i = 0; i < limit; i++)
		ASSERT_EQ(0, call_async(self->r.ce, &p, i, 0));
	msg(&p, 1, 0)->m.flags = LPC_CALL_ASYNC;
	EXPECT_EQ(-ENOBUFS, do_call(self->r.ce, &p));
	EXPECT_EQ(LPC_LIMIT_CALLS, p.m.limit);
	EXPECT_EQ(limit, p.m.in_use);
	EXPECT_EQ(limit, queued(self->r.port));
	/* One answered and fetched makes room for one. */
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 0, 0));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(0, call_async(self->r.ce, &p, 1, 0));
}

TEST_F(async, a_server_ends_call_comes_back_to_the_ports_queue)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.se, &p, 3, 30));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_TRUE(intact(&s, 3, 30));
	ASSERT_EQ(0, do_reply(self->r.ce, s.m.id, 4, 40));
	EXPECT_EQ(POLLIN, poll_now(self->r.port, POLLIN));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(LPC_REPLY, s.m.type);
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_EQ(self->r.context, s.m.context);
	EXPECT_TRUE(intact(&s, 4, 40));
}

TEST_F(async, a_server_end_with_its_own_queue_gets_the_reply_there)
{
	struct pkt p, s;
	int se, ce;

	ASSERT_EQ(0, add_link(&self->r, 9, LPC_ACCEPT_OWN_QUEUE, &se, &ce));
	ASSERT_EQ(0, call_async(se, &p, 3, 30));
	ASSERT_EQ(0, recv_now(ce, &s));
	ASSERT_EQ(0, do_reply(ce, s.m.id, 4, 40));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &s));
	EXPECT_EQ(POLLIN, poll_now(se, POLLIN));
	ASSERT_EQ(0, recv_now(se, &s));
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_TRUE(intact(&s, 4, 40));
}

TEST_F(async, a_port_calls_itself_and_finds_the_reply_in_its_queue)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.port, &p, 3, 30));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(LPC_REQUEST, s.m.type);
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 4, 40));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	EXPECT_EQ(LPC_REPLY, s.m.type);
	EXPECT_EQ(p.m.id, s.m.id);
}

TEST_F(async, nobody_can_call_back_into_one)
{
	struct pkt p, s;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	msg(&p, 2, 8)->m.flags = LPC_CALLBACK;
	p.m.id = s.m.id;
	EXPECT_EQ(-EOPNOTSUPP, do_call(self->r.se, &p));
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
}

TEST_F(async, waiting_and_unwaited_calls_share_an_end)
{
	struct pkt p, w, s;
	struct actor a;
	__u64 sync_id;

	ASSERT_EQ(0, call_async(self->r.ce, &p, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &s));
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&w, 2, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(0, s.m.status & LPC_DETACHED);
	sync_id = s.m.id;
	ASSERT_EQ(0, do_reply(self->r.port, p.m.id, 10, 10));
	EXPECT_TRUE(actor_running(&a));
	ASSERT_EQ(0, do_reply(self->r.port, sync_id, 20, 20));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&w, 20, 20));
	ASSERT_EQ(0, recv_now(self->r.ce, &s));
	EXPECT_EQ(p.m.id, s.m.id);
	EXPECT_TRUE(intact(&s, 10, 10));
}

#define LINKS	10
#define FLIGHT	1000

/* Issue "must show": one epoll, 1 000 in flight, answers in random order. */
TEST_F(async, a_thousand_in_flight_over_ten_connections_end_once_each)
{
	static struct {
		__u64 id;
		int ends, error;
	} call[FLIGHT];
	int se[LINKS], ce[LINKS], order[FLIGHT], ep, i, j, t, n, left = FLIGHT;
	struct epoll_event ev[LINKS];
	unsigned int seed = 20;
	struct pkt p;

	ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, ep);
	for (i = 0; i < LINKS; i++) {
		ASSERT_EQ(0, add_link(&self->r, i, 0, &se[i], &ce[i]));
		ev[0].events = EPOLLIN;
		ev[0].data.u32 = i;
		ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, ce[i], &ev[0]));
	}
	/* Call 500 has a deadline, 501 is canceled; neither is answered. */
	for (i = 0; i < FLIGHT; i++) {
		order[i] = i;
		msg(&p, i, i % 304)->m.flags = LPC_CALL_ASYNC;
		p.m.deadline = i == 500 ? ns_in(4000) : 0;
		ASSERT_EQ(-EINPROGRESS, do_call(ce[i % LINKS], &p));
		call[i].id = p.m.id;
	}
	EXPECT_EQ(FLIGHT, calls_now(self->r.port));
	for (i = 0; i < FLIGHT; i++) {
		ASSERT_EQ(0, recv_now(self->r.port, &p));
		ASSERT_EQ(i, p.m.code);
		ASSERT_EQ(call[i].id, p.m.id);
	}
	for (i = FLIGHT - 1; i > 0; i--) {
		j = rand_r(&seed) % (i + 1);
		t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
	for (i = 0; i < FLIGHT; i++) {
		if (order[i] == 500)
			continue;
		if (order[i] == 501) {
			ASSERT_EQ(0, do_cancel(ce[1], call[501].id));
			continue;
		}
		ASSERT_EQ(0, do_reply(self->r.port, call[order[i]].id,
				      order[i], order[i] % 100));
	}
	while (left) {
		n = epoll_wait(ep, ev, LINKS, PATIENCE_MS);
		ASSERT_LT(0, n);
		while (n--) {
			i = ev[n].data.u32;
			ASSERT_EQ(0, recv_now(ce[i], &p));
			ASSERT_EQ(LPC_REPLY, p.m.type);
			for (j = i; j < FLIGHT; j += LINKS)
				if (call[j].id == p.m.id)
					break;
			ASSERT_GT(FLIGHT, j);
			call[j].ends++;
			call[j].error = p.m.error;
			EXPECT_TRUE(p.m.error || intact(&p, j, j % 100));
			left--;
		}
	}
	EXPECT_EQ(0, epoll_wait(ep, ev, LINKS, SOON_MS));
	for (i = 0; i < FLIGHT; i++) {
		ASSERT_EQ(1, call[i].ends);
		EXPECT_EQ(i == 500 ? -ETIMEDOUT : i == 501 ? -ECANCELED : 0,
			  call[i].error);
	}
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_HARNESS_MAIN
