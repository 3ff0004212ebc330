// SPDX-License-Identifier: MIT
#include "policy/import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/memstream.h"
#include "policy/parse.h"
#include "policy/write.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* No name of a system call in the tables is as long. */
#define CALL_SIZE 32

/* What an op hangs on. */
static const struct op_calls {
	const char *op;
	const char *calls;
} op_calls[] = {
#define OP(number, name, payload, groups, since, calls, help) {#name, calls},
#include "policy/op.def"
#undef OP
};

#define RING_ONLY(op, why)
#define ARGUMENT(call, index, field)
#define REGISTER_CALLS(register_op, calls, why)

static const struct register_calls {
	const char *op;
	const char *calls;
	const char *why;
} register_calls[] = {
#undef REGISTER_CALLS
#define REGISTER_CALLS(register_op, calls, why) {#register_op, calls, why},
#include "policy/import.def"
#undef REGISTER_CALLS
#define REGISTER_CALLS(register_op, calls, why)
};

static const struct argument {
	const char *call;
	unsigned index;
	enum field_id field;
} arguments[] = {
#undef ARGUMENT
#define ARGUMENT(call, index, field) {#call, index, FIELD_##field},
#include "policy/import.def"
};

#undef RING_ONLY
#undef ARGUMENT
#undef REGISTER_CALLS

static const char *const ring_calls[] = {"io_uring_setup", "io_uring_enter", "io_uring_register"};

/* --- profiles */

bool import_add(struct import_profile *profile, const char *call, enum import_action action,
		const struct import_test *tests, size_t nr_tests)
{
	struct import_rule *rule = arena_alloc(&profile->arena, sizeof(*rule));
	char *copy = arena_alloc(&profile->arena, strlen(call) + 1);

	if (!rule || !copy)
		return false;
	rule->call = strcpy(copy, call);
	rule->action = action;
	rule->tests = tests;
	rule->nr_tests = nr_tests;
	if (profile->last)
		profile->last->next = rule;
	else
		profile->first = rule;
	profile->last = rule;
	return true;
}

void import_profile_destroy(struct import_profile *profile)
{
	arena_destroy(&profile->arena);
	*profile = (struct import_profile){0};
}

/* --- lists of calls */

/*
 * Takes the next name off a list in policy/op.def. `mark` is what comes before it: '?', ' ' where
 * it starts a word, or '|' within one.
 */
static bool next_call(const char **list, char *mark, char call[CALL_SIZE])
{
	size_t size;

	*mark = **list == '|' ? '|' : ' ';
	*list += strspn(*list, " |");
	if (**list == '?')
		*mark = *(*list)++;
	size = strcspn(*list, " |");
	if (size == 0 || size >= CALL_SIZE)
		return false;
	memcpy(call, *list, size);
	call[size] = '\0';
	*list += size;
	return true;
}

static void see_list(const char *list, void (*see)(void *data, const char *call), void *data)
{
	char call[CALL_SIZE], mark;

	while (next_call(&list, &mark, call))
		see(data, call);
}

void import_calls(void (*see)(void *data, const char *call), void *data)
{
	for (size_t i = 0; i < COUNT(op_calls); i++)
		see_list(op_calls[i].calls, see, data);
	for (size_t i = 0; i < COUNT(register_calls); i++)
		see_list(register_calls[i].calls, see, data);
	for (size_t i = 0; i < COUNT(ring_calls); i++)
		see(data, ring_calls[i]);
}

/* --- whether a call is allowed, whatever its arguments */

enum standing {
	ALLOWED,
	UNLISTED,      /* no rule is about it, and the default denies */
	DENIED,	       /* by a rule */
	LOGGED,	       /* by a rule or the default */
	ASKED,	       /* likewise */
	SOMETIMES,     /* rules allow it for some arguments */
	NOT_SOMETIMES, /* rules do not allow it for some arguments */
};

