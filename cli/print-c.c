// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "cli/report.h"
#include "policy/memstream.h"
#include "policy/write.h"

/* --- what stands in comments */

/* Text for a comment: plain ASCII, in which nothing ends a comment or seems to start one. */
static void put_comment_text(FILE *out, const char *text)
{
	for (; *text; text++)
		putc(*text == '*' || *text < ' ' || *text > '~' ? '_' : *text, out);
}

/* Whether a statement is the first of its source. */
static bool is_first_of_source(const struct policy *policy, const struct statement *statement)
{
	const struct statement *s = policy->first;

	while (s->where.source != statement->where.source)
		s = s->next;
	return s == statement;
}

static void put_sources(FILE *out, const struct policy *policy)
{
	const struct source *before = NULL;
	const char *between = "";

	fputs(" *\n * Made by uring-jail from", out);
	for (const struct statement *s = policy->first; s; s = s->next) {
		if (s->where.source == before)
			continue;
		before = s->where.source;
		if (!is_first_of_source(policy, s))
			continue;
		fprintf(out, "%s ", between);
		put_comment_text(out, before->name);
		between = ",";
	}
	fputs(":\n *\n", out);
}

/* The policy in its normal form, each line with a star in front. */
static void put_policy(FILE *out, const struct policy *policy)
{
	char *text = NULL, *rest, *line;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (memory)
		policy_write(memory, policy);
	if (!memstream_close(memory, &text)) {
		report_error("out of memory");
		exit(EXIT_FAILED);
	}
	rest = text;
	while ((line = strsep(&rest, "\n")) && rest) {
		fputs(line[0] == '\t' ? " *" : " *\t", out);
		fprintf(out, "%s\n", line);
	}
	free(text);
}

static void put_header(FILE *out, const struct kernel *kernel, const struct policy *policy)
{
	fputs("/*\n * int uring_jail_install(void): restricts what this task, and all that it "
	      "starts later, can do\n * through io_uring. Returns 0, or -errno: then the task may "
	      "be "
	      "restricted in part, and must not\n * go on.\n",
	      out);
	put_sources(out, policy);
	put_policy(out, policy);
	fprintf(out,
		" *\n"
		" * Compiled for Linux %s with %u operations, %u register operations and SQE flags "
		"0x%02x.\n"
		" * uring-jail tries the running kernel for holes that no version number tells, "
		"and "
		"refuses to run\n"
		" * where a policy would not hold; this file does not: run it on that kernel "
		"alone.\n"
		" *\n"
		" * Call it before the task has opened any ring and has started any thread, in a "
		"process that has\n"
		" * inherited no ring: none of these are restricted.\n"
		" */\n",
		kernel->version, kernel->nr_ops, kernel->nr_register_ops, kernel->sqe_flags);
}

/* --- what the file is made of */

/* Which architectures have the constants of each (policy/table.c). */
static const char *const architectures[ARCHS] = {
	[ARCH_GENERIC] = ("defined(__x86_64__) || defined(__i386__) || defined(__s390__) || "
			  "\\\n\tdefined(__riscv) || defined(__loongarch__)"),
	[ARCH_ARM] = "defined(__arm__) || defined(__aarch64__) || defined(__m68k__)",
	[ARCH_POWERPC] = "defined(__powerpc__)",
};

static void put_includes(FILE *out, bool empty)
{
	fputs("#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n\n#include <errno.h>\n", out);
	if (!empty)
		fputs("#include <stddef.h>\n#include <stdint.h>\n", out);
	fputs("#include <sys/prctl.h>\n", out);
	if (!empty)
		fputs("#include <sys/syscall.h>\n#include <unistd.h>\n", out);
	fputs("\nint uring_jail_install(void);\n\n", out);
}

static void put_target(FILE *out, const struct kernel *kernel)
{
	fprintf(out,
		"#if __BYTE_ORDER__ != __ORDER_%s_ENDIAN__\n"
		"#error \"compiled for the other byte order\"\n"
		"#endif\n"
		"#if !(%s)\n"
		"#error \"compiled for an architecture whose open flags are other numbers\"\n"
		"#endif\n\n",
		kernel->big_endian ? "BIG" : "LITTLE", architectures[kernel->arch]);
}

