// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_request.c - NtRequestPort, NtRequestWaitReplyPort, NtReplyWaitReceivePort(Ex):
 * headers, lengths, routing, bad memory
 */
#include "common_nt.h"

FIXTURE(request) {
	struct nt_link l;
	struct nt_msg m;
	HANDLE pair;
};

FIXTURE_SETUP(request)
{
	ASSERT_EQ(S_OK, nt_link_make(&self->l, (void *)0x1234));
	ASSERT_EQ(S_OK, NtCreateEventPair(&self->pair, 0, NULL));
	nt_set(&self->m, 0, "hello", 5);
}

FIXTURE_TEARDOWN(request)
{
	NtClose(self->l.client);
	NtClose(self->l.server);
	NtClose(self->l.port);
}

#define SEND()	NtRequestPort(self->l.client, &self->m.h)
#define CALL(reply) NtRequestWaitReplyPort(self->l.client, &self->m.h, reply)

/* ---- datagrams ------------------------------------------------------------------ */

TEST_F(request, a_datagram_comes_whole)
{
	PVOID context;
	struct nt_msg m;

	ASSERT_EQ(S_OK, SEND());
	ASSERT_EQ(S_OK, nt_recv(self->l.port, &context, &m));
	EXPECT_TRUE(nt_is(&m, LPC_DATAGRAM, "hello", 5));
	EXPECT_EQ(45, TOTAL(&m));
	EXPECT_EQ(getpid(), PID(&m));
	EXPECT_EQ(get_tid(), TID(&m));
	EXPECT_NE(0, m.h.MessageId);
	EXPECT_EQ((PVOID)0x1234, context);
}

TEST_F(request, the_senders_buffer_is_not_written_back)
{
	struct nt_msg before = self->m;

	ASSERT_EQ(S_OK, SEND());
	EXPECT_EQ(0, TYPE(&self->m));
	EXPECT_EQ(0, memcmp(&before, &self->m, sizeof(before)));
}

TEST_F(request, data_is_copied_when_it_is_sent)
{
	struct nt_msg m;

	ASSERT_EQ(S_OK, SEND());
	memcpy(self->m.data, "later", 5);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_TRUE(nt_is(&m, LPC_DATAGRAM, "hello", 5));
}

/* Deviation: NT rounds to 4 and takes up to three bytes more along. */
TEST_F(request, no_byte_behind_the_data_travels)
{
	struct nt_msg m;

	memcpy(self->m.data, "hello???", 8);
	ASSERT_EQ(S_OK, SEND());
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_TRUE(is_poison(m.data + 5, 100));
}

TEST_F(request, ids_of_two_that_follow_differ_by_1)
{
	struct nt_msg a, b;

	ASSERT_EQ(S_OK, SEND());
	ASSERT_EQ(S_OK, SEND());
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &a));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &b));
	EXPECT_EQ(a.h.MessageId + 1, b.h.MessageId);
}

TEST_F(request, they_come_in_the_order_sent)
{
	struct nt_msg m;
	int i;

	for (i = 0; i < 20; i++) {
		self->m.data[0] = i;
		ASSERT_EQ(S_OK, SEND());
	}
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
		EXPECT_EQ(i, m.data[0]);
	}
}

TEST_F(request, a_type_is_set_and_never_ored)
{
	static const int types[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 0x4000, -0x8000 };
	struct nt_msg m;
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		TYPE(&self->m) = types[i];
		ASSERT_EQ(S_OK, SEND());
		ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
		EXPECT_EQ(LPC_DATAGRAM, TYPE(&m));
	}
}

TEST_F(request, a_data_info_offset_in_a_datagram_is_INVALID_PARAMETER)
{
	INFO(&self->m) = 40;
	EXPECT_EQ(S_PARAMETER, SEND());
}

TEST_F(request, from_the_server_end_it_goes_to_the_clients_own_queue)
{
	struct nt_msg m;
	PVOID context = (PVOID)5;

	ASSERT_EQ(S_OK, NtRequestPort(self->l.server, &self->m.h));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &m));
	ASSERT_EQ(S_OK, nt_recv(self->l.client, &context, &m));
	EXPECT_TRUE(nt_is(&m, LPC_DATAGRAM, "hello", 5));
	EXPECT_EQ(NULL, context);
}

TEST_F(request, from_the_connection_port_it_goes_to_itself_with_context_0)
{
	struct nt_msg m;
	PVOID context = (PVOID)5;

	ASSERT_EQ(S_OK, NtRequestPort(self->l.port, &self->m.h));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, &context, &m));
	EXPECT_EQ(NULL, context);
}

