// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is left when a process, a thread or an end goes away, in each state of
 * a call; and who is told.
 */
#include "common_call.h"

FIXTURE(death)
{
	struct rig r;
};

FIXTURE_SETUP(death)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
}

FIXTURE_TEARDOWN(death)
{
	rig_close(&self->r);
}

/* A process that alone holds the client end, and makes one call on it. */
static pid_t lone_caller(struct rig *r)
{
	pid_t pid = fork_child();
	struct pkt p;

	if (pid == 0) {
		close(r->port);
		close(r->se);
		do_call(r->ce, msg(&p, 1, 8));
		for (;;)
			pause();
	}
	close_fd(&r->ce);
	return pid;
}

TEST_F(death, a_dead_callers_untaken_request_is_never_received)
{
	pid_t pid = lone_caller(&self->r);
	struct pkt p;

	ASSERT_TRUE(until_queued(self->r.port, 1));
	ASSERT_EQ(128 + SIGKILL, kill_reap(pid));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_EQ(self->r.context, p.m.context);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(1, port_info(self->r.port).counters.withdrawn);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(death, a_reply_to_a_dead_caller_is_ecanceled)
{
	pid_t pid = lone_caller(&self->r);
	struct pkt p, q;

	ASSERT_EQ(0, do_recv(self->r.port, &p));
	ASSERT_EQ(128 + SIGKILL, kill_reap(pid));
	ASSERT_EQ(0, do_recv(self->r.port, &q));
	EXPECT_EQ(LPC_PORT_CLOSED, q.m.type);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p.m.id, 2, 8));
	EXPECT_EQ(1, port_info(self->r.port).counters.canceled);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(death, a_killed_thread_whose_end_lives_on_in_another_process_too)
{
	pid_t pid = fork_child();
	struct pkt p;

	if (pid == 0) {
		do_call(self->r.ce, msg(&p, 1, 8));
		_exit(1);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	ASSERT_EQ(128 + SIGKILL, kill_reap(pid));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p.m.id, 2, 8));
	/* The end is not closed: this process holds it. */
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(0, do_send(self->r.ce, 1, 1));
}

TEST_F(death, a_killed_parked_receiver_takes_nothing_with_it)
{
	pid_t pid = fork_child();
	struct pkt p;

	if (pid == 0) {
		do_recv(self->r.port, &p);
		_exit(1);
	}
	ASSERT_TRUE(until_waiting(self->r.port, 1));
	ASSERT_EQ(128 + SIGKILL, kill_reap(pid));
	EXPECT_EQ(0, waiting(self->r.port));
	ASSERT_EQ(0, do_send(self->r.ce, 1, 8));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 8));
}

#define HOLDERS	4
#define CALLERS	100

struct caller {
	pthread_t thread;
	const char *name;
	struct pkt p;
	int ret;
	__u64 ended;
};

static void *caller_main(void *arg)
{
	struct caller *c = arg;
	int end = port_connect(c->name);

	if (end < 0) {
		c->ret = end;
		return NULL;
	}
	msg(&c->p, 1, 8);
	c->ret = do_call(end, &c->p);
	c->ended = ns_now();
	return NULL;
}

struct holder {
	int port;
	struct gate *held;
};

static void *hold_one(void *arg)
{
	struct holder *h = arg;
	struct pkt p;

	must_be(0, do_recv(h->port, &p));
	gate_post(h->held, 1);
	for (;;)
		pause();
	return NULL;
}

static void hundred_clients_server(const char *name, struct gate *up)
{
	struct holder h = { .held = up };
	pthread_t t;
	int i;

	h.port = port_create(name, &(struct lpc_create){ .mode = 0666 });
	must(h.port >= 0);
	gate_post(up, 1);
	for (i = 0; i < CALLERS; i++)
		must(serve_connect(h.port, i, 0, NULL) >= 0);
	for (i = 0; i < HOLDERS; i++)
		must(!pthread_create(&t, NULL, hold_one, &h));
	for (;;)
		pause();
}

