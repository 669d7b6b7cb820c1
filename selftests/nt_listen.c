// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_listen.c - NtListenPort, NtAcceptConnectPort, NtCompleteConnectPort
 */
#include "common_nt.h"

FIXTURE(listen) {
	struct nt_name name;
	HANDLE port, server, pair;
	struct nt_connector c;
	struct nt_msg m;
};

FIXTURE_SETUP(listen)
{
	nt_name_unique(&self->name);
	ASSERT_EQ(S_OK, nt_port(&self->port, &self->name));
	ASSERT_EQ(S_OK, NtCreateEventPair(&self->pair, 0, NULL));
	nt_connector_start(&self->c, &self->name);
}

/* Whatever was tried the request has stayed answerable, or been answered. */
FIXTURE_TEARDOWN(listen)
{
	NtClose(self->port);
	if (self->server)
		NtClose(self->server);
	nt_connector_end(&self->c);
}

#define LISTEN() ASSERT_EQ(S_OK, NtListenPort(self->port, &self->m.h))
#define ACCEPT() NtAcceptConnectPort(&self->server, NULL, &self->m.h, TRUE, NULL, NULL)
#define REFUSE() NtAcceptConnectPort(&self->server, NULL, &self->m.h, FALSE, NULL, NULL)

/* ---- NtListenPort --------------------------------------------------------------- */

TEST_F(listen, null_is_ACCESS_VIOLATION_and_the_request_is_not_lost)
{
	EXPECT_EQ(S_AV, NtListenPort(self->port, NULL));
	LISTEN();
	EXPECT_EQ(LPC_CONNECTION_REQUEST, TYPE(&self->m));
}

TEST_F(listen, address_1_is_DATATYPE_MISALIGNMENT_and_the_request_is_not_lost)
{
	EXPECT_EQ(S_ALIGN, NtListenPort(self->port, (PPORT_MESSAGE)1));
	LISTEN();
}

TEST_F(listen, address_4_is_ACCESS_VIOLATION_and_the_request_is_not_lost)
{
	EXPECT_EQ(S_AV, NtListenPort(self->port, (PPORT_MESSAGE)4));
	LISTEN();
}

TEST_F(listen, memory_that_ends_within_is_ACCESS_VIOLATION_and_nothing_is_lost)
{
	char *end = nt_bad();

	EXPECT_EQ(S_AV, NtListenPort(self->port, (PPORT_MESSAGE)(end - 8)));
	EXPECT_EQ(S_AV, NtListenPort(self->port, nt_readonly()));
	LISTEN();
}

TEST_F(listen, a_bad_handle_is_a_status)
{
	EXPECT_EQ(S_HANDLE, NtListenPort(NULL, &self->m.h));
	EXPECT_EQ(S_TYPE, NtListenPort(self->pair, &self->m.h));
	LISTEN();
}

TEST_F(listen, other_messages_are_left_where_they_are)
{
	struct nt_msg m;

	nt_set(&m, 0, "first", 5);
	ASSERT_EQ(S_OK, NtRequestPort(self->port, &m.h));
	LISTEN();
	EXPECT_EQ(LPC_CONNECTION_REQUEST, TYPE(&self->m));
	ASSERT_EQ(S_OK, nt_recv(self->port, NULL, &m));
	EXPECT_TRUE(nt_is(&m, LPC_DATAGRAM, "first", 5));
}

TEST_F(listen, a_request_says_who_asks_and_how_much)
{
	LISTEN();
	EXPECT_EQ(getpid(), PID(&self->m));
	EXPECT_EQ(self->c.tid, TID(&self->m));
	EXPECT_NE(0, self->m.h.MessageId);
	EXPECT_EQ(0, self->m.h.ClientViewSize);
	EXPECT_EQ(0, LENGTH(&self->m));
	EXPECT_EQ(sizeof(PORT_MESSAGE), TOTAL(&self->m));
	EXPECT_EQ(0, INFO(&self->m));
}

TEST_F(listen, a_receive_gets_the_request_too_with_context_0)
{
	PVOID context = (PVOID)9;

	ASSERT_EQ(S_OK, nt_recv(self->port, &context, &self->m));
	EXPECT_EQ(LPC_CONNECTION_REQUEST, TYPE(&self->m));
	EXPECT_EQ(NULL, context);
	EXPECT_EQ(S_OK, REFUSE());
}

