// SPDX-License-Identifier: MIT
#include "cli/trace-event.h"

#include <linux/perf_event.h>
#include <string.h>

#if __has_include(<asm/perf_regs.h>)
#include <asm/perf_regs.h>
#endif

/* --- layouts */

static const char *const field_names[TRACE_FIELDS] = {
	[TRACE_FIELD_USER_DATA] = "user_data",
	[TRACE_FIELD_OPCODE] = "opcode",
	[TRACE_FIELD_FLAGS] = "flags",
	[TRACE_FIELD_IOPRIO] = "ioprio",
	[TRACE_FIELD_OFF] = "off",
	[TRACE_FIELD_ADDR] = "addr",
	[TRACE_FIELD_LEN] = "len",
	[TRACE_FIELD_OP_FLAGS] = "op_flags",
	[TRACE_FIELD_BUF_INDEX] = "buf_index",
	[TRACE_FIELD_PERSONALITY] = "personality",
	[TRACE_FIELD_FILE_INDEX] = "file_index",
	[TRACE_FIELD_ADDR3] = "addr3",
	[TRACE_FIELD_ERROR] = "error",
	[TRACE_FIELD_RET] = "ret",
};

#define NEEDS(field) (1U << TRACE_FIELD_##field)

/* What each tracepoint has to have. */
static const unsigned needs[TRACE_POINTS] = {
	[TRACE_REQUEST] = NEEDS(OPCODE) | NEEDS(FLAGS),
	[TRACE_FAILED] = NEEDS(OPCODE) | NEEDS(FLAGS) | NEEDS(ERROR),
	[TRACE_REGISTER] = NEEDS(OPCODE) | NEEDS(RET),
	[TRACE_CALL] = NEEDS(RET),
	[TRACE_SETUP] = NEEDS(RET),
};

bool trace_layout_add(struct trace_layout *layout, enum trace_kind kind, const char *format)
{
	int id = trace_format_id(format);

	layout->common_type = trace_format_field(format, "common_type");
	if (id < 0 || layout->common_type.size == 0)
		return false;
	for (int i = 0; i < TRACE_FIELDS; i++) {
		layout->points[kind].fields[i] = trace_format_field(format, field_names[i]);
		if ((needs[kind] >> i & 1) && layout->points[kind].fields[i].size == 0)
			return false;
	}
	layout->points[kind].id = id;
	return true;
}

/* --- records */

/* The register that has the second argument of a system call, as perf numbers them. */
#if defined(__x86_64__)
enum { OPCODE_REGISTER = PERF_REG_X86_SI };
#elif defined(__i386__)
enum { OPCODE_REGISTER = PERF_REG_X86_CX };
#elif defined(__aarch64__)
enum { OPCODE_REGISTER = PERF_REG_ARM64_X1 };
#elif defined(__arm__)
enum { OPCODE_REGISTER = PERF_REG_ARM_R1 };
#elif defined(__riscv)
enum { OPCODE_REGISTER = PERF_REG_RISCV_A1 };
#elif defined(__s390__)
enum { OPCODE_REGISTER = PERF_REG_S390_R3 };
#elif defined(__powerpc__)
enum { OPCODE_REGISTER = PERF_REG_POWERPC_R4 };
#elif defined(__loongarch__)
enum { OPCODE_REGISTER = PERF_REG_LOONGARCH_R5 };
#else
enum { OPCODE_REGISTER = -1 };
#endif

const uint64_t trace_call_registers = OPCODE_REGISTER < 0 ? 0 : UINT64_C(1) << OPCODE_REGISTER;

/* IORING_REGISTER_USE_REGISTERED_RING */
#define BY_INDEX UINT32_C(0x80000000)

/* What is left of a record. */
struct reader {
	const char *at;
	size_t left;
	bool cut; /* more was wanted than there is */
};

static const void *take(struct reader *reader, size_t size)
{
	const void *taken = reader->at;

	if (size > reader->left) {
		reader->cut = true;
		return NULL;
	}
	reader->at += size;
	reader->left -= size;
	return taken;
}

static uint32_t take_u32(struct reader *reader)
{
	const void *taken = take(reader, sizeof(uint32_t));
	uint32_t value = 0;

	if (taken)
		memcpy(&value, taken, sizeof(value));
	return value;
}

static uint64_t take_u64(struct reader *reader)
{
	const void *taken = take(reader, sizeof(uint64_t));
	uint64_t value = 0;

	if (taken)
		memcpy(&value, taken, sizeof(value));
	return value;
}

/* What is read of one raw record. */
struct raw {
	const struct trace_field *fields;
	const void *data;
	size_t size;
};

static uint64_t value(const struct raw *raw, enum trace_field_id field)
{
	return trace_field_value(&raw->fields[field], raw->data, raw->size);
}

