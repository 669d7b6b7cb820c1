// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of any length: liblpc's sections and their pieces, in-place calls,
 * and what becomes of a piece while the server has it still.
 *
 * Client and server are one process here: the section is mapped twice.
 */
#include "common_call.h"

#include <lpc.h>

/* liblpc's own, for what nothing else reaches */
#include "conn.h"
#include "section.h"

#define KIB		1024ul
#define MIB		(1024 * KIB)
#define MIDDLE		(20 * KIB)

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED	1	/* slow, and its shadow large */
#else
#define SANITIZED	0
#endif

#ifdef __SANITIZE_THREAD__
/* The harness forks before any thread is there. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif

enum {
	ECHO_CODE = 1,		/* the request comes back, in place if it can */
	FLIP_CODE,		/* each bit turned over, in place if it can */
	GROW_CODE,		/* a reply as long as the request says */
	SHIFT_CODE,		/* its second half, where that lies */
	KEEP_CODE,		/* kept, for the test to answer */
	SLOW_CODE,		/* echo when @release says so */
	TWICE_CODE,		/* looks at the payload, waits, looks again */
	BACK_CODE,		/* calls back, then echo */
};

enum { KEPT_MAX = 64 };

/* What the handlers count, and how a test holds them up. */
struct tally {
	atomic_int begun;
	atomic_int inside;
	atomic_int release;
	atomic_int shared;
	atomic_int changed;	/* TWICE saw two different payloads */
	atomic_int reply;	/* what lpc_reply() returned last */
	pthread_mutex_t lock;	/* of what follows */
	struct lpc_req *kept[KEPT_MAX];
	unsigned int nr_kept;
	bool quit;
};

FIXTURE(bulk)
{
	char name[NAME_ROOM];
	struct tally t;
	struct lpc_server_opts so;
	struct lpc_server *s;
	struct lpc_conn *c;
	pthread_t thread;
	int ret;
	bool runs;
};

static bool is_debug(void)
{
	struct lpc_info i;

	return !get_info(&i) && i.features & LPC_HAS_DEBUG;
}

/* ---- payloads ------------------------------------------------------------ */

/* The same bytes for the same @seed, no two alike. */
static void pattern(void *data, size_t len, __u64 seed)
{
	__u64 word = seed * 0x9e3779b97f4a7c15ull + 1;
	unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i += sizeof(word)) {
		word = word * 6364136223846793005ull + 1442695040888963407ull;
		memcpy(p + i, &word, len - i < sizeof(word) ? len - i
							    : sizeof(word));
	}
}

static __u64 sum(const void *data, size_t len)
{
	const unsigned char *p = data;
	__u64 word, total = len;
	size_t i;

	for (i = 0; i < len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, p + i, len - i < sizeof(word) ? len - i
							    : sizeof(word));
		total = (total ^ word) * 0x100000001b3ull;
	}
	return total;
}

static void flip(void *to, const void *from, size_t len)
{
	const unsigned char *in = from;
	unsigned char *out = to;
	__u64 word;
	size_t i;

	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, in + i, sizeof(word));
		word = ~word;
		memcpy(out + i, &word, sizeof(word));
	}
	for (; i < len; i++)
		out[i] = ~in[i];
}

/* ---- the server ---------------------------------------------------------- */

static int flip_handler(struct lpc_req *r)
{
	unsigned char text[LPC_INLINE_MAX];
	void *out = r->len > sizeof(text) ? r->room : text;

	if (r->len > sizeof(text) && r->room_len < r->len)
		return -EMSGSIZE;
	flip(out, r->data, r->len);
	return lpc_reply(r, 0, out, r->len);
}

static int grow_handler(struct tally *t, struct lpc_req *r)
{
	__u64 want = 0;
	void *data;
	int ret;

	memcpy(&want, r->data, r->len < sizeof(want) ? r->len : sizeof(want));
	data = malloc(want + 1);
	if (!data)
		return -ENOMEM;
	pattern(data, want, want);
	ret = lpc_reply(r, 0, data, want);
	t->reply = ret;
	free(data);
	return ret;
}

static int twice_handler(struct tally *t, struct lpc_req *r)
{
	__u64 before = sum(r->data, r->len);

	t->inside++;
	while (!t->release)
		nap();
	t->changed += before != sum(r->data, r->len);
	t->inside--;
	return 0;
}

static int keep_handler(struct tally *t, struct lpc_req *r)
{
	struct lpc_req *kept = NULL;

	pthread_mutex_lock(&t->lock);
	if (t->nr_kept < KEPT_MAX)
		kept = lpc_req_keep(r);
	if (kept)
		t->kept[t->nr_kept++] = kept;
	pthread_mutex_unlock(&t->lock);
	return kept ? 0 : -ENOBUFS;
}

static int handler(struct lpc_req *r, void *arg)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	struct tally *t = arg;
	const char *data = r->data;
	__s32 status;

	t->begun++;
	if (r->flags & LPC_REQ_SHARED)
		t->shared++;
	switch (r->code) {
	case FLIP_CODE:
		return flip_handler(r);
	case GROW_CODE:
		return grow_handler(t, r);
	case SHIFT_CODE:
		return lpc_reply(r, 0, data + r->len / 2, r->len / 2);
	case KEEP_CODE:
		return keep_handler(t, r);
	case TWICE_CODE:
		return twice_handler(t, r);
	case SLOW_CODE:
		t->inside++;
		while (!t->release)
			nap();
		t->inside--;
		break;
	case BACK_CODE:
		o.status = &status;
		lpc_callback(r, 1, NULL, 0, NULL, 0, &o);
		break;
	}
	return lpc_reply(r, 0, r->data, r->len);
}

static unsigned int nr_kept(struct tally *t)
{
	unsigned int n;

	pthread_mutex_lock(&t->lock);
	n = t->nr_kept;
	pthread_mutex_unlock(&t->lock);
	return n;
}

/* The oldest kept request; NULL: none */
static struct lpc_req *take_kept(struct tally *t)
{
	struct lpc_req *r = NULL;

	pthread_mutex_lock(&t->lock);
	if (t->nr_kept) {
		r = t->kept[0];
		t->nr_kept--;
		memmove(t->kept, t->kept + 1, t->nr_kept * sizeof(r));
	}
	pthread_mutex_unlock(&t->lock);
	return r;
}

static void *run_main(void *arg)
{
	struct _test_data_bulk *f = arg;

	f->ret = lpc_server_run(f->s);
	return NULL;
}

static int start(struct _test_data_bulk *f, int threads)
{
	struct lpc_port_opts po = { .size = sizeof(po), .mode = 0666 };
	struct lpc_port *p;
	int ret;

	f->so.size = sizeof(f->so);
	f->so.threads = threads;
	ret = lpc_port_open(&p, f->name, &po);
	if (ret < 0)
		return ret;
	ret = lpc_server_new(&f->s, p, handler, &f->t, &f->so);
	if (ret < 0) {
		lpc_port_close(p);
		return ret;
	}
	f->runs = !pthread_create(&f->thread, NULL, run_main, f);
	return f->runs ? 0 : -EAGAIN;
}

static int connect_with(struct _test_data_bulk *f, size_t section)
{
	struct lpc_connect_opts o = { .size = sizeof(o) };

	o.section = section;
	return lpc_connect(&f->c, f->name, &o);
}

