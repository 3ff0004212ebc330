// SPDX-License-Identifier: MIT
#include "cli/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/report.h"

static void failed(const char *path)
{
	report_error("cannot write %s: %s", path, strerror(errno));
}

static bool check_directory(const char *path)
{
	char *copy = strdup(path);
	bool good = copy && access(dirname(copy), W_OK | X_OK) == 0;

	if (!good)
		failed(path);
	free(copy);
	return good;
}

bool publish_check(const char *path, bool replace)
{
	struct stat status;

	if (lstat(path, &status) < 0) {
		if (errno == ENOENT)
			return check_directory(path);
		failed(path);
		return false;
	}
	if (!replace) {
		report_error("%s is there already; --force replaces it", path);
		return false;
	}
	if (stat(path, &status) < 0) {
		failed(path);
		return false;
	}
	if (S_ISREG(status.st_mode))
		return check_directory(path);
	report_error("%s is not a regular file, and is not replaced", path);
	return false;
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			text += written;
			size -= (size_t)written;
		}
	}
	return fsync(fd) == 0;
}

/* The permissions that a new file of anybody's has; mkostemp(3) gives fewer. */
static bool set_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask) == 0;
}

/* Fills in the name that `temporary` is a template for. */
static bool write_temporary(char *temporary, const char *text, size_t size)
{
	int fd = mkostemp(temporary, O_CLOEXEC), error;
	bool good;

	if (fd < 0)
		return false;
	good = write_all(fd, text, size) && set_mode(fd);
	error = errno;
	if (close(fd) < 0 && good) {
		good = false;
		error = errno;
	}
	if (!good)
		unlink(temporary);
	errno = error;
	return good;
}

/* Not every file system can rename without replacing; a link never replaces anything. */
static bool rename_to(const char *temporary, const char *path, bool replace)
{
	if (replace)
		return rename(temporary, path) == 0;
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL || link(temporary, path) < 0)
		return false;
	unlink(temporary);
	return true;
}

static bool publish_as(const char *path, const char *text, size_t size, bool replace)
{
	char *temporary;
	bool good;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		report_error("out of memory");
		return false;
	}
	good = write_temporary(temporary, text, size);
	if (!good) {
		failed(path);
	} else if (!rename_to(temporary, path, replace)) {
		good = false;
		report_error("cannot give %s the name %s: %s", temporary, path, strerror(errno));
	}
	free(temporary);
	return good;
}

bool publish(const char *path, const char *text, size_t size, bool replace)
{
	char *real = replace ? realpath(path, NULL) : NULL;
	bool good = publish_as(real ? real : path, text, size, replace);

	free(real);
	return good;
}
