/* SPDX-License-Identifier: MIT */
#include "policy/bpf.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define LD(offset)                                                                                 \
	{                                                                                          \
		BPF_LD | BPF_W | BPF_ABS, 0, 0, offset                                             \
	}
#define IMM(k)                                                                                     \
	{                                                                                          \
		BPF_LD | BPF_IMM, 0, 0, k                                                          \
	}
#define LDX_IMM(k)                                                                                 \
	{                                                                                          \
		BPF_LDX | BPF_IMM, 0, 0, k                                                         \
	}
#define ALU(op, k)                                                                                 \
	{                                                                                          \
		BPF_ALU | (op) | BPF_K, 0, 0, k                                                    \
	}
#define ALU_X(op)                                                                                  \
	{                                                                                          \
		BPF_ALU | (op) | BPF_X, 0, 0, 0                                                    \
	}
#define J(op, k, t, f)                                                                             \
	{                                                                                          \
		BPF_JMP | (op) | BPF_K, t, f, k                                                    \
	}
#define JX(op, t, f)                                                                               \
	{                                                                                          \
		BPF_JMP | (op) | BPF_X, t, f, 0                                                    \
	}
#define JA(k)                                                                                      \
	{                                                                                          \
		BPF_JMP | BPF_JA, 0, 0, k                                                          \
	}
#define RET(k)                                                                                     \
	{                                                                                          \
		BPF_RET | BPF_K, 0, 0, k                                                           \
	}
#define RET_A                                                                                      \
	{                                                                                          \
		BPF_RET | BPF_A, 0, 0, 0                                                           \
	}
#define TAX                                                                                        \
	{                                                                                          \
		BPF_MISC | BPF_TAX, 0, 0, 0                                                        \
	}
#define TXA                                                                                        \
	{                                                                                          \
		BPF_MISC | BPF_TXA, 0, 0, 0                                                        \
	}
#define ST(k)                                                                                      \
	{                                                                                          \
		BPF_ST, 0, 0, k                                                                    \
	}
#define STX(k)                                                                                     \
	{                                                                                          \
		BPF_STX, 0, 0, k                                                                   \
	}
#define LD_MEM(k)                                                                                  \
	{                                                                                          \
		BPF_LD | BPF_MEM, 0, 0, k                                                          \
	}
#define LDX_MEM(k)                                                                                 \
	{                                                                                          \
		BPF_LDX | BPF_MEM, 0, 0, k                                                         \
	}

struct program {
	const char *name;
	struct bpf_insn insns[12];
	size_t n;
	enum bpf_error error;
	size_t at;
};

