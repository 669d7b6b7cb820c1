/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of DATA share: a client's thread whose CALL lists buffers, and
 * the server that reads and writes them.
 */
#ifndef SELFTESTS_COMMON_DATA_H
#define SELFTESTS_COMMON_DATA_H

#include "common_section.h"

#define BYTES		(64 * KIB)

FIXTURE(data) {
	struct rig r;
	struct driver d;	/* the client's thread */
	struct lpc_call_data c;
	struct lpc_buffer list[LPC_BUFFERS_MAX];
	unsigned char *client;	/* memory of the client's, and of the server's */
	unsigned char *server;
	__u64 id;
};

FIXTURE_SETUP(data)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
	ASSERT_EQ(0, driver_start(&self->d));
	self->client = mmap(NULL, BYTES + PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	self->server = mmap(NULL, BYTES + PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->client);
	ASSERT_NE(MAP_FAILED, (void *)self->server);
	fill(self->client, BYTES, 1);
}

FIXTURE_TEARDOWN(data)
{
	rig_close(&self->r);
}

static inline void lend(struct lpc_buffer *b, void *base, __u64 length, __u32 access)
{
	*b = (struct lpc_buffer){
		.base = (unsigned long)base, .length = length, .access = access,
	};
}

static inline struct lpc_call_data *call_data(struct lpc_call_data *c,
					      struct lpc_buffer *list, __u32 count)
{
	*c = (struct lpc_call_data){
		.msg.code = 7,
		.msg.room = LPC_INLINE_MAX,
		.buffers = (unsigned long)list,
		.count = count,
	};
	return c;
}

/* The client calls with @count buffers of self->list; the request is received. */
static inline int borrow(struct _test_data_data *self, __u32 count)
{
	struct pkt p;
	int ret;

	driver_post(&self->d, self->r.ce, LPC_IOC_CALL_DATA,
		    call_data(&self->c, self->list, count));
	ret = do_recv(self->r.port, &p);
	self->id = p.m.id;
	return ret;
}

/* The usual: one buffer of BYTES, to be read and written */
static inline int borrow_one(struct _test_data_data *self)
{
	lend(&self->list[0], self->client, BYTES, LPC_DATA_READ | LPC_DATA_WRITE);
	return borrow(self, 1);
}

/* The request is answered, and the client back. */
static inline int give_back(struct _test_data_data *self)
{
	return do_reply(self->r.port, self->id, 8, 0) ?:
	       driver_result(&self->d);
}

static inline int data_by(int fd, struct lpc_data *d, __u64 id, __u32 access,
			  __u64 offset, void *address, __u64 length)
{
	*d = (struct lpc_data){
		.id = id, .access = access, .offset = offset,
		.address = (unsigned long)address, .length = length,
		.deadline = ns_in(PATIENCE_MS),
	};
	return xctl(fd, LPC_IOC_DATA, d);
}

static inline int data_read(struct _test_data_data *self, __u64 offset, void *to,
			    __u64 length)
{
	struct lpc_data d;

	return data_by(self->r.port, &d, self->id, LPC_DATA_READ, offset, to,
		       length) ?: d.done == length ? 0 : -EIO;
}

static inline int data_write(struct _test_data_data *self, __u64 offset, void *from,
			     __u64 length)
{
	struct lpc_data d;

	return data_by(self->r.port, &d, self->id, LPC_DATA_WRITE, offset, from,
		       length) ?: d.done == length ? 0 : -EIO;
}

#endif /* SELFTESTS_COMMON_DATA_H */
