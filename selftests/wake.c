// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake against death: a thread that has just been chosen is killed and reaped
 * while its waker is still on the way to wake it; a poller likewise; and a wait
 * queue that somebody polls goes away while a message wakes it.
 *
 * A module of the debug build holds the waker up between its decision and the
 * wake-up: until the victim was seen to be reaped (debug_wake_delay_us is 0
 * again), and now and then so long that RCU has freed what it may. With any
 * other module the window is what the machine gives. KASAN is the judge; what
 * can be counted here is that each message arrives once.
 *
 * wake [--full | ROUNDS] [receivers] [callers] [pollers] [ends]: --full are
 * 100 000 rounds of each.
 */
#include "common_call.h"

#include <sched.h>
#include <sys/eventfd.h>

#define PARAMETERS	"/sys/module/lpc/parameters/"
#define DELAY		PARAMETERS "debug_wake_delay_us"
#define DELAYS		PARAMETERS "debug_wake_delays"
#define DELAY_MAX	20000	/* as the module has it */
#define STACK		(64 * 1024)

static int rounds;
static unsigned int seed = 1;

/* ------------------------------------------------------------- the delay */

static int knob = -1, held = -1;

static void delay_set(unsigned int us)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", us);

	if (knob >= 0 && pwrite(knob, text, len, 0) != len)
		abort();
}

/* Wake-ups that were held up so far */
static unsigned int delays(void)
{
	char text[16] = "";

	if (held >= 0 && pread(held, text, sizeof(text) - 1, 0) <= 0)
		abort();
	return strtoul(text, NULL, 10);
}

/*
 * Between two looks at what another CPU does. A VM that emulates its CPUs by
 * turns knows the hint of x86 and gives the turn away.
 */
static void relax(void)
{
	/* Others have no such hint for user space. */
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
	sched_yield();
}

/* UNTIL() for what another CPU does in microseconds */
#define AT_ONCE(cond) ({						\
	__u64 __begin = ns_now();					\
	bool __ok;							\
									\
	while (!(__ok = (cond)) && ms_since(__begin) < PATIENCE_MS)	\
		relax();						\
	__ok;								\
})

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

/*
 * A process of its own, which SIGKILL takes alone, but in the memory of its
 * parent: nothing to copy, nothing to tear down. Its waits have no end.
 */
struct victim {
	int fd;
	__u32 round;
	atomic_int up;
	struct pkt p;
};

static char *stack;

/*
 * Before its parent, whatever it has to do: what it goes to sleep for and how
 * it dies is then over when the parent looks.
 */
static pid_t victim_start(int (*fn)(void *), struct victim *v, bool files)
{
	struct sched_param first = { .sched_priority = 1 };
	pid_t pid;

	atomic_store(&v->up, 0);
	pid = clone(fn, stack + STACK,
		    CLONE_VM | CLONE_FS | CLONE_SIGHAND | SIGCHLD |
		    (files ? CLONE_FILES : 0), v);
	if (pid > 0 && sched_setscheduler(pid, SCHED_FIFO, &first))
		abort();
	return pid;
}

/* The three ways to be killed: see kill_round() for what they share. */
struct kind {
	const char *what;
	const char *promise;
	void *(*waker)(void *arg);
	int (*victim)(void *arg);
	size_t waker_end, victim_end;	/* their fds in the rig */
	bool own_files;			/* of the victim */
	/* The victim is where it can be woken. */
	bool (*there)(struct rig *r, struct victim *v);
	/* The waker is about to wake it, as far as one can see from outside. */
	bool (*chosen)(struct rig *r, struct waker *w);
	/* The message is where it may be, and the waker is done; or the line */
	int (*after)(struct rig *r, struct waker *w, struct victim *v);
};

/* --------------------------------------------------- a parked receiver dies */

