/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_LOG_DENIED_H
#define URING_JAIL_CLI_LOG_DENIED_H

#include "cli/load.h"
#include "cli/trace-event.h"
#include "policy/decide.h"

/**
 * --log-denied: launches the command in its jail as ever, but in a child, and reports each denied
 * request to standard error as it happens.
 *
 * @param loaded the policy, and what it was compiled to
 * @param launch what the child does: the whole of a launch; returns the exit status where it fails
 * @return the exit status, which is the command's where that ran
 */
int log_denied(const struct options *options, const struct loaded *loaded,
	       int (*launch)(const void *data), const void *launch_data);

/** How many requests were denied. */
struct denied_counts {
	uint64_t requests[256], registers[256]; /* by op */
	uint64_t others;			/* register ops beyond those */
	uint64_t setups;			/* of io_uring_setup(2) */
	uint64_t lost;				/* events that would have told of some */
	bool blind; /* the kernel did not let the command be watched to its end */
};

/** What the trace tells of a denied request. */
struct denied {
	struct request request;
	unsigned known; /* the fields that it has, a mask of 1 << enum field_id */
	bool is_setup;	/* it is a call of io_uring_setup(2), and no request */
	struct denials denials;
};

/**
 * Makes a request of an event, as far as the event tells, and finds what may have denied it.
 *
 * @param event a TRACE_FAILED, TRACE_REGISTER or TRACE_SETUP
 */
void denied_read(struct denied *denied, const struct trace_event *event,
		 const struct policy *policy);

#endif