TEST_F(request, any_server_end_receives_from_all_clients)
{
	HANDLE client, server;
	struct nt_msg m;
	PVOID context;

	ASSERT_EQ(S_OK, nt_link_connect(&self->l, &client, &server, (PVOID)0x77));
	ASSERT_EQ(S_OK, SEND());
	ASSERT_EQ(S_OK, NtRequestPort(client, &self->m.h));
	ASSERT_EQ(S_OK, nt_recv(server, &context, &m));
	EXPECT_EQ((PVOID)0x1234, context);
	ASSERT_EQ(S_OK, nt_recv(self->l.server, &context, &m));
	EXPECT_EQ((PVOID)0x77, context);
}

TEST_F(request, after_the_peer_has_gone_it_is_PORT_DISCONNECTED)
{
	ASSERT_EQ(S_OK, NtClose(self->l.server));
	EXPECT_EQ(S_DISCONNECTED, SEND());
	EXPECT_EQ(S_DISCONNECTED, CALL(&self->m.h));
}

TEST_F(request, too_many_datagrams_are_INSUFFICIENT_RESOURCES)
{
	long max = sysctl_get("datagrams"), i;

	for (i = 0; i < max; i++)
		ASSERT_EQ(S_OK, SEND());
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, SEND());
}

/* ---- lengths, for both calls --------------------------------------------------------- */

TEST_F(request, a_total_shorter_than_header_and_data_is_INVALID_PARAMETER)
{
	TOTAL(&self->m) = 44;
	EXPECT_EQ(S_PARAMETER, SEND());
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
	TOTAL(&self->m) = 0;
	EXPECT_EQ(S_PARAMETER, SEND());
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
}

TEST_F(request, negative_lengths_are_INVALID_PARAMETER)
{
	TOTAL(&self->m) = -1;
	EXPECT_EQ(S_PARAMETER, SEND());
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
	TOTAL(&self->m) = 45;
	LENGTH(&self->m) = -1;
	EXPECT_EQ(S_PARAMETER, SEND());
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
	LENGTH(&self->m) = -0x8000;
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
}

TEST_F(request, lengths_come_before_the_handle)
{
	TOTAL(&self->m) = 44;
	EXPECT_EQ(S_PARAMETER, NtRequestPort(NULL, &self->m.h));
	EXPECT_EQ(S_PARAMETER, NtRequestWaitReplyPort(NULL, &self->m.h, &self->m.h));
	EXPECT_EQ(S_PARAMETER, NtReplyPort(NULL, &self->m.h));
	EXPECT_EQ(S_PARAMETER, NtReplyWaitReplyPort(NULL, &self->m.h));
	EXPECT_EQ(S_PARAMETER, NtReplyWaitReceivePort(NULL, NULL, &self->m.h, &self->m.h));
	EXPECT_EQ(S_AV, NtRequestPort(NULL, NULL));
}

TEST_F(request, the_handle_comes_before_the_ports_limit)
{
	TOTAL(&self->m) = 0x7fff;
	EXPECT_EQ(S_HANDLE, NtRequestPort(NULL, &self->m.h));
	EXPECT_EQ(S_TYPE, NtRequestPort(self->pair, &self->m.h));
	EXPECT_EQ(S_TOO_LONG, SEND());
}

TEST_F(request, a_total_above_the_ports_limit_is_MESSAGE_TOO_LONG)
{
	TOTAL(&self->m) = 344;
	EXPECT_EQ(S_TOO_LONG, SEND());
	EXPECT_EQ(S_TOO_LONG, CALL(&self->m.h));
	TOTAL(&self->m) = 343;
	EXPECT_EQ(S_OK, SEND());
}

TEST_F(request, inconsistent_comes_before_too_long)
{
	TOTAL(&self->m) = 400;
	LENGTH(&self->m) = 361;
	EXPECT_EQ(S_PARAMETER, SEND());
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
}

TEST_F(request, the_limit_is_what_the_port_was_made_with)
{
	struct nt_link l;

	nt_name_unique(&l.name);
	ASSERT_EQ(S_OK, NtCreatePort(&l.port, &l.name.a, 0, 60, 0));
	ASSERT_EQ(S_OK, nt_link_connect(&l, &l.client, &l.server, NULL));
	nt_set(&self->m, 0, "12345678901234567890", 20);
	EXPECT_EQ(S_OK, NtRequestPort(l.client, &self->m.h));
	EXPECT_EQ(S_OK, NtRequestPort(l.server, &self->m.h));
	nt_set(&self->m, 0, "123456789012345678901", 21);
	EXPECT_EQ(S_TOO_LONG, NtRequestPort(l.client, &self->m.h));
	EXPECT_EQ(S_TOO_LONG, NtRequestPort(l.server, &self->m.h));
}

