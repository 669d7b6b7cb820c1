// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where arguments and buffers lie: plain memory, memory that ends, that cannot be
 * written, that others write to meanwhile, that is a view, that is not there. All of
 * it below 4 GiB, so that 32-bit ioctls reach it too.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* In an arena: */
#define PLAIN		0x00000ul	/* two pages, behind them one that is not there */
#define GUARD		0x02000ul
#define READONLY	0x03000ul	/* two pages that cannot be written */
#define READONLY_ALIAS	0x05000ul	/* the same, for those who fill them */
#define FRESH		0x07000ul	/* dropped before each use */
#define LATE		0x09000ul	/* two pages that may come late: do_late() */
#define SCRATCH		0x10000ul	/* buffers of 4 KiB */
#define SCRATCHES	8ul

static void *map(unsigned long at, size_t size, int prot, int flags, int fd)
{
	void *p = mmap((void *)at, size, prot, flags | MAP_FIXED, fd, 0);

	if (p == MAP_FAILED) {
		perror("fuzz: mmap");
		exit(2);
	}
	return p;
}

/* Before any process is made, so that each has all of it. */
void memory_map(void)
{
	unsigned int i;
	int fd;

	map(RACE_BASE, RACE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	for (i = 0; i < ACTORS; i++) {
		unsigned long at = ARENA_BASE + i * ARENA_SIZE;

		map(at, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		map(at + GUARD, 0x1000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, 0x2000)) {
			perror("fuzz: memfd_create");
			exit(2);
		}
		map(at + READONLY, 0x2000, PROT_READ, MAP_SHARED, fd);
		map(at + READONLY_ALIAS, 0x2000, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
		close(fd);
	}
}

void *memory_scratch(struct actor *me, unsigned int n)
{
	return me->arena + SCRATCH + n % SCRATCHES * 0x1000;
}

void *memory_late(struct actor *me)
{
	return me->arena + LATE;
}

/* Can the caller itself write the argument there, and read it after? */
bool memory_safe(unsigned int place)
{
	place &= 15;
	return place < 2 || place == 7 || place == 8 || place == 9 || place > 11;
}

/* Where an argument of @whole bytes lies, @head of them the struct. */
void *memory_place(struct actor *me, unsigned int place, size_t head, size_t whole)
{
	uint64_t size, base;

	switch (place & 15) {
	case 1:		/* all of it, and behind it nothing */
		return me->arena + GUARD - whole;
	case 2:		/* the payload is missing */
		return me->arena + GUARD - head;
	case 3:		/* the second half is missing */
		return me->arena + GUARD - head / 2;
	case 4:
		return me->arena + READONLY;
	case 5:
		return NULL;
	case 6:
		return (void *)0xffff888000001000ul;
	case 7:
		madvise(me->arena + FRESH, 0x2000, MADV_DONTNEED);
		return me->arena + FRESH;
	case 8:
		return (void *)RACE_BASE;
	case 9:
		return me->arena + PLAIN + 1;
	case 11:
		return memory_late(me);
	case 10:
		base = view_at(me->proc, 0, &size);
		return base && size >= 0x1000 ? (void *)base : me->arena + PLAIN;
	default:
		return me->arena + PLAIN;
	}
}

/* The same for what an argument points to. */
uint64_t memory_pointer(struct actor *me, unsigned int kind, size_t size)
{
	uint64_t room, base;

	switch (kind & 15) {
	case 6:
		return (uintptr_t)memory_late(me);
	case 7:
		return (uintptr_t)me->arena + GUARD - size;
	case 8:
		return 0;
	case 9:
		return (uintptr_t)me->arena + GUARD;
	case 10:
		return (uintptr_t)me->arena + GUARD - size / 2;
	case 11:
		return (uintptr_t)me->arena + READONLY;
	case 12:
		return 0xffff888000001000ull;
	case 13:
		return RACE_BASE + 0x1000;
	case 14:
		base = view_at(me->proc, 0, &room);
		return base;
	case 15:
		return 0xdead000000000000ull + size;
	default:
		return (uintptr_t)memory_scratch(me, 1 + (kind & 7));
	}
}

/* ---- views: places that each is taken out of before it is unmapped ---------- */

static struct fuzz_proc *views_lock(unsigned int proc)
{
	struct fuzz_proc *p = &sh->procs[proc];
	unsigned int n = 0;

	/* who was killed there leaves it locked: then it is taken all the same */
	while (atomic_exchange(&p->view_lock, 1) && n++ < 1000)
		usleep(10);
	return p;
}

uint64_t view_at(unsigned int proc, unsigned int n, uint64_t *size)
{
	struct fuzz_view *v = &sh->procs[proc].view[n % VIEWS];

	*size = v->size;
	return v->base;
}

void view_add(unsigned int proc, uint64_t base, uint64_t size)
{
	struct fuzz_proc *p;
	unsigned int i;

	if (!base || !size || base >> 47 || size >> 40)
		return;
	p = views_lock(proc);
	for (i = 0; i < VIEWS && p->view[i].base; i++)
		;
	if (i < VIEWS)
		p->view[i] = (struct fuzz_view){ base, size };
	p->view_lock = 0;
	if (i == VIEWS)
		munmap((void *)base, size);
}

bool view_take(unsigned int proc, unsigned int n, struct fuzz_view *view)
{
	struct fuzz_proc *p = views_lock(proc);

	*view = p->view[n % VIEWS];
	p->view[n % VIEWS].base = 0;
	p->view_lock = 0;
	return view->base;
}
