// SPDX-License-Identifier: GPL-2.0-only
/*
 * views_now.c - who is not where he is waited for: a client in a signal handler
 * while ACCEPT wants its mapping, an early mapping whose thread goes another
 * way, a server that is not wanted, a call that another process waits for.
 */
#include "common_section.h"
#include "hostile_memory.h"

#define BYTES		(64 * KIB)
#define AT_ONCE_MS	slowly(2000)	/* and MAP_NOW waits much longer */
#define ROUNDS		5

/* ------------------------------------------------------- held in a handler */

enum errand { RETURN = 1, EXEC };

/* Made before the fork; the handler of the client's thread uses them. */
static struct {
	struct gate out;	/* it runs: the ioctl has been left */
	struct gate back;	/* what it does then */
} handler;

static void on_signal(int sig)
{
	gate_post(&handler.out, 1);
	if (gate_wait(&handler.back) == EXEC)
		exec_pause();
}

static bool handler_set(bool restart)
{
	struct sigaction sa = {
		.sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0,
	};

	return !sigaction(SIGUSR1, &sa, NULL);
}

/* A thread that sleeps in the ioctl @cmd is in the handler when this returns. */
static bool call_out(pid_t pid, pid_t tid, unsigned int cmd)
{
	return until_ioctl(tid, cmd) &&
	       !syscall(__NR_tgkill, pid, tid, SIGUSR1) &&
	       gate_wait(&handler.out) == 1;
}

/* ----------------------------------------------------------- the handshake */

/* What other processes came back with, in memory that all see */
struct told {
	struct lpc_connect c;
	struct lpc_accept a;
	int ret;		/* of CONNECT */
	int maps;		/* mappings it left more than there were */
	int accept;		/* the same of ACCEPT */
	int accept_maps;
	__u64 base;		/* where the client has the server's, early */
};

FIXTURE(now) {
	struct shared s;
	struct told *told;
	struct driver d;	/* the thread in ACCEPT */
	struct gate done;	/* the client process is where it should be */
	struct gate leave;	/* it may go on */
	struct gate stuck;	/* the page that never answers has been read */
	pid_t daemon;
	pid_t pid;
	int maps;
};

FIXTURE_SETUP(now)
{
	memset(&self->s, 0, sizeof(self->s));
	gate_init(&handler.out);
	gate_init(&handler.back);
	gate_init(&self->done);
	gate_init(&self->leave);
	gate_init(&self->stuck);
	self->told = mmap(NULL, sizeof(*self->told), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->told);
	ASSERT_EQ(0, driver_start(&self->d));
	ASSERT_EQ(0, rig_port(&self->s.r, 0, 0));
}

FIXTURE_TEARDOWN(now)
{
	if (self->daemon > 0)
		kill_reap(self->daemon);
	if (self->pid > 0)
		kill_reap(self->pid);
	shared_close(&self->s);
}

#define S	(&self->s)
#define R	(&self->s.r)
#define C	(&self->s.c)
#define A	(&self->s.a)

/* The client takes a view, and tells where it has it. */
static void client_takes(struct _test_data_now *self)
{
	C->theirs.size = BYTES;
	C->theirs.flags = LPC_VIEW_TELL_BASE;
}

static int server_now(struct _test_data_now *self, unsigned int ms)
{
	A->flags |= LPC_ACCEPT_MAP_NOW;
	A->deadline = ns_in(ms);
	return server_gives(A, BYTES, 0);
}

static int listen_for(struct _test_data_now *self)
{
	struct pkt p;
	int ret = recv_listen(R->port, &p);

	A->id = p.m.id;
	return ret;
}

/* The client process connects as s->c says, restarted by its handler. */
static void client_start(struct _test_data_now *self)
{
	struct told *told = self->told;

	told->c = *C;
	told->ret = 1;
	self->pid = fork_child();
	if (self->pid)
		return;
	close_fd(&R->port);
	must(handler_set(true));
	told->maps = mappings();
	told->ret = port_connect_opts(R->name, &told->c);
	told->maps = mappings() - told->maps;
	gate_post(&self->done, 1);
	gate_wait(&self->leave);
	_exit(0);
}

