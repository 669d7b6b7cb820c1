/* SPDX-License-Identifier: MIT */
/* Object names of NT's as port names of lpc(7). */
#ifndef LIBNTLPC_NAME_H
#define LIBNTLPC_NAME_H

#include <lpc/nt.h>

#define NT_NAME_ROOM	(LPC_NAME_MAX + 1)

/**
 * struct nt_attributes - what an OBJECT_ATTRIBUTES says
 * @name: the port name, "" for none
 * @mode: of a port's mode bits, 0 for the default
 */
struct nt_attributes {
	char		name[NT_NAME_ROOM];
	unsigned int	mode;
};

NTSTATUS nt_name_get(const UNICODE_STRING *from, char *name);
NTSTATUS nt_attributes_get(const OBJECT_ATTRIBUTES *from, struct nt_attributes *a);

#endif /* LIBNTLPC_NAME_H */
