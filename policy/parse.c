// SPDX-License-Identifier: MIT
#include "policy/parse.h"

#include <string.h>

#include "policy/parser.h"
#include "policy/uring-abi.h"

/* How deep texts may include each other. */
#define INCLUDE_DEPTH_MAX 16

void parser_expected(struct parser *parser, const char *wanted)
{
	const struct token *token = &parser->token;

	if (token->kind == TOKEN_END || token->kind == TOKEN_NEWLINE)
		diag_add(parser->diags, SEVERITY_ERROR, token->where, "expected %s", wanted);
	else if (token->kind == TOKEN_OPEN_STRING)
		diag_add(parser->diags, SEVERITY_ERROR, token->where,
			 "the quote that closes this string is missing in its line");
	else
		diag_add(parser->diags, SEVERITY_ERROR, token->where, "expected %s, not '%.*s'",
			 wanted, parser_length(parser), token_text(token));
}

void parser_bad_number(struct parser *parser, struct range where, enum number_status status,
		       uint64_t max)
{
	const char *text = where.source->text + where.start;
	int size = (int)(where.end - where.start);

	if (status == NUMBER_MALFORMED)
		diag_add(parser->diags, SEVERITY_ERROR, where, "'%.*s' is not a number", size,
			 text);
	else if (status == NUMBER_OCTAL)
		diag_add(parser->diags, SEVERITY_ERROR, where,
			 "'%.*s' has a leading 0; write it without, or in hexadecimal after 0x",
			 size, text);
	else
		diag_add(parser->diags, SEVERITY_ERROR, where, "%.*s is more than %llu", size, text,
			 (unsigned long long)max);
}

void parser_unknown(struct parser *parser, const struct table *table)
{
	const char *text = token_text(&parser->token);
	size_t size = (size_t)parser_length(parser);
	const char *nearest = table_nearest(table, text, size);
	bool group = table == &group_table || table == &register_group_table;

	diag_add(parser->diags, SEVERITY_ERROR, parser->token.where, "unknown %s '%.*s'%s%s%s%s",
		 table->noun, (int)size, text, nearest ? "; did you mean '" : "",
		 nearest && group ? "@" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static void add_all(struct statement *statement)
{
	if (statement->subject == SUBJECT_SQE_FLAGS)
		statement->sqe_flags = UINT8_MAX;
	else
		set_fill(&statement->by_group);
}

static void add_proposal(struct parser *parser, struct statement *statement, const struct row *row);

static void add_members(struct parser *parser, struct statement *statement, const struct row *group)
{
	const struct table *table = policy_table(statement->subject);

	for (size_t i = 0; i < table->n; i++) {
		const struct row *row = &table->rows[i];

		if (!(row->groups & group->number))
			continue;
		if (row->proposed)
			add_proposal(parser, statement, row);
		else
			set_add(&statement->by_group, (unsigned)row->number);
	}
}

/* finish_members() would leave nothing of such a group, and the statement deny nothing. */
static bool is_denied_by_name_alone(const struct statement *statement, const struct row *group)
{
	const struct row *filter = table_row(&register_table, URING_REGISTER_BPF_FILTER);

	return statement->subject == SUBJECT_REGISTER && statement->effect == EFFECT_DENY &&
	       (filter->groups & group->number);
}

static void add_group(struct parser *parser, struct statement *statement)
{
	const struct table *groups =
		statement->subject == SUBJECT_REGISTER ? &register_group_table : &group_table;
	const struct row *group = parser_find(parser, groups);

	if (PARSER_AT(parser, "@all"))
		add_all(statement);
	else if (statement->subject == SUBJECT_SQE_FLAGS)
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where,
			 "SQE flags have no groups but @all");
	else if (group && is_denied_by_name_alone(statement, group))
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where,
			 "what is in %.*s can be denied only by its own name",
			 parser_length(parser), token_text(&parser->token));
	else if (group)
		add_members(parser, statement, group);
	else
		parser_unknown(parser, groups);
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
	const struct table *table = policy_table(statement->subject);
	const struct row *row = table == &op_table ? parser_find_by(parser, &parser->ops, table)
						   : parser_find(parser, table);

	if (!row)
		parser_unknown(parser, table);
	else if (row->proposed)
		add_proposal(parser, statement, row);
	else if (statement->subject == SUBJECT_SQE_FLAGS)
		statement->sqe_flags |= (uint8_t)row->number;
	else
		set_add(&statement->members, (unsigned)row->number);
}

