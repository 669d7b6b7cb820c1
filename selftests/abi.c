// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi.c - the surface: numbers, sizes, flags, reserved fields, pointers, kinds
 * of file descriptors, for every ioctl alike.
 */
#include "common.h"
#include "abi_layout.h"

#define ON_DEV		1
#define ON_PORT		2
#define ON_CLIENT	4
#define ON_SERVER	8
#define ON_SECTION	16
#define ON_EVENT	32
#define KINDS		6

#define NO_SUCH_ID	0x7fffffff12345678ull

/*
 * One connected link, and a second connection that is accepted only, so that
 * every ioctl finds something to succeed on.
 */
FIXTURE(ioc) {
	struct link link;
	char name[NAME_ROOM];
	int half_client;
	int half_server;
	int section;
	struct lpc_event_pair events;
	unsigned char *page;	/* for the argument: 4 pages, the last one unmapped */
	size_t psize;
};

FIXTURE_VARIANT(ioc) {
	unsigned int cmd;
	unsigned int first;	/* size first published under this number, if less */
	unsigned int known;	/* size the kernel knows of, if more */
	unsigned int kinds;	/* fds that know the ioctl */
	unsigned int use;	/* the one to try it on */
	int result;		/* of the benign argument */
	int flags;		/* offset of the flags field */
	unsigned int high_flags;	/* flags from bit 8 on that are known */
	int reserved[12];	/* offsets of fields that must be zero; 0 ends */
	unsigned int narrow;	/* bit i: reserved[i] has 16 bits */
};

