/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_QUOTA_H
#define _LPC_QUOTA_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <uapi/linux/lpc.h>

struct lpc_user;

extern unsigned int lpc_callback_ms;
extern unsigned int lpc_unprivileged_create;
extern unsigned int lpc_unprivileged_connect;
extern unsigned int lpc_limits[LPC_LIMIT_MAX];
extern unsigned long lpc_section_bytes;
extern unsigned long lpc_section_max;

struct lpc_user *lpc_user_current(void);
void lpc_user_put(struct lpc_user *user);
struct lpc_user *lpc_user_top(struct lpc_user *user);
int lpc_charge_many(struct lpc_user *user, enum lpc_limit what, u64 n,
		    u64 *in_use);
int lpc_charge(struct lpc_user *user, enum lpc_limit what, u32 *in_use);
void lpc_uncharge_many(struct lpc_user *user, enum lpc_limit what, u64 n);
void lpc_uncharge(struct lpc_user *user, enum lpc_limit what);
void lpc_quota_show(struct lpc_limit_value *values);
int lpc_quota_init(void);
void lpc_quota_exit(void);

/**
 * lpc_limit - a limit in force
 * @what: which
 */
static inline u64 lpc_limit(enum lpc_limit what)
{
	if (what == LPC_LIMIT_SECTION_BYTES)
		return READ_ONCE(lpc_section_bytes);
	if (what == LPC_LIMIT_SECTION)
		return READ_ONCE(lpc_section_max);
	return READ_ONCE(lpc_limits[what]);
}

#endif /* _LPC_QUOTA_H */
