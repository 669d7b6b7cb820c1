// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quick channels: opened and refused, used like a connection and in flight,
 * from one thread, in a poll set, and what is left when one side goes.
 */
#include "common_quick.h"

FIXTURE(quick)
{
	struct qrig r;
};

FIXTURE_SETUP(quick)
{
	qrig_init(&self->r);
}

FIXTURE_TEARDOWN(quick)
{
	qrig_close(&self->r);
}

/* ---- opening -------------------------------------------------------------- */

TEST_F(quick, the_handler_of_the_connection_answers)
{
	char rep[16];

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(5, qcall(self->r.q, ECHO_CODE, "hello", 5, rep, sizeof(rep)));
	EXPECT_EQ(0, memcmp(rep, "hello", 5));
	EXPECT_TRUE(self->r.t->flags & LPC_REQ_QUICK);
	EXPECT_TRUE(qconn_lives(self->r.c));
	EXPECT_FALSE(self->r.t->flags & LPC_REQ_QUICK);
}

TEST_F(quick, who_sends_is_who_connected_and_is_said_to_be)
{
	struct lpc_cred who;
	char rep[16];

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, lpc_quick_call(self->r.q, ECHO_CODE, "", 0, rep, 0,
				    LPC_OPTS(lpc_call_opts, .who = &who)));
	EXPECT_TRUE(self->r.t->cred_flags & LPC_CRED_AT_CONNECT);
	EXPECT_EQ(getpid(), self->r.t->pid);
	EXPECT_EQ(geteuid(), self->r.t->uid);
	EXPECT_EQ(getpid(), who.pid);
	EXPECT_TRUE(who.flags & LPC_CRED_AT_CONNECT);
}

TEST_F(quick, a_server_that_does_not_offer_it_is_EOPNOTSUPP)
{
	ASSERT_EQ(0, qrig_serve(&self->r, 0, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, lpc_quick_open(&self->r.q, self->r.c, NULL));
	self->r.q = NULL;
	EXPECT_TRUE(qconn_lives(self->r.c));
}

TEST_F(quick, a_connection_without_a_server_end_has_none)
{
	struct lpc_server_opts o = { .size = sizeof(o), .flags = LPC_SERVE_QUICK };
	struct lpc_quick *q;
	struct lpc_port *p;
	int fd;

	ASSERT_EQ(0, lpc_pair(&p, &fd, NULL));
	ASSERT_EQ(0, lpc_server_new(&self->r.s, p, qhandler, self->r.t, &o));
	self->r.runs = !pthread_create(&self->r.thread, NULL, qrig_main, &self->r);
	ASSERT_EQ(0, lpc_conn_take(&self->r.c, fd, NULL));
	EXPECT_EQ(-EOPNOTSUPP, lpc_quick_open(&q, self->r.c, NULL));
	EXPECT_TRUE(qconn_lives(self->r.c));
}

TEST_F(quick, one_too_many_is_ENOBUFS_until_another_is_closed)
{
	struct lpc_quick *q[3];
	char rep[8];

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 2, 0));
	ASSERT_EQ(0, lpc_quick_open(&q[0], self->r.c, NULL));
	ASSERT_EQ(0, lpc_quick_open(&q[1], self->r.c, NULL));
	EXPECT_EQ(-ENOBUFS, lpc_quick_open(&q[2], self->r.c, NULL));
	EXPECT_EQ(2, qcall(q[0], ECHO_CODE, "ok", 2, rep, 8));
	lpc_quick_close(q[1]);
	EXPECT_TRUE(UNTIL(!lpc_quick_open(&q[1], self->r.c, NULL)));
	EXPECT_EQ(2, qcall(q[1], ECHO_CODE, "ok", 2, rep, 8));
	lpc_quick_close(q[0]);
	lpc_quick_close(q[1]);
}

TEST_F(quick, a_ring_larger_than_the_server_takes_is_EMSGSIZE)
{
	struct lpc_quick_opts o = { .size = sizeof(o), .ring = 8192 };
	char rep[8192] = "";

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 0, 8192));
	o.ring = 8193;
	EXPECT_EQ(-EMSGSIZE, lpc_quick_open(&self->r.q, self->r.c, &o));
	o.ring = SIZE_MAX;
	EXPECT_EQ(-EMSGSIZE, lpc_quick_open(&self->r.q, self->r.c, &o));
	o.ring = 8192;
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &o));
	EXPECT_EQ(8192, qcall(self->r.q, ECHO_CODE, rep, 8192, rep, 8192));
	EXPECT_EQ(-EMSGSIZE, qcall(self->r.q, ECHO_CODE, rep, 8193, rep, 8192));
}

