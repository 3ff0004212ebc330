// SPDX-License-Identifier: MIT
#include "cli/print.h"

#include <string.h>

#include "cli/files.h"
#include "cli/privileges.h"
#include "policy/write.h"

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

static void print_flags(FILE *out, unsigned mask)
{
	const char *between = "";

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

/* --- where the plan comes from */

void print_place(FILE *out, struct place_cursor *cursor, struct range where)
{
	const struct source *source = where.source;

	for (const char *c = source->name; *c; c++)
		putc((unsigned char)*c < ' ' ? '?' : *c, out);
	if (!source->one_line)
		fprintf(out, ":%zu", diag_position_after(cursor, source, where.start).line);
}

bool print_is_about(const struct statement *statement, unsigned op)
{
	uint8_t denied, required;

	return statement->subject == SUBJECT_OP &&
	       (statement->effect == EFFECT_ALLOW || statement->effect == EFFECT_DENY) &&
	       set_has(&statement->members, op) &&
	       !policy_is_flag_rule(statement, &denied, &required);
}

/* Whether a statement is of those that the entries for a subject are made from. */
static bool is_whole(const struct statement *s, enum subject subject)
{
	uint8_t denied, required;

	if (policy_is_flag_rule(s, &denied, &required))
		return subject == SUBJECT_SQE_FLAGS;
	return s->subject == subject && !s->cond;
}

/* More places than this are counted. */
#define PLACES 8

/* The places of what decides a subject whatever the request is. */
static void print_origin(FILE *out, const struct policy *policy, enum subject subject)
{
	struct place_cursor cursor = {0};
	size_t n = 0;

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (!is_whole(s, subject) || n++ >= PLACES)
			continue;
		fputs(n == 1 ? "      decided by " : ", ", out);
		print_place(out, &cursor, s->where);
	}
	if (n > PLACES)
		fprintf(out, " and %zu more", n - PLACES);
	fputs(n ? "\n" : "", out);
}

static void print_conditional(FILE *out, const struct plan *plan)
{
	struct wrap wrap = {.out = out, .first = true};

	if (plan->nr_filters == 0)
		return;
	fputs("   allowed here, and decided by a filter below:", out);
	for (size_t i = 0; i < plan->nr_filters; i++)
		wrap_op(&wrap, &op_table, plan->filters[i].op);
	putc('\n', out);
}

static void print_flag_entry(FILE *out, const char *what, unsigned mask)
{
	fprintf(out, "   SQE flags %s: ", what);
	print_flags(out, mask);
}

static void print_flag_entries(FILE *out, const struct plan *plan)
{
	for (unsigned i = 0; i < plan->restrictions.nr_res; i++) {
		const struct uring_restriction *entry = &plan->restrictions.entries[i];

		if (entry->opcode == URING_RESTRICTION_SQE_FLAGS_ALLOWED)
			print_flag_entry(out, "allowed", entry->value);
		if (entry->opcode == URING_RESTRICTION_SQE_FLAGS_REQUIRED)
			print_flag_entry(out, "required", entry->value);
	}
}

static void print_restrictions(FILE *out, const struct plan *plan, const struct kernel *kernel,
			       const struct policy *policy)
{
	unsigned nr_ops, nr_register_ops, nr_flags;
	struct set ops = entries(plan, URING_RESTRICTION_SQE_OP, &nr_ops);
	struct set register_ops = entries(plan, URING_RESTRICTION_REGISTER_OP, &nr_register_ops);

	entries(plan, URING_RESTRICTION_SQE_FLAGS_ALLOWED, &nr_flags);
	if (nr_flags > 0) {
		print_ops(out, &op_table, &ops, nr_ops, kernel->nr_ops);
		print_origin(out, policy, SUBJECT_OP);
		print_conditional(out, plan);
		print_flag_entries(out, plan);
		print_origin(out, policy, SUBJECT_SQE_FLAGS);
	} else {
		fprintf(out, "   operations: not restricted\n");
	}
	if (nr_register_ops > 0) {
		print_ops(out, &register_table, &register_ops, nr_register_ops,
			  kernel->nr_register_ops);
		print_origin(out, policy, SUBJECT_REGISTER);
	} else {
		fprintf(out, "   register operations: not restricted\n");
	}
}

