// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_data.c - NtReadRequestData, NtWriteRequestData: buffers that a request lists
 */
#include "common_nt.h"

static PORT_DATA_ENTRY entry(void *base, ULONG size)
{
	PORT_DATA_ENTRY e = { base, size };

	return e;
}

/* A request with a list of two buffers */
struct listed {
	PORT_MESSAGE h;
	char text[8];
	ULONG count;
	PORT_DATA_ENTRY entries[2];
};

FIXTURE(data) {
	struct nt_link l;
	struct nt_requester r;
	struct nt_msg m;
	char in[9000], out[9000];
};

FIXTURE_SETUP(data)
{
	struct listed *q = (void *)&self->r.request;
	int i;

	ASSERT_EQ(S_OK, nt_link_make(&self->l, (void *)1));
	for (i = 0; i < sizeof(self->in); i++)
		self->in[i] = i * 5;
	q->h.u1.s1.DataLength = sizeof(*q) - sizeof(q->h);
	q->h.u1.s1.TotalLength = sizeof(*q);
	q->h.u2.s2.DataInfoOffset = offsetof(struct listed, count);
	q->count = 2;
	q->entries[0] = entry(self->in, sizeof(self->in));
	q->entries[1] = entry(self->out, sizeof(self->out));
	self->r.h = self->l.client;
	pthread_create(&self->r.thread, NULL, nt_requester_thread, &self->r);
	ASSERT_EQ(S_OK, nt_recv(self->l.port, NULL, &self->m));
	ASSERT_EQ(LPC_REQUEST, TYPE(&self->m));
	ASSERT_TRUE(UNTIL(self->r.tid) && until_ioctl(self->r.tid, LPC_IOC_CALL_SPLIT));
}

FIXTURE_TEARDOWN(data)
{
	LENGTH(&self->m) = 0;
	EXPECT_EQ(S_OK, NtReplyPort(self->l.port, &self->m.h));
	EXPECT_EQ(S_OK, nt_request_end(&self->r));
	NtClose(self->l.client);
	NtClose(self->l.server);
	NtClose(self->l.port);
}

#define READ(index, to, size, done) \
	NtReadRequestData(self->l.server, &self->m.h, index, to, size, done)
#define WRITE(index, from, size, done) \
	NtWriteRequestData(self->l.server, &self->m.h, index, from, size, done)

TEST_F(data, the_receiver_sees_where_the_list_is)
{
	EXPECT_EQ(offsetof(struct listed, count), INFO(&self->m));
	EXPECT_EQ(2, ((struct listed *)&self->m)->count);
}

TEST_F(data, a_buffer_is_read_whole)
{
	char got[sizeof(self->in)];
	SIZE_T done = 0;

	ASSERT_EQ(S_OK, READ(0, got, sizeof(got), &done));
	EXPECT_EQ(sizeof(got), done);
	EXPECT_EQ(0, memcmp(got, self->in, sizeof(got)));
}

TEST_F(data, a_buffer_is_written)
{
	SIZE_T done = 0;

	ASSERT_EQ(S_OK, WRITE(1, self->in, 5000, &done));
	EXPECT_EQ(5000, done);
	EXPECT_EQ(0, memcmp(self->in, self->out, 5000));
	EXPECT_EQ(0, self->out[5000]);
}

TEST_F(data, less_than_all_of_it_is_read)
{
	char got[16];

	memset(got, POISON, sizeof(got));
	ASSERT_EQ(S_OK, READ(0, got, 5, NULL));
	EXPECT_EQ(0, memcmp(got, self->in, 5));
	EXPECT_TRUE(is_poison(got + 5, 11));
}

TEST_F(data, the_connection_port_will_do)
{
	char got[4];

	EXPECT_EQ(S_OK, NtReadRequestData(self->l.port, &self->m.h, 0, got, 4, NULL));
	EXPECT_EQ(0, memcmp(got, self->in, 4));
}

TEST_F(data, nothing_is_read_with_success)
{
	SIZE_T done = 7;

	EXPECT_EQ(S_OK, READ(0, NULL, 0, &done));
	EXPECT_EQ(0, done);
}

TEST_F(data, without_an_offset_it_is_INVALID_PARAMETER)
{
	char got[4];

	INFO(&self->m) = 0;
	EXPECT_EQ(S_PARAMETER, READ(0, got, 4, NULL));
	EXPECT_EQ(S_PARAMETER, WRITE(1, got, 4, NULL));
}

