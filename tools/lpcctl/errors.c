// SPDX-License-Identifier: GPL-2.0-only
/*
 * errors.c - what went wrong, why, and what to type; the exit code
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "json.h"
#include "kernel.h"
#include "options.h"
#include "reason.h"
#include "text.h"

#define NAME_RULE \
	"%s: no port can have this name: 1 to %u bytes, no segment between '/' empty, \".\" or \"..\""

static int exit_code(int err)
{
	switch (-err) {
	case ENOENT:
		return RC_NO_PORT;
	case EACCES: case EPERM: case ECONNREFUSED:
		return RC_DENIED;
	case ETIMEDOUT:
		return RC_TIMEOUT;
	case EPIPE: case ECONNRESET: case ESHUTDOWN:
		return RC_GONE;
	case ENODEV:
		return RC_NO_DEVICE;
	default:
		return RC_SYSTEM;
	}
}

static int report(const char *text, int err, int taken)
{
	const char *symbol = strerrorname_np(-err);
	int rc = exit_code(err);

	fprintf(stderr, "lpcctl: %s\n", text);
	if (!opt.json)
		return rc;
	json_object(NULL);
	json_object("error");
	json_text("errno", symbol ? symbol : "?");
	json_text("message", text);
	json_number("exit", (uint64_t)rc);
	if (taken != TAKEN_UNKNOWN)
		json_bool("taken", taken == TAKEN_YES);
	json_end();
	json_end();
	return rc;
}

int complain(enum doing doing, const char *name, int err, int taken)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return report("out of memory", err, taken);
	reason(f, doing, name, err, taken);
	fclose(f);
	report(text, err, taken);
	free(text);
	return exit_code(err);
}

int complain_text(int err, int taken, const char *fmt, ...)
{
	va_list args;
	char *text;
	int rc, n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return report("out of memory", err, taken);
	rc = report(text, err, taken);
	free(text);
	return rc;
}

int complain_section(const char *name, int err, uint64_t bytes)
{
	char size[32], limit[32], used[32];
	struct lpc_info info = { .flags = 0 };
	const struct lpc_limit_value *one = &info.limits[LPC_LIMIT_SECTION];
	const struct lpc_limit_value *all = &info.limits[LPC_LIMIT_SECTION_BYTES];

	if (err != -ENOBUFS || kern_info(&info) < 0)
		return complain(DOING_CONNECT, name, err, TAKEN_UNKNOWN);
	text_size(bytes, size, sizeof(size));
	if (!(info.features & LPC_HAS_SECTIONS))
		return complain_text(-EMSGSIZE, TAKEN_NO,
			"%s: this module knows no sections: a message has %u bytes at most (EMSGSIZE).",
			name, LPC_INLINE_MAX);
	if (bytes > UINT32_MAX)
		return complain_text(-EMSGSIZE, TAKEN_NO,
			"%s: a message has less than 4 GiB (EMSGSIZE), this one %s.", name, size);
	if (bytes > one->limit)
		return complain_text(err, TAKEN_NO,
			"%s: this needs a section of %s, and one has at most %s (ENOBUFS); "
			"`sudo sysctl lpc.section_max=%llu` allows it.", name, size,
			text_size(one->limit, limit, sizeof(limit)), (unsigned long long)bytes);
	if (all->in_use > all->limit || bytes > all->limit - all->in_use)
		return complain_text(err, TAKEN_NO,
			"%s: this needs a section of %s, you have %s of %s in sections (ENOBUFS); "
			"`sudo sysctl lpc.section_bytes=%llu` allows it.", name, size,
			text_size(all->in_use, used, sizeof(used)),
			text_size(all->limit, limit, sizeof(limit)),
			(unsigned long long)(all->in_use + bytes));
	return complain(DOING_CONNECT, name, err, TAKEN_UNKNOWN);
}

int complain_refused(const char *name, const void *answer, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	if (!len)
		return complain(DOING_CONNECT, name, -ECONNREFUSED, TAKEN_UNKNOWN);
	f = open_memstream(&text, &size);
	if (!f)
		return report("out of memory", -ECONNREFUSED, TAKEN_UNKNOWN);
	fprintf(f, "%s: refused by the server: \"", name);
	text_put(f, answer, len, false);
	fputs("\" (ECONNREFUSED)", f);
	fclose(f);
	report(text, -ECONNREFUSED, TAKEN_UNKNOWN);
	free(text);
	return RC_DENIED;
}

int need_device(void)
{
	struct lpc_info info;
	char text[160];
	int r = kern_open();

	if (r >= 0)
		r = kern_info(&info);
	if (r < 0)
		return complain(DOING_OPEN, NULL, r, TAKEN_UNKNOWN);
	if (info.abi == LPC_ABI_VERSION)
		return RC_DONE;
	snprintf(text, sizeof(text),
		 "module speaks ABI %u, this lpcctl needs %d (EOPNOTSUPP); `lpcctl doctor`.",
		 info.abi, LPC_ABI_VERSION);
	return report(text, -EOPNOTSUPP, TAKEN_UNKNOWN);
}

const char *need_name(const char *name)
{
	static char full[LPC_NAME_MAX + 1];
	char clean[1024];

	if (!kern_name(name, full))
		usage_error(NAME_RULE, text_clean(name, clean, sizeof(clean)),
			    LPC_NAME_MAX);
	return full;
}
