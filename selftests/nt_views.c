// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_views.c - sections and the views of a connection: who learns what, how long
 * they live
 */
#include "common_nt.h"

#define PAGE	4096

static NTSTATUS section(HANDLE *h, int64_t size)
{
	LARGE_INTEGER max = { .QuadPart = size };

	return NtCreateSection(h, SECTION_ALL_ACCESS, NULL, &max, PAGE_READWRITE, SEC_COMMIT,
			       NULL);
}

static bool is_mapped(void *p)
{
	unsigned char vec;

	return !mincore(p, PAGE, &vec);
}

/* A connection whose two sides give what @client and @server name, if anything */
struct viewed {
	struct nt_link l;
	struct nt_connector c;
	PORT_VIEW client_own, server_own;
	REMOTE_PORT_VIEW client_theirs, server_theirs;
	struct nt_msg request;
};

static NTSTATUS start(struct viewed *v, bool own, bool theirs)
{
	NTSTATUS s;

	nt_name_unique(&v->l.name);
	s = nt_port(&v->l.port, &v->l.name);
	if (s)
		return s;
	v->client_own.Length = sizeof(v->client_own);
	v->client_theirs.Length = sizeof(v->client_theirs);
	v->server_own.Length = sizeof(v->server_own);
	v->server_theirs.Length = sizeof(v->server_theirs);
	v->c.own = own ? &v->client_own : NULL;
	v->c.theirs = theirs ? &v->client_theirs : NULL;
	nt_connector_start(&v->c, &v->l.name);
	s = NtListenPort(v->l.port, &v->request.h);
	LENGTH(&v->request) = 0;
	return s;
}

static NTSTATUS finish(struct viewed *v, bool own, bool theirs)
{
	NTSTATUS s = NtAcceptConnectPort(&v->l.server, NULL, &v->request.h, TRUE,
					 own ? &v->server_own : NULL,
					 theirs ? &v->server_theirs : NULL);

	if (!s)
		s = NtCompleteConnectPort(v->l.server);
	if (s)
		return s;
	s = nt_connector_end(&v->c);
	v->l.client = v->c.h;
	return s;
}

/* ---- both sides ------------------------------------------------------------------ */

FIXTURE(views) {
	struct viewed v;
	HANDLE client, server;
};

FIXTURE_SETUP(views)
{
	ASSERT_EQ(S_OK, section(&self->client, PAGE));
	ASSERT_EQ(S_OK, section(&self->server, 2 * PAGE));
	self->v.client_own.SectionHandle = self->client;
	self->v.server_own.SectionHandle = self->server;
	ASSERT_EQ(S_OK, start(&self->v, true, true));
	ASSERT_EQ(S_OK, finish(&self->v, true, true));
}

FIXTURE_TEARDOWN(views)
{
	NtClose(self->v.l.client);
	NtClose(self->v.l.server);
	NtClose(self->v.l.port);
}

TEST_F(views, the_request_says_the_size_of_the_clients_view)
{
	EXPECT_EQ(PAGE, self->v.request.h.ClientViewSize);
}

TEST_F(views, each_side_is_told_where_the_other_has_its_own)
{
	EXPECT_EQ(self->v.client_own.ViewRemoteBase, self->v.server_theirs.ViewBase);
	EXPECT_EQ(self->v.server_own.ViewRemoteBase, self->v.client_theirs.ViewBase);
}

TEST_F(views, own_and_remote_base_differ_even_in_one_process)
{
	EXPECT_NE(self->v.client_own.ViewBase, self->v.client_own.ViewRemoteBase);
	EXPECT_NE(self->v.server_own.ViewBase, self->v.server_own.ViewRemoteBase);
	EXPECT_NE(NULL, self->v.client_own.ViewBase);
	EXPECT_NE(NULL, self->v.server_own.ViewBase);
}

TEST_F(views, the_clients_length_comes_back_0_and_the_servers_whole)
{
	EXPECT_EQ(0, self->v.client_theirs.Length);
	EXPECT_EQ(sizeof(REMOTE_PORT_VIEW), self->v.server_theirs.Length);
	EXPECT_EQ(sizeof(PORT_VIEW), self->v.client_own.Length);
	EXPECT_EQ(sizeof(PORT_VIEW), self->v.server_own.Length);
}

