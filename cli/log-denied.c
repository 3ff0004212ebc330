// SPDX-License-Identifier: MIT
#include "cli/log-denied.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/print-decision.h"
#include "cli/print-json.h"
#include "cli/report.h"
#include "cli/supervise.h"
#include "policy/memstream.h"
#include "policy/uring-abi.h"

/* --- what an event tells */

#define KNOWS(field) (1U << FIELD_##field)

/*
 * The flags and mode that the kernel makes of those in an SQE, which are what filters see
 * (fs/open.c: build_open_how): without bits that mean nothing there.
 */
static void read_openat(struct denied *denied, const struct trace_sqe *sqe)
{
	uint64_t flags = sqe->op_flags, mode = sqe->len & 07777;

	if (flags & O_PATH)
		flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
	if (!(flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		mode = 0;
	denied->request.value[FIELD_FLAGS] = flags;
	denied->request.value[FIELD_ACCMODE] = flags & REQUEST_ACCMODE;
	denied->request.value[FIELD_MODE] = mode;
	denied->known |= KNOWS(FLAGS) | KNOWS(ACCMODE) | KNOWS(MODE) | KNOWS(RESOLVE);
}

/* io_uring/net.c: io_socket_prep. The family is in the SQE's fd, which the trace does not have. */
static void read_socket(struct denied *denied, const struct trace_sqe *sqe)
{
	denied->request.value[FIELD_TYPE] = (uint32_t)sqe->off;
	denied->request.value[FIELD_PROTOCOL] = sqe->len;
	denied->known |= KNOWS(TYPE) | KNOWS(PROTOCOL);
}

static void read_request(struct denied *denied, const struct trace_event *event)
{
	denied->request.value[FIELD_USER_DATA] = event->sqe.user_data;
	denied->request.value[FIELD_SQE_FLAGS] = event->flags;
	denied->known = KNOWS(USER_DATA) | KNOWS(SQE_FLAGS);
	if (event->op == URING_OP_OPENAT)
		read_openat(denied, &event->sqe);
	else if (event->op == URING_OP_SOCKET)
		read_socket(denied, &event->sqe);
}

void denied_read(struct denied *denied, const struct trace_event *event,
		 const struct policy *policy)
{
	*denied = (struct denied){.is_setup = event->kind == TRACE_SETUP};
	if (denied->is_setup)
		return;
	denied->request.op = event->op;
	denied->request.is_register = event->kind == TRACE_REGISTER;
	if (!denied->request.is_register)
		read_request(denied, event);
	denied->denials = policy_denials(policy, &denied->request, denied->known);
}

/* --- telling */

struct log {
	const struct options *options;
	const struct loaded *loaded;
	int64_t to_realtime; /* ns between CLOCK_MONOTONIC and CLOCK_REALTIME */
	struct denied_counts counts;
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* As in 2026-11-22T02:31:07.123456Z. */
static void format_time(const struct log *log, uint64_t monotonic, char text[32])
{
	int64_t ns = (int64_t)monotonic + log->to_realtime;
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	size_t size;

	gmtime_r(&seconds, &tm);
	size = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + size, 32 - size, ".%06dZ", (int)(ns % 1000000000 / 1000));
}

/* A program gives itself its name; it must not be able to write to the terminal by it. */
static void put_program(FILE *out, const struct trace_event *event)
{
	const char *name = *event->program ? event->program : "?";

	for (; *name; name++)
		putc((unsigned char)*name <= ' ' || *name == 0x7f ? '?' : *name, out);
	fprintf(out, "[%d", (int)event->pid);
	if (event->tid != event->pid)
		fprintf(out, "/%d", (int)event->tid);
	putc(']', out);
}

/* Why some fields are not known. */
static const char *unknown_text(const struct denied *denied)
{
	const struct row *row = table_row(&op_table, denied->request.op);
	enum payload payload = row ? row->payload : PAYLOAD_NONE;

	for (size_t i = 0; i < FIELDS; i++)
		if (field_in(&fields[i], payload) && !(denied->known >> i & 1))
			return payload == PAYLOAD_SOCKET ? " (?: not in the trace)"
							 : " (?: behind a pointer)";
	return "";
}

static void put_reasons(FILE *out, const struct denials *denials)
{
	size_t shown = denials->n < DENIALS_KEPT ? denials->n : DENIALS_KEPT;

	if (denials->n == 0)
		fputs("not by this policy", out);
	else if (denials->n > 1 || !denials->certain)
		fputs("perhaps ", out);
	for (size_t i = 0; i < shown; i++) {
		fputs(i ? ", or " : "", out);
		print_reason(out, &denials->possible[i]);
	}
	if (denials->n > shown)
		fprintf(out, ", or %zu more", denials->n - shown);
}

static void put_line(FILE *out, const struct log *log, const struct trace_event *event,
		     const struct denied *denied)
{
	const struct plan *plan = &log->loaded->plan;
	char time[32];

	format_time(log, event->time, time);
	fprintf(out, "uring-jail: denied: %s ", time);
	put_program(out, event);
	putc(' ', out);
	if (denied->is_setup) {
		fputs("io_uring_setup(2)", out);
	} else {
		request_write(out, &denied->request, denied->known, log->loaded->policy.arch);
		if (!denied->request.is_register)
			fputs(unknown_text(denied), out);
	}
	fputs(": ", out);
	if (plan->blocks)
		fputs("all of io_uring is closed", out);
	else if (denied->is_setup)
		fputs("not by this policy", out);
	else
		put_reasons(out, &denied->denials);
	putc('\n', out);
}

/* In one piece, so that it is not mixed with what the command writes. */
static void write_whole(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, text, size);

		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			text += written;
			size -= (size_t)written;
		}
	}
}