TEST_F(listen, a_server_end_listens_for_all_and_a_client_for_none)
{
	struct nt_link l = { .name = self->name, .port = self->port };
	struct nt_connector c = { 0 };

	LISTEN();
	ASSERT_EQ(S_OK, REFUSE());
	ASSERT_EQ(S_OK, nt_link_connect(&l, &l.client, &l.server, NULL));
	nt_connector_start(&c, &self->name);
	EXPECT_EQ(S_OK, NtListenPort(l.server, &self->m.h));
	EXPECT_EQ(S_PORT_HANDLE, NtListenPort(l.client, &self->m.h));
	EXPECT_EQ(S_OK, REFUSE());
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
}

/* ---- NtAcceptConnectPort ------------------------------------------------------------ */

TEST_F(listen, only_client_id_and_message_id_count)
{
	struct nt_msg m = { 0 };

	LISTEN();
	m.h.ClientId = self->m.h.ClientId;
	m.h.MessageId = self->m.h.MessageId;
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&self->server, NULL, &m.h, TRUE, NULL, NULL));
	EXPECT_EQ(S_OK, NtCompleteConnectPort(self->server));
}

TEST_F(listen, the_callers_request_is_left_as_it_is)
{
	struct nt_msg before;

	LISTEN();
	before = self->m;
	ASSERT_EQ(S_OK, ACCEPT());
	EXPECT_EQ(0, memcmp(&before, &self->m, sizeof(before)));
}

TEST_F(listen, no_such_thread_is_INVALID_CID)
{
	HANDLE good;

	LISTEN();
	good = self->m.h.ClientId.UniqueThread;
	self->m.h.ClientId.UniqueThread = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, ACCEPT());
	EXPECT_EQ(S_CID, REFUSE());
	self->m.h.ClientId.UniqueThread = NULL;
	EXPECT_EQ(S_CID, ACCEPT());
	self->m.h.ClientId.UniqueThread = (HANDLE)((uintptr_t)good | 1ull << 32);
	EXPECT_EQ(S_CID, ACCEPT());
	self->m.h.ClientId.UniqueThread = good;
	self->m.h.ClientId.UniqueProcess = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, ACCEPT());
	self->m.h.ClientId.UniqueProcess = (HANDLE)(uintptr_t)getpid();
	EXPECT_EQ(S_OK, REFUSE());
}

TEST_F(listen, a_wrong_message_id_is_MISMATCH)
{
	LISTEN();
	self->m.h.MessageId++;
	EXPECT_EQ(S_MISMATCH, ACCEPT());
	EXPECT_EQ(S_MISMATCH, REFUSE());
	self->m.h.MessageId--;
	EXPECT_EQ(S_OK, REFUSE());
}

TEST_F(listen, message_id_0_is_MISMATCH)
{
	ULONG id;

	LISTEN();
	id = self->m.h.MessageId;
	self->m.h.MessageId = 0;
	EXPECT_EQ(S_MISMATCH, ACCEPT());
	self->m.h.MessageId = id;
	EXPECT_EQ(S_OK, REFUSE());
}

TEST_F(listen, a_thread_that_does_not_connect_is_MISMATCH)
{
	HANDLE good;

	LISTEN();
	good = self->m.h.ClientId.UniqueThread;
	self->m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
	EXPECT_EQ(S_MISMATCH, ACCEPT());
	self->m.h.ClientId.UniqueThread = good;
	EXPECT_EQ(S_OK, REFUSE());
}

TEST_F(listen, a_second_accept_is_MISMATCH)
{
	HANDLE again = (HANDLE)3;

	self->c.stays = true;
	LISTEN();
	ASSERT_EQ(S_OK, ACCEPT());
	EXPECT_EQ(S_MISMATCH, NtAcceptConnectPort(&again, NULL, &self->m.h, TRUE, NULL, NULL));
	EXPECT_EQ(S_MISMATCH, NtAcceptConnectPort(&again, NULL, &self->m.h, FALSE, NULL, NULL));
	EXPECT_EQ((HANDLE)3, again);
	EXPECT_EQ(S_OK, NtCompleteConnectPort(self->server));
	EXPECT_EQ(S_MISMATCH, NtAcceptConnectPort(&again, NULL, &self->m.h, TRUE, NULL, NULL));
}

