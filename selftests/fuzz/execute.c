// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes, and one program in them: actors are sent off, do their operations, are
 * called back if they stay too long; the last of a process closes and unmaps what there
 * is. Then every count of the module must be back at 0.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STILL_MS	4u	/* that all sleep, after which they are interrupted */
#define PROGRAM_MS	300u	/* after that nobody begins anything */
#define UNBORN_MS	1000u	/* for a child to tell its number */
#define HANG_MS		90000u	/* and after that somebody hangs */
#define COUNTS_MS	5000u	/* for counts to go back to 0 */

struct fuzz_shared *sh;

const uint8_t fuzz_proc_of[ACTORS] = {
	PROC_ROOT, PROC_ROOT, PROC_ROOT, PROC_USER, PROC_USER,
	PROC_NAMESPACE, PROC_CHILD, PROC_CHILD2,
};

static struct actor threads[ACTORS];
static __thread struct actor *self;
static unsigned int namespaces;
static int device = -1;

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Return: as the system call. 0 ms: for ever */
int futex_wait(_Atomic uint32_t *word, uint32_t value, unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	return result(syscall(SYS_futex, word, FUTEX_WAIT, value, ms ? &t : NULL, NULL, 0));
}

/* All who wait */
static void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- in an executing process --------------------------------------------------- */

static void on_kick(int sig)
{
	(void)sig;
}

static void on_fault(int sig)
{
	struct actor *me = self;

	if (!me || !me->armed)
		_exit(99);
	if (sig == SIGBUS)
		finding("SIGBUS from a view", me->index);
	siglongjmp(me->jump, 1);
}

static void signals(void)
{
	struct sigaction kick = { .sa_handler = on_kick };
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	int sig;

	for (sig = 1; sig < 32; sig++)
		if (sig != SIGUSR1 && sig != SIGUSR2)
			signal(sig, SIG_DFL);
	sigaction(SIGUSR1, &kick, NULL);
	kick.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &kick, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* nobody waits for what was forked */
	signal(SIGCHLD, SIG_IGN);
}

/* The last actor of a process leaves nothing for the next program. */
static void clean(unsigned int proc)
{
	struct fuzz_view v;
	unsigned int i;
	int fd;

	for (i = 0; i < SLOTS - 1; i++) {
		fd = atomic_exchange(&sh->procs[proc].fd[i], -1);
		if (fd >= 0)
			close(fd);
	}
	/* and of what its maker could not read the number */
	close_range((unsigned int)device + 1, 599, 0);
	for (i = 0; i < VIEWS; i++)
		if (view_take(proc, i, &v))
			munmap((void *)v.base, v.size);
}

/* One more has begun, or all are over: who awaits that goes on. */
static void actor_at(struct fuzz_actor *a)
{
	a->at++;
	if (sh->awaiting)
		futex_wake(&a->at);
}

/* What this process has open is what they connect to. */
static void wait_for_others(struct fuzz_actor *a)
{
	a->state = ACTOR_WAITS;
	actor_at(a);
	sh->done++;
	futex_wake(&sh->done);
	while (!sh->closing)
		futex_wait(&sh->closing, 0, 0);
}

static void act(struct actor *me)
{
	struct fuzz_actor *a = &sh->actors[me->index];
	unsigned int i;

	for (i = 0; i < sh->count && !sh->stop; i++) {
		const struct fuzz_op *op = &sh->ops[i];

		if (op->actor % ACTORS != me->index)
			continue;
		actor_at(a);
		sh->said[i] = -EINTR;
		sh->said[i] = (int16_t)fuzz_verbs[op->code % fuzz_nr_verbs].run(me, op);
	}
	ids_restore(me);
	fds_restore();
	connects_end(me);
	if (atomic_fetch_sub(&sh->procs[me->proc].busy, 1) == 1) {
		if (me->proc < PROC_CHILD)
			wait_for_others(a);
		clean(me->proc);
	}
	a->state = ACTOR_IDLE;
	actor_at(a);
	sh->done++;
	futex_wake(&sh->done);
}

