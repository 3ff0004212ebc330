// SPDX-License-Identifier: MIT
/* Restrictions written by hand, and no check of anything: raw COMMAND [ARG...] denies openat2. */
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/uring-abi.h"

/* What Linux 7.0 to 7.3 have. */
enum { OPS = 65, SQE_FLAGS = 0x7f };

static struct {
	struct uring_task_restriction task;
	struct uring_restriction entries[OPS];
} restrictions;

static void allow(uint16_t opcode, unsigned value)
{
	restrictions.entries[restrictions.task.nr_res++] =
		(struct uring_restriction){.opcode = opcode, .value = (uint8_t)value};
}

int main(int argc, char **argv)
{
	allow(URING_RESTRICTION_SQE_FLAGS_ALLOWED, SQE_FLAGS);
	for (unsigned op = 0; op < OPS; op++)
		if (op != URING_OP_OPENAT2)
			allow(URING_RESTRICTION_SQE_OP, op);
	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(URING_NR_REGISTER, -1, URING_REGISTER_RESTRICTIONS, &restrictions, 1) < 0)
		return 125;
	execv(argv[1], argv + 1);
	return 127;
}
