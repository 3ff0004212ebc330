// SPDX-License-Identifier: MIT
#include "policy/kernel.h"

#include <string.h>

/* What differs between them, measured on Debian's 7.0.13, 7.1.13, 7.2.13 and 7.3.4. */
static const struct {
	const char *version;
	enum finding survives_exec, disabled_rings_obey, ringless_obey;
	uint8_t connect_size;
} known[] = {
	{"7.0", FINDING_NO, FINDING_NO, FINDING_NO, 0},
	{"7.1", FINDING_YES, FINDING_NO, FINDING_NO, 0},
	{"7.2", FINDING_YES, FINDING_YES, FINDING_NO, 24},
	{"7.3", FINDING_YES, FINDING_YES, FINDING_YES, 24},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

/* io_uring/opdef.c: filter_pdu_size, of the structures in io_uring/bpf_filter.h */
enum { OPEN_SIZE = 24, SOCKET_SIZE = 12, CONNECT_SIZE = 24 };

uint8_t kernel_size_wanted(enum payload payload)
{
	switch (payload) {
	case PAYLOAD_OPEN:
		return OPEN_SIZE;
	case PAYLOAD_SOCKET:
		return SOCKET_SIZE;
	case PAYLOAD_CONNECT:
		return CONNECT_SIZE;
	case PAYLOAD_NONE:
		break;
	}
	return 0;
}

uint8_t kernel_size(const struct kernel *kernel, enum payload payload)
{
	switch (payload) {
	case PAYLOAD_OPEN:
		return kernel->open_size;
	case PAYLOAD_SOCKET:
		return kernel->socket_size;
	case PAYLOAD_CONNECT:
		return kernel->connect_size;
	case PAYLOAD_NONE:
		break;
	}
	return 0;
}

bool kernel_at(size_t index, struct kernel *kernel)
{
	if (index >= KNOWN)
		return false;
	*kernel = (struct kernel){
		.task = TASK_FRESH,
		.nr_ops = 65,
		.nr_register_ops = 38,
		.sqe_flags = 0x7f,
		.arch = arch_here,
		.big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
		.open_size = OPEN_SIZE,
		.socket_size = SOCKET_SIZE,
		.connect_size = known[index].connect_size,
		.survives_exec = known[index].survives_exec,
		.disabled_rings_obey = known[index].disabled_rings_obey,
		.ringless_obey = known[index].ringless_obey,
	};
	strcpy(kernel->version, known[index].version);
	return true;
}

bool kernel_known(const char *name, struct kernel *kernel)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(known[i].version, name) == 0)
			return kernel_at(i, kernel);
	return false;
}

void kernel_newest(struct kernel *kernel)
{
	kernel_at(KNOWN - 1, kernel);
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
	if (*at != '.' || !is_digit(at[1]))
		return true;
	at++;
	return number(&at) == 0 || strstr(at, "rc");
}
