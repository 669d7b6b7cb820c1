// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event pairs: two latches, who is woken by which, deadlines, signals, the end
 * of an end, poll. What a hostile peer can do stands in evhostile.c.
 */
#include "common_event.h"

#define TURNS	rounds_of_many(2000)

FIXTURE(evpair) {
	struct evpair p;
	struct ev_thread t;
};

FIXTURE_SETUP(evpair)
{
	ASSERT_EQ(0, ev_make(&self->p));
}

FIXTURE_TEARDOWN(evpair)
{
	ev_close(&self->p);
}

/* ---- latches ------------------------------------------------------------- */

TEST_F(evpair, two_fds_and_a_zeroed_page)
{
	struct lpc_event_page *high = ev_map(self->p.high);
	static const char zero[PAGE];

	EXPECT_TRUE(is_cloexec(self->p.low));
	EXPECT_TRUE(is_cloexec(self->p.high));
	EXPECT_EQ(0, memcmp(self->p.page, zero, PAGE));
	ASSERT_TRUE(high);
	((char *)self->p.page)[PAGE - 1] = 'x';
	EXPECT_EQ('x', ((char *)high)[PAGE - 1]);
	EXPECT_EQ(0, ev_read(self->p.low));
	munmap(high, PAGE);
}

TEST_F(evpair, set_then_wait_on_one_half_returns_at_once)
{
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_wait(self->p.low, LOW, NO_WAIT));
	EXPECT_EQ(0, ev_set(self->p.high, LOW));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, FOREVER));
	EXPECT_EQ(0, ev_set_wait(self->p.low, HIGH, HIGH, FOREVER));
	EXPECT_EQ(0, ev_read(self->p.low));
}

TEST_F(evpair, one_set_ends_one_wait)
{
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evpair, two_sets_are_one_event)
{
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evpair, the_halves_are_apart)
{
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.low, HIGH, NO_WAIT));
	EXPECT_EQ(LOW, ev_read(self->p.high));
	EXPECT_EQ(0, ev_set(self->p.high, HIGH));
	EXPECT_EQ(LOW | HIGH, ev_read(self->p.low));
	EXPECT_EQ(0, ev_wait(self->p.low, HIGH, NO_WAIT));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evpair, both_halves_in_one_set)
{
	EXPECT_EQ(0, ev_set(self->p.low, LOW | HIGH));
	EXPECT_EQ(LOW | HIGH, ev_read(self->p.low));
}

TEST_F(evpair, reset_takes_an_event_back)
{
	EXPECT_EQ(0, ev_set(self->p.low, LOW | HIGH));
	EXPECT_EQ(0, ev_reset(self->p.high, LOW));
	EXPECT_EQ(HIGH, ev_read(self->p.low));
	EXPECT_EQ(0, ev_reset(self->p.low, LOW | HIGH));
	EXPECT_EQ(0, ev_read(self->p.low));
}

TEST_F(evpair, read_then_reset_then_set_then_wait)
{
	struct lpc_event e = {
		.flags = LPC_EVENT_READ | LPC_DONTWAIT,
		.reset = LOW | HIGH, .set = LOW, .wait = LOW,
	};

	EXPECT_EQ(0, ev_set(self->p.low, HIGH));
	EXPECT_EQ(0, ev_ioctl(self->p.low, &e));
	EXPECT_EQ(HIGH, e.state);
	EXPECT_EQ(0, ev_read(self->p.low));
}

TEST_F(evpair, set_in_the_page_is_an_event)
{
	__atomic_fetch_or(&self->p.page->low, IS_SET, __ATOMIC_SEQ_CST);
	EXPECT_EQ(LOW, ev_read(self->p.high));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, FOREVER));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_TRUE(ev_user_take(self->p.page, LOW));
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
}

/* ---- sleepers ------------------------------------------------------------ */

