// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a quick channel costs while both sides are awake, on two CPUs: its round
 * trip of 64 bytes against the least that could do it, two threads that copy 64
 * bytes in and out on each side and each wait for one word of the other.
 *
 *	tools/vm/run --thread multi --cmd ./quick_spin
 *
 * Ten runs of each take turns. Counted in the same stretch: system calls, which
 * SYSCALL_USER_DISPATCH would not let pass unseen; and, in a run by themselves,
 * the instructions of one round trip whose answer is there when it is looked for.
 * Not a test: it needs two CPUs that run at the same time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <lpc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "quick.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

#define BYTES	64
#define RUNS	10
#define WARM_UP	2000
#define BOUND	1.5

enum { ECHO = 1, PREPARE, BLOCK, ALLOW, STALL, STEP, STEPPED };

/* The counts of one process, in memory that both see */
struct counts {
	/* checkpatch: VOLATILE: of SYSCALL_USER_DISPATCH: the kernel reads it */
	volatile char selector;
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic unsigned long calls;
	_Atomic unsigned long steps;
	_Atomic int failed;
	_Atomic int blocked;	/* in the measured stretch */
	_Atomic int go;		/* ends STALL */
};

static struct counts *mine;		/* this process's, for signal handlers */

/* ---- counting ------------------------------------------------------------- */

static void on_call(int sig, siginfo_t *info, void *context)
{
	greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)sig;
	mine->selector = 0;		/* this one and what follows may pass */
	mine->calls++;
	reg[REG_RAX] = info->si_syscall;
	reg[REG_RIP] -= 2;		/* syscall, once more */
}

static void on_step(int sig)
{
	(void)sig;
	mine->steps++;
}

/* For this thread: its calls and its steps are signals that it takes. */
static int prepare(struct counts *c)
{
	struct sigaction call = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO };
	struct sigaction step = { .sa_handler = on_step };
	sigset_t set;

	mine = c;
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigaddset(&set, SIGTRAP);
	sigaction(SIGSYS, &call, NULL);
	sigaction(SIGTRAP, &step, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &c->selector);
}

/* The trap flag: SIGTRAP after each instruction. Below the red zone. */
static inline void step_on(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
			 "lea 128(%%rsp), %%rsp" ::: "memory", "cc");
}

static inline void step_off(void)
{
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"
			 "lea 128(%%rsp), %%rsp" ::: "memory", "cc");
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("quick_spin: two CPUs are needed"), exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the least ------------------------------------------------------------ */

struct words {
	alignas(64) _Atomic uint32_t asked;
	alignas(64) char request[BYTES];
	alignas(64) _Atomic uint32_t answered;
	alignas(64) char reply[BYTES];
};

static struct words *words;

static inline void await(_Atomic uint32_t *word, uint32_t n)
{
	while (atomic_load_explicit(word, memory_order_acquire) != n)
		__builtin_ia32_pause();
}

/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: user space has no such macros */
__attribute__((noinline))
static void least_ask(uint32_t n, const char *in, char *out)
{
	memcpy(words->request, in, BYTES);
	atomic_store_explicit(&words->asked, n, memory_order_release);
	await(&words->answered, n);
	memcpy(out, words->reply, BYTES);
}

/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: user space has no such macros */
__attribute__((noinline))
static void least_answer(uint32_t n, char *buf)
{
	await(&words->asked, n);
	memcpy(buf, words->request, BYTES);
	memcpy(words->reply, buf, BYTES);
	atomic_store_explicit(&words->answered, n, memory_order_release);
}

static uint64_t least_run(uint32_t n)
{
	char in[BYTES] = "least", out[BYTES];
	uint64_t t = 0;
	uint32_t i;

	for (i = 0; i < WARM_UP + n; i++) {
		if (i == WARM_UP)
			t = now();
		least_ask(i + 1, in, out);
	}
	return (now() - t) * 1000 / n;
}

static void least_server(void)
{
	char buf[BYTES];
	uint32_t n = 0;

	for (;;)
		least_answer(++n, buf);
}

/* Each side's path with the other's word there already. */
static void least_count(struct counts *c, unsigned long *client, unsigned long *server)
{
	char in[BYTES] = "", out[BYTES];

	words->answered = 1;
	c->steps = 0;
	step_on();
	least_ask(1, in, out);
	step_off();
	*client = c->steps;
	c->steps = 0;
	step_on();
	least_answer(1, out);
	step_off();
	*server = c->steps;
	words->answered = 0;
	words->asked = 0;
}

/* ---- a quick channel ------------------------------------------------------ */

static int handler(struct lpc_req *r, void *arg)
{
	struct counts *c = arg;

	switch (r->code) {
	case ECHO:
		c->selector = (char)c->blocked;	/* the last one that passed was counted */
		return lpc_reply(r, 0, r->data, r->len);
	case PREPARE:
		return prepare(c) ? -errno : 0;
	case BLOCK:
		c->blocked = 1;
		return 0;
	case ALLOW:
		c->blocked = 0;
		c->selector = 0;
		return 0;
	case STALL:
		while (!c->go)
			__builtin_ia32_pause();
		return lpc_reply(r, 0, NULL, 0);
	case STEP:
		c->steps = 0;
		step_on();
		return lpc_reply(r, 0, r->data, r->len);
	case STEPPED:
		step_off();
		return 0;
	}
	return -EOPNOTSUPP;
}

