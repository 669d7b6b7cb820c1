// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each pointer of each ioctl on memory that never answers, one at a time:
 * whoever owns the memory waits there alone. Meanwhile the other party
 * finishes, deadlines fire, and who waits for the victim can be killed.
 */
#include "beside.h"
#include "hostile_memory.h"

FIXTURE(hostile)
{
	struct rig r;
	struct gate stuck;
	struct gate ready;
	int se2;
	int ce2;
	pid_t daemon;
	pid_t victim;
};

FIXTURE_VARIANT(hostile)
{
	enum hostile_kind kind;
};

FIXTURE_VARIANT_ADD(hostile, userfaultfd) { .kind = UFFD, };
FIXTURE_VARIANT_ADD(hostile, fuse) { .kind = FUSE, };

FIXTURE_SETUP(hostile)
{
	const char *missing = hostile_missing(variant->kind);

	beside_begin(_metadata, variant);
	rig_none(&self->r);
	if (missing)
		SKIP(return, "%s", missing);
	gate_init(&self->stuck);
	gate_init(&self->ready);
	ASSERT_EQ(0, rig_open(&self->r, 0));
	ASSERT_EQ(0, add_link(&self->r, 2, 0, &self->se2, &self->ce2));
	if (variant->kind == FUSE) {
		ASSERT_EQ(0, unshare(CLONE_NEWNS));
		ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE,
				   NULL));
		self->daemon = fuse_start(&self->stuck);
		ASSERT_LT(0, self->daemon);
	}
}

FIXTURE_TEARDOWN(hostile)
{
	if (self->victim > 0)
		kill(self->victim, SIGKILL);
	if (self->daemon > 0)
		kill_reap(self->daemon);
	rig_close(&self->r);
}

/* The victim: gets the page, prepares, and then does the one ioctl. */
/* checkpatch: MACRO_WITH_FLOW_CONTROL: skips the test */
#define VICTIM()							\
	char *bad;							\
									\
	if (_metadata->skip)						\
		return;							\
	self->victim = fork_child();					\
	if (self->victim == 0)						\
		bad = hostile_page(variant->kind, &self->stuck);	\
	if (self->victim == 0)

#define BAD		((unsigned long)bad)
/* A message whose header can be read and whose payload cannot */
#define HALF		((struct lpc_msg *)(bad - sizeof(struct lpc_msg)))

/* The victim waits for a message, which will be put there */
/* checkpatch: COMPLEX_MACRO: VICTIM() declares and returns */
#define RECEIVES_OUT()							\
	VICTIM() {							\
		struct pkt __p;						\
									\
		recv_msg(&__p, 0, 0)->m.out = BAD;			\
		xctl(self->r.port, LPC_IOC_REPLY_RECV, &__p);		\
		_exit(1);						\
	}								\
	ASSERT_TRUE(until_waiting(self->r.port, 1))

/*
 * While the victim is stuck: everything else on this port works. Told apart
 * from what the victim may hold by its code.
 */
static int world_turns(struct rig *r, int se2, int ce2)
{
	struct lpc_port_info row;
	struct pkt c, s, k;
	struct actor a;
	int se, ce, port;
	pid_t pid;

	/* A round trip on another connection, whatever lies in the queue */
	msg(&c, 4711, 100)->m.deadline = ns_in(PATIENCE_MS);
	if (actor_start(&a, ce2, LPC_IOC_CALL, &c))
		return __LINE__;
	do {
		if (do_recv(r->port, &s))
			return __LINE__;
	} while (s.m.code != 4711);
	if (do_reply(se2, s.m.id, 4712, 100) || actor_end(&a) ||
	    !intact(&c, 4712, 100))
		return __LINE__;
	/* A deadline of an untaken call */
	msg(&c, 1, 8)->m.deadline = ns_in(SOON_MS);
	if (do_call(ce2, &c) != -ETIMEDOUT)
		return __LINE__;
	/* A new connection, a new port, looking at all of them */
	if (add_link(r, 3, 0, &se, &ce))
		return __LINE__;
	close(ce);
	close(se);
	port = create_port(r->dev, NULL, 0, 0, 0600);
	if (port < 0)
		return __LINE__;
	close(port);
	if (query_name(r->name, &row, NO_WAIT) ||
	    list_all(LPC_WHAT_PORT, 0, &row, sizeof(row), 1, NULL) < 1)
		return __LINE__;
	/* A caller that waits can be killed */
	pid = fork_child();
	if (pid == 0) {
		do_call(ce2, msg(&k, 4713, 8));
		_exit(1);
	}
	if (!UNTIL(in_ioctl(pid, LPC_IOC_CALL)) ||
	    kill_reap(pid) != 128 + SIGKILL)
		return __LINE__;
	return 0;
}

