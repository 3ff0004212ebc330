// SPDX-License-Identifier: MIT
#include "cli/print-json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/print.h"
#include "cli/privileges.h"
#include "cli/report.h"
#include "policy/memstream.h"
#include "policy/write.h"

/* What uring-jail-json(5) describes; greater where something is renamed or removed. */
#define SCHEMA 1

static void fail(void)
{
	report_error("out of memory");
	exit(EXIT_FAILED);
}

/* Every value goes through this, so that none is left out for want of memory. */
static json_t *need(json_t *value)
{
	if (!value)
		fail();
	return value;
}

/* Takes over `value`. */
static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, need(value)) != 0)
		fail();
}

/* Likewise. */
static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, need(value)) != 0)
		fail();
}

static json_t *object(void)
{
	return need(json_object());
}

static json_t *array(void)
{
	return need(json_array());
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* The bytes of one character at `text` if they are UTF-8 (RFC 3629, 4), else 0. */
static size_t character_size(const char *text, size_t size)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

	if (n > size || (c[0] >= 0x80 && c[0] < 0xc2) || c[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] >= 0xa0) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] >= 0x90))
		return 0;
	return n;
}

/* How many bytes from the beginning are UTF-8. */
static size_t good_size(const char *text, size_t size)
{
	size_t at = 0, n;

	while (at < size && (n = character_size(text + at, size - at)) > 0)
		at += n;
	return at;
}

/* Bytes that are no UTF-8 become U+FFFD. */
static json_t *string_of(const char *text, size_t size)
{
	static const char replacement[] = "\xef\xbf\xbd";
	json_t *value;
	char *good, *end;

	if (good_size(text, size) == size)
		return json_stringn(text, size);
	good = end = malloc(size * strlen(replacement) + 1);
	if (!good)
		fail();
	for (size_t at = 0, n; at < size; at += n ? n : 1) {
		n = character_size(text + at, size - at);
		end = mempcpy(end, n ? text + at : replacement, n ? n : strlen(replacement));
	}
	value = json_stringn(good, (size_t)(end - good));
	free(good);
	return value;
}

static json_t *string(const char *text)
{
	return string_of(text, strlen(text));
}

static json_t *document(const char *kind)
{
	json_t *root = object();

	set(root, "kind", string(kind));
	set(root, "schema", number(SCHEMA));
	return root;
}

/*
 * Writes a document and frees it. Failures to write are found when the stream is closed. The text
 * is measured first: where jansson (2.14) has to make room while it writes, and cannot, it leaves
 * out the name of a member.
 */
static void finish(FILE *out, json_t *root)
{
	size_t size = json_dumpb(root, NULL, 0, JSON_COMPACT);
	char *text = size ? malloc(size) : NULL;

	if (!text || json_dumpb(root, text, size, JSON_COMPACT) != size)
		fail();
	fwrite(text, 1, size, out);
	putc('\n', out);
	free(text);
	json_decref(root);
}

/* --- text that others write to a stream */

struct memory {
	FILE *stream;
	char *text;
	size_t size;
};

static void open_memory(struct memory *memory)
{
	memory->stream = open_memstream(&memory->text, &memory->size);
	if (!memory->stream)
		fail();
}

/* Closes the stream, so that the text is there, to be freed by the caller. */
static void close_memory(struct memory *memory)
{
	if (!memstream_close(memory->stream, &memory->text))
		fail();
}

static json_t *memory_string(struct memory *memory)
{
	json_t *value;

	close_memory(memory);
	value = string_of(memory->text, memory->size);
	free(memory->text);
	return value;
}

static json_t *policy_string(const struct policy *policy)
{
	struct memory memory = {0};

	open_memory(&memory);
	policy_write(memory.stream, policy);
	return memory_string(&memory);
}

/* --- what documents have in common */

static void set_place(json_t *to, struct place_cursor *cursor, const struct range *where)
{
	const struct source *source = where->source;
	struct position start, end;
	json_t *after;

	if (!source)
		return;
	start = diag_position_after(cursor, source, where->start);
	end = diag_position_after(cursor, source, where->end);
	set(to, "source", string(source->name));
	set(to, "line", number(start.line));
	set(to, "column", number(start.column));
	after = object();
	set(after, "line", number(end.line));
	set(after, "column", number(end.column));
	set(to, "end", after);
}

