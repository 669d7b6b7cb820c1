// SPDX-License-Identifier: GPL-2.0-only
/*
 * Servers and clients that are killed, fork, exec and close at random, for a
 * given time, and the module unloaded and loaded between rounds.
 *
 *	make stress SECONDS=600 [KERNEL=debug]
 *	tools/vm/run --cmd './stress 600'
 *
 * Each call has a number. The server that works on it says so in memory that all
 * share, and the caller looks: a call that was replied to was done once, one of
 * which the kernel says that no server has seen it was done never, and none was
 * done twice. A call with a deadline of ten seconds that comes due hangs: its
 * server was there, or was gone and that had to be said. Splats and leaks are for
 * tools/vm/run to see.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <lpc.h>
#include <lpc/raw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVERS		3
#define CLIENTS		6
#define CALLERS		2	/* threads of a client that call */
#define PROCESSES	(SERVERS + CLIENTS)
#define ROUND_MS	8000u
#define LONG_MS		10000u
#define PAYLOAD_MAX	200u
#define SHARED_FD	200	/* the memory's, across exec */

enum { WORK = 1, ASK_BACK };

/* The call a caller is in: its number << 8 | how often it was done */
struct caller {
	_Atomic uint64_t now;
};

struct shared {
	struct caller callers[CLIENTS][CALLERS];
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic unsigned long calls, replied, not_seen, cut_off, datagrams, callbacks;
	_Atomic unsigned long quick, forks, execs, closes, signals;
	_Atomic unsigned long wrong, hangs;
};

struct request {
	uint32_t client;
	uint32_t caller;
	uint64_t number;
	uint32_t sum;
	uint32_t len;
	unsigned char data[PAYLOAD_MAX];
};

static struct shared *sh;

