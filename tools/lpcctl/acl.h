/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * acl.h - entries of a port's list, as words
 */
#ifndef ACL_H
#define ACL_H

#include <linux/lpc.h>
#include <stddef.h>

#include "lpcctl.h"

/*
 * "allow:USER", "deny:@GROUP", either with ":connect", ":query" or
 * ":connect+query" behind it. Exits with RC_USAGE if @text is none.
 */
struct lpc_acl_entry acl_parse(const char *text);

/* Several, with blanks between them; how many there are, at most LPC_ACL_MAX. */
uint32_t acl_parse_list(const char *text, struct lpc_acl_entry acl[LPC_ACL_MAX]);

/* As acl_parse() reads it: "deny:@staff:connect". */
const char *acl_text(const struct lpc_acl_entry *e, char *text, size_t room);

/* An array of {allow, user or group, rights}. */
void acl_json(const char *key, const struct lpc_acl_entry *acl, uint32_t n);

#endif
