// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_death.c - what is left when a client, a server or a thread goes:
 * PORT_CLOSED, CLIENT_DIED, REPLY_LOST, PORT_DISCONNECTED
 */
#include "common_nt.h"

FIXTURE(death) {
	struct nt_link l;
	struct nt_msg m;
};

FIXTURE_SETUP(death)
{
	ASSERT_EQ(S_OK, nt_link_make(&self->l, (void *)0x55));
}

FIXTURE_TEARDOWN(death)
{
	NtClose(self->l.client);
	NtClose(self->l.server);
	NtClose(self->l.port);
}

#define RECV(context) nt_recv(self->l.port, context, &self->m)

static uint64_t payload(const struct nt_msg *m)
{
	uint64_t v;

	memcpy(&v, m->data, sizeof(v));
	return v;
}

/* ---- PORT_CLOSED -------------------------------------------------------------------- */

TEST_F(death, a_closed_client_port_is_one_PORT_CLOSED)
{
	PVOID context;

	ASSERT_EQ(S_OK, NtClose(self->l.client));
	ASSERT_EQ(S_OK, RECV(&context));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
	EXPECT_EQ((PVOID)0x55, context);
	EXPECT_EQ(getpid(), PID(&self->m));
	EXPECT_NE(0, self->m.h.MessageId);
	EXPECT_EQ(8, LENGTH(&self->m));
	EXPECT_EQ(48, TOTAL(&self->m));
	EXPECT_NE(0, payload(&self->m));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &self->m));
}

TEST_F(death, after_it_requests_through_the_server_end_are_PORT_DISCONNECTED)
{
	struct nt_msg m;

	ASSERT_EQ(S_OK, NtClose(self->l.client));
	ASSERT_EQ(S_OK, RECV(NULL));
	nt_set(&m, 0, "", 0);
	EXPECT_EQ(S_DISCONNECTED, NtRequestPort(self->l.server, &m.h));
	EXPECT_EQ(S_DISCONNECTED, NtRequestWaitReplyPort(self->l.server, &m.h, &m.h));
}

TEST_F(death, what_was_sent_before_comes_before)
{
	struct nt_msg m;

	nt_set(&m, 0, "last", 4);
	ASSERT_EQ(S_OK, NtRequestPort(self->l.client, &m.h));
	ASSERT_EQ(S_OK, NtClose(self->l.client));
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_TRUE(nt_is(&self->m, LPC_DATAGRAM, "last", 4));
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
}

TEST_F(death, a_refused_client_makes_none)
{
	struct nt_connector c = { 0 };
	HANDLE h;

	nt_connector_start(&c, &self->l.name);
	ASSERT_EQ(S_OK, NtListenPort(self->l.port, &self->m.h));
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&h, NULL, &self->m.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &self->m));
}

/* A client in a process of its own, that connects and does as it is told */
static pid_t client(struct nt_link *l, HANDLE *server, void (*then)(HANDLE h))
{
	struct nt_connector c = { .name = &l->name };
	struct nt_msg m;
	pid_t pid = fork_child();

	if (!pid) {
		must_be(S_OK, nt_connect(&c));
		then(c.h);
		_exit(0);
	}
	if (NtListenPort(l->port, &m.h))
		return -1;
	LENGTH(&m) = 0;
	if (NtAcceptConnectPort(server, (void *)0x66, &m.h, TRUE, NULL, NULL) ||
	    NtCompleteConnectPort(*server))
		return -1;
	return pid;
}

TEST_F(death, accepted_and_not_completed_makes_one)
{
	struct nt_connector c = { .name = &self->l.name };
	PVOID context;
	HANDLE server;
	pid_t pid = fork_child();

	if (!pid) {
		nt_connect(&c);
		_exit(0);
	}
	ASSERT_EQ(S_OK, NtListenPort(self->l.port, &self->m.h));
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&server, (void *)7, &self->m.h, TRUE, NULL, NULL));
	kill_reap(pid);
	ASSERT_EQ(S_OK, RECV(&context));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
	EXPECT_EQ((PVOID)7, context);
	EXPECT_EQ(pid, PID(&self->m));
}

static void and_exit(HANDLE h)
{
}

