// SPDX-License-Identifier: MIT
#include "policy/lint.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NEVER_TRUE    "warning: this condition is never true: no request meets it\n"
#define ALWAYS_TRUE   "warning: this condition is always true: every request meets it\n"
#define NEVER_MATTERS "warning: this statement never matters: "
#define DENIED_TOO    NEVER_MATTERS "other statements deny all of it, too; leave it out\n"
#define DENIED	      NEVER_MATTERS "other statements deny all of it; leave it out, or deny less\n"
#define ALLOWED_TOO   NEVER_MATTERS "other statements allow all of it, too; leave it out\n"
#define REQUIRED_TOO  NEVER_MATTERS "another statement requires all of it, too; leave it out\n"
#define DECIDED	      NEVER_MATTERS "other statements decide about all of it already; leave it out\n"
#define VOIDED(ops, it)                                                                            \
	"warning: this condition does not limit " ops ": another statement allows " it             \
	" without one; deny " it " under the opposite condition instead\n"
#define DENIED_BUT(closed, open)  "warning: " closed " denied here, but " open ", too\n"
#define LIMITED_BUT(closed, open) "warning: " closed " limited here, but " open ", too\n"
#define SENDS(how, ops, are, them)                                                                 \
	"warning: connect is " how " here, but " ops ", which " are                                \
	" open, can carry any address (datagrams, TCP fast open); deny " them                      \
	", and send with write\n"
#define MAPPED_ALLOWED(address)                                                                    \
	"warning: this allows ::ffff:" address ", by which an AF_INET6 socket reaches " address    \
	", which is not allowed; add 'and addr not in ::ffff:0:0/96'\n"
#define MAPPED_NOT_DENIED(address)                                                                 \
	"warning: this denies " address ", but not ::ffff:" address                                \
	", by which an AF_INET6 socket reaches it; deny what is in ::ffff:0:0/96, too\n"
#define DOES "which is open, does the same; deny it"
#define DO   "which are open, do the same; deny them"

/* --- running it */

/* Texts that a policy can include. */
struct library {
	const char *names[4], *texts[4];
	struct source sources[4];
	struct range included[4];
};

static const struct source *load(void *data, struct range where, const char *name, bool is_path,
				 struct diags *diags)
{
	struct library *library = data;

	(void)is_path;
	(void)diags;
	for (size_t i = 0; i < COUNT(library->names); i++) {
		if (!library->names[i] || strcmp(library->names[i], name) != 0)
			continue;
		library->included[i] = where;
		library->sources[i] = (struct source){
			.name = library->names[i],
			.text = library->texts[i],
			.size = strlen(library->texts[i]),
			.depth = where.source->depth + 1,
			.included = &library->included[i],
		};
		return &library->sources[i];
	}
	return NULL;
}

/* Whether it is a note that belongs to no warning. */
static bool is_general(const struct diag *diag)
{
	return diag->severity == SEVERITY_NOTE &&
	       (strncmp(diag->message, "Linux ", 6) == 0 ||
		strncmp(diag->message, "only io_uring", 13) == 0);
}

static void print(FILE *out, const struct diag *diag)
{
	static const char *const severities[] = {"error", "warning", "note"};
	const struct source *source = diag->where.source;
	struct position at;

	if (source) {
		at = diag_position(source, diag->where.start);
		fprintf(out, "%s%s%zu:%zu-%zu: ", source->depth ? source->name : "",
			source->depth ? ":" : "", at.line, at.column,
			at.column + diag->where.end - diag->where.start - 1);
	}
	fprintf(out, "%s: %s\n", severities[diag->severity], diag->message);
}

