// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll.c - what poll() and epoll tell about ports and ends, and whom they wake.
 */
#include "common.h"

#define ALL	(POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

FIXTURE(poll) {
	struct link l;
	char name[NAME_ROOM];
	int ep;
	struct lpcbuf b;
	struct gate up;
};

FIXTURE_SETUP(poll)
{
	self->l.port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->l.port);
	ASSERT_EQ(0, link_connect(&self->l, self->l.port, self->name, 1, 0));
	self->ep = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->ep);
	gate_init(&self->up);
}

FIXTURE_TEARDOWN(poll)
{
	link_close(&self->l);
	close(self->ep);
	gate_destroy(&self->up);
}

static int ep_add(int ep, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* The events of the next fd that is ready, 0 if none is within @ms */
static uint32_t ep_wait(int ep, int ms)
{
	struct epoll_event e;
	int n = epoll_wait(ep, &e, 1, ms);

	return n == 1 ? e.events : 0;
}

TEST_F(poll, the_port_is_POLLIN_while_something_is_queued)
{
	EXPECT_EQ(0, poll_now(self->l.port, POLLIN | POLLRDHUP | POLLPRI));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(0, msg_send(self->l.client, 2, NULL, 0));
	EXPECT_EQ(POLLIN, poll_now(self->l.port, POLLIN));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(POLLIN, poll_now(self->l.port, POLLIN));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(0, poll_now(self->l.port, POLLIN));
}

TEST_F(poll, a_connect_makes_the_port_POLLIN)
{
	int half = port_connect_async(self->name, NULL);

	EXPECT_EQ(POLLIN, poll_ms(self->l.port, POLLIN, LONG));
	ASSERT_EQ(0, msg_listen(self->l.port, &self->b, LONG));
	/* received: nothing to receive any more */
	EXPECT_EQ(0, poll_now(self->l.port, POLLIN));
	close(half);
}

TEST_F(poll, a_client_end_is_POLLIN_for_datagrams_and_requests_of_the_server)
{
	EXPECT_EQ(POLLOUT, poll_now(self->l.client, ALL));
	EXPECT_EQ(0, msg_send(self->l.server, 1, NULL, 0));
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(self->l.client, ALL));
	ASSERT_EQ(0, msg_recv(self->l.client, &self->b, LONG));
	EXPECT_EQ(POLLOUT, poll_now(self->l.client, ALL));
	EXPECT_EQ(0, msg_call_async(self->l.server, 2, NULL, 0, LONG, NULL));
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(self->l.client, ALL));
}

TEST_F(poll, a_client_end_is_POLLIN_when_a_detached_call_has_ended)
{
	uint64_t id;

	EXPECT_EQ(0, msg_call_async(self->l.client, 1, NULL, 0, LONG, &id));
	EXPECT_EQ(POLLOUT, poll_now(self->l.client, ALL));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(POLLOUT, poll_now(self->l.client, ALL));
	EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	EXPECT_EQ(POLLIN | POLLOUT, poll_ms(self->l.client, ALL, LONG));
	ASSERT_EQ(0, msg_recv(self->l.client, &self->b, LONG));
	EXPECT_EQ(LPC_REPLY, self->b.m.type);
	EXPECT_EQ(id, self->b.m.id);
	EXPECT_EQ(POLLOUT, poll_now(self->l.client, ALL));
}

TEST_F(poll, a_server_end_without_own_queue_is_never_POLLIN)
{
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(0, msg_call_async(self->l.client, 2, NULL, 0, LONG, NULL));
	EXPECT_EQ(0, poll_now(self->l.server, POLLIN));
	EXPECT_EQ(POLLIN, poll_now(self->l.port, POLLIN));
	/* though it may receive */
	EXPECT_EQ(0, msg_recv(self->l.server, &self->b, LONG));
}

