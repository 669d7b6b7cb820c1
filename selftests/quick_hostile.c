// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quick channels with a side that writes what it likes into what is shared: the
 * channel ends, and nothing else does.
 */
#include "common_quick.h"

#define POLLED (LPC_SERVE_QUICK | LPC_SERVE_QUICK_POLL)

FIXTURE(quick_hostile)
{
	struct qrig r;
	struct lpc_quick_opts small;
};

FIXTURE_VARIANT(quick_hostile)
{
	uint64_t flags;
};

/* A channel has a thread of its own, or shares one. */
FIXTURE_VARIANT_ADD(quick_hostile, thread)
{
	.flags = LPC_SERVE_QUICK,
};

FIXTURE_VARIANT_ADD(quick_hostile, polled)
{
	.flags = POLLED,
};

FIXTURE_SETUP(quick_hostile)
{
	qrig_init(&self->r);
	self->small = (struct lpc_quick_opts){ .size = sizeof(self->small), .ring = 4096 };
	ASSERT_EQ(0, qrig_serve(&self->r, variant->flags, 0, 0));
	ASSERT_EQ(0, lpc_quick_open(&self->r.q, self->r.c, &self->small));
	ASSERT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
}

FIXTURE_TEARDOWN(quick_hostile)
{
	qrig_close(&self->r);
}

/* The server looks, finds it corrupt, and closes the channel: nothing more. */
static void server_ends(struct __test_metadata *_metadata, struct qrig *r)
{
	char data[1000];
	ssize_t ret;

	lpc_channel_event(&r->q->ch, LPC_EVENT_HIGH);
	ASSERT_TRUE(UNTIL(lpc_channel_closed(&r->q->ch)));
	/* what it answered before is still there */
	do
		ret = r->q->waiting ? lpc_quick_recv(r->q, NULL, data, sizeof(data), 0) :
				      qcall(r->q, ECHO_CODE, "", 0, NULL, 0);
	while (ret >= 0);
	ASSERT_TRUE(ret == -EPIPE || ret == -ECONNRESET);
	ASSERT_TRUE(qconn_lives(r->c));
	ASSERT_EQ(0, r->t->gone);
	lpc_quick_close(r->q);
	r->q = NULL;
	ASSERT_EQ(0, lpc_quick_open(&r->q, r->c, NULL));
	ASSERT_EQ(0, qcall(r->q, ECHO_CODE, "", 0, NULL, 0));
}

static struct ring_slot *next_slot(struct qrig *r)
{
	struct ring_out *o = &r->q->ch.out;

	return &o->ring.slots[o->sent & (o->ring.n - 1)];
}

static uint64_t next_number(struct qrig *r)
{
	return (r->q->ch.out.sent + 1) << 32;
}

TEST_F(quick_hostile, a_number_that_is_not_the_next_one)
{
	next_slot(&self->r)->word = next_number(&self->r) + (1ull << 32);
	server_ends(_metadata, &self->r);
}

TEST_F(quick_hostile, a_length_beyond_the_ring)
{
	next_slot(&self->r)->word = next_number(&self->r) | 4097;
	server_ends(_metadata, &self->r);
}

TEST_F(quick_hostile, a_place_beyond_the_ring)
{
	next_slot(&self->r)->place = 4000;
	next_slot(&self->r)->word = next_number(&self->r) | 97;
	server_ends(_metadata, &self->r);
}

TEST_F(quick_hostile, bits_that_mean_nothing)
{
	next_slot(&self->r)->word = next_number(&self->r) | 1u << 28;
	server_ends(_metadata, &self->r);
}

TEST_F(quick_hostile, replies_taken_that_were_never_sent)
{
	char data[1000] = "";
	int n;

	self->r.q->ch.page->ring[RING_REPLIES].taken = 1ull << 40;
	/* the server believes its own count until it needs room */
	for (n = 0; n < 8;) {
		int ret = lpc_quick_send(self->r.q, ECHO_CODE, data, 1000, n, 0);

		n += !ret;
		if (ret && ret != -EAGAIN)
			break;
	}
	server_ends(_metadata, &self->r);
}

