// SPDX-License-Identifier: MIT
#include "cli/install.h"

#include <errno.h>
#include <liburing.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/probe.h"
#include "cli/report.h"

bool install_no_new_privs(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return true;
	report_error("prctl(PR_SET_NO_NEW_PRIVS): %s", strerror(errno));
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

static bool add_filter(const struct filter *filter)
{
	const struct row *row = table_row(&op_table, filter->op);
	struct uring_bpf argument = {
		.cmd_type = URING_BPF_CMD_FILTER,
		.opcode = filter->op,
		.filter_len = (uint32_t)filter->program.len,
		.pdu_size = filter->pdu_size,
		.filter_ptr = (uint64_t)(uintptr_t)filter->program.insns,
	};
	int error = -io_uring_register((unsigned)-1, URING_REGISTER_BPF_FILTER, &argument, 1);

	if (error == 0)
		return true;
	report_error(
		"io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for %s: %s; --print=bpf shows "
		"the filter",
		row ? row->name : "an operation", strerror(error));
	return false;
}

/* A seccomp filter can answer "success" for a call that it has kept from the kernel. */
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

bool install_plan(const struct plan *plan)
{
	if (plan_is_empty(plan))
		return true;
	if (plan->restrictions.nr_res > 0 && !restrict_task(plan))
		return false;
	for (size_t i = 0; i < plan->nr_filters; i++)
		if (!add_filter(&plan->filters[i]))
			return false;
	return confirm();
}