static const struct program programs[] = {
	{"one RET", {RET(1)}, 1, BPF_VALID, 0},
	{"none", {{0}}, 0, BPF_EMPTY, 0},
	{"no RET", {LD(0)}, 1, BPF_NO_RETURN, 0},
	{"JA last", {RET(1), JA(0)}, 2, BPF_BAD_JUMP, 1},
	{"RET X", {{BPF_RET | BPF_X, 0, 0, 0}}, 1, BPF_BAD_CODE, 0},
	{"last word", {LD(36), RET_A}, 2, BPF_VALID, 0},
	{"word after the last", {LD(40), RET_A}, 2, BPF_BAD_OFFSET, 0},
	{"not aligned", {LD(2), RET_A}, 2, BPF_BAD_OFFSET, 0},
	{"negative offset", {LD(0xfffffffc), RET_A}, 2, BPF_BAD_OFFSET, 0},
	{"LD H", {{BPF_LD | BPF_H | BPF_ABS, 0, 0, 0}, RET_A}, 2, BPF_BAD_CODE, 0},
	{"LD B", {{BPF_LD | BPF_B | BPF_ABS, 0, 0, 0}, RET_A}, 2, BPF_BAD_CODE, 0},
	{"LD IND", {{BPF_LD | BPF_W | BPF_IND, 0, 0, 0}, RET_A}, 2, BPF_BAD_CODE, 0},
	{"LDX ABS", {{BPF_LDX | BPF_W | BPF_ABS, 0, 0, 0}, RET_A}, 2, BPF_BAD_CODE, 0},
	{"LDX MSH", {{BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0}, RET_A}, 2, BPF_BAD_CODE, 0},
	{"MOD", {ALU(BPF_MOD, 3), RET_A}, 2, BPF_BAD_CODE, 0},
	{"an odd class bit", {{BPF_RET | 0x100, 0, 0, 0}}, 1, BPF_BAD_CODE, 0},
	{"DIV 0", {ALU(BPF_DIV, 0), RET_A}, 2, BPF_BAD_DIVISOR, 0},
	{"DIV 1", {ALU(BPF_DIV, 1), RET_A}, 2, BPF_VALID, 0},
	{"DIV X", {ALU_X(BPF_DIV), RET_A}, 2, BPF_VALID, 0},
	{"LSH 31", {ALU(BPF_LSH, 31), RET_A}, 2, BPF_VALID, 0},
	{"LSH 32", {ALU(BPF_LSH, 32), RET_A}, 2, BPF_BAD_SHIFT, 0},
	{"RSH 32", {ALU(BPF_RSH, 32), RET_A}, 2, BPF_BAD_SHIFT, 0},
	{"jump to the end", {J(BPF_JEQ, 0, 0, 1), RET(0)}, 2, BPF_BAD_JUMP, 0},
	{"jump to the end if true", {J(BPF_JEQ, 0, 1, 0), RET(0)}, 2, BPF_BAD_JUMP, 0},
	{"jump to the last", {J(BPF_JEQ, 0, 0, 1), RET(0), RET(1)}, 3, BPF_VALID, 0},
	{"JA to the end", {JA(1), RET(0)}, 2, BPF_BAD_JUMP, 0},
	{"JA that would wrap", {JA(0xffffffff), RET(0)}, 2, BPF_BAD_JUMP, 0},
	{"M[15]", {ST(15), LD_MEM(15), RET_A}, 3, BPF_VALID, 0},
	{"M[16]", {ST(16), LD_MEM(15), RET_A}, 3, BPF_BAD_MEM, 0},
	{"load of M[16]", {LD_MEM(16), RET_A}, 2, BPF_BAD_MEM, 0},
	{"load before the store", {LD_MEM(1), ST(1), RET_A}, 3, BPF_BAD_MEM, 0},
	{"stored on one path", {J(BPF_JEQ, 0, 0, 1), ST(1), LD_MEM(1), RET_A}, 4, BPF_BAD_MEM, 2},
	{"stored on both",
	 {J(BPF_JEQ, 0, 0, 2), ST(1), JA(1), STX(1), LDX_MEM(1), RET_A},
	 6,
	 BPF_VALID,
	 0},
	{"JA over the store", {JA(1), ST(1), LD_MEM(1), RET_A}, 4, BPF_BAD_MEM, 2},
	/* the kernel does not take it that RET goes nowhere */
	{"after a RET", {J(BPF_JEQ, 0, 1, 0), RET(0), ST(1), LD_MEM(1), RET_A}, 5, BPF_VALID, 0},
	{"stored before, but not before the RET above",
	 {ST(1), J(BPF_JEQ, 0, 1, 0), RET(0), LD_MEM(1), RET_A},
	 5,
	 BPF_VALID,
	 0},
	{"not reached", {RET(0), LD_MEM(1), RET_A}, 3, BPF_BAD_MEM, 1},
	{"not reached after JA", {JA(1), LD_MEM(1), RET_A}, 3, BPF_VALID, 0},
};

Test(bpf, validator)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		const struct program *p = &programs[i];
		size_t at = 99;
		enum bpf_error error = bpf_validate(p->insns, p->n, &at);
		cr_expect_eq(error, p->error, "%s: %s", p->name, bpf_error_text(error));
		if (p->error && p->error != BPF_EMPTY)
			cr_expect_eq(at, p->at, "%s: at %zu", p->name, at);
		cr_expect_eq(bpf_validate(p->insns, p->n, NULL), p->error);
	}
}

