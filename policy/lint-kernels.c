// SPDX-License-Identifier: MIT
#include <string.h>

#include "policy/lint-parts.h"

/* --- what some kernels cannot enforce */

/* What some kernels cannot enforce, as an error of plan_compile() without "Linux 7.1". */
struct refusal {
	struct refusal *next;
	struct range where;
	const char *message;
	struct text kernels;
	size_t nr_kernels;
	const char *last; /* of their versions; not in `kernels` yet */
};

static bool same_range(struct range a, struct range b)
{
	return a.source == b.source && a.start == b.start && a.end == b.end;
}

static char *copy(struct lint *lint, const char *text)
{
	size_t size = strlen(text) + 1;
	char *memory = arena_alloc(&lint->arena, size);

	if (!memory)
		diag_no_memory(lint->diags);
	return memory ? memcpy(memory, text, size) : NULL;
}

/* What the list has with that message and place, added if there is none; NULL without memory. */
static struct refusal *find_refusal(struct lint *lint, struct refusal **list, struct range where,
				    const char *message)
{
	while (*list &&
	       !(same_range((*list)->where, where) && strcmp((*list)->message, message) == 0))
		list = &(*list)->next;
	if (!*list) {
		*list = arena_alloc(&lint->arena, sizeof(**list));
		if (!*list) {
			diag_no_memory(lint->diags);
			return NULL;
		}
		(*list)->where = where;
		(*list)->message = copy(lint, message);
		if (!(*list)->message)
			*list = NULL;
	}
	return *list;
}

/* "Linux 7.0, 7.1 and 7.2": the last one is known only when there is no more. */
static void add_kernel(struct lint *lint, struct refusal *refusal, const struct kernel *kernel)
{
	if (refusal->last)
		lint_append(&refusal->kernels, "%s%s", refusal->nr_kernels > 1 ? ", " : "",
			    refusal->last);
	refusal->last = copy(lint, kernel->version);
	refusal->nr_kernels++;
}

static void refuse(struct lint *lint, struct refusal **list, const struct kernel *kernel,
		   struct range where, const char *message)
{
	struct text start = {0};
	struct refusal *refusal;

	lint_append(&start, "Linux %s ", kernel->version);
	if (strncmp(message, start.bytes, start.size) == 0)
		message += start.size;
	refusal = find_refusal(lint, list, where, message);
	if (refusal)
		add_kernel(lint, refusal, kernel);
}

static bool add_copy(struct lint *lint, struct policy *to, const struct statement *statement)
{
	struct statement *s = policy_add(to, lint->diags, statement->where, statement->subject,
					 statement->effect);

	if (!s)
		return false;
	*s = *statement;
	s->next = NULL;
	return true;
}

/*
 * The policy without conditions, where what they limit is denied: what stands against the whole of
 * it on some kernel is the same, and it takes no time to compile.
 */
static bool add_unconditional(struct lint *lint, struct policy *policy)
{
	struct statement all = {.subject = SUBJECT_OP, .effect = EFFECT_DEFAULT_ALLOW};
	struct statement closed = {.subject = SUBJECT_OP, .effect = EFFECT_DENY};
	bool done = add_copy(lint, policy, &all);

	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		if (lint->ops[op] != OP_ALLOWED)
			set_add(&closed.members, op);
	done = done && add_copy(lint, policy, &closed);
	for (size_t i = 0; i < lint->nr_views && done; i++)
		if (lint->views[i].subject != SUBJECT_OP)
			done = add_copy(lint, policy, lint->views[i].statement);
	return done;
}

static void refuse_policy(struct lint *lint, struct refusal **list, const struct policy *policy,
			  const struct kernel *kernel)
{
	struct diags diags = {0};
	struct plan plan;

	plan_compile(policy, kernel, (struct plan_options){0}, &plan, &diags);
	plan_destroy(&plan);
	if (diags.out_of_memory)
		diag_no_memory(lint->diags);
	for (const struct diag *diag = diags.first; diag; diag = diag->next)
		if (diag->severity == SEVERITY_ERROR)
			refuse(lint, list, kernel, diag->where, diag->message);
	diags_destroy(&diags);
}

/* Conditions on fields that the kernel's filters do not see. */
static void refuse_fields(struct lint *lint, struct refusal **list, const struct kernel *kernel)
{
	struct rules *rules;
	struct set ops = {0};

	for (unsigned op = 0; op < kernel->nr_ops; op++) {
		enum payload payload = lint_payload_of(op);

		if (lint->ops[op] == OP_CONDITIONAL &&
		    kernel_size(kernel, payload) < kernel_size_wanted(payload))
			set_add(&ops, op);
	}
	rules = lower_rules(lint->policy, &ops, &lint->arena);
	if (!rules) {
		diag_no_memory(lint->diags);
		return;
	}
	for (unsigned op = set_next(&ops, 0); op < URING_OPS_MAX; op = set_next(&ops, op + 1)) {
		const struct cond *test = lower_payload_test(&rules[op]);
		struct text message = {0}, name = {0};

		if (!test)
			continue;
		lint_append_name(&name, SUBJECT_OP, op);
		lint_append(&message,
			    "cannot enforce this for %s: filters there do not see this field "
			    "(--unsupported=deny denies all of %s)",
			    name.bytes, name.bytes);
		refuse(lint, list, kernel, test->where, message.bytes);
	}
}

void lint_kernels(struct lint *lint)
{
	struct policy unconditional = {.arch = lint->policy->arch};
	struct refusal *list = NULL;
	struct kernel kernel;

	if (add_unconditional(lint, &unconditional))
		for (size_t i = 0; kernel_at(i, &kernel); i++) {
			refuse_policy(lint, &list, &unconditional, &kernel);
			refuse_fields(lint, &list, &kernel);
		}
	for (const struct refusal *r = list; r; r = r->next)
		diag_add(lint->diags, SEVERITY_NOTE, r->where, "Linux %s%s%s %s", r->kernels.bytes,
			 r->nr_kernels > 1 ? " and " : "", r->last ? r->last : "", r->message);
	policy_destroy(&unconditional);
}
