// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd.c - several clients of one server with several threads: calls a second
 *
 *	bench crowd SECONDS [ROUNDS]
 *	bench profile SHAPE [TURNS [ROUNDS]]
 *
 * 64 bytes there and back: one client and one server thread on one CPU; eight
 * clients and two threads, where the scheduler puts them. The same over AF_UNIX
 * seqpacket, a connection for each client and the threads in epoll with
 * EPOLLEXCLUSIVE. Beside these two clients, each with a server and a CPU of its
 * own: they have nothing in common, so what they reach is what this machine's
 * second CPU is worth. The shapes take turns; of each the median round counts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <lpc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "count.h"
#include "crowd.h"
#include "marks.h"

#define BYTES		64u
#define CLIENTS_MAX	8u
#define START_MS	10000
#define ROUNDS_MAX	32
#define PROFILED_S	0.04	/* of the guest, and a quarter of it before */

struct shape {
	const char *name;		/* of one that can be profiled alone */
	const char *text;
	bool sockets, pinned;
	unsigned int servers, clients, threads;	/* of each server */
	double rates[ROUNDS_MAX], switches[ROUNDS_MAX];
};

enum { LPC_ONE, LPC_APART, LPC_CROWD, UNIX_ONE, UNIX_APART, UNIX_CROWD, SHAPES };

/* What the processes of a round share; a line of its own for each counter */
struct round {
	atomic_bool go, stop;
	atomic_int error, ready;
	struct {
		_Alignas(64) atomic_ulong n;
	} calls[CLIENTS_MAX];
};

static struct round *shared;
static char port[64];
static unsigned int server_no;	/* whom this process is, or calls */
static int pairs[CLIENTS_MAX][2];

static int failed(int r)
{
	int none = 0;

	if (r < 0)
		atomic_compare_exchange_strong(&shared->error, &none, r);
	return r;
}

/* ---- LPC ------------------------------------------------------------------- */

static int echo(struct lpc_req *r, void *arg)
{
	(void)arg;
	return lpc_reply(r, 0, r->data, r->len);
}

static int serve_lpc(const struct shape *s)
{
	return lpc_serve(port, echo, NULL, LPC_OPTS(lpc_server_opts, .threads = s->threads));
}

static int call_lpc(void *conn, unsigned int i, char *buf)
{
	ssize_t n = lpc_call(conn, 0, buf, BYTES, buf, BYTES, NULL);

	(void)i;
	return n < 0 ? (int)n : n == BYTES ? 0 : -EPROTO;
}

/* ---- sockets --------------------------------------------------------------- */

static void *epoll_thread(void *arg)
{
	struct epoll_event e[CLIENTS_MAX];
	char buf[BYTES];
	const struct shape *s = arg;
	int fd = epoll_create1(EPOLL_CLOEXEC), n;

	for (unsigned int k = 0; k < s->clients; k++) {
		unsigned int i = server_no * s->clients + k;

		e[0].events = EPOLLIN | EPOLLEXCLUSIVE;
		e[0].data.fd = pairs[i][1];
		if (epoll_ctl(fd, EPOLL_CTL_ADD, pairs[i][1], e))
			failed(-errno);
	}
	for (;;) {
		n = epoll_wait(fd, e, CLIENTS_MAX, -1);
		for (int i = 0; i < n; i++)
			/* another thread may have been faster */
			if (recv(e[i].data.fd, buf, BYTES, MSG_DONTWAIT) == BYTES &&
			    send(e[i].data.fd, buf, BYTES, MSG_NOSIGNAL) != BYTES)
				failed(-errno);
	}
	return NULL;
}

static int serve_unix(struct shape *s)
{
	pthread_t t;

	for (unsigned int i = 1; i < s->threads; i++)
		if (pthread_create(&t, NULL, epoll_thread, s))
			return -EAGAIN;
	epoll_thread(s);
	return 0;
}