#define STUCK()		gate_wait(&self->stuck)

#define WORLD_TURNS()							\
	EXPECT_EQ(0, world_turns(&self->r, self->se2, self->ce2))

/* The victim leaves: at once from userfaultfd, with its daemon from FUSE. */
#define VICTIM_ENDS() do {						\
	EXPECT_EQ(0, waitpid(self->victim, NULL, WNOHANG));		\
	EXPECT_EQ(0, kill(self->victim, SIGKILL));			\
	if (self->daemon > 0) {						\
		kill_reap(self->daemon);				\
		self->daemon = 0;					\
	}								\
	EXPECT_EQ(128 + SIGKILL, reap(self->victim));			\
	self->victim = 0;						\
} while (0)

/* An ioctl of the victim's that is stuck in it and changes nothing else */
#define ALONE() do {							\
	STUCK();							\
	WORLD_TURNS();							\
	VICTIM_ENDS();							\
	EXPECT_TRUE(port_balanced(self->r.port));			\
} while (0)

/* ------------------------------------------------------ the argument itself */

/* checkpatch: COMPLEX_MACRO: a whole test */
#define ARGUMENT(name, fd, cmd)						\
TEST_F(hostile, name##_argument)					\
{									\
	VICTIM() {							\
		xctl(fd, cmd, bad);					\
		_exit(1);						\
	}								\
	ALONE();							\
}

ARGUMENT(info, self->r.dev, LPC_IOC_INFO)
ARGUMENT(create, self->r.dev, LPC_IOC_CREATE)
ARGUMENT(connect, self->r.dev, LPC_IOC_CONNECT)
ARGUMENT(list, self->r.dev, LPC_IOC_LIST)
ARGUMENT(section, self->r.dev, LPC_IOC_SECTION)
ARGUMENT(query_by_name, self->r.dev, LPC_IOC_QUERY)
ARGUMENT(send, self->r.ce, LPC_IOC_SEND)
ARGUMENT(call, self->r.ce, LPC_IOC_CALL)
ARGUMENT(call_data, self->r.ce, LPC_IOC_CALL_DATA)
ARGUMENT(data, self->r.port, LPC_IOC_DATA)
ARGUMENT(reply_recv, self->r.port, LPC_IOC_REPLY_RECV)
ARGUMENT(reply_wait, self->r.ce, LPC_IOC_REPLY_WAIT)
ARGUMENT(cancel, self->r.ce, LPC_IOC_CANCEL)
ARGUMENT(shutdown, self->r.se, LPC_IOC_SHUTDOWN)
ARGUMENT(query, self->r.port, LPC_IOC_QUERY)
ARGUMENT(watch_thread, self->r.ce, LPC_IOC_WATCH_THREAD)
ARGUMENT(accept, self->r.port, LPC_IOC_ACCEPT)
ARGUMENT(complete, self->r.se, LPC_IOC_COMPLETE)

/* ------------------------------------------------------------ names, answers */

TEST_F(hostile, create_name)
{
	VICTIM() {
		struct lpc_create c = { .name = BAD, .name_len = 9 };

		xctl(self->r.dev, LPC_IOC_CREATE, &c);
		_exit(1);
	}
	ALONE();
}

TEST_F(hostile, connect_name)
{
	VICTIM() {
		struct lpc_connect c = { .name = BAD, .name_len = 9 };

		xctl(self->r.dev, LPC_IOC_CONNECT, &c);
		_exit(1);
	}
	ALONE();
}

TEST_F(hostile, connect_data)
{
	VICTIM() {
		struct lpc_connect c = {
			.name = (unsigned long)self->r.name,
			.name_len = strlen(self->r.name),
			.data = BAD,
			.data_len = 100,
		};

		xctl(self->r.dev, LPC_IOC_CONNECT, &c);
		_exit(1);
	}
	STUCK();
	EXPECT_EQ(0, port_info(self->r.port).pending);
	WORLD_TURNS();
	VICTIM_ENDS();
}

TEST_F(hostile, connect_answer)
{
	char data[100] = "hello";
	struct lpc_accept a = {
		.context = 9,
		.data = (unsigned long)data,
		.data_len = sizeof(data),
	};
	struct pkt p;

	VICTIM() {
		struct lpc_connect c = {
			.name = (unsigned long)self->r.name,
			.name_len = strlen(self->r.name),
			.answer = BAD,
			.answer_room = 200,
		};

		xctl(self->r.dev, LPC_IOC_CONNECT, &c);
		_exit(1);
	}
	ASSERT_EQ(0, recv_listen(self->r.port, &p));
	a.id = p.m.id;
	ASSERT_EQ(0, xctl(self->r.port, LPC_IOC_ACCEPT, &a));
	EXPECT_EQ(0, do_complete(a.fd));
	STUCK();
	WORLD_TURNS();
	VICTIM_ENDS();
	close(a.fd);
}

TEST_F(hostile, query_name)
{
	VICTIM() {
		struct lpc_query q = {
			.what = LPC_WHAT_PORT,
			.name = BAD,
			.name_len = 9,
		};

		xctl(self->r.dev, LPC_IOC_QUERY, &q);
		_exit(1);
	}
	ALONE();
}

TEST_F(hostile, query_out)
{
	VICTIM() {
		struct lpc_query q = {
			.what = LPC_WHAT_PORT,
			.out = BAD,
			.size = sizeof(struct lpc_port_info),
		};

		xctl(self->r.port, LPC_IOC_QUERY, &q);
		_exit(1);
	}
	ALONE();
}

TEST_F(hostile, list_out)
{
	VICTIM() {
		struct lpc_list l = {
			.what = LPC_WHAT_PORT,
			.out = BAD,
			.size = sizeof(struct lpc_port_info),
			.count = 4,
		};

		xctl(self->r.dev, LPC_IOC_LIST, &l);
		_exit(1);
	}
	ALONE();
}

/* ------------------------------------------------------------- the handshake */

TEST_F(hostile, accept_data_while_the_clients_deadline_runs)
{
	struct lpc_connect c = { 0 };
	struct actor a;

	VICTIM() {
		struct lpc_accept acc = { .data = BAD, .data_len = 100 };
		struct pkt p;

		must_be(0, recv_listen(self->r.port, &p));
		acc.id = p.m.id;
		gate_post(&self->ready, 1);
		xctl(self->r.port, LPC_IOC_ACCEPT, &acc);
		_exit(1);
	}
	c.name = (unsigned long)self->r.name;
	c.name_len = strlen(self->r.name);
	c.deadline = ns_in(4000);
	ASSERT_EQ(0, actor_start(&a, self->r.dev, LPC_IOC_CONNECT, &c));
	gate_wait(&self->ready);
	STUCK();
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	EXPECT_NE(0, c.status & LPC_WAS_TAKEN);
	WORLD_TURNS();
	VICTIM_ENDS();
}

/* --------------------------------------------------------------- sent messages */

TEST_F(hostile, send_payload)
{
	VICTIM() {
		HALF->len = 200;
		xctl(self->r.ce, LPC_IOC_SEND, HALF);
		_exit(1);
	}
	STUCK();
	EXPECT_EQ(0, queued(self->r.port));
	WORLD_TURNS();
	VICTIM_ENDS();
}

TEST_F(hostile, call_payload)
{
	VICTIM() {
		HALF->len = 200;
		HALF->room = LPC_INLINE_MAX;
		xctl(self->r.ce, LPC_IOC_CALL, HALF);
		_exit(1);
	}
	STUCK();
	EXPECT_EQ(0, queued(self->r.port));
	EXPECT_EQ(0, calls_now(self->r.port));
	WORLD_TURNS();
	VICTIM_ENDS();
}

TEST_F(hostile, call_buffers)
{
	VICTIM() {
		struct lpc_call_data c = {
			.msg.room = LPC_INLINE_MAX, .buffers = BAD, .count = 3,
		};

		xctl(self->r.ce, LPC_IOC_CALL_DATA, &c);
		_exit(1);
	}
	STUCK();
	EXPECT_EQ(0, queued(self->r.port));
	EXPECT_EQ(0, calls_now(self->r.port));
	WORLD_TURNS();
	VICTIM_ENDS();
}

TEST_F(hostile, reply_payload_while_the_callers_deadline_runs)
{
	struct actor a;
	struct pkt c;

	VICTIM() {
		struct pkt p;

		must_be(0, do_recv(self->r.port, &p));
		HALF->id = p.m.id;
		HALF->len = 200;
		HALF->flags = LPC_WITH_REPLY;
		xctl(self->r.port, LPC_IOC_REPLY_RECV, HALF);
		_exit(1);
	}
	msg(&c, 1, 8)->m.deadline = ns_in(4000);
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &c));
	STUCK();
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	EXPECT_NE(0, c.m.status & LPC_WAS_TAKEN);
	WORLD_TURNS();
	VICTIM_ENDS();
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(hostile, reply_payload_and_another_thread_answers)
{
	struct pkt c, s;
	__u64 id;

	VICTIM() {
		struct pkt p;

		must_be(0, do_recv(self->r.port, &p));
		gate_post(&self->ready, p.m.id);
		HALF->id = p.m.id;
		HALF->len = 200;
		HALF->flags = LPC_WITH_REPLY;
		xctl(self->r.port, LPC_IOC_REPLY_RECV, HALF);
		_exit(1);
	}
	ASSERT_EQ(0, call_async(self->r.ce, &c, 1, 8));
	id = gate_wait(&self->ready);
	STUCK();
	EXPECT_EQ(0, do_reply(self->r.port, id, 2, 20));
	ASSERT_EQ(0, do_recv(self->r.ce, &s));
	EXPECT_TRUE(intact(&s, 2, 20));
	WORLD_TURNS();
	VICTIM_ENDS();
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &s));
}

