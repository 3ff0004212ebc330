/* SPDX-License-Identifier: MIT */
/*
 * One launch under ptrace(2), with one fault: a system call that is not made and answers something
 * else, that is given less to do, or that a signal or a change from outside precedes.
 */
#ifndef LIVE_INJECT_H
#define LIVE_INJECT_H

#include <stdbool.h>
#include <stddef.h>

#define INJECT_CALLS_MAX 2048

enum fault_kind {
	FAULT_NONE,
	FAULT_ANSWER,	    /* the call is not made, and answers `value` (an -errno, or 0) */
	FAULT_SHORT,	    /* its third argument, a count, is 1 */
	FAULT_SIGNAL,	    /* signal `value` comes while the call is made */
	FAULT_GROUP_SIGNAL, /* and to all processes of the launch, as from a terminal */
	FAULT_ACT,	    /* `act` happens right before it */
};

/* Calls are counted from 0 in each process, processes from 0 (the launcher) as they appear. */
struct fault {
	enum fault_kind kind;
	unsigned int process, call;
	bool onwards; /* all later calls of that kind, in any process, too */
	int value;
	void (*act)(void);
	const char *name; /* of what `act` does; for messages */
};

struct call {
	unsigned int process, call;
	long number;
	unsigned long arguments[3];
	long result;
};

struct launch_under {
	char *const *command; /* the launcher and its arguments; NULL at the end */
	const char *input;    /* a file for standard input; NULL: /dev/null */
	void (*before)(void); /* called in the child before exec; may be NULL */
};

struct outcome {
	int status;	 /* as from waitpid(2) */
	bool reached;	 /* the fault took place */
	bool ran;	 /* the launcher has become another program */
	bool hung;	 /* and was killed */
	bool left;	 /* the launcher had ended, and a child of it went on */
	char text[4096]; /* what was written to standard error, cut */
	/* The calls up to the exec, in the order of their ends; kept only where nothing is injected. */
	struct call calls[INJECT_CALLS_MAX];
	size_t nr_calls;
};

/**
 * Whether two calls look the same to a seccomp filter that distinguishes operations: the number is
 * the same, and of calls that have them the operation and whether there is an argument.
 */
bool inject_same_kind(const struct call *a, const struct call *b);

/** Runs a launch to its end with a fault. Returns false, with a message, where that cannot be. */
bool inject(const struct launch_under *launch, const struct fault *fault, struct outcome *outcome);

#endif
