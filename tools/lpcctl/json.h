/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - one JSON object on stdout, safe to show on a terminal
 *
 * @key is NULL inside an array. The first json_object(NULL) opens the answer
 * and writes "schema":1; the last json_end() closes it with a newline.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void json_object(const char *key);
void json_array(const char *key);
void json_end(void);
void json_number(const char *key, uint64_t v);
void json_signed(const char *key, int64_t v);
void json_real(const char *key, double v);
void json_bool(const char *key, bool v);
void json_null(const char *key);
void json_text(const char *key, const char *s);
void json_bytes(const char *key, const void *data, size_t len);	/* or key_base64 */
void json_id(const char *key, uint32_t id);			/* null if it is -1 */
void json_user(const char *key, uint32_t uid);			/* {uid, user} */
void json_group(const char *key, uint32_t gid);			/* {gid, group} */
void json_process(const char *key, uint32_t pid, uint32_t uid);	/* {pid, uid, comm} */

#endif
