// SPDX-License-Identifier: GPL-2.0-only
/*
 * liblpc's server and the client that goes with it: handlers, answers kept
 * for later, who is told of the end of a client, and stopping.
 */
#include "common_call.h"

#include <lpc.h>

enum {
	ECHO_CODE = 1,
	FAIL_CODE,
	KEEP_CODE,
	SLOW_CODE,
	BACK_CODE,
	CANCEL_CODE,
};

/* What the handlers count; shared with a server in another process. */
struct tally {
	atomic_int inside;	/* handlers that run now */
	atomic_int begun;
	atomic_int most;	/* at one time */
	atomic_int release;	/* slow handlers may end */
	atomic_int connects;
	atomic_int gone;
	atomic_int gone_early;	/* on_gone() with a handler or a kept request */
	atomic_int datagrams;
	atomic_int canceled;
	atomic_int running[256];/* by client */
	atomic_int gone_of[256];
	struct lpc_req *_Atomic kept;
	pthread_mutex_t lock;	/* of what follows; zero is unlocked */
	struct last {
		struct lpc_cred cred;
		__u64 client_id;
		size_t len;
		char data[300];
	} last;			/* the request seen last */
};

#ifdef __SANITIZE_THREAD__
/* The harness forks before any thread is there. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif

/*
 * What a thread of the server saw. A reply orders it before what the caller
 * does next, but through the kernel, where ThreadSanitizer does not look.
 */
static void see(struct tally *t, const struct lpc_req *r)
{
	pthread_mutex_lock(&t->lock);
	t->last.cred = r->cred;
	t->last.client_id = r->client_id;
	t->last.len = r->len;
	memcpy(t->last.data, r->data,
	       r->len < sizeof(t->last.data) ? r->len : 0);
	pthread_mutex_unlock(&t->lock);
}

static struct last seen(struct tally *t)
{
	struct last last;

	pthread_mutex_lock(&t->lock);
	last = t->last;
	pthread_mutex_unlock(&t->lock);
	return last;
}

FIXTURE(server)
{
	char name[NAME_ROOM];
	struct tally *t;
	struct lpc_server *s;
	struct lpc_conn *c;
	pthread_t thread;
	int ret;
	bool runs;
};

/* The client's number, 1 .., is what on_connect() leaves. */
static int slot(void *client)
{
	return (int)(long)client & 255;
}

static int back_handler(struct lpc_req *r)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	char text[16];
	__s32 status = 0;
	ssize_t len;

	o.status = &status;
	len = lpc_callback(r, 77, "who?", 4, text, sizeof(text), &o);
	if (len < 0)
		return len;
	if (status)
		return status;
	return lpc_reply(r, 0, text, len);
}

static int handler(struct lpc_req *r, void *arg)
{
	struct tally *t = arg;
	int now, most, ret = 0;

	if (r->flags & LPC_REQ_DATAGRAM) {
		t->datagrams++;
		return 0;
	}
	t->begun++;
	t->running[slot(r->client)]++;
	now = ++t->inside;
	most = t->most;
	while (now > most && !atomic_compare_exchange_weak(&t->most, &most,
							   now))
		;
	see(t, r);
	switch (r->code) {
	case ECHO_CODE:
		ret = lpc_reply(r, 0, r->data, r->len);
		break;
	case FAIL_CODE:
		ret = -ENOENT;
		break;
	case KEEP_CODE:
		/* Still running for this client until it is answered. */
		t->kept = lpc_req_keep(r);
		t->inside--;
		return t->kept ? 0 : -ENOMEM;
	case SLOW_CODE:
		while (!t->release)
			nap();
		ret = lpc_reply(r, 0, r->data, r->len);
		break;
	case BACK_CODE:
		ret = back_handler(r);
		break;
	case CANCEL_CODE:
		while (!lpc_req_canceled(r))
			nap();
		t->canceled++;
		break;
	default:
		ret = -EINVAL;
	}
	t->inside--;
	t->running[slot(r->client)]--;
	return ret;
}

