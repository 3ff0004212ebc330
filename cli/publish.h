/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_CLI_PUBLISH_H
#define URING_JAIL_CLI_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Files that appear whole or not at all, and never in place of another one unless that is asked for.
 */

/**
 * Whether publish() has a chance, asked before anything is done for it: there is no such file, or it
 * may be replaced and is a regular one, and its directory can be written to.
 *
 * @return false if not; the reason has been reported
 */
bool publish_check(const char *path, bool replace);

/**
 * Writes a text to a new file beside `path` and gives it that name. What a symbolic link leads to is
 * replaced, not the link.
 *
 * @param replace whether a file of that name may be replaced
 * @return false on failure, which has been reported; then nothing has changed, unless a file of that
 *         name came up since publish_check(): so that the text is not lost it is left under the name
 *         that is reported then
 */
bool publish(const char *path, const char *text, size_t size, bool replace);

#endif