FIXTURE_VARIANT_ADD(ioc, info) {
	.cmd = LPC_IOC_INFO, .kinds = ON_DEV, .use = ON_DEV, .result = 0,
	.flags = offsetof(struct lpc_info, flags),
	.reserved = { offsetof(struct lpc_info, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, create) {
	.cmd = LPC_IOC_CREATE, .kinds = ON_DEV, .use = ON_DEV, .result = 0,
	.first = 64,
	.flags = offsetof(struct lpc_create, flags),
	.reserved = { offsetof(struct lpc_create, reserved) },
};

/* Of a view: all but the size that is taken, where none is given */
/* checkpatch: COMPLEX_MACRO: elements of an array */
#define VIEW_RESERVED(type)					\
	offsetof(struct type, own.fd),				\
	offsetof(struct type, own.flags),			\
	offsetof(struct type, own.offset),			\
	offsetof(struct type, own.size),			\
	offsetof(struct type, theirs.fd),			\
	offsetof(struct type, theirs.flags),			\
	offsetof(struct type, theirs.offset)

FIXTURE_VARIANT_ADD(ioc, connect) {
	.cmd = LPC_IOC_CONNECT, .kinds = ON_DEV | ON_CLIENT, .use = ON_DEV,
	.first = 104, .result = -ENOENT,
	.flags = offsetof(struct lpc_connect, flags),
	.reserved = {
		offsetof(struct lpc_connect, reserved),
		VIEW_RESERVED(lpc_connect),
	},
	.narrow = 1,
};

FIXTURE_VARIANT_ADD(ioc, section) {
	.cmd = LPC_IOC_SECTION, .kinds = ON_DEV, .use = ON_DEV, .result = 0,
	.flags = offsetof(struct lpc_section_make, flags),
	.reserved = { offsetof(struct lpc_section_make, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, copy) {
	.cmd = LPC_IOC_COPY, .kinds = ON_DEV, .use = ON_DEV, .result = 0,
	.flags = offsetof(struct lpc_copy, flags),
};

FIXTURE_VARIANT_ADD(ioc, list) {
	.cmd = LPC_IOC_LIST, .kinds = ON_DEV, .use = ON_DEV, .result = 0,
	.flags = offsetof(struct lpc_list, flags),
};

#define MSG_RESERVED {						\
	offsetof(struct lpc_msg, offset),			\
	offsetof(struct lpc_msg, length),			\
	offsetof(struct lpc_msg, cookie),			\
	offsetof(struct lpc_msg, fds),				\
	offsetof(struct lpc_msg, section),			\
	offsetof(struct lpc_msg, nfds),				\
	offsetof(struct lpc_msg, priority),			\
	offsetof(struct lpc_msg, length) + 4,			\
}

#define MSG_NARROW	0x30	/* section and nfds */

/* Without a reply nobody looks at the section: what was received may stay. */
#define MSG_RESERVED_RECV {					\
	offsetof(struct lpc_msg, offset),			\
	offsetof(struct lpc_msg, length),			\
	offsetof(struct lpc_msg, cookie),			\
	offsetof(struct lpc_msg, fds),				\
	offsetof(struct lpc_msg, priority),			\
	offsetof(struct lpc_msg, nfds),				\
}

#define MSG_NARROW_RECV	0x20	/* nfds */

FIXTURE_VARIANT_ADD(ioc, send) {
	.cmd = LPC_IOC_SEND, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .result = 0,
	.flags = offsetof(struct lpc_msg, flags),
	.reserved = MSG_RESERVED, .narrow = MSG_NARROW,
};

FIXTURE_VARIANT_ADD(ioc, call) {
	.cmd = LPC_IOC_CALL, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .result = -EAGAIN,
	.known = sizeof(struct lpc_call_data),
	.flags = offsetof(struct lpc_msg, flags),
	.high_flags = LPC_NO_IMPERSONATE | LPC_IMPERSONATE_ME,
	.reserved = MSG_RESERVED, .narrow = MSG_NARROW,
};

FIXTURE_VARIANT_ADD(ioc, call_data) {
	.cmd = LPC_IOC_CALL_DATA, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .result = -EAGAIN, .first = sizeof(struct lpc_msg),
	.flags = offsetof(struct lpc_call_data, msg.flags),
	.high_flags = LPC_NO_IMPERSONATE | LPC_IMPERSONATE_ME,
	.reserved = {
		offsetof(struct lpc_call_data, msg.offset),
		offsetof(struct lpc_call_data, msg.cookie),
		offsetof(struct lpc_call_data, msg.fds),
		offsetof(struct lpc_call_data, msg.priority),
		offsetof(struct lpc_call_data, count),
		offsetof(struct lpc_call_data, reserved),
	},
};

FIXTURE_VARIANT_ADD(ioc, send_split) {
	.cmd = LPC_IOC_SEND_SPLIT, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .first = sizeof(struct lpc_msg), .result = 0,
	.flags = offsetof(struct lpc_split, msg.flags),
	.reserved = {
		offsetof(struct lpc_split, msg.cookie),
		offsetof(struct lpc_split, msg.fds),
		offsetof(struct lpc_split, msg.priority),
		offsetof(struct lpc_split, buffers),
		offsetof(struct lpc_split, count),
		offsetof(struct lpc_split, context),
	},
};

FIXTURE_VARIANT_ADD(ioc, call_split) {
	.cmd = LPC_IOC_CALL_SPLIT, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .first = sizeof(struct lpc_msg), .result = -EAGAIN,
	.flags = offsetof(struct lpc_split, msg.flags),
	.high_flags = LPC_NO_IMPERSONATE | LPC_IMPERSONATE_ME,
	.reserved = {
		offsetof(struct lpc_split, msg.cookie),
		offsetof(struct lpc_split, msg.fds),
		offsetof(struct lpc_split, msg.priority),
		offsetof(struct lpc_split, context),
	},
};

FIXTURE_VARIANT_ADD(ioc, reply_recv_split) {
	.cmd = LPC_IOC_REPLY_RECV_SPLIT, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .first = sizeof(struct lpc_msg), .result = -EAGAIN,
	.flags = offsetof(struct lpc_split, msg.flags),
	.reserved = {
		offsetof(struct lpc_split, msg.cookie),
		offsetof(struct lpc_split, msg.fds),
		offsetof(struct lpc_split, msg.priority),
		offsetof(struct lpc_split, buffers),
		offsetof(struct lpc_split, count),
		offsetof(struct lpc_split, context),
	},
};

FIXTURE_VARIANT_ADD(ioc, reply_wait_split) {
	.cmd = LPC_IOC_REPLY_WAIT_SPLIT, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .first = sizeof(struct lpc_msg), .result = -ESTALE,
	.flags = offsetof(struct lpc_split, msg.flags),
	.reserved = {
		offsetof(struct lpc_split, msg.cookie),
		offsetof(struct lpc_split, msg.fds),
		offsetof(struct lpc_split, msg.priority),
		offsetof(struct lpc_split, buffers),
		offsetof(struct lpc_split, count),
		offsetof(struct lpc_split, context),
	},
};

FIXTURE_VARIANT_ADD(ioc, data_of_a_request) {
	.cmd = LPC_IOC_DATA, .kinds = ON_PORT | ON_SERVER, .use = ON_SERVER,
	.result = -ESTALE,
	.flags = offsetof(struct lpc_data, access),
	.reserved = { offsetof(struct lpc_data, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, reply_recv) {
	.cmd = LPC_IOC_REPLY_RECV, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .result = -EAGAIN,
	.flags = offsetof(struct lpc_msg, flags),
	.reserved = MSG_RESERVED_RECV, .narrow = MSG_NARROW_RECV,
};

FIXTURE_VARIANT_ADD(ioc, reply_wait) {
	.cmd = LPC_IOC_REPLY_WAIT, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .result = -ESTALE,
	.flags = offsetof(struct lpc_msg, flags),
	.reserved = MSG_RESERVED_RECV, .narrow = MSG_NARROW_RECV,
};

FIXTURE_VARIANT_ADD(ioc, cancel) {
	.cmd = LPC_IOC_CANCEL, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_CLIENT, .result = -ESTALE,
	.flags = offsetof(struct lpc_cancel, flags),
	.reserved = { offsetof(struct lpc_cancel, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, shutdown) {
	.cmd = LPC_IOC_SHUTDOWN, .kinds = ON_PORT | ON_CLIENT | ON_SERVER,
	.use = ON_PORT, .result = 0,
	.flags = offsetof(struct lpc_shutdown, flags),
	.reserved = { offsetof(struct lpc_shutdown, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, query) {
	.cmd = LPC_IOC_QUERY,
	.kinds = ON_DEV | ON_PORT | ON_CLIENT | ON_SERVER, .use = ON_PORT,
	.result = 0, .first = 56,
	.flags = offsetof(struct lpc_query, flags),
	.reserved = {
		offsetof(struct lpc_query, capability),
		offsetof(struct lpc_query, reserved),
	},
};

FIXTURE_VARIANT_ADD(ioc, watch_thread) {
	.cmd = LPC_IOC_WATCH_THREAD, .kinds = ON_PORT | ON_CLIENT,
	.use = ON_CLIENT, .result = 0,
	.flags = offsetof(struct lpc_watch, flags),
	.reserved = { offsetof(struct lpc_watch, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, accept) {
	.cmd = LPC_IOC_ACCEPT, .kinds = ON_PORT, .use = ON_PORT,
	.first = 48, .result = -ESTALE,
	.flags = offsetof(struct lpc_accept, flags),
	.reserved = {
		offsetof(struct lpc_accept, deadline),
		VIEW_RESERVED(lpc_accept),
	},
};

FIXTURE_VARIANT_ADD(ioc, security) {
	.cmd = LPC_IOC_SECURITY,
	.kinds = ON_DEV | ON_PORT | ON_CLIENT | ON_SERVER, .use = ON_PORT,
	.result = 0, .flags = offsetof(struct lpc_security, flags),
};

FIXTURE_VARIANT_ADD(ioc, impersonate) {
	.cmd = LPC_IOC_IMPERSONATE, .kinds = ON_SERVER, .use = ON_SERVER,
	.result = -ESTALE,
	.flags = offsetof(struct lpc_impersonate, flags),
	.reserved = { offsetof(struct lpc_impersonate, reserved) },
	.narrow = 1,
};

FIXTURE_VARIANT_ADD(ioc, complete) {
	.cmd = LPC_IOC_COMPLETE, .kinds = ON_SERVER, .use = ON_SERVER,
	.result = 0,
	.flags = offsetof(struct lpc_complete, flags),
	.reserved = { offsetof(struct lpc_complete, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, event_pair) {
	.cmd = LPC_IOC_EVENT_PAIR, .kinds = ON_DEV, .use = ON_DEV, .result = 0,
	.flags = offsetof(struct lpc_event_pair, flags),
	.reserved = { offsetof(struct lpc_event_pair, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, event) {
	.cmd = LPC_IOC_EVENT, .kinds = ON_EVENT, .use = ON_EVENT, .result = 0,
	.flags = offsetof(struct lpc_event, flags),
	.high_flags = LPC_EVENT_WAS_SET | LPC_EVENT_READ,
	.reserved = { offsetof(struct lpc_event, reserved) },
};

FIXTURE_VARIANT_ADD(ioc, quick) {
	.cmd = LPC_IOC_QUICK, .kinds = ON_CLIENT | ON_SERVER, .use = ON_CLIENT,
	.result = -EBADF,
	.flags = offsetof(struct lpc_quick_make, flags),
};

FIXTURE_VARIANT_ADD(ioc, quick_open) {
	.cmd = LPC_IOC_QUICK_OPEN, .kinds = ON_CLIENT | ON_SERVER,
	.use = ON_SERVER, .result = -ESTALE,
	.flags = offsetof(struct lpc_quick_open, flags),
	.reserved = {
		offsetof(struct lpc_quick_open, theirs.fd),
		offsetof(struct lpc_quick_open, theirs.flags),
		offsetof(struct lpc_quick_open, theirs.offset),
	},
};

FIXTURE_SETUP(ioc)
{
	struct lpc_section_make s = { .size = 1 };
	struct lpcbuf b;

	self->psize = sysconf(_SC_PAGESIZE);
	self->page = mmap(NULL, 4 * self->psize, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->page);
	ASSERT_EQ(0, munmap(self->page + 3 * self->psize, self->psize));

	self->link.port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->link.port);
	ASSERT_EQ(0, link_connect(&self->link, self->link.port, self->name, 1, 0));
	self->half_client = port_connect_async(self->name, NULL);
	ASSERT_LE(0, self->half_client);
	ASSERT_EQ(0, msg_listen(self->link.port, &b, LONG));
	self->half_server = port_accept(self->link.port, b.m.id, 2, 0);
	ASSERT_LE(0, self->half_server);
	self->section = lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &s) ?: s.fd;
	ASSERT_LE(0, self->section);
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_EVENT_PAIR, &self->events));
}

FIXTURE_TEARDOWN(ioc)
{
	link_close(&self->link);
	close(self->half_client);
	close(self->half_server);
	close(self->section);
	close(self->events.low);
	close(self->events.high);
	munmap(self->page, 3 * self->psize);
}

static int pick(struct _test_data_ioc *self, const struct _fixture_variant_ioc *v,
		unsigned int kind)
{
	switch (kind) {
	case ON_DEV:
		return lpc_dev();
	case ON_PORT:
		return self->link.port;
	case ON_CLIENT:
		return self->link.client;
	case ON_SECTION:
		return self->section;
	case ON_EVENT:
		return self->events.low;
	default:
		return v->cmd == LPC_IOC_COMPLETE ? self->half_server :
						    self->link.server;
	}
}

/* An argument that does little harm and has a known result; all else zero. */
static void benign(struct _test_data_ioc *self, const struct _fixture_variant_ioc *v,
		   void *arg)
{
	static const char nobody[] = "test/nobody";
	static struct lpc_port_info rows[2];
	static struct lpc_buffer buffer;
	struct lpc_section_make *section = arg;
	struct lpc_call_data *call = arg;
	struct lpc_connect *c = arg;
	struct lpc_data *data = arg;
	struct lpc_shutdown *s = arg;
	struct lpc_accept *a = arg;
	struct lpc_cancel *x = arg;
	struct lpc_query *q = arg;
	struct lpc_list *l = arg;
	struct lpc_quick_make *quick = arg;
	struct lpc_quick_open *open = arg;
	struct lpc_msg *m = arg;

	switch (v->cmd) {
	case LPC_IOC_QUICK:
		quick->own.fd = -1;
		break;
	case LPC_IOC_QUICK_OPEN:
		open->id = NO_SUCH_ID;
		break;
	case LPC_IOC_CONNECT:
		c->name = (uintptr_t)nobody;
		c->name_len = strlen(nobody);
		break;
	case LPC_IOC_LIST:
		l->what = LPC_WHAT_PORT;
		l->out = (uintptr_t)rows;
		l->size = sizeof(rows[0]);
		l->count = 2;
		break;
	case LPC_IOC_SECTION:
		section->size = 1;
		break;
	case LPC_IOC_CALL:
	case LPC_IOC_CALL_SPLIT:
		m->flags = LPC_DONTWAIT;
		m->room = LPC_INLINE_MAX;
		break;
	case LPC_IOC_CALL_DATA:
		m->flags = LPC_DONTWAIT;
		m->room = LPC_INLINE_MAX;
		buffer.base = (uintptr_t)rows;
		buffer.length = sizeof(rows);
		buffer.access = LPC_DATA_READ;
		call->buffers = (uintptr_t)&buffer;
		call->count = 1;
		break;
	case LPC_IOC_DATA:
		data->id = NO_SUCH_ID;
		data->access = LPC_DATA_READ;
		break;
	case LPC_IOC_REPLY_RECV:
	case LPC_IOC_REPLY_RECV_SPLIT:
		m->flags = LPC_WITH_RECV | LPC_DONTWAIT;
		m->room = LPC_INLINE_MAX;
		break;
	case LPC_IOC_REPLY_WAIT:
	case LPC_IOC_REPLY_WAIT_SPLIT:
		m->flags = LPC_WITH_REPLY;
		m->id = NO_SUCH_ID;
		m->callback = NO_SUCH_ID;
		m->room = LPC_INLINE_MAX;
		break;
	case LPC_IOC_CANCEL:
		x->id = NO_SUCH_ID;
		break;
	case LPC_IOC_SHUTDOWN:
		s->flags = LPC_SHUT_RECEIVE;
		break;
	case LPC_IOC_QUERY:
		q->what = LPC_WHAT_PORT;
		q->out = (uintptr_t)rows;
		q->size = sizeof(rows[0]);
		break;
	case LPC_IOC_ACCEPT:
		a->id = NO_SUCH_ID;
		break;
	}
}

static unsigned int resize(unsigned int cmd, unsigned int size)
{
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size);
}

static unsigned int first_size(const struct _fixture_variant_ioc *v)
{
	return v->first ?: _IOC_SIZE(v->cmd);
}

static unsigned int known_size(const struct _fixture_variant_ioc *v)
{
	return v->known ?: _IOC_SIZE(v->cmd);
}

/* The benign argument in zeroed memory of @size bytes, the last one @tail */
static int run_sized(struct _test_data_ioc *self, const struct _fixture_variant_ioc *v,
		     unsigned int size, unsigned char tail)
{
	unsigned char *arg = self->page;

	memset(arg, 0, 3 * self->psize);
	benign(self, v, arg);
	if (size > known_size(v))
		arg[size - 1] = tail;
	return lpc_ioctl(pick(self, v, v->use), resize(v->cmd, size), arg);
}

TEST_F(ioc, published_sizes_are_taken)
{
	EXPECT_EQ(variant->result,
		  run_sized(self, variant, first_size(variant), 0));
	if (known_size(variant) != first_size(variant))
		EXPECT_EQ(variant->result,
			  run_sized(self, variant, known_size(variant), 0));
}

TEST_F(ioc, shorter_than_the_first_published_size_is_ENOTTY)
{
	unsigned int size = first_size(variant);

	EXPECT_EQ(-ENOTTY, run_sized(self, variant, size - 1, 0));
	EXPECT_EQ(-ENOTTY, run_sized(self, variant, size - 8, 0));
	EXPECT_EQ(-ENOTTY, run_sized(self, variant, 0, 0));
}

TEST_F(ioc, longer_with_zero_tail_is_the_same_call)
{
	EXPECT_EQ(variant->result,
		  run_sized(self, variant, known_size(variant) + 8, 0));
}

TEST_F(ioc, a_whole_page_with_zero_tail_is_the_same_call)
{
	EXPECT_EQ(variant->result, run_sized(self, variant, self->psize, 0));
}

TEST_F(ioc, longer_with_non_zero_tail_is_E2BIG)
{
	unsigned int size = known_size(variant);

	EXPECT_EQ(-E2BIG, run_sized(self, variant, size + 1, 1));
	EXPECT_EQ(-E2BIG, run_sized(self, variant, size + 8, 0x80));
	EXPECT_EQ(-E2BIG, run_sized(self, variant, self->psize, 1));
}

TEST_F(ioc, longer_than_a_page_is_ENOTTY)
{
	EXPECT_EQ(-ENOTTY, run_sized(self, variant, self->psize + 1, 0));
	EXPECT_EQ(-ENOTTY, run_sized(self, variant, 2 * self->psize, 0));
}

TEST_F(ioc, wrong_direction_letter_or_number_is_ENOTTY)
{
	unsigned int cmd = variant->cmd, size = _IOC_SIZE(cmd), nr = _IOC_NR(cmd);
	int fd = pick(self, variant, variant->use);
	unsigned char *arg = self->page;

	benign(self, variant, arg);
	EXPECT_EQ(-ENOTTY, lpc_ioctl(fd, _IOC(_IOC_READ, LPC_IOC_MAGIC, nr, size), arg));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(fd, _IOC(_IOC_WRITE, LPC_IOC_MAGIC, nr, size), arg));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(fd, _IOC(_IOC_NONE, LPC_IOC_MAGIC, nr, size), arg));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(fd, _IOC(_IOC_NONE, LPC_IOC_MAGIC, nr, 0), arg));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(fd, _IOWR('T', nr, char[48]), arg));
	EXPECT_EQ(-ENOTTY,
		  lpc_ioctl(fd, _IOC(_IOC_DIR(cmd), LPC_IOC_MAGIC + 1, nr, size), arg));
	EXPECT_EQ(-ENOTTY,
		  lpc_ioctl(fd, _IOC(_IOC_DIR(cmd), LPC_IOC_MAGIC, nr | 0x80, size), arg));
}

TEST_F(ioc, unknown_flag_is_EINVAL)
{
	int fd = pick(self, variant, variant->use);
	unsigned char *arg = self->page;
	int bit;

	for (bit = 8; bit < 32; bit++) {
		if (variant->high_flags & 1u << bit)
			continue;
		memset(arg, 0, self->psize);
		benign(self, variant, arg);
		*(uint32_t *)(arg + variant->flags) |= 1u << bit;
		EXPECT_EQ(-EINVAL, lpc_ioctl(fd, variant->cmd, arg)) {
			TH_LOG("flag bit %d", bit);
		}
	}
}

TEST_F(ioc, reserved_field_that_is_not_zero_is_EINVAL)
{
	int fd = pick(self, variant, variant->use);
	unsigned char *arg = self->page;
	int i;

	for (i = 0; i == 0 || variant->reserved[i]; i++) {
		if (!variant->reserved[i])
			break;
		memset(arg, 0, self->psize);
		benign(self, variant, arg);
		if (variant->narrow & 1u << i)
			*(uint16_t *)(arg + variant->reserved[i]) = 1;
		else
			*(uint32_t *)(arg + variant->reserved[i]) = 1u << 31;
		EXPECT_EQ(-EINVAL, lpc_ioctl(fd, variant->cmd, arg)) {
			TH_LOG("field at %d", variant->reserved[i]);
		}
	}
}

TEST_F(ioc, other_kinds_of_file_are_ENOTTY)
{
	unsigned char *arg = self->page;
	int kind, fd, null, pipes[2];

	for (kind = 1; kind < 1 << KINDS; kind <<= 1) {
		if (variant->kinds & kind)
			continue;
		memset(arg, 0, self->psize);
		benign(self, variant, arg);
		fd = pick(self, variant, kind);
		EXPECT_EQ(-ENOTTY, lpc_ioctl(fd, variant->cmd, arg)) {
			TH_LOG("kind %d", kind);
		}
	}
	null = open("/dev/null", O_RDWR);
	EXPECT_EQ(-ENOTTY, lpc_ioctl(null, variant->cmd, arg));
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-ENOTTY, lpc_ioctl(pipes[0], variant->cmd, arg));
	close(null);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(ioc, argument_in_bad_memory_is_EFAULT)
{
	int fd = pick(self, variant, variant->use);
	unsigned char *end = self->page + 3 * self->psize;
	unsigned int size = _IOC_SIZE(variant->cmd);
	int first = next_fd();

	EXPECT_EQ(-EFAULT, lpc_ioctl(fd, variant->cmd, NULL));
	EXPECT_EQ(-EFAULT, lpc_ioctl(fd, variant->cmd, end));
	EXPECT_EQ(-EFAULT, lpc_ioctl(fd, variant->cmd, end - size + 1));
	EXPECT_EQ(-EFAULT, lpc_ioctl(fd, variant->cmd,
				     (void *)0xffff888000001000ul));
	EXPECT_EQ(-EFAULT, lpc_ioctl(fd, resize(variant->cmd, size + 8),
				     end - size));
	/* not a byte beyond the argument is touched */
	memset(end - size, 0, size);
	benign(self, variant, end - size);
	EXPECT_EQ(variant->result, lpc_ioctl(fd, variant->cmd, end - size));
	if (variant->cmd == LPC_IOC_CREATE)
		close(((struct lpc_create *)(end - size))->fd);
	if (variant->cmd == LPC_IOC_SECTION)
		close(((struct lpc_section_make *)(end - size))->fd);
	if (variant->cmd == LPC_IOC_EVENT_PAIR) {
		close(((struct lpc_event_pair *)(end - size))->low);
		close(((struct lpc_event_pair *)(end - size))->high);
	}
	EXPECT_EQ(first, next_fd());
}

/* ---- without the matrix --------------------------------------------------- */

TEST(info_tells_version_limits_and_writes_every_byte)
{
	static const struct {
		int limit;
		const char *sysctl;
	} known[] = {
		{ LPC_LIMIT_PORTS, "ports" },
		{ LPC_LIMIT_CONNS, "connections" },
		{ LPC_LIMIT_PORT_CONNS, "port_connections" },
		{ LPC_LIMIT_PENDING, "pending" },
		{ LPC_LIMIT_USER_PENDING, "user_pending" },
		{ LPC_LIMIT_SHARE, "port_share" },
		{ LPC_LIMIT_NAME_WAITERS, "name_waiters" },
		{ LPC_LIMIT_DATAGRAMS, "datagrams" },
		{ LPC_LIMIT_CALLS, "calls" },
		{ LPC_LIMIT_CALLBACK_DEPTH, "callback_depth" },
		{ LPC_LIMIT_WATCHES, "watches" },
		{ LPC_LIMIT_SECTION_BYTES, "section_bytes" },
		{ LPC_LIMIT_SECTION, "section_max" },
		{ LPC_LIMIT_EVENT_PAIRS, "event_pairs" },
		{ LPC_LIMIT_QUICK, "quick" },
	};
	struct lpc_info i;
	unsigned int n;

	memset(&i, POISON, sizeof(i));
	i.flags = 0;
	i.reserved = 0;
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_INFO, &i));
	EXPECT_EQ(LPC_ABI_VERSION, i.abi);
	EXPECT_EQ(0, i.features & ~(LPC_HAS_WATCH | LPC_HAS_HANDOFF |
				    LPC_HAS_DEBUG | LPC_HAS_SECTIONS |
				    LPC_HAS_QUICK | LPC_HAS_IMPERSONATE |
				    LPC_HAS_SECURITY | LPC_HAS_CALLER |
				    LPC_HAS_SPLIT));
	EXPECT_NE(0, i.features & LPC_HAS_SECTIONS);
	EXPECT_NE(0, i.features & LPC_HAS_QUICK);
	EXPECT_NE(0, i.features & LPC_HAS_SPLIT);
	EXPECT_EQ(0, i.errata);
	EXPECT_EQ(LPC_INLINE_MAX, i.inline_max);
	EXPECT_EQ(LPC_CONNECT_MAX, i.connect_max);
	EXPECT_EQ(sysctl_get("callback_ms"), i.callback_ms);
	for (n = 0; n < ARRAY_SIZE(known); n++) {
		EXPECT_EQ(sysctl_get(known[n].sysctl),
			  (long)i.limits[known[n].limit].limit) {
			TH_LOG("lpc.%s", known[n].sysctl);
		}
	}
}

TEST(ioctls_of_later_versions_are_ENOTTY)
{
	static const int later[] = {
		0x07, 0x0f, 0x1d, 0x1f, 0x22, 0x2f, 0x30, 0x31,
		0x7f, 0xff,
	};
	char page[4096] = { 0 };
	unsigned int i, k;
	struct link l;
	int fds[4];

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	fds[0] = lpc_dev();
	fds[1] = l.port;
	fds[2] = l.client;
	fds[3] = l.server;
	for (i = 0; i < ARRAY_SIZE(later); i++)
		for (k = 0; k < 4; k++)
			EXPECT_EQ(-ENOTTY,
				  lpc_ioctl(fds[k], _IOC(3, LPC_IOC_MAGIC, later[i], 64),
					    page));
	link_close(&l);
}

TEST(read_write_and_mmap_are_refused_on_every_kind)
{
	char byte = 0;
	struct link l;
	int fds[4], k;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	fds[0] = lpc_dev();
	fds[1] = l.port;
	fds[2] = l.client;
	fds[3] = l.server;
	for (k = 0; k < 4; k++) {
		errno = 0;
		EXPECT_EQ(-1, read(fds[k], &byte, 1));
		EXPECT_EQ(EINVAL, errno);
		errno = 0;
		EXPECT_EQ(-1, write(fds[k], &byte, 1));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[k], 0));
		EXPECT_EQ(ENODEV, errno);
	}
	link_close(&l);
}

TEST(every_fd_made_is_close_on_exec)
{
	struct lpc_section_make s = { .size = 1 };
	int port, client, half, server;
	char name[NAME_ROOM];
	struct lpcbuf b;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	EXPECT_TRUE(is_cloexec(l.port));
	EXPECT_TRUE(is_cloexec(l.client));
	EXPECT_TRUE(is_cloexec(l.server));
	link_close(&l);

	port = port_pair(&client, 5);
	ASSERT_LE(0, port);
	EXPECT_TRUE(is_cloexec(port));
	EXPECT_TRUE(is_cloexec(client));
	close(port);
	close(client);

	port = port_create(unique_name(name), NULL);
	half = port_connect_async(name, NULL);
	ASSERT_LE(0, half);
	EXPECT_TRUE(is_cloexec(half));
	ASSERT_EQ(0, msg_listen(port, &b, LONG));
	server = port_accept(port, b.m.id, 0, LPC_ACCEPT_OWN_QUEUE);
	EXPECT_TRUE(is_cloexec(server));
	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &s));
	EXPECT_TRUE(is_cloexec(s.fd));
	close(s.fd);
	close(port);
	close(half);
	close(server);
}

