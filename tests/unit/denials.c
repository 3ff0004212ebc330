// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/log-denied.h"
#include "policy/decide.h"
#include "policy/parse.h"
#include "tests/cases/random.h"

#define ALL ((1U << FIELDS) - 1)

static struct source source_of(const char *text)
{
	return (struct source){.name = "test", .text = text, .size = strlen(text), .depth = 1};
}

static void read_policy(struct policy *policy, const struct source *source)
{
	struct diags diags = {0};

	*policy = (struct policy){.arch = arch_here};
	parse_text(policy, &diags, source, NULL);
	cr_assert_not(diag_failed(&diags), "%s", source->text);
	diags_destroy(&diags);
}

static void read_request(struct request *request, const char *text)
{
	struct source source = source_of(text);
	struct diags diags = {0};

	cr_assert(request_parse(request, &source, arch_here, &diags), "%s", text);
	diags_destroy(&diags);
}

static int number_of(const struct policy *policy, const struct statement *statement)
{
	int n = 1;

	for (const struct statement *s = policy->first; s; s = s->next, n++)
		if (s == statement)
			return n;
	return 0;
}

/* Requests of which only some fields are known, and the statements that may deny them. */
static const struct {
	const char *policy, *request;
	unsigned known;	      /* beside sqe_flags */
	const char *possible; /* the numbers of the statements; 0: none */
	bool certain;
} cases[] = {
	{"deny read", "read", 0, "1", true},
	{"deny write", "read", 0, "", false},
	{"allow write", "read", 0, "0", true},
	{"default deny", "read", 0, "1", true},
	{"deny openat if mode == 1\ndeny openat if flags & O_CREAT", "openat flags=O_CREAT",
	 1U << FIELD_FLAGS, "12", true},
	{"deny openat if mode == 1\ndeny openat if flags & O_CREAT", "openat", 1U << FIELD_FLAGS,
	 "1", false},
	{"deny openat if accmode == O_RDWR", "openat flags=O_RDWR", 1U << FIELD_FLAGS, "1", true},
	{"deny openat if accmode == O_RDWR", "openat flags=O_RDWR", 0, "1", false},
	{"deny openat if not mode == 1", "openat", 0, "1", false},
	{"deny openat if mode == 1 and flags & O_CREAT", "openat", 1U << FIELD_FLAGS, "", false},
	{"deny openat if mode == 1 or flags & O_CREAT", "openat flags=O_CREAT", 1U << FIELD_FLAGS,
	 "1", true},
	{"allow openat if mode == 1", "openat", 0, "1", false},
	{"allow openat if mode == 1", "openat", 1U << FIELD_MODE, "1", true},
	{"allow openat if mode == 1\nallow openat", "openat", 0, "", false},
	{"deny socket if family == AF_PACKET", "socket family=AF_INET", 1U << FIELD_FAMILY, "1",
	 false},
	{"allow connect if port == 80", "connect", 0, "11", false},
	{"allow connect if port == 80", "connect port=80", 1U << FIELD_PORT, "1", false},
	{"allow connect if port == 80", "connect family=AF_UNIX", 1U << FIELD_FAMILY, "1", true},
	{"allow connect if port == 80", "connect family=AF_INET",
	 1U << FIELD_FAMILY | 1U << FIELD_PORT | 1U << FIELD_ADDR, "1", true},
	{"deny sqe-flags async\ndeny read if user_data == 1", "read sqe_flags=async", 0, "21",
	 true},
	{"require sqe-flags async", "read", 0, "1", true},
	{"deny register files", "register files", 0, "1", true},
	{"deny register files", "register probe", 0, "", false},
};

