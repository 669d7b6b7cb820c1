// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - numbers, times, users and untrusted bytes, read and written
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lpcctl.h"
#include "text.h"

bool parse_number(const char *s, int base, uint32_t *to)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, base);
	if (errno || end == s || *end || *s == '-' || v > UINT32_MAX)
		return false;
	*to = (uint32_t)v;
	return true;
}

bool parse_time(const char *s, uint64_t *ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {
		{ "", 1e9 }, { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 },
		{ "s", 1e9 }, { "min", 60e9 }, { "m", 60e9 }, { "h", 3600e9 },
	};
	double v;
	char *end;

	v = strtod(s, &end);
	if (end == s || !(v >= 0))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) == 0 && v * units[i].ns < 9e18) {
			*ns = (uint64_t)(v * units[i].ns);
			return true;
		}
	}
	return false;
}

bool parse_size(const char *s, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	double v;
	char *end;

	/* no hexadecimal, no infinity */
	if (strspn(s, "0123456789.") == 0)
		return false;
	v = strtod(s, &end);
	if (end != s + strspn(s, "0123456789."))
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		v *= (double)(1ull << 10 * (unit - units + 1));
		end++;
		if (strncmp(end, "iB", 2) == 0)
			end += 2;
	}
	if (*end || !(v < 9e18))
		return false;
	*bytes = (uint64_t)v;
	return true;
}

const char *text_span(uint64_t ns, char *text, size_t room)
{
	unsigned long long s = ns / 1000000000;

	if (s < 60)
		snprintf(text, room, "%.1f s", (double)ns / 1e9);
	else if (s < 3600)
		snprintf(text, room, "%llu min", s / 60);
	else if (s < 86400)
		snprintf(text, room, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		snprintf(text, room, "%llu d %llu h", s / 86400, s / 3600 % 24);
	return text;
}

const char *text_time(uint64_t ns, char *text, size_t room)
{
	double v = (double)ns;

	if (ns < 1000)
		snprintf(text, room, "%.0f ns", v);
	else if (ns < 1000000)
		snprintf(text, room, "%.*f us", ns < 100000 ? 2 : 0, v / 1e3);
	else if (ns < 1000000000)
		snprintf(text, room, "%.2f ms", v / 1e6);
	else
		snprintf(text, room, "%.2f s", v / 1e9);
	return text;
}

const char *text_count(uint64_t n, char *text, size_t room)
{
	char digits[24];
	size_t len, at = 0;

	len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	for (size_t i = 0; i < len && at + 2 < room; i++) {
		if (i && (len - i) % 3 == 0)
			text[at++] = ' ';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

const char *text_size(uint64_t bytes, char *text, size_t room)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1024 && i + 1 < ARRAY_SIZE(units)) {
		v /= 1024;
		i++;
	}
	snprintf(text, room, "%.*f %s", v != (double)(uint64_t)v, v,
		 bytes == 1 ? "byte" : units[i]);
	return text;
}

const char *text_user(uid_t uid, char *text, size_t room)
{
	struct passwd *pw = uid == (uid_t)-1 ? NULL : getpwuid(uid);

	if (pw)
		snprintf(text, room, "%s", pw->pw_name);
	else if (uid == (uid_t)-1)
		snprintf(text, room, "?");
	else
		snprintf(text, room, "%u", uid);
	return text;
}

const char *text_group(gid_t gid, char *text, size_t room)
{
	struct group *gr = gid == (gid_t)-1 ? NULL : getgrgid(gid);

	if (gr)
		snprintf(text, room, "%s", gr->gr_name);
	else if (gid == (gid_t)-1)
		snprintf(text, room, "?");
	else
		snprintf(text, room, "%u", gid);
	return text;
}

size_t text_distance(const char *a, const char *b)
{
	size_t row[257], n = strlen(b);

	if (n > 256)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

size_t text_safe(const unsigned char *s, size_t len)
{
	uint32_t c;
	size_t n;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < 0xa0 || (n == 3 && c < 0x800) || (n == 4 && c < 0x10000) ||
	    c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	/* text that reorders what stands around it */
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return 0;
	return n;
}

bool text_is_utf8(const void *data, size_t len)
{
	const unsigned char *s = data;

	for (size_t i = 0, n; i < len; i += n) {
		n = s[i] < 0x80 ? 1 : text_safe(s + i, len - i);
		/* C1 controls and reordering are UTF-8, but go as base64 */
		if (n == 0)
			return false;
	}
	return true;
}

void text_put(FILE *f, const void *data, size_t len, bool lines)
{
	const unsigned char *s = data;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_safe(s + i, len - i);
		if (n == 0 && lines && (s[i] == '\n' || s[i] == '\t'))
			n = 1;
		if (n) {
			fwrite(s + i, 1, n, f);
		} else {
			fprintf(f, "\\x%02x", s[i]);
			n = 1;
		}
	}
}

const char *text_clean(const char *s, char *text, size_t room)
{
	FILE *f = fmemopen(text, room, "w");

	text[0] = '\0';
	if (f) {
		setvbuf(f, NULL, _IONBF, 0);
		text_put(f, s, strlen(s), false);
		fclose(f);
	}
	text[room - 1] = '\0';
	return text;
}

uint64_t time_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t time_limit(void)
{
	return opt.timeout ? time_now() + opt.timeout : 0;
}
