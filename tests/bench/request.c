// SPDX-License-Identifier: MIT
/*
 * What a request costs: request ROW OP [FILTER...] makes requests of an operation, 32 at a time, and
 * prints "request ROW OP INSTRUCTIONS", of each. A FILTER is one written by hand that is put on the
 * task before: OP:N denies the operation's requests whose user_data is one of N numbers, and OP:0
 * stands for restrictions that deny that operation and no other.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/uring-abi.h"
#include "tests/bench/count.h"

enum {
	BATCH = 32,
	BATCHES = 100,
	ROUNDS = 16, /* of so many batches */
	TERMS_MAX = 20,
	INSNS_MAX = 4 * TERMS_MAX + 8,
	OPS = 65, /* what Linux 7.0 to 7.3 have */
	SQE_FLAGS = 0x7f,
	FIRST_FD = 16, /* of those that requests make */
	SETTLE_US = 20000,
};

/* The numbers of `deny OP if user_data in {...}`. */
static const uint32_t numbers[TERMS_MAX] = {7,	 19,  42,  66,	103, 110, 151, 196, 230, 255,
					    301, 333, 390, 412, 477, 502, 540, 601, 666, 999};

static char buffer[4096];
static int file;

static _Noreturn void fail(const char *what, int error)
{
	fprintf(stderr, "request: %s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

static void prepare_nop(struct io_uring_sqe *sqe)
{
	io_uring_prep_nop(sqe);
}

static void prepare_read(struct io_uring_sqe *sqe)
{
	io_uring_prep_read(sqe, file, buffer, sizeof(buffer), 0);
}

static void prepare_socket(struct io_uring_sqe *sqe)
{
	io_uring_prep_rw(URING_OP_SOCKET, sqe, AF_UNIX, NULL, 0, SOCK_STREAM);
}

static void prepare_openat2(struct io_uring_sqe *sqe)
{
	static struct open_how how = {.flags = O_RDONLY};

	io_uring_prep_openat2(sqe, AT_FDCWD, "/bin/request", &how);
}

static const struct op {
	const char *name;
	unsigned number;
	void (*prepare)(struct io_uring_sqe *sqe);
	bool opens;
	bool points; /* user_data is a pointer, as most programs have it */
} ops[] = {
	{"nop", IORING_OP_NOP, prepare_nop, false, false},
	{"nop-pointer", IORING_OP_NOP, prepare_nop, false, true},
	{"read", IORING_OP_READ, prepare_read, false, false},
	{"socket", URING_OP_SOCKET, prepare_socket, true, false},
	{"openat2", URING_OP_OPENAT2, prepare_openat2, true, false},
	{"connect", URING_OP_CONNECT, NULL, false, false},
	{"renameat", IORING_OP_RENAMEAT, NULL, false, false},
};

static const struct op *find_op(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strlen(ops[i].name) == size && memcmp(ops[i].name, name, size) == 0)
			return &ops[i];
	fail(name, EINVAL);
}

/* --- written by hand */

struct program {
	struct sock_filter insns[INSNS_MAX];
	unsigned n;
};

static unsigned put(struct program *p, uint16_t code, uint32_t k)
{
	p->insns[p->n] = (struct sock_filter){.code = code, .k = k};
	return p->n++;
}

/* Jumps of the instruction at `from`, if it holds, to the next that is put. */
static void land(struct program *p, unsigned from)
{
	p->insns[from].jt = (uint8_t)(p->n - from - 1);
}

/* A balanced tree: half of the numbers are told off by each comparison, the last two by equality. */
static void put_tree(struct program *p, const uint32_t *from, unsigned n, unsigned *equal)
{
	unsigned upper;

	if (n > 2) {
		upper = put(p, BPF_JMP | BPF_JGE | BPF_K, from[n / 2]);
		put_tree(p, from, n / 2, equal);
		land(p, upper);
		put_tree(p, from + n / 2, n - n / 2, equal + n / 2);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		equal[i] = put(p, BPF_JMP | BPF_JEQ | BPF_K, from[i]);
	put(p, BPF_RET | BPF_K, 1);
}

static void add_filter(unsigned op, unsigned terms)
{
	struct program p = {.n = 0};
	struct uring_bpf argument = {.cmd_type = URING_BPF_CMD_FILTER, .opcode = op};
	unsigned equal[TERMS_MAX], high;
	int error;

	/* The halves of user_data, on a little-endian machine; of most requests the low one decides. */
	put(&p, BPF_LD | BPF_W | BPF_ABS, 0);
	put_tree(&p, numbers, terms, equal);
	for (unsigned i = 0; i < terms; i++)
		land(&p, equal[i]);
	put(&p, BPF_LD | BPF_W | BPF_ABS, 4);
	high = put(&p, BPF_JMP | BPF_JEQ | BPF_K, 0);
	put(&p, BPF_RET | BPF_K, 1);
	land(&p, high);
	put(&p, BPF_RET | BPF_K, 0);
	argument.filter_len = p.n;
	argument.filter_ptr = (uint64_t)(uintptr_t)p.insns;
	error = -io_uring_register((unsigned)-1, URING_REGISTER_BPF_FILTER, &argument, 1);
	if (error)
		fail("IORING_REGISTER_BPF_FILTER", error);
}

static void restrict_task(unsigned denied)
{
	struct {
		struct uring_task_restriction task;
		struct uring_restriction entries[OPS];
	} all = {.entries[0] = {.opcode = URING_RESTRICTION_SQE_FLAGS_ALLOWED, .value = SQE_FLAGS}};
	int error;

	all.task.nr_res = 1;
	for (unsigned op = 0; op < OPS; op++)
		if (op != denied)
			all.entries[all.task.nr_res++] = (struct uring_restriction){
				.opcode = URING_RESTRICTION_SQE_OP, .value = (uint8_t)op};
	error = -io_uring_register((unsigned)-1, URING_REGISTER_RESTRICTIONS, &all, 1);
	if (error)
		fail("IORING_REGISTER_RESTRICTIONS", error);
}

static void put_on(const char *filter)
{
	size_t size = strcspn(filter, ":");
	unsigned terms = (unsigned)strtoul(filter + size + 1, NULL, 10);
	const struct op *op = find_op(filter, size);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail("prctl", errno);
	if (terms > 0)
		add_filter(op->number, terms);
	else
		restrict_task(op->number);
}

/* --- requests */

/* Makes a batch of requests, and returns what it took. */
static uint64_t batch(struct io_uring *ring, const struct op *op)
{
	/* Over and between the numbers, so that no path through a filter is all there is. */
	unsigned step = op->points ? sizeof(struct io_uring_sqe) : 40;
	uint64_t user_data = op->points ? (uintptr_t)ring->sq.sqes : 0;
	uint64_t start = count_now();
	struct io_uring_cqe *cqe;
	unsigned head, done = 0;
	int result = 0;

	for (unsigned i = 0; i < BATCH; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

		op->prepare(sqe);
		sqe->user_data = user_data;
		user_data += step;
	}
	io_uring_submit_and_wait(ring, BATCH);
	io_uring_for_each_cqe(ring, head, cqe)
	{
		result = cqe->res < 0 ? cqe->res : result;
		done++;
	}
	io_uring_cq_advance(ring, done);
	start = count_now() - start;
	if (result < 0 || done != BATCH)
		fail(op->name, -result);
	if (op->opens) {
		close_range(FIRST_FD, ~0U, 0);
		/* Else the kernel frees them later, while a batch is counted. */
		usleep(SETTLE_US);
	}
	return start;
}

static uint64_t measure(const struct op *op)
{
	uint64_t least = UINT64_MAX;
	struct io_uring ring;
	int error = -io_uring_queue_init(BATCH, &ring, 0);

	if (error)
		fail("io_uring_queue_init", error);
	for (int round = 0; round <= ROUNDS; round++) {
		uint64_t sum = 0;

		for (int i = 0; i < BATCHES; i++)
			sum += batch(&ring, op);
		/* The first one warms up. */
		if (round > 0)
			count_least(&least, sum);
	}
	return least;
}

int main(int argc, char **argv)
{
	const struct op *op;

	if (argc < 3)
		return EXIT_FAILURE;
	op = find_op(argv[2], strlen(argv[2]));
	if (!op->prepare)
		return EXIT_FAILURE;
	for (int i = 3; i < argc; i++)
		put_on(argv[i]);
	file = open("/bin/request", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		fail("/bin/request", errno);
	/* What requests open comes after these. */
	for (int fd = file; fd < FIRST_FD - 2; fd = dup(file))
		if (fd < 0)
			fail("dup", errno);
	printf("request %s %s %.1f\n", argv[1], argv[2], (double)measure(op) / (BATCH * BATCHES));
	return EXIT_SUCCESS;
}