/* All 65536 codes: exactly the 41 of io_uring_check_cbpf_filter(). */
Test(bpf, codes)
{
	unsigned accepted = 0;

	for (unsigned code = 0; code <= UINT16_MAX; code++) {
		struct bpf_insn insns[] = {ST(1), {code, 0, 0, 1}, RET(0), RET(0)};
		insns[1].k = code == (BPF_LD | BPF_W | BPF_ABS) ? 4 : 1;
		accepted += bpf_validate(insns, 4, NULL) == BPF_VALID;
	}
	cr_expect_eq(accepted, 41, "%u", accepted);
}

Test(bpf, length)
{
	struct bpf_program prog = {0};

	for (size_t i = 0; i < BPF_LEN_MAX; i++)
		cr_assert(bpf_append(&prog, (struct bpf_insn)RET(0)));
	cr_expect_eq(bpf_validate(prog.insns, prog.len, NULL), BPF_VALID);
	cr_assert(bpf_append(&prog, (struct bpf_insn)RET(0)));
	cr_expect_eq(bpf_validate(prog.insns, prog.len, NULL), BPF_TOO_LONG);
	bpf_program_destroy(&prog);
	cr_expect_null(prog.insns);
	bpf_program_destroy(NULL);
}

static const struct {
	const char *name;
	struct bpf_insn insns[8];
	size_t n;
	uint32_t result;
	unsigned steps;
} runs[] = {
	{"A starts at 0", {RET_A}, 1, 0, 1},
	{"X starts at 0", {TXA, RET_A}, 2, 0, 2},
	{"words in host order", {LD(8), RET_A}, 2, 0x01020304, 2},
	{"last word", {LD(36), RET_A}, 2, 0xffffffff, 2},
	{"LEN", {{BPF_LD | BPF_W | BPF_LEN, 0, 0, 7}, RET_A}, 2, 40, 2},
	{"LDX LEN", {{BPF_LDX | BPF_W | BPF_LEN, 0, 0, 7}, TXA, RET_A}, 3, 40, 3},
	{"ADD wraps", {LD(36), ALU(BPF_ADD, 2), RET_A}, 3, 1, 3},
	{"SUB wraps", {IMM(1), ALU(BPF_SUB, 2), RET_A}, 3, 0xffffffff, 3},
	{"MUL wraps", {LD(8), ALU(BPF_MUL, 0x100), RET_A}, 3, 0x02030400, 3},
	{"DIV is unsigned", {LD(36), ALU(BPF_DIV, 2), RET_A}, 3, 0x7fffffff, 3},
	{"DIV by X", {IMM(9), LDX_IMM(2), ALU_X(BPF_DIV), RET_A}, 4, 4, 4},
	{"DIV by an X of 0 ends with 0", {IMM(9), ALU_X(BPF_DIV), RET(7)}, 3, 0, 2},
	{"AND", {LD(8), ALU(BPF_AND, 0xffff), RET_A}, 3, 0x0304, 3},
	{"OR X", {IMM(1), LDX_IMM(6), ALU_X(BPF_OR), RET_A}, 4, 7, 4},
	{"XOR", {IMM(5), ALU(BPF_XOR, 1), RET_A}, 3, 4, 3},
	{"LSH", {IMM(5), ALU(BPF_LSH, 31), RET_A}, 3, 0x80000000, 3},
	{"RSH is logical", {LD(36), ALU(BPF_RSH, 31), RET_A}, 3, 1, 3},
	{"LSH by an X of 33", {IMM(1), LDX_IMM(33), ALU_X(BPF_LSH), RET_A}, 4, 2, 4},
	{"NEG", {IMM(1), {BPF_ALU | BPF_NEG, 0, 0, 0}, RET_A}, 3, 0xffffffff, 3},
	{"M[]", {IMM(5), ST(3), IMM(1), LDX_MEM(3), STX(4), LD_MEM(4), RET_A}, 7, 5, 7},
	{"TAX", {IMM(5), TAX, IMM(1), TXA, RET_A}, 5, 5, 5},
	{"JGT is unsigned", {LD(36), J(BPF_JGT, 1, 0, 1), RET(1), RET(0)}, 4, 1, 3},
	{"JGT not if equal", {IMM(3), J(BPF_JGT, 3, 0, 1), RET(1), RET(0)}, 4, 0, 3},
	{"JGE if equal", {IMM(3), J(BPF_JGE, 3, 0, 1), RET(1), RET(0)}, 4, 1, 3},
	{"JEQ X", {LDX_IMM(3), IMM(3), JX(BPF_JEQ, 0, 1), RET(1), RET(0)}, 5, 1, 4},
	{"JSET", {IMM(6), J(BPF_JSET, 9, 0, 1), RET(1), RET(0)}, 4, 0, 3},
	{"JA", {JA(1), RET(1), RET(2)}, 3, 2, 2},
};

