// SPDX-License-Identifier: GPL-2.0-only
/*
 * bounds.c - an unprivileged user, in a memory cgroup of 64 MiB, takes of
 * everything as much as it gets, for some seconds: ports, connections,
 * datagrams, calls, callbacks, sections, event pairs, watches, waits for names.
 * The machine has no less than those 64 MiB less, another user's calls go on, and
 * afterwards all is back.
 */
#include "common.h"
#include "common_cgroup.h"

#define ROOM_MB		64
#define WORKERS		6
#define HELD		400	/* descriptors of one worker */
#define MAPS		32
#define SLACK_KB	(16 * 1024)	/* what a machine's memory moves by itself */

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

/* What they got, and were refused, to see that they were there. */
struct tally {
	atomic_long got[LPC_LIMIT_MAX];
	atomic_long full[LPC_LIMIT_MAX];
	atomic_long memory;		/* ENOMEM */
};

static struct tally *tally;

static void note(int ret, unsigned int limit, unsigned int kind)
{
	if (ret >= 0 || ret == -EINPROGRESS)
		tally->got[kind]++;
	else if (ret == -ENOBUFS && limit < LPC_LIMIT_MAX)
		tally->full[limit]++;
	else if (ret == -ENOMEM)
		tally->memory++;
}

/* ---- the server: takes whoever comes, and is slow with the rest ------------- */

#define ENDS	2048

struct server {
	int port;
	int end[ENDS];			/* by context */
	pthread_t thread;
};

static unsigned int free_place(const struct server *s)
{
	unsigned int i;

	for (i = 0; i < ENDS && s->end[i] >= 0; i++)
		;
	return i;
}

static void *serve(void *arg)
{
	struct server *s = arg;
	unsigned int place, n = 0;
	struct lpcbuf b;
	int ret;

	for (;;) {
		ret = msg_recv(s->port, &b, FOREVER);
		if (ret == -ESHUTDOWN || ret == -EPIPE)
			return NULL;
		if (ret)
			continue;
		if (b.m.type == LPC_CONNECTION_REQUEST) {
			place = free_place(s);
			if (place == ENDS) {
				port_refuse(s->port, b.m.id, NULL, 0);
				continue;
			}
			s->end[place] = port_accept(s->port, b.m.id, place, 0);
			if (s->end[place] >= 0)
				end_complete(s->end[place]);
		} else if (b.m.type == LPC_PORT_CLOSED) {
			close(s->end[b.m.context]);
			s->end[b.m.context] = -1;
		} else if (b.m.type == LPC_REQUEST && b.m.code == 1) {
			msg_reply(s->port, &b, 0, b.data, b.m.len);
		} else if (++n % 64 == 0) {
			nap();
		}
	}
}

/* ---- the worst ----------------------------------------------------------------- */

struct worker {
	unsigned int seed;
	int held[HELD];
	void *map[MAPS];
	const char *name;
};

static unsigned int any(struct worker *w, unsigned int n)
{
	return rand_r(&w->seed) % n;
}

/* In a random place; what was there is closed. */
static void hold(struct worker *w, int fd)
{
	int *place = &w->held[any(w, HELD)];

	if (fd < 0)
		return;
	if (*place >= 0)
		close(*place);
	*place = fd;
}

static void take_section(struct worker *w)
{
	struct lpc_section_make s = { .size = 4096u << any(w, 9) };
	void **place = &w->map[any(w, MAPS)];
	int ret = lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &s);

	note(ret, s.limit, LPC_LIMIT_SECTION_BYTES);
	if (ret)
		return;
	if (*place)
		munmap(*place, 4096);
	*place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);
	if (*place == MAP_FAILED)
		*place = NULL;
	hold(w, s.fd);
}

static void take_port(struct worker *w)
{
	struct lpc_create c = { .mode = 0666 };
	char name[NAME_ROOM];
	int fd = port_create(any(w, 2) ? unique_user_name(name, MARIA) : NULL, &c);

	note(fd, c.limit, LPC_LIMIT_PORTS);
	hold(w, fd);
}

static void take_connection(struct worker *w)
{
	struct lpc_connect c = { 0 };
	int fd = port_connect_async(w->name, &c);

	note(fd, c.limit, LPC_LIMIT_CONNS);
	if (fd >= 0)
		connect_finish(fd, NULL, SHORT);
	hold(w, fd);
}

static void take_pair(struct worker *w)
{
	struct lpc_event_pair p = { 0 };
	int ret = lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &p);

	note(ret, p.limit, LPC_LIMIT_EVENT_PAIRS);
	if (ret)
		return;
	hold(w, p.low);
	hold(w, p.high);
}

