// SPDX-License-Identifier: GPL-2.0-only
/*
 * pair.c - a fresh pair of processes, a stretch of round trips, what they took
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "count.h"
#include "marks.h"

#define FDS		256	/* more than anything here has beside its connections */
#define STRETCH_NS	UINT64_C(250000000)	/* one stretch of round trips, about */
#define TURNS_LEAST	8u

/* What the children tell their parent */
struct told {
	struct result result;
	atomic_int server_error, client_error;
	atomic_bool finished;	/* the client has its result */
	uint64_t ns[];		/* of each round trip */
};

int pair_share(struct pair *p, size_t bytes)
{
	void *at;

	if (!bytes)
		bytes = 1;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	p->shm = at;
	p->shm_bytes = bytes;
	return 0;
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- the two processes ---------------------------------------------------- */

/* Each connection is a descriptor on both sides. */
static int room_for(uint32_t connections)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l))
		return -errno;
	if (l.rlim_cur >= 2 * (rlim_t)connections + FDS)
		return 0;
	l.rlim_cur = 2 * (rlim_t)connections + FDS;
	if (l.rlim_max < l.rlim_cur)
		l.rlim_max = l.rlim_cur;
	return setrlimit(RLIMIT_NOFILE, &l) ? -errno : 0;
}

static int settle(const struct plan *plan, int cpu, pid_t parent)
{
	cpu_set_t set;

	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return -ECHILD;
	r = room_for(plan->idle + plan->names);
	if (r || plan->place == PLACE_FREE)
		return r;
	CPU_ZERO(&set);
	CPU_SET(plan->place == PLACE_TWO ? cpu : 0, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

static int own_buffer(struct pair *p)
{
	size_t n = p->bytes ? p->bytes : 1;

	p->buf = malloc(n);
	if (!p->buf)
		return -ENOMEM;
	memset(p->buf, 0, n);
	return 0;
}

/* An echo that returns something else measures something else. */
static int check(struct pair *p)
{
	size_t i;
	int r;

	for (i = 0; i < p->bytes; i++)
		p->buf[i] = (char)(i * 7 + 1);
	r = p->mech->turn(p);
	for (i = 0; i < p->bytes && r == 0; i++)
		if (p->buf[i] != (char)(i * 7 + 1))
			r = -EBADMSG;
	return r;
}

static int turns(struct pair *p, uint32_t n)
{
	int r = 0;

	while (n-- && r == 0)
		r = p->mech->turn(p);
	return r;
}

static int marked(struct pair *p, uint32_t n)
{
	int r = 0;

	mark(MARK_START);
	while (n-- && r == 0) {
		r = p->mech->turn(p);
		mark(MARK_TURN);
	}
	mark(MARK_STOP);
	return r;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t share(const uint64_t *ns, uint32_t n, uint32_t per_mille)
{
	return ns[(uint64_t)(n - 1) * per_mille / 1000];
}

static int each(struct pair *p, uint32_t n, struct told *told)
{
	struct result *res = &told->result;
	uint64_t t0;
	uint32_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++) {
		t0 = now(CLOCK_MONOTONIC);
		r = p->mech->turn(p);
		told->ns[i] = now(CLOCK_MONOTONIC) - t0;
	}
	qsort(told->ns, n, sizeof(*told->ns), ascending);
	res->p50 = share(told->ns, n, 500);
	res->p90 = share(told->ns, n, 900);
	res->p99 = share(told->ns, n, 990);
	res->p999 = share(told->ns, n, 999);
	res->max = told->ns[n - 1];
	return r;
}

/*
 * Three stretches: one that only the clock frames, one that it cuts, one in
 * which the kernel counts, which costs time.
 */
static int measure(struct pair *p, uint32_t n, struct told *told)
{
	struct result *res = &told->result;
	clockid_t clock;
	uint64_t t0, cpu;
	int r;

	if (clock_getcpuclockid(p->server, &clock))
		return -ESRCH;
	res->turns = n;
	res->switches = -count_switches(getpid()) - count_switches(p->server);
	cpu = now(clock) + now(CLOCK_PROCESS_CPUTIME_ID);
	t0 = now(CLOCK_MONOTONIC);
	r = turns(p, n);
	res->mean = (now(CLOCK_MONOTONIC) - t0) / n;
	res->cpu = (now(clock) + now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n;
	res->switches += count_switches(getpid()) + count_switches(p->server);
	res->switches /= n;
	if (r == 0)
		r = each(p, n, told);
	if (r == 0) {
		struct counters c;

		count_begin(&c, getpid(), p->server);
		r = turns(p, n);
		count_end(&c, n, &res->calls, &res->wakes);
	}
	return r;
}

/*
 * Warms it up and says how many round trips a stretch then has: where each takes
 * milliseconds, fewer than planned.
 */
static int warm_up(struct pair *p, const struct plan *plan, uint32_t *n)
{
	uint64_t t0 = now(CLOCK_MONOTONIC), took = 0;
	uint32_t i = 0;
	int r = 0;

	while (r == 0 && i < plan->warm_up && (took < STRETCH_NS || i < TURNS_LEAST)) {
		r = p->mech->turn(p);
		took = now(CLOCK_MONOTONIC) - t0;
		i++;
	}
	*n = plan->turns;
	if (i && took / i * *n > STRETCH_NS)
		*n = (uint32_t)(STRETCH_NS / (took / i));
	if (*n < TURNS_LEAST)
		*n = plan->turns < TURNS_LEAST ? plan->turns : TURNS_LEAST;
	return r;
}

static int more(struct pair *p, const struct plan *plan, struct told *told)
{
	uint64_t bytes, t0;
	int r;

	if (!plan->idle)
		return 0;
	if (!p->mech->more)
		return -EOPNOTSUPP;
	bytes = count_kernel_bytes();
	t0 = now(CLOCK_MONOTONIC);
	r = p->mech->more(p, plan->idle);
	told->result.idle_ns = (now(CLOCK_MONOTONIC) - t0) / plan->idle;
	told->result.idle_bytes = (count_kernel_bytes() - bytes) / plan->idle;
	return r;
}

static void burn(uint64_t ns)
{
	uint64_t t0 = now(CLOCK_PROCESS_CPUTIME_ID);

	while (ns && now(CLOCK_PROCESS_CPUTIME_ID) - t0 < ns)
		;
}

static int client(struct pair *p, const struct plan *plan, struct told *told, pid_t parent)
{
	int r = settle(plan, 0, parent);
	uint32_t n = 0;

	if (r == 0)
		r = own_buffer(p);
	if (r == 0)
		r = p->mech->connect(p);
	if (r == 0)
		r = check(p);
	if (r == 0)
		r = more(p, plan, told);
	if (r == 0)
		r = warm_up(p, plan, &n);
	burn(plan->ahead_ns);
	if (r == 0)
		r = plan->marks ? marked(p, plan->turns) : measure(p, n, told);
	return r;
}

static int server(struct pair *p, const struct plan *plan, pid_t parent)
{
	int r = settle(plan, 1, parent);

	if (r == 0)
		r = own_buffer(p);
	if (r == 0 && plan->names)
		r = p->mech->names ? p->mech->names(p, plan->names) : -EOPNOTSUPP;
	return r ? r : p->mech->serve(p);
}

/* ---- their parent --------------------------------------------------------- */

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Until the client is through, or one of them has died */
static int watch(pid_t client_pid, pid_t server_pid, struct told *told)
{
	struct pollfd f[2] = {
		{ .fd = (int)syscall(SYS_pidfd_open, client_pid, 0), .events = POLLIN },
		{ .fd = (int)syscall(SYS_pidfd_open, server_pid, 0), .events = POLLIN },
	};
	int r = f[0].fd < 0 || f[1].fd < 0 ? -errno : 0;

	while (r == 0 && poll(f, 2, -1) < 0)
		if (errno != EINTR)
			r = -errno;
	close(f[0].fd);
	close(f[1].fd);
	if (r || atomic_load(&told->finished))
		return r;
	r = atomic_load(&told->client_error);
	if (!r || r == -EPIPE)
		r = atomic_load(&told->server_error);
	return r ? r : -ECHILD;
}

/* Does not return. */
static void child(struct pair *p, const struct plan *plan, struct told *told, pid_t parent,
		  bool serves)
{
	if (serves) {
		atomic_store(&told->server_error, server(p, plan, parent));
	} else {
		int r = client(p, plan, told, parent);

		atomic_store(&told->client_error, r);
		atomic_store(&told->finished, r == 0);
	}
	_exit(0);
}

static int run(struct pair *p, const struct plan *plan, struct told *told)
{
	pid_t parent = getpid(), client_pid;
	int r;

	fflush(NULL);
	p->server = fork();
	if (p->server == 0)
		child(p, plan, told, parent, true);
	if (p->server < 0)
		return -errno;
	client_pid = fork();
	if (client_pid == 0)
		child(p, plan, told, parent, false);
	r = client_pid < 0 ? -errno : watch(client_pid, p->server, told);
	if (client_pid > 0)
		end(client_pid);
	end(p->server);
	return r;
}

int pair_run(const struct mech *m, const struct plan *plan, struct result *res)
{
	static unsigned int number;
	struct pair p = { .mech = m, .bytes = plan->bytes, .fd = { -1, -1, -1, -1 } };
	size_t room = sizeof(struct told) + plan->turns * sizeof(uint64_t);
	struct told *told;
	int r;

	if (plan->bytes < m->min || (m->max && plan->bytes > m->max))
		return -EMSGSIZE;
	told = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return -errno;
	/* not while it is measured */
	memset(told, 0, room);
	snprintf(p.name, sizeof(p.name), "self/bench.%d.%u", getpid(), number++);
	r = m->make(&p);
	if (r == 0)
		r = run(&p, plan, told);
	if (r == 0)
		*res = told->result;
	if (m->drop)
		m->drop(&p);
	for (size_t i = 0; i < sizeof(p.fd) / sizeof(*p.fd); i++)
		if (p.fd[i] >= 0)
			close(p.fd[i]);
	if (p.shm)
		munmap(p.shm, p.shm_bytes);
	munmap(told, room);
	return r;
}
