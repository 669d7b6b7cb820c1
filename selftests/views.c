// SPDX-License-Identifier: GPL-2.0-only
/*
 * views.c - sections in the handshake: what each side gives, takes, learns and
 * is left with, and that nothing the other side does with its own takes away
 * what it has.
 */
#include "common_views.h"

#include <sys/personality.h>

/* ------------------------------------------------------------ what is shared */

TEST_F(views, are_mapped_into_both_sides_and_are_the_same_memory)
{
	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	C->theirs.size = SERVER_BYTES;
	A->theirs.size = CLIENT_BYTES;
	ASSERT_EQ(0, shared_connect(S));
	EXPECT_EQ(CLIENT_BYTES, C->own.size);
	EXPECT_EQ(CLIENT_BYTES, A->theirs.size);
	EXPECT_EQ(SERVER_BYTES, A->own.size);
	EXPECT_EQ(SERVER_BYTES, C->theirs.size);
	EXPECT_NE(0, C->own.flags & LPC_VIEW_SHARED);
	EXPECT_NE(0, A->own.flags & LPC_VIEW_SHARED);
	fill(at(&C->own, 0), CLIENT_BYTES, 1);
	fill(at(&A->own, 0), SERVER_BYTES, 2);
	EXPECT_TRUE(filled(at(&A->theirs, 0), CLIENT_BYTES, 1));
	EXPECT_TRUE(filled(at(&C->theirs, 0), SERVER_BYTES, 2));
	fill(at(&A->theirs, 0), CLIENT_BYTES, 3);
	fill(at(&C->theirs, 0), SERVER_BYTES, 4);
	EXPECT_TRUE(filled(at(&C->own, 0), CLIENT_BYTES, 3));
	EXPECT_TRUE(filled(at(&A->own, 0), SERVER_BYTES, 4));
}

TEST_F(views, are_shown_by_QUERY_with_their_sizes)
{
	struct shared none;

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	A->theirs.size = CLIENT_BYTES;
	ASSERT_EQ(0, shared_connect(S));
	EXPECT_EQ(CLIENT_BYTES, conn_info(R->se).client_view);
	EXPECT_EQ(CLIENT_BYTES, conn_info(R->ce).client_view);
	/* nobody took it */
	EXPECT_EQ(0, conn_info(R->ce).server_view);
	EXPECT_EQ(0, conn_info(R->ce).held_bytes);
	ASSERT_EQ(0, shared_open(&none, 0, 0));
	EXPECT_EQ(0, conn_info(none.r.se).client_view);
	EXPECT_EQ(0, conn_info(none.r.se).server_view);
	shared_close(&none);
}

TEST_F(views, are_announced_by_the_request_with_their_sizes)
{
	struct pkt p;

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	C->theirs.size = 12345;
	client_start(self);
	ASSERT_EQ(0, listen_for(self, &p));
	EXPECT_EQ(CLIENT_BYTES, p.m.length);
	EXPECT_EQ(12345, p.m.offset);
	EXPECT_EQ(0, port_refuse(R->port, p.m.id, NULL, 0));
	gate_wait(&self->done);
	EXPECT_EQ(-ECONNREFUSED, self->told->ret);
	EXPECT_EQ(0, self->told->maps);
}

TEST_F(views, of_the_server_can_be_filled_between_ACCEPT_and_COMPLETE)
{
	struct pkt p;

	C->theirs.size = SERVER_BYTES;
	if (client_process(self) == 0) {
		must(filled(at(&self->told->c.theirs, 0), SERVER_BYTES, 77));
		_exit(0);
	}
	ASSERT_EQ(0, listen_for(self, &p));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	ASSERT_EQ(0, shared_accept(S));
	fill(at(&A->own, 0), SERVER_BYTES, 77);
	EXPECT_TRUE(STAYS(gate_shut(&self->done)));
	ASSERT_EQ(0, do_complete(R->se));
	gate_wait(&self->done);
	EXPECT_EQ(0, reap(self->pid));
	self->pid = 0;
}