/* Issue "must show": 4 held, 96 queued, one SIGKILL. */
TEST_F(death, a_killed_server_resets_what_it_held_and_fails_what_it_had_not_seen)
{
	static struct caller c[CALLERS];
	int i, reset = 0, pipe = 0, other = 0;
	struct lpc_port_info info;
	char name[NAME_ROOM];
	__u64 killed, last = 0;
	struct gate up;
	pid_t pid;

	unique_name(name);
	gate_init(&up);
	pid = fork_child();
	if (pid == 0)
		hundred_clients_server(name, &up);
	gate_wait(&up);
	for (i = 0; i < CALLERS; i++) {
		c[i].name = name;
		ASSERT_EQ(0, pthread_create(&c[i].thread, NULL, caller_main,
					    &c[i]));
	}
	/* Received, not only on the way: that is what is held. */
	for (i = 0; i < HOLDERS; i++)
		gate_wait(&up);
	ASSERT_TRUE(UNTIL(!query_name(name, &info, NO_WAIT) &&
			  info.calls_now == CALLERS &&
			  info.queued == CALLERS - HOLDERS));
	killed = ns_now();
	ASSERT_EQ(0, kill(pid, SIGKILL));
	for (i = 0; i < CALLERS; i++) {
		pthread_join(c[i].thread, NULL);
		if (c[i].ret == -ECONNRESET &&
		    (c[i].p.m.status & LPC_WAS_TAKEN))
			reset++;
		else if (c[i].ret == -EPIPE &&
			 !(c[i].p.m.status & LPC_WAS_TAKEN))
			pipe++;
		else
			other++;
		if (c[i].ended > last)
			last = c[i].ended;
	}
	EXPECT_EQ(HOLDERS, reset);
	EXPECT_EQ(CALLERS - HOLDERS, pipe);
	EXPECT_EQ(0, other);
	TH_LOG("%d reset, %d pipe, last %llu ms after the kill", reset, pipe,
	       (unsigned long long)(last - killed) / 1000000);
	EXPECT_GT(has_feature(LPC_HAS_DEBUG) ? 10000 : 1000,
		  (last - killed) / 1000000);
	EXPECT_EQ(128 + SIGKILL, reap(pid));
}

TEST_F(death, a_server_thread_that_exits_leaves_its_request_to_the_others)
{
	struct actor a, t;
	struct pkt c, s;

	recv_msg(&s, 0, 0);
	ASSERT_TRUE(act(&t, self->r.port, LPC_IOC_REPLY_RECV, &s));
	msg(&c, 1, 8)->m.deadline = ns_in(PATIENCE_MS);
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
	ASSERT_EQ(0, actor_end(&t));
	ASSERT_TRUE(UNTIL(task_state(t.tid) == 0));
	EXPECT_EQ(LPC_CALL_TAKEN, call_state(self->r.port, s.m.id));
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	EXPECT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 2, 8));
}

