// SPDX-License-Identifier: MIT
/* Every way of making a ring. What is inherited by a ring is copied to it when it is made. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escape.h"

#define SQPOLL	 IORING_SETUP_SQPOLL
#define IOPOLL	 IORING_SETUP_IOPOLL
#define DISABLED IORING_SETUP_R_DISABLED
#define SINGLE	 IORING_SETUP_SINGLE_ISSUER
#define DEFER	 (SINGLE | IORING_SETUP_DEFER_TASKRUN)
#define COOP	 IORING_SETUP_COOP_TASKRUN
#define FD_LESS	 (SETUP_NO_MMAP | SETUP_REGISTERED_FD_ONLY)

/* The kernel takes entries from the start then, whatever head and tail say: both stay 0. */
static int submit_rewound(struct ring *ring)
{
	int result;

	ring->queued = 0;
	result = io_uring_enter((unsigned int)ring->fd, 1, 0, 0, NULL);
	return result == 1 ? result_of(ring) : broken("submission", result);
}

/* What is queued while the ring is disabled is there when it is enabled. */
static int on_ring(const struct goal *goal, unsigned int setup)
{
	struct ring ring;
	int result = open_ring(&ring, setup);

	if (result)
		return result;
	queue_goal(&ring, goal, 0);
	if (setup & DISABLED)
		result = ring_register(&ring, REG_ENABLE_RINGS, NULL, 0);
	if (result < 0)
		result = broken("enabling", result);
	else
		result = setup & SETUP_SQ_REWIND ? submit_rewound(&ring) : submit(&ring);
	ring_close(&ring);
	return result;
}

static int on_ring_of_kind(const struct goal *goal)
{
	return on_ring(goal, (unsigned int)escape.argument);
}

/* A poller that serves two rings looks at the restrictions of which? */
static int on_attached(const struct goal *goal)
{
	struct io_uring_params params = {.flags = (unsigned int)escape.argument};
	struct ring first, second;
	int error = ring_open(&first, 4, params.flags);

	if (error < 0)
		return unless_unknown("ring", error);
	params.flags |= IORING_SETUP_ATTACH_WQ;
	params.wq_fd = (unsigned int)first.fd;
	error = ring_open_with(&second, 4, &params);
	if (error < 0)
		return unless_unknown("attached ring", error);
	return request_on(&second, goal);
}

/* Every pair of setup flags that the kernel takes. Those that only ask for other sizes
 * are left out, and so is what takes a CPU or a file for its argument. */
static const unsigned int setup_flags[] = {
	SQPOLL,
	DISABLED,
	IORING_SETUP_SUBMIT_ALL,
	COOP,
	IORING_SETUP_TASKRUN_FLAG,
	IORING_SETUP_SQE128,
	IORING_SETUP_CQE32,
	SINGLE,
	IORING_SETUP_DEFER_TASKRUN,
	SETUP_NO_MMAP,
	SETUP_REGISTERED_FD_ONLY,
	SETUP_NO_SQARRAY,
	SETUP_CQE_MIXED,
	SETUP_SQE_MIXED,
	SETUP_SQ_REWIND,
};

#define SETUP_FLAGS (sizeof(setup_flags) / sizeof(*setup_flags))

static bool can_open(unsigned int setup)
{
	struct ring ring;
	bool good = ring_open(&ring, 2, setup) == 0;

	if (good && setup & SETUP_REGISTERED_FD_ONLY)
		ring_register(&ring, REG_UNREGISTER_RING_FDS,
			      &(struct io_uring_rsrc_update){.offset = (unsigned int)ring.index},
			      1);
	ring_close(&ring);
	return good;
}

/* A ring without an fd stays with its task, which has room for 16: so each has a process. What it
 * has reached can be seen here. */
static int on_ring_in_child(const struct goal *goal, unsigned int setup)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(on_ring(goal, setup) == -EACCES ? 0 : 1);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return status == 0 ? -EACCES : -EIO;
}

