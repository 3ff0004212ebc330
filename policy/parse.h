/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_PARSE_H
#define URING_JAIL_POLICY_PARSE_H

#include "policy/policy.h"

/**
 * Reads a list, "openat2, @all, 61", and adds it to the policy as one statement. Every error in
 * the list is added to `diags`; then the policy may not be used.
 *
 * @param effect EFFECT_ALLOW, EFFECT_DENY or EFFECT_REQUIRE
 */
void parse_list(struct policy *policy, struct diags *diags, const struct source *source,
		enum subject subject, enum effect effect);

/** Reads the value of --default, "allow" or "deny", and adds it to the policy. */
void parse_default(struct policy *policy, struct diags *diags, const struct source *source);

#endif
