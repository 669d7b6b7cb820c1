/* SPDX-License-Identifier: MIT */
#ifndef LIBLPC_SEND_H
#define LIBLPC_SEND_H

#include <stddef.h>
#include <stdint.h>

int lpc_send_on(int fd, uint32_t code, const void *data, size_t len, uint64_t deadline);

#endif /* LIBLPC_SEND_H */
