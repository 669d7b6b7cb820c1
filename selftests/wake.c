// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake against death: a receiver that has just been chosen is killed and
 * reaped while its waker is still on the way to wake it; and a wait queue
 * that somebody polls goes away while a message wakes it.
 *
 * A module of the debug build delays the waker (debug_wake_delay_us); with
 * any other the window is what the machine gives. KASAN is the judge; what
 * can be counted here is that each message arrives once. --full: 100 000.
 */
#include "common_call.h"

#include <sched.h>
#include <sys/eventfd.h>

#define DELAY	"/sys/module/lpc/parameters/debug_wake_delay_us"
#define STACK	(64 * 1024)

static int rounds = 2000;
static unsigned int seed = 1;

/* ------------------------------------------------ a sender that runs beside */

/*
 * Told and telling through eventfds: a thread that spun would take the CPU
 * from the one it waits for.
 */
struct sender {
	int go, done;		/* eventfds */
	atomic_int round;	/* what to do, -1: leave */
	atomic_int fd;		/* where to send, or whom to kill */
	pthread_t thread;
	int error;
};

static void ring(int bell)
{
	__u64 one = 1;

	if (write(bell, &one, sizeof(one)) != sizeof(one))
		abort();
}

static void hear(int bell)
{
	__u64 n;

	if (read(bell, &n, sizeof(n)) != sizeof(n))
		abort();
}

static void sender_start(struct sender *s, void *(*fn)(void *))
{
	s->go = eventfd(0, EFD_CLOEXEC);
	s->done = eventfd(0, EFD_CLOEXEC);
	if (s->go < 0 || s->done < 0 ||
	    pthread_create(&s->thread, NULL, fn, s))
		abort();
}

static void sender_go(struct sender *s, int round)
{
	atomic_store(&s->round, round);
	ring(s->go);
}

static void sender_stop(struct sender *s)
{
	sender_go(s, -1);
	pthread_join(s->thread, NULL);
	close(s->go);
	close(s->done);
}

static void *sender_main(void *arg)
{
	struct sender *s = arg;
	int round, ret;

	for (;;) {
		hear(s->go);
		round = atomic_load(&s->round);
		if (round == -1)
			return NULL;
		ret = do_send(atomic_load(&s->fd), round, 8);
		/* EPIPE: the other end was closed first, as it may be. */
		if (ret && ret != -EPIPE)
			s->error = ret;
		ring(s->done);
	}
}

/* Up to twice what the other side needs to get there, as it turns out. */
static unsigned int pause_ns = 100000;

static void random_pause(void)
{
	__u64 until = ns_now() + rand_r(&seed) % (2 * pause_ns);

	while (ns_now() < until)
		;
}

/* --------------------------------------------------- a parked receiver dies */

struct victim {
	int port;
	struct pkt p;
};

/* Shares everything with its parent but its life. */
static int victim_main(void *arg)
{
	struct victim *v = arg;

	syscall(SYS_ioctl, v->port, LPC_IOC_REPLY_RECV, &v->p);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

/* 0, or the line that failed */
static int kill_round(struct rig *r, struct sender *s, struct victim *v,
		      char *stack, int round)
{
	struct pkt p;
	pid_t pid;
	int ret;

	recv_msg(&v->p, 0, 0);
	pid = clone(victim_main, stack + STACK,
		    CLONE_VM | CLONE_FILES | SIGCHLD, v);
	if (pid < 0)
		return __LINE__;
	while (waiting(r->port) != 1)
		sched_yield();
	sender_go(s, round);
	random_pause();
	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		return __LINE__;
	hear(s->done);
	/*
	 * Copied out before it died, or back in the queue; both if it died
	 * between, which it cannot tell anybody.
	 */
	ret = recv_now(r->port, &p);
	if (ret == 0 && (p.m.code != (__u32)round ||
			 recv_now(r->port, &p) != -EAGAIN))
		return __LINE__;
	if (v->p.m.type == LPC_DATAGRAM)
		return v->p.m.code == (__u32)round ? 0 : __LINE__;
	return ret == 0 ? 0 : __LINE__;
}

/* How long from the word to a message that is sent, a few times over */
static void learn_pause(struct rig *r, struct sender *s)
{
	struct pkt p;
	__u64 begin;
	int i;

	for (i = 1; i <= 20; i++) {
		begin = ns_now();
		sender_go(s, i);
		hear(s->done);
		pause_ns = (pause_ns * 3 + (ns_now() - begin)) / 4;
		recv_now(r->port, &p);
	}
}

static int kill_receivers(void)
{
	__u64 unattended, paired;
	struct victim v = { 0 };
	struct sender s = { 0 };
	int i, bad = 0, copied = 0;
	char *stack;
	struct rig r;

	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED || rig_open(&r, 0))
		return -1;
	v.port = r.port;
	s.fd = r.ce;
	sender_start(&s, sender_main);
	learn_pause(&r, &s);
	unattended = port_info(r.port).counters.unattended;
	for (i = 1; i <= rounds && !bad; i++) {
		bad = kill_round(&r, &s, &v, stack, i);
		copied += v.p.m.type == LPC_DATAGRAM;
	}
	sender_stop(&s);
	unattended = port_info(r.port).counters.unattended - unattended;
	paired = i - 1 - unattended;
	ksft_print_msg("%d killed: %llu before chosen, %llu between, %d after the copy\n",
		       i - 1, unattended, paired - copied, copied);
	if (bad)
		ksft_print_msg("round %d failed at line %d\n", i - 1, bad);
	rig_close(&r);
	return bad || s.error;
}

