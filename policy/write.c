// SPDX-License-Identifier: MIT
#include "policy/write.h"

#include <string.h>

#include "policy/network.h"
#include "policy/parse.h"
#include "policy/uring-abi.h"

#define WIDTH 100
#define TAB   8

/* --- words and lines */

/*
 * What is being written. Text collects in `chunk` up to the next place where the line may be
 * broken, so that whether it still fits is known before it is written.
 */
struct writer {
	FILE *out; /* NULL: only the column is counted */
	enum arch arch;
	bool wrap;     /* lines are broken; else there is one */
	unsigned open; /* brackets: in them a line may be broken after `and` and `or` */
	size_t column;
	bool gap;      /* a space, or a new line, comes before the chunk */
	bool new_line; /* and it is that, though the chunk by itself fits */
	size_t size;
	char chunk[2048];
};

static void flush(struct writer *w)
{
	bool breaks = w->gap && w->wrap && (w->new_line || w->column + 1 + w->size > WIDTH);

	if (w->gap && w->out)
		fputs(breaks ? "\n\t" : " ", w->out);
	if (w->gap)
		w->column = breaks ? TAB : w->column + 1;
	if (w->out)
		fwrite(w->chunk, 1, w->size, w->out);
	w->column += w->size;
	w->size = 0;
	w->gap = w->new_line = false;
}

static void put(struct writer *w, const char *text)
{
	size_t size = strlen(text);

	if (w->size + size > sizeof(w->chunk))
		flush(w);
	memcpy(w->chunk + w->size, text, size);
	w->size += size;
}

/* A space at which the line may be broken. */
static void gap(struct writer *w)
{
	flush(w);
	w->gap = true;
}

static void put_open(struct writer *w, const char *bracket)
{
	put(w, bracket);
	w->open++;
}

static void put_close(struct writer *w, const char *bracket)
{
	put(w, bracket);
	w->open--;
}

/* What goes between two elements of a list. */
static void put_comma(struct writer *w, bool *first)
{
	if (!*first) {
		put(w, ",");
		gap(w);
	}
	*first = false;
}

static void put_number(struct writer *w, const char *format, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), format, (unsigned long long)value);
	put(w, text);
}

/* --- numbers and constants */

static bool is_flags(const struct field *field)
{
	return field->kind == KIND_SQE_FLAGS || field->kind == KIND_OPEN_FLAGS ||
	       field->kind == KIND_RESOLVE;
}

/* As C has it: O_CREAT. */
static void put_constant(struct writer *w, const struct row *row)
{
	char name[64];
	size_t size = 0;

	for (const char *c = row->name; *c && size + 1 < sizeof(name); c++)
		name[size++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	name[size] = '\0';
	put(w, row->prefix);
	put(w, name);
}

static bool several_bits(uint64_t value)
{
	return (value & (value - 1)) != 0;
}

/* Takes the rows out of `left` whose bits are all in it; `taken` has one bit for each row. */
static void take_rows(const struct table *table, bool several, uint64_t *left, uint64_t *taken)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): fields of flags have a table */
	for (size_t i = 0; i < table->n; i++) {
		uint64_t bits = table->rows[i].number;

		if (several_bits(bits) != several || !bits || (*left & bits) != bits)
			continue;
		*taken |= UINT64_C(1) << i;
		*left &= ~bits;
	}
}

/*
 * Writes flags by name, in parentheses if they are several, and bits without a name as a number.
 * With `single` no name of several bits is used.
 */
static void put_flags(struct writer *w, const struct table *table, uint64_t value, bool single)
{
	uint64_t left = value, taken = 0;
	bool several, first = true;

	if (!single)
		take_rows(table, true, &left, &taken);
	take_rows(table, false, &left, &taken);
	several = several_bits(taken) || (taken && left);
	if (several)
		put_open(w, "(");
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): fields of flags have a table */
	for (size_t i = 0; i < table->n; i++) {
		if (!(taken >> i & 1))
			continue;
		if (!first) {
			put(w, " |");
			gap(w);
		}
		put_constant(w, &table->rows[i]);
		first = false;
	}
	if (left && taken) {
		put(w, " |");
		gap(w);
	}
	if (left || !taken)
		put_number(w, left ? "0x%llx" : "%llu", left);
	if (several)
		put_close(w, ")");
}

static void put_plain_number(struct writer *w, const struct field *field, uint64_t value)
{
	if (field->kind == KIND_MODE)
		put_number(w, value ? "0%llo" : "%llu", value);
	else
		put_number(w, value > UINT32_MAX ? "0x%llx" : "%llu", value);
}

