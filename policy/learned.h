/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_LEARNED_H
#define URING_JAIL_POLICY_LEARNED_H

#include <stdio.h>

#include "policy/policy.h"

/*
 * What a program was seen to do, and the policy that allows it. Pure: counts come in, a policy and
 * text go out.
 */

/** How often each thing was seen. All zero: nothing was. It is large: better not on the stack. */
struct learned {
	uint64_t requests[256][256]; /* by op and SQE flags */
	uint64_t registers[256];
	/* By what does not exist: neither this program nor the kernel knows the number. */
	uint64_t unknown_ops[256], unknown_registers[256];
	uint8_t own_flags; /* those of the SQE flags that certainly a program has set, not the kernel */
};

/**
 * Counts a request.
 *
 * @param flags its SQE flags; where `own` is false, with those that the kernel adds: IO_DRAIN, ASYNC,
 *              and FIXED_FILE for nop
 * @param error 0, or the negative errno with which it was refused when it was submitted. An op that
 *              no table knows and that got EINVAL is none
 */
void learned_request(struct learned *learned, unsigned op, uint8_t flags, bool own, int error);

/** Counts a call of io_uring_register(2) likewise; `result` is what it returned. */
void learned_register(struct learned *learned, unsigned op, int64_t result);

/**
 * Adds statements to a policy so that it allows what was seen, and no more than that:
 *
 * - to a policy without statements, the three defaults, which all deny, and what was seen;
 * - to any other, what it denies by default and was seen. What its statements deny, or allow under
 *   conditions, stays as it is, since somebody has decided that.
 *
 * SEND_MSG_RING needs the op msg_ring to be allowed, which does the same.
 *
 * @param diags out of memory
 */
void learned_extend(const struct learned *learned, struct policy *policy, struct diags *diags);

/**
 * Writes what was seen and how often, as comments of a policy file: ops and register ops by groups,
 * flags, and what the policy, extended as above, does not or may not allow of it.
 */
void learned_write_counts(FILE *out, const struct learned *learned, const struct policy *policy);

/** Whether the policy, extended as above, allows all that was seen, whatever the requests' fields. */
bool learned_all_allowed(const struct learned *learned, const struct policy *policy);

#endif
