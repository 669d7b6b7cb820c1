/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of calls share: a message with its payload, a port with one
 * or more connections, one ioctl in a thread, and ways to wait for a state.
 * Nothing here sleeps to be right: every wait ends when what it waits for is
 * seen, and fails after PATIENCE_MS.
 */
#ifndef SELFTESTS_COMMON_CALL_H
#define SELFTESTS_COMMON_CALL_H

#include "common.h"

#define PATIENCE_MS	30000	/* until something that must happen has not */
#define SOON_MS		60	/* deadlines that are meant to pass */
#define DATA_ROOM	512	/* more than the kernel ever copies */

struct pkt {
	struct lpc_msg m;
	unsigned char d[DATA_ROOM];
};

/* One port with one connection, all in this process. */
struct rig {
	char name[LPC_NAME_MAX + 1];
	int dev;
	int port;
	int se;			/* server end */
	int ce;			/* client end */
	__u64 context;
	__u64 connect_id;
};

/* One ioctl in a thread of its own. */
struct actor {
	pthread_t thread;
	int fd;
	unsigned long cmd;
	void *arg;
	int tid;
	int ret;		/* result or -errno */
	int done;
	bool hold;		/* stay alive until told, then exit */
};

/* ------------------------------------------------------------ time, waiting */

static inline __u64 ns_now(void)
{
	return now_ns();
}

static inline __u64 ns_in(unsigned int ms)
{
	return now_ns() + ms * 1000000ull;
}

/* -------------------------------------------------------------- the ioctls */

static inline int xctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

static inline void fill(unsigned char *d, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		d[i] = (unsigned char)(seed * 31 + i * 7 + (i >> 5));
}

static inline bool filled(const unsigned char *d, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (d[i] != (unsigned char)(seed * 31 + i * 7 + (i >> 5)))
			return false;
	return true;
}

/* A message of @len bytes made from @code, with room for the largest answer. */
static inline struct pkt *msg(struct pkt *p, __u32 code, __u32 len)
{
	memset(p, 0, sizeof(*p));
	p->m.code = code;
	p->m.len = len;
	p->m.room = LPC_INLINE_MAX;
	fill(p->d, len < DATA_ROOM ? len : DATA_ROOM, code);
	return p;
}

static inline bool intact(const struct pkt *p, __u32 code, __u32 len)
{
	return p->m.code == code && p->m.len == len && filled(p->d, len, code);
}

static inline int do_send(int fd, __u32 code, __u32 len)
{
	struct pkt p;

	return xctl(fd, LPC_IOC_SEND, msg(&p, code, len));
}

static inline int do_call(int fd, struct pkt *p)
{
	return xctl(fd, LPC_IOC_CALL, p);
}

/* A call that is not waited for; its id is in @p afterwards. */
static inline int call_async(int fd, struct pkt *p, __u32 code, __u32 len)
{
	int ret;

	msg(p, code, len)->m.flags = LPC_CALL_ASYNC;
	ret = do_call(fd, p);
	return ret == -EINPROGRESS ? 0 : ret ? ret : -EPROTO;
}

static inline struct pkt *recv_msg(struct pkt *p, __u32 flags, __u64 deadline)
{
	memset(p, 0, sizeof(*p));
	p->m.flags = LPC_WITH_RECV | flags;
	p->m.room = LPC_INLINE_MAX;
	p->m.deadline = deadline;
	return p;
}

/* Receive what must come. */
static inline int do_recv(int fd, struct pkt *p)
{
	return xctl(fd, LPC_IOC_REPLY_RECV,
		    recv_msg(p, 0, ns_in(PATIENCE_MS)));
}

/* Receive what is there already. */
static inline int recv_now(int fd, struct pkt *p)
{
	return xctl(fd, LPC_IOC_REPLY_RECV, recv_msg(p, LPC_DONTWAIT, 0));
}

static inline int recv_listen(int fd, struct pkt *p)
{
	return xctl(fd, LPC_IOC_REPLY_RECV,
		    recv_msg(p, LPC_LISTEN, ns_in(PATIENCE_MS)));
}