/* Deviation: a port without any payload does not exist. */
TEST_F(request, a_port_for_headers_alone_takes_one_byte)
{
	struct nt_link l;

	nt_name_unique(&l.name);
	ASSERT_EQ(S_OK, NtCreatePort(&l.port, &l.name.a, 0, 0, 0));
	ASSERT_EQ(S_OK, nt_link_connect(&l, &l.client, &l.server, NULL));
	EXPECT_EQ(41, l.max);
	nt_set(&self->m, 0, "1", 1);
	EXPECT_EQ(S_OK, NtRequestPort(l.client, &self->m.h));
	nt_set(&self->m, 0, "12", 2);
	EXPECT_EQ(S_TOO_LONG, NtRequestPort(l.client, &self->m.h));
}

TEST_F(request, a_total_may_be_more_and_is_seen)
{
	struct nt_msg m;

	TOTAL(&self->m) = 0x78;
	ASSERT_EQ(S_OK, SEND());
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_EQ(0x78, TOTAL(&m));
	EXPECT_EQ(5, LENGTH(&m));
}

TEST_F(request, every_length_up_to_303_travels)
{
	struct nt_msg m;
	char data[303];
	int i;

	for (i = 0; i < 303; i++)
		data[i] = i * 3 + 1;
	for (i = 0; i <= 303; i++) {
		nt_set(&self->m, 0, data, i);
		ASSERT_EQ(S_OK, SEND());
		ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
		ASSERT_TRUE(nt_is(&m, LPC_DATAGRAM, data, i));
		ASSERT_TRUE(is_poison(m.data + i, sizeof(m.data) - i));
	}
}

/* ---- NtRequestWaitReplyPort -------------------------------------------------------------- */

TEST_F(request, a_request_and_its_reply)
{
	struct nt_requester r = { 0 };
	PVOID context;
	struct nt_msg m;
	ULONG id;

	nt_request(&r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, &context, &m));
	EXPECT_TRUE(nt_is(&m, LPC_REQUEST, "ask", 3));
	EXPECT_EQ((PVOID)0x1234, context);
	EXPECT_EQ(r.tid, TID(&m));
	EXPECT_EQ(getpid(), PID(&m));
	id = m.h.MessageId;
	memcpy(m.data, "answer", 6);
	LENGTH(&m) = 6;
	TOTAL(&m) = 46;
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	EXPECT_EQ(LPC_REQUEST, TYPE(&m));
	ASSERT_EQ(S_OK, nt_request_end(&r));
	EXPECT_TRUE(nt_is(&r.reply, LPC_REPLY, "answer", 6));
	EXPECT_EQ(46, TOTAL(&r.reply));
	EXPECT_EQ(id, r.reply.h.MessageId);
	EXPECT_EQ(get_tid(), TID(&r.reply));
	EXPECT_EQ(0, TYPE(&r.request));
	EXPECT_EQ(0, r.request.h.MessageId);
}

TEST_F(request, one_buffer_for_both_will_do)
{
	struct nt_requester r = { .reply_at = &r.request };
	struct nt_msg m;

	nt_request(&r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	ASSERT_EQ(S_OK, nt_request_end(&r));
	EXPECT_TRUE(nt_is(&r.request, LPC_REPLY, "ask", 3));
}

TEST_F(request, other_types_are_INVALID_PARAMETER)
{
	int type;

	for (type = 2; type < 16; type++) {
		TYPE(&self->m) = type;
		EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
	}
	TYPE(&self->m) = 0x100;
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
	TYPE(&self->m) = -0x8000;
	EXPECT_EQ(S_PARAMETER, CALL(&self->m.h));
}

TEST_F(request, no_impersonate_may_be_added)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;

	nt_request(&r, self->l.client, "", 0);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	ASSERT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	ASSERT_EQ(S_OK, nt_request_end(&r));
	nt_set(&self->m, LPC_NT_NO_IMPERSONATE, "", 0);
	ASSERT_EQ(S_OK, NtClose(self->l.server));
	EXPECT_EQ(S_DISCONNECTED, CALL(&self->m.h));
}

