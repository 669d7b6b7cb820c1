// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_connect.c - NtConnectPort, NtSecureConnectPort: the order of checks, what
 * comes back and when, refusal, SIDs
 */
#include "common_nt.h"

FIXTURE(connect) {
	struct nt_name name;
	HANDLE port;
	SECURITY_QUALITY_OF_SERVICE q;
};

FIXTURE_SETUP(connect)
{
	nt_name_unique(&self->name);
	nt_qos(&self->q);
	ASSERT_EQ(S_OK, NtCreatePort(&self->port, &self->name.a, 0x104, 0x100, 0));
}

FIXTURE_TEARDOWN(connect)
{
	/* None of the failures below has reached the server. */
	struct nt_msg m;

	EXPECT_EQ(S_TIMEOUT, nt_peek(self->port, &m));
	NtClose(self->port);
}

static struct nt_name *missing(void)
{
	static struct nt_name n;

	nt_name_set(&n, "\\test\\nobody");
	return &n;
}

#define CONNECT(out, name, qos, own, theirs)	\
	NtConnectPort(out, name, qos, own, theirs, NULL, NULL, NULL)

/* ---- the order of checks -------------------------------------------------------- */

TEST_F(connect, null_handle_is_ACCESS_VIOLATION)
{
	EXPECT_EQ(S_AV, CONNECT(NULL, &self->name.u, &self->q, NULL, NULL));
}

TEST_F(connect, null_handle_comes_before_the_views)
{
	PORT_VIEW v = { .Length = 1 };

	EXPECT_EQ(S_AV, CONNECT(NULL, &self->name.u, &self->q, &v, NULL));
}

TEST_F(connect, a_handle_that_cannot_be_written_does_not_reach_the_server)
{
	EXPECT_EQ(S_AV, CONNECT(nt_bad(), &self->name.u, &self->q, NULL, NULL));
	EXPECT_EQ(S_AV, CONNECT(nt_readonly(), &self->name.u, &self->q, NULL, NULL));
	EXPECT_EQ(S_ALIGN, CONNECT((PHANDLE)1, &self->name.u, &self->q, NULL, NULL));
}

TEST_F(connect, a_view_of_another_length_is_INVALID_PARAMETER)
{
	PORT_VIEW v = { .Length = sizeof(v) - 1 };
	HANDLE h;

	EXPECT_EQ(S_PARAMETER, CONNECT(&h, &self->name.u, &self->q, &v, NULL));
	v.Length = sizeof(v) + 1;
	EXPECT_EQ(S_PARAMETER, CONNECT(&h, &self->name.u, &self->q, &v, NULL));
	v.Length = 0;
	EXPECT_EQ(S_PARAMETER, CONNECT(&h, &self->name.u, &self->q, &v, NULL));
}

TEST_F(connect, a_remote_view_of_another_length_is_INVALID_PARAMETER)
{
	REMOTE_PORT_VIEW v = { .Length = sizeof(v) - 1 };
	HANDLE h;

	EXPECT_EQ(S_PARAMETER, CONNECT(&h, &self->name.u, &self->q, NULL, &v));
	v.Length = sizeof(v) + 1;
	EXPECT_EQ(S_PARAMETER, CONNECT(&h, &self->name.u, &self->q, NULL, &v));
}

TEST_F(connect, the_views_come_before_the_quality_of_service)
{
	PORT_VIEW v = { .Length = 1 };
	HANDLE h;

	EXPECT_EQ(S_PARAMETER, CONNECT(&h, &self->name.u, NULL, &v, NULL));
}

TEST_F(connect, a_view_that_cannot_be_written_does_not_reach_the_server)
{
	HANDLE h;

	EXPECT_EQ(S_AV, CONNECT(&h, &self->name.u, &self->q, nt_bad(), NULL));
	EXPECT_EQ(S_AV, CONNECT(&h, &self->name.u, &self->q, nt_readonly(), NULL));
	EXPECT_EQ(S_AV, CONNECT(&h, &self->name.u, &self->q, NULL, nt_bad()));
	EXPECT_EQ(S_AV, CONNECT(&h, &self->name.u, &self->q, NULL, nt_readonly()));
}

TEST_F(connect, a_quality_of_service_is_mandatory)
{
	HANDLE h;

	EXPECT_EQ(S_AV, CONNECT(&h, &self->name.u, NULL, NULL, NULL));
	EXPECT_EQ(S_AV, CONNECT(&h, &self->name.u, nt_bad(), NULL, NULL));
}