TEST_F(views, sizes_are_those_of_the_sections)
{
	EXPECT_EQ(PAGE, self->v.client_own.ViewSize);
	EXPECT_EQ(PAGE, self->v.server_theirs.ViewSize);
	EXPECT_EQ(2 * PAGE, self->v.server_own.ViewSize);
	EXPECT_EQ(2 * PAGE, self->v.client_theirs.ViewSize);
}

TEST_F(views, both_sides_read_and_write_both)
{
	char *c = self->v.client_own.ViewBase, *cs = self->v.server_theirs.ViewBase;
	char *s = self->v.server_own.ViewBase, *sc = self->v.client_theirs.ViewBase;

	c[7] = 'c';
	EXPECT_EQ('c', cs[7]);
	cs[8] = 'S';
	EXPECT_EQ('S', c[8]);
	s[PAGE + 1] = 's';
	EXPECT_EQ('s', sc[PAGE + 1]);
	sc[2] = 'C';
	EXPECT_EQ('C', s[2]);
}

TEST_F(views, they_outlive_the_section_handles)
{
	char *c = self->v.client_own.ViewBase, *cs = self->v.server_theirs.ViewBase;

	EXPECT_EQ(S_OK, NtClose(self->client));
	EXPECT_EQ(S_OK, NtClose(self->server));
	c[1] = 'x';
	EXPECT_EQ('x', cs[1]);
}

TEST_F(views, they_live_as_long_as_their_port)
{
	char *c = self->v.client_own.ViewBase, *ct = self->v.client_theirs.ViewBase;
	char *s = self->v.server_own.ViewBase, *st = self->v.server_theirs.ViewBase;

	EXPECT_TRUE(is_mapped(c) && is_mapped(ct) && is_mapped(s) && is_mapped(st));
	EXPECT_EQ(S_OK, NtClose(self->v.l.client));
	EXPECT_FALSE(is_mapped(c));
	EXPECT_FALSE(is_mapped(ct));
	EXPECT_TRUE(is_mapped(s) && is_mapped(st));
	EXPECT_EQ(S_OK, NtClose(self->v.l.server));
	EXPECT_FALSE(is_mapped(s));
	EXPECT_FALSE(is_mapped(st));
}

TEST_F(views, they_can_be_unmapped_before_and_only_once)
{
	EXPECT_EQ(S_OK, NtUnmapViewOfSection(NtCurrentProcess(), self->v.client_own.ViewBase));
	EXPECT_FALSE(is_mapped(self->v.client_own.ViewBase));
	EXPECT_EQ(STATUS_NOT_MAPPED_VIEW,
		  NtUnmapViewOfSection(NtCurrentProcess(), self->v.client_own.ViewBase));
}

TEST_F(views, a_child_of_fork_has_none)
{
	pid_t pid = fork_child();

	if (!pid) {
		must(!is_mapped(self->v.client_own.ViewBase));
		must(!is_mapped(self->v.server_own.ViewBase));
		must_be(STATUS_NOT_MAPPED_VIEW, NtUnmapViewOfSection(NtCurrentProcess(),
								     self->v.client_own.ViewBase));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

static void stays(int sig)
{
	(void)sig;
	if (write(STDOUT_FILENO, "", 1) == 1)
		for (;;)
			pause();
}

/* The server's view is mapped by the client's thread, which does something else. */
TEST(accepting_a_client_that_does_not_map_is_TIMEOUT)
{
	REMOTE_PORT_VIEW theirs = { .Length = sizeof(theirs) };
	PORT_VIEW view = { .Length = sizeof(view) };
	struct nt_connector c = { .theirs = &theirs };
	struct nt_msg request;
	struct nt_name name;
	HANDLE port, server;
	int out[2];
	pid_t pid;
	char byte;

	nt_name_unique(&name);
	ASSERT_EQ(S_OK, nt_port(&port, &name));
	ASSERT_EQ(S_OK, section(&view.SectionHandle, PAGE));
	view.ViewSize = PAGE;
	ASSERT_EQ(0, pipe(out));
	pid = fork_child();
	if (!pid) {
		must(dup2(out[1], STDOUT_FILENO) >= 0);
		signal(SIGUSR1, stays);
		c.name = &name;
		nt_connect(&c);
		_exit(0);
	}
	ASSERT_EQ(S_OK, NtListenPort(port, &request.h));
	LENGTH(&request) = 0;
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	ASSERT_EQ(1, read(out[0], &byte, 1));
	EXPECT_EQ(S_TIMEOUT, NtAcceptConnectPort(&server, NULL, &request.h, TRUE, &view, NULL));
	kill(pid, SIGKILL);
	reap(pid);
}

TEST(no_memory_is_NO_MEMORY)
{
	struct rlimit old, none;
	PVOID base = NULL;
	SIZE_T size = 0;
	NTSTATUS s;
	HANDLE h;

	ASSERT_EQ(S_OK, section(&h, PAGE));
	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &old));
	none = old;
	none.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	s = NtMapViewOfSection(h, NtCurrentProcess(), &base, 0, 0, NULL, &size, ViewUnmap, 0,
			       PAGE_READWRITE);
	setrlimit(RLIMIT_AS, &old);
	EXPECT_EQ(STATUS_NO_MEMORY, s);
	EXPECT_EQ(S_OK, NtMapViewOfSection(h, NtCurrentProcess(), &base, 0, 0, NULL, &size,
					   ViewUnmap, 0, PAGE_READWRITE));
}

