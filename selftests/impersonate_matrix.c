// SPDX-License-Identifier: GPL-2.0-only
/*
 * impersonate_matrix.c - what a server may while it acts for a client: every kind
 * of server with every kind of client does everything it should not. It never
 * has more than the client *and* itself may.
 *
 * What exec gives is the exception that lpc_impersonate(3) warns of: a new program
 * has the ids of the process. Its cases hold it to what the server itself may.
 */
#include "common_security.h"

#include <linux/landlock.h>
#include <lpc.h>

#define SRV	500	/* a server that is not root */
#define THIRD	EVE
#define FAR	4000	/* a user that the user namespace does not know */

enum server_kind { ROOT, SETIDS, SETIDS_DAC, NS_ROOT };
enum client_kind { SAME, CHILD, UNMAPPED, OTHER_SENDER };

static const char *const server_names[] = {
	"root", "with CAP_SETUID and CAP_SETGID", "with CAP_DAC_OVERRIDE too",
	"root of a user namespace",
};

/* Shared with the processes of a case */
struct board {
	char third_file[64], client_file[64], server_file[64];
	char third_port[NAME_ROOM], name[NAME_ROOM];
	struct gate mapped, ready;
};

FIXTURE(matrix) {
	struct board b;
	int port, third;
	pid_t owner;
};

FIXTURE_VARIANT(matrix) {
	enum server_kind server;
	enum client_kind client;
};

/* checkpatch: MULTISTATEMENT_MACRO_USE_DO_WHILE: declarations */
#define VARIANTS(kind, who) /* checkpatch: MACRO_ARG_REUSE: constants */ \
	FIXTURE_VARIANT_ADD(matrix, kind##_same) {			\
		.server = who, .client = SAME };			\
	FIXTURE_VARIANT_ADD(matrix, kind##_child) {			\
		.server = who, .client = CHILD };			\
	FIXTURE_VARIANT_ADD(matrix, kind##_unmapped) {			\
		.server = who, .client = UNMAPPED };			\
	FIXTURE_VARIANT_ADD(matrix, kind##_other_sender) {		\
		.server = who, .client = OTHER_SENDER }

VARIANTS(root, ROOT);
VARIANTS(setids, SETIDS);
VARIANTS(dac, SETIDS_DAC);
VARIANTS(nsroot, NS_ROOT);

/* The client's uid as the machine knows it */
static uid_t uid_of(enum client_kind kind)
{
	return kind == UNMAPPED ? FAR : MARIA;
}

/* And as a server of that kind does, granted or not */
static int granted(enum server_kind server, enum client_kind client)
{
	if (client == OTHER_SENDER)
		return -EACCES;
	return server == NS_ROOT && client == UNMAPPED ? -EPERM : 0;
}

FIXTURE_SETUP(matrix)
{
	struct board *b = &self->b;
	uid_t own = variant->server == ROOT ? 0 : SRV;
	struct gate up;

	others_may();
	snprintf(b->third_file, sizeof(b->third_file), "/tmp/third.%d", getpid());
	snprintf(b->client_file, sizeof(b->client_file), "/tmp/client.%d", getpid());
	snprintf(b->server_file, sizeof(b->server_file), "/tmp/server.%d", getpid());
	mkdir("/tmp", 01777);
	ASSERT_EQ(0, private_file(b->third_file, THIRD));
	ASSERT_EQ(0, private_file(b->client_file, uid_of(variant->client)));
	ASSERT_EQ(0, private_file(b->server_file, own));
	unique_user_name(b->third_port, THIRD);
	unique_name(b->name);
	gate_init(&b->mapped);
	gate_init(&b->ready);
	gate_init(&up);
	self->owner = fork_child();
	if (self->owner == 0) {
		must_be(0, become(THIRD));
		must(port_create_mode(b->third_port, 0600) >= 0);
		gate_post(&up, 0);
		pause();
		_exit(0);
	}
	gate_wait(&up);
	gate_destroy(&up);
	self->port = port_create_mode(b->name, 0666);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(matrix)
{
	kill_reap(self->owner);
	unlink(self->b.third_file);
	unlink(self->b.client_file);
	unlink(self->b.server_file);
	close(self->port);
	gate_destroy(&self->b.mapped);
	gate_destroy(&self->b.ready);
}

/* ---- who takes part ------------------------------------------------------------- */

static void call_once(int end)
{
	must(end >= 0);
	must_be(0, msg_call(end, 1, NULL, 0, NULL, 2 * LONG));
	_exit(0);
}

static int connect_willing(const struct board *b)
{
	return connect_at(b->name, LPC_LEVEL_IMPERSONATE, LPC_TRACK_DYNAMIC);
}

static pid_t start_client(const struct board *b, enum client_kind kind)
{
	pid_t pid = fork_child();

	if (pid)
		return pid;
	/* Maria connects, root with her end is who calls */
	if (kind == OTHER_SENDER)
		call_once(end_of(MARIA, b->name, LPC_LEVEL_IMPERSONATE, LPC_TRACK_DYNAMIC));
	must_be(0, become(uid_of(kind)));
	if (kind == CHILD) {
		must(unshare(CLONE_NEWUSER) == 0);
		must_be(0, write_file("/proc/self/setgroups", "deny"));
		must_be(0, write_file("/proc/self/uid_map", "0 %u 1", MARIA));
		must_be(0, write_file("/proc/self/gid_map", "0 %u 1", MARIA));
		must(caps_now().effective);
	}
	call_once(connect_willing(b));
	return 0;
}

/* This process becomes a server of that kind. */
static void be_server(struct board *b, enum server_kind kind)
{
	uint64_t setids = CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID);

	switch (kind) {
	case ROOT:
		return;
	case SETIDS:
		must_be(0, become_with(SRV, setids));
		return;
	case SETIDS_DAC:
		must_be(0, become_with(SRV, setids | CAP_BIT(CAP_DAC_OVERRIDE)));
		return;
	case NS_ROOT:
		must_be(0, become(SRV));
		must(unshare(CLONE_NEWUSER) == 0);
		gate_post(&b->ready, 0);
		gate_wait(&b->mapped);
		must(setresgid(0, 0, 0) == 0);
		must(setresuid(0, 0, 0) == 0);
		must((caps_now().effective & setids) == setids);
	}
}

