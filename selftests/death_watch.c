// SPDX-License-Identifier: GPL-2.0-only
/*
 * CLIENT_DIED: comes when a watched thread exits or executes another program,
 * and never otherwise.
 */
#include "common_call.h"

FIXTURE(watch)
{
	struct rig r;
	struct driver d;
};

FIXTURE_SETUP(watch)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
	ASSERT_EQ(0, driver_start(&self->d));
}

FIXTURE_TEARDOWN(watch)
{
	rig_close(&self->r);
}

static int driver_watch(struct driver *d, int fd)
{
	struct lpc_watch w = { 0 };

	return driver_do(d, fd, LPC_IOC_WATCH_THREAD, &w);
}

/* First in each test: 6.1's harness runs a test though its setup skipped. */
/* checkpatch: MACRO_WITH_FLOW_CONTROL: leaves the test */
#define NEEDS_WATCH() do {						\
	if (!has_feature(LPC_HAS_WATCH))				\
		SKIP(return, "kernel without the tracepoints for it");	\
} while (0)

/* Ticks since boot in /proc/<tid>/stat, field 22 */
static unsigned long long start_ticks(int tid)
{
	unsigned long long ticks = 0;
	char path[64], line[1024];
	char *p;
	int i;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	for (i = 0; p && i < 20; i++)
		p = strchr(p + 1, ' ');
	if (p)
		sscanf(p, " %llu", &ticks);
	return ticks;
}

TEST_F(watch, the_exit_of_a_thread_of_a_living_process_is_told)
{
	unsigned long long ticks = start_ticks(self->d.tid);
	struct pkt p;
	__u64 start;

	NEEDS_WATCH();
	ASSERT_EQ(0, driver_watch(&self->d, self->r.ce));
	EXPECT_EQ(1, conn_info(self->r.ce).watches);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	ASSERT_TRUE(driver_quit(&self->d));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_CLIENT_DIED, p.m.type);
	EXPECT_EQ(self->r.context, p.m.context);
	EXPECT_EQ(getpid(), p.m.pid);
	EXPECT_EQ(self->d.tid, p.m.tid);
	EXPECT_EQ(geteuid(), p.m.uid);
	ASSERT_EQ(sizeof(start), p.m.len);
	memcpy(&start, p.d, sizeof(start));
	EXPECT_EQ(ticks, start / (1000000000 / sysconf(_SC_CLK_TCK)));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(0, conn_info(self->r.ce).watches);
}

TEST_F(watch, a_parked_server_is_woken_by_it)
{
	struct actor a;
	struct pkt p;

	NEEDS_WATCH();
	ASSERT_EQ(0, driver_watch(&self->d, self->r.ce));
	recv_msg(&p, 0, 0);
	ASSERT_TRUE(act(&a, self->r.port, LPC_IOC_REPLY_RECV, &p));
	ASSERT_TRUE(driver_quit(&self->d));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_EQ(LPC_CLIENT_DIED, p.m.type);
	EXPECT_EQ(self->d.tid, p.m.tid);
}

TEST_F(watch, twice_registered_is_told_twice)
{
	struct pkt p;

	NEEDS_WATCH();
	ASSERT_EQ(0, driver_watch(&self->d, self->r.ce));
	ASSERT_EQ(0, driver_watch(&self->d, self->r.ce));
	ASSERT_TRUE(driver_quit(&self->d));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_CLIENT_DIED, p.m.type);
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_CLIENT_DIED, p.m.type);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

