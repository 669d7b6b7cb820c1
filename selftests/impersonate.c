// SPDX-License-Identifier: GPL-2.0-only
/*
 * impersonate.c - IMPERSONATE: what is granted, to whom, and when. What a thread
 * may with a grant is in impersonate_matrix.c.
 */
#include "common_security.h"

FIXTURE(grant) {
	struct open_port o;
	struct lpc_impersonate a;
};

FIXTURE_SETUP(grant)
{
	ASSERT_EQ(0, open_port_make(&self->o));
}

FIXTURE_TEARDOWN(grant)
{
	open_port_end(&self->o);
}

/* A client process that connects as @uid and makes one call with @flags */
static pid_t client(const char *name, uid_t uid, unsigned int level,
		    unsigned int tracking, unsigned int flags)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpcbuf r;
		int end;

		must_be(0, become(uid));
		end = connect_at(name, level, tracking);
		must(end >= 0);
		buf_set(&r, 1, NULL, 0);
		must_be(0, msg_call_buf(end, &r, flags, LONG));
		_exit(0);
	}
	return pid;
}

TEST_F(grant, tells_the_ids_of_a_client_that_allows_it)
{
	pid_t pid = client(self->o.name, MARIA, LPC_LEVEL_IMPERSONATE, 0, 0);
	struct lpc_conn_info c;
	int end = SERVE(&self->o);

	EXPECT_EQ(0, impersonate(end, self->o.b.m.id, 0, &self->a));
	EXPECT_EQ(MARIA, self->a.uid);
	EXPECT_EQ(MARIA, self->a.gid);
	EXPECT_EQ(0, self->a.count);
	EXPECT_EQ(LPC_LEVEL_IMPERSONATE, self->a.level);
	EXPECT_EQ(LPC_TRACK_STATIC, self->a.tracking);
	EXPECT_EQ(0, query_conn(end, &c));
	EXPECT_EQ(LPC_LEVEL_IMPERSONATE, c.level);
	EXPECT_EQ(LPC_TRACK_STATIC, c.tracking);
	/* the kernel has changed nothing here */
	EXPECT_EQ(0, fsuid_now());
	EXPECT_NE(0, caps_now().effective);
	/* and again */
	EXPECT_EQ(0, impersonate(end, self->o.b.m.id, 0, &self->a));
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ESTALE, impersonate(end, self->o.b.m.id, 0, &self->a));
	EXPECT_EQ(UINT32_MAX, self->a.uid);
	close(end);
}

TEST_F(grant, needs_a_level_that_allows_it)
{
	static const struct {
		unsigned int level, tracking;
		int want;
	} cases[] = {
		{ LPC_LEVEL_IDENTIFY, LPC_TRACK_STATIC, -EACCES },
		{ LPC_LEVEL_IDENTIFY, LPC_TRACK_DYNAMIC, -EACCES },
		{ LPC_LEVEL_ANONYMOUS, LPC_TRACK_DYNAMIC, -EACCES },
		{ LPC_LEVEL_IMPERSONATE, LPC_TRACK_DYNAMIC, 0 },
		{ LPC_LEVEL_DELEGATE, LPC_TRACK_STATIC, 0 },
		{ LPC_LEVEL_DELEGATE, LPC_TRACK_DYNAMIC, 0 },
	};
	unsigned int i;
	uint32_t uid;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pid_t pid = client(self->o.name, MARIA, cases[i].level,
				   cases[i].tracking, LPC_IMPERSONATE_ME);
		int end = SERVE(&self->o);

		EXPECT_EQ(cases[i].want, impersonate(end, self->o.b.m.id, 0, &self->a));
		uid = MARIA;
		if (cases[i].want)
			uid = UINT32_MAX;
		EXPECT_EQ(uid, self->a.uid);
		EXPECT_EQ(cases[i].level, self->a.level);
		ANSWER(&self->o);
		EXPECT_EQ(0, reap(pid));
		msg_recv(self->o.port, &self->o.b, LONG);
		close(end);
	}
}