static int serve(struct _test_data_bulk *f, int threads, size_t section)
{
	int ret = start(f, threads);

	return ret < 0 ? ret : connect_with(f, section);
}

static void stop(struct _test_data_bulk *f)
{
	f->t.release = 1;
	if (f->runs) {
		lpc_server_stop(f->s, 0);
		pthread_join(f->thread, NULL);
	}
	f->runs = false;
	lpc_server_free(f->s);
	f->s = NULL;
}

FIXTURE_SETUP(bulk)
{
	unique_name(self->name);
	pthread_mutex_init(&self->t.lock, NULL);
}

FIXTURE_TEARDOWN(bulk)
{
	struct lpc_req *r;

	self->t.release = 1;
	while ((r = take_kept(&self->t)))
		lpc_reply(r, 0, NULL, 0);
	lpc_conn_close(self->c);
	stop(self);
}

static ssize_t call(struct lpc_conn *c, __u32 code, const void *data,
		    size_t len, void *rep, size_t room, __s32 *status)
{
	struct lpc_call_opts o = { .size = sizeof(o) };

	o.status = status;
	return lpc_call(c, code, data, len, rep, room, &o);
}

static struct lpc_conn_info info_of(struct lpc_conn *c)
{
	return conn_info(lpc_conn_fd(c));
}

/* ---- lengths ------------------------------------------------------------- */

static size_t most(void)
{
	if (SANITIZED)
		return 2 * MIB;
	return long_form() ? 64 * MIB : 16 * MIB;
}

static const size_t lengths[] = {
	0, 1, 303, 304, 305, 4095, 4096, 4097, MIB, SIZE_MAX /* most() */,
};

TEST_F_TIMEOUT(bulk, a_message_of_any_length_comes_back, 300)
{
	size_t i, len, room = most();
	unsigned char *out = malloc(room), *in = malloc(room);
	__u64 want;

	ASSERT_TRUE(out && in);
	ASSERT_EQ(0, serve(self, 1, room));
	EXPECT_EQ(room, lpc_conn_room(self->c));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		len = lengths[i] < room ? lengths[i] : room;
		pattern(out, len, i);
		memset(in, POISON, len);
		want = sum(out, len);
		ASSERT_EQ(len, call(self->c, ECHO_CODE, out, len, in, len,
				    NULL));
		EXPECT_EQ(want, sum(in, len));
		EXPECT_EQ(want, sum(out, len));
		/* over the request itself, and turned over */
		ASSERT_EQ(len, call(self->c, FLIP_CODE, out, len, out, room,
				    NULL));
		flip(out, out, len);
		EXPECT_EQ(want, sum(out, len));
	}
	EXPECT_EQ(0, self->t.shared);
	free(out);
	free(in);
}

TEST_F_TIMEOUT(bulk, in_place_too_and_nobody_copies, 300)
{
	size_t i, len, room = most();
	struct lpc_buf b;
	__u64 want;

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, room));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, room));
	EXPECT_EQ(room, b.room);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		len = lengths[i] < room ? lengths[i] : room;
		self->t.shared = 0;
		pattern(b.data, len, i);
		want = sum(b.data, len);
		ASSERT_EQ(len, lpc_call_buf(self->c, FLIP_CODE, &b, len, NULL));
		EXPECT_EQ(len > LPC_INLINE_MAX, self->t.shared);
		flip(b.data, b.data, len);
		EXPECT_EQ(want, sum(b.data, len));
		ASSERT_EQ(len, lpc_call_buf(self->c, ECHO_CODE, &b, len, NULL));
		EXPECT_EQ(want, sum(b.data, len));
	}
	lpc_buf_put(self->c, &b);
	EXPECT_EQ(NULL, b.data);
}

struct echoer {
	pthread_t thread;
	struct lpc_conn *c;
	size_t len;
	int turns;
	bool in_place;
	__u64 seed;
	int bad;
};

static void echo_in_place(struct echoer *e, size_t len, __u64 seed)
{
	struct lpc_buf b;
	__u64 want;

	if (lpc_buf_get(e->c, &b, len)) {
		e->bad++;
		return;
	}
	pattern(b.data, len, seed);
	want = sum(b.data, len);
	e->bad += lpc_call_buf(e->c, FLIP_CODE, &b, len, NULL) != (ssize_t)len;
	flip(b.data, b.data, len);
	e->bad += sum(b.data, len) != want;
	lpc_buf_put(e->c, &b);
}

static void *echoer_main(void *arg)
{
	struct echoer *e = arg;
	unsigned char *data = malloc(e->len);
	size_t len = e->len;
	__u64 want;
	int i;

	for (i = 0; data && i < e->turns; i++, len = len * 2 / 3 + 1) {
		pattern(data, len, e->seed + i);
		want = sum(data, len);
		e->bad += lpc_call(e->c, FLIP_CODE, data, len, data, len,
				   NULL) != (ssize_t)len;
		flip(data, data, len);
		e->bad += sum(data, len) != want;
		if (e->in_place)
			echo_in_place(e, len, e->seed + i);
	}
	e->bad += !data;
	free(data);
	return NULL;
}

#define ECHOERS 8

static size_t most_of_eight(void)
{
	if (SANITIZED)
		return 256 * KIB;
	return long_form() && !is_debug() ? 4 * MIB : MIB;
}

/* How many echoes went wrong; -1: not all threads could be made */
static int echo_all(struct lpc_conn *c, size_t len, int turns, bool in_place)
{
	struct echoer e[ECHOERS] = { 0 };
	int i, n, bad = 0;

	for (n = 0; n < ECHOERS; n++) {
		e[n].c = c;
		e[n].len = len;
		e[n].turns = turns;
		e[n].in_place = in_place;
		e[n].seed = 1000 * n;
		if (pthread_create(&e[n].thread, NULL, echoer_main, &e[n]))
			break;
	}
	for (i = 0; i < n; i++) {
		pthread_join(e[i].thread, NULL);
		bad += e[i].bad;
	}
	return n < ECHOERS ? -1 : bad;
}

TEST_F_TIMEOUT(bulk, eight_threads_share_a_connection, 300)
{
	size_t len = most_of_eight();

	ASSERT_EQ(0, serve(self, 4, 2 * ECHOERS * len));
	EXPECT_EQ(0, echo_all(self->c, len, 30, true));
	EXPECT_EQ(0, info_of(self->c).held);
}

TEST_F_TIMEOUT(bulk, eight_threads_share_a_connection_in_place, 300)
{
	size_t len = most_of_eight();

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 4, 2 * ECHOERS * len));
	EXPECT_EQ(0, echo_all(self->c, len, 30, true));
}

/* Each needs all of it: they wait for each other, and nothing fails. */
TEST_F_TIMEOUT(bulk, calls_wait_for_a_section_that_others_have, 300)
{
	ASSERT_EQ(0, serve(self, 4, 64 * KIB));
	EXPECT_EQ(0, echo_all(self->c, 64 * KIB, 8, false));
}

TEST_F(bulk, a_short_request_may_have_a_long_reply)
{
	unsigned char *rep = malloc(MIB), *want = malloc(MIB);
	__u64 len = MIB;

	ASSERT_TRUE(rep && want);
	ASSERT_EQ(0, serve(self, 1, MIB));
	pattern(want, MIB, MIB);
	ASSERT_EQ(MIB, call(self->c, GROW_CODE, &len, sizeof(len), rep, MIB,
			    NULL));
	EXPECT_EQ(0, memcmp(rep, want, MIB));
	free(rep);
	free(want);
}