TEST_F(quick, nothing_unknown_is_ignored)
{
	struct lpc_server_opts so = { .size = sizeof(so) };
	struct lpc_quick_opts o = { .size = sizeof(o), .flags = 2 };
	struct lpc_call_opts co = { .size = sizeof(co), .callback = qhandler };
	struct lpc_server *s;
	struct lpc_quick *q;
	struct lpc_port *p;
	char rep[8], name[NAME_ROOM];

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	EXPECT_EQ(-EINVAL, lpc_quick_open(&q, self->r.c, &o));
	EXPECT_EQ(-EINVAL, lpc_quick_call(self->r.q, 1, "", 0, rep, 8, &co));
	co.callback = NULL;
	co.flags = 1 << 20;
	EXPECT_EQ(-EINVAL, lpc_quick_call(self->r.q, 1, "", 0, rep, 8, &co));
	EXPECT_EQ(-EINVAL, lpc_quick_send(self->r.q, 1, "", 0, 0, 2));
	ASSERT_EQ(0, lpc_port_open(&p, unique_name(name), NULL));
	so.flags = LPC_SERVE_QUICK_POLL;
	EXPECT_EQ(-EINVAL, lpc_server_new(&s, p, qhandler, self->r.t, &so));
	lpc_port_close(p);
}

TEST_F(quick, closing_one_leaves_the_connection)
{
	char rep[8];

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, rep, 8));
	lpc_quick_close(self->r.q);
	EXPECT_TRUE(qconn_lives(self->r.c));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, NULL));
	ASSERT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, rep, 8));
	EXPECT_EQ(0, self->r.t->gone);
}

/* ---- calls ---------------------------------------------------------------- */

TEST_F(quick, messages_have_any_length_up_to_the_ring)
{
	static const size_t lens[] = { 0, 1, 63, 64, 65, 303, 304, 4095, 40000,
				       65535, 65536 };
	char *in = malloc(65536), *out = malloc(65536);
	int i, j;

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	for (i = 0; i < 33; i++) {
		size_t len = lens[i % 11];

		for (j = 0; j < len; j++)
			in[j] = j * 7 + i;
		ASSERT_EQ(len, qcall(self->r.q, SUM_CODE + qsum(in, len), in,
				     len, out, 65536));
		ASSERT_EQ(0, memcmp(in, out, len));
	}
	ASSERT_EQ(65536, qcall(self->r.q, ROOM_CODE, "", 0, out, 65536));
	EXPECT_EQ('r', out[65535]);
	free(in);
	free(out);
}

TEST_F(quick, a_handlers_errno_becomes_the_callers_status)
{
	int32_t status = 0;

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	EXPECT_EQ(-EREMOTEIO, qcall(self->r.q, FAIL_CODE, "", 0, NULL, 0));
	EXPECT_EQ(0, lpc_quick_call(self->r.q, FAIL_CODE, "", 0, NULL, 0,
				    LPC_OPTS(lpc_call_opts, .status = &status)));
	EXPECT_EQ(-ENOENT, status);
}

TEST_F(quick, reserved_codes_are_the_librarys)
{
	int32_t status = 0;
	char rep[8];

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(4, qcall(self->r.q, LPC_CODE_PING, "ping", 4, rep, 8));
	EXPECT_EQ(0, memcmp(rep, "ping", 4));
	EXPECT_EQ(0, lpc_quick_call(self->r.q, LPC_CODE_QUICK, "", 0, rep, 8,
				    LPC_OPTS(lpc_call_opts, .status = &status)));
	EXPECT_EQ(-EOPNOTSUPP, status);
	EXPECT_EQ(0, self->r.t->begun);
}

TEST_F(quick, a_callback_into_it_is_EOPNOTSUPP)
{
	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, qcall(self->r.q, BACK_CODE, "", 0, NULL, 0));
	EXPECT_EQ(-EOPNOTSUPP, self->r.t->back);
}

