/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common.h - what the tests share: one thin function per ioctl, poisoned
 * buffers, processes with gates between them, waiting for a state, users.
 *
 * Every function that wraps a system call returns its value, or -errno.
 * Time limits are milliseconds: NO_WAIT does not wait, FOREVER has no
 * deadline; LONG is what a slow machine may take for something that happens,
 * SHORT is how long a test looks at something that must not happen.
 */
#ifndef LPC_SELFTESTS_COMMON_H
#define LPC_SELFTESTS_COMMON_H

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

/* One message and room for the longest payload, and one byte too many. */
struct lpcbuf {
	struct lpc_msg m;
	char data[304];
};

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

/* Allows no new fd; fds_allow() takes the value that this returned */
static inline rlim_t fds_forbid(void)
{
	struct rlimit rl;
	rlim_t old;

	getrlimit(RLIMIT_NOFILE, &rl);
	old = rl.rlim_cur;
	rl.rlim_cur = next_fd();
	setrlimit(RLIMIT_NOFILE, &rl);
	return old;
}

static inline void fds_allow(rlim_t old)
{
	struct rlimit rl;

	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = old;
	setrlimit(RLIMIT_NOFILE, &rl);
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

/* ---- names --------------------------------------------------------------- */

/* "test/<pid>.<n>"; the buffer is the caller's, at least NAME_ROOM bytes */
#define NAME_ROOM 64

static inline char *unique_name(char *buf)
{
	static int n;

	snprintf(buf, NAME_ROOM, "test/%d.%d", getpid(), n++);
	return buf;
}

static inline char *unique_user_name(char *buf, uid_t uid)
{
	static int n;

	snprintf(buf, NAME_ROOM, "user/%u/test/%d.%d", uid, getpid(), n++);
	return buf;
}

/* ---- ports --------------------------------------------------------------- */

/*
 * @opts: flags, mode ... of the new port, NULL for none. With @opts its out
 * fields are filled. A NULL or empty name makes a private port.
 */
static inline int port_create(const char *name, struct lpc_create *opts)
{
	struct lpc_create none = { 0 }, *c = opts ?: &none;
	int ret;

	c->name = (uintptr_t)name;
	c->name_len = name ? strlen(name) : 0;
	ret = lpc_ioctl(lpc_dev(), LPC_IOC_CREATE, c);
	return ret < 0 ? ret : c->fd;
}

static inline int port_create_mode(const char *name, unsigned int mode)
{
	return port_create(name, &(struct lpc_create){ .mode = mode });
}

/* A port without a name, and its only client */
static inline int port_pair(int *client, uint64_t context)
{
	struct lpc_create c = { .flags = LPC_PORT_PAIR, .context = context };
	int ret = port_create(NULL, &c);

	*client = ret < 0 ? -1 : c.client_fd;
	return ret;
}

/* CONNECT as @c says; the fd on success */
static inline int port_connect_opts(const char *name, struct lpc_connect *c)
{
	int ret;

	c->name = (uintptr_t)name;
	c->name_len = name ? strlen(name) : 0;
	ret = lpc_ioctl(lpc_dev(), LPC_IOC_CONNECT, c);
	return ret < 0 ? ret : c->fd;
}

static inline int port_connect(const char *name)
{
	return port_connect_opts(name, &(struct lpc_connect){
		.deadline = in_ms(LONG),
	});
}

/* The pending end; @c gets id and status. @opts may be NULL. */
static inline int port_connect_async(const char *name, struct lpc_connect *opts)
{
	struct lpc_connect none = { 0 }, *c = opts ?: &none;
	int ret;

	c->flags |= LPC_CONNECT_ASYNC;
	ret = port_connect_opts(name, c);
	return ret == -EINPROGRESS ? c->fd : ret < 0 ? ret : -ENOMSG;
}

/*
 * Finishes an asynchronous connect once the server has decided, which it may
 * take @ms to do: -EINPROGRESS if it has not. @opts may be NULL.
 */
static inline int connect_finish(int end, struct lpc_connect *opts, int ms)
{
	struct lpc_connect none = { 0 }, *c = opts ?: &none;

	c->flags = 0;
	c->name = 0;
	c->name_len = 0;
	c->data_len = 0;
	c->deadline = 0;
	poll_ms(end, POLLOUT, ms);
	return lpc_ioctl(end, LPC_IOC_CONNECT, c);
}

static inline int port_accept_opts(int port, struct lpc_accept *a)
{
	int ret = lpc_ioctl(port, LPC_IOC_ACCEPT, a);

	return ret < 0 ? ret : a->fd;
}

static inline int port_accept(int port, uint64_t id, uint64_t context,
			      unsigned int flags)
{
	return port_accept_opts(port, &(struct lpc_accept){
		.id = id, .context = context, .flags = flags,
	});
}

static inline int port_refuse(int port, uint64_t id, const void *data,
			      unsigned int len)
{
	return lpc_ioctl(port, LPC_IOC_ACCEPT, &(struct lpc_accept){
		.id = id, .flags = LPC_ACCEPT_REFUSE,
		.data = (uintptr_t)data, .data_len = len,
	});
}

static inline int end_complete(int end)
{
	return lpc_ioctl(end, LPC_IOC_COMPLETE, &(struct lpc_complete){ 0 });
}

static inline int end_shutdown(int fd, unsigned int flags)
{
	return lpc_ioctl(fd, LPC_IOC_SHUTDOWN,
			 &(struct lpc_shutdown){ .flags = flags });
}

static inline int call_cancel(int fd, uint64_t id)
{
	return lpc_ioctl(fd, LPC_IOC_CANCEL, &(struct lpc_cancel){ .id = id });
}

static inline int watch_thread(int fd)
{
	return lpc_ioctl(fd, LPC_IOC_WATCH_THREAD, &(struct lpc_watch){ 0 });
}

/* ---- messages ------------------------------------------------------------ */

static inline void buf_poison(struct lpcbuf *b)
{
	memset(b, POISON, sizeof(*b));
}

/* Is every byte of @p still poison? */
static inline bool is_poison(const void *p, size_t len)
{
	const unsigned char *c = p;

	while (len--)
		if (*c++ != POISON)
			return false;
	return true;
}

/* A message to send, room for an answer of any length, the rest poisoned */
static inline void buf_set(struct lpcbuf *b, uint32_t code, const void *data,
			   uint32_t len)
{
	memset(b->data, POISON, sizeof(b->data));
	memset(&b->m, 0, sizeof(b->m));
	if (data && len)
		memcpy(b->data, data, len < sizeof(b->data) ? len : sizeof(b->data));
	b->m.code = code;
	b->m.len = len;
	b->m.room = LPC_INLINE_MAX;
}

/* A header that only receives */
static inline void buf_recv(struct lpcbuf *b, int ms)
{
	buf_set(b, 0, NULL, 0);
	b->m.flags = LPC_WITH_RECV | (ms == NO_WAIT ? LPC_DONTWAIT : 0);
	b->m.deadline = ms == NO_WAIT ? 0 : in_ms(ms);
}

static inline bool buf_is(const struct lpcbuf *b, const void *data,
			  uint32_t len)
{
	return b->m.len == len && !memcmp(b->data, data, len);
}

static inline int msg_send(int fd, uint32_t code, const void *data,
			   uint32_t len)
{
	struct lpcbuf b;

	buf_set(&b, code, data, len);
	return lpc_ioctl(fd, LPC_IOC_SEND, &b);
}

/* CALL with what stands in @b; @flags are added, the reply lands in @b */
static inline int msg_call_buf(int fd, struct lpcbuf *b, unsigned int flags,
			       int ms)
{
	b->m.flags |= flags;
	b->m.deadline = in_ms(ms);
	return lpc_ioctl(fd, LPC_IOC_CALL, b);
}

static inline int msg_call(int fd, uint32_t code, const void *data,
			   uint32_t len, struct lpcbuf *reply, int ms)
{
	struct lpcbuf b;

	if (!reply)
		reply = &b;
	buf_set(reply, code, data, len);
	return msg_call_buf(fd, reply, 0, ms);
}

/* Starts a call that nobody waits for: 0 and its id, or -errno */
static inline int msg_call_async(int fd, uint32_t code, const void *data,
				 uint32_t len, int ms, uint64_t *id)
{
	struct lpcbuf b;
	int ret;

	buf_set(&b, code, data, len);
	ret = msg_call_buf(fd, &b, LPC_CALL_ASYNC, ms);
	if (id)
		*id = b.m.id;
	return ret == -EINPROGRESS ? 0 : ret < 0 ? ret : -ENOMSG;
}

static inline int msg_recv(int fd, struct lpcbuf *b, int ms)
{
	buf_recv(b, ms);
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, b);
}

