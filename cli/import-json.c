// SPDX-License-Identifier: MIT
#include "cli/import-json.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A system call has at most so many arguments. */
#define ARGUMENTS 6

/* --- places: jansson says what is in a text, not where */

/* A value, and where it is. Nothing is said of a text here that jansson did not find right. */
struct node {
	const json_t *json; /* NULL: there is none; null counts as none, too */
	size_t start;
};

struct reader {
	struct import_json *import;
	const struct source *source;
	const struct machine *machine;
	struct diags *diags;
};

static size_t skip_space(const struct source *source, size_t at)
{
	while (at < source->size && strchr(" \t\r\n", source->text[at]))
		at++;
	return at;
}

static size_t skip_string(const struct source *source, size_t at)
{
	for (at++; at < source->size && source->text[at] != '"'; at++)
		if (source->text[at] == '\\')
			at++;
	return at < source->size ? at + 1 : source->size;
}

/* The end of a value. Brackets are only counted: however deep it is, this takes no stack. */
static size_t skip_value(const struct source *source, size_t at)
{
	size_t depth = 0;

	if (source->text[at] != '{' && source->text[at] != '[' && source->text[at] != '"')
		return at + strcspn(source->text + at, " \t\r\n,:]}");
	do {
		switch (source->text[at]) {
		case '"':
			at = skip_string(source, at);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		}
		at++;
	} while (depth > 0 && at < source->size);
	return at;
}

static struct range place(const struct reader *reader, size_t start)
{
	return (struct range){reader->source, start, skip_value(reader->source, start)};
}

static void __attribute__((format(printf, 3, 4)))
fail(struct reader *reader, struct node node, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vadd(reader->diags, SEVERITY_ERROR, place(reader, node.start), format, args);
	va_end(args);
}

/* --- arrays and objects, in the order of the text */

/* Goes through the values of an array, or the members of an object. All zero is its start. */
struct cursor {
	size_t at; /* where the next one starts; 0 before the first */
	size_t index;
};

/* The start of the next value or key; false at the end. */
static bool next_start(const struct reader *reader, struct node parent, struct cursor *cursor)
{
	const struct source *source = reader->source;

	cursor->at = skip_space(source, cursor->at ? cursor->at : parent.start + 1);
	if (cursor->at < source->size && source->text[cursor->at] == ',')
		cursor->at = skip_space(source, cursor->at + 1);
	return cursor->at < source->size && !strchr("]}", source->text[cursor->at]);
}

static bool next_value(const struct reader *reader, struct node array, struct cursor *cursor,
		       struct node *value)
{
	if (!next_start(reader, array, cursor))
		return false;
	value->json = json_array_get(array.json, cursor->index++);
	value->start = cursor->at;
	cursor->at = skip_value(reader->source, cursor->at);
	return true;
}

/* What a key means; the text of it may have escapes. The caller frees it with json_decref(). */
static json_t *decode_key(const struct source *source, size_t start, size_t end)
{
	return json_loadb(source->text + start, end - start, JSON_DECODE_ANY, NULL);
}

/* The name of the next member is in `key`, which the caller frees with json_decref(). */
static bool next_member(const struct reader *reader, struct node object, struct cursor *cursor,
			json_t **key, struct node *value)
{
	const struct source *source = reader->source;
	size_t end;

	if (!next_start(reader, object, cursor))
		return false;
	end = skip_string(source, cursor->at);
	*key = decode_key(source, cursor->at, end);
	value->json = json_object_get(object.json, json_string_value(*key));
	value->start = skip_space(source, skip_space(source, end) + 1);
	cursor->at = skip_value(source, value->start);
	return true;
}

static struct node member(const struct reader *reader, struct node object, const char *name)
{
	struct cursor cursor = {0};
	struct node value, none = {NULL, object.start};
	json_t *key;

	while (json_is_object(object.json) && next_member(reader, object, &cursor, &key, &value)) {
		bool same = strcmp(json_string_value(key), name) == 0;

		json_decref(key);
		if (same)
			return json_is_null(value.json) ? none : value;
	}
	return none;
}