TEST_F(quick, both_sides_may_sleep_each_time)
{
	struct lpc_quick_opts o = { .size = sizeof(o), .flags = LPC_QUICK_NO_SPIN };
	char rep[8];
	int i;

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 0, 0));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &o));
	for (i = 0; i < 2000; i++)
		ASSERT_EQ(sizeof(i), qcall(self->r.q, ECHO_CODE, &i, sizeof(i), rep, 8));
}

TEST_F(quick, several_threads_have_one_each)
{
	struct lpc_quick *q[4];
	struct qcaller k[4] = { 0 };
	int i;

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 0, 0));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, lpc_quick_open(&q[i], self->r.c, NULL));
		qcaller_start(&k[i], q[i], SLOW_CODE);
	}
	EXPECT_TRUE(UNTIL(self->r.t->inside == 4));
	self->r.t->release = 1;
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(6, qcaller_end(&k[i]));
		lpc_quick_close(q[i]);
	}
}

/* ---- in flight ------------------------------------------------------------ */

TEST_F(quick, several_are_in_flight)
{
	struct lpc_quick_reply rep;
	uint64_t i, sum = 0, out;

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, lpc_quick_send(self->r.q, ECHO_CODE, &i, 8, i,
					    i < 99 ? LPC_QUICK_MORE : 0));
	EXPECT_EQ(-EBUSY, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(8, lpc_quick_recv(self->r.q, &rep, &out, 8,
					    lpc_in_ms(LONG)));
		ASSERT_EQ(out, rep.tag);
		sum += rep.tag;
	}
	EXPECT_EQ(4950, sum);
	EXPECT_EQ(-ENOMSG, lpc_quick_recv(self->r.q, &rep, &out, 8, LPC_NOW));
	EXPECT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
}

TEST_F(quick, a_full_ring_is_EAGAIN_and_loses_nothing)
{
	struct lpc_quick_opts o = { .size = sizeof(o), .ring = 4096 };
	struct lpc_quick_reply rep;
	char data[1000] = "", out[1000];
	uint64_t n = 0, got = 0;

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 0, 0));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &o));
	while (n < 100 && !lpc_quick_send(self->r.q, SLOW_CODE, data, 1000, n, 0))
		n++;
	EXPECT_LE(n, 5);
	self->r.t->release = 1;
	while (got < 3000) {
		int ret = -EAGAIN;

		if (n < 3000)
			ret = lpc_quick_send(self->r.q, ECHO_CODE, data, 1000, n, 0);
		n += !ret;
		if (!ret)
			continue;
		ASSERT_EQ(-EAGAIN, ret);
		ASSERT_EQ(1000, lpc_quick_recv(self->r.q, &rep, out, 1000,
					       lpc_in_ms(LONG)));
		ASSERT_EQ(got, rep.tag);
		got++;
	}
}

TEST_F(quick, random_lengths_wrap_around)
{
	struct lpc_quick_opts o = { .size = sizeof(o), .ring = 4096 };
	char in[4096], out[4096];
	unsigned int seed = 1;
	int i, j;

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 0, 0));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &o));
	for (i = 0; i < 3000; i++) {
		int len = rand_r(&seed) % (4097 >> rand_r(&seed) % 8);

		for (j = 0; j < len; j++)
			in[j] = i + j;
		ASSERT_EQ(len, qcall(self->r.q, SUM_CODE + qsum(in, len), in,
				     len, out, 4096));
		ASSERT_EQ(0, memcmp(in, out, len));
	}
	EXPECT_EQ(0, self->r.t->bad);
}

TEST_F(quick, kept_requests_are_answered_later_in_any_order)
{
	struct lpc_quick_reply rep;
	int i, out;

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, lpc_quick_send(self->r.q, KEEP_CODE, &i, 4, i, 0));
	ASSERT_TRUE(UNTIL(self->r.t->nkept == 10));
	for (i = 9; i >= 0; i--) {
		struct lpc_req *k = self->r.t->kept[i];

		EXPECT_EQ(0, lpc_reply(k, 0, k->data, k->len));
	}
	for (i = 9; i >= 0; i--) {
		ASSERT_EQ(4, lpc_quick_recv(self->r.q, &rep, &out, 4,
					    lpc_in_ms(LONG)));
		EXPECT_EQ(i, out);
		EXPECT_EQ(i, rep.tag);
	}
}