TEST_F(connect, it_comes_before_a_name_that_is_not_there)
{
	HANDLE h;

	EXPECT_EQ(S_AV, CONNECT(&h, &missing()->u, NULL, NULL, NULL));
}

TEST_F(connect, the_length_in_the_quality_of_service_is_not_looked_at)
{
	HANDLE h;

	self->q.Length = 0;
	EXPECT_EQ(S_NAME_NOT_FOUND, CONNECT(&h, &missing()->u, &self->q, NULL, NULL));
}

TEST_F(connect, an_unknown_level_is_INVALID_PARAMETER)
{
	HANDLE h;

	self->q.ImpersonationLevel = SecurityDelegation + 1;
	EXPECT_EQ(S_PARAMETER, CONNECT(&h, &missing()->u, &self->q, NULL, NULL));
}

TEST_F(connect, an_empty_name_is_NAME_INVALID)
{
	UNICODE_STRING u = { 0 };
	HANDLE h;

	EXPECT_EQ(S_NAME_INVALID, CONNECT(&h, &u, &self->q, NULL, NULL));
}

TEST_F(connect, a_null_name_is_ACCESS_VIOLATION)
{
	UNICODE_STRING u = { 4, 4, NULL };
	HANDLE h;

	EXPECT_EQ(S_AV, CONNECT(&h, NULL, &self->q, NULL, NULL));
	EXPECT_EQ(S_AV, CONNECT(&h, &u, &self->q, NULL, NULL));
}

TEST_F(connect, an_unknown_name_is_NAME_NOT_FOUND)
{
	HANDLE h = (HANDLE)1;

	EXPECT_EQ(S_NAME_NOT_FOUND, CONNECT(&h, &missing()->u, &self->q, NULL, NULL));
	EXPECT_EQ((HANDLE)1, h);
}

TEST_F(connect, an_unknown_name_comes_before_a_bad_section)
{
	PORT_VIEW v = { .Length = sizeof(v), .SectionHandle = (HANDLE)0x7ffc };
	HANDLE h;

	EXPECT_EQ(S_NAME_NOT_FOUND, CONNECT(&h, &missing()->u, &self->q, &v, NULL));
}

TEST_F(connect, a_bad_section_is_INVALID_HANDLE)
{
	PORT_VIEW v = { .Length = sizeof(v), .SectionHandle = (HANDLE)0x7ffc };
	HANDLE h;

	EXPECT_EQ(S_HANDLE, CONNECT(&h, &self->name.u, &self->q, &v, NULL));
	v.SectionHandle = NULL;
	EXPECT_EQ(S_HANDLE, CONNECT(&h, &self->name.u, &self->q, &v, NULL));
	v.SectionHandle = self->port;
	EXPECT_EQ(S_TYPE, CONNECT(&h, &self->name.u, &self->q, &v, NULL));
}

TEST_F(connect, bad_connect_data_does_not_reach_the_server)
{
	ULONG len = 8;
	char data[8];
	HANDLE h;

	EXPECT_EQ(S_AV, NtConnectPort(&h, &self->name.u, &self->q, NULL, NULL, NULL,
				      nt_bad(), &len));
	EXPECT_EQ(S_AV, NtConnectPort(&h, &self->name.u, &self->q, NULL, NULL, NULL,
				      nt_readonly(), &len));
	EXPECT_EQ(S_AV, NtConnectPort(&h, &self->name.u, &self->q, NULL, NULL, NULL,
				      data, nt_bad()));
	EXPECT_EQ(S_AV, NtConnectPort(&h, &self->name.u, &self->q, NULL, NULL, nt_bad(),
				      NULL, NULL));
}

TEST_F(connect, a_name_whose_port_was_closed_is_NAME_NOT_FOUND)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	ASSERT_EQ(S_OK, NtClose(h));
	EXPECT_EQ(S_NAME_NOT_FOUND, CONNECT(&h, &n.u, &self->q, NULL, NULL));
}

/* ---- what comes back --------------------------------------------------------------- */

TEST_F(connect, the_handle_is_written_only_after_complete)
{
	struct nt_connector c = { 0 };
	HANDLE server;

	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, nt_accept_half(self->port, &server, NULL));
	EXPECT_TRUE(STAYS(!c.done && c.h == (HANDLE)POISON64));
	ASSERT_EQ(S_OK, NtCompleteConnectPort(server));
	EXPECT_EQ(S_OK, nt_connector_end(&c));
	EXPECT_NE((HANDLE)POISON64, c.h);
	EXPECT_EQ(S_OK, NtClose(server));
}

