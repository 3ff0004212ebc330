// SPDX-License-Identifier: MIT
/* Every way of hiding a request: behind others, in other rings, and by changing it in time. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "escape.h"

#define HIDDEN_MS 200

/* --- behind others */

/* Behind a NOP that links to it, the way the argument says. */
static int linked(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_nop(&ring, (unsigned int)escape.argument);
	queue_nop(&ring, (unsigned int)escape.argument);
	queue_goal(&ring, goal, 0);
	return submit(&ring);
}

/* At the head, so that the rest of the chain goes with it. */
static int linking(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_goal(&ring, goal, (unsigned int)escape.argument);
	queue_nop(&ring, 0);
	return submit(&ring);
}

/* A hard link goes on after a failure; here the one before it fails. */
static int linked_to_failure(const struct goal *goal)
{
	struct io_uring_sqe *sqe;
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	sqe = next_sqe(&ring);
	sqe->opcode = OP_READ;
	sqe->fd = -1;
	sqe->flags = IOSQE_IO_HARDLINK;
	queue_goal(&ring, goal, 0);
	return submit(&ring);
}

/* The chain waits for a pipe, so that the request is issued when its submission is long over. */
static int linked_to_wait(const struct goal *goal)
{
	struct io_uring_sqe *sqe;
	struct ring ring;
	int fds[2], error = open_ring(&ring, 0);

	if (error)
		return error;
	if (pipe(fds) < 0)
		return broken("pipe", -errno);
	sqe = next_sqe(&ring);
	sqe->opcode = OP_POLL_ADD;
	sqe->fd = fds[0];
	sqe->poll32_events = POLLIN;
	sqe->flags = IOSQE_IO_LINK;
	queue_goal(&ring, goal, 0);
	error = ring_submit(&ring);
	if (error < 0 || write(fds[1], "", 1) != 1)
		return broken("submission", error);
	return result_of(&ring);
}

static int with_timeout(const struct goal *goal)
{
	static struct __kernel_timespec hour = {.tv_sec = 3600};
	struct io_uring_sqe *sqe;
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_goal(&ring, goal, IOSQE_IO_LINK);
	sqe = next_sqe(&ring);
	sqe->opcode = OP_LINK_TIMEOUT;
	sqe->addr = (uintptr_t)&hour;
	sqe->len = 1;
	return submit(&ring);
}

static int flagged(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_goal(&ring, goal, (unsigned int)escape.argument);
	return submit(&ring);
}

/* Everything behind a drain waits in a queue of its own. */
static int behind_drain(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_nop(&ring, IOSQE_ASYNC);
	queue_nop(&ring, IOSQE_IO_DRAIN);
	queue_goal(&ring, goal, 0);
	return submit(&ring);
}

/* The chain drains, and so the request after it has the flag from the kernel. */
static int behind_draining_chain(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_nop(&ring, IOSQE_IO_LINK);
	queue_nop(&ring, IOSQE_IO_LINK | IOSQE_IO_DRAIN);
	queue_nop(&ring, 0);
	queue_goal(&ring, goal, 0);
	return submit(&ring);
}

/* Without a completion there is only the effect. A denial has one all the same. */
static int silent(const struct goal *goal)
{
	struct completion completion;
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	queue_goal(&ring, goal, IOSQE_CQE_SKIP_SUCCESS);
	error = ring_submit(&ring);
	if (error < 0)
		return broken("submission", error);
	error = ring_wait(&ring, &completion, HIDDEN_MS);
	return error == -ETIME ? -ETIME
	       : error < 0     ? broken("completion", error)
			       : completion.result;
}

/* The result goes into the table of registered files, and never is a file descriptor. */
static int direct(const struct goal *goal)
{
	struct ring ring;
	struct io_uring_sqe *sqe;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	sqe = queue_goal(&ring, goal, 0);
	if (sqe->opcode == OP_OPENAT)
		sqe->open_flags &= ~(unsigned int)O_CLOEXEC;
	else
		((struct open_how *)(uintptr_t)sqe->addr2)->flags &= ~(uint64_t)O_CLOEXEC;
	sqe->file_index = IORING_FILE_INDEX_ALLOC;
	return submit(&ring);
}

static int as_personality(const struct goal *goal)
{
	struct io_uring_sqe *sqe;
	struct ring ring;
	int personality, error = open_ring(&ring, 0);

	if (error)
		return error;
	personality = ring_register(&ring, REG_PERSONALITY, NULL, 0);
	if (personality < 0)
		return broken("personality", personality);
	/* the one that is registered has more rights than the one that submits */
	if (setresuid(65534, 65534, 65534) < 0)
		return broken("setresuid", -errno);
	sqe = queue_goal(&ring, goal, 0);
	sqe->personality = (uint16_t)personality;
	return submit(&ring);
}

static int multishot(const struct goal *goal)
{
	struct io_uring_sqe *sqe;
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	sqe = queue_goal(&ring, goal, 0);
	sqe->ioprio |= IORING_ACCEPT_MULTISHOT;
	return submit(&ring);
}

/* An entry of 128 bytes, wherever there is room for it. */
static int wide(const struct goal *goal)
{
	struct io_uring_sqe *sqe;
	struct ring ring;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	if (error)
		return error;
	sqe = ring_sqe(&ring, true);
	goal->prepare(sqe);
	sqe->user_data = 0x676f616c;
	return submit(&ring);
}

/* --- in a race */

#define ROUNDS	      3000
#define ROUNDS_SQPOLL 300

