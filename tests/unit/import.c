// SPDX-License-Identifier: MIT
#include "policy/import.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import-json.h"
#include "policy/decide.h"
#include "policy/lint.h"
#include "policy/parse.h"
#include "policy/uring-abi.h"
#include "tests/cases/random.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SOCK_CLOEXEC_NONBLOCK UINT64_C(02004000)

static const struct machine machine = {"amd64", {7, 2, 6}};

/* --- profiles and what becomes of them */

struct imported {
	struct import_profile profile;
	struct arena arena;
	struct diags diags;
	struct policy policy;
	struct source source;
	char *text;
};

static void destroy(struct imported *imported)
{
	policy_destroy(&imported->policy);
	import_profile_destroy(&imported->profile);
	diags_destroy(&imported->diags);
	arena_destroy(&imported->arena);
	free(imported->text);
	*imported = (struct imported){0};
}

/* Writes the policy and reads it. */
static void read_written(struct imported *imported)
{
	size_t size = 0;
	FILE *out = open_memstream(&imported->text, &size);

	cr_assert(import_write(out, &imported->profile, &imported->arena, &imported->diags));
	cr_assert_eq(fclose(out), 0);
	imported->source = (struct source){
		.name = "imported", .text = imported->text, .size = size, .depth = 1};
	imported->policy.arch = arch_here;
	parse_text(&imported->policy, &imported->diags, &imported->source, NULL);
	policy_check(&imported->policy, &imported->diags);
	cr_assert_null(imported->diags.first, "%s:\n%s", imported->diags.first->message,
		       imported->text);
}

/* A profile in which some calls, with blanks between them, are not as the others. */
static void import_list(struct imported *imported, enum import_action otherwise, const char *calls,
			enum import_action action)
{
	char copy[512], *rest = copy;

	imported->profile.otherwise = otherwise;
	snprintf(copy, sizeof(copy), "%s", calls);
	for (char *call; (call = strtok_r(rest, " ", &rest));)
		cr_assert(import_add(&imported->profile, call, action, NULL, 0));
	read_written(imported);
}

static bool allows(const struct imported *imported, const char *op)
{
	const struct row *row = table_find(&op_table, op, strlen(op));
	struct request request = {0};

	cr_assert(row, "%s", op);
	request.op = (unsigned)row->number;
	return policy_decide(&imported->policy, &request).allowed;
}

/* --- tables */

static const struct {
	const char *op, *calls;
} op_calls[] = {
#define OP(number, name, payload, groups, since, calls, help) {#name, calls},
#include "policy/op.def"
#undef OP
};

static const char *const ring_only[] = {
#define RING_ONLY(op, why) #op,
#define ARGUMENT(call, index, field)
#define REGISTER_CALLS(register_op, calls, why)
#include "policy/import.def"
#undef RING_ONLY
};

static const char *const register_ops[] = {
#define RING_ONLY(op, why)
#undef REGISTER_CALLS
#define REGISTER_CALLS(register_op, calls, why) #register_op,
#include "policy/import.def"
#undef RING_ONLY
#undef ARGUMENT
#undef REGISTER_CALLS
};

static bool is_ring_only(const char *op)
{
	for (size_t i = 0; i < COUNT(ring_only); i++)
		if (strcmp(ring_only[i], op) == 0)
			return true;
	return false;
}

Test(import, an_op_has_calls_or_a_reason_for_none)
{
	for (size_t i = 0; i < COUNT(op_calls); i++)
		cr_expect_neq(is_ring_only(op_calls[i].op), op_calls[i].calls[0] != '\0', "%s",
			      op_calls[i].op);
	for (size_t i = 0; i < COUNT(ring_only); i++)
		cr_expect(table_find(&op_table, ring_only[i], strlen(ring_only[i])), "%s",
			  ring_only[i]);
	for (size_t i = 0; i < COUNT(register_ops); i++)
		cr_expect(table_find(&register_table, register_ops[i], strlen(register_ops[i])),
			  "%s", register_ops[i]);
}

/* A misspelt call would be one that no profile denies by name. */
static void expect_known(void *data, const char *call)
{
	struct source source = {.name = "test", .text = call, .size = strlen(call)};
	struct import_profile profile = {0};
	struct diags diags = {0};
	unsigned *seen = data;

	cr_expect(import_systemd(&profile, &source, 1, &diags), "%s", call);
	(*seen)++;
	import_profile_destroy(&profile);
	diags_destroy(&diags);
}

