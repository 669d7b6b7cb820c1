// SPDX-License-Identifier: GPL-2.0-only
/*
 * count.c - what two processes do while they work: switches, system calls, wakes
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "count.h"

#define FIRST_PID_NS	0xeffffffcu	/* the same on every kernel */

static double switches_of(const char *path)
{
	double sum = 0;
	char line[256];
	long n;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += (double)n;
	if (f)
		fclose(f);
	return sum;
}

/* The threads of a process, at most @max */
static int threads_of(pid_t pid, pid_t *tid, int max)
{
	const struct dirent *e;
	char path[64];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (!d)
		return 0;
	while (n < max && (e = readdir(d)))
		if (e->d_name[0] != '.')
			tid[n++] = atoi(e->d_name);
	closedir(d);
	return n;
}

double count_switches(pid_t pid)
{
	pid_t tid[COUNTED_THREADS];
	int n = threads_of(pid, tid, COUNTED_THREADS);
	char path[64];
	double sum = 0;

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid[i]);
		sum += switches_of(path);
	}
	return sum;
}

uint64_t count_kernel_bytes(void)
{
	static const char *const of[] = {
		"Slab:", "KernelStack:", "Percpu:", "Shmem:", "VmallocUsed:",
	};
	unsigned long long sum = 0, n;
	char line[128], name[32];
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31s %llu", name, &n) != 2)
			continue;
		for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
			if (strcmp(name, of[i]) == 0)
				sum += n * 1024;
	}
	if (f)
		fclose(f);
	return sum;
}

/* The number of a trace event, negative where there is none */
static long event_id(const char *event)
{
	static const char *const at[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	long id = -1;

	for (size_t i = 0; i < sizeof(at) / sizeof(*at) && id < 0; i++) {
		char path[160];
		FILE *f;

		snprintf(path, sizeof(path), "%s/events/%s/id", at[i], event);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "%ld", &id) != 1)
			id = -1;
		fclose(f);
	}
	return id;
}

static int counter(long id, int cpu, const char *filter)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(a), .config = (uint64_t)id,
		.disabled = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &a, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

static void drop(struct counter *c)
{
	for (int i = 0; i < c->n; i++)
		close(c->fd[i]);
	free(c->fd);
	c->fd = NULL;
	c->n = 0;
}

/* One on each CPU, not yet enabled. None, if one cannot be had */
static void prepare(struct counter *c, const char *event, const char *filter)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	long id = event_id(event);

	c->n = 0;
	c->fd = id < 0 ? NULL : calloc((size_t)cpus, sizeof(*c->fd));
	for (int cpu = 0; c->fd && cpu < cpus; cpu++) {
		int fd = counter(id, cpu, filter);

		if (fd >= 0)
			c->fd[c->n++] = fd;
		else if (errno != ENODEV)	/* that CPU is offline */
			drop(c);
	}
}

/* A round trip's share of all */
static double end(struct counter *c, uint32_t turns)
{
	double sum = c->n ? 0 : -1;
	uint64_t n;

	for (int i = 0; i < c->n && sum >= 0; i++) {
		if (read(c->fd[i], &n, sizeof(n)) == sizeof(n))
			sum += (double)n;
		else
			sum = -1;
	}
	drop(c);
	return sum < 0 ? -1 : sum / turns;
}

static bool in_first_pid_ns(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PID_NS;
}

/*
 * By CPU and not by thread: while a thread has events of its own, and for a second
 * after, each switch on this machine calls perf twice, 210 instructions a round trip.
 */
void count_begin(struct counters *c, pid_t a, pid_t b)
{
	char filter[COUNTED_THREADS * sizeof("common_pid==2147483648||")] = "";
	pid_t tid[COUNTED_THREADS];
	size_t at = 0;
	int n;

	n = threads_of(a, tid, COUNTED_THREADS);
	n += threads_of(b, tid + n, COUNTED_THREADS - n);
	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(filter + at, sizeof(filter) - at, "%scommon_pid==%d",
				       i ? "||" : "", tid[i]);
	/* a trace event says what a thread's number is there */
	if (n == 0 || !in_first_pid_ns()) {
		memset(c, 0, sizeof(*c));
		return;
	}
	prepare(&c->calls, "raw_syscalls/sys_enter", filter);
	prepare(&c->wakes, "sched/sched_waking", filter);
	/* all that this thread has opened */
	prctl(PR_TASK_PERF_EVENTS_ENABLE);
}

void count_end(struct counters *c, uint32_t turns, double *calls, double *wakes)
{
	prctl(PR_TASK_PERF_EVENTS_DISABLE);
	*calls = end(&c->calls, turns);
	*wakes = end(&c->wakes, turns);
}
