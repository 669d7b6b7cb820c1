// SPDX-License-Identifier: GPL-2.0-only
/*
 * split.c - the split form of a message: payload, or NT's header with it, apart
 * from struct lpc_msg; COPY; short ids
 */
#include "common.h"

struct nt {
	struct lpc_nt_message h;
	char data[304];
};

static void nt_set(struct nt *m, int type, const void *data, int len)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->data, data, len);
	m->h.type = type;
	m->h.data_length = len;
	m->h.total_length = sizeof(m->h) + len;
}

static int split_send(int fd, int form, const void *from, int len)
{
	struct lpc_split s = { .form = form, .send = (uintptr_t)from, .msg.len = len };

	return lpc_ioctl(fd, LPC_IOC_SEND_SPLIT, &s);
}

static int split_recv(int fd, int form, void *to, uint64_t *context, int ms)
{
	struct lpc_split s = {
		.form = form, .receive = (uintptr_t)to, .context = (uintptr_t)context,
		.msg.flags = LPC_WITH_RECV | (ms == NO_WAIT ? LPC_DONTWAIT : 0),
		.msg.room = LPC_INLINE_MAX, .msg.deadline = in_ms(ms),
	};

	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV_SPLIT, &s);
}

static int split_reply(int fd, int form, const void *from, int len, uint64_t id)
{
	struct lpc_split s = {
		.form = form, .send = (uintptr_t)from, .msg.len = len, .msg.id = id,
		.msg.flags = LPC_WITH_REPLY,
	};

	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV_SPLIT, &s);
}

static void *bad_page(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + 4096, 4096, PROT_NONE))
		abort();
	return p + 4096;
}

struct call {
	pthread_t thread;
	int fd, form, ret;
	pid_t tid;
	const void *send;
	void *receive;
	int len;
	struct lpc_split s;
	atomic_bool interrupted;
};

static void *call_thread(void *arg)
{
	struct call *c = arg;

	c->tid = get_tid();
	c->s = (struct lpc_split){
		.form = c->form, .send = (uintptr_t)c->send, .msg.len = c->len,
		.receive = (uintptr_t)c->receive, .msg.room = LPC_INLINE_MAX,
		.msg.deadline = in_ms(LONG),
	};
	c->ret = lpc_ioctl(c->fd, LPC_IOC_CALL_SPLIT, &c->s);
	if (c->ret == -EINTR) {
		c->interrupted = c->s.msg.status & LPC_PENDING;
		c->ret = lpc_ioctl(c->fd, LPC_IOC_CALL_SPLIT, &c->s);
	}
	return NULL;
}

static void call_start(struct call *c, int fd, int form, const void *send, int len, void *receive)
{
	c->fd = fd;
	c->form = form;
	c->send = send;
	c->len = len;
	c->receive = receive;
	c->ret = 1;
	c->interrupted = false;
	pthread_create(&c->thread, NULL, call_thread, c);
}

static int call_end(struct call *c)
{
	pthread_join(c->thread, NULL);
	return c->ret;
}

FIXTURE(split) {
	struct link l;
};

FIXTURE_SETUP(split)
{
	ASSERT_EQ(0, link_make(&self->l, NULL, 77, 0));
}

FIXTURE_TEARDOWN(split)
{
	link_close(&self->l);
}

/* ---- bytes ------------------------------------------------------------------ */

TEST_F(split, bytes_are_sent_from_and_received_to_where_they_are)
{
	char to[304];

	memset(to, POISON, sizeof(to));
	ASSERT_EQ(0, split_send(self->l.client, LPC_SPLIT_BYTES, "apart", 5));
	ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_BYTES, to, NULL, LONG));
	EXPECT_EQ(0, memcmp(to, "apart", 5));
	EXPECT_TRUE(is_poison(to + 5, sizeof(to) - 5));
}