Test(denials, what_may_deny_a_request)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source source = source_of(cases[i].policy);
		struct denials denials;
		struct policy policy;
		struct request request;
		char possible[16] = "";

		read_policy(&policy, &source);
		read_request(&request, cases[i].request);
		denials = policy_denials(&policy, &request, cases[i].known | 1U << FIELD_SQE_FLAGS);
		for (size_t j = 0; j < denials.n; j++)
			sprintf(possible + j, "%d",
				number_of(&policy, denials.possible[j].statement));
		cr_expect_str_eq(possible, cases[i].possible, "%zu: %s", i, possible);
		cr_expect_eq(denials.certain, cases[i].certain, "%zu", i);
		policy_destroy(&policy);
	}
}

Test(denials, more_than_are_kept_are_counted)
{
	char text[1024] = "";
	struct source source;
	struct policy policy;
	struct request request;
	struct denials denials;

	for (unsigned i = 0; i < 20; i++)
		sprintf(text + strlen(text), "deny read if user_data == %u\n", i);
	strcat(text, "deny read\n");
	source = source_of(text);
	read_policy(&policy, &source);
	read_request(&request, "read");
	denials = policy_denials(&policy, &request, 1U << FIELD_SQE_FLAGS);
	cr_expect_eq(denials.n, 21);
	cr_expect(denials.certain);
	cr_expect_eq(number_of(&policy, denials.possible[DENIALS_KEPT - 1].statement),
		     DENIALS_KEPT);
	cr_expect_eq(number_of(&policy, denials.last.statement), 21);
	policy_destroy(&policy);
}

static bool is_possible(const struct denials *denials, const struct decision *decision)
{
	for (size_t i = 0; i < denials->n && i < DENIALS_KEPT; i++)
		if (denials->possible[i].reason == decision->reason &&
		    denials->possible[i].statement == decision->statement)
			return true;
	return denials->n > DENIALS_KEPT;
}

/* Whatever is known, what decides is among what is possible; and with all known it is the first. */
static void compare(const struct policy *policy, const struct request *request, unsigned known,
		    const char *texts)
{
	struct decision decision = policy_decide(policy, request);
	struct denials denials = policy_denials(policy, request, known | 1U << FIELD_SQE_FLAGS);

	if (!decision.allowed)
		cr_expect(is_possible(&denials, &decision), "%x %s", known, texts);
	else
		cr_expect_not(denials.certain, "%x %s", known, texts);
	if (known != ALL)
		return;
	cr_expect_eq(denials.certain, !decision.allowed, "%s", texts);
	cr_expect_eq(denials.n > 0, !decision.allowed, "%s", texts);
	if (denials.n > 0)
		cr_expect_eq(denials.possible[0].statement, decision.statement, "%s", texts);
}

/* As --test reads it again; what is 0 is left out. */
static void write_and_read(const struct request *request)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct request again;

	request_write(out, request, ALL, arch_here);
	fclose(out);
	read_request(&again, text);
	cr_expect_eq(memcmp(request, &again, sizeof(again)), 0, "%s", text);
	free(text);
}

Test(denials, agree_with_what_decides)
{
	static struct random_text text, request_text;
	static char both[2 * sizeof(text.buffer)];
	struct random random = {7};

	for (unsigned i = 0; i < 3000; i++) {
		struct source source;
		struct policy policy;

		random_policy(&random, &text);
		source = source_of(text.buffer);
		read_policy(&policy, &source);
		for (unsigned j = 0; j < 20; j++) {
			struct request request;

			random_request(&random, &request_text);
			read_request(&request, request_text.buffer);
			snprintf(both, sizeof(both), "%s\n%s", text.buffer, request_text.buffer);
			compare(&policy, &request, random_below(&random, ALL + 1), both);
			compare(&policy, &request, ALL, both);
			write_and_read(&request);
		}
		policy_destroy(&policy);
	}
}

static void expect_text(const char *request, unsigned known, const char *expected)
{
	struct request parsed;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	read_request(&parsed, request);
	request_write(out, &parsed, known, arch_here);
	fclose(out);
	cr_expect_str_eq(text, expected);
	free(text);
}

