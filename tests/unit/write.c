// SPDX-License-Identifier: MIT
#include "policy/write.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/decide.h"
#include "policy/parse.h"
#include "tests/cases/cases.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- helpers */

/* A policy with the text it was read from. */
struct read {
	struct source source;
	struct policy policy;
	struct diags diags;
};

static void read_text(struct read *read, const char *text, const struct loader *loader)
{
	*read = (struct read){
		.source = {.name = "test", .text = text, .size = strlen(text), .depth = 1},
		.policy.arch = ARCH_GENERIC};
	parse_text(&read->policy, &read->diags, &read->source, loader);
}

static void read_destroy(struct read *read)
{
	policy_destroy(&read->policy);
	diags_destroy(&read->diags);
}

/* The normal form, to be freed. */
static char *normal(const struct policy *policy)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	cr_assert(memory);
	policy_write(memory, policy);
	cr_assert_eq(fclose(memory), 0);
	return text;
}

/* Columns of the longest line; tabs only start lines. */
static size_t width(const char *text)
{
	size_t widest = 0;

	while (*text) {
		size_t size = strcspn(text, "\n");
		size_t columns = size + (*text == '\t' ? 7 : 0);

		widest = columns > widest ? columns : widest;
		text += size + (text[size] == '\n');
	}
	return widest;
}

/* Reads the normal form of what was read, without a message, and writes it again: the same text. */
static void expect_fixpoint(const struct read *first, struct read *again, char **text)
{
	char *second;

	*text = normal(&first->policy);
	read_text(again, *text, NULL);
	if (again->diags.first)
		cr_expect_fail("%s\nfrom: %s\nin: %s", again->diags.first->message,
			       first->source.text, *text);
	second = normal(&again->policy);
	cr_expect_str_eq(second, *text, "of: %s\nfirst: %s\nthen: %s", first->source.text, *text,
			 second);
	cr_expect_leq(width(*text), 100, "%s", *text);
	free(second);
}

/* --- spelling */