/* ---- giving up ------------------------------------------------------------ */

TEST_F(quick, a_deadline_ends_a_call_and_not_the_channel)
{
	char rep[8];
	int taken = 0;

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	EXPECT_EQ(-ETIMEDOUT, lpc_quick_call(self->r.q, SLOW_CODE, "1", 1, rep, 8,
					     LPC_OPTS(lpc_call_opts, .taken = &taken,
						      .deadline = lpc_in_ms(SHORT))));
	EXPECT_EQ(1, taken);
	self->r.t->release = 1;
	EXPECT_EQ(1, qcall(self->r.q, ECHO_CODE, "2", 1, rep, 8));
	EXPECT_EQ('2', rep[0]);
}

TEST_F(quick, a_deadline_ends_the_wait_for_room)
{
	struct lpc_quick_opts o = { .size = sizeof(o), .ring = 4096 };
	char data[4096] = "";
	int taken = 1;

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 0, 0));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &o));
	EXPECT_EQ(-ETIMEDOUT, lpc_quick_call(self->r.q, SLOW_CODE, "", 0, data, 8,
					     LPC_OPTS(lpc_call_opts,
						      .deadline = lpc_in_ms(SHORT))));
	ASSERT_TRUE(UNTIL(self->r.t->inside == 1));
	/* its request has been taken; these two do not both fit */
	EXPECT_EQ(-ETIMEDOUT, lpc_quick_call(self->r.q, ECHO_CODE, data, 3000, data, 8,
					     LPC_OPTS(lpc_call_opts,
						      .deadline = lpc_in_ms(SHORT))));
	EXPECT_EQ(-ETIMEDOUT, lpc_quick_call(self->r.q, ECHO_CODE, data, 3000, data, 8,
					     LPC_OPTS(lpc_call_opts, .taken = &taken,
						      .deadline = lpc_in_ms(SHORT))));
	EXPECT_EQ(0, taken);
	self->r.t->release = 1;
	EXPECT_EQ(4096, qcall(self->r.q, ECHO_CODE, data, 4096, data, 4096));
}

TEST_F(quick, a_receive_that_is_not_to_wait_is_EAGAIN)
{
	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, lpc_quick_send(self->r.q, SLOW_CODE, "", 0, 1, LPC_QUICK_MORE));
	EXPECT_EQ(-EAGAIN, lpc_quick_recv(self->r.q, NULL, NULL, 0, LPC_NOW));
	/* and has woken the server */
	EXPECT_TRUE(UNTIL(self->r.t->inside == 1));
	EXPECT_EQ(-ETIMEDOUT, lpc_quick_recv(self->r.q, NULL, NULL, 0,
					     lpc_in_ms(SHORT)));
	self->r.t->release = 1;
	EXPECT_EQ(0, lpc_quick_recv(self->r.q, NULL, NULL, 0, lpc_in_ms(LONG)));
}

static atomic_int signals;

static void on_signal(int sig)
{
	signals++;
}

TEST_F(quick, signals_do_not_end_a_call_unless_it_says_so)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct qcaller k = { 0 };

	sigaction(SIGUSR1, &sa, NULL);
	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	qcaller_start(&k, self->r.q, SLOW_CODE);
	ASSERT_TRUE(UNTIL(self->r.t->inside == 1));
	pthread_kill(k.thread, SIGUSR1);
	ASSERT_TRUE(UNTIL(signals == 1));
	self->r.t->release = 1;
	EXPECT_EQ(6, qcaller_end(&k));

	self->r.t->release = 0;
	k.flags = LPC_CALL_EINTR;
	qcaller_start(&k, self->r.q, SLOW_CODE);
	ASSERT_TRUE(UNTIL(self->r.t->inside == 1));
	/* one that comes before it sleeps is none of its business */
	while (UNTIL(k.done || *self->r.q->ch.asleep & LPC_EVENT_ASLEEP) &&
	       !k.done) {
		pthread_kill(k.thread, SIGUSR1);
		nap();
	}
	EXPECT_EQ(-EINTR, qcaller_end(&k));
	EXPECT_EQ(1, k.taken);
	self->r.t->release = 1;
	EXPECT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
}