static int on_connect(struct lpc_req *r, void **client, void *arg)
{
	struct tally *t = arg;
	int n;

	see(t, r);
	if (r->len == 2 && !memcmp(r->data, "no", 2)) {
		lpc_reply(r, 0, "go away", 7);
		return -EACCES;
	}
	n = ++t->connects;
	*client = (void *)(long)n;
	return lpc_reply(r, 0, "welcome", 7);
}

static void on_gone(void *client, void *arg)
{
	struct tally *t = arg;

	if (t->running[slot(client)])
		t->gone_early++;
	t->gone_of[slot(client)]++;
	t->gone++;
}

static int server_make(struct lpc_server **s, const char *name,
		       struct tally *t, int threads, __u64 flags)
{
	struct lpc_port_opts po = { .size = sizeof(po) };
	struct lpc_server_opts so = { .size = sizeof(so) };
	struct lpc_port *p;
	int ret;

	po.mode = 0666;
	po.flags = flags;
	so.threads = threads;
	so.on_connect = on_connect;
	so.on_gone = on_gone;
	ret = lpc_port_open(&p, name, &po);
	if (ret < 0)
		return ret;
	ret = lpc_server_new(s, p, handler, t, &so);
	if (ret < 0)
		lpc_port_close(p);
	return ret;
}

static void *run_main(void *arg)
{
	struct _test_data_server *f = arg;

	f->ret = lpc_server_run(f->s);
	return NULL;
}

static int serve(struct _test_data_server *f, int threads, __u64 flags)
{
	int ret = server_make(&f->s, f->name, f->t, threads, flags);

	if (ret < 0)
		return ret;
	f->runs = !pthread_create(&f->thread, NULL, run_main, f);
	return f->runs ? lpc_connect(&f->c, f->name, NULL) : -EAGAIN;
}

static int stop(struct _test_data_server *f, __u64 drain)
{
	lpc_server_stop(f->s, drain);
	pthread_join(f->thread, NULL);
	f->runs = false;
	return f->ret;
}

