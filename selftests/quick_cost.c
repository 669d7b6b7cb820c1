// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a blocking round trip of 64 bytes through shared memory costs, by event
 * pair and by two eventfds, and where its wakes land. Not a test of the list:
 * tools/bench/quick boots it, and says what is asked of the numbers.
 *
 *   quick_cost cost        one CPU under icount: instructions, switches, wakes
 *   quick_cost place       two CPUs: where wakes land, by trace events
 *   quick_cost loaded      two CPUs, a busy loop where the pair started: p99
 *   quick_cost hammer      two CPUs, eight threads write to the page: how long
 *                          an EVENT takes
 */
#include "common_event.h"

#include <sys/eventfd.h>

#define TRACEFS	"/sys/kernel/tracing"
#define BYTES	64
#define WARM	2000
#define TURNS	20000
#define TRACED	2000
#define ROUNDS	5

/* All processes have it. */
struct shared {
	char request[BYTES];
	char reply[BYTES];
	atomic_bool leave;	/* the serving process */
	atomic_int ready;	/* the calling process has called a few times */
	uint64_t took[TURNS];	/* what it has measured */
	uint64_t ns;		/* all turns together */
	long switches;		/* its own and the server's meanwhile */
};

struct way {
	const char *name;
	int (*call)(void);	/* wake the server, wait for it */
	int (*serve)(bool first);	/* answer, unless @first; wait */
};

static struct shared *shm;
static struct evpair ev;
static int to_server, to_client;

static int eventfd_call(void)
{
	__u64 n = 1;

	return write(to_server, &n, sizeof(n)) != sizeof(n) ||
	       read(to_client, &n, sizeof(n)) != sizeof(n);
}

static int eventfd_serve(bool first)
{
	__u64 n = 1;

	return (!first && write(to_client, &n, sizeof(n)) != sizeof(n)) ||
	       read(to_server, &n, sizeof(n)) != sizeof(n);
}

/*
 * Set one, wait for the other, as <linux/lpc.h> has it: the peer sleeps, so one
 * EVENT does it all.
 */
static int event_turn(int fd, unsigned int set, unsigned int wait)
{
	struct lpc_event e = { .set = set, .wait = wait };

	if (set && !(word_read(ev_word(ev.page, set)) & ASLEEP)) {
		if (__atomic_fetch_or(ev_word(ev.page, set), IS_SET,
				      __ATOMIC_SEQ_CST) & ASLEEP)
			e.flags = LPC_EVENT_WAS_SET;
		else
			e.set = 0;
	}
	return ioctl(fd, LPC_IOC_EVENT, &e);
}

static int event_call(void)
{
	return event_turn(ev.high, HIGH, LOW);
}

static int event_serve(bool first)
{
	return event_turn(ev.low, first ? 0 : LOW, HIGH);
}

static const struct way ways[] = {
	{ "eventfd", eventfd_call, eventfd_serve },
	{ "event pair", event_call, event_serve },
};

/* Copied out at both sides, as a program does before it looks. */
static void serve(const struct way *w)
{
	char copy[BYTES];
	bool first = true;

	for (;; first = false) {
		if (w->serve(first))
			_exit(1);
		if (atomic_load_explicit(&shm->leave, memory_order_relaxed))
			_exit(0);
		memcpy(copy, shm->request, BYTES);
		copy[0]++;
		memcpy(shm->reply, copy, BYTES);
	}
}

static void turns(const struct way *w, int n, uint64_t *took)
{
	char copy[BYTES] = { 0 };
	uint64_t t0 = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (took)
			t0 = now_ns();
		memcpy(shm->request, copy, BYTES);
		if (w->call())
			exit(1);
		memcpy(copy, shm->reply, BYTES);
		if (took)
			took[i] = now_ns() - t0;
	}
}

/* Voluntary and other switches of a process that has one thread */
static long switches(pid_t pid)
{
	char path[64], line[128];
	long n, sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

/* The calling process: what it measures lies in shm when it ends. */
static void call_often(const struct way *w, pid_t server, int n, bool each,
		       struct gate *go)
{
	uint64_t t0;

	ev.page = ev_map(ev.high);
	turns(w, WARM, NULL);
	if (go) {
		atomic_store(&shm->ready, 1);
		gate_wait(go);
	}
	shm->switches = -switches(getpid()) - switches(server);
	t0 = now_ns();
	turns(w, n, each ? shm->took : NULL);
	shm->ns = now_ns() - t0;
	shm->switches += switches(getpid()) + switches(server);
	_exit(0);
}

/* Two processes that are nothing to each other but this */
static pid_t start_server(const struct way *w)
{
	pid_t pid;

	atomic_store(&shm->leave, false);
	atomic_store(&shm->ready, 0);
	pid = fork_child();
	if (!pid) {
		ev.page = ev_map(ev.low);
		serve(w);
	}
	return pid;
}

static pid_t start_client(const struct way *w, pid_t server, int n, bool each,
			  struct gate *go)
{
	pid_t pid = fork_child();

	if (!pid)
		call_often(w, server, n, each, go);
	return pid;
}

static void stop(const struct way *w, pid_t server)
{
	atomic_store(&shm->leave, true);
	if (w->call == event_call)
		ev_set(ev.high, HIGH);
	else if (write(to_server, &(__u64){ 1 }, 8) != 8)
		exit(1);
	reap(server);
	ev_reset(ev.high, LOW | HIGH);
}

static void run(const struct way *w, int n)
{
	pid_t server = start_server(w);
	pid_t client = start_client(w, server, n, false, NULL);

	if (reap(client))
		exit(1);
	stop(w, server);
}

/* ---- trace events -------------------------------------------------------- */

static int tracing(const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), TRACEFS "/%s", file);
	return write_file(path, "%s", value);
}