TEST_F(connect, the_longest_message_is_what_the_port_was_made_with)
{
	struct nt_link l = { .name = self->name, .port = self->port };

	ASSERT_EQ(S_OK, nt_link_connect(&l, &l.client, &l.server, NULL));
	EXPECT_EQ(0x100, l.max);
	NtClose(l.server);
}

TEST_F(connect, six_bytes_of_eight_come_back_where_six_fit)
{
	struct nt_connector c = { .with_info = true, .info = "client", .info_len = 6 };
	struct nt_msg m;
	HANDLE server;

	memset(c.info + 6, POISON, sizeof(c.info) - 6);
	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, NtListenPort(self->port, &m.h));
	EXPECT_TRUE(nt_is(&m, LPC_CONNECTION_REQUEST, "client", 6));
	memcpy(m.data, "serverAB", 8);
	LENGTH(&m) = 8;
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&server, NULL, &m.h, TRUE, NULL, NULL));
	ASSERT_EQ(S_OK, NtCompleteConnectPort(server));
	EXPECT_EQ(S_OK, nt_connector_end(&c));
	EXPECT_EQ(6, c.info_len);
	EXPECT_EQ(0, memcmp(c.info, "server", 6));
	EXPECT_TRUE(is_poison(c.info + 6, 100));
	NtClose(server);
}

TEST_F(connect, a_shorter_answer_says_its_length)
{
	struct nt_connector c = { .with_info = true, .info = "client", .info_len = 6 };
	struct nt_msg m;
	HANDLE server;

	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, NtListenPort(self->port, &m.h));
	LENGTH(&m) = 2;
	memcpy(m.data, "ok", 2);
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&server, NULL, &m.h, TRUE, NULL, NULL));
	ASSERT_EQ(S_OK, NtCompleteConnectPort(server));
	EXPECT_EQ(S_OK, nt_connector_end(&c));
	EXPECT_EQ(2, c.info_len);
	EXPECT_EQ(0, memcmp(c.info, "okient", 6));
	NtClose(server);
}

TEST_F(connect, without_connect_data_none_is_seen)
{
	struct nt_connector c = { 0 };
	struct nt_msg m;

	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, NtListenPort(self->port, &m.h));
	EXPECT_EQ(0, LENGTH(&m));
	EXPECT_EQ(40, TOTAL(&m));
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&self->port, NULL, &m.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
}

TEST_F(connect, more_connect_data_than_the_port_takes_is_cut)
{
	struct nt_connector c = { .with_info = true, .info_len = 300 };
	struct nt_name n;
	struct nt_msg m;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreatePort(&h, &n.a, 16, 343, 0));
	memset(c.info, 'x', sizeof(c.info));
	nt_connector_start(&c, &n);
	ASSERT_EQ(S_OK, NtListenPort(h, &m.h));
	EXPECT_EQ(16, LENGTH(&m));
	LENGTH(&m) = 0;
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&h, NULL, &m.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
	EXPECT_EQ(0, c.info_len);
}

TEST_F(connect, refused_leaves_the_handle_and_brings_the_servers_data)
{
	struct nt_connector c = { .with_info = true, .info = "please", .info_len = 6 };
	struct nt_msg m;
	HANDLE h = (HANDLE)7;

	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, NtListenPort(self->port, &m.h));
	memcpy(m.data, "no", 2);
	LENGTH(&m) = 2;
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&h, NULL, &m.h, FALSE, NULL, NULL));
	EXPECT_EQ((HANDLE)7, h);
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
	EXPECT_EQ((HANDLE)POISON64, c.h);
	EXPECT_EQ(2, c.info_len);
	EXPECT_EQ(0, memcmp(c.info, "no", 2));
}

TEST_F(connect, a_port_closed_while_it_waits_is_CONNECTION_REFUSED)
{
	struct nt_connector c = { 0 };
	struct nt_name n;
	LARGE_INTEGER t;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreateWaitablePort(&h, &n.a, 16, 343, 0));
	nt_connector_start(&c, &n);
	ASSERT_EQ(S_OK, NtWaitForSingleObject(h, FALSE, nt_ms(&t, LONG)));
	ASSERT_EQ(S_OK, NtClose(h));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
	EXPECT_EQ((HANDLE)POISON64, c.h);
}

TEST_F(connect, a_server_end_closed_before_complete_is_CONNECTION_REFUSED)
{
	struct nt_connector c = { 0 };
	HANDLE server;

	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, nt_accept_half(self->port, &server, NULL));
	ASSERT_EQ(S_OK, NtClose(server));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
}