FIXTURE_SETUP(server)
{
	unique_name(self->name);
	self->t = mmap(NULL, sizeof(*self->t), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

FIXTURE_TEARDOWN(server)
{
	self->t->release = 1;
	lpc_conn_close(self->c);
	if (self->runs)
		stop(self, 0);
	lpc_server_free(self->s);
}

static ssize_t call(struct lpc_conn *c, __u32 code, const char *text,
		    char *rep, __s32 *status)
{
	struct lpc_call_opts o = { .size = sizeof(o) };

	o.status = status;
	return lpc_call(c, code, text, strlen(text), rep, LPC_INLINE_MAX, &o);
}

TEST_F(server, a_call_is_answered_by_its_handler)
{
	char rep[304];

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(5, call(self->c, ECHO_CODE, "hello", rep, NULL));
	EXPECT_EQ(0, memcmp(rep, "hello", 5));
	EXPECT_EQ(getpid(), seen(self->t).cred.pid);
	EXPECT_EQ(geteuid(), seen(self->t).cred.uid);
	EXPECT_EQ(0, call(self->c, ECHO_CODE, "", rep, NULL));
}

TEST_F(server, a_handlers_errno_becomes_the_callers_status)
{
	__s32 status = 0;
	char rep[304];

	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(-EREMOTEIO, call(self->c, FAIL_CODE, "x", rep, NULL));
	EXPECT_EQ(0, call(self->c, FAIL_CODE, "x", rep, &status));
	EXPECT_EQ(-ENOENT, status);
}

TEST_F(server, connect_data_arrives_and_the_answer_comes_back)
{
	struct lpc_connect_opts o = { .size = sizeof(o) };
	struct lpc_conn *c;
	char answer[16];
	size_t len = sizeof(answer);

	ASSERT_EQ(0, serve(self, 1, 0));
	o.data = "let me in";
	o.len = 9;
	o.answer = answer;
	o.answer_len = &len;
	ASSERT_EQ(0, lpc_connect(&c, self->name, &o));
	EXPECT_EQ(9, seen(self->t).len);
	EXPECT_EQ(0, memcmp(seen(self->t).data, "let me in", 9));
	EXPECT_EQ(7, len);
	EXPECT_EQ(0, memcmp(answer, "welcome", 7));
	lpc_conn_close(c);
}

TEST_F(server, a_refused_client_gets_the_data_that_says_why)
{
	struct lpc_connect_opts o = { .size = sizeof(o) };
	struct lpc_conn *c;
	char answer[16];
	size_t len = sizeof(answer);

	ASSERT_EQ(0, serve(self, 1, 0));
	o.data = "no";
	o.len = 2;
	o.answer = answer;
	o.answer_len = &len;
	EXPECT_EQ(-ECONNREFUSED, lpc_connect(&c, self->name, &o));
	EXPECT_EQ(7, len);
	EXPECT_EQ(0, memcmp(answer, "go away", 7));
	EXPECT_EQ(0, self->t->gone);
}

struct one_call {
	pthread_t thread;
	struct lpc_conn *c;
	__u32 code;
	char rep[304];
	ssize_t ret;
	int taken;
	__u64 deadline;
};

static void *one_call_main(void *arg)
{
	struct one_call *o = arg;
	struct lpc_call_opts co = { .size = sizeof(co) };

	co.taken = &o->taken;
	co.deadline = o->deadline;
	o->ret = lpc_call(o->c, o->code, "text", 4, o->rep, sizeof(o->rep),
			  &co);
	return NULL;
}

static int one_call_start(struct one_call *o, struct lpc_conn *c,
			  __u32 code)
{
	o->c = c;
	o->code = code;
	return -pthread_create(&o->thread, NULL, one_call_main, o);
}

TEST_F(server, a_kept_request_is_answered_later_by_another_thread)
{
	struct one_call o = { 0 };
	char rep[304];

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, one_call_start(&o, self->c, KEEP_CODE));
	ASSERT_TRUE(UNTIL(self->t->kept));
	/* The server's one thread goes on meanwhile. */
	EXPECT_EQ(2, call(self->c, ECHO_CODE, "ab", rep, NULL));
	EXPECT_EQ(0, memcmp(self->t->kept->data, "text", 4));
	EXPECT_EQ(0, lpc_reply(self->t->kept, 0, "later", 5));
	pthread_join(o.thread, NULL);
	EXPECT_EQ(5, o.ret);
	EXPECT_EQ(0, memcmp(o.rep, "later", 5));
	self->t->running[1]--;
}

TEST_F(server, its_threads_work_at_the_same_time)
{
	struct one_call o[4] = { 0 };
	int i;

	ASSERT_EQ(0, serve(self, 4, 0));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, one_call_start(&o[i], self->c, SLOW_CODE));
	EXPECT_TRUE(UNTIL(self->t->inside == 4));
	self->t->release = 1;
	for (i = 0; i < 4; i++) {
		pthread_join(o[i].thread, NULL);
		EXPECT_EQ(4, o[i].ret);
	}
}

TEST_F(server, gone_is_the_last_of_a_client_after_handlers_and_kept_requests)
{
	struct one_call o = { 0 };
	pid_t pid;

	ASSERT_EQ(0, serve(self, 2, 0));
	pid = fork_child();
	if (pid == 0) {
		must_be(0, lpc_connect(&o.c, self->name, NULL));
		o.code = KEEP_CODE;
		one_call_main(&o);
		_exit(1);
	}
	ASSERT_TRUE(UNTIL(self->t->kept));
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	/* The kept request holds it back, for as long as it is kept. */
	EXPECT_TRUE(STAYS(self->t->gone == 0));
	self->t->running[2]--;
	EXPECT_EQ(-ECANCELED, lpc_reply(self->t->kept, 0, "x", 1));
	EXPECT_TRUE(UNTIL(self->t->gone == 1));
	EXPECT_EQ(1, self->t->gone_of[2]);
	EXPECT_EQ(0, self->t->gone_early);
}

TEST_F(server, ping_is_answered_by_the_library)
{
	char rep[304];

	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(4, call(self->c, LPC_CODE_PING, "ping", rep, NULL));
	EXPECT_EQ(0, memcmp(rep, "ping", 4));
	EXPECT_LT(0, call(self->c, LPC_CODE_INFO, "", rep, NULL));
	EXPECT_EQ(0, self->t->begun);
}

