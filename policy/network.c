// SPDX-License-Identifier: MIT
#include "policy/network.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char no_address[] = "not an IPv4 or IPv6 address";
static const char no_prefix[] = "the prefix after / is not a number";
static const char leading_zero[] = "a number with a leading 0, which some read as octal";
static const char ipv4_prefix[] = "the prefix of an IPv4 network is at most 32";
static const char ipv6_prefix[] = "the prefix of an IPv6 network is at most 128";
static const char host_bits[] = "bits are set after the prefix";

/* --- reading */

/* The part of a text that has not been read yet. */
struct reader {
	const char *at, *end;
};

static bool at_end(const struct reader *reader)
{
	return reader->at == reader->end;
}

static bool skip(struct reader *reader, char c)
{
	if (at_end(reader) || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

/* The value of a digit, in hexadecimal, or INT_MAX. */
static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return INT_MAX;
}

/* Reads at most four hexadecimal digits; returns how many there were. */
static size_t read_hexadecimal(struct reader *reader, unsigned *value)
{
	size_t n = 0;

	*value = 0;
	for (; n < 4 && !at_end(reader) && digit_value(*reader->at) < 16; n++)
		*value = *value * 16 + (unsigned)digit_value(*reader->at++);
	return n;
}

/* Reads a decimal number up to `max`; returns what is wrong, and `otherwise` if it is no number. */
static const char *read_decimal(struct reader *reader, unsigned max, const char *otherwise,
				const char *too_large, uint8_t *value)
{
	const char *start = reader->at;
	size_t n = 0, left = (size_t)(reader->end - start);
	unsigned number = 0;

	for (; n < 4 && n < left && start[n] >= '0' && start[n] <= '9'; n++)
		number = number * 10 + (unsigned)(start[n] - '0');
	reader->at += n;
	if (n == 0)
		return otherwise;
	if (n > 1 && *start == '0')
		return leading_zero;
	if (number > max)
		return too_large;
	*value = (uint8_t)number;
	return NULL;
}

static const char *read_ipv4(struct reader *reader, uint8_t bytes[4])
{
	for (size_t i = 0; i < 4; i++) {
		const char *problem;

		if (i > 0 && !skip(reader, '.'))
			return no_address;
		problem = read_decimal(reader, UINT8_MAX, no_address, no_address, &bytes[i]);
		if (problem)
			return problem;
	}
	return at_end(reader) ? NULL : no_address;
}

/* Whether what is left is the dotted end of an IPv6 address. */
static bool at_ipv4(const struct reader *reader)
{
	size_t size = (size_t)(reader->end - reader->at);

	return memchr(reader->at, '.', size) && !memchr(reader->at, ':', size);
}

/* Reads one group of an IPv6 address, or the IPv4 address at its end, to bytes[*n]. */
static const char *read_group(struct reader *reader, uint8_t bytes[16], size_t *n)
{
	size_t size = at_ipv4(reader) ? 4 : 2;
	unsigned group;

	if (*n + size > 16)
		return no_address;
	*n += size;
	if (size == 4)
		return read_ipv4(reader, bytes + *n - 4);
	if (read_hexadecimal(reader, &group) == 0)
		return no_address;
	bytes[*n - 2] = (uint8_t)(group >> 8);
	bytes[*n - 1] = (uint8_t)group;
	return NULL;
}

/* Moves the bytes after `gap` to the end, so that what :: stands for is zeros between. */
static void open_gap(uint8_t bytes[16], size_t gap, size_t n)
{
	memmove(bytes + 16 - (n - gap), bytes + gap, n - gap);
	memset(bytes + gap, 0, 16 - n);
}

static const char *read_ipv6(struct reader *reader, uint8_t bytes[16])
{
	size_t n = 0, gap = 0;
	bool has_gap = false;

	if (skip(reader, ':')) {
		if (!skip(reader, ':'))
			return no_address;
		has_gap = true;
	}
	while (!at_end(reader)) {
		const char *problem = read_group(reader, bytes, &n);

		if (problem)
			return problem;
		if (at_end(reader))
			break;
		if (!skip(reader, ':') || at_end(reader))
			return no_address;
		if (!skip(reader, ':'))
			continue;
		if (has_gap)
			return no_address;
		has_gap = true;
		gap = n;
	}
	if (has_gap ? n > 14 : n != 16)
		return no_address;
	open_gap(bytes, has_gap ? gap : n, n);
	return NULL;
}

/* Clears the bits after the prefix; returns whether any was set. */
static bool clear_host_bits(struct network *network)
{
	unsigned size = network->v6 ? 16 : 4, host = 0xffU >> network->prefix % 8;
	bool any = false;

	for (unsigned i = network->prefix / 8; i < size; i++, host = 0xff) {
		any = any || (network->bytes[i] & host);
		network->bytes[i] = (uint8_t)(network->bytes[i] & ~host);
	}
	return any;
}

const char *network_parse(const char *text, size_t size, struct network *out)
{
	const char *slash = memchr(text, '/', size);
	struct reader address = {text, slash ? slash : text + size};
	const char *problem;

	*out = (struct network){.v6 = memchr(text, ':', (size_t)(address.end - text))};
	out->prefix = out->v6 ? 128 : 32;
	problem = out->v6 ? read_ipv6(&address, out->bytes) : read_ipv4(&address, out->bytes);
	if (!problem && slash) {
		struct reader prefix = {slash + 1, text + size};

		problem = read_decimal(&prefix, out->prefix, no_prefix,
				       out->v6 ? ipv6_prefix : ipv4_prefix, &out->prefix);
		if (!problem && !at_end(&prefix))
			problem = no_prefix;
	}
	if (!problem && clear_host_bits(out))
		problem = host_bits;
	return problem;
}

/* --- writing */

static const struct network mapped_prefix = {true, 96, {[10] = 0xff, [11] = 0xff}};

static unsigned group_at(const struct network *network, size_t i)
{
	return (unsigned)network->bytes[2 * i] << 8 | network->bytes[2 * i + 1];
}

/* The longest run of two or more zero groups, the first of such: from *start to before *end. */
static void find_gap(const struct network *network, size_t *start, size_t *end)
{
	*start = *end = 8;
	for (size_t i = 0; i < 8; i++) {
		size_t n = 0;

		while (i + n < 8 && group_at(network, i + n) == 0)
			n++;
		if (n >= 2 && n > *end - *start) {
			*start = i;
			*end = i + n;
		}
	}
}

static char *write_ipv4(char *text, const uint8_t bytes[4])
{
	return text + sprintf(text, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

static char *write_ipv6(char *text, const struct network *network)
{
	size_t gap, gap_end;

	find_gap(network, &gap, &gap_end);
	for (size_t i = 0; i < 8; i++) {
		if (i == gap) {
			text = stpcpy(text, "::");
			i = gap_end;
		} else if (i > 0) {
			*text++ = ':';
		}
		if (i < 8)
			text += sprintf(text, "%x", group_at(network, i));
	}
	return text;
}

static bool within(const struct network *inner, const struct network *outer);

void network_format(const struct network *network, char text[NETWORK_TEXT_MAX])
{
	char *end;

	if (!network->v6)
		end = write_ipv4(text, network->bytes);
	else if (within(network, &mapped_prefix))
		end = write_ipv4(stpcpy(text, "::ffff:"), network->bytes + 12);
	else
		end = write_ipv6(text, network);
	*end = '\0';
	if (network->prefix != (network->v6 ? 128 : 32))
		sprintf(end, "/%u", network->prefix);
}

/* --- matching */

/* Whether the first `bits` bits of both are the same. */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* Whether all addresses of `inner` are in `outer`, as prefixes alone. */
static bool within(const struct network *inner, const struct network *outer)
{
	return inner->v6 == outer->v6 && inner->prefix >= outer->prefix &&
	       same_bits(inner->bytes, outer->bytes, outer->prefix);
}

/* Networks are nested or apart. */
static bool intersect(const struct network *a, const struct network *b)
{
	return within(a, b) || within(b, a);
}

/* The v4-mapped addresses of an IPv4 network. */
static struct network mapped(const struct network *network)
{
	struct network out = mapped_prefix;

	out.prefix = (uint8_t)(96 + network->prefix);
	memcpy(out.bytes + 12, network->bytes, 4);
	return out;
}

#define LOOPBACK4                                                                                  \
	{                                                                                          \
		false, 8,                                                                          \
		{                                                                                  \
			127                                                                        \
		}                                                                                  \
	}
#define LOOPBACK6                                                                                  \
	{                                                                                          \
		true, 128,                                                                         \
		{                                                                                  \
			[15] = 1                                                                   \
		}                                                                                  \
	}
#define LOOPBACK_MAPPED                                                                            \
	{                                                                                          \
		true, 104,                                                                         \
		{                                                                                  \
			[10] = 0xff, [11] = 0xff, [12] = 127                                       \
		}                                                                                  \
	}
#define UNSPECIFIED4                                                                               \
	{                                                                                          \
		false, 32,                                                                         \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}
#define UNSPECIFIED6                                                                               \
	{                                                                                          \
		true, 128,                                                                         \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}
#define UNSPECIFIED_MAPPED                                                                         \
	{                                                                                          \
		true, 128,                                                                         \
		{                                                                                  \
			[10] = 0xff, [11] = 0xff                                                   \
		}                                                                                  \
	}

/* By which unspecified addresses loopback ones are reached; why stands at network_expand(). */
static const struct {
	struct network loopback;
	size_t n;
	struct network unspecified[3];
} aliases[] = {
	{LOOPBACK4, 3, {UNSPECIFIED4, UNSPECIFIED_MAPPED, UNSPECIFIED6}},
	{LOOPBACK6, 1, {UNSPECIFIED6}},
	{LOOPBACK_MAPPED, 2, {UNSPECIFIED6, UNSPECIFIED_MAPPED}},
};

/* Adds a network to `out` unless it is within one that is there. */
static void add(struct network out[NETWORK_EXPANSION_MAX], size_t *n, const struct network *network)
{
	for (size_t i = 0; i < *n; i++)
		if (within(network, &out[i]))
			return;
	out[(*n)++] = *network;
}

size_t network_expand(const struct network *network, struct network out[NETWORK_EXPANSION_MAX])
{
	size_t n = 0;

	out[n++] = *network;
	if (!network->v6)
		out[n++] = mapped(network);
	for (size_t i = 0; i < COUNT(aliases); i++) {
		if (!intersect(network, &aliases[i].loopback))
			continue;
		for (size_t j = 0; j < aliases[i].n; j++)
			add(out, &n, &aliases[i].unspecified[j]);
	}
	return n;
}

bool network_matches(const struct network *network, uint64_t family, const uint8_t address[16])
{
	struct network expanded[NETWORK_EXPANSION_MAX];
	size_t n = network_expand(network, expanded);

	for (size_t i = 0; i < n; i++)
		if (family == (expanded[i].v6 ? AF_INET6 : AF_INET) &&
		    same_bits(address, expanded[i].bytes, expanded[i].prefix))
			return true;
	return false;
}