TEST_F(split, only_the_message_is_written_of_the_struct)
{
	char to[304];
	struct lpc_split s = {
		.form = LPC_SPLIT_BYTES, .receive = (uintptr_t)to,
		.msg.flags = LPC_WITH_RECV, .msg.room = LPC_INLINE_MAX, .send = 5,
	};

	ASSERT_EQ(0, msg_send(self->l.client, 9, "x", 1));
	ASSERT_EQ(0, lpc_ioctl(self->l.port, LPC_IOC_REPLY_RECV_SPLIT, &s));
	EXPECT_EQ(9, s.msg.code);
	EXPECT_EQ(1, s.msg.len);
	EXPECT_EQ(77, s.msg.context);
	EXPECT_EQ(LPC_SPLIT_BYTES, s.form);
	EXPECT_EQ(5, s.send);
	EXPECT_EQ((uintptr_t)to, s.receive);
}

TEST_F(split, a_call_and_its_reply_in_bytes)
{
	char reply[304] = "";
	struct lpcbuf b;
	struct call c;

	call_start(&c, self->l.client, LPC_SPLIT_BYTES, "ask", 3, reply);
	ASSERT_EQ(0, msg_recv(self->l.port, &b, LONG));
	EXPECT_TRUE(buf_is(&b, "ask", 3));
	EXPECT_EQ(0, split_reply(self->l.port, LPC_SPLIT_BYTES, "answer", 6, b.m.id));
	EXPECT_EQ(0, call_end(&c));
	EXPECT_EQ(0, memcmp(reply, "answer", 6));
	EXPECT_EQ(LPC_REPLY, c.s.msg.type);
	EXPECT_EQ(6, c.s.msg.len);
}

TEST_F(split, buffers_of_a_call_in_bytes_are_there_for_DATA)
{
	char text[] = "in the client", reply[304];
	struct lpc_buffer list = {
		.base = (uintptr_t)text, .length = sizeof(text), .access = LPC_DATA_READ,
	};
	struct lpc_data d = { .access = LPC_DATA_READ, .length = sizeof(text) };
	struct lpc_split s = {
		.form = LPC_SPLIT_BYTES, .send = (uintptr_t)"x", .msg.len = 1,
		.receive = (uintptr_t)reply, .msg.room = LPC_INLINE_MAX,
		.msg.deadline = in_ms(LONG), .buffers = (uintptr_t)&list, .count = 1,
	};
	char got[sizeof(text)];
	struct lpcbuf b;
	pid_t pid;

	pid = fork_child();
	if (!pid) {
		must_be(0, lpc_ioctl(self->l.client, LPC_IOC_CALL_SPLIT, &s));
		_exit(0);
	}
	ASSERT_EQ(0, msg_recv(self->l.port, &b, LONG));
	d.id = b.m.id;
	d.address = (uintptr_t)got;
	EXPECT_EQ(0, lpc_ioctl(self->l.port, LPC_IOC_DATA, &d));
	EXPECT_EQ(0, memcmp(text, got, sizeof(text)));
	EXPECT_EQ(0, msg_reply(self->l.port, &b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(split, a_bad_address_to_send_from_is_EFAULT_and_nothing_is_sent)
{
	struct lpcbuf b;

	EXPECT_EQ(-EFAULT, split_send(self->l.client, LPC_SPLIT_BYTES, bad_page(), 1));
	EXPECT_EQ(-EFAULT, split_send(self->l.client, LPC_SPLIT_BYTES, (char *)bad_page() - 1, 2));
	EXPECT_EQ(-EFAULT, split_send(self->l.client, LPC_SPLIT_NT, bad_page(), 0));
	EXPECT_EQ(-EFAULT, split_send(self->l.client, LPC_SPLIT_NT, NULL, 0));
	EXPECT_EQ(-EAGAIN, msg_recv(self->l.port, &b, NO_WAIT));
}

TEST_F(split, what_cannot_be_written_has_not_been_received)
{
	struct lpcbuf b;

	ASSERT_EQ(0, msg_send(self->l.client, 1, "kept", 4));
	EXPECT_EQ(-EFAULT, split_recv(self->l.port, LPC_SPLIT_BYTES, bad_page(), NULL, LONG));
	EXPECT_EQ(-EFAULT, split_recv(self->l.port, LPC_SPLIT_BYTES, (char *)bad_page() - 3,
				      NULL, LONG));
	ASSERT_EQ(0, msg_recv(self->l.port, &b, NO_WAIT));
	EXPECT_TRUE(buf_is(&b, "kept", 4));
}

TEST_F(split, an_unknown_form_or_a_field_without_one_is_EINVAL)
{
	struct lpc_split s = { .form = LPC_SPLIT_NT + 1 };
	int fd = self->l.client;

	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_SEND_SPLIT, &s));
	s = (struct lpc_split){ .send = 8 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_SEND_SPLIT, &s));
	s = (struct lpc_split){ .receive = 8 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_CALL_SPLIT, &s));
	s = (struct lpc_split){ .context = 8 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_CALL_SPLIT, &s));
	s = (struct lpc_split){ .form = LPC_SPLIT_BYTES, .context = 8 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_CALL_SPLIT, &s));
	s = (struct lpc_split){ .form = LPC_SPLIT_BYTES, .receive = 8 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_SEND_SPLIT, &s));
	s = (struct lpc_split){ .form = LPC_SPLIT_NT, .count = 1 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_CALL_SPLIT, &s));
	s = (struct lpc_split){ .form = LPC_SPLIT_NT, .msg.section = 1 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_CALL_SPLIT, &s));
	s = (struct lpc_split){ .form = LPC_SPLIT_NT, .msg.out = 8 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(fd, LPC_IOC_CALL_SPLIT, &s));
}

