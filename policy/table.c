// SPDX-License-Identifier: MIT
#include "policy/table.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OPEN_FLAG(name, value, help)			     +1
#define OPEN_FLAG_BY_ARCH(name, generic, arm, powerpc, help) +1
enum {
	OPEN_FLAGS = 0
#include "policy/open-flag.def"
};
#undef OPEN_FLAG
#undef OPEN_FLAG_BY_ARCH

enum {
#define GROUP(id, name, help) BIT_##id,
#include "policy/group.def"
#undef GROUP
};

enum {
#define GROUP(id, name, help) id = 1 << BIT_##id,
#include "policy/group.def"
#undef GROUP
};

enum {
#define REGISTER_GROUP(id, name, help) REGISTER_BIT_##id,
#include "policy/register-group.def"
#undef REGISTER_GROUP
};

static const struct row register_group_rows[] = {
#define REGISTER_GROUP(id, name, help)                                                             \
	{1 << REGISTER_BIT_##id, false, TABLE_NAMES("@", #name), "", help, PAYLOAD_NONE, 0},
#include "policy/register-group.def"
#undef REGISTER_GROUP
};

static const struct row group_rows[] = {
#define GROUP(id, name, help) {id, false, TABLE_NAMES("@", #name), "", help, PAYLOAD_NONE, 0},
#include "policy/group.def"
#undef GROUP
};

static const struct row op_rows[] = {
#define OP(number, name, payload, groups, since, calls, help)                                      \
	{number, false, TABLE_NAMES("IORING_OP_", #name), since, help, PAYLOAD_##payload, groups},
#include "policy/op.def"
#undef OP
};

#define ROW(number, prefix, name, since, help)                                                     \
	{number, false, TABLE_NAMES(prefix, name), since, help, PAYLOAD_NONE, 0},

#define REGISTER_ROW(number, proposed, prefix, name, group, since, help)                           \
	{number, proposed,     TABLE_NAMES(prefix, name), since,                                   \
	 help,	 PAYLOAD_NONE, 1 << REGISTER_BIT_##group},

static const struct row register_rows[] = {
#define REGISTER(number, name, group, since, help)                                                 \
	REGISTER_ROW(number, false, "IORING_REGISTER_", #name, group, since, help)
#define UNREGISTER(number, name, group, since, help)                                               \
	REGISTER_ROW(number, false, "IORING_", "unregister_" #name, group, since, help)
#define PROPOSED(number, name, group, help)                                                        \
	REGISTER_ROW(number, true, "IORING_REGISTER_", #name, group, "", help)
#include "policy/register-op.def"
#undef REGISTER
#undef UNREGISTER
#undef PROPOSED
};

static const struct row sqe_flag_rows[] = {
#define SQE_FLAG(bit, name, since, help) ROW(1U << (bit), "IOSQE_", #name, since, help)
#include "policy/sqe-flag.def"
#undef SQE_FLAG
};

static const struct row open_flag_rows[ARCHS][OPEN_FLAGS] = {
#define OPEN_FLAG(name, value, help)			     ROW(value, "O_", #name, "", help)
#define OPEN_FLAG_BY_ARCH(name, generic, arm, powerpc, help) ROW(generic, "O_", #name, "", help)
	{
#include "policy/open-flag.def"
	},
#undef OPEN_FLAG_BY_ARCH
#define OPEN_FLAG_BY_ARCH(name, generic, arm, powerpc, help) ROW(arm, "O_", #name, "", help)
	{
#include "policy/open-flag.def"
	},
#undef OPEN_FLAG_BY_ARCH
#define OPEN_FLAG_BY_ARCH(name, generic, arm, powerpc, help) ROW(powerpc, "O_", #name, "", help)
	{
#include "policy/open-flag.def"
	},
#undef OPEN_FLAG_BY_ARCH
#undef OPEN_FLAG
};

#define ACCMODE(name, value)
#define RESOLVE(name, value)
#define FAMILY(name, value)
#define SOCK_TYPE(name, value)
#define PROTOCOL(name, value)

static const struct row accmode_rows[] = {
#undef ACCMODE
#define ACCMODE(name, value) ROW(value, "O_", #name, "", "")
#include "policy/constant.def"
#undef ACCMODE
#define ACCMODE(name, value)
};

static const struct row resolve_rows[] = {
#undef RESOLVE
#define RESOLVE(name, value) ROW(value, "RESOLVE_", #name, "", "")
#include "policy/constant.def"
#undef RESOLVE
#define RESOLVE(name, value)
};

static const struct row family_rows[] = {
#undef FAMILY
#define FAMILY(name, value) ROW(value, "AF_", #name, "", "")
#include "policy/constant.def"
#undef FAMILY
#define FAMILY(name, value)
};

static const struct row sock_type_rows[] = {
#undef SOCK_TYPE
#define SOCK_TYPE(name, value) ROW(value, "SOCK_", #name, "", "")
#include "policy/constant.def"
#undef SOCK_TYPE
#define SOCK_TYPE(name, value)
};

static const struct row protocol_rows[] = {
#undef PROTOCOL
#define PROTOCOL(name, value) ROW(value, "IPPROTO_", #name, "", "")
#include "policy/constant.def"
};

#undef RESOLVE
#undef FAMILY
#undef SOCK_TYPE
#undef PROTOCOL

#define TABLE(noun, rows)                                                                          \
	{                                                                                          \
		noun, rows, COUNT(rows)                                                            \
	}

const struct table op_table = TABLE("operation", op_rows);
const struct table register_table = TABLE("register operation", register_rows);
const struct table sqe_flag_table = TABLE("SQE flag", sqe_flag_rows);
const struct table group_table = TABLE("group", group_rows);
const struct table register_group_table =
	TABLE("group of register operations", register_group_rows);
const struct table accmode_table = TABLE("access mode", accmode_rows);
const struct table resolve_table = TABLE("RESOLVE_ flag", resolve_rows);
const struct table family_table = TABLE("address family", family_rows);
const struct table sock_type_table = TABLE("socket type", sock_type_rows);
const struct table protocol_table = TABLE("protocol", protocol_rows);

const struct table open_flag_table[ARCHS] = {
	[ARCH_GENERIC] = TABLE("open flag", open_flag_rows[ARCH_GENERIC]),
	[ARCH_ARM] = TABLE("open flag", open_flag_rows[ARCH_ARM]),
	[ARCH_POWERPC] = TABLE("open flag", open_flag_rows[ARCH_POWERPC]),
};

const uint64_t open_largefile[ARCHS] = {
	[ARCH_GENERIC] = 0100000, [ARCH_ARM] = 0400000, [ARCH_POWERPC] = 0200000};

#if defined(__x86_64__) || defined(__i386__) || defined(__s390__) || defined(__riscv) ||           \
	defined(__loongarch__)
const enum arch arch_here = ARCH_GENERIC;
#elif defined(__arm__) || defined(__aarch64__) || defined(__m68k__)
const enum arch arch_here = ARCH_ARM;
#elif defined(__powerpc__)
const enum arch arch_here = ARCH_POWERPC;
#else
#error "add the open flags of this architecture to policy/open-flag.def"
#endif

static bool same(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (a[i] != b[i] && TABLE_FOLD(a[i]) != TABLE_FOLD(b[i]))
			return false;
	return true;
}

bool table_same_name(const char *name, size_t size, const char *other)
{
	return size == strlen(other) && same(name, other, size);
}

uint64_t table_key(const char *name, size_t size)
{
	uint64_t key = 0;

	for (size_t i = size > 8 ? size - 8 : 0; i < size; i++)
		key = key << 8 | TABLE_FOLD(name[i]);
	return key;
}

/* Whether a name of which the last eight bytes are a row's short name's is all of it. */
static bool is_short(const struct row *row, const char *name, size_t size)
{
	return size == row->name_size && (size <= 8 || same(name, row->name, size - 8));
}

/* Likewise, of C's name. */
static bool is_full(const struct row *row, const char *name, size_t size)
{
	size_t prefix = row->prefix_size, rest = size > 8 ? size - 8 : 0;

	if (size != prefix + row->name_size)
		return false;
	return rest <= prefix ? same(name, row->prefix, rest)
			      : same(name, row->prefix, prefix) &&
					same(name + prefix, row->name, rest - prefix);
}

const struct row *table_find_key(const struct table *table, uint64_t key, const char *name,
				 size_t size)
{
	const struct row *end = table->rows + table->n;

	for (const struct row *row = table->rows; row < end; row++)
		if ((row->name_key == key && is_short(row, name, size)) ||
		    (row->full_key == key && is_full(row, name, size)))
			return row;
	return NULL;
}

const struct row *table_find(const struct table *table, const char *name, size_t size)
{
	return table_find_key(table, table_key(name, size), name, size);
}

/* The upper bits of a product depend on all bits of the key. */
static unsigned slot_of(uint64_t key)
{
	return (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> 57);
}

static unsigned slot_after(unsigned slot)
{
	return (slot + 1) % COUNT(((struct table_index *)0)->rows);
}

void table_index(struct table_index *index, const struct table *table)
{
	*index = (struct table_index){.table = table};
	for (size_t i = 0; i < table->n; i++) {
		unsigned slot = slot_of(table->rows[i].name_key);

		while (index->rows[slot])
			slot = slot_after(slot);
		index->rows[slot] = (uint8_t)(i + 1);
	}
}

const struct row *table_index_find(const struct table_index *index, uint64_t key, const char *name,
				   size_t size)
{
	for (unsigned slot = slot_of(key); index->rows[slot]; slot = slot_after(slot)) {
		const struct row *row = &index->table->rows[index->rows[slot] - 1];

		if (row->name_key == key && is_short(row, name, size))
			return row;
	}
	/* Names of C are not in it. */
	return table_find_key(index->table, key, name, size);
}

const struct row *table_row(const struct table *table, uint64_t number)
{
	size_t last = table->n; /* and one more */

	if (number < table->n && table->rows[number].number == number &&
	    !table->rows[number].proposed)
		return &table->rows[number];
	while (last > 0 && table->rows[last - 1].proposed)
		last--;
	if (last == 0 || table->rows[last - 1].number < number)
		return NULL;
	for (size_t i = 0; i < last; i++)
		if (table->rows[i].number == number)
			return &table->rows[i];
	return NULL;
}

unsigned table_known(const struct table *table)
{
	unsigned known = 0;

	for (size_t i = 0; i < table->n; i++)
		if (!table->rows[i].proposed && table->rows[i].number >= known)
			known = (unsigned)table->rows[i].number + 1;
	return known;
}

/* No name is longer, so a longer word is no misspelling of one. */
#define NAME_LONGEST 64

size_t table_distance(const char *name, size_t size, const char *other, size_t limit)
{
	size_t length = strlen(other);
	size_t row[3][NAME_LONGEST + 1];

	if (size > NAME_LONGEST || length > NAME_LONGEST)
		return limit + 1;
	for (size_t j = 0; j <= length; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= size; i++) {
		size_t *now = row[i % 3], *above = row[(i + 2) % 3], *two_above = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= length; j++) {
			unsigned char a = TABLE_FOLD(name[i - 1]), b = TABLE_FOLD(other[j - 1]);
			size_t best = above[j - 1] + (a != b);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a == TABLE_FOLD(other[j - 2]) &&
			    b == TABLE_FOLD(name[i - 2]) && two_above[j - 2] + 1 < best)
				best = two_above[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[size % 3][length] <= limit ? row[size % 3][length] : limit + 1;
}

const char *table_nearest(const struct table *table, const char *name, size_t size)
{
	const char *nearest = NULL;
	size_t limit = size / 3 > 0 ? size / 3 : 1;

	for (size_t i = 0; i < table->n; i++) {
		const struct row *row = &table->rows[i];
		size_t prefix = strlen(row->prefix);
		bool full = size > prefix && same(name, row->prefix, prefix);
		size_t skip = full ? prefix : 0;
		size_t distance = table_distance(name + skip, size - skip, row->name, limit);

		if (distance <= limit) {
			nearest = row->name;
			limit = distance > 0 ? distance - 1 : 0;
		}
	}
	return nearest;
}
