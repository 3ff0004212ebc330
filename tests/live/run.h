/* SPDX-License-Identifier: MIT */
/*
 * One run of the target, in a jail or without one, and what it wrote.
 */
#ifndef LIVE_RUN_H
#define LIVE_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#define RUN_OPS	      256
#define RUN_FLAGS     128
#define RUN_REGISTERS 256

enum run_state {
	RUN_ABSENT, /* nothing was written of it */
	RUN_RESULT,
	RUN_HUNG,
	RUN_BROKEN,
};

struct run_record {
	enum run_state state;
	int result;
};

/* The rings, or none, through which the target tries register operations. */
enum run_registrant {
	RUN_RING,
	RUN_INDEX,
	RUN_DISABLED,
	RUN_RINGLESS,
	RUN_REGISTRANTS,
};

extern const char *const run_registrant_names[RUN_REGISTRANTS];

struct run {
	/* What to run. Lists are separated by spaces. */
	const char *policy;  /* arguments of the launcher; NULL: no launcher */
	const char *words;   /* for the target */
	const char *command; /* instead of the target and its words; "": nothing at all */
	void (*before)(const void *argument); /* called in the child before exec */
	const void *argument;
	bool filters; /* filters deny operations: a denied link_timeout then ends with ECANCELED */

	/* What came of it. */
	pid_t pid;
	int status; /* as from waitpid(2) */
	bool hung;
	bool ran;   /* the target has started */
	bool ended; /* and has done all it was told to */
	char *out, *err;
	struct run_record ops[RUN_OPS];
	struct run_record flags[RUN_FLAGS];
	struct run_record registers[RUN_REGISTRANTS][RUN_REGISTERS];
};

/** Runs it and reads what it wrote. `out` and `err` are never NULL then, and are the caller's to
 * free with run_clear. */
void run_it(struct run *run);

/** Frees what run_it allocated. */
void run_clear(struct run *run);

/** For `before`: becomes nobody, with no groups and no capabilities, or ends the process. */
void become_nobody(const void *argument);

/** The value of a "fact" line, up to the end of the line, in *value (of `size` bytes). Returns
 * false where there is none. */
bool run_fact(const struct run *run, const char *name, char *value, size_t size);

#endif