TEST_F(split, without_a_form_the_payload_follows_the_longer_struct)
{
	struct {
		struct lpc_split s;
		char data[304];
	} m = { .s.msg.len = 4, .data = "long" };
	struct lpcbuf b;

	ASSERT_EQ(0, lpc_ioctl(self->l.client, LPC_IOC_SEND_SPLIT, &m));
	ASSERT_EQ(0, msg_recv(self->l.port, &b, NO_WAIT));
	EXPECT_TRUE(buf_is(&b, "long", 4));
}

/* ---- NT's header -------------------------------------------------------------- */

TEST_F(split, nt_lengths_are_checked_before_the_limit)
{
	struct nt m;

	nt_set(&m, 0, "1234", 4);
	m.h.total_length = 43;
	EXPECT_EQ(-EINVAL, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
	m.h.total_length = -1;
	EXPECT_EQ(-EINVAL, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
	m.h.total_length = 44;
	m.h.data_length = -1;
	EXPECT_EQ(-EINVAL, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
	m.h.data_length = 304;
	m.h.total_length = 343;
	EXPECT_EQ(-EINVAL, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
	m.h.total_length = 344;
	EXPECT_EQ(-EMSGSIZE, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
	m.h.data_length = 0;
	EXPECT_EQ(-EMSGSIZE, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
	m.h.total_length = 343;
	EXPECT_EQ(0, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
}

TEST_F(split, an_nt_message_comes_with_all_of_its_header)
{
	uint64_t context = 0;
	struct nt m, to;

	memset(&to, POISON, sizeof(to));
	nt_set(&m, 0, "hello", 5);
	m.h.total_length = 100;
	m.h.process = 99;
	m.h.thread = 99;
	m.h.message_id = 99;
	m.h.callback = 99;
	ASSERT_EQ(0, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
	ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, &to, &context, LONG));
	EXPECT_EQ(5, to.h.data_length);
	EXPECT_EQ(100, to.h.total_length);
	EXPECT_EQ(LPC_DATAGRAM, to.h.type);
	EXPECT_EQ(0, to.h.data_info_offset);
	EXPECT_EQ(getpid(), to.h.process);
	EXPECT_EQ(get_tid(), to.h.thread);
	EXPECT_NE(0, to.h.message_id);
	EXPECT_EQ(0, to.h.reserved);
	EXPECT_EQ(0, to.h.callback);
	EXPECT_EQ(77, context);
	EXPECT_EQ(0, memcmp(to.data, "hello", 5));
	EXPECT_TRUE(is_poison(to.data + 5, sizeof(to.data) - 5));
}

TEST_F(split, an_nt_message_of_each_length_writes_not_one_byte_more)
{
	char data[LPC_INLINE_MAX];
	struct nt m, to;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + 1;
	for (int len = 0; len <= LPC_INLINE_MAX; len++) {
		memset(&to, POISON, sizeof(to));
		nt_set(&m, 0, data, len);
		ASSERT_EQ(0, split_send(self->l.client, LPC_SPLIT_NT, &m, 0));
		ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, &to, NULL, LONG));
		EXPECT_EQ(len, to.h.data_length);
		EXPECT_EQ(0, memcmp(to.data, data, len));
		EXPECT_TRUE(is_poison(to.data + len, sizeof(to.data) - len));
	}
}

TEST_F(split, what_no_nt_program_sent_reads_plausibly)
{
	static const uint32_t codes[] = { 0, 7, 0xffffffff, 0x00290000, 0x0020ffff };
	struct nt to;
	int i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		ASSERT_EQ(0, msg_send(self->l.client, codes[i], "ab", 2));
		ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, &to, NULL, LONG));
		EXPECT_EQ(2, to.h.data_length);
		EXPECT_EQ(42, to.h.total_length);
		EXPECT_EQ(0, to.h.data_info_offset);
	}
}

TEST_F(split, an_nt_message_at_the_very_end_of_memory)
{
	char *end = bad_page();
	struct nt m, to;
	int i;

	for (i = 0; i <= 303; i++) {
		nt_set(&m, 0, "", 0);
		memset(m.data, i + 1, i);
		m.h.data_length = i;
		m.h.total_length = 40 + i;
		memcpy(end - 40 - i, &m, 40 + i);
		ASSERT_EQ(0, split_send(self->l.client, LPC_SPLIT_NT, end - 40 - i, 0));
		memset(end - 40 - i, POISON, 40 + i);
		ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, end - 40 - i, NULL, LONG));
		memcpy(&to, end - 40 - i, 40 + i);
		ASSERT_EQ(i, to.h.data_length);
		ASSERT_EQ(0, memcmp(to.data, m.data, i));
	}
	nt_set(&m, 0, "12", 2);
	memcpy(end - 41, &m, 41);
	EXPECT_EQ(-EFAULT, split_send(self->l.client, LPC_SPLIT_NT, end - 41, 0));
}

