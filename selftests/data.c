// SPDX-License-Identifier: GPL-2.0-only
/*
 * data.c - DATA: a server reads and writes the memory that a waiting client
 * lists, while it waits, where it allows it, and not a byte otherwise.
 */
#include "common_data.h"

#include <sys/time.h>

/* ----------------------------------------------------------------- copying */

TEST_F(data, reads_what_the_client_has_there)
{
	ASSERT_EQ(0, borrow_one(self));
	EXPECT_EQ(0, data_read(self, 0, self->server, BYTES));
	EXPECT_TRUE(filled(self->server, BYTES, 1));
	memset(self->server, POISON, BYTES);
	EXPECT_EQ(0, data_read(self, 1001, self->server + 7, 333));
	EXPECT_EQ(0, memcmp(self->server + 7, self->client + 1001, 333));
	EXPECT_TRUE(is_poison(self->server, 7));
	EXPECT_TRUE(is_poison(self->server + 340, BYTES - 340));
	EXPECT_EQ(0, give_back(self));
}

TEST_F(data, writes_what_the_client_finds_when_CALL_returns)
{
	ASSERT_EQ(0, borrow_one(self));
	fill(self->server, BYTES, 2);
	EXPECT_EQ(0, data_write(self, 0, self->server, BYTES));
	EXPECT_TRUE(filled(self->client, BYTES, 2));
	memset(self->server, 'z', 10);
	EXPECT_EQ(0, data_write(self, 4093, self->server, 10));
	EXPECT_EQ(0, memcmp(self->client + 4093, "zzzzzzzzzz", 10));
	EXPECT_TRUE(filled(self->client, 4093, 2));
	EXPECT_EQ(0, give_back(self));
	EXPECT_EQ(LPC_REPLY, self->c.msg.type);
	EXPECT_EQ(8, self->c.msg.code);
}

TEST_F(data, of_a_megabyte_at_odd_addresses_is_whole)
{
	unsigned char *big = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *own = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	fill(big, 2 * MIB, 3);
	lend(&self->list[0], big + 3, MIB + 1, LPC_DATA_READ | LPC_DATA_WRITE);
	ASSERT_EQ(0, borrow(self, 1));
	EXPECT_EQ(0, data_read(self, 1, own + 5, MIB));
	EXPECT_EQ(0, memcmp(own + 5, big + 4, MIB));
	fill(own, 2 * MIB, 4);
	EXPECT_EQ(0, data_write(self, 1, own + 7, MIB));
	EXPECT_EQ(0, memcmp(own + 7, big + 4, MIB));
	EXPECT_TRUE(filled(big, 4, 3));
	EXPECT_EQ(0, give_back(self));
	munmap(big, 2 * MIB);
	munmap(own, 2 * MIB);
}

TEST_F(data, reaches_each_of_sixteen_buffers)
{
	struct lpc_data d;
	__u32 i;

	for (i = 0; i < LPC_BUFFERS_MAX; i++)
		lend(&self->list[i], self->client + i * 1000, 900 + i,
		     LPC_DATA_READ);
	ASSERT_EQ(0, borrow(self, LPC_BUFFERS_MAX));
	/* copied when it was sent */
	memset(self->list, 0xff, sizeof(self->list));
	for (i = 0; i < LPC_BUFFERS_MAX; i++) {
		d = (struct lpc_data){
			.id = self->id, .index = i, .access = LPC_DATA_READ,
			.address = (unsigned long)self->server,
			.length = 900 + i,
		};
		ASSERT_EQ(0, xctl(self->r.se, LPC_IOC_DATA, &d));
		EXPECT_EQ(900 + i, d.done);
		EXPECT_EQ(900 + i, d.size);
		EXPECT_EQ(0, memcmp(self->server, self->client + i * 1000,
				    900 + i));
	}
	d.index = LPC_BUFFERS_MAX;
	EXPECT_EQ(-EINVAL, xctl(self->r.se, LPC_IOC_DATA, &d));
	d.index = ~0u;
	EXPECT_EQ(-EINVAL, xctl(self->r.se, LPC_IOC_DATA, &d));
	EXPECT_EQ(0, give_back(self));
}

