// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on processes and on what surrounds the module: signals, death, fork,
 * exec, ids, namespaces, sysctls, /proc and debug files, no more descriptors.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x80
#endif

static void nap_us(unsigned int us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static int read_file(const char *path, void *room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, room, 4096);
	} while (n > 0);
	close(fd);
	return result(n);
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);
	return result(n);
}

/* a: which of the files that tell of the module or of a thread in it; 0x80: writes b */
int do_proc(struct actor *me, const struct fuzz_op *op)
{
	static const char *const files[] = {
		"/proc/self/maps", "/proc/self/smaps_rollup", "/proc/misc",
		"/sys/module/lpc/refcnt", "/sys/module/lpc/parameters/debug_wake_delays",
		"/sys/module/lpc/parameters/debug_wake_delay_us", "/proc/slabinfo",
		"/sys/kernel/tracing/events/lpc/enable",
	};
	char path[48];

	if (op->a & 0x40) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)sh->actors[op->b % ACTORS].tid,
			 op->a & 1 ? "wchan" : "stack");
		return read_file(path, memory_scratch(me, 1));
	}
	if (op->a & 0x80) {
		sh->sysctls = 1;
		return op->a & 1 ?
			write_file("/sys/kernel/tracing/events/lpc/enable", op->b ? "1" : "0") :
			write_file("/sys/module/lpc/parameters/debug_wake_delay_us",
				   op->b ? "50" : "0");
	}
	return read_file(files[op->a % ARRAY_SIZE(files)], memory_scratch(me, 1));
}

/*
 * a: which event; b: what: perf records it for this thread, into file c; it is
 * enabled; what was recorded is read. No trigger: one that is there when the module
 * goes is a warning of the kernel's own.
 */
int do_trace(struct actor *me, const struct fuzz_op *op)
{
	static const char *const events[] = {
		"create", "connect", "accept", "refuse", "close", "send", "call", "receive",
		"reply", "cancel",
	};
	static const char dir[] = "/sys/kernel/tracing/events/lpc/lpc_";
	const char *event = events[op->a % ARRAY_SIZE(events)];
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
	};
	char path[80], *text = memory_scratch(me, 1);
	unsigned int i;
	int fd;

	switch (op->b % 3) {
	case 0:
		snprintf(path, sizeof(path), "%s%s/id", dir, event);
		memset(text, 0, 16);
		if (read_file(path, text) < 0)
			return -ENOENT;
		attr.config = strtoull(text, NULL, 10);
		fd = (int)syscall(SYS_perf_event_open, &attr, 0L, -1L, -1L,
				  (unsigned long)PERF_FLAG_FD_CLOEXEC);
		slot_put(me, SLOT_OTHER, op->c, fd);
		return result(fd);
	case 1:
		snprintf(path, sizeof(path), "%s%s/enable", dir, event);
		sh->sysctls = 1;
		return write_file(path, "1");
	default:
		fd = open("/sys/kernel/tracing/trace", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		for (i = 0; i <= op->c && read(fd, text, 4096) > 0; i++)
			;
		close(fd);
		return write_file("/sys/kernel/tracing/trace", "");
	}
}

/*
 * Until the program ends each ioctl of anybody is tried with each thing in it failing
 * that can (lpc/fail.c); a: how
 */
int do_sweep(struct actor *me, const struct fuzz_op *op)
{
	char text[8];

	sh->sysctls = 1;
	snprintf(text, sizeof(text), "%u", op->a % 8u);
	return write_file("/sys/module/lpc/parameters/debug_fail", text);
}

/* a: which, b: which value; what was there is put back after the program */
int do_sysctl(struct actor *me, const struct fuzz_op *op)
{
	static const char *const texts[] = { "0", "1", "2", "100", "4096", "-1", "16384", "x" };
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/lpc/%s", fuzz_sysctls[op->a % SYSCTLS]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	sh->sysctls = 1;
	if (op->c & 1)
		n = read(fd, memory_scratch(me, 1), 64);
	else
		n = write(fd, texts[op->b % 8], strlen(texts[op->b % 8]));
	close(fd);
	return result(n);
}

#define AWAIT_MS	100u

/* Until actor a has begun b operations; then c times 50 us more. */
int do_await(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_actor *other = &sh->actors[op->a % ACTORS];
	uint64_t until = now_ms() + AWAIT_MS, now;
	uint32_t at;

	sh->awaiting++;
	for (;;) {
		at = other->at;
		now = now_ms();
		if (sh->stop || other->state != ACTOR_RUNS || at >= op->b || now >= until)
			break;
		/* the fuzzer interrupts it when nothing goes on any more */
		if (futex_wait(&other->at, at, (unsigned int)(until - now)) == -EINTR)
			break;
	}
	sh->awaiting--;
	if (op->c % 64)
		nap_us(50 * (op->c % 64));
	return at < op->b && other->state == ACTOR_RUNS ? -ETIMEDOUT : 0;
}

/* a: which actor, b: how */
int do_kick(struct actor *me, const struct fuzz_op *op)
{
	const struct fuzz_actor *other = &sh->actors[op->a % ACTORS];
	unsigned int proc = fuzz_proc_of[op->a % ACTORS];
	int pid, ret;

	pid = sh->procs[proc].pid;
	if (other->state != ACTOR_RUNS || !pid || !other->tid)
		return -ESRCH;
	switch (op->b % 3) {
	case 0:
		return result(syscall(SYS_tgkill, (long)pid, (long)other->tid, SIGUSR1));
	case 1:
		return result(syscall(SYS_tgkill, (long)pid, (long)other->tid, SIGUSR2));
	default:
		if (proc == me->proc)
			return -EDEADLK;
		ret = result(kill(pid, SIGSTOP));
		nap_us(50 * (op->c % 64) + 500);
		kill(pid, SIGCONT);
		return ret;
	}
}