TEST_F(evpair, a_sleeper_says_so_in_its_word)
{
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	EXPECT_EQ(ASLEEP, word_read(&self->p.page->low));
	EXPECT_EQ(0, word_read(&self->p.page->high));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	EXPECT_EQ(0, word_read(&self->p.page->low));
}

TEST_F(evpair, a_word_and_a_kick_wake_the_sleeper)
{
	struct lpc_event e = { .flags = LPC_EVENT_WAS_SET, .set = LOW };

	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	EXPECT_EQ(ASLEEP, __atomic_fetch_or(&self->p.page->low, IS_SET,
					    __ATOMIC_SEQ_CST));
	EXPECT_FALSE(ev_thread_done(&self->t));
	EXPECT_EQ(0, ev_ioctl(self->p.low, &e));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	EXPECT_EQ(0, word_read(&self->p.page->low));
}

TEST_F(evpair, a_kick_for_an_event_that_was_used_up_wakes_nobody)
{
	struct lpc_event e = { .flags = LPC_EVENT_WAS_SET, .set = LOW };

	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	EXPECT_EQ(0, ev_ioctl(self->p.low, &e));
	EXPECT_TRUE(STAYS(!ev_thread_done(&self->t)));
	EXPECT_EQ(ASLEEP, word_read(&self->p.page->low));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_thread_join(&self->t));
}

TEST_F(evpair, a_mark_of_ones_own_is_replaced_by_the_event)
{
	/* Marked, on the way to wait, and the set comes first. */
	__atomic_fetch_or(&self->p.page->low, ASLEEP, __ATOMIC_SEQ_CST);
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(IS_SET, word_read(&self->p.page->low));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, FOREVER));
}

TEST_F(evpair, a_kick_leaves_a_mark_without_sleeper)
{
	struct lpc_event e = { .flags = LPC_EVENT_WAS_SET, .set = LOW };

	__atomic_fetch_or(&self->p.page->low, ASLEEP, __ATOMIC_SEQ_CST);
	EXPECT_EQ(0, ev_ioctl(self->p.low, &e));
	EXPECT_EQ(ASLEEP, word_read(&self->p.page->low));
}

TEST_F(evpair, one_set_wakes_one_the_first)
{
	struct ev_thread t[3];
	int i, k;

	for (i = 0; i < 3; i++)
		ASSERT_TRUE(ev_thread_asleep(&t[i], self->p.high, 0, LOW,
					     FOREVER));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(ASLEEP, word_read(&self->p.page->low));
		EXPECT_EQ(0, ev_set(self->p.low, LOW));
		EXPECT_EQ(0, ev_thread_join(&t[i]));
		for (k = i + 1; k < 3; k++)
			EXPECT_FALSE(ev_thread_done(&t[k]));
	}
	EXPECT_EQ(0, word_read(&self->p.page->low));
}

TEST_F(evpair, one_set_of_both_halves_wakes_one_of_each)
{
	struct ev_thread a, b;

	ASSERT_TRUE(ev_thread_asleep(&a, self->p.high, 0, LOW, FOREVER));
	ASSERT_TRUE(ev_thread_asleep(&b, self->p.high, 0, HIGH, FOREVER));
	EXPECT_EQ(0, ev_set(self->p.low, LOW | HIGH));
	EXPECT_EQ(0, ev_thread_join(&a));
	EXPECT_EQ(0, ev_thread_join(&b));
	EXPECT_EQ(0, ev_read(self->p.low));
}

TEST_F(evpair, set_mine_wait_yours_wakes_and_sleeps)
{
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, HIGH, LOW, LONG));
	EXPECT_EQ(HIGH, ev_read(self->p.low));
	EXPECT_EQ(0, ev_set_wait(self->p.low, LOW, HIGH, LONG));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	EXPECT_EQ(0, ev_read(self->p.low));
}

