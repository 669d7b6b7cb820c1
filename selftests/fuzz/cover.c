// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the module a program reached: KCOV records each thread's basic blocks in an
 * area of its own, which the fuzzer made and reads also when that thread was killed.
 * Every block is one of libFuzzer's extra counters; so is every errno of an operation.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COVER_ID	0x6c7063u	/* lpc/cover.h */

#define AREA_WORDS	(64ul * 1024)
#define SECTIONS_MAX	16u

/* checkpatch: PREFER_DEFINED_ATTRIBUTE_MACRO: libFuzzer finds it by its section */
__attribute__((section("__libfuzzer_extra_counters")))
static uint8_t counters[BLOCKS_MAX + 64 * RESULTS];

static struct {
	int fd;
	/* checkpatch: LINE_SPACING: _Atomic is no statement */
	_Atomic uint64_t *area;
} areas[ACTORS + 1];	/* and the fuzzer's own: loading, then what work queues do */

/* The module's sections, and which block returns to which of their bytes */
static struct section {
	char name[48];
	uint64_t base;
	uint32_t size;
	uint16_t *block;
} sections[SECTIONS_MAX];

static unsigned int nr_sections, nr_blocks, nr_checks;
static uint8_t seen[BLOCKS_MAX];	/* 1: with no failure asked for, 2: else */
static uint8_t last[BLOCKS_MAX];
static unsigned int counted[4];

static void *must(void *p)
{
	if (p && p != MAP_FAILED)
		return p;
	perror("fuzz");
	exit(2);
}

static struct section *section_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_sections; i++)
		if (!strcmp(sections[i].name, name))
			return &sections[i];
	if (nr_sections == SECTIONS_MAX)
		exit(2);
	snprintf(sections[nr_sections].name, sizeof(sections[0].name), "%s", name);
	sections[nr_sections].size = 512 * 1024;
	sections[nr_sections].block = must(calloc(512 * 1024, sizeof(uint16_t)));
	return &sections[nr_sections++];
}

/* Lines "section offset", one a block; "check" behind it: it only reports a bug */
static void read_blocks(const char *path)
{
	FILE *f = must(fopen(path, "r"));
	char line[80], name[48];
	struct section *s;
	uint32_t at;

	while (fgets(line, sizeof(line), f) && sscanf(line, "%47s %x", name, &at) == 2) {
		nr_checks += !!strstr(line, " check");
		s = section_named(name);
		if (at >= s->size || nr_blocks + 1 >= BLOCKS_MAX) {
			fprintf(stderr, "fuzz: too many blocks\n");
			exit(2);
		}
		s->block[at] = (uint16_t)(1 + nr_blocks++);
	}
	fclose(f);
}

static void read_sections(void)
{
	char path[96], text[32];
	unsigned int i;
	ssize_t n;
	int fd;

	for (i = 0; i < nr_sections; i++) {
		snprintf(path, sizeof(path), "/sys/module/lpc/sections/%s", sections[i].name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		if (n > 0) {
			text[n] = 0;
			sections[i].base = strtoull(text, NULL, 16);
		}
		if (fd >= 0)
			close(fd);
	}
}

/* 0: none of the module's */
static unsigned int block_of(uint64_t pc)
{
	unsigned int i;

	for (i = 0; i < nr_sections; i++)
		if (sections[i].base && pc - sections[i].base < sections[i].size &&
		    sections[i].block[pc - sections[i].base])
			return sections[i].block[pc - sections[i].base];
	return 0;
}

static void make_area(unsigned int i)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, AREA_WORDS)) {
		fprintf(stderr, "fuzz: no KCOV in this kernel: %s\n", strerror(errno));
		exit(2);
	}
	/* out of the way of the numbers that programs get */
	areas[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, 600);
	close(fd);
	areas[i].area = must(mmap(NULL, AREA_WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED,
				  areas[i].fd, 0));
}

/* In the thread itself. Its predecessor may not be quite gone. */
void cover_thread(unsigned int actor)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		if (!ioctl(areas[actor].fd, KCOV_ENABLE, KCOV_TRACE_PC))
			return;
		usleep(1000);
	}
	fprintf(stderr, "fuzz: actor %u is not traced: %s\n", actor, strerror(errno));
}

