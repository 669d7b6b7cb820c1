// SPDX-License-Identifier: MIT
/*
 * The table behind table.h. Looking a handle up takes no lock: places are never
 * given back to the allocator, and what stands in one stays while it is held.
 *
 * A child of fork() starts with an empty one: NT's handles are not inherited, and
 * a child that kept them open would keep its parent's ports alive.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lpc/raw.h>

#include "status.h"
#include "table.h"
#include "thread.h"

#define NT_OPEN		0x80000000u
#define CHUNK		256u
#define CHUNKS		256u

/**
 * struct nt_mapping - a view in this process
 * @next: in the table's list
 * @base: where
 * @size: bytes
 * @owner: the port it lives as long as, NULL for one of NtMapViewOfSection()
 */
struct nt_mapping {
	struct nt_mapping	*next;
	void			*base;
	size_t			size;
	const struct nt_object	*owner;
};

/**
 * struct nt_kept - a port that a thread has registered on: it stays open until
 *	that thread is gone
 * @next: in the table's list
 * @object: held
 * @tid: the thread
 */
struct nt_kept {
	struct nt_kept		*next;
	struct nt_object	*object;
	pid_t			tid;
};

/**
 * struct nt_table - all that this process has
 * @lock: all but looking up
 * @chunk: CHUNK places each; set once
 * @hint: no place before this one is free
 * @dev: /dev/lpc; -1: not opened yet
 * @views: views that are mapped
 * @kept: ports that wait for a thread's end
 */
