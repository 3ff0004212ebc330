/* SPDX-License-Identifier: MIT */
#ifndef URING_JAIL_POLICY_MEMSTREAM_H
#define URING_JAIL_POLICY_MEMSTREAM_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/**
 * Closes what open_memstream(3) returned, NULL included. Returns whether all that was written is in
 * `text`, which the caller frees; if not, `text` is NULL. fclose(3) alone does not tell: glibc
 * (libio/memstream.c, _IO_mem_finish) leaves NULL where it cannot resize the text, and returns 0.
 */
static inline bool memstream_close(FILE *stream, char **text)
{
	bool good = stream && !ferror(stream);

	if (stream && fclose(stream) != 0)
		good = false;
	if (good && *text)
		return true;
	free(*text);
	*text = NULL;
	return false;
}

#endif