TEST_F(grant, a_level_or_tracking_that_is_none_is_EINVAL)
{
	EXPECT_EQ(-EINVAL, connect_at(self->o.name, 4, 0));
	EXPECT_EQ(-EINVAL, connect_at(self->o.name, 255, 0));
	EXPECT_EQ(-EINVAL, connect_at(self->o.name, 0, 2));
	EXPECT_EQ(0, PORT_FIELD(self->o.port, pending));
}

TEST_F(grant, a_message_can_forbid_it)
{
	pid_t pid = client(self->o.name, MARIA, LPC_LEVEL_IMPERSONATE,
			   LPC_TRACK_DYNAMIC, LPC_NO_IMPERSONATE);
	struct lpc_call_info c;
	int end = SERVE(&self->o);

	EXPECT_EQ(-EACCES, impersonate(end, self->o.b.m.id, 0, &self->a));
	EXPECT_EQ(0, query_call(end, self->o.b.m.id, &c));
	EXPECT_EQ(LPC_NO_IMPERSONATE, c.flags);
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

TEST_F(grant, the_flags_of_a_message_exclude_each_other_and_are_for_calls)
{
	struct link l;

	ASSERT_EQ(0, link_connect(&l, self->o.port, self->o.name, 1, 0));
	buf_set(&self->o.b, 1, NULL, 0);
	EXPECT_EQ(-EINVAL, msg_call_buf(l.client, &self->o.b, LPC_NO_IMPERSONATE |
					LPC_IMPERSONATE_ME, LONG));
	buf_set(&self->o.b, 1, NULL, 0);
	self->o.b.m.flags = LPC_IMPERSONATE_ME;
	EXPECT_EQ(-EINVAL, lpc_ioctl(l.client, LPC_IOC_SEND, &self->o.b));
	buf_recv(&self->o.b, NO_WAIT);
	self->o.b.m.flags |= LPC_NO_IMPERSONATE;
	EXPECT_EQ(-EINVAL, lpc_ioctl(l.port, LPC_IOC_REPLY_RECV, &self->o.b));
	close(l.client);
	close(l.server);
}

TEST_F(grant, needs_both_capabilities)
{
	static const uint64_t keep[] = {
		0, CAP_BIT(CAP_SETUID), CAP_BIT(CAP_SETGID),
		CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID),
	};
	pid_t pid = client(self->o.name, MARIA, LPC_LEVEL_IMPERSONATE, 0, 0);
	int end = SERVE(&self->o);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keep); i++) {
		pid_t server = fork_child();

		if (server == 0) {
			must_be(0, become_with(BOB, keep[i]));
			must_be(i == 3 ? 0 : -EPERM,
				impersonate(end, self->o.b.m.id, 0, &self->a));
			_exit(0);
		}
		EXPECT_EQ(0, reap(server));
	}
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

/* Anybody has both capabilities over a namespace that it makes. */
TEST_F(grant, an_id_without_a_number_here_is_EPERM)
{
	pid_t pid = client(self->o.name, BOB, LPC_LEVEL_IMPERSONATE, 0, 0);
	int end = SERVE(&self->o);
	pid_t server = fork_child();

	if (server == 0) {
		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(0, write_file("/proc/self/setgroups", "deny"));
		must_be(0, write_file("/proc/self/uid_map", "0 %u 1", MARIA));
		must_be(0, write_file("/proc/self/gid_map", "0 %u 1", MARIA));
		must(caps_now().effective & CAP_BIT(CAP_SETUID));
		must_be(-EPERM, impersonate(end, self->o.b.m.id, 0, &self->a));
		must_be(UINT32_MAX, self->a.uid);
		_exit(0);
	}
	EXPECT_EQ(0, reap(server));
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

/* Root that entered the namespace of a user, and calls that user's server */
TEST_F(grant, root_in_a_users_namespace_is_not_given_to_that_user)
{
	pid_t owner, root;
	int end;

	owner = fork_child();
	if (owner == 0) {
		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(0, write_file("/proc/self/setgroups", "deny"));
		must_be(0, write_file("/proc/self/uid_map", "0 %u 1", MARIA));
		must_be(0, write_file("/proc/self/gid_map", "0 %u 1", MARIA));
		gate_post(&self->o.up, 0);
		end = accept_one(self->o.port, 7, 0);
		must(end >= 0);
		must_be(0, msg_recv(self->o.port, &self->o.b, LONG));
		must_be(UINT32_MAX, self->o.b.m.uid);
		must_be(-EPERM, impersonate(end, self->o.b.m.id, 0, &self->a));
		must_be(0, msg_reply(self->o.port, &self->o.b, 0, NULL, 0));
		_exit(0);
	}
	gate_wait(&self->o.up);
	root = fork_child();
	if (root == 0) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/ns/user", owner);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		must(fd >= 0);
		must(setns(fd, CLONE_NEWUSER) == 0);
		end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE,
				 LPC_TRACK_DYNAMIC);
		must(end >= 0);
		must_be(0, msg_call(end, 1, NULL, 0, NULL, LONG));
		_exit(0);
	}
	EXPECT_EQ(0, reap(root));
	EXPECT_EQ(0, reap(owner));
}