/* Receives a connection request only (NtListenPort) */
static inline int msg_listen(int fd, struct lpcbuf *b, int ms)
{
	buf_recv(b, ms);
	b->m.flags |= LPC_LISTEN;
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, b);
}

static inline int msg_reply_id(int fd, uint64_t id, uint64_t callback,
			       uint32_t code, const void *data, uint32_t len)
{
	struct lpcbuf b;

	buf_set(&b, code, data, len);
	b.m.flags = LPC_WITH_REPLY;
	b.m.id = id;
	b.m.callback = callback;
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, &b);
}

/* Answers the request in @req and waits for nothing */
static inline int msg_reply(int fd, const struct lpcbuf *req, uint32_t code,
			    const void *data, uint32_t len)
{
	return msg_reply_id(fd, req->m.id, req->m.callback, code, data, len);
}

/* @b holds a reply (id, code, len, data): answers, then receives into @b */
static inline int msg_reply_recv(int fd, struct lpcbuf *b, int ms)
{
	b->m.flags = LPC_WITH_REPLY | LPC_WITH_RECV |
		     (ms == NO_WAIT ? LPC_DONTWAIT : 0);
	b->m.deadline = ms == NO_WAIT ? 0 : in_ms(ms);
	b->m.room = LPC_INLINE_MAX;
	return lpc_ioctl(fd, LPC_IOC_REPLY_RECV, b);
}

