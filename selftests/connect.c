// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect.c - the handshake: CONNECT, CONNECTION_REQUEST, ACCEPT, COMPLETE.
 */
#include "common.h"

#define CONTEXT	0xfeedfacecafebeefull

/* What the client process does and what came of it, in shared memory */
struct client {
	struct lpc_connect c;
	int ret;
	int handler;		/* 1: SIGUSR1 is handled, 2: with SA_RESTART */
	uid_t uid;
	bool again;		/* after EINTR, the same call again */
	int first_ret;
	unsigned int first_status;
	char data[300], answer[300];
	struct lpcbuf got;
};

FIXTURE(connect) {
	char name[NAME_ROOM];
	int port;
	struct client *k;
	struct gate done, leave;
	pid_t pid;
	struct lpcbuf b;
};

FIXTURE_SETUP(connect)
{
	self->port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->port);
	self->k = mmap(NULL, sizeof(*self->k), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->k);
	memset(self->k->answer, POISON, sizeof(self->k->answer));
	gate_init(&self->done);
	gate_init(&self->leave);
}

FIXTURE_TEARDOWN(connect)
{
	if (self->pid > 0)
		kill_reap(self->pid);
	if (self->port >= 0)
		close(self->port);
	gate_destroy(&self->done);
	gate_destroy(&self->leave);
}

static void on_signal(int sig) { }

/*
 * A process that connects as self->k->c says (name and answer are filled in),
 * posts "done" with the result, then keeps its end until "leave".
 */
static void client_start(struct _test_data_connect *self)
{
	struct client *k = self->k;

	k->ret = 1;
	k->c.answer = (uintptr_t)k->answer;
	if (!k->c.answer_room)
		k->c.answer_room = sizeof(k->answer);
	if (k->c.data_len)
		k->c.data = (uintptr_t)k->data;
	self->pid = fork_child();
	if (self->pid)
		return;
	close(self->port);
	if (k->uid)
		must_be(0, become(k->uid));
	if (k->handler) {
		struct sigaction sa = {
			.sa_handler = on_signal,
			.sa_flags = k->handler == 2 ? SA_RESTART : 0,
		};

		sigaction(SIGUSR1, &sa, NULL);
	}
	k->ret = port_connect_opts(self->name, &k->c);
	if (k->ret == -EINTR && k->again) {
		k->first_ret = k->ret;
		k->first_status = k->c.status;
		gate_post(&self->done, 1);
		k->ret = lpc_ioctl(lpc_dev(), LPC_IOC_CONNECT, &k->c);
		if (!k->ret)
			k->ret = k->c.fd;
	}
	gate_post(&self->done, 2);
	gate_wait(&self->leave);
	_exit(0);
}

static bool client_sleeps(struct _test_data_connect *self)
{
	return until_ioctl(self->pid, LPC_IOC_CONNECT);
}

/* ---- the handshake --------------------------------------------------------- */

