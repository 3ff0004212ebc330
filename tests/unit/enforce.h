/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_TESTS_UNIT_ENFORCE_H
#define URING_JAIL_TESTS_UNIT_ENFORCE_H

#include "policy/plan.h"
#include "policy/request.h"

/**
 * Whether a kernel that a plan was installed on lets a request pass: its restrictions as
 * io_check_restriction() (io_uring/io_uring.c) reads them, its filters run by bpf_run(), and so its
 * seccomp filter, on register ops.
 *
 * @param seen SQE flags that a filter sees beside those of the request
 */
bool enforce(const struct plan *plan, const struct kernel *kernel, const struct request *request,
	     uint8_t seen);

#endif
