// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect_async.c - LPC_CONNECT_ASYNC: connects that no thread waits in.
 */
#include "common_connect.h"

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

TEST_HARNESS_MAIN
