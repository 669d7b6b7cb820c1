// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_acl.c - lpcctl acl: who may connect to a port and look at it, told and changed
 */
#include <stdio.h>
#include <string.h>

#include "acl.h"
#include "errors.h"
#include "json.h"
#include "kernel.h"
#include "options.h"
#include "text.h"

#define NO_MODE	UINT32_MAX

struct change {
	bool clear, first, last;
	uint32_t mode;
	struct lpc_acl_entry given[LPC_ACL_MAX];
	uint32_t n;
};

static void print_text(const struct lpc_security *s, const struct lpc_acl_entry *acl)
{
	char text[128], user[64], group[64];

	for (uint32_t i = 0; i < s->count; i++)
		puts(acl_text(&acl[i], text, sizeof(text)));
	printf("mode %04o owner %s:%s\n", s->mode, text_user(s->owner, user, sizeof(user)),
	       text_group(s->group, group, sizeof(group)));
}

static void print_json(const char *name, const struct lpc_security *s,
		       const struct lpc_acl_entry *acl)
{
	char mode[16];

	json_object(NULL);
	json_text("name", name);
	json_user("owner", s->owner);
	json_group("group", s->group);
	snprintf(mode, sizeof(mode), "%04o", s->mode);
	json_text("mode", mode);
	acl_json("acl", acl, s->count);
	json_end();
}

/* Entries in front of those there are, behind them, or in their place. */
static void combine(struct change *c, struct lpc_acl_entry *acl, uint32_t *n)
{
	uint32_t old = c->first || c->last ? *n : 0;

	if (old + c->n > LPC_ACL_MAX)
		usage_error("a port has at most %u entries; this one has %u", LPC_ACL_MAX, *n);
	if (c->first)
		memmove(acl + c->n, acl, old * sizeof(*acl));
	memcpy(c->first ? acl : acl + old, c->given, c->n * sizeof(*acl));
	*n = old + c->n;
}

static int change(const char *name, struct change *c)
{
	struct lpc_security s = { .flags = 0 };
	struct lpc_acl_entry acl[LPC_ACL_MAX];
	int r;

	if (c->first || c->last) {
		r = kern_security(name, &s, acl);
		if (r < 0)
			return r;
	}
	if (c->n || c->clear) {
		combine(c, acl, &s.count);
		s.flags |= LPC_SECURITY_ACL;
	}
	if (c->mode != NO_MODE) {
		s.flags |= LPC_SECURITY_MODE;
		s.mode = c->mode;
	}
	return kern_security(name, &s, acl);
}

static void parse(struct change *c, char **entries)
{
	for (; *entries; entries++) {
		if (c->n == LPC_ACL_MAX)
			usage_error("a port has at most %u entries", LPC_ACL_MAX);
		c->given[c->n++] = acl_parse(*entries);
	}
	if (c->first && c->last)
		usage_error("--first and --last exclude each other");
	if (c->clear && c->n)
		usage_error("--clear takes no entries");
	if ((c->first || c->last) && !c->n)
		usage_error("--first and --last are for entries");
}

int cmd_acl(int argc, char **argv)
{
	struct change c = { .mode = NO_MODE };
	const struct cli_option own[] = {
		{ OPT_FLAG, 0, "first", NULL, "put ENTRY... before those there are", &c.first },
		{ OPT_FLAG, 0, "last", NULL, "put them behind", &c.last },
		{ OPT_FLAG, 0, "clear", NULL, "no entries any more", &c.clear },
		{ OPT_MODE, 0, "mode", "MODE", "w connect, r look, as in chmod", &c.mode },
		{ 0 },
	};
	char **args = options(own, argc, argv, 1, -1);
	struct lpc_acl_entry acl[LPC_ACL_MAX];
	struct lpc_security s = { .flags = 0 };
	const char *name = need_name(args[0]);
	int rc = need_device(), r = 0;

	parse(&c, args + 1);
	if (rc != RC_DONE)
		return rc;
	if (c.n || c.clear || c.mode != NO_MODE) {
		r = change(name, &c);
		if (r < 0)
			return complain(DOING_CHANGE, name, r, TAKEN_UNKNOWN);
		if (opt.quiet)
			return RC_DONE;
	}
	r = kern_security(name, &s, acl);
	if (r < 0)
		return complain(DOING_QUERY, name, r, TAKEN_UNKNOWN);
	if (opt.json)
		print_json(name, &s, acl);
	else
		print_text(&s, acl);
	return RC_DONE;
}
