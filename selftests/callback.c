// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls into the thread that waits for a reply, nested to the bound; and what
 * becomes of both calls when one side leaves.
 */
#include "common_call.h"

FIXTURE(callback)
{
	struct rig r;
	struct driver c;	/* the client's thread */
	struct driver s;	/* the server's */
	struct pkt cp;
	struct pkt sp;
	__u64 id;
	__u64 cb;
};

/* A request taken by the server's driver. */
static int take(struct rig *r, struct driver *c, struct pkt *cp,
		struct driver *s, struct pkt *sp, __u64 deadline)
{
	msg(cp, 1, 8)->m.deadline = deadline;
	driver_post(c, r->ce, LPC_IOC_CALL, cp);
	return driver_do(s, r->port, LPC_IOC_REPLY_RECV,
			 recv_msg(sp, 0, ns_in(PATIENCE_MS)));
}

#define TAKE(deadline) do {						\
	ASSERT_EQ(0, take(&self->r, &self->c, &self->cp, &self->s,	\
			  &self->sp, deadline));			\
	self->id = self->sp.m.id;					\
} while (0)

/* A callback of 30 bytes, code 3, delivered to the client. */
#define CALL_BACK(deadline_) do {					\
	callback_msg(&self->sp, self->id, 0, 3, 30);			\
	self->sp.m.deadline = deadline_;				\
	driver_post(&self->s, self->r.se, LPC_IOC_CALL, &self->sp);	\
	ASSERT_EQ(0, driver_result(&self->c));				\
	ASSERT_EQ(LPC_REQUEST, self->cp.m.type);			\
	self->cb = self->cp.m.callback;					\
} while (0)

/* The client answers with @flags and goes on waiting. */
#define REJOIN(flags) do {						\
	rejoin_msg(&self->cp, self->id, self->cb, flags, 4, 40);	\
	driver_post(&self->c, self->r.ce, LPC_IOC_REPLY_WAIT, &self->cp); \
} while (0)

FIXTURE_SETUP(callback)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
	ASSERT_EQ(0, driver_start(&self->c));
	ASSERT_EQ(0, driver_start(&self->s));
}

FIXTURE_TEARDOWN(callback)
{
	rig_close(&self->r);
}

TEST_F(callback, it_reaches_the_waiting_thread_under_the_same_id)
{
	TAKE(0);
	CALL_BACK(0);
	EXPECT_EQ(self->id, self->cp.m.id);
	EXPECT_NE(0, self->cb);
	EXPECT_EQ(0, self->cp.m.context);
	EXPECT_EQ(self->s.tid, self->cp.m.tid);
	EXPECT_TRUE(intact(&self->cp, 3, 30));
	EXPECT_EQ(LPC_CALL_AWAY, call_state(self->r.port, self->id));
}

TEST_F(callback, its_answer_and_then_the_reply_arrive)
{
	__u32 len;

	for (len = 0; len <= LPC_INLINE_MAX; len += 101) {
		TAKE(0);
		CALL_BACK(0);
		rejoin_msg(&self->cp, self->id, self->cb, LPC_WITH_REPLY, 4,
			   len);
		driver_post(&self->c, self->r.ce, LPC_IOC_REPLY_WAIT,
			    &self->cp);
		ASSERT_EQ(0, driver_result(&self->s));
		EXPECT_EQ(LPC_REPLY, self->sp.m.type);
		EXPECT_TRUE(intact(&self->sp, 4, len));
		EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 303 - len));
		ASSERT_EQ(0, driver_result(&self->c));
		EXPECT_EQ(LPC_REPLY, self->cp.m.type);
		EXPECT_TRUE(intact(&self->cp, 5, 303 - len));
		EXPECT_NE(0, self->cp.m.status & LPC_DID_REPLY);
	}
	EXPECT_TRUE(port_balanced(self->r.port));
}

