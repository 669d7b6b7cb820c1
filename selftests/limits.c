// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits.c - each limit: filled, named when full, given back, and whose it is.
 */
#include "common.h"

static const char * const sysctls[] = {
	"ports", "connections", "port_connections", "pending", "user_pending",
	"port_share", "name_waiters", "datagrams", "calls", "callback_depth",
	"callback_ms", "watches", "unprivileged_create", "unprivileged_connect",
};

FIXTURE(limits) {
	long saved[ARRAY_SIZE(sysctls)];
	char name[NAME_ROOM];
	int port;
	struct gate up, down;
	struct lpcbuf b;
};

/* A port of root's that is open to all; sysctls are put back at the end. */
FIXTURE_SETUP(limits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sysctls); i++) {
		self->saved[i] = sysctl_get(sysctls[i]);
		ASSERT_LE(0, self->saved[i]);
	}
	others_may();
	self->port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->port);
	gate_init(&self->up);
	gate_init(&self->down);
}

FIXTURE_TEARDOWN(limits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sysctls); i++)
		sysctl_set(sysctls[i], self->saved[i]);
	close(self->port);
	gate_destroy(&self->up);
	gate_destroy(&self->down);
}

#define must_be_full(ret, args, which, used) do {			\
	typeof(args) *__args = &(args);					\
									\
	must_be(-ENOBUFS, ret);						\
	must_be(which, __args->limit);					\
	must_be(used, __args->in_use);					\
} while (0)

static bool become_surely(uid_t uid)
{
	must_be(0, become(uid));
	return true;
}

/*
 * AS_USER(uid) { ... }: the block is run by a child that has become @uid, and
 * the parent expects it to end well.
 */
/* checkpatch: COMPLEX_MACRO: it is the head of a block */
#define AS_USER(uid)							\
	for (int __i = 0, __pid = fork_child(); __i < 1;		\
	     __i++, __pid ? ({ EXPECT_EQ(0, reap(__pid)); }) : _exit(0)) \
		if (__pid == 0 && become_surely(uid))

/* ---- ports --------------------------------------------------------------------- */

TEST_F(limits, ports_of_a_user)
{
	ASSERT_EQ(0, sysctl_set("ports", 3));
	AS_USER(MARIA) {
		struct lpc_create c = { 0 };
		int port[3], i;

		must_be(0, limit_in_use(LPC_LIMIT_PORTS));
		for (i = 0; i < 3; i++) {
			port[i] = port_create(NULL, NULL);
			must(port[i] >= 0);
		}
		must_be(3, limit_in_use(LPC_LIMIT_PORTS));
		must_be_full(port_create(NULL, &c), c, LPC_LIMIT_PORTS, 3);
		must_be_full(port_create("user/1000/x", &c), c, LPC_LIMIT_PORTS, 3);
		close(port[1]);
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 2));
		port[1] = port_create("user/1000/x", &c);
		must(port[1] >= 0);
		must_be(LPC_LIMIT_NONE, c.limit);
	}
	/* they went with their maker */
	AS_USER(MARIA) {
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 0));
	}
}

TEST_F(limits, a_full_user_leaves_others_working)
{
	pid_t maria;

	ASSERT_EQ(0, sysctl_set("ports", 2));
	maria = fork_child();
	if (maria == 0) {
		must_be(0, become(MARIA));
		must(port_create(NULL, NULL) >= 0);
		must(port_create(NULL, NULL) >= 0);
		must_be(-ENOBUFS, port_create(NULL, NULL));
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		_exit(0);
	}
	gate_wait(&self->up);
	AS_USER(BOB) {
		must_be(0, limit_in_use(LPC_LIMIT_PORTS));
		must(port_create(NULL, NULL) >= 0);
		must(port_create(NULL, NULL) >= 0);
	}
	/* a second process of the same user is not another user */
	AS_USER(MARIA) {
		must_be(2, limit_in_use(LPC_LIMIT_PORTS));
		must_be(-ENOBUFS, port_create(NULL, NULL));
	}
	gate_post(&self->down, 0);
	EXPECT_EQ(0, reap(maria));
}

