/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mechs.h - every mechanism, by file
 */
#ifndef TOOLS_BENCH_MECHS_H
#define TOOLS_BENCH_MECHS_H

#include "bench.h"

extern const struct mech mech_lpc_call, mech_lpc_spin, mech_lpc_in_place,
	mech_lpc_half, mech_lpc_poll;					/* mech_lpc.c */
extern const struct mech mech_nt_request;				/* mech_nt.c */
extern const struct mech mech_quick, mech_quick_sleep;			/* mech_quick.c */
extern const struct mech mech_event_pair;				/* mech_event.c */
extern const struct mech mech_eventfd, mech_futex, mech_yield, mech_spin;	/* mech_shm.c */
extern const struct mech mech_pipe;					/* mech_pipe.c */
extern const struct mech mech_unix_stream, mech_unix_seqpacket,
	mech_unix_cred;							/* mech_unix.c */
extern const struct mech mech_posix_mq, mech_sysv_msg;			/* mech_queue.c */
extern const struct mech mech_binder;					/* mech_binder.c */
extern const struct mech mech_dbus;					/* mech_dbus.c */

#endif
