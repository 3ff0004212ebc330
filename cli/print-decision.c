// SPDX-License-Identifier: MIT
#include "cli/print-decision.h"

void print_statement_line(FILE *out, const struct statement *statement)
{
	const struct source *source = statement->where.source;
	struct position position = diag_position(source, statement->where.start);
	bool space = false;

	if (source->one_line)
		fprintf(out, "%s: ", source->name);
	else
		fprintf(out, "%s:%zu: ", source->name, position.line);
	for (size_t i = statement->where.start; i < statement->where.end; i++) {
		unsigned char c = (unsigned char)source->text[i];

		if (c == '#')
			while (source->text[i + 1] != '\n' && i + 1 < statement->where.end)
				i++;
		if (c == '#')
			continue;
		if (c > ' ' && space)
			putc(' ', out);
		space = c <= ' ';
		if (!space)
			putc(c == 0x7f ? '?' : c, out);
	}
}

static const char *reason_text(enum reason reason)
{
	switch (reason) {
	case REASON_DENY:
	case REASON_ALLOW:
	case REASON_DEFAULT:
	case REASON_FLAG_DENIED:
		break;
	case REASON_NO_ADDRESS:
		return "port and address are both zero, which a rule about them does not let pass";
	case REASON_ALLOW_UNMET:
		return "no condition under which it is allowed holds";
	case REASON_DEFAULT_INFERRED:
		return "the default, since no statement is about it";
	case REASON_HARMLESS:
		return "allowed unless denied by its own name";
	case REASON_TWIN:
		return "it does what the operation msg_ring does, which is denied";
	case REASON_FLAG_REQUIRED:
		return "a required flag is missing";
	}
	return NULL;
}

void print_reason(FILE *out, const struct decision *decision)
{
	const char *reason = reason_text(decision->reason);

	if (decision->statement)
		print_statement_line(out, decision->statement);
	if (decision->statement && reason)
		fprintf(out, " (%s)", reason);
	else if (reason)
		fputs(reason, out);
	else if (!decision->statement)
		fputs("the default of SQE flags", out);
}
