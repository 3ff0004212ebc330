// SPDX-License-Identifier: MIT
#include "policy/decide.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* tests/cases has what policies decide; here is why, and what one text cannot say. */

static struct source source_of(const char *text, unsigned depth)
{
	return (struct source){.name = "test", .text = text, .size = strlen(text), .depth = depth};
}

static struct decision decide(const struct policy *policy, const char *text)
{
	struct source source = source_of(text, 0);
	struct diags diags = {0};
	struct request request;

	cr_expect(request_parse(&request, &source, policy->arch, &diags), "%s", text);
	diags_destroy(&diags);
	return policy_decide(policy, &request);
}

static void add(struct policy *policy, const struct source *source)
{
	struct diags diags = {0};

	parse_text(policy, &diags, source, NULL);
	cr_expect_not(diag_failed(&diags), "%s", source->text);
	diags_destroy(&diags);
}

static const struct {
	const char *policy, *request;
	bool allowed;
	enum reason reason;
	int nth; /* the statement, from 1; 0: none */
} reasons[] = {
	{"allow nop\ndeny read", "read", false, REASON_DENY, 2},
	{"allow nop\ndeny read", "nop", true, REASON_ALLOW, 1},
	{"allow nop\ndeny read", "write", false, REASON_DEFAULT_INFERRED, 0},
	{"deny read", "write", true, REASON_DEFAULT_INFERRED, 0},
	{"deny read\ndefault allow", "write", true, REASON_DEFAULT, 2},
	{"default deny", "write", false, REASON_DEFAULT, 1},
	{"allow nop if user_data == 1", "nop", false, REASON_ALLOW_UNMET, 1},
	{"allow nop if user_data == 1", "nop user_data=1", true, REASON_ALLOW, 1},
	{"allow nop\nallow connect if port != 0", "connect family=AF_INET", false,
	 REASON_NO_ADDRESS, 2},
	{"deny sqe-flags async", "nop sqe_flags=async", false, REASON_FLAG_DENIED, 1},
	{"allow sqe-flags async", "nop sqe_flags=io_link", false, REASON_FLAG_DENIED, 0},
	{"default sqe-flags deny", "nop sqe_flags=io_link", false, REASON_FLAG_DENIED, 1},
	{"require sqe-flags async", "nop", false, REASON_FLAG_REQUIRED, 1},
	{"require sqe-flags async\nallow nop", "nop sqe_flags=async", true, REASON_ALLOW, 2},
	{"deny register files", "register files", false, REASON_DENY, 1},
	{"allow register files", "register files", true, REASON_ALLOW, 1},
	{"allow register files", "register probe", false, REASON_DEFAULT_INFERRED, 0},
	{"default register deny", "register probe", false, REASON_DEFAULT, 1},
	{"default register deny", "register query", true, REASON_HARMLESS, 0},
	{"deny register query", "register query", false, REASON_DENY, 1},
	{"allow register query", "register query", true, REASON_ALLOW, 1},
	{"allow nop\ndeny msg_ring", "register send_msg_ring", false, REASON_TWIN, 2},
	{"default deny", "register send_msg_ring", false, REASON_TWIN, 1},
	{"allow nop", "register send_msg_ring", false, REASON_TWIN, 0},
	{"allow nop\nallow msg_ring if user_data == 1", "register send_msg_ring", false,
	 REASON_TWIN, 2},
	{"deny nop", "register send_msg_ring", true, REASON_DEFAULT_INFERRED, 0},
	{"deny msg_ring\ndeny register send_msg_ring", "register send_msg_ring", false, REASON_DENY,
	 2},
};

static int number_of(const struct policy *policy, const struct statement *statement)
{
	int n = 0;

	for (const struct statement *s = policy->first; s && statement; s = s->next) {
		n++;
		if (s == statement)
			return n;
	}
	return 0;
}

