// SPDX-License-Identifier: GPL-2.0-only
/*
 * channel.c - both sides' use of a quick channel's rings: what one side writes the
 * other gets, and what a hostile side writes harms nobody.
 */
#include "common_ring.h"

/* Messages, and channels that end badly; --full: a million, 200. */
static uint32_t many = 8000;
static unsigned int channels = 40;

static int keep_handler(struct lpc_req *req, void *arg)
{
	struct rig *r = arg;
	struct lpc_req *kept = lpc_req_keep(req);

	if (!kept)
		return -ENOMEM;
	r->kept[r->nkept] = kept;
	r->nkept++;
	return 0;
}

FIXTURE(channel)
{
	struct rig r;
	struct lpc_quick *q;
};

FIXTURE_SETUP(channel)
{
	rig_make(&self->r, echo_handler, 4096);
	self->q = self->r.q;
}

FIXTURE_TEARDOWN(channel)
{
	rig_close(&self->r);
}

static uint64_t soon(void)
{
	return lpc_in_ms(LONG);
}

TEST_F(channel, a_call_of_every_length)
{
	unsigned char in[4096], out[4096];
	uint32_t len;

	rig_start(&self->r);
	for (len = 0; len <= 4096; len++) {
		fill(in, len, len);
		ASSERT_EQ(lpc_quick_call(self->q, 1, in, len, out, sizeof(out),
					 LPC_OPTS(lpc_call_opts, .deadline = soon())),
			  len);
		ASSERT_EQ(memcmp(in, out, len), 0);
	}
	ASSERT_EQ(lpc_quick_call(self->q, 1, in, 4097, out, sizeof(out), NULL),
		  -EMSGSIZE);
	ASSERT_EQ(self->r.served, 4097);
}

TEST_F(channel, a_reply_that_does_not_fit_is_EMSGSIZE_and_says_how_long)
{
	char in[100] = "", out[100];
	size_t need = 0;
	int taken = 0;

	rig_start(&self->r);
	ASSERT_EQ(lpc_quick_call(self->q, 1, in, 100, out, 99,
				 LPC_OPTS(lpc_call_opts, .need = &need, .taken = &taken)),
		  -EMSGSIZE);
	ASSERT_EQ(need, 100);
	ASSERT_EQ(taken, 1);
	ASSERT_EQ(lpc_quick_call(self->q, 1, in, 100, out, 100, NULL), 100);
}

TEST_F(channel, several_are_in_flight_and_come_back_with_their_tags)
{
	struct lpc_quick_reply reply;
	char in[32], out[32];
	int i, got[20] = { 0 };

	for (i = 0; i < 20; i++) {
		snprintf(in, sizeof(in), "%d", i);
		ASSERT_EQ(lpc_quick_send(self->q, 1, in, sizeof(in), i,
					 LPC_QUICK_MORE), 0);
	}
	ASSERT_EQ(lpc_quick_call(self->q, 1, in, 1, out, 1, NULL), -EBUSY);
	rig_start(&self->r);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, sizeof(out),
					 soon()), 32);
		ASSERT_EQ(reply.tag, atoi(out));
		got[reply.tag]++;
	}
	for (i = 0; i < 20; i++)
		ASSERT_EQ(got[i], 1);
	ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, sizeof(out), LPC_NOW),
		  -ENOMSG);
}

TEST_F(channel, a_short_buffer_loses_no_reply)
{
	struct lpc_quick_reply reply;
	char out[32];

	rig_start(&self->r);
	ASSERT_EQ(lpc_quick_send(self->q, 1, "0123456789", 10, 7, 0), 0);
	ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, 9, soon()), -EMSGSIZE);
	ASSERT_EQ(reply.len, 10);
	ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, 10, soon()), 10);
	ASSERT_EQ(reply.tag, 7);
}

TEST_F(channel, a_full_ring_says_EAGAIN_until_replies_are_received)
{
	struct lpc_quick_reply reply;
	char data[1000] = "", out[1000];
	int n = 0, got = 0;

	self->r.hold = true;
	rig_start(&self->r);
	/* four fit; one more when the handler has the first */
	while (n < 5)
		n += !lpc_quick_send(self->q, 1, data, sizeof(data), n, 0);
	ASSERT_EQ(lpc_quick_send(self->q, 1, data, sizeof(data), n, 0), -EAGAIN);
	self->r.hold = false;
	while (got < 1000) {
		while (n < 1000 &&
		       !lpc_quick_send(self->q, 1, data, sizeof(data), n, 0))
			n++;
		ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, sizeof(out),
					 soon()), 1000);
		ASSERT_EQ(reply.tag, got);
		got++;
	}
}

/*
 * Replies that nobody receives fill their ring: the server sleeps until there is
 * room, and a client that then receives wakes it.
 */
