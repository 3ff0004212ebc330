// SPDX-License-Identifier: MIT
#include "kernel.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"

#define ENTRIES_MAX 107

struct restrictions {
	struct task_restrictions head;
	struct io_uring_restriction entries[ENTRIES_MAX];
};

static void add(struct restrictions *restrictions, uint16_t kind, unsigned int value)
{
	restrictions->entries[restrictions->head.count++] =
		(struct io_uring_restriction){.opcode = kind, .sqe_op = (uint8_t)value};
}

static int restrict_task(const struct restrictions *restrictions)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return io_uring_register(-1U, REG_RESTRICTIONS, restrictions, 1);
}

static int ask(struct query_opcodes *opcodes)
{
	struct query_header header = {.query_data = (uintptr_t)opcodes, .size = sizeof(*opcodes)};
	int error = io_uring_register(-1U, REG_QUERY, &header, 0);

	return error < 0 ? error : header.result;
}

int kernel_deny_op(unsigned int op)
{
	struct restrictions restrictions = {0};
	struct query_opcodes opcodes = {0};

	if (ask(&opcodes) < 0)
		return -ENOSYS;
	for (unsigned int i = 0; i < opcodes.request_ops; i++)
		if (i != op)
			add(&restrictions, IORING_RESTRICTION_SQE_OP, i);
	add(&restrictions, IORING_RESTRICTION_SQE_FLAGS_ALLOWED, SQE_FLAGS_ALL);
	return restrict_task(&restrictions);
}

int kernel_deny_register(unsigned int op)
{
	struct restrictions restrictions = {0};
	struct query_opcodes opcodes = {0};

	if (ask(&opcodes) < 0)
		return -ENOSYS;
	for (unsigned int i = 0; i < opcodes.register_ops; i++)
		if (i != op)
			add(&restrictions, IORING_RESTRICTION_REGISTER_OP, i);
	return restrict_task(&restrictions);
}

int kernel_filter_op(unsigned int op, bool allow, bool rest)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, allow);
	struct bpf_command command = {
		.cmd_type = BPF_COMMAND_FILTER,
		.filter = {.opcode = op,
			   .flags = rest ? BPF_FILTER_DENY_REST : 0,
			   .filter_len = 1,
			   .filter_ptr = (uintptr_t)&code},
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return io_uring_register(-1U, REG_BPF_FILTER, &command, 1);
}

static int start_seccomp(struct sock_filter *code, size_t count)
{
	struct sock_fprog program = {.len = (unsigned short)count, .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return -errno;
	return 0;
}

int kernel_block_call(int number, int answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return start_seccomp(code, sizeof(code) / sizeof(*code));
}

/* Loads the low half of an argument, on a little-endian machine. */
#define LOAD_ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))

int kernel_block_prctl(int option, int answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
		LOAD_ARGUMENT(0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)option, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return start_seccomp(code, sizeof(code) / sizeof(*code));
}

int kernel_block_install(int answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_register, 0, 6),
		LOAD_ARGUMENT(1),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REG_RESTRICTIONS, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REG_BPF_FILTER, 0, 3),
		LOAD_ARGUMENT(2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return start_seccomp(code, sizeof(code) / sizeof(*code));
}

/* Of rings with numbers up to LAST, the task being the greatest. */
static int block_register(unsigned int op, unsigned int last, int answer)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_register, 0, 5),
		LOAD_ARGUMENT(0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 3, 0),
		LOAD_ARGUMENT(1),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, op, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return start_seccomp(code, sizeof(code) / sizeof(*code));
}

int kernel_block_register(unsigned int op, int answer)
{
	return block_register(op, UINT_MAX, answer);
}

int kernel_block_register_of_files(unsigned int op, int answer)
{
	return block_register(op, INT_MAX, answer);
}

/* Each experiment runs in a child and answers with one of these. */
enum answer { NO, YES, UNKNOWN };

