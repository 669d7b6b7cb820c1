// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUICK and QUICK_OPEN: a channel on a connection, each side taking its own half
 * in its own context; what ends it, what it is charged to, what is refused.
 */
#include "common_event.h"

#define BYTES	(4 * PAGE)

FIXTURE(quick) {
	struct link link;
	char name[NAME_ROOM];
	int section;
	struct lpc_quick_make q;
};

static int section_make(uint64_t size)
{
	struct lpc_section_make s = { .size = size };
	int ret = lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &s);

	return ret ? ret : s.fd;
}

static int quick_make(int end, int section, struct lpc_quick_make *q)
{
	memset(q, 0, sizeof(*q));
	q->own.fd = section;
	return lpc_ioctl(end, LPC_IOC_QUICK, q);
}

static int quick_open(int end, uint64_t id, uint64_t most,
		      struct lpc_quick_open *o)
{
	memset(o, 0, sizeof(*o));
	o->id = id;
	o->theirs.size = most;
	return lpc_ioctl(end, LPC_IOC_QUICK_OPEN, o);
}

FIXTURE_SETUP(quick)
{
	self->link.port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->link.port);
	ASSERT_EQ(0, link_connect(&self->link, self->link.port, self->name, 1, 0));
	self->section = section_make(BYTES);
	ASSERT_LE(0, self->section);
}

FIXTURE_TEARDOWN(quick)
{
	link_close(&self->link);
	close(self->section);
}

static void make_gone(struct lpc_quick_make *q)
{
	munmap((void *)(uintptr_t)q->own.base, q->own.size);
	close(q->fd);
}

static void open_gone(struct lpc_quick_open *o)
{
	munmap((void *)(uintptr_t)o->theirs.base, o->theirs.size);
	close(o->fd);
}

/* ---- each side its own half ------------------------------------------------- */

TEST_F(quick, the_client_makes_the_server_opens)
{
	struct lpc_quick_open o;

	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	EXPECT_NE(0, self->q.id);
	EXPECT_EQ(BYTES, self->q.own.size);
	EXPECT_TRUE(is_cloexec(self->q.fd));
	ASSERT_EQ(0, quick_open(self->link.server, self->q.id, BYTES, &o));
	EXPECT_TRUE(is_cloexec(o.fd));
	EXPECT_EQ(BYTES, o.theirs.size);

	/* The client has the high end, the server the low one. */
	EXPECT_EQ(0, ev_set(self->q.fd, HIGH));
	EXPECT_EQ(POLLIN, poll_now(o.fd, POLLIN));
	EXPECT_EQ(0, poll_now(self->q.fd, POLLIN));
	EXPECT_EQ(0, ev_wait(o.fd, HIGH, NO_WAIT));
	memcpy((char *)(uintptr_t)self->q.own.base + BYTES - 8, "hello", 6);
	EXPECT_EQ(0, strcmp((char *)(uintptr_t)o.theirs.base + BYTES - 8, "hello"));
	make_gone(&self->q);
	open_gone(&o);
}

TEST_F(quick, the_server_makes_the_client_opens)
{
	struct lpc_quick_open o;

	ASSERT_EQ(0, quick_make(self->link.server, self->section, &self->q));
	ASSERT_EQ(0, quick_open(self->link.client, self->q.id, BYTES, &o));
	EXPECT_EQ(0, ev_set(self->q.fd, LOW));
	EXPECT_EQ(POLLIN, poll_now(o.fd, POLLIN));
	make_gone(&self->q);
	open_gone(&o);
}