static void fill_with_datagrams(int fd)
{
	struct lpcbuf b;
	int i, ret = 0;

	for (i = 0; i < 200 && !ret; i++) {
		buf_set(&b, 2, NULL, LPC_INLINE_MAX);
		ret = lpc_ioctl(fd, LPC_IOC_SEND, &b);
		note(ret, b.m.limit, LPC_LIMIT_DATAGRAMS);
	}
}

static void call_without_end(int fd)
{
	struct lpcbuf b;
	int ret;

	do {
		buf_set(&b, 2, NULL, 100);
		b.m.flags = LPC_CALL_ASYNC;
		ret = lpc_ioctl(fd, LPC_IOC_CALL, &b);
		note(ret, b.m.limit, LPC_LIMIT_CALLS);
	} while (ret == -EINPROGRESS);
}

static void watch_often(int fd)
{
	struct lpc_watch watch;
	int i, ret = 0;

	for (i = 0; i < 100 && !ret; i++) {
		memset(&watch, 0, sizeof(watch));
		ret = lpc_ioctl(fd, LPC_IOC_WATCH_THREAD, &watch);
		note(ret, watch.limit, LPC_LIMIT_WATCHES);
	}
}

/* Back into who called, and back, as deep as it goes. */
static void nest(int fd, struct lpcbuf *b)
{
	int ret;

	do {
		b->m.len = 0;
		b->m.room = LPC_INLINE_MAX;
		ret = msg_call_buf(fd, b, LPC_CALLBACK, 2000);
		note(ret, b->m.limit, LPC_LIMIT_CALLBACK_DEPTH);
	} while (!ret && b->m.type == LPC_REQUEST);
}

static void *nest_from_client(void *arg)
{
	int client = *(int *)arg;
	struct lpcbuf b;

	if (!msg_call(client, 2, NULL, 0, &b, 2000) && b.m.type == LPC_REQUEST)
		nest(client, &b);
	close(client);
	return NULL;
}

static void call_back_deep(void)
{
	int client, port = port_pair(&client, 0);
	pthread_t thread;
	struct lpcbuf b;

	if (port < 0)
		return;
	if (pthread_create(&thread, NULL, nest_from_client, &client)) {
		close(client);
		close(port);
		return;
	}
	if (!msg_recv(port, &b, 2000) && b.m.type == LPC_REQUEST)
		nest(port, &b);
	close(port);
	pthread_join(thread, NULL);
}

static void *wait_for_name(void *arg)
{
	char name[NAME_ROOM];
	struct lpc_connect c = {
		.flags = LPC_CONNECT_WAIT_NAME, .deadline = in_ms(500),
	};
	int ret = port_connect_opts(unique_user_name(name, MARIA), &c);

	note(ret == -ETIMEDOUT ? 0 : ret, c.limit, LPC_LIMIT_NAME_WAITERS);
	return NULL;
}

static void wait_for_names(void)
{
	pthread_attr_t small;
	pthread_t thread;
	int i;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < 20; i++)
		pthread_create(&thread, &small, wait_for_name, NULL);
	pthread_attr_destroy(&small);
}

static void do_worst(const char *name, unsigned int seed)
{
	struct worker w = { .seed = seed, .name = name };
	int fd;

	memset(w.held, -1, sizeof(w.held));
	for (;;) {
		fd = w.held[any(&w, HELD)];
		switch (any(&w, 12)) {
		case 0:
			take_port(&w);
			break;
		case 1:
		case 2:
		case 3:
			take_connection(&w);
			break;
		case 4:
			take_section(&w);
			break;
		case 5:
			take_pair(&w);
			break;
		case 6:
			fill_with_datagrams(fd);
			break;
		case 7:
			call_without_end(fd);
			break;
		case 8:
			watch_often(fd);
			break;
		case 9:
			call_back_deep();
			break;
		case 10:
			wait_for_names();
			break;
		default:
			hold(&w, open("/dev/null", O_RDONLY | O_CLOEXEC));
		}
	}
}

/* In the group, as maria: starts them anew when they are killed for memory. */
static void keep_at_it(const char *name)
{
	unsigned int seed = getpid();
	int i;

	for (i = 0; i < WORKERS; i++)
		if (!fork_child())
			do_worst(name, seed + i);
	for (;;) {
		wait(NULL);
		if (!fork_child())
			do_worst(name, ++seed + WORKERS);
		nap();
	}
}

/* ---- looking ------------------------------------------------------------------ */

/* With what each CPU keeps in a list of its own: tens of MiB that nobody uses. */
static long available_kb(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	long pages = 0, n;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	if (f)
		fclose(f);
	return read_keyed("/proc/meminfo", "MemAvailable:") + pages * (getpagesize() / 1024);
}

/* Is nothing of what a user can have in use by @uid? */
static bool has_nothing(uid_t uid)
{
	pid_t pid = fork_child();
	struct lpc_info i;
	int n;

	if (pid == 0) {
		must_be(0, become(uid));
		if (get_info(&i))
			_exit(1);
		for (n = 0; n < LPC_LIMIT_MAX; n++)
			if (i.limits[n].in_use)
				_exit(1);
		_exit(0);
	}
	return reap(pid) == 0;
}

