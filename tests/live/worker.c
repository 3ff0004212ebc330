// SPDX-License-Identifier: MIT
/*
 * What tests/live/systemd and tests/live/container run as /usr/bin/worker. It says what it is and
 * what becomes of its requests. Where systemd waits for it, it tells that it is ready, and then
 * greets whoever connects to the socket that it was given, or just waits.
 *
 *   worker [exit=N | kill=N]    with one of these it ends that way, before it is ready
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_LISTEN_FD 3

static struct io_uring ring;

static void show(const char *what, int result)
{
	printf("%s %s\n", what, result < 0 ? strerrorname_np(-result) : "ok");
}

static struct io_uring_sqe *sqe(void)
{
	return io_uring_get_sqe(&ring);
}

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

static void make_requests(void)
{
	struct open_how how = {.flags = O_RDONLY};
	int error = io_uring_queue_init(4, &ring, 0);

	show("ring", error);
	if (error < 0)
		return;
	io_uring_prep_openat2(sqe(), AT_FDCWD, "/", &how);
	show("request openat2", submit_and_wait());
	io_uring_prep_socket(sqe(), AF_INET, SOCK_STREAM, 0, 0);
	show("request socket AF_INET", submit_and_wait());
	io_uring_prep_socket(sqe(), AF_UNIX, SOCK_STREAM, 0, 0);
	show("request socket AF_UNIX", submit_and_wait());
}

/* The sockets that systemd passed to this process, and not to one that has become it by a fork. */
static int nr_listening(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	return pid && fds && atoi(pid) == getpid() ? atoi(fds) : 0;
}

static void notify(const char *path, const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (sendto(fd, state, strlen(state), 0, (struct sockaddr *)&address, sizeof(address)) < 0)
		show("notify", -errno);
}

static void greet(int fd)
{
	int connection;

	while ((connection = accept(fd, NULL, NULL)) >= 0) {
		dprintf(connection, "hello from %d\n", getpid());
		close(connection);
	}
}

int main(int argc, char **argv)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int number;

	printf("pid %d uid %d no_new_privs %d listening %d\n", getpid(), getuid(),
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), nr_listening());
	show("call socket AF_INET", socket(AF_INET, SOCK_STREAM, 0) < 0 ? -errno : 0);
	make_requests();
	fflush(stdout);
	if (argc == 2 && sscanf(argv[1], "exit=%d", &number) == 1)
		return number;
	if (argc == 2 && sscanf(argv[1], "kill=%d", &number) == 1)
		raise(number);
	if (!path)
		return EXIT_SUCCESS;
	notify(path, "READY=1\nSTATUS=at work");
	if (nr_listening() > 0)
		greet(FIRST_LISTEN_FD);
	pause();
	return EXIT_SUCCESS;
}
