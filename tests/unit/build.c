// SPDX-License-Identifier: MIT
#include "tests/unit/build.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "policy/parse.h"

#define WORDS_MAX 16

/* Goes through the option parser, so that what is tested is what a command line means. */
struct built build(const char *text)
{
	struct built built = {0};
	char *argv[WORDS_MAX + 3] = {"uring-jail"};
	struct options options;
	int argc = 1;

	while (*text) {
		size_t size = strcspn(text, " ");
		char *word = arena_alloc(&built.arena, size + 3);

		cr_assert(word && argc <= WORDS_MAX);
		memcpy(mempcpy(word, "--", 2), text, size);
		argv[argc++] = word;
		text += size + (text[size] == ' ');
	}
	argv[argc++] = "true";
	options_parse(argc, argv, &options);
	for (size_t i = 0; i < options.nr_policy; i++) {
		struct policy_option *option = &options.policy[i];
		struct source *source = arena_alloc(&built.arena, sizeof(*source));

		*source = option->source;
		if (option->is_default)
			parse_default(&built.policy, &built.diags, source);
		else
			parse_list(&built.policy, &built.diags, source, option->subject,
				   option->effect);
	}
	policy_check(&built.policy, &built.diags);
	options_destroy(&options);
	return built;
}

const char *built_messages(struct built *built)
{
	size_t size = 1;
	char *text, *end;

	for (const struct diag *diag = built->diags.first; diag; diag = diag->next)
		size += strlen(diag->message) + 1;
	text = end = arena_alloc(&built->arena, size);
	for (const struct diag *diag = built->diags.first; diag; diag = diag->next)
		end += sprintf(end, "%s\n", diag->message);
	return text;
}

void built_destroy(struct built *built)
{
	arena_destroy(&built->arena);
	policy_destroy(&built->policy);
	diags_destroy(&built->diags);
}
