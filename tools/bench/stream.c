// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream.c - an echo over streams of bytes
 *
 * A stream has no empty message: one byte stands for it. Each side sends all,
 * then receives all; a request that does not fit is read while it is written.
 */
#include <errno.h>
#include <unistd.h>

#include "stream.h"

static int put(int fd, const char *buf, size_t n)
{
	ssize_t k;

	for (; n; buf += k, n -= (size_t)k) {
		k = write(fd, buf, n);
		if (k < 0)
			return -errno;
	}
	return 0;
}

static int get(int fd, char *buf, size_t n)
{
	ssize_t k;

	for (; n; buf += k, n -= (size_t)k) {
		k = read(fd, buf, n);
		if (k <= 0)
			return k ? -errno : -EPIPE;
	}
	return 0;
}

static size_t length(const struct pair *p)
{
	return p->bytes ? p->bytes : 1;
}

int stream_serve(struct pair *p, int in, int out)
{
	int r;

	do {
		r = get(in, p->buf, length(p));
		if (r == 0)
			r = put(out, p->buf, length(p));
	} while (r == 0);
	return r;
}

int stream_turn(struct pair *p, int out, int in)
{
	int r = put(out, p->buf, length(p));

	return r ? r : get(in, p->buf, length(p));
}
