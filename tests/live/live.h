/* SPDX-License-Identifier: MIT */
/*
 * What the live tests share: where things are, what the kernel is like, and how to report.
 */
#ifndef LIVE_LIVE_H
#define LIVE_LIVE_H

#include <stdbool.h>

#include "kernel.h"

struct live {
	const char *launcher;
	const char *target;
	const char *watched;
	char scratch[64]; /* a directory that everybody may write to */
	struct kernel kernel;
	bool verbose;
	bool old; /* a kernel that cannot restrict tasks will do */
};

extern struct live live;

struct test {
	const char *name;
	void (*run)(const char *argument);
	const char *argument;
};

/* The tests, by concern; each list ends with a row without a name. */
extern const struct test op_tests[];
extern const struct test flag_tests[];
extern const struct test register_tests[];
extern const struct test refusal_tests[];
extern const struct test ring_tests[];
extern const struct test privilege_tests[];
extern const struct test limit_tests[];
extern const struct test process_tests[];
extern const struct test nested_tests[];
extern const struct test learn_tests[];

/* A test runs in a process of its own. It reports any number of failures, and goes on; it passes if
 * it has reported none and returned. */
void failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the test: it has nothing to test here. */
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
