/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_TRACE_H
#define URING_JAIL_CLI_TRACE_H

#include "cli/trace-event.h"

/*
 * Watches io_uring in a process and all that it starts, by perf events on the kernel's tracepoints.
 * They are inherited by every thread that is made, SQPOLL threads included, whose requests so count
 * as those of the process that has the ring; and they are gone with the last file descriptor, so
 * that nothing stays behind however this process ends.
 */

struct trace;

/** What to watch. */
enum trace_want {
	TRACE_ALL,    /* every request and register op, accepted or not; no names */
	TRACE_DENIED, /* requests that fail with EACCES, calls that do or fail with ENOSYS; names */
};

typedef void trace_handler(void *data, const struct trace_event *event);

/**
 * Finds out how this kernel traces, before there is anything to watch.
 *
 * @param buffer bytes for each processor, rounded up to a power of two of pages; 0: as is usual
 * @return NULL on failure, which has been reported; else trace_close() frees it
 */
struct trace *trace_prepare(enum trace_want want, size_t buffer);

/**
 * Watches a process from its next execve(2) on, with all that it starts. It may have no threads or
 * children yet.
 *
 * @return false on failure, which has been reported
 */
bool trace_attach(struct trace *trace, pid_t pid);

/** A file descriptor to poll(2) for each processor: POLLIN when there is something to drain, POLLHUP
 * when no watched thread is left. */
size_t trace_fds(const struct trace *trace, const int **fds);

/** Whether no thread is left that is watched. */
bool trace_ended(const struct trace *trace);

/**
 * Gives what has happened to the handler, in the order in which it happened; only TRACE_REQUEST
 * events may come before earlier ones. TRACE_CALL events become TRACE_REGISTER events where the
 * call left no other trace, and are left out where it did.
 *
 * @param all also the latest, which some processor may still have earlier ones to; at the end
 * @return whether some events are kept back for that reason
 */
bool trace_drain(struct trace *trace, bool all, trace_handler *handler, void *data);

/** Stops watching; what was seen up to now can still be drained. */
void trace_stop(struct trace *trace);

/** How many events were lost for want of room in a buffer, and are in no drain. */
uint64_t trace_lost(const struct trace *trace);

/** Whether calls of io_uring_register(2) without a ring, or stopped by seccomp, are seen. */
bool trace_sees_all_calls(const struct trace *trace);

/** Frees it. NULL is allowed. */
void trace_close(struct trace *trace);

#endif
