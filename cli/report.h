/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_REPORT_H
#define URING_JAIL_CLI_REPORT_H

#include <stdio.h>

#include "policy/diag.h"

/** The exit status of everything that uring-jail itself fails at. */
#define EXIT_FAILED 125

/** Leaves out notes and warnings from now on; errors remain. */
void report_quiet(void);

/** Writes "uring-jail: MESSAGE" to standard error. */
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Likewise, unless report_quiet() was called. */
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Writes every message with its place, the line and an underline to standard error. */
void report_diags(const struct diags *diags);

/** Standard error, from which text goes out a line at a time. */
FILE *report_stream(void);

/**
 * To be called before anything is written: exit() then flushes standard output and turns a failure of
 * that into a message and status 125, so that nobody takes half an answer for a whole one.
 */
void report_begin(void);

#endif
