// SPDX-License-Identifier: MIT
/* Every way of saying the same in other fields: what a condition tests is not all there is. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "escape.h"

/* --- opens */

/* Each bit beside those that deny: the kernel may look at it and forget the others. */
static int every_flag(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct io_uring_sqe *sqe = queue_goal(&ring, goal, 0);

		/* makes a file without a name: not what this policy is about */
		if ((1U << bit) == (O_TMPFILE & ~O_DIRECTORY))
			sqe->open_flags |= O_NOFOLLOW;
		else
			sqe->open_flags |= 1U << bit;
		sweep_count(goal, submit(&ring));
	}
	return sweep_end();
}

/* The high word as well, and all that openat2 adds. */
static int every_flag_of_how(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	for (unsigned int bit = 0; bit < 64; bit++) {
		struct io_uring_sqe *sqe = queue_goal(&ring, goal, 0);
		struct open_how *how = (struct open_how *)(uintptr_t)sqe->addr2;
		uint64_t flags = how->flags;

		how->flags |= 1ULL << bit;
		sweep_count(goal, submit(&ring));
		how->flags = flags;
	}
	return sweep_end();
}

/* A structure longer than the kernel's, with zeroes at its end, is taken. */
static int long_how(const struct goal *goal)
{
	static char memory[4096];
	struct io_uring_sqe *sqe;
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	for (unsigned int size = sizeof(struct open_how); size <= sizeof(memory); size *= 2) {
		sqe = queue_goal(&ring, goal, 0);
		memset(memory, 0, sizeof(memory));
		memcpy(memory, (void *)(uintptr_t)sqe->addr2, sizeof(struct open_how));
		sqe->addr2 = (uintptr_t)memory;
		sqe->len = size;
		sweep_count(goal, submit(&ring));
	}
	return sweep_end();
}

/* --- sockets */