FIXTURE(bounds) {
	char group[CGROUP_PATH];
	char name[NAME_ROOM];
	struct server victim;		/* whom they load */
	struct link own;		/* who works beside them */
	struct echo echo;
};

FIXTURE_SETUP(bounds)
{
	others_may();
	self->group[0] = 0;
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)tally);
	memset(self->victim.end, -1, sizeof(self->victim.end));
	self->victim.port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->victim.port);
	ASSERT_EQ(0, pthread_create(&self->victim.thread, NULL, serve,
				    &self->victim));
	ASSERT_EQ(0, link_make(&self->own, NULL, 1, 0));
	ASSERT_EQ(0, echo_start(&self->echo, self->own.port));
}

FIXTURE_TEARDOWN(bounds)
{
	/* who takes all may still be at it */
	if (self->group[0])
		cgroup_set(self->group, "cgroup.kill", "1");
	end_shutdown(self->victim.port, LPC_SHUT_ALL);
	pthread_join(self->victim.thread, NULL);
	close(self->victim.port);
	echo_stop(&self->echo);
	link_close(&self->own);
	if (self->group[0])
		cgroup_remove(self->group);
}

static long kernel_memory(const char *group)
{
	return cgroup_get(group, "memory.current");
}

/* Of how many limits it has had something, or been refused it */
static int limits_met(void)
{
	int n, met = 0;

	for (n = 0; n < LPC_LIMIT_MAX; n++)
		met += tally->got[n] || tally->full[n];
	return met;
}

/* A slow machine takes longer to get to all of them. */
static bool is_over(__u64 t0)
{
	__u64 ms = ms_since(t0);

	return ms >= (long_form() ? 60000 : 4000) && (limits_met() >= 6 || ms >= 60000);
}

TEST_F(bounds, of_a_user_that_takes_all_it_gets)
{
	int n;
	long before, now, least, most = 0, calls = 0;
	struct lpcbuf b;
	__u64 t0;
	pid_t pid;

	if (!cgroup_make(self->group, "bounds") ||
	    cgroup_set(self->group, "memory.max", "64M"))
		SKIP(return, "no memory cgroup of version 2");
	cgroup_set(self->group, "memory.swap.max", "0");
	/* slowed down at first: a kill for memory reads like a splat */
	cgroup_set(self->group, "memory.high", "48M");
	before = available_kb();
	least = before;
	pid = fork_child();
	if (pid == 0) {
		must_be(0, cgroup_join(self->group));
		must_be(0, become(MARIA));
		keep_at_it(self->name);
	}
	for (t0 = now_ns(); !is_over(t0); calls++) {
		/* nobody else is held up or refused */
		ASSERT_EQ(0, msg_call(self->own.client, 7, "x", 1, &b, 20000));
		nap();
		now = available_kb();
		if (now < least)
			least = now;
		now = kernel_memory(self->group) / 1024;
		if (now > most)
			most = now;
	}
	EXPECT_EQ(0, cgroup_set(self->group, "cgroup.kill", "1"));
	kill_reap(pid);
	for (n = 0; n < LPC_LIMIT_MAX; n++) {
		if (!tally->got[n] && !tally->full[n])
			continue;
		TH_LOG("limit %d: got %ld, full %ld", n, (long)tally->got[n],
		       (long)tally->full[n]);
	}
	TH_LOG("%ld calls beside them; ENOMEM %ld, killed for memory %lld", calls,
	       (long)tally->memory,
	       cgroup_value(self->group, "memory.events", "oom_kill"));
	TH_LOG("KiB: the group had %ld of %d; available %ld before, %ld at least",
	       most, ROOM_MB * 1024, before, least);
	EXPECT_LE(6, limits_met());
	if (long_form())
		EXPECT_LE(ROOM_MB * 1024 * 3 / 4, most);
	EXPECT_LE(before - ROOM_MB * 1024 - SLACK_KB, least);
	/* all is back: what was counted, what the group was charged with */
	EXPECT_TRUE(UNTIL(has_nothing(MARIA)));
	EXPECT_TRUE(UNTIL(event_is(self->group, "populated 0")));
	EXPECT_TRUE(UNTIL(kernel_memory(self->group) < 4 * 1024 * 1024)) {
		TH_LOG("the group still has %ld", kernel_memory(self->group));
	}
	EXPECT_TRUE(UNTIL(available_kb() > before - SLACK_KB)) {
		TH_LOG("available %ld, before %ld", available_kb(), before);
	}
	EXPECT_TRUE(UNTIL(PORT_FIELD(self->victim.port, connections) == 0));
}

TEST_HARNESS_MAIN
