/* SPDX-License-Identifier: MIT */
/* Time that only goes forward, and short naps. */
#ifndef LIVE_CLOCK_H
#define LIVE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void clock_sleep_us(long microseconds)
{
	nanosleep(&(struct timespec){.tv_sec = microseconds / 1000000,
				     .tv_nsec = microseconds % 1000000 * 1000},
		  NULL);
}

#endif
