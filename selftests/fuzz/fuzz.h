/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz.h - what the parts of the fuzzer share
 *
 * An input is a program: records of 16 bytes, each an operation that one of eight
 * actors does. Actors are threads of a few processes; each does its own operations
 * in their order, beside the others. What an operation works on is a place in the
 * tables of its process (file descriptors, views) or in those of all (ids), so any
 * bytes are a program, and 0 is the plain value of each field.
 */
#ifndef LPC_SELFTESTS_FUZZ_H
#define LPC_SELFTESTS_FUZZ_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/lpc.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ACTORS		8
#define PROCS		5
#define OPS_MAX		40
#define PROGRAM_MAX	(OPS_MAX * sizeof(struct fuzz_op))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BLOCKS_MAX	16384u	/* of the module */

/*
 * Who is who: process 0 is root with actors 0 to 2, 1 is uid 1000 with 3 and 4, 2 is
 * root of a user, pid and perhaps IPC namespace with 5; 6 and 7 are processes that
 * FORK makes, for that long.
 */
enum { PROC_ROOT, PROC_USER, PROC_NAMESPACE, PROC_CHILD, PROC_CHILD2 };
#define NAMESPACE_ACTOR	5
#define CHILD_ACTOR	6

extern const uint8_t fuzz_proc_of[ACTORS];

/* The module's own, below /proc/sys/lpc */
#define SYSCTLS		18
extern const char *const fuzz_sysctls[SYSCTLS];

/* What a system call of the C library returned, as 0 or -errno */
static inline int result(long ret)
{
	return ret < 0 ? -errno : 0;
}

/**
 * struct fuzz_op - one operation
 * @actor: whose, in the low three bits; FUZZ_COMPAT: as a 32-bit program would
 * @code: which, an index into fuzz_ops
 * @a: and @b, @c, @d, @g: what it works on; each operation says
 * @flags: of the ioctl
 * @len: how much, by length_of()
 * @when: its deadline, by deadline_of()
 * @place: low half: where the argument lies; high half: what is wrong with the number
 * @poke: 1 + which 32-bit word of the argument is overwritten; 0: none
 * @value: with what
 * @fail: n: the n-th allocation or user copy fails
 * @ptr: low half: where the first pointer in the argument points to, high half: the
 *	second
 */
struct fuzz_op {
	uint8_t actor, code, a, b, c, d;
	uint16_t flags;
	uint8_t len, when, place, poke, value, fail, ptr, g;
};

#define FUZZ_COMPAT	0x10

/* Places of file descriptors in a process, by kind. */
enum slot_kind {
	SLOT_PORT, SLOT_SERVER, SLOT_CLIENT, SLOT_SECTION, SLOT_EVENT, SLOT_OTHER,
	SLOT_DEVICE, SLOT_KINDS
};

#define SLOTS		24
#define VIEWS		12

/* Ids that somebody has seen, in memory that all processes share. */
enum id_kind {
	ID_REQUEST, ID_CONNECT_REQUEST, ID_CALL, ID_CONNECT, ID_QUICK, ID_SERIAL, ID_KINDS
};

#define IDS		8

/**
 * struct fuzz_id - one of them
 * @id: itself
 * @callback: with it
 * @pid: its sender
 * @tid: likewise
 */
struct fuzz_id {
	uint64_t id, callback;
	uint32_t pid, tid;
};

struct fuzz_ids {
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic uint32_t count;
	struct fuzz_id ring[IDS];
};

/* WAITS: has done all of its own, and keeps its process' files for the others */
enum { ACTOR_IDLE, ACTOR_RUNS, ACTOR_WAITS };

/**
 * struct fuzz_actor - one actor
 * @go: futex: how many programs it has been sent off to
 * @state: ACTOR_*
 * @at: operations of this program that it has begun
 * @tid: its thread, 0 while there is none
 */
struct fuzz_actor {
	_Atomic uint32_t go, state, at;
	_Atomic int tid;
};

struct fuzz_view {
	uint64_t base, size;
};

/**
 * struct fuzz_proc - one process
 * @pid: 0 if there is none
 * @busy: actors that have not finished this program
 * @ready: its actors that have come up
 * @spent: it cannot be used for another program
 * @fd: by slot, -1 where there is none
 * @view: what is mapped
 */
struct fuzz_proc {
	_Atomic int pid, busy, ready, spent;
	_Atomic int fd[SLOTS];
	struct fuzz_view view[VIEWS];
	_Atomic uint32_t view_lock;
};

