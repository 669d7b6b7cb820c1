// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_create.c - NtCreatePort, NtCreateWaitablePort, names, handles, NtClose,
 * NtWaitForSingleObject, NtQueryInformationPort
 */
#include "common_nt.h"

#include <sys/mount.h>

static NTSTATUS create(PHANDLE h, POBJECT_ATTRIBUTES a, ULONG info, ULONG message)
{
	return NtCreatePort(h, a, info, message, 0);
}

/* ---- the order of checks ------------------------------------------------------ */

TEST(null_handle_is_ACCESS_VIOLATION)
{
	struct nt_name n;

	nt_name_unique(&n);
	EXPECT_EQ(S_AV, create(NULL, &n.a, 0, 100));
}

TEST(null_attributes_are_ACCESS_VIOLATION)
{
	HANDLE h = (HANDLE)1;

	EXPECT_EQ(S_AV, create(&h, NULL, 0, 100));
	EXPECT_EQ((HANDLE)1, h);
}

TEST(null_handle_comes_before_the_sizes)
{
	struct nt_name n;

	nt_name_unique(&n);
	EXPECT_EQ(S_AV, create(NULL, &n.a, 10000, 10000));
}

TEST(null_attributes_come_before_the_sizes)
{
	HANDLE h;

	EXPECT_EQ(S_AV, create(&h, NULL, 10000, 10000));
}

TEST(a_message_too_large_is_INVALID_PARAMETER_4)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	EXPECT_EQ(S_PARAMETER_4, create(&h, &n.a, 0, PORT_MAXIMUM_MESSAGE_LENGTH + 1));
	EXPECT_EQ(S_PARAMETER_4, create(&h, &n.a, 0, ~0u));
}

TEST(the_largest_message_is_header_and_303_bytes)
{
	struct nt_name n;
	HANDLE h;

	EXPECT_EQ(40 + 303, PORT_MAXIMUM_MESSAGE_LENGTH);
	nt_name_unique(&n);
	EXPECT_EQ(S_OK, create(&h, &n.a, 0, 343));
}

TEST(connect_data_too_large_is_INVALID_PARAMETER_3)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	EXPECT_EQ(S_PARAMETER_3, create(&h, &n.a, 0x105, 100));
}

TEST(the_most_connect_data_is_0x104)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	EXPECT_EQ(S_OK, create(&h, &n.a, 0x104, 100));
}

TEST(the_message_comes_before_the_connect_data)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	EXPECT_EQ(S_PARAMETER_4, create(&h, &n.a, 0x105, 10000));
}

TEST(any_pool_usage_is_taken_and_nothing_written_back)
{
	ULONG pools[] = { 0, 1, 0x7fffffff, ~0u };
	struct nt_name n;
	HANDLE h;
	int i;

	for (i = 0; i < ARRAY_SIZE(pools); i++) {
		nt_name_unique(&n);
		EXPECT_EQ(S_OK, NtCreatePort(&h, &n.a, 0, 100, pools[i]));
	}
	EXPECT_EQ(~0u, pools[3]);
}

TEST(a_misaligned_handle_is_DATATYPE_MISALIGNMENT)
{
	struct nt_name n;

	nt_name_unique(&n);
	EXPECT_EQ(S_ALIGN, create((PHANDLE)1, &n.a, 0, 100));
	EXPECT_EQ(S_AV, create((PHANDLE)4, &n.a, 0, 100));
}

TEST(a_handle_that_cannot_be_written_makes_no_port)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	EXPECT_EQ(S_AV, create(nt_readonly(), &n.a, 0, 100));
	EXPECT_EQ(S_AV, create(nt_bad(), &n.a, 0, 100));
	EXPECT_EQ(S_OK, create(&h, &n.a, 0, 100));
}

TEST(bad_attributes_are_a_status_each)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	EXPECT_EQ(S_AV, create(&h, nt_bad(), 0, 100));
	n.a.Length--;
	EXPECT_EQ(S_PARAMETER, create(&h, &n.a, 0, 100));
	n.a.Length++;
	n.a.RootDirectory = (HANDLE)4;
	EXPECT_EQ(S_HANDLE, create(&h, &n.a, 0, 100));
	n.a.RootDirectory = NULL;
	n.a.ObjectName = nt_bad();
	EXPECT_EQ(S_AV, create(&h, &n.a, 0, 100));
	n.a.ObjectName = &n.u;
	n.u.Buffer = nt_bad();
	EXPECT_EQ(S_AV, create(&h, &n.a, 0, 100));
	n.u.Buffer = (PWSTR)1;
	EXPECT_EQ(S_ALIGN, create(&h, &n.a, 0, 100));
}

