/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_VIEWS_H
#define _LPC_VIEWS_H

#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "section.h"
#include "wait.h"

struct lpc_piece;

/**
 * struct lpc_map_now - an ACCEPT that waits until the client has its view
 * @offer: to be mapped into the client
 * @waiter: the thread in ACCEPT; done when @error says how it went
 * @error: 0 or why it cannot be mapped
 * @base: where it is
 */
struct lpc_map_now {
	const struct lpc_offer *offer;
	struct lpc_waiter waiter;
	int error;
	u64 base;
};

/**
 * struct lpc_views - what the two sides of a connection share
 * @client: what the client gives; set before the request is queued
 * @server: what the server gives; port->lock until it is accepted, then fixed
 * @client_shared: both sides have @client; port->lock, never undone
 * @server_shared: both sides have @server; likewise
 * @client_takes: bytes of the server's that the client takes at most
 * @async: no thread waits in CONNECT that could map; port->lock
 * @client_tells: the client tells where it has the server's
 * @client_has: a CONNECT has mapped them into the client, or is at it; port->lock
 * @server_base: where the server has the client's, if it tells; port->lock
 * @early: what the client has mapped for LPC_ACCEPT_MAP_NOW; its thread's alone
 * @early_base: where; likewise
 * @map_now: the ACCEPT that waits for it, or NULL; port->lock
 * @held: struct lpc_held: calls that are over while the peer may still write to
 *	their pieces; port->lock
 * @nr_held: how many; port->lock
 * @held_bytes: of their pieces; port->lock
 */
struct lpc_views {
	struct lpc_offer client;
	struct lpc_offer server;
	bool client_shared;
	bool server_shared;
	u64 client_takes;
	bool client_tells;
	bool async;
	bool client_has;
	u64 server_base;
	struct lpc_offer early;
	u64 early_base;
	struct lpc_map_now *map_now;
	struct list_head held;
	u32 nr_held;
	u64 held_bytes;
};

bool lpc_views_check(bool gives, const struct lpc_view *own,
		     const struct lpc_view *theirs);
struct lpc_views *lpc_views_new(const struct lpc_connect *args);
void lpc_views_free(struct lpc_views *views);
bool lpc_piece_fits(const struct lpc_views *views,
		    const struct lpc_piece *piece);
bool lpc_piece_within(const struct lpc_piece *inner,
		      const struct lpc_piece *outer);
int lpc_views_map_client(struct lpc_views *views, struct lpc_connect *args);
void lpc_views_unmap_client(struct lpc_views *views, struct lpc_connect *args);
void lpc_map_now_done(struct lpc_views *views, const struct lpc_offer *offer,
		      int error);
void lpc_views_now_async(struct lpc_views *views);
int lpc_views_map_early(struct lpc_views *views, const struct lpc_offer *offer);
void lpc_views_drop_early(struct lpc_views *views);

#endif /* _LPC_VIEWS_H */
