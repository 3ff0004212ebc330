/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_PLAN_H
#define URING_JAIL_POLICY_PLAN_H

#include "policy/kernel.h"
#include "policy/policy.h"
#include "policy/uring-abi.h"

/* Every op, every register op, the flags allowed and the flags required. */
#define PLAN_RESTRICTIONS_MAX (URING_OPS_MAX + URING_REGISTER_OPS_MAX + 2)

/**
 * What has to be done to the task so that a policy holds: nothing else than this is installed.
 *
 * `restrictions` is the argument of one io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), laid
 * out as struct uring_task_restriction. Without entries (nr_res is 0) there is no such call: the
 * policy holds by itself.
 */
struct plan {
	struct {
		uint16_t flags;
		uint16_t nr_res;
		uint32_t resv[3];
		struct uring_restriction entries[PLAN_RESTRICTIONS_MAX];
	} restrictions;
};

/** Whether nothing needs to be installed for the policy to hold. */
bool plan_is_empty(const struct plan *plan);

/**
 * Which findings about the kernel plan_compile() depends on for this policy (a mask of NEED_), so
 * that no launch pays for trying anything else.
 */
unsigned plan_needs(const struct policy *policy, const struct kernel *kernel);

/**
 * Compiles a policy that parsed without errors for a kernel.
 *
 * @return true if `plan` makes the whole policy hold on that kernel; else false, with the reasons
 *         added to `diags` as errors
 */
bool plan_compile(const struct policy *policy, const struct kernel *kernel, struct plan *plan,
		  struct diags *diags);

#endif