/* ---- pointers inside the arguments ---------------------------------------- */

FIXTURE(bad_pointer) {
	unsigned char *mem;
};

FIXTURE_VARIANT(bad_pointer) {
	uint64_t address;	/* 1: the last byte before an unmapped page */
};

FIXTURE_VARIANT_ADD(bad_pointer, null) { .address = 0 };
FIXTURE_VARIANT_ADD(bad_pointer, kernel) { .address = 0xffff888000001000ull };
FIXTURE_VARIANT_ADD(bad_pointer, not_canonical) { .address = 0x8000000000000000ull };
FIXTURE_VARIANT_ADD(bad_pointer, page_end) { .address = 1 };

FIXTURE_SETUP(bad_pointer)
{
	self->mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->mem);
	memset(self->mem, 'n', 4096);
	ASSERT_EQ(0, munmap(self->mem + 4096, 4096));
}

FIXTURE_TEARDOWN(bad_pointer)
{
	munmap(self->mem, 4096);
}

static uint64_t bad(struct _test_data_bad_pointer *self,
		    const struct _fixture_variant_bad_pointer *v)
{
	return v->address == 1 ? (uintptr_t)self->mem + 4095 : v->address;
}

TEST_F(bad_pointer, create_name_is_EFAULT_and_makes_nothing)
{
	struct lpc_create c = { .name = bad(self, variant), .name_len = 9 };
	int first = next_fd();

	EXPECT_EQ(-EFAULT, lpc_ioctl(lpc_dev(), LPC_IOC_CREATE, &c));
	EXPECT_EQ(first, next_fd());
}

