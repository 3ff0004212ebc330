/* SPDX-License-Identifier: MIT */
/*
 * A request as a policy sees it, made for real: with all the fields that conditions test, beside
 * what it takes to be well-formed.
 */
#ifndef LIVE_PERFORM_H
#define LIVE_PERFORM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* Numbers are those of the kernel. Fields that the operation lacks are not looked at. */
struct attempt {
	bool is_register; /* of io_uring_register(2): `op` is all there is */
	unsigned int op;
	uint64_t user_data;
	uint8_t sqe_flags;
	uint64_t flags, mode, resolve;	 /* of an open */
	uint32_t family, type, protocol; /* of a socket; family, of an address, too */
	uint16_t port;			 /* in host order */
	uint8_t addr[16];		 /* network order; AF_INET has the first four */
};

/* What perform() returns where there is no result: less than any -errno. */
enum {
	PERFORM_HIDDEN = INT_MIN, /* a success, since nothing came, with IOSQE_CQE_SKIP_SUCCESS */
	PERFORM_HUNG,
	PERFORM_BROKEN,	 /* the ring or the submission failed, with a message on standard error */
	PERFORM_NOTHING, /* for callers: not performed at all */
	PERFORM_ERRORS,
};

/** What requests work on, and a ring that they are made on. */
struct performer;

/**
 * Makes it, with a new directory in `parent`. Rings opened here are restricted as the task is now.
 * Returns NULL, with a message on standard error, on failure. Free with performer_close().
 */
struct performer *performer_open(const char *parent);

/** Closes and removes everything. NULL is fine. */
void performer_close(struct performer *performer);

/**
 * Makes the request and returns its result: of the first completion, of io_uring_register(2), or
 * one of PERFORM_. What it made or left behind is put away, so that the next one finds all as it
 * was.
 */
int perform(struct performer *performer, const struct attempt *attempt);

#endif
