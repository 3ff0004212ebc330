// SPDX-License-Identifier: MIT
#include "policy/network.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *parse(const char *text, struct network *network)
{
	return network_parse(text, strlen(text), network);
}

/* Texts, and how they are written in normal form. */
static const struct {
	const char *text, *normal;
} good[] = {
	{"0.0.0.0", "0.0.0.0"},
	{"255.255.255.255", "255.255.255.255"},
	{"10.0.0.0/8", "10.0.0.0/8"},
	{"10.0.0.1/32", "10.0.0.1"},
	{"0.0.0.0/0", "0.0.0.0/0"},
	{"172.16.0.0/12", "172.16.0.0/12"},
	{"128.0.0.0/1", "128.0.0.0/1"},
	{"::", "::"},
	{"::/0", "::/0"},
	{"::1", "::1"},
	{"1::", "1::"},
	{"2001:DB8::/32", "2001:db8::/32"},
	{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
	{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
	{"::1.2.3.4", "::102:304"},
	{"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
	{"::ffff:102:304", "::ffff:1.2.3.4"},
	{"0:0:0:0:0:ffff:127.0.0.0/104", "::ffff:127.0.0.0/104"},
	{"::ffff:0:0/96", "::ffff:0.0.0.0/96"},
	{"::fffe:0:0/95", "::fffe:0:0/95"},
	{"fe80::/10", "fe80::/10"},
	{"0001::0002", "1::2"},
	{"1::/16", "1::/16"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
	 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
};

Test(network, texts_and_their_normal_form)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		char text[NETWORK_TEXT_MAX];
		struct network network, again;

		cr_assert_null(parse(good[i].text, &network), "%s", good[i].text);
		network_format(&network, text);
		cr_expect_str_eq(text, good[i].normal);
		cr_assert_null(parse(text, &again), "%s", text);
		cr_expect(memcmp(&network, &again, sizeof(network)) == 0, "%s", text);
	}
}

static const struct {
	const char *text, *problem;
} bad[] = {
	{"", "not an IPv4 or IPv6 address"},
	{"/8", "not an IPv4 or IPv6 address"},
	{"1", "not an IPv4 or IPv6 address"},
	{"1.2.3", "not an IPv4 or IPv6 address"},
	{"1.2.3.", "not an IPv4 or IPv6 address"},
	{"1.2.3.4.5", "not an IPv4 or IPv6 address"},
	{"1.2.3.256", "not an IPv4 or IPv6 address"},
	{"1.2.3.9999999999", "not an IPv4 or IPv6 address"},
	{"1..2.3", "not an IPv4 or IPv6 address"},
	{"1.2.3.4 ", "not an IPv4 or IPv6 address"},
	{"1.2.3.0x4", "not an IPv4 or IPv6 address"},
	{"1.2.3.a", "not an IPv4 or IPv6 address"},
	{"01.2.3.4", "a number with a leading 0, which some read as octal"},
	{"1.2.3.00", "a number with a leading 0, which some read as octal"},
	{"::ffff:1.2.3.04", "a number with a leading 0, which some read as octal"},
	{":", "not an IPv4 or IPv6 address"},
	{":1::", "not an IPv4 or IPv6 address"},
	{"1:", "not an IPv4 or IPv6 address"},
	{"1::2:", "not an IPv4 or IPv6 address"},
	{":::", "not an IPv4 or IPv6 address"},
	{"1:::2", "not an IPv4 or IPv6 address"},
	{"1::2::3", "not an IPv4 or IPv6 address"},
	{"12345::", "not an IPv4 or IPv6 address"},
	{"g::", "not an IPv4 or IPv6 address"},
	{"1:2:3:4:5:6:7", "not an IPv4 or IPv6 address"},
	{"1:2:3:4:5:6:7:8:9", "not an IPv4 or IPv6 address"},
	{"1:2:3:4:5:6:7:8::", "not an IPv4 or IPv6 address"},
	{"1:2:3:4::5:6:7:8", "not an IPv4 or IPv6 address"},
	{"1:2:3:4:5:6:7:1.2.3.4", "not an IPv4 or IPv6 address"},
	{"::1.2.3", "not an IPv4 or IPv6 address"},
	{"::1.2.3.4:5", "not an IPv4 or IPv6 address"},
	{"1.2.3.4::", "not an IPv4 or IPv6 address"},
	{"fe80::1%eth0", "not an IPv4 or IPv6 address"},
	{"10.0.0.0/", "the prefix after / is not a number"},
	{"10.0.0.0/a", "the prefix after / is not a number"},
	{"10.0.0.0/8a", "the prefix after / is not a number"},
	{"10.0.0.0/8/8", "the prefix after / is not a number"},
	{"10.0.0.0/255.0.0.0", "the prefix of an IPv4 network is at most 32"},
	{"10.0.0.0/08", "a number with a leading 0, which some read as octal"},
	{"10.0.0.0/33", "the prefix of an IPv4 network is at most 32"},
	{"::/129", "the prefix of an IPv6 network is at most 128"},
	{"10.0.0.1/8", "bits are set after the prefix"},
	{"10.0.0.0/6", "bits are set after the prefix"},
	{"0.0.0.1/0", "bits are set after the prefix"},
	{"2001:db8::1/32", "bits are set after the prefix"},
	{"fe80::/8", "bits are set after the prefix"},
};

Test(network, what_is_wrong)
{
	struct network network;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *problem = parse(bad[i].text, &network);

		cr_assert_not_null(problem, "%s", bad[i].text);
		cr_expect_str_eq(problem, bad[i].problem, "%s: %s", bad[i].text, problem);
	}
}

Test(network, with_host_bits_it_is_the_network_without_them)
{
	char text[NETWORK_TEXT_MAX];
	struct network network;

	cr_assert_not_null(parse("10.1.2.3/12", &network));
	network_format(&network, text);
	cr_expect_str_eq(text, "10.0.0.0/12");
}

/* A repeatable sequence: xorshift. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* inet_pton(3) takes the same texts and gives the same bytes. */
Test(network, agrees_with_libc)
{
	static const char alphabet[] = "::::..0012fF";
	uint32_t state = 1;

	for (int i = 0; i < 300000; i++) {
		char text[24] = "";
		size_t size = next_random(&state) % (sizeof(text) - 1);
		struct network network;
		uint8_t bytes[16] = {0};
		bool ok;

		for (size_t j = 0; j < size; j++)
			text[j] = alphabet[next_random(&state) % (sizeof(alphabet) - 1)];
		ok = inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, bytes) == 1;
		cr_assert_eq(parse(text, &network) == NULL, ok, "%s", text);
		if (ok)
			cr_assert_arr_eq(network.bytes, bytes, sizeof(bytes), "%s", text);
	}
}

