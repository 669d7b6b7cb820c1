/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of sections share: making them, a connection with views, and
 * what of them is there: mappings, shared memory, bytes charged.
 */
#ifndef SELFTESTS_COMMON_SECTION_H
#define SELFTESTS_COMMON_SECTION_H

#include "common_call.h"

#include <sys/uio.h>

#define PAGE	4096ull
#define KIB	1024ull
#define MIB	(1024 * KIB)

/* A connection with views, both ends in this process. */
struct shared {
	struct rig r;
	struct lpc_connect c;	/* what is asked for, then what CONNECT said */
	struct lpc_accept a;	/* likewise */
};

/* A new section, or -errno */
static inline int section_make(__u64 size)
{
	struct lpc_section_make s = { .size = size };
	int ret = xctl(lpc_dev(), LPC_IOC_SECTION, &s);

	return ret ? ret : s.fd;
}

/* ----------------------------------------------------------- the handshake */

/* The client gives a new section of @size bytes. */
static inline int client_gives(struct lpc_connect *c, __u64 size, __u32 flags)
{
	c->flags |= LPC_CONNECT_VIEW;
	c->own.flags = flags;
	c->own.fd = section_make(size);
	return c->own.fd < 0 ? c->own.fd : 0;
}

static inline int server_gives(struct lpc_accept *a, __u64 size, __u32 flags)
{
	a->flags |= LPC_ACCEPT_VIEW;
	a->own.flags = flags;
	a->own.fd = section_make(size);
	return a->own.fd < 0 ? a->own.fd : 0;
}

/* Finishes the asynchronous connect @c and maps what that asked for. */
static inline int finish_with_views(int end, struct lpc_connect *c)
{
	*c = (struct lpc_connect){
		.flags = c->flags & LPC_CONNECT_VIEW,
		.theirs.size = c->theirs.size,
		.theirs.flags = c->theirs.flags,
	};
	poll_ms(end, POLLOUT, PATIENCE_MS);
	return xctl(end, LPC_IOC_CONNECT, c);
}

/* Asks for the connection in s->c and receives the request: its id. */
static inline int shared_ask(struct shared *s)
{
	struct pkt p;
	int ret;

	s->c.deadline = ns_in(PATIENCE_MS);
	s->r.ce = port_connect_async(s->r.name, &s->c);
	if (s->r.ce < 0)
		return s->r.ce;
	ret = recv_listen(s->r.port, &p);
	s->a.id = p.m.id;
	return ret;
}

/* Accepts it as s->a says. */
static inline int shared_accept(struct shared *s)
{
	int ret = xctl(s->r.port, LPC_IOC_ACCEPT, &s->a);

	s->r.se = ret ? -1 : s->a.fd;
	return ret;
}

static inline int shared_finish(struct shared *s)
{
	int ret = do_complete(s->r.se);

	return ret ? ret : finish_with_views(s->r.ce, &s->c);
}

/* All of it, on a port of its own if there is none; closes the sections' fds. */
static inline int shared_connect(struct shared *s)
{
	int client = s->c.own.fd, server = s->a.own.fd;
	int ret = s->r.name[0] ? 0 : rig_port(&s->r, 0, 0);

	if (!ret)
		ret = shared_ask(s);
	if (!ret)
		ret = shared_accept(s);
	if (!ret)
		ret = shared_finish(s);
	if (client > 0)
		close(client);
	if (server > 0)
		close(server);
	return ret;
}

/*
 * The usual: the client gives @client bytes, the server @server; 0: none. Each
 * takes what the other gives.
 */
static inline int shared_open(struct shared *s, __u64 client, __u64 server)
{
	int ret = 0;

	memset(s, 0, sizeof(*s));
	rig_none(&s->r);
	s->c.theirs.size = server;
	s->a.theirs.size = client;
	s->a.context = 0x1122334455667788ull;
	if (client)
		ret = client_gives(&s->c, client, 0);
	if (!ret && server)
		ret = server_gives(&s->a, server, 0);
	return ret ? ret : shared_connect(s);
}

static inline void unmap_view(const struct lpc_view *v)
{
	if (v->base)
		munmap((void *)v->base, v->size);
}

static inline void shared_close(struct shared *s)
{
	unmap_view(&s->c.own);
	unmap_view(&s->c.theirs);
	unmap_view(&s->a.own);
	unmap_view(&s->a.theirs);
	rig_close(&s->r);
}

