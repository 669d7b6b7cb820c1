/* SPDX-License-Identifier: MIT */
/* A message with room for the longest payload, and who sent it. */
#ifndef LIBLPC_MESSAGE_H
#define LIBLPC_MESSAGE_H

#include <string.h>

#include <lpc.h>
#include <lpc/raw.h>

struct message {
	struct lpc_msg m;
	unsigned char data[LPC_INLINE_MAX + 1];	/* 8-aligned; never cleared */
};

/* Starts one to be sent; -EMSGSIZE beyond what any port takes. */
static inline int message_init(struct message *b, uint32_t code, const void *data, size_t len)
{
	/* of the whole, compilers make a string instruction, which is slow to start */
	memset(&b->m, 0, sizeof(b->m) / 2);
	memset((char *)&b->m + sizeof(b->m) / 2, 0, sizeof(b->m) / 2);
	if (len > LPC_INLINE_MAX) {
		b->m.room = LPC_INLINE_MAX;
		return -EMSGSIZE;
	}
	b->m.code = code;
	b->m.len = (uint32_t)len;
	if (len)
		memcpy(b->data, data, len);
	return 0;
}

static inline struct lpc_cred message_cred(const struct lpc_msg *m)
{
	struct lpc_cred c = {
		.pid = (pid_t)m->pid, .tid = (pid_t)m->tid, .uid = m->uid, .gid = m->gid,
	};

	if (m->status & LPC_PID_FOREIGN)
		c.flags |= LPC_CRED_PID_FOREIGN;
	if (m->status & LPC_UID_UNMAPPED)
		c.flags |= LPC_CRED_UID_UNMAPPED;
	if (m->status & LPC_GID_UNMAPPED)
		c.flags |= LPC_CRED_GID_UNMAPPED;
	return c;
}

/* Of somebody who has sent nothing that it could be read from. */
static inline struct lpc_cred cred_of(uint32_t pid, uint32_t uid, uint32_t gid)
{
	struct lpc_cred c = { .pid = (pid_t)pid, .uid = uid, .gid = gid };

	if (!pid)
		c.flags |= LPC_CRED_PID_FOREIGN;
	if (uid == (uint32_t)-1)
		c.flags |= LPC_CRED_UID_UNMAPPED;
	if (gid == (uint32_t)-1)
		c.flags |= LPC_CRED_GID_UNMAPPED;
	return c;
}

#endif /* LIBLPC_MESSAGE_H */