TEST_F(limits, a_charge_stays_with_the_maker_whoever_holds_the_fd)
{
	int sv[2], fd;

	ASSERT_EQ(0, sysctl_set("ports", 1));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	AS_USER(MARIA) {
		fd = port_create(NULL, NULL);
		must(fd >= 0);
		must_be(0, send_fd(sv[0], fd));
	}
	fd = recv_fd(sv[1]);
	ASSERT_LE(0, fd);
	AS_USER(MARIA) {
		must_be(1, limit_in_use(LPC_LIMIT_PORTS));
		must_be(-ENOBUFS, port_create(NULL, NULL));
	}
	close(fd);
	AS_USER(MARIA) {
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 0));
		must(port_create(NULL, NULL) >= 0);
	}
	close(sv[0]);
	close(sv[1]);
}

TEST_F(limits, a_client_that_stays_takes_none_of_its_servers_ports)
{
	ASSERT_EQ(0, sysctl_set("ports", 1));
	AS_USER(MARIA) {
		int port = port_create_mode("user/1000/open", 0666), end;

		must(port >= 0);
		gate_post(&self->up, 0);
		end = accept_one(port, 0, 0);
		must(end >= 0);
		gate_wait(&self->down);
		must_be(-ENOBUFS, port_create(NULL, NULL));
		close(port);
		/* what is served has no port that counts, and then no server */
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 0));
		close(end);
		port = port_create(NULL, NULL);
		must(port >= 0);
		must_be(1, limit_in_use(LPC_LIMIT_PORTS));
		close(port);
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 0));
		gate_post(&self->up, 0);
	} else {
		AS_USER(BOB) {
			gate_wait(&self->up);
			must(port_connect("user/1000/open") >= 0);
			gate_post(&self->down, 0);
			/* it has its end all the time, and that is its own affair */
			gate_wait(&self->up);
			must_be(1, limit_in_use(LPC_LIMIT_CONNS));
		}
	}
}

TEST_F(limits, what_fails_is_not_charged)
{
	AS_USER(MARIA) {
		struct lpc_connect c = { .deadline = in_ms(SHORT) };
		int port = port_create("user/1000/taken", NULL), i;

		must(port >= 0);
		for (i = 0; i < 5; i++) {
			must_be(-EEXIST, port_create("user/1000/taken", NULL));
			must_be(-EACCES, port_create("system", NULL));
			must_be(-EINVAL, port_create("a b", NULL));
			c.data_len = 261;
			must_be(-EMSGSIZE, port_connect_opts(self->name, &c));
			c.data_len = 0;
			must_be(-ENOENT, port_connect("no/such"));
		}
		must_be(-ETIMEDOUT, port_connect_opts(self->name, &c));
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 1));
		must(UNTIL(limit_in_use(LPC_LIMIT_CONNS) == 0));
		must(UNTIL(limit_in_use(LPC_LIMIT_USER_PENDING) == 0));
		must_be(0, limit_in_use(LPC_LIMIT_NAME_WAITERS));
	}
}

TEST_F(limits, a_limit_lowered_below_the_use_spares_what_is_there)
{
	AS_USER(MARIA) {
		struct lpc_create c = { 0 };
		int a = port_create(NULL, NULL), b = port_create(NULL, NULL);

		must(a >= 0 && b >= 0);
		gate_post(&self->up, 0);
		must(UNTIL(sysctl_get("ports") == 1));
		must_be_full(port_create(NULL, &c), c, LPC_LIMIT_PORTS, 2);
		must_be(0, lpc_ioctl(a, LPC_IOC_SEND, &(struct lpc_msg){ 0 }));
		close(a);
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 1));
		must_be(-ENOBUFS, port_create(NULL, &c));
		close(b);
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 0));
		must(port_create(NULL, &c) >= 0);
	} else {
		gate_wait(&self->up);
		EXPECT_EQ(0, sysctl_set("ports", 1));
	}
}

/* ---- connections ---------------------------------------------------------------- */

TEST_F(limits, connections_of_a_user)
{
	ASSERT_EQ(0, sysctl_set("connections", 2));
	AS_USER(MARIA) {
		struct lpc_connect c = { 0 };
		int a = port_connect_async(self->name, NULL);
		int b = port_connect_async(self->name, NULL);

		must(a >= 0 && b >= 0);
		must_be(2, limit_in_use(LPC_LIMIT_CONNS));
		must_be_full(port_connect_async(self->name, &c), c,
			     LPC_LIMIT_CONNS, 2);
		must_be(2, PORT_FIELD(self->port, queued));
		close(a);
		must(UNTIL(limit_in_use(LPC_LIMIT_CONNS) == 1));
		must(port_connect_async(self->name, NULL) >= 0);
	}
}