/* A number and, where a table has it, its name. */
static void set_named(json_t *to, const struct table *table, uint64_t value)
{
	const struct row *row = table_row(table, value);

	set(to, "number", number(value));
	set(to, "name", row ? string(row->name) : json_null());
}

static json_t *flag_names(unsigned mask)
{
	json_t *names = array();

	for (size_t i = 0; i < sqe_flag_table.n; i++)
		if (sqe_flag_table.rows[i].number & mask)
			append(names, string(sqe_flag_table.rows[i].name));
	return names;
}

/* The text of a statement as it stands in its source, in one line, without comments. */
static json_t *statement_text(const struct statement *statement)
{
	const struct range *where = &statement->where;
	struct memory memory = {0};
	bool space = false, comment = false;

	open_memory(&memory);
	for (size_t i = where->start; i < where->end; i++) {
		char c = where->source->text[i];

		comment = c == '#' || (comment && c != '\n');
		if (comment || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			space = true;
			continue;
		}
		if (space)
			putc(' ', memory.stream);
		putc(c, memory.stream);
		space = false;
	}
	return memory_string(&memory);
}

static json_t *statement_json(struct place_cursor *cursor, const struct statement *statement)
{
	json_t *value;

	if (!statement || !statement->where.source)
		return json_null();
	value = object();
	set(value, "text", statement_text(statement));
	set_place(value, cursor, &statement->where);
	return value;
}

static json_t *kernel_json(const struct kernel *kernel)
{
	static const char *const architectures[ARCHS] = {
		[ARCH_GENERIC] = "generic", [ARCH_ARM] = "arm", [ARCH_POWERPC] = "powerpc"};
	json_t *value = object();

	set(value, "version", string(kernel->version));
	set(value, "operations", number(kernel->nr_ops));
	set(value, "register_operations", number(kernel->nr_register_ops));
	set(value, "sqe_flags", number(kernel->sqe_flags));
	set(value, "byte_order", string(kernel->big_endian ? "big" : "little"));
	set(value, "constants", string(architectures[kernel->arch]));
	return value;
}

/* --- plans */

static json_t *call_json(const char *name)
{
	json_t *value = object();

	set(value, "call", string(name));
	return value;
}

static json_t *register_call(const char *name, unsigned opcode)
{
	json_t *value = call_json("io_uring_register");

	set(value, "fd", json_integer(-1));
	set(value, "opcode", number(opcode));
	set(value, "name", string(name));
	return value;
}

static json_t *entry_json(const struct uring_restriction *entry)
{
	json_t *value = object();

	switch (entry->opcode) {
	case URING_RESTRICTION_SQE_OP:
		set(value, "type", string("sqe_op"));
		set_named(value, &op_table, entry->value);
		break;
	case URING_RESTRICTION_REGISTER_OP:
		set(value, "type", string("register_op"));
		set_named(value, &register_table, entry->value);
		break;
	default:
		set(value, "type",
		    string(entry->opcode == URING_RESTRICTION_SQE_FLAGS_ALLOWED
				   ? "sqe_flags_allowed"
				   : "sqe_flags_required"));
		set(value, "mask", number(entry->value));
		set(value, "names", flag_names(entry->value));
	}
	return value;
}

static json_t *restrictions_json(const struct plan *plan)
{
	json_t *value = register_call("IORING_REGISTER_RESTRICTIONS", URING_REGISTER_RESTRICTIONS);
	json_t *entries = array();

	for (unsigned i = 0; i < plan->restrictions.nr_res; i++)
		append(entries, entry_json(&plan->restrictions.entries[i]));
	set(value, "entries", entries);
	return value;
}

static json_t *insn_json(const struct bpf_insn *insn)
{
	json_t *numbers = array();

	append(numbers, number(insn->code));
	append(numbers, number(insn->jt));
	append(numbers, number(insn->jf));
	append(numbers, number(insn->k));
	return numbers;
}

static void append_line(json_t *lines, const char *text)
{
	append(lines, string(text + strspn(text, " ")));
}