TEST_F(channel, a_server_waits_for_room_for_its_replies)
{
	struct lpc_quick_reply reply;
	char data[1000] = "", out[1000];
	int i, n = 0;

	rig_start(&self->r);
	while (n < 8)
		n += !lpc_quick_send(self->q, 1, data, sizeof(data), n, 0);
	ASSERT_TRUE(UNTIL(self->r.page->ring[RING_REPLIES].want));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, sizeof(out),
					 soon()), 1000);
		ASSERT_EQ(reply.tag, i);
	}
	ASSERT_EQ(self->r.served, 8);
}

TEST_F(channel, a_call_given_up_is_answered_to_nobody)
{
	char out[8];
	int taken = 0;

	self->r.hold = true;
	rig_start(&self->r);
	ASSERT_EQ(lpc_quick_call(self->q, 1, "first", 6, out, 8,
				 LPC_OPTS(lpc_call_opts, .deadline = lpc_in_ms(SHORT),
					  .taken = &taken)),
		  -ETIMEDOUT);
	ASSERT_EQ(taken, 1);
	self->r.hold = false;
	ASSERT_EQ(lpc_quick_call(self->q, 1, "second", 7, out, 8,
				 LPC_OPTS(lpc_call_opts, .deadline = soon())), 7);
	ASSERT_STREQ(out, "second");
	ASSERT_EQ(self->r.served, 2);
}

TEST_F(channel, a_request_is_built_in_place)
{
	char out[4096];
	void *at;

	rig_start(&self->r);
	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(lpc_quick_place(self->q, 3000, &at), 0);
		memset(at, 'a' + i % 26, 3000);
		ASSERT_EQ(lpc_quick_call(self->q, 1, at, 2000 + i, out,
					 sizeof(out), NULL), 2000 + i);
		ASSERT_EQ(out[0], 'a' + i % 26);
		ASSERT_EQ(out[1999 + i], 'a' + i % 26);
	}
	ASSERT_EQ(lpc_quick_place(self->q, 4097, &at), -EMSGSIZE);
}

TEST_F(channel, kept_requests_are_answered_from_another_thread_in_any_order)
{
	struct lpc_quick_reply reply;
	char out[16];
	int i, sum = 0;

	self->r.server.handler = keep_handler;
	rig_start(&self->r);
	for (i = 0; i < 40; i++)
		ASSERT_EQ(lpc_quick_send(self->q, 1, &i, sizeof(i), i, 0), 0);
	ASSERT_TRUE(UNTIL(self->r.nkept == 40));
	for (i = 39; i >= 0; i--) {
		struct lpc_req *k = self->r.kept[i];

		ASSERT_EQ(lpc_reply(k, i, k->data, k->len), 0);
	}
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, sizeof(out),
					 soon()), sizeof(int));
		ASSERT_EQ(reply.status, reply.tag);
		sum += reply.tag;
	}
	ASSERT_EQ(sum, 780);
	ASSERT_EQ(self->r.server.kept, 0);
}

/* Answers from elsewhere that do not fit wait for the server's own thread. */
TEST_F(channel, answers_that_come_late_wait_for_room)
{
	struct lpc_quick_reply reply;
	char data[1000] = "", out[1000];
	int i, sum = 0;

	self->r.server.handler = keep_handler;
	rig_start(&self->r);
	for (i = 0; i < 12;)
		i += !lpc_quick_send(self->q, 1, data, sizeof(data), i, 0);
	ASSERT_TRUE(UNTIL(self->r.nkept == 12));
	for (i = 0; i < 12; i++) {
		struct lpc_req *k = self->r.kept[i];

		ASSERT_EQ(lpc_reply(k, 0, k->data, k->len), 0);
	}
	for (i = 0; i < 12; i++) {
		ASSERT_EQ(lpc_quick_recv(self->q, &reply, out, sizeof(out),
					 soon()), 1000);
		sum += reply.tag;
	}
	ASSERT_EQ(sum, 66);
}

TEST_F(channel, a_request_kept_beyond_its_channel_is_EPIPE)
{
	self->r.server.handler = keep_handler;
	rig_start(&self->r);
	ASSERT_EQ(lpc_quick_send(self->q, 1, "", 0, 0, 0), 0);
	ASSERT_TRUE(UNTIL(self->r.nkept == 1));
	user_kill(&self->r.pair);
	rig_join(&self->r);
	ASSERT_EQ(lpc_reply(self->r.kept[0], 0, NULL, 0), -EPIPE);
}