Test(import, calls_are_calls)
{
	unsigned seen = 0;

	import_calls(expect_known, &seen);
	cr_expect_gt(seen, 100);
}

/* --- whole calls */

static const char *words_of(const char *calls, char *word, char *mark)
{
	size_t size;

	*mark = *calls == '|' ? '|' : ' ';
	calls += strspn(calls, " |");
	if (*calls == '?')
		*mark = *calls++;
	size = strcspn(calls, " |");
	memcpy(word, calls, size);
	word[size] = '\0';
	return size ? calls + size : NULL;
}

/* Each call by itself, taken from a profile that allows all: every op that needs it is denied. */
Test(import, an_op_falls_with_each_of_its_calls)
{
	for (size_t i = 0; i < COUNT(op_calls); i++) {
		const char *calls = op_calls[i].calls;
		char call[64], mark;

		while ((calls = words_of(calls, call, &mark))) {
			for (unsigned action = IMPORT_DENY; action <= IMPORT_ASK; action++) {
				struct imported imported = {0};

				import_list(&imported, IMPORT_ALLOW, call, action);
				cr_expect_not(allows(&imported, op_calls[i].op), "%s %s",
					      op_calls[i].op, call);
				destroy(&imported);
			}
		}
	}
}

/* And in one that denies all, an op is allowed by all of its calls, and by no fewer. */
Test(import, an_op_needs_all_of_its_calls)
{
	for (size_t i = 0; i < COUNT(op_calls); i++) {
		char needed[256] = "", but_last[256] = "", call[64], mark;
		struct imported with = {0}, without = {0};

		for (const char *calls = op_calls[i].calls;
		     (calls = words_of(calls, call, &mark));) {
			if (mark != ' ')
				continue;
			strcpy(but_last, needed);
			strcat(strcat(needed, call), " ");
		}
		import_list(&with, IMPORT_DENY, needed, IMPORT_ALLOW);
		cr_expect(allows(&with, op_calls[i].op), "%s", op_calls[i].op);
		import_list(&without, IMPORT_DENY, but_last, IMPORT_ALLOW);
		cr_expect_eq(allows(&without, op_calls[i].op), is_ring_only(op_calls[i].op), "%s",
			     op_calls[i].op);
		destroy(&with);
		destroy(&without);
	}
}

Test(import, one_of_several_calls_that_do_the_same_is_enough)
{
	struct imported imported = {0};

	import_list(&imported, IMPORT_DENY, "epoll_pwait2 ppoll", IMPORT_ALLOW);
	cr_expect(allows(&imported, "epoll_wait"));
	cr_expect(allows(&imported, "poll_add"));
	destroy(&imported);
}

Test(import, only_allowing_allows)
{
	static const enum import_action actions[] = {IMPORT_DENY, IMPORT_LOG, IMPORT_ASK};

	for (size_t i = 0; i < COUNT(actions); i++) {
		struct imported imported = {0};

		import_list(&imported, actions[i], "statx", IMPORT_ALLOW);
		cr_expect(allows(&imported, "statx"));
		cr_expect_not(allows(&imported, "close"));
		destroy(&imported);
	}
}

/* What no table knows is denied, even by a profile that allows all. */
Test(import, ops_to_come_are_denied)
{
	struct imported imported = {0};
	struct request request = {.op = 65};

	import_list(&imported, IMPORT_ALLOW, "", IMPORT_DENY);
	cr_expect(allows(&imported, "uring_cmd"));
	cr_expect_not(policy_decide(&imported.policy, &request).allowed);
	destroy(&imported);
}

/* --- arguments: random rules, held against each reading of them that a runtime has */

static const uint64_t numbers[] = {
	0,	   1, 2, 3, 5, 9, 10, 16, 17, 02000001, 04000002, UINT32_MAX, UINT64_C(0x100000002),
	UINT64_MAX};

static uint64_t random_number(struct random *random)
{
	return numbers[random_below(random, COUNT(numbers))];
}

