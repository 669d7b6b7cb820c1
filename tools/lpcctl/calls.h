/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - requests in progress and connections, for show and ps
 */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "kernel.h"

const char *call_state(uint32_t state);		/* "queued" ... */
const char *conn_state(uint32_t state);		/* "pending" ... */
const char *section_name(uint32_t section);	/* "none", "client" ... */

/* "code 7, 11.2 s, taken by tid 815"; "" if there is nothing to tell. */
const char *call_words(const struct lpc_call_info *c, uint64_t now, char *text, size_t room);

/* "client 65536+4096", with ", held"; "" if it has no piece. */
const char *call_piece(const struct lpc_call_info *c, char *text, size_t room);

void json_call(const struct lpc_call_info *c, uint64_t now, const char *port);
void json_counters(const struct lpc_counters *c, uint32_t now);

#endif