static void *high_side(void *arg)
{
	struct evpair *p = arg;
	long i;

	for (i = 0; i < TURNS; i++)
		if (ev_wait(p->high, LOW, LONG) || ev_set(p->high, HIGH))
			break;
	return (void *)i;
}

static void *high_side_handing_over(void *arg)
{
	struct evpair *p = arg;
	unsigned int set = 0;
	long i;

	for (i = 0; i < TURNS; i++, set = HIGH)
		if (ev_set_wait(p->high, set, LOW, LONG))
			break;
	ev_set(p->high, HIGH);
	return (void *)i;
}

static void *high_side_in_the_page(void *arg)
{
	struct evpair *p = arg;
	long i;

	for (i = 0; i < TURNS; i++)
		if (ev_user_wait(p->high, p->page, LOW, LONG) ||
		    ev_user_set(p->high, p->page, HIGH))
			break;
	return (void *)i;
}

TEST_F(evpair, ping_pong_each_way_of_waiting)
{
	static void *(*const sides[])(void *) = {
		high_side, high_side_handing_over, high_side_in_the_page,
	};
	struct evpair *p = &self->p;
	pthread_t thread;
	void *turns;
	unsigned int way, side;
	int i, ret;

	for (way = 0; way < 2; way++) {
		for (side = 0; side < ARRAY_SIZE(sides); side++) {
			pthread_create(&thread, NULL, sides[side], p);
			for (i = 0, ret = 0; i < TURNS && !ret; i++)
				ret = way ? ev_user_set(p->low, p->page, LOW) ?:
					    ev_user_wait(p->low, p->page, HIGH,
							 LONG) :
					    ev_set_wait(p->low, LOW, HIGH, LONG);
			EXPECT_EQ(0, ret);
			pthread_join(thread, &turns);
			EXPECT_EQ(TURNS, (long)turns);
			EXPECT_EQ(0, ev_read(p->low));
		}
	}
}

TEST_F(evpair, ping_pong_between_processes)
{
	pid_t pid = fork_child();
	int i;

	if (!pid) {
		/* The page is not inherited: it is mapped anew. */
		self->p.page = ev_map(self->p.high);
		close(self->p.low);
		must(self->p.page);
		must_be(TURNS, (long)high_side_in_the_page(&self->p));
		_exit(0);
	}
	for (i = 0; i < TURNS; i++)
		ASSERT_EQ(0, ev_set_wait(self->p.low, LOW, HIGH, LONG));
	EXPECT_EQ(0, reap(pid));
}

/* ---- no wait ends late ----------------------------------------------------- */

TEST_F(evpair, dontwait_and_O_NONBLOCK_are_EAGAIN_after_the_set)
{
	struct lpc_event e = { .set = LOW, .wait = HIGH, .flags = LPC_DONTWAIT };

	EXPECT_EQ(-EAGAIN, ev_ioctl(self->p.low, &e));
	EXPECT_EQ(0, e.set);
	EXPECT_EQ(HIGH, e.wait);
	EXPECT_EQ(LOW, ev_read(self->p.low));
	EXPECT_EQ(0, ev_reset(self->p.low, LOW));

	ASSERT_EQ(0, fcntl(self->p.low, F_SETFL, O_NONBLOCK));
	e = (struct lpc_event){ .set = LOW, .wait = HIGH };
	EXPECT_EQ(-EAGAIN, ev_ioctl(self->p.low, &e));
	EXPECT_EQ(LOW, ev_read(self->p.low));
	/* A try that fails marks nothing. */
	EXPECT_EQ(0, word_read(&self->p.page->high));
	EXPECT_EQ(0, ev_set(self->p.high, HIGH));
	EXPECT_EQ(0, ev_wait(self->p.low, HIGH, FOREVER));
}