/* Its call has ended with the end: who called back had received it. */
TEST_F(callback, after_a_shutdown_of_its_own_end_the_wait_is_ECONNRESET_and_taken)
{
	TAKE(0);
	CALL_BACK(0);
	ASSERT_EQ(0, do_shutdown(self->r.ce, LPC_SHUT_ALL));
	REJOIN(LPC_WITH_REPLY | LPC_RECV_ANYWAY);
	EXPECT_EQ(-ECONNRESET, driver_result(&self->c));
	EXPECT_NE(0, self->cp.m.status & LPC_WAS_TAKEN);
}

TEST_F(callback, it_may_be_made_on_the_port_too_and_again_and_again)
{
	__u64 last = 0;
	int i;

	TAKE(0);
	for (i = 0; i < 5; i++) {
		callback_msg(&self->sp, self->id, 0, i, i);
		driver_post(&self->s, self->r.port, LPC_IOC_CALL, &self->sp);
		ASSERT_EQ(0, driver_result(&self->c));
		EXPECT_TRUE(intact(&self->cp, i, i));
		EXPECT_NE(last, self->cp.m.callback);
		last = self->cp.m.callback;
		self->cb = last;
		REJOIN(LPC_WITH_REPLY);
		ASSERT_EQ(0, driver_result(&self->s));
		EXPECT_TRUE(intact(&self->sp, 4, 40));
	}
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 50));
	ASSERT_EQ(0, driver_result(&self->c));
	EXPECT_TRUE(intact(&self->cp, 5, 50));
}

TEST_F(callback, it_passes_everything_queued_for_the_client)
{
	struct pkt p;

	TAKE(0);
	ASSERT_EQ(0, do_send(self->r.se, 9, 9));
	CALL_BACK(0);
	EXPECT_TRUE(intact(&self->cp, 3, 30));
	ASSERT_EQ(0, recv_now(self->r.ce, &p));
	EXPECT_TRUE(intact(&p, 9, 9));
}

TEST_F(callback, they_nest_to_the_bound_and_unwind)
{
	long limit = sysctl_get("callback_depth"), d;
	struct driver *who[2] = { &self->s, &self->c };
	struct pkt *at[2] = { &self->sp, &self->cp };
	int end[2] = { self->r.se, self->r.ce };
	__u64 cb[64] = { 0 };

	ASSERT_LT(0, limit);
	ASSERT_GT(64, limit);
	TAKE(0);
	for (d = 1; d <= limit; d++) {
		int me = !(d & 1), you = d & 1;

		callback_msg(at[me], self->id, cb[d - 1], d, d);
		driver_post(who[me], end[me], LPC_IOC_CALL, at[me]);
		ASSERT_EQ(0, driver_result(who[you]));
		ASSERT_EQ(LPC_REQUEST, at[you]->m.type);
		EXPECT_EQ(self->id, at[you]->m.id);
		EXPECT_TRUE(intact(at[you], d, d));
		cb[d] = at[you]->m.callback;
		EXPECT_NE(cb[d - 1], cb[d]);
		EXPECT_EQ(you ? 0 : self->r.context, at[you]->m.context);
	}
	/* d is limit + 1 now: one too deep. */
	callback_msg(at[!(d & 1)], self->id, cb[limit], 1, 1);
	EXPECT_EQ(-ENOBUFS, driver_do(who[!(d & 1)], end[!(d & 1)],
				      LPC_IOC_CALL, at[!(d & 1)]));
	EXPECT_EQ(LPC_LIMIT_CALLBACK_DEPTH, at[!(d & 1)]->m.limit);
	for (d = limit; d >= 1; d--) {
		int me = d & 1, you = !(d & 1);

		rejoin_msg(at[me], self->id, cb[d], LPC_WITH_REPLY, 50 + d,
			   100 + d);
		driver_post(who[me], end[me], LPC_IOC_REPLY_WAIT, at[me]);
		ASSERT_EQ(0, driver_result(who[you]));
		EXPECT_EQ(LPC_REPLY, at[you]->m.type);
		EXPECT_TRUE(intact(at[you], 50 + d, 100 + d));
	}
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 99, 99));
	ASSERT_EQ(0, driver_result(&self->c));
	EXPECT_TRUE(intact(&self->cp, 99, 99));
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(callback, only_the_thread_that_called_may_answer)
{
	struct pkt p;

	TAKE(0);
	CALL_BACK(0);
	rejoin_msg(&p, self->id, self->cb, LPC_WITH_REPLY, 6, 6);
	EXPECT_EQ(-ESTALE, xctl(self->r.ce, LPC_IOC_REPLY_WAIT, &p));
	EXPECT_EQ(0, p.m.status & LPC_DID_REPLY);
	rejoin_msg(&p, self->id, 0, 0, 6, 6);
	EXPECT_EQ(-ESTALE, xctl(self->r.ce, LPC_IOC_REPLY_WAIT, &p));
	REJOIN(LPC_WITH_REPLY);
	ASSERT_EQ(0, driver_result(&self->s));
	EXPECT_TRUE(intact(&self->sp, 4, 40));
}

