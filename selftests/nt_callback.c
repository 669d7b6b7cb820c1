// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_callback.c - callbacks: NtRequestWaitReplyPort with LPC_REQUEST, and
 * NtReplyWaitReplyPort
 */
#include "common_nt.h"

/*
 * A client thread that asks and answers callbacks: each with "<n>" appended to
 * nothing, n from 1, until it has its reply.
 */
struct called {
	pthread_t thread;
	HANDLE h;
	atomic_int tid, done, callbacks;
	struct nt_msg m, callback;
	NTSTATUS status;
	bool by_reply_port, call_back, hold;
	struct gate gate;
};

static void *called_thread(void *arg)
{
	struct called *c = arg;
	struct nt_msg nested;

	c->tid = get_tid();
	nt_set(&c->m, 0, "ask", 3);
	c->status = NtRequestWaitReplyPort(c->h, &c->m.h, &c->m.h);
	while (!c->status && TYPE(&c->m) == LPC_REQUEST) {
		c->callback = c->m;
		c->callbacks++;
		if (c->hold)
			gate_wait(&c->gate);
		if (c->call_back) {
			/* Back again into the thread that called back. */
			nested = c->m;
			c->status = NtRequestWaitReplyPort(c->h, &nested.h, &nested.h);
			if (c->status)
				break;
			c->m.data[0] = nested.data[0];
		} else {
			c->m.data[0] = '0' + c->callbacks;
		}
		LENGTH(&c->m) = 1;
		TOTAL(&c->m) = 41;
		if (c->by_reply_port) {
			c->status = NtReplyPort(c->h, &c->m.h);
			break;
		}
		c->status = NtReplyWaitReplyPort(c->h, &c->m.h);
	}
	c->done = 1;
	return NULL;
}

FIXTURE(callback) {
	struct nt_link l;
	struct called c;
	struct nt_msg req, m;
};

FIXTURE_SETUP(callback)
{
	ASSERT_EQ(S_OK, nt_link_make(&self->l, (void *)1));
	gate_init(&self->c.gate);
	self->c.h = self->l.client;
}

FIXTURE_TEARDOWN(callback)
{
	NtClose(self->l.port);
	NtClose(self->l.server);
	pthread_join(self->c.thread, NULL);
	NtClose(self->l.client);
	gate_destroy(&self->c.gate);
}

/* The client asks, its request is received */
#define ASK() do {							\
	pthread_create(&self->c.thread, NULL, called_thread, &self->c);	\
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->req));	\
	self->m = self->req;						\
	ASSERT_TRUE(UNTIL(self->c.tid));				\
} while (0)

#define CALL_BACK() NtRequestWaitReplyPort(self->l.server, &self->m.h, &self->m.h)
#define ANSWER() NtReplyPort(self->l.port, &self->req.h)

TEST_F(callback, into_the_waiting_thread_and_back)
{
	ASK();
	EXPECT_EQ(S_OK, CALL_BACK());
	EXPECT_TRUE(nt_is(&self->m, LPC_REPLY, "1", 1));
	EXPECT_EQ(self->c.tid, TID(&self->m));
	EXPECT_EQ(S_OK, ANSWER());
	EXPECT_TRUE(UNTIL(self->c.done));
	EXPECT_EQ(S_OK, self->c.status);
	EXPECT_TRUE(nt_is(&self->c.m, LPC_REPLY, "ask", 3));
}

