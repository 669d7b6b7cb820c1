// SPDX-License-Identifier: GPL-2.0-only
/*
 * views_fail.c - sections in a handshake that is finished later, interrupted,
 * or fails at any step: each view is mapped once, or it was never there.
 */
#include "common_views.h"

/* -------------------------------------------------- later, and interrupted */

TEST_F(views, of_an_asynchronous_connect_are_mapped_when_it_is_finished_once)
{
	struct lpc_connect again;
	int before;

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	C->theirs.size = SERVER_BYTES;
	A->theirs.size = CLIENT_BYTES;
	before = mappings();
	ASSERT_EQ(0, shared_ask(S));
	EXPECT_EQ(before, mappings());
	again = (struct lpc_connect){
		.flags = LPC_CONNECT_VIEW, .theirs.size = SERVER_BYTES,
	};
	EXPECT_EQ(-EINPROGRESS, xctl(R->ce, LPC_IOC_CONNECT, &again));
	ASSERT_EQ(0, shared_accept(S));
	EXPECT_EQ(before + 2, mappings());
	EXPECT_EQ(-EINPROGRESS, xctl(R->ce, LPC_IOC_CONNECT, &again));
	EXPECT_EQ(before + 2, mappings());
	ASSERT_EQ(0, shared_finish(S));
	EXPECT_NE(0, C->own.base);
	EXPECT_NE(0, C->theirs.base);
	EXPECT_EQ(before + 4, mappings());
	again = (struct lpc_connect){
		.flags = LPC_CONNECT_VIEW, .theirs.size = SERVER_BYTES,
	};
	EXPECT_GT(0, xctl(R->ce, LPC_IOC_CONNECT, &again));
	EXPECT_EQ(before + 4, mappings());
	/* to ask whether it is connected is no harm */
	again = (struct lpc_connect){ 0 };
	EXPECT_EQ(0, xctl(R->ce, LPC_IOC_CONNECT, &again));
	EXPECT_EQ(before + 4, mappings());
}

TEST_F(views, of_an_asynchronous_connect_whose_answer_cannot_be_written_can_be_had)
{
	struct lpc_connect *c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int before;

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	ASSERT_EQ(0, shared_ask(S));
	ASSERT_EQ(0, shared_accept(S));
	ASSERT_EQ(0, do_complete(R->se));
	c->flags = LPC_CONNECT_VIEW;
	ASSERT_EQ(0, mprotect(c, PAGE, PROT_READ));
	before = mappings();
	EXPECT_EQ(-EFAULT, xctl(R->ce, LPC_IOC_CONNECT, c));
	EXPECT_EQ(before, mappings());
	ASSERT_EQ(0, mprotect(c, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, xctl(R->ce, LPC_IOC_CONNECT, c));
	EXPECT_EQ(CLIENT_BYTES, c->own.size);
	EXPECT_EQ(0, touch((void *)c->own.base, true));
	munmap((void *)c->own.base, CLIENT_BYTES);
	close(C->own.fd);
	memset(C, 0, sizeof(*C));
}

static void on_signal(int sig) { }

/* @restart: the handler's; after EINTR the same call again, as programs do */
static void interrupted_client(struct _test_data_views *self, bool restart)
{
	struct sigaction sa = {
		.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0,
	};
	struct told *told = self->told;

	told->c = *C;
	self->pid = fork_child();
	if (self->pid)
		return;
	must(!sigaction(SIGUSR1, &sa, NULL));
	told->maps = mappings();
	while ((told->ret = port_connect_opts(R->name, &told->c)) == -EINTR)
		must(!restart);
	told->maps = mappings() - told->maps;
	must(told->ret >= 0);
	must_be(CLIENT_BYTES, told->c.own.size);
	must_be(SERVER_BYTES, told->c.theirs.size);
	must(filled(at(&told->c.theirs, 0), SERVER_BYTES, 5));
	fill(at(&told->c.own, 0), CLIENT_BYTES, 6);
	must_be(2, told->maps);
	_exit(0);
}

/* Interrupts it three times; it sleeps in CONNECT again before this returns. */
static bool interrupt(pid_t pid)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (!until_ioctl(pid, LPC_IOC_CONNECT) || kill(pid, SIGUSR1))
			return false;
		nap();
	}
	return until_ioctl(pid, LPC_IOC_CONNECT);
}

