/* SPDX-License-Identifier: MIT */
/*
 * What a run should have come to. All of these report what is otherwise through failed(), naming
 * the policy and the words of the run.
 */
#ifndef LIVE_VERDICT_H
#define LIVE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "run.h"

/* A set of operations, or of register operations. */
struct set {
	uint64_t bits[4];
};

struct set set_none(void);
struct set set_all(void);
struct set set_with(struct set set, unsigned int member);
struct set set_without(struct set set, unsigned int member);
bool set_has(struct set set, unsigned int member);

/* What a policy needs of the kernel. */
enum need {
	NEED_NOTHING, /* operations and flags are not restricted: register operations always can be */
	NEED_OPS,     /* they are */
};

/** Whether this kernel enforces what the policy needs. */
bool can_enforce(enum need need);

/** Whether this is a kernel that the launcher tries in a child before it restricts itself. */
bool older_than_7_2(void);

/** A policy that denies openat2 where this kernel can, or else one that allows everything: for what
 * is to be tested whether there is anything to enforce or not. */
const char *policy_here(void);

/** The ops that are allowed under that policy. */
struct set allowed_here(void);

/**
 * Runs it in a jail, and returns true where the target did all it was told and exited with 0. On a
 * kernel that cannot enforce what the policy needs, the launcher has to refuse instead: expects
 * that and returns false. Either way run_clear is the caller's.
 */
bool jailed(struct run *run, enum need need);

/** Runs it without a launcher; returns true where it did all it was told. */
bool unjailed(struct run *run);

/** The launcher refused: status 125, and the target has not run at all. */
void expect_125(const struct run *run);

/** The same, and there is an error message that has `reason` in it (if not NULL). */
void expect_refusal(const struct run *run, const char *reason);

/** The verdict on every operation of the kernel: denied with -EACCES unless in the set, and
 * otherwise just as in the other run, where there is one. */
void expect_ops(const struct run *run, struct set allowed, const struct run *other);

/** The verdict on every combination of SQE flags that the target has tried. */
void expect_flags(const struct run *run, unsigned int allowed, unsigned int required);

/** The verdict on every register operation of the kernel, on rings of every kind and on none. */
void expect_registers(const struct run *run, struct set allowed);

#endif
