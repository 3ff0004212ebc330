// SPDX-License-Identifier: MIT
#include "policy/request.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool parse(struct request *request, const char *text, enum arch arch, struct diags *diags)
{
	static struct source source; /* messages point to it */

	source = (struct source){.name = "--test", .text = text, .size = strlen(text)};
	return request_parse(request, &source, arch, diags);
}

static struct request good(const char *text, enum arch arch)
{
	struct request request;
	struct diags diags = {0};

	cr_expect(parse(&request, text, arch, &diags), "%s: %s", text,
		  diags.first ? diags.first->message : "");
	cr_expect_null(diags.first, "%s", text);
	diags_destroy(&diags);
	return request;
}

static const struct {
	const char *text;
	unsigned op;
	enum field_id field;
	uint64_t value;
} values[] = {
	{"nop", 0, FIELD_USER_DATA, 0},
	{"IORING_OP_NOP user_data=0xffffffffffffffff", 0, FIELD_USER_DATA, UINT64_MAX},
	{"200 user-data=18446744073709551615", 200, FIELD_USER_DATA, UINT64_MAX},
	{"0x16 sqe_flags=async|io_link", 22, FIELD_SQE_FLAGS, 0x14},
	{"read sqe_flags=0x80|1", 22, FIELD_SQE_FLAGS, 0x81},
	{"  openat2 \t flags=O_CREAT|excl \r\n", 28, FIELD_FLAGS, 0300},
	{"openat2 flags=O_RDWR|O_CREAT", 28, FIELD_FLAGS, 0102},
	{"openat2 flags=O_RDWR|O_CREAT", 28, FIELD_ACCMODE, 2},
	{"openat2 flags=O_CREAT accmode=O_WRONLY", 28, FIELD_FLAGS, 0101},
	{"openat2 accmode=wronly flags=O_CREAT", 28, FIELD_FLAGS, 0101},
	{"openat2 accmode=wronly flags=O_WRONLY", 28, FIELD_FLAGS, 01},
	{"openat2 flags=3", 28, FIELD_ACCMODE, 3},
	{"openat2 flags=O_CREAT|0x100000000", 28, FIELD_FLAGS, 0x100000040},
	{"openat2 flags=O_LARGEFILE", 28, FIELD_FLAGS, 0100000},
	{"openat mode=0644", 18, FIELD_MODE, 0644},
	{"openat mode=644", 18, FIELD_MODE, 644},
	{"openat mode=0x1a4", 18, FIELD_MODE, 0644},
	{"openat2 resolve=RESOLVE_BENEATH|no_symlinks", 28, FIELD_RESOLVE, 0x0c},
	{"socket family=AF_INET6", 45, FIELD_FAMILY, 10},
	{"socket family=4294967295", 45, FIELD_FAMILY, UINT32_MAX},
	{"socket type=SOCK_STREAM|SOCK_CLOEXEC|nonblock", 45, FIELD_TYPE, 02004001},
	{"socket type=SOCK_CLOEXEC|SOCK_RAW", 45, FIELD_TYPE, 02000003},
	{"socket protocol=IPPROTO_MPTCP", 45, FIELD_PROTOCOL, 262},
	{"connect port=65535", 16, FIELD_PORT, 65535},
	{"connect port=80", 16, FIELD_FAMILY, 0},
	{"connect addr=10.0.0.1 port=80", 16, FIELD_FAMILY, AF_INET},
	{"connect port=80 addr=::1", 16, FIELD_FAMILY, AF_INET6},
	{"connect family=AF_INET6 addr=::1", 16, FIELD_FAMILY, AF_INET6},
};

Test(request, values)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		struct request request = good(values[i].text, ARCH_GENERIC);

		cr_expect_not(request.is_register);
		cr_expect_eq(request.op, values[i].op, "%s", values[i].text);
		cr_expect_eq(request.value[values[i].field], values[i].value, "%s: 0x%llx",
			     values[i].text, (unsigned long long)request.value[values[i].field]);
	}
}