static struct nt_table {
	pthread_mutex_t			lock;
	struct nt_object		*_Atomic chunk[CHUNKS];
	unsigned int			hint;
	atomic_int			dev;
	struct nt_mapping		*views;
	struct nt_kept			*kept;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER, .dev = -1 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void lock(void)
{
	pthread_mutex_lock(&table.lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&table.lock);
}

static void close_fd(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* The child has none of it. Its views are not there: they are not inherited. */
static void forked(void)
{
	struct nt_object *chunk, *o;
	struct nt_mapping *view;
	struct nt_kept *kept;
	unsigned int i, j;

	for (i = 0; i < CHUNKS; i++) {
		chunk = atomic_load(&table.chunk[i]);
		for (j = 0; chunk && j < CHUNK; j++) {
			o = &chunk[j];
			if (o->type > NT_RESERVED) {
				close_fd(o->fd);
				close_fd(o->high);
				free(o->name);
			}
			memset(o, 0, sizeof(*o));
		}
	}
	while ((view = table.views)) {
		table.views = view->next;
		free(view);
	}
	while ((kept = table.kept)) {
		table.kept = kept->next;
		free(kept);
	}
	nt_thread_forked();
	close_fd(atomic_exchange(&table.dev, -1));
	table.hint = 0;
	unlock();
}

static void first_use(void)
{
	pthread_atfork(lock, unlock, forked);
}

/**
 * nt_device - the descriptor of /dev/lpc
 *
 * Return: it, or a negative errno.
 */
int nt_device(void)
{
	int fd = atomic_load_explicit(&table.dev, memory_order_acquire);

	if (fd >= 0)
		return fd;
	pthread_once(&once, first_use);
	lock();
	fd = atomic_load(&table.dev);
	if (fd < 0) {
		fd = lpc_sys_open();
		if (fd >= 0)
			atomic_store(&table.dev, fd);
	}
	unlock();
	return fd;
}

static struct nt_object *at(unsigned int place)
{
	struct nt_object *chunk = NULL;

	if (place / CHUNK < CHUNKS)
		chunk = atomic_load_explicit(&table.chunk[place / CHUNK], memory_order_acquire);
	return chunk ? &chunk[place % CHUNK] : NULL;
}

/* A free place from @table.hint on, in a new chunk if need be. Locked. */
static struct nt_object *free_place(unsigned int *place)
{
	struct nt_object *o, *chunk;
	unsigned int i;

	for (i = table.hint; i < CHUNK * CHUNKS; i++) {
		if (!at(i)) {
			chunk = calloc(CHUNK, sizeof(*chunk));
			if (!chunk)
				return NULL;
			atomic_store_explicit(&table.chunk[i / CHUNK], chunk,
					      memory_order_release);
		}
		o = at(i);
		if (o->type == NT_FREE) {
			*place = i;
			return o;
		}
	}
	return NULL;
}

/**
 * nt_reserve - a place for a handle to be
 * @o: the place
 * @h: its value, which is no handle yet
 */
NTSTATUS nt_reserve(struct nt_object **o, HANDLE *h)
{
	unsigned int place = 0;

	pthread_once(&once, first_use);
	lock();
	*o = free_place(&place);
	if (*o) {
		(*o)->type = NT_RESERVED;
		table.hint = place + 1;
	}
	unlock();
	*h = (HANDLE)(((uintptr_t)place + 1) * 4);
	return *o ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

/**
 * nt_publish - it is a handle now
 * @o: reserved
 * @type: of what
 * @fd: its descriptor, the table's from now on
 * @high: likewise, or -1
 */
void nt_publish(struct nt_object *o, enum nt_type type, int fd, int high)
{
	o->fd = fd;
	o->high = high;
	o->type = (unsigned char)type;
	atomic_store_explicit(&o->held, NT_OPEN, memory_order_release);
}

/* Locked. */
static void give_back(struct nt_object *o)
{
	unsigned int i;

	o->type = NT_FREE;
	o->waitable = false;
	for (i = 0; i < CHUNKS; i++) {
		struct nt_object *chunk = atomic_load(&table.chunk[i]);

		if (chunk && o >= chunk && o < chunk + CHUNK) {
			i = i * CHUNK + (unsigned int)(o - chunk);
			break;
		}
	}
	if (i < table.hint)
		table.hint = i;
}

/**
 * nt_abandon - there will be no handle
 * @o: reserved
 */
void nt_abandon(struct nt_object *o)
{
	lock();
	give_back(o);
	unlock();
}

/* The views that live as long as @o. Locked. Return: a list of its own. */
static struct nt_mapping *take_views(const struct nt_object *o)
{
	struct nt_mapping **p = &table.views, *view, *taken = NULL;

	while ((view = *p)) {
		if (view->owner != o) {
			p = &view->next;
			continue;
		}
		*p = view->next;
		view->next = taken;
		taken = view;
	}
	return taken;
}

/* Nobody holds it and it is no handle any more. */
static void destroy(struct nt_object *o)
{
	struct nt_mapping *views, *next;
	int fd = o->fd, high = o->high;
	char *name;

	lock();
	views = take_views(o);
	name = o->name;
	o->name = NULL;
	give_back(o);
	unlock();
	for (; views; views = next) {
		next = views->next;
		munmap(views->base, views->size);
		free(views);
	}
	free(name);
	close_fd(fd);
	close_fd(high);
}

/* Not if it is closed meanwhile. */
static bool hold(struct nt_object *o)
{
	uint32_t held = atomic_load_explicit(&o->held, memory_order_relaxed);

	do {
		if (!(held & NT_OPEN))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&o->held, &held, held + 1,
							memory_order_acquire,
							memory_order_relaxed));
	return true;
}

/**
 * nt_hold - what a handle stands for, to work with
 * @h: the handle
 * @types: NT_IS() of those that will do
 * @o: held, on success
 *
 * Return: STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH.
 */
NTSTATUS nt_hold(HANDLE h, unsigned int types, struct nt_object **o)
{
	uintptr_t place = (uintptr_t)h / 4 - 1;
	struct nt_object *found;

	found = place < CHUNK * CHUNKS ? at((unsigned int)place) : NULL;
	if (!found || !hold(found))
		return STATUS_INVALID_HANDLE;
	if (!(NT_IS(found->type) & types)) {
		nt_drop(found);
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	*o = found;
	return STATUS_SUCCESS;
}

/**
 * nt_drop - done with it
 * @o: held
 */
void nt_drop(struct nt_object *o)
{
	if (atomic_fetch_sub_explicit(&o->held, 1, memory_order_acq_rel) == 1)
		destroy(o);
}

/**
 * nt_next - all objects of a type, one after the other
 * @type: which
 * @place: 0 at first
 *
 * Return: held, or NULL.
 */
struct nt_object *nt_next(enum nt_type type, unsigned int *place)
{
	struct nt_object *o;

	while ((o = at(*place))) {
		++*place;
		if (!hold(o))
			continue;
		if (o->type == type)
			return o;
		nt_drop(o);
	}
	return NULL;
}

/**
 * nt_named - the event pair with a name, or a new one gets it
 * @name: the name
 * @fresh: held; is to have it if nobody has; NULL: none is
 *
 * Return: held, the one that has it; @fresh itself without being held once more;
 * NULL if nobody has or there is no memory.
 */
struct nt_object *nt_named(const char *name, struct nt_object *fresh)
{
	struct nt_object *o, *found = NULL;
	unsigned int i;

	lock();
	for (i = 0; !found && (o = at(i)); i++)
		if (o->type == NT_EVENT_PAIR && o->name && !strcmp(o->name, name) && hold(o))
			found = o;
	if (!found && fresh) {
		fresh->name = strdup(name);
		if (fresh->name)
			found = fresh;
	}
	unlock();
	return found;
}

/**
 * nt_view_add - remember a view
 * @base: where
 * @size: bytes
 * @owner: the port it lives as long as, or NULL
 */
NTSTATUS nt_view_add(void *base, size_t size, const struct nt_object *owner)
{
	struct nt_mapping *view = malloc(sizeof(*view));

	if (!view)
		return STATUS_NO_MEMORY;
	view->base = base;
	view->size = size;
	view->owner = owner;
	lock();
	view->next = table.views;
	table.views = view;
	unlock();
	return STATUS_SUCCESS;
}

/**
 * nt_view_remove - unmap a view
 * @base: where it begins
 */
NTSTATUS nt_view_remove(void *base)
{
	struct nt_mapping **p, *view;

	lock();
	for (p = &table.views; (view = *p); p = &view->next)
		if (view->base == base) {
			*p = view->next;
			break;
		}
	unlock();
	if (!view)
		return STATUS_NOT_MAPPED_VIEW;
	munmap(view->base, view->size);
	free(view);
	return STATUS_SUCCESS;
}

/* Ports of threads that are gone need not stay open for them. */
static void reap_kept(void)
{
	struct nt_kept **p, *kept, *gone = NULL;

	lock();
	for (p = &table.kept; (kept = *p);) {
		if (nt_thread_exists(getpid(), kept->tid)) {
			p = &kept->next;
			continue;
		}
		*p = kept->next;
		kept->next = gone;
		gone = kept;
	}
	unlock();
	for (; gone; gone = kept) {
		kept = gone->next;
		nt_drop(gone->object);
		free(gone);
	}
}

/**
 * nt_keep_for_thread - a port stays open until the calling thread has exited
 * @o: held; keeps that on success
 */
NTSTATUS nt_keep_for_thread(struct nt_object *o)
{
	struct nt_kept *kept = malloc(sizeof(*kept));

	reap_kept();
	if (!kept)
		return STATUS_INSUFFICIENT_RESOURCES;
	kept->object = o;
	kept->tid = (pid_t)syscall(SYS_gettid);
	lock();
	kept->next = table.kept;
	table.kept = kept;
	unlock();
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtClose(HANDLE Handle)
{
	struct nt_object *o;
	NTSTATUS s = nt_hold(Handle, ~0u, &o);

	if (s)
		return s;
	/* Of two that close it one has been the first. */
	if (!(atomic_fetch_and(&o->held, ~NT_OPEN) & NT_OPEN))
		s = STATUS_INVALID_HANDLE;
	nt_drop(o);
	reap_kept();
	return s;
}
