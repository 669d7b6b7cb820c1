// SPDX-License-Identifier: GPL-2.0-only
/*
 * acl.c - SECURITY and the lists of ports: who may connect and query, who may
 * change that, and what each user namespace reads of it.
 */
#include "common_security.h"

#define BOTH	(LPC_RIGHT_CONNECT | LPC_RIGHT_QUERY)

static struct lpc_acl_entry user(uid_t uid, unsigned int flags, unsigned int rights)
{
	return (struct lpc_acl_entry){ .flags = flags, .rights = rights, .id = uid };
}

static struct lpc_acl_entry group(gid_t gid, unsigned int flags, unsigned int rights)
{
	return user(gid, flags | LPC_ACL_GROUP, rights);
}

/* CREATE with a list */
static int create_with(const char *name, unsigned int mode,
		       const struct lpc_acl_entry *acl, unsigned int n)
{
	return port_create(name, &(struct lpc_create){
		.mode = mode, .acl = (uintptr_t)acl, .acl_count = n,
	});
}

/* SECURITY by name, or on @fd if there is no name */
static int security(int fd, const char *name, struct lpc_security *s,
		    struct lpc_acl_entry *acl, unsigned int n)
{
	s->name = (uintptr_t)name;
	s->name_len = name ? strlen(name) : 0;
	s->acl = (uintptr_t)acl;
	s->count = n;
	return lpc_ioctl(name ? lpc_dev() : fd, LPC_IOC_SECURITY, s);
}

static int set_list(int fd, const char *name, struct lpc_acl_entry *acl, unsigned int n)
{
	struct lpc_security s = { .flags = LPC_SECURITY_ACL };

	return security(fd, name, &s, acl, n);
}

/*
 * May @uid, in these groups, connect and query? LPC_RIGHT_* or'ed. It is asked
 * without a server: a connect that may be made pends.
 */
static int may(const char *name, uid_t uid, int ngroups, const gid_t *groups)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_port_info i;
		int rights = 0, ret;

		must(setgroups(ngroups, groups) == 0);
		must(setresgid(uid, uid, uid) == 0);
		must(setresuid(uid, uid, uid) == 0);
		ret = port_connect_async(name, NULL);
		must(ret >= 0 || ret == -EACCES || ret == -ENOENT);
		if (ret >= 0)
			rights |= LPC_RIGHT_CONNECT;
		ret = query_name(name, &i, NO_WAIT);
		must(!ret || ret == -EACCES || ret == -ENOENT);
		if (!ret)
			rights |= LPC_RIGHT_QUERY;
		_exit(rights);
	}
	return reap(pid);
}

FIXTURE(acl) {
	char name[NAME_ROOM];
	int port;
	struct lpc_acl_entry list[LPC_ACL_MAX + 1];
	struct lpc_security s;
};

FIXTURE_SETUP(acl)
{
	others_may();
	self->port = port_create_mode(unique_name(self->name), 0600);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(acl)
{
	close(self->port);
}

TEST_F(acl, is_told_by_name_and_by_descriptor)
{
	struct link l;

	EXPECT_EQ(0, security(-1, self->name, &self->s, NULL, 0));
	EXPECT_EQ(0600, self->s.mode);
	EXPECT_EQ(0, self->s.owner);
	EXPECT_EQ(0, self->s.group);
	EXPECT_EQ(0, self->s.count);
	self->list[0] = user(MARIA, 0, BOTH);
	self->list[1] = group(BOB, LPC_ACL_DENY, LPC_RIGHT_QUERY);
	EXPECT_EQ(0, set_list(self->port, NULL, self->list, 2));
	ASSERT_EQ(0, link_connect(&l, self->port, self->name, 1, 0));
	int fds[] = { self->port, l.client, l.server };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		memset(self->list, POISON, sizeof(self->list));
		memset(&self->s, 0, sizeof(self->s));
		EXPECT_EQ(0, security(fds[i], NULL, &self->s, self->list, LPC_ACL_MAX));
		EXPECT_EQ(2, self->s.count);
		EXPECT_EQ(MARIA, self->list[0].id);
		EXPECT_EQ(BOTH, self->list[0].rights);
		EXPECT_EQ(0, self->list[0].flags);
		EXPECT_EQ(BOB, self->list[1].id);
		EXPECT_EQ(LPC_ACL_DENY | LPC_ACL_GROUP, self->list[1].flags);
		EXPECT_TRUE(is_poison(&self->list[2], sizeof(self->list[2])));
	}
	EXPECT_EQ(2, PORT_FIELD(self->port, acl_count));
	/* a shorter room gets what fits */
	memset(self->list, POISON, sizeof(self->list));
	EXPECT_EQ(0, security(self->port, NULL, &self->s, self->list, 1));
	EXPECT_EQ(2, self->s.count);
	EXPECT_EQ(MARIA, self->list[0].id);
	EXPECT_TRUE(is_poison(&self->list[1], sizeof(self->list[1])));
	EXPECT_EQ(-EFAULT, security(self->port, NULL, &self->s, (void *)8, 1));
	close(l.client);
	close(l.server);
}