TEST_F(data, of_no_length_tells_size_and_access_and_copies_nothing)
{
	struct lpc_data d = { .index = 1, .access = LPC_DATA_WRITE };

	lend(&self->list[0], self->client, 1, LPC_DATA_WRITE);
	lend(&self->list[1], (void *)16, 12345, LPC_DATA_READ);
	ASSERT_EQ(0, borrow(self, 2));
	d.id = self->id;
	d.size = POISON64;
	d.done = POISON64;
	d.allowed = POISON32;
	EXPECT_EQ(0, xctl(self->r.port, LPC_IOC_DATA, &d));
	EXPECT_EQ(12345, d.size);
	EXPECT_EQ(LPC_DATA_READ, d.allowed);
	EXPECT_EQ(0, d.done);
	EXPECT_EQ(0, give_back(self));
}

TEST_F(data, goes_beside_a_payload_and_a_piece)
{
	struct {
		struct lpc_call_data c;
		unsigned char d[LPC_INLINE_MAX];
	} c;
	struct shared s;
	struct pkt p;

	ASSERT_EQ(0, shared_open(&s, PAGE, 0));
	lend(&self->list[0], self->client, 100, LPC_DATA_READ);
	call_data(&c.c, self->list, 1);
	c.c.msg.len = LPC_INLINE_MAX;
	c.c.msg.section = LPC_SECTION_CLIENT;
	c.c.msg.offset = 10;
	c.c.msg.length = 20;
	fill(c.d, sizeof(c.d), 9);
	driver_post(&self->d, s.r.ce, LPC_IOC_CALL_DATA, &c);
	ASSERT_EQ(0, do_recv(s.r.port, &p));
	EXPECT_EQ(LPC_INLINE_MAX, p.m.len);
	EXPECT_TRUE(filled(p.d, LPC_INLINE_MAX, 9));
	EXPECT_EQ(10, p.m.offset);
	EXPECT_EQ(20, p.m.length);
	EXPECT_EQ(0, data_by(s.r.se, &(struct lpc_data){}, p.m.id, LPC_DATA_READ,
			     0, self->server, 100));
	EXPECT_EQ(0, memcmp(self->server, self->client, 100));
	EXPECT_EQ(0, do_reply(s.r.port, p.m.id, 2, 200));
	EXPECT_EQ(0, driver_result(&self->d));
	EXPECT_EQ(200, c.c.msg.len);
	EXPECT_TRUE(filled(c.d, 200, 2));
	shared_close(&s);
}

TEST_F(data, is_shown_by_QUERY_as_a_number_of_buffers)
{
	struct lpc_call_info i;

	ASSERT_EQ(0, borrow_one(self));
	ASSERT_EQ(0, query_call(self->r.port, self->id, &i));
	EXPECT_EQ(1, i.buffers);
	EXPECT_EQ(0, i.section);
	EXPECT_EQ(0, give_back(self));
}

/* ---------------------------------------------------------------- not allowed */

TEST_F(data, goes_only_the_way_the_client_allows)
{
	struct lpc_data d;

	lend(&self->list[0], self->client, BYTES, LPC_DATA_READ);
	lend(&self->list[1], self->client, BYTES, LPC_DATA_WRITE);
	ASSERT_EQ(0, borrow(self, 2));
	EXPECT_EQ(-EACCES, data_write(self, 0, self->server, 1));
	d = (struct lpc_data){
		.id = self->id, .index = 1, .access = LPC_DATA_READ,
		.address = (unsigned long)self->server, .length = 1,
	};
	memset(self->server, POISON, 16);
	EXPECT_EQ(-EACCES, xctl(self->r.port, LPC_IOC_DATA, &d));
	EXPECT_EQ(LPC_DATA_WRITE, d.allowed);
	EXPECT_EQ(BYTES, d.size);
	EXPECT_EQ(0, d.done);
	EXPECT_TRUE(is_poison(self->server, 16));
	EXPECT_EQ(0, give_back(self));
	EXPECT_TRUE(filled(self->client, BYTES, 1));
}

TEST_F(data, of_an_access_that_is_not_one_of_two_is_EINVAL)
{
	static const __u32 bad[] = {
		0, LPC_DATA_READ | LPC_DATA_WRITE, 4, LPC_DATA_READ | 4, ~0u,
	};
	struct lpc_data d;
	size_t i;

	ASSERT_EQ(0, borrow_one(self));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, data_by(self->r.port, &d, self->id, bad[i], 0,
					   self->server, 1));
	EXPECT_EQ(0, give_back(self));
}

