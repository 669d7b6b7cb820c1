/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_COVER_H
#define _LPC_COVER_H

/*
 * KCOV records what a thread does, and a work queue's is nobody's: the fuzzer asks for
 * it by number. Only around what a work queue runs: where the thread is recorded
 * itself, the end here would end that too.
 */
#ifdef LPC_DEBUG
#include <linux/kcov.h>

#define LPC_COVER_ID	0x6c7063

static inline void lpc_cover_begin(void)
{
	kcov_remote_start_common(LPC_COVER_ID);
}

static inline void lpc_cover_end(void)
{
	kcov_remote_stop();
}

#else

static inline void lpc_cover_begin(void) { }
static inline void lpc_cover_end(void) { }

#endif /* LPC_DEBUG */

#endif /* _LPC_COVER_H */
