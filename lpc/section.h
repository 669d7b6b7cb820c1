/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_SECTION_H
#define _LPC_SECTION_H

#include <linux/types.h>
#include <uapi/linux/lpc.h>

#include "object.h"

struct file;
struct lpc_user;

/**
 * struct lpc_section - memory that processes share; its size never changes
 * @memory: the shmem file. This lives as long as that, and what counts as a
 *	reference here is one there: each fd, each connection it was given to,
 *	each mapping.
 * @user: charged for it until then
 * @size: bytes, whole pages
 *
 * Nothing changes once it is made.
 */
struct lpc_section {
	struct file *memory;
	struct lpc_user *user;
	u64 size;
};

/**
 * struct lpc_offer - a piece of a section that one process gives to another
 * @section: a reference; NULL: nothing is given
 * @offset: where it begins, whole pages
 * @size: bytes, whole pages
 * @readonly: its taker can never write
 */
struct lpc_offer {
	struct lpc_section *section;
	u64 offset;
	u64 size;
	bool readonly;
};

int lpc_section_make(struct lpc_section_make *args, struct lpc_fd *fd);
struct lpc_section *lpc_section_from_fd(int fd);
void lpc_section_get(struct lpc_section *section);
void lpc_section_put(struct lpc_section *section);

int lpc_offer_make(struct lpc_offer *offer, const struct lpc_view *view);
void lpc_offer_drop(struct lpc_offer *offer);
int lpc_offer_map(const struct lpc_offer *offer, bool readonly, u64 *base);
void lpc_offer_unmap(const struct lpc_offer *offer, u64 base);

int lpc_section_init(void);
void lpc_section_exit(void);

#endif /* _LPC_SECTION_H */
