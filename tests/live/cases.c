// SPDX-License-Identifier: MIT
/*
 * The cases of tests/cases, and random policies and requests, on the kernel that this runs on: each
 * policy is compiled and installed as the launcher does it, then every request is made. A request is
 * denied if and only if it ends with EACCES.
 *
 * cases [-s SEED] [-n PAIRS] [DIRECTORY]: prints what failed and what could not be tried, at last
 * "N passed, N failed, N skipped".
 */
#include "tests/cases/cases.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <liburing.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/install.h"
#include "cli/probe.h"
#include "cli/trial.h"
#include "perform.h"
#include "policy/decide.h"
#include "policy/plan.h"
#include "tests/cases/random.h"

#define BATCH_MAX	    128 /* requests made by one process */
#define REQUESTS_PER_POLICY 100
#define CAUSES_MAX	    64
#define FAILURES_SHOWN	    20

/* Which of these a batch of requests is made under. */
enum jail {
	JAIL_NONE, /* what the requests do by themselves */
	JAIL_PLAN,
	JAIL_CLOSED, /* all is denied, each request by the mechanism that the plan has for its op;
			made only where it is in doubt that a check was reached */
	JAILS
};

/* A request and what becomes of it. */
struct item {
	const char *file; /* where the case stands; NULL: it is random */
	size_t line;
	char text[512];
	struct request request;
	bool allowed;
};

/* Requests for one policy. */
struct batch {
	const char *text; /* of the policy */
	struct source source;
	struct policy policy;
	struct diags diags;
	struct kernel kernel;
	bool nested; /* in a task that is restricted already, so with a plan for such a one */
	struct plan plan;
	struct item items[BATCH_MAX];
	size_t n;
	int (*results)[BATCH_MAX];   /* of each jail; the processes share them */
	struct performer *performer; /* without a jail */
};

/* Why cases were skipped, and how many. */
struct cause {
	char text[256];
	unsigned n;
};

struct tally {
	unsigned passed, failed, skipped;
	struct cause causes[CAUSES_MAX];
	struct cause refusals[CAUSES_MAX];
};

