// SPDX-License-Identifier: MIT
#include "policy/lex.h"

#include <limits.h>
#include <string.h>

#include "policy/table.h"

/*
 * What a byte is to the lexer; of those in names, what TABLE_FOLD() makes of it. What is SKIPPED is so
 * only sometimes: a comment, and a newline that ends no statement.
 */
enum { SPACE = 1, SKIPPED, MORE_IN_WORDS, IN_NAMES = '0' };

#define LETTER(lower, upper) [lower] = (lower), [upper] = (lower)

static const unsigned char classes[256] = {
	[' '] = SPACE,	  ['\t'] = SPACE,	 ['\r'] = SPACE,	['\n'] = SKIPPED,
	['#'] = SKIPPED,  ['.'] = MORE_IN_WORDS, [':'] = MORE_IN_WORDS, ['/'] = MORE_IN_WORDS,
	LETTER('_', '-'), LETTER('a', 'A'),	 LETTER('b', 'B'),	LETTER('c', 'C'),
	LETTER('d', 'D'), LETTER('e', 'E'),	 LETTER('f', 'F'),	LETTER('g', 'G'),
	LETTER('h', 'H'), LETTER('i', 'I'),	 LETTER('j', 'J'),	LETTER('k', 'K'),
	LETTER('l', 'L'), LETTER('m', 'M'),	 LETTER('n', 'N'),	LETTER('o', 'O'),
	LETTER('p', 'P'), LETTER('q', 'Q'),	 LETTER('r', 'R'),	LETTER('s', 'S'),
	LETTER('t', 'T'), LETTER('u', 'U'),	 LETTER('v', 'V'),	LETTER('w', 'W'),
	LETTER('x', 'X'), LETTER('y', 'Y'),	 LETTER('z', 'Z'),	['0'] = '0',
	['1'] = '1',	  ['2'] = '2',		 ['3'] = '3',		['4'] = '4',
	['5'] = '5',	  ['6'] = '6',		 ['7'] = '7',		['8'] = '8',
	['9'] = '9',
};

