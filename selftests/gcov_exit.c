// SPDX-License-Identifier: GPL-2.0-only
/*
 * For "make coverage", linked with --wrap=_exit: the harness and most children end
 * by _exit(), and gcov writes what it counted in exit() alone.
 */
#include <stdnoreturn.h>

/* checkpatch: AVOID_EXTERNS: gcc has no header for it */
void __gcov_dump(void);
/* checkpatch: AVOID_EXTERNS: the linker makes it */
noreturn void __real__exit(int code);
/* checkpatch: AVOID_EXTERNS: and calls this one */
noreturn void __wrap__exit(int code);

noreturn void __wrap__exit(int code)
{
	__gcov_dump();
	__real__exit(code);
}
