// SPDX-License-Identifier: MIT
#include "cli/privileges.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "cli/report.h"
#include "policy/parse.h"

/* The names that libcap knows, as a table to look them up in. */
struct names {
	struct row rows[PRIVILEGES_CAPS];
	struct table table;
};

static void names_destroy(struct names *names)
{
	for (size_t i = 0; i < names->table.n; i++)
		cap_free((char *)names->rows[i].name - strlen(names->rows[i].prefix));
}

/* A capability that libcap does not know has its number for a name. */
static bool names_init(struct names *names)
{
	names->table = (struct table){.noun = "capability", .rows = names->rows};
	for (unsigned cap = 0; cap < PRIVILEGES_CAPS; cap++) {
		char *name = cap_to_name((cap_value_t)cap);

		if (!name)
			return false;
		if (isdigit((unsigned char)*name)) {
			cap_free(name);
			continue;
		}
		names->rows[names->table.n++] = (struct row){
			.number = cap, .prefix = "CAP_", .name = name + strlen("cap_")};
	}
	return true;
}

void privileges_parse(const struct source *list, uint64_t *caps, struct diags *diags)
{
	__attribute__((cleanup(names_destroy))) struct names names;
	struct set numbers = {0};

	if (!names_init(&names)) {
		diag_no_memory(diags);
		return;
	}
	parse_names(diags, list, &names.table, PRIVILEGES_CAPS - 1, &numbers);
	*caps |= numbers.word[0];
}

void privileges_name(unsigned cap, char name[PRIVILEGES_NAME_MAX])
{
	char *known = cap_to_name((cap_value_t)cap);

	if (known)
		snprintf(name, PRIVILEGES_NAME_MAX, "%s", known);
	else
		snprintf(name, PRIVILEGES_NAME_MAX, "%u", cap);
	cap_free(known);
}

static bool has(uint64_t caps, unsigned cap)
{
	return caps >> cap & 1;
}

static void caps_free(cap_t *caps)
{
	cap_free(*caps);
}

/* Whether the capability is in one of the task's three sets. What cannot be read is not. */
static bool has_flag(cap_t caps, unsigned cap, cap_flag_t set)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(caps, (cap_value_t)cap, set, &value) == 0 && value == CAP_SET;
}

static cap_t get_caps(void)
{
	cap_t caps = cap_get_proc();

	if (!caps)
		report_error("cannot read the capabilities: capget: %s", strerror(errno));
	return caps;
}

bool privileges_allow_new(void)
{
	__attribute__((cleanup(caps_free))) cap_t caps = NULL;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) == 1) {
		report_note("--allow-new-privs: no_new_privs is set already, and stays");
		return true;
	}
	caps = get_caps();
	if (!caps)
		return false;
	if (has_flag(caps, CAP_SYS_ADMIN, CAP_EFFECTIVE))
		return true;
	report_error("--allow-new-privs takes CAP_SYS_ADMIN: without it, the kernel restricts only "
		     "a task with no_new_privs; run uring-jail as root, or leave the option out");
	return false;
}

/* Not cap_get_bound(3) and cap_get_ambient(3): in libcap 2.66 the latter sets errno to EPERM whatever
 * went wrong. */
static int in_bounding(unsigned cap)
{
	return prctl(PR_CAPBSET_READ, (unsigned long)cap, 0UL, 0UL, 0UL);
}

static int in_ambient(unsigned cap)
{
	return prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_IS_SET, (unsigned long)cap, 0UL,
		     0UL);
}

/*
 * The capabilities that are in a set. Numbers that the kernel does not have are refused with EINVAL
 * (security/commoncap.c: cap_task_prctl), PRIVILEGES_CAPS at the latest: an answer to that would be
 * a seccomp filter's.
 */