TEST_F(limits, a_connection_counts_until_both_ends_are_closed)
{
	pid_t maria;
	int end;

	ASSERT_EQ(0, sysctl_set("connections", 1));
	maria = fork_child();
	if (maria == 0) {
		struct lpc_connect c = { 0 };
		int fd;

		must_be(0, become(MARIA));
		fd = port_connect(self->name);
		must(fd >= 0);
		close(fd);
		must_be_full(port_connect_async(self->name, &c), c,
			     LPC_LIMIT_CONNS, 1);
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		must(UNTIL(limit_in_use(LPC_LIMIT_CONNS) == 0));
		must(port_connect_async(self->name, NULL) >= 0);
		_exit(0);
	}
	end = accept_one(self->port, 1, 0);
	ASSERT_LE(0, end);
	gate_wait(&self->up);
	/* takes the PORT_CLOSED that nobody has read along */
	close(end);
	gate_post(&self->down, 0);
	EXPECT_EQ(0, reap(maria));
}

TEST_F(limits, a_connection_counts_while_the_server_end_is_open)
{
	pid_t maria;
	int end;

	ASSERT_EQ(0, sysctl_set("connections", 1));
	maria = fork_child();
	if (maria == 0) {
		int fd;

		must_be(0, become(MARIA));
		fd = port_connect(self->name);
		must(fd >= 0);
		close(fd);
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		must_be(-ENOBUFS, port_connect_async(self->name, NULL));
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		must(UNTIL(limit_in_use(LPC_LIMIT_CONNS) == 0));
		_exit(0);
	}
	end = accept_one(self->port, 1, 0);
	ASSERT_LE(0, end);
	gate_wait(&self->up);
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	gate_post(&self->down, 0);
	gate_wait(&self->up);
	close(end);
	gate_post(&self->down, 0);
	EXPECT_EQ(0, reap(maria));
}

TEST_F(limits, connections_of_a_port)
{
	struct lpc_connect c = { 0 };
	struct link l[2];

	ASSERT_EQ(0, sysctl_set("port_connections", 2));
	ASSERT_EQ(0, link_connect(&l[0], self->port, self->name, 1, 0));
	ASSERT_EQ(0, link_connect(&l[1], self->port, self->name, 2, 0));
	EXPECT_EQ(-ENOBUFS, port_connect_async(self->name, &c));
	EXPECT_EQ(LPC_LIMIT_PORT_CONNS, c.limit);
	EXPECT_EQ(2, c.in_use);
	EXPECT_EQ(0, PORT_FIELD(self->port, queued));
	close(l[0].client);
	close(l[0].server);
	while (msg_recv(self->port, &self->b, NO_WAIT) == 0)
		EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	EXPECT_TRUE(until_connections(self->port, 1));
	EXPECT_EQ(0, link_connect(&l[0], self->port, self->name, 3, 0));
	close(l[0].client);
	close(l[0].server);
	close(l[1].client);
	close(l[1].server);
}

/* ---- pending --------------------------------------------------------------------- */

TEST_F(limits, pending_connects_of_a_port)
{
	struct lpc_connect c = { 0 };
	int half[3], end;

	ASSERT_EQ(0, sysctl_set("pending", 2));
	half[0] = port_connect_async(self->name, NULL);
	half[1] = port_connect_async(self->name, NULL);
	ASSERT_LE(0, half[1]);
	EXPECT_EQ(-ENOBUFS, port_connect_async(self->name, &c));
	EXPECT_EQ(LPC_LIMIT_PENDING, c.limit);
	EXPECT_EQ(2, c.in_use);
	/* one that was received still waits for an answer */
	ASSERT_EQ(0, msg_listen(self->port, &self->b, LONG));
	EXPECT_EQ(-ENOBUFS, port_connect_async(self->name, &c));
	end = port_accept(self->port, self->b.m.id, 1, 0);
	ASSERT_LE(0, end);
	half[2] = port_connect_async(self->name, &c);
	EXPECT_LE(0, half[2]);
	close(half[0]);
	close(half[1]);
	close(half[2]);
	close(end);
}