static void come_up(struct actor *me)
{
	self = me;
	/* in a pid namespace of its own it does not know its number */
	if (me->proc != PROC_NAMESPACE)
		sh->actors[me->index].tid = (int)syscall(SYS_gettid);
	cover_thread(me->index);
}

static void *loop(void *arg)
{
	struct actor *me = arg;
	struct fuzz_actor *a = &sh->actors[me->index];
	uint32_t seen = a->go;

	come_up(me);
	sh->procs[me->proc].ready++;
	while (!sh->over) {
		while (a->go == seen && !sh->over)
			futex_wait(&a->go, seen, 0);
		seen = a->go;
		if (a->state == ACTOR_RUNS)
			act(me);
	}
	return NULL;
}

/* In the child of FORK: what is left of its program, then it ends. */
void child_actor(unsigned int index)
{
	struct actor *me = &threads[index];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sh->procs[me->proc].pid = (int)syscall(SYS_getpid);
	come_up(me);
	act(me);
	_exit(0);
}

static void become(unsigned int proc)
{
	if (proc == PROC_USER) {
		if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
			_exit(98);
		/* /proc files of its own */
		prctl(PR_SET_DUMPABLE, 1);
	} else if (proc == PROC_NAMESPACE) {
		/* its parent writes the maps */
		while (!sh->procs[proc].ready)
			usleep(100);
		if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
			_exit(98);
	}
}

static void process(unsigned int proc)
{
	struct actor *first = NULL;
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signals();
	become(proc);
	for (i = 0; i < CHILD_ACTOR; i++) {
		if (fuzz_proc_of[i] != proc)
			continue;
		if (!first)
			first = &threads[i];
		else if (pthread_create(&thread, NULL, loop, &threads[i]))
			_exit(97);
	}
	loop(first);
	_exit(0);
}

/* ---- in the fuzzer ---------------------------------------------------------------- */

