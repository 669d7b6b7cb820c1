// SPDX-License-Identifier: GPL-2.0-only
/*
 * views_peer.c - a peer that stands still, leaves or is killed at any step of
 * the handshake with views, and memory that never answers: nobody waits for
 * it, and nothing of it is left.
 *
 * --full: 1 000 are killed instead of 100.
 */
#include "common_section.h"
#include "common_cgroup.h"
#include "hostile_memory.h"

#include <dirent.h>
#include <sys/ptrace.h>

#define VIEW_BYTES	(64 * KIB)
#define AT_ONCE_MS	100	/* what an ioctl that waits for nobody may take */
#define MAP_NOW_MS	300
#define ROUNDS		5	/* a slow machine may make one late, not all */

enum trouble {
	STOPPED,
	TRACED,			/* stopped by a debugger */
	FROZEN,			/* cgroup v1 */
	STARVED,		/* cpu.max, and its own threads take all of it */
	LOCKED,			/* another thread of it holds its mmap_lock */
	EXECS,			/* another thread of it calls execve() */
	EXITS,
};

/* Shared with the client. */
struct shared_flags {
	int hog;		/* its second thread: run */
	int release;		/* and end */
};

FIXTURE(peer) {
	struct rig r;
	struct lpc_accept a;
	struct shared_flags *flags;
	struct gate go;		/* the client's second thread */
	struct gate stuck;
	char group[CGROUP_PATH];
	pid_t daemon;
	pid_t pid;
};

FIXTURE_VARIANT(peer) {
	enum trouble kind;
	bool leaves;
};

FIXTURE_VARIANT_ADD(peer, is_stopped) { .kind = STOPPED, };

FIXTURE_VARIANT_ADD(peer, is_traced) { .kind = TRACED, };

FIXTURE_VARIANT_ADD(peer, is_frozen) { .kind = FROZEN, };

FIXTURE_VARIANT_ADD(peer, is_starved) { .kind = STARVED, };

FIXTURE_VARIANT_ADD(peer, holds_its_mmap_lock) { .kind = LOCKED, };

FIXTURE_VARIANT_ADD(peer, execs) { .kind = EXECS, .leaves = true, };

FIXTURE_VARIANT_ADD(peer, exits) { .kind = EXITS, .leaves = true, };

#define V1_FREEZER	"/tmp/ksft-freezer"

/* The client's own group of the version 1 freezer; empty if there is none */
static void freezer_make(char *path)
{
	mkdir(V1_FREEZER, 0755);
	if (mount("none", V1_FREEZER, "cgroup", 0, "freezer") &&
	    errno != EBUSY)
		return;
	snprintf(path, CGROUP_PATH, V1_FREEZER "/%d", getpid());
	if (mkdir(path, 0755))
		path[0] = 0;
}

static bool freezer_set(const char *path, const char *state)
{
	char at[CGROUP_PATH + 32], now[32];
	FILE *f;

	if (cgroup_set(path, "freezer.state", state))
		return false;
	snprintf(at, sizeof(at), "%s/freezer.state", path);
	return UNTIL(({
		f = fopen(at, "re");
		now[0] = 0;
		if (f && fscanf(f, "%31s", now) != 1)
			now[0] = 0;
		if (f)
			fclose(f);
		!strcmp(now, state);
	}));
}

FIXTURE_SETUP(peer)
{
	rig_none(&self->r);
	gate_init(&self->go);
	gate_init(&self->stuck);
	if (variant->kind == FROZEN) {
		freezer_make(self->group);
		if (!self->group[0])
			SKIP(return, "no freezer of version 1 here");
	}
	if (variant->kind == STARVED) {
		if (!cgroup_make(self->group, "starved") ||
		    cgroup_set(self->group, "cpu.max", "max"))
			SKIP(return, "no cpu.max here");
	}
	if (variant->kind == LOCKED) {
		if (access("/dev/fuse", R_OK | W_OK))
			SKIP(return, "no /dev/fuse here");
		ASSERT_EQ(0, unshare(CLONE_NEWNS));
		ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE,
				   NULL));
		self->daemon = fuse_start(&self->stuck);
	}
	self->flags = mmap(NULL, sizeof(*self->flags), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, rig_port(&self->r, 0, 0));
}

