// SPDX-License-Identifier: MIT
/*
 * The program that runs inside the jail: makes requests from a chosen kind of process on a chosen
 * kind of ring, and writes down what came of each.
 *
 *   target WORD... [-- ANYTHING...]
 *
 * Words that come first, in the order in which they are done:
 *   mark=FILE          makes FILE: the target did run
 *   fork vfork clone3 clone-vm thread exec exec-after-ring exec-from-thread
 *                      what follows is done there (vfork and exec run this program again)
 * Words that say how:
 *   out=FD             where to write (1)       in=DIR     where scratch files go (/tmp)
 *   count=OPS,REGS     how many operations and register operations to try, where the kernel may
 *                      not be asked
 *   sqpoll iopoll r-disabled sqe128 sqe-mixed cqe32 defer registered-ring fd-less
 *   linked drained
 * Words that say what:
 *   ops flags register facts probe setup query timer restrict
 *   enter=FD enter-index=INDEX open=FD exit=N kill=N
 *
 * Lines that it writes:
 *   op 28 openat2 flags 0x00 result -13
 *   flags 0x11 result 21
 *   register 31 on ringless result -13
 *   probe 11 result -14
 *   setup result 0
 *   query result 0
 *   timer poll result -125
 *   timer timeout result -62
 *   restrict result 0
 *   enter 7 result -9
 *   enter-index 0 result -22
 *   open 7 result 0
 *   fact NAME VALUE
 * A result that never came is "hung", one that could not be asked for "broken ERRNO". The last line
 * is "end": without it something went wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "request.h"
#include "ring.h"
#include "scratch.h"
#include "uapi.h"

#define ENTRIES	   16
#define WORDS_MAX  32
#define STACK_SIZE (256 * 1024)

extern char **environ;

struct target {
	const char *self;
	const char *words[WORDS_MAX]; /* those still to do, NULL at the end */
	int out;
	const char *in;
	unsigned int op_count, register_count;
	unsigned int setup;
	bool by_index; /* registers its rings, and closes their fds */
	struct request_style style;
};

__attribute__((format(printf, 2, 3))) static void say(const struct target *target,
						      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vdprintf(target->out, format, arguments) < 0)
		_exit(99);
	va_end(arguments);
}

static int complain(const char *what, int error)
{
	fprintf(stderr, "target: %s: %s\n", what, strerror(error));
	return 99;
}

static int open_ring(const struct target *target, struct ring *ring, unsigned int more)
{
	int error = ring_open(ring, ENTRIES, target->setup | more);

	if (error == 0 && target->by_index)
		error = ring_forget_fd(ring);
	if (error < 0)
		complain("ring", -error);
	return error;
}

static int enable(const struct ring *ring)
{
	int error;

	if (!(ring->setup & IORING_SETUP_R_DISABLED))
		return 0;
	error = ring_register(ring, REG_ENABLE_RINGS, NULL, 0);
	if (error < 0)
		complain("enable ring", -error);
	return error;
}

static int open_ready_ring(const struct target *target, struct scratch *scratch, struct ring *ring,
			   unsigned int more)
{
	int error = open_ring(target, ring, more);

	if (error < 0)
		return error;
	scratch_attach(scratch, ring);
	return enable(ring);
}

/* The rings that requests choose from. */
struct rings {
	struct ring plain, wide, zero_copy, undrained;
};

static bool takes_wide(const struct target *target)
{
	return target->setup & (IORING_SETUP_SQE128 | SETUP_SQE_MIXED);
}

/* A queue for zero-copy receive needs a ring that not every kind of ring can be, and a kernel that
 * not every kernel is. Otherwise the request has to do with a ring without a queue. */
static bool open_zero_copy(const struct target *target, struct scratch *scratch, struct ring *ring)
{
	unsigned int needs =
		IORING_SETUP_CQE32 | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER;

	if (target->setup & (IORING_SETUP_SQPOLL | IORING_SETUP_IOPOLL))
		needs = 0;
	if (open_ready_ring(target, scratch, ring, needs) < 0)
		return false;
	if (needs)
		scratch_zero_copy(ring);
	return true;
}