/* ---- one side, or none -------------------------------------------------------------- */

TEST(without_views_the_size_reads_0)
{
	struct viewed v = { 0 };

	ASSERT_EQ(S_OK, start(&v, false, false));
	EXPECT_EQ(0, v.request.h.ClientViewSize);
	EXPECT_EQ(S_OK, finish(&v, false, false));
}

TEST(if_the_server_gives_none_the_clients_remote_view_is_zeroed)
{
	struct viewed v = { 0 };

	ASSERT_EQ(S_OK, start(&v, false, true));
	ASSERT_EQ(S_OK, finish(&v, false, false));
	EXPECT_EQ(0, v.client_theirs.Length);
	EXPECT_EQ(0, v.client_theirs.ViewSize);
	EXPECT_EQ(NULL, v.client_theirs.ViewBase);
}

TEST(if_the_client_gives_none_the_servers_remote_view_is_empty)
{
	struct viewed v = { 0 };

	v.server_theirs.ViewSize = 77;
	ASSERT_EQ(S_OK, start(&v, false, false));
	ASSERT_EQ(S_OK, finish(&v, false, true));
	EXPECT_EQ(sizeof(REMOTE_PORT_VIEW), v.server_theirs.Length);
	EXPECT_EQ(0, v.server_theirs.ViewSize);
	EXPECT_EQ(NULL, v.server_theirs.ViewBase);
}

TEST(if_the_server_takes_none_the_client_has_its_own_all_the_same)
{
	struct viewed v = { 0 };

	ASSERT_EQ(S_OK, section(&v.client_own.SectionHandle, PAGE));
	ASSERT_EQ(S_OK, start(&v, true, false));
	EXPECT_EQ(PAGE, v.request.h.ClientViewSize);
	ASSERT_EQ(S_OK, finish(&v, false, false));
	EXPECT_TRUE(is_mapped(v.client_own.ViewBase));
	EXPECT_EQ(PAGE, v.client_own.ViewSize);
	EXPECT_EQ(NULL, v.client_own.ViewRemoteBase);
}

/* Deviation: the client has no view of the server's unless it asked. */
TEST(if_the_client_takes_none_the_server_has_its_own_all_the_same)
{
	struct viewed v = { 0 };

	ASSERT_EQ(S_OK, section(&v.server_own.SectionHandle, PAGE));
	ASSERT_EQ(S_OK, start(&v, false, false));
	ASSERT_EQ(S_OK, finish(&v, true, false));
	EXPECT_TRUE(is_mapped(v.server_own.ViewBase));
	EXPECT_EQ(PAGE, v.server_own.ViewSize);
	EXPECT_EQ(NULL, v.server_own.ViewRemoteBase);
}

TEST(a_part_of_a_section_is_given)
{
	char *c, *s;
	struct viewed v = { 0 };
	HANDLE whole;

	ASSERT_EQ(S_OK, section(&whole, 4 * PAGE));
	v.client_own.SectionHandle = whole;
	v.client_own.SectionOffset = PAGE;
	v.client_own.ViewSize = 2 * PAGE;
	ASSERT_EQ(S_OK, start(&v, true, false));
	EXPECT_EQ(2 * PAGE, v.request.h.ClientViewSize);
	ASSERT_EQ(S_OK, finish(&v, false, true));
	EXPECT_EQ(2 * PAGE, v.server_theirs.ViewSize);
	c = v.client_own.ViewBase;
	s = v.server_theirs.ViewBase;
	c[2 * PAGE - 1] = 'l';
	EXPECT_EQ('l', s[2 * PAGE - 1]);
}