static int call_unix(void *conn, unsigned int i, char *buf)
{
	(void)conn;
	if (send(pairs[i][0], buf, BYTES, MSG_NOSIGNAL) != BYTES ||
	    recv(pairs[i][0], buf, BYTES, 0) != BYTES)
		return errno ? -errno : -EPIPE;
	return 0;
}

/* ---- a round --------------------------------------------------------------- */

static void client(const struct shape *s, unsigned int i)
{
	struct lpc_connect_opts o = {
		.size = sizeof(o), .flags = LPC_WAIT_NAME, .deadline = lpc_in_ms(START_MS),
		.section = LPC_NO_SECTION,
	};
	int (*call)(void *conn, unsigned int i, char *buf) = s->sockets ? call_unix : call_lpc;
	struct lpc_conn *c = NULL;
	char buf[BYTES] = "";
	int r = s->sockets ? 0 : lpc_connect(&c, port, &o);

	if (r == 0)
		r = call(c, i, buf);
	failed(r);
	shared->ready++;
	while (!shared->go)
		sched_yield();
	while (r == 0 && !shared->stop) {
		r = call(c, i, buf);
		shared->calls[i].n++;
		mark(MARK_TURN);
	}
	/* whose server has been killed at the end has done well */
	if (!shared->stop)
		failed(r);
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		failed(-errno);
}

static unsigned int clients_of(const struct shape *s)
{
	return s->servers * s->clients;
}

/* The servers come first, then the clients. */
static pid_t child(struct shape *s, unsigned int i)
{
	pid_t parent = getpid(), pid = fork();
	bool serves = i < s->servers;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	i -= serves ? 0 : s->servers;
	server_no = serves ? i : i / s->clients;
	snprintf(port + strlen(port), sizeof(port) - strlen(port), ".%u", server_no);
	if (s->pinned)
		pin(server_no);
	if (!serves)
		client(s, i);
	else
		failed(s->sockets ? serve_unix(s) : serve_lpc(s));
	_exit(0);
}

static void nap(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned long sum(const struct shape *s)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < clients_of(s); i++)
		n += shared->calls[i].n;
	return n;
}

static double switches_of(const pid_t *pids, unsigned int n)
{
	double all = 0;

	for (unsigned int i = 0; i < n; i++)
		all += count_switches(pids[i]);
	return all;
}

/* For @seconds, and again until at least @turns calls have been made */
static int play(struct shape *s, double seconds, unsigned long turns, double *rate,
		double *switches)
{
	static unsigned int number;
	unsigned int i, n = 0, clients = clients_of(s);
	pid_t pids[2 * CLIENTS_MAX];
	unsigned long calls;
	double t0;
	int r = 0;

	memset(shared, 0, sizeof(*shared));
	snprintf(port, sizeof(port), "self/crowd.%d.%u", getpid(), number++);
	for (i = 0; s->sockets && i < clients; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pairs[i]))
			return -errno;
	for (i = 0; i < s->servers + clients && r == 0; i++) {
		pids[i] = child(s, i);
		if (pids[i] < 0)
			r = -errno;
		else
			n++;
	}
	t0 = now();
	while (r == 0 && shared->ready < (int)clients && now() - t0 < START_MS / 1e3)
		nap(0.01);
	if (r == 0 && shared->ready < (int)clients)
		r = -ETIMEDOUT;
	shared->go = true;
	nap(seconds / 4);
	t0 = now();
	calls = sum(s);
	*switches = switches_of(pids, n);
	mark(MARK_START);
	do
		nap(seconds);
	while (r == 0 && !shared->error && sum(s) - calls < turns);
	mark(MARK_STOP);
	calls = sum(s) - calls;
	*rate = (double)calls / (now() - t0);
	*switches = (switches_of(pids, n) - *switches) / (double)calls;
	shared->stop = true;
	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
	for (i = 0; s->sockets && i < clients; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	return r ? r : shared->error;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct shape shapes[SHAPES] = {
	[LPC_ONE] = {
		.text = "lpc_call, 1 client, 1 thread, one CPU",
		.servers = 1, .clients = 1, .threads = 1, .pinned = true,
	},
	[LPC_APART] = {
		.text = "lpc_call, twice that, a CPU each",
		.servers = 2, .clients = 1, .threads = 1, .pinned = true,
	},
	[LPC_CROWD] = {
		.name = "lpc_crowd", .text = "lpc_call, 8 clients, 2 threads",
		.servers = 1, .clients = 8, .threads = 2,
	},
	[UNIX_ONE] = {
		.text = "unix seqpacket, 1 client, 1 thread, one CPU", .sockets = true,
		.servers = 1, .clients = 1, .threads = 1, .pinned = true,
	},
	[UNIX_APART] = {
		.text = "unix seqpacket, twice that, a CPU each", .sockets = true,
		.servers = 2, .clients = 1, .threads = 1, .pinned = true,
	},
	[UNIX_CROWD] = {
		.name = "unix_crowd", .text = "unix seqpacket, 8 clients, 2 threads",
		.sockets = true,
		.servers = 1, .clients = 8, .threads = 2,
	},
};

static int share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	return shared == MAP_FAILED ? -errno : 0;
}

