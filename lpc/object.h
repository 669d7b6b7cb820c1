/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_OBJECT_H
#define _LPC_OBJECT_H

#include <linux/fs.h>
#include <linux/types.h>

/* What an LPC file descriptor is; the index of its file operations. */
enum lpc_kind {
	LPC_KIND_PORT,
	LPC_KIND_SERVER,
	LPC_KIND_CLIENT,
	LPC_KIND_SECTION,
	LPC_KIND_EVENT,
	LPC_KINDS
};

/**
 * struct lpc_fd - a file descriptor on its way to the caller
 * @fd: its number, reserved; -1 while there is none
 * @file: its file, not installed yet
 */
struct lpc_fd {
	int fd;
	struct file *file;
};

#define LPC_FD_NONE { .fd = -1 }

void lpc_object_ops(enum lpc_kind kind, const struct file_operations *ops);
int lpc_fd_reserve(struct lpc_fd *fd);
int lpc_fd_open(struct lpc_fd *fd, enum lpc_kind kind, void *object);
void lpc_fd_publish(struct lpc_fd *fd);
void lpc_fd_abort(struct lpc_fd *fd);

#endif /* _LPC_OBJECT_H */