/* ----------------------------------------------------------- received messages */

TEST_F(hostile, reply_out_lets_the_replier_finish)
{
	struct pkt p;

	VICTIM() {
		msg(&p, 1, 8)->m.out = BAD;
		do_call(self->r.ce, &p);
		_exit(1);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 2, 200));
	STUCK();
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, p.m.id, 2, 200));
	WORLD_TURNS();
	VICTIM_ENDS();
	EXPECT_EQ(2, port_info(self->r.port).counters.replied);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(hostile, receive_out_gives_the_message_back)
{
	struct lpc_call_info row = { 0 };
	struct pkt c, p;

	RECEIVES_OUT();
	ASSERT_EQ(0, call_async(self->r.ce, &c, 6, 66));
	STUCK();
	EXPECT_EQ(1, list_calls(port_serial(self->r.port), &row, 1));
	EXPECT_EQ(c.m.id, row.id);
	EXPECT_EQ(LPC_CALL_HANDED, row.state);
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, c.m.id, 2, 20));
	WORLD_TURNS();
	VICTIM_ENDS();
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(c.m.id, p.m.id);
	EXPECT_TRUE(intact(&p, 6, 66));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 7, 77));
	ASSERT_EQ(0, do_recv(self->r.ce, &p));
	EXPECT_TRUE(intact(&p, 7, 77));
}