/* Takes over `lines`. */
static void set_program(json_t *to, const struct bpf_program *program, json_t *lines)
{
	json_t *insns = array();

	for (size_t pc = 0; pc < program->len; pc++)
		append(insns, insn_json(&program->insns[pc]));
	set(to, "worst_path", number(bpf_worst_path(program->insns, program->len)));
	set(to, "program", insns);
	set(to, "disassembly", lines);
}

static json_t *filter_lines(const struct filter *filter, const struct kernel *kernel)
{
	struct disassembly disassembly;
	char text[DISASSEMBLY_TEXT_MAX];
	json_t *lines = array();

	print_disassemble(&disassembly, filter, kernel);
	for (size_t pc = 0; pc < filter->program.len; pc++) {
		print_disassembly(&disassembly, pc, text);
		append_line(lines, text);
	}
	return lines;
}

static json_t *filter_json(const struct filter *filter, const struct kernel *kernel,
			   const struct policy *policy)
{
	json_t *value = register_call("IORING_REGISTER_BPF_FILTER", URING_REGISTER_BPF_FILTER);
	json_t *op = object(), *statements = array();
	struct place_cursor cursor = {0};

	set_named(op, &op_table, filter->op);
	set(value, "operation", op);
	set(value, "pdu_size", number(filter->pdu_size));
	for (const struct statement *s = policy->first; s; s = s->next)
		if (print_is_about(s, filter->op))
			append(statements, statement_json(&cursor, s));
	set(value, "statements", statements);
	set_program(value, &filter->program, filter_lines(filter, kernel));
	return value;
}

static json_t *seccomp_json(const struct plan *plan)
{
	json_t *value = call_json("seccomp"), *lines = array();
	char text[DISASSEMBLY_TEXT_MAX];

	for (size_t pc = 0; pc < plan->seccomp.len; pc++) {
		print_seccomp_insn(&plan->seccomp, pc, text);
		append_line(lines, text);
	}
	set(value, "name", string("SECCOMP_SET_MODE_FILTER"));
	set(value, "since", string(plan->why_seccomp));
	set(value, "blocks_io_uring", json_boolean(plan->blocks));
	set_program(value, &plan->seccomp, lines);
	return value;
}

static json_t *no_new_privs_json(void)
{
	json_t *value = call_json("prctl");

	set(value, "name", string("PR_SET_NO_NEW_PRIVS"));
	return value;
}

static json_t *drop_caps_json(uint64_t caps)
{
	json_t *value = call_json("drop_caps"), *names = array();
	bool all = caps == UINT64_MAX;

	for (unsigned cap = 0; cap < PRIVILEGES_CAPS && !all; cap++) {
		char name[PRIVILEGES_NAME_MAX];

		privileges_name(cap, name);
		if (caps >> cap & 1)
			append(names, string(name));
	}
	set(value, "all", json_boolean(all));
	set(value, "names", names);
	return value;
}

static json_t *calls_json(const struct plan *plan, const struct kernel *kernel,
			  const struct policy *policy, const struct process *process)
{
	json_t *calls = array();
	bool drop_last = process->allow_new_privs;

	if (!process->allow_new_privs)
		append(calls, no_new_privs_json());
	append(calls, call_json(process->keep_ring_fds ? "keep_rings" : "close_rings"));
	if (process->drop_caps && !drop_last)
		append(calls, drop_caps_json(process->drop_caps));
	if (plan->restrictions.nr_res > 0)
		append(calls, restrictions_json(plan));
	for (size_t i = 0; i < plan->nr_filters; i++)
		append(calls, filter_json(&plan->filters[i], kernel, policy));
	if (plan->restrictions.nr_res > 0 || plan->nr_filters > 0)
		append(calls, call_json("confirm"));
	if (plan->seccomp.len > 0)
		append(calls, seccomp_json(plan));
	if (process->drop_caps && drop_last)
		append(calls, drop_caps_json(process->drop_caps));
	append(calls, call_json("execvp"));
	return calls;
}

void print_plan_json(FILE *out, const struct plan *plan, const struct kernel *kernel,
		     const struct policy *policy, const struct process *process)
{
	json_t *root = document("plan");

	set(root, "kernel", kernel_json(kernel));
	set(root, "policy", policy_string(policy));
	set(root, "calls", calls_json(plan, kernel, policy, process));
	finish(out, root);
}

/* --- messages */

