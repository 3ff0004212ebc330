// SPDX-License-Identifier: MIT
/*
 * Every allocation of the program made to fail in turn: it then says so and fails, or does exactly
 * what it does otherwise; and it frees all that it took.
 *
 *   memory [-av] DIRECTORY
 *
 * DIRECTORY has the cases, whose policies are read, compiled and written. Not a Criterion test,
 * since there LeakSanitizer does not fail anything. Writes a line for each failure, and the count.
 */
#include <errno.h>
#include <fcntl.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/lint.h"
#include "policy/parse.h"
#include "policy/plan.h"
#include "policy/request.h"
#include "tests/cases/cases.h"
#include "tests/unit/enforce.h"
#include "tests/unit/failing.h"

#define EXIT_FAILED 125
#define EXIT_LEAK   77

/* Of a command, so many failures are tried one by one; after those, without -a, one in STRIDE. */
#define EACH   50
#define STRIDE 151

/* Of the policies among the cases, which share most of the code, one in so many has every failure
 * tried, and without -a the others one failure in so many, each time others. */
#define POLICIES 24

#define WORDS_MAX 16
#define TEXT_MAX  (1 << 20)

/* main() of the program, which is linked in under this name. */
int uring_jail_main(int argc, char **argv);

const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
	return "exitcode=77:print_suppressions=0";
}

static struct {
	unsigned int passed, failed;
} count;

static bool verbose, all;

static void passed(const char *name, unsigned long allocations)
{
	count.passed++;
	if (verbose)
		printf("ok %s: %lu allocations\n", name, allocations);
}

static unsigned long next_number(unsigned long number)
{
	return number < EACH || all ? number + 1 : number + STRIDE;
}

/* --- the whole program, in a process of its own */

/* What a run left behind. Shared with it, and so never freed by it. */
struct run {
	unsigned long allocations;
	int status;
	size_t out_size, err_size;
	char out[TEXT_MAX], err[TEXT_MAX];
};

/* Words are separated by spaces; a ~ is a space within one. */
static int split(char *text, char *argv[WORDS_MAX])
{
	int argc = 0;

	for (char *word = strtok(text, " "); word && argc < WORDS_MAX - 1;
	     word = strtok(NULL, " ")) {
		argv[argc++] = word;
		for (char *c = word; *c; c++)
			if (*c == '~')
				*c = ' ';
	}
	argv[argc] = NULL;
	return argc;
}

static struct run *ending; /* in the process of a run */

static void at_end(void)
{
	ending->allocations = failing_count;
	failing_set(0);
}

static _Noreturn void become(const char *command, unsigned long number, struct run *run, int out,
			     int err)
{
	static char text[512];
	char *argv[WORDS_MAX];
	int argc;

	strcpy(text, command);
	argc = split(text, argv);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	ending = run;
	atexit(at_end);
	failing_set(number);
	exit(uring_jail_main(argc, argv));
}

static size_t take(int fd, char text[TEXT_MAX])
{
	ssize_t size = pread(fd, text, TEXT_MAX - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	close(fd);
	return size > 0 ? (size_t)size : 0;
}

/* Its allocations are none where it has become another program. */
static void run_command(const char *command, unsigned long number, struct run *run)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	pid_t pid;

	run->allocations = 0;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		become(command, number, run, out, err);
	if (pid < 0 || out < 0 || err < 0 || waitpid(pid, &run->status, 0) != pid) {
		perror("memory");
		exit(2);
	}
	run->out_size = take(out, run->out);
	run->err_size = take(err, run->err);
}

static bool exited(const struct run *run, int status)
{
	return WIFEXITED(run->status) && WEXITSTATUS(run->status) == status;
}

static bool is_same(const struct run *a, const struct run *b)
{
	return a->status == b->status && a->out_size == b->out_size &&
	       memcmp(a->out, b->out, a->out_size) == 0;
}

/* NULL, or what is wrong with a run in which an allocation failed. */
static const char *judge(const struct run *run, const struct run *reference)
{
	if (exited(run, EXIT_LEAK))
		return "leaks";
	if (is_same(run, reference))
		return NULL;
	if (!exited(run, EXIT_FAILED))
		return "ends in another way";
	/* JSON has the messages in it. */
	return run->err_size || strstr(run->out, "\"severity\":\"error\"") ||
			       strstr(run->out, "\"out_of_memory\":true")
		       ? NULL
		       : "says nothing";
}

/* From where on the output is another. */
static const char *difference(const struct run *run, const struct run *reference)
{
	size_t i = 0;

	while (i < run->out_size && i < reference->out_size && run->out[i] == reference->out[i])
		i++;
	return run->out + (i > 40 ? i - 40 : 0);
}

static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(2);
	return memory;
}