static const struct import_test *random_tests(struct random *random, struct arena *arena,
					      unsigned arguments, size_t count)
{
	struct import_test *tests = arena_alloc(arena, (count + 1) * sizeof(*tests));

	cr_assert(tests);
	for (size_t i = 0; i < count; i++) {
		tests[i].index = random_below(random, arguments);
		tests[i].relation = random_below(random, IMPORT_MASKED_EQ + 1);
		tests[i].value = random_number(random);
		tests[i].other = random_number(random);
		/* Mostly such that it can be true. */
		if (tests[i].relation == IMPORT_MASKED_EQ && random_below(random, 4) > 0)
			tests[i].other &= tests[i].value;
	}
	return tests;
}

static void random_profile(struct random *random, const char *call, unsigned arguments,
			   struct import_profile *profile)
{
	static const enum import_action actions[] = {IMPORT_ALLOW, IMPORT_ALLOW, IMPORT_DENY,
						     IMPORT_LOG, IMPORT_ASK};
	unsigned rules = 1 + random_below(random, 4);

	profile->otherwise = random_below(random, 3) ? IMPORT_DENY : IMPORT_ALLOW;
	while (rules-- > 0) {
		size_t count = random_below(random, 8) ? 1 + random_below(random, 2) : 0;

		cr_assert(import_add(profile, call, actions[random_below(random, COUNT(actions))],
				     random_tests(random, &profile->arena, arguments, count),
				     count));
	}
}

static bool holds(const struct import_test *test, uint64_t value)
{
	switch (test->relation) {
	case IMPORT_NE:
		return value != test->value;
	case IMPORT_LT:
		return value < test->value;
	case IMPORT_LE:
		return value <= test->value;
	case IMPORT_EQ:
		return value == test->value;
	case IMPORT_GE:
		return value >= test->value;
	case IMPORT_GT:
		return value > test->value;
	case IMPORT_MASKED_EQ:
		break;
	}
	return (value & test->value) == (test->other & test->value);
}

/* The ways in which runtimes differ: which of several rules counts, and what two tests of one
 * argument mean. */
enum reading { FIRST = 1, ANY_TEST = 2, READINGS = 4 };

static bool rule_matches(const struct import_rule *rule, const uint64_t *arguments,
			 enum reading reading)
{
	bool twice = rule->nr_tests == 2 && rule->tests[0].index == rule->tests[1].index;
	size_t held = 0;

	for (size_t i = 0; i < rule->nr_tests; i++)
		held += holds(&rule->tests[i], arguments[rule->tests[i].index]);
	return held == rule->nr_tests || ((reading & ANY_TEST) && twice && held > 0);
}

static bool profile_allows(const struct import_profile *profile, const uint64_t *arguments,
			   enum reading reading)
{
	enum import_action action = profile->otherwise;

	for (const struct import_rule *rule = profile->first; rule; rule = rule->next) {
		if (!rule_matches(rule, arguments, reading))
			continue;
		action = rule->action;
		if (reading & FIRST)
			break;
	}
	return action == IMPORT_ALLOW;
}

/* Whether each reading allows the call; with a socket's type both flags have to make no difference
 * to that, or a request could have them. */
static bool all_allow(const struct import_profile *profile, const uint64_t *arguments, bool socket)
{
	for (unsigned reading = 0; reading < READINGS; reading++) {
		for (unsigned i = 0; i < (socket ? 4 : 1); i++) {
			uint64_t copy[6];

			memcpy(copy, arguments, sizeof(copy));
			copy[1] |= i == 3 ? SOCK_CLOEXEC_NONBLOCK : i == 2 ? 02000000 : i * 04000;
			if (!profile_allows(profile, copy, reading))
				return false;
		}
	}
	return true;
}

/* A request that makes a socket of AF_PACKET by another name does what is asked for with its own. */
static bool is_packet(const uint64_t *arguments)
{
	return arguments[0] == 2 && (arguments[1] & 0xf) == 10;
}

static void compare_sockets(const struct imported *imported, unsigned *allowed)
{
	static const unsigned values[] = {0, 1, 2, 3, 9, 10, 16, 17, 0xffffffff};

	for (unsigned i = 0; i < COUNT(values) * COUNT(values) * 16; i++) {
		uint64_t arguments[6] = {values[i % COUNT(values)], i / COUNT(values) % 16,
					 values[i / COUNT(values) / 16]};
		struct request request = {.op = URING_OP_SOCKET};

		request.value[FIELD_FAMILY] = arguments[0];
		request.value[FIELD_TYPE] = arguments[1];
		request.value[FIELD_PROTOCOL] = arguments[2];
		if (!policy_decide(&imported->policy, &request).allowed)
			continue;
		(*allowed)++;
		if (is_packet(arguments))
			arguments[0] = 17;
		cr_assert(all_allow(&imported->profile, arguments, true),
			  "socket(%" PRIu64 ", %" PRIu64 ", %" PRIu64 "):\n%s", arguments[0],
			  arguments[1], arguments[2], imported->text);
	}
}