static const char *nearest(const char *const *names, size_t count, const char *name)
{
	size_t limit = strlen(name) / 3 > 0 ? strlen(name) / 3 : 1;
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t distance = table_distance(name, strlen(name), names[i], limit);

		if (distance > limit)
			continue;
		found = names[i];
		limit = distance > 0 ? distance - 1 : 0;
	}
	return found;
}

static void unknown(struct reader *reader, struct node node, const char *what, const char *name,
		    const char *near)
{
	fail(reader, node, "unknown %s '%s'%s%s%s", what, name, near ? "; did you mean '" : "",
	     near ? near : "", near ? "'?" : "");
}

/* False, with a message, if it is no object. Members that are not known are errors, too. */
static bool check_object(struct reader *reader, struct node object, const char *what,
			 const char *const *names, size_t count)
{
	struct cursor cursor = {0};
	struct node value, at = {0};
	json_t *key;

	if (!json_is_object(object.json)) {
		fail(reader, object, "expected an object for %s", what);
		return false;
	}
	at.start = object.start;
	while (next_start(reader, object, &cursor)) {
		size_t i = 0;

		at.start = cursor.at;
		if (!next_member(reader, object, &cursor, &key, &value))
			return false;
		while (i < count && strcmp(json_string_value(key), names[i]) != 0)
			i++;
		if (i == count)
			unknown(reader, at, "member", json_string_value(key),
				nearest(names, count, json_string_value(key)));
		json_decref(key);
	}
	return true;
}

/* --- values */

static const char *read_string(struct reader *reader, struct node node, const char *what)
{
	if (!json_is_string(node.json))
		fail(reader, node, "expected a string for %s", what);
	return json_string_value(node.json);
}

/* Numbers come as reals, so that those of 64 bits are no error; what they are is in the text. */
static bool read_number(struct reader *reader, struct node node, const char *what, uint64_t max,
			uint64_t *number)
{
	char digits[24];
	size_t size = skip_value(reader->source, node.start) - node.start;

	if (json_is_number(node.json) && size < sizeof(digits)) {
		memcpy(digits, reader->source->text + node.start, size);
		digits[size] = '\0';
		errno = 0;
		*number = strtoull(digits, NULL, 10);
		if (strspn(digits, "0123456789") == size && errno == 0 && *number <= max)
			return true;
	}
	fail(reader, node, "expected a number from 0 to %llu for %s", (unsigned long long)max,
	     what);
	return false;
}

/* Whether there is an array; anything else is an error. */
static bool is_array(struct reader *reader, struct node node, const char *what)
{
	if (node.json && !json_is_array(node.json))
		fail(reader, node, "expected an array for %s", what);
	return json_is_array(node.json);
}

/* --- which rules apply */

static bool has_string(struct reader *reader, struct node array, const char *what,
		       const char *string)
{
	struct cursor cursor = {0};
	struct node value;
	bool found = false;

	while (is_array(reader, array, what) && next_value(reader, array, &cursor, &value)) {
		const char *text = read_string(reader, value, what);

		found = found || (text && string && strcmp(text, string) == 0);
	}
	return found;
}

static bool kernel_is_least(struct reader *reader, struct node node)
{
	const char *text = read_string(reader, node, "minKernel");
	unsigned numbers[3] = {0};
	char end;
	int count;

	reader->import->asks_for_kernel = true;
	if (!text)
		return false;
	count = sscanf(text, "%4u.%4u.%4u%c", &numbers[0], &numbers[1], &numbers[2], &end);
	if (!isdigit((unsigned char)text[0]) || (count != 2 && count != 3)) {
		fail(reader, node, "expected a version such as 4.8 for minKernel");
		return false;
	}
	for (size_t i = 0; i < 3; i++)
		if (numbers[i] != reader->machine->kernel[i])
			return numbers[i] < reader->machine->kernel[i];
	return true;
}

