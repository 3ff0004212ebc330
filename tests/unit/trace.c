// SPDX-License-Identifier: MIT
#include "cli/trace-event.h"

#include <criterion/criterion.h>
#include <linux/perf_event.h>
#include <string.h>

#include "cli/trace-names.h"

/* As kernels have them; the IDs, and where things are, differ. */

#define COMMON                                                                                     \
	"format:\n"                                                                                \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"             \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char submit_6_1[] =
	"name: io_uring_submit_sqe\nID: 1234\n" COMMON
	"\tfield:void * ctx;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:void * req;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long long user_data;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:u8 opcode;\toffset:32;\tsize:1;\tsigned:0;\n"
	"\tfield:u32 flags;\toffset:36;\tsize:4;\tsigned:0;\n"
	"\tfield:bool force_nonblock;\toffset:40;\tsize:1;\tsigned:0;\n"
	"\tfield:bool sq_thread;\toffset:41;\tsize:1;\tsigned:0;\n"
	"\tfield:__data_loc char[] op_str;\toffset:44;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"ring %p\", REC->ctx\n";

static const char failed_6_18[] =
	"name: io_uring_req_failed\nID: 2137\n" COMMON
	"\tfield:void * ctx;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:void * req;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long long user_data;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:u8 opcode;\toffset:32;\tsize:1;\tsigned:0;\n"
	"\tfield:u8 flags;\toffset:33;\tsize:1;\tsigned:0;\n"
	"\tfield:u8 ioprio;\toffset:34;\tsize:1;\tsigned:0;\n"
	"\tfield:u64 off;\toffset:40;\tsize:8;\tsigned:0;\n"
	"\tfield:u64 addr;\toffset:48;\tsize:8;\tsigned:0;\n"
	"\tfield:u32 len;\toffset:56;\tsize:4;\tsigned:0;\n"
	"\tfield:u32 op_flags;\toffset:60;\tsize:4;\tsigned:0;\n"
	"\tfield:u16 buf_index;\toffset:64;\tsize:2;\tsigned:0;\n"
	"\tfield:u16 personality;\toffset:66;\tsize:2;\tsigned:0;\n"
	"\tfield:u32 file_index;\toffset:68;\tsize:4;\tsigned:0;\n"
	"\tfield:u64 pad1;\toffset:72;\tsize:8;\tsigned:0;\n"
	"\tfield:u64 addr3;\toffset:80;\tsize:8;\tsigned:0;\n"
	"\tfield:int error;\toffset:88;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] op_str;\toffset:92;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"ring %p\", REC->ctx\n";

static const char exit_register[] = "name: sys_exit_io_uring_register\nID: 500\n" COMMON
				    "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
				    "\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n\n"
				    "print fmt: \"0x%lx\", REC->ret\n";

/* --- formats */

static void expect_field(const char *format, const char *name, size_t offset, size_t size,
			 bool is_signed)
{
	struct trace_field field = trace_format_field(format, name);

	cr_expect_eq(field.offset, offset, "%s", name);
	cr_expect_eq(field.size, size, "%s", name);
	cr_expect_eq(field.is_signed, is_signed, "%s", name);
}

Test(trace, formats_say_where_fields_are)
{
	cr_expect_eq(trace_format_id(failed_6_18), 2137);
	cr_expect_eq(trace_format_id(submit_6_1), 1234);
	cr_expect_eq(trace_format_id("name: x\nformat:\n"), -1);
	cr_expect_eq(trace_format_id("name: x\nID: none\n"), -1);
	cr_expect_eq(trace_format_id("name: x\nID: 0\n"), -1);
	expect_field(failed_6_18, "opcode", 32, 1, false);
	expect_field(failed_6_18, "error", 88, 4, true);
	expect_field(failed_6_18, "flags", 33, 1, false);
	expect_field(failed_6_18, "user_data", 24, 8, false);
	expect_field(failed_6_18, "ctx", 8, 8, false);
	expect_field(failed_6_18, "common_type", 0, 2, false);
	expect_field(submit_6_1, "flags", 36, 4, false);
}

