// SPDX-License-Identifier: MIT
/* Every way of putting other restrictions and filters in the place of, or on top of, the jail's. */
#include <errno.h>
#include <linux/filter.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escape.h"

#define DENY_REST 1U

/* All operations, register operations and flags that a kernel of today has. */
#define EVERYTHING (OP_COUNT + REG_COUNT + 1)

static struct {
	struct task_restrictions head;
	struct io_uring_restriction entries[EVERYTHING + 8];
} everything;

static void allow_everything(void)
{
	struct io_uring_restriction *entry = everything.entries;

	for (unsigned int op = 0; op < OP_COUNT; op++)
		*entry++ = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP,
							 .sqe_op = (uint8_t)op};
	for (unsigned int op = 0; op < REG_COUNT; op++)
		*entry++ = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_REGISTER_OP,
							 .register_op = (uint8_t)op};
	*entry++ = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED,
						 .sqe_flags = SQE_FLAGS_ALL};
	everything.head.count = (uint16_t)(entry - everything.entries);
}

/* Without a jail this works the first time, and changes nothing. */
static int restrict_again(const struct goal *goal)
{
	allow_everything();
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 1);
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 1);
	return request_plainly(goal);
}

static int restrict_as_root_of_namespace(const struct goal *goal)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return unless_unknown("unshare", -errno);
	return restrict_again(goal);
}

static void *restrict_in_thread(void *unused)
{
	(void)unused;
	allow_everything();
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 1);
	return NULL;
}

static int restrict_by_thread(const struct goal *goal)
{
	pthread_t thread;

	pthread_create(&thread, NULL, restrict_in_thread, NULL);
	pthread_join(thread, NULL);
	return request_plainly(goal);
}

/* Whatever the kernel makes of arguments like these, it must not forget what it has. */
static int restrict_badly(const struct goal *goal)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct task_restrictions *half = (struct task_restrictions *)(page + 4096) - 1;

	mprotect(page + 4096, 4096, PROT_NONE);
	half->count = 4;
	allow_everything();
	everything.entries[EVERYTHING].opcode = 99;
	io_uring_register(-1U, REG_RESTRICTIONS, half, 1);
	io_uring_register(-1U, REG_RESTRICTIONS, NULL, 1);
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 0);
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 2);
	everything.head.count = EVERYTHING + 1;
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 1);
	everything.head.count = 0xffff;
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 1);
	everything.head.flags = 1;
	io_uring_register(-1U, REG_RESTRICTIONS, &everything, 1);
	return request_plainly(goal);
}

/* --- of a ring */

static int enable_and_request(struct ring *ring, const struct goal *goal)
{
	int error = ring_register(ring, REG_ENABLE_RINGS, NULL, 0);

	register_files(ring);
	return error < 0 ? broken("enabling", error) : request_on(ring, goal);
}

static int restrict_ring(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, IORING_SETUP_R_DISABLED);

	if (error)
		return error;
	allow_everything();
	ring_register(&ring, REG_RESTRICTIONS, everything.entries, EVERYTHING);
	return enable_and_request(&ring, goal);
}

/* io_uring/register.c: io_register_restrictions() forgets what it has read when it meets an error. */
static int restrict_ring_badly(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, IORING_SETUP_R_DISABLED);

	if (error)
		return error;
	allow_everything();
	everything.entries[EVERYTHING].opcode = 99;
	ring_register(&ring, REG_RESTRICTIONS, everything.entries, EVERYTHING + 1);
	ring_register(&ring, REG_RESTRICTIONS, everything.entries, 10000);
	ring_register(&ring, REG_RESTRICTIONS, (void *)8, 4);
	return enable_and_request(&ring, goal);
}

static int restrict_ring_badly_and_well(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, IORING_SETUP_R_DISABLED);

	if (error)
		return error;
	allow_everything();
	everything.entries[EVERYTHING].opcode = 99;
	ring_register(&ring, REG_RESTRICTIONS, everything.entries, EVERYTHING + 1);
	ring_register(&ring, REG_RESTRICTIONS, everything.entries, EVERYTHING);
	return enable_and_request(&ring, goal);
}

/* --- filters */