static unsigned class_of(char c)
{
	return classes[(unsigned char)c];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
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
	while (at < source->size && class_of(source->text[at]) >= MORE_IN_WORDS)
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

		if (class_of(c) == SPACE || (newlines && c == '\n'))
			at++;
		else if (c == '#' && comments)
			at = line_end(source, at);
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

/* Skips what is between tokens. True if a newline is next that ends a statement. */
static bool skip_to_token(struct lexer *lexer)
{
	const struct source *source = lexer->source;
	bool in_brackets = lexer->open > 0 || lexer->after_comma || lexer->list;
	size_t next;

	/* Mostly there is nothing else where a line ends. */
	if (source->text[lexer->at] == '\n' && !in_brackets)
		return true;
	lexer->at = skip_space(source, lexer->at, !lexer->list, lexer->list);
	if (lexer->at == source->size || source->text[lexer->at] != '\n')
		return false;
	if (!in_brackets)
		return true;
	next = skip_space(source, lexer->at, true, true);
	if (!starts_statement(source, next)) {
		lexer->at = next;
		return false;
	}
	lexer->open = 0;
	return true;
}

static enum token_kind word_kind(const char *text, size_t size)
{
	if (memchr(text, ':', size) || (is_digit(text[0]) && memchr(text, '.', size)))
		return TOKEN_ADDRESS;
	if (!is_digit(text[0]))
		return TOKEN_WORD;
	return memchr(text, '-', size) ? TOKEN_RANGE : TOKEN_NUMBER;
}

/* What a character is by itself, or else together with the one that may follow it. */
static const struct {
	unsigned char alone, both;
	char second;
} operators[128] = {
	['&'] = {TOKEN_MASK, TOKEN_AND, '&'}, ['|'] = {TOKEN_BAR, TOKEN_OR, '|'},
	['='] = {TOKEN_OTHER, TOKEN_EQ, '='}, ['!'] = {TOKEN_NOT, TOKEN_NE, '='},
	['<'] = {TOKEN_LT, TOKEN_LE, '='},    ['>'] = {TOKEN_GT, TOKEN_GE, '='},
	['~'] = {.alone = TOKEN_TILDE},	      [','] = {.alone = TOKEN_COMMA},
	['('] = {.alone = TOKEN_PAREN_OPEN},  [')'] = {.alone = TOKEN_PAREN_CLOSE},
	['{'] = {.alone = TOKEN_BRACE_OPEN},  ['}'] = {.alone = TOKEN_BRACE_CLOSE},
};

static enum token_kind read_operator(const struct source *source, size_t *at)
{
	const char *text = source->text + *at;
	unsigned char c = (unsigned char)*text;

	if (c < sizeof(operators) / sizeof(operators[0]) && operators[c].alone) {
		if (operators[c].both && source->size - *at > 1 && text[1] == operators[c].second) {
			*at += 2;
			return operators[c].both;
		}
		if (operators[c].alone != TOKEN_OTHER) {
			*at += 1;
			return operators[c].alone;
		}
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

static enum token_kind read_word(const struct source *source, size_t *at)
{
	size_t start = *at, end = start;

	while (end < source->size && is_digit(source->text[end]))
		end++;
	*at = word_end(source, end);
	if (*at == end)
		return TOKEN_NUMBER;
	return word_kind(source->text + start, *at - start);
}

static enum token_kind read_group(const struct source *source, size_t *at, uint64_t *key)
{
	size_t start = *at;

	*at = word_end(source, start + 1);
	*key = table_key(source->text + start, *at - start);
	return TOKEN_GROUP;
}

/* Reads an operator or a bracket, or a character that starts nothing. */
static enum token_kind read_sign(struct lexer *lexer)
{
	enum token_kind kind = read_operator(lexer->source, &lexer->at);

	lexer->after_comma = kind == TOKEN_COMMA;
	if (kind == TOKEN_PAREN_OPEN || kind == TOKEN_BRACE_OPEN)
		lexer->open++;
	if ((kind == TOKEN_PAREN_CLOSE || kind == TOKEN_BRACE_CLOSE) && lexer->open > 0)
		lexer->open--;
	return kind;
}

static enum token_kind read_token(struct lexer *lexer, struct token *token)
{
	const struct source *source = lexer->source;
	char c = source->text[lexer->at];

	if (class_of(c) >= MORE_IN_WORDS)
		return read_word(source, &lexer->at);
	if (c == '"')
		return read_string(source, &lexer->at);
	if (c == '@')
		return read_group(source, &lexer->at, &token->key);
	return read_sign(lexer);
}

/*
 * Reads what is no name, or comes after more than a space. Were it part of lex_next(), that would have
 * registers to save for each name, too.
 */
__attribute__((noinline)) static void read_other(struct lexer *lexer, struct token *token)
{
	const struct source *source = lexer->source;
	unsigned class = lexer->at < source->size ? class_of(source->text[lexer->at]) : 0;
	size_t start = lexer->at;
	bool newline = (class == SPACE || class == SKIPPED) && skip_to_token(lexer);

	if (!newline && lexer->at > start) {
		lex_next(lexer, token);
		return;
	}
	lexer->after_comma = false;
	*token = (struct token){TOKEN_END, {source, lexer->at, lexer->at}, 0};
	if (newline) {
		token->kind = TOKEN_NEWLINE;
		lexer->at++;
	} else if (lexer->at < source->size) {
		token->kind = read_token(lexer, token);
		token->where.end = lexer->at;
	}
}

/*
 * Most tokens are names and keywords, with a space before: they are read here, with their keys. None
 * starts with a digit, which come before all that does.
 */
void lex_next(struct lexer *lexer, struct token *token)
{
	const struct source *source = lexer->source;
	const char *text = source->text;
	size_t at = lexer->at, start;
	unsigned class = 0;
	uint64_t key = 0;

	if (at < source->size && text[at] == ' ')
		at++;
	lexer->at = start = at;
	if (at == source->size || class_of(text[at]) <= '9') {
		read_other(lexer, token);
		return;
	}
	for (; at < source->size; at++) {
		class = class_of(text[at]);
		if (class < IN_NAMES)
			break;
		key = key << 8 | class;
	}
	if (class == MORE_IN_WORDS) {
		read_other(lexer, token);
		return;
	}
	*token = (struct token){TOKEN_WORD, {source, start, at}, key};
	lexer->after_comma = false;
	lexer->at = at;
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