/* Not "addr" in "addr3", not "flags" in "op_flags", and no arrays. */
Test(trace, fields_are_found_by_their_whole_name)
{
	static const char array[] =
		"name: x\nID: 7\n" COMMON "\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
		"\tfield:u8 op_flags;\toffset:24;\tsize:1;\tsigned:0;\n"
		"\tfield:u64 wide;\toffset:32;\tsize:16;\tsigned:0;\n"
		"\tfield:u64 cut;\toffset:48;\n"
		"\tfield:u64 last;\toffset:40;\tsize:8;\tsigned:0;\n";

	expect_field(failed_6_18, "addr", 48, 8, false);
	expect_field(failed_6_18, "addr3", 80, 8, false);
	expect_field(array, "flags", 0, 0, false);
	expect_field(array, "comm", 0, 0, false);
	expect_field(array, "wide", 0, 0, false);
	expect_field(array, "cut", 0, 0, false);
	expect_field(array, "last", 40, 8, false);
	expect_field(array, "none", 0, 0, false);
	expect_field("", "none", 0, 0, false);
}

Test(trace, values_keep_their_sign_and_stay_within_the_record)
{
	static const unsigned char record[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
	static const size_t sizes[] = {1, 2, 4, 8};

	for (size_t i = 0; i < 4; i++) {
		struct trace_field plain = {0, sizes[i], false}, is_signed = {0, sizes[i], true};

		cr_expect_eq(trace_field_value(&plain, record, sizeof(record)),
			     UINT64_MAX >> (64 - 8 * sizes[i]));
		cr_expect_eq((int64_t)trace_field_value(&is_signed, record, sizeof(record)), -1);
		cr_expect_eq(trace_field_value(&plain, record, sizes[i] - 1), 0);
	}
	cr_expect_eq(trace_field_value(&(struct trace_field){8, 1, false}, record, 9), 1);
	cr_expect_eq(trace_field_value(&(struct trace_field){9, 1, false}, record, 9), 0);
	cr_expect_eq(trace_field_value(&(struct trace_field){SIZE_MAX, 8, false}, record, 9), 0);
}

Test(trace, layouts_need_what_events_are_made_of)
{
	struct trace_layout layout = {0};

	cr_expect(trace_layout_add(&layout, TRACE_REQUEST, submit_6_1));
	cr_expect_eq(layout.points[TRACE_REQUEST].id, 1234);
	cr_expect_not(trace_layout_add(&layout, TRACE_FAILED, submit_6_1), "it has no error");
	cr_expect_not(trace_layout_add(&layout, TRACE_REGISTER, exit_register), "it has no op");
	cr_expect_not(trace_layout_add(&layout, TRACE_CALL, "name: x\nID: 3\nformat:\n"));
	cr_expect(trace_layout_add(&layout, TRACE_CALL, exit_register));
}

/* --- records */

/* A record as the kernel puts it into a buffer. */
struct record {
	union {
		struct perf_event_header header;
		char bytes[512];
	};
	size_t size;
};

static void put(struct record *record, const void *data, size_t size)
{
	memcpy(record->bytes + record->size, data, size);
	record->size += size;
	record->header.size = (uint16_t)record->size;
}

static void put_u32(struct record *record, uint32_t value)
{
	put(record, &value, sizeof(value));
}

static void put_u64(struct record *record, uint64_t value)
{
	put(record, &value, sizeof(value));
}

static struct record record_of(uint32_t type)
{
	struct record record = {.size = sizeof(struct perf_event_header)};

	record.header.type = type;
	record.header.size = sizeof(struct perf_event_header);
	return record;
}

static struct record sample_of(const void *raw, uint32_t size)
{
	struct record record = record_of(PERF_RECORD_SAMPLE);

	put_u32(&record, 10);
	put_u32(&record, 11);
	put_u64(&record, 123456789);
	put_u32(&record, size);
	put(&record, raw, size);
	return record;
}

static struct trace_layout all(void)
{
	struct trace_layout layout = {0};

	cr_assert(trace_layout_add(&layout, TRACE_REQUEST, submit_6_1));
	cr_assert(trace_layout_add(&layout, TRACE_FAILED, failed_6_18));
	cr_assert(trace_layout_add(&layout, TRACE_CALL, exit_register));
	return layout;
}

static void poke(char *raw, size_t offset, uint64_t value, size_t size)
{
	memcpy(raw + offset, &value, size);
}

Test(trace, accepted_requests)
{
	struct trace_layout layout = all();
	struct trace_event event;
	struct record record;
	char raw[52] = "";

	poke(raw, 0, 1234, 2);
	poke(raw, 24, 0xabcdef, 8);
	raw[32] = 22;
	poke(raw, 36, 0x80010011, 4);
	record = sample_of(raw, sizeof(raw));
	cr_assert(trace_event_read(&layout, record.bytes, &event));
	cr_expect_eq(event.kind, TRACE_REQUEST);
	cr_expect_eq(event.pid, 10);
	cr_expect_eq(event.tid, 11);
	cr_expect_eq(event.time, 123456789);
	cr_expect_eq(event.op, 22);
	cr_expect_eq(event.flags, 0x11, "the low byte alone");
	cr_expect_eq(event.sqe.user_data, 0xabcdef);
}

Test(trace, refused_requests)
{
	struct trace_layout layout = all();
	struct trace_event event;
	struct record record;
	char raw[100] = "";

	poke(raw, 0, 2137, 2);
	poke(raw, 24, UINT64_MAX, 8);
	raw[32] = 18;
	raw[33] = 4;
	raw[34] = 5;
	poke(raw, 40, 0x1111111111111111, 8);
	poke(raw, 48, 0x2222222222222222, 8);
	poke(raw, 56, 0x33333333, 4);
	poke(raw, 60, 0x44444444, 4);
	poke(raw, 64, 0x5555, 2);
	poke(raw, 66, 0x6666, 2);
	poke(raw, 68, 0x77777777, 4);
	poke(raw, 80, 0x8888888888888888, 8);
	poke(raw, 88, (uint32_t)-13, 4);
	record = sample_of(raw, sizeof(raw));
	cr_assert(trace_event_read(&layout, record.bytes, &event));
	cr_expect_eq(event.kind, TRACE_FAILED);
	cr_expect_eq(event.op, 18);
	cr_expect_eq(event.flags, 4);
	cr_expect_eq(event.result, -13);
	cr_expect_eq(event.sqe.user_data, UINT64_MAX);
	cr_expect_eq(event.sqe.ioprio, 5);
	cr_expect_eq(event.sqe.off, 0x1111111111111111);
	cr_expect_eq(event.sqe.addr, 0x2222222222222222);
	cr_expect_eq(event.sqe.len, 0x33333333);
	cr_expect_eq(event.sqe.op_flags, 0x44444444);
	cr_expect_eq(event.sqe.buf_index, 0x5555);
	cr_expect_eq(event.sqe.personality, 0x6666);
	cr_expect_eq(event.sqe.file_index, 0x77777777);
	cr_expect_eq(event.sqe.addr3, 0x8888888888888888);
}

Test(trace, calls_have_their_opcode_in_a_register)
{
	struct trace_layout layout = all();
	struct trace_event event;
	struct record record, unknown;
	char raw[28] = "";

	poke(raw, 0, 500, 2);
	poke(raw, 16, (uint64_t)-13, 8);
	record = unknown = sample_of(raw, sizeof(raw));
	put_u64(&record, PERF_SAMPLE_REGS_ABI_64);
	put_u64(&record, UINT64_C(0xffffffff80000002));
	cr_assert(trace_event_read(&layout, record.bytes, &event));
	cr_expect_eq(event.kind, TRACE_CALL);
	cr_expect_eq(event.op, 2, "32 bits of it, and of those not the highest");
	cr_expect_eq(event.result, -13);
	put_u64(&unknown, PERF_SAMPLE_REGS_ABI_NONE);
	cr_expect_not(trace_event_read(&layout, unknown.bytes, &event), "a thread of the kernel");
}

Test(trace, names_forks_and_exits)
{
	struct trace_layout layout = all();
	struct trace_event event;
	struct record name = record_of(PERF_RECORD_COMM), fork = record_of(PERF_RECORD_FORK);

	put_u32(&name, 20);
	put_u32(&name, 21);
	put(&name, "demo\0\0\0", 8);
	put_u32(&name, 20);
	put_u32(&name, 21);
	put_u64(&name, 777);
	cr_assert(trace_event_read(&layout, name.bytes, &event));
	cr_expect_eq(event.kind, TRACE_NAME);
	cr_expect_eq(event.pid, 20);
	cr_expect_eq(event.tid, 21);
	cr_expect_eq(event.time, 777);
	cr_expect_str_eq(event.program, "demo");
	put_u32(&fork, 30);
	put_u32(&fork, 20);
	put_u32(&fork, 31);
	put_u32(&fork, 21);
	put_u64(&fork, 888);
	cr_assert(trace_event_read(&layout, fork.bytes, &event));
	cr_expect_eq(event.kind, TRACE_FORK);
	cr_expect_eq(event.pid, 30);
	cr_expect_eq(event.parent, 20);
	cr_expect_eq(event.tid, 31);
	cr_expect_eq(event.time, 888);
	fork.header.type = PERF_RECORD_EXIT;
	cr_assert(trace_event_read(&layout, fork.bytes, &event));
	cr_expect_eq(event.kind, TRACE_EXIT);
}

/* Whatever the length is cut to, nothing beyond it is read, which sanitizers see. */
Test(trace, records_that_are_cut_short)
{
	struct trace_layout layout = all();
	char raw[28] = "";
	struct record record;
	struct trace_event event;

	poke(raw, 0, 500, 2);
	record = sample_of(raw, sizeof(raw));
	put_u64(&record, PERF_SAMPLE_REGS_ABI_64);
	put_u64(&record, 2);
	for (size_t size = 0; size < record.size; size++) {
		char *cut = malloc(size < sizeof(record.header) ? sizeof(record.header) : size);

		record.header.size = (uint16_t)size;
		memcpy(cut, record.bytes,
		       size < sizeof(record.header) ? sizeof(record.header) : size);
		cr_expect_not(trace_event_read(&layout, cut, &event), "%zu bytes", size);
		free(cut);
	}
	record.header.size = (uint16_t)record.size;
	cr_expect(trace_event_read(&layout, record.bytes, &event));
	record.header.type = PERF_RECORD_LOST;
	cr_expect_not(trace_event_read(&layout, record.bytes, &event));
	record.header.type = PERF_RECORD_SAMPLE;
	poke(record.bytes, 28, 501, 2);
	cr_expect_not(trace_event_read(&layout, record.bytes, &event), "of no known event");
}

/* --- names */

static void follow(struct trace_names *names, enum trace_kind kind, pid_t pid, pid_t tid,
		   pid_t parent, const char *program)
{
	struct trace_event event = {.kind = kind, .pid = pid, .tid = tid, .parent = parent};

	strcpy(event.program, program);
	trace_names_follow(names, &event);
}

static void expect_name(const struct trace_names *names, pid_t pid, const char *expected)
{
	char name[16];

	trace_names_find(names, pid, name);
	cr_expect_str_eq(name, expected, "%d", (int)pid);
}

Test(trace, processes_have_the_name_of_their_first_thread)
{
	static struct trace_names names;

	expect_name(&names, 5, "");
	follow(&names, TRACE_NAME, 5, 5, 0, "first");
	follow(&names, TRACE_NAME, 5 + TRACE_NAME_BUCKETS, 5 + TRACE_NAME_BUCKETS, 0, "same place");
	follow(&names, TRACE_NAME, 5, 6, 0, "thread");
	follow(&names, TRACE_FORK, 5, 7, 5, "");
	follow(&names, TRACE_FORK, 8, 8, 5, "");
	expect_name(&names, 5, "first");
	expect_name(&names, 8, "first");
	expect_name(&names, 5 + TRACE_NAME_BUCKETS, "same place");
	follow(&names, TRACE_NAME, 8, 8, 0, "child");
	follow(&names, TRACE_EXIT, 5, 6, 0, "");
	expect_name(&names, 5, "first");
	follow(&names, TRACE_EXIT, 5, 5, 0, "");
	expect_name(&names, 5, "");
	expect_name(&names, 8, "child");
	expect_name(&names, 5 + TRACE_NAME_BUCKETS, "same place");
	trace_names_destroy(&names);
	expect_name(&names, 8, "");
}