TEST_F(data, outside_the_buffer_is_EINVAL)
{
	const __u64 at[] = {
		0, 1, BYTES - 1, BYTES, BYTES + 1, 1ull << 31, 1ull << 32,
		1ull << 63, ~0ull - 1, ~0ull,
	};
	struct lpc_data d;
	size_t i, k;

	ASSERT_EQ(0, borrow_one(self));
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		for (k = 1; k < ARRAY_SIZE(at); k++) {
			/* checkpatch: UNSPECIFIED_INT: the type's own name */
			bool good = (unsigned __int128)at[i] + at[k] <= BYTES;
			int ret = data_by(self->r.port, &d, self->id,
					  LPC_DATA_READ, at[i], self->server,
					  at[k]);

			EXPECT_EQ(good ? 0 : -EINVAL, ret) {
				TH_LOG("%zu, %zu", i, k);
			}
			EXPECT_EQ(good ? at[k] : 0, d.done);
		}
	}
	EXPECT_EQ(0, give_back(self));
}

TEST_F(data, of_no_such_request_is_ESTALE)
{
	struct lpc_data d;
	struct pkt p;

	EXPECT_EQ(-ESTALE, data_by(self->r.port, &d, 0x7fffffff12345678ull,
				   LPC_DATA_READ, 0, self->server, 1));
	/* one that nobody has received */
	lend(&self->list[0], self->client, BYTES, LPC_DATA_READ);
	driver_post(&self->d, self->r.ce, LPC_IOC_CALL_DATA,
		    call_data(&self->c, self->list, 1));
	ASSERT_TRUE(until_queued(self->r.port, 1));
	ASSERT_EQ(1, list_calls(port_serial(self->r.port),
				&(struct lpc_call_info){}, 1));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	self->id = p.m.id;
	EXPECT_EQ(-ESTALE, data_by(self->r.port, &d, self->id + (1ull << 32),
				   LPC_DATA_READ, 0, self->server, 1));
	EXPECT_EQ(0, give_back(self));
	/* answered */
	EXPECT_EQ(-ESTALE, data_read(self, 0, self->server, 1));
}

TEST_F(data, of_a_request_without_buffers_is_EINVAL)
{
	struct pkt c, p;
	struct actor a;

	ASSERT_EQ(0, actor_start(&a, self->r.ce, LPC_IOC_CALL, msg(&c, 1, 8)));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	self->id = p.m.id;
	EXPECT_EQ(-EINVAL, data_read(self, 0, self->server, 1));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 1, 8));
	EXPECT_EQ(0, actor_end(&a));
}

TEST_F(data, is_for_the_port_and_the_requests_own_server_end)
{
	struct lpc_data d;
	int se, ce;

	ASSERT_EQ(0, add_link(&self->r, 2, 0, &se, &ce));
	ASSERT_EQ(0, borrow_one(self));
	EXPECT_EQ(-ESTALE, data_by(se, &d, self->id, LPC_DATA_READ, 0,
				   self->server, 1));
	EXPECT_EQ(-ENOTTY, data_by(self->r.ce, &d, self->id, LPC_DATA_READ, 0,
				   self->server, 1));
	EXPECT_EQ(-ENOTTY, data_by(lpc_dev(), &d, self->id, LPC_DATA_READ, 0,
				   self->server, 1));
	EXPECT_EQ(0, data_by(self->r.se, &d, self->id, LPC_DATA_READ, 0,
			     self->server, 1));
	EXPECT_EQ(0, data_by(self->r.port, &d, self->id, LPC_DATA_READ, 0,
			     self->server, 1));
	EXPECT_EQ(0, give_back(self));
	close(se);
	close(ce);
}

