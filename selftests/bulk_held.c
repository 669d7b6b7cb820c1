// SPDX-License-Identifier: GPL-2.0-only
/*
 * bulk_held.c - the life of a piece of liblpc's section: held while the server
 * may still write there, waited for, cut and joined, and given back.
 */
#include "common_bulk.h"

/* liblpc's own, for what nothing else reaches */
#include "conn.h"
#include "section.h"

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

TEST_HARNESS_MAIN