static int interrupted_handshake(struct _test_data_views *self, bool restart,
				 bool now)
{
	struct pkt p;

	if (client_gives(C, CLIENT_BYTES, 0))
		return __LINE__;
	C->theirs.size = SERVER_BYTES;
	interrupted_client(self, restart);
	if (!interrupt(self->pid) || listen_for(self, &p) ||
	    !interrupt(self->pid))
		return __LINE__;
	if (server_gives(A, SERVER_BYTES, 0))
		return __LINE__;
	A->theirs.size = CLIENT_BYTES;
	if (now) {
		A->flags |= LPC_ACCEPT_MAP_NOW;
		A->deadline = ns_in(LONG);
	}
	if (shared_accept(S))
		return __LINE__;
	fill(at(&A->own, 0), SERVER_BYTES, 5);
	if (!interrupt(self->pid) || do_complete(R->se) || reap(self->pid))
		return __LINE__;
	self->pid = 0;
	if (!filled(at(&A->theirs, 0), CLIENT_BYTES, 6))
		return __LINE__;
	close(C->own.fd);
	close(A->own.fd);
	memset(C, 0, sizeof(*C));
	return 0;
}

TEST_F(views, come_with_a_CONNECT_that_signals_restarted_all_along)
{
	EXPECT_EQ(0, interrupted_handshake(self, true, false));
}

TEST_F(views, come_with_a_CONNECT_that_EINTR_ended_and_that_went_on)
{
	EXPECT_EQ(0, interrupted_handshake(self, false, false));
}

TEST_F(views, mapped_early_are_had_once_whatever_interrupts)
{
	EXPECT_EQ(0, interrupted_handshake(self, true, true));
}

/* ------------------------------------------------------------- what can fail */

enum obstacle {
	NO_SPACE,		/* for either */
	SPACE_FOR_ONE,		/* of both views: the first is undone */
	NO_MAPPING,		/* vm.max_map_count */
	NO_FD,
	NO_ARGUMENT,		/* cannot be written */
	NO_DATA,		/* cannot be read */
	LOCKED_MEMORY,		/* mlockall() with too low a limit */
};

FIXTURE(obstacle) {
	struct shared s;
	long bytes;
	int maps;
};

FIXTURE_VARIANT(obstacle) {
	enum obstacle kind;
	int error;
	bool final;		/* refuses the client; else it can be tried again */
};

FIXTURE_VARIANT_ADD(obstacle, no_space) {
	.kind = NO_SPACE, .error = -ENOMEM, .final = true,
};

FIXTURE_VARIANT_ADD(obstacle, space_for_one) {
	.kind = SPACE_FOR_ONE, .error = -ENOMEM, .final = true,
};

FIXTURE_VARIANT_ADD(obstacle, no_mapping) {
	.kind = NO_MAPPING, .error = -ENOMEM, .final = true,
};

FIXTURE_VARIANT_ADD(obstacle, no_locked_memory) {
	.kind = LOCKED_MEMORY, .error = -ENOMEM, .final = true,
};

FIXTURE_VARIANT_ADD(obstacle, no_fd) { .kind = NO_FD, .error = -EMFILE, };

FIXTURE_VARIANT_ADD(obstacle, no_argument) {
	.kind = NO_ARGUMENT, .error = -EFAULT,
};

FIXTURE_VARIANT_ADD(obstacle, no_data) { .kind = NO_DATA, .error = -EFAULT, };

/* A request whose views are as large as what the server gives */
FIXTURE_SETUP(obstacle)
{
	memset(&self->s, 0, sizeof(self->s));
	ASSERT_EQ(0, rig_port(&self->s.r, 0, 0));
	ASSERT_EQ(0, client_gives(&self->s.c, MIB, 0));
	ASSERT_EQ(0, server_gives(&self->s.a, MIB, 0));
	self->s.c.theirs.size = MIB;
	self->s.a.theirs.size = MIB;
	ASSERT_EQ(0, shared_ask(&self->s));
	self->maps = mappings();
}

FIXTURE_TEARDOWN(obstacle)
{
	shared_close(&self->s);
}