TEST_F(limits, the_backlog_of_a_port)
{
	struct lpc_create o = { .backlog = 1 };
	struct lpc_connect c = { 0 };
	char name[NAME_ROOM];
	int port, half;

	port = port_create(unique_name(name), &o);
	ASSERT_LE(0, port);
	half = port_connect_async(name, NULL);
	ASSERT_LE(0, half);
	EXPECT_EQ(-ENOBUFS, port_connect_async(name, &c));
	EXPECT_EQ(LPC_LIMIT_PENDING, c.limit);
	EXPECT_EQ(1, c.in_use);
	ASSERT_EQ(0, msg_listen(port, &self->b, LONG));
	EXPECT_EQ(0, port_refuse(port, self->b.m.id, NULL, 0));
	close(half);
	half = port_connect_async(name, NULL);
	EXPECT_LE(0, half);
	close(half);
	close(port);
}

TEST_F(limits, pending_connects_of_a_user_over_all_ports)
{
	char name[3][NAME_ROOM];
	int port[3], i;

	for (i = 0; i < 3; i++) {
		port[i] = port_create_mode(unique_name(name[i]), 0666);
		ASSERT_LE(0, port[i]);
	}
	ASSERT_EQ(0, sysctl_set("user_pending", 2));
	AS_USER(MARIA) {
		struct lpc_connect c = { 0 };
		int a = port_connect_async(name[0], NULL);
		int b = port_connect_async(name[1], NULL);

		must(a >= 0 && b >= 0);
		must_be(2, limit_in_use(LPC_LIMIT_USER_PENDING));
		must_be_full(port_connect_async(name[2], &c), c,
			     LPC_LIMIT_USER_PENDING, 2);
		must_be(0, PORT_FIELD(port[2], queued));
		close(a);
		must(UNTIL(limit_in_use(LPC_LIMIT_USER_PENDING) == 1));
		must(port_connect_async(name[2], NULL) >= 0);
	}
	for (i = 0; i < 3; i++)
		close(port[i]);
}

TEST_F(limits, one_users_share_of_a_ports_pending_slots)
{
	pid_t maria;

	ASSERT_EQ(0, sysctl_set("pending", 8));
	ASSERT_EQ(0, sysctl_set("port_share", 25));
	maria = fork_child();
	if (maria == 0) {
		struct lpc_connect c = { 0 };

		must_be(0, become(MARIA));
		must(port_connect_async(self->name, NULL) >= 0);
		must(port_connect_async(self->name, NULL) >= 0);
		must_be_full(port_connect_async(self->name, &c), c,
			     LPC_LIMIT_SHARE, 2);
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		_exit(0);
	}
	gate_wait(&self->up);
	AS_USER(BOB) {
		must(port_connect_async(self->name, NULL) >= 0);
		must(port_connect_async(self->name, NULL) >= 0);
		must_be(-ENOBUFS, port_connect_async(self->name, NULL));
	}
	gate_post(&self->down, 0);
	EXPECT_EQ(0, reap(maria));
}

TEST_F(limits, one_users_share_of_a_ports_connections)
{
	struct lpc_create o = { .flags = LPC_PORT_OWNER, .owner = BOB,
				.group = BOB, .mode = 0666 };
	char name[NAME_ROOM];
	int port, end[8], i, n = 0;
	pid_t client;
	uid_t who;

	port = port_create(unique_name(name), &o);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, sysctl_set("port_connections", 8));
	ASSERT_EQ(0, sysctl_set("port_share", 25));
	/* maria's part is two, the owner's all that is left */
	for (who = MARIA; who <= BOB; who++) {
		client = fork_child();
		if (client == 0) {
			struct lpc_connect c = { 0 };

			must_be(0, become(who));
			for (i = 0; i < (who == BOB ? 5 : 2); i++)
				must(port_connect(name) >= 0);
			if (who == MARIA)
				must_be_full(port_connect_async(name, &c), c,
					     LPC_LIMIT_SHARE, 2);
			gate_post(&self->up, 0);
			gate_wait(&self->down);
			_exit(0);
		}
		for (i = 0; i < (who == BOB ? 5 : 2); i++) {
			end[n] = accept_one(port, n, 0);
			ASSERT_LE(0, end[n]);
			n++;
		}
		gate_wait(&self->up);
	}
	EXPECT_EQ(7, PORT_FIELD(port, connections));
	gate_post(&self->down, 0);
	gate_post(&self->down, 0);
	while (n)
		close(end[--n]);
	close(port);
}

