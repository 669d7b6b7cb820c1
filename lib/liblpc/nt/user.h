/* SPDX-License-Identifier: MIT */
/*
 * The caller's memory. Nothing of it is touched but by the kernel, which says
 * when an address is bad; so these take it for a number.
 */
#ifndef LIBNTLPC_USER_H
#define LIBNTLPC_USER_H

#include <stdbool.h>

#include <lpc/nt.h>

NTSTATUS nt_get(void *to, const void *from, size_t len);
NTSTATUS nt_put(void *to, const void *from, size_t len);
NTSTATUS nt_get_bytes(void *to, const void *from, size_t len);
NTSTATUS nt_put_bytes(void *to, const void *from, size_t len);
NTSTATUS nt_probe(void *at, size_t len);
NTSTATUS nt_deadline(PLARGE_INTEGER timeout, uint64_t *deadline, bool *poll);

/* NT looks at this before it looks whether the address is there. */
static inline NTSTATUS nt_aligned(const void *p)
{
	return (uintptr_t)p & 3 ? STATUS_DATATYPE_MISALIGNMENT : STATUS_SUCCESS;
}

#endif /* LIBNTLPC_USER_H */
