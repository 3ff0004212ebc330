/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_ARENA_H
#define URING_JAIL_POLICY_ARENA_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Memory that is freed all at once. All zero is an empty arena. */
struct arena {
	struct arena_block *block; /* the newest */
	char *free, *end;	   /* what is left of it */
};

/** Takes memory as arena_take() does, where the newest block has too little left. */
void *arena_take_more(struct arena *arena, size_t size);

/**
 * Takes `size` bytes from the arena, aligned for any object, with anything in them.
 *
 * @return the memory, which arena_destroy() frees, or NULL if there is none left
 */
static inline void *arena_take(struct arena *arena, size_t size)
{
	size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	void *memory = arena->free;

	if (!memory || size > SIZE_MAX / 2 || (size_t)(arena->end - arena->free) < rounded)
		return arena_take_more(arena, size);
	arena->free += rounded;
	return memory;
}

/** Likewise, with zeroes in them. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
	void *memory = arena_take(arena, size);

	/* Here, since of a block of little use most pages are never touched. */
	return memory ? memset(memory, 0, size) : NULL;
}

/** Frees everything that was taken from the arena; it is empty then. NULL is allowed. */
void arena_destroy(struct arena *arena);

#endif
