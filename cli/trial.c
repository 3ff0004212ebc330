// SPDX-License-Identifier: MIT
#include "cli/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/install.h"
#include "cli/probe.h"
#include "cli/report.h"
#include "policy/bpf.h"
#include "policy/uring-abi.h"

/* The image is told apart by its whole argument list, which is this one word. */
#define IMAGE_NAME "uring-jail:trial"

/* The image answers on its standard output. */
#define ANSWER_FD STDOUT_FILENO

/* Far more than a child takes, even for a message. */
enum { STACK_SIZE = 10240 };

/* The calls that are made on the way to an answer. */
enum step {
	STEP_RESTRICT,
	STEP_FILTER,
	STEP_RINGLESS,
	STEP_DISABLED,
	STEP_PIPE,
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
	[STEP_PIPE] = "pipe2",
	[STEP_CLONE] = "clone",
	[STEP_SETUP] = "io_uring_setup",
	[STEP_EXEC] = "execve",
	[STEP_ASK] = "io_uring_register after execve",
	[STEP_RING] = "io_uring_setup after execve",
	[STEP_REQUEST] = "a request after execve",
};

/* What the child shares with this process, which waits for it. */
struct trial {
	struct kernel *kernel;
	unsigned needs;
	bool already; /* restricted */
	int fd;	      /* where the image is to answer */
};

/* What the image writes, each with one write(2). */
struct answer {
	uint8_t step;
	uint8_t finding;
	int error;
};

static void take(struct kernel *kernel, enum step step, enum finding finding, int error)
{
	if (finding == FINDING_UNKNOWN) {
		kernel->failed_call = step_names[step];
		kernel->failed_error = strerror(error);
	} else if (step == STEP_RINGLESS) {
		kernel->ringless_obey = finding;
	} else if (step == STEP_DISABLED) {
		kernel->disabled_rings_obey = finding;
	} else {
		kernel->survives_exec = finding;
	}
}

