// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech_binder.c - binder by its ioctls alone: one on each side for a round trip
 *
 * The server is the context manager, so that a client needs no name service. A
 * transaction buffer is given back in the ioctl that follows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/android/binder.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mechs.h"

#define MAP_BYTES	((size_t)4 << 20)	/* the most it gives */
#define PAYLOAD_MAX	((size_t)1 << 20)
#define TRIES		1000
#define TRY_US		1000

/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: this defines it */
#define PACKED		__attribute__((packed))

static int open_device(void)
{
	static const char *const at[] = { "/dev/binder", "/dev/binderfs/binder" };
	int fd = -1;

	for (size_t i = 0; i < sizeof(at) / sizeof(*at) && fd < 0; i++)
		fd = open(at[i], O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make(struct pair *p)
{
	int fd = open_device();

	(void)p;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Each process opens its own. */
static int start(struct pair *p)
{
	void *at;

	p->fd[0] = open_device();
	if (p->fd[0] < 0)
		return p->fd[0];
	at = mmap(NULL, MAP_BYTES, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, p->fd[0], 0);
	return at == MAP_FAILED ? -errno : 0;
}

struct command {
	__u32 cmd;
	struct binder_transaction_data t;
} PACKED;

struct release {
	__u32 cmd;
	binder_uintptr_t buffer;
} PACKED;

/* What one ioctl writes: the buffer of before goes back, then the message goes. */
struct written {
	struct release release;
	struct command command;
} PACKED;

/*
 * Walks what was read. Returns 1 and the transaction when @wanted is among it, 0
 * if there is none yet, or a negative errno.
 */
static int find(const char *at, size_t n, __u32 wanted, struct binder_transaction_data *t)
{
	const char *end = at + n;
	__u32 cmd;

	while (at + sizeof(cmd) <= end) {
		memcpy(&cmd, at, sizeof(cmd));
		at += sizeof(cmd);
		if (cmd == wanted) {
			memcpy(t, at, sizeof(*t));
			return 1;
		}
		if (cmd == BR_DEAD_REPLY || cmd == BR_FAILED_REPLY)
			return cmd == BR_DEAD_REPLY ? -EPIPE : -EPROTO;
		at += _IOC_SIZE(cmd);
	}
	return 0;
}

static int talk(int fd, const void *out, size_t n, __u32 wanted, struct binder_transaction_data *t)
{
	char in[512];
	struct binder_write_read b = {
		.write_buffer = (binder_uintptr_t)(uintptr_t)out, .write_size = n,
		.read_buffer = (binder_uintptr_t)(uintptr_t)in,
	};
	int r;

	do {
		b.read_size = sizeof(in);
		b.read_consumed = 0;
		if (ioctl(fd, BINDER_WRITE_READ, &b))
			return -errno;
		r = find(in, b.read_consumed, wanted, t);
	} while (r == 0);
	return r < 0 ? r : 0;
}

/* Sends p->buf; @last is what was received before, and what comes next. */
static int exchange(const struct pair *p, __u32 send, __u32 wanted,
		    struct binder_transaction_data *last)
{
	struct written w = {
		.release = { BC_FREE_BUFFER, last->data.ptr.buffer },
		.command = { send, { .data_size = p->bytes } },
	};
	const char *from = (const char *)&w;
	size_t n = sizeof(w);

	w.command.t.data.ptr.buffer = (binder_uintptr_t)(uintptr_t)p->buf;
	/* the first time there is nothing to give back */
	if (!last->data.ptr.buffer) {
		from = (const char *)&w.command;
		n = sizeof(w.command);
	}
	return talk(p->fd[0], from, n, wanted, last);
}

static int take(const struct pair *p, const struct binder_transaction_data *t)
{
	if (t->data_size != p->bytes)
		return -EPROTO;
	memcpy(p->buf, (const void *)(uintptr_t)t->data.ptr.buffer, p->bytes);
	return 0;
}

/* The one before may be on its way out still. */
static int become_manager(int fd)
{
	for (int i = 0; i < TRIES; i++) {
		int zero = 0;

		if (ioctl(fd, BINDER_SET_CONTEXT_MGR, &zero) == 0)
			return 0;
		if (errno != EBUSY)
			return -errno;
		usleep(TRY_US);
	}
	return -EBUSY;
}

static int serve(struct pair *p)
{
	struct binder_transaction_data t = { 0 };
	__u32 loop = BC_ENTER_LOOPER;
	int r = start(p);

	if (r == 0)
		r = become_manager(p->fd[0]);
	if (r == 0)
		r = talk(p->fd[0], &loop, sizeof(loop), BR_TRANSACTION, &t);
	while (r == 0) {
		r = take(p, &t);
		if (r == 0)
			r = exchange(p, BC_REPLY, BR_TRANSACTION, &t);
	}
	return r;
}

/* What the last reply lay in */
static struct binder_transaction_data last;

static int turn(struct pair *p)
{
	int r = exchange(p, BC_TRANSACTION, BR_REPLY, &last);

	return r ? r : take(p, &last);
}

/* Until the server is the manager, a call fails. */
static int conn(struct pair *p)
{
	int r = start(p);

	memset(&last, 0, sizeof(last));
	if (r)
		return r;
	for (int i = 0; i < TRIES; i++) {
		r = turn(p);
		if (r != -EPROTO && r != -EPIPE)
			return r;
		usleep(TRY_US);
	}
	return r;
}

const struct mech mech_binder = {
	.name = "binder", .text = "binder", .needs = "/dev/binder (module binder_linux)",
	.max = PAYLOAD_MAX, .make = make, .serve = serve, .connect = conn, .turn = turn,
};
