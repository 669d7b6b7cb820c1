// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect.c - the handshake: CONNECT, CONNECTION_REQUEST, ACCEPT, COMPLETE.
 */
#include "common_connect.h"

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

	others_may();
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

/* ---- names ----------------------------------------------------------------- */

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
