// SPDX-License-Identifier: MIT
/* Every way of submitting: who enters the ring, how, and what is in the queue. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "escape.h"

static struct ring shared_ring;

/* --- who enters */

static int by_index(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	error = ring_forget_fd(&ring);
	return error < 0 ? broken("registering the ring", error) : request_on(&ring, goal);
}

static void *run_elsewhere(void *unused)
{
	escape_elsewhere(unused);
	return NULL;
}

static int in_thread(unsigned long argument)
{
	pthread_t thread;

	(void)argument;
	return -pthread_create(&thread, NULL, run_elsewhere, NULL);
}

static int in_fork(unsigned long argument)
{
	pid_t child = fork();

	(void)argument;
	if (child == 0)
		_exit(escape_elsewhere(NULL));
	return child < 0 ? -errno : 0;
}

static int submit_shared(const struct goal *goal)
{
	(void)goal;
	return submit(&shared_ring);
}

/* The entry is written here, and submitted there. */
static int from_another(const struct goal *goal, int (*start)(unsigned long argument))
{
	int error = open_ring(&shared_ring, 0);

	if (error)
		return error;
	queue_goal(&shared_ring, goal, 0);
	return elsewhere(goal, submit_shared, start);
}

static int from_thread(const struct goal *goal)
{
	return from_another(goal, in_thread);
}

static int from_fork(const struct goal *goal)
{
	return from_another(goal, in_fork);
}

static int enable_shared(const struct goal *goal)
{
	int error = ring_register(&shared_ring, REG_ENABLE_RINGS, NULL, 0);

	queue_goal(&shared_ring, goal, 0);
	return error < 0 ? broken("enabling", error) : submit(&shared_ring);
}

/* Whoever enables such a ring is its submitter from then on. */
static int enabled_elsewhere(const struct goal *goal)
{
	int error = open_ring(&shared_ring, IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER);

	return error ? error : elsewhere(goal, enable_shared, in_thread);
}

/* --- how */

#define ENTER_FLAGS 256U

/* Some flags want an argument, and are refused without it: that is no attempt then. */
static int all_enter_flags(const struct goal *goal)
{
	static struct io_uring_getevents_arg argument;
	static struct __kernel_timespec limit = {.tv_nsec = 1000000};
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	argument.ts = (uintptr_t)&limit;
	for (unsigned int flags = 0; flags < ENTER_FLAGS; flags++) {
		if (flags & IORING_ENTER_REGISTERED_RING)
			continue;
		queue_goal(&ring, goal, 0);
		__atomic_store_n(ring.sq_tail, *ring.sq_tail + 1, __ATOMIC_RELEASE);
		ring.queued = 0;
		io_uring_enter2((unsigned int)ring.fd, 1, 0, flags,
				flags & IORING_ENTER_EXT_ARG ? (void *)&argument : NULL,
				flags & IORING_ENTER_EXT_ARG ? sizeof(argument) : 0);
		/* one that was refused is submitted without flags, and says what any would */
		sweep_count(goal, submit(&ring));
	}
	return sweep_end();
}

/* More than there is. */
static int submit_too_many(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_goal(&ring, goal, 0);
	__atomic_store_n(ring.sq_tail, *ring.sq_tail + ring.queued, __ATOMIC_RELEASE);
	ring.queued = 0;
	error = io_uring_enter((unsigned int)ring.fd, 0x7fffffff, 0, 0, NULL);
	return error < 0 ? broken("io_uring_enter", error) : result_of(&ring);
}

/* --- what is in the queue */

#define BATCH 16U

/* One among many, at every place. */
static int in_batch(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	if (error)
		return error;
	for (unsigned int place = 0; place < BATCH; place++) {
		for (unsigned int i = 0; i < BATCH; i++)
			if (i == place)
				queue_goal(&ring, goal, 0);
			else
				queue_nop(&ring, 0);
		sweep_count(goal, submit(&ring));
		ring_drain(&ring);
	}
	return sweep_end();
}

