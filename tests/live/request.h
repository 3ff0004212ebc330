/* SPDX-License-Identifier: MIT */
/*
 * For every operation of the kernel one real request: complete, so that it passes the operation's
 * own checks, and done soon, with a result that is never -EACCES. What a policy lets through gives
 * the result in the table; what it denies gives -EACCES.
 */
#ifndef LIVE_REQUEST_H
#define LIVE_REQUEST_H

#include <stdbool.h>

#include "ring.h"
#include "scratch.h"

/* Rings that a request needs, beyond any ring. */
enum request_ring {
	REQUEST_RING_ANY,
	REQUEST_RING_WIDE,	/* with entries of 128 bytes */
	REQUEST_RING_ZERO_COPY, /* with a queue from scratch_zero_copy */
};

struct request {
	const char *name; /* as after IORING_OP_, in lower case */
	enum request_ring ring;
	/* What it completes with: an exact negative errno, or 0 for any result that is not an
	 * error. `or_else` is a second errno that may come instead, where not 0. */
	int expected;
	int or_else;
	/* The kernel never completes it with IO_DRAIN or behind a drain, since it waits for its own
	 * notification then; up to 7.2 not even on a ring whose last request was drained. */
	bool never_drained;
	/* Makes what the request needs, and fills in the entry (which is cleared but for opcode
	 * and user_data). */
	void (*prepare)(struct scratch *scratch, struct io_uring_sqe *sqe);
	/* Puts away what the request left behind. Often NULL. */
	void (*finish)(struct scratch *scratch, int result);
};

/* How a request is submitted. */
struct request_style {
	bool linked;  /* behind a NOP that links to it */
	bool drained; /* with IO_DRAIN, behind a NOP in another thread; not if never_drained */
};

/* How request_run failed to get a result. */
#define REQUEST_HUNG   1
#define REQUEST_BROKEN 2

/** The row of an operation, NULL where the table has none. */
const struct request *request_find(unsigned int op);

/** Whether the result is what the table says for a request that is allowed. */
bool request_expects(const struct request *request, int result);

/**
 * Prepares the request, for an operation without a row an empty one, submits it alone, and waits
 * for all of its completions. Returns 0 with the result of the first of them and the flags that the
 * entry had; REQUEST_HUNG; or REQUEST_BROKEN (submission failed: its errno is in *result).
 */
int request_run(struct scratch *scratch, struct ring *ring, unsigned int op,
		struct request_style style, int *result, unsigned int *flags);

/**
 * Runs a read with exactly these IOSQE_ flags, made so that every combination that the kernel takes
 * has a completion: with CQE_SKIP_SUCCESS it is a read that fails with -EBADF. Returns as
 * request_run does.
 */
int request_run_flagged(struct scratch *scratch, struct ring *ring, unsigned int flags,
			int *result);

#endif