/* What lint() says of a policy, general notes or the others; the caller frees it. */
static char *messages_of(const char *text, struct library *library, bool general)
{
	struct source source = {.name = "policy", .text = text, .size = strlen(text)};
	struct loader loader = {.data = library, .load = load};
	struct policy policy = {.arch = arch_here};
	struct diags diags = {0};
	char *messages = NULL;
	size_t size;
	FILE *out = open_memstream(&messages, &size);

	parse_text(&policy, &diags, &source, library ? &loader : NULL);
	policy_check(&policy, &diags);
	for (const struct diag *d = diags.first; d; d = d->next)
		cr_expect_fail("%s: %s", text, d->message);
	lint(&policy, &diags);
	for (const struct diag *d = diags.first; d; d = d->next)
		if (is_general(d) == general)
			print(out, d);
	cr_expect_not(diag_failed(&diags), "%s: an error", text);
	fclose(out);
	policy_destroy(&policy);
	diags_destroy(&diags);
	return messages;
}

static void expect(const char *text, struct library *library, bool general, const char *expected)
{
	char *messages = messages_of(text, library, general);

	cr_expect_str_eq(messages, expected, "%s\n-- expected:\n%s-- but:\n%s", text, expected,
			 messages);
	free(messages);
}

/* --- what is warned of */

