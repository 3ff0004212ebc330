// SPDX-License-Identifier: MIT
/*
 * Any bytes as a policy, the kernel it is compiled for, and requests: a byte for the kernel, the
 * policy's text up to a NUL, then bytes that requests are made of. The kernel takes every filter,
 * and what the plan enforces is what policy_decide() says.
 */
#include <string.h>
#include <sys/socket.h>

#include "policy/decide.h"
#include "policy/parse.h"
#include "policy/plan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/enforce.h"

/* How many requests are made for each policy. */
#define REQUESTS 128

/* Kernels that kernel_at() knows. */
#define KERNELS 4

/* --- numbers for requests */

/* Numbers that conditions compare: near them verdicts change. */
struct hints {
	uint64_t number[64];
	size_t n;
	struct network network[16];
	size_t nr_networks;
};

static void add_number(struct hints *hints, uint64_t number)
{
	hints->number[hints->n++ % 64] = number;
}

static void add_hints(struct hints *hints, const struct cond *cond)
{
	if (cond->kind != COND_TEST) {
		add_hints(hints, cond->left);
		if (cond->kind != COND_NOT)
			add_hints(hints, cond->right);
		return;
	}
	add_number(hints, cond->test.value);
	add_number(hints, cond->test.mask);
	for (size_t i = 0; i < cond->test.nr_elements; i++) {
		if (cond->test.field == FIELD_ADDR)
			hints->network[hints->nr_networks++ % 16] = cond->test.elements[i].network;
		add_number(hints, cond->test.elements[i].lo);
		add_number(hints, cond->test.elements[i].hi);
	}
}

/* Bytes of the input, and after its end numbers that look random but hang on nothing else. */
struct bytes {
	const uint8_t *at, *end;
	uint64_t state;
	struct hints hints;
};

static unsigned next_byte(struct bytes *bytes)
{
	if (bytes->at < bytes->end)
		return *bytes->at++;
	bytes->state = bytes->state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return bytes->state >> 56;
}

static uint64_t next_number(struct bytes *bytes)
{
	size_t n = bytes->hints.n < 64 ? bytes->hints.n : 64;
	unsigned how = next_byte(bytes);
	uint64_t number = 0;

	if (how % 8 == 0)
		return 0;
	if (how % 8 == 1)
		return UINT64_C(1) << next_byte(bytes) % 64;
	if (how % 8 < 4 || n == 0) {
		for (int i = 0; i < 8; i++)
			number = number << 8 | next_byte(bytes);
		return number;
	}
	number = bytes->hints.number[next_byte(bytes) % n];
	if (how % 8 == 4)
		number ^= bytes->hints.number[next_byte(bytes) % n];
	if (how % 8 == 5)
		number ^= UINT64_C(1) << next_byte(bytes) % 64;
	return number + how / 8 % 3 - (how / 8 % 3 > 0 ? 1 + how / 64 % 2 : 0);
}

/* --- requests */

static void make_address(struct bytes *bytes, struct request *request)
{
	size_t n = bytes->hints.nr_networks < 16 ? bytes->hints.nr_networks : 16;
	const struct network *network = n ? &bytes->hints.network[next_byte(bytes) % n] : NULL;
	unsigned how = next_byte(bytes);

	request->value[FIELD_FAMILY] = how & 1 ? AF_INET6 : AF_INET;
	if (how % 8 == 0)
		request->value[FIELD_FAMILY] = next_byte(bytes) % 46;
	else if (how & 2)
		for (int i = 0; i < 16; i++)
			request->addr[i] = (uint8_t)next_byte(bytes);
	else if (network && !network->v6 && (how & 1))
		memcpy(memcpy(request->addr + 10, "\377\377", 2) + 2, network->bytes, 4);
	else if (network)
		memcpy(request->addr, network->bytes, 16);
	if (how & 0x40)
		request->addr[next_byte(bytes) % 16] ^= 1 << next_byte(bytes) % 8;
	if (request->value[FIELD_FAMILY] == AF_INET)
		memset(request->addr + 4, 0, 12);
	else if (request->value[FIELD_FAMILY] != AF_INET6)
		memset(request->addr, 0, 16);
}

static unsigned choose_op(struct bytes *bytes, const struct kernel *kernel)
{
	static const unsigned ops[] = {16, 18, 28, 45, 16, 28, 0, 40};
	unsigned how = next_byte(bytes);

	return how < 200 ? ops[how % 8] : next_byte(bytes) % kernel->nr_ops;
}

