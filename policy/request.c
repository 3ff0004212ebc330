// SPDX-License-Identifier: MIT
#include "policy/request.h"

#include <string.h>
#include <sys/socket.h>

#include "policy/lex.h"
#include "policy/network.h"

/* --- reading */

/* What is being read. */
struct reader {
	struct request *request;
	const struct source *source;
	size_t at; /* offset of the next byte */
	enum arch arch;
	struct diags *diags;
	bool op_known;		    /* which op it is, and so which fields it has */
	struct range given[FIELDS]; /* FIELD=VALUE; without a source: not given */
	uint64_t addr_family;	    /* of addr= */
};

static const char *text_of(struct range range)
{
	return range.source->text + range.start;
}

static size_t size_of(struct range range)
{
	return range.end - range.start;
}

/* Likewise, as printf's %.*s wants it. */
static int length(struct range range)
{
	return (int)size_of(range);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word; an empty one at the end. */
static struct range next_word(struct reader *reader)
{
	const struct source *source = reader->source;
	struct range word = {.source = source};

	while (reader->at < source->size && is_space(source->text[reader->at]))
		reader->at++;
	word.start = reader->at;
	while (reader->at < source->size && !is_space(source->text[reader->at]))
		reader->at++;
	word.end = reader->at;
	return word;
}

/* Splits at the first `separator`: what is before it is returned, `rest` is after it. False where
 * there is none. */
static bool split(struct range whole, char separator, struct range *before, struct range *rest)
{
	const char *found = memchr(text_of(whole), separator, size_of(whole));

	*before = *rest = whole;
	if (!found)
		return false;
	before->end = (size_t)(found - whole.source->text);
	rest->start = before->end + 1;
	return true;
}

static void unknown(struct reader *reader, struct range word, const struct table *table)
{
	const char *nearest = table_nearest(table, text_of(word), size_of(word));

	diag_add(reader->diags, SEVERITY_ERROR, word, "unknown %s '%.*s'%s%s%s", table->noun,
		 length(word), text_of(word), nearest ? "; did you mean '" : "",
		 nearest ? nearest : "", nearest ? "'?" : "");
}

static bool starts_number(struct range word)
{
	return *text_of(word) >= '0' && *text_of(word) <= '9';
}

/* Reads a number up to `max`; otherwise says what is wrong with it. */
static bool read_number(struct reader *reader, struct range word, bool octal, uint64_t max,
			uint64_t *value)
{
	enum number_status status = lex_number(text_of(word), size_of(word), octal, value);

	if (status == NUMBER_OK && *value <= max)
		return true;
	if (status == NUMBER_MALFORMED)
		diag_add(reader->diags, SEVERITY_ERROR, word, "'%.*s' is not a number",
			 length(word), text_of(word));
	else if (status == NUMBER_OCTAL)
		diag_add(reader->diags, SEVERITY_ERROR, word,
			 "'%.*s' has a leading 0; write it without, or in hexadecimal after 0x",
			 length(word), text_of(word));
	else
		diag_add(reader->diags, SEVERITY_ERROR, word, "%.*s is more than %llu",
			 length(word), text_of(word), (unsigned long long)max);
	return false;
}

/* --- the op */

/* Finds an op by its name; otherwise says what is wrong with it. */
static const struct row *find_op(struct reader *reader, struct range word,
				 const struct table *table)
{
	const struct row *row = table_find(table, text_of(word), size_of(word));

	if (row && !row->proposed)
		return row;
	if (row)
		diag_add(reader->diags, SEVERITY_ERROR, word,
			 "'%.*s' is in no released kernel, so it has no number", length(word),
			 text_of(word));
	else if (*text_of(word) == '@')
		diag_add(reader->diags, SEVERITY_ERROR, word,
			 "'%.*s' is a group; a request has one %s", length(word), text_of(word),
			 table->noun);
	else
		unknown(reader, word, table);
	return NULL;
}

static void read_op(struct reader *reader, struct range word, const struct table *table)
{
	const struct row *row;
	uint64_t number = 0;

	if (size_of(word) == 0) {
		diag_add(reader->diags, SEVERITY_ERROR, word, "expected the name of the %s",
			 table->noun);
	} else if (starts_number(word)) {
		reader->op_known = read_number(reader, word, false, UINT8_MAX, &number);
	} else {
		row = find_op(reader, word, table);
		reader->op_known = row != NULL;
		number = row ? row->number : 0;
	}
	reader->request->op = (unsigned)number;
}

/* --- the values */

/*
 * Flags in the type of a socket; SOCK_CLOEXEC is O_CLOEXEC and SOCK_NONBLOCK O_NONBLOCK
 * (include/linux/net.h), which are the same on every architecture here.
 */
static const struct row type_flag_rows[] = {
	{04000, false, TABLE_NAMES("SOCK_", "nonblock"), "", "", PAYLOAD_NONE, 0},
	{02000000, false, TABLE_NAMES("SOCK_", "cloexec"), "", "", PAYLOAD_NONE, 0},
};
const struct table request_type_flag_table = {"flag of a socket", type_flag_rows, 2};

/* Constants that requests can have beside those that conditions compare the field with, or NULL. */
static const struct table *more_constants(const struct field *field)
{
	if (field->kind == KIND_OPEN_FLAGS)
		return &accmode_table;
	return field->kind == KIND_SOCK_TYPE ? &request_type_flag_table : NULL;
}

static bool find_constant(const struct reader *reader, const struct field *field, struct range word,
			  uint64_t *value)
{
	const struct table *tables[] = {field_constants(field, reader->arch),
					more_constants(field)};
	const struct row *row = NULL;

	for (size_t i = 0; i < 2 && !row; i++)
		if (tables[i])
			row = table_find(tables[i], text_of(word), size_of(word));
	if (row)
		*value = row->number;
	else if (field->kind == KIND_OPEN_FLAGS &&
		 (table_same_name(text_of(word), size_of(word), "O_LARGEFILE") ||
		  table_same_name(text_of(word), size_of(word), "largefile")))
		*value = open_largefile[reader->arch];
	else
		return false;
	return true;
}

/* Reads a number or a constant; otherwise says what is wrong with it. */
static bool read_scalar(struct reader *reader, const struct field *field, struct range word,
			uint64_t *value)
{
	const struct table *constants = field_constants(field, reader->arch);
	/* A type may have flags, which are above the bits that conditions see. */
	uint64_t max = field->kind == KIND_SOCK_TYPE ? UINT32_MAX : field->mask;

	if (size_of(word) == 0)
		diag_add(reader->diags, SEVERITY_ERROR, word, "expected a value of %s",
			 field->name);
	else if (starts_number(word) || !constants)
		return read_number(reader, word, field->kind == KIND_MODE, max, value);
	else if (find_constant(reader, field, word, value))
		return true;
	else
		unknown(reader, word, constants);
	return false;
}

static bool is_joined(const struct field *field)
{
	return field->kind == KIND_SQE_FLAGS || field->kind == KIND_OPEN_FLAGS ||
	       field->kind == KIND_RESOLVE || field->kind == KIND_SOCK_TYPE;
}

/* The bits of a joined value that are one number, not flags. */
static uint64_t number_bits(const struct field *field)
{
	if (field->kind == KIND_OPEN_FLAGS)
		return REQUEST_ACCMODE;
	return field->kind == KIND_SOCK_TYPE ? field->mask : 0;
}

/* Adds one of several values that are joined with |. */
static void join(struct reader *reader, const struct field *field, struct range part,
		 uint64_t *value)
{
	uint64_t one = 0, bits = number_bits(field);

	if (!read_scalar(reader, field, part, &one))
		return;
	if ((*value & bits) && (one & bits) && ((*value ^ one) & bits))
		diag_add(reader->diags, SEVERITY_ERROR, part, "'%.*s' cannot be beside another %s",
			 length(part), text_of(part),
			 field->kind == KIND_OPEN_FLAGS ? accmode_table.noun
							: sock_type_table.noun);
	*value |= one;
}

static void read_joined(struct reader *reader, const struct field *field, struct range rest)
{
	uint64_t *value = &reader->request->value[field->id];
	struct range part;

	while (split(rest, '|', &part, &rest))
		join(reader, field, part, value);
	join(reader, field, part, value);
}

static void read_address(struct reader *reader, struct range word)
{
	struct network network;
	const char *problem = network_parse(text_of(word), size_of(word), &network);

	if (memchr(text_of(word), '/', size_of(word)))
		problem = "a request has one address, not a network";
	if (problem) {
		diag_add(reader->diags, SEVERITY_ERROR, word, "'%.*s': %s", length(word),
			 text_of(word), problem);
		return;
	}
	memcpy(reader->request->addr, network.bytes, sizeof(network.bytes));
	reader->addr_family = network.v6 ? AF_INET6 : AF_INET;
}

static void read_value(struct reader *reader, const struct field *field, struct range value)
{
	if (field->kind == KIND_ADDRESS)
		read_address(reader, value);
	else if (is_joined(field))
		read_joined(reader, field, value);
	else
		read_scalar(reader, field, value, &reader->request->value[field->id]);
}

/* --- the fields */

/* Whether the op has the field; says so where not. */
static void check_field(struct reader *reader, const struct field *field, struct range name)
{
	const struct row *row = table_row(&op_table, reader->request->op);

	if (!reader->op_known || field_in(field, row ? row->payload : PAYLOAD_NONE))
		return;
	if (row)
		diag_add(reader->diags, SEVERITY_ERROR, name, "the operation %s has no field %s",
			 row->name, field->name);
	else
		diag_add(reader->diags, SEVERITY_ERROR, name, "the operation %u has no field %s",
			 reader->request->op, field->name);
}

static void read_field(struct reader *reader, struct range word)
{
	struct range name, value;
	const struct field *field;

	if (!split(word, '=', &name, &value)) {
		diag_add(reader->diags, SEVERITY_ERROR, word, "expected FIELD=VALUE, not '%.*s'",
			 length(word), text_of(word));
		return;
	}
	field = field_find(text_of(name), size_of(name));
	if (!field) {
		unknown(reader, name, &field_table);
		return;
	}
	check_field(reader, field, name);
	if (reader->given[field->id].source) {
		diag_add(reader->diags, SEVERITY_ERROR, word, "%s is given twice", field->name);
		diag_add(reader->diags, SEVERITY_NOTE, reader->given[field->id],
			 "first given here");
		return;
	}
	reader->given[field->id] = word;
	read_value(reader, field, value);
}

/* Brings in line the fields that say the same. */
static void reconcile(struct reader *reader)
{
	uint64_t *value = reader->request->value;

	if (reader->given[FIELD_ACCMODE].source && (value[FIELD_FLAGS] & REQUEST_ACCMODE) &&
	    (value[FIELD_FLAGS] & REQUEST_ACCMODE) != value[FIELD_ACCMODE])
		diag_add(reader->diags, SEVERITY_ERROR, reader->given[FIELD_ACCMODE],
			 "flags has another access mode");
	value[FIELD_FLAGS] |= value[FIELD_ACCMODE];
	value[FIELD_ACCMODE] = value[FIELD_FLAGS] & REQUEST_ACCMODE;
	if (!reader->addr_family)
		return;
	if (reader->given[FIELD_FAMILY].source && value[FIELD_FAMILY] != reader->addr_family)
		diag_add(reader->diags, SEVERITY_ERROR, reader->given[FIELD_FAMILY],
			 "addr is of another family");
	value[FIELD_FAMILY] = reader->addr_family;
}

bool request_parse(struct request *request, const struct source *source, enum arch arch,
		   struct diags *diags)
{
	struct reader reader = {.request = request, .source = source, .arch = arch, .diags = diags};
	size_t errors = diags->errors;
	struct range word = next_word(&reader);

	*request = (struct request){
		.is_register = table_same_name(text_of(word), size_of(word), "register")};
	if (request->is_register) {
		read_op(&reader, next_word(&reader), &register_table);
		word = next_word(&reader);
		if (size_of(word) > 0)
			diag_add(diags, SEVERITY_ERROR, word, "register operations have no fields");
	} else {
		read_op(&reader, word, &op_table);
		for (word = next_word(&reader); size_of(word) > 0; word = next_word(&reader))
			read_field(&reader, word);
		reconcile(&reader);
	}
	return diags->errors == errors && !diags->out_of_memory;
}

/* --- as filters see it */

/* struct io_uring_bpf_ctx in the byte order of a kernel. */
struct context {
	uint8_t bytes[4 * CONTEXT_WORDS];
	bool little_endian;
};

/* Where what is (include/uapi/linux/io_uring/bpf_filter.h). */
enum {
	AT_USER_DATA = 0,
	AT_OPCODE = 8,
	AT_SQE_FLAGS = 9,
	AT_PDU_SIZE = 10,
	AT_OPEN_FLAGS = 16,
	AT_OPEN_MODE = 24,
	AT_OPEN_RESOLVE = 32,
	AT_SOCKET_FAMILY = 16,
	AT_SOCKET_TYPE = 20,
	AT_SOCKET_PROTOCOL = 24,
	AT_CONNECT_FAMILY = 16,
	AT_CONNECT_PORT = 20,
	AT_CONNECT_ADDR = 24,
};

/* Stores a number of `size` bytes in the kernel's byte order. */
static void put(struct context *context, size_t at, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++)
		context->bytes[at + i] =
			(uint8_t)(value >> 8 * (context->little_endian ? i : size - 1 - i));
}

