/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common_ring.h - a quick channel with both of its sides in this process, without
 * a kernel that has any part in it
 */
#ifndef LPC_SELFTESTS_COMMON_RING_H
#define LPC_SELFTESTS_COMMON_RING_H

#include "user_events.h"

#include <lpc.h>

#include "line.h"
#include "quick.h"

#ifdef __SANITIZE_THREAD__
/* The harness forks before any thread is there. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

#define TSAN 1
#else
#define TSAN 0
#endif

/* ---- memory: pages, each with unmapped ones around ------------------------ */

/*
 * ThreadSanitizer knows memory by its address, so it sees both sides use the
 * same maps: the first munmap() of each is not done.
 */
#define SHARED_MAX 8
static struct {
	void *at;
	bool once;
} shared[SHARED_MAX];

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

/* checkpatch: AVOID_EXTERNS: the linker's names, for --wrap */
int __real_munmap(void *at, size_t size);
/* checkpatch: AVOID_EXTERNS: likewise */
int __wrap_munmap(void *at, size_t size);
int __wrap_munmap(void *at, size_t size)
{
	bool first = false;
	int i;

	pthread_mutex_lock(&shared_lock);
	for (i = 0; i < SHARED_MAX; i++) {
		if (!at || shared[i].at != at)
			continue;
		first = !shared[i].once;
		shared[i].once = true;
		if (!first)
			shared[i].at = NULL;
	}
	pthread_mutex_unlock(&shared_lock);
	return first ? 0 : __real_munmap(at, size);
}

static inline void share(void *at)
{
	int i = 0;

	while (shared[i].at)
		i++;
	shared[i].at = at;
	shared[i].once = false;
}

static inline void *map_guarded(int fd, size_t offset, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, size + 2 * page, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	at = mmap(at + page, size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED, fd, offset);
	if (at == MAP_FAILED)
		abort();
	return at;
}

/* ---- a channel with both of its sides in this process --------------------- */

struct rig {
	struct lpc_server server;
	struct client client;
	struct user_pair pair;
	struct lpc_quick *q;
	struct line *line;
	struct channel_page *page;	/* a third party's maps */
	char *view;
	uint32_t bytes;
	pthread_t thread;
	int ret;			/* what ended the server's side */
	bool runs, ended;
	/* of the handlers */
	atomic_uint served, bad;
	struct lpc_req *_Atomic kept[64];
	atomic_uint nkept;
	atomic_bool hold;
};

static inline void *server_thread(void *arg)
{
	struct rig *r = arg;

	r->ret = lpc_line_run(r->line);
	lpc_line_end(r->line);
	return NULL;
}

static inline void rig_map(struct rig *r, struct channel_page **page, void **view)
{
	size_t one = sysconf(_SC_PAGESIZE), size = lpc_rings_size(r->bytes);
	int fd = memfd_create("ring", MFD_CLOEXEC);
	int i;

	if (fd < 0 || ftruncate(fd, one + size))
		abort();
	for (i = 0; i < 3; i++) {
		if (i && TSAN) {
			page[i] = page[0];
			view[i] = view[0];
			continue;
		}
		page[i] = map_guarded(fd, 0, one);
		view[i] = map_guarded(fd, one, size);
	}
	if (TSAN) {
		share(page[0]);
		share(view[0]);
	}
	close(fd);
}

static inline void rig_make(struct rig *r, lpc_handler *handler, uint32_t bytes)
{
	struct channel_page *page[3];
	void *view[3];

	memset(r, 0, sizeof(*r));
	r->bytes = lpc_ring_bytes(bytes);
	rig_map(r, page, view);
	r->page = page[2];
	r->view = view[2];
	user_pair_init(&r->pair, &page[2]->event);
	pthread_mutex_init(&r->server.lock, NULL);
	pthread_cond_init(&r->server.idle, NULL);
	r->server.refs = 1000;		/* is not to be freed */
	r->server.mark = lpc_fork_mark();
	r->server.handler = handler;
	r->server.arg = r;
	r->q = calloc(1, sizeof(*r->q));
	r->q->mark = lpc_fork_mark();
	r->client.refs = 1;
	r->line = lpc_line_new(&r->server, &r->client, r->bytes);
	if (lpc_channel_init(&r->q->ch, CHANNEL_CLIENT, user_end(&r->pair),
			     page[0], view[0], r->bytes) ||
	    lpc_channel_init(&r->line->ch, CHANNEL_SERVER, user_end(&r->pair),
			     page[1], view[1], r->bytes))
		abort();
}

static inline void rig_start(struct rig *r)
{
	pthread_create(&r->thread, NULL, server_thread, r);
	r->runs = true;
}

static inline void rig_join(struct rig *r)
{
	if (r->runs)
		pthread_join(r->thread, NULL);
	else if (!r->ended)
		lpc_line_end(r->line);
	r->runs = false;
	r->ended = true;
}

static inline void rig_close(struct rig *r)
{
	struct lpc_quick *q = r->q;

	lpc_quick_close(q);
	rig_join(r);
	lpc_line_put(r->line);
	lpc_fork_unmark(r->server.mark);
	if (!TSAN) {
		munmap(r->page, sysconf(_SC_PAGESIZE));
		munmap(r->view, lpc_rings_size(r->bytes));
	}
}

/* ---- payloads that can be told from any other ----------------------------- */

static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void fill(unsigned char *p, size_t len, uint64_t seed)
{
	uint64_t state = seed * 2654435761u + 88172645463325252u;
	size_t i;

	for (i = 0; i < len; i += 8) {
		uint64_t w = next_random(&state);

		memcpy(p + i, &w, len - i < 8 ? len - i : 8);
	}
}

static inline int echo_handler(struct lpc_req *req, void *arg)
{
	struct rig *r = arg;

	r->served++;
	while (r->hold)
		nap();
	return lpc_reply(req, 0, req->data, req->len);
}

#endif /* LPC_SELFTESTS_COMMON_RING_H */