TEST_F(callback, it_keeps_the_message_id_and_has_an_id_of_its_own)
{
	ASK();
	ASSERT_EQ(S_OK, CALL_BACK());
	EXPECT_EQ(self->req.h.MessageId, self->c.callback.h.MessageId);
	EXPECT_NE(0, self->c.callback.h.CallbackId);
	EXPECT_EQ(0, self->c.callback.h.ClientViewSize >> 32);
	EXPECT_EQ(get_tid(), TID(&self->c.callback));
	EXPECT_EQ(LPC_REQUEST, TYPE(&self->c.callback));
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, one_after_the_other_each_with_a_fresh_id)
{
	ULONG first;

	ASK();
	ASSERT_EQ(S_OK, CALL_BACK());
	first = self->c.callback.h.CallbackId;
	self->m = self->req;
	ASSERT_EQ(S_OK, CALL_BACK());
	EXPECT_EQ('2', self->m.data[0]);
	EXPECT_NE(first, self->c.callback.h.CallbackId);
	EXPECT_EQ(self->req.h.MessageId, self->c.callback.h.MessageId);
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, the_connection_port_calls_back_too)
{
	ASK();
	EXPECT_EQ(S_OK, NtRequestWaitReplyPort(self->l.port, &self->m.h, &self->m.h));
	EXPECT_EQ('1', self->m.data[0]);
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, message_id_0_is_INVALID_PARAMETER)
{
	ASK();
	self->m.h.MessageId = 0;
	EXPECT_EQ(S_PARAMETER, CALL_BACK());
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, another_id_is_MISMATCH)
{
	ASK();
	self->m.h.MessageId++;
	EXPECT_EQ(S_MISMATCH, CALL_BACK());
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, another_thread_is_MISMATCH_and_none_is_INVALID_CID)
{
	ASK();
	self->m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
	EXPECT_EQ(S_MISMATCH, CALL_BACK());
	self->m.h.ClientId.UniqueThread = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, CALL_BACK());
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, an_unrelated_port_is_MISMATCH)
{
	struct nt_link other;

	ASSERT_EQ(S_OK, nt_link_make(&other, NULL));
	ASK();
	EXPECT_EQ(S_MISMATCH, NtRequestWaitReplyPort(other.server, &self->m.h, &self->m.h));
	EXPECT_EQ(S_MISMATCH, NtRequestWaitReplyPort(other.client, &self->m.h, &self->m.h));
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, a_thread_that_has_its_reply_cannot_be_called_back)
{
	ASK();
	self->c.hold = true;
	EXPECT_EQ(S_OK, ANSWER());
	ASSERT_TRUE(UNTIL(self->c.done));
	pthread_join(self->c.thread, NULL);
	EXPECT_TRUE(UNTIL(CALL_BACK() == S_CID));
	self->c.hold = false;
	ASK();
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, while_one_is_handled_the_request_has_no_other_answer)
{
	struct nt_requester r = { 0 };

	self->c.hold = true;
	ASK();
	r.request = self->req;
	r.h = self->l.server;
	pthread_create(&r.thread, NULL, nt_requester_thread, &r);
	ASSERT_TRUE(UNTIL(self->c.callbacks == 1));
	EXPECT_EQ(S_MISMATCH, ANSWER());
	EXPECT_EQ(S_MISMATCH, CALL_BACK());
	gate_post(&self->c.gate, 1);
	EXPECT_EQ(S_OK, nt_request_end(&r));
	EXPECT_EQ('1', r.reply.data[0]);
	EXPECT_EQ(S_OK, ANSWER());
}

/* The server thread that called back is called back into, as deep as that. */
TEST_F(callback, nested_back_into_the_server)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;

	self->c.call_back = true;
	ASK();
	r.request = self->req;
	r.h = self->l.server;
	pthread_create(&r.thread, NULL, nt_requester_thread, &r);
	ASSERT_EQ(S_OK, nt_request_end(&r));
	/* The server's wait has ended with the client's own callback. */
	EXPECT_EQ(LPC_REQUEST, TYPE(&r.reply));
	EXPECT_EQ(self->req.h.MessageId, r.reply.h.MessageId);
	EXPECT_NE(self->c.callback.h.CallbackId, r.reply.h.CallbackId);
	m = r.reply;
	/* That thread has gone, and what it waited for with it. */
	EXPECT_NE(S_OK, NtReplyWaitReplyPort(self->l.server, &m.h));
	ASSERT_TRUE(UNTIL(self->c.done));
}

static void *nest(void *arg)
{
	struct nt_requester *r = arg;

	r->status = NtRequestWaitReplyPort(r->h, &r->request.h, &r->reply.h);
	if (!r->status && TYPE(&r->reply) == LPC_REQUEST) {
		r->reply.data[0] = 'n';
		LENGTH(&r->reply) = 1;
		TOTAL(&r->reply) = 41;
		r->status = NtReplyWaitReplyPort(r->h, &r->reply.h);
	}
	return NULL;
}

TEST_F(callback, nested_and_unwound_in_order)
{
	struct nt_requester r = { 0 };

	self->c.call_back = true;
	ASK();
	r.request = self->req;
	r.h = self->l.server;
	pthread_create(&r.thread, NULL, nest, &r);
	ASSERT_EQ(S_OK, nt_request_end(&r));
	EXPECT_TRUE(nt_is(&r.reply, LPC_REPLY, "n", 1));
	EXPECT_EQ(S_OK, ANSWER());
	ASSERT_TRUE(UNTIL(self->c.done));
	EXPECT_EQ(S_OK, self->c.status);
	EXPECT_TRUE(nt_is(&self->c.m, LPC_REPLY, "ask", 3));
}