TEST_F(watch, a_thread_nobody_watches_dies_unnoticed)
{
	struct pkt p;

	NEEDS_WATCH();
	ASSERT_EQ(0, do_watch(self->r.ce));
	ASSERT_TRUE(driver_quit(&self->d));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

static pid_t watched_child(struct rig *r, struct gate *there, struct gate *go)
{
	pid_t pid = fork_child();

	if (pid)
		return pid;
	close(r->port);
	close(r->se);
	must_be(0, do_watch(r->ce));
	gate_post(there, 1);
	if (gate_wait(go) == 2) {
		fcntl(r->ce, F_SETFD, 0);
		exec_pause();
	}
	_exit(0);
}

TEST_F(watch, execve_is_told_though_the_process_lives)
{
	struct gate there, go;
	struct pkt p;
	pid_t pid;

	NEEDS_WATCH();
	gate_init(&there);
	gate_init(&go);
	pid = watched_child(&self->r, &there, &go);
	close_fd(&self->r.ce);
	gate_wait(&there);
	gate_post(&go, 2);
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_CLIENT_DIED, p.m.type);
	EXPECT_EQ(pid, p.m.tid);
	EXPECT_EQ(0, kill(pid, 0));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

TEST_F(watch, it_comes_before_port_closed)
{
	int i;

	NEEDS_WATCH();
	for (i = 0; i < 20; i++) {
		struct gate there, go;
		struct rig r = self->r;
		struct pkt p;
		pid_t pid;

		ASSERT_EQ(0, add_link(&self->r, i, 0, &r.se, &r.ce));
		gate_init(&there);
		gate_init(&go);
		pid = watched_child(&r, &there, &go);
		close(r.ce);
		gate_wait(&there);
		if (i & 1)
			kill(pid, SIGKILL);
		else
			gate_post(&go, 1);
		ASSERT_EQ(0, do_recv(self->r.port, &p));
		EXPECT_EQ(LPC_CLIENT_DIED, p.m.type);
		EXPECT_EQ(i, p.m.context);
		EXPECT_EQ(pid, p.m.tid);
		ASSERT_EQ(0, do_recv(self->r.port, &p));
		EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
		EXPECT_EQ(i, p.m.context);
		reap(pid);
		close(r.se);
		gate_destroy(&there);
		gate_destroy(&go);
	}
}

TEST_F(watch, nothing_a_living_client_does_makes_one)
{
	int sock[2], copy, got;
	struct pkt p;
	pid_t pid;

	NEEDS_WATCH();
	ASSERT_EQ(0, driver_watch(&self->d, self->r.ce));
	copy = dup(self->r.ce);
	close_fd(&self->r.ce);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	pid = fork_child();
	if (pid == 0) {
		close(copy);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock));
	ASSERT_EQ(0, send_fd(sock[0], copy));
	close(copy);
	got = recv_fd(sock[1]);
	ASSERT_LE(0, got);
	/* A user may forge neither type. */
	msg(&p, 1, 8)->m.type = LPC_CLIENT_DIED;
	EXPECT_EQ(0, xctl(got, LPC_IOC_SEND, &p));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_EQ(LPC_DATAGRAM, p.m.type);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	close(got);
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	/* The registration went with the end. */
	ASSERT_TRUE(driver_quit(&self->d));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

TEST_F(watch, a_registration_is_not_inherited_by_a_child)
{
	struct pkt p;
	pid_t pid;

	NEEDS_WATCH();
	ASSERT_EQ(0, do_watch(self->r.ce));
	pid = fork_child();
	if (pid == 0)
		_exit(0);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
}

TEST_F(watch, registrations_are_counted_and_given_back)
{
	long limit = sysctl_get("watches"), i;
	struct lpc_watch w = { 0 };
	struct lpc_info info;

	NEEDS_WATCH();
	for (i = 0; i < limit; i++)
		ASSERT_EQ(0, driver_watch(&self->d, self->r.ce));
	EXPECT_EQ(-ENOBUFS, driver_do(&self->d, self->r.ce,
				      LPC_IOC_WATCH_THREAD, &w));
	EXPECT_EQ(LPC_LIMIT_WATCHES, w.limit);
	EXPECT_EQ(limit, w.in_use);
	ASSERT_EQ(0, get_info(&info));
	EXPECT_EQ(limit, info.limits[LPC_LIMIT_WATCHES].in_use);
	close_fd(&self->r.ce);
	EXPECT_TRUE(UNTIL(!get_info(&info) &&
			  info.limits[LPC_LIMIT_WATCHES].in_use == 0));
}

/* Issue "must show": a root process that closes last is not taken for it. */
TEST_F(watch, an_end_closed_last_by_root_still_shows_its_connector)
{
	int sock[2], ce;
	struct pkt p;
	pid_t pid;

	NEEDS_WATCH();
	if (geteuid())
		SKIP(return, "needs root");
	others_may();
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock));
	pid = fork_child();
	if (pid == 0) {
		close(self->r.ce);
		must_be(0, become(MARIA));
		ce = port_connect(self->r.name);
		must(ce >= 0);
		must_be(0, send_fd(sock[0], ce));
		_exit(0);
	}
	ASSERT_LE(0, serve_connect(self->r.port, 42, 0, NULL));
	ce = recv_fd(sock[1]);
	ASSERT_LE(0, ce);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	close(ce);
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_EQ(42, p.m.context);
	EXPECT_EQ(pid, p.m.pid);
	EXPECT_EQ(MARIA, p.m.uid);
	EXPECT_EQ(MARIA, p.m.gid);
}

TEST_HARNESS_MAIN
