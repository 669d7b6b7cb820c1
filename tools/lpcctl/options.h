/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - a verb's options as a table; the global ones are added
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "lpcctl.h"

enum option_kind {
	OPT_END,
	OPT_FLAG,	/* bool */
	OPT_TEXT,	/* const char * */
	OPT_NUMBER,	/* uint32_t, 0x and 0 prefixes work */
	OPT_MODE,	/* uint32_t, always octal */
	OPT_SIZE,	/* uint64_t bytes; "64K", "1M", "1GiB" */
	OPT_TIME,	/* uint64_t ns; "2s", "10ms"; a bare number is seconds */
};

struct cli_option {
	enum option_kind kind;
	int letter;		/* 0: none */
	const char *name;
	const char *arg;	/* its name in the help, NULL for a flag */
	const char *help;
	void *to;
};

/*
 * Parses argv, options and arguments mixed, and returns the arguments, NULL
 * terminated. --help and --version print and exit; what is wrong exits with
 * RC_USAGE. @max arguments, any number if it is negative.
 */
char **options(const struct cli_option *own, int argc, char **argv, int min, int max);

/* Global options only, up to the verb. Returns the index of the verb. */
int global_options(int argc, char **argv);

__printf(1, 2)
__noreturn void usage_error(const char *fmt, ...);

void print_overview(void);	/* in lpcctl.c, which knows the verbs */

#endif
