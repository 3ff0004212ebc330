// SPDX-License-Identifier: MIT
#include "cli/doctor.h"

#include <errno.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/print-json.h"
#include "cli/print.h"
#include "cli/probe.h"
#include "cli/report.h"
#include "cli/trial.h"
#include "policy/parse.h"

/* --- what is tried; each returns 0 or an error number */

static int try_restrictions(void)
{
	struct {
		uint16_t flags, nr_res;
		uint32_t resv[3];
	} nothing = {0};

	return -io_uring_register((unsigned)-1, URING_REGISTER_RESTRICTIONS, &nothing, 1);
}

static int try_filter(void)
{
	const struct bpf_insn allow = {BPF_RET | BPF_K, 0, 0, 1};
	struct uring_bpf filter = {.cmd_type = URING_BPF_CMD_FILTER,
				   .opcode = URING_OP_NOP,
				   .filter_len = 1,
				   .filter_ptr = (uint64_t)(uintptr_t)&allow};

	return -io_uring_register((unsigned)-1, URING_REGISTER_BPF_FILTER, &filter, 1);
}

static int try_seccomp(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? errno : 0;
}

static int try_ring(void)
{
	struct io_uring_params params = {0};
	int fd = io_uring_setup(1, &params);

	return fd < 0 ? -fd : 0;
}

/* In a child, so that nothing of it lasts. Error numbers are small enough for an exit status. */
static struct attempt attempt(int (*try)(void))
{
	struct attempt unknown = {FINDING_UNKNOWN, NULL};
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(try());
	if (pid < 0) {
		unknown.error = strerror(errno);
		return unknown;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			unknown.error = strerror(errno);
			return unknown;
		}
	if (!WIFEXITED(status)) {
		unknown.error = "killed";
		return unknown;
	}
	if (WEXITSTATUS(status) == 0)
		return (struct attempt){FINDING_YES, NULL};
	return (struct attempt){FINDING_NO, strerror(WEXITSTATUS(status))};
}