TEST_F(request, null_is_ACCESS_VIOLATION_and_nothing_is_sent)
{
	struct nt_msg m;

	EXPECT_EQ(S_AV, NtRequestPort(self->l.client, NULL));
	EXPECT_EQ(S_AV, NtRequestWaitReplyPort(self->l.client, NULL, &m.h));
	EXPECT_EQ(S_AV, CALL(NULL));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &m));
}

TEST_F(request, bad_memory_is_ACCESS_VIOLATION_and_nothing_is_sent)
{
	char *end = nt_bad();
	struct nt_msg m;

	EXPECT_EQ(S_AV, NtRequestPort(self->l.client, (PPORT_MESSAGE)end));
	EXPECT_EQ(S_AV, CALL((PPORT_MESSAGE)end));
	EXPECT_EQ(S_AV, CALL(nt_readonly()));
	/* The header is there, the data is not. */
	memcpy(end - 40, &self->m, 40);
	EXPECT_EQ(S_AV, NtRequestPort(self->l.client, (PPORT_MESSAGE)(end - 40)));
	EXPECT_EQ(S_AV, NtRequestWaitReplyPort(self->l.client, (PPORT_MESSAGE)(end - 40), &m.h));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &m));
}

TEST_F(request, misaligned_is_DATATYPE_MISALIGNMENT)
{
	struct nt_msg m;

	EXPECT_EQ(S_ALIGN, NtRequestPort(self->l.client, (PPORT_MESSAGE)1));
	EXPECT_EQ(S_ALIGN, NtRequestPort(self->l.client, (PPORT_MESSAGE)((char *)&self->m + 2)));
	EXPECT_EQ(S_ALIGN, NtRequestWaitReplyPort(self->l.client, (PPORT_MESSAGE)3, &m.h));
	EXPECT_EQ(S_ALIGN, CALL((PPORT_MESSAGE)1));
	EXPECT_EQ(S_ALIGN, NtReplyPort(self->l.port, (PPORT_MESSAGE)1));
	EXPECT_EQ(S_ALIGN, NtReplyWaitReplyPort(self->l.client, (PPORT_MESSAGE)1));
	EXPECT_EQ(S_ALIGN, NtReplyWaitReceivePort(self->l.port, NULL, NULL, (PPORT_MESSAGE)1));
	EXPECT_EQ(S_ALIGN, NtReplyWaitReceivePort(self->l.port, NULL, (PPORT_MESSAGE)1, &m.h));
	EXPECT_EQ(S_ALIGN, NtReplyWaitReceivePort(self->l.port, (PVOID *)1, NULL, &m.h));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &m));
}

TEST_F(request, the_replys_memory_goes_and_its_replier_has_SUCCESS)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct nt_requester r = { .reply_at = page };
	struct nt_msg m;

	nt_request(&r, self->l.client, "ask", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	ASSERT_EQ(0, munmap(page, 4096));
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	EXPECT_EQ(S_AV, nt_request_end(&r));
}

TEST_F(request, a_callers_view_size_and_callback_id_are_not_seen)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;

	nt_set(&r.request, 0, "x", 1);
	r.request.h.ClientViewSize = ~0ull;
	r.request.h.MessageId = 99;
	r.h = self->l.client;
	pthread_create(&r.thread, NULL, nt_requester_thread, &r);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_EQ(0, m.h.ClientViewSize);
	EXPECT_NE(99, m.h.MessageId);
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
}

TEST_F(request, a_shared_handle_brings_each_thread_its_own_reply)
{
	struct nt_requester r[4] = { 0 };
	struct nt_msg m[4];
	int i;

	for (i = 0; i < 4; i++) {
		char c = '0' + i;

		nt_request(&r[i], self->l.client, &c, 1);
		ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m[i]));
	}
	for (i = 3; i >= 0; i--)
		EXPECT_EQ(S_OK, NtReplyPort(self->l.server, &m[i].h));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(S_OK, nt_request_end(&r[i]));
		EXPECT_EQ('0' + i, r[i].reply.data[0]);
	}
}

TEST_F(request, a_request_of_the_server_goes_to_the_client)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;

	nt_request(&r, self->l.server, "you", 3);
	ASSERT_EQ(S_OK, nt_recv(self->l.client, NULL, &m));
	EXPECT_TRUE(nt_is(&m, LPC_REQUEST, "you", 3));
	EXPECT_EQ(S_OK, NtReplyPort(self->l.client, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
}

TEST_F(request, a_request_on_the_connection_port_is_answered_there)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;

	nt_request(&r, self->l.port, "me", 2);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
}

static atomic_int handled;

