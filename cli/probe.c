// SPDX-License-Identifier: MIT
#include "cli/probe.h"

#include <elf.h>
#include <errno.h>
#include <liburing.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

#include "policy/uring-abi.h"

/* An opcode that no kernel has, and none will have soon: each answers EINVAL. */
#define BOGUS_OPCODE 1000

/* The kernel reads no argument from NULL, so whatever is allowed ends with EFAULT. */
static int ask(unsigned opcode)
{
	return -io_uring_register((unsigned)-1, opcode, NULL, 1);
}

/*
 * io_uring/register.c: io_uring_register_blind() and io_register_restrictions_task() check whether
 * the task is restricted already, then its privileges, then copy the argument. Kernels without
 * task restrictions know no ring -1: EINVAL, older ones EBADF.
 */
int probe_restrictions(void)
{
	return ask(URING_REGISTER_RESTRICTIONS);
}

static enum task_state task_state(int error)
{
	switch (error) {
	case EFAULT:
		return TASK_FRESH;
	case EINVAL:
	case EBADF:
		return TASK_UNSUPPORTED;
	case ENOSYS:
		return TASK_BLOCKED;
	case EPERM:
	case EACCES:
		if (ask(URING_REGISTER_BPF_FILTER) == EFAULT)
			return TASK_NESTED;
		return ask(BOGUS_OPCODE) == EINVAL ? TASK_NESTED_SEALED : TASK_BLOCKED;
	}
	return TASK_STRANGE;
}

/* io_uring/query.c: io_query() */
static int query(struct uring_query_opcode *answer)
{
	struct uring_query_hdr header = {
		.query_data = (uint64_t)(uintptr_t)answer,
		.size = sizeof(*answer),
	};
	int error = -io_uring_register((unsigned)-1, URING_REGISTER_QUERY, &header, 0);

	return error ? error : -header.result;
}

/*
 * A filter that claims more payload than any op has is refused with EMSGSIZE, and the kernel writes
 * down its own size, which a seccomp filter cannot; for an op that the kernel does not have, with EINVAL
 * (io_uring/bpf_filter.c: io_bpf_filter_import). It has no program, so nothing could ever be installed
 * by this.
 */
static int ask_op(unsigned op, uint8_t *pdu_size)
{
	struct uring_bpf filter = {
		.cmd_type = URING_BPF_CMD_FILTER,
		.opcode = op,
		.flags = URING_BPF_FILTER_SZ_STRICT,
		.filter_len = 1,
		.pdu_size = UINT8_MAX,
	};
	int error = -io_uring_register((unsigned)-1, URING_REGISTER_BPF_FILTER, &filter, 1);

	*pdu_size = 0;
	if (error != EMSGSIZE)
		return error;
	if (filter.pdu_size == UINT8_MAX)
		return ENODATA;
	*pdu_size = filter.pdu_size;
	return error;
}

/* How many ops there are, by asking for each; 0 where one gets an answer that says neither. */
static unsigned count_ops(void)
{
	for (unsigned op = 0; op <= URING_OPS_MAX; op++) {
		uint8_t pdu_size;
		int error = ask_op(op, &pdu_size);

		if (error == EINVAL)
			return op;
		if (error != EMSGSIZE)
			break;
	}
	return 0;
}

/* A seccomp filter can say that there is an answer where there is none. */
static int check_answer(const struct uring_query_opcode *answer)
{
	if (answer->nr_request_opcodes == 0 || answer->nr_register_opcodes == 0)
		return ENODATA;
	if (answer->nr_request_opcodes > URING_OPS_MAX ||
	    answer->nr_register_opcodes > URING_REGISTER_OPS_MAX)
		return EOVERFLOW;
	return 0;
}

