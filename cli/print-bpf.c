// SPDX-License-Identifier: MIT
#include <string.h>
#include <sys/socket.h>

#include "cli/print.h"
#include "policy/seccomp.h"

/*
 * Names for the words of struct io_uring_bpf_ctx (include/uapi/linux/io_uring/bpf_filter.h), of
 * which a program loads 32 bits at a time, and for what it compares them with.
 */

enum {
	NONE = PAYLOAD_NONE,
	OPEN = PAYLOAD_OPEN,
	SOCKET = PAYLOAD_SOCKET,
	CONNECT = PAYLOAD_CONNECT
};

enum { AT_FAMILY = 16, AT_ADDR = 24 };

/* A field that takes 8 bytes has two words, the low one first on little-endian kernels. */
static const struct word {
	unsigned offset, payloads;
	bool wide;
	enum field_id field;
} words[] = {
	{0, NONE | OPEN | SOCKET | CONNECT, true, FIELD_USER_DATA},
	{8, NONE | OPEN | SOCKET | CONNECT, false, FIELD_SQE_FLAGS},
	{16, OPEN, true, FIELD_FLAGS},
	{24, OPEN, true, FIELD_MODE},
	{32, OPEN, true, FIELD_RESOLVE},
	{AT_FAMILY, SOCKET | CONNECT, false, FIELD_FAMILY},
	{20, SOCKET, false, FIELD_TYPE},
	{24, SOCKET, false, FIELD_PROTOCOL},
	{20, CONNECT, false, FIELD_PORT},
	{AT_ADDR, CONNECT, false, FIELD_ADDR},
	{AT_ADDR + 4, CONNECT, false, FIELD_ADDR},
	{AT_ADDR + 8, CONNECT, false, FIELD_ADDR},
	{AT_ADDR + 12, CONNECT, false, FIELD_ADDR},
};

static const struct word *word_at(const struct disassembly *d, unsigned offset)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((words[i].payloads & d->payload) &&
		    (words[i].offset == offset || (words[i].wide && words[i].offset + 4 == offset)))
			return &words[i];
	return NULL;
}

/* Whether the word is the high half of a field of 64 bits. */
static bool is_high(const struct disassembly *d, const struct word *word, unsigned offset)
{
	return word->wide && (word->offset == offset) == d->kernel->big_endian;
}

/*
 * How A holds what was loaded, beside the word's offset: its upper half alone; and 16 bits in
 * network order in its upper half, which is what a product with SWAP makes of those in its lower
 * half, so that ports and parts of addresses compare as numbers on little-endian machines.
 */
enum { UPPER = 0x100, SWAPPED = 0x200, OFFSET = 0xff };
#define SWAP 0x1000100

static const char *name_field(void *data, unsigned offset)
{
	struct disassembly *d = data;
	const struct word *word = word_at(d, offset);

	if (!word)
		return NULL;
	if (word->field == FIELD_SQE_FLAGS)
		return "opcode, sqe_flags";
	if (word->field == FIELD_ADDR)
		snprintf(d->name, sizeof(d->name), "addr, bytes %u-%u", offset - AT_ADDR,
			 offset - AT_ADDR + 3);
	else
		snprintf(d->name, sizeof(d->name), "%s%s", fields[word->field].name,
			 is_high(d, word, offset) ? ", high word" : "");
	return d->name;
}

/* --- constants */

static bool is_mask(uint16_t code)
{
	return BPF_CLASS(code) == BPF_ALU || BPF_OP(code) == BPF_JSET;
}