TEST_F(callback, a_wrong_callback_id_is_estale_and_the_right_one_still_works)
{
	TAKE(0);
	CALL_BACK(0);
	self->cb++;
	REJOIN(LPC_WITH_REPLY);
	EXPECT_EQ(-ESTALE, driver_result(&self->c));
	EXPECT_EQ(0, self->cp.m.status & LPC_DID_REPLY);
	self->cb--;
	self->id ^= 1ull << 40;
	REJOIN(LPC_WITH_REPLY);
	EXPECT_EQ(-ESTALE, driver_result(&self->c));
	self->id ^= 1ull << 40;
	REJOIN(LPC_WITH_REPLY);
	ASSERT_EQ(0, driver_result(&self->s));
	EXPECT_TRUE(intact(&self->sp, 4, 40));
}

TEST_F(callback, too_little_room_to_go_on_waiting_answers_nothing)
{
	TAKE(0);
	CALL_BACK(0);
	rejoin_msg(&self->cp, self->id, self->cb, LPC_WITH_REPLY, 4, 40);
	self->cp.m.room = 302;
	EXPECT_EQ(-EMSGSIZE, driver_do(&self->c, self->r.ce,
				       LPC_IOC_REPLY_WAIT, &self->cp));
	EXPECT_EQ(303, self->cp.m.room);
	EXPECT_EQ(0, self->cp.m.status & LPC_DID_REPLY);
	REJOIN(LPC_WITH_REPLY);
	ASSERT_EQ(0, driver_result(&self->s));
	EXPECT_TRUE(intact(&self->sp, 4, 40));
}

TEST_F(callback, the_request_cannot_be_answered_while_its_callback_is_out)
{
	TAKE(0);
	CALL_BACK(0);
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, self->id, 5, 5));
	REJOIN(LPC_WITH_REPLY);
	ASSERT_EQ(0, driver_result(&self->s));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 5));
	EXPECT_EQ(0, driver_result(&self->c));
}

TEST_F(callback, a_request_not_taken_or_unknown_or_anothers_is_estale)
{
	struct pkt p;
	int se, ce;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se, &ce));
	EXPECT_EQ(-ESTALE, do_call(self->r.se, callback_msg(&p, 77, 0, 1, 1)));
	msg(&self->cp, 1, 8);
	driver_post(&self->c, self->r.ce, LPC_IOC_CALL, &self->cp);
	ASSERT_TRUE(until_queued(self->r.port, 1));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	self->id = p.m.id;
	EXPECT_EQ(-ESTALE, do_call(se, callback_msg(&p, self->id, 0, 1, 1)));
	EXPECT_EQ(-ESTALE, do_call(self->r.ce,
				   callback_msg(&p, self->id, 0, 1, 1)));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 5));
	EXPECT_EQ(0, driver_result(&self->c));
	EXPECT_EQ(-ESTALE, do_call(self->r.se,
				   callback_msg(&p, self->id, 0, 1, 1)));
}