TEST_F(views, that_one_side_does_not_take_it_does_not_get)
{
	int before;

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	before = mappings();
	ASSERT_EQ(0, shared_connect(S));
	EXPECT_EQ(0, A->theirs.base);
	EXPECT_EQ(0, C->theirs.base);
	EXPECT_EQ(0, C->own.flags & LPC_VIEW_SHARED);
	EXPECT_EQ(0, A->own.flags & LPC_VIEW_SHARED);
	unmap_view(&C->own);
	unmap_view(&A->own);
	EXPECT_EQ(before, mappings());
	memset(&C->own, 0, sizeof(C->own));
	memset(&A->own, 0, sizeof(A->own));
	/* the connection has them: a CONNECT may be yet to come */
	rig_close(R);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

TEST_F(views, begin_where_the_giver_says_and_reach_no_further)
{
	unsigned char *whole;
	int fd = section_make(16 * PAGE);

	ASSERT_LE(0, fd);
	whole = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)whole);
	C->flags = LPC_CONNECT_VIEW;
	C->own.fd = fd;
	C->own.offset = 4 * PAGE;
	C->own.size = 2 * PAGE - 100;
	A->theirs.size = 2 * PAGE;
	ASSERT_EQ(0, shared_connect(S));
	EXPECT_EQ(2 * PAGE, C->own.size);
	EXPECT_EQ(2 * PAGE, A->theirs.size);
	fill(whole + 4 * PAGE, 2 * PAGE, 5);
	EXPECT_TRUE(filled(at(&A->theirs, 0), 2 * PAGE, 5));
	EXPECT_TRUE(filled(at(&C->own, 0), 2 * PAGE, 5));
	/* nor by a system call that maps what lies beside it */
	EXPECT_NE(0, remap_file_pages(at(&A->theirs, 0), PAGE, 0, 0, 0));
	memset(whole, 'x', PAGE);
	EXPECT_TRUE(touch(at(&A->theirs, 0), false) ||
		    *at(&A->theirs, 0) != 'x');
	munmap(whole, 16 * PAGE);
}

TEST_F(views, outside_their_section_are_EINVAL)
{
	const __u64 end = 4 * PAGE, v[] = {
		0, 1, PAGE - 1, PAGE, end - PAGE, end - 1, end, end + 1,
		end + PAGE, 1ull << 31, 1ull << 32, 1ull << 63, ~0ull - PAGE + 1,
		~0ull,
	};
	int fd = section_make(end), first = next_fd();
	size_t i, k;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		for (k = 0; k < ARRAY_SIZE(v); k++) {
			bool good = v[i] % PAGE == 0 && v[i] < end &&
				    v[k] <= end - v[i];
			struct lpc_connect c = {
				.flags = LPC_CONNECT_VIEW, .own.fd = fd,
				.own.offset = v[i], .own.size = v[k],
			};
			int ret = port_connect_async(R->name, &c);

			if (ret >= 0)
				close(ret);
			EXPECT_EQ(good, ret >= 0) {
				TH_LOG("%llx %llx: %d", v[i], v[k], ret);
			}
			EXPECT_TRUE(good || ret == -EINVAL);
		}
	}
	EXPECT_EQ(first, next_fd());
	close(fd);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
}