TEST_F(listen, what_was_refused_cannot_be_accepted)
{
	LISTEN();
	ASSERT_EQ(S_OK, REFUSE());
	EXPECT_NE(S_OK, ACCEPT());
	EXPECT_EQ(S_REFUSED, nt_connector_end(&self->c));
	/* Its thread goes. */
	EXPECT_TRUE(UNTIL(ACCEPT() == S_CID));
	nt_connector_start(&self->c, &self->name);
}

TEST_F(listen, a_null_handle_is_ACCESS_VIOLATION_and_the_request_stays_answerable)
{
	LISTEN();
	EXPECT_EQ(S_AV, NtAcceptConnectPort(NULL, NULL, &self->m.h, TRUE, NULL, NULL));
	EXPECT_EQ(S_AV, NtAcceptConnectPort(NULL, NULL, &self->m.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_AV, NtAcceptConnectPort(nt_readonly(), NULL, &self->m.h, TRUE, NULL, NULL));
	EXPECT_EQ(S_AV, NtAcceptConnectPort(&self->server, NULL, NULL, TRUE, NULL, NULL));
	EXPECT_EQ(S_AV, NtAcceptConnectPort(&self->server, NULL, nt_bad(), TRUE, NULL, NULL));
	EXPECT_EQ(S_OK, ACCEPT());
	EXPECT_EQ(S_OK, NtCompleteConnectPort(self->server));
	EXPECT_EQ(S_OK, nt_connector_end(&self->c));
	nt_connector_start(&self->c, &self->name);
}

TEST_F(listen, answer_data_too_long_is_INVALID_PARAMETER_and_it_stays_answerable)
{
	LISTEN();
	LENGTH(&self->m) = 261;
	EXPECT_EQ(S_PARAMETER, ACCEPT());
	LENGTH(&self->m) = -1;
	EXPECT_EQ(S_PARAMETER, ACCEPT());
	LENGTH(&self->m) = 260;
	EXPECT_EQ(S_OK, ACCEPT());
}

TEST_F(listen, answer_data_beyond_the_ports_limit_is_INVALID_PARAMETER)
{
	struct nt_connector c = { 0 };
	struct nt_name n;
	HANDLE h, server;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreatePort(&h, &n.a, 16, 100, 0));
	nt_connector_start(&c, &n);
	ASSERT_EQ(S_OK, NtListenPort(h, &self->m.h));
	LENGTH(&self->m) = 17;
	EXPECT_EQ(S_PARAMETER, NtAcceptConnectPort(&server, NULL, &self->m.h, TRUE, NULL, NULL));
	LENGTH(&self->m) = 16;
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&server, NULL, &self->m.h, FALSE, NULL, NULL));
	nt_connector_end(&c);
}

TEST_F(listen, refusing_leaves_the_handle)
{
	HANDLE h = (HANDLE)5;

	LISTEN();
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&h, NULL, &self->m.h, FALSE, NULL, NULL));
	EXPECT_EQ((HANDLE)5, h);
}

TEST_F(listen, without_a_context_it_is_the_handles_value)
{
	struct nt_msg m;
	PVOID context;

	LISTEN();
	ASSERT_EQ(S_OK, ACCEPT());
	ASSERT_EQ(S_OK, NtCompleteConnectPort(self->server));
	ASSERT_EQ(S_OK, nt_connector_end(&self->c));
	nt_set(&m, 0, "", 0);
	ASSERT_EQ(S_OK, NtRequestPort(self->c.h, &m.h));
	ASSERT_EQ(S_OK, nt_recv(self->port, &context, &m));
	EXPECT_EQ(self->server, context);
	nt_connector_start(&self->c, &self->name);
}

TEST_F(listen, the_client_sees_what_was_stored_before_complete)
{
	static char byte;

	byte = 0;
	LISTEN();
	ASSERT_EQ(S_OK, ACCEPT());
	EXPECT_TRUE(STAYS(!self->c.done));
	byte = 1;
	ASSERT_EQ(S_OK, NtCompleteConnectPort(self->server));
	EXPECT_EQ(S_OK, nt_connector_end(&self->c));
	EXPECT_EQ(1, byte);
	nt_connector_start(&self->c, &self->name);
}

