// SPDX-License-Identifier: GPL-2.0-only
/*
 * progress.c - how far a long payload is, on stderr, from two seconds on
 *
 * A thread tells, for the one that works may sit in a system call.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lpcctl.h"
#include "progress.h"
#include "text.h"

#define FIRST_S		2
#define LONG		65536u	/* what is shorter is none of our affair */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	pthread_t thread;
	bool running;		/* the thread is there; owner's alone */
	bool over;		/* it shall go; lock */
	const char *doing, *what;
	uint64_t total, begin;
	atomic_ullong bytes;
} progress = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* On a terminal a line that is written over, elsewhere one after the other. */
static void tell(bool tty)
{
	uint64_t bytes = atomic_load(&progress.bytes);
	char done[32], all[32], age[32];

	text_span(time_now() - progress.begin, age, sizeof(age));
	text_size(bytes, done, sizeof(done));
	text_size(progress.total, all, sizeof(all));
	fprintf(stderr, "%slpcctl: %s %s: ", tty ? "\r\033[K" : "", progress.doing,
		progress.what);
	if (bytes && progress.total)
		fprintf(stderr, "%s of %s, ", done, all);
	else if (bytes || progress.total)
		fprintf(stderr, "%s, ", bytes ? done : all);
	fprintf(stderr, "%s%s", age, tty ? "" : "\n");
	fflush(stderr);
}

static void *watch(void *unused)
{
	bool tty = isatty(STDERR_FILENO), told = false;
	struct timespec next;
	time_t wait = FIRST_S;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&progress.lock);
	for (;;) {
		int r = 0;

		next.tv_sec += wait;
		while (!progress.over && r == 0)
			r = pthread_cond_timedwait(&progress.ended, &progress.lock, &next);
		if (progress.over)
			break;
		tell(tty);
		/* a log is to hold few of them: after 2, 4, 8 ... seconds */
		wait = tty ? 1 : told ? 2 * wait : FIRST_S;
		told = true;
	}
	if (tty && told)
		fputs("\r\033[K", stderr);
	pthread_mutex_unlock(&progress.lock);
	return NULL;
}

void progress_begin(const char *doing, const char *what, uint64_t total)
{
	pthread_condattr_t attr;
	sigset_t all, old;

	if (opt.quiet || (total && total < LONG))
		return;
	progress.doing = doing;
	progress.what = what;
	progress.total = total;
	progress.begin = time_now();
	progress.over = false;
	atomic_store(&progress.bytes, 0);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&progress.ended, &attr);
	pthread_condattr_destroy(&attr);
	/* signals are for the thread that works */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	progress.running = pthread_create(&progress.thread, NULL, watch, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!progress.running)
		pthread_cond_destroy(&progress.ended);
}

void progress_at(uint64_t bytes)
{
	atomic_store(&progress.bytes, bytes);
}

void progress_end(void)
{
	if (!progress.running)
		return;
	pthread_mutex_lock(&progress.lock);
	progress.over = true;
	pthread_cond_signal(&progress.ended);
	pthread_mutex_unlock(&progress.lock);
	pthread_join(progress.thread, NULL);
	pthread_cond_destroy(&progress.ended);
	progress.running = false;
}
