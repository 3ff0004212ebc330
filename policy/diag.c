// SPDX-License-Identifier: MIT
#include "policy/diag.h"

#include <stdio.h>
#include <string.h>

static char *format_message(struct arena *arena, const char *format, va_list args)
{
	char *message;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return NULL;
	message = arena_alloc(arena, (size_t)length + 1);
	if (message)
		vsnprintf(message, (size_t)length + 1, format, args);
	return message;
}

void diag_vadd(struct diags *diags, enum severity severity, struct range where, const char *format,
	       va_list args)
{
	struct diag *diag = arena_alloc(&diags->arena, sizeof(*diag));

	if (severity == SEVERITY_ERROR)
		diags->errors++;
	if (diag)
		diag->message = format_message(&diags->arena, format, args);
	if (!diag || !diag->message) {
		diag_no_memory(diags);
		return;
	}
	diag->severity = severity;
	diag->where = where;
	if (diags->last)
		diags->last->next = diag;
	else
		diags->first = diag;
	diags->last = diag;
}

void diag_add(struct diags *diags, enum severity severity, struct range where, const char *format,
	      ...)
{
	va_list args;

	va_start(args, format);
	diag_vadd(diags, severity, where, format, args);
	va_end(args);
}

void diag_no_memory(struct diags *diags)
{
	diags->out_of_memory = true;
}

void diags_destroy(struct diags *diags)
{
	arena_destroy(&diags->arena);
	*diags = (struct diags){0};
}

bool diag_failed(const struct diags *diags)
{
	return diags->errors > 0 || diags->out_of_memory;
}

struct position diag_position_after(struct place_cursor *cursor, const struct source *source,
				    size_t offset)
{
	const char *newline, *end = memchr(source->text + offset, '\n', source->size - offset);

	if (cursor->source != source || cursor->offset > offset)
		*cursor = (struct place_cursor){.source = source, .line = 1};
	while ((newline = memchr(source->text + cursor->offset, '\n', offset - cursor->offset))) {
		cursor->line++;
		cursor->offset = cursor->line_start = (size_t)(newline - source->text) + 1;
	}
	cursor->offset = offset;
	return (struct position){
		.line = cursor->line,
		.column = offset - cursor->line_start + 1,
		.line_start = cursor->line_start,
		.line_end = end ? (size_t)(end - source->text) : source->size,
	};
}

struct position diag_position(const struct source *source, size_t offset)
{
	struct place_cursor cursor = {0};

	return diag_position_after(&cursor, source, offset);
}