/* root knows the namespace's numbers; the users are called the same inside */
static void map_server(struct board *b, pid_t pid)
{
	static const char *const maps[] = { "uid_map", "gid_map" };
	char path[64];
	int i;

	gate_wait(&b->ready);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, maps[i]);
		if (write_file(path, "0 %u 1\n1000 1000 3\n", SRV))
			abort();
	}
	gate_post(&b->mapped, 0);
}

/* Receives the client's call and does @act for it; see RUN() */
static void serve(struct board *b, int port, enum server_kind kind,
		  enum client_kind client,
		  void (*act)(struct board *b, struct lpc_self *self,
			      enum server_kind kind))
{
	struct lpc_self *self = NULL;
	struct caps before;
	struct lpcbuf m;
	int end;

	be_server(b, kind);
	before = caps_now();
	end = accept_one(port, 1, 0);
	must(end >= 0);
	must_be(0, msg_recv(port, &m, LONG));
	must_be(granted(kind, client), lpc_impersonate_on(&self, end, m.m.id, 0));
	if (self) {
		must_be(uid_of(client), fsuid_now());
		must_be(uid_of(client), fsgid_now());
		must_be(0, caps_now().effective);
		/* it is the client that acts: its file, not the server's */
		must_be(0, try_open(b->client_file));
		must_be(-EACCES, try_open(b->server_file));
		act(b, self, kind);
	} else {
		/* refused: nothing has changed */
		must_be(0, memcmp(&before, &(struct caps[]){ caps_now() },
				  sizeof(before)));
		must_be(geteuid(), fsuid_now());
		must_be(getegid(), fsgid_now());
	}
	must_be(0, msg_reply(port, &m, 0, NULL, 0));
	_exit(0);
}

#define RUN(act) do {							\
	pid_t __server = fork_child(), __client;			\
									\
	if (__server == 0)						\
		serve(&self->b, self->port, variant->server,		\
		      variant->client, act);				\
	if (variant->server == NS_ROOT)					\
		map_server(&self->b, __server);				\
	__client = start_client(&self->b, variant->client);		\
	EXPECT_EQ(0, reap(__server)) {					\
		TH_LOG("a server %s", server_names[variant->server]);	\
	}								\
	EXPECT_EQ(0, reap(__client));					\
} while (0)

/* The way back: all that the server was, nothing of the client */
static void back(struct board *b, struct lpc_self *self, enum server_kind kind)
{
	must_be(0, lpc_revert(self));
	must_be(geteuid(), fsuid_now());
	must_be(getegid(), fsgid_now());
	must_be(0, getgroups(0, NULL));
	must_be(caps_now().permitted, caps_now().effective);
	must_be(0, try_open(b->server_file));
}

/* ---- what it tries ------------------------------------------------------------------ */