static void on_signal(int sig)
{
	handled++;
}

/* Deviation: a handler runs meanwhile. */
TEST_F(request, a_wait_goes_on_after_a_signals_handler)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct nt_requester r = { 0 };
	struct nt_msg m;
	int i;

	sigaction(SIGUSR1, &sa, NULL);
	nt_request(&r, self->l.client, "ask", 3);
	ASSERT_TRUE(UNTIL(r.tid) && until_ioctl(r.tid, LPC_IOC_CALL_SPLIT));
	pthread_kill(r.thread, SIGUSR1);
	ASSERT_TRUE(UNTIL(handled == 1));
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &m));
	for (i = 2; i < 5; i++) {
		ASSERT_TRUE(until_ioctl(r.tid, LPC_IOC_CALL_SPLIT));
		pthread_kill(r.thread, SIGUSR1);
		ASSERT_TRUE(UNTIL(handled == i));
	}
	EXPECT_FALSE(r.done);
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &m));
}

/* ---- NtReplyWaitReceivePort ---------------------------------------------------------------- */

TEST_F(request, receiving_to_null_is_ACCESS_VIOLATION_and_loses_nothing)
{
	struct nt_msg m;

	ASSERT_EQ(S_OK, SEND());
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, NULL, NULL, NULL));
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, NULL, NULL, nt_bad()));
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, NULL, NULL, nt_readonly()));
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, nt_bad(), NULL, &m.h));
	EXPECT_EQ(S_OK, nt_peek(self->l.port, &m));
}

/* Deviation: in NT a buffer too short loses the message. */
TEST_F(request, a_buffer_too_short_loses_nothing)
{
	char *end = nt_bad();
	struct nt_msg m;

	ASSERT_EQ(S_OK, SEND());
	EXPECT_EQ(S_AV, NtReplyWaitReceivePort(self->l.port, NULL, NULL,
					       (PPORT_MESSAGE)(end - 44)));
	EXPECT_EQ(S_OK, nt_peek(self->l.port, &m));
}

TEST_F(request, a_timeout_of_0_polls)
{
	struct nt_msg m;

	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &m));
	ASSERT_EQ(S_OK, SEND());
	EXPECT_EQ(S_OK, nt_peek(self->l.port, &m));
}

TEST_F(request, a_timeout_is_waited_for)
{
	LARGE_INTEGER t;
	struct nt_msg m;
	uint64_t t0 = now_ns();

	EXPECT_EQ(S_TIMEOUT, NtReplyWaitReceivePortEx(self->l.port, NULL, NULL, &m.h,
						      nt_ms(&t, 30)));
	EXPECT_LE(30, ms_since(t0));
	EXPECT_EQ(S_AV, NtReplyWaitReceivePortEx(self->l.port, NULL, NULL, &m.h, nt_bad()));
	EXPECT_EQ(S_ALIGN, NtReplyWaitReceivePortEx(self->l.port, NULL, NULL, &m.h,
						    (PLARGE_INTEGER)1));
}

TEST_F(request, bad_handles_are_a_status_each)
{
	struct nt_msg m;

	EXPECT_EQ(S_HANDLE, NtReplyWaitReceivePort(NULL, NULL, NULL, &m.h));
	EXPECT_EQ(S_TYPE, NtReplyWaitReceivePort(self->pair, NULL, NULL, &m.h));
	EXPECT_EQ(S_HANDLE, NtRequestWaitReplyPort(NULL, &self->m.h, &m.h));
	EXPECT_EQ(S_TYPE, NtRequestWaitReplyPort(self->pair, &self->m.h, &m.h));
	EXPECT_EQ(S_HANDLE, NtReplyPort(NULL, &self->m.h));
	EXPECT_EQ(S_TYPE, NtReplyPort(self->pair, &self->m.h));
	EXPECT_EQ(S_HANDLE, NtReplyWaitReplyPort(NULL, &self->m.h));
	EXPECT_EQ(S_TYPE, NtReplyWaitReplyPort(self->pair, &self->m.h));
	EXPECT_EQ(S_HANDLE, NtRegisterThreadTerminatePort(NULL));
	EXPECT_EQ(S_TYPE, NtRegisterThreadTerminatePort(self->pair));
}

TEST_F(request, too_many_requests_are_INSUFFICIENT_RESOURCES)
{
	long old = sysctl_get("calls");

	ASSERT_EQ(0, sysctl_set("calls", 0));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, CALL(&self->m.h));
	sysctl_set("calls", old);
}

TEST_HARNESS_MAIN