TEST_F(poll, a_server_end_with_own_queue_is_POLLIN_for_its_own_messages)
{
	struct link own;

	ASSERT_EQ(0, link_connect(&own, self->l.port, self->name, 2,
				  LPC_ACCEPT_OWN_QUEUE));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(0, poll_now(own.server, POLLIN));
	EXPECT_EQ(0, msg_send(own.client, 2, NULL, 0));
	EXPECT_EQ(POLLIN, poll_now(own.server, POLLIN));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(0, poll_now(self->l.port, POLLIN));
	close(own.client);
	EXPECT_TRUE(poll_ms(own.server, POLLIN, LONG) & POLLHUP);
	EXPECT_TRUE(poll_now(own.server, POLLIN) & POLLIN);
	EXPECT_EQ(0, poll_now(self->l.port, POLLIN));
	close(own.server);
}

TEST_F(poll, POLLOUT_goes_when_datagrams_are_full_and_comes_back)
{
	int i, ret = 0;

	for (i = 0; i < 5000 && !ret; i++)
		ret = msg_send(self->l.client, i, NULL, 0);
	EXPECT_EQ(-ENOBUFS, ret);
	EXPECT_EQ(0, poll_now(self->l.client, POLLOUT));
	/* the other direction is none of its business */
	EXPECT_EQ(POLLOUT, poll_now(self->l.server, POLLOUT));
	ASSERT_EQ(0, ep_add(self->ep, self->l.client, EPOLLOUT | EPOLLET));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(EPOLLOUT, ep_wait(self->ep, LONG));
	EXPECT_EQ(POLLOUT, poll_now(self->l.client, POLLOUT));
	EXPECT_EQ(0, msg_send(self->l.client, 0, NULL, 0));
	EXPECT_EQ(0, poll_now(self->l.client, POLLOUT));
}

TEST_F(poll, POLLHUP_on_each_side_when_the_other_is_gone)
{
	EXPECT_EQ(0, poll_now(self->l.client, 0));
	EXPECT_EQ(0, poll_now(self->l.server, 0));
	close(self->l.client);
	EXPECT_EQ(POLLHUP, poll_now(self->l.server, 0));
	EXPECT_EQ(0, poll_now(self->l.port, 0));
	/* PORT_CLOSED waits in the port's queue */
	EXPECT_EQ(POLLIN, poll_now(self->l.port, POLLIN));
	close(self->l.server);
	ASSERT_EQ(0, link_connect(&self->l, self->l.port, self->name, 2, 0));
	close(self->l.server);
	EXPECT_EQ(POLLHUP, poll_now(self->l.client, 0));
	self->l.server = dup(self->l.port);
}

TEST_F(poll, what_was_queued_stays_POLLIN_after_the_peer_has_gone)
{
	EXPECT_EQ(0, msg_send(self->l.server, 1, "last", 4));
	close(self->l.server);
	self->l.server = dup(self->l.port);
	EXPECT_EQ(POLLIN | POLLHUP, poll_now(self->l.client, POLLIN));
	ASSERT_EQ(0, msg_recv(self->l.client, &self->b, LONG));
	EXPECT_TRUE(buf_is(&self->b, "last", 4));
	EXPECT_EQ(-EPIPE, msg_recv(self->l.client, &self->b, LONG));
}

TEST_F(poll, SHUT_RECEIVE_and_SHUT_ALL_wake_pollers)
{
	ASSERT_EQ(0, ep_add(self->ep, self->l.port, EPOLLIN | EPOLLRDHUP | EPOLLET));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	ASSERT_EQ(0, end_shutdown(self->l.port, LPC_SHUT_RECEIVE));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, ep_wait(self->ep, LONG));
	EXPECT_EQ(POLLIN | POLLRDHUP, poll_now(self->l.port, POLLIN | POLLRDHUP));
	EXPECT_EQ(-ESHUTDOWN, msg_recv(self->l.port, &self->b, LONG));
	ASSERT_EQ(0, end_shutdown(self->l.port, LPC_SHUT_ALL));
	EXPECT_TRUE(ep_wait(self->ep, LONG) & EPOLLHUP);
	EXPECT_TRUE(poll_now(self->l.port, 0) & POLLHUP);
	EXPECT_TRUE(poll_now(self->l.client, 0) & POLLHUP);
	EXPECT_TRUE(poll_now(self->l.server, 0) & POLLHUP);
	EXPECT_EQ(-EPIPE, msg_send(self->l.client, 1, NULL, 0));
}

