// SPDX-License-Identifier: GPL-2.0-only
/*
 * For "make coverage", linked with --wrap=_exit: the harness and most children end
 * by _exit(), and gcov writes what it counted from exit() alone.
 */
#include <stdnoreturn.h>

void __gcov_dump(void);
noreturn void __real__exit(int code);
noreturn void __wrap__exit(int code);

noreturn void __wrap__exit(int code)
{
	__gcov_dump();
	__real__exit(code);
}
