/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel.h - what the module tells: INFO, LIST, QUERY
 *
 * Everything returns 0 or a negative errno. The device is opened once.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <linux/lpc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LPC_DEVICE	"/dev/lpc"

struct kern_list {
	void *v;		/* array of lpc_port_info, _conn_info, _call_info */
	size_t n;
	uint64_t hidden;
};

int kern_open(void);
int kern_info(struct lpc_info *info);
uint64_t kern_message_max(void);	/* bytes, in a section if there are any */
int kern_list(uint32_t what, uint64_t port, struct kern_list *list);	/* free(list->v) */

/* @deadline: with @wait, of the wait for the name. */
int kern_port(const char *name, bool wait, uint64_t deadline, struct lpc_port_info *port);

/* SECURITY by name; flags and what they name are @s's, name and list not. */
int kern_security(const char *name, struct lpc_security *s, struct lpc_acl_entry *acl);

/* CREATE of a private port with its client, and both closed again. */
int kern_try_create(void);

/*
 * "self/x" is user/<euid>/x, blanks and the like become %XX. Returns @full, or
 * NULL if no port can be called so.
 */
const char *kern_name(const char *name, char full[LPC_NAME_MAX + 1]);

const char *kern_limit_name(uint32_t limit);	/* enum lpc_limit, in words */
const char *kern_limit_sysctl(uint32_t limit);	/* "lpc.ports" */
bool kern_limit_in_bytes(uint32_t limit);

/* A parameter in /proc/sys/lpc/; -1 if it cannot be read. */
int64_t kern_sysctl(const char *name);

#endif
