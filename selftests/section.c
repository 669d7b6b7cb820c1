// SPDX-License-Identifier: GPL-2.0-only
/*
 * section.c - the memory: what it costs and whom, and who can take it away
 * again (nobody).
 */
#include "common_section.h"
#include "common_cgroup.h"

#include <linux/userfaultfd.h>
#include <sys/sendfile.h>
#include <sys/time.h>

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define KEY		0x9e3779b97f4a7c15ull

static const char * const sysctls[] = { "section_bytes", "section_max" };

FIXTURE(section) {
	long saved[ARRAY_SIZE(sysctls)];
	struct gate up;
	struct gate down;
};

FIXTURE_SETUP(section)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sysctls); i++) {
		self->saved[i] = sysctl_get(sysctls[i]);
		ASSERT_LE(0, self->saved[i]);
	}
	gate_init(&self->up);
	gate_init(&self->down);
}

FIXTURE_TEARDOWN(section)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sysctls); i++)
		sysctl_set(sysctls[i], self->saved[i]);
	gate_destroy(&self->up);
	gate_destroy(&self->down);
}

static void *map(int fd, __u64 size, int prot)
{
	return mmap(NULL, size, prot, MAP_SHARED, fd, 0);
}

#define RW	(PROT_READ | PROT_WRITE)

static void mark_pages(unsigned char *p, __u64 size)
{
	__u64 i;

	for (i = 0; i < size / PAGE; i++)
		*(__u64 *)(p + i * PAGE) = i * KEY + 1;
}

/* The first page that has lost its mark, or -1 */
static long unmarked_page(const unsigned char *p, __u64 size)
{
	__u64 i;

	for (i = 0; i < size / PAGE; i++)
		/* checkpatch: VOLATILE: a peer may write there */
		if (*(volatile __u64 *)(p + i * PAGE) != i * KEY + 1)
			return i;
	return -1;
}

/* ------------------------------------------------------------------ making */

TEST_F(section, is_zeroed_memory_of_whole_pages)
{
	struct lpc_section_make s = { .size = 5000, .fd = -1 };
	unsigned char *a, *b;
	__u64 i;

	ASSERT_EQ(0, xctl(lpc_dev(), LPC_IOC_SECTION, &s));
	EXPECT_EQ(2 * PAGE, s.size);
	EXPECT_EQ(LPC_LIMIT_NONE, s.limit);
	EXPECT_TRUE(is_cloexec(s.fd));
	a = map(s.fd, s.size, RW);
	ASSERT_NE(MAP_FAILED, (void *)a);
	for (i = 0; i < s.size && !a[i]; i++)
		;
	EXPECT_EQ(s.size, i);
	b = map(s.fd, s.size, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)b);
	fill(a, s.size, 7);
	EXPECT_TRUE(filled(b, s.size, 7));
	munmap(a, s.size);
	munmap(b, s.size);
	close(s.fd);
}

TEST_F(section, of_no_bytes_or_more_than_there_can_be_is_EINVAL)
{
	static const __u64 sizes[] = {
		0, 1ull << 63, ~0ull, ~0ull - PAGE, ~0ull - PAGE + 2,
	};
	int first = next_fd();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-EINVAL, section_make(sizes[i])) {
			TH_LOG("%llx", sizes[i]);
		}
	}
	EXPECT_EQ(first, next_fd());
	EXPECT_EQ(0, section_bytes());
}

TEST_F(section, is_allocated_to_the_last_page_when_it_is_made)
{
	long before = shmem_settled();
	int fd = section_make(MIB);

	ASSERT_LE(0, fd);
	EXPECT_TRUE(UNTIL(shmem_kb() == before + 1024));
	close(fd);
	EXPECT_TRUE(UNTIL(shmem_kb() == before));
}