static inline unsigned char *at(const struct lpc_view *v, __u64 offset)
{
	return (unsigned char *)v->base + offset;
}

/* ------------------------------------------------------------ what is there */

/* How many mappings this process has */
static inline int mappings(void)
{
	static char buf[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), n = 0;
	ssize_t got, i;

	while ((got = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < got; i++)
			n += buf[i] == '\n';
	close(fd);
	return n;
}

/* The letters of /proc/self/maps for the mapping at @base, e.g. "rw-s" */
static inline bool mapped_as(const void *base, const char *letters)
{
	unsigned long start;
	char line[512], perm[8];
	bool found = false;
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%lx-%*x %7s", &start, perm) == 2 &&
			start == (unsigned long)base;
	if (f)
		fclose(f);
	return found && !strcmp(perm, letters);
}

/* Kilobytes of shared memory in this machine, to the page */
static inline long shmem_kb(void)
{
	/* folds what each CPU has counted for itself */
	write_file("/proc/sys/vm/stat_refresh", "1");
	return read_keyed("/proc/meminfo", "Shmem:");
}

/*
 * The same when nobody writes to a tmpfs any more, as the log of this very run
 * does.
 */
static inline long shmem_settled(void)
{
	long before = shmem_kb(), now = before;

	while (!STAYS((now = shmem_kb()) == before))
		before = now;
	return before;
}

static inline int64_t section_bytes(void)
{
	return limit_in_use(LPC_LIMIT_SECTION_BYTES);
}

/* So little address space that @bytes more are too much */
static inline rlim_t space_forbid(__u64 bytes)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!f || fscanf(f, "%lu", &pages) != 1)
		abort();
	fclose(f);
	return limit_set(RLIMIT_AS, pages * PAGE + bytes);
}

static inline void space_allow(rlim_t old)
{
	limit_set(RLIMIT_AS, old);
}

/* A deadline that the way to it must not overtake: some kernels are slow. */
static inline unsigned int slowly(unsigned int ms)
{
	return has_feature(LPC_HAS_DEBUG) ? 8 * ms : ms;
}

/* ------------------------------------------------------------- what is safe */

static sigjmp_buf touched_badly;

static void on_bad_touch(int sig)
{
	siglongjmp(touched_badly, sig);
}

/* The signal that writing (or only reading) one byte at @p raises here, or 0 */
static inline int touch(const void *p, bool writing)
{
	struct sigaction sa = { .sa_handler = on_bad_touch }, segv, bus;
	/* checkpatch: VOLATILE: the access itself is what counts */
	volatile unsigned char *c = (volatile unsigned char *)p;
	int sig;

	sigaction(SIGSEGV, &sa, &segv);
	sigaction(SIGBUS, &sa, &bus);
	sig = sigsetjmp(touched_badly, 1);
	if (!sig) {
		if (writing)
			*c = *c;
		else
			(void)*c;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return sig;
}

/* ----------------------------------------------------------- fault injection */

/* One for the whole process: to open it anew may fail, too. */
static inline int fail_nth(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fd;
}

/*
 * fail_at(n): the n-th thing from here that can fail in this thread does, be
 * it an allocation or a copy; failed(): did it? Then nothing fails any more.
 * Only where can_fail() says so.
 */
static inline bool can_fail(void)
{
	static const char * const all[] = {
		"failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/ignore-gfp-highmem",
	};
	char path[96];
	size_t i;

	/* Then everything does, and in its own order. */
	if (fail_swept())
		return false;
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", all[i]);
		if (write_file(path, "N"))
			return false;
	}
	return !write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0") &&
	       fail_nth() >= 0;
}

static inline void fail_at(int n)
{
	/* This copy may be one that fails, too; the next is not. */
	if (dprintf(fail_nth(), "%d", n) <= 0 &&
	    dprintf(fail_nth(), "%d", n) <= 0)
		abort();
}

static inline bool failed(void)
{
	char left[16] = "";

	/* The copy may be the one that fails: then nothing had before. */
	if (pread(fail_nth(), left, sizeof(left) - 1, 0) <= 0)
		left[0] = '1';
	fail_at(0);
	return atoi(left) == 0;
}

#endif /* SELFTESTS_COMMON_SECTION_H */
