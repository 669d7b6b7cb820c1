/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of liblpc's long messages share: payloads that tell a wrong
 * byte, and a server with its client in one process, so that the section is
 * mapped twice.
 */
#ifndef SELFTESTS_COMMON_BULK_H
#define SELFTESTS_COMMON_BULK_H

#include "common_call.h"

#include <lpc.h>

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

static inline bool is_debug(void)
{
	struct lpc_info i;

	return !get_info(&i) && i.features & LPC_HAS_DEBUG;
}

/* ---- payloads ------------------------------------------------------------ */

/* The same bytes for the same @seed, no two alike. */
static inline void pattern(void *data, size_t len, __u64 seed)
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

static inline __u64 sum(const void *data, size_t len)
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

static inline void flip(void *to, const void *from, size_t len)
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

static inline int flip_handler(struct lpc_req *r)
{
	unsigned char text[LPC_INLINE_MAX];
	void *out = r->len > sizeof(text) ? r->room : text;

	if (r->len > sizeof(text) && r->room_len < r->len)
		return -EMSGSIZE;
	flip(out, r->data, r->len);
	return lpc_reply(r, 0, out, r->len);
}

static inline int grow_handler(struct tally *t, struct lpc_req *r)
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

static inline int twice_handler(struct tally *t, struct lpc_req *r)
{
	__u64 before = sum(r->data, r->len);

	t->inside++;
	while (!t->release)
		nap();
	t->changed += before != sum(r->data, r->len);
	t->inside--;
	return 0;
}

static inline int keep_handler(struct tally *t, struct lpc_req *r)
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

static inline int handler(struct lpc_req *r, void *arg)
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

static inline unsigned int nr_kept(struct tally *t)
{
	unsigned int n;

	pthread_mutex_lock(&t->lock);
	n = t->nr_kept;
	pthread_mutex_unlock(&t->lock);
	return n;
}

/* The oldest kept request; NULL: none */
static inline struct lpc_req *take_kept(struct tally *t)
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

static inline void *run_main(void *arg)
{
	struct _test_data_bulk *f = arg;

	f->ret = lpc_server_run(f->s);
	return NULL;
}

static inline int start(struct _test_data_bulk *f, int threads)
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

static inline int connect_with(struct _test_data_bulk *f, size_t section)
{
	struct lpc_connect_opts o = { .size = sizeof(o) };

	o.section = section;
	return lpc_connect(&f->c, f->name, &o);
}

static inline int serve(struct _test_data_bulk *f, int threads, size_t section)
{
	int ret = start(f, threads);

	return ret < 0 ? ret : connect_with(f, section);
}

static inline void stop(struct _test_data_bulk *f)
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

static inline ssize_t call(struct lpc_conn *c, __u32 code, const void *data,
			   size_t len, void *rep, size_t room, __s32 *status)
{
	struct lpc_call_opts o = { .size = sizeof(o) };

	o.status = status;
	return lpc_call(c, code, data, len, rep, room, &o);
}

static inline struct lpc_conn_info info_of(struct lpc_conn *c)
{
	return conn_info(lpc_conn_fd(c));
}

/* ---- one call, here or in a thread of its own ---------------------------- */

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

static inline void *one_call_main(void *arg)
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

static inline int one_call_start(struct one_call *o, struct lpc_conn *c, __u32 code,
				 size_t len)
{
	o->c = c;
	o->code = code;
	o->len = len;
	return -pthread_create(&o->thread, NULL, one_call_main, o);
}

static inline void no_done(struct lpc_conn *c, ssize_t result, __s32 status,
			   const void *rep, void *arg)
{
}

#endif /* SELFTESTS_COMMON_BULK_H */