static bool open_rings(const struct target *target, struct scratch *scratch, struct rings *rings)
{
	unsigned int more = takes_wide(target) ? 0 : IORING_SETUP_SQE128;

	return open_ready_ring(target, scratch, &rings->plain, 0) == 0 &&
	       open_ready_ring(target, scratch, &rings->wide, more) == 0 &&
	       open_ready_ring(target, scratch, &rings->undrained, 0) == 0 &&
	       open_zero_copy(target, scratch, &rings->zero_copy);
}

static struct ring *choose_ring(struct rings *rings, const struct request *request)
{
	if (request && request->ring == REQUEST_RING_WIDE)
		return &rings->wide;
	if (request && request->ring == REQUEST_RING_ZERO_COPY)
		return &rings->zero_copy;
	if (request && request->never_drained)
		return &rings->undrained;
	return &rings->plain;
}

static void close_rings(struct rings *rings)
{
	ring_close(&rings->plain);
	ring_close(&rings->wide);
	ring_close(&rings->zero_copy);
	ring_close(&rings->undrained);
}

static void say_result(const struct target *target, int error, int result)
{
	if (error == REQUEST_HUNG)
		say(target, " hung\n");
	else if (error == REQUEST_BROKEN)
		say(target, " broken %d\n", result);
	else
		say(target, " result %d\n", result);
}

static void try_op(const struct target *target, struct scratch *scratch, struct rings *rings,
		   unsigned int op)
{
	const struct request *request = request_find(op);
	struct ring *ring = choose_ring(rings, request);
	unsigned int flags;
	int error, result;

	error = request_run(scratch, ring, op, target->style, &result, &flags);
	say(target, "op %u %s flags 0x%02x", op, request ? request->name : "?", flags);
	say_result(target, error, result);
}

static int try_ops(const struct target *target)
{
	struct scratch *scratch = scratch_open(target->in);
	struct rings rings;

	if (!scratch || !open_rings(target, scratch, &rings))
		return 99;
	for (unsigned int op = 0; op < target->op_count; op++)
		try_op(target, scratch, &rings, op);
	close_rings(&rings);
	scratch_close(scratch);
	return 0;
}

/* The kernel takes no request that both drains and skips its completion, and no drain at all on a
 * ring that has seen one that skips. */
static int try_flags_on(const struct target *target, struct scratch *scratch, unsigned int skip)
{
	unsigned int without = skip ? IOSQE_IO_DRAIN : IOSQE_CQE_SKIP_SUCCESS;
	struct ring ring;

	if (open_ready_ring(target, scratch, &ring, 0) < 0)
		return 99;
	for (unsigned int flags = 0; flags <= SQE_FLAGS_ALL; flags++) {
		int error, result;

		if (flags & without || (flags & skip) != skip)
			continue;
		error = request_run_flagged(scratch, &ring, flags, &result);
		say(target, "flags 0x%02x", flags);
		say_result(target, error, result);
	}
	ring_close(&ring);
	return 0;
}

static int try_flags(const struct target *target)
{
	struct scratch *scratch = scratch_open(target->in);
	int status;

	if (!scratch)
		return 99;
	status = try_flags_on(target, scratch, 0);
	if (status == 0)
		status = try_flags_on(target, scratch, IOSQE_CQE_SKIP_SUCCESS);
	scratch_close(scratch);
	return status;
}

/*
 * Arguments that do no harm. Most operations refuse none at all; these would do something, or are
 * refused too early to tell.
 */
static int harmless_register(const struct ring *ring, const struct ring *peer, unsigned int op)
{
	struct io_uring_sqe message = {.opcode = OP_MSG_RING, .fd = peer->fd};
	bool ringless = ring->fd < 0 && ring->index < 0;

	switch (op) {
	case REG_SEND_MSG_RING:
		return ring_register(ring, op, ringless ? &message : NULL, 1);
	case REG_ENABLE_RINGS:
		return ring_register(ring, op, &message, 0);
	case REG_RESTRICTIONS:
	case REG_BPF_FILTER:
		return ring_register(ring, op, NULL, 1);
	default:
		return ring_register(ring, op, NULL, 0);
	}
}