/* ---- one side goes -------------------------------------------------------- */

TEST_F(quick, a_server_killed_while_nothing_goes_on_is_EPIPE_or_ECONNRESET)
{
	ssize_t ret;

	ASSERT_EQ(0, qrig_fork(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, NULL));
	ASSERT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	qrig_kill(&self->r);
	ret = qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0);
	EXPECT_TRUE(ret == -ECONNRESET || ret == -EPIPE);
	/* from then on nothing is written */
	EXPECT_EQ(-EPIPE, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	EXPECT_EQ(-EPIPE, lpc_quick_send(self->r.q, ECHO_CODE, "", 0, 0, 0));
}

TEST_F(quick, a_server_killed_with_the_request_is_ECONNRESET)
{
	struct qcaller k = { 0 };

	ASSERT_EQ(0, qrig_fork(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, NULL));
	qcaller_start(&k, self->r.q, SLOW_CODE);
	ASSERT_TRUE(UNTIL(self->r.t->inside == 1));
	qrig_kill(&self->r);
	EXPECT_EQ(-ECONNRESET, qcaller_end(&k));
	EXPECT_EQ(1, k.taken);
}

TEST_F(quick, a_server_killed_before_it_looks_is_ECONNRESET)
{
	struct qcaller k = { 0 };

	ASSERT_EQ(0, qrig_fork(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, NULL));
	kill(self->r.pid, SIGSTOP);
	waitpid(self->r.pid, NULL, WUNTRACED);
	qcaller_start(&k, self->r.q, ECHO_CODE);
	EXPECT_TRUE(UNTIL(*self->r.q->ch.asleep & LPC_EVENT_ASLEEP));
	qrig_kill(&self->r);
	EXPECT_EQ(-ECONNRESET, qcaller_end(&k));
}

TEST_F(quick, a_server_killed_while_its_client_waits_for_room)
{
	struct lpc_quick_opts o = { .size = sizeof(o), .ring = 4096 };
	char data[1000] = "";
	int n = 0;

	ASSERT_EQ(0, qrig_fork(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &o));
	while (n < 100 && !lpc_quick_send(self->r.q, SLOW_CODE, data, 1000, n, 0))
		n++;
	qrig_kill(&self->r);
	EXPECT_EQ(-EPIPE, lpc_quick_recv(self->r.q, NULL, data, 1000, 0));
}

/* A client in a process of its own, at what @what says, is killed. */
static void client_dies(struct __test_metadata *_metadata, struct qrig *r,
			uint64_t flags, int what)
{
	char data[1000] = "";
	pid_t pid;

	ASSERT_EQ(0, qrig_serve(r, flags, 1, 0));
	pid = fork();
	if (!pid) {
		struct lpc_quick_opts o = { .size = sizeof(o), .ring = 4096 };
		struct lpc_quick *q;
		struct qrig own = *r;
		int n;

		if (qconnect(&own) || lpc_quick_open(&q, own.c, &o))
			_exit(1);
		if (what == 0)
			lpc_quick_call(q, ECHO_CODE, "", 0, NULL, 0, NULL);
		if (what == 1)
			lpc_quick_call(q, SLOW_CODE, "", 0, NULL, 0, NULL);
		/* more replies than it receives */
		for (n = 0; what == 2 && n < 8;)
			n += !lpc_quick_send(q, ECHO_CODE, data, 1000, n, 0);
		if (what == 3)
			lpc_quick_send(q, KEEP_CODE, data, 1000, 0, 0);
		for (;;)
			pause();
	}
	ASSERT_TRUE(UNTIL(r->t->begun >= (what == 2 ? 4 : 1)));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	r->t->release = 1;
	if (what == 3) {
		ASSERT_TRUE(UNTIL(r->t->nkept == 1));
		ASSERT_TRUE(STAYS(r->t->gone == 0));
		lpc_reply(r->t->kept[0], 0, NULL, 0);
	}
	EXPECT_TRUE(UNTIL(r->t->gone == 1));
	/* its place is free again */
	EXPECT_TRUE(UNTIL(!lpc_quick_open(&r->q, r->c, NULL)));
	EXPECT_EQ(0, qcall(r->q, ECHO_CODE, "", 0, NULL, 0));
}

