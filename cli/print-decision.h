/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_PRINT_DECISION_H
#define URING_JAIL_CLI_PRINT_DECISION_H

#include <stdio.h>

#include "policy/decide.h"

/** Writes a statement in one line, without a newline: its place and its text, without comments,
 * white space folded. */
void print_statement_line(FILE *out, const struct statement *statement);

/** Writes why a request was decided as it was, likewise: the statement, and what there is to say. */
void print_reason(FILE *out, const struct decision *decision);

#endif
