// SPDX-License-Identifier: MIT
#include "cli/print.h"

#include <string.h>

#include "policy/table.h"

#define WIDTH 78

/* Writes words with commas between, broken into lines that are indented. */
struct wrap {
	FILE *out;
	int column;
	bool first;
};

static void wrap_word(struct wrap *wrap, const char *word)
{
	if (!wrap->first) {
		putc(',', wrap->out);
		wrap->column++;
	}
	if (wrap->first || wrap->column + 1 + (int)strlen(word) >= WIDTH)
		wrap->column = fprintf(wrap->out, "\n      %s", word) - 1;
	else
		wrap->column += fprintf(wrap->out, " %s", word);
	wrap->first = false;
}

static void wrap_op(struct wrap *wrap, const struct table *table, unsigned op)
{
	const struct row *row = table_row(table, op);
	char number[16];

	snprintf(number, sizeof(number), "%u", op);
	wrap_word(wrap, row ? row->name : number);
}

/* What the entries of one kind allow: read back from the plan, so that the plan is what is shown. */
static struct set entries(const struct plan *plan, uint16_t opcode, unsigned *count)
{
	struct set set = {0};

	*count = 0;
	for (unsigned i = 0; i < plan->restrictions.nr_res; i++) {
		const struct uring_restriction *entry = &plan->restrictions.entries[i];

		if (entry->opcode != opcode)
			continue;
		set_add(&set, entry->value);
		(*count)++;
	}
	return set;
}

static void print_ops(FILE *out, const struct table *table, const struct set *allowed,
		      unsigned nr_allowed, unsigned count)
{
	bool shorter_denied = count - nr_allowed <= nr_allowed;
	struct wrap wrap = {.out = out, .first = true};

	fprintf(out, "   %ss: %u of %u allowed", table->noun, nr_allowed, count);
	if (nr_allowed == 0 || nr_allowed == count) {
		putc('\n', out);
		return;
	}
	fputs(shorter_denied ? "; denied:" : ":", out);
	for (unsigned op = 0; op < count; op++)
		if (set_has(allowed, op) != shorter_denied)
			wrap_op(&wrap, table, op);
	putc('\n', out);
}

static void print_flags(FILE *out, const char *what, unsigned mask)
{
	const char *between = "";

	fprintf(out, "   SQE flags %s: ", what);
	for (unsigned bit = 1; bit <= UINT8_MAX; bit <<= 1) {
		const struct row *row = table_row(&sqe_flag_table, bit);

		if (!(mask & bit))
			continue;
		if (row)
			fprintf(out, "%s%s", between, row->name);
		else
			fprintf(out, "%s0x%x", between, bit);
		between = ", ";
	}
	fputs(mask ? "\n" : "none\n", out);
}

static void print_restrictions(FILE *out, const struct plan *plan, const struct kernel *kernel)
{
	unsigned nr_ops, nr_register_ops, nr_flags;
	struct set ops = entries(plan, URING_RESTRICTION_SQE_OP, &nr_ops);
	struct set register_ops = entries(plan, URING_RESTRICTION_REGISTER_OP, &nr_register_ops);

	entries(plan, URING_RESTRICTION_SQE_FLAGS_ALLOWED, &nr_flags);
	if (nr_flags > 0)
		print_ops(out, &op_table, &ops, nr_ops, kernel->nr_ops);
	else
		fprintf(out, "   operations: not restricted\n");
	for (unsigned i = 0; i < plan->restrictions.nr_res; i++) {
		const struct uring_restriction *entry = &plan->restrictions.entries[i];

		if (entry->opcode == URING_RESTRICTION_SQE_FLAGS_ALLOWED)
			print_flags(out, "allowed", entry->value);
		if (entry->opcode == URING_RESTRICTION_SQE_FLAGS_REQUIRED)
			print_flags(out, "required", entry->value);
	}
	if (nr_register_ops > 0)
		print_ops(out, &register_table, &register_ops, nr_register_ops,
			  kernel->nr_register_ops);
	else
		fprintf(out, "   register operations: not restricted\n");
}

void print_plan(FILE *out, const struct plan *plan, const struct kernel *kernel)
{
	int step = 1;

	fprintf(out, "Plan for Linux %s:\n", kernel->version);
	fprintf(out, "%d. prctl(PR_SET_NO_NEW_PRIVS, 1)\n", step++);
	fprintf(out, "%d. close inherited io_uring file descriptors\n", step++);
	if (plan_is_empty(plan)) {
		fprintf(out, "%d. nothing to restrict: the kernel needs no telling\n", step++);
	} else {
		fprintf(out,
			"%d. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), %u entries\n",
			step++, plan->restrictions.nr_res);
		print_restrictions(out, plan, kernel);
		fprintf(out, "%d. make sure that the task is restricted now\n", step++);
	}
	fprintf(out, "%d. execvp(COMMAND)\n", step);
}

static const struct table *table_of(enum listing listing)
{
	switch (listing) {
	case LIST_OPS:
		return &op_table;
	case LIST_REGISTERS:
		return &register_table;
	case LIST_FLAGS:
		break;
	}
	return &sqe_flag_table;
}

/* "yes" or "no" as the kernel told, "?" if it did not. */
static const char *presence(enum listing listing, const struct row *row,
			    const struct kernel *kernel)
{
	unsigned count = listing == LIST_OPS ? kernel->nr_ops : kernel->nr_register_ops;

	if (kernel->nr_ops == 0)
		return "?";
	if (row->proposed)
		return kernel->nr_register_ops > table_known(&register_table) ? "?" : "no";
	if (listing == LIST_FLAGS)
		return kernel->sqe_flags & row->number ? "yes" : "no";
	return row->number < count ? "yes" : "no";
}

void print_list(FILE *out, enum listing listing, const struct kernel *kernel)
{
	const struct table *table = table_of(listing);

	fprintf(out, "%-6s %-22s %-9s %-5s %s\n", listing == LIST_FLAGS ? "MASK" : "NUMBER", "NAME",
		"SINCE", "HERE", "WHAT");
	for (size_t i = 0; i < table->n; i++) {
		const struct row *row = &table->rows[i];
		char number[16] = "-";

		if (!row->proposed)
			snprintf(number, sizeof(number), listing == LIST_FLAGS ? "0x%02x" : "%u",
				 row->number);
		fprintf(out, "%-6s %-22s %-9s %-5s %s\n", number, row->name,
			row->proposed ? "proposed" : row->since, presence(listing, row, kernel),
			row->help);
	}
}