/* The token as a number of an element. False if it is none, with an error. */
static bool read_number(struct parser *parser, uint64_t max, uint64_t *value)
{
	const struct token *token = &parser->token;
	enum number_status status = lex_number(token_text(token), token_size(token), false, value);

	if (status == NUMBER_OK && *value > max)
		status = NUMBER_TOO_LARGE;
	if (status != NUMBER_OK)
		parser_bad_number(parser, token->where, status, max);
	return status == NUMBER_OK;
}

static void add_number(struct parser *parser, struct statement *statement)
{
	uint64_t value = 0;

	if (!read_number(parser, UINT8_MAX, &value))
		return;
	if (statement->subject != SUBJECT_SQE_FLAGS)
		set_add(&statement->members, (unsigned)value);
	else if (value == 0)
		diag_add(parser->diags, SEVERITY_ERROR, parser->token.where,
			 "a mask without any flag");
	else
		statement->sqe_flags |= (uint8_t)value;
}

static bool add_element(struct parser *parser, void *statement)
{
	switch (parser->token.kind) {
	case TOKEN_WORD:
		add_name(parser, statement);
		return true;
	case TOKEN_GROUP:
		add_group(parser, statement);
		return true;
	case TOKEN_NUMBER:
	case TOKEN_RANGE:
		add_number(parser, statement);
		return true;
	default:
		return false;
	}
}

/*
 * What is named beside a group that has it stands by its own name. Three register ops stand only by
 * that: they grant nothing, and a nested jail or a probe of features needs them.
 */
static void finish_members(struct statement *statement)
{
	struct set by_name = statement->members;

	if (statement->subject == SUBJECT_REGISTER) {
		set_remove(&statement->by_group, URING_REGISTER_RESTRICTIONS);
		set_remove(&statement->by_group, URING_REGISTER_BPF_FILTER);
		set_remove(&statement->by_group, URING_REGISTER_QUERY);
	}
	set_unite(&statement->members, &statement->by_group);
	set_subtract(&statement->by_group, &by_name);
}

static bool at_end(const struct parser *parser)
{
	return parser->token.kind == TOKEN_END || parser->token.kind == TOKEN_NEWLINE;
}

/*
 * Reads elements with commas between, up to the end of the statement or `if`; `add` takes one to
 * where it belongs, or returns false for what is no element. After an error the next token is
 * looked at as if it were in place.
 */
static void read_elements(struct parser *parser, bool (*add)(struct parser *parser, void *to),
			  void *to)
{
	static const char element[] = "a name, a number or a group";
	bool due = true;

	for (; !at_end(parser); parser_advance(parser)) {
		if (!due && PARSER_AT(parser, "if"))
			break;
		if (parser->token.kind == TOKEN_COMMA) {
			if (due)
				parser_expected(parser, element);
			due = true;
			continue;
		}
		if (!due)
			parser_expected(parser, "a comma");
		if (!add(parser, to) && due)
			parser_expected(parser, element);
		due = false;
	}
	if (due)
		parser_expected(parser, element);
}

static void read_members(struct parser *parser, struct statement *statement)
{
	read_elements(parser, add_element, statement);
	finish_members(statement);
}

static struct parser parser_at(struct policy *policy, struct diags *diags,
			       const struct source *source, const struct loader *loader)
{
	struct parser parser = {
		.lexer = {.source = source}, .policy = policy, .diags = diags, .loader = loader};
	const char *nul = memchr(source->text, '\0', source->size);
	size_t at = nul ? (size_t)(nul - source->text) : 0;

	if (nul)
		diag_add(diags, SEVERITY_ERROR, (struct range){source, at, at + 1},
			 "a NUL byte: this is no text");
	return parser;
}

void parse_list(struct policy *policy, struct diags *diags, const struct source *source,
		enum subject subject, enum effect effect)
{
	struct parser parser = parser_at(policy, diags, source, NULL);
	struct range where = {source, 0, source->size};
	struct statement *statement = policy_add(policy, diags, where, subject, effect);

