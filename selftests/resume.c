// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits that a stop, a debugger, a freezer or a signal interrupts: each goes
 * on for the same answer, and the server sees one request.
 *
 * The victim is a process of its own in one of six waits; each wait meets
 * each disturbance three times, strace once in the short form. EINTR is
 * answered as a program would: by the same ioctl with the same message.
 */
#include "common_call.h"
#include "common_cgroup.h"

#include <sys/ptrace.h>

enum disturbance {
	STOP,			/* SIGSTOP, SIGCONT */
	RESTARTING,		/* a handler with SA_RESTART */
	INTERRUPTING,		/* a handler without */
	PTRACE,			/* attached, interrupted, let go */
	STRACE,			/* the program */
	FREEZE,			/* cgroup v2 */
};

/* Shared with the victim. */
struct seen {
	int handled;
	int eintr;
};

FIXTURE(resume)
{
	struct rig r;
	struct seen *seen;
	char cgroup[CGROUP_PATH];
	struct gate up;
	struct gate go;
	pid_t pid;
};

FIXTURE_VARIANT(resume)
{
	enum disturbance kind;
};

FIXTURE_VARIANT_ADD(resume, stopped_and_continued) { .kind = STOP, };

FIXTURE_VARIANT_ADD(resume, handler_that_restarts) { .kind = RESTARTING, };

FIXTURE_VARIANT_ADD(resume, handler_that_interrupts) {
	.kind = INTERRUPTING,
};

FIXTURE_VARIANT_ADD(resume, ptraced) { .kind = PTRACE, };

FIXTURE_VARIANT_ADD(resume, straced) { .kind = STRACE, };

FIXTURE_VARIANT_ADD(resume, frozen) { .kind = FREEZE, };

/* Starting strace takes longer than all else. */
static int rounds_of(enum disturbance kind)
{
	return kind == STRACE && !long_form() ? 1 : 3;
}

static struct seen *seen_by_handler;

static void count_signal(int sig)
{
	__atomic_add_fetch(&seen_by_handler->handled, 1, __ATOMIC_SEQ_CST);
}

/* ------------------------------------------------------------ disturbances */

static bool set_frozen(const char *cgroup, int on)
{
	return !cgroup_set(cgroup, "cgroup.freeze", on ? "1" : "0") &&
	       UNTIL(event_is(cgroup, on ? "frozen 1" : "frozen 0"));
}

static int tracer(pid_t pid)
{
	char path[64], line[256];
	int tracer = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "TracerPid: %d", &tracer);
	fclose(f);
	return tracer;
}

static const char *strace_path(void)
{
	static const char * const at[] = {
		"/usr/bin/strace", "/bin/strace", "/usr/local/bin/strace",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at); i++)
		if (!access(at[i], X_OK))
			return at[i];
	return NULL;
}

static bool disturb_strace(pid_t pid)
{
	char text[16];
	pid_t tool;

	snprintf(text, sizeof(text), "%d", pid);
	tool = fork_child();
	if (tool == 0) {
		execl(strace_path(), "strace", "-q", "-o", "/dev/null", "-p",
		      text, (char *)NULL);
		_exit(98);
	}
	if (!UNTIL(tracer(pid) == tool))
		return false;
	/* strace has let it run again: it sleeps although it is traced. */
	if (!UNTIL(task_state(pid) == 'S'))
		return false;
	/*
	 * Again until it has gone: a signal between its look at its flag and
	 * its wait for the tracee leaves it waiting.
	 */
	return UNTIL(!kill(tool, SIGTERM) &&
		     waitpid(tool, NULL, WNOHANG) == tool) &&
	       UNTIL(tracer(pid) == 0);
}

static bool disturb_ptrace(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) ||
	    ptrace(PTRACE_INTERRUPT, pid, 0, 0) ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return false;
	if (ptrace(PTRACE_CONT, pid, 0, 0) || !UNTIL(task_state(pid) == 'S'))
		return false;
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return false;
	return !ptrace(PTRACE_DETACH, pid, 0, 0);
}

