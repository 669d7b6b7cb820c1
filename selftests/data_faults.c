// SPDX-License-Identifier: GPL-2.0-only
/*
 * data_faults.c - DATA whose copy stands still or fails: memory that answers
 * late or never, a program executed meanwhile, each allocation that can fail.
 */
#include "common_data.h"
#include "hostile_memory.h"

/* -------------------------------------------- memory that never answers (yet) */

FIXTURE(slow) {
	struct rig r;
	struct gate stuck;
	struct gate ready;
	struct lpc_data d;
	struct actor a;		/* the server thread in DATA */
	unsigned char *server;
	pid_t daemon;
	pid_t pid;
	__u64 id;
};

FIXTURE_VARIANT(slow) {
	enum hostile_kind kind;
};

FIXTURE_VARIANT_ADD(slow, userfaultfd) { .kind = UFFD, };

FIXTURE_VARIANT_ADD(slow, fuse) { .kind = FUSE, };

FIXTURE_SETUP(slow)
{
	const char *missing = hostile_missing(variant->kind);

	rig_none(&self->r);
	if (missing)
		SKIP(return, "%s", missing);
	gate_init(&self->stuck);
	gate_init(&self->ready);
	self->server = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, rig_open(&self->r, 0));
	if (variant->kind == FUSE) {
		ASSERT_EQ(0, unshare(CLONE_NEWNS));
		ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE,
				   NULL));
		self->daemon = fuse_start(&self->stuck);
	}
}

FIXTURE_TEARDOWN(slow)
{
	if (self->daemon > 0)
		kill_reap(self->daemon);
	if (self->pid > 0)
		kill_reap(self->pid);
	rig_close(&self->r);
}

/* The client calls with a buffer that never answers; its request is received. */
static int slow_call(struct _test_data_slow *self, enum hostile_kind kind,
		     __u64 deadline_ms)
{
	struct lpc_call_data c;
	struct lpc_buffer b;
	struct pkt p;
	char *page;
	int ret;

	self->pid = fork_child();
	if (self->pid == 0) {
		page = hostile_page(kind, &self->stuck);
		lend(&b, page, PAGE, LPC_DATA_READ | LPC_DATA_WRITE);
		call_data(&c, &b, 1);
		if (deadline_ms)
			c.msg.deadline = ns_in(deadline_ms);
		ret = xctl(self->r.ce, LPC_IOC_CALL_DATA, &c);
		gate_post(&self->ready, -ret);
		_exit(0);
	}
	ret = do_recv(self->r.port, &p);
	self->id = p.m.id;
	self->d = (struct lpc_data){
		.id = p.m.id, .access = LPC_DATA_WRITE,
		.address = (unsigned long)self->server, .length = 8,
		.deadline = ns_in(PATIENCE_MS),
	};
	return ret;
}

/* One server thread is in DATA, and the client's in its own memory. */
static int slow_data(struct _test_data_slow *self, unsigned int ms)
{
	self->d.deadline = ns_in(ms);
	if (actor_start(&self->a, self->r.port, LPC_IOC_DATA, &self->d))
		return -EAGAIN;
	gate_wait(&self->stuck);
	return 0;
}

static void slow_ends(struct _test_data_slow *self)
{
	kill(self->pid, SIGKILL);
	if (self->daemon > 0)
		kill_reap(self->daemon);
	self->daemon = 0;
	reap(self->pid);
	self->pid = 0;
}

TEST_F(slow, memory_of_the_clients_is_ETIMEDOUT_at_the_servers_deadline)
{
	__u64 begin;
	struct pkt p;

	if (_metadata->skip)
		return;
	ASSERT_EQ(0, slow_call(self, variant->kind, 0));
	begin = ns_now();
	ASSERT_EQ(0, slow_data(self, slowly(300)));
	EXPECT_EQ(-ETIMEDOUT, actor_end(&self->a));
	EXPECT_LE(300, ms_since(begin));
	EXPECT_EQ(0, self->d.done);
	/* the next one waits until that thread is back, as long as it likes */
	begin = ns_now();
	self->d.deadline = ns_in(200);
	EXPECT_EQ(-ETIMEDOUT, xctl(self->r.port, LPC_IOC_DATA, &self->d));
	EXPECT_LE(200, ms_since(begin));
	/* the server goes on */
	ASSERT_EQ(0, do_send(self->r.ce, 1, 8));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_DATAGRAM, p.m.type);
	slow_ends(self);
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 1, 8));
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(slow, memory_of_the_clients_leaves_the_server_killable)
{
	pid_t server;

	if (_metadata->skip)
		return;
	ASSERT_EQ(0, slow_call(self, variant->kind, 0));
	self->d.deadline = 0;
	server = fork_child();
	if (server == 0) {
		xctl(self->r.port, LPC_IOC_DATA, &self->d);
		_exit(1);
	}
	gate_wait(&self->stuck);
	EXPECT_EQ(128 + SIGKILL, kill_reap(server));
	slow_ends(self);
}