TEST_F(bulk, a_reply_anywhere_in_the_piece_is_found)
{
	unsigned char data[4000], want[2000];
	struct lpc_buf b;

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	pattern(data, sizeof(data), 1);
	memcpy(want, data + 2000, 2000);
	ASSERT_EQ(2000, call(self->c, SHIFT_CODE, data, 4000, data, 2000,
			     NULL));
	EXPECT_EQ(0, memcmp(data, want, 2000));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 4000));
	memcpy((char *)b.data + 2000, want, 2000);
	ASSERT_EQ(2000, lpc_call_buf(self->c, SHIFT_CODE, &b, 4000, NULL));
	EXPECT_EQ(0, memcmp(b.data, want, 2000));
	/* an inline reply as well */
	memcpy((char *)b.data + 300, want, 300);
	ASSERT_EQ(300, lpc_call_buf(self->c, SHIFT_CODE, &b, 600, NULL));
	EXPECT_EQ(0, memcmp(b.data, want, 300));
	lpc_buf_put(self->c, &b);
}

TEST_F(bulk, ping_is_of_any_length)
{
	unsigned char out[MIDDLE], in[MIDDLE];

	ASSERT_EQ(0, serve(self, 1, 0));
	pattern(out, sizeof(out), 5);
	ASSERT_EQ(MIDDLE, call(self->c, LPC_CODE_PING, out, MIDDLE, in, MIDDLE,
			       NULL));
	EXPECT_EQ(0, memcmp(in, out, MIDDLE));
	EXPECT_EQ(0, self->t.begun);
}

/* ---- too long, too full, none -------------------------------------------- */

static void no_done(struct lpc_conn *c, ssize_t result, __s32 status,
		    const void *rep, void *arg)
{
}

TEST_F(bulk, what_cannot_fit_says_the_limit)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	static unsigned char data[70 * KIB];
	size_t need = 0;
	int taken = -1;
	struct lpc_buf b;

	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(64 * KIB, lpc_conn_room(self->c));
	o.need = &need;
	o.taken = &taken;
	EXPECT_EQ(-EMSGSIZE, lpc_call(self->c, ECHO_CODE, data, 64 * KIB + 1,
				      data, sizeof(data), &o));
	EXPECT_EQ(64 * KIB, need);
	EXPECT_EQ(0, taken);
	need = 0;
	EXPECT_EQ(-EMSGSIZE, lpc_call_async(self->c, ECHO_CODE, data,
					    64 * KIB + 1, no_done, NULL, &o));
	EXPECT_EQ(64 * KIB, need);
	EXPECT_EQ(-EMSGSIZE, lpc_buf_get(self->c, &b, 64 * KIB + 1));
	EXPECT_EQ(-EMSGSIZE, lpc_buf_get(self->c, &b, SIZE_MAX));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 1000));
	need = 0;
	taken = -1;
	EXPECT_EQ(-EMSGSIZE, lpc_call_buf(self->c, ECHO_CODE, &b, b.room + 1,
					  &o));
	EXPECT_EQ(b.room, need);
	EXPECT_EQ(0, taken);
	lpc_buf_put(self->c, &b);
	EXPECT_EQ(0, self->t.begun);
	/* Room that is more than all is no mistake. */
	EXPECT_EQ(64 * KIB, call(self->c, ECHO_CODE, data, 64 * KIB, data,
				 SIZE_MAX, NULL));
}

TEST_F(bulk, a_reply_that_does_not_fit_fails_on_both_sides)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	unsigned char rep[4000];
	__s32 status = 0;
	__u64 len = 5000;
	size_t need = 0;

	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(0, call(self->c, GROW_CODE, &len, sizeof(len), rep,
			  sizeof(rep), &status));
	EXPECT_EQ(-EMSGSIZE, status);
	EXPECT_EQ(-EMSGSIZE, self->t.reply);
	/* The piece is longer than what the caller has. */
	o.need = &need;
	len = 4001;
	EXPECT_EQ(-EMSGSIZE, lpc_call(self->c, GROW_CODE, &len, sizeof(len),
				      rep, sizeof(rep), &o));
	EXPECT_EQ(4001, need);
}

static int without_section(struct _test_data_bulk *f)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	unsigned char data[304] = "x", rep[4000];
	struct lpc_buf b;
	size_t need = 0;
	int taken = 1;

	o.need = &need;
	o.taken = &taken;
	if (lpc_conn_room(f->c) != LPC_INLINE_MAX)
		return 1;
	if (lpc_call(f->c, ECHO_CODE, data, 304, rep, sizeof(rep), &o) !=
	    -EMSGSIZE || need != LPC_INLINE_MAX || taken)
		return 2;
	need = 0;
	if (lpc_call_async(f->c, ECHO_CODE, data, 304, no_done, NULL, &o) !=
	    -EMSGSIZE || need != LPC_INLINE_MAX)
		return 3;
	if (lpc_buf_get(f->c, &b, 1) != -EOPNOTSUPP || b.data)
		return 4;
	if (lpc_call(f->c, ECHO_CODE, data, 303, rep, sizeof(rep), NULL) != 303)
		return 5;
	return 0;
}

TEST_F(bulk, a_client_without_a_section_has_short_messages)
{
	ASSERT_EQ(0, serve(self, 1, LPC_NO_SECTION));
	EXPECT_EQ(0, without_section(self));
}

TEST_F(bulk, a_server_need_not_take_a_section)
{
	self->so.section_max = LPC_NO_SECTION;
	ASSERT_EQ(0, serve(self, 1, MIB));
	EXPECT_EQ(0, without_section(self));
	EXPECT_EQ(0, info_of(self->c).client_view);
}

TEST_F(bulk, a_server_takes_none_that_is_too_large)
{
	self->so.section_max = 64 * KIB;
	ASSERT_EQ(0, serve(self, 1, 64 * KIB + 1));
	EXPECT_EQ(0, without_section(self));
	lpc_conn_close(self->c);
	self->c = NULL;
	ASSERT_EQ(0, connect_with(self, 64 * KIB));
	EXPECT_EQ(64 * KIB, lpc_conn_room(self->c));
	EXPECT_EQ(64 * KIB, info_of(self->c).client_view);
}

TEST_F(bulk, a_pair_has_short_messages)
{
	struct lpc_port *p;
	int fd;

	ASSERT_EQ(0, lpc_pair(&p, &fd, NULL));
	ASSERT_EQ(0, lpc_server_new(&self->s, p, handler, &self->t, NULL));
	self->runs = !pthread_create(&self->thread, NULL, run_main, self);
	ASSERT_TRUE(self->runs);
	ASSERT_EQ(0, lpc_conn_take(&self->c, fd, NULL));
	EXPECT_EQ(0, without_section(self));
}

TEST_F(bulk, only_the_default_section_is_done_without)
{
	long old = sysctl_get("section_bytes");
	int by_default, by_wish;

	ASSERT_EQ(0, start(self, 1));
	ASSERT_LT(0, old);
	ASSERT_EQ(0, sysctl_set("section_bytes", 4096));
	by_wish = connect_with(self, 64 * KIB);
	by_default = connect_with(self, 0);
	EXPECT_EQ(0, sysctl_set("section_bytes", old));
	EXPECT_EQ(-ENOBUFS, by_wish);
	ASSERT_EQ(0, by_default);
	EXPECT_EQ(0, without_section(self));
}

