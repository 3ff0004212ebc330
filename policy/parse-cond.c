// SPDX-License-Identifier: MIT
#include "policy/parser.h"

#include "policy/network.h"
#include "policy/uring-abi.h"

/*
 * Conditions: cond = and { or and }; and = not { and not }; not = [ not ] ( "(" cond ")" | test ).
 *
 * Functions that return a pointer return NULL after a syntax error, which ends the statement; what
 * is only wrong in its meaning is reported and read on.
 */

/* More tests than this cannot be compiled (BPF_MAXINSNS), and would nest trees too deeply. */
#define TESTS_MAX 4096

static void error(struct parser *parser, struct range where, const char *message)
{
	diag_add(parser->diags, SEVERITY_ERROR, where, "%s", message);
}

static struct range since(const struct parser *parser, size_t start)
{
	return (struct range){parser->lexer.source, start, parser->last_end};
}

static bool accept_if(struct parser *parser, bool there)
{
	if (there)
		parser_advance(parser);
	return there;
}

static bool accept(struct parser *parser, enum token_kind kind)
{
	return accept_if(parser, parser->token.kind == kind);
}

/* Goes on if the token is this word, a string literal. */
#define ACCEPT(parser, word) accept_if(parser, PARSER_AT(parser, word))

/* A bracket that is never closed is reported where it was opened. */
static bool close_bracket(struct parser *parser, struct range opened, enum token_kind kind,
			  const char *wanted)
{
	if (accept(parser, kind))
		return true;
	if (parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_NEWLINE)
		error(parser, opened, "this bracket is not closed");
	else
		parser_expected(parser, wanted);
	return false;
}

static struct cond *new_cond(struct parser *parser, enum cond_kind kind, struct cond *left,
			     struct cond *right)
{
	struct cond *cond = arena_alloc(&parser->policy->arena, sizeof(*cond));

	if (!cond) {
		diag_no_memory(parser->diags);
		return NULL;
	}
	cond->kind = kind;
	cond->left = left;
	cond->right = right;
	return cond;
}

/* --- values */

/* What is being read: the values of one test. */
struct value_context {
	const struct field *field;
	uint64_t mask;	      /* the bits that a value can have */
	struct range several; /* a constant of several bits that was read; or none */
};

static const char *kind_takes(enum field_kind kind)
{
	switch (kind) {
	case KIND_NUMBER:
	case KIND_MODE:
	case KIND_PORT:
		return "numbers";
	case KIND_ADDRESS:
		return "addresses and networks";
	case KIND_SQE_FLAGS:
		return "IOSQE_ flags";
	case KIND_OPEN_FLAGS:
		return "O_ flags";
	case KIND_ACCMODE:
		return "O_RDONLY, O_WRONLY and O_RDWR";
	case KIND_RESOLVE:
		return "RESOLVE_ flags";
	case KIND_FAMILY:
		return "AF_ constants";
	case KIND_SOCK_TYPE:
		return "SOCK_ constants";
	case KIND_PROTOCOL:
		break;
	}
	return "IPPROTO_ constants";
}

/* The noun of another kind of constant that the word is, or NULL. */
static const char *other_kind(const struct parser *parser)
{
	const char *text = token_text(&parser->token);
	size_t size = (size_t)parser_length(parser);

	for (size_t i = 0; i < FIELDS; i++) {
		const struct table *table = field_constants(&fields[i], parser->policy->arch);

		if (table && table_find(table, text, size))
			return table->noun;
	}
	return NULL;
}

static void unknown_constant(struct parser *parser, const struct field *field)
{
	const struct token *token = &parser->token;
	const struct table *constants = field_constants(field, parser->policy->arch);
	const char *text = token_text(token);
	size_t size = (size_t)parser_length(parser);
	const char *other = other_kind(parser);
	bool open_flags = field->kind == KIND_OPEN_FLAGS;

	if (open_flags && (table_same_name(text, size, "O_LARGEFILE") ||
			   table_same_name(text, size, "largefile")))
		error(parser, token->where,
		      "the kernel adds O_LARGEFILE by itself, so comparisons of flags ignore it");
	else if (open_flags && table_find(&accmode_table, text, size))
		error(parser, token->where,
		      "the access mode is no flag; compare the field accmode with it");
	else if (other)
		diag_add(parser->diags, SEVERITY_ERROR, token->where,
			 "'%.*s' is of another kind (%s); %s takes %s", (int)size, text, other,
			 field->name, kind_takes(field->kind));
	else if (constants)
		parser_unknown(parser, constants);
	else
		diag_add(parser->diags, SEVERITY_ERROR, token->where,
			 "unknown value '%.*s'; %s takes %s", (int)size, text, field->name,
			 kind_takes(field->kind));
}