TEST_F(split, a_bad_context_loses_nothing)
{
	struct lpcbuf b;
	struct nt to;

	ASSERT_EQ(0, msg_send(self->l.client, 1, "kept", 4));
	EXPECT_EQ(-EFAULT, split_recv(self->l.port, LPC_SPLIT_NT, &to, bad_page(), LONG));
	EXPECT_EQ(0, msg_recv(self->l.port, &b, NO_WAIT));
}

TEST_F(split, the_outputs_are_looked_at_before_the_reply_part)
{
	struct lpc_split s = {
		.form = LPC_SPLIT_NT, .receive = (uintptr_t)bad_page(),
		.msg.flags = LPC_WITH_REPLY | LPC_WITH_RECV, .msg.room = LPC_INLINE_MAX,
	};
	struct nt m, req, reply;
	struct call c;

	nt_set(&m, 0, "q", 1);
	call_start(&c, self->l.client, LPC_SPLIT_NT, &m, 0, &reply);
	ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, &req, NULL, LONG));
	s.send = (uintptr_t)&req;
	EXPECT_EQ(-EFAULT, lpc_ioctl(self->l.port, LPC_IOC_REPLY_RECV_SPLIT, &s));
	EXPECT_EQ(1, PORT_FIELD(self->l.port, calls_now));
	EXPECT_EQ(0, split_reply(self->l.port, LPC_SPLIT_NT, &req, 0, 0));
	EXPECT_EQ(0, call_end(&c));
	EXPECT_EQ('q', reply.data[0]);
}

