/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_SECCOMP_H
#define URING_JAIL_POLICY_SECCOMP_H

#include <errno.h>
#include <stdbool.h>

#include "policy/codegen.h"
#include "policy/set.h"

/*
 * Programs for seccomp(2), over struct seccomp_data. Calls are told by their number alone, with bit
 * 30 (__X32_SYSCALL_BIT) cleared and whatever the architecture: the io_uring calls are 425 to 427
 * everywhere that this can be built for, so a program is right for int 0x80 and for x32, too. The
 * number is looked at first and alone, so that the kernel can tell in advance that all other calls
 * are allowed (kernel/seccomp.c: seccomp_is_const_allow) and does not run the program for them.
 */

/** What the programs return: SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO with an error number. */
enum {
	SECCOMP_ALLOW = 0x7fff0000,
	SECCOMP_EACCES = 0x00050000 | EACCES,
	SECCOMP_ENOSYS = 0x00050000 | ENOSYS,
};

/**
 * A program that answers EACCES to io_uring_register(2) with an operation that is not allowed. Of
 * the operation the low 32 bits count, and of those not the highest, as for the kernel
 * (io_uring/register.c: the argument is unsigned int, and IORING_REGISTER_USE_REGISTERED_RING is
 * taken off first). Numbers beyond the set are what its last member is.
 *
 * @param out has to be initialised; bpf_program_destroy() frees it
 */
enum codegen_status seccomp_register_ops(const struct set *allowed, bool big_endian,
					 struct bpf_program *out);

/** A program that answers ENOSYS to all three io_uring system calls. */
enum codegen_status seccomp_io_uring(struct bpf_program *out);

/**
 * What a program answers to a call: one of the numbers above.
 *
 * @param argument the second one, as the caller gave it
 */
uint32_t seccomp_answer(const struct bpf_program *program, bool big_endian, uint32_t number,
			uint64_t argument);

#endif