__attribute__((format(printf, 3, 4))) static void count(struct cause *causes, unsigned n,
							const char *format, ...)
{
	char text[sizeof(causes->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (size_t i = 0; i < CAUSES_MAX; i++) {
		if (causes[i].n && strcmp(causes[i].text, text))
			continue;
		strcpy(causes[i].text, text);
		causes[i].n += n;
		return;
	}
	abort();
}

static void show_result(char *text, size_t size, int result)
{
	static const char *const nothing[] = {"a success", "nothing, for seconds",
					      "a failed submission", "not tried"};

	if (result < PERFORM_ERRORS)
		snprintf(text, size, "%s", nothing[result - INT_MIN]);
	else if (result < 0)
		snprintf(text, size, "%s", strerrorname_np(-result));
	else
		snprintf(text, size, "success (%d)", result);
}

static void fail(struct tally *tally, const struct batch *batch, size_t i, const char *what)
{
	const struct item *item = &batch->items[i];
	char results[JAILS][64];

	if (tally->failed++ >= FAILURES_SHOWN)
		return;
	for (int jail = 0; jail < JAILS; jail++)
		show_result(results[jail], sizeof(results[jail]), batch->results[jail][i]);
	if (item->file)
		printf("%s:%zu: ", item->file, item->line);
	printf("FAILED: %s: %s\n  Linux %s: %s; with all denied: %s; without a jail: %s\n%s",
	       item->text, what, batch->kernel.version, results[JAIL_PLAN], results[JAIL_CLOSED],
	       results[JAIL_NONE], batch->text);
}

/* --- what can be tried */

#define OP_OPENAT     18
#define OPEN_TMPFILE  (O_TMPFILE & ~O_DIRECTORY)
#define OPEN_OF_PATHS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define OPEN_FLAGS                                                                                 \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |      \
	 O_ASYNC | O_DIRECT | O_NOATIME | OPEN_TMPFILE | OPEN_OF_PATHS)

/*
 * The request that the kernel makes of one for openat, which it shows to filters: without what
 * openat(2) ignores (fs/open.c: build_open_how(); io_uring/openclose.c: io_openat_prep()).
 */
static struct request as_openat(struct request request)
{
	uint64_t *value = request.value;

	if (request.is_register || request.op != OP_OPENAT)
		return request;
	value[FIELD_FLAGS] &= OPEN_FLAGS | open_largefile[arch_here];
	if (value[FIELD_FLAGS] & O_PATH)
		value[FIELD_FLAGS] &= OPEN_OF_PATHS;
	value[FIELD_ACCMODE] = value[FIELD_FLAGS] & REQUEST_ACCMODE;
	value[FIELD_MODE] &= value[FIELD_FLAGS] & (O_CREAT | OPEN_TMPFILE) ? 07777 : 0;
	value[FIELD_RESOLVE] = 0;
	return request;
}

/* Removes the items whose request cannot be made, since openat(2) has no room for it. */
static void drop_impossible(struct batch *batch, struct tally *tally)
{
	size_t kept = 0;

	for (size_t i = 0; i < batch->n; i++) {
		struct request made = as_openat(batch->items[i].request);

		if (memcmp(&made, &batch->items[i].request, sizeof(made)) == 0) {
			batch->items[kept++] = batch->items[i];
			continue;
		}
		tally->skipped++;
		count(tally->causes, 1, "openat ignores a flag, mode or resolve of the request");
	}
	batch->n = kept;
}

static void probe(struct batch *batch)
{
	unsigned needs;

	probe_kernel(&batch->kernel);
	needs = plan_needs(&batch->policy, &batch->kernel, batch->nested ? VIA_FILTERS : VIA_AUTO);
	probe_sizes(&batch->kernel, needs);
	trial_run(&batch->kernel, needs);
	if (batch->nested)
		batch->kernel.task = TASK_NESTED;
}

static bool compile(struct batch *batch)
{
	struct diags diags = {0};
	bool compiled = plan_compile(&batch->policy, &batch->kernel, (struct plan_options){0},
				     &batch->plan, &diags);

	if (!compiled)
		plan_destroy(&batch->plan);
	diags_destroy(&batch->diags);
	batch->diags = diags;
	return compiled;
}

static const char *refusal(const struct batch *batch)
{
	for (const struct diag *diag = batch->diags.first; diag; diag = diag->next)
		if (diag->severity == SEVERITY_ERROR)
			return diag->message;
	return "no memory";
}

/*
 * Nothing here executes a program. So what a kernel that loses restrictions there enforces
 * everywhere else can be tried, although the launcher refuses to run.
 */
static bool compile_beside_holes(struct batch *batch, struct tally *tally)
{
	char why[256];

	if (compile(batch))
		return true;
	snprintf(why, sizeof(why), "%s", refusal(batch));
	if (batch->kernel.survives_exec == FINDING_NO)
		batch->kernel.survives_exec = FINDING_YES;
	if (!compile(batch))
		return false;
	count(tally->refusals, 1, "%s", why);
	return true;
}

/* --- making requests */

static bool has_filter(const struct plan *plan, unsigned op)
{
	for (size_t i = 0; i < plan->nr_filters; i++)
		if (plan->filters[i].op == op)
			return true;
	return false;
}

static void add_denial(struct plan *plan, unsigned op)
{
	struct filter *filter = &plan->filters[plan->nr_filters++];

	filter->op = op;
	if (!bpf_append(&filter->program, (struct bpf_insn){.code = BPF_RET | BPF_K}))
		abort();
}

/* Allows nothing, by filters alone. */
static void close_by_filters(const struct kernel *kernel, struct plan *closed)
{
	*closed = (struct plan){.filters = calloc(kernel->nr_ops, sizeof(*closed->filters))};
	for (unsigned op = 0; op < kernel->nr_ops; op++)
		add_denial(closed, op);
}

/* Allows nothing: ops that the plan has filters for are denied by filters, all others by restrictions. */
static void close_plan(const struct plan *plan, const struct kernel *kernel, struct plan *closed)
{
	struct uring_restriction *entry = closed->restrictions.entries;

	*closed = (struct plan){.filters = calloc(plan->nr_filters + 1, sizeof(*closed->filters))};
	*entry++ = (struct uring_restriction){.opcode = URING_RESTRICTION_SQE_FLAGS_ALLOWED,
					      .value = kernel->sqe_flags};
	for (size_t i = 0; i < plan->nr_filters; i++) {
		add_denial(closed, plan->filters[i].op);
		*entry++ = (struct uring_restriction){.opcode = URING_RESTRICTION_SQE_OP,
						      .value = (uint8_t)plan->filters[i].op};
	}
	closed->restrictions.nr_res = (uint16_t)(entry - closed->restrictions.entries);
}

static struct attempt attempt_of(const struct request *request)
{
	const uint64_t *value = request->value;
	struct attempt attempt = {
		.is_register = request->is_register,
		.op = request->op,
		.user_data = value[FIELD_USER_DATA],
		.sqe_flags = (uint8_t)value[FIELD_SQE_FLAGS],
		.flags = value[FIELD_FLAGS],
		.mode = value[FIELD_MODE],
		.resolve = value[FIELD_RESOLVE],
		.family = (uint32_t)value[FIELD_FAMILY],
		.type = (uint32_t)value[FIELD_TYPE],
		.protocol = (uint32_t)value[FIELD_PROTOCOL],
		.port = (uint16_t)value[FIELD_PORT],
	};

	memcpy(attempt.addr, request->addr, sizeof(attempt.addr));
	return attempt;
}

/* Whether it is an error that may have come before any check: then it tells nothing. */
static bool is_doubtful(const struct batch *batch, size_t i)
{
	int result = batch->results[JAIL_PLAN][i];

	return result >= PERFORM_ERRORS && result < 0 && result != -EACCES;
}

static bool is_any_doubtful(const struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		if (is_doubtful(batch, i))
			return true;
	return false;
}

static void make_requests(const struct batch *batch, struct performer *performer, enum jail jail)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct attempt attempt = attempt_of(&batch->items[i].request);

		if (jail != JAIL_CLOSED || is_doubtful(batch, i))
			batch->results[jail][i] = perform(performer, &attempt);
	}
}