TEST_F(data, of_a_malformed_list_is_refused_before_anything_is_sent)
{
	const struct lpc_buffer good = {
		.base = (unsigned long)self->client, .length = 1,
		.access = LPC_DATA_READ,
	};
	struct lpc_buffer bad[6];
	struct lpc_call_data c;
	struct pkt p;
	int i;

	for (i = 0; i < 6; i++)
		bad[i] = good;
	bad[0].access = 0;
	bad[1].access = 4 | LPC_DATA_READ;
	bad[2].access = ~0u;
	bad[3].reserved = 1;
	bad[4].length = ~0ull;
	bad[5].base = ~0ull;
	for (i = 0; i < 6; i++) {
		self->list[0] = good;
		self->list[1] = bad[i];
		call_data(&c, self->list, 2);
		EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_CALL_DATA, &c)) {
			TH_LOG("list %d", i);
		}
	}
	self->list[1] = good;
	call_data(&c, self->list, LPC_BUFFERS_MAX + 1);
	EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_CALL_DATA, &c));
	call_data(&c, self->list, ~0u);
	EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_CALL_DATA, &c));
	call_data(&c, NULL, 1);
	EXPECT_GT(0, xctl(self->r.ce, LPC_IOC_CALL_DATA, &c));
	call_data(&c, self->list, 1)->reserved = 1;
	EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_CALL_DATA, &c));
	call_data(&c, self->list, 1)->msg.flags = LPC_CALL_ASYNC;
	EXPECT_EQ(-EINVAL, xctl(self->r.ce, LPC_IOC_CALL_DATA, &c));
	EXPECT_EQ(-EAGAIN, recv_now(self->r.port, &p));
	EXPECT_EQ(0, calls_now(self->r.port));
}

TEST_F(data, of_a_callbacks_list_is_EINVAL)
{
	struct lpc_call_data c;

	ASSERT_EQ(0, borrow_one(self));
	lend(&self->list[1], self->server, 1, LPC_DATA_READ);
	call_data(&c, &self->list[1], 1)->msg.flags = LPC_CALLBACK;
	c.msg.id = self->id;
	EXPECT_EQ(-EINVAL, xctl(self->r.se, LPC_IOC_CALL_DATA, &c));
	EXPECT_EQ(0, give_back(self));
}

/* A header as long as CALL_DATA's that lists nothing is CALL's. */
TEST_F(data, of_an_empty_list_is_a_plain_call)
{
	struct pkt p;

	driver_post(&self->d, self->r.ce, LPC_IOC_CALL_DATA,
		    call_data(&self->c, self->list, 0));
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	self->id = p.m.id;
	EXPECT_EQ(-EINVAL, data_read(self, 0, self->server, 1));
	EXPECT_EQ(0, give_back(self));
}

TEST_F(data, with_a_past_deadline_is_ETIMEDOUT)
{
	struct lpc_data d = { .access = LPC_DATA_READ, .deadline = 1 };

	ASSERT_EQ(0, borrow_one(self));
	d.id = self->id;
	d.address = (unsigned long)self->server;
	d.length = 100;
	EXPECT_EQ(-ETIMEDOUT, xctl(self->r.port, LPC_IOC_DATA, &d));
	EXPECT_EQ(0, d.done);
	EXPECT_EQ(0, data_read(self, 0, self->server, 100));
	EXPECT_EQ(0, give_back(self));
}

/* --------------------------------------------------------------- bad memory */

TEST_F(data, of_bad_memory_of_the_servers_is_EFAULT_and_nothing_else)
{
	unsigned char *end = self->server + BYTES;
	struct lpc_data d;

	ASSERT_EQ(0, munmap(end, PAGE));
	ASSERT_EQ(0, borrow_one(self));
	EXPECT_EQ(-EFAULT, data_read(self, 0, end - 10, 11));
	EXPECT_EQ(-EFAULT, data_write(self, 0, end - 10, 11));
	EXPECT_EQ(-EFAULT, data_read(self, 0, NULL, 1));
	EXPECT_EQ(-EFAULT, data_write(self, 0, (void *)0xffff888000001000ul, 1));
	EXPECT_GT(0, data_by(self->r.port, &d, self->id, LPC_DATA_READ, 0,
			     (void *)~0ul, 2));
	EXPECT_TRUE(filled(self->client, BYTES, 1));
	EXPECT_EQ(0, data_read(self, 0, end - 10, 10));
	EXPECT_EQ(0, give_back(self));
}

