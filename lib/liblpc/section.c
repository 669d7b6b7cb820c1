// SPDX-License-Identifier: MIT
/* Sections of a client: made, mapped, left; the messages that lie in them. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "annotate.h"
#include "fork.h"
#include "section.h"

/*
 * Returns its descriptor. All of it is allocated here, which a signal would
 * end: they wait.
 */
int lpc_section_make(int dev, size_t size)
{
	struct lpc_section_make a = { .size = size };
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = lpc_sys_section(dev, &a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r == -ENOTTY)
		return -EOPNOTSUPP;
	return r < 0 ? r : a.fd;
}

/* Before there is a mapping, so that nothing can fail when there is. */
struct section *lpc_section_new(void)
{
	struct section *s = calloc(1, sizeof(*s));
	struct piece *all = calloc(1, sizeof(*all));
	const int *mark = lpc_fork_mark();

	if (!s || !all || !mark) {
		if (mark)
			lpc_fork_unmark(mark);
		free(all);
		free(s);
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->mark = mark;
	s->fd = -1;
	s->refs = 1;
	s->first = all;
	return s;
}

void lpc_section_map(struct section *s, void *base, size_t size)
{
	annotate_written(base, size);
	s->base = base;
	s->size = size;
	s->first->length = size;
}

/* From now on @fd is the end that it belongs to. */
void lpc_section_join(struct section *s, int fd)
{
	pthread_mutex_lock(&s->lock);
	s->fd = fd;
	pthread_mutex_unlock(&s->lock);
}

static void free_pieces(struct piece *p)
{
	struct piece *next;

	for (; p; p = next) {
		next = p->next;
		free(p);
	}
}

/*
 * In a child of fork() there is no mapping, and the pieces are as some thread
 * left them in the middle of its work.
 */
void lpc_section_free(struct section *s)
{
	if (!lpc_forked(s->mark)) {
		int saved = errno;

		if (s->base)
			munmap(s->base, s->size);
		errno = saved;
		free_pieces(s->first);
		free_pieces(s->spare);
		pthread_mutex_destroy(&s->lock);
	}
	lpc_fork_unmark(s->mark);
	free(s);
}

/*
 * The connection has no use for it any more; NULL: it had none. In a child, for
 * a buffer too: one thread, and a lock that nobody may ever release.
 */
void lpc_section_leave(struct section *s)
{
	bool last;

	if (!s)
		return;
	if (lpc_forked(s->mark)) {
		last = !--s->refs;
	} else {
		pthread_mutex_lock(&s->lock);
		s->fd = -1;
		last = !--s->refs;
		pthread_mutex_unlock(&s->lock);
	}
	if (last)
		lpc_section_free(s);
}

/*
 * Starts a request. With a piece it lies there if it is long; its reply may in
 * either case. What is there already is not copied.
 */
int lpc_section_fill(struct message *b, uint32_t code, const void *req, size_t len,
		     const struct section *s, const struct piece *p)
{
	bool far = p && len > LPC_INLINE_MAX;
	int r = message_init(b, code, req, far ? 0 : len);

	if (r < 0 || !p)
		return r;
	b->m.section = LPC_SECTION_CLIENT;
	b->m.offset = p->offset;
	b->m.length = p->length;
	if (far) {
		b->m.len = (uint32_t)len;
		if (req != piece_data(s, p))
			memmove(piece_data(s, p), req, len);
	}
	return 0;
}

/* Where a reply's payload is; NULL: not where the kernel lets it be. */
const void *lpc_section_payload(const struct message *b, const struct section *s,
				const struct piece *p)
{
	const struct lpc_msg *m = &b->m;

	if (m->len <= LPC_INLINE_MAX)
		return b->data;
	if (!p || m->section != LPC_SECTION_CLIENT || m->offset < p->offset ||
	    m->offset - p->offset > p->length ||
	    m->len > p->length - (m->offset - p->offset))
		return NULL;
	return s->base + m->offset;
}