TEST_F(section, longer_than_section_max_is_ENOBUFS_and_names_the_limit)
{
	struct lpc_section_make s = { .size = 16 * PAGE + 1 };

	ASSERT_EQ(0, sysctl_set("section_max", 16 * PAGE));
	EXPECT_EQ(-ENOBUFS, xctl(lpc_dev(), LPC_IOC_SECTION, &s));
	EXPECT_EQ(LPC_LIMIT_SECTION, s.limit);
	EXPECT_EQ(0, section_bytes());
	s = (struct lpc_section_make){ .size = 16 * PAGE };
	ASSERT_EQ(0, xctl(lpc_dev(), LPC_IOC_SECTION, &s));
	close(s.fd);
}

TEST_F(section, over_section_bytes_is_ENOBUFS_and_names_limit_and_use)
{
	struct lpc_section_make s = { .size = 3 * PAGE };
	struct lpc_info i;
	int fd;

	ASSERT_EQ(0, sysctl_set("section_bytes", 4 * PAGE));
	fd = section_make(2 * PAGE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, get_info(&i));
	EXPECT_EQ(4 * PAGE, i.limits[LPC_LIMIT_SECTION_BYTES].limit);
	EXPECT_EQ(2 * PAGE, i.limits[LPC_LIMIT_SECTION_BYTES].in_use);
	EXPECT_EQ(-ENOBUFS, xctl(lpc_dev(), LPC_IOC_SECTION, &s));
	EXPECT_EQ(LPC_LIMIT_SECTION_BYTES, s.limit);
	EXPECT_EQ(2 * PAGE, s.in_use);
	close(fd);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	s = (struct lpc_section_make){ .size = 4 * PAGE };
	ASSERT_EQ(0, xctl(lpc_dev(), LPC_IOC_SECTION, &s));
	close(s.fd);
}

