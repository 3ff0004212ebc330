/* SPDX-License-Identifier: MIT */
#include "policy/partition.h"

#include <stdlib.h>
#include <string.h>

static const struct span *element(const struct partition *p, const struct cell *cell, unsigned axis)
{
	return &p->elements[p->axes[axis].first + cell->element[axis]];
}

/* Whether a cell has the element of an axis that is none of the single values. */
static bool is_other(const struct axis *axis, const struct cell *cell, unsigned i)
{
	return axis->others && cell->element[i] == axis->n - 1;
}

static bool is_point(const struct partition *p, const struct axis *axis, uint32_t value)
{
	for (unsigned i = 0; i + 1 < axis->n; i++) {
		if (p->elements[axis->first + i].lo == value)
			return true;
	}
	return false;
}

/* Whether element E of an axis has a value whose bits are KNOWN, as far as that is known. */
static bool has_value(const struct partition *p, unsigned i, unsigned e, struct bits known)
{
	const struct axis *axis = &p->axes[i];
	struct span span = p->elements[axis->first + e];

	if (!form_narrow(axis->form, known, &span))
		return false;
	return span.lo != span.hi || !axis->others || e != axis->n - 1U ||
	       !is_point(p, axis, span.lo);
}

bool partition_meets(const struct partition *p, unsigned axis, unsigned element, struct bits bits)
{
	if (p->known.mask & bits.mask & (p->known.value ^ bits.value))
		return false;
	bits.value |= p->known.value;
	bits.mask |= p->known.mask;
	return has_value(p, axis, element, bits);
}

/* What an element of an axis says of the bits of the word. */
struct said {
	struct bits known;
	uint32_t ones; /* that may be set */
};

static struct said says(const struct partition *p, unsigned axis, unsigned e)
{
	struct form form = p->axes[axis].form;
	const struct span *s = &p->elements[p->axes[axis].first + e];
	uint32_t varying = s->lo ^ s->hi, all = form_to_word(form, form.mask);
	uint32_t below = varying ? UINT32_MAX >> __builtin_clz(varying) : 0;

	return (struct said){
		{form_to_word(form, form.mask & ~below), form_to_word(form, s->lo & ~below)},
		~all | form_to_word(form, s->hi | (below >> 1 & form.mask))};
}

/* Adds to what is known of a cell what its element of axis I SAYS. False if no value is left. */
static bool narrow(const struct partition *p, struct cell *cell, unsigned i,
		   const struct said *said)
{
	if (cell->known.mask & said->known.mask & (cell->known.value ^ said->known.value))
		return false;
	cell->known.mask |= said->known.mask;
	cell->known.value |= said->known.value;
	cell->ones &= said->ones & (~cell->known.mask | cell->known.value);
	if (!p->axes[i].overlaps)
		return true;
	for (unsigned axis = 0; axis <= i; axis++)
		if (!has_value(p, axis, cell->element[axis], cell->known))
			return false;
	return true;
}

bool partition_finish(const struct partition *p, struct cell *cell)
{
	cell->known = p->known;
	cell->ones = UINT32_MAX;
	for (unsigned i = 0; i < p->n_axes; i++) {
		struct said said = says(p, i, cell->element[i]);
		if (!narrow(p, cell, i, &said) || !has_value(p, i, cell->element[i], cell->known))
			return false;
	}
	return true;
}

void partition_line(struct partition *p, unsigned word, struct bits known, struct form form)
{
	p->word = word;
	p->known = known;
	p->n_axes = 1;
	p->n_elements = p->n_cells = 0;
	p->axes[0] = (struct axis){.form = form};
}

void partition_add(struct partition *p, struct span span, uint32_t target)
{
	p->cells[p->n_cells++] = (struct cell){.element = {p->axes[0].n++}, .target = target};
	p->elements[p->n_elements++] = span;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Cuts an axis into the values that its atoms have, and all others. */
static bool cut_points(struct partition *p, struct axis *axis, uint64_t *cuts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i && cuts[i] == cuts[i - 1])
			continue;
		if (p->n_elements + 1 >= ELEMENTS_MAX)
			return false;
		p->elements[p->n_elements++] = (struct span){cuts[i], cuts[i]};
		axis->n++;
	}
	p->elements[p->n_elements++] = (struct span){0, axis->form.mask};
	axis->n++;
	axis->others = true;
	return true;
}