/* Whatever is no section, and what is nothing at all */
static int foreign_fds(struct rig *r, int *fd)
{
	int n = 0;

	fd[n] = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ftruncate(fd[n], PAGE) ||
	    fcntl(fd[n], F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return 0;
	n++;
	fd[n++] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	fd[n++] = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	fd[n++] = epoll_create1(EPOLL_CLOEXEC);
	fd[n++] = dup(r->port);
	fd[n++] = dup(lpc_dev());
	return n;
}

TEST_F(views, of_what_is_no_section_are_EINVAL_or_EBADF)
{
	int fd[8], n = foreign_fds(R, fd), i;
	struct pkt p;

	ASSERT_LT(0, n);
	client_start(self);
	ASSERT_EQ(0, listen_for(self, &p));
	for (i = 0; i < n; i++) {
		struct lpc_connect c = {
			.flags = LPC_CONNECT_VIEW, .own.fd = fd[i],
		};

		ASSERT_LE(0, fd[i]);
		EXPECT_EQ(-EINVAL, port_connect_async(R->name, &c));
		A->flags = LPC_ACCEPT_VIEW;
		A->own.fd = fd[i];
		EXPECT_EQ(-EINVAL, shared_accept(S));
		close(fd[i]);
		c.flags = LPC_CONNECT_VIEW;
		EXPECT_EQ(-EBADF, port_connect_async(R->name, &c));
		EXPECT_EQ(-EBADF, shared_accept(S));
		A->own.fd = -1;
		EXPECT_EQ(-EBADF, shared_accept(S));
	}
	memset(A, 0, sizeof(*A));
	A->id = p.m.id;
	ASSERT_EQ(0, shared_accept(S));
	ASSERT_EQ(0, do_complete(R->se));
	gate_wait(&self->done);
	EXPECT_LE(0, self->told->ret);
}

TEST_F(views, with_flags_that_are_not_theirs_are_EINVAL)
{
	int fd = section_make(PAGE), bit;
	struct pkt p;

	ASSERT_LE(0, fd);
	client_start(self);
	ASSERT_EQ(0, listen_for(self, &p));
	for (bit = 0; bit < 32; bit++) {
		struct lpc_connect own = {
			.flags = LPC_CONNECT_VIEW, .own.fd = fd,
			.own.flags = 1u << bit,
		}, theirs = {
			.theirs.size = PAGE, .theirs.flags = 1u << bit,
		};

		*A = (struct lpc_accept){ .id = p.m.id };
		if (own.own.flags != LPC_VIEW_PEER_READONLY) {
			A->flags = LPC_ACCEPT_VIEW;
			A->own = own.own;
			EXPECT_EQ(-EINVAL, port_connect_async(R->name, &own));
			EXPECT_EQ(-EINVAL, shared_accept(S));
		}
		*A = (struct lpc_accept){ .id = p.m.id };
		if (theirs.theirs.flags != LPC_VIEW_TELL_BASE) {
			A->theirs = theirs.theirs;
			EXPECT_EQ(-EINVAL, port_connect_async(R->name, &theirs));
			EXPECT_EQ(-EINVAL, shared_accept(S));
		}
	}
	*A = (struct lpc_accept){
		.id = p.m.id, .flags = LPC_ACCEPT_REFUSE, .theirs.size = PAGE,
	};
	EXPECT_EQ(-EINVAL, shared_accept(S));
	A->flags |= LPC_ACCEPT_VIEW;
	A->theirs.size = 0;
	A->own.fd = fd;
	EXPECT_EQ(-EINVAL, shared_accept(S));
	EXPECT_TRUE(gate_shut(&self->done));
	close(fd);
}

TEST_F(views, tell_their_base_where_its_owner_allows_it)
{
	struct pkt p;
	int i;

	for (i = 0; i < 2; i++) {
		__u32 tell = i ? LPC_VIEW_TELL_BASE : 0;

		memset(C, 0, sizeof(*C));
		memset(A, 0, sizeof(*A));
		ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
		C->theirs.size = SERVER_BYTES;
		C->theirs.flags = tell;
		client_start(self);
		ASSERT_EQ(0, listen_for(self, &p));
		ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
		A->theirs.size = CLIENT_BYTES;
		A->theirs.flags = tell;
		A->flags |= LPC_ACCEPT_MAP_NOW;
		A->deadline = ns_in(LONG);
		ASSERT_EQ(0, shared_accept(S));
		/* mapped, and still not let go on */
		EXPECT_TRUE(STAYS(gate_shut(&self->done)));
		ASSERT_EQ(0, do_complete(R->se));
		gate_wait(&self->done);
		ASSERT_LE(0, self->told->ret);
		EXPECT_EQ(2, self->told->maps);
		EXPECT_EQ(tell ? A->theirs.base : 0, self->told->c.own.peer_base);
		EXPECT_EQ(tell ? self->told->c.theirs.base : 0,
			  A->own.peer_base);
		EXPECT_NE(0, self->told->c.theirs.base);
		EXPECT_TRUE(client_leaves(self));
		ASSERT_EQ(0, do_recv(R->port, &p));
		EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
		close_fd(&R->se);
		unmap_view(&A->own);
		unmap_view(&A->theirs);
		close(A->own.fd);
		close(C->own.fd);
	}
	memset(A, 0, sizeof(*A));
}

/* --------------------------------------------------------- what is too large */

TEST_F(views, larger_than_what_is_taken_are_EMSGSIZE_and_stay_answerable)
{
	int fd, before, first;
	struct pkt p;

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	C->theirs.size = SERVER_BYTES;
	client_start(self);
	ASSERT_EQ(0, listen_for(self, &p));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES + PAGE, 0));
	fd = A->own.fd;
	before = mappings();
	first = next_fd();
	A->theirs.size = CLIENT_BYTES - 1;
	A->room = 99;
	EXPECT_EQ(-EMSGSIZE, shared_accept(S));
	EXPECT_EQ(0, A->room);
	EXPECT_EQ(CLIENT_BYTES, A->theirs.size);
	/* as it told */
	EXPECT_EQ(-EMSGSIZE, shared_accept(S));
	EXPECT_EQ(0, A->room);
	EXPECT_EQ(SERVER_BYTES, A->own.size);
	EXPECT_EQ(before, mappings());
	EXPECT_EQ(first, next_fd());
	EXPECT_TRUE(gate_shut(&self->done));
	A->own.size = SERVER_BYTES;
	A->own.fd = fd;
	ASSERT_EQ(0, shared_accept(S));
	ASSERT_EQ(0, do_complete(R->se));
	gate_wait(&self->done);
	EXPECT_LE(0, self->told->ret);
	EXPECT_EQ(SERVER_BYTES, self->told->c.theirs.size);
	close(fd);
}

