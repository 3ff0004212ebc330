/* SPDX-License-Identifier: MIT */
/*
 * From a boolean expression over the context's words to classic BPF that executes few instructions
 * on its worst path, the fewest where there is little to test, and that has few in all.
 * Pure and deterministic: the same expression always gives the same program.
 */
#ifndef URING_JAIL_POLICY_CODEGEN_H
#define URING_JAIL_POLICY_CODEGEN_H

#include "policy/bpf.h"
#include "policy/expr.h"

enum codegen_status {
	CODEGEN_OK,
	CODEGEN_INVALID,  /* an atom with a bad offset or order, a zero mask, or lo > hi */
	CODEGEN_TOO_LONG, /* needs more than BPF_LEN_MAX instructions */
	CODEGEN_NO_MEMORY,
};

struct codegen_stats {
	unsigned total; /* instructions */
	unsigned worst; /* instructions on the longest path, RET included */
	uint64_t work;	/* steps spent, the same on every machine: for budget tests */
};

/* Memory to make programs in, one after the other. NULL when there is none; codegen_free() it. */
struct codegen;
struct codegen *codegen_new(void);
void codegen_free(struct codegen *codegen);

/*
 * Compiles EXPR: the program returns 1 where it is true and 0 where it is not. ASSUME, which may be
 * NULL, states what holds of every context (padding that the kernel zeroes): where it is false, the
 * program may return either. Only bits with one value, ANDed, are made use of; if they contradict
 * each other the program returns 0. Both trees stay
 * the caller's, and bound the recursion by their depth.
 *
 * Replaces *OUT, which must be initialised, and the caller destroys it. On failure *OUT is empty.
 * STATS may be NULL.
 */
enum codegen_status codegen_with(struct codegen *codegen, const struct expr *expr,
				 const struct expr *assume, struct bpf_program *out,
				 struct codegen_stats *stats);

/* The same for a single program. */
enum codegen_status codegen_compile(const struct expr *expr, const struct expr *assume,
				    struct bpf_program *out, struct codegen_stats *stats);

#endif
