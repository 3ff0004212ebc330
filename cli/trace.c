// SPDX-License-Identifier: MIT
#include "cli/trace.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/trace-names.h"
#include "cli/tracefs.h"

/* Bytes for each processor, where we may lock as much, and what anybody may (kernel/events/core.c:
 * sysctl_perf_event_mlock, without the page for the header). */
#define BUFFER_USUAL (2048 * 1024)
#define BUFFER_SMALL (512 * 1024)

/* Threads of which it is remembered that their call was told of, until it has ended. */
#define CALLS_MAX 64

struct buffer {
	int fds[TRACE_POINTS]; /* -1: none. The first that is there has the buffer */
	struct perf_event_mmap_page *page;
};

struct trace {
	enum trace_want want;
	struct trace_layout layout;
	size_t size; /* bytes of each buffer's data: a power of two */
	struct buffer *buffers;
	size_t nr_buffers;
	int *leaders;		    /* of each buffer the fd that has it */
	struct trace_event *events; /* those kept back, in no order */
	size_t nr_events, room;
	uint64_t dropped; /* for want of memory */
	pid_t calls[CALLS_MAX];
	unsigned next_call;
	struct trace_names names;
	char *record; /* where one that is in two pieces is put together */
};

/* --- preparing */

/* Kernels call the first of them by its old name up to 6.3. */
static const char *const event_names[TRACE_POINTS][2] = {
	[TRACE_REQUEST] = {"io_uring/io_uring_submit_req", "io_uring/io_uring_submit_sqe"},
	[TRACE_FAILED] = {"io_uring/io_uring_req_failed"},
	[TRACE_REGISTER] = {"io_uring/io_uring_register"},
	[TRACE_CALL] = {"syscalls/sys_exit_io_uring_register"},
	[TRACE_SETUP] = {"syscalls/sys_exit_io_uring_setup"},
};

/* Without these there is nothing to be told; the others may be missing. */
static bool is_needed(enum trace_kind kind)
{
	return kind == TRACE_REQUEST || kind == TRACE_FAILED || kind == TRACE_REGISTER;
}

static bool find_point(struct trace *trace, int events, enum trace_kind kind)
{
	bool found = false;

	if (kind == TRACE_CALL && trace_call_registers == 0)
		return true;
	for (int i = 0; i < 2 && event_names[kind][i] && !found; i++) {
		char *format = tracefs_format(events, event_names[kind][i]);

		found = format && trace_layout_add(&trace->layout, kind, format);
		free(format);
	}
	if (!found)
		trace->layout.points[kind].id = 0;
	if (found || !is_needed(kind))
		return true;
	report_error("this kernel has no tracepoint %s that can be used; watching a run needs "
		     "Linux 6.1 or later, with tracing",
		     event_names[kind][0]);
	return false;
}

static bool find_points(struct trace *trace)
{
	int events = tracefs_open();
	bool found = events >= 0;

	for (int kind = 0; kind < TRACE_POINTS && found; kind++)
		found = find_point(trace, events, (enum trace_kind)kind);
	if (events >= 0)
		close(events);
	return found;
}

static size_t round_up(size_t size)
{
	size_t rounded = (size_t)sysconf(_SC_PAGESIZE);

	while (rounded < size)
		rounded *= 2;
	return rounded;
}

struct trace *trace_prepare(enum trace_want want, size_t buffer)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	long processors = sysconf(_SC_NPROCESSORS_CONF);

	if (trace) {
		trace->want = want;
		trace->size = buffer ? round_up(buffer) : 0;
		trace->buffers = calloc((size_t)processors, sizeof(*trace->buffers));
		trace->leaders = calloc((size_t)processors, sizeof(*trace->leaders));
		trace->record = malloc(UINT16_MAX);
	}
	if (!trace || !trace->buffers || !trace->leaders || !trace->record) {
		report_error("out of memory");
	} else {
		if (find_points(trace))
			return trace;
	}
	trace_close(trace);
	return NULL;
}

/* --- attaching */

static bool is_wanted(const struct trace *trace, enum trace_kind kind)
{
	return trace->layout.points[kind].id > 0 &&
	       (trace->want == TRACE_ALL || kind != TRACE_REQUEST);
}

static struct perf_event_attr attributes(const struct trace *trace, enum trace_kind kind)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(struct perf_event_attr),
		.config = (uint64_t)trace->layout.points[kind].id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW |
			       (kind == TRACE_CALL ? PERF_SAMPLE_REGS_USER : 0),
		.sample_regs_user = kind == TRACE_CALL ? trace_call_registers : 0,
		.read_format = PERF_FORMAT_LOST,
		.disabled = 1,
		.enable_on_exec = 1,
		.inherit = 1,
		.comm = kind == TRACE_FAILED && trace->want == TRACE_DENIED,
		.task = kind == TRACE_FAILED && trace->want == TRACE_DENIED,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = trace->want == TRACE_ALL,
		/* Of a denied one is told at once; otherwise when the buffer is a quarter full. */
		.wakeup_events = trace->want == TRACE_ALL ? (uint32_t)(trace->size / 4) : 1,
	};
}