TEST_F(views, MAP_NOW_needs_a_view_and_a_finite_deadline)
{
	struct pkt p;

	C->theirs.size = SERVER_BYTES;
	client_start(self);
	ASSERT_EQ(0, listen_for(self, &p));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	A->flags |= LPC_ACCEPT_MAP_NOW;
	EXPECT_EQ(-EINVAL, shared_accept(S));
	A->deadline = ns_in(LONG);
	A->flags = LPC_ACCEPT_VIEW;
	EXPECT_EQ(-EINVAL, shared_accept(S));
	A->flags = LPC_ACCEPT_MAP_NOW;
	EXPECT_EQ(-EINVAL, shared_accept(S));
	EXPECT_TRUE(gate_shut(&self->done));
	/* one that has passed refuses the client, as one that passes does */
	A->flags = LPC_ACCEPT_VIEW | LPC_ACCEPT_MAP_NOW;
	A->deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, shared_accept(S));
	gate_wait(&self->done);
	EXPECT_EQ(-ECONNREFUSED, self->told->ret);
	EXPECT_EQ(0, self->told->maps);
	EXPECT_EQ(-ESTALE, shared_accept(S));
	close(A->own.fd);
	memset(A, 0, sizeof(*A));
}

TEST_F(views, MAP_NOW_of_a_client_that_does_not_wait_is_EOPNOTSUPP_at_once)
{
	C->theirs.size = SERVER_BYTES;
	ASSERT_EQ(0, shared_ask(S));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	A->flags |= LPC_ACCEPT_MAP_NOW;
	A->deadline = ns_in(LONG);
	EXPECT_EQ(-EOPNOTSUPP, shared_accept(S));
	EXPECT_EQ(0, A->own.base);
	/* and can be accepted without */
	A->flags = LPC_ACCEPT_VIEW;
	A->deadline = 0;
	A->own.size = SERVER_BYTES;
	A->own.flags = 0;
	ASSERT_EQ(0, shared_accept(S));
	ASSERT_EQ(0, do_complete(R->se));
	EXPECT_EQ(0, finish_with_views(R->ce, C));
	EXPECT_NE(0, C->theirs.base);
	close(A->own.fd);
}

/* ---------------------------------------------------------------- read only */

static long mem_write(void *p)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	long ret = pwrite(fd, "x", 1, (unsigned long)p) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

/* Every way to write there fails; reading works. */
static int readonly_at_all(unsigned char *p, __u64 size)
{
	struct iovec from = { "x", 1 }, to = { p, 1 };

	if (!mapped_as(p, "r--s"))
		return __LINE__;
	if (touch(p, false) || touch(p, true) != SIGSEGV)
		return __LINE__;
	if (!mprotect(p, size, PROT_READ | PROT_WRITE) || errno != EACCES)
		return __LINE__;
	if (!mprotect(p, size, PROT_READ | PROT_EXEC) || errno != EACCES)
		return __LINE__;
	if (mem_write(p) >= 0)
		return __LINE__;
	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) >= 0)
		return __LINE__;
	if (mremap(p, 0, size, MREMAP_MAYMOVE) != MAP_FAILED)
		return __LINE__;
	if (mremap(p, size, size + PAGE, MREMAP_MAYMOVE) != MAP_FAILED)
		return __LINE__;
	/* remapped it may be, but not into one that can be written */
	remap_file_pages(p, size, 0, 0, 0);
	if (!mprotect(p, size, PROT_READ | PROT_WRITE))
		return __LINE__;
	return 0;
}