static bool in_field(struct parser *parser, const struct value_context *context, uint64_t value,
		     struct range where)
{
	if ((value & ~context->mask) == 0)
		return true;
	if (context->mask & (context->mask + 1))
		diag_add(parser->diags, SEVERITY_ERROR, where,
			 "0x%llx has bits outside of 0x%llx, which is all that can be there",
			 (unsigned long long)value, (unsigned long long)context->mask);
	else
		diag_add(parser->diags, SEVERITY_ERROR, where, "%.*s is more than %llu",
			 (int)(where.end - where.start), where.source->text + where.start,
			 (unsigned long long)context->mask);
	return false;
}

/* Reads a number or a constant. False if there is none; a wrong one is reported and is 0. */
static bool read_scalar(struct parser *parser, struct value_context *context, uint64_t *value)
{
	const struct token *token = &parser->token;
	const struct table *constants = field_constants(context->field, parser->policy->arch);
	const struct row *row;
	enum number_status status;

	*value = 0;
	if (token->kind == TOKEN_WORD) {
		row = constants ? parser_find(parser, constants) : NULL;
		if (!row)
			unknown_constant(parser, context->field);
		else
			*value = row->number;
		if (row && (row->number & (row->number - 1)))
			context->several = token->where;
	} else if (token->kind == TOKEN_NUMBER) {
		status = lex_number(token_text(token), token_size(token),
				    context->field->kind == KIND_MODE, value);
		if (status != NUMBER_OK)
			parser_bad_number(parser, token->where, status, UINT64_MAX);
	} else {
		return false;
	}
	if (!in_field(parser, context, *value, token->where))
		*value = 0;
	parser_advance(parser);
	return true;
}

/* Reads a scalar, or several with | between in parentheses. */
static bool read_bits(struct parser *parser, struct value_context *context, uint64_t *value)
{
	struct range opened = parser->token.where;
	uint64_t one;

	if (!accept(parser, TOKEN_PAREN_OPEN)) {
		if (read_scalar(parser, context, value))
			return true;
		parser_expected(parser, "a number or a constant");
		return false;
	}
	*value = 0;
	do {
		if (!read_scalar(parser, context, &one)) {
			parser_expected(parser, "a number or a constant");
			return false;
		}
		*value |= one;
	} while (accept(parser, TOKEN_BAR));
	return close_bracket(parser, opened, TOKEN_PAREN_CLOSE, "| or )");
}

/* Reads a mask: bits, or with ~ all the other bits of the field. */
static bool read_mask(struct parser *parser, struct value_context *context, uint64_t *mask)
{
	size_t start = parser->token.where.start;
	bool others = accept(parser, TOKEN_TILDE);
	size_t errors = parser->diags->errors;

	if (!read_bits(parser, context, mask))
		return false;
	if (others) {
		*mask = context->mask & ~*mask;
		context->several.source = NULL;
	}
	if (*mask == 0 && parser->diags->errors == errors)
		error(parser, since(parser, start),
		      "a mask without any bit: no request has one of none");
	return true;
}

/* --- elements of sets */

static void read_network(struct parser *parser, struct network *network)
{
	const char *problem =
		network_parse(token_text(&parser->token), (size_t)parser_length(parser), network);

	if (problem)
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where, "'%.*s': %s",
			 parser_length(parser), token_text(&parser->token), problem);
	parser_advance(parser);
}

/* Splits LOW-HIGH, which is one token, and reads both. */
static void read_number_range(struct parser *parser, const struct value_context *context,
			      struct element *element)
{
	struct range low = parser->token.where, high = low;
	const char *text = low.source->text;
	bool octal = context->field->kind == KIND_MODE;
	enum number_status status;

	while (text[low.end - 1] != '-')
		low.end--;
	high.start = low.end--;
	status = lex_number(text + low.start, low.end - low.start, octal, &element->lo);
	if (status != NUMBER_OK)
		parser_bad_number(parser, low, status, UINT64_MAX);
	else
		in_field(parser, context, element->lo, low);
	status = lex_number(text + high.start, high.end - high.start, octal, &element->hi);
	if (status != NUMBER_OK)
		parser_bad_number(parser, high, status, UINT64_MAX);
	else if (in_field(parser, context, element->hi, high) && element->lo > element->hi)
		error(parser, parser->token.where, "the range ends before it starts");
	parser_advance(parser);
}

static bool read_element(struct parser *parser, struct value_context *context,
			 struct element *element)
{
	bool address = context->field->kind == KIND_ADDRESS;

	element->where = parser->token.where;
	if (address && parser->token.kind == TOKEN_ADDRESS) {
		read_network(parser, &element->network);
		return true;
	}
	if (address) {
		parser_expected(parser, "an address or a network");
		return false;
	}
	if (parser->token.kind == TOKEN_RANGE) {
		read_number_range(parser, context, element);
		return true;
	}
	if (!read_bits(parser, context, &element->lo))
		return false;
	element->where.end = parser->last_end;
	element->hi = element->lo;
	return true;
}