/* Leaves out in the kernel what is of no interest. */
static bool filter(const struct trace *trace, enum trace_kind kind, int fd)
{
	const char *text = "ret == -13 || ret == -38";

	_Static_assert(EACCES == 13 && ENOSYS == 38, "the numbers in filters");
	if (trace->want == TRACE_ALL)
		return true;
	if (kind == TRACE_FAILED)
		text = "error == -13";
	return ioctl(fd, PERF_EVENT_IOC_SET_FILTER, text) == 0;
}

static bool map(struct trace *trace, struct buffer *buffer, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = trace->size ? trace->size : round_up(BUFFER_USUAL);
	void *memory = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED && errno == EPERM && !trace->size) {
		size = round_up(BUFFER_SMALL);
		memory = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (memory == MAP_FAILED)
		return false;
	trace->size = size;
	buffer->page = memory;
	return true;
}

static void refused(const char *call)
{
	if (errno == EACCES || errno == EPERM)
		report_error("%s: %s; watching a run needs root, or CAP_PERFMON and "
			     "kernel.perf_event_paranoid below 3; a container or a seccomp filter "
			     "may withhold it from root",
			     call, strerror(errno));
	else if (errno == EMFILE)
		report_error("%s: %s; raise the limit of open files", call, strerror(errno));
	else
		report_error("%s: %s", call, strerror(errno));
}

/* One tracepoint on one processor. Returns false on failure; a processor that is off is none. */
static bool add_point(struct trace *trace, struct buffer *buffer, int *leader, pid_t pid, int cpu,
		      enum trace_kind kind)
{
	struct perf_event_attr attr = attributes(trace, kind);
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0) {
		if (errno == ENODEV)
			return true;
		refused("perf_event_open(2)");
		return false;
	}
	buffer->fds[kind] = fd;
	if (!filter(trace, kind, fd)) {
		report_error("cannot filter the tracepoint %s: %s", event_names[kind][0],
			     strerror(errno));
		return false;
	}
	if (*leader >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, *leader) < 0) {
		refused("ioctl(PERF_EVENT_IOC_SET_OUTPUT)");
		return false;
	}
	if (*leader < 0 && !map(trace, buffer, fd)) {
		refused("mmap(2) of a buffer for events");
		return false;
	}
	if (*leader < 0)
		*leader = fd;
	return true;
}

static bool add_processor(struct trace *trace, pid_t pid, int cpu)
{
	struct buffer *buffer = &trace->buffers[trace->nr_buffers];
	int leader = -1;
	bool good = true;

	for (int kind = 0; kind < TRACE_POINTS; kind++)
		buffer->fds[kind] = -1;
	for (int kind = 0; kind < TRACE_POINTS && good; kind++)
		if (is_wanted(trace, (enum trace_kind)kind))
			good = add_point(trace, buffer, &leader, pid, cpu, (enum trace_kind)kind);
	if (leader >= 0 || !good)
		trace->leaders[trace->nr_buffers++] = leader;
	return good;
}

/* There is a file descriptor for each tracepoint and processor. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

bool trace_attach(struct trace *trace, pid_t pid)
{
	int processors = (int)sysconf(_SC_NPROCESSORS_CONF);

	raise_limit();
	for (int cpu = 0; cpu < processors; cpu++)
		if (!add_processor(trace, pid, cpu))
			return false;
	return true;
}

size_t trace_fds(const struct trace *trace, const int **fds)
{
	*fds = trace->leaders;
	return trace->nr_buffers;
}

bool trace_ended(const struct trace *trace)
{
	struct pollfd wait = {.fd = trace->leaders[0], .events = POLLIN};

	return poll(&wait, 1, 0) == 1 && (wait.revents & POLLHUP);
}

bool trace_sees_all_calls(const struct trace *trace)
{
	return trace->layout.points[TRACE_CALL].id > 0;
}

/* --- draining */

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void keep(struct trace *trace, const struct trace_event *event)
{
	if (trace->nr_events == trace->room) {
		size_t room = trace->room ? trace->room * 2 : 256;
		struct trace_event *events =
			reallocarray(trace->events, room, sizeof(*trace->events));

		if (!events) {
			trace->dropped++;
			return;
		}
		trace->events = events;
		trace->room = room;
	}
	trace->events[trace->nr_events++] = *event;
}

