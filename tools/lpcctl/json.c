// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - one JSON object on stdout, safe to show on a terminal
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "payload.h"
#include "proc.h"
#include "text.h"

#define DEPTH_MAX	8

static char closers[DEPTH_MAX];
static bool filled[DEPTH_MAX];
static unsigned int depth;

static void put_string(const void *data, size_t len)
{
	const unsigned char *s = data;

	putchar('"');
	for (size_t i = 0, n; i < len; i += n) {
		n = text_safe(s + i, len - i);
		if (n == 0) {
			printf("\\u%04x", s[i]);
			n = 1;
			continue;
		}
		if (s[i] == '"' || s[i] == '\\')
			putchar('\\');
		fwrite(s + i, 1, n, stdout);
	}
	putchar('"');
}

static void begin(const char *key)
{
	if (depth) {
		if (filled[depth - 1])
			putchar(',');
		filled[depth - 1] = true;
	}
	if (key) {
		put_string(key, strlen(key));
		putchar(':');
	}
}

static void open_with(const char *key, char opener, char closer)
{
	begin(key);
	putchar(opener);
	if (depth == DEPTH_MAX)
		abort();
	closers[depth] = closer;
	filled[depth] = false;
	depth++;
}

void json_object(const char *key)
{
	open_with(key, '{', '}');
	if (depth == 1)
		json_number("schema", 1);
}

void json_array(const char *key)
{
	open_with(key, '[', ']');
}

void json_end(void)
{
	putchar(closers[--depth]);
	if (!depth)
		putchar('\n');
}

void json_number(const char *key, uint64_t v)
{
	begin(key);
	printf("%llu", (unsigned long long)v);
}

void json_signed(const char *key, int64_t v)
{
	begin(key);
	printf("%lld", (long long)v);
}

void json_real(const char *key, double v)
{
	begin(key);
	printf("%.3f", v);
}

void json_bool(const char *key, bool v)
{
	begin(key);
	fputs(v ? "true" : "false", stdout);
}

void json_null(const char *key)
{
	begin(key);
	fputs("null", stdout);
}

void json_text(const char *key, const char *s)
{
	begin(key);
	put_string(s, strlen(s));
}

void json_bytes(const char *key, const void *data, size_t len)
{
	char name[64];

	if (text_is_utf8(data, len)) {
		begin(key);
		put_string(data, len);
		return;
	}
	snprintf(name, sizeof(name), "%s_base64", key);
	begin(name);
	putchar('"');
	payload_put_base64(stdout, data, len);
	putchar('"');
}

void json_id(const char *key, uint32_t id)
{
	if (id == UINT32_MAX)
		json_null(key);
	else
		json_number(key, id);
}

void json_user(const char *key, uint32_t uid)
{
	char text[64];

	json_object(key);
	json_id("uid", uid);
	json_text("user", text_user(uid, text, sizeof(text)));
	json_end();
}

void json_group(const char *key, uint32_t gid)
{
	char text[64];

	json_object(key);
	json_id("gid", gid);
	json_text("group", text_group(gid, text, sizeof(text)));
	json_end();
}

void json_process(const char *key, uint32_t pid, uint32_t uid)
{
	char comm[COMM_ROOM];

	json_object(key);
	json_number("pid", pid);
	json_id("uid", uid);
	proc_comm(pid, comm);
	json_bytes("comm", comm, strlen(comm));
	json_end();
}
