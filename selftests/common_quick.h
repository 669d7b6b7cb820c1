/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common_quick.h - a server that offers quick channels, in this process or in
 * one of its own, and its client
 */
#ifndef LPC_SELFTESTS_COMMON_QUICK_H
#define LPC_SELFTESTS_COMMON_QUICK_H

#include "common.h"

#include <lpc.h>

#include "quick.h"

enum {
	ECHO_CODE = 1,
	FAIL_CODE,	/* -ENOENT */
	SLOW_CODE,	/* until released */
	KEEP_CODE,
	BACK_CODE,	/* calls back */
	ROOM_CODE,	/* answers in its room */
	EXIT_CODE,	/* ends the thread */
	SUM_CODE = 1000,/* from here on: SUM_CODE + a checksum */
};

/* What the handlers count; shared with a server in another process. */
struct qtally {
	atomic_int inside, begun, gone, release, bad;
	atomic_int back;		/* what lpc_callback() returned */
	atomic_int nkept;
	struct lpc_req *_Atomic kept[1024];
	_Atomic uint32_t flags, cred_flags;
	_Atomic int pid, uid;
};

struct qrig {
	char name[NAME_ROOM];
	struct qtally *t;
	struct lpc_server *s;
	struct lpc_conn *c;
	struct lpc_quick *q;
	pthread_t thread;
	pid_t pid;			/* of a server in a process of its own */
	int ret;
	bool runs;
};

static inline uint32_t qsum(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t h = 2166136261u ^ (uint32_t)len;

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h & 0x3fffffff;
}

static int qhandler(struct lpc_req *r, void *arg)
{
	struct qtally *t = arg;
	char text[16];
	int ret = 0;

	t->flags = r->flags;
	t->cred_flags = r->cred.flags;
	t->pid = r->cred.pid;
	t->uid = r->cred.uid;
	t->inside++;
	t->begun++;
	switch (r->code) {
	case ECHO_CODE:
		ret = lpc_reply(r, 0, r->data, r->len);
		break;
	case FAIL_CODE:
		ret = -ENOENT;
		break;
	case SLOW_CODE:
		while (!t->release)
			nap();
		ret = lpc_reply(r, 0, r->data, r->len);
		break;
	case KEEP_CODE:
		t->kept[t->nkept] = lpc_req_keep(r);
		if (!t->kept[t->nkept])
			ret = -ENOMEM;
		else
			t->nkept++;
		break;
	case BACK_CODE:
		t->back = lpc_callback(r, 7, "who?", 4, text, sizeof(text), NULL);
		ret = lpc_reply(r, 0, NULL, 0);
		break;
	case ROOM_CODE:
		memset(r->room, 'r', r->room_len);
		ret = lpc_reply(r, 0, r->room, r->room_len);
		break;
	case EXIT_CODE:
		t->inside--;
		pthread_exit(NULL);
	default:
		if (r->code < SUM_CODE ||
		    r->code - SUM_CODE != qsum(r->data, r->len)) {
			t->bad++;
			ret = -EBADMSG;
		} else {
			ret = lpc_reply(r, 0, r->data, r->len);
		}
	}
	t->inside--;
	return ret;
}

static void qgone(void *client, void *arg)
{
	struct qtally *t = arg;

	t->gone++;
}

static void *qrig_main(void *arg)
{
	struct qrig *r = arg;

	r->ret = lpc_server_run(r->s);
	return NULL;
}

