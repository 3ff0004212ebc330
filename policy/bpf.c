/* SPDX-License-Identifier: MIT */
#include "policy/bpf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bpf_append(struct bpf_program *prog, struct bpf_insn insn)
{
	if (prog->len == prog->room) {
		size_t room = prog->room ? prog->room * 2 : 32;
		struct bpf_insn *insns = reallocarray(prog->insns, room, sizeof(*insns));
		if (!insns)
			return false;
		prog->insns = insns;
		prog->room = room;
	}
	prog->insns[prog->len++] = insn;
	return true;
}

void bpf_program_destroy(struct bpf_program *prog)
{
	if (!prog)
		return;
	free(prog->insns);
	*prog = (struct bpf_program){0};
}

static bool accepted(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_ALU | BPF_ADD | BPF_K:
	case BPF_ALU | BPF_ADD | BPF_X:
	case BPF_ALU | BPF_SUB | BPF_K:
	case BPF_ALU | BPF_SUB | BPF_X:
	case BPF_ALU | BPF_MUL | BPF_K:
	case BPF_ALU | BPF_MUL | BPF_X:
	case BPF_ALU | BPF_DIV | BPF_K:
	case BPF_ALU | BPF_DIV | BPF_X:
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ALU | BPF_AND | BPF_X:
	case BPF_ALU | BPF_OR | BPF_K:
	case BPF_ALU | BPF_OR | BPF_X:
	case BPF_ALU | BPF_XOR | BPF_K:
	case BPF_ALU | BPF_XOR | BPF_X:
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_LSH | BPF_X:
	case BPF_ALU | BPF_RSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_X:
	case BPF_ALU | BPF_NEG:
	case BPF_JMP | BPF_JA:
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JEQ | BPF_X:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_X:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_X:
	case BPF_JMP | BPF_JSET | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_X:
		return true;
	default:
		return false;
	}
}

static bool is_conditional(uint16_t code)
{
	return BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_JA;
}

/* One instruction by itself; REST is how many follow it. */
static enum bpf_error check_insn(const struct bpf_insn *insn, size_t rest)
{
	if (!accepted(insn->code))
		return BPF_BAD_CODE;
	if (is_conditional(insn->code))
		return insn->jt < rest && insn->jf < rest ? BPF_VALID : BPF_BAD_JUMP;
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return insn->k < BPF_CTX_SIZE && !(insn->k & 3) ? BPF_VALID : BPF_BAD_OFFSET;
	case BPF_JMP | BPF_JA:
		return insn->k < rest ? BPF_VALID : BPF_BAD_JUMP;
	case BPF_ALU | BPF_DIV | BPF_K:
		return insn->k ? BPF_VALID : BPF_BAD_DIVISOR;
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return insn->k < 32 ? BPF_VALID : BPF_BAD_SHIFT;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return insn->k < BPF_MEMWORDS ? BPF_VALID : BPF_BAD_MEM;
	default:
		return BPF_VALID;
	}
}

/*
 * The kernel's check_load_and_stores(), to the letter: it takes an instruction after a RET to be
 * reached with the cells stored before that RET, so it refuses some programs that are sound.
 */
static enum bpf_error check_memory(const struct bpf_insn *insns, size_t n, size_t *at)
{
	uint16_t masks[BPF_LEN_MAX];
	uint16_t stored = 0;

	memset(masks, 0xff, sizeof(masks));
	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *insn = &insns[pc];
		stored &= masks[pc];
		if (insn->code == BPF_ST || insn->code == BPF_STX) {
			stored |= 1U << insn->k;
		} else if (insn->code == (BPF_LD | BPF_MEM) || insn->code == (BPF_LDX | BPF_MEM)) {
			*at = pc;
			if (!(stored & 1U << insn->k))
				return BPF_BAD_MEM;
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			masks[pc + 1 + insn->k] &= stored;
			stored = UINT16_MAX;
		} else if (is_conditional(insn->code)) {
			masks[pc + 1 + insn->jt] &= stored;
			masks[pc + 1 + insn->jf] &= stored;
			stored = UINT16_MAX;
		}
	}
	return BPF_VALID;
}

enum bpf_error bpf_validate(const struct bpf_insn *insns, size_t n, size_t *at)
{
	size_t ignored = 0;

	at = at ? at : &ignored;
	*at = 0;
	if (n == 0)
		return BPF_EMPTY;
	if (n > BPF_LEN_MAX)
		return BPF_TOO_LONG;
	for (*at = 0; *at < n; ++*at) {
		enum bpf_error error = check_insn(&insns[*at], n - *at - 1);
		if (error)
			return error;
	}
	*at = n - 1;
	if (BPF_CLASS(insns[n - 1].code) != BPF_RET)
		return BPF_NO_RETURN;
	return check_memory(insns, n, at);
}