static bool trace_start(pid_t a, pid_t b)
{
	char filter[64];

	snprintf(filter, sizeof(filter), "pid == %d || pid == %d", a, b);
	int clear = open(TRACEFS "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (clear < 0)
		return false;
	close(clear);
	if (tracing("tracing_on", "0") || tracing("buffer_size_kb", "4096") ||
	    tracing("events/sched/sched_waking/filter", filter) ||
	    tracing("events/sched/sched_wakeup/filter", filter) ||
	    tracing("events/sched/sched_waking/enable", "1") ||
	    tracing("events/sched/sched_wakeup/enable", "1"))
		return false;
	return !tracing("tracing_on", "1");
}

/*
 * sched_waking is told by the waker, sched_wakeup perhaps by the CPU where the
 * thread lands; the n-th of a thread belong together.
 */
static void trace_stop(int *wakes, int *here)
{
	char line[512], *p, *at;
	int from[2] = { -1, -1 }, pids[2] = { 0 }, pid, cpu, k;
	FILE *f;

	tracing("tracing_on", "0");
	tracing("events/sched/enable", "0");
	*wakes = 0;
	*here = 0;
	f = fopen(TRACEFS "/trace", "re");
	while (f && fgets(line, sizeof(line), f)) {
		p = strstr(line, "sched_wak");
		at = strchr(line, '[');
		if (line[0] == '#' || !p || !at || !strstr(p, "pid="))
			continue;
		pid = atoi(strstr(p, "pid=") + 4);
		k = pids[0] == pid || !pids[0] ? 0 : 1;
		pids[k] = pid;
		if (!strncmp(p, "sched_waking", 12)) {
			from[k] = atoi(at + 1);
		} else {
			cpu = atoi(strstr(p, "target_cpu=") + 11);
			*wakes += 1;
			*here += cpu == from[k];
		}
	}
	if (f)
		fclose(f);
}

/* Traces @n turns; false where there are no trace events. */
static bool traced(const struct way *w, int n, int *wakes, int *here)
{
	pid_t server, client;
	struct gate go;
	bool ok;

	gate_init(&go);
	server = start_server(w);
	client = start_client(w, server, n, false, &go);
	if (!UNTIL(atomic_load(&shm->ready)))
		exit(1);
	ok = trace_start(client, server);
	gate_post(&go, 1);
	if (reap(client))
		exit(1);
	trace_stop(wakes, here);
	stop(w, server);
	gate_destroy(&go);
	return ok;
}

/* ---- the three modes ------------------------------------------------------ */

static int measure_cost(void)
{
	uint64_t best[ARRAY_SIZE(ways)];
	double switched[ARRAY_SIZE(ways)];
	unsigned int i, r;
	int wakes, here;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		best[i] = UINT64_MAX;
	for (r = 0; r < ROUNDS; r++) {
		for (i = 0; i < ARRAY_SIZE(ways); i++) {
			run(&ways[i], TURNS);
			printf("# %s: %llu\n", ways[i].name,
			       (unsigned long long)shm->ns / TURNS);
			if (shm->ns / TURNS >= best[i])
				continue;
			best[i] = shm->ns / TURNS;
			switched[i] = (double)shm->switches / TURNS;
		}
	}
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!traced(&ways[i], TRACED, &wakes, &here))
			wakes = -TRACED;
		printf("cost: %-10s %6llu instructions, %.2f switches, %.2f wakes a round trip\n",
		       ways[i].name, (unsigned long long)best[i], switched[i],
		       (double)wakes / TRACED);
	}
	printf("cost: ratio %.3f\n", (double)best[1] / best[0]);
	return 0;
}

