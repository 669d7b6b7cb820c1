// SPDX-License-Identifier: GPL-2.0-only
/*
 * plugin.c - a QEMU TCG plugin that counts every instruction the guest executes
 * between two marks (marks.h)
 *
 *	qemu-system-x86_64 -plugin plugin.so,out=FILE[,stores=on] ...
 *
 * With stores=on it counts the bytes that instructions write instead of the
 * instructions, for tools/bench/copied.
 *
 * At each MARK_STOP it writes FILE.1, FILE.2, ...: a line "turns N total N",
 * then "address count" for each instruction, virtual addresses as 16 hex digits.
 * One vCPU at a time (thread=single). tools/bench/profile makes a table of it.
 *
 * Every instruction that is translated gets a counter of its own, which only
 * ever adds: no call, no condition. The marks, which are calls, clear the
 * counters and read them.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"
#include "plugin.h"

int qemu_plugin_version = 1;

/* ---- counters ------------------------------------------------------------- */

struct counter {
	uint64_t addr;
	uint64_t n;
	struct counter *next;
};

#define BUCKETS_BITS	18
#define BUCKETS	((size_t)1 << BUCKETS_BITS)
#define CHUNK	4096u

static struct counter *bucket[BUCKETS];
/* They never move: translated code has their addresses. */
static struct counter *chunk;
static unsigned int used = CHUNK;
static uint64_t turns;
static unsigned int windows;
static const char *out;
static bool stores;

static struct counter *counter_of(uint64_t addr)
{
	uint64_t hash = addr * UINT64_C(0x9e3779b97f4a7c15);
	struct counter **b = &bucket[hash >> (64 - BUCKETS_BITS)], *c;

	for (c = *b; c; c = c->next)
		if (c->addr == addr)
			return c;
	if (used == CHUNK) {
		chunk = calloc(CHUNK, sizeof(*chunk));
		if (!chunk)
			abort();
		used = 0;
	}
	c = &chunk[used++];
	c->addr = addr;
	c->next = *b;
	*b = c;
	return c;
}

static void each(void (*f)(struct counter *c, void *arg), void *arg)
{
	struct counter *c;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (c = bucket[i]; c; c = c->next)
			f(c, arg);
}

/* ---- marks ---------------------------------------------------------------- */

static void clear(struct counter *c, void *arg)
{
	(void)arg;
	c->n = 0;
}

static void add(struct counter *c, void *arg)
{
	*(uint64_t *)arg += c->n;
}

static void print(struct counter *c, void *arg)
{
	if (c->n)
		fprintf(arg, "%016" PRIx64 " %" PRIu64 "\n", c->addr, c->n);
}

static void write_window(void)
{
	uint64_t total = 0;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s.%u", out, ++windows);
	f = fopen(path, "w");
	if (!f) {
		qemu_plugin_outs("plugin: cannot write\n");
		return;
	}
	each(add, &total);
	fprintf(f, "turns %" PRIu64 " total %" PRIu64 "\n", turns, total);
	each(print, f);
	fclose(f);
}

static void on_mark(unsigned int vcpu, void *arg)
{
	(void)vcpu;
	switch ((uintptr_t)arg) {
	case MARK_START:
		turns = 0;
		each(clear, NULL);
		break;
	case MARK_TURN:
		turns++;
		break;
	case MARK_STOP:
		write_window();
		break;
	}
}

/* Which mark it is, 0: none */
static uintptr_t mark_of(const struct qemu_plugin_insn *insn)
{
	static const unsigned char nop[] = { 0x0f, 0x1f, 0x84, 0x00 };
	const unsigned char *p = qemu_plugin_insn_data(insn);
	uint32_t magic;

	if (qemu_plugin_insn_size(insn) != sizeof(nop) + sizeof(magic) ||
	    memcmp(p, nop, sizeof(nop)) != 0)
		return 0;
	memcpy(&magic, p + sizeof(nop), sizeof(magic));
	return (magic & ~0xffu) == MARK_MAGIC ? magic & 0xff : 0;
}

static void on_store(unsigned int vcpu, uint32_t info, uint64_t addr, void *arg)
{
	struct counter *c = arg;

	(void)vcpu;
	(void)addr;
	/* QEMU 7.2 shows the loads of such an instruction too */
	if (qemu_plugin_mem_is_store(info))
		c->n += UINT64_C(1) << qemu_plugin_mem_size_shift(info);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct counter *c = counter_of(qemu_plugin_insn_vaddr(insn));
		uintptr_t mark = mark_of(insn);

		if (mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, CB_NO_REGS,
							       (void *)mark);
		else if (stores)
			qemu_plugin_register_vcpu_mem_cb(insn, on_store, CB_NO_REGS,
							 ACCESS_WRITE, c);
		else
			qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &c->n, 1);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out = strdup(argv[i] + 4);
		else if (strcmp(argv[i], "stores=on") == 0)
			stores = true;
	}
	if (!out) {
		fputs("plugin: out=FILE is missing\n", stderr);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
