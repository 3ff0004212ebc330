// SPDX-License-Identifier: MIT
#include "policy/field.h"

enum {
	OPEN = PAYLOAD_OPEN,
	SOCKET = PAYLOAD_SOCKET,
	CONNECT = PAYLOAD_CONNECT,
	EVERY = PAYLOAD_NONE | OPEN | SOCKET | CONNECT,
};

const struct field fields[FIELDS] = {
#define FIELD(id, name, payloads, kind, mask, help)                                                \
	{FIELD_##id, #name, payloads, KIND_##kind, mask, help},
#include "policy/field.def"
#undef FIELD
};

/* The same names as a table, so that they are looked up as all others are. */
static const struct row rows[] = {
#define FIELD(id, name, payloads, kind, mask, help)                                                \
	{FIELD_##id, false, TABLE_NAMES("", #name), "", help, 0, 0},
#include "policy/field.def"
#undef FIELD
};

const struct table field_table = {"field", rows, FIELDS};

const struct field *field_find(const char *name, size_t size)
{
	const struct row *row = table_find(&field_table, name, size);

	return row ? &fields[row->number] : NULL;
}

bool field_in(const struct field *field, enum payload payload)
{
	return (field->payloads & payload) != 0;
}

uint64_t field_mask(const struct field *field, enum arch arch)
{
	if (field->kind == KIND_OPEN_FLAGS)
		return field->mask & ~open_largefile[arch];
	return field->mask;
}

const struct table *field_constants(const struct field *field, enum arch arch)
{
	switch (field->kind) {
	case KIND_SQE_FLAGS:
		return &sqe_flag_table;
	case KIND_OPEN_FLAGS:
		return &open_flag_table[arch];
	case KIND_ACCMODE:
		return &accmode_table;
	case KIND_RESOLVE:
		return &resolve_table;
	case KIND_FAMILY:
		return &family_table;
	case KIND_SOCK_TYPE:
		return &sock_type_table;
	case KIND_PROTOCOL:
		return &protocol_table;
	case KIND_NUMBER:
	case KIND_MODE:
	case KIND_PORT:
	case KIND_ADDRESS:
		break;
	}
	return NULL;
}
