// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_queue.c - message queues: POSIX and System V, one each way
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "mechs.h"

enum { TO_SERVER, TO_CLIENT };

static int ready(struct pair *p)
{
	(void)p;
	return 0;
}

/* ---- POSIX ---------------------------------------------------------------- */

/* A descriptor of a queue is one of a file here. */
static int mq_make(struct pair *p)
{
	struct mq_attr a = { .mq_maxmsg = 2, .mq_msgsize = p->bytes ? (long)p->bytes : 1 };
	char name[80];

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "/lpc-bench.%d.%d", (int)getpid(), i);
		p->fd[i] = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &a);
		if (p->fd[i] < 0)
			return errno == EINVAL ? -EMSGSIZE : -errno;
		mq_unlink(name);
	}
	return 0;
}

static int mq_put(const struct pair *p, int which)
{
	return mq_send(p->fd[which], p->buf, p->bytes, 0) ? -errno : 0;
}

static int mq_get(const struct pair *p, int which)
{
	size_t room = p->bytes ? p->bytes : 1;
	ssize_t n = mq_receive(p->fd[which], p->buf, room, NULL);

	return n < 0 ? -errno : n == (ssize_t)p->bytes ? 0 : -EPROTO;
}

static int mq_serve(struct pair *p)
{
	int r;

	do {
		r = mq_get(p, TO_SERVER);
		if (r == 0)
			r = mq_put(p, TO_CLIENT);
	} while (r == 0);
	return r;
}

static int mq_turn(struct pair *p)
{
	int r = mq_put(p, TO_SERVER);

	return r ? r : mq_get(p, TO_CLIENT);
}

const struct mech mech_posix_mq = {
	.name = "posix_mq", .text = "POSIX mq", .max = 65536,
	.make = mq_make, .serve = mq_serve, .connect = ready, .turn = mq_turn,
};

/* ---- System V ------------------------------------------------------------- */

struct sysv {
	int id[2];
	struct msgbuf *msg;	/* this process's own */
};

static int sysv_make(struct pair *p)
{
	struct sysv *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	p->own = v;
	v->id[0] = -1;
	v->id[1] = -1;
	v->msg = calloc(1, sizeof(*v->msg) + p->bytes);
	if (!v->msg)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		v->id[i] = msgget(IPC_PRIVATE, 0600);
		if (v->id[i] < 0)
			return -errno;
	}
	return 0;
}

static void sysv_drop(struct pair *p)
{
	struct sysv *v = p->own;

	for (int i = 0; v && i < 2; i++)
		if (v->id[i] >= 0)
			msgctl(v->id[i], IPC_RMID, NULL);
	if (v)
		free(v->msg);
	free(v);
}

static int sysv_put(const struct pair *p, int which)
{
	struct sysv *v = p->own;

	v->msg->mtype = 1;
	memcpy(v->msg->mtext, p->buf, p->bytes);
	return msgsnd(v->id[which], v->msg, p->bytes, 0) ? -errno : 0;
}

static int sysv_get(const struct pair *p, int which)
{
	struct sysv *v = p->own;
	ssize_t n = msgrcv(v->id[which], v->msg, p->bytes, 0, 0);

	if (n != (ssize_t)p->bytes)
		return n < 0 ? -errno : -EPROTO;
	memcpy(p->buf, v->msg->mtext, p->bytes);
	return 0;
}

static int sysv_serve(struct pair *p)
{
	int r;

	do {
		r = sysv_get(p, TO_SERVER);
		if (r == 0)
			r = sysv_put(p, TO_CLIENT);
	} while (r == 0);
	return r;
}

static int sysv_turn(struct pair *p)
{
	int r = sysv_put(p, TO_SERVER);

	return r ? r : sysv_get(p, TO_CLIENT);
}

const struct mech mech_sysv_msg = {
	.name = "sysv_msg", .text = "SysV msg", .max = 8192,
	.make = sysv_make, .serve = sysv_serve, .connect = ready, .turn = sysv_turn,
	.drop = sysv_drop,
};
