/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_PROBE_H
#define URING_JAIL_CLI_PROBE_H

#include "policy/kernel.h"

/**
 * Asks the running kernel what it is and what it lets this task do, without opening a ring. Needs
 * no_new_privs to be set, since otherwise EACCES has one more meaning. What only trying tells
 * stays unknown: trial_run() finds it out.
 */
void probe_kernel(struct kernel *kernel);

/**
 * Asks how much of a request filters see.
 *
 * @param needs of which requests, a mask of NEED_OPEN_SIZE, NEED_SOCKET_SIZE, NEED_CONNECT_SIZE
 */
void probe_sizes(struct kernel *kernel, unsigned needs);

/**
 * Asks io_uring_register(2) whether this task can be restricted, without doing it.
 *
 * @return an error number: EFAULT if it can; EPERM or EACCES if it is restricted already, or
 *         something blocks the call; 0 never from a kernel
 */
int probe_restrictions(void);

#endif
