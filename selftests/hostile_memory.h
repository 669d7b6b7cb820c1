/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page that never answers: one behind userfaultfd, whose faults nobody
 * handles, or one of a FUSE file whose reads nobody answers. The first can be
 * killed, the second not before its daemon has died.
 *
 * The daemon speaks the protocol of <linux/fuse.h> itself: six requests.
 */
#ifndef SELFTESTS_HOSTILE_MEMORY_H
#define SELFTESTS_HOSTILE_MEMORY_H

#include "common_call.h"

#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <sys/mount.h>
#include <sys/uio.h>

#define HOSTILE_DIR	"/tmp/ksft-lpc-fuse"
#define HOSTILE_PAGE	4096

enum hostile_kind { UFFD, FUSE };

/* Why there is no such memory here, or NULL */
static inline const char *hostile_missing(enum hostile_kind kind)
{
	int fd;

	if (kind == FUSE)
		return access("/dev/fuse", R_OK | W_OK) ? "no /dev/fuse here" : NULL;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0)
		return "no userfaultfd for this user";
	close(fd);
	return NULL;
}

/* -------------------------------------------------------------- the daemon */

static inline void fuse_answer(int fd, const struct fuse_in_header *in,
			       int error, const void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + len,
		.error = error,
		.unique = in->unique,
	};
	struct iovec iov[2] = {
		{ &out, sizeof(out) },
		{ (void *)data, len },
	};

	if (writev(fd, iov, len ? 2 : 1) < 0 && errno != ENOENT)
		fprintf(stderr, "# fuse: %s\n", strerror(errno));
}

static inline struct fuse_attr fuse_attr_of(__u64 node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = 16 * HOSTILE_PAGE,
		.blocks = 16 * HOSTILE_PAGE / 512,
		.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755
					     : S_IFREG | 0666,
		.nlink = 1,
		.blksize = HOSTILE_PAGE,
	};
}

/* Answers all but READ, which is reported on @stuck. */
static inline void fuse_serve(int fd, struct gate *stuck)
{
	static char buf[1 << 17];
	struct fuse_in_header *in = (void *)buf;

	for (;;) {
		struct fuse_init_out init = {
			.major = FUSE_KERNEL_VERSION,
			.minor = 31,
			.max_write = HOSTILE_PAGE,
		};
		struct fuse_entry_out entry = {
			.nodeid = 2,
			.entry_valid = 1000,
			.attr_valid = 1000,
			.attr = fuse_attr_of(2),
		};
		struct fuse_attr_out attr = { .attr_valid = 1000 };
		struct fuse_open_out open = { .fh = 1 };

		if (read(fd, buf, sizeof(buf)) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			_exit(0);
		}
		switch (in->opcode) {
		case FUSE_INIT:
			fuse_answer(fd, in, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			fuse_answer(fd, in, 0, &entry, sizeof(entry));
			break;
		case FUSE_GETATTR:
			attr.attr = fuse_attr_of(in->nodeid);
			fuse_answer(fd, in, 0, &attr, sizeof(attr));
			break;
		case FUSE_OPEN:
			fuse_answer(fd, in, 0, &open, sizeof(open));
			break;
		case FUSE_READ:
			gate_post(stuck, 1);
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		case FUSE_RELEASE:
			fuse_answer(fd, in, 0, NULL, 0);
			break;
		default:
			/* checkpatch: ENOSYS: how the protocol says "not I" */
			fuse_answer(fd, in, -ENOSYS, NULL, 0);
		}
	}
}

/*
 * The daemon, with its file system at HOSTILE_DIR in this mount namespace.
 * It alone holds the descriptor: its death ends every read.
 */
static inline pid_t fuse_start(struct gate *stuck)
{
	struct gate up;
	char options[128];
	pid_t pid;
	int fd;

	gate_init(&up);
	pid = fork_child();
	if (pid == 0) {
		fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
		must(fd >= 0);
		snprintf(options, sizeof(options),
			 "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
		must(!mkdir(HOSTILE_DIR, 0755) || errno == EEXIST);
		must(!mount("lpc-hostile", HOSTILE_DIR, "fuse",
			    MS_NOSUID | MS_NODEV, options));
		gate_post(&up, 1);
		fuse_serve(fd, stuck);
	}
	gate_wait(&up);
	gate_destroy(&up);
	return pid;
}

/* ----------------------------------------------------------- the two pages */

static inline void *uffd_reporter(void *arg)
{
	struct gate *stuck = ((void **)arg)[0];
	int fd = (int)(long)((void **)arg)[1];

	poll_for(fd, POLLIN);
	gate_post(stuck, 1);
	return NULL;
}

/*
 * In the victim: two pages, of which the second never answers; its address.
 * @stuck is posted when somebody waits there.
 */
static inline char *hostile_page(enum hostile_kind kind, struct gate *stuck)
{
	static void *reporter[2];
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;
	char *base;
	int fd;

	base = mmap(NULL, 2 * HOSTILE_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(base != MAP_FAILED);
	memset(base, 0, HOSTILE_PAGE);
	if (kind == FUSE) {
		fd = open(HOSTILE_DIR "/page", O_RDWR | O_CLOEXEC);
		must(fd >= 0);
		must(mmap(base + HOSTILE_PAGE, HOSTILE_PAGE,
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			  0) == base + HOSTILE_PAGE);
		return base + HOSTILE_PAGE;
	}
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	must(fd >= 0);
	must(!ioctl(fd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)(base + HOSTILE_PAGE);
	reg.range.len = HOSTILE_PAGE;
	must(!ioctl(fd, UFFDIO_REGISTER, &reg));
	reporter[0] = stuck;
	reporter[1] = (void *)(long)fd;
	must(!pthread_create(&thread, NULL, uffd_reporter, reporter));
	return base + HOSTILE_PAGE;
}

#endif /* SELFTESTS_HOSTILE_MEMORY_H */
