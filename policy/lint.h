/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_LINT_H
#define URING_JAIL_POLICY_LINT_H

#include "policy/policy.h"

/**
 * Says what in a policy is most likely not what its author means. The policy has to have parsed and
 * been checked without errors. First come warnings, each followed by the notes that belong to it,
 * in this order:
 *
 * - what lint_voided() says;
 * - conditions, and parts of them, that are always true or never;
 * - statements that never matter: others, in their own text and those it includes, decide about the
 *   same requests in the same way. (What stands further out is no reason to remove a statement from
 *   a text that others use, too. Neither is a default: `deny read` says more than `default deny`.)
 * - operations that a statement denies or limits while others that do the same
 *   (policy/equivalent.def) are open whatever the request;
 * - a limit on the addresses of connect that a send escapes, or a v4-mapped address.
 *
 * Then come notes that belong to no warning:
 *
 * - what some of the known kernels (kernel_at()) cannot enforce;
 * - that the same operations are open through system calls; it has no place.
 *
 * A warning is certain, but not everything that could be warned of is: conditions of more than 4096
 * tests and elements are not examined; statements are not compared for an operation with more than
 * 128 conditional ones; and once 2^24 steps were spent on the decision diagrams of all conditions
 * together, the rest of them is left. So the time is bounded, and near linear in the text's size.
 */
void lint(const struct policy *policy, struct diags *diags);

/**
 * Warns of each condition that is moot because another statement, by name or by group, allows the
 * same operation without one: `allow @file-system` beside `allow openat if accmode == O_RDONLY`.
 * The cheapest of the lints, and the one that has to be seen at a launch, too.
 */
void lint_voided(const struct policy *policy, struct diags *diags);

#endif
