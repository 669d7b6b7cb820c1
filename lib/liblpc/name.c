// SPDX-License-Identifier: MIT
/* Port names as people write them: "self/", and bytes that no name may have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "name.h"

/*
 * The kernel checks the rest. '%' stays as it is, so that expanding an expanded
 * name changes nothing.
 */
int lpc_name_expand(const char *name, char *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	if (!strncmp(name, "self/", 5)) {
		n = (size_t)snprintf(out, LPC_NAME_MAX, "user/%u/", (unsigned int)geteuid());
		name += 5;
	}
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		size_t need = c > 0x20 && c < 0x7f ? 1 : 3;

		if (n + need > LPC_NAME_MAX)
			return -ENAMETOOLONG;
		if (need == 1) {
			out[n++] = (char)c;
		} else {
			out[n++] = '%';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
	}
	out[n] = 0;
	return (int)n;
}