/* A whole queue of them: the first may be looked at, and the others like it not. */
static int in_herd(const struct goal *goal)
{
	struct ring ring;
	int result = open_ring(&ring, IORING_SETUP_SUBMIT_ALL);

	if (result)
		return result;
	for (unsigned int i = 0; i < BATCH; i++)
		queue_goal(&ring, goal, 0);
	result = submit(&ring);
	for (unsigned int i = 1; i < BATCH && result == -EACCES; i++)
		result = result_of(&ring);
	return result;
}

/* The array names the same entry twice, and one that the queue skips. */
static int array_games(const struct goal *goal)
{
	struct ring ring;
	unsigned int tail;
	int result = open_ring(&ring, 0);

	if (result)
		return result;
	tail = *ring.sq_tail;
	queue_nop(&ring, 0);
	queue_goal(&ring, goal, 0);
	queue_nop(&ring, 0);
	ring.sq_array[(tail + 0) & ring.sq_mask] = 1;
	ring.sq_array[(tail + 1) & ring.sq_mask] = 0xffffffff;
	ring.sq_array[(tail + 2) & ring.sq_mask] = 1;
	__atomic_store_n(ring.sq_tail, tail + 3, __ATOMIC_RELEASE);
	ring.queued = 0;
	for (int i = 0; i < 3; i++) {
		io_uring_enter((unsigned int)ring.fd, 1, 0, 0, NULL);
		if (i != 1)
			sweep_count(goal, result_of(&ring));
	}
	return sweep_end();
}

/* What waits in the queue is copied to the new one. */
static int over_resize(const struct goal *goal)
{
	struct io_uring_params params = {.sq_entries = 64, .cq_entries = 128};
	struct ring ring, resized;
	int result = open_ring(&ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);

	if (result)
		return result;
	queue_goal(&ring, goal, 0);
	__atomic_store_n(ring.sq_tail, *ring.sq_tail + ring.queued, __ATOMIC_RELEASE);
	result = ring_register(&ring, REG_RESIZE_RINGS, &params, 1);
	if (result < 0)
		return unless_unknown("resizing", result);
	params.flags = ring.setup;
	result = ring_adopt(&resized, ring.fd, &params);
	return result < 0 ? broken("mapping", result) : submit(&resized);
}

const struct attempt submit_attempts[] = {
	{
		.name = "submit-by-index",
		.why = "the ring is named by its number among the task's registered ones",
		.goals = BOTH,
		.run = by_index,
	},
	{
		.name = "submit-from-thread",
		.why = "another thread enters the ring than the one that made it",
		.goals = BOTH,
		.run = from_thread,
	},
	{
		.name = "submit-from-fork",
		.why = "another process enters the ring than the one that made it",
		.goals = BOTH,
		.run = from_fork,
	},
	{
		.name = "submit-enabled-elsewhere",
		.why = "the submitter of the ring is another thread than its maker",
		.goals = BOTH,
		.run = enabled_elsewhere,
	},
	{
		.name = "submit-flags",
		.why = "of all flags of io_uring_enter(2) one takes another way",
		.goals = BOTH,
		.run = all_enter_flags,
	},
	{
		.name = "submit-too-many",
		.why = "the count is more than there is",
		.goals = BOTH,
		.run = submit_too_many,
	},
	{
		.name = "submit-batch",
		.why = "it is one among many others, first, last or between",
		.goals = BOTH,
		.run = in_batch,
		.argument = IORING_SETUP_SUBMIT_ALL,
	},
	{
		.name = "submit-batch-sqpoll",
		.why = "the polling thread takes no more than a few at a time",
		.goals = BOTH,
		.run = in_batch,
		.argument = IORING_SETUP_SQPOLL | IORING_SETUP_SUBMIT_ALL,
	},
	{
		.name = "submit-herd",
		.why = "a denial could be for the first of many alone",
		.goals = BOTH,
		.run = in_herd,
	},
	{
		.name = "submit-array",
		.why = "the array names one entry twice, and one that is not there",
		.goals = BOTH,
		.run = array_games,
	},
	{
		.name = "submit-resized",
		.why = "the ring gets new queues while the request waits",
		.goals = BOTH,
		.run = over_resize,
	},
	{.name = NULL},
};
