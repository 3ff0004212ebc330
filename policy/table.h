/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_TABLE_H
#define URING_JAIL_POLICY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a filter sees of a request, beside user_data and the SQE's flags. Bits, so that a field can
 * be in several. */
enum payload { PAYLOAD_NONE = 1, PAYLOAD_OPEN = 2, PAYLOAD_SOCKET = 4, PAYLOAD_CONNECT = 8 };

/** One name that the kernel has for a number. */
struct row {
	uint64_t number;
	bool proposed;	    /* in no released kernel: the number is a guess, never to be used */
	const char *prefix; /* what C's name has before the short one: "IORING_OP_" */
	const char *name;   /* the short name, lower case: "openat2"; C's is in capitals */
	uint8_t prefix_size, name_size; /* in bytes */
	uint64_t name_key, full_key;	/* TABLE_KEY() of the short name and of C's */
	const char *since;    /* the first kernel that has it; "" where proposed or not known */
	const char *help;     /* what it does, in one line; "" for constants that are well known */
	enum payload payload; /* of an op */
	uint32_t groups;      /* of an op or register op: bits, the numbers of its groups' rows */
};

/**
 * The last eight bytes of a name, the last one lowest, in lower case and with '_' for '-'; before
 * fewer there are zeros. Most names are told from all others by this one number, which a compiler
 * knows of those in tables, and a lexer has when it comes to the end of a word.
 */
#define TABLE_KEY(name)                                                                            \
	(TABLE_KEY_BYTE(name, 0) | TABLE_KEY_BYTE(name, 1) | TABLE_KEY_BYTE(name, 2) |             \
	 TABLE_KEY_BYTE(name, 3) | TABLE_KEY_BYTE(name, 4) | TABLE_KEY_BYTE(name, 5) |             \
	 TABLE_KEY_BYTE(name, 6) | TABLE_KEY_BYTE(name, 7))
#define TABLE_KEY_BYTE(name, from_end)                                                             \
	(sizeof(name) - 1 > (from_end)                                                             \
		 ? (uint64_t)TABLE_FOLD(("........" name)[sizeof(name) + 6 - (from_end)])          \
			   << 8 * (from_end)                                                       \
		 : 0)

/** A byte of a name as names are compared: not tolower(), since that hangs on the locale. */
#define TABLE_FOLD(c)                                                                              \
	(unsigned char)((c) >= 'A' && (c) <= 'Z' ? (c) - 'A' + 'a' : (c) == '-' ? '_' : (c))

/** The names of a row, from string literals. */
#define TABLE_NAMES(prefix, name)                                                                  \
	prefix, name, sizeof(prefix) - 1, sizeof(name) - 1, TABLE_KEY(name), TABLE_KEY(prefix name)

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
/** Groups of ops, without @all; the number of a row is the bit that its members have in groups. */
extern const struct table group_table;
/** Groups of register ops, likewise. */
extern const struct table register_group_table;

/** Whose values of the constants that differ a kernel has. */
enum arch { ARCH_GENERIC, ARCH_ARM, ARCH_POWERPC };
#define ARCHS 3

/** The architecture that this is built for. */
extern const enum arch arch_here;

/** Flags of an open, by architecture; O_LARGEFILE is not among them. */
extern const struct table open_flag_table[ARCHS];
/** O_LARGEFILE as the kernel of an architecture has it, which it adds to opens by itself. */
extern const uint64_t open_largefile[ARCHS];

extern const struct table accmode_table, resolve_table, family_table, sock_type_table,
	protocol_table;

/**
 * Finds a row by its short name or by C's, in any case, with '-' for '_'. What everything is looked up
 * by, here or with what is known more of the name or table.
 *
 * @return the row, or NULL if no row has the `size` bytes at `name` for a name
 */
const struct row *table_find(const struct table *table, const char *name, size_t size);

/** TABLE_KEY() of the `size` bytes at `name`. */
uint64_t table_key(const char *name, size_t size);

/** Likewise, where the name's key is known. */
const struct row *table_find_key(const struct table *table, uint64_t key, const char *name,
				 size_t size);

/**
 * Where the rows of a table are, by their short names: what finds them when a long text is read. All
 * zero is one that is yet to be made.
 */
struct table_index {
	const struct table *table;
	uint8_t rows[128]; /* one more than a row's place, where its key's hash says; 0: none */
};

/** Makes the index of a table, which has less than 128 rows. */
void table_index(struct table_index *index, const struct table *table);

/** table_find_key() in the table that the index was made of. */
const struct row *table_index_find(const struct table_index *index, uint64_t key, const char *name,
				   size_t size);

/** Whether the `size` bytes at `name` are `other`, where case does not count and '-' is '_'. */
bool table_same_name(const char *name, size_t size, const char *other);

/** The row of a released kernel's number, or NULL. */
const struct row *table_row(const struct table *table, uint64_t number);

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