/* Both sides asleep: one EVENT for a hundred requests, one for the replies. */
TEST_F(channel, many_are_sent_with_one_wake)
{
	struct lpc_quick_reply reply;
	unsigned long before;
	int i;

	self->q->ch.may_spin = false;
	self->r.line->ch.may_spin = false;
	rig_start(&self->r);
	/* it says so before it goes to sleep, and may find a reason not to */
	ASSERT_TRUE(UNTIL(self->r.pair.sleeping));
	before = self->r.pair.calls;
	for (i = 0; i < 59; i++)
		ASSERT_EQ(lpc_quick_send(self->q, 1, "", 0, i, LPC_QUICK_MORE), 0);
	ASSERT_EQ(self->r.pair.calls, before);
	/* wakes the server, which may go on at once */
	ASSERT_EQ(lpc_quick_send(self->q, 1, "", 0, 59, 0), 0);
	ASSERT_TRUE(UNTIL(self->r.served == 60));
	for (i = 0; i < 60; i++)
		ASSERT_EQ(lpc_quick_recv(self->q, &reply, NULL, 0, soon()), 0);
	/* at most: that one, the client's wait, the server's next one, with its set */
	ASSERT_LE(self->r.pair.calls, before + 4);
}

TEST_F(channel, the_end_of_the_server_ends_a_call)
{
	char out[8];
	int taken = 0;

	self->r.hold = true;
	rig_start(&self->r);
	ASSERT_EQ(lpc_quick_send(self->q, 1, "", 0, 0, 0), 0);
	ASSERT_TRUE(UNTIL(self->r.served == 1));
	user_kill(&self->r.pair);
	ASSERT_EQ(lpc_quick_recv(self->q, NULL, NULL, 0, soon()), -EPIPE);
	ASSERT_EQ(lpc_quick_call(self->q, 1, "", 0, out, 8,
				 LPC_OPTS(lpc_call_opts, .taken = &taken)),
		  -EPIPE);
	ASSERT_EQ(taken, 0);
	self->r.hold = false;
	rig_join(&self->r);
	ASSERT_EQ(self->r.ret, -EPIPE);
}

TEST_F(channel, a_slot_overwritten_ends_both_sides)
{
	struct ring_slot *s = (struct ring_slot *)self->r.view;
	char out[8];
	ssize_t ret;

	rig_start(&self->r);
	ASSERT_EQ(lpc_quick_call(self->q, 1, "", 0, out, 8, NULL), 0);
	s[1].word = 0x123456789abcdefull;
	lpc_channel_event(&self->q->ch, LPC_EVENT_HIGH);
	rig_join(&self->r);
	ASSERT_EQ(self->r.ret, -EPROTO);
	ret = lpc_quick_call(self->q, 1, "", 0, out, 8,
			     LPC_OPTS(lpc_call_opts, .deadline = soon()));
	ASSERT_TRUE(ret == -ECONNRESET || ret == -EPIPE);
}

/* ---- many ----------------------------------------------------------------- */

static uint32_t sum(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0x9e3779b97f4a7c15 ^ len, w;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	for (; len; len--)
		h = (h ^ *p++) * 0xff51afd7ed558ccd;
	return (uint32_t)(h >> 33);
}

/* Most are short, some have all of the ring. */
static uint32_t random_len(uint64_t *state, uint32_t most)
{
	uint32_t bits = next_random(state) % (32 - __builtin_clz(most));

	return next_random(state) % ((most >> bits) + 1);
}

/* The code is the checksum; so is the status, of an answer of another length. */
static int sum_handler(struct lpc_req *req, void *arg)
{
	struct rig *r = arg;
	unsigned char out[4096];
	uint64_t state = req->code + 1;
	uint32_t len = random_len(&state, r->bytes < sizeof(out) ?
					  r->bytes : sizeof(out));

	if (sum(req->data, req->len) != req->code)
		r->bad++;
	r->served++;
	fill(out, len, req->code);
	return lpc_reply(req, sum(out, len), out, len);
}

/* One pass over a small ring: what is sent and received, until @n were. */
struct pass {
	unsigned char data[4096];
	uint64_t state;
	uint32_t sent, got;
	uint32_t want[256];	/* codes, by tag */
	bool bad;
};

static int pass_send(struct lpc_quick *q, struct pass *p, uint32_t most)
{
	uint32_t len = random_len(&p->state, most), code;
	void *at = p->data;
	int ret = 0;

	if (next_random(&p->state) % 4 == 0)
		ret = lpc_quick_place(q, len, &at);
	if (ret)
		return ret;
	fill(at, len, p->sent);
	code = sum(at, len);
	p->want[p->sent % 256] = code;
	ret = lpc_quick_send(q, code, at, len, p->sent,
			     next_random(&p->state) % 8 ? LPC_QUICK_MORE : 0);
	if (!ret)
		p->sent++;
	return ret;
}

