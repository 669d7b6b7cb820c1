// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations on files and memory: closing, passing, polling, mapping, and memory
 * that changes while an ioctl reads it.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LATE_MS	10

/**
 * struct late - pages that come late
 * @fd: the userfaultfd that they are registered with
 * @after: how late
 * @range: where
 */
struct late {
	int fd;
	unsigned int after;
	struct uffdio_range range;
};

/* a: which, counted through all kinds */
int do_close(struct actor *me, const struct fuzz_op *op)
{
	unsigned int n = op->a % (SLOTS - 1);
	int fd = atomic_exchange(&sh->procs[me->proc].fd[n], -1);

	return fd < 0 ? -EBADF : result(close(fd));
}

/* @fd in a message; one end of the socket, whose other one has it waiting */
static int in_flight(int fd)
{
	char room[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec io = { (char[]){ 0 }, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = room,
			    .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int s[2], ret;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s))
		return -errno;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	ret = result(sendmsg(s[0], &m, MSG_DONTWAIT));
	close(s[0]);
	if (!ret)
		return s[1];
	close(s[1]);
	return ret;
}

/*
 * a to b, counted through all kinds; c: 1: it stays in a socket instead, which is file
 * d then, and comes out of it with 2
 */
int do_dup(struct actor *me, const struct fuzz_op *op)
{
	char room[CMSG_SPACE(sizeof(int))];
	struct iovec io = { (char[]){ 0 }, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = room,
			    .msg_controllen = sizeof(room) };
	int fd;

	if (op->c & 1) {
		fd = in_flight(slot_fd(me, SLOT_PORT, op->a % SLOTS + 0x48));
		slot_put(me, SLOT_OTHER, op->d, fd);
		return fd < 0 ? fd : 0;
	}
	if (op->c & 2) {
		if (recvmsg(slot_fd(me, SLOT_OTHER, op->d), &m,
			    MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
			return -errno;
		if (!CMSG_FIRSTHDR(&m))
			return -ENOENT;
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
		slot_put(me, SLOT_PORT, op->b % SLOTS + 0x48, fd);
		return 0;
	}
	fd = fcntl(slot_fd(me, SLOT_PORT, op->a % SLOTS + 0x48), F_DUPFD_CLOEXEC, 3);

	slot_put(me, SLOT_PORT, op->b % SLOTS + 0x48, fd);
	return fd < 0 ? -errno : 0;
}

/* a: from which process, b: which there, c: to which here */
int do_grab(struct actor *me, const struct fuzz_op *op)
{
	struct fuzz_proc *from = &sh->procs[op->a % PROCS];
	int pidfd, fd;

	if (!from->pid)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, (long)from->pid, 0L);
	if (pidfd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, (long)pidfd, (long)from->fd[op->b % SLOTS], 0L);
	close(pidfd);
	slot_put(me, SLOT_PORT, op->c % SLOTS + 0x48, fd);
	return fd < 0 ? -errno : 0;
}

/* What any file can be asked; b: what */
int do_file(struct actor *me, const struct fuzz_op *op)
{
	int fd = slot_fd(me, SLOT_PORT, op->a % SLOTS + 0x48), on = op->d & 1;
	void *room = memory_scratch(me, 1);
	struct stat st;
	char path[48];
	ssize_t n;

	switch (op->b % 13) {
	case 0:
		return result(fcntl(fd, F_SETFL, op->d & 1 ? O_NONBLOCK : 0));
	case 1:
		return result(read(fd, room, 64));
	case 2:
		return result(write(fd, room, 64));
	case 3:
		return result(lseek(fd, op->d, SEEK_SET));
	case 4:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, room, 4096);
		close(fd);
		return result(n);
	case 5:
		return result(ftruncate(fd, 4096 * (op->d & 7)));
	case 6:
		return result(fallocate(fd, op->c & 0x7f, 4096 * (op->d & 3), 4096));
	case 7:
		return result(fcntl(fd, F_ADD_SEALS, op->d & 0x1f));
	case 8:
		return result(fstat(fd, &st));
	case 9:
		return result(ioctl(fd, FIONBIO, &on));
	case 10:
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		fd = open(path, op->d & 1 ? O_RDWR | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		return result(fd);
	case 11:
		return result(fsync(fd));
	default:
		return result(fcntl(fd, F_SETOWN, getpid()));
	}
}

/* b: how; a and c: which files; d: for how long, and where an epoll is put */
int do_poll(struct actor *me, const struct fuzz_op *op)
{
	struct pollfd p[2] = {
		{ slot_fd(me, SLOT_PORT, op->a % SLOTS + 0x48), POLLIN | POLLOUT, 0 },
		{ slot_fd(me, SLOT_PORT, op->c % SLOTS + 0x48), POLLIN, 0 },
	};
	struct epoll_event e = { .events = EPOLLIN };
	int ms = op->d & 3 ? 0 : 10, ep;

	switch (op->b % 5) {
	case 0:
		p[0].events = POLLIN;
		return result(poll(p, op->c ? 2 : 1, ms));
	case 1:
		return result(poll(p, 2, ms));
	case 2:
		/* an epoll that stays, and sees its files die */
		ep = epoll_create1(EPOLL_CLOEXEC);
		if (ep < 0)
			return -errno;
		epoll_ctl(ep, EPOLL_CTL_ADD, p[0].fd, &e);
		if (op->c)
			epoll_ctl(ep, EPOLL_CTL_ADD, p[1].fd, &e);
		slot_put(me, SLOT_OTHER, op->d, ep);
		return 0;
	case 3:
		return result(epoll_wait(slot_fd(me, SLOT_OTHER, op->d), &e, 1, ms));
	default:
		e.events |= EPOLLONESHOT | EPOLLEXCLUSIVE * (op->d & 1);
		return result(epoll_ctl(slot_fd(me, SLOT_OTHER, op->d), op->d & 4 ? EPOLL_CTL_DEL :
					op->d & 2 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, p[0].fd, &e));
	}
}

/* a: which file; b: protection; c: pages; d: from where; flags: 1 private, 2 populate */
int do_map(struct actor *me, const struct fuzz_op *op)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ, PROT_READ | PROT_EXEC, PROT_WRITE,
		PROT_NONE,
	};
	int flags = op->flags & 1 ? MAP_PRIVATE : MAP_SHARED;
	size_t size = 4096u * (op->c ? op->c & 15u : 1);
	void *p;

	if (op->flags & 2)
		flags |= MAP_POPULATE;
	p = mmap(NULL, size, prots[op->b % ARRAY_SIZE(prots)], flags,
		 slot_fd(me, SLOT_SECTION, op->a), 4096 * (op->d & 15));
	if (p == MAP_FAILED)
		return -errno;
	view_add(me->proc, (uintptr_t)p, size);
	return 0;
}