/* ---- who sends is not who connected --------------------------------------- */

/* MARIA connects; @uid, with her end, calls */
static pid_t deputy(const char *name, uid_t uid, unsigned int tracking,
		    unsigned int flags)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpcbuf r;
		int end = end_of(MARIA, name, LPC_LEVEL_IMPERSONATE, tracking);

		if (uid)
			must_be(0, become(uid));
		buf_set(&r, 1, NULL, 0);
		must_be(0, msg_call_buf(end, &r, flags, LONG));
		_exit(0);
	}
	return pid;
}

TEST_F(grant, covers_its_giver_and_nobody_else)
{
	static const struct {
		uid_t uid;
		unsigned int tracking, flags;
		int want;
	} cases[] = {
		/* the attacker hands its end to a privileged program */
		{ 0, LPC_TRACK_DYNAMIC, 0, -EACCES },
		{ 0, LPC_TRACK_STATIC, 0, -EACCES },
		{ BOB, LPC_TRACK_DYNAMIC, 0, -EACCES },
		/* that says so itself: as itself */
		{ BOB, LPC_TRACK_DYNAMIC, LPC_IMPERSONATE_ME, 0 },
		{ BOB, LPC_TRACK_DYNAMIC, LPC_NO_IMPERSONATE, -EACCES },
		/* and never as who connected */
		{ BOB, LPC_TRACK_STATIC, LPC_IMPERSONATE_ME, -EACCES },
		{ MARIA, LPC_TRACK_STATIC, 0, 0 },
		{ MARIA, LPC_TRACK_DYNAMIC, 0, 0 },
	};
	unsigned int i;
	uint32_t uid;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pid_t pid = deputy(self->o.name, cases[i].uid, cases[i].tracking,
				   cases[i].flags);
		int end = SERVE(&self->o);

		EXPECT_EQ(cases[i].uid, self->o.b.m.uid);
		EXPECT_EQ(cases[i].want, impersonate(end, self->o.b.m.id, 0, &self->a)) {
			TH_LOG("case %u", i);
		}
		uid = cases[i].uid;
		if (cases[i].want)
			uid = UINT32_MAX;
		EXPECT_EQ(uid, self->a.uid);
		ANSWER(&self->o);
		EXPECT_EQ(0, reap(pid));
		msg_recv(self->o.port, &self->o.b, LONG);
		close(end);
	}
}

/* ---- groups, and whose rights at which moment ------------------------------- */

/*
 * Connects with 10 groups, has other ones when it calls; @uid 0 stays root, so
 * that it can.
 */
static pid_t regrouped(const char *name, unsigned int tracking, unsigned int n)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		gid_t list[100];
		int end;

		must_be(0, groups_of(10, list));
		end = connect_at(name, LPC_LEVEL_IMPERSONATE, tracking);
		must(end >= 0);
		must_be(0, groups_of(n, list));
		must_be(0, msg_call(end, 1, NULL, 0, NULL, LONG));
		_exit(0);
	}
	return pid;
}

