// SPDX-License-Identifier: MIT
#include "tests/unit/failing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Where AddressSanitizer's own are when the program has defined these names. */
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t n, size_t size);
void *__interceptor_realloc(void *memory, size_t size);
void *__interceptor_reallocarray(void *memory, size_t n, size_t size);

unsigned long failing_count;
static unsigned long failing_number;

void failing_set(unsigned long number)
{
	failing_count = 0;
	failing_number = number;
}

static bool fails(void)
{
	if (++failing_count != failing_number)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __interceptor_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __interceptor_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __interceptor_realloc(memory, size);
}

void *reallocarray(void *memory, size_t n, size_t size)
{
	return fails() ? NULL : __interceptor_reallocarray(memory, n, size);
}