static const char *standing_text(enum standing standing)
{
	switch (standing) {
	case ALLOWED:
		return "allowed";
	case UNLISTED:
		return "not allowed";
	case DENIED:
		return "denied by a rule";
	case LOGGED:
		return "logged, which a request would not be";
	case ASKED:
		return "left to another process, which a request does not reach";
	case SOMETIMES:
		return "allowed only for some arguments, which a filter does not see";
	case NOT_SOMETIMES:
		break;
	}
	return "denied for some arguments, which a filter does not see";
}

static enum standing action_standing(enum import_action action, enum standing denied)
{
	switch (action) {
	case IMPORT_ALLOW:
		return ALLOWED;
	case IMPORT_DENY:
		return denied;
	case IMPORT_LOG:
		return LOGGED;
	case IMPORT_ASK:
		break;
	}
	return ASKED;
}

static enum standing standing_of(const struct import_profile *profile, const char *call)
{
	enum standing found = action_standing(profile->otherwise, UNLISTED);
	bool open = profile->otherwise == IMPORT_ALLOW;

	for (const struct import_rule *rule = profile->first; rule; rule = rule->next) {
		if (strcmp(rule->call, call) != 0)
			continue;
		if (rule->action != IMPORT_ALLOW && rule->nr_tests == 0)
			return action_standing(rule->action, DENIED);
		if (rule->action != IMPORT_ALLOW)
			found = NOT_SOMETIMES;
		else if (rule->nr_tests == 0)
			open = true;
		else if (found != NOT_SOMETIMES && !open)
			found = SOMETIMES;
	}
	return open && found != NOT_SOMETIMES ? ALLOWED : found;
}

/* Whether a rule names the call and does not allow it. */
static bool is_named_denied(const struct import_profile *profile, const char *call)
{
	for (const struct import_rule *rule = profile->first; rule; rule = rule->next)
		if (rule->action != IMPORT_ALLOW && strcmp(rule->call, call) == 0)
			return true;
	return false;
}

const char *import_missing_call(const struct import_profile *profile)
{
	for (size_t i = 0; i < COUNT(ring_calls); i++)
		if (standing_of(profile, ring_calls[i]) != ALLOWED)
			return ring_calls[i];
	return NULL;
}

/* --- tests of arguments */

/* What a test, or a rule's tests together, come to on the fields. */
enum truth { NEVER, ALWAYS, DEPENDS };

/* A condition as text, where its truth depends. */
struct term {
	enum truth truth;
	char text[512];
};

/* Such a number of tests is no profile; together they fit into a term. */
#define TESTS_MAX 6

/* How many different terms a statement has at most. */
#define TERMS_MAX 256

static const struct argument *find_argument(const char *call, unsigned index)
{
	for (size_t i = 0; i < COUNT(arguments); i++)
		if (arguments[i].index == index && strcmp(arguments[i].call, call) == 0)
			return &arguments[i];
	return NULL;
}

static bool has_arguments(const char *call)
{
	for (size_t i = 0; i < COUNT(arguments); i++)
		if (strcmp(arguments[i].call, call) == 0)
			return true;
	return false;
}

static bool test_holds(const struct import_test *test, uint64_t argument)
{
	switch (test->relation) {
	case IMPORT_NE:
		return argument != test->value;
	case IMPORT_LT:
		return argument < test->value;
	case IMPORT_LE:
		return argument <= test->value;
	case IMPORT_EQ:
		return argument == test->value;
	case IMPORT_GE:
		return argument >= test->value;
	case IMPORT_GT:
		return argument > test->value;
	case IMPORT_MASKED_EQ:
		break;
	}
	return (argument & test->value) == test->other;
}

static void set_term(struct term *term, enum truth truth)
{
	term->truth = truth;
	term->text[0] = '\0';
}

/*
 * The type of a socket, of which a filter does not see SOCK_CLOEXEC and SOCK_NONBLOCK
 * (net/socket.c, __sys_socket_create). A rule that allows has to hold with and without them, one
 * that denies with or without.
 */
