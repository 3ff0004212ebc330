// SPDX-License-Identifier: MIT
/*
 * Any bytes as a BPF program: a context of 40 bytes, then instructions of 8 bytes each, all in the
 * byte order of this machine. What bpf_validate() takes runs to an end, and every instruction has a
 * line of text.
 */
#include <string.h>

#include "policy/bpf.h"
#include "tests/fuzz/fuzz.h"

/* Longer than any real name, so that it has to be cut. */
static const char name[] = "(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | "
			   "O_DSYNC | O_DIRECT | O_DIRECTORY | O_NOFOLLOW | O_NOATIME)";

static const char *name_field(void *data, unsigned offset)
{
	(void)data;
	return offset == 16 ? NULL : name;
}

static const char *name_constant(void *data, unsigned offset, uint16_t code, uint32_t k)
{
	(void)data;
	(void)code;
	return offset == 16 || k == 0 ? NULL : name;
}

/* The line says how long it is, also where there is too little room for it. */
static void format(const struct bpf_insn *insns, size_t n, size_t pc, int loaded)
{
	static const struct bpf_names names = {.field = name_field, .constant = name_constant};
	char *buffer = malloc(BPF_TEXT_MAX), *small = malloc(8);
	int size;

	REQUIRE(buffer && small);
	for (int named = 0; named < 2; named++) {
		size = bpf_format(buffer, BPF_TEXT_MAX, insns, n, pc, loaded,
				  named ? &names : NULL);
		REQUIRE(size > 0 && size < BPF_TEXT_MAX && strlen(buffer) == (size_t)size);
		REQUIRE(bpf_format(small, 8, insns, n, pc, loaded, named ? &names : NULL) == size);
		REQUIRE(strncmp(small, buffer, 7) == 0);
	}
	free(buffer);
	free(small);
}

static void run(const struct bpf_insn *insns, size_t n, const uint32_t ctx[BPF_CTX_WORDS])
{
	unsigned worst = bpf_worst_path(insns, n);
	struct bpf_trace trace;
	uint32_t result = bpf_run(insns, n, ctx, &trace);

	REQUIRE(trace.steps >= 1 && trace.steps <= worst && worst <= n);
	REQUIRE(bpf_run(insns, n, ctx, NULL) == result);
}

static void look(const struct bpf_insn *insns, size_t n, bool valid)
{
	int *loaded = calloc(n + 1, sizeof(*loaded));

	REQUIRE(loaded);
	if (valid)
		bpf_loaded(insns, n, loaded);
	for (size_t pc = 0; pc < n; pc++) {
		REQUIRE(loaded[pc] >= -1 && loaded[pc] < BPF_CTX_SIZE);
		format(insns, n, pc, loaded[pc]);
	}
	free(loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t ctx[BPF_CTX_WORDS];
	struct bpf_insn *insns;
	enum bpf_error error;
	size_t n, at = 0;

	if (size < sizeof(ctx))
		return 0;
	memcpy(ctx, data, sizeof(ctx));
	n = (size - sizeof(ctx)) / sizeof(*insns);
	insns = malloc(n * sizeof(*insns));
	REQUIRE(insns || n == 0);
	if (n > 0)
		memcpy(insns, data + sizeof(ctx), n * sizeof(*insns));
	error = bpf_validate(insns, n, &at);
	REQUIRE(bpf_validate(insns, n, NULL) == error && strlen(bpf_error_text(error)) > 0);
	REQUIRE(error == BPF_VALID || error == BPF_EMPTY || error == BPF_TOO_LONG || at < n);
	if (error == BPF_VALID)
		run(insns, n, ctx);
	look(insns, n, error == BPF_VALID);
	free(insns);
	return 0;
}
