/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_POLICY_H
#define URING_JAIL_POLICY_POLICY_H

#include <stdint.h>

#include "policy/diag.h"
#include "policy/set.h"
#include "policy/table.h"

/** What a statement is about. Each subject has a default of its own. */
enum subject { SUBJECT_OP, SUBJECT_REGISTER, SUBJECT_SQE_FLAGS };
#define SUBJECTS 3

enum effect {
	EFFECT_DEFAULT_ALLOW,
	EFFECT_DEFAULT_DENY,
	EFFECT_ALLOW,
	EFFECT_DENY,
	EFFECT_REQUIRE
};

/** A proposed register operation that a statement names (see policy/register-op.def). */
struct proposal {
	struct proposal *next;
	const struct row *row;
	struct range where;
};

/** One statement: "allow read, write", or what an option says. */
struct statement {
	struct statement *next;
	struct range where;
	enum subject subject;
	enum effect effect;
	struct set members; /* opcodes; empty for SQE flags and defaults */
	uint8_t sqe_flags;  /* IOSQE_ mask; for SUBJECT_SQE_FLAGS alone */
	struct proposal *proposals;
};

/**
 * What the user asks for: the statements of all options and texts, in order. All zero is empty;
 * policy_destroy() frees it. It points into the sources it was read from, which have to live as
 * long.
 */
struct policy {
	struct arena arena;
	struct statement *first, *last;
};

/** Appends an empty statement. Returns NULL when memory runs out, and says so in `diags`. */
struct statement *policy_add(struct policy *policy, struct diags *diags, struct range where,
			     enum subject subject, enum effect effect);

/** Frees all statements; then there are none. */
void policy_destroy(struct policy *policy);

/** Reports what statements contradict each other: two different defaults for one subject. */
void policy_check(const struct policy *policy, struct diags *diags);

/**
 * What a policy decides, whatever the kernel. Opcodes that no table knows are decided too.
 *
 * A request is allowed if its op is in `ops`, each of its SQE flags is in `sqe_flags` and all of
 * `sqe_flags_required` are among them. A flag that is required without being denied is allowed.
 */
struct verdicts {
	struct set ops;
	struct set register_ops;
	uint8_t sqe_flags;
	uint8_t sqe_flags_required;
};

/**
 * Decides every op, register op and SQE flag: denied if any statement denies it, else allowed if
 * any allows it, else by the default. A default that is not stated is deny where the policy has an
 * allow statement for that subject, else allow. Denying the op MSG_RING denies the register op
 * SEND_MSG_RING, which does the same without a ring. RESTRICTIONS, BPF_FILTER and QUERY stay
 * allowed unless denied by name or number. A flag both denied and required denies every op.
 */
struct verdicts policy_verdicts(const struct policy *policy);

/** The statement that denies `op` by itself, or NULL where a default does or none. */
const struct statement *policy_denier(const struct policy *policy, enum subject subject,
				      unsigned op);

#endif
