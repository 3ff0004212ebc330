/* SPDX-License-Identifier: MIT */
/*
 * The target of a launch with a fault: finds out by itself whether the whole policy is in force.
 */
#ifndef LIVE_INSIDE_H
#define LIVE_INSIDE_H

/* Its exit status: all that was asked for holds, or something does not, said on standard error. */
#define INSIDE_WHOLE 42
#define INSIDE_LESS  43

/**
 * Checks each word of the list, which NULL ends:
 *   restricted         the task cannot be restricted any more
 *   no-new-privs       is set
 *   no-caps            there are no capabilities in any set
 *   nop open creat socket inet connect
 *                      a NOP, an open, a creating open, a socket, an AF_INET socket or a connect to
 *                      port 9 is denied to a request
 *   register=N         so is a register operation, to a ring
 *   closed=FD          is no ring
 *   exec=PROGRAM       and all of it holds after PROGRAM inside WORD... was executed, with a ring
 *                      open; the last word
 * Returns one of INSIDE_.
 */
int inside(char **words);

#endif