TEST_F(data, of_bad_memory_of_the_clients_is_EREMOTEIO_and_the_call_goes_on)
{
	unsigned char *end = self->client + BYTES;
	struct lpc_data d;

	ASSERT_EQ(0, munmap(end, PAGE));
	lend(&self->list[0], end - 10, 11, LPC_DATA_READ | LPC_DATA_WRITE);
	lend(&self->list[1], NULL, 8, LPC_DATA_READ | LPC_DATA_WRITE);
	lend(&self->list[2], (void *)0xffff888000001000ul, 8,
	     LPC_DATA_READ | LPC_DATA_WRITE);
	ASSERT_EQ(0, borrow(self, 3));
	memset(self->server, POISON, 16);
	EXPECT_EQ(-EREMOTEIO, data_read(self, 0, self->server, 11));
	EXPECT_EQ(-EREMOTEIO, data_write(self, 0, self->server, 11));
	for (d.index = 1; d.index < 3; d.index++) {
		__u32 index = d.index;

		d = (struct lpc_data){
			.id = self->id, .index = index, .access = LPC_DATA_READ,
			.address = (unsigned long)self->server, .length = 8,
		};
		EXPECT_EQ(-EREMOTEIO, xctl(self->r.port, LPC_IOC_DATA, &d));
		EXPECT_EQ(0, d.done);
	}
	EXPECT_TRUE(is_poison(self->server, 16));
	EXPECT_EQ(0, data_read(self, 0, self->server, 10));
	EXPECT_EQ(0, memcmp(self->server, end - 10, 10));
	EXPECT_EQ(0, give_back(self));
	EXPECT_EQ(LPC_REPLY, self->c.msg.type);
}

TEST_F(data, says_how_much_was_done_before_the_bad_page)
{
	unsigned char *big = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *own = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct lpc_data d;

	fill(big, MIB, 3);
	ASSERT_EQ(0, munmap(big + MIB, PAGE));
	ASSERT_EQ(0, munmap(own + MIB / 2, PAGE));
	lend(&self->list[0], big, 2 * MIB, LPC_DATA_READ);
	ASSERT_EQ(0, borrow(self, 1));
	EXPECT_EQ(-EFAULT, data_by(self->r.port, &d, self->id, LPC_DATA_READ, 0,
				   own, MIB));
	EXPECT_GE(MIB / 2, d.done);
	EXPECT_LT(0, d.done);
	EXPECT_TRUE(filled(own, d.done, 3));
	EXPECT_EQ(-EREMOTEIO, data_by(self->r.port, &d, self->id, LPC_DATA_READ,
				      MIB / 2, own + MIB, MIB));
	EXPECT_GE(MIB / 2, d.done);
	EXPECT_LT(0, d.done);
	EXPECT_EQ(0, memcmp(own + MIB, big + MIB / 2, d.done));
	EXPECT_EQ(0, give_back(self));
}

/* --------------------------------------------------- the client is elsewhere */

TEST_F(data, is_EAGAIN_while_the_client_handles_a_callback)
{
	struct pkt cb;
	struct actor a;

	ASSERT_EQ(0, borrow_one(self));
	callback_msg(&cb, self->id, 0, 3, 30);
	ASSERT_EQ(0, actor_start(&a, self->r.se, LPC_IOC_CALL, &cb));
	ASSERT_EQ(0, driver_result(&self->d));
	ASSERT_EQ(LPC_REQUEST, self->c.msg.type);
	EXPECT_EQ(-EAGAIN, data_read(self, 0, self->server, 8));
	EXPECT_EQ(-EAGAIN, data_write(self, 0, self->server, 8));
	self->c.msg.flags = LPC_WITH_REPLY;
	self->c.msg.len = 0;
	self->c.msg.room = LPC_INLINE_MAX;
	driver_post(&self->d, self->r.ce, LPC_IOC_REPLY_WAIT, &self->c.msg);
	ASSERT_EQ(0, actor_end(&a));
	ASSERT_TRUE(driver_asleep(&self->d));
	EXPECT_EQ(0, data_read(self, 0, self->server, BYTES));
	EXPECT_TRUE(filled(self->server, BYTES, 1));
	EXPECT_EQ(0, give_back(self));
}

/* In a process, because a signal handler is where it is away to. */
static int handler_up[2], handler_go[2];

static void handler_that_waits(int sig)
{
	char byte = 'h';

	if (write(handler_up[1], &byte, 1) != 1 ||
	    read(handler_go[0], &byte, 1) != 1)
		_exit(97);
}

