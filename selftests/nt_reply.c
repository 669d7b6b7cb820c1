// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_reply.c - NtReplyPort and the reply part of NtReplyWaitReceivePort: who is
 * answered, by whom, how often
 */
#include "common_nt.h"

FIXTURE(reply) {
	struct nt_link l;
	struct nt_requester r;
	struct nt_msg m;
};

FIXTURE_SETUP(reply)
{
	ASSERT_EQ(S_OK, nt_link_make(&self->l, (void *)1));
	nt_request(&self->r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
	ASSERT_TRUE(UNTIL(self->r.tid));
}

/* Whatever was tried before, the request can be answered once, and is. */
FIXTURE_TEARDOWN(reply)
{
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &self->m.h));
	EXPECT_EQ(S_OK, nt_request_end(&self->r));
	EXPECT_TRUE(nt_is(&self->r.reply, LPC_REPLY, "ask", 3));
	NtClose(self->l.client);
	NtClose(self->l.server);
	NtClose(self->l.port);
}

#define REPLY()	NtReplyPort(self->l.port, &self->m.h)

/* The fixture's request is answered by the test: a new one for the teardown */
static void answered(struct nt_requester *r, struct nt_link *l, struct nt_msg *m)
{
	nt_request_end(r);
	nt_request(r, l->client, "ask", 3);
	nt_recv(l->port, NULL, m);
	UNTIL(r->tid);
}

TEST_F(reply, null_is_ACCESS_VIOLATION)
{
	EXPECT_EQ(S_AV, NtReplyPort(self->l.port, NULL));
	EXPECT_EQ(S_AV, NtReplyPort(self->l.port, nt_bad()));
}

TEST_F(reply, message_id_0_is_INVALID_PARAMETER)
{
	ULONG id = self->m.h.MessageId;

	self->m.h.MessageId = 0;
	EXPECT_EQ(S_PARAMETER, REPLY());
	self->m.h.MessageId = id;
}

TEST_F(reply, bad_lengths_are_INVALID_PARAMETER)
{
	TOTAL(&self->m) = 42;
	EXPECT_EQ(S_PARAMETER, REPLY());
	TOTAL(&self->m) = -1;
	EXPECT_EQ(S_PARAMETER, REPLY());
	TOTAL(&self->m) = 344;
	EXPECT_EQ(S_TOO_LONG, REPLY());
	TOTAL(&self->m) = 43;
}

TEST_F(reply, an_unknown_id_is_MISMATCH)
{
	self->m.h.MessageId++;
	EXPECT_EQ(S_MISMATCH, REPLY());
	self->m.h.MessageId -= 2;
	EXPECT_EQ(S_MISMATCH, REPLY());
	self->m.h.MessageId++;
}

TEST_F(reply, no_such_thread_is_INVALID_CID)
{
	self->m.h.ClientId.UniqueThread = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, REPLY());
	self->m.h.ClientId.UniqueThread = NULL;
	EXPECT_EQ(S_CID, REPLY());
	self->m.h.ClientId.UniqueThread = (HANDLE)(1ull << 40);
	EXPECT_EQ(S_CID, REPLY());
	self->m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)self->r.tid;
	self->m.h.ClientId.UniqueProcess = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, REPLY());
	self->m.h.ClientId.UniqueProcess = (HANDLE)(uintptr_t)getpid();
}

TEST_F(reply, a_thread_that_does_not_wait_is_MISMATCH)
{
	self->m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
	EXPECT_EQ(S_MISMATCH, REPLY());
	self->m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)self->r.tid;
}

TEST_F(reply, a_callback_id_that_the_request_has_not_is_MISMATCH)
{
	self->m.h.CallbackId = 5;
	EXPECT_EQ(S_MISMATCH, REPLY());
	self->m.h.CallbackId = 0;
}

TEST_F(reply, only_client_id_and_message_id_and_lengths_count)
{
	struct nt_msg m = { 0 };

	m.h.ClientId = self->m.h.ClientId;
	m.h.MessageId = self->m.h.MessageId;
	TOTAL(&m) = 40;
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	answered(&self->r, &self->l, &self->m);
}