TEST_F(limits, name_waiters_of_a_user)
{
	pid_t first;

	ASSERT_EQ(0, sysctl_set("name_waiters", 1));
	first = fork_child();
	if (first == 0) {
		struct lpc_port_info i;

		must_be(0, become(MARIA));
		query_name("user/1000/later", &i, 10 * LONG);
		_exit(1);
	}
	ASSERT_TRUE(until_ioctl(first, LPC_IOC_QUERY));
	AS_USER(MARIA) {
		struct lpc_connect c = { .flags = LPC_CONNECT_WAIT_NAME,
					 .deadline = in_ms(LONG) };
		struct lpc_query q = {
			.what = LPC_WHAT_PORT, .flags = LPC_QUERY_WAIT_NAME,
			.name = (uintptr_t)"user/1000/later", .name_len = 15,
			.deadline = in_ms(LONG),
		};

		must_be(1, limit_in_use(LPC_LIMIT_NAME_WAITERS));
		must_be_full(port_connect_opts("user/1000/later", &c), c,
			     LPC_LIMIT_NAME_WAITERS, 1);
		must_be_full(lpc_ioctl(lpc_dev(), LPC_IOC_QUERY, &q), q,
			     LPC_LIMIT_NAME_WAITERS, 1);
		/* a name that exists needs no waiting */
		c = (struct lpc_connect){ .flags = LPC_CONNECT_WAIT_NAME };
		must(port_connect_async(self->name, &c) >= 0);
	}
	kill_reap(first);
	AS_USER(MARIA) {
		struct lpc_port_info i;

		must(UNTIL(limit_in_use(LPC_LIMIT_NAME_WAITERS) == 0));
		must_be(-ETIMEDOUT, query_name("user/1000/later", &i, SHORT));
		must_be(0, limit_in_use(LPC_LIMIT_NAME_WAITERS));
	}
}

/* ---- messages --------------------------------------------------------------------- */

TEST_F(limits, datagrams_by_connection_and_direction)
{
	struct link a, c;
	struct lpcbuf b;
	int i;

	ASSERT_EQ(0, sysctl_set("datagrams", 3));
	ASSERT_EQ(0, link_connect(&a, self->port, self->name, 1, 0));
	ASSERT_EQ(0, link_connect(&c, self->port, self->name, 2, 0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, msg_send(a.client, i, NULL, 0));
	buf_set(&b, 3, NULL, 0);
	EXPECT_EQ(-ENOBUFS, lpc_ioctl(a.client, LPC_IOC_SEND, &b));
	EXPECT_EQ(LPC_LIMIT_DATAGRAMS, b.m.limit);
	EXPECT_EQ(3, b.m.in_use);
	EXPECT_EQ(3, PORT_FIELD(self->port, queued));
	/* neither the other direction nor the other connection */
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, msg_send(a.server, i, NULL, 0));
		EXPECT_EQ(0, msg_send(c.client, 10 + i, NULL, 0));
	}
	EXPECT_EQ(-ENOBUFS, msg_send(a.server, 3, NULL, 0));
	/* requests are not datagrams */
	EXPECT_EQ(0, msg_call_async(a.client, 4, NULL, 0, LONG, NULL));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(0, self->b.m.code);
	EXPECT_EQ(0, msg_send(a.client, 5, NULL, 0));
	EXPECT_EQ(-ENOBUFS, msg_send(a.client, 6, NULL, 0));
	close(a.client);
	close(a.server);
	close(c.client);
	close(c.server);
}

TEST_F(limits, calls_of_a_connection_in_both_directions)
{
	struct lpcbuf b;
	struct link l;

	ASSERT_EQ(0, sysctl_set("calls", 2));
	ASSERT_EQ(0, link_connect(&l, self->port, self->name, 1, 0));
	EXPECT_EQ(0, msg_call_async(l.client, 1, NULL, 0, LONG, NULL));
	EXPECT_EQ(0, msg_call_async(l.server, 2, NULL, 0, LONG, NULL));
	buf_set(&b, 3, NULL, 0);
	EXPECT_EQ(-ENOBUFS, msg_call_buf(l.client, &b, LPC_CALL_ASYNC, LONG));
	EXPECT_EQ(LPC_LIMIT_CALLS, b.m.limit);
	EXPECT_EQ(2, b.m.in_use);
	EXPECT_EQ(-ENOBUFS, msg_call(l.client, 3, NULL, 0, NULL, LONG));
	EXPECT_EQ(1, PORT_FIELD(self->port, queued));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	EXPECT_EQ(0, msg_reply(self->port, &self->b, 0, NULL, 0));
	ASSERT_EQ(0, msg_recv(l.client, &self->b, LONG));
	/* the server's request, then the reply: in the order they came */
	EXPECT_EQ(LPC_REQUEST, self->b.m.type);
	ASSERT_EQ(0, msg_recv(l.client, &self->b, LONG));
	EXPECT_EQ(LPC_REPLY, self->b.m.type);
	EXPECT_EQ(0, msg_call_async(l.client, 4, NULL, 0, LONG, NULL));
	EXPECT_EQ(-ENOBUFS, msg_call_async(l.client, 5, NULL, 0, LONG, NULL));
	close(l.client);
	close(l.server);
}

