/* SPDX-License-Identifier: MIT */
/* A client's connection, and who is inside it. */
#ifndef LIBLPC_CONN_H
#define LIBLPC_CONN_H

#include <errno.h>
#include <pthread.h>

#include <lpc.h>

#include "fork.h"
#include "gate.h"

struct pending;
struct section;

/**
 * struct calls - the calls of lpc_call_async() in flight, under lpc_conn.lock
 * @slots: @size of them
 * @heads: by kernel id, index into @slots or -1; @size of them
 * @free: first free slot or -1
 * @size: a power of two, or 0
 * @used: in flight
 * @epoch: grows with each lpc_reconnect(): ids are those of one connection
 * @stale: calls of a former epoch are in the table
 */
struct calls {
	struct pending	*slots;
	int		*heads;
	int		free;
	unsigned int	size;
	unsigned int	used;
	uint32_t	epoch;
	bool		stale;
};

/**
 * struct lpc_conn - a client's end
 * @fd: the end, the same number for ever; set once
 * @old: the end before lpc_reconnect(), if calls were open there, or -1
 * @mark: see fork.h
 * @gate: threads inside
 * @call_ms: see lpc_connect_opts
 * @handler: likewise
 * @arg: likewise
 * @dispatcher: the thread in lpc_dispatch(), as a number, or 0
 * @doomed: lpc_conn_close() was called inside lpc_dispatch(), which frees
 * @lock: @calls, @old and @server; never held while waiting
 * @section: for long messages, or NULL; changed under @lock while nobody is
 *	inside, so either is enough to read it
 * @reconnect: held by the one who connects again
 * @how: the options it was connected with, their data copied
 * @name: as expanded; NULL: made by lpc_conn_take()
 * @server: who made the port
 */
struct lpc_conn {
	int			fd;
	int			old;
	const int		*mark;
	struct lpc_gate		gate;
	uint64_t		call_ms;
	lpc_handler		*handler;
	void			*arg;
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic uintptr_t	dispatcher;
	bool			doomed;
	pthread_mutex_t		lock;
	struct calls		calls;
	struct section		*section;
	pthread_mutex_t		reconnect;
	struct lpc_connect_opts	how;
	char			*name;
	struct lpc_cred		server;
};

void lpc_conn_free(struct lpc_conn *c);

/**
 * struct calling_back - a callback that runs inside lpc_call(), on its stack
 * @fd: the connection's
 * @outer: the callback around it, or NULL
 */
struct calling_back {
	int				fd;
	const struct calling_back	*outer;
};

void lpc_conn_callback_begin(struct calling_back *b, int fd);
void lpc_conn_callback_end(const struct calling_back *b);
int lpc_conn_enter_late(struct lpc_conn *c);

static inline int lpc_conn_enter(struct lpc_conn *c)
{
	if (lpc_forked(c->mark))
		return -ECHILD;
	return lpc_gate_count(&c->gate) ? 0 : lpc_conn_enter_late(c);
}

/* What ended because lpc_conn_close() ended it says so. */
static inline ssize_t lpc_conn_leave(struct lpc_conn *c, ssize_t r)
{
	if ((r == -EPIPE || r == -ECONNRESET || r == -ECANCELED) && lpc_gate_is_closed(&c->gate))
		r = -ESHUTDOWN;
	lpc_gate_leave(&c->gate);
	return r;
}

/* The calling thread as a number that no other living thread has. */
static inline uintptr_t lpc_self(void)
{
	return (uintptr_t)pthread_self();
}

#endif /* LIBLPC_CONN_H */
