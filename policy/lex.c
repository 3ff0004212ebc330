// SPDX-License-Identifier: MIT
#include "policy/lex.h"

#include <limits.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool in_token(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == ':' || c == '/' ||
	       c == '-';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The end of the character at `at`, so that a message never shows half of one. */
static size_t character_end(const struct source *source, size_t at)
{
	at++;
	while (at < source->size && ((unsigned char)source->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

struct token lex_next(struct lexer *lexer)
{
	const struct source *source = lexer->source;
	const char *text = source->text;
	struct token token = {.where = {.source = source}};
	size_t at = lexer->at;

	while (at < source->size && is_space(text[at]))
		at++;
	token.where.start = at;
	if (at == source->size) {
		token.kind = TOKEN_END;
	} else if (text[at] == ',') {
		token.kind = TOKEN_COMMA;
		at++;
	} else if (in_token(text[at]) || text[at] == '@') {
		token.kind = text[at] == '@'	  ? TOKEN_GROUP
			     : is_digit(text[at]) ? TOKEN_NUMBER
						  : TOKEN_WORD;
		do
			at++;
		while (at < source->size && in_token(text[at]));
	} else {
		token.kind = TOKEN_OTHER;
		at = character_end(source, at);
	}
	token.where.end = at;
	lexer->at = at;
	return token;
}

const char *token_text(const struct token *token)
{
	return token->where.source->text + token->where.start;
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return INT_MAX;
}

enum number_status token_number(const struct token *token, unsigned long long *value)
{
	const char *text = token_text(token);
	size_t size = token->where.end - token->where.start;
	bool hex = size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	int base = hex ? 16 : 10;
	unsigned long long sum = 0;

	for (size_t i = hex ? 2 : 0; i < size; i++)
		if (digit_value(text[i]) >= base)
			return NUMBER_MALFORMED;
	if (!hex && size > 1 && text[0] == '0')
		return NUMBER_OCTAL;
	for (size_t i = hex ? 2 : 0; i < size; i++)
		if (__builtin_mul_overflow(sum, (unsigned long long)base, &sum) ||
		    __builtin_add_overflow(sum, (unsigned long long)digit_value(text[i]), &sum))
			return NUMBER_TOO_LARGE;
	*value = sum;
	return NUMBER_OK;
}