/* The jail around a nested one: restrictions that allow all there is. */
static bool restrict_nothing(const struct kernel *kernel)
{
	struct plan all = {0};
	struct uring_restriction *entry = all.restrictions.entries;

	*entry++ = (struct uring_restriction){.opcode = URING_RESTRICTION_SQE_FLAGS_ALLOWED,
					      .value = kernel->sqe_flags};
	for (unsigned op = 0; op < kernel->nr_ops; op++)
		*entry++ = (struct uring_restriction){.opcode = URING_RESTRICTION_SQE_OP,
						      .value = (uint8_t)op};
	all.restrictions.nr_res = (uint16_t)(entry - all.restrictions.entries);
	return install_plan(&all);
}

static _Noreturn void child(const struct batch *batch, const struct plan *plan, enum jail jail)
{
	struct performer *performer;

	if (batch->nested && !restrict_nothing(&batch->kernel))
		_exit(EXIT_FAILURE);
	if (!install_plan(plan))
		_exit(EXIT_FAILURE);
	performer = performer_open("/tmp");
	if (!performer)
		_exit(EXIT_FAILURE);
	make_requests(batch, performer, jail);
	performer_close(performer);
	_exit(EXIT_SUCCESS);
}

/* Makes the requests in a process of their own that is under this plan. */
static void run(const struct batch *batch, const struct plan *plan, enum jail jail)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(batch, plan, jail);
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		perror("cases: fork");
}

static void run_all(const struct batch *batch)
{
	struct plan closed;

	for (int jail = 0; jail < JAILS; jail++)
		for (size_t i = 0; i < BATCH_MAX; i++)
			batch->results[jail][i] = PERFORM_NOTHING;
	make_requests(batch, batch->performer, JAIL_NONE);
	run(batch, &batch->plan, JAIL_PLAN);
	if (!is_any_doubtful(batch))
		return;
	if (batch->nested)
		close_by_filters(&batch->kernel, &closed);
	else
		close_plan(&batch->plan, &batch->kernel, &closed);
	run(batch, &closed, JAIL_CLOSED);
	plan_destroy(&closed);
}

/* --- the verdicts */

static bool is_lost(int result)
{
	return result < PERFORM_ERRORS && result != PERFORM_HIDDEN;
}

/* Whether the kernel gets as far as asking the plan; else it has refused the request by itself. */
static bool is_checked(const struct batch *batch, size_t i)
{
	const struct request *request = &batch->items[i].request;

	if (request->is_register)
		return request->op < batch->kernel.nr_register_ops;
	return !is_doubtful(batch, i) || batch->results[JAIL_CLOSED][i] == -EACCES;
}