/* ---- names ---------------------------------------------------------------------- */

TEST(a_name_that_is_taken_is_NAME_COLLISION)
{
	struct nt_name n;
	HANDLE h, other = (HANDLE)1;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	EXPECT_EQ(S_COLLISION, nt_port(&other, &n));
	EXPECT_EQ((HANDLE)1, other);
}

TEST(a_name_is_free_after_the_port_is_closed)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	ASSERT_EQ(S_OK, NtClose(h));
	EXPECT_EQ(S_OK, nt_port(&h, &n));
}

static NTSTATUS create_named(const char *text)
{
	struct nt_name n;
	HANDLE h;

	nt_name_set(&n, text);
	return nt_port(&h, &n);
}

TEST(a_name_must_begin_with_a_backslash)
{
	EXPECT_EQ(S_PATH, create_named("test\\x"));
	EXPECT_EQ(S_PATH, create_named("/test/x"));
}

TEST(empty_and_dotted_segments_are_NAME_INVALID)
{
	EXPECT_EQ(S_NAME_INVALID, create_named("\\"));
	EXPECT_EQ(S_NAME_INVALID, create_named("\\\\x"));
	EXPECT_EQ(S_NAME_INVALID, create_named("\\x\\"));
	EXPECT_EQ(S_NAME_INVALID, create_named("\\x\\\\y"));
	EXPECT_EQ(S_NAME_INVALID, create_named("\\x\\.\\y"));
	EXPECT_EQ(S_NAME_INVALID, create_named("\\x\\.."));
	EXPECT_EQ(S_OK, create_named("\\x\\...\\.y"));
}

TEST(an_odd_length_is_NAME_INVALID)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	n.u.Length--;
	EXPECT_EQ(S_NAME_INVALID, nt_port(&h, &n));
}

TEST(a_name_too_long_is_NAME_INVALID)
{
	static WCHAR text[40000];
	UNICODE_STRING u;
	OBJECT_ATTRIBUTES a;
	HANDLE h;
	int i;

	for (i = 1; i < 39999; i++)
		text[i] = 'x';
	text[0] = '\\';
	RtlInitUnicodeString(&u, text);
	EXPECT_EQ(2 * 32766, u.Length);
	InitializeObjectAttributes(&a, &u, 0, NULL, NULL);
	EXPECT_EQ(S_NAME_INVALID, create(&h, &a, 0, 100));
	u.Length = 2 * 257;
	EXPECT_EQ(S_NAME_INVALID, create(&h, &a, 0, 100));
	u.Length = 2 * 256;
	EXPECT_EQ(S_OK, create(&h, &a, 0, 100));
	/* 86 spaces are 258 bytes. */
	for (i = 1; i < 87; i++)
		text[i] = ' ';
	u.Length = 2 * 87;
	EXPECT_EQ(S_NAME_INVALID, create(&h, &a, 0, 100));
	u.Length = 2 * 86;
	EXPECT_EQ(S_OK, create(&h, &a, 0, 100));
}

static bool is_there(const char *name)
{
	struct lpc_port_info p;

	return !query_name(name, &p, NO_WAIT);
}

TEST(the_rule_makes_port_names_of_names)
{
	ASSERT_EQ(S_OK, create_named("\\RPC Control\\x"));
	EXPECT_TRUE(is_there("RPC%20Control/x"));
	ASSERT_EQ(S_OK, create_named("\\a/b%c"));
	EXPECT_TRUE(is_there("a%2Fb%25c"));
	/* Upper and lower case differ. */
	EXPECT_EQ(S_OK, create_named("\\rpc control\\x"));
}

TEST(other_characters_become_their_UTF_8)
{
	struct nt_name n;
	HANDLE h;

	nt_name_set(&n, "\\u.\\....");
	n.text[4] = 0x00e9;
	n.text[5] = 0x20ac;
	n.text[6] = 0xd83d;
	n.text[7] = 0xde00;
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	EXPECT_TRUE(is_there("u./%C3%A9%E2%82%AC%F0%9F%98%80"));
}

