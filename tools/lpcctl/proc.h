/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * proc.h - processes, as /proc shows them: names, units, LPC descriptors
 */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMM_ROOM	64

const char *proc_comm(uint32_t pid, char comm[COMM_ROOM]);	/* "?" if it has gone */
const char *proc_unit(uint32_t pid, char *unit, size_t room);	/* systemd's, or "" */

struct proc_fd {
	uint32_t pid;
	uint32_t uid;
	int fd;
	char kind[24];		/* "port", "client", "server" ... */
	uint64_t port;		/* serial of the port */
	uint64_t serial;	/* of the object itself */
	char name[256];
};

struct proc_fds {
	struct proc_fd *v;
	size_t n;
	size_t unreadable;	/* processes that may not be looked into */
};

/* @pid: that process only, 0: all. Returns 0 or a negative errno. */
int proc_fds(uint32_t pid, struct proc_fds *fds);		/* free(fds->v) */

#endif
