// SPDX-License-Identifier: MIT
#include "tests/unit/build.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX 16

static char *word_of(struct arena *arena, const char *text, size_t size)
{
	char *word = arena_alloc(arena, size + 3);

	cr_assert(word);
	memcpy(mempcpy(word, "--", 2), text, size);
	for (char *c = word; *c; c++)
		if (*c == '~')
			*c = ' ';
	return word;
}

/* Goes through the option parser, so that what is tested is what a command line means. */
void build(struct built *built, const char *text)
{
	char *argv[WORDS_MAX + 3] = {"uring-jail"};
	int argc = 1;

	*built = (struct built){0};
	while (*text) {
		size_t size = strcspn(text, " ");

		cr_assert(argc <= WORDS_MAX);
		argv[argc++] = word_of(&built->arena, text, size);
		text += size + (text[size] == ' ');
	}
	argv[argc++] = "true";
	options_parse(argc, argv, &built->options);
	load_policy(&built->loaded, &built->options);
}

const char *built_messages(struct built *built)
{
	size_t size = 1;
	char *text, *end;

	for (const struct diag *diag = built->loaded.diags.first; diag; diag = diag->next)
		size += strlen(diag->message) + 1;
	text = end = arena_alloc(&built->arena, size);
	cr_assert(text);
	for (const struct diag *diag = built->loaded.diags.first; diag; diag = diag->next)
		end += sprintf(end, "%s\n", diag->message);
	return text;
}

void built_destroy(struct built *built)
{
	loaded_destroy(&built->loaded);
	options_destroy(&built->options);
	arena_destroy(&built->arena);
}
