/* SPDX-License-Identifier: MIT */
/* Turns filters of system calls into policies that grant no more. */
#ifndef URING_JAIL_POLICY_IMPORT_H
#define URING_JAIL_POLICY_IMPORT_H

#include <stdio.h>

#include "policy/policy.h"

/** How a rule compares an argument of a system call: all 64 bits, without sign, as in libseccomp. */
enum import_relation {
	IMPORT_NE,
	IMPORT_LT,
	IMPORT_LE,
	IMPORT_EQ,
	IMPORT_GE,
	IMPORT_GT,
	IMPORT_MASKED_EQ, /* (argument & value) == other */
};

struct import_test {
	unsigned index; /* of the argument, from 0 */
	enum import_relation relation;
	uint64_t value, other;
};

/** What becomes of a call. Whatever is not simply allowed cannot be carried over and is denied. */
enum import_action {
	IMPORT_ALLOW,
	IMPORT_DENY,
	IMPORT_LOG, /* allowed, and noted: of a request nothing would be */
	IMPORT_ASK, /* another process decides */
};

/** A rule about one call; it applies where all tests are true. */
struct import_rule {
	struct import_rule *next;
	const char *call;
	enum import_action action;
	const struct import_test *tests;
	size_t nr_tests;
};

/** A filter of system calls. All zero allows all; import_profile_destroy() frees it. */
struct import_profile {
	struct arena arena;
	enum import_action otherwise; /* what becomes of a call that no rule applies to */
	struct import_rule *first, *last;
};

/** What linux.ioUring of an OCI runtime's configuration says. */
struct import_io_uring {
	bool allows;	/* by default */
	struct set ops; /* those that are otherwise */
	bool has_families;
	struct set families; /* the only ones that the op socket may use, with has_families */
	uint8_t denied_sqe_flags;
};

/**
 * Adds a rule. `tests` has to live as long as the profile; `call` is copied.
 *
 * @return false when memory runs out
 */
bool import_add(struct import_profile *profile, const char *call, enum import_action action,
		const struct import_test *tests, size_t nr_tests);

/** Frees everything; then the profile allows all. */
void import_profile_destroy(struct import_profile *profile);

/** Calls `see` with each system call that an import depends on; some come more than once. */
void import_calls(void (*see)(void *data, const char *call), void *data);

/**
 * Whether a profile lets io_uring be used at all: its three system calls have to be allowed.
 *
 * @return the first of them that is not, or NULL
 */
const char *import_missing_call(const struct import_profile *profile);

/**
 * Writes a policy that lets pass no request whose system calls the profile denies: an op is allowed
 * if all calls that it can stand for are (policy/op.def). Of several rules for a call that
 * contradict each other those that deny win, whatever their order; where container runtimes differ
 * in what rules mean, the narrowest reading counts. Tests of arguments that a filter sees become
 * conditions, others count as false in rules that allow, and as true in rules that do not. All that
 * is denied is followed by a comment that says why.
 *
 * @param arena holds what messages in `diags` are about
 * @return false with messages in `diags`, when memory runs out
 */
bool import_write(FILE *out, const struct import_profile *profile, struct arena *arena,
		  struct diags *diags);

/** Likewise, for the object. */
bool import_write_io_uring(FILE *out, const struct import_io_uring *object, struct arena *arena,
			   struct diags *diags);

/**
 * Reads values of SystemCallFilter=, systemd.exec(5), as systemd would if each line were an
 * assignment of its own, and adds them to the profile. ~ can also stand inside of a line; it holds
 * up to the end of the line.
 *
 * @param sources one text for each assignment
 * @return false with all errors in `diags`; warnings may be added in any case
 */
bool import_systemd(struct import_profile *profile, const struct source *sources, size_t nr_sources,
		    struct diags *diags);

/** The version of systemd whose sets of system calls import_systemd() knows: "systemd 252". */
extern const char import_systemd_version[];

#endif