/* inet_ntop(3) writes the same, but for addresses that it takes for IPv4 ones ("::1.2.3.4"). */
Test(network, is_written_as_by_libc)
{
	uint32_t state = 1;

	for (int i = 0; i < 100000; i++) {
		struct network network = {.v6 = true, .prefix = 128};
		char text[NETWORK_TEXT_MAX], theirs[INET6_ADDRSTRLEN];

		for (size_t j = 0; j < 16; j += 2)
			if (next_random(&state) % 2)
				network.bytes[j + next_random(&state) % 2] = (uint8_t)state;
		network_format(&network, text);
		inet_ntop(AF_INET6, network.bytes, theirs, sizeof(theirs));
		if (!strchr(theirs, '.'))
			cr_assert_str_eq(text, theirs);
	}
}

/* Networks, and all that they stand for. */
static const struct {
	const char *text, *expanded;
} expansions[] = {
	{"10.0.0.0/8", "10.0.0.0/8 ::ffff:10.0.0.0/104"},
	{"192.0.2.1", "192.0.2.1 ::ffff:192.0.2.1"},
	{"127.0.0.0/8", "127.0.0.0/8 ::ffff:127.0.0.0/104 0.0.0.0 ::ffff:0.0.0.0 ::"},
	{"127.0.0.1", "127.0.0.1 ::ffff:127.0.0.1 0.0.0.0 ::ffff:0.0.0.0 ::"},
	{"64.0.0.0/2", "64.0.0.0/2 ::ffff:64.0.0.0/98 0.0.0.0 ::ffff:0.0.0.0 ::"},
	{"0.0.0.0/0", "0.0.0.0/0 ::ffff:0.0.0.0/96 ::"},
	{"0.0.0.0/1", "0.0.0.0/1 ::ffff:0.0.0.0/97 ::"},
	{"0.0.0.0", "0.0.0.0 ::ffff:0.0.0.0"},
	{"128.0.0.0/1", "128.0.0.0/1 ::ffff:128.0.0.0/97"},
	{"2001:db8::/32", "2001:db8::/32"},
	{"::1", "::1 ::"},
	{"::", "::"},
	{"::/127", "::/127"},
	{"::/0", "::/0"},
	{"::ffff:0.0.0.0/96", "::ffff:0.0.0.0/96 ::"},
	{"::ffff:127.0.0.1", "::ffff:127.0.0.1 :: ::ffff:0.0.0.0"},
	{"::ffff:126.0.0.0/103", "::ffff:126.0.0.0/103 :: ::ffff:0.0.0.0"},
	{"::ffff:128.0.0.0/97", "::ffff:128.0.0.0/97"},
};

