// SPDX-License-Identifier: GPL-2.0-only
/*
 * count.c - what two processes do while they work: switches, system calls, wakes
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
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

double count_switches(pid_t pid)
{
	const struct dirent *e;
	char path[320];
	double sum = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, e->d_name);
		sum += switches_of(path);
	}
	if (d)
		closedir(d);
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
	const pid_t pid[2] = { a, b };

	for (int i = 0; i < 2; i++) {
		c->calls[i] = counter("raw_syscalls/sys_enter", pid[i]);
		c->wakes[i] = counter("sched/sched_waking", pid[i]);
	}
	for (int i = 0; i < 2; i++) {
		ioctl(c->calls[i], PERF_EVENT_IOC_RESET, 0);
		ioctl(c->wakes[i], PERF_EVENT_IOC_RESET, 0);
	}
}

/* A round trip's share of both */
static double sum(const int *fd, uint32_t turns)
{
	uint64_t n[2];

	for (int i = 0; i < 2; i++)
		if (read(fd[i], &n[i], sizeof(n[i])) != sizeof(n[i]))
			return -1;
	return (double)(n[0] + n[1]) / turns;
}

void count_end(struct counters *c, uint32_t turns, double *calls, double *wakes)
{
	*calls = sum(c->calls, turns);
	*wakes = sum(c->wakes, turns);
	for (int i = 0; i < 2; i++) {
		close(c->calls[i]);
		close(c->wakes[i]);
	}
}