TEST(refused_leaves_no_view)
{
	struct viewed v = { 0 };
	PORT_VIEW before;
	HANDLE h;

	ASSERT_EQ(S_OK, section(&v.client_own.SectionHandle, PAGE));
	v.client_own.ViewBase = (PVOID)5;
	ASSERT_EQ(S_OK, start(&v, true, true));
	before = v.client_own;
	ASSERT_EQ(S_OK, NtAcceptConnectPort(&h, NULL, &v.request.h, FALSE, NULL, NULL));
	EXPECT_EQ(S_REFUSED, nt_connector_end(&v.c));
	EXPECT_EQ(0, memcmp(&before, &v.client_own, sizeof(before)));
}

/* ---- mistakes ------------------------------------------------------------------------- */

static NTSTATUS connect_view(PORT_VIEW *view)
{
	struct nt_connector c = { .own = view };
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	if (nt_port(&h, &n))
		return 1;
	c.name = &n;
	return nt_connect(&c);
}

TEST(a_view_beyond_the_section_is_INVALID_VIEW_SIZE)
{
	PORT_VIEW v = { .Length = sizeof(v) };

	ASSERT_EQ(S_OK, section(&v.SectionHandle, PAGE));
	v.ViewSize = PAGE + 1;
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE, connect_view(&v));
	v.ViewSize = ~0ull;
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE, connect_view(&v));
	v.ViewSize = 0;
	v.SectionOffset = PAGE;
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE, connect_view(&v));
}

TEST(an_offset_of_less_than_a_page_is_MAPPED_ALIGNMENT)
{
	PORT_VIEW v = { .Length = sizeof(v), .SectionOffset = 512 };

	ASSERT_EQ(S_OK, section(&v.SectionHandle, PAGE));
	EXPECT_EQ(STATUS_MAPPED_ALIGNMENT, connect_view(&v));
}

TEST(bad_views_in_accept_leave_the_request_answerable)
{
	struct viewed v = { 0 };
	HANDLE h;

	ASSERT_EQ(S_OK, start(&v, false, true));
#define TRY(own, theirs) NtAcceptConnectPort(&h, NULL, &v.request.h, TRUE, own, theirs)
	v.server_own.Length--;
	EXPECT_EQ(S_PARAMETER, TRY(&v.server_own, NULL));
	v.server_own.Length++;
	v.server_theirs.Length++;
	EXPECT_EQ(S_PARAMETER, TRY(NULL, &v.server_theirs));
	v.server_theirs.Length--;
	EXPECT_EQ(S_HANDLE, TRY(&v.server_own, NULL));
	v.server_own.SectionHandle = v.l.port;
	EXPECT_EQ(S_TYPE, TRY(&v.server_own, NULL));
	EXPECT_EQ(S_AV, TRY(nt_bad(), NULL));
	EXPECT_EQ(S_AV, TRY(NULL, nt_readonly()));
	ASSERT_EQ(S_OK, section(&v.server_own.SectionHandle, PAGE));
	v.server_own.SectionOffset = 1;
	EXPECT_EQ(STATUS_MAPPED_ALIGNMENT, TRY(&v.server_own, NULL));
	v.server_own.SectionOffset = 0;
	v.server_own.ViewSize = 2 * PAGE;
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE, TRY(&v.server_own, NULL));
	v.server_own.ViewSize = 0;
	EXPECT_FALSE(v.c.done);
	EXPECT_EQ(S_OK, finish(&v, true, false));
}

/* ---- NtCreateSection and its views ------------------------------------------------------- */