static void add_name(struct disassembly *d, const char *prefix, const char *name)
{
	size_t used = strlen(d->name);
	size_t size = strlen(prefix) + strlen(name);

	if (used + 1 + size >= sizeof(d->name))
		return;
	if (used)
		d->name[used++] = '|';
	for (const char *c = prefix; *c; c++)
		d->name[used++] = *c;
	for (const char *c = name; *c; c++)
		d->name[used++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	d->name[used] = '\0';
}

/* Flags by name; NULL where that does not say all of them, so that no name is misleading. */
static const char *flag_names(struct disassembly *d, const struct table *table, uint32_t k)
{
	uint32_t left = k, said;

	for (int several = 1; several >= 0; several--) {
		for (size_t i = 0; i < table->n; i++) {
			uint64_t bits = table->rows[i].number;

			if (!bits || (left & bits) != bits || !!(bits & (bits - 1)) != several)
				continue;
			said = (uint32_t)strlen(d->name);
			add_name(d, table->rows[i].prefix, table->rows[i].name);
			if (strlen(d->name) == said)
				return NULL;
			left &= ~(uint32_t)bits;
		}
	}
	return k && !left ? d->name : NULL;
}

/* The low word of an open's flags has the access mode, too. */
static const char *open_flag_names(struct disassembly *d, uint32_t k)
{
	uint32_t mode = k & 3;
	const struct row *row = table_row(&accmode_table, mode);

	if (mode == 3)
		add_name(d, "O_", "accmode");
	else if (mode)
		add_name(d, row->prefix, row->name);
	if (k == mode)
		return mode ? d->name : NULL;
	return flag_names(d, &open_flag_table[d->kernel->arch], k & ~UINT32_C(3));
}

/* A mask of most bits, by the flags that are not in it. */
static const char *other_flag_names(struct disassembly *d, uint32_t k)
{
	uint32_t largefile = (uint32_t)open_largefile[d->kernel->arch];
	char names[sizeof(d->name) - 4];

	if (~k & largefile)
		add_name(d, "O_", "largefile");
	if ((~k & ~largefile) && !open_flag_names(d, ~k & ~largefile))
		return NULL;
	if (d->name[0] == '\0' || strlen(d->name) >= sizeof(names))
		return NULL;
	strcpy(names, d->name);
	snprintf(d->name, sizeof(d->name), "~(%s)", names);
	return d->name;
}

static const char *row_name(struct disassembly *d, const struct table *table, uint32_t k)
{
	const struct row *row = table_row(table, k);

	if (!row)
		return NULL;
	add_name(d, row->prefix, row->name);
	return d->name;
}

/* What is in network order, as it is read by people; the word is in the kernel's order. */
static uint32_t network_word(const struct disassembly *d, uint32_t k)
{
	return d->kernel->big_endian ? k : __builtin_bswap32(k);
}

/* Ports are the first two bytes of their word; after them are zeroes. */
static const char *port_name(struct disassembly *d, unsigned how, uint16_t code, uint32_t k)
{
	uint32_t port = (how ? k : network_word(d, k)) >> 16;
	bool ordered = BPF_OP(code) == BPF_JGT || BPF_OP(code) == BPF_JGE;

	if (how & UPPER || (!how && ordered && !d->kernel->big_endian))
		return NULL;
	if (is_mask(code))
		snprintf(d->name, sizeof(d->name), "mask 0x%x", port);
	else
		snprintf(d->name, sizeof(d->name), "%u", port);
	return d->name;
}

/* The length of a prefix; NULL for other masks. */
static const char *prefix_name(struct disassembly *d, unsigned at, uint32_t mask)
{
	if (!mask || (~mask & (~mask + 1)))
		return NULL;
	snprintf(d->name, sizeof(d->name), "/%u", at * 8 + (unsigned)__builtin_popcount(mask));
	return d->name;
}

/* `text` in the way that the address family has, or in both where it is not certain. */
static const char *by_family(struct disassembly *d, unsigned offset, const char *v4, const char *v6)
{
	if (d->family[d->pc] == AF_INET)
		snprintf(d->name, sizeof(d->name), "%s", v4);
	else if (d->family[d->pc] == AF_INET6 || offset > AT_ADDR)
		snprintf(d->name, sizeof(d->name), "%s", v6);
	else
		snprintf(d->name, sizeof(d->name), "%s or %s", v4, v6);
	return d->name;
}

static const char *address_name(struct disassembly *d, unsigned offset, unsigned how, uint16_t code,
				uint32_t k)
{
	uint32_t word = how ? k : network_word(d, k);
	uint8_t byte[] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
			  (uint8_t)word};
	char v4[32], v6[32];

	if (how && !(how & SWAPPED))
		return NULL;
	if (is_mask(code))
		return how ? NULL : prefix_name(d, offset - AT_ADDR, word);
	if (how) {
		snprintf(v4, sizeof(v4), how & UPPER ? "*.*.%u.%u" : "%u.%u.*.*", byte[0], byte[1]);
		snprintf(v6, sizeof(v6), how & UPPER ? "*:%x" : "%x:*", word >> 16);
		return by_family(d, offset, v4, v6);
	}
	if (BPF_OP(code) != BPF_JEQ && !d->kernel->big_endian)
		return NULL;
	snprintf(v4, sizeof(v4), "%u.%u.%u.%u", byte[0], byte[1], byte[2], byte[3]);
	snprintf(v6, sizeof(v6), "%x:%x", word >> 16, word & UINT16_MAX);
	return by_family(d, offset, v4, v6);
}

