/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbered calls between many clients and one server of several threads, and
 * the ledger in which both sides write what they saw: nothing may be lost,
 * doubled or out of order.
 */
#ifndef SELFTESTS_NUMBERED_H
#define SELFTESTS_NUMBERED_H

#include "common_call.h"

#define NUMBERED_CLIENTS	256
#define NUMBERED_THREADS	16
#define NUMBERED_KEY		0x5a5a5a5a5a5a5a5aull
#define NUMBERED_LEAVE		1	/* the thread that takes it leaves */

struct ledger {
	atomic_uint seen[NUMBERED_CLIENTS];	/* last number received */
	atomic_uint done[NUMBERED_CLIENTS];	/* last number answered */
	atomic_uint doubled;
	atomic_uint skipped;
	atomic_uint stale;
	atomic_uint canceled;
	atomic_uint failed;			/* an ioctl, otherwise */
	atomic_uint left;			/* threads that held a request */
	atomic_uint closed;			/* PORT_CLOSED messages */
	atomic_int error;			/* the last unexpected one */
	int ends[NUMBERED_CLIENTS];		/* the server process's own */
};

struct numbered {
	__u64 seq;
	__u32 what;
	__u32 zero;
};

struct numbered_server {
	int port;
	struct ledger *ledger;
	void (*prepare)(void);		/* in each thread, first */
};

static inline struct ledger *ledger_new(void)
{
	void *p = mmap(NULL, sizeof(struct ledger), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline void ledger_failed(struct ledger *l, int error)
{
	atomic_store(&l->error, error);
	atomic_fetch_add(&l->failed, 1);
}

static inline void numbered_accept(struct numbered_server *s, struct pkt *p)
{
	__u32 who = 0;
	int se;

	memcpy(&who, p->d, sizeof(who));
	if (p->m.len != sizeof(who) || who >= NUMBERED_CLIENTS) {
		ledger_failed(s->ledger, -EPROTO);
		return;
	}
	se = do_accept(s->port, p->m.id, who, 0);
	if (se == -ESTALE)
		return;		/* killed while it waited */
	if (se < 0 || do_complete(se)) {
		ledger_failed(s->ledger, se);
		return;
	}
	s->ledger->ends[who] = se;
}

/* Enters the request into the ledger, makes its answer; false: leave. */
static inline bool numbered_answer(struct ledger *l, struct pkt *p)
{
	__u32 who = p->m.context;
	struct numbered n;
	unsigned int last;
	__u64 answer;

	memcpy(&n, p->d, sizeof(n));
	if (who >= NUMBERED_CLIENTS || p->m.code != who ||
	    p->m.len != sizeof(n)) {
		ledger_failed(l, -EBADMSG);
		who = 0;
	}
	last = atomic_load(&l->seen[who]);
	if (n.seq <= last)
		atomic_fetch_add(&l->doubled, 1);
	else if (n.seq != last + 1)
		atomic_fetch_add(&l->skipped, 1);
	atomic_store(&l->seen[who], n.seq);
	if (n.what == NUMBERED_LEAVE) {
		atomic_fetch_add(&l->left, 1);
		return false;
	}
	answer = n.seq ^ NUMBERED_KEY;
	reply_msg(p, p->m.id, ~who, sizeof(answer));
	p->m.room = LPC_INLINE_MAX;
	p->m.flags |= LPC_WITH_RECV;
	memcpy(p->d, &answer, sizeof(answer));
	return true;
}

static inline void *numbered_serve(void *arg)
{
	struct numbered_server *s = arg;
	struct ledger *l = s->ledger;
	struct pkt p;
	int ret;

	if (s->prepare)
		s->prepare();
	recv_msg(&p, 0, 0);
	for (;;) {
		ret = xctl(s->port, LPC_IOC_REPLY_RECV, &p);
		if (ret == -ESHUTDOWN || ret == -EPIPE)
			return NULL;
		if (ret == -ECANCELED)
			atomic_fetch_add(&l->canceled, 1);
		else if (ret == -ESTALE)
			atomic_fetch_add(&l->stale, 1);
		else if (ret)
			ledger_failed(l, ret);
		if (!ret && p.m.type == LPC_REQUEST) {
			if (!numbered_answer(l, &p))
				return NULL;
			continue;
		}
		if (!ret && p.m.type == LPC_CONNECTION_REQUEST)
			numbered_accept(s, &p);
		if (!ret && p.m.type == LPC_PORT_CLOSED) {
			atomic_fetch_add(&l->closed, 1);
			if (p.m.context < NUMBERED_CLIENTS)
				close(l->ends[p.m.context]);
		}
		recv_msg(&p, 0, 0);
	}
}

/* A server process of @threads threads; ends when the port stops receiving. */
static inline pid_t numbered_server_start(struct numbered_server *s,
					  int threads)
{
	pthread_t t[NUMBERED_THREADS];
	pid_t pid = fork_child();
	int i;

	if (pid)
		return pid;
	for (i = 0; i < threads; i++)
		must(!pthread_create(&t[i], NULL, numbered_serve, s));
	for (i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	_exit(0);
}

static inline int numbered_connect(const char *name, __u32 who)
{
	return port_connect_opts(name, &(struct lpc_connect){
		.data = (unsigned long)&who,
		.data_len = sizeof(who),
	});
}

/* Call @seq of client @who: 0 if the right answer came, else -errno. */
static inline int numbered_call(int ce, __u32 who, unsigned int seq,
				__u32 what, __u64 deadline, __u16 *status)
{
	struct numbered n = { .seq = seq, .what = what };
	struct pkt p;
	__u64 answer;
	int ret;

	msg(&p, who, sizeof(n))->m.deadline = deadline;
	memcpy(p.d, &n, sizeof(n));
	ret = do_call(ce, &p);
	if (status)
		*status = p.m.status;
	if (ret)
		return ret;
	memcpy(&answer, p.d, sizeof(answer));
	if (p.m.type != LPC_REPLY || p.m.code != ~who ||
	    p.m.len != sizeof(answer) || answer != (seq ^ NUMBERED_KEY))
		return -EBADMSG;
	return 0;
}

#endif /* SELFTESTS_NUMBERED_H */