TEST_F(death, a_request_its_server_thread_forgot_ends_by_the_deadline)
{
	struct actor a, t;
	struct pkt c, s;

	recv_msg(&s, 0, 0);
	ASSERT_TRUE(act(&t, self->r.port, LPC_IOC_REPLY_RECV, &s));
	msg(&c, 1, 8)->m.deadline = ns_in(2000);
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
	ASSERT_EQ(0, actor_end(&t));
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	EXPECT_NE(0, c.m.status & LPC_WAS_TAKEN);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(death, a_closed_server_end_ends_its_own_clients_calls_and_no_others)
{
	struct actor taken, queued_, other;
	struct pkt t, q, o, s;
	int se, ce;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se, &ce));
	ASSERT_EQ(0, actor_start(&taken, self->r.ce, LPC_IOC_CALL,
				 msg(&t, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	ASSERT_TRUE(act(&queued_, self->r.ce, LPC_IOC_CALL, msg(&q, 2, 8)));
	ASSERT_TRUE(act(&other, ce, LPC_IOC_CALL, msg(&o, 3, 8)));
	ASSERT_TRUE(until_queued(self->r.port, 2));
	close_fd(&self->r.se);
	EXPECT_EQ(-ECONNRESET, actor_end(&taken));
	EXPECT_NE(0, t.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-EPIPE, actor_end(&queued_));
	EXPECT_EQ(0, q.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, s.m.id + 1000, 1, 1));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(3, s.m.code);
	EXPECT_EQ(0, do_reply(self->r.port, s.m.id, 4, 8));
	EXPECT_EQ(0, actor_end(&other));
	EXPECT_NE(0, poll_now(self->r.ce, 0) & POLLHUP);
}

TEST_F(death, no_port_closed_for_a_server_end_the_server_closed_itself)
{
	struct pkt p;

	close_fd(&self->r.se);
	close_fd(&self->r.ce);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

TEST_F(death, accepted_connections_outlive_their_port)
{
	struct actor a;
	struct pkt c, s;

	close_fd(&self->r.port);
	EXPECT_EQ(-ENOENT, port_connect(self->r.name));
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.se, &s));
	EXPECT_EQ(self->r.context, s.m.context);
	EXPECT_EQ(0, do_reply(self->r.se, s.m.id, 2, 8));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_TRUE(intact(&c, 2, 8));
	close_fd(&self->r.ce);
	ASSERT_EQ(0, do_recv(self->r.se, &s));
	EXPECT_EQ(LPC_PORT_CLOSED, s.m.type);
}

TEST_F(death, a_call_waits_on_while_the_port_closes_and_its_end_lives)
{
	struct actor taken, untaken;
	struct pkt t, q, s;

	ASSERT_EQ(0, actor_start(&taken, self->r.ce, LPC_IOC_CALL,
				 msg(&t, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	ASSERT_TRUE(act(&untaken, self->r.ce, LPC_IOC_CALL, msg(&q, 2, 8)));
	close_fd(&self->r.port);
	EXPECT_EQ(0, do_reply(self->r.se, s.m.id, 3, 8));
	EXPECT_EQ(0, actor_end(&taken));
	ASSERT_EQ(0, do_recv(self->r.se, &s));
	EXPECT_EQ(0, do_reply(self->r.se, s.m.id, 4, 8));
	EXPECT_EQ(0, actor_end(&untaken));
}

TEST_F(death, a_pair_dies_with_its_port)
{
	struct actor a;
	struct pkt c, s;
	int port, ce;

	port = port_pair(&ce, 7);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, actor_start(&a, ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(port, &s));
	EXPECT_EQ(7, s.m.context);
	close(port);
	EXPECT_EQ(-ECONNRESET, actor_end(&a));
	EXPECT_NE(0, c.m.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-EPIPE, do_send(ce, 1, 1));
	EXPECT_NE(0, poll_now(ce, 0) & POLLHUP);
}

TEST_F(death, port_closed_comes_once_and_only_with_the_last_fd)
{
	struct pkt p;
	int dup1 = dup(self->r.ce);
	__u64 start;
	pid_t pid;

	pid = fork_child();
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(0, reap(pid));
	close_fd(&self->r.ce);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	close(dup1);
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_EQ(self->r.context, p.m.context);
	EXPECT_NE(0, p.m.id);
	EXPECT_EQ(getpid(), p.m.pid);
	EXPECT_EQ(geteuid(), p.m.uid);
	EXPECT_EQ(sizeof(start), p.m.len);
	memcpy(&start, p.d, sizeof(start));
	EXPECT_NE(0, start);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, p.m.id, 1, 1));
}

TEST_F(death, a_connection_never_accepted_makes_no_port_closed)
{
	struct lpc_connect c;
	struct pkt p;
	int ce;

	ce = connect_async(self->r.dev, self->r.name, &c);
	ASSERT_LE(0, ce);
	close(ce);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	ce = connect_async(self->r.dev, self->r.name, &c);
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	close(ce);
	EXPECT_EQ(-ESTALE, do_accept(self->r.port, p.m.id, 1, 0));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

TEST_HARNESS_MAIN
