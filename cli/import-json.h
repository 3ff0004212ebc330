/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_IMPORT_JSON_H
#define URING_JAIL_CLI_IMPORT_JSON_H

#include "policy/import.h"

/** What rules of a profile can hang on. */
struct machine {
	const char *arch;   /* as container runtimes call it: "amd64" */
	unsigned kernel[3]; /* the numbers of its version */
};

/** What a JSON text says. import_json_destroy() frees it. */
struct import_json {
	struct import_profile profile;
	bool is_io_uring;     /* linux.ioUring, which is in io_uring, and no profile */
	bool has_other;	      /* the text also has a profile, which was not read */
	bool asks_for_kernel; /* rules hang on the kernel's version */
	struct import_io_uring io_uring;
};

/**
 * Reads a seccomp profile, as Docker, Podman and the OCI runtime specification have it, or the
 * object linux.ioUring; either alone or in the configuration of a container (config.json). Rules
 * count as they apply on the machine to a container without capabilities.
 *
 * Members of these objects that are not known are errors: they could narrow what a rule allows.
 *
 * @return false with all errors in `diags`; ends the program where memory is short
 */
bool import_json(struct import_json *json, const struct source *source,
		 const struct machine *machine, struct diags *diags);

/** Frees what was read. */
void import_json_destroy(struct import_json *json);

#endif
