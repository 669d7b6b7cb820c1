// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd.c - several clients of one server with several threads: calls a second
 *
 *	bench crowd SECONDS [ROUNDS]
 *
 * 64 bytes there and back: one client and one server thread on one CPU; eight
 * clients and two threads, where the scheduler puts them. The same over AF_UNIX
 * seqpacket, a connection for each client and the threads in epoll with
 * EPOLLEXCLUSIVE. The shapes take turns; of each the median round counts.
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

#include "crowd.h"

#define BYTES		64u
#define CLIENTS_MAX	8u
#define START_MS	10000
#define ROUNDS_MAX	32

struct shape {
	const char *text;
	bool sockets;
	unsigned int clients, threads;
	bool one_cpu;
	double rates[ROUNDS_MAX];
};

enum { LPC_ONE, LPC_CROWD, UNIX_ONE, UNIX_CROWD, SHAPES };

/* What the processes of a round share; a line of its own for each counter */
struct round {
	atomic_bool go, stop;
	atomic_int error, ready;
	struct {
		_Alignas(64) atomic_ulong n;
	} calls[CLIENTS_MAX];
};

static struct round *shared;
static char name[64];
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
	return lpc_serve(name, echo, NULL, LPC_OPTS(lpc_server_opts, .threads = s->threads));
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

	for (unsigned int i = 0; i < s->clients; i++) {
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
	int r = s->sockets ? 0 : lpc_connect(&c, name, &o);

	if (r == 0)
		r = call(c, i, buf);
	failed(r);
	shared->ready++;
	while (!shared->go)
		sched_yield();
	while (r == 0 && !shared->stop) {
		r = call(c, i, buf);
		shared->calls[i].n++;
	}
	failed(r);
}

static pid_t child(struct shape *s, int client_no)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (client_no >= 0)
		client(s, (unsigned int)client_no);
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

	for (unsigned int i = 0; i < s->clients; i++)
		n += shared->calls[i].n;
	return n;
}

static int play(struct shape *s, double seconds, double *rate)
{
	static unsigned int number;
	pid_t pids[CLIENTS_MAX + 1];
	unsigned int i, n = 0;
	unsigned long calls;
	cpu_set_t all, one;
	double t0;
	int r = 0;

	memset(shared, 0, sizeof(*shared));
	snprintf(name, sizeof(name), "self/crowd.%d.%u", getpid(), number++);
	for (i = 0; s->sockets && i < s->clients; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pairs[i]))
			return -errno;
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (s->one_cpu)
		sched_setaffinity(0, sizeof(one), &one);
	for (i = 0; i <= s->clients && r == 0; i++) {
		pids[i] = child(s, (int)i - 1);
		if (pids[i] < 0)
			r = -errno;
		else
			n++;
	}
	sched_setaffinity(0, sizeof(all), &all);
	t0 = now();
	while (r == 0 && shared->ready < (int)s->clients && now() - t0 < START_MS / 1e3)
		nap(0.01);
	if (r == 0 && shared->ready < (int)s->clients)
		r = -ETIMEDOUT;
	shared->go = true;
	nap(seconds / 4);
	t0 = now();
	calls = sum(s);
	nap(seconds);
	*rate = (double)(sum(s) - calls) / (now() - t0);
	shared->stop = true;
	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
	for (i = 0; s->sockets && i < s->clients; i++) {
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

int crowd(double seconds, int rounds)
{
	static struct shape shapes[SHAPES] = {
		[LPC_ONE] = { "lpc_call, 1 client, 1 thread, one CPU", false, 1, 1, true, { 0 } },
		[LPC_CROWD] = { "lpc_call, 8 clients, 2 threads", false, 8, 2, false, { 0 } },
		[UNIX_ONE] = { "unix seqpacket, 1 client, 1 thread, one CPU", true, 1, 1, true,
			       { 0 } },
		[UNIX_CROWD] = { "unix seqpacket, 8 clients, 2 threads", true, 8, 2, false,
				 { 0 } },
	};
	double median[SHAPES];

	if (rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	for (int k = 0; k < rounds; k++) {
		for (int i = 0; i < SHAPES; i++) {
			int r = play(&shapes[i], seconds, &shapes[i].rates[k]);

			if (r < 0) {
				fprintf(stderr, "bench: %s: %s\n", shapes[i].text, strerror(-r));
				return r;
			}
		}
	}
	for (int i = 0; i < SHAPES; i++) {
		double *rates = shapes[i].rates;

		qsort(rates, (size_t)rounds, sizeof(*rates), ascending);
		median[i] = rates[rounds / 2];
		printf("calls a second: %-46s %8.0f (%.0f to %.0f)\n", shapes[i].text,
		       median[i], rates[0], rates[rounds - 1]);
	}
	printf("ratios: eight clients to one %.2f (1.60), to eight on sockets %.2f (2.00)\n",
	       median[LPC_CROWD] / median[LPC_ONE], median[LPC_CROWD] / median[UNIX_CROWD]);
	return 0;
}