/* Its thread is in the handler, and a thread of ours in ACCEPT waits for it. */
static bool now_while_out(struct _test_data_now *self)
{
	client_takes(self);
	client_start(self);
	if (listen_for(self) || !call_out(self->pid, self->pid, LPC_IOC_CONNECT))
		return false;
	if (server_now(self, PATIENCE_MS))
		return false;
	self->maps = mappings();
	driver_post(&self->d, R->port, LPC_IOC_ACCEPT, A);
	return driver_asleep(&self->d);
}

static bool no_bases(const struct lpc_accept *a)
{
	return a->fd == -1 && !a->own.base && !a->own.peer_base &&
	       !a->theirs.base && !a->theirs.peer_base;
}

static void poison_bases(struct lpc_accept *a)
{
	a->own.base = POISON64;
	a->own.peer_base = POISON64;
	a->theirs.base = POISON64;
	a->theirs.peer_base = POISON64;
}

/* Nothing of the ACCEPT and of the request is left here. */
static bool request_gone(struct _test_data_now *self)
{
	return no_bases(A) && mappings() == self->maps &&
	       port_info(R->port).pending == 0 &&
	       do_accept(R->port, A->id, 1, 0) == -ESTALE;
}

TEST_F(now, is_when_the_client_is_back_from_a_signal)
{
	ASSERT_TRUE(now_while_out(self));
	EXPECT_TRUE(gate_shut(&self->done));
	gate_post(&handler.back, RETURN);
	ASSERT_EQ(0, driver_result(&self->d));
	R->se = A->fd;
	EXPECT_NE(0, A->own.peer_base);
	fill(at(&A->own, 0), BYTES, 5);
	EXPECT_TRUE(gate_shut(&self->done));
	ASSERT_EQ(0, do_complete(R->se));
	gate_wait(&self->done);
	EXPECT_LE(0, self->told->ret);
	EXPECT_EQ(A->own.peer_base, self->told->c.theirs.base);
	EXPECT_EQ(1, self->told->maps);
	close(A->own.fd);
}

