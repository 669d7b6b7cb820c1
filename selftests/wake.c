// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake against death: a thread that has just been chosen is killed and reaped
 * while its waker is still on the way to wake it; a poller likewise; and a wait
 * queue that somebody polls goes away while a message wakes it.
 *
 * A module of the debug build holds the waker up between its decision and the
 * wake-up (debug_wake_delay_us), so that most rounds are reaped before it, and
 * some so long before that RCU has freed what it may. With any other module
 * the window is what the machine gives. KASAN is the judge; what can be counted
 * here is that each message arrives once. --full: 100 000 rounds of each; or their
 * number as an argument.
 */
#include "common_call.h"

#include <sched.h>
#include <sys/eventfd.h>

#define DELAY		"/sys/module/lpc/parameters/debug_wake_delay_us"
#define DELAY_MAX	20000
#define STACK		(64 * 1024)

static int rounds;
static unsigned int seed = 1;

/* ------------------------------------------------------------- the delay */

static int knob = -1;
static unsigned int delay_us = 2000;	/* what this round takes */
static unsigned int took_us = 1000;	/* from the waker's start to the reaping */

static void delay_set(unsigned int us)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", us);

	if (knob >= 0 && pwrite(knob, text, len, 0) != len)
		abort();
}

/* Twice what a death takes here; now and then longer than a grace period */
static void delay_choose(int round)
{
	delay_us = 2 * took_us;
	if (round % 64 == 0 || delay_us > DELAY_MAX)
		delay_us = DELAY_MAX;
}

/*
 * The waker on one CPU, the victims with the main thread on the other: one that
 * had to wait for the waker's CPU would outlive the delay.
 */
static void settle(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		sched_setaffinity(0, sizeof(set), &set);
}

/* ------------------------------------------------- a waker that runs beside */

/*
 * Told and telling through eventfds: a thread that spun would take the CPU
 * from the one it waits for.
 */
