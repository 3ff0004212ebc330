// SPDX-License-Identifier: MIT
/*
 * What no policy for io_uring stops, and uring-jail(1) says so under LIMITS. That these succeed shows
 * that the suite can tell an escape when it sees one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escape.h"

#define RING_FD	   30
#define CORE_PATH  "/proc/sys/kernel/core_pattern"
#define QUEUE_FILE "queue"
#define OWN	   "10.9.8.7"

/* --- system calls */

static int by_system_call(const struct goal *goal)
{
	struct io_uring_sqe sqe = {0};

	goal->prepare(&sqe);
	if (sqe.opcode == OP_OPENAT)
		return openat(sqe.fd, (const char *)(uintptr_t)sqe.addr, (int)sqe.open_flags,
			      sqe.len);
	return (int)syscall(SYS_openat2, sqe.fd, sqe.addr, sqe.addr2, sqe.len);
}

/* --- processes outside, which do not defend themselves */

static void make_ring_outside(const struct goal *goal)
{
	struct io_uring_params params = {0};

	(void)goal;
	dup2(io_uring_setup(4, &params), RING_FD);
}

static int on_ring_outside(const struct goal *goal)
{
	struct io_uring_params params = {0};
	struct ring model, ring;
	int pidfd = (int)syscall(SYS_pidfd_open, escape.outside, 0);
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, RING_FD, 0);
	int error = ring_open_with(&model, 4, &params);

	if (fd < 0)
		return broken("pidfd_getfd", -errno);
	if (error == 0)
		error = ring_adopt(&ring, fd, &params);
	return error < 0 ? broken("ring", error) : request_on(&ring, goal);
}

static void be_there(const struct goal *goal)
{
	(void)goal;
}

static const struct goal *outside_goal;

static _Noreturn void act_outside(void)
{
	request_plainly(outside_goal);
	_exit(0);
}

/* This program is not relocated, so that its functions are where they are here. */
static int by_ptrace(const struct goal *goal)
{
#ifdef __x86_64__
	struct user_regs_struct registers;
	pid_t pid = escape.outside;

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 || waitpid(pid, NULL, __WALL) != pid ||
	    ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		return broken("ptrace", -errno);
	registers.rip = (uintptr_t)act_outside;
	registers.rsp = (registers.rsp - 4096) / 16 * 16 - 8;
	registers.orig_rax = -1ULL;
	if (ptrace(PTRACE_POKEDATA, pid, &outside_goal, goal) < 0 ||
	    ptrace(PTRACE_SETREGS, pid, NULL, &registers) < 0 ||
	    ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0)
		return broken("ptrace", -errno);
	return wait_until_done(goal);
#else
	(void)goal;
	return not_here("written for x86-64");
#endif
}

/* The queue of a ring outside is in a file, which anybody may write to. Its thread takes what it
 * finds there; addresses are those of the process outside. */