static const struct {
	const char *text, *normal;
} spellings[] = {
	{"", ""},
	{"default allow", "default allow\n"},
	{"allow read\nDEFAULT Deny\ndefault sqe_flags allow\ndefault register deny",
	 "default deny\ndefault register deny\ndefault sqe-flags allow\nallow read\n"},
	/* lists: merged, without groups, by number */
	{"allow write\nallow 22, IORING_OP_FSYNC\nallow write-fixed, 200",
	 "allow fsync, write_fixed, read, write, 200\n"},
	{"deny @timer", "deny timeout, timeout_remove, link_timeout\n"},
	{"deny @all\ndeny read", "deny @all\n"},
	{"deny register @all", "deny register @all\n"},
	{"deny register @all, 35", "deny register @all, query\n"},
	{"deny register query, files, clone_files\ndeny register clone-files",
	 "deny register files, query, clone_files\n"},
	{"allow register @jails", "allow register @jails\n"},
	{"require sqe-flags 0x81\nrequire sqe-flags async",
	 "require sqe-flags fixed_file, async, 0x80\n"},
	{"deny sqe-flags @all", "deny sqe-flags @all\n"},
	/* subjects and effects in order, conditions after lists */
	{"deny sqe-flags async\ndeny register files\ndeny read if user_data == 1\ndeny nop\n"
	 "allow nop if user_data == 2\nallow write",
	 "allow write\nallow nop if user_data == 2\ndeny nop\ndeny read if user_data == 1\n"
	 "deny register files\ndeny sqe-flags async\n"},
	/* constants */
	{"deny openat if flags & (creat | 0x200)", "deny openat if flags & (O_CREAT | O_TRUNC)\n"},
	{"deny openat if flags & 0x80000000000", "deny openat if flags & 0x80000000000\n"},
	{"deny openat if flags == (O_CREAT | 0x100000000)",
	 "deny openat if flags == (O_CREAT | 0x100000000)\n"},
	{"deny openat if flags & O_TMPFILE == O_TMPFILE",
	 "deny openat if flags & O_TMPFILE == O_TMPFILE\n"},
	{"deny openat if flags & O_TMPFILE", "deny openat if flags & (O_DIRECTORY | 0x400000)\n"},
	{"deny openat if flags & O_SYNC == (O_SYNC)", "deny openat if flags & O_SYNC == O_SYNC\n"},
	{"deny openat if flags & ~(O_CREAT | O_TRUNC)",
	 "deny openat if flags & ~(O_CREAT | O_TRUNC)\n"},
	{"deny openat if flags & ~0", "deny openat if flags & ~0\n"},
	{"deny openat if flags == 0", "deny openat if flags == 0\n"},
	{"deny openat if accmode == 1", "deny openat if accmode == O_WRONLY\n"},
	{"deny openat if accmode & 3 == 3", "deny openat if accmode & 3 == 3\n"},
	{"deny openat if mode & ~0640", "deny openat if mode & ~0640\n"},
	{"deny openat if mode in {0, 0400-0777, 8}",
	 "deny openat if mode in {0, 0400-0777, 010}\n"},
	{"deny openat2 if resolve & 8 == beneath",
	 "deny openat2 if resolve & RESOLVE_BENEATH == RESOLVE_BENEATH\n"},
	{"deny socket if family in {1, 2, 9999}",
	 "deny socket if family in {AF_UNIX, AF_INET, 9999}\n"},
	{"deny socket if type != 3 or protocol < 0x11",
	 "deny socket if type != SOCK_RAW or protocol < IPPROTO_UDP\n"},
	{"deny read if user_data > 0xfffffffff", "deny read if user_data > 0xfffffffff\n"},
	{"deny read if user_data == 0xff", "deny read if user_data == 255\n"},
	/* sets */
	{"deny socket if family in {AF_INET}", "deny socket if family == AF_INET\n"},
	{"deny socket if family not in AF_INET", "deny socket if family != AF_INET\n"},
	{"deny connect if port in {80-90}", "deny connect if port in 80-90\n"},
	{"deny connect if addr == 10.0.0.0/8", "deny connect if addr in 10.0.0.0/8\n"},
	{"deny connect if addr not in {10.0.0.1}", "deny connect if addr != 10.0.0.1\n"},
	{"deny connect if addr in {::0001, 10.0.0.1/32,2001:DB8::/32}",
	 "deny connect if addr in {::1, 10.0.0.1, 2001:db8::/32}\n"},
	/* parentheses */
	{"deny nop if (user_data == 1)", "deny nop if user_data == 1\n"},
	{"deny nop if user_data==1 || (user_data==2 && (user_data==3))",
	 "deny nop if user_data == 1 or user_data == 2 and user_data == 3\n"},
	{"deny nop if (user_data == 1 or user_data == 2) and user_data == 3",
	 "deny nop if (user_data == 1 or user_data == 2) and user_data == 3\n"},
	{"deny nop if user_data == 1 and (user_data == 2 and user_data == 3)",
	 "deny nop if user_data == 1 and user_data == 2 and user_data == 3\n"},
	{"deny nop if !user_data == 1", "deny nop if not user_data == 1\n"},
	{"deny nop if not (user_data == 1)", "deny nop if not user_data == 1\n"},
	{"deny nop if not (user_data == 1 and user_data == 2)",
	 "deny nop if not (user_data == 1 and user_data == 2)\n"},
	{"deny nop if not (not user_data == 1)", "deny nop if not (not user_data == 1)\n"},
	/* long lines */
	{"deny @file-system",
	 "deny fallocate, openat, close, statx, openat2, renameat, unlinkat, mkdirat, symlinkat, "
	 "linkat,\n\tfsetxattr, setxattr, fgetxattr, getxattr, ftruncate\n"},
	{"allow socket if family in {AF_INET, AF_INET6} and type == SOCK_STREAM and "
	 "protocol in {IPPROTO_IP, IPPROTO_TCP}",
	 "allow socket if (family in {AF_INET, AF_INET6} and type == SOCK_STREAM and\n"
	 "\tprotocol in {IPPROTO_IP, IPPROTO_TCP})\n"},
};