TEST_F(callback, a_caller_that_exits_ends_callback_and_request)
{
	if (!has_feature(LPC_HAS_WATCH))
		SKIP(return, "kernel without sched_process_exit tracepoint");
	TAKE(0);
	CALL_BACK(0);
	ASSERT_TRUE(driver_quit(&self->c));
	EXPECT_EQ(-ECONNRESET, driver_result(&self->s));
	EXPECT_NE(0, self->sp.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 5, 5));
	EXPECT_EQ(0, calls_now(self->r.port));
	/* The connection lives on for the other threads. */
	EXPECT_EQ(0, do_send(self->r.ce, 1, 1));
	EXPECT_TRUE(port_balanced(self->r.port));
}

static pid_t away_child(struct rig *r, struct gate *there, struct gate *go,
			bool exec)
{
	pid_t pid = fork_child();
	struct pkt p;

	if (pid)
		return pid;
	close(r->port);
	close(r->se);
	must_be(0, do_call(r->ce, msg(&p, 1, 8)));
	must_be(LPC_REQUEST, p.m.type);
	gate_post(there, p.m.callback);
	gate_wait(go);
	if (exec) {
		fcntl(r->ce, F_SETFD, 0);
		exec_pause();
	}
	for (;;)
		pause();
}

TEST_F(callback, a_caller_that_execs_ends_callback_and_request)
{
	struct gate there, go;
	pid_t pid;

	if (!has_feature(LPC_HAS_WATCH))
		SKIP(return, "kernel without sched_process_exec tracepoint");
	gate_init(&there);
	gate_init(&go);
	pid = away_child(&self->r, &there, &go, true);
	ASSERT_EQ(0, do_recv(self->r.port, &self->sp));
	self->id = self->sp.m.id;
	callback_msg(&self->sp, self->id, 0, 3, 30);
	driver_post(&self->s, self->r.se, LPC_IOC_CALL, &self->sp);
	gate_wait(&there);
	/* The end stays open over the exec: only the thread has changed. */
	gate_post(&go, 1);
	EXPECT_EQ(-ECONNRESET, driver_result(&self->s));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 5, 5));
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
}

TEST_F(callback, a_caller_that_is_killed_ends_callback_and_request)
{
	struct gate there, go;
	pid_t pid;

	gate_init(&there);
	gate_init(&go);
	pid = away_child(&self->r, &there, &go, false);
	close_fd(&self->r.ce);
	ASSERT_EQ(0, do_recv(self->r.port, &self->sp));
	self->id = self->sp.m.id;
	callback_msg(&self->sp, self->id, 0, 3, 30);
	driver_post(&self->s, self->r.se, LPC_IOC_CALL, &self->sp);
	gate_wait(&there);
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	EXPECT_EQ(-ECONNRESET, driver_result(&self->s));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 5, 5));
	ASSERT_EQ(0, do_recv(self->r.port, &self->sp));
	EXPECT_EQ(LPC_PORT_CLOSED, self->sp.m.type);
}

TEST_F(callback, the_last_close_of_the_callers_end_ends_callback_and_request)
{
	TAKE(0);
	CALL_BACK(0);
	close_fd(&self->r.ce);
	EXPECT_EQ(-ECONNRESET, driver_result(&self->s));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 5, 5));
}

TEST_F(callback, the_requests_deadline_ends_both_while_the_caller_is_away)
{
	int ret;

	TAKE(ns_in(3000));
	CALL_BACK(0);
	EXPECT_EQ(-ECONNRESET, driver_result(&self->s));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 5, 5));
	REJOIN(LPC_WITH_REPLY);
	ret = driver_result(&self->c);
	EXPECT_TRUE(ret == -ETIMEDOUT || ret == -ECANCELED || ret == -ESTALE);
	EXPECT_EQ(0, self->cp.m.status & LPC_DID_REPLY);
}

