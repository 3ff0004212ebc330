// SPDX-License-Identifier: MIT
/*
 * A program to be watched: makes a known number of requests, from all kinds of tasks.
 *
 *   watched WORD...
 *
 * Each WORD does something, in order:
 *   nops=N      N times nop, submitted at once
 *   linked      nop with io_link, then nop
 *   fixed       read with fixed_file, after the register op files, and unregister_files after it
 *   thread fork exec sqpoll   the rest of the words in a thread, a child, this program executed by
 *               a thread, or on a ring with an SQPOLL thread
 *   openat statx fsync socket openat2   one such request
 *   invalid     a read that its own checks refuse
 *   unknown     an op that no kernel has
 *   message     send_msg_ring, without a ring
 *   query       query, without a ring
 *   unregistered   a register op that no kernel has
 *   mark FILE   makes the file
 *   peek        fails where the parent can be written to as ptrace(2) can
 *   stop continue   stops the parent, and lets it go on
 *   sleep       for 20 seconds
 *   exit=N kill=N
 *
 * Writes nothing. Exits with 99 where something could not be done at all; results of requests do
 * not matter.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"
#include "uapi.h"

#define ENTRIES	   256
#define TIMEOUT_MS 10000

static struct ring ring = {.fd = -1};
static unsigned int setup;
static char *const *rest; /* the words that a thread does */

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "watched: %s\n", what);
	exit(99);
}

static struct ring *the_ring(void)
{
	if (ring.fd < 0)
		need(ring_open(&ring, ENTRIES, setup) == 0, "ring");
	return &ring;
}

/* Submits what is queued and waits for that many completions. */
static void submit(unsigned int count)
{
	struct completion completion;

	need(ring_submit(the_ring()) == 0, "submit");
	while (count-- > 0)
		need(ring_wait(the_ring(), &completion, TIMEOUT_MS) == 0, "completion");
}

static struct io_uring_sqe *entry(unsigned int op)
{
	struct io_uring_sqe *sqe = ring_sqe(the_ring(), false);

	need(sqe != NULL, "entry");
	sqe->opcode = (uint8_t)op;
	return sqe;
}

static void nops(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		entry(OP_NOP);
	submit(count);
}

static void linked(void)
{
	entry(OP_NOP)->flags = IOSQE_IO_LINK;
	entry(OP_NOP);
	submit(2);
}

static void request_read(int fd, unsigned int flags, unsigned int buf_index)
{
	static char byte;
	struct io_uring_sqe *sqe = entry(OP_READ);

	sqe->fd = fd;
	sqe->addr = (uint64_t)(uintptr_t)&byte;
	sqe->len = 1;
	sqe->flags = (uint8_t)flags;
	sqe->buf_index = (uint16_t)buf_index;
	submit(1);
}

static void fixed(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	need(ring_register(the_ring(), REG_FILES, &null, 1) == 0, "files");
	request_read(0, IOSQE_FIXED_FILE, 0);
	need(ring_register(the_ring(), REG_UNREGISTER_FILES, NULL, 0) == 0, "unregister_files");
	close(null);
}

static void request_open(unsigned int op)
{
	static const struct {
		uint64_t flags, mode, resolve;
	} how = {.flags = O_RDONLY};
	struct io_uring_sqe *sqe = entry(op);

	sqe->fd = AT_FDCWD;
	sqe->addr = (uint64_t)(uintptr_t) "/dev/null";
	sqe->user_data = 0x1234;
	if (op == OP_OPENAT2) {
		sqe->off = (uint64_t)(uintptr_t)&how;
		sqe->len = sizeof(how);
	} else {
		sqe->open_flags = O_WRONLY | O_CLOEXEC;
		sqe->len = 0600;
	}
	submit(1);
}

static void request_statx(void)
{
	static char buffer[256];
	struct io_uring_sqe *sqe = entry(OP_STATX);

	sqe->fd = AT_FDCWD;
	sqe->addr = (uint64_t)(uintptr_t) "/dev/null";
	sqe->off = (uint64_t)(uintptr_t)buffer;
	submit(1);
}

static void request_fsync(void)
{
	entry(OP_FSYNC)->fd = STDIN_FILENO;
	submit(1);
}

static void request_socket(void)
{
	struct io_uring_sqe *sqe = entry(OP_SOCKET);

	sqe->fd = AF_UNIX;
	sqe->off = SOCK_STREAM;
	submit(1);
}