static void fail_command(const char *command, struct run *reference, struct run *run)
{
	unsigned long number = 1;
	const char *why = NULL;

	run_command(command, 0, reference);
	if (exited(reference, EXIT_LEAK))
		why = "leaks without a failure";
	/* A run that becomes another program never says how many there were: it is as before. */
	for (; !why && number <= reference->allocations; number = next_number(number)) {
		run_command(command, number, run);
		why = judge(run, reference);
	}
	if (!why) {
		passed(command, reference->allocations);
		return;
	}
	count.failed++;
	printf("FAIL %s: with allocation %lu failing it %s, wait status %#x:\n%.500s\n...%.160s\n",
	       command, number, why, (unsigned int)run->status, run->err,
	       difference(run, reference));
}

/*
 * What is run, with all that takes memory: options, files, includes, messages, conditions of each
 * kind, all forms of output. But not --help, which argp lays out as far as memory goes. ./ is the directory of the policies below.
 */
static const char *const commands[] = {
	"uring-jail --default=allow -- true",
	"uring-jail --deny-op=openat2 -- true",
	"uring-jail --deny-register=personality -- true",
	"uring-jail --unsupported=deny --deny-op=openat2 -- true",
	"uring-jail -v -p ./all.policy -- true",
	"uring-jail --kernel=7.3 --print -p ./all.policy",
	"uring-jail --kernel=7.3 --print=policy -p ./all.policy",
	"uring-jail --kernel=7.3 --print=bpf -p ./all.policy",
	"uring-jail --kernel=7.3 --print=c -p ./all.policy",
	"uring-jail --kernel=7.3 --print=json -p ./all.policy",
	"uring-jail --kernel=7.1 --unsupported=deny --print=json -p ./all.policy",
	"uring-jail --kernel=7.3 --check -p ./all.policy",
	"uring-jail --kernel=7.3 --check --json -W -p ./wrong.policy",
	"uring-jail --check -p ./wrong.policy -p no-such -r deny~opnat2",
	"uring-jail --test=openat2~flags=O_CREAT|O_EXCL --test=register~query -p ./all.policy",
	"uring-jail --test=connect~addr=10.1.2.3~port=443 --explain --json -p ./all.policy",
	"uring-jail --list=ops",
	"uring-jail --list=fields --json",
	"uring-jail --list=policies",
	"uring-jail --no-such-option",
	"uring-jail --import-seccomp=profile.json",
	"uring-jail --import-systemd=@system-service~write:EPERM",
};

static const struct {
	const char *name, *text;
} files[] = {
	{"all.policy",
	 "default deny\n"
	 "include \"more.policy\"\n"
	 "allow @basic-io, fsync, 61\n"
	 "deny openat, openat2 if flags & (O_CREAT | O_TRUNC) or accmode != O_RDONLY\n"
	 "allow openat2 if resolve & RESOLVE_BENEATH\n"
	 "allow connect if addr in 10.0.0.0/8 and port == 443\n"
	 "allow nop if user_data == 7 or not (sqe_flags & async)\n"},
	{"more.policy", "allow socket if family in {AF_INET, AF_INET6} and type == SOCK_STREAM\n"
			"default register deny\n"
			"allow register @buffers, files2\n"
			"deny sqe-flags io_drain\n"
			"require sqe-flags fixed_file\n"},
	{"wrong.policy", "allow opnat2 if (flags & O_CREAT\n"
			 "deny socket if flags == 1\n"
			 "include \"none.policy\"\n"
			 "allow connect if addr in 10.0.0.1/8\n"
			 "allow read\n"
			 "allow read\n"},
	{"profile.json", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [\n"
			 "{\"names\": [\"openat\", \"read\", \"pread64\", \"preadv2\"],\n"
			 "\"action\": \"SCMP_ACT_ALLOW\"},\n"
			 "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\",\n"
			 "\"args\": [{\"index\": 0, \"value\": 2, \"op\": \"SCMP_CMP_EQ\"}]}]}\n"},
};

static void enter_scratch(char name[])
{
	bool good = mkdtemp(name) && chdir(name) == 0;

	for (size_t i = 0; good && i < sizeof(files) / sizeof(*files); i++) {
		FILE *file = fopen(files[i].name, "w");

		good = file && fputs(files[i].text, file) >= 0 && fclose(file) == 0;
	}
	if (good)
		return;
	perror(name);
	exit(2);
}

static void leave_scratch(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i].name);
	rmdir(name);
}

static void fail_commands(void)
{
	char scratch[] = "/tmp/uring-jail-memory.XXXXXX";
	struct run *reference = shared(sizeof(*reference)), *run = shared(sizeof(*run));

	enter_scratch(scratch);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fail_command(commands[i], reference, run);
	leave_scratch(scratch);
}

/* --- that a leak would be seen */

static void *volatile lost;

static void fail_planted(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		lost = malloc(100);
		lost = NULL;
		exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_LEAK) {
		passed("a planted leak is noticed", 1);
		return;
	}
	count.failed++;
	printf("FAIL a planted leak is not noticed: wait status %#x\n", (unsigned int)status);
}

/* --- reading, examining and compiling, in this process */

/* What came of a policy, as far as it can be compared. */
struct result {
	bool failed, said;
	struct plan plan;
};