static void put_value(struct writer *w, const struct field *field, uint64_t value)
{
	const struct table *constants = field_constants(field, w->arch);
	const struct row *row = constants ? table_row(constants, value) : NULL;

	if (is_flags(field))
		put_flags(w, constants, value, false);
	else if (row)
		put_constant(w, row);
	else
		put_plain_number(w, field, value);
}

/* Bits of a mask: flags by name; elsewhere constants are no masks. */
static void put_bits(struct writer *w, const struct field *field, uint64_t bits, bool single)
{
	if (is_flags(field))
		put_flags(w, field_constants(field, w->arch), bits, single);
	else if (field->kind == KIND_MODE)
		put_plain_number(w, field, bits);
	else
		put_number(w, bits > 9 ? "0x%llx" : "%llu", bits);
}

/* Whether "all but these" says it better than a number of many digits does. */
static bool is_inverse(const struct writer *w, const struct field *field, uint64_t mask)
{
	const struct table *constants = field_constants(field, w->arch);
	uint64_t others = field_mask(field, w->arch) & ~mask;
	uint64_t left = mask, taken = 0;

	if (is_flags(field))
		take_rows(constants, false, &left, &taken);
	else if (mask <= UINT16_MAX)
		left = 0;
	return left && __builtin_popcountll(others) < __builtin_popcountll(mask);
}

/* `any`: no value follows; a name of several bits would be taken for a mistake there. */
static void put_mask(struct writer *w, const struct field *field, uint64_t mask, bool any)
{
	if (is_inverse(w, field, mask)) {
		put(w, "~");
		put_bits(w, field, field_mask(field, w->arch) & ~mask, false);
	} else {
		put_bits(w, field, mask, any);
	}
}

/* --- conditions */

static bool is_single(const struct field *field, const struct element *element)
{
	if (field->kind == KIND_ADDRESS)
		return element->network.prefix == (element->network.v6 ? 128 : 32);
	return element->lo == element->hi;
}

static void put_element(struct writer *w, const struct field *field, const struct element *element)
{
	char text[NETWORK_TEXT_MAX];

	if (field->kind == KIND_ADDRESS) {
		network_format(&element->network, text);
		put(w, text);
	} else if (element->lo == element->hi) {
		put_value(w, field, element->lo);
	} else {
		put_plain_number(w, field, element->lo);
		put(w, "-");
		put_plain_number(w, field, element->hi);
	}
}

static void put_set(struct writer *w, const struct field *field, const struct test *test)
{
	bool first = true, in = test->relation == RELATION_IN;

	if (test->nr_elements == 1 && is_single(field, test->elements))
		put(w, in ? " == " : " != ");
	else
		put(w, in ? " in " : " not in ");
	if (test->nr_elements == 1) {
		put_element(w, field, test->elements);
		return;
	}
	put_open(w, "{");
	for (size_t i = 0; i < test->nr_elements; i++) {
		put_comma(w, &first);
		put_element(w, field, &test->elements[i]);
	}
	put_close(w, "}");
}

static void put_comparison(struct writer *w, const struct test *test)
{
	static const char *const operators[] = {
		[RELATION_EQ] = " == ", [RELATION_NE] = " != ",	     [RELATION_LT] = " < ",
		[RELATION_LE] = " <= ", [RELATION_GT] = " > ",	     [RELATION_GE] = " >= ",
		[RELATION_ANY] = " & ", [RELATION_MASK_EQ] = " == ", [RELATION_MASK_NE] = " != ",
	};
	const struct field *field = &fields[test->field];
	bool any = test->relation == RELATION_ANY;

	put(w, field->name);
	if (test->relation == RELATION_IN || test->relation == RELATION_NOT_IN) {
		put_set(w, field, test);
		return;
	}
	if (any || test->relation == RELATION_MASK_EQ || test->relation == RELATION_MASK_NE) {
		put(w, " & ");
		put_mask(w, field, test->mask, any);
	}
	if (!any) {
		put(w, operators[test->relation]);
		put_value(w, field, test->value);
	}
}

/* A test that fits into a line of its own is not broken. */
static void put_test(struct writer *w, const struct test *test)
{
	struct writer measure = {.arch = w->arch};
	size_t size;

	if (w->wrap && w->gap) {
		put_comparison(&measure, test);
		flush(&measure);
		size = w->size + measure.column + strlen(" and");
		w->new_line = w->column + 1 + size > WIDTH && TAB + size <= WIDTH;
	}
	put_comparison(w, test);
}

/* How tightly a condition binds; what binds less than its place allows needs parentheses. */
enum binding { BINDS_OR, BINDS_AND, BINDS_NOT, BINDS_TEST };

static enum binding binding_of(const struct cond *cond)
{
	switch (cond->kind) {
	case COND_OR:
		return BINDS_OR;
	case COND_AND:
		return BINDS_AND;
	case COND_NOT:
		return BINDS_NOT;
	case COND_TEST:
		break;
	}
	return BINDS_TEST;
}

