/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control groups of version 2: where they are, one of a test's own, and what
 * it says.
 */
#ifndef SELFTESTS_COMMON_CGROUP_H
#define SELFTESTS_COMMON_CGROUP_H

#include "common.h"

#include <sys/mount.h>

#define CGROUP_PATH	128

/* The cgroup v2 mount, made if there is none; false if it cannot be. */
static inline bool cgroup_root(char *path, size_t room)
{
	char line[512], dir[64], type[64];
	FILE *f = fopen("/proc/mounts", "re");

	path[0] = 0;
	while (f && !path[0] && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %63s %63s", dir, type) == 2 &&
		    !strcmp(type, "cgroup2"))
			snprintf(path, room, "%s", dir);
	if (f)
		fclose(f);
	if (path[0])
		return true;
	snprintf(path, room, "/tmp/ksft-cgroup2");
	mkdir(path, 0755);
	return !mount("none", path, "cgroup2", 0, NULL);
}

static inline bool event_is(const char *cgroup, const char *event)
{
	char path[192], line[64];
	bool yes = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.events", cgroup);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		yes |= !strcmp(line, event);
	}
	fclose(f);
	return yes;
}

/*
 * Makes the group "<root>/ksft-lpc-<pid>-<name>"; false, and @path empty, if
 * it cannot be.
 */
static inline bool cgroup_make(char *path, const char *name)
{
	char root[64], file[96];

	path[0] = 0;
	if (!cgroup_root(root, sizeof(root)))
		return false;
	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", root);
	write_file(file, "+memory");
	write_file(file, "+cpu");
	snprintf(path, CGROUP_PATH, "%s/ksft-lpc-%d-%s", root, getpid(), name);
	if (!mkdir(path, 0755))
		return true;
	path[0] = 0;
	return false;
}

static inline int cgroup_set(const char *path, const char *file,
			     const char *value)
{
	char at[CGROUP_PATH + 64];

	snprintf(at, sizeof(at), "%s/%s", path, file);
	return write_file(at, "%s", value);
}

static inline long long cgroup_get(const char *path, const char *file)
{
	char at[CGROUP_PATH + 64];

	snprintf(at, sizeof(at), "%s/%s", path, file);
	return read_number(at);
}

/* The number behind @key in @file, e.g. oom_kill in memory.events; or -1 */
static inline long long cgroup_value(const char *path, const char *file,
				     const char *key)
{
	char at[CGROUP_PATH + 64];

	snprintf(at, sizeof(at), "%s/%s", path, file);
	return read_keyed(at, key);
}

static inline int cgroup_join(const char *path)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return cgroup_set(path, "cgroup.procs", pid);
}

/* Once nobody is in it any more */
static inline void cgroup_remove(const char *path)
{
	UNTIL(event_is(path, "populated 0"));
	rmdir(path);
}

#endif /* SELFTESTS_COMMON_CGROUP_H */
