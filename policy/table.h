/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_TABLE_H
#define URING_JAIL_POLICY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/** One name that the kernel has for a number. */
struct row {
	unsigned number;
	bool proposed;	    /* in no released kernel: the number is a guess, never to be used */
	const char *prefix; /* what C's name has before the short one: "IORING_OP_" */
	const char *name;   /* the short name, lower case: "openat2"; C's is in capitals */
	const char *since;  /* the first kernel that has it; "" where proposed */
	const char *help;   /* what it does, in one line */
};

/** A table of names of one kind; rows in the order of their numbers, proposals last. */
struct table {
	const char *noun; /* what a row is, for messages: "operation" */
	const struct row *rows;
	size_t n;
};

extern const struct table op_table;
/** Register operations; IORING_UNREGISTER_FILES is short unregister_files. */
extern const struct table register_table;
/** SQE flags; the number of a row is its mask. */
extern const struct table sqe_flag_table;

/**
 * Finds a row by its short name or by C's, in any case, with '-' for '_'. The one lookup that
 * everything uses.
 *
 * @return the row, or NULL if no row has the `size` bytes at `name` for a name
 */
const struct row *table_find(const struct table *table, const char *name, size_t size);

/** Whether the `size` bytes at `name` are `other`, where case does not count and '-' is '_'. */
bool table_same_name(const char *name, size_t size, const char *other);

/** The row of a released kernel's number, or NULL. */
const struct row *table_row(const struct table *table, unsigned number);

/** One more than the greatest number of a released kernel that the table knows. */
unsigned table_known(const struct table *table);

/**
 * The short name nearest to a misspelt one, or NULL if none is near enough to be what was meant.
 */
const char *table_nearest(const struct table *table, const char *name, size_t size);

/**
 * How many edits (insert, delete, replace, swap neighbours) turn the `size` bytes at `name` into
 * `other`, where case does not count and '-' is '_'. Stops counting above `limit`.
 *
 * @return the distance, or limit + 1 if it is more than limit
 */
size_t table_distance(const char *name, size_t size, const char *other, size_t limit);

#endif
