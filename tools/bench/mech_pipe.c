// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_pipe.c - a pipe each way
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "mechs.h"
#include "stream.h"

enum { SERVER_READS, CLIENT_WRITES, CLIENT_READS, SERVER_WRITES };

static int make(struct pair *p)
{
	return pipe2(p->fd, O_CLOEXEC) || pipe2(p->fd + 2, O_CLOEXEC) ? -errno : 0;
}

static int serve(struct pair *p)
{
	close(p->fd[CLIENT_WRITES]);
	close(p->fd[CLIENT_READS]);
	return stream_serve(p, p->fd[SERVER_READS], p->fd[SERVER_WRITES]);
}

static int conn(struct pair *p)
{
	close(p->fd[SERVER_READS]);
	close(p->fd[SERVER_WRITES]);
	return 0;
}

static int turn(struct pair *p)
{
	return stream_turn(p, p->fd[CLIENT_WRITES], p->fd[CLIENT_READS]);
}

const struct mech mech_pipe = {
	.name = "pipe", .text = "pipe",
	.make = make, .serve = serve, .connect = conn, .turn = turn,
};
