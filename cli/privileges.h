/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_PRIVILEGES_H
#define URING_JAIL_CLI_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/diag.h"

/** The kernel's sets have room for so many capabilities (include/linux/capability.h). */
#define PRIVILEGES_CAPS 64

/**
 * Makes sure that this task may leave no_new_privs alone and restrict itself all the same: that
 * takes CAP_SYS_ADMIN in its user namespace (io_uring/register.c: io_register_restrictions_task).
 * Where no_new_privs is set already, that is noted: nothing can take it back.
 *
 * @return false if it may not, which has been reported
 */
bool privileges_allow_new(void);

/**
 * Reads the value of --drop-caps: names with or without "cap_", numbers, and @all.
 *
 * @param caps gets a bit for each capability in the list, beside those that it has
 * @param diags gets every error in the list
 */
void privileges_parse(const struct source *list, uint64_t *caps, struct diags *diags);

/* Bytes that privileges_name() writes at most, with the NUL. */
#define PRIVILEGES_NAME_MAX 40

/** Writes how a capability is called: "cap_net_raw", or its number where it has no name here. */
void privileges_name(unsigned cap, char name[PRIVILEGES_NAME_MAX]);

/**
 * Drops capabilities for good: from the effective, permitted, inheritable, bounding and ambient set
 * of this task, and so from what it executes. Then all five are read again.
 *
 * Bits of capabilities that the kernel does not have are of no effect.
 *
 * @return false if any of these is left in any of the sets, which has been reported
 */
bool privileges_drop(uint64_t caps);

#endif