const char *bpf_error_text(enum bpf_error error)
{
	static const char *const texts[] = {
		[BPF_VALID] = "valid",
		[BPF_EMPTY] = "no instructions",
		[BPF_TOO_LONG] = "more than 4096 instructions",
		[BPF_BAD_CODE] = "an instruction that io_uring filters do not take",
		[BPF_BAD_OFFSET] = "a load outside the context or not aligned to 4 bytes",
		[BPF_BAD_JUMP] = "a jump out of the program",
		[BPF_BAD_DIVISOR] = "a division by 0",
		[BPF_BAD_SHIFT] = "a shift by 32 or more",
		[BPF_BAD_MEM] = "M[] out of range or loaded before it was stored",
		[BPF_NO_RETURN] = "the last instruction is not a RET",
	};
	return texts[error];
}

struct machine {
	uint32_t a, x, mem[BPF_MEMWORDS];
	const uint32_t *ctx;
	bool wide_shift;
};

/* Loads, stores and moves: every class but ALU, JMP and RET. */
static void move(struct machine *m, const struct bpf_insn *insn)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		m->a = m->ctx[insn->k / 4];
		break;
	case BPF_LD | BPF_W | BPF_LEN:
		m->a = BPF_CTX_SIZE;
		break;
	case BPF_LDX | BPF_W | BPF_LEN:
		m->x = BPF_CTX_SIZE;
		break;
	case BPF_LD | BPF_IMM:
		m->a = insn->k;
		break;
	case BPF_LDX | BPF_IMM:
		m->x = insn->k;
		break;
	case BPF_LD | BPF_MEM:
		m->a = m->mem[insn->k];
		break;
	case BPF_LDX | BPF_MEM:
		m->x = m->mem[insn->k];
		break;
	case BPF_ST:
		m->mem[insn->k] = m->a;
		break;
	case BPF_STX:
		m->mem[insn->k] = m->x;
		break;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		break;
	case BPF_MISC | BPF_TXA:
		m->a = m->x;
		break;
	}
}

/* Returns false where a division by an X of 0 ends the program. */
static bool compute(struct machine *m, const struct bpf_insn *insn)
{
	uint32_t b = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		m->a += b;
		break;
	case BPF_SUB:
		m->a -= b;
		break;
	case BPF_MUL:
		m->a *= b;
		break;
	case BPF_DIV:
		if (b == 0)
			return false;
		m->a /= b;
		break;
	case BPF_AND:
		m->a &= b;
		break;
	case BPF_OR:
		m->a |= b;
		break;
	case BPF_XOR:
		m->a ^= b;
		break;
	case BPF_LSH:
		m->wide_shift |= b > 31;
		m->a <<= b & 31;
		break;
	case BPF_RSH:
		m->wide_shift |= b > 31;
		m->a >>= b & 31;
		break;
	case BPF_NEG:
		m->a = -m->a;
		break;
	}
	return true;
}

/* How many instructions a jump skips. */
static size_t skips(const struct machine *m, const struct bpf_insn *insn)
{
	uint32_t b = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return m->a == b ? insn->jt : insn->jf;
	case BPF_JGT:
		return m->a > b ? insn->jt : insn->jf;
	case BPF_JGE:
		return m->a >= b ? insn->jt : insn->jf;
	case BPF_JSET:
		return m->a & b ? insn->jt : insn->jf;
	default: /* BPF_JA */
		return insn->k;
	}
}

uint32_t bpf_run(const struct bpf_insn *insns, size_t n, const uint32_t ctx[BPF_CTX_WORDS],
		 struct bpf_trace *trace)
{
	struct machine m = {.ctx = ctx};
	uint32_t result = 0;
	unsigned steps = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *insn = &insns[pc];
		steps++;
		if (BPF_CLASS(insn->code) == BPF_RET) {
			result = BPF_RVAL(insn->code) == BPF_A ? m.a : insn->k;
			break;
		}
		if (BPF_CLASS(insn->code) == BPF_JMP)
			pc += skips(&m, insn);
		else if (BPF_CLASS(insn->code) != BPF_ALU)
			move(&m, insn);
		else if (!compute(&m, insn))
			break;
	}
	if (trace)
		*trace = (struct bpf_trace){.steps = steps, .wide_shift = m.wide_shift};
	return result;
}

unsigned bpf_worst_path(const struct bpf_insn *insns, size_t n)
{
	uint16_t longest[BPF_LEN_MAX + 1];

	if (n > BPF_LEN_MAX)
		return (unsigned)n;
	longest[n] = 0;
	for (size_t pc = n; pc-- > 0;) {
		const struct bpf_insn *insn = &insns[pc];
		const uint16_t *next = &longest[pc + 1];
		if (BPF_CLASS(insn->code) == BPF_RET)
			longest[pc] = 1;
		else if (insn->code == (BPF_JMP | BPF_JA))
			longest[pc] = (uint16_t)(1 + next[insn->k]);
		else if (is_conditional(insn->code) && next[insn->jt] > next[insn->jf])
			longest[pc] = (uint16_t)(1 + next[insn->jt]);
		else
			longest[pc] =
				(uint16_t)(1 + next[is_conditional(insn->code) ? insn->jf : 0]);
	}
	return longest[0];
}

