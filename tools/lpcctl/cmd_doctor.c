// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_doctor.c - lpcctl doctor: what is wrong, and the command that mends it
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "doctor.h"
#include "json.h"
#include "kernel.h"
#include "options.h"

static const char *const states[] = {
	[FINDING_OK] = "ok", [FINDING_WARNING] = "warning", [FINDING_BAD] = "bad",
};

static unsigned int bad;

void finding(enum finding_state state, const char *name, const char *mend, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	bad += state == FINDING_BAD;
	if (opt.json) {
		json_object(NULL);
		json_text("name", name);
		json_text("state", states[state]);
		json_text("text", text);
		if (mend && *mend)
			json_text("mend", mend);
		else
			json_null("mend");
		json_end();
		return;
	}
	if (opt.quiet && state == FINDING_OK)
		return;
	printf("%-8s %-8s %s\n", states[state], name, text);
	if (mend && *mend)
		printf("%-8s %-8s    %s\n", "", "", mend);
}

int cmd_doctor(int argc, char **argv)
{
	int r;

	options(NULL, argc, argv, 0, 0);
	if (opt.json) {
		json_object(NULL);
		json_array("checks");
	}
	if (check_module() && check_device())
		check_use();
	if (opt.json) {
		json_end();
		json_bool("ok", bad == 0);
		json_end();
	} else if (!opt.quiet) {
		puts(bad ? "Mend the first thing that is bad, then ask again." : "All is well.");
	}
	if (!bad)
		return RC_DONE;
	r = kern_open();
	return r == -ENODEV ? RC_NO_DEVICE : r == -EACCES ? RC_DENIED : RC_SYSTEM;
}