TEST_F(acl, the_first_entry_that_fits_decides)
{
	const gid_t staff[] = { 50, 60 };
	struct {
		struct lpc_acl_entry list[3];
		unsigned int n, mode;
		int maria, bob;	/* bob is in staff */
	} cases[] = {
		{ { }, 0, 0600, 0, 0 },
		{ { user(MARIA, 0, BOTH) }, 1, 0600, BOTH, 0 },
		{ { user(MARIA, 0, LPC_RIGHT_QUERY) }, 1, 0600, LPC_RIGHT_QUERY, 0 },
		{ { group(60, 0, LPC_RIGHT_CONNECT) }, 1, 0600, 0, LPC_RIGHT_CONNECT },
		/* order, and an entry that does not name the right is passed over */
		{ { user(BOB, LPC_ACL_DENY, BOTH), group(50, 0, BOTH) }, 2, 0600, 0, 0 },
		{ { group(50, 0, BOTH), user(BOB, LPC_ACL_DENY, BOTH) }, 2, 0600, 0, BOTH },
		{ { user(BOB, LPC_ACL_DENY, LPC_RIGHT_QUERY), group(50, 0, BOTH) }, 2,
		  0600, 0, LPC_RIGHT_CONNECT },
		/* none fits: the mode */
		{ { user(MARIA, LPC_ACL_DENY, LPC_RIGHT_CONNECT) }, 1, 0666,
		  LPC_RIGHT_QUERY, BOTH },
		{ { user(EVE, LPC_ACL_DENY, BOTH) }, 1, 0666, BOTH, BOTH },
		{ { group(50, LPC_ACL_DENY, BOTH) }, 1, 0666, BOTH, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lpc_security s = {
			.flags = LPC_SECURITY_ACL | LPC_SECURITY_MODE,
			.mode = cases[i].mode,
		};

		ASSERT_EQ(0, security(self->port, NULL, &s, cases[i].list, cases[i].n));
		EXPECT_EQ(cases[i].maria, may(self->name, MARIA, 0, NULL)) {
			TH_LOG("case %u", i);
		}
		EXPECT_EQ(cases[i].bob, may(self->name, BOB, 2, staff)) {
			TH_LOG("case %u", i);
		}
	}
}

TEST_F(acl, the_sixteenth_counts_and_there_is_no_seventeenth)
{
	char name[NAME_ROOM];
	int i, port;

	for (i = 0; i < LPC_ACL_MAX; i++)
		self->list[i] = user(3000 + i, 0, BOTH);
	self->list[LPC_ACL_MAX - 1] = user(MARIA, 0, BOTH);
	self->list[LPC_ACL_MAX] = user(BOB, 0, BOTH);
	EXPECT_EQ(0, set_list(self->port, NULL, self->list, LPC_ACL_MAX));
	EXPECT_EQ(BOTH, may(self->name, MARIA, 0, NULL));
	EXPECT_EQ(-EINVAL, set_list(self->port, NULL, self->list, LPC_ACL_MAX + 1));
	EXPECT_EQ(-EINVAL, set_list(self->port, NULL, self->list, UINT32_MAX));
	EXPECT_EQ(LPC_ACL_MAX, PORT_FIELD(self->port, acl_count));
	port = create_with(unique_name(name), 0, self->list, LPC_ACL_MAX);
	ASSERT_LE(0, port);
	EXPECT_EQ(BOTH, may(name, MARIA, 0, NULL));
	EXPECT_EQ(0, may(name, BOB, 0, NULL));
	EXPECT_EQ(-EINVAL, create_with(unique_name(name), 0, self->list, LPC_ACL_MAX + 1));
	EXPECT_EQ(-EINVAL, create_with(name, 0, self->list, UINT32_MAX));
	EXPECT_EQ(-EFAULT, create_with(name, 0, (void *)8, 1));
	EXPECT_EQ(-ENOENT, query_name(name, &(struct lpc_port_info){ 0 }, NO_WAIT));
	close(port);
}

TEST_F(acl, what_is_no_entry_is_EINVAL_and_changes_nothing)
{
	static const struct lpc_acl_entry bad[] = {
		{ .rights = 0, .id = 1 },			/* no right */
		{ .rights = 1, .id = 1 },			/* x */
		{ .rights = 8, .id = 1 },
		{ .rights = BOTH, .flags = 4, .id = 1 },
		{ .rights = BOTH, .flags = 0x8000, .id = 1 },
		{ .rights = BOTH, .id = UINT32_MAX },		/* nobody */
		{ .rights = BOTH, .flags = LPC_ACL_GROUP, .id = UINT32_MAX },
	};
	char name[NAME_ROOM];
	unsigned int i;

	self->list[0] = user(MARIA, 0, BOTH);
	ASSERT_EQ(0, set_list(self->port, NULL, self->list, 1));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->list[0] = user(BOB, 0, BOTH);
		self->list[1] = bad[i];
		EXPECT_EQ(-EINVAL, set_list(self->port, NULL, self->list, 2)) {
			TH_LOG("entry %u", i);
		}
		EXPECT_EQ(-EINVAL, create_with(unique_name(name), 0, self->list, 2));
	}
	/* all of it or nothing */
	self->s = (struct lpc_security){
		.flags = LPC_SECURITY_ACL | LPC_SECURITY_MODE, .mode = 0777,
	};
	EXPECT_EQ(-EINVAL, security(self->port, NULL, &self->s, self->list, 1));
	self->s = (struct lpc_security){
		.flags = LPC_SECURITY_OWNER | LPC_SECURITY_ACL, .owner = UINT32_MAX,
	};
	EXPECT_EQ(-EINVAL, security(self->port, NULL, &self->s, self->list, 1));
	EXPECT_EQ(-EINVAL, security(self->port, self->name, &(struct lpc_security){
		.flags = 16 }, NULL, 0));
	EXPECT_EQ(1, PORT_FIELD(self->port, acl_count));
	EXPECT_EQ(0600, PORT_FIELD(self->port, mode));
	EXPECT_EQ(BOTH, may(self->name, MARIA, 0, NULL));
	EXPECT_EQ(0, may(self->name, BOB, 0, NULL));
}

