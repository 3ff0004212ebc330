/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_NETWORK_H
#define URING_JAIL_POLICY_NETWORK_H

#include "policy/policy.h"

/**
 * Reads an address or a network: "10.0.0.0/8", "2001:db8::1", "::ffff:10.0.0.0/104". Without a
 * prefix it is a network of one address.
 *
 * @return NULL, or what is wrong with the `size` bytes at `text`, as the end of a message. Where
 *         only bits after the prefix are set, `out` is all the same that network without them.
 */
const char *network_parse(const char *text, size_t size, struct network *out);

/* Bytes that network_format() writes at most, with the NUL. */
#define NETWORK_TEXT_MAX 64

/**
 * Writes a network as network_parse() reads it, IPv6 as RFC 5952 has it. A prefix is written
 * unless it is of all bits.
 */
void network_format(const struct network *network, char text[NETWORK_TEXT_MAX]);

/* Networks that network_expand() gives at most. */
#define NETWORK_EXPANSION_MAX 5

/**
 * Gives all that a network in a condition stands for, as prefixes that are compared with an
 * address of their own family alone (v6: AF_INET6, else AF_INET):
 *
 * - itself;
 * - for an IPv4 network the v4-mapped addresses (::ffff:a.b.c.d) by which an AF_INET6 socket
 *   reaches it;
 * - for one that has a loopback address the unspecified addresses that connect to loopback: the
 *   kernel takes 0.0.0.0 for 127.0.0.1 (net/ipv4/route.c, ip_route_output_key_hash_rcu()), also
 *   as ::ffff:0.0.0.0, and :: for ::1, or, where the socket is bound to a v4-mapped address, for
 *   127.0.0.1 (net/ipv6/tcp_ipv6.c, tcp_v6_connect(); net/ipv6/datagram.c,
 *   __ip6_datagram_connect()).
 *
 * An IPv6 network, also one of v4-mapped addresses, does not stand for IPv4 addresses.
 *
 * @return how many there are in `out`, none of them within another
 */
size_t network_expand(const struct network *network, struct network out[NETWORK_EXPANSION_MAX]);

/**
 * Whether an address is in a network, as conditions mean it: in one of network_expand()'s.
 *
 * @param family AF_INET or AF_INET6, whose address is in the first 4 or all 16 bytes of `address`
 *               in network order; addresses of any other family are in no network
 */
bool network_matches(const struct network *network, uint64_t family, const uint8_t address[16]);

#endif