static inline struct pkt *reply_msg(struct pkt *p, __u64 id, __u32 code,
				    __u32 len)
{
	msg(p, code, len);
	p->m.id = id;
	p->m.flags = LPC_WITH_REPLY;
	return p;
}

static inline int do_reply(int fd, __u64 id, __u32 code, __u32 len)
{
	struct pkt p;

	return xctl(fd, LPC_IOC_REPLY_RECV, reply_msg(&p, id, code, len));
}

static inline int do_cancel(int fd, __u64 id)
{
	struct lpc_cancel c = { .id = id };

	return xctl(fd, LPC_IOC_CANCEL, &c);
}

static inline int do_shutdown(int fd, __u32 flags)
{
	struct lpc_shutdown s = { .flags = flags };

	return xctl(fd, LPC_IOC_SHUTDOWN, &s);
}

static inline int do_watch(int fd)
{
	struct lpc_watch w = { 0 };

	return xctl(fd, LPC_IOC_WATCH_THREAD, &w);
}

/* --------------------------------------------------------- ports and links */

static inline int dev_open(void)
{
	return open("/dev/lpc", O_RDWR | O_CLOEXEC);
}

static inline int create_port(int dev, const char *name, __u32 flags,
			      __u32 inline_max, __u32 mode)
{
	struct lpc_create c = {
		.flags = flags,
		.mode = mode,
		.name = (unsigned long)name,
		.name_len = name ? strlen(name) : 0,
		.inline_max = inline_max,
	};
	int ret = xctl(dev, LPC_IOC_CREATE, &c);

	return ret ? ret : c.fd;
}

/* Ask for a connection and do not wait: the pending client end. */
static inline int connect_async(int dev, const char *name,
				struct lpc_connect *c)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->flags = LPC_CONNECT_ASYNC;
	c->name = (unsigned long)name;
	c->name_len = strlen(name);
	c->deadline = ns_in(PATIENCE_MS);
	ret = xctl(dev, LPC_IOC_CONNECT, c);
	return ret == -EINPROGRESS ? c->fd : ret ? ret : -EPROTO;
}

static inline int do_accept(int port, __u64 id, __u64 context, __u32 flags)
{
	struct lpc_accept a = {
		.id = id,
		.flags = flags,
		.context = context,
	};
	int ret = xctl(port, LPC_IOC_ACCEPT, &a);

	return ret ? ret : a.fd;
}

static inline int do_complete(int se)
{
	struct lpc_complete c = { 0 };

	return xctl(se, LPC_IOC_COMPLETE, &c);
}

/* Receive the next connection request on @port, accept and complete it. */
static inline int serve_connect(int port, __u64 context, __u32 flags,
				__u64 *id)
{
	struct pkt p;
	int ret, se;

	ret = recv_listen(port, &p);
	if (ret)
		return ret;
	if (id)
		*id = p.m.id;
	se = do_accept(port, p.m.id, context, flags);
	if (se < 0)
		return se;
	ret = do_complete(se);
	return ret ? ret : se;
}

/* Both ends of one more connection, from this one thread. */
static inline int add_link(struct rig *r, __u64 context, __u32 flags,
			   int *se, int *ce)
{
	struct lpc_connect c;

	*ce = connect_async(r->dev, r->name, &c);
	if (*ce < 0)
		return *ce;
	*se = serve_connect(r->port, context, flags, &r->connect_id);
	if (*se < 0)
		return *se;
	return connect_finish(*ce, &c, PATIENCE_MS);
}

static inline void rig_none(struct rig *r)
{
	r->dev = -1;
	r->port = -1;
	r->se = -1;
	r->ce = -1;
}

static inline int rig_port(struct rig *r, __u32 flags, __u32 inline_max)
{
	static int serial;

	memset(r, 0, sizeof(*r));
	rig_none(r);
	r->context = 0x1122334455667788ull;
	snprintf(r->name, sizeof(r->name), "user/%u/ksft-%d-%d",
		 (unsigned int)geteuid(), (int)getpid(), serial++);
	r->dev = dev_open();
	if (r->dev < 0)
		return -errno;
	r->port = create_port(r->dev, r->name, flags, inline_max, 0666);
	return r->port < 0 ? r->port : 0;
}