Test(decide, reasons)
{
	for (size_t i = 0; i < COUNT(reasons); i++) {
		struct source source = source_of(reasons[i].policy, 0);
		struct policy policy = {.arch = arch_here};
		struct decision decision;

		add(&policy, &source);
		decision = decide(&policy, reasons[i].request);
		cr_expect_eq(decision.allowed, reasons[i].allowed, "%s: %s", reasons[i].policy,
			     reasons[i].request);
		cr_expect_eq(decision.reason, reasons[i].reason, "%s: %s", reasons[i].policy,
			     reasons[i].request);
		cr_expect_eq(number_of(&policy, decision.statement), reasons[i].nth, "%s: %s",
			     reasons[i].policy, reasons[i].request);
		policy_destroy(&policy);
	}
}

Test(decide, nothing_said_allows_everything)
{
	struct policy policy = {0};

	cr_expect(decide(&policy, "openat2").allowed);
	cr_expect(decide(&policy, "200 sqe_flags=0xff").allowed);
	cr_expect(decide(&policy, "register files").allowed);
}

/* The command line over a file over a file that is included there, whichever is read first. */
static const struct {
	const char *text[3];
	unsigned depth[3];
	bool allowed;
} levels[] = {
	{{"default deny", "default allow"}, {0, 1}, false},
	{{"default deny", "default allow"}, {1, 0}, true},
	{{"default allow", "default deny", "allow nop"}, {2, 1, 0}, false},
	{{"default deny", "default allow", "default deny"}, {2, 1, 3}, true},
	{{"default register deny", "default deny", "default allow"}, {0, 2, 1}, true},
	/* An inferred default gives way to a stated one, wherever that stands. */
	{{"allow nop", "default allow"}, {0, 3}, true},
	{{"deny nop", "default deny"}, {0, 3}, false},
	/* Rules are the same on every level. */
	{{"allow read", "deny read"}, {0, 2}, false},
	{{"deny read", "allow read"}, {0, 2}, false},
};

Test(decide, the_outermost_default_wins)
{
	for (size_t i = 0; i < COUNT(levels); i++) {
		struct source sources[3];
		struct policy policy = {0};

		for (size_t j = 0; j < 3 && levels[i].text[j]; j++) {
			sources[j] = source_of(levels[i].text[j], levels[i].depth[j]);
			add(&policy, &sources[j]);
		}
		cr_expect_eq(decide(&policy, "read").allowed, levels[i].allowed, "case %zu", i);
		policy_destroy(&policy);
	}
}

/* Names mean the same on every architecture, though their numbers differ. */
Test(decide, constants_of_every_architecture)
{
	struct source source = source_of("deny openat2 if flags & O_DIRECTORY or flags == O_DIRECT "
					 "or accmode == O_RDWR",
					 0);

	for (int arch = 0; arch < ARCHS; arch++) {
		struct policy policy = {.arch = (enum arch)arch};

		add(&policy, &source);
		cr_expect_not(decide(&policy, "openat2 flags=O_DIRECTORY").allowed);
		cr_expect_not(decide(&policy, "openat2 flags=O_DIRECT|O_LARGEFILE").allowed);
		cr_expect_not(decide(&policy, "openat2 flags=O_RDWR").allowed);
		cr_expect(decide(&policy, "openat2 flags=O_NOFOLLOW|O_LARGEFILE").allowed);
		cr_expect(decide(&policy, "openat2 flags=O_DIRECT|O_CLOEXEC").allowed);
		policy_destroy(&policy);
	}
}

/* A condition made by hand, so that what it means does not hang on the parser. */
static bool holds(struct test test, struct request request)
{
	struct cond cond = {.kind = COND_TEST, .test = test};

	return cond_holds(&cond, &request, ARCH_GENERIC);
}