Test(denials, requests_are_written_as_they_are_read)
{
	expect_text("nop", ALL, "nop");
	expect_text("200 user_data=0x10 sqe_flags=async|io_link", ALL,
		    "200 sqe_flags=IOSQE_IO_LINK|IOSQE_ASYNC user_data=0x10");
	expect_text("openat flags=0x80000|O_RDWR|O_SYNC|0x100000000000 mode=0644", ALL,
		    "openat flags=O_RDWR|O_SYNC|O_CLOEXEC|0x100000000000 mode=0644");
	expect_text("openat2 user_data=1", 1U << FIELD_USER_DATA,
		    "openat2 flags=? mode=? resolve=? sqe_flags=? user_data=0x1");
	expect_text("socket family=AF_INET type=SOCK_STREAM|SOCK_CLOEXEC protocol=IPPROTO_TCP", ALL,
		    "socket family=AF_INET type=SOCK_STREAM|SOCK_CLOEXEC protocol=IPPROTO_TCP");
	expect_text("connect addr=::1 port=53", ALL, "connect family=AF_INET6 port=53 addr=::1");
	expect_text("connect addr=10.0.0.1", ALL, "connect family=AF_INET addr=10.0.0.1");
	expect_text("register files2", 0, "register files2");
	expect_text("register 250", 0, "register 250");
}

/* --- what the trace tells */

static struct denied denied_of(unsigned op, const struct trace_sqe *sqe)
{
	struct trace_event event = {.kind = TRACE_FAILED, .op = op, .flags = 4, .sqe = *sqe};
	struct policy policy = {0};
	struct denied denied;

	denied_read(&denied, &event, &policy);
	return denied;
}

/* The same that the kernel makes of them (fs/open.c: build_open_how). */
Test(denials, an_openat_is_known_as_filters_see_it)
{
	struct denied created =
		denied_of(18, &(struct trace_sqe){.op_flags = 0102, .len = 0107777});
	struct denied opened = denied_of(18, &(struct trace_sqe){.op_flags = 02, .len = 0600});
	struct denied path =
		denied_of(18, &(struct trace_sqe){.op_flags = 010000000 | 02 | 0100 | 02000000});

	cr_expect_eq(created.request.value[FIELD_FLAGS], 0102);
	cr_expect_eq(created.request.value[FIELD_ACCMODE], 2);
	cr_expect_eq(created.request.value[FIELD_MODE], 07777);
	cr_expect_eq(created.request.value[FIELD_SQE_FLAGS], 4);
	cr_expect_eq(opened.request.value[FIELD_MODE], 0);
	cr_expect_eq(path.request.value[FIELD_FLAGS], 012000000);
	cr_expect_eq(created.known, 1U << FIELD_USER_DATA | 1U << FIELD_SQE_FLAGS |
					    1U << FIELD_FLAGS | 1U << FIELD_ACCMODE |
					    1U << FIELD_MODE | 1U << FIELD_RESOLVE);
}

Test(denials, what_is_behind_a_pointer_is_not_known)
{
	struct trace_sqe sqe = {.off = UINT64_C(0x100080001), .len = 6, .user_data = 9};
	struct denied socket = denied_of(45, &sqe), connect = denied_of(16, &sqe);
	struct denied openat2 = denied_of(28, &sqe), read = denied_of(22, &sqe);
	unsigned every = 1U << FIELD_USER_DATA | 1U << FIELD_SQE_FLAGS;

	cr_expect_eq(socket.request.value[FIELD_TYPE], 0x80001, "the kernel takes 32 bits");
	cr_expect_eq(socket.request.value[FIELD_PROTOCOL], 6);
	cr_expect_eq(socket.known, every | 1U << FIELD_TYPE | 1U << FIELD_PROTOCOL);
	cr_expect_eq(connect.known, every);
	cr_expect_eq(openat2.known, every);
	cr_expect_eq(read.known, every);
	cr_expect_eq(read.request.value[FIELD_USER_DATA], 9);
}
