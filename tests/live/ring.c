// SPDX-License-Identifier: MIT
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define PAGE		  4096UL
#define SUBMIT_TIMEOUT_MS 5000
#define SQPOLL_IDLE_MS	  5

static struct ring no_ring(unsigned int setup)
{
	return (struct ring){
		.fd = -1, .index = -1, .setup = setup, .memory = MAP_FAILED, .entries = MAP_FAILED};
}

static size_t page_align(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static size_t sqe_size(const struct ring *ring)
{
	return sizeof(struct io_uring_sqe) << !!(ring->setup & IORING_SETUP_SQE128);
}

static size_t cqe_size(const struct ring *ring)
{
	return sizeof(struct io_uring_cqe) << !!(ring->setup & IORING_SETUP_CQE32);
}

static void *anonymous(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE,
		    -1, 0);
}

/* The kernel wants the memory before it tells where in it things go: allow for generous heads. */
static int provide_memory(struct ring *ring, struct io_uring_params *params, unsigned int entries)
{
	ring->memory_size = page_align(PAGE + 2 * entries * cqe_size(ring));
	ring->entries_size = page_align(entries * sqe_size(ring));
	ring->memory = anonymous(ring->memory_size);
	ring->entries = anonymous(ring->entries_size);
	if (ring->memory == MAP_FAILED || ring->entries == MAP_FAILED)
		return -ENOMEM;
	/* user_addr, which liburing 2.3 does not name, is the last word of both structures */
	memcpy((char *)&params->cq_off + sizeof(params->cq_off) - 8,
	       &(uint64_t){(uintptr_t)ring->memory}, 8);
	memcpy((char *)&params->sq_off + sizeof(params->sq_off) - 8,
	       &(uint64_t){(uintptr_t)ring->entries}, 8);
	return 0;
}