TEST(half_a_surrogate_pair_is_NAME_INVALID)
{
	struct nt_name n;
	HANDLE h;

	nt_name_set(&n, "\\ux");
	n.text[2] = 0xd83d;
	EXPECT_EQ(S_NAME_INVALID, nt_port(&h, &n));
	n.text[2] = 0xde00;
	EXPECT_EQ(S_NAME_INVALID, nt_port(&h, &n));
	n.text[1] = 0xd83d;
	n.text[2] = 'x';
	EXPECT_EQ(S_NAME_INVALID, nt_port(&h, &n));
	n.text[1] = 0;
	EXPECT_EQ(S_NAME_INVALID, nt_port(&h, &n));
}

TEST(a_string_may_be_aligned_to_2)
{
	WCHAR text[] = { 0, '\\', 't', '2' };
	UNICODE_STRING u = { 6, 6, text + 1 };
	OBJECT_ATTRIBUTES a;
	HANDLE h;

	InitializeObjectAttributes(&a, &u, 0, NULL, NULL);
	EXPECT_EQ(S_OK, create(&h, &a, 0, 100));
	EXPECT_TRUE(is_there("t2"));
}

TEST(self_is_where_a_user_may_make_names)
{
	struct nt_name n;
	pid_t pid;
	HANDLE h;

	others_may();
	pid = fork_child();
	if (!pid) {
		must_be(0, become(MARIA));
		nt_name_set(&n, "\\RPC Control\\maria");
		must_be(S_DENIED, nt_port(&h, &n));
		nt_name_set(&n, "\\self\\maria");
		must_be(S_OK, nt_port(&h, &n));
		must(is_there("user/1000/maria"));
		nt_name_set(&n, "\\user\\1001\\x");
		must_be(S_DENIED, nt_port(&h, &n));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* ---- who may connect -------------------------------------------------------------- */

static int connect_as(struct nt_name *n, uid_t uid)
{
	struct nt_connector c = { .name = n };
	pid_t pid = fork_child();

	if (!pid) {
		must_be(0, become(uid));
		_exit(nt_connect(&c) == S_DENIED ? 1 : 0);
	}
	return pid;
}

TEST(without_a_descriptor_a_port_is_its_owners)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	EXPECT_EQ(1, reap(connect_as(&n, EVE)));
}

TEST(a_null_dacl_lets_everybody_connect)
{
	SECURITY_DESCRIPTOR d = { .Revision = 1, .Control = SE_DACL_PRESENT };
	struct nt_name n;
	struct nt_msg m;
	pid_t pid;
	HANDLE h;

	others_may();
	nt_name_unique(&n);
	n.a.SecurityDescriptor = &d;
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	pid = connect_as(&n, EVE);
	ASSERT_EQ(S_OK, NtListenPort(h, &m.h));
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&h, NULL, &m.h, FALSE, NULL, NULL));
	EXPECT_EQ(0, reap(pid));
}

TEST(a_descriptor_that_cannot_be_kept_is_NOT_SUPPORTED)
{
	SECURITY_DESCRIPTOR d = { .Revision = 1, .Control = SE_DACL_PRESENT, .Dacl = &d };
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	n.a.SecurityDescriptor = &d;
	EXPECT_EQ(STATUS_NOT_SUPPORTED, nt_port(&h, &n));
	d.Dacl = NULL;
	d.Control = 0;
	EXPECT_EQ(STATUS_NOT_SUPPORTED, nt_port(&h, &n));
	d.Control = SE_DACL_PRESENT;
	d.Revision = 2;
	EXPECT_EQ(STATUS_NOT_SUPPORTED, nt_port(&h, &n));
	n.a.SecurityDescriptor = nt_bad();
	EXPECT_EQ(S_AV, nt_port(&h, &n));
}

/* ---- without a name ---------------------------------------------------------------- */

TEST(a_port_without_a_name_is_a_queue_of_its_own)
{
	OBJECT_ATTRIBUTES a;
	struct nt_msg m;
	HANDLE h;

	InitializeObjectAttributes(&a, NULL, 0, NULL, NULL);
	ASSERT_EQ(S_OK, create(&h, &a, 0, 343));
	nt_set(&m, 0, "own", 3);
	ASSERT_EQ(S_OK, NtRequestPort(h, &m.h));
	ASSERT_EQ(S_OK, nt_recv(h, NULL, &m));
	EXPECT_TRUE(nt_is(&m, LPC_DATAGRAM, "own", 3));
}

/* ---- waiting ------------------------------------------------------------------------ */

static NTSTATUS wait_now(HANDLE h)
{
	LARGE_INTEGER t = { .QuadPart = 0 };

	return NtWaitForSingleObject(h, FALSE, &t);
}

