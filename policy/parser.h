/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_PARSER_H
#define URING_JAIL_POLICY_PARSER_H

/* What the parts of the parser share; the rest of the program uses policy/parse.h. */

#include "policy/lex.h"
#include "policy/parse.h"

struct parser {
	struct lexer lexer;
	struct token token; /* the one looked at */
	size_t last_end;    /* where the one before it ended */
	struct policy *policy;
	struct diags *diags;
	const struct loader *loader;
	unsigned tests;	   /* of the condition being read */
	unsigned nested;   /* parentheses that it is in */
	unsigned payloads; /* those of the ops that it is about: a mask of enum payload */
	struct table_index ops, fields;
};

/** Goes on to the next token. */
static inline void parser_advance(struct parser *parser)
{
	parser->last_end = parser->token.where.end;
	lex_next(&parser->lexer, &parser->token);
}

/** The length of the token's text, as printf's %.*s wants it. */
static inline int parser_length(const struct parser *parser)
{
	return (int)token_size(&parser->token);
}

/** Whether the token is this word, a string literal, in any case. */
#define PARSER_AT(parser, word) TOKEN_IS(&(parser)->token, word)

/** The row of the table that the token names, or NULL. */
static inline const struct row *parser_find(const struct parser *parser, const struct table *table)
{
	const struct token *token = &parser->token;

	return table_find_key(table, token->key, token_text(token), token_size(token));
}

/** Likewise, with an index, which is made here when it is needed first. */
static inline const struct row *parser_find_by(const struct parser *parser,
					       struct table_index *index, const struct table *table)
{
	const struct token *token = &parser->token;

	if (!index->table)
		table_index(index, table);
	return table_index_find(index, token->key, token_text(token), token_size(token));
}

/** Adds "expected ..., not ..." at the token. */
void parser_expected(struct parser *parser, const char *wanted);

/** Adds the error that a lex_number() failed with, for the text at `where`. */
void parser_bad_number(struct parser *parser, struct range where, enum number_status status,
		       uint64_t max);

/** Adds an error for a word that no row of the table has for a name, with the nearest one. */
void parser_unknown(struct parser *parser, const struct table *table);

/** Reads a condition up to the end of the statement; NULL after a syntax error. */
struct cond *parser_cond(struct parser *parser, const struct statement *statement);

#endif