static void compare_opens(const struct imported *imported, unsigned *allowed)
{
	static const unsigned values[] = {0, 1, 2, 3, 9, 16, 0100000, 0100001, 02000001, 04000002};

	for (unsigned i = 0; i < COUNT(values) * COUNT(values); i++) {
		uint64_t arguments[6] = {5, 0x1000, values[i % COUNT(values)],
					 values[i / COUNT(values)]};
		struct request request = {.op = 18};

		request.value[FIELD_FLAGS] = arguments[2];
		request.value[FIELD_ACCMODE] = arguments[2] & 3;
		request.value[FIELD_MODE] = arguments[3];
		if (!policy_decide(&imported->policy, &request).allowed)
			continue;
		(*allowed)++;
		/* O_LARGEFILE is the kernel's own business: either way of asking is enough. */
		if (all_allow(&imported->profile, arguments, false))
			continue;
		arguments[2] ^= open_largefile[arch_here];
		cr_assert(all_allow(&imported->profile, arguments, false),
			  "openat(flags %#" PRIx64 ", mode %#" PRIx64 "):\n%s", arguments[2],
			  arguments[3], imported->text);
	}
}

#define PROFILES 4000

Test(import, rules_about_sockets_allow_no_more)
{
	struct random random = {.state = 1};
	unsigned allowed = 0;

	for (unsigned i = 0; i < PROFILES; i++) {
		struct imported imported = {0};

		random_profile(&random, "socket", 4, &imported.profile);
		read_written(&imported);
		compare_sockets(&imported, &allowed);
		destroy(&imported);
	}
	cr_expect_gt(allowed, PROFILES * 100, "%u", allowed);
}

Test(import, rules_about_opens_allow_no_more)
{
	struct random random = {.state = 2};
	unsigned allowed = 0;

	for (unsigned i = 0; i < PROFILES; i++) {
		struct imported imported = {0};

		random_profile(&random, "openat", 4, &imported.profile);
		read_written(&imported);
		compare_opens(&imported, &allowed);
		destroy(&imported);
	}
	cr_expect_gt(allowed, PROFILES * 5, "%u", allowed);
}

/* Rules about other arguments, and about other calls, whose arguments no filter sees. */
Test(import, what_no_filter_sees_denies)
{
	struct import_test test = {.index = 3, .relation = IMPORT_EQ, .value = 1};
	static const char *const calls[] = {"socket", "openat", "openat2", "read", "accept4"};
	static const char *const ops[] = {"socket", "openat", "openat2", "read", "accept"};

	for (size_t i = 0; i < COUNT(calls); i++) {
		struct imported allow = {0}, deny = {0};

		test.index = i == 1 ? 0 : 3;
		import_add(&allow.profile, calls[i], IMPORT_ALLOW, &test, 1);
		import_list(&allow, IMPORT_DENY, "pread64 preadv2", IMPORT_ALLOW);
		cr_expect_not(allows(&allow, ops[i]), "%s", ops[i]);
		import_add(&deny.profile, calls[i], IMPORT_DENY, &test, 1);
		import_list(&deny, IMPORT_ALLOW, "", IMPORT_ALLOW);
		cr_expect_not(allows(&deny, ops[i]), "%s", ops[i]);
		destroy(&allow);
		destroy(&deny);
	}
}

Test(import, too_many_rules_deny)
{
	struct import_test tests[300] = {0};
	struct imported imported = {0};

	for (size_t i = 0; i < COUNT(tests); i++) {
		tests[i] = (struct import_test){.relation = IMPORT_EQ, .value = i};
		import_add(&imported.profile, "socket", IMPORT_ALLOW, &tests[i], 1);
	}
	import_list(&imported, IMPORT_DENY, "", IMPORT_ALLOW);
	cr_expect_not(allows(&imported, "socket"));
	cr_expect(strstr(imported.text, "#   socket: socket(2) is subject to too many rules\n"));
	destroy(&imported);
}

