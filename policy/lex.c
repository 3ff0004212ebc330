// SPDX-License-Identifier: MIT
#include "policy/lex.h"

#include <limits.h>
#include <string.h>

#include "policy/table.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool in_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == ':' || c == '/' ||
	       c == '-';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The end of the character at `at`, so that a message never shows half of one. */
static size_t character_end(const struct source *source, size_t at)
{
	at++;
	while (at < source->size && ((unsigned char)source->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static size_t word_end(const struct source *source, size_t at)
{
	while (at < source->size && in_word(source->text[at]))
		at++;
	return at;
}

static size_t line_end(const struct source *source, size_t at)
{
	const char *newline = memchr(source->text + at, '\n', source->size - at);

	return newline ? (size_t)(newline - source->text) : source->size;
}

/* Skips spaces and, where they are asked for, comments and newlines. */
static size_t skip_space(const struct source *source, size_t at, bool comments, bool newlines)
{
	while (at < source->size) {
		char c = source->text[at];

		if (c == '#' && comments)
			at = line_end(source, at);
		else if (is_space(c) || (newlines && c == '\n'))
			at++;
		else
			break;
	}
	return at;
}

static bool starts_statement(const struct source *source, size_t at)
{
	static const char *const keywords[] = {"allow", "deny", "default", "include", "require"};
	size_t size = word_end(source, at) - at;

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (table_same_name(source->text + at, size, keywords[i]))
			return true;
	return false;
}

/* Skips what is between tokens. True if a newline was met that ends a statement; it is skipped. */
static bool skip_to_token(struct lexer *lexer)
{
	const struct source *source = lexer->source;
	size_t next;

	lexer->at = skip_space(source, lexer->at, !lexer->list, lexer->list);
	if (lexer->at == source->size || source->text[lexer->at] != '\n')
		return false;
	next = skip_space(source, lexer->at, true, true);
	if ((lexer->open == 0 && !lexer->after_comma) || starts_statement(source, next)) {
		lexer->open = 0;
		return true;
	}
	lexer->at = next;
	return false;
}

static enum token_kind word_kind(const char *text, size_t size)
{
	if (memchr(text, ':', size) || (is_digit(text[0]) && memchr(text, '.', size)))
		return TOKEN_ADDRESS;
	if (!is_digit(text[0]))
		return TOKEN_WORD;
	return memchr(text, '-', size) ? TOKEN_RANGE : TOKEN_NUMBER;
}

static const struct {
	char text[3];
	enum token_kind kind;
} operators[] = {
	/* The longer ones first. */
	{"&&", TOKEN_AND},	 {"||", TOKEN_OR},	   {"==", TOKEN_EQ},
	{"!=", TOKEN_NE},	 {"<=", TOKEN_LE},	   {">=", TOKEN_GE},
	{"<", TOKEN_LT},	 {">", TOKEN_GT},	   {"&", TOKEN_MASK},
	{"|", TOKEN_BAR},	 {"!", TOKEN_NOT},	   {"~", TOKEN_TILDE},
	{",", TOKEN_COMMA},	 {"(", TOKEN_PAREN_OPEN},  {")", TOKEN_PAREN_CLOSE},
	{"{", TOKEN_BRACE_OPEN}, {"}", TOKEN_BRACE_CLOSE},
};

static enum token_kind read_operator(const struct source *source, size_t *at)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t size = strlen(operators[i].text);

		if (source->size - *at < size ||
		    memcmp(source->text + *at, operators[i].text, size) != 0)
			continue;
		*at += size;
		return operators[i].kind;
	}
	*at = character_end(source, *at);
	return TOKEN_OTHER;
}

static enum token_kind read_string(const struct source *source, size_t *at)
{
	size_t end = line_end(source, *at);
	const char *quote = memchr(source->text + *at + 1, '"', end - *at - 1);

	*at = quote ? (size_t)(quote - source->text) + 1 : end;
	return quote ? TOKEN_STRING : TOKEN_OPEN_STRING;
}

static enum token_kind read_token(const struct source *source, size_t *at)
{
	size_t start = *at;
	char c = source->text[start];

	if (c == '"')
		return read_string(source, at);
	if (c == '@') {
		*at = word_end(source, start + 1);
		return TOKEN_GROUP;
	}
	if (!in_word(c))
		return read_operator(source, at);
	*at = word_end(source, start);
	return word_kind(source->text + start, *at - start);
}

static void track(struct lexer *lexer, enum token_kind kind)
{
	lexer->after_comma = kind == TOKEN_COMMA;
	if (kind == TOKEN_PAREN_OPEN || kind == TOKEN_BRACE_OPEN)
		lexer->open++;
	if ((kind == TOKEN_PAREN_CLOSE || kind == TOKEN_BRACE_CLOSE) && lexer->open > 0)
		lexer->open--;
}

struct token lex_next(struct lexer *lexer)
{
	struct token token = {.where = {.source = lexer->source}};
	bool newline = skip_to_token(lexer);

	token.where.start = lexer->at;
	if (newline) {
		token.kind = TOKEN_NEWLINE;
		token.where.end = lexer->at++;
	} else if (lexer->at == lexer->source->size) {
		token.kind = TOKEN_END;
		token.where.end = lexer->at;
	} else {
		token.kind = read_token(lexer->source, &lexer->at);
		token.where.end = lexer->at;
	}
	track(lexer, token.kind);
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

static enum number_status read_digits(const char *text, size_t size, unsigned base, uint64_t *value)
{
	uint64_t sum = 0;
	bool too_large = false;

	for (size_t i = 0; i < size; i++) {
		if (digit_value(text[i]) >= (int)base)
			return NUMBER_MALFORMED;
		too_large = too_large || __builtin_mul_overflow(sum, base, &sum) ||
			    __builtin_add_overflow(sum, (unsigned)digit_value(text[i]), &sum);
	}
	if (size == 0)
		return NUMBER_MALFORMED;
	*value = sum;
	return too_large ? NUMBER_TOO_LARGE : NUMBER_OK;
}

enum number_status lex_number(const char *text, size_t size, bool octal, uint64_t *value)
{
	enum number_status status;

	if (size > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return read_digits(text + 2, size - 2, 16, value);
	if (size > 1 && text[0] == '0' && octal)
		return read_digits(text + 1, size - 1, 8, value);
	status = read_digits(text, size, 10, value);
	if (status != NUMBER_MALFORMED && size > 1 && text[0] == '0')
		return NUMBER_OCTAL;
	return status;
}
