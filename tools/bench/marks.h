/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * marks.h - instructions that do nothing, which tools/bench/plugin.c looks for
 *
 * A long NOP has room for an address that no CPU looks at; the magic there is
 * no other program's.
 */
#ifndef TOOLS_BENCH_MARKS_H
#define TOOLS_BENCH_MARKS_H

#define MARK_MAGIC	0x4c504300	/* + one of these: */
#define MARK_START	1		/* count from here on */
#define MARK_TURN	2		/* a round trip is over */
#define MARK_STOP	3		/* write what was counted */

/* nopl magic(%rax,%rax,1) */
#ifdef __x86_64__
/* checkpatch: COMPLEX_MACRO: a statement */
#define mark(n) __asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0" \
				 :: "i"(MARK_MAGIC + (n)) : "memory")
#else
#define mark(n) ((void)(n))
#endif

#endif
