/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_TRACEFS_H
#define URING_JAIL_CLI_TRACEFS_H

/*
 * The file system in which the kernel describes its events. Only descriptions are read there;
 * nothing in it is ever changed.
 */

/**
 * Opens its directory of events: where it is mounted, or else in a mount that nobody else sees and
 * that goes when the file descriptor is closed.
 *
 * @return a file descriptor (close-on-exec), or -1; then what to do about it has been reported
 */
int tracefs_open(void);

/**
 * Reads the file `format` of an event.
 *
 * @param events from tracefs_open()
 * @param event such as "io_uring/io_uring_create"
 * @return the text, which the caller frees; NULL if this kernel has no such event, or memory ran out
 */
char *tracefs_format(int events, const char *event);

#endif
