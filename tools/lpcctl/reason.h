/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reason.h - an errno, its cause here and now, and what to type
 */
#ifndef REASON_H
#define REASON_H

#include <stdio.h>

#include "errors.h"

/* One sentence or two, without a newline; arguments as of complain(). */
void reason(FILE *f, enum doing doing, const char *name, int err, int taken);

#endif