static const char call[] =
	"#ifdef __NR_io_uring_register\n"
	"#define NR_REGISTER __NR_io_uring_register\n"
	"#else\n"
	"#define NR_REGISTER 427\n"
	"#endif\n"
	"\n"
	"enum { REGISTER_RESTRICTIONS = 11, REGISTER_BPF_FILTER = 37 };\n"
	"\n"
	"/* io_uring_register(2) without a ring: for the task itself. 0, or -errno. */\n"
	"static int task_register(unsigned opcode, const void *argument)\n"
	"{\n"
	"\treturn syscall(NR_REGISTER, -1, opcode, argument, 1) < 0 ? -errno : 0;\n"
	"}\n"
	"\n";

static const char *const restriction_kinds[] = {
	[URING_RESTRICTION_REGISTER_OP] = "REGISTER_OP",
	[URING_RESTRICTION_SQE_OP] = "SQE_OP",
	[URING_RESTRICTION_SQE_FLAGS_ALLOWED] = "SQE_FLAGS_ALLOWED",
	[URING_RESTRICTION_SQE_FLAGS_REQUIRED] = "SQE_FLAGS_REQUIRED",
};

/* What an entry is about, for the comment beside it. */
static void put_entry_names(FILE *out, const struct uring_restriction *entry)
{
	const struct table *table =
		entry->opcode == URING_RESTRICTION_SQE_OP ? &op_table : &register_table;
	const struct row *row = table_row(table, entry->value);
	const char *between = "";

	if (entry->opcode <= URING_RESTRICTION_SQE_OP) {
		fputs(row ? row->name : "not known by name", out);
		return;
	}
	fputs(entry->value ? "" : "none", out);
	for (size_t i = 0; i < sqe_flag_table.n; i++) {
		if (!(sqe_flag_table.rows[i].number & entry->value))
			continue;
		fprintf(out, "%s%s", between, sqe_flag_table.rows[i].name);
		between = ", ";
	}
}

static void put_restrictions(FILE *out, const struct plan *plan)
{
	unsigned n = plan->restrictions.nr_res;

	fprintf(out,
		"/* struct io_uring_restriction */\n"
		"enum { REGISTER_OP, SQE_OP, SQE_FLAGS_ALLOWED, SQE_FLAGS_REQUIRED };\n"
		"\n"
		"struct restriction {\n"
		"\tuint16_t opcode;\n"
		"\tuint8_t value;\n"
		"\tuint8_t resv;\n"
		"\tuint32_t resv2[3];\n"
		"};\n"
		"\n"
		"/* struct io_uring_task_restriction: what is allowed */\n"
		"static const struct {\n"
		"\tuint16_t flags;\n"
		"\tuint16_t nr_res;\n"
		"\tuint32_t resv[3];\n"
		"\tstruct restriction restrictions[%u];\n"
		"} task_restrictions = {\n"
		"\t0, %u, {0, 0, 0}, {\n",
		n, n);
	for (unsigned i = 0; i < n; i++) {
		const struct uring_restriction *entry = &plan->restrictions.entries[i];

		fprintf(out,
			entry->opcode <= URING_RESTRICTION_SQE_OP ? "\t\t{%s, %u, 0, {0}}, /* "
								  : "\t\t{%s, 0x%02x, 0, {0}}, /* ",
			restriction_kinds[entry->opcode], entry->value);
		put_entry_names(out, entry);
		fputs(" */\n", out);
	}
	fputs("\t},\n};\n\n"
	      "_Static_assert(sizeof(struct restriction) == 16, \"struct io_uring_restriction\");\n"
	      "_Static_assert(sizeof(task_restrictions) == 16 + "
	      "sizeof(task_restrictions.restrictions),\n"
	      "\t       \"struct io_uring_task_restriction\");\n\n",
	      out);
}