/* The kinds of rings that a register operation can name. */
static const struct {
	const char *name;
	bool ringless;
	unsigned int setup;
} registrants[] = {
	{.name = "ring"},
	{.name = "index", .setup = SETUP_NO_MMAP | SETUP_REGISTERED_FD_ONLY},
	{.name = "disabled", .setup = IORING_SETUP_R_DISABLED},
	{.name = "ringless", .ringless = true},
};

static int try_registers_on(const struct target *target, const struct ring *peer, const char *name,
			    bool ringless, unsigned int setup)
{
	struct ring ring = {.fd = -1, .index = -1};

	if (!ringless && open_ring(target, &ring, setup) < 0)
		return 99;
	for (unsigned int op = 0; op < target->register_count; op++)
		say(target, "register %u on %s result %d\n", op, name,
		    harmless_register(&ring, peer, op));
	if (!ringless)
		ring_close(&ring);
	return 0;
}

static int try_registers(const struct target *target)
{
	struct ring peer;
	int status = open_ring(target, &peer, 0) < 0 ? 99 : 0;

	for (size_t i = 0; i < sizeof(registrants) / sizeof(*registrants) && status == 0; i++)
		status = try_registers_on(target, &peer, registrants[i].name,
					  registrants[i].ringless, registrants[i].setup);
	return status;
}

static void say_status_lines(const struct target *target)
{
	static const char *const wanted[] = {"Umask",  "SigPnd",     "ShdPnd",	"SigBlk", "SigIgn",
					     "SigCgt", "CapInh",     "CapPrm",	"CapEff", "CapBnd",
					     "CapAmb", "NoNewPrivs", "Seccomp", "Threads"};
	FILE *file = fopen("/proc/self/status", "re");
	char name[32], value[128];

	while (file && fscanf(file, "%31[^:]: %127[^\n]\n", name, value) >= 1)
		for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
			if (strcmp(name, wanted[i]) == 0)
				say(target, "fact %s %s\n", name, value);
	if (file)
		fclose(file);
}

static void say_fds(const struct target *target)
{
	DIR *dir = opendir("/proc/self/fd");

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		char link[256];
		ssize_t size;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
			continue;
		size = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		link[size > 0 ? size : 0] = '\0';
		say(target, "fact fd%s %s\n", entry->d_name, link);
	}
	closedir(dir);
}

static int say_facts(const struct target *target)
{
	char cwd[512];

	say(target, "fact pid %d\n", getpid());
	say(target, "fact ppid %d\n", getppid());
	say(target, "fact pgid %d\n", getpgrp());
	say(target, "fact cwd %s\n", getcwd(cwd, sizeof(cwd)));
	for (char **variable = environ; *variable; variable++)
		say(target, "fact env %s\n", *variable);
	say(target, "fact children %s\n", waitpid(-1, NULL, WNOHANG | __WALL) < 0 ? "no" : "yes");
	say_status_lines(target);
	say_fds(target);
	return 0;
}

static int probe(const struct target *target)
{
	static const unsigned int ops[] = {REG_RESTRICTIONS, REG_BPF_FILTER, 1000};

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		say(target, "probe %u result %d\n", ops[i],
		    io_uring_register(-1U, ops[i], NULL, 1));
	return 0;
}

