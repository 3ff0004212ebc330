/* SPDX-License-Identifier: MIT */
/*
 * Instructions that the virtual machine has carried out, the kernel's own included: with QEMU's
 * -icount its processor's time stamp counter is that count. tests/bench/run sees to it.
 */
#ifndef BENCH_COUNT_H
#define BENCH_COUNT_H

#include <stdint.h>
#include <x86intrin.h>

static inline uint64_t count_now(void)
{
	return __rdtsc();
}

/* The least of several rounds is the one that no timer interrupted. */
static inline void count_least(uint64_t *least, uint64_t round)
{
	if (round < *least)
		*least = round;
}

#endif
