// SPDX-License-Identifier: MIT
/* Every other way of making the same system calls: those of 32-bit programs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "escape.h"

#define X32 0x40000000L

/* The numbers are the same in all of these. Arguments are below 4 GiB: static data is. */
static int by_int80(long number, long one, long two, long three, long four)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(one), "c"(two), "d"(three), "S"(four), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
#else
	return -ENOSYS;
#endif
}

static int by_x32(long number, long one, long two, long three, long four)
{
	long result = syscall(X32 | number, one, two, three, four, 0, 0);

	return result < 0 ? -errno : (int)result;
}

typedef int (*caller)(long number, long one, long two, long three, long four);

/* A ring made by such a call, and entered by one: it is told to be of a 32-bit program. */
static int request_by(const struct goal *goal, caller call)
{
	static struct io_uring_params params;
	struct ring ring;
	int fd, result;

	fd = call(SYS_io_uring_setup, 4, (long)(uintptr_t)&params, 0, 0);
	if (fd < 0)
		return unless_unknown("io_uring_setup", fd);
	result = ring_adopt(&ring, fd, &params);
	if (result < 0)
		return broken("mapping", result);
	queue_goal(&ring, goal, 0);
	__atomic_store_n(ring.sq_tail, *ring.sq_tail + ring.queued, __ATOMIC_RELEASE);
	result = call(SYS_io_uring_enter, fd, 1, 0, 0);
	return result == 1 ? result_of(&ring) : broken("io_uring_enter", result);
}

static int request_by_int80(const struct goal *goal)
{
	return request_by(goal, by_int80);
}

static int request_by_x32(const struct goal *goal)
{
	return request_by(goal, by_x32);
}

static int register_by(caller call)
{
	static struct io_uring_rsrc_update update;
	static int fd;
	struct ring ring;
	int error = open_ring(&ring, 0), result;

	if (error)
		return error;
	update = (struct io_uring_rsrc_update){.offset = 1, .data = (uintptr_t)&fd};
	result =
		call(SYS_io_uring_register, ring.fd, REG_FILES_UPDATE, (long)(uintptr_t)&update, 1);
	return result == -ENOSYS ? unless_unknown("io_uring_register", result) : result;
}

static int register_by_int80(const struct goal *goal)
{
	(void)goal;
	return register_by(by_int80);
}

static int register_by_x32(const struct goal *goal)
{
	(void)goal;
	return register_by(by_x32);
}

static int message_by(caller call)
{
	static struct io_uring_sqe message;
	int result;

	goals_write_message(&message);
	result = call(SYS_io_uring_register, -1, REG_SEND_MSG_RING, (long)(uintptr_t)&message, 1);
	return result == -ENOSYS ? unless_unknown("io_uring_register", result) : result;
}

static int message_by_int80(const struct goal *goal)
{
	(void)goal;
	return message_by(by_int80);
}

static int message_by_x32(const struct goal *goal)
{
	(void)goal;
	return message_by(by_x32);
}

/* escape32 opens a ring and makes the request, all with its own calls, and exits as we would. */
static int in_32_bit_program(const struct goal *goal)
{
	char path[600];
	struct ring ring;

	ring_open(&ring, 4, 0); /* what io_uring keeps of a task is freed at exec */
	snprintf(path, sizeof(path), "%s32", escape.self);
	execl(path, path, goal->name, NULL);
	return errno == ENOEXEC ? not_here("no 32-bit programs") : broken(path, -errno);
}

#define ABI(label, target, function, reason)                                                       \
	{                                                                                          \
		.name = "abi-" label, .why = reason, .goals = target, .run = (function)            \
	}
#define REGISTER                                                                                   \
	{                                                                                          \
		&goal_register                                                                     \
	}
#define MESSAGE                                                                                    \
	{                                                                                          \
		&goal_register_message                                                             \
	}

const struct attempt abi_attempts[] = {
	ABI("int80", BOTH, request_by_int80, "a 64-bit program can make 32-bit calls"),
	ABI("x32", BOTH, request_by_x32, "bit 30 of the number chooses a third kind of calls"),
	ABI("32-bit", BOTH, in_32_bit_program, "a 32-bit program is executed another way"),
	ABI("register-int80", REGISTER, register_by_int80,
	    "a 64-bit program can make 32-bit calls"),
	ABI("register-x32", REGISTER, register_by_x32, "bit 30 of the number is set"),
	ABI("message-int80", MESSAGE, message_by_int80, "a 64-bit program can make 32-bit calls"),
	ABI("message-x32", MESSAGE, message_by_x32, "bit 30 of the number is set"),
	{.name = NULL},
};
