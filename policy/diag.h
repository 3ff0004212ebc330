/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_DIAG_H
#define URING_JAIL_POLICY_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/arena.h"

/** A text that policy is read from: the argument of an option, or a file. */
struct source {
	const char *name; /* as messages call it: "--deny-op", "-r 2", "net.policy" */
	const char *text;
	size_t size;   /* bytes of text */
	bool one_line; /* an option's argument: places need no line number */
	unsigned
		depth; /* 0: the command line; 1: a file named there; 2: a file included by that... */
	const struct range *included; /* the include statement's name; NULL at depth 0 and 1 */
};

/** A part of a source: bytes start to end - 1. Without a source: no place at all. */
struct range {
	const struct source *source;
	size_t start, end;
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

/** One message. A note that follows an error or a warning belongs to it. */
struct diag {
	struct diag *next;
	enum severity severity;
	struct range where;
	const char *message;
};

/**
 * The messages of a run, in the order in which they were found. All zero is empty; diags_destroy()
 * frees it.
 */
struct diags {
	struct arena arena;
	struct diag *first, *last;
	size_t errors;
	bool out_of_memory; /* a message, or what it was about, is lost: nothing may run */
};

/** Appends a message, formatted as by printf(3). `where` may be without a source. */
void diag_add(struct diags *diags, enum severity severity, struct range where, const char *format,
	      ...) __attribute__((format(printf, 4, 5)));

/** Likewise, with the arguments in a list. */
void diag_vadd(struct diags *diags, enum severity severity, struct range where, const char *format,
	       va_list args);

/** Says that memory ran out, so that diag_failed() is true from now on. */
void diag_no_memory(struct diags *diags);

/** Frees all messages; then there are none. */
void diags_destroy(struct diags *diags);

/** Whether there was an error of any kind: then nothing may run. */
bool diag_failed(const struct diags *diags);

/** Where a byte of a text is. */
struct position {
	size_t line;	   /* 1-based */
	size_t column;	   /* 1-based, in bytes */
	size_t line_start; /* offset of the line's first byte */
	size_t line_end;   /* offset after the line's last byte, its newline not counted */
};

/** Finds line and column of the byte at `offset` (at most source->size). */
struct position diag_position(const struct source *source, size_t offset);

/** How far a source was looked at; all zero is not yet. */
struct place_cursor {
	const struct source *source;
	size_t offset, line, line_start;
};

/**
 * Likewise, going on from where the cursor is, so that many places in their order take no longer than
 * the whole source does.
 */
struct position diag_position_after(struct place_cursor *cursor, const struct source *source,
				    size_t offset);

#endif
