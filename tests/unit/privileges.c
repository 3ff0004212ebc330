// SPDX-License-Identifier: MIT
#include "cli/privileges.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/capability.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(cap)     (UINT64_C(1) << (cap))

static uint64_t parse(const char *text, struct diags *diags)
{
	struct source source = {
		.name = "--drop-caps", .text = text, .size = strlen(text), .one_line = true};
	uint64_t caps = 0;

	privileges_parse(&source, &caps, diags);
	return caps;
}

Test(privileges, lists)
{
	static const struct {
		const char *text;
		uint64_t caps;
	} lists[] = {
		{"cap_net_raw", BIT(CAP_NET_RAW)},
		{"net_raw", BIT(CAP_NET_RAW)},
		{"CAP_NET_RAW", BIT(CAP_NET_RAW)},
		{"Cap-Net-Raw", BIT(CAP_NET_RAW)},
		{"chown,sys_admin", BIT(CAP_CHOWN) | BIT(CAP_SYS_ADMIN)},
		{"chown , chown", BIT(CAP_CHOWN)},
		{"0,40,0x3f", BIT(0) | BIT(40) | BIT(63)},
		{"checkpoint_restore", BIT(CAP_CHECKPOINT_RESTORE)},
		{"@all", UINT64_MAX},
		{"@ALL,chown", UINT64_MAX},
	};

	for (size_t i = 0; i < COUNT(lists); i++) {
		struct diags diags = {0};

		cr_expect_eq(parse(lists[i].text, &diags), lists[i].caps, "%s", lists[i].text);
		cr_expect(!diag_failed(&diags), "%s", lists[i].text);
		diags_destroy(&diags);
	}
}

/* Each list has one error; its text, and where it is. */
Test(privileges, errors)
{
	static const struct {
		const char *text, *message;
		size_t start, end;
	} lists[] = {
		{"net_rwa", "unknown capability 'net_rwa'; did you mean 'net_raw'?", 0, 7},
		{"cap_sys_admn", "unknown capability 'cap_sys_admn'; did you mean 'sys_admin'?", 0,
		 12},
		{"chown,x,kill", "unknown capability 'x'", 6, 7},
		{"cap_", "unknown capability 'cap_'", 0, 4},
		{"read", "unknown capability 'read'", 0, 4},
		{"@net", "unknown capability '@net'", 0, 4},
		{"64", "64 is more than 63", 0, 2},
		{"07", "'07' has a leading 0; write it without, or in hexadecimal after 0x", 0, 2},
		{"", "expected a name, a number or a group", 0, 0},
		{"chown,", "expected a name, a number or a group", 6, 6},
		{"chown kill", "expected a comma, not 'kill'", 6, 10},
		{"chown if", "expected the end of the list, not 'if'", 6, 8},
	};

	for (size_t i = 0; i < COUNT(lists); i++) {
		struct diags diags = {0};

		parse(lists[i].text, &diags);
		cr_assert_eq(diags.errors, 1, "%s: %zu errors", lists[i].text, diags.errors);
		cr_expect_str_eq(diags.first->message, lists[i].message);
		cr_expect_eq(diags.first->where.start, lists[i].start, "%s", lists[i].text);
		cr_expect_eq(diags.first->where.end, lists[i].end, "%s", lists[i].text);
		diags_destroy(&diags);
	}
}

Test(privileges, lists_add_up)
{
	struct source source = {.name = "--drop-caps", .text = "kill", .size = 4, .one_line = true};
	struct diags diags = {0};
	uint64_t caps = BIT(CAP_CHOWN);

	privileges_parse(&source, &caps, &diags);
	cr_expect_eq(caps, BIT(CAP_CHOWN) | BIT(CAP_KILL));
	diags_destroy(&diags);
}

Test(privileges, names)
{
	char name[PRIVILEGES_NAME_MAX];

	privileges_name(CAP_NET_RAW, name);
	cr_expect_str_eq(name, "cap_net_raw");
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *known = cap_to_name((cap_value_t)cap);

		privileges_name(cap, name);
		cr_expect_str_eq(name, known);
		cap_free(known);
	}
	privileges_name(63, name);
	cr_expect_str_eq(name, "63");
}