TEST_F(limits, an_asynchronous_call_counts_until_its_reply_is_fetched)
{
	struct link l;
	uint64_t id;

	ASSERT_EQ(0, sysctl_set("calls", 1));
	ASSERT_EQ(0, link_connect(&l, self->port, self->name, 1, 0));
	EXPECT_EQ(0, msg_call_async(l.client, 1, NULL, 0, LONG, NULL));
	ASSERT_EQ(0, msg_recv(self->port, &self->b, LONG));
	ASSERT_EQ(0, msg_reply(self->port, &self->b, 0, NULL, 0));
	EXPECT_EQ(-ENOBUFS, msg_call_async(l.client, 2, NULL, 0, LONG, NULL));
	ASSERT_EQ(0, msg_recv(l.client, &self->b, LONG));
	EXPECT_EQ(LPC_REPLY, self->b.m.type);
	EXPECT_EQ(0, msg_call_async(l.client, 3, NULL, 0, LONG, &id));
	/* a canceled one likewise */
	ASSERT_EQ(0, call_cancel(l.client, id));
	EXPECT_EQ(-ENOBUFS, msg_call_async(l.client, 4, NULL, 0, LONG, NULL));
	ASSERT_EQ(0, msg_recv(l.client, &self->b, LONG));
	EXPECT_EQ(-ECANCELED, self->b.m.error);
	EXPECT_EQ(0, msg_call_async(l.client, 5, NULL, 0, LONG, NULL));
	close(l.client);
	close(l.server);
}

TEST_F(limits, watches_of_a_user)
{
	struct lpc_info info;
	int server;
	pid_t maria;

	ASSERT_EQ(0, get_info(&info));
	if (!(info.features & LPC_HAS_WATCH))
		SKIP(return, "this kernel has no tracepoint for it");
	ASSERT_EQ(0, sysctl_set("watches", 2));
	maria = fork_child();
	if (maria == 0) {
		struct lpc_watch w = { 0 };
		int fd;

		must_be(0, become(MARIA));
		fd = port_connect(self->name);
		must(fd >= 0);
		must_be(0, watch_thread(fd));
		must_be(0, watch_thread(fd));
		must_be(2, limit_in_use(LPC_LIMIT_WATCHES));
		must_be_full(lpc_ioctl(fd, LPC_IOC_WATCH_THREAD, &w), w,
			     LPC_LIMIT_WATCHES, 2);
		close(fd);
		must(UNTIL(limit_in_use(LPC_LIMIT_WATCHES) == 0));
		_exit(0);
	}
	server = accept_one(self->port, 1, 0);
	ASSERT_LE(0, server);
	EXPECT_EQ(0, reap(maria));
	close(server);
}

/* ---- whose user ------------------------------------------------------------------- */