TEST_F(quick, between_processes_by_a_message)
{
	struct lpc_quick_open o;
	struct lpcbuf b;
	char *mine;
	pid_t pid;

	pid = fork_child();
	if (!pid) {
		uint64_t id;

		must_be(0, msg_recv(self->link.server, &b, LONG));
		memcpy(&id, b.data, sizeof(id));
		must_be(0, quick_open(self->link.server, id, BYTES, &o));
		must_be(0, msg_reply(self->link.server, &b, 0, NULL, 0));
		must_be(0, ev_wait(o.fd, HIGH, LONG));
		++*(char *)(uintptr_t)o.theirs.base;
		must_be(-EPIPE, ev_set_wait(o.fd, LOW, HIGH, LONG));
		_exit(0);
	}
	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	mine = (char *)(uintptr_t)self->q.own.base;
	*mine = 41;
	ASSERT_EQ(0, msg_call(self->link.client, 1, &self->q.id,
			      sizeof(self->q.id), &b, LONG));
	EXPECT_EQ(0, ev_set_wait(self->q.fd, HIGH, LOW, LONG));
	EXPECT_EQ(42, *mine);
	make_gone(&self->q);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(quick, part_of_a_section_and_read_only)
{
	struct lpc_quick_open o;
	char *theirs;

	self->q = (struct lpc_quick_make){ .own = {
		.fd = self->section, .offset = PAGE, .size = 2 * PAGE,
		.flags = LPC_VIEW_PEER_READONLY,
	} };
	ASSERT_EQ(0, lpc_ioctl(self->link.client, LPC_IOC_QUICK, &self->q));
	EXPECT_EQ(2 * PAGE, self->q.own.size);
	ASSERT_EQ(0, quick_open(self->link.server, self->q.id, BYTES, &o));
	EXPECT_EQ(2 * PAGE, o.theirs.size);
	theirs = (char *)(uintptr_t)o.theirs.base;
	*(char *)(uintptr_t)self->q.own.base = 'r';
	EXPECT_EQ('r', *theirs);
	EXPECT_EQ(-1, mprotect(theirs, PAGE, PROT_READ | PROT_WRITE));
	make_gone(&self->q);
	open_gone(&o);
}

/* ---- once, from the other end, not too large --------------------------------- */

TEST_F(quick, opened_once_and_by_the_other_end_alone)
{
	struct lpc_quick_open o, again;

	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	EXPECT_EQ(-ESTALE, quick_open(self->link.client, self->q.id, BYTES, &o));
	EXPECT_EQ(-ESTALE, quick_open(self->link.server, self->q.id + 1, BYTES, &o));
	EXPECT_EQ(-ESTALE, quick_open(self->link.server, 0, BYTES, &o));
	EXPECT_EQ(-1, o.fd);
	ASSERT_EQ(0, quick_open(self->link.server, self->q.id, BYTES, &o));
	EXPECT_EQ(-ESTALE, quick_open(self->link.server, self->q.id, BYTES, &again));
	make_gone(&self->q);
	open_gone(&o);
}

TEST_F(quick, another_connection_does_not_know_it)
{
	struct link other;
	struct lpc_quick_open o;

	ASSERT_EQ(0, link_connect(&other, self->link.port, self->name, 2, 0));
	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	EXPECT_EQ(-ESTALE, quick_open(other.server, self->q.id, BYTES, &o));
	make_gone(&self->q);
	close(other.client);
	close(other.server);
}

TEST_F(quick, too_large_says_how_large_and_still_waits)
{
	struct lpc_quick_open o;

	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	EXPECT_EQ(-EMSGSIZE, quick_open(self->link.server, self->q.id, 0, &o));
	EXPECT_EQ(BYTES, o.theirs.size);
	EXPECT_EQ(-EMSGSIZE, quick_open(self->link.server, self->q.id, BYTES - 1, &o));
	EXPECT_EQ(0, quick_open(self->link.server, self->q.id, o.theirs.size, &o));
	make_gone(&self->q);
	open_gone(&o);
}

TEST_F(quick, an_open_that_fails_leaves_it_waiting)
{
	struct lpc_quick_open *ro, o;
	struct rlimit rl, none = { 0 };
	int next = next_fd();
	rlim_t old;

	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	old = fds_forbid();
	EXPECT_EQ(-EMFILE, quick_open(self->link.server, self->q.id, BYTES, &o));
	fds_allow(old);
	/* No address space */
	getrlimit(RLIMIT_AS, &rl);
	none.rlim_max = rl.rlim_max;
	setrlimit(RLIMIT_AS, &none);
	EXPECT_EQ(-ENOMEM, quick_open(self->link.server, self->q.id, BYTES, &o));
	setrlimit(RLIMIT_AS, &rl);
	/* Results that cannot be copied out */
	ro = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ro->id = self->q.id;
	ro->theirs.size = BYTES;
	ASSERT_EQ(0, mprotect(ro, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, lpc_ioctl(self->link.server, LPC_IOC_QUICK_OPEN, ro));
	munmap(ro, PAGE);
	EXPECT_EQ(next + 1, next_fd());
	EXPECT_EQ(-EAGAIN, ev_wait(self->q.fd, LOW, NO_WAIT));
	ASSERT_EQ(0, quick_open(self->link.server, self->q.id, BYTES, &o));
	make_gone(&self->q);
	open_gone(&o);
}

TEST_F(quick, a_make_that_fails_leaves_nothing)
{
	struct lpc_quick_make *ro, bad;
	struct lpc_info before, after;
	int next = next_fd();

	ASSERT_EQ(0, get_info(&before));
	EXPECT_EQ(-EBADF, quick_make(self->link.client, -1, &bad));
	EXPECT_EQ(-EINVAL, quick_make(self->link.client, self->link.port, &bad));
	bad = (struct lpc_quick_make){ .flags = 1, .own.fd = self->section };
	EXPECT_EQ(-EINVAL, lpc_ioctl(self->link.client, LPC_IOC_QUICK, &bad));
	bad = (struct lpc_quick_make){ .own = { .fd = self->section, .offset = 1 } };
	EXPECT_EQ(-EINVAL, lpc_ioctl(self->link.client, LPC_IOC_QUICK, &bad));
	bad = (struct lpc_quick_make){ .own = { .fd = self->section,
						.size = BYTES + 1 } };
	EXPECT_EQ(-EINVAL, lpc_ioctl(self->link.client, LPC_IOC_QUICK, &bad));
	EXPECT_EQ(-1, bad.fd);
	EXPECT_EQ(0, bad.own.base);
	ro = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ro->own.fd = self->section;
	ASSERT_EQ(0, mprotect(ro, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, lpc_ioctl(self->link.client, LPC_IOC_QUICK, ro));
	munmap(ro, PAGE);
	EXPECT_EQ(next, next_fd());
	ASSERT_EQ(0, get_info(&after));
	EXPECT_EQ(before.limits[LPC_LIMIT_EVENT_PAIRS].in_use,
		  after.limits[LPC_LIMIT_EVENT_PAIRS].in_use);
}

TEST_F(quick, before_COMPLETE_and_without_server_end)
{
	int client, server, port, pair;
	struct lpcbuf b;

	client = port_connect_async(self->name, NULL);
	ASSERT_LE(0, client);
	EXPECT_EQ(-ENOTCONN, quick_make(client, self->section, &self->q));
	ASSERT_EQ(0, msg_listen(self->link.port, &b, LONG));
	server = port_accept(self->link.port, b.m.id, 2, 0);
	EXPECT_EQ(-ENOTCONN, quick_make(server, self->section, &self->q));
	close(client);
	close(server);
	port = port_pair(&pair, 1);
	EXPECT_EQ(-EOPNOTSUPP, quick_make(pair, self->section, &self->q));
	EXPECT_EQ(-ENOTTY, quick_make(port, self->section, &self->q));
	EXPECT_EQ(-ENOTTY, quick_make(lpc_dev(), self->section, &self->q));
	close(port);
	close(pair);
}

/* ---- it ends with the connection ------------------------------------------------ */

/* An opened channel and one that waits; then what ends the connection. */
static void channel_ends(struct __test_metadata *_metadata,
			 struct _test_data_quick *self, void (*end)(struct link *))
{
	struct lpc_quick_make waits;
	struct lpc_quick_open o;
	struct ev_thread a, b;

	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	ASSERT_EQ(0, quick_make(self->link.client, self->section, &waits));
	ASSERT_EQ(0, quick_open(self->link.server, self->q.id, BYTES, &o));
	ASSERT_TRUE(ev_thread_asleep(&a, self->q.fd, 0, LOW, FOREVER));
	ASSERT_TRUE(ev_thread_asleep(&b, o.fd, 0, HIGH, FOREVER));
	end(&self->link);
	EXPECT_EQ(-EPIPE, ev_thread_join(&a));
	EXPECT_EQ(-EPIPE, ev_thread_join(&b));
	EXPECT_EQ(POLLHUP, poll_ms(self->q.fd, POLLIN, LONG));
	EXPECT_EQ(POLLHUP, poll_ms(o.fd, POLLIN, LONG));
	EXPECT_EQ(POLLHUP, poll_ms(waits.fd, POLLIN, LONG));
	EXPECT_EQ(-EPIPE, ev_set(o.fd, LOW));
	/* The memory is theirs until they unmap it. */
	*(char *)(uintptr_t)self->q.own.base = 5;
	EXPECT_EQ(5, *(char *)(uintptr_t)o.theirs.base);
	make_gone(&self->q);
	make_gone(&waits);
	open_gone(&o);
}

static void close_client(struct link *l)
{
	close(l->client);
	l->client = -1;
}

static void close_server(struct link *l)
{
	close(l->server);
	l->server = -1;
}

static void shut_port(struct link *l)
{
	end_shutdown(l->port, LPC_SHUT_ALL);
}

TEST_F(quick, ends_with_the_client_end)
{
	channel_ends(_metadata, self, close_client);
}

TEST_F(quick, ends_with_the_server_end)
{
	channel_ends(_metadata, self, close_server);
}

TEST_F(quick, ends_with_the_port_shut_down)
{
	channel_ends(_metadata, self, shut_port);
}

TEST_F(quick, no_channel_on_a_dead_connection)
{
	struct lpc_quick_open o;

	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	close_client(&self->link);
	EXPECT_EQ(-EPIPE, quick_open(self->link.server, self->q.id, BYTES, &o));
	make_gone(&self->q);
	EXPECT_EQ(-EPIPE, quick_make(self->link.server, self->section, &self->q));
}

TEST_F(quick, closed_by_its_maker_it_cannot_be_opened)
{
	struct lpc_quick_open o;

	ASSERT_EQ(0, quick_make(self->link.client, self->section, &self->q));
	make_gone(&self->q);
	EXPECT_EQ(-ESTALE, quick_open(self->link.server, self->q.id, BYTES, &o));
	/* and the connection lives on */
	EXPECT_EQ(0, msg_send(self->link.client, 1, NULL, 0));
}

/* ---- limits ------------------------------------------------------------------------ */

TEST_F(quick, so_many_on_a_connection)
{
	long saved = sysctl_get("quick");
	struct lpc_quick_make q[3];

	ASSERT_EQ(0, sysctl_set("quick", 2));
	ASSERT_EQ(0, quick_make(self->link.client, self->section, &q[0]));
	ASSERT_EQ(0, quick_make(self->link.server, self->section, &q[1]));
	EXPECT_EQ(-ENOBUFS, quick_make(self->link.client, self->section, &q[2]));
	EXPECT_EQ(LPC_LIMIT_QUICK, q[2].limit);
	EXPECT_EQ(2, q[2].in_use);
	EXPECT_EQ(-1, q[2].fd);
	make_gone(&q[0]);
	EXPECT_TRUE(UNTIL(!quick_make(self->link.client, self->section, &q[0])));
	make_gone(&q[0]);
	make_gone(&q[1]);
	sysctl_set("quick", saved);
}

TEST_F(quick, its_pair_and_section_are_given_back)
{
	int64_t pairs = limit_in_use(LPC_LIMIT_EVENT_PAIRS);
	int64_t bytes = limit_in_use(LPC_LIMIT_SECTION_BYTES);
	struct lpc_quick_open o;
	int s = section_make(BYTES);

	ASSERT_EQ(0, quick_make(self->link.client, s, &self->q));
	EXPECT_EQ(pairs + 1, limit_in_use(LPC_LIMIT_EVENT_PAIRS));
	close(s);
	ASSERT_EQ(0, quick_open(self->link.server, self->q.id, BYTES, &o));
	EXPECT_EQ(bytes + BYTES, limit_in_use(LPC_LIMIT_SECTION_BYTES));
	make_gone(&self->q);
	open_gone(&o);
	EXPECT_TRUE(UNTIL(limit_in_use(LPC_LIMIT_EVENT_PAIRS) == pairs));
	EXPECT_TRUE(UNTIL(limit_in_use(LPC_LIMIT_SECTION_BYTES) == bytes));
}

/* Made, opened, closed and the connection ended, all at once: KASAN is the judge. */
struct race {
	struct link *l;
	atomic_ulong id;
};

static void *opener(void *arg)
{
	struct race *r = arg;
	struct lpc_quick_open o;
	unsigned long id;

	for (id = 0; !id;)
		id = atomic_load(&r->id);
	if (!quick_open(r->l->server, id, BYTES, &o))
		open_gone(&o);
	return NULL;
}

TEST_F(quick, open_against_close)
{
	int i;

	for (i = 0; i < 200; i++) {
		struct lpc_quick_make q;
		struct race r = { .l = &self->link };
		pthread_t t[2];

		pthread_create(&t[0], NULL, opener, &r);
		pthread_create(&t[1], NULL, opener, &r);
		ASSERT_EQ(0, quick_make(self->link.client, self->section, &q));
		atomic_store(&r.id, q.id);
		if (i % 2)
			sched_yield();
		make_gone(&q);
		if (i % 8 == 7) {
			close(self->link.client);
			close(self->link.server);
			ASSERT_EQ(0, link_connect(&self->link, self->link.port,
						  self->name, 1, 0));
		}
		pthread_join(t[0], NULL);
		pthread_join(t[1], NULL);
	}
}

TEST_HARNESS_MAIN
