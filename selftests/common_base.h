/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common_base.h - what all of the tests' headers share: limits of time, waiting for a
 * state, files and their numbers.
 *
 * Every function that wraps a system call returns its value, or -errno.
 * Time limits are milliseconds: NO_WAIT does not wait, FOREVER has no
 * deadline; LONG is what a slow machine may take for something that happens,
 * SHORT is how long a test looks at something that must not happen.
 */
#ifndef LPC_SELFTESTS_COMMON_BASE_H
#define LPC_SELFTESTS_COMMON_BASE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/lpc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

/*
 * Seconds for a test, not 30: it waits for its own patience first, a debug kernel is
 * slow, and so is a machine with other work. Less than a program has (tools/vm/run),
 * so that the test is named.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 100

#define NO_WAIT		0
#define FOREVER		(-1)
#define LONG		10000
#define SHORT		60
#define POISON		0xcc
#define POISON32	0xccccccccu
#define POISON64	0xccccccccccccccccull

#define MARIA		1000
#define BOB		1001
#define EVE		1002

/*
 * A theme that repeats what chance decides has a short form and a long one, for
 * tools/vm/run --long; the deterministic tests are the same in both.
 */
static inline bool long_form(void)
{
	return getenv("LPC_LONG");
}

/* ---- time ---------------------------------------------------------------- */

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* The deadline @ms from now; LPC_FOREVER for FOREVER */
static inline uint64_t in_ms(int ms)
{
	return ms < 0 ? LPC_FOREVER : now_ns() + ms * 1000000ull;
}

static inline int64_t ms_since(uint64_t ns)
{
	return (int64_t)(now_ns() - ns) / 1000000;
}

static inline void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/*
 * UNTIL(condition): waits until it is true, at most 20 s; false if it never
 * was. The only way to wait for a state that nobody announces.
 */
#define UNTIL(cond) ({							\
	uint64_t __t0 = now_ns();					\
	bool __ok;							\
									\
	while (!(__ok = (cond)) && ms_since(__t0) < 20000)		\
		nap();							\
	__ok;								\
})

/* Looks for SHORT ms and says whether @cond stayed true all the time. */
#define STAYS(cond) ({							\
	uint64_t __t0 = now_ns();					\
	bool __ok;							\
									\
	while ((__ok = (cond)) && ms_since(__t0) < SHORT)		\
		nap();							\
	__ok;								\
})

/* ---- files --------------------------------------------------------------- */

static inline int lpc_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static inline int lpc_open_dev(void)
{
	int fd = open("/dev/lpc", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The device, opened once per process and inherited by its children */
static inline int lpc_dev(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = lpc_open_dev();
	return fd;
}

/* Does the debug build fail all that can fail first (make fail-nth)? */
static inline bool fail_swept(void)
{
	char mode[8] = "0";
	int fd = open("/sys/module/lpc/parameters/debug_fail", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, mode, sizeof(mode) - 1) <= 0)
			mode[0] = '0';
		close(fd);
	}
	return mode[0] != '0';
}

/* @n rounds, or few where each ioctl is one of several attempts */
static inline int rounds_of_many(int n)
{
	static int swept = -1;

	if (swept < 0)
		swept = fail_swept();
	return swept ? n / 40 : n;
}

static inline bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) == FD_CLOEXEC;
}

static inline bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* The lowest number that the next new fd will have: shows a leaked fd */
static inline int next_fd(void)
{
	int fd;

	/* is opened when it is first used, and that shall not count */
	lpc_dev();
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd;
}

/* Returns what the limit was. */
static inline rlim_t limit_set(int resource, rlim_t to)
{
	struct rlimit rl;
	rlim_t old;

	getrlimit(resource, &rl);
	old = rl.rlim_cur;
	rl.rlim_cur = to;
	setrlimit(resource, &rl);
	return old;
}

/* Allows no new fd; fds_allow() takes the value that this returned */
static inline rlim_t fds_forbid(void)
{
	return limit_set(RLIMIT_NOFILE, next_fd());
}

static inline void fds_allow(rlim_t old)
{
	limit_set(RLIMIT_NOFILE, old);
}

static inline short poll_now(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* poll(), waiting at most @ms; 0 when the time was up */
static inline short poll_ms(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t t0 = now_ns();
	int ret = poll(&p, 1, ms);

	/* poll() looks once more at its end: that is not being woken. */
	if (ret > 0 && ms >= 1000 && ms_since(t0) >= ms)
		ret = 0;
	return ret < 0 ? -errno : ret == 0 ? 0 : p.revents;
}

static inline int send_fd(int sock, int fd)
{
	char byte = 'f', ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(sock, &mh, 0) < 0 ? -errno : 0;
}

static inline int recv_fd(int sock)
{
	char byte, ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &mh, MSG_CMSG_CLOEXEC) <= 0)
		return -errno ?: -EPIPE;
	c = CMSG_FIRSTHDR(&mh);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

#endif /* LPC_SELFTESTS_COMMON_BASE_H */