TEST_F(callback, its_own_deadline_ends_it_alone)
{
	TAKE(0);
	CALL_BACK(ns_in(2000));
	EXPECT_EQ(-ETIMEDOUT, driver_result(&self->s));
	EXPECT_NE(0, self->sp.m.status & LPC_WAS_TAKEN);
	/* Its answer comes too late; the request goes on. */
	REJOIN(LPC_WITH_REPLY);
	EXPECT_EQ(-ECANCELED, driver_result(&self->c));
	EXPECT_EQ(0, self->cp.m.status & LPC_DID_REPLY);
	REJOIN(0);
	ASSERT_TRUE(driver_asleep(&self->c));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 50));
	ASSERT_EQ(0, driver_result(&self->c));
	EXPECT_TRUE(intact(&self->cp, 5, 50));
}

TEST_F(callback, with_recv_anyway_a_late_answer_goes_on_waiting)
{
	TAKE(0);
	CALL_BACK(ns_in(2000));
	EXPECT_EQ(-ETIMEDOUT, driver_result(&self->s));
	REJOIN(LPC_WITH_REPLY | LPC_RECV_ANYWAY);
	ASSERT_TRUE(driver_asleep(&self->c));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 50));
	ASSERT_EQ(0, driver_result(&self->c));
	EXPECT_TRUE(intact(&self->cp, 5, 50));
	EXPECT_EQ(0, self->cp.m.status & LPC_DID_REPLY);
}

TEST_F(callback, a_reply_given_while_the_caller_is_away_waits_for_it)
{
	TAKE(0);
	CALL_BACK(ns_in(2000));
	EXPECT_EQ(-ETIMEDOUT, driver_result(&self->s));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 50));
	REJOIN(0);
	ASSERT_EQ(0, driver_result(&self->c));
	EXPECT_EQ(LPC_REPLY, self->cp.m.type);
	EXPECT_TRUE(intact(&self->cp, 5, 50));
}

TEST_F(callback, one_without_a_deadline_gets_the_default)
{
	long old = sysctl_get("callback_ms");
	int ret;

	ASSERT_LT(0, old);
	TAKE(0);
	ASSERT_EQ(0, sysctl_set("callback_ms", 100));
	callback_msg(&self->sp, self->id, 0, 3, 30);
	ret = driver_do(&self->s, self->r.se, LPC_IOC_CALL, &self->sp);
	ASSERT_EQ(0, sysctl_set("callback_ms", old));
	EXPECT_EQ(-ETIMEDOUT, ret);
	EXPECT_EQ(0, driver_result(&self->c));
	EXPECT_EQ(LPC_REQUEST, self->cp.m.type);
}

TEST_F(callback, the_death_of_the_server_thread_leaves_the_request_answerable)
{
	struct pkt p;
	pid_t pid;

	TAKE(0);
	pid = fork_child();
	if (pid == 0) {
		do_call(self->r.se, callback_msg(&p, self->id, 0, 3, 30));
		_exit(1);
	}
	ASSERT_EQ(0, driver_result(&self->c));
	self->cb = self->cp.m.callback;
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	REJOIN(LPC_WITH_REPLY);
	EXPECT_EQ(-ECANCELED, driver_result(&self->c));
	REJOIN(0);
	ASSERT_TRUE(driver_asleep(&self->c));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 5, 50));
	ASSERT_EQ(0, driver_result(&self->c));
	EXPECT_TRUE(intact(&self->cp, 5, 50));
}

TEST_F(callback, the_port_may_go_while_the_caller_is_away)
{
	int ret;

	TAKE(0);
	CALL_BACK(0);
	ASSERT_EQ(0, do_shutdown(self->r.port, LPC_SHUT_ALL));
	EXPECT_GT(0, driver_result(&self->s));
	REJOIN(LPC_WITH_REPLY);
	ret = driver_result(&self->c);
	EXPECT_TRUE(ret == -ECONNRESET || ret == -ESTALE || ret == -EPIPE ||
		    ret == -ECANCELED);
}

TEST_HARNESS_MAIN
