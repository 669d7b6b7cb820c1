// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects are files. A number is reserved first, the file made next, results
 * are copied out, and only then is the file installed: nothing can fail after
 * that. To abort is to close: the object's release undoes it.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "fail.h"
#include "object.h"

static const struct file_operations *lpc_kind_ops[LPC_KINDS];

static const char * const lpc_kind_name[LPC_KINDS] = {
	[LPC_KIND_PORT]		= "[lpc-port]",
	[LPC_KIND_SERVER]	= "[lpc-server]",
	[LPC_KIND_CLIENT]	= "[lpc-client]",
	[LPC_KIND_SECTION]	= "[lpc-section]",
	[LPC_KIND_EVENT]	= "[lpc-event]",
};

/**
 * lpc_object_ops - say what files of a kind do
 * @kind: the kind
 * @ops: its operations; they live in a layer above this one
 */
void lpc_object_ops(enum lpc_kind kind, const struct file_operations *ops)
{
	lpc_kind_ops[kind] = ops;
}

/**
 * lpc_fd_reserve - reserve a number
 * @fd: LPC_FD_NONE
 *
 * Return: 0, -EMFILE.
 */
int lpc_fd_reserve(struct lpc_fd *fd)
{
	if (lpc_fail_point())
		return -EMFILE;
	fd->fd = get_unused_fd_flags(O_CLOEXEC);
	return fd->fd < 0 ? fd->fd : 0;
}

/**
 * lpc_fd_open - make the file
 * @fd: reserved
 * @kind: of object
 * @object: becomes the file's private data; the file's release frees it
 *
 * Return: 0; -ENFILE, -ENOMEM, and @object is still the caller's.
 */
int lpc_fd_open(struct lpc_fd *fd, enum lpc_kind kind, void *object)
{
	struct file *file;

	file = anon_inode_getfile(lpc_kind_name[kind], lpc_kind_ops[kind],
				  object, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd->file = file;
	return 0;
}

/**
 * lpc_fd_publish - give it to the caller; cannot fail
 * @fd: open
 */
void lpc_fd_publish(struct lpc_fd *fd)
{
	fd_install(fd->fd, fd->file);
	fd->fd = -1;
	fd->file = NULL;
}

/**
 * lpc_fd_abort - undo as far as it went
 * @fd: in any state
 */
void lpc_fd_abort(struct lpc_fd *fd)
{
	if (fd->file)
		fput(fd->file);
	if (fd->fd >= 0)
		put_unused_fd(fd->fd);
	fd->fd = -1;
	fd->file = NULL;
}