TEST_F(grant, static_is_as_connected_dynamic_as_sent)
{
	static const struct {
		unsigned int tracking, n;
		int want, count;
	} cases[] = {
		{ LPC_TRACK_STATIC, 10, 0, 10 },
		/* more since then: they are not in it */
		{ LPC_TRACK_STATIC, 50, 0, 10 },
		/* fewer: nobody gets back by a server what it has given up */
		{ LPC_TRACK_STATIC, 9, -EACCES, 0 },
		{ LPC_TRACK_STATIC, 0, -EACCES, 0 },
		{ LPC_TRACK_DYNAMIC, 50, 0, 50 },
		{ LPC_TRACK_DYNAMIC, 3, 0, 3 },
		{ LPC_TRACK_DYNAMIC, 0, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pid_t pid = regrouped(self->o.name, cases[i].tracking, cases[i].n);
		int end = SERVE(&self->o);

		EXPECT_EQ(cases[i].want, impersonate(end, self->o.b.m.id, 0, &self->a)) {
			TH_LOG("case %u", i);
		}
		EXPECT_EQ(cases[i].count, self->a.count);
		ANSWER(&self->o);
		EXPECT_EQ(0, reap(pid));
		msg_recv(self->o.port, &self->o.b, LONG);
		close(end);
	}
}

/* setuid() between connect and call: what the tracking says */
TEST_F(grant, a_client_that_dropped_its_uid_is_not_given_as_it_was)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		unsigned int tracking = i ? LPC_TRACK_DYNAMIC : LPC_TRACK_STATIC;
		pid_t pid = fork_child();
		int end;

		if (pid == 0) {
			end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE, tracking);
			must(end >= 0);
			must_be(0, become(MARIA));
			buf_set(&self->o.b, 1, NULL, 0);
			must_be(0, msg_call_buf(end, &self->o.b, i ? LPC_IMPERSONATE_ME :
						0, LONG));
			_exit(0);
		}
		end = SERVE(&self->o);
		EXPECT_EQ((i ? 0 : -EACCES), impersonate(end, self->o.b.m.id, 0, &self->a));
		EXPECT_EQ((i ? MARIA : UINT32_MAX), self->a.uid);
		ANSWER(&self->o);
		EXPECT_EQ(0, reap(pid));
		msg_recv(self->o.port, &self->o.b, LONG);
		close(end);
	}
}