TEST_F(views, given_readonly_cannot_be_written_by_the_taker_at_all)
{
	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, LPC_VIEW_PEER_READONLY));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, LPC_VIEW_PEER_READONLY));
	C->theirs.size = SERVER_BYTES;
	A->theirs.size = CLIENT_BYTES;
	ASSERT_EQ(0, shared_connect(S));
	/* the giver goes on writing, and the taker sees it */
	fill(at(&C->own, 0), CLIENT_BYTES, 8);
	fill(at(&A->own, 0), SERVER_BYTES, 9);
	EXPECT_TRUE(filled(at(&A->theirs, 0), CLIENT_BYTES, 8));
	EXPECT_TRUE(filled(at(&C->theirs, 0), SERVER_BYTES, 9));
	EXPECT_EQ(0, readonly_at_all(at(&A->theirs, 0), CLIENT_BYTES));
	EXPECT_EQ(0, readonly_at_all(at(&C->theirs, 0), SERVER_BYTES));
}

TEST_F(views, are_never_executable_though_the_process_maps_all_so)
{
	unsigned long old = personality(0xffffffff);

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	C->theirs.size = SERVER_BYTES;
	A->theirs.size = CLIENT_BYTES;
	ASSERT_LE(0, personality(old | READ_IMPLIES_EXEC));
	if (!shared_connect(S)) {
		EXPECT_TRUE(mapped_as(at(&C->own, 0), "rw-s"));
		EXPECT_TRUE(mapped_as(at(&C->theirs, 0), "rw-s"));
		EXPECT_TRUE(mapped_as(at(&A->own, 0), "rw-s"));
		EXPECT_TRUE(mapped_as(at(&A->theirs, 0), "rw-s"));
	}
	personality(old);
}

/* ------------------------------------------------------------- how long they last */

TEST_F(views, outlive_fds_connection_and_port)
{
	long before = shmem_settled();

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	C->theirs.size = SERVER_BYTES;
	A->theirs.size = CLIENT_BYTES;
	ASSERT_EQ(0, shared_connect(S));
	rig_close(R);
	fill(at(&C->own, 0), CLIENT_BYTES, 1);
	fill(at(&A->own, 0), SERVER_BYTES, 2);
	EXPECT_TRUE(filled(at(&A->theirs, 0), CLIENT_BYTES, 1));
	EXPECT_TRUE(filled(at(&C->theirs, 0), SERVER_BYTES, 2));
	EXPECT_EQ(CLIENT_BYTES + SERVER_BYTES, section_bytes());
	unmap_view(&C->own);
	unmap_view(&A->own);
	EXPECT_EQ(CLIENT_BYTES + SERVER_BYTES, section_bytes());
	EXPECT_TRUE(filled(at(&A->theirs, 0), CLIENT_BYTES, 1));
	unmap_view(&C->theirs);
	unmap_view(&A->theirs);
	memset(C, 0, sizeof(*C));
	memset(A, 0, sizeof(*A));
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	EXPECT_TRUE(UNTIL(shmem_kb() == before));
}

TEST_F(views, are_not_inherited_and_go_with_exec)
{
	unsigned char *p;
	struct pkt m;
	long before;
	pid_t child;

	ASSERT_EQ(0, client_gives(C, CLIENT_BYTES, 0));
	before = shmem_settled() - CLIENT_BYTES / 1024;
	A->theirs.size = CLIENT_BYTES;
	if (client_process(self) == 0) {
		close(self->told->c.own.fd);
		p = at(&self->told->c.own, 0);
		child = fork_child();
		if (child == 0) {
			must_be(SIGSEGV, touch(p, false));
			_exit(0);
		}
		must_be(0, reap(child));
		must_be(0, touch(p, true));
		gate_wait(&self->leave);
		exec_pause();
	}
	close(C->own.fd);
	ASSERT_EQ(0, listen_for(self, &m));
	ASSERT_EQ(0, shared_accept(S));
	ASSERT_EQ(0, do_complete(R->se));
	gate_wait(&self->done);
	unmap_view(&A->theirs);
	memset(&A->theirs, 0, sizeof(A->theirs));
	EXPECT_EQ(CLIENT_BYTES, section_bytes());
	gate_post(&self->leave, 1);
	close_fd(&R->se);
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	EXPECT_TRUE(UNTIL(shmem_kb() == before));
}