TEST_F(bad_pointer, connect_name_and_data_are_EFAULT_and_queue_nothing)
{
	struct lpc_connect c = { .name = bad(self, variant), .name_len = 9 };
	char name[NAME_ROOM];
	int port, first;

	port = port_create(unique_name(name), NULL);
	ASSERT_LE(0, port);
	first = next_fd();
	EXPECT_EQ(-EFAULT, lpc_ioctl(lpc_dev(), LPC_IOC_CONNECT, &c));
	memset(&c, 0, sizeof(c));
	c.data = bad(self, variant);
	c.data_len = 20;
	EXPECT_EQ(-EFAULT, port_connect_opts(name, &c));
	EXPECT_EQ(0, PORT_FIELD(port, queued));
	EXPECT_EQ(0, PORT_FIELD(port, pending));
	EXPECT_EQ(first, next_fd());
	close(port);
}

TEST_F(bad_pointer, query_name_and_out_are_EFAULT)
{
	struct lpc_port_info info;
	struct lpc_query q = {
		.what = LPC_WHAT_PORT, .name = bad(self, variant), .name_len = 9,
		.out = (uintptr_t)&info, .size = sizeof(info),
	};
	int port = port_create(NULL, NULL);

	ASSERT_LE(0, port);
	EXPECT_EQ(-EFAULT, lpc_ioctl(lpc_dev(), LPC_IOC_QUERY, &q));
	memset(&q, 0, sizeof(q));
	q.what = LPC_WHAT_PORT;
	q.out = bad(self, variant);
	q.size = sizeof(info);
	EXPECT_EQ(-EFAULT, lpc_ioctl(port, LPC_IOC_QUERY, &q));
	close(port);
}

