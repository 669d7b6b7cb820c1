// SPDX-License-Identifier: GPL-2.0-only
/*
 * One ioctl as an operation wants it: its argument placed, poked and numbered, an
 * allocation of it failing, by the 64-bit or the 32-bit system call; and what codes in
 * an operation stand for.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const uint64_t values[] = {
	0, 1, 2, 3, 4, 7, 8, 16, 17, 31, 32, 63, 64, 127, 128, 255, 256, 259, 260, 261, 302,
	303, 304, 305, 511, 512, 1023, 4095, 4096, 4097, 8192, 32767, 32768, 65534, 65535,
	65536, 0x7ffffffful, 0x80000000ul, 0xfffffffful, 0xfffffffeul, 0xffff0000ul,
	0x100000000ull, 0x7fffffffffffffffull, 0x8000000000000000ull, ~0ull, ~0ull - 1,
	~0ull - 4095, ARENA_BASE, ARENA_BASE + 0x2000, ARENA_BASE + 0x1ff8, RACE_BASE,
	0x7ffffffff000ull, 0xffff888000000000ull, 1000, 1001, 65533, 3, 20,
};

void finding(const char *what, long n)
{
	if (!atomic_exchange(&sh->found, 1))
		snprintf(sh->finding, sizeof(sh->finding), "%s (%ld)", what, n);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

uint64_t deadline_of(uint8_t code)
{
	static const uint16_t ms[] = { 30, 2, 3, 60, 120 };

	code &= 7;
	if (code < ARRAY_SIZE(ms))
		return now() + ms[code] * 1000000ull;
	return code == 5 ? LPC_FOREVER : code == 6 ? 1 : ~0ull;
}

unsigned int length_of(uint8_t code)
{
	static const unsigned int far[] = { 303, 304, 260, 261, 4096, 65536, 1u << 20, ~0u };

	if (code < 0x98)
		return 2u * code;
	if (code < 0xa0)
		return far[code - 0x98];
	/* whole pages, and a byte less or more */
	return ((code >> 3) & 7u) * 4096 + (code & 7) - (code & 7 ? 4 : 0);
}

/* ---- file descriptors --------------------------------------------------------- */

static const struct {
	uint8_t first, count;
} kinds[SLOT_KINDS] = {
	[SLOT_PORT]	= { 0, 3 },
	[SLOT_SERVER]	= { 3, 4 },
	[SLOT_CLIENT]	= { 7, 4 },
	[SLOT_SECTION]	= { 11, 3 },
	[SLOT_EVENT]	= { 14, 4 },
	[SLOT_OTHER]	= { 18, 5 },
	[SLOT_DEVICE]	= { 23, 1 },
};

/* 0x00: the first of its kind ...; from 0x40 on: any */
_Atomic int *slot_of(const struct actor *me, enum slot_kind kind, uint8_t n)
{
	unsigned int i = n < 0x40 ? kinds[kind].first + n % kinds[kind].count : n % SLOTS;

	return &sh->procs[me->proc].fd[i];
}

int slot_fd(const struct actor *me, enum slot_kind kind, uint8_t n)
{
	return n == 0xff ? -1 : *slot_of(me, kind, n);
}

void slot_put(const struct actor *me, enum slot_kind kind, uint8_t n, int fd)
{
	int old;

	if (fd < 0)
		return;
	/* of the device there is always one */
	if (kind == SLOT_DEVICE || (n >= 0x40 && n % SLOTS == SLOTS - 1)) {
		close(fd);
		return;
	}
	old = atomic_exchange(slot_of(me, kind, n), fd);
	if (old >= 0)
		close(old);
}

/* ---- ids ------------------------------------------------------------------------ */

void id_push(enum id_kind kind, uint64_t id, uint64_t callback, uint32_t pid, uint32_t tid)
{
	struct fuzz_ids *ids = &sh->ids[kind];
	uint32_t n = atomic_fetch_add(&ids->count, 1);

	ids->ring[n % IDS] = (struct fuzz_id){ id, callback, pid, tid };
}

/* 0x00: the newest, 1: the one before ...; then of another kind; then wrong ones */
struct fuzz_id id_pick(enum id_kind kind, uint8_t n)
{
	struct fuzz_ids *ids = &sh->ids[n < 0x40 || n >= 0x80 ? kind : (n >> 3) % ID_KINDS];
	struct fuzz_id id = ids->ring[(ids->count - 1 - n % 8) % IDS];

	if (n < 0x80)
		return id;
	switch (n >> 3 & 7) {
	case 0:
		id.id += 1ull << 32;
		break;
	case 1:
		id.id ^= 1;
		break;
	case 2:
		id.callback = id.id;
		break;
	case 3:
		id.id = values[n % ARRAY_SIZE(values)];
		break;
	case 4:
		id.id = (uint32_t)id.id;
		break;
	case 5:
		id.callback ^= 1;
		break;
	case 6:
		id.tid++;
		break;
	default:
		id.id = 0;
	}
	return id;
}

const char *name_pick(uint8_t n, uint32_t *len)
{
	static const char *const names[] = {
		"fuzz/a", "user/1000/f", "fuzz/b", "user/0/f", "user/1001/f", "user/65534/x",
		"", "a//b", "../x", "a/./b", "user/", "user/00/x", "user/1000", "a\x7f", "/a",
		"a/", "user/4294967295/a", "user/18446744073709551617/a",
	};
	static char longest[LPC_NAME_MAX + 2];

	if (n == 0xff || n == 0xfe) {
		memset(longest, 'n', sizeof(longest));
		*len = n == 0xff ? LPC_NAME_MAX + 1 : LPC_NAME_MAX;
		return longest;
	}
	n %= ARRAY_SIZE(names);
	*len = (uint32_t)strlen(names[n]);
	return names[n];
}

