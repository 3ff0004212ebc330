/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_LEX_H
#define URING_JAIL_POLICY_LEX_H

#include <stdint.h>

#include "policy/diag.h"
#include "policy/table.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE,	   /* where a statement ends; not inside brackets, nor after a comma */
	TOKEN_WORD,	   /* a name or keyword */
	TOKEN_GROUP,	   /* a name with @ in front */
	TOKEN_NUMBER,	   /* starts with a digit; lex_number() reads it */
	TOKEN_RANGE,	   /* starts with a digit and has a '-': 8000-8999 */
	TOKEN_ADDRESS,	   /* has a ':', or starts with a digit and has a '.' */
	TOKEN_STRING,	   /* its range includes the quotes */
	TOKEN_OPEN_STRING, /* the quote that closes it is missing in its line */
	TOKEN_COMMA,
	TOKEN_PAREN_OPEN,
	TOKEN_PAREN_CLOSE,
	TOKEN_BRACE_OPEN,
	TOKEN_BRACE_CLOSE,
	TOKEN_AND,   /* && */
	TOKEN_OR,    /* || */
	TOKEN_NOT,   /* ! */
	TOKEN_TILDE, /* ~ */
	TOKEN_BAR,   /* | */
	TOKEN_MASK,  /* & */
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_OTHER, /* one character that starts no token */
};

struct token {
	enum token_kind kind;
	struct range where;
	uint64_t key; /* TABLE_KEY() of a word or group that may be a name; of all else 0 */
};

/**
 * Where reading has come to in a source. Start with `source` set and all else zero; in a list
 * (`list` set) newlines are spaces throughout, and there are no comments.
 */
struct lexer {
	const struct source *source;
	bool list;
	size_t at;	  /* offset of the next byte */
	unsigned open;	  /* brackets that are open: in them newlines are spaces */
	bool after_comma; /* here too */
};

/**
 * Reads the next token to `token`; at the end of the source TOKEN_END, again and again. A newline
 * that would be a space is TOKEN_NEWLINE all the same where the next line starts with a statement's
 * keyword, so that a forgotten bracket does not swallow the statements below it.
 */
void lex_next(struct lexer *lexer, struct token *token);

/** The first byte of a token's text, which is where.end - where.start bytes long. */
static inline const char *token_text(const struct token *token)
{
	return token->where.source->text + token->where.start;
}

static inline size_t token_size(const struct token *token)
{
	return token->where.end - token->where.start;
}

/** Whether a token is this word, a string literal, in any case and with '-' for '_'. */
#define TOKEN_IS(token, word)                                                                      \
	((token)->key == TABLE_KEY(word) && token_size(token) == sizeof(word) - 1 &&               \
	 (sizeof(word) - 1 <= 8 || table_same_name(token_text(token), sizeof(word) - 1, word)))

enum number_status { NUMBER_OK, NUMBER_MALFORMED, NUMBER_OCTAL, NUMBER_TOO_LARGE };

/**
 * Reads the `size` bytes at `text` as a number: decimal, or hexadecimal after 0x. A leading 0 is
 * octal where `octal` is set; elsewhere it is refused as NUMBER_OCTAL, since half the readers would
 * take it for that.
 */
enum number_status lex_number(const char *text, size_t size, bool octal, uint64_t *value);

#endif