FIXTURE_TEARDOWN(peer)
{
	if (self->group[0] && variant->kind == FROZEN)
		cgroup_set(self->group, "freezer.state", "THAWED");
	if (self->daemon > 0)
		kill_reap(self->daemon);
	if (self->pid > 0)
		kill_reap(self->pid);
	rig_close(&self->r);
	if (self->group[0] && variant->kind == STARVED)
		cgroup_remove(self->group);
	if (self->group[0] && variant->kind == FROZEN)
		UNTIL(!rmdir(self->group));
}

struct second {
	struct _test_data_peer *self;
	enum trouble kind;
	char *page;
};

/* The client's second thread: what it does when it is told to */
static void *second_thread(void *arg)
{
	struct second *s = arg;
	char byte;
	int fd;

	gate_wait(&s->self->go);
	switch (s->kind) {
	case STARVED:
		while (!__atomic_load_n(&s->self->flags->release,
					__ATOMIC_RELAXED))
			;
		break;
	case LOCKED:
		fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
		if (pread(fd, &byte, 1, (unsigned long)s->page) == 1)
			fprintf(stderr, "# the page has answered\n");
		close(fd);
		break;
	case EXECS:
		exec_pause();
		break;
	case EXITS:
		_exit(3);
	default:
		break;
	}
	return NULL;
}

#define REFUSED		2

/* Connects with views and sees what the server filled its own with. */
static void peer_client(struct _test_data_peer *self, enum trouble kind)
{
	struct second second = { .self = self, .kind = kind };
	struct lpc_connect c = { .theirs.size = VIEW_BYTES };
	pthread_t thread;
	int ret;

	close_fd(&self->r.port);
	if (kind == LOCKED)
		second.page = hostile_page(FUSE, &self->stuck);
	must_be(0, client_gives(&c, VIEW_BYTES, 0));
	must(!pthread_create(&thread, NULL, second_thread, &second));
	ret = port_connect_opts(self->r.name, &c);
	if (ret == -ECONNREFUSED)
		_exit(REFUSED);
	must(ret >= 0);
	must(filled(at(&c.theirs, 0), VIEW_BYTES, 5));
	fill(at(&c.own, 0), VIEW_BYTES, 6);
	_exit(0);
}

/* A client whose request has been received; its id is in self->a. */
static int peer_ask(struct _test_data_peer *self, enum trouble kind)
{
	struct pkt p;

	memset(self->flags, 0, sizeof(*self->flags));
	self->pid = fork_child();
	if (self->pid == 0)
		peer_client(self, kind);
	/* what the one before it has left */
	do {
		if (do_recv(self->r.port, &p))
			return __LINE__;
	} while (p.m.type != LPC_CONNECTION_REQUEST);
	self->a = (struct lpc_accept){
		.id = p.m.id, .theirs.size = VIEW_BYTES,
	};
	return server_gives(&self->a, VIEW_BYTES, 0) ? __LINE__ : 0;
}

static int peer_trouble(struct _test_data_peer *self, enum trouble kind)
{
	int status;

	switch (kind) {
	case STOPPED:
		return kill(self->pid, SIGSTOP) ||
		       !UNTIL(task_state(self->pid) == 'T') ? __LINE__ : 0;
	case TRACED:
		return ptrace(PTRACE_SEIZE, self->pid, 0, 0) ||
		       ptrace(PTRACE_INTERRUPT, self->pid, 0, 0) ||
		       waitpid(self->pid, &status, __WALL) != self->pid ||
		       !WIFSTOPPED(status) ? __LINE__ : 0;
	case FROZEN:
	case STARVED: {
		char text[16];

		snprintf(text, sizeof(text), "%d", self->pid);
		if (cgroup_set(self->group, "cgroup.procs", text))
			return __LINE__;
		if (kind == FROZEN)
			return freezer_set(self->group, "FROZEN") ? 0 : __LINE__;
		if (cgroup_set(self->group, "cpu.max", "1000 1000000"))
			return __LINE__;
		gate_post(&self->go, 1);
		return UNTIL(cgroup_value(self->group, "cpu.stat",
					  "nr_throttled") > 0) ? 0 : __LINE__;
	}
	case LOCKED:
		gate_post(&self->go, 1);
		gate_wait(&self->stuck);
		return 0;
	case EXECS:
	case EXITS:
		gate_post(&self->go, 1);
		return 0;
	}
	return __LINE__;
}