static const uint32_t ctx[BPF_CTX_WORDS] = {[2] = 0x01020304, [9] = 0xffffffff};

Test(bpf, simulator)
{
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		struct bpf_trace trace;
		uint32_t result = bpf_run(runs[i].insns, runs[i].n, ctx, &trace);
		cr_expect_eq(bpf_validate(runs[i].insns, runs[i].n, NULL), BPF_VALID, "%s",
			     runs[i].name);
		cr_expect_eq(result, runs[i].result, "%s: %#x", runs[i].name, result);
		cr_expect_eq(trace.steps, runs[i].steps, "%s: %u", runs[i].name, trace.steps);
		cr_expect_eq(trace.wide_shift, strstr(runs[i].name, "33") != NULL);
	}
}

Test(bpf, worst_path)
{
	const struct bpf_insn insns[] = {LD(16), J(BPF_JEQ, 2, 2, 0), LD(20), JA(1), RET(1),
					 RET(0)};

	cr_expect_eq(bpf_worst_path(insns, 6), 5);
	cr_expect_eq(bpf_worst_path(insns + 5, 1), 1);
}

static const char *field(void *data, unsigned offset)
{
	(void)data;
	return offset == 16 ? "family" : NULL;
}

static const char *constant(void *data, unsigned offset, uint16_t code, uint32_t k)
{
	(void)data;
	return offset == 16 && code == (BPF_JMP | BPF_JEQ | BPF_K) && k == 2 ? "AF_INET" : NULL;
}

Test(bpf, disassembly)
{
	static const struct bpf_insn insns[] = {LD(16),
						J(BPF_JEQ, 2, 0, 1),
						ALU(BPF_AND, 15),
						LD(20),
						TAX,
						IMM(1),
						ALU_X(BPF_LSH),
						JX(BPF_JGE, 0, 1),
						JA(1),
						{BPF_ALU | BPF_NEG, 0, 0, 0},
						ST(2),
						LDX_MEM(2),
						{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
						{BPF_ALU | BPF_MOD, 1, 2, 3},
						RET_A,
						RET(1)};
	static const char *const lines[] = {" 0: ld [16] (family)",
					    " 1: jeq #0x2 (AF_INET), 2, 3",
					    " 2: and #0xf",
					    " 3: ld [20]",
					    " 4: tax",
					    " 5: ld #0x1",
					    " 6: lsh x",
					    " 7: jge x, 8, 9",
					    " 8: ja 10",
					    " 9: neg",
					    "10: st M[2]",
					    "11: ldx M[2]",
					    "12: ld len",
					    "13: .code 0x94, 1, 2, #0x3",
					    "14: ret a",
					    "15: ret #1"};
	const struct bpf_names names = {.field = field, .constant = constant};
	int loaded[16];
	char text[BPF_TEXT_MAX], small[8];

	bpf_loaded(insns, 16, loaded);
	cr_expect_eq(loaded[0], -1);
	cr_expect_eq(loaded[1], 16);
	cr_expect_eq(loaded[3], 16);
	cr_expect_eq(loaded[5], 20);
	cr_expect_eq(loaded[6], -1);
	for (size_t i = 0; i < 16; i++) {
		int n = bpf_format(text, sizeof(text), insns, 16, i, loaded[i], &names);
		cr_expect_str_eq(text, lines[i]);
		cr_expect_eq((size_t)n, strlen(lines[i]));
	}
	bpf_format(text, sizeof(text), insns, 16, 1, 16, NULL);
	cr_expect_str_eq(text, " 1: jeq #0x2, 2, 3");
	cr_expect_eq(bpf_format(small, sizeof(small), insns, 16, 1, -1, NULL), 18);
	cr_expect_str_eq(small, " 1: jeq");
}
