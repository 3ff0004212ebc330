/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_TRACE_EVENT_H
#define URING_JAIL_CLI_TRACE_EVENT_H

#include <sys/types.h>

#include "cli/trace-format.h"

/*
 * What the kernel tells of io_uring while a program runs, and how its records are read. Pure: text
 * and bytes come in, events go out.
 */

/** What an event is about. The first four are tracepoints, the others come from perf itself. */
enum trace_kind {
	TRACE_REQUEST,	/* a request that was accepted */
	TRACE_FAILED,	/* a request that was refused when it was submitted */
	TRACE_REGISTER, /* io_uring_register(2) on a ring */
	TRACE_CALL,	/* the end of any io_uring_register(2) */
	TRACE_SETUP,	/* the end of io_uring_setup(2) */
	TRACE_NAME,	/* a thread got a name, by execve(2) or otherwise */
	TRACE_FORK,	/* a thread was made */
	TRACE_EXIT,	/* a thread has ended */
};
#define TRACE_POINTS 5

/** The fields of a request as the trace has them: most of its SQE, but not the fd. */
struct trace_sqe {
	uint64_t user_data, off, addr, addr3;
	uint32_t len, op_flags, file_index;
	uint16_t buf_index, personality;
	uint8_t ioprio; /* the lower half of it */
};

struct trace_event {
	enum trace_kind kind;
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	pid_t pid;     /* the process; that of an SQPOLL thread is its ring's owner */
	pid_t tid;
	/* The process's name, or "" where it is not known: filled in by trace_drain(). Of
	 * TRACE_NAME, the thread's new one. */
	char program[16];
	pid_t parent;	/* of TRACE_FORK: the process that forked */
	unsigned op;	/* request or register op; without IORING_REGISTER_USE_REGISTERED_RING */
	uint8_t flags;	/* SQE flags: of TRACE_FAILED its own, else with those of the kernel's */
	int64_t result; /* of a call; of TRACE_FAILED a negative errno */
	struct trace_sqe sqe; /* of TRACE_FAILED; of TRACE_REQUEST its user_data alone */
};

/* The fields that are read of any tracepoint; each has some of them. */
enum trace_field_id {
	TRACE_FIELD_USER_DATA,
	TRACE_FIELD_OPCODE,
	TRACE_FIELD_FLAGS,
	TRACE_FIELD_IOPRIO,
	TRACE_FIELD_OFF,
	TRACE_FIELD_ADDR,
	TRACE_FIELD_LEN,
	TRACE_FIELD_OP_FLAGS,
	TRACE_FIELD_BUF_INDEX,
	TRACE_FIELD_PERSONALITY,
	TRACE_FIELD_FILE_INDEX,
	TRACE_FIELD_ADDR3,
	TRACE_FIELD_ERROR,
	TRACE_FIELD_RET,
	TRACE_FIELDS
};

/** How this kernel's records are laid out. All zero: it has none of the tracepoints. */
struct trace_layout {
	struct trace_field common_type;
	struct {
		int id; /* 0: there is no such tracepoint */
		struct trace_field fields[TRACE_FIELDS];
	} points[TRACE_POINTS];
};

/**
 * Takes the description of a tracepoint (tracefs_format()).
 *
 * @return false if it has no ID or lacks a field without which it is of no use
 */
bool trace_layout_add(struct trace_layout *layout, enum trace_kind kind, const char *format);

/**
 * The user registers that a TRACE_CALL is sampled with, which tell the opcode: seccomp refuses a
 * call before anything else sees its arguments. A mask for perf_event_attr.sample_regs_user; 0
 * where this is not known for the architecture.
 */
extern const uint64_t trace_call_registers;

/**
 * Reads one record of a perf buffer: struct perf_event_header and what is after it, of samples with
 * PERF_SAMPLE_TID, _TIME and _RAW, for TRACE_CALL _REGS_USER too, and sample_id_all.
 *
 * @param record all of its header.size bytes
 * @return false for a record that is none of these, or that is cut short
 */
bool trace_event_read(const struct trace_layout *layout, const void *record,
		      struct trace_event *event);

#endif