TEST_F(connect, another_users_port_is_ACCESS_DENIED)
{
	struct nt_connector c = { .name = &self->name };
	pid_t pid;

	others_may();
	pid = fork_child();
	if (!pid) {
		must_be(0, become(EVE));
		must_be(S_DENIED, nt_connect(&c));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

static void on_signal(int sig)
{
}

TEST_F(connect, a_signal_does_not_end_it)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct nt_connector c = { 0 };
	struct nt_msg m;
	HANDLE server;

	sigaction(SIGUSR1, &sa, NULL);
	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, NtListenPort(self->port, &m.h));
	ASSERT_TRUE(until_ioctl(c.tid, LPC_IOC_CONNECT));
	pthread_kill(c.thread, SIGUSR1);
	LENGTH(&m) = 0;
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&server, NULL, &m.h, TRUE, NULL, NULL));
	pthread_kill(c.thread, SIGUSR1);
	ASSERT_EQ(S_OK, NtCompleteConnectPort(server));
	EXPECT_EQ(S_OK, nt_connector_end(&c));
	NtClose(server);
}

/* ---- NtSecureConnectPort --------------------------------------------------------------- */

static SID sid_of(uid_t uid)
{
	return (SID){
		.Revision = 1, .SubAuthorityCount = 2,
		.IdentifierAuthority = { 0, 0, 0, 0, 0, 22 }, .SubAuthority = { 1, uid },
	};
}

static NTSTATUS connect_sid(struct nt_name *n, PSID sid)
{
	struct nt_connector c = { .name = n, .sid = sid };

	return nt_connect(&c);
}

TEST_F(connect, the_sid_of_who_made_the_port_will_do)
{
	SID sid = sid_of(0);
	struct nt_connector c = { .sid = &sid };
	struct nt_msg m;

	nt_connector_start(&c, &self->name);
	ASSERT_EQ(S_OK, NtListenPort(self->port, &m.h));
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&self->port, NULL, &m.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
}

TEST_F(connect, another_sid_is_SERVER_SID_MISMATCH_and_does_not_reach_the_server)
{
	SID sid = sid_of(MARIA);

	EXPECT_EQ(STATUS_SERVER_SID_MISMATCH, connect_sid(&self->name, &sid));
}

TEST_F(connect, a_sid_that_is_no_uids_is_SERVER_SID_MISMATCH)
{
	SID system = {
		.Revision = 1, .SubAuthorityCount = 1,
		.IdentifierAuthority = { 0, 0, 0, 0, 0, 5 }, .SubAuthority = { 18 },
	};
	SID group = sid_of(0);

	EXPECT_EQ(STATUS_SERVER_SID_MISMATCH, connect_sid(&self->name, &system));
	group.SubAuthority[0] = 2;
	EXPECT_EQ(STATUS_SERVER_SID_MISMATCH, connect_sid(&self->name, &group));
	group = sid_of(-1);
	EXPECT_EQ(STATUS_SERVER_SID_MISMATCH, connect_sid(&self->name, &group));
}

TEST_F(connect, an_unknown_name_comes_before_the_sid)
{
	SID sid = sid_of(MARIA);

	EXPECT_EQ(S_NAME_NOT_FOUND, connect_sid(missing(), &sid));
}

TEST_F(connect, a_malformed_sid_is_INVALID_SID)
{
	SID sid = sid_of(0);

	sid.Revision = 2;
	EXPECT_EQ(STATUS_INVALID_SID, connect_sid(&self->name, &sid));
	sid.Revision = 1;
	sid.SubAuthorityCount = 16;
	EXPECT_EQ(STATUS_INVALID_SID, connect_sid(&self->name, &sid));
	EXPECT_EQ(S_AV, connect_sid(&self->name, nt_bad()));
}

TEST_F(connect, no_descriptor_left_is_TOO_MANY_OPENED_FILES)
{
	struct nt_connector c = { .name = &self->name };
	rlim_t old = fds_forbid();

	EXPECT_EQ(STATUS_TOO_MANY_OPENED_FILES, nt_connect(&c));
	fds_allow(old);
}

TEST_F(connect, a_full_quota_is_INSUFFICIENT_RESOURCES)
{
	struct nt_connector c = { .name = &self->name };
	long old = sysctl_get("connections");

	ASSERT_EQ(0, sysctl_set("connections", 0));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, nt_connect(&c));
	sysctl_set("connections", old);
}

TEST_HARNESS_MAIN