TEST_F(views, are_unharmed_by_what_the_peer_does_with_its_own)
{
	struct pkt p;

	C->theirs.size = SERVER_BYTES;
	if (client_process(self) == 0) {
		unsigned char *v = at(&self->told->c.theirs, 0);

		v[0] = 1;
		must(!munmap(v + SERVER_BYTES / 2, PAGE));
		v = mremap(v, SERVER_BYTES / 2, SERVER_BYTES / 2,
			   MREMAP_MAYMOVE | MREMAP_FIXED, v - (1ul << 32));
		must(v != MAP_FAILED);
		v[1] = 2;
		must(!mprotect(v, PAGE, PROT_NONE));
		must(mmap(v, PAGE, PROT_NONE, MAP_FIXED | MAP_PRIVATE |
			  MAP_ANONYMOUS, -1, 0) == v);
		gate_wait(&self->leave);
		exec_pause();
	}
	ASSERT_EQ(0, listen_for(self, &p));
	ASSERT_EQ(0, server_gives(A, SERVER_BYTES, 0));
	ASSERT_EQ(0, shared_accept(S));
	fill(at(&A->own, 0), SERVER_BYTES, 3);
	ASSERT_EQ(0, do_complete(R->se));
	gate_wait(&self->done);
	/* checkpatch: VOLATILE: the peer writes there */
	EXPECT_TRUE(UNTIL(*(volatile unsigned char *)at(&A->own, 1) == 2));
	EXPECT_EQ(1, *at(&A->own, 0));
	gate_post(&self->leave, 1);
	ASSERT_EQ(0, do_recv(R->port, &p));
	EXPECT_EQ(LPC_PORT_CLOSED, p.m.type);
	EXPECT_EQ(128 + SIGKILL, kill_reap(self->pid));
	self->pid = 0;
	fill(at(&A->own, 0), SERVER_BYTES, 4);
	EXPECT_TRUE(filled(at(&A->own, 0), SERVER_BYTES, 4));
	close(A->own.fd);
}

TEST_F(views, of_one_section_given_to_two_clients_are_shared_by_both)
{
	struct shared second = { .c.theirs.size = SERVER_BYTES };
	int fd = section_make(SERVER_BYTES);

	ASSERT_LE(0, fd);
	A->flags = LPC_ACCEPT_VIEW;
	A->own.fd = dup(fd);
	C->theirs.size = SERVER_BYTES;
	second.a.flags = LPC_ACCEPT_VIEW;
	second.a.own.fd = dup(fd);
	ASSERT_EQ(0, shared_connect(S));
	ASSERT_EQ(0, shared_connect(&second));
	fill(at(&C->theirs, 0), SERVER_BYTES, 6);
	EXPECT_TRUE(filled(at(&second.c.theirs, 0), SERVER_BYTES, 6));
	EXPECT_EQ(SERVER_BYTES, section_bytes());
	shared_close(&second);
	EXPECT_EQ(0, touch(at(&C->theirs, 0), true));
	close(fd);
}

/* Must show: connect, map, close, keep the mapping, and again. */
TEST_F(views, kept_after_close_are_what_the_quota_counts)
{
	const int most = 64, tries = 10000;
	struct lpc_section_make m;
	void *kept[64];
	int i, n = 0;

	ASSERT_EQ(0, sysctl_set("section_bytes", most * PAGE));
	for (i = 0; i < tries; i++) {
		struct shared s = { .a.theirs.size = PAGE };

		m = (struct lpc_section_make){ .size = PAGE };
		if (xctl(lpc_dev(), LPC_IOC_SECTION, &m)) {
			ASSERT_EQ(LPC_LIMIT_SECTION_BYTES, m.limit);
			ASSERT_EQ(most * PAGE, m.in_use);
			continue;
		}
		ASSERT_GT(most, n);
		s.c.flags = LPC_CONNECT_VIEW;
		s.c.own.fd = m.fd;
		ASSERT_EQ(0, shared_connect(&s));
		unmap_view(&s.c.own);
		kept[n++] = at(&s.a.theirs, 0);
		rig_close(&s.r);
	}
	EXPECT_EQ(most, n);
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, munmap(kept[i], PAGE));
	EXPECT_TRUE(UNTIL(section_bytes() == 0));
	i = section_make(most * PAGE);
	EXPECT_LE(0, i);
	close(i);
}

TEST_HARNESS_MAIN
