// SPDX-License-Identifier: MIT
#include "tests/unit/enforce.h"

#include "policy/bpf.h"
#include "policy/seccomp.h"

/* The entries of a registration, as the kernel keeps them. */
struct entries {
	struct set ops, register_ops;
	bool op_registered, register_registered;
	uint8_t allowed, required;
};

static struct entries parse(const struct plan *plan)
{
	struct entries entries = {0};

	for (unsigned i = 0; i < plan->restrictions.nr_res; i++) {
		const struct uring_restriction *entry = &plan->restrictions.entries[i];

		if (entry->opcode == URING_RESTRICTION_REGISTER_OP) {
			set_add(&entries.register_ops, entry->value);
			entries.register_registered = true;
			continue;
		}
		entries.op_registered = true;
		if (entry->opcode == URING_RESTRICTION_SQE_OP)
			set_add(&entries.ops, entry->value);
		else if (entry->opcode == URING_RESTRICTION_SQE_FLAGS_ALLOWED)
			entries.allowed = entry->value;
		else
			entries.required = entry->value;
	}
	return entries;
}

static bool passes_restrictions(const struct entries *entries, const struct request *request)
{
	uint8_t flags = (uint8_t)request->value[FIELD_SQE_FLAGS];

	if (request->is_register)
		return !entries->register_registered ||
		       set_has(&entries->register_ops, request->op);
	if (!entries->op_registered)
		return true;
	return set_has(&entries->ops, request->op) &&
	       (flags & entries->required) == entries->required &&
	       (flags & ~(entries->allowed | entries->required)) == 0;
}

static bool passes_filters(const struct plan *plan, const struct kernel *kernel,
			   const struct request *request, uint8_t seen)
{
	struct context_layout layout = {
		.little_endian = !kernel->big_endian,
		.connect = kernel->connect_size > 0,
		.type_flags = true,
		.largefile = open_largefile[kernel->arch],
	};
	struct request shown = *request;
	uint32_t words[CONTEXT_WORDS];

	shown.value[FIELD_SQE_FLAGS] |= seen;
	request_context(&shown, &layout, words);
	for (size_t i = 0; i < plan->nr_filters; i++)
		if (plan->filters[i].op == request->op &&
		    bpf_run(plan->filters[i].program.insns, plan->filters[i].program.len, words,
			    NULL) == 0)
			return false;
	return true;
}

/* A call of io_uring_register(2) meets the seccomp filter first. */
static bool passes_seccomp(const struct plan *plan, const struct kernel *kernel, unsigned op)
{
	return plan->seccomp.len == 0 || seccomp_answer(&plan->seccomp, kernel->big_endian,
							URING_NR_REGISTER, op) == SECCOMP_ALLOW;
}

bool enforce(const struct plan *plan, const struct kernel *kernel, const struct request *request,
	     uint8_t seen)
{
	struct entries entries = parse(plan);

	if (plan->blocks || !passes_restrictions(&entries, request))
		return false;
	return request->is_register ? passes_seccomp(plan, kernel, request->op)
				    : passes_filters(plan, kernel, request, seen);
}