Test(write, spelling)
{
	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct read read, again;
		char *text;

		read_text(&read, spellings[i].text, NULL);
		cr_expect_not(diag_failed(&read.diags), "%s", spellings[i].text);
		expect_fixpoint(&read, &again, &text);
		cr_expect_str_eq(text, spellings[i].normal, "%s\nis:   %s\nnot:  %s",
				 spellings[i].text, text, spellings[i].normal);
		free(text);
		read_destroy(&read);
		read_destroy(&again);
	}
}

/* Of several defaults the outermost is left, since the normal form is one text. */
Test(write, the_default_that_wins)
{
	struct source inner = {.name = "inner", .text = "default allow", .size = 13, .depth = 2};
	struct read read;
	char *text;

	read_text(&read, "default deny\nallow read", NULL);
	parse_text(&read.policy, &read.diags, &inner, NULL);
	text = normal(&read.policy);
	cr_expect_str_eq(text, "default deny\nallow read\n");
	free(text);
	read_destroy(&read);
}

/* --- meaning */

Test(write, cases_mean_the_same)
{
	struct cases cases = {0};
	struct loader loader = cases_loader(&cases);

	cr_assert(cases_load(&cases, "tests/cases"));
	for (size_t i = 0; i < cases.n; i++) {
		const struct test_case *c = &cases.list[i];
		struct source line = {
			.name = c->file, .text = c->request, .size = strlen(c->request)};
		struct read read, again;
		struct request request;
		char *text;

		read_text(&read, c->policy, &loader);
		expect_fixpoint(&read, &again, &text);
		cr_expect(request_parse(&request, &line, ARCH_GENERIC, &read.diags));
		cr_expect_eq(policy_decide(&again.policy, &request).allowed,
			     policy_decide(&read.policy, &request).allowed, "%s:%zu: %s\n%s",
			     c->file, c->line, c->request, text);
		free(text);
		read_destroy(&read);
		read_destroy(&again);
	}
	cases_destroy(&cases);
}

/* --- random policies */

static uint64_t state;

