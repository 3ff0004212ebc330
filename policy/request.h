/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_REQUEST_H
#define URING_JAIL_POLICY_REQUEST_H

#include <stdio.h>

#include "policy/diag.h"
#include "policy/field.h"

/**
 * A request to io_uring, as a program makes it: what a policy decides about. All zero is the op 0
 * (nop) with nothing set.
 *
 * Numbers are those of one architecture (enum arch). `flags` may have O_LARGEFILE, and `type`
 * SOCK_CLOEXEC and SOCK_NONBLOCK; `port` is in host order. value[FIELD_ACCMODE] is the access mode
 * in `flags` once more, which request_parse() sees to; value[FIELD_ADDR] is not used.
 */
struct request {
	bool is_register; /* of io_uring_register(2): `op` is all there is */
	unsigned op;	  /* 0 to 255 */
	uint64_t value[FIELDS];
	uint8_t addr[16]; /* network order; AF_INET has the first four, and 0 after them */
};

/* The access mode in the flags of an open: O_ACCMODE, the same on every architecture. */
#define REQUEST_ACCMODE UINT64_C(3)

/**
 * Reads a request: "openat2 flags=O_RDWR|O_CREAT mode=0600", "connect addr=::1 port=53",
 * "register files". Fields that are not given are 0; addr= gives the family, too, and accmode= is
 * another way to write O_RDONLY, O_WRONLY or O_RDWR in flags=.
 *
 * @return true, or false if anything is wrong; all that is wrong is added to `diags` as errors
 */
bool request_parse(struct request *request, const struct source *source, enum arch arch,
		   struct diags *diags);

/**
 * Writes a request as request_parse() reads it, without a newline. Fields that are 0 are left out; one
 * that is not known is written as "flags=?", which request_parse() refuses.
 *
 * @param known the fields that the request has, a mask of 1 << enum field_id; of the flags of an
 *              open FIELD_ACCMODE is a part
 */
void request_write(FILE *out, const struct request *request, unsigned known, enum arch arch);

/** The flags in the type of a socket. */
extern const struct table request_type_flag_table;

/** What kernels differ in when they show a request to a filter. */
struct context_layout {
	bool little_endian;
	bool connect;	 /* shows family, port and address of a connect: since 7.2 */
	bool type_flags; /* leaves SOCK_CLOEXEC and SOCK_NONBLOCK in a socket's type: before 7.3 */
	uint64_t largefile; /* what it adds to the flags of opens: O_LARGEFILE, or 0 */
};

/* 32-bit words in struct io_uring_bpf_ctx. */
#define CONTEXT_WORDS 10

/**
 * Gives what a filter on the request's op sees of it: struct io_uring_bpf_ctx
 * (include/uapi/linux/io_uring/bpf_filter.h), filled in as by io_uring_populate_bpf_ctx()
 * (io_uring/bpf_filter.c), for a well-formed request of an op.
 *
 * @param words what a 32-bit load at 4 * i gives, in words[i]: its value in the kernel's own
 *              byte order
 */
void request_context(const struct request *request, const struct context_layout *layout,
		     uint32_t words[CONTEXT_WORDS]);

#endif