static void collect(unsigned int i, unsigned int bit)
{
	_Atomic uint64_t *area = areas[i].area;
	uint64_t n = area[0], k;
	unsigned int b;

	if (n >= AREA_WORDS)
		n = AREA_WORDS - 1;
	for (k = 1; k <= n; k++) {
		b = block_of(area[k]);
		if (!b--)
			continue;
		if (counters[b] < 255)
			counters[b]++;
		last[b] = 1;
		if (!(seen[b] & bit)) {
			seen[b] |= (uint8_t)bit;
			counted[bit]++;
			counted[3] += (seen[b] & 3) == bit;
		}
	}
}

void cover_begin(void)
{
	unsigned int i;

	memset(last, 0, nr_blocks);
	for (i = 0; i < ACTORS; i++)
		areas[i].area[0] = 0;
}

void cover_end(bool failing)
{
	unsigned int i;

	for (i = 0; i <= ACTORS; i++)
		collect(i, failing ? 2 : 1);
	/* what a work queue does later is the next program's */
	areas[ACTORS].area[0] = 0;
	memcpy(counters + BLOCKS_MAX, sh->results, sizeof(sh->results));
}

/* Unloads and loads the module, for the blocks of init and exit. */
static void reload(const char *module)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC);
	unsigned int me = ACTORS;

	if (ioctl(areas[me].fd, KCOV_ENABLE, KCOV_TRACE_PC))
		perror("fuzz: KCOV_ENABLE");
	if (syscall(SYS_delete_module, "lpc", 0L))
		perror("fuzz: delete_module");
	/* it lies elsewhere now, perhaps */
	collect(me, 1);
	areas[me].area[0] = 0;
	if (syscall(SYS_finit_module, (long)fd, "", 0L)) {
		perror("fuzz: finit_module");
		exit(2);
	}
	read_sections();
	collect(me, 1);
	ioctl(areas[me].fd, KCOV_DISABLE, 0);
	close(fd);
}

/* What work queues do for the module, from now on */
static void watch_queues(void)
{
	struct kcov_remote_arg arg = {
		.trace_mode = KCOV_TRACE_PC, .area_size = 8192,
		.common_handle = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, COVER_ID),
	};

	areas[ACTORS].area[0] = 0;
	if (ioctl(areas[ACTORS].fd, KCOV_REMOTE_ENABLE, &arg))
		perror("fuzz: KCOV_REMOTE_ENABLE");
}

int cover_init(const char *blocks, const char *module)
{
	unsigned int i;

	read_blocks(blocks);
	read_sections();
	for (i = 0; i <= ACTORS; i++)
		make_area(i);
	reload(module);
	watch_queues();
	/* loading it has run some */
	if (counted[1])
		return 0;
	fprintf(stderr, "fuzz: %u blocks, and KCOV sees none of them\n", nr_blocks);
	return -1;
}

unsigned int cover_total(void)
{
	return nr_blocks;
}

/* Of these: which nothing but a bug in the module reaches */
unsigned int cover_checks(void)
{
	return nr_checks;
}

/* How many blocks: by programs that asked for no failure, or by any */
unsigned int cover_seen(bool failing)
{
	return failing ? counted[3] : counted[1];
}

/* The blocks of the last program */
unsigned int cover_last(uint32_t *indexes, unsigned int room)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_blocks && n < room; i++)
		if (last[i])
			indexes[n++] = i;
	return n;
}

/* "section offset" of each that was reached */
int cover_write(const char *path)
{
	FILE *f = fopen(path, "w");
	unsigned int i;
	uint32_t at;

	if (!f)
		return -errno;
	for (i = 0; i < nr_sections; i++)
		for (at = 0; at < sections[i].size; at++)
			if (sections[i].block[at] && seen[sections[i].block[at] - 1])
				fprintf(f, "%s %x\n", sections[i].name, at);
	return fclose(f) ? -errno : 0;
}
