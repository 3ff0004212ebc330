// SPDX-License-Identifier: MIT
#include "cli/rings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/report.h"
#include "policy/uring-abi.h"

/* Mapping the submission entries works on every ring that has them, and on few other things. */
static bool maps_like_ring(int fd)
{
	void *memory = mmap(NULL, 1, PROT_NONE, MAP_SHARED, fd, IORING_OFF_SQES);

	if (memory != MAP_FAILED) {
		munmap(memory, 1);
		return true;
	}
	return errno != ENODEV && errno != EACCES && errno != EBADF;
}

/*
 * An enter that submits nothing answers 0 on a ring, EBADFD on a disabled one and EOPNOTSUPP on
 * any other file (io_uring/io_uring.c: io_uring_enter). Any other answer is not the kernel's own,
 * so register is asked, which refuses the missing argument with EINVAL only on a ring.
 */
static bool is_ring(int fd)
{
	int answer = io_uring_enter((unsigned)fd, 0, 0, 0, NULL);

	if (answer == 0 || answer == -EBADFD)
		return true;
	if (answer == -EOPNOTSUPP || answer == -EBADF)
		return false;
	answer = io_uring_register((unsigned)fd, URING_REGISTER_PROBE, NULL, 0);
	if (answer == -EOPNOTSUPP || answer == -EBADF)
		return false;
	if (answer == -EINVAL)
		return true;
	return maps_like_ring(fd);
}

static bool replace_by_null(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool replaced = null >= 0 && dup2(null, fd) == fd;

	if (!replaced)
		report_error("cannot replace the inherited io_uring file descriptor %d by "
			     "/dev/null: %s",
			     fd, strerror(errno));
	if (null >= 0)
		close(null);
	return replaced;
}

/* Takes fd away from the target if it is a ring. False if that was necessary and failed. */
static bool close_if_ring(int fd)
{
	if (!is_ring(fd))
		return true;
	if (fd <= STDERR_FILENO) {
		if (!replace_by_null(fd))
			return false;
		report_note("replaced the inherited io_uring file descriptor %d by /dev/null", fd);
		return true;
	}
	close(fd);
	report_note("closed the inherited io_uring file descriptor %d", fd);
	return true;
}

/* The entry's number, or -1 for "." and "..". */
static int entry_fd(const struct dirent64 *entry)
{
	char *end;
	long fd = strtol(entry->d_name, &end, 10);

	return end == entry->d_name || *end || fd < 0 || fd > INT_MAX ? -1 : (int)fd;
}

/*
 * Lists the descriptors with the system call itself: opendir(3) would allocate. Closing one while
 * reading is fine, since the position in this directory is the number itself (fs/proc/fd.c:
 * proc_readfd_common).
 */
static bool close_listed(int directory)
{
	_Alignas(struct dirent64) char buffer[4096];
	bool closed = true;
	long size;

	while ((size = syscall(SYS_getdents64, directory, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < size;) {
			struct dirent64 *entry = (struct dirent64 *)(buffer + at);
			int fd = entry_fd(entry);

			if (fd >= 0 && fd != directory)
				closed = close_if_ring(fd) && closed;
			at += entry->d_reclen;
		}
	}
	if (size < 0)
		report_error("cannot list the open files in /proc/self/fd: %s", strerror(errno));
	return closed && size == 0;
}

/*
 * Without a list: each number that a descriptor can have under the limit is looked at. Above a
 * limit that was lowered there may be more, which nothing can find, so all of those are closed at
 * exec.
 */
static bool close_all(void)
{
	struct rlimit limit;
	unsigned count;
	bool closed = true;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		report_error("getrlimit: %s", strerror(errno));
		return false;
	}
	count = limit.rlim_cur < INT_MAX ? (unsigned)limit.rlim_cur : INT_MAX;
	if (syscall(SYS_close_range, count, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		report_error("cannot look for inherited io_uring file descriptors: no /proc, and "
			     "close_range: %s",
			     strerror(errno));
		return false;
	}
	report_note("no /proc to list the open files: those from %u on are closed", count);
	for (unsigned fd = 0; fd < count; fd++)
		closed = close_if_ring((int)fd) && closed;
	return closed;
}

static bool is_proc(int directory)
{
	struct statfs fs;

	return fstatfs(directory, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

bool rings_close(void)
{
	int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool closed;

	if (directory < 0 || !is_proc(directory))
		closed = close_all();
	else
		closed = close_listed(directory);
	if (directory >= 0)
		close(directory);
	return closed;
}