/* The trouble is over; how the client ends: its exit status */
static int peer_release(struct _test_data_peer *self, enum trouble kind)
{
	int ret;

	switch (kind) {
	case STOPPED:
		kill(self->pid, SIGCONT);
		break;
	case TRACED:
		ptrace(PTRACE_DETACH, self->pid, 0, 0);
		break;
	case FROZEN:
		freezer_set(self->group, "THAWED");
		break;
	case STARVED:
		__atomic_store_n(&self->flags->release, 1, __ATOMIC_RELAXED);
		cgroup_set(self->group, "cpu.max", "max");
		break;
	case LOCKED:
		kill_reap(self->daemon);
		self->daemon = 0;
		break;
	case EXECS:
		kill(self->pid, SIGKILL);
		break;
	case EXITS:
		break;
	}
	ret = reap(self->pid);
	self->pid = 0;
	return ret;
}

static void peer_done(struct _test_data_peer *self)
{
	unmap_view(&self->a.own);
	unmap_view(&self->a.theirs);
	close_fd(&self->r.se);
	close(self->a.own.fd);
}

/* A new daemon in place of the one whose death ended the trouble before */
static void peer_again(struct _test_data_peer *self, enum trouble kind)
{
	if (kind == LOCKED && !self->daemon) {
		umount2(HOSTILE_DIR, MNT_DETACH);
		self->daemon = fuse_start(&self->stuck);
	}
}

/* The trouble comes before ACCEPT, or between it and COMPLETE. */
static int peer_round(struct _test_data_peer *self, enum trouble kind,
		      bool leaves, bool accepted, long *ms)
{
	int line, accept, complete = 0, end;
	__u64 begin;

	peer_again(self, kind);
	line = peer_ask(self, kind);
	if (line)
		return line;
	if (!accepted)
		line = peer_trouble(self, kind);
	if (line)
		return line;
	begin = ns_now();
	accept = xctl(self->r.port, LPC_IOC_ACCEPT, &self->a);
	*ms = ms_since(begin);
	if (accept)
		return leaves && accept == -ESTALE && !accepted ? 0 : __LINE__;
	self->r.se = self->a.fd;
	fill(at(&self->a.own, 0), VIEW_BYTES, 5);
	if (accepted)
		line = peer_trouble(self, kind);
	if (line)
		return line;
	begin = ns_now();
	complete = do_complete(self->r.se);
	*ms += ms_since(begin);
	if (complete)
		return __LINE__;
	end = peer_release(self, kind);
	/* One that leaves may have been let go before it came to that. */
	if (!leaves && end)
		return __LINE__;
	if (!leaves && !filled(at(&self->a.theirs, 0), VIEW_BYTES, 6))
		return __LINE__;
	return 0;
}

static int peer_rounds(struct _test_data_peer *self, enum trouble kind,
		       bool leaves, bool accepted, long *best)
{
	int i, line;
	long ms = 0;

	*best = LONG_MAX;
	for (i = 0; i < ROUNDS && *best >= AT_ONCE_MS; i++) {
		line = peer_round(self, kind, leaves, accepted, &ms);
		if (line)
			return line;
		if (self->pid > 0)
			peer_release(self, kind);
		peer_done(self);
		if (ms < *best)
			*best = ms;
	}
	return 0;
}

TEST_F(peer, and_ACCEPT_and_COMPLETE_return_at_once)
{
	long ms;

	if (_metadata->skip)
		return;
	EXPECT_EQ(0, peer_rounds(self, variant->kind, variant->leaves, false,
				 &ms));
	EXPECT_GT(AT_ONCE_MS, ms);
}

TEST_F(peer, after_ACCEPT_and_COMPLETE_returns_at_once)
{
	long ms;

	if (_metadata->skip)
		return;
	EXPECT_EQ(0, peer_rounds(self, variant->kind, variant->leaves, true,
				 &ms));
	EXPECT_GT(AT_ONCE_MS, ms);
}

