/* SPDX-License-Identifier: MIT */
/* The search for the best order and kind of tests; see search.c for how it works. */
#ifndef URING_JAIL_POLICY_SEARCH_H
#define URING_JAIL_POLICY_SEARCH_H

#include "policy/dd.h"
#include "policy/layout.h"

struct search;

/*
 * A search for programs for ROOT, a function in DD, which it goes on to use. It takes its tests
 * from N ATOMS, as normalised by codegen.c. ASSUMED: ROOT is "any" somewhere. NULL when memory is
 * short.
 */
struct search *search_new(struct dd *dd, dd_node root, bool assumed, const struct expr_atom *atoms,
			  size_t n);

void search_destroy(struct search *search);

/*
 * Adds to GRAPH code that goes on at YES where the search's function is true and at NO where it is
 * false. Returns its first block, or BLOCK_NONE when memory, or DD's room or work, is used up. The
 * worst path may be SLACK instructions longer than it must be, if that makes the code smaller.
 * TIGHT: every path is as short as it can be; otherwise paths that are not the worst may be longer,
 * for the same reason.
 */
block_id search_emit(struct search *search, unsigned slack, bool tight, struct graph *graph,
		     block_id yes, block_id no);

/* Whether no test was left out for want of time. */
bool search_complete(const struct search *search);

#endif
