// SPDX-License-Identifier: MIT
/* Every way of calling io_uring_register(2) for an operation that is denied. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escape.h"

/* Above what is an operation to the kernel, which looks at the low 32 bits. */
#define HIGH_BITS 0x100000000UL

#define FREE_SLOT 1U

static int stdin_fd;
static struct io_uring_rsrc_update update = {.offset = FREE_SLOT, .data = 0};

static long call(long fd, unsigned long op, const void *argument, unsigned long count)
{
	long result = syscall(SYS_io_uring_register, fd, op, argument, count);

	return result < 0 ? -errno : result;
}

static void prepare_update(void)
{
	update.offset = FREE_SLOT;
	update.data = (uintptr_t)&stdin_fd;
}

/* --- on a ring */

static int on_ring(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	(void)goal;
	prepare_update();
	return error ? error : ring_register(&ring, REG_FILES_UPDATE, &update, 1);
}

static int by_index(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	(void)goal;
	if (error)
		return error;
	error = ring_forget_fd(&ring);
	prepare_update();
	return error < 0 ? broken("registering the ring", error)
			 : ring_register(&ring, REG_FILES_UPDATE, &update, 1);
}

static int with_high_bits(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	(void)goal;
	prepare_update();
	return error ? error
		     : (int)call(ring.fd, HIGH_BITS | REG_FILES_UPDATE, &update, HIGH_BITS | 1);
}

static int after_enabling(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, IORING_SETUP_R_DISABLED);

	(void)goal;
	if (error)
		return error;
	error = ring_register(&ring, REG_ENABLE_RINGS, NULL, 0);
	prepare_update();
	return error < 0 ? broken("enabling", error)
			 : ring_register(&ring, REG_FILES_UPDATE, &update, 1);
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

static int from_thread(const struct goal *goal)
{
	return elsewhere(goal, on_ring, in_thread);
}

static int over_exec(const struct goal *goal)
{
	static char *arguments[] = {"escape", "@", "register-ring", "register", NULL};
	struct ring ring;
	int error = ring_open(&ring, 4, 0);

	(void)goal;
	if (error < 0)
		return broken("ring", error);
	execv(escape.self, arguments);
	return broken("exec", -errno);
}

/* --- without a ring */

/* The argument: what to add to the operation, and the fd. */
static int without_ring(const struct goal *goal)
{
	struct io_uring_sqe message = {0};

	(void)goal;
	goals_write_message(&message);
	return (int)call(-1, escape.argument | REG_SEND_MSG_RING, &message, 1);
}

static int without_ring_long_fd(const struct goal *goal)
{
	struct io_uring_sqe message = {0};

	(void)goal;
	goals_write_message(&message);
	return (int)call(0xffffffff, REG_SEND_MSG_RING, &message, 1);
}

/* --- by the operation that does the same; see goal_message */

static int as_request(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	goals_peer();
	return error ? error : request_on(&ring, goal);
}

/* The policy denies the operation alone, and means both. */
static int as_register_op(const struct goal *goal)
{
	return without_ring(goal);
}

/* --- by a tracer, who makes it of another call after that was let through */

static void trace_getppid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static _Noreturn void be_traced(const struct goal *goal)
{
	struct io_uring_sqe message = {0};
	long result;

	goals_write_message(&message);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	if (escape.argument == PTRACE_CONT)
		trace_getppid();
	result = syscall(SYS_getppid, -1, REG_SEND_MSG_RING, &message, 1);
	finish(goal, result < 0 ? -errno : (int)result);
}

/* The argument: which request of ptrace(2) leads to the next stop, at the entry of a call or, where
 * the tracee's own filter asks for it, in seccomp. */
static int as_other_call(const struct goal *goal)
{
#ifdef __x86_64__
	struct user_regs_struct registers;
	pid_t child = fork();
	int status;

	if (child == 0)
		be_traced(goal);
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESECCOMP);
	while (!WIFEXITED(status) && !WIFSIGNALED(status)) {
		ptrace((enum __ptrace_request)escape.argument, child, NULL, NULL);
		if (waitpid(child, &status, __WALL) < 0)
			return broken("ptrace", -errno);
		if (!WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, child, NULL, &registers) < 0 ||
		    registers.orig_rax != SYS_getppid)
			continue;
		registers.orig_rax = SYS_io_uring_register;
		ptrace(PTRACE_SETREGS, child, NULL, &registers);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BROKEN);
#else
	(void)goal;
	return not_here("written for x86-64");
#endif
}

#define REGISTER(label, function, flags, reason)                                                   \
	{                                                                                          \
		.name = "register-" label, .why = reason, .goals = {&goal_register},               \
		.run = (function), .argument = (flags)                                             \
	}
#define MESSAGE(label, target, function, flags, reason)                                            \
	{                                                                                          \
		.name = "register-message" label, .why = reason, .goals = {&(target)},             \
		.run = (function), .argument = (flags)                                             \
	}

const struct attempt register_attempts[] = {
	REGISTER("ring", on_ring, 0, "it is the call itself"),
	REGISTER("disabled", on_ring, IORING_SETUP_R_DISABLED,
		 "a ring that is not enabled may do all it needs"),
	REGISTER("enabled", after_enabling, 0, "a ring that was disabled may go on like that"),
	REGISTER("sqpoll", on_ring, IORING_SETUP_SQPOLL, "the ring has a thread in the kernel"),
	REGISTER("defer", on_ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		 "the ring belongs to one task"),
	REGISTER("index", by_index, 0, "the operation has bit 31 set then"),
	REGISTER("fd-less", on_ring, SETUP_NO_MMAP | SETUP_REGISTERED_FD_ONLY,
		 "the operation has bit 31 set then"),
	REGISTER("high-bits", with_high_bits, 0, "the kernel drops the high bits of arguments"),
	REGISTER("high-bits-disabled", with_high_bits, IORING_SETUP_R_DISABLED,
		 "the kernel drops the high bits of arguments"),
	REGISTER("thread", from_thread, 0, "another thread calls"),
	REGISTER("exec", over_exec, 0, "another program calls"),
	MESSAGE("", goal_register_message, without_ring, 0, "it needs no ring"),
	MESSAGE("-bit31", goal_register_message, without_ring, REG_USE_REGISTERED_RING,
		"the operation has bit 31 set"),
	MESSAGE("-high-bits", goal_register_message, without_ring, HIGH_BITS,
		"the kernel drops the high bits of arguments"),
	MESSAGE("-long-fd", goal_register_message, without_ring_long_fd, 0,
		"-1 as a file descriptor has 32 bits"),
	MESSAGE("-traced", goal_register_message, as_other_call, PTRACE_SYSCALL,
		"a tracer makes it of a call that was let through"),
	MESSAGE("-traced-seccomp", goal_register_message, as_other_call, PTRACE_CONT,
		"a tracer makes it of a call that seccomp let through"),
	MESSAGE("-twin", goal_message, as_register_op, 0,
		"a register operation does what the denied operation does"),
	MESSAGE("-request", goal_message, as_request, 0, "it is the operation itself"),
	MESSAGE("-iopoll", goal_message, as_request, IORING_SETUP_IOPOLL,
		"messages take another way from such a ring"),
	{.name = NULL},
};
