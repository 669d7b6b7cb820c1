// SPDX-License-Identifier: MIT
/* What the module says of itself; the library's version; the clock. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <lpc.h>
#include <lpc/raw.h>

#include "opts.h"

OPTS_NO_TAIL(lpc_module, callback_ms);

const char *lpc_version(void)
{
	return LPC_VERSION;
}

uint64_t lpc_in_ms(uint64_t ms)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	/* the kernel's clock is signed */
	if (ms > ((uint64_t)INT64_MAX - ns) / 1000000u)
		return (uint64_t)INT64_MAX;
	return ns + ms * 1000000u;
}

int lpc_info(struct lpc_module *m)
{
	struct lpc_info i = { 0 };
	struct lpc_module full = { .size = sizeof(full) };
	int r, dev;

	if (m->size < offsetof(struct lpc_module, callback_ms))
		return -EINVAL;
	dev = lpc_sys_open();
	if (dev < 0)
		return dev;
	r = lpc_sys_info(dev, &i);
	close(dev);
	if (r < 0)
		return r;
	full.features = (i.features & LPC_HAS_WATCH ? LPC_CAN_WATCH : 0) |
			(i.features & LPC_HAS_HANDOFF ? LPC_CAN_HANDOFF : 0) |
			(i.features & LPC_HAS_DEBUG ? LPC_CAN_DEBUG : 0) |
			(i.features & LPC_HAS_SECTIONS ? LPC_CAN_SECTIONS : 0) |
			(i.features & LPC_HAS_IMPERSONATE ? LPC_CAN_IMPERSONATE : 0) |
			(i.features & LPC_HAS_SECURITY ? LPC_CAN_RIGHTS : 0) |
			(i.features & LPC_HAS_CALLER ? LPC_CAN_CALLER : 0);
	full.errata = i.errata;
	full.abi = i.abi;
	full.inline_max = i.inline_max;
	full.connect_max = i.connect_max;
	full.callback_ms = i.callback_ms;
	full.size = m->size;
	if (m->size > sizeof(full))
		memset((char *)m + sizeof(full), 0, m->size - sizeof(full));
	memcpy(m, &full, m->size < sizeof(full) ? m->size : sizeof(full));
	return 0;
}