static inline int rig_open(struct rig *r, __u32 flags)
{
	int ret = rig_port(r, flags, 0);

	return ret ? ret : add_link(r, r->context, 0, &r->se, &r->ce);
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void rig_close(struct rig *r)
{
	close_fd(&r->ce);
	close_fd(&r->se);
	close_fd(&r->port);
	close_fd(&r->dev);
}

/* ----------------------------------------------------------------- looking */

static inline int query(int fd, __u32 what, __u64 id, void *out, __u32 size)
{
	struct lpc_query q = {
		.what = what,
		.id = id,
		.size = size,
		.out = (unsigned long)out,
	};

	memset(out, 0, size);
	return xctl(fd, LPC_IOC_QUERY, &q);
}

static inline struct lpc_port_info port_info(int port)
{
	struct lpc_port_info i;

	if (query(port, LPC_WHAT_PORT, 0, &i, sizeof(i)))
		memset(&i, 0xff, sizeof(i));
	return i;
}

static inline struct lpc_conn_info conn_info(int end)
{
	struct lpc_conn_info i;

	if (query(end, LPC_WHAT_CONN, 0, &i, sizeof(i)))
		memset(&i, 0xff, sizeof(i));
	return i;
}

static inline unsigned int queued(int port)
{
	return port_info(port).queued;
}

static inline unsigned int waiting(int port)
{
	return port_info(port).waiting;
}

static inline unsigned int calls_now(int port)
{
	return port_info(port).calls_now;
}

/* Every call counted ended one way or is still going on. */
static inline bool balanced(const struct lpc_counters *c, __u64 now)
{
	return c->calls == c->replied + c->canceled + c->lost + c->withdrawn +
	       now;
}

static inline bool port_balanced(int port)
{
	struct lpc_port_info i = port_info(port);

	return balanced(&i.counters, i.calls_now);
}

static inline short poll_for(int fd, short events)
{
	return poll_ms(fd, events, PATIENCE_MS);
}

/* ----------------------------------------------------------------- threads */

static inline void *actor_main(void *arg)
{
	struct actor *a = arg;

	__atomic_store_n(&a->tid, get_tid(), __ATOMIC_RELEASE);
	a->ret = xctl(a->fd, a->cmd, a->arg);
	__atomic_store_n(&a->done, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&a->hold, __ATOMIC_ACQUIRE))
		nap();
	return NULL;
}

static inline int actor_start(struct actor *a, int fd, unsigned long cmd,
			      void *arg)
{
	memset(a, 0, sizeof(*a));
	a->fd = fd;
	a->cmd = cmd;
	a->arg = arg;
	return -pthread_create(&a->thread, NULL, actor_main, a);
}

static inline bool actor_asleep(struct actor *a)
{
	return UNTIL(__atomic_load_n(&a->tid, __ATOMIC_ACQUIRE) &&
		     in_ioctl(a->tid, a->cmd));
}

/* Its result; -ETIME if it never ends. */
static inline int actor_end(struct actor *a)
{
	struct timespec ts;

	__atomic_store_n(&a->hold, false, __ATOMIC_RELEASE);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += PATIENCE_MS / 1000;
	if (pthread_timedjoin_np(a->thread, NULL, &ts))
		return -ETIME;
	return a->ret;
}

static inline bool actor_running(struct actor *a)
{
	return !__atomic_load_n(&a->done, __ATOMIC_ACQUIRE);
}

/*
 * A thread that does one ioctl after another, as it is told: for what only
 * the thread that called may do.
 */
struct driver {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int tid;
	int fd;
	unsigned long cmd;	/* 0: none, DRIVER_QUIT: leave */
	void *arg;
	int ret;
};

#define DRIVER_QUIT	1ul