TEST_F(reply, any_type_is_forced_to_LPC_REPLY)
{
	static const int types[] = { 0, 2, 3, 5, 6, 7, 8, 9, 10, -1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		TYPE(&self->m) = types[i];
		ASSERT_EQ(S_OK, REPLY());
		EXPECT_EQ(types[i], TYPE(&self->m));
		ASSERT_EQ(S_OK, nt_request_end(&self->r));
		EXPECT_EQ(LPC_REPLY, TYPE(&self->r.reply));
		nt_request(&self->r, self->l.client, "ask", 3);
		ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
	}
}

TEST_F(reply, the_repliers_buffer_is_left_as_it_is)
{
	struct nt_msg before = self->m;

	ASSERT_EQ(S_OK, REPLY());
	EXPECT_EQ(LPC_REQUEST, TYPE(&self->m));
	EXPECT_EQ(0, memcmp(&before, &self->m, sizeof(before)));
	answered(&self->r, &self->l, &self->m);
}

TEST_F(reply, a_second_reply_is_MISMATCH)
{
	ASSERT_EQ(S_OK, REPLY());
	EXPECT_EQ(S_MISMATCH, ({
		struct nt_msg m = self->m;

		/* Its thread is there: it is this one that it names. */
		m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
		NtReplyPort(self->l.port, &m.h);
	}));
	nt_request_end(&self->r);
	/* Now its thread goes. */
	EXPECT_TRUE(UNTIL(REPLY() == S_CID));
	nt_request(&self->r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
}

TEST_F(reply, the_server_end_answers_too)
{
	EXPECT_EQ(S_OK, NtReplyPort(self->l.server, &self->m.h));
	answered(&self->r, &self->l, &self->m);
}

/* Deviation: in NT one may answer oneself. */
TEST_F(reply, the_callers_own_end_is_MISMATCH)
{
	EXPECT_EQ(S_MISMATCH, NtReplyPort(self->l.client, &self->m.h));
}

TEST_F(reply, another_connections_server_end_is_MISMATCH)
{
	HANDLE client, server;

	ASSERT_EQ(S_OK, nt_link_connect(&self->l, &client, &server, NULL));
	EXPECT_EQ(S_MISMATCH, NtReplyPort(server, &self->m.h));
	EXPECT_EQ(S_MISMATCH, NtReplyPort(client, &self->m.h));
}

TEST_F(reply, another_port_is_MISMATCH)
{
	struct nt_link other;

	ASSERT_EQ(S_OK, nt_link_make(&other, NULL));
	EXPECT_EQ(S_MISMATCH, NtReplyPort(other.port, &self->m.h));
	EXPECT_EQ(S_MISMATCH, NtReplyPort(other.server, &self->m.h));
	EXPECT_EQ(S_MISMATCH, NtReplyPort(other.client, &self->m.h));
}

TEST_F(reply, a_foreign_process_that_guesses_all_of_it_is_MISMATCH)
{
	struct nt_link other;
	pid_t pid = fork_child();

	if (!pid) {
		must_be(S_OK, nt_link_make(&other, NULL));
		must_be(S_MISMATCH, NtReplyPort(other.port, &self->m.h));
		must_be(S_MISMATCH, NtReplyPort(other.client, &self->m.h));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(reply, a_connection_request_is_MISMATCH_with_every_type)
{
	struct nt_connector c = { 0 };
	struct nt_msg m;
	int type;

	nt_connector_start(&c, &self->l.name);
	ASSERT_EQ(S_OK, NtListenPort(self->l.port, &m.h));
	for (type = -1; type < 16; type++) {
		TYPE(&m) = type;
		EXPECT_EQ(S_MISMATCH, NtReplyPort(self->l.port, &m.h));
		EXPECT_EQ(S_MISMATCH, NtReplyPort(self->l.server, &m.h));
	}
	EXPECT_FALSE(c.done);
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&self->l.server, NULL, &m.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
}

TEST_F(reply, a_datagram_is_MISMATCH)
{
	struct nt_msg m;

	nt_set(&m, 0, "", 0);
	ASSERT_EQ(S_OK, NtRequestPort(self->l.client, &m.h));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_EQ(S_MISMATCH, NtReplyPort(self->l.port, &m.h));
}

TEST_F(reply, a_request_that_nobody_has_received_is_MISMATCH)
{
	struct nt_requester r = { 0 };
	struct nt_msg m = self->m, got;

	nt_request(&r, self->l.client, "next", 4);
	ASSERT_TRUE(UNTIL(r.tid) && until_ioctl(r.tid, LPC_IOC_CALL_SPLIT));
	m.h.MessageId++;
	m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)r.tid;
	EXPECT_EQ(S_MISMATCH, NtReplyPort(self->l.port, &m.h));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &got));
	EXPECT_EQ(m.h.MessageId, got.h.MessageId);
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
}

