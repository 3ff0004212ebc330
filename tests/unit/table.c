// SPDX-License-Identifier: MIT
#include "policy/table.h"

#include <criterion/criterion.h>
#include <string.h>

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