/* Reads an element to the end of a set that has room for so many. */
static bool add_element(struct parser *parser, struct value_context *context, struct test *test,
			size_t *room)
{
	size_t bigger = *room ? 2 * *room : 1;
	struct element *grown;

	if (test->nr_elements == *room) {
		grown = arena_alloc(&parser->policy->arena, bigger * sizeof(*grown));
		if (!grown) {
			diag_no_memory(parser->diags);
			return false;
		}
		for (size_t i = 0; i < test->nr_elements; i++)
			grown[i] = test->elements[i];
		test->elements = grown;
		*room = bigger;
	}
	return read_element(parser, context, &test->elements[test->nr_elements++]);
}

static bool read_set(struct parser *parser, struct value_context *context, struct test *test)
{
	struct range opened = parser->token.where;
	size_t room = 0;

	if (!accept(parser, TOKEN_BRACE_OPEN))
		return add_element(parser, context, test, &room);
	if (parser->token.kind == TOKEN_BRACE_CLOSE)
		error(parser, (struct range){opened.source, opened.start, parser->token.where.end},
		      "an empty set: nothing is in it");
	while (parser->token.kind != TOKEN_BRACE_CLOSE || test->nr_elements > 0) {
		if (parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_NEWLINE)
			break;
		if (!add_element(parser, context, test, &room))
			return false;
		if (!accept(parser, TOKEN_COMMA))
			break;
	}
	return close_bracket(parser, opened, TOKEN_BRACE_CLOSE, "a comma or }");
}

/* --- tests */

_Static_assert((int)TOKEN_GE - (int)TOKEN_EQ == (int)RELATION_GE - (int)RELATION_EQ &&
		       (int)TOKEN_LT - (int)TOKEN_EQ == (int)RELATION_LT - (int)RELATION_EQ,
	       "comparisons are in one order");

static bool read_relation(struct parser *parser, enum relation *relation)
{
	enum token_kind kind = parser->token.kind;

	if (kind < TOKEN_EQ || kind > TOKEN_GE)
		return false;
	*relation = RELATION_EQ + (kind - TOKEN_EQ);
	parser_advance(parser);
	return true;
}

static void warn_several_bits(struct parser *parser, struct range where)
{
	int size = (int)(where.end - where.start);
	const char *name = where.source->text + where.start;

	diag_add(parser->diags, SEVERITY_WARNING, where,
		 "%.*s has several bits, and & asks for any of them; for all of them write "
		 "& %.*s == %.*s",
		 size, name, size, name, size, name);
}

/* field & mask [ == value | != value ] */
static bool read_masked(struct parser *parser, struct value_context *context, struct test *test)
{
	enum relation relation;

	test->relation = RELATION_ANY;
	if (!read_mask(parser, context, &test->mask))
		return false;
	if (parser->token.kind != TOKEN_EQ && parser->token.kind != TOKEN_NE) {
		if (context->several.source)
			warn_several_bits(parser, context->several);
		return true;
	}
	read_relation(parser, &relation);
	test->relation = relation == RELATION_EQ ? RELATION_MASK_EQ : RELATION_MASK_NE;
	context->mask = test->mask;
	return read_bits(parser, context, &test->value);
}

static bool read_address_comparison(struct parser *parser, struct value_context *context,
				    struct test *test, struct range where)
{
	size_t room = 0;

	if (test->relation != RELATION_EQ && test->relation != RELATION_NE) {
		error(parser, where, "addresses have no order; use ==, != or in");
		test->relation = RELATION_EQ;
	}
	test->relation = test->relation == RELATION_EQ ? RELATION_IN : RELATION_NOT_IN;
	return add_element(parser, context, test, &room);
}

static bool read_comparison(struct parser *parser, struct value_context *context, struct test *test)
{
	struct range where = parser->token.where;
	bool address = context->field->kind == KIND_ADDRESS;

	if (read_relation(parser, &test->relation))
		return address ? read_address_comparison(parser, context, test, where)
			       : read_bits(parser, context, &test->value);
	if (parser->token.kind == TOKEN_MASK && address) {
		error(parser, where, "addresses have no bits; use ==, != or in with a network");
		return false;
	}
	if (accept(parser, TOKEN_MASK))
		return read_masked(parser, context, test);
	test->relation = RELATION_IN;
	if (ACCEPT(parser, "not"))
		test->relation = RELATION_NOT_IN;
	if (ACCEPT(parser, "in"))
		return read_set(parser, context, test);
	parser_expected(parser, test->relation == RELATION_NOT_IN
					? "in"
					: "==, !=, <, <=, >, >=, &, in or not in");
	return false;
}