static const struct {
	const char *policy, *messages;
} cases[] = {
	/* Nothing to say. */
	{"", ""},
	{"default allow", ""},
	{"default deny", ""},
	{"default deny\nallow read, write", ""},
	{"default allow\ndeny @passthrough", ""},
	{"allow read\ndefault deny", ""},
	{"deny openat, openat2", ""},
	{"default register deny\nallow register probe, enable_rings", ""},
	{"deny sqe-flags io_drain\nrequire sqe-flags fixed_file", ""},
	{"deny @all if sqe_flags & (IO_DRAIN | ASYNC)", ""},

	/* Conditions that are always true, or never. */
	{"deny openat, openat2 if mode < 0", "1:25-32: " NEVER_TRUE},
	{"deny openat, openat2 if mode >= 0", "1:25-33: " ALWAYS_TRUE},
	{"deny openat, openat2 if flags & O_CREAT and not flags & O_CREAT", "1:25-63: " NEVER_TRUE},
	{"deny openat, openat2 if flags & O_CREAT or not flags & O_CREAT", "1:25-62: " ALWAYS_TRUE},
	{"deny openat, openat2 if accmode < O_WRONLY and accmode > O_WRONLY",
	 "1:25-65: " NEVER_TRUE},
	{"deny openat, openat2 if flags & O_TRUNC or (mode > 7 and mode < 3)",
	 "1:44-66: " NEVER_TRUE},
	{"deny openat, openat2 if not (flags & O_TRUNC and mode < 0)", "1:50-57: " NEVER_TRUE},
	{"allow socket if family == AF_INET and type == SOCK_PACKET", "1:17-57: " NEVER_TRUE},
	{"allow socket if family == AF_INET and type in {0-15}", "1:39-52: " ALWAYS_TRUE},
	{"allow connect if port == 80 and port == 443", "1:18-43: " NEVER_TRUE},
	{"allow connect if addr in 10.0.0.0/8 and addr in 192.168.0.0/16", "1:18-62: " NEVER_TRUE},
	{"allow connect if port < 0", "1:18-25: " NEVER_TRUE},
	{"allow read, socket if user_data >= 0", "1:23-36: " ALWAYS_TRUE},
	{"deny @all if sqe_flags > 255", "1:14-28: " NEVER_TRUE},
	/* False without a port, and true of the requests that are denied for having none. */
	{"allow connect if port >= 0", ""},
	{"deny send, sendmsg, send_zc, sendmsg_zc\ndeny connect if port == 0 and addr in {0.0.0.0, "
	 "::}",
	 ""},
	{"deny send, sendmsg, send_zc, sendmsg_zc\ndeny connect if family == AF_INET6 and port == "
	 "0 "
	 "and addr == ::",
	 ""},
	{"allow connect if family != AF_INET6 or port != 0 or addr != ::", ""},
	/* AF_PACKET for a socket, but not for connect. */
	{"deny socket, connect if family != AF_PACKET and family != AF_INET", ""},
	/* There is one such request at least. */
	{"deny openat, openat2 if mode >= 1", ""},
	{"deny openat, openat2 if flags == 0x100000000", ""},

	/* Conditions that another statement voids. */
	{"allow openat if accmode == O_RDONLY\nallow @file-system",
	 "1:17-35: " VOIDED("openat", "it") "2:1-18: note: openat is allowed here whatever the "
					    "request\n"},
	{"allow openat, openat2 if accmode == O_RDONLY\nallow openat2\ndeny openat if mode == 1",
	 "1:26-44: " VOIDED("openat2",
			    "it") "2:1-13: note: openat2 is allowed here whatever the "
				  "request\n"
				  "1:1-44: " LIMITED_BUT(
					  "openat is",
					  "openat2, which is open, does the same; limit it")},
	{"default allow\nallow openat, openat2 if accmode == O_RDONLY\nallow @all",
	 "2:26-44: " VOIDED("openat and openat2",
			    "them") "3:1-10: note: openat is allowed here whatever the request\n"},
	{"allow @all if user_data == 1\nallow @basic-io",
	 "1:15-28: " VOIDED("readv, writev, read_fixed, write_fixed, close and 5 more",
			    "them") "2:1-15: note: readv is allowed here whatever the request\n"},
	/* What is denied altogether is not voided, nor is what the default alone would allow. */
	{"allow openat if accmode == O_RDONLY\nallow openat, read\ndeny openat, openat2",
	 "1:1-35: " DENIED "3:1-20: note: openat is denied here\n"},
	{"default allow\nallow openat, openat2 if accmode == O_RDONLY", ""},
	{"allow @file-system\ndeny openat, openat2 if accmode != O_RDONLY", ""},

	/* Statements that never matter. */
	{"allow read\nallow read", "2:1-10: " ALLOWED_TOO "1:1-10: note: read is allowed here\n"},
	{"allow read\nallow @basic-io\nallow read, write",
	 "1:1-10: " ALLOWED_TOO "2:1-15: note: read is allowed here\n"
	 "3:1-17: " ALLOWED_TOO "2:1-15: note: read is allowed here\n"},
	{"deny @all\ndeny openat", "2:1-11: " DENIED_TOO "1:1-9: note: openat is denied here\n"},
	{"deny 200\ndeny 200", "2:1-8: " DENIED_TOO "1:1-8: note: 200 is denied here\n"},
	{"deny openat, openat2\nallow read, openat\nallow openat",
	 "3:1-12: " DENIED "1:1-20: note: openat is denied here\n"},
	{"deny openat, openat2\nallow openat, read\nallow read, write",
	 "2:1-18: " DECIDED "1:1-20: note: openat is denied here\n"},
	{"deny openat, openat2\ndeny openat if flags & O_CREAT",
	 "2:1-30: " DENIED_TOO "1:1-20: note: openat is denied here\n"},
	/* It has the default be deny. */
	{"deny openat, openat2\nallow openat", ""},
	{"default allow\ndeny openat, openat2\nallow openat",
	 "3:1-12: " DENIED "2:1-20: note: openat is denied here\n"},
	/* Some of its ops matter. */
	{"allow read, readv\nallow read, @timer", ""},
	/* What is denied by default may be allowed by another text one day. */
	{"default deny\nallow read\ndeny openat, openat2", ""},
	{"default allow\nallow read", ""},

	/* Likewise, by comparing conditions. */
	{"deny openat, openat2 if flags & O_CREAT\n"
	 "deny openat if flags & O_CREAT and accmode == O_RDONLY",
	 "2:1-54: " DENIED_TOO},
	{"deny openat, openat2 if flags & O_CREAT\ndeny openat if flags & (O_CREAT | O_TRUNC)", ""},
	{"deny openat, openat2 if mode < 8\ndeny openat, openat2 if mode > 5\ndeny openat if mode "
	 "== 6",
	 "3:1-24: " DENIED_TOO},
	{"allow openat, openat2 if mode < 8\nallow openat if mode <= 7", "2:1-25: " DECIDED},
	{"allow openat, openat2 if mode < 8\ndeny openat, openat2 if mode == 9\nallow openat if "
	 "mode == 9",
	 "3:1-25: " DECIDED},
	{"allow openat, openat2 if mode < 8\nallow openat if mode <= 8", ""},
	{"deny openat, openat2 if mode == 3\ndeny openat, openat2 if mode == 3\n"
	 "deny openat, openat2 if mode == 9",
	 "2:1-33: " DENIED_TOO},
	{"default deny\nallow openat, openat2 if mode < 8\ndeny openat, openat2 if flags & "
	 "O_CREAT\n"
	 "deny openat if mode == 3",
	 ""},
	/* Beside a default of allow an allow that never holds still denies the rest. */
	{"default allow\ndeny openat, openat2 if mode == 9\nallow openat, openat2 if mode == 9",
	 ""},
	/* Without the second one requests without port and address would be allowed. */
	{"deny send, sendmsg, send_zc, sendmsg_zc\ndeny connect if family == AF_INET or family == "
	 "AF_INET6\ndeny connect if port == 5",
	 ""},
	{"deny send, sendmsg, send_zc, sendmsg_zc\ndeny connect if port < 8\ndeny connect if port "
	 "== 5",
	 "3:1-25: " DENIED_TOO},

	/* Register ops and SQE flags. */
	{"deny register buffers, buffers2\ndeny register @buffers\ndeny register @buffers",
	 "1:1-31: " DENIED_TOO "2:1-22: note: buffers is denied here\n"
	 "3:1-22: " DENIED_TOO "2:1-22: note: buffers is denied here\n"},
	{"deny register restrictions, bpf_filter", ""},
	{"deny register clone_files\ndeny register clone_files", ""},
	{"deny register @all\ndeny register query", ""},
	{"deny sqe-flags async\ndeny @all if sqe_flags & ASYNC",
	 "2:1-30: " DENIED_TOO "1:1-20: note: async is denied here\n"},
	{"require sqe-flags async\nrequire sqe-flags async",
	 "2:1-23: " REQUIRED_TOO "1:1-23: note: async is required here\n"},
	{"default sqe-flags allow\nrequire sqe-flags async\nallow sqe-flags async",
	 "3:1-21: " ALLOWED_TOO "2:1-23: note: async is required here\n"},
	{"require sqe-flags async\nallow sqe-flags async", ""},
	{"allow sqe-flags async\nrequire sqe-flags async\nrequire sqe-flags async",
	 "3:1-23: " REQUIRED_TOO "2:1-23: note: async is required here\n"},
	{"require sqe-flags async\ndeny @all if not sqe_flags & ASYNC",
	 "2:1-34: " REQUIRED_TOO "1:1-23: note: async is required here\n"},
	/* `require` allows the flag, too; a deny does not. */
	{"require sqe-flags fixed_file\ndeny @all if not sqe_flags & ASYNC\nrequire sqe-flags "
	 "async",
	 "2:1-34: " REQUIRED_TOO "3:1-23: note: async is required here\n"},
	{"deny @all if not sqe_flags & ASYNC\nallow sqe-flags async\nallow sqe-flags io_drain", ""},
	{"deny @all if sqe_flags & ASYNC\ndeny sqe-flags async",
	 "2:1-20: " DENIED_TOO "1:1-30: note: async is denied here\n"},
	{"deny sqe-flags async\nrequire sqe-flags async\nrequire sqe-flags async",
	 "3:1-23: " REQUIRED_TOO "2:1-23: note: async is required here\n"},
	/* A request cannot do both: nothing is allowed, but each of them matters. */
	{"deny sqe-flags async\nrequire sqe-flags async", ""},

	/* Holes between equivalents. */
	{"deny openat", "1:1-11: " DENIED_BUT("openat is", "openat2, " DOES)},
	{"deny openat2", "1:1-12: " DENIED_BUT("openat2 is", "openat, " DOES)},
	{"default deny\nallow openat if accmode == O_RDONLY\nallow openat2",
	 "2:1-35: " LIMITED_BUT("openat is", "openat2, which is open, does the same; limit it")},
	{"allow openat\ndeny openat if mode == 1\nallow openat2",
	 "2:1-24: " LIMITED_BUT("openat is", "openat2, which is open, does the same; limit it")},
	{"deny openat if mode == 1\ndeny openat",
	 "1:1-24: " DENIED_TOO "2:1-11: note: openat is denied here\n"
	 "2:1-11: " DENIED_BUT("openat is", "openat2, " DOES)},
	{"deny read, readv",
	 "1:1-16: " DENIED_BUT("readv and read are",
			       "read_fixed, read_multishot and readv_fixed, " DO)},
	{"deny read\ndeny readv, read_fixed, read_multishot",
	 "2:1-38: " DENIED_BUT("readv is", "readv_fixed, " DOES)},
	{"deny write",
	 "1:1-10: " DENIED_BUT("write is", "writev, write_fixed and writev_fixed, " DO)},
	{"deny send, sendmsg\ndeny connect, recv",
	 "1:1-18: " DENIED_BUT(
		 "sendmsg and send are",
		 "s"
		 "e"
		 "n"
		 "d"
		 "_"
		 "z"
		 "c"
		 " "
		 "a"
		 "n"
		 "d"
		 " "
		 "s"
		 "e"
		 "n"
		 "d"
		 "m"
		 "s"
		 "g"
		 "_"
		 "z"
		 "c"
		 ","
		 " " DO) "2:1-18: " DENIED_BUT("recv is",
					       "recvmsg and recv_zc, " DO) "2:1-18:"
									   " " SENDS("d"
										     "e"
										     "n"
										     "i"
										     "e"
										     "d",
										     "s"
										     "e"
										     "n"
										     "d"
										     "_"
										     "z"
										     "c"
										     " "
										     "a"
										     "n"
										     "d"
										     " "
										     "s"
										     "e"
										     "n"
										     "d"
										     "m"
										     "s"
										     "g"
										     "_"
										     "z"
										     "c",
										     "a"
										     "r"
										     "e",
										     "t"
										     "h"
										     "e"
										     "m")},
	{"deny uring_cmd", "1:1-14: " DENIED_BUT("uring_cmd is", "uring_cmd128, " DOES)},
	{"deny uring_cmd128", "1:1-17: " DENIED_BUT("uring_cmd128 is", "uring_cmd, " DOES)},
	{"deny nop", "1:1-8: " DENIED_BUT("nop is", "nop128, " DOES)},
	{"deny async_cancel",
	 "1:1-17: " DENIED_BUT("async_cancel is", "the register operation sync_cancel, " DOES)},
	{"deny @registered",
	 "1:1-16: " DENIED_BUT("files_update is",
			       "the register operations files_update and files_update2, " DO)},
	{"deny provide_buffers",
	 "1:1-20: " DENIED_BUT("provide_buffers is", "the register operation pbuf_ring, " DOES)},
	{"deny provide_buffers\ndeny register pbuf_ring", ""},
	{"deny register files",
	 "1:1-19: " DENIED_BUT("the register operation files is", "files2, " DOES)},
	{"deny register buffers, buffers2", ""},
	{"deny msg_ring", ""},
	/* Denying a way to do it is no attempt to deny it. */
	{"deny read_fixed, write_fixed, send_zc, recv_zc", ""},
	{"default deny\nallow readv, send, recvmsg", ""},
	{"default deny\nallow read_fixed\ndeny read, readv",
	 "3:1-16: " DENIED_BUT("readv and read are", "read_fixed, " DOES)},
	/* The other has conditions of its own, which openat cannot have. */
	{"deny openat\ndefault deny\nallow openat2 if resolve & RESOLVE_BENEATH", ""},
	{"deny @all if user_data == 1", ""},
	/* Nothing can be cancelled. */
	{"deny @all", ""},

	/* Ways around limits on addresses. */
	{"deny sendmsg, send\nallow connect if addr in 10.0.0.0/8 and port == 443\nallow "
	 "sendmsg_zc",
	 "1:1-18: " DENIED_BUT("sendmsg and send are", "sendmsg_zc, " DOES) "2:1-51: " SENDS(
		 "limited", "sendmsg_zc", "is", "it")},
	{"deny connect if port == 25",
	 "1:1-26: " SENDS("limited", "sendmsg, send, send_zc and sendmsg_zc", "are", "them")},
	{"allow connect if family in {AF_INET, AF_INET6}\nallow send", ""},
	{"allow connect if port == 443\nallow write", ""},
	{"default deny\nallow send", ""},
	{"allow connect if family == AF_INET6", "1:1-35: " MAPPED_ALLOWED("192.0.2.1")},
	{"allow connect if addr in ::/0", "1:1-29: " MAPPED_ALLOWED("192.0.2.1")},
	{"allow connect if port == 443 and addr in {10.0.0.0/8, ::/0}",
	 "1:1-59: " MAPPED_ALLOWED("192.0.2.1")},
	{"allow connect if port in {443, 8000-8999} and family == AF_INET6",
	 "1:1-64: " MAPPED_ALLOWED("192.0.2.1")},
	{"allow connect if addr in ::/0 and addr not in ::ffff:0:0/96", ""},
	{"allow connect if addr in {0.0.0.0/0, ::/0}", ""},
	{"allow connect if addr in {10.0.0.0/8, 2001:db8::/32}", ""},
	{"allow connect if addr in 10.0.0.0/8 and family == AF_INET", ""},
	{"deny connect if family == AF_INET", "1:1-33: " MAPPED_NOT_DENIED("192.0.2.1")},
	{"allow connect\ndeny connect if addr == 10.1.2.3 and family == AF_INET",
	 "2:1-54: " MAPPED_NOT_DENIED("10.1.2.3")},
	{"allow connect\ndeny connect if addr in 10.0.0.0/8", ""},
};