static void print_statement(FILE *out, struct place_cursor *cursor, const struct statement *s,
			    enum arch arch)
{
	fputs("      ", out);
	print_place(out, cursor, s->where);
	fputs(s->effect == EFFECT_ALLOW ? ": allow" : ": deny", out);
	if (s->cond) {
		fputs(" if ", out);
		policy_write_cond(out, s->cond, arch);
	}
	putc('\n', out);
}

/* What filters enforce for every op, where they have to do without restrictions. */
static void print_flag_rules(FILE *out, const struct policy *policy)
{
	static const char *const effects[] = {
		[EFFECT_ALLOW] = "allow", [EFFECT_DENY] = "deny", [EFFECT_REQUIRE] = "require"};
	struct place_cursor cursor = {0};

	for (const struct statement *s = policy->first; s; s = s->next) {
		if (is_whole(s, SUBJECT_SQE_FLAGS) && s->subject == SUBJECT_OP) {
			print_statement(out, &cursor, s, policy->arch);
		} else if (s->subject == SUBJECT_SQE_FLAGS && effects[s->effect]) {
			fputs("      ", out);
			print_place(out, &cursor, s->where);
			fprintf(out, ": %s SQE flags ", effects[s->effect]);
			print_flags(out, s->sqe_flags);
		}
	}
}

/* The filters that deny an op as a whole, all in one step. */
static bool print_denials(FILE *out, int step, const struct plan *plan, const struct policy *policy)
{
	struct wrap wrap = {.out = out, .first = true};
	size_t n = 0;

	for (size_t i = 0; i < plan->nr_filters; i++)
		n += filter_denies_all(&plan->filters[i]);
	if (n == 0)
		return false;
	fprintf(out,
		"%d. io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for %zu operation%s, 1 "
		"instruction each\n"
		"   filters, since %s\n   operations denied:",
		step, n, n == 1 ? "" : "s", plan->why_filters);
	for (size_t i = 0; i < plan->nr_filters; i++)
		if (filter_denies_all(&plan->filters[i]))
			wrap_op(&wrap, &op_table, plan->filters[i].op);
	putc('\n', out);
	print_origin(out, policy, SUBJECT_OP);
	return true;
}

static void print_filter(FILE *out, const struct plan *plan, const struct filter *filter,
			 const struct policy *policy)
{
	const struct row *row = table_row(&op_table, filter->op);
	const struct bpf_program *program = &filter->program;
	struct place_cursor cursor = {0};

	fputs("io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for ", out);
	if (row)
		fputs(row->name, out);
	else
		fprintf(out, "%u", filter->op);
	fprintf(out, ": %zu instructions, at most %u of them run", program->len,
		bpf_worst_path(program->insns, program->len));
	if (filter->pdu_size)
		fprintf(out, "; payload %u bytes", filter->pdu_size);
	fputs("\n   a filter, since it depends on more than the operation:\n", out);
	for (const struct statement *s = policy->first; s; s = s->next)
		if (print_is_about(s, filter->op))
			print_statement(out, &cursor, s, policy->arch);
	if (plan->why_filters)
		print_flag_rules(out, policy);
	if (policy_zero_address_denied(policy, filter->op))
		fputs("      port 0 with address 0 is denied: some kernels show an address that is "
		      "too "
		      "short so\n",
		      out);
}

/* The register ops that the kernel has, or, where it does not say, those that are known. */
static unsigned register_op_count(const struct kernel *kernel)
{
	return kernel->nr_register_ops ? kernel->nr_register_ops : table_known(&register_table);
}

