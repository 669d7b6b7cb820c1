// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_evpair.c - event pairs: both halves, both directions, threads
 */
#include "common_nt.h"

FIXTURE(pair) {
	HANDLE h;
};

FIXTURE_SETUP(pair)
{
	ASSERT_EQ(S_OK, NtCreateEventPair(&self->h, EVENT_PAIR_ALL_ACCESS, NULL));
}

FIXTURE_TEARDOWN(pair)
{
	NtClose(self->h);
}

TEST(null_handle_is_ACCESS_VIOLATION)
{
	EXPECT_EQ(S_AV, NtCreateEventPair(NULL, EVENT_PAIR_ALL_ACCESS, NULL));
	EXPECT_EQ(S_AV, NtCreateEventPair(nt_readonly(), EVENT_PAIR_ALL_ACCESS, NULL));
	EXPECT_EQ(S_ALIGN, NtCreateEventPair((PHANDLE)1, EVENT_PAIR_ALL_ACCESS, NULL));
}

TEST(without_attributes_it_is_made)
{
	HANDLE h;

	EXPECT_EQ(S_OK, NtCreateEventPair(&h, EVENT_PAIR_ALL_ACCESS, NULL));
	EXPECT_EQ(S_OK, NtClose(h));
}

TEST(with_attributes_without_a_name_it_is_made)
{
	OBJECT_ATTRIBUTES a;
	HANDLE h;

	InitializeObjectAttributes(&a, NULL, 0, NULL, NULL);
	EXPECT_EQ(S_OK, NtCreateEventPair(&h, EVENT_PAIR_ALL_ACCESS, &a));
	EXPECT_EQ(S_AV, NtCreateEventPair(&h, EVENT_PAIR_ALL_ACCESS, nt_bad()));
	EXPECT_EQ(STATUS_OBJECT_NAME_INVALID, NtOpenEventPair(&h, EVENT_PAIR_ALL_ACCESS, &a));
}

TEST_F(pair, what_was_set_is_waited_for_at_once)
{
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, NtWaitLowEventPair(self->h));
	EXPECT_EQ(S_OK, NtSetHighEventPair(self->h));
	EXPECT_EQ(S_OK, NtWaitHighEventPair(self->h));
}

TEST_F(pair, the_halves_are_two_latches)
{
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, NtSetHighEventPair(self->h));
	EXPECT_EQ(S_OK, NtWaitHighEventPair(self->h));
	EXPECT_EQ(S_OK, NtWaitLowEventPair(self->h));
}

/* checkpatch: SPACING: a type of NT's */
typedef NTSTATUS (*on_pair)(HANDLE h);

struct waiter {
	pthread_t thread;
	atomic_int tid, done;
	on_pair wait;
	HANDLE h;
	NTSTATUS status;
};

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	w->tid = get_tid();
	w->status = w->wait(w->h);
	w->done = 1;
	return NULL;
}

static bool wait_start(struct waiter *w, on_pair wait, HANDLE h)
{
	*w = (struct waiter){ .wait = wait, .h = h };
	pthread_create(&w->thread, NULL, wait_thread, w);
	return UNTIL(w->tid) && until_ioctl(w->tid, LPC_IOC_EVENT);
}

static NTSTATUS wait_end(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	return w->status;
}

TEST_F(pair, a_wait_uses_the_signal_up)
{
	struct waiter w;

	ASSERT_EQ(S_OK, NtSetLowEventPair(self->h));
	ASSERT_EQ(S_OK, NtSetLowEventPair(self->h));
	ASSERT_EQ(S_OK, NtWaitLowEventPair(self->h));
	ASSERT_TRUE(wait_start(&w, NtWaitLowEventPair, self->h));
	EXPECT_TRUE(STAYS(!w.done));
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, wait_end(&w));
}

TEST_F(pair, setting_the_other_half_wakes_nobody)
{
	struct waiter w;

	ASSERT_TRUE(wait_start(&w, NtWaitHighEventPair, self->h));
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_TRUE(STAYS(!w.done));
	EXPECT_EQ(S_OK, NtSetHighEventPair(self->h));
	EXPECT_EQ(S_OK, wait_end(&w));
}

TEST_F(pair, one_set_wakes_one)
{
	struct waiter w[2];

	ASSERT_TRUE(wait_start(&w[0], NtWaitLowEventPair, self->h));
	ASSERT_TRUE(wait_start(&w[1], NtWaitLowEventPair, self->h));
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_TRUE(UNTIL(w[0].done + w[1].done == 1));
	EXPECT_TRUE(STAYS(w[0].done + w[1].done == 1));
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, wait_end(&w[0]));
	EXPECT_EQ(S_OK, wait_end(&w[1]));
}

TEST_F(pair, set_low_wait_high)
{
	struct waiter w;

	ASSERT_TRUE(wait_start(&w, NtSetLowWaitHighEventPair, self->h));
	EXPECT_EQ(S_OK, NtWaitLowEventPair(self->h));
	EXPECT_FALSE(w.done);
	EXPECT_EQ(S_OK, NtSetHighEventPair(self->h));
	EXPECT_EQ(S_OK, wait_end(&w));
}