static struct race {
	const struct goal *goal;
	struct io_uring_sqe *sqe;
	bool over;
} race;

/* The entry, and what it points to, changes all the time. */
static void *change(void *unused)
{
	(void)unused;
	for (bool denied = false; !__atomic_load_n(&race.over, __ATOMIC_RELAXED);
	     denied = !denied) {
		for (int i = 0; i < 20; i++)
			race.goal->set(race.sqe, (i & 1) == denied);
		sched_yield();
	}
	return NULL;
}

/* Some requests have to be denied, and some not: else there was no race. */
static int race_end(void)
{
	dprintf(STDOUT_FILENO, "race: %u reached, %u denied, %u other\n", escape.reached,
		escape.denied, escape.other);
	return escape.denied && escape.other ? -EACCES : broken("no race", 0);
}

static int changing(const struct goal *goal)
{
	pthread_t thread;
	struct ring ring;
	int rounds = escape.argument & IORING_SETUP_SQPOLL ? ROUNDS_SQPOLL : ROUNDS;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	if (error)
		return error;
	for (int i = 0; i < rounds; i++) {
		race.goal = goal;
		race.sqe = queue_goal(&ring, goal, 0);
		if (i == 0)
			pthread_create(&thread, NULL, change, NULL);
		sched_yield();
		sweep_count(goal, submit(&ring));
	}
	__atomic_store_n(&race.over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return race_end();
}

/* --- by another ring */

static int message_from_other_ring(const struct goal *goal)
{
	goals_peer();
	return request_plainly(goal);
}

#define LINK	 IOSQE_IO_LINK
#define HARDLINK IOSQE_IO_HARDLINK

#define RACES                                                                                      \
	{                                                                                          \
		&goal_openat2, &goal_create, &goal_create_how, &goal_flag                          \
	}
#define WIDE                                                                                       \
	{                                                                                          \
		&goal_nop128                                                                       \
	}

const struct attempt hide_attempts[] = {
	{
		.name = "hide-linked",
		.why = "the head of a chain may stand for all of it",
		.goals = BOTH,
		.run = linked,
		.argument = LINK,
	},
	{
		.name = "hide-hardlinked",
		.why = "the head of a chain may stand for all of it",
		.goals = BOTH,
		.run = linked,
		.argument = HARDLINK,
	},
	{
		.name = "hide-linking",
		.why = "what fails at the head of a chain is issued with it",
		.goals = BOTH,
		.run = linking,
		.argument = LINK,
	},
	{
		.name = "hide-hardlinking",
		.why = "what fails at the head of a chain is issued with it",
		.goals = BOTH,
		.run = linking,
		.argument = HARDLINK,
	},
	{
		.name = "hide-linked-to-failure",
		.why = "a hard link goes on after a failure",
		.goals = BOTH,
		.run = linked_to_failure,
		.refusal = -ECANCELED,
	},
	{
		.name = "hide-linked-to-wait",
		.why = "it is issued long after it was submitted",
		.goals = BOTH,
		.run = linked_to_wait,
	},
	{
		.name = "hide-with-timeout",
		.why = "a timeout is linked to it",
		.goals = BOTH,
		.run = with_timeout,
	},
	{
		.name = "hide-async",
		.why = "a worker thread issues it",
		.goals = BOTH,
		.run = flagged,
		.argument = IOSQE_ASYNC,
	},
	{
		.name = "hide-draining",
		.why = "it waits in the queue of the drained",
		.goals = BOTH,
		.run = flagged,
		.argument = IOSQE_IO_DRAIN,
	},
	{
		.name = "hide-behind-drain",
		.why = "it waits in the queue of the drained",
		.goals = BOTH,
		.run = behind_drain,
	},
	{
		.name = "hide-behind-chain",
		.why = "the kernel itself makes it drain",
		.goals = BOTH,
		.run = behind_draining_chain,
	},
	{
		.name = "hide-silent",
		.why = "it has no completion to put an error in",
		.goals = BOTH,
		.run = silent,
	},
	{
		.name = "hide-direct",
		.why = "its result is no file descriptor",
		.goals = BOTH,
		.run = direct,
	},
	{
		.name = "hide-personality",
		.why = "it is made with the rights of another",
		.goals = BOTH,
		.run = as_personality,
	},
	{
		.name = "hide-multishot",
		.why = "one request completes many times",
		.goals = {&goal_accept},
		.run = multishot,
	},
	{
		.name = "hide-wide",
		.why = "it is an operation of 128 bytes",
		.goals = WIDE,
		.run = wide,
		.argument = IORING_SETUP_SQE128,
	},
	{
		.name = "hide-wide-mixed",
		.why = "it takes two entries",
		.goals = WIDE,
		.run = wide,
		.argument = SETUP_SQE_MIXED,
	},
	{
		.name = "hide-wide-sqpoll",
		.why = "the second of its entries may be in the polling thread's next turn",
		.goals = WIDE,
		.run = wide,
		.argument = SETUP_SQE_MIXED | IORING_SETUP_SQPOLL,
	},
	{
		.name = "hide-changing",
		.why = "a thread changes it between the check and the use",
		.goals = RACES,
		.run = changing,
	},
	{
		.name = "hide-changing-sqpoll",
		.why = "it changes while the kernel's thread reads it",
		.goals = RACES,
		.run = changing,
		.argument = IORING_SETUP_SQPOLL,
	},
	{
		.name = "hide-message",
		.why = "what happens on another ring is that ring's business",
		.goals = {&goal_message},
		.run = message_from_other_ring,
	},
	{.name = NULL},
};