TEST_F(split, a_number_alone_answers_nothing)
{
	struct nt m, req, reply, wrong;
	struct call c;

	nt_set(&m, 0, "q", 1);
	call_start(&c, self->l.client, LPC_SPLIT_NT, &m, 0, &reply);
	ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, &req, NULL, LONG));
	EXPECT_EQ(c.tid, req.h.thread);
	wrong = req;
	wrong.h.thread = getpid();
	EXPECT_EQ(-ESTALE, split_reply(self->l.port, LPC_SPLIT_NT, &wrong, 0, 0));
	wrong = req;
	wrong.h.process++;
	EXPECT_EQ(-ESTALE, split_reply(self->l.port, LPC_SPLIT_NT, &wrong, 0, 0));
	wrong = req;
	wrong.h.process |= 1ull << 32;
	EXPECT_EQ(-ESTALE, split_reply(self->l.port, LPC_SPLIT_NT, &wrong, 0, 0));
	wrong = req;
	wrong.h.callback = 3;
	EXPECT_EQ(-ESTALE, split_reply(self->l.port, LPC_SPLIT_NT, &wrong, 0, 0));
	wrong = req;
	wrong.h.message_id++;
	EXPECT_EQ(-ESTALE, split_reply(self->l.port, LPC_SPLIT_NT, &wrong, 0, 0));
	wrong.h.message_id = 0;
	EXPECT_EQ(-EINVAL, split_reply(self->l.port, LPC_SPLIT_NT, &wrong, 0, 0));
	EXPECT_EQ(-ESTALE, split_reply(self->l.client, LPC_SPLIT_NT, &req, 0, 0));
	EXPECT_EQ(0, split_reply(self->l.port, LPC_SPLIT_NT, &req, 0, 0));
	EXPECT_EQ(0, call_end(&c));
	EXPECT_EQ(-ESTALE, split_reply(self->l.port, LPC_SPLIT_NT, &req, 0, 0));
}

TEST_F(split, an_nt_call_takes_type_0_and_callbacks_only)
{
	struct lpc_split s = {
		.form = LPC_SPLIT_NT, .msg.flags = LPC_DONTWAIT, .msg.room = LPC_INLINE_MAX,
	};
	struct nt m, reply;
	int type;

	s.send = (uintptr_t)&m;
	s.receive = (uintptr_t)&reply;
	for (type = 2; type < 14; type++) {
		nt_set(&m, type, "", 0);
		m.h.message_id = 1;
		EXPECT_EQ(-EINVAL, lpc_ioctl(self->l.client, LPC_IOC_CALL_SPLIT, &s));
	}
	nt_set(&m, LPC_REQUEST, "", 0);
	EXPECT_EQ(-EINVAL, lpc_ioctl(self->l.client, LPC_IOC_CALL_SPLIT, &s));
	m.h.message_id = 12345;
	EXPECT_EQ(-ESTALE, lpc_ioctl(self->l.server, LPC_IOC_CALL_SPLIT, &s));
	s.msg.flags = LPC_DONTWAIT;
	nt_set(&m, LPC_NT_NO_IMPERSONATE, "", 0);
	EXPECT_EQ(-EAGAIN, lpc_ioctl(self->l.client, LPC_IOC_CALL_SPLIT, &s));
}

TEST_F(split, a_list_of_buffers_lies_within_the_message)
{
	struct {
		struct lpc_nt_message h;
		struct lpc_nt_buffers list;
		struct lpc_nt_buffer entry[2];
	} m = { .h.data_info_offset = 40, .list.count = 2 };
	struct lpc_split s = {
		.form = LPC_SPLIT_NT, .send = (uintptr_t)&m, .msg.room = LPC_INLINE_MAX,
	};
	int fd = self->l.client;
	struct nt reply;

	m.h.data_length = 40;
	m.h.total_length = 80;
	s.receive = (uintptr_t)&reply;
#define LIST() ({ s.msg.flags = LPC_DONTWAIT; lpc_ioctl(fd, LPC_IOC_CALL_SPLIT, &s); })
	EXPECT_EQ(-EAGAIN, LIST());
	m.list.count = 3;
	EXPECT_EQ(-EINVAL, LIST());
	m.list.count = 0;
	EXPECT_EQ(-EINVAL, LIST());
	m.list.count = 0x10000000;
	EXPECT_EQ(-EINVAL, LIST());
	m.list.count = 2;
	m.h.data_info_offset = 39;
	EXPECT_EQ(-EINVAL, LIST());
	m.h.data_info_offset = 41;
	EXPECT_EQ(-EINVAL, LIST());
	m.h.data_info_offset = 0x7fff;
	EXPECT_EQ(-EINVAL, LIST());
	m.h.data_info_offset = -1;
	EXPECT_EQ(-EINVAL, LIST());
	m.h.data_info_offset = 40;
	m.entry[1].base = -1ull;
	m.entry[1].size = 2;
	EXPECT_EQ(-EINVAL, LIST());
	EXPECT_EQ(-EINVAL, split_send(fd, LPC_SPLIT_NT, &m, 0));
}