TEST_F(quick, a_client_killed_while_nothing_goes_on)
{
	client_dies(_metadata, &self->r, LPC_SERVE_QUICK, 0);
}

TEST_F(quick, a_client_killed_in_a_call)
{
	client_dies(_metadata, &self->r, LPC_SERVE_QUICK, 1);
}

TEST_F(quick, a_client_killed_while_the_server_waits_for_room)
{
	client_dies(_metadata, &self->r, LPC_SERVE_QUICK, 2);
}

TEST_F(quick, a_client_killed_with_a_kept_request_is_gone_after_it)
{
	client_dies(_metadata, &self->r, LPC_SERVE_QUICK, 3);
}

TEST_F(quick, a_client_killed_that_is_polled)
{
	client_dies(_metadata, &self->r, LPC_SERVE_QUICK | LPC_SERVE_QUICK_POLL, 2);
}

TEST_F(quick, the_end_of_the_connection_is_the_end_of_the_channel)
{
	ssize_t ret;

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	lpc_conn_close(self->r.c);
	self->r.c = NULL;
	EXPECT_TRUE(UNTIL(self->r.t->gone == 1));
	ret = qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0);
	EXPECT_TRUE(ret == -EPIPE || ret == -ECONNRESET);
}

TEST_F(quick, a_server_that_stops_finishes_what_it_began)
{
	struct qcaller k = { 0 };

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	qcaller_start(&k, self->r.q, KEEP_CODE);
	ASSERT_TRUE(UNTIL(self->r.t->nkept == 1));
	lpc_server_stop(self->r.s, 0);
	EXPECT_TRUE(STAYS(pthread_tryjoin_np(self->r.thread, NULL) == EBUSY));
	EXPECT_EQ(0, lpc_reply(self->r.t->kept[0], 0, "kept", 4));
	EXPECT_EQ(4, qcaller_end(&k));
	pthread_join(self->r.thread, NULL);
	self->r.runs = false;
	EXPECT_EQ(0, self->r.ret);
	EXPECT_LT(qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0), 0);
}

TEST_F(quick, a_handler_may_end_its_thread)
{
	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	EXPECT_EQ(-ECONNRESET, qcall(self->r.q, EXIT_CODE, "", 0, NULL, 0));
	EXPECT_TRUE(qconn_lives(self->r.c));
	lpc_quick_close(self->r.q);
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, NULL));
	EXPECT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
}

TEST_F(quick, a_child_of_fork_has_no_part_in_it)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, qrig_open(&self->r, LPC_SERVE_QUICK));
	ASSERT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	pid = fork();
	if (!pid) {
		struct lpc_quick *q = self->r.q;
		void *at;
		int bad = 0;

		bad |= lpc_quick_call(q, 1, "", 0, NULL, 0, NULL) != -ECHILD;
		bad |= lpc_quick_send(q, 1, "", 0, 0, 0) != -ECHILD;
		bad |= lpc_quick_recv(q, NULL, NULL, 0, 0) != -ECHILD;
		bad |= lpc_quick_place(q, 1, &at) != -ECHILD;
		lpc_quick_close(q);
		lpc_server_free(self->r.s);
		_exit(bad);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
}

/* A child that has the descriptors keeps no channel alive that was closed. */
TEST_F(quick, a_child_of_fork_holds_nothing_up)
{
	pid_t pid;

	ASSERT_EQ(0, qrig_serve(&self->r, LPC_SERVE_QUICK, 1, 0));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, NULL));
	ASSERT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	pid = fork();
	if (!pid)
		for (;;)
			pause();
	lpc_quick_close(self->r.q);
	self->r.q = NULL;
	EXPECT_TRUE(UNTIL(!lpc_quick_open(&self->r.q, self->r.c, NULL)));
	EXPECT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- many, polled --------------------------------------------------------- */

#define POLLED (LPC_SERVE_QUICK | LPC_SERVE_QUICK_POLL)

