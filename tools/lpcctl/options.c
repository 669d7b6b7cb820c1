// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - a verb's options as a table; the global ones are added
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "text.h"

#define OPTIONS_MAX	32
#define NO_LETTER	256	/* val of an option without a letter: this + index */

struct globals opt;

static bool want_help, want_version;

static const struct cli_option global[] = {
	{ OPT_FLAG, 'J', "json", NULL, "one JSON object instead of text", &opt.json },
	{ OPT_TEXT, 'o', "output", "COL,...", "columns; +COL,... adds some", &opt.columns },
	{ OPT_FLAG, 'n', "noheadings", NULL, "no headings, no last line", &opt.noheadings },
	{ OPT_TIME, 0, "timeout", "TIME", "give up after TIME (5s, 250ms)", &opt.timeout },
	{ OPT_FLAG, 'q', "quiet", NULL, "say nothing but results and errors", &opt.quiet },
	{ OPT_FLAG, 'h', "help", NULL, "this text", &want_help },
	{ OPT_FLAG, 'V', "version", NULL, "version of lpcctl", &want_version },
	{ 0 },
};

void usage_error(const char *fmt, ...)
{
	va_list args;

	fputs("lpcctl: ", stderr);
	if (verb)
		fprintf(stderr, "%s: ", verb->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	if (verb)
		fprintf(stderr,
			"\nusage: lpcctl %s %s\n       `lpcctl %s --help` lists the options\n",
			verb->name, verb->args, verb->name);
	else
		fputs("\n`lpcctl --help` lists the verbs\n", stderr);
	exit(RC_USAGE);
}

static void print_options(const struct cli_option *o)
{
	for (; o->kind != OPT_END; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s --%s%s%s", o->letter ? "-" : " ",
			 o->letter ? o->letter : ' ', o->letter ? "," : " ",
			 o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-26s %s\n", left, o->help);
	}
}

static void help(const struct cli_option *own)
{
	if (!verb) {
		print_overview();
	} else {
		printf("usage: lpcctl %s %s\n%s\n", verb->name, verb->args, verb->help);
		if (own && own->kind != OPT_END) {
			putchar('\n');
			print_options(own);
		}
	}
	puts("\nwith every verb:");
	print_options(global);
	exit(RC_DONE);
}

static void set(const struct cli_option *o, const char *value)
{
	bool ok = true;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		break;
	case OPT_TEXT:
		*(const char **)o->to = value;
		break;
	case OPT_NUMBER:
		ok = parse_number(value, 0, o->to);
		break;
	case OPT_MODE:
		ok = parse_number(value, 8, o->to) && *(uint32_t *)o->to <= 0777;
		break;
	case OPT_SIZE:
		ok = parse_size(value, o->to);
		break;
	case OPT_TIME:
		ok = parse_time(value, o->to);
		break;
	case OPT_END:
		break;
	}
	if (!ok)
		usage_error("--%s %s: not %s", o->name, value,
			    o->kind == OPT_SIZE ? "a size (4096, 64K, 1M, 1G)" :
			    o->kind == OPT_TIME ? "a time (2s, 250ms, 10us, 1min)" :
			    o->kind == OPT_MODE ? "an octal mode (0660)" : "a number");
}

struct parser {
	const struct cli_option *by_index[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	int n;
};

static void add(struct parser *p, const struct cli_option *o)
{
	char *s = p->shorts + strlen(p->shorts);

	for (; o && o->kind != OPT_END && p->n < OPTIONS_MAX; o++, p->n++) {
		p->by_index[p->n] = o;
		p->longs[p->n] = (struct option){
			.name = o->name,
			.has_arg = o->kind == OPT_FLAG ? no_argument : required_argument,
			.val = NO_LETTER + p->n,
		};
		if (o->letter) {
			*s++ = (char)o->letter;
			if (o->kind != OPT_FLAG)
				*s++ = ':';
		}
	}
}

static void parse(struct parser *p, int argc, char **argv)
{
	int c, i;

	argv[0] = (char *)"lpcctl";	/* getopt's messages begin with it */
	optind = 0;
	while ((c = getopt_long(argc, argv, p->shorts, p->longs, NULL)) != -1) {
		if (c == '?') {
			fprintf(stderr, "`lpcctl%s%s --help` lists the options%s\n",
				verb ? " " : "", verb ? verb->name : "",
				verb && strstr(verb->args, "-- CMD") ?
				"; CMD with its own stands behind --" : "");
			exit(RC_USAGE);
		}
		for (i = 0; i < p->n; i++)
			if (c == NO_LETTER + i || c == p->by_index[i]->letter)
				break;
		set(p->by_index[i], optarg);
	}
}

static void answer_wishes(const struct cli_option *own)
{
	if (want_help)
		help(own);
	if (want_version) {
		puts("lpcctl " LPCCTL_VERSION);
		exit(RC_DONE);
	}
}

char **options(const struct cli_option *own, int argc, char **argv, int min, int max)
{
	struct parser p = { .n = 0 };
	int given;

	add(&p, own);
	add(&p, global);
	parse(&p, argc, argv);
	answer_wishes(own);
	given = argc - optind;
	if (given < min)
		usage_error("too few arguments");
	if (max >= 0 && given > max)
		usage_error("too many arguments: %s", argv[optind + max]);
	if (opt.columns && !verb->columns)
		usage_error("-o: this verb prints no table");
	return argv + optind;
}

int global_options(int argc, char **argv)
{
	struct parser p = { .shorts = "+" };

	add(&p, global);
	parse(&p, argc, argv);
	if (optind == argc)
		answer_wishes(NULL);
	return optind;
}
