// SPDX-License-Identifier: MIT
/* What attempts are made of. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "escape.h"

#define ENTRIES	     16U
#define WAIT_MS	     30000U
#define ELSEWHERE_MS 10000
#define GOAL_DATA    0x676f616cU

int not_here(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	dprintf(STDOUT_FILENO, "not here: ");
	vdprintf(STDOUT_FILENO, format, arguments);
	dprintf(STDOUT_FILENO, "\n");
	va_end(arguments);
	return NOT_HERE;
}

int broken(const char *what, int error)
{
	dprintf(STDOUT_FILENO, "broken: %s: %s\n", what, strerror(-error));
	return BROKEN;
}

int unless_unknown(const char *what, int error)
{
	if (error == -EINVAL || error == -ENOSYS || error == -EOPNOTSUPP)
		return not_here("%s: %s", what, strerror(-error));
	return broken(what, error);
}

/* Without an SQ array the kernel goes through the entries one after the other. */
struct io_uring_sqe *next_sqe(struct ring *ring)
{
	size_t size = sizeof(struct io_uring_sqe) << !!(ring->setup & IORING_SETUP_SQE128);
	unsigned int slot = (*ring->sq_tail + ring->queued) & ring->sq_mask;

	if (!(ring->setup & SETUP_NO_SQARRAY))
		return ring_sqe(ring, false);
	ring->queued++;
	return memset(ring->entries + slot * size, 0, size);
}

int open_ring(struct ring *ring, unsigned int setup)
{
	int error = ring_open(ring, ENTRIES, setup);

	if (error < 0)
		return unless_unknown("ring", error);
	register_files(ring);
	return 0;
}

struct io_uring_sqe *queue_goal(struct ring *ring, const struct goal *goal, unsigned int flags)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	goal->prepare(sqe);
	sqe->flags |= (uint8_t)flags;
	sqe->user_data = GOAL_DATA;
	return sqe;
}

void queue_nop(struct ring *ring, unsigned int flags)
{
	struct io_uring_sqe *sqe = next_sqe(ring);

	sqe->opcode = OP_NOP;
	sqe->flags = (uint8_t)flags;
}

int result_of(struct ring *ring)
{
	struct completion completion;
	int error;

	do {
		error = ring_wait(ring, &completion, WAIT_MS);
		if (error < 0)
			return broken("completion", error);
	} while (completion.user_data != GOAL_DATA);
	return completion.result;
}

int submit(struct ring *ring)
{
	int error = ring_submit(ring);

	return error < 0 ? broken("submission", error) : result_of(ring);
}

int request_on(struct ring *ring, const struct goal *goal)
{
	queue_goal(ring, goal, 0);
	return submit(ring);
}

int request_plainly(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0), result;

	if (error)
		return error;
	result = request_on(&ring, goal);
	ring_close(&ring);
	return result;
}

void sweep_count(const struct goal *goal, int result)
{
	unsigned int count = escape.reached + escape.denied + escape.other;
	char note = goal->done(result) ? 'R' : result == -EACCES ? 'D' : 'O';

	if (count < sizeof(escape.sweep) - 1)
		escape.sweep[count] = note;
	escape.reached += note == 'R';
	escape.denied += note == 'D';
	escape.other += note == 'O';
}

int sweep_end(void)
{
	dprintf(STDOUT_FILENO, "sweep: %s\n", escape.sweep);
	return escape.denied ? -EACCES : broken("sweep without a denial", 0);
}

/* A goal can be reached although the result was an error, or was not seen. */
void finish(const struct goal *goal, int result)
{
	if (escape.reached || goal->done(result))
		_exit(EXIT_REACHED);
	if (result == NOT_HERE)
		_exit(EXIT_NOT_HERE);
	if (result != BROKEN)
		dprintf(STDOUT_FILENO, "result %d\n", result);
	if (result == -EACCES || (result < 0 && result == escape.attempt->refusal))
		_exit(EXIT_DENIED);
	_exit(EXIT_BROKEN);
}

void follow(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, __WALL) != child || !WIFEXITED(status)) {
		broken("child", -errno);
		_exit(EXIT_BROKEN);
	}
	_exit(WEXITSTATUS(status));
}

char **plain_arguments(const struct goal *goal)
{
	static char *arguments[] = {"escape", "@", "plain", NULL, NULL};

	arguments[3] = (char *)goal->name;
	return arguments;
}

int plain_again(const struct goal *goal)
{
	execv(escape.self, plain_arguments(goal));
	return broken(escape.self, -errno);
}

int wait_until_done(const struct goal *goal)
{
	for (int i = 0; i < 400; i++) {
		if (goal->done(-EAGAIN)) {
			escape.reached++;
			return 0;
		}
		clock_sleep_us(10000);
	}
	return broken("nothing happened", -ETIME);
}

/* --- processes of other kinds */

static struct {
	const struct goal *goal;
	int (*run)(const struct goal *goal);
	/* Shared with processes that share nothing else. */
	struct shared {
		int result;
		bool reached, ready;
	} * shared;
} away;

int escape_elsewhere(void *unused)
{
	int result = away.run(away.goal);

	(void)unused;
	away.shared->reached = escape.reached || away.goal->done(result);
	away.shared->result = result;
	__atomic_store_n(&away.shared->ready, true, __ATOMIC_RELEASE);
	return 0;
}

int elsewhere(const struct goal *goal, int (*run)(const struct goal *goal),
	      int (*start)(unsigned long argument))
{
	int64_t deadline = clock_ms() + ELSEWHERE_MS;
	int error;

	away.goal = goal;
	away.run = run;
	away.shared = mmap(NULL, sizeof(*away.shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (away.shared == MAP_FAILED)
		return broken("memory", -errno);
	error = start(escape.argument);
	if (error < 0)
		return unless_unknown("start", error);
	while (!__atomic_load_n(&away.shared->ready, __ATOMIC_ACQUIRE)) {
		if (clock_ms() > deadline)
			return broken("no result", -ETIME);
		clock_sleep_us(500);
	}
	escape.reached += away.shared->reached;
	return away.shared->result;
}