/* Where the query is denied, filters can still be added, and tell of the ops. */
static void probe_counts(struct kernel *kernel)
{
	struct uring_query_opcode answer = {0};
	int error = query(&answer);

	if (!error)
		error = check_answer(&answer);
	if (error) {
		kernel->query_error = strerror(error);
		if (kernel->task == TASK_FRESH || kernel->task == TASK_NESTED)
			kernel->nr_ops = count_ops();
		return;
	}
	kernel->nr_ops = answer.nr_request_opcodes;
	kernel->nr_register_ops = answer.nr_register_opcodes;
	kernel->sqe_flags = (uint8_t)answer.sqe_flags;
}

/*
 * The version that stands in a note of the vDSO, which the kernel maps into every process (on x86,
 * arch/x86/entry/vdso/common/note.S), as KERNEL_VERSION() makes it; 0 where there is no vDSO. That
 * takes no call, so nothing can stand between the kernel and this.
 */
static unsigned vdso_version(void)
{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
	const ElfW(Ehdr) *header = (const void *)image;
	const ElfW(Phdr) * segment;

	if (!image)
		return 0;
	segment = (const void *)(image + header->e_phoff);
	for (const ElfW(Phdr) *end = segment + header->e_phnum; segment < end; segment++) {
		const char *at = image + segment->p_offset, *after = at + segment->p_filesz;

		while (segment->p_type == PT_NOTE && at < after) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof(*note),
				   *value = name + (note->n_namesz + 3U) / 4 * 4;

			if (note->n_type == 0 && note->n_namesz == sizeof("Linux") &&
			    memcmp(name, "Linux", sizeof("Linux")) == 0)
				return *(const uint32_t *)(const void *)value;
			at = value + (note->n_descsz + 3U) / 4 * 4;
		}
	}
	return 0;
}

static char *put_number(char *at, unsigned number)
{
	if (number >= 10)
		at = put_number(at, number / 10);
	*at = (char)('0' + number % 10);
	return at + 1;
}

/* Of a stable release; false for others, whose names say more than the three numbers. */
static bool put_release(char version[16], unsigned code)
{
	unsigned stable = code & 0xff;

	if (stable == 0 || stable == 0xff)
		return false;
	version = put_number(version, code >> 16 & 0xff);
	*version++ = '.';
	version = put_number(version, code >> 8 & 0xff);
	*version++ = '.';
	*put_number(version, stable) = '\0';
	return true;
}

/*
 * The last number, that of a stable release, is that of the sources that the kernel was built from: a
 * candidate has 0 there, whatever it is called, so no other name says more of what may be lost.
 */
static void probe_version(struct kernel *kernel)
{
	struct utsname uts = {.release = "(unknown)"};
	int length;

	if (put_release(kernel->version, vdso_version()) &&
	    !kernel_may_lose_at_exec(kernel->version)) {
		kernel->survives_exec = FINDING_YES;
		return;
	}
	uname(&uts);
	length = kernel_version_length(uts.release);
	if (length == 0)
		length = (int)strlen(uts.release);
	snprintf(kernel->version, sizeof(kernel->version), "%.*s", length, uts.release);
	if (!kernel_may_lose_at_exec(uts.release))
		kernel->survives_exec = FINDING_YES;
}

void probe_kernel(struct kernel *kernel)
{
	int error;

	*kernel = (struct kernel){.arch = arch_here,
				  .big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__};
	probe_version(kernel);
	error = probe_restrictions();
	kernel->task = task_state(error);
	/* For messages alone, and strerror(3) looks for a translation. */
	if (kernel->task != TASK_FRESH)
		kernel->task_error = strerror(error);
	probe_counts(kernel);
}

static uint8_t ask_size(unsigned op)
{
	uint8_t pdu_size;

	ask_op(op, &pdu_size);
	return pdu_size;
}

void probe_sizes(struct kernel *kernel, unsigned needs)
{
	if (needs & NEED_OPEN_SIZE)
		kernel->open_size = ask_size(URING_OP_OPENAT2);
	if (needs & NEED_SOCKET_SIZE)
		kernel->socket_size = ask_size(URING_OP_SOCKET);
	if (needs & NEED_CONNECT_SIZE)
		kernel->connect_size = ask_size(URING_OP_CONNECT);
}