TEST_F(hostile, receive_payload_out_gives_the_message_back)
{
	struct pkt c, p;

	VICTIM() {
		recv_msg(&p, 0, 0)->m.out = (unsigned long)HALF;
		xctl(self->r.port, LPC_IOC_REPLY_RECV, &p);
		_exit(1);
	}
	ASSERT_TRUE(until_waiting(self->r.port, 1));
	ASSERT_EQ(0, call_async(self->r.ce, &c, 6, 66));
	STUCK();
	WORLD_TURNS();
	VICTIM_ENDS();
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(c.m.id, p.m.id);
	EXPECT_TRUE(intact(&p, 6, 66));
}

TEST_F(hostile, receive_out_and_the_callers_deadline_fires)
{
	struct pkt c, p;

	RECEIVES_OUT();
	msg(&c, 1, 8)->m.deadline = ns_in(2000);
	EXPECT_EQ(-ETIMEDOUT, do_call(self->r.ce, &c));
	STUCK();
	WORLD_TURNS();
	VICTIM_ENDS();
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(hostile, receive_out_and_the_caller_is_killed)
{
	struct pkt p;
	pid_t pid;

	RECEIVES_OUT();
	pid = fork_child();
	if (pid == 0) {
		do_call(self->r.ce, msg(&p, 1, 8));
		_exit(1);
	}
	STUCK();
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	WORLD_TURNS();
	VICTIM_ENDS();
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_TRUE(port_balanced(self->r.port));
}

static struct gate handled;

static void say_handled(int sig)
{
	(void)sig;
	gate_post(&handled, 1);
}

/*
 * The first signal comes while the message is lent, so its caller is told that it
 * is open and comes back to it; the second when it is queued again.
 */
TEST_F(hostile, receive_out_and_the_caller_is_interrupted_twice)
{
	struct pkt p;
	pid_t pid;
	int i;

	gate_init(&handled);
	RECEIVES_OUT();
	pid = fork_child();
	if (pid == 0) {
		signal(SIGUSR1, say_handled);
		must_be(0, do_call(self->r.ce, msg(&p, 1, 8)));
		must(intact(&p, 7, 77));
		_exit(0);
	}
	STUCK();
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(until_ioctl(pid, LPC_IOC_CALL));
		ASSERT_EQ(0, kill(pid, SIGUSR1));
		gate_wait(&handled);
		ASSERT_TRUE(until_ioctl(pid, LPC_IOC_CALL));
		if (!i)
			VICTIM_ENDS();
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 8));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 7, 77));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_TRUE(port_balanced(self->r.port));
	gate_destroy(&handled);
}