TEST_F(section, of_a_full_user_leaves_others_working)
{
	pid_t maria, bob;

	ASSERT_EQ(0, sysctl_set("section_bytes", 2 * PAGE));
	maria = fork_child();
	if (maria == 0) {
		must_be(0, become(MARIA));
		must(section_make(2 * PAGE) >= 0);
		must_be(-ENOBUFS, section_make(1));
		gate_post(&self->up, 1);
		gate_wait(&self->down);
		_exit(0);
	}
	gate_wait(&self->up);
	bob = fork_child();
	if (bob == 0) {
		must_be(0, become(BOB));
		must_be(0, section_bytes());
		must(section_make(2 * PAGE) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, reap(bob));
	gate_post(&self->down, 1);
	EXPECT_EQ(0, reap(maria));
}

TEST_F(section, is_given_back_with_its_last_mapping_not_its_fd)
{
	long before = shmem_settled();
	unsigned char *p;
	int fd;

	fd = section_make(64 * KIB);
	p = map(fd, 64 * KIB, RW);
	ASSERT_NE(MAP_FAILED, (void *)p);
	close(fd);
	mark_pages(p, 64 * KIB);
	EXPECT_EQ(64 * KIB, section_bytes());
	/* half of it is not the last of it */
	ASSERT_EQ(0, munmap(p, 32 * KIB));
	EXPECT_TRUE(STAYS(section_bytes() == 64 * KIB));
	EXPECT_EQ(8 * KEY + 1, *(__u64 *)(p + 32 * KIB));
	ASSERT_EQ(0, munmap(p + 32 * KIB, 32 * KIB));
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	EXPECT_TRUE(UNTIL(shmem_kb() == before));
}

TEST_F(section, stays_charged_to_its_maker_whoever_holds_it)
{
	int sv[2], fd;
	void *p;

	ASSERT_EQ(0, sysctl_set("section_bytes", 2 * PAGE));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	if (fork_child() == 0) {
		must_be(0, become(MARIA));
		fd = section_make(2 * PAGE);
		must(fd >= 0);
		must_be(0, send_fd(sv[0], fd));
		_exit(0);
	}
	fd = recv_fd(sv[1]);
	ASSERT_LE(0, fd);
	wait(NULL);
	EXPECT_EQ(0, section_bytes());
	p = map(fd, 2 * PAGE, RW);
	ASSERT_NE(MAP_FAILED, p);
	close(fd);
	if (fork_child() == 0) {
		must_be(0, become(MARIA));
		must_be(2 * PAGE, section_bytes());
		must_be(-ENOBUFS, section_make(1));
		gate_post(&self->up, 1);
		must(UNTIL(section_bytes() == 0));
		_exit(0);
	}
	gate_wait(&self->up);
	munmap(p, 2 * PAGE);
	wait(NULL);
	close(sv[0]);
	close(sv[1]);
}

TEST_F(section, an_unwritable_argument_leaves_no_fd_and_no_byte)
{
	struct lpc_section_make *s = mmap(NULL, PAGE, RW, MAP_PRIVATE |
					  MAP_ANONYMOUS, -1, 0);
	long before = shmem_settled();
	int first = next_fd();

	s->size = 16 * PAGE;
	ASSERT_EQ(0, mprotect(s, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, xctl(lpc_dev(), LPC_IOC_SECTION, s));
	EXPECT_EQ(first, next_fd());
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	EXPECT_TRUE(UNTIL(shmem_kb() == before));
}

TEST_F(section, without_a_free_fd_is_EMFILE_and_costs_nothing)
{
	rlim_t old = fds_forbid();

	EXPECT_EQ(-EMFILE, section_make(PAGE));
	fds_allow(old);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

static void ignore(int sig) { }

/* A timer that is faster than the memory is made. */
TEST_F(section, is_made_though_signals_keep_coming)
{
	struct itimerval timer = {
		.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000,
	}, none = { 0 };
	struct sigaction sa = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	int fd;

	ASSERT_EQ(0, sigaction(SIGALRM, &sa, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
	fd = section_make(32 * MIB);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &none, NULL));
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(section, whose_maker_is_killed_meanwhile_leaves_nothing)
{
	long before = shmem_settled();
	int i;

	for (i = 0; i < 8; i++) {
		pid_t pid = fork_child();

		if (pid == 0) {
			gate_post(&self->up, 1);
			for (;;)
				close(section_make(8 * MIB));
		}
		gate_wait(&self->up);
		usleep(500 * i);
		EXPECT_EQ(128 + SIGKILL, kill_reap(pid));
	}
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	EXPECT_TRUE(UNTIL(shmem_kb() == before));
}

TEST_F(section, each_failing_allocation_fails_it_alone)
{
	long before = shmem_settled();
	int fd, n, first;

	if (!can_fail())
		SKIP(return, "this kernel injects no faults");
	first = next_fd();
	for (n = 1; n < 1000; n++) {
		fail_at(n);
		fd = section_make(4 * PAGE);
		if (!failed())
			break;
		if (fd >= 0)
			close(fd);
		else
			EXPECT_TRUE(fd == -ENOMEM || fd == -EFAULT ||
				    fd == -EMFILE) TH_LOG("%d: %d", n, fd);
		ASSERT_EQ(first, next_fd());
	}
	TH_LOG("%d can fail", n - 1);
	EXPECT_LT(3, n);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	EXPECT_TRUE(UNTIL(shmem_kb() == before));
}

/* ----------------------------------------------------------------- the file */

TEST_F(section, is_mapped_shared_never_executable_never_past_its_end)
{
	int fd = section_make(4 * PAGE);
	unsigned char *p;

	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(MAP_FAILED, map(fd, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(MAP_FAILED, map(fd, 5 * PAGE, RW));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, RW, MAP_SHARED, fd, 4 * PAGE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 3 * PAGE));
	p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 3 * PAGE);
	ASSERT_NE(MAP_FAILED, (void *)p);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, touch(p, true));
	munmap(p, PAGE);
	close(fd);
}

TEST_F(section, is_not_inherited_through_fork)
{
	int fd = section_make(PAGE);
	unsigned char *p = map(fd, PAGE, RW);
	pid_t pid;

	ASSERT_NE(MAP_FAILED, (void *)p);
	pid = fork_child();
	if (pid == 0) {
		must_be(SIGSEGV, touch(p, false));
		_exit(0);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, touch(p, true));
	munmap(p, PAGE);
	close(fd);
}

TEST_F(section, has_no_read_write_seek_or_ioctl)
{
	int fd = section_make(PAGE);
	struct lpc_section_make s = { .size = 1 };
	char byte = 0;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(-1, write(fd, &byte, 1));
	EXPECT_EQ(-1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(-1, pwrite(fd, &byte, 1, 0));
	EXPECT_EQ(-ENOTTY, xctl(fd, LPC_IOC_SECTION, &s));
	EXPECT_EQ(-ENOTTY, xctl(fd, LPC_IOC_INFO, &s));
	close(fd);
}

/* ------------------------------------------------------------- the SIGBUS hunt */

/* What an attacker has of the section: its fd, or -1, and a view. */
struct prey {
	int fd;
	unsigned char *view;
	__u64 size;
};

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static long cut(struct prey *p)
{
	return result(ftruncate(p->fd, 0));
}

static long grow(struct prey *p)
{
	return result(ftruncate(p->fd, 2 * p->size));
}

static long cut_by_path(struct prey *p)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->fd);
	return result(truncate(path, 0));
}

static long punch(struct prey *p)
{
	return result(fallocate(p->fd, FALLOC_FL_PUNCH_HOLE |
				FALLOC_FL_KEEP_SIZE, 0, p->size));
}

static long zero_range(struct prey *p)
{
	return result(fallocate(p->fd, FALLOC_FL_ZERO_RANGE, 0, p->size));
}

static long collapse(struct prey *p)
{
	return result(fallocate(p->fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE));
}

static long extend(struct prey *p)
{
	return result(fallocate(p->fd, 0, p->size, p->size));
}

static long write_fd(struct prey *p)
{
	return result(pwrite(p->fd, "x", 1, 0));
}

static long send_file(struct prey *p)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	long ret = result(sendfile(p->fd, from, NULL, PAGE));

	close(from);
	return ret;
}

