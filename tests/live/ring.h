/* SPDX-License-Identifier: MIT */
/*
 * A small ring for the tests: any setup flags, one submission at a time, and no wait without an
 * end.
 */
#ifndef LIVE_RING_H
#define LIVE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi.h"

struct ring {
	int fd;		    /* -1 where the ring is only registered */
	int index;	    /* among the task's registered rings; -1 where it is not one of them */
	unsigned int setup; /* IORING_SETUP_ flags */

	void *memory; /* the head of both queues, and the completions */
	size_t memory_size;
	char *entries; /* the submission queue's entries */
	size_t entries_size;

	unsigned int *sq_head, *sq_tail, *sq_flags, *sq_array;
	unsigned int sq_mask;
	unsigned int *cq_head, *cq_tail;
	unsigned int cq_mask;
	char *cqes;

	unsigned int queued; /* entries taken since the last submission */
};

struct completion {
	uint64_t user_data;
	int32_t result;
	uint32_t flags;
};

/**
 * Opens a ring of `entries` entries (a power of two) with these IORING_SETUP_ flags. With
 * SETUP_NO_MMAP the memory is ours; with SETUP_REGISTERED_FD_ONLY there is no fd, only an index.
 * Returns 0 or -errno, with nothing left open.
 */
int ring_open(struct ring *ring, unsigned int entries, unsigned int setup);

/** The same with parameters of the caller's, `flags` among them, which the kernel completes. */
int ring_open_with(struct ring *ring, unsigned int entries, struct io_uring_params *params);

/** Maps a ring that is open already, made with these parameters. It is closed with this one, but not
 * on failure. */
int ring_adopt(struct ring *ring, int fd, const struct io_uring_params *params);

/** Closes the ring and unmaps it. A ring that is only registered stays so until its task exits. */
void ring_close(struct ring *ring);

/** Registers the ring with its task and closes the fd: what follows names it by index. Returns 0
 * or -errno. */
int ring_forget_fd(struct ring *ring);

/**
 * Takes the next submission entry, cleared. `wide`: room for 128 bytes, which a ring with
 * IORING_SETUP_SQE128 always gives and one with SETUP_SQE_MIXED only on demand.
 */
struct io_uring_sqe *ring_sqe(struct ring *ring, bool wide);

/**
 * Submits what was queued, and returns once the kernel has read all of it: 0, or -errno, or -ETIME
 * after some seconds.
 */
int ring_submit(struct ring *ring);

/** Takes the next completion, waiting at most this long for it. Returns 0, -ETIME or -errno. */
int ring_wait(struct ring *ring, struct completion *completion, unsigned int milliseconds);

/** Drops the completions that are there. */
void ring_drain(struct ring *ring);

/** io_uring_register(2) on this ring, by fd or by index. Returns what the call does, or -errno. */
int ring_register(const struct ring *ring, unsigned int op, const void *arg, unsigned int count);

#endif
