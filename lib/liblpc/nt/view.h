/* SPDX-License-Identifier: MIT */
/* PORT_VIEW and REMOTE_PORT_VIEW as CONNECT and ACCEPT have them. */
#ifndef LIBNTLPC_VIEW_H
#define LIBNTLPC_VIEW_H

#include "table.h"

/**
 * struct nt_views - the views of one NtConnectPort() or NtAcceptConnectPort()
 * @own: what the caller gives
 * @theirs: what it takes
 * @own_at: where the caller's PORT_VIEW is, NULL: none
 * @theirs_at: where its REMOTE_PORT_VIEW is, NULL: none
 * @section: held while it is given
 * @bad: why there is none though one is given
 */
struct nt_views {
	PORT_VIEW		own;
	REMOTE_PORT_VIEW	theirs;
	PPORT_VIEW		own_at;
	PREMOTE_PORT_VIEW	theirs_at;
	struct nt_object	*section;
	NTSTATUS		bad;
};

NTSTATUS nt_views_get(struct nt_views *v, PPORT_VIEW own, PREMOTE_PORT_VIEW theirs);
void nt_views_section(struct nt_views *v, struct lpc_view *own, struct lpc_view *theirs);
NTSTATUS nt_views_keep(struct nt_views *v, struct lpc_view *own, const struct lpc_view *theirs,
		       const struct nt_object *port);
NTSTATUS nt_views_put(const struct nt_views *v, ULONG remote_length);
void nt_views_done(struct nt_views *v);

#endif /* LIBNTLPC_VIEW_H */