/* Deviation: in NT the original wait is lost then. */
TEST_F(callback, answered_by_reply_port_the_wait_is_kept_for_its_thread)
{
	self->c.by_reply_port = true;
	ASK();
	EXPECT_EQ(S_OK, CALL_BACK());
	EXPECT_EQ('1', self->m.data[0]);
	ASSERT_TRUE(UNTIL(self->c.done));
	EXPECT_EQ(S_OK, self->c.status);
	pthread_join(self->c.thread, NULL);
	ASSERT_TRUE(UNTIL(!task_state(self->c.tid)));
	/* With its thread it has ended. */
	EXPECT_EQ(S_CID, ANSWER());
	self->c.by_reply_port = false;
	self->c.done = 0;
	ASK();
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, reply_wait_reply_checks_as_reply_does)
{
	struct nt_msg m;

	nt_set(&m, LPC_REPLY, "", 0);
	EXPECT_EQ(S_PARAMETER, NtReplyWaitReplyPort(self->l.client, &m.h));
	m.h.MessageId = 5;
	EXPECT_EQ(S_CID, NtReplyWaitReplyPort(self->l.client, &m.h));
	m.h.ClientId.UniqueProcess = (HANDLE)(uintptr_t)getpid();
	m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
	EXPECT_EQ(S_MISMATCH, NtReplyWaitReplyPort(self->l.client, &m.h));
	m.h.CallbackId = 6;
	EXPECT_EQ(S_MISMATCH, NtReplyWaitReplyPort(self->l.client, &m.h));
	TOTAL(&m) = 39;
	EXPECT_EQ(S_PARAMETER, NtReplyWaitReplyPort(self->l.client, &m.h));
	TOTAL(&m) = 344;
	EXPECT_EQ(S_TOO_LONG, NtReplyWaitReplyPort(self->l.client, &m.h));
	EXPECT_EQ(S_AV, NtReplyWaitReplyPort(self->l.client, NULL));
	EXPECT_EQ(S_AV, NtReplyWaitReplyPort(self->l.client, nt_readonly()));
	ASK();
	EXPECT_EQ(S_OK, ANSWER());
}

TEST_F(callback, of_a_lost_peer_it_is_REPLY_LOST)
{
	ASK();
	ASSERT_EQ(S_OK, CALL_BACK());
	/* Now the client waits in NtReplyWaitReplyPort(). */
	EXPECT_EQ(S_OK, NtClose(self->l.server));
	EXPECT_TRUE(UNTIL(self->c.done));
	EXPECT_EQ(S_LOST, self->c.status);
}

TEST_F(callback, a_caller_that_dies_in_it_is_REPLY_LOST_for_the_server)
{
	struct nt_msg m;
	pid_t pid;

	pid = fork_child();
	if (!pid) {
		struct nt_connector c = { .name = &self->l.name };

		must_be(S_OK, nt_connect(&c));
		nt_set(&m, 0, "x", 1);
		must_be(S_OK, NtRequestWaitReplyPort(c.h, &m.h, &m.h));
		must_be(LPC_REQUEST, TYPE(&m));
		_exit(0);
	}
	ASSERT_EQ(S_OK, nt_accept(self->l.port, &self->l.server, NULL));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	self->m = m;
	EXPECT_EQ(S_LOST, CALL_BACK());
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(S_CID, NtReplyPort(self->l.port, &m.h));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&m));
	ASK();
	EXPECT_EQ(S_OK, ANSWER());
}

/* Deviation: a callback has a deadline, lpc.callback_ms. */
TEST_F(callback, one_that_is_not_answered_is_STATUS_TIMEOUT)
{
	long old = sysctl_get("callback_ms");

	self->c.hold = true;
	ASK();
	ASSERT_EQ(0, sysctl_set("callback_ms", 50));
	EXPECT_EQ(S_TIMEOUT, CALL_BACK());
	sysctl_set("callback_ms", old);
	gate_post(&self->c.gate, 1);
	EXPECT_EQ(S_OK, UNTIL(self->c.done) ? S_OK : ANSWER());
}

TEST_HARNESS_MAIN
