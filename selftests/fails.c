// SPDX-License-Identifier: GPL-2.0-only
/*
 * fails.c - what makes something makes all of it or nothing: each allocation and
 * copy in it failing, one after the other, and each limit it meets. The ioctls whose
 * own themes do not look at that; make fail-nth does it to all, unseen.
 */
#include "common_section.h"

FIXTURE(fails)
{
	struct rig r;
};

FIXTURE_VARIANT(fails)
{
	int (*make)(struct rig *r, int fd[2]);
	int keeps;		/* the limit that what is made counts in */
};

FIXTURE_SETUP(fails)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
}

FIXTURE_TEARDOWN(fails)
{
	rig_close(&self->r);
}

static int make_pair(struct rig *r, int fd[2])
{
	struct lpc_create c = { .flags = LPC_PORT_PAIR, .mode = 0600 };
	int ret = xctl(r->dev, LPC_IOC_CREATE, &c);

	fd[0] = ret ? -1 : c.fd;
	fd[1] = ret ? -1 : c.client_fd;
	return ret;
}

FIXTURE_VARIANT_ADD(fails, a_pair)
{
	.make = make_pair,
	.keeps = LPC_LIMIT_NONE,
};

static int make_watch(struct rig *r, int fd[2])
{
	return do_watch(r->ce);
}

FIXTURE_VARIANT_ADD(fails, a_watch)
{
	.make = make_watch,
	.keeps = LPC_LIMIT_WATCHES,
};

TEST_F(fails, alone_and_costs_nothing)
{
	int n, i, ret = 0, made = 0, first, fd[2];
	int64_t before[LPC_LIMIT_MAX];

	if (!can_fail())
		SKIP(return, "this kernel injects no faults");
	for (i = 0; i < LPC_LIMIT_MAX; i++)
		before[i] = limit_in_use(i);
	first = next_fd();
	for (n = 1; n < 1000; n++) {
		bool hit;

		fd[0] = -1;
		fd[1] = -1;
		fail_at(n);
		ret = variant->make(&self->r, fd);
		hit = failed();
		EXPECT_TRUE(!ret || ret == -ENOMEM || ret == -EFAULT || ret == -EMFILE)
			TH_LOG("%d: %d", n, ret);
		made += !ret;
		close_fd(&fd[0]);
		close_fd(&fd[1]);
		ASSERT_EQ(first, next_fd());
		if (!hit)
			break;
	}
	TH_LOG("%d can fail", n - 1);
	EXPECT_EQ(0, ret);
	EXPECT_LT(2, n);
	before[variant->keeps] += made;
	for (i = 1; i < LPC_LIMIT_MAX; i++) {
		int64_t want = before[i];

		EXPECT_TRUE(UNTIL(limit_in_use(i) == want))
			TH_LOG("limit %d: %lld, not %lld", i,
			       (long long)limit_in_use(i), (long long)want);
	}
}

FIXTURE(pair)
{
	struct rig r;
};

FIXTURE_SETUP(pair)
{
	ASSERT_EQ(0, rig_open(&self->r, 0));
}

FIXTURE_TEARDOWN(pair)
{
	rig_close(&self->r);
}

TEST_F(pair, over_a_limit_is_ENOBUFS_names_it_and_makes_nothing)
{
	static const struct {
		const char *name;
		__u32 limit;
	} all[] = {
		{ "user_pending", LPC_LIMIT_USER_PENDING },
		{ "connections", LPC_LIMIT_CONNS },
	};
	struct lpc_connect c;
	int pending, first;
	size_t i;

	/* One that is pending, and so a connection too. */
	pending = connect_async(self->r.dev, self->r.name, &c);
	ASSERT_LE(0, pending);
	first = next_fd();
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		struct lpc_create p = { .flags = LPC_PORT_PAIR, .mode = 0600 };
		long saved = sysctl_get(all[i].name);
		int64_t n = limit_in_use(all[i].limit);

		ASSERT_LT(0, n);
		ASSERT_EQ(0, sysctl_set(all[i].name, n));
		EXPECT_EQ(-ENOBUFS, xctl(self->r.dev, LPC_IOC_CREATE, &p));
		EXPECT_EQ(all[i].limit, p.limit);
		EXPECT_EQ(n, p.in_use);
		EXPECT_EQ(first, next_fd());
		EXPECT_TRUE(UNTIL(limit_in_use(all[i].limit) == n));
		ASSERT_EQ(0, sysctl_set(all[i].name, saved));
	}
	close(pending);
}

TEST_HARNESS_MAIN
