// SPDX-License-Identifier: MIT
#include "policy/kernel.h"

#include <string.h>

/* Measured on Debian's 7.0.13, 7.1.13, 7.2.13 and 7.3.4. */
static const struct kernel known[] = {
	{.version = "7.0",
	 .task = TASK_FRESH,
	 .nr_ops = 65,
	 .nr_register_ops = 38,
	 .sqe_flags = 0x7f,
	 .survives_exec = FINDING_NO,
	 .disabled_rings_obey = FINDING_NO,
	 .ringless_obey = FINDING_NO},
	{.version = "7.1",
	 .task = TASK_FRESH,
	 .nr_ops = 65,
	 .nr_register_ops = 38,
	 .sqe_flags = 0x7f,
	 .survives_exec = FINDING_YES,
	 .disabled_rings_obey = FINDING_NO,
	 .ringless_obey = FINDING_NO},
	{.version = "7.2",
	 .task = TASK_FRESH,
	 .nr_ops = 65,
	 .nr_register_ops = 38,
	 .sqe_flags = 0x7f,
	 .survives_exec = FINDING_YES,
	 .disabled_rings_obey = FINDING_YES,
	 .ringless_obey = FINDING_NO},
	{.version = "7.3",
	 .task = TASK_FRESH,
	 .nr_ops = 65,
	 .nr_register_ops = 38,
	 .sqe_flags = 0x7f,
	 .survives_exec = FINDING_YES,
	 .disabled_rings_obey = FINDING_YES,
	 .ringless_obey = FINDING_YES},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

const struct kernel *kernel_known(const char *name)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(known[i].version, name) == 0)
			return &known[i];
	return NULL;
}

const struct kernel *kernel_newest(void)
{
	return &known[KNOWN - 1];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits; a number too large to be a version's is cut, never wrapped. */
static unsigned number(const char **text)
{
	unsigned value = 0;

	while (is_digit(**text)) {
		if (value < 100000)
			value = value * 10 + (unsigned)(**text - '0');
		(*text)++;
	}
	return value;
}

int kernel_version_length(const char *release)
{
	const char *at = release;

	if (!is_digit(*at))
		return 0;
	while (is_digit(*at) || (*at == '.' && is_digit(at[1])))
		at++;
	if ((*at == '-' || *at == '~') && at[1] == 'r' && at[2] == 'c' && is_digit(at[3])) {
		at += 3;
		while (is_digit(*at))
			at++;
	}
	return (int)(at - release);
}

bool kernel_may_lose_at_exec(const char *release)
{
	const char *at = release;
	unsigned major, minor;

	if (!is_digit(*at))
		return true;
	major = number(&at);
	if (*at != '.' || !is_digit(at[1]))
		return true;
	at++;
	minor = number(&at);
	if (major != 7 || minor != 2)
		return major < 7 || (major == 7 && minor < 2);
	return strstr(at, "rc") != NULL;
}
