// SPDX-License-Identifier: MIT
#include "policy/kernel.h"

#include <criterion/criterion.h>

static const struct release {
	const char *text;
	int version_length;
	bool may_lose;
} releases[] = {
	{"7.3.4+deb13-cloud-amd64", 5, false},
	{"7.2.1", 5, false},
	{"7.2.13+deb14-cloud-amd64", 6, false},
	{"7.2.0", 5, true},
	{"7.2.0-4-generic", 5, true},
	{"7.2", 3, true},
	{"7.2.x", 3, true},
	{"7.2-rc5+deb14-amd64", 7, true},
	{"7.2.0-rc6", 9, true},
	{"7.2~rc6-1~exp1", 7, true},
	{"7.1.13+deb13-cloud-amd64", 6, true},
	{"7.1", 3, true},
	{"7.0.13", 6, true},
	{"6.18.44-fc-v595", 7, true},
	{"6.99", 4, true},
	{"2.6.60-custom", 6, true},
	{"7.10.1", 6, false},
	{"7.20.1", 6, false},
	{"8.0.0-rc1", 9, false},
	{"10.1", 4, false},
	{"4294967303.3", 12, false},
	{"7", 1, true},
	{"7.", 1, true},
	{"7.x", 1, true},
	{"", 0, true},
	{"custom-7.3", 0, true},
	{"-1.3", 0, true},
};

Test(kernel, releases)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		const struct release *r = &releases[i];

		cr_expect_eq(kernel_version_length(r->text), r->version_length, "'%s': %d", r->text,
			     kernel_version_length(r->text));
		cr_expect_eq(kernel_may_lose_at_exec(r->text), r->may_lose, "'%s'", r->text);
	}
}

Test(kernel, known_kernels_are_found_by_their_minor_version)
{
	struct kernel kernel;

	cr_expect(kernel_known("7.1", &kernel));
	cr_expect_str_eq(kernel.version, "7.1");
	cr_expect_eq(kernel.survives_exec, FINDING_YES);
	cr_expect(kernel_known("7.0", &kernel));
	cr_expect_eq(kernel.survives_exec, FINDING_NO);
	cr_expect_not(kernel_known("7.1.13", &kernel));
	cr_expect_not(kernel_known("running", &kernel));
	kernel_newest(&kernel);
	cr_expect_str_eq(kernel.version, "7.3");
}
