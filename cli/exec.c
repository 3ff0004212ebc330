// SPDX-License-Identifier: MIT
#include "cli/exec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/report.h"

#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND	127

int exec_command(char **command)
{
	int error;

	execvp(command[0], command);
	error = errno;
	report_error("cannot run '%s': %s", command[0], strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}
