// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - the rings of a quick channel: what is written comes out whole, once and
 * in order, and what a hostile side writes is EPROTO.
 */
#include "common_ring.h"

FIXTURE(ring)
{
	struct rig r;
	struct ring_out *out;
	struct ring_in *in;
};

FIXTURE_SETUP(ring)
{
	rig_make(&self->r, echo_handler, 4096);
	self->out = &self->r.q->ch.out;
	self->in = &self->r.line->ch.in;
}

FIXTURE_TEARDOWN(ring)
{
	rig_close(&self->r);
}

static int ring_write(struct ring_out *out, const void *data, uint32_t len,
		      uint64_t tag)
{
	int ret = ring_room(out, len);

	if (ret)
		return ret;
	ring_put(out, len, tag, data, len, 0);
	return 0;
}

TEST(sizes_are_rounded_up_and_bounded)
{
	uint32_t page = sysconf(_SC_PAGESIZE);

	ASSERT_EQ(lpc_ring_bytes(0), 65536);
	ASSERT_EQ(lpc_ring_bytes(1), page);
	ASSERT_EQ(lpc_ring_bytes(page + 1), 2 * page);
	ASSERT_EQ(lpc_ring_bytes(RING_BYTES_MAX), RING_BYTES_MAX);
	ASSERT_EQ(lpc_ring_bytes((size_t)RING_BYTES_MAX + 1), 0);
	ASSERT_EQ(lpc_ring_bytes(SIZE_MAX), 0);
	ASSERT_EQ(lpc_rings_size(page) % page, 0);
}

TEST_F(ring, every_length_comes_out_as_it_went_in)
{
	unsigned char data[4096];
	struct ring_msg m;
	uint32_t len;

	for (len = 0; len <= 4096; len++) {
		fill(data, len, len);
		ASSERT_EQ(ring_look(self->in, &m), 0);
		ASSERT_EQ(ring_write(self->out, data, len, ~(uint64_t)len), 0);
		ASSERT_EQ(ring_look(self->in, &m), 1);
		ASSERT_EQ(m.len, len);
		ASSERT_EQ(m.code, len);
		ASSERT_EQ(m.tag, ~(uint64_t)len);
		ASSERT_EQ(memcmp(m.payload, data, len), 0);
		ring_take(self->in);
	}
}

TEST_F(ring, full_is_EAGAIN_and_nothing_is_written_over)
{
	unsigned char data[4096] = "", want[500];
	struct ring_msg m;
	uint32_t i, n = 0;

	for (fill(data, 500, 0); !ring_write(self->out, data, 500, n); n++)
		fill(data, 500, n + 1);
	ASSERT_EQ(n, 8);
	ASSERT_EQ(ring_write(self->out, data, 1, 0), -EAGAIN);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(ring_look(self->in, &m), 1);
		fill(want, 500, i);
		ASSERT_EQ(memcmp(m.payload, want, 500), 0);
		ring_take(self->in);
	}
	ASSERT_EQ(ring_write(self->out, data, 4096, 0), 0);
}

TEST_F(ring, slots_can_be_what_is_full)
{
	uint32_t n = 0;

	while (!ring_write(self->out, "", 0, n))
		n++;
	ASSERT_EQ(n, self->out->ring.n);
	ring_take(self->in);
	ASSERT_EQ(ring_write(self->out, "", 0, n), 0);
	ASSERT_EQ(ring_write(self->out, "", 0, n), -EAGAIN);
}

TEST_F(ring, a_payload_lies_in_one_part)
{
	unsigned char data[3000];
	struct ring_msg m;
	int i;

	for (i = 0; i < 100; i++) {
		uint32_t len = i % 2 ? 3000 : 1000;

		fill(data, len, i);
		ASSERT_EQ(ring_write(self->out, data, len, i), 0);
		ASSERT_EQ(ring_look(self->in, &m), 1);
		ASSERT_LE(m.payload + len, self->in->ring.bytes + 4096);
		ASSERT_EQ(memcmp(m.payload, data, len), 0);
		ring_take(self->in);
	}
}

TEST_F(ring, a_reader_that_claims_what_cannot_be_is_EPROTO)
{
	static const uint64_t bad[] = { 1, 100, 1ull << 32, ~0ull, 1ull << 63 };
	int i;

	for (i = 0; i < 5; i++) {
		self->out->ring.shared->taken = self->out->sent + bad[i];
		ASSERT_EQ(lpc_ring_find_room(self->out, 8), -EPROTO);
	}
	self->out->ring.shared->taken = 0;
	ASSERT_EQ(ring_write(self->out, "12345678", 8, 0), 0);
	ring_take(self->in);
	ASSERT_EQ(lpc_ring_find_room(self->out, 8), 0);
	/* and it cannot go back */
	self->out->ring.shared->taken = 0;
	ASSERT_EQ(lpc_ring_find_room(self->out, 8), -EPROTO);
}

TEST_F(ring, a_slot_that_says_what_cannot_be_is_EPROTO)
{
	struct ring_slot *s = self->in->ring.slots;
	struct ring_msg m;
	uint64_t one = 1ull << 32;

	s[0].word = one | 4096;
	s[0].place = 0;
	ASSERT_EQ(ring_look(self->in, &m), 1);
	s[0].place = 1;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].place = ~0u;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].place = 0;
	s[0].word = one | 4097;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].word = one | RING_LENGTH;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].word = one | 1u << 28;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].word = one | 1u << 29;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].word = 2 * one;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].word = ~0ull;
	ASSERT_EQ(ring_look(self->in, &m), -EPROTO);
	s[0].word = 0;
	ASSERT_EQ(ring_look(self->in, &m), 0);
}

TEST_HARNESS_MAIN
