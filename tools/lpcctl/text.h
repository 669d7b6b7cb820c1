/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text.h - numbers, times, users and untrusted bytes, read and written
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

bool parse_number(const char *s, int base, uint32_t *to);
bool parse_time(const char *s, uint64_t *ns);
bool parse_size(const char *s, uint64_t *bytes);	/* "4096", "64K", "1.5M", "1GiB" */

/* Each returns @text. */
const char *text_span(uint64_t ns, char *text, size_t room);	/* "41 min" */
const char *text_count(uint64_t n, char *text, size_t room);	/* "1 204 331" */
const char *text_size(uint64_t bytes, char *text, size_t room);	/* "1.2 MiB" */
const char *text_user(uid_t uid, char *text, size_t room);	/* "maria", "1000", "?" */
const char *text_group(gid_t gid, char *text, size_t room);
const char *text_time(uint64_t ns, char *text, size_t room);	/* "4.31 us" */

/* Edits between two words. */
size_t text_distance(const char *a, const char *b);

/* Length of the UTF-8 character at @s that is safe on a terminal, 0 if none. */
size_t text_safe(const unsigned char *s, size_t len);
bool text_is_utf8(const void *data, size_t len);

/* What could steer a terminal comes out as \xNN; @lines keeps \n and \t. */
void text_put(FILE *f, const void *data, size_t len, bool lines);
const char *text_clean(const char *s, char *text, size_t room);

/* Now, CLOCK_MONOTONIC; opt.timeout from now on, 0 if none was given. */
uint64_t time_now(void);
uint64_t time_limit(void);

#endif