static int play_or_say(struct shape *s, double seconds, unsigned long turns, double *rate,
		       double *switches)
{
	int r = play(s, seconds, turns, rate, switches);

	if (r < 0)
		fprintf(stderr, "bench: %s: %s\n", s->text, strerror(-r));
	return r;
}

static struct shape *find(const char *name)
{
	for (int i = 0; i < SHAPES; i++)
		if (shapes[i].name && strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	return NULL;
}

bool crowd_has(const char *name)
{
	return find(name);
}

void crowd_list(void)
{
	for (int i = 0; i < SHAPES; i++)
		if (shapes[i].name)
			printf("%-16s %s\n", shapes[i].name, shapes[i].text);
}

int crowd_profile(const char *name, unsigned long turns, int rounds)
{
	struct shape *s = find(name);
	double rate, switches;
	int r = s ? share() : -EINVAL;

	for (int k = 0; k < rounds && r == 0; k++) {
		r = play_or_say(s, PROFILED_S, turns, &rate, &switches);
		if (r == 0)
			printf("window: %s\n", name);
	}
	return r;
}

static bool has_cpus(const struct shape *s)
{
	return !s->pinned || (long)s->servers <= sysconf(_SC_NPROCESSORS_ONLN);
}

int crowd(double seconds, int rounds)
{
	double median[SHAPES];
	int r;

	if (rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	r = share();
	if (r < 0)
		return r;
	for (int k = 0; k < rounds; k++) {
		for (int i = 0; i < SHAPES; i++) {
			if (!has_cpus(&shapes[i]))
				continue;
			r = play_or_say(&shapes[i], seconds, 0, &shapes[i].rates[k],
					&shapes[i].switches[k]);
			if (r < 0)
				return r;
		}
	}
	for (int i = 0; i < SHAPES; i++) {
		double *rates = shapes[i].rates, *switches = shapes[i].switches;

		if (!has_cpus(&shapes[i]))
			continue;
		qsort(rates, (size_t)rounds, sizeof(*rates), ascending);
		qsort(switches, (size_t)rounds, sizeof(*switches), ascending);
		median[i] = rates[rounds / 2];
		printf("calls a second: %-46s %8.0f (%.0f to %.0f), switches a call %.2f\n",
		       shapes[i].text, median[i], rates[0], rates[rounds - 1],
		       switches[rounds / 2]);
	}
	printf("ratios: eight clients to one %.2f (1.60), to eight on sockets %.2f (2.00)\n",
	       median[LPC_CROWD] / median[LPC_ONE], median[LPC_CROWD] / median[UNIX_CROWD]);
	if (has_cpus(&shapes[LPC_APART]))
		printf("what a second CPU is worth: lpc_call %.2f, unix seqpacket %.2f\n",
		       median[LPC_APART] / median[LPC_ONE],
		       median[UNIX_APART] / median[UNIX_ONE]);
	return 0;
}
