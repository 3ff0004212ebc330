// SPDX-License-Identifier: MIT
#include "cli/rings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/report.h"

#define FD_PATH "/proc/self/fd"

/* So many numbers are looked at where descriptors cannot be listed, whatever RLIMIT_NOFILE is. */
#define UNLISTED_MIN 1024
#define UNLISTED_MAX 65536

enum kind { KIND_CLOSED, KIND_RING, KIND_OTHER };

/* How to look at descriptors, and what to do with a ring. */
struct search {
	bool enter_answers;
	int directory; /* FD_PATH, or -1 */
	bool keep;
};

/* Flags are looked at first, so this never does anything; what answers otherwise is a seccomp
 * filter, which would answer the question about a descriptor, too. */
static bool enter_answers(void)
{
	return io_uring_enter((unsigned)-1, 0, 0, ~0U, NULL) == -EINVAL;
}

/*
 * An enter that submits nothing: EOPNOTSUPP and EBADF come before anything that depends on the
 * ring. O_PATH descriptors count as closed, since they give access to nothing
 * (io_uring/io_uring.c: io_uring_enter, io_uring_ctx_get_file).
 */
static enum kind kind_by_enter(int fd)
{
	switch (-io_uring_enter((unsigned)fd, 0, 0, 0, NULL)) {
	case EOPNOTSUPP:
		return KIND_OTHER;
	case EBADF:
		return KIND_CLOSED;
	}
	return KIND_RING;
}

/* A ring is an anonymous inode that can be mapped (fs/anon_inodes.c); so are few other things. */
static enum kind kind_by_guess(int fd)
{
	struct statfs fs = {.f_type = ANON_INODE_FS_MAGIC};
	void *memory;

	if (fstatfs(fd, &fs) < 0 && errno == EBADF)
		return KIND_CLOSED;
	if (fs.f_type != ANON_INODE_FS_MAGIC)
		return KIND_OTHER;
	memory = mmap(NULL, 1, PROT_NONE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (memory == MAP_FAILED && errno == ENODEV)
		return KIND_OTHER;
	if (memory == MAP_FAILED && errno == EBADF)
		return KIND_CLOSED;
	if (memory != MAP_FAILED)
		munmap(memory, 1);
	return KIND_RING;
}

/* Nothing else can have this name: paths start with a slash (fs/anon_inodes.c: dynamic_dname). */
static enum kind kind_by_name(int directory, int fd)
{
	static const char ring[] = "anon_inode:[io_uring]";
	char number[16], name[sizeof(ring)];
	ssize_t size;

