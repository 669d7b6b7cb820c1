// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event pairs: what is refused, what is charged, and what a peer can do that
 * writes to the page as it likes: end waits early or let them run into their
 * deadline, and nothing else.
 */
#include "common_event.h"

FIXTURE(evhostile) {
	struct evpair p;
	struct ev_thread t;
};

FIXTURE_SETUP(evhostile)
{
	ASSERT_EQ(0, ev_make(&self->p));
}

FIXTURE_TEARDOWN(evhostile)
{
	ev_close(&self->p);
}

/* ---- what is refused -------------------------------------------------------- */

TEST_F(evhostile, unknown_bits_are_EINVAL_and_do_nothing)
{
	static const struct lpc_event bad[] = {
		{ .set = LOW, .flags = 1u << 1 },
		{ .set = LOW, .flags = 1u << 18 },
		{ .set = LOW, .flags = 1u << 31 },
		{ .set = LOW | 4 },
		{ .set = LOW, .reset = 4 },
		{ .set = LOW, .reset = 0x8000 },
		{ .set = LOW, .wait = LOW | HIGH },
		{ .set = LOW, .wait = 4 },
		{ .set = LOW, .reserved = 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct lpc_event e = bad[i];

		EXPECT_EQ(-EINVAL, ev_ioctl(self->p.low, &e));
		EXPECT_EQ(0, memcmp(&e, &bad[i], sizeof(e)));
	}
	EXPECT_EQ(0, ev_read(self->p.low));
}

TEST_F(evhostile, sizes_are_those_of_every_ioctl)
{
	unsigned int cmd = LPC_IOC_EVENT;
	char arg[8192] = { 0 };
	struct lpc_event *e = (void *)arg;

	e->set = LOW;
#define SIZED(n) _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), n)
	EXPECT_EQ(-ENOTTY, lpc_ioctl(self->p.low, SIZED(0), arg));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(self->p.low, SIZED(23), arg));
	EXPECT_EQ(0, ev_read(self->p.low));
	EXPECT_EQ(0, lpc_ioctl(self->p.low, SIZED(32), arg));
	EXPECT_EQ(0, lpc_ioctl(self->p.low, SIZED(PAGE), arg));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(self->p.low, SIZED(PAGE + 1), arg));
	arg[31] = 1;
	EXPECT_EQ(-E2BIG, lpc_ioctl(self->p.low, SIZED(32), arg));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(self->p.low, _IO(LPC_IOC_MAGIC, 0x30), arg));
}

TEST_F(evhostile, other_ioctls_and_files_are_ENOTTY)
{
	struct lpc_event e = { .set = LOW };
	struct lpc_info info = { 0 };
	struct lpc_event_pair pair = { 0 };
	int port = port_create(NULL, NULL);

	EXPECT_EQ(-ENOTTY, lpc_ioctl(self->p.low, LPC_IOC_INFO, &info));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(self->p.low, LPC_IOC_EVENT_PAIR, &pair));
	EXPECT_EQ(-ENOTTY, msg_send(self->p.low, 1, NULL, 0));
	EXPECT_EQ(-ENOTTY, ev_ioctl(lpc_dev(), &e));
	EXPECT_EQ(-ENOTTY, ev_ioctl(port, &e));
	EXPECT_EQ(-1, read(self->p.low, &e, sizeof(e)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->p.low, &e, sizeof(e)));
	EXPECT_EQ(EINVAL, errno);
	close(port);
}

TEST_F(evhostile, EVENT_PAIR_checks_its_argument)
{
	struct lpc_event_pair a = { .flags = 1 };
	int next = next_fd();

	EXPECT_EQ(-EINVAL, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &a));
	EXPECT_EQ(-1, a.low);
	EXPECT_EQ(-1, a.high);
	a = (struct lpc_event_pair){ .reserved = 1 };
	EXPECT_EQ(-EINVAL, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &a));
	EXPECT_EQ(-EFAULT, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, NULL));
	EXPECT_EQ(next, next_fd());
}

TEST_F(evhostile, a_pair_that_cannot_be_told_is_undone)
{
	struct lpc_event_pair *a = mmap(NULL, PAGE, PROT_READ,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct lpc_info before, after;
	int next = next_fd();

	ASSERT_EQ(0, get_info(&before));
	EXPECT_EQ(-EFAULT, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, a));
	EXPECT_EQ(next, next_fd());
	ASSERT_EQ(0, get_info(&after));
	EXPECT_EQ(before.limits[LPC_LIMIT_EVENT_PAIRS].in_use,
		  after.limits[LPC_LIMIT_EVENT_PAIRS].in_use);
	munmap(a, PAGE);
}

TEST_F(evhostile, without_room_for_two_fds_none_is_made)
{
	struct lpc_event_pair a = { 0 };
	struct rlimit rl;
	rlim_t old;
	int next;

	old = fds_forbid();
	EXPECT_EQ(-EMFILE, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &a));
	fds_allow(old);
	next = next_fd();
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = next + 1;
	setrlimit(RLIMIT_NOFILE, &rl);
	EXPECT_EQ(-EMFILE, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &a));
	fds_allow(old);
	EXPECT_EQ(-1, a.low);
	EXPECT_EQ(-1, a.high);
	EXPECT_EQ(next, next_fd());
}

