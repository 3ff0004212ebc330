/* SPDX-License-Identifier: MIT */
#include "policy/codegen-parts.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

bool codegen_over(struct builder *b)
{
	b->failed |= b->terms.failed || b->trees.failed;
	b->gave_up |= b->failed || b->terms.work + b->trees.work > b->work_max;
	return b->gave_up;
}

bool codegen_reserve(struct builder *b, void **array, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t more = *room ? *room : FIRST_ROOM;
	void *grown;

	if (n <= *room)
		return true;
	while (more < n)
		more *= 2;
	grown = reallocarray(*array, more, size);
	if (!grown) {
		b->failed = true;
		return false;
	}
	*array = grown;
	*room = more;
	return true;
}

bool state_next_target(const struct builder *b, uint32_t id, uint32_t *at, uint32_t *target)
{
	const struct state *s = &b->states[id];

	if (id <= ALLOWED || *at >= (s->split ? 2 : s->n_targets))
		return false;
	*target = s->split ? (*at ? s->yes : s->no) : b->packed[s->targets + *at];
	++*at;
	return true;
}

static uint32_t hash(const uint32_t *key, uint32_t n)
{
	uint32_t h = n;

	for (uint32_t i = 0; i < n; i++) {
		h = (h ^ key[i]) * 0x9e3779b1U;
		h ^= h >> 15;
	}
	return h;
}

void states_clear(struct builder *b)
{
	b->n_states = b->n_packed = 0;
	if (b->room_chains > FIRST_ROOM)
		b->room_chains = FIRST_ROOM;
	if (b->chains)
		memset(b->chains, 0, b->room_chains * sizeof(*b->chains));
}

static bool rehash(struct builder *b)
{
	uint32_t room = b->room_chains ? b->room_chains * 2 : FIRST_ROOM;
	uint32_t *chains = calloc(room, sizeof(*chains));

	if (!chains) {
		b->failed = true;
		return false;
	}
	free(b->chains);
	b->chains = chains;
	b->room_chains = room;
	for (uint32_t i = ALLOWED + 1; i < b->n_states; i++) {
		struct state *s = &b->states[i];
		uint32_t *chain = &chains[hash(b->packed + s->key, s->n_key) & (room - 1)];
		s->next = *chain;
		*chain = i;
	}
	return true;
}

/* The state with the key that was packed last, N numbers; else STATE becomes it, and is *NEW. */
static uint32_t intern(struct builder *b, struct state state, uint32_t n, bool *new)
{
	uint32_t id = b->n_states, *chain;
	const uint32_t *key = b->packed + b->n_packed;

	*new = false;
	if (!codegen_reserve(b, (void **)&b->states, id + 1, &b->room_states, sizeof(*b->states)) ||
	    !codegen_reserve(b, (void **)&b->worst, id + 1, &b->room_worst, sizeof(*b->worst)) ||
	    (id >= b->room_chains && !rehash(b)))
		return 0;
	chain = &b->chains[hash(key, n) & (b->room_chains - 1)];
	for (uint32_t i = *chain; i; i = b->states[i].next) {
		const struct state *s = &b->states[i];
		if (s->n_key == n && !memcmp(b->packed + s->key, key, n * sizeof(*key)))
			return i;
	}
	*new = true;
	state.key = b->n_packed;
	state.n_key = n;
	state.next = *chain;
	*chain = id;
	b->n_packed += n;
	b->states[id] = state;
	b->n_states++;
	return id;
}

static uint32_t pack_arrival(uint32_t *to, const struct arrival *at)
{
	to[0] = at->word.word | (uint32_t)at->loaded << 8 | (uint32_t)at->light << 9 |
		(uint32_t)at->form.kind << 16;
	to[1] = at->form.mask;
	to[2] = at->word.known.mask;
	to[3] = at->word.known.value;
	return 4;
}

