/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_IMPORT_H
#define URING_JAIL_CLI_IMPORT_H

#include "cli/load.h"

/**
 * --import-seccomp and --import-systemd: writes the policy to standard output, which has nothing if
 * there is an error.
 *
 * @param loaded holds what is read; the caller frees it
 * @return the exit status
 */
int import_run(const struct options *options, struct loaded *loaded);

#endif
