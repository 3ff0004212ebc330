// SPDX-License-Identifier: MIT
#include "policy/seccomp.h"

#include <criterion/criterion.h>

#include "policy/uring-abi.h"
#include "tests/cases/random.h"

#define X32 0x40000000u

/* Numbers around the three, and what their bits could be taken for. */
static const uint32_t other_calls[] = {
	0,	    1,	       424,	  428,	     511, 0x80000000u | 427, 0x100u + 427,
	UINT32_MAX, X32 | 424, X32 | 428, 0x3fffffff};

static void expect_others_pass(const struct bpf_program *program, bool big_endian)
{
	for (size_t i = 0; i < sizeof(other_calls) / sizeof(other_calls[0]); i++)
		for (uint64_t argument = 0; argument < 40; argument++)
			cr_assert_eq(seccomp_answer(program, big_endian, other_calls[i], argument),
				     SECCOMP_ALLOW, "call %u", other_calls[i]);
}

Test(seccomp, io_uring_is_closed_by_number)
{
	struct bpf_program program = {0};

	cr_assert_eq(seccomp_io_uring(&program), CODEGEN_OK);
	cr_expect_eq(bpf_validate(program.insns, program.len, NULL), BPF_VALID);
	for (uint32_t number = 425; number <= 427; number++)
		for (int x32 = 0; x32 < 2; x32++)
			cr_expect_eq(seccomp_answer(&program, false, number | (x32 ? X32 : 0),
						    UINT64_MAX),
				     SECCOMP_ENOSYS, "call %u", number);
	expect_others_pass(&program, false);
	bpf_program_destroy(&program);
}

/* The kernel takes the low 32 bits, and of those not the highest. */
static void expect_answers(const struct bpf_program *program, bool big_endian,
			   const struct set *allowed)
{
	static const uint64_t around[] = {0, 0x80000000, UINT64_C(0x100000000),
					  UINT64_C(0xffffffff80000000)};

	for (unsigned op = 0; op < 600; op++) {
		unsigned expected =
			set_has(allowed, op < 256 ? op : 255) ? SECCOMP_ALLOW : SECCOMP_EACCES;

		for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
			cr_assert_eq(seccomp_answer(program, big_endian, 427, op | around[i]),
				     expected, "op %u", op);
			cr_assert_eq(seccomp_answer(program, big_endian, X32 | 427, op | around[i]),
				     expected, "op %u by x32", op);
		}
		cr_assert_eq(seccomp_answer(program, big_endian, 426, op), SECCOMP_ALLOW);
		cr_assert_eq(seccomp_answer(program, big_endian, 425, op), SECCOMP_ALLOW);
	}
}

static void try_set(const struct set *allowed)
{
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		struct bpf_program program = {0};

		cr_assert_eq(seccomp_register_ops(allowed, big_endian, &program), CODEGEN_OK);
		cr_assert_eq(bpf_validate(program.insns, program.len, NULL), BPF_VALID);
		/* other calls are told by the number alone: kernel/seccomp.c */
		cr_expect_eq(program.insns[0].k, 0);
		cr_expect_eq(program.insns[3].k, SECCOMP_ALLOW);
		expect_answers(&program, big_endian, allowed);
		expect_others_pass(&program, big_endian);
		bpf_program_destroy(&program);
	}
}

Test(seccomp, each_register_op_alone)
{
	for (unsigned op = 0; op < 40; op++) {
		struct set set = {0};

		set_add(&set, op);
		try_set(&set);
		set_fill(&set);
		set_remove(&set, op);
		try_set(&set);
	}
}

Test(seccomp, random_sets)
{
	struct random random = {7};

	for (unsigned n = 0; n < 40; n++) {
		struct set set = {0};
		unsigned most = 1 + random_below(&random, n % 2 ? 40 : 256);

		for (unsigned op = 0; op < 256; op++)
			if (random_below(&random, 3) == 0 && op < most)
				set_add(&set, op);
		try_set(&set);
	}
}