TEST_F(bulk, a_connection_gives_its_section_back)
{
	__u64 before, during;
	struct lpc_info i;

	ASSERT_EQ(0, start(self, 1));
	ASSERT_EQ(0, get_info(&i));
	before = i.limits[LPC_LIMIT_SECTION_BYTES].in_use;
	ASSERT_EQ(0, connect_with(self, MIB));
	get_info(&i);
	during = i.limits[LPC_LIMIT_SECTION_BYTES].in_use;
	EXPECT_EQ(before + MIB, during);
	lpc_conn_close(self->c);
	self->c = NULL;
	/* The server unmaps it when it has heard of that. */
	EXPECT_TRUE(UNTIL(!get_info(&i) &&
			  i.limits[LPC_LIMIT_SECTION_BYTES].in_use == before));
}

TEST_F(bulk, in_a_forked_child_buffers_refuse_and_nothing_is_unmapped)
{
	char rep[1000] = "";
	struct lpc_buf b, other;
	pid_t pid;

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 1000));
	pid = fork_child();
	if (pid == 0) {
		void *at = b.data;

		must_be(0, lpc_conn_room(self->c));
		must_be(-ECHILD, lpc_buf_get(self->c, &other, 1000));
		must_be(-ECHILD, lpc_call_buf(self->c, ECHO_CODE, &b, 1000,
					      NULL));
		must_be(-ECHILD, call(self->c, ECHO_CODE, rep, 1000, rep, 1000,
				      NULL));
		/* Something else may be where the section was. */
		must(mmap(at, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		     at);
		lpc_conn_close(self->c);
		lpc_buf_put(NULL, &b);
		lpc_server_free(self->s);
		memset(at, 1, 4096);
		_exit(*(char *)at - 1);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(1000, lpc_call_buf(self->c, ECHO_CODE, &b, 1000, NULL));
	lpc_buf_put(self->c, &b);
}

/* ---- copies and what is lent --------------------------------------------- */

struct one_call {
	pthread_t thread;
	struct lpc_conn *c;
	struct lpc_buf *b;	/* NULL: lpc_call() with bytes of its own */
	__u32 code;
	size_t len;
	__u64 deadline;
	__u64 flags;
	ssize_t ret;
	int taken;
	__u32 status;
};

static void *one_call_main(void *arg)
{
	struct lpc_call_opts co = { .size = sizeof(co) };
	struct one_call *o = arg;
	void *data;

	co.deadline = o->deadline;
	co.flags = o->flags;
	co.taken = &o->taken;
	co.status = (__s32 *)&o->status;
	if (o->b) {
		o->ret = lpc_call_buf(o->c, o->code, o->b, o->len, &co);
		return NULL;
	}
	data = calloc(1, o->len + 1);
	o->ret = lpc_call(o->c, o->code, data, o->len, data, o->len, &co);
	free(data);
	return NULL;
}

static int one_call_start(struct one_call *o, struct lpc_conn *c, __u32 code,
			  size_t len)
{
	o->c = c;
	o->code = code;
	o->len = len;
	return -pthread_create(&o->thread, NULL, one_call_main, o);
}

/* Calls TWICE in place and changes the payload between the two looks. */
static int scribble(struct _test_data_bulk *f)
{
	struct one_call o = { 0 };
	struct lpc_buf b;

	if (lpc_buf_get(f->c, &b, MIDDLE))
		return -1;
	pattern(b.data, MIDDLE, 1);
	o.b = &b;
	if (one_call_start(&o, f->c, TWICE_CODE, MIDDLE))
		return -1;
	if (!UNTIL(f->t.inside == 1))
		return -1;
	pattern(b.data, MIDDLE, 2);
	f->t.release = 1;
	pthread_join(o.thread, NULL);
	lpc_buf_put(f->c, &b);
	return o.ret < 0 ? o.ret : f->t.changed;
}

TEST_F(bulk, a_handler_looks_at_a_copy_that_nobody_changes)
{
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(0, scribble(self));
	EXPECT_EQ(0, self->t.shared);
}

TEST_F(bulk, what_is_lent_in_place_says_that_it_changes)
{
	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(1, scribble(self));
	EXPECT_EQ(1, self->t.shared);
}

TEST_F(bulk, a_server_copies_no_more_than_it_said)
{
	unsigned char data[1000] = "";
	__s32 status = 0;

	self->so.copy_max = 999;
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(999, call(self->c, ECHO_CODE, data, 999, data, 1000,
			    &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, call(self->c, ECHO_CODE, data, 1000, data, 1000,
			  &status));
	EXPECT_EQ(-EMSGSIZE, status);
	EXPECT_EQ(1, self->t.begun);
}

TEST_F(bulk, what_is_longer_than_that_is_lent_where_it_may_be)
{
	unsigned char data[1000] = "";

	self->so.copy_max = 999;
	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	EXPECT_EQ(999, call(self->c, ECHO_CODE, data, 999, data, 1000, NULL));
	EXPECT_EQ(0, self->t.shared);
	EXPECT_EQ(1000, call(self->c, ECHO_CODE, data, 1000, data, 1000,
			     NULL));
	EXPECT_EQ(1, self->t.shared);
}

static int keep_and_answer(struct _test_data_bulk *f, __u64 flags)
{
	unsigned char rep[MIDDLE], other[MIDDLE];
	struct one_call o = { 0 };
	struct lpc_buf b;
	struct lpc_req *r;

	f->so.flags = flags;
	if (serve(f, 1, 0) || lpc_buf_get(f->c, &b, MIDDLE))
		return 1;
	pattern(b.data, MIDDLE, 7);
	o.b = &b;
	if (one_call_start(&o, f->c, KEEP_CODE, MIDDLE))
		return 2;
	if (!UNTIL(nr_kept(&f->t) == 1))
		return 3;
	/* The worker's own buffer is in use again meanwhile. */
	pattern(other, MIDDLE, 8);
	if (call(f->c, FLIP_CODE, other, MIDDLE, other, MIDDLE, NULL) !=
	    MIDDLE)
		return 4;
	r = take_kept(&f->t);
	if (!r || r->len != MIDDLE ||
	    !(r->flags & LPC_REQ_SHARED) != !flags)
		return 5;
	pattern(rep, MIDDLE, 7);
	if (memcmp(r->data, rep, MIDDLE))
		return 6;
	pattern(rep, MIDDLE, 9);
	if (lpc_reply(r, 0, rep, MIDDLE))
		return 7;
	pthread_join(o.thread, NULL);
	if (o.ret != MIDDLE || memcmp(b.data, rep, MIDDLE))
		return 8;
	lpc_buf_put(f->c, &b);
	return 0;
}

TEST_F(bulk, a_kept_request_takes_its_copy_along)
{
	EXPECT_EQ(0, keep_and_answer(self, 0));
}

TEST_F(bulk, a_kept_request_is_lent_on_in_place)
{
	EXPECT_EQ(0, keep_and_answer(self, LPC_SERVE_IN_PLACE));
}

TEST_F(bulk, what_a_kept_request_was_lent_outlives_the_server)
{
	unsigned char want[MIDDLE];
	struct one_call o = { 0 };
	struct lpc_req *r;
	struct lpc_buf b;

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, MIDDLE));
	pattern(b.data, MIDDLE, 7);
	o.b = &b;
	ASSERT_EQ(0, one_call_start(&o, self->c, KEEP_CODE, MIDDLE));
	ASSERT_TRUE(UNTIL(nr_kept(&self->t) == 1));
	r = take_kept(&self->t);
	lpc_server_stop(self->s, lpc_in_ms(1));
	pthread_join(self->thread, NULL);
	self->runs = false;
	stop(self);
	pthread_join(o.thread, NULL);
	EXPECT_EQ(-ECONNRESET, o.ret);
	lpc_buf_put(self->c, &b);
	lpc_conn_close(self->c);
	self->c = NULL;
	pattern(want, MIDDLE, 7);
	EXPECT_EQ(0, memcmp(r->data, want, MIDDLE));
	memset(r->room, 0, r->room_len);
	EXPECT_EQ(-ESHUTDOWN, lpc_reply(r, 0, r->room, MIDDLE));
}

