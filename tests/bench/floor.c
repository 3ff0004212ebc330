// SPDX-License-Identifier: MIT
/* The least that a launcher can do: floor COMMAND [ARG...]. */
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 125;
	execv(argv[1], argv + 1);
	return 127;
}
