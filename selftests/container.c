// SPDX-License-Identifier: GPL-2.0-only
/*
 * container.c - uid 1000 in namespaces of its own, with every capability there:
 * what it can see, reach, take, be taken for and use up of what is not its own.
 */
#include "common_security.h"

/* Root in there, maria out here; PID namespaces need one more fork */
#define ALL_NS	(CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS | \
		 CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP)

static void map_all(const char *map)
{
	must_be(0, write_file("/proc/self/setgroups", "deny"));
	must_be(0, write_file("/proc/self/uid_map", "%s", map));
	must_be(0, write_file("/proc/self/gid_map", "%s", map));
}

FIXTURE(box) {
	char name[NAME_ROOM], secret[NAME_ROOM];
	int port, own;
	struct gate up, down;
	struct lpcbuf b;
};

FIXTURE_SETUP(box)
{
	others_may();
	self->port = port_create_mode(unique_name(self->name), 0666);
	ASSERT_LE(0, self->port);
	self->own = port_create_mode(unique_user_name(self->secret, MARIA), 0666);
	ASSERT_LE(0, self->own);
	gate_init(&self->up);
	gate_init(&self->down);
}

FIXTURE_TEARDOWN(box)
{
	close(self->port);
	close(self->own);
	gate_destroy(&self->up);
	gate_destroy(&self->down);
}

/* Runs @act as the first process of the container; its exit status */
static int inside(struct _test_data_box *self, void (*act)(struct _test_data_box *))
{
	pid_t outer = fork_child();

	if (outer == 0) {
		pid_t inner;

		must_be(0, become(MARIA));
		must(unshare(ALL_NS) == 0);
		map_all("0 1000 1");
		inner = fork_child();
		if (inner == 0) {
			must_be(1, getpid());
			must_be(0, getuid());
			must(caps_now().effective & CAP_BIT(CAP_IPC_OWNER));
			act(self);
			_exit(0);
		}
		_exit(reap(inner));
	}
	return reap(outer);
}

static void see(struct _test_data_box *self)
{
	struct lpc_port_info rows[8];
	struct lpc_conn_info conns[2];
	uint64_t hidden;

	must_be(0, list_all(LPC_WHAT_PORT, 0, rows, sizeof(rows[0]), 8, &hidden));
	must_be(0, hidden);
	must_be(-ENOENT, list_conns(port_serial(self->port), conns, 2));
	must_be(-ENOENT, query_name(self->name, rows, NO_WAIT));
	must_be(-ENOENT, query_name(self->secret, rows, NO_WAIT));
	must_be(-ETIMEDOUT, query_name(self->name, rows, SHORT));
}

TEST_F(box, sees_nothing)
{
	EXPECT_EQ(0, inside(self, see));
}

static void reach(struct _test_data_box *self)
{
	struct lpc_security s = { 0 };

	must_be(-ENOENT, port_connect(self->name));
	must_be(-ENOENT, port_connect(self->secret));
	s.name = (uintptr_t)self->name;
	s.name_len = strlen(self->name);
	must_be(-ENOENT, lpc_ioctl(lpc_dev(), LPC_IOC_SECURITY, &s));
	/* nor does it change what it holds a descriptor of */
	s = (struct lpc_security){ .flags = LPC_SECURITY_MODE, .mode = 0666 };
	must_be(-EACCES, lpc_ioctl(self->port, LPC_IOC_SECURITY, &s));
	s.flags = LPC_SECURITY_ACL;
	must_be(-EACCES, lpc_ioctl(self->own, LPC_IOC_SECURITY, &s));
}

TEST_F(box, reaches_nothing)
{
	EXPECT_EQ(0, inside(self, reach));
	EXPECT_EQ(0, PORT_FIELD(self->port, pending));
}

/* Its names are its own: nobody outside gets to them. */
static void squat(struct _test_data_box *self)
{
	int port = port_create_mode(self->name, 0666);

	must(port >= 0);
	must(port_create_mode("system/squatted", 0666) >= 0);
	must(port_create_mode("user/0/squatted", 0666) >= 0);
	gate_post(&self->up, 0);
	gate_wait(&self->down);
	must_be(0, PORT_FIELD(port, pending));
}

static void *knock(void *arg)
{
	struct _test_data_box *self = arg;
	struct lpc_port_info i;
	int end;

	gate_wait(&self->up);
	end = port_connect_async(self->name, NULL);
	if (end < 0 || port_connect("system/squatted") != -ENOENT ||
	    port_connect("user/0/squatted") != -ENOENT ||
	    query_name("system/squatted", &i, NO_WAIT) != -ENOENT ||
	    PORT_FIELD(self->port, pending) != 1)
		arg = NULL;
	close(end);
	gate_post(&self->down, 0);
	return arg;
}

