/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common_security.h - capabilities, groups and files of users, and a port for all
 * of them, for the tests of who may what.
 */
#ifndef LPC_SELFTESTS_COMMON_SECURITY_H
#define LPC_SELFTESTS_COMMON_SECURITY_H

#include "common.h"

#include <linux/capability.h>

#define CAP_BIT(cap)	(1ull << (cap))

struct caps {
	uint64_t effective, permitted;
};

static inline struct caps caps_now(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };

	syscall(SYS_capget, &head, data);
	return (struct caps){
		.effective = data[0].effective | (uint64_t)data[1].effective << 32,
		.permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
	};
}

static inline int caps_to(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)effective, .permitted = (uint32_t)permitted },
		{ .effective = effective >> 32, .permitted = permitted >> 32 },
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

/* Becomes @uid for good, with the capabilities @keep and no other. */
static inline int become_with(uid_t uid, uint64_t keep)
{
	int ret;

	prctl(PR_SET_KEEPCAPS, 1);
	ret = become(uid);
	prctl(PR_SET_KEEPCAPS, 0);
	return ret ? ret : caps_to(keep, keep);
}

/* @n groups, 2000, 2001, ... */
static inline int groups_of(unsigned int n, gid_t *list)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		list[i] = 2000 + i;
	return setgroups(n, list) < 0 ? -errno : 0;
}

/* A file of @uid's that nobody else may open */
static inline int private_file(const char *path, uid_t uid)
{
	int fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0)
		return -errno;
	ret = fchown(fd, uid, uid) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* What open() for reading says: 0 or -errno */
static inline int try_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static inline uid_t fsuid_now(void)
{
	return setfsuid(-1);
}

static inline gid_t fsgid_now(void)
{
	return setfsgid(-1);
}

/* CONNECT at @level and @tracking; the end on success */
static inline int connect_at(const char *name, unsigned int level,
			     unsigned int tracking)
{
	return port_connect_opts(name, &(struct lpc_connect){
		.level = level, .tracking = tracking, .deadline = in_ms(LONG),
	});
}

/* IMPERSONATE, the ids thrown away but for @a's */
static inline int impersonate(int end, uint64_t id, uint64_t callback,
			      struct lpc_impersonate *a)
{
	static gid_t list[65536];

	memset(a, 0, sizeof(*a));
	a->id = id;
	a->callback = callback;
	a->groups = (uintptr_t)list;
	a->room = ARRAY_SIZE(list);
	return lpc_ioctl(end, LPC_IOC_IMPERSONATE, a);
}

/*
 * In a process of its own: the end that @uid connected, which that user's process
 * handed over before it ended
 */
static inline int end_of(uid_t uid, const char *name, unsigned int level,
			 unsigned int tracking)
{
	int sv[2], end;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0);
	pid = fork_child();
	if (pid == 0) {
		must_be(0, become(uid));
		end = connect_at(name, level, tracking);
		must(end >= 0);
		must_be(0, send_fd(sv[0], end));
		_exit(0);
	}
	end = recv_fd(sv[1]);
	must(end >= 0);
	must_be(0, reap(pid));
	return end;
}

/* ---- a server that all users may connect to --------------------------------- */

struct open_port {
	char name[NAME_ROOM];
	int port;
	struct gate up, down;	/* to and from the processes of a test */
	struct lpcbuf b;
};

/* 0 or -errno */
static inline int open_port_make(struct open_port *o)
{
	others_may();
	o->port = port_create_mode(unique_name(o->name), 0666);
	if (o->port < 0)
		return o->port;
	gate_init(&o->up);
	gate_init(&o->down);
	return 0;
}

static inline void open_port_end(struct open_port *o)
{
	close(o->port);
	gate_destroy(&o->up);
	gate_destroy(&o->down);
}

/* Accepts a client and receives its call: the server end */
#define SERVE(o) ({							\
	struct open_port *__o = (o);					\
	int __end = accept_one(__o->port, 7, 0);			\
									\
	ASSERT_LE(0, __end);						\
	ASSERT_EQ(0, msg_recv(__o->port, &__o->b, LONG));		\
	ASSERT_EQ(LPC_REQUEST, __o->b.m.type);				\
	__end;								\
})

/* Answers what it received */
#define ANSWER(o) do {							\
	struct open_port *__o = (o);					\
									\
	ASSERT_EQ(0, msg_reply(__o->port, &__o->b, 0, NULL, 0));	\
} while (0)

#endif /* LPC_SELFTESTS_COMMON_SECURITY_H */
