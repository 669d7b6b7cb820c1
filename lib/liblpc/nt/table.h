/* SPDX-License-Identifier: MIT */
/*
 * The handles of this process: the one thing that libntlpc keeps. A handle's value
 * is (place + 1) * 4. Who works with one holds it, so that its descriptors stay
 * open until the last such call is over, as an object of NT's does.
 */
#ifndef LIBNTLPC_TABLE_H
#define LIBNTLPC_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <lpc/nt.h>

enum nt_type {
	NT_FREE,
	NT_RESERVED,		/* taken, not yet a handle */
	NT_PORT,		/* connection port, or one without a name */
	NT_SERVER,
	NT_CLIENT,
	NT_SECTION,
	NT_EVENT_PAIR,
};

#define NT_IS(type)	(1u << (type))
#define NT_PORTS	(NT_IS(NT_PORT) | NT_IS(NT_SERVER) | NT_IS(NT_CLIENT))

/**
 * struct nt_object - what a handle stands for
 * @held: who works with it, and NT_OPEN while it is a handle
 * @type: enum nt_type; changes only while nobody can hold it
 * @fd: the descriptor; an event pair's low end
 * @high: an event pair's high end; else -1
 * @size: a section's bytes
 * @waitable: made by NtCreateWaitablePort()
 * @name: of an event pair, or NULL; the table's lock
 */
struct nt_object {
	_Atomic uint32_t	held;
	unsigned char		type;
	int			fd;
	int			high;
	uint64_t		size;
	bool			waitable;
	char			*name;
};

int nt_device(void);

NTSTATUS nt_reserve(struct nt_object **o, HANDLE *h);
void nt_publish(struct nt_object *o, enum nt_type type, int fd, int high);
void nt_abandon(struct nt_object *o);

NTSTATUS nt_hold(HANDLE h, unsigned int types, struct nt_object **o);
void nt_drop(struct nt_object *o);
struct nt_object *nt_next(enum nt_type type, unsigned int *place);

struct nt_object *nt_named(const char *name, struct nt_object *fresh);

NTSTATUS nt_view_add(void *base, size_t size, const struct nt_object *owner);
NTSTATUS nt_view_remove(void *base);

NTSTATUS nt_keep_for_thread(struct nt_object *o);

#endif /* LIBNTLPC_TABLE_H */