TEST_F(box, squats_on_nothing)
{
	pthread_t t;
	void *ok;

	ASSERT_EQ(0, pthread_create(&t, NULL, knock, self));
	EXPECT_EQ(0, inside(self, squat));
	pthread_join(t, &ok);
	EXPECT_NE(NULL, ok);
}

/* It holds a server end, and is called by root who allows it. */
static void take_on(struct _test_data_box *self)
{
	struct lpc_impersonate a;
	int end;

	end = accept_one(self->port, 1, 0);
	must(end >= 0);
	must_be(0, msg_recv(self->port, &self->b, LONG));
	/* whom it may not know: no number, never 65534 */
	must_be(UINT32_MAX, self->b.m.uid);
	must_be(UINT32_MAX, self->b.m.gid);
	must_be(0, self->b.m.pid);
	must(self->b.m.status & LPC_UID_UNMAPPED);
	must(self->b.m.status & LPC_PID_FOREIGN);
	must_be(-EPERM, impersonate(end, self->b.m.id, 0, &a));
	must_be(0, msg_reply(self->port, &self->b, 7, NULL, 0));
}

TEST_F(box, impersonates_nobody)
{
	pid_t root = fork_child();

	if (root == 0) {
		int end = connect_at(self->name, LPC_LEVEL_DELEGATE, LPC_TRACK_DYNAMIC);
		struct lpcbuf r;

		must(end >= 0);
		must_be(0, msg_call(end, 1, NULL, 0, &r, LONG));
		must_be(7, r.m.code);
		must_be(MARIA, r.m.uid);
		_exit(0);
	}
	EXPECT_EQ(0, inside(self, take_on));
	EXPECT_EQ(0, reap(root));
}

/* All that it can make, and all a namespace below can */
static void use_up(struct _test_data_box *self)
{
	long limit = sysctl_get("ports");
	struct lpc_create c = { 0 };
	struct lpc_info i;
	int n, ret = 0;

	for (n = 0; n <= limit + 8 && ret >= 0; n++)
		ret = port_create(NULL, memset(&c, 0, sizeof(c)));
	must_be(-ENOBUFS, ret);
	must_be(LPC_LIMIT_PORTS, c.limit);
	must(n <= limit + 1);
	must_be(0, get_info(&i));
	must(i.limits[LPC_LIMIT_PORTS].in_use <= (uint64_t)limit);
	must(unshare(CLONE_NEWUSER) == 0);
	must_be(-ENOBUFS, port_create(NULL, NULL));
	gate_post(&self->up, 0);
	gate_wait(&self->down);
}

static void *others(void *arg)
{
	struct _test_data_box *self = arg;
	pid_t pid;
	int ret[2], i;

	gate_wait(&self->up);
	for (i = 0; i < 2; i++) {
		pid = fork_child();
		if (pid == 0) {
			must_be(0, become(i ? BOB : MARIA));
			/* it is maria who has no more */
			must_be(i ? 1 : 0, port_create(NULL, NULL) >= 0);
			_exit(0);
		}
		ret[i] = reap(pid);
	}
	gate_post(&self->down, 0);
	return ret[0] || ret[1] ? NULL : arg;
}

TEST_F(box, uses_up_nothing_but_its_users_share)
{
	long before = sysctl_get("ports");
	pthread_t t;
	void *ok;

	ASSERT_EQ(0, sysctl_set("ports", 40));
	ASSERT_EQ(0, pthread_create(&t, NULL, others, self));
	EXPECT_EQ(0, inside(self, use_up));
	pthread_join(t, &ok);
	EXPECT_NE(NULL, ok);
	EXPECT_EQ(0, sysctl_set("ports", before));
}

/* ---- names and ids, by the way the user namespace was made -------------------------- */

FIXTURE(made) {
	char name[NAME_ROOM];
	struct link l;
	struct gate up, down;
	struct lpcbuf b;
};

FIXTURE_VARIANT(made) {
	const char *map;	/* NULL: none is written; "": root enters maria's */
	bool ipc;
	bool by_root;		/* who writes it, for more than one id */
	uid_t uid;		/* who it is out here */
};

FIXTURE_VARIANT_ADD(made, unmapped) { .uid = MARIA };

FIXTURE_VARIANT_ADD(made, mapped_to_0) { .map = "0 1000 1", .uid = MARIA };

