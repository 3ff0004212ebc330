// SPDX-License-Identifier: MIT
#include "policy/arena.h"

#include <stdlib.h>

struct arena_block {
	struct arena_block *older;
	alignas(max_align_t) char memory[];
};

/* Room for a short policy: a launch pays for the page that a larger block would end in. */
#define BLOCK_SIZE (1024 - 64)

void *arena_take_more(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	block = malloc(sizeof(*block) + (size < BLOCK_SIZE ? BLOCK_SIZE : size));
	if (!block)
		return NULL;
	block->older = arena->block;
	arena->block = block;
	arena->free = block->memory + size;
	arena->end = block->memory + (size < BLOCK_SIZE ? BLOCK_SIZE : size);
	return block->memory;
}

void arena_destroy(struct arena *arena)
{
	if (!arena)
		return;
	for (struct arena_block *block = arena->block, *older; block; block = older) {
		older = block->older;
		free(block);
	}
	*arena = (struct arena){0};
}