static json_t *included_json(const struct source *source)
{
	json_t *stack = array();
	struct place_cursor cursor = {0};

	for (; source && source->included; source = source->included->source) {
		json_t *place = object();

		set_place(place, &cursor, source->included);
		append(stack, place);
	}
	return stack;
}

static json_t *diag_json(struct place_cursor *cursor, const struct diag *diag)
{
	static const char *const severities[] = {[SEVERITY_ERROR] = "error",
						 [SEVERITY_WARNING] = "warning",
						 [SEVERITY_NOTE] = "note"};
	json_t *value = object();

	set(value, "severity", string(severities[diag->severity]));
	set_place(value, cursor, &diag->where);
	set(value, "message", string(diag->message));
	if (diag->where.source && diag->where.source->included)
		set(value, "included_from", included_json(diag->where.source));
	return value;
}

static void set_diags(json_t *root, const struct diags *diags)
{
	json_t *list = array(), *notes = NULL;
	struct place_cursor cursor = {0};
	size_t warnings = 0;

	for (const struct diag *diag = diags->first; diag; diag = diag->next) {
		json_t *value = diag_json(&cursor, diag);

		if (diag->severity == SEVERITY_NOTE && notes) {
			append(notes, value);
			continue;
		}
		warnings += diag->severity == SEVERITY_WARNING;
		notes = array();
		set(value, "notes", notes);
		append(list, value);
	}
	set(root, "errors", number(diags->errors));
	set(root, "warnings", number(warnings));
	set(root, "out_of_memory", json_boolean(diags->out_of_memory));
	set(root, "diagnostics", list);
}

void print_diags_json(FILE *out, const struct diags *diags)
{
	json_t *root = document("diagnostics");

	set_diags(root, diags);
	finish(out, root);
}

/* --- the kernel */

static json_t *finding_json(enum finding finding)
{
	return finding == FINDING_UNKNOWN ? json_null() : json_boolean(finding == FINDING_YES);
}

static json_t *attempt_json(const struct attempt *attempt)
{
	json_t *value = object();

	set(value, "works", finding_json(attempt->finding));
	set(value, "error", attempt->error ? string(attempt->error) : json_null());
	return value;
}

static json_t *prognosis_json(const struct prognosis *prognosis)
{
	json_t *value = object(), *by = array();

	if (prognosis->restrictions)
		append(by, string("restrictions"));
	if (prognosis->filters)
		append(by, string("filters"));
	if (prognosis->seccomp)
		append(by, string("seccomp"));
	set(value, "rules", string(prognosis->name));
	set(value, "enforced", json_boolean(prognosis->enforced));
	set(value, "by", by);
	set(value, "why", *prognosis->why ? string(prognosis->why) : json_null());
	return value;
}

static json_t *findings_json(const struct diagnosis *diagnosis)
{
	const struct kernel *kernel = &diagnosis->kernel;
	json_t *value = object();

	set(value, "rings", attempt_json(&diagnosis->rings));
	set(value, "restrictions", attempt_json(&diagnosis->restrictions));
	set(value, "filters", attempt_json(&diagnosis->filters));
	set(value, "seccomp", attempt_json(&diagnosis->seccomp));
	set(value, "survive_exec", finding_json(diagnosis->survives_exec));
	set(value, "disabled_rings_obey", finding_json(kernel->disabled_rings_obey));
	set(value, "ringless_calls_obey", finding_json(kernel->ringless_obey));
	return value;
}

static json_t *payloads_json(const struct kernel *kernel)
{
	json_t *value = object();

	set(value, "open", number(kernel->open_size));
	set(value, "socket", number(kernel->socket_size));
	set(value, "connect", number(kernel->connect_size));
	return value;
}

static json_t *examined_json(const struct loaded *loaded, const struct kernel *kernel, bool good)
{
	json_t *value = object();

	set(value, "enforced", json_boolean(good));
	set_diags(value, &loaded->diags);
	set(value, "calls",
	    good ? calls_json(&loaded->plan, kernel, &loaded->policy, &loaded->process) : array());
	return value;
}