	snprintf(number, sizeof(number), "%d", fd);
	size = readlinkat(directory, number, name, sizeof(name));
	if (size <= 0)
		return kind_by_guess(fd);
	return size == sizeof(ring) - 1 && memcmp(name, ring, sizeof(ring) - 1) == 0 ? KIND_RING
										     : KIND_OTHER;
}

static enum kind kind_of(const struct search *search, int fd)
{
	if (search->enter_answers)
		return kind_by_enter(fd);
	return search->directory >= 0 ? kind_by_name(search->directory, fd) : kind_by_guess(fd);
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

static bool close_ring(int fd)
{
	if (fd <= STDERR_FILENO)
		return replace_by_null(fd);
	if (close(fd) == 0)
		return true;
	report_error("cannot close the inherited io_uring file descriptor %d: %s", fd,
		     strerror(errno));
	return false;
}

/* Takes fd away from the target if it is a ring. False if that was necessary and failed. */
static bool settle(const struct search *search, int fd)
{
	if (kind_of(search, fd) != KIND_RING)
		return true;
	if (search->keep) {
		report_note("warning: kept the inherited io_uring file descriptor %d, which obeys "
			    "no rule of the policy",
			    fd);
		return true;
	}
	if (!close_ring(fd))
		return false;
	if (kind_of(search, fd) == KIND_RING) {
		report_error("the inherited io_uring file descriptor %d is still there after it "
			     "was closed; something, most likely a seccomp filter, keeps the call "
			     "from the kernel",
			     fd);
		return false;
	}
	report_note("%s the inherited io_uring file descriptor %d%s",
		    fd <= STDERR_FILENO ? "replaced" : "closed", fd,
		    fd <= STDERR_FILENO ? " by /dev/null" : "");
	return true;
}

/*
 * A ring is an anonymous inode, and those are shown without a type (fs/anon_inodes.c:
 * anon_inode_getattr). So what has one of these is no ring; and only the kernel can say so, since a
 * seccomp filter that answers in its place writes nothing into our memory. A regular file is not
 * believed: that is what anonymous inodes are inside the kernel, and might be shown as one day.
 * Nothing is asked of a server that has the file. The call itself: statx(3) may answer from stat(2),
 * and then from memory that nobody wrote.
 */
static bool is_no_ring_by_type(int fd)
{
	struct statx status = {0};

	return syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE,
		       &status) == 0 &&
	       (S_ISCHR(status.stx_mode) || S_ISFIFO(status.stx_mode) || S_ISSOCK(status.stx_mode));
}

/* For all of these; whether io_uring_enter(2) answers is asked only where a type says too little. */
static bool are_no_rings(int count)
{
	bool answers = false;

	for (int fd = 0; fd < count; fd++) {
		if (is_no_ring_by_type(fd))
			continue;
		answers = answers || enter_answers();
		if (!answers || kind_by_enter(fd) != KIND_OTHER)
			return false;
	}
	return true;
}

/*
 * Whether the descriptors are 0, 1, 2 and so on with no gap, as they are for most programs, and
 * none is a ring. The size of the directory is how many there are (fs/proc/fd.c: proc_fd_getattr;
 * 0 before Linux 6.2), so this needs no list, and no descriptor to read it from.
 */
static bool has_no_ring(void)
{
	struct statfs fs = {0};
	struct stat status = {0};

	return statfs(FD_PATH, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
	       stat(FD_PATH, &status) == 0 && status.st_size > 0 && status.st_size <= INT_MAX &&
	       are_no_rings((int)status.st_size);
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
static bool settle_listed(const struct search *search)
{
	_Alignas(struct dirent64) char buffer[4096];
	bool settled = true, listed = false;
	long size;

	while ((size = syscall(SYS_getdents64, search->directory, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < size;) {
			struct dirent64 *entry = (struct dirent64 *)(buffer + at);
			int fd = entry_fd(entry);

			listed = listed || fd == search->directory;
			if (fd >= 0 && fd != search->directory)
				settled = settle(search, fd) && settled;
			at += entry->d_reclen;
		}
	}
	if (size < 0)
		report_error("cannot list the open files in " FD_PATH ": %s", strerror(errno));
	else if (!listed)
		report_error("cannot list the open files in " FD_PATH ": the one that is read is "
			     "not among them; something, most likely a seccomp filter, keeps the "
			     "call from the kernel");
	return settled && listed && size == 0;
}

/* There may be more than was looked at: more than the limit, too, if that was lowered. */
static bool close_rest(unsigned first, const char *why)
{
	if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		report_error("cannot list the open files in " FD_PATH " (%s), nor close those from "
			     "%u on: close_range: %s",
			     why, first, strerror(errno));
		return false;
	}
	report_note("cannot list the open files in " FD_PATH " (%s): those from %u on are closed",
		    why, first);
	return true;
}

/* Looks at each number that a descriptor is likely to have. */
static bool settle_unlisted(const struct search *search, const char *why)
{
	struct rlimit limit = {0};
	unsigned count = UNLISTED_MIN;
	bool settled = true;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > count)
		count = limit.rlim_cur < UNLISTED_MAX ? (unsigned)limit.rlim_cur : UNLISTED_MAX;
	for (unsigned fd = 0; fd < count; fd++)
		settled = settle(search, (int)fd) && settled;
	if (!search->keep)
		return close_rest(count, why) && settled;
	report_note("warning: cannot list the open files in " FD_PATH " (%s): io_uring file "
		    "descriptors from %u on are kept, too, and obey no rule of the policy",
		    why, count);
	return settled;
}

/* The directory to list, or -1, and why not. */
static int open_list(const char **why)
{
	int directory = open(FD_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs = {0};

	*why = strerror(errno);
	if (directory < 0)
		return -1;
	if (fstatfs(directory, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
		return directory;
	*why = "not a proc file system";
	close(directory);
	return -1;
}

bool rings_close(bool keep, bool blocked)
{
	struct search search = {.keep = keep};
	const char *why;
	bool settled;

	if (keep && blocked) {
		report_error("--keep-ring-fds: io_uring is denied altogether here, and a ring that "
			     "is kept would not obey; leave that option or --unsupported=deny out");
		return false;
	}
	if (has_no_ring())
		return true;
	search.enter_answers = enter_answers();
	search.directory = open_list(&why);
	if (search.directory < 0)
		return settle_unlisted(&search, why);
	settled = settle_listed(&search);
	close(search.directory);
	return settled;
}