static const char *mnemonic(uint16_t code)
{
	static const char *const alu[] = {"add", "sub", "mul", "div", "or", "and",
					  "lsh", "rsh", "neg", "?",   "xor"};
	static const char *const jump[] = {"ja", "jeq", "jgt", "jge", "jset"};

	switch (BPF_CLASS(code)) {
	case BPF_ALU:
		return alu[BPF_OP(code) >> 4];
	case BPF_JMP:
		return jump[BPF_OP(code) >> 4];
	case BPF_LD:
		return "ld";
	case BPF_LDX:
		return "ldx";
	case BPF_ST:
		return "st";
	case BPF_STX:
		return "stx";
	case BPF_RET:
		return "ret";
	default:
		return code == (BPF_MISC | BPF_TXA) ? "txa" : "tax";
	}
}

/* What the instruction works on: "[16] (family)", "#0x2 (AF_INET)", "M[1]", "x", "len" or "". */
static void operand(char *buf, size_t size, const struct bpf_insn *insn, int loaded,
		    const struct bpf_names *names)
{
	bool ld = BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_LDX;
	bool alu = BPF_CLASS(insn->code) == BPF_ALU || BPF_CLASS(insn->code) == BPF_JMP;
	const char *name = NULL;

	if (BPF_CLASS(insn->code) == BPF_MISC || insn->code == (BPF_ALU | BPF_NEG)) {
		snprintf(buf, size, "%s", "");
	} else if (insn->code == (BPF_LD | BPF_W | BPF_ABS)) {
		if (names && names->field)
			name = names->field(names->data, insn->k);
		snprintf(buf, size, name ? "[%u] (%s)" : "[%u]", insn->k, name);
	} else if (ld && BPF_MODE(insn->code) == BPF_LEN) {
		snprintf(buf, size, "len");
	} else if ((ld && BPF_MODE(insn->code) == BPF_MEM) || insn->code == BPF_ST ||
		   insn->code == BPF_STX) {
		snprintf(buf, size, "M[%u]", insn->k);
	} else if (insn->code == (BPF_RET | BPF_A)) {
		snprintf(buf, size, "a");
	} else if (alu && BPF_SRC(insn->code) == BPF_X) {
		snprintf(buf, size, "x");
	} else if (BPF_CLASS(insn->code) == BPF_RET) {
		snprintf(buf, size, "#%u", insn->k);
	} else {
		if (names && names->constant && loaded >= 0)
			name = names->constant(names->data, loaded, insn->code, insn->k);
		snprintf(buf, size, name ? "#0x%x (%s)" : "#0x%x", insn->k, name);
	}
}

int bpf_format(char *buf, size_t size, const struct bpf_insn *insns, size_t n, size_t pc,
	       int loaded, const struct bpf_names *names)
{
	const struct bpf_insn *insn = &insns[pc];
	size_t next = pc + 1;
	char what[BPF_TEXT_MAX - 48];
	int width = n > 1000 ? 4 : n > 100 ? 3 : 2;

	if (!accepted(insn->code))
		return snprintf(buf, size, "%*zu: .code 0x%x, %u, %u, #0x%x", width, pc, insn->code,
				insn->jt, insn->jf, insn->k);
	if (insn->code == (BPF_JMP | BPF_JA))
		return snprintf(buf, size, "%*zu: ja %zu", width, pc, next + insn->k);
	operand(what, sizeof(what), insn, loaded, names);
	if (is_conditional(insn->code))
		return snprintf(buf, size, "%*zu: %s %s, %zu, %zu", width, pc, mnemonic(insn->code),
				what, next + insn->jt, next + insn->jf);
	return snprintf(buf, size, "%*zu: %s%s%s", width, pc, mnemonic(insn->code),
			*what ? " " : "", what);
}

enum { LOADED_NONE = -1, LOADED_UNKNOWN = -2 /* no path seen yet */ };

static void meet(int *at, int value)
{
	*at = *at == LOADED_UNKNOWN || *at == value ? value : LOADED_NONE;
}

void bpf_loaded(const struct bpf_insn *insns, size_t n, int loaded[])
{
	for (size_t pc = 0; pc < n; pc++)
		loaded[pc] = pc ? LOADED_UNKNOWN : LOADED_NONE;
	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *insn = &insns[pc];
		int after = loaded[pc];
		if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
			after = insn->k;
		else if (BPF_CLASS(insn->code) == BPF_LD || insn->code == (BPF_MISC | BPF_TXA) ||
			 (BPF_CLASS(insn->code) == BPF_ALU && BPF_OP(insn->code) != BPF_AND))
			after = LOADED_NONE;
		if (BPF_CLASS(insn->code) == BPF_RET)
			continue;
		if (BPF_CLASS(insn->code) != BPF_JMP) {
			meet(&loaded[pc + 1], after);
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			meet(&loaded[pc + 1 + insn->k], after);
		} else {
			meet(&loaded[pc + 1 + insn->jt], after);
			meet(&loaded[pc + 1 + insn->jf], after);
		}
	}
	for (size_t pc = 0; pc < n; pc++)
		loaded[pc] = loaded[pc] == LOADED_UNKNOWN ? LOADED_NONE : loaded[pc];
}