static void without_ring(unsigned int op)
{
	struct io_uring_sqe message = {.opcode = OP_MSG_RING, .fd = the_ring()->fd};
	static const struct ring none = {.fd = -1, .index = -1};

	ring_register(&none, op, &message, op == REG_QUERY ? 0 : 1);
}

static void peek(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	need(open(path, O_RDWR) < 0 && errno == EACCES, "peek");
}

static void do_words(char *const *words);

static void *in_thread(void *unused)
{
	(void)unused;
	do_words(rest);
	return NULL;
}

static void *exec_words(void *self)
{
	char *arguments[32] = {self};

	for (int i = 0; rest[i] && i < 30; i++)
		arguments[i + 1] = rest[i];
	execv("/proc/self/exe", arguments);
	exit(99);
}

static void in_other_thread(void *(*start)(void *), void *argument)
{
	pthread_t thread;

	need(pthread_create(&thread, NULL, start, argument) == 0, "thread");
	pthread_join(thread, NULL);
}

static void in_child(char *const *words)
{
	int status;
	pid_t child = fork();

	need(child >= 0, "fork");
	if (child == 0) {
		ring = (struct ring){.fd = -1};
		do_words(words);
		exit(0);
	}
	need(waitpid(child, &status, 0) == child, "wait");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		exit(99);
}

/* Those that say where the rest is done; false for others. */
static bool do_elsewhere(const char *word, char *const *words)
{
	rest = words;
	if (strcmp(word, "thread") == 0)
		in_other_thread(in_thread, NULL);
	else if (strcmp(word, "exec") == 0)
		in_other_thread(exec_words, (void *)"watched");
	else if (strcmp(word, "fork") == 0)
		in_child(words);
	else
		return false;
	return true;
}

static bool do_request(const char *word)
{
	if (strncmp(word, "nops=", 5) == 0)
		nops((unsigned)atoi(word + 5));
	else if (strcmp(word, "linked") == 0)
		linked();
	else if (strcmp(word, "fixed") == 0)
		fixed();
	else if (strcmp(word, "openat") == 0)
		request_open(OP_OPENAT);
	else if (strcmp(word, "openat2") == 0)
		request_open(OP_OPENAT2);
	else if (strcmp(word, "statx") == 0)
		request_statx();
	else if (strcmp(word, "fsync") == 0)
		request_fsync();
	else if (strcmp(word, "socket") == 0)
		request_socket();
	else if (strcmp(word, "invalid") == 0)
		request_read(STDIN_FILENO, IOSQE_ASYNC, 77);
	else
		return false;
	return true;
}

static void do_other(const char *word)
{
	if (strcmp(word, "unknown") == 0) {
		entry(250);
		submit(1);
	} else if (strcmp(word, "message") == 0) {
		without_ring(REG_SEND_MSG_RING);
	} else if (strcmp(word, "query") == 0) {
		without_ring(REG_QUERY);
	} else if (strcmp(word, "unregistered") == 0) {
		without_ring(250);
	} else if (strcmp(word, "peek") == 0) {
		peek();
	} else if (strcmp(word, "stop") == 0) {
		kill(getppid(), SIGSTOP);
		usleep(200000);
	} else if (strcmp(word, "continue") == 0) {
		kill(getppid(), SIGCONT);
	} else if (strcmp(word, "sleep") == 0) {
		sleep(20);
	} else if (strncmp(word, "exit=", 5) == 0) {
		exit(atoi(word + 5));
	} else if (strncmp(word, "kill=", 5) == 0) {
		signal(atoi(word + 5), SIG_DFL);
		raise(atoi(word + 5));
	} else {
		fprintf(stderr, "watched: %s?\n", word);
		exit(99);
	}
}

static void do_words(char *const *words)
{
	for (; *words; words++) {
		if (do_elsewhere(*words, words + 1))
			return;
		if (strcmp(*words, "mark") == 0 && words[1]) {
			need(creat(*++words, 0644) >= 0, "mark");
		} else if (strcmp(*words, "sqpoll") == 0) {
			ring = (struct ring){.fd = -1};
			setup = IORING_SETUP_SQPOLL;
		} else if (!do_request(*words)) {
			do_other(*words);
		}
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	do_words(argv + 1);
	return 0;
}
