// SPDX-License-Identifier: MIT
#include "inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ring.h"

#define WAIT_MS 5000

struct how {
	uint64_t flags, mode, resolve;
};

/* Makes a request on a ring of its own. Without rings, none can be made. */
static bool denied(const struct io_uring_sqe *wanted)
{
	struct completion completion;
	struct ring ring;
	int error = ring_open(&ring, 4, 0);

	if (error < 0)
		return error == -ENOSYS;
	*ring_sqe(&ring, false) = *wanted;
	error = ring_submit(&ring);
	if (error == 0)
		error = ring_wait(&ring, &completion, WAIT_MS);
	ring_close(&ring);
	return error == 0 && completion.result == -EACCES;
}

static bool open_denied(unsigned int flags)
{
	struct how how = {.flags = O_RDWR | flags, .mode = flags & O_CREAT ? 0600 : 0};
	struct io_uring_sqe sqe = {
		.opcode = OP_OPENAT2,
		.fd = AT_FDCWD,
		.addr = (uintptr_t) "/dev/null",
		.len = sizeof(how),
		.off = (uintptr_t)&how,
	};

	return denied(&sqe);
}

static bool socket_denied(int family)
{
	struct io_uring_sqe sqe = {.opcode = OP_SOCKET, .fd = family, .off = SOCK_STREAM};

	return denied(&sqe);
}

static bool nop_denied(void)
{
	struct io_uring_sqe sqe = {.opcode = OP_NOP};

	return denied(&sqe);
}

static bool connect_denied(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct io_uring_sqe sqe = {
		.opcode = OP_CONNECT,
		.fd = fd,
		.addr = (uintptr_t)&address,
		.off = sizeof(address),
	};
	bool result = denied(&sqe);

	close(fd);
	return result;
}

static bool register_denied(unsigned int op)
{
	struct ring ring;
	int result = ring_open(&ring, 4, 0);

	if (result < 0)
		return false;
	result = ring_register(&ring, op, NULL, 0);
	ring_close(&ring);
	return result == -EACCES;
}

static bool is_restricted(void)
{
	int result = io_uring_register(-1U, REG_RESTRICTIONS, NULL, 1);

	return result == -EPERM || result == -EACCES;
}

/* Whether all five sets are empty. */
static bool has_no_capabilities(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long long set;
	unsigned int empty = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Cap%*3c: %llx", &set) == 1 && set == 0)
			empty++;
	if (file)
		fclose(file);
	return empty == 5;
}

static bool is_no_ring(int fd)
{
	int result = io_uring_enter((unsigned int)fd, 0, 0, 0, NULL);

	return result == -EBADF || result == -EOPNOTSUPP;
}

/* A ring is open while PROGRAM is executed: what loses restrictions there loses them here. */
static int again(const char *program, char **words)
{
	struct ring ring;
	char *arguments[32] = {(char *)program, "inside"};
	int count = 2, error;

	for (; *words && strncmp(*words, "exec=", 5) != 0 && count < 31; words++)
		arguments[count++] = *words;
	error = ring_open(&ring, 4, 0);
	if (error == 0 || error == -ENOSYS)
		execv(program, arguments);
	fprintf(stderr, "inside: cannot execute %s\n", program);
	return INSIDE_LESS;
}

static bool holds(const char *word)
{
	int number = 0;

	if (strcmp(word, "restricted") == 0)
		return is_restricted();
	if (strcmp(word, "no-new-privs") == 0)
		return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	if (strcmp(word, "no-caps") == 0)
		return has_no_capabilities();
	if (strcmp(word, "open") == 0)
		return open_denied(0);
	if (strcmp(word, "creat") == 0)
		return open_denied(O_CREAT);
	if (strcmp(word, "nop") == 0)
		return nop_denied();
	if (strcmp(word, "socket") == 0)
		return socket_denied(AF_UNIX) && socket_denied(AF_INET);
	if (strcmp(word, "inet") == 0)
		return socket_denied(AF_INET);
	if (strcmp(word, "connect") == 0)
		return connect_denied();
	if (sscanf(word, "register=%d", &number) == 1)
		return register_denied((unsigned int)number);
	if (sscanf(word, "closed=%d", &number) == 1)
		return is_no_ring(number);
	return false;
}

int inside(char **words)
{
	for (char **word = words; *word; word++) {
		if (strncmp(*word, "exec=", 5) == 0)
			return again(*word + 5, words);
		if (!holds(*word)) {
			fprintf(stderr, "inside: %s does not hold\n", *word);
			return INSIDE_LESS;
		}
	}
	return INSIDE_WHOLE;
}