TEST_F(now, is_ESTALE_at_once_when_the_client_is_killed)
{
	__u64 begin;

	ASSERT_TRUE(now_while_out(self));
	begin = ns_now();
	EXPECT_EQ(128 + SIGKILL, kill_reap(self->pid));
	self->pid = 0;
	EXPECT_EQ(-ESTALE, driver_result(&self->d));
	EXPECT_GT(AT_ONCE_MS, ms_since(begin));
	EXPECT_TRUE(request_gone(self));
	close(A->own.fd);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

TEST_F(now, is_ESTALE_at_once_when_the_client_executes_a_program)
{
	__u64 begin;

	ASSERT_TRUE(now_while_out(self));
	begin = ns_now();
	gate_post(&handler.back, EXEC);
	EXPECT_EQ(-ESTALE, driver_result(&self->d));
	EXPECT_GT(AT_ONCE_MS, ms_since(begin));
	EXPECT_TRUE(request_gone(self));
	close(A->own.fd);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

/* It may map first and leave then: what is accepted so has no client. */
TEST_F(now, leaves_nothing_in_a_client_that_comes_back_too_late)
{
	struct pkt p;
	__u64 begin;
	int ret;

	ASSERT_TRUE(now_while_out(self));
	/* read anew when CONNECT is restarted */
	self->told->c.deadline = 1;
	begin = ns_now();
	gate_post(&handler.back, RETURN);
	ret = driver_result(&self->d);
	EXPECT_TRUE(ret == 0 || ret == -ESTALE) {
		TH_LOG("%d", ret);
	}
	EXPECT_GT(AT_ONCE_MS, ms_since(begin));
	gate_wait(&self->done);
	EXPECT_EQ(-ETIMEDOUT, self->told->ret);
	EXPECT_EQ(0, self->told->maps);
	if (ret) {
		EXPECT_TRUE(request_gone(self));
	} else {
		R->se = A->fd;
		ASSERT_EQ(0, do_recv(R->port, &p));
		EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	}
	close(A->own.fd);
}

static void *read_page(void *page)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char byte;

	must(pread(fd, &byte, 1, (unsigned long)page) < 0);
	for (;;)
		pause();
}

/* In ACCEPT it waits for its own mmap_lock, which another thread of it holds. */
static void locked_server(struct _test_data_now *self)
{
	struct told *told = self->told;
	pthread_t thread;
	char *page;

	page = hostile_page(FUSE, &self->stuck);
	must(!pthread_create(&thread, NULL, read_page, page));
	gate_wait(&self->stuck);
	told->accept_maps = mappings();
	told->accept = xctl(R->port, LPC_IOC_ACCEPT, &told->a);
	told->accept_maps = mappings() - told->accept_maps;
	_exit(0);
}

/* Must show: it gives up before the server comes to ask for its mapping. */
TEST_F(now, is_ESTALE_at_once_when_the_clients_deadline_has_passed_meanwhile)
{
	struct told *told = self->told;
	pid_t server;
	__u64 begin;

	if (access("/dev/fuse", R_OK | W_OK))
		SKIP(return, "no /dev/fuse here");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	self->daemon = fuse_start(&self->stuck);
	client_takes(self);
	client_start(self);
	ASSERT_EQ(0, listen_for(self));
	ASSERT_TRUE(call_out(self->pid, self->pid, LPC_IOC_CONNECT));
	ASSERT_EQ(0, server_now(self, PATIENCE_MS));
	told->a = *A;
	server = fork_child();
	if (server == 0)
		locked_server(self);
	ASSERT_TRUE(until_ioctl(server, LPC_IOC_ACCEPT));
	told->c.deadline = 1;
	gate_post(&handler.back, RETURN);
	gate_wait(&self->done);
	EXPECT_EQ(-ETIMEDOUT, told->ret);
	EXPECT_EQ(0, told->maps);
	begin = ns_now();
	kill_reap(self->daemon);
	self->daemon = 0;
	EXPECT_EQ(0, reap(server));
	EXPECT_GT(AT_ONCE_MS, ms_since(begin));
	EXPECT_EQ(-ESTALE, told->accept);
	EXPECT_EQ(0, told->accept_maps);
	EXPECT_TRUE(no_bases(&told->a));
	EXPECT_EQ(0, port_info(R->port).pending);
	close(A->own.fd);
	A->own.fd = 0;
}

TEST_F(now, with_the_largest_deadline_is_EINVAL)
{
	client_takes(self);
	client_start(self);
	ASSERT_EQ(0, listen_for(self));
	ASSERT_EQ(0, server_now(self, 0));
	A->deadline = ~0ull;
	EXPECT_EQ(-EINVAL, shared_accept(S));
	/* and the request has not been touched */
	EXPECT_TRUE(gate_shut(&self->done));
	A->deadline = ns_in(PATIENCE_MS);
	ASSERT_EQ(0, shared_accept(S));
	ASSERT_EQ(0, do_complete(R->se));
	gate_wait(&self->done);
	EXPECT_LE(0, self->told->ret);
	close(A->own.fd);
}

TEST_F(now, that_fails_says_no_base)
{
	rlim_t old;

	/* both are mapped here when its time is up */
	ASSERT_EQ(0, client_gives(C, BYTES, 0));
	A->theirs.size = BYTES;
	client_takes(self);
	client_start(self);
	ASSERT_EQ(0, listen_for(self));
	ASSERT_TRUE(call_out(self->pid, self->pid, LPC_IOC_CONNECT));
	ASSERT_EQ(0, server_now(self, SOON_MS));
	self->maps = mappings();
	poison_bases(A);
	EXPECT_EQ(-ETIMEDOUT, shared_accept(S));
	EXPECT_TRUE(request_gone(self));
	gate_post(&handler.back, RETURN);
	gate_wait(&self->done);
	EXPECT_EQ(-ECONNREFUSED, self->told->ret);
	EXPECT_EQ(0, self->told->maps);
	close(A->own.fd);

	/* the first is, and there is no room for the second */
	memset(A, 0, sizeof(*A));
	ASSERT_EQ(0, shared_ask(S));
	ASSERT_EQ(0, server_gives(A, BYTES, 0));
	A->theirs.size = BYTES;
	self->maps = mappings();
	poison_bases(A);
	old = space_forbid(3 * BYTES / 2);
	EXPECT_EQ(-ENOMEM, shared_accept(S));
	space_allow(old);
	EXPECT_TRUE(request_gone(self));
	close(A->own.fd);
	close(C->own.fd);
}

/* ------------------------------------------------ the server nobody wants */

/* It has no room for a view, so that one that is mapped would be ENOMEM. */
TEST_F(now, maps_nothing_in_a_server_that_is_another_users)
{
	struct told *told = self->told;
	rlim_t old;

	ASSERT_EQ(0, client_gives(C, BYTES, 0));
	client_takes(self);
	C->flags |= LPC_CONNECT_SAME_SERVER;
	ASSERT_EQ(0, shared_ask(S));
	self->pid = fork_child();
	if (self->pid == 0) {
		must_be(0, become(MARIA));
		told->a = *A;
		told->a.theirs.size = BYTES;
		must_be(0, server_gives(&told->a, BYTES, 0));
		poison_bases(&told->a);
		told->accept_maps = mappings();
		old = space_forbid(BYTES / 2);
		told->accept = xctl(R->port, LPC_IOC_ACCEPT, &told->a);
		space_allow(old);
		told->accept_maps = mappings() - told->accept_maps;
		_exit(0);
	}
	EXPECT_EQ(0, reap(self->pid));
	self->pid = 0;
	EXPECT_EQ(-EPERM, told->accept);
	EXPECT_EQ(0, told->accept_maps);
	EXPECT_TRUE(no_bases(&told->a));
	C->flags &= LPC_CONNECT_VIEW;
	close(C->own.fd);
	self->maps = mappings();
	EXPECT_EQ(-ECONNREFUSED, finish_with_views(R->ce, C));
	EXPECT_EQ(self->maps, mappings());
	EXPECT_EQ(1, port_info(R->port).counters.refused);
	close_fd(&R->ce);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

/* ------------------------------------------ an early mapping that is left */

/*
 * The client process has mapped early, is interrupted, and goes on as
 * LPC_CONNECT_ASYNC: its end, with COMPLETE done.
 */
static int go_on_async(struct _test_data_now *self, int *maps)
{
	struct lpc_connect *c = &self->told->c;
	void *base;

	close_fd(&R->port);
	must(handler_set(false));
	*maps = mappings();
	must_be(-EINTR, port_connect_opts(R->name, c));
	must_be(LPC_PENDING, c->status & LPC_PENDING);
	base = (void *)self->told->base;
	must(mapped_as(base, "rw-s"));
	must_be(*maps + 1, mappings());
	c->flags |= LPC_CONNECT_ASYNC;
	must_be(-EINPROGRESS, port_connect_opts(R->name, c));
	must(!mapped_as(base, "rw-s"));
	must_be(*maps, mappings());
	close(c->own.fd);
	gate_post(&self->done, 1);
	gate_wait(&self->leave);
	return c->fd;
}

/* The server's part of that; the client process is self->pid. */
static int serve_async(struct _test_data_now *self)
{
	if (listen_for(self) || server_now(self, PATIENCE_MS) || shared_accept(S))
		return __LINE__;
	self->told->base = A->own.peer_base;
	if (!call_out(self->pid, self->pid, LPC_IOC_CONNECT))
		return __LINE__;
	gate_post(&handler.back, RETURN);
	gate_wait(&self->done);
	fill(at(&A->own, 0), BYTES, 5);
	if (do_complete(R->se))
		return __LINE__;
	gate_post(&self->leave, 1);
	return 0;
}

static int async_start(struct _test_data_now *self)
{
	memset(C, 0, sizeof(*C));
	memset(A, 0, sizeof(*A));
	if (client_gives(C, BYTES, 0))
		return __LINE__;
	client_takes(self);
	A->theirs.size = BYTES;
	self->told->c = *C;
	self->pid = fork_child();
	return 0;
}

/* One of those that finish at the same time */
struct finisher {
	pthread_t thread;
	pthread_barrier_t *together;
	struct lpc_connect c;
	int end;
	int ret;
};

static void *finish(void *arg)
{
	struct finisher *f = arg;

	pthread_barrier_wait(f->together);
	f->ret = xctl(f->end, LPC_IOC_CONNECT, &f->c);
	return NULL;
}

/* Two want the views, a third does not. */
#define FINISHERS	3

static void finish_together(int end)
{
	const struct lpc_connect with = {
		.flags = LPC_CONNECT_VIEW, .theirs.size = BYTES,
	};
	struct finisher f[FINISHERS] = {
		{ .c = with }, { .c = with }, { .end = end },
	}, *won;
	pthread_barrier_t together;
	int i;

	must(!pthread_barrier_init(&together, NULL, FINISHERS));
	for (i = 0; i < FINISHERS; i++) {
		f[i].end = end;
		f[i].together = &together;
		must(!pthread_create(&f[i].thread, NULL, finish, &f[i]));
	}
	for (i = 0; i < FINISHERS; i++)
		must(!pthread_join(f[i].thread, NULL));
	won = f[0].ret ? &f[1] : &f[0];
	must_be(0, won->ret);
	must_be(-EBUSY, f[won == f].ret);
	must_be(0, f[2].ret);
	must_be(0, f[2].c.own.base);
	must_be(0, f[2].c.theirs.base);
	must(filled(at(&won->c.theirs, 0), BYTES, 5));
	fill(at(&won->c.own, 0), BYTES, 6);
	unmap_view(&won->c.own);
	unmap_view(&won->c.theirs);
	close(end);
}

TEST_F(now, and_then_asynchronous_gives_the_views_to_one_who_finishes_it)
{
	int i, maps;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, async_start(self));
		if (self->pid == 0) {
			finish_together(go_on_async(self, &maps));
			gate_post(&self->done, 1);
			gate_wait(&self->leave);
			_exit(0);
		}
		ASSERT_EQ(0, serve_async(self));
		gate_wait(&self->done);
		EXPECT_TRUE(filled(at(&A->theirs, 0), BYTES, 6));
		close(A->own.fd);
		close(C->own.fd);
		unmap_view(&A->own);
		unmap_view(&A->theirs);
		close_fd(&R->se);
		/* though the client process is still there */
		EXPECT_TRUE(UNTIL(section_bytes() == 0));
		gate_post(&self->leave, 1);
		EXPECT_EQ(0, reap(self->pid));
		self->pid = 0;
	}
	memset(A, 0, sizeof(*A));
}

