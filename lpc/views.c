// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two sections of a connection: what each side gives, what both have, and
 * whether a message's piece lies in it. Views are mapped in the context of the
 * process that gets them, never into another.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "message.h"
#include "views.h"

/* Does the caller leave it out? What only the kernel writes is not looked at. */
static bool view_is_empty(const struct lpc_view *view)
{
	return !view->fd && !view->flags && !view->offset && !view->size;
}

/**
 * lpc_views_check - are the views of an ioctl well formed?
 * @gives: it has the flag that says @own is given
 * @own: from user space
 * @theirs: from user space
 */
bool lpc_views_check(bool gives, const struct lpc_view *own,
		     const struct lpc_view *theirs)
{
	if (theirs->fd || theirs->offset ||
	    theirs->flags & ~LPC_VIEW_TELL_BASE)
		return false;
	return gives || view_is_empty(own);
}

/**
 * lpc_views_new - what a client gives and takes
 * @args: of CONNECT, checked
 *
 * Return: NULL if nothing; -EBADF, -EINVAL, -ENOMEM.
 */
struct lpc_views *lpc_views_new(const struct lpc_connect *args)
{
	bool gives = args->flags & LPC_CONNECT_VIEW;
	struct lpc_views *views;
	int ret;

	if (!gives && !args->theirs.size)
		return NULL;
	views = kzalloc(sizeof(*views), GFP_KERNEL_ACCOUNT);
	if (!views)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&views->held);
	views->client_takes = args->theirs.size;
	views->client_tells = args->theirs.flags & LPC_VIEW_TELL_BASE;
	if (gives) {
		ret = lpc_offer_make(&views->client, &args->own);
		if (ret) {
			kfree(views);
			return ERR_PTR(ret);
		}
	}
	return views;
}

/**
 * lpc_views_free - nobody uses the connection any more
 * @views: may be NULL; no lock is held
 *
 * Mappings are their processes' own and stay.
 */
void lpc_views_free(struct lpc_views *views)
{
	if (!views)
		return;
	lpc_offer_drop(&views->client);
	lpc_offer_drop(&views->server);
	lpc_offer_drop(&views->early);
	kfree(views);
}

/**
 * lpc_piece_fits - is it in a view that both sides have?
 * @views: the connection's, or NULL
 * @piece: from user space, with a section
 */
bool lpc_piece_fits(const struct lpc_views *views,
		    const struct lpc_piece *piece)
{
	u64 size;

	if (!views)
		return false;
	if (piece->section == LPC_SECTION_CLIENT && views->client_shared)
		size = views->client.size;
	else if (piece->section == LPC_SECTION_SERVER && views->server_shared)
		size = views->server.size;
	else
		return false;
	return piece->length && piece->length <= size &&
	       piece->offset <= size - piece->length;
}

/**
 * lpc_piece_within - does a reply's piece lie in its request's?
 * @inner: fits its view
 * @outer: has fitted its view
 */
bool lpc_piece_within(const struct lpc_piece *inner,
		      const struct lpc_piece *outer)
{
	return inner->section == outer->section &&
	       inner->offset >= outer->offset &&
	       inner->offset + inner->length <= outer->offset + outer->length;
}

static bool same_offer(const struct lpc_offer *a, const struct lpc_offer *b)
{
	return a->section == b->section && a->offset == b->offset &&
	       a->size == b->size && a->readonly == b->readonly;
}

/**
 * lpc_views_drop_early - what was mapped for LPC_ACCEPT_MAP_NOW is not wanted
 * @views: of the calling thread's CONNECT
 */
void lpc_views_drop_early(struct lpc_views *views)
{
	if (!views->early.section)
		return;
	lpc_offer_unmap(&views->early, views->early_base);
	lpc_offer_drop(&views->early);
	views->early_base = 0;
}

/**
 * lpc_views_map_early - map the server's section before it is accepted
 * @views: of the calling thread's CONNECT
 * @offer: its reference becomes @views' on success
 *
 * One that is mapped already, because the ACCEPT was interrupted, stays.
 */
int lpc_views_map_early(struct lpc_views *views, const struct lpc_offer *offer)
{
	u64 base;
	int ret;

	if (same_offer(&views->early, offer)) {
		lpc_section_put(offer->section);
		return 0;
	}
	lpc_views_drop_early(views);
	ret = lpc_offer_map(offer, offer->readonly, &base);
	if (ret)
		return ret;
	views->early = *offer;
	views->early_base = base;
	return 0;
}

/**
 * lpc_map_now_done - tell the ACCEPT that waits how the mapping went
 * @views: of the connection; port->lock is held
 * @offer: what was mapped; NULL: whatever it waits for will not be
 * @error: why not
 */
void lpc_map_now_done(struct lpc_views *views, const struct lpc_offer *offer,
		      int error)
{
	struct lpc_map_now *now = views->map_now;

	if (!now || (offer && !same_offer(now->offer, offer)))
		return;
	views->map_now = NULL;
	now->error = error;
	now->base = error ? 0 : views->early_base;
	lpc_waiter_wake(&now->waiter);
}

/**
 * lpc_views_now_async - nobody waits in CONNECT any more
 * @views: of the connection; port->lock is held
 */
void lpc_views_now_async(struct lpc_views *views)
{
	views->async = true;
	lpc_map_now_done(views, NULL, -EOPNOTSUPP);
}

/**
 * lpc_views_map_client - CONNECT is about to succeed: map what was agreed
 * @views: of the connection, accepted
 * @args: of the calling process's CONNECT; says what it wants, and learns where
 *	it is
 *
 * No lock is held. On failure nothing is left.
 */
int lpc_views_map_client(struct lpc_views *views, struct lpc_connect *args)
{
	bool own = args->flags & LPC_CONNECT_VIEW && views->client.section;
	bool theirs = args->theirs.size && views->server_shared;
	u64 own_base = 0, base = 0;
	int ret;

	if (theirs && views->server.size > args->theirs.size)
		return -EMSGSIZE;
	if (own) {
		ret = lpc_offer_map(&views->client, false, &own_base);
		if (ret)
			return ret;
	}
	if (theirs && same_offer(&views->early, &views->server)) {
		base = views->early_base;
		lpc_offer_drop(&views->early);
	} else if (theirs) {
		ret = lpc_offer_map(&views->server, views->server.readonly,
				    &base);
		if (ret) {
			lpc_offer_unmap(&views->client, own_base);
			return ret;
		}
	}
	lpc_views_drop_early(views);
	if (own) {
		args->own.size = views->client.size;
		args->own.flags = views->client_shared ? LPC_VIEW_SHARED : 0;
	}
	args->own.base = own_base;
	args->own.peer_base = views->server_base;
	args->theirs.size = theirs ? views->server.size : 0;
	args->theirs.flags = theirs ? LPC_VIEW_SHARED : 0;
	args->theirs.base = base;
	args->theirs.peer_base = 0;
	return 0;
}

/**
 * lpc_views_unmap_client - undo lpc_views_map_client() in the same ioctl
 * @views: of the connection
 * @args: as that left them
 */
void lpc_views_unmap_client(struct lpc_views *views, struct lpc_connect *args)
{
	lpc_offer_unmap(&views->client, args->own.base);
	lpc_offer_unmap(&views->server, args->theirs.base);
	args->own.base = 0;
	args->theirs.base = 0;
}