static void *map_queue(void)
{
	int fd = open(QUEUE_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (ftruncate(fd, 8192) < 0)
		return MAP_FAILED;
	return mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
}

static void open_queue_outside(const struct goal *goal)
{
	char *memory = map_queue();
	struct io_uring_sqe sqe = {0};
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQPOLL | SETUP_NO_MMAP | SETUP_NO_SQARRAY,
		.sq_thread_idle = 10000,
	};
	uint64_t address = (uintptr_t)memory, entries = address + 4096;
	int fd;

	goal->prepare(&sqe); /* what it points to is in place */
	memcpy((char *)&params.cq_off + sizeof(params.cq_off) - 8, &address, 8);
	memcpy((char *)&params.sq_off + sizeof(params.sq_off) - 8, &entries, 8);
	fd = io_uring_setup(4, &params);
	if (fd < 0)
		_exit(1);
	/* The first entry is a NOP. From then on the thread is awake for a while. */
	__atomic_store_n((uint32_t *)(memory + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (io_uring_enter((unsigned int)fd, 1, 0, IORING_ENTER_SQ_WAKEUP, NULL) < 0)
		_exit(1);
	/* where the tail is, for whoever comes */
	memcpy(memory + 8192 - 4, &params.sq_off.tail, 4);
}

static int into_queue_outside(const struct goal *goal)
{
	char *memory = map_queue();
	uint32_t tail;

	if (memory == MAP_FAILED)
		return broken("queue", -errno);
	memcpy(&tail, memory + 8192 - 4, 4);
	goal->prepare((struct io_uring_sqe *)(memory + 4096) + 1);
	__atomic_store_n((uint32_t *)(memory + tail), 2, __ATOMIC_RELEASE);
	return wait_until_done(goal);
}

/* --- programs that the kernel starts */

static int write_core_pattern(const char *text)
{
	int fd = open(CORE_PATH, O_WRONLY | O_CLOEXEC);
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	return close(fd) == 0 && good ? 0 : -EIO;
}

/* The helper is a child of the kernel, and as free as process 1. */
static int by_core_helper(const struct goal *goal)
{
	char pattern[128], directory[64];
	pid_t child;
	int result;

	snprintf(pattern, sizeof(pattern), "|%s @core %s %s", escape.self,
		 getcwd(directory, sizeof(directory)), goal->name);
	result = write_core_pattern(pattern);
	if (result < 0)
		return broken(CORE_PATH, result);
	child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	result = wait_until_done(goal);
	write_core_pattern("core");
	return result;
}

/* --- 0.0.0.0 is the address that the socket is bound to */

static void add_own_address(const struct goal *goal)
{
	struct ifreq request = {.ifr_name = "lo:1"};
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)goal;
	address->sin_family = AF_INET;
	inet_pton(AF_INET, OWN, &address->sin_addr);
	ioctl(sock, SIOCSIFADDR, &request);
	close(sock);
}

static int to_own_address(const struct goal *goal)
{
	struct sockaddr_in *to = (struct sockaddr_in *)goals_address();
	struct sockaddr_in own = {.sin_family = AF_INET}, peer = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result;
	socklen_t size = sizeof(peer);
	struct ring ring;
	int error = open_ring(&ring, 0);

	inet_pton(AF_INET, OWN, &own.sin_addr);
	if (error || !goals_listen() || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return broken("sockets", -errno);
	*to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(LISTENER_PORT)};
	goals_connect_from(fd, sizeof(*to));
	result = request_on(&ring, goal);
	if (result == 0 && getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
	    peer.sin_addr.s_addr != own.sin_addr.s_addr)
		return broken("another peer", -EADDRNOTAVAIL);
	return result;
}

/* --- a send that carries the address */

static int by_send(const struct goal *goal)
{
	static struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;
	struct io_uring_sqe *sqe;
	struct ring ring;
	char byte;

	to.sin_port = htons(LISTENER_PORT);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	result = open_ring(&ring, 0);
	if (result || bind(receiver, (struct sockaddr *)&to, sizeof(to)) < 0)
		return broken("sockets", -errno);
	goals_connect_from(fd, 0);
	sqe = queue_goal(&ring, goal, 0); /* for its number: all else is replaced */
	sqe->opcode = OP_SEND;
	sqe->addr2 = (uintptr_t)&to;
	sqe->addr_len = sizeof(to);
	sqe->addr = (uintptr_t) "x";
	sqe->len = 1;
	result = submit(&ring);
	if (recv(receiver, &byte, 1, MSG_DONTWAIT) == 1)
		escape.reached++;
	return result;
}

const struct attempt limit_attempts[] = {
	{
		.name = "limit-system-call",
		.why = "system calls are seccomp's business",
		.goals = BOTH,
		.run = by_system_call,
		.limit = true,
	},
	{
		.name = "limit-pidfd",
		.why = "pidfd_getfd(2) takes the ring of a process outside",
		.goals = BOTH,
		.run = on_ring_outside,
		.outside = make_ring_outside,
		.limit = true,
	},
	{
		.name = "limit-ptrace",
		.why = "ptrace(2) makes a process outside do it",
		.goals = BOTH,
		.run = by_ptrace,
		.outside = be_there,
		.limit = true,
	},
	{
		.name = "limit-shared-queue",
		.why = "a process outside has put the queue of its ring where others can write",
		.goals = BOTH,
		.run = into_queue_outside,
		.outside = open_queue_outside,
		.limit = true,
	},
	{
		.name = "limit-core-helper",
		.why = "root can name a program for the kernel to start, which is outside",
		.goals = BOTH,
		.run = by_core_helper,
		.limit = true,
	},
	{
		.name = "limit-own-address",
		.why = "0.0.0.0 is the address of the host that the socket is bound to",
		.goals = {&goal_local},
		.run = to_own_address,
		.before = add_own_address,
		.limit = true,
	},
	{
		.name = "limit-send",
		.why = "a send on a datagram socket carries an address",
		.goals = {&goal_loopback},
		.run = by_send,
		.limit = true,
	},
	{.name = NULL},
};