static int try_setup(const struct target *target)
{
	struct io_uring_params params = {0};
	int fd = io_uring_setup(1, &params);

	say(target, "setup result %d\n", fd < 0 ? fd : 0);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int try_query(const struct target *target)
{
	say(target, "query result %d\n", io_uring_register(-1U, REG_QUERY, NULL, 0));
	return 0;
}

/* A link_timeout after a poll that never ends by itself: -ETIME where it is armed. */
static int try_timer(const struct target *target)
{
	struct __kernel_timespec soon = {.tv_nsec = 10000000};
	struct completion completion;
	struct io_uring_sqe *sqe;
	struct ring ring;
	int fds[2];

	if (pipe(fds) < 0 || ring_open(&ring, ENTRIES, 0) < 0)
		return 99;
	sqe = ring_sqe(&ring, false);
	sqe->opcode = OP_POLL_ADD;
	sqe->fd = fds[0];
	sqe->poll32_events = POLLIN;
	sqe->flags = IOSQE_IO_LINK;
	sqe = ring_sqe(&ring, false);
	sqe->opcode = OP_LINK_TIMEOUT;
	sqe->addr = (uintptr_t)&soon;
	sqe->len = 1;
	sqe->user_data = 1;
	if (ring_submit(&ring) < 0)
		return 99;
	while (ring_wait(&ring, &completion, 1000) == 0)
		say(target, "timer %s result %d\n", completion.user_data ? "timeout" : "poll",
		    completion.result);
	ring_close(&ring);
	return 0;
}

/* What a program does that restricts a ring of its own: to nop, before it is enabled. */
static int restrict_ring(const struct target *target)
{
	struct io_uring_restriction only = {.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = OP_NOP};
	struct ring ring;

	if (ring_open(&ring, ENTRIES, IORING_SETUP_R_DISABLED) < 0)
		return 99;
	say(target, "restrict result %d\n", ring_register(&ring, REG_RESTRICTIONS, &only, 1));
	ring_close(&ring);
	return 0;
}

/* Whether an fd is a ring, and whose: 0, or -EBADFD for a disabled one; -EBADF where it is closed,
 * and -EOPNOTSUPP where it is something else. `open`: whether it is anything at all. */
static void try_fd(const struct target *target, const char *word)
{
	unsigned int fd;

	if (sscanf(word, "enter=%u", &fd) == 1)
		say(target, "enter %u result %d\n", fd, io_uring_enter(fd, 0, 0, 0, NULL));
	if (sscanf(word, "enter-index=%u", &fd) == 1)
		say(target, "enter-index %u result %d\n", fd,
		    io_uring_enter(fd, 0, 0, IORING_ENTER_REGISTERED_RING, NULL));
	if (sscanf(word, "open=%u", &fd) == 1)
		say(target, "open %u result %d\n", fd, fcntl((int)fd, F_GETFD) < 0 ? -errno : 0);
}

static const struct {
	const char *word;
	int (*act)(const struct target *target);
} actions[] = {
	{"ops", try_ops},     {"flags", try_flags}, {"register", try_registers},
	{"facts", say_facts}, {"probe", probe},	    {"setup", try_setup},
	{"query", try_query}, {"timer", try_timer}, {"restrict", restrict_ring},
};

static int act(const struct target *target)
{
	int status = 0;

	for (const char *const *word = target->words; *word && status == 0; word++) {
		for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
			if (strcmp(*word, actions[i].word) == 0)
				status = actions[i].act(target);
		try_fd(target, *word);
	}
	return status;
}

static int leave(const struct target *target, int status)
{
	if (status == 0)
		say(target, "end\n");
	for (const char *const *word = target->words; *word && status == 0; word++) {
		int number = 0;

		if (sscanf(*word, "kill=%d", &number) == 1)
			kill(getpid(), number);
		sscanf(*word, "exit=%d", &status);
	}
	return status;
}

static const struct {
	const char *word;
	unsigned int setup;
} setups[] = {
	{"sqpoll", IORING_SETUP_SQPOLL},
	{"iopoll", IORING_SETUP_IOPOLL},
	{"r-disabled", IORING_SETUP_R_DISABLED},
	{"sqe128", IORING_SETUP_SQE128},
	{"sqe-mixed", SETUP_SQE_MIXED},
	{"cqe32", IORING_SETUP_CQE32},
	{"defer", IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER},
	{"fd-less", SETUP_NO_MMAP | SETUP_REGISTERED_FD_ONLY},
};

static void configure(struct target *target, const char *word)
{
	for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++)
		if (strcmp(word, setups[i].word) == 0)
			target->setup |= setups[i].setup;
	if (strcmp(word, "registered-ring") == 0)
		target->by_index = true;
	if (strcmp(word, "linked") == 0)
		target->style.linked = true;
	if (strcmp(word, "drained") == 0)
		target->style.drained = true;
	if (strncmp(word, "in=", 3) == 0)
		target->in = word + 3;
	sscanf(word, "out=%d", &target->out);
	sscanf(word, "count=%u,%u", &target->op_count, &target->register_count);
}