static long splice_in(struct prey *p)
{
	int pipes[2];
	long ret;

	if (pipe(pipes) || write(pipes[1], "x", 1) != 1)
		return -errno;
	ret = result(splice(pipes[0], NULL, p->fd, NULL, 1, 0));
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

static long seal(struct prey *p)
{
	return result(fcntl(p->fd, F_ADD_SEALS, F_SEAL_WRITE));
}

static long open_again(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	long ret = result(fd);

	if (fd >= 0)
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  PAGE);
	return ret;
}

static long reopen_fd(struct prey *p)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->fd);
	return open_again(path);
}

static long reopen_mapping(struct prey *p)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)p->view, (unsigned long)(p->view + p->size));
	return open_again(path);
}

static long advise_remove(struct prey *p)
{
	return result(madvise(p->view, p->size, MADV_REMOVE));
}

static long advise_free(struct prey *p)
{
	return result(madvise(p->view, p->size, MADV_FREE));
}

static long advise_poison(struct prey *p)
{
	return result(madvise(p->view, PAGE, MADV_HWPOISON));
}

static long advise_offline(struct prey *p)
{
	return result(madvise(p->view, PAGE, MADV_SOFT_OFFLINE));
}

static long advise_dontneed(struct prey *p)
{
	return result(madvise(p->view, p->size, MADV_DONTNEED));
}

static long advise_pageout(struct prey *p)
{
	return result(madvise(p->view, p->size, MADV_PAGEOUT));
}

static long invalidate(struct prey *p)
{
	return result(msync(p->view, p->size, MS_INVALIDATE | MS_SYNC));
}

static long lock_pages(struct prey *p)
{
	return result(mlock(p->view, PAGE));
}

