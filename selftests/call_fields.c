// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fields of a message: which are refused, which the kernel fills, and
 * where a received message goes.
 */
#include "common_call.h"

FIXTURE(fields)
{
	struct rig r;
};

FIXTURE_SETUP(fields)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
}

FIXTURE_TEARDOWN(fields)
{
	rig_close(&self->r);
}

TEST_F(fields, a_section_that_there_is_not_is_einval)
{
	struct pkt p;
	int i;

	for (i = 0; i < 16; i++) {
		msg(&p, 1, 8)->m.section = 1 << i;
		p.m.length = 1;
		EXPECT_EQ(-EINVAL, do_call(self->r.ce, &p));
		msg(&p, 1, 8)->m.section = 1 << i;
		EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_SEND, &p));
	}
	/* A header that has been received is received into again as it is. */
	recv_msg(&p, LPC_DONTWAIT, 0);
	p.m.section = 1;
	p.m.length = 1;
	EXPECT_EQ(-EAGAIN, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_EQ(0, queued(self->r.port));
}

TEST_F(fields, fields_kept_for_later_must_be_zero)
{
	static const struct {
		size_t offset, size;
	} later[] = {
		{ offsetof(struct lpc_msg, offset), 8 },
		{ offsetof(struct lpc_msg, length), 8 },
		{ offsetof(struct lpc_msg, cookie), 8 },
		{ offsetof(struct lpc_msg, fds), 8 },
		{ offsetof(struct lpc_msg, nfds), 2 },
		{ offsetof(struct lpc_msg, priority), 4 },
	};
	struct pkt p;
	size_t i, b;

	for (i = 0; i < ARRAY_SIZE(later); i++) {
		for (b = 0; b < later[i].size; b++) {
			msg(&p, 1, 8);
			((unsigned char *)&p.m)[later[i].offset + b] = 0x80;
			EXPECT_EQ(-EINVAL, do_call(self->r.ce, &p));
			msg(&p, 1, 8);
			((unsigned char *)&p.m)[later[i].offset + b] = 1;
			EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_SEND, &p));
			/* where nothing is sent its section is not looked at */
			if (later[i].offset == offsetof(struct lpc_msg, section))
				continue;
			recv_msg(&p, LPC_DONTWAIT, 0);
			((unsigned char *)&p.m)[later[i].offset + b] = 1;
			EXPECT_EQ(-EINVAL, xctl(self->r.port,
						LPC_IOC_REPLY_RECV, &p));
		}
	}
	EXPECT_EQ(0, queued(self->r.port));
}

TEST_F(fields, unknown_flags_are_einval)
{
	struct pkt p;
	int bit;

	for (bit = 8; bit < 32; bit++) {
		msg(&p, 1, 8)->m.flags = 1u << bit;
		if (!(p.m.flags & (LPC_NO_IMPERSONATE | LPC_IMPERSONATE_ME)))
			EXPECT_EQ(-EINVAL, do_call(self->r.ce, &p));
		msg(&p, 1, 8)->m.flags = 1u << bit;
		EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_SEND, &p));
		recv_msg(&p, LPC_DONTWAIT | 1u << bit, 0);
		EXPECT_EQ(-EINVAL, xctl(self->r.port, LPC_IOC_REPLY_RECV,
					&p));
	}
	EXPECT_EQ(0, queued(self->r.port));
}

