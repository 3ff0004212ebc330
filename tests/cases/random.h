/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_TESTS_RANDOM_H
#define URING_JAIL_TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/** A source of random numbers, the same on every machine; its first state is the seed. */
struct random {
	uint64_t state;
};

/** A text, terminated. */
struct random_text {
	char buffer[16384];
	size_t size;
};

/** A number below n, which is not 0. */
unsigned random_below(struct random *random, unsigned n);

/**
 * Writes a policy that parses: a few statements for some ops, with conditions of all kinds, and for
 * SQE flags.
 */
void random_policy(struct random *random, struct random_text *text);

/**
 * Writes a request for one of these ops, as request_parse() reads it. Its values are mostly those
 * that random_policy() tests, or their neighbours.
 */
void random_request(struct random *random, struct random_text *text);

#endif
