// SPDX-License-Identifier: MIT
/* What the policies deny. Each goal has an effect that is looked at, not only a result. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "escape.h"

#define MADE "made"

static uint64_t pointer(const void *memory)
{
	return (uintptr_t)memory;
}

/* --- files that are made */

static struct open_how how = {.flags = O_RDWR | O_CREAT | O_CLOEXEC, .mode = 0600};

static bool made(int result)
{
	if (result >= 0)
		close(result);
	return unlink(MADE) == 0;
}

static void open_how(struct io_uring_sqe *sqe)
{
	how.flags |= O_CREAT;
	how.mode = 0600;
	sqe->opcode = OP_OPENAT2;
	sqe->fd = AT_FDCWD;
	sqe->addr = pointer(MADE);
	sqe->addr2 = pointer(&how);
	sqe->len = sizeof(how);
}

static void open_or_nothing(struct io_uring_sqe *sqe, bool denied)
{
	sqe->opcode = denied ? OP_OPENAT2 : OP_NOP;
}

static void create_how_or_open(struct io_uring_sqe *sqe, bool denied)
{
	(void)sqe;
	how.flags = denied ? O_RDWR | O_CLOEXEC | O_CREAT : O_RDWR | O_CLOEXEC;
	how.mode = denied ? 0600 : 0;
}

static void create(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_OPENAT;
	sqe->fd = AT_FDCWD;
	sqe->addr = pointer(MADE);
	sqe->len = 0600;
	sqe->open_flags = O_RDWR | O_CREAT | O_CLOEXEC;
}

static void create_or_open(struct io_uring_sqe *sqe, bool denied)
{
	sqe->open_flags = denied ? O_RDWR | O_CLOEXEC | O_CREAT : O_RDWR | O_CLOEXEC;
}

const struct goal goal_openat2 = {
	.name = "openat2",
	.policy = "deny openat2",
	.needs = NEEDS_RESTRICTIONS,
	.prepare = open_how,
	.set = open_or_nothing,
	.done = made,
};

const struct goal goal_create = {
	.name = "create",
	.policy = "deny openat if flags & O_CREAT",
	.needs = NEEDS_FILTER,
	.prepare = create,
	.set = create_or_open,
	.done = made,
};

const struct goal goal_create_how = {
	.name = "create-how",
	.policy = "deny openat2 if flags & O_CREAT",
	.needs = NEEDS_FILTER,
	.prepare = open_how,
	.set = create_how_or_open,
	.done = made,
};

/* --- a file that is written to */

static void open_writable(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_OPENAT;
	sqe->fd = AT_FDCWD;
	sqe->addr = pointer("text");
	sqe->open_flags = O_RDWR | O_CLOEXEC;
}

static bool can_write(int result)
{
	bool written = result >= 0 && write(result, "", 1) == 1;

	if (result >= 0)
		close(result);
	return written;
}

const struct goal goal_writable = {
	.name = "writable",
	.policy = "deny openat, openat2 if accmode != O_RDONLY",
	.needs = NEEDS_FILTER,
	.prepare = open_writable,
	.done = can_write,
};

/* --- registered files */

enum { SLOT_TEXT, SLOT_FREE, SLOT_COUNT };

static int slot_fd;
static char text[16];

void register_files(const struct ring *ring)
{
	int fds[SLOT_COUNT] = {[SLOT_TEXT] = open("text", O_RDONLY | O_CLOEXEC), [SLOT_FREE] = -1};

	ring_register(ring, REG_FILES, fds, SLOT_COUNT);
	close(fds[SLOT_TEXT]);
}

static void update_slot(struct io_uring_sqe *sqe)
{
	slot_fd = STDIN_FILENO;
	sqe->opcode = OP_FILES_UPDATE;
	sqe->off = SLOT_FREE;
	sqe->addr = pointer(&slot_fd);
	sqe->len = 1;
}

static bool one(int result)
{
	return result == 1;
}

const struct goal goal_update = {
	.name = "update",
	.policy = "deny files_update",
	.needs = NEEDS_RESTRICTIONS,
	.prepare = update_slot,
	.done = one,
};

/* The number is that of the requests which queue_goal() makes. */
const struct goal goal_update_if = {
	.name = "update-if",
	.policy = "deny files_update if user_data == 0x676f616c",
	.needs = NEEDS_FILTER,
	.prepare = update_slot,
	.done = one,
};

/* Slot 0 is a file with text, and file 0 is empty. */
static void read_slot(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_READ;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->fd = SLOT_TEXT;
	sqe->addr = pointer(text);
	sqe->len = sizeof(text);
}

static void read_slot_or_file(struct io_uring_sqe *sqe, bool denied)
{
	sqe->flags = denied ? IOSQE_FIXED_FILE : 0;
}

static bool some(int result)
{
	return result > 0;
}

const struct goal goal_flag = {
	.name = "flag",
	.policy = "deny sqe-flags fixed_file",
	.needs = NEEDS_RESTRICTIONS,
	.prepare = read_slot,
	.set = read_slot_or_file,
	.done = some,
};

/* --- sockets */

/* A new listener for each request, with one connection that waits. */
static int waiting_listener(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* a name that the kernel chooses */
	if (bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
	    connect(client, (struct sockaddr *)&address, size) < 0)
		return -1;
	return listener;
}