TEST_F(data, an_index_beyond_the_list_is_INVALID_PARAMETER)
{
	char got[4];

	EXPECT_EQ(S_PARAMETER, READ(2, got, 4, NULL));
	EXPECT_EQ(S_PARAMETER, WRITE(2, got, 4, NULL));
	EXPECT_EQ(S_PARAMETER, READ(~0u, got, 4, NULL));
}

TEST_F(data, more_than_the_buffer_is_INVALID_PARAMETER)
{
	static char got[9001];

	EXPECT_EQ(S_PARAMETER, READ(0, got, 9001, NULL));
	EXPECT_EQ(S_PARAMETER, WRITE(1, got, 9001, NULL));
	EXPECT_EQ(S_PARAMETER, READ(0, got, ~0ull, NULL));
}

TEST_F(data, another_id_is_MISMATCH)
{
	char got[4];

	self->m.h.MessageId++;
	EXPECT_EQ(S_MISMATCH, READ(0, got, 4, NULL));
	EXPECT_EQ(S_MISMATCH, WRITE(1, got, 4, NULL));
	self->m.h.MessageId--;
}

TEST_F(data, no_such_thread_is_INVALID_CID)
{
	HANDLE good = self->m.h.ClientId.UniqueThread;
	char got[4];

	self->m.h.ClientId.UniqueThread = (HANDLE)0x7ffffff0;
	EXPECT_EQ(S_CID, READ(0, got, 4, NULL));
	self->m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
	EXPECT_EQ(S_MISMATCH, READ(0, got, 4, NULL));
	self->m.h.ClientId.UniqueThread = good;
}

TEST_F(data, an_unrelated_port_is_MISMATCH)
{
	struct nt_link other;
	char got[4];

	ASSERT_EQ(S_OK, nt_link_make(&other, NULL));
	EXPECT_EQ(S_MISMATCH, NtReadRequestData(other.server, &self->m.h, 0, got, 4, NULL));
	EXPECT_EQ(S_MISMATCH, NtReadRequestData(self->l.client, &self->m.h, 0, got, 4, NULL));
	EXPECT_EQ(S_HANDLE, NtReadRequestData(NULL, &self->m.h, 0, got, 4, NULL));
}

TEST_F(data, bad_memory_of_the_server_is_ACCESS_VIOLATION)
{
	char got[4];

	EXPECT_EQ(S_AV, READ(0, NULL, 4, NULL));
	EXPECT_EQ(S_AV, READ(0, nt_readonly(), 4, NULL));
	EXPECT_EQ(S_AV, WRITE(1, nt_bad(), 4, NULL));
	EXPECT_EQ(S_AV, READ(0, got, 4, nt_bad()));
	EXPECT_EQ(S_AV, NtReadRequestData(self->l.server, NULL, 0, got, 4, NULL));
}

/* The list is the kernel's copy of when it was sent. */
TEST_F(data, changing_the_list_afterwards_changes_nothing)
{
	struct listed *q = (void *)&self->r.request;
	char got[4];

	q->entries[0].Base = self->out;
	q->count = 0;
	EXPECT_EQ(S_OK, READ(0, got, 4, NULL));
	EXPECT_EQ(0, memcmp(got, self->in, 4));
}