Test(lint, warnings)
{
	for (size_t i = 0; i < COUNT(cases); i++)
		expect(cases[i].policy, NULL, false, cases[i].messages);
}

/* --- texts that others use */

Test(lint, a_text_is_judged_by_what_it_says_and_includes)
{
	struct library library = {
		.names = {"a", "b", "c", "d"},
		.texts = {"deny @passthrough\ndeny @network-io\n", "deny @passthrough\n",
			  "include b\ndeny uring_cmd\n",
			  "deny openat, openat2 if mode == 3\ndeny openat, openat2 if mode == 9\n"},
	};

	expect("include a\ninclude b\n", &library, false, "");
	expect("deny @passthrough\ninclude a\n", &library, false,
	       "1:1-17: " DENIED_TOO "a:1:1-17: note: uring_cmd is denied here\n");
	expect("include c\n", &library, false,
	       "c:2:1-14: " DENIED_TOO "b:1:1-17: note: uring_cmd is denied here\n");
	expect("deny @all\ninclude b\n", &library, false, "");
	expect("include d\ndeny openat, openat2 if mode < 8\n", &library, false, "");
	expect("include d\ndeny openat if mode == 9\n", &library, false, "2:1-24: " DENIED_TOO);
}

Test(lint, a_condition_is_voided_by_any_text)
{
	struct library library = {
		.names = {"a"},
		.texts = {"default deny\nallow openat, openat2 if accmode == O_RDONLY\n"},
	};

	expect("include a\nallow @file-system\n", &library, false,
	       "a:2:26-44: " VOIDED(
		       "openat and openat2",
		       "them") "2:1-18: note: openat is allowed here whatever the request\n");
}

