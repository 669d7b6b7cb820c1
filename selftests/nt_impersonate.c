// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_impersonate.c - NtImpersonateClientOfPort: by the quality of service given at
 * connect, by what the message says, by who asks
 */
#include "common_nt.h"

#include "common_security.h"

static SECURITY_QUALITY_OF_SERVICE quality;
static int request_type;

/* A client that is MARIA, and one request of hers that waits */
FIXTURE(impersonate) {
	struct nt_name name;
	HANDLE port, server;
	struct nt_msg m;
	pid_t pid;
};

FIXTURE_SETUP(impersonate)
{
	SECURITY_DESCRIPTOR everybody = { .Revision = 1, .Control = SE_DACL_PRESENT };

	others_may();
	nt_qos(&quality);
	request_type = 0;
	nt_name_unique(&self->name);
	self->name.a.SecurityDescriptor = &everybody;
	ASSERT_EQ(S_OK, nt_port(&self->port, &self->name));
}

FIXTURE_TEARDOWN(impersonate)
{
	HANDLE nobody = NULL;

	NtSetInformationThread(NtCurrentThread(), ThreadImpersonationToken, &nobody, 8);
	if (self->pid)
		kill_reap(self->pid);
}

/* @second: the uid that the client has when it asks; 0: that of when it connected */
static NTSTATUS client(struct _test_data_impersonate *self, uid_t second)
{
	struct nt_msg m;
	HANDLE h;
	NTSTATUS s;

	self->pid = fork_child();
	if (!self->pid) {
		must_be(0, second ? become_with(MARIA, CAP_BIT(CAP_SETUID)) : become(MARIA));
		must_be(S_OK, NtConnectPort(&h, &self->name.u, &quality, NULL, NULL, NULL, NULL,
					    NULL));
		if (second)
			setfsuid(second);
		nt_set(&m, request_type, "for me", 6);
		NtRequestWaitReplyPort(h, &m.h, &m.h);
		pause();
	}
	s = nt_accept(self->port, &self->server, NULL);
	return s ? s : nt_recv(self->port, NULL, &self->m);
}

#define IMPERSONATE() NtImpersonateClientOfPort(self->server, &self->m.h)

static NTSTATUS revert(void)
{
	HANDLE none = NULL;

	return NtSetInformationThread(NtCurrentThread(), ThreadImpersonationToken, &none,
				      sizeof(none));
}

TEST_F(impersonate, the_thread_has_the_clients_ids_and_no_more_rights)
{
	ASSERT_EQ(S_OK, client(self, 0));
	ASSERT_EQ(0, private_file("/tmp/nt-maria", MARIA));
	ASSERT_EQ(0, private_file("/tmp/nt-bob", BOB));
	ASSERT_EQ(S_OK, IMPERSONATE());
	EXPECT_EQ(MARIA, fsuid_now());
	EXPECT_EQ(0, caps_now().effective);
	EXPECT_EQ(0, try_open("/tmp/nt-maria"));
	EXPECT_EQ(-EACCES, try_open("/tmp/nt-bob"));
	EXPECT_EQ(S_OK, revert());
	EXPECT_EQ(0, fsuid_now());
	EXPECT_EQ(0, try_open("/tmp/nt-bob"));
	unlink("/tmp/nt-maria");
	unlink("/tmp/nt-bob");
}

static void *who(void *arg)
{
	return (void *)(uintptr_t)fsuid_now();
}

TEST_F(impersonate, only_this_thread)
{
	pthread_t t;
	void *uid;

	ASSERT_EQ(S_OK, client(self, 0));
	ASSERT_EQ(S_OK, IMPERSONATE());
	EXPECT_EQ(MARIA, fsuid_now());
	EXPECT_EQ(S_OK, revert());
	pthread_create(&t, NULL, who, NULL);
	pthread_join(t, &uid);
	EXPECT_EQ(NULL, uid);
}

TEST_F(impersonate, once_more_is_the_same)
{
	ASSERT_EQ(S_OK, client(self, 0));
	EXPECT_EQ(S_OK, IMPERSONATE());
	EXPECT_EQ(S_OK, IMPERSONATE());
	EXPECT_EQ(MARIA, fsuid_now());
	EXPECT_EQ(S_OK, revert());
	EXPECT_EQ(S_OK, revert());
	EXPECT_EQ(0, fsuid_now());
}

TEST_F(impersonate, a_failure_leaves_the_thread_itself)
{
	ASSERT_EQ(S_OK, client(self, 0));
	ASSERT_EQ(S_OK, IMPERSONATE());
	ASSERT_EQ(S_OK, NtReplyPort(self->server, &self->m.h));
	EXPECT_EQ(S_MISMATCH, IMPERSONATE());
	EXPECT_EQ(S_OK, revert());
	EXPECT_EQ(0, fsuid_now());
}

TEST_F(impersonate, delegation_is_as_impersonation)
{
	quality.ImpersonationLevel = SecurityDelegation;
	ASSERT_EQ(S_OK, client(self, 0));
	EXPECT_EQ(S_OK, IMPERSONATE());
	EXPECT_EQ(MARIA, fsuid_now());
}