/* ---- sleeping in poll --------------------------------------------------------- */

TEST_F(poll, a_sleeping_poll_wakes_for_a_message)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		gate_post(&self->up, 0);
		must_be(POLLIN, poll_ms(self->l.port, POLLIN, LONG));
		_exit(0);
	}
	gate_wait(&self->up);
	ASSERT_TRUE(until_state(pid, 'S'));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(poll, a_sleeping_poll_wakes_when_the_peer_dies)
{
	pid_t pid, holder;

	holder = fork_child();
	if (holder == 0) {
		int end = port_connect(self->name);

		must(end >= 0);
		gate_post(&self->up, 0);
		for (;;)
			pause();
	}
	int server = accept_one(self->l.port, 3, 0);

	ASSERT_LE(0, server);
	gate_wait(&self->up);
	pid = fork_child();
	if (pid == 0) {
		gate_post(&self->up, 0);
		must_be(POLLHUP, poll_ms(server, 0, LONG));
		_exit(0);
	}
	gate_wait(&self->up);
	ASSERT_TRUE(until_state(pid, 'S'));
	kill_reap(holder);
	EXPECT_EQ(0, reap(pid));
	close(server);
}

TEST_F(poll, a_message_for_the_port_wakes_no_poller_of_a_server_end)
{
	ASSERT_EQ(0, ep_add(self->ep, self->l.server, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(0, ep_wait(self->ep, SHORT));
}

static void *close_it(void *arg)
{
	nap();
	close(*(int *)arg);
	return NULL;
}

TEST_F(poll, an_fd_closed_while_polled_harms_nobody)
{
	struct pollfd p[2];
	pthread_t t;
	int i;

	for (i = 0; i < 20; i++) {
		struct link l;

		ASSERT_EQ(0, link_connect(&l, self->l.port, self->name, 9, 0));
		p[0] = (struct pollfd){ .fd = l.client, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = l.server, .events = POLLIN };
		ASSERT_EQ(0, ep_add(self->ep, l.client, EPOLLIN | EPOLLET));
		ASSERT_EQ(0, pthread_create(&t, NULL, close_it, &l.client));
		poll(p, 2, 20);
		pthread_join(t, NULL);
		/* the last reference went with poll(), or with close() */
		EXPECT_EQ(POLLHUP, poll_ms(l.server, 0, LONG));
		ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
		EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
		close(l.server);
	}
	EXPECT_EQ(0, ep_wait(self->ep, 0));
}

TEST_F(poll, a_port_closed_in_an_epoll_set_leaves_it)
{
	int port = port_create(NULL, NULL);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, ep_add(self->ep, port, EPOLLIN));
	EXPECT_EQ(0, lpc_ioctl(port, LPC_IOC_SEND, &(struct lpc_msg){ 0 }));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
	close(port);
	EXPECT_EQ(0, ep_wait(self->ep, 0));
}

/* ---- epoll -------------------------------------------------------------------- */

TEST_F(poll, level_triggered_tells_until_the_queue_is_empty)
{
	ASSERT_EQ(0, ep_add(self->ep, self->l.port, EPOLLIN));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
}

TEST_F(poll, edge_triggered_tells_once_for_each_arrival)
{
	ASSERT_EQ(0, ep_add(self->ep, self->l.port, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	EXPECT_EQ(0, msg_send(self->l.client, 2, NULL, 0));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
}

TEST_F(poll, edge_triggered_tells_the_end_of_a_detached_call)
{
	ASSERT_EQ(0, ep_add(self->ep, self->l.client, EPOLLIN | EPOLLET));
	EXPECT_EQ(0, msg_call_async(self->l.client, 1, NULL, 0, LONG, NULL));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
	EXPECT_EQ(0, ep_wait(self->ep, 0));
}

TEST_F(poll, EPOLLONESHOT_tells_once_until_armed_again)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT };

	ASSERT_EQ(0, ep_add(self->ep, self->l.port, EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
	EXPECT_EQ(0, msg_send(self->l.client, 2, NULL, 0));
	EXPECT_EQ(0, ep_wait(self->ep, SHORT));
	ASSERT_EQ(0, epoll_ctl(self->ep, EPOLL_CTL_MOD, self->l.port, &e));
	EXPECT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
}

struct exclusive {
	int ep;
	atomic_int woken;
	pid_t tid;
};

static void *exclusive_thread(void *arg)
{
	struct exclusive *x = arg;

	x->tid = get_tid();
	if (ep_wait(x->ep, 2 * LONG) == EPOLLIN)
		x->woken++;
	return NULL;
}

TEST_F(poll, EPOLLEXCLUSIVE_wakes_fewer_than_all_and_loses_nothing)
{
	struct exclusive x[4] = { 0 };
	pthread_t t[4];
	int i, woken;

	for (i = 0; i < 4; i++) {
		x[i].ep = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_EQ(0, ep_add(x[i].ep, self->l.port,
				    EPOLLIN | EPOLLEXCLUSIVE));
		ASSERT_EQ(0, pthread_create(&t[i], NULL, exclusive_thread, &x[i]));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_TRUE(UNTIL(x[i].tid));
		ASSERT_TRUE(until_state(x[i].tid, 'S'));
	}
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_TRUE(UNTIL(x[0].woken + x[1].woken + x[2].woken + x[3].woken));
	/* give the others time to wake, should they */
	EXPECT_TRUE(STAYS(true));
	woken = x[0].woken + x[1].woken + x[2].woken + x[3].woken;
	EXPECT_EQ(1, woken);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, msg_send(self->l.client, 2, NULL, 0));
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		close(x[i].ep);
	}
	woken = x[0].woken + x[1].woken + x[2].woken + x[3].woken;
	EXPECT_EQ(4, woken);
}

/* One port in an epoll set serves calls: receives with DONTWAIT only. */
TEST_F(poll, an_epoll_server_answers_every_call)
{
	int i, answered = 0;
	pid_t pid[3];

	for (i = 0; i < 3; i++) {
		pid[i] = fork_child();
		if (pid[i] == 0) {
			struct lpcbuf r;
			int end = port_connect(self->name), k;

			must(end >= 0);
			for (k = 0; k < 50; k++) {
				must_be(0, msg_call(end, k, &k, 4, &r, LONG));
				must(buf_is(&r, &k, 4));
			}
			_exit(0);
		}
	}
	ASSERT_EQ(0, ep_add(self->ep, self->l.port, EPOLLIN | EPOLLET));
	while (answered < 150) {
		ASSERT_EQ(EPOLLIN, ep_wait(self->ep, LONG));
		while (msg_recv(self->l.port, &self->b, NO_WAIT) == 0) {
			if (self->b.m.type == LPC_CONNECTION_REQUEST) {
				int end = port_accept(self->l.port, self->b.m.id,
						      5, 0);

				ASSERT_LE(0, end);
				ASSERT_EQ(0, end_complete(end));
			} else if (self->b.m.type == LPC_REQUEST) {
				ASSERT_EQ(0, msg_reply(self->l.port, &self->b, 0,
						       self->b.data, self->b.m.len));
				answered++;
			}
		}
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, reap(pid[i]));
}

TEST_F(poll, O_NONBLOCK_receives_without_waiting)
{
	ASSERT_EQ(0, fcntl(self->l.port, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, msg_recv(self->l.port, &self->b, FOREVER));
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(0, msg_recv(self->l.port, &self->b, FOREVER));
}

TEST_HARNESS_MAIN