static uint32_t pack_partition(uint32_t *to, const struct partition *p)
{
	uint32_t n = 0;

	to[n++] = p->n_axes | p->n_cells << 8;
	for (unsigned i = 0; i < p->n_axes; i++) {
		const struct axis *axis = &p->axes[i];
		to[n++] = axis->form.kind | (uint32_t)axis->others << 8 |
			  (uint32_t)axis->overlaps << 9 | (uint32_t)axis->n << 16;
		to[n++] = axis->form.mask;
		memcpy(to + n, &p->elements[axis->first], axis->n * sizeof(struct span));
		n += 2 * axis->n;
	}
	for (unsigned i = 0; i < p->n_cells; i++, n += sizeof(p->cells[i].element) / 4)
		memcpy(to + n, p->cells[i].element, sizeof(p->cells[i].element));
	for (unsigned i = 0; i < p->n_cells; i++)
		to[n++] = p->cells[i].target;
	return n;
}

struct form state_form(const struct arrival *at)
{
	return at->loaded ? at->form : FORM_LOADED;
}

enum { PACKED_MAX = 4 + 1 + 2 * AXES_MAX + 2 * ELEMENTS_MAX + 3 * CELLS_MAX };

uint32_t state_add(struct builder *b, struct partition *p, struct arrival at)
{
	struct tree tree = {TREE_NONE, TREE_NONE, 0, state_form(&at)};
	struct state state = {.at = at, .n_targets = p->n_cells};
	uint32_t n, id;
	bool new;

	if (!codegen_reserve(b, (void **)&b->packed, b->n_packed + PACKED_MAX, &b->room_packed,
			     sizeof(*b->packed)))
		return 0;
	n = pack_arrival(b->packed + b->n_packed, &at);
	n += pack_partition(b->packed + b->n_packed + n, p);
	state.targets = b->n_packed + n - p->n_cells;
	id = intern(b, state, n, &new);
	if (!new)
		return id;
	if (!tree_find(&b->trees, p, b->worst, at.light, &tree))
		return 0;
	b->states[id].tree = tree;
	b->states[id].size = tree.size + !at.loaded;
	b->worst[id] = tree.worst + !at.loaded;
	return id;
}

uint32_t state_split(struct builder *b, struct arrival at, struct test test, uint32_t yes,
		     uint32_t no)
{
	struct state state = {.at = at, .test = test, .split = true, .yes = yes, .no = no};
	struct form form = state_form(&at);
	uint32_t id, *key;
	bool new;

	if (yes == no || b->failed)
		return yes;
	if (!codegen_reserve(b, (void **)&b->packed, b->n_packed + PACKED_MAX, &b->room_packed,
			     sizeof(*b->packed)))
		return 0;
	key = b->packed + b->n_packed + pack_arrival(b->packed + b->n_packed, &at);
	memcpy(key,
	       (uint32_t[]){UINT32_MAX, test.op, test.form.kind, test.form.mask, test.k, yes, no},
	       7 * sizeof(*key));
	id = intern(b, state, 4 + 7, &new);
	if (!new)
		return id;
	b->states[id].size = test_steps(&at.word, &form, &test) + 1 + !at.loaded;
	b->worst[id] =
		b->states[id].size + (b->worst[yes] > b->worst[no] ? b->worst[yes] : b->worst[no]);
	return id;
}

struct arrival state_after(struct arrival at, const struct test *test)
{
	at.form = state_form(&at);
	test_steps(&at.word, &at.form, test);
	at.loaded = true;
	return at;
}

/* The instructions of all states that ID leads to. */
static uint32_t size_below(struct builder *b, uint32_t id)
{
	uint32_t size = 0, at = 0, target;

	if (id <= ALLOWED || b->states[id].visit == b->visit)
		return 0;
	b->states[id].visit = b->visit;
	while (state_next_target(b, id, &at, &target))
		size += size_below(b, target);
	return size + b->states[id].size;
}

uint32_t state_whole_size(struct builder *b, uint32_t id)
{
	b->visit++;
	return size_below(b, id);
}