TEST_F(slow, memory_is_one_thread_of_the_servers_at_a_time)
{
	struct lpc_data d;

	if (_metadata->skip)
		return;
	ASSERT_EQ(0, slow_call(self, variant->kind, 0));
	ASSERT_EQ(0, slow_data(self, PATIENCE_MS));
	d = self->d;
	EXPECT_EQ(-EBUSY, xctl(self->r.port, LPC_IOC_DATA, &d));
	EXPECT_EQ(-EBUSY, xctl(self->r.se, LPC_IOC_DATA, &d));
	d.length = 0;
	EXPECT_EQ(0, xctl(self->r.se, LPC_IOC_DATA, &d));
	slow_ends(self);
	EXPECT_GT(0, actor_end(&self->a));
}

TEST_F(slow, memory_of_a_client_that_is_killed_meanwhile_ends_the_DATA)
{
	int ret;

	if (_metadata->skip)
		return;
	ASSERT_EQ(0, slow_call(self, variant->kind, 0));
	ASSERT_EQ(0, slow_data(self, PATIENCE_MS));
	slow_ends(self);
	ret = actor_end(&self->a);
	/* Tried anew, it may find the thread on its way out. */
	EXPECT_TRUE(ret == -ECANCELED || ret == -EREMOTEIO ||
		    (ret == -EAGAIN && fail_swept())) {
		TH_LOG("%d", ret);
	}
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 1, 8));
}

/* Another thread answers: the reply counts, and comes when the copy is over. */
TEST_F(slow, memory_and_a_reply_meanwhile)
{
	if (_metadata->skip)
		return;
	ASSERT_EQ(0, slow_call(self, variant->kind, 0));
	ASSERT_EQ(0, slow_data(self, slowly(250)));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 1, 8));
	/* CALL cannot return while its thread is in there. */
	EXPECT_TRUE(STAYS(gate_shut(&self->ready)));
	EXPECT_GT(0, actor_end(&self->a));
	EXPECT_TRUE(gate_shut(&self->ready));
	self->d.deadline = ns_in(PATIENCE_MS);
	EXPECT_EQ(-ESTALE, xctl(self->r.port, LPC_IOC_DATA, &self->d));
	slow_ends(self);
	EXPECT_EQ(1, port_info(self->r.port).counters.replied);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(slow, memory_and_the_calls_deadline_meanwhile)
{
	if (_metadata->skip)
		return;
	ASSERT_EQ(0, slow_call(self, variant->kind, slowly(400)));
	ASSERT_EQ(0, slow_data(self, slowly(450)));
	EXPECT_GT(0, actor_end(&self->a));
	EXPECT_TRUE(gate_shut(&self->ready));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	slow_ends(self);
	EXPECT_TRUE(UNTIL(calls_now(self->r.port) == 0));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 1, 8));
	EXPECT_TRUE(port_balanced(self->r.port));
}

/* Whatever the server has waited for: it is stuck in its own memory alone. */
TEST_F(slow, memory_of_the_servers_holds_up_nobody_else)
{
	struct lpc_call_data c;
	struct lpc_buffer b;
	struct actor a;
	struct pkt p;

	if (_metadata->skip)
		return;
	lend(&b, self->server, 8, LPC_DATA_READ | LPC_DATA_WRITE);
	call_data(&c, &b, 1)->msg.deadline = ns_in(slowly(800));
	self->pid = fork_child();
	if (self->pid == 0) {
		struct lpc_data d = { .access = LPC_DATA_READ, .length = 8 };

		must_be(0, do_recv(self->r.port, &p));
		d.id = p.m.id;
		d.address = (unsigned long)hostile_page(variant->kind,
							&self->stuck);
		xctl(self->r.port, LPC_IOC_DATA, &d);
		_exit(1);
	}
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL_DATA, &c));
	gate_wait(&self->stuck);
	ASSERT_EQ(0, do_send(self->r.ce, 1, 8));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	slow_ends(self);
}

/* ------------------------------------------------- when the fault is handled */

