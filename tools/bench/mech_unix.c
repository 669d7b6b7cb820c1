// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_unix.c - AF_UNIX: stream, seqpacket, and seqpacket whose receivers learn
 * who sent it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mechs.h"
#include "stream.h"

#define PACKET_MAX	(64u << 10)	/* fits the default send buffer */

enum { CLIENT, SERVER };

static int make(struct pair *p, int type)
{
	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, p->fd) ? -errno : 0;
}

static int conn(struct pair *p)
{
	close(p->fd[SERVER]);
	return 0;
}

/* They stay until the process ends; both ends are in the client. */
static int more(struct pair *p, uint32_t n, int type)
{
	int fd[2], r = 0;

	(void)p;
	while (n-- && r == 0)
		r = socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fd) ? -errno : 0;
	return r;
}

static int make_stream(struct pair *p)
{
	return make(p, SOCK_STREAM);
}

static int serve_stream(struct pair *p)
{
	close(p->fd[CLIENT]);
	return stream_serve(p, p->fd[SERVER], p->fd[SERVER]);
}

static int turn_stream(struct pair *p)
{
	return stream_turn(p, p->fd[CLIENT], p->fd[CLIENT]);
}

static int more_stream(struct pair *p, uint32_t n)
{
	return more(p, n, SOCK_STREAM);
}

const struct mech mech_unix_stream = {
	.name = "unix_stream", .text = "unix stream",
	.make = make_stream, .serve = serve_stream, .connect = conn, .more = more_stream,
	.turn = turn_stream,
};

/* ---- seqpacket ------------------------------------------------------------ */

static int make_packet(struct pair *p)
{
	return make(p, SOCK_SEQPACKET);
}

static int put(const struct pair *p, int fd)
{
	return send(fd, p->buf, p->bytes, MSG_NOSIGNAL) == (ssize_t)p->bytes ? 0 : -errno;
}

static int get(const struct pair *p, int fd)
{
	ssize_t n = recv(fd, p->buf, p->bytes, 0);

	return n < 0 ? -errno : n == (ssize_t)p->bytes ? 0 : -EPIPE;
}

static int serve_packet(struct pair *p)
{
	int r;

	close(p->fd[CLIENT]);
	do {
		r = get(p, p->fd[SERVER]);
		if (r == 0)
			r = put(p, p->fd[SERVER]);
	} while (r == 0);
	return r;
}

static int turn_packet(struct pair *p)
{
	int r = put(p, p->fd[CLIENT]);

	return r ? r : get(p, p->fd[CLIENT]);
}

static int more_packet(struct pair *p, uint32_t n)
{
	return more(p, n, SOCK_SEQPACKET);
}

const struct mech mech_unix_seqpacket = {
	.name = "unix_seqpacket", .text = "unix seqpacket", .max = PACKET_MAX,
	.make = make_packet, .serve = serve_packet, .connect = conn, .more = more_packet,
	.turn = turn_packet,
};

/* ---- with credentials ----------------------------------------------------- */

static int make_cred(struct pair *p)
{
	int one = 1;
	int r = make_packet(p);

	for (int i = 0; i < 2 && r == 0; i++)
		if (setsockopt(p->fd[i], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)))
			r = -errno;
	return r;
}

static int get_cred(const struct pair *p, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec v = { .iov_base = p->buf, .iov_len = p->bytes };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	const struct cmsghdr *c;
	ssize_t n = recvmsg(fd, &m, 0);

	if (n != (ssize_t)p->bytes)
		return n < 0 ? -errno : -EPIPE;
	c = CMSG_FIRSTHDR(&m);
	return c && c->cmsg_type == SCM_CREDENTIALS ? 0 : -EPROTO;
}

static int serve_cred(struct pair *p)
{
	int r;

	close(p->fd[CLIENT]);
	do {
		r = get_cred(p, p->fd[SERVER]);
		if (r == 0)
			r = put(p, p->fd[SERVER]);
	} while (r == 0);
	return r;
}

static int turn_cred(struct pair *p)
{
	int r = put(p, p->fd[CLIENT]);

	return r ? r : get_cred(p, p->fd[CLIENT]);
}

const struct mech mech_unix_cred = {
	.name = "unix_cred", .text = "unix seqpacket + creds", .max = PACKET_MAX,
	.make = make_cred, .serve = serve_cred, .connect = conn, .turn = turn_cred,
};