static const struct {
	enum relation relation;
	bool at_4, at_5, at_6, at_13; /* with value 5, mask 7, elements 5-5 and 13-20 */
} relations[] = {
	{RELATION_EQ, false, true, false, false},     {RELATION_NE, true, false, true, true},
	{RELATION_LT, true, false, false, false},     {RELATION_LE, true, true, false, false},
	{RELATION_GT, false, false, true, true},      {RELATION_GE, false, true, true, true},
	{RELATION_ANY, true, true, true, true},	      {RELATION_MASK_EQ, false, true, false, true},
	{RELATION_MASK_NE, true, false, true, false}, {RELATION_IN, false, true, false, true},
	{RELATION_NOT_IN, true, false, true, false},
};

static bool holds_at(enum relation relation, uint64_t value)
{
	struct element elements[] = {{.lo = 5, .hi = 5}, {.lo = 13, .hi = 20}};
	struct test test = {.field = FIELD_USER_DATA,
			    .relation = relation,
			    .mask = 7,
			    .value = 5,
			    .elements = elements,
			    .nr_elements = 2};

	return holds(test, (struct request){.value[FIELD_USER_DATA] = value});
}

Test(decide, relations)
{
	for (size_t i = 0; i < COUNT(relations); i++) {
		cr_expect_eq(holds_at(relations[i].relation, 4), relations[i].at_4, "%zu", i);
		cr_expect_eq(holds_at(relations[i].relation, 5), relations[i].at_5, "%zu", i);
		cr_expect_eq(holds_at(relations[i].relation, 6), relations[i].at_6, "%zu", i);
		cr_expect_eq(holds_at(relations[i].relation, 13), relations[i].at_13, "%zu", i);
	}
	cr_expect_not(holds_at(RELATION_ANY, 8));
}

Test(decide, and_or_not)
{
	struct test yes = {.field = FIELD_USER_DATA, .relation = RELATION_EQ, .value = 0};
	struct test no = {.field = FIELD_USER_DATA, .relation = RELATION_EQ, .value = 1};
	struct request request = {0};

	for (int i = 0; i < 4; i++) {
		bool a = i & 1, b = i & 2;
		struct cond left = {.kind = COND_TEST, .test = a ? yes : no};
		struct cond right = {.kind = COND_TEST, .test = b ? yes : no};
		struct cond both = {.kind = COND_AND, .left = &left, .right = &right};
		struct cond either = {.kind = COND_OR, .left = &left, .right = &right};
		struct cond not = {.kind = COND_NOT, .left = &left};

		cr_expect_eq(cond_holds(&both, &request, ARCH_GENERIC), a && b);
		cr_expect_eq(cond_holds(&either, &request, ARCH_GENERIC), a || b);
		cr_expect_eq(cond_holds(&not, &request, ARCH_GENERIC), !a);
	}
}

Test(decide, what_a_field_compares)
{
	struct request open = {.op = 28, .value[FIELD_FLAGS] = 0100000 | 0100 | 2};
	struct request packet = {
		.op = 45, .value[FIELD_FAMILY] = AF_INET, .value[FIELD_TYPE] = 02000000 | 10};
	struct request local = {.op = 16, .value[FIELD_FAMILY] = AF_UNIX};

	cr_expect(holds((struct test){FIELD_FLAGS, RELATION_EQ, .value = 0102}, open));
	cr_expect(holds((struct test){FIELD_ACCMODE, RELATION_EQ, .value = 2}, open));
	cr_expect(holds((struct test){FIELD_TYPE, RELATION_EQ, .value = 10}, packet));
	cr_expect(holds((struct test){FIELD_FAMILY, RELATION_EQ, .value = AF_PACKET}, packet));
	cr_expect(holds((struct test){FIELD_FAMILY, RELATION_NE, .value = AF_INET}, packet));
	cr_expect_not(holds((struct test){FIELD_PORT, RELATION_EQ, .value = 0}, local));
	cr_expect_not(holds((struct test){FIELD_PORT, RELATION_NE, .value = 1}, local));
	cr_expect_not(
		holds((struct test){.field = FIELD_ADDR, .relation = RELATION_NOT_IN}, local));
}