TEST_F(death, a_process_that_exits_is_PORT_CLOSED)
{
	PVOID context;
	HANDLE server;
	pid_t pid = client(&self->l, &server, and_exit);

	ASSERT_LT(0, pid);
	ASSERT_EQ(S_OK, RECV(&context));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
	EXPECT_EQ((PVOID)0x66, context);
	EXPECT_EQ(0, reap(pid));
}

/* ---- CLIENT_DIED ----------------------------------------------------------------------- */

static void register_and_exit(HANDLE h)
{
	must_be(S_OK, NtRegisterThreadTerminatePort(h));
}

TEST_F(death, a_registered_thread_is_CLIENT_DIED_then_PORT_CLOSED)
{
	PVOID context;
	HANDLE server;
	pid_t pid = client(&self->l, &server, register_and_exit);

	ASSERT_LT(0, pid);
	ASSERT_EQ(S_OK, RECV(&context));
	EXPECT_EQ(LPC_CLIENT_DIED, TYPE(&self->m));
	EXPECT_EQ(pid, TID(&self->m));
	EXPECT_EQ(pid, PID(&self->m));
	EXPECT_EQ((PVOID)0x66, context);
	EXPECT_EQ(8, LENGTH(&self->m));
	EXPECT_NE(0, payload(&self->m));
	ASSERT_EQ(S_OK, RECV(&context));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
	EXPECT_EQ(0, reap(pid));
}

static void register_close_and_exit(HANDLE h)
{
	must_be(S_OK, NtRegisterThreadTerminatePort(h));
	must_be(S_OK, NtClose(h));
	must_be(S_HANDLE, NtClose(h));
}

TEST_F(death, a_registration_keeps_the_port_after_it_was_closed)
{
	HANDLE server;
	pid_t pid = client(&self->l, &server, register_close_and_exit);

	ASSERT_LT(0, pid);
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_CLIENT_DIED, TYPE(&self->m));
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
	EXPECT_EQ(0, reap(pid));
}

static void *register_twice(void *arg)
{
	return (void *)(intptr_t)(NtRegisterThreadTerminatePort(arg) ?:
				  NtRegisterThreadTerminatePort(arg));
}

TEST_F(death, registered_twice_is_two)
{
	pthread_t t;
	void *ret;

	pthread_create(&t, NULL, register_twice, self->l.client);
	pthread_join(t, &ret);
	ASSERT_EQ(NULL, ret);
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_CLIENT_DIED, TYPE(&self->m));
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_CLIENT_DIED, TYPE(&self->m));
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &self->m));
}

TEST_F(death, on_the_connection_port_itself_with_context_0)
{
	PVOID context = (PVOID)3;
	pthread_t t;
	void *ret;

	pthread_create(&t, NULL, register_twice, self->l.port);
	pthread_join(t, &ret);
	ASSERT_EQ(NULL, ret);
	ASSERT_EQ(S_OK, RECV(&context));
	EXPECT_EQ(LPC_CLIENT_DIED, TYPE(&self->m));
	EXPECT_EQ(NULL, context);
	ASSERT_EQ(S_OK, RECV(&context));
}

/* Deviation: a server end has no queue to tell. */
TEST_F(death, on_a_server_end_it_is_INVALID_PORT_HANDLE)
{
	EXPECT_EQ(S_PORT_HANDLE, NtRegisterThreadTerminatePort(self->l.server));
}

TEST_F(death, a_thread_without_a_registration_is_not_told)
{
	pthread_t t;
	void *ret;

	pthread_create(&t, NULL, register_twice, NULL);
	pthread_join(t, &ret);
	EXPECT_EQ(S_HANDLE, (NTSTATUS)(intptr_t)ret);
	EXPECT_EQ(S_TIMEOUT, nt_peek(self->l.port, &self->m));
}

TEST_F(death, a_full_quota_is_INSUFFICIENT_RESOURCES)
{
	long old = sysctl_get("watches");

	ASSERT_EQ(0, sysctl_set("watches", 0));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, NtRegisterThreadTerminatePort(self->l.client));
	sysctl_set("watches", old);
}

/* ---- a client that dies in a request ------------------------------------------------------ */

