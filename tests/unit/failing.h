/* SPDX-License-Identifier: MIT */
/*
 * An allocator that fails when told to, in front of that of AddressSanitizer: malloc(3), calloc(3),
 * realloc(3) and reallocarray(3), for everything in the program and its libraries.
 */
#ifndef URING_JAIL_TESTS_UNIT_FAILING_H
#define URING_JAIL_TESTS_UNIT_FAILING_H

/* How many allocations were asked for since failing_set(). */
extern unsigned long failing_count;

/** From here on counts allocations, from 1, and fails the one with that number; 0: none. */
void failing_set(unsigned long number);

#endif
