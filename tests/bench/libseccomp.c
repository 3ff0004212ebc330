// SPDX-License-Identifier: MIT
/*
 * The same for libseccomp: as many rules, on as many system calls in turn, each under a condition
 * that no other has, made to a filter. Prints "compile libseccomp-RULES METRIC NUMBER".
 */
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/count.h"

enum { CALLS = 60 };

static long peak(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static bool build(unsigned long n, int out)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool good = filter != NULL;

	for (unsigned long i = 0; good && i < n; i++)
		good = seccomp_rule_add(filter, SCMP_ACT_ERRNO(1), (int)(i % CALLS), 1,
					SCMP_A0(SCMP_CMP_EQ, i)) == 0;
	good = good && seccomp_export_bpf(filter, out) == 0;
	seccomp_release(filter);
	return good;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	long before = peak(), memory;
	uint64_t start;

	if (!n || null < 0 || !build(n, null))
		return EXIT_FAILURE;
	memory = peak() - before;
	start = count_now();
	build(n, null);
	start = count_now() - start;
	printf("compile libseccomp-%lu instructions %llu\n", n, (unsigned long long)start);
	printf("compile libseccomp-%lu KiB %ld\n", n, memory);
	return EXIT_SUCCESS;
}
