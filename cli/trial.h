/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_TRIAL_H
#define URING_JAIL_CLI_TRIAL_H

#include "policy/kernel.h"

/**
 * Finds out what no version number tells, by trying it in a child that restricts itself, if this
 * task is not restricted already: whether
 * restrictions survive an execve(2) after a ring was opened, and whether disabled rings and calls
 * without a ring obey register restrictions. What could not be tried stays unknown.
 *
 * The child is of no concern to the target: it raises no SIGCHLD and does not need one, and it is
 * gone when this returns. In a task that is restricted already, only the first of these can be
 * tried.
 *
 * @param needs what to find out, a mask of NEED_SURVIVES_EXEC (where that is not known yet) and
 *              NEED_REGISTER_OBEYS; without either there is no child
 */
void trial_run(struct kernel *kernel, unsigned needs);

/** Whether this process is the image that trial_run()'s child has executed. */
bool trial_is_image(int argc, char **argv);

/** What that image does: reports whether it is still restricted. Returns its exit status. */
int trial_image(void);

#endif
