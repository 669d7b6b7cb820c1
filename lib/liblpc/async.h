/* SPDX-License-Identifier: MIT */
#ifndef LIBLPC_ASYNC_H
#define LIBLPC_ASYNC_H

#include "conn.h"

void lpc_calls_init(struct calls *t);
void lpc_calls_free(struct calls *t);
int lpc_calls_end(struct lpc_conn *c, int result, uint32_t epoch);

#endif /* LIBLPC_ASYNC_H */