TEST_F(server, a_datagram_reaches_the_handler_and_nobody_waits)
{
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(0, lpc_send(self->c, 1, "abc", 3, 0));
	EXPECT_TRUE(UNTIL(self->t->datagrams == 1));
}

static int note(struct lpc_req *r, void *arg)
{
	struct tally *t = arg;

	see(t, r);
	t->datagrams++;
	return 0;
}

TEST_F(server, what_it_sends_reaches_the_clients_handler)
{
	struct lpc_connect_opts o = { .size = sizeof(o) };
	struct lpc_conn *c;
	char rep[304];
	int n = 0;

	ASSERT_EQ(0, serve(self, 1, 0));
	o.handler = note;
	o.arg = self->t;
	ASSERT_EQ(0, lpc_connect(&c, self->name, &o));
	ASSERT_EQ(1, call(c, ECHO_CODE, "x", rep, NULL));
	ASSERT_EQ(0, lpc_server_send(self->s, seen(self->t).client_id, 9, "news", 4,
				     0));
	EXPECT_EQ(POLLIN, poll_for(lpc_conn_fd(c), POLLIN));
	EXPECT_TRUE(UNTIL((n = lpc_dispatch(c)) != 0));
	EXPECT_EQ(1, n);
	EXPECT_EQ(4, seen(self->t).len);
	EXPECT_EQ(0, memcmp(seen(self->t).data, "news", 4));
	lpc_conn_close(c);
}

static int answer_back(struct lpc_req *r, void *arg)
{
	if (!(r->flags & LPC_REQ_CALLBACK) || r->code != 77)
		return -EINVAL;
	return lpc_reply(r, 0, arg, strlen(arg));
}

TEST_F(server, a_handler_calls_back_into_its_caller)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	char rep[304];

	ASSERT_EQ(0, serve(self, 1, 0));
	o.callback = answer_back;
	o.arg = (char *)"it is me";
	ASSERT_EQ(8, lpc_call(self->c, BACK_CODE, "x", 1, rep, sizeof(rep),
			      &o));
	EXPECT_EQ(0, memcmp(rep, "it is me", 8));
}

struct again {
	struct lpc_conn *c;
	atomic_int inside, go, tid;
	ssize_t nested;
	int own, other;
};

static int calls_in_callback(struct lpc_req *r, void *arg)
{
	struct again *a = arg;
	char rep[304];

	(void)r;
	a->inside = 1;
	while (!a->go)
		nap();
	a->own = lpc_reconnect(a->c, LPC_NOW);
	a->nested = lpc_call(a->c, ECHO_CODE, "x", 1, rep, sizeof(rep), NULL);
	return -EIO;
}

static void *calls_with_callback(void *arg)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	struct again *a = arg;
	char rep[304];

	o.callback = calls_in_callback;
	o.arg = a;
	lpc_call(a->c, BACK_CODE, "x", 1, rep, sizeof(rep), &o);
	return NULL;
}

static void *connects_again(void *arg)
{
	struct again *a = arg;

	a->tid = get_tid();
	a->other = lpc_reconnect(a->c, 0);
	return NULL;
}

/* Who connects again waits for the callback, so the callback may not wait for him. */
TEST_F(server, a_callback_does_not_wait_for_who_connects_again)
{
	struct lpc_connect_opts co = { .size = sizeof(co) };
	struct again a = { .own = 1, .other = 1 };
	pthread_t caller, connector;
	struct lpc_server *s;
	char rep[304];
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		if (!server_make(&s, self->name, self->t, 1, 0))
			lpc_server_run(s);
		_exit(1);
	}
	ASSERT_LT(0, pid);
	co.flags = LPC_WAIT_NAME;
	ASSERT_EQ(0, lpc_connect(&a.c, self->name, &co));
	ASSERT_EQ(0, pthread_create(&caller, NULL, calls_with_callback, &a));
	ASSERT_TRUE(UNTIL(a.inside));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	self->t->connects = 0;
	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, pthread_create(&connector, NULL, connects_again, &a));
	ASSERT_TRUE(UNTIL(self->t->connects == 2 && in_futex(a.tid)));
	a.go = 1;
	pthread_join(caller, NULL);
	pthread_join(connector, NULL);
	EXPECT_EQ(-EDEADLK, a.own);
	EXPECT_EQ(-EPIPE, a.nested);
	EXPECT_EQ(0, a.other);
	EXPECT_EQ(1, lpc_call(a.c, ECHO_CODE, "x", 1, rep, sizeof(rep), NULL));
	lpc_conn_close(a.c);
}