static void request_for_ever(HANDLE h)
{
	struct nt_msg m;

	must_be(S_OK, NtRegisterThreadTerminatePort(h));
	nt_set(&m, 0, "served", 6);
	NtRequestWaitReplyPort(h, &m.h, &m.h);
}

TEST_F(death, while_it_is_served_the_reply_is_INVALID_CID)
{
	struct nt_msg req;
	HANDLE server;
	pid_t pid = client(&self->l, &server, request_for_ever);

	ASSERT_LT(0, pid);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &req));
	EXPECT_TRUE(nt_is(&req, LPC_REQUEST, "served", 6));
	kill_reap(pid);
	EXPECT_EQ(S_CID, NtReplyPort(self->l.port, &req.h));
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_CLIENT_DIED, TYPE(&self->m));
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
}

/* Deviation: in NT what nobody has received stays queued. */
TEST_F(death, what_nobody_has_received_goes_with_its_client)
{
	struct lpc_port_info p = { 0 };
	HANDLE server;
	char name[256];
	int i, n;
	pid_t pid = client(&self->l, &server, request_for_ever);

	ASSERT_LT(0, pid);
	/* its name as lpc(4) has it */
	for (i = 1, n = 0; self->l.name.text[i]; i++)
		name[n++] = self->l.name.text[i] == '\\' ? '/' : self->l.name.text[i];
	name[n] = 0;
	ASSERT_TRUE(UNTIL(!query_name(name, &p, NO_WAIT) && p.queued == 1));
	kill_reap(pid);
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_CLIENT_DIED, TYPE(&self->m));
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&self->m));
}

/* ---- a server that goes ---------------------------------------------------------------------- */

TEST_F(death, a_request_it_had_received_is_REPLY_LOST)
{
	struct nt_requester r = { 0 };

	nt_request(&r, self->l.client, "q", 1);
	ASSERT_EQ(S_OK, RECV(NULL));
	EXPECT_EQ(S_OK, NtClose(self->l.server));
	EXPECT_EQ(S_LOST, nt_request_end(&r));
	EXPECT_TRUE(UNTIL(NtReplyPort(self->l.port, &self->m.h) == S_CID));
}

TEST_F(death, a_request_it_had_not_received_is_REPLY_LOST_too)
{
	struct nt_requester r = { 0 };

	nt_request(&r, self->l.client, "q", 1);
	ASSERT_TRUE(UNTIL(r.tid) && until_ioctl(r.tid, LPC_IOC_CALL_SPLIT));
	EXPECT_EQ(S_OK, NtClose(self->l.server));
	EXPECT_EQ(S_LOST, nt_request_end(&r));
	nt_request(&r, self->l.client, "q", 1);
	EXPECT_EQ(S_DISCONNECTED, nt_request_end(&r));
}

TEST_F(death, no_message_tells_the_client)
{
	EXPECT_EQ(S_OK, NtClose(self->l.server));
	EXPECT_EQ(S_DISCONNECTED, nt_peek(self->l.client, &self->m));
	EXPECT_EQ(S_DISCONNECTED, NtReplyWaitReceivePort(self->l.client, NULL, NULL,
							 &self->m.h));
}

TEST_F(death, a_closed_connection_port_leaves_its_connections)
{
	struct nt_requester r = { 0 };

	EXPECT_EQ(S_OK, NtClose(self->l.port));
	nt_request(&r, self->l.client, "q", 1);
	ASSERT_EQ(S_OK, nt_recv(self->l.server, NULL, &self->m));
	EXPECT_TRUE(nt_is(&self->m, LPC_REQUEST, "q", 1));
	EXPECT_EQ(S_OK, NtReplyPort(self->l.server, &self->m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
	self->l.port = NULL;
}

TEST_F(death, a_server_thread_that_dies_leaves_the_request_to_another)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;
	pthread_t t;

	nt_request(&r, self->l.client, "q", 1);
	ASSERT_EQ(S_OK, RECV(NULL));
	m = self->m;
	/* the thread that would have answered */
	pthread_create(&t, NULL, register_twice, NULL);
	pthread_join(t, NULL);
	EXPECT_FALSE(r.done);
	EXPECT_EQ(S_OK, NtReplyPort(self->l.server, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
}

TEST_HARNESS_MAIN
