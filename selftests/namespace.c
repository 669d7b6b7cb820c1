// SPDX-License-Identifier: GPL-2.0-only
/*
 * namespace.c - names per IPC namespace, rights across user namespaces,
 * deadlines in time namespaces.
 */
#include "common_security.h"

FIXTURE(ns) {
	struct open_port o;
};

FIXTURE_SETUP(ns)
{
	ASSERT_EQ(0, open_port_make(&self->o));
}

FIXTURE_TEARDOWN(ns)
{
	open_port_end(&self->o);
}

/* A new user namespace where @inside is the outer @outside; 0 or -errno */
static int map_self(unsigned int inside, unsigned int outside)
{
	int ret = write_file("/proc/self/setgroups", "deny");

	if (!ret)
		ret = write_file("/proc/self/uid_map", "%u %u 1", inside, outside);
	if (!ret)
		ret = write_file("/proc/self/gid_map", "%u %u 1", inside, outside);
	return ret;
}

/* ---- IPC namespaces ------------------------------------------------------------ */

TEST_F(ns, another_ipc_namespace_knows_no_name_of_this_one)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_port_info i;
		int again;

		must(unshare(CLONE_NEWIPC) == 0);
		must_be(-ENOENT, port_connect(self->o.name));
		must_be(-ENOENT, query_name(self->o.name, &i, NO_WAIT));
		/* so the same name is free there */
		again = port_create_mode(self->o.name, 0666);
		must(again >= 0);
		must_be(0, query_name(self->o.name, &i, NO_WAIT));
		must(i.serial != port_serial(self->o.port));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(ns, the_same_name_twice_leads_each_client_to_its_own_server)
{
	struct lpcbuf b;
	pid_t pid, client;
	int end;

	pid = fork_child();
	if (pid == 0) {
		int port, fd;

		must(unshare(CLONE_NEWIPC) == 0);
		port = port_create_mode(self->o.name, 0666);
		must(port >= 0);
		client = fork_child();
		if (client == 0) {
			fd = port_connect(self->o.name);
			must(fd >= 0);
			must_be(0, msg_call(fd, 0, NULL, 0, &b, LONG));
			must_be(2, b.m.code);
			_exit(0);
		}
		must(accept_one(port, 1, 0) >= 0);
		must_be(0, msg_recv(port, &b, LONG));
		must_be(0, msg_reply(port, &b, 2, NULL, 0));
		_exit(reap(client));
	}
	client = fork_child();
	if (client == 0) {
		int fd = port_connect(self->o.name);

		must(fd >= 0);
		must_be(0, msg_call(fd, 0, NULL, 0, &b, LONG));
		must_be(1, b.m.code);
		_exit(0);
	}
	end = accept_one(self->o.port, 1, 0);
	ASSERT_LE(0, end);
	ASSERT_EQ(0, msg_recv(self->o.port, &b, LONG));
	EXPECT_EQ(0, msg_reply(self->o.port, &b, 1, NULL, 0));
	EXPECT_EQ(0, reap(client));
	EXPECT_EQ(0, reap(pid));
	close(end);
}

TEST_F(ns, list_shows_the_ports_of_the_own_namespace_alone)
{
	struct lpc_port_info rows[64];
	int n, i, seen = 0;
	pid_t pid;

	pid = fork_child();
	if (pid == 0) {
		struct lpc_conn_info conns[2];
		uint64_t hidden;
		int mine;

		must(unshare(CLONE_NEWIPC) == 0);
		must_be(0, list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 64,
				    &hidden));
		must_be(0, hidden);
		must_be(-ENOENT, list_conns(port_serial(self->o.port), conns, 2));
		mine = port_create("only/here", NULL);
		must(mine >= 0);
		must_be(1, list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 64,
				    &hidden));
		must(rows[0].serial == port_serial(mine));
		gate_post(&self->o.up, 0);
		gate_wait(&self->o.down);
		_exit(0);
	}
	gate_wait(&self->o.up);
	n = list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 64, NULL);
	ASSERT_LE(1, n);
	for (i = 0; i < n; i++) {
		seen += rows[i].serial == port_serial(self->o.port);
		EXPECT_NE(0, strncmp((char *)rows[i].name, "only/here", 10));
	}
	EXPECT_EQ(1, seen);
	gate_post(&self->o.down, 0);
	EXPECT_EQ(0, reap(pid));
}

