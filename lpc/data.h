/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_DATA_H
#define _LPC_DATA_H

#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "message.h"

struct lpc_end;

/**
 * struct lpc_buffers - what DATA may reach while a call's thread waits in it
 * @count: of @list
 * @list: as the caller gave it; checked
 */
struct lpc_buffers {
	u32 count;
	struct lpc_buffer list[] __counted_by(count);
};

int lpc_buffers_get(struct lpc_io *io);
int lpc_data(struct lpc_end *end, struct lpc_data *args);
void lpc_data_serve(struct lpc_call *call);
void lpc_data_abort(struct lpc_call *call, int error);

#endif /* _LPC_DATA_H */
