/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_SUPERVISE_H
#define URING_JAIL_CLI_SUPERVISE_H

#include "cli/trace.h"

/** A run that is watched. */
struct supervision {
	const char *name; /* of the command, for messages */
	/**
	 * What the child does: all that a launch does without being watched.
	 *
	 * @return the exit status, where the command could not be executed
	 */
	int (*launch)(const void *data);
	const void *launch_data;

	struct trace *trace;
	trace_handler *handler;
	void *handler_data;
};

/** How a run has ended. */
struct supervised {
	bool ran;   /* the command was executed */
	bool blind; /* the kernel did not let it be watched to its end */
	int status; /* as from waitpid(2); where it did not run, the exit status */
};

/**
 * Launches a command in a child and watches it until it, and everything it has started, has ended.
 * Signals are passed on to it meanwhile; those that end a program stop the watching once the
 * command itself has ended. What was seen up to then has reached the handler when this returns.
 *
 * The child has nothing of the trace: its file descriptors are made in the parent after the fork.
 * The parent is outside the jail, so it makes itself inaccessible to ptrace(2) of the unprivileged.
 *
 * @return false on failure, which has been reported: the command did not run then
 */
bool supervise(const struct supervision *supervision, struct supervised *supervised);

/**
 * Ends this process as the command has ended: by its signal, or
 *
 * @return the exit status to end with
 */
int supervise_end(const struct supervised *supervised);

#endif