TEST_F(peer, and_MAP_NOW_returns_at_its_deadline)
{
	int ret, end;
	__u64 begin;
	long ms;

	if (_metadata->skip)
		return;
	ASSERT_EQ(0, peer_ask(self, variant->kind));
	ASSERT_EQ(0, peer_trouble(self, variant->kind));
	self->a.flags |= LPC_ACCEPT_MAP_NOW;
	begin = ns_now();
	self->a.deadline = begin + MAP_NOW_MS * 1000000ull;
	ret = xctl(self->r.port, LPC_IOC_ACCEPT, &self->a);
	ms = ms_since(begin);
	TH_LOG("%d after %ld ms", ret, ms);
	EXPECT_GT(MAP_NOW_MS + 10 * AT_ONCE_MS, ms);
	if (ret == 0) {
		self->r.se = self->a.fd;
		fill(at(&self->a.own, 0), VIEW_BYTES, 5);
		EXPECT_EQ(0, do_complete(self->r.se));
	} else if (ret == -ETIMEDOUT) {
		EXPECT_LE(MAP_NOW_MS, ms);
	} else {
		EXPECT_EQ(-ESTALE, ret);
		EXPECT_TRUE(variant->leaves);
	}
	/* Only who can run at all maps anything in time. */
	if (variant->kind != STARVED && !variant->leaves)
		EXPECT_EQ(-ETIMEDOUT, ret);
	end = peer_release(self, variant->kind);
	if (!variant->leaves)
		EXPECT_EQ(ret ? REFUSED : 0, end);
	EXPECT_NE(99, end);
	peer_done(self);
}

/* ------------------------------------------------- memory that never answers */

/*
 * A copy of @arg in a page that can be read, and whose writer waits: what is
 * copied out to it stops there, and @stuck is posted.
 */