static struct trace_sqe read_sqe(const struct raw *raw)
{
	return (struct trace_sqe){
		.user_data = value(raw, TRACE_FIELD_USER_DATA),
		.off = value(raw, TRACE_FIELD_OFF),
		.addr = value(raw, TRACE_FIELD_ADDR),
		.addr3 = value(raw, TRACE_FIELD_ADDR3),
		.len = (uint32_t)value(raw, TRACE_FIELD_LEN),
		.op_flags = (uint32_t)value(raw, TRACE_FIELD_OP_FLAGS),
		.file_index = (uint32_t)value(raw, TRACE_FIELD_FILE_INDEX),
		.buf_index = (uint16_t)value(raw, TRACE_FIELD_BUF_INDEX),
		.personality = (uint16_t)value(raw, TRACE_FIELD_PERSONALITY),
		.ioprio = (uint8_t)value(raw, TRACE_FIELD_IOPRIO),
	};
}

static bool find_kind(const struct trace_layout *layout, uint64_t type, enum trace_kind *kind)
{
	for (int i = 0; i < TRACE_POINTS; i++) {
		*kind = (enum trace_kind)i;
		if (layout->points[i].id > 0 && (uint64_t)layout->points[i].id == type)
			return true;
	}
	return false;
}

/* The low byte of the flags of a request are those of its SQE (include/linux/io_uring_types.h). */
static void read_point(const struct raw *raw, struct trace_event *event)
{
	event->op = (uint32_t)value(raw, TRACE_FIELD_OPCODE) & ~BY_INDEX;
	event->flags = (uint8_t)value(raw, TRACE_FIELD_FLAGS);
	event->result = (int64_t)value(raw, event->kind == TRACE_FAILED ? TRACE_FIELD_ERROR
									: TRACE_FIELD_RET);
	event->sqe = read_sqe(raw);
}

/* The registers that were sampled: only one was asked for. */
static void read_opcode(struct reader *reader, struct trace_event *event)
{
	if (take_u64(reader) == PERF_SAMPLE_REGS_ABI_NONE)
		reader->cut = true;
	event->op = (uint32_t)take_u64(reader) & ~BY_INDEX;
}

static bool read_sample(const struct trace_layout *layout, struct reader *reader,
			struct trace_event *event)
{
	struct raw raw;

	event->pid = (pid_t)take_u32(reader);
	event->tid = (pid_t)take_u32(reader);
	event->time = take_u64(reader);
	raw.size = take_u32(reader);
	raw.data = take(reader, raw.size);
	if (reader->cut ||
	    !find_kind(layout, trace_field_value(&layout->common_type, raw.data, raw.size),
		       &event->kind))
		return false;
	raw.fields = layout->points[event->kind].fields;
	read_point(&raw, event);
	if (event->kind == TRACE_CALL)
		read_opcode(reader, event);
	return !reader->cut;
}

/* The time that sample_id_all appends to a record that is no sample. */
static uint64_t appended_time(const struct reader *reader)
{
	uint64_t time = 0;

	if (reader->left >= sizeof(time))
		memcpy(&time, reader->at + reader->left - sizeof(time), sizeof(time));
	return time;
}

static bool read_name(struct reader *reader, struct trace_event *event)
{
	const char *name;

	event->kind = TRACE_NAME;
	event->time = appended_time(reader);
	event->pid = (pid_t)take_u32(reader);
	event->tid = (pid_t)take_u32(reader);
	name = reader->at;
	for (size_t i = 0; i < sizeof(event->program) - 1 && i < reader->left && name[i]; i++)
		event->program[i] = name[i];
	return !reader->cut;
}

static bool read_task(struct reader *reader, enum trace_kind kind, struct trace_event *event)
{
	event->kind = kind;
	event->pid = (pid_t)take_u32(reader);
	event->parent = (pid_t)take_u32(reader);
	event->tid = (pid_t)take_u32(reader);
	take_u32(reader);
	event->time = take_u64(reader);
	return !reader->cut;
}

bool trace_event_read(const struct trace_layout *layout, const void *record,
		      struct trace_event *event)
{
	struct perf_event_header header;
	struct reader reader;

	memcpy(&header, record, sizeof(header));
	if (header.size < sizeof(header))
		return false;
	reader = (struct reader){(const char *)record + sizeof(header),
				 header.size - sizeof(header), false};
	*event = (struct trace_event){0};
	switch (header.type) {
	case PERF_RECORD_SAMPLE:
		return read_sample(layout, &reader, event);
	case PERF_RECORD_COMM:
		return read_name(&reader, event);
	case PERF_RECORD_FORK:
		return read_task(&reader, TRACE_FORK, event);
	case PERF_RECORD_EXIT:
		return read_task(&reader, TRACE_EXIT, event);
	}
	return false;
}