Test(network, what_they_stand_for)
{
	for (size_t i = 0; i < COUNT(expansions); i++) {
		struct network network, expanded[NETWORK_EXPANSION_MAX];
		char all[NETWORK_EXPANSION_MAX * NETWORK_TEXT_MAX] = "", *end = all;
		size_t n;

		cr_assert_null(parse(expansions[i].text, &network));
		n = network_expand(&network, expanded);
		for (size_t j = 0; j < n; j++) {
			char text[NETWORK_TEXT_MAX];

			network_format(&expanded[j], text);
			end += sprintf(end, "%s%s", j ? " " : "", text);
		}
		cr_expect_str_eq(all, expansions[i].expanded);
	}
}

static const struct {
	const char *network, *address;
	bool matches;
} matches[] = {
	{"10.0.0.0/8", "10.255.0.1", true},
	{"10.0.0.0/8", "11.0.0.0", false},
	{"10.0.0.0/8", "::ffff:10.0.0.1", true},
	{"10.0.0.0/8", "::10.0.0.1", false},
	{"172.16.0.0/12", "172.31.255.255", true},
	{"172.16.0.0/12", "172.32.0.0", false},
	{"127.0.0.0/8", "0.0.0.0", true},
	{"127.0.0.0/8", "::", true},
	{"127.0.0.0/8", "::1", false},
	{"::1", "::", true},
	{"::1", "0.0.0.0", false},
	{"::/0", "10.0.0.1", false},
	{"::/0", "::ffff:10.0.0.1", true},
	{"2001:db8::/31", "2001:db9::1", true},
	{"2001:db8::/32", "2001:db9::1", false},
};

Test(network, matching)
{
	for (size_t i = 0; i < COUNT(matches); i++) {
		struct network network, address;

		cr_assert_null(parse(matches[i].network, &network));
		cr_assert_null(parse(matches[i].address, &address));
		cr_expect_eq(
			network_matches(&network, address.v6 ? AF_INET6 : AF_INET, address.bytes),
			matches[i].matches, "%s in %s", matches[i].address, matches[i].network);
		cr_expect_not(network_matches(&network, AF_UNIX, address.bytes));
	}
}