TEST_F(bad_pointer, list_out_is_EFAULT)
{
	struct lpc_list l = {
		.what = LPC_WHAT_PORT, .out = bad(self, variant),
		.size = sizeof(struct lpc_port_info), .count = 2,
	};
	char name[NAME_ROOM];
	int port = port_create(unique_name(name), NULL);

	ASSERT_LE(0, port);
	EXPECT_EQ(-EFAULT, lpc_ioctl(lpc_dev(), LPC_IOC_LIST, &l));
	close(port);
}

TEST_F(bad_pointer, accept_data_is_EFAULT_and_the_request_stays_answerable)
{
	struct lpc_accept a = { .data = bad(self, variant), .data_len = 20 };
	int port, half, end, first;
	char name[NAME_ROOM];
	struct lpcbuf b;

	port = port_create(unique_name(name), NULL);
	half = port_connect_async(name, NULL);
	ASSERT_LE(0, half);
	ASSERT_EQ(0, msg_listen(port, &b, LONG));
	first = next_fd();
	a.id = b.m.id;
	EXPECT_EQ(-EFAULT, lpc_ioctl(port, LPC_IOC_ACCEPT, &a));
	EXPECT_EQ(first, next_fd());
	a.flags = LPC_ACCEPT_REFUSE;
	EXPECT_EQ(-EFAULT, lpc_ioctl(port, LPC_IOC_ACCEPT, &a));
	end = port_accept(port, b.m.id, 0, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(0, end_complete(end));
	EXPECT_EQ(0, connect_finish(half, NULL, LONG));
	close(end);
	close(half);
	close(port);
}

TEST_F(bad_pointer, list_of_buffers_is_EFAULT_and_sends_nothing)
{
	struct lpc_call_data c = {
		.msg.room = LPC_INLINE_MAX, .buffers = bad(self, variant),
		.count = 2,
	};
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	EXPECT_EQ(-EFAULT, lpc_ioctl(l.client, LPC_IOC_CALL_DATA, &c));
	EXPECT_EQ(0, PORT_FIELD(l.port, queued));
	EXPECT_EQ(0, PORT_FIELD(l.port, calls_now));
	link_close(&l);
}

TEST_F(bad_pointer, receive_out_is_EFAULT_and_the_message_stays_first)
{
	struct lpcbuf b;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	ASSERT_EQ(0, msg_send(l.client, 1, "first", 5));
	ASSERT_EQ(0, msg_send(l.client, 2, "second", 6));
	/* 0 is no address: it means over the argument */
	if (variant->address) {
		buf_recv(&b, NO_WAIT);
		b.m.out = bad(self, variant);
		EXPECT_EQ(-EFAULT, lpc_ioctl(l.port, LPC_IOC_REPLY_RECV, &b));
		EXPECT_EQ(2, PORT_FIELD(l.port, queued));
	}
	ASSERT_EQ(0, msg_recv(l.port, &b, LONG));
	EXPECT_EQ(1, b.m.code);
	EXPECT_TRUE(buf_is(&b, "first", 5));
	ASSERT_EQ(0, msg_recv(l.port, &b, LONG));
	EXPECT_EQ(2, b.m.code);
	link_close(&l);
}

TEST(payload_in_unmapped_memory_is_EFAULT_and_sends_nothing)
{
	unsigned char *mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct lpc_msg *m;
	struct lpcbuf b;
	struct link l;

	ASSERT_NE(MAP_FAILED, (void *)mem);
	ASSERT_EQ(0, munmap(mem + 4096, 4096));
	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	m = (void *)(mem + 4096 - sizeof(*m) - 5);
	memset(m, 0, sizeof(*m));
	memcpy(m + 1, "hello", 5);
	m->len = 6;
	EXPECT_EQ(-EFAULT, lpc_ioctl(l.client, LPC_IOC_SEND, m));
	m->room = LPC_INLINE_MAX;
	EXPECT_EQ(-EFAULT, lpc_ioctl(l.client, LPC_IOC_CALL, m));
	EXPECT_EQ(0, PORT_FIELD(l.port, queued));
	EXPECT_EQ(0, PORT_FIELD(l.port, calls_now));
	/* one less ends with the page: not a byte beyond is read or written */
	memset(m, 0, sizeof(*m));
	m->len = 5;
	EXPECT_EQ(0, lpc_ioctl(l.client, LPC_IOC_SEND, m));
	memset(m, 0, sizeof(*m) + 5);
	m->flags = LPC_WITH_RECV | LPC_DONTWAIT;
	m->room = LPC_INLINE_MAX;
	EXPECT_EQ(0, lpc_ioctl(l.port, LPC_IOC_REPLY_RECV, m));
	EXPECT_EQ(0, memcmp(m + 1, "hello", 5));
	EXPECT_EQ(-EAGAIN, msg_recv(l.port, &b, NO_WAIT));
	link_close(&l);
	munmap(mem, 4096);
}

TEST(a_longer_header_moves_the_payload)
{
	const unsigned int size = sizeof(struct lpc_msg) + 24;
	unsigned char arg[512], out[512];
	struct lpc_msg *m = (void *)arg, *r = (void *)out;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	memset(arg, 0, sizeof(arg));
	memcpy(arg + size, "behind it", 9);
	m->len = 9;
	ASSERT_EQ(0, lpc_ioctl(l.client, resize(LPC_IOC_SEND, size), arg));
	memset(out, 0, size);
	memset(out + size, POISON, sizeof(out) - size);
	r->flags = LPC_WITH_RECV | LPC_DONTWAIT;
	r->room = LPC_INLINE_MAX;
	ASSERT_EQ(0, lpc_ioctl(l.port, resize(LPC_IOC_REPLY_RECV, size), out));
	EXPECT_EQ(LPC_DATAGRAM, r->type);
	EXPECT_EQ(0, memcmp(out + size, "behind it", 9));
	EXPECT_TRUE(is_poison(out + size + 9, sizeof(out) - size - 9));
	for (unsigned int i = sizeof(*m); i < size; i++)
		EXPECT_EQ(0, out[i]);
	link_close(&l);
}

TEST(a_received_header_is_written_whole_and_nothing_beyond_the_payload)
{
	struct lpcbuf b, out;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 0xabcdef0123456789ull, 0));
	ASSERT_EQ(0, msg_send(l.client, 77, "abc", 3));
	buf_poison(&out);
	buf_recv(&b, NO_WAIT);
	b.m.out = (uintptr_t)&out;
	ASSERT_EQ(0, lpc_ioctl(l.port, LPC_IOC_REPLY_RECV, &b));
	EXPECT_EQ(LPC_DATAGRAM, out.m.type);
	EXPECT_EQ(0, out.m.status);
	EXPECT_EQ(0, out.m.flags);
	EXPECT_EQ(77, out.m.code);
	EXPECT_EQ(3, out.m.len);
	EXPECT_EQ(0, out.m.room);
	EXPECT_EQ(0, out.m.error);
	EXPECT_EQ(0, out.m.callback);
	EXPECT_EQ(0xabcdef0123456789ull, out.m.context);
	EXPECT_EQ(getpid(), (int)out.m.pid);
	EXPECT_EQ(get_tid(), (int)out.m.tid);
	EXPECT_EQ(0, out.m.uid);
	EXPECT_EQ(0, out.m.gid);
	EXPECT_EQ(0, out.m.deadline);
	EXPECT_EQ(0, out.m.out);
	EXPECT_EQ(0, out.m.offset | out.m.length | out.m.cookie | out.m.fds);
	EXPECT_EQ(0, out.m.section | out.m.nfds | out.m.priority);
	EXPECT_EQ(0, out.m.limit | out.m.in_use);
	EXPECT_TRUE(buf_is(&out, "abc", 3));
	EXPECT_TRUE(is_poison(out.data + 3, sizeof(out.data) - 3));
	link_close(&l);
}