TEST_F(evpair, a_deadline_is_ETIMEDOUT_and_the_set_stays)
{
	struct lpc_event e;
	uint64_t t0 = now_ns();

	ev_fill(&e, LOW, HIGH, SHORT);
	EXPECT_EQ(-ETIMEDOUT, ev_ioctl(self->p.low, &e));
	EXPECT_LE(SHORT, ms_since(t0));
	EXPECT_EQ(0, e.set);
	EXPECT_EQ(HIGH, e.wait);
	EXPECT_EQ(LOW, ev_read(self->p.low));
	/* What was left marked is taken away by the next set. */
	EXPECT_EQ(ASLEEP, word_read(&self->p.page->high));
	EXPECT_EQ(0, ev_set(self->p.high, HIGH));
	EXPECT_EQ(IS_SET, word_read(&self->p.page->high));
}

TEST_F(evpair, a_deadline_in_the_past_tries_once)
{
	struct lpc_event e = { .wait = HIGH, .deadline = 1 };

	EXPECT_EQ(-ETIMEDOUT, ev_ioctl(self->p.low, &e));
	EXPECT_EQ(0, ev_set(self->p.high, HIGH));
	EXPECT_EQ(0, ev_ioctl(self->p.low, &e));
}

static void nothing(int sig)
{
}

TEST_F(evpair, a_signal_ends_the_wait_not_the_set)
{
	struct sigaction sa = { .sa_handler = nothing };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.low, LOW, HIGH, FOREVER));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
	pthread_kill(self->t.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, ev_thread_join(&self->t));
	EXPECT_EQ(0, self->t.e.set);
	EXPECT_EQ(HIGH, self->t.e.wait);
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
	/* The same argument once more only waits. */
	EXPECT_EQ(0, ev_set(self->p.high, HIGH));
	EXPECT_EQ(0, ev_ioctl(self->p.low, &self->t.e));
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evpair, a_restart_sets_nothing_again)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.low, LOW, HIGH, FOREVER));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
	for (i = 0; i < 20; i++) {
		pthread_kill(self->t.thread, SIGUSR1);
		nap();
		EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
	}
	EXPECT_TRUE(until_ioctl(self->t.tid, LPC_IOC_EVENT));
	EXPECT_EQ(0, ev_set(self->p.high, HIGH));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	EXPECT_EQ(0, ev_read(self->p.low));
}

TEST_F(evpair, a_stopped_sleeper_goes_on)
{
	struct gate gate;
	pid_t pid;

	gate_init(&gate);
	pid = fork_child();
	if (!pid) {
		gate_post(&gate, 1);
		must_be(0, ev_set_wait(self->p.high, HIGH, LOW, LONG));
		gate_post(&gate, 2);
		_exit(0);
	}
	gate_wait(&gate);
	ASSERT_TRUE(until_ioctl(pid, LPC_IOC_EVENT));
	EXPECT_EQ(0, ev_wait(self->p.low, HIGH, NO_WAIT));
	kill(pid, SIGSTOP);
	ASSERT_TRUE(until_state(pid, 'T'));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_TRUE(STAYS(gate_shut(&gate)));
	kill(pid, SIGCONT);
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, ev_read(self->p.low));
	gate_destroy(&gate);
}

TEST_F(evpair, a_killed_sleeper_takes_no_event_along)
{
	pid_t pid = fork_child();

	if (!pid) {
		ev_wait(self->p.high, LOW, FOREVER);
		_exit(1);
	}
	ASSERT_TRUE(until_ioctl(pid, LPC_IOC_EVENT));
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
}

/* ---- the end of an end ------------------------------------------------------ */

TEST_F(evpair, closing_an_end_wakes_the_other_with_EPIPE)
{
	struct lpc_event e = { .set = HIGH };

	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, HIGH, LOW, FOREVER));
	close(self->p.low);
	EXPECT_EQ(-EPIPE, ev_thread_join(&self->t));
	EXPECT_EQ(0, self->t.e.set);
	EXPECT_EQ(-EPIPE, ev_ioctl(self->p.high, &e));
	EXPECT_EQ(HIGH, e.set);
	EXPECT_EQ(-EPIPE, ev_wait(self->p.high, LOW, FOREVER));
	EXPECT_EQ(-EPIPE, ev_wait(self->p.high, LOW, NO_WAIT));
	EXPECT_EQ(POLLHUP, poll_now(self->p.high, POLLIN) & POLLHUP);
}

