// SPDX-License-Identifier: MIT
#include "policy/learned.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide.h"
#include "policy/parse.h"
#include "policy/write.h"

/* The policy that was given, what was seen, and the text of both. */
struct lesson {
	struct learned *learned;
	struct source source;
	struct policy policy;
	struct diags diags;
	char *text;
};

static struct lesson start(void)
{
	struct lesson lesson = {.learned = calloc(1, sizeof(struct learned))};

	cr_assert(lesson.learned);
	lesson.policy.arch = ARCH_GENERIC;
	return lesson;
}

/* Extends the policy, and writes it after what was counted. */
static void finish(struct lesson *lesson, const char *given)
{
	size_t size;
	FILE *out = open_memstream(&lesson->text, &size);

	lesson->source =
		(struct source){.name = "test", .text = given, .size = strlen(given), .depth = 1};
	parse_text(&lesson->policy, &lesson->diags, &lesson->source, NULL);
	learned_extend(lesson->learned, &lesson->policy, &lesson->diags);
	cr_assert_not(diag_failed(&lesson->diags), "%s", given);
	learned_write_counts(out, lesson->learned, &lesson->policy);
	policy_write(out, &lesson->policy);
	fclose(out);
}

static void end(struct lesson *lesson)
{
	free(lesson->text);
	free(lesson->learned);
	policy_destroy(&lesson->policy);
	diags_destroy(&lesson->diags);
}

static void see(struct lesson *lesson, unsigned op, uint8_t flags, unsigned times)
{
	while (times-- > 0)
		learned_request(lesson->learned, op, flags, false, 0);
}

Test(learned, nothing_is_denied_all)
{
	struct lesson lesson = start();

	finish(&lesson, "");
	cr_expect_str_eq(lesson.text, "# Requests: 0\n"
				      "# Register operations: 0\n"
				      "default deny\n"
				      "default register deny\n"
				      "default sqe-flags deny\n");
	cr_expect(learned_all_allowed(lesson.learned, &lesson.policy));
	end(&lesson);
}

Test(learned, what_was_seen_is_allowed_and_counted_by_groups)
{
	struct lesson lesson = start();

	see(&lesson, 22, 0, 1000);
	see(&lesson, 22, 1, 2);
	see(&lesson, 0, 4, 3);
	see(&lesson, 19, 0, 1);
	see(&lesson, 200, 0, 1);
	learned_request(lesson.learned, 3, 0x10, true, -EINVAL);
	learned_register(lesson.learned, 2, 0);
	learned_register(lesson.learned, 2, -EBUSY);
	learned_register(lesson.learned, 35, 0);
	finish(&lesson, "");
	cr_expect_str_eq(lesson.text,
			 "# Requests: 1008\n"
			 "#   basic-io: close 1, read 1002\n"
			 "#   sync: fsync 1\n"
			 "#   ring: nop 3\n"
			 "#   others: 200 1\n"
			 "#   with SQE flags: fixed_file 2, io_link 3, async 1\n"
			 "# Register operations: 3\n"
			 "#   files: files 2\n"
			 "#   features: query 1\n"
			 "default deny\n"
			 "default register deny\n"
			 "default sqe-flags deny\n"
			 "allow nop, fsync, close, read, 200\n"
			 "allow register files\n"
			 "allow sqe-flags fixed_file, io_link, async\n",
			 "%s", lesson.text);
	cr_expect(learned_all_allowed(lesson.learned, &lesson.policy));
	end(&lesson);
}

/* IO_DRAIN, ASYNC, and FIXED_FILE of a nop may be the kernel's own. */
Test(learned, flags_that_the_kernel_sets_are_allowed_but_marked)
{
	struct lesson lesson = start();

	see(&lesson, 3, 0x10, 2);
	see(&lesson, 0, 0x01, 1);
	see(&lesson, 22, 0x02, 1);
	finish(&lesson, "");
	cr_expect(strstr(lesson.text,
			 "#   with SQE flags: fixed_file 1 (by the kernel, or by the program), "
			 "io_drain 1,\n"
			 "#                   async 2 (by the kernel, or by the program)\n"),
		  "%s", lesson.text);
	cr_expect(strstr(lesson.text, "\nallow sqe-flags fixed_file, io_drain, async\n"));
	end(&lesson);
}