TEST_F(server, a_caller_without_a_callback_handler_hangs_nobody)
{
	__s32 status = 0;
	char rep[304];

	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(0, call(self->c, BACK_CODE, "x", rep, &status));
	EXPECT_EQ(-EOPNOTSUPP, status);
}

TEST_F(server, a_handler_can_see_that_its_caller_gave_up)
{
	struct one_call o = { .deadline = lpc_in_ms(2000) };

	ASSERT_EQ(0, serve(self, 2, LPC_OPEN_CANCELED));
	o.c = self->c;
	o.code = CANCEL_CODE;
	one_call_main(&o);
	EXPECT_EQ(-ETIMEDOUT, o.ret);
	EXPECT_EQ(1, o.taken);
	EXPECT_TRUE(UNTIL(self->t->canceled == 1));
}

struct done {
	int runs;
	ssize_t result;
};

static void count_done(struct lpc_conn *c, ssize_t result, __s32 status,
		       const void *rep, void *arg)
{
	struct done *d = arg;

	d->runs++;
	d->result = result;
}

TEST_F(server, calls_without_waiting_end_once_each)
{
	enum { N = 100 };
	static struct done d[N];
	int i, n, left = N;

	ASSERT_EQ(0, serve(self, 2, 0));
	for (i = 0; i < N; i++)
		ASSERT_LT(0, lpc_call_async(self->c, i % 10 ? ECHO_CODE
							   : FAIL_CODE,
					    "abcd", i % 5, count_done, &d[i],
					    NULL));
	while (left > 0) {
		ASSERT_NE(0, poll_for(lpc_conn_fd(self->c), POLLIN));
		n = lpc_dispatch(self->c);
		ASSERT_LE(0, n);
		left -= n;
	}
	EXPECT_EQ(0, lpc_dispatch(self->c));
	for (i = 0; i < N; i++) {
		EXPECT_EQ(1, d[i].runs);
		EXPECT_EQ(i % 10 ? i % 5 : 0, d[i].result);
	}
}

TEST_F(server, one_descriptor_and_a_step_serve_in_a_foreign_loop)
{
	struct lpc_conn *c;
	char rep[304];
	int status;
	pid_t pid;

	ASSERT_EQ(0, server_make(&self->s, self->name, self->t, 1, 0));
	EXPECT_EQ(0, lpc_server_step(self->s));
	pid = fork_child();
	if (pid == 0) {
		must_be(0, lpc_connect(&c, self->name, NULL));
		must_be(3, call(c, ECHO_CODE, "abc", rep, NULL));
		lpc_conn_close(c);
		_exit(0);
	}
	while (self->t->gone == 0) {
		ASSERT_NE(0, poll_for(lpc_server_fd(self->s), POLLIN));
		ASSERT_LE(0, lpc_server_step(self->s));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, self->t->begun);
}

TEST_F(server, a_pair_serves_a_client_that_needs_no_name)
{
	struct lpc_server_opts so = { .size = sizeof(so) };
	struct lpc_conn *c;
	struct lpc_port *p;
	char rep[304];
	int fd;

	so.on_connect = on_connect;
	so.on_gone = on_gone;
	ASSERT_EQ(0, lpc_pair(&p, &fd, NULL));
	ASSERT_EQ(0, lpc_server_new(&self->s, p, handler, self->t, &so));
	self->runs = !pthread_create(&self->thread, NULL, run_main, self);
	ASSERT_TRUE(self->runs);
	ASSERT_EQ(0, lpc_conn_take(&c, fd, NULL));
	EXPECT_EQ(2, call(c, ECHO_CODE, "ab", rep, NULL));
	lpc_conn_close(c);
}