static inline void *driver_main(void *arg)
{
	struct driver *d = arg;
	unsigned long cmd;
	int ret;

	pthread_mutex_lock(&d->lock);
	d->tid = get_tid();
	pthread_cond_broadcast(&d->wake);
	for (;;) {
		while (!d->cmd)
			pthread_cond_wait(&d->wake, &d->lock);
		cmd = d->cmd;
		if (cmd == DRIVER_QUIT)
			break;
		pthread_mutex_unlock(&d->lock);
		ret = xctl(d->fd, cmd, d->arg);
		pthread_mutex_lock(&d->lock);
		d->ret = ret;
		d->cmd = 0;
		pthread_cond_broadcast(&d->wake);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

static inline int driver_start(struct driver *d)
{
	memset(d, 0, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->wake, NULL);
	if (pthread_create(&d->thread, NULL, driver_main, d))
		return -EAGAIN;
	pthread_mutex_lock(&d->lock);
	while (!d->tid)
		pthread_cond_wait(&d->wake, &d->lock);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static inline void driver_post(struct driver *d, int fd, unsigned long cmd,
			       void *arg)
{
	pthread_mutex_lock(&d->lock);
	d->fd = fd;
	d->arg = arg;
	d->cmd = cmd;
	pthread_cond_broadcast(&d->wake);
	pthread_mutex_unlock(&d->lock);
}

/* Result of what was posted last; -ETIME if that never ends. */
static inline int driver_result(struct driver *d)
{
	struct timespec ts;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&d->lock);
	while (d->cmd && !ret)
		ret = pthread_cond_timedwait(&d->wake, &d->lock, &ts);
	ret = d->cmd ? -ETIME : d->ret;
	pthread_mutex_unlock(&d->lock);
	return ret;
}

static inline int driver_do(struct driver *d, int fd, unsigned long cmd,
			    void *arg)
{
	driver_post(d, fd, cmd, arg);
	return driver_result(d);
}

static inline bool driver_asleep(struct driver *d)
{
	return UNTIL(in_ioctl(d->tid, d->cmd));
}

/* The thread exits, and has been seen to. */
static inline bool driver_quit(struct driver *d)
{
	driver_post(d, -1, DRIVER_QUIT, NULL);
	return !pthread_join(d->thread, NULL) &&
	       UNTIL(task_state(d->tid) == 0);
}

/* A callback into the caller of @id, from a thread that serves @callback. */
static inline struct pkt *callback_msg(struct pkt *p, __u64 id, __u64 callback,
				       __u32 code, __u32 len)
{
	msg(p, code, len);
	p->m.flags = LPC_CALLBACK;
	p->m.id = id;
	p->m.callback = callback;
	return p;
}

/* The answer to a callback; then wait for the original call again. */
static inline struct pkt *rejoin_msg(struct pkt *p, __u64 id, __u64 callback,
				     __u32 flags, __u32 code, __u32 len)
{
	msg(p, code, len);
	p->m.flags = flags;
	p->m.id = id;
	p->m.callback = callback;
	return p;
}

/*
 * A program of ours that is executed again does nothing but wait: execve()
 * needs a target, and a guest may have no other.
 */
#define PAUSE_VARIABLE	"LPC_SELFTEST_PAUSE"

static inline void exec_pause(void)
{
	setenv(PAUSE_VARIABLE, "1", 1);
	execl("/proc/self/exe", "pause", (char *)NULL);
	_exit(98);
}

static void __attribute__((constructor)) pause_when_executed(void)
{
	if (getenv(PAUSE_VARIABLE))
		for (;;)
			pause();
}

static inline bool has_feature(__u64 bit)
{
	struct lpc_info i;

	return !get_info(&i) && (i.features & bit);
}

/* The actor's ioctl is asleep in the kernel before this returns true. */
static inline bool act(struct actor *a, int fd, unsigned long cmd, void *arg)
{
	return !actor_start(a, fd, cmd, arg) && actor_asleep(a);
}

/* --------------------------------------------------------------- processes */

/* fork() whose child does not outlive this thread. */
static inline pid_t spawn(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(99);
	}
	return pid;
}

#endif /* SELFTESTS_COMMON_CALL_H */