TEST(a_waitable_port_is_signaled_while_messages_are_queued)
{
	struct nt_name n;
	LARGE_INTEGER t;
	struct nt_msg m;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreateWaitablePort(&h, &n.a, 0, 343, 0));
	EXPECT_EQ(S_TIMEOUT, wait_now(h));
	EXPECT_EQ(S_TIMEOUT, NtWaitForSingleObject(h, FALSE, nt_ms(&t, 20)));
	nt_set(&m, 0, "1", 1);
	ASSERT_EQ(S_OK, NtRequestPort(h, &m.h));
	ASSERT_EQ(S_OK, NtRequestPort(h, &m.h));
	EXPECT_EQ(S_OK, wait_now(h));
	EXPECT_EQ(S_OK, NtWaitForSingleObject(h, FALSE, NULL));
	ASSERT_EQ(S_OK, nt_recv(h, NULL, &m));
	EXPECT_EQ(S_OK, wait_now(h));
	ASSERT_EQ(S_OK, nt_recv(h, NULL, &m));
	EXPECT_EQ(S_TIMEOUT, wait_now(h));
}

TEST(a_connection_request_signals_too)
{
	struct nt_connector c = { 0 };
	struct nt_name n;
	LARGE_INTEGER t;
	struct nt_msg m;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreateWaitablePort(&h, &n.a, 0, 343, 0));
	nt_connector_start(&c, &n);
	EXPECT_EQ(S_OK, NtWaitForSingleObject(h, FALSE, nt_ms(&t, LONG)));
	ASSERT_EQ(S_OK, NtListenPort(h, &m.h));
	EXPECT_EQ(S_OK, NtAcceptConnectPort(&h, NULL, &m.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&c));
}

TEST(every_call_takes_a_waitable_port)
{
	HANDLE h, server, client;
	struct nt_link l;

	nt_name_unique(&l.name);
	ASSERT_EQ(S_OK, NtCreateWaitablePort(&l.port, &l.name.a, 0, 343, 0));
	ASSERT_EQ(S_OK, nt_link_connect(&l, &client, &server, NULL));
	EXPECT_EQ(S_OK, NtRegisterThreadTerminatePort(l.port));
	h = client;
	EXPECT_EQ(S_OK, NtClose(h));
}

TEST(what_is_not_waitable_is_TYPE_MISMATCH)
{
	struct nt_link l;

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	EXPECT_EQ(S_TYPE, wait_now(l.port));
	EXPECT_EQ(S_TYPE, wait_now(l.client));
	EXPECT_EQ(S_TYPE, wait_now(l.server));
	EXPECT_EQ(S_HANDLE, wait_now(NULL));
	EXPECT_EQ(S_AV, NtWaitForSingleObject(l.port, FALSE, nt_bad()));
}

TEST(a_time_since_1601_is_waited_for)
{
	struct nt_name n;
	LARGE_INTEGER t;
	struct timespec now;
	uint64_t t0;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreateWaitablePort(&h, &n.a, 0, 343, 0));
	clock_gettime(CLOCK_REALTIME, &now);
	t.QuadPart = (now.tv_sec + 11644473600ll) * 10000000 + now.tv_nsec / 100 + 300000;
	t0 = now_ns();
	EXPECT_EQ(S_TIMEOUT, NtWaitForSingleObject(h, FALSE, &t));
	EXPECT_LE(20, ms_since(t0));
	t.QuadPart = 1;
	EXPECT_EQ(S_TIMEOUT, NtWaitForSingleObject(h, FALSE, &t));
}

/* ---- handles ------------------------------------------------------------------------- */

TEST(no_handle_is_INVALID_HANDLE)
{
	uintptr_t bad[] = { 0, 1, 4, 4000, 0x40000, 0x7fffffff, -1, -2, 1ull << 40 };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(S_HANDLE, NtClose((HANDLE)bad[i]));
}

TEST(a_handle_is_closed_once)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	EXPECT_EQ(0, (uintptr_t)h % 4);
	EXPECT_EQ(S_OK, NtClose(h));
	EXPECT_EQ(S_HANDLE, NtClose(h));
	EXPECT_EQ(S_HANDLE, NtCompleteConnectPort(h));
}

