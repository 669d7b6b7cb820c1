// SPDX-License-Identifier: GPL-2.0-only
/*
 * payload.c - bytes of requests and replies: arguments, files, hex, base64
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "options.h"
#include "payload.h"
#include "progress.h"
#include "text.h"

#define CHUNK		65536	/* read at a time, so that there is progress */
#define PER_BYTE	3	/* characters, in hexadecimal with colons or blanks */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static __noreturn void fail_system(const char *what, int err)
{
	fprintf(stderr, "lpcctl: %s: %s\n", what, strerror(err));
	exit(RC_SYSTEM);
}

static __noreturn void fail_long(const char *arg, uint64_t max, const char *what)
{
	char size[32];

	exit(complain_text(-EMSGSIZE, TAKEN_NO, "%s: more than %s, the most that %s (EMSGSIZE).",
			   strcmp(arg, "-") == 0 ? "standard input" : arg,
			   text_size(max, size, sizeof(size)), what));
}

static void grow(struct payload *p, size_t *room, const char *what)
{
	unsigned char *more;

	*room = *room ? 2 * *room : CHUNK;
	more = realloc(p->data, *room);
	if (!more)
		fail_system(what, ENOMEM);
	p->data = more;
}

/* To its end; one byte more than @max is enough to know that it is too long. */
static struct payload slurp(FILE *f, const char *what, uint64_t max)
{
	struct payload p = { .len = 0 };
	size_t room = 0, n;
	struct stat st;
	int err;

	if (fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode))
		st.st_size = 0;
	if ((uint64_t)st.st_size > max)
		return (struct payload){ .len = (size_t)st.st_size };
	if (!isatty(fileno(f)))
		progress_begin("reading", what, (uint64_t)st.st_size);
	do {
		if (p.len == room)
			grow(&p, &room, what);
		n = fread(p.data + p.len, 1, room - p.len < CHUNK ? room - p.len : CHUNK, f);
		p.len += n;
		progress_at(p.len);
	} while (n && p.len <= max);
	err = errno;
	progress_end();
	if (ferror(f))
		fail_system(what, err);
	return p;
}

static struct payload raw(const char *arg, uint64_t max)
{
	struct payload p = { .len = 0 };
	FILE *f;

	if (strcmp(arg, "-") == 0)
		return slurp(stdin, "standard input", max);
	if (arg[0] == '@') {
		f = fopen(arg + 1, "re");
		if (!f)
			fail_system(arg + 1, errno);
		p = slurp(f, arg + 1, max);
		fclose(f);
		return p;
	}
	p.len = strlen(arg);
	p.data = (unsigned char *)strdup(arg);
	if (!p.data)
		fail_system("request", ENOMEM);
	return p;
}

static int nibble(unsigned char c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

static void decode_hex(struct payload *p)
{
	size_t n = 0;
	int high = -1;

	for (size_t i = 0; i < p->len; i++) {
		int v = nibble(p->data[i]);

		if (high < 0 && (isspace(p->data[i]) || p->data[i] == ':'))
			continue;
		if (v < 0)
			usage_error("--hex: byte %zu of the data is no hex digit", i);
		if (high < 0) {
			high = v;
		} else {
			p->data[n++] = (unsigned char)(high << 4 | v);
			high = -1;
		}
	}
	if (high >= 0)
		usage_error("--hex: the data has an odd number of digits");
	p->len = n;
}

static void decode_base64(struct payload *p)
{
	uint32_t bits = 0;
	unsigned int have = 0, symbols = 0, pad = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->len; i++) {
		const char *d = p->data[i] ? strchr(digits, p->data[i]) : NULL;

		if (isspace(p->data[i]))
			continue;
		symbols++;
		if (p->data[i] == '=') {
			pad++;
			continue;
		}
		if (!d || pad)
			usage_error("--base64: byte %zu of the data does not belong there", i);
		bits = bits << 6 | (uint32_t)(d - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			p->data[n++] = (unsigned char)(bits >> have);
		}
	}
	if (symbols % 4 || pad > 2)
		usage_error("--base64: the data is cut short");
	p->len = n;
}

struct payload payload_get(const char *arg, enum payload_form form, uint64_t max,
			   const char *what)
{
	/* blanks and lines may stand between the digits */
	uint64_t text_max = form == FORM_BYTES ? max : PER_BYTE * max + CHUNK;
	struct payload p = { .len = 0 };

	if (!arg)
		return p;
	p = raw(arg, text_max);
	if (p.len > text_max)
		fail_long(arg, max, what);
	if (form == FORM_HEX)
		decode_hex(&p);
	if (form == FORM_BASE64)
		decode_base64(&p);
	if (p.len > max)
		fail_long(arg, max, what);
	return p;
}

void payload_put_base64(FILE *f, const void *data, size_t len)
{
	const unsigned char *s = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)s[i] << 16 | (n > 1 ? (uint32_t)s[i + 1] << 8 : 0) |
			     (n > 2 ? s[i + 2] : 0);

		putc(digits[v >> 18], f);
		putc(digits[v >> 12 & 63], f);
		putc(n > 1 ? digits[v >> 6 & 63] : '=', f);
		putc(n > 2 ? digits[v & 63] : '=', f);
	}
}

static void put_bytes(const unsigned char *s, size_t len)
{
	size_t n;

	progress_begin("writing", "the reply", len);
	for (size_t at = 0; at < len && !ferror(stdout); at += n) {
		n = len - at < CHUNK ? len - at : CHUNK;
		fwrite(s + at, 1, n, stdout);
		progress_at(at + n);
	}
	progress_end();
}

int payload_put(const void *data, size_t len, enum payload_form form)
{
	const unsigned char *s = data;
	bool tty = isatty(STDOUT_FILENO);

	switch (form) {
	case FORM_HEX:
		for (size_t i = 0; i < len; i++)
			printf("%02x", s[i]);
		putchar('\n');
		break;
	case FORM_BASE64:
		payload_put_base64(stdout, data, len);
		putchar('\n');
		break;
	case FORM_BYTES:
		if (!tty) {
			put_bytes(s, len);
			break;
		}
		text_put(stdout, data, len, true);
		if (len && s[len - 1] != '\n')
			putchar('\n');
		break;
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return RC_DONE;
	fprintf(stderr, "lpcctl: standard output: %s\n", strerror(errno));
	return RC_SYSTEM;
}