TEST_F(quick_hostile, a_corrupt_reply_is_EPROTO_and_stays_so)
{
	struct ring_in *in = &self->r.q->ch.in;
	struct ring_slot *s = &in->ring.slots[in->next & (in->ring.n - 1)];

	s->word = (in->next + 5) << 32;
	EXPECT_EQ(-EPROTO, qcall(self->r.q, SLOW_CODE, "", 0, NULL, 0));
	EXPECT_EQ(-EPROTO, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
	EXPECT_EQ(-EPROTO, lpc_quick_send(self->r.q, ECHO_CODE, "", 0, 0, 0));
	self->r.t->release = 1;
	EXPECT_TRUE(qconn_lives(self->r.c));
}

TEST_F(quick_hostile, a_reply_that_nobody_asked_for_is_EPROTO)
{
	struct ring_in *in = &self->r.q->ch.in;
	struct ring_slot *s = &in->ring.slots[in->next & (in->ring.n - 1)];

	s->tag = 4711;
	s->word = (in->next + 1) << 32 | RING_CALL;
	EXPECT_EQ(-EPROTO, qcall(self->r.q, SLOW_CODE, "", 0, NULL, 0));
	self->r.t->release = 1;
	EXPECT_TRUE(qconn_lives(self->r.c));
}

TEST_F(quick_hostile, requests_taken_that_were_never_sent_are_EPROTO)
{
	char data[4096] = "";
	ssize_t ret;
	int i;

	for (ret = 0, i = 0; i < 10 && ret >= 0; i++) {
		self->r.q->ch.page->ring[RING_REQUESTS].taken = ~0ull;
		ret = qcall(self->r.q, ECHO_CODE, data, 4000, data, 4096);
	}
	/* the server may have mended the word in time, but not each time */
	EXPECT_TRUE(ret == -EPROTO || i == 10);
	EXPECT_TRUE(qconn_lives(self->r.c));
}

TEST_F(quick_hostile, a_peer_that_says_it_left_has_left)
{
	self->r.q->ch.page->side[CHANNEL_CLIENT].closed = 77;
	server_ends(_metadata, &self->r);
}

/* Eight threads that write the event words; the others' calls go on. */
struct hammer {
	pthread_t thread;
	struct channel_page *page;
	atomic_bool *stop;
};

static void *hammer_main(void *arg)
{
	struct hammer *h = arg;
	uint32_t n = 0;

	while (!*h->stop) {
		*(_Atomic uint32_t *)&h->page->event.low = n++;
		*(_Atomic uint32_t *)&h->page->event.high = n * 2654435761u;
		h->page->ring[0].want = n;
		h->page->side[1].cpu = n;
		if (!(n & 1023))
			sched_yield();
	}
	return NULL;
}

TEST_F_TIMEOUT(quick_hostile, a_hammered_page_is_nobody_elses_trouble, 300)
{
	struct lpc_quick *other;
	struct hammer h[8];
	atomic_bool stop = false;
	int i, out;

	ASSERT_EQ(0, lpc_quick_open(&other, self->r.c, &self->small));
	for (i = 0; i < 8; i++) {
		h[i].page = self->r.q->ch.page;
		h[i].stop = &stop;
		pthread_create(&h[i].thread, NULL, hammer_main, &h[i]);
	}
	for (i = 0; i < 20; i++)
		ASSERT_EQ(4, qcall(other, ECHO_CODE, &i, 4, &out, 4));
	ASSERT_TRUE(qconn_lives(self->r.c));
	stop = true;
	for (i = 0; i < 8; i++)
		pthread_join(h[i].thread, NULL);
	lpc_quick_close(other);
}

/* It keeps what it is asked to, and no more than can be answered. */
TEST_F(quick_hostile, a_flood_that_is_kept_is_bounded)
{
	uint32_t n = self->r.q->ch.out.ring.n;
	int sent = 0, i;

	/* past what the library lets a client do */
	for (i = 0; i < 10000 && sent < 4 * n; i++) {
		self->r.q->waiting = 0;
		if (!lpc_quick_send(self->r.q, KEEP_CODE, "", 0, i, 0))
			sent++;
		else
			nap();
		if (self->r.t->nkept == n && sent >= 2 * n)
			break;
	}
	EXPECT_TRUE(STAYS(self->r.t->nkept <= n));
	EXPECT_TRUE(qconn_lives(self->r.c));
	/* an answer makes room for one more, until the channel is gone */
	lpc_quick_close(self->r.q);
	self->r.q = NULL;
	i = 0;
	do {
		while (i < self->r.t->nkept)
			lpc_reply(self->r.t->kept[i++], 0, NULL, 0);
	} while (!STAYS(i == self->r.t->nkept));
}

/* ---- asking --------------------------------------------------------------- */

static int32_t ask(struct lpc_conn *c, const void *data, size_t len)
{
	int32_t status = 0;
	ssize_t n = lpc_call(c, LPC_CODE_QUICK, data, len, NULL, 0,
			     LPC_OPTS(lpc_call_opts, .status = &status,
				      .deadline = lpc_in_ms(LONG)));

	return n < 0 ? (int32_t)n : status;
}

TEST_F(quick_hostile, what_is_asked_for_is_checked)
{
	struct quick_ask a = { .version = QUICK_VERSION, .id = 1, .bytes = 4096 };
	struct quick_ask b;

	EXPECT_EQ(-EINVAL, ask(self->r.c, "", 0));
	EXPECT_EQ(-EINVAL, ask(self->r.c, &a, sizeof(a) - 1));
	b = a;
	b.version = 0;
	EXPECT_EQ(-EOPNOTSUPP, ask(self->r.c, &b, sizeof(b)));
	b = a;
	b.reserved = 1;
	EXPECT_EQ(-EOPNOTSUPP, ask(self->r.c, &b, sizeof(b)));
	b = a;
	b.flags = 1u << 31;
	EXPECT_EQ(-EOPNOTSUPP, ask(self->r.c, &b, sizeof(b)));
	b = a;
	b.bytes = 4095;
	EXPECT_EQ(-EMSGSIZE, ask(self->r.c, &b, sizeof(b)));
	b.bytes = 0;
	EXPECT_EQ(-EMSGSIZE, ask(self->r.c, &b, sizeof(b)));
	b.bytes = 1u << 31;
	EXPECT_EQ(-EMSGSIZE, ask(self->r.c, &b, sizeof(b)));
	/* an id that is none, or was used */
	b = a;
	b.id = ~0ull;
	EXPECT_EQ(-ESTALE, ask(self->r.c, &b, sizeof(b)));
	EXPECT_TRUE(qconn_lives(self->r.c));
	EXPECT_EQ(0, qcall(self->r.q, ECHO_CODE, "", 0, NULL, 0));
}

/* A section of another size than was said is not taken. */
TEST_F(quick_hostile, the_section_is_as_large_as_was_said)
{
	struct lpc_section_make sm = { .size = lpc_rings_size(4096) };
	struct lpc_quick_make m = { 0 };
	struct quick_ask a = { .version = QUICK_VERSION, .bytes = 8192 };

	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &sm));
	m.own.fd = sm.fd;
	ASSERT_EQ(0, lpc_ioctl(lpc_conn_fd(self->r.c), LPC_IOC_QUICK, &m));
	a.id = m.id;
	EXPECT_EQ(-EINVAL, ask(self->r.c, &a, sizeof(a)));
	/* it was opened once */
	a.bytes = 4096;
	EXPECT_EQ(-ESTALE, ask(self->r.c, &a, sizeof(a)));
	munmap((void *)(uintptr_t)m.own.base, m.own.size);
	close(m.fd);
	close(sm.fd);
	EXPECT_TRUE(qconn_lives(self->r.c));
}

