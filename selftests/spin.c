// SPDX-License-Identifier: GPL-2.0-only
/*
 * spin.c - LPC_SPIN and LPC_PORT_SPIN: who polls before it sleeps gets the same,
 * and polls for a bounded time only. What it gains: Documentation/performance.rst.
 */
#include "common_call.h"

#include <sched.h>

#define CALLS	200

/* Answers until its port is shut; the flags of each ioctl are the test's. */
struct server {
	pthread_t thread;
	int port;
	__u32 flags;
	int served;
	int ret;
};

static void *serve(void *arg)
{
	struct server *s = arg;
	struct pkt p;

	recv_msg(&p, s->flags, LPC_FOREVER);
	while (!(s->ret = xctl(s->port, LPC_IOC_REPLY_RECV, &p))) {
		s->served++;
		p.m.flags = LPC_WITH_REPLY | LPC_WITH_RECV | s->flags;
		p.m.room = LPC_INLINE_MAX;
		p.m.deadline = LPC_FOREVER;
	}
	return NULL;
}

FIXTURE(spin)
{
	struct rig r;
};

FIXTURE_VARIANT(spin)
{
	__u32 port;
	__u32 message;
};

FIXTURE_VARIANT_ADD(spin, by_message)
{
	.message = LPC_SPIN,
};

FIXTURE_VARIANT_ADD(spin, by_port)
{
	.port = LPC_PORT_SPIN,
};

FIXTURE_SETUP(spin)
{
	ASSERT_EQ(0, rig_open(&self->r, variant->port));
}

FIXTURE_TEARDOWN(spin)
{
	rig_close(&self->r);
}

TEST_F(spin, each_call_gets_its_own_reply)
{
	struct server s = { .port = self->r.port, .flags = variant->message };
	struct pkt p;
	int i;

	ASSERT_EQ(0, pthread_create(&s.thread, NULL, serve, &s));
	for (i = 0; i < CALLS; i++) {
		msg(&p, i, i % 200)->m.flags = variant->message;
		ASSERT_EQ(0, do_call(self->r.ce, &p));
		ASSERT_TRUE(intact(&p, i, i % 200));
	}
	ASSERT_EQ(0, do_shutdown(self->r.port, LPC_SHUT_RECEIVE));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(-ESHUTDOWN, s.ret);
	EXPECT_EQ(CALLS, s.served);
}

TEST_F(spin, a_realtime_thread_is_answered_too)
{
	struct server s = { .port = self->r.port, .flags = variant->message };
	struct sched_param fifo = { .sched_priority = 1 }, none = { 0 };
	struct pkt p;
	int i;

	ASSERT_EQ(0, pthread_create(&s.thread, NULL, serve, &s));
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &fifo));
	for (i = 0; i < CALLS; i++) {
		msg(&p, i, 8)->m.flags = variant->message;
		ASSERT_EQ(0, do_call(self->r.ce, &p));
		ASSERT_TRUE(intact(&p, i, 8));
	}
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_OTHER, &none));
	ASSERT_EQ(0, do_shutdown(self->r.port, LPC_SHUT_RECEIVE));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(CALLS, s.served);
}

TEST_F(spin, who_waits_long_sleeps)
{
	struct timespec used;
	struct actor a;
	struct pkt p;
	clockid_t cpu;

	/* Received by nobody: the caller is in vain there, and goes to sleep. */
	msg(&p, 1, 8)->m.flags = variant->message;
	p.m.deadline = ns_in(PATIENCE_MS);
	ASSERT_TRUE(act(&a, self->r.ce, LPC_IOC_CALL, &p));
	ASSERT_EQ(0, pthread_getcpuclockid(a.thread, &cpu));
	ASSERT_TRUE(UNTIL(task_state(a.tid) == 'S'));
	ASSERT_EQ(0, clock_gettime(cpu, &used));
	EXPECT_EQ(0, used.tv_sec);
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	ASSERT_EQ(0, do_reply(self->r.port, p.m.id, 2, 8));
	EXPECT_EQ(0, actor_end(&a));
}

TEST_F(spin, the_deadline_is_the_same)
{
	__u64 t0 = ns_now();
	struct pkt p;

	msg(&p, 1, 8)->m.flags = variant->message;
	p.m.deadline = ns_in(SOON_MS);
	EXPECT_EQ(-ETIMEDOUT, do_call(self->r.ce, &p));
	EXPECT_LE(SOON_MS * 1000000ull, ns_now() - t0);
	recv_msg(&p, variant->message, ns_in(SOON_MS));
	EXPECT_EQ(-ETIMEDOUT, xctl(self->r.port, LPC_IOC_REPLY_RECV, &p));
}

TEST_HARNESS_MAIN