static int ask(struct lpc_quick *q, uint32_t code)
{
	int32_t status = 0;
	ssize_t n = lpc_quick_call(q, code, NULL, 0, NULL, 0,
				   LPC_OPTS(lpc_call_opts, .status = &status));

	return n < 0 ? (int)n : status;
}

/* No system call passes uncounted, on either side, once it is warm. */
static uint64_t quick_run(struct lpc_quick *q, struct counts *c, uint32_t n)
{
	char in[BYTES] = "quick", out[BYTES];
	uint64_t t, took;
	ssize_t r = 0;
	uint32_t i;

	for (i = 0; i < WARM_UP && r >= 0; i++)
		r = lpc_quick_call(q, ECHO, in, BYTES, out, BYTES, NULL);
	ask(q, BLOCK);
	t = now();
	for (i = 0; i < n && r >= 0; i++) {
		c->selector = 1;
		r = lpc_quick_call(q, ECHO, in, BYTES, out, BYTES, NULL);
	}
	c->selector = 0;
	took = now() - t;
	ask(q, ALLOW);
	if (r != BYTES || memcmp(in, out, BYTES))
		c->failed = 1;
	return took * 1000 / n;
}

/* The fewest of many: in the others something had yet to come. */
static void quick_count(struct lpc_quick *q, struct counts *c, struct counts *s,
			unsigned long *client, unsigned long *server)
{
	char in[BYTES] = "", out[BYTES];
	int i, j;

	*client = ULONG_MAX;
	*server = ULONG_MAX;
	for (i = 0; i < 100; i++) {
		/* a server that is awake, and a reply that is there */
		s->go = 0;
		lpc_quick_send(q, STALL, NULL, 0, 0, 0);
		c->steps = 0;
		step_on();
		lpc_quick_send(q, ECHO, in, BYTES, 1, 0);
		step_off();
		s->go = 1;
		lpc_quick_recv(q, NULL, out, BYTES, 0);
		while (!ring_stirs(&q->ch.in))
			;
		step_on();
		lpc_quick_recv(q, NULL, out, BYTES, 0);
		step_off();
		if (c->steps < *client)
			*client = c->steps;
		/* from one handler to the next, whose request is there in time */
		lpc_quick_send(q, STEP, in, BYTES, 0, 0);
		lpc_quick_send(q, STEPPED, in, BYTES, 1, 0);
		for (j = 0; j < 2; j++) {
			while (!ring_stirs(&q->ch.in))
				;		/* asleep, it would have to be woken */
			lpc_quick_recv(q, NULL, out, BYTES, 0);
		}
		if (s->steps < *server)
			*server = s->steps;
	}
}

static int serve(const char *name, struct counts *c)
{
	pin(1);
	return lpc_serve(name, handler, c, LPC_OPTS(lpc_server_opts, .flags = LPC_SERVE_QUICK));
}

/* ---- both ----------------------------------------------------------------- */

static pid_t child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double median(uint64_t *v)
{
	qsort(v, RUNS, sizeof(*v), ascending);
	return (double)(v[RUNS / 2 - 1] + v[RUNS / 2]) / 2;
}

static struct lpc_quick *connect_to(const char *name)
{
	struct lpc_connect_opts o = {
		.size = sizeof(o), .flags = LPC_WAIT_NAME, .deadline = lpc_in_ms(10000),
		.section = LPC_NO_SECTION,
	};
	struct lpc_conn *c;
	struct lpc_quick *q;
	int r;

	r = lpc_connect(&c, name, &o);
	if (!r)
		r = lpc_quick_open(&q, c, NULL);
	if (!r)
		r = ask(q, PREPARE);
	if (!r)
		return q;
	fprintf(stderr, "quick_spin: %s\n", strerror(-r));
	exit(1);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
	unsigned long insn[2][2];
	uint64_t t[2][RUNS];
	struct counts *c = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0), *s = c + 1;
	struct lpc_quick *q;
	double least, quick;
	pid_t pid;
	int i;

	words = (struct words *)((char *)c + 4096);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!child())
		_exit(serve("self/quick_spin", s) < 0);
	pin(0);
	q = connect_to("self/quick_spin");
	if (prepare(c)) {
		perror("quick_spin: PR_SET_SYSCALL_USER_DISPATCH");
		return 1;
	}
	least_count(c, &insn[0][0], &insn[0][1]);
	quick_run(q, c, n);
	quick_count(q, c, s, &insn[1][0], &insn[1][1]);
	c->calls = 0;
	s->calls = 0;
	for (i = 0; i < RUNS; i++) {
		t[1][i] = quick_run(q, c, n);
		words->asked = 0;
		words->answered = 0;
		pid = child();
		if (!pid) {
			pin(1);
			least_server();
		}
		t[0][i] = least_run(n);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		printf("run %2d: least %7.3f us, quick %7.3f us\n", i + 1,
		       (double)t[0][i] / 1e6, (double)t[1][i] / 1e6);
	}
	least = median(t[0]);
	quick = median(t[1]);
	printf("instructions of a round trip: least %lu + %lu, quick %lu + %lu (client + server)\n",
	       insn[0][0], insn[0][1], insn[1][0], insn[1][1]);
	printf("system calls in %d x %u round trips: client %lu, server %lu\n", RUNS, n,
	       c->calls, s->calls);
	printf("median of %d, %d bytes: least %.3f us, quick %.3f us: %.2f times (at most %.2f)\n",
	       RUNS, BYTES, least / 1e6, quick / 1e6, quick / least, BOUND);
	return c->failed || c->calls || s->calls || quick > BOUND * least;
}
