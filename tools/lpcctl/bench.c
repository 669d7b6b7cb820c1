// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench.c - one fresh pair of processes, many round trips
 */
#include <errno.h>
#include <lpc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "text.h"

#define BATCH		20u
#define WARM_UP		200u
#define START_MS	10000

struct trip {
	struct lpc_conn *conn;	/* or: */
	int fd;
};

static void pin(const struct bench *b)
{
	cpu_set_t set;

	if (b->cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(b->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int once_lpc(const struct trip *t, const struct bench *b)
{
	char buf[BENCH_BYTES_MAX] = { 0 };
	ssize_t n = lpc_call(t->conn, 0, buf, b->bytes, buf, sizeof(buf), NULL);

	return n < 0 ? (int)n : n == b->bytes ? 0 : -EPROTO;
}

static int once_unix(const struct trip *t, const struct bench *b)
{
	char buf[BENCH_BYTES_MAX] = { 0 };
	ssize_t n = send(t->fd, buf, b->bytes, MSG_NOSIGNAL);

	if (n == b->bytes)
		n = recv(t->fd, buf, sizeof(buf), 0);
	return n < 0 ? -errno : n == b->bytes ? 0 : -EPROTO;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int measure(const struct bench *b, const struct trip *t,
		   int (*once)(const struct trip *, const struct bench *), uint64_t *median)
{
	size_t batches = b->calls / BATCH;
	uint64_t *ns = calloc(batches, sizeof(*ns));
	int r = ns ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < WARM_UP && r == 0; i++)
		r = once(t, b);
	for (size_t i = 0; i < batches && r == 0; i++) {
		uint64_t begin = time_now();

		for (uint32_t j = 0; j < BATCH && r == 0; j++)
			r = once(t, b);
		ns[i] = (time_now() - begin) / BATCH;
	}
	if (r == 0) {
		qsort(ns, batches, sizeof(*ns), ascending);
		*median = ns[batches / 2];
	}
	free(ns);
	return r;
}

/* In the child; the parent ends it. */
static void prepare_child(const struct bench *b, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	pin(b);
}

static int echo(struct lpc_req *r, void *arg)
{
	(void)arg;
	return lpc_reply(r, 0, r->data, r->len);
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* What the child cannot make, the parent must learn of. */
static int connect_to(pid_t child, const char *name, struct lpc_conn **c)
{
	uint64_t end = lpc_in_ms(START_MS);
	int r;

	do {
		r = lpc_connect(c, name, LPC_OPTS(lpc_connect_opts, .deadline = lpc_in_ms(200),
						  .flags = LPC_WAIT_NAME));
		if (r == -ETIMEDOUT && waitpid(child, NULL, WNOHANG) == child)
			return -ECHILD;
	} while (r == -ETIMEDOUT && time_now() < end);
	return r;
}

int bench_lpc(const struct bench *b, uint64_t *median)
{
	static unsigned int number;
	pid_t parent = getpid(), pid;
	struct trip t = { .fd = -1 };
	char name[64];
	int r;

	snprintf(name, sizeof(name), "self/bench.%d.%u", parent, number++);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prepare_child(b, parent);
		_exit(lpc_serve(name, echo, NULL, NULL) < 0);
	}
	pin(b);
	r = connect_to(pid, name, &t.conn);
	if (r == -ECHILD)
		return r;
	if (r == 0) {
		r = measure(b, &t, once_lpc, median);
		lpc_conn_close(t.conn);
	}
	end_child(pid);
	return r;
}

static void serve_unix(int fd)
{
	char buf[BENCH_BYTES_MAX];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
}

int bench_unix(const struct bench *b, uint64_t *median)
{
	pid_t parent = getpid(), pid;
	struct trip t;
	int fd[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		prepare_child(b, parent);
		serve_unix(fd[1]);
		_exit(0);
	}
	close(fd[1]);
	if (pid < 0) {
		r = -errno;
	} else {
		pin(b);
		t.fd = fd[0];
		r = measure(b, &t, once_unix, median);
		end_child(pid);
	}
	close(fd[0]);
	return r;
}