TEST_F(quick, one_thread_serves_many_through_epoll)
{
	struct lpc_quick *q[50];
	int i, j, out;

	ASSERT_EQ(0, qrig_serve(&self->r, POLLED, 0, 0));
	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, lpc_quick_open(&q[i], self->r.c,
					    LPC_OPTS(lpc_quick_opts, .ring = 4096)));
	for (j = 0; j < 20; j++) {
		for (i = 0; i < 50; i++)
			ASSERT_EQ(0, lpc_quick_send(q[i], ECHO_CODE, &i, 4, j, 0));
		for (i = 0; i < 50; i++) {
			ASSERT_EQ(4, lpc_quick_recv(q[i], NULL, &out, 4,
						    lpc_in_ms(LONG)));
			ASSERT_EQ(i, out);
		}
	}
	for (i = 0; i < 50; i++)
		lpc_quick_close(q[i]);
	EXPECT_TRUE(qconn_lives(self->r.c));
}

TEST_F(quick, polled_kept_requests_are_answered)
{
	struct qcaller k = { 0 };

	ASSERT_EQ(0, qrig_open(&self->r, POLLED));
	qcaller_start(&k, self->r.q, KEEP_CODE);
	ASSERT_TRUE(UNTIL(self->r.t->nkept == 1));
	EXPECT_EQ(0, lpc_reply(self->r.t->kept[0], 0, "kept", 4));
	EXPECT_EQ(4, qcaller_end(&k));
}

TEST_F(quick, who_does_not_receive_stops_nobody_else_in_the_set)
{
	struct lpc_quick_opts o = { .size = sizeof(o), .ring = 4096 };
	struct lpc_quick *mute;
	char data[1000] = "";
	int i, n = 0;

	ASSERT_EQ(0, qrig_serve(&self->r, POLLED, 0, 0));
	ASSERT_EQ(0, lpc_quick_open(&mute, self->r.c, &o));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &o));
	while (n < 8)
		n += !lpc_quick_send(mute, ECHO_CODE, data, 1000, n, 0);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(4, qcall(self->r.q, ECHO_CODE, &i, 4, data, 4));
	/* and when it does it has missed nothing */
	for (i = 0; i < n; i++)
		ASSERT_EQ(1000, lpc_quick_recv(mute, NULL, data, 1000,
					       lpc_in_ms(LONG)));
	lpc_quick_close(mute);
}

static void *step_main(void *arg)
{
	struct qrig *r = arg;

	while (r->ret >= 0) {
		poll_ms(lpc_server_fd(r->s), POLLIN, 1000);
		r->ret = lpc_server_step(r->s);
	}
	return NULL;
}

TEST_F(quick, an_event_loop_serves_them_too)
{
	int i, out;

	ASSERT_EQ(0, qserver_make(&self->r, POLLED, 0, 0));
	self->r.runs = !pthread_create(&self->r.thread, NULL, step_main, &self->r);
	ASSERT_EQ(0, qconnect(&self->r));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, NULL));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(4, qcall(self->r.q, ECHO_CODE, &i, 4, &out, 4));
	EXPECT_TRUE(qconn_lives(self->r.c));
	EXPECT_EQ(-ESHUTDOWN, qrig_stop(&self->r, 0));
}

TEST_F(quick, an_event_loop_without_a_poll_set_opens_none)
{
	ASSERT_EQ(0, qserver_make(&self->r, LPC_SERVE_QUICK, 0, 0));
	self->r.runs = !pthread_create(&self->r.thread, NULL, step_main, &self->r);
	ASSERT_EQ(0, qconnect(&self->r));
	EXPECT_EQ(-EOPNOTSUPP, lpc_quick_open(&self->r.q, self->r.c, NULL));
	self->r.q = NULL;
	qrig_stop(&self->r, 0);
}

/* What a call costs then is measured by quick_many.c. */
TEST_F_TIMEOUT(quick, a_thousand_in_one_poll_set_are_all_served, 300)
{
	struct qset set;
	int i, out;

	ASSERT_EQ(0, qrig_serve(&self->r, POLLED, 0, 0));
	ASSERT_EQ(QSET, qset_open(&set, &self->r));
	for (i = 0; i < QSET; i++)
		ASSERT_EQ(4, qcall(set.q[i], ECHO_CODE, &i, 4, &out, 4));
	for (i = QSET - 1; i >= 0; i -= 37) {
		ASSERT_EQ(4, qcall(set.q[i], ECHO_CODE, &i, 4, &out, 4));
		ASSERT_EQ(i, out);
	}
	qset_close(&set);
}

TEST_HARNESS_MAIN