static int receiver_main(void *arg)
{
	struct victim *v = arg;

	recv_msg(&v->p, 0, 0);
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

static bool receiver_there(struct rig *r, struct victim *v)
{
	return waiting(r->port) == 1;
}

static bool receiver_chosen(struct rig *r, struct waker *w)
{
	return !waiting(r->port);
}

static int receiver_after(struct rig *r, struct waker *w, struct victim *v)
{
	struct pkt p;

	/*
	 * Copied out before it died, or back in the queue; both if it died
	 * between, which it cannot tell anybody.
	 */
	if (!recv_now(r->port, &p)) {
		if (p.m.code != v->round ||
		    do_reply(r->port, p.m.id, ~v->round, 8) ||
		    recv_now(r->port, &p) != -EAGAIN)
			return __LINE__;
	} else if (v->p.m.type != LPC_REQUEST || v->p.m.code != v->round ||
		   do_reply(r->port, v->p.m.id, ~v->round, 8)) {
		return __LINE__;
	}
	hear(w->done);
	return w->error;
}

/* ------------------------------------------- a caller dies while it is woken */

static int caller_main(void *arg)
{
	struct victim *v = arg;

	msg(&v->p, v->round, 8);
	syscall(SYS_ioctl, v->fd, LPC_IOC_CALL, &v->p);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

/*
 * Answers the request with the ioctl that then waits for the next message,
 * which is the end of the round.
 */
static void *answering_waker(void *arg)
{
	struct waker *w = arg;
	struct pkt p;
	int round;

	settle(1);
	while ((round = waker_next(w)) != -1) {
		if (recv_now(w->fd, &p) || p.m.code != (__u32)round)
			w->error = __LINE__;
		reply_msg(&p, p.m.id, round, 8)->m.room = LPC_INLINE_MAX;
		p.m.flags |= LPC_WITH_RECV;
		atomic_store(&w->begun, ns_now());
		if (xctl(w->fd, LPC_IOC_REPLY_RECV, &p) ||
		    p.m.type != LPC_DATAGRAM || p.m.code != (__u32)round)
			w->error = __LINE__;
		ring(w->done);
	}
	return NULL;
}

static bool caller_there(struct rig *r, struct victim *v)
{
	return queued(r->port) == 1;
}

static bool caller_chosen(struct rig *r, struct waker *w)
{
	return !calls_now(r->port);
}

static int caller_after(struct rig *r, struct waker *w, struct victim *v)
{
	struct lpc_port_info i = port_info(r->port);

	if (i.counters.replied != (__u64)v->round + 1 || i.calls_now ||
	    do_send(r->ce, v->round, 8))
		return __LINE__;
	hear(w->done);
	return w->error;
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
		relax();
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

static bool poller_there(struct rig *r, struct victim *v)
{
	return atomic_load(&v->up);
}

static bool poller_chosen(struct rig *r, struct waker *w)
{
	if (!atomic_load(&w->begun))
		return false;
	random_pause(500);
	return true;
}

static int poller_after(struct rig *r, struct waker *w, struct victim *v)
{
	struct pkt p;

	hear(w->done);
	if (recv_now(r->ce, &p) || p.m.code != v->round ||
	    recv_now(r->ce, &p) != -EAGAIN)
		return __LINE__;
	return w->error;
}

/* ------------------------------------------------------------ all three kinds */

static const struct kind kinds[] = {
	{
		.what = "receivers",
		.promise = "a receiver killed while it is woken loses nothing",
		.waker = calling_waker,
		.waker_end = offsetof(struct rig, ce),
		.victim = receiver_main,
		.victim_end = offsetof(struct rig, port),
		.there = receiver_there,
		.chosen = receiver_chosen,
		.after = receiver_after,
	}, {
		.what = "callers",
		.promise = "a caller killed while it is woken harms nobody",
		.waker = answering_waker,
		.waker_end = offsetof(struct rig, port),
		.victim = caller_main,
		.victim_end = offsetof(struct rig, ce),
		.there = caller_there,
		.chosen = caller_chosen,
		.after = caller_after,
	}, {
		.what = "pollers",
		.promise = "a poller killed while it is woken harms nobody",
		.waker = sending_waker,
		.waker_end = offsetof(struct rig, se),
		.victim = poller_main,
		.victim_end = offsetof(struct rig, ce),
		.own_files = true,
		.there = poller_there,
		.chosen = poller_chosen,
		.after = poller_after,
	},
};

static int rig_end(struct rig *r, size_t end)
{
	return *(int *)((char *)r + end);
}

/*
 * 0, or the line that failed. *@inside counts the victims that were reaped
 * before the waker, held up since it begun or later, can have gone on.
 */
static int kill_round(const struct kind *k, struct rig *r, struct waker *w,
		      struct victim *v, int *inside)
{
	unsigned int before = delays();
	int bad = 0;
	pid_t pid;

	pid = victim_start(k->victim, v, !k->own_files);
	if (pid < 0)
		return __LINE__;
	if (!UNTIL(k->there(r, v))) {
		bad = __LINE__;
	} else {
		delay_set(DELAY_MAX);
		waker_go(w, v->round);
		if (!AT_ONCE(knob >= 0 ? delays() != before : k->chosen(r, w)))
			bad = __LINE__;
	}
	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		return __LINE__;
	if (bad)
		return bad;
	*inside += ns_now() < atomic_load(&w->begun) + DELAY_MAX * 1000ull;
	/* Now and then longer than a grace period */
	if (knob >= 0 && v->round % 64 == 0)
		usleep(DELAY_MAX);
	delay_set(0);
	return k->after(r, w, v);
}

static int kill_all(const struct kind *k)
{
	int i, bad = 0, inside = 0;
	struct victim v = { 0 };
	struct waker w = { 0 };
	struct rig r;
	__u64 begin;

	if (rig_open(&r, 0))
		return -1;
	v.fd = rig_end(&r, k->victim_end);
	w.fd = rig_end(&r, k->waker_end);
	waker_start(&w, k->waker);
	begin = ns_now();
	for (i = 0; i < rounds && !bad; i++) {
		v.round = i;
		bad = kill_round(k, &r, &w, &v, &inside);
	}
	ksft_print_msg("%d %s killed, %llu us a round\n", i, k->what,
		       (unsigned long long)(ns_now() - begin) / 1000 / i);
	if (knob >= 0)
		ksft_print_msg("%d of them reaped before the wake-up\n",
			       inside);
	if (!bad && !port_balanced(r.port))
		bad = __LINE__;
	delay_set(0);
	/* A waker that waits for an answer of the round that failed */
	if (bad)
		do_shutdown(r.port, LPC_SHUT_ALL);
	waker_stop(&w);
	rig_close(&r);
	if (bad)
		ksft_print_msg("round %d failed at line %d\n", i, bad);
	/* Else the delay delays nothing, and all of this shows nothing. */
	return bad || (knob >= 0 && !inside);
}

/* ----------------------------------------------- a polled end is closed */

#define DELAY_ENDS	100

static int close_polled(void)
{
	int i, bad = 0, se, ce, ep;
	struct epoll_event ev = { .events = EPOLLIN };
	struct waker w = { 0 };
	struct pkt p;
	struct rig r;
	__u64 begin;

	if (rig_open(&r, 0))
		return -1;
	waker_start(&w, sending_waker);
	delay_set(DELAY_ENDS);
	begin = ns_now();
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
		if (!AT_ONCE(atomic_load(&w.begun)))
			abort();
		random_pause(2 * DELAY_ENDS);
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
	ksft_print_msg("%d polled ends closed, %llu us a round\n", i,
		       (unsigned long long)(ns_now() - begin) / 1000 / i);
	if (bad)
		ksft_print_msg("round %d failed at line %d\n", i, bad);
	rig_close(&r);
	return bad;
}

/* Is it asked for? Without names all are. */
static bool wanted(char **names, const char *what)
{
	char **name;

	for (name = names; *name; name++)
		if (!strcmp(*name, what))
			return true;
	return name == names;
}

int main(int argc, char **argv)
{
	static char *none;
	char **names = argc > 1 ? argv + 1 : &none;
	unsigned int i, n = 0;
	long old = 0;

	knob = open(DELAY, O_WRONLY | O_CLOEXEC);
	held = open(DELAYS, O_RDONLY | O_CLOEXEC);
	rounds = knob >= 0 ? 500 : long_form() ? 1000 : 200;
	if (*names && !strcmp(*names, "--full")) {
		rounds = 100000;
		names++;
	} else if (*names && atoi(*names) > 0) {
		rounds = atoi(*names++);
	}
	settle(0);
	ksft_print_header();
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		n += wanted(names, kinds[i].what);
	ksft_set_plan(n + wanted(names, "ends"));
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		ksft_exit_fail_msg("no memory\n");
	if (knob >= 0 && held < 0)
		ksft_exit_fail_msg("no %s\n", DELAYS);
	if (knob >= 0)
		old = read_number(DELAY);
	ksft_print_msg("%d rounds, %s\n", rounds, knob >= 0 ? "wakes delayed"
			: "a module without delays: the natural window");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (wanted(names, kinds[i].what))
			ksft_test_result(!kill_all(&kinds[i]), "%s\n",
					 kinds[i].promise);
	if (wanted(names, "ends"))
		ksft_test_result(!close_polled(),
				 "an end closed while its pollers are woken is safe\n");
	delay_set(old);
	ksft_finished();
}