/* ---- the late writer ----------------------------------------------------- */

/* How many requests the late server has before it answers the oldest. */
#define LATE 16

/* Writes into every reply that it owes, all the time, and answers late. */
static void *late_main(void *arg)
{
	struct tally *t = arg;
	struct lpc_req *r;
	unsigned int i;
	bool quit;

	do {
		pthread_mutex_lock(&t->lock);
		for (i = 0; i < t->nr_kept; i++)
			memset(t->kept[i]->room, 0xee, t->kept[i]->room_len);
		quit = t->quit;
		pthread_mutex_unlock(&t->lock);
		if (nr_kept(t) >= LATE) {
			r = take_kept(t);
			memset(r->room, 0xdd, r->room_len);
			lpc_reply(r, 0, r->room, r->room_len);
		}
		nap();
	} while (!quit);
	return NULL;
}

/* A call that is given up while the server has it */
static int time_out(struct lpc_conn *c, size_t len)
{
	struct one_call o = { .c = c, .code = KEEP_CODE, .len = len };
	int tries;

	for (tries = 0; tries < 100; tries++) {
		o.deadline = lpc_in_ms(3 + tries);
		one_call_main(&o);
		if (o.ret != -ETIMEDOUT)
			return o.ret < 0 ? o.ret : -EPROTO;
		if (o.taken)
			return 0;
	}
	return -EAGAIN;
}

TEST_F_TIMEOUT(bulk, a_late_reply_changes_no_byte_of_a_later_call, 300)
{
	int n = SANITIZED || is_debug() ? 100 : long_form() ? 1000 : 200;
	int i, changed = 0, failed = 0, held = 0;
	__u64 want, most = 0;
	struct lpc_buf b;
	pthread_t late;
	size_t len;

	self->so.flags = LPC_SERVE_IN_PLACE;
	ASSERT_EQ(0, serve(self, 2, 128 * KIB));
	ASSERT_EQ(0, pthread_create(&late, NULL, late_main, &self->t));
	for (i = 0; i < n && failed < 10; i++) {
		len = 304 + i * 37 % 4000;
		if (lpc_buf_get(self->c, &b, len)) {
			failed++;
			continue;
		}
		pattern(b.data, len, i);
		want = sum(b.data, len);
		failed += time_out(self->c, 304 + i * 61 % 3000) != 0;
		changed += sum(b.data, len) != want;
		failed += lpc_call_buf(self->c, ECHO_CODE, &b, len, NULL) !=
			  (ssize_t)len;
		changed += sum(b.data, len) != want;
		lpc_buf_put(self->c, &b);
		held += info_of(self->c).held > 0;
		if (info_of(self->c).held_bytes > most)
			most = info_of(self->c).held_bytes;
	}
	EXPECT_EQ(0, changed);
	EXPECT_EQ(0, failed);
	EXPECT_LT(n / 2, held);
	EXPECT_LE(304, most);
	pthread_mutex_lock(&self->t.lock);
	self->t.quit = true;
	pthread_mutex_unlock(&self->t.lock);
	pthread_join(late, NULL);
	/* As the server answers the rest, all of it is to be had again. */
	while (nr_kept(&self->t))
		EXPECT_EQ(-ECANCELED,
			  lpc_reply(take_kept(&self->t), 0, "late", 4));
	EXPECT_EQ(0, info_of(self->c).held);
	EXPECT_EQ(0, info_of(self->c).held_bytes);
	EXPECT_EQ(0, lpc_buf_get(self->c, &b, 128 * KIB));
	lpc_buf_put(self->c, &b);
}

TEST_F(bulk, a_buffer_is_held_until_the_server_answers)
{
	struct one_call o = { .code = KEEP_CODE, .len = 1000 };
	struct lpc_buf b, other;

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 1000));
	o.c = self->c;
	o.b = &b;
	o.deadline = lpc_in_ms(500);
	one_call_main(&o);
	ASSERT_EQ(-ETIMEDOUT, o.ret);
	ASSERT_EQ(1, o.taken);
	EXPECT_EQ(1, info_of(self->c).held);
	EXPECT_EQ(b.room, info_of(self->c).held_bytes);
	o.taken = 1;
	one_call_main(&o);
	EXPECT_EQ(-EBUSY, o.ret);
	EXPECT_EQ(0, o.taken);
	EXPECT_EQ(-ECANCELED, lpc_reply(take_kept(&self->t), 0, NULL, 0));
	EXPECT_EQ(0, info_of(self->c).held);
	EXPECT_EQ(1000, lpc_call_buf(self->c, ECHO_CODE, &b, 1000, NULL));
	/* Put while it is held: nobody gets it. */
	o.deadline = lpc_in_ms(500);
	one_call_main(&o);
	ASSERT_EQ(-ETIMEDOUT, o.ret);
	lpc_buf_put(self->c, &b);
	EXPECT_EQ(-ENOBUFS, lpc_buf_get(self->c, &other, 64 * KIB));
	EXPECT_EQ(0, lpc_buf_get(self->c, &other, 63 * KIB - 64));
	lpc_buf_put(self->c, &other);
	lpc_reply(take_kept(&self->t), 0, NULL, 0);
	EXPECT_EQ(0, lpc_buf_get(self->c, &other, 64 * KIB));
	lpc_buf_put(self->c, &other);
}

TEST_F(bulk, a_peer_that_never_answers_leaves_enobufs_not_a_hang)
{
	struct lpc_call_opts co = { .size = sizeof(co) };
	struct one_call o = { .len = 60 * KIB };
	struct lpc_buf b;

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, time_out(self->c, 60 * KIB));
	o.c = self->c;
	o.code = ECHO_CODE;
	one_call_main(&o);
	EXPECT_EQ(-ENOBUFS, o.ret);
	EXPECT_EQ(0, o.taken);
	co.room = 60 * KIB;
	EXPECT_EQ(-ENOBUFS, lpc_call_async(self->c, ECHO_CODE, NULL, 0,
					   no_done, NULL, &co));
	EXPECT_EQ(-ENOBUFS, lpc_buf_get(self->c, &b, 60 * KIB));
	/* What fits still goes. */
	o.len = 3000;
	one_call_main(&o);
	EXPECT_EQ(3000, o.ret);
	lpc_reply(take_kept(&self->t), 0, NULL, 0);
	o.len = 60 * KIB;
	one_call_main(&o);
	EXPECT_EQ(60 * KIB, o.ret);
}

static void on_signal(int sig)
{
}

static void catch(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(sig, &sa, NULL);
}