/* Cuts an axis where its atoms begin and end. */
static bool cut_spans(struct partition *p, struct axis *axis, uint64_t *cuts, size_t n)
{
	cuts[n++] = (uint64_t)UINT32_MAX + 1;
	for (size_t i = 0, last = 0; i < n; last = cuts[i++]) {
		struct span span = {last, cuts[i] - 1};
		if (cuts[i] == last || !form_narrow(axis->form, p->known, &span))
			continue;
		if (p->n_elements == ELEMENTS_MAX)
			return false;
		p->elements[p->n_elements++] = span;
		axis->n++;
	}
	return true;
}

static bool cut_axis(struct partition *p, struct axis *axis, const struct atom *atoms,
		     const uint32_t *list, size_t n)
{
	bool points = axis->form.mask & (axis->form.mask - 1);
	uint64_t cuts[ELEMENTS_MAX + 1];
	size_t n_cuts = 0;
	struct span span;

	axis->first = p->n_elements;
	for (size_t i = 0; i < n; i++) {
		if (atom_in_form(&atoms[list[i]], axis->form, &span))
			points &= span.lo == span.hi;
	}
	for (size_t i = 0; i < n; i++) {
		if (!atom_in_form(&atoms[list[i]], axis->form, &span))
			continue;
		if (n_cuts + 2 > ELEMENTS_MAX)
			return false;
		cuts[n_cuts++] = span.lo;
		if (!points)
			cuts[n_cuts++] = (uint64_t)span.hi + 1;
	}
	if (n_cuts > 1)
		qsort(cuts, n_cuts, sizeof(*cuts), compare);
	return points ? cut_points(p, axis, cuts, n_cuts) : cut_spans(p, axis, cuts, n_cuts);
}

static bool find_axes(struct partition *p, const struct atom *atoms, const uint32_t *list, size_t n)
{
	uint32_t before = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned axis = 0;
		struct span span;
		while (axis < p->n_axes &&
		       !atom_in_form(&atoms[list[i]], p->axes[axis].form, &span))
			axis++;
		if (axis == AXES_MAX)
			return false;
		if (axis == p->n_axes)
			p->axes[p->n_axes++] = (struct axis){.form = atoms[list[i]].form};
	}
	for (unsigned i = 0; i < p->n_axes; i++) {
		struct form form = p->axes[i].form;
		uint32_t bits = form_to_word(form, form.mask);
		p->axes[i].overlaps = bits & before;
		before |= bits;
		if (!cut_axis(p, &p->axes[i], atoms, list, n))
			return false;
	}
	return true;
}

/* Divides the cells by the elements of an axis. False if there are too many then. */
static bool divide(struct partition *p, unsigned axis)
{
	unsigned before = p->n_cells;
	struct cell old[CELLS_MAX];

	memcpy(old, p->cells, before * sizeof(*old));
	p->n_cells = 0;
	for (unsigned e = 0; e < p->axes[axis].n; e++) {
		struct said said = says(p, axis, e);
		if (!has_value(p, axis, e, p->known))
			continue;
		for (unsigned i = 0; i < before; i++) {
			struct cell cell = old[i];
			cell.element[axis] = e;
			p->work += axis + 1;
			if (!narrow(p, &cell, axis, &said))
				continue;
			if (p->n_cells == CELLS_MAX)
				return false;
			p->cells[p->n_cells++] = cell;
		}
	}
	return true;
}

bool partition_make(struct partition *p, unsigned word, struct bits known, const struct atom *atoms,
		    const uint32_t *list, size_t n)
{
	p->word = word;
	p->known = known;
	p->n_axes = p->n_elements = p->work = 0;
	if (!find_axes(p, atoms, list, n))
		return false;
	p->cells[0] = (struct cell){.known = p->known, .ones = UINT32_MAX};
	p->n_cells = 1;
	for (unsigned axis = 0; axis < p->n_axes; axis++)
		if (!divide(p, axis))
			return false;
	return true;
}

uint64_t partition_cells(void *data, const struct atom *atom)
{
	const struct partition *p = data;
	uint64_t cells = 0;
	unsigned axis = 0;
	struct span span;

	while (!atom_in_form(atom, p->axes[axis].form, &span))
		axis++;
	for (unsigned i = 0; i < p->n_cells; i++) {
		const struct cell *cell = &p->cells[i];
		const struct span *s = element(p, cell, axis);
		bool inside = span.lo <= s->lo && s->hi <= span.hi;
		if (inside && !is_other(&p->axes[axis], cell, axis))
			cells |= UINT64_C(1) << i;
	}
	return cells;
}