TEST_F(listen, several_ports_and_the_right_one_is_found)
{
	struct nt_connector c[3] = { 0 };
	HANDLE h[3], server;
	struct nt_name n[3];
	struct nt_msg m[3];
	int i;

	for (i = 0; i < 3; i++) {
		nt_name_unique(&n[i]);
		ASSERT_EQ(S_OK, nt_port(&h[i], &n[i]));
		nt_connector_start(&c[i], &n[i]);
		ASSERT_EQ(S_OK, NtListenPort(h[i], &m[i].h));
	}
	/* Each is the first message of its port. */
	EXPECT_EQ(m[0].h.MessageId, m[1].h.MessageId);
	for (i = 2; i >= 0; i--) {
		LENGTH(&m[i]) = 1;
		m[i].data[0] = '0' + i;
		c[i].with_info = false;
		ASSERT_EQ(S_OK, NtAcceptConnectPort(&server, NULL, &m[i].h, TRUE, NULL, NULL));
		ASSERT_EQ(S_OK, NtCompleteConnectPort(server));
		EXPECT_EQ(S_OK, nt_connector_end(&c[i]));
	}
}

/* Deviation: who holds the port accepts; here a child that made none holds none. */
TEST_F(listen, a_process_without_the_port_cannot_accept)
{
	pid_t pid;

	LISTEN();
	pid = fork_child();
	if (!pid) {
		must_be(S_MISMATCH, ACCEPT());
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(S_OK, REFUSE());
}

/* ---- NtCompleteConnectPort ------------------------------------------------------------ */

TEST_F(listen, complete_of_handle_0_is_INVALID_HANDLE)
{
	EXPECT_EQ(S_HANDLE, NtCompleteConnectPort(NULL));
}

TEST_F(listen, complete_of_the_connection_port_is_INVALID_PORT_HANDLE)
{
	EXPECT_EQ(S_PORT_HANDLE, NtCompleteConnectPort(self->port));
}

TEST_F(listen, complete_of_another_object_is_TYPE_MISMATCH)
{
	EXPECT_EQ(S_TYPE, NtCompleteConnectPort(self->pair));
}

TEST_F(listen, a_second_complete_is_INVALID_PARAMETER)
{
	LISTEN();
	ASSERT_EQ(S_OK, ACCEPT());
	EXPECT_EQ(S_OK, NtCompleteConnectPort(self->server));
	EXPECT_EQ(S_PARAMETER, NtCompleteConnectPort(self->server));
	EXPECT_EQ(S_OK, nt_connector_end(&self->c));
	EXPECT_EQ(S_PARAMETER, NtCompleteConnectPort(self->server));
	EXPECT_EQ(S_PORT_HANDLE, NtCompleteConnectPort(self->c.h));
	nt_connector_start(&self->c, &self->name);
}

TEST_F(listen, complete_of_a_client_that_has_gone_is_SUCCESS)
{
	struct nt_connector c = { .name = &self->name };
	struct nt_msg m;
	HANDLE server;
	pid_t pid;

	LISTEN();
	ASSERT_EQ(S_OK, REFUSE());
	pid = fork_child();
	if (!pid)
		_exit(nt_connect(&c) ? 1 : 0);
	ASSERT_EQ(S_OK, NtListenPort(self->port, &m.h));
	EXPECT_EQ(pid, PID(&m));
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&server, (PVOID)8, &m.h, TRUE, NULL, NULL));
	kill_reap(pid);
	EXPECT_EQ(S_OK, NtCompleteConnectPort(server));
	EXPECT_EQ(S_PARAMETER, NtCompleteConnectPort(server));
}

TEST_F(listen, no_descriptor_left_is_TOO_MANY_OPENED_FILES)
{
	rlim_t old;

	LISTEN();
	old = fds_forbid();
	EXPECT_EQ(STATUS_TOO_MANY_OPENED_FILES, ACCEPT());
	fds_allow(old);
	EXPECT_EQ(S_OK, ACCEPT());
}

TEST_HARNESS_MAIN