static bool disturb(pid_t pid, enum disturbance kind, struct seen *seen,
		    const char *cgroup)
{
	int before = __atomic_load_n(&seen->handled, __ATOMIC_SEQ_CST);

	switch (kind) {
	case STOP:
		return !kill(pid, SIGSTOP) && UNTIL(task_state(pid) == 'T') &&
		       !kill(pid, SIGCONT) && UNTIL(task_state(pid) != 'T');
	case RESTARTING:
	case INTERRUPTING:
		return !kill(pid, SIGUSR1) &&
		       UNTIL(__atomic_load_n(&seen->handled,
					     __ATOMIC_SEQ_CST) > before);
	case PTRACE:
		return disturb_ptrace(pid);
	case STRACE:
		return disturb_strace(pid);
	case FREEZE:
		return set_frozen(cgroup, 1) && set_frozen(cgroup, 0);
	}
	return false;
}

/* The disturbances of a victim that sleeps in @cmd, and sleeps there again */
#define DISTURB(cmd_) do {						\
	unsigned long cmd = (cmd_);					\
	int __i;							\
									\
	for (__i = 0; __i < rounds_of(variant->kind); __i++) {		\
		ASSERT_TRUE(UNTIL(task_state(self->pid) == 'S' &&	\
				  in_ioctl(self->pid, cmd)));		\
		ASSERT_TRUE(disturb(self->pid, variant->kind,		\
				    self->seen, self->cgroup));		\
	}								\
	ASSERT_TRUE(UNTIL(task_state(self->pid) == 'S' &&		\
			  in_ioctl(self->pid, cmd)));			\
} while (0)

/* The victim has ended well, and was interrupted if it was to be. */
#define VICTIM_DONE() do {						\
	EXPECT_EQ(0, reap(self->pid));					\
	if (variant->kind == RESTARTING) {				\
		EXPECT_EQ(0, self->seen->eintr);			\
	}								\
	if (variant->kind == INTERRUPTING) {				\
		EXPECT_LT(0, self->seen->eintr);			\
	}								\
} while (0)

FIXTURE_SETUP(resume)
{
	rig_none(&self->r);
	if (variant->kind == STRACE && !strace_path())
		SKIP(return, "no strace here");
	if (variant->kind == FREEZE && !cgroup_make(self->cgroup, "resume"))
		SKIP(return, "no cgroup v2 can be made here");
	self->seen = mmap(NULL, sizeof(*self->seen), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	gate_init(&self->up);
	gate_init(&self->go);
	ASSERT_EQ(0, rig_open(&self->r, 0));
}

FIXTURE_TEARDOWN(resume)
{
	if (self->pid > 0)
		kill(self->pid, SIGKILL);
	rig_close(&self->r);
	if (self->cgroup[0])
		cgroup_remove(self->cgroup);
}

/* What the victim does first: its handler, its cgroup. */
static void victim_prepare(enum disturbance kind, struct seen *seen,
			   const char *cgroup)
{
	struct sigaction sa = {
		.sa_handler = count_signal,
		.sa_flags = kind == INTERRUPTING ? 0 : SA_RESTART,
	};

	seen_by_handler = seen;
	must(!sigaction(SIGUSR1, &sa, NULL));
	if (cgroup[0])
		must_be(0, cgroup_join(cgroup));
}

/* As a program would: the same again for as long as it is interrupted. */
static int patient(struct seen *seen, int fd, unsigned long cmd, void *arg)
{
	int ret;

	while ((ret = xctl(fd, cmd, arg)) == -EINTR)
		seen->eintr++;
	return ret;
}

/* checkpatch: MULTISTATEMENT_MACRO_USE_DO_WHILE: checkpatch: MACRO_WITH_FLOW_CONTROL: a block */
#define VICTIM()							\
	if (_metadata->skip)						\
		return;							\
	self->pid = fork_child();					\
	if (self->pid == 0)						\
		victim_prepare(variant->kind, self->seen, self->cgroup); \
	if (self->pid == 0)

TEST_F(resume, a_call_nobody_took)
{
	struct pkt p, none;

	VICTIM() {
		must_be(0, patient(self->seen, self->r.ce, LPC_IOC_CALL,
				   msg(&p, 1, 8)));
		must(p.m.type == LPC_REPLY && intact(&p, 2, 20));
		_exit(0);
	}
	ASSERT_TRUE(until_queued(self->r.port, 1));
	DISTURB(LPC_IOC_CALL);
	ASSERT_TRUE(until_queued(self->r.port, 1));
	ASSERT_EQ(0, recv_now(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 8));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &none));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 2, 20));
	VICTIM_DONE();
	EXPECT_EQ(1, port_info(self->r.port).counters.replied);
	EXPECT_TRUE(port_balanced(self->r.port));
}