static void type_term(const struct import_test *test, bool allow, struct term *term)
{
	static const uint64_t unseen[] = {0, 02000000, 04000, 02004000};
	size_t size = (size_t)sprintf(term->text, "type in {");
	unsigned matching = 0;

	for (unsigned type = 0; type < 16; type++) {
		unsigned holds = 0;

		for (size_t i = 0; i < COUNT(unseen); i++)
			holds += test_holds(test, type | unseen[i]);
		if (allow ? holds < COUNT(unseen) : holds == 0)
			continue;
		size += (size_t)sprintf(term->text + size, matching ? ", %u" : "%u", type);
		matching++;
	}
	strcpy(term->text + size, "}");
	term->truth = matching == 0 ? NEVER : matching == 16 ? ALWAYS : DEPENDS;
}

static void compare_term(const char *field, const char *operator, uint64_t value, struct term *term)
{
	term->truth = DEPENDS;
	snprintf(term->text, sizeof(term->text), "%s %s %" PRIu64, field, operator, value);
}

/* What is compared with `value` is less than 2^32, since the argument is an int or unsigned. */
static void order_term(const struct import_test *test, const char *field, struct term *term)
{
	static const char *const operators[] = {
		[IMPORT_NE] = "!=", [IMPORT_LT] = "<",	[IMPORT_LE] = "<=",
		[IMPORT_EQ] = "==", [IMPORT_GE] = ">=", [IMPORT_GT] = ">"};
	bool at_0 = test_holds(test, 0), at_max = test_holds(test, UINT32_MAX);
	bool inner = test->relation == IMPORT_EQ || test->relation == IMPORT_NE;

	if (test->value > UINT32_MAX || (!inner && at_0 == at_max))
		set_term(term, at_0 ? ALWAYS : NEVER);
	else
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): masks are not compared here */
		compare_term(field, operators[test->relation], test->value, term);
}

static void mask_term(const struct import_test *test, const char *field, uint64_t unseen,
		      struct term *term)
{
	uint64_t mask = test->value & UINT32_MAX & ~unseen;
	uint64_t other = test->other & ~unseen;

	if (other > UINT32_MAX) {
		set_term(term, NEVER);
	} else if (mask == 0) {
		set_term(term, ALWAYS);
	} else if (mask == UINT32_MAX) {
		compare_term(field, "==", other, term);
	} else {
		term->truth = DEPENDS;
		snprintf(term->text, sizeof(term->text), "%s & 0x%" PRIx64 " == 0x%" PRIx64, field,
			 mask, other);
	}
}

/*
 * Open flags: the kernel adds O_LARGEFILE or not, whatever a program asks for, so that it is no
 * part of what a rule can mean.
 */
static void flags_term(const struct import_test *test, bool allow, struct term *term)
{
	uint64_t unseen = open_largefile[arch_here];
	struct import_test seen = *test;

	if (test->relation == IMPORT_MASKED_EQ) {
		mask_term(test, "flags", unseen, term);
	} else if (test->relation == IMPORT_EQ || test->relation == IMPORT_NE) {
		seen.value &= ~unseen;
		order_term(&seen, "flags", term);
	} else {
		set_term(term, allow ? NEVER : ALWAYS);
	}
}

/* A condition on fields that implies the test where the rule allows, or that it implies if not. */
static void test_term(const char *call, const struct import_test *test, bool allow,
		      struct term *term)
{
	const struct argument *argument = find_argument(call, test->index);
	/* Of bits outside of the mask libseccomp thinks nothing, and others that they never match. */
	bool ambiguous = test->relation == IMPORT_MASKED_EQ && (test->other & ~test->value);

	if (!argument || ambiguous)
		set_term(term, allow ? NEVER : ALWAYS);
	else if (argument->field == FIELD_TYPE)
		type_term(test, allow, term);
	else if (argument->field == FIELD_FLAGS)
		flags_term(test, allow, term);
	else if (test->relation == IMPORT_MASKED_EQ)
		mask_term(test, fields[argument->field].name, 0, term);
	else
		order_term(test, fields[argument->field].name, term);
}

