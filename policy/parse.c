// SPDX-License-Identifier: MIT
#include "policy/parse.h"

#include "policy/lex.h"
#include "policy/uring-abi.h"

struct parser {
	struct lexer lexer;
	struct token token; /* the one looked at */
	struct policy *policy;
	struct diags *diags;
};

static void advance(struct parser *parser)
{
	parser->token = lex_next(&parser->lexer);
}

static struct parser parser_at(struct policy *policy, struct diags *diags,
			       const struct source *source)
{
	struct parser parser = {.lexer = {.source = source}, .policy = policy, .diags = diags};

	advance(&parser);
	return parser;
}

static int length(const struct token *token)
{
	return (int)(token->where.end - token->where.start);
}

static void unexpected(struct parser *parser, const char *wanted)
{
	if (parser->token.kind == TOKEN_END)
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where, "expected %s", wanted);
	else
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where,
			 "expected %s, not '%.*s'", wanted, length(&parser->token),
			 token_text(&parser->token));
}

static const struct table *table_of(enum subject subject)
{
	switch (subject) {
	case SUBJECT_OP:
		return &op_table;
	case SUBJECT_REGISTER:
		return &register_table;
	case SUBJECT_SQE_FLAGS:
		break;
	}
	return &sqe_flag_table;
}

static void add_all(struct statement *statement)
{
	struct set all;

	set_fill(&all);
	if (statement->subject == SUBJECT_SQE_FLAGS) {
		statement->sqe_flags = UINT8_MAX;
		return;
	}
	if (statement->subject == SUBJECT_REGISTER) {
		set_remove(&all, URING_REGISTER_RESTRICTIONS);
		set_remove(&all, URING_REGISTER_BPF_FILTER);
		set_remove(&all, URING_REGISTER_QUERY);
	}
	set_unite(&statement->members, &all);
}

static void add_group(struct parser *parser, struct statement *statement)
{
	const struct token *token = &parser->token;

	if (table_same_name(token_text(token), (size_t)length(token), "@all"))
		add_all(statement);
	else
		diag_add(parser->diags, SEVERITY_ERROR, token->where, "unknown group '%.*s'",
			 length(token), token_text(token));
}

static void add_proposal(struct parser *parser, struct statement *statement, const struct row *row)
{
	struct proposal *proposal = arena_alloc(&parser->policy->arena, sizeof(*proposal));

	if (!proposal) {
		diag_no_memory(parser->diags);
		return;
	}
	proposal->row = row;
	proposal->where = parser->token.where;
	proposal->next = statement->proposals;
	statement->proposals = proposal;
}

static void add_name(struct parser *parser, struct statement *statement)
{
	const struct token *token = &parser->token;
	const struct table *table = table_of(statement->subject);
	const struct row *row = table_find(table, token_text(token), (size_t)length(token));
	const char *nearest;

	if (row && row->proposed) {
		add_proposal(parser, statement, row);
	} else if (row && statement->subject == SUBJECT_SQE_FLAGS) {
		statement->sqe_flags |= (uint8_t)row->number;
	} else if (row) {
		set_add(&statement->members, row->number);
	} else {
		nearest = table_nearest(table, token_text(token), (size_t)length(token));
		diag_add(parser->diags, SEVERITY_ERROR, token->where, "unknown %s '%.*s'%s%s%s",
			 table->noun, length(token), token_text(token),
			 nearest ? "; did you mean '" : "", nearest ? nearest : "",
			 nearest ? "'?" : "");
	}
}

/* Reads the token as a number from `min` to 255; otherwise says what is wrong with it. */
static bool read_byte(struct parser *parser, unsigned min, unsigned *value)
{
	const struct token *token = &parser->token;
	unsigned long long number = 0;
	enum number_status status = token_number(token, &number);

	if (status == NUMBER_OK && number >= min && number <= UINT8_MAX) {
		*value = (unsigned)number;
		return true;
	}
	if (status == NUMBER_MALFORMED)
		diag_add(parser->diags, SEVERITY_ERROR, token->where, "'%.*s' is not a number",
			 length(token), token_text(token));
	else if (status == NUMBER_OCTAL)
		diag_add(parser->diags, SEVERITY_ERROR, token->where,
			 "'%.*s' has a leading 0; write it without, or in hexadecimal after 0x",
			 length(token), token_text(token));
	else
		diag_add(parser->diags, SEVERITY_ERROR, token->where,
			 "%.*s is out of range (%u to %u)", length(token), token_text(token), min,
			 UINT8_MAX);
	return false;
}

static void add_number(struct parser *parser, struct statement *statement)
{
	bool is_mask = statement->subject == SUBJECT_SQE_FLAGS;
	unsigned value;

	if (!read_byte(parser, is_mask ? 1 : 0, &value))
		return;
	if (is_mask)
		statement->sqe_flags |= (uint8_t)value;
	else
		set_add(&statement->members, value);
}

static void add_element(struct parser *parser, struct statement *statement)
{
	if (parser->token.kind == TOKEN_WORD)
		add_name(parser, statement);
	else if (parser->token.kind == TOKEN_GROUP)
		add_group(parser, statement);
	else
		add_number(parser, statement);
}

static const char element[] = "a name, a number or @all";

/* Elements with commas between; after an error the next token is looked at as if it were in place. */
static void parse_elements(struct parser *parser, struct statement *statement)
{
	bool element_due = true;

	for (; parser->token.kind != TOKEN_END; advance(parser)) {
		switch (parser->token.kind) {
		case TOKEN_COMMA:
			if (element_due)
				unexpected(parser, element);
			element_due = true;
			break;
		case TOKEN_OTHER:
			unexpected(parser, element_due ? element : "a comma");
			element_due = false;
			break;
		default:
			if (!element_due)
				unexpected(parser, "a comma");
			add_element(parser, statement);
			element_due = false;
		}
	}
	if (element_due)
		unexpected(parser, element);
}

void parse_list(struct policy *policy, struct diags *diags, const struct source *source,
		enum subject subject, enum effect effect)
{
	struct parser parser = parser_at(policy, diags, source);
	struct range where = {source, 0, source->size};
	struct statement *statement = policy_add(policy, diags, where, subject, effect);

	if (statement)
		parse_elements(&parser, statement);
}

void parse_default(struct policy *policy, struct diags *diags, const struct source *source)
{
	struct range where = {source, 0, source->size};

	if (table_same_name(source->text, source->size, "allow"))
		policy_add(policy, diags, where, SUBJECT_OP, EFFECT_DEFAULT_ALLOW);
	else if (table_same_name(source->text, source->size, "deny"))
		policy_add(policy, diags, where, SUBJECT_OP, EFFECT_DEFAULT_DENY);
	else
		diag_add(diags, SEVERITY_ERROR, where, "expected allow or deny, not '%.*s'",
			 (int)source->size, source->text);
}
