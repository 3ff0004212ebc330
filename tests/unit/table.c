// SPDX-License-Identifier: MIT
#include "policy/table.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "policy/field.h"
#include "policy/request.h"

static const struct table *const tables[] = {&op_table, &register_table, &sqe_flag_table};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

Test(table, numbers_are_dense_and_in_order)
{
	for (size_t i = 0; i < op_table.n; i++)
		cr_expect_eq(op_table.rows[i].number, i, "%s", op_table.rows[i].name);
	for (size_t i = 0; i < register_table.n; i++)
		cr_expect_eq(register_table.rows[i].number, i, "%s", register_table.rows[i].name);
	for (size_t i = 0; i < sqe_flag_table.n; i++)
		cr_expect_eq(sqe_flag_table.rows[i].number, 1U << i, "%s",
			     sqe_flag_table.rows[i].name);
}

Test(table, rows_are_complete_and_unique)
{
	for (size_t t = 0; t < TABLES; t++) {
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct row *row = &tables[t]->rows[i];
			const struct row *found =
				table_find(tables[t], row->name, strlen(row->name));

			cr_expect_eq(found, row, "%s stands twice", row->name);
			cr_expect_gt(strlen(row->help), 0, "%s has no help", row->name);
			cr_expect_eq(strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				     strlen(row->name), "%s", row->name);
			cr_expect_eq(row->proposed, row->since[0] == '\0', "%s", row->name);
		}
	}
}

Test(table, known_is_one_more_than_the_last_released_number)
{
	cr_expect_eq(table_known(&op_table), 65);
	cr_expect_eq(table_known(&register_table), 38);
}

static const struct spelling {
	const struct table *table;
	const char *text;
	const char *name; /* NULL: not found */
} spellings[] = {
	{&op_table, "openat2", "openat2"},
	{&op_table, "OpenAt2", "openat2"},
	{&op_table, "IORING_OP_OPENAT2", "openat2"},
	{&op_table, "ioring-op-read-fixed", "read_fixed"},
	{&op_table, "read-fixed", "read_fixed"},
	{&op_table, "openat", "openat"},
	{&op_table, "opena", NULL},
	{&op_table, "openat22", NULL},
	{&op_table, "OP_OPENAT2", NULL},
	{&op_table, "IORING_OP_", NULL},
	{&op_table, "IORING_OP", NULL},
	{&op_table, "", NULL},
	{&op_table, "IORING_OP_IORING_OP_NOP", NULL},
	{&op_table, "files2", NULL},
	{&register_table, "files2", "files2"},
	{&register_table, "IORING_REGISTER_FILES2", "files2"},
	{&register_table, "files", "files"},
	{&register_table, "unregister_files", "unregister_files"},
	{&register_table, "IORING_UNREGISTER_FILES", "unregister_files"},
	{&register_table, "IORING_REGISTER_UNREGISTER_FILES", NULL},
	{&register_table, "register_files", NULL},
	{&register_table, "clone_files", "clone_files"},
	{&sqe_flag_table, "IOSQE_ASYNC", "async"},
	{&sqe_flag_table, "io_drain", "io_drain"},
	{&sqe_flag_table, "drain", NULL},
};

Test(table, find_takes_both_spellings_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const struct spelling *s = &spellings[i];
		const struct row *row = table_find(s->table, s->text, strlen(s->text));

		if (s->name)
			cr_expect(row && strcmp(row->name, s->name) == 0, "'%s'", s->text);
		else
			cr_expect_null(row, "'%s' is no name", s->text);
	}
}

static const struct table *const all_tables[] = {
	&op_table,	  &register_table,
	&sqe_flag_table,  &group_table,
	&field_table,	  &register_group_table,
	&accmode_table,	  &open_flag_table[ARCH_GENERIC],
	&resolve_table,	  &open_flag_table[ARCH_ARM],
	&family_table,	  &open_flag_table[ARCH_POWERPC],
	&sock_type_table, &request_type_flag_table,
	&protocol_table,
};

#define ALL_TABLES (sizeof(all_tables) / sizeof(all_tables[0]))

#define SPELLING_MAX 80

static void expect_found(const struct table *table, const char *text, const struct row *row)
{
	size_t size = strlen(text);
	struct table_index index;

	table_index(&index, table);
	cr_expect_eq(table_find(table, text, size), row, "'%s'", text);
	cr_expect_eq(table_index_find(&index, table_key(text, size), text, size), row, "'%s'",
		     text);
}

/* A byte more or less at either end, or another one anywhere: the text must not be in the table. */
static void expect_no_neighbour_found(const struct table *table, const char *text)
{
	size_t size = strlen(text);
	char other[2 * SPELLING_MAX];

	snprintf(other, sizeof(other), "%.*sx", SPELLING_MAX, text);
	expect_found(table, other, NULL);
	snprintf(other, sizeof(other), "x%.*s", SPELLING_MAX, text);
	expect_found(table, other, NULL);
	for (size_t i = 0; i < size; i++) {
		snprintf(other, sizeof(other), "%.*s", SPELLING_MAX, text);
		other[i] = '.';
		expect_found(table, other, NULL);
	}
}