/* Whether a rule's includes and excludes let it apply, with no capabilities. */
static bool applies(struct reader *reader, struct node rule)
{
	static const char *const names[] = {"caps", "arches", "minKernel"};
	struct node includes = member(reader, rule, "includes");
	struct node excludes = member(reader, rule, "excludes");
	const char *arch = reader->machine->arch;
	struct node caps = member(reader, includes, "caps");
	struct node arches = member(reader, includes, "arches");
	struct node kernel = member(reader, includes, "minKernel");
	bool applies = true;

	if (includes.json && !check_object(reader, includes, "includes", names, COUNT(names)))
		return false;
	if (excludes.json && !check_object(reader, excludes, "excludes", names, COUNT(names)))
		return false;
	has_string(reader, caps, "caps", NULL);
	if (json_array_size(caps.json) > 0)
		applies = false;
	if (!has_string(reader, arches, "arches", arch) && json_array_size(arches.json) > 0)
		applies = false;
	if (kernel.json && !kernel_is_least(reader, kernel))
		applies = false;
	has_string(reader, member(reader, excludes, "caps"), "caps", NULL);
	if (has_string(reader, member(reader, excludes, "arches"), "arches", arch))
		applies = false;
	kernel = member(reader, excludes, "minKernel");
	if (kernel.json && kernel_is_least(reader, kernel))
		applies = false;
	return applies;
}

/* --- rules */

static bool read_action(struct reader *reader, struct node object, const char *name,
			enum import_action *action)
{
	static const char *const names[] = {
		"SCMP_ACT_ALLOW",  "SCMP_ACT_LOG",	   "SCMP_ACT_TRACE",
		"SCMP_ACT_NOTIFY", "SCMP_ACT_ERRNO",	   "SCMP_ACT_TRAP",
		"SCMP_ACT_KILL",   "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS"};
	static const enum import_action actions[COUNT(names)] = {
		IMPORT_ALLOW, IMPORT_LOG,  IMPORT_ASK,	IMPORT_ASK, IMPORT_DENY,
		IMPORT_DENY,  IMPORT_DENY, IMPORT_DENY, IMPORT_DENY};
	struct node node = member(reader, object, name);
	const char *text;

	if (!node.json) {
		fail(reader, object, "%s is missing", name);
		return false;
	}
	text = read_string(reader, node, name);
	for (size_t i = 0; text && i < COUNT(names); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*action = actions[i];
		return true;
	}
	if (text)
		unknown(reader, node, "action", text, nearest(names, COUNT(names), text));
	return false;
}

static bool read_relation(struct reader *reader, struct node arg, enum import_relation *relation)
{
	static const char *const names[] = {[IMPORT_NE] = "SCMP_CMP_NE",
					    [IMPORT_LT] = "SCMP_CMP_LT",
					    [IMPORT_LE] = "SCMP_CMP_LE",
					    [IMPORT_EQ] = "SCMP_CMP_EQ",
					    [IMPORT_GE] = "SCMP_CMP_GE",
					    [IMPORT_GT] = "SCMP_CMP_GT",
					    [IMPORT_MASKED_EQ] = "SCMP_CMP_MASKED_EQ"};
	struct node node = member(reader, arg, "op");
	const char *text;

	if (!node.json) {
		fail(reader, arg, "op is missing");
		return false;
	}
	text = read_string(reader, node, "op");
	for (unsigned i = 0; text && i < COUNT(names); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*relation = (enum import_relation)i;
		return true;
	}
	if (text)
		unknown(reader, node, "comparison", text, nearest(names, COUNT(names), text));
	return false;
}

static bool read_test(struct reader *reader, struct node arg, struct import_test *test)
{
	static const char *const names[] = {"index", "value", "valueTwo", "op"};
	struct node index, value, other;
	uint64_t number;

	if (!check_object(reader, arg, "an element of args", names, COUNT(names)))
		return false;
	index = member(reader, arg, "index");
	value = member(reader, arg, "value");
	other = member(reader, arg, "valueTwo");
	if (!read_number(reader, index, "index", ARGUMENTS - 1, &number) ||
	    !read_number(reader, value, "value", UINT64_MAX, &test->value) ||
	    (other.json && !read_number(reader, other, "valueTwo", UINT64_MAX, &test->other)))
		return false;
	test->index = (unsigned)number;
	return read_relation(reader, arg, &test->relation);
}