TEST_F(evpair, what_was_set_before_the_end_is_still_waited_for)
{
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	close(self->p.low);
	EXPECT_EQ(POLLIN | POLLHUP, poll_now(self->p.high, POLLIN));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, FOREVER));
	EXPECT_EQ(-EPIPE, ev_wait(self->p.high, LOW, FOREVER));
}

TEST_F(evpair, a_setter_that_dies_before_its_kick_has_set)
{
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	__atomic_fetch_or(&self->p.page->low, IS_SET, __ATOMIC_SEQ_CST);
	close(self->p.low);
	EXPECT_EQ(0, ev_thread_join(&self->t));
	EXPECT_EQ(-EPIPE, ev_wait(self->p.high, LOW, FOREVER));
}

TEST_F(evpair, a_mapping_keeps_no_end_open)
{
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	close(self->p.low);
	EXPECT_EQ(-EPIPE, ev_thread_join(&self->t));
	/* and outlives it */
	self->p.page->low = IS_SET;
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evpair, the_last_fd_of_an_end_counts)
{
	int copy = dup(self->p.low);

	close(self->p.low);
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
	EXPECT_EQ(0, ev_set(copy, LOW));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
	close(copy);
	EXPECT_EQ(-EPIPE, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evpair, a_killed_peer_is_EPIPE)
{
	pid_t pid = fork_child();

	if (!pid) {
		close(self->p.high);
		ev_wait(self->p.low, HIGH, FOREVER);
		_exit(1);
	}
	close(self->p.low);
	ASSERT_TRUE(until_ioctl(pid, LPC_IOC_EVENT));
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	EXPECT_EQ(-EPIPE, ev_thread_join(&self->t));
}

/* ---- poll -------------------------------------------------------------------- */

TEST_F(evpair, POLLIN_is_the_other_ends_event)
{
	EXPECT_EQ(0, poll_now(self->p.low, POLLIN));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, poll_now(self->p.low, POLLIN));
	EXPECT_EQ(POLLIN, poll_now(self->p.high, POLLIN));
	EXPECT_EQ(POLLIN, poll_now(self->p.high, POLLIN));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
	EXPECT_EQ(0, poll_now(self->p.high, POLLIN));
}

TEST_F(evpair, a_polled_end_stays_marked)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), i;

	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->p.high, &ev));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(ASLEEP, word_read(&self->p.page->low));
		EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
		EXPECT_EQ(0, ev_user_set(self->p.low, self->p.page, LOW));
		EXPECT_EQ(1, epoll_wait(ep, &ev, 1, LONG));
		EXPECT_TRUE(ev_user_take(self->p.page, LOW));
	}
	/* Who waits gets the event, and the pollers see nothing. */
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	EXPECT_EQ(0, ev_user_set(self->p.low, self->p.page, LOW));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	EXPECT_EQ(ASLEEP, word_read(&self->p.page->low));
	/* With the last poller the mark goes at the next set. */
	close(ep);
	EXPECT_EQ(0, ev_user_set(self->p.low, self->p.page, LOW));
	EXPECT_EQ(IS_SET, word_read(&self->p.page->low));
}