static void ask_kernel(struct target *target)
{
	struct query_opcodes opcodes = {0};
	struct query_header header = {.query_data = (uintptr_t)&opcodes, .size = sizeof(opcodes)};

	target->op_count = OP_COUNT;
	target->register_count = REG_COUNT;
	if (io_uring_register(-1U, REG_QUERY, &header, 0) < 0 || header.result < 0)
		return;
	target->op_count = opcodes.request_ops;
	target->register_count = opcodes.register_ops;
}

/* Returns the status to exit with, as all that go somewhere else do. */
static int proceed(struct target *target);

static int run_again(const struct target *target)
{
	const char *arguments[WORDS_MAX + 1] = {target->self};

	memcpy(arguments + 1, target->words, sizeof(target->words) - sizeof(*target->words));
	execv(target->self, (char **)arguments);
	return complain(target->self, errno);
}

static int use_a_ring(void)
{
	struct completion completion;
	struct ring ring;
	int error = ring_open(&ring, ENTRIES, 0);

	if (error == 0) {
		ring_sqe(&ring, false)->opcode = OP_NOP;
		error = ring_submit(&ring);
	}
	if (error == 0)
		error = ring_wait(&ring, &completion, 5000);
	return error < 0 ? complain("ring before exec", -error) : 0;
}

static int status_of(pid_t child)
{
	int status;

	if (child < 0)
		return complain("new process", errno);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return complain("wait", errno);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int do_fork(struct target *target)
{
	pid_t child = fork();

	if (child == 0)
		exit(proceed(target));
	return status_of(child);
}

static int do_vfork(struct target *target)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(run_again(target));
	return status_of(child);
}

static int do_clone3(struct target *target)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (child == 0)
		_exit(proceed(target));
	return status_of(child);
}

static int proceed_in_clone(void *target)
{
	return proceed(target);
}

static int do_clone_vm(struct target *target)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return complain("stack", errno);
	return status_of(clone(proceed_in_clone, stack + STACK_SIZE,
			       CLONE_VM | CLONE_VFORK | SIGCHLD, target));
}

static int in_thread(void *(*start)(void *), struct target *target)
{
	pthread_t thread;
	void *status;
	int error = pthread_create(&thread, NULL, start, target);

	if (error)
		return complain("thread", error);
	pthread_join(thread, &status);
	return (int)(intptr_t)status;
}

static void *proceed_in_thread(void *target)
{
	return (void *)(intptr_t)proceed(target);
}

static int do_thread(struct target *target)
{
	return in_thread(proceed_in_thread, target);
}

static int do_exec(struct target *target)
{
	return run_again(target);
}

static int do_exec_after_ring(struct target *target)
{
	int status = use_a_ring();

	return status ? status : run_again(target);
}

static void *exec_in_thread(void *target)
{
	return (void *)(intptr_t)do_exec_after_ring(target);
}

static int do_exec_from_thread(struct target *target)
{
	return in_thread(exec_in_thread, target);
}

static const struct {
	const char *word;
	int (*go)(struct target *target);
} places[] = {
	{"fork", do_fork},
	{"vfork", do_vfork},
	{"clone3", do_clone3},
	{"clone-vm", do_clone_vm},
	{"thread", do_thread},
	{"exec", do_exec},
	{"exec-after-ring", do_exec_after_ring},
	{"exec-from-thread", do_exec_from_thread},
};

/* Goes where the next such word says, without it; with none left, does what is asked. */
static int proceed(struct target *target)
{
	for (const char **word = target->words; *word; word++)
		for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
			if (strcmp(*word, places[i].word) == 0) {
				memmove(word, word + 1,
					(size_t)(target->words + WORDS_MAX - word - 1) *
						sizeof(*word));
				return places[i].go(target);
			}
	return leave(target, act(target));
}

static void mark(const char *word)
{
	int fd = open(word, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		complain(word, errno);
	else
		close(fd);
}

int main(int argc, char **argv)
{
	struct target target = {.self = "/proc/self/exe", .out = 1, .in = "/tmp"};

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			argc = i;
	if (argc < 2 || argc > WORDS_MAX)
		return complain("words", EINVAL);
	ask_kernel(&target);
	for (int i = 1; i < argc; i++) {
		target.words[i - 1] = argv[i];
		if (strncmp(argv[i], "mark=", 5) == 0)
			mark(argv[i] + 5);
		configure(&target, argv[i]);
	}
	return proceed(&target);
}