FIXTURE_VARIANT_ADD(made, mapped_to_0_with_ipc) {
	.map = "0 1000 1", .ipc = true, .uid = MARIA,
};

FIXTURE_VARIANT_ADD(made, a_range) {
	.map = "0 1000 1\n1 100000 65536", .by_root = true, .uid = MARIA,
};

FIXTURE_VARIANT_ADD(made, root_that_entered) { .map = "", .uid = 0 };

FIXTURE_SETUP(made)
{
	others_may();
	ASSERT_EQ(0, link_make(&self->l, NULL, 1, 0));
	gate_init(&self->up);
	gate_init(&self->down);
}

FIXTURE_TEARDOWN(made)
{
	link_close(&self->l);
	gate_destroy(&self->up);
	gate_destroy(&self->down);
}

/* root enters a namespace that maria has made for herself */
static void enter_marias(void)
{
	struct gate up;
	char path[64];
	pid_t maria;
	int fd;

	gate_init(&up);
	maria = fork_child();
	if (maria == 0) {
		must_be(0, become(MARIA));
		must(unshare(CLONE_NEWUSER) == 0);
		map_all("0 1000 1");
		gate_post(&up, 0);
		pause();
		_exit(0);
	}
	gate_wait(&up);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", maria);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	must(setns(fd, CLONE_NEWUSER) == 0);
	close(fd);
	must_be(65534, getuid());
}

static void try_names(bool own_ipc, uid_t uid)
{
	if (own_ipc) {
		/* the IPC namespace is its own, and so are all its names */
		must(port_create("system/x", NULL) >= 0);
		must(port_create("user/0/x", NULL) >= 0);
		return;
	}
	must_be(-EACCES, port_create("system/x", NULL));
	must_be(-EACCES, port_create("user/65534/x", NULL));
	must_be(-EACCES, port_create("user/4294967295/x", NULL));
	must_be(-EACCES, port_create("user/100000/x", NULL));
	/* its own name is what the namespace of the names calls it */
	must_be(uid ? 1 : 0, port_create("user/0/x", NULL) == -EACCES);
	must_be(uid ? 1 : 0, port_create("user/1000/x", NULL) >= 0);
}

TEST_F(made, names_ids_and_capabilities_are_those_out_here)
{
	struct {
		struct lpc_caller_info i;
	} a;
	pid_t pid = fork_child();

	if (pid == 0) {
		if (variant->map && !*variant->map) {
			enter_marias();
		} else {
			must_be(0, become(MARIA));
			must(unshare(CLONE_NEWUSER |
				     (variant->ipc ? CLONE_NEWIPC : 0)) == 0);
			gate_post(&self->up, 0);
			if (variant->by_root)
				gate_wait(&self->down);
			else if (variant->map)
				map_all(variant->map);
		}
		must(caps_now().effective & CAP_BIT(CAP_SYS_ADMIN));
		try_names(variant->ipc, variant->uid);
		must_be(0, msg_call(self->l.client, 1, NULL, 0, &self->b, LONG));
		/* who answers is root: without a number in there */
		must_be(UINT32_MAX, self->b.m.uid);
		must(self->b.m.status & LPC_UID_UNMAPPED);
		_exit(0);
	}
	if (variant->by_root) {
		char path[64];
		int i;

		gate_wait(&self->up);
		for (i = 0; i < 2; i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", pid,
				 i ? "gid_map" : "uid_map");
			ASSERT_EQ(0, write_file(path, "%s\n", variant->map));
		}
		gate_post(&self->down, 0);
	}
	ASSERT_EQ(0, msg_recv(self->l.port, &self->b, LONG));
	EXPECT_EQ(variant->uid, self->b.m.uid);
	EXPECT_EQ(0, self->b.m.status & LPC_UID_UNMAPPED);
	EXPECT_EQ(0, lpc_ioctl(self->l.port, LPC_IOC_QUERY, &(struct lpc_query){
		.what = LPC_WHAT_CALLER, .id = self->b.m.id, .out = (uintptr_t)&a,
		.size = sizeof(a), .flags = LPC_QUERY_CAPABLE,
		.capability = CAP_SYS_ADMIN,
	}));
	EXPECT_EQ(0, a.i.status & LPC_CALLER_CAPABLE);
	EXPECT_EQ(variant->uid, a.i.uid);
	EXPECT_EQ(0, msg_reply(self->l.port, &self->b, 0, NULL, 0));
	EXPECT_EQ(0, reap(pid));
}

TEST_HARNESS_MAIN
