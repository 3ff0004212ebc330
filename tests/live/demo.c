// SPDX-License-Identifier: MIT
/*
 * A small program that uses io_uring: what `make try` runs without and within a jail. It makes a
 * few requests, starts a child that makes one more, and says what became of each.
 */
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NAME "/etc/passwd"

static struct io_uring ring;
static char buffer[64];

static int submit_and_wait(void)
{
	struct io_uring_cqe *cqe;
	int result = io_uring_submit_and_wait(&ring, 1);

	if (result >= 0)
		result = io_uring_wait_cqe(&ring, &cqe);
	if (result < 0)
		return result;
	result = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return result;
}

static void show(const char *who, const char *request, int result)
{
	printf("  %-6s %-28s ", who, request);
	if (result < 0)
		printf("%s\n", strerror(-result));
	else
		printf("ok (%d)\n", result);
	fflush(stdout);
}

static int request_openat2(void)
{
	static struct open_how how = {.flags = O_RDONLY};
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_openat2(sqe, AT_FDCWD, FILE_NAME, &how);
	return submit_and_wait();
}

static int request_openat(void)
{
	io_uring_prep_openat(io_uring_get_sqe(&ring), AT_FDCWD, FILE_NAME, O_RDONLY, 0);
	return submit_and_wait();
}

static int request_read(int fd)
{
	io_uring_prep_read(io_uring_get_sqe(&ring), fd, buffer, sizeof(buffer), 0);
	return submit_and_wait();
}

static int request_nop(void)
{
	io_uring_prep_nop(io_uring_get_sqe(&ring));
	return submit_and_wait();
}

static void open_ring(void)
{
	int error = io_uring_queue_init(4, &ring, 0);

	if (error == 0)
		return;
	fprintf(stderr, "demo: no ring: %s\n", strerror(-error));
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc == 2 && strcmp(argv[1], "child") == 0) {
		open_ring();
		show("child", "openat2 " FILE_NAME, request_openat2());
		return EXIT_SUCCESS;
	}
	open_ring();
	show("parent", "nop", request_nop());
	fd = request_openat();
	show("parent", "openat  " FILE_NAME, fd);
	show("parent", "read    " FILE_NAME, request_read(fd));
	show("parent", "openat2 " FILE_NAME, request_openat2());
	if (vfork() == 0) {
		execl("/proc/self/exe", argv[0], "child", NULL);
		_exit(EXIT_FAILURE);
	}
	wait(NULL);
	return EXIT_SUCCESS;
}
