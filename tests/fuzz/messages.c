// SPDX-License-Identifier: MIT
/* What the fuzzers of text have in common: all messages are looked at, and written to nowhere. */
#include <string.h>

#include "cli/report.h"
#include "tests/fuzz/fuzz.h"

static void check_place(const struct range *where)
{
	const struct source *source = where->source;
	struct position position;

	REQUIRE(where->start <= where->end && where->end <= source->size);
	position = diag_position(source, where->start);
	REQUIRE(position.line >= 1 && position.column >= 1);
	REQUIRE(position.line_start + position.column - 1 == where->start);
	REQUIRE(where->start <= position.line_end && position.line_end <= source->size);
}

void check_messages(const struct diags *diags)
{
	size_t errors = 0;

	for (const struct diag *diag = diags->first; diag; diag = diag->next) {
		errors += diag->severity == SEVERITY_ERROR;
		REQUIRE(strlen(diag->message) > 0);
		if (diag->where.source)
			check_place(&diag->where);
	}
	REQUIRE(errors == diags->errors && !diags->out_of_memory);
	report_diags(diags);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	stderr = fopen("/dev/null", "w");
	REQUIRE(stderr);
	return 0;
}