static void open_third(struct board *b, struct lpc_self *self, enum server_kind kind)
{
	must_be(-EACCES, try_open(b->third_file));
	must_be(-1, open("/lpc-matrix", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	back(b, self, kind);
	/* itself it may, but for one without a capability for that */
	must_be(kind == SETIDS ? -EACCES : 0, try_open(b->third_file));
}

TEST_F(matrix, opens_no_file_of_a_third_user)
{
	RUN(open_third);
}

static void connect_third(struct board *b, struct lpc_self *self, enum server_kind kind)
{
	struct lpc_port_info i;

	must_be(-ENOENT, port_connect(b->third_port));
	must_be(-ENOENT, query_name(b->third_port, &i, NO_WAIT));
	/* nor a name that is not the client's to make */
	must_be(-EACCES, port_create("system/matrix", NULL));
	back(b, self, kind);
	must_be(kind == ROOT ? 0 : -ENOENT, query_name(b->third_port, &i, NO_WAIT));
}

TEST_F(matrix, connects_to_no_port_of_a_third_user)
{
	RUN(connect_third);
}

static void fork_as(struct board *b, struct lpc_self *self, enum server_kind kind)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		must_be(0, caps_now().effective);
		must_be(-EACCES, try_open(b->third_file));
		must_be(-EACCES, try_open(b->server_file));
		must_be(0, try_open(b->client_file));
		must_be(-ENOENT, port_connect(b->third_port));
		/* who it was is its parent's to become again */
		must_be(-EINVAL, lpc_revert(self));
		must_be(0, caps_now().effective);
		_exit(0);
	}
	must_be(0, reap(pid));
	back(b, self, kind);
}

TEST_F(matrix, forks_a_child_that_has_no_more)
{
	RUN(fork_as);
}

/* The same program again, to say what it may; never returns where it is asked. */
/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: user space has no such macros */
__attribute__((constructor))
static void exec_probe(void)
{
	const char *file = getenv("LPC_MATRIX_PROBE");

	if (!file)
		return;
	if (fsuid_now() != geteuid() || fsgid_now() != getegid())
		_exit(2);
	_exit(try_open(file) ? 1 : 0);
}

/* 0 it may open @file, 1 it may not */
static int exec_open(const char *file)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		setenv("LPC_MATRIX_PROBE", file, 1);
		execl("/proc/self/exe", "probe", NULL);
		_exit(3);
	}
	return reap(pid);
}

/* A new program is the server's user again; what that may not, it may not. */
static void exec_as(struct board *b, struct lpc_self *self, enum server_kind kind)
{
	int third = exec_open(b->third_file), client = exec_open(b->client_file);
	bool is_root = kind == ROOT || kind == NS_ROOT;

	must_be(is_root ? 0 : 1, third);
	must_be(is_root ? 0 : 1, client);
	must_be(0, exec_open(b->server_file));
	/* this thread is not changed by it */
	must_be(-EACCES, try_open(b->third_file));
	back(b, self, kind);
	/* and it is no more than the server's own program may */
	must_be(exec_open(b->third_file), third);
	must_be(exec_open(b->client_file), client);
}

TEST_F(matrix, executes_what_is_the_servers_and_no_more)
{
	RUN(exec_as);
}

/* Gives up its user for good meanwhile: that stays given up. */
static void setresuid_as(struct board *b, struct lpc_self *self, enum server_kind kind)
{
	bool keeps = kind == SETIDS || kind == SETIDS_DAC;
	struct caps c;
	int ret;

	/* without an effective capability it cannot; with one it still holds */
	must_be(-1, setresuid(MARIA, MARIA, MARIA));
	c = caps_now();
	must_be(0, caps_to(CAP_BIT(CAP_SETUID), c.permitted));
	must_be(0, setresuid(MARIA, MARIA, MARIA));
	ret = lpc_revert(self);
	must_be(MARIA, geteuid());
	must_be(MARIA, fsuid_now());
	/* no saved credential brought root back */
	if (!keeps) {
		must_be(0, caps_now().permitted);
		must_be(-1, setresuid(0, 0, 0));
		must_be(0, ret == 0 || ret == -EPERM ? 0 : ret);
	} else {
		must_be(0, ret);
		must_be(0, caps_now().effective & ~c.permitted);
	}
	if (kind != SETIDS_DAC) {
		must_be(-EACCES, try_open(b->server_file));
		must_be(-EACCES, try_open(b->third_file));
	}
}

TEST_F(matrix, does_not_get_back_a_uid_that_it_gave_up)
{
	RUN(setresuid_as);
}

/* Nothing may be read from now on */
static int restrict_reading(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE,
	};
	int fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), ret;

	if (fd < 0)
		return -errno;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	ret = syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static void landlock_as(struct board *b, struct lpc_self *self, enum server_kind kind)
{
	must_be(0, restrict_reading());
	must_be(-EACCES, try_open(b->client_file));
	must_be(0, lpc_revert(self));
	must_be(caps_now().permitted, caps_now().effective);
	must_be(-EACCES, try_open(b->server_file));
	must_be(-EACCES, try_open(b->third_file));
}

TEST_F(matrix, does_not_get_out_of_a_sandbox_it_entered)
{
	int fd = syscall(SYS_landlock_create_ruleset, NULL, 0,
			 LANDLOCK_CREATE_RULESET_VERSION);

	if (fd < 0)
		SKIP(return, "this kernel has no Landlock");
	RUN(landlock_as);
}

TEST_HARNESS_MAIN
