/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of views in the handshake share: a port, and a client in this
 * process or in one of its own that connects with sections.
 */
#ifndef SELFTESTS_COMMON_VIEWS_H
#define SELFTESTS_COMMON_VIEWS_H

#include "common_section.h"

#define CONTEXT		0x1122334455667788ull
#define CLIENT_BYTES	(64 * KIB)
#define SERVER_BYTES	(32 * KIB)

/* What a client process came back with, in memory that both see */
struct told {
	struct lpc_connect c;
	int ret;
	int maps;		/* mappings it had more than before */
};

FIXTURE(views) {
	struct shared s;
	struct told *told;
	struct gate done;	/* the client process is back from CONNECT */
	struct gate leave;	/* it may go */
	long bytes;		/* the sysctl */
	pid_t pid;
};

FIXTURE_SETUP(views)
{
	memset(&self->s, 0, sizeof(self->s));
	ASSERT_EQ(0, rig_port(&self->s.r, 0, 0));
	self->told = mmap(NULL, sizeof(*self->told), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->told);
	/* now, not while somebody counts shared memory */
	memset(self->told, 0, sizeof(*self->told));
	gate_init(&self->done);
	gate_init(&self->leave);
	self->bytes = sysctl_get("section_bytes");
}

FIXTURE_TEARDOWN(views)
{
	if (self->pid > 0)
		kill_reap(self->pid);
	sysctl_set("section_bytes", self->bytes);
	shared_close(&self->s);
	gate_destroy(&self->done);
	gate_destroy(&self->leave);
}

#define S	(&self->s)
#define R	(&self->s.r)
#define C	(&self->s.c)
#define A	(&self->s.a)

/*
 * A process that connects as s->c says, in self->told then; returns 0 in it,
 * connected or not, with the news posted.
 */
static inline pid_t client_process(struct _test_data_views *self)
{
	struct told *told = self->told;

	told->c = *C;
	told->ret = 1;
	self->pid = fork_child();
	if (self->pid)
		return self->pid;
	close_fd(&R->port);
	told->maps = mappings();
	told->ret = port_connect_opts(R->name, &told->c);
	told->maps = mappings() - told->maps;
	gate_post(&self->done, 1);
	return 0;
}

/* The client process connects and then waits until it may leave. */
static inline void client_start(struct _test_data_views *self)
{
	if (client_process(self))
		return;
	gate_wait(&self->leave);
	_exit(0);
}

/* Receives the request of the client process. */
static inline int listen_for(struct _test_data_views *self, struct pkt *p)
{
	int ret = recv_listen(R->port, p);

	A->id = p->m.id;
	A->context = CONTEXT;
	return ret;
}

static inline bool client_leaves(struct _test_data_views *self)
{
	int ret;

	gate_post(&self->leave, 1);
	ret = reap(self->pid);
	self->pid = 0;
	return ret == 0;
}

#endif /* SELFTESTS_COMMON_VIEWS_H */