TEST_F(evpair, a_sleeping_poller_is_woken_by_set_kick_and_close)
{
	struct lpc_event e = { .flags = LPC_EVENT_WAS_SET, .set = LOW };
	struct gate gate;
	pid_t pid;
	int i;

	gate_init(&gate);
	pid = fork_child();
	if (!pid) {
		close(self->p.low);
		self->p.page = ev_map(self->p.high);
		must(self->p.page);
		for (i = 0; i < 3; i++) {
			must_be(i < 2 ? POLLIN : POLLHUP,
				poll_ms(self->p.high, POLLIN, LONG));
			must_be(i < 2, ev_user_take(self->p.page, LOW));
			gate_post(&gate, i);
		}
		_exit(0);
	}
	ASSERT_TRUE(until_word(&self->p.page->low, ASLEEP));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	gate_wait(&gate);
	ASSERT_TRUE(until_word(&self->p.page->low, ASLEEP));
	__atomic_fetch_or(&self->p.page->low, IS_SET, __ATOMIC_SEQ_CST);
	EXPECT_EQ(0, ev_ioctl(self->p.low, &e));
	gate_wait(&gate);
	ASSERT_TRUE(until_word(&self->p.page->low, ASLEEP));
	close(self->p.low);
	EXPECT_EQ(0, reap(pid));
	gate_destroy(&gate);
}

#define MANY	1000

TEST_F_TIMEOUT(evpair, a_thousand_in_one_epoll_set, 300)
{
	static struct evpair p[MANY];
	struct epoll_event ev, got[4];
	struct rlimit rl = { 4096, 4096 };
	int ep = epoll_create1(EPOLL_CLOEXEC), i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &rl));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, ev_make(&p[i]));
		ev = (struct epoll_event){ .events = EPOLLIN, .data.u32 = i };
		ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, p[i].high, &ev));
	}
	for (i = 0; i < MANY; i++) {
		int k = i * 7 % MANY;

		EXPECT_EQ(0, ev_user_set(p[k].low, p[k].page, LOW));
		ASSERT_EQ(1, epoll_wait(ep, got, 4, LONG));
		EXPECT_EQ(k, got[0].data.u32);
		EXPECT_TRUE(ev_user_take(p[k].page, LOW));
	}
	EXPECT_EQ(0, epoll_wait(ep, got, 4, 0));
	for (i = 0; i < MANY; i++)
		ev_close(&p[i]);
	close(ep);
}

/* ---- many at once ------------------------------------------------------------- */

/*
 * Threads of one side wait, with deadlines that pass, and each counts what it
 * got; the other side sets and waits until that one has been counted. So no
 * event may be lost and none be there twice.
 */
#define EVENTS	rounds_of_many(2000)
#define TAKERS	4

struct crowd {
	struct evpair *p;
	atomic_int taken;
	atomic_bool stop;
};

static void *taker(void *arg)
{
	struct crowd *c = arg;
	unsigned int n = 0;

	while (!atomic_load(&c->stop)) {
		struct lpc_event e = { .wait = LOW };
		bool got;

		e.deadline = now_ns() + 50000 * (n++ % 8);
		got = n % 3 ? !ev_ioctl(c->p->high, &e) :
			      ev_user_take(c->p->page, LOW);
		if (got)
			atomic_fetch_add(&c->taken, 1);
	}
	return NULL;
}

TEST_F(evpair, no_event_is_lost_or_doubled)
{
	struct crowd c = { .p = &self->p };
	pthread_t t[TAKERS];
	int i;

	for (i = 0; i < TAKERS; i++)
		pthread_create(&t[i], NULL, taker, &c);
	for (i = 0; i < EVENTS; i++) {
		int ret = i % 2 ? ev_user_set(self->p.low, self->p.page, LOW) :
				  ev_set(self->p.low, LOW);

		ASSERT_EQ(0, ret);
		for (uint64_t t0 = now_ns(); atomic_load(&c.taken) <= i;
		     sched_yield())
			ASSERT_GT(LONG, ms_since(t0)) {
				TH_LOG("event %d was lost", i);
			}
		ASSERT_EQ(i + 1, atomic_load(&c.taken));
	}
	atomic_store(&c.stop, true);
	for (i = 0; i < TAKERS; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(EVENTS, atomic_load(&c.taken));
}

TEST_HARNESS_MAIN
