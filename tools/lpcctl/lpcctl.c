// SPDX-License-Identifier: GPL-2.0-only
/*
 * lpcctl.c - the table of verbs, and main()
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "text.h"

static const struct verb verbs[] = {
	{ "list", cmd_list, "[GLOB]", "the ports of this IPC namespace", true },
	{ "show", cmd_show, "NAME|PID", "one port, or all ports of a process, in full", true },
	{ "ps", cmd_ps, "[PID]", "calls in progress, and who holds which port", true },
	{ "info", cmd_info, "", "versions and features of module and library", false },
	{ "limits", cmd_limits, "", "limits in force and how much you use", true },
	{ "doctor", cmd_doctor, "", "what is wrong, and the command that mends it", false },
	{ "acl", cmd_acl, "NAME [ENTRY...]", "who may connect and look; or set that", false },
	{ "call", cmd_call, "NAME [DATA|-|@FILE]", "send a request, print the reply", false },
	{ "send", cmd_send, "NAME [DATA|-|@FILE]", "send a datagram", false },
	{ "ping", cmd_ping, "NAME", "is it alive, and how fast", false },
	{ "wait", cmd_wait, "NAME", "until the port exists", false },
	{ "echo", cmd_echo, "NAME", "a server that returns what it gets", false },
	{ "serve", cmd_serve, "NAME -- CMD...", "a server that runs CMD for each request", false },
	{ "bench", cmd_bench, "", "round trips through LPC and its peers, in one run", true },
};

#define VERBS	ARRAY_SIZE(verbs)

const struct verb *verb;

void print_overview(void)
{
	puts("usage: lpcctl [OPTION...] VERB [ARGUMENT...]\n"
	     "looks at, calls, serves and measures LPC ports; no verb: list\n");
	for (size_t i = 0; i < VERBS; i++)
		printf("  %-6s %-20s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static __noreturn void unknown(const char *name)
{
	const char *near = NULL;
	size_t best = 3;

	for (size_t i = 0; i < VERBS; i++) {
		size_t d = text_distance(name, verbs[i].name);

		if (d < best) {
			best = d;
			near = verbs[i].name;
		}
	}
	if (near)
		usage_error("%s: no such verb; did you mean %s?", name, near);
	usage_error("%s: no such verb", name);
}

int main(int argc, char **argv)
{
	char list[] = "list", *no_verb[] = { list, NULL };
	int first, rc;

	setlocale(LC_CTYPE, "");
	first = global_options(argc, argv);
	if (first == argc) {
		argc = 1;
		argv = no_verb;
	} else {
		argc -= first;
		argv += first;
	}
	verb = find(argv[0]);
	if (!verb)
		unknown(argv[0]);
	rc = verb->run(argc, argv);
	if (fflush(stdout) != 0 && rc == RC_DONE) {
		perror("lpcctl: output");
		rc = RC_SYSTEM;
	}
	return rc;
}