/* What a step comes to that is only on the way: nothing, unless it fails. */
static bool passes(struct kernel *kernel, enum step step, int error)
{
	if (error)
		take(kernel, step, FINDING_UNKNOWN, error);
	return error == 0;
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
 * A denied call that is refused obeys, one that goes through escapes; all else says nothing. Nor does a
 * refusal, unless the kernel is known to answer that very call: a seccomp filter may answer it.
 */
static enum finding obeys(int error, bool kernel_answers)
{
	if (error == 0)
		return FINDING_NO;
	return error == EACCES && kernel_answers ? FINDING_YES : FINDING_UNKNOWN;
}

/* Where the counts are known, the kernel has answered this query before. */
static void try_ringless(struct kernel *kernel)
{
	struct uring_query_opcode counts;
	struct uring_query_hdr header = {
		.query_data = (uint64_t)(uintptr_t)&counts,
		.size = sizeof(counts),
	};
	int error = -io_uring_register((unsigned)-1, URING_REGISTER_QUERY, &header, 0);

	take(kernel, STEP_RINGLESS, obeys(error, kernel->nr_register_ops > 0), error);
}

/* Seccomp can answer with a number, but not fill in the features, which all rings have. */
static int open_ring(unsigned flags, int *error)
{
	struct io_uring_params params = {.flags = flags};
	int fd = io_uring_setup(1, &params);

	*error = fd < 0 ? -fd : params.features ? 0 : ENODATA;
	return fd;
}

static int ask_ring(int fd, struct io_uring_probe *probe)
{
	return -io_uring_register((unsigned)fd, URING_REGISTER_PROBE, probe, 0);
}

/*
 * That a descriptor is closed comes before restrictions (io_uring/io_uring.c: io_uring_ctx_get_file).
 * To a seccomp filter both calls are the same.
 */
static void try_disabled_ring(struct kernel *kernel)
{
	struct io_uring_probe probe = {0};
	bool kernel_answers = false;
	int error, fd = open_ring(IORING_SETUP_R_DISABLED, &error);

	if (!passes(kernel, STEP_DISABLED, error))
		return;
	error = ask_ring(fd, &probe);
	close(fd);
	if (error == EACCES)
		kernel_answers = ask_ring(fd, &probe) == EBADF;
	take(kernel, STEP_DISABLED, obeys(error, kernel_answers), error);
}

/*
 * Runs a function in a child that is made with these FLAGS of clone(2), on a stack of its own, and waits
 * for its end. Returns 0, or an error. The function's status is of no interest but where something has
 * answered clone(2) in the kernel's place, and this process takes itself for the child: it then ends as
 * one that has run nothing.
 */
static int run_child(int (*function)(void *), int flags, struct trial *trial)
{
	char *stack = malloc(STACK_SIZE);
	int error = 0;
	pid_t pid;

	if (!stack)
		return ENOMEM;
	pid = clone(function, stack + STACK_SIZE, flags, trial);
	if (pid < 0)
		error = errno;
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	free(stack);
	return error;
}

static void answer(enum step step, enum finding finding, int error)
{
	struct answer message = {.step = step, .finding = finding, .error = error};

	if (write(ANSWER_FD, &message, sizeof(message)) != sizeof(message))
		_exit(EXIT_FAILED);
}

/* The ring is what loses the restrictions, so it stays open. Without /proc, by our own path. */
static int exec_image(void *argument)
{
	const struct trial *trial = argument;
	char *argv[] = {(char[]){IMAGE_NAME}, NULL};
	char *envp[] = {NULL};
	const char *path = (const char *)getauxval(AT_EXECFN);
	int error;

	if (dup2(trial->fd, ANSWER_FD) != ANSWER_FD || fcntl(ANSWER_FD, F_SETFD, 0) < 0)
		return EXIT_FAILED;
	open_ring(0, &error);
	if (error) {
		answer(STEP_SETUP, FINDING_UNKNOWN, error);
		return EXIT_FAILED;
	}
	execve("/proc/self/exe", argv, envp);
	if (errno == ENOENT && path)
		execve(path, argv, envp);
	answer(STEP_EXEC, FINDING_UNKNOWN, errno);
	return EXIT_FAILED;
}

/*
 * What io_uring_register(2) answers counts where it has answered otherwise before, so where the task
 * was not restricted. Then it takes no request, which seccomp may not let through.
 */
static bool believes(const struct trial *trial, const struct answer *answer)
{
	return answer->step == STEP_ASK && (!trial->already || answer->finding == FINDING_NO);
}

/*
 * Once the image has ended, all answers are in the pipe: so one read has them all, does not block, and
 * hangs on nobody else having its other end.
 */
static void read_answers(const struct trial *trial, int fd)
{
	struct answer answers[STEPS];
	ssize_t size = read(fd, answers, sizeof(answers));

	for (ssize_t i = 0; i < size / (ssize_t)sizeof(*answers); i++) {
		const struct answer *answer = &answers[i];

		if (answer->step < STEPS && answer->finding <= FINDING_YES &&
		    (answer->step == STEP_REQUEST || answer->finding == FINDING_UNKNOWN ||
		     believes(trial, answer)))
			take(trial->kernel, answer->step, answer->finding, answer->error);
	}
}

/*
 * Seccomp can say that there is a pipe where there is none: then no file may be read, least of all the
 * target's standard input, which can hold anything.
 *
 * In a child of the child: execve(2) makes SIGCHLD the signal of an exit again (fs/exec.c:
 * begin_new_exec), which is to reach this process and not the one that becomes the target.
 */
static void try_exec(struct trial *trial)
{
	int fds[2] = {-1, -1};

	if (!passes(trial->kernel, STEP_PIPE, pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 ? errno : 0))
		return;
	trial->fd = fds[1];
	if (passes(trial->kernel, STEP_CLONE, run_child(exec_image, SIGCHLD, trial)))
		read_answers(trial, fds[0]);
}

/*
 * A task that is restricted already can only be filtered. It may as well look so and not be: a
 * seccomp filter that denies RESTRICTIONS answers what the kernel does then.
 */
static bool deny_requests(const struct trial *trial)
{
	return trial->already ? passes(trial->kernel, STEP_FILTER, deny_nop())
			      : passes(trial->kernel, STEP_RESTRICT, restrict_all());
}

static int child(void *argument)
{
	struct trial *trial = argument;
	struct kernel *kernel = trial->kernel;

	/* Or the image, if it has lost the restrictions and its privileges, would be told EACCES,
	 * as if it had them. */
	if ((trial->needs & NEED_SURVIVES_EXEC) && !install_no_new_privs())
		return EXIT_FAILED;
	if (!deny_requests(trial))
		return EXIT_FAILED;
	if ((trial->needs & NEED_REGISTER_OBEYS) && !trial->already) {
		try_ringless(kernel);
		try_disabled_ring(kernel);
	}
	if (trial->needs & NEED_SURVIVES_EXEC)
		try_exec(trial);
	return EXIT_FAILED;
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
 * Tries it where a terminal's Ctrl-Z cannot stop the child: this process, which waits for it in the
 * kernel, would not stop but hang, also in the face of Ctrl-C (kernel/fork.c: wait_for_vfork_done),
 * and a shell with it. It comes when the child has ended, and stops this process then. Only what this
 * has blocked is unblocked: if the call fails, or seccomp answers it, nothing.
 */
static int run_unstopped(struct trial *trial)
{
	static const int signals[] = {SIGTSTP, SIGTTIN, SIGTTOU};
	sigset_t stops, before;
	int error;

	sigemptyset(&stops);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&stops, signals[i]);
	before = stops;
	sigprocmask(SIG_BLOCK, &stops, &before);
	/* It has this memory, as after vfork(2), so there is nothing to copy. */
	error = run_child(child, CLONE_VM | CLONE_VFORK, trial);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigismember(&before, signals[i]))
			sigdelset(&stops, signals[i]);
	sigprocmask(SIG_UNBLOCK, &stops, NULL);
	return error;
}

/*
 * The child's exit raises no signal: so nothing is left pending for the target, and it can be
 * waited for by a parent that ignores SIGCHLD.
 */
void trial_run(struct kernel *kernel, unsigned needs)
{
	struct trial trial = {.kernel = kernel, .already = kernel->task != TASK_FRESH};

	trial.needs = needs & (NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS);
	if (kernel->survives_exec != FINDING_UNKNOWN)
		trial.needs &= ~(unsigned)NEED_SURVIVES_EXEC;
	if (!trial.needs || (kernel->task != TASK_FRESH && kernel->task != TASK_NESTED))
		return;
	kernel->failed_call = "the child that tries it";
	kernel->failed_error = "no answer";
	passes(kernel, STEP_CLONE, run_unstopped(&trial));
}