Test(lint, voided_alone)
{
	static const char text[] =
		"allow openat if accmode == O_RDONLY\nallow openat\nallow openat";
	struct source source = {.name = "policy", .text = text, .size = strlen(text)};
	struct policy policy = {.arch = arch_here};
	struct diags diags = {0};

	parse_text(&policy, &diags, &source, NULL);
	lint_voided(&policy, &diags);
	cr_assert(diags.first && diags.first->next);
	cr_expect_eq(diags.first->severity, SEVERITY_WARNING);
	cr_expect_eq(diags.first->where.start, 16);
	cr_expect_eq(diags.first->next->severity, SEVERITY_NOTE);
	cr_expect_eq(diags.first->next, diags.last);
	policy_destroy(&policy);
	diags_destroy(&diags);
}

/* --- what it says of all */

#define LOSES                                                                                      \
	"note: Linux 7.0 loses io_uring restrictions when a program that has used a ring "         \
	"executes another (CVE-2026-80713); 7.2, or a release with its fix, is needed "            \
	"(--unsupported=deny denies io_uring altogether)\n"
#define NO_CONNECT                                                                                 \
	"note: Linux 7.0 and 7.1 cannot enforce this for connect: filters there do not see this "  \
	"field (--unsupported=deny denies all of connect)\n"