static void *unwritable(const void *arg, size_t size, struct gate *stuck)
{
	static void *reporter[2];
	struct uffdio_api api = {
		.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect wp = {
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	pthread_t thread;
	void *page;
	int fd;

	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(page != MAP_FAILED);
	memcpy(page, arg, size);
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	must(fd >= 0);
	must(!ioctl(fd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)page;
	reg.range.len = PAGE;
	wp.range = reg.range;
	must(!ioctl(fd, UFFDIO_REGISTER, &reg));
	must(!ioctl(fd, UFFDIO_WRITEPROTECT, &wp));
	reporter[0] = stuck;
	reporter[1] = (void *)(long)fd;
	must(!pthread_create(&thread, NULL, uffd_reporter, reporter));
	return page;
}

static bool has_uffd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

FIXTURE(stuck) {
	struct shared s;
	struct gate stuck;
	pid_t pid;
};

FIXTURE_SETUP(stuck)
{
	memset(&self->s, 0, sizeof(self->s));
	gate_init(&self->stuck);
	ASSERT_EQ(0, rig_port(&self->s.r, 0, 0));
}

FIXTURE_TEARDOWN(stuck)
{
	if (self->pid > 0)
		kill_reap(self->pid);
	shared_close(&self->s);
}

/* The server has mapped its views and cannot be told where. */
TEST_F(stuck, in_the_answer_of_ACCEPT_and_the_clients_deadline_fires)
{
	struct lpc_connect c = { .theirs.size = VIEW_BYTES };
	int fd = section_make(VIEW_BYTES);
	struct pkt p;

	if (!has_uffd())
		SKIP(return, "no userfaultfd for this user");
	ASSERT_EQ(0, client_gives(&c, VIEW_BYTES, 0));
	self->pid = fork_child();
	if (self->pid == 0) {
		struct lpc_accept a = {
			.flags = LPC_ACCEPT_VIEW, .own.fd = fd,
			.theirs.size = VIEW_BYTES,
		};

		must_be(0, recv_listen(self->s.r.port, &p));
		a.id = p.m.id;
		xctl(self->s.r.port, LPC_IOC_ACCEPT,
		     unwritable(&a, sizeof(a), &self->stuck));
		_exit(1);
	}
	c.deadline = ns_in(slowly(1000));
	EXPECT_EQ(-ETIMEDOUT, port_connect_opts(self->s.r.name, &c));
	EXPECT_NE(0, c.status & LPC_WAS_TAKEN);
	gate_wait(&self->stuck);
	EXPECT_EQ(128 + SIGKILL, kill_reap(self->pid));
	self->pid = 0;
	EXPECT_EQ(0, port_info(self->s.r.port).connections);
	EXPECT_EQ(0, port_info(self->s.r.port).pending);
	close(fd);
	close(c.own.fd);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

/* While it is, the request is its own; when it dies it is anybody's again. */
TEST_F(stuck, in_the_answer_of_ACCEPT_and_killed_leaves_the_request_answerable)
{
	struct lpc_accept a = { .theirs.size = VIEW_BYTES };
	struct pkt p;

	if (!has_uffd())
		SKIP(return, "no userfaultfd for this user");
	ASSERT_EQ(0, client_gives(&self->s.c, VIEW_BYTES, 0));
	self->s.a = a;
	ASSERT_EQ(0, shared_ask(&self->s));
	a.id = self->s.a.id;
	self->pid = fork_child();
	if (self->pid == 0) {
		xctl(self->s.r.port, LPC_IOC_ACCEPT,
		     unwritable(&a, sizeof(a), &self->stuck));
		_exit(1);
	}
	gate_wait(&self->stuck);
	EXPECT_EQ(-ESTALE, shared_accept(&self->s));
	EXPECT_EQ(-ESTALE, do_accept(self->s.r.port, a.id, 1, 0));
	EXPECT_EQ(-EAGAIN, recv_now(self->s.r.port, &p));
	EXPECT_EQ(128 + SIGKILL, kill_reap(self->pid));
	self->pid = 0;
	self->s.a = a;
	EXPECT_EQ(0, shared_accept(&self->s));
	EXPECT_EQ(0, shared_finish(&self->s));
	EXPECT_NE(0, self->s.c.own.flags & LPC_VIEW_SHARED);
}

TEST_F(stuck, in_the_answer_of_CONNECT_and_the_server_goes_on)
{
	struct lpc_connect c = { .theirs.size = VIEW_BYTES };
	struct pkt p;

	if (!has_uffd())
		SKIP(return, "no userfaultfd for this user");
	ASSERT_EQ(0, client_gives(&c, VIEW_BYTES, 0));
	ASSERT_EQ(0, server_gives(&self->s.a, VIEW_BYTES, 0));
	self->s.a.theirs.size = VIEW_BYTES;
	self->pid = fork_child();
	if (self->pid == 0) {
		c.name = (unsigned long)self->s.r.name;
		c.name_len = strlen(self->s.r.name);
		xctl(lpc_dev(), LPC_IOC_CONNECT,
		     unwritable(&c, sizeof(c), &self->stuck));
		_exit(1);
	}
	close(c.own.fd);
	ASSERT_EQ(0, recv_listen(self->s.r.port, &p));
	self->s.a.id = p.m.id;
	ASSERT_EQ(0, shared_accept(&self->s));
	close(self->s.a.own.fd);
	ASSERT_EQ(0, do_complete(self->s.r.se));
	gate_wait(&self->stuck);
	fill(at(&self->s.a.theirs, 0), VIEW_BYTES, 1);
	EXPECT_EQ(0, do_send(self->s.r.se, 1, 1));
	EXPECT_EQ(-EAGAIN, recv_now(self->s.r.port, &p));
	EXPECT_EQ(128 + SIGKILL, kill_reap(self->pid));
	self->pid = 0;
	ASSERT_EQ(0, do_recv(self->s.r.port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_TRUE(filled(at(&self->s.a.theirs, 0), VIEW_BYTES, 1));
}

/* ---------------------------------------------------------------- being killed */

static int killings = 100;

/* How far each side is; both count. */
struct progress {
	int client;
	int server;
};

#define STEPS	4

static void step(int *p)
{
	__atomic_add_fetch(p, 1, __ATOMIC_SEQ_CST);
}

/* Connect, use, close: forever */
static void doomed_client(const char *name, struct progress *p)
{
	for (;;) {
		struct lpc_connect c = {
			.theirs.size = VIEW_BYTES, .deadline = ns_in(LONG),
		};
		int ret, end;

		must_be(0, client_gives(&c, VIEW_BYTES, 0));
		step(&p->client);
		end = port_connect_opts(name, &c);
		step(&p->client);
		close(c.own.fd);
		/* the server was killed: somebody has to see what is left */
		if (end == -ECONNREFUSED || end == -ENOENT)
			_exit(0);
		must(end >= 0);
		at(&c.own, 0)[5] = 1;
		step(&p->client);
		ret = do_call(end, msg(&(struct pkt){}, 1, 8));
		if (ret == -EPIPE || ret == -ECONNRESET)
			_exit(0);
		must_be(0, ret);
		step(&p->client);
		unmap_view(&c.own);
		unmap_view(&c.theirs);
		close(end);
	}
}

static void doomed_server(int port, struct progress *p)
{
	struct lpc_accept a = { 0 };
	int ret, end = -1;
	struct pkt m;

	for (;;) {
		/* the port's other holder ends it when the client is dead */
		ret = do_recv(port, &m);
		if (ret == -ESHUTDOWN || ret == -EPIPE)
			_exit(0);
		must_be(0, ret);
		if (m.m.type == LPC_REQUEST) {
			at(&a.theirs, 0)[7] = 2;
			ret = do_reply(port, m.m.id, 1, 8);
			must(!ret || ret == -ECANCELED || ret == -ESTALE);
		}
		if (m.m.type == LPC_PORT_CLOSED) {
			unmap_view(&a.own);
			unmap_view(&a.theirs);
			close_fd(&end);
		}
		if (m.m.type != LPC_CONNECTION_REQUEST)
			continue;
		step(&p->server);
		memset(&a, 0, sizeof(a));
		a.id = m.m.id;
		a.theirs.size = VIEW_BYTES;
		must_be(0, server_gives(&a, VIEW_BYTES, 0));
		step(&p->server);
		ret = xctl(port, LPC_IOC_ACCEPT, &a);
		close(a.own.fd);
		if (ret == -ESTALE) {
			memset(&a, 0, sizeof(a));
			continue;
		}
		must_be(0, ret);
		end = a.fd;
		step(&p->server);
		at(&a.own, 0)[3] = 4;
		must_be(0, do_complete(end));
		step(&p->server);
	}
}

/* One of both dies at a point that @seed says; the other has to notice. */
static int kill_one(struct progress *p, unsigned int *seed)
{
	bool client_dies = rand_r(seed) % 2;
	int at = rand_r(seed) % (2 * STEPS), spin = rand_r(seed) % 400;
	int *count = client_dies ? &p->client : &p->server;
	pid_t server, client;
	struct rig r;
	__u64 until;

	memset(p, 0, sizeof(*p));
	if (rig_port(&r, 0, 0))
		return __LINE__;
	server = fork_child();
	if (server == 0)
		doomed_server(r.port, p);
	/* The server alone holds the port, if it is to die with it. */
	if (!client_dies)
		close_fd(&r.port);
	client = fork_child();
	if (client == 0) {
		close_fd(&r.port);
		doomed_client(r.name, p);
	}
	if (!UNTIL(__atomic_load_n(count, __ATOMIC_SEQ_CST) >= at))
		return __LINE__;
	/* and a random moment of what comes next */
	until = ns_now() + spin * 1000ull;
	while (ns_now() < until)
		;
	if (kill_reap(client_dies ? client : server) != 128 + SIGKILL)
		return __LINE__;
	if (client_dies)
		do_shutdown(r.port, LPC_SHUT_RECEIVE);
	if (reap(client_dies ? server : client))
		return __LINE__;
	rig_close(&r);
	return 0;
}

/* Objects in use in the module's own caches, or -1; @which: one that has some */
static long slab_objects(char *which, size_t room)
{
	struct dirent *d;
	DIR *dir = opendir("/sys/kernel/slab");
	char path[320];
	long n, sum = 0;

	if (!dir)
		return -1;
	while ((d = readdir(dir))) {
		if (strncmp(d->d_name, "lpc_", 4))
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/objects",
			 d->d_name);
		n = read_number(path);
		if (n > 0)
			snprintf(which, room, "%.60s", d->d_name);
		sum += n > 0 ? n : 0;
	}
	closedir(dir);
	return sum;
}

/*
 * Must show. What KASAN keeps in quarantine counts as in use, so there the
 * unload alone tells.
 */
TEST(killing_either_side_at_any_point_leaves_nothing)
{
	struct progress *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int seed = getpid() ^ (unsigned int)ns_now();
	__u64 begin = ns_now();
	char which[64] = "";
	long before;
	int i, line;

	ASSERT_NE(MAP_FAILED, (void *)p);
	p->client = 0;
	TH_LOG("seed %u, %d killed", seed, killings);
	before = shmem_settled();
	for (i = 0; i < killings; i++) {
		line = kill_one(p, &seed);
		ASSERT_EQ(0, line) {
			TH_LOG("killing %d", i);
		}
	}
	TH_LOG("in %lld ms", (long long)ms_since(begin));
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	EXPECT_TRUE(UNTIL(shmem_kb() == before)) {
		TH_LOG("%ld kB, not %ld", shmem_kb(), before);
	}
	if (!has_feature(LPC_HAS_DEBUG)) {
		EXPECT_TRUE(UNTIL(slab_objects(which, sizeof(which)) == 0)) {
			TH_LOG("%s", which);
		}
	}
	munmap(p, sizeof(*p));
}

#define main harness_main
TEST_HARNESS_MAIN
#undef main

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--full"))
		killings = 1000;
	else if (has_feature(LPC_HAS_DEBUG))
		killings = 30;
	/* A later harness knows options, but not ours. */
	return harness_main(1, argv);
}