static int measure_place(void)
{
	unsigned int i, r;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		int wakes = 0, here = 0, w, h;

		for (r = 0; r < ROUNDS; r++) {
			if (!traced(&ways[i], TRACED, &w, &h)) {
				printf("place: no trace events here\n");
				return 4;
			}
			wakes += w;
			here += h;
		}
		printf("place: %-10s %d wakes in %d round trips, %d on the waker's CPU: %.2f %%\n",
		       ways[i].name, wakes, ROUNDS * TRACED, here,
		       wakes ? 100.0 * here / wakes : 100.0);
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static pid_t hog_on(int cpu)
{
	pid_t pid = fork_child();
	cpu_set_t set;

	if (pid)
		return pid;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (;;)
		;
}

/* The CPU where a process runs or ran last, field 39 of its stat */
static int cpu_of(pid_t pid)
{
	char path[64], line[512], *p;
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	p = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	for (i = 2; p && i < 39; i++)
		p = strchr(p + 1, ' ');
	return p ? atoi(p) : 0;
}

/* Every second round the other way first: what drifts hits both. */
static int measure_loaded(void)
{
	static uint64_t took[ARRAY_SIZE(ways)][ROUNDS * TURNS];
	unsigned int i, r, n;

	for (r = 0; r < ROUNDS; r++) {
		for (n = 0; n < ARRAY_SIZE(ways); n++) {
			pid_t server, client, hog;
			struct gate go;

			i = r % 2 ? ARRAY_SIZE(ways) - 1 - n : n;
			gate_init(&go);
			server = start_server(&ways[i]);
			client = start_client(&ways[i], server, TURNS, true, &go);
			if (!UNTIL(atomic_load(&shm->ready)))
				return 1;
			hog = hog_on(cpu_of(client));
			gate_post(&go, 1);
			if (reap(client))
				return 1;
			kill_reap(hog);
			stop(&ways[i], server);
			gate_destroy(&go);
			memcpy(took[i] + r * TURNS, shm->took,
			       sizeof(shm->took));
		}
	}
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		qsort(took[i], ROUNDS * TURNS, sizeof(**took), by_size);
		printf("loaded: %-10s p50 %.1f us, p99 %.1f us, p99.9 %.1f us\n",
		       ways[i].name, took[i][ROUNDS * TURNS / 2] / 1e3,
		       took[i][ROUNDS * TURNS / 100 * 99] / 1e3,
		       took[i][ROUNDS * TURNS / 1000 * 999] / 1e3);
	}
	return 0;
}

/* ---- a hostile page -------------------------------------------------------- */

#define CALLS	20000
#define SCALE	100	/* 50 us where a call takes half a microsecond */

/* The thread's own time: another thread's turn does not count. */
static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Sorted, while @at is hammered */
static void hammered(const char *where, void *at, uint64_t *took)
{
	struct hammers h;
	unsigned int i;

	hammers_start(&h, at);
	for (i = 0; i < CALLS; i++) {
		struct lpc_event e = hammered_event(i);

		took[i] = cpu_ns();
		ioctl(i & 256 ? ev.low : ev.high, LPC_IOC_EVENT, &e);
		took[i] = cpu_ns() - took[i];
	}
	hammers_stop(&h);
	qsort(took, CALLS, sizeof(*took), by_size);
	printf("hammer: %-10s median %.1f us, p99 %.1f us, longest %.1f us\n",
	       where, took[CALLS / 2] / 1e3, took[CALLS / 100 * 99] / 1e3,
	       took[CALLS - 1] / 1e3);
}

static int above(const uint64_t *took, uint64_t limit)
{
	int n = 0;

	while (n < CALLS && took[CALLS - 1 - n] > limit)
		n++;
	return n;
}

/*
 * What an interrupt and the host take is in both; a loop that the page could
 * keep going is in one alone.
 */
static int measure_hammer(void)
{
	static uint64_t quiet[CALLS], noisy[CALLS];
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	static _Atomic __u32 own[64];
	uint64_t limit;

	ev.page = ev_map(ev.low);
	hammered("own memory", own, quiet);
	hammered("the page", ev.page, noisy);
	limit = SCALE * quiet[CALLS / 2];
	printf("hammer: above %.1f us (50 where a call takes 0.5): %d, %d of %d\n",
	       limit / 1e3, above(quiet, limit), above(noisy, limit), CALLS);
	return above(noisy, limit) > 2 * above(quiet, limit) + 5;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	/* Who looks on sees that it lives. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	shm = mmap(NULL, sizeof(*shm), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	to_server = eventfd(0, EFD_CLOEXEC);
	to_client = eventfd(0, EFD_CLOEXEC);
	if (shm == MAP_FAILED || to_server < 0 || to_client < 0 || ev_make(&ev))
		return 1;
	if (!strcmp(what, "cost"))
		return measure_cost();
	if (!strcmp(what, "place"))
		return measure_place();
	if (!strcmp(what, "loaded"))
		return measure_loaded();
	if (!strcmp(what, "hammer"))
		return measure_hammer();
	fprintf(stderr, "usage: quick_cost cost | place | loaded | hammer\n");
	return 2;
}