/* Adds a test to those that all have to hold, or of which one has to. */
static void join(struct term *term, const struct term *with, bool all)
{
	enum truth neutral = all ? ALWAYS : NEVER, decisive = all ? NEVER : ALWAYS;
	size_t size = strlen(term->text);

	if (term->truth == decisive || with->truth == neutral)
		return;
	if (term->truth == neutral || with->truth == decisive)
		*term = *with;
	else
		snprintf(term->text + size, sizeof(term->text) - size, " %s %s", all ? "and" : "or",
			 with->text);
}

/*
 * Two tests of one argument: libseccomp refuses them, and some runtimes then take each test of the
 * rule for a rule of its own.
 */
static bool is_ambiguous(const struct import_rule *rule)
{
	for (size_t i = 0; i < rule->nr_tests; i++)
		for (size_t j = 0; j < i; j++)
			if (rule->tests[i].index == rule->tests[j].index)
				return true;
	return false;
}

static void rule_term(const struct import_rule *rule, struct term *term)
{
	bool allow = rule->action == IMPORT_ALLOW;
	bool all = allow || !is_ambiguous(rule);
	struct term test;

	set_term(term, all ? ALWAYS : NEVER);
	if (rule->nr_tests > TESTS_MAX) {
		set_term(term, allow ? NEVER : ALWAYS);
		return;
	}
	for (size_t i = 0; i < rule->nr_tests; i++) {
		test_term(rule->call, &rule->tests[i], allow, &test);
		join(term, &test, all);
	}
}

/* --- conditions */

/* The terms of a call's rules that allow, or that deny, each once: one of them has to hold. */
struct terms {
	enum truth truth;
	struct term *terms; /* TERMS_MAX of them */
	size_t nr_terms;
	bool too_many;
};

static void add_term(struct terms *terms, const struct term *term)
{
	for (size_t i = 0; i < terms->nr_terms; i++)
		if (strcmp(terms->terms[i].text, term->text) == 0)
			return;
	if (terms->nr_terms < TERMS_MAX)
		terms->terms[terms->nr_terms++] = *term;
	else
		terms->too_many = true;
}

static bool collect(const struct import_profile *profile, const char *call, bool allow,
		    struct terms *terms)
{
	struct term term;

	*terms = (struct terms){.terms = calloc(TERMS_MAX, sizeof(*terms->terms))};
	terms->truth = allow && profile->otherwise == IMPORT_ALLOW ? ALWAYS : NEVER;
	for (const struct import_rule *rule = profile->first; rule && terms->terms;
	     rule = rule->next) {
		if (strcmp(rule->call, call) != 0 || (rule->action == IMPORT_ALLOW) != allow)
			continue;
		rule_term(rule, &term);
		if (term.truth == ALWAYS)
			terms->truth = ALWAYS;
		else if (term.truth == DEPENDS)
			add_term(terms, &term);
	}
	if (terms->nr_terms > 0 && terms->truth == NEVER)
		terms->truth = DEPENDS;
	return terms->terms;
}

static void put_terms(FILE *out, const char *effect, const char *op, const struct terms *terms)
{
	fprintf(out, "%s %s if ", effect, op);
	for (size_t i = 0; i < terms->nr_terms; i++)
		fprintf(out, "%s(%s)", i > 0 ? " or " : "", terms->terms[i].text);
	putc('\n', out);
}

/* --- ops */

struct import {
	const struct import_profile *profile;
	FILE *text;    /* statements */
	FILE *reasons; /* comments that follow them */
	bool failed;   /* memory ran out */
};

/* An op, or a register op, that is being decided. */
struct subject_op {
	const char *kind; /* "register " or "" */
	const char *name;
	const char *calls;
	bool conditional; /* the rules for the call of its name are carried over */
};