static void put_insn(FILE *out, const struct bpf_insn *insn, const char *text)
{
	fprintf(out, "\t{0x%02x, %u, %u, 0x%08x}, /* %s */\n", insn->code, insn->jt, insn->jf,
		insn->k, text);
}

static void put_program(FILE *out, const struct filter *filter, const struct kernel *kernel)
{
	const struct row *row = table_row(&op_table, filter->op);
	const struct bpf_program *program = &filter->program;
	char text[DISASSEMBLY_TEXT_MAX];
	struct disassembly disassembly;

	print_disassemble(&disassembly, filter, kernel);
	fprintf(out, "/* %s: at most %u of the instructions run */\n",
		row ? row->name : "operation", bpf_worst_path(program->insns, program->len));
	fprintf(out, "static const struct instruction program_%u[] = {\n", filter->op);
	for (size_t pc = 0; pc < program->len; pc++) {
		print_disassembly(&disassembly, pc, text);
		put_insn(out, &program->insns[pc], text);
	}
	fputs("};\n\n", out);
}

static void put_seccomp(FILE *out, const struct plan *plan)
{
	const struct bpf_program *program = &plan->seccomp;
	char text[DISASSEMBLY_TEXT_MAX];

	fprintf(out,
		"/* for seccomp(2), since %s:\n * at most %u of the instructions run */\n"
		"static const struct instruction seccomp_program[] = {\n",
		plan->why_seccomp, bpf_worst_path(program->insns, program->len));
	for (size_t pc = 0; pc < program->len; pc++) {
		print_seccomp_insn(program, pc, text);
		put_insn(out, &program->insns[pc], text);
	}
	fputs("};\n\n", out);
}

static const char filter_types[] =
	"/* struct io_uring_bpf with struct io_uring_bpf_filter in it */\n"
	"struct filter {\n"
	"\tuint16_t cmd_type, cmd_flags;\n"
	"\tuint32_t resv;\n"
	"\tuint32_t opcode, flags, filter_len;\n"
	"\tuint8_t pdu_size, filter_resv[3];\n"
	"\tuint64_t filter_ptr;\n"
	"\tuint64_t filter_resv2[5];\n"
	"};\n"
	"\n"
	"_Static_assert(sizeof(struct filter) == 72 && offsetof(struct filter, filter_ptr) == 24,\n"
	"\t       \"struct io_uring_bpf\");\n"
	"\n";

static const char add_filter[] =
	"/*\n"
	" * A seccomp filter can answer \"success\" for a call that it keeps from the kernel. It "
	"sees "
	"no\n"
	" * more of this one than the address of its argument, so it cannot tell it from the next, "
	"which\n"
	" * the kernel refuses: no op has so large a payload (IO_URING_BPF_FILTER_SZ_STRICT).\n"
	" */\n"
	"static int add_filter(uint32_t op, uint8_t pdu_size, const struct instruction *program,\n"
	"\t\t      size_t size)\n"
	"{\n"
	"\tstruct filter filter = {\n"
	"\t\t.cmd_type = 1, /* IO_URING_BPF_CMD_FILTER */\n"
	"\t\t.opcode = op,\n"
	"\t\t.filter_len = (uint32_t)(size / sizeof(*program)),\n"
	"\t\t.pdu_size = pdu_size,\n"
	"\t\t.filter_ptr = (uint64_t)(uintptr_t)program,\n"
	"\t};\n"
	"\n"
	"\tint error = task_register(REGISTER_BPF_FILTER, &filter);\n"
	"\n"
	"\tif (error)\n"
	"\t\treturn error;\n"
	"\tfilter.flags = 2;\n"
	"\tfilter.pdu_size = UINT8_MAX;\n"
	"\treturn task_register(REGISTER_BPF_FILTER, &filter) == -EMSGSIZE ? 0 : -EOPNOTSUPP;\n"
	"}\n"
	"\n";

static const char instruction_type[] = "/* struct sock_filter */\n"
				       "struct instruction {\n"
				       "\tuint16_t code;\n"
				       "\tuint8_t jt, jf;\n"
				       "\tuint32_t k;\n"
				       "};\n"
				       "\n"
				       "_Static_assert(sizeof(struct instruction) == 8, "
				       "\"struct sock_filter\");\n"
				       "\n";