TEST_F(grant, too_little_room_for_the_groups_is_EMSGSIZE_and_says_how_many)
{
	pid_t pid = regrouped(self->o.name, LPC_TRACK_DYNAMIC, 70);
	int end = SERVE(&self->o), i;
	gid_t list[71];

	memset(list, POISON, sizeof(list));
	self->a = (struct lpc_impersonate){
		.id = self->o.b.m.id, .groups = (uintptr_t)list, .room = 69,
	};
	EXPECT_EQ(-EMSGSIZE, lpc_ioctl(end, LPC_IOC_IMPERSONATE, &self->a));
	EXPECT_EQ(70, self->a.count);
	EXPECT_EQ(UINT32_MAX, self->a.uid);
	EXPECT_TRUE(is_poison(list, sizeof(list)));
	self->a.room = 70;
	EXPECT_EQ(0, lpc_ioctl(end, LPC_IOC_IMPERSONATE, &self->a));
	EXPECT_EQ(70, self->a.count);
	for (i = 0; i < 70; i++)
		EXPECT_EQ(2000 + i, list[i]);
	EXPECT_TRUE(is_poison(&list[70], sizeof(list[70])));
	self->a.groups = 8;
	EXPECT_EQ(-EFAULT, lpc_ioctl(end, LPC_IOC_IMPERSONATE, &self->a));
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

/* ---- which request ----------------------------------------------------------- */

TEST_F(grant, a_request_that_is_not_received_here_is_ESTALE)
{
	pid_t pid = client(self->o.name, MARIA, LPC_LEVEL_IMPERSONATE, 0, 0);
	int end = accept_one(self->o.port, 7, 0), other;
	struct link l;
	uint64_t id;

	ASSERT_LE(0, end);
	ASSERT_EQ(0, link_connect(&l, self->o.port, self->o.name, 1, 0));
	ASSERT_TRUE(until_calls(self->o.port, 1));
	struct lpc_call_info c;

	ASSERT_EQ(1, list_calls(port_serial(self->o.port), &c, 1));
	/* its id is known, it is queued still */
	EXPECT_EQ(-ESTALE, impersonate(end, c.id, 0, &self->a));
	ASSERT_EQ(0, msg_recv(self->o.port, &self->o.b, LONG));
	EXPECT_EQ(c.id, self->o.b.m.id);
	EXPECT_EQ(0, impersonate(end, c.id, 0, &self->a));
	/* over another connection's end */
	EXPECT_EQ(-ESTALE, impersonate(l.server, c.id, 0, &self->a));
	/* other ids */
	EXPECT_EQ(-ESTALE, impersonate(end, c.id + 1, 0, &self->a));
	EXPECT_EQ(-ESTALE, impersonate(end, c.id + (1ull << 32), 0, &self->a));
	EXPECT_EQ(-ESTALE, impersonate(end, 0, 0, &self->a));
	EXPECT_EQ(-ESTALE, impersonate(end, c.id, c.id, &self->a));
	/* files of other kinds */
	EXPECT_EQ(-ENOTTY, impersonate(self->o.port, c.id, 0, &self->a));
	EXPECT_EQ(-ENOTTY, impersonate(l.client, c.id, 0, &self->a));
	EXPECT_EQ(-ENOTTY, impersonate(lpc_dev(), c.id, 0, &self->a));
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));

	/* a connection request and a datagram are no requests */
	other = port_connect_async(self->o.name, NULL);
	ASSERT_LE(0, other);
	id = 0;
	while (!msg_recv(self->o.port, &self->o.b, LONG) &&
	       self->o.b.m.type != LPC_CONNECTION_REQUEST)
		;
	id = self->o.b.m.id;
	EXPECT_EQ(-ESTALE, impersonate(end, id, 0, &self->a));
	EXPECT_EQ(0, msg_send(l.client, 1, NULL, 0));
	ASSERT_EQ(0, msg_recv(self->o.port, &self->o.b, LONG));
	EXPECT_EQ(LPC_DATAGRAM, self->o.b.m.type);
	EXPECT_EQ(-ESTALE, impersonate(l.server, self->o.b.m.id, 0, &self->a));
	close(other);
	close(end);
	close(l.client);
	close(l.server);
}

TEST_F(grant, an_asynchronous_call_has_nobody_who_waits)
{
	pid_t pid = fork_child();
	int end;

	if (pid == 0) {
		end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE, 0);
		must(end >= 0);
		must_be(0, msg_call_async(end, 1, NULL, 0, LONG, NULL));
		must_be(0, msg_recv(end, &self->o.b, LONG));
		_exit(0);
	}
	end = SERVE(&self->o);
	EXPECT_EQ(-EOPNOTSUPP, impersonate(end, self->o.b.m.id, 0, &self->a));
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

TEST_F(grant, a_canceled_call_is_ECANCELED)
{
	pid_t pid = fork_child();
	int end;

	if (pid == 0) {
		end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE, 0);
		must(end >= 0);
		must_be(-ETIMEDOUT, msg_call(end, 1, NULL, 0, NULL, SHORT));
		gate_post(&self->o.up, 0);
		gate_wait(&self->o.down);
		_exit(0);
	}
	end = SERVE(&self->o);
	gate_wait(&self->o.up);
	EXPECT_EQ(-ECANCELED, impersonate(end, self->o.b.m.id, 0, &self->a));
	gate_post(&self->o.down, 0);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

static atomic_bool caught;

static void on_signal(int sig)
{
	/* another user for a moment, inside the handler */
	setfsuid(MARIA);
	caught = 1;
}