static int io_uring_disabled(void)
{
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int value;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/* The version is not believed, unless it cannot be tried whether restrictions survive. */
static void examine(struct diagnosis *diagnosis)
{
	struct kernel *kernel = &diagnosis->kernel;
	enum finding by_version;

	probe_kernel(kernel);
	by_version = kernel->survives_exec;
	kernel->survives_exec = FINDING_UNKNOWN;
	probe_sizes(kernel, NEED_OPEN_SIZE | NEED_SOCKET_SIZE | NEED_CONNECT_SIZE);
	trial_run(kernel, NEED_SURVIVES_EXEC | NEED_REGISTER_OBEYS);
	diagnosis->survives_exec = kernel->survives_exec;
	if (kernel->survives_exec == FINDING_UNKNOWN)
		kernel->survives_exec = by_version;
	diagnosis->restrictions = attempt(try_restrictions);
	diagnosis->filters = attempt(try_filter);
	diagnosis->seccomp = attempt(try_seccomp);
	diagnosis->rings = attempt(try_ring);
	diagnosis->io_uring_disabled = io_uring_disabled();
}

/* --- what that means */

/* An example of each kind of rules. */
static const struct {
	const char *name, *rule;
} kinds[PROGNOSES] = {
	{"operations and SQE flags", "deny read"},
	{"conditions", "deny socket if family == AF_INET"},
	{"conditions on connect", "deny connect if port == 25"},
	{"register operations", "deny register files"},
};

static const char *first_error(const struct diags *diags)
{
	for (const struct diag *diag = diags->first; diag; diag = diag->next)
		if (diag->severity == SEVERITY_ERROR)
			return diag->message;
	return "out of memory";
}

static void judge(struct prognosis *prognosis, const struct plan *plan, bool good,
		  const struct diags *diags)
{
	const char *why = !good ? first_error(diags) : plan->why_seccomp;

	prognosis->enforced = good;
	prognosis->restrictions = good && plan->restrictions.nr_res > 0;
	prognosis->filters = good && plan->nr_filters > 0;
	prognosis->seccomp = good && plan->seccomp.len > 0;
	snprintf(prognosis->why, sizeof(prognosis->why), "%s", why ? why : "");
}

static struct prognosis foresee(const struct kernel *kernel, struct plan_options options,
				const char *name, const char *rule)
{
	struct source source = {
		.name = "rule", .text = rule, .size = strlen(rule), .one_line = true};
	struct prognosis prognosis = {.name = name};
	struct policy policy = {.arch = arch_here};
	struct diags diags = {0};
	struct plan plan = {0};
	bool good;

	parse_rule(&policy, &diags, &source, NULL);
	good = !diag_failed(&diags) && plan_compile(&policy, kernel, options, &plan, &diags);
	judge(&prognosis, &plan, good, &diags);
	plan_destroy(&plan);
	diags_destroy(&diags);
	policy_destroy(&policy);
	return prognosis;
}

/* --- in words */

static const char *yes_or_no(enum finding finding)
{
	return finding == FINDING_YES ? "yes" : finding == FINDING_NO ? "no" : "unknown";
}

static void put_attempt(const char *what, const struct attempt *attempt)
{
	printf("  %-30s %s", what, yes_or_no(attempt->finding));
	if (attempt->error)
		printf(" (%s)", attempt->error);
	putchar('\n');
}

static void put_finding(const char *what, enum finding finding, const struct kernel *kernel)
{
	printf("  %-30s %s", what, yes_or_no(finding));
	if (finding == FINDING_UNKNOWN && kernel->task == TASK_FRESH && kernel->failed_call)
		printf(" (%s: %s)", kernel->failed_call, kernel->failed_error);
	putchar('\n');
}

static const char *state_text(const struct kernel *kernel)
{
	switch (kernel->task) {
	case TASK_FRESH:
		return "not restricted";
	case TASK_NESTED:
		return "restricted already; filters can be added";
	case TASK_NESTED_SEALED:
		return "restricted already; no filter can be added";
	case TASK_BLOCKED:
		return "io_uring_register(2) is blocked, most likely by seccomp";
	case TASK_STRANGE:
		return "io_uring_register(2) answers as no kernel does";
	case TASK_UNSUPPORTED:
		break;
	}
	return "cannot be restricted by this kernel";
}

static void put_number(const char *what, unsigned number)
{
	if (number)
		printf("  %-30s %u\n", what, number);
	else
		printf("  %-30s unknown\n", what);
}

static void put_kernel(const struct diagnosis *diagnosis)
{
	const struct kernel *kernel = &diagnosis->kernel;

	printf("Linux %s\n", kernel->version);
	put_number("operations", kernel->nr_ops);
	put_number("register operations", kernel->nr_register_ops);
	printf("  %-30s openat and openat2 %u, socket %u, connect %u\n",
	       "bytes that filters see of", kernel->open_size, kernel->socket_size,
	       kernel->connect_size);
	printf("  %-30s %s\n", "this task", state_text(kernel));
	if (diagnosis->io_uring_disabled >= 0)
		printf("  %-30s %d\n", "kernel.io_uring_disabled", diagnosis->io_uring_disabled);
	put_attempt("rings can be opened", &diagnosis->rings);
	put_attempt("restrictions can be set", &diagnosis->restrictions);
	put_attempt("filters can be added", &diagnosis->filters);
	put_finding("they survive execve(2)", diagnosis->survives_exec, kernel);
	put_finding("disabled rings obey", kernel->disabled_rings_obey, kernel);
	put_finding("calls without a ring obey", kernel->ringless_obey, kernel);
	put_attempt("seccomp filters can be added", &diagnosis->seccomp);
}

static void put_prognosis(const struct prognosis *prognosis)
{
	const char *between = "";

	printf("  %-30s ", prognosis->name);
	if (!prognosis->enforced) {
		printf("refused: %s\n", prognosis->why);
		return;
	}
	printf("enforced, by ");
	if (prognosis->restrictions) {
		printf("restrictions");
		between = " and ";
	}
	if (prognosis->filters) {
		printf("%sfilters", between);
		between = " and ";
	}
	if (prognosis->seccomp)
		printf("%sseccomp, since %s", between, prognosis->why);
	putchar('\n');
}

static void put_diagnosis(const struct diagnosis *diagnosis)
{
	put_kernel(diagnosis);
	puts("Rules for");
	for (size_t i = 0; i < PROGNOSES; i++)
		put_prognosis(&diagnosis->prognoses[i]);
}

/* --- */

/* The policy that was given; false where it is wrong or cannot be enforced, which is reported. */
static bool examine_policy(const struct options *options, struct loaded *loaded,
			   const struct kernel *kernel)
{
	bool good;

	load_policy(loaded, options);
	good = !diag_failed(&loaded->diags) &&
	       plan_compile(&loaded->policy, kernel, options->plan, &loaded->plan, &loaded->diags);
	report_diags(&loaded->diags);
	return good;
}

int doctor(const struct options *options, struct loaded *loaded)
{
	struct diagnosis diagnosis = {0};
	bool good;

	examine(&diagnosis);
	for (size_t i = 0; i < PROGNOSES; i++)
		diagnosis.prognoses[i] =
			foresee(&diagnosis.kernel, (struct plan_options){.via = options->plan.via},
				kinds[i].name, kinds[i].rule);
	good = diagnosis.prognoses[0].enforced;
	if (options->nr_policy > 0)
		good = examine_policy(options, loaded, &diagnosis.kernel);
	if (options->json) {
		print_diagnosis_json(stdout, &diagnosis, options->nr_policy > 0 ? loaded : NULL,
				     good);
		return good ? EXIT_SUCCESS : EXIT_FAILED;
	}
	put_diagnosis(&diagnosis);
	if (options->nr_policy > 0 && good)
		print_plan(stdout, &loaded->plan, &diagnosis.kernel, &loaded->policy,
			   &loaded->process);
	return good ? EXIT_SUCCESS : EXIT_FAILED;
}
