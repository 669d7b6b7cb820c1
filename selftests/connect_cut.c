// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect_cut.c - a handshake cut short: by its deadline, by the death of each side
 * at every point, by signals.
 */
#include "common_connect.h"

/* ---- deadlines ------------------------------------------------------------- */

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

TEST_HARNESS_MAIN
