// SPDX-License-Identifier: MIT
/* Runs a command and prints the instructions that it took: counted COMMAND [ARG...]. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/count.h"

int main(int argc, char **argv)
{
	uint64_t start = count_now();
	int status;
	pid_t pid;

	if (argc < 2)
		return EXIT_FAILURE;
	pid = vfork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return EXIT_FAILURE;
	printf("%llu\n", (unsigned long long)(count_now() - start));
	return EXIT_SUCCESS;
}
