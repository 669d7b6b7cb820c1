// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - requests in progress and connections, for show and ps
 */
#include <stdio.h>

#include "calls.h"
#include "json.h"
#include "lpcctl.h"
#include "text.h"

const char *call_state(uint32_t state)
{
	static const char *const words[] = {
		[LPC_CALL_QUEUED] = "queued", [LPC_CALL_HANDED] = "handed",
		[LPC_CALL_TAKEN] = "taken", [LPC_CALL_AWAY] = "away",
		[LPC_CALL_REPLIED] = "replied", [LPC_CALL_CANCELED] = "canceled",
		[LPC_CALL_LOST] = "lost",
	};

	return state < ARRAY_SIZE(words) ? words[state] : "unknown";
}

const char *conn_state(uint32_t state)
{
	static const char *const words[] = {
		[LPC_CONN_PENDING] = "pending", [LPC_CONN_RECEIVED] = "received",
		[LPC_CONN_ACCEPTED] = "accepted", [LPC_CONN_CONNECTED] = "connected",
		[LPC_CONN_REFUSED] = "refused", [LPC_CONN_GONE] = "gone",
	};

	return state < ARRAY_SIZE(words) ? words[state] : "unknown";
}

const char *section_name(uint32_t section)
{
	static const char *const words[] = {
		[LPC_SECTION_NONE] = "none", [LPC_SECTION_CLIENT] = "client",
		[LPC_SECTION_SERVER] = "server",
	};

	return section < ARRAY_SIZE(words) ? words[section] : "unknown";
}

const char *call_piece(const struct lpc_call_info *c, char *text, size_t room)
{
	text[0] = '\0';
	if (c->section)
		snprintf(text, room, "%s %llu+%llu%s", section_name(c->section),
			 (unsigned long long)c->offset, (unsigned long long)c->length,
			 c->flags & LPC_CALL_HELD ? ", held" : "");
	return text;
}

static const char *code_name(uint32_t code, char *text, size_t room)
{
	if (code == LPC_CODE_PING)
		return "PING";
	if (code == LPC_CODE_INFO)
		return "INFO";
	snprintf(text, room, "%u", code);
	return text;
}

const char *call_words(const struct lpc_call_info *c, uint64_t now, char *text, size_t room)
{
	char age[32], where[64], code[16], size[32], piece[64] = "";

	switch (c->state) {
	case LPC_CALL_TAKEN:
		if (c->server_tid)
			snprintf(where, sizeof(where), "taken by tid %u", c->server_tid);
		else
			snprintf(where, sizeof(where), "taken");
		break;
	case LPC_CALL_AWAY:
		snprintf(where, sizeof(where), "its caller is away");
		break;
	case LPC_CALL_CANCELED:
		snprintf(where, sizeof(where), "canceled, not yet answered");
		break;
	default:
		snprintf(where, sizeof(where), "%s", call_state(c->state));
	}
	if (c->section)
		snprintf(piece, sizeof(piece), ", %s %s",
			 c->flags & LPC_CALL_HELD ? "holds" : "with",
			 text_size(c->length, size, sizeof(size)));
	snprintf(text, room, "%s %s, %s, %s%s", c->callback ? "callback" : "code",
		 code_name(c->code, code, sizeof(code)),
		 text_span(now - c->sent, age, sizeof(age)), where, piece);
	return text;
}

void json_call(const struct lpc_call_info *c, uint64_t now, const char *port)
{
	json_object(NULL);
	if (port)
		json_text("port", port);
	json_number("id", c->id);
	if (c->callback)
		json_number("callback", c->callback);
	json_number("connection", c->conn);
	json_text("state", call_state(c->state));
	json_text("direction", c->to_client ? "to_client" : "to_server");
	json_bool("async", c->flags & LPC_CALL_ASYNC);
	json_number("code", c->code);
	json_number("bytes", c->len);
	json_text("section", section_name(c->section));
	json_number("section_offset", c->offset);
	json_number("section_bytes", c->length);
	json_bool("held", c->flags & LPC_CALL_HELD);
	json_number("buffers", c->buffers);
	json_number("caller_pid", c->pid);
	json_number("caller_tid", c->tid);
	json_number("server_tid", c->server_tid);
	json_number("age_ns", now - c->sent);
	json_end();
}

void json_counters(const struct lpc_counters *c, uint32_t now)
{
	json_object("counters");
	json_number("calls", c->calls);
	json_number("replied", c->replied);
	json_number("in_progress", now);
	json_number("canceled", c->canceled);
	json_number("lost", c->lost);
	json_number("withdrawn", c->withdrawn);
	json_number("datagrams", c->datagrams);
	json_number("dropped", c->dropped);
	json_number("refused", c->refused);
	json_number("bytes", c->bytes);
	json_number("unattended", c->unattended);
	json_end();
}