#define SYSTEM_CALLS                                                                               \
	"note: only io_uring is restricted: what this denies stays open through plain system "     \
	"calls, unless seccomp denies those\n"

static const struct {
	const char *policy, *notes;
} general[] = {
	{"", ""},
	{"default allow", ""},
	{"allow @all", ""},
	{"deny 200", ""},
	{"deny openat, openat2", LOSES SYSTEM_CALLS},
	{"deny sqe-flags async", LOSES},
	{"deny register probe", ""},
	{"deny msg_ring", LOSES SYSTEM_CALLS},
	{"deny msg_ring if user_data == 1", LOSES SYSTEM_CALLS},
	{"default deny", LOSES SYSTEM_CALLS},
	{"deny socket if family == AF_INET", LOSES SYSTEM_CALLS},
	{"deny connect if user_data == 5", LOSES SYSTEM_CALLS},
	{"deny connect if user_data == 5 or port == 25", LOSES "1:35-44: " NO_CONNECT SYSTEM_CALLS},
	/* Denied whatever the port. */
	{"deny connect if port == 25\ndeny connect", LOSES SYSTEM_CALLS},
};

Test(lint, general_notes)
{
	for (size_t i = 0; i < COUNT(general); i++)
		expect(general[i].policy, NULL, true, general[i].notes);
}