/* ---- the system call ------------------------------------------------------------ */

/* A write to /proc/thread-self/fail-nth; both ways in: what had not failed is not to. */
static void fail_nth(unsigned int n)
{
	char text[8];
	int fd = open("/proc/thread-self/fail-nth", O_WRONLY | O_CLOEXEC);
	ssize_t done = 0;

	if (fd < 0)
		return;
	done = write(fd, text, (size_t)snprintf(text, sizeof(text), "%u", n));
	(void)done;
	close(fd);
}

static long ioctl32(int fd, unsigned int cmd, void *arg)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(54L), "b"((long)fd), "c"((long)cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static long issue_at(const struct fuzz_op *op, int fd, unsigned int cmd, void *arg)
{
	long ret;

	if (op->fail)
		fail_nth(op->fail);
	if (op->actor & FUZZ_COMPAT) {
		ret = ioctl32(fd, cmd, arg);
	} else {
		ret = syscall(SYS_ioctl, fd, cmd, arg);
		if (ret < 0)
			ret = -errno;
	}
	if (op->fail)
		fail_nth(0);
	return ret;
}

static void poke(const struct fuzz_op *op, uint8_t *arg, size_t size)
{
	size_t at = 4u * (op->poke - 1u);
	uint64_t value;
	uint32_t word;

	if (!op->poke || at + sizeof(word) > size)
		return;
	memcpy(&word, arg + at, sizeof(word));
	if (op->value < 32) {
		word ^= 1u << op->value;
	} else if (op->value < 96) {
		value = values[(op->value - 32u) % ARRAY_SIZE(values)];
		if (!(at % 8) && at + sizeof(value) <= size && value >> 32)
			memcpy(arg + at, &value, sizeof(value));
		word = (uint32_t)value;
	} else {
		word += op->value - 176;
	}
	memcpy(arg + at, &word, sizeof(word));
}

/* The number of the ioctl, a little wrong; what more it covers is filled. */
static unsigned int misnumber(const struct fuzz_op *op, unsigned int cmd, uint8_t *arg,
			      size_t *size)
{
	unsigned int n = _IOC_SIZE(cmd);

	switch (op->place >> 4) {
	case 1:
	case 2:
		memset(arg + n, op->place >> 4 == 2, 8);
		n += 8;
		break;
	case 3:
		n -= n < 8 ? n : 8;
		break;
	case 4:
		n = 4096;
		memset(arg + *size, 0, n - *size);
		break;
	case 5:
		return _IOC(_IOC_READ, LPC_IOC_MAGIC, _IOC_NR(cmd), n);
	case 6:
		return _IOC(_IOC_DIR(cmd), 'T', _IOC_NR(cmd), n);
	case 7:
		n = 4;
		break;
	case 8:
		n = n > 64 ? 64 : 48;
		break;
	case 9:
		n++;
		break;
	default:
		return cmd;
	}
	if (*size < n)
		*size = n;
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), n);
}

#define WHOLE_MAX	4096u

/*
 * Issues @cmd with @arg, which has room for what comes back, and @payload bytes behind
 * the struct. Return: what it says, or -errno; -EFAULT also where the argument cannot
 * be read back.
 */
int issue(struct actor *me, const struct fuzz_op *op, int fd, unsigned int cmd, void *arg,
	  size_t payload)
{
	size_t head = _IOC_SIZE(cmd), whole = head + payload;
	uint8_t copy[WHOLE_MAX];
	uint8_t *at;
	long ret;

	if (whole > sizeof(copy))
		whole = sizeof(copy);
	memcpy(copy, arg, whole);
	poke(op, copy, head);
	cmd = misnumber(op, cmd, copy, &whole);
	at = memory_place(me, op->place, head, whole);
	if (memory_safe(op->place)) {
		memcpy(at, copy, whole);
	} else if ((op->place & 15) == 2) {
		memcpy(at, copy, head);
	} else if ((op->place & 15) == 3) {
		memcpy(at, copy, head / 2);
	} else if ((op->place & 15) == 4) {
		memcpy(at + 0x2000, copy, whole);
	} else if ((op->place & 15) == 10) {
		/* a view may go at any time */
		me->armed = true;
		if (!sigsetjmp(me->jump, 1))
			memcpy(at, copy, whole);
		me->armed = false;
	}
	ret = issue_at(op, fd, cmd, at);
	/* what cannot be read names no descriptor and no view */
	memset(arg, 0xff, head);
	/* nor is waited for what comes late */
	me->armed = true;
	if ((op->place & 15) != 11 && !sigsetjmp(me->jump, 1))
		memcpy(arg, at, memory_safe(op->place) ? head + payload : head);
	me->armed = false;
	if (ret < 0)
		sh->results[op->code % 64][-ret < RESULTS ? -ret : 0] = 1;
	else
		sh->results[op->code % 64][0] = 1;
	/* what only the kernel itself may say */
	if (ret <= -512 && ret >= -600)
		finding("an errno of the kernel's own came out", ret);
	return (int)ret;
}
