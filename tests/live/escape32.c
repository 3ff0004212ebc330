// SPDX-License-Identifier: MIT
/*
 * A 32-bit program without a C library, which 64-bit machines need not have: makes a request on a
 * ring of its own, and exits with the status that escape.h gives to its result.
 *
 *   escape32 openat2|create
 */
#include <stdint.h>

enum { EXIT_REACHED = 70, EXIT_DENIED = 71, EXIT_NOT_HERE, EXIT_BROKEN };

/* Of 32-bit x86: the mmap with one argument, which points to six. */
enum { SYS_exit_group = 252, SYS_mmap = 90, SYS_setup = 425, SYS_enter = 426 };

enum { OP_OPENAT = 18, OP_OPENAT2 = 28 };

#define FLAGS	    (2U | 0100U) /* O_RDWR | O_CREAT */
#define AT_FDCWD    (-100)
#define EACCES	    13
#define ENOSYS	    38
#define GETEVENTS   1
#define OFFSET_SQ   0
#define OFFSET_SQES 0x10000000U
#define PAGE	    4096

struct sq_offsets {
	uint32_t head, tail, mask, entries, flags, dropped, array, reserved;
	uint64_t user;
};

struct cq_offsets {
	uint32_t head, tail, mask, entries, overflow, cqes, flags, reserved;
	uint64_t user;
};

static struct {
	uint32_t sq_entries, cq_entries, flags, cpu, idle, features, wq, reserved[3];
	struct sq_offsets sq;
	struct cq_offsets cq;
} params;

struct sqe {
	uint8_t opcode, flags;
	uint16_t priority;
	int32_t fd;
	uint64_t off, addr;
	uint32_t len, open_flags;
	uint64_t user_data, rest[3];
};

struct cqe {
	uint64_t user_data;
	int32_t result;
	uint32_t flags;
};

static const char made[] = "made";

static struct {
	uint64_t flags, mode, resolve;
} how = {FLAGS, 0600, 0};

/* The kernel sees a sixth argument, in ebp, which none of these calls looks at. */
static long call(long number, long one, long two, long three, long four)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(one), "c"(two), "d"(three), "S"(four), "D"(0)
			 : "memory");
	return result;
}

static char *map(long fd, uint32_t offset)
{
	const struct {
		long address, size, protection, flags, fd;
		uint32_t offset;
	} arguments = {0, PAGE, 3 /* read, write */, 1 /* shared */, fd, offset};

	return (char *)call(SYS_mmap, (long)&arguments, 0, 0, 0);
}

static void prepare(struct sqe *sqe, const char *goal)
{
	sqe->fd = AT_FDCWD;
	sqe->addr = (uintptr_t)made;
	if (goal[0] == 'o') {
		sqe->opcode = OP_OPENAT2;
		sqe->off = (uintptr_t)&how;
		sqe->len = sizeof(how);
	} else {
		sqe->opcode = OP_OPENAT;
		sqe->open_flags = FLAGS;
		sqe->len = 0600;
	}
}

static long request(const char *goal)
{
	long fd = call(SYS_setup, 1, (long)&params, 0, 0);
	char *rings = map(fd, OFFSET_SQ);
	struct cqe *cqe = (struct cqe *)(rings + params.cq.cqes);
	struct sqe *sqe = (struct sqe *)map(fd, OFFSET_SQES);

	if (fd < 0)
		return fd;
	prepare(sqe, goal);
	*(uint32_t *)(rings + params.sq.array) = 0;
	__atomic_store_n((uint32_t *)(rings + params.sq.tail), 1, __ATOMIC_RELEASE);
	if (call(SYS_enter, fd, 1, 1, GETEVENTS) != 1)
		return 0x80000000;
	return cqe->result;
}

__attribute__((used, noreturn)) static void run(const char *goal)
{
	long result = request(goal);

	call(SYS_exit_group,
	     result >= 0	 ? EXIT_REACHED
	     : result == -EACCES ? EXIT_DENIED
	     : result == -ENOSYS ? EXIT_NOT_HERE
				 : EXIT_BROKEN,
	     0, 0, 0);
	__builtin_unreachable();
}

/* The stack has the count of arguments, and then their addresses. */
__asm__(".globl _start\n"
	"_start:\n"
	"	mov 8(%esp), %eax\n"
	"	and $-16, %esp\n"
	"	sub $12, %esp\n"
	"	push %eax\n"
	"	call run\n");
