/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor.h - the checks of lpcctl doctor, and where they report
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>

#include "lpcctl.h"

enum finding_state { FINDING_OK, FINDING_WARNING, FINDING_BAD };

/* @mend: what to type, NULL or "" if nothing is wrong. */
__printf(4, 5)
void finding(enum finding_state state, const char *name, const char *mend, const char *fmt, ...);

bool in_container(void);

/* False: no use to look further. */
bool check_module(void);
bool check_device(void);
void check_use(void);

#endif