TEST_F(quick_hostile, another_connections_id_is_ESTALE)
{
	struct lpc_section_make sm = { .size = lpc_rings_size(4096) };
	struct quick_ask a = { .version = QUICK_VERSION, .bytes = 4096 };
	struct lpc_quick_make m = { 0 };
	struct qrig two = self->r;

	ASSERT_EQ(0, qconnect(&two));
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &sm));
	m.own.fd = sm.fd;
	ASSERT_EQ(0, lpc_ioctl(lpc_conn_fd(two.c), LPC_IOC_QUICK, &m));
	a.id = m.id;
	EXPECT_EQ(-ESTALE, ask(self->r.c, &a, sizeof(a)));
	munmap((void *)(uintptr_t)m.own.base, m.own.size);
	close(m.fd);
	close(sm.fd);
	lpc_conn_close(two.c);
}

/* ---- random bytes --------------------------------------------------------- */

struct vandal {
	pthread_t thread;
	struct lpc_quick *q;
	atomic_bool stop;
	unsigned int seed;
};

static void *vandal_main(void *arg)
{
	struct vandal *v = arg;
	struct ring_slot *slots = v->q->ch.view;
	uint32_t n = 2 * v->q->ch.out.ring.n;

	while (!v->stop) {
		struct ring_slot *s = &slots[rand_r(&v->seed) % n];
		uint64_t w = (uint64_t)rand_r(&v->seed) << 32 ^ rand_r(&v->seed);

		switch (rand_r(&v->seed) % 4) {
		case 0:
			v->q->ch.page->ring[w & 1].taken = w;
			break;
		case 1:
			s->place = w;
			s->tag = w;
			break;
		default:
			s->word = w;
		}
	}
	return NULL;
}

TEST_F_TIMEOUT(quick_hostile, random_bytes_end_the_channel_and_not_the_connection, 300)
{
	char in[1000], out[4096];
	int i, round;

	for (i = 0; i < sizeof(in); i++)
		in[i] = i;
	for (round = 0; round < 20; round++) {
		struct vandal v = { .seed = round + 1 };
		ssize_t ret;

		ASSERT_EQ(0, lpc_quick_open(&v.q, self->r.c, &self->small));
		for (i = 0; i < 50; i++)
			ASSERT_EQ(sizeof(in), qcall(v.q, ECHO_CODE, in,
						    sizeof(in), out, 4096));
		pthread_create(&v.thread, NULL, vandal_main, &v);
		do
			ret = qcall(v.q, SUM_CODE + qsum(in, sizeof(in)), in,
				    sizeof(in), out, 4096);
		while (ret == sizeof(in) && !memcmp(in, out, ret));
		v.stop = true;
		pthread_join(v.thread, NULL);
		ASSERT_NE(-ETIMEDOUT, ret);
		ASSERT_TRUE(qconn_lives(self->r.c));
		lpc_quick_close(v.q);
	}
}

TEST_HARNESS_MAIN