static enum payload payload_of(unsigned op)
{
	const struct row *row = table_row(&op_table, op);

	return row ? row->payload : PAYLOAD_NONE;
}

static unsigned payloads_of(const struct set *ops)
{
	unsigned payloads = 0;

	for (unsigned op = set_next(ops, 0); op < URING_OPS_MAX; op = set_next(ops, op + 1))
		payloads |= payload_of(op);
	return payloads;
}

/* The first op of the statement that does not have the field, of which there is one. */
static unsigned op_without(const struct statement *statement, const struct field *field)
{
	unsigned op = set_first(&statement->members);

	while (field_in(field, payload_of(op)))
		op = set_next(&statement->members, op + 1);
	return op;
}

static void check_field(struct parser *parser, const struct statement *statement,
			const struct field *field)
{
	const struct row *row;
	unsigned op;

	if ((parser->payloads & ~field->payloads) == 0)
		return;
	op = op_without(statement, field);
	row = table_row(&op_table, op);
	if (row)
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where,
			 "the operation %s has no field %s", row->name, field->name);
	else
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where,
			 "the operation %u has no field %s", op, field->name);
}

static struct cond *read_test(struct parser *parser, const struct statement *statement)
{
	size_t start = parser->token.where.start;
	struct value_context context = {0};
	const struct row *row;
	struct cond *cond;

	if (parser->token.kind != TOKEN_WORD) {
		parser_expected(parser, "a field");
		return NULL;
	}
	row = parser_find_by(parser, &parser->fields, &field_table);
	if (!row) {
		parser_unknown(parser, &field_table);
		return NULL;
	}
	context.field = &fields[row->number];
	if (++parser->tests > TESTS_MAX) {
		error(parser, parser->token.where, "a condition with more than 4096 tests");
		return NULL;
	}
	check_field(parser, statement, context.field);
	parser_advance(parser);
	cond = new_cond(parser, COND_TEST, NULL, NULL);
	if (!cond)
		return NULL;
	context.mask = field_mask(context.field, parser->policy->arch);
	cond->test.field = context.field->id;
	if (!read_comparison(parser, &context, &cond->test))
		return NULL;
	cond->where = since(parser, start);
	return cond;
}

static struct cond *read_or(struct parser *parser, const struct statement *statement);

static struct cond *read_parenthesised(struct parser *parser, const struct statement *statement)
{
	struct range opened = parser->token.where;
	struct cond *cond;

	if (++parser->nested > PARSE_NESTED_MAX) {
		error(parser, opened, "more than 256 brackets in each other");
		return NULL;
	}
	parser_advance(parser);
	cond = read_or(parser, statement);
	parser->nested--;
	if (!cond || !close_bracket(parser, opened, TOKEN_PAREN_CLOSE, "and, or or )"))
		return NULL;
	return cond;
}

static struct cond *read_not(struct parser *parser, const struct statement *statement)
{
	size_t start = parser->token.where.start;
	bool negated = false;
	struct cond *cond;

	/* Two of them are none. */
	while (accept(parser, TOKEN_NOT) || ACCEPT(parser, "not"))
		negated = !negated;
	if (parser->token.kind == TOKEN_PAREN_OPEN)
		cond = read_parenthesised(parser, statement);
	else
		cond = read_test(parser, statement);
	if (cond && negated)
		cond = new_cond(parser, COND_NOT, cond, NULL);
	if (cond)
		cond->where = since(parser, start);
	return cond;
}

static bool accept_and(struct parser *parser)
{
	return accept(parser, TOKEN_AND) || ACCEPT(parser, "and");
}

static bool accept_or(struct parser *parser)
{
	return accept(parser, TOKEN_OR) || ACCEPT(parser, "or");
}

static struct cond *read_and(struct parser *parser, const struct statement *statement)
{
	size_t start = parser->token.where.start;
	struct cond *cond = read_not(parser, statement);
	struct cond *right;

	while (cond && accept_and(parser)) {
		right = read_not(parser, statement);
		cond = right ? new_cond(parser, COND_AND, cond, right) : NULL;
		if (cond)
			cond->where = since(parser, start);
	}
	return cond;
}

static struct cond *read_or(struct parser *parser, const struct statement *statement)
{
	size_t start = parser->token.where.start;
	struct cond *cond = read_and(parser, statement);
	struct cond *right;

	while (cond && accept_or(parser)) {
		right = read_and(parser, statement);
		cond = right ? new_cond(parser, COND_OR, cond, right) : NULL;
		if (cond)
			cond->where = since(parser, start);
	}
	return cond;
}

struct cond *parser_cond(struct parser *parser, const struct statement *statement)
{
	parser->tests = 0;
	parser->nested = 0;
	parser->payloads = payloads_of(&statement->members);
	return read_or(parser, statement);
}
