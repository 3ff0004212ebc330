// SPDX-License-Identifier: MIT
#include "tests/cases/random.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "policy/field.h"

/* splitmix64: small, and the same everywhere. */
static uint64_t next(struct random *random)
{
	uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned random_below(struct random *random, unsigned n)
{
	return (unsigned)(next(random) % n);
}

static const char *pick(struct random *random, const char *const *words)
{
	unsigned n = 0;

	while (words[n])
		n++;
	return words[random_below(random, n)];
}

/* --- policies */

static void __attribute__((format(printf, 2, 3)))
put(struct random_text *text, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(text->buffer + text->size, sizeof(text->buffer) - text->size, format,
			 args);
	va_end(args);
	if (size < 0 || text->size + (size_t)size >= sizeof(text->buffer))
		abort();
	text->size += (size_t)size;
}

/* clang-format off */

/* Values that tests and requests share, so that they meet; and their neighbours. */
static const uint64_t interesting[] = {
	0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 16, 17, 22, 25, 31, 32, 53, 63, 64, 65, 80, 443,
	1023, 1024, 8000, 8999, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
	0xffffffff, 0x100000000, 0x100000001, 0x1ffffffff, 0x7fffffffffffffff,
	UINT64_MAX - 1, UINT64_MAX,
};

static const char *const networks[] = {
	"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "127.0.0.1", "0.0.0.0/0", "0.0.0.0",
	"127.0.0.0/8", "192.0.2.0/24", "::1", "::", "2001:db8::/32", "2001:db8:1::/48",
	"::ffff:10.0.0.0/104", "fe80::/10", "::/0", "2001:db8::1", "128.0.0.0/1",
	"64.0.0.0/3", "::ffff:0.0.0.0", NULL,
};

static const char *const addresses[] = {
	"10.0.0.0", "10.1.2.3", "10.255.255.255", "11.0.0.0", "9.255.255.255", "127.0.0.1",
	"127.255.0.1", "0.0.0.0", "192.0.2.1", "::1", "::", "2001:db8::1", "2001:db8:1::5",
	"2001:db9::", "::ffff:10.1.2.3", "fe80::1", "::ffff:0.0.0.0", "::ffff:127.0.0.1",
	"febf::", "128.0.0.1", "::ffff:11.0.0.1", "64.1.1.1", "96.0.0.0", NULL,
};

/* clang-format on */

static uint64_t value_for(struct random *random, uint64_t mask)
{
	uint64_t value =
		interesting[random_below(random, sizeof(interesting) / sizeof(interesting[0]))];

	if (random_below(random, 4) == 0)
		value = next(random) >> random_below(random, 64);
	if (random_below(random, 4) == 0)
		value = (value ^ (UINT64_C(1) << random_below(random, 64)));
	return value & mask;
}

static uint64_t mask_for(struct random *random, uint64_t mask)
{
	uint64_t value = UINT64_C(1) << random_below(random, 64);

	while (random_below(random, 2) == 0)
		value |= UINT64_C(1) << random_below(random, 64);
	return value & mask ? value & mask : mask & ~(mask - 1);
}

static void put_test(struct random *random, struct random_text *text, const struct field *field)
{
	static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">=", NULL};
	static const char *const sets[] = {"in", "not in", NULL};
	uint64_t mask = field_mask(field, arch_here), m = mask_for(random, mask);
	unsigned n = 1 + random_below(random, 6);

	put(text, "%s ", field->name);
	if (field->kind == KIND_ADDRESS) {
		put(text, "%s {", pick(random, sets));
		for (unsigned i = 0; i < n; i++)
			put(text, "%s%s", i ? ", " : "", pick(random, networks));
		put(text, "}");
		return;
	}
	switch (random_below(random, 4)) {
	case 0:
		put(text, "%s %" PRIu64, pick(random, comparisons), value_for(random, mask));
		break;
	case 1:
		put(text, "& 0x%" PRIx64, m);
		break;
	case 2:
		put(text, "& 0x%" PRIx64 " %s 0x%" PRIx64, m,
		    random_below(random, 2) ? "==" : "!=", value_for(random, m));
		break;
	default:
		put(text, "%s {", pick(random, sets));
		for (unsigned i = 0; i < n; i++) {
			uint64_t a = value_for(random, mask),
				 b = random_below(random, 2) ? a : value_for(random, mask);

			put(text, "%s%" PRIu64 "-%" PRIu64, i ? ", " : "", a < b ? a : b,
			    a < b ? b : a);
		}
		put(text, "}");
	}
}

