/* SPDX-License-Identifier: MIT */
/* The quick channels of a server: offered, opened, served, ended. */
#ifndef LIBLPC_QUICK_SERVE_H
#define LIBLPC_QUICK_SERVE_H

#include "server.h"

struct line;

/* quick_serve.c */
int lpc_quick_init(struct lpc_server *s, const struct lpc_server_opts *o);
int lpc_quick_offer(struct request *q);
void lpc_quick_stop(struct lpc_server *s);
void lpc_quick_reap(struct lpc_server *s);
void lpc_quick_unlist(struct lpc_server *s, struct line *l);
void lpc_quick_free(struct lpc_server *s);
void lpc_quick_free_copy(struct lpc_server *s);

/* quick_poll.c */
int lpc_quick_poll_init(struct lpc_server *s);
void lpc_quick_poll_end(struct lpc_server *s);
void lpc_quick_poll_fini(struct lpc_server *s);
void lpc_quick_poll_kick(struct lpc_server *s);
int lpc_quick_poll_add(struct lpc_server *s, struct line *l);
int lpc_quick_poll_step(struct lpc_server *s, int wait_ms);
int lpc_quick_poll_run(struct lpc_server *s);
bool lpc_quick_poll_over(struct lpc_server *s);

#endif /* LIBLPC_QUICK_SERVE_H */