static inline void qrig_init(struct qrig *r)
{
	unique_name(r->name);
	r->t = mmap(NULL, sizeof(*r->t), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static inline int qserver_make(struct qrig *r, uint64_t flags, uint32_t max,
			       uint32_t ring)
{
	struct lpc_server_opts o = { .size = sizeof(o) };
	struct lpc_port *p;
	int ret;

	o.flags = flags;
	o.quick_max = max;
	o.quick_ring = ring;
	o.on_gone = qgone;
	ret = lpc_port_open(&p, r->name, NULL);
	if (ret < 0)
		return ret;
	ret = lpc_server_new(&r->s, p, qhandler, r->t, &o);
	if (ret < 0)
		lpc_port_close(p);
	return ret;
}

/* Long messages go through rings here: no section */
static inline int qconnect(struct qrig *r)
{
	return lpc_connect(&r->c, r->name, LPC_OPTS(lpc_connect_opts,
			   .flags = LPC_WAIT_NAME, .deadline = lpc_in_ms(LONG),
			   .section = LPC_NO_SECTION));
}

/* A server in a thread, a connection to it, and no channel yet */
static inline int qrig_serve(struct qrig *r, uint64_t flags, uint32_t max,
			     uint32_t ring)
{
	int ret = qserver_make(r, flags, max, ring);

	if (ret < 0)
		return ret;
	r->runs = !pthread_create(&r->thread, NULL, qrig_main, r);
	return r->runs ? qconnect(r) : -EAGAIN;
}

static inline int qrig_open(struct qrig *r, uint64_t flags)
{
	int ret = qrig_serve(r, flags, 0, 0);

	return ret < 0 ? ret : lpc_quick_open(&r->q, r->c, NULL);
}

/* The same, the server in a process of its own */
static inline int qrig_fork(struct qrig *r, uint64_t flags)
{
	r->pid = fork();
	if (!r->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(qserver_make(r, flags, 0, 0) < 0 ||
		      lpc_server_run(r->s) < 0);
	}
	return qconnect(r);
}

static inline void qrig_kill(struct qrig *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
}

static inline int qrig_stop(struct qrig *r, uint64_t drain)
{
	lpc_server_stop(r->s, drain);
	pthread_join(r->thread, NULL);
	r->runs = false;
	return r->ret;
}

static inline void qrig_close(struct qrig *r)
{
	r->t->release = 1;
	lpc_quick_close(r->q);
	lpc_conn_close(r->c);
	if (r->runs)
		qrig_stop(r, 0);
	lpc_server_free(r->s);
	if (r->pid > 0)
		qrig_kill(r);
}

static inline ssize_t qcall(struct lpc_quick *q, uint32_t code, const void *data,
			    size_t len, void *rep, size_t room)
{
	return lpc_quick_call(q, code, data, len, rep, room,
			      LPC_OPTS(lpc_call_opts, .deadline = lpc_in_ms(LONG)));
}

/* Does the ordinary connection still answer? */
static inline bool qconn_lives(struct lpc_conn *c)
{
	char out[8];

	return lpc_call(c, ECHO_CODE, "alive", 5, out, sizeof(out),
			LPC_OPTS(lpc_call_opts, .deadline = lpc_in_ms(LONG))) == 5 &&
	       !memcmp(out, "alive", 5);
}

/* A call in a thread of its own */
struct qcaller {
	pthread_t thread;
	struct lpc_quick *q;
	uint32_t code;
	uint64_t flags;
	ssize_t ret;
	int taken;
	atomic_bool done;
	char rep[64];
};

static void *qcaller_main(void *arg)
{
	struct qcaller *k = arg;
	struct lpc_call_opts o = {
		.size = sizeof(o), .flags = k->flags, .taken = &k->taken,
	};

	k->ret = lpc_quick_call(k->q, k->code, "thread", 6, k->rep,
				sizeof(k->rep), &o);
	k->done = true;
	return NULL;
}

static inline void qcaller_start(struct qcaller *k, struct lpc_quick *q,
				 uint32_t code)
{
	*k = (struct qcaller){ .q = q, .code = code, .flags = k->flags };
	pthread_create(&k->thread, NULL, qcaller_main, k);
}

static inline ssize_t qcaller_end(struct qcaller *k)
{
	pthread_join(k->thread, NULL);
	return k->ret;
}

/* ---- many channels in one server's poll set --------------------------------- */

#define QSET		1000
#define QSET_CONN	25	/* on one connection */

struct qset {
	struct lpc_quick *q[QSET];
	struct lpc_conn *c[QSET / QSET_CONN];
};

/* To the server of @r; returns how many were opened. */
static inline int qset_open(struct qset *set, const struct qrig *r)
{
	struct lpc_quick_opts o = {
		.size = sizeof(o), .ring = 4096, .flags = LPC_QUICK_NO_SPIN,
	};
	struct rlimit rl = { 4096, 4096 };
	struct qrig other = *r;
	int i;

	setrlimit(RLIMIT_NOFILE, &rl);
	for (i = 0; i < QSET; i++) {
		if (!(i % QSET_CONN)) {
			if (qconnect(&other))
				break;
			set->c[i / QSET_CONN] = other.c;
		}
		if (lpc_quick_open(&set->q[i], set->c[i / QSET_CONN], &o))
			break;
	}
	return i;
}

static inline void qset_close(struct qset *set)
{
	int i;

	for (i = 0; i < QSET; i++)
		lpc_quick_close(set->q[i]);
	for (i = 0; i < QSET / QSET_CONN; i++)
		lpc_conn_close(set->c[i]);
}

#endif /* LPC_SELFTESTS_COMMON_QUICK_H */