static void count(struct denied_counts *counts, const struct denied *denied)
{
	if (denied->is_setup)
		counts->setups++;
	else if (denied->request.op >= URING_OPS_MAX)
		counts->others++;
	else if (denied->request.is_register)
		counts->registers[denied->request.op]++;
	else
		counts->requests[denied->request.op]++;
}

static void tell(void *data, const struct trace_event *event)
{
	struct log *log = data;
	struct denied denied;
	char time[32], *text = NULL;
	size_t size = 0;
	FILE *out;

	denied_read(&denied, event, &log->loaded->policy);
	count(&log->counts, &denied);
	out = open_memstream(&text, &size);
	format_time(log, event->time, time);
	if (out && log->options->json)
		print_denied_json(out, event, &denied, time, &log->loaded->policy);
	else if (out)
		put_line(out, log, event, &denied);
	if (memstream_close(out, &text))
		write_whole(text, size);
	else
		report_error("out of memory: a denied request is not reported");
	free(text);
}

/* --- the end */

static void put_count(FILE *out, const struct table *table, unsigned op, uint64_t n, bool *first)
{
	const struct row *row = table_row(table, op);

	if (n == 0)
		return;
	fputs(*first ? "" : ", ", out);
	*first = false;
	fputs(table == &register_table ? "register " : "", out);
	if (row)
		fprintf(out, "%s %llu", row->name, (unsigned long long)n);
	else
		fprintf(out, "%u %llu", op, (unsigned long long)n);
}

static void put_summary(FILE *out, const struct denied_counts *counts)
{
	bool first = true;

	fputs("uring-jail: denied in all: ", out);
	for (unsigned op = 0; op < URING_OPS_MAX; op++)
		put_count(out, &op_table, op, counts->requests[op], &first);
	for (unsigned op = 0; op < URING_REGISTER_OPS_MAX; op++)
		put_count(out, &register_table, op, counts->registers[op], &first);
	if (counts->others > 0) {
		fprintf(out, "%sregister operations of no kernel %llu", first ? "" : ", ",
			(unsigned long long)counts->others);
		first = false;
	}
	if (counts->setups > 0) {
		fprintf(out, "%sio_uring_setup(2) %llu", first ? "" : ", ",
			(unsigned long long)counts->setups);
		first = false;
	}
	fputs(first ? "nothing\n" : "\n", out);
}

static void summarize(const struct log *log)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out && log->options->json)
		print_denied_counts_json(out, &log->counts);
	else if (out)
		put_summary(out, &log->counts);
	if (memstream_close(out, &text))
		write_whole(text, size);
	else
		report_error("out of memory: there is no summary");
	free(text);
	if (log->counts.lost > 0)
		report_error("%llu events were lost: not every denied request was reported; give "
			     "--trace-buffer more than before",
			     (unsigned long long)log->counts.lost);
	if (log->counts.blind)
		report_error("the kernel did not let the command be watched to its end; a program "
			     "file must be readable to be watched");
}

static int run(struct log *log, struct trace *trace, struct supervision *supervision)
{
	struct supervised supervised;

	supervision->trace = trace;
	if (!supervise(supervision, &supervised))
		return EXIT_FAILED;
	log->counts.lost = trace_lost(trace);
	log->counts.blind = supervised.blind;
	if (supervised.ran)
		summarize(log);
	return supervise_end(&supervised);
}

int log_denied(const struct options *options, const struct loaded *loaded,
	       int (*launch)(const void *data), const void *launch_data)
{
	struct log log = {.options = options, .loaded = loaded};
	struct supervision supervision = {
		.name = options->command[0],
		.launch = launch,
		.launch_data = launch_data,
		.handler = tell,
		.handler_data = &log,
	};
	struct trace *trace = trace_prepare(TRACE_DENIED, options->trace_buffer);
	int status;

	if (!trace)
		return EXIT_FAILED;
	if (!trace_sees_all_calls(trace))
		report_note("this kernel does not trace system calls, so register operations that "
			    "are denied without a ring or by seccomp are not reported");
	log.to_realtime = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	status = run(&log, trace, &supervision);
	trace_close(trace);
	return status;
}