static uint32_t word_at(const struct context *context, size_t at)
{
	uint32_t word = 0;

	for (size_t i = 0; i < 4; i++)
		word = word << 8 | context->bytes[at + (context->little_endian ? 3 - i : i)];
	return word;
}

/* io_openat_bpf_populate() and __io_openat_prep(), io_uring/openclose.c. */
static void put_open(struct context *context, const struct request *request, uint64_t largefile)
{
	uint64_t flags = request->value[FIELD_FLAGS];
	const struct row *path = table_find(&open_flag_table[ARCH_GENERIC], "path", 4);

	/* O_PATH is the same on every architecture. */
	if (!(flags & path->number))
		flags |= largefile;
	context->bytes[AT_PDU_SIZE] = 24;
	put(context, AT_OPEN_FLAGS, 8, flags);
	put(context, AT_OPEN_MODE, 8, request->value[FIELD_MODE]);
	put(context, AT_OPEN_RESOLVE, 8, request->value[FIELD_RESOLVE]);
}

/* io_socket_bpf_populate(), io_uring/net.c. */
static void put_socket(struct context *context, const struct request *request, bool type_flags)
{
	uint64_t type = request->value[FIELD_TYPE];

	context->bytes[AT_PDU_SIZE] = 12;
	put(context, AT_SOCKET_FAMILY, 4, request->value[FIELD_FAMILY]);
	put(context, AT_SOCKET_TYPE, 4, type_flags ? type : type & fields[FIELD_TYPE].mask);
	put(context, AT_SOCKET_PROTOCOL, 4, request->value[FIELD_PROTOCOL]);
}

