/* SPDX-License-Identifier: MIT */
/*
 * The values of one word, cut into cells, each of which leads to one place. A cell is a product: in
 * each of a few forms its number is an element of an axis. What a test may do to a cell is never
 * underestimated: it may hold for some value of it, or fail for some.
 */
#ifndef URING_JAIL_POLICY_PARTITION_H
#define URING_JAIL_POLICY_PARTITION_H

#include "policy/term.h"

enum { AXES_MAX = 8, CELLS_MAX = 64, ELEMENTS_MAX = 96 };

/* The values of one form, cut into elements: spans, or single values and all others. */
struct axis {
	struct form form;
	uint16_t first, n; /* of partition.elements */
	bool others;	   /* the last element is all values that are none of the others */
	bool overlaps;	   /* its bits are bits of one before, too */
};

struct cell {
	struct bits known; /* the same in all of its values */
	uint32_t ones;	   /* bits that may be set */
	uint8_t element[AXES_MAX];
	uint32_t target; /* where it leads: a number of the user's */
};

struct partition {
	unsigned word;
	struct bits known; /* on arrival */
	unsigned n_axes, n_elements, n_cells;
	unsigned work; /* steps that it took to make */
	struct axis axes[AXES_MAX];
	struct span elements[ELEMENTS_MAX];
	struct cell cells[CELLS_MAX];
};

/*
 * Cuts the values of a word at N of the atoms, those in the LIST, so that in each cell every one is true
 * or false.
 * Returns false if there are too many cells for that.
 */
bool partition_make(struct partition *p, unsigned word, struct bits known, const struct atom *atoms,
		    const uint32_t *list, size_t n);

/* The cells where an atom, one of those that P was made for, is true: a cells_of_atom. */
uint64_t partition_cells(void *p, const struct atom *atom);

/*
 * Starts P as the values of one form; then its spans, which ascend, are added one by one. What is
 * known of the cells partition_finish() finds, before their bits are tested.
 */
void partition_line(struct partition *p, unsigned word, struct bits known, struct form form);
void partition_add(struct partition *p, struct span span, uint32_t target);

/* Finds what is known of a cell from its elements. False if there is no value in it. */
bool partition_finish(const struct partition *p, struct cell *cell);

/* Whether an element of an axis has a value with these bits, as far as that is known. */
bool partition_meets(const struct partition *p, unsigned axis, unsigned element, struct bits bits);

#endif