TEST_F(resume, a_call_a_server_took)
{
	struct pkt p, none;

	VICTIM() {
		must_be(0, patient(self->seen, self->r.ce, LPC_IOC_CALL,
				   msg(&p, 1, 8)));
		must(p.m.type == LPC_REPLY && intact(&p, 2, 20));
		must_be(0, p.m.status & LPC_PENDING);
		_exit(0);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_TRUE(intact(&p, 1, 8));
	DISTURB(LPC_IOC_CALL);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &none));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 2, 20));
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, p.m.id, 3, 30));
	VICTIM_DONE();
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &none));
	EXPECT_EQ(1, port_info(self->r.port).counters.calls);
	EXPECT_EQ(1, port_info(self->r.port).counters.replied);
}

TEST_F(resume, a_receive_whose_reply_is_out)
{
	struct pkt p, c;

	VICTIM() {
		must_be(0, do_recv(self->r.port, &p));
		reply_msg(&p, p.m.id, 2, 20);
		p.m.flags |= LPC_WITH_RECV;
		must_be(0, patient(self->seen, self->r.port,
				   LPC_IOC_REPLY_RECV, &p));
		must(p.m.type == LPC_DATAGRAM && intact(&p, 3, 30));
		_exit(0);
	}
	ASSERT_EQ(0, call_async(self->r.ce, &c, 1, 8));
	ASSERT_EQ(0, do_recv(self->r.ce, &p));
	EXPECT_EQ(c.m.id, p.m.id);
	EXPECT_TRUE(intact(&p, 2, 20));
	DISTURB(LPC_IOC_REPLY_RECV);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.ce, &p));
	EXPECT_EQ(1, waiting(self->r.port));
	ASSERT_EQ(0, do_send(self->r.ce, 3, 30));
	VICTIM_DONE();
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(1, port_info(self->r.port).counters.replied);
}

TEST_F(resume, a_callbacks_answer_and_the_wait_after_it)
{
	struct pkt p, cb;

	VICTIM() {
		must_be(0, patient(self->seen, self->r.ce, LPC_IOC_CALL,
				   msg(&p, 1, 8)));
		must_be(LPC_REQUEST, p.m.type);
		rejoin_msg(&p, p.m.id, p.m.callback, LPC_WITH_REPLY, 4, 40);
		must_be(0, patient(self->seen, self->r.ce, LPC_IOC_REPLY_WAIT,
				   &p));
		must(p.m.type == LPC_REPLY && intact(&p, 2, 20));
		_exit(0);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	ASSERT_EQ(0, do_call(self->r.se, callback_msg(&cb, p.m.id, 0, 3, 30)));
	EXPECT_TRUE(intact(&cb, 4, 40));
	DISTURB(LPC_IOC_REPLY_WAIT);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &cb));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 2, 20));
	VICTIM_DONE();
	EXPECT_EQ(-ESTALE, do_reply(self->r.port, p.m.id, 2, 20));
}

static void victim_connect(struct rig *r, struct seen *seen)
{
	struct lpc_connect c = {
		.name = (unsigned long)r->name,
		.name_len = strlen(r->name),
	};

	must_be(0, patient(seen, r->dev, LPC_IOC_CONNECT, &c));
	must_be(0, do_send(c.fd, 7, 70));
	/* Until the parent has looked. */
	for (;;)
		pause();
}

TEST_F(resume, a_connect_nobody_received)
{
	struct pkt p;
	int se;

	VICTIM()
		victim_connect(&self->r, self->seen);
	ASSERT_TRUE(until_pending(self->r.port, 1));
	DISTURB(LPC_IOC_CONNECT);
	ASSERT_TRUE(until_pending(self->r.port, 1));
	se = serve_connect(self->r.port, 5, 0, NULL);
	ASSERT_LE(0, se);
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	EXPECT_EQ(LPC_DATAGRAM, p.m.type);
	EXPECT_EQ(5, p.m.context);
	EXPECT_TRUE(intact(&p, 7, 70));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(128 + SIGKILL, kill_reap(self->pid));
}