static uint32_t random_below(unsigned int *seed, uint32_t n)
{
	return (uint32_t)rand_r(seed) % n;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void wrong(const char *what, long n)
{
	fprintf(stderr, "stress: %s (%ld)\n", what, n);
	sh->wrong++;
}

static uint32_t sum_of(const unsigned char *p, uint32_t n)
{
	uint32_t sum = 1;

	while (n--)
		sum = sum * 31 + *p++;
	return sum;
}

/* ---- servers -------------------------------------------------------------- */

static void done(uint32_t client, uint32_t caller, uint64_t number)
{
	_Atomic uint64_t *word = &sh->callers[client][caller].now;
	uint64_t w = *word;

	while (w >> 8 == number && !atomic_compare_exchange_weak(word, &w, w + 1))
		;
}

static void ask_back(struct lpc_req *r, const struct request *q)
{
	uint64_t number = 0;
	ssize_t n = lpc_callback(r, ASK_BACK, &q->number, sizeof(q->number), &number,
				 sizeof(number), NULL);

	if (n == sizeof(number) && number != q->number + 1)
		wrong("a callback's answer is another's", (long)number);
	sh->callbacks++;
}

static int handler(struct lpc_req *r, void *arg)
{
	struct request q;

	(void)arg;
	if (r->code != WORK || r->len < offsetof(struct request, data) || r->len > sizeof(q)) {
		wrong("a request that nobody sent", (long)r->len);
		return -EINVAL;
	}
	memcpy(&q, r->data, r->len);
	if (q.len != r->len - offsetof(struct request, data) || q.client >= CLIENTS ||
	    q.caller >= CALLERS || sum_of(q.data, q.len) != q.sum) {
		wrong("a request is not as it was sent", (long)q.number);
		return -EINVAL;
	}
	if (r->flags & LPC_REQ_DATAGRAM)
		return 0;
	done(q.client, q.caller, q.number);
	if (!(q.number % 16) && !(r->flags & LPC_REQ_QUICK))
		ask_back(r, &q);
	q.sum++;
	return lpc_reply(r, 0, &q, r->len);
}

static void name_of(char *name, size_t room, unsigned int server)
{
	snprintf(name, room, "self/stress.%u", server);
}

static int serve(unsigned int index)
{
	char name[32];
	int r;

	name_of(name, sizeof(name), index);
	r = lpc_serve(name, handler, NULL, LPC_OPTS(lpc_server_opts, .threads = 2,
						    .flags = LPC_SERVE_QUICK));
	wrong("a server has gone by itself", r);
	return 1;
}

/* ---- clients -------------------------------------------------------------- */

struct client {
	uint32_t index;
	struct lpc_conn *conn;
	_Atomic bool over;
};

struct calling {
	struct client *client;
	uint32_t index;
	pthread_t thread;
	_Atomic bool left;
};

static int on_callback(struct lpc_req *r, void *arg)
{
	uint64_t number;

	(void)arg;
	if (r->len != sizeof(number))
		return -EINVAL;
	memcpy(&number, r->data, sizeof(number));
	number++;
	return lpc_reply(r, 0, &number, sizeof(number));
}

static uint32_t fill(struct request *q, uint32_t client, uint32_t caller, uint64_t number,
		     unsigned int *seed)
{
	uint32_t i;

	q->client = client;
	q->caller = caller;
	q->number = number;
	q->len = random_below(seed, PAYLOAD_MAX + 1);
	for (i = 0; i < q->len; i++)
		q->data[i] = (unsigned char)rand_r(seed);
	q->sum = sum_of(q->data, q->len);
	return (uint32_t)offsetof(struct request, data) + q->len;
}

/* Is what became of a call what its server says was done? */
static void compare(ssize_t n, uint32_t len, int taken, const struct request *q,
		    const struct request *reply, bool hasty)
{
	uint32_t times = (uint32_t)(sh->callers[q->client][q->caller].now & 0xff);

	sh->calls++;
	if (times > 1)
		wrong("a call was done more than once", (long)q->number);
	if (n >= 0) {
		sh->replied++;
		if (n != len || reply->number != q->number || reply->sum != q->sum + 1 ||
		    memcmp(reply->data, q->data, q->len))
			wrong("a reply is another's", (long)q->number);
		if (times != 1)
			wrong("a call was replied to and not done", (long)q->number);
		return;
	}
	if (taken)
		sh->cut_off++;
	else
		sh->not_seen++;
	if (!taken && times)
		wrong("a call was done that no server has seen", (long)q->number);
	if (n == -ETIMEDOUT && !hasty) {
		fprintf(stderr, "stress: a call hangs: %llu\n", (unsigned long long)q->number);
		sh->hangs++;
	} else if (n != -ETIMEDOUT && n != -EPIPE && n != -ECONNRESET && n != -ESHUTDOWN &&
		   n != -EINTR && n != -EBADF) {
		wrong("a call ended as none can", (long)n);
	}
}

static void *call_on_and_on(void *arg)
{
	struct calling *me = arg;
	struct client *c = me->client;
	unsigned int seed = (unsigned int)(getpid() * CALLERS + (int)me->index);
	struct caller *at = &sh->callers[c->index][me->index];
	struct request q, reply;
	uint64_t number;
	uint32_t len;
	ssize_t n = 0;

	while (!c->over && (n >= 0 || n == -ETIMEDOUT || n == -EINTR)) {
		bool hasty = !random_below(&seed, 50);
		int taken = 1;

		number = (at->now >> 8) + 1;
		len = fill(&q, c->index, me->index, number, &seed);
		at->now = number << 8;
		n = lpc_call(c->conn, WORK, &q, len, &reply, sizeof(reply),
			     LPC_OPTS(lpc_call_opts, .taken = &taken, .callback = on_callback,
				      .deadline = lpc_in_ms(hasty ? 1 : LONG_MS),
				      .flags = LPC_CALL_EINTR));
		compare(n, len, taken, &q, &reply, hasty);
	}
	me->left = true;
	return NULL;
}

static void send_one(struct client *c, unsigned int *seed)
{
	struct request q;
	uint32_t len = fill(&q, c->index, 0, 0, seed);

	if (!lpc_send(c->conn, WORK, &q, len, LPC_NOW))
		sh->datagrams++;
}

/* What has no number of its own: whether it is done twice is not looked at. */
static void go_quick(struct client *c, unsigned int *seed)
{
	struct lpc_quick *quick;
	struct request q, reply;
	uint32_t len;
	ssize_t n = 0;
	int i;

	if (lpc_quick_open(&quick, c->conn, NULL))
		return;
	for (i = 0; i < 20 && n >= 0; i++) {
		len = fill(&q, c->index, 0, 0, seed);
		n = lpc_quick_call(quick, WORK, &q, len, &reply, sizeof(reply),
				   LPC_OPTS(lpc_call_opts, .deadline = lpc_in_ms(LONG_MS)));
		if (n == -ETIMEDOUT)
			sh->hangs++;
		if (n >= 0 && (n != len || reply.sum != q.sum + 1))
			wrong("a quick reply is another's", (long)n);
	}
	sh->quick += (unsigned long)i;
	lpc_quick_close(quick);
}

/* A child has the end too, and uses it past the library, until it dies. */
static void fork_one(struct client *c, unsigned int *seed)
{
	bool execs = random_below(seed, 2);
	pid_t pid = fork();

	if (pid < 0)
		return;
	sh->forks++;
	if (!pid) {
		struct lpc_msg m = { .code = 99 };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (lpc_call(c->conn, WORK, NULL, 0, NULL, 0, NULL) != -ECHILD)
			wrong("a child may use its parent's connection", 0);
		m.deadline = lpc_in_ms(1);
		lpc_sys_call(lpc_conn_fd(c->conn), &m);
		if (execs)
			execl("/proc/self/exe", "stress", "--exit", NULL);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Once through a connection; true: the process is to be another from now on. */
static bool one_connection(struct client *c, struct calling *callers, unsigned int *seed)
{
	struct lpc_shutdown down = { .flags = LPC_SHUT_ALL };
	char name[32];
	bool exec_now = false;
	int i, r, rounds = 20 + (int)random_below(seed, 60);

	name_of(name, sizeof(name), random_below(seed, SERVERS));
	r = lpc_connect(&c->conn, name, LPC_OPTS(lpc_connect_opts, .flags = LPC_WAIT_NAME,
						 .section = LPC_NO_SECTION,
						 .deadline = lpc_in_ms(LONG_MS)));
	if (r == -ETIMEDOUT)
		sh->hangs++;
	if (r < 0)		/* the server was killed meanwhile */
		return false;
	c->over = false;
	for (i = 0; i < CALLERS; i++) {
		callers[i] = (struct calling){ .client = c, .index = (uint32_t)i };
		if (pthread_create(&callers[i].thread, NULL, call_on_and_on, &callers[i]))
			exit(0);
	}
	while (rounds-- && !callers[0].left && !exec_now) {
		switch (random_below(seed, 8)) {
		case 0:
			send_one(c, seed);
			break;
		case 1:
			go_quick(c, seed);
			break;
		case 2:
			fork_one(c, seed);
			break;
		case 3:
			pthread_kill(callers[random_below(seed, CALLERS)].thread, SIGUSR1);
			sh->signals++;
			break;
		case 4:
			exec_now = !random_below(seed, 16);
			break;
		default:
			sched_yield();
		}
	}
	if (exec_now)
		return true;	/* with both threads in their calls */
	/* Under the calls of both threads, or when they have come back. */
	c->over = true;
	if (random_below(seed, 2))
		lpc_sys_shutdown(lpc_conn_fd(c->conn), &down);
	for (i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
	lpc_conn_close(c->conn);
	sh->closes++;
	return false;
}

static int be_client(uint32_t index)
{
	struct sigaction act = { .sa_handler = on_signal };
	unsigned int seed = (unsigned int)getpid();
	struct calling callers[CALLERS];
	struct client c = { .index = index };
	char text[16];

	sigaction(SIGUSR1, &act, NULL);
	while (!one_connection(&c, callers, &seed))
		;
	sh->execs++;
	snprintf(text, sizeof(text), "%u", index);
	execl("/proc/self/exe", "stress", "--client", text, NULL);
	return 1;
}

/* ---- all of them ---------------------------------------------------------- */

static pid_t start(unsigned int i)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("stress: fork");
		exit(1);
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(i < SERVERS ? serve(i) : be_client(i - SERVERS));
	}
	return pid;
}

static void ended(pid_t *pids, pid_t pid, int status, bool again)
{
	unsigned int i;

	for (i = 0; i < PROCESSES && pids[i] != pid; i++)
		;
	if (i == PROCESSES)		/* a child of one that was killed */
		return;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		wrong("a process has gone by itself", status);
	pids[i] = again ? start(i) : 0;
}

static unsigned long run_round(unsigned int ms, unsigned int *seed)
{
	uint64_t until = now_ms() + ms;
	unsigned long killed = 0;
	pid_t pids[PROCESSES], pid;
	unsigned int i;
	int status;

	for (i = 0; i < PROCESSES; i++)
		pids[i] = start(i);
	while (now_ms() < until) {
		usleep(5000 + random_below(seed, 40000));
		kill(pids[random_below(seed, PROCESSES)], SIGKILL);
		killed++;
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			ended(pids, pid, status, true);
	}
	for (i = 0; i < PROCESSES; i++)
		kill(pids[i], SIGKILL);
	while ((pid = waitpid(-1, &status, 0)) > 0)
		ended(pids, pid, status, false);
	return killed;
}

/* Nobody has anything of it any more: it must go at once, and come back. */
static int reload(const char *module)
{
	int fd, ret;

	if (syscall(SYS_delete_module, "lpc", O_NONBLOCK)) {
		perror("stress: the module does not go");
		return -1;
	}
	fd = open(module, O_RDONLY | O_CLOEXEC);
	ret = (int)syscall(SYS_finit_module, fd, "", 0);
	if (ret)
		perror("stress: the module does not come back");
	close(fd);
	return ret;
}

static void map_shared(bool fresh)
{
	int fd = SHARED_FD;

	if (fresh) {
		fd = memfd_create("stress", 0);
		if (fd < 0 || ftruncate(fd, sizeof(*sh)) || dup2(fd, SHARED_FD) < 0) {
			perror("stress: memfd");
			exit(1);
		}
	}
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sh == MAP_FAILED) {
		perror("stress: mmap");
		exit(1);
	}
}

static void report(uint64_t seconds, unsigned long killed, unsigned long reloads)
{
	printf("stress: %llu s: %lu calls: %lu replied, %lu not seen by any server, %lu cut off;\n"
	       "  %lu quick calls, %lu datagrams, %lu callbacks; %lu closed, %lu signals, %lu forks,\n"
	       "  %lu execs, %lu processes killed, %lu module reloads;\n"
	       "  %lu hangs, %lu lost, doubled or otherwise wrong\n", (unsigned long long)seconds,
	       sh->calls, sh->replied, sh->not_seen, sh->cut_off, sh->quick, sh->datagrams,
	       sh->callbacks, sh->closes, sh->signals, sh->forks, sh->execs, killed, reloads,
	       sh->hangs, sh->wrong);
}

int main(int argc, char **argv)
{
	unsigned int seed = (unsigned int)time(NULL);
	unsigned long killed = 0, reloads = 0;
	uint64_t begin, now, until;

	if (argc > 1 && !strcmp(argv[1], "--exit"))
		return 0;
	map_shared(argc <= 2);
	if (argc > 2 && !strcmp(argv[1], "--client"))
		return be_client((uint32_t)atoi(argv[2]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	printf("stress: seed %u\n", seed);
	begin = now_ms();
	until = begin + (argc > 1 ? (uint64_t)atoi(argv[1]) : 60) * 1000;
	while ((now = now_ms()) < until && !sh->wrong && !sh->hangs) {
		killed += run_round((unsigned int)(until - now < ROUND_MS ? until - now : ROUND_MS),
				    &seed);
		if (reload("/lpc.ko"))
			return 1;
		reloads++;
		printf("  %llu s, %lu calls\n", (unsigned long long)(now_ms() - begin) / 1000,
		       sh->calls);
	}
	report((now_ms() - begin) / 1000, killed, reloads);
	return sh->wrong || sh->hangs || !sh->replied || !sh->cut_off || !killed;
}