static void put_reason(struct import *import, const struct subject_op *op, const char *call,
		       const char *why)
{
	fprintf(import->reasons, "#   %s%s: %s(2) is %s\n", op->kind, op->name, call, why);
}

/* One word of the list, "read" or "poll|ppoll". Moves the list to the next. */
static bool word_allows(struct import *import, struct subject_op *op, const char **list,
			const char *first)
{
	enum standing standing = standing_of(import->profile, first);
	bool denied = is_named_denied(import->profile, first);
	const char *alternatives = **list == '|' ? *list : NULL;
	bool allowed = standing == ALLOWED;
	char call[CALL_SIZE], culprit[CALL_SIZE], mark;

	strcpy(culprit, first);
	while (**list == '|' && next_call(list, &mark, call)) {
		allowed = allowed || standing_of(import->profile, call) == ALLOWED;
		if (!denied && is_named_denied(import->profile, call)) {
			denied = true;
			strcpy(culprit, call);
		}
	}
	if (allowed && !denied)
		return true;
	standing = standing_of(import->profile, culprit);
	if (!alternatives && (standing == SOMETIMES || standing == NOT_SOMETIMES) &&
	    strcmp(culprit, op->name) == 0 && has_arguments(culprit)) {
		op->conditional = true;
		return true;
	}
	if (alternatives && standing == UNLISTED)
		fprintf(import->reasons, "#   %s%s: none of %s%.*s is allowed\n", op->kind,
			op->name, first, (int)(*list - alternatives), alternatives);
	else
		put_reason(import, op, culprit, standing_text(standing));
	return false;
}

/* Whether all of an op's calls are allowed, but for one whose rules become its condition. */
static bool calls_allow(struct import *import, struct subject_op *op)
{
	const char *list = op->calls;
	char call[CALL_SIZE], mark;

	while (next_call(&list, &mark, call)) {
		if (mark == '?' && is_named_denied(import->profile, call)) {
			put_reason(import, op, call,
				   standing_text(standing_of(import->profile, call)));
			return false;
		}
		if (mark != '?' && !word_allows(import, op, &list, call))
			return false;
	}
	return true;
}

/* Of an op whose call has its name. */
static void put_conditions(struct import *import, const struct subject_op *op)
{
	struct terms allow = {0}, deny = {0};

	if (!collect(import->profile, op->name, true, &allow) ||
	    !collect(import->profile, op->name, false, &deny))
		import->failed = true;
	else if (allow.too_many || deny.too_many)
		put_reason(import, op, op->name, "subject to too many rules");
	else if (allow.truth == NEVER || deny.truth == ALWAYS)
		put_reason(import, op, op->name,
			   standing_text(allow.truth == NEVER ? SOMETIMES : NOT_SOMETIMES));
	else if (allow.truth == ALWAYS)
		fprintf(import->text, "allow %s\n", op->name);
	else
		put_terms(import->text, "allow", op->name, &allow);
	if (deny.truth == DEPENDS && allow.truth != NEVER && !allow.too_many && !deny.too_many)
		put_terms(import->text, "deny", op->name, &deny);
	free(allow.terms);
	free(deny.terms);
}

static void import_op(struct import *import, const struct op_calls *calls)
{
	struct subject_op op = {.kind = "", .name = calls->op, .calls = calls->calls};

	if (!calls_allow(import, &op))
		return;
	if (op.conditional)
		put_conditions(import, &op);
	else
		fprintf(import->text, "allow %s\n", op.name);
}

static void import_register_op(struct import *import, const struct register_calls *calls)
{
	struct subject_op op = {.kind = "register ", .name = calls->op, .calls = calls->calls};

	if (calls->calls[0] && calls_allow(import, &op))
		return;
	fprintf(import->text, "deny register %s\n", calls->op);
	if (!calls->calls[0])
		fprintf(import->reasons, "#   register %s: no system call %s\n", calls->op,
			calls->why);
}