/* a: which view; b: what is done with it */
int do_remap(struct actor *me, const struct fuzz_op *op)
{
	static const int advice[] = { MADV_DONTNEED, MADV_REMOVE, MADV_DOFORK, MADV_HUGEPAGE,
				      MADV_MERGEABLE, MADV_FREE, MADV_COLD, MADV_DONTFORK };
	struct fuzz_view v;
	long ret = 0;
	void *p;

	if (!view_take(me->proc, op->a, &v))
		return -ENOENT;
	p = (void *)v.base;
	switch (op->b % 7) {
	case 0:
		return result(munmap(p, v.size));
	case 1:
		/* only its first page */
		ret = munmap(p, 4096);
		view_add(me->proc, v.base + 4096, v.size - 4096);
		return result(ret);
	case 2:
		p = mremap(p, v.size, v.size + 4096u * (op->c & 3), MREMAP_MAYMOVE);
		if (p == MAP_FAILED) {
			ret = -1;
		} else {
			v.base = (uintptr_t)p;
			v.size += 4096u * (op->c & 3);
		}
		break;
	case 3:
		ret = mprotect(p, v.size, op->c & 7);
		break;
	case 4:
		ret = madvise(p, v.size, advice[op->c % ARRAY_SIZE(advice)]);
		break;
	case 5:
		p = mremap(p, 0, v.size, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			ret = -1;
		else
			view_add(me->proc, (uintptr_t)p, v.size);
		break;
	default:
		ret = mlock(p, v.size);
	}
	ret = result(ret);
	view_add(me->proc, v.base, v.size);
	return (int)ret;
}

/* Reads and writes a view: nobody gets SIGBUS from one. */
int do_touch(struct actor *me, const struct fuzz_op *op)
{
	/* checkpatch: VOLATILE: each access is to happen */
	volatile uint32_t *word;
	uint64_t size, base = view_at(me->proc, op->a, &size);
	unsigned int i;

	if (!base)
		return -ENOENT;
	me->armed = true;
	if (sigsetjmp(me->jump, 1)) {
		me->armed = false;
		return -EFAULT;
	}
	/* checkpatch: VOLATILE: likewise */
	word = (volatile uint32_t *)(base + (op->b & 0x80 ? size - 4096 : 0) + (op->b & 0x40) * 2);
	for (i = 0; i <= op->c % 64u; i++) {
		if (op->flags & 1)
			*word = op->d;
		else
			(void)*word;
	}
	me->armed = false;
	return 0;
}

/* In a thread of its own: who waits in the fault runs no handler of a signal. */
static void *give_late(void *arg)
{
	struct late *l = arg;
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	poll(&p, 1, LATE_MS);
	nanosleep(&(struct timespec){ .tv_nsec = 100000 * l->after }, NULL);
	ioctl(l->fd, UFFDIO_UNREGISTER, &l->range);
	close(l->fd);
	free(l);
	return NULL;
}

/*
 * Who touches this thread's late pages next sleeps in the fault, until a times 100 us
 * after that.
 */
int do_late(struct actor *me, const struct fuzz_op *op)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)memory_late(me), 0x2000 },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct late *l = calloc(1, sizeof(*l));
	pthread_t thread;
	int fd;

	if (!l)
		return -ENOMEM;
	l->range = range.range;
	l->after = op->a;
	fd = (int)syscall(SYS_userfaultfd, (long)(O_CLOEXEC | O_NONBLOCK));
	/* out of the way of what is closed when the program ends */
	l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 640);
	close(fd);
	madvise(memory_late(me), 0x2000, MADV_DONTNEED);
	if (l->fd < 0 || ioctl(l->fd, UFFDIO_API, &api) ||
	    ioctl(l->fd, UFFDIO_REGISTER, &range) ||
	    pthread_create(&thread, NULL, give_late, l)) {
		/* nobody is in its pages then */
		close(l->fd);
		free(l);
		return -EBUSY;
	}
	pthread_detach(thread);
	return 0;
}

/* Writes to the memory that others have put arguments into, for a while. */
int do_scribble(struct actor *me, const struct fuzz_op *op)
{
	/* checkpatch: VOLATILE: likewise */
	volatile uint32_t *word = (volatile uint32_t *)(RACE_BASE + (op->d & 1) * 0x1000);
	unsigned int i, at = op->a % 64u;
	uint32_t old = word[at];

	for (i = 0; i < 16u * op->c + 64u && !sh->stop; i++) {
		word[at] = op->b & 0x80 ? ~0u : op->b;
		word[at] = old;
	}
	return 0;
}