TEST_F(bulk, a_call_given_up_at_a_signal_leaves_its_piece_held)
{
	struct one_call o = { .flags = LPC_CALL_EINTR };

	catch(SIGUSR1);
	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, one_call_start(&o, self->c, KEEP_CODE, MIDDLE));
	ASSERT_TRUE(UNTIL(nr_kept(&self->t) == 1));
	pthread_kill(o.thread, SIGUSR1);
	pthread_join(o.thread, NULL);
	EXPECT_EQ(-EINTR, o.ret);
	EXPECT_EQ(1, o.taken);
	EXPECT_EQ(1, info_of(self->c).held);
	EXPECT_EQ(-ECANCELED, lpc_reply(take_kept(&self->t), 0, NULL, 0));
	EXPECT_EQ(0, info_of(self->c).held);
}

static int slow_connect(struct lpc_req *r, void **client, void *arg)
{
	struct tally *t = arg;

	t->inside++;
	while (!t->release)
		nap();
	t->inside--;
	return 0;
}

static void *connect_main(void *arg)
{
	struct _test_data_bulk *f = arg;

	return (void *)(long)connect_with(f, 64 * KIB);
}

/* The same struct waits on, with the section that it was given. */
TEST_F(bulk, signals_do_not_end_a_connect_that_brings_a_section)
{
	unsigned char data[MIDDLE] = "";
	pthread_t thread;
	void *ret;
	int i;

	catch(SIGUSR1);
	self->so.on_connect = slow_connect;
	ASSERT_EQ(0, start(self, 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, connect_main, self));
	for (i = 0; i < 20 || !self->t.inside; i++) {
		pthread_kill(thread, SIGUSR1);
		nap();
	}
	self->t.release = 1;
	pthread_join(thread, &ret);
	ASSERT_EQ(NULL, ret);
	EXPECT_EQ(64 * KIB, lpc_conn_room(self->c));
	EXPECT_EQ(MIDDLE, call(self->c, ECHO_CODE, data, MIDDLE, data, MIDDLE,
			       NULL));
}

/* ---- waiting for a piece ------------------------------------------------- */

static unsigned int waiters(struct lpc_conn *c)
{
	unsigned int n;

	pthread_mutex_lock(&c->section->lock);
	n = c->section->waiters;
	pthread_mutex_unlock(&c->section->lock);
	return n;
}

TEST_F(bulk, waiting_for_a_piece_ends_at_the_deadline_or_a_signal)
{
	struct one_call all = { 0 }, o = { 0 };

	catch(SIGUSR1);
	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, one_call_start(&all, self->c, SLOW_CODE, 60 * KIB));
	ASSERT_TRUE(UNTIL(self->t.inside == 1));
	o.c = self->c;
	o.code = ECHO_CODE;
	o.len = MIDDLE;
	o.taken = 1;
	o.deadline = lpc_in_ms(SHORT);
	one_call_main(&o);
	EXPECT_EQ(-ETIMEDOUT, o.ret);
	EXPECT_EQ(0, o.taken);
	o.deadline = LPC_NOW;
	one_call_main(&o);
	EXPECT_EQ(-ETIMEDOUT, o.ret);
	o.deadline = 0;
	o.flags = LPC_CALL_EINTR;
	ASSERT_EQ(0, one_call_start(&o, self->c, ECHO_CODE, MIDDLE));
	do
		pthread_kill(o.thread, SIGUSR1);
	while (pthread_tryjoin_np(o.thread, NULL) && !sched_yield());
	EXPECT_EQ(-EINTR, o.ret);
	EXPECT_EQ(0, o.taken);
	EXPECT_EQ(1, self->t.begun);
	/* Without that flag a signal is nothing to it. */
	o.flags = 0;
	ASSERT_EQ(0, one_call_start(&o, self->c, ECHO_CODE, MIDDLE));
	ASSERT_TRUE(UNTIL(waiters(self->c) == 1));
	pthread_kill(o.thread, SIGUSR1);
	self->t.release = 1;
	pthread_join(o.thread, NULL);
	EXPECT_EQ(MIDDLE, o.ret);
	pthread_join(all.thread, NULL);
	EXPECT_EQ(60 * KIB, all.ret);
}

TEST_F(bulk, closing_ends_who_waits_for_a_piece)
{
	struct one_call all = { 0 }, o = { 0 };

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, one_call_start(&all, self->c, SLOW_CODE, 60 * KIB));
	ASSERT_TRUE(UNTIL(self->t.inside == 1));
	ASSERT_EQ(0, one_call_start(&o, self->c, ECHO_CODE, MIDDLE));
	ASSERT_TRUE(UNTIL(waiters(self->c) == 1));
	lpc_conn_close(self->c);
	self->c = NULL;
	pthread_join(all.thread, NULL);
	pthread_join(o.thread, NULL);
	EXPECT_EQ(-ESHUTDOWN, all.ret);
	EXPECT_EQ(-ESHUTDOWN, o.ret);
}

/* Who waits for a callback to end would wait for itself. */
static int call_from_callback(struct lpc_req *r, void *arg)
{
	static unsigned char data[40 * KIB];
	struct lpc_conn *c = arg;
	__s32 status;

	if (call(c, ECHO_CODE, data, 40 * KIB, data, 40 * KIB, &status) !=
	    -ENOBUFS)
		return -EPROTO;
	/* Room for a reply is no reason to fail. */
	if (call(c, ECHO_CODE, data, 100, data, 40 * KIB, &status) != 100)
		return -EPROTO;
	return 0;
}

static int call_nothing(struct lpc_req *r, void *arg)
{
	return 0;
}

TEST_F(bulk, a_callback_that_calls_does_not_wait_for_its_own_piece)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	static unsigned char data[60 * KIB];

	ASSERT_EQ(0, serve(self, 2, 0));
	o.callback = call_from_callback;
	o.arg = self->c;
	EXPECT_EQ(60 * KIB, lpc_call(self->c, BACK_CODE, data, 60 * KIB, data,
				     60 * KIB, &o));
	EXPECT_EQ(2, self->t.begun);
}

TEST_F(bulk, a_buffer_stays_one_through_a_callback)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	struct lpc_buf b, all;

	ASSERT_EQ(0, serve(self, 1, 0));
	o.callback = call_nothing;
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, MIDDLE));
	EXPECT_EQ(MIDDLE, lpc_call_buf(self->c, BACK_CODE, &b, MIDDLE, &o));
	EXPECT_EQ(PIECE_LENT, ((struct piece *)b.place[0])->use);
	EXPECT_EQ(2, self->c->section->refs);
	lpc_buf_put(self->c, &b);
	EXPECT_EQ(1, self->c->section->refs);
	EXPECT_EQ(0, lpc_buf_get(self->c, &all, 64 * KIB));
	lpc_buf_put(self->c, &all);
}

/* ---- pieces -------------------------------------------------------------- */

