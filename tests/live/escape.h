/* SPDX-License-Identifier: MIT */
/*
 * The escape suite: attempts to have io_uring do, from inside a jail, what its policy denies.
 *
 * A goal is something that a policy denies, and that can be seen to have been done. An attempt is a
 * way to goals that a kernel or uring-jail could have overlooked. Without a jail every attempt
 * reaches its goals, or the kernel does not have what it takes; in a jail none does, but for those
 * that no io_uring policy can stop.
 */
#ifndef LIVE_ESCAPE_H
#define LIVE_ESCAPE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring.h"

/* What an attempt returns beside the result of the request, or of the call, that is denied. */
enum {
	NOT_HERE = INT_MIN, /* the kernel lacks what it takes; said by not_here() */
	BROKEN,		    /* something else failed; said by broken() */
};

/* How the process of an attempt ends. */
enum { EXIT_REACHED = 70, EXIT_DENIED, EXIT_NOT_HERE, EXIT_BROKEN };

/* What it takes to deny a goal. */
enum needs {
	NEEDS_RESTRICTIONS = 1, /* of the operation as a whole */
	NEEDS_FILTER,		/* on the operation */
	NEEDS_ADDRESS,		/* and one that sees an address */
	NEEDS_NOTHING,		/* of the kernel, since seccomp does it */
};

struct goal {
	const char *name;
	const char *policy; /* that denies it */
	enum needs needs;
	/* Fills in the entry, which is cleared; points to static memory only. NULL for goals of
	 * io_uring_register(2). */
	void (*prepare)(struct io_uring_sqe *sqe);
	/* Changes a prepared entry to one that the policy allows, and back. May be NULL. */
	void (*set)(struct io_uring_sqe *sqe, bool denied);
	/* Whether it was reached, given the result. Undoes it, so that it can be reached again. */
	bool (*done)(int result);
};

#define GOALS_MAX 6

struct attempt {
	const char *name;
	const char *why; /* it could work */
	const struct goal *goals[GOALS_MAX];
	int (*run)(const struct goal *goal);
	unsigned long argument; /* of attempts that differ in a number only: escape.argument */
	/* In the process that becomes uring-jail, just before that. */
	void (*before)(const struct goal *goal);
	/* In a process outside the jail, escape.outside, which then stays for as long as the
	 * attempt runs. The attempt starts when this has returned. */
	void (*outside)(const struct goal *goal);
	/* Another error, beside EACCES, that shows the denial: negative, or 0. */
	int refusal;
	/* No policy for io_uring stops it; uring-jail(1) names it under LIMITS. It must succeed. */
	bool limit;
};

struct escape {
	const struct attempt *attempt;
	unsigned long argument;
	pid_t outside;
	const char *self; /* the path of this program */
	/* What came of each of many requests: R, D or O for reached, denied and other. */
	char sweep[2048];
	unsigned int reached, denied, other;
};

extern struct escape escape;

/* --- goals; those that are files are in the working directory */

extern const struct goal goal_openat2, goal_create, goal_create_how, goal_writable;
extern const struct goal goal_update, goal_update_if, goal_flag, goal_accept, goal_nop128;
extern const struct goal goal_packet, goal_datagram;
extern const struct goal goal_loopback, goal_loopback6, goal_port, goal_local;
extern const struct goal goal_message, goal_register, goal_register_message;

/* What nearly every attempt is about: an operation as a whole, and one under a condition. */
#define BOTH                                                                                       \
	{                                                                                          \
		&goal_openat2, &goal_create                                                        \
	}

#define LISTENER_PORT 4242

/** The address that the goals about connect use, and its size; the next request's socket. */
struct sockaddr_storage *goals_address(void);
void goals_connect_from(int fd, unsigned int address_size);

/** Listens on LISTENER_PORT of every address, IPv4 and IPv6. */
bool goals_listen(void);

/** The ring that goal_message and goal_register_message send to, and a message to it. */
struct ring *goals_peer(void);
void goals_write_message(struct io_uring_sqe *sqe);

/* --- what attempts are made of */

/** Says why the attempt cannot be made here; returns NOT_HERE. */
int not_here(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Says what failed and why (a negative errno); returns BROKEN. */
int broken(const char *what, int error);

/** not_here() for an error with which kernels refuse what they do not know, else broken(). */
int unless_unknown(const char *what, int error);

/** The next entry of a ring of any kind, cleared. */
struct io_uring_sqe *next_sqe(struct ring *ring);

/** Registers the files that some goals need. Where a policy denies that, they fail by themselves. */
void register_files(const struct ring *ring);

/** Opens a ring with these flags, with files registered; one that is disabled stays so. Returns 0,
 * NOT_HERE or BROKEN. */
int open_ring(struct ring *ring, unsigned int setup);

/** Queues the goal's request, with these SQE flags in addition. */
struct io_uring_sqe *queue_goal(struct ring *ring, const struct goal *goal, unsigned int flags);

/** Queues a NOP. */
void queue_nop(struct ring *ring, unsigned int flags);

/** Waits for the completion of the goal's request. Returns its result, or BROKEN. */
int result_of(struct ring *ring);

/** Submits what is queued and waits for the goal's request. Returns its result, or BROKEN. */
int submit(struct ring *ring);

/** Makes the goal's request, alone, on this ring. Returns its result, or BROKEN. */
int request_on(struct ring *ring, const struct goal *goal);

/** The same on a new ring: the attempt that all others are a variant of. */
int request_plainly(const struct goal *goal);

/** Waits for another process to reach the goal. Returns 0, or BROKEN. */
int wait_until_done(const struct goal *goal);

/** Notes one result of many. */
void sweep_count(const struct goal *goal, int result);

/** What an attempt of many requests returns after them: in a jail, each one that reaches the goal
 * without has to be denied. */
int sweep_end(void);

/** Ends the process with the verdict on a result. */
_Noreturn void finish(const struct goal *goal, int result);

/** Ends this process as that child ends. */
_Noreturn void follow(pid_t child);

/** The arguments with which this program makes the plain attempt. */
char **plain_arguments(const struct goal *goal);

/** Executes this program anew for the plain attempt. Returns BROKEN. */
int plain_again(const struct goal *goal);

/** Runs `run` in the process that `start` makes, of whatever kind, and returns its result. `start`
 * calls escape_elsewhere() there, and returns 0 here, or a negative errno. */
int elsewhere(const struct goal *goal, int (*run)(const struct goal *goal),
	      int (*start)(unsigned long argument));
int escape_elsewhere(void *unused);

/* The attempts, by concern; each list ends with a row without a name. */
extern const struct attempt ring_attempts[];
extern const struct attempt submit_attempts[];
extern const struct attempt hide_attempts[];
extern const struct attempt leave_attempts[];
extern const struct attempt stack_attempts[];
extern const struct attempt field_attempts[];
extern const struct attempt register_attempts[];
extern const struct attempt abi_attempts[];
extern const struct attempt limit_attempts[];

#endif
