// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbered calls in a storm of restarting signals: 1 kHz on each of eight
 * clients and four server threads; then the same while receivers fault, have
 * too little room, or are killed between pairing and copy-out.
 *
 * --full: 1 000 000 calls in the first part, 100 000 in the others; the long form
 * has 8 000 and 4 000.
 */
#include "numbered.h"
#include "hostile_memory.h"

#define CLIENTS	8
#define SERVERS	4

static unsigned int plain_calls = 2400, other_calls = 1200;
static long period_ns = 1000000;

static atomic_ulong ticks;

static void on_tick(int sig)
{
	atomic_fetch_add_explicit(&ticks, 1, memory_order_relaxed);
}

/* A timer on the calling thread alone */
static void tick_this_thread(void)
{
	struct sigaction sa = {
		.sa_handler = on_tick,
		.sa_flags = SA_RESTART,
	};
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGRTMIN,
	};
	struct itimerspec it = {
		.it_interval.tv_nsec = period_ns,
		.it_value.tv_nsec = period_ns,
	};
	timer_t timer;

	ev._sigev_un._tid = get_tid();
	must(!sigaction(SIGRTMIN, &sa, NULL));
	must(!timer_create(CLOCK_MONOTONIC, &ev, &timer));
	must(!timer_settime(timer, 0, &it, NULL));
}

static pid_t start_client(const char *name, struct ledger *l, __u32 who,
			  unsigned int calls)
{
	pid_t pid = fork_child();
	unsigned int seq;
	int ce;

	if (pid)
		return pid;
	tick_this_thread();
	ce = numbered_connect(name, who);
	must(ce >= 0);
	for (seq = 1; seq <= calls; seq++) {
		must_be(0, numbered_call(ce, who, seq, 0, 0, NULL));
		atomic_store(&l->done[who], seq);
	}
	_exit(0);
}

/* ------------------------------------------- receivers that get in the way */

struct nuisance {
	const char *what;
	__u32 room;
	bool fault;
	bool kill;
};

/*
 * Receives into a page that cannot be written, or into too little room, for
 * ever; each time the message must go to somebody else.
 */
static void nuisance_main(int port, const struct nuisance *n, struct ledger *l)
{
	void *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	struct pkt p;
	int ret;

	for (;;) {
		recv_msg(&p, 0, 0);
		p.m.room = n->room;
		if (n->fault)
			p.m.out = (unsigned long)gone;
		ret = xctl(port, LPC_IOC_REPLY_RECV, &p);
		if (ret == -ESHUTDOWN || ret == -EPIPE)
			_exit(0);
		/* A connection request or PORT_CLOSED may have fitted. */
		if (ret != -EFAULT && ret != -EMSGSIZE)
			ledger_failed(l, ret);
		/* Let the others park last now and then. */
		nap();
	}
}

/* Parks processes that fault for ever in copy-out, and kills them there. */
static void killer_main(int port, atomic_uint *kills)
{
	struct gate stuck;
	struct pkt p;
	pid_t pid;

	gate_init(&stuck);
	for (;;) {
		pid = fork_child();
		if (pid == 0) {
			recv_msg(&p, 0, 0);
			p.m.out = (unsigned long)hostile_page(UFFD, &stuck);
			_exit(-xctl(port, LPC_IOC_REPLY_RECV, &p));
		}
		while (poll_ms(stuck.fd[0], POLLIN, 20) == 0)
			if (waitpid(pid, NULL, WNOHANG) == pid)
				_exit(0);	/* the port is shut */
		gate_wait(&stuck);
		kill(pid, SIGKILL);
		reap(pid);
		atomic_fetch_add(kills, 1);
	}
}

/* ----------------------------------------------------------------- one part */

static void run(unsigned int calls, const struct nuisance *n)
{
	static atomic_uint *kills;
	pid_t pid[CLIENTS], server, pest[2] = { 0, 0 };
	struct lpc_port_info info;
	struct numbered_server s;
	__u64 begin = ns_now();
	int i, bad = 0, pests = 0;
	struct ledger *l;
	struct rig r;
	bool ok;

	calls /= CLIENTS;
	if (!kills)
		kills = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	atomic_store(kills, 0);
	l = ledger_new();
	if (!l || rig_port(&r, 0, 0))
		ksft_exit_fail_msg("no port: is the module loaded?\n");
	s.port = r.port;
	s.ledger = l;
	s.prepare = tick_this_thread;
	server = numbered_server_start(&s, SERVERS);
	for (i = 0; i < CLIENTS; i++)
		pid[i] = start_client(r.name, l, i, calls);
	/* All are connected before anybody gets in the way. */
	for (i = 0; i < CLIENTS; i++)
		bad += !UNTIL(atomic_load(&l->done[i]) > 0);
	while (n && pests < (n->kill ? 1 : 2)) {
		pest[pests] = fork_child();
		if (pest[pests] == 0 && n->kill)
			killer_main(r.port, kills);
		if (pest[pests] == 0)
			nuisance_main(r.port, n, l);
		pests++;
	}
	for (i = 0; i < CLIENTS; i++) {
		bad += reap(pid[i]) != 0;
		bad += atomic_load(&l->seen[i]) != calls;
		bad += atomic_load(&l->done[i]) != calls;
	}
	info = port_info(r.port);
	do_shutdown(r.port, LPC_SHUT_RECEIVE);
	bad += reap(server) != 0;
	for (i = 0; i < pests; i++)
		kill_reap(pest[i]);
	ok = !bad && !l->doubled && !l->skipped && !l->stale && !l->canceled &&
	     !l->failed && info.counters.replied == (__u64)calls * CLIENTS &&
	     balanced(&info.counters, info.calls_now);
	ksft_print_msg("%u calls in %llu ms; withdrawn %llu, killed in copy-out %u\n",
		       calls * CLIENTS, (unsigned long long)ms_since(begin),
		       info.counters.withdrawn, atomic_load(kills));
	if (!ok)
		ksft_print_msg("bad %d doubled %u skipped %u stale %u canceled %u failed %u (%s)\n",
			       bad, l->doubled, l->skipped, l->stale,
			       l->canceled, l->failed, strerror(-l->error));
	ksft_test_result(ok, "none lost, doubled or stale: %s\n",
			 n ? n->what : "restarting signals");
	rig_close(&r);
	munmap(l, sizeof(*l));
}

int main(int argc, char **argv)
{
	static const struct nuisance faulty = {
		.what = "receivers whose buffers fault",
		.room = LPC_INLINE_MAX,
		.fault = true,
	};
	static const struct nuisance small = {
		.what = "receivers with too little room",
		.room = 3,
	};
	static const struct nuisance killed = {
		.what = "receivers killed between pairing and copy-out",
		.kill = true,
	};
	int fd;

	if (argc > 1 && !strcmp(argv[1], "--full")) {
		plain_calls = 1000000;
		other_calls = 100000;
	} else if (long_form()) {
		plain_calls = 8000;
		other_calls = 4000;
	} else if (has_feature(LPC_HAS_DEBUG)) {
		plain_calls = 4000;
		other_calls = 2000;
	}
	/* A debug kernel could not do anything else at 1 kHz. */
	if (has_feature(LPC_HAS_DEBUG))
		period_ns = 10000000;
	ksft_print_header();
	ksft_set_plan(4);
	run(plain_calls, NULL);
	run(other_calls, &faulty);
	run(other_calls, &small);
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0) {
		ksft_test_result_skip("no userfaultfd for this user\n");
	} else {
		close(fd);
		run(other_calls, &killed);
	}
	ksft_finished();
}