Test(request, addresses)
{
	struct request v4 = good("connect addr=10.1.2.3", ARCH_GENERIC);
	struct request v6 = good("connect addr=::ffff:10.1.2.3", ARCH_GENERIC);

	cr_expect_arr_eq(v4.addr, "\12\1\2\3\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	cr_expect_arr_eq(v6.addr, "\0\0\0\0\0\0\0\0\0\0\377\377\12\1\2\3", 16);
}

Test(request, register_ops)
{
	static const struct {
		const char *text;
		unsigned op;
	} ops[] = {
		{"register buffers", 0},
		{"register IORING_REGISTER_FILES2", 13},
		{"REGISTER unregister-files", 3},
		{"register IORING_UNREGISTER_FILES", 3},
		{"register 255", 255},
		{" register\tquery ", 35},
	};

	for (size_t i = 0; i < COUNT(ops); i++) {
		struct request request = good(ops[i].text, ARCH_GENERIC);

		cr_expect(request.is_register, "%s", ops[i].text);
		cr_expect_eq(request.op, ops[i].op, "%s", ops[i].text);
	}
}

Test(request, constants_of_the_architecture)
{
	static const char text[] = "openat2 flags=O_DIRECTORY|O_LARGEFILE";

	cr_expect_eq(good(text, ARCH_GENERIC).value[FIELD_FLAGS], 0300000);
	cr_expect_eq(good(text, ARCH_ARM).value[FIELD_FLAGS], 0440000);
	cr_expect_eq(good(text, ARCH_POWERPC).value[FIELD_FLAGS], 0240000);
}

/* All messages, each with the first and last column that it is about. */
static const struct {
	const char *text, *messages;
} bad[] = {
	{"", "1-0 expected the name of the operation\n"},
	{"  ", "3-2 expected the name of the operation\n"},
	{"opnat2", "1-6 unknown operation 'opnat2'; did you mean 'openat2'?\n"},
	{"frobnicate", "1-10 unknown operation 'frobnicate'\n"},
	{"256", "1-3 256 is more than 255\n"},
	{"1x", "1-2 '1x' is not a number\n"},
	{"010", "1-3 '010' has a leading 0; write it without, or in hexadecimal after 0x\n"},
	{"@ring", "1-5 '@ring' is a group; a request has one operation\n"},
	{"register", "9-8 expected the name of the register operation\n"},
	{"register buffer", "10-15 unknown register operation 'buffer'; did you mean 'buffers'?\n"},
	{"register clone_files",
	 "10-20 'clone_files' is in no released kernel, so it has no number\n"},
	{"register files user_data=1", "16-26 register operations have no fields\n"},
	{"read fish", "6-9 expected FIELD=VALUE, not 'fish'\n"},
	{"read flags=0", "6-10 the operation read has no field flags\n"},
	{"200 port=1", "5-8 the operation 200 has no field port\n"},
	{"connect prot=80", "9-12 unknown field 'prot'; did you mean 'port'?\n"},
	{"nop =1", "5-4 unknown field ''\n"},
	{"nop user_data=", "15-14 expected a value of user_data\n"},
	{"nop user_data=-1", "15-16 '-1' is not a number\n"},
	{"nop user_data=x", "15-15 'x' is not a number\n"},
	{"nop user_data=18446744073709551616",
	 "15-34 18446744073709551616 is more than 18446744073709551615\n"},
	{"nop user_data=1 user_data=1", "17-27 user_data is given twice\n5-15 first given here\n"},
	{"nop sqe_flags=256", "15-17 256 is more than 255\n"},
	{"nop sqe_flags=async|", "21-20 expected a value of sqe_flags\n"},
	{"nop sqe_flags=|async", "15-14 expected a value of sqe_flags\n"},
	{"openat2 flags=O_CREAT|O_EXLC|O_TRNUC",
	 "23-28 unknown open flag 'O_EXLC'; did you mean 'excl'?\n"
	 "30-36 unknown open flag 'O_TRNUC'; did you mean 'trunc'?\n"},
	{"openat2 flags=O_WRONLY|O_RDWR", "24-29 'O_RDWR' cannot be beside another access mode\n"},
	{"openat2 flags=O_WRONLY accmode=O_RDWR", "24-37 flags has another access mode\n"},
	{"openat2 accmode=4", "17-17 4 is more than 3\n"},
	{"openat2 mode=08", "14-15 '08' is not a number\n"},
	{"socket family=AF_INTE", "15-21 unknown address family 'AF_INTE'; did you mean 'inet'?\n"},
	{"socket family=4294967296", "15-24 4294967296 is more than 4294967295\n"},
	{"socket type=SOCK_STREAM|SOCK_DGRAM",
	 "25-34 'SOCK_DGRAM' cannot be beside another socket type\n"},
	{"connect port=65536", "14-18 65536 is more than 65535\n"},
	{"connect addr=10.0.0.256", "14-23 '10.0.0.256': not an IPv4 or IPv6 address\n"},
	{"connect addr=10.0.0.0/8",
	 "14-23 '10.0.0.0/8': a request has one address, not a network\n"},
	{"connect family=AF_INET addr=::1", "9-22 addr is of another family\n"},
	{"opnat flags=x port=99999 x=1", "1-5 unknown operation 'opnat'; did you mean 'openat'?\n"
					 "13-13 unknown open flag 'x'\n"
					 "20-24 99999 is more than 65535\n"
					 "26-26 unknown field 'x'\n"},
};

Test(request, messages)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct request request;
		struct diags diags = {0};
		char all[1024] = "", *end = all;

		cr_expect_not(parse(&request, bad[i].text, ARCH_GENERIC, &diags), "%s",
			      bad[i].text);
		for (const struct diag *d = diags.first; d; d = d->next)
			end += sprintf(end, "%zu-%zu %s\n", d->where.start + 1, d->where.end,
				       d->message);
		cr_expect_str_eq(all, bad[i].messages);
		diags_destroy(&diags);
	}
}

