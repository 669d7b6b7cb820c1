/* SPDX-License-Identifier: MIT */
/*
 * A server's inside: its workers, its clients, what it keeps.
 *
 * When may a client's memory go? PORT_CLOSED is the last message of a
 * connection, and the kernel hands it out when every earlier one has been
 * copied to its receiver; but that thread may be at work on it still, or just
 * returning from the kernel with it. Nobody could count it yet. So the header
 * in its receive buffer is its claim on the client, until it has said so itself
 * in @working. A request in the buffer is none: the client is gone, so it is
 * canceled, whether this thread received it or the kernel took it back.
 *
 *	worker:	working = context; is the client LIVE? then work
 *		working = 0; is anything closing? then look
 *	closer:	CLOSING, closing++; read every working, every buffer
 *
 * In one order for all, so one of the two sees the other; all but LIVE is
 * decided under server.lock. on_gone() runs when the connection is closed, no
 * thread has a claim and nothing refers to it; whoever makes that true runs it.
 */
#ifndef LIBLPC_SERVER_H
#define LIBLPC_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "fork.h"
#include "gate.h"
#include "port.h"
#include "request.h"
#include "view.h"

enum client_state {
	CLIENT_FREE,
	CLIENT_LIVE,
	CLIENT_CLOSING,		/* PORT_CLOSED was received */
	CLIENT_GONE,		/* on_gone() runs or has run */
};

/**
 * struct client - an accepted connection, or a free place for one
 * @word: turn << 2 | enum client_state; the turn grows with each use
 * @refs: kept requests, and threads that send to it
 * @fd: the server end, -1 until accepted, and for lpc_pair()'s client
 * @index: its own
 * @context: what names it in messages
 * @user: what on_connect() left
 * @view: its section, or NULL; set before the client knows that it is accepted
 * @next: in the list of free ones, or of closing ones
 */
struct client {
	_Atomic uint32_t	word;
	_Atomic uint32_t	refs;
	_Atomic int		fd;
	uint32_t		index;
	uint64_t		context;
	void			*user;
	struct view *_Atomic view;
	struct client		*next;
};

#define CLIENT_CHUNKS 18	/* of 64, 128, ...: 2^24 clients */

struct lpc_self;

/**
 * struct worker - a thread that serves, or a place for one; freed with the server
 * @next: all of a server's; set before it is in the list
 * @busy: a thread has it
 * @working: context of the client whose message it works on, 0 for none
 * @server: whose it is
 * @canceled: id of the request whose caller gave up; under server.lock, but read
 *	by lpc_req_canceled() as it is
 * @request: what its handler was lent
 * @in: what it received
 * @reply: what it will send with its next receive
 * @last: the client whose message it had last, or NULL; a place is never freed
 * @last_context: what named it
 * @last_live: its word if it is still that client
 * @self: what it was, while a handler acts for its client
 * @spoiled: why it could not become that again, 0: it could
 * @copy: a long payload, or memory for one, or NULL
 * @copy_size: bytes there
 */
struct worker {
	struct worker		*next;
	_Atomic bool		busy;
	_Atomic uint64_t	working;
	struct lpc_server	*server;
	uint64_t		canceled;
	struct request		request;
	struct message		in;
	struct message		reply;
	struct client		*last;
	uint64_t		last_context;
	uint32_t		last_live;
	struct lpc_self		*self;
	int			spoiled;
	void			*copy;
	size_t			copy_size;
};

struct kept;
struct line;
struct pool;

/**
 * struct quick_server - the quick channels of a server
 * @offered: and the three below: as given to lpc_server_new()
 * @poll: one thread serves them all
 * @max: how many there may be
 * @ring: bytes of the largest ring
 * @stopped: requests stay in their rings
 * @n: how many there are, those that are being opened too; under server.lock
 * @lines: them
 * @done: whose threads are leaving
 * @polling: held by the thread that serves with @poll; what follows is for that
 * @turn: whom it serves just now
 * @polled: lpc_server_run() has a thread for it
 * @epoll: channels, and @kick
 * @kick: an eventfd that ends a wait
 * @all: @epoll and the port
 */