/* On a later kernel these numbers would be something that nobody has seen. */
Test(learned, what_does_not_exist_is_not_allowed)
{
	struct lesson lesson = start();

	learned_request(lesson.learned, 250, 0, true, -EINVAL);
	learned_request(lesson.learned, 64, 0, true, -EINVAL);
	learned_register(lesson.learned, 251, -EINVAL);
	learned_register(lesson.learned, 252, 0);
	learned_register(lesson.learned, 1000, -EINVAL);
	finish(&lesson, "");
	cr_expect_str_eq(lesson.text,
			 "# Requests: 1\n"
			 "#   passthrough: uring_cmd128 1\n"
			 "# Register operations: 1\n"
			 "#   others: 252 1\n"
			 "# Operations that neither this kernel nor uring-jail knows, which are "
			 "not allowed:\n"
			 "#   numbers: 250 1\n"
			 "# Register operations that neither this kernel nor uring-jail knows, "
			 "which are not "
			 "allowed:\n"
			 "#   numbers: 251 1\n"
			 "default deny\n"
			 "default register deny\n"
			 "default sqe-flags deny\n"
			 "allow uring_cmd128\n"
			 "allow register 252\n",
			 "%s", lesson.text);
	end(&lesson);
}

Test(learned, a_message_without_a_ring_needs_msg_ring)
{
	struct lesson lesson = start();

	learned_register(lesson.learned, 31, 0);
	finish(&lesson, "");
	cr_expect(strstr(lesson.text, "\nallow msg_ring\nallow register send_msg_ring\n"), "%s",
		  lesson.text);
	cr_expect(learned_all_allowed(lesson.learned, &lesson.policy));
	end(&lesson);
}

/* What a policy says by a statement stays, and what it denies by default is added. */
static const struct {
	const char *given, *expected;
	bool allowed; /* all that was seen */
} extensions[] = {
	{"allow nop", "allow nop, read\n", true},
	{"default deny\nallow read", "default deny\nallow read\n", true},
	{"deny fsync", "deny fsync\n", true},
	{"default allow\nallow nop", "default allow\nallow nop\n", true},
	{"default register deny", "default register deny\nallow register files\n", true},
	{"default sqe-flags deny", "default sqe-flags deny\nallow sqe-flags fixed_file\n", true},
	{"allow sqe-flags async", "allow sqe-flags fixed_file, async\n", true},
	{"deny read", "deny read\n", false},
	{"default deny\ndeny read", "default deny\ndeny read\n", false},
	{"allow read if sqe_flags & fixed_file", "allow read if sqe_flags & IOSQE_FIXED_FILE\n",
	 true},
	{"allow read if user_data == 1", "allow read if user_data == 1\n", false},
	{"default deny\ndeny read if user_data == 1",
	 "default deny\nallow read\ndeny read if user_data == 1\n", false},
	{"deny register files", "deny register files\n", false},
	{"deny sqe-flags fixed_file", "deny sqe-flags fixed_file\n", false},
	{"require sqe-flags async", "require sqe-flags async\n", false},
};

Test(learned, a_policy_is_extended_by_what_it_lacks)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		struct lesson lesson = start();
		const char *policy;

		see(&lesson, 22, 1, 1);
		learned_register(lesson.learned, 2, 0);
		finish(&lesson, extensions[i].given);
		policy = lesson.text;
		while (*policy == '#')
			policy = strchr(policy, '\n') + 1;
		cr_expect_eq(learned_all_allowed(lesson.learned, &lesson.policy),
			     extensions[i].allowed, "%s", extensions[i].given);
		cr_expect_str_eq(policy, extensions[i].expected, "%s: %s", extensions[i].given,
				 lesson.text);
		end(&lesson);
	}
}

Test(learned, what_stays_denied_is_listed)
{
	struct lesson lesson = start();

	see(&lesson, 22, 0, 7);
	see(&lesson, 23, 0, 2);
	see(&lesson, 0, 1, 3);
	learned_register(lesson.learned, 2, 0);
	finish(&lesson, "deny read\nallow write if user_data == 1\ndeny register files\n"
			"deny sqe-flags fixed_file");
	cr_expect(strstr(lesson.text,
			 "# Not, or perhaps not, allowed, since a statement says so:\n"
			 "#   nop 3, denied by deny sqe-flags fixed_file\n"
			 "#   read 7, denied by deny read\n"
			 "#   write 2, perhaps denied by allow write if user_data == 1\n"
			 "#   register files 1, denied by deny register files\n"),
		  "%s", lesson.text);
	cr_expect(strstr(lesson.text, "\nallow nop\n"));
	end(&lesson);
}