static void sweep_setup(const struct goal *goal, unsigned int setup)
{
	if (!can_open(setup))
		return;
	sweep_count(goal, setup & SETUP_REGISTERED_FD_ONLY ? on_ring_in_child(goal, setup)
							   : on_ring(goal, setup));
}

static int all_setups(const struct goal *goal)
{
	for (unsigned int set = 0; set < 1U << SETUP_FLAGS; set++) {
		unsigned int setup = 0;

		for (size_t i = 0; i < SETUP_FLAGS; i++)
			if (set >> i & 1)
				setup |= setup_flags[i];
		if (__builtin_popcount(set) <= 2)
			sweep_setup(goal, setup);
	}
	return sweep_end();
}

/* --- rings that come from elsewhere */

#define INHERITED 30

static int adopt_and_request(const struct goal *goal, int fd)
{
	struct io_uring_params params = {0};
	struct ring model, ring;
	int result;

	result = io_uring_enter((unsigned int)fd, 0, 0, 0, NULL);
	if (result < 0)
		return result;
	/* where things are in a ring of this size */
	result = ring_open_with(&model, 4, &params);
	if (result == 0)
		result = ring_adopt(&ring, fd, &params);
	return result < 0 ? result : request_on(&ring, goal);
}

static void leave_ring(const struct goal *goal)
{
	struct io_uring_params params = {0};

	(void)goal;
	dup2(io_uring_setup(4, &params), INHERITED);
}

static void leave_ring_high(const struct goal *goal)
{
	struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};

	setrlimit(RLIMIT_NOFILE, &limit);
	leave_ring(goal);
	dup2(INHERITED, (int)escape.argument);
	close(INHERITED);
	limit.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int on_inherited(const struct goal *goal)
{
	return adopt_and_request(goal, escape.argument ? (int)escape.argument : INHERITED);
}

/* The poller of a ring whose maker lives on needs no system call to be fed. */
static void open_sqpoll_outside(const struct goal *goal)
{
	struct io_uring_params params = {.flags = SQPOLL, .sq_thread_idle = 10000};
	struct io_uring_sqe sqe = {0};
	struct ring ring;
	int fd = io_uring_setup(4, &params);

	goal->prepare(&sqe); /* what it points to is in place */
	dup2(fd, INHERITED);
	/* it sleeps until there is a first request */
	if (fd < 0 || ring_adopt(&ring, fd, &params) < 0)
		_exit(1);
	queue_nop(&ring, 0);
	if (ring_submit(&ring) < 0)
		_exit(1);
}

static void take_sqpoll(const struct goal *goal)
{
	int pidfd = (int)syscall(SYS_pidfd_open, escape.outside, 0);

	(void)goal;
	dup2((int)syscall(SYS_pidfd_getfd, pidfd, INHERITED, 0), INHERITED);
}

static int on_inherited_sqpoll(const struct goal *goal)
{
	struct io_uring_params params = {.flags = SQPOLL};
	struct ring model, ring;

	if (ring_open_with(&model, 4, &params) < 0)
		return broken("ring", -errno);
	if (fcntl(INHERITED, F_GETFD) < 0)
		return -errno;
	if (ring_adopt(&ring, INHERITED, &params) < 0)
		return broken("mapping", -errno);
	queue_goal(&ring, goal, 0);
	__atomic_store_n(ring.sq_tail, *ring.sq_tail + ring.queued, __ATOMIC_RELEASE);
	return wait_until_done(goal);
}

static struct ring shared_ring;

static int in_fork(unsigned long argument)
{
	pid_t child = fork();

	(void)argument;
	if (child == 0)
		_exit(escape_elsewhere(NULL));
	return child < 0 ? -errno : 0;
}

static int on_shared(const struct goal *goal)
{
	return request_on(&shared_ring, goal);
}

static int on_ring_of_parent(const struct goal *goal)
{
	int error = open_ring(&shared_ring, 0);

	return error ? error : elsewhere(goal, on_shared, in_fork);
}

