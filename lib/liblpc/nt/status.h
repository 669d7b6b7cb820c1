/* SPDX-License-Identifier: MIT */
/* From errno to NTSTATUS, and who a CLIENT_ID names. */
#ifndef LIBNTLPC_STATUS_H
#define LIBNTLPC_STATUS_H

#include <stdbool.h>
#include <sys/types.h>

#include <lpc/nt.h>

NTSTATUS nt_status(int r);
bool nt_thread_exists(pid_t pid, pid_t tid);
NTSTATUS nt_no_such_call(uint64_t pid, uint64_t tid);

#endif /* LIBNTLPC_STATUS_H */