TEST(a_thousand_handles_and_all_of_them_again)
{
	OBJECT_ATTRIBUTES a;
	HANDLE h[1000];
	int i, j, fds;

	InitializeObjectAttributes(&a, NULL, 0, NULL, NULL);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 });
	ASSERT_EQ(S_OK, NtCreateEventPair(&h[0], 0, NULL));
	ASSERT_EQ(S_OK, NtClose(h[0]));
	fds = nt_count_fds();
	for (j = 0; j < 2; j++) {
		for (i = 0; i < 1000; i++)
			ASSERT_EQ(S_OK, NtCreateEventPair(&h[i], 0, NULL));
		for (i = 0; i < 1000; i++)
			ASSERT_EQ(S_OK, NtClose(h[i]));
	}
	EXPECT_EQ(fds, nt_count_fds());
}

TEST(no_descriptor_left_is_TOO_MANY_OPENED_FILES)
{
	struct nt_name n;
	rlim_t old;
	HANDLE h;
	int fds;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	ASSERT_EQ(S_OK, NtClose(h));
	lpc_dev();
	fds = nt_count_fds();
	old = fds_forbid();
	EXPECT_EQ(STATUS_TOO_MANY_OPENED_FILES, nt_port(&h, &n));
	EXPECT_EQ(STATUS_TOO_MANY_OPENED_FILES, NtCreateEventPair(&h, 0, NULL));
	fds_allow(old);
	EXPECT_EQ(fds, nt_count_fds());
	EXPECT_EQ(S_OK, nt_port(&h, &n));
}

TEST(every_descriptor_is_closed_by_execve)
{
	struct dirent *e;
	struct nt_link l;
	HANDLE h;
	DIR *d;
	int fd, n = 0;

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	ASSERT_EQ(S_OK, NtCreateEventPair(&h, 0, NULL));
	d = opendir("/proc/self/fd");
	ASSERT_NE(NULL, d);
	while ((e = readdir(d))) {
		fd = atoi(e->d_name);
		if (e->d_name[0] == '.' || fd < 3 || fd == dirfd(d))
			continue;
		if (is_cloexec(fd))
			n++;
	}
	closedir(d);
	/* the device, three ports, two ends; what the harness has is not ours */
	EXPECT_LE(6, n);
}

TEST(handles_are_not_inherited)
{
	struct nt_link l;
	struct nt_msg m;
	HANDLE h;
	pid_t pid;

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	pid = fork_child();
	if (!pid) {
		must_be(S_HANDLE, NtClose(l.port));
		nt_set(&m, 0, "", 0);
		must_be(S_HANDLE, NtRequestPort(l.client, &m.h));
		/* and it may go on with ones of its own */
		must_be(S_OK, NtCreateEventPair(&h, 0, NULL));
		must_be(S_OK, NtClose(h));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	nt_set(&m, 0, "", 0);
	EXPECT_EQ(S_OK, NtRequestPort(l.client, &m.h));
}

TEST(a_child_keeps_nothing_of_its_parents_open)
{
	struct gate ready;
	struct nt_link l;
	struct nt_msg m;
	pid_t pid;

	gate_init(&ready);
	ASSERT_EQ(S_OK, nt_link_make(&l, (void *)5));
	pid = fork_child();
	if (!pid) {
		gate_post(&ready, 1);
		pause();
	}
	gate_wait(&ready);
	EXPECT_EQ(S_OK, NtClose(l.client));
	ASSERT_EQ(S_OK, nt_recv(l.port, NULL, &m));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&m));
	EXPECT_EQ(S_OK, NtClose(l.port));
	EXPECT_EQ(S_OK, nt_port(&l.port, &l.name));
	kill_reap(pid);
}

static void *churn(void *arg)
{
	OBJECT_ATTRIBUTES a;
	HANDLE h[8];
	int i, j;

	InitializeObjectAttributes(&a, NULL, 0, NULL, NULL);
	for (i = 0; i < 60; i++) {
		for (j = 0; j < 8; j++)
			if (create(&h[j], &a, 0, 100))
				return (void *)1;
		for (j = 0; j < 8; j++)
			if (NtCompleteConnectPort(h[j]) != S_PORT_HANDLE || NtClose(h[j]))
				return (void *)2;
	}
	return NULL;
}

TEST(many_threads_make_and_close_at_once)
{
	pthread_t t[6];
	void *failed;
	int i;

	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, churn, NULL));
	for (i = 0; i < 6; i++) {
		pthread_join(t[i], &failed);
		EXPECT_EQ(NULL, failed);
	}
}

static HANDLE contested;
static pthread_barrier_t barrier;

