/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_TRACE_FORMAT_H
#define URING_JAIL_CLI_TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What tracefs says of an event in its file `format` (kernel/trace/trace_events.c: f_show): its ID,
 * and where in a record each field is. Both differ from kernel to kernel.
 */

/** Where a field is in the raw record of an event. Of no size: the event does not have it. */
struct trace_field {
	size_t offset, size; /* bytes */
	bool is_signed;
};

/** The event's ID, which is also in each record's common_type; -1 if the text has none. */
int trace_format_id(const char *format);

/**
 * Finds a field by its name; of no size if the event has no such field, or one that is no number of
 * 1, 2, 4 or 8 bytes.
 */
struct trace_field trace_format_field(const char *format, const char *name);

/**
 * Reads a field from a raw record of `size` bytes, in the byte order of this machine, which is the
 * record's; 0 for a field that is not there or not within the record.
 */
uint64_t trace_field_value(const struct trace_field *field, const void *record, size_t size);

#endif