/* ACCEPT with that in its way; what is needed to undo that afterwards is done. */
static int hindered(struct shared *s, enum obstacle kind)
{
	struct rlimit rl = { .rlim_cur = 64 * KIB, .rlim_max = 64 * KIB };
	struct lpc_accept *a;
	long most;
	rlim_t old;
	int ret;

	switch (kind) {
	case NO_SPACE:
	case SPACE_FOR_ONE:
		old = space_forbid(kind == NO_SPACE ? MIB / 2 : 3 * MIB / 2);
		ret = shared_accept(s);
		space_allow(old);
		return ret;
	case NO_MAPPING:
		most = read_number("/proc/sys/vm/max_map_count");
		write_file("/proc/sys/vm/max_map_count", "%d", mappings() - 1);
		ret = shared_accept(s);
		write_file("/proc/sys/vm/max_map_count", "%ld", most);
		return ret;
	case NO_FD:
		old = fds_forbid();
		ret = shared_accept(s);
		fds_allow(old);
		return ret;
	case NO_ARGUMENT:
		a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		*a = s->a;
		mprotect(a, PAGE, PROT_READ);
		ret = xctl(s->r.port, LPC_IOC_ACCEPT, a);
		munmap(a, PAGE);
		return ret;
	case NO_DATA:
		s->a.data = 0xffff888000001000ull;
		s->a.data_len = 10;
		ret = shared_accept(s);
		s->a.data_len = 0;
		return ret;
	case LOCKED_MEMORY:
		if (setrlimit(RLIMIT_MEMLOCK, &rl) || seteuid(MARIA) ||
		    mlockall(MCL_FUTURE))
			return -errno;
		ret = shared_accept(s);
		munlockall();
		if (seteuid(0))
			return -errno;
		return ret;
	}
	return 0;
}

TEST_F(obstacle, to_ACCEPT_undoes_all_of_it)
{
	int server = self->s.a.own.fd, client = self->s.c.own.fd;
	int first = next_fd();
	struct pkt p;

	self->s.a.own.fd = server;
	EXPECT_EQ(variant->error, hindered(&self->s, variant->kind));
	EXPECT_EQ(self->maps, mappings());
	EXPECT_EQ(first, next_fd());
	if (variant->final) {
		EXPECT_EQ(-ESTALE, shared_accept(&self->s));
		EXPECT_EQ(-ECONNREFUSED,
			  finish_with_views(self->s.r.ce, &self->s.c));
		EXPECT_EQ(self->maps, mappings());
		EXPECT_EQ(1, port_info(self->s.r.port).counters.refused);
	} else {
		EXPECT_EQ(0, shared_accept(&self->s));
		EXPECT_EQ(0, shared_finish(&self->s));
		EXPECT_EQ(self->maps + 4, mappings());
	}
	close_fd(&self->s.r.ce);
	if (!variant->final) {
		ASSERT_EQ(0, do_recv(self->s.r.port, &p));
		EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	}
	EXPECT_EQ(-EAGAIN, recv_now(self->s.r.port, &p));
	close(client);
	close(server);
	rig_close(&self->s.r);
	unmap_view(&self->s.c.own);
	unmap_view(&self->s.c.theirs);
	unmap_view(&self->s.a.own);
	unmap_view(&self->s.a.theirs);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	memset(&self->s.c, 0, sizeof(self->s.c));
	memset(&self->s.a, 0, sizeof(self->s.a));
}

/* Neither view, and one but not both */
TEST_F(views, that_the_client_cannot_map_fail_its_CONNECT_and_close_the_port)
{
	static const __u64 space[] = { MIB / 2, 3 * MIB / 2 };
	struct pkt p;
	rlim_t old;
	int i, ret;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, client_gives(C, MIB, 0));
		C->theirs.size = MIB;
		self->pid = fork_child();
		if (self->pid == 0) {
			self->told->maps = mappings();
			old = space_forbid(space[i]);
			ret = port_connect_opts(R->name, C);
			space_allow(old);
			must_be(-ENOMEM, ret);
			must_be(self->told->maps, mappings());
			_exit(0);
		}
		ASSERT_EQ(0, listen_for(self, &p));
		ASSERT_EQ(0, server_gives(A, MIB, 0));
		ASSERT_EQ(0, shared_accept(S));
		ASSERT_EQ(0, do_complete(R->se));
		ASSERT_EQ(0, do_recv(R->port, &p));
		EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
		EXPECT_EQ(CONTEXT, p.m.context);
		EXPECT_EQ(0, reap(self->pid));
		self->pid = 0;
		close_fd(&R->se);
		unmap_view(&A->own);
		close(A->own.fd);
		close(C->own.fd);
		memset(C, 0, sizeof(*C));
		memset(A, 0, sizeof(*A));
		EXPECT_TRUE(UNTIL(section_bytes() == 0));
	}
}

/*
 * One handshake with views in which the n-th thing fails that can; each error
 * is one that ACCEPT or CONNECT has, and nothing is left.
 */