TEST_F(hostile, callback_out_and_the_callbacks_deadline_fires)
{
	struct pkt p, cb;

	VICTIM() {
		msg(&p, 1, 8)->m.out = BAD;
		do_call(self->r.ce, &p);
		_exit(1);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	callback_msg(&cb, p.m.id, 0, 3, 30)->m.deadline = ns_in(2000);
	EXPECT_EQ(-ETIMEDOUT, do_call(self->r.se, &cb));
	STUCK();
	WORLD_TURNS();
	VICTIM_ENDS();
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(hostile, reply_wait_payload_and_out)
{
	struct pkt p, cb;
	struct actor a;

	VICTIM() {
		must_be(0, do_call(self->r.ce, msg(&p, 1, 8)));
		HALF->id = p.m.id;
		HALF->callback = p.m.callback;
		HALF->flags = LPC_WITH_REPLY;
		HALF->len = 100;
		HALF->room = LPC_INLINE_MAX;
		xctl(self->r.ce, LPC_IOC_REPLY_WAIT, HALF);
		_exit(1);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	callback_msg(&cb, p.m.id, 0, 3, 30)->m.deadline = ns_in(4000);
	ASSERT_EQ(0, actor_start(&a, self->r.se, LPC_IOC_CALL, &cb));
	STUCK();
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	WORLD_TURNS();
	VICTIM_ENDS();
	/* The kernel learns of the thread's end a moment after its parent. */
	EXPECT_TRUE(UNTIL(calls_now(self->r.port) == 0));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, p.m.id, 2, 20));
}

SIDE_BY_SIDE(6)
