/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_DOCTOR_H
#define URING_JAIL_CLI_DOCTOR_H

#include "cli/load.h"

/** What became of something that was tried in a child. */
struct attempt {
	enum finding finding;
	const char *error; /* why not; NULL where it worked */
};

/** What a kind of rules comes to on this kernel, in this task. */
struct prognosis {
	const char *name; /* of the kind */
	bool enforced;
	bool restrictions, filters, seccomp; /* by what */
	char why[512];			     /* it is not, or seccomp is needed; "" otherwise */
};

#define PROGNOSES 4

/** What was found out about the kernel and the task, by trying each thing and not by version. */
struct diagnosis {
	struct kernel kernel;	    /* as a launch would go by it */
	enum finding survives_exec; /* as tried; a launch goes by the version from 7.2 on */
	struct attempt restrictions, filters, seccomp, rings;
	int io_uring_disabled; /* of /proc/sys/kernel; -1: not there */
	struct prognosis prognoses[PROGNOSES];
};

/**
 * Examines the running kernel, and says what it can enforce; and, if a policy is given, whether it
 * can enforce that, and how.
 *
 * @param loaded is filled in, and freed by the caller
 * @return the exit status: 0 if the policy can be enforced, or without one, rules for ops; else 125
 */
int doctor(const struct options *options, struct loaded *loaded);

#endif