#define RESULTS		160	/* errnos that are told apart */

/* What all processes share. */
struct fuzz_shared {
	_Atomic uint32_t done;		/* futex: actors that have finished */
	_Atomic uint32_t stop;		/* nobody begins another operation */
	_Atomic uint32_t closing;	/* futex: all have done theirs */
	_Atomic uint32_t awaiting;	/* somebody waits for another's place */
	_Atomic uint32_t over;		/* the fuzzer ends */
	_Atomic uint32_t sysctls;	/* some were written */
	uint32_t count;			/* operations of the program */
	struct fuzz_op ops[OPS_MAX];
	int16_t said[OPS_MAX];		/* what each came to: 0, -errno, 1: not done */
	struct fuzz_actor actors[ACTORS];
	struct fuzz_proc procs[PROCS];
	struct fuzz_ids ids[ID_KINDS];
	uint8_t results[64][RESULTS];	/* by operation and errno: it happened */
	_Atomic uint32_t found;		/* something is wrong */
	char finding[200];
};

extern struct fuzz_shared *sh;

/**
 * struct actor - a thread of an executing process; its own
 * @index: which actor
 * @proc: of which process
 * @arena: its memory
 * @jump: where a fault in a view goes on
 * @armed: such a fault may come
 * @changed: its ids are not as they were
 * @connects: of CONNECT that a signal left open, for this thread to come back to
 * @nr_connects: how many of them
 */
struct actor {
	unsigned int index;
	unsigned int proc;
	uint8_t *arena;
	sigjmp_buf jump;
	/* checkpatch: VOLATILE: read in a signal handler */
	volatile bool armed;
	bool changed;
	uint64_t connects[8];
	unsigned int nr_connects;
};

/**
 * struct fuzz_verb - what an operation is
 * @name: in texts
 * @run: does it; 0, or -errno
 * @weight: how often the mutator makes one
 */
struct fuzz_verb {
	const char *name;
	int (*run)(struct actor *me, const struct fuzz_op *op);
	unsigned int weight;
};

extern const struct fuzz_verb fuzz_verbs[];
extern const unsigned int fuzz_nr_verbs;

/* memory.c: where arguments lie */
#define ARENA_BASE	0x10000000ul
#define ARENA_SIZE	0x40000ul
#define RACE_BASE	(ARENA_BASE + 0x1000000ul)
#define RACE_SIZE	0x4000ul

void memory_map(void);
void *memory_place(struct actor *me, unsigned int place, size_t head, size_t whole);
uint64_t memory_pointer(struct actor *me, unsigned int kind, size_t size);
void *memory_scratch(struct actor *me, unsigned int n);
bool memory_safe(unsigned int place);
void *memory_late(struct actor *me);
uint64_t view_at(unsigned int proc, unsigned int n, uint64_t *size);
void view_add(unsigned int proc, uint64_t base, uint64_t size);
bool view_take(unsigned int proc, unsigned int n, struct fuzz_view *view);

/* issue.c: one ioctl, plain or hostile */
int issue(struct actor *me, const struct fuzz_op *op, int fd, unsigned int cmd, void *arg,
	  size_t payload);
unsigned int length_of(uint8_t code);
uint64_t deadline_of(uint8_t code);
int slot_fd(const struct actor *me, enum slot_kind kind, uint8_t n);
_Atomic int *slot_of(const struct actor *me, enum slot_kind kind, uint8_t n);
void slot_put(const struct actor *me, enum slot_kind kind, uint8_t n, int fd);
void id_push(enum id_kind kind, uint64_t id, uint64_t callback, uint32_t pid, uint32_t tid);
struct fuzz_id id_pick(enum id_kind kind, uint8_t n);
const char *name_pick(uint8_t n, uint32_t *len);
void finding(const char *what, long n);

/* objects.c, messages.c, hostile.c: the operations */
int do_create(struct actor *me, const struct fuzz_op *op);
int do_connect(struct actor *me, const struct fuzz_op *op);
void connects_end(struct actor *me);
int do_finish(struct actor *me, const struct fuzz_op *op);
int do_accept(struct actor *me, const struct fuzz_op *op);
int do_complete(struct actor *me, const struct fuzz_op *op);
int do_shutdown(struct actor *me, const struct fuzz_op *op);
int do_query(struct actor *me, const struct fuzz_op *op);
int do_list(struct actor *me, const struct fuzz_op *op);
int do_watch(struct actor *me, const struct fuzz_op *op);
int do_security(struct actor *me, const struct fuzz_op *op);
int do_quick(struct actor *me, const struct fuzz_op *op);
int do_quick_open(struct actor *me, const struct fuzz_op *op);
int do_impersonate(struct actor *me, const struct fuzz_op *op);
int do_section(struct actor *me, const struct fuzz_op *op);
int do_event_pair(struct actor *me, const struct fuzz_op *op);
int do_event(struct actor *me, const struct fuzz_op *op);
int do_copy(struct actor *me, const struct fuzz_op *op);
int do_info(struct actor *me, const struct fuzz_op *op);
int do_raw(struct actor *me, const struct fuzz_op *op);

