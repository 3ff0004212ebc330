/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_RINGS_H
#define URING_JAIL_CLI_RINGS_H

#include <stdbool.h>

/**
 * Closes every io_uring file descriptor that this process has inherited: such a ring was made
 * outside the jail and obeys none of its rules. One on standard input, output or error is replaced
 * by /dev/null. What may be a ring and cannot be looked at counts as one. Each is reported.
 *
 * Where /proc is not there to list the descriptors, those above RLIMIT_NOFILE are set to be closed
 * at execve(2), whatever they are.
 *
 * @return false if some ring may still be open at exec; the reason has been reported
 */
bool rings_close(void);

#endif