TEST_F(limits, subordinate_uids_are_one_user)
{
	struct gate end;
	pid_t inside;

	gate_init(&end);
	ASSERT_EQ(0, sysctl_set("ports", 3));
	inside = fork_child();
	if (inside == 0) {
		struct lpc_create c = { 0 };
		pid_t pid;
		int i;

		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		for (i = 1; i <= 3; i++) {
			pid = fork_child();
			if (pid == 0) {
				must(setresuid(i, i, i) == 0);
				must_be(0, limit_in_use(LPC_LIMIT_PORTS));
				must(port_create(NULL, NULL) >= 0);
				gate_post(&self->up, 0);
				/* its parent may not even signal it by then */
				gate_wait(&end);
				_exit(0);
			}
			gate_post(&self->up, 0);
			gate_wait(&self->down);
		}
		/* a fourth uid, and one in a namespace below it */
		must(setresuid(4, 4, 4) == 0);
		must_be_full(port_create(NULL, &c), c, LPC_LIMIT_PORTS, 3);
		must(unshare(CLONE_NEWUSER) == 0);
		must_be_full(port_create(NULL, &c), c, LPC_LIMIT_PORTS, 3);
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		_exit(0);
	}
	gate_wait(&self->up);
	char path[64];

	/* what newuidmap would write */
	snprintf(path, sizeof(path), "/proc/%d/uid_map", inside);
	ASSERT_EQ(0, write_file(path, "0 1000 1\n1 100000 100\n"));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", inside);
	ASSERT_EQ(0, write_file(path, "0 1000 1\n1 100000 100\n"));
	gate_post(&self->down, 0);
	for (int i = 1; i <= 3; i++) {
		gate_wait(&self->up);
		gate_wait(&self->up);
		gate_post(&self->down, 0);
	}
	gate_wait(&self->up);
	/* they have filled maria's own account */
	AS_USER(MARIA) {
		must_be(3, limit_in_use(LPC_LIMIT_PORTS));
		must_be(-ENOBUFS, port_create(NULL, NULL));
	}
	AS_USER(BOB) {
		must(port_create(NULL, NULL) >= 0);
	}
	for (int i = 1; i <= 3; i++)
		gate_post(&end, 0);
	gate_post(&self->down, 0);
	EXPECT_EQ(0, reap(inside));
	AS_USER(MARIA) {
		must(UNTIL(limit_in_use(LPC_LIMIT_PORTS) == 0));
	}
	gate_destroy(&end);
}

/* ---- the admin's switches --------------------------------------------------------- */

TEST_F(limits, unprivileged_create_0_leaves_CREATE_to_CAP_IPC_OWNER)
{
	int port;

	ASSERT_EQ(0, sysctl_set("unprivileged_create", 0));
	AS_USER(MARIA) {
		int client;

		must_be(-EACCES, port_create("user/1000/x", NULL));
		must_be(-EACCES, port_create(NULL, NULL));
		must_be(-EACCES, port_pair(&client, 0));
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(-EACCES, port_create(NULL, NULL));
		/* connecting is another switch */
		must(port_connect_async(self->name, NULL) >= 0);
	}
	port = port_create("user/1000/x", NULL);
	EXPECT_LE(0, port);
	close(port);
}

TEST_F(limits, unprivileged_connect_0_leaves_CONNECT_to_CAP_IPC_OWNER)
{
	pid_t maria;
	int half, end;

	maria = fork_child();
	if (maria == 0) {
		int fd;

		must_be(0, become(MARIA));
		fd = port_connect(self->name);
		must(fd >= 0);
		gate_post(&self->up, 0);
		gate_wait(&self->down);
		must_be(-EACCES, port_connect(self->name));
		/* not even to itself */
		must(port_create_mode("user/1000/mine", 0666) >= 0);
		must_be(-EACCES, port_connect("user/1000/mine"));
		/* what is connected stays so */
		must_be(0, msg_send(fd, 1, NULL, 0));
		_exit(0);
	}
	end = accept_one(self->port, 1, 0);
	gate_wait(&self->up);
	ASSERT_EQ(0, sysctl_set("unprivileged_connect", 0));
	gate_post(&self->down, 0);
	EXPECT_EQ(0, reap(maria));
	EXPECT_EQ(1, PORT_FIELD(self->port, counters.datagrams));
	half = port_connect_async(self->name, NULL);
	EXPECT_LE(0, half);
	close(half);
	close(end);
}

TEST_F(limits, sysctls_are_bounded_and_roots_alone)
{
	EXPECT_EQ(-EINVAL, sysctl_set("port_share", 101));
	EXPECT_EQ(-EINVAL, sysctl_set("unprivileged_create", 2));
	EXPECT_EQ(-EINVAL, sysctl_set("unprivileged_connect", 2));
	EXPECT_EQ(-EINVAL, sysctl_set("callback_ms", 0));
	EXPECT_EQ(-EINVAL, sysctl_set("ports", -1));
	EXPECT_EQ(0, sysctl_set("ports", 0));
	EXPECT_EQ(-ENOBUFS, port_create(NULL, NULL));
	AS_USER(MARIA) {
		must_be(-EACCES, sysctl_set("ports", 1000));
		must_be(0, sysctl_get("ports"));
	}
}

TEST_HARNESS_MAIN