TEST_F(data, is_EAGAIN_while_the_client_is_in_a_signal_handler)
{
	struct sigaction sa = {
		.sa_handler = handler_that_waits, .sa_flags = SA_RESTART,
	};
	struct pkt p;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(handler_up));
	ASSERT_EQ(0, pipe(handler_go));
	lend(&self->list[0], self->client, BYTES, LPC_DATA_READ | LPC_DATA_WRITE);
	pid = fork_child();
	if (pid == 0) {
		must(!sigaction(SIGUSR1, &sa, NULL));
		must_be(0, xctl(self->r.ce, LPC_IOC_CALL_DATA,
				call_data(&self->c, self->list, 1)));
		must(filled(self->client, BYTES, 2));
		_exit(0);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	self->id = p.m.id;
	ASSERT_TRUE(UNTIL(in_ioctl(pid, LPC_IOC_CALL_DATA)));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	ASSERT_EQ(1, read(handler_up[0], &byte, 1));
	EXPECT_EQ(-EAGAIN, data_read(self, 0, self->server, 8));
	EXPECT_EQ(-EAGAIN, data_write(self, 0, self->server, 8));
	ASSERT_EQ(1, write(handler_go[1], "g", 1));
	ASSERT_TRUE(UNTIL(in_ioctl(pid, LPC_IOC_CALL_DATA)));
	fill(self->server, BYTES, 2);
	EXPECT_TRUE(UNTIL(data_write(self, 0, self->server, BYTES) != -EAGAIN));
	EXPECT_EQ(0, data_read(self, 0, self->server, BYTES));
	EXPECT_TRUE(filled(self->server, BYTES, 2));
	EXPECT_EQ(0, do_reply(self->r.port, self->id, 1, 0));
	EXPECT_EQ(0, reap(pid));
}

static void ignore(int sig) { }

static bool signals_every_ms(void)
{
	struct sigaction sa = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	struct itimerval timer = {
		.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000,
	};

	return !sigaction(SIGALRM, &sa, NULL) &&
	       !setitimer(ITIMER_REAL, &timer, NULL);
}

/* Both are interrupted all the time, and lose nothing. */
TEST_F(data, of_many_chunks_is_whole_under_signals_to_both_sides)
{
	const __u64 size = (fail_swept() ? 32 : 256) * KIB;
	unsigned char *big = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned char *own = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct itimerval none = { 0 };
	__u64 at = 0, begin = ns_now();
	struct lpc_data d;
	struct pkt p;
	pid_t pid;
	int ret;

	fill(big, size, 5);
	lend(&self->list[0], big, size, LPC_DATA_READ);
	pid = fork_child();
	if (pid == 0) {
		must(signals_every_ms());
		must_be(0, xctl(self->r.ce, LPC_IOC_CALL_DATA,
				call_data(&self->c, self->list, 1)));
		_exit(0);
	}
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	ASSERT_TRUE(signals_every_ms());
	while (at < size && ms_since(begin) < PATIENCE_MS) {
		ret = data_by(self->r.port, &d, p.m.id, LPC_DATA_READ, at,
			      own + at, size - at);
		ASSERT_TRUE(!ret || ret == -EAGAIN) {
			TH_LOG("%d", ret);
		}
		at += d.done;
	}
	setitimer(ITIMER_REAL, &none, NULL);
	EXPECT_EQ(size, at);
	EXPECT_TRUE(filled(own, size, 5));
	EXPECT_EQ(0, do_reply(self->r.port, p.m.id, 1, 0));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(data, of_a_call_that_timed_out_is_ECANCELED)
{
	struct pkt p;

	lend(&self->list[0], self->client, BYTES, LPC_DATA_READ | LPC_DATA_WRITE);
	call_data(&self->c, self->list, 1)->msg.deadline = ns_in(slowly(400));
	driver_post(&self->d, self->r.ce, LPC_IOC_CALL_DATA, &self->c);
	ASSERT_EQ(0, do_recv(self->r.port, &p));
	self->id = p.m.id;
	ASSERT_EQ(-ETIMEDOUT, driver_result(&self->d));
	EXPECT_EQ(-ECANCELED, data_read(self, 0, self->server, 8));
	EXPECT_EQ(-ECANCELED, data_write(self, 0, self->server, 8));
	EXPECT_TRUE(filled(self->client, BYTES, 1));
	EXPECT_EQ(-ECANCELED, do_reply(self->r.port, self->id, 1, 8));
}

TEST_HARNESS_MAIN
