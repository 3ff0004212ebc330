// SPDX-License-Identifier: MIT
#include "perform.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "request.h"

#define ENTRIES 8U
#define WAIT_MS 30000U

/* For a completion that an error has and a success has not. A denial is there at once: it completes
 * within io_uring_enter(2) (io_uring/io_uring.c: io_submit_fail_init()). */
#define SKIP_WAIT_MS 3U

struct performer {
	struct scratch *scratch;
	struct ring ring;
	struct sockaddr_storage address;
};

static int complain(const char *what, int error)
{
	fprintf(stderr, "perform: %s: %s\n", what, strerror(-error));
	return PERFORM_BROKEN;
}

/* --- rings */

static int open_ring(struct performer *performer, struct ring *ring, unsigned int setup)
{
	int error = ring_open(ring, ENTRIES, setup);

	if (error < 0)
		return complain("ring", error);
	scratch_attach(performer->scratch, ring);
	return 0;
}

struct performer *performer_open(const char *parent)
{
	struct performer *performer = calloc(1, sizeof(*performer));

	if (!performer)
		return NULL;
	performer->scratch = scratch_open(parent);
	if (performer->scratch && open_ring(performer, &performer->ring, 0) == 0)
		return performer;
	scratch_close(performer->scratch);
	free(performer);
	return NULL;
}

void performer_close(struct performer *performer)
{
	if (!performer)
		return;
	ring_close(&performer->ring);
	scratch_close(performer->scratch);
	free(performer);
}

/* --- entries */

/* A directory where one is wanted, else a file, which is there only if the open does not make it. */
static const char *fresh_name(struct scratch *scratch, uint64_t flags)
{
	static const char name[] = "opened";

	if (flags & O_DIRECTORY)
		return ".";
	scratch_remove(scratch, name);
	if (!(flags & O_CREAT))
		scratch_create(scratch, name);
	return name;
}

static void open_file(struct scratch *scratch, struct io_uring_sqe *sqe,
		      const struct attempt *attempt)
{
	sqe->fd = scratch->dir;
	sqe->addr = (uintptr_t)fresh_name(scratch, attempt->flags);
	if (attempt->op == OP_OPENAT) {
		sqe->open_flags = (uint32_t)attempt->flags;
		sqe->len = (uint32_t)attempt->mode;
		return;
	}
	scratch->how = (struct open_how){
		.flags = attempt->flags, .mode = attempt->mode, .resolve = attempt->resolve};
	sqe->addr2 = (uintptr_t)&scratch->how;
	sqe->len = sizeof(scratch->how);
}

static socklen_t put_address(struct sockaddr_storage *storage, const struct attempt *attempt)
{
	struct sockaddr_in *in = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
	struct sockaddr_un *un = (struct sockaddr_un *)storage;

	memset(storage, 0, sizeof(*storage));
	storage->ss_family = (sa_family_t)attempt->family;
	switch (attempt->family) {
	case AF_INET:
		in->sin_port = htons(attempt->port);
		memcpy(&in->sin_addr, attempt->addr, sizeof(in->sin_addr));
		return sizeof(*in);
	case AF_INET6:
		in6->sin6_port = htons(attempt->port);
		memcpy(&in6->sin6_addr, attempt->addr, sizeof(in6->sin6_addr));
		return sizeof(*in6);
	case AF_UNIX:
		strcpy(un->sun_path, "/nobody-is-there");
		return sizeof(*un);
	}
	return sizeof(struct sockaddr);
}

/* Of datagrams, which connect at once, whether anybody is there or not. */
static int connecting_socket(uint32_t family)
{
	bool itself = family == AF_INET6 || family == AF_UNIX;
	int fd = socket(itself ? (int)family : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int));
	return fd;
}

static void connect_socket(struct performer *performer, struct io_uring_sqe *sqe,
			   const struct attempt *attempt)
{
	sqe->fd = scratch_keep(performer->scratch, connecting_socket(attempt->family));
	sqe->addr = (uintptr_t)&performer->address;
	sqe->addr2 = put_address(&performer->address, attempt);
}

static void make_socket(struct io_uring_sqe *sqe, const struct attempt *attempt)
{
	sqe->fd = (int)attempt->family;
	sqe->off = attempt->type;
	sqe->len = attempt->protocol;
}