/* --- presets, tables, cost */

static char *file_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	cr_assert(file && text, "%s", path);
	cr_assert_gt(fread(text, 1, (1 << 16) - 1, file), 0, "%s", path);
	fclose(file);
	return text;
}

Test(lint, presets_are_clean)
{
	glob_t presets;

	cr_assert_eq(glob("policy/presets/*.policy", 0, NULL, &presets), 0);
	for (size_t i = 0; i < presets.gl_pathc; i++) {
		char *text = file_text(presets.gl_pathv[i]);

		expect(text, NULL, false, "");
		free(text);
	}
	globfree(&presets);
}

static void expect_names(const char *names, const struct table *table)
{
	while (*names) {
		size_t size = strcspn(names, " ");

		cr_expect(size && table_find(table, names, size), "%s", names);
		names += size + (names[size] == ' ');
	}
}

Test(lint, equivalents_are_in_the_tables)
{
	const struct table *const tables[] = {
		[SUBJECT_OP] = &op_table, [SUBJECT_REGISTER] = &register_table};

#define EQUIVALENT(subject, ops, others_subject, others)                                           \
	expect_names(ops, tables[SUBJECT_##subject]);                                              \
	expect_names(others, tables[SUBJECT_##others_subject]);
#include "policy/equivalent.def"
#undef EQUIVALENT
}

/* Many statements, each of them `format` with its number. */
static const char *const many[] = {
	"allow connect if addr == 10.1.%1$u.1 and port != %1$u\n",
	"deny @all if user_data == %u\n",
	"deny @all if sqe_flags == %u\n",
	"deny openat, openat2 if flags & %1$u and mode in {%1$u-65535}\n",
	"allow read\n",
};

Test(lint, ten_thousand_statements_take_no_seconds)
{
	for (size_t i = 0; i < COUNT(many); i++) {
		char *text = NULL, *messages;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		clock_t start;

		for (unsigned n = 0; n < 10000; n++)
			fprintf(out, many[i], 1 + n % 255);
		fclose(out);
		start = clock();
		messages = messages_of(text, NULL, false);
		cr_expect_lt((double)(clock() - start) / CLOCKS_PER_SEC, 10, "%s", many[i]);
		free(messages);
		free(text);
	}
}