/* The reply's place goes while the call waits: that is its caller's own loss. */
TEST_F(split, a_reply_that_cannot_be_written_is_EFAULT_for_its_caller_alone)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct nt m, req;
	struct call c;

	nt_set(&m, 0, "q", 1);
	call_start(&c, self->l.client, LPC_SPLIT_NT, &m, 0, page);
	ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, &req, NULL, LONG));
	ASSERT_EQ(0, munmap(page, 4096));
	EXPECT_EQ(0, split_reply(self->l.port, LPC_SPLIT_NT, &req, 0, 0));
	EXPECT_EQ(-EFAULT, call_end(&c));
}

static void on_signal(int sig)
{
}

TEST_F(split, a_call_that_a_signal_interrupts_is_waited_for_by_its_own_struct)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct nt m, req, reply;
	struct call c;

	sigaction(SIGUSR1, &sa, NULL);
	nt_set(&m, 0, "q", 1);
	call_start(&c, self->l.client, LPC_SPLIT_NT, &m, 0, &reply);
	ASSERT_EQ(0, split_recv(self->l.port, LPC_SPLIT_NT, &req, NULL, LONG));
	ASSERT_TRUE(until_ioctl(c.tid, LPC_IOC_CALL_SPLIT));
	/* What it would send is not looked at any more. */
	m.h.data_length = -1;
	pthread_kill(c.thread, SIGUSR1);
	ASSERT_TRUE(UNTIL(c.interrupted));
	ASSERT_TRUE(until_ioctl(c.tid, LPC_IOC_CALL_SPLIT));
	EXPECT_EQ(0, split_reply(self->l.port, LPC_SPLIT_NT, &req, 0, 0));
	EXPECT_EQ(0, call_end(&c));
	EXPECT_EQ(LPC_REPLY, reply.h.type);
	EXPECT_EQ('q', reply.data[0]);
}

TEST_F(split, a_request_lost_before_it_was_taken_has_an_id)
{
	struct nt m, reply;
	struct call c;

	nt_set(&m, 0, "q", 1);
	call_start(&c, self->l.client, LPC_SPLIT_NT, &m, 0, &reply);
	ASSERT_TRUE(until_queued(self->l.port, 1));
	EXPECT_EQ(0, end_shutdown(self->l.server, LPC_SHUT_ALL));
	EXPECT_EQ(-EPIPE, call_end(&c));
	EXPECT_NE(0, c.s.msg.id);
	call_start(&c, self->l.client, LPC_SPLIT_NT, &m, 0, &reply);
	EXPECT_EQ(-EPIPE, call_end(&c));
	EXPECT_EQ(0, c.s.msg.id);
}

/* ---- short ids ----------------------------------------------------------------- */

static int query_short(int fd, uint64_t id, struct lpc_call_info *c)
{
	return lpc_ioctl(fd, LPC_IOC_QUERY, &(struct lpc_query){
		.what = LPC_WHAT_CALL, .flags = LPC_QUERY_SHORT_ID, .id = id,
		.out = (uintptr_t)c, .size = sizeof(*c),
	});
}

