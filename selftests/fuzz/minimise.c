// SPDX-License-Identifier: GPL-2.0-only
/*
 * Few programs that reach as much: of all, those are kept that reach most blocks that
 * none before reached; then operations without which they still do are taken out.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
	uint8_t data[PROGRAM_MAX];
	size_t size;
	uint8_t *reaches;
};

static unsigned int blocks;

/* What it reaches each time, since chance has its part in it */
static void reaches(const uint8_t *data, size_t size, uint8_t *map, unsigned int times)
{
	static uint32_t list[BLOCKS_MAX];
	static uint8_t count[BLOCKS_MAX];
	unsigned int i, n, t;

	memset(count, 0, sizeof(count));
	for (t = 0; t < times; t++) {
		run(data, size);
		n = cover_last(list, BLOCKS_MAX);
		for (i = 0; i < n; i++)
			count[list[i]]++;
	}
	for (i = 0; i < blocks; i++)
		map[i] = count[i] == times;
}

static unsigned int gain(const uint8_t *map, const uint8_t *have)
{
	unsigned int i, n = 0;

	for (i = 0; i < blocks; i++)
		n += map[i] && !have[i];
	return n;
}

static unsigned int read_programs(const char *dir, struct program **all)
{
	struct dirent **names;
	int i, n = scandir(dir, &names, NULL, alphasort);
	struct program *p = calloc((size_t)(n > 0 ? n : 1), sizeof(*p));
	unsigned int count = 0;
	char path[512];
	FILE *f;

	for (i = 0; p && i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		f = names[i]->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (!f)
			continue;
		p[count].size = fread(p[count].data, 1, PROGRAM_MAX, f);
		fclose(f);
		count++;
	}
	*all = p;
	return count;
}

/* Takes out what it does not need to reach what only it reaches. */
static void trim(struct program *p, const uint8_t *have)
{
	const size_t op = sizeof(struct fuzz_op);
	static uint8_t map[BLOCKS_MAX];
	uint8_t shorter[PROGRAM_MAX];
	unsigned int want = gain(p->reaches, have);
	size_t at;

	for (at = p->size / op; at-- > 0 && p->size > op;) {
		memcpy(shorter, p->data, at * op);
		memcpy(shorter + at * op, p->data + (at + 1) * op, p->size - (at + 1) * op);
		reaches(shorter, p->size - op, map, 2);
		if (gain(map, have) < want)
			continue;
		p->size -= op;
		memcpy(p->data, shorter, p->size);
	}
}

int minimise(const char *from, const char *to)
{
	struct program *all;
	unsigned int n = read_programs(from, &all), i, best, most, kept = 0;
	static uint8_t have[BLOCKS_MAX];
	char path[512];
	FILE *f;

	blocks = cover_total();
	for (i = 0; i < n; i++) {
		all[i].reaches = calloc(1, BLOCKS_MAX);
		reaches(all[i].data, all[i].size, all[i].reaches, 2);
	}
	for (;;) {
		most = 0;
		best = n;
		for (i = 0; i < n; i++) {
			unsigned int g = gain(all[i].reaches, have);

			/* the shorter of two that reach the same */
			if (g > most || (g && g == most && all[i].size < all[best].size)) {
				most = g;
				best = i;
			}
		}
		if (best == n)
			break;
		trim(&all[best], have);
		for (i = 0; i < blocks; i++)
			have[i] |= all[best].reaches[i];
		snprintf(path, sizeof(path), "%s/%04u", to, kept++);
		f = fopen(path, "w");
		if (!f || fwrite(all[best].data, 1, all[best].size, f) != all[best].size ||
		    fclose(f)) {
			perror(path);
			return 1;
		}
	}
	for (i = 0, most = 0; i < blocks; i++)
		most += have[i];
	printf("fuzz: %u of %u programs reach %u blocks each time\n", kept, n, most);
	return 0;
}
