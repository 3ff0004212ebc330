/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_PRINT_H
#define URING_JAIL_CLI_PRINT_H

#include <stdio.h>

#include "cli/options.h"
#include "policy/plan.h"

/** Writes a plan in words, call by call, in the order of a launch. */
void print_plan(FILE *out, const struct plan *plan, const struct kernel *kernel);

/**
 * Writes a table of names, each with its number, since when it is there, whether the kernel has it
 * (where it told) and what it does.
 */
void print_list(FILE *out, enum listing listing, const struct kernel *kernel);

#endif
