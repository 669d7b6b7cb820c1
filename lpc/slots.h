/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LPC_SLOTS_H
#define _LPC_SLOTS_H

#include <linux/err.h>
#include <linux/types.h>

#include "message.h"

/**
 * struct lpc_slot - a place for one call in flight
 * @call: the call, NULL when free
 * @canceled: id of a call canceled here after a server had received it; 0
 *	once the slot is used again
 * @held: what is left of it, while its piece of a section is held; then the
 *	slot is in use
 * @generation: how often the slot has been used
 */
struct lpc_slot {
	struct lpc_call *call;
	u64 canceled;
	struct lpc_held *held;
	u32 generation;
};

/**
 * struct lpc_slots - calls in flight by id; all guarded by port->lock
 * @slot: the array, @mask + 1 long, a power of two
 * @mask: what of an id's low half is its slot
 * @used: slots that are not free
 * @next: low half of the id to be given next; 0 and slots in use are skipped
 */
struct lpc_slots {
	struct lpc_slot *slot;
	u32 mask;
	u32 used;
	u32 next;
};

int lpc_slots_init(struct lpc_slots *slots);
void lpc_slots_free(struct lpc_slots *slots);
struct lpc_slot *lpc_slots_alloc(u32 count);
struct lpc_slot *lpc_slots_swap(struct lpc_slots *slots, struct lpc_slot *fresh,
				u32 count);

void lpc_slots_hold(struct lpc_slots *slots, struct lpc_call *call,
		    struct lpc_held *held);
void lpc_slots_release(struct lpc_slots *slots, struct lpc_held *held);
struct lpc_call *lpc_slots_find_short(struct lpc_slots *slots, u32 number);
struct lpc_held *lpc_slots_held(struct lpc_slots *slots, u64 id);

/**
 * lpc_slots_full - time to grow?
 * @slots: locked
 */
static inline bool lpc_slots_full(const struct lpc_slots *slots)
{
	return slots->used >= slots->mask - slots->mask / 4;
}

/**
 * lpc_slots_number - an id for a message
 * @slots: locked and not full
 *
 * The id's slot is free, so a call may be added under it at once.
 */
static inline u64 lpc_slots_number(struct lpc_slots *slots)
{
	struct lpc_slot *slot;
	u32 number;

	do {
		number = slots->next++;
		slot = &slots->slot[number & slots->mask];
	} while (!number || slot->call || slot->held);
	return (u64)slot->generation << 32 | number;
}

/**
 * lpc_slots_add - make a call known under its id
 * @slots: locked
 * @call: with a key from lpc_slots_number()
 */
static inline void lpc_slots_add(struct lpc_slots *slots, struct lpc_call *call)
{
	struct lpc_slot *slot = &slots->slot[(u32)call->key & slots->mask];

	slot->call = call;
	slot->canceled = 0;
	slots->used++;
	call->slotted = true;
}

/**
 * lpc_slots_del - forget a call
 * @slots: locked
 * @call: known or not
 * @canceled: remember that it was, until the slot is used again
 */
static inline void lpc_slots_del(struct lpc_slots *slots,
				 struct lpc_call *call, bool canceled)
{
	struct lpc_slot *slot;

	if (!call->slotted)
		return;
	slot = &slots->slot[(u32)call->key & slots->mask];
	slot->call = NULL;
	slot->generation++;
	slot->canceled = canceled ? call->key : 0;
	slots->used--;
	call->slotted = false;
}

/**
 * lpc_slots_find - the call with an id
 * @slots: locked
 * @id: from user space
 *
 * Return: the call; -ECANCELED if it was canceled and is remembered; -ESTALE.
 */
static inline struct lpc_call *lpc_slots_find(struct lpc_slots *slots, u64 id)
{
	struct lpc_slot *slot = &slots->slot[(u32)id & slots->mask];

	if (slot->call && slot->call->key == id)
		return slot->call;
	return ERR_PTR(id && slot->canceled == id ? -ECANCELED : -ESTALE);
}

#endif /* _LPC_SLOTS_H */