struct waker {
	int go, done;		/* eventfds */
	atomic_int round;	/* what to do, -1: leave */
	int fd;			/* where it sends or receives */
	atomic_ullong begun;	/* just before the ioctl that wakes; 0: not yet */
	__u64 ended;
	int error;
	pthread_t thread;
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

static void waker_start(struct waker *w, void *(*fn)(void *))
{
	w->go = eventfd(0, EFD_CLOEXEC);
	w->done = eventfd(0, EFD_CLOEXEC);
	if (w->go < 0 || w->done < 0 ||
	    pthread_create(&w->thread, NULL, fn, w))
		abort();
}

static void waker_go(struct waker *w, int round)
{
	atomic_store(&w->begun, 0);
	atomic_store(&w->round, round);
	ring(w->go);
}

static void waker_stop(struct waker *w)
{
	waker_go(w, -1);
	pthread_join(w->thread, NULL);
	close(w->go);
	close(w->done);
}

/* The next round, or -1 */
static int waker_next(struct waker *w)
{
	hear(w->go);
	return atomic_load(&w->round);
}

/* --------------------------------------------------------------- a victim */

struct victim {
	int fd;
	atomic_int up;
	struct pkt p;
};

static char *stack;

/* Shares the memory of its parent, and with @files its fds, but not its life. */
static pid_t victim_start(int (*fn)(void *), struct victim *v, bool files)
{
	atomic_store(&v->up, 0);
	return clone(fn, stack + STACK,
		     CLONE_VM | CLONE_FS | CLONE_SIGHAND | SIGCHLD |
		     (files ? CLONE_FILES : 0), v);
}

/*
 * Kill and reap. True if that was over before the waker, which was held up
 * since @begun or later, can have gone on.
 */
static bool victim_dies(pid_t pid, __u64 begun)
{
	unsigned int took;

	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		abort();
	took = (ns_now() - begun) / 1000;
	took_us = (7 * took_us + took) / 8;
	return took < delay_us;
}

static int told(const char *what, int bad, int n, int inside)
{
	if (knob >= 0)
		ksft_print_msg("%d %s, %d of them reaped before the wake-up; a death takes %u us\n",
			       n, what, inside, took_us);
	else
		ksft_print_msg("%d %s\n", n, what);
	if (bad)
		ksft_print_msg("round %d failed at line %d\n", n, bad);
	/* Else the delay delays nothing, and all of this shows nothing. */
	return bad || (knob >= 0 && !inside);
}

/* --------------------------------------------------- a parked receiver dies */

static int receiver_main(void *arg)
{
	struct victim *v = arg;

	syscall(SYS_ioctl, v->fd, LPC_IOC_REPLY_RECV, &v->p);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static void *calling_waker(void *arg)
{
	struct waker *w = arg;
	struct pkt p;
	int round;

	settle(1);
	while ((round = waker_next(w)) != -1) {
		msg(&p, round, 8);
		atomic_store(&w->begun, ns_now());
		if (do_call(w->fd, &p) || p.m.code != ~(__u32)round)
			w->error = __LINE__;
		ring(w->done);
	}
	return NULL;
}

/* 0, or the line that failed */
static int receiver_round(struct rig *r, struct waker *w, struct victim *v,
			  int round, int *inside)
{
	struct pkt p;
	pid_t pid;

	recv_msg(&v->p, 0, 0);
	pid = victim_start(receiver_main, v, true);
	if (pid < 0)
		return __LINE__;
	while (waiting(r->port) != 1)
		sched_yield();
	waker_go(w, round);
	/* Parked no more: it is chosen, and will be woken. */
	while (waiting(r->port))
		sched_yield();
	*inside += victim_dies(pid, atomic_load(&w->begun));
	/*
	 * Copied out before it died, or back in the queue; both if it died
	 * between, which it cannot tell anybody.
	 */
	if (!recv_now(r->port, &p)) {
		if (p.m.code != (__u32)round ||
		    do_reply(r->port, p.m.id, ~round, 8) ||
		    recv_now(r->port, &p) != -EAGAIN)
			return __LINE__;
	} else if (v->p.m.type != LPC_REQUEST || v->p.m.code != (__u32)round ||
		   do_reply(r->port, v->p.m.id, ~round, 8)) {
		return __LINE__;
	}
	hear(w->done);
	return w->error;
}

static int kill_receivers(void)
{
	int i, bad = 0, inside = 0;
	struct victim v = { 0 };
	struct waker w = { 0 };
	struct rig r;

	if (rig_open(&r, 0))
		return -1;
	v.fd = r.port;
	w.fd = r.ce;
	waker_start(&w, calling_waker);
	for (i = 0; i < rounds && !bad; i++) {
		delay_choose(i);
		delay_set(delay_us);
		bad = receiver_round(&r, &w, &v, i, &inside);
	}
	if (!bad && !port_balanced(r.port))
		bad = __LINE__;
	waker_stop(&w);
	rig_close(&r);
	return told("receivers killed", bad, i, inside);
}

/* ------------------------------------------- a caller dies while it is woken */

#define LEAVE	0xffffffffu

static int caller_main(void *arg)
{
	struct victim *v = arg;

	syscall(SYS_ioctl, v->fd, LPC_IOC_CALL, &v->p);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

/* Answers each request with the ioctl that then waits for the next. */
static void *answering_waker(void *arg)
{
	struct waker *w = arg;
	struct pkt p;

	settle(1);
	if (do_recv(w->fd, &p))
		w->error = __LINE__;
	while (!w->error && p.m.code != LEAVE) {
		reply_msg(&p, p.m.id, p.m.code, 8)->m.room = LPC_INLINE_MAX;
		p.m.flags |= LPC_WITH_RECV;
		/* Here, so that its caller's own wake-up was not delayed. */
		delay_set(delay_us);
		atomic_store(&w->begun, ns_now());
		if (xctl(w->fd, LPC_IOC_REPLY_RECV, &p))
			w->error = __LINE__;
	}
	return NULL;
}

static int kill_callers(void)
{
	int i, bad = 0, inside = 0;
	struct victim v = { 0 };
	struct waker w = { 0 };
	__u64 replied;
	struct rig r;

	if (rig_open(&r, 0))
		return -1;
	v.fd = r.ce;
	w.fd = r.port;
	waker_start(&w, answering_waker);
	replied = port_info(r.port).counters.replied;
	for (i = 0; i < rounds && !bad; i++) {
		pid_t pid;

		delay_choose(i);
		delay_set(0);
		atomic_store(&w.begun, 0);
		msg(&v.p, i, 8);
		pid = victim_start(caller_main, &v, true);
		if (pid < 0)
			bad = __LINE__;
		/* Answered: it will be woken. */
		while (port_info(r.port).counters.replied == replied + i &&
		       !w.error && !bad)
			sched_yield();
		if (!bad)
			inside += victim_dies(pid, atomic_load(&w.begun));
		bad = bad ?: w.error;
	}
	if (!bad && !port_balanced(r.port))
		bad = __LINE__;
	delay_set(0);
	if (do_send(r.ce, LEAVE, 8))
		abort();
	waker_stop(&w);
	rig_close(&r);
	return told("callers killed", bad, i, inside);
}

/* ------------------------------------------------------------- a poller dies */

static void *sending_waker(void *arg)
{
	struct waker *w = arg;
	int round, ret;

	settle(1);
	while ((round = waker_next(w)) != -1) {
		atomic_store(&w->begun, ns_now());
		ret = do_send(w->fd, round, 8);
		w->ended = ns_now();
		/* EPIPE: the other end was closed first, as it may be. */
		if (ret && ret != -EPIPE)
			w->error = __LINE__;
		ring(w->done);
	}
	return NULL;
}

static void random_pause(unsigned int us)
{
	__u64 until = ns_now() + rand_r(&seed) % (us * 1000 + 1);

	while (ns_now() < until)
		;
}

/* Its epoll set is its own and dies with it: poll() would look once more. */
static int poller_main(void *arg)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct victim *v = arg;
	int ep = syscall(SYS_epoll_create1, EPOLL_CLOEXEC);

	syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, v->fd, &ev);
	atomic_store(&v->up, 1);
	syscall(SYS_epoll_wait, ep, &ev, 1, -1);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static int poller_round(struct rig *r, struct waker *w, struct victim *v,
			int round, int *inside)
{
	struct pkt p;
	pid_t pid;
	bool dead;

	pid = victim_start(poller_main, v, false);
	if (pid < 0)
		return __LINE__;
	while (!atomic_load(&v->up) || task_state(pid) != 'S')
		sched_yield();
	waker_go(w, round);
	while (!atomic_load(&w->begun))
		sched_yield();
	random_pause(delay_us / 4);
	dead = victim_dies(pid, atomic_load(&w->begun));
	hear(w->done);
	/* Held up at all: the poller was still entered when it was looked for. */
	*inside += dead && w->ended - w->begun >= delay_us * 1000ull;
	if (recv_now(r->ce, &p) || p.m.code != (__u32)round ||
	    recv_now(r->ce, &p) != -EAGAIN)
		return __LINE__;
	return w->error;
}

static int kill_pollers(void)
{
	int i, bad = 0, inside = 0;
	struct victim v = { 0 };
	struct waker w = { 0 };
	struct rig r;

	if (rig_open(&r, 0))
		return -1;
	v.fd = r.ce;
	w.fd = r.se;
	waker_start(&w, sending_waker);
	for (i = 0; i < rounds && !bad; i++) {
		delay_choose(i);
		delay_set(delay_us);
		bad = poller_round(&r, &w, &v, i, &inside);
	}
	waker_stop(&w);
	rig_close(&r);
	return told("pollers killed", bad, i, inside);
}

/* ----------------------------------------------- a polled end is closed */

static int close_polled(void)
{
	int i, bad = 0, se, ce, ep;
	struct epoll_event ev = { .events = EPOLLIN };
	struct waker w = { 0 };
	struct pkt p;
	struct rig r;

	if (rig_open(&r, 0))
		return -1;
	waker_start(&w, sending_waker);
	delay_us = 100;
	delay_set(delay_us);
	for (i = 0; i < rounds && !bad; i++) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		if (ep < 0 || add_link(&r, i, 0, &se, &ce) ||
		    epoll_ctl(ep, EPOLL_CTL_ADD, ce, &ev)) {
			bad = __LINE__;
			break;
		}
		/* The message wakes the queue of the end that is closed. */
		w.fd = se;
		waker_go(&w, i);
		while (!atomic_load(&w.begun))
			sched_yield();
		random_pause(2 * delay_us);
		close(ce);
		if (i & 1)
			close(ep);
		hear(w.done);
		if (!(i & 1))
			close(ep);
		close(se);
		while (!recv_now(r.port, &p))
			;
		bad = w.error;
	}
	waker_stop(&w);
	ksft_print_msg("%d polled ends closed\n", i);
	if (bad)
		ksft_print_msg("round %d failed at line %d\n", i, bad);
	rig_close(&r);
	return bad;
}

int main(int argc, char **argv)
{
	long old = 0;

	knob = open(DELAY, O_WRONLY | O_CLOEXEC);
	rounds = knob >= 0 ? 500 : 200;
	if (argc > 1)
		rounds = strcmp(argv[1], "--full") ? atoi(argv[1]) : 100000;
	settle(0);
	ksft_print_header();
	ksft_set_plan(4);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		ksft_exit_fail_msg("no memory\n");
	if (knob >= 0)
		old = read_number(DELAY);
	ksft_print_msg("%d rounds, %s\n", rounds, knob >= 0 ? "wakes delayed"
			: "a module without delays: the natural window");
	ksft_test_result(!kill_receivers(),
			 "a receiver killed while it is woken loses nothing\n");
	ksft_test_result(!kill_callers(),
			 "a caller killed while it is woken harms nobody\n");
	ksft_test_result(!kill_pollers(),
			 "a poller killed while it is woken harms nobody\n");
	ksft_test_result(!close_polled(),
			 "an end closed while its pollers are woken is safe\n");
	delay_set(old);
	ksft_finished();
}