TEST(nothing_put_into_kernel_fields_reaches_the_receiver)
{
	struct lpcbuf b, r;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 42, 0));
	buf_set(&b, 7, "x", 1);
	b.m.type = LPC_PORT_CLOSED;
	b.m.status = 0xffff & ~LPC_PENDING;
	b.m.error = -5;
	b.m.context = POISON64;
	b.m.pid = 1;
	b.m.tid = 1;
	b.m.uid = EVE;
	b.m.gid = EVE;
	b.m.limit = POISON32;
	b.m.in_use = POISON32;
	ASSERT_EQ(0, lpc_ioctl(l.client, LPC_IOC_SEND, &b));
	ASSERT_EQ(0, msg_recv(l.port, &r, LONG));
	EXPECT_EQ(LPC_DATAGRAM, r.m.type);
	EXPECT_EQ(0, r.m.status);
	EXPECT_EQ(0, r.m.error);
	EXPECT_EQ(42, r.m.context);
	EXPECT_EQ(getpid(), (int)r.m.pid);
	EXPECT_EQ(get_tid(), (int)r.m.tid);
	EXPECT_EQ(0, r.m.uid);
	EXPECT_EQ(0, r.m.gid);
	EXPECT_EQ(0, r.m.limit);
	EXPECT_EQ(0, r.m.in_use);
	link_close(&l);
}