/* ------------------------------------------- a caller dies while it is woken */

static int caller_main(void *arg)
{
	struct victim *v = arg;

	syscall(SYS_ioctl, v->port, LPC_IOC_CALL, &v->p);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static void *killer_main(void *arg)
{
	struct sender *s = arg;

	for (;;) {
		hear(s->go);
		if (atomic_load(&s->round) == -1)
			return NULL;
		random_pause();
		kill(atomic_load(&s->fd), SIGKILL);
		waitpid(atomic_load(&s->fd), NULL, __WALL);
		ring(s->done);
	}
}

static int kill_callers(void)
{
	struct victim v = { 0 };
	struct sender k = { 0 };
	int i, ret, bad = 0, late = 0;
	char *stack;
	struct pkt p;
	struct rig r;

	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED || rig_open(&r, 0))
		return -1;
	v.port = r.ce;
	sender_start(&k, killer_main);
	for (i = 1; i <= rounds && !bad; i++) {
		pid_t pid;

		msg(&v.p, i, 8);
		pid = clone(caller_main, stack + STACK,
			    CLONE_VM | CLONE_FILES | SIGCHLD, &v);
		if (pid < 0 || do_recv(r.port, &p) || p.m.code != (__u32)i)
			bad = __LINE__;
		atomic_store(&k.fd, pid);
		sender_go(&k, i);
		ret = do_reply(r.port, p.m.id, i, 8);
		late += ret == -ECANCELED;
		if (ret && ret != -ECANCELED)
			bad = __LINE__;
		hear(k.done);
	}
	if (!bad && !port_balanced(r.port))
		bad = __LINE__;
	sender_stop(&k);
	ksft_print_msg("%d callers killed, %d before their reply\n", i - 1,
		       late);
	if (bad)
		ksft_print_msg("round %d failed at line %d\n", i - 1, bad);
	rig_close(&r);
	return bad;
}

/* ----------------------------------------------- a polled end is closed */

static int close_polled(void)
{
	struct sender s = { 0 };
	int i, bad = 0, se, ce, ep;
	struct epoll_event ev = { .events = EPOLLIN };
	struct pkt p;
	struct rig r;

	if (rig_open(&r, 0))
		return -1;
	s.fd = r.ce;
	sender_start(&s, sender_main);
	for (i = 1; i <= rounds / 4 && !bad; i++) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		if (ep < 0 || add_link(&r, i, 0, &se, &ce) ||
		    epoll_ctl(ep, EPOLL_CTL_ADD, ce, &ev)) {
			bad = __LINE__;
			break;
		}
		/* The message wakes the queue of the end that is closed. */
		atomic_store(&s.fd, se);
		sender_go(&s, i);
		random_pause();
		close(ce);
		if (i & 1)
			close(ep);
		hear(s.done);
		if (!(i & 1))
			close(ep);
		close(se);
		while (!recv_now(r.port, &p))
			;
	}
	sender_stop(&s);
	if (bad)
		ksft_print_msg("round %d failed at line %d\n", i, bad);
	rig_close(&r);
	return bad || s.error;
}

int main(int argc, char **argv)
{
	bool delay = !access(DELAY, W_OK);
	long old = 0;

	if (argc > 1 && !strcmp(argv[1], "--full"))
		rounds = 100000;
	ksft_print_header();
	ksft_set_plan(3);
	if (delay) {
		old = read_number(DELAY);
		write_file(DELAY, "%d", 100);
	}
	ksft_print_msg("%d rounds, %s\n", rounds, delay ? "wakes delayed"
			: "a module without delays: the natural window");
	ksft_test_result(!kill_receivers(),
			 "a receiver killed while it is woken loses nothing\n");
	ksft_test_result(!kill_callers(),
			 "a caller killed while it is woken harms nobody\n");
	ksft_test_result(!close_polled(),
			 "an end closed while its pollers are woken is safe\n");
	if (delay)
		write_file(DELAY, "%ld", old);
	ksft_finished();
}