static bool read_set(const char *set, int (*ask)(unsigned cap), uint64_t *caps)
{
	unsigned cap;
	int there;

	*caps = 0;
	for (cap = 0; (there = ask(cap)) >= 0 && cap < PRIVILEGES_CAPS; cap++)
		*caps |= (uint64_t)there << cap;
	if (there < 0 && errno == EINVAL && cap > 0)
		return true;
	report_error("--drop-caps: cannot read the %s set: prctl: %s", set,
		     strerror(there < 0 ? errno : EOVERFLOW));
	return false;
}

static void report_bound(unsigned cap, int error)
{
	char name[PRIVILEGES_NAME_MAX];

	privileges_name(cap, name);
	report_error("--drop-caps: cannot take %s out of the bounding set: %s%s", name,
		     strerror(error),
		     error == EPERM ? "; this takes CAP_SETPCAP: run uring-jail as root, or leave "
				      "the option out"
				    : "");
}

static bool drop_bound(uint64_t caps)
{
	uint64_t bound;

	if (!read_set("bounding", in_bounding, &bound))
		return false;
	for (unsigned cap = 0; cap < PRIVILEGES_CAPS; cap++)
		if (has(caps & bound, cap) &&
		    prctl(PR_CAPBSET_DROP, (unsigned long)cap, 0UL, 0UL, 0UL) < 0) {
			report_bound(cap, errno);
			return false;
		}
	return true;
}

/* capset(2) takes what is not permitted and inheritable any more out of the ambient set, too
 * (security/commoncap.c: cap_capset). */
static bool drop_flags(cap_t held, uint64_t caps)
{
	for (cap_value_t cap = 0; cap < PRIVILEGES_CAPS; cap++)
		if (has(caps, (unsigned)cap) &&
		    (cap_set_flag(held, CAP_EFFECTIVE, 1, &cap, CAP_CLEAR) < 0 ||
		     cap_set_flag(held, CAP_PERMITTED, 1, &cap, CAP_CLEAR) < 0 ||
		     cap_set_flag(held, CAP_INHERITABLE, 1, &cap, CAP_CLEAR) < 0)) {
			report_error("--drop-caps: capability %d: %s", cap, strerror(errno));
			return false;
		}
	if (cap_set_proc(held) == 0)
		return true;
	report_error("--drop-caps: capset: %s", strerror(errno));
	return false;
}

static bool report_left(const char *set, uint64_t caps)
{
	char name[PRIVILEGES_NAME_MAX];

	if (caps == 0)
		return true;
	privileges_name((unsigned)__builtin_ctzll(caps), name);
	report_error("--drop-caps: %s is still in the %s set", name, set);
	return false;
}

/* Something else than the kernel may have answered that all went well. */
static bool confirm(uint64_t caps)
{
	static const char *const sets[] = {[CAP_EFFECTIVE] = "effective",
					   [CAP_PERMITTED] = "permitted",
					   [CAP_INHERITABLE] = "inheritable"};
	__attribute__((cleanup(caps_free))) cap_t held = get_caps();
	uint64_t bound, ambient;
	bool gone = true;

	if (!held || !read_set("bounding", in_bounding, &bound) ||
	    !read_set("ambient", in_ambient, &ambient))
		return false;
	for (cap_flag_t set = CAP_EFFECTIVE; set <= CAP_INHERITABLE; set++) {
		uint64_t left = 0;

		for (unsigned cap = 0; cap < PRIVILEGES_CAPS; cap++)
			left |= (uint64_t)has_flag(held, cap, set) << cap;
		gone = report_left(sets[set], left & caps) && gone;
	}
	gone = report_left("bounding", bound & caps) && gone;
	return report_left("ambient", ambient & caps) && gone;
}

bool privileges_drop(uint64_t caps)
{
	__attribute__((cleanup(caps_free))) cap_t held = NULL;

	if (caps == 0)
		return true;
	held = get_caps();
	return held && drop_bound(caps) && drop_flags(held, caps) && confirm(caps);
}