/* In a callback, and in a signal handler that restarts, the thread is away. */
TEST_F(grant, a_thread_that_is_away_is_EAGAIN)
{
	pid_t pid = fork_child();
	int end;

	if (pid == 0) {
		end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE,
				 LPC_TRACK_DYNAMIC);
		must(end >= 0);
		must_be(0, msg_call(end, 1, NULL, 0, &self->o.b, LONG));
		/* the callback */
		must_be(LPC_REQUEST, self->o.b.m.type);
		gate_post(&self->o.up, 0);
		gate_wait(&self->o.down);
		must_be(0, msg_reply_wait(end, &self->o.b, LPC_WITH_REPLY, LONG));
		must_be(LPC_REPLY, self->o.b.m.type);
		_exit(0);
	}
	end = SERVE(&self->o);
	uint64_t id = self->o.b.m.id;
	struct lpcbuf cb;

	EXPECT_EQ(0, impersonate(end, id, 0, &self->a));
	buf_set(&cb, 9, NULL, 0);
	cb.m.id = id;
	cb.m.flags = LPC_CALLBACK;
	pid_t caller = fork_child();

	if (caller == 0) {
		must_be(0, msg_call_buf(end, &cb, 0, LONG));
		_exit(0);
	}
	gate_wait(&self->o.up);
	EXPECT_EQ(-EAGAIN, impersonate(end, id, 0, &self->a));
	gate_post(&self->o.down, 0);
	EXPECT_EQ(0, reap(caller));
	/* back again */
	EXPECT_TRUE(UNTIL(!impersonate(end, id, 0, &self->a)));
	EXPECT_EQ(0, msg_reply_id(self->o.port, id, 0, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
	close(end);
}

TEST_F(grant, ids_that_changed_in_a_signal_handler_are_not_granted)
{
	pid_t pid = fork_child();
	int end;

	if (pid == 0) {
		struct sigaction sa = {
			.sa_handler = on_signal, .sa_flags = SA_RESTART,
		};

		sigaction(SIGUSR1, &sa, NULL);
		end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE,
				 LPC_TRACK_DYNAMIC);
		must(end >= 0);
		must_be(0, msg_call(end, 1, NULL, 0, NULL, LONG));
		must(caught);
		_exit(0);
	}
	end = SERVE(&self->o);
	EXPECT_EQ(0, impersonate(end, self->o.b.m.id, 0, &self->a));
	kill(pid, SIGUSR1);
	/* what the message said it was it is no more, whatever it is now */
	EXPECT_TRUE(UNTIL(impersonate(end, self->o.b.m.id, 0, &self->a) == -EAGAIN));
	EXPECT_TRUE(until_ioctl(pid, LPC_IOC_CALL));
	EXPECT_EQ(-EAGAIN, impersonate(end, self->o.b.m.id, 0, &self->a));
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

/* What the client called back, nested in a call of the server's */
TEST_F(grant, a_callback_of_the_clients_is_a_request_too)
{
	pid_t pid = fork_child();
	struct lpcbuf call, cb;
	int end;

	if (pid == 0) {
		end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE,
				 LPC_TRACK_DYNAMIC);
		must(end >= 0);
		must_be(0, msg_recv(end, &self->o.b, LONG));
		must_be(LPC_REQUEST, self->o.b.m.type);
		buf_set(&cb, 3, NULL, 0);
		cb.m.id = self->o.b.m.id;
		cb.m.flags = LPC_CALLBACK;
		must_be(0, msg_call_buf(end, &cb, 0, LONG));
		must_be(0, msg_reply(end, &self->o.b, 0, NULL, 0));
		_exit(0);
	}
	end = accept_one(self->o.port, 7, 0);
	ASSERT_LE(0, end);
	ASSERT_EQ(0, msg_call(end, 2, NULL, 0, &call, LONG));
	ASSERT_EQ(LPC_REQUEST, call.m.type);
	EXPECT_EQ(0, impersonate(end, call.m.id, call.m.callback, &self->a));
	EXPECT_EQ(0, self->a.uid);
	/* without its callback id it is the server's own request */
	EXPECT_EQ(-ESTALE, impersonate(end, call.m.id, 0, &self->a));
	EXPECT_EQ(0, msg_reply_wait(end, &call, LPC_WITH_REPLY, LONG));
	EXPECT_EQ(LPC_REPLY, call.m.type);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

TEST_F(grant, unknown_flags_are_EINVAL)
{
	pid_t pid = client(self->o.name, MARIA, LPC_LEVEL_IMPERSONATE, 0, 0);
	int end = SERVE(&self->o), i;

	for (i = 0; i < 32; i++) {
		self->a = (struct lpc_impersonate){
			.id = self->o.b.m.id, .flags = 1u << i,
		};
		EXPECT_EQ(-EINVAL, lpc_ioctl(end, LPC_IOC_IMPERSONATE, &self->a));
	}
	ANSWER(&self->o);
	EXPECT_EQ(0, reap(pid));
	close(end);
}

/* ---- races ---------------------------------------------------------------------- */

struct hunt {
	int port, ends[4];
	atomic_uint granted, wrong;
	atomic_bool stop;
};

/* Guesses ids over every end: what is granted is that end's client, or nothing. */
static void *hunter(void *arg)
{
	struct hunt *h = arg;
	gid_t list[8];
	uint64_t n = 0;

	while (!h->stop) {
		unsigned int i = n % 4;
		struct lpc_impersonate a = {
			.id = 1ull << 32 | (n / 4 % 64), .groups = (uintptr_t)list,
			.room = 8,
		};
		int ret;

		a.id = (n / 256 + 1) << 32 | (n / 4 % 64);
		if (n > 100000)
			n = 0;
		n++;
		ret = lpc_ioctl(h->ends[i], LPC_IOC_IMPERSONATE, &a);
		if (!ret && a.uid != MARIA + i)
			h->wrong++;
	}
	return NULL;
}

TEST_F(grant, is_never_anothers_while_clients_call_cancel_and_die)
{
	unsigned int rounds = long_form() ? 2000 : 200, i, n;
	struct hunt h = { .port = self->o.port };
	pthread_t t;
	pid_t pid[4];

	for (i = 0; i < 4; i++) {
		pid[i] = fork_child();
		if (pid[i] == 0) {
			int end;

			must_be(0, become(MARIA + i));
			end = connect_at(self->o.name, LPC_LEVEL_IMPERSONATE,
					 i % 2);
			must(end >= 0);
			/* some calls end before they are answered */
			for (n = 0; ; n++)
				if (msg_call(end, n, NULL, 0, NULL,
					     n % 8 ? LONG : 1) == -EPIPE)
					_exit(0);
		}
		h.ends[i] = accept_one(self->o.port, i, 0);
		ASSERT_LE(0, h.ends[i]);
	}
	ASSERT_EQ(0, pthread_create(&t, NULL, hunter, &h));
	for (n = 0; n < rounds; ) {
		if (msg_recv(self->o.port, &self->o.b, LONG) ||
		    self->o.b.m.type != LPC_REQUEST)
			continue;
		n++;
		i = self->o.b.m.context;
		if (!impersonate(h.ends[i], self->o.b.m.id, 0, &self->a)) {
			h.granted++;
			h.wrong += self->a.uid != MARIA + i;
			h.wrong += self->a.uid != self->o.b.m.uid;
		}
		h.wrong += !impersonate(h.ends[(i + 1) % 4], self->o.b.m.id, 0, &self->a);
		if (n == rounds / 2)
			kill(pid[3], SIGKILL);
		msg_reply(self->o.port, &self->o.b, 0, NULL, 0);
	}
	h.stop = true;
	pthread_join(t, NULL);
	EXPECT_EQ(0, h.wrong);
	EXPECT_LT(rounds / 4, h.granted);
	for (i = 0; i < 4; i++)
		close(h.ends[i]);
	close(self->o.port);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, reap(pid[i]));
	reap(pid[3]);
}

TEST_HARNESS_MAIN
