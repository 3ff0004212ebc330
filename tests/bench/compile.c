// SPDX-License-Identifier: MIT
/*
 * What compiling a policy takes: compile STATEMENTS, or compile cidrs NETWORKS, prints "compile ROW
 * METRIC NUMBER": instructions, the second time, and KiB of memory at the most. compile once STATEMENTS
 * prints nothing: for who takes the time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "policy/parse.h"
#include "policy/plan.h"
#include "tests/bench/count.h"

/* Denials of so many ops in turn, under a condition that no other has. */
static const char *const ops[] = {
	"readv",
	"writev",
	"fsync",
	"read_fixed",
	"write_fixed",
	"poll_add",
	"poll_remove",
	"sendmsg",
	"recvmsg",
	"timeout",
	"accept",
	"async_cancel",
	"link_timeout",
	"connect",
	"fallocate",
	"openat",
	"close",
	"files_update",
	"statx",
	"read",
	"write",
	"fadvise",
	"madvise",
	"send",
	"recv",
	"openat2",
	"epoll_ctl",
	"splice",
	"provide_buffers",
	"remove_buffers",
	"tee",
	"shutdown",
	"renameat",
	"unlinkat",
	"mkdirat",
	"symlinkat",
	"linkat",
	"msg_ring",
	"fsetxattr",
	"setxattr",
	"fgetxattr",
	"getxattr",
	"socket",
	"uring_cmd",
	"send_zc",
	"sendmsg_zc",
	"read_multishot",
	"waitid",
	"futex_wait",
	"futex_wake",
	"futex_waitv",
	"ftruncate",
	"bind",
	"listen",
	"nop",
	"sync_file_range",
	"timeout_remove",
	"fixed_fd_install",
	"recv_zc",
	"epoll_wait",
};

#define OPS (sizeof(ops) / sizeof(ops[0]))

static void write_statements(FILE *out, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		fprintf(out, "deny %s if user_data == %lu\n", ops[i % OPS], i);
}

static void write_networks(FILE *out, unsigned long n)
{
	fprintf(out, "allow connect if addr in {");
	for (unsigned long i = 0; i < n; i++)
		fprintf(out, "%s10.%lu.%lu.0/24", i ? ", " : "", i / 128, i % 128 * 2);
	fprintf(out, "}\n");
}

static long peak(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static bool compile(const struct source *source)
{
	struct policy policy = {.arch = arch_here};
	struct plan_options options = {0};
	struct diags diags = {0};
	struct kernel kernel;
	struct plan plan;
	bool good;

	kernel_newest(&kernel);
	parse_text(&policy, &diags, source, NULL);
	policy_check(&policy, &diags);
	good = plan_compile(&policy, &kernel, options, &plan, &diags);
	if (!good && diags.first)
		fprintf(stderr, "compile: %s\n", diags.first->message);
	plan_destroy(&plan);
	policy_destroy(&policy);
	diags_destroy(&diags);
	return good;
}

int main(int argc, char **argv)
{
	bool cidrs = argc == 3 && strcmp(argv[1], "cidrs") == 0;
	bool once = argc == 3 && strcmp(argv[1], "once") == 0;
	unsigned long n = argc > 1 ? strtoul(argv[argc - 1], NULL, 10) : 0;
	struct source source = {.name = "policy"};
	char *text = NULL;
	FILE *out = open_memstream(&text, &source.size);
	uint64_t start;
	long before, memory;

	if (!n || !out)
		return EXIT_FAILURE;
	if (cidrs)
		write_networks(out, n);
	else
		write_statements(out, n);
	if (fclose(out) != 0)
		return EXIT_FAILURE;
	source.text = text;
	before = peak();
	if (!compile(&source))
		return EXIT_FAILURE;
	memory = peak() - before;
	if (once)
		return EXIT_SUCCESS;
	start = count_now();
	compile(&source);
	start = count_now() - start;
	printf("compile %s%lu instructions %llu\n", cidrs ? "cidrs-" : "", n,
	       (unsigned long long)start);
	printf("compile %s%lu KiB %ld\n", cidrs ? "cidrs-" : "", n, memory);
	free(text);
	return EXIT_SUCCESS;
}