struct quick_server {
	bool			offered;
	bool			poll;
	uint32_t		max;
	uint32_t		ring;
	_Atomic bool		stopped;
	uint32_t		n;
	struct line		*lines;
	struct line		*done;
	pthread_mutex_t		polling;
	struct line		*turn;
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic bool		polled;
	int			epoll;
	int			kick;
	int			all;
};

/**
 * struct lpc_server - a port and those who serve it
 * @port: what it serves
 * @handler: and those up to @section_max: as given to lpc_server_new()
 * @mark: see fork.h; lives as long as this, the port's does not
 * @gate: kept requests that are answered just now; closed by lpc_server_free()
 * @stopping: lpc_server_stop() was called
 * @drain: its deadline
 * @refs: 1 and one for each kept request: who frees this
 * @workers: all of them
 * @tag: tells this server's contexts from another process's
 * @pair: the client of an lpc_pair()
 * @closing: how many are in @closing_list
 * @quick: its quick channels
 * @lock: what follows
 * @idle: one of the next four has changed
 * @active: threads that serve in an lpc_server_run()
 * @running: callers of lpc_server_run()
 * @freeing: lpc_server_free() waits for these
 * @kept: requests kept and not answered
 * @kept_list: these
 * @pools: threads that lpc_server_run() could not wait for
 * @error: why a thread of a pool ended early
 * @chunks: the clients; each chunk is set once
 * @clients: how many places there are
 * @free: free ones
 * @closing_list: CLOSING ones
 */
struct lpc_server {
	struct lpc_port		*port;
	lpc_handler		*handler;
	void			*arg;
	unsigned int		threads;
	int			(*on_connect)(struct lpc_req *r, void **client, void *arg);
	void			(*on_gone)(void *client, void *arg);
	bool			in_place;
	size_t			copy_max;
	size_t			section_max;
	const int		*mark;
	struct lpc_gate		gate;
	_Atomic bool		stopping;
	_Atomic uint64_t	drain;
	_Atomic uint32_t	refs;
	struct worker *_Atomic workers;
	uint32_t		tag;
	struct client		*pair;
	_Atomic uint32_t	closing;
	struct quick_server	quick;
	pthread_mutex_t		lock;
	pthread_cond_t		idle;
	unsigned int		active;
	unsigned int		running;
	bool			freeing;
	unsigned int		kept;
	struct kept		*kept_list;
	struct pool		*pools;
	int			error;
	struct client *_Atomic chunks[CLIENT_CHUNKS];
	uint32_t		clients;
	struct client		*free;
	struct client		*closing_list;
};

/* clients.c */
struct client *lpc_client_new(struct lpc_server *s, bool pair);
void lpc_client_drop(struct lpc_server *s, struct client *c);
void lpc_client_claim(struct worker *w, struct client *c);
void lpc_client_publish(struct client *c);
struct client *lpc_client_begin(struct worker *w);
void lpc_client_end(struct worker *w);
void lpc_client_closing(struct lpc_server *s, struct client *c);
void lpc_client_ref(struct client *c);
struct client *lpc_client_ref_live(struct lpc_server *s, uint64_t context);
void lpc_client_unref(struct lpc_server *s, struct client *c);
void lpc_clients_free(struct lpc_server *s, bool tell);

/* kept.c */
struct lpc_req *lpc_kept_new(struct request *q);
int lpc_kept_reply(struct request *q, int32_t status, const void *data, size_t len);
ssize_t lpc_kept_callback(struct request *q, uint32_t code, const void *req, size_t len,
			  void *rep, size_t room, const struct lpc_call_opts *o);
struct lpc_server *lpc_kept_server(const struct request *q);
int lpc_kept_impersonate(struct request *q, struct lpc_self **self);
void lpc_kept_cancel(struct lpc_server *s, uint64_t id);
void lpc_server_put(struct lpc_server *s);

/* impersonate.c */
void lpc_self_forget(struct lpc_self *self);

/* serve.c */
struct worker *lpc_worker_get(struct lpc_server *s);
void lpc_worker_put(struct worker *w);
void lpc_workers_free(struct lpc_server *s);
int lpc_worker_serve(struct worker *w, int most);
int lpc_server_greet(struct lpc_server *s, struct client *c, struct request *q);

#endif /* LIBLPC_SERVER_H */