static void make(struct result *result, const struct test_case *c, const char *version)
{
	struct source source = {.name = c->file, .text = c->policy, .size = strlen(c->policy)};
	struct plan_options options = {.unsupported = UNSUPPORTED_DENY};
	struct policy policy = {.arch = arch_here};
	struct diags diags = {0};
	struct kernel kernel;

	kernel_known(version, &kernel);
	parse_text(&policy, &diags, &source, NULL);
	policy_check(&policy, &diags);
	lint(&policy, &diags);
	result->failed = diag_failed(&diags) ||
			 !plan_compile(&policy, &kernel, options, &result->plan, &diags);
	result->said = diag_failed(&diags);
	policy_destroy(&policy);
	diags_destroy(&diags);
}

static bool same_programs(const struct bpf_program *a, const struct bpf_program *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->insns, b->insns, a->len * sizeof(*a->insns)) == 0);
}

static bool same_plans(const struct plan *a, const struct plan *b)
{
	bool same = memcmp(&a->restrictions, &b->restrictions, sizeof(a->restrictions)) == 0 &&
		    a->nr_filters == b->nr_filters && same_programs(&a->seccomp, &b->seccomp);

	for (size_t i = 0; same && i < a->nr_filters; i++)
		same = a->filters[i].op == b->filters[i].op &&
		       same_programs(&a->filters[i].program, &b->filters[i].program);
	return same;
}

/* Whether both decide alike about the requests that the cases have for this policy. */
static bool alike(const struct plan *a, const struct plan *b, const struct kernel *kernel,
		  const struct test_case *c, const struct test_case *end)
{
	const char *policy = c->policy;
	bool same = true;

	for (; same && c < end && strcmp(c->policy, policy) == 0; c++) {
		struct source line = {
			.name = c->file, .text = c->request, .size = strlen(c->request)};
		struct diags diags = {0};
		struct request request;

		request_parse(&request, &line, arch_here, &diags);
		same = diag_failed(&diags) ||
		       enforce(a, kernel, &request, 0) == enforce(b, kernel, &request, 0);
		diags_destroy(&diags);
	}
	return same;
}

/* Without memory, code may be less than the shortest, but it has to do the same. */
static const char *judge_result(const struct result *result, const struct result *reference,
				const struct test_case *c, const struct test_case *end)
{
	struct kernel kernel;

	if (result->failed)
		return result->said ? NULL : "it fails without a message";
	kernel_newest(&kernel);
	if (same_plans(&result->plan, &reference->plan) ||
	    (result->plan.restrictions.nr_res == reference->plan.restrictions.nr_res &&
	     alike(&result->plan, &reference->plan, &kernel, c, end)))
		return NULL;
	return "the plan decides otherwise";
}

static void fail_policy(const struct test_case *c, const struct test_case *end, unsigned long first,
			unsigned long step)
{
	static const char *const versions[] = {"7.3", "7.1"};
	const char *version = versions[step > 1 && first % 4 == 3];
	struct result reference = {0};
	unsigned long number, allocations;
	const char *why = NULL;

	failing_set(0);
	make(&reference, c, version);
	allocations = failing_count;
	for (number = first; !why && number <= allocations; number += step) {
		struct result result = {0};

		failing_set(number);
		make(&result, c, version);
		failing_set(0);
		why = judge_result(&result, &reference, c, end);
		plan_destroy(&result.plan);
	}
	plan_destroy(&reference.plan);
	if (!why && __lsan_do_recoverable_leak_check())
		why = "it leaks";
	if (!why) {
		count.passed++;
		if (verbose)
			printf("ok %s:%zu on %s: %lu allocations, one in %lu\n", c->file, c->line,
			       version, allocations, step);
		return;
	}
	count.failed++;
	printf("FAIL %s:%zu on %s: with an allocation up to %lu of %lu failing %s\n", c->file,
	       c->line, version, number, allocations, why);
}

/* Includes are for the commands above: here nothing can be loaded. */
static void fail_policies(const char *directory)
{
	struct cases cases = {0};
	const char *last = "";
	unsigned long n = 0;

	failing_set(0);
	if (!cases_load(&cases, directory))
		exit(2);
	for (size_t i = 0; i < cases.n; i++) {
		const struct test_case *c = &cases.list[i];

		if (strcmp(c->policy, last) == 0 || strstr(c->policy, "include"))
			continue;
		last = c->policy;
		if (n % POLICIES == 0 || all)
			fail_policy(c, cases.list + cases.n, 1, 1);
		else
			fail_policy(c, cases.list + cases.n, n % POLICIES, POLICIES);
		n++;
	}
	cases_destroy(&cases);
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "av")) >= 0) {
		all |= option == 'a';
		verbose |= option == 'v';
	}
	if (argc != optind + 1) {
		fprintf(stderr, "usage: memory [-av] DIRECTORY\n");
		return 2;
	}
	fail_planted();
	fail_policies(argv[optind]);
	fail_commands();
	printf("%u passed, %u failed\n", count.passed, count.failed);
	return count.failed || !count.passed;
}
