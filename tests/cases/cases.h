/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_TESTS_CASES_H
#define URING_JAIL_TESTS_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/parse.h"

/**
 * What a policy has to decide about a request. All that decides or enforces policies has to agree
 * with these.
 */
struct test_case {
	const char *file; /* where it stands, for messages */
	size_t line;
	const char *policy;  /* the text of the policy */
	const char *request; /* as request_parse() reads it */
	bool allowed;
	bool any_decider; /* which statement decides is left open */
	size_t decider;	  /* the line of the policy's text where the statement that decides starts;
			     0: none, a default that is not stated or what is built in */
};

/** All zero is empty; cases_destroy() frees it. */
struct cases {
	struct arena arena;
	struct test_case *list;
	size_t n, room;
};

/**
 * Reads all files *.cases of a directory. In a file
 *
 * - a line that starts with # is a comment, and an empty line nothing;
 * - lines that start with a tab are the text of a policy, for all cases up to the next one;
 * - any other line is a case: "allow" or "deny"; the line of the statement that decides, counted
 *   within the policy's text, or "default", or "-" for any; and the request.
 *
 * @return false, with the reason printed on standard error, if there is no such file, or if one
 *         cannot be read or is malformed
 */
bool cases_load(struct cases *cases, const char *directory);

/** What parse_text() includes presets with, by name alone; they live as long as the cases. */
struct loader cases_loader(struct cases *cases);

/** Frees all cases; then there are none. */
void cases_destroy(struct cases *cases);

#endif
