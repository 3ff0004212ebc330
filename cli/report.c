// SPDX-License-Identifier: MIT
#include "cli/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool quiet;

/* How many errors are shown of one run; after so many, the rest is seldom news. */
#define ERRORS_SHOWN 20

/* The longest part of a source line that is shown around an error, in bytes. */
#define LINE_SHOWN 160

void report_quiet(void)
{
	quiet = true;
}

#define BOLD	"\033[1m"
#define RED	"\033[1;31m"
#define MAGENTA "\033[1;35m"
#define CYAN	"\033[1;36m"
#define GREEN	"\033[1;32m"
#define PLAIN	"\033[m"

/* Begins or ends a colour, where there are any: on a terminal, unless NO_COLOR is set. */
static void colour(const char *sequence)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((!no_color || !*no_color) && term && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO))
		fputs(sequence, stderr);
}

/*
 * What was not written by us may hold anything. Control characters, those of two bytes in UTF-8
 * too, would reach the terminal as commands.
 */
static void put_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];
		bool two_bytes = c == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] < 0xa0;

		putc((c < 0x20 && c != '\t') || c == 0x7f || two_bytes ? '?' : c, stderr);
		i += two_bytes;
	}
}

FILE *report_stream(void)
{
	static char line[BUFSIZ];
	static bool buffered;

	if (!buffered)
		setvbuf(stderr, line, _IOLBF, sizeof(line));
	buffered = true;
	return stderr;
}

static void vreport(const char *format, va_list args)
{
	char *message;

	report_stream();
	if (vasprintf(&message, format, args) < 0) {
		fputs("uring-jail: out of memory\n", stderr);
		return;
	}
	fputs("uring-jail: ", stderr);
	put_text(message, strlen(message));
	putc('\n', stderr);
	free(message);
}

void report_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vreport(format, args);
	va_end(args);
}

void report_note(const char *format, ...)
{
	va_list args;

	if (quiet)
		return;
	va_start(args, format);
	vreport(format, args);
	va_end(args);
}

/* The part of a line that is shown: all of a short one, else what is around the error. */
struct excerpt {
	size_t start, end; /* offsets into the source */
	bool cut_before, cut_after;
};

static bool continues_character(const struct source *source, size_t at)
{
	return at < source->size && ((unsigned char)source->text[at] & 0xc0) == 0x80;
}

static struct excerpt excerpt_around(const struct range *where, const struct position *position)
{
	struct excerpt excerpt = {position->line_start, position->line_end, false, false};

	if (excerpt.end - excerpt.start <= LINE_SHOWN)
		return excerpt;
	if (where->start - excerpt.start > LINE_SHOWN / 2) {
		excerpt.start = where->start - LINE_SHOWN / 2;
		excerpt.cut_before = true;
	}
	if (excerpt.end - excerpt.start > LINE_SHOWN) {
		excerpt.end = excerpt.start + LINE_SHOWN;
		excerpt.cut_after = true;
	}
	/* Where a text is no UTF-8, there may be no start of a character to cut at. */
	while (excerpt.start < where->start && continues_character(where->source, excerpt.start))
		excerpt.start++;
	while (excerpt.end > excerpt.start && continues_character(where->source, excerpt.end))
		excerpt.end--;
	return excerpt;
}

/* Tabs stay tabs, so that the underline is where they push it; a character takes one column. */
static void put_underline(const struct range *where, const struct excerpt *excerpt)
{
	const char *text = where->source->text;
	size_t at = excerpt->start;

	for (; at < where->start; at++)
		if (!continues_character(where->source, at))
			putc(text[at] == '\t' ? '\t' : ' ', stderr);
	colour(GREEN);
	putc('^', stderr);
	for (at++; at < where->end && at < excerpt->end; at++)
		if (!continues_character(where->source, at))
			putc('~', stderr);
	colour(PLAIN);
	putc('\n', stderr);
}

static void put_line(const struct range *where, const struct position *position)
{
	struct excerpt excerpt = excerpt_around(where, position);
	int width = 0;

	if (where->source->one_line)
		fputs("   | ", stderr);
	else
		width = fprintf(stderr, " %zu", position->line), fputs(" | ", stderr);
	fputs(excerpt.cut_before ? "..." : "", stderr);
	put_text(where->source->text + excerpt.start, excerpt.end - excerpt.start);
	fputs(excerpt.cut_after ? "...\n" : "\n", stderr);
	fprintf(stderr, "%*s | %s", where->source->one_line ? 2 : width, "",
		excerpt.cut_before ? "   " : "");
	put_underline(where, &excerpt);
}

static void put_includes(const struct source *source)
{
	for (; source->included; source = source->included->source) {
		const struct range *at = source->included;
		struct position position = diag_position(at->source, at->start);

		fputs("   included at ", stderr);
		put_text(at->source->name, strlen(at->source->name));
		if (!at->source->one_line)
			fprintf(stderr, ":%zu", position.line);
		fprintf(stderr, ":%zu\n", position.column);
	}
}

static const char *severity_name(enum severity severity)
{
	switch (severity) {
	case SEVERITY_ERROR:
		return "error";
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_NOTE:
		break;
	}
	return "note";
}

static void put_severity(enum severity severity)
{
	static const char *const colours[] = {
		[SEVERITY_ERROR] = RED, [SEVERITY_WARNING] = MAGENTA, [SEVERITY_NOTE] = CYAN};

	colour(colours[severity]);
	fprintf(stderr, "%s:", severity_name(severity));
	colour(PLAIN);
}

static void report_diag(const struct diag *diag)
{
	const struct source *source = diag->where.source;
	struct position position;

	if (!source) {
		report_error("%s%s%s",
			     diag->severity == SEVERITY_ERROR ? "" : severity_name(diag->severity),
			     diag->severity == SEVERITY_ERROR ? "" : ": ", diag->message);
		return;
	}
	report_stream();
	position = diag_position(source, diag->where.start);
	colour(BOLD);
	put_text(source->name, strlen(source->name));
	if (!source->one_line)
		fprintf(stderr, ":%zu", position.line);
	fprintf(stderr, ":%zu: ", position.column);
	put_severity(diag->severity);
	putc(' ', stderr);
	put_text(diag->message, strlen(diag->message));
	putc('\n', stderr);
	put_line(&diag->where, &position);
	put_includes(source);
}

void report_diags(const struct diags *diags)
{
	enum severity owner = SEVERITY_NOTE; /* of the message that a note belongs to */
	size_t errors = 0;

	for (const struct diag *diag = diags->first; diag; diag = diag->next) {
		if (diag->severity != SEVERITY_NOTE)
			owner = diag->severity;
		errors += diag->severity == SEVERITY_ERROR;
		if (errors > ERRORS_SHOWN)
			break;
		if (owner == SEVERITY_ERROR || !quiet)
			report_diag(diag);
	}
	if (diags->errors > ERRORS_SHOWN)
		report_error("%zu more errors", diags->errors - ERRORS_SHOWN);
	if (diags->out_of_memory)
		report_error("out of memory");
}

static void flush_output(void)
{
	bool failed = ferror(stdout);

	/* A closed standard output that nothing was written to is no failure. */
	if (fclose(stdout) == 0 && !failed)
		return;
	if (errno == EBADF && !failed)
		return;
	report_error("cannot write to standard output: %s", strerror(errno));
	_exit(EXIT_FAILED);
}

void report_begin(void)
{
	atexit(flush_output);
}
