/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common_connect.h - a port, and a process that connects to it, for the tests of the
 * handshake
 */
#ifndef LPC_SELFTESTS_COMMON_CONNECT_H
#define LPC_SELFTESTS_COMMON_CONNECT_H

#include "common.h"

#define CONTEXT	0xfeedfacecafebeefull

/* What the client process does and what came of it, in shared memory */
struct client {
	struct lpc_connect c;
	int ret;
	int handler;		/* 1: SIGUSR1 is handled, 2: with SA_RESTART */
	uid_t uid;
	bool again;		/* after EINTR, the same call again */
	int first_ret;
	unsigned int first_status;
	char data[300], answer[300];
	struct lpcbuf got;
};

FIXTURE(connect) {
	char name[NAME_ROOM];
	int port;
	struct client *k;
	struct gate done, leave;
	pid_t pid;
	struct lpcbuf b;
};

FIXTURE_SETUP(connect)
{
	self->port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->port);
	self->k = mmap(NULL, sizeof(*self->k), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->k);
	memset(self->k->answer, POISON, sizeof(self->k->answer));
	gate_init(&self->done);
	gate_init(&self->leave);
}

FIXTURE_TEARDOWN(connect)
{
	if (self->pid > 0)
		kill_reap(self->pid);
	if (self->port >= 0)
		close(self->port);
	gate_destroy(&self->done);
	gate_destroy(&self->leave);
}

static inline void on_signal(int sig) { }

/*
 * A process that connects as self->k->c says (name and answer are filled in),
 * posts "done" with the result, then keeps its end until "leave".
 */
static inline void client_start(struct _test_data_connect *self)
{
	struct client *k = self->k;

	k->ret = 1;
	k->c.answer = (uintptr_t)k->answer;
	if (!k->c.answer_room)
		k->c.answer_room = sizeof(k->answer);
	if (k->c.data_len)
		k->c.data = (uintptr_t)k->data;
	self->pid = fork_child();
	if (self->pid)
		return;
	close(self->port);
	if (k->uid)
		must_be(0, become(k->uid));
	if (k->handler) {
		struct sigaction sa = {
			.sa_handler = on_signal,
			.sa_flags = k->handler == 2 ? SA_RESTART : 0,
		};

		sigaction(SIGUSR1, &sa, NULL);
	}
	k->ret = port_connect_opts(self->name, &k->c);
	if (k->ret == -EINTR && k->again) {
		k->first_ret = k->ret;
		k->first_status = k->c.status;
		gate_post(&self->done, 1);
		k->ret = lpc_ioctl(lpc_dev(), LPC_IOC_CONNECT, &k->c);
		if (!k->ret)
			k->ret = k->c.fd;
	}
	gate_post(&self->done, 2);
	gate_wait(&self->leave);
	_exit(0);
}

static inline bool client_sleeps(struct _test_data_connect *self)
{
	return until_ioctl(self->pid, LPC_IOC_CONNECT);
}

#endif /* LPC_SELFTESTS_COMMON_CONNECT_H */