TEST_F(acl, mode_owner_and_group_change_too)
{
	self->s = (struct lpc_security){
		.flags = LPC_SECURITY_MODE | LPC_SECURITY_OWNER | LPC_SECURITY_GROUP,
		.mode = 0640, .owner = MARIA, .group = BOB,
	};
	EXPECT_EQ(0, security(-1, self->name, &self->s, NULL, 0));
	EXPECT_EQ(MARIA, PORT_FIELD(self->port, owner));
	EXPECT_EQ(BOB, PORT_FIELD(self->port, group));
	EXPECT_EQ(0640, PORT_FIELD(self->port, mode));
	EXPECT_EQ(BOTH, may(self->name, MARIA, 0, NULL));
	EXPECT_EQ(LPC_RIGHT_QUERY, may(self->name, BOB, 0, NULL));
	EXPECT_EQ(0, may(self->name, EVE, 0, NULL));
	/* who made it is still "the server" */
	EXPECT_EQ(0, PORT_FIELD(self->port, server_uid));
	/* a mode of 0 is nobody's, not the default */
	self->s = (struct lpc_security){ .flags = LPC_SECURITY_MODE };
	EXPECT_EQ(0, security(self->port, NULL, &self->s, NULL, 0));
	EXPECT_EQ(0, may(self->name, MARIA, 0, NULL));
	/* of which nobody gets back in but its owner, and root */
	pid_t pid = fork_child();

	if (pid == 0) {
		must_be(0, become(MARIA));
		must_be(-EACCES, query_name(self->name, &(struct lpc_port_info){ 0 },
					    NO_WAIT));
		must_be(0, security(-1, self->name, &self->s, NULL, 0));
		self->s = (struct lpc_security){
			.flags = LPC_SECURITY_MODE, .mode = 0200,
		};
		must_be(0, security(-1, self->name, &self->s, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(LPC_RIGHT_CONNECT, may(self->name, MARIA, 0, NULL));
}

TEST_F(acl, only_the_owner_changes_it_not_who_holds_a_descriptor)
{
	struct link l;
	pid_t pid;

	self->list[0] = user(MARIA, 0, BOTH);
	ASSERT_EQ(0, set_list(self->port, NULL, self->list, 1));
	ASSERT_EQ(0, link_connect(&l, self->port, self->name, 1, 0));
	pid = fork_child();
	if (pid == 0) {
		must_be(0, become(MARIA));
		must_be(-EACCES, set_list(self->port, NULL, self->list, 0));
		must_be(-EACCES, set_list(l.client, NULL, self->list, 0));
		must_be(-EACCES, set_list(l.server, NULL, self->list, 0));
		must_be(-EACCES, set_list(-1, self->name, self->list, 0));
		self->s = (struct lpc_security){
			.flags = LPC_SECURITY_OWNER, .owner = MARIA,
		};
		must_be(-EACCES, security(self->port, NULL, &self->s, NULL, 0));
		/* with r it may be told by name */
		must_be(0, security(-1, self->name, &self->s,
				    (memset(&self->s, 0, sizeof(self->s)), NULL), 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1, PORT_FIELD(self->port, acl_count));
	pid = fork_child();
	if (pid == 0) {
		must_be(0, become(BOB));
		memset(&self->s, 0, sizeof(self->s));
		must_be(-EACCES, security(-1, self->name, &self->s, NULL, 0));
		must_be(-EACCES, set_list(-1, self->name, self->list, 0));
		must_be(-ENOENT, security(-1, "no/such/port", &self->s, NULL, 0));
		must_be(-EINVAL, security(-1, "bad//name", &self->s, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(l.client);
	close(l.server);
}

TEST_F(acl, an_owner_gives_nothing_away_that_is_not_its_own)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		char name[NAME_ROOM];
		int port;

		must_be(0, become(MARIA));
		port = port_create(unique_user_name(name, MARIA), NULL);
		must(port >= 0);
		self->s = (struct lpc_security){
			.flags = LPC_SECURITY_OWNER, .owner = BOB,
		};
		must_be(-EACCES, security(port, NULL, &self->s, NULL, 0));
		self->s = (struct lpc_security){
			.flags = LPC_SECURITY_GROUP, .group = BOB,
		};
		must_be(-EACCES, security(port, NULL, &self->s, NULL, 0));
		self->s = (struct lpc_security){
			.flags = LPC_SECURITY_OWNER | LPC_SECURITY_GROUP,
			.owner = MARIA, .group = MARIA,
		};
		must_be(0, security(port, NULL, &self->s, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* A name under another's user/ is a secret until an entry tells it. */
TEST_F(acl, a_private_name_appears_to_whom_an_entry_allows)
{
	struct gate up, down;
	char name[NAME_ROOM];
	pid_t maria, waiter;

	unique_user_name(name, MARIA);
	gate_init(&up);
	gate_init(&down);
	maria = fork_child();
	if (maria == 0) {
		must_be(0, become(MARIA));
		must(port_create(name, NULL) >= 0);
		gate_post(&up, 0);
		gate_wait(&down);
		self->list[0] = user(BOB, 0, LPC_RIGHT_QUERY);
		must_be(0, set_list(-1, name, self->list, 1));
		gate_post(&up, 0);
		gate_wait(&down);
		_exit(0);
	}
	gate_wait(&up);
	EXPECT_EQ(0, may(name, BOB, 0, NULL));
	waiter = fork_child();
	if (waiter == 0) {
		struct lpc_port_info i;

		must_be(0, become(BOB));
		must_be(-ENOENT, query_name(name, &i, NO_WAIT));
		memset(&self->s, 0, sizeof(self->s));
		must_be(-ENOENT, security(-1, name, &self->s, NULL, 0));
		must_be(-ENOENT, set_list(-1, name, self->list, 0));
		/* waits for what it may not know of, and is told when it may */
		must_be(0, query_name(name, &i, 2 * LONG));
		/* that is not the right to connect, and no secret any more */
		must_be(-EACCES, port_connect(name));
		_exit(0);
	}
	ASSERT_TRUE(until_ioctl(waiter, LPC_IOC_QUERY));
	gate_post(&down, 0);
	gate_wait(&up);
	EXPECT_EQ(0, reap(waiter));
	EXPECT_EQ(0, may(name, EVE, 0, NULL));
	gate_post(&down, 0);
	EXPECT_EQ(0, reap(maria));
	gate_destroy(&up);
	gate_destroy(&down);
}

TEST_F(acl, list_shows_and_hides_by_it)
{
	self->list[0] = user(MARIA, 0, LPC_RIGHT_QUERY);
	ASSERT_EQ(0, set_list(self->port, NULL, self->list, 1));
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_port_info rows[64];
		int n, i, seen = 0;

		must_be(0, become(MARIA));
		n = list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 64, NULL);
		for (i = 0; i < n; i++)
			seen += rows[i].serial == port_serial(self->port);
		must_be(1, seen);
		/* not its connections: those are the owner's to see */
		must_be(-EACCES, list_conns(port_serial(self->port),
					    &(struct lpc_conn_info){ 0 }, 1));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(acl, connections_that_there_are_stay)
{
	struct link l;

	self->list[0] = user(0, LPC_ACL_DENY, BOTH);
	ASSERT_EQ(0, link_connect(&l, self->port, self->name, 1, 0));
	ASSERT_EQ(0, set_list(self->port, NULL, self->list, 1));
	EXPECT_EQ(0, msg_send(l.client, 1, NULL, 0));
	close(l.client);
	close(l.server);
}

TEST_F(acl, the_capability_overrides_it_and_no_other_does)
{
	char name[NAME_ROOM];
	pid_t pid;
	int port;

	self->list[0] = user(0, LPC_ACL_DENY, BOTH);
	port = create_with(unique_name(name), 0600, self->list, 1);
	ASSERT_LE(0, port);
	EXPECT_EQ(0, query_name(name, &(struct lpc_port_info){ 0 }, NO_WAIT));
	pid = fork_child();
	if (pid == 0) {
		/* root without it: its own entry keeps it out of its own port */
		must_be(0, caps_to(~CAP_BIT(CAP_IPC_OWNER) & caps_now().permitted,
				   ~CAP_BIT(CAP_IPC_OWNER) & caps_now().permitted));
		must_be(-EACCES, query_name(name, &(struct lpc_port_info){ 0 }, NO_WAIT));
		must_be(-EACCES, port_connect(name));
		/* which the owner can mend */
		must_be(0, set_list(-1, name, self->list, 0));
		must_be(0, query_name(name, &(struct lpc_port_info){ 0 }, NO_WAIT));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	close(port);
}

TEST_F(acl, ids_are_those_of_who_asks)
{
	char name[NAME_ROOM];
	pid_t pid;

	self->list[0] = user(MARIA, 0, BOTH);
	self->list[1] = user(BOB, LPC_ACL_DENY, BOTH);
	self->list[2] = group(BOB, 0, BOTH);
	ASSERT_EQ(0, set_list(self->port, NULL, self->list, 3));
	unique_user_name(name, MARIA);
	pid = fork_child();
	if (pid == 0) {
		int port;

		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(0, write_file("/proc/self/setgroups", "deny"));
		must_be(0, write_file("/proc/self/uid_map", "7 %u 1", MARIA));
		must_be(0, write_file("/proc/self/gid_map", "7 %u 1", MARIA));
		memset(&self->s, 0, sizeof(self->s));
		must_be(0, security(self->port, NULL, &self->s, self->list, 16));
		must_be(3, self->s.count);
		must_be(7, self->list[0].id);
		/* never another's number, never 65534 */
		must_be(UINT32_MAX, self->list[1].id);
		must_be(UINT32_MAX, self->list[2].id);
		must_be(UINT32_MAX, self->s.owner);
		/* and none that is nobody here can be given */
		self->list[0] = user(MARIA, 0, BOTH);
		must_be(-EINVAL, create_with(name, 0, self->list, 1));
		self->list[0] = user(7, LPC_ACL_DENY, LPC_RIGHT_CONNECT);
		port = create_with(name, 0, self->list, 1);
		must(port >= 0);
		must_be(-EACCES, port_connect(name));
		must_be(0, query_name(name, &(struct lpc_port_info){ 0 }, NO_WAIT));
		/* a full set of capabilities in here is none over the names */
		must_be(-EACCES, set_list(-1, self->name, self->list, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* A program built before lists were there */
TEST_F(acl, create_of_the_first_size_still_works)
{
	struct {
		struct lpc_create c;
	} old = { .c = { .mode = 0666 } };
	char name[NAME_ROOM];
	unsigned int cmd = _IOC(_IOC_READ | _IOC_WRITE, LPC_IOC_MAGIC, 1, 64);

	unique_name(name);
	old.c.name = (uintptr_t)name;
	old.c.name_len = strlen(name);
	old.c.acl = 8;
	old.c.acl_count = 99;
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), cmd, &old));
	EXPECT_EQ(0, PORT_FIELD(old.c.fd, acl_count));
	EXPECT_EQ(8, old.c.acl);
	close(old.c.fd);
}

/* ---- a race: the list changes under those who connect --------------------------- */

struct toggler {
	int port;
	atomic_bool stop;
	atomic_uint errors;
};

static void *toggle(void *arg)
{
	struct toggler *t = arg;
	struct lpc_acl_entry on[] = {
		user(3000, 0, BOTH), user(MARIA, 0, BOTH), user(MARIA, LPC_ACL_DENY, BOTH),
	}, off[] = { user(MARIA, LPC_ACL_DENY, BOTH) };
	unsigned int n;

	for (n = 0; !t->stop; n++)
		if (set_list(t->port, NULL, n % 2 ? on : off, n % 2 ? 3 : 1))
			t->errors++;
	return NULL;
}

TEST_F(acl, readers_see_one_list_or_the_other)
{
	struct toggler t = { .port = self->port };
	unsigned int n, rounds = long_form() ? 20000 : 2000;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, toggle, &t));
	for (n = 0; n < rounds; n++) {
		memset(&self->s, 0, sizeof(self->s));
		ASSERT_EQ(0, security(self->port, NULL, &self->s, self->list, 16));
		if (!self->s.count)
			continue;	/* the first change is on its way */
		ASSERT_TRUE((self->s.count == 3 && self->list[0].id == 3000 &&
			     !self->list[1].flags) ||
			    (self->s.count == 1 && self->list[0].id == MARIA &&
			     self->list[0].flags == LPC_ACL_DENY));
	}
	t.stop = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, t.errors);
}

TEST_HARNESS_MAIN