static unsigned pick(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

/* Ops with the fields of each payload, and numbers that are near what requests have. */
static const char *const ops[] = {"connect", "socket", "openat2, openat", "read, nop, 70", "@all"};
static const char *const wholes[] = {"read", "@all", "@network-io", "connect, 200", "openat"};
static const enum payload payloads[] = {PAYLOAD_CONNECT, PAYLOAD_SOCKET, PAYLOAD_OPEN, PAYLOAD_NONE,
					PAYLOAD_NONE};
static const char *const networks[] = {"10.0.0.0/8", "127.0.0.1",     "::/0",
				       "::1",	     "2001:db8::/32", "::ffff:10.1.0.0/112"};

static uint64_t number_for(const struct field *field)
{
	const struct table *constants = field_constants(field, ARCH_GENERIC);
	uint64_t value = pick(8);

	if (constants && pick(4))
		value = constants->rows[pick((unsigned)constants->n)].number;
	if (constants && pick(3) == 0)
		value |= constants->rows[pick((unsigned)constants->n)].number;
	if (pick(8) == 0)
		value = ~UINT64_C(0) << pick(64);
	return value & field_mask(field, ARCH_GENERIC);
}

static void put_elements(FILE *out, const struct field *field)
{
	unsigned n = 1 + pick(4) * pick(4);

	fputs("{", out);
	for (unsigned i = 0; i < n; i++) {
		uint64_t low = number_for(field), high = number_for(field);

		fputs(i ? ", " : "", out);
		if (field->kind == KIND_ADDRESS)
			fputs(networks[pick(COUNT(networks))], out);
		else if (pick(2))
			fprintf(out, "0x%llx-0x%llx", (unsigned long long)(low < high ? low : high),
				(unsigned long long)(low < high ? high : low));
		else
			fprintf(out, "0x%llx", (unsigned long long)low);
	}
	fputs("}", out);
}

static void put_test(FILE *out, enum payload payload)
{
	static const char *const relations[] = {"==", "!=", "<", "<=", ">", ">="};
	const struct field *field;
	uint64_t mask;

	do
		field = &fields[pick(FIELDS)];
	while (!field_in(field, payload));
	fprintf(out, "%s ", field->name);
	mask = number_for(field);
	if (pick(3) == 0 || field->kind == KIND_ADDRESS) {
		fputs(pick(2) ? "in " : "not in ", out);
		put_elements(out, field);
	} else if (pick(2) || mask == 0) {
		fprintf(out, "%s 0x%llx", relations[pick(COUNT(relations))],
			(unsigned long long)number_for(field));
	} else {
		fprintf(out, "& 0x%llx", (unsigned long long)mask);
		if (pick(2))
			fprintf(out, " %s 0x%llx", relations[pick(2)],
				(unsigned long long)(number_for(field) & mask));
	}
}

static void put_cond(FILE *out, enum payload payload, unsigned depth)
{
	if (depth == 0 || pick(3) == 0) {
		put_test(out, payload);
		return;
	}
	fputs(pick(3) ? "(" : "not (", out);
	put_cond(out, payload, depth - 1);
	fputs(pick(2) ? ") and (" : ") or (", out);
	put_cond(out, payload, depth - 1);
	fputs(")", out);
}

static char *random_policy(void)
{
	static const char *const others[] = {
		"default deny",		 "default allow",
		"default register deny", "deny register @files, query",
		"allow register @all",	 "deny sqe-flags async, io_link",
		"allow sqe-flags @all",	 "require sqe-flags 1"};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned n = 1 + pick(5); n > 0; n--) {
		unsigned which = pick(COUNT(ops));

		if (pick(4) == 0) {
			fprintf(out, "%s\n", others[pick(COUNT(others))]);
			continue;
		}
		if (pick(4) == 0) {
			fprintf(out, "%s %s\n", pick(2) ? "allow" : "deny", wholes[which]);
			continue;
		}
		fprintf(out, "%s %s if ", pick(2) ? "allow" : "deny", ops[which]);
		put_cond(out, payloads[which], pick(5));
		fputs("\n", out);
	}
	fclose(out);
	return text;
}

static struct request random_request(void)
{
	static const unsigned numbers[] = {16, 45, 28, 18, 22, 0, 40, 70};
	struct request request = {.op = numbers[pick(COUNT(numbers))], .is_register = pick(8) == 0};

	for (size_t i = 0; i < FIELDS; i++)
		request.value[i] = number_for(&fields[i]);
	if (pick(2))
		request.value[FIELD_FAMILY] = pick(2) ? AF_INET : AF_INET6;
	for (size_t i = 0; i < sizeof(request.addr); i++)
		request.addr[i] = pick(2) ? 0 : (uint8_t)pick(256);
	if (request.is_register)
		request.op = pick(40);
	return request;
}

/* SEED=number in the environment starts elsewhere. */
Test(write, random_policies_mean_the_same)
{
	const char *seed = getenv("SEED");

	state = seed ? strtoull(seed, NULL, 0) : 20261121;
	cr_assert_neq(state, 0, "SEED must not be 0");
	for (unsigned i = 0; i < 3000; i++) {
		char *policy = random_policy(), *text;
		struct read read, again;

		read_text(&read, policy, NULL);
		cr_expect_not(diag_failed(&read.diags), "%s", policy);
		expect_fixpoint(&read, &again, &text);
		for (unsigned j = 0; j < 50; j++) {
			struct request request = random_request();

			cr_expect_eq(policy_decide(&again.policy, &request).allowed,
				     policy_decide(&read.policy, &request).allowed,
				     "op %u of\n%s\nbecame\n%s", request.op, policy, text);
		}
		free(policy);
		free(text);
		read_destroy(&read);
		read_destroy(&again);
	}
}