/* io_connect_bpf_populate(), io_uring/net.c. */
static void put_connect(struct context *context, const struct request *request)
{
	uint64_t family = request->value[FIELD_FAMILY];
	uint64_t port = request->value[FIELD_PORT];

	context->bytes[AT_PDU_SIZE] = 24;
	put(context, AT_CONNECT_FAMILY, 4, family);
	if (family != AF_INET && family != AF_INET6)
		return;
	context->bytes[AT_CONNECT_PORT] = (uint8_t)(port >> 8);
	context->bytes[AT_CONNECT_PORT + 1] = (uint8_t)port;
	memcpy(context->bytes + AT_CONNECT_ADDR, request->addr, family == AF_INET ? 4 : 16);
}

void request_context(const struct request *request, const struct context_layout *layout,
		     uint32_t words[CONTEXT_WORDS])
{
	const struct row *row = table_row(&op_table, request->op);
	enum payload payload = row ? row->payload : PAYLOAD_NONE;
	struct context context = {.little_endian = layout->little_endian};

	put(&context, AT_USER_DATA, 8, request->value[FIELD_USER_DATA]);
	context.bytes[AT_OPCODE] = (uint8_t)request->op;
	context.bytes[AT_SQE_FLAGS] = (uint8_t)request->value[FIELD_SQE_FLAGS];
	if (payload == PAYLOAD_OPEN)
		put_open(&context, request, layout->largefile);
	else if (payload == PAYLOAD_SOCKET)
		put_socket(&context, request, layout->type_flags);
	else if (payload == PAYLOAD_CONNECT && layout->connect)
		put_connect(&context, request);
	for (size_t i = 0; i < CONTEXT_WORDS; i++)
		words[i] = word_at(&context, 4 * i);
}