/* Whether a filter denies the request if it sees the flag that the kernel sets on some by itself. */
static bool denies_async(const struct batch *batch, size_t i)
{
	struct request shown = batch->items[i].request;
	struct decision decision;

	if (shown.is_register || !has_filter(&batch->plan, shown.op))
		return false;
	shown.value[FIELD_SQE_FLAGS] |= IOSQE_ASYNC;
	decision = policy_decide(&batch->policy, &shown);
	return !decision.allowed &&
	       (decision.reason == REASON_DENY || decision.reason == REASON_ALLOW_UNMET ||
		(batch->nested && decision.reason == REASON_FLAG_DENIED));
}

static bool is_alike(int a, int b)
{
	if (a == PERFORM_HIDDEN || b == PERFORM_HIDDEN)
		return true;
	return a == b || (a >= 0 && b >= 0);
}

static void skip(struct tally *tally, const char *reason, int result)
{
	tally->skipped++;
	if (result)
		count(tally->causes, 1, "%s: %s", reason, strerrorname_np(-result));
	else
		count(tally->causes, 1, "%s", reason);
}

static void judge(struct tally *tally, const struct batch *batch, size_t i)
{
	bool allowed = batch->items[i].allowed;
	int bare = batch->results[JAIL_NONE][i], jailed = batch->results[JAIL_PLAN][i];

	if (is_lost(bare) || is_lost(jailed) ||
	    (is_doubtful(batch, i) && is_lost(batch->results[JAIL_CLOSED][i])))
		fail(tally, batch, i, "no result");
	else if (bare == -EACCES)
		skip(tally, "it ends with EACCES without a jail, too", 0);
	else if (jailed == -EACCES && !allowed)
		tally->passed++;
	else if (jailed == -EACCES && denies_async(batch, i))
		skip(tally, "a filter sees async where the kernel has set it", 0);
	else if (jailed == -EACCES)
		fail(tally, batch, i, "denied, but the policy allows it");
	else if (!is_checked(batch, i))
		skip(tally, "the kernel refuses it before any check", jailed);
	else if (!allowed)
		fail(tally, batch, i, "let through, but the policy denies it");
	else if (!is_alike(bare, jailed))
		fail(tally, batch, i, "allowed, but it does not do what it does without a jail");
	else
		tally->passed++;
}

/* --- batches */

static void batch_close(struct batch *batch)
{
	plan_destroy(&batch->plan);
	diags_destroy(&batch->diags);
	policy_destroy(&batch->policy);
	batch->n = 0;
}

static bool batch_parse(struct batch *batch, const char *text, const struct loader *loader)
{
	batch->text = text;
	batch->source = (struct source){.name = "policy", .text = text, .size = strlen(text)};
	batch->policy = (struct policy){.arch = arch_here};
	parse_text(&batch->policy, &batch->diags, &batch->source, loader);
	policy_check(&batch->policy, &batch->diags);
	if (diag_failed(&batch->diags))
		printf("FAILED: %s in\n%s", refusal(batch), text);
	return !diag_failed(&batch->diags);
}

/* Adds a request; the caller sets what is expected of it. */
static struct item *batch_add(struct batch *batch, const char *text)
{
	struct item *item = &batch->items[batch->n];
	struct source line = {.name = "request", .text = text, .size = strlen(text)};

	*item = (struct item){0};
	snprintf(item->text, sizeof(item->text), "%s", text);
	if (batch->n == BATCH_MAX ||
	    !request_parse(&item->request, &line, arch_here, &batch->diags)) {
		printf("FAILED: %s: %s\n", text, refusal(batch));
		exit(EXIT_FAILURE);
	}
	batch->n++;
	return item;
}

/* Returns whether the kernel can enforce the policy, as far as it is tried here. */
static bool batch_run(struct batch *batch, struct tally *tally)
{
	probe(batch);
	if (!compile_beside_holes(batch, tally))
		return false;
	run_all(batch);
	for (size_t i = 0; i < batch->n; i++)
		judge(tally, batch, i);
	return true;
}

/* --- the table */

static void run_policy(struct batch *batch, struct tally *tally, const struct loader *loader,
		       const struct test_case *first, size_t n)
{
	if (!batch_parse(batch, first->policy, loader))
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < n; i++) {
		struct item *item = batch_add(batch, first[i].request);

		item->file = first[i].file;
		item->line = first[i].line;
		item->allowed = first[i].allowed;
	}
	drop_impossible(batch, tally);
	if (!batch_run(batch, tally)) {
		tally->skipped += (unsigned)batch->n;
		count(tally->causes, (unsigned)batch->n, "%s", refusal(batch));
	}
	batch_close(batch);
}

