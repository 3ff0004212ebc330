/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_PLAN_H
#define URING_JAIL_POLICY_PLAN_H

#include <string.h>

#include "policy/bpf.h"
#include "policy/kernel.h"
#include "policy/policy.h"
#include "policy/uring-abi.h"

/* Every op, every register op, the flags allowed and the flags required. */
#define PLAN_RESTRICTIONS_MAX (URING_OPS_MAX + URING_REGISTER_OPS_MAX + 2)

/** What to do where the kernel cannot enforce a rule. */
enum unsupported {
	UNSUPPORTED_FAIL, /* there is no plan */
	UNSUPPORTED_DENY, /* deny the op as a whole, or, if that cannot be done, all of io_uring */
};

/** By which mechanisms. */
enum via {
	VIA_AUTO,    /* the cheapest one */
	VIA_FILTERS, /* without restrictions, which are left for the target to set */
};

/** How the user wants a plan to be made. All zero is the default. */
struct plan_options {
	enum unsupported unsupported;
	enum via via;
};

/** One io_uring_register(-1, IORING_REGISTER_BPF_FILTER): a condition on the requests of an op. */
struct filter {
	unsigned op;
	uint8_t pdu_size;	    /* bytes of payload that the program relies on */
	struct bpf_program program; /* returns 1 to allow, 0 to deny; in the kernel's byte order */
};

/**
 * What has to be done to the task so that a policy holds: nothing else than this is installed, in
 * this order. All zero is a plan of nothing.
 *
 * `restrictions` is the argument of one io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), laid
 * out as struct uring_task_restriction. Without entries (nr_res is 0) there is no such call. They
 * are last, so that the room that is not used need not be cleared.
 */
struct plan {
	struct filter *filters; /* one for each op at most, in the order of their ops */
	size_t nr_filters;
	const char *why_filters;    /* static text, where they have to do without restrictions */
	struct bpf_program seccomp; /* for seccomp(2), after all else; of no length: none */
	const char *why_seccomp;    /* static text, where there is such a program */
	struct set register_ops;    /* that it lets pass; the others get EACCES */
	bool blocks; /* it closes io_uring as a whole, with ENOSYS, and is all that there is */
	struct {
		uint16_t flags;
		uint16_t nr_res;
		uint32_t resv[3];
		struct uring_restriction entries[PLAN_RESTRICTIONS_MAX];
	} restrictions;
};

/** Makes it a plan of nothing. */
static inline void plan_init(struct plan *plan)
{
	memset(plan, 0, offsetof(struct plan, restrictions.entries));
}

/** Whether a filter denies every request of its op. */
bool filter_denies_all(const struct filter *filter);

/** Whether nothing needs to be installed for the policy to hold. */
bool plan_is_empty(const struct plan *plan);

/**
 * Which findings about the kernel plan_compile() depends on for this policy (a mask of NEED_), so
 * that no launch pays for trying anything else.
 */
unsigned plan_needs(const struct policy *policy, const struct kernel *kernel, enum via via);

/**
 * Compiles a policy that parsed without errors for a kernel. Each rule gets the cheapest mechanism
 * that enforces it.
 *
 * Requests: in a task that is not restricted yet, ops and SQE flags that are decided whatever the
 * request are restrictions, which are checked on the raw SQE before the op's own code runs; an op
 * under a condition is allowed by those and gets one filter. Restrictions can be set only once, so
 * in a task that is restricted already, each op that is denied has a filter of its own: what a
 * filter denies to all other ops (IO_URING_BPF_FILTER_DENY_REST) leaves those open for which an
 * outer jail has a filter (io_uring/bpf_filter.c: io_register_bpf_filter).
 *
 * Register ops: restrictions where those hold, else seccomp.
 *
 * @param options UNSUPPORTED_DENY denies more where the kernel cannot enforce a rule; that is said
 *                in warnings
 * @param plan is filled in; plan_destroy() frees what is in it, also after a failure
 * @return true if the plan makes the whole policy hold on that kernel; else false, with the reasons
 *         added to `diags` as errors
 */
bool plan_compile(const struct policy *policy, const struct kernel *kernel,
		  struct plan_options options, struct plan *plan, struct diags *diags);

/** Frees what a plan holds, and leaves a plan of nothing. */
void plan_destroy(struct plan *plan);

#endif