static long remap(struct prey *p, __u64 old, __u64 new, int flags)
{
	return mremap(p->view, old, new, flags) == MAP_FAILED ? -errno : 0;
}

static long remap_longer(struct prey *p)
{
	return remap(p, p->size, 2 * p->size, MREMAP_MAYMOVE);
}

static long remap_twice(struct prey *p)
{
	return remap(p, 0, p->size, MREMAP_MAYMOVE);
}

static long remap_and_stay(struct prey *p)
{
	return remap(p, p->size, p->size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
}

static long make_executable(struct prey *p)
{
	return result(mprotect(p->view, p->size, PROT_READ | PROT_EXEC));
}

/* A page of the attacker's own, in the place of one of the section's */
static long plant(struct prey *p)
{
	/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: user space has none */
	static char page[PAGE] __attribute__((aligned(4096)));
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)p->view, p->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = {
		.dst = (unsigned long)p->view,
		.src = (unsigned long)page,
		.len = PAGE,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK |
			 UFFD_USER_MODE_ONLY);
	long ret = result(fd);

	if (fd < 0)
		return ret;
	ret = result(ioctl(fd, UFFDIO_API, &api));
	if (!ret)
		ret = result(ioctl(fd, UFFDIO_REGISTER, &reg));
	if (!ret) {
		madvise(p->view, PAGE, MADV_DONTNEED);
		ret = result(ioctl(fd, UFFDIO_COPY, &copy));
	}
	close(fd);
	return ret;
}

/* What only a view that may not write must refuse */
static long make_writable(struct prey *p)
{
	return result(mprotect(p->view, PAGE, RW));
}

static long write_as_debugger(struct prey *p)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	long ret = result(pwrite(fd, "x", 1, (unsigned long)p->view));

	close(fd);
	return ret;
}

static long write_as_process_vm(struct prey *p)
{
	struct iovec from = { "x", 1 }, to = { p->view, 1 };

	return result(process_vm_writev(getpid(), &from, 1, &to, 1, 0));
}

static long read_into_it(struct prey *p)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	long ret = result(read(fd, p->view, 1));

	close(fd);
	return ret;
}

struct attack {
	const char *name;
	long (*run)(struct prey *p);
	enum { NEVER, HARMLESS, NEVER_READONLY } may;
};

static const struct attack attacks[] = {
	{ "ftruncate to 0", cut, NEVER },
	{ "ftruncate to double", grow, NEVER },
	{ "truncate by path", cut_by_path, NEVER },
	{ "PUNCH_HOLE", punch, NEVER },
	{ "ZERO_RANGE", zero_range, NEVER },
	{ "COLLAPSE_RANGE", collapse, NEVER },
	{ "fallocate past the end", extend, NEVER },
	{ "pwrite", write_fd, NEVER },
	{ "sendfile", send_file, NEVER },
	{ "splice", splice_in, NEVER },
	{ "F_ADD_SEALS", seal, NEVER },
	{ "/proc/self/fd", reopen_fd, NEVER },
	{ "/proc/self/map_files", reopen_mapping, NEVER },
	{ "MADV_REMOVE", advise_remove, NEVER },
	{ "MADV_FREE", advise_free, NEVER },
	{ "MADV_HWPOISON", advise_poison, NEVER },
	{ "MADV_SOFT_OFFLINE", advise_offline, NEVER },
	{ "MADV_DONTNEED", advise_dontneed, HARMLESS },
	{ "MADV_PAGEOUT", advise_pageout, HARMLESS },
	{ "MS_INVALIDATE", invalidate, HARMLESS },
	{ "mlock", lock_pages, HARMLESS },
	{ "mremap longer", remap_longer, NEVER },
	{ "mremap of nothing", remap_twice, NEVER },
	{ "MREMAP_DONTUNMAP", remap_and_stay, NEVER },
	{ "PROT_EXEC", make_executable, NEVER },
	{ "UFFDIO_COPY", plant, NEVER },
	{ "PROT_WRITE", make_writable, NEVER_READONLY },
	{ "/proc/self/mem", write_as_debugger, NEVER_READONLY },
	{ "process_vm_writev", write_as_process_vm, NEVER_READONLY },
	{ "read() into it", read_into_it, NEVER_READONLY },
};