TEST(an_unwritable_argument_of_CREATE_leaves_no_port_and_no_fd)
{
	struct lpc_create *c = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char name[NAME_ROOM];
	int port, first;

	ASSERT_NE(MAP_FAILED, (void *)c);
	unique_name(name);
	c->name = (uintptr_t)name;
	c->name_len = strlen(name);
	ASSERT_EQ(0, mprotect(c, 4096, PROT_READ));
	first = next_fd();
	EXPECT_EQ(-EFAULT, lpc_ioctl(lpc_dev(), LPC_IOC_CREATE, c));
	EXPECT_EQ(first, next_fd());
	port = port_create(name, NULL);
	EXPECT_LE(0, port);
	close(port);
	munmap(c, 4096);
}

TEST(an_unwritable_argument_of_ACCEPT_leaves_the_request_answerable)
{
	struct lpc_accept *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int port, half, end, first;
	char name[NAME_ROOM];
	struct lpcbuf b;

	ASSERT_NE(MAP_FAILED, (void *)a);
	port = port_create(unique_name(name), NULL);
	half = port_connect_async(name, NULL);
	ASSERT_EQ(0, msg_listen(port, &b, LONG));
	a->id = b.m.id;
	ASSERT_EQ(0, mprotect(a, 4096, PROT_READ));
	first = next_fd();
	EXPECT_EQ(-EFAULT, lpc_ioctl(port, LPC_IOC_ACCEPT, a));
	EXPECT_EQ(first, next_fd());
	end = port_accept(port, b.m.id, 0, 0);
	ASSERT_LE(0, end);
	EXPECT_EQ(0, end_complete(end));
	EXPECT_EQ(0, connect_finish(half, NULL, LONG));
	close(end);
	close(half);
	close(port);
	munmap(a, 4096);
}