TEST_F(bulk, pieces_are_joined_again)
{
	struct lpc_buf b[64], all;
	int i;

	ASSERT_EQ(0, serve(self, 1, 64 * KIB));
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(0, lpc_buf_get(self->c, &b[i], KIB));
		EXPECT_EQ(KIB, b[i].room);
		memset(b[i].data, i, KIB);
	}
	EXPECT_EQ(-ENOBUFS, lpc_buf_get(self->c, &all, 1));
	EXPECT_EQ(NULL, all.data);
	/* Every other one: half is free, and no two of it together. */
	for (i = 0; i < 64; i += 2)
		lpc_buf_put(self->c, &b[i]);
	EXPECT_EQ(-ENOBUFS, lpc_buf_get(self->c, &all, KIB + 1));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b[0], KIB));
	for (i = 1; i < 64; i += 2) {
		EXPECT_EQ(i, *(unsigned char *)b[i].data);
		EXPECT_EQ(i, ((unsigned char *)b[i].data)[KIB - 1]);
		lpc_buf_put(self->c, &b[i]);
	}
	EXPECT_EQ(-ENOBUFS, lpc_buf_get(self->c, &all, 64 * KIB));
	lpc_buf_put(self->c, &b[0]);
	EXPECT_EQ(0, lpc_buf_get(self->c, &all, 64 * KIB));
	lpc_buf_put(self->c, &all);
	lpc_buf_put(self->c, &all);	/* a zero one is nothing */
}

struct carver {
	pthread_t thread;
	struct lpc_conn *c;
	__u64 seed;
	int bad;
	int got;
};

#define CARVED 6

static void *carver_main(void *arg)
{
	struct carver *v = arg;
	__u64 sums[CARVED] = { 0 }, word = v->seed;
	struct lpc_buf b[CARVED] = { 0 };
	int i, k, ret;
	size_t len;

	for (i = 0; i < (SANITIZED ? 300 : 3000); i++) {
		word = word * 6364136223846793005ull + 1442695040888963407ull;
		k = (word >> 33) % CARVED;
		if (b[k].data) {
			v->bad += sum(b[k].data, b[k].room) != sums[k];
			lpc_buf_put(v->c, &b[k]);
			continue;
		}
		len = (word >> 40) % 5000;
		ret = lpc_buf_get(v->c, &b[k], len);
		v->bad += ret && ret != -ENOBUFS;
		if (ret)
			continue;
		v->got++;
		v->bad += b[k].room < len || (uintptr_t)b[k].data % 64;
		pattern(b[k].data, b[k].room, word);
		sums[k] = sum(b[k].data, b[k].room);
	}
	for (k = 0; k < CARVED; k++)
		lpc_buf_put(v->c, &b[k]);
	return NULL;
}

TEST_F_TIMEOUT(bulk, threads_carve_and_never_the_same_bytes, 300)
{
	struct carver v[8] = { 0 };
	struct lpc_buf all;
	int i, bad = 0;

	ASSERT_EQ(0, serve(self, 1, 64 * KIB));
	for (i = 0; i < 8; i++) {
		v[i].c = self->c;
		v[i].seed = i + 1;
		ASSERT_EQ(0, pthread_create(&v[i].thread, NULL, carver_main,
					    &v[i]));
	}
	for (i = 0; i < 8; i++) {
		pthread_join(v[i].thread, NULL);
		bad += v[i].bad;
		EXPECT_LT(0, v[i].got);
	}
	EXPECT_EQ(0, bad);
	EXPECT_EQ(0, lpc_buf_get(self->c, &all, 64 * KIB));
	lpc_buf_put(self->c, &all);
}

/* ---- connecting again, calls without waiting ----------------------------- */

TEST_F(bulk, a_new_connection_has_a_new_section_and_old_buffers_stay)
{
	struct lpc_buf b, lost, other;
	unsigned char data[1000];

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_EQ(0, lpc_buf_get(self->c, &b, 1000));
	ASSERT_EQ(0, lpc_buf_get(self->c, &lost, 1000));
	pattern(b.data, 1000, 1);
	stop(self);
	self->t.release = 0;
	EXPECT_EQ(-EPIPE, lpc_call_buf(self->c, ECHO_CODE, &b, 1000, NULL));
	ASSERT_EQ(0, start(self, 1));
	ASSERT_EQ(0, lpc_reconnect(self->c, lpc_in_ms(LONG)));
	pattern(data, 1000, 1);
	EXPECT_EQ(0, memcmp(b.data, data, 1000));
	EXPECT_EQ(-ESTALE, lpc_call_buf(self->c, ECHO_CODE, &b, 1000, NULL));
	lpc_buf_put(self->c, &b);
	ASSERT_EQ(0, lpc_buf_get(self->c, &other, 64 * KIB));
	EXPECT_EQ(1000, lpc_call_buf(self->c, ECHO_CODE, &other, 1000, NULL));
	pattern(other.data, 1000, 3);
	lpc_conn_close(self->c);
	self->c = NULL;
	pattern(data, 1000, 3);
	EXPECT_EQ(0, memcmp(other.data, data, 1000));
	lpc_buf_put(NULL, &other);
	lpc_buf_put(NULL, &lost);
}

struct done {
	int runs;
	ssize_t result;
	__u64 sum;
	const void *rep;
};

static void note_done(struct lpc_conn *c, ssize_t result, __s32 status,
		      const void *rep, void *arg)
{
	struct done *d = arg;

	d->runs++;
	d->result = result;
	d->rep = rep;
	d->sum = result > 0 ? sum(rep, result) : 0;
}

static int dispatch(struct lpc_conn *c, struct done *d)
{
	int n;

	while (!d->runs) {
		if (!poll_for(lpc_conn_fd(c), POLLIN))
			return -ETIME;
		n = lpc_dispatch(c);
		if (n < 0)
			return n;
	}
	return 0;
}

TEST_F(bulk, calls_without_waiting_are_of_any_length)
{
	struct lpc_call_opts o = { .size = sizeof(o) };
	unsigned char data[MIDDLE + 5 * KIB], grown[MIDDLE];
	struct done d[4] = { 0 };
	__u64 len = MIDDLE;
	struct lpc_buf b;

	ASSERT_EQ(0, serve(self, 1, 0));
	pattern(data, MIDDLE, 1);
	ASSERT_LT(0, lpc_call_async(self->c, ECHO_CODE, data, MIDDLE,
				    note_done, &d[0], NULL));
	o.room = MIDDLE;
	ASSERT_LT(0, lpc_call_async(self->c, GROW_CODE, &len, sizeof(len),
				    note_done, &d[1], &o));
	/* Without room: the server cannot answer so much. */
	ASSERT_LT(0, lpc_call_async(self->c, GROW_CODE, &len, sizeof(len),
				    note_done, &d[2], NULL));
	/* They never wait for each other. */
	EXPECT_EQ(-ENOBUFS, lpc_call_async(self->c, ECHO_CODE, data,
					   MIDDLE + 5 * KIB, note_done, &d[3],
					   NULL));
	ASSERT_EQ(0, dispatch(self->c, &d[0]));
	ASSERT_EQ(0, dispatch(self->c, &d[1]));
	ASSERT_EQ(0, dispatch(self->c, &d[2]));
	pattern(grown, MIDDLE, MIDDLE);
	EXPECT_EQ(MIDDLE, d[0].result);
	EXPECT_EQ(sum(data, MIDDLE), d[0].sum);
	EXPECT_EQ(MIDDLE, d[1].result);
	EXPECT_EQ(sum(grown, MIDDLE), d[1].sum);
	EXPECT_EQ(0, d[2].result);
	EXPECT_EQ(0, d[3].runs);
	EXPECT_EQ(0, lpc_buf_get(self->c, &b, 64 * KIB));
	lpc_buf_put(self->c, &b);
}