/* The record at an offset of the data, in one piece; *size is that of its header. */
static const void *record_at(struct trace *trace, const char *data, uint64_t at, size_t *size)
{
	size_t start = (size_t)(at & (trace->size - 1)), first = trace->size - start;
	struct perf_event_header header;

	/* Records start at multiples of 8, so that a header is never in two pieces. */
	memcpy(&header, data + start, sizeof(header));
	*size = header.size;
	if (header.size <= first)
		return data + start;
	memcpy(trace->record, data + start, first);
	memcpy(trace->record + first, data, header.size - first);
	return trace->record;
}

static void drain_buffer(struct trace *trace, struct buffer *buffer, trace_handler *handler,
			 void *data)
{
	struct perf_event_mmap_page *page = buffer->page;
	const char *start = (const char *)page + page->data_offset;
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = page->data_tail;
	struct trace_event event;
	size_t size;

	while (tail < head) {
		const void *record = record_at(trace, start, tail, &size);

		if (size == 0)
			break;
		if (trace_event_read(&trace->layout, record, &event)) {
			if (event.kind == TRACE_REQUEST)
				handler(data, &event);
			else
				keep(trace, &event);
		}
		tail += size;
		__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
	}
}

static int compare_times(const void *a, const void *b)
{
	uint64_t x = ((const struct trace_event *)a)->time,
		 y = ((const struct trace_event *)b)->time;

	return (x > y) - (x < y);
}

/* A call on a ring has two events, first that of the ring. */
static bool is_told(struct trace *trace, pid_t tid)
{
	for (unsigned i = 0; i < CALLS_MAX; i++) {
		if (trace->calls[i] != tid)
			continue;
		trace->calls[i] = 0;
		return true;
	}
	return false;
}

static void deliver(struct trace *trace, struct trace_event *event, trace_handler *handler,
		    void *data)
{
	trace_names_follow(&trace->names, event);
	switch (event->kind) {
	case TRACE_NAME:
	case TRACE_FORK:
	case TRACE_EXIT:
		return;
	case TRACE_REGISTER:
		trace->calls[trace->next_call++ % CALLS_MAX] = event->tid;
		break;
	case TRACE_CALL:
		if (is_told(trace, event->tid))
			return;
		event->kind = TRACE_REGISTER;
		break;
	case TRACE_REQUEST:
	case TRACE_FAILED:
	case TRACE_SETUP:
		break;
	}
	if (trace->want == TRACE_DENIED)
		trace_names_find(&trace->names, event->pid, event->program);
	handler(data, event);
}

bool trace_drain(struct trace *trace, bool all, trace_handler *handler, void *data)
{
	uint64_t until = all ? UINT64_MAX : now();
	size_t n = 0;

	for (size_t i = 0; i < trace->nr_buffers; i++)
		drain_buffer(trace, &trace->buffers[i], handler, data);
	if (trace->nr_events > 1)
		qsort(trace->events, trace->nr_events, sizeof(*trace->events), compare_times);
	while (n < trace->nr_events && trace->events[n].time < until)
		deliver(trace, &trace->events[n++], handler, data);
	trace->nr_events -= n;
	if (n > 0)
		memmove(trace->events, trace->events + n,
			trace->nr_events * sizeof(*trace->events));
	return trace->nr_events > 0;
}

void trace_stop(struct trace *trace)
{
	for (size_t i = 0; i < trace->nr_buffers; i++)
		for (int kind = 0; kind < TRACE_POINTS; kind++)
			if (trace->buffers[i].fds[kind] >= 0)
				ioctl(trace->buffers[i].fds[kind], PERF_EVENT_IOC_DISABLE, 0);
}

uint64_t trace_lost(const struct trace *trace)
{
	struct {
		uint64_t count, lost; /* struct read_format with PERF_FORMAT_LOST */
	} answer;
	uint64_t lost = trace->dropped;

	for (size_t i = 0; i < trace->nr_buffers; i++)
		for (int kind = 0; kind < TRACE_POINTS; kind++)
			if (trace->buffers[i].fds[kind] >= 0 &&
			    read(trace->buffers[i].fds[kind], &answer, sizeof(answer)) ==
				    (ssize_t)sizeof(answer))
				lost += answer.lost;
	return lost;
}

static void close_buffer(const struct trace *trace, const struct buffer *buffer)
{
	if (buffer->page)
		munmap(buffer->page, (size_t)sysconf(_SC_PAGESIZE) + trace->size);
	for (int kind = 0; kind < TRACE_POINTS; kind++)
		if (buffer->fds[kind] >= 0)
			close(buffer->fds[kind]);
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	for (size_t i = 0; i < trace->nr_buffers; i++)
		close_buffer(trace, &trace->buffers[i]);
	trace_names_destroy(&trace->names);
	free(trace->buffers);
	free(trace->leaders);
	free(trace->events);
	free(trace->record);
	free(trace);
}
