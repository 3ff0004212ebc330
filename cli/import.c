// SPDX-License-Identifier: MIT
#include "cli/import.h"

#include <stdlib.h>
#include <sys/utsname.h>

#include "cli/import-json.h"
#include "cli/report.h"
#include "policy/memstream.h"

/* As container runtimes call it (github.com/containers/common, pkg/seccomp). */
#if defined(__x86_64__) && defined(__ILP32__)
#define ARCH "x32"
#elif defined(__x86_64__)
#define ARCH "amd64"
#elif defined(__i386__)
#define ARCH "x86"
#elif defined(__aarch64__)
#define ARCH "arm64"
#elif defined(__arm__)
#define ARCH "arm"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH "ppc64le"
#elif defined(__powerpc64__)
#define ARCH "ppc64"
#elif defined(__powerpc__)
#define ARCH "ppc"
#elif defined(__s390x__)
#define ARCH "s390x"
#elif defined(__s390__)
#define ARCH "s390"
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH "riscv64"
#elif defined(__loongarch64)
#define ARCH "loong64"
#else
#define ARCH "another architecture"
#endif

#define RULE "# An operation is allowed if all system calls that it can stand for are.\n"

static const struct range nowhere;

/* A comment must end where its line ends, whatever the name of a file. */
static void put_name(FILE *out, const char *name)
{
	for (; *name; name++)
		putc((unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name, out);
}

/* Standard output gets all of it or nothing. */
static int finish(FILE *memory, char **text, const size_t *size, bool good, struct diags *diags)
{
	if (!memstream_close(memory, text))
		diag_no_memory(diags);
	report_diags(diags);
	good = good && !diag_failed(diags);
	if (good)
		fwrite(*text, 1, *size, stdout);
	free(*text);
	return good ? EXIT_SUCCESS : EXIT_FAILED;
}

/* Without the system calls of io_uring itself, the policy has nothing to decide. */
static void note_missing(FILE *out, const struct import_profile *profile, const char *what,
			 struct diags *diags)
{
	const char *call = import_missing_call(profile);

	if (!call)
		return;
	fprintf(out,
		"# The %s does not allow %s(2): it has to allow io_uring_setup, io_uring_enter "
		"and\n"
		"# io_uring_register, or there is no io_uring at all.\n",
		what, call);
	diag_add(diags, SEVERITY_NOTE, nowhere,
		 "the %s does not allow %s(2): to use io_uring, let it allow io_uring_setup, "
		 "io_uring_enter and io_uring_register, and run under this policy",
		 what, call);
}

static void find_machine(struct machine *machine)
{
	struct utsname uts;

	*machine = (struct machine){.arch = ARCH};
	if (uname(&uts) == 0)
		sscanf(uts.release, "%u.%u.%u", &machine->kernel[0], &machine->kernel[1],
		       &machine->kernel[2]);
}

static void put_json(FILE *out, const struct import_json *json, const char *name,
		     const struct machine *machine, struct diags *diags)
{
	fprintf(out, "# From %s of ", json->is_io_uring ? "linux.ioUring" : "the seccomp profile");
	put_name(out, name);
	fprintf(out, "\n");
	if (json->is_io_uring && json->has_other)
		diag_add(diags, SEVERITY_NOTE, nowhere,
			 "linux.ioUring says what io_uring may do; linux.seccomp was not imported");
	if (json->is_io_uring)
		return;
	fprintf(out, "# As it applies on %s", machine->arch);
	if (json->asks_for_kernel)
		fprintf(out, " with Linux %u.%u", machine->kernel[0], machine->kernel[1]);
	fputs(", without capabilities.\n" RULE, out);
	note_missing(out, &json->profile, "profile", diags);
}

static int import_seccomp(const char *name, struct loaded *loaded)
{
	__attribute__((cleanup(import_json_destroy))) struct import_json json = {0};
	const struct source *source = files_open_path(&loaded->files, name, &loaded->diags);
	struct machine machine;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool good;

	find_machine(&machine);
	good = out && source && import_json(&json, source, &machine, &loaded->diags);
	if (good)
		put_json(out, &json, source->name, &machine, &loaded->diags);
	if (good && json.is_io_uring)
		good = import_write_io_uring(out, &json.io_uring, &loaded->files.arena,
					     &loaded->diags);
	else if (good)
		good = import_write(out, &json.profile, &loaded->files.arena, &loaded->diags);
	return finish(out, &text, &size, good, &loaded->diags);
}

static int import_filter(const struct options *options, struct loaded *loaded)
{
	__attribute__((cleanup(import_profile_destroy))) struct import_profile profile = {0};
	struct diags *diags = &loaded->diags;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool good = out && import_systemd(&profile, options->imports, options->nr_imports, diags);

	for (size_t i = 0; good && i < options->nr_imports; i++) {
		fputs("# From SystemCallFilter=", out);
		put_name(out, options->imports[i].text);
		putc('\n', out);
	}
	if (good) {
		fprintf(out, "# With the sets of system calls of %s.\n" RULE,
			import_systemd_version);
		note_missing(out, &profile, "filter", diags);
		good = import_write(out, &profile, &loaded->files.arena, diags);
	}
	return finish(out, &text, &size, good, diags);
}

int import_run(const struct options *options, struct loaded *loaded)
{
	if (options->action == ACTION_IMPORT_SECCOMP)
		return import_seccomp(options->imports[0].text, loaded);
	return import_filter(options, loaded);
}
