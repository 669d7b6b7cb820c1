// SPDX-License-Identifier: MIT
/* The caller's memory, by way of the kernel. */
#include <time.h>

#include <lpc/raw.h>

#include "status.h"
#include "table.h"
#include "user.h"

#define SECOND		1000000000ll
#define SINCE_1601	11644473600ll	/* seconds to 1970 */

static NTSTATUS copy(const void *to, const void *from, size_t len)
{
	struct lpc_copy c = { .from = (uintptr_t)from, .to = (uintptr_t)to };
	int dev, r;

	if (len > LPC_COPY_MOST)
		return STATUS_INVALID_PARAMETER;
	c.length = (uint32_t)len;
	dev = nt_device();
	if (dev < 0)
		return nt_status(dev);
	r = lpc_sys_copy(dev, &c);
	return nt_status(r);
}

/**
 * nt_get - from the caller's memory
 * @to: own memory
 * @from: an address of the caller's, any
 * @len: bytes, at most LPC_COPY_MOST
 */
NTSTATUS nt_get(void *to, const void *from, size_t len)
{
	NTSTATUS s = nt_aligned(from);

	return s ? s : copy(to, from, len);
}

/**
 * nt_get_bytes - bytes from the caller's memory, wherever they lie
 * @to: own memory
 * @from: an address of the caller's, any
 * @len: bytes, at most LPC_COPY_MOST
 */
NTSTATUS nt_get_bytes(void *to, const void *from, size_t len)
{
	return copy(to, from, len);
}

/**
 * nt_put_bytes - bytes to the caller's memory, wherever they go
 * @to: an address of the caller's, any
 * @from: own memory
 * @len: bytes, at most LPC_COPY_MOST
 */
NTSTATUS nt_put_bytes(void *to, const void *from, size_t len)
{
	return copy(to, from, len);
}

/**
 * nt_put - to the caller's memory
 * @to: an address of the caller's, any
 * @from: own memory
 * @len: bytes, at most LPC_COPY_MOST
 */
NTSTATUS nt_put(void *to, const void *from, size_t len)
{
	NTSTATUS s = nt_aligned(to);

	return s ? s : copy(to, from, len);
}

/**
 * nt_probe - could that be written?
 * @at: an address of the caller's, any
 * @len: bytes, at most LPC_COPY_MOST
 *
 * As NT does it: what stands there is read and written again.
 */
NTSTATUS nt_probe(void *at, size_t len)
{
	NTSTATUS s = nt_aligned(at);

	return s ? s : copy(at, at, len);
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/**
 * nt_deadline - a timeout as lpc(4) has it
 * @timeout: the caller's, may be NULL
 * @deadline: CLOCK_MONOTONIC ns, or LPC_FOREVER
 * @poll: not to wait at all
 */
NTSTATUS nt_deadline(PLARGE_INTEGER timeout, uint64_t *deadline, bool *poll)
{
	int64_t ticks, ns, wait;
	LARGE_INTEGER t;
	NTSTATUS s;

	*deadline = LPC_FOREVER;
	*poll = false;
	if (!timeout)
		return STATUS_SUCCESS;
	s = nt_get(&t, timeout, sizeof(t));
	if (s)
		return s;
	ticks = t.QuadPart;
	if (!ticks) {
		*poll = true;
		return STATUS_SUCCESS;
	}
	if (ticks < 0) {
		if (__builtin_mul_overflow(ticks, -100, &wait))
			return STATUS_SUCCESS;
	} else {
		ticks -= SINCE_1601 * (SECOND / 100);
		if (ticks < 0)
			ticks = 0;		/* long ago */
		if (__builtin_mul_overflow(ticks, 100, &ns))
			return STATUS_SUCCESS;
		wait = ns - now(CLOCK_REALTIME);
	}
	if (wait <= 0)
		*poll = true;
	else if (!__builtin_add_overflow(wait, now(CLOCK_MONOTONIC), &ns))
		*deadline = (uint64_t)ns;
	return STATUS_SUCCESS;
}