/* The namespace of who makes the ioctl counts, not that of who opened. */
TEST_F(ns, a_device_opened_elsewhere_finds_names_here)
{
	int fd = lpc_open_dev();
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = fork_child();
	if (pid == 0) {
		struct lpc_query q = {
			.what = LPC_WHAT_PORT, .name = (uintptr_t)self->o.name,
			.name_len = strlen(self->o.name),
		};

		must_be(0, lpc_ioctl(fd, LPC_IOC_QUERY, &q));
		must(unshare(CLONE_NEWIPC) == 0);
		q.size = 0;
		must_be(-ENOENT, lpc_ioctl(fd, LPC_IOC_QUERY, &q));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

TEST_F(ns, a_connection_made_before_unshare_goes_on)
{
	struct lpcbuf b;
	struct link l;
	pid_t pid;

	ASSERT_EQ(0, link_connect(&l, self->o.port, self->o.name, 1, 0));
	pid = fork_child();
	if (pid == 0) {
		must(unshare(CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS) == 0);
		must_be(0, msg_call(l.client, 1, NULL, 0, &b, LONG));
		_exit(0);
	}
	ASSERT_EQ(0, msg_recv(self->o.port, &b, LONG));
	EXPECT_EQ(0, msg_reply(self->o.port, &b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	close(l.client);
	close(l.server);
}

TEST_F(ns, a_port_outlives_every_process_of_its_namespace)
{
	int sv[2], port;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	pid = fork_child();
	if (pid == 0) {
		must(unshare(CLONE_NEWIPC) == 0);
		port = port_create("last/of/its/kind", NULL);
		must(port >= 0);
		must_be(0, send_fd(sv[0], port));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	port = recv_fd(sv[1]);
	ASSERT_LE(0, port);
	EXPECT_EQ(strlen("last/of/its/kind"), PORT_FIELD(port, name_len));
	EXPECT_EQ(-ENOENT, port_connect("last/of/its/kind"));
	close(port);
	close(sv[0]);
	close(sv[1]);
}

/* A process that waits for a name while it appears in another namespace */
TEST_F(ns, a_name_elsewhere_wakes_no_waiter)
{
	char name[NAME_ROOM];
	pid_t pid;

	pid = fork_child();
	unique_name(name);
	if (pid == 0) {
		must(unshare(CLONE_NEWIPC) == 0);
		gate_wait(&self->o.down);
		must(port_create("ns/wanted", NULL) >= 0);
		gate_post(&self->o.up, 0);
		gate_wait(&self->o.down);
		_exit(0);
	}
	pid_t waiter = fork_child();

	if (waiter == 0) {
		struct lpc_port_info i;

		must_be(0, query_name("ns/wanted", &i, LONG));
		_exit(0);
	}
	ASSERT_TRUE(until_ioctl(waiter, LPC_IOC_QUERY));
	gate_post(&self->o.down, 0);
	gate_wait(&self->o.up);
	EXPECT_TRUE(STAYS(in_ioctl(waiter, LPC_IOC_QUERY)));
	int port = port_create("ns/wanted", NULL);

	EXPECT_LE(0, port);
	EXPECT_EQ(0, reap(waiter));
	gate_post(&self->o.down, 0);
	EXPECT_EQ(0, reap(pid));
	close(port);
}

/* ---- user namespaces ------------------------------------------------------------ */

TEST_F(ns, root_of_a_user_namespace_has_no_more_names_than_its_owner)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		int fd;

		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(0, map_self(0, MARIA));
		must_be(0, getuid());
		/* a full set of capabilities, over nothing that counts */
		must_be(-EACCES, port_create("user/0/squat", NULL));
		must_be(-EACCES, port_create("system/name", NULL));
		must_be(-EACCES, port_create("user/65534/x", NULL));
		must_be(-EACCES, port_create("user/1001/x", NULL));
		/* what the IPC namespace's owner knows it as */
		fd = port_create("user/1000/mine", NULL);
		must(fd >= 0);
		fd = port_create(NULL, &(struct lpc_create){
			.flags = LPC_PORT_OWNER, .owner = 0, .group = 0,
		});
		must(fd >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(ns, an_unmapped_user_creates_no_name)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		must_be(0, become(MARIA));
		/* no map is written: every id reads 65534 */
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(65534, getuid());
		must_be(-EACCES, port_create("user/65534/x", NULL));
		must_be(-EACCES, port_create("user/0/x", NULL));
		must_be(-EACCES, port_create("user/4294967295/x", NULL));
		/* the kernel knows it is maria all the same */
		must(port_create("user/1000/x", NULL) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(ns, a_user_without_number_in_the_ipc_namespace_creates_no_name)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		int proceed, port;
		pid_t inner;

		must_be(0, become(MARIA));
		/* an IPC namespace whose user namespace knows maria alone */
		must(unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0);
		must_be(0, map_self(0, MARIA));
		port = port_create("system/in/here", NULL);
		must(port >= 0);
		inner = fork_child();
		if (inner == 0) {
			proceed = syscall(__NR_setresuid, 5, 5, 5);
			must_be(-1, proceed);
			must_be(-EEXIST, port_create("system/in/here", NULL));
			/* one more level, unmapped: no capability over the outer */
			must(unshare(CLONE_NEWUSER) == 0);
			must_be(-EACCES, port_create("system/too", NULL));
			must_be(-EACCES, port_create("user/65534/x", NULL));
			must_be(-EACCES, port_create("user/1000/x", NULL));
			must(port_create("user/0/x", NULL) >= 0);
			_exit(0);
		}
		_exit(reap(inner));
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(ns, root_from_outside_has_no_prefix_in_an_ipc_namespace_without_its_number)
{
	pid_t owner, root;

	owner = fork_child();
	if (owner == 0) {
		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER | CLONE_NEWIPC) == 0);
		must_be(0, map_self(0, MARIA));
		gate_post(&self->o.up, 0);
		gate_wait(&self->o.down);
		_exit(0);
	}
	gate_wait(&self->o.up);
	root = fork_child();
	if (root == 0) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/ns/ipc", owner);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		must(fd >= 0);
		must(setns(fd, CLONE_NEWIPC) == 0);
		/* with its capability over that namespace's owner: any name */
		must(port_create("by/root", NULL) >= 0);
		/* without it: it is nobody there */
		must(setresuid(BOB, BOB, BOB) == 0);
		must_be(-EACCES, port_create("user/1001/x", NULL));
		must_be(-EACCES, port_create("user/0/x", NULL));
		must_be(-EACCES, port_create("user/4294967295/x", NULL));
		_exit(0);
	}
	EXPECT_EQ(0, reap(root));
	gate_post(&self->o.down, 0);
	EXPECT_EQ(0, reap(owner));
}

TEST_F(ns, a_capability_in_the_own_user_namespace_opens_no_port)
{
	char name[NAME_ROOM];
	int shut = port_create_mode(unique_name(name), 0600);
	pid_t pid;

	ASSERT_LE(0, shut);
	pid = fork_child();
	if (pid == 0) {
		struct lpc_port_info i, rows[8];
		uint64_t hidden;

		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(0, map_self(0, MARIA));
		must_be(-EACCES, port_connect(name));
		must_be(-EACCES, query_name(name, &i, NO_WAIT));
		must(list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 8,
			      &hidden) >= 1);
		must(hidden >= 1);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(shut);
}

TEST_F(ns, owners_are_shown_and_given_in_the_callers_user_namespace)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_create c = {
			.flags = LPC_PORT_OWNER, .owner = 7, .group = 7,
		};
		int port;

		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(0, map_self(7, MARIA));
		port = port_create(NULL, &c);
		must(port >= 0);
		must_be(7, PORT_FIELD(port, owner));
		must_be(7, PORT_FIELD(port, server_uid));
		must_be(UINT32_MAX, PORT_FIELD(self->o.port, owner));
		must_be(UINT32_MAX, PORT_FIELD(self->o.port, server_uid));
		/* a number that is nobody here */
		c.owner = MARIA;
		must_be(-EINVAL, port_create(NULL, &c));
		c.owner = 7;
		c.group = MARIA;
		must_be(-EINVAL, port_create(NULL, &c));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* ---- time namespaces -------------------------------------------------------------- */

FIXTURE(timens) { };

FIXTURE_VARIANT(timens) {
	int seconds;		/* the child's CLOCK_MONOTONIC is ahead by that */
};

FIXTURE_VARIANT_ADD(timens, ahead) { .seconds = 100000 };
/* the clock must not become negative */
FIXTURE_VARIANT_ADD(timens, behind) { .seconds = -1 };

FIXTURE_SETUP(timens) { }
FIXTURE_TEARDOWN(timens) { }

TEST_F(timens, deadlines_and_times_are_the_callers)
{
	pid_t outer;
	struct link l;

	if (access("/proc/self/timens_offsets", F_OK))
		SKIP(return, "this kernel has no time namespaces");
	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	outer = fork_child();
	if (outer == 0) {
		pid_t inner;

		must(unshare(CLONE_NEWTIME) == 0);
		must_be(0, write_file("/proc/self/timens_offsets",
				      "monotonic %d 0\n", variant->seconds));
		inner = fork_child();
		if (inner == 0) {
			struct lpc_port_info i;
			struct lpcbuf b;
			uint64_t t0 = now_ns(), d = in_ms(2 * LONG);

			/* not at once, not in 100 000 seconds */
			must_be(-ETIMEDOUT, msg_recv(l.client, &b, SHORT));
			must(ms_since(t0) >= SHORT);
			must(ms_since(t0) < 90000);
			must_be(-ETIMEDOUT, query_name("time/none", &i, SHORT));
			must_be(-ETIMEDOUT, msg_call(l.client, 1, NULL, 0, &b, SHORT));
			must_be(0, query_port(l.port, &i));
			must(i.created <= now_ns());
			must(ms_since(i.created) < 90000);
			must(i.last >= t0 && i.last <= now_ns());
			/* a request's deadline, read back in here, is as it was */
			buf_set(&b, 5, NULL, 0);
			b.m.flags = LPC_CALL_ASYNC;
			b.m.deadline = d;
			must_be(-EINPROGRESS, lpc_ioctl(l.client, LPC_IOC_CALL, &b));
			must_be(0, msg_recv(l.port, &b, LONG));
			must_be(d, b.m.deadline);
			/* and one for the outside */
			buf_set(&b, 6, NULL, 0);
			b.m.flags = LPC_CALL_ASYNC;
			b.m.deadline = d;
			must_be(-EINPROGRESS, lpc_ioctl(l.client, LPC_IOC_CALL, &b));
			/* forever stays forever */
			buf_set(&b, 7, NULL, 0);
			b.m.flags = LPC_CALL_ASYNC;
			must_be(-EINPROGRESS, lpc_ioctl(l.client, LPC_IOC_CALL, &b));
			_exit(0);
		}
		_exit(reap(inner));
	}
	EXPECT_EQ(0, reap(outer));
	struct lpcbuf b;

	ASSERT_EQ(0, msg_recv(l.port, &b, LONG));
	EXPECT_EQ(6, b.m.code);
	EXPECT_GT(0, ms_since(b.m.deadline));
	EXPECT_LT(-3 * LONG, ms_since(b.m.deadline));
	ASSERT_EQ(0, msg_recv(l.port, &b, LONG));
	EXPECT_EQ(7, b.m.code);
	EXPECT_EQ(LPC_FOREVER, b.m.deadline);
	link_close(&l);
}

TEST_HARNESS_MAIN
