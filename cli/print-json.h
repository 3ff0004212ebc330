/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_PRINT_JSON_H
#define URING_JAIL_CLI_PRINT_JSON_H

#include <stdio.h>

#include "cli/doctor.h"
#include "cli/log-denied.h"
#include "cli/options.h"
#include "policy/decide.h"
#include "policy/plan.h"

/*
 * What is looked at in JSON, as uring-jail-json(5) describes it. Each function writes one object
 * on one line. Bytes of a policy that are no UTF-8 become U+FFFD. Where memory runs out the program
 * ends with a message, so that nobody takes half an answer for a whole one.
 */

/** Writes a plan call by call, with the policy in its normal form. */
void print_plan_json(FILE *out, const struct plan *plan, const struct kernel *kernel,
		     const struct policy *policy, const struct process *process);

/** Writes all messages; notes are within what they belong to. */
void print_diags_json(FILE *out, const struct diags *diags);

/**
 * Writes what was found out about the kernel.
 *
 * @param loaded the policy that was examined, with its plan and all messages; NULL if there is none
 * @param good whether it can be enforced
 */
void print_diagnosis_json(FILE *out, const struct diagnosis *diagnosis, const struct loaded *loaded,
			  bool good);

/** Writes what a listing has. */
void print_list_json(FILE *out, enum listing listing, const struct kernel *kernel);

/**
 * Writes what was decided about a request.
 *
 * @param text the request as it was given
 * @param explain NULL, or the policy, to say of each statement about the op how it evaluated
 */
void print_decision_json(FILE *out, const struct source *text, const struct request *request,
			 const struct decision *decision, const struct policy *explain);

/**
 * Writes a denied request.
 *
 * @param time when that was, as text
 */
void print_denied_json(FILE *out, const struct trace_event *event, const struct denied *denied,
		       const char *time, const struct policy *policy);

/** Writes how many requests were denied in all. */
void print_denied_counts_json(FILE *out, const struct denied_counts *counts);

#endif