TEST(a_section_is_made_of_anonymous_memory_alone)
{
	LARGE_INTEGER max = { .QuadPart = PAGE };
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
#define MAKE(out, attributes, size, protect, how, file)	\
	NtCreateSection(out, SECTION_ALL_ACCESS, attributes, size, protect, how, file)
	EXPECT_EQ(S_AV, MAKE(NULL, NULL, &max, PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_EQ(S_AV, MAKE(&h, NULL, nt_bad(), PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_EQ(S_PARAMETER_4, MAKE(&h, NULL, NULL, PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION, MAKE(&h, NULL, &max, 0x40, SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION,
		  MAKE(&h, NULL, &max, PAGE_READONLY, SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_NOT_SUPPORTED, MAKE(&h, NULL, &max, PAGE_READWRITE, 0x4000000, NULL));
	EXPECT_EQ(STATUS_NOT_SUPPORTED,
		  MAKE(&h, NULL, &max, PAGE_READWRITE, SEC_COMMIT, (HANDLE)4));
	EXPECT_EQ(STATUS_NOT_SUPPORTED,
		  MAKE(&h, &n.a, &max, PAGE_READWRITE, SEC_COMMIT, NULL));
	max.QuadPart = 0;
	EXPECT_EQ(S_PARAMETER_4, MAKE(&h, NULL, &max, PAGE_READWRITE, SEC_COMMIT, NULL));
	max.QuadPart = -1;
	EXPECT_EQ(S_PARAMETER_4, MAKE(&h, NULL, &max, PAGE_READWRITE, SEC_COMMIT, NULL));
}

TEST(more_than_the_quota_is_INSUFFICIENT_RESOURCES)
{
	HANDLE h;

	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, section(&h, 1ll << 45));
}

static NTSTATUS map(HANDLE h, PVOID *base, int64_t offset, SIZE_T *size, ULONG protect)
{
	LARGE_INTEGER at = { .QuadPart = offset };

	return NtMapViewOfSection(h, NtCurrentProcess(), base, 0, 0, &at, size, ViewUnmap, 0,
				  protect);
}

TEST(a_view_of_a_section_and_another)
{
	PVOID a = NULL, b = NULL;
	SIZE_T size = 0, part = 1;
	HANDLE h;

	ASSERT_EQ(S_OK, section(&h, 2 * PAGE));
	ASSERT_EQ(S_OK, map(h, &a, 0, &size, PAGE_READWRITE));
	EXPECT_EQ(2 * PAGE, size);
	ASSERT_EQ(S_OK, map(h, &b, PAGE, &part, PAGE_READONLY));
	EXPECT_EQ(PAGE, part);
	((char *)a)[PAGE] = 'm';
	EXPECT_EQ('m', *(char *)b);
	EXPECT_EQ(S_OK, NtClose(h));
	EXPECT_EQ('m', *(char *)b);
	EXPECT_EQ(S_OK, NtUnmapViewOfSection(NtCurrentProcess(), b));
	EXPECT_FALSE(is_mapped(b));
	EXPECT_EQ(S_OK, NtUnmapViewOfSection(NtCurrentProcess(), a));
	EXPECT_EQ(STATUS_NOT_MAPPED_VIEW, NtUnmapViewOfSection(NtCurrentProcess(), a));
}

TEST(a_view_where_it_is_asked_for)
{
	PVOID at = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base = at;
	SIZE_T size = 0;
	HANDLE h;

	ASSERT_EQ(S_OK, section(&h, PAGE));
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES, map(h, &base, 0, &size, PAGE_READWRITE));
	munmap(at, PAGE);
	ASSERT_EQ(S_OK, map(h, &base, 0, &size, PAGE_READWRITE));
	EXPECT_EQ(at, base);
}

TEST(mapping_has_a_status_for_each_mistake)
{
	PVOID base = NULL;
	SIZE_T size = 0;
	HANDLE h;

	ASSERT_EQ(S_OK, section(&h, PAGE));
	EXPECT_EQ(S_HANDLE, map(NULL, &base, 0, &size, PAGE_READWRITE));
	EXPECT_EQ(S_AV, map(h, NULL, 0, &size, PAGE_READWRITE));
	EXPECT_EQ(S_AV, map(h, &base, 0, NULL, PAGE_READWRITE));
	EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION, map(h, &base, 0, &size, 0x40));
	EXPECT_EQ(STATUS_MAPPED_ALIGNMENT, map(h, &base, 7, &size, PAGE_READWRITE));
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE, map(h, &base, PAGE, &size, PAGE_READWRITE));
	size = PAGE + 1;
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE, map(h, &base, 0, &size, PAGE_READWRITE));
	size = 0;
	EXPECT_EQ(S_HANDLE, NtMapViewOfSection(h, h, &base, 0, 0, NULL, &size, ViewUnmap, 0,
					       PAGE_READWRITE));
	EXPECT_EQ(S_PARAMETER_4, NtMapViewOfSection(h, NtCurrentProcess(), &base, 1, 0, NULL,
						    &size, ViewUnmap, 0, PAGE_READWRITE));
	EXPECT_EQ(S_HANDLE, NtUnmapViewOfSection(h, NULL));
}

TEST_HARNESS_MAIN
