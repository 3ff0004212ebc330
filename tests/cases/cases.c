// SPDX-License-Identifier: MIT
#include "tests/cases/cases.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that is being read. */
struct file {
	struct cases *cases;
	const char *name;
	FILE *stream;
	char *line; /* without its newline */
	size_t room;
	size_t number;	    /* of the line */
	const char *policy; /* NULL: none yet */
	bool in_policy;	    /* the line before was of a policy */
};

static void *take(struct cases *cases, size_t size)
{
	void *memory = arena_alloc(&cases->arena, size);

	if (!memory)
		abort();
	return memory;
}

/* The concatenation of both, with `end` after them. */
static const char *join(struct cases *cases, const char *a, const char *b, const char *end)
{
	char *text = take(cases, strlen(a) + strlen(b) + strlen(end) + 1);

	stpcpy(stpcpy(stpcpy(text, a), b), end);
	return text;
}

static struct test_case *add(struct cases *cases)
{
	if (cases->n == cases->room) {
		size_t room = cases->room ? 2 * cases->room : 64;
		struct test_case *list = take(cases, room * sizeof(*list));

		if (cases->n > 0)
			memcpy(list, cases->list, cases->n * sizeof(*list));
		cases->list = list;
		cases->room = room;
	}
	return &cases->list[cases->n++];
}

static bool malformed(const struct file *file, const char *what)
{
	fprintf(stderr, "%s:%zu: %s\n", file->name, file->number, what);
	return false;
}

/* The next word of the line, which is cut off it. */
static const char *next_word(char **rest)
{
	char *word;

	*rest += strspn(*rest, " ");
	word = *rest;
	*rest += strcspn(*rest, " ");
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

static bool read_decider(const char *word, struct test_case *c)
{
	char *end;

	c->any_decider = strcmp(word, "-") == 0;
	if (c->any_decider || strcmp(word, "default") == 0)
		return true;
	c->decider = strtoul(word, &end, 10);
	return c->decider > 0 && *end == '\0';
}

static bool read_case(struct file *file)
{
	char *rest = file->line;
	const char *verdict = next_word(&rest);
	const char *decider = next_word(&rest);
	struct test_case read = {.file = file->name, .line = file->number, .policy = file->policy};

	read.allowed = strcmp(verdict, "allow") == 0;
	if (!read.allowed && strcmp(verdict, "deny") != 0)
		return malformed(file, "expected allow or deny");
	if (!read_decider(decider, &read))
		return malformed(file, "expected the line of a statement, default or -");
	rest += strspn(rest, " ");
	if (!*rest)
		return malformed(file, "expected a request");
	if (!file->policy)
		return malformed(file, "there is no policy above this case");
	read.request = join(file->cases, rest, "", "");
	*add(file->cases) = read;
	return true;
}

static bool read_line(struct file *file)
{
	bool in_policy = file->line[0] == '\t';

	if (in_policy)
		file->policy = join(file->cases, file->in_policy ? file->policy : "",
				    file->line + 1, "\n");
	file->in_policy = in_policy;
	if (in_policy || file->line[0] == '#' || file->line[0] == '\0')
		return true;
	return read_case(file);
}

static bool read_file(struct cases *cases, const char *name)
{
	struct file file = {.cases = cases, .name = join(cases, name, "", "")};
	ssize_t size;
	bool ok = true;

	file.stream = fopen(name, "re");
	if (!file.stream) {
		perror(name);
		return false;
	}
	while (ok && (size = getline(&file.line, &file.room, file.stream)) > 0) {
		if (file.line[size - 1] == '\n')
			file.line[size - 1] = '\0';
		file.number++;
		ok = read_line(&file);
	}
	if (ferror(file.stream))
		ok = malformed(&file, "cannot be read");
	free(file.line);
	fclose(file.stream);
	return ok;
}

bool cases_load(struct cases *cases, const char *directory)
{
	glob_t found;
	bool ok = glob(join(cases, directory, "/", "*.cases"), 0, NULL, &found) == 0;

	if (!ok) {
		fprintf(stderr, "no file *.cases in %s\n", directory);
		return false;
	}
	for (size_t i = 0; ok && i < found.gl_pathc; i++)
		ok = read_file(cases, found.gl_pathv[i]);
	globfree(&found);
	return ok;
}

/* The whole of a file; NULL if it cannot be read. */
static const char *read_text(struct cases *cases, const char *name, size_t *size)
{
	FILE *stream = fopen(name, "re");
	char *text = NULL, *copy = NULL;
	size_t room = 0;
	ssize_t length;

	if (!stream)
		return NULL;
	length = getdelim(&text, &room, '\0', stream);
	if (length > 0) {
		*size = (size_t)length;
		copy = take(cases, *size + 1);
		memcpy(copy, text, *size);
	}
	free(text);
	fclose(stream);
	return copy;
}

static const struct source *load_preset(void *data, struct range where, const char *name,
					bool is_path, struct diags *diags)
{
	struct cases *cases = data;
	struct source *source = take(cases, sizeof(*source));
	struct range *included = take(cases, sizeof(*included));
	const char *path = join(cases, "policy/presets/", name, ".policy");

	*included = where;
	*source = (struct source){
		.name = path, .depth = where.source->depth + 1, .included = included};
	source->text = is_path ? NULL : read_text(cases, path, &source->size);
	if (source->text)
		return source;
	diag_add(diags, SEVERITY_ERROR, where, "cannot read %s", path);
	return NULL;
}

struct loader cases_loader(struct cases *cases)
{
	return (struct loader){.data = cases, .load = load_preset};
}

void cases_destroy(struct cases *cases)
{
	arena_destroy(&cases->arena);
	*cases = (struct cases){0};
}