/* The word has the opcode in its first byte and the flags in its second. */
static const char *sqe_flag_names(struct disassembly *d, uint16_t code, uint32_t k)
{
	unsigned shift = d->kernel->big_endian ? 16 : 8;

	if (BPF_OP(code) == BPF_JGT || BPF_OP(code) == BPF_JGE || (k & ~(UINT32_C(0xff) << shift)))
		return NULL;
	return flag_names(d, &sqe_flag_table, k >> shift);
}

/* Numbers in octal, and masks of most bits by the bits that are not in them. */
static const char *mode_name(struct disassembly *d, uint16_t code, uint32_t k)
{
	bool inverse = is_mask(code) && __builtin_popcount(k) > 16;

	snprintf(d->name, sizeof(d->name), inverse ? "~0%o" : "0%o", inverse ? ~k : k);
	return k ? d->name : NULL;
}

static const char *name_constant(void *data, unsigned loaded, uint16_t code, uint32_t k)
{
	struct disassembly *d = data;
	unsigned offset = loaded & OFFSET, how = loaded & ~(unsigned)OFFSET;
	const struct word *word = word_at(d, offset);

	d->name[0] = '\0';
	if (!word || is_high(d, word, offset) || BPF_OP(code) == BPF_MUL ||
	    (BPF_CLASS(code) == BPF_ALU && BPF_OP(code) != BPF_AND))
		return NULL;
	if (word->field == FIELD_PORT)
		return port_name(d, how, code, k);
	if (word->field == FIELD_ADDR)
		return address_name(d, offset, how, code, k);
	if (how)
		return NULL;
	switch (word->field) {
	case FIELD_SQE_FLAGS:
		return sqe_flag_names(d, code, k);
	case FIELD_FLAGS:
		if (is_mask(code) && __builtin_popcount(k) > 16)
			return other_flag_names(d, k);
		return open_flag_names(d, k);
	case FIELD_RESOLVE:
		return flag_names(d, &resolve_table, k);
	case FIELD_MODE:
		return mode_name(d, code, k);
	case FIELD_FAMILY:
	case FIELD_TYPE:
	case FIELD_PROTOCOL:
		if (is_mask(code))
			return NULL;
		return row_name(d, field_constants(&fields[word->field], d->kernel->arch), k);
	default:
		return NULL;
	}
}

/* --- what is known at each instruction */

/* What A holds and which address family is certain, along the paths to an instruction. */
struct known {
	int loaded;
	uint8_t family;
};

enum { UNREACHED = -2, UNKNOWN = -1 };

static void reach(struct disassembly *d, size_t pc, struct known known)
{
	bool first = d->loaded[pc] == UNREACHED;

	d->loaded[pc] = first || d->loaded[pc] == known.loaded ? known.loaded : UNKNOWN;
	d->family[pc] = first || d->family[pc] == known.family ? known.family : 0;
}

static int loaded_after(const struct bpf_insn *insn, int loaded)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return (int)insn->k;
	case BPF_ALU | BPF_AND | BPF_K:
	case BPF_ST:
	case BPF_STX:
	case BPF_MISC | BPF_TAX:
		return loaded;
	case BPF_ALU | BPF_RSH | BPF_K:
		return loaded >= 0 && loaded <= OFFSET && insn->k == 16 ? loaded | UPPER : UNKNOWN;
	case BPF_ALU | BPF_MUL | BPF_K:
		return loaded >= 0 && !(loaded & SWAPPED) && insn->k == SWAP ? loaded | SWAPPED
									     : UNKNOWN;
	}
	return BPF_CLASS(insn->code) == BPF_LDX ? loaded : UNKNOWN;
}

/* All jumps go forward, so one pass meets every path to an instruction before itself. */
static void find_known(struct disassembly *d)
{
	const struct bpf_program *program = &d->filter->program;

	for (size_t pc = 0; pc < program->len; pc++)
		d->loaded[pc] = UNREACHED;
	reach(d, 0, (struct known){UNKNOWN, 0});
	for (size_t pc = 0; pc < program->len; pc++) {
		const struct bpf_insn *insn = &program->insns[pc];
		struct known here = {d->loaded[pc], d->family[pc]}, equal = here;

		if (BPF_CLASS(insn->code) == BPF_RET)
			continue;
		if (BPF_CLASS(insn->code) != BPF_JMP) {
			here.loaded = loaded_after(insn, here.loaded);
			reach(d, pc + 1, here);
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			reach(d, pc + 1 + insn->k, here);
		} else {
			if (insn->code == (BPF_JMP | BPF_JEQ | BPF_K) && here.loaded == AT_FAMILY &&
			    (insn->k == AF_INET || insn->k == AF_INET6))
				equal.family = (uint8_t)insn->k;
			reach(d, pc + 1 + insn->jt, equal);
			reach(d, pc + 1 + insn->jf, here);
		}
	}
}