TEST(after_the_reply_it_is_MISMATCH_or_INVALID_CID)
{
	struct nt_requester r = { 0 };
	struct nt_msg m;
	struct nt_link l;
	char got[4];

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	nt_request(&r, l.client, "x", 1);
	ASSERT_EQ(S_OK, nt_recv(l.port, NULL, &m));
	INFO(&m) = 40;
	/* It lists none. */
	EXPECT_EQ(S_PARAMETER, NtReadRequestData(l.server, &m.h, 0, got, 4, NULL));
	INFO(&m) = 0;
	ASSERT_EQ(S_OK, NtReplyPort(l.port, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
	INFO(&m) = 40;
	EXPECT_TRUE(UNTIL(NtReadRequestData(l.server, &m.h, 0, got, 4, NULL) == S_CID));
	m.h.ClientId.UniqueThread = (HANDLE)(uintptr_t)get_tid();
	EXPECT_EQ(S_MISMATCH, NtReadRequestData(l.server, &m.h, 0, got, 4, NULL));
}

TEST(bad_memory_of_the_client_is_PARTIAL_COPY)
{
	struct nt_requester r = { 0 };
	struct listed *q = (void *)&r.request;
	struct nt_msg m;
	struct nt_link l;
	char got[4];

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	q->h.u1.s1.DataLength = sizeof(*q) - sizeof(q->h);
	q->h.u1.s1.TotalLength = sizeof(*q);
	q->h.u2.s2.DataInfoOffset = offsetof(struct listed, count);
	q->count = 2;
	q->entries[0] = entry(nt_bad(), 4);
	q->entries[1] = entry(nt_readonly(), 4);
	r.h = l.client;
	pthread_create(&r.thread, NULL, nt_requester_thread, &r);
	ASSERT_EQ(S_OK, nt_recv(l.port, NULL, &m));
	ASSERT_TRUE(UNTIL(r.tid) && until_ioctl(r.tid, LPC_IOC_CALL_SPLIT));
	EXPECT_EQ(STATUS_PARTIAL_COPY, NtReadRequestData(l.server, &m.h, 0, got, 4, NULL));
	EXPECT_EQ(STATUS_PARTIAL_COPY, NtWriteRequestData(l.server, &m.h, 1, got, 4, NULL));
	EXPECT_EQ(S_OK, NtReadRequestData(l.server, &m.h, 1, got, 4, NULL));
	EXPECT_EQ(S_OK, NtReplyPort(l.port, &m.h));
	EXPECT_EQ(S_OK, nt_request_end(&r));
}

TEST(a_list_that_does_not_lie_in_the_message_is_INVALID_PARAMETER)
{
	struct listed q = { .count = 2 };
	struct nt_link l;
	struct nt_msg m;

	ASSERT_EQ(S_OK, nt_link_make(&l, NULL));
	q.h.u1.s1.DataLength = sizeof(q) - sizeof(q.h);
	q.h.u1.s1.TotalLength = sizeof(q);
	q.h.u2.s2.DataInfoOffset = sizeof(q) - 4;
	EXPECT_EQ(S_PARAMETER, NtRequestWaitReplyPort(l.client, &q.h, &m.h));
	q.h.u2.s2.DataInfoOffset = 8;
	EXPECT_EQ(S_PARAMETER, NtRequestWaitReplyPort(l.client, &q.h, &m.h));
	q.h.u2.s2.DataInfoOffset = offsetof(struct listed, count);
	q.count = 17;
	EXPECT_EQ(S_PARAMETER, NtRequestWaitReplyPort(l.client, &q.h, &m.h));
	q.count = 0;
	EXPECT_EQ(S_PARAMETER, NtRequestWaitReplyPort(l.client, &q.h, &m.h));
	q.count = 2;
	q.entries[0] = entry((PVOID)~7ul, 100);
	EXPECT_EQ(S_PARAMETER, NtRequestWaitReplyPort(l.client, &q.h, &m.h));
	EXPECT_EQ(S_TIMEOUT, nt_peek(l.port, &m));
}

struct reader {
	pthread_t thread;
	HANDLE h;
	struct nt_msg *m;
	NTSTATUS status;
	atomic_int rounds;
};

/* Two at the same buffers: one waits its turn or is told that another is there. */
static void *read_thread(void *arg)
{
	struct reader *r = arg;
	char got[9000];
	int i;

	for (i = 0; i < 200 && (!r->status || r->status == STATUS_DEVICE_BUSY); i++) {
		r->status = NtReadRequestData(r->h, &r->m->h, 0, got, sizeof(got), NULL);
		if (!r->status)
			r->rounds++;
	}
	return NULL;
}

TEST_F(data, two_readers_at_once_succeed_or_are_DEVICE_BUSY)
{
	struct reader r[2] = { { 0 } };
	int i;

	for (i = 0; i < 2; i++) {
		r[i].h = self->l.server;
		r[i].m = &self->m;
		pthread_create(&r[i].thread, NULL, read_thread, &r[i]);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_TRUE(!r[i].status || r[i].status == STATUS_DEVICE_BUSY);
	}
	EXPECT_LT(0, r[0].rounds + r[1].rounds);
}

TEST_HARNESS_MAIN