TEST_F(reply, a_caller_that_was_killed_is_INVALID_CID)
{
	struct nt_msg m;
	pid_t pid;

	pid = fork_child();
	if (!pid) {
		struct nt_connector c = { .name = &self->l.name };

		must_be(S_OK, nt_connect(&c));
		nt_set(&m, 0, "x", 1);
		NtRequestWaitReplyPort(c.h, &m.h, &m.h);
		_exit(1);
	}
	ASSERT_EQ(S_OK, nt_accept(self->l.port, &self->l.server, NULL));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	kill_reap(pid);
	EXPECT_EQ(S_CID, NtReplyPort(self->l.port, &m.h));
}

/* ---- with a receive part ------------------------------------------------------------ */

TEST_F(reply, reply_and_receive_in_one)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;

	nt_request(&r, self->l.client, "next", 4);
	ASSERT_EQ(S_OK, NtReplyWaitReceivePort(self->l.port, NULL, &self->m.h, &m.h));
	EXPECT_TRUE(nt_is(&m, LPC_REQUEST, "next", 4));
	EXPECT_EQ(S_OK, nt_request_end(&self->r));
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
	nt_request(&self->r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
}

TEST_F(reply, one_buffer_for_both_will_do)
{
	struct nt_requester r = { 0 };
	struct nt_msg *m = &self->m;

	nt_request(&r, self->l.client, "next", 4);
	ASSERT_EQ(S_OK, NtReplyWaitReceivePort(self->l.port, NULL, &m->h, &m->h));
	EXPECT_TRUE(nt_is(m, LPC_REQUEST, "next", 4));
	EXPECT_EQ(S_OK, nt_request_end(&self->r));
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m->h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
	nt_request(&self->r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, m));
}

TEST_F(reply, a_failed_reply_receives_nothing)
{
	struct nt_msg bad = self->m, m;

	nt_set(&m, 0, "kept", 4);
	ASSERT_EQ(S_OK, NtRequestPort(self->l.client, &m.h));
	bad.h.MessageId++;
	EXPECT_EQ(S_MISMATCH, NtReplyWaitReceivePort(self->l.port, NULL, &bad.h, &m.h));
	bad.h.MessageId = 0;
	EXPECT_EQ(S_PARAMETER, NtReplyWaitReceivePort(self->l.port, NULL, &bad.h, &m.h));
	bad = self->m;
	bad.h.ClientId.UniqueThread = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, NtReplyWaitReceivePort(self->l.port, NULL, &bad.h, &m.h));
	EXPECT_EQ(S_OK, nt_peek(self->l.port, &m));
	EXPECT_TRUE(nt_is(&m, LPC_DATAGRAM, "kept", 4));
}

TEST_F(reply, bad_memory_to_receive_into_is_said_before_the_reply)
{
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, NULL, &self->m.h, NULL));
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, NULL, &self->m.h, nt_bad()));
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, nt_bad(), &self->m.h, &self->m.h));
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, NULL, nt_bad(), &self->m.h));
	EXPECT_FALSE(self->r.done);
}

TEST_F(reply, a_timeout_comes_after_the_reply_was_delivered)
{
	LARGE_INTEGER t = { .QuadPart = 0 };
	struct nt_msg m;

	EXPECT_EQ(S_TIMEOUT, NtReplyWaitReceivePortEx(self->l.port, NULL, &self->m.h, &m.h, &t));
	EXPECT_EQ(S_OK, nt_request_end(&self->r));
	nt_request(&self->r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
	EXPECT_EQ(S_TIMEOUT, NtReplyWaitReceivePortEx(self->l.port, NULL, &self->m.h, &m.h,
						      nt_ms(&t, 10)));
	EXPECT_EQ(S_OK, nt_request_end(&self->r));
	nt_request(&self->r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
}

TEST_F(reply, another_thread_may_answer_what_one_received)
{
	pid_t me = get_tid();

	EXPECT_NE(me, self->r.tid);
	EXPECT_EQ(S_OK, REPLY());
	EXPECT_EQ(S_OK, nt_request_end(&self->r));
	EXPECT_EQ(me, TID(&self->r.reply));
	nt_request(&self->r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
}

TEST_HARNESS_MAIN
