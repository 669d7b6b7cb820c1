// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a reply finds its call: an id is generation << 32 | number, the number
 * counts up by one for each message of the port, and what of it the mask
 * leaves is the slot, in a plain array. Nothing rests on an id's secrecy;
 * authority is the end, the relation and the state.
 */
#include <linux/mm.h>

#include "limits.h"
#include "message.h"
#include "slots.h"

/**
 * lpc_slots_alloc - memory for slots
 * @count: how many
 *
 * Return: zeroed, to be freed by kvfree(); or NULL.
 */
struct lpc_slot *lpc_slots_alloc(u32 count)
{
	return kvcalloc(count, sizeof(struct lpc_slot), GFP_KERNEL_ACCOUNT);
}

/**
 * lpc_slots_init - the smallest array
 * @slots: to be made
 */
int lpc_slots_init(struct lpc_slots *slots)
{
	slots->slot = lpc_slots_alloc(LPC_SLOTS_MIN);
	if (!slots->slot)
		return -ENOMEM;
	slots->mask = LPC_SLOTS_MIN - 1;
	return 0;
}

/**
 * lpc_slots_free - undo lpc_slots_init()
 * @slots: with no call in them
 */
void lpc_slots_free(struct lpc_slots *slots)
{
	kvfree(slots->slot);
}

/**
 * lpc_slots_swap - go over to a larger array
 * @slots: locked
 * @fresh: from lpc_slots_alloc()
 * @count: its length; ignored if another thread has grown it meanwhile
 *
 * Numbers that differ under the old mask differ under the new one. A slot
 * takes its generation along, so no id comes back.
 *
 * Return: what the caller has to free outside the lock.
 */
struct lpc_slot *lpc_slots_swap(struct lpc_slots *slots, struct lpc_slot *fresh,
				u32 count)
{
	struct lpc_slot *old = slots->slot;
	u32 i;

	if (count <= slots->mask + 1)
		return fresh;
	for (i = 0; i < count; i++)
		fresh[i].generation = old[i & slots->mask].generation;
	for (i = 0; i <= slots->mask; i++)
		if (old[i].call)
			fresh[(u32)old[i].call->key & (count - 1)] = old[i];
		else if (old[i].held)
			fresh[(u32)old[i].held->id & (count - 1)] = old[i];
	slots->slot = fresh;
	slots->mask = count - 1;
	return old;
}

/**
 * lpc_slots_hold - forget a call, but not that its piece is held
 * @slots: locked
 * @call: known, and canceled
 * @held: takes its place
 */
void lpc_slots_hold(struct lpc_slots *slots, struct lpc_call *call,
		    struct lpc_held *held)
{
	struct lpc_slot *slot = &slots->slot[(u32)call->key & slots->mask];

	lpc_slots_del(slots, call, true);
	slot->held = held;
	slots->used++;
}

/**
 * lpc_slots_release - it is not held any more
 * @slots: locked
 * @held: in its slot
 */
void lpc_slots_release(struct lpc_slots *slots, struct lpc_held *held)
{
	slots->slot[(u32)held->id & slots->mask].held = NULL;
	slots->used--;
}

/**
 * lpc_slots_held - what is held under an id
 * @slots: locked
 * @id: from user space
 *
 * Return: NULL if nothing is.
 */
struct lpc_held *lpc_slots_held(struct lpc_slots *slots, u64 id)
{
	struct lpc_slot *slot = &slots->slot[(u32)id & slots->mask];

	return slot->held && slot->held->id == id ? slot->held : NULL;
}

/**
 * lpc_slots_find_short - the call whose id has this low half
 * @slots: locked
 * @number: from user space; of calls in flight no two have the same
 *
 * Return: the call, or -ESTALE.
 */
struct lpc_call *lpc_slots_find_short(struct lpc_slots *slots, u32 number)
{
	struct lpc_slot *slot = &slots->slot[number & slots->mask];

	return slot->call && (u32)slot->call->key == number ? slot->call :
							     ERR_PTR(-ESTALE);
}
