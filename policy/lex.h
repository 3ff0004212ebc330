/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_LEX_H
#define URING_JAIL_POLICY_LEX_H

#include "policy/diag.h"

enum token_kind {
	TOKEN_END,
	TOKEN_COMMA,
	TOKEN_WORD,   /* a name */
	TOKEN_GROUP,  /* a name with @ in front */
	TOKEN_NUMBER, /* starts with a digit; token_number() reads it */
	TOKEN_OTHER,  /* one byte (or UTF-8 character) that starts no token */
};

struct token {
	enum token_kind kind;
	struct range where;
};

/** Where reading has come to in a source. */
struct lexer {
	const struct source *source;
	size_t at; /* offset of the next byte */
};

/** Reads the next token; at the end of the source TOKEN_END, again and again. */
struct token lex_next(struct lexer *lexer);

/** The first byte of a token's text, which is where.end - where.start bytes long. */
const char *token_text(const struct token *token);

enum number_status { NUMBER_OK, NUMBER_MALFORMED, NUMBER_OCTAL, NUMBER_TOO_LARGE };

/**
 * Reads a TOKEN_NUMBER: decimal, or hexadecimal after 0x. A leading 0 is refused as NUMBER_OCTAL,
 * since half the readers would take it for octal.
 */
enum number_status token_number(const struct token *token, unsigned long long *value);

#endif
