// SPDX-License-Identifier: GPL-2.0-only
/*
 * mech.c - which mechanisms there are, in the order they are shown
 */
#include <string.h>

#include "mechs.h"

const struct mech *const mechs[] = {
	&mech_lpc_call, &mech_lpc_half, &mech_lpc_in_place, &mech_lpc_spin, &mech_lpc_poll,
	&mech_nt_request, &mech_quick, &mech_quick_sleep,
	&mech_event_pair, &mech_eventfd, &mech_futex, &mech_yield, &mech_spin,
	&mech_pipe, &mech_posix_mq, &mech_sysv_msg,
	&mech_unix_seqpacket, &mech_unix_cred, &mech_unix_stream, &mech_binder,
	&mech_dbus,
	NULL,
};

const struct mech *mech_find(const char *name)
{
	for (size_t i = 0; mechs[i]; i++)
		if (strcmp(mechs[i]->name, name) == 0)
			return mechs[i];
	return NULL;
}
