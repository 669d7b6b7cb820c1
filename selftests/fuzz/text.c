// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs as text: a line an operation, "actor name field=value ...", fields that are
 * 0 left out; an empty line between two programs; # begins a comment. And the file that
 * holds what ran last.
 */
#include "fuzz.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(field, bytes) { #field, offsetof(struct fuzz_op, field), bytes }

static const struct {
	const char *name;
	size_t at, bytes;
} fields[] = {
	AT(a, 1), AT(b, 1), AT(c, 1), AT(d, 1), AT(flags, 2), AT(len, 1), AT(when, 1),
	AT(place, 1), AT(poke, 1), AT(value, 1), AT(fail, 1), AT(ptr, 1), AT(g, 1),
};

void text_print(void *file, const uint8_t *data, size_t size)
{
	struct fuzz_op op;
	unsigned int i;
	uint16_t value;
	size_t at;

	for (at = 0; at + sizeof(op) <= size; at += sizeof(op)) {
		memcpy(&op, data + at, sizeof(op));
		fprintf(file, "%u%s %s", op.actor % ACTORS, op.actor & FUZZ_COMPAT ? "c" : "",
			fuzz_verbs[op.code % fuzz_nr_verbs].name);
		for (i = 0; i < ARRAY_SIZE(fields); i++) {
			value = 0;
			memcpy(&value, (uint8_t *)&op + fields[i].at, fields[i].bytes);
			if (value)
				fprintf(file, " %s=%#x", fields[i].name, value);
		}
		fprintf(file, "\n");
	}
}

static bool parse_field(struct fuzz_op *op, const char *word)
{
	const char *equals = strchr(word, '=');
	unsigned int i;
	uint16_t value;

	for (i = 0; equals && i < ARRAY_SIZE(fields); i++) {
		if (strlen(fields[i].name) != (size_t)(equals - word) ||
		    strncmp(fields[i].name, word, (size_t)(equals - word)))
			continue;
		value = (uint16_t)strtoul(equals + 1, NULL, 0);
		memcpy((uint8_t *)op + fields[i].at, &value, fields[i].bytes);
		return true;
	}
	return false;
}

static bool parse_line(struct fuzz_op *op, char *line)
{
	char *rest, *word = strtok_r(line, " \t", &rest), *end;
	unsigned int i;

	memset(op, 0, sizeof(*op));
	op->actor = (uint8_t)strtoul(word, &end, 10);
	if (*end == 'c')
		op->actor |= FUZZ_COMPAT;
	word = strtok_r(NULL, " \t", &rest);
	for (i = 0; word && i < fuzz_nr_verbs; i++)
		if (!strcmp(word, fuzz_verbs[i].name))
			break;
	if (!word || i == fuzz_nr_verbs)
		return false;
	op->code = (uint8_t)i;
	while ((word = strtok_r(NULL, " \t", &rest)))
		if (!parse_field(op, word))
			return false;
	return true;
}

/* The next program of @text; 0: there is none any more */
size_t text_parse(const char **text, uint8_t *data)
{
	struct fuzz_op op;
	char line[256];
	size_t size = 0, n;

	while (**text) {
		n = strcspn(*text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)n, *text);
		*text += n + ((*text)[n] == '\n');
		line[strcspn(line, "#")] = 0;
		if (!line[strspn(line, " \t\r")]) {
			if (size && !n)
				break;
			continue;
		}
		if (!parse_line(&op, line)) {
			fprintf(stderr, "fuzz: what is \"%s\"?\n", line);
			exit(2);
		}
		if (size + sizeof(op) <= PROGRAM_MAX) {
			memcpy(data + size, &op, sizeof(op));
			size += sizeof(op);
		}
	}
	return size;
}

static char *read_all(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	struct stat st;
	char *text;

	if (!f || fstat(fileno(f), &st)) {
		perror(path);
		exit(2);
	}
	text = calloc(1, (size_t)st.st_size + 1);
	*size = text ? fread(text, 1, (size_t)st.st_size, f) : 0;
	fclose(f);
	return text;
}

/* All programs of a directory, as text to stdout */
int text_pack(const char *dir)
{
	struct dirent **names;
	int i, n = scandir(dir, &names, NULL, alphasort);
	char path[512], *data;
	size_t size;

	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		data = read_all(path, &size);
		text_print(stdout, (uint8_t *)data, size);
		printf("\n");
		free(data);
	}
	return n < 0;
}

/* The programs of a text, a file each; a file that is none is one program itself */
int text_unpack(const char *file, const char *dir)
{
	uint8_t data[PROGRAM_MAX];
	size_t size, whole;
	char *text = read_all(file, &whole), path[512];
	const char *at = text;
	unsigned int n = 0;
	bool binary = memchr(text, 0, whole);
	FILE *f;

	for (;;) {
		if (binary) {
			size = n ? 0 : whole < sizeof(data) ? whole : sizeof(data);
			memcpy(data, text, size);
		} else {
			size = text_parse(&at, data);
		}
		if (!size)
			break;
		snprintf(path, sizeof(path), "%s/%04u", dir, n++);
		f = fopen(path, "w");
		if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
			perror(path);
			return 1;
		}
	}
	free(text);
	printf("%u\n", n);
	return 0;
}

static int older(const void *a, const void *b)
{
	const struct fuzz_running *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* What ran last, and all that the file still knows before it */
int text_running(const char *file, const char *last, const char *all)
{
	size_t size, i, n;
	char *text = read_all(file, &size);
	struct fuzz_running *r = (void *)text;
	FILE *f;

	n = size / sizeof(*r);
	qsort(r, n, sizeof(*r), older);
	f = fopen(all, "w");
	for (i = 0; f && i < n; i++)
		if (r[i].magic == RUNNING_MAGIC && r[i].size <= sizeof(r[i].data)) {
			text_print(f, r[i].data, r[i].size);
			fprintf(f, "\n");
		}
	if (!f || fclose(f) || !n || r[n - 1].magic != RUNNING_MAGIC ||
	    r[n - 1].size > sizeof(r[n - 1].data))
		return 1;
	f = fopen(last, "w");
	if (!f)
		return 1;
	text_print(f, r[n - 1].data, r[n - 1].size);
	free(text);
	return fclose(f) ? 1 : 0;
}