static const struct sock_filter return_one[] = {BPF_STMT(BPF_RET | BPF_K, 1)};
static const struct sock_filter return_most[] = {BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
static const struct sock_filter return_a[] = {
	BPF_STMT(BPF_LD | BPF_IMM, 0x80000000),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

/* The operation that a goal is about. */
static unsigned int op_of(const struct goal *goal)
{
	struct io_uring_sqe sqe = {0};

	goal->prepare(&sqe);
	return sqe.opcode;
}

static struct bpf_command filter_for(const struct goal *goal, const struct sock_filter *program,
				     unsigned int length, unsigned int flags)
{
	return (struct bpf_command){
		.cmd_type = BPF_COMMAND_FILTER,
		.filter = {.opcode = op_of(goal),
			   .flags = flags,
			   .filter_len = length,
			   .filter_ptr = (uintptr_t)program},
	};
}

static int add_filter(const struct goal *goal, const struct sock_filter *program,
		      unsigned int length, unsigned int flags)
{
	struct bpf_command command = filter_for(goal, program, length, flags);

	return io_uring_register(-1U, REG_BPF_FILTER, &command, 1);
}

/* If these were refused in the jail alone, nothing would be tried there. */
static int filter_and_request(const struct goal *goal, const struct sock_filter *program,
			      unsigned int length, unsigned int flags)
{
	int error = add_filter(goal, program, length, flags);

	return error < 0 ? broken("filter", error) : request_plainly(goal);
}

static int filter_with_one(const struct goal *goal)
{
	return filter_and_request(goal, return_one, 1, 0);
}

static int filter_with_most(const struct goal *goal)
{
	return filter_and_request(goal, return_most, 1, 0);
}

static int filter_with_a(const struct goal *goal)
{
	return filter_and_request(goal, return_a, 2, 0);
}

/* It fills the places that have no filter, with one that denies; here it is asked to fill all but
 * the one of the goal. */
static int filter_and_deny_rest(const struct goal *goal)
{
	return filter_and_request(goal, return_one, 1, DENY_REST);
}

static int filter_often(const struct goal *goal)
{
	for (int i = 0; i < 200; i++) {
		int error = add_filter(goal, return_one, 1, 0);

		if (error < 0)
			return broken("filter", error);
	}
	return request_plainly(goal);
}

static int filter_in_namespace(const struct goal *goal)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return unless_unknown("unshare", -errno);
	return filter_with_one(goal);
}

static int filter_on_ring(const struct goal *goal)
{
	struct bpf_command command = filter_for(goal, return_one, 1, 0);
	struct ring ring;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	if (error)
		return error;
	error = ring_register(&ring, REG_BPF_FILTER, &command, 1);
	if (error < 0)
		return broken("filter", error);
	if (ring.setup & IORING_SETUP_R_DISABLED)
		return enable_and_request(&ring, goal);
	return request_on(&ring, goal);
}

/* Commands and flags that no kernel has yet could take filters away. */
static int filter_commands(const struct goal *goal)
{
	for (unsigned int type = 0; type < 16; type++)
		for (unsigned int flag = 0; flag < 16; flag++) {
			struct bpf_command command = filter_for(goal, return_one, 1, 1U << flag);

			command.cmd_type = (uint16_t)type;
			if (command.filter.flags == DENY_REST)
				continue;
			io_uring_register(-1U, REG_BPF_FILTER, &command, 1);
			command.filter.flags = 0;
			command.cmd_flags = (uint16_t)(1U << flag);
			io_uring_register(-1U, REG_BPF_FILTER, &command, 1);
		}
	return request_plainly(goal);
}

static int filter_badly(const struct goal *goal)
{
	struct bpf_command command = filter_for(goal, return_one, 1, 0);

	for (unsigned int length = 0; length < 70000; length += 4096) {
		command.filter.filter_len = length;
		command.filter.filter_ptr = 8;
		io_uring_register(-1U, REG_BPF_FILTER, &command, 1);
	}
	command.filter.pdu_size = UINT8_MAX;
	io_uring_register(-1U, REG_BPF_FILTER, &command, 1);
	return request_plainly(goal);
}

static int in_child(const struct goal *goal, int (*run)(const struct goal *goal))
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(run(goal) == 0 ? 0 : 1);
	if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		return broken("child", -errno);
	return 0;
}

static int filter_and_leave(const struct goal *goal)
{
	struct ring ring;

	for (int i = 0; i < 3; i++)
		if (add_filter(goal, return_one, 1, 0) < 0)
			return 1;
	return ring_open(&ring, 4, 0);
}

/* Filters are counted, and the parent's are the tail of the child's. */
static int filter_in_children(const struct goal *goal)
{
	for (int i = 0; i < 30; i++) {
		int error = in_child(goal, filter_and_leave);

		if (error)
			return error;
	}
	return request_plainly(goal);
}

