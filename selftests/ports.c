// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports.c - making, naming, protecting, passing and ending ports.
 */
#include "common.h"

/* ---- names ---------------------------------------------------------------- */

FIXTURE(name) {
	char text[512];
};

FIXTURE_VARIANT(name) {
	const char *text;
	int len;		/* filled up with "a"; 0: not; -2: see the test */
	int result;		/* 0: a port is made */
};

FIXTURE_SETUP(name)
{
	memset(self->text, 'a', sizeof(self->text));
	memcpy(self->text, variant->text, strlen(variant->text));
}

FIXTURE_TEARDOWN(name) { }

FIXTURE_VARIANT_ADD(name, one_byte) { .text = "x" };
FIXTURE_VARIANT_ADD(name, segments) { .text = "a/b/c/d" };
FIXTURE_VARIANT_ADD(name, lowest_and_highest_byte) { .text = "!~" };
FIXTURE_VARIANT_ADD(name, dots_within) { .text = ".a/b./..." };
FIXTURE_VARIANT_ADD(name, longest_255) { .text = "long/", .len = 255 };
FIXTURE_VARIANT_ADD(name, other_users_number_for_root) { .text = "user/1000/x" };

FIXTURE_VARIANT_ADD(name, too_long_256) {
	.text = "long/", .len = 256, .result = -EINVAL,
};

FIXTURE_VARIANT_ADD(name, huge_length) { .text = "long/", .len = 400, .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, leading_slash) { .text = "/a", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, trailing_slash) { .text = "a/", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, only_slash) { .text = "/", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, double_slash) { .text = "a//b", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, dot) { .text = ".", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, dot_dot) { .text = "..", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, dot_segment) { .text = "a/./b", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, dot_dot_segment) { .text = "a/../b", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, dot_dot_last) { .text = "a/..", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, space) { .text = "a b", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, newline) { .text = "a\nb", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, escape) { .text = "a\033b", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, delete_0x7f) { .text = "a\177b", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, latin1) { .text = "caf\351", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, utf8) { .text = "caf\303\251", .result = -EINVAL };
FIXTURE_VARIANT_ADD(name, nul_within) { .text = "a", .len = -2, .result = -EINVAL };

TEST_F(name, grammar_is_kept_by_create_connect_and_query)
{
	unsigned int len = variant->len > 0 ? (unsigned int)variant->len :
					      strlen(variant->text);
	struct lpc_create c = { .name = (uintptr_t)self->text };
	struct lpc_connect k = { .name = (uintptr_t)self->text };
	struct lpc_query q = {
		.what = LPC_WHAT_PORT, .name = (uintptr_t)self->text,
	};
	int ret;

	if (variant->len == -2) {
		memcpy(self->text, "a\0b", 3);
		len = 3;
	}
	c.name_len = len;
	k.name_len = len;
	q.name_len = len;
	EXPECT_EQ(variant->result ?: -ENOENT,
		  lpc_ioctl(lpc_dev(), LPC_IOC_CONNECT, &k));
	EXPECT_EQ(variant->result ?: -ENOENT,
		  lpc_ioctl(lpc_dev(), LPC_IOC_QUERY, &q));
	ret = lpc_ioctl(lpc_dev(), LPC_IOC_CREATE, &c);
	EXPECT_EQ(variant->result, ret);
	if (!ret) {
		struct lpc_port_info info;

		ASSERT_EQ(0, query_port(c.fd, &info));
		EXPECT_EQ(len, info.name_len);
		EXPECT_EQ(0, memcmp(info.name, self->text, len));
		while (len < sizeof(info.name))
			EXPECT_EQ(0, info.name[len++]);
		close(c.fd);
	}
}

/* ---- names of users ------------------------------------------------------- */

FIXTURE(user_name) { };

FIXTURE_VARIANT(user_name) {
	const char *text;
	int result;
};

FIXTURE_SETUP(user_name)
{
	others_may();
}

FIXTURE_TEARDOWN(user_name) { }

FIXTURE_VARIANT_ADD(user_name, own) { .text = "user/1000/a" };
FIXTURE_VARIANT_ADD(user_name, own_deep) { .text = "user/1000/a/b/c" };
FIXTURE_VARIANT_ADD(user_name, system) { .text = "system", .result = -EACCES };