TEST_F(pair, set_high_wait_low)
{
	struct waiter w;

	ASSERT_TRUE(wait_start(&w, NtSetHighWaitLowEventPair, self->h));
	EXPECT_EQ(S_OK, NtWaitHighEventPair(self->h));
	EXPECT_FALSE(w.done);
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, wait_end(&w));
}

static void *server_side(void *arg)
{
	int i;

	if (NtWaitHighEventPair(arg))
		return arg;
	for (i = 0; i < 499; i++)
		if (NtSetLowWaitHighEventPair(arg))
			return arg;
	return NtSetLowEventPair(arg) ? arg : NULL;
}

TEST_F(pair, five_hundred_turns)
{
	pthread_t t;
	void *failed;
	int i;

	pthread_create(&t, NULL, server_side, self->h);
	for (i = 0; i < 500; i++)
		ASSERT_EQ(S_OK, NtSetHighWaitLowEventPair(self->h));
	pthread_join(t, &failed);
	EXPECT_EQ(NULL, failed);
}

static const on_pair all[] = {
	NtSetLowEventPair, NtSetHighEventPair, NtWaitLowEventPair, NtWaitHighEventPair,
	NtSetLowWaitHighEventPair, NtSetHighWaitLowEventPair,
};

TEST(a_bad_handle_is_INVALID_HANDLE_for_all_six)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		EXPECT_EQ(S_HANDLE, all[i](NULL));
		EXPECT_EQ(S_HANDLE, all[i]((HANDLE)0x7ffc));
	}
}

TEST(another_object_is_TYPE_MISMATCH_for_all_six)
{
	struct nt_name n;
	HANDLE h;
	int i;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&h, &n));
	for (i = 0; i < ARRAY_SIZE(all); i++)
		EXPECT_EQ(S_TYPE, all[i](h));
}

static void on_signal(int sig)
{
}

TEST_F(pair, a_signal_does_not_end_a_wait)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct waiter w;

	sigaction(SIGUSR1, &sa, NULL);
	ASSERT_TRUE(wait_start(&w, NtSetLowWaitHighEventPair, self->h));
	pthread_kill(w.thread, SIGUSR1);
	EXPECT_TRUE(STAYS(!w.done));
	/* Low was set once, not again after the signal. */
	EXPECT_EQ(S_OK, NtWaitLowEventPair(self->h));
	EXPECT_EQ(S_OK, NtSetHighEventPair(self->h));
	EXPECT_EQ(S_OK, wait_end(&w));
	ASSERT_TRUE(wait_start(&w, NtWaitLowEventPair, self->h));
	EXPECT_TRUE(STAYS(!w.done));
	EXPECT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, wait_end(&w));
}

TEST_F(pair, closed_while_a_thread_waits_it_stays_for_that_thread)
{
	struct waiter w;
	HANDLE again;

	ASSERT_TRUE(wait_start(&w, NtWaitLowEventPair, self->h));
	EXPECT_EQ(S_OK, NtClose(self->h));
	EXPECT_EQ(S_HANDLE, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, NtCreateEventPair(&again, 0, NULL));
	EXPECT_NE(self->h, again);
	EXPECT_TRUE(STAYS(!w.done));
}

/* ---- names ------------------------------------------------------------------------ */

TEST(a_pair_is_opened_by_its_name)
{
	HANDLE h, other;
	struct nt_name n;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreateEventPair(&h, 0, &n.a));
	ASSERT_EQ(S_OK, NtOpenEventPair(&other, 0, &n.a));
	EXPECT_NE(h, other);
	EXPECT_EQ(S_OK, NtSetLowEventPair(h));
	EXPECT_EQ(S_OK, NtClose(h));
	EXPECT_EQ(S_OK, NtWaitLowEventPair(other));
}

TEST(a_name_that_is_taken_is_NAME_COLLISION)
{
	HANDLE h, other = (HANDLE)1;
	struct nt_name n;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreateEventPair(&h, 0, &n.a));
	EXPECT_EQ(S_COLLISION, NtCreateEventPair(&other, 0, &n.a));
	EXPECT_EQ((HANDLE)1, other);
	EXPECT_EQ(S_OK, NtClose(h));
	EXPECT_EQ(S_OK, NtCreateEventPair(&h, 0, &n.a));
}

TEST(opening_has_a_status_for_each_mistake)
{
	struct nt_name n;
	HANDLE h;

	nt_name_unique(&n);
	EXPECT_EQ(S_NAME_NOT_FOUND, NtOpenEventPair(&h, 0, &n.a));
	EXPECT_EQ(S_AV, NtOpenEventPair(NULL, 0, &n.a));
	EXPECT_EQ(S_AV, NtOpenEventPair(&h, 0, NULL));
	nt_name_set(&n, "relative");
	EXPECT_EQ(S_PATH, NtOpenEventPair(&h, 0, &n.a));
}