static const char add_seccomp[] =
	"/* struct sock_fprog */\n"
	"struct program {\n"
	"\tunsigned short size;\n"
	"\tconst struct instruction *instructions;\n"
	"};\n"
	"\n"
	"/* A seccomp filter around this one can answer \"success\", too: so a call is made that\n"
	" * must be denied. */\n"
	"static int add_seccomp(unsigned opcode, int answer)\n"
	"{\n"
	"\tstruct program program = {sizeof(seccomp_program) / sizeof(*seccomp_program),\n"
	"\t\t\t\t  seccomp_program};\n"
	"\n"
	"\tif (prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &program) != 0)\n"
	"\t\treturn -errno;\n"
	"\treturn task_register(opcode, NULL) == -answer ? 0 : -EOPNOTSUPP;\n"
	"}\n"
	"\n";

/* Some register op that is denied; where all calls are, any is. */
static unsigned denied_register_op(const struct plan *plan)
{
	unsigned op = 0;

	while (!plan->blocks && set_has(&plan->register_ops, op))
		op++;
	return op;
}

static void put_seccomp_call(FILE *out, const struct plan *plan)
{
	fprintf(out,
		"\tif (!error)\n"
		"\t\terror = add_seccomp(%u, %s);\n",
		denied_register_op(plan), plan->blocks ? "ENOSYS" : "EACCES");
}

static void put_install(FILE *out, const struct plan *plan)
{
	bool empty = plan_is_empty(plan);

	fprintf(out,
		"int uring_jail_install(void)\n"
		"{\n"
		"%s"
		"\tif (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)\n"
		"\t\treturn -errno;\n",
		empty ? "" : "\tint error = 0;\n\n");
	if (empty) {
		fputs("\t/* The policy allows all that the kernel has. */\n\treturn 0;\n}\n", out);
		return;
	}
	if (plan->restrictions.nr_res)
		fputs("\terror = task_register(REGISTER_RESTRICTIONS, &task_restrictions);\n", out);
	for (size_t i = 0; i < plan->nr_filters; i++)
		fprintf(out,
			"\tif (!error)\n"
			"\t\terror = add_filter(%u, %u, program_%u, sizeof(program_%u));\n",
			plan->filters[i].op, plan->filters[i].pdu_size, plan->filters[i].op,
			plan->filters[i].op);
	if (plan->restrictions.nr_res > 0)
		fputs("\t/* Likewise: but a task that is restricted cannot be restricted again. "
		      "*/\n"
		      "\tif (!error) {\n"
		      "\t\terror = task_register(REGISTER_RESTRICTIONS, NULL);\n"
		      "\t\terror = error == -EPERM || error == -EACCES ? 0 : -EOPNOTSUPP;\n"
		      "\t}\n",
		      out);
	if (plan->seccomp.len > 0)
		put_seccomp_call(out, plan);
	fputs("\treturn error;\n}\n", out);
}

void print_c(FILE *out, const struct plan *plan, const struct kernel *kernel,
	     const struct policy *policy)
{
	bool empty = plan_is_empty(plan);

	put_header(out, kernel, policy);
	put_includes(out, empty);
	if (plan->nr_filters > 0 || plan->seccomp.len > 0)
		put_target(out, kernel);
	if (!empty)
		fputs(call, out);
	if (plan->restrictions.nr_res > 0)
		put_restrictions(out, plan);
	if (plan->nr_filters > 0 || plan->seccomp.len > 0)
		fputs(instruction_type, out);
	if (plan->nr_filters > 0)
		fputs(filter_types, out);
	for (size_t i = 0; i < plan->nr_filters; i++)
		put_program(out, &plan->filters[i], kernel);
	if (plan->nr_filters > 0)
		fputs(add_filter, out);
	if (plan->seccomp.len > 0) {
		put_seccomp(out, plan);
		fputs(add_seccomp, out);
	}
	put_install(out, plan);
}
