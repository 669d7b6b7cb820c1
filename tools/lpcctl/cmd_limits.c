// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_limits.c - lpcctl limits: limits in force and how much the user uses
 */
#include <stdio.h>
#include <unistd.h>

#include "errors.h"
#include "format.h"
#include "json.h"
#include "kernel.h"
#include "options.h"
#include "text.h"

enum { LIMIT, MAX, USED, SYSCTL, COLUMNS };

static const struct column columns[COLUMNS] = {
	[LIMIT] = { "LIMIT", COL_LEFT }, [MAX] = { "MAX", COL_RIGHT },
	[USED] = { "USED", COL_RIGHT }, [SYSCTL] = { "SYSCTL", COL_LEFT },
};

/* The others belong to a port or a connection: `show` tells. */
static bool is_users(uint32_t limit)
{
	switch (limit) {
	case LPC_LIMIT_PORTS:
	case LPC_LIMIT_CONNS:
	case LPC_LIMIT_USER_PENDING:
	case LPC_LIMIT_NAME_WAITERS:
	case LPC_LIMIT_WATCHES:
	case LPC_LIMIT_SECTION_BYTES:
	case LPC_LIMIT_EVENT_PAIRS:
		return true;
	default:
		return false;
	}
}

static void print_json(const struct lpc_info *info)
{
	json_object(NULL);
	json_number("uid", geteuid());
	json_array("limits");
	for (uint32_t i = 1; i < LPC_LIMIT_MAX; i++) {
		if (!kern_limit_sysctl(i) || !info->limits[i].limit)
			continue;
		json_object(NULL);
		json_text("sysctl", kern_limit_sysctl(i));
		json_text("what", kern_limit_name(i));
		json_number("limit", info->limits[i].limit);
		if (is_users(i))
			json_number("in_use", info->limits[i].in_use);
		else
			json_null("in_use");
		json_end();
	}
	json_end();
	json_end();
}

static void cell(struct table *t, size_t col, uint32_t limit, uint64_t value)
{
	char text[32];

	if (kern_limit_in_bytes(limit))
		table_cell(t, col, "%s", text_size(value, text, sizeof(text)));
	else
		table_cell(t, col, "%llu", (unsigned long long)value);
}

static void print_text(const struct lpc_info *info)
{
	struct table *t = table_open(columns, COLUMNS, "LIMIT,MAX,USED,SYSCTL");

	for (uint32_t i = 1; i < LPC_LIMIT_MAX; i++) {
		if (!kern_limit_sysctl(i) || !info->limits[i].limit)
			continue;
		table_line(t);
		table_cell(t, LIMIT, "%s", kern_limit_name(i));
		cell(t, MAX, i, info->limits[i].limit);
		if (is_users(i))
			cell(t, USED, i, info->limits[i].in_use);
		else
			table_cell(t, USED, "-");
		table_cell(t, SYSCTL, "%s", kern_limit_sysctl(i));
	}
	table_close(t);
	if (!opt.noheadings && !opt.quiet && !opt.columns)
		printf("USED counts uid %u; `lpcctl show NAME` tells of a port.\n", geteuid());
}

int cmd_limits(int argc, char **argv)
{
	struct lpc_info info;
	int r;

	options(NULL, argc, argv, 0, 0);
	r = kern_info(&info);
	if (r < 0)
		return complain(DOING_OPEN, NULL, r, TAKEN_UNKNOWN);
	if (opt.json)
		print_json(&info);
	else
		print_text(&info);
	return RC_DONE;
}