TEST_F(now, and_then_asynchronous_can_be_finished_by_another_process)
{
	struct lpc_connect c = {
		.flags = LPC_CONNECT_VIEW, .theirs.size = BYTES,
	};
	void *base;
	int end, maps;
	pid_t other;

	ASSERT_EQ(0, async_start(self));
	if (self->pid == 0) {
		end = go_on_async(self, &maps);
		base = (void *)self->told->base;
		other = fork_child();
		if (other == 0) {
			/* where the first had it there is no room here */
			must(mmap(base, BYTES, PROT_NONE, MAP_PRIVATE |
				  MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
			     base);
			must_be(0, xctl(end, LPC_IOC_CONNECT, &c));
			must(c.theirs.base && (void *)c.theirs.base != base);
			must(filled(at(&c.theirs, 0), BYTES, 5));
			fill(at(&c.own, 0), BYTES, 6);
			_exit(0);
		}
		must_be(0, reap(other));
		must_be(maps, mappings());
		must_be(-EBUSY, xctl(end, LPC_IOC_CONNECT, &c));
		_exit(0);
	}
	ASSERT_EQ(0, serve_async(self));
	EXPECT_EQ(0, reap(self->pid));
	self->pid = 0;
	EXPECT_TRUE(filled(at(&A->theirs, 0), BYTES, 6));
	close(A->own.fd);
	close(C->own.fd);
}

/* ------------------------------------------------- calls that are left open */

/* In memory that all see */
struct lent {
	struct lpc_call_data c;
	int ret;
	pid_t waits;		/* the process that waits on for the call */
};

FIXTURE(open_call) {
	struct shared s;
	struct driver d;	/* the client's thread */
	struct lent *lent;
	unsigned char *mine;	/* private: each process has its own */
	unsigned char *server;
	pid_t pid;
};

FIXTURE_SETUP(open_call)
{
	gate_init(&handler.out);
	gate_init(&handler.back);
	ASSERT_EQ(0, shared_open(&self->s, BYTES, 0));
	ASSERT_EQ(0, driver_start(&self->d));
	self->lent = mmap(NULL, sizeof(*self->lent), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->lent);
	self->mine = mmap(NULL, 2 * BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->mine);
	self->server = self->mine + BYTES;
	fill(self->mine, BYTES, 1);
	memset(self->server, POISON, BYTES);
}

FIXTURE_TEARDOWN(open_call)
{
	if (self->pid > 0)
		kill_reap(self->pid);
	shared_close(&self->s);
}

static int data_of(struct _test_data_open_call *self, __u64 id, __u32 access,
		   __u64 length)
{
	struct lpc_data d = {
		.id = id, .access = access, .length = length,
		.address = (unsigned long)self->server,
		.deadline = ns_in(PATIENCE_MS),
	};

	return xctl(R->port, LPC_IOC_DATA, &d);
}

static void lend_mine(struct _test_data_open_call *self, struct lpc_buffer *b)
{
	*b = (struct lpc_buffer){
		.base = (unsigned long)self->mine, .length = BYTES,
		.access = LPC_DATA_READ | LPC_DATA_WRITE,
	};
	self->lent->c = (struct lpc_call_data){
		.msg.code = 7, .msg.room = LPC_INLINE_MAX,
		.buffers = (unsigned long)b, .count = 1,
	};
}

/* Waits on for the call that the process was interrupted in. */
static void wait_on(struct _test_data_open_call *self, unsigned int seed)
{
	struct lent *lent = self->lent;

	lent->waits = getpid();
	lent->ret = xctl(R->ce, LPC_IOC_CALL_DATA, &lent->c);
	must(filled(self->mine, BYTES, seed));
}

/* Calls, is interrupted, and waits on itself or has @another process do it. */
static void lender(struct _test_data_open_call *self, bool another)
{
	struct lpc_buffer b;
	pid_t pid;

	must(handler_set(false));
	lend_mine(self, &b);
	must_be(-EINTR, xctl(R->ce, LPC_IOC_CALL_DATA, &self->lent->c));
	must(self->lent->c.msg.status & LPC_PENDING);
	if (!another) {
		wait_on(self, 2);
		_exit(0);
	}
	pid = fork_child();
	if (pid == 0) {
		wait_on(self, 1);
		_exit(0);
	}
	must_be(0, reap(pid));
	must(filled(self->mine, BYTES, 1));
	_exit(0);
}

static int interrupted_lender(struct _test_data_open_call *self, bool another,
			      __u64 *id)
{
	struct pkt p;

	self->lent->waits = 0;
	self->pid = fork_child();
	if (self->pid == 0)
		lender(self, another);
	if (do_recv(R->port, &p) ||
	    !call_out(self->pid, self->pid, LPC_IOC_CALL_DATA))
		return __LINE__;
	*id = p.m.id;
	gate_post(&handler.back, RETURN);
	if (!UNTIL(__atomic_load_n(&self->lent->waits, __ATOMIC_ACQUIRE)))
		return __LINE__;
	return until_ioctl(self->lent->waits, LPC_IOC_CALL_DATA) ? 0 : __LINE__;
}

TEST_F(open_call, has_its_buffers_in_the_process_that_listed_them_alone)
{
	__u64 id = 0;

	ASSERT_EQ(0, interrupted_lender(self, true, &id));
	EXPECT_EQ(-EINVAL, data_of(self, id, LPC_DATA_READ, BYTES));
	EXPECT_TRUE(is_poison(self->server, BYTES));
	EXPECT_EQ(-EINVAL, data_of(self, id, LPC_DATA_WRITE, BYTES));
	EXPECT_EQ(-EINVAL, data_of(self, id, LPC_DATA_READ, 0));
	ASSERT_EQ(0, do_reply(R->port, id, 1, 0));
	EXPECT_EQ(0, reap(self->pid));
	EXPECT_EQ(0, self->lent->ret);
	/* which has them still when it comes back itself */
	ASSERT_EQ(0, interrupted_lender(self, false, &id));
	EXPECT_EQ(0, data_of(self, id, LPC_DATA_READ, BYTES));
	EXPECT_TRUE(filled(self->server, BYTES, 1));
	fill(self->server, BYTES, 2);
	EXPECT_EQ(0, data_of(self, id, LPC_DATA_WRITE, BYTES));
	ASSERT_EQ(0, do_reply(R->port, id, 1, 0));
	EXPECT_EQ(0, reap(self->pid));
	EXPECT_EQ(0, self->lent->ret);
	self->pid = 0;
}

/* HELD or not of a call that is over for its maker; -errno */
static int held_state(int end, __u64 id)
{
	struct lpc_call_info i = { 0 };
	int ret = query_call(end, id, &i);

	if (!ret && i.state != LPC_CALL_CANCELED)
		return -EPROTO;
	return ret ? ret : !!(i.flags & LPC_CALL_HELD);
}

/* The driver calls with a piece, is in its handler, and the call is canceled. */
static int canceled_while_out(struct _test_data_open_call *self, struct pkt *c,
			      __u64 *id)
{
	struct pkt p;

	msg(c, 5, 8);
	c->m.section = LPC_SECTION_CLIENT;
	c->m.offset = 4096;
	c->m.length = 512;
	driver_post(&self->d, R->ce, LPC_IOC_CALL, c);
	if (do_recv(R->port, &p) ||
	    !call_out(getpid(), self->d.tid, LPC_IOC_CALL))
		return __LINE__;
	*id = p.m.id;
	return do_cancel(R->ce, p.m.id) ? __LINE__ : 0;
}

TEST_F(open_call, that_was_canceled_is_held_before_its_thread_knows)
{
	struct lpc_call_info i;
	struct pkt c;
	__u64 id = 0;

	ASSERT_TRUE(handler_set(true));
	ASSERT_EQ(0, canceled_while_out(self, &c, &id));
	EXPECT_EQ(1, held_state(R->ce, id));
	ASSERT_EQ(0, query_call(R->ce, id, &i));
	EXPECT_EQ(LPC_SECTION_CLIENT, i.section);
	EXPECT_EQ(4096, i.offset);
	EXPECT_EQ(512, i.length);
	EXPECT_GT(0, held_state(R->se, id));
	gate_post(&handler.back, RETURN);
	EXPECT_EQ(-ECANCELED, driver_result(&self->d));
	EXPECT_EQ(1, held_state(R->ce, id));
	EXPECT_EQ(512, conn_info(R->ce).held_bytes);
	EXPECT_EQ(-ECANCELED, do_reply(R->port, id, 1, 8));
	EXPECT_EQ(-ESTALE, held_state(R->ce, id));
	EXPECT_EQ(0, conn_info(R->ce).held_bytes);

	/* answered before its thread is back */
	ASSERT_EQ(0, canceled_while_out(self, &c, &id));
	EXPECT_EQ(1, held_state(R->ce, id));
	EXPECT_EQ(-ECANCELED, do_reply(R->port, id, 1, 8));
	EXPECT_EQ(-ESTALE, held_state(R->ce, id));
	gate_post(&handler.back, RETURN);
	EXPECT_EQ(-ECANCELED, driver_result(&self->d));
	EXPECT_EQ(-ESTALE, held_state(R->ce, id));
	EXPECT_EQ(0, conn_info(R->ce).held);
	EXPECT_TRUE(port_balanced(R->port));
}

/* ------------------------------------------------ a server that asks and asks */

/* A thread in DATA without pause, until the call is over */
struct asker {
	pthread_t thread;
	int port;
	__u64 id;
	__u64 until;		/* however long that is */
	int ret;
	long served;
};

static void *ask_on(void *arg)
{
	struct asker *a = arg;
	char bytes[64];
	struct lpc_data d;

	do {
		d = (struct lpc_data){
			.id = a->id, .access = LPC_DATA_READ,
			.address = (unsigned long)bytes,
			.length = sizeof(bytes), .deadline = a->until,
		};
		a->ret = xctl(a->port, LPC_IOC_DATA, &d);
		a->served += !a->ret;
	} while ((!a->ret || a->ret == -EBUSY || a->ret == -EAGAIN) &&
		 ns_now() < a->until);
	return NULL;
}

TEST_F(open_call, ends_at_its_deadline_whatever_two_servers_ask_of_it)
{
	struct asker a[2];
	struct lpc_buffer b;
	__u64 deadline;
	struct pkt p;
	int i;

	lend_mine(self, &b);
	deadline = ns_in(slowly(500));
	self->lent->c.msg.deadline = deadline;
	driver_post(&self->d, R->ce, LPC_IOC_CALL_DATA, &self->lent->c);
	ASSERT_EQ(0, do_recv(R->port, &p));
	for (i = 0; i < 2; i++) {
		a[i] = (struct asker){
			.port = R->port, .id = p.m.id,
			.until = deadline + 2 * AT_ONCE_MS * 1000000ull,
		};
		ASSERT_EQ(0, pthread_create(&a[i].thread, NULL, ask_on, &a[i]));
	}
	EXPECT_EQ(-ETIMEDOUT, driver_result(&self->d));
	EXPECT_LE(0, ms_since(deadline));
	EXPECT_GT(AT_ONCE_MS, ms_since(deadline));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(a[i].thread, NULL));
		EXPECT_EQ(-ECANCELED, a[i].ret);
		TH_LOG("served %ld times", a[i].served);
	}
	EXPECT_LT(0, a[0].served + a[1].served);
	EXPECT_TRUE(port_balanced(R->port));
}

TEST_HARNESS_MAIN
