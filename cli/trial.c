// SPDX-License-Identifier: MIT
#include "cli/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/install.h"
#include "cli/probe.h"
#include "policy/bpf.h"
#include "policy/uring-abi.h"

/* The image is told apart by its whole argument list, which is this one word. */
#define IMAGE_NAME "uring-jail:trial"

/* The child answers on its standard output. */
#define ANSWER_FD STDOUT_FILENO

/* The calls that are made on the way to an answer. */
enum step {
	STEP_RESTRICT,
	STEP_FILTER,
	STEP_RINGLESS,
	STEP_DISABLED,
	STEP_CLONE,
	STEP_SETUP,
	STEP_EXEC,
	STEP_ASK,
	STEP_RING,
	STEP_REQUEST,
	STEPS
};

static const char *const step_names[STEPS] = {
	[STEP_RESTRICT] = "io_uring_register(IORING_REGISTER_RESTRICTIONS)",
	[STEP_FILTER] = "io_uring_register(IORING_REGISTER_BPF_FILTER)",
	[STEP_RINGLESS] = "io_uring_register(IORING_REGISTER_QUERY)",
	[STEP_DISABLED] = "io_uring_setup(IORING_SETUP_R_DISABLED)",
	[STEP_CLONE] = "clone",
	[STEP_SETUP] = "io_uring_setup",
	[STEP_EXEC] = "execve",
	[STEP_ASK] = "io_uring_register after execve",
	[STEP_RING] = "io_uring_setup after execve",
	[STEP_REQUEST] = "a request after execve",
};

/* What the child writes, each with one write(2): a step's finding, or the error that ended it. */
struct answer {
	uint8_t step;
	uint8_t finding;
	int error;
};

static void answer(enum step step, enum finding finding, int error)
{
	struct answer message = {.step = step, .finding = finding, .error = error};

	if (write(ANSWER_FD, &message, sizeof(message)) != sizeof(message))
		_exit(EXIT_FAILURE);
}

/* Closes every op, since none is listed beside the flags, and every register op but RESTRICTIONS. */
static int restrict_all(void)
{
	struct {
		uint16_t flags, nr_res;
		uint32_t resv[3];
		struct uring_restriction entries[2];
	} task = {.nr_res = 2,
		  .entries = {{.opcode = URING_RESTRICTION_SQE_FLAGS_ALLOWED},
			      {.opcode = URING_RESTRICTION_REGISTER_OP,
			       .value = URING_REGISTER_RESTRICTIONS}}};

	return -io_uring_register((unsigned)-1, URING_REGISTER_RESTRICTIONS, &task, 1);
}

static int deny_nop(void)
{
	const struct bpf_insn deny = {BPF_RET | BPF_K, 0, 0, 0};
	struct uring_bpf filter = {.cmd_type = URING_BPF_CMD_FILTER,
				   .opcode = URING_OP_NOP,
				   .filter_len = 1,
				   .filter_ptr = (uint64_t)(uintptr_t)&deny};

	return -io_uring_register((unsigned)-1, URING_REGISTER_BPF_FILTER, &filter, 1);
}

/*
 * The kernel sees that a file is no ring before it looks at any restriction (io_uring/register.c:
 * io_uring_ctx_get_file). A seccomp filter that denies the register op answers in its place.
 */
static bool reaches_kernel(unsigned opcode)
{
	return io_uring_register(ANSWER_FD, opcode, NULL, 0) == -EOPNOTSUPP;
}

/* A denied call that is refused obeys, one that goes through escapes; all else says nothing. */
static enum finding obeys(unsigned opcode, int error)
{
	if (error == 0)
		return FINDING_NO;
	return error == EACCES && reaches_kernel(opcode) ? FINDING_YES : FINDING_UNKNOWN;
}

static void try_ringless(void)
{
	struct uring_query_opcode counts;
	struct uring_query_hdr header = {
		.query_data = (uint64_t)(uintptr_t)&counts,
		.size = sizeof(counts),
	};
	int error = -io_uring_register((unsigned)-1, URING_REGISTER_QUERY, &header, 0);

	answer(STEP_RINGLESS, obeys(URING_REGISTER_QUERY, error), error);
}

