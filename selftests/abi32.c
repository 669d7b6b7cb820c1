// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi32.c - a 32-bit client and a 32-bit server on a 64-bit kernel. Built with
 * the kernel's nolibc, run by the test abi.
 */
#include <linux/lpc.h>

#include "abi_layout.h"

struct buf {
	struct lpc_msg m;
	char data[304];
};

static int dev = -1;
static int n_checks, n_failed;

static void check(int ok, const char *what)
{
	n_checks++;
	if (!ok)
		n_failed++;
	printf("%sok %d %s\n", ok ? "" : "not ", n_checks, what);
}

static __u64 addr(const void *p)
{
	return (unsigned long)p;
}

static void clear(void *p, unsigned int len)
{
	char *c = p;

	while (len--)
		*c++ = 0;
}

static int same(const char *p, unsigned int len, char first)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		if (p[i] != (char)(first + i))
			return 0;
	return 1;
}

static void fill(char *p, unsigned int len, char first)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		p[i] = first + i;
}

/* "test/abi32.<pid>" */
static unsigned int make_name(char *name, int pid)
{
	const char *prefix = "test/abi32.";
	unsigned int n = 0;
	char digits[12];
	int i = 0;

	while (*prefix)
		name[n++] = *prefix++;
	do {
		digits[i++] = '0' + pid % 10;
		pid /= 10;
	} while (pid);
	while (i)
		name[n++] = digits[--i];
	return n;
}

/* A page of its own as a section; its fd */
static int make_section(void)
{
	struct lpc_section_make s;

	clear(&s, sizeof(s));
	s.size = 5000;
	if (ioctl(dev, LPC_IOC_SECTION, &s) < 0 || s.size != 8192)
		return -1;
	return s.fd;
}

/* A call whose payload lies in a section, and that lists a buffer for DATA */
static int call_with_piece(int fd, const struct lpc_view *own)
{
	char *piece = (char *)(unsigned long)own->base + 4096;
	struct lpc_call_data c;
	struct lpc_buffer list;
	char data[100];

	clear(&c, sizeof(c));
	clear(&list, sizeof(list));
	fill(piece, 3000, 17);
	fill(data, sizeof(data), 23);
	list.base = addr(data);
	list.length = sizeof(data);
	list.access = LPC_DATA_READ | LPC_DATA_WRITE;
	c.msg.code = 0x304;
	c.msg.len = 3000;
	c.msg.section = LPC_SECTION_CLIENT;
	c.msg.offset = 4096;
	c.msg.length = 4096;
	c.msg.room = LPC_INLINE_MAX;
	c.buffers = addr(&list);
	c.count = 1;
	if (ioctl(fd, LPC_IOC_CALL_DATA, &c) < 0)
		return 10;
	if (c.msg.section != LPC_SECTION_CLIENT || c.msg.offset != 8000 ||
	    c.msg.length != 192 || !same(piece + 3904, 192, 19))
		return 11;
	return same(data, 50, 23) && same(data + 50, 50, 29) ? 0 : 12;
}

/* Connects, calls with 303 bytes and an out address, sends a datagram. */
static int client(const char *name, unsigned int name_len)
{
	struct lpc_connect c;
	struct lpc_cancel cancel;
	struct buf b, r;
	char data[260], answer[260];

	clear(&c, sizeof(c));
	fill(data, sizeof(data), 1);
	c.name = addr(name);
	c.name_len = name_len;
	c.data = addr(data);
	c.data_len = sizeof(data);
	c.answer = addr(answer);
	c.answer_room = sizeof(answer);
	c.flags = LPC_CONNECT_VIEW;
	c.own.fd = make_section();
	c.theirs.size = 65536;
	if (ioctl(dev, LPC_IOC_CONNECT, &c) < 0)
		return 1;
	if (c.own.size != 8192 || !c.own.base || !c.theirs.base ||
	    !(c.own.flags & c.theirs.flags & LPC_VIEW_SHARED))
		return 8;
	if (c.answer_len != 260 || !same(answer, 260, 7) || c.room != LPC_INLINE_MAX)
		return 2;

	clear(&b, sizeof(b));
	clear(&r, sizeof(r));
	fill(b.data, LPC_INLINE_MAX, 3);
	b.m.code = 0x89abcdef;
	b.m.len = LPC_INLINE_MAX;
	b.m.room = LPC_INLINE_MAX;
	b.m.out = addr(&r);
	if (ioctl(c.fd, LPC_IOC_CALL, &b) < 0)
		return 3;
	if (r.m.type != LPC_REPLY || r.m.code != 0x76543210 ||
	    r.m.len != LPC_INLINE_MAX || !same(r.data, LPC_INLINE_MAX, 5))
		return 4;
	if (r.m.pid != (__u32)getppid())
		return 5;

	clear(&b, sizeof(b));
	fill(b.data, 10, 9);
	b.m.len = 10;
	if (ioctl(c.fd, LPC_IOC_SEND, &b) < 0)
		return 6;
	clear(&cancel, sizeof(cancel));
	cancel.id = 0x7fffffff12345678ull;
	if (ioctl(c.fd, LPC_IOC_CANCEL, &cancel) != -1 || errno != ESTALE)
		return 7;
	return call_with_piece(c.fd, &c.own);
}

static int receive(int port, struct buf *b)
{
	clear(b, sizeof(*b));
	b->m.flags = LPC_WITH_RECV;
	b->m.room = LPC_INLINE_MAX;
	return ioctl(port, LPC_IOC_REPLY_RECV, b);
}

