// SPDX-License-Identifier: GPL-2.0-only
/*
 * impersonate_lib.c - lpc_impersonate() in handlers: whose thread it is, and that
 * a server is itself again for the next client.
 */
#include "common_security.h"

#include <lpc.h>

enum {
	OPEN = 1,	/* impersonates, opens the file whose path comes, reverts */
	FORGET,		/* impersonates, and leaves it at that */
	TWICE,		/* does it twice, and from another thread */
	DROP,		/* gives up its own uid meanwhile */
	KEEP,		/* keeps the request for another thread */
	WHO,		/* says what the thread is */
};

/* What WHO replies, and what the other codes leave */
struct who {
	uid_t fsuid;
	gid_t fsgid;
	int groups;
	uint64_t effective;
};

struct board {
	struct lpc_req *_Atomic kept;
	atomic_int result, beside, handled;
};

FIXTURE(lib) {
	char name[NAME_ROOM], path[64];
	struct board *b;
	struct lpc_server *s;
	pthread_t thread;
	int ran;
	bool runs;
};

static struct who who_now(void)
{
	return (struct who){
		.fsuid = fsuid_now(), .fsgid = fsgid_now(),
		.groups = getgroups(0, NULL), .effective = caps_now().effective,
	};
}

static void *revert_beside(void *arg)
{
	return (void *)(long)lpc_revert(arg);
}

static int twice(struct lpc_req *r, struct board *b)
{
	struct lpc_self *self, *again = NULL;
	int ret = lpc_impersonate(r, &self);
	pthread_t t;
	void *other;

	if (ret < 0)
		return ret;
	if (lpc_impersonate(r, &again) != -EBUSY || again)
		b->beside++;
	if (pthread_create(&t, NULL, revert_beside, self))
		return -EAGAIN;
	pthread_join(t, &other);
	b->beside += (long)other != -EINVAL;
	b->beside += fsuid_now() != r->cred.uid;
	return lpc_revert(self);
}

/* The calls of the C library would change all threads of the server. */
static int drop(struct lpc_req *r)
{
	struct lpc_self *self;
	int ret = lpc_impersonate(r, &self);

	if (ret < 0)
		return ret;
	caps_to(CAP_BIT(CAP_SETUID), caps_now().permitted);
	return syscall(SYS_setresuid, MARIA, MARIA, MARIA) < 0 ? -errno : 0;
}

static int handler(struct lpc_req *r, void *arg)
{
	struct board *b = arg;
	struct lpc_self *self;
	struct who who;
	char path[64];
	int ret;

	b->handled++;
	switch (r->code) {
	case OPEN:
		memcpy(path, r->data, r->len);
		path[r->len] = 0;
		ret = lpc_impersonate(r, &self);
		if (ret < 0)
			return ret;
		ret = try_open(path);
		if (lpc_revert(self))
			return -EPROTO;
		return ret;
	case FORGET:
		ret = lpc_impersonate(r, &self);
		if (ret < 0)
			return ret;
		who = who_now();
		return lpc_reply(r, 0, &who, sizeof(who));
	case TWICE:
		return twice(r, b);
	case DROP:
		return drop(r);
	case KEEP:
		b->kept = lpc_req_keep(r);
		return b->kept ? 0 : -ENOMEM;
	case WHO:
		who = who_now();
		return lpc_reply(r, 0, &who, sizeof(who));
	}
	if (r->flags & LPC_REQ_DATAGRAM)
		b->result = lpc_impersonate(r, &self);
	return 0;
}

static void *run(void *arg)
{
	struct _test_data_lib *self = arg;

	self->ran = lpc_server_run(self->s);
	return NULL;
}

FIXTURE_SETUP(lib)
{
	struct lpc_port_opts po = { .size = sizeof(po), .mode = 0666 };
	struct lpc_server_opts so = { .size = sizeof(so) };
	struct lpc_port *p;

	others_may();
	self->b = mmap(NULL, sizeof(*self->b), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->b);
	snprintf(self->path, sizeof(self->path), "/tmp/lib.%d", getpid());
	mkdir("/tmp", 01777);
	ASSERT_EQ(0, private_file(self->path, MARIA));
	ASSERT_EQ(0, lpc_port_open(&p, unique_name(self->name), &po));
	so.flags = LPC_SERVE_QUICK;
	ASSERT_EQ(0, lpc_server_new(&self->s, p, handler, self->b, &so));
	self->runs = !pthread_create(&self->thread, NULL, run, self);
	ASSERT_TRUE(self->runs);
}