/* A jailed sibling is as jailed as its ring. */
static int on_ring_of_sibling(const struct goal *goal)
{
	struct io_uring_params params = {0};
	int pidfd, fd, ready[2];
	pid_t child;
	char byte;

	if (pipe(ready) < 0 || (child = fork()) < 0)
		return broken("sibling", -errno);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(io_uring_setup(4, &params), INHERITED);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1)
		return broken("sibling", -errno);
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, INHERITED, 0);
	return fd < 0 ? broken("pidfd_getfd", -errno) : adopt_and_request(goal, fd);
}

static int on_ring_from_socket(const struct goal *goal)
{
	struct io_uring_params params = {0};
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2], fd = io_uring_setup(4, &params);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return broken("socketpair", -errno);
	if (sendmsg(pair[0], &message, 0) < 0)
		return unless_unknown("sending a ring", -errno);
	if (recvmsg(pair[1], &message, 0) < 0)
		return broken("receiving a ring", -errno);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return adopt_and_request(goal, fd);
}

/* The new image finds the ring where the old one left it. */
static int on_ring_over_exec(const struct goal *goal)
{
	static char *arguments[] = {"escape", "@", "ring-inherited-in-jail", NULL, NULL};

	if (fcntl(INHERITED, F_GETFD) >= 0)
		return adopt_and_request(goal, INHERITED);
	leave_ring(goal);
	if (fcntl(INHERITED, F_GETFD) < 0)
		return broken("ring", -errno);
	arguments[3] = (char *)goal->name;
	execv(escape.self, arguments);
	return broken("exec", -errno);
}

/* --- wear and tear: what a ring inherits is counted */

static int after_many_rings(const struct goal *goal)
{
	struct ring ring;

	for (int i = 0; i < 300; i++) {
		int error = ring_open(&ring, 1, 0);

		if (error < 0)
			return broken("ring", error);
		ring_close(&ring);
	}
	return request_plainly(goal);
}

static int on_all_of_many_rings(const struct goal *goal)
{
	struct ring rings[64];

	for (int i = 0; i < 64; i++) {
		int error = ring_open(&rings[i], 4, i % 2 ? DEFER : 0);

		if (error < 0)
			return broken("ring", error);
	}
	for (int i = 0; i < 64; i++)
		sweep_count(goal, request_on(&rings[i], goal));
	return sweep_end();
}

#define IOPOLL_GOALS                                                                               \
	{                                                                                          \
		&goal_update, &goal_update_if                                                      \
	}
#define FLAG_GOALS                                                                                 \
	{                                                                                          \
		&goal_openat2, &goal_create, &goal_flag                                            \
	}

#define RING(label, flags, reason)                                                                 \
	{                                                                                          \
		.name = "ring-" label, .why = reason, .goals = FLAG_GOALS, .run = on_ring_of_kind, \
		.argument = (flags)                                                                \
	}

