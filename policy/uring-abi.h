/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_URING_ABI_H
#define URING_JAIL_POLICY_URING_ABI_H

#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's interface as far as this project uses it and the io_uring headers of a stable
 * distribution lack it (include/uapi/linux/io_uring.h, io_uring/bpf_filter.h, io_uring/query.h).
 * The names are our own, so that newer headers may be included beside this one.
 */

#if defined(__mips__) || defined(__alpha__) || (defined(__arm__) && !defined(__ARM_EABI__))
#error "uring-jail needs an architecture whose io_uring system calls are numbers 425 to 427"
#endif

/* System calls: the same numbers on all architectures that are not refused above. */
enum { URING_NR_SETUP = 425, URING_NR_ENTER = 426, URING_NR_REGISTER = 427 };

enum {
	URING_REGISTER_PROBE = 8,
	URING_REGISTER_RESTRICTIONS = 11,
	URING_REGISTER_SEND_MSG_RING = 31,
	URING_REGISTER_QUERY = 35,
	URING_REGISTER_BPF_FILTER = 37,
	URING_OP_NOP = 0,
	URING_OP_CONNECT = 16,
	URING_OP_OPENAT = 18,
	URING_OP_OPENAT2 = 28,
	URING_OP_MSG_RING = 40,
	URING_OP_SOCKET = 45,
};

/* Opcodes are one byte in a request and in a restriction, so there can be no more than these. */
#define URING_OPS_MAX	       256
#define URING_REGISTER_OPS_MAX 256

/** struct io_uring_restriction's opcode: what an entry allows or requires. */
enum {
	URING_RESTRICTION_REGISTER_OP = 0,
	URING_RESTRICTION_SQE_OP = 1,
	URING_RESTRICTION_SQE_FLAGS_ALLOWED = 2,
	URING_RESTRICTION_SQE_FLAGS_REQUIRED = 3,
};

/** struct io_uring_restriction: one entry, in host byte order. */
struct uring_restriction {
	uint16_t opcode;
	uint8_t value; /* register_op, sqe_op or sqe_flags, as opcode says */
	uint8_t resv;
	uint32_t resv2[3];
};

_Static_assert(sizeof(struct uring_restriction) == 16, "struct io_uring_restriction");
_Static_assert(offsetof(struct uring_restriction, value) == 2, "struct io_uring_restriction");

/** struct io_uring_task_restriction: the argument of IORING_REGISTER_RESTRICTIONS on fd -1. */
struct uring_task_restriction {
	uint16_t flags;
	uint16_t nr_res;
	uint32_t resv[3];
	struct uring_restriction restrictions[];
};

_Static_assert(sizeof(struct uring_task_restriction) == 16, "struct io_uring_task_restriction");
_Static_assert(offsetof(struct uring_task_restriction, nr_res) == 2,
	       "struct io_uring_task_restriction");
_Static_assert(offsetof(struct uring_task_restriction, restrictions) == 16,
	       "struct io_uring_task_restriction");

/** struct io_uring_query_hdr: the argument of IORING_REGISTER_QUERY. */
struct uring_query_hdr {
	uint64_t next_entry;
	uint64_t query_data;
	uint32_t query_op;
	uint32_t size;
	int32_t result;
	uint32_t resv[3];
};

_Static_assert(sizeof(struct uring_query_hdr) == 40, "struct io_uring_query_hdr");
_Static_assert(offsetof(struct uring_query_hdr, query_data) == 8, "struct io_uring_query_hdr");
_Static_assert(offsetof(struct uring_query_hdr, size) == 20, "struct io_uring_query_hdr");
_Static_assert(offsetof(struct uring_query_hdr, result) == 24, "struct io_uring_query_hdr");

/** struct io_uring_query_opcode: the answer to query op 0 (IO_URING_QUERY_OPCODES). */
struct uring_query_opcode {
	uint32_t nr_request_opcodes;
	uint32_t nr_register_opcodes;
	uint64_t feature_flags;
	uint64_t ring_setup_flags;
	uint64_t enter_flags;
	uint64_t sqe_flags;
	uint32_t nr_query_opcodes;
	uint32_t pad;
};

_Static_assert(sizeof(struct uring_query_opcode) == 48, "struct io_uring_query_opcode");
_Static_assert(offsetof(struct uring_query_opcode, sqe_flags) == 32,
	       "struct io_uring_query_opcode");

/** struct io_uring_bpf_filter within struct io_uring_bpf: the argument of IORING_REGISTER_BPF_FILTER. */
struct uring_bpf {
	uint16_t cmd_type; /* URING_BPF_CMD_FILTER */
	uint16_t cmd_flags;
	uint32_t resv;
	uint32_t opcode;
	uint32_t flags;
	uint32_t filter_len; /* instructions */
	uint8_t pdu_size; /* bytes of payload that the program relies on; the kernel writes its own */
	uint8_t filter_resv[3];
	uint64_t filter_ptr;
	uint64_t filter_resv2[5];
};

enum { URING_BPF_CMD_FILTER = 1, URING_BPF_FILTER_SZ_STRICT = 2 };

_Static_assert(sizeof(struct uring_bpf) == 72, "struct io_uring_bpf");
_Static_assert(offsetof(struct uring_bpf, opcode) == 8, "struct io_uring_bpf_filter");
_Static_assert(offsetof(struct uring_bpf, filter_len) == 16, "struct io_uring_bpf_filter");
_Static_assert(offsetof(struct uring_bpf, pdu_size) == 20, "struct io_uring_bpf_filter");
_Static_assert(offsetof(struct uring_bpf, filter_ptr) == 24, "struct io_uring_bpf_filter");

#endif
