// SPDX-License-Identifier: MIT
#include "cli/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/report.h"
#include "policy/parse.h"

static const struct row rows[] = {
#define CAPABILITY(number, name)                                                                   \
	{number, false, TABLE_NAMES("CAP_", #name), "", "", PAYLOAD_NONE, 0},
#include "cli/capability.def"
#undef CAPABILITY
};

static const struct table capability_table = {"capability", rows, sizeof(rows) / sizeof(rows[0])};

/*
 * The sets of a task, and the system calls themselves: libcap asks the kernel for the capabilities
 * that it has as soon as a program with it in starts, for every launch to pay.
 */
struct caps {
	uint64_t set[3]; /* as bits, by enum cap_set */
};

enum cap_set { EFFECTIVE, PERMITTED, INHERITABLE };

void privileges_parse(const struct source *list, uint64_t *caps, struct diags *diags)
{
	struct set numbers = {0};

	parse_names(diags, list, &capability_table, PRIVILEGES_CAPS - 1, &numbers);
	*caps |= numbers.word[0];
}

void privileges_name(unsigned cap, char name[PRIVILEGES_NAME_MAX])
{
	const struct row *row = table_row(&capability_table, cap);

	if (row)
		snprintf(name, PRIVILEGES_NAME_MAX, "cap_%s", row->name);
	else
		snprintf(name, PRIVILEGES_NAME_MAX, "%u", cap);
}

static bool has(uint64_t caps, unsigned cap)
{
	return caps >> cap & 1;
}

static bool get_caps(struct caps *caps)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0) {
		report_error("cannot read the capabilities: capget: %s", strerror(errno));
		return false;
	}
	caps->set[EFFECTIVE] = (uint64_t)data[1].effective << 32 | data[0].effective;
	caps->set[PERMITTED] = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	caps->set[INHERITABLE] = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	return true;
}

static int set_caps(const struct caps *caps)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(caps->set[EFFECTIVE] >> 32 * i),
			.permitted = (uint32_t)(caps->set[PERMITTED] >> 32 * i),
			.inheritable = (uint32_t)(caps->set[INHERITABLE] >> 32 * i),
		};
	return (int)syscall(SYS_capset, &header, data);
}

bool privileges_allow_new(void)
{
	struct caps caps;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) == 1) {
		report_note("--allow-new-privs: no_new_privs is set already, and stays");
		return true;
	}
	if (!get_caps(&caps))
		return false;
	if (has(caps.set[EFFECTIVE], CAP_SYS_ADMIN))
		return true;
	report_error("--allow-new-privs takes CAP_SYS_ADMIN: without it, the kernel restricts only "
		     "a task with no_new_privs; run uring-jail as root, or leave the option out");
	return false;
}

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
static bool drop_flags(struct caps *held, uint64_t caps)
{
	for (int set = EFFECTIVE; set <= INHERITABLE; set++)
		held->set[set] &= ~caps;
	if (set_caps(held) == 0)
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
	static const char *const sets[] = {[EFFECTIVE] = "effective",
					   [PERMITTED] = "permitted",
					   [INHERITABLE] = "inheritable"};
	struct caps held;
	uint64_t bound, ambient;
	bool gone = true;

	if (!get_caps(&held) || !read_set("bounding", in_bounding, &bound) ||
	    !read_set("ambient", in_ambient, &ambient))
		return false;
	for (int set = EFFECTIVE; set <= INHERITABLE; set++)
		gone = report_left(sets[set], held.set[set] & caps) && gone;
	gone = report_left("bounding", bound & caps) && gone;
	return report_left("ambient", ambient & caps) && gone;
}

bool privileges_drop(uint64_t caps)
{
	struct caps held;

	return caps == 0 ||
	       (get_caps(&held) && drop_bound(caps) && drop_flags(&held, caps) && confirm(caps));
}