/* In lower and in upper case, with '_' and with '-'. */
static void expect_spellings_found(const struct table *table, const char *text,
				   const struct row *row)
{
	char other[SPELLING_MAX];

	for (int upper = 0; upper < 2; upper++) {
		for (int dash = 0; dash < 2; dash++) {
			snprintf(other, sizeof(other), "%s", text);
			for (char *c = other; *c; c++)
				*c = dash && *c == '_' ? '-'
						       : (char)(upper ? toupper(*c) : tolower(*c));
			expect_found(table, other, row);
			expect_no_neighbour_found(table, other);
		}
	}
}

Test(table, every_name_is_found_in_all_spellings_and_nothing_near_it)
{
	char full[SPELLING_MAX];

	for (size_t t = 0; t < ALL_TABLES; t++) {
		for (size_t i = 0; i < all_tables[t]->n; i++) {
			const struct row *row = &all_tables[t]->rows[i];

			snprintf(full, sizeof(full), "%s%s", row->prefix, row->name);
			expect_spellings_found(all_tables[t], row->name, row);
			expect_spellings_found(all_tables[t], full, row);
		}
		expect_found(all_tables[t], "", NULL);
		expect_found(all_tables[t], "x", NULL);
	}
}

/* Bytes before a name that count as nothing in its key. */
Test(table, a_nul_byte_is_part_of_no_name)
{
	cr_expect_null(table_find(&op_table, "\0read", 5));
	cr_expect_null(table_find(&op_table, "read\0", 5));
	cr_expect_null(table_find(&accmode_table, "\0\0rdwr", 6));
}

Test(table, key_is_the_end_of_a_name)
{
	cr_expect_eq(table_key("", 0), 0);
	cr_expect_eq(table_key("aB-", 3), 0x61625f);
	cr_expect_eq(table_key("xx12345678", 10), 0x3132333435363738);
	cr_expect_eq(table_key("openat2", 7), TABLE_KEY("OPENAT2"));
	cr_expect_eq(table_key("\xff", 1), 0xff);
}

Test(table, a_proposal_has_no_number)
{
	cr_expect_null(table_row(&register_table, 38));
	cr_expect_str_eq(table_row(&register_table, 37)->name, "bpf_filter");
	cr_expect_null(table_row(&op_table, 65));
}

static const struct spelling misspellings[] = {
	{&op_table, "opnat2", "openat2"},
	{&op_table, "IORING_OP_OPNAT2", "openat2"},
	{&op_table, "wrtie", "write"},
	{&op_table, "fsnc", "fsync"},
	{&op_table, "send-zx", "send_zc"},
	{&op_table, "xyzzy", NULL},
	{&op_table, "", NULL},
	{&register_table, "unregister_file", "unregister_files"},
	{&sqe_flag_table, "asinc", "async"},
};

Test(table, nearest_is_what_was_meant)
{
	for (size_t i = 0; i < sizeof(misspellings) / sizeof(misspellings[0]); i++) {
		const struct spelling *s = &misspellings[i];
		const char *nearest = table_nearest(s->table, s->text, strlen(s->text));

		if (s->name)
			cr_expect_str_eq(nearest ? nearest : "(none)", s->name, "for '%s'",
					 s->text);
		else
			cr_expect_null(nearest, "'%s' is near nothing, not %s", s->text, nearest);
	}
}

Test(table, distance_counts_edits_up_to_its_limit)
{
	char longest[300];

	memset(longest, 'a', sizeof(longest));
	cr_expect_eq(table_distance("read", 4, "read", 3), 0);
	cr_expect_eq(table_distance("raed", 4, "read", 3), 1);
	cr_expect_eq(table_distance("rea", 3, "read", 3), 1);
	cr_expect_eq(table_distance("reaad", 5, "read", 3), 1);
	cr_expect_eq(table_distance("READ-V", 6, "read_v", 3), 0);
	cr_expect_eq(table_distance("abcd", 4, "wxyz", 2), 3);
	cr_expect_eq(table_distance(longest, sizeof(longest), "read", 2), 3);
}

static uint32_t all_bits(const struct table *groups)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < groups->n; i++)
		bits |= (uint32_t)groups->rows[i].number;
	return bits;
}

Test(table, every_op_is_in_a_group)
{
	for (size_t i = 0; i < op_table.n; i++)
		cr_expect(op_table.rows[i].groups & all_bits(&group_table), "%s",
			  op_table.rows[i].name);
	for (size_t i = 0; i < register_table.n; i++)
		cr_expect(register_table.rows[i].groups & all_bits(&register_group_table), "%s",
			  register_table.rows[i].name);
}

/* O_TMPFILE and O_SYNC hold other flags; two names of a family or of nothing are one number. */
Test(table, open_flags_of_each_architecture_are_distinct)
{
	for (int arch = 0; arch < ARCHS; arch++) {
		const struct table *flags = &open_flag_table[arch];
		uint64_t single = open_largefile[arch];

		for (size_t i = 0; i < flags->n; i++) {
			uint64_t flag = flags->rows[i].number;

			if (flag & (flag - 1))
				continue;
			cr_expect_eq(single & flag, 0, "%s on %d", flags->rows[i].name, arch);
			single |= flag;
		}
	}
}