static bool read_tests(struct reader *reader, struct node args, const struct import_test **tests)
{
	size_t count = json_array_size(args.json), read = 0;
	struct import_test *all;
	struct cursor cursor = {0};
	struct node arg;
	bool good = true;

	if (args.json && !is_array(reader, args, "args"))
		return false;
	all = arena_alloc(&reader->import->profile.arena, (count + 1) * sizeof(*all));
	if (!all) {
		diag_no_memory(reader->diags);
		return false;
	}
	while (count > 0 && next_value(reader, args, &cursor, &arg))
		good = read_test(reader, arg, &all[read++]) && good;
	*tests = all;
	return good;
}

static void add_rule(struct reader *reader, struct node name, const struct import_rule *rule)
{
	const char *call = read_string(reader, name, "the name of a system call");

	if (call &&
	    !import_add(&reader->import->profile, call, rule->action, rule->tests, rule->nr_tests))
		diag_no_memory(reader->diags);
}

/* A rule names its calls in `names`, or the only one in `name`. */
static void add_rules(struct reader *reader, struct node node, const struct import_rule *rule)
{
	struct node names = member(reader, node, "names"), name = member(reader, node, "name");
	bool has_name =
		name.json &&
		strcmp(json_is_string(name.json) ? json_string_value(name.json) : "?", "") != 0;
	struct cursor cursor = {0};
	struct node value;

	if (!names.json && !has_name)
		fail(reader, node, "names is missing");
	if (json_array_size(names.json) > 0 && has_name)
		fail(reader, name, "a rule has names or a name, not both");
	if (has_name)
		add_rule(reader, name, rule);
	while (is_array(reader, names, "names") && next_value(reader, names, &cursor, &value))
		add_rule(reader, value, rule);
}

static void read_rule(struct reader *reader, struct node node)
{
	static const char *const names[] = {"names", "name",	"action",   "args",    "errnoRet",
					    "errno", "comment", "includes", "excludes"};
	struct node args;
	struct import_rule rule = {0};

	if (!check_object(reader, node, "an element of syscalls", names, COUNT(names)) ||
	    !read_action(reader, node, "action", &rule.action))
		return;
	args = member(reader, node, "args");
	if (!read_tests(reader, args, &rule.tests))
		return;
	rule.nr_tests = json_array_size(args.json);
	if (applies(reader, node))
		add_rules(reader, node, &rule);
}

/*
 * What a call that is denied returns, who is told of it, and by which numbers the calls of other
 * architectures go, changes nothing here.
 */
static void read_profile(struct reader *reader, struct node profile)
{
	static const char *const names[] = {
		"defaultAction", "defaultErrnoRet", "defaultErrno",	"architectures", "archMap",
		"flags",	 "listenerPath",    "listenerMetadata", "syscalls",	 "comment"};
	struct node syscalls, rule;
	struct cursor cursor = {0};

	if (!check_object(reader, profile, "a seccomp profile", names, COUNT(names)))
		return;
	read_action(reader, profile, "defaultAction", &reader->import->profile.otherwise);
	syscalls = member(reader, profile, "syscalls");
	while (is_array(reader, syscalls, "syscalls") &&
	       next_value(reader, syscalls, &cursor, &rule))
		read_rule(reader, rule);
}

/* --- linux.ioUring */

static void read_names(struct reader *reader, struct node array, const char *what,
		       const struct table *table, struct set *set, uint8_t *mask)
{
	struct cursor cursor = {0};
	struct node value;

	while (is_array(reader, array, what) && next_value(reader, array, &cursor, &value)) {
		const char *name = read_string(reader, value, what);
		const struct row *row = name ? table_find(table, name, strlen(name)) : NULL;

		if (name && !row)
			unknown(reader, value, table->noun, name,
				table_nearest(table, name, strlen(name)));
		if (row && mask)
			*mask |= (uint8_t)row->number;
		else if (row)
			set_add(set, (unsigned)row->number);
	}
}

static void read_default(struct reader *reader, struct node object, bool *allows)
{
	struct node node = member(reader, object, "defaultAction");
	const char *text = NULL;

	if (node.json)
		text = read_string(reader, node, "defaultAction");
	else
		fail(reader, object, "defaultAction is missing");
	*allows = text && strcmp(text, "allow") == 0;
	if (text && !*allows && strcmp(text, "deny") != 0)
		fail(reader, node, "expected \"allow\" or \"deny\" for defaultAction");
}

