/* SPDX-License-Identifier: MIT */
/*
 * A quick channel in a server: who serves it, and what is yet to be answered.
 *
 * One thread owns a line: its own, or whoever holds quick.polling. Answers to
 * requests that were kept may come from any thread. @late counts these; while
 * it is not 0, line.lock guards the writing side of the channel, and while it is
 * 0 the owner, who alone can raise it, need not take that. As long as answers
 * stand in @backlog nobody but the owner writes.
 */
#ifndef LIBLPC_LINE_H
#define LIBLPC_LINE_H

#include <pthread.h>

#include "backlog.h"
#include "channel.h"
#include "server.h"

/**
 * struct line - a channel and its server
 * @ch: this side of it
 * @server: whose it is
 * @client: whose connection it belongs to; referred to
 * @prev: in quick.lines, under server.lock
 * @next: likewise; and in quick.done
 * @refs: the owner's, and one for each kept request
 * @thread: its own, unless LPC_SERVE_QUICK_POLL
 * @request: what the handler is lent; most of it is always the same
 * @tag: of that one
 * @flags: RING_* of that one
 * @copy: its payload, and as much for a reply
 * @error: it cannot go on
 * @lock: see above; and what follows, always
 * @late: kept requests that are not answered
 * @heed: the owner waits for one of them
 * @late_error: as @error, of one of them
 * @ended: no answer is taken any more
 * @backlog: answers that did not fit into the ring
 */
struct line {
	struct channel		ch;
	struct lpc_server	*server;
	struct client		*client;
	struct line		*prev;
	struct line		*next;
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic uint32_t	refs;
	pthread_t		thread;
	struct request		request;
	uint64_t		tag;
	uint32_t		flags;
	unsigned char		*copy;
	int			error;
	pthread_mutex_t		lock;
	_Atomic uint32_t	late;
	bool			heed;
	int			late_error;
	bool			ended;
	struct backlog		backlog;
};

/* line.c */
struct line *lpc_line_new(struct lpc_server *s, struct client *c, uint32_t bytes);
void lpc_line_put(struct line *l);
void lpc_line_end(struct line *l);
int lpc_line_serve(struct line *l, int most);
unsigned int lpc_line_waits_for(struct line *l, uint32_t *room);
int lpc_line_run(struct line *l);
bool lpc_line_idle(struct line *l);
int lpc_line_reply(struct request *q, int32_t status, const void *data, size_t len);

/* late.c */
struct lpc_req *lpc_late_new(struct request *q);
int lpc_late_reply(struct request *q, int32_t status, const void *data, size_t len);

int lpc_line_put_late(struct line *l, uint64_t tag, uint32_t flags, int32_t status,
		      const void *data, size_t len);

#endif /* LIBLPC_LINE_H */