static void try_disabled_ring(void)
{
	struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};
	struct io_uring_probe probe = {0};
	int fd = io_uring_setup(1, &params);
	int error =
		fd < 0 ? -fd : -io_uring_register((unsigned)fd, URING_REGISTER_PROBE, &probe, 0);

	answer(STEP_DISABLED, fd < 0 ? FINDING_UNKNOWN : obeys(URING_REGISTER_PROBE, error), error);
	if (fd >= 0)
		close(fd);
}

/*
 * A child whose exit raises `signal`. Not fork(3), which knows no signal but SIGCHLD. On s390 the
 * stack comes first (kernel/fork.c: CONFIG_CLONE_BACKWARDS2).
 */
static pid_t start_child(int signal)
{
#ifdef __s390__
	return (pid_t)syscall(SYS_clone, NULL, signal, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, signal, NULL, NULL, NULL, NULL);
#endif
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

/* The ring is what loses the restrictions, so it stays open. Without /proc, by our own path. */
static void exec_image(void)
{
	char *argv[] = {(char[]){IMAGE_NAME}, NULL};
	char *envp[] = {NULL};
	struct io_uring_params params = {0};
	int fd = io_uring_setup(1, &params);
	const char *path = (const char *)getauxval(AT_EXECFN);

	if (fd < 0) {
		answer(STEP_SETUP, FINDING_UNKNOWN, -fd);
		return;
	}
	execve("/proc/self/exe", argv, envp);
	if (errno == ENOENT && path)
		execve(path, argv, envp);
	answer(STEP_EXEC, FINDING_UNKNOWN, errno);
}

/*
 * In a child of the child: execve(2) makes SIGCHLD the signal of an exit again (fs/exec.c:
 * begin_new_exec), which is to reach this process and not the one that becomes the target.
 */
static void try_exec(void)
{
	pid_t pid = start_child(SIGCHLD);

	if (pid == 0) {
		exec_image();
		_exit(EXIT_FAILURE);
	}
	if (pid < 0)
		answer(STEP_CLONE, FINDING_UNKNOWN, errno);
	else
		reap(pid);
}

/*
 * A task that is restricted already can only be filtered. It may as well look so and not be: a
 * seccomp filter that denies RESTRICTIONS answers what the kernel does then.
 */
static bool deny_requests(bool already)
{
	int error = already ? deny_nop() : restrict_all();

	if (error)
		answer(already ? STEP_FILTER : STEP_RESTRICT, FINDING_UNKNOWN, error);
	return error == 0;
}

static _Noreturn void child(bool already, unsigned needs)
{
	/* Or the image, if it has lost the restrictions and its privileges, would be told EACCES,
	 * as if it had them. */
	if ((needs & NEED_SURVIVES_EXEC) && !install_no_new_privs())
		_exit(EXIT_FAILURE);
	if (!deny_requests(already))
		_exit(EXIT_FAILURE);
	if ((needs & NEED_REGISTER_OBEYS) && !already) {
		try_ringless();
		try_disabled_ring();
	}
	if (needs & NEED_SURVIVES_EXEC)
		try_exec();
	_exit(EXIT_SUCCESS);
}

bool trial_is_image(int argc, char **argv)
{
	return argc == 1 && strcmp(argv[0], IMAGE_NAME) == 0;
}

/* Makes the request that was denied before execve(2). False, with an error, if it got no answer. */
static bool make_request(struct io_uring *ring, int *answer)
{
	struct io_uring_cqe *cqe;

	io_uring_prep_nop(io_uring_get_sqe(ring));
	*answer = -io_uring_submit_and_wait(ring, 1);
	if (*answer <= 0)
		*answer = -io_uring_peek_cqe(ring, &cqe);
	if (*answer != 0)
		return false;
	*answer = -cqe->res;
	return true;
}

/*
 * The answer to a request is in memory that is shared with the kernel alone: so it is the kernel
 * that gives it, and not a seccomp filter, which can answer any system call as it likes.
 */
static void try_request(void)
{
	struct io_uring ring;
	enum finding finding = FINDING_UNKNOWN;
	int error = -io_uring_queue_init(1, &ring, 0);

	if (error) {
		answer(STEP_RING, FINDING_UNKNOWN, error);
		return;
	}
	if (make_request(&ring, &error))
		finding = error == 0 ? FINDING_NO : error == EACCES ? FINDING_YES : FINDING_UNKNOWN;
	answer(STEP_REQUEST, finding, error);
	io_uring_queue_exit(&ring);
}

int trial_image(void)
{
	int error = probe_restrictions();

	if (error == EFAULT) {
		answer(STEP_ASK, FINDING_NO, error);
		return EXIT_SUCCESS;
	}
	answer(STEP_ASK, error == EPERM ? FINDING_YES : FINDING_UNKNOWN, error);
	try_request();
	return EXIT_SUCCESS;
}

/*
 * What io_uring_register(2) answers counts where it has answered otherwise before, so where the task
 * was not restricted. Then it takes no request, which seccomp may not let through.
 */
static bool believes(const struct kernel *kernel, const struct answer *answer)
{
	return answer->step == STEP_ASK &&
	       (kernel->task == TASK_FRESH || answer->finding == FINDING_NO);
}

static void take(struct kernel *kernel, const struct answer *answer)
{
	enum finding finding = answer->finding;

	if (answer->step >= STEPS || finding > FINDING_YES)
		return;
	if (finding == FINDING_UNKNOWN) {
		kernel->failed_call = step_names[answer->step];
		kernel->failed_error = strerror(answer->error);
	} else if (answer->step == STEP_RINGLESS) {
		kernel->ringless_obey = finding;
	} else if (answer->step == STEP_DISABLED) {
		kernel->disabled_rings_obey = finding;
	} else if (answer->step == STEP_REQUEST || believes(kernel, answer)) {
		kernel->survives_exec = finding;
	}
}

/*
 * Once the child has ended, all answers are in the pipe: so one read has them all, does not block, and
 * hangs on nobody else having its other end.
 */
static void read_answers(struct kernel *kernel, int fd)
{
	struct answer answers[STEPS];
	ssize_t size;

	do
		size = read(fd, answers, sizeof(answers));
	while (size < 0 && errno == EINTR);
	for (ssize_t i = 0; i < size / (ssize_t)sizeof(*answers); i++)
		take(kernel, &answers[i]);
}

static void cannot(struct kernel *kernel, const char *call)
{
	kernel->failed_call = call;
	kernel->failed_error = strerror(errno);
}

static _Noreturn void answer_on(int fd, bool already, unsigned needs)
{
	if (dup2(fd, ANSWER_FD) < 0 || fcntl(ANSWER_FD, F_SETFD, 0) < 0)
		_exit(EXIT_FAILURE);
	child(already, needs);
}

/*
 * The child's exit raises no signal: so nothing is left pending for the target, and it can be
 * waited for by a parent that ignores SIGCHLD. Its few answers fit into the pipe, so they are read
 * when it has ended, without waiting for more: nothing that goes wrong with the pipe's ends can
 * make this wait for ever.
 */
void trial_run(struct kernel *kernel, unsigned needs)
{
	int pipe_fds[2] = {-1, -1};
	pid_t pid;

	if (kernel->survives_exec != FINDING_UNKNOWN)
		needs &= ~NEED_SURVIVES_EXEC;
	if (!(needs & (NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS)) ||
	    (kernel->task != TASK_FRESH && kernel->task != TASK_NESTED))
		return;
	kernel->failed_call = "the child that tries it";
	kernel->failed_error = "no answer";
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		cannot(kernel, "pipe2");
		return;
	}
	pid = start_child(0);
	if (pid == 0)
		answer_on(pipe_fds[1], kernel->task != TASK_FRESH, needs);
	if (pid < 0)
		cannot(kernel, "clone");
	close(pipe_fds[1]);
	if (pid > 0) {
		reap(pid);
		read_answers(kernel, pipe_fds[0]);
	}
	close(pipe_fds[0]);
}
