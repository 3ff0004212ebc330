// SPDX-License-Identifier: MIT
/*
 * Any bytes as text: the first one says what kind of text the others are. Messages are about places
 * within their texts and can be shown; what is read without errors can be linted, and its normal
 * form is read without messages, means the same and is its own normal form.
 */
#include <string.h>

#include "policy/decide.h"
#include "policy/kernel.h"
#include "policy/lint.h"
#include "policy/parse.h"
#include "policy/request.h"
#include "policy/write.h"
#include "tests/fuzz/fuzz.h"

/* --- texts to include */

/* What the text being read can include; `deeper` is another text each time, the others are one. */
static const struct {
	const char *name, *text;
} texts[] = {
	{"deeper", "include deeper\nallow nop\n"},
	{"itself", "deny read\ninclude itself\n"},
	{"other", "default deny\ninclude \"third\"\nallow openat2 if resolve & RESOLVE_BENEATH\n"},
	{"third", "default allow\ndeny connect if addr in 10.0.0.0/8\n"},
	{"wrong", "deny opnat2\n\tdeny read if (\n"},
	{"empty", ""},
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

struct library {
	struct arena arena;
	const struct source *read[TEXTS];
};

static const struct source *load(void *data, struct range where, const char *name, bool is_path,
				 struct diags *diags)
{
	struct library *library = data;
	struct {
		struct source source;
		struct range included;
	} * text;
	size_t i = 0;

	REQUIRE(is_path || strlen(name) > 0);
	while (i < TEXTS && strcmp(texts[i].name, name) != 0)
		i++;
	if (i == TEXTS) {
		diag_add(diags, SEVERITY_ERROR, where, "there is no text %s", name);
		return NULL;
	}
	if (i > 0 && library->read[i])
		return library->read[i];
	text = arena_alloc(&library->arena, sizeof(*text));
	REQUIRE(text);
	text->included = where;
	text->source = (struct source){.name = texts[i].name,
				       .text = texts[i].text,
				       .size = strlen(texts[i].text),
				       .depth = where.source->depth + 1,
				       .included = &text->included};
	return library->read[i] = &text->source;
}

/* --- policies */

static struct source written(const struct policy *policy)
{
	struct source source = {.name = "written", .depth = 1};
	char *text = NULL;
	FILE *memory = open_memstream(&text, &source.size);

	REQUIRE(memory);
	policy_write(memory, policy);
	REQUIRE(fclose(memory) == 0);
	source.text = text;
	return source;
}

static void check_same_meaning(const struct policy *a, const struct policy *b)
{
	struct request request = {0};

	for (request.op = 0; request.op < 80; request.op++) {
		for (unsigned i = 0; i < 4; i++) {
			request.is_register = i == 0;
			request.value[FIELD_SQE_FLAGS] = i == 0 ? 0 : 0x0b >> i;
			REQUIRE(policy_decide(a, &request).allowed ==
				policy_decide(b, &request).allowed);
		}
	}
}

static void check_written(const struct policy *policy)
{
	struct source first = written(policy), second;
	struct policy again = {.arch = policy->arch};
	struct diags diags = {0};

	parse_text(&again, &diags, &first, NULL);
	REQUIRE(!diags.first);
	second = written(&again);
	REQUIRE(first.size == second.size && memcmp(first.text, second.text, first.size) == 0);
	check_same_meaning(policy, &again);
	free((char *)first.text);
	free((char *)second.text);
	policy_destroy(&again);
	diags_destroy(&diags);
}

/* --- kinds of texts */

enum input { INPUT_TEXT, INPUT_RULE, INPUT_LIST, INPUT_DEFAULT, INPUT_REQUEST, INPUTS };

static void read_policy(struct policy *policy, struct diags *diags, const struct source *source,
			enum input kind, unsigned variant)
{
	static const enum effect effects[] = {EFFECT_ALLOW, EFFECT_DENY, EFFECT_REQUIRE};
	struct library library = {0};
	struct loader loader = {.data = &library, .load = load};

	if (kind == INPUT_TEXT)
		parse_text(policy, diags, source, &loader);
	else if (kind == INPUT_RULE)
		parse_rule(policy, diags, source, &loader);
	else if (kind == INPUT_DEFAULT)
		parse_default(policy, diags, source);
	else if (variant < 2 * SUBJECTS)
		parse_list(policy, diags, source, variant % SUBJECTS, effects[variant / SUBJECTS]);
	else
		parse_list(policy, diags, source, SUBJECT_SQE_FLAGS, EFFECT_REQUIRE);
	policy_check(policy, diags);
	if (!diag_failed(diags)) {
		lint(policy, diags);
		check_written(policy);
	}
	check_messages(diags);
	arena_destroy(&library.arena);
}

static void read_request(const struct source *source, enum arch arch, struct diags *diags)
{
	struct request request;

	if (request_parse(&request, source, arch, diags))
		REQUIRE(request.op <= UINT8_MAX);
	else
		REQUIRE(diag_failed(diags));
	check_messages(diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned choice = size > 0 ? data[0] : 0;
	enum input kind = choice % INPUTS;
	struct source source = {.name = "input", .one_line = kind != INPUT_TEXT};
	struct policy policy = {.arch = choice / INPUTS % ARCHS};
	struct diags diags = {0};

	if (size == 0)
		return 0;
	source.text = (const char *)data + 1;
	source.size = size - 1;
	source.depth = kind == INPUT_TEXT;
	/* The argument of an option ends at a NUL, which only a file can have. */
	if (source.one_line)
		source.size = strnlen(source.text, source.size);
	if (kind == INPUT_REQUEST)
		read_request(&source, policy.arch, &diags);
	else
		read_policy(&policy, &diags, &source, kind, choice / INPUTS / ARCHS % 8);
	policy_destroy(&policy);
	diags_destroy(&diags);
	return 0;
}