static void write_map(pid_t pid, const char *what, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

static void start(unsigned int proc)
{
	struct fuzz_proc *p = &sh->procs[proc];
	unsigned long flags = SIGCHLD;
	unsigned int i, want = 0;
	pid_t pid;

	memset(p->view, 0, sizeof(p->view));
	p->view_lock = 0;
	p->spent = 0;
	p->ready = 0;
	p->busy = 0;
	for (i = 0; i < SLOTS - 1; i++)
		p->fd[i] = -1;
	p->fd[SLOTS - 1] = device;
	for (i = 0; i < CHILD_ACTOR; i++)
		want += fuzz_proc_of[i] == proc;
	/* every other one has names of its own */
	if (proc == PROC_NAMESPACE)
		flags |= CLONE_NEWUSER | CLONE_NEWPID | (namespaces++ & 1 ? CLONE_NEWIPC : 0);
	fflush(NULL);
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
	if (!pid)
		process(proc);
	if (pid < 0) {
		perror("fuzz: clone");
		exit(2);
	}
	p->pid = pid;
	if (proc == PROC_NAMESPACE) {
		sh->actors[NAMESPACE_ACTOR].tid = pid;
		write_map(pid, "uid_map", "0 1001 1\n");
		write_map(pid, "setgroups", "deny");
		write_map(pid, "gid_map", "0 1001 1\n");
		p->ready = 1;
		want++;
	}
	while (p->ready < (int)want && kill(pid, 0) == 0 && !waitpid(pid, NULL, WNOHANG))
		usleep(200);
}

static void stop(unsigned int proc)
{
	struct fuzz_proc *p = &sh->procs[proc];

	if (!p->pid)
		return;
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}

static void gone(unsigned int proc)
{
	unsigned int i;

	for (i = 0; i < ACTORS; i++)
		if (fuzz_proc_of[i] == proc) {
			sh->actors[i].state = ACTOR_IDLE;
			sh->actors[i].tid = 0;
		}
	sh->procs[proc].pid = 0;
}

/* A child of FORK is reaped by itself, or here if its parent is gone. */
static bool child_lives(pid_t pid)
{
	return !waitpid(pid, NULL, WNOHANG) || !kill(pid, 0);
}

static bool is_on(unsigned int actor)
{
	return sh->actors[actor].state == ACTOR_RUNS ||
	       (sh->closing && sh->actors[actor].state == ACTOR_WAITS);
}

static bool any_runs(unsigned int first, unsigned int behind)
{
	while (first < behind && !is_on(first))
		first++;
	return first < behind;
}

/*
 * Who was killed inside fork() has left an actor that runs and has no process. A
 * child tells its number first of all.
 */
static void unborn(void)
{
	static uint64_t since;
	unsigned int i;

	if (any_runs(0, CHILD_ACTOR) || !any_runs(CHILD_ACTOR, ACTORS)) {
		since = 0;
		return;
	}
	if (!since)
		since = now_ms();
	if (now_ms() - since < UNBORN_MS)
		return;
	for (i = PROC_CHILD; i < PROCS; i++)
		if (!sh->procs[i].pid)
			gone(i);
}

/* Who has died runs no more. Return: does anybody run? */
static bool running(void)
{
	unsigned int i;
	int pid;

	for (i = 0; i < PROCS; i++) {
		pid = sh->procs[i].pid;
		if (!pid)
			continue;
		if (i < PROC_CHILD ? waitpid(pid, NULL, WNOHANG) != 0 : !child_lives(pid))
			gone(i);
	}
	unborn();
	return any_runs(0, ACTORS);
}

static void kick(void)
{
	unsigned int i;

	for (i = 0; i < ACTORS; i++) {
		struct fuzz_proc *p = &sh->procs[fuzz_proc_of[i]];

		if (!is_on(i) || !p->pid || !sh->actors[i].tid)
			continue;
		/* it may stand still because of a KICK whose sender is gone */
		kill(p->pid, SIGCONT);
		syscall(SYS_tgkill, (long)p->pid, (long)sh->actors[i].tid, SIGUSR1);
	}
}

/* What /proc says of an actor that runs; else an empty text */
static void text_of(unsigned int actor, const char *what, char *text, size_t room)
{
	char path[48];
	ssize_t n;
	int fd;

	text[0] = 0;
	if (!is_on(actor) || !sh->actors[actor].tid)
		return;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)sh->actors[actor].tid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, room - 1);
	text[n > 0 ? n : 0] = 0;
	close(fd);
}

/*
 * Does each that runs sleep? Then nothing goes on but a deadline's time. Who is only
 * slow is left alone: a signal would make of its next wait another one.
 */
static bool all_sleep(void)
{
	const char *state;
	char text[128];
	unsigned int i;

	for (i = 0; i < ACTORS; i++) {
		text_of(i, "stat", text, sizeof(text));
		state = strrchr(text, ')');
		if (state && (state[2] == 'R' || state[2] == 'D'))
			return false;
	}
	return true;
}

static void say_where(void)
{
	char text[4096];
	unsigned int i;

	for (i = 0; i < ACTORS; i++) {
		text_of(i, "stack", text, sizeof(text));
		if (text[0])
			printf("fuzz: actor %u hangs at its operation %u:\n%s\n", i,
			       (unsigned int)sh->actors[i].at, text);
	}
}

static uint32_t begun(void)
{
	uint32_t sum = sh->done;
	unsigned int i;

	for (i = 0; i < ACTORS; i++)
		sum += sh->actors[i].at;
	return sum;
}

static void wait_for_all(void)
{
	uint64_t t0 = now_ms(), now, moved = t0;
	uint32_t done, sum = 0;

	for (;;) {
		done = sh->done;
		if (!running())
			return;
		now = now_ms();
		if (begun() != sum) {
			sum = begun();
			moved = now;
		}
		if (now - t0 > PROGRAM_MS)
			sh->stop = 1;
		if (now - moved > STILL_MS && (sh->stop || all_sleep()))
			kick();
		if (now - t0 > HANG_MS) {
			say_where();
			finding("actors that do not come back", 0);
			return;
		}
		futex_wait(&sh->done, done, 2);
	}
}

