// SPDX-License-Identifier: MIT
#include "cli/install.h"

#include <errno.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/probe.h"
#include "cli/report.h"

/* Neither a file descriptor nor what stands for the task. */
#define NO_RING (-2)

bool install_no_new_privs(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		report_error("prctl(PR_SET_NO_NEW_PRIVS): %s", strerror(errno));
		return false;
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return true;
	report_error("prctl(PR_SET_NO_NEW_PRIVS) reported success but no_new_privs is not set; "
		     "something, most likely a seccomp filter, stands in its place");
	return false;
}

static bool restrict_task(const struct plan *plan)
{
	int error = -io_uring_register((unsigned)-1, URING_REGISTER_RESTRICTIONS,
				       &plan->restrictions, 1);

	if (error == 0)
		return true;
	report_error("io_uring_register(-1, IORING_REGISTER_RESTRICTIONS) with %u entries: %s; "
		     "--print shows them",
		     plan->restrictions.nr_res, strerror(error));
	return false;
}

static int register_filter(struct uring_bpf *argument)
{
	return -io_uring_register((unsigned)-1, URING_REGISTER_BPF_FILTER, argument, 1);
}

static bool add_filter(const struct filter *filter, struct uring_bpf *argument)
{
	const struct row *row = table_row(&op_table, filter->op);
	int error;

	*argument = (struct uring_bpf){
		.cmd_type = URING_BPF_CMD_FILTER,
		.opcode = filter->op,
		.filter_len = (uint32_t)filter->program.len,
		.pdu_size = filter->pdu_size,
		.filter_ptr = (uint64_t)(uintptr_t)filter->program.insns,
	};
	error = register_filter(argument);
	if (error == 0)
		return true;
	report_error(
		"io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for %s: %s; --print=bpf shows "
		"the filter",
		row ? row->name : "an operation", strerror(error));
	return false;
}

/*
 * A seccomp filter around us sees no more of a registration than the address of its argument. So it
 * cannot tell this one, which the kernel refuses with EMSGSIZE, from those before it: if the kernel
 * answers this, it has had those, too (io_uring/bpf_filter.c: io_bpf_filter_import).
 */
static bool reaches_kernel(struct uring_bpf *argument)
{
	int error;

	argument->flags = URING_BPF_FILTER_SZ_STRICT;
	argument->pdu_size = UINT8_MAX;
	error = register_filter(argument);
	if (error == EMSGSIZE)
		return true;
	report_error("io_uring_register(-1, IORING_REGISTER_BPF_FILTER) reported success, but the "
		     "kernel has not been asked (%s); something, most likely a seccomp filter, "
		     "stands in its place",
		     strerror(error));
	return false;
}

static bool add_filters(const struct plan *plan)
{
	struct uring_bpf argument;

	for (size_t i = 0; i < plan->nr_filters; i++)
		if (!add_filter(&plan->filters[i], &argument))
			return false;
	return reaches_kernel(&argument);
}

/* The same for restrictions, and for what a task inherits: it cannot be restricted again. */
static bool confirm(void)
{
	int error = probe_restrictions();

	if (error == EPERM || error == EACCES)
		return true;
	report_error("io_uring_register(2) reported success but this task is not restricted (%s); "
		     "something, most likely a seccomp filter, stands in its place",
		     strerror(error));
	return false;
}

/* About no ring: -1 would be the task, of which restrictions around it deny some calls likewise. */
static bool expect(long number, unsigned argument, int expected)
{
	long answer = syscall(number, NO_RING, argument, NULL, 0, NULL, 0);

	if (answer == -1 && errno == expected)
		return true;
	report_error("seccomp(2) reported success, but system call %ld is not denied (%s)", number,
		     answer == -1 ? strerror(errno) : "no error");
	return false;
}

/* Makes denied calls, each of which would fail in another way without the filter. */
static bool confirm_seccomp(const struct plan *plan)
{
	unsigned op = 0;

	if (plan->blocks)
		return expect(URING_NR_SETUP, 0, ENOSYS) && expect(URING_NR_ENTER, 0, ENOSYS) &&
		       expect(URING_NR_REGISTER, 0, ENOSYS);
	while (op < URING_REGISTER_OPS_MAX && set_has(&plan->register_ops, op))
		op++;
	return expect(URING_NR_REGISTER, op, EACCES);
}

static bool add_seccomp(const struct plan *plan)
{
	struct sock_fprog program = {
		.len = (unsigned short)plan->seccomp.len,
		.filter = (struct sock_filter *)plan->seccomp.insns,
	};

	if (plan->seccomp.len == 0)
		return true;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return confirm_seccomp(plan);
	report_error("seccomp(SECCOMP_SET_MODE_FILTER) with %zu instructions: %s; --print=bpf "
		     "shows them",
		     plan->seccomp.len, strerror(errno));
	return false;
}

bool install_plan(const struct plan *plan)
{
	bool restricted = plan->restrictions.nr_res > 0;

	/* Before there are filters, which would be confirmed in the same way. */
	if (restricted && (!restrict_task(plan) || !confirm()))
		return false;
	/* Where there are restrictions, filters change nothing of what that asks. */
	if (plan->nr_filters > 0 && (!add_filters(plan) || (!restricted && !confirm())))
		return false;
	return add_seccomp(plan);
}
