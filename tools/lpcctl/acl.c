// SPDX-License-Identifier: GPL-2.0-only
/*
 * acl.c - entries of a port's list, as words
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl.h"
#include "client.h"
#include "json.h"
#include "options.h"
#include "text.h"

#define BLANKS	" \t\n,"

static const struct {
	const char *word;
	uint16_t rights;
} words[] = {
	{ "connect", LPC_RIGHT_CONNECT },
	{ "query", LPC_RIGHT_QUERY },
	{ "connect+query", LPC_RIGHT_CONNECT | LPC_RIGHT_QUERY },
};

static uint16_t parse_rights(const char *text, const char *whole)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(text, words[i].word) == 0)
			return words[i].rights;
	usage_error("%s: rights are connect, query or connect+query", whole);
}

struct lpc_acl_entry acl_parse(const char *text)
{
	struct lpc_acl_entry e = { .rights = LPC_RIGHT_CONNECT | LPC_RIGHT_QUERY };
	char *copy = strdup(text), *who = copy ? strchr(copy, ':') : NULL, *rights;

	if (!who)
		usage_error("%s: an entry is allow:USER or deny:@GROUP, then :connect or :query",
			    text);
	*who++ = '\0';
	rights = strchr(who, ':');
	if (rights)
		*rights++ = '\0';
	if (strcmp(copy, "deny") == 0)
		e.flags |= LPC_ACL_DENY;
	else if (strcmp(copy, "allow") != 0)
		usage_error("%s: an entry begins with allow: or deny:", text);
	if (rights)
		e.rights = parse_rights(rights, text);
	if (who[0] == '@') {
		e.flags |= LPC_ACL_GROUP;
		e.id = client_group(who + 1);
	} else {
		e.id = client_user(who);
	}
	free(copy);
	return e;
}

uint32_t acl_parse_list(const char *text, struct lpc_acl_entry acl[LPC_ACL_MAX])
{
	char *copy = strdup(text), *rest = copy;
	uint32_t n = 0;

	if (!copy)
		usage_error("out of memory");
	for (char *one; (one = strtok_r(rest, BLANKS, &rest)); n++) {
		if (n == LPC_ACL_MAX)
			usage_error("a port has at most %u entries", LPC_ACL_MAX);
		acl[n] = acl_parse(one);
	}
	free(copy);
	return n;
}

static const char *rights_word(uint16_t rights)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].rights == rights)
			return words[i].word;
	return "?";
}

const char *acl_text(const struct lpc_acl_entry *e, char *text, size_t room)
{
	bool group = e->flags & LPC_ACL_GROUP;
	char who[64];

	if (group)
		text_group(e->id, who, sizeof(who));
	else
		text_user(e->id, who, sizeof(who));
	snprintf(text, room, "%s:%s%s:%s", e->flags & LPC_ACL_DENY ? "deny" : "allow",
		 group ? "@" : "", who, rights_word(e->rights));
	return text;
}

void acl_json(const char *key, const struct lpc_acl_entry *acl, uint32_t n)
{
	json_array(key);
	for (uint32_t i = 0; i < n; i++) {
		json_object(NULL);
		json_bool("allow", !(acl[i].flags & LPC_ACL_DENY));
		if (acl[i].flags & LPC_ACL_GROUP)
			json_group("group", acl[i].id);
		else
			json_user("user", acl[i].id);
		json_array("rights");
		if (acl[i].rights & LPC_RIGHT_CONNECT)
			json_text(NULL, "connect");
		if (acl[i].rights & LPC_RIGHT_QUERY)
			json_text(NULL, "query");
		json_end();
		json_end();
	}
	json_end();
}
