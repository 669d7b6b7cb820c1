/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every mask of flags that user space may say, derived once, and the limits
 * of this kernel side that no sysctl moves.
 */
#ifndef _LPC_LIMITS_H
#define _LPC_LIMITS_H

#include <linux/bits.h>
#include <uapi/linux/lpc.h>

/* The last bit of each set of flags; a new flag changes this line alone. */
#define LPC_LAST_MSG_FLAG	LPC_IMPERSONATE_ME
#define LPC_LAST_PORT_FLAG	LPC_PORT_SPIN
#define LPC_LAST_CONNECT_FLAG	LPC_CONNECT_VIEW
#define LPC_LAST_ACCEPT_FLAG	LPC_ACCEPT_MAP_NOW
#define LPC_LAST_SHUT_FLAG	LPC_SHUT_ALL
#define LPC_LAST_QUERY_FLAG	LPC_QUERY_SHORT_ID
#define LPC_LAST_ACL_FLAG	LPC_ACL_GROUP
#define LPC_LAST_SECURITY_FLAG	LPC_SECURITY_ACL

#define LPC_MASK(last)		(2 * (last) - 1)

#define LPC_MASK_PORT		LPC_MASK(LPC_LAST_PORT_FLAG)
#define LPC_MASK_CONNECT	LPC_MASK(LPC_LAST_CONNECT_FLAG)
#define LPC_MASK_ACCEPT		LPC_MASK(LPC_LAST_ACCEPT_FLAG)
#define LPC_MASK_SHUT		LPC_MASK(LPC_LAST_SHUT_FLAG)
#define LPC_MASK_SHUT_END	(LPC_MASK_SHUT & ~LPC_SHUT_NEW)
#define LPC_MASK_QUERY		LPC_MASK(LPC_LAST_QUERY_FLAG)
#define LPC_MASK_ACL		LPC_MASK(LPC_LAST_ACL_FLAG)
#define LPC_MASK_SECURITY	LPC_MASK(LPC_LAST_SECURITY_FLAG)

/* What a message says about acting for its sender: one of these or none. */
#define LPC_MASK_CONSENT	(LPC_NO_IMPERSONATE | LPC_IMPERSONATE_ME)

/* Flags of struct lpc_msg, by ioctl. */
#define LPC_MASK_SEND		LPC_DONTWAIT
#define LPC_MASK_CALL \
	(LPC_DONTWAIT | LPC_CALL_ASYNC | LPC_CALLBACK | LPC_SPIN | LPC_MASK_CONSENT)
#define LPC_MASK_REPLY_RECV \
	(LPC_DONTWAIT | LPC_SPIN | LPC_WITH_REPLY | LPC_WITH_RECV | \
	 LPC_RECV_ANYWAY | LPC_LISTEN)
#define LPC_MASK_REPLY_WAIT	(LPC_SPIN | LPC_WITH_REPLY | LPC_RECV_ANYWAY)

/* Rights in a port's mode and list. */
#define LPC_MAY_CONNECT		LPC_RIGHT_CONNECT
#define LPC_MAY_QUERY		LPC_RIGHT_QUERY
#define LPC_MASK_RIGHTS		(LPC_MAY_CONNECT | LPC_MAY_QUERY)
#define LPC_MODE_MASK		0666u
#define LPC_MODE_DEFAULT	0600u

/* Calls in flight on a port: its slots grow by doubling between these. */
#define LPC_SLOTS_MIN		256u
#define LPC_SLOTS_MAX		((u32)BIT(20))

/* Elements that LIST collects in one go, so in one hold of a lock. */
#define LPC_LIST_BATCH		32u

/* What DATA copies in one go, and keeps in the kernel meanwhile. */
#define LPC_DATA_CHUNK		(32u * 1024 - 256)

/* A call spins this long at most and at least before it sleeps. */
#define LPC_SPIN_MAX_NS		100000u
#define LPC_SPIN_MIN_NS		1000u
#define LPC_SPIN_PROBE		16u	/* times in vain between two trials */

#endif /* _LPC_LIMITS_H */
