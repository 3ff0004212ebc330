// SPDX-License-Identifier: MIT
#include "policy/lex.h"

#include <criterion/criterion.h>
#include <string.h>

static struct source source_of(const char *text, size_t size)
{
	return (struct source){.name = "text", .text = text, .size = size};
}

/* What a token of a byte between two letters is made of, as policy/lex.h and the manual say. */
static bool in_names(int c)
{
	return c && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", c);
}

Test(lex, every_byte_is_in_a_name_or_ends_it)
{
	for (int c = 0; c < 256; c++) {
		char text[] = {'a', (char)c, 'Z'};
		struct source source = source_of(text, sizeof(text));
		struct lexer lexer = {.source = &source};
		struct token token;
		bool more = c == '.' || c == '/' || c == ':';

		lex_next(&lexer, &token);
		cr_expect_eq(token.kind, c == ':' ? TOKEN_ADDRESS : TOKEN_WORD, "%d", c);
		cr_expect_eq(token.where.start, 0, "%d", c);
		cr_expect_eq(token.where.end, in_names(c) || more ? 3 : 1, "%d", c);
		if (more)
			cr_expect_eq(token.key, 0, "%d", c);
		else
			cr_expect_eq(token.key, table_key(text, token_size(&token)), "%d", c);
	}
}

static const struct {
	const char *text;
	enum token_kind kinds[6]; /* up to TOKEN_END */
} texts[] = {
	{"", {TOKEN_END}},
	{"  ", {TOKEN_END}},
	{"a b", {TOKEN_WORD, TOKEN_WORD}},
	{"\ta\r", {TOKEN_WORD}},
	{"  \t  a#b", {TOKEN_WORD}},
	{"a\nb", {TOKEN_WORD, TOKEN_NEWLINE, TOKEN_WORD}},
	{"a \n\n#x\nb", {TOKEN_WORD, TOKEN_NEWLINE, TOKEN_NEWLINE, TOKEN_NEWLINE, TOKEN_WORD}},
	{"a,\n b", {TOKEN_WORD, TOKEN_COMMA, TOKEN_WORD}},
	{"a,\nallow", {TOKEN_WORD, TOKEN_COMMA, TOKEN_NEWLINE, TOKEN_WORD}},
	{"(\n#c\n\tb)", {TOKEN_PAREN_OPEN, TOKEN_WORD, TOKEN_PAREN_CLOSE}},
	{"{\nDeny", {TOKEN_BRACE_OPEN, TOKEN_NEWLINE, TOKEN_WORD}},
	{"17 0x1f 017a", {TOKEN_NUMBER, TOKEN_NUMBER, TOKEN_NUMBER}},
	{"1-2 12a-2", {TOKEN_RANGE, TOKEN_RANGE}},
	{"1.2 1:2 a.b a:b", {TOKEN_ADDRESS, TOKEN_ADDRESS, TOKEN_WORD, TOKEN_ADDRESS}},
	{"::1 /x .x -1 _", {TOKEN_ADDRESS, TOKEN_WORD, TOKEN_WORD, TOKEN_WORD, TOKEN_WORD}},
	{"@all @ a@b", {TOKEN_GROUP, TOKEN_GROUP, TOKEN_WORD, TOKEN_GROUP}},
	{"\"a b\" \"c", {TOKEN_STRING, TOKEN_OPEN_STRING}},
	{"&& & || |", {TOKEN_AND, TOKEN_MASK, TOKEN_OR, TOKEN_BAR}},
	{"=== !=!", {TOKEN_EQ, TOKEN_OTHER, TOKEN_NE, TOKEN_NOT}},
	{"<=< >=>", {TOKEN_LE, TOKEN_LT, TOKEN_GE, TOKEN_GT}},
	{"~&", {TOKEN_TILDE, TOKEN_MASK}},
	{"=", {TOKEN_OTHER}},
	{"\xc3\xa4=\x80z", {TOKEN_OTHER, TOKEN_OTHER, TOKEN_WORD}},
};

Test(lex, texts_are_split_into_tokens)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct source source = source_of(texts[i].text, strlen(texts[i].text));
		struct lexer lexer = {.source = &source};
		struct token token;

		for (size_t j = 0; j < 6; j++) {
			lex_next(&lexer, &token);
			cr_expect_eq(token.kind, texts[i].kinds[j], "'%s': %zu is %d",
				     texts[i].text, j, token.kind);
			cr_expect_eq(token.where.source, &source);
			if (token.kind != TOKEN_WORD && token.kind != TOKEN_GROUP)
				cr_expect_eq(token.key, 0, "'%s': %zu", texts[i].text, j);
		}
	}
}

/* In a list newlines are spaces, and nothing is a comment. */
Test(lex, a_list_has_no_lines)
{
	struct source source = source_of("a\n\nallow #b", 11);
	struct lexer lexer = {.source = &source, .list = true};
	static const enum token_kind kinds[] = {TOKEN_WORD, TOKEN_WORD, TOKEN_OTHER, TOKEN_WORD,
						TOKEN_END};
	struct token token;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		lex_next(&lexer, &token);
		cr_expect_eq(token.kind, kinds[i], "%zu: %d", i, token.kind);
	}
}

Test(lex, a_word_is_told_from_others_that_end_alike)
{
	static const struct {
		const char *text;
		bool is_register, is_sqe_flags;
	} words[] = {
		{"register", true, false},    {"REGISTER", true, false},
		{"xregister", false, false},  {"egister", false, false},
		{"sqe-flags", false, true},   {"SQE_FLAGS", false, true},
		{"qe_flags", false, false},   {"xqe_flags", false, false},
		{"xsqe_flags", false, false},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct source source = source_of(words[i].text, strlen(words[i].text));
		struct lexer lexer = {.source = &source};
		struct token token;

		lex_next(&lexer, &token);
		cr_expect_eq(TOKEN_IS(&token, "register"), words[i].is_register, "%s",
			     words[i].text);
		cr_expect_eq(TOKEN_IS(&token, "sqe_flags"), words[i].is_sqe_flags, "%s",
			     words[i].text);
	}
}

/* From everywhere to everywhere, also backwards and by way of another text. */
Test(lex, positions_are_the_same_wherever_one_goes_on_from)
{
	const char text[] = "a\n\nbc\nd";
	struct source source = source_of(text, sizeof(text) - 1), other = source_of("\n\n", 2);

	cr_expect_eq(diag_position(&source, 4).line, 3);
	cr_expect_eq(diag_position(&source, 4).column, 2);
	cr_expect_eq(diag_position(&source, 4).line_start, 3);
	cr_expect_eq(diag_position(&source, 4).line_end, 5);
	for (size_t from = 0; from <= source.size; from++) {
		for (size_t to = 0; to <= source.size; to++) {
			struct position wanted = diag_position(&source, to), found;
			struct place_cursor cursor = {0};

			for (int by_other = 0; by_other < 2; by_other++) {
				diag_position_after(&cursor, &source, from);
				if (by_other)
					diag_position_after(&cursor, &other, 2);
				found = diag_position_after(&cursor, &source, to);
				cr_expect_eq(found.line, wanted.line, "%zu, %zu", from, to);
				cr_expect_eq(found.column, wanted.column, "%zu, %zu", from, to);
				cr_expect_eq(found.line_start, wanted.line_start);
				cr_expect_eq(found.line_end, wanted.line_end);
			}
		}
	}
}
