/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_TRACE_NAMES_H
#define URING_JAIL_CLI_TRACE_NAMES_H

#include "cli/trace-event.h"

#define TRACE_NAME_BUCKETS 1024

/**
 * The names of processes, so that one that has ended by the time its events are read still has one.
 * All zero is empty.
 */
struct trace_names {
	struct trace_name *buckets[TRACE_NAME_BUCKETS];
};

/** Takes what a TRACE_NAME, TRACE_FORK or TRACE_EXIT event tells; other events tell nothing. */
void trace_names_follow(struct trace_names *names, const struct trace_event *event);

/** The name of a process: that of its first thread; "" where it is not known. */
void trace_names_find(const struct trace_names *names, pid_t pid, char name[16]);

/** Frees all names. */
void trace_names_destroy(struct trace_names *names);

#endif
