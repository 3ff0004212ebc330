/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_SET_H
#define URING_JAIL_POLICY_SET_H

#include <stdbool.h>
#include <stdint.h>

/** A set of opcodes. An opcode is one byte wherever the kernel takes one, so 0 to 255. */
struct set {
	uint64_t word[4];
};

static inline void set_add(struct set *s, unsigned n)
{
	s->word[n / 64] |= UINT64_C(1) << (n % 64);
}

static inline void set_remove(struct set *s, unsigned n)
{
	s->word[n / 64] &= ~(UINT64_C(1) << (n % 64));
}

static inline bool set_has(const struct set *s, unsigned n)
{
	return s->word[n / 64] >> (n % 64) & 1;
}

/** Makes every opcode, also those no table knows, a member. */
static inline void set_fill(struct set *s)
{
	for (int i = 0; i < 4; i++)
		s->word[i] = UINT64_MAX;
}

static inline void set_unite(struct set *s, const struct set *with)
{
	for (int i = 0; i < 4; i++)
		s->word[i] |= with->word[i];
}

static inline void set_subtract(struct set *s, const struct set *without)
{
	for (int i = 0; i < 4; i++)
		s->word[i] &= ~without->word[i];
}

static inline bool set_is_empty(const struct set *s)
{
	return !(s->word[0] | s->word[1] | s->word[2] | s->word[3]);
}

static inline bool set_is_full(const struct set *s)
{
	return (s->word[0] & s->word[1] & s->word[2] & s->word[3]) == UINT64_MAX;
}

/** The least member of a set that has some. */
static inline unsigned set_first(const struct set *s)
{
	unsigned i = 0;

	while (!s->word[i])
		i++;
	return i * 64 + (unsigned)__builtin_ctzll(s->word[i]);
}

/** The least member from `n` on; 256 if there is none. */
static inline unsigned set_next(const struct set *s, unsigned n)
{
	for (unsigned i = n / 64; i < 4; i++) {
		uint64_t left = i == n / 64 ? s->word[i] & UINT64_MAX << n % 64 : s->word[i];

		if (left)
			return i * 64 + (unsigned)__builtin_ctzll(left);
	}
	return 256;
}

static inline bool set_equal(const struct set *a, const struct set *b)
{
	for (int i = 0; i < 4; i++)
		if (a->word[i] != b->word[i])
			return false;
	return true;
}

#endif