TEST_F(evhostile, bad_memory_is_EFAULT)
{
	struct lpc_event *e = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(-EFAULT, ev_ioctl(self->p.low, NULL));
	/* What took effect cannot be told: no restart, no second set. */
	e->set = LOW;
	e->wait = HIGH;
	e->flags = LPC_DONTWAIT;
	ASSERT_EQ(0, mprotect(e, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, ev_ioctl(self->p.low, e));
	EXPECT_EQ(LOW, ev_read(self->p.low));
	/* Where there is nothing to tell nothing is written. */
	ASSERT_EQ(0, mprotect(e, PAGE, PROT_READ | PROT_WRITE));
	e->wait = LOW;
	ASSERT_EQ(0, mprotect(e, PAGE, PROT_READ));
	EXPECT_EQ(0, ev_ioctl(self->p.low, e));
	munmap(e, PAGE);
}

/* ---- the page ------------------------------------------------------------------ */

TEST_F(evhostile, mapped_shared_at_0_one_page_never_executable)
{
	int fd = self->p.low, rw = PROT_READ | PROT_WRITE;
	void *p;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, rw, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, rw | PROT_EXEC, MAP_SHARED, fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, rw, MAP_SHARED, fd, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, rw, MAP_SHARED, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(self->p.page, PAGE, rw | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	p = ev_map_prot(fd, PROT_READ);
	EXPECT_TRUE(p);
	munmap(p, PAGE);
}

TEST_F(evhostile, a_child_does_not_inherit_the_page)
{
	pid_t pid = fork_child();

	if (!pid) {
		unsigned char there;

		must_be(-1, mincore(self->p.page, PAGE, &there));
		must_be(ENOMEM, errno);
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
}

TEST_F(evhostile, moved_views_work_and_none_grows)
{
	void *to = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	struct lpc_event_page *p = self->p.page;

	EXPECT_EQ(MAP_FAILED, mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	p->high_reserved[0] = 7;
	p = mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ASSERT_EQ(to, (void *)p);
	self->p.page = p;
	EXPECT_EQ(7, p->high_reserved[0]);
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, FOREVER));
	EXPECT_EQ(0, ev_user_set(self->p.low, p, LOW));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	/* Dropped pages come back with what they held. */
	madvise(p, PAGE, MADV_DONTNEED);
	EXPECT_EQ(7, p->high_reserved[0]);
	EXPECT_EQ(0, munmap((char *)to + PAGE, PAGE));
}

TEST_F(evhostile, another_namespace_sees_the_same_page)
{
	pid_t pid = fork_child();

	if (!pid) {
		must_be(0, unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC));
		self->p.page = ev_map(self->p.high);
		must(self->p.page);
		must_be(0, ev_user_wait(self->p.high, self->p.page, LOW, LONG));
		must_be(0, ev_user_set(self->p.high, self->p.page, HIGH));
		_exit(0);
	}
	EXPECT_EQ(0, ev_set_wait(self->p.low, LOW, HIGH, LONG));
	EXPECT_EQ(0, reap(pid));
}

/* ---- charges --------------------------------------------------------------------- */

TEST_F(evhostile, pairs_are_counted_until_all_is_gone)
{
	struct lpc_event_pair a = { 0 };
	long saved = sysctl_get("event_pairs");
	int64_t n = limit_in_use(LPC_LIMIT_EVENT_PAIRS);

	ASSERT_LE(1, n);
	ASSERT_EQ(0, sysctl_set("event_pairs", n));
	EXPECT_EQ(-ENOBUFS, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &a));
	EXPECT_EQ(LPC_LIMIT_EVENT_PAIRS, a.limit);
	EXPECT_EQ(n, a.in_use);
	EXPECT_EQ(-1, a.low);
	sysctl_set("event_pairs", saved);

	close(self->p.low);
	close(self->p.high);
	EXPECT_EQ(n, limit_in_use(LPC_LIMIT_EVENT_PAIRS));
	munmap(self->p.page, PAGE);
	EXPECT_TRUE(UNTIL(limit_in_use(LPC_LIMIT_EVENT_PAIRS) == n - 1));
	ASSERT_EQ(0, ev_make(&self->p));
}

TEST_F(evhostile, fdinfo_tells)
{
	char path[64], text[1024] = "";
	int fd;

	ASSERT_EQ(0, ev_set(self->p.low, LOW));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->p.high);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LT(0, read(fd, text, sizeof(text) - 1));
	close(fd);
	EXPECT_TRUE(strstr(text, "lpc-event-end:\thigh\n"));
	EXPECT_TRUE(strstr(text, "lpc-event-low:\tset\n"));
	EXPECT_TRUE(strstr(text, "lpc-event-high:\tclear\n"));
	EXPECT_TRUE(strstr(text, "lpc-event-peer:\tthere\n"));
}

