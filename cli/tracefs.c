// SPDX-License-Identifier: MIT
#include "cli/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/report.h"

/* More than any event's description has. */
#define FORMAT_MAX (64 * 1024)

static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

static int open_events(int directory, const char *path)
{
	return openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Mounts it without a place: -1 with errno where this task may not. */
static int mount_detached(void)
{
	int context = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	int mount = -1, error;

	if (context < 0)
		return -1;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	error = errno;
	close(context);
	errno = error;
	return mount;
}

static int open_private(void)
{
	int mount = mount_detached(), events, error;

	if (mount < 0)
		return -1;
	events = open_events(mount, "events");
	error = errno;
	close(mount);
	errno = error;
	return events;
}

int tracefs_open(void)
{
	char path[64];
	int events, error = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/events", places[i]);
		events = open_events(AT_FDCWD, path);
		if (events >= 0)
			return events;
		if (errno != ENOENT && error == 0)
			error = errno;
	}
	events = open_private();
	if (events >= 0)
		return events;
	if (error)
		report_error("cannot read %s: %s; watching a run needs root, or CAP_PERFMON and "
			     "that directory readable",
			     places[0], strerror(error));
	else
		report_error("tracefs is not mounted, and mounting it failed: %s; run as root, or "
			     "first: mount -t tracefs tracefs %s",
			     strerror(errno), places[0]);
	return -1;
}

char *tracefs_format(int events, const char *event)
{
	char path[128], *text = calloc(1, FORMAT_MAX);
	size_t used = 0;
	ssize_t size = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/format", event);
	fd = openat(events, path, O_RDONLY | O_CLOEXEC);
	while (text && fd >= 0 && used < FORMAT_MAX - 1 &&
	       (size = read(fd, text + used, FORMAT_MAX - 1 - used)) > 0)
		used += (size_t)size;
	if (fd >= 0)
		close(fd);
	if (size == 0)
		return text;
	free(text);
	return NULL;
}
