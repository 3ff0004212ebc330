// SPDX-License-Identifier: MIT
#include "policy/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *older;
	size_t size, used; /* bytes of memory[] */
	alignas(max_align_t) char memory[];
};

/* With the allocator's own few words a block fills two pages. */
#define BLOCK_SIZE (8192 - 64)

static struct arena_block *new_block(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size < BLOCK_SIZE)
		size = BLOCK_SIZE;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->older = arena->block;
	block->size = size;
	block->used = 0;
	arena->block = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->block;
	void *memory;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!block || block->size - block->used < size)
		block = new_block(arena, size);
	if (!block)
		return NULL;
	memory = block->memory + block->used;
	block->used += size;
	/* Here, since of a block of little use most pages are never touched. */
	return memset(memory, 0, size);
}

void arena_destroy(struct arena *arena)
{
	if (!arena)
		return;
	for (struct arena_block *block = arena->block, *older; block; block = older) {
		older = block->older;
		free(block);
	}
	arena->block = NULL;
}