/* a: which process; it is made anew for the next program */
int do_kill(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_proc *p = &sh->procs[op->a % PROCS];

	if (!p->pid)
		return -ESRCH;
	p->spent = 1;
	return result(kill(p->pid, SIGKILL));
}

/* a: actor 6 or 7, which has this process' descriptors */
int do_fork(struct actor *me, const struct fuzz_op *op)
{
	unsigned int index = CHILD_ACTOR + (op->a & 1), proc = PROC_CHILD + (op->a & 1), i;
	struct fuzz_actor *child = &sh->actors[index];
	uint32_t idle = ACTOR_IDLE;
	pid_t pid;

	/* of one in a pid namespace nobody would know the number */
	if (me->proc == PROC_NAMESPACE)
		return -EPERM;
	if (sh->procs[proc].pid ||
	    !atomic_compare_exchange_strong(&child->state, &idle, ACTOR_RUNS))
		return -EBUSY;
	child->at = 0;
	for (i = 0; i < SLOTS; i++)
		sh->procs[proc].fd[i] = sh->procs[me->proc].fd[i];
	memset(sh->procs[proc].view, 0, sizeof(sh->procs[proc].view));
	sh->procs[proc].busy = 1;
	pid = fork();
	if (!pid)
		child_actor(index);
	if (pid < 0) {
		child->state = ACTOR_IDLE;
		return -errno;
	}
	sh->procs[proc].pid = pid;
	return 0;
}

/* Another program in this process: all its descriptors are closed by that. */
int do_exec(struct actor *me, const struct fuzz_op *op)
{
	sh->procs[me->proc].spent = 1;
	execl("/bin/busybox", "true", NULL);
	return -errno;
}

/* Of this thread alone, until the program ends; a: what */
int do_ids(struct actor *me, const struct fuzz_op *op)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	static const gid_t groups[] = { 5, 6, 77, 1000 };

	me->changed = true;
	switch (op->a % 6) {
	case 0:
		return result(syscall(SYS_setfsuid, op->b & 1 ? 1001L : 1000L));
	case 1:
		return result(syscall(SYS_setfsgid, op->b & 1 ? 77L : 1000L));
	case 2:
		return result(syscall(SYS_setgroups, (long)(op->b % 5), groups));
	case 3:
	case 4:
		if (syscall(SYS_capget, &head, caps))
			return -errno;
		caps[0].effective &= op->a % 6 == 3 ? ~(1u << CAP_IPC_OWNER) :
						      ~(1u << CAP_SETUID);
		return result(syscall(SYS_capset, &head, caps));
	default:
		return result(syscall(SYS_setresuid, -1L, op->b & 1 ? 1001L : 1000L, -1L));
	}
}

void ids_restore(struct actor *me)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	bool root = me->proc != PROC_USER;

	if (!me->changed)
		return;
	me->changed = false;
	syscall(SYS_setresuid, -1L, root ? 0L : 1000L, -1L);
	syscall(SYS_setfsuid, root ? 0L : 1000L);
	syscall(SYS_setfsgid, root ? 0L : 1000L);
	if (!root)
		return;
	if (!syscall(SYS_capget, &head, caps)) {
		caps[0].effective = caps[0].permitted;
		caps[1].effective = caps[1].permitted;
		syscall(SYS_capset, &head, caps);
	}
	syscall(SYS_setgroups, 0L, NULL);
}

/* Without a number there it could not make another below it. */
static void map_root(uid_t uid)
{
	char text[32];

	snprintf(text, sizeof(text), "0 %u 1", uid);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", text);
	write_file("/proc/self/gid_map", text);
}

/* Another clock; whoever has only one thread may go there itself. */
static int into_time(void)
{
	int fd, ret;

	write_file("/proc/self/timens_offsets", "monotonic 86400 0\nboottime 86400 0\n");
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	ret = result(setns(fd, CLONE_NEWTIME));
	close(fd);
	return ret;
}

/* Only for processes that end with the program */
int do_unshare(struct actor *me, const struct fuzz_op *op)
{
	uid_t uid = geteuid();
	int ret;

	static const int flags[] = { CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWIPC,
				     CLONE_FILES, CLONE_NEWPID, CLONE_FS, CLONE_NEWTIME };

	if (me->proc < PROC_CHILD)
		return -EPERM;
	ret = result(unshare(flags[op->a % ARRAY_SIZE(flags)]));
	if (!ret && flags[op->a % ARRAY_SIZE(flags)] & CLONE_NEWUSER)
		map_root(uid);
	if (!ret && flags[op->a % ARRAY_SIZE(flags)] & CLONE_NEWTIME)
		ret = into_time();
	return ret;
}

/* No descriptors any more, but for b; put right when the program ends */
int do_fds(struct actor *me, const struct fuzz_op *op)
{
	struct rlimit limit;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)fd + op->b % 3u;
	return result(setrlimit(RLIMIT_NOFILE, &limit));
}

void fds_restore(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur != limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}