static void attack_all(struct prey *p, bool readonly)
{
	const struct attack *a;
	long ret;

	for (a = attacks; a < attacks + ARRAY_SIZE(attacks); a++) {
		if (a->may == NEVER_READONLY && !readonly)
			continue;
		ret = a->run(p);
		if (a->may != HARMLESS && ret >= 0) {
			fprintf(stderr, "# %s succeeds\n", a->name);
			_exit(98);
		}
	}
}

FIXTURE(hunt) {
	struct rig r;
	struct gate filled;
	pid_t attacker;
};

FIXTURE_VARIANT(hunt) {
	bool gives;		/* the attacker does, and so has the fd */
	bool readonly;		/* who takes may only read */
};

FIXTURE_VARIANT_ADD(hunt, by_the_giver) { .gives = true, };

FIXTURE_VARIANT_ADD(hunt, by_the_giver_of_readonly) {
	.gives = true, .readonly = true,
};

FIXTURE_VARIANT_ADD(hunt, by_the_taker) { .gives = false, };

FIXTURE_VARIANT_ADD(hunt, by_the_readonly_taker) {
	.gives = false, .readonly = true,
};

FIXTURE_SETUP(hunt)
{
	others_may();
	gate_init(&self->filled);
	ASSERT_EQ(0, rig_port(&self->r, 0, 0));
}

FIXTURE_TEARDOWN(hunt)
{
	if (self->attacker > 0)
		kill_reap(self->attacker);
	rig_close(&self->r);
	gate_destroy(&self->filled);
}

#define HUNTED	(256 * KIB)

static void hunter(struct rig *r, bool gives, bool readonly, struct gate *filled)
{
	struct lpc_connect c = { .deadline = ns_in(PATIENCE_MS) };
	struct prey p = { .fd = -1, .size = HUNTED };

	must_be(0, become(EVE));
	if (gives) {
		must_be(0, client_gives(&c, HUNTED, readonly ?
					LPC_VIEW_PEER_READONLY : 0));
		p.fd = c.own.fd;
	} else {
		c.theirs.size = HUNTED;
	}
	must(port_connect_opts(r->name, &c) >= 0);
	p.view = (void *)(gives ? c.own.base : c.theirs.base);
	must(p.view);
	if (gives)
		mark_pages(p.view, HUNTED);
	gate_post(filled, 1);
	attack_all(&p, readonly && !gives);
	/* all capabilities there are, over a user namespace of its own */
	must(!unshare(CLONE_NEWUSER | CLONE_NEWNS));
	attack_all(&p, readonly && !gives);
	must(!munmap(p.view + HUNTED / 2, PAGE));
	must(!munmap(p.view, HUNTED));
	_exit(0);
}

/* Must show: the other reads and writes all the time, and gets no signal. */
TEST_F(hunt, takes_nothing_from_the_other_side)
{
	struct lpc_accept a = { 0 };
	unsigned char *view;
	long beats = 0;
	struct pkt p;
	int status;

	self->attacker = fork_child();
	if (self->attacker == 0)
		hunter(&self->r, variant->gives, variant->readonly,
		       &self->filled);
	ASSERT_EQ(0, recv_listen(self->r.port, &p));
	a.id = p.m.id;
	if (variant->gives)
		a.theirs.size = HUNTED;
	else
		ASSERT_EQ(0, server_gives(&a, HUNTED, variant->readonly ?
					  LPC_VIEW_PEER_READONLY : 0));
	ASSERT_EQ(0, xctl(self->r.port, LPC_IOC_ACCEPT, &a));
	view = (void *)(variant->gives ? a.theirs.base : a.own.base);
	ASSERT_NE(NULL, view);
	if (!variant->gives)
		mark_pages(view, HUNTED);
	ASSERT_EQ(0, do_complete(a.fd));
	gate_wait(&self->filled);
	do {
		ASSERT_EQ(-1, unmarked_page(view, HUNTED));
		if (!variant->gives || !variant->readonly)
			view[HUNTED - 1]++;
		beats++;
	} while (!waitpid(self->attacker, &status, WNOHANG));
	self->attacker = 0;
	EXPECT_EQ(0, status);
	EXPECT_LT(1, beats);
	EXPECT_EQ(-1, unmarked_page(view, HUNTED));
	close(a.fd);
}