/* What a filter sees, as the bytes of struct io_uring_bpf_ctx would be on such a kernel. */
static const struct {
	const char *text;
	struct context_layout layout;
	uint32_t words[CONTEXT_WORDS];
} contexts[] = {
	{"fsync user_data=0x1122334455667788 sqe_flags=async",
	 {.little_endian = true},
	 {0x55667788, 0x11223344, 0x00001003}},
	{"fsync user_data=0x1122334455667788 sqe_flags=async",
	 {.little_endian = false},
	 {0x11223344, 0x55667788, 0x03100000}},
	{"openat2 flags=O_CREAT|0x100000000 mode=0600 resolve=beneath",
	 {.little_endian = true, .largefile = 0100000},
	 {0, 0, 0x0018001c, 0, 0x8040, 1, 0600, 0, 8, 0}},
	{"openat flags=O_WRONLY|O_CREAT mode=0600",
	 {.little_endian = false},
	 {0, 0, 0x12001800, 0, 0, 0101, 0, 0600, 0, 0}},
	/* The kernel adds no O_LARGEFILE to an O_PATH open. */
	{"openat2 flags=O_PATH",
	 {.little_endian = true, .largefile = 0100000},
	 {0, 0, 0x0018001c, 0, 010000000, 0, 0, 0, 0, 0}},
	{"socket family=AF_INET6 type=SOCK_STREAM|SOCK_CLOEXEC protocol=tcp",
	 {.little_endian = true, .type_flags = true},
	 {0, 0, 0x000c002d, 0, 10, 02000001, 6}},
	{"socket family=AF_INET6 type=SOCK_STREAM|SOCK_CLOEXEC protocol=tcp",
	 {.little_endian = false},
	 {0, 0, 0x2d000c00, 0, 10, 1, 6}},
	{"connect addr=10.1.2.3 port=0x1234",
	 {.little_endian = true, .connect = true},
	 {0, 0, 0x00180010, 0, 2, 0x3412, 0x0302010a}},
	{"connect addr=10.1.2.3 port=0x1234",
	 {.little_endian = false, .connect = true},
	 {0, 0, 0x10001800, 0, 2, 0x12340000, 0x0a010203}},
	{"connect addr=2001:db8::1 port=80",
	 {.little_endian = true, .connect = true},
	 {0, 0, 0x00180010, 0, 10, 0x5000, 0xb80d0120, 0, 0, 0x01000000}},
	{"connect addr=2001:db8::1 port=80",
	 {.little_endian = false, .connect = true},
	 {0, 0, 0x10001800, 0, 10, 0x00500000, 0x20010db8, 0, 0, 1}},
	/* Before 7.2 connect has no payload; port and address are of AF_INET and AF_INET6 alone. */
	{"connect addr=10.1.2.3 port=80", {.little_endian = true}, {0, 0, 0x00000010}},
	{"connect family=AF_UNIX port=80",
	 {.little_endian = true, .connect = true},
	 {0, 0, 0x00180010, 0, 1}},
	{"200 user_data=1", {.little_endian = true}, {1, 0, 0x000000c8}},
};

Test(request, as_filters_see_them)
{
	for (size_t i = 0; i < COUNT(contexts); i++) {
		struct request request = good(contexts[i].text, ARCH_GENERIC);
		uint32_t words[CONTEXT_WORDS];

		request_context(&request, &contexts[i].layout, words);
		for (size_t j = 0; j < CONTEXT_WORDS; j++)
			cr_expect_eq(words[j], contexts[i].words[j], "%s: word %zu is 0x%08x",
				     contexts[i].text, j, words[j]);
	}
}