static bool run_table(struct batch *batch, struct tally *tally, const char *directory)
{
	struct cases cases = {0};
	struct loader loader = cases_loader(&cases);
	unsigned policies = 0;
	size_t n;

	if (!cases_load(&cases, directory))
		return false;
	for (size_t i = 0; i < cases.n; i += n) {
		for (n = 1; n < BATCH_MAX && i + n < cases.n &&
			    cases.list[i + n].policy == cases.list[i].policy;
		     n++)
			;
		for (int nested = 0; nested < 2; nested++) {
			batch->nested = nested;
			run_policy(batch, tally, &loader, &cases.list[i], n);
		}
		policies++;
	}
	printf("table: %zu cases of %u policies, each in a task of its own and nested\n", cases.n,
	       policies);
	cases_destroy(&cases);
	return true;
}

/* --- random policies and requests */

/*
 * Without flags that the kernel refuses before any check: no op of random_request() takes
 * BUFFER_SELECT, and IO_DRAIN cannot be beside CQE_SKIP_SUCCESS (io_uring/io_uring.c:
 * io_init_req()).
 */
static struct request possible(struct request request)
{
	uint64_t *flags = &request.value[FIELD_SQE_FLAGS];

	*flags &= ~(uint64_t)IOSQE_BUFFER_SELECT;
	if (*flags & IOSQE_CQE_SKIP_SUCCESS)
		*flags &= ~(uint64_t)IOSQE_IO_DRAIN;
	return as_openat(request);
}

static void random_batch(struct batch *batch, struct random *random)
{
	struct random_text text;

	for (size_t i = 0; i < REQUESTS_PER_POLICY; i++) {
		struct item *item;

		random_request(random, &text);
		item = batch_add(batch, text.buffer);
		item->request = possible(item->request);
		item->allowed = policy_decide(&batch->policy, &item->request).allowed;
	}
}

static void run_random(struct batch *batch, struct tally *tally, uint64_t seed, unsigned pairs)
{
	struct random random = {seed};
	unsigned before = tally->passed, policies = 0, refused = 0;

	while (tally->passed - before < pairs && tally->failed < FAILURES_SHOWN) {
		struct random_text text;

		random_policy(&random, &text);
		if (!batch_parse(batch, text.buffer, NULL))
			exit(EXIT_FAILURE);
		random_batch(batch, &random);
		batch->nested = random_below(&random, 2);
		if (batch_run(batch, tally))
			policies++;
		else
			refused++;
		batch_close(batch);
	}
	printf("random: %u pairs of %u policies agree (%u more cannot be enforced here), seed "
	       "%" PRIu64 "\n",
	       tally->passed - before, policies, refused, seed);
}

/* --- the whole */

static void show(const char *what, const struct cause *causes)
{
	for (size_t i = 0; i < CAUSES_MAX && causes[i].n; i++)
		printf("  %u %s: %s\n", causes[i].n, what, causes[i].text);
}

static int run_everything(const char *directory, uint64_t seed, unsigned pairs)
{
	static struct batch batch;
	static struct tally tally;

	batch.results = mmap(NULL, JAILS * sizeof(*batch.results), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	batch.performer = performer_open("/tmp");
	if (batch.results == MAP_FAILED || !batch.performer || !install_no_new_privs() ||
	    !run_table(&batch, &tally, directory))
		return EXIT_FAILURE;
	run_random(&batch, &tally, seed, pairs);
	performer_close(batch.performer);
	show("policies tried, although the launcher refuses them here", tally.refusals);
	show("skipped", tally.causes);
	printf("%u passed, %u failed, %u skipped\n", tally.passed, tally.failed, tally.skipped);
	return tally.failed > 0 || tally.passed == 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;
	unsigned pairs = 5000;
	int option;

	if (trial_is_image(argc, argv))
		return trial_image();
	while ((option = getopt(argc, argv, "s:n:")) != -1) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'n')
			pairs = (unsigned)strtoul(optarg, NULL, 0);
		else
			return EXIT_FAILURE;
	}
	return run_everything(argv[optind] ? argv[optind] : "tests/cases", seed, pairs);
}
