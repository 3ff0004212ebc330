/* SPDX-License-Identifier: MIT */
/*
 * Classic BPF as io_uring's filters take it (Linux 7.0 and later): instructions, programs, the
 * kernel's rules for them, a simulator and a disassembler. Pure: no I/O, no state.
 */
#ifndef URING_JAIL_POLICY_BPF_H
#define URING_JAIL_POLICY_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf_common.h>
#include <linux/filter.h>

enum {
	BPF_CTX_WORDS = 10,
	BPF_CTX_SIZE = 40, /* bytes of struct io_uring_bpf_ctx */
	BPF_LEN_MAX = 4096,
	BPF_TEXT_MAX = 128, /* enough for every line that bpf_format() writes */
};

/* One instruction, laid out as struct sock_filter. Jump offsets count from the next one. */
struct bpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "layout of sock_filter");
_Static_assert(offsetof(struct bpf_insn, code) == offsetof(struct sock_filter, code), "code");
_Static_assert(offsetof(struct bpf_insn, jt) == offsetof(struct sock_filter, jt), "jt");
_Static_assert(offsetof(struct bpf_insn, jf) == offsetof(struct sock_filter, jf), "jf");
_Static_assert(offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k), "k");

/* A growable program. All zero is a valid empty one. */
struct bpf_program {
	struct bpf_insn *insns;
	size_t len, room;
};

/* Appends one instruction. Returns false, with PROG unchanged, when memory is short. */
bool bpf_append(struct bpf_program *prog, struct bpf_insn insn);

/* Frees what PROG holds and leaves it empty. NULL is fine. */
void bpf_program_destroy(struct bpf_program *prog);

enum bpf_error {
	BPF_VALID,
	BPF_EMPTY,	 /* no instruction */
	BPF_TOO_LONG,	 /* more than BPF_LEN_MAX instructions */
	BPF_BAD_CODE,	 /* an instruction that io_uring filters do not take */
	BPF_BAD_OFFSET,	 /* LD outside the context, or not aligned to 4 bytes */
	BPF_BAD_JUMP,	 /* a target outside the program */
	BPF_BAD_DIVISOR, /* division by the constant 0 */
	BPF_BAD_SHIFT,	 /* shift by a constant of 32 or more */
	BPF_BAD_MEM,   /* M[] index of 16 or more, or a load that no store precedes on some path */
	BPF_NO_RETURN, /* the last instruction is not a RET */
};

/*
 * Checks the N instructions at INSNS exactly as IORING_REGISTER_BPF_FILTER does
 * (bpf_check_classic() in net/core/filter.c, io_uring_check_cbpf_filter() in
 * io_uring/bpf_filter.c). Returns BPF_VALID, or what is wrong with, if AT is not NULL, the index of
 * the instruction in *AT. The kernel answers EINVAL to every one of them.
 */
enum bpf_error bpf_validate(const struct bpf_insn *insns, size_t n, size_t *at);

/* What is wrong, in English, without a full stop. Static text. */
const char *bpf_error_text(enum bpf_error error);

/* What a run did; see bpf_run(). */
struct bpf_trace {
	unsigned steps;	 /* instructions executed, the RET included */
	bool wide_shift; /* shifted by an X of 32 or more: the result is up to the architecture */
};

/*
 * Runs a program that bpf_validate() accepts on the context CTX, the ten words of struct
 * io_uring_bpf_ctx as the kernel holds them in memory, each in the byte order of that kernel's
 * machine (what LD loads). Returns what the kernel's program returns: 0 denies the request,
 * anything else allows it. TRACE may be NULL.
 *
 * As in the kernel A, X start at 0, LEN is 40, and division by an X of 0 ends the program with 0.
 * Shifts by an X of 32 or more use its low five bits, as the kernel's interpreter and the x86 and
 * arm64 JITs do; others (s390, powerpc) shift everything out, so no program should depend on it.
 */
uint32_t bpf_run(const struct bpf_insn *insns, size_t n, const uint32_t ctx[BPF_CTX_WORDS],
		 struct bpf_trace *trace);

/*
 * The largest number of instructions, RET included, on any path through a program that
 * bpf_validate() accepts, whether or not some context takes that path.
 */
unsigned bpf_worst_path(const struct bpf_insn *insns, size_t n);

/*
 * Names for the disassembler. Either function may be NULL or return NULL: then the plain number is
 * shown. DATA is passed on to both.
 */
struct bpf_names {
	/* the field in the word at OFFSET, such as "family" */
	const char *(*field)(void *data, unsigned offset);
	/* the constant K compared with (or masking) what was last loaded from OFFSET */
	const char *(*constant)(void *data, unsigned offset, uint16_t code, uint32_t k);
	void *data;
};

/*
 * Writes instruction PC of INSNS as one line without a newline, such as
 *   "  3: jeq #0x2 (AF_INET), 4, 7", where 4 and 7 are the instructions it jumps to if true and if
 * false, into the SIZE bytes at BUF, always terminated. LOADED is the offset of the context word
 * that A was last loaded from on the way here (for the constant's name), or -1. NAMES may be NULL.
 * Returns the length that the whole line needs, like snprintf().
 */
int bpf_format(char *buf, size_t size, const struct bpf_insn *insns, size_t n, size_t pc,
	       int loaded, const struct bpf_names *names);

/*
 * For each of the N instructions of a valid program, stores into LOADED the offset of the context
 * word that A holds, whole or masked, on every path to it, or -1 if it holds another value or
 * differs between paths: what bpf_format() wants.
 */
void bpf_loaded(const struct bpf_insn *insns, size_t n, int loaded[]);

#endif
