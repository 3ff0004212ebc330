/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_FIELD_H
#define URING_JAIL_POLICY_FIELD_H

#include "policy/table.h"

/** The fields of a request that a condition can test (policy/field.def). */
enum field_id {
#define FIELD(id, name, payloads, kind, mask, help) FIELD_##id,
#include "policy/field.def"
#undef FIELD
	FIELDS
};

/** How the values of a field are written. */
enum field_kind {
	KIND_NUMBER,	 /* numbers alone */
	KIND_SQE_FLAGS,	 /* sqe_flag_table */
	KIND_OPEN_FLAGS, /* open_flag_table */
	KIND_ACCMODE,	 /* accmode_table */
	KIND_MODE,	 /* numbers; a leading 0 makes one octal */
	KIND_RESOLVE,	 /* resolve_table */
	KIND_FAMILY,	 /* family_table */
	KIND_SOCK_TYPE,	 /* sock_type_table */
	KIND_PROTOCOL,	 /* protocol_table */
	KIND_PORT,	 /* numbers */
	KIND_ADDRESS,	 /* addresses and networks */
};

struct field {
	enum field_id id;
	const char *name;  /* lower case */
	unsigned payloads; /* the payloads that have it: a mask of enum payload */
	enum field_kind kind;
	uint64_t mask; /* the bits that a value can have; 0 for addresses */
	const char *help;
};

/** All fields, in the order of enum field_id. */
extern const struct field fields[FIELDS];

/** Their names; the number of a row is its enum field_id. */
extern const struct table field_table;

/** Finds a field by its name, in any case; NULL if there is none. */
const struct field *field_find(const char *name, size_t size);

/** Whether requests of this payload have the field. */
bool field_in(const struct field *field, enum payload payload);

/**
 * The bits of a field that a comparison looks at on an architecture: all that it can have, without
 * O_LARGEFILE for `flags`, since the kernel adds that by itself.
 */
uint64_t field_mask(const struct field *field, enum arch arch);

/** The constants of a field, or NULL if it has none. */
const struct table *field_constants(const struct field *field, enum arch arch);

#endif
