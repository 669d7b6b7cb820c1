/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common_process.h - processes with gates between them, users, what /proc says of a
 * thread, sysctls.
 */
#ifndef LPC_SELFTESTS_COMMON_PROCESS_H
#define LPC_SELFTESTS_COMMON_PROCESS_H

#include "common_base.h"

/* ---- processes ----------------------------------------------------------- */

/*
 * fork_child(): 0 in the child, which dies with its parent. A child says what
 * it expects with must() and ends with _exit(0); reap() returns its exit
 * status, 128 + n if signal n ended it, -errno.
 */
static inline pid_t fork_child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

#define must(cond) do {							\
	errno = 0;							\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: child: %s (%s)\n", __FILE__,	\
			__LINE__, #cond, strerror(errno));		\
		_exit(99);						\
	}								\
} while (0)

/* The same for a value: shows what came instead */
#define must_be(want, expr) do {					\
	long long __w = (want), __g = (expr);				\
									\
	if (__w != __g) {						\
		fprintf(stderr, "# %s:%d: child: %s is %lld, not %lld\n", \
			__FILE__, __LINE__, #expr, __g, __w);		\
		_exit(99);						\
	}								\
} while (0)

static inline int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int kill_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	return reap(pid);
}

/*
 * A gate: one process posts numbers, another waits for them. Made before the
 * fork, works in both directions, but one only.
 */
struct gate {
	int fd[2];
};

static inline void gate_init(struct gate *g)
{
	if (pipe2(g->fd, O_CLOEXEC) < 0)
		abort();
}

static inline void gate_post(struct gate *g, uint64_t value)
{
	if (write(g->fd[1], &value, sizeof(value)) != sizeof(value))
		_exit(98);
}

/* The next number posted; a process that never gets one ends after 25 s */
static inline uint64_t gate_wait(struct gate *g)
{
	uint64_t value;

	if (poll_ms(g->fd[0], POLLIN, 25000) <= 0 ||
	    read(g->fd[0], &value, sizeof(value)) != sizeof(value)) {
		fprintf(stderr, "# a gate stays shut\n");
		_exit(97);
	}
	return value;
}

/* Has nobody posted? */
static inline bool gate_shut(struct gate *g)
{
	return poll_now(g->fd[0], POLLIN) == 0;
}

static inline void gate_destroy(struct gate *g)
{
	close(g->fd[0]);
	close(g->fd[1]);
}

/* Becomes @uid for good, gid the same, without other groups or capabilities. */
static inline int become(uid_t uid)
{
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	/* changing ids clears both, and a test may want to look into /proc */
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* ---- what a thread is at --------------------------------------------------- */

static inline pid_t get_tid(void)
{
	return syscall(__NR_gettid);
}

/* The letter of /proc/<tid>/stat, 0 if there is no such thread */
static inline char task_state(pid_t tid)
{
	char path[64], line[512], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	p = fgets(line, sizeof(line), f);
	fclose(f);
	p = p ? strrchr(line, ')') : NULL;
	return p && p[1] == ' ' ? p[2] : 0;
}

static inline bool until_state(pid_t tid, char state)
{
	return UNTIL(task_state(tid) == state);
}

/*
 * Is @tid asleep inside the system call @nr, and what is its second argument
 * there? /proc/<tid>/syscall says "16 0xfd 0xcmd ..." for a blocked x86-64 thread;
 * a running one "running".
 */
static inline bool in_syscall(pid_t tid, long nr, unsigned long *second)
{
	char path[64], line[256] = "";
	unsigned long first;
	long seen;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	return sscanf(line, "%ld %lx %lx", &seen, &first, second) == 3 && seen == nr;
}

static inline bool in_ioctl(pid_t tid, unsigned int cmd)
{
	unsigned long seen;

	return in_syscall(tid, __NR_ioctl, &seen) && (unsigned int)seen == cmd;
}

static inline bool in_futex(pid_t tid)
{
	unsigned long operation;

	return in_syscall(tid, __NR_futex, &operation);
}

static inline bool until_ioctl(pid_t tid, unsigned int cmd)
{
	return UNTIL(in_ioctl(tid, cmd));
}

/* ---- files of the kernel --------------------------------------------------- */

static inline int write_file(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int fd, len, ret;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, len) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static inline long long read_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtoll(text, NULL, 0);
}

/* The number behind @key in a file of "key number" lines, a unit behind it or not */
static inline long long read_keyed(const char *path, const char *key)
{
	long long value, found = -1;
	FILE *f = fopen(path, "re");
	char word[64];

	while (f && found < 0 && fscanf(f, "%63s %lld%*[^\n]", word, &value) == 2)
		if (!strcmp(word, key))
			found = value;
	if (f)
		fclose(f);
	return found;
}

static inline long sysctl_get(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/lpc/%s", name);
	return read_number(path);
}

static inline int sysctl_set(const char *name, long value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/lpc/%s", name);
	return write_file(path, "%ld\n", value);
}

/*
 * The test is about what others than root may: so they may create and connect, where
 * the admin's switches (tools/vm/run --sysctl, for each program anew) say no.
 */
static inline void others_may(void)
{
	if (!sysctl_get("unprivileged_create"))
		sysctl_set("unprivileged_create", 1);
	if (!sysctl_get("unprivileged_connect"))
		sysctl_set("unprivileged_connect", 1);
}

#endif /* LPC_SELFTESTS_COMMON_PROCESS_H */
