/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_TESTS_UNIT_BUILD_H
#define URING_JAIL_TESTS_UNIT_BUILD_H

#include "cli/load.h"

/** A policy made from options, with the messages it gave. */
struct built {
	struct arena arena; /* of the options */
	struct options options;
	struct loaded loaded;
};

/**
 * Reads options as from the command line, but without the dashes: "deny-op=read default=deny". A
 * space within an option is written '~'. built_destroy() frees what is in `built`.
 */
void build(struct built *built, const char *options);

/** All messages, each with a newline; lives until built_destroy(). */
const char *built_messages(struct built *built);

void built_destroy(struct built *built);

#endif