TEST_F(split, a_short_id_finds_its_request)
{
	struct lpc_call_info info;
	struct lpcbuf b;
	uint64_t id;

	ASSERT_EQ(0, msg_call_async(self->l.client, 4, "x", 1, LONG, &id));
	ASSERT_EQ(0, msg_recv(self->l.port, &b, LONG));
	ASSERT_EQ(0, query_short(self->l.port, (uint32_t)id, &info));
	EXPECT_EQ(id, info.id);
	EXPECT_EQ(get_tid(), info.tid);
	EXPECT_EQ(-ESTALE, query_short(self->l.port, (uint32_t)id + 1, &info));
	EXPECT_EQ(-ESTALE, query_short(self->l.port, 0, &info));
	EXPECT_EQ(-EINVAL, query_short(self->l.port, id | 1ull << 32, &info));
	EXPECT_EQ(-ESTALE, query_short(self->l.client, (uint32_t)id, &info));
	EXPECT_EQ(0, msg_reply(self->l.port, &b, 0, NULL, 0));
	EXPECT_EQ(-ESTALE, query_short(self->l.port, (uint32_t)id, &info));
}

TEST_F(split, a_short_id_finds_a_received_connection_request_on_the_port_alone)
{
	struct lpc_port_info p = { 0 };
	struct lpc_call_info info;
	struct lpcbuf b;
	char name[256];
	int end;

	ASSERT_EQ(0, query_port(self->l.port, &p));
	snprintf(name, sizeof(name), "%.*s", (int)p.name_len, (char *)p.name);
	end = port_connect_async(name, NULL);
	ASSERT_LE(0, end);
	ASSERT_EQ(0, msg_listen(self->l.port, &b, LONG));
	ASSERT_EQ(0, query_short(self->l.port, (uint32_t)b.m.id, &info));
	EXPECT_EQ(b.m.id, info.id);
	EXPECT_EQ(getpid(), info.pid);
	EXPECT_EQ(-ESTALE, query_short(self->l.server, (uint32_t)b.m.id, &info));
	EXPECT_EQ(-ESTALE, query_call(self->l.port, b.m.id, &info));
	EXPECT_EQ(0, port_refuse(self->l.port, b.m.id, NULL, 0));
	EXPECT_EQ(-ESTALE, query_short(self->l.port, (uint32_t)b.m.id, &info));
	close(end);
}

TEST_F(split, short_ids_are_for_requests_only)
{
	struct lpc_port_info p;
	struct lpc_query q = {
		.what = LPC_WHAT_PORT, .flags = LPC_QUERY_SHORT_ID, .out = (uintptr_t)&p,
		.size = sizeof(p),
	};

	EXPECT_EQ(-EINVAL, lpc_ioctl(self->l.port, LPC_IOC_QUERY, &q));
	EXPECT_EQ(-EINVAL, lpc_ioctl(lpc_dev(), LPC_IOC_QUERY, &q));
}

/* ---- COPY ----------------------------------------------------------------------- */

static int copy(const void *from, void *to, unsigned int len)
{
	return lpc_ioctl(lpc_dev(), LPC_IOC_COPY, &(struct lpc_copy){
		.from = (uintptr_t)from, .to = (uintptr_t)to, .length = len,
	});
}

TEST(copy_copies)
{
	static char from[4096], to[4097];
	int i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = i * 7;
	ASSERT_EQ(0, copy(from, to, 4096));
	EXPECT_EQ(0, memcmp(from, to, 4096));
	EXPECT_EQ(0, to[4096]);
	EXPECT_EQ(0, copy(from, from, 4096));
	EXPECT_EQ(0, copy(NULL, NULL, 0));
	EXPECT_EQ(-EINVAL, copy(from, to, 4097));
}

TEST(copy_says_EFAULT_for_either_side)
{
	char *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char c = 0;

	EXPECT_EQ(-EFAULT, copy(NULL, &c, 1));
	EXPECT_EQ(-EFAULT, copy(&c, NULL, 1));
	EXPECT_EQ(0, copy(ro, &c, 1));
	EXPECT_EQ(-EFAULT, copy(ro, ro, 1));
	EXPECT_EQ(-EFAULT, copy((void *)0xffff800000000000ull, &c, 1));
	EXPECT_EQ(-EFAULT, copy(&c, (void *)0xffff800000000000ull, 1));
}

TEST_HARNESS_MAIN