static void children_end(void)
{
	unsigned int i;
	int pid;

	for (i = PROC_CHILD; i < PROCS; i++) {
		pid = sh->procs[i].pid;
		while (pid && child_lives(pid)) {
			kill(pid, SIGKILL);
			usleep(200);
		}
		gone(i);
	}
}

/*
 * Who is charged. Each keeps an event pair of its own, so that the module remembers it
 * and what it has; beside that it has nothing between two programs.
 */
static const uid_t users[] = { 0, 1000, 1001 };
#define PAIR_FDS	630

static void be(uid_t uid)
{
	syscall(SYS_setresuid, (long)uid, -1L, -1L);
}

static void keep_users(void)
{
	struct lpc_event_pair pair;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users); i++) {
		memset(&pair, 0, sizeof(pair));
		be(users[i]);
		if (ioctl(device, LPC_IOC_EVENT_PAIR, &pair) < 0) {
			perror("fuzz: EVENT_PAIR");
			exit(2);
		}
		be(0);
		dup3(pair.low, PAIR_FDS + 2 * (int)i, O_CLOEXEC);
		dup3(pair.high, PAIR_FDS + 2 * (int)i + 1, O_CLOEXEC);
		close(pair.low);
		close(pair.high);
	}
}

/* Of what a user has more than that in use; 0: of nothing */
static unsigned int in_use(uid_t uid)
{
	struct lpc_info info = { 0 };
	unsigned int i;

	be(uid);
	if (ioctl(device, LPC_IOC_INFO, &info) < 0)
		finding("INFO fails", errno);
	be(0);
	for (i = 0; i < LPC_LIMIT_MAX; i++)
		if (info.limits[i].in_use > (i == LPC_LIMIT_EVENT_PAIRS ? 1u : 0u))
			return i;
	return 0;
}

/* Who still has something open, for who reads of the finding */
static void say_who(void)
{
	char text[96];
	unsigned int i;

	fflush(stdout);
	for (i = 0; i < PROC_CHILD; i++) {
		snprintf(text, sizeof(text), "ls -l /proc/%d/fd 2>/dev/null | grep lpc",
			 (int)sh->procs[i].pid);
		if (sh->procs[i].pid && !system(text))
			printf("fuzz: these are open in process %u\n", i);
	}
	if (system("lpcctl list; lpcctl ps"))
		printf("fuzz: no lpcctl\n");
}

static void look_at_counts(void)
{
	uint64_t t0 = now_ms();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users); i++) {
		while (in_use(users[i]) && now_ms() - t0 < COUNTS_MS)
			usleep(1000);
		if (!in_use(users[i]))
			continue;
		say_who();
		finding("a limit's use is not back at 0: 10000 * limit + uid",
			10000 * in_use(users[i]) + users[i]);
	}
}

/* ---- sysctls ---------------------------------------------------------------------- */

const char *const fuzz_sysctls[SYSCTLS] = {
	"ports", "connections", "port_connections", "pending", "user_pending", "port_share",
	"name_waiters", "datagrams", "calls", "callback_depth", "watches", "event_pairs", "quick",
	"section_bytes", "section_max", "callback_ms", "unprivileged_create",
	"unprivileged_connect",
};

static char sysctl_values[SYSCTLS][32];

static void sysctls(bool put)
{
	unsigned int i;
	char path[64];
	ssize_t n;
	int fd;

	for (i = 0; i < SYSCTLS; i++) {
		snprintf(path, sizeof(path), "/proc/sys/lpc/%s", fuzz_sysctls[i]);
		if (put) {
			write_file(path, sysctl_values[i]);
			continue;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, sysctl_values[i], sizeof(sysctl_values[i]) - 1);
		(void)n;
		close(fd);
	}
	write_file("/sys/module/lpc/parameters/debug_fail", "0");
	write_file("/sys/module/lpc/parameters/debug_wake_delay_us", "0");
	write_file("/sys/kernel/tracing/events/lpc/enable", "0");
}