TEST_F(bulk, a_canceled_call_holds_its_piece_until_the_answer)
{
	unsigned char data[MIDDLE] = "";
	struct done d = { 0 };
	struct lpc_buf b;
	__s64 id;

	ASSERT_EQ(0, serve(self, 1, 0));
	id = lpc_call_async(self->c, KEEP_CODE, data, MIDDLE, note_done, &d,
			    NULL);
	ASSERT_LT(0, id);
	ASSERT_TRUE(UNTIL(nr_kept(&self->t) == 1));
	EXPECT_EQ(-ENOBUFS, lpc_buf_get(self->c, &b, 64 * KIB));
	ASSERT_EQ(0, lpc_cancel(self->c, id));
	ASSERT_EQ(0, dispatch(self->c, &d));
	EXPECT_EQ(-ECANCELED, d.result);
	EXPECT_EQ(1, info_of(self->c).held);
	EXPECT_EQ(-ENOBUFS, lpc_buf_get(self->c, &b, 64 * KIB));
	EXPECT_EQ(-ECANCELED, lpc_reply(take_kept(&self->t), 0, NULL, 0));
	EXPECT_EQ(0, lpc_buf_get(self->c, &b, 64 * KIB));
	lpc_buf_put(self->c, &b);
}

TEST_F(bulk, calls_of_a_former_connection_give_their_pieces_back)
{
	unsigned char data[MIDDLE] = "";
	struct done d = { 0 };

	ASSERT_EQ(0, serve(self, 1, 0));
	ASSERT_LT(0, lpc_call_async(self->c, KEEP_CODE, data, MIDDLE,
				    note_done, &d, NULL));
	ASSERT_TRUE(UNTIL(nr_kept(&self->t) == 1));
	lpc_server_stop(self->s, lpc_in_ms(1));
	pthread_join(self->thread, NULL);
	self->runs = false;
	stop(self);
	lpc_reply(take_kept(&self->t), 0, NULL, 0);
	ASSERT_EQ(0, start(self, 1));
	ASSERT_EQ(0, lpc_reconnect(self->c, lpc_in_ms(LONG)));
	EXPECT_EQ(MIDDLE, call(self->c, ECHO_CODE, data, MIDDLE, data, MIDDLE,
			       NULL));
	EXPECT_EQ(1, lpc_dispatch(self->c));
	EXPECT_EQ(-ECONNRESET, d.result);
}

/* ---- hostile ------------------------------------------------------------- */

/* A server that says of its reply what it likes */
struct liar {
	int port;
	__u64 offset;		/* from the piece's begin */
	__u64 length;
	__u32 len;
	__u32 section;
	int ret;		/* what the kernel said to that */
	int error;
};

static void *liar_main(void *arg)
{
	struct lpc_accept a = { 0 };
	struct liar *l = arg;
	struct lpcbuf b;
	int end;

	l->error = msg_listen(l->port, &b, LONG);
	if (l->error)
		return NULL;
	a.id = b.m.id;
	a.theirs.size = b.m.length;
	end = port_accept_opts(l->port, &a);
	if (end < 0 || end_complete(end) < 0) {
		l->error = end < 0 ? end : -EPROTO;
		return NULL;
	}
	l->error = msg_recv(l->port, &b, LONG);
	if (l->error)
		return NULL;
	b.m.flags = LPC_WITH_REPLY;
	b.m.section = l->section;
	b.m.offset += l->offset;
	b.m.length = l->length;
	b.m.len = l->len;
	b.m.callback = 0;
	l->ret = lpc_ioctl(l->port, LPC_IOC_REPLY_RECV, &b);
	if (l->ret < 0)
		msg_reply_id(l->port, b.m.id, 0, 0, NULL, 0);
	/* The receiver is at the port until the client has left. */
	msg_recv(l->port, &b, LONG);
	close(end);
	return NULL;
}

TEST_F(bulk, a_reply_beyond_its_piece_is_the_servers_error)
{
	/* The request has 1024 bytes of 65536. */
	static const struct liar lies[] = {
		{ .section = 1, .offset = 0, .length = 1025, .len = 1025 },
		{ .section = 1, .offset = 64, .length = 1024, .len = 1024 },
		{ .section = 1, .offset = -1ull, .length = 1024, .len = 1024 },
		{ .section = 1, .offset = 0, .length = 1024, .len = 1025 },
		{ .section = 1, .offset = 0, .length = -1ull, .len = 1024 },
		{ .section = 1, .offset = 1 << 20, .length = 400, .len = 400 },
		{ .section = 1, .offset = 0, .length = 1024, .len = -1u },
		{ .section = 2, .offset = 0, .length = 1024, .len = 1024 },
		{ .section = 3, .offset = 0, .length = 1024, .len = 1024 },
	};
	unsigned char data[1024] = "", rep[2048];
	struct lpc_call_opts o = { .size = sizeof(o), .room = 1024 };
	pthread_t thread;
	struct liar l;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		l = lies[i];
		l.port = port_create_mode(self->name, 0666);
		ASSERT_LE(0, l.port);
		ASSERT_EQ(0, pthread_create(&thread, NULL, liar_main, &l));
		ASSERT_EQ(0, connect_with(self, 0));
		EXPECT_EQ(0, lpc_call(self->c, 1, data, 1024, rep, 2048, &o));
		lpc_conn_close(self->c);
		self->c = NULL;
		pthread_join(thread, NULL);
		EXPECT_EQ(0, l.error);
		EXPECT_EQ(-EINVAL, l.ret) {
			TH_LOG("lie %zu", i);
		}
		close(l.port);
	}
}

/* The kernel would not say so; the library does not go by that. */
TEST_F(bulk, the_library_looks_at_what_it_is_told_as_well)
{
	static const struct {
		__u64 offset;
		__u32 len;
		__u16 section;
		bool ok;
	} cases[] = {
		{ 4096, 1024, LPC_SECTION_CLIENT, true },
		{ 4096 + 64, 1024 - 64, LPC_SECTION_CLIENT, true },
		{ 4096, 1025, LPC_SECTION_CLIENT, false },
		{ 4096 + 64, 1024, LPC_SECTION_CLIENT, false },
		{ 4095, 1024, LPC_SECTION_CLIENT, false },
		{ 4096 + 1024, 304, LPC_SECTION_CLIENT, false },
		{ 4096 + 1025, 304, LPC_SECTION_CLIENT, false },
		{ -1ull, 304, LPC_SECTION_CLIENT, false },
		{ 1ull << 63, 304, LPC_SECTION_CLIENT, false },
		{ 4096, -1u, LPC_SECTION_CLIENT, false },
		{ 4096, 1024, LPC_SECTION_SERVER, false },
		{ 4096, 1024, LPC_SECTION_NONE, false },
	};
	static unsigned char memory[8192];
	struct section s = { .base = memory, .size = sizeof(memory) };
	struct piece p = { .offset = 4096, .length = 1024 };
	const void *want;
	struct message b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&b.m, 0, sizeof(b.m));
		b.m.section = cases[i].section;
		b.m.offset = cases[i].offset;
		b.m.length = cases[i].len;
		b.m.len = cases[i].len;
		want = NULL;
		if (cases[i].ok)
			want = memory + cases[i].offset;
		EXPECT_EQ(want, lpc_section_payload(&b, &s, &p));
		EXPECT_EQ(NULL, lpc_section_payload(&b, NULL, NULL));
	}
}

TEST_HARNESS_MAIN
