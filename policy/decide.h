/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_DECIDE_H
#define URING_JAIL_POLICY_DECIDE_H

#include "policy/policy.h"
#include "policy/request.h"

/*
 * What a policy means, read straight from its statements: what --test answers, and what every
 * compiled form of the policy is measured against. Nothing here depends on a kernel.
 */

/** Why a request is allowed or denied, and what decision.statement is then. */
enum reason {
	REASON_DENY,	    /* the first deny statement that matches */
	REASON_ALLOW,	    /* the first allow statement that matches */
	REASON_NO_ADDRESS,  /* port and address are both 0, and this statement tests one */
	REASON_ALLOW_UNMET, /* the first allow statement for the op; no condition of them holds */
	REASON_DEFAULT,	    /* the statement of the default */
	REASON_DEFAULT_INFERRED, /* NULL: no default is stated */
	REASON_HARMLESS,	 /* NULL: a register op that is allowed unless denied by name */
	REASON_TWIN,		 /* what denies the op msg_ring, which does the same; may be NULL */
	REASON_FLAG_DENIED,	 /* what denies an SQE flag; NULL: the inferred default of flags */
	REASON_FLAG_REQUIRED,	 /* the require statement with a flag that the request lacks */
};

struct decision {
	bool allowed;
	enum reason reason;
	const struct statement *statement; /* as `reason` says; of the policy */
};

/**
 * Whether a condition holds for a request of an op that has its fields; numbers are those of
 * `arch`. What is compared is what a request does, not only what it says:
 *
 * - flags without O_LARGEFILE, which the kernel adds (io_uring/openclose.c, __io_openat_prep());
 * - accmode as the access mode in flags;
 * - type without SOCK_CLOEXEC and SOCK_NONBLOCK;
 * - family of a socket: AF_INET with SOCK_PACKET is AF_PACKET (net/socket.c, __sock_create());
 * - port and addr: the test itself is false where the family is neither AF_INET nor AF_INET6, also
 *   with != and not in; a `not` before it makes that true;
 * - addr as network_matches() says.
 */
bool cond_holds(const struct cond *cond, const struct request *request, enum arch arch);

/**
 * Decides a request. Opcodes that no table knows are decided, too. Where several statements would
 * do, the first of them is given.
 *
 * A request for an op needs two permissions. One is of the op:
 *
 * 1. denied if any deny statement matches, or if it is a connect of AF_INET or AF_INET6 with port
 *    and address both 0 and any statement for connect tests either (a kernel with that hole shows
 *    addresses that are too short so, and connects them);
 * 2. else allowed if any allow statement matches;
 * 3. else denied if any allow statement is for the op (under a condition that does not hold);
 * 4. else the default: as stated, the outermost statement winning; if none is stated, deny where
 *    there is any allow statement for ops, else allow.
 *
 * The other is of its SQE flags: each has to be allowed, by the same rules with the flags' own
 * default, and every required one has to be there. A flag that is required is thereby allowed,
 * but not one that is denied, too: then every request is denied.
 *
 * Register ops are decided as ops are, with a default of their own. But RESTRICTIONS, BPF_FILTER
 * and QUERY are allowed unless denied by name or number; and SEND_MSG_RING is denied where not every
 * request for the op msg_ring is allowed, since it does the same (io_uring/msg_ring.c,
 * io_uring_sync_msg_ring()). It has no SQE flags, so what is about the flags of every request, as
 * policy_is_flag_rule() says, does not count there.
 */
struct decision policy_decide(const struct policy *policy, const struct request *request);

#define DENIALS_KEPT 8

/** How a request was or may be denied, of which not all fields are known. */
struct denials {
	/* What may have denied it, in the order in which policy_decide() looks: where that denies the
	 * request, its decision is one of these. Only the first few are here. */
	struct decision possible[DENIALS_KEPT];
	struct decision last; /* of all of them */
	size_t n;	      /* how many there are, also beyond those here */
	bool certain; /* it is denied, whatever the other fields are: by the last, or one before it */
};

/**
 * Finds what may deny a request. If nothing may, it is allowed whatever its other fields are.
 *
 * @param known the fields that `request` has, a mask of 1 << enum field_id; FIELD_SQE_FLAGS is
 *              always one of them, and FIELD_ACCMODE known where FIELD_FLAGS is
 */
struct denials policy_denials(const struct policy *policy, const struct request *request,
			      unsigned known);

#endif