/* DATA on the only buffer of the request @id */
static int move(int port, __u64 id, __u32 access, __u64 offset, char *p,
		unsigned int len)
{
	struct lpc_data d;

	clear(&d, sizeof(d));
	d.id = id;
	d.access = access;
	d.offset = offset;
	d.address = addr(p);
	d.length = len;
	return ioctl(port, LPC_IOC_DATA, &d) == 0 && d.done == len &&
	       d.size == 100;
}

int main(void)
{
	const __u64 context = 0xfedcba9876543210ull;
	struct lpc_port_info info[2];
	struct lpc_complete done;
	struct lpc_create create;
	struct lpc_accept accept;
	struct lpc_query query;
	struct lpc_info limits;
	struct lpc_list list;
	int pid, status = -1, end;
	char *piece;
	struct buf b;
	char name[64], answer[260], data[50];
	unsigned int name_len;

	printf("TAP version 13\n1..16\n");
	dev = open("/dev/lpc", O_RDWR, 0);
	clear(&limits, sizeof(limits));
	check(ioctl(dev, LPC_IOC_INFO, &limits) == 0 &&
	      limits.abi == LPC_ABI_VERSION && limits.limits[1].limit,
	      "a 32-bit program reads INFO");

	name_len = make_name(name, getpid());
	clear(&create, sizeof(create));
	create.name = addr(name);
	create.name_len = name_len;
	check(ioctl(dev, LPC_IOC_CREATE, &create) == 0, "and makes a port");

	pid = fork();
	if (pid == 0)
		exit(client(name, name_len));

	check(receive(create.fd, &b) == 0 && b.m.type == LPC_CONNECTION_REQUEST &&
	      b.m.pid == (__u32)pid, "it receives a connection request");
	check(b.m.len == 260 && same(b.data, 260, 1), "with all connect data");

	fill(answer, sizeof(answer), 7);
	clear(&accept, sizeof(accept));
	accept.id = b.m.id;
	accept.context = context;
	accept.data = addr(answer);
	accept.data_len = sizeof(answer);
	accept.flags = LPC_ACCEPT_VIEW;
	accept.own.fd = make_section();
	accept.theirs.size = 65536;
	check(ioctl(create.fd, LPC_IOC_ACCEPT, &accept) == 0, "accepts it");
	end = accept.fd;
	check(accept.theirs.size == 8192 && accept.theirs.base &&
	      accept.own.base, "both views are mapped");
	clear(&done, sizeof(done));
	check(ioctl(end, LPC_IOC_COMPLETE, &done) == 0, "completes it");

	check(receive(create.fd, &b) == 0 && b.m.type == LPC_REQUEST &&
	      b.m.context == context && b.m.code == 0x89abcdef &&
	      b.m.len == LPC_INLINE_MAX && same(b.data, LPC_INLINE_MAX, 3),
	      "a request of 303 bytes arrives with its 64-bit context");
	b.m.flags = LPC_WITH_REPLY;
	b.m.code = 0x76543210;
	b.m.deadline = 0;
	fill(b.data, LPC_INLINE_MAX, 5);
	check(ioctl(create.fd, LPC_IOC_REPLY_RECV, &b) == 0, "is answered");
	check(receive(create.fd, &b) == 0 && b.m.type == LPC_DATAGRAM &&
	      b.m.len == 10 && same(b.data, 10, 9), "a datagram arrives");

	piece = (char *)(unsigned long)accept.theirs.base;
	check(receive(create.fd, &b) == 0 && b.m.type == LPC_REQUEST &&
	      b.m.section == LPC_SECTION_CLIENT && b.m.offset == 4096 &&
	      b.m.length == 4096 && b.m.len == 3000 &&
	      same(piece + 4096, 3000, 17),
	      "a request of 3000 bytes lies in the client's section");
	fill(data, sizeof(data), 29);
	check(move(create.fd, b.m.id, LPC_DATA_WRITE, 50, data, 50) &&
	      move(create.fd, b.m.id, LPC_DATA_READ, 0, data, 50) &&
	      same(data, 50, 23), "DATA reads and writes its buffer");
	fill(piece + 8000, 192, 19);
	b.m.flags = LPC_WITH_REPLY;
	b.m.deadline = 0;
	b.m.len = 192;
	b.m.offset = 8000;
	b.m.length = 192;
	check(ioctl(create.fd, LPC_IOC_REPLY_RECV, &b) == 0,
	      "the reply lies in the same piece");

	waitpid(pid, &status, 0);
	if (status)
		printf("# client: wait status 0x%x\n", status);
	check(status == 0, "the client is content");

	clear(&query, sizeof(query));
	clear(info, sizeof(info));
	query.what = LPC_WHAT_PORT;
	query.out = addr(info);
	query.size = sizeof(info[0]);
	check(ioctl(create.fd, LPC_IOC_QUERY, &query) == 0 &&
	      query.size == sizeof(info[0]) && info[0].name_len == name_len &&
	      info[0].counters.calls == 2, "QUERY counts the calls");

	clear(&list, sizeof(list));
	list.what = LPC_WHAT_PORT;
	list.out = addr(info);
	list.size = sizeof(info[0]);
	list.count = 2;
	check(ioctl(dev, LPC_IOC_LIST, &list) == 0 && list.count >= 1,
	      "LIST shows the port");
	return n_failed ? 1 : 0;
}