/* Deviation: a name is its process's own. */
TEST(another_process_does_not_see_the_name)
{
	struct nt_name n;
	pid_t pid;
	HANDLE h;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, NtCreateEventPair(&h, 0, &n.a));
	pid = fork_child();
	if (!pid) {
		must_be(S_NAME_NOT_FOUND, NtOpenEventPair(&h, 0, &n.a));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

/* ---- of a thread -------------------------------------------------------------------- */

TEST(a_thread_without_a_pair_is_NO_EVENT_PAIR)
{
	EXPECT_EQ(STATUS_NO_EVENT_PAIR, NtSetLowWaitHighThread());
	EXPECT_EQ(STATUS_NO_EVENT_PAIR, NtSetHighWaitLowThread());
}

static NTSTATUS attach(HANDLE h)
{
	return NtSetInformationThread(NtCurrentThread(), ThreadEventPair, &h, sizeof(h));
}

TEST_F(pair, an_attached_pair_is_the_threads)
{
	struct waiter w;

	ASSERT_EQ(S_OK, attach(self->h));
	ASSERT_EQ(S_OK, NtSetHighEventPair(self->h));
	EXPECT_EQ(S_OK, NtSetLowWaitHighThread());
	EXPECT_EQ(S_OK, NtWaitLowEventPair(self->h));
	ASSERT_EQ(S_OK, NtSetLowEventPair(self->h));
	EXPECT_EQ(S_OK, NtSetHighWaitLowThread());
	/* and no other thread's */
	w = (struct waiter){ .wait = (void *)NtSetLowWaitHighThread };
	pthread_create(&w.thread, NULL, wait_thread, &w);
	EXPECT_EQ(STATUS_NO_EVENT_PAIR, wait_end(&w));
}

TEST_F(pair, it_stays_attached_when_the_handle_is_closed)
{
	ASSERT_EQ(S_OK, attach(self->h));
	ASSERT_EQ(S_OK, NtSetHighEventPair(self->h));
	ASSERT_EQ(S_OK, NtClose(self->h));
	EXPECT_EQ(S_OK, NtSetLowWaitHighThread());
}

static void *attach_thread(void *arg)
{
	return (void *)(intptr_t)attach(arg);
}

TEST_F(pair, attaching_another_and_exiting_drop_what_was_attached)
{
	HANDLE other;
	pthread_t t;
	void *ret;
	int fds, i;

	ASSERT_EQ(S_OK, NtCreateEventPair(&other, 0, NULL));
	fds = nt_count_fds();
	ASSERT_EQ(S_OK, attach(self->h));
	EXPECT_EQ(fds + 2, nt_count_fds());
	ASSERT_EQ(S_OK, attach(other));
	EXPECT_EQ(fds + 2, nt_count_fds());
	for (i = 0; i < 10; i++) {
		pthread_create(&t, NULL, attach_thread, other);
		pthread_join(t, &ret);
		EXPECT_EQ(NULL, ret);
	}
	EXPECT_EQ(fds + 2, nt_count_fds());
}

TEST_F(pair, a_child_has_none)
{
	pid_t pid;

	ASSERT_EQ(S_OK, attach(self->h));
	pid = fork_child();
	if (!pid) {
		must_be(STATUS_NO_EVENT_PAIR, NtSetLowWaitHighThread());
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(pair, attaching_has_a_status_for_each_mistake)
{
	struct nt_name n;
	HANDLE port;

	nt_name_unique(&n);
	ASSERT_EQ(S_OK, nt_port(&port, &n));
	EXPECT_EQ(S_HANDLE, attach(NULL));
	EXPECT_EQ(S_TYPE, attach(port));
	EXPECT_EQ(STATUS_INVALID_INFO_CLASS,
		  NtSetInformationThread(NtCurrentThread(), 4, &port, sizeof(port)));
	EXPECT_EQ(STATUS_INFO_LENGTH_MISMATCH,
		  NtSetInformationThread(NtCurrentThread(), ThreadEventPair, &self->h, 4));
	EXPECT_EQ(S_AV, NtSetInformationThread(NtCurrentThread(), ThreadEventPair, NULL, 8));
	EXPECT_EQ(S_HANDLE, NtSetInformationThread(self->h, ThreadEventPair, &self->h, 8));
}

TEST(a_full_quota_is_INSUFFICIENT_RESOURCES)
{
	long old = sysctl_get("event_pairs");
	HANDLE h;

	ASSERT_EQ(0, sysctl_set("event_pairs", 0));
	EXPECT_EQ(STATUS_INSUFFICIENT_RESOURCES, NtCreateEventPair(&h, 0, NULL));
	sysctl_set("event_pairs", old);
}

TEST_F(pair, no_descriptor_left_is_TOO_MANY_OPENED_FILES)
{
	rlim_t old = fds_forbid();

	EXPECT_EQ(STATUS_TOO_MANY_OPENED_FILES, attach(self->h));
	fds_allow(old);
	EXPECT_EQ(STATUS_NO_EVENT_PAIR, NtSetLowWaitHighThread());
	EXPECT_EQ(S_OK, attach(self->h));
}

TEST_HARNESS_MAIN
