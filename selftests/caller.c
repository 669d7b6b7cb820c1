// SPDX-License-Identifier: GPL-2.0-only
/*
 * caller.c - LPC_WHAT_CALLER: groups, start times, label and capability of who
 * waits for an answer; a pidfd that is certainly that process's.
 */
#include "common_security.h"

#include <lpc.h>

struct answer {
	struct lpc_caller_info i;
	gid_t groups[200];
};

static int query_caller(int fd, uint64_t id, int capability, struct answer *a)
{
	memset(a, 0, sizeof(*a));
	return lpc_ioctl(fd, LPC_IOC_QUERY, &(struct lpc_query){
		.what = LPC_WHAT_CALLER, .id = id, .out = (uintptr_t)a,
		.size = sizeof(*a),
		.flags = capability < 0 ? 0 : LPC_QUERY_CAPABLE,
		.capability = capability < 0 ? 0 : capability,
	});
}

FIXTURE(caller) {
	struct open_port o;
	struct answer a;
};

FIXTURE_SETUP(caller)
{
	ASSERT_EQ(0, open_port_make(&self->o));
}

FIXTURE_TEARDOWN(caller)
{
	open_port_end(&self->o);
}

static void call_once(const char *name, unsigned int level)
{
	int end = connect_at(name, level, 0);

	must(end >= 0);
	must_be(0, msg_call(end, 1, NULL, 0, NULL, LONG));
	_exit(0);
}

/* Becomes @uid, in a user namespace that is its own */
static void become_owner(uid_t uid)
{
	must_be(0, become(uid));
	must(unshare(CLONE_NEWUSER) == 0);
}

