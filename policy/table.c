// SPDX-License-Identifier: MIT
#include "policy/table.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct row op_rows[] = {
#define OP(number, name, since, help) {number, false, "IORING_OP_", #name, since, help},
#include "policy/op.def"
#undef OP
};

static const struct row register_rows[] = {
#define REGISTER(number, name, since, help) {number, false, "IORING_REGISTER_", #name, since, help},
#define UNREGISTER(number, name, since, help)                                                      \
	{number, false, "IORING_", "unregister_" #name, since, help},
#define PROPOSED(number, name, help) {number, true, "IORING_REGISTER_", #name, "", help},
#include "policy/register-op.def"
#undef REGISTER
#undef UNREGISTER
#undef PROPOSED
};

static const struct row sqe_flag_rows[] = {
#define SQE_FLAG(bit, name, since, help) {1U << (bit), false, "IOSQE_", #name, since, help},
#include "policy/sqe-flag.def"
#undef SQE_FLAG
};

const struct table op_table = {"operation", op_rows, COUNT(op_rows)};
const struct table register_table = {"register operation", register_rows, COUNT(register_rows)};
const struct table sqe_flag_table = {"SQE flag", sqe_flag_rows, COUNT(sqe_flag_rows)};

/* Not tolower(): what a policy means must not hang on the locale. */
static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

static bool same(const char *a, const char *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

bool table_same_name(const char *name, size_t size, const char *other)
{
	return size == strlen(other) && same(name, other, size);
}

const struct row *table_find(const struct table *table, const char *name, size_t size)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct row *row = &table->rows[i];
		size_t prefix = strlen(row->prefix);

		if (table_same_name(name, size, row->name))
			return row;
		if (size > prefix && same(name, row->prefix, prefix) &&
		    table_same_name(name + prefix, size - prefix, row->name))
			return row;
	}
	return NULL;
}

const struct row *table_row(const struct table *table, unsigned number)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->rows[i].number == number && !table->rows[i].proposed)
			return &table->rows[i];
	return NULL;
}

unsigned table_known(const struct table *table)
{
	unsigned known = 0;

	for (size_t i = 0; i < table->n; i++)
		if (!table->rows[i].proposed && table->rows[i].number >= known)
			known = table->rows[i].number + 1;
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
			char a = fold(name[i - 1]), b = fold(other[j - 1]);
			size_t best = above[j - 1] + (a != b);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a == fold(other[j - 2]) && b == fold(name[i - 2]) &&
			    two_above[j - 2] + 1 < best)
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
