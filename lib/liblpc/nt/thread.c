// SPDX-License-Identifier: MIT
/* The one thing that is a thread's own, made when it is first needed. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <lpc.h>

#include "status.h"
#include "table.h"
#include "thread.h"
#include "user.h"

/**
 * struct nt_thread - what a thread has
 * @pair: descriptors of its own of each end of its event pair, or -1
 * @self: what it was before it acted for a client, or NULL
 */
struct nt_thread {
	int		pair[2];
	struct lpc_self	*self;
};

static __thread struct nt_thread *own;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;	/* has it too, for thread_exit() to be called */
static bool has_key;

static void pair_close(struct nt_thread *t)
{
	int i, saved = errno;

	for (i = 0; i < 2; i++) {
		if (t->pair[i] >= 0)
			close(t->pair[i]);
		t->pair[i] = -1;
	}
	errno = saved;
}

static void thread_exit(void *arg)
{
	struct nt_thread *t = arg;

	own = NULL;
	pair_close(t);
	lpc_revert(t->self);
	free(t);
}

static void first_use(void)
{
	has_key = !pthread_key_create(&key, thread_exit);
}

/* The calling thread's; NULL if it has none and @make is false, or no memory. */
static struct nt_thread *mine(bool make)
{
	struct nt_thread *t;

	if (own || !make)
		return own;
	pthread_once(&once, first_use);
	if (!has_key)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->pair[0] = -1;
	t->pair[1] = -1;
	if (pthread_setspecific(key, t)) {
		free(t);
		return NULL;
	}
	own = t;
	return t;
}

/**
 * nt_thread_forked - this is the child's one thread
 *
 * Whom its parent acted for it cannot undo: lpc_revert(3).
 */
void nt_thread_forked(void)
{
	struct nt_thread *t = mine(false);

	if (t) {
		pair_close(t);
		t->self = NULL;
	}
}

/**
 * nt_thread_pair - the calling thread's event pair
 *
 * Return: one end of it, or -1.
 */
int nt_thread_pair(void)
{
	struct nt_thread *t = mine(false);

	return t ? t->pair[0] : -1;
}

static NTSTATUS set_pair(const struct nt_object *o)
{
	struct nt_thread *t = mine(true);
	int saved = errno, low, high;

	if (!t)
		return STATUS_NO_MEMORY;
	low = fcntl(o->fd, F_DUPFD_CLOEXEC, 0);
	high = fcntl(o->high, F_DUPFD_CLOEXEC, 0);
	if (low < 0 || high < 0) {
		if (low >= 0)
			close(low);
		errno = saved;
		return STATUS_TOO_MANY_OPENED_FILES;
	}
	errno = saved;
	pair_close(t);
	t->pair[0] = low;
	t->pair[1] = high;
	return STATUS_SUCCESS;
}

/**
 * nt_thread_revert - the calling thread acts for itself
 */
NTSTATUS nt_thread_revert(void)
{
	struct nt_thread *t = mine(false);
	int r;

	if (!t || !t->self)
		return STATUS_SUCCESS;
	r = lpc_revert(t->self);
	t->self = NULL;
	return r ? STATUS_PRIVILEGE_NOT_HELD : STATUS_SUCCESS;
}

/**
 * nt_thread_impersonate - the calling thread acts for who waits
 * @fd: a server end
 * @id: of the request that came over it
 * @callback: its callback id, or 0
 *
 * While it acts for somebody it may not ask for another: so first it is itself.
 */
NTSTATUS nt_thread_impersonate(int fd, uint64_t id, uint64_t callback)
{
	struct nt_thread *t = mine(true);
	NTSTATUS s;
	int r;

	if (!t)
		return STATUS_NO_MEMORY;
	s = nt_thread_revert();
	if (s)
		return s;
	r = lpc_impersonate_on(&t->self, fd, id, callback);
	switch (r) {
	case -EPERM:
		return STATUS_PRIVILEGE_NOT_HELD;
	case -EAGAIN:
	case -ECANCELED:
		return STATUS_REPLY_MESSAGE_MISMATCH;
	}
	return nt_status(r);
}

static NTSTATUS set(THREADINFOCLASS class, HANDLE h)
{
	struct nt_object *o;
	NTSTATUS s;

	if (class == ThreadImpersonationToken)
		return h ? STATUS_INVALID_HANDLE : nt_thread_revert();
	s = nt_hold(h, NT_IS(NT_EVENT_PAIR), &o);
	if (s)
		return s;
	s = set_pair(o);
	nt_drop(o);
	return s;
}

NTSTATUS NTAPI NtSetInformationThread(HANDLE ThreadHandle,
				      THREADINFOCLASS ThreadInformationClass,
				      PVOID ThreadInformation, ULONG ThreadInformationLength)
{
	HANDLE h;
	NTSTATUS s;

	if (ThreadInformationClass != ThreadEventPair &&
	    ThreadInformationClass != ThreadImpersonationToken)
		return STATUS_INVALID_INFO_CLASS;
	if (ThreadInformationLength != sizeof(h))
		return STATUS_INFO_LENGTH_MISMATCH;
	s = nt_get(&h, ThreadInformation, sizeof(h));
	if (s)
		return s;
	if (ThreadHandle != NtCurrentThread())
		return STATUS_INVALID_HANDLE;
	return set(ThreadInformationClass, h);
}