static void *close_it(void *arg)
{
	pthread_barrier_wait(&barrier);
	return (void *)(intptr_t)NtClose(contested);
}

TEST(of_many_that_close_a_handle_one_does)
{
	void *ret;
	pthread_t t[4];
	int i, j, closed;

	pthread_barrier_init(&barrier, NULL, 4);
	for (j = 0; j < 50; j++) {
		ASSERT_EQ(S_OK, NtCreateEventPair(&contested, 0, NULL));
		for (i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, close_it, NULL);
		for (closed = 0, i = 0; i < 4; i++) {
			pthread_join(t[i], &ret);
			if ((NTSTATUS)(intptr_t)ret == S_OK)
				closed++;
			else
				EXPECT_EQ(S_HANDLE, (NTSTATUS)(intptr_t)ret);
		}
		EXPECT_EQ(1, closed);
	}
}

/* Its descriptor stays what it is for who works with it. */
TEST(a_receive_goes_on_on_a_handle_that_is_closed)
{
	struct nt_requester r = { 0 };
	struct nt_link l;
	struct nt_msg m;
	HANDLE h;

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	nt_request(&r, l.client, "q", 1);
	ASSERT_EQ(S_OK, nt_recv(l.port, NULL, &m));
	EXPECT_EQ(S_OK, NtClose(l.client));
	ASSERT_EQ(S_OK, NtCreateEventPair(&h, 0, NULL));
	EXPECT_EQ(S_OK, NtReplyPort(l.server, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
	/* Only now the client's end is closed. */
	ASSERT_EQ(S_OK, nt_recv(l.port, NULL, &m));
	EXPECT_EQ(LPC_PORT_CLOSED, TYPE(&m));
}

TEST(there_is_no_class_of_information)
{
	ULONG len = 7;
	struct nt_link l;
	HANDLE pair;
	char buf[8];

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	ASSERT_EQ(S_OK, NtCreateEventPair(&pair, 0, NULL));
	EXPECT_EQ(STATUS_INVALID_INFO_CLASS,
		  NtQueryInformationPort(l.port, PortBasicInformation, buf, 8, &len));
	EXPECT_EQ(STATUS_INVALID_INFO_CLASS, NtQueryInformationPort(l.client, 1, NULL, 0, NULL));
	EXPECT_EQ(S_HANDLE, NtQueryInformationPort(NULL, 0, buf, 8, &len));
	EXPECT_EQ(S_TYPE, NtQueryInformationPort(pair, 0, buf, 8, &len));
	EXPECT_EQ(7, len);
}

TEST(without_the_device_it_is_NO_SUCH_DEVICE)
{
	HANDLE h;
	pid_t pid;

	pid = fork_child();
	if (!pid) {
		must_be(0, unshare(CLONE_NEWNS));
		must_be(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must_be(0, mount("none", "/dev", "tmpfs", 0, NULL));
		must_be(STATUS_NO_SUCH_DEVICE, NtCreateEventPair(&h, 0, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST(the_structures_are_those_of_64_bit_programs)
{
	EXPECT_EQ(40, sizeof(PORT_MESSAGE));
	EXPECT_EQ(8, offsetof(PORT_MESSAGE, ClientId));
	EXPECT_EQ(24, offsetof(PORT_MESSAGE, MessageId));
	EXPECT_EQ(32, offsetof(PORT_MESSAGE, ClientViewSize));
	EXPECT_EQ(32, offsetof(PORT_MESSAGE, CallbackId));
	EXPECT_EQ(48, sizeof(PORT_VIEW));
	EXPECT_EQ(24, sizeof(REMOTE_PORT_VIEW));
	EXPECT_EQ(16, sizeof(UNICODE_STRING));
	EXPECT_EQ(48, sizeof(OBJECT_ATTRIBUTES));
	EXPECT_EQ(12, sizeof(SECURITY_QUALITY_OF_SERVICE));
	EXPECT_EQ(24, sizeof(PORT_DATA_INFORMATION));
	EXPECT_EQ(40, sizeof(SECURITY_DESCRIPTOR));
	EXPECT_EQ(2, sizeof(WCHAR));
}

TEST(a_full_quota_is_INSUFFICIENT_RESOURCES)
{
	long old = sysctl_get("ports");
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(0, sysctl_set("ports", 0));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, nt_port(&h, &n));
	sysctl_set("ports", old);
	EXPECT_EQ(S_OK, nt_port(&h, &n));
}

TEST_HARNESS_MAIN
