/* SPDX-License-Identifier: MIT */
#ifndef LIBLPC_PORT_H
#define LIBLPC_PORT_H

#include <lpc.h>

#include "fork.h"

/* What lpc_pair() has the kernel say with every message of its one client. */
#define PAIR_CONTEXT UINT64_MAX

/**
 * struct lpc_port - a connection port
 * @fd: the port
 * @mark: see fork.h
 * @limit: its longest payload
 * @pair: it has one client from the start, and no other
 */
struct lpc_port {
	int		fd;
	const int	*mark;
	uint32_t	limit;
	bool		pair;
};

#endif /* LIBLPC_PORT_H */
