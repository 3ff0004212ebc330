// SPDX-License-Identifier: MIT
#include "policy/seccomp.h"

#include "policy/uring-abi.h"

/* struct seccomp_data (include/uapi/linux/seccomp.h); the second of six arguments of 64 bits. */
enum { AT_NUMBER = 0, AT_ARGUMENT = 24 };

#define X32_BIT	    UINT32_C(0x40000000)
#define OPCODE_MASK UINT32_C(0x7fffffff) /* without IORING_REGISTER_USE_REGISTERED_RING */

static unsigned low_half(bool big_endian)
{
	return AT_ARGUMENT + (big_endian ? 4 : 0);
}

static bool append_all(struct bpf_program *out, const struct bpf_insn *insns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!bpf_append(out, insns[i]))
			return false;
	return true;
}

#define APPEND(out, insns) append_all(out, insns, sizeof(insns) / sizeof((insns)[0]))

/* The runs of numbers that are in the set; what is beyond it belongs to the last one. */
static struct expr *among(struct arena *arena, const struct set *set, unsigned offset)
{
	struct expr *expr = expr_new(arena, EXPR_OR);

	for (unsigned lo = 0, hi; lo < URING_REGISTER_OPS_MAX; lo = hi + 1) {
		for (hi = lo;
		     hi + 1 < URING_REGISTER_OPS_MAX && set_has(set, hi + 1) == set_has(set, lo);)
			hi++;
		if (set_has(set, lo))
			expr = expr_add(
				arena, expr,
				expr_atom(arena, offset, EXPR_HOST, OPCODE_MASK, lo,
					  hi + 1 < URING_REGISTER_OPS_MAX ? hi : OPCODE_MASK));
	}
	return expr;
}

static void translate_returns(struct bpf_program *program)
{
	for (size_t i = 0; i < program->len; i++)
		if (program->insns[i].code == (BPF_RET | BPF_K))
			program->insns[i].k = program->insns[i].k ? SECCOMP_ALLOW : SECCOMP_EACCES;
}

enum codegen_status seccomp_register_ops(const struct set *allowed, bool big_endian,
					 struct bpf_program *out)
{
	static const struct bpf_insn others[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, AT_NUMBER},
		{BPF_ALU | BPF_AND | BPF_K, 0, 0, ~X32_BIT},
		{BPF_JMP | BPF_JEQ | BPF_K, 1, 0, URING_NR_REGISTER},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_ALLOW},
	};
	struct arena arena = {0};
	struct expr *expr = among(&arena, allowed, low_half(big_endian));
	struct bpf_program program = {0};
	enum codegen_status status = CODEGEN_NO_MEMORY;

	if (expr)
		status = codegen_compile(expr, NULL, &program, NULL);
	arena_destroy(&arena);
	translate_returns(&program);
	if (status == CODEGEN_OK &&
	    !(APPEND(out, others) && append_all(out, program.insns, program.len)))
		status = CODEGEN_NO_MEMORY;
	bpf_program_destroy(&program);
	return status;
}

enum codegen_status seccomp_io_uring(struct bpf_program *out)
{
	static const struct bpf_insn all[] = {
		{BPF_LD | BPF_W | BPF_ABS, 0, 0, AT_NUMBER},
		{BPF_ALU | BPF_AND | BPF_K, 0, 0, ~X32_BIT},
		{BPF_JMP | BPF_JGE | BPF_K, 0, 2, URING_NR_SETUP},
		{BPF_JMP | BPF_JGT | BPF_K, 1, 0, URING_NR_REGISTER},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_ENOSYS},
		{BPF_RET | BPF_K, 0, 0, SECCOMP_ALLOW},
	};

	return APPEND(out, all) ? CODEGEN_OK : CODEGEN_NO_MEMORY;
}

uint32_t seccomp_answer(const struct bpf_program *program, bool big_endian, uint32_t number,
			uint64_t argument)
{
	uint32_t data[BPF_CTX_WORDS] = {[AT_NUMBER / 4] = number};
	unsigned low = low_half(big_endian) / 4, high = low_half(!big_endian) / 4;

	data[low] = (uint32_t)argument;
	data[high] = (uint32_t)(argument >> 32);
	return bpf_run(program->insns, program->len, data, NULL);
}