static void accept_waiting(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_ACCEPT;
	sqe->fd = waiting_listener();
	sqe->accept_flags = SOCK_CLOEXEC;
}

static bool is_fd(int result)
{
	bool good = result >= 0 && fcntl(result, F_GETFD) >= 0;

	if (good)
		close(result);
	return good;
}

const struct goal goal_accept = {
	.name = "accept",
	.policy = "deny accept",
	.needs = NEEDS_RESTRICTIONS,
	.prepare = accept_waiting,
	.done = is_fd,
};

static void make_packet_socket(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_SOCKET;
	sqe->fd = AF_PACKET;
	sqe->off = SOCK_RAW;
}

static bool socket_is(int fd, int option, int value)
{
	int has = -1;
	socklen_t size = sizeof(has);
	bool good = fd >= 0 && getsockopt(fd, SOL_SOCKET, option, &has, &size) == 0 && has == value;

	if (fd >= 0)
		close(fd);
	return good;
}

static bool is_packet_socket(int result)
{
	return socket_is(result, SO_DOMAIN, AF_PACKET);
}

const struct goal goal_packet = {
	.name = "packet",
	.policy = "deny socket if family == AF_PACKET",
	.needs = NEEDS_FILTER,
	.prepare = make_packet_socket,
	.done = is_packet_socket,
};

static void make_datagram_socket(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_SOCKET;
	sqe->fd = AF_INET;
	sqe->off = SOCK_DGRAM;
}

static bool is_datagram_socket(int result)
{
	return socket_is(result, SO_TYPE, SOCK_DGRAM);
}

const struct goal goal_datagram = {
	.name = "datagram",
	.policy = "default allow\nallow socket if family == AF_INET and type == SOCK_STREAM",
	.needs = NEEDS_FILTER,
	.prepare = make_datagram_socket,
	.done = is_datagram_socket,
};

/* --- connections */

static struct sockaddr_storage address;
static unsigned int address_size;
static int connecting = -1, listener = -1;

struct sockaddr_storage *goals_address(void)
{
	return &address;
}

void goals_connect_from(int fd, unsigned int size)
{
	connecting = fd;
	address_size = size;
}

bool goals_listen(void)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(LISTENER_PORT)};

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	return bind(listener, (struct sockaddr *)&any, sizeof(any)) == 0 &&
	       listen(listener, 64) == 0;
}

static void connect_address(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_CONNECT;
	sqe->fd = connecting;
	sqe->addr = pointer(&address);
	sqe->addr2 = address_size;
}

/* A datagram socket has a peer then, a stream reaches the listener. */
static bool connected(int result)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	(void)result;
	if (fd >= 0)
		close(fd);
	return fd >= 0 || getpeername(connecting, (struct sockaddr *)&peer, &size) == 0;
}

const struct goal goal_loopback = {
	.name = "loopback",
	.policy = "deny connect if addr in 127.0.0.0/8",
	.needs = NEEDS_ADDRESS,
	.prepare = connect_address,
	.done = connected,
};

const struct goal goal_loopback6 = {
	.name = "loopback6",
	.policy = "deny connect if addr == ::1",
	.needs = NEEDS_ADDRESS,
	.prepare = connect_address,
	.done = connected,
};

const struct goal goal_port = {
	.name = "port",
	.policy = "deny connect if port == 4242",
	.needs = NEEDS_ADDRESS,
	.prepare = connect_address,
	.done = connected,
};

const struct goal goal_local = {
	.name = "local",
	.policy = "deny connect if addr in 10.0.0.0/8",
	.needs = NEEDS_ADDRESS,
	.prepare = connect_address,
	.done = connected,
};

/* --- operations of 128 bytes */

static void wide_nop(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_NOP128;
}

static bool good(int result)
{
	return result == 0;
}

const struct goal goal_nop128 = {
	.name = "nop128",
	.policy = "deny nop128",
	.needs = NEEDS_RESTRICTIONS,
	.prepare = wide_nop,
	.done = good,
};

/* --- messages between rings */

struct ring *goals_peer(void)
{
	static struct ring peer = {.fd = -1};

	if (peer.fd < 0)
		ring_open(&peer, 4, 0);
	return &peer;
}

void goals_write_message(struct io_uring_sqe *sqe)
{
	sqe->opcode = OP_MSG_RING;
	sqe->fd = goals_peer()->fd;
	sqe->len = 7;
}

static bool message_arrived(int result)
{
	struct completion completion;

	(void)result;
	return goals_peer()->fd >= 0 && ring_wait(goals_peer(), &completion, 1) == 0 &&
	       completion.result == 7;
}

const struct goal goal_message = {
	.name = "message",
	.policy = "deny msg_ring",
	.needs = NEEDS_RESTRICTIONS,
	.prepare = goals_write_message,
	.done = message_arrived,
};

const struct goal goal_register_message = {
	.name = "register-message",
	.policy = "deny register send_msg_ring",
	.needs = NEEDS_NOTHING,
	.done = message_arrived,
};

const struct goal goal_register = {
	.name = "register",
	.policy = "deny register files_update",
	.needs = NEEDS_NOTHING,
	.done = one,
};