/*
 * Must show: charged to the maker whoever touches it, and the other needs no
 * room for it.
 */
TEST_F(section, costs_its_maker_everything_and_a_reader_in_a_tiny_cgroup_nothing)
{
	char rich[CGROUP_PATH], poor[CGROUP_PATH];
	long long before, rise;
	struct gate paid, seen;
	pid_t maker, reader;
	struct rig r;

	gate_init(&paid);
	gate_init(&seen);
	if (!cgroup_make(rich, "rich") || !cgroup_make(poor, "poor"))
		SKIP(return, "no cgroup v2 can be made here");
	if (cgroup_get(rich, "memory.current") < 0)
		SKIP(goto out, "no memory controller here");
	ASSERT_EQ(0, cgroup_set(poor, "memory.max", "4M"));
	ASSERT_EQ(0, rig_port(&r, 0, 0));
	maker = fork_child();
	if (maker == 0) {
		struct lpc_accept a = { 0 };
		struct pkt p;

		must_be(0, cgroup_join(rich));
		must_be(0, recv_listen(r.port, &p));
		before = cgroup_get(rich, "memory.current");
		must_be(0, server_gives(&a, 16 * MIB, 0));
		/* what a CPU had charged in advance may go back meanwhile */
		must(cgroup_get(rich, "memory.current") - before > 15 * MIB);
		a.id = p.m.id;
		must_be(0, xctl(r.port, LPC_IOC_ACCEPT, &a));
		must_be(0, do_complete(a.fd));
		gate_wait(&paid);
		_exit(0);
	}
	reader = fork_child();
	if (reader == 0) {
		struct lpc_connect c = { .theirs.size = 16 * MIB };

		must_be(0, cgroup_join(poor));
		must(port_connect_opts(r.name, &c) >= 0);
		gate_post(&self->up, 1);
		gate_wait(&self->down);
		/* writes all of it, forgets what it has, and reads it anew */
		mark_pages(at(&c.theirs, 0), 16 * MIB);
		must(!madvise(at(&c.theirs, 0), 16 * MIB, MADV_DONTNEED));
		must_be(-1, unmarked_page(at(&c.theirs, 0), 16 * MIB));
		gate_post(&self->up, 1);
		gate_wait(&seen);
		_exit(0);
	}
	gate_wait(&self->up);
	before = cgroup_get(poor, "memory.current");
	gate_post(&self->down, 1);
	gate_wait(&self->up);
	rise = cgroup_get(poor, "memory.current") - before;
	TH_LOG("the reader's memory.current rose by %lld KiB", rise / 1024);
	/* page tables, and what each CPU has charged in advance */
	EXPECT_GT(MIB, rise);
	EXPECT_EQ(0, cgroup_value(poor, "memory.events", "oom_kill"));
	EXPECT_EQ(0, cgroup_value(poor, "memory.events", "max"));
	gate_post(&seen, 1);
	gate_post(&paid, 1);
	EXPECT_EQ(0, reap(reader));
	EXPECT_EQ(0, reap(maker));
	rig_close(&r);
out:
	cgroup_remove(rich);
	cgroup_remove(poor);
}

TEST_HARNESS_MAIN
