/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * payload.h - bytes of requests and replies: arguments, files, hex, base64
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum payload_form { FORM_BYTES, FORM_HEX, FORM_BASE64 };

struct payload {
	unsigned char *data;
	size_t len;
};

/*
 * @arg: the bytes themselves, "-" for standard input, "@FILE", NULL for none.
 * Exits, having said why, if it cannot be read or decoded, or has more than
 * @max bytes; @what: "a datagram has" no more.
 */
struct payload payload_get(const char *arg, enum payload_form form, uint64_t max,
			   const char *what);

/*
 * To stdout; plain bytes are escaped and end with a newline on a terminal.
 * Returns the exit code: a reply that could not be written is not done.
 */
int payload_put(const void *data, size_t len, enum payload_form form);
void payload_put_base64(FILE *f, const void *data, size_t len);

#endif