/*
 * @b holds the answer to a callback (id, callback, code, len, data): answers
 * with LPC_WITH_REPLY in @flags, and waits for the original call again.
 */
static inline int msg_reply_wait(int fd, struct lpcbuf *b, unsigned int flags,
				 int ms)
{
	b->m.flags = flags;
	b->m.deadline = in_ms(ms);
	b->m.room = LPC_INLINE_MAX;
	return lpc_ioctl(fd, LPC_IOC_REPLY_WAIT, b);
}

/* ---- looking ------------------------------------------------------------- */

static inline int query_what(int fd, uint32_t what, uint64_t id, void *out,
			     uint32_t size)
{
	return lpc_ioctl(fd, LPC_IOC_QUERY, &(struct lpc_query){
		.what = what, .id = id, .out = (uintptr_t)out, .size = size,
	});
}

static inline int query_port(int fd, struct lpc_port_info *p)
{
	return query_what(fd, LPC_WHAT_PORT, 0, p, sizeof(*p));
}

static inline int query_conn(int fd, struct lpc_conn_info *c)
{
	return query_what(fd, LPC_WHAT_CONN, 0, c, sizeof(*c));
}

static inline int query_call(int fd, uint64_t id, struct lpc_call_info *c)
{
	return query_what(fd, LPC_WHAT_CALL, id, c, sizeof(*c));
}

/* By name; waits for the name to appear unless @ms is NO_WAIT. */
static inline int query_name(const char *name, struct lpc_port_info *p, int ms)
{
	return lpc_ioctl(lpc_dev(), LPC_IOC_QUERY, &(struct lpc_query){
		.what = LPC_WHAT_PORT,
		.flags = ms == NO_WAIT ? 0 : LPC_QUERY_WAIT_NAME,
		.name = (uintptr_t)name, .name_len = strlen(name),
		.out = (uintptr_t)p, .size = sizeof(*p),
		.deadline = ms == NO_WAIT ? 0 : in_ms(ms),
	});
}

