/* SPDX-License-Identifier: MIT */
/*
 * The things that requests work on: a directory of files, sockets, pipes, memory, and what is
 * registered with a ring. All of it is made with plain system calls, so that a request under test
 * never needs another request.
 */
#ifndef LIVE_SCRATCH_H
#define LIVE_SCRATCH_H

#include <linux/futex.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "ring.h"
#include "uapi.h"

#define SCRATCH_TEMPORARY_MAX 8
#define SCRATCH_TEXT	      "uring-jail live test"
#define SCRATCH_ATTRIBUTE     "user.live"
#define SCRATCH_BUFFER_GROUP  1

/* Slots of the table of registered files. */
enum {
	SCRATCH_SLOT_FILE,
	SCRATCH_SLOT_WRITE_ONLY,
	SCRATCH_SLOT_FREE,
	SCRATCH_SLOT_COUNT,
};

struct scratch {
	char path[256];	     /* the directory, absolute */
	char file_path[300]; /* of `file` */
	int dir;
	int file;		    /* read-write, starts with SCRATCH_TEXT */
	int write_only;		    /* the same file */
	int event;		    /* an eventfd, readable */
	int epoll;		    /* has `event`, so it is ready */
	int listener;		    /* TCP, loopback, not blocking */
	struct sockaddr_in address; /* of `listener` */
	struct ring peer;	    /* receives ring messages */

	char *page;	     /* a page of nothing important */
	char *registered;    /* the page that is registered buffer 0 */
	char *group_ring;    /* the page of the buffer group's ring */
	char *group_buffers; /* the page of its buffers */

	struct ring *ring; /* that the request under way is for */

	/* Room for the arguments of the request under way. */
	char buffer[64];
	struct iovec iov;
	struct msghdr message;
	struct __kernel_timespec time;
	struct open_how how;
	struct statx statx;
	struct epoll_event epoll_event;
	struct sockaddr_in bind_address;
	struct futex_waitv waitv;
	uint32_t futex;
	siginfo_t siginfo;
	int fds[2];
	int victim; /* an fd or a process that the request takes away, if it is allowed */

	int temporary[SCRATCH_TEMPORARY_MAX]; /* fds to close after the request */
	unsigned int temporary_count;
};

/** Makes a new directory in `parent` and all the rest, brings the loopback interface up. Returns
 * NULL, with a message on standard error, when anything of it fails. Free with scratch_close. */
struct scratch *scratch_open(const char *parent);

/** Closes and removes everything. NULL is fine. */
void scratch_close(struct scratch *scratch);

/**
 * Registers files and a buffer with the ring. Where a policy denies that, requests that need them
 * fail on their own account, and not with EACCES; so there is nothing to return.
 */
void scratch_attach(struct scratch *scratch, struct ring *ring);

/** Gives the ring a fresh group of buffers, SCRATCH_BUFFER_GROUP, if it may have one. */
void scratch_provide(struct scratch *scratch, struct ring *ring);

/** Registers a zero-copy receive queue without a device; the ring has to be one with deferred task
 * work and wide completions. Returns 0 or -errno (-EINVAL before 7.1). */
int scratch_zero_copy(struct ring *ring);

/** Closes `fd` when the request under way is over, returns it. */
int scratch_keep(struct scratch *scratch, int fd);

/** Closes what was kept. */
void scratch_release(struct scratch *scratch);

/** A connected pair of local stream sockets, both kept: [0] is for the request. */
void scratch_socket_pair(struct scratch *scratch, int pair[2]);

/** A connected UDP socket on the loopback interface, kept. */
int scratch_udp(struct scratch *scratch);

/** A TCP socket on the loopback interface, kept: unconnected, or connected to `listener`. */
int scratch_tcp(struct scratch *scratch, bool connected);

/** The other end of the first connection that waits at `listener`, kept; -1 where there is none. */
int scratch_accept(struct scratch *scratch);

/** A pipe, kept, with SCRATCH_TEXT in it if asked for. */
void scratch_pipe(struct scratch *scratch, int fds[2], bool filled);

/** Makes the file, or removes whatever has the name (a directory too). */
void scratch_create(struct scratch *scratch, const char *name);
void scratch_remove(struct scratch *scratch, const char *name);

#endif
