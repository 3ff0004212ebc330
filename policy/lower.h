/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_LOWER_H
#define URING_JAIL_POLICY_LOWER_H

#include "policy/expr.h"
#include "policy/kernel.h"
#include "policy/policy.h"
#include "policy/uring-abi.h"

/** What a policy decides about an op: one answer for all of its requests, or not. */
enum op_verdict { OP_ALLOWED, OP_DENIED, OP_CONDITIONAL };

/**
 * Decides every op as far as that can be done without a request: OP_CONDITIONAL if a condition that
 * some statement has for the op can matter.
 */
void lower_verdicts(const struct policy *policy, enum op_verdict verdicts[URING_OPS_MAX]);

/** What a policy says about an op: the statements about it, in order. */
struct rules {
	const struct policy *policy;
	unsigned op;
	const struct statement **statements;
	size_t n;
};

/**
 * Finds the statements about each op of a set, without those that are really about SQE flags
 * (policy_is_flag_rule()).
 *
 * @return an array in the arena, with the statements about each of the ops at its number; NULL when
 *         memory runs out
 */
struct rules *lower_rules(const struct policy *policy, const struct set *ops, struct arena *arena);

/**
 * Whether one program does for two ops of a policy: it says the same of both, and their contexts look
 * the same. The word with the SQE flags has the opcode, too, which a program may make use of, so an
 * op whose flags are tested is like no other.
 */
bool lower_alike(const struct rules *a, const struct rules *b);

/**
 * Lowers what the policy says about an op to tests of the words that a filter of the kernel sees
 * (struct io_uring_bpf_ctx): true where the request is allowed.
 *
 * @param otherwise whether policy_default_allows() ops
 * @param assume is set to what holds in every context of the op
 * @return the expression, which is in the arena as `assume` is; NULL when memory runs out
 */
struct expr *lower_op(const struct rules *rules, bool otherwise, const struct kernel *kernel,
		      struct arena *arena, struct expr **assume);

/** The first test about the op of a field that only some payload has; NULL if there is none. */
const struct cond *lower_payload_test(const struct rules *rules);

/**
 * The first test about the op that a filter cannot decide, because it does not see the request's
 * own flags: a filter sees IO_DRAIN, ASYNC and, for NOP, FIXED_FILE also on requests that do not
 * have them, though never misses one (io_uring/io_uring.c: io_init_req, io_init_drain; the prep
 * functions that set REQ_F_FORCE_ASYNC). So a test of them may only take away from what is allowed.
 *
 * @param denies_more is set to the first such test that can be decided, but then also denies
 *                    requests that only look as if they had the flag; NULL if there is none
 * @return NULL if there is none
 */
const struct cond *lower_unsound_flags(const struct rules *rules, const struct cond **denies_more);

/**
 * Those flags among all SQE flags that a filter sees also on requests, of any op, that do not have
 * them: IO_DRAIN and ASYNC.
 */
#define LOWER_SEEMING_FLAGS 0x12

/** The same for one op: NOP has one more. */
uint8_t lower_seeming_flags(unsigned op);

/**
 * The test that a request has none of the flags `denied` and all of those `required` (IOSQE_
 * masks), on the word that a filter of the kernel sees.
 *
 * @return as from lower_op()
 */
struct expr *lower_sqe_flags(const struct kernel *kernel, struct arena *arena, uint8_t denied,
			     uint8_t required);

#endif