/* All rows of @what into @out, at most @count; how many there are, or -errno */
static inline int list_all(uint32_t what, uint64_t port, void *out,
			   uint32_t size, uint32_t count, uint64_t *hidden)
{
	struct lpc_list l = { .what = what, .port = port, .size = size };
	uint32_t n = 0;
	int ret;

	if (hidden)
		*hidden = 0;
	do {
		l.out = (uintptr_t)out + (uint64_t)n * size;
		l.count = count - n;
		ret = lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l);
		if (ret < 0)
			return ret;
		n += l.count;
		if (hidden)
			*hidden += l.hidden;
	} while (l.count && n < count);
	return n;
}

static inline int list_conns(uint64_t port, struct lpc_conn_info *c, int count)
{
	return list_all(LPC_WHAT_CONN, port, c, sizeof(*c), count, NULL);
}

static inline int list_calls(uint64_t port, struct lpc_call_info *c, int count)
{
	return list_all(LPC_WHAT_CALL, port, c, sizeof(*c), count, NULL);
}

static inline int get_info(struct lpc_info *i)
{
	memset(i, 0, sizeof(*i));
	return lpc_ioctl(lpc_dev(), LPC_IOC_INFO, i);
}

#define PORT_FIELD(fd, field) ({					\
	struct lpc_port_info __p = { 0 };				\
									\
	query_port(fd, &__p) < 0 ? -1 : (int64_t)__p.field;		\
})

#define CONN_FIELD(fd, field) ({					\
	struct lpc_conn_info __c = { 0 };				\
									\
	query_conn(fd, &__c) < 0 ? -1 : (int64_t)__c.field;		\
})

static inline uint64_t port_serial(int port)
{
	return PORT_FIELD(port, serial);
}

/* The state of the request @id as the port or end @fd knows it, or -errno */
static inline int call_state(int fd, uint64_t id)
{
	struct lpc_call_info c = { 0 };
	int ret = query_call(fd, id, &c);

	return ret < 0 ? ret : (int)c.state;
}

/* Messages in the port's queue; @fd is the port (or an end of it). */
static inline bool until_queued(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, queued) == n);
}

/* Threads parked in a receive */
static inline bool until_waiting(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, waiting) == n);
}

/* Requests in progress */
static inline bool until_calls(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, calls_now) == n);
}

/* Connects that wait for an answer */
static inline bool until_pending(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, pending) == n);
}

static inline bool until_connections(int fd, int n)
{
	return UNTIL(PORT_FIELD(fd, connections) == n);
}

static inline bool until_conn_state(int end, int state)
{
	return UNTIL(CONN_FIELD(end, state) == state);
}

