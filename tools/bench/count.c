// SPDX-License-Identifier: GPL-2.0-only
/*
 * count.c - what two processes do while they work: switches, system calls, wakes
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "count.h"

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

static int counter(const char *event, pid_t pid)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(a), .inherit = 1,
	};
	long id = event_id(event);

	if (id < 0)
		return -1;
	a.config = (uint64_t)id;
	return (int)syscall(SYS_perf_event_open, &a, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void count_begin(struct counters *c, pid_t a, pid_t b)
{
	pid_t tid[COUNTED_THREADS];
	int i;

	c->threads = threads_of(a, tid, COUNTED_THREADS);
	c->threads += threads_of(b, tid + c->threads, COUNTED_THREADS - c->threads);
	for (i = 0; i < c->threads; i++) {
		c->calls[i] = counter("raw_syscalls/sys_enter", tid[i]);
		c->wakes[i] = counter("sched/sched_waking", tid[i]);
	}
	for (i = 0; i < c->threads; i++) {
		ioctl(c->calls[i], PERF_EVENT_IOC_RESET, 0);
		ioctl(c->wakes[i], PERF_EVENT_IOC_RESET, 0);
	}
}

/* A round trip's share of all */
static double share(const int *fd, int threads, uint32_t turns)
{
	double sum = 0;
	uint64_t n;

	for (int i = 0; i < threads; i++) {
		if (read(fd[i], &n, sizeof(n)) != sizeof(n))
			return -1;
		sum += (double)n;
	}
	return sum / turns;
}

void count_end(struct counters *c, uint32_t turns, double *calls, double *wakes)
{
	*calls = share(c->calls, c->threads, turns);
	*wakes = share(c->wakes, c->threads, turns);
	for (int i = 0; i < c->threads; i++) {
		close(c->calls[i]);
		close(c->wakes[i]);
	}
}
