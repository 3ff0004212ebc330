/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_POLICY_H
#define URING_JAIL_POLICY_POLICY_H

#include <stdint.h>

#include "policy/diag.h"
#include "policy/field.h"
#include "policy/set.h"
#include "policy/table.h"

/** What a statement is about. Each subject has a default of its own. */
enum subject { SUBJECT_OP, SUBJECT_REGISTER, SUBJECT_SQE_FLAGS };
#define SUBJECTS 3

enum effect {
	EFFECT_DEFAULT_ALLOW,
	EFFECT_DEFAULT_DENY,
	EFFECT_ALLOW,
	EFFECT_DENY,
	EFFECT_REQUIRE
};

/** A proposed register operation that a statement names (see policy/register-op.def). */
struct proposal {
	struct proposal *next;
	const struct row *row;
	struct range where;
};

/** A network of addresses: the first `prefix` bits of `bytes`; a single address is one, too. */
struct network {
	bool v6;
	uint8_t prefix;	   /* bits: at most 32, or 128 for IPv6 */
	uint8_t bytes[16]; /* network order; IPv4 uses the first four; what is after prefix is 0 */
};

/** One element of a set: the numbers from lo to hi, or, for FIELD_ADDR, a network. */
struct element {
	struct range where;
	uint64_t lo, hi;
	struct network network;
};

enum relation {
	RELATION_EQ, /* field == value */
	RELATION_NE, /* field != value */
	RELATION_LT, /* field < value */
	RELATION_LE,
	RELATION_GT,
	RELATION_GE,
	RELATION_ANY,	  /* field & mask: any of its bits */
	RELATION_MASK_EQ, /* field & mask == value */
	RELATION_MASK_NE, /* field & mask != value */
	RELATION_IN,	  /* field in { elements } */
	RELATION_NOT_IN,  /* field not in { elements } */
};

/**
 * A comparison of one field. Everything is a number of the policy's architecture. An address is
 * compared as RELATION_IN or RELATION_NOT_IN, also where it was written with == or !=.
 */
struct test {
	enum field_id field;
	enum relation relation;
	uint64_t mask;	/* of RELATION_ANY and RELATION_MASK_ */
	uint64_t value; /* of all but RELATION_ANY, RELATION_IN and RELATION_NOT_IN */
	struct element *elements;
	size_t nr_elements;
};

enum cond_kind { COND_TEST, COND_NOT, COND_AND, COND_OR };

/** A condition: a binary tree. */
struct cond {
	enum cond_kind kind;
	struct range where; /* the whole of it */
	union {
		struct test test; /* of COND_TEST */
		struct {	  /* of all others */
			struct cond *left;
			struct cond *right; /* NULL in COND_NOT */
		};
	};
};

/** One statement: "allow read, write if sqe_flags & async", or what an option says. */
struct statement {
	struct statement *next;
	struct range where;
	enum subject subject;
	enum effect effect;
	struct set members;  /* opcodes; empty for SQE flags and defaults */
	struct set by_group; /* those of them that stand there only through a group or @all */
	uint8_t sqe_flags;   /* IOSQE_ mask; for SUBJECT_SQE_FLAGS alone */
	struct proposal *proposals;
	const struct cond *cond; /* of ops alone; NULL: always */
};

/**
 * What the user asks for: the statements of all options and texts, in order. All zero is empty;
 * policy_destroy() frees it. It points into the sources it was read from, which have to live as
 * long.
 */
struct policy {
	struct arena arena;
	enum arch arch; /* whose constants the numbers in conditions are */
	struct statement *first, *last;
	struct read_source *sources; /* the texts that were read; for the parser */
};

/** The names of what statements of a subject are about. */
const struct table *policy_table(enum subject subject);

/** Appends an empty statement. Returns NULL when memory runs out, and says so in `diags`. */
struct statement *policy_add(struct policy *policy, struct diags *diags, struct range where,
			     enum subject subject, enum effect effect);

/** Frees all statements; then there are none. */
void policy_destroy(struct policy *policy);

/** Reports what statements contradict each other: two different defaults for one subject. */
void policy_check(const struct policy *policy, struct diags *diags);

/** The default of a subject: as the outermost text states it, else as inferred. */
bool policy_default_allows(const struct policy *policy, enum subject subject);

/**
 * Whether a statement about ops is really one about SQE flags: `deny @all if sqe_flags & ...`
 * denies flags, and `deny @all if not sqe_flags & ...` requires one. Restrictions enforce these on
 * the request's own flags, which filters do not see.
 *
 * @param denied, required are set to the flags where it is
 */
bool policy_is_flag_rule(const struct statement *statement, uint8_t *denied, uint8_t *required);

/**
 * Whether requests of `op` with port and address zero are denied: some statement about connect
 * reads either, and kernels without the fix show zeroes for an address that is too short.
 */
bool policy_zero_address_denied(const struct policy *policy, unsigned op);

/** What a policy decides about register ops and SQE flags, whatever the kernel. */
struct verdicts {
	struct set register_ops;    /* those that are allowed */
	uint8_t sqe_flags;	    /* those that a request may have */
	uint8_t sqe_flags_required; /* those that it must have */
	bool no_requests; /* a flag is both denied and required: every request is denied */
};

/**
 * Decides every register op and SQE flag: denied if any statement denies it, else allowed if any
 * allows it, else by the default. A flag that is required without being denied is allowed.
 * RESTRICTIONS, BPF_FILTER and QUERY stay allowed unless denied by name or number.
 *
 * @param msg_ring whether every request of MSG_RING is allowed; if not, SEND_MSG_RING, which does
 *                 the same without a ring, is denied
 */
struct verdicts policy_verdicts(const struct policy *policy, bool msg_ring);

/** The statement that denies all requests of `op` by itself, or NULL. */
const struct statement *policy_denier(const struct policy *policy, enum subject subject,
				      unsigned op);

#endif
