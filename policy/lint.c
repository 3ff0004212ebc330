// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>

#include "policy/lint-parts.h"

static const struct range nowhere;

/* --- texts of messages */

/* Names that a list has before it only says how many more there are. */
#define LISTED_MAX 5

void lint_append(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->size;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->bytes + text->size, room, format, args);
	va_end(args);
	if (length > 0)
		text->size += (size_t)length < room ? (size_t)length : room - 1;
}

void lint_append_name(struct text *text, enum subject subject, unsigned n)
{
	uint64_t number = subject == SUBJECT_SQE_FLAGS ? UINT64_C(1) << n : n;
	const struct row *row = table_row(policy_table(subject), number);

	if (row)
		lint_append(text, "%s", row->name);
	else
		lint_append(text, "%llu", (unsigned long long)number);
}

void lint_append_list(struct text *text, enum subject subject, const struct set *set)
{
	unsigned size = lint_set_size(set), n = 0;

	for (unsigned op = 0; op < URING_OPS_MAX; op++) {
		if (!set_has(set, op))
			continue;
		if (n > 0)
			lint_append(text, n + 1 == size || n == LISTED_MAX ? " and " : ", ");
		if (n == LISTED_MAX && n + 1 < size) {
			lint_append(text, "%u more", size - n);
			return;
		}
		lint_append_name(text, subject, op);
		n++;
	}
}

/* --- the policy as lints look at it */

static bool is_about_flags(struct view *view)
{
	const struct statement *s = view->statement;
	uint8_t denied, required, flags = s->sqe_flags;

	if (policy_is_flag_rule(s, &denied, &required)) {
		view->effect = denied ? EFFECT_DENY : EFFECT_REQUIRE;
		flags = denied | required;
	} else if (s->subject != SUBJECT_SQE_FLAGS) {
		return false;
	}
	view->subject = SUBJECT_SQE_FLAGS;
	view->members = (struct set){.word = {flags}};
	view->cond = NULL;
	return true;
}

static struct view view_of(const struct policy *policy, const struct statement *s)
{
	struct statement alone = *s;
	struct policy one = lint_policy_of(policy, &alone);
	struct view view = {
		.statement = s,
		.scope = s->where.source && s->where.source->depth ? s->where.source : NULL,
		.subject = s->subject,
		.effect = s->effect,
		.members = s->members,
		.cond = s->cond,
		.holds = {DD_ANY, DD_ANY, DD_ANY, DD_ANY},
	};

	alone.next = NULL;
	if (!is_about_flags(&view))
		view.reads_address = policy_zero_address_denied(&one, URING_OP_CONNECT);
	return view;
}

static bool prepare(struct lint *lint)
{
	size_t n = 0;

	for (const struct statement *s = lint->policy->first; s; s = s->next)
		n++;
	lint->views = arena_alloc(&lint->arena, n * sizeof(*lint->views));
	if (!lint->views) {
		diag_no_memory(lint->diags);
		return false;
	}
	for (const struct statement *s = lint->policy->first; s; s = s->next)
		lint->views[lint->nr_views++] = view_of(lint->policy, s);
	lower_verdicts(lint->policy, lint->ops);
	lint->verdicts = policy_verdicts(lint->policy, lint->ops[URING_OP_MSG_RING] == OP_ALLOWED);
	if (lint->verdicts.no_requests)
		for (unsigned op = 0; op < URING_OPS_MAX; op++)
			lint->ops[op] = OP_DENIED;
	for (unsigned op = 0; op < table_known(&op_table); op++) {
		lint->some_open = lint->some_open || lint->ops[op] != OP_DENIED;
		lint->some_closed = lint->some_closed || lint->ops[op] != OP_ALLOWED;
	}
	kernel_newest(&lint->kernel);
	lint->kernel.arch = lint->policy->arch;
	return true;
}

/* --- all of them */

static void note_system_calls(struct lint *lint)
{
	if (lint->some_closed)
		diag_add(lint->diags, SEVERITY_NOTE, nowhere,
			 "only io_uring is restricted: what this denies stays open through plain "
			 "system calls, unless seccomp denies those");
}

void lint(const struct policy *policy, struct diags *diags)
{
	struct lint lint = {.policy = policy, .diags = diags};

	if (prepare(&lint)) {
		lint_conditions(&lint);
		lint_holes(&lint);
		lint_kernels(&lint);
		note_system_calls(&lint);
	}
	dd_destroy(&lint.dd);
	arena_destroy(&lint.arena);
}