FIXTURE_TEARDOWN(lib)
{
	lpc_server_stop(self->s, 0);
	if (self->runs)
		pthread_join(self->thread, NULL);
	lpc_server_free(self->s);
	unlink(self->path);
	munmap(self->b, sizeof(*self->b));
}

/* As @uid, a connection that lets the server act for it */
static struct lpc_conn *join(const char *name, uid_t uid, uint64_t flags)
{
	struct lpc_connect_opts o = { .size = sizeof(o), .flags = flags };
	struct lpc_conn *c;

	must_be(0, become(uid));
	must_be(0, lpc_connect(&c, name, &o));
	return c;
}

/* The status, or what lpc_call() says */
static int ask(struct lpc_conn *c, uint32_t code, const char *text, struct who *who,
	       uint64_t flags)
{
	int32_t status = 0;
	struct lpc_call_opts o = {
		.size = sizeof(o), .flags = flags, .status = &status,
		.deadline = lpc_in_ms(LONG),
	};
	ssize_t n = lpc_call(c, code, text, text ? strlen(text) : 0, who,
			     who ? sizeof(*who) : 0, &o);

	return n < 0 ? n : status;
}

TEST_F(lib, a_handler_opens_what_its_client_may_and_no_more)
{
	pid_t pid;

	pid = fork_child();
	if (pid == 0) {
		struct lpc_conn *c = join(self->name, MARIA, LPC_LET_IMPERSONATE);

		must_be(0, ask(c, OPEN, self->path, NULL, 0));
		must_be(-EACCES, ask(c, OPEN, self->path, NULL, LPC_CALL_NOT_FOR_ME));
		must_be(0, ask(c, OPEN, self->path, NULL, LPC_CALL_FOR_ME));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	pid = fork_child();
	if (pid == 0) {
		struct lpc_conn *c = join(self->name, BOB, LPC_LET_IMPERSONATE |
					  LPC_LET_DYNAMIC);

		must_be(-EACCES, ask(c, OPEN, self->path, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	pid = fork_child();
	if (pid == 0) {
		struct lpc_conn *c = join(self->name, MARIA, 0);

		/* it did not allow it */
		must_be(-EACCES, ask(c, OPEN, self->path, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(lib, what_a_handler_forgets_is_reverted_before_the_next_client)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_conn *c = join(self->name, MARIA, LPC_LET_IMPERSONATE);
		struct who who;
		int i;

		for (i = 0; i < 3; i++) {
			must_be(0, ask(c, FORGET, NULL, &who, 0));
			must_be(MARIA, who.fsuid);
			must_be(MARIA, who.fsgid);
			must_be(0, who.groups);
			must_be(0, who.effective);
			/* the only thread there is */
			must_be(0, ask(c, WHO, NULL, &who, 0));
			must_be(0, who.fsuid);
			must_be(0, who.fsgid);
			must(who.effective & CAP_BIT(CAP_DAC_OVERRIDE));
		}
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	/* and this one never was anybody else */
	EXPECT_EQ(0, fsuid_now());
	EXPECT_NE(0, caps_now().effective);
}

TEST_F(lib, once_at_a_time_and_back_on_the_same_thread)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_conn *c = join(self->name, MARIA, LPC_LET_IMPERSONATE);

		must_be(0, ask(c, TWICE, NULL, NULL, 0));
		must_be(0, ask(c, TWICE, NULL, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, self->b->beside);
}

TEST_F(lib, a_thread_that_cannot_come_back_ends_the_server)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_conn *c = join(self->name, MARIA, LPC_LET_IMPERSONATE);

		/* its answer still goes out; nothing else is received */
		must_be(0, ask(c, DROP, NULL, NULL, 0));
		pause();
		_exit(0);
	}
	pthread_join(self->thread, NULL);
	self->runs = false;
	EXPECT_EQ(-EPERM, self->ran);
	EXPECT_EQ(1, self->b->handled);
	kill_reap(pid);
}

TEST_F(lib, a_kept_request_serves_another_thread)
{
	struct lpc_self *me = NULL;
	struct lpc_req *r;
	pid_t pid;

	pid = fork_child();
	if (pid == 0) {
		struct lpc_conn *c = join(self->name, MARIA, LPC_LET_IMPERSONATE);

		must_be(0, ask(c, KEEP, NULL, NULL, 0));
		_exit(0);
	}
	ASSERT_TRUE(UNTIL(self->b->kept));
	r = self->b->kept;
	ASSERT_EQ(0, lpc_impersonate(r, &me));
	EXPECT_EQ(MARIA, fsuid_now());
	EXPECT_EQ(0, try_open(self->path));
	EXPECT_EQ(0, lpc_reply(r, 0, NULL, 0));
	/* its answer does not change that: this thread's is the library's not */
	EXPECT_EQ(MARIA, fsuid_now());
	EXPECT_EQ(0, lpc_revert(me));
	EXPECT_EQ(0, fsuid_now());
	EXPECT_EQ(0, lpc_revert(NULL));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(lib, what_has_no_waiting_caller_cannot_be_acted_for)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpc_conn *c = join(self->name, MARIA, LPC_LET_IMPERSONATE);
		struct lpc_quick *q;
		struct who who;

		must_be(0, lpc_send(c, 77, NULL, 0, 0));
		must_be(0, ask(c, WHO, NULL, &who, 0));
		must_be(0, lpc_quick_open(&q, c, NULL));
		must_be(-EREMOTEIO, lpc_quick_call(q, OPEN, self->path,
						   strlen(self->path), NULL, 0, NULL));
		must_be(-EINVAL, lpc_call_async(c, WHO, NULL, 0, (lpc_done_fn *)1, NULL,
						&(struct lpc_call_opts){
			.size = sizeof(struct lpc_call_opts), .flags = LPC_CALL_FOR_ME,
		}));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-EOPNOTSUPP, self->b->result);
}

TEST_F(lib, options_that_contradict_each_other_are_refused)
{
	static const uint64_t bad[] = {
		LPC_LET_DYNAMIC, LPC_LET_ANONYMOUS | LPC_LET_IMPERSONATE,
		LPC_LET_ANONYMOUS | LPC_LET_DYNAMIC, 256,
	};
	struct lpc_connect_opts o = { .size = sizeof(o) };
	struct lpc_module m = { .size = sizeof(m) };
	struct lpc_conn *c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		o.flags = bad[i];
		EXPECT_EQ(-EINVAL, lpc_connect(&c, self->name, &o));
	}
	o.flags = LPC_LET_ANONYMOUS;
	EXPECT_EQ(0, lpc_connect(&c, self->name, &o));
	lpc_conn_close(c);
	EXPECT_EQ(0, lpc_info(&m));
	EXPECT_NE(0, m.features & LPC_CAN_IMPERSONATE);
}

TEST_F(lib, a_pair_has_no_end_to_act_over)
{
	struct lpc_server *s;
	struct lpc_port *p;
	struct lpc_conn *c;
	int fd, i;

	ASSERT_EQ(0, lpc_pair(&p, &fd, NULL));
	ASSERT_EQ(0, lpc_server_new(&s, p, handler, self->b, NULL));
	ASSERT_EQ(0, lpc_conn_take(&c, fd, NULL));
	pid_t pid = fork_child();

	if (pid == 0) {
		struct lpcbuf b;

		must_be(0, become(MARIA));
		must_be(0, msg_call(fd, FORGET, NULL, 0, &b, LONG));
		must_be(-EOPNOTSUPP, (int)b.m.code);
		_exit(0);
	}
	for (i = 0; !self->b->handled && i < 20000; i++) {
		ASSERT_LE(0, lpc_server_step(s));
		nap();
	}
	EXPECT_EQ(0, reap(pid));
	lpc_conn_close(c);
	lpc_server_free(s);
}

TEST_HARNESS_MAIN