static void print_seccomp(FILE *out, const struct plan *plan, const struct kernel *kernel,
			  const struct policy *policy)
{
	unsigned count = register_op_count(kernel), allowed = 0;

	fprintf(out,
		"seccomp(SECCOMP_SET_MODE_FILTER): %zu instructions, at most %u of them run\n"
		"   since %s\n",
		plan->seccomp.len, bpf_worst_path(plan->seccomp.insns, plan->seccomp.len),
		plan->why_seccomp);
	if (plan->blocks) {
		fputs("   io_uring_setup(2), io_uring_enter(2), io_uring_register(2): ENOSYS\n",
		      out);
		return;
	}
	for (unsigned op = 0; op < count; op++)
		allowed += set_has(&plan->register_ops, op);
	print_ops(out, &register_table, &plan->register_ops, allowed, count);
	print_origin(out, policy, SUBJECT_REGISTER);
}

static void print_drop_caps(FILE *out, uint64_t caps)
{
	const char *comma = "";

	if (caps == UINT64_MAX)
		fputs("all capabilities", out);
	for (unsigned cap = 0; cap < PRIVILEGES_CAPS && caps != UINT64_MAX; cap++) {
		char name[PRIVILEGES_NAME_MAX];

		if (!(caps >> cap & 1))
			continue;
		privileges_name(cap, name);
		fprintf(out, "%s%s", comma, name);
		comma = ", ";
	}
}

static void print_drop_step(FILE *out, const struct process *process, int *step)
{
	if (!process->drop_caps)
		return;
	fprintf(out, "%d. drop ", (*step)++);
	print_drop_caps(out, process->drop_caps);
	fputs(", from every set\n", out);
}

void print_plan(FILE *out, const struct plan *plan, const struct kernel *kernel,
		const struct policy *policy, const struct process *process)
{
	int step = 1;

	fprintf(out, "Plan for Linux %s:\n", kernel->version);
	if (!process->allow_new_privs)
		fprintf(out, "%d. prctl(PR_SET_NO_NEW_PRIVS, 1)\n", step++);
	fprintf(out, "%d. %s inherited io_uring file descriptors\n", step++,
		process->keep_ring_fds ? "warn about" : "close");
	if (!process->allow_new_privs)
		print_drop_step(out, process, &step);
	if (plan_is_empty(plan))
		fprintf(out, "%d. nothing to restrict: the kernel needs no telling\n", step++);
	if (plan->restrictions.nr_res > 0) {
		fprintf(out,
			"%d. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), %u entries\n"
			"   checked before an operation's own code runs, whatever the request is\n",
			step++, plan->restrictions.nr_res);
		print_restrictions(out, plan, kernel, policy);
	}
	if (plan->why_filters && print_denials(out, step, plan, policy))
		step++;
	for (size_t i = 0; i < plan->nr_filters; i++) {
		if (filter_denies_all(&plan->filters[i]))
			continue;
		fprintf(out, "%d. ", step++);
		print_filter(out, plan, &plan->filters[i], policy);
	}
	if (plan->restrictions.nr_res > 0 || plan->nr_filters > 0)
		fprintf(out, "%d. make sure that the task is restricted now\n", step++);
	if (plan->seccomp.len > 0) {
		fprintf(out, "%d. ", step++);
		print_seccomp(out, plan, kernel, policy);
		fprintf(out, "%d. make sure that it denies\n", step++);
	}
	if (process->allow_new_privs)
		print_drop_step(out, process, &step);
	fprintf(out, "%d. execvp(COMMAND)\n", step);
}

void print_policy(FILE *out, const struct policy *policy)
{
	policy_write(out, policy);
}

/* --- lists */

const char *print_presence(enum listing listing, const struct row *row, const struct kernel *kernel)
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

static void print_rows(FILE *out, enum listing listing, const struct table *table,
		       const struct kernel *kernel)
{
	fprintf(out, "%-6s %-22s %-9s %-5s %s\n", listing == LIST_FLAGS ? "MASK" : "NUMBER", "NAME",
		"SINCE", "HERE", "WHAT");
	for (size_t i = 0; i < table->n; i++) {
		const struct row *row = &table->rows[i];
		char number[16] = "-";

		if (!row->proposed)
			snprintf(number, sizeof(number), listing == LIST_FLAGS ? "0x%02x" : "%u",
				 (unsigned)row->number);
		fprintf(out, "%-6s %-22s %-9s %-5s %s\n", number, row->name,
			row->proposed ? "proposed" : row->since,
			print_presence(listing, row, kernel), row->help);
	}
}

