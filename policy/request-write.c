// SPDX-License-Identifier: MIT
#include <string.h>
#include <sys/socket.h>

#include "policy/network.h"
#include "policy/request.h"

static void put_constant(FILE *out, const struct row *row)
{
	fputs(row->prefix, out);
	for (const char *c = row->name; *c; c++)
		putc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, out);
}

/* What is being joined with |. */
struct joined {
	FILE *out;
	uint64_t left; /* bits that are still to be written */
	bool any;
};

static void join(struct joined *joined, const struct row *row)
{
	fputs(joined->any ? "|" : "", joined->out);
	put_constant(joined->out, row);
	joined->any = true;
	joined->left &= ~row->number;
}

/* Names of several bits go first: O_SYNC has the bit of O_DSYNC. */
static void join_rows(struct joined *joined, const struct table *table, bool several)
{
	for (size_t i = 0; i < table->n; i++) {
		uint64_t bits = table->rows[i].number;

		if (bits && ((bits & (bits - 1)) != 0) == several && (joined->left & bits) == bits)
			join(joined, &table->rows[i]);
	}
}

static void join_flags(struct joined *joined, const struct table *table)
{
	join_rows(joined, table, true);
	join_rows(joined, table, false);
}

/* A number that is in some bits of the value beside flags: the type of a socket, the access mode. */
static void join_number(struct joined *joined, const struct table *table, uint64_t mask)
{
	const struct row *row = table_row(table, joined->left & mask);

	if (row && row->number)
		join(joined, row);
}

static void put_joined(FILE *out, const struct field *field, uint64_t value, enum arch arch)
{
	struct joined joined = {.out = out, .left = value};

	if (field->kind == KIND_SOCK_TYPE) {
		join_number(&joined, &sock_type_table, field->mask);
		join_flags(&joined, &request_type_flag_table);
	} else {
		if (field->kind == KIND_OPEN_FLAGS)
			join_number(&joined, &accmode_table, REQUEST_ACCMODE);
		join_flags(&joined, field_constants(field, arch));
	}
	if (joined.left)
		fprintf(out, "%s0x%llx", joined.any ? "|" : "", (unsigned long long)joined.left);
}

static void put_number(FILE *out, const struct field *field, uint64_t value, enum arch arch)
{
	const struct table *constants = field_constants(field, arch);
	const struct row *row = constants ? table_row(constants, value) : NULL;

	if (row)
		put_constant(out, row);
	else if (field->kind == KIND_MODE)
		fprintf(out, "0%llo", (unsigned long long)value);
	else if (field->id == FIELD_USER_DATA)
		fprintf(out, "0x%llx", (unsigned long long)value);
	else
		fprintf(out, "%llu", (unsigned long long)value);
}

static bool is_v6(const struct request *request)
{
	return request->value[FIELD_FAMILY] == AF_INET6;
}

static bool has_address(const struct request *request)
{
	static const uint8_t zero[16];

	return memcmp(request->addr, zero, is_v6(request) ? 16 : 4) != 0;
}

static void put_address(FILE *out, const struct request *request)
{
	struct network network = {.v6 = is_v6(request), .prefix = is_v6(request) ? 128 : 32};
	char text[NETWORK_TEXT_MAX];

	memcpy(network.bytes, request->addr, network.v6 ? 16 : 4);
	network_format(&network, text);
	fputs(text, out);
}

static void put_value(FILE *out, const struct request *request, const struct field *field,
		      enum arch arch)
{
	uint64_t value = request->value[field->id];

	switch (field->kind) {
	case KIND_ADDRESS:
		put_address(out, request);
		break;
	case KIND_SQE_FLAGS:
	case KIND_OPEN_FLAGS:
	case KIND_RESOLVE:
	case KIND_SOCK_TYPE:
		put_joined(out, field, value, arch);
		break;
	default:
		put_number(out, field, value, arch);
	}
}

static void put_field(FILE *out, const struct request *request, const struct field *field,
		      bool known, enum arch arch)
{
	bool zero = field->kind == KIND_ADDRESS ? !has_address(request)
						: request->value[field->id] == 0;

	if (known && zero)
		return;
	fprintf(out, " %s=", field->name);
	if (known)
		put_value(out, request, field, arch);
	else
		putc('?', out);
}

static void put_name(FILE *out, const struct table *table, unsigned op)
{
	const struct row *row = table_row(table, op);

	if (row)
		fputs(row->name, out);
	else
		fprintf(out, "%u", op);
}

static bool knows(unsigned known, enum field_id field)
{
	return known >> field & 1;
}

void request_write(FILE *out, const struct request *request, unsigned known, enum arch arch)
{
	const struct row *row = table_row(&op_table, request->op);
	enum payload payload = row ? row->payload : PAYLOAD_NONE;

	if (request->is_register) {
		fputs("register ", out);
		put_name(out, &register_table, request->op);
		return;
	}
	put_name(out, &op_table, request->op);
	/* What is the op's own first, then what every request has. */
	for (size_t i = FIELD_FLAGS; i < FIELDS; i++)
		if (field_in(&fields[i], payload) && fields[i].id != FIELD_ACCMODE)
			put_field(out, request, &fields[i], knows(known, fields[i].id), arch);
	put_field(out, request, &fields[FIELD_SQE_FLAGS], knows(known, FIELD_SQE_FLAGS), arch);
	put_field(out, request, &fields[FIELD_USER_DATA], knows(known, FIELD_USER_DATA), arch);
}