static int failing_accept(struct shared *s, int n, bool *over)
{
	int client = -1, server = -1, ret;

	memset(&s->c, 0, sizeof(s->c));
	memset(&s->a, 0, sizeof(s->a));
	if (client_gives(&s->c, PAGE, 0) || server_gives(&s->a, PAGE, 0))
		return __LINE__;
	client = s->c.own.fd;
	server = s->a.own.fd;
	s->c.theirs.size = PAGE;
	s->a.theirs.size = PAGE;
	if (shared_ask(s))
		return __LINE__;
	fail_at(n);
	ret = shared_accept(s);
	*over = !failed();
	if (ret && ret != -ENOMEM && ret != -EFAULT && ret != -EMFILE)
		return __LINE__;
	/* refused, or as if nobody had tried */
	if (ret)
		ret = shared_accept(s);
	if (ret == -ESTALE)
		ret = finish_with_views(s->r.ce, &s->c) == -ECONNREFUSED ?
		      0 : __LINE__;
	else if (!ret)
		ret = shared_finish(s);
	unmap_view(&s->c.own);
	unmap_view(&s->c.theirs);
	unmap_view(&s->a.own);
	unmap_view(&s->a.theirs);
	close_fd(&s->r.ce);
	close_fd(&s->r.se);
	close(client);
	close(server);
	return ret;
}

static void fail_accepts(struct __test_metadata *_metadata,
			 struct _test_data_views *self)
{
	bool over = false;
	int n, maps, first;
	struct pkt p;

	first = next_fd();
	maps = mappings();
	for (n = 1; n < 1000 && !over; n++) {
		ASSERT_EQ(0, failing_accept(S, n, &over)) {
			TH_LOG("at %d", n);
		}
		ASSERT_EQ(first, next_fd());
		ASSERT_EQ(maps, mappings());
		while (!recv_now(R->port, &p))
			ASSERT_EQ(LPC_PORT_CLOSED, p.m.type);
	}
	TH_LOG("%d can fail", n - 2);
	EXPECT_LT(4, n);
	memset(C, 0, sizeof(*C));
	memset(A, 0, sizeof(*A));
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

static void fail_connects(struct __test_metadata *_metadata,
			  struct _test_data_views *self)
{
	int n, ret, fd, maps, first;
	struct pkt p;
	bool over;

	fd = section_make(PAGE);
	ASSERT_LE(0, fd);
	first = next_fd();
	maps = mappings();
	for (n = 1, over = false; n < 1000 && !over; n++) {
		*C = (struct lpc_connect){
			.flags = LPC_CONNECT_VIEW, .own.fd = fd,
			.theirs.size = PAGE,
		};
		fail_at(n);
		ret = port_connect_async(R->name, C);
		over = !failed();
		EXPECT_TRUE(ret >= 0 || ret == -ENOMEM || ret == -EFAULT ||
			    ret == -EMFILE || ret == -ENOENT) {
			TH_LOG("%d: %d", n, ret);
		}
		if (ret >= 0)
			close(ret);
		ASSERT_EQ(first, next_fd());
		ASSERT_EQ(maps, mappings());
		ASSERT_EQ(-EAGAIN, recv_now(R->port, &p));
	}
	TH_LOG("%d can fail", n - 2);
	EXPECT_LT(4, n);
	close(fd);
	memset(C, 0, sizeof(*C));
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

/* The mapping in the client's CONNECT, when the server has let it go on */
static void fail_finishes(struct __test_metadata *_metadata,
			  struct _test_data_views *self)
{
	int n, ret, maps, tries = 0;
	bool over = false;

	ASSERT_EQ(0, client_gives(C, PAGE, 0));
	ASSERT_EQ(0, server_gives(A, PAGE, 0));
	C->theirs.size = PAGE;
	ASSERT_EQ(0, shared_ask(S));
	ASSERT_EQ(0, shared_accept(S));
	ASSERT_EQ(0, do_complete(R->se));
	close(C->own.fd);
	close(A->own.fd);
	maps = mappings();
	for (n = 1; n < 1000 && !over; n++) {
		*C = (struct lpc_connect){
			.flags = LPC_CONNECT_VIEW, .theirs.size = PAGE,
		};
		fail_at(n);
		ret = xctl(R->ce, LPC_IOC_CONNECT, C);
		over = !failed();
		tries++;
		if (!ret)
			break;
		EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT) {
			TH_LOG("%d: %d", n, ret);
		}
		ASSERT_EQ(maps, mappings());
	}
	EXPECT_EQ(0, ret);
	EXPECT_LT(1, tries);
	EXPECT_EQ(maps + 2, mappings());
}

TEST_F(views, and_each_failing_allocation_of_the_handshake_in_turn)
{
	if (!can_fail())
		SKIP(return, "this kernel injects no faults");
	fail_accepts(_metadata, self);
	fail_connects(_metadata, self);
	fail_finishes(_metadata, self);
}

TEST_HARNESS_MAIN