	if (!statement)
		return;
	parser.lexer.list = true;
	parser_advance(&parser);
	read_members(&parser, statement);
	if (parser.token.kind != TOKEN_END)
		parser_expected(&parser, "the end of the list (a condition needs --rule)");
}

/* What a list of names is read to. */
struct names {
	const struct table *table;
	uint64_t max;
	struct set *numbers;
};

static void add_table_name(struct parser *parser, const struct names *names)
{
	const struct row *row = parser_find(parser, names->table);

	if (row)
		set_add(names->numbers, (unsigned)row->number);
	else if (PARSER_AT(parser, "@all"))
		set_fill(names->numbers);
	else
		parser_unknown(parser, names->table);
}

static bool add_name_or_number(struct parser *parser, void *to)
{
	struct names *names = to;
	uint64_t value = 0;

	switch (parser->token.kind) {
	case TOKEN_WORD:
	case TOKEN_GROUP:
		add_table_name(parser, names);
		return true;
	case TOKEN_NUMBER:
	case TOKEN_RANGE:
		if (read_number(parser, names->max, &value))
			set_add(names->numbers, (unsigned)value);
		return true;
	default:
		return false;
	}
}

void parse_names(struct diags *diags, const struct source *source, const struct table *table,
		 uint64_t max, struct set *numbers)
{
	struct parser parser = parser_at(NULL, diags, source, NULL);
	struct names names = {.table = table, .max = max, .numbers = numbers};

	parser.lexer.list = true;
	parser_advance(&parser);
	read_elements(&parser, add_name_or_number, &names);
	if (parser.token.kind != TOKEN_END)
		parser_expected(&parser, "the end of the list");
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

/* Goes on at the next line that can start a statement; brackets left open there are forgotten. */
static void skip_statement(struct parser *parser)
{
	while (!at_end(parser))
		parser_advance(parser);
}

static enum subject read_subject(struct parser *parser)
{
	enum subject subject = SUBJECT_OP;

	if (PARSER_AT(parser, "register"))
		subject = SUBJECT_REGISTER;
	else if (PARSER_AT(parser, "sqe_flags"))
		subject = SUBJECT_SQE_FLAGS;
	if (subject != SUBJECT_OP)
		parser_advance(parser);
	return subject;
}

static struct range since(const struct parser *parser, size_t start)
{
	return (struct range){parser->lexer.source, start, parser->last_end};
}

static void read_default(struct parser *parser, size_t start)
{
	enum effect effect = EFFECT_DEFAULT_ALLOW;
	enum subject subject;

	parser_advance(parser);
	subject = read_subject(parser);
	if (PARSER_AT(parser, "deny")) {
		effect = EFFECT_DEFAULT_DENY;
	} else if (!PARSER_AT(parser, "allow")) {
		parser_expected(parser, "allow or deny");
		skip_statement(parser);
		return;
	}
	parser_advance(parser);
	policy_add(parser->policy, parser->diags, since(parser, start), subject, effect);
}

static void read_rule(struct parser *parser, size_t start, enum effect effect)
{
	struct statement *statement;
	enum subject subject;

	parser_advance(parser);
	subject = read_subject(parser);
	if (effect == EFFECT_REQUIRE && subject != SUBJECT_SQE_FLAGS) {
		parser_expected(parser, "sqe-flags");
		skip_statement(parser);
		return;
	}
	statement =
		policy_add(parser->policy, parser->diags, since(parser, start), subject, effect);
	if (!statement)
		return;
	read_members(parser, statement);
	if (PARSER_AT(parser, "if")) {
		if (subject != SUBJECT_OP)
			diag_add(parser->diags, SEVERITY_ERROR, parser->token.where,
				 "only operations can have a condition");
		parser_advance(parser);
		statement->cond = parser_cond(parser, statement);
		if (!statement->cond)
			skip_statement(parser);
	}
	statement->where = since(parser, start);
}

struct read_source {
	const struct source *source;
	struct read_source *next;
};

static bool was_read(const struct policy *policy, const struct source *source)
{
	for (const struct read_source *read = policy->sources; read; read = read->next)
		if (read->source == source)
			return true;
	return false;
}

/* Without memory for this a text may be read twice, which only repeats what it says. */
static void note_read(struct policy *policy, const struct source *source)
{
	struct read_source *read = arena_alloc(&policy->arena, sizeof(*read));

	if (!read)
		return;
	read->source = source;
	read->next = policy->sources;
	policy->sources = read;
}

static bool includes_itself(const struct source *from, const struct source *source)
{
	while (from != source && from->included)
		from = from->included->source;
	return from == source;
}

static void include(struct parser *parser, struct range where, const char *name, bool is_path)
{
	const struct source *from = where.source;
	const struct source *source;

	if (from->depth >= INCLUDE_DEPTH_MAX) {
		diag_add(parser->diags, SEVERITY_ERROR, where,
			 "included too deeply: no more than %d files may include each other",
			 INCLUDE_DEPTH_MAX);
		return;
	}
	source = parser->loader->load(parser->loader->data, where, name, is_path, parser->diags);
	if (!source)
		return;
	if (includes_itself(from, source)) {
		diag_add(parser->diags, SEVERITY_ERROR, where, "this file includes itself");
		return;
	}
	parse_text(parser->policy, parser->diags, source, parser->loader);
}

static void read_include(struct parser *parser)
{
	struct token name;
	char text[4096];
	bool is_path;
	size_t quote, size;

	parser_advance(parser);
	name = parser->token;
	is_path = name.kind == TOKEN_STRING;
	quote = is_path ? 1 : 0;
	size = name.where.end - name.where.start - 2 * quote;
	if (!is_path && name.kind != TOKEN_WORD) {
		parser_expected(parser, "a file in double quotes, or a policy's name");
		skip_statement(parser);
		return;
	}
	parser_advance(parser);
	if (!parser->loader) {
		diag_add(parser->diags, SEVERITY_ERROR, name.where, "nothing can be included here");
	} else if (size == 0 || size >= sizeof(text)) {
		diag_add(parser->diags, SEVERITY_ERROR, name.where,
			 size ? "the name is too long" : "the name is empty");
	} else {
		memcpy(text, token_text(&name) + quote, size);
		text[size] = '\0';
		include(parser, name.where, text, is_path);
	}
}

static void read_statement(struct parser *parser)
{
	size_t start = parser->token.where.start;

	if (PARSER_AT(parser, "allow")) {
		read_rule(parser, start, EFFECT_ALLOW);
	} else if (PARSER_AT(parser, "deny")) {
		read_rule(parser, start, EFFECT_DENY);
	} else if (PARSER_AT(parser, "require")) {
		read_rule(parser, start, EFFECT_REQUIRE);
	} else if (PARSER_AT(parser, "default")) {
		read_default(parser, start);
	} else if (PARSER_AT(parser, "include")) {
		read_include(parser);
	} else {
		parser_expected(parser, "allow, deny, require, default or include");
		skip_statement(parser);
	}
}

static void end_statement(struct parser *parser)
{
	if (at_end(parser))
		return;
	parser_expected(parser, "the end of the statement");
	skip_statement(parser);
}

static void read_statements(struct parser *parser)
{
	note_read(parser->policy, parser->lexer.source);
	parser_advance(parser);
	while (parser->token.kind != TOKEN_END) {
		if (parser->token.kind != TOKEN_NEWLINE) {
			read_statement(parser);
			end_statement(parser);
		}
		if (parser->token.kind == TOKEN_NEWLINE)
			parser_advance(parser);
	}
}

void parse_text(struct policy *policy, struct diags *diags, const struct source *source,
		const struct loader *loader)
{
	struct parser parser;

	if (was_read(policy, source))
		return;
	parser = parser_at(policy, diags, source, loader);
	read_statements(&parser);
}

void parse_rule(struct policy *policy, struct diags *diags, const struct source *source,
		const struct loader *loader)
{
	struct parser parser = parser_at(policy, diags, source, loader);

	parser_advance(&parser);
	while (parser.token.kind == TOKEN_NEWLINE)
		parser_advance(&parser);
	read_statement(&parser);
	while (parser.token.kind == TOKEN_NEWLINE)
		parser_advance(&parser);
	if (parser.token.kind != TOKEN_END)
		parser_expected(&parser, "one statement only");
}
