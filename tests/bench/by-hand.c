// SPDX-License-Identifier: MIT
/*
 * What a policy costs whoever has compiled it before: NAME-by-hand COMMAND [ARG...] does what the C of
 * `uring-jail -p tests/bench/NAME.policy --print=c` does, which is linked in, and no more.
 */
#include <unistd.h>

int uring_jail_install(void);

int main(int argc, char **argv)
{
	if (argc < 2 || uring_jail_install() != 0)
		return 125;
	execv(argv[1], argv + 1);
	return 127;
}
