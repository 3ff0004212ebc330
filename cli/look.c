// SPDX-License-Identifier: MIT
#include "cli/look.h"

#include <stdlib.h>
#include <string.h>

#include "cli/print-decision.h"
#include "cli/print-json.h"
#include "cli/print.h"
#include "cli/probe.h"
#include "cli/report.h"
#include "policy/decide.h"
#include "policy/lint.h"

/* --test: 1 if any request is denied, so that a script can ask. */
#define EXIT_DENIED 1

int look_list(const struct options *options)
{
	struct kernel kernel;

	if (options->listing == LIST_POLICIES && !options->json) {
		files_list(stdout);
		return EXIT_SUCCESS;
	}
	probe_kernel(&kernel);
	if (options->json)
		print_list_json(stdout, options->listing, &kernel);
	else
		print_list(stdout, options->listing, &kernel);
	return EXIT_SUCCESS;
}

int look_policy(const struct loaded *loaded)
{
	report_diags(&loaded->diags);
	if (diag_failed(&loaded->diags))
		return EXIT_FAILED;
	print_policy(stdout, &loaded->policy);
	return EXIT_SUCCESS;
}

int look_print(const struct options *options, const struct loaded *loaded,
	       const struct kernel *kernel)
{
	switch (options->form) {
	case FORM_POLICY: /* look_policy() */
	case FORM_PLAN:
		print_plan(stdout, &loaded->plan, kernel, &loaded->policy, &loaded->process);
		break;
	case FORM_BPF:
		print_bpf(stdout, &loaded->plan, kernel);
		break;
	case FORM_C:
		print_c(stdout, &loaded->plan, kernel, &loaded->policy);
		break;
	case FORM_JSON:
		print_plan_json(stdout, &loaded->plan, kernel, &loaded->policy, &loaded->process);
		break;
	}
	return EXIT_SUCCESS;
}

int look_check(const struct options *options, struct loaded *loaded)
{
	bool warned = false;

	if (!diag_failed(&loaded->diags))
		lint(&loaded->policy, &loaded->diags);
	for (const struct diag *diag = loaded->diags.first; diag; diag = diag->next)
		warned = warned || diag->severity == SEVERITY_WARNING;
	if (options->json)
		print_diags_json(stdout, &loaded->diags);
	else
		report_diags(&loaded->diags);
	if (diag_failed(&loaded->diags) || (warned && options->warnings_are_errors))
		return EXIT_FAILED;
	return EXIT_SUCCESS;
}

/* --- testing requests */

struct tester {
	const struct options *options;
	struct loaded *loaded;
	bool failed, denied;
};

static void put_decision(const struct request *request, const struct decision *decision)
{
	const struct table *table = request->is_register ? &register_table : &op_table;
	const struct row *row = table_row(table, request->op);
	char number[16];

	snprintf(number, sizeof(number), "%u", request->op);
	printf("%-5s  %s%s  ", decision->allowed ? "allow" : "deny",
	       request->is_register ? "register " : "", row ? row->name : number);
	print_reason(stdout, decision);
	putchar('\n');
}

/* What each statement about the op came to. */
static void explain(const struct policy *policy, const struct request *request)
{
	enum subject subject = request->is_register ? SUBJECT_REGISTER : SUBJECT_OP;

	for (const struct statement *s = policy->first; s; s = s->next) {
		bool rule = s->effect == EFFECT_ALLOW || s->effect == EFFECT_DENY;

		if (s->subject != subject || !rule || !set_has(&s->members, request->op))
			continue;
		printf("       %s  ", !s->cond					   ? "always "
				      : cond_holds(s->cond, request, policy->arch) ? "matches"
										   : "does not");
		print_statement_line(stdout, s);
		putchar('\n');
	}
}

static void test_one(struct tester *tester, const struct source *source)
{
	const struct policy *policy = &tester->loaded->policy;
	struct diags diags = {0};
	struct request request;
	struct decision decision;

	if (request_parse(&request, source, policy->arch, &diags)) {
		decision = policy_decide(policy, &request);
		tester->denied = tester->denied || !decision.allowed;
		if (tester->options->json)
			print_decision_json(stdout, source, &request, &decision,
					    tester->options->explain ? policy : NULL);
		else
			put_decision(&request, &decision);
		if (tester->options->explain && !tester->options->json)
			explain(policy, &request);
	} else {
		tester->failed = true;
	}
	report_diags(&diags);
	diags_destroy(&diags);
}

static bool is_blank(const struct source *line)
{
	for (size_t i = 0; i < line->size; i++)
		if (!strchr(" \t\r", line->text[i]))
			return line->text[i] == '#';
	return true;
}

static void test_lines(struct tester *tester, const struct source *input)
{
	for (size_t start = 0; start < input->size;) {
		const char *newline = memchr(input->text + start, '\n', input->size - start);
		size_t end = newline ? (size_t)(newline - input->text) : input->size;
		struct source line = {.name = input->name,
				      .text = input->text + start,
				      .size = end - start,
				      .one_line = true};

		if (!is_blank(&line))
			test_one(tester, &line);
		start = end + 1;
	}
}

int look_test(const struct options *options, struct loaded *loaded)
{
	struct tester tester = {.options = options, .loaded = loaded};
	const struct source *input;

	for (size_t i = 0; i < options->nr_tests && !diag_failed(&loaded->diags); i++) {
		if (strcmp(options->tests[i].text, "-") != 0) {
			test_one(&tester, &options->tests[i]);
			continue;
		}
		input = files_open(&loaded->files, "-", &loaded->diags);
		if (input)
			test_lines(&tester, input);
	}
	report_diags(&loaded->diags);
	if (tester.failed || diag_failed(&loaded->diags))
		return EXIT_FAILED;
	return tester.denied ? EXIT_DENIED : EXIT_SUCCESS;
}