static const struct field *field_for(struct random *random, enum payload payload)
{
	const struct field *field;

	do
		field = &fields[random_below(random, FIELDS)];
	while (!field_in(field, payload) ||
	       (field->id == FIELD_SQE_FLAGS && random_below(random, 8)));
	return field;
}

static void put_cond(struct random *random, struct random_text *text, enum payload payload,
		     unsigned depth)
{
	if (depth == 0 || random_below(random, 3) == 0) {
		put_test(random, text, field_for(random, payload));
		return;
	}
	put(text, "%s(", random_below(random, 3) ? "" : "not ");
	put_cond(random, text, payload, depth - 1);
	put(text, " %s ", random_below(random, 2) ? "and" : "or");
	put_cond(random, text, payload, depth - 1);
	put(text, ")");
}

static const struct {
	const char *name;
	enum payload payload;
} ops[] = {
	{"openat", PAYLOAD_OPEN},     {"openat2", PAYLOAD_OPEN},    {"socket", PAYLOAD_SOCKET},
	{"connect", PAYLOAD_CONNECT}, {"connect", PAYLOAD_CONNECT}, {"nop", PAYLOAD_NONE},
	{"msg_ring", PAYLOAD_NONE},
};

#define OPS (sizeof(ops) / sizeof(ops[0]))

static void put_statement(struct random *random, struct random_text *text)
{
	size_t op = random_below(random, OPS);

	if (random_below(random, 12) == 0) {
		put(text, "%s sqe-flags 0x%x\n", random_below(random, 2) ? "deny" : "allow",
		    1 + random_below(random, 0x7f));
		return;
	}
	if (random_below(random, 8) == 0) {
		put(text, "%s %s\n", random_below(random, 2) ? "deny" : "allow",
		    random_below(random, 3) ? ops[op].name : "@all");
		return;
	}
	put(text, "%s %s if ", random_below(random, 2) ? "deny" : "allow", ops[op].name);
	put_cond(random, text, ops[op].payload, 1 + random_below(random, 3));
	put(text, "\n");
}

void random_policy(struct random *random, struct random_text *text)
{
	unsigned n = 1 + random_below(random, 5);

	text->size = 0;
	if (random_below(random, 3) == 0)
		put(text, "default %s\n", random_below(random, 2) ? "deny" : "allow");
	for (unsigned i = 0; i < n; i++)
		put_statement(random, text);
}

/* --- requests */

static unsigned socket_family(struct random *random)
{
	if (random_below(random, 3) == 0)
		return random_below(random, 46);
	return random_below(random, 2) ? AF_INET : AF_INET6;
}

static unsigned address_family(struct random *random)
{
	static const unsigned families[] = {AF_UNSPEC, AF_UNIX,	   AF_INET,
					    AF_INET6,  AF_NETLINK, AF_VSOCK};

	return families[random_below(random, sizeof(families) / sizeof(families[0]))];
}

/* An address gives the family of a connect; by_family: there is a family alone. */
static void put_field(struct random *random, struct random_text *text, const struct field *field,
		      bool is_socket, bool by_family)
{
	if (field->kind == KIND_ADDRESS && !by_family)
		put(text, " addr=%s", pick(random, addresses));
	else if (field->id == FIELD_FAMILY && is_socket)
		put(text, " family=%u", socket_family(random));
	else if (field->id == FIELD_FAMILY && by_family)
		put(text, " family=%u", address_family(random));
	else if (field->id == FIELD_SQE_FLAGS)
		put(text, " sqe_flags=%u",
		    random_below(random, 3) ? 0 : random_below(random, 0x80));
	else if (field->id == FIELD_TYPE)
		put(text, " type=%u%s", random_below(random, 16),
		    random_below(random, 4) ? "" : "|SOCK_CLOEXEC");
	else if (field->id != FIELD_FAMILY && field->kind != KIND_ADDRESS)
		put(text, " %s=%" PRIu64, field->name, value_for(random, field->mask));
}

void random_request(struct random *random, struct random_text *text)
{
	size_t op = random_below(random, OPS);
	bool by_family = random_below(random, 4) == 0;

	text->size = 0;
	put(text, "%s", ops[op].name);
	for (size_t i = 0; i < FIELDS; i++)
		if (field_in(&fields[i], ops[op].payload) && fields[i].id != FIELD_ACCMODE &&
		    random_below(random, 4))
			put_field(random, text, &fields[i], ops[op].payload == PAYLOAD_SOCKET,
				  by_family);
}
