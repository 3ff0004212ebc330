// SPDX-License-Identifier: MIT
/*
 * Installs what `uring-jail --print=c` printed, and executes its arguments: what uring-jail itself
 * does with the same policy. tests/live/same-plan compares the two.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int uring_jail_install(void);

int main(int argc, char **argv)
{
	int error = uring_jail_install();

	if (error) {
		fprintf(stderr, "same-plan: uring_jail_install: %s\n", strerror(-error));
		return 125;
	}
	if (argc > 1)
		execvp(argv[1], argv + 1);
	fprintf(stderr, "same-plan: %s: %s\n", argc > 1 ? argv[1] : "no command", strerror(errno));
	return 127;
}
