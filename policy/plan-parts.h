/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the compiler share: plan.c (which mechanism enforces what) and plan-filter.c
 * (the filters). Nobody else includes this.
 */
#ifndef URING_JAIL_POLICY_PLAN_PARTS_H
#define URING_JAIL_POLICY_PLAN_PARTS_H

#include "policy/lower.h"
#include "policy/plan.h"

/* What enforces a kind of rule. */
enum mechanism { BY_NOTHING, BY_RESTRICTIONS, BY_FILTERS, BY_SECCOMP };

/* What a policy decides about everything that a kernel has, and what is to enforce it. */
struct work {
	const struct policy *policy;
	const struct kernel *kernel;
	struct plan_options options;
	struct diags *diags;
	enum op_verdict ops[URING_OPS_MAX];
	struct rules *rules;	 /* by op: of those that compile_filters() may need a program for */
	bool otherwise;		 /* what no statement decides is allowed */
	struct codegen *codegen; /* where compile_filters() makes programs */
	struct verdicts verdicts;
	enum mechanism requests;  /* for ops and SQE flags; conditions always get filters */
	enum mechanism registers; /* for register ops */
	bool blocks;		  /* something can be enforced only by closing io_uring */
};

/* The flags that the policy denies on every request, of those that the kernel may have. */
uint8_t denied_flags(const struct work *work);

/*
 * Adds the filters. Ops for which the kernel cannot enforce a condition are reported or denied, as
 * asked for; those whose programs are too long are reported.
 */
void compile_filters(struct work *work, struct plan *plan);

#endif