/* --- writing */

/* Reads statements and writes them in their normal form. */
static bool normalize(FILE *out, char *text, size_t size, struct arena *arena, struct diags *diags)
{
	struct source *source = arena_alloc(arena, sizeof(*source));
	char *copy = arena_alloc(arena, size + 1);
	struct policy policy = {.arch = arch_here};

	if (!source || !copy) {
		diag_no_memory(diags);
		return false;
	}
	memcpy(copy, text, size);
	*source =
		(struct source){.name = "imported policy", .text = copy, .size = size, .depth = 1};
	parse_text(&policy, diags, source, NULL);
	policy_check(&policy, diags);
	if (!diag_failed(diags))
		policy_write(out, &policy);
	policy_destroy(&policy);
	return !diag_failed(diags);
}

static void put_statements(struct import *import)
{
	fputs("default deny\n", import->text);
	for (size_t i = 0; i < COUNT(op_calls); i++)
		import_op(import, &op_calls[i]);
	for (size_t i = 0; i < COUNT(register_calls); i++)
		import_register_op(import, &register_calls[i]);
}

bool import_write(FILE *out, const struct import_profile *profile, struct arena *arena,
		  struct diags *diags)
{
	struct import import = {.profile = profile};
	char *text = NULL, *reasons = NULL;
	size_t text_size, reasons_size;
	bool good = false;

	import.text = open_memstream(&text, &text_size);
	import.reasons = open_memstream(&reasons, &reasons_size);
	if (import.text && import.reasons)
		put_statements(&import);
	else
		import.failed = true;
	if (!memstream_close(import.text, &text))
		import.failed = true;
	if (!memstream_close(import.reasons, &reasons))
		import.failed = true;
	if (import.failed)
		diag_no_memory(diags);
	else
		good = normalize(out, text, text_size, arena, diags);
	if (good && reasons_size > 0)
		fprintf(out, "\n# Denied:\n%s", reasons);
	free(text);
	free(reasons);
	return good;
}

/* --- linux.ioUring */

static void put_names(FILE *text, const char *start, const struct table *table,
		      const struct set *set)
{
	const char *before = start;

	for (size_t i = 0; i < table->n; i++) {
		if (!set_has(set, (unsigned)table->rows[i].number))
			continue;
		fprintf(text, "%s%s", before, table->rows[i].name);
		before = ", ";
	}
	if (before != start)
		putc('\n', text);
}

/* The families are a condition on an op that would otherwise be allowed. */
static void put_families(FILE *text, const struct import_io_uring *object)
{
	const char *before = "allow socket if family in {";

	for (unsigned family = 0; family < 256; family++) {
		if (!set_has(&object->families, family))
			continue;
		fprintf(text, "%s%u", before, family);
		before = ", ";
	}
	fputs(before[0] == ',' ? "}\n" : "deny socket\n", text);
}

static void put_object(FILE *text, const struct import_io_uring *object)
{
	const struct row *socket = table_find(&op_table, "socket", strlen("socket"));
	bool allows_socket = set_has(&object->ops, (unsigned)socket->number) != object->allows;
	struct set ops = object->ops;

	if (allows_socket && object->has_families)
		set_remove(&ops, (unsigned)socket->number);
	fprintf(text, "default %s\n", object->allows ? "allow" : "deny");
	put_names(text, object->allows ? "deny " : "allow ", &op_table, &ops);
	if (allows_socket && object->has_families)
		put_families(text, object);
	if (object->denied_sqe_flags)
		fprintf(text, "deny sqe_flags 0x%x\n", object->denied_sqe_flags);
}

bool import_write_io_uring(FILE *out, const struct import_io_uring *object, struct arena *arena,
			   struct diags *diags)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);
	bool good = false;

	if (memory)
		put_object(memory, object);
	if (!memstream_close(memory, &text))
		diag_no_memory(diags);
	else
		good = normalize(out, text, size, arena, diags);
	free(text);
	return good;
}