/* A page behind userfaultfd, which this process fills when it likes */
struct lazy {
	int fd;
	char *page;
};

static bool lazy_page(struct lazy *l)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	l->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (l->fd < 0)
		return false;
	l->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (unsigned long)l->page;
	reg.range.len = PAGE;
	return l->page != MAP_FAILED && !ioctl(l->fd, UFFDIO_API, &api) &&
	       !ioctl(l->fd, UFFDIO_REGISTER, &reg);
}

static bool lazy_is_wanted(struct lazy *l)
{
	return poll_for(l->fd, POLLIN) == POLLIN;
}

static bool lazy_fill(struct lazy *l, const void *page)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)l->page, .src = (unsigned long)page,
		.len = PAGE,
	};

	return !ioctl(l->fd, UFFDIO_COPY, &copy);
}

/*
 * The server gives up, and then the page comes: what the server meant to write
 * is written at once or never, and CALL returns after that.
 */
TEST_F(data, is_over_for_the_buffer_when_CALL_has_returned)
{
	struct lazy l;
	struct lpc_data d;
	struct actor a;

	if (!lazy_page(&l))
		SKIP(return, "no userfaultfd for this user");
	fill(self->server, PAGE, 2);
	lend(&self->list[0], l.page, PAGE, LPC_DATA_WRITE);
	ASSERT_EQ(0, borrow(self, 1));
	d = (struct lpc_data){
		.id = self->id, .access = LPC_DATA_WRITE,
		.address = (unsigned long)self->server, .length = PAGE,
		.deadline = ns_in(slowly(300)),
	};
	ASSERT_EQ(0, actor_start(&a, self->r.port, LPC_IOC_DATA, &d));
	ASSERT_TRUE(lazy_is_wanted(&l));
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	ASSERT_EQ(0, do_reply(self->r.port, self->id, 8, 0));
	EXPECT_TRUE(STAYS(self->d.cmd != 0));
	ASSERT_TRUE(lazy_fill(&l, self->client));
	ASSERT_EQ(0, driver_result(&self->d));
	EXPECT_TRUE(filled((unsigned char *)l.page, PAGE, 2));
	memset(l.page, POISON, PAGE);
	EXPECT_EQ(-ESTALE, data_write(self, 0, self->server, PAGE));
	EXPECT_TRUE(STAYS(is_poison(l.page, PAGE)));
}

TEST_F(data, goes_on_when_a_slow_page_has_come)
{
	struct lazy l;
	struct lpc_data d;
	struct actor a;

	if (!lazy_page(&l))
		SKIP(return, "no userfaultfd for this user");
	lend(&self->list[0], l.page, PAGE, LPC_DATA_READ);
	ASSERT_EQ(0, borrow(self, 1));
	d = (struct lpc_data){
		.id = self->id, .access = LPC_DATA_READ,
		.address = (unsigned long)self->server, .length = PAGE,
		.deadline = ns_in(slowly(200)),
	};
	ASSERT_EQ(0, actor_start(&a, self->r.port, LPC_IOC_DATA, &d));
	ASSERT_TRUE(lazy_is_wanted(&l));
	EXPECT_EQ(-ETIMEDOUT, actor_end(&a));
	ASSERT_TRUE(lazy_fill(&l, self->client));
	EXPECT_EQ(0, data_read(self, 0, self->server, PAGE));
	EXPECT_TRUE(filled(self->server, PAGE, 1));
	EXPECT_EQ(0, give_back(self));
}

/* ---------------------------------------------------------------- a new image */

#define IMAGE_VARIABLE	"LPC_SELFTEST_IMAGE"
#define IMAGE_BASE	((unsigned char *)0x200000000ul)