FIXTURE_VARIANT_ADD(user_name, another_users) {
	.text = "user/1001/a", .result = -EACCES,
};

FIXTURE_VARIANT_ADD(user_name, roots) { .text = "user/0/a", .result = -EACCES };

FIXTURE_VARIANT_ADD(user_name, longer_number) {
	.text = "user/10000/a", .result = -EACCES,
};

FIXTURE_VARIANT_ADD(user_name, shorter_number) {
	.text = "user/100/a", .result = -EACCES,
};

FIXTURE_VARIANT_ADD(user_name, leading_zero) {
	.text = "user/01000/a", .result = -EACCES,
};

FIXTURE_VARIANT_ADD(user_name, number_alone) { .text = "user/1000", .result = -EACCES };
FIXTURE_VARIANT_ADD(user_name, upper_case) { .text = "USER/1000/a", .result = -EACCES };

FIXTURE_VARIANT_ADD(user_name, nothing_behind) {
	.text = "user/1000/", .result = -EINVAL,
};

FIXTURE_VARIANT_ADD(user_name, climbing_out) {
	.text = "user/1000/../1001/a", .result = -EINVAL,
};

TEST_F(user_name, only_the_own_prefix_is_open_to_a_user)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		int fd;

		must_be(0, become(MARIA));
		fd = port_create(variant->text, NULL);
		if (variant->result)
			must_be(variant->result, fd);
		else
			must(fd >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST(errors_come_in_order_EINVAL_then_EACCES_then_EEXIST)
{
	int port = port_create("test/order", NULL);
	pid_t pid;

	ASSERT_LE(0, port);
	EXPECT_EQ(-EEXIST, port_create("test/order", NULL));
	pid = fork_child();
	if (pid == 0) {
		must_be(0, become(MARIA));
		must_be(-EACCES, port_create("test/order", NULL));
		must_be(-EINVAL, port_create("test//order", NULL));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(port);
}

/* setfsuid() alone decides whose prefix it is, as for files */
TEST(the_prefix_follows_the_fsuid)
{
	pid_t pid;

	others_may();
	pid = fork_child();
	if (pid == 0) {
		must(setresuid(BOB, BOB, 0) == 0);
		must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		must(seteuid(0) == 0 && setresuid(BOB, MARIA, 0) == 0);
		/* fsuid followed euid */
		must(port_create("user/1000/fs", NULL) >= 0);
		must_be(-EACCES, port_create("user/1001/fs", NULL));
		must_be(-EACCES, port_create("user/0/fs", NULL));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* ---- life ------------------------------------------------------------------ */

TEST(a_taken_name_is_EEXIST_until_the_last_fd_is_closed)
{
	char name[NAME_ROOM];
	int a, b, copy;

	a = port_create(unique_name(name), NULL);
	ASSERT_LE(0, a);
	EXPECT_EQ(-EEXIST, port_create(name, NULL));
	copy = dup(a);
	close(a);
	EXPECT_EQ(-EEXIST, port_create(name, NULL));
	close(copy);
	b = port_create(name, NULL);
	EXPECT_LE(0, b);
	close(b);
	EXPECT_EQ(-ENOENT, port_connect(name));
}

TEST(SHUT_NEW_frees_the_name_and_refuses_who_waits)
{
	struct lpc_connect c = { 0 };
	char name[NAME_ROOM];
	struct link l;
	int port, half, again;

	port = port_create(unique_name(name), NULL);
	ASSERT_EQ(0, link_connect(&l, port, name, 9, 0));
	half = port_connect_async(name, &c);
	ASSERT_LE(0, half);
	ASSERT_EQ(0, end_shutdown(port, LPC_SHUT_NEW));
	EXPECT_EQ(-ECONNREFUSED, connect_finish(half, &c, LONG));
	EXPECT_EQ(-ENOENT, port_connect(name));
	again = port_create(name, NULL);
	EXPECT_LE(0, again);
	EXPECT_EQ(LPC_SHUT_NEW, PORT_FIELD(port, shut));
	/* the accepted connection goes on */
	EXPECT_EQ(0, msg_send(l.client, 1, "on", 2));
	EXPECT_EQ(1, PORT_FIELD(port, queued));
	close(again);
	close(half);
	link_close(&l);
}

TEST(a_private_port_has_no_name_and_is_not_listed)
{
	struct lpc_port_info info, rows[64];
	int port = port_create(NULL, NULL), n, i;

	ASSERT_LE(0, port);
	ASSERT_EQ(0, query_port(port, &info));
	EXPECT_EQ(0, info.name_len);
	EXPECT_LT(0, (int64_t)info.serial);
	EXPECT_EQ(0, lpc_ioctl(port, LPC_IOC_SEND,
			       &(struct lpc_msg){ .code = 3 }));
	n = list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 64, NULL);
	ASSERT_LE(0, n);
	for (i = 0; i < n; i++)
		if (rows[i].serial == info.serial)
			EXPECT_EQ(0, rows[i].name_len);
	close(port);
}

TEST(PAIR_makes_a_port_with_its_one_client)
{
	struct lpc_create c = {
		.flags = LPC_PORT_PAIR, .context = 0x1234567890abcdefull,
	};
	char name[NAME_ROOM];
	struct lpc_create named = { .flags = LPC_PORT_PAIR };
	struct lpcbuf b;
	struct echo e;
	int port;

	port = port_create(NULL, &c);
	ASSERT_LE(0, port);
	EXPECT_NE(port, c.client_fd);
	EXPECT_EQ(1, PORT_FIELD(port, connections));
	EXPECT_EQ(LPC_CONN_CONNECTED, CONN_FIELD(c.client_fd, state));
	ASSERT_EQ(0, msg_send(c.client_fd, 5, "pair", 4));
	ASSERT_EQ(0, msg_recv(port, &b, LONG));
	EXPECT_EQ(0x1234567890abcdefull, b.m.context);
	EXPECT_TRUE(buf_is(&b, "pair", 4));
	ASSERT_EQ(0, echo_start(&e, port));
	ASSERT_EQ(0, msg_call(c.client_fd, 6, "call", 4, &b, LONG));
	EXPECT_TRUE(buf_is(&b, "call", 4));
	EXPECT_EQ(0, echo_stop(&e));
	/* a name makes it no pair */
	EXPECT_EQ(-EINVAL, port_create(unique_name(name), &named));
	/* the port gone: the client end is dead, there is no server end */
	close(port);
	EXPECT_EQ(-EPIPE, msg_send(c.client_fd, 7, "x", 1));
	EXPECT_TRUE(poll_ms(c.client_fd, POLLIN, LONG) & POLLHUP);
	close(c.client_fd);
}

TEST(PAIR_client_closed_gives_PORT_CLOSED_with_its_context)
{
	struct lpcbuf b;
	int port, client;

	port = port_pair(&client, 99);
	ASSERT_LE(0, port);
	close(client);
	ASSERT_EQ(0, msg_recv(port, &b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, b.m.type);
	EXPECT_EQ(99, b.m.context);
	EXPECT_EQ(-EAGAIN, msg_recv(port, &b, NO_WAIT));
	close(port);
}

TEST(limits_of_a_port_are_taken_and_bounded)
{
	struct lpc_create c = { .inline_max = 16, .connect_max = 8, .backlog = 3 };
	struct lpc_port_info info;
	struct lpcbuf b;
	char name[NAME_ROOM];
	struct link l;
	int port;

	port = port_create(unique_name(name), &c);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, query_port(port, &info));
	EXPECT_EQ(16, info.inline_max);
	EXPECT_EQ(8, info.connect_max);
	EXPECT_EQ(3, info.backlog);
	ASSERT_EQ(0, link_connect(&l, port, name, 1, 0));
	buf_set(&b, 1, "0123456789abcdefX", 17);
	EXPECT_EQ(-EMSGSIZE, lpc_ioctl(l.client, LPC_IOC_SEND, &b));
	EXPECT_EQ(16, b.m.room);
	b.m.len = 16;
	EXPECT_EQ(0, lpc_ioctl(l.client, LPC_IOC_SEND, &b));
	link_close(&l);

	c = (struct lpc_create){ .inline_max = LPC_INLINE_MAX + 1 };
	EXPECT_EQ(-EINVAL, port_create(NULL, &c));
	c = (struct lpc_create){ .connect_max = LPC_CONNECT_MAX + 1 };
	EXPECT_EQ(-EINVAL, port_create(NULL, &c));
	c = (struct lpc_create){ .mode = 01777 };
	EXPECT_EQ(-EINVAL, port_create(NULL, &c));
}

/* ---- rights ---------------------------------------------------------------- */

FIXTURE(mode) {
	char name[NAME_ROOM];
	int port;
};

FIXTURE_VARIANT(mode) {
	unsigned int mode;
	uid_t who;		/* the port is maria's, its group is bob's */
	gid_t group;		/* an extra group of who */
	int connect, query;	/* results; connect -ETIMEDOUT: it was queued */
};

/*
 * who is eve (other), or bob (group), or maria (owner): the first class that
 * fits decides, as for files.
 */
FIXTURE_VARIANT_ADD(mode, default_owner) {
	.mode = 0, .who = MARIA, .connect = -ETIMEDOUT, .query = 0,
};

FIXTURE_VARIANT_ADD(mode, default_group) {
	.mode = 0, .who = BOB, .connect = -EACCES, .query = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, default_other) {
	.mode = 0, .who = EVE, .connect = -EACCES, .query = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, default_root) {
	.mode = 0, .who = 0, .connect = -ETIMEDOUT, .query = 0,
};

FIXTURE_VARIANT_ADD(mode, owner_denied_first) {
	.mode = 0066, .who = MARIA, .connect = -EACCES, .query = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, group_denied_first) {
	.mode = 0606, .who = BOB, .connect = -EACCES, .query = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, group_connect) {
	.mode = 0620, .who = BOB, .connect = -ETIMEDOUT, .query = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, group_query) {
	.mode = 0640, .who = BOB, .connect = -EACCES, .query = 0,
};

FIXTURE_VARIANT_ADD(mode, group_by_supplementary) {
	.mode = 0660, .who = EVE, .group = BOB, .connect = -ETIMEDOUT, .query = 0,
};

FIXTURE_VARIANT_ADD(mode, other_connect) {
	.mode = 0602, .who = EVE, .connect = -ETIMEDOUT, .query = -EACCES,
};

FIXTURE_VARIANT_ADD(mode, other_query) {
	.mode = 0604, .who = EVE, .connect = -EACCES, .query = 0,
};

FIXTURE_VARIANT_ADD(mode, other_both) {
	.mode = 0606, .who = EVE, .connect = -ETIMEDOUT, .query = 0,
};

FIXTURE_VARIANT_ADD(mode, owner_query_only) {
	.mode = 0400, .who = MARIA, .connect = -EACCES, .query = 0,
};

FIXTURE_SETUP(mode)
{
	struct lpc_create c = {
		.flags = LPC_PORT_OWNER, .mode = variant->mode,
		.owner = MARIA, .group = BOB,
	};

	others_may();
	self->port = port_create(unique_name(self->name), &c);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(mode)
{
	close(self->port);
}

TEST_F(mode, bits_decide_who_may_connect_and_query)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_connect c = { 0 };
		struct lpc_port_info info;

		if (variant->group)
			must(setgroups(1, &variant->group) == 0);
		else
			must(setgroups(0, NULL) == 0);
		must(setresgid(variant->who, variant->who, variant->who) == 0);
		must(setresuid(variant->who, variant->who, variant->who) == 0);
		/* a deadline that is over comes before the rights */
		c.deadline = in_ms(variant->connect == -ETIMEDOUT ? SHORT : LONG);
		must_be(variant->connect, port_connect_opts(self->name, &c));
		must_be(variant->query, query_name(self->name, &info, NO_WAIT));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, PORT_FIELD(self->port, pending));
	EXPECT_EQ(0, PORT_FIELD(self->port, queued));
}

TEST(without_w_and_r_a_name_of_another_user_is_ENOENT)
{
	char name[NAME_ROOM];
	struct gate ready, done;
	pid_t maria, eve;

	others_may();
	snprintf(name, sizeof(name), "user/%d/hidden", MARIA);
	gate_init(&ready);
	gate_init(&done);
	maria = fork_child();
	if (maria == 0) {
		must_be(0, become(MARIA));
		must(port_create(name, NULL) >= 0);
		gate_post(&ready, 0);
		gate_wait(&done);
		_exit(0);
	}
	gate_wait(&ready);
	eve = fork_child();
	if (eve == 0) {
		struct lpc_connect c = {
			.flags = LPC_CONNECT_WAIT_NAME,
			.deadline = in_ms(SHORT),
		};
		struct lpc_port_info info;

		must_be(0, become(EVE));
		must_be(-ENOENT, port_connect(name));
		must_be(-ENOENT, query_name(name, &info, NO_WAIT));
		/* a waiter learns no more */
		must_be(-ETIMEDOUT, port_connect_opts(name, &c));
		must_be(-ETIMEDOUT, query_name(name, &info, SHORT));
		_exit(0);
	}
	EXPECT_EQ(0, reap(eve));
	gate_post(&done, 0);
	EXPECT_EQ(0, reap(maria));
}

TEST(another_owner_needs_CAP_IPC_OWNER_the_own_ids_do_not)
{
	struct lpc_create c = {
		.flags = LPC_PORT_OWNER, .owner = BOB, .group = EVE, .mode = 0600,
	};
	int port = port_create("test/owner", &c);
	pid_t pid;

	others_may();
	ASSERT_LE(0, port);
	EXPECT_EQ(BOB, PORT_FIELD(port, owner));
	EXPECT_EQ(EVE, PORT_FIELD(port, group));
	EXPECT_EQ(0, PORT_FIELD(port, server_uid));
	EXPECT_EQ(getpid(), PORT_FIELD(port, server_pid));
	close(port);

	pid = fork_child();
	if (pid == 0) {
		must_be(0, become(MARIA));
		c = (struct lpc_create){ .flags = LPC_PORT_OWNER,
					 .owner = BOB, .group = MARIA };
		must_be(-EACCES, port_create("user/1000/x", &c));
		c = (struct lpc_create){ .flags = LPC_PORT_OWNER,
					 .owner = MARIA, .group = BOB };
		must_be(-EACCES, port_create("user/1000/x", &c));
		c = (struct lpc_create){ .flags = LPC_PORT_OWNER,
					 .owner = MARIA, .group = MARIA };
		must(port_create("user/1000/x", &c) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	/* an id that is none */
	c = (struct lpc_create){ .flags = LPC_PORT_OWNER, .owner = -1 };
	EXPECT_EQ(-EINVAL, port_create(NULL, &c));
	/* ids without the flag that says they are given */
	c = (struct lpc_create){ .owner = BOB };
	EXPECT_EQ(-EINVAL, port_create(NULL, &c));
}

/* ---- fds ------------------------------------------------------------------- */

TEST(an_inherited_port_serves_and_outlives_its_maker)
{
	char name[NAME_ROOM];
	struct gate made, go;
	pid_t maker, heir;
	struct lpcbuf b;
	int fd;

	unique_name(name);
	gate_init(&made);
	gate_init(&go);
	maker = fork_child();
	if (maker == 0) {
		int port = port_create(name, NULL);

		must(port >= 0);
		heir = fork();
		if (heir == 0) {
			int end;

			gate_wait(&go);
			end = accept_one(port, 1, 0);
			must(end >= 0);
			must_be(0, msg_recv(port, &b, LONG));
			must_be(0, msg_reply(port, &b, 2, "heir", 4));
			gate_wait(&go);
			_exit(0);
		}
		gate_post(&made, heir);
		_exit(0);
	}
	heir = gate_wait(&made);
	ASSERT_EQ(0, reap(maker));
	gate_post(&go, 0);
	fd = port_connect(name);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, msg_call(fd, 1, "?", 1, &b, LONG));
	EXPECT_TRUE(buf_is(&b, "heir", 4));
	EXPECT_EQ(heir, (pid_t)b.m.pid);
	EXPECT_EQ(heir, CONN_FIELD(fd, server_pid));
	gate_post(&go, 0);
	close(fd);
}

TEST(a_port_passed_by_SCM_RIGHTS_serves_its_new_holder)
{
	char name[NAME_ROOM];
	int sv[2], port, fd;
	struct lpcbuf b;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	port = port_create_mode(unique_name(name), 0666);
	ASSERT_LE(0, port);
	pid = fork_child();
	if (pid == 0) {
		int got, end;

		close(port);
		must_be(0, become(MARIA));
		got = recv_fd(sv[1]);
		must(got >= 0);
		end = accept_one(got, 1, 0);
		must(end >= 0);
		must_be(0, msg_recv(got, &b, LONG));
		must_be(0, msg_reply(got, &b, 2, NULL, 0));
		_exit(0);
	}
	ASSERT_EQ(0, send_fd(sv[0], port));
	close(port);
	fd = port_connect(name);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, msg_call(fd, 1, NULL, 0, &b, LONG));
	EXPECT_EQ(MARIA, b.m.uid);
	EXPECT_EQ(pid, (pid_t)b.m.pid);
	EXPECT_EQ(0, PORT_FIELD(fd, server_uid));
	EXPECT_EQ(MARIA, CONN_FIELD(fd, server_uid));
	EXPECT_EQ(0, reap(pid));
	close(fd);
	close(sv[0]);
	close(sv[1]);
}

TEST(a_port_in_flight_in_a_socket_keeps_its_name)
{
	char name[NAME_ROOM];
	int sv[2], port;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	port = port_create(unique_name(name), NULL);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, send_fd(sv[0], port));
	close(port);
	EXPECT_EQ(-EEXIST, port_create(name, NULL));
	port = recv_fd(sv[1]);
	ASSERT_LE(0, port);
	ASSERT_EQ(0, send_fd(sv[0], port));
	close(port);
	close(sv[0]);
	close(sv[1]);
	/* the socket takes its fds along */
	EXPECT_TRUE(UNTIL((port = port_create(name, NULL)) >= 0));
	close(port);
}

TEST(CREATE_without_a_free_fd_is_EMFILE_and_makes_nothing)
{
	struct lpc_create c = { .flags = LPC_PORT_PAIR };
	char name[NAME_ROOM];
	struct rlimit rl;
	rlim_t old;
	int port;

	unique_name(name);
	lpc_dev();
	old = fds_forbid();
	EXPECT_EQ(-EMFILE, port_create(name, NULL));
	/* one free: not enough for a pair */
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur++;
	setrlimit(RLIMIT_NOFILE, &rl);
	EXPECT_EQ(-EMFILE, port_create(NULL, &c));
	port = next_fd();
	fds_allow(old);
	EXPECT_LE(0, port);
	EXPECT_EQ(port, next_fd());
	port = port_create(name, NULL);
	EXPECT_LE(0, port);
	close(port);
}

TEST(every_object_keeps_the_module_from_being_unloaded)
{
	long long before = read_number("/sys/module/lpc/refcnt"), with;
	char name[NAME_ROOM];
	int port, half, end;
	struct lpcbuf b;

	ASSERT_LE(0, before);
	close(lpc_dev());
	/* the number may still fall while earlier files are being let go */
	ASSERT_LE(0, dup2(open("/dev/lpc", O_RDWR | O_CLOEXEC), lpc_dev()));
	port = port_create(unique_name(name), NULL);
	half = port_connect_async(name, NULL);
	ASSERT_EQ(0, msg_listen(port, &b, LONG));
	end = port_accept(port, b.m.id, 1, 0);
	ASSERT_LE(0, end);
	with = read_number("/sys/module/lpc/refcnt");
	EXPECT_LE(3, with);
	/* an end alone keeps it, too; EBUSY comes from O_NONBLOCK */
	close(port);
	close(half);
	EXPECT_EQ(-1, syscall(__NR_delete_module, "lpc", O_NONBLOCK));
	EXPECT_TRUE(errno == EWOULDBLOCK || errno == EBUSY);
	EXPECT_LE(1, read_number("/sys/module/lpc/refcnt"));
	close(end);
}

TEST(close_on_exec_ends_a_port_at_execve)
{
	struct lpc_port_info i;
	char name[NAME_ROOM];
	struct gate made;
	pid_t pid;

	unique_name(name);
	gate_init(&made);
	pid = fork_child();
	if (pid == 0) {
		must(port_create(name, NULL) >= 0);
		must_be(0, query_name(name, &i, NO_WAIT));
		gate_post(&made, 0);
		execl("/proc/self/exe", "sleeper", NULL);
		_exit(1);
	}
	gate_wait(&made);
	EXPECT_TRUE(UNTIL(query_name(name, &i, NO_WAIT) == -ENOENT));
	EXPECT_EQ(0, kill(pid, 0));
	kill_reap(pid);
}

/* What close_on_exec_ends_a_port_at_execve becomes: waits to be killed. */
static void __attribute__((constructor)) sleeper(int argc, char **argv)
{
	if (argc > 0 && !strcmp(argv[0], "sleeper"))
		for (;;)
			pause();
}

TEST_HARNESS_MAIN
