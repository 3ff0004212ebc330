/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_TESTS_UNIT_BUILD_H
#define URING_JAIL_TESTS_UNIT_BUILD_H

#include "policy/policy.h"

/** A policy made from options, with the messages it gave. */
struct built {
	struct arena arena; /* the sources */
	struct policy policy;
	struct diags diags;
};

/**
 * Reads options as from the command line, but without the dashes: "deny-op=read default=deny".
 * built_destroy() frees what is returned.
 */
struct built build(const char *options);

/** All messages, each with a newline; lives until built_destroy(). */
const char *built_messages(struct built *built);

void built_destroy(struct built *built);

#endif