/* The same socket under other names. */
static const struct socket_name {
	int family;
	uint64_t type;
	unsigned int protocol;
} packets[] =
	{
		{AF_PACKET, SOCK_RAW, 0},
		{AF_PACKET, SOCK_DGRAM, 0},
		{AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
		{AF_INET, SOCK_PACKET, 0},
		{AF_INET, SOCK_PACKET | SOCK_CLOEXEC, 0},
		{AF_INET, SOCK_PACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
		{AF_INET, SOCK_PACKET | 0x100000000, 0},
		{AF_INET, SOCK_PACKET, 0x0300},
},
  datagrams[] = {
	  {AF_INET, SOCK_DGRAM, 0},
	  {AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0},
	  {AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0},
	  {AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0},
	  {AF_INET, SOCK_DGRAM | 0x100000000, 0},
	  {AF_INET, SOCK_DGRAM | 0x8000000000000000, 0},
	  {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
	  {AF_INET6, SOCK_DGRAM, 0},
	  {AF_UNIX, SOCK_DGRAM, 0},
};

static int other_names(const struct goal *goal, const struct socket_name *names, size_t count)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++) {
		struct io_uring_sqe *sqe = queue_goal(&ring, goal, 0);

		sqe->fd = names[i].family;
		sqe->off = names[i].type;
		sqe->len = names[i].protocol;
		sweep_count(goal, submit(&ring));
	}
	if (!escape.reached && !escape.denied)
		return not_here("no such socket");
	return sweep_end();
}

static int packet_names(const struct goal *goal)
{
	return other_names(goal, packets, sizeof(packets) / sizeof(*packets));
}

static int datagram_names(const struct goal *goal)
{
	return other_names(goal, datagrams, sizeof(datagrams) / sizeof(*datagrams));
}

/* --- connections: addresses as text and what else there is to say about them */

struct destination {
	int socket_family;
	int type, protocol;
	const char *address;
	const char *bound; /* where the socket is bound to first, or NULL */
	unsigned int size; /* of the address, where it is not the usual one */
	unsigned int flow, scope;
};

static const struct destination loopbacks[] =
	{
		{AF_INET, SOCK_STREAM, 0, "127.0.0.1", NULL, 0, 0, 0},
		{AF_INET, SOCK_STREAM, 0, "127.1.2.3", NULL, 0, 0, 0},
		{AF_INET, SOCK_STREAM, 0, "127.255.255.254", NULL, 0, 0, 0},
		{AF_INET, SOCK_STREAM, 0, "0.0.0.0", NULL, 0, 0, 0},
		{AF_INET, SOCK_STREAM, 0, "127.0.0.1", NULL, 128, 0, 0},
		{AF_INET, SOCK_STREAM, IPPROTO_MPTCP, "127.0.0.1", NULL, 0, 0, 0},
		{AF_INET, SOCK_DGRAM, 0, "127.0.0.1", NULL, 0, 0, 0},
		{AF_INET, SOCK_DGRAM, 0, "0.0.0.0", NULL, 0, 0, 0},
		{AF_INET, SOCK_RAW, IPPROTO_UDP, "127.0.0.1", NULL, 0, 0, 0},
		{AF_INET6, SOCK_STREAM, 0, "::ffff:127.0.0.1", NULL, 0, 0, 0},
		{AF_INET6, SOCK_STREAM, 0, "::ffff:127.1.2.3", NULL, 0, 0, 0},
		{AF_INET6, SOCK_STREAM, 0, "::ffff:0.0.0.0", NULL, 0, 0, 0},
		{AF_INET6, SOCK_STREAM, 0, "::ffff:127.0.0.1", NULL, 0, 0x0f00000, 7},
		{AF_INET6, SOCK_STREAM, 0, "::ffff:127.0.0.1", NULL, 128, 0, 0},
		{AF_INET6, SOCK_STREAM, 0, "::", "::ffff:127.0.0.1", 0, 0, 0},
		{AF_INET6, SOCK_STREAM, 0, "::", NULL, 0, 0, 0},
		{AF_INET6, SOCK_DGRAM, 0, "::ffff:127.0.0.1", NULL, 0, 0, 0},
		{AF_INET6, SOCK_DGRAM, 0, "::ffff:0.0.0.0", NULL, 0, 0, 0},
		{AF_INET6, SOCK_DGRAM, 0, "::", "::ffff:127.0.0.1", 0, 0, 0},
		/* an IPv4 address on an IPv6 socket */
		{AF_INET6, SOCK_DGRAM, 0, "127.0.0.1", NULL, 0, 0, 0},
		{AF_INET6, SOCK_DGRAM, 0, "0.0.0.0", NULL, 0, 0, 0},
},
				loopbacks6[] = {
					{AF_INET6, SOCK_STREAM, 0, "::1", NULL, 0, 0, 0},
					{AF_INET6, SOCK_STREAM, 0, "::", NULL, 0, 0, 0},
					{AF_INET6, SOCK_STREAM, 0, "::1", NULL, 0, 0xffffffff, 0},
					{AF_INET6, SOCK_STREAM, 0, "::1", NULL, 0, 0, 1},
					{AF_INET6, SOCK_STREAM, 0, "::1", NULL, 128, 0, 0},
					/* without the last field, as RFC 2133 had it */
					{AF_INET6, SOCK_STREAM, 0, "::1", NULL, 24, 0, 0},
					{AF_INET6, SOCK_STREAM, 0, "::1", NULL, 25, 0, 0},
					{AF_INET6, SOCK_STREAM, 0, "::1", NULL, 27, 0, 0},
					{AF_INET6, SOCK_STREAM, 0, "::", NULL, 24, 0, 0},
					{AF_INET6, SOCK_STREAM, IPPROTO_MPTCP, "::1", NULL, 0, 0,
					 0},
					{AF_INET6, SOCK_STREAM, IPPROTO_MPTCP, "::1", NULL, 24, 0,
					 0},
					{AF_INET6, SOCK_DGRAM, 0, "::1", NULL, 0, 0, 0},
					{AF_INET6, SOCK_DGRAM, 0, "::1", NULL, 24, 0, 0},
					{AF_INET6, SOCK_RAW, IPPROTO_UDP, "::1", NULL, 24, 0, 0},
};

static unsigned int write_address(struct sockaddr_storage *storage, const char *text,
				  const struct destination *to)
{
	struct sockaddr_in *in = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(LISTENER_PORT);
		return sizeof(*in);
	}
	inet_pton(AF_INET6, text, &in6->sin6_addr);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(LISTENER_PORT);
	in6->sin6_flowinfo = to->flow;
	in6->sin6_scope_id = to->scope;
	return sizeof(*in6);
}

