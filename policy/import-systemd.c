// SPDX-License-Identifier: MIT
/*
 * SystemCallFilter= of systemd.exec(5), as src/core/load-fragment.c (config_parse_syscall_filter)
 * and src/shared/seccomp-util.c (seccomp_parse_syscall_filter) of systemd read it.
 */
#include <string.h>

#include "policy/import.h"

/* No name of a system call or set is as long. */
#define NAME_SIZE 64

static const struct group {
	const char *name; /* "" for the calls that are in none */
	const char *members;
} groups[] = {
#define SYSCALL_GROUP(name, members) {name, members},
#include "policy/syscall-group.def"
#undef SYSCALL_GROUP
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

const char import_systemd_version[] = SYSCALL_GROUPS_OF;

/* --- sets of calls */

static bool next_member(const char **list, char member[NAME_SIZE])
{
	size_t size;

	*list += strspn(*list, " ");
	size = strcspn(*list, " ");
	if (size == 0 || size >= NAME_SIZE)
		return false;
	memcpy(member, *list, size);
	member[size] = '\0';
	*list += size;
	return true;
}

static const struct group *find_group(const char *name)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i].name[0] && strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

/* Without a group, false; all that are named have been found before. */
static bool group_has(const struct group *group, const char *call)
{
	const char *list = group ? group->members : "";
	char member[NAME_SIZE];

	while (next_member(&list, member)) {
		if (strcmp(member, call) == 0)
			return true;
		if (member[0] == '@' && group_has(find_group(member + 1), call))
			return true;
	}
	return false;
}

static bool is_known(const char *call)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (group_has(&groups[i], call))
			return true;
	return false;
}

/* Whether a word, a call or "@" and the name of a set, stands for the call. */
static bool word_has(const char *word, const char *call)
{
	if (word[0] != '@')
		return strcmp(word, call) == 0;
	if (strcmp(word, "@known") == 0)
		return is_known(call);
	return group_has(find_group(word + 1), call);
}

/* --- reading */

struct word {
	struct word *next;
	char name[NAME_SIZE];
	bool inverted;
};

struct reader {
	struct import_profile *profile;
	struct diags *diags;
	struct word *first, *last;
	bool started; /* the first word, or its ~, was read: it says what the list is */
	bool denies;  /* it says what is denied */
};

static struct range part(const struct source *source, size_t start, size_t size)
{
	return (struct range){source, start, start + size};
}

/* The known name nearest to one, "" if none is near. Sets where the name starts with '@'. */
static void find_nearest(const char *name, char nearest[NAME_SIZE])
{
	bool group = name[0] == '@';
	size_t limit = strlen(name) / 3 > 0 ? strlen(name) / 3 : 1;

	nearest[0] = '\0';
	for (size_t i = 0; i < GROUPS && limit > 0; i++) {
		const char *list = group ? groups[i].name : groups[i].members;
		char member[NAME_SIZE];

		while (limit > 0 && next_member(&list, member)) {
			size_t distance =
				table_distance(name + group, strlen(name + group), member, limit);

			if (member[0] == '@' || distance > limit)
				continue;
			strcpy(nearest, member);
			limit = distance > 0 ? distance - 1 : 0;
		}
	}
}

static void unknown(struct reader *reader, struct range where, const char *name)
{
	bool group = name[0] == '@';
	char nearest[NAME_SIZE];

	find_nearest(name, nearest);
	diag_add(reader->diags, SEVERITY_ERROR, where, "unknown %s '%s'%s%s%s%s",
		 group ? "set of system calls" : "system call", name,
		 nearest[0] ? "; did you mean '" : "", nearest[0] && group ? "@" : "", nearest,
		 nearest[0] ? "'?" : "");
}

/* Whether what follows the colon can be an error: "kill", a name or a number. */
static bool is_error(const char *text, size_t size)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (size == 4 && memcmp(text, "kill", 4) == 0)
		return true;
	for (size_t i = 0; i < size; i++)
		if (!text[i] || !strchr(allowed, text[i]))
			return false;
	return size > 0;
}