void print_disassemble(struct disassembly *disassembly, const struct filter *filter,
		       const struct kernel *kernel)
{
	const struct row *row = table_row(&op_table, filter->op);

	*disassembly = (struct disassembly){
		.filter = filter,
		.kernel = kernel,
		.payload = row ? row->payload : PAYLOAD_NONE,
	};
	find_known(disassembly);
}

void print_disassembly(struct disassembly *disassembly, size_t pc, char text[DISASSEMBLY_TEXT_MAX])
{
	const struct bpf_program *program = &disassembly->filter->program;
	const struct bpf_insn *insn = &program->insns[pc];
	const struct bpf_names names = {name_field, name_constant, disassembly};

	disassembly->pc = pc;
	bpf_format(text, BPF_TEXT_MAX, program->insns, program->len, pc, disassembly->loaded[pc],
		   &names);
	if (insn->code == (BPF_RET | BPF_K))
		strcat(text, insn->k ? " (allow)" : " (deny)");
}

static void print_filter(FILE *out, const struct filter *filter, const struct kernel *kernel)
{
	const struct row *row = table_row(&op_table, filter->op);
	const struct bpf_program *program = &filter->program;
	char text[DISASSEMBLY_TEXT_MAX];
	struct disassembly disassembly;

	print_disassemble(&disassembly, filter, kernel);
	fprintf(out, "\n%s (%u): %zu instructions, at most %u of them run", row ? row->name : "",
		filter->op, program->len, bpf_worst_path(program->insns, program->len));
	if (filter->pdu_size)
		fprintf(out, "; payload %u bytes", filter->pdu_size);
	fputs("\n", out);
	for (size_t pc = 0; pc < program->len; pc++) {
		print_disassembly(&disassembly, pc, text);
		fprintf(out, "  %s\n", text);
	}
}

/* --- the program for seccomp */

static const char *name_call_part(void *data, unsigned offset)
{
	(void)data;
	return offset == 0 ? "nr" : "opcode";
}

static const char *name_call_constant(void *data, unsigned offset, uint16_t code, uint32_t k)
{
	static const char *const calls[] = {"io_uring_setup", "io_uring_enter",
					    "io_uring_register"};
	const struct row *row = table_row(&register_table, k);

	(void)data;
	if (is_mask(code))
		return NULL;
	if (offset > 0)
		return row ? row->name : NULL;
	return k >= URING_NR_SETUP && k <= URING_NR_REGISTER ? calls[k - URING_NR_SETUP] : NULL;
}

void print_seccomp_insn(const struct bpf_program *program, size_t pc,
			char text[DISASSEMBLY_TEXT_MAX])
{
	static const struct bpf_names names = {name_call_part, name_call_constant, NULL};
	const struct bpf_insn *insn = &program->insns[pc];
	int loaded[BPF_LEN_MAX];

	bpf_loaded(program->insns, program->len, loaded);
	bpf_format(text, BPF_TEXT_MAX, program->insns, program->len, pc, loaded[pc], &names);
	if (insn->code == (BPF_RET | BPF_K))
		strcat(text, insn->k == SECCOMP_ALLOW	 ? " (allow)"
			     : insn->k == SECCOMP_ENOSYS ? " (ENOSYS)"
							 : " (EACCES)");
}

static void print_seccomp(FILE *out, const struct bpf_program *program)
{
	char text[DISASSEMBLY_TEXT_MAX];

	fprintf(out, "\nseccomp: %zu instructions, at most %u of them run\n", program->len,
		bpf_worst_path(program->insns, program->len));
	for (size_t pc = 0; pc < program->len; pc++) {
		print_seccomp_insn(program, pc, text);
		fprintf(out, "  %s\n", text);
	}
}

void print_bpf(FILE *out, const struct plan *plan, const struct kernel *kernel)
{
	bool some = plan->nr_filters > 0 || plan->seccomp.len > 0;

	fprintf(out, "Filters for Linux %s, %s-endian:", kernel->version,
		kernel->big_endian ? "big" : "little");
	fputs(some ? "\n" : " none, since no operation depends on a condition\n", out);
	for (size_t i = 0; i < plan->nr_filters; i++)
		print_filter(out, &plan->filters[i], kernel);
	if (plan->seccomp.len > 0)
		print_seccomp(out, &plan->seccomp);
}