/* As a program can make it: the op's fields alone, of their sizes. */
static void make_request(struct bytes *bytes, const struct kernel *kernel, struct request *request)
{
	const struct row *row;

	*request = (struct request){.op = choose_op(bytes, kernel)};
	row = table_row(&op_table, request->op);
	for (size_t i = 0; i < FIELDS; i++)
		if (field_in(&fields[i], row ? row->payload : PAYLOAD_NONE))
			request->value[i] = next_number(bytes) & fields[i].mask;
	if (row && row->payload == PAYLOAD_CONNECT)
		make_address(bytes, request);
	if (row && row->payload == PAYLOAD_SOCKET && next_byte(bytes) % 2)
		request->value[FIELD_TYPE] |= SOCK_CLOEXEC;
	request->value[FIELD_SQE_FLAGS] &= kernel->sqe_flags;
	request->value[FIELD_ACCMODE] = request->value[FIELD_FLAGS] & REQUEST_ACCMODE;
}

/* --- the comparison */

/* `exactly`: nothing was denied for want of support; else a plan may be stricter. */
static void compare(const struct policy *policy, const struct plan *plan,
		    const struct kernel *kernel, const struct request *request, bool exactly)
{
	bool allowed = policy_decide(policy, request).allowed;
	bool passes = enforce(plan, kernel, request, 0);

	if (passes != allowed && (exactly || passes))
		for (size_t i = 0; i < FIELDS; i++)
			printf("%s=0x%llx ", fields[i].name, (unsigned long long)request->value[i]);
	if (passes != allowed && (exactly || passes))
		printf("of %s %u\n", request->is_register ? "register op" : "op", request->op);
	REQUIRE(allowed || !passes);
	REQUIRE(passes || !allowed || !exactly);
	/* Flags that only a filter sees never let more pass. */
	REQUIRE(allowed || !enforce(plan, kernel, request, 0x12));
}

static void check_plan(const struct policy *policy, const struct plan *plan,
		       const struct kernel *kernel, bool exactly, struct bytes *bytes)
{
	struct request request;

	for (size_t i = 0; i < plan->nr_filters; i++)
		REQUIRE(bpf_validate(plan->filters[i].program.insns, plan->filters[i].program.len,
				     NULL) == BPF_VALID);
	for (const struct statement *s = policy->first; s; s = s->next)
		if (s->cond)
			add_hints(&bytes->hints, s->cond);
	for (unsigned i = 0; i < REQUESTS; i++) {
		make_request(bytes, kernel, &request);
		compare(policy, plan, kernel, &request, exactly);
	}
	for (unsigned op = 0; op < kernel->nr_register_ops; op++) {
		request = (struct request){.is_register = true, .op = op};
		compare(policy, plan, kernel, &request, exactly);
	}
}

/*
 * A known kernel, of any architecture and byte order, and mostly without its holes; some within a
 * jail already.
 */
static void choose_kernel(unsigned choice, struct kernel *kernel)
{
	REQUIRE(kernel_at(choice % KERNELS, kernel));
	kernel->big_endian = choice & 4;
	kernel->arch = (choice >> 3 & 3) % ARCHS;
	if (choice & 0x20)
		kernel->task = TASK_NESTED;
	if (choice & 0x40)
		return;
	kernel->survives_exec = FINDING_YES;
	kernel->disabled_rings_obey = FINDING_YES;
	kernel->ringless_obey = FINDING_YES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned choice = size > 0 ? data[0] : 0;
	struct source source = {.name = "input", .text = (const char *)data + 1, .depth = 1};
	struct policy policy = {0};
	struct bytes bytes = {.end = data + size};
	struct diags diags = {0};
	struct kernel kernel;
	const struct diag *last;
	struct plan plan = {0};
	bool deny = choice & 0x80;
	struct plan_options options = {.unsupported = deny ? UNSUPPORTED_DENY : UNSUPPORTED_FAIL};

	if (size < 2)
		return 0;
	source.size = strnlen(source.text, size - 1);
	bytes.at = data + 1 + source.size;
	choose_kernel(choice, &kernel);
	policy.arch = kernel.arch;
	parse_text(&policy, &diags, &source, NULL);
	policy_check(&policy, &diags);
	last = diags.last;
	if (!diag_failed(&diags)) {
		if (plan_compile(&policy, &kernel, options, &plan, &diags))
			check_plan(&policy, &plan, &kernel, !deny || diags.last == last, &bytes);
		else
			REQUIRE(diag_failed(&diags));
	}
	plan_destroy(&plan);
	diags_destroy(&diags);
	policy_destroy(&policy);
	return 0;
}