/* How tightly the parts of a condition have to bind. `not` takes a test or parentheses. */
static enum binding inner_binding(const struct cond *cond)
{
	return cond->kind == COND_NOT ? BINDS_TEST : binding_of(cond);
}

/* How many parentheses are in each other. */
static unsigned nested(const struct cond *cond, enum binding least)
{
	unsigned own = binding_of(cond) < least;
	unsigned left, right;

	if (cond->kind == COND_TEST)
		return 0;
	left = nested(cond->left, inner_binding(cond));
	right = cond->kind == COND_NOT ? 0 : nested(cond->right, inner_binding(cond));
	return own + (left > right ? left : right);
}

static void put_cond(struct writer *w, const struct cond *cond, enum binding least)
{
	bool brackets = binding_of(cond) < least;

	if (cond->kind == COND_TEST) {
		put_test(w, &cond->test);
		return;
	}
	if (brackets)
		put_open(w, "(");
	if (cond->kind == COND_NOT)
		put(w, "not ");
	put_cond(w, cond->left, inner_binding(cond));
	if (cond->kind != COND_NOT) {
		put(w, cond->kind == COND_AND ? " and" : " or");
		if (w->open > 0)
			gap(w);
		else
			put(w, " ");
		put_cond(w, cond->right, inner_binding(cond));
	}
	if (brackets)
		put_close(w, ")");
}

/* --- statements */

/* What is written as one statement: one of the policy, or what is merged of several. */
struct rule {
	enum subject subject;
	enum effect effect;
	struct set members;
	struct set proposals; /* the places of their rows in register_table */
	uint8_t sqe_flags;
	const struct cond *cond;
	bool any; /* there is something in it */
};

static void merge(struct rule *rule, const struct statement *s)
{
	rule->any = true;
	rule->sqe_flags |= s->sqe_flags;
	set_unite(&rule->members, &s->members);
	for (const struct proposal *p = s->proposals; p; p = p->next)
		set_add(&rule->proposals, (unsigned)(p->row - register_table.rows));
}

/* What @all stands for: of register ops all but the three that only their names stand for. */
static struct set all_of(enum subject subject)
{
	struct set all;

	set_fill(&all);
	if (subject == SUBJECT_REGISTER) {
		set_remove(&all, URING_REGISTER_RESTRICTIONS);
		set_remove(&all, URING_REGISTER_BPF_FILTER);
		set_remove(&all, URING_REGISTER_QUERY);
	}
	return all;
}

/* A group of register ops that only their names stand for, so that it has nobody in it. */
static const char *empty_group(void)
{
	struct set all = all_of(SUBJECT_REGISTER);

	for (size_t i = 0; i < register_group_table.n; i++) {
		bool empty = true;

		for (size_t j = 0; j < register_table.n; j++)
			if ((register_table.rows[j].groups & register_group_table.rows[i].number) &&
			    set_has(&all, (unsigned)register_table.rows[j].number))
				empty = false;
		if (empty)
			return register_group_table.rows[i].name;
	}
	return "all";
}

static void put_ops(struct writer *w, const struct rule *rule)
{
	const struct table *table = rule->subject == SUBJECT_OP ? &op_table : &register_table;
	struct set members = rule->members, all = all_of(rule->subject), missing = all;
	bool first = true;

	set_subtract(&missing, &members);
	if (set_equal(&missing, &(struct set){0})) {
		put_comma(w, &first);
		put(w, "@all");
		set_subtract(&members, &all);
	}
	for (unsigned op = set_next(&members, 0); op < 256; op = set_next(&members, op + 1)) {
		const struct row *row = table_row(table, op);

		put_comma(w, &first);
		if (row)
			put(w, row->name);
		else
			put_number(w, "%llu", op);
	}
	for (unsigned i = set_next(&rule->proposals, 0); i < register_table.n;
	     i = set_next(&rule->proposals, i + 1)) {
		put_comma(w, &first);
		put(w, register_table.rows[i].name);
	}
	if (first) {
		put(w, "@");
		put(w, empty_group());
	}
}

static void put_sqe_flags(struct writer *w, uint8_t flags)
{
	bool first = true;

	if (flags == UINT8_MAX) {
		put(w, "@all");
		return;
	}
	for (unsigned bit = 1; bit <= UINT8_MAX; bit <<= 1) {
		const struct row *row = table_row(&sqe_flag_table, bit);

		if (!(flags & bit))
			continue;
		put_comma(w, &first);
		if (row)
			put(w, row->name);
		else
			put_number(w, "0x%llx", bit);
	}
}