TEST_F(caller, tells_ids_groups_and_start_times)
{
	pid_t pid = fork_child();
	struct lpc_call_info c;
	int end, i;

	if (pid == 0) {
		gid_t list[100];

		must_be(0, groups_of(100, list));
		must(setresgid(BOB, BOB, BOB) == 0);
		must(setresuid(MARIA, MARIA, MARIA) == 0);
		call_once(self->o.name, 0);
	}
	end = SERVE(&self->o);
	ASSERT_EQ(0, query_caller(self->o.port, self->o.b.m.id, -1, &self->a));
	EXPECT_EQ(pid, (pid_t)self->a.i.pid);
	EXPECT_EQ(pid, (pid_t)self->a.i.tid);
	EXPECT_EQ(MARIA, self->a.i.uid);
	EXPECT_EQ(BOB, self->a.i.gid);
	EXPECT_EQ(0, self->a.i.status);
	EXPECT_EQ(100, self->a.i.group_count);
	EXPECT_EQ(0, self->a.i.unmapped_groups);
	for (i = 0; i < 100; i++)
		EXPECT_EQ(2000 + i, self->a.groups[i]);
	EXPECT_EQ(0, query_call(self->o.port, self->o.b.m.id, &c));
	EXPECT_EQ(c.start, self->a.i.start);
	EXPECT_EQ(c.start, self->a.i.process_start);
	/* the same through the server end; less room gets what fits */
	struct lpc_query q = {
		.what = LPC_WHAT_CALLER, .id = self->o.b.m.id,
		.out = (uintptr_t)&self->a, .size = sizeof(self->a.i) + 4,
	};

	memset(&self->a, POISON, sizeof(self->a));
	EXPECT_EQ(0, lpc_ioctl(end, LPC_IOC_QUERY, &q));
	EXPECT_EQ(sizeof(self->a.i) + 400, q.size);
	EXPECT_EQ(2000, self->a.groups[0]);
	EXPECT_TRUE(is_poison(&self->a.groups[1], 4));
	q.size = 8;
	memset(&self->a, POISON, sizeof(self->a));
	EXPECT_EQ(0, lpc_ioctl(end, LPC_IOC_QUERY, &q));
	EXPECT_TRUE(is_poison((char *)&self->a + 8, sizeof(self->a) - 8));
	EXPECT_EQ(0, msg_reply(self->o.port, &self->o.b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ESTALE, query_caller(self->o.port, self->o.b.m.id, -1, &self->a));
	close(end);
}

TEST_F(caller, groups_without_a_number_here_are_only_counted)
{
	pid_t pid = fork_child(), reader;
	int end;

	if (pid == 0) {
		gid_t list[5];

		must_be(0, groups_of(5, list));
		list[4] = MARIA;
		must(setgroups(5, list) == 0);
		call_once(self->o.name, 0);
	}
	end = SERVE(&self->o);
	reader = fork_child();
	if (reader == 0) {
		become_owner(MARIA);
		must_be(0, write_file("/proc/self/setgroups", "deny"));
		must_be(0, write_file("/proc/self/uid_map", "0 %u 1", MARIA));
		must_be(0, write_file("/proc/self/gid_map", "5 %u 1", MARIA));
		must_be(0, query_caller(end, self->o.b.m.id, CAP_SYS_ADMIN, &self->a));
		must_be(1, self->a.i.group_count);
		must_be(5, self->a.groups[0]);
		must_be(4, self->a.i.unmapped_groups);
		must_be(UINT32_MAX, self->a.i.uid);
		must(self->a.i.status & LPC_UID_UNMAPPED);
		/* root outside, over a namespace of maria's: it does hold it */
		must(self->a.i.status & LPC_CALLER_CAPABLE);
		_exit(0);
	}
	EXPECT_EQ(0, reap(reader));
	EXPECT_EQ(0, msg_reply(self->o.port, &self->o.b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	close(end);
}

/* Whoever fills a set with unshare -U has none of it here. */
TEST_F(caller, a_capability_counts_over_the_askers_namespace_alone)
{
	enum { ROOT, PLAIN, ONE, UNSHARED, NESTED, KINDS };
	int kind, end;
	pid_t pid;

	for (kind = 0; kind < KINDS; kind++) {
		pid = fork_child();
		if (pid == 0) {
			if (kind == ONE)
				must_be(0, become_with(MARIA, CAP_BIT(CAP_NET_ADMIN)));
			else if (kind != ROOT)
				must_be(0, become(MARIA));
			if (kind >= UNSHARED) {
				must(unshare(CLONE_NEWUSER) == 0);
				must(caps_now().effective & CAP_BIT(CAP_NET_ADMIN));
			}
			if (kind == NESTED) {
				must_be(0, write_file("/proc/self/uid_map", "0 %u 1", MARIA));
				must_be(0, write_file("/proc/self/setgroups", "deny"));
				must_be(0, write_file("/proc/self/gid_map", "0 %u 1", MARIA));
				must(unshare(CLONE_NEWUSER) == 0);
			}
			call_once(self->o.name, 0);
		}
		end = SERVE(&self->o);
		ASSERT_EQ(0, query_caller(self->o.port, self->o.b.m.id, CAP_NET_ADMIN, &self->a));
		EXPECT_EQ(kind == ROOT || kind == ONE,
			  !!(self->a.i.status & LPC_CALLER_CAPABLE)) {
			TH_LOG("kind %d", kind);
		}
		ASSERT_EQ(0, query_caller(self->o.port, self->o.b.m.id, CAP_SYS_ADMIN, &self->a));
		EXPECT_EQ(kind == ROOT, !!(self->a.i.status & LPC_CALLER_CAPABLE));
		/* not asked: not told */
		ASSERT_EQ(0, query_caller(self->o.port, self->o.b.m.id, -1, &self->a));
		EXPECT_EQ(0, self->a.i.status & LPC_CALLER_CAPABLE);
		EXPECT_EQ(0, msg_reply(self->o.port, &self->o.b, 0, NULL, 0));
		EXPECT_EQ(0, reap(pid));
		msg_recv(self->o.port, &self->o.b, LONG);
		close(end);
	}
}

TEST_F(caller, the_owner_of_a_namespace_holds_all_over_it)
{
	pid_t pid = fork_child(), reader;
	uid_t who;
	int end;

	if (pid == 0) {
		must_be(0, become(MARIA));
		call_once(self->o.name, 0);
	}
	end = SERVE(&self->o);
	for (who = MARIA; who <= BOB; who++) {
		reader = fork_child();
		if (reader == 0) {
			become_owner(who);
			must_be(0, query_caller(end, self->o.b.m.id, CAP_SYS_ADMIN, &self->a));
			must_be(who == MARIA, !!(self->a.i.status & LPC_CALLER_CAPABLE));
			_exit(0);
		}
		EXPECT_EQ(0, reap(reader));
	}
	EXPECT_EQ(0, msg_reply(self->o.port, &self->o.b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	close(end);
}

/* What /proc says of this process, which the client is a child of */
TEST_F(caller, the_label_is_what_the_security_module_says)
{
	char text[256] = "";
	pid_t pid = fork_child();
	int end, fd, len = 0;

	if (pid == 0)
		call_once(self->o.name, 0);
	end = SERVE(&self->o);
	ASSERT_EQ(0, query_caller(self->o.port, self->o.b.m.id, -1, &self->a));
	fd = open("/proc/self/attr/current", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	while (len > 0 && (text[len - 1] == '\n' || !text[len - 1]))
		len--;
	EXPECT_EQ(len > 0 ? len : 0, (int)self->a.i.label_len);
	if (len > 0)
		EXPECT_EQ(0, memcmp(text, self->a.i.label, len));
	EXPECT_EQ(0, self->a.i.label[self->a.i.label_len]);
	EXPECT_EQ(0, msg_reply(self->o.port, &self->o.b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	close(end);
}

TEST_F(caller, an_anonymous_client_is_not_asked_about)
{
	pid_t pid = fork_child();
	int end;

	if (pid == 0)
		call_once(self->o.name, LPC_LEVEL_ANONYMOUS);
	end = SERVE(&self->o);
	EXPECT_EQ(-EACCES, query_caller(self->o.port, self->o.b.m.id, -1, &self->a));
	EXPECT_EQ(0, self->a.i.pid);
	EXPECT_EQ(0, msg_reply(self->o.port, &self->o.b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	close(end);
}

TEST_F(caller, what_nobody_waits_for_has_no_caller)
{
	struct link l;
	uint64_t id;

	ASSERT_EQ(0, link_connect(&l, self->o.port, self->o.name, 1, 0));
	ASSERT_EQ(0, msg_call_async(l.client, 1, NULL, 0, LONG, &id));
	/* queued, then received */
	EXPECT_EQ(-ESTALE, query_caller(self->o.port, id, -1, &self->a));
	ASSERT_EQ(0, msg_recv(self->o.port, &self->o.b, LONG));
	EXPECT_EQ(-EOPNOTSUPP, query_caller(self->o.port, id, -1, &self->a));
	/* the sender's own end does not ask about itself */
	EXPECT_EQ(-ESTALE, query_caller(l.client, id, -1, &self->a));
	EXPECT_EQ(-ESTALE, query_caller(l.server, id + 1, -1, &self->a));
	close(l.client);
	close(l.server);
}

TEST_F(caller, malformed_questions_are_EINVAL)
{
	struct lpc_query q[] = {
		{ .what = LPC_WHAT_CALLER, .flags = LPC_QUERY_CAPABLE,
		  .capability = CAP_LAST_CAP + 1 },
		{ .what = LPC_WHAT_CALLER, .flags = LPC_QUERY_CAPABLE,
		  .capability = UINT32_MAX },
		{ .what = LPC_WHAT_CALLER, .capability = 1 },
		{ .what = LPC_WHAT_CALLER, .flags = LPC_QUERY_WAIT_NAME },
		{ .what = LPC_WHAT_CALLER, .name_len = 1, .name = (uintptr_t)"x" },
		{ .what = LPC_WHAT_CALLER, .reserved = 1 },
		{ .what = LPC_WHAT_PORT, .flags = LPC_QUERY_CAPABLE },
		{ .what = LPC_WHAT_PORT, .capability = 1 },
		{ .what = LPC_WHAT_CALLER + 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(q); i++)
		EXPECT_EQ(-EINVAL, lpc_ioctl(self->o.port, LPC_IOC_QUERY, &q[i])) {
			TH_LOG("question %u", i);
		}
	/* by name there is no request */
	q[0] = (struct lpc_query){
		.what = LPC_WHAT_CALLER, .name = (uintptr_t)self->o.name,
		.name_len = strlen(self->o.name),
	};
	EXPECT_EQ(-EINVAL, lpc_ioctl(lpc_dev(), LPC_IOC_QUERY, &q[0]));
	EXPECT_EQ(-EINVAL, list_all(LPC_WHAT_CALLER, 1, &self->a, sizeof(self->a), 1, NULL));
}

/* ---- the library ------------------------------------------------------------------ */

struct probe {
	int capable, pidfd, gone;
	pid_t pid;
	struct gate *up, *down;
};

static int probe(struct lpc_req *r, void *arg)
{
	struct probe *p = arg;
	siginfo_t info = { 0 };

	if (r->flags & LPC_REQ_DATAGRAM) {
		p->gone = lpc_req_pidfd(r);
		return 0;
	}
	p->pid = r->cred.pid;
	p->capable = lpc_req_capable(r, CAP_SYS_ADMIN);
	p->pidfd = lpc_req_pidfd(r);
	if (r->code == 2) {
		/* its caller dies: the number is free, and another's perhaps */
		kill(r->cred.pid, SIGKILL);
		waitid(P_PID, r->cred.pid, &info, WEXITED);
		p->gone = lpc_req_pidfd(r);
	}
	return 0;
}

TEST_F(caller, liblpc_has_a_pidfd_that_is_the_callers)
{
	struct probe p = { .capable = -1, .pidfd = -1 };
	struct lpc_server *s;
	struct lpc_port *port;
	char name[NAME_ROOM];
	pid_t pid;
	int i;

	ASSERT_EQ(0, lpc_port_open(&port, unique_name(name), NULL));
	ASSERT_EQ(0, lpc_server_new(&s, port, probe, &p, NULL));
	for (i = 1; i <= 2; i++) {
		pid = fork_child();
		if (pid == 0) {
			struct lpc_conn *c;

			must_be(0, lpc_connect(&c, name, NULL));
			must_be(0, lpc_call(c, i, NULL, 0, NULL, 0, NULL));
			must_be(0, lpc_send(c, 3, NULL, 0, 0));
			_exit(0);
		}
		p.pid = 0;
		ASSERT_TRUE(UNTIL(lpc_server_step(s) >= 0 && p.pid));
		EXPECT_EQ(pid, p.pid);
		EXPECT_EQ(1, p.capable);
		ASSERT_LE(0, p.pidfd);
		EXPECT_TRUE(is_cloexec(p.pidfd));
		/* P_PIDFD waits for the very process */
		siginfo_t info = { 0 };

		if (i == 1) {
			EXPECT_EQ(0, waitid(3, p.pidfd, &info, WEXITED));
			EXPECT_EQ(pid, info.si_pid);
			ASSERT_TRUE(UNTIL(lpc_server_step(s) >= 0 && p.gone));
			EXPECT_EQ(-EOPNOTSUPP, p.gone);
			p.gone = 0;
		} else {
			EXPECT_TRUE(p.gone == -ESRCH || p.gone == -ECANCELED ||
				    p.gone == -ESTALE) {
				TH_LOG("%d", p.gone);
			}
		}
		close(p.pidfd);
	}
	lpc_server_free(s);
}

TEST_HARNESS_MAIN