/* Groups are written with '-', as systemd does. */
static void put_group_name(FILE *out, const char *name)
{
	putc('@', out);
	for (; *name; name++)
		putc(*name == '_' ? '-' : *name, out);
}

static void print_members(FILE *out, const struct row *group, const struct table *table)
{
	struct wrap wrap = {.out = out, .first = true};

	put_group_name(out, group->name);
	fprintf(out, ": %s", group->help);
	for (size_t i = 0; i < table->n; i++)
		if (table->rows[i].groups & group->number)
			wrap_word(&wrap, table->rows[i].name);
	putc('\n', out);
}

static void print_groups(FILE *out)
{
	fputs("Groups of operations:\n\n"
	      "@all: all that the kernel has, also what is not listed here\n",
	      out);
	for (size_t i = 0; i < group_table.n; i++)
		print_members(out, &group_table.rows[i], &op_table);
	fputs("\nGroups of register operations:\n\n"
	      "@all: all that the kernel has, but for restrictions, query and bpf_filter\n",
	      out);
	for (size_t i = 0; i < register_group_table.n; i++)
		print_members(out, &register_group_table.rows[i], &register_table);
}

const char *print_field_type(const struct field *field)
{
	switch (field->kind) {
	case KIND_NUMBER:
	case KIND_PORT:
		return "number";
	case KIND_MODE:
		return "number, octal after 0";
	case KIND_ADDRESS:
		return "address or network";
	case KIND_SQE_FLAGS:
		return "IOSQE_ flags";
	case KIND_OPEN_FLAGS:
		return "O_ flags";
	case KIND_RESOLVE:
		return "RESOLVE_ flags";
	case KIND_ACCMODE:
		return "O_ access mode";
	case KIND_FAMILY:
		return "AF_ constant";
	case KIND_SOCK_TYPE:
		return "SOCK_ constant";
	case KIND_PROTOCOL:
		break;
	}
	return "IPPROTO_ constant";
}

static void print_field(FILE *out, const struct field *field, enum arch arch)
{
	const struct table *constants = field_constants(field, arch);
	struct wrap wrap = {.out = out, .first = true};

	fprintf(out, "%s: %s\n   %s; in ", field->name, field->help, print_field_type(field));
	if (field_in(field, PAYLOAD_NONE))
		fputs("every operation", out);
	for (size_t i = 0, n = 0; i < op_table.n && !field_in(field, PAYLOAD_NONE); i++)
		if (field_in(field, op_table.rows[i].payload))
			fprintf(out, "%s%s", n++ ? ", " : "", op_table.rows[i].name);
	for (size_t i = 0; constants && i < constants->n; i++) {
		const struct row *row = &constants->rows[i];
		char name[64];

		snprintf(name, sizeof(name), "%s%s", row->prefix, row->name);
		for (char *c = name; *c; c++)
			*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		wrap_word(&wrap, name);
	}
	putc('\n', out);
}

void print_list(FILE *out, enum listing listing, const struct kernel *kernel)
{
	switch (listing) {
	case LIST_OPS:
		print_rows(out, listing, &op_table, kernel);
		break;
	case LIST_REGISTERS:
		print_rows(out, listing, &register_table, kernel);
		break;
	case LIST_FLAGS:
		print_rows(out, listing, &sqe_flag_table, kernel);
		break;
	case LIST_GROUPS:
		print_groups(out);
		break;
	case LIST_FIELDS:
		for (size_t i = 0; i < FIELDS; i++)
			print_field(out, &fields[i], kernel->arch);
		break;
	case LIST_POLICIES:
		files_list(out);
		break;
	}
}
