// SPDX-License-Identifier: MIT
#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)16 << 20)
#define SUFFIX	      ".policy"

/* Directories that are searched for a name, the first that has it wins. */
#define SEARCHED 3

struct file {
	struct file *next;
	struct source source;
	struct range included;
	dev_t device;
	ino_t inode;
	char *text;
};

static const struct range nowhere;

static void __attribute__((format(printf, 3, 4)))
fail(struct diags *diags, struct range where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vadd(diags, SEVERITY_ERROR, where, format, args);
	va_end(args);
}

/* --- the search path */

/* Writes one text after another as a path. False if that is too long. Every launch that reads a file
 * does this, and stdio would be much code for it. */
static bool make_path(char path[PATH_MAX], const char *const *texts)
{
	size_t length = 0;

	for (; *texts; texts++) {
		size_t size = strlen(*texts);

		if (size >= PATH_MAX - length)
			return false;
		memmove(path + length, *texts, size);
		length += size;
	}
	path[length] = '\0';
	return true;
}

#define MAKE_PATH(path, ...) make_path(path, (const char *const[]){__VA_ARGS__, NULL})

/*
 * Writes the directory that is searched as number `i`; false if there is none. One at a time, since
 * a launch pays for each page of its stack.
 */
static bool search_directory(int i, char path[PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (i > 0)
		return MAKE_PATH(path, i == 1 ? "/etc/uring-jail" : URING_JAIL_PRESETS);
	if (config && config[0] == '/')
		return MAKE_PATH(path, config, "/uring-jail");
	return home && home[0] == '/' && MAKE_PATH(path, home, "/.config/uring-jail");
}

static bool has_suffix(const char *name)
{
	size_t size = strlen(name);

	return size > strlen(SUFFIX) && strcmp(name + size - strlen(SUFFIX), SUFFIX) == 0;
}

/* Adds a name to the path of a directory. False if that would be too long. */
static bool join(char path[PATH_MAX], const char *name, const char *suffix)
{
	return MAKE_PATH(path, path, "/", name, suffix);
}

static int open_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* Opens the first file of that name; `path` is set to its. -1 with errno set if there is none. */
static int search(const char *name, char path[PATH_MAX])
{
	int fd;

	for (int i = 0; i < SEARCHED; i++) {
		if (!search_directory(i, path) || !join(path, name, has_suffix(name) ? "" : SUFFIX))
			continue;
		fd = open_file(path);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
	errno = ENOENT;
	return -1;
}

static void not_found(const char *name, struct range where, struct diags *diags)
{
	bool included = where.source != NULL;
	char directories[SEARCHED][PATH_MAX];
	bool here = access(name, F_OK) == 0;

	for (int i = 0; i < SEARCHED; i++)
		if (!search_directory(i, directories[i]))
			directories[i][0] = '\0';
	fail(diags, where, "no policy '%s' in %s%s%s or %s%s%s", name, directories[0],
	     directories[0][0] ? ", " : "", directories[1], directories[2],
	     !here	? ""
	     : included ? "; for the file here write it in double quotes"
			: "; for the file here write ./",
	     here && !included ? name : "");
}

/* --- reading */

static struct file *find(const struct files *files, const struct stat *status)
{
	struct file *file = files->first;

	while (file && (file->device != status->st_dev || file->inode != status->st_ino))
		file = file->next;
	return file;
}

/*
 * Reads up to the end, or, where a file is said to have a size, until there is that much of it. errno
 * says why it failed, EFBIG where there is too much.
 */
static char *read_all(int fd, size_t expected, size_t *size)
{
	size_t room = expected > 0 && expected <= FILE_SIZE_MAX ? expected + 1 : 4096;
	char *text = malloc(room), *grown;
	ssize_t got = 1;

	*size = 0;
	while (text && got != 0 && (*size != expected || expected == 0)) {
		got = read(fd, text + *size, room - *size);
		if (got < 0 && errno == EINTR)
			continue;
		*size += got > 0 ? (size_t)got : 0;
		if (*size > FILE_SIZE_MAX)
			errno = EFBIG;
		if (got < 0 || *size > FILE_SIZE_MAX) {
			free(text);
			return NULL;
		}
		if (*size < room)
			continue;
		room *= 2;
		grown = realloc(text, room);
		if (!grown)
			free(text);
		text = grown;
	}
	return text;
}

/* Standard input may have been read in part before. */
static bool is_at_end(int fd, size_t size, const struct stat *status)
{
	return (off_t)size == status->st_size || lseek(fd, 0, SEEK_CUR) == status->st_size;
}

/*
 * Whether what was read is what the file had in it all the time: not cut off, nor half an old text
 * and half a new one. Files without a size, as in /proc, are taken as they are read. A change that
 * leaves the size is seen by its time, which some file systems count in ticks of milliseconds.
 */
static bool is_unchanged(int fd, size_t size, const struct stat *before)
{
	struct stat after;

	if (!S_ISREG(before->st_mode))
		return true;
	if (fstat(fd, &after) < 0)
		return false;
	return (before->st_size == 0 || is_at_end(fd, size, before)) &&
	       after.st_size == before->st_size && after.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       after.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
	       after.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	       after.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* As read_all(); errno is ETXTBSY, which reading has no other use for, where the file changed. */
static char *read_steady(int fd, const struct stat *before, size_t *size)
{
	size_t expected = S_ISREG(before->st_mode) ? (size_t)before->st_size : 0;
	char *text = read_all(fd, expected, size);

	if (!text || is_unchanged(fd, *size, before))
		return text;
	free(text);
	errno = ETXTBSY;
	return NULL;
}

static struct file *new_file(struct files *files, const char *name, const struct stat *status)
{
	struct file *file = arena_alloc(&files->arena, sizeof(*file));
	char *copy = arena_alloc(&files->arena, strlen(name) + 1);

	if (!file || !copy)
		return NULL;
	file->source.name = strcpy(copy, name);
	file->device = status->st_dev;
	file->inode = status->st_ino;
	return file;
}

/* Reads an open file, or finds it among those read before. Closes fd. */
static struct file *read_file(struct files *files, int fd, const char *name, struct range where,
			      struct diags *diags)
{
	struct stat status = {0};
	struct file *file = NULL;
	bool known = fd >= 0 && fstat(fd, &status) == 0;

	if (known && S_ISREG(status.st_mode))
		file = find(files, &status);
	if (known && !file && (file = new_file(files, name, &status))) {
		file->text = read_steady(fd, &status, &file->source.size);
		file->source.text = file->text;
		if (!file->text) {
			file = NULL;
		} else {
			file->next = files->first;
			files->first = file;
		}
	}
	if (!file)
		fail(diags, where,
		     errno == EFBIG	? "%s is larger than 16 MiB"
		     : errno == ETXTBSY ? "%s changed while it was read"
					: "cannot read %s: %s",
		     name, strerror(errno));
	if (fd > STDIN_FILENO)
		close(fd);
	return file;
}

const struct source *files_open(struct files *files, const char *name, struct diags *diags)
{
	char path[PATH_MAX];
	struct file *file;
	int fd;

	if (strcmp(name, "-") == 0) {
		if (files->read_stdin) {
			fail(diags, nowhere, "standard input can be read only once");
			return NULL;
		}
		files->read_stdin = true;
		file = read_file(files, STDIN_FILENO, "(standard input)", nowhere, diags);
	} else if (strchr(name, '/')) {
		file = read_file(files, open_file(name), name, nowhere, diags);
	} else {
		fd = search(name, path);
		if (fd < 0 && errno == ENOENT) {
			not_found(name, nowhere, diags);
			return NULL;
		}
		file = read_file(files, fd, path, nowhere, diags);
	}
	if (!file)
		return NULL;
	/* Also where it was included before: what the command line names is outermost. */
	file->source.depth = 1;
	file->source.included = NULL;
	return &file->source;
}

const struct source *files_open_path(struct files *files, const char *path, struct diags *diags)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct file *file = read_file(files, is_stdin ? STDIN_FILENO : open_file(path),
				      is_stdin ? "(standard input)" : path, nowhere, diags);

	return file ? &file->source : NULL;
}

/* The path of a file that another one names, relative to where that one is. */
static bool relative(char path[PATH_MAX], const struct source *from, const char *name)
{
	const char *slash = from->one_line ? NULL : strrchr(from->name, '/');

	if (name[0] == '/' || !slash)
		return MAKE_PATH(path, name);
	if (!MAKE_PATH(path, from->name))
		return false;
	path[slash - from->name] = '\0';
	return join(path, name, "");
}

const struct source *files_include(void *data, struct range where, const char *name, bool is_path,
				   struct diags *diags)
{
	struct files *files = data;
	char path[PATH_MAX];
	struct file *file;
	int fd = -1;

	errno = ENAMETOOLONG;
	if (!is_path && strchr(name, '/')) {
		fail(diags, where, "a path is written in double quotes");
		return NULL;
	}
	if (!is_path) {
		fd = search(name, path);
		if (fd < 0 && errno == ENOENT) {
			not_found(name, where, diags);
			return NULL;
		}
	} else if (relative(path, where.source, name)) {
		fd = open_file(path);
	}
	file = read_file(files, fd, path, where, diags);
	if (!file)
		return NULL;
	if (file->source.depth == 0) {
		file->included = where;
		file->source.included = &file->included;
		file->source.depth = where.source->depth + 1;
	}
	return &file->source;
}

void files_destroy(struct files *files)
{
	for (struct file *file = files->first; file; file = file->next)
		free(file->text);
	arena_destroy(&files->arena);
	*files = (struct files){0};
}

/* --- listing */

static int is_policy(const struct dirent *entry)
{
	return has_suffix(entry->d_name);
}

/* Whether a directory before number `i` has the file too. */
static bool is_hidden(int i, const char *name)
{
	char path[PATH_MAX];

	for (int before = 0; before < i; before++)
		if (search_directory(before, path) && join(path, name, "") &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

void files_list(FILE *out)
{
	char directory[PATH_MAX];
	struct dirent **entries;
	int count;

	for (int i = 0; i < SEARCHED; i++) {
		count = search_directory(i, directory)
				? scandir(directory, &entries, is_policy, alphasort)
				: -1;
		for (int j = 0; j < count; j++) {
			const char *name = entries[j]->d_name;

			fprintf(out, "%-20.*s %s/%s%s\n", (int)(strlen(name) - strlen(SUFFIX)),
				name, directory, name, is_hidden(i, name) ? " (hidden)" : "");
			free(entries[j]);
		}
		if (count >= 0)
			free(entries);
	}
}