/* ---- a hostile page ----------------------------------------------------------------- */

TEST_F(evhostile, a_mark_taken_away_costs_its_own_side_the_deadline)
{
	uint64_t t0 = now_ns();

	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, 10 * SHORT));
	self->p.page->low = 0;
	EXPECT_EQ(0, ev_user_set(self->p.low, self->p.page, LOW));
	EXPECT_EQ(-ETIMEDOUT, ev_thread_join(&self->t));
	EXPECT_LE(SHORT, ms_since(t0));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evhostile, a_sleeper_without_deadline_can_be_killed)
{
	pid_t pid = fork_child();

	if (!pid) {
		ev_wait(self->p.high, LOW, FOREVER);
		_exit(1);
	}
	ASSERT_TRUE(until_ioctl(pid, LPC_IOC_EVENT));
	self->p.page->low = 0xffffffff & ~IS_SET;
	EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
}

TEST_F(evhostile, other_bits_mean_nothing)
{
	self->p.page->low = ~(IS_SET | ASLEEP);
	EXPECT_EQ(0, ev_read(self->p.low));
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
	ASSERT_TRUE(ev_thread_asleep(&self->t, self->p.high, 0, LOW, LONG));
	self->p.page->low = 0x80000000;
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	self->p.page->low = 0xffffffff;
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
}

/*
 * Every kind of EVENT while eight threads write to the words as fast as they
 * can: each does what it says of what it found, and none says anything else. How
 * long one takes is measured by tools/bench/quick.
 */
/* 300 s: each of the 5000 is tried some twenty times by make fail-nth */
TEST_F_TIMEOUT(evhostile, hammered_calls_end_as_documented, 300)
{
	unsigned int i, none = 0, other = 0;
	struct hammers h;
	int ret;

	hammers_start(&h, self->p.page);
	for (i = 0; i < 5000; i++) {
		struct lpc_event e = hammered_event(i);
		__u32 flags = e.flags;

		ret = ev_ioctl(i & 256 ? self->p.low : self->p.high, &e);
		none += ret == -EAGAIN;
		/* what took effect is taken off when the wait failed */
		other += ret && (ret != -EAGAIN || !(i % 3) || e.set | e.reset);
		other += e.flags != flags || e.state & ~(LOW | HIGH);
	}
	hammers_stop(&h);
	EXPECT_EQ(0, other);
	EXPECT_GT(5000, none);
	/* and it is as good as new */
	EXPECT_EQ(0, ev_reset(self->p.low, LOW | HIGH));
	EXPECT_EQ(-EAGAIN, ev_wait(self->p.high, LOW, NO_WAIT));
	EXPECT_EQ(0, ev_set(self->p.low, LOW));
	EXPECT_EQ(0, ev_wait(self->p.high, LOW, NO_WAIT));
}

TEST_F(evhostile, hammered_waits_end_with_their_deadline_and_nobody_else_notices)
{
	struct evpair other;
	struct hammers h;
	uint64_t t0;
	int i, ret;

	ASSERT_EQ(0, ev_make(&other));
	hammers_start(&h, self->p.page);
	ASSERT_TRUE(ev_thread_asleep(&self->t, other.high, 0, LOW, FOREVER));
	for (i = 0; i < 200; i++) {
		struct lpc_event e = { .set = LOW, .wait = HIGH };

		t0 = now_ns();
		e.deadline = t0 + 1000000;
		ret = ev_ioctl(self->p.low, &e);
		EXPECT_TRUE(ret == 0 || ret == -ETIMEDOUT);
		EXPECT_GT(LONG, ms_since(t0));
	}
	EXPECT_FALSE(ev_thread_done(&self->t));
	EXPECT_EQ(0, ev_set(other.low, LOW));
	EXPECT_EQ(0, ev_thread_join(&self->t));
	hammers_stop(&h);
	ev_close(&other);
}

/* Ends that close, polls, waits and mappings, all at once: KASAN is the judge. */
static void *closer(void *arg)
{
	struct evpair *p = arg;

	munmap(p->page, PAGE);
	close(p->low);
	return NULL;
}

TEST_F(evhostile, ends_close_under_waiters_setters_and_pollers)
{
	int i;

	for (i = 0; i < 300; i++) {
		struct evpair p;
		struct ev_thread w;
		pthread_t c;

		ASSERT_EQ(0, ev_make(&p));
		memset(&w, 0, sizeof(w));
		w.fd = p.high;
		ev_fill(&w.e, HIGH, LOW, LONG);
		pthread_create(&w.thread, NULL, ev_thread_main, &w);
		pthread_create(&c, NULL, closer, &p);
		while (!(poll_now(p.high, POLLIN) & POLLHUP))
			ev_set(p.high, i % 2 ? LOW : HIGH);
		pthread_join(c, NULL);
		EXPECT_NE(-ETIMEDOUT, ev_thread_join(&w));
		close(p.high);
	}
}

TEST_HARNESS_MAIN
