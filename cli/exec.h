/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_EXEC_H
#define URING_JAIL_CLI_EXEC_H

/**
 * Replaces this process by the command, found as a shell finds it.
 *
 * @return only if that failed, which has been reported: 127 if there is no such command, 126 if
 *         there is one that cannot be run
 */
int exec_command(char **command);

#endif
