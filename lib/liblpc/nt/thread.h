/* SPDX-License-Identifier: MIT */
/* What a thread has: an event pair, somebody it acts for. */
#ifndef LIBNTLPC_THREAD_H
#define LIBNTLPC_THREAD_H

#include <lpc/nt.h>

struct lpc_self;

int nt_thread_pair(void);
NTSTATUS nt_thread_revert(void);
NTSTATUS nt_thread_impersonate(int fd, uint64_t id, uint64_t callback);
void nt_thread_forked(void);

#endif /* LIBNTLPC_THREAD_H */