/* ---- -------------------------------------------------------------------------------- */

void execute_init(void)
{
	unsigned int i;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED) {
		perror("fuzz: mmap");
		exit(2);
	}
	memory_map();
	for (i = 0; i < ACTORS; i++) {
		threads[i].index = i;
		threads[i].proc = fuzz_proc_of[i];
		threads[i].arena = (uint8_t *)(ARENA_BASE + i * ARENA_SIZE);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	device = open("/dev/lpc", O_RDWR | O_CLOEXEC);
	if (device < 0) {
		perror("fuzz: /dev/lpc");
		exit(2);
	}
	keep_users();
	sysctls(false);
}

static bool is_sweep(const struct fuzz_op *op)
{
	return fuzz_verbs[op->code % fuzz_nr_verbs].run == do_sweep;
}

/* Runs a program; what is wrong then stands in sh->finding. */
void execute(const uint8_t *data, size_t size)
{
	unsigned int i, used = 0, procs = 0;
	bool failing = false;

	sh->count = (uint32_t)(size / sizeof(struct fuzz_op));
	if (sh->count > OPS_MAX)
		sh->count = OPS_MAX;
	memcpy(sh->ops, data, sh->count * sizeof(struct fuzz_op));
	memset(sh->ids, 0, sizeof(sh->ids));
	memset(sh->results, 0, sizeof(sh->results));
	memset(sh->said, 1, sizeof(sh->said));
	for (i = 0; i < sh->count; i++) {
		unsigned int actor = sh->ops[i].actor % ACTORS;

		failing |= sh->ops[i].fail || is_sweep(&sh->ops[i]);
		if (actor < CHILD_ACTOR) {
			used |= 1u << actor;
			procs |= 1u << fuzz_proc_of[actor];
		}
	}
	sh->awaiting = 0;
	sh->closing = 0;
	sh->stop = 0;
	for (i = 0; i < PROC_CHILD; i++) {
		if (!(procs & 1u << i))
			continue;
		if (!sh->procs[i].pid)
			start(i);
		sh->procs[i].busy = 0;
	}
	for (i = 0; i < CHILD_ACTOR; i++)
		if (used & 1u << i)
			sh->procs[fuzz_proc_of[i]].busy++;
	cover_begin();
	for (i = 0; i < CHILD_ACTOR; i++) {
		if (!(used & 1u << i))
			continue;
		sh->actors[i].at = 0;
		sh->actors[i].state = ACTOR_RUNS;
	}
	for (i = 0; i < CHILD_ACTOR; i++) {
		if (!(used & 1u << i))
			continue;
		sh->actors[i].go++;
		futex_wake(&sh->actors[i].go);
	}
	wait_for_all();
	sh->closing = 1;
	futex_wake(&sh->closing);
	wait_for_all();
	children_end();
	for (i = 0; i < PROC_CHILD; i++)
		if (sh->procs[i].spent)
			stop(i);
	if (sh->sysctls) {
		sh->sysctls = 0;
		sysctls(true);
	}
	cover_end(failing);
	if (!sh->found)
		look_at_counts();
}

/* The last program, what became of each operation, and how long it took */
void execute_print(unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < sh->count; i++) {
		printf("%10s ", sh->said[i] > 0 ? "-" : strerrorname_np(-sh->said[i]));
		text_print(stdout, (const uint8_t *)&sh->ops[i], sizeof(sh->ops[i]));
	}
	printf("%u ms\n\n", ms);
}

void execute_end(void)
{
	unsigned int i;

	sh->over = 1;
	for (i = 0; i < PROC_CHILD; i++)
		stop(i);
	close_range(PAIR_FDS, PAIR_FDS + 2 * ARRAY_SIZE(users) - 1, 0);
	close(device);
}
