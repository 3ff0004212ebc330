/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_PARSE_H
#define URING_JAIL_POLICY_PARSE_H

#include "policy/policy.h"

/* Brackets that may be in each other in a condition. */
#define PARSE_NESTED_MAX 256

/** How a text that includes others gets them: the only thing that parsing needs of the world. */
struct loader {
	void *data; /* passed on to load */
	/**
	 * Finds what an include statement names and reads it.
	 *
	 * @param where the name's place; where.source is the including text
	 * @param name a string's content (a path, relative to the including text), or a bare name
	 *             (to be searched for)
	 * @param is_path which of the two
	 * @return the text, which lives as long as the policy, with depth and included set; a text
	 *         that was read before may be returned again. NULL if there is none, with an error
	 *         added to `diags`
	 */
	const struct source *(*load)(void *data, struct range where, const char *name, bool is_path,
				     struct diags *diags);
};

/**
 * Reads a list, "openat2, @all, 61", and adds it to the policy as one statement. Every error in
 * the list is added to `diags`; then the policy may not be used.
 *
 * @param effect EFFECT_ALLOW, EFFECT_DENY or EFFECT_REQUIRE
 */
void parse_list(struct policy *policy, struct diags *diags, const struct source *source,
		enum subject subject, enum effect effect);

/**
 * Reads a list of names of one table, of numbers up to `max` (255 at most), and of @all, which
 * stands for every number, into `numbers`. Every error in the list is added to `diags`.
 */
void parse_names(struct diags *diags, const struct source *source, const struct table *table,
		 uint64_t max, struct set *numbers);

/** Reads the value of --default, "allow" or "deny", and adds it to the policy. */
void parse_default(struct policy *policy, struct diags *diags, const struct source *source);

/**
 * Reads statements and adds them to the policy, those of included texts where they are included;
 * a text that was read before is not read again. Every error in all of them is added to `diags`.
 *
 * @param loader NULL where include statements are errors
 */
void parse_text(struct policy *policy, struct diags *diags, const struct source *source,
		const struct loader *loader);

/** Likewise, for a text that has to be exactly one statement. */
void parse_rule(struct policy *policy, struct diags *diags, const struct source *source,
		const struct loader *loader);

#endif
