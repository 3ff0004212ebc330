/* SPDX-License-Identifier: MIT */
/*
 * What the kernel under test has and what holes it has, found out by trying, with raw calls:
 * nothing here is asked of the program under test.
 */
#ifndef LIVE_KERNEL_H
#define LIVE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi.h"

struct kernel {
	/* Tasks can be restricted; where not, nothing else is known. */
	bool restricts;
	unsigned int op_count;
	unsigned int register_count;
	/* A task that opened a ring and then execs is no longer restricted. */
	bool loses_at_exec;
	/* Register operations on a ring that is still disabled are not restricted. */
	bool disabled_escapes;
	/* Register operations without a ring are not restricted. */
	bool ringless_escapes;
	/* Filters see the address of a connect. */
	bool shows_addresses;
};

/** Finds all of it out, `target` being the program to exec. Returns false, with a message on
 * standard error, where something cannot be tried. */
bool kernel_explore(struct kernel *kernel, const char *target);

/** Restricts the calling task, raw: every operation but one is allowed, with all flags. Sets
 * no_new_privs. Returns 0 or -errno. */
int kernel_deny_op(unsigned int op);

/** The same for register operations: all but one are allowed. */
int kernel_deny_register(unsigned int op);

/** Puts a filter on one operation of the calling task that lets all pass, or nothing; with `rest`,
 * all operations that have no filter so far are denied, too. Returns 0 or -errno. */
int kernel_filter_op(unsigned int op, bool allow, bool rest);

/** Has seccomp answer this system call with this errno (0: success) from here on. */
int kernel_block_call(int number, int answer);

/** The same for prctl(2) with this option. */
int kernel_block_prctl(int option, int answer);

/** The same for io_uring_register(2), but only for calls that hand over something: restrictions
 * and filters, not the probe for them. Such a filter makes it look as if they could be installed,
 * or had been. */
int kernel_block_install(int answer);

/** The same for one operation of io_uring_register(2), whatever else the call has. */
int kernel_block_register(unsigned int op, int answer);

/** The same, but not where the number of the ring is negative. */
int kernel_block_register_of_files(unsigned int op, int answer);

#endif
