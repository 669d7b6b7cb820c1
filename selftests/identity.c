// SPDX-License-Identifier: GPL-2.0-only
/*
 * identity.c - who sent this very message, as the receiver's namespaces see it.
 */
#include "common.h"

FIXTURE(identity) {
	struct link l;
	char name[NAME_ROOM];
	struct gate up, down;
	struct lpcbuf b;
};

FIXTURE_SETUP(identity)
{
	others_may();
	self->l.port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->l.port);
	ASSERT_EQ(0, link_connect(&self->l, self->l.port, self->name, 1, 0));
	gate_init(&self->up);
	gate_init(&self->down);
}

FIXTURE_TEARDOWN(identity)
{
	link_close(&self->l);
	gate_destroy(&self->up);
	gate_destroy(&self->down);
}

#define EXPECT_FROM(b, wpid, wtid, wuid, wgid, wstatus) do {		\
	const struct lpc_msg *__m = &(b)->m;				\
									\
	EXPECT_EQ((uint32_t)(wpid), __m->pid);				\
	EXPECT_EQ((uint32_t)(wtid), __m->tid);				\
	EXPECT_EQ((uint32_t)(wuid), __m->uid);				\
	EXPECT_EQ((uint32_t)(wgid), __m->gid);				\
	EXPECT_EQ((wstatus), __m->status &				\
		  (LPC_PID_FOREIGN | LPC_UID_UNMAPPED | LPC_GID_UNMAPPED)); \
} while (0)

TEST_F(identity, every_kind_of_message_carries_its_sender)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpcbuf r;
		int end;

		must_be(0, become(MARIA));
		end = port_connect(self->name);
		must(end >= 0);
		must_be(0, msg_send(end, 1, NULL, 0));
		must_be(0, msg_call(end, 2, NULL, 0, &r, LONG));
		/* the reply tells who answered */
		must_be(getppid(), r.m.pid);
		must_be(0, r.m.uid);
		must_be(0, r.m.gid);
		must_be(0, msg_recv(end, &r, LONG));
		must_be(LPC_DATAGRAM, r.m.type);
		must_be(getppid(), r.m.pid);
		must_be(0, r.m.uid);
		must_be(0, r.m.context);
		must_be(0, msg_recv(end, &r, LONG));
		must_be(LPC_REQUEST, r.m.type);
		must_be(getppid(), r.m.pid);
		must_be(0, msg_reply(end, &r, 3, NULL, 0));
		_exit(0);
	}
	ASSERT_EQ(0, msg_listen(self->l.port, &self->b, LONG));
	EXPECT_FROM(&self->b, pid, pid, MARIA, MARIA, 0);
	int end = port_accept(self->l.port, self->b.m.id, 7, 0);

	ASSERT_LE(0, end);
	ASSERT_EQ(0, end_complete(end));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(LPC_DATAGRAM, self->b.m.type);
	EXPECT_FROM(&self->b, pid, pid, MARIA, MARIA, 0);
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(LPC_REQUEST, self->b.m.type);
	EXPECT_FROM(&self->b, pid, pid, MARIA, MARIA, 0);
	EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	EXPECT_EQ(0, msg_send(end, 4, NULL, 0));
	/* and the client's reply to the server's request */
	ASSERT_EQ(0, msg_call(end, 5, NULL, 0, &self->b, LONG));
	EXPECT_FROM(&self->b, pid, pid, MARIA, MARIA, 0);
	ASSERT_EQ(0, reap(pid));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	EXPECT_EQ(MARIA, self->b.m.uid);
	EXPECT_EQ(MARIA, self->b.m.gid);
	close(end);
}

static void *send_tid(void *arg)
{
	struct _test_data_identity *self = arg;

	if (msg_send(self->l.client, get_tid(), NULL, 0))
		return (void *)1;
	return NULL;
}

TEST_F(identity, each_thread_is_stamped_as_itself)
{
	pthread_t t[4];
	void *ret;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, send_tid, self));
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		EXPECT_EQ(NULL, ret);
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
		/* the thread is gone; what it was when it sent is not */
		EXPECT_EQ(LPC_DATAGRAM, self->b.m.type);
		EXPECT_EQ(getpid(), (int)self->b.m.pid);
	}
}