/* The flags are those of the attempt alone, even where the request cannot do without another one. */
static void prepare(struct performer *performer, struct ring *ring, struct io_uring_sqe *sqe,
		    const struct attempt *attempt)
{
	const struct request *request = request_find(attempt->op);

	performer->scratch->ring = ring;
	sqe->opcode = (uint8_t)attempt->op;
	if (attempt->op == OP_OPENAT || attempt->op == OP_OPENAT2)
		open_file(performer->scratch, sqe, attempt);
	else if (attempt->op == OP_SOCKET)
		make_socket(sqe, attempt);
	else if (attempt->op == OP_CONNECT)
		connect_socket(performer, sqe, attempt);
	else if (request)
		request->prepare(performer->scratch, sqe);
	sqe->user_data = attempt->user_data;
	sqe->flags = attempt->sqe_flags;
}

static void finish(struct performer *performer, const struct attempt *attempt, int result)
{
	const struct request *request = request_find(attempt->op);

	if (request && request->finish)
		request->finish(performer->scratch, result < PERFORM_ERRORS ? -EIO : result);
	scratch_release(performer->scratch);
}

/* --- submission */

/* A link timeout has to be behind another request. */
static void queue_head(struct ring *ring, uint64_t user_data)
{
	struct io_uring_sqe *sqe = ring_sqe(ring, false);

	sqe->opcode = OP_NOP;
	sqe->flags = IOSQE_IO_LINK;
	sqe->user_data = user_data;
}

/* The result of the first completion; waits for all that follow it. */
static int collect(struct ring *ring, const struct attempt *attempt)
{
	bool skips = attempt->sqe_flags & IOSQE_CQE_SKIP_SUCCESS, first = true, more = true;
	struct completion completion;
	int error, result = PERFORM_HUNG;

	while (more) {
		error = ring_wait(ring, &completion, skips && first ? SKIP_WAIT_MS : WAIT_MS);
		if (error == -ETIME)
			return skips && first ? PERFORM_HIDDEN : PERFORM_HUNG;
		if (error < 0)
			return complain("io_uring_enter", error);
		if (completion.user_data != attempt->user_data)
			continue;
		if (first)
			result = completion.result;
		first = false;
		more = completion.flags & IORING_CQE_F_MORE;
	}
	return result;
}

static int perform_on(struct performer *performer, struct ring *ring, const struct attempt *attempt)
{
	int error, result;

	ring_drain(ring);
	if (attempt->op == OP_LINK_TIMEOUT)
		queue_head(ring, ~attempt->user_data);
	prepare(performer, ring, ring_sqe(ring, false), attempt);
	error = ring_submit(ring);
	if (error == -ETIME)
		result = PERFORM_HUNG;
	else
		result = error < 0 ? complain("submission", error) : collect(ring, attempt);
	finish(performer, attempt, result);
	return result;
}

/* Arguments that do no harm, with which no operation is refused before it is checked. */
static int register_on(const struct ring *ring, unsigned int op)
{
	switch (op) {
	case REG_SEND_MSG_RING:
	case REG_RESTRICTIONS:
	case REG_BPF_FILTER:
		return ring_register(ring, op, NULL, 1);
	default:
		return ring_register(ring, op, NULL, 0);
	}
}

static int register_on_fresh(unsigned int op)
{
	struct ring ring;
	int result = ring_open(&ring, ENTRIES, 0);

	if (result < 0)
		return complain("ring", result);
	result = register_on(&ring, op);
	ring_close(&ring);
	return result;
}

static int perform_on_fresh(struct performer *performer, const struct attempt *attempt,
			    unsigned int setup)
{
	struct ring ring;
	int result = open_ring(performer, &ring, setup);

	if (result == 0) {
		result = perform_on(performer, &ring, attempt);
		ring_close(&ring);
	}
	return result;
}

/*
 * Register operations, and some flags, change the ring for whatever comes after them; operations of
 * 128 bytes need another one.
 */
int perform(struct performer *performer, const struct attempt *attempt)
{
	const struct request *request = request_find(attempt->op);
	bool wide = request && request->ring == REQUEST_RING_WIDE;

	if (attempt->is_register)
		return register_on_fresh(attempt->op);
	if (attempt->sqe_flags || wide)
		return perform_on_fresh(performer, attempt, wide ? IORING_SETUP_SQE128 : 0);
	return perform_on(performer, &performer->ring, attempt);
}
