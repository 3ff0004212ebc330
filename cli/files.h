/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_FILES_H
#define URING_JAIL_CLI_FILES_H

#include <stdio.h>

#include "policy/parse.h"

/** The policy files that were read: each once, by whatever names. All zero is none. */
struct files {
	struct arena arena;
	struct file *first;
	bool read_stdin;
};

/**
 * Reads what --policy names: with a '/' in it a path, "-" standard input, else a name in the search
 * path.
 *
 * @return the text, which files_destroy() frees, or NULL with an error added to `diags`
 */
const struct source *files_open(struct files *files, const char *name, struct diags *diags);

/** Reads the file at a path, or standard input for "-"; else as files_open(). */
const struct source *files_open_path(struct files *files, const char *path, struct diags *diags);

/** What include statements use: `data` is a struct files. */
const struct source *files_include(void *data, struct range where, const char *name, bool is_path,
				   struct diags *diags);

/** Frees all texts. */
void files_destroy(struct files *files);

/**
 * Writes the policies that the search path has: name, file, and which are hidden by one of the
 * same name that is found before it.
 */
void files_list(FILE *out);

#endif