/* --- texts */

static bool read_json(struct imported *imported, const char *text)
{
	struct import_json json = {0};
	bool good;

	imported->source = (struct source){.name = "test", .text = text, .size = strlen(text)};
	good = import_json(&json, &imported->source, &machine, &imported->diags);
	imported->profile = json.profile;
	return good;
}

static const struct {
	const char *rule; /* of statx(2), which is denied otherwise */
	bool applies;
} conditional[] = {
	{"", true},
	{",\"includes\":null,\"excludes\":null,\"args\":null", true},
	{",\"includes\":{},\"excludes\":{},\"args\":[]", true},
	{",\"includes\":{\"caps\":[]}", true},
	{",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", false},
	{",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", true},
	{",\"includes\":{\"arches\":[\"arm64\",\"amd64\"]}", true},
	{",\"includes\":{\"arches\":[\"arm64\"]}", false},
	{",\"excludes\":{\"arches\":[\"amd64\"]}", false},
	{",\"excludes\":{\"arches\":[\"arm64\"]}", true},
	{",\"includes\":{\"minKernel\":\"4.8\"}", true},
	{",\"includes\":{\"minKernel\":\"7.2\"}", true},
	{",\"includes\":{\"minKernel\":\"7.2.6\"}", true},
	{",\"includes\":{\"minKernel\":\"7.2.7\"}", false},
	{",\"includes\":{\"minKernel\":\"7.10\"}", false},
	{",\"includes\":{\"minKernel\":\"10.0\"}", false},
	{",\"excludes\":{\"minKernel\":\"7.2\"}", false},
	{",\"excludes\":{\"minKernel\":\"7.3\"}", true},
	{",\"includes\":{\"arches\":[\"amd64\"],\"caps\":[\"CAP_BPF\"]}", false},
	{",\"\\u0069ncludes\":{\"caps\":[\"CAP_BPF\"]}", false},
};

Test(import, rules_apply_without_capabilities_and_here)
{
	for (size_t i = 0; i < COUNT(conditional); i++) {
		struct imported imported = {0};
		char text[512];

		snprintf(text, sizeof(text),
			 "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":"
			 "[\"statx\"],\"action\":\"SCMP_ACT_ALLOW\"%s}]}",
			 conditional[i].rule);
		cr_assert(read_json(&imported, text), "%s", text);
		read_written(&imported);
		cr_expect_eq(allows(&imported, "statx"), conditional[i].applies, "%s", text);
		destroy(&imported);
	}
}

/* --- SystemCallFilter= */

static const struct {
	const char *text;
	bool read, socket, uring_cmd;
} filters[] = {
	{"read pread64 preadv2", true, false, false},
	{"@basic-io", true, false, false},
	{"@basic-io @network-io", true, true, false},
	{"@basic-io ~preadv2", false, false, false},
	{"@basic-io ~preadv2:EPERM", false, false, false},
	{"@basic-io ~@basic-io\n@basic-io", true, false, false},
	{"@system-service", true, true, true},
	{"@system-service ~@network-io", true, false, false},
	{"@known", true, true, true},
	{"~@network-io", true, false, false},
	{"~ @network-io", true, false, false},
	{"~@network-io\n@network-io", true, true, true},
	{"~@known", false, false, false},
	{"~ioctl:ENOTTY", true, true, false},
	{"~ioctl:kill", true, true, false},
	{"~@clock", true, true, true},
	{"@network-io ~@basic-io @network-io", false, false, false},
};

Test(import, filters_of_systemd)
{
	for (size_t i = 0; i < COUNT(filters); i++) {
		struct imported imported = {0};
		struct source source = {.text = filters[i].text, .size = strlen(filters[i].text)};

		cr_assert(import_systemd(&imported.profile, &source, 1, &imported.diags), "%s",
			  filters[i].text);
		read_written(&imported);
		cr_expect_eq(allows(&imported, "read"), filters[i].read, "%s", filters[i].text);
		cr_expect_eq(allows(&imported, "socket"), filters[i].socket, "%s", filters[i].text);
		cr_expect_eq(allows(&imported, "uring_cmd"), filters[i].uring_cmd, "%s",
			     filters[i].text);
		destroy(&imported);
	}
}
