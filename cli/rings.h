/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_RINGS_H
#define URING_JAIL_CLI_RINGS_H

#include <stdbool.h>

/**
 * Closes every io_uring file descriptor that this process has inherited: such a ring was made
 * outside the jail and obeys none of its rules. One on standard input, output or error is replaced
 * by /dev/null. Each is reported. Where a seccomp filter keeps io_uring_enter(2) from the kernel,
 * the names in /proc tell what a ring is; without them, what could be one counts as one.
 *
 * Where /proc cannot list the descriptors, numbers up to RLIMIT_NOFILE (but no more than 65536) are
 * looked at, and all that come after are set to be closed at execve(2), whatever they are.
 *
 * Neither a ring's memory nor its registration (IORING_REGISTER_RING_FDS) comes through an
 * execve(2), and a ring cannot be in the queue of a socket (net/core/scm.c: scm_fp_copy), so
 * descriptors are all there is to look for.
 *
 * @param keep close nothing, and warn about each
 * @param blocked the jail denies io_uring altogether, which a ring that is kept would not obey: with
 *                `keep` that is an error
 * @return false if some ring that should not be may still be open at exec, or not all could be
 *         looked at; the reason has been reported
 */
bool rings_close(bool keep, bool blocked);

#endif