/* Deviation: NT gives a token that opens nothing; this gives none. */
TEST_F(impersonate, identification_is_ACCESS_DENIED)
{
	quality.ImpersonationLevel = SecurityIdentification;
	ASSERT_EQ(S_OK, client(self, 0));
	EXPECT_EQ(S_DENIED, IMPERSONATE());
	EXPECT_EQ(0, fsuid_now());
}

TEST_F(impersonate, anonymous_is_ACCESS_DENIED)
{
	quality.ImpersonationLevel = SecurityAnonymous;
	ASSERT_EQ(S_OK, client(self, 0));
	EXPECT_EQ(S_DENIED, IMPERSONATE());
}

TEST_F(impersonate, no_impersonate_in_the_message_is_ACCESS_DENIED)
{
	request_type = LPC_NO_IMPERSONATE;
	EXPECT_EQ(0x4000, LPC_NO_IMPERSONATE);
	ASSERT_EQ(S_OK, client(self, 0));
	EXPECT_EQ(LPC_REQUEST, TYPE(&self->m));
	EXPECT_EQ(S_DENIED, IMPERSONATE());
}

TEST_F(impersonate, dynamic_shows_who_asks)
{
	ASSERT_EQ(S_OK, client(self, BOB));
	EXPECT_EQ(S_OK, IMPERSONATE());
	EXPECT_EQ(BOB, fsuid_now());
}

/* Deviation: NT shows who connected; a sender of another uid is refused here. */
TEST_F(impersonate, static_is_for_who_connected_alone)
{
	quality.ContextTrackingMode = SECURITY_STATIC_TRACKING;
	ASSERT_EQ(S_OK, client(self, BOB));
	EXPECT_EQ(S_DENIED, IMPERSONATE());
	EXPECT_EQ(0, fsuid_now());
}

TEST_F(impersonate, static_shows_who_connected)
{
	quality.ContextTrackingMode = SECURITY_STATIC_TRACKING;
	ASSERT_EQ(S_OK, client(self, 0));
	EXPECT_EQ(S_OK, IMPERSONATE());
	EXPECT_EQ(MARIA, fsuid_now());
}

TEST_F(impersonate, only_a_server_end_will_do)
{
	HANDLE pair;

	ASSERT_EQ(S_OK, client(self, 0));
	ASSERT_EQ(S_OK, NtCreateEventPair(&pair, 0, NULL));
	EXPECT_EQ(S_PORT_HANDLE, NtImpersonateClientOfPort(self->port, &self->m.h));
	EXPECT_EQ(S_HANDLE, NtImpersonateClientOfPort(NULL, &self->m.h));
	EXPECT_EQ(S_TYPE, NtImpersonateClientOfPort(pair, &self->m.h));
	EXPECT_EQ(S_AV, NtImpersonateClientOfPort(self->server, NULL));
	EXPECT_EQ(0, fsuid_now());
}

TEST_F(impersonate, another_id_is_MISMATCH_and_no_such_thread_INVALID_CID)
{
	ASSERT_EQ(S_OK, client(self, 0));
	self->m.h.MessageId++;
	EXPECT_EQ(S_MISMATCH, IMPERSONATE());
	self->m.h.MessageId--;
	self->m.h.CallbackId = 5;
	EXPECT_EQ(S_MISMATCH, IMPERSONATE());
	self->m.h.CallbackId = 0;
	self->m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
	self->m.h.ClientId.UniqueProcess = (HANDLE)(uintptr_t)getpid();
	EXPECT_EQ(S_MISMATCH, IMPERSONATE());
	self->m.h.ClientId.UniqueThread = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, IMPERSONATE());
	EXPECT_EQ(0, fsuid_now());
}

TEST_F(impersonate, what_was_answered_is_MISMATCH)
{
	ASSERT_EQ(S_OK, client(self, 0));
	ASSERT_EQ(S_OK, NtReplyPort(self->server, &self->m.h));
	EXPECT_EQ(S_MISMATCH, IMPERSONATE());
}

TEST_F(impersonate, a_client_that_has_died_is_INVALID_CID)
{
	ASSERT_EQ(S_OK, client(self, 0));
	kill_reap(self->pid);
	self->pid = 0;
	EXPECT_EQ(S_CID, IMPERSONATE());
	EXPECT_EQ(0, fsuid_now());
}

TEST_F(impersonate, without_capabilities_it_is_PRIVILEGE_NOT_HELD)
{
	struct caps caps = caps_now();

	ASSERT_EQ(S_OK, client(self, 0));
	ASSERT_EQ(0, caps_to(caps.effective & ~CAP_BIT(CAP_SETUID), caps.permitted));
	EXPECT_EQ(STATUS_PRIVILEGE_NOT_HELD, IMPERSONATE());
	ASSERT_EQ(0, caps_to(caps.effective, caps.permitted));
}

TEST(there_are_no_tokens_to_be)
{
	HANDLE h = (HANDLE)4;

	EXPECT_EQ(S_HANDLE, NtSetInformationThread(NtCurrentThread(), ThreadImpersonationToken,
						   &h, sizeof(h)));
	EXPECT_EQ(S_OK, revert());
}

TEST_HARNESS_MAIN