const struct attempt ring_attempts[] = {
	RING("sqpoll", SQPOLL, "a thread of the kernel submits, not the task"),
	RING("sqpoll-disabled", SQPOLL | DISABLED, "that thread waits with entries to read"),
	RING("sqpoll-single", SQPOLL | SINGLE, "the one that may submit is that thread"),
	RING("disabled", DISABLED, "a ring that starts disabled is made to set up what it may"),
	RING("submit-all", IORING_SETUP_SUBMIT_ALL, "submission goes on after an error"),
	RING("single-issuer", SINGLE, "it has a submitter of its own"),
	RING("single-disabled", SINGLE | DISABLED, "its submitter is set when it is enabled"),
	RING("defer", DEFER, "requests complete in task work"),
	RING("coop", COOP | IORING_SETUP_TASKRUN_FLAG, "requests complete in task work"),
	RING("no-mmap", SETUP_NO_MMAP, "the entries are in our memory"),
	RING("no-sqarray", SETUP_NO_SQARRAY, "entries are read another way"),
	RING("rewind", SETUP_NO_SQARRAY | SETUP_SQ_REWIND, "entries are read a third way"),
	RING("fd-less", FD_LESS, "there is no file descriptor"),
	RING("sqe128", IORING_SETUP_SQE128, "entries are of 128 bytes"),
	RING("cqe32", IORING_SETUP_CQE32, "completions are of 32 bytes"),
	RING("sqe-mixed", SETUP_SQE_MIXED, "entries are of 64 or 128 bytes"),
	RING("cqe-mixed", SETUP_CQE_MIXED, "completions are of 16 or 32 bytes"),
	RING("clamp", IORING_SETUP_CLAMP, "sizes are cut"),
	RING("much",
	     SQPOLL | DISABLED | SINGLE | IORING_SETUP_SUBMIT_ALL | FD_LESS | SETUP_NO_SQARRAY |
		     IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
	     "all of that together"),
	{
		.name = "ring-iopoll",
		.why = "completions are polled for",
		.goals = IOPOLL_GOALS,
		.run = on_ring_of_kind,
		.argument = IOPOLL,
	},
	{
		.name = "ring-hybrid-iopoll",
		.why = "completions are polled for after a sleep",
		.goals = IOPOLL_GOALS,
		.run = on_ring_of_kind,
		.argument = IOPOLL | SETUP_HYBRID_IOPOLL,
	},
	{
		.name = "ring-iopoll-sqpoll",
		.why = "a thread of the kernel submits and polls",
		.goals = IOPOLL_GOALS,
		.run = on_ring_of_kind,
		.argument = IOPOLL | SQPOLL,
	},
	{
		.name = "ring-attached",
		.why = "it shares the workers of another ring",
		.goals = BOTH,
		.run = on_attached,
	},
	{
		.name = "ring-attached-sqpoll",
		.why = "it shares the polling thread of another ring",
		.goals = BOTH,
		.run = on_attached,
		.argument = SQPOLL,
	},
	{
		.name = "ring-setups",
		.why = "of all pairs of setup flags one is treated otherwise",
		.goals = BOTH,
		.run = all_setups,
	},
	{
		.name = "ring-inherited",
		.why = "a ring from before the jail does not obey it",
		.goals = BOTH,
		.run = on_inherited,
		.before = leave_ring,
		.refusal = -EBADF,
	},
	{
		.name = "ring-inherited-above-limit",
		.why = "its number is above what the limit lets anybody look for",
		.goals = BOTH,
		.run = on_inherited,
		.argument = 900,
		.before = leave_ring_high,
		.refusal = -EBADF,
	},
	{
		.name = "ring-inherited-sqpoll",
		.why = "its poller takes what it finds in memory",
		.goals = BOTH,
		.run = on_inherited_sqpoll,
		.before = take_sqpoll,
		.outside = open_sqpoll_outside,
		.refusal = -EBADF,
	},
	{
		.name = "ring-inherited-in-jail",
		.why = "a ring outlives the program that made it",
		.goals = BOTH,
		.run = on_ring_over_exec,
	},
	{
		.name = "ring-of-parent",
		.why = "a forked child shares it",
		.goals = BOTH,
		.run = on_ring_of_parent,
	},
	{
		.name = "ring-of-sibling",
		.why = "pidfd_getfd(2) takes the ring of another process",
		.goals = BOTH,
		.run = on_ring_of_sibling,
	},
	{
		.name = "ring-from-socket",
		.why = "a ring could come over a socket, from anywhere",
		.goals = BOTH,
		.run = on_ring_from_socket,
	},
	{
		.name = "rings-many",
		.why = "the last of many copies could be empty",
		.goals = BOTH,
		.run = on_all_of_many_rings,
	},
	{
		.name = "rings-gone",
		.why = "rings that are gone could take away what they had inherited",
		.goals = BOTH,
		.run = after_many_rings,
	},
	{.name = NULL},
};