static const char *const io_uring_names[] = {"defaultAction", "ops", "socketFamilies",
					     "deniedSqeFlags"};

static void read_io_uring(struct reader *reader, struct node object)
{
	struct import_io_uring *io_uring = &reader->import->io_uring;
	const struct row *socket = table_find(&op_table, "socket", strlen("socket"));
	struct node families;

	reader->import->is_io_uring = true;
	if (!check_object(reader, object, "ioUring", io_uring_names, COUNT(io_uring_names)))
		return;
	read_default(reader, object, &io_uring->allows);
	read_names(reader, member(reader, object, "ops"), "ops", &op_table, &io_uring->ops, NULL);
	read_names(reader, member(reader, object, "deniedSqeFlags"), "deniedSqeFlags",
		   &sqe_flag_table, NULL, &io_uring->denied_sqe_flags);
	families = member(reader, object, "socketFamilies");
	read_names(reader, families, "socketFamilies", &family_table, &io_uring->families, NULL);
	io_uring->has_families = families.json;
	if (families.json && set_has(&io_uring->ops, (unsigned)socket->number) == io_uring->allows)
		diag_add(reader->diags, SEVERITY_WARNING, place(reader, families.start),
			 "socketFamilies allows nothing, since the op socket is denied");
}

/* --- the whole text */

/* Whether an object is the one for io_uring, and not a seccomp profile. */
static bool is_io_uring(const struct reader *reader, struct node root)
{
	struct node action = member(reader, root, "defaultAction");
	const char *text = json_string_value(action.json);

	for (size_t i = 1; i < COUNT(io_uring_names); i++)
		if (member(reader, root, io_uring_names[i]).json)
			return true;
	return text && (strcmp(text, "allow") == 0 || strcmp(text, "deny") == 0);
}

static void read_config(struct reader *reader, struct node root, struct node linux_object)
{
	struct node io_uring = member(reader, linux_object, "ioUring");
	struct node seccomp = member(reader, linux_object, "seccomp");

	reader->import->has_other = io_uring.json && seccomp.json;
	if (io_uring.json)
		read_io_uring(reader, io_uring);
	else if (seccomp.json)
		read_profile(reader, seccomp);
	else
		fail(reader, root, "the configuration has neither linux.seccomp nor linux.ioUring");
}

static void read_root(struct reader *reader, struct node root)
{
	struct node linux_object = member(reader, root, "linux");
	struct node io_uring = member(reader, root, "ioUring");

	if (linux_object.json || member(reader, root, "ociVersion").json)
		read_config(reader, root, linux_object);
	else if (io_uring.json)
		read_io_uring(reader, io_uring);
	else if (is_io_uring(reader, root))
		read_io_uring(reader, root);
	else
		read_profile(reader, root);
}

static void report_syntax(struct reader *reader, const json_error_t *error)
{
	size_t size = reader->source->size;
	size_t end = error->position > 0 ? (size_t)error->position : 0;
	struct range where = {reader->source, 0, 0};

	where.end = end < size ? end : size;
	where.start = where.end > 0 ? where.end - 1 : 0;
	diag_add(reader->diags, SEVERITY_ERROR, where, "no JSON: %s", error->text);
}

/* jansson (2.14) writes beyond its buffer where that cannot grow. */
static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (memory)
		return memory;
	report_error("out of memory");
	exit(EXIT_FAILED);
}

bool import_json(struct import_json *json, const struct source *source,
		 const struct machine *machine, struct diags *diags)
{
	struct reader reader = {
		.import = json, .source = source, .machine = machine, .diags = diags};
	json_error_t error;
	json_t *root;

	json_set_alloc_funcs(allocate, free);
	root = json_loadb(source->text, source->size,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (root)
		read_root(&reader, (struct node){root, skip_space(source, 0)});
	else
		report_syntax(&reader, &error);
	json_decref(root);
	return !diag_failed(diags);
}

void import_json_destroy(struct import_json *json)
{
	import_profile_destroy(&json->profile);
}
