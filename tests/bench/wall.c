// SPDX-License-Identifier: MIT
/*
 * How long commands take: wall, with lines of "ROW COMMAND [ARG...]" on standard input, prints lines
 * of "wall ROW microseconds NUMBER". The commands take turns, so that what else the machine does
 * meets all of them alike; each gets the time that half of its runs take at most.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 201, ROWS_MAX = 32, WORDS_MAX = 16 };

struct row {
	char *line;
	char *name;
	char *words[WORDS_MAX];
	uint64_t times[ROUNDS];
};

static _Noreturn void fail(const char *name, const char *what)
{
	fprintf(stderr, "wall: %s: %s\n", name, what);
	exit(EXIT_FAILURE);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t measure(const struct row *row)
{
	uint64_t start = now();
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, row->words[0], NULL, NULL, row->words, environ);
	if (errno || waitpid(pid, &status, 0) != pid)
		fail(row->name, strerror(errno));
	start = now() - start;
	if (status != 0)
		fail(row->name, "it failed");
	return start;
}

static void read_row(struct row *row)
{
	size_t n = 0;

	row->name = strtok(row->line, " \n");
	while (n < WORDS_MAX - 1 && (row->words[n] = strtok(NULL, " \n")))
		n++;
	if (!n)
		fail(row->line, "no command");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static struct row rows[ROWS_MAX];
	int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
	size_t n = 0, size = 0;

	while (n < ROWS_MAX && getline(&rows[n].line, &size, stdin) > 0) {
		read_row(&rows[n++]);
		size = 0;
	}
	if (out < 0 || null < 0 || dup2(null, STDOUT_FILENO) < 0)
		fail("/dev/null", strerror(errno));
	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < n; i++)
			rows[i].times[round] = measure(&rows[i]);
	for (size_t i = 0; i < n; i++) {
		qsort(rows[i].times, ROUNDS, sizeof(rows[i].times[0]), compare);
		dprintf(out, "wall %s microseconds %llu\n", rows[i].name,
			(unsigned long long)rows[i].times[ROUNDS / 2] / 1000);
		free(rows[i].line);
	}
	return n ? EXIT_SUCCESS : EXIT_FAILURE;
}