static int map_memory(struct ring *ring, const struct io_uring_params *params)
{
	size_t sq_size = params->sq_off.array + params->sq_entries * sizeof(unsigned int);
	size_t cq_size = params->cq_off.cqes + params->cq_entries * cqe_size(ring);

	ring->memory_size = sq_size > cq_size ? sq_size : cq_size;
	ring->entries_size = params->sq_entries * sqe_size(ring);
	ring->memory = mmap(NULL, ring->memory_size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, ring->entries_size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	if (ring->memory == MAP_FAILED || ring->entries == MAP_FAILED)
		return -ENOMEM;
	return 0;
}

static void find_fields(struct ring *ring, const struct io_uring_params *params)
{
	char *memory = ring->memory;

	ring->sq_head = (unsigned int *)(memory + params->sq_off.head);
	ring->sq_tail = (unsigned int *)(memory + params->sq_off.tail);
	ring->sq_flags = (unsigned int *)(memory + params->sq_off.flags);
	ring->sq_array = (unsigned int *)(memory + params->sq_off.array);
	ring->sq_mask = params->sq_entries - 1;
	ring->cq_head = (unsigned int *)(memory + params->cq_off.head);
	ring->cq_tail = (unsigned int *)(memory + params->cq_off.tail);
	ring->cq_mask = params->cq_entries - 1;
	ring->cqes = memory + params->cq_off.cqes;
}

static int set_up(struct ring *ring, unsigned int entries, struct io_uring_params *params)
{
	int result;

	if (ring->setup & SETUP_NO_MMAP) {
		result = provide_memory(ring, params, entries);
		if (result < 0)
			return result;
	}
	result = io_uring_setup(entries, params);
	if (result < 0)
		return result;
	if (ring->setup & SETUP_REGISTERED_FD_ONLY)
		ring->index = result;
	else
		ring->fd = result;
	if (!(ring->setup & SETUP_NO_MMAP)) {
		result = map_memory(ring, params);
		if (result < 0)
			return result;
	}
	find_fields(ring, params);
	return 0;
}

int ring_open_with(struct ring *ring, unsigned int entries, struct io_uring_params *params)
{
	int result;

	*ring = no_ring(params->flags);
	if (params->flags & IORING_SETUP_SQPOLL)
		params->sq_thread_idle = SQPOLL_IDLE_MS;
	result = set_up(ring, entries, params);
	if (result < 0)
		ring_close(ring);
	return result;
}

int ring_open(struct ring *ring, unsigned int entries, unsigned int setup)
{
	return ring_open_with(ring, entries, &(struct io_uring_params){.flags = setup});
}

int ring_adopt(struct ring *ring, int fd, const struct io_uring_params *params)
{
	int result;

	*ring = no_ring(params->flags);
	ring->fd = fd;
	result = map_memory(ring, params);
	if (result == 0) {
		find_fields(ring, params);
		return 0;
	}
	ring->fd = -1;
	ring_close(ring);
	return result;
}

void ring_close(struct ring *ring)
{
	if (ring->memory != MAP_FAILED)
		munmap(ring->memory, ring->memory_size);
	if (ring->entries != MAP_FAILED)
		munmap(ring->entries, ring->entries_size);
	if (ring->fd >= 0)
		close(ring->fd);
	*ring = no_ring(0);
}

int ring_forget_fd(struct ring *ring)
{
	struct io_uring_rsrc_update update = {.offset = -1U, .data = (unsigned int)ring->fd};
	int result;

	result = io_uring_register((unsigned int)ring->fd, REG_RING_FDS, &update, 1);
	if (result != 1)
		return result < 0 ? result : -EINVAL;
	ring->index = (int)update.offset;
	close(ring->fd);
	ring->fd = -1;
	return 0;
}

/*
 * The kernel has read all entries of the last submission, so each one starts at entry 0, which
 * spares wide entries the end of the queue.
 */
struct io_uring_sqe *ring_sqe(struct ring *ring, bool wide)
{
	unsigned int slot = ring->queued, tail = *ring->sq_tail;
	unsigned int slots = wide && ring->setup & SETUP_SQE_MIXED ? 2 : 1;
	struct io_uring_sqe *sqe = (struct io_uring_sqe *)(ring->entries + slot * sqe_size(ring));
	size_t size = slots * sqe_size(ring);

	for (unsigned int i = 0; i < slots; i++)
		ring->sq_array[(tail + slot + i) & ring->sq_mask] = slot + i;
	ring->queued += slots;
	memset(sqe, 0, size);
	return sqe;
}

static int enter(const struct ring *ring, unsigned int submit, unsigned int wait,
		 unsigned int flags, void *arg, size_t size)
{
	if (ring->index >= 0)
		return io_uring_enter2((unsigned int)ring->index, submit, wait,
				       flags | IORING_ENTER_REGISTERED_RING, arg, size);
	return io_uring_enter2((unsigned int)ring->fd, submit, wait, flags, arg, size);
}

static unsigned int unread(const struct ring *ring)
{
	return *ring->sq_tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
}

static int wake_poller(const struct ring *ring)
{
	int result = 0;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP)
		result = enter(ring, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	if (result >= 0)
		clock_sleep_us(50);
	return result;
}

int ring_submit(struct ring *ring)
{
	int64_t deadline = clock_ms() + SUBMIT_TIMEOUT_MS;
	int result = 0;

	__atomic_store_n(ring->sq_tail, *ring->sq_tail + ring->queued, __ATOMIC_RELEASE);
	ring->queued = 0;
	while (unread(ring) && result >= 0) {
		if (clock_ms() > deadline)
			return -ETIME;
		if (ring->setup & IORING_SETUP_SQPOLL)
			result = wake_poller(ring);
		else
			result = enter(ring, unread(ring), 0, 0, NULL, 0);
	}
	return result < 0 ? result : 0;
}

static bool take(struct ring *ring, struct completion *completion)
{
	unsigned int head = *ring->cq_head;
	const struct io_uring_cqe *cqe;

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	cqe = (const struct io_uring_cqe *)(ring->cqes + (head & ring->cq_mask) * cqe_size(ring));
	*completion = (struct completion){cqe->user_data, cqe->res, cqe->flags};
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* An IOPOLL ring that has nothing to poll for returns at once, so do not ask it in a tight loop. */
static int wait_in_kernel(struct ring *ring, int64_t milliseconds)
{
	struct __kernel_timespec limit = {.tv_sec = milliseconds / 1000,
					  .tv_nsec = milliseconds % 1000 * 1000000};
	struct io_uring_getevents_arg arg = {.ts = (uintptr_t)&limit};
	int result;

	result =
		enter(ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof(arg));
	if (ring->setup & IORING_SETUP_IOPOLL)
		clock_sleep_us(100);
	return result == -ETIME || result == -EINTR ? 0 : result;
}

int ring_wait(struct ring *ring, struct completion *completion, unsigned int milliseconds)
{
	int64_t now = clock_ms(), deadline = now + milliseconds;
	int result;

	while (!take(ring, completion)) {
		if (now >= deadline)
			return -ETIME;
		result = wait_in_kernel(ring, deadline - now);
		if (result < 0)
			return result;
		now = clock_ms();
	}
	return 0;
}

void ring_drain(struct ring *ring)
{
	struct completion completion;

	while (take(ring, &completion))
		;
}

int ring_register(const struct ring *ring, unsigned int op, const void *arg, unsigned int count)
{
	if (ring->index >= 0)
		return io_uring_register((unsigned int)ring->index, op | REG_USE_REGISTERED_RING,
					 arg, count);
	return io_uring_register((unsigned int)ring->fd, op, arg, count);
}