int do_send(struct actor *me, const struct fuzz_op *op);
int do_call(struct actor *me, const struct fuzz_op *op);
int do_resume(struct actor *me, const struct fuzz_op *op);
int do_recv(struct actor *me, const struct fuzz_op *op);
int do_reply_wait(struct actor *me, const struct fuzz_op *op);
int do_cancel(struct actor *me, const struct fuzz_op *op);
int do_data(struct actor *me, const struct fuzz_op *op);
int do_serve(struct actor *me, const struct fuzz_op *op);
int do_link(struct actor *me, const struct fuzz_op *op);

int do_close(struct actor *me, const struct fuzz_op *op);
int do_dup(struct actor *me, const struct fuzz_op *op);
int do_grab(struct actor *me, const struct fuzz_op *op);
int do_file(struct actor *me, const struct fuzz_op *op);
int do_poll(struct actor *me, const struct fuzz_op *op);
int do_map(struct actor *me, const struct fuzz_op *op);
int do_remap(struct actor *me, const struct fuzz_op *op);
int do_touch(struct actor *me, const struct fuzz_op *op);
int do_scribble(struct actor *me, const struct fuzz_op *op);
int do_proc(struct actor *me, const struct fuzz_op *op);
int do_trace(struct actor *me, const struct fuzz_op *op);
int do_sweep(struct actor *me, const struct fuzz_op *op);
int do_late(struct actor *me, const struct fuzz_op *op);
int do_sysctl(struct actor *me, const struct fuzz_op *op);
int do_await(struct actor *me, const struct fuzz_op *op);
int do_kick(struct actor *me, const struct fuzz_op *op);
int do_kill(struct actor *me, const struct fuzz_op *op);
int do_fork(struct actor *me, const struct fuzz_op *op);
int do_exec(struct actor *me, const struct fuzz_op *op);
int do_ids(struct actor *me, const struct fuzz_op *op);
int do_unshare(struct actor *me, const struct fuzz_op *op);
int do_fds(struct actor *me, const struct fuzz_op *op);
void ids_restore(struct actor *me);
void fds_restore(void);
int write_file(const char *path, const char *text);

/* main.c: a program, and what is said of it */
void run(const uint8_t *data, size_t size);

/* execute.c: processes, and one program in them */
void execute_init(void);
void execute(const uint8_t *data, size_t size);
void execute_end(void);
void execute_print(unsigned int ms);
void child_actor(unsigned int index);
uint64_t now_ms(void);
int futex_wait(_Atomic uint32_t *word, uint32_t value, unsigned int ms);

/* cover.c: the module's basic blocks that were reached */
int cover_init(const char *blocks, const char *module);
void cover_thread(unsigned int actor);
void cover_begin(void);
void cover_end(bool failing);
unsigned int cover_total(void);
unsigned int cover_checks(void);
unsigned int cover_seen(bool failing);
unsigned int cover_last(uint32_t *indexes, unsigned int room);
int cover_write(const char *path);

/* text.c: programs as text */
size_t text_parse(const char **text, uint8_t *data);
void text_print(void *file, const uint8_t *data, size_t size);
int text_pack(const char *dir);
int text_unpack(const char *file, const char *dir);
int text_running(const char *file, const char *last, const char *all);

/* One program before it runs, in the file that the host keeps. */
#define RUNNING_MAGIC	0x6c7063667a7a3031ull
#define RUNNING		64
struct fuzz_running {
	uint64_t magic, number;
	uint32_t size, reserved;
	uint8_t data[1024 - 24];
};

/* libFuzzer's, and what it calls */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t size1, const uint8_t *two,
				 size_t size2, uint8_t *out, size_t max, unsigned int seed);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* minimise.c: few programs that reach as much */
int minimise(const char *from, const char *to);

#endif /* LPC_SELFTESTS_FUZZ_H */
