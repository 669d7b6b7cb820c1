// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_report.c - lpcctl bench --report: the machine and all rows as one block
 * of text, for a stranger to paste
 */
#include <dirent.h>
#include <lpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench_show.h"
#include "text.h"

#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities"

static void first_line(const char *path, char *text, size_t room)
{
	FILE *f = fopen(path, "re");

	text[0] = 0;
	if (!f)
		return;
	if (fgets(text, (int)room, f))
		text[strcspn(text, "\n")] = 0;
	fclose(f);
}

static void cpu_model(char *text, size_t room)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256], *colon;

	snprintf(text, room, "?");
	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(text, room, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

static int named(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* What the kernel does about the CPU's leaks; what does not affect it is left out */
static void mitigations(void)
{
	char path[300], text[200];
	struct dirent **list;
	int n = scandir(VULNERABILITIES, &list, named, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), VULNERABILITIES "/%s", list[i]->d_name);
		first_line(path, text, sizeof(text));
		if (strcmp(text, "Not affected") != 0)
			printf("mitigation: %s: %s\n", list[i]->d_name, text);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void machine(void)
{
	struct lpc_module m = { .size = sizeof(m) };
	char text[256];
	struct utsname u;

	cpu_model(text, sizeof(text));
	text_put(stdout, "cpu: ", 5, false);
	text_put(stdout, text, strlen(text), false);
	printf(", %ld online\n", sysconf(_SC_NPROCESSORS_ONLN));
	first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text, sizeof(text));
	printf("governor: %s\n", text[0] ? text : "none");
	first_line("/sys/hypervisor/type", text, sizeof(text));
	if (text[0])
		printf("hypervisor: %s\n", text);
	uname(&u);
	printf("kernel: %s %s %s\n", u.sysname, u.release, u.version);
	first_line("/proc/cmdline", text, sizeof(text));
	fputs("command line: ", stdout);
	text_put(stdout, text, strlen(text), false);
	putchar('\n');
	if (lpc_info(&m) == 0)
		printf("lpc: ABI %u, features %#llx, liblpc %s\n", m.abi,
		       (unsigned long long)m.features, lpc_version());
	mitigations();
}

void bench_report(const struct bench_run *b)
{
	puts("---- lpcctl bench --report ----");
	machine();
	bench_text(b);
	puts("---- end ----");
}