TEST_F(server, in_a_forked_child_its_objects_refuse)
{
	char rep[304];
	pid_t pid;

	ASSERT_EQ(0, serve(self, 1, 0));
	pid = fork_child();
	if (pid == 0) {
		must_be(-ECHILD, call(self->c, ECHO_CODE, "x", rep, NULL));
		lpc_conn_close(self->c);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	/* The child's close was of its copy alone. */
	EXPECT_EQ(1, call(self->c, ECHO_CODE, "x", rep, NULL));
}

TEST_F(server, parked_threads_leave_when_it_stops)
{
	ASSERT_EQ(0, serve(self, 8, 0));
	ASSERT_EQ(0, stop(self, 0));
	EXPECT_EQ(0, self->t->gone_early);
	lpc_server_free(self->s);
	self->s = NULL;
	EXPECT_EQ(1, self->t->gone);
}

TEST_F(server, a_drain_that_takes_too_long_is_told)
{
	struct one_call o = { 0 };

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, one_call_start(&o, self->c, SLOW_CODE));
	ASSERT_TRUE(UNTIL(self->t->inside == 1));
	EXPECT_EQ(0, lpc_server_stop(self->s, lpc_in_ms(SOON_MS)));
	EXPECT_TRUE(STAYS(self->t->inside == 1));
	self->t->release = 1;
	pthread_join(self->thread, NULL);
	self->runs = false;
	EXPECT_TRUE(self->ret == -ETIMEDOUT || self->ret == 0);
	pthread_join(o.thread, NULL);
}

#define BUSY	8
#define QUEUED	100

static struct lpc_server *stopping;

static void on_term(int sig)
{
	lpc_server_stop(stopping, 0);
}

/* Issue "must show": SIGTERM, 8 handlers at work, 100 callers queued. */
TEST_F(server, a_stop_from_a_signal_handler_answers_what_was_begun)
{
	static struct one_call o[BUSY + QUEUED];
	struct sigaction sa = { .sa_handler = on_term };
	int i, ok = 0, pipe = 0, other = 0;
	struct lpc_port_info info;
	struct gate up;
	pid_t pid;

	gate_init(&up);
	pid = fork_child();
	if (pid == 0) {
		must_be(0, server_make(&self->s, self->name, self->t, BUSY,
				       0));
		stopping = self->s;
		must(!sigaction(SIGTERM, &sa, NULL));
		gate_post(&up, 1);
		must_be(0, lpc_server_run(self->s));
		must_be(0, self->t->inside);
		lpc_server_free(self->s);
		_exit(0);
	}
	gate_wait(&up);
	/* All first: no thread is left to accept anybody later. */
	for (i = 0; i < BUSY + QUEUED; i++)
		ASSERT_EQ(0, lpc_connect(&o[i].c, self->name, NULL));
	for (i = 0; i < BUSY + QUEUED; i++)
		ASSERT_EQ(0, one_call_start(&o[i], o[i].c, SLOW_CODE));
	ASSERT_TRUE(UNTIL(self->t->inside == BUSY &&
			  !query_name(self->name, &info, NO_WAIT) &&
			  info.queued == QUEUED));
	ASSERT_EQ(0, kill(pid, SIGTERM));
	/* It has begun to stop: no handler ends before. */
	ASSERT_TRUE(UNTIL(query_name(self->name, &info, NO_WAIT) == -ENOENT));
	self->t->release = 1;
	for (i = 0; i < BUSY + QUEUED; i++) {
		pthread_join(o[i].thread, NULL);
		ok += o[i].ret == 4;
		pipe += o[i].ret == -EPIPE && !o[i].taken;
		other += o[i].ret != 4 && o[i].ret != -EPIPE;
	}
	EXPECT_EQ(BUSY, ok);
	EXPECT_EQ(QUEUED, pipe);
	EXPECT_EQ(0, other);
	EXPECT_EQ(BUSY, self->t->begun);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(BUSY + QUEUED, self->t->gone);
	EXPECT_EQ(0, self->t->gone_early);
	for (i = 1; i <= BUSY + QUEUED; i++)
		EXPECT_EQ(1, self->t->gone_of[i]);
	for (i = 0; i < BUSY + QUEUED; i++)
		lpc_conn_close(o[i].c);
}

TEST_HARNESS_MAIN