void print_diagnosis_json(FILE *out, const struct diagnosis *diagnosis, const struct loaded *loaded,
			  bool good)
{
	static const char *const tasks[] = {
		[TASK_UNSUPPORTED] = "unsupported", [TASK_STRANGE] = "strange",
		[TASK_BLOCKED] = "blocked",	    [TASK_FRESH] = "fresh",
		[TASK_NESTED] = "nested",	    [TASK_NESTED_SEALED] = "sealed"};
	const struct kernel *kernel = &diagnosis->kernel;
	json_t *root = document("doctor"), *rules = array();

	for (size_t i = 0; i < PROGNOSES; i++)
		append(rules, prognosis_json(&diagnosis->prognoses[i]));
	set(root, "kernel", kernel_json(kernel));
	set(root, "task", string(tasks[kernel->task]));
	set(root, "io_uring_disabled",
	    diagnosis->io_uring_disabled < 0 ? json_null()
					     : json_integer(diagnosis->io_uring_disabled));
	set(root, "findings", findings_json(diagnosis));
	set(root, "payload_bytes", payloads_json(kernel));
	set(root, "rules", rules);
	set(root, "policy", loaded ? examined_json(loaded, kernel, good) : json_null());
	finish(out, root);
}

/* --- lists */

static json_t *c_name(const struct row *row)
{
	struct memory memory = {0};

	open_memory(&memory);
	fputs(row->prefix, memory.stream);
	for (const char *c = row->name; *c; c++)
		putc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, memory.stream);
	return memory_string(&memory);
}

static json_t *groups_of(const struct row *row, const struct table *groups)
{
	json_t *names = array();

	for (size_t i = 0; i < groups->n; i++)
		if (row->groups & groups->rows[i].number)
			append(names, string(groups->rows[i].name));
	return names;
}

static json_t *row_json(const struct row *row, enum listing listing, const struct kernel *kernel)
{
	const char *here = print_presence(listing, row, kernel);
	json_t *value = object();

	set(value, "number", row->proposed ? json_null() : number(row->number));
	set(value, "name", string(row->name));
	set(value, "c_name", c_name(row));
	set(value, "since", row->proposed ? json_null() : string(row->since));
	set(value, "here", *here == '?' ? json_null() : json_boolean(*here == 'y'));
	set(value, "help", string(row->help));
	if (listing == LIST_OPS)
		set(value, "groups", groups_of(row, &group_table));
	if (listing == LIST_REGISTERS)
		set(value, "groups", groups_of(row, &register_group_table));
	return value;
}

static void append_rows(json_t *items, enum listing listing, const struct table *table,
			const struct kernel *kernel)
{
	for (size_t i = 0; i < table->n; i++)
		append(items, row_json(&table->rows[i], listing, kernel));
}

static void append_groups(json_t *items, const char *of, const struct table *groups,
			  const struct table *table)
{
	for (size_t i = 0; i < groups->n; i++) {
		json_t *value = object(), *members = array();

		for (size_t j = 0; j < table->n; j++)
			if (table->rows[j].groups & groups->rows[i].number)
				append(members, string(table->rows[j].name));
		set(value, "of", string(of));
		set(value, "name", string(groups->rows[i].name));
		set(value, "help", string(groups->rows[i].help));
		set(value, "members", members);
		append(items, value);
	}
}

static json_t *constants_json(const struct field *field, enum arch arch)
{
	const struct table *table = field_constants(field, arch);
	json_t *constants = array();

	for (size_t i = 0; table && i < table->n; i++) {
		json_t *value = object();

		set(value, "number", number(table->rows[i].number));
		set(value, "c_name", c_name(&table->rows[i]));
		append(constants, value);
	}
	return constants;
}

/* JSON's numbers do not hold 64 bits in every reader, so how many there are has to do. */
static json_t *field_json(const struct field *field, enum arch arch)
{
	json_t *value = object(), *ops = array();

	for (size_t i = 0; i < op_table.n; i++)
		if (field_in(field, op_table.rows[i].payload))
			append(ops, string(op_table.rows[i].name));
	set(value, "name", string(field->name));
	set(value, "type", string(print_field_type(field)));
	set(value, "bits",
	    field->mask ? number((unsigned)__builtin_popcountll(field->mask)) : json_null());
	set(value, "help", string(field->help));
	set(value, "operations", ops);
	set(value, "constants", constants_json(field, arch));
	return value;
}

