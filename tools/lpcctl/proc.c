// SPDX-License-Identifier: GPL-2.0-only
/*
 * proc.c - processes, as /proc shows them: names, units, LPC descriptors
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"

#define PATH_ROOM	64

const char *proc_comm(uint32_t pid, char comm[COMM_ROOM])
{
	char path[PATH_ROOM];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	f = pid ? fopen(path, "re") : NULL;
	if (f) {
		n = fread(comm, 1, COMM_ROOM - 1, f);
		fclose(f);
	}
	if (n && comm[n - 1] == '\n')
		n--;
	comm[n] = '\0';
	if (n == 0)
		snprintf(comm, COMM_ROOM, "?");
	return comm;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

const char *proc_unit(uint32_t pid, char *unit, size_t room)
{
	char path[PATH_ROOM], line[512];
	FILE *f;

	unit[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	f = fopen(path, "re");
	if (!f)
		return unit;
	while (fgets(line, sizeof(line), f)) {
		char *last;

		line[strcspn(line, "\n")] = '\0';
		last = strrchr(line, '/');
		if (last && (ends_with(last, ".service") || ends_with(last, ".scope"))) {
			snprintf(unit, room, "%s", last + 1);
			break;
		}
	}
	fclose(f);
	return unit;
}

static bool value(const char *line, const char *key, const char **at)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n) != 0)
		return false;
	*at = line + n + strspn(line + n, " \t");
	return true;
}

/* False if this descriptor is none of LPC's. */
static bool read_fdinfo(const char *dir, const char *fd, struct proc_fd *out)
{
	char path[PATH_ROOM * 2], line[512];
	const char *v;
	FILE *f;

	snprintf(path, sizeof(path), "%s/fdinfo/%.16s", dir, fd);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (value(line, "lpc-kind:", &v))
			snprintf(out->kind, sizeof(out->kind), "%s", v);
		else if (value(line, "lpc-port:", &v))
			out->port = strtoull(v, NULL, 0);
		else if (value(line, "lpc-serial:", &v))
			out->serial = strtoull(v, NULL, 0);
		else if (value(line, "lpc-name:", &v))
			snprintf(out->name, sizeof(out->name), "%s", v);
	}
	fclose(f);
	return out->kind[0] != '\0';
}

/* Anonymous inodes only: a look into fdinfo of every file would take long. */
static bool maybe_lpc(const char *dir, const char *fd)
{
	char path[PATH_ROOM * 2], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/fd/%.16s", dir, fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strstr(target, "lpc") && strncmp(target, "anon_inode:", 11) == 0;
}

static int scan(uint32_t pid, struct proc_fds *fds)
{
	char dir[PATH_ROOM], path[PATH_ROOM * 2];
	struct dirent *e;
	struct stat st;
	int r = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%u", pid);
	snprintf(path, sizeof(path), "%s/fd", dir);
	d = opendir(path);
	if (!d) {
		fds->unreadable += errno == EACCES;
		return errno == ENOENT ? -ESRCH : -errno;
	}
	while (r == 0 && (e = readdir(d))) {
		struct proc_fd one = { .pid = pid, .uid = (uint32_t)-1 }, *more;

		if (!isdigit((unsigned char)e->d_name[0]) || !maybe_lpc(dir, e->d_name) ||
		    !read_fdinfo(dir, e->d_name, &one))
			continue;
		one.fd = atoi(e->d_name);
		if (stat(dir, &st) == 0)
			one.uid = st.st_uid;
		more = realloc(fds->v, (fds->n + 1) * sizeof(one));
		if (!more) {
			r = -ENOMEM;
			break;
		}
		fds->v = more;
		fds->v[fds->n++] = one;
	}
	closedir(d);
	return r;
}

int proc_fds(uint32_t pid, struct proc_fds *fds)
{
	struct dirent *e;
	int r = 0;
	DIR *d;

	*fds = (struct proc_fds){ .n = 0 };
	if (pid)
		return scan(pid, fds);
	d = opendir("/proc");
	if (!d)
		return -errno;
	while (r != -ENOMEM && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]))
			r = scan((uint32_t)strtoul(e->d_name, NULL, 10), fds);
	closedir(d);
	return r == -ENOMEM ? r : 0;
}
