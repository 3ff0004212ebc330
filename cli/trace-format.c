// SPDX-License-Identifier: MIT
#include "cli/trace-format.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int trace_format_id(const char *format)
{
	const char *line = strstr(format, "\nID: ");
	char *end;
	long id;

	if (!line)
		return -1;
	id = strtol(line + strlen("\nID: "), &end, 10);
	return *end == '\n' && id > 0 && id <= INT_MAX ? (int)id : -1;
}

/* The number after "offset:" and the like in one line of the text. */
static bool property(const char *line, const char *name, unsigned *value)
{
	const char *end = strchr(line, '\n');
	const char *found = strstr(line, name);

	if (!found || (end && found > end))
		return false;
	return sscanf(found + strlen(name), "%u", value) == 1;
}

/* Whether a line declares the field: "field:unsigned long long user_data;". */
static bool declares(const char *line, const char *name)
{
	const char *end = strpbrk(line, ";\n");
	size_t size = strlen(name);

	return end && *end == ';' && (size_t)(end - line) > size &&
	       memcmp(end - size, name, size) == 0 && strchr(" *", end[-(ptrdiff_t)size - 1]);
}

static bool is_number_size(unsigned size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

struct trace_field trace_format_field(const char *format, const char *name)
{
	struct trace_field none = {0};
	unsigned offset, size, is_signed;

	for (const char *line = format; (line = strstr(line, "\tfield:")); line++) {
		if (!declares(line, name))
			continue;
		if (!property(line, "\toffset:", &offset) || !property(line, "\tsize:", &size) ||
		    !property(line, "\tsigned:", &is_signed) || !is_number_size(size))
			return none;
		return (struct trace_field){offset, size, is_signed};
	}
	return none;
}

uint64_t trace_field_value(const struct trace_field *field, const void *record, size_t size)
{
	const char *at;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	if (field->offset > size || field->size > size - field->offset)
		return 0;
	at = (const char *)record + field->offset;
	switch (field->size) {
	case 8:
		memcpy(&u64, at, sizeof(u64));
		return u64;
	case 4:
		memcpy(&u32, at, sizeof(u32));
		return field->is_signed ? (uint64_t)(int32_t)u32 : u32;
	case 2:
		memcpy(&u16, at, sizeof(u16));
		return field->is_signed ? (uint64_t)(int16_t)u16 : u16;
	case 1:
		return field->is_signed ? (uint64_t) * (const int8_t *)at : *(const uint8_t *)at;
	}
	return 0;
}