static inline bool until_call_state(int fd, uint64_t id, int state)
{
	return UNTIL(call_state(fd, id) == state);
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
 * Is @tid asleep inside the ioctl @cmd? /proc/<tid>/syscall says
 * "16 0xfd 0xcmd ..." for a blocked x86-64 thread; a running one "running".
 */
static inline bool in_ioctl(pid_t tid, unsigned int cmd)
{
	char path[64], line[256] = "";
	unsigned long nr, fd, seen;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	return sscanf(line, "%lu %lx %lx", &nr, &fd, &seen) == 3 &&
	       nr == __NR_ioctl && (unsigned int)seen == cmd;
}

static inline bool until_ioctl(pid_t tid, unsigned int cmd)
{
	return UNTIL(in_ioctl(tid, cmd));
}

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

/* ---- sysctls ------------------------------------------------------------- */

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

/* ---- a connection in one process ----------------------------------------- */

struct link {
	int port;
	int client;
	int server;
};

/*
 * Connects to @port (its name is @name) and accepts, all in this thread.
 * @flags: LPC_ACCEPT_OWN_QUEUE or 0. 0, or -errno of the step that failed.
 */
static inline int link_connect(struct link *l, int port, const char *name,
			       uint64_t context, unsigned int flags)
{
	struct lpcbuf b;
	int ret;

	l->port = port;
	l->client = port_connect_async(name, NULL);
	if (l->client < 0)
		return l->client;
	ret = msg_listen(port, &b, LONG);
	if (ret < 0)
		return ret;
	l->server = port_accept(port, b.m.id, context, flags);
	if (l->server < 0)
		return l->server;
	ret = end_complete(l->server);
	if (ret < 0)
		return ret;
	return connect_finish(l->client, NULL, LONG);
}

/* Makes the port too, under a name of its own, open to all users */
static inline int link_make(struct link *l, const struct lpc_create *opts,
			    uint64_t context, unsigned int flags)
{
	struct lpc_create c = { 0 };
	char name[NAME_ROOM];
	int port;

	if (opts)
		c = *opts;
	if (!c.mode)
		c.mode = 0666;
	port = port_create(unique_name(name), &c);
	if (port < 0)
		return port;
	return link_connect(l, port, name, context, flags);
}

static inline void link_close(struct link *l)
{
	close(l->client);
	close(l->server);
	close(l->port);
}

/* Receives a connection request on @port and accepts it: the server end */
static inline int accept_one(int port, uint64_t context, unsigned int flags)
{
	struct lpcbuf b;
	int ret, end;

	ret = msg_listen(port, &b, LONG);
	if (ret < 0)
		return ret;
	end = port_accept(port, b.m.id, context, flags);
	if (end < 0)
		return end;
	ret = end_complete(end);
	return ret < 0 ? ret : end;
}

/* ---- an echo server in a thread ------------------------------------------ */

/*
 * Accepts everyone (context: 1, 2, ...) and answers each request with its own
 * code and payload until echo_stop().
 */
struct echo {
	int port;
	pthread_t thread;
	atomic_uint accepted, requests, datagrams, closed, died, failed;
	int ends[64];
};

static inline void *echo_thread(void *arg)
{
	struct echo *e = arg;
	struct lpcbuf b;
	int ret, end;
	unsigned int n;

	buf_recv(&b, FOREVER);
	for (;;) {
		ret = lpc_ioctl(e->port, LPC_IOC_REPLY_RECV, &b);
		if (ret == -ESHUTDOWN || ret == -EPIPE)
			return NULL;
		if (ret < 0) {
			if (ret != -EINTR && ret != -ECANCELED && ret != -ESTALE)
				e->failed++;
			buf_recv(&b, FOREVER);
			continue;
		}
		if (b.m.type == LPC_REQUEST) {
			e->requests++;
			b.m.flags = LPC_WITH_REPLY | LPC_WITH_RECV;
			b.m.room = LPC_INLINE_MAX;
			b.m.deadline = LPC_FOREVER;
			b.m.callback = 0;
			continue;
		}
		if (b.m.type == LPC_CONNECTION_REQUEST) {
			n = e->accepted;
			end = port_accept(e->port, b.m.id, n + 1, 0);
			if (end >= 0 && n < ARRAY_SIZE(e->ends)) {
				e->ends[n] = end;
				e->accepted++;
				if (end_complete(end) < 0)
					e->failed++;
			} else if (end != -ESTALE) {
				e->failed++;
			}
		} else if (b.m.type == LPC_DATAGRAM) {
			e->datagrams++;
		} else if (b.m.type == LPC_PORT_CLOSED) {
			e->closed++;
		} else if (b.m.type == LPC_CLIENT_DIED) {
			e->died++;
		}
		buf_recv(&b, FOREVER);
	}
}

static inline int echo_start(struct echo *e, int port)
{
	memset(e, 0, sizeof(*e));
	memset(e->ends, -1, sizeof(e->ends));
	e->port = port;
	return -pthread_create(&e->thread, NULL, echo_thread, e);
}

/* Ends receiving on the port and waits for the thread; how often it failed */
static inline int echo_stop(struct echo *e)
{
	unsigned int i;

	end_shutdown(e->port, LPC_SHUT_RECEIVE);
	pthread_join(e->thread, NULL);
	for (i = 0; i < ARRAY_SIZE(e->ends); i++)
		if (e->ends[i] >= 0)
			close(e->ends[i]);
	return e->failed;
}

static inline pid_t get_tid(void)
{
	return syscall(__NR_gettid);
}

#endif /* LPC_SELFTESTS_COMMON_H */
