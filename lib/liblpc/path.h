/* SPDX-License-Identifier: MIT */
/*
 * Which functions a message goes through each time, and which only when
 * something is not as usual: the compiler keeps the first close together, on few
 * pages, and free of what the second need.
 */
#ifndef LIBLPC_PATH_H
#define LIBLPC_PATH_H

/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: user space has no such macros */
#define __hot	__attribute__((hot))
/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: likewise */
#define __cold	__attribute__((cold, noinline))

#endif /* LIBLPC_PATH_H */