/* A line of files_list(): a name, the path, which starts with a slash, and "(hidden)" or not. */
static json_t *policy_file_json(char *line)
{
	static const char mark[] = " (hidden)", suffix[] = ".policy";
	char *path = strchr(line, '/');
	char *end = line + strlen(line);
	json_t *value = object();
	bool hidden = end - path > (ptrdiff_t)strlen(mark) && strcmp(end - strlen(mark), mark) == 0;
	char *name;

	if (hidden)
		*(end -= strlen(mark)) = '\0';
	name = strrchr(path, '/') + 1;
	set(value, "name", string_of(name, (size_t)(end - name) - strlen(suffix)));
	set(value, "path", string(path));
	set(value, "hidden", json_boolean(hidden));
	return value;
}

static void append_policies(json_t *items)
{
	struct memory memory = {0};
	char *rest, *line;

	open_memory(&memory);
	files_list(memory.stream);
	close_memory(&memory);
	rest = memory.text;
	while ((line = strsep(&rest, "\n")))
		if (strchr(line, '/'))
			append(items, policy_file_json(line));
	free(memory.text);
}

void print_list_json(FILE *out, enum listing listing, const struct kernel *kernel)
{
	static const char *const names[] = {
		[LIST_OPS] = "ops",	[LIST_GROUPS] = "groups", [LIST_REGISTERS] = "registers",
		[LIST_FLAGS] = "flags", [LIST_FIELDS] = "fields", [LIST_POLICIES] = "policies"};
	json_t *root = document("list"), *items = array();

	switch (listing) {
	case LIST_OPS:
		append_rows(items, listing, &op_table, kernel);
		break;
	case LIST_REGISTERS:
		append_rows(items, listing, &register_table, kernel);
		break;
	case LIST_FLAGS:
		append_rows(items, listing, &sqe_flag_table, kernel);
		break;
	case LIST_GROUPS:
		append_groups(items, "operation", &group_table, &op_table);
		append_groups(items, "register operation", &register_group_table, &register_table);
		break;
	case LIST_FIELDS:
		for (size_t i = 0; i < FIELDS; i++)
			append(items, field_json(&fields[i], kernel->arch));
		break;
	case LIST_POLICIES:
		append_policies(items);
		break;
	}
	set(root, "list", string(names[listing]));
	set(root, "kernel", kernel_json(kernel));
	set(root, "items", items);
	finish(out, root);
}

/* --- decisions */

static json_t *explanation(const struct policy *policy, const struct request *request)
{
	enum subject subject = request->is_register ? SUBJECT_REGISTER : SUBJECT_OP;
	struct place_cursor cursor = {0};
	json_t *list = array();

	for (const struct statement *s = policy->first; s; s = s->next) {
		bool rule = s->effect == EFFECT_ALLOW || s->effect == EFFECT_DENY;
		json_t *value;

		if (s->subject != subject || !rule || !set_has(&s->members, request->op))
			continue;
		value = statement_json(&cursor, s);
		set(value, "effect", string(s->effect == EFFECT_ALLOW ? "allow" : "deny"));
		set(value, "matches",
		    json_boolean(!s->cond || cond_holds(s->cond, request, policy->arch)));
		append(list, value);
	}
	return list;
}

static const char *const reasons[] = {
	[REASON_DENY] = "deny",
	[REASON_ALLOW] = "allow",
	[REASON_NO_ADDRESS] = "no_address",
	[REASON_ALLOW_UNMET] = "allow_unmet",
	[REASON_DEFAULT] = "default",
	[REASON_DEFAULT_INFERRED] = "default_inferred",
	[REASON_HARMLESS] = "harmless",
	[REASON_TWIN] = "twin",
	[REASON_FLAG_DENIED] = "flag_denied",
	[REASON_FLAG_REQUIRED] = "flag_required",
};

static json_t *operation_json(bool is_register, unsigned op)
{
	json_t *value = object();

	set_named(value, is_register ? &register_table : &op_table, op);
	set(value, "register", json_boolean(is_register));
	return value;
}

void print_decision_json(FILE *out, const struct source *text, const struct request *request,
			 const struct decision *decision, const struct policy *explain)
{
	json_t *root = document("decision");

	set(root, "request", string_of(text->text, text->size));
	set(root, "operation", operation_json(request->is_register, request->op));
	set(root, "verdict", string(decision->allowed ? "allow" : "deny"));
	set(root, "reason", string(reasons[decision->reason]));
	set(root, "statement", statement_json(&(struct place_cursor){0}, decision->statement));
	if (explain)
		set(root, "statements", explanation(explain, request));
	finish(out, root);
}