static bool bind_socket(int fd, const struct destination *to)
{
	struct sockaddr_storage own;
	unsigned int size;

	if (!to->bound)
		return true;
	size = write_address(&own, to->bound, to);
	((struct sockaddr_in *)&own)->sin_port = 0;
	return bind(fd, (struct sockaddr *)&own, size) == 0;
}

static int connect_to(struct ring *ring, const struct goal *goal, const struct destination *to)
{
	int fd = socket(to->socket_family, to->type | SOCK_CLOEXEC, to->protocol), result;
	unsigned int size = write_address(goals_address(), to->address, to);

	if (fd < 0 || !bind_socket(fd, to))
		result = -errno;
	else {
		goals_connect_from(fd, to->size ? to->size : size);
		result = request_on(ring, goal);
	}
	sweep_count(goal, result);
	close(fd);
	return result;
}

static int connect_to_all(const struct goal *goal, const struct destination *all, size_t count)
{
	struct ring ring;
	int error = open_ring(&ring, 0);

	if (error)
		return error;
	if (!goals_listen())
		return broken("listen", -errno);
	for (size_t i = 0; i < count; i++) {
		unsigned int reached = escape.reached;
		int result = connect_to(&ring, goal, &all[i]);

		dprintf(STDOUT_FILENO, "%s on %d, %d, size %u: %d%s\n", all[i].address,
			all[i].socket_family, all[i].type, all[i].size, result,
			escape.reached > reached ? ", reached" : "");
	}
	return sweep_end();
}

static int to_loopback(const struct goal *goal)
{
	return connect_to_all(goal, loopbacks, sizeof(loopbacks) / sizeof(*loopbacks));
}

static int to_loopback6(const struct goal *goal)
{
	return connect_to_all(goal, loopbacks6, sizeof(loopbacks6) / sizeof(*loopbacks6));
}

const struct attempt field_attempts[] = {
	{
		.name = "field-flags",
		.why = "another flag could hide the one that is tested",
		.goals = {&goal_create, &goal_writable},
		.run = every_flag,
	},
	{
		.name = "field-flags-how",
		.why = "openat2 has flags of 64 bits",
		.goals = {&goal_create_how},
		.run = every_flag_of_how,
	},
	{
		.name = "field-how-long",
		.why = "its structure may be longer than the one that is tested",
		.goals = {&goal_create_how, &goal_openat2},
		.run = long_how,
	},
	{
		.name = "field-packet",
		.why = "a socket of one family is had by the name of another",
		.goals = {&goal_packet},
		.run = packet_names,
	},
	{
		.name = "field-datagram",
		.why = "a type has flags in it, and bits that the kernel drops",
		.goals = {&goal_datagram},
		.run = datagram_names,
	},
	{
		.name = "field-loopback",
		.why = "it has many other names, on sockets of both families",
		.goals = {&goal_loopback, &goal_port},
		.run = to_loopback,
	},
	{
		.name = "field-loopback6",
		.why = "an address may be shorter and longer than what is tested",
		.goals = {&goal_loopback6, &goal_port},
		.run = to_loopback6,
	},
	{.name = NULL},
};