TEST_F(fields, nothing_put_into_the_kernels_fields_reaches_the_receiver)
{
	struct pkt c, s;

	msg(&c, 1, 8);
	c.m.type = LPC_PORT_CLOSED;
	c.m.status = 0xffff & ~LPC_PENDING;
	c.m.error = -5;
	c.m.id = 77;
	c.m.callback = 78;
	c.m.context = 79;
	c.m.pid = 80;
	c.m.tid = 81;
	c.m.uid = 82;
	c.m.gid = 83;
	c.m.limit = 84;
	c.m.in_use = 85;
	ASSERT_EQ(0, xctl(self->r.ce, LPC_IOC_SEND, &c));
	memset(&s, 0xee, sizeof(s));
	memset(&s.m, 0, sizeof(s.m));
	s.m.flags = LPC_WITH_RECV | LPC_DONTWAIT;
	s.m.room = LPC_INLINE_MAX;
	ASSERT_EQ(0, xctl(self->r.port, LPC_IOC_REPLY_RECV, &s));
	EXPECT_EQ(LPC_DATAGRAM, s.m.type);
	EXPECT_EQ(0, s.m.status);
	EXPECT_EQ(0, s.m.flags);
	EXPECT_EQ(0, s.m.error);
	EXPECT_NE(77, s.m.id);
	EXPECT_EQ(0, s.m.callback);
	EXPECT_EQ(self->r.context, s.m.context);
	EXPECT_EQ(getpid(), s.m.pid);
	EXPECT_EQ(get_tid(), s.m.tid);
	EXPECT_EQ(geteuid(), s.m.uid);
	EXPECT_EQ(getegid(), s.m.gid);
	EXPECT_EQ(0, s.m.limit);
	EXPECT_EQ(0, s.m.in_use);
	EXPECT_EQ(0, s.m.room);
	EXPECT_EQ(0, s.m.out);
	EXPECT_TRUE(intact(&s, 1, 8));
	/* Nothing beyond the payload was touched. */
	EXPECT_EQ(0xee, s.d[8]);
}

TEST_F(fields, what_is_received_goes_to_out_when_that_is_given)
{
	struct pkt arg, out;

	ASSERT_EQ(0, do_send(self->r.ce, 6, 66));
	memset(&out, 0xaa, sizeof(out));
	recv_msg(&arg, LPC_DONTWAIT, 0)->m.out = (unsigned long)&out;
	fill(arg.d, 66, 1);
	ASSERT_EQ(0, xctl(self->r.port, LPC_IOC_REPLY_RECV, &arg));
	EXPECT_TRUE(intact(&out, 6, 66));
	EXPECT_EQ(LPC_DATAGRAM, out.m.type);
	EXPECT_EQ(0xaa, out.d[66]);
	EXPECT_TRUE(filled(arg.d, 66, 1));
}

TEST_F(fields, a_reply_goes_to_out_and_the_request_stays_as_it_was)
{
	struct pkt arg, out, s;
	struct actor a;

	msg(&arg, 1, 40)->m.out = (unsigned long)&out;
	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, &arg));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 2, 50));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_EQ(LPC_REPLY, out.m.type);
	EXPECT_TRUE(intact(&out, 2, 50));
	EXPECT_TRUE(intact(&arg, 1, 40));
}

TEST_F(fields, replies_name_who_answered)
{
	struct pkt c, s;
	struct actor a;

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &s));
	EXPECT_EQ(a.tid, s.m.tid);
	ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 2, 8));
	ASSERT_EQ(0, actor_end(&a));
	EXPECT_EQ(getpid(), c.m.pid);
	EXPECT_EQ(get_tid(), c.m.tid);
	EXPECT_EQ(geteuid(), c.m.uid);
	EXPECT_EQ(getegid(), c.m.gid);
	EXPECT_EQ(0, c.m.context);
}

TEST_F(fields, two_requests_on_a_quiet_port_differ_by_one)
{
	struct pkt p, s;
	__u32 last = 0;
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, call_async(self->r.ce, &p, i, 0));
		EXPECT_NE(0, (__u32)p.m.id);
		EXPECT_EQ(i ? last + 1 : (__u32)p.m.id, (__u32)p.m.id);
		last = (__u32)p.m.id;
		ASSERT_EQ(0, recv_now(self->r.port, &s));
		EXPECT_EQ(p.m.id, s.m.id);
		ASSERT_EQ(0, do_reply(self->r.port, s.m.id, 0, 0));
		ASSERT_EQ(0, recv_now(self->r.ce, &s));
	}
}

TEST_F(fields, callers_fields_of_the_wrong_kind_of_ioctl_are_einval)
{
	struct pkt p;

	msg(&p, 1, 8)->m.flags = LPC_WITH_REPLY;
	EXPECT_EQ(-EINVAL, do_call(self->r.ce, &p));
	msg(&p, 1, 8)->m.flags = LPC_LISTEN;
	EXPECT_EQ(-EINVAL, do_call(self->r.ce, &p));
	msg(&p, 1, 8)->m.flags = LPC_CALL_ASYNC;
	EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_SEND, &p));
	recv_msg(&p, LPC_CALL_ASYNC | LPC_DONTWAIT, 0);
	EXPECT_EQ(-EINVAL, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
	EXPECT_EQ(0, queued(self->r.port));
}

TEST_HARNESS_MAIN