TEST_F(resume, a_connect_a_server_received)
{
	struct pkt p, q;
	int se;

	VICTIM()
		victim_connect(&self->r, self->seen);
	ASSERT_EQ(0, recv_listen(self->r.port, &p));
	DISTURB(LPC_IOC_CONNECT);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &q));
	se = do_accept(self->r.port, p.m.id, 5, 0);
	ASSERT_LE(0, se);
	ASSERT_EQ(0, do_complete(se));
	ASSERT_EQ(0, do_recv(self->r.port, &q));
	EXPECT_EQ(LPC_DATAGRAM, q.m.type);
	EXPECT_EQ(5, q.m.context);
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &q));
	EXPECT_EQ(128 + SIGKILL, kill_reap(self->pid));
}

#define BLOCKED	100

static double load_now(void)
{
	double load = -1;
	FILE *f = fopen("/proc/loadavg", "re");

	if (f && fscanf(f, "%lf", &load) != 1)
		load = -1;
	if (f)
		fclose(f);
	return load;
}

/*
 * Who sleeps uninterruptibly, summed over all CPUs, as the scheduler counts for
 * the load; -1 where it does not tell.
 */
static long uninterruptible(void)
{
	FILE *f = fopen("/sys/kernel/debug/sched/debug", "re");
	long n, sum = 0;
	char line[512];
	int cpus = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " .nr_uninterruptible : %ld", &n) == 1) {
			sum += n;
			cpus++;
		}
	}
	if (f)
		fclose(f);
	return cpus ? sum : -1;
}

static int asleep(struct actor *a)
{
	int i, n = 0;

	for (i = 0; i < BLOCKED; i++)
		n += task_state(a[i].tid) == 'S' &&
		     in_ioctl(a[i].tid, LPC_IOC_CALL);
	return n;
}

/*
 * The load is who runs and who sleeps uninterruptibly. Where the scheduler does
 * not tell how many do, its load must show it, which is counted every five
 * seconds: a hundred of these would add eight at the first count.
 */
TEST(a_hundred_blocked_callers_are_no_load)
{
	static struct actor a[BLOCKED];
	static struct pkt p[BLOCKED];
	struct sigaction sa = {
		.sa_handler = count_signal,
		.sa_flags = SA_RESTART,
	};
	struct seen seen = { 0 };
	long before = uninterruptible();
	__u64 ids[BLOCKED], begin;
	double load;
	struct rig r;
	struct pkt s;
	int i;

	seen_by_handler = &seen;
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_EQ(0, rig_open(&r, 0));
	for (i = 0; i < BLOCKED; i++)
		ASSERT_EQ(0, actor_start(&a[i], r.ce, LPC_IOC_CALL,
					 msg(&p[i], i, 8)));
	for (i = 0; i < BLOCKED; i++) {
		ASSERT_EQ(0, do_recv(r.port, &s));
		ids[i] = s.m.id;
	}
	ASSERT_TRUE(UNTIL(asleep(a) == BLOCKED));
	/* As they are after a handled signal, too. */
	for (i = 0; i < BLOCKED; i += 2)
		ASSERT_EQ(0, pthread_kill(a[i].thread, SIGUSR1));
	ASSERT_TRUE(UNTIL(__atomic_load_n(&seen.handled, __ATOMIC_SEQ_CST) ==
			  BLOCKED / 2));
	ASSERT_TRUE(UNTIL(asleep(a) == BLOCKED));
	if (before >= 0) {
		long now = uninterruptible();

		TH_LOG("%ld uninterruptible before, %ld now", before, now);
		EXPECT_GT(BLOCKED / 2, now - before);
	} else {
		load = load_now();
		begin = ns_now();
		/* Two counts of the kernel's; this has no event. */
		while (ns_now() - begin < 11000000000ull)
			usleep(500000);
		TH_LOG("load %.2f before, %.2f after 11 s", load, load_now());
		EXPECT_GT(1.0, load_now() - load);
	}
	EXPECT_EQ(BLOCKED, asleep(a));
	for (i = 0; i < BLOCKED; i++)
		ASSERT_EQ(0, do_reply(r.port, ids[i], 7, 7));
	for (i = 0; i < BLOCKED; i++) {
		ASSERT_EQ(0, actor_end(&a[i]));
		EXPECT_TRUE(intact(&p[i], 7, 7));
	}
	EXPECT_EQ(-EAGAIN, recv_now(r.port, &s));
	rig_close(&r);
}

TEST_HARNESS_MAIN