static int pass_recv(struct lpc_quick *q, struct pass *p)
{
	struct lpc_quick_reply reply;
	unsigned char want[4096];
	uint64_t state = p->want[p->got % 256] + 1ull;
	uint32_t len;
	ssize_t ret;

	ret = lpc_quick_recv(q, &reply, p->data, sizeof(p->data), soon());
	if (ret < 0)
		return ret;
	len = random_len(&state, sizeof(want));
	fill(want, len, p->want[p->got % 256]);
	if (reply.tag != p->got || ret != len ||
	    (uint32_t)reply.status != sum(p->data, len) ||
	    memcmp(want, p->data, len))
		p->bad = true;
	p->got++;
	return 0;
}

static int pass_run(struct lpc_quick *q, struct pass *p, uint32_t n)
{
	int ret;

	while (p->got < n && !p->bad) {
		ret = -EAGAIN;
		if (p->sent < n && p->sent - p->got < 60)
			ret = pass_send(q, p, sizeof(p->data));
		if (ret == -EAGAIN)
			ret = pass_recv(q, p);
		if (ret)
			return ret;
	}
	return 0;
}

TEST_F_TIMEOUT(channel, many_of_random_sizes_are_right, 900)
{
	struct pass *p = calloc(1, sizeof(*p));

	p->state = 1;
	self->r.server.handler = sum_handler;
	rig_start(&self->r);
	ASSERT_EQ(pass_run(self->q, p, many), 0);
	ASSERT_FALSE(p->bad);
	ASSERT_EQ(p->got, many);
	ASSERT_EQ(self->r.served, many);
	ASSERT_EQ(self->r.bad, 0);
	free(p);
}

/* ---- a hostile one -------------------------------------------------------- */

struct vandal {
	struct rig *r;
	pthread_t thread;
	atomic_bool stop;
	atomic_bool go;
	uint64_t state;
};

/* Random bytes over the words of both rings, one after the other, at random. */
static void *vandal_thread(void *arg)
{
	struct vandal *v = arg;
	struct ring_slot *slots = (struct ring_slot *)v->r->view;
	uint32_t n = 2 * v->r->q->ch.out.ring.n;

	while (!v->go && !v->stop)
		nap();
	while (!v->stop) {
		uint64_t w = next_random(&v->state), x = next_random(&v->state);
		struct ring_slot *s = &slots[x % n];

		switch (x >> 32 & 7) {
		case 0:
			v->r->page->ring[x >> 40 & 1].taken = w;
			break;
		case 1:
			s->place = w;
			break;
		case 2:
			s->code = w;
			break;
		case 3:
			s->tag = w;
			break;
		case 4:
			/* one that is nearly right */
			s->word ^= 1ull << (w & 63);
			break;
		case 5:
			v->r->page->ring[x >> 40 & 1].want = 1;
			break;
		default:
			s->word = w;
		}
		for (w &= 0xfff; w; w--)
			__asm__ volatile("" ::: "memory");
	}
	return NULL;
}

/* How each channel may end: for one side the ring is corrupt, or a sum is wrong */
TEST_F_TIMEOUT(channel, a_vandal_harms_only_the_channel, 900)
{
	unsigned int round, corrupt = 0, wrong = 0;
	unsigned long messages = 0;
	struct rig *r = calloc(1, sizeof(*r));
	struct pass *p = calloc(1, sizeof(*p));

	if (TSAN)
		SKIP(return, "a payload read while it is written is its aim");
	for (round = 0; messages < many || round < channels; round++) {
		struct vandal v = { .r = r, .state = round + 1 };
		int ret;

		rig_make(r, sum_handler, 4096);
		memset(p, 0, sizeof(*p));
		p->state = round + 1;
		rig_start(r);
		pthread_create(&v.thread, NULL, vandal_thread, &v);
		/* it comes in the middle of something */
		ret = pass_run(r->q, p, many / channels);
		v.go = true;
		while (!ret && !p->bad && !r->bad)
			ret = pass_run(r->q, p, p->got + 1000);
		ASSERT_NE(ret, -ETIMEDOUT);
		lpc_quick_close(r->q);
		rig_join(r);
		v.stop = true;
		pthread_join(v.thread, NULL);
		if (ret == -EPROTO || r->ret == -EPROTO)
			corrupt++;
		else if (p->bad || r->bad)
			wrong++;
		else
			ASSERT_EQ(ret, 0) TH_LOG("server: %d", r->ret);
		messages += p->got;
		lpc_line_put(r->line);
		lpc_fork_unmark(r->server.mark);
		munmap(r->page, sysconf(_SC_PAGESIZE));
		munmap(r->view, lpc_rings_size(r->bytes));
	}
	TH_LOG("%u channels, %lu messages: %u corrupt, %u with a wrong sum",
	       round, messages, corrupt, wrong);
	ASSERT_EQ(corrupt + wrong, round);
	free(p);
	free(r);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--full")) {
		many = 1000000;
		channels = 200;
		argv++;
		argc--;
	}
	return test_harness_run(argc, argv);
}