TEST_F(identity, fsuid_and_fsgid_of_the_moment_count)
{
	static const int ids[] = { 0, MARIA, BOB, EVE, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		setfsgid(ids[i]);
		setfsuid(ids[i]);
		EXPECT_EQ(0, msg_send(self->l.client, i, NULL, 0));
		EXPECT_EQ(0, msg_call_async(self->l.client, i, NULL, 0, LONG, NULL));
	}
	setfsuid(0);
	setfsgid(0);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
		EXPECT_EQ(i, self->b.m.code);
		EXPECT_FROM(&self->b, getpid(), get_tid(), ids[i], ids[i], 0);
		ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
		EXPECT_EQ(LPC_REQUEST, self->b.m.type);
		EXPECT_FROM(&self->b, getpid(), get_tid(), ids[i], ids[i], 0);
		EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	}
}

TEST_F(identity, euid_alone_without_fsuid_does_not_count)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		must(seteuid(MARIA) == 0);
		setfsuid(0);
		must_be(0, msg_send(self->l.client, 1, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(0, self->b.m.uid);
}

TEST_F(identity, changes_between_blocking_calls_are_seen)
{
	pid_t pid = fork_child();
	int i;

	if (pid == 0) {
		for (i = 0; i < 3; i++) {
			setfsuid(MARIA + i);
			must_be(0, msg_call(self->l.client, i, NULL, 0, NULL, LONG));
		}
		_exit(0);
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
		EXPECT_FROM(&self->b, pid, pid, MARIA + i, 0, 0);
		EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(identity, an_inherited_end_shows_who_uses_it)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		must_be(0, become(EVE));
		must_be(0, msg_send(self->l.client, 1, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, msg_send(self->l.client, 2, NULL, 0));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(EVE, self->b.m.uid);
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_FROM(&self->b, getpid(), get_tid(), 0, 0, 0);
	/* the connection is still its connector's */
	EXPECT_EQ(getpid(), CONN_FIELD(self->l.server, pid));
	EXPECT_EQ(0, CONN_FIELD(self->l.server, uid));
}

TEST_F(identity, a_passed_end_shows_its_sender_and_closes_as_its_connector)
{
	uint64_t start = 0;
	int sv[2], server;
	pid_t maria, bob;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	maria = fork_child();
	if (maria == 0) {
		int end;

		must_be(0, become(MARIA));
		end = port_connect(self->name);
		must(end >= 0);
		must_be(0, send_fd(sv[0], end));
		gate_wait(&self->down);
		_exit(0);
	}
	server = accept_one(self->l.port, 70, 0);
	ASSERT_LE(0, server);
	bob = fork_child();
	if (bob == 0) {
		int end;

		must_be(0, become(BOB));
		end = recv_fd(sv[1]);
		must(end >= 0);
		must_be(0, msg_send(end, 1, NULL, 0));
		must_be(0, send_fd(sv[0], end));
		_exit(0);
	}
	EXPECT_EQ(0, reap(bob));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(BOB, self->b.m.uid);
	EXPECT_EQ(BOB, self->b.m.gid);
	/* the last to close it is root */
	int end = recv_fd(sv[1]);

	ASSERT_LE(0, end);
	gate_post(&self->down, 0);
	close(sv[0]);
	close(sv[1]);
	EXPECT_EQ(-EAGAIN, msg_recv(self->l.port, &self->b, NO_WAIT));
	close(end);
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	EXPECT_EQ(70, self->b.m.context);
	EXPECT_EQ(MARIA, self->b.m.uid);
	EXPECT_EQ(MARIA, self->b.m.gid);
	EXPECT_EQ(8, self->b.m.len);
	memcpy(&start, self->b.data, 8);
	EXPECT_NE(0, start);
	reap(maria);
	close(server);
}

/* Nanoseconds since boot, in the 10 ms steps of /proc/<pid>/stat */
static uint64_t start_of(pid_t tid)
{
	char path[64], line[1024], *p;
	unsigned long long ticks = 0;
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	/* field 22; 3 follows the name */
	for (i = 2; p && i < 22; i++)
		p = strchr(p + 1, ' ');
	if (p)
		ticks = strtoull(p, NULL, 10);
	return ticks * (1000000000ull / sysconf(_SC_CLK_TCK));
}

TEST_F(identity, start_times_are_those_of_the_process_and_the_thread)
{
	uint64_t start = 0, want;
	struct lpc_call_info c;
	struct lpcbuf r;
	pid_t pid;
	int server;

	pid = fork_child();
	if (pid == 0) {
		int end = port_connect(self->name);

		must(end >= 0);
		must_be(0, msg_call(end, 1, NULL, 0, &r, LONG));
		_exit(0);
	}
	want = start_of(pid);
	server = accept_one(self->l.port, 5, 0);
	ASSERT_LE(0, server);
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	ASSERT_EQ(0, query_call(self->l.port, self->b.m.id, &c));
	EXPECT_EQ(want / 10000000, c.start / 10000000);
	EXPECT_EQ(pid, (pid_t)c.tid);
	EXPECT_EQ(get_tid(), (pid_t)c.server_tid);
	EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(LPC_PORT_CLOSED, self->b.m.type);
	memcpy(&start, self->b.data, 8);
	EXPECT_EQ(want / 10000000, start / 10000000);
	close(server);
}

/* ---- pid namespaces --------------------------------------------------------- */

TEST_F(identity, a_sender_in_a_child_pid_namespace_has_the_receivers_number)
{
	pid_t outer, inner;

	outer = fork_child();
	if (outer == 0) {
		must(unshare(CLONE_NEWPID) == 0);
		inner = fork_child();
		if (inner == 0) {
			struct lpcbuf r;

			must_be(1, getpid());
			gate_wait(&self->down);
			must_be(0, msg_call(self->l.client, 1, NULL, 0, &r, LONG));
			/* the replier is outside: no number here */
			must_be(0, r.m.pid);
			must_be(0, r.m.tid);
			must(r.m.status & LPC_PID_FOREIGN);
			_exit(0);
		}
		gate_post(&self->up, inner);
		gate_post(&self->down, 0);
		_exit(reap(inner));
	}
	inner = gate_wait(&self->up);
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_FROM(&self->b, inner, inner, 0, 0, 0);
	EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	EXPECT_EQ(0, reap(outer));
}

TEST_F(identity, a_receiver_in_a_child_pid_namespace_sees_no_outer_sender)
{
	pid_t outer;

	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	outer = fork_child();
	if (outer == 0) {
		pid_t inner;

		must(unshare(CLONE_NEWPID) == 0);
		inner = fork_child();
		if (inner == 0) {
			struct lpcbuf r;

			must_be(0, msg_recv(self->l.port, &r, LONG));
			must_be(0, r.m.pid);
			must_be(0, r.m.tid);
			must(r.m.status & LPC_PID_FOREIGN);
			must_be(0, r.m.uid);
			/* its own message has a number */
			must_be(0, msg_send(self->l.client, 2, NULL, 0));
			must_be(0, msg_recv(self->l.port, &r, LONG));
			must_be(1, r.m.pid);
			must_be(0, r.m.status & LPC_PID_FOREIGN);
			must_be(0, CONN_FIELD(self->l.server, pid));
			must_be(0, PORT_FIELD(self->l.port, server_pid));
			_exit(0);
		}
		_exit(reap(inner));
	}
	EXPECT_EQ(0, reap(outer));
}

TEST_F(identity, unrelated_pid_namespaces_see_nothing_of_each_other)
{
	pid_t outer[2];
	int i;

	for (i = 0; i < 2; i++) {
		outer[i] = fork_child();
		if (outer[i] == 0) {
			pid_t inner;

			must(unshare(CLONE_NEWPID) == 0);
			inner = fork_child();
			if (inner == 0 && i == 0) {
				must_be(0, msg_send(self->l.client, 1, NULL, 0));
				gate_post(&self->up, 0);
				gate_wait(&self->down);
				_exit(0);
			} else if (inner == 0) {
				struct lpcbuf r;

				gate_wait(&self->up);
				must_be(0, msg_recv(self->l.port, &r, LONG));
				must_be(0, r.m.pid);
				must_be(0, r.m.tid);
				must(r.m.status & LPC_PID_FOREIGN);
				gate_post(&self->down, 0);
				_exit(0);
			}
			_exit(reap(inner));
		}
	}
	EXPECT_EQ(0, reap(outer[0]));
	EXPECT_EQ(0, reap(outer[1]));
}

/* ---- user namespaces --------------------------------------------------------- */

/* A child in a user namespace of its own where @inside is the outer @outside */
static void enter_userns(unsigned int inside, unsigned int outside)
{
	must(unshare(CLONE_NEWUSER) == 0);
	must_be(0, write_file("/proc/self/setgroups", "deny"));
	must_be(0, write_file("/proc/self/uid_map", "%u %u 1", inside, outside));
	must_be(0, write_file("/proc/self/gid_map", "%u %u 1", inside, outside));
}

TEST_F(identity, ids_are_translated_into_the_receivers_user_namespace)
{
	pid_t pid;

	setfsgid(MARIA);
	setfsuid(MARIA);
	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	setfsgid(BOB);
	setfsuid(BOB);
	EXPECT_EQ(0, msg_send(self->l.client, 2, NULL, 0));
	setfsuid(0);
	setfsgid(0);
	pid = fork_child();
	if (pid == 0) {
		struct lpcbuf r;

		must_be(0, become(MARIA));
		enter_userns(55, MARIA);
		must_be(0, msg_recv(self->l.port, &r, LONG));
		must_be(55, r.m.uid);
		must_be(55, r.m.gid);
		must_be(0, r.m.status & (LPC_UID_UNMAPPED | LPC_GID_UNMAPPED));
		/* never 65534, never another's number */
		must_be(0, msg_recv(self->l.port, &r, LONG));
		must_be(UINT32_MAX, r.m.uid);
		must_be(UINT32_MAX, r.m.gid);
		must(r.m.status & LPC_UID_UNMAPPED);
		must(r.m.status & LPC_GID_UNMAPPED);
		must_be(UINT32_MAX, (uint32_t)CONN_FIELD(self->l.server, uid));
		must_be(UINT32_MAX, (uint32_t)PORT_FIELD(self->l.port, owner));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(identity, a_sender_in_a_user_namespace_shows_its_outer_ids)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		must_be(0, become(MARIA));
		enter_userns(0, MARIA);
		must_be(0, getuid());
		must_be(0, msg_send(self->l.client, 1, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(MARIA, self->b.m.uid);
	EXPECT_EQ(MARIA, self->b.m.gid);
	EXPECT_EQ(0, self->b.m.status & (LPC_UID_UNMAPPED | LPC_GID_UNMAPPED));
}

/* What a message says is decided when it is received, by who receives it. */
TEST_F(identity, one_message_reads_differently_in_two_receivers)
{
	pid_t pid;
	int i;

	EXPECT_EQ(0, msg_send(self->l.client, 1, NULL, 0));
	EXPECT_EQ(0, msg_send(self->l.client, 2, NULL, 0));
	for (i = 0; i < 2; i++) {
		pid = fork_child();
		if (pid == 0) {
			struct lpcbuf r;

			if (i) {
				must_be(0, become(MARIA));
				enter_userns(0, MARIA);
			}
			must_be(0, msg_recv(self->l.port, &r, LONG));
			must_be(i ? UINT32_MAX : 0, r.m.uid);
			must_be(getppid(), r.m.pid);
			_exit(0);
		}
		EXPECT_EQ(0, reap(pid));
	}
}

TEST_F(identity, required_server_ids_are_the_clients_numbers)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_connect c = {
			.flags = LPC_CONNECT_SERVER_UID, .server_uid = 0,
			.deadline = in_ms(LONG),
		};

		must_be(0, become(MARIA));
		enter_userns(0, MARIA);
		/* its 0 is maria, not the creator */
		must_be(-EPERM, port_connect_opts(self->name, &c));
		/* and a number that is none here is no one */
		c.server_uid = 12345;
		must_be(-EINVAL, port_connect_opts(self->name, &c));
		must_be(0, PORT_FIELD(self->l.port, pending));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
