/* SPDX-License-Identifier: MIT */
#ifndef LIBLPC_NAME_H
#define LIBLPC_NAME_H

#include <lpc.h>

/* @out: LPC_NAME_MAX + 1 bytes. Returns the length, terminated, or -ENAMETOOLONG. */
int lpc_name_expand(const char *name, char *out);

#endif /* LIBLPC_NAME_H */
