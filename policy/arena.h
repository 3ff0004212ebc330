/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_ARENA_H
#define URING_JAIL_POLICY_ARENA_H

#include <stddef.h>

/** Memory that is freed all at once. All zero is an empty arena. */
struct arena {
	struct arena_block *block; /* the newest */
};

/**
 * Takes `size` zeroed bytes from the arena, aligned for any object.
 *
 * @return the memory, which arena_destroy() frees, or NULL if there is none left
 */
void *arena_alloc(struct arena *arena, size_t size);

/** Frees everything that was taken from the arena; it is empty then. NULL is allowed. */
void arena_destroy(struct arena *arena);

#endif