static void add_word(struct reader *reader, const char *name, bool inverted)
{
	struct word *word = arena_alloc(&reader->profile->arena, sizeof(*word));

	if (!word) {
		diag_no_memory(reader->diags);
		return;
	}
	strcpy(word->name, name);
	word->inverted = inverted;
	if (reader->last)
		reader->last->next = word;
	else
		reader->first = word;
	reader->last = word;
}

static void read_word(struct reader *reader, struct range where, bool inverted)
{
	const char *text = where.source->text + where.start;
	size_t size = where.end - where.start;
	const char *colon = memchr(text, ':', size);
	size_t length = colon ? (size_t)(colon - text) : size;
	char name[NAME_SIZE];

	if (colon && !is_error(colon + 1, size - length - 1)) {
		diag_add(reader->diags, SEVERITY_ERROR,
			 part(where.source, where.start + length + 1, size - length - 1),
			 "expected the name or number of an error after the colon");
		return;
	}
	if (length >= sizeof(name) || memchr(text, '\0', length)) {
		diag_add(reader->diags, SEVERITY_ERROR, where, "no name of a system call");
		return;
	}
	memcpy(name, text, length);
	name[length] = '\0';
	if (name[0] == '@' ? strcmp(name, "@known") != 0 && !find_group(name + 1) : !is_known(name))
		unknown(reader, part(where.source, where.start, length), name);
	else if (colon && !inverted)
		diag_add(reader->diags, SEVERITY_WARNING, where,
			 "an error number goes with what is denied; systemd ignores the word, "
			 "which allows nothing");
	else
		add_word(reader, name, inverted);
}

/* One assignment: words up to a newline; a ~ inverts all words that come after it. */
static void read_line(struct reader *reader, const struct source *source, size_t start, size_t end)
{
	bool inverted = false;

	while (start < end) {
		size_t size = 0;

		if (strchr(" \t\r", source->text[start]) && source->text[start]) {
			start++;
			continue;
		}
		if (source->text[start] == '~') {
			inverted = true;
			start++;
		}
		while (start + size < end && (!source->text[start + size] ||
					      !strchr(" \t\r", source->text[start + size])))
			size++;
		if (!reader->started)
			reader->denies = inverted;
		reader->started = true;
		if (size > 0)
			read_word(reader, part(source, start, size), inverted);
		start += size;
	}
}

static void read_source(struct reader *reader, const struct source *source)
{
	for (size_t start = 0; start <= source->size;) {
		const char *newline = memchr(source->text + start, '\n', source->size - start);
		size_t end = newline ? (size_t)(newline - source->text) : source->size;

		read_line(reader, source, start, end);
		start = end + 1;
	}
}

/* Later words take back what earlier ones say. */
static void decide(void *data, const char *call)
{
	struct reader *reader = data;
	bool listed = !reader->denies && word_has("@default", call);

	for (const struct word *word = reader->first; word; word = word->next)
		if (word_has(word->name, call))
			listed = word->inverted == reader->denies;
	if (listed && !import_add(reader->profile, call,
				  reader->denies ? IMPORT_DENY : IMPORT_ALLOW, NULL, 0))
		diag_no_memory(reader->diags);
}

bool import_systemd(struct import_profile *profile, const struct source *sources, size_t nr_sources,
		    struct diags *diags)
{
	struct reader reader = {.profile = profile, .diags = diags};
	struct range nowhere = {0};

	for (size_t i = 0; i < nr_sources; i++)
		read_source(&reader, &sources[i]);
	if (!reader.started)
		diag_add(diags, SEVERITY_ERROR, nr_sources > 0 ? part(&sources[0], 0, 0) : nowhere,
			 "expected system calls, or sets of them such as @system-service");
	profile->otherwise = reader.denies ? IMPORT_ALLOW : IMPORT_DENY;
	if (!diag_failed(diags))
		import_calls(decide, &reader);
	return !diag_failed(diags);
}
