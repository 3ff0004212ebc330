/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_INSTALL_H
#define URING_JAIL_CLI_INSTALL_H

#include <stdbool.h>

#include "policy/plan.h"

/**
 * Sets no_new_privs, which the kernel wants of an unprivileged task that restricts itself, and
 * which keeps a setuid program from undoing what the target was denied.
 *
 * @return false on failure, which has been reported
 */
bool install_no_new_privs(void);

/**
 * Carries out a plan and makes sure that the task is restricted now. Nothing is tried twice and
 * nothing is left out.
 *
 * @return false on failure, which has been reported: then the target may not run
 */
bool install_plan(const struct plan *plan);

#endif
