/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_PRINT_H
#define URING_JAIL_CLI_PRINT_H

#include <stdio.h>

#include "cli/options.h"
#include "policy/plan.h"

/** Writes a plan in words, call by call, in the order of a launch, with where each comes from. */
void print_plan(FILE *out, const struct plan *plan, const struct kernel *kernel,
		const struct policy *policy, const struct process *process);

/** Writes the policy in its normal form, which is input again (policy/write.h). */
void print_policy(FILE *out, const struct policy *policy);

/** Writes the program of each filter of a plan, with the names of what it looks at. */
void print_bpf(FILE *out, const struct plan *plan, const struct kernel *kernel);

/**
 * Writes a C file by itself, with uring_jail_install(), which carries out the plan. It takes no
 * header but the C library's, and refuses to be compiled for an architecture or byte order that the
 * plan is not for.
 */
void print_c(FILE *out, const struct plan *plan, const struct kernel *kernel,
	     const struct policy *policy);

/**
 * Writes what a listing has: tables of names with their numbers, since when they are there, whether
 * the kernel has them (where it told) and what they do; groups with their members; fields with
 * their constants; or the policies of the search path.
 */
void print_list(FILE *out, enum listing listing, const struct kernel *kernel);

/** Writes where something stands, going on from the cursor: "net.policy:12", or the option's name. */
void print_place(FILE *out, struct place_cursor *cursor, struct range where);

/** Whether a statement is of those that a filter on the op is made from. */
bool print_is_about(const struct statement *statement, unsigned op);

/** Whether the kernel has what a row of ops, register ops or flags names: "yes", "no" or "?". */
const char *print_presence(enum listing listing, const struct row *row,
			   const struct kernel *kernel);

/** How the values of a field are written: "AF_ constant". */
const char *print_field_type(const struct field *field);

/* Bytes that print_disassembly() writes at most, with the NUL. */
#define DISASSEMBLY_TEXT_MAX (BPF_TEXT_MAX + 16)

/** A filter's program with what is known at each of its instructions. */
struct disassembly {
	const struct filter *filter;
	const struct kernel *kernel;
	enum payload payload;
	size_t pc;		     /* the instruction being written */
	int loaded[BPF_LEN_MAX];     /* the offset of the word that A holds there, and how; or -1 */
	uint8_t family[BPF_LEN_MAX]; /* the address family that is certain there; 0: none is */
	char name[64];
};

/** Finds out what is known at each instruction. Nothing is to be freed. */
void print_disassemble(struct disassembly *disassembly, const struct filter *filter,
		       const struct kernel *kernel);

/** Gives one instruction as bpf_format() does, with names of fields and constants in it. */
void print_disassembly(struct disassembly *disassembly, size_t pc, char text[DISASSEMBLY_TEXT_MAX]);

/** The same for an instruction of a program for seccomp (policy/seccomp.h). */
void print_seccomp_insn(const struct bpf_program *program, size_t pc,
			char text[DISASSEMBLY_TEXT_MAX]);

#endif
