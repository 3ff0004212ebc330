/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_KERNEL_H
#define URING_JAIL_POLICY_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/table.h"

/** What was found out by trying. Not knowing is zero, and counts as not being able. */
enum finding { FINDING_UNKNOWN, FINDING_NO, FINDING_YES };

/** Whether this task can restrict itself, as its io_uring_register(2) answers. */
enum task_state {
	TASK_UNSUPPORTED,   /* the kernel has no task restrictions */
	TASK_STRANGE,	    /* an answer that no kernel gives; something stands in between */
	TASK_BLOCKED,	    /* something, most likely seccomp, blocks the call */
	TASK_FRESH,	    /* not restricted yet: restrictions and filters can be set */
	TASK_NESTED,	    /* already restricted: filters can be added */
	TASK_NESTED_SEALED, /* already restricted, and adding filters was denied */
};

/** A kernel, and a task on it, as far as compiling a policy depends on them. */
struct kernel {
	char version[64]; /* for messages: "7.3.4" */
	enum task_state task;
	const char *task_error; /* what the call that decided it answered; NULL for a fresh task */

	unsigned nr_ops;	  /* request ops are 0 to nr_ops - 1; 0: not known */
	unsigned nr_register_ops; /* likewise */
	uint8_t sqe_flags;	  /* the IOSQE_ flags it knows */
	const char *query_error;  /* why these three are not known */

	enum arch arch;
	bool big_endian;
	/* Bytes that a filter sees of these requests beside the fields of all; 0: none, or not known. */
	uint8_t open_size, socket_size, connect_size;

	/* Restrictions and filters outlive an execve(2) after the task used a ring. */
	enum finding survives_exec;
	/* A ring made with IORING_SETUP_R_DISABLED obeys register restrictions. */
	enum finding disabled_rings_obey;
	/* Calls with ring fd -1 obey register restrictions. */
	enum finding ringless_obey;
	/* Why one of the findings is unknown: the call that failed; NULL where nothing did. */
	const char *failed_call;
	const char *failed_error;
};

/** Findings about a kernel, as a mask: what a plan may depend on. */
enum {
	NEED_SURVIVES_EXEC = 1,
	NEED_REGISTER_OBEYS = 2,
	NEED_OPEN_SIZE = 4,
	NEED_SOCKET_SIZE = 8,
	NEED_CONNECT_SIZE = 16,
	NEED_TASK = 32, /* that requests can be restricted at all */
};

/** Bytes of payload that a program needs to read all fields of requests with that payload. */
uint8_t kernel_size_wanted(enum payload payload);

/** Bytes of that payload that the kernel's filters see. */
uint8_t kernel_size(const struct kernel *kernel, enum payload payload);

/**
 * A kernel as Debian has it, of the architecture and byte order that this is built for: for "7.0",
 * "7.1", "7.2" or "7.3", a fresh task on the newest release of that minor version.
 *
 * @return false for another name
 */
bool kernel_known(const char *name, struct kernel *kernel);

/** The newest kernel that kernel_known() has. */
void kernel_newest(struct kernel *kernel);

/** The known kernels from the oldest to the newest; false beyond the last. */
bool kernel_at(size_t index, struct kernel *kernel);

/**
 * The longest part of a release (uname -r) that is its version: "7.3.4" of "7.3.4+deb13-amd64",
 * "7.2-rc5" of "7.2-rc5-cloud".
 *
 * @return its length in bytes; 0 if the release does not start with a version
 */
int kernel_version_length(const char *release);

/**
 * Whether a kernel of this release may lose the restrictions of a task at execve(2)
 * (CVE-2026-80713, mainline fix bc0e8faf90e7 in 7.2-rc6): every release below 7.2.1, and whatever is
 * no release at all. Candidates of 7.2 may call themselves 7.2.0, as Ubuntu's do, and distributions
 * carry the fix back, so only trying it tells.
 */
bool kernel_may_lose_at_exec(const char *release);

#endif