static const char *const subjects[] = {
	[SUBJECT_OP] = "", [SUBJECT_REGISTER] = " register", [SUBJECT_SQE_FLAGS] = " sqe-flags"};

static const char *const effects[] = {
	[EFFECT_DEFAULT_ALLOW] = "allow", [EFFECT_DEFAULT_DENY] = "deny", [EFFECT_ALLOW] = "allow",
	[EFFECT_DENY] = "deny",		  [EFFECT_REQUIRE] = "require",
};

static bool is_default(enum effect effect)
{
	return effect == EFFECT_DEFAULT_ALLOW || effect == EFFECT_DEFAULT_DENY;
}

static void put_rule(struct writer *w, const struct rule *rule)
{
	bool brackets = w->wrap && rule->cond && nested(rule->cond, BINDS_OR) < PARSE_NESTED_MAX;

	put(w, is_default(rule->effect) ? "default" : effects[rule->effect]);
	put(w, subjects[rule->subject]);
	put(w, " ");
	if (is_default(rule->effect))
		put(w, effects[rule->effect]);
	else if (rule->subject == SUBJECT_SQE_FLAGS)
		put_sqe_flags(w, rule->sqe_flags);
	else
		put_ops(w, rule);
	if (rule->cond) {
		put(w, " if ");
		if (brackets)
			put_open(w, "(");
		put_cond(w, rule->cond, BINDS_OR);
		if (brackets)
			put_close(w, ")");
	}
	flush(w);
}

static void write_rule(FILE *out, const struct rule *rule, enum arch arch)
{
	struct writer measure = {.arch = arch}, w = {.out = out, .arch = arch};

	put_rule(&measure, rule);
	w.wrap = measure.column > WIDTH;
	put_rule(&w, rule);
	putc('\n', out);
}

static struct rule rule_of(const struct statement *s)
{
	struct rule rule = {.subject = s->subject, .effect = s->effect, .cond = s->cond};

	merge(&rule, s);
	return rule;
}

void policy_write_statement(FILE *out, const struct statement *statement, enum arch arch)
{
	struct writer w = {.out = out, .arch = arch};
	struct rule rule = rule_of(statement);

	put_rule(&w, &rule);
}

void policy_write_cond(FILE *out, const struct cond *cond, enum arch arch)
{
	struct writer w = {.out = out, .arch = arch};

	put_cond(&w, cond, BINDS_OR);
	flush(&w);
}

/* --- the policy */

static void write_default(FILE *out, const struct policy *policy, enum subject subject)
{
	struct rule rule = {.subject = subject};

	for (const struct statement *s = policy->first; s; s = s->next)
		rule.any = rule.any || (s->subject == subject && is_default(s->effect));
	rule.effect =
		policy_default_allows(policy, subject) ? EFFECT_DEFAULT_ALLOW : EFFECT_DEFAULT_DENY;
	if (rule.any)
		write_rule(out, &rule, policy->arch);
}

static bool is_conditional(const struct statement *s, enum effect effect)
{
	return s->subject == SUBJECT_OP && s->effect == effect && s->cond &&
	       !set_is_empty(&s->members);
}

/* In the order of the lowest of their ops; of those with the same one in the order they have. */
static void write_conditional(FILE *out, const struct policy *policy, enum effect effect)
{
	struct set lowest = {0};

	for (const struct statement *s = policy->first; s; s = s->next)
		if (is_conditional(s, effect))
			set_add(&lowest, set_next(&s->members, 0));
	for (unsigned op = set_next(&lowest, 0); op < 256; op = set_next(&lowest, op + 1)) {
		for (const struct statement *s = policy->first; s; s = s->next) {
			struct rule rule;

			if (!is_conditional(s, effect) || set_next(&s->members, 0) != op)
				continue;
			rule = rule_of(s);
			write_rule(out, &rule, policy->arch);
		}
	}
}

static void write_effect(FILE *out, const struct policy *policy, enum subject subject,
			 enum effect effect)
{
	struct rule rule = {.subject = subject, .effect = effect};

	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->subject == subject && s->effect == effect && !s->cond)
			merge(&rule, s);
	if (rule.any)
		write_rule(out, &rule, policy->arch);
	if (subject == SUBJECT_OP)
		write_conditional(out, policy, effect);
}

void policy_write(FILE *out, const struct policy *policy)
{
	for (enum subject subject = 0; subject < SUBJECTS; subject++)
		write_default(out, policy, subject);
	for (enum subject subject = 0; subject < SUBJECTS; subject++) {
		write_effect(out, policy, subject, EFFECT_ALLOW);
		write_effect(out, policy, subject, EFFECT_DENY);
		write_effect(out, policy, subject, EFFECT_REQUIRE);
	}
}
