// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a program becomes another: operations are put in, taken out, doubled, moved,
 * given to another actor, joined with those of another program; their fields change.
 * What is new is mostly plain, so that it gets somewhere.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define OP	sizeof(struct fuzz_op)

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

static bool one_in(uint32_t n)
{
	return !below(n);
}

static void random_field(struct fuzz_op *op)
{
	uint8_t small = (uint8_t)(one_in(3) ? below(256) : below(8));

	switch (below(18)) {
	case 0:
		op->a = small;
		break;
	case 1:
		op->b = small;
		break;
	case 2:
		op->c = small;
		break;
	case 3:
		op->d = small;
		break;
	case 4:
	case 5:
	case 6:
		op->flags ^= (uint16_t)(1u << below(16));
		break;
	case 7:
	case 8:
		op->len = one_in(3) ? (uint8_t)below(256) : small;
		break;
	case 9:
		op->when = (uint8_t)below(8);
		break;
	case 10:
		op->place = (uint8_t)(one_in(2) ? below(12) : below(16) << 4);
		break;
	case 11:
	case 12:
		op->poke = (uint8_t)below(48);
		op->value = (uint8_t)below(256);
		break;
	case 13:
		op->fail = (uint8_t)below(one_in(3) ? 40 : 8);
		break;
	case 14:
		op->ptr = one_in(2) ? (uint8_t)below(16) : (uint8_t)(below(16) << 4);
		break;
	case 15:
		op->actor ^= FUZZ_COMPAT;
		break;
	case 16:
		op->c ^= (uint8_t)(below(6) << 4);
		break;
	default:
		op->g = (uint8_t)(one_in(2) ? 1u << below(8) : below(256));
	}
}

static uint8_t random_actor(void)
{
	/* the first two meet most often */
	static const uint8_t often[] = { 0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 6, 7 };

	return often[below(ARRAY_SIZE(often))];
}

static void random_op(struct fuzz_op *op)
{
	unsigned int i, sum = 0, at;

	memset(op, 0, sizeof(*op));
	for (i = 0; i < fuzz_nr_verbs; i++)
		sum += fuzz_verbs[i].weight;
	at = below(sum);
	for (i = 0; at >= fuzz_verbs[i].weight; i++)
		at -= fuzz_verbs[i].weight;
	op->code = (uint8_t)i;
	op->actor = random_actor();
	for (i = below(4); i; i--)
		random_field(op);
}

static size_t insert(uint8_t *data, size_t n, size_t max, size_t at, const struct fuzz_op *op)
{
	if ((n + 1) * OP > max || n >= OPS_MAX)
		return n;
	memmove(data + (at + 1) * OP, data + at * OP, (n - at) * OP);
	memcpy(data + at * OP, op, OP);
	return n + 1;
}

static size_t once(uint8_t *data, size_t n, size_t max)
{
	struct fuzz_op op;
	size_t at = n ? below((uint32_t)n) : 0, to;

	if (!n || one_in(4)) {
		random_op(&op);
		return insert(data, n, max, n ? below((uint32_t)n + 1) : 0, &op);
	}
	memcpy(&op, data + at * OP, OP);
	switch (below(12)) {
	case 0:
		if (n > 1) {
			memmove(data + at * OP, data + (at + 1) * OP, (n - at - 1) * OP);
			n--;
		}
		return n;
	case 1:
		return insert(data, n, max, below((uint32_t)n + 1), &op);
	case 2:
		/* the same a little differently */
		random_field(&op);
		return insert(data, n, max, at + 1, &op);
	case 3:
		to = below((uint32_t)n);
		memcpy(data + at * OP, data + to * OP, OP);
		memcpy(data + to * OP, &op, OP);
		return n;
	case 4:
		op.actor = random_actor();
		break;
	case 5:
		LLVMFuzzerMutate((uint8_t *)&op, OP, OP);
		break;
	default:
		random_field(&op);
	}
	memcpy(data + at * OP, &op, OP);
	return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size_t n = size / OP;
	unsigned int i;

	state = seed * 0x9e3779b97f4a7c15ull + 1;
	if (n > OPS_MAX)
		n = OPS_MAX;
	for (i = 1 + below(4); i; i--)
		n = once(data, n, max);
	return n * OP;
}

/* The beginning of one and the end of another, or both interleaved */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t size1, const uint8_t *two,
				 size_t size2, uint8_t *out, size_t max, unsigned int seed)
{
	size_t n1 = size1 / OP, n2 = size2 / OP, n = 0, i, j;

	state = seed * 0x9e3779b97f4a7c15ull + 1;
	if (max > PROGRAM_MAX)
		max = PROGRAM_MAX;
	if (!n1 || !n2)
		return 0;
	if (one_in(2)) {
		n1 = below((uint32_t)n1) + 1;
		j = below((uint32_t)n2);
		for (i = 0; i < n1 && (n + 1) * OP <= max; i++)
			memcpy(out + n++ * OP, one + i * OP, OP);
		for (; j < n2 && (n + 1) * OP <= max; j++)
			memcpy(out + n++ * OP, two + j * OP, OP);
		return n * OP;
	}
	for (i = 0, j = 0; (i < n1 || j < n2) && (n + 1) * OP <= max;) {
		if (j >= n2 || (i < n1 && one_in(2)))
			memcpy(out + n++ * OP, one + i++ * OP, OP);
		else
			memcpy(out + n++ * OP, two + j++ * OP, OP);
	}
	return n * OP;
}