static enum answer try_in_child(enum answer (*experiment)(const char *target), const char *target)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(experiment(target));
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > YES)
		return UNKNOWN;
	return (enum answer)WEXITSTATUS(status);
}

static enum answer lacks_restrictions(const char *target)
{
	(void)target;
	return io_uring_register(-1U, REG_RESTRICTIONS, NULL, 1) == -EFAULT ? NO : YES;
}

/* The new image finds out for itself what is left: `probe` in target.c, whose first line tells. */
static enum answer loses_at_exec(const char *target)
{
	int fds[2], result;
	struct ring ring;
	char line[64] = "";
	FILE *file;

	if (pipe(fds) < 0)
		return UNKNOWN;
	if (fork() == 0) {
		dup2(fds[1], STDOUT_FILENO);
		if (kernel_deny_op(OP_OPENAT2) < 0 || ring_open(&ring, 4, 0) < 0)
			_exit(UNKNOWN);
		execl(target, target, "probe", NULL);
		_exit(UNKNOWN);
	}
	close(fds[1]);
	file = fdopen(fds[0], "r");
	if (!file || !fgets(line, sizeof(line), file) ||
	    sscanf(line, "probe 11 result %d", &result) != 1)
		return UNKNOWN;
	if (result == -EFAULT)
		return YES;
	return result == -EPERM ? NO : UNKNOWN;
}

/* A personality: any register operation that needs no argument would do. */
static enum answer disabled_escapes(const char *target)
{
	struct ring ring;
	int result;

	(void)target;
	if (kernel_deny_register(REG_PERSONALITY) < 0 ||
	    ring_open(&ring, 4, IORING_SETUP_R_DISABLED) < 0)
		return UNKNOWN;
	result = ring_register(&ring, REG_PERSONALITY, NULL, 0);
	if (result >= 0)
		return YES;
	return result == -EACCES ? NO : UNKNOWN;
}

static enum answer ringless_escapes(const char *target)
{
	int result;

	(void)target;
	if (kernel_deny_register(REG_QUERY) < 0)
		return UNKNOWN;
	result = io_uring_register(-1U, REG_QUERY, NULL, 0);
	if (result >= 0)
		return YES;
	return result == -EACCES ? NO : UNKNOWN;
}

/* A filter of no program that wants more than there is; the answer has the size that there is. */
static bool shows_addresses(void)
{
	struct bpf_command command = {
		.cmd_type = BPF_COMMAND_FILTER,
		.filter = {.opcode = OP_CONNECT, .filter_len = 1, .pdu_size = UINT8_MAX},
	};

	return io_uring_register(-1U, REG_BPF_FILTER, &command, 1) == -EMSGSIZE &&
	       command.filter.pdu_size > 0;
}

static bool find_out(const char *what, enum answer (*experiment)(const char *target),
		     const char *target, bool *yes)
{
	enum answer answer = try_in_child(experiment, target);

	if (answer == UNKNOWN)
		fprintf(stderr, "live: cannot find out whether the kernel %s\n", what);
	*yes = answer == YES;
	return answer != UNKNOWN;
}

bool kernel_explore(struct kernel *kernel, const char *target)
{
	struct query_opcodes opcodes = {0};
	bool lacking = true;

	if (!find_out("lacks task restrictions", lacks_restrictions, target, &lacking))
		return false;
	kernel->restricts = !lacking && ask(&opcodes) == 0;
	if (!kernel->restricts)
		return true;
	kernel->op_count = opcodes.request_ops;
	kernel->register_count = opcodes.register_ops;
	kernel->shows_addresses = shows_addresses();
	return find_out("loses restrictions at exec", loses_at_exec, target,
			&kernel->loses_at_exec) &&
	       find_out("restricts disabled rings", disabled_escapes, target,
			&kernel->disabled_escapes) &&
	       find_out("restricts calls without a ring", ringless_escapes, target,
			&kernel->ringless_escapes);
}