/* --- denied requests */

/* Numbers of 64 bits, which JSON's readers do not all hold. */
static json_t *hexadecimal(uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	return string(text);
}

static json_t *sqe_json(const struct trace_event *event)
{
	const struct trace_sqe *sqe = &event->sqe;
	json_t *value = object();

	set(value, "opcode", number(event->op));
	set(value, "flags", number(event->flags));
	set(value, "ioprio", number(sqe->ioprio));
	set(value, "off", hexadecimal(sqe->off));
	set(value, "addr", hexadecimal(sqe->addr));
	set(value, "len", number(sqe->len));
	set(value, "op_flags", number(sqe->op_flags));
	set(value, "user_data", hexadecimal(sqe->user_data));
	set(value, "buf_index", number(sqe->buf_index));
	set(value, "personality", number(sqe->personality));
	set(value, "file_index", number(sqe->file_index));
	set(value, "addr3", hexadecimal(sqe->addr3));
	return value;
}

static json_t *request_string(const struct denied *denied, enum arch arch)
{
	struct memory memory = {0};

	open_memory(&memory);
	request_write(memory.stream, &denied->request, denied->known, arch);
	return memory_string(&memory);
}

static json_t *unknown_json(const struct denied *denied)
{
	const struct row *row = table_row(&op_table, denied->request.op);
	json_t *names = array();

	for (size_t i = 0; i < FIELDS && !denied->request.is_register; i++)
		if (field_in(&fields[i], row ? row->payload : PAYLOAD_NONE) &&
		    !(denied->known >> i & 1))
			append(names, string(fields[i].name));
	return names;
}

static json_t *possible_json(const struct denials *denials)
{
	struct place_cursor cursor = {0};
	json_t *list = array();

	for (size_t i = 0; i < denials->n && i < DENIALS_KEPT; i++) {
		json_t *value = object();

		set(value, "reason", string(reasons[denials->possible[i].reason]));
		set(value, "statement", statement_json(&cursor, denials->possible[i].statement));
		append(list, value);
	}
	return list;
}

static void set_request(json_t *root, const struct trace_event *event, const struct denied *denied,
			const struct policy *policy)
{
	set(root, "request", request_string(denied, policy->arch));
	set(root, "operation", operation_json(denied->request.is_register, denied->request.op));
	set(root, "unknown", unknown_json(denied));
	set(root, "sqe", denied->request.is_register ? json_null() : sqe_json(event));
	set(root, "certain", json_boolean(denied->denials.n == 1 && denied->denials.certain));
	set(root, "denied_by", possible_json(&denied->denials));
}

void print_denied_json(FILE *out, const struct trace_event *event, const struct denied *denied,
		       const char *time, const struct policy *policy)
{
	json_t *root = document("denied");

	set(root, "time", string(time));
	set(root, "pid", number((uint64_t)event->pid));
	set(root, "tid", number((uint64_t)event->tid));
	set(root, "program", *event->program ? string(event->program) : json_null());
	set(root, "errno", number((uint64_t)-event->result));
	if (denied->is_setup)
		set(root, "request", json_null());
	else
		set_request(root, event, denied, policy);
	finish(out, root);
}

static void append_counts(json_t *list, bool is_register, const uint64_t counts[256])
{
	for (unsigned op = 0; op < 256; op++) {
		json_t *value;

		if (counts[op] == 0)
			continue;
		value = operation_json(is_register, op);
		set(value, "count", number(counts[op]));
		append(list, value);
	}
}

void print_denied_counts_json(FILE *out, const struct denied_counts *counts)
{
	json_t *root = document("denied_counts"), *list = array();

	append_counts(list, false, counts->requests);
	append_counts(list, true, counts->registers);
	set(root, "operations", list);
	set(root, "other_register_operations", number(counts->others));
	set(root, "setups", number(counts->setups));
	set(root, "lost_events", number(counts->lost));
	set(root, "complete", json_boolean(counts->lost == 0 && !counts->blind));
	finish(out, root);
}