TEST_F(connect, blocks_through_ACCEPT_until_COMPLETE)
{
	int end;

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	EXPECT_TRUE(STAYS(gate_shut(&self->done)));
	end = port_accept(self->port, self->b.m.id, CONTEXT, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(LPC_CONN_ACCEPTED, CONN_FIELD(end, state));
	EXPECT_TRUE(STAYS(gate_shut(&self->done)));
	EXPECT_TRUE(in_ioctl(self->pid, LPC_IOC_CONNECT));
	ASSERT_EQ(0, end_complete(end));
	EXPECT_EQ(2, gate_wait(&self->done));
	EXPECT_LE(0, self->k->ret);
	EXPECT_EQ(LPC_CONN_CONNECTED, CONN_FIELD(end, state));
	close(end);
}

TEST_F(connect, the_request_says_who_and_carries_the_data)
{
	uint64_t deadline = in_ms(LONG);

	memcpy(self->k->data, "let me in", 9);
	self->k->c.data_len = 9;
	self->k->c.deadline = deadline;
	self->k->uid = MARIA;
	client_start(self);
	buf_poison(&self->b);
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(LPC_CONNECTION_REQUEST, self->b.m.type);
	EXPECT_EQ(self->pid, (pid_t)self->b.m.pid);
	EXPECT_EQ(self->pid, (pid_t)self->b.m.tid);
	EXPECT_EQ(MARIA, self->b.m.uid);
	EXPECT_EQ(MARIA, self->b.m.gid);
	EXPECT_NE(0, self->b.m.id);
	EXPECT_EQ(0, self->b.m.context);
	EXPECT_EQ(0, self->b.m.callback);
	EXPECT_EQ(0, self->b.m.flags);
	EXPECT_TRUE(buf_is(&self->b, "let me in", 9));
	EXPECT_TRUE(is_poison(self->b.data + 9, sizeof(self->b.data) - 9));
	EXPECT_EQ(0, port_refuse(self->port, self->b.m.id, NULL, 0));
}

TEST_F(connect, the_client_gets_the_servers_data_and_learns_who_it_is)
{
	struct lpc_accept a = { .context = CONTEXT };
	struct client *k = self->k;

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	a.id = self->b.m.id;
	a.data = (uintptr_t)"welcome";
	a.data_len = 7;
	ASSERT_LE(0, port_accept_opts(self->port, &a));
	ASSERT_EQ(0, end_complete(a.fd));
	gate_wait(&self->done);
	ASSERT_LE(0, k->ret);
	EXPECT_EQ(7, k->c.answer_len);
	EXPECT_EQ(0, memcmp(k->answer, "welcome", 7));
	EXPECT_TRUE(is_poison(k->answer + 7, sizeof(k->answer) - 7));
	EXPECT_EQ(LPC_INLINE_MAX, k->c.room);
	EXPECT_EQ(getpid(), (int)k->c.server_pid);
	EXPECT_EQ(0, k->c.server_uid);
	EXPECT_EQ(0, k->c.server_gid);
	EXPECT_EQ(getpid(), (int)k->c.acceptor_pid);
	EXPECT_EQ(0, k->c.acceptor_uid);
	EXPECT_EQ(0, k->c.status & (LPC_PENDING | LPC_TRUNCATED));
	close(a.fd);
}

TEST_F(connect, refused_with_data_is_ECONNREFUSED_and_makes_no_end)
{
	struct client *k = self->k;

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	ASSERT_EQ(0, port_refuse(self->port, self->b.m.id, "go away", 7));
	gate_wait(&self->done);
	EXPECT_EQ(-ECONNREFUSED, k->ret);
	EXPECT_EQ(7, k->c.answer_len);
	EXPECT_EQ(0, memcmp(k->answer, "go away", 7));
	EXPECT_TRUE(k->c.status & LPC_WAS_TAKEN);
	EXPECT_EQ(1, PORT_FIELD(self->port, counters.refused));
	EXPECT_EQ(0, PORT_FIELD(self->port, connections));
	/* no PORT_CLOSED of a connection that never was */
	gate_post(&self->leave, 0);
	EXPECT_EQ(0, reap(self->pid));
	self->pid = 0;
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
}

TEST_F(connect, an_answer_longer_than_the_room_is_cut_and_told)
{
	struct lpc_accept a = { .data = (uintptr_t)"0123456789", .data_len = 10 };
	struct client *k = self->k;

	k->c.answer_room = 4;
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	a.id = self->b.m.id;
	ASSERT_LE(0, port_accept_opts(self->port, &a));
	ASSERT_EQ(0, end_complete(a.fd));
	gate_wait(&self->done);
	ASSERT_LE(0, k->ret);
	EXPECT_EQ(10, k->c.answer_len);
	EXPECT_TRUE(k->c.status & LPC_TRUNCATED);
	EXPECT_EQ(0, memcmp(k->answer, "0123", 4));
	EXPECT_TRUE(is_poison(k->answer + 4, sizeof(k->answer) - 4));
	close(a.fd);
}

TEST_F(connect, a_refusal_longer_than_the_room_is_cut_and_told)
{
	struct client *k = self->k;

	k->c.answer_room = 1;
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	ASSERT_EQ(0, port_refuse(self->port, self->b.m.id, "never", 5));
	gate_wait(&self->done);
	EXPECT_EQ(-ECONNREFUSED, k->ret);
	EXPECT_EQ(5, k->c.answer_len);
	EXPECT_TRUE(k->c.status & LPC_TRUNCATED);
	EXPECT_EQ('n', k->answer[0]);
	EXPECT_TRUE(is_poison(k->answer + 1, sizeof(k->answer) - 1));
}

TEST_F(connect, data_of_260_bytes_goes_both_ways)
{
	struct lpc_accept a = { .data_len = LPC_CONNECT_MAX };
	struct client *k = self->k;
	char data[LPC_CONNECT_MAX];

	memset(k->data, 'c', LPC_CONNECT_MAX);
	memset(data, 's', LPC_CONNECT_MAX);
	k->c.data_len = LPC_CONNECT_MAX;
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	EXPECT_TRUE(buf_is(&self->b, k->data, LPC_CONNECT_MAX));
	a.id = self->b.m.id;
	a.data = (uintptr_t)data;
	ASSERT_LE(0, port_accept_opts(self->port, &a));
	ASSERT_EQ(0, end_complete(a.fd));
	gate_wait(&self->done);
	ASSERT_LE(0, k->ret);
	EXPECT_EQ(LPC_CONNECT_MAX, k->c.answer_len);
	EXPECT_EQ(0, memcmp(k->answer, data, LPC_CONNECT_MAX));
	EXPECT_EQ(0, k->c.status & LPC_TRUNCATED);
	close(a.fd);
}

TEST_F(connect, data_of_261_bytes_is_EMSGSIZE_and_queues_nothing)
{
	struct lpc_connect c = {
		.data = (uintptr_t)self->k->data, .data_len = LPC_CONNECT_MAX + 1,
	};
	int first = next_fd();

	EXPECT_EQ(-EMSGSIZE, port_connect_opts(self->name, &c));
	EXPECT_EQ(LPC_CONNECT_MAX, c.room);
	EXPECT_EQ(0, PORT_FIELD(self->port, queued));
	EXPECT_EQ(0, PORT_FIELD(self->port, queued_peak));
	EXPECT_EQ(0, PORT_FIELD(self->port, pending));
	EXPECT_EQ(first, next_fd());
	c.data_len = UINT32_MAX;
	EXPECT_EQ(-EMSGSIZE, port_connect_opts(self->name, &c));
}

TEST_F(connect, ACCEPT_with_261_bytes_is_EMSGSIZE_and_stays_answerable)
{
	struct lpc_accept a = {
		.data = (uintptr_t)self->k->data, .data_len = LPC_CONNECT_MAX + 1,
	};

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	a.id = self->b.m.id;
	EXPECT_EQ(-EMSGSIZE, port_accept_opts(self->port, &a));
	EXPECT_EQ(LPC_CONNECT_MAX, a.room);
	EXPECT_TRUE(gate_shut(&self->done));
	a.data_len = LPC_CONNECT_MAX;
	ASSERT_LE(0, port_accept_opts(self->port, &a));
	ASSERT_EQ(0, end_complete(a.fd));
	gate_wait(&self->done);
	EXPECT_LE(0, self->k->ret);
	close(a.fd);
}

TEST_F(connect, a_receive_with_too_little_room_loses_no_request)
{
	memcpy(self->k->data, "0123456789", 10);
	self->k->c.data_len = 10;
	client_start(self);
	ASSERT_TRUE(until_queued(self->port, 1));
	buf_recv(&self->b, LONG);
	self->b.m.room = 9;
	EXPECT_EQ(-EMSGSIZE, lpc_ioctl(self->port, LPC_IOC_REPLY_RECV, &self->b));
	EXPECT_EQ(10, self->b.m.room);
	EXPECT_EQ(1, PORT_FIELD(self->port, queued));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_TRUE(buf_is(&self->b, "0123456789", 10));
	EXPECT_EQ(0, port_refuse(self->port, self->b.m.id, NULL, 0));
}

TEST_F(connect, LISTEN_takes_connects_and_leaves_everything_else)
{
	struct link l;

	ASSERT_EQ(0, link_connect(&l, self->port, self->name, 1, 0));
	ASSERT_EQ(0, msg_send(l.client, 11, "before", 6));
	EXPECT_EQ(-EAGAIN, msg_listen(self->port, &self->b, NO_WAIT));
	EXPECT_EQ(-ETIMEDOUT, msg_listen(self->port, &self->b, SHORT));
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	EXPECT_EQ(LPC_CONNECTION_REQUEST, self->b.m.type);
	EXPECT_EQ(0, port_refuse(self->port, self->b.m.id, NULL, 0));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(11, self->b.m.code);
	close(l.client);
	close(l.server);
}

/* ---- ids ------------------------------------------------------------------- */

TEST_F(connect, ACCEPT_of_a_wrong_id_is_ESTALE_and_harms_nobody)
{
	uint64_t wrong[5];
	int end, i;

	client_start(self);
	ASSERT_TRUE(until_queued(self->port, 1));
	/* not received yet: no id is valid */
	EXPECT_EQ(-ESTALE, port_accept(self->port, 1, 0, 0));
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	wrong[0] = 0;
	wrong[1] = self->b.m.id + 1;
	wrong[2] = self->b.m.id ^ 1ull << 32;
	wrong[3] = self->b.m.id ^ 1ull << 63;
	wrong[4] = UINT64_MAX;
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(-ESTALE, port_accept(self->port, wrong[i], 0, 0));
		EXPECT_EQ(-ESTALE, port_refuse(self->port, wrong[i], NULL, 0));
	}
	end = port_accept(self->port, self->b.m.id, 0, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(0, end_complete(end));
	gate_wait(&self->done);
	EXPECT_LE(0, self->k->ret);
	close(end);
}

TEST_F(connect, nothing_is_accepted_or_completed_twice)
{
	int end;

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	end = port_accept(self->port, self->b.m.id, 0, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(-ESTALE, port_accept(self->port, self->b.m.id, 0, 0));
	EXPECT_EQ(-ESTALE, port_refuse(self->port, self->b.m.id, NULL, 0));
	EXPECT_EQ(0, end_complete(end));
	EXPECT_EQ(-EINVAL, end_complete(end));
	EXPECT_EQ(-ESTALE, port_accept(self->port, self->b.m.id, 0, 0));
	gate_wait(&self->done);
	EXPECT_EQ(-EINVAL, end_complete(end));
	close(end);
}

TEST_F(connect, refused_is_over_for_ACCEPT)
{
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	ASSERT_EQ(0, port_refuse(self->port, self->b.m.id, NULL, 0));
	EXPECT_EQ(-ESTALE, port_accept(self->port, self->b.m.id, 0, 0));
	EXPECT_EQ(-ESTALE, port_refuse(self->port, self->b.m.id, NULL, 0));
}

TEST_F(connect, a_connect_is_not_answered_by_a_reply_nor_a_request_by_ACCEPT)
{
	struct link l;
	uint64_t call, conn;
	int end;

	ASSERT_EQ(0, link_connect(&l, self->port, self->name, 1, 0));
	ASSERT_EQ(0, msg_call_async(l.client, 1, "x", 1, LONG, &call));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(-ESTALE, port_accept(self->port, self->b.m.id, 0, 0));
	EXPECT_EQ(0, msg_reply(self->port, &self->b, 0, NULL, 0));

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	conn = self->b.m.id;
	EXPECT_EQ(-ESTALE, msg_reply(self->port, &self->b, 0, NULL, 0));
	end = port_accept(self->port, conn, 0, 0);
	EXPECT_LE(0, end);
	EXPECT_EQ(0, end_complete(end));
	gate_wait(&self->done);
	EXPECT_LE(0, self->k->ret);
	close(end);
	close(l.client);
	close(l.server);
}

TEST_F(connect, an_id_of_one_port_is_none_on_another)
{
	char name[NAME_ROOM];
	int other = port_create(unique_name(name), NULL), end;

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	EXPECT_EQ(-ESTALE, port_accept(other, self->b.m.id, 0, 0));
	end = port_accept(self->port, self->b.m.id, 0, 0);
	EXPECT_LE(0, end);
	close(other);
	close(end);
}

/* ---- names and deadlines --------------------------------------------------- */

TEST_F(connect, no_such_name_is_ENOENT)
{
	char name[NAME_ROOM];

	EXPECT_EQ(-ENOENT, port_connect(unique_name(name)));
	EXPECT_EQ(-EINVAL, port_connect(""));
}

TEST_F(connect, WAIT_NAME_connects_when_the_name_appears)
{
	struct client *k = self->k;
	int end;

	close(self->port);
	self->port = -1;
	k->c.flags = LPC_CONNECT_WAIT_NAME;
	k->c.deadline = in_ms(2 * LONG);
	client_start(self);
	ASSERT_TRUE(client_sleeps(self));
	EXPECT_TRUE(STAYS(gate_shut(&self->done)));
	self->port = port_create_mode(self->name, 0666);
	ASSERT_LE(0, self->port);
	end = accept_one(self->port, CONTEXT, 0);
	ASSERT_LE(0, end);
	gate_wait(&self->done);
	EXPECT_LE(0, k->ret);
	close(end);
}

TEST_F(connect, WAIT_NAME_ends_at_its_deadline)
{
	struct lpc_connect c = { .flags = LPC_CONNECT_WAIT_NAME };
	char name[NAME_ROOM];
	uint64_t t0 = now_ns();
	int first = next_fd();

	c.deadline = in_ms(SHORT);
	EXPECT_EQ(-ETIMEDOUT, port_connect_opts(unique_name(name), &c));
	EXPECT_LE(SHORT, ms_since(t0));
	EXPECT_EQ(0, c.status);
	EXPECT_EQ(first, next_fd());
	/* a deadline that is over already */
	c.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, port_connect_opts(name, &c));
}

TEST_F(connect, a_deadline_withdraws_a_request_nobody_received)
{
	uint64_t t0 = now_ns();
	struct lpc_connect c = { .deadline = in_ms(SHORT) };

	EXPECT_EQ(-ETIMEDOUT, port_connect_opts(self->name, &c));
	EXPECT_LE(SHORT, ms_since(t0));
	EXPECT_EQ(0, c.status & LPC_WAS_TAKEN);
	EXPECT_EQ(0, PORT_FIELD(self->port, queued));
	EXPECT_EQ(0, PORT_FIELD(self->port, pending));
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
}

TEST_F(connect, a_deadline_after_the_request_was_received_says_so)
{
	self->k->c.deadline = in_ms(2000);
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	gate_wait(&self->done);
	EXPECT_EQ(-ETIMEDOUT, self->k->ret);
	EXPECT_TRUE(self->k->c.status & LPC_WAS_TAKEN);
	EXPECT_EQ(-ESTALE, port_accept(self->port, self->b.m.id, 0, 0));
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
}

TEST_F(connect, a_deadline_between_ACCEPT_and_COMPLETE_gives_PORT_CLOSED)
{
	int end;

	self->k->c.deadline = in_ms(2000);
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	end = port_accept(self->port, self->b.m.id, CONTEXT, 0);
	ASSERT_LE(0, end);
	gate_wait(&self->done);
	EXPECT_EQ(-ETIMEDOUT, self->k->ret);
	EXPECT_EQ(0, end_complete(end));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	EXPECT_EQ(CONTEXT, self->b.m.context);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
	close(end);
}

/* ---- asynchronously -------------------------------------------------------- */

TEST_F(connect, ASYNC_gives_a_pending_end_that_polls_when_done)
{
	struct lpc_connect c = { .data = (uintptr_t)"hi", .data_len = 2 };
	struct lpc_accept a = { .data = (uintptr_t)"ho", .data_len = 2 };
	char answer[8] = "";
	int half;

	half = port_connect_async(self->name, &c);
	ASSERT_LE(0, half);
	EXPECT_TRUE(c.status & LPC_PENDING);
	EXPECT_EQ(0, poll_now(half, POLLIN | POLLOUT));
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	EXPECT_TRUE(buf_is(&self->b, "hi", 2));
	a.id = self->b.m.id;
	ASSERT_LE(0, port_accept_opts(self->port, &a));
	EXPECT_EQ(0, poll_now(half, POLLIN | POLLOUT));
	ASSERT_EQ(0, end_complete(a.fd));
	EXPECT_EQ(POLLOUT, poll_ms(half, POLLIN | POLLOUT, LONG));
	c.answer = (uintptr_t)answer;
	c.answer_room = sizeof(answer);
	EXPECT_EQ(0, connect_finish(half, &c, LONG));
	EXPECT_EQ(2, c.answer_len);
	EXPECT_STREQ("ho", answer);
	EXPECT_EQ(0, c.status & LPC_PENDING);
	EXPECT_EQ(getpid(), (int)c.acceptor_pid);
	EXPECT_EQ(0, msg_send(half, 1, "on", 2));
	close(half);
	close(a.fd);
}

TEST_F(connect, ASYNC_end_is_ENOTCONN_for_everything_before_COMPLETE)
{
	int half, end;

	half = port_connect_async(self->name, NULL);
	ASSERT_LE(0, half);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	end = port_accept(self->port, self->b.m.id, 1, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(-ENOTCONN, msg_send(half, 1, "x", 1));
	EXPECT_EQ(-ENOTCONN, msg_call(half, 1, "x", 1, NULL, LONG));
	EXPECT_EQ(-ENOTCONN, msg_call_async(half, 1, "x", 1, LONG, NULL));
	EXPECT_EQ(-ENOTCONN, msg_recv(half, &self->b, NO_WAIT));
	ASSERT_EQ(0, end_complete(end));
	EXPECT_EQ(0, connect_finish(half, NULL, LONG));
	EXPECT_EQ(0, msg_send(half, 1, "x", 1));
	close(half);
	close(end);
}

TEST_F(connect, ASYNC_finished_before_COMPLETE_is_EINPROGRESS)
{
	struct lpc_connect c = { 0 };
	int half, end;

	half = port_connect_async(self->name, &c);
	ASSERT_LE(0, half);
	EXPECT_EQ(-EINPROGRESS, connect_finish(half, &c, NO_WAIT));
	EXPECT_TRUE(c.status & LPC_PENDING);
	EXPECT_FALSE(c.status & LPC_WAS_TAKEN);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	EXPECT_EQ(-EINPROGRESS, connect_finish(half, &c, NO_WAIT));
	EXPECT_TRUE(c.status & LPC_WAS_TAKEN);
	end = port_accept(self->port, self->b.m.id, 1, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(-EINPROGRESS, connect_finish(half, &c, NO_WAIT));
	/* another process that holds the end sees it change */
	self->pid = fork_child();
	if (self->pid == 0) {
		must(poll_ms(half, POLLOUT, LONG) == POLLOUT);
		must_be(0, connect_finish(half, NULL, NO_WAIT));
		must_be(0, msg_send(half, 5, "x", 1));
		_exit(0);
	}
	EXPECT_EQ(0, end_complete(end));
	EXPECT_EQ(0, reap(self->pid));
	self->pid = 0;
	close(half);
	close(end);
}

TEST_F(connect, ASYNC_refused_polls_and_brings_the_data)
{
	struct lpc_connect c = { 0 };
	char answer[8] = "";
	int half;

	half = port_connect_async(self->name, &c);
	ASSERT_LE(0, half);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	ASSERT_EQ(0, port_refuse(self->port, self->b.m.id, "no", 2));
	EXPECT_TRUE(poll_ms(half, POLLOUT, LONG) & POLLOUT);
	c.answer = (uintptr_t)answer;
	c.answer_room = sizeof(answer);
	EXPECT_EQ(-ECONNREFUSED, connect_finish(half, &c, LONG));
	EXPECT_EQ(2, c.answer_len);
	EXPECT_STREQ("no", answer);
	EXPECT_EQ(LPC_CONN_REFUSED, CONN_FIELD(half, state));
	EXPECT_TRUE(msg_send(half, 1, "x", 1) < 0);
	close(half);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
}

TEST_F(connect, ASYNC_wait_for_the_name_is_EINVAL_or_waits)
{
	struct lpc_connect c = { .flags = LPC_CONNECT_WAIT_NAME,
				 .deadline = in_ms(SHORT) };
	char name[NAME_ROOM];
	int half = port_connect_async(unique_name(name), &c);

	/* nothing is left behind, and nobody sleeps for ever */
	EXPECT_TRUE(half == -EINVAL || half == -ETIMEDOUT);
}

TEST_F(connect, an_end_closed_while_pending_withdraws_the_request)
{
	int half = port_connect_async(self->name, NULL);

	ASSERT_LE(0, half);
	EXPECT_EQ(1, PORT_FIELD(self->port, queued));
	EXPECT_EQ(1, PORT_FIELD(self->port, pending));
	close(half);
	EXPECT_EQ(0, PORT_FIELD(self->port, queued));
	EXPECT_EQ(0, PORT_FIELD(self->port, pending));
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
}

/* ---- death at every point --------------------------------------------------- */

FIXTURE(death_point) {
	char name[NAME_ROOM];
	int port, end;
	pid_t pid;
	struct gate done;
	int *ret;
	unsigned int *status;
	struct lpcbuf b;
};

FIXTURE_VARIANT(death_point) {
	int point;	/* 0 queued, 1 received, 2 accepted, 3 completed */
};

FIXTURE_VARIANT_ADD(death_point, queued) { .point = 0 };
FIXTURE_VARIANT_ADD(death_point, received) { .point = 1 };
FIXTURE_VARIANT_ADD(death_point, accepted) { .point = 2 };
FIXTURE_VARIANT_ADD(death_point, completed) { .point = 3 };

/* A client that has come as far as the variant says */
FIXTURE_SETUP(death_point)
{
	self->end = -1;
	self->port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->port);
	self->ret = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->ret);
	self->status = (unsigned int *)self->ret + 1;
	gate_init(&self->done);
	self->pid = fork_child();
	if (self->pid == 0) {
		struct lpc_connect c = { 0 };

		close(self->port);
		*self->ret = port_connect_opts(self->name, &c);
		*self->status = c.status;
		gate_post(&self->done, 0);
		for (;;)
			pause();
	}
	ASSERT_TRUE(until_queued(self->port, 1));
	ASSERT_TRUE(until_ioctl(self->pid, LPC_IOC_CONNECT));
	if (variant->point >= 1)
		ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	if (variant->point >= 2) {
		self->end = port_accept(self->port, self->b.m.id, CONTEXT, 0);
		ASSERT_LE(0, self->end);
	}
	if (variant->point >= 3) {
		ASSERT_EQ(0, end_complete(self->end));
		gate_wait(&self->done);
	}
}

FIXTURE_TEARDOWN(death_point)
{
	kill_reap(self->pid);
	if (self->port >= 0)
		close(self->port);
	if (self->end >= 0)
		close(self->end);
}

TEST_F(death_point, a_killed_client_leaves_what_the_server_must_know_and_no_more)
{
	kill_reap(self->pid);
	if (variant->point == 0)
		EXPECT_EQ(0, PORT_FIELD(self->port, queued));
	if (variant->point == 1)
		EXPECT_EQ(-ESTALE, port_accept(self->port, self->b.m.id, 0, 0));
	if (variant->point == 2)
		EXPECT_EQ(0, end_complete(self->end));
	if (variant->point >= 2) {
		ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
		EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
		EXPECT_EQ(CONTEXT, self->b.m.context);
		EXPECT_EQ(8, self->b.m.len);
		EXPECT_TRUE(poll_now(self->end, 0) & POLLHUP);
		EXPECT_EQ(-EPIPE, msg_send(self->end, 1, "x", 1));
	}
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
	EXPECT_EQ(0, PORT_FIELD(self->port, pending));
}

TEST_F(death_point, a_port_closed_ends_pending_connects_and_spares_accepted_ones)
{
	close(self->port);
	self->port = -1;
	if (variant->point < 2) {
		gate_wait(&self->done);
		EXPECT_EQ(-ECONNREFUSED, *self->ret);
		EXPECT_EQ(variant->point == 1, !!(*self->status & LPC_WAS_TAKEN));
		return;
	}
	if (variant->point == 2) {
		EXPECT_TRUE(STAYS(gate_shut(&self->done)));
		EXPECT_EQ(0, end_complete(self->end));
		gate_wait(&self->done);
	}
	EXPECT_LE(0, *self->ret);
	EXPECT_EQ(LPC_CONN_CONNECTED, CONN_FIELD(self->end, state));
	/* served through the server end from now on */
	EXPECT_EQ(0, msg_send(self->end, 1, "x", 1));
	kill_reap(self->pid);
	ASSERT_EQ(0, msg_recv(self->end, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
}

TEST_F(death_point, SHUT_ALL_ends_every_connect)
{
	ASSERT_EQ(0, end_shutdown(self->port, LPC_SHUT_ALL));
	if (variant->point < 3) {
		gate_wait(&self->done);
		EXPECT_EQ(-ECONNREFUSED, *self->ret);
		EXPECT_EQ(variant->point >= 1, !!(*self->status & LPC_WAS_TAKEN));
	} else {
		EXPECT_TRUE(poll_now(self->end, 0) & POLLHUP);
	}
	if (variant->point == 1)
		EXPECT_GT(0, port_accept(self->port, self->b.m.id, 0, 0));
}

TEST_F(death_point, a_server_end_closed_ends_the_connection)
{
	/* those that have no server end yet get as far as that */
	if (variant->point == 0)
		ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	if (variant->point < 2) {
		self->end = port_accept(self->port, self->b.m.id, CONTEXT,
					variant->point ? LPC_ACCEPT_OWN_QUEUE : 0);
		ASSERT_LE(0, self->end);
	}
	close(self->end);
	self->end = -1;
	if (variant->point <= 2) {
		gate_wait(&self->done);
		EXPECT_EQ(-ECONNREFUSED, *self->ret);
		EXPECT_TRUE(*self->status & LPC_WAS_TAKEN);
	}
	/* who closed it knows: no PORT_CLOSED */
	kill_reap(self->pid);
	EXPECT_TRUE(until_connections(self->port, 0));
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
}

/* ---- signals ---------------------------------------------------------------- */

TEST_F(connect, interrupted_before_it_was_received_withdraws_and_EINTR)
{
	self->k->handler = 1;
	client_start(self);
	ASSERT_TRUE(until_queued(self->port, 1));
	ASSERT_TRUE(client_sleeps(self));
	kill(self->pid, SIGUSR1);
	gate_wait(&self->done);
	EXPECT_EQ(-EINTR, self->k->ret);
	EXPECT_EQ(0, self->k->c.status & (LPC_PENDING | LPC_WAS_TAKEN));
	EXPECT_EQ(0, PORT_FIELD(self->port, queued));
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
}

TEST_F(connect, interrupted_before_it_was_received_restarts_with_SA_RESTART)
{
	int i, end;

	self->k->handler = 2;
	client_start(self);
	for (i = 0; i < 20; i++) {
		ASSERT_TRUE(until_queued(self->port, 1));
		kill(self->pid, SIGUSR1);
		nap();
	}
	ASSERT_TRUE(until_queued(self->port, 1));
	end = accept_one(self->port, 1, 0);
	ASSERT_LE(0, end);
	gate_wait(&self->done);
	EXPECT_LE(0, self->k->ret);
	/* once */
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
	EXPECT_EQ(1, PORT_FIELD(self->port, connections));
	close(end);
}

/*
 * A signal and a receiver race for the same request: it is withdrawn and comes
 * again, or it was received and goes on. Never is it both.
 */
TEST_F(connect, withdrawn_or_received_is_decided_once)
{
	unsigned int i;
	int end;

	self->pid = fork_child();
	if (self->pid == 0) {
		struct sigaction sa = {
			.sa_handler = on_signal, .sa_flags = SA_RESTART,
		};

		sigaction(SIGUSR1, &sa, NULL);
		for (i = 0; i < 200; i++) {
			int fd = port_connect_opts(self->name,
						   &(struct lpc_connect){ 0 });

			must(fd >= 0);
			must_be(0, msg_send(fd, i, NULL, 0));
			close(fd);
		}
		_exit(0);
	}
	for (i = 0; i < 200; i++) {
		ASSERT_TRUE(until_queued(self->port, 1));
		kill(self->pid, SIGUSR1);
		end = accept_one(self->port, i, 0);
		ASSERT_LE(0, end);
		ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
		ASSERT_EQ(LPC_DATAGRAM, self->b.m.type);
		ASSERT_EQ(i, self->b.m.code);
		ASSERT_EQ(i, self->b.m.context);
		/* takes PORT_CLOSED along, if that has come already */
		close(end);
	}
	EXPECT_EQ(0, reap(self->pid));
	self->pid = 0;
}

TEST_F(connect, interrupted_after_it_was_received_stays_PENDING_and_goes_on)
{
	int end;

	self->k->handler = 1;
	self->k->again = true;
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	ASSERT_TRUE(client_sleeps(self));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(1, gate_wait(&self->done));
	EXPECT_EQ(-EINTR, self->k->first_ret);
	EXPECT_TRUE(self->k->first_status & LPC_PENDING);
	ASSERT_TRUE(client_sleeps(self));
	end = port_accept(self->port, self->b.m.id, 1, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(0, end_complete(end));
	EXPECT_EQ(2, gate_wait(&self->done));
	EXPECT_LE(0, self->k->ret);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
	close(end);
}

TEST_F(connect, interrupted_after_it_was_received_restarts_with_SA_RESTART)
{
	int i, end;

	self->k->handler = 2;
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	for (i = 0; i < 20; i++) {
		ASSERT_TRUE(client_sleeps(self));
		kill(self->pid, SIGUSR1);
		nap();
	}
	end = port_accept(self->port, self->b.m.id, 1, 0);
	ASSERT_LE(0, end);
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(0, end_complete(end));
	EXPECT_EQ(2, gate_wait(&self->done));
	EXPECT_LE(0, self->k->ret);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
	EXPECT_EQ(1, PORT_FIELD(self->port, connections));
	close(end);
}

TEST_F(connect, a_PENDING_connect_that_nobody_comes_back_for_dies_with_its_process)
{
	self->k->handler = 1;
	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	ASSERT_TRUE(client_sleeps(self));
	kill(self->pid, SIGUSR1);
	gate_wait(&self->done);
	EXPECT_EQ(-EINTR, self->k->ret);
	gate_post(&self->leave, 0);
	EXPECT_EQ(0, reap(self->pid));
	self->pid = 0;
	EXPECT_TRUE(UNTIL(PORT_FIELD(self->port, pending) == 0));
	EXPECT_EQ(-ESTALE, port_accept(self->port, self->b.m.id, 0, 0));
}

/* ---- which server ------------------------------------------------------------ */

FIXTURE(server_is) {
	char name[NAME_ROOM];
	int port;
	pid_t pid;
};

FIXTURE_VARIANT(server_is) {
	unsigned int flags;
	bool wrong;
};

FIXTURE_VARIANT_ADD(server_is, right_uid) { .flags = LPC_CONNECT_SERVER_UID };

FIXTURE_VARIANT_ADD(server_is, right_gid) { .flags = LPC_CONNECT_SERVER_GID };

FIXTURE_VARIANT_ADD(server_is, right_pid) { .flags = LPC_CONNECT_SERVER_PID };

FIXTURE_VARIANT_ADD(server_is, right_in_all) {
	.flags = LPC_CONNECT_SERVER_UID | LPC_CONNECT_SERVER_GID |
		 LPC_CONNECT_SERVER_PID,
};

FIXTURE_VARIANT_ADD(server_is, wrong_uid) {
	.flags = LPC_CONNECT_SERVER_UID, .wrong = true,
};

FIXTURE_VARIANT_ADD(server_is, wrong_gid) {
	.flags = LPC_CONNECT_SERVER_GID, .wrong = true,
};

FIXTURE_VARIANT_ADD(server_is, wrong_pid) {
	.flags = LPC_CONNECT_SERVER_PID, .wrong = true,
};

FIXTURE_SETUP(server_is)
{
	self->port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(server_is)
{
	close(self->port);
}

TEST_F(server_is, checked_before_anything_is_queued)
{
	struct lpc_connect c = {
		.flags = variant->flags, .server_pid = getpid(),
	};
	int half, end;

	if (variant->wrong) {
		c.server_uid = MARIA;
		c.server_gid = MARIA;
		c.server_pid = getppid();
		EXPECT_EQ(-EPERM, port_connect_opts(self->name, &c));
		EXPECT_EQ(0, PORT_FIELD(self->port, queued_peak));
		EXPECT_EQ(0, PORT_FIELD(self->port, pending));
		return;
	}
	half = port_connect_async(self->name, &c);
	ASSERT_LE(0, half);
	end = accept_one(self->port, 1, 0);
	EXPECT_LE(0, end);
	EXPECT_EQ(0, connect_finish(half, NULL, LONG));
	close(half);
	close(end);
}

TEST_F(connect, a_server_process_that_is_gone_matches_no_pid)
{
	struct lpc_connect c = { .flags = LPC_CONNECT_SERVER_PID };
	char name[NAME_ROOM];
	int sv[2], port;
	pid_t maker;

	unique_name(name);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	maker = fork_child();
	if (maker == 0) {
		port = port_create(name, NULL);
		must(port >= 0);
		must_be(0, send_fd(sv[0], port));
		_exit(0);
	}
	port = recv_fd(sv[1]);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, reap(maker));
	/* its number may be another's by now */
	c.server_pid = maker;
	c.deadline = in_ms(LONG);
	EXPECT_EQ(-EPERM, port_connect_opts(name, &c));
	EXPECT_EQ(0, PORT_FIELD(port, queued_peak));
	close(port);
	close(sv[0]);
	close(sv[1]);
}

TEST_F(connect, SAME_SERVER_refuses_an_acceptor_of_another_uid)
{
	struct lpc_connect c = { .flags = LPC_CONNECT_SAME_SERVER };
	int half, end;
	pid_t pid;

	half = port_connect_async(self->name, &c);
	ASSERT_LE(0, half);
	pid = fork_child();
	if (pid == 0) {
		must_be(0, become(MARIA));
		must_be(0, msg_listen(self->port, &self->b, LONG));
		must_be(-EPERM, port_accept(self->port, self->b.m.id, 1, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ECONNREFUSED, connect_finish(half, &c, LONG));
	close(half);
	/* the creator itself, or anyone when the client does not mind */
	c = (struct lpc_connect){ .flags = LPC_CONNECT_SAME_SERVER };
	half = port_connect_async(self->name, &c);
	end = accept_one(self->port, 1, 0);
	EXPECT_LE(0, end);
	EXPECT_EQ(0, connect_finish(half, &c, LONG));
	close(half);
	close(end);
	half = port_connect_async(self->name, NULL);
	pid = fork_child();
	if (pid == 0) {
		must_be(0, become(MARIA));
		must(accept_one(self->port, 1, 0) >= 0);
		gate_post(&self->done, 0);
		gate_wait(&self->leave);
		_exit(0);
	}
	gate_wait(&self->done);
	c = (struct lpc_connect){ 0 };
	EXPECT_EQ(0, connect_finish(half, &c, LONG));
	EXPECT_EQ(MARIA, c.acceptor_uid);
	EXPECT_EQ(pid, (pid_t)c.acceptor_pid);
	EXPECT_EQ(0, c.server_uid);
	gate_post(&self->leave, 0);
	EXPECT_EQ(0, reap(pid));
	close(half);
}

/* ---- ends -------------------------------------------------------------------- */

TEST_F(connect, a_server_may_send_between_ACCEPT_and_COMPLETE)
{
	int half, end;

	half = port_connect_async(self->name, NULL);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	end = port_accept(self->port, self->b.m.id, 1, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(0, msg_send(end, 8, "early", 5));
	ASSERT_EQ(0, end_complete(end));
	ASSERT_EQ(0, connect_finish(half, NULL, LONG));
	ASSERT_EQ(0, msg_recv(half, &self->b, LONG));
	EXPECT_TRUE(buf_is(&self->b, "early", 5));
	close(half);
	close(end);
}

TEST_F(connect, OWN_QUEUE_receives_its_connection_and_nothing_else)
{
	struct link own, plain;
	uint64_t id;

	ASSERT_EQ(0, link_connect(&own, self->port, self->name, 1,
				  LPC_ACCEPT_OWN_QUEUE));
	ASSERT_EQ(0, link_connect(&plain, self->port, self->name, 2, 0));
	ASSERT_EQ(0, msg_send(own.client, 10, "own", 3));
	ASSERT_EQ(0, msg_send(plain.client, 20, "plain", 5));
	ASSERT_EQ(0, msg_recv(own.server, &self->b, LONG));
	EXPECT_EQ(10, self->b.m.code);
	EXPECT_EQ(1, self->b.m.context);
	EXPECT_EQ(-EAGAIN, msg_recv(own.server, &self->b, NO_WAIT));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(20, self->b.m.code);
	EXPECT_EQ(2, self->b.m.context);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
	/* it cannot answer what is not its own */
	ASSERT_EQ(0, msg_call_async(plain.client, 21, NULL, 0, LONG, &id));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(-ESTALE, msg_reply(own.server, &self->b, 0, NULL, 0));
	EXPECT_EQ(0, msg_reply(plain.server, &self->b, 0, NULL, 0));
	/* its PORT_CLOSED comes to it, too */
	close(own.client);
	ASSERT_EQ(0, msg_recv(own.server, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	EXPECT_EQ(-EAGAIN, msg_recv(self->port, &self->b, NO_WAIT));
	close(own.server);
	close(plain.client);
	close(plain.server);
}

TEST_F(connect, a_plain_server_end_is_as_good_as_the_port)
{
	struct link a, b;

	ASSERT_EQ(0, link_connect(&a, self->port, self->name, 1, 0));
	ASSERT_EQ(0, link_connect(&b, self->port, self->name, 2, 0));
	ASSERT_EQ(0, msg_send(b.client, 20, NULL, 0));
	ASSERT_EQ(0, msg_recv(a.server, &self->b, LONG));
	EXPECT_EQ(2, self->b.m.context);
	close(a.client);
	close(b.client);
	close(a.server);
	close(b.server);
}

TEST_F(connect, requests_wait_in_the_order_they_came)
{
	int half[5], i;
	char byte;

	for (i = 0; i < 5; i++) {
		struct lpc_connect c = {
			.data = (uintptr_t)&byte, .data_len = 1,
		};

		byte = 'a' + i;
		half[i] = port_connect_async(self->name, &c);
		ASSERT_LE(0, half[i]);
	}
	EXPECT_EQ(5, PORT_FIELD(self->port, queued));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
		EXPECT_EQ('a' + i, self->b.data[0]);
		EXPECT_EQ(0, port_refuse(self->port, self->b.m.id, NULL, 0));
	}
	for (i = 0; i < 5; i++)
		close(half[i]);
}

TEST_F(connect, ACCEPT_without_a_free_fd_is_EMFILE_and_stays_answerable)
{
	rlim_t old;
	int end;

	client_start(self);
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	old = fds_forbid();
	end = port_accept(self->port, self->b.m.id, 1, 0);
	fds_allow(old);
	EXPECT_EQ(-EMFILE, end);
	EXPECT_TRUE(gate_shut(&self->done));
	end = port_accept(self->port, self->b.m.id, 1, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(0, end_complete(end));
	gate_wait(&self->done);
	EXPECT_LE(0, self->k->ret);
	close(end);
}

TEST_F(connect, CONNECT_without_a_free_fd_is_EMFILE_and_queues_nothing)
{
	struct lpc_connect c = { .deadline = in_ms(LONG) };
	rlim_t old;
	int ret;

	lpc_dev();
	old = fds_forbid();
	ret = port_connect_opts(self->name, &c);
	fds_allow(old);
	EXPECT_EQ(-EMFILE, ret);
	EXPECT_EQ(0, PORT_FIELD(self->port, queued_peak));
}

TEST_F(connect, an_unwritable_answer_is_EFAULT_and_the_server_learns_it)
{
	struct lpc_accept a = { .data = (uintptr_t)"answer", .data_len = 6,
				.context = CONTEXT };
	pid_t pid;

	pid = fork_child();
	if (pid == 0) {
		struct lpc_connect c = { .answer = 0x1000, .answer_room = 10 };
		int first = next_fd();

		must_be(-EFAULT, port_connect_opts(self->name, &c));
		must_be(first, next_fd());
		_exit(0);
	}
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	a.id = self->b.m.id;
	ASSERT_LE(0, port_accept_opts(self->port, &a));
	EXPECT_EQ(0, end_complete(a.fd));
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	EXPECT_EQ(CONTEXT, self->b.m.context);
	close(a.fd);
}

TEST_HARNESS_MAIN