/* And the children's go on where the parent's, in the meantime, are others. */
static int filter_between_forks(const struct goal *goal)
{
	for (int i = 0; i < 10; i++) {
		int error = in_child(goal, filter_and_leave);

		if (error == 0)
			error = add_filter(goal, return_one, 1, 0);
		if (error)
			return broken("filter", error);
	}
	return request_plainly(goal);
}

static bool racing;

static void *filter_all_the_time(void *goal)
{
	for (int i = 0; i < 300 && __atomic_load_n(&racing, __ATOMIC_RELAXED); i++) {
		add_filter(goal, return_one, 1, 0);
		sched_yield();
	}
	return NULL;
}

static int filter_in_race(const struct goal *goal)
{
	pthread_t threads[3];

	racing = true;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, filter_all_the_time, (void *)goal);
	for (int i = 0; i < 80; i++)
		sweep_count(goal, request_plainly(goal));
	__atomic_store_n(&racing, false, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return sweep_end();
}

/* The ring's own filters grow while it submits, and those of the task that it shares them with. */
static void *filter_ring_all_the_time(void *argument)
{
	const void **both = argument;
	struct bpf_command command = filter_for(both[0], return_one, 1, 0);

	for (int i = 0; i < 300 && __atomic_load_n(&racing, __ATOMIC_RELAXED); i++) {
		ring_register(both[1], REG_BPF_FILTER, &command, 1);
		sched_yield();
	}
	return NULL;
}

static int filter_ring_in_race(const struct goal *goal)
{
	struct ring ring;
	const void *both[] = {goal, &ring};
	pthread_t thread;
	int error = open_ring(&ring, (unsigned int)escape.argument);

	if (error)
		return error;
	racing = true;
	pthread_create(&thread, NULL, filter_ring_all_the_time, both);
	for (int i = 0; i < 150; i++)
		sweep_count(goal, request_on(&ring, goal));
	__atomic_store_n(&racing, false, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return sweep_end();
}

#define STACK(label, function, reason)                                                             \
	{                                                                                          \
		.name = "stack-" label, .why = reason, .goals = BOTH, .run = (function)            \
	}

const struct attempt stack_attempts[] = {
	STACK("restrict", restrict_again, "the last restrictions could be those that count"),
	STACK("restrict-namespace", restrict_as_root_of_namespace,
	      "they may be set by CAP_SYS_ADMIN in its user namespace"),
	STACK("restrict-thread", restrict_by_thread, "a thread sets them for the process"),
	STACK("restrict-badly", restrict_badly, "an error could take away what there was"),
	STACK("restrict-ring", restrict_ring,
	      "the ring's own restrictions could replace the task's"),
	STACK("restrict-ring-badly", restrict_ring_badly,
	      "an error could take away what the ring inherited"),
	STACK("restrict-ring-after", restrict_ring_badly_and_well,
	      "after an error the ring could take others"),
	STACK("filter", filter_with_one, "the last filter could be the one that counts"),
	STACK("filter-most", filter_with_most, "what it returns could be more than any"),
	STACK("filter-a", filter_with_a, "what it returns could be negative"),
	STACK("filter-rest", filter_and_deny_rest, "all but the goal could be denied"),
	STACK("filter-often", filter_often, "the last of many could be cut"),
	STACK("filter-namespace", filter_in_namespace, "a namespace could have filters of its own"),
	STACK("filter-ring", filter_on_ring, "the ring's own filters could replace the task's"),
	{
		.name = "stack-filter-disabled",
		.why = "the ring takes filters before it is enabled",
		.goals = BOTH,
		.run = filter_on_ring,
		.argument = IORING_SETUP_R_DISABLED,
	},
	STACK("filter-commands", filter_commands, "a command could take a filter away"),
	STACK("filter-badly", filter_badly, "an error could take away what there was"),
	STACK("filter-children", filter_in_children, "filters are counted, and freed too early"),
	STACK("filter-between", filter_between_forks, "they are copied when they change"),
	STACK("filter-race", filter_in_race, "they change while a ring is made"),
	STACK("filter-race-ring", filter_ring_in_race, "they change while a ring submits"),
	{
		.name = "stack-filter-race-sqpoll",
		.why = "they change while a thread of the kernel submits",
		.goals = BOTH,
		.run = filter_ring_in_race,
		.argument = IORING_SETUP_SQPOLL,
	},
	{.name = NULL},
};
