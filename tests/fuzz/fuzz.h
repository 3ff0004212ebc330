/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_TESTS_FUZZ_FUZZ_H
#define URING_JAIL_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/diag.h"

/* Fails the fuzzer, which then keeps the input, unless the condition is true. */
#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);             \
			fflush(stdout);                                                            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/** Fails unless each message has a text and a place that there is. Writes them, too, to nowhere. */
void check_messages(const struct diags *diags);

/** What libFuzzer calls before the first input, and for each of them. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
