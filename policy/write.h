/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_WRITE_H
#define URING_JAIL_POLICY_WRITE_H

#include <stdio.h>

#include "policy/policy.h"

/*
 * The normal form of a policy as text. It is written to a stream that the caller gives, a file or
 * memory (open_memstream(3)); whether that worked is for the caller to ask with ferror(3).
 */

/**
 * Writes the whole policy as text that means the same: parse_text() reads it without errors and
 * warnings, and writing what it read gives the same text again.
 *
 * First the stated defaults, of each subject the one that wins; then for ops, register ops and SQE
 * flags what is allowed, denied and required. Statements without a condition are merged into one
 * for each subject and effect. Groups are dissolved into names, in the order of their numbers, but
 * for @all. Lines have 100 columns at most, where tabs go to each eighth.
 */
void policy_write(FILE *out, const struct policy *policy);

/**
 * Writes one statement in the spelling of policy_write(), without a newline in it or after it.
 *
 * @param arch whose constants the numbers in its condition are
 */
void policy_write_statement(FILE *out, const struct statement *statement, enum arch arch);

/** Writes a condition likewise. */
void policy_write_cond(FILE *out, const struct cond *cond, enum arch arch);

#endif