/*
 * A program built with the first header: its structs end where the views
 * begin, and what it cannot ask for it does not get.
 */
TEST(programs_of_the_first_header_connect_to_those_of_this_one)
{
	struct lpc_section_make s = { .size = 4096 };
	struct lpc_connect c = { .flags = LPC_CONNECT_ASYNC };
	struct lpc_accept a = { .context = 7 };
	unsigned int round;
	char name[NAME_ROOM];
	struct lpcbuf b;
	int port, client;

	port = port_create(unique_name(name), NULL);
	ASSERT_LE(0, port);
	for (round = 0; round < 2; round++) {
		bool old = round == 0;

		ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_SECTION, &s));
		memset(&c, 0, sizeof(c));
		c.flags = LPC_CONNECT_ASYNC | (old ? 0 : LPC_CONNECT_VIEW);
		c.own.fd = old ? POISON32 : s.fd;
		c.name = (uintptr_t)name;
		c.name_len = strlen(name);
		ASSERT_EQ(-EINPROGRESS,
			  lpc_ioctl(lpc_dev(),
				    resize(LPC_IOC_CONNECT, old ? 104 : 184),
				    &c));
		ASSERT_EQ(0, msg_listen(port, &b, LONG));
		memset(&a, 0, sizeof(a));
		a.id = b.m.id;
		a.flags = old ? LPC_ACCEPT_VIEW : 0;
		a.own.fd = old ? s.fd : (int)POISON32;
		ASSERT_EQ(0, lpc_ioctl(port, resize(LPC_IOC_ACCEPT,
						    old ? 136 : 48), &a));
		EXPECT_EQ(0, old ? a.own.flags & LPC_VIEW_SHARED : 0);
		ASSERT_EQ(0, end_complete(a.fd));
		client = c.fd;
		c.flags = 0;
		c.name_len = 0;
		poll_ms(client, POLLOUT, LONG);
		EXPECT_EQ(0, lpc_ioctl(client, resize(LPC_IOC_CONNECT, 104), &c));
		EXPECT_EQ((int)POISON32, old ? c.own.fd : a.own.fd);
		EXPECT_EQ(0, CONN_FIELD(a.fd, client_view));
		EXPECT_EQ(0, CONN_FIELD(a.fd, server_view));
		EXPECT_EQ(0, msg_send(a.fd, 1, "x", 1));
		close(s.fd);
		close(client);
		close(a.fd);
	}
	close(port);
}

TEST(create_takes_poison_in_its_out_fields_and_fills_them)
{
	struct lpc_create c = {
		.fd = POISON32, .client_fd = POISON32,
		.limit = POISON32, .in_use = POISON32,
	};

	ASSERT_EQ(0, lpc_ioctl(lpc_dev(), LPC_IOC_CREATE, &c));
	EXPECT_TRUE(is_open(c.fd));
	EXPECT_EQ(-1, c.client_fd);
	EXPECT_EQ(0, c.limit);
	EXPECT_EQ(0, c.in_use);
	close(c.fd);
}

TEST(reply_recv_without_a_part_is_EINVAL)
{
	struct lpcbuf b;
	struct link l;

	ASSERT_EQ(0, link_make(&l, NULL, 1, 0));
	buf_set(&b, 0, NULL, 0);
	EXPECT_EQ(-EINVAL, lpc_ioctl(l.port, LPC_IOC_REPLY_RECV, &b));
	EXPECT_EQ(-EINVAL, lpc_ioctl(l.client, LPC_IOC_REPLY_RECV, &b));
	EXPECT_EQ(-EINVAL, end_shutdown(l.client, LPC_SHUT_NEW));
	EXPECT_EQ(-EINVAL, end_shutdown(l.server, LPC_SHUT_NEW));
	link_close(&l);
}

/* Runs the 32-bit program beside this one; its lines become remarks. */
TEST(a_32_bit_program_makes_a_round_trip)
{
	char path[PATH_MAX], line[256], *slash;
	int out[2], ok = 0, bad = 0, status;
	ssize_t len;
	pid_t pid;
	FILE *f;

	len = readlink("/proc/self/exe", path, sizeof(path) - 8);
	ASSERT_LT(0, len);
	path[len] = 0;
	slash = strrchr(path, '/');
	memcpy(slash + 1, "abi32", 6);
	ASSERT_EQ(0, access(path, X_OK));
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	pid = fork_child();
	if (pid == 0) {
		dup2(out[1], 1);
		execl(path, "abi32", NULL);
		_exit(errno == ENOEXEC ? 250 : 251);
	}
	close(out[1]);
	f = fdopen(out[0], "r");
	while (fgets(line, sizeof(line), f)) {
		fprintf(stderr, "# abi32: %s", line);
		ok += !strncmp(line, "ok ", 3);
		bad += !strncmp(line, "not ok ", 7);
	}
	fclose(f);
	status = reap(pid);
	if (status == 250)
		SKIP(return, "this kernel runs no 32-bit programs");
	EXPECT_EQ(0, status);
	EXPECT_EQ(16, ok);
	EXPECT_EQ(0, bad);
}

TEST_HARNESS_MAIN
