/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plugin.h - what plugin.c uses of QEMU's interface for plugins, version 1
 *
 * QEMU's own header is not packaged everywhere. QEMU looks at
 * qemu_plugin_version when it loads a plugin, and refuses another.
 */
#ifndef TOOLS_BENCH_PLUGIN_H
#define TOOLS_BENCH_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void qemu_on_translation(uint64_t id, struct qemu_plugin_tb *tb);
typedef void qemu_on_insn(unsigned int vcpu, void *arg);
typedef void qemu_on_access(unsigned int vcpu, uint32_t info, uint64_t addr, void *arg);

enum { CB_NO_REGS = 0, INLINE_ADD_U64 = 0, ACCESS_WRITE = 2 };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, qemu_on_translation *cb);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
						void *at, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_on_insn *cb,
					    int flags, void *arg);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_on_access *cb,
				      int flags, int accesses, void *arg);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_outs(const char *text);

/* What it looks for in a plugin */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

#endif
