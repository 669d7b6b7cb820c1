/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_GIVE_H
#define _LPC_GIVE_H

#include <linux/uaccess.h>

#include "fail.h"
#include "message.h"
#include "split.h"

/*
 * The payload of a short message into user memory that is open for writing: four
 * times eight bytes as long as that goes, for a loop costs as much as its stores.
 * unsafe_copy_to_user() is an ordinary copy on some architectures, and looks at what
 * is copied from. @to, @from and @len are the caller's to lose.
 */
/* checkpatch: MACRO_ARG_REUSE: all are variables */
#define LPC_PUT_PAYLOAD(to, from, len, fault)				\
do {									\
	for (; (len) >= 32; (to) += 32, (from) += 32, (len) -= 32) {	\
		unsafe_put_user(((u64 *)(from))[0],			\
				(u64 __user *)(to), fault);		\
		unsafe_put_user(((u64 *)(from))[1],			\
				(u64 __user *)(to) + 1, fault);		\
		unsafe_put_user(((u64 *)(from))[2],			\
				(u64 __user *)(to) + 2, fault);		\
		unsafe_put_user(((u64 *)(from))[3],			\
				(u64 __user *)(to) + 3, fault);		\
	}								\
	for (; (len) >= 8; (to) += 8, (from) += 8, (len) -= 8)		\
		unsafe_put_user(*(u64 *)(from), (u64 __user *)(to),	\
				fault);					\
	for (; (len); (to)++, (from)++, (len)--)			\
		unsafe_put_user(*(from), to, fault);			\
} while (0)

/*
 * The usual message goes from where it lies straight into the receiver's memory:
 * a short one, behind a plain header. Each store has a size of its own, which the
 * compiler knows, and the payload has at most LPC_SMALL bytes.
 * While user memory is open nothing may be called.
 */
static lpc_inline int lpc_give_short(struct lpc_io *io,
				     struct lpc_given given)
{
	const struct lpc_call *call = given.call;
	u32 total = lpc_payload(call), len = call->len;
	const u8 *from = call->data;
	struct lpc_msg __user *head = lpc_io_out(io);
	u8 __user *to;

	to = (u8 __user *)(head + 1);
	might_fault();
	if (lpc_fail_point() || !user_write_access_begin(head, sizeof(*head) + len))
		return -EFAULT;
/* checkpatch: MACRO_ARG_PRECEDENCE: the name of a field */
#define PUT(field, value) unsafe_put_user(value, &head->field, fault)
	LPC_HEADER(PUT, given, total);
#undef PUT
	LPC_PUT_PAYLOAD(to, from, len, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * lpc_io_give - copy a received message out
 * @io: the receiver's
 * @given: what it gets
 *
 * Return: 0 or -EFAULT.
 */
static lpc_inline int lpc_io_give(struct lpc_io *io, struct lpc_given given)
{
	if (likely(given.call->len <= LPC_SMALL && given.type <= LPC_DATAGRAM)) {
		if (likely(io->size == sizeof(struct lpc_msg)))
			return lpc_give_short(io, given);
		if (io->form == LPC_SPLIT_NT)
			return lpc_split_give_nt(io, given);
	}
	lpc_io_fill(io, given);
	return lpc_io_put(io);
}

#endif /* _LPC_GIVE_H */
