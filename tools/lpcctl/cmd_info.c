// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_info.c - lpcctl info: versions and features of module and library
 */
#include <lpc.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "errors.h"
#include "json.h"
#include "kernel.h"
#include "options.h"
#include "text.h"

static const struct {
	uint64_t bit;
	const char *word, *help;
} features[] = {
	{ LPC_HAS_WATCH, "watch", "a server learns when a watched thread dies" },
	{ LPC_HAS_HANDOFF, "handoff", "a wake stays on the waker's CPU" },
	{ LPC_HAS_SECTIONS, "sections", "messages of any length, in shared memory; DATA" },
	{ LPC_HAS_QUICK, "quick", "event pairs and quick channels" },
	{ LPC_HAS_SPLIT, "split", "payload apart from header; what libntlpc needs" },
	{ LPC_HAS_DEBUG, "debug", "built with LPC_DEBUG: slower, checks itself" },
};

#define FEATURES	ARRAY_SIZE(features)

static void module_version(char *text, size_t room)
{
	FILE *f = fopen("/sys/module/lpc/version", "re");

	text[0] = '\0';
	if (f) {
		if (!fgets(text, (int)room, f))
			text[0] = '\0';
		fclose(f);
	}
	text[strcspn(text, "\n")] = '\0';
}

static void print_json(const struct lpc_info *i, const char *version, const char *kernel)
{
	json_object(NULL);
	json_text("kernel", kernel);
	json_text("module", version);
	json_text("lpcctl", LPCCTL_VERSION);
	json_text("liblpc", lpc_version());
	json_number("abi", i->abi);
	json_array("features");
	for (size_t f = 0; f < FEATURES; f++)
		if (i->features & features[f].bit)
			json_text(NULL, features[f].word);
	json_end();
	json_number("feature_bits", i->features);
	json_number("errata_bits", i->errata);
	json_number("message_max", i->inline_max);
	json_number("section_max", i->limits[LPC_LIMIT_SECTION].limit);
	json_number("connect_data_max", i->connect_max);
	json_number("callback_ns", (uint64_t)i->callback_ms * 1000000);
	json_end();
}

static void print_text(const struct lpc_info *i, const char *version, const char *kernel)
{
	char span[32];

	printf("module     %s, ABI %u, Linux %s\n", version[0] ? version : "without a version",
	       i->abi, kernel);
	printf("lpcctl     " LPCCTL_VERSION ", liblpc %s, ABI %d\n", lpc_version(),
	       LPC_ABI_VERSION);
	for (size_t f = 0; f < FEATURES; f++)
		printf("%-10s %-8s %-3s  %s\n", f ? "" : "features", features[f].word,
		       (i->features & features[f].bit) ? "yes" : "no", features[f].help);
	printf("errata     %#llx\n", i->errata);
	printf("message    %u bytes", i->inline_max);
	if (i->features & LPC_HAS_SECTIONS)
		printf(", and what a section holds: up to %s",
		       text_size(i->limits[LPC_LIMIT_SECTION].limit, span, sizeof(span)));
	putchar('\n');
	printf("connect    %u bytes of data, each way\n", i->connect_max);
	printf("callback   %s by default\n",
	       text_time((uint64_t)i->callback_ms * 1000000, span, sizeof(span)));
}

int cmd_info(int argc, char **argv)
{
	char version[64];
	struct utsname u;
	struct lpc_info info;
	int r;

	options(NULL, argc, argv, 0, 0);
	r = kern_info(&info);
	if (r < 0)
		return complain(DOING_OPEN, NULL, r, TAKEN_UNKNOWN);
	module_version(version, sizeof(version));
	uname(&u);
	if (opt.json)
		print_json(&info, version, u.release);
	else
		print_text(&info, version, u.release);
	return RC_DONE;
}