/* What execve() has made of the client: the same address, other memory */
static void __attribute__((constructor)) image_when_executed(void)
{
	char *fds = getenv(IMAGE_VARIABLE), byte = 'i';
	int up, go;

	if (!fds || sscanf(fds, "%d %d", &up, &go) != 2)
		return;
	must(mmap(IMAGE_BASE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		  MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == IMAGE_BASE);
	memset(IMAGE_BASE, POISON, PAGE);
	must(write(up, &byte, 1) == 1 && read(go, &byte, 1) == 1);
	_exit(is_poison(IMAGE_BASE, PAGE) ? 0 : 96);
}

static void *exec_image(void *arg)
{
	char byte;
	int *fds = arg;
	char text[32];

	must(read(fds[1], &byte, 1) == 1);
	snprintf(text, sizeof(text), "%d %d", fds[0], fds[1]);
	setenv(IMAGE_VARIABLE, text, 1);
	execl("/proc/self/exe", "image", (char *)NULL);
	_exit(95);
}

/* Must show: another thread executes a program while this one is in DATA. */
TEST_F(data, changes_nothing_in_the_image_that_another_thread_executes)
{
	struct lpc_data d;
	struct pkt p;
	int up[2], go[2], fds[2], ret;
	char byte = 'g';
	pid_t pid;

	ASSERT_EQ(0, pipe(up));
	ASSERT_EQ(0, pipe(go));
	pid = fork_child();
	if (pid == 0) {
		struct lazy l;
		pthread_t thread;
		struct uffdio_register reg = {
			.mode = UFFDIO_REGISTER_MODE_MISSING,
			.range = { (unsigned long)IMAGE_BASE, PAGE },
		};

		if (!lazy_page(&l))
			_exit(4);
		must(mmap(IMAGE_BASE, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			  0) == IMAGE_BASE);
		must(!ioctl(l.fd, UFFDIO_REGISTER, &reg));
		fds[0] = up[1];
		fds[1] = go[0];
		must(!pthread_create(&thread, NULL, exec_image, fds));
		lend(&self->list[0], IMAGE_BASE, PAGE, LPC_DATA_WRITE);
		xctl(self->r.ce, LPC_IOC_CALL_DATA,
		     call_data(&self->c, self->list, 1));
		_exit(94);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	self->id = p.m.id;
	memset(self->server, 'S', PAGE);
	d = (struct lpc_data){
		.id = p.m.id, .access = LPC_DATA_WRITE,
		.address = (unsigned long)self->server, .length = PAGE,
		.deadline = ns_in(slowly(400)),
	};
	/* its thread is in there now */
	EXPECT_EQ(-ETIMEDOUT, xctl(self->r.port, LPC_IOC_DATA, &d));
	ASSERT_EQ(1, write(go[1], &byte, 1));
	ASSERT_EQ(1, read(up[0], &byte, 1));
	ret = data_write(self, 0, self->server, PAGE);
	EXPECT_TRUE(ret == -ECANCELED || ret == -ESTALE) {
		TH_LOG("%d", ret);
	}
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 1, 8));
	ASSERT_EQ(1, write(go[1], &byte, 1));
	EXPECT_EQ(0, reap(pid));
}

/* ---------------------------------------------------------- fault injection */

TEST_F(data, is_unharmed_by_each_failing_allocation_of_the_call)
{
	struct lpc_call_data c;
	struct pkt p;
	int n, ret;
	bool over = false;

	if (!can_fail())
		SKIP(return, "this kernel injects no faults");
	lend(&self->list[0], self->client, 8, LPC_DATA_READ);
	for (n = 1; n < 1000 && !over; n++) {
		call_data(&c, self->list, 1);
		/* nobody receives: it ends by itself */
		c.msg.flags = LPC_DONTWAIT;
		fail_at(n);
		ret = xctl(self->r.ce, LPC_IOC_CALL_DATA, &c);
		over = !failed();
		EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT || ret == -EAGAIN) {
			TH_LOG("%d: %d", n, ret);
		}
		ASSERT_EQ(-EAGAIN, recv_now(self->r.port, &p));
		ASSERT_EQ(0, calls_now(self->r.port));
	}
	TH_LOG("%d can fail", n - 2);
	EXPECT_LT(3, n);
}

TEST_F(data, goes_on_after_each_failing_allocation_of_its_own)
{
	struct lpc_data d;
	int n, ret;
	bool over = false;

	if (!can_fail())
		SKIP(return, "this kernel injects no faults");
	ASSERT_EQ(0, borrow_one(self));
	for (n = 1; n < 1000 && !over; n++) {
		d = (struct lpc_data){
			.id = self->id, .access = LPC_DATA_READ,
			.address = (unsigned long)self->server,
			.length = BYTES,
		};
		fail_at(n);
		ret = xctl(self->r.port, LPC_IOC_DATA, &d);
		over = !failed();
		EXPECT_TRUE(!ret || ret == -ENOMEM || ret == -EFAULT) {
			TH_LOG("%d: %d", n, ret);
		}
	}
	TH_LOG("%d can fail", n - 2);
	EXPECT_EQ(0, ret);
	EXPECT_LT(3, n);
	EXPECT_TRUE(filled(self->server, BYTES, 1));
	EXPECT_EQ(0, give_back(self));
}

TEST_HARNESS_MAIN
