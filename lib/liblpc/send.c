// SPDX-License-Identifier: MIT
/* Datagrams: the kernel never waits for room, so this does. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "conn.h"
#include "message.h"
#include "send.h"

/* Waits until the end takes datagrams, is dead, or it is @deadline. */
static int wait_room(int fd, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	struct timespec left, now;
	int saved = errno, n;

	if (deadline) {
		int64_t ns;

		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (int64_t)(deadline - ((uint64_t)now.tv_sec * 1000000000u +
					   (uint64_t)now.tv_nsec));
		if (ns <= 0)
			return deadline == LPC_NOW ? -EAGAIN : -ETIMEDOUT;
		left.tv_sec = ns / 1000000000;
		left.tv_nsec = ns % 1000000000;
	}
	n = ppoll(&p, 1, deadline ? &left : NULL, NULL);
	if (n < 0)
		n = -errno;
	errno = saved;
	return n < 0 && n != -EINTR ? n : 0;
}

int lpc_send_on(int fd, uint32_t code, const void *data, size_t len, uint64_t deadline)
{
	struct message b;
	int r;

	for (;;) {
		r = message_init(&b, code, data, len);
		if (!r)
			r = lpc_sys_send(fd, &b.m);
		if (r == -ENOBUFS && b.m.limit == LPC_LIMIT_DATAGRAMS)
			r = wait_room(fd, deadline);
		else if (r != -EINTR)
			return r;
		if (r < 0 && r != -EINTR)
			return r;
	}
}

int lpc_send(struct lpc_conn *c, uint32_t code, const void *data, size_t len, uint64_t deadline)
{
	int r = lpc_conn_enter(c);

	if (r < 0)
		return r;
	return (int)lpc_conn_leave(c, lpc_send_on(c->fd, code, data, len, deadline));
}
