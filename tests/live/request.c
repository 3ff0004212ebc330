// SPDX-License-Identifier: MIT
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 30000U

#define TEXT	  SCRATCH_TEXT
#define TEXT_SIZE sizeof(SCRATCH_TEXT)

/* user_data of the request, of the NOP before it, and of no request at all. */
#define DATA_REQUEST 0x72657175657374U
#define DATA_HEAD    0x68656164U
#define DATA_ABSENT  0x6e6f6e65U

#define FUTEX_PRIVATE_U32 (FUTEX_PRIVATE_FLAG | 2)

static uint64_t pointer(const void *memory)
{
	return (uintptr_t)memory;
}

static void point_at_buffer(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	memcpy(scratch->buffer, TEXT, TEXT_SIZE);
	sqe->addr = pointer(scratch->buffer);
	sqe->len = TEXT_SIZE;
}

static void point_at_vector(struct scratch *scratch, struct io_uring_sqe *sqe, char *memory)
{
	memcpy(memory, TEXT, TEXT_SIZE);
	scratch->iov = (struct iovec){.iov_base = memory, .iov_len = TEXT_SIZE};
	sqe->addr = pointer(&scratch->iov);
	sqe->len = 1;
}

static void file_vector(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
	point_at_vector(scratch, sqe, scratch->buffer);
}

static void file_buffer(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
	point_at_buffer(scratch, sqe);
}

static void file_fixed_buffer(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	memcpy(scratch->registered, TEXT, TEXT_SIZE);
	sqe->fd = scratch->file;
	sqe->addr = pointer(scratch->registered);
	sqe->len = TEXT_SIZE;
}

static void file_fixed_vector(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
	point_at_vector(scratch, sqe, scratch->registered);
}

static void file_alone(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
}

static void file_range(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
	sqe->len = TEXT_SIZE;
	sqe->sync_range_flags = SYNC_FILE_RANGE_WRITE;
}

static void fallocate_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
	sqe->addr = 4096; /* the length; `len` is the mode */
}

static void advise_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
	sqe->len = TEXT_SIZE;
	sqe->fadvise_advice = POSIX_FADV_WILLNEED;
}

static void advise_memory(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->addr = pointer(scratch->page);
	sqe->len = 4096;
	sqe->fadvise_advice = MADV_NORMAL;
}

static void truncate_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->file;
	sqe->off = 4096;
}

static void open_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->dir;
	sqe->addr = pointer("file");
	sqe->open_flags = O_RDONLY | O_CLOEXEC;
}

static void open_file_how(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->how = (struct open_how){.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
	sqe->fd = scratch->dir;
	sqe->addr = pointer("file");
	sqe->addr2 = pointer(&scratch->how);
	sqe->len = sizeof(scratch->how);
}

static void close_fd(struct scratch *scratch, int result)
{
	(void)scratch;
	if (result >= 0)
		close(result);
}

static void close_duplicate(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->victim = fcntl(scratch->file, F_DUPFD_CLOEXEC, 0);
	sqe->fd = scratch->victim;
}

static void close_survivor(struct scratch *scratch, int result)
{
	if (result < 0)
		close(scratch->victim);
}

static void update_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->fds[0] = scratch->file;
	sqe->off = SCRATCH_SLOT_FREE;
	sqe->addr = pointer(scratch->fds);
	sqe->len = 1;
}

static void install_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	(void)scratch;
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->fd = SCRATCH_SLOT_FILE;
}

static void make_pipe(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->fds[0] = scratch->fds[1] = -1;
	sqe->addr = pointer(scratch->fds);
	sqe->rw_flags = O_CLOEXEC;
}

static void close_pipe(struct scratch *scratch, int result)
{
	if (result == 0) {
		close(scratch->fds[0]);
		close(scratch->fds[1]);
	}
}

static void stat_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->dir;
	sqe->addr = pointer("file");
	sqe->addr2 = pointer(&scratch->statx);
	sqe->len = STATX_SIZE;
}

static void rename_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch_create(scratch, "old");
	sqe->fd = scratch->dir;
	sqe->addr = pointer("old");
	sqe->len = (unsigned int)scratch->dir;
	sqe->addr2 = pointer("new");
}

static void unlink_file(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch_create(scratch, "old");
	sqe->fd = scratch->dir;
	sqe->addr = pointer("old");
}

static void make_directory(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch_remove(scratch, "made");
	sqe->fd = scratch->dir;
	sqe->addr = pointer("made");
	sqe->len = 0700;
}

static void make_symlink(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch_remove(scratch, "made");
	sqe->fd = scratch->dir;
	sqe->addr = pointer("file");
	sqe->addr2 = pointer("made");
}

static void make_link(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch_remove(scratch, "made");
	sqe->fd = scratch->dir;
	sqe->addr = pointer("file");
	sqe->len = (unsigned int)scratch->dir;
	sqe->addr2 = pointer("made");
}

static void attribute(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	memcpy(scratch->buffer, "value", 5);
	sqe->addr = pointer(SCRATCH_ATTRIBUTE);
	sqe->addr2 = pointer(scratch->buffer);
}

static void set_fd_attribute(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	attribute(scratch, sqe);
	sqe->fd = scratch->file;
	sqe->len = 5;
}

static void set_path_attribute(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	attribute(scratch, sqe);
	sqe->addr3 = pointer(scratch->file_path);
	sqe->len = 5;
}

static void get_fd_attribute(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	set_fd_attribute(scratch, sqe);
	sqe->len = sizeof(scratch->buffer);
}

static void get_path_attribute(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	set_path_attribute(scratch, sqe);
	sqe->len = sizeof(scratch->buffer);
}

static void splice_pipe(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	int from[2], to[2];

	scratch_pipe(scratch, from, true);
	scratch_pipe(scratch, to, false);
	sqe->fd = to[1];
	sqe->splice_fd_in = from[0];
	sqe->splice_off_in = -1ULL;
	sqe->off = -1ULL;
	sqe->len = TEXT_SIZE;
}

static void tee_pipe(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	splice_pipe(scratch, sqe);
	sqe->splice_off_in = 0;
	sqe->off = 0;
}

/* The writing end is closed before the request, so the second read ends it. */
static void read_pipe_to_the_end(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0 || write(fds[1], TEXT, TEXT_SIZE) < 0)
		return;
	close(fds[1]);
	scratch_provide(scratch, scratch->ring);
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->fd = scratch_keep(scratch, fds[0]);
	sqe->buf_group = SCRATCH_BUFFER_GROUP;
}

static void poll_event(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->event;
	sqe->poll32_events = POLLIN;
}

static void add_to_epoll(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->epoll_event = (struct epoll_event){.events = EPOLLIN};
	sqe->fd = scratch_keep(scratch, epoll_create1(EPOLL_CLOEXEC));
	sqe->addr = pointer(&scratch->epoll_event);
	sqe->len = EPOLL_CTL_ADD;
	sqe->off = (unsigned int)scratch->event;
}

static void wait_for_epoll(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch->epoll;
	sqe->addr = pointer(&scratch->epoll_event);
	sqe->len = 1;
}

static void provide_buffer(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = 1; /* how many */
	sqe->addr = pointer(scratch->page);
	sqe->len = 64;
	sqe->buf_group = SCRATCH_BUFFER_GROUP + 1;
}

static void remove_buffer(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	(void)scratch;
	sqe->fd = 1; /* how many */
	sqe->buf_group = SCRATCH_BUFFER_GROUP + 2;
}

static void nothing(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	(void)scratch;
	(void)sqe;
}

static void name_absent(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	(void)scratch;
	sqe->addr = DATA_ABSENT;
}

static void time_out(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->time = (struct __kernel_timespec){.tv_nsec = 1000};
	sqe->addr = pointer(&scratch->time);
	sqe->len = 1;
}

/* It never gets to fire: the request before it, which it watches, is a NOP. */
static void time_link(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	time_out(scratch, sqe);
	scratch->time.tv_sec = 60;
}

static void message_peer(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	ring_drain(&scratch->peer);
	sqe->fd = scratch->peer.fd;
}

static void send_text(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	int pair[2];

	scratch_socket_pair(scratch, pair);
	sqe->fd = pair[0];
	point_at_buffer(scratch, sqe);
}

static void receive_text(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	int pair[2];

	scratch_socket_pair(scratch, pair);
	sqe->fd = pair[0];
	point_at_buffer(scratch, sqe);
	if (write(pair[1], TEXT, TEXT_SIZE) < 0)
		sqe->fd = -1;
}

/* Turns a request for a buffer into one for a message of one vector. */
static void point_at_message(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	point_at_vector(scratch, sqe, scratch->buffer);
	scratch->message = (struct msghdr){.msg_iov = &scratch->iov, .msg_iovlen = 1};
	sqe->addr = pointer(&scratch->message);
}

static void send_message(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	send_text(scratch, sqe);
	point_at_message(scratch, sqe);
}

static void receive_message(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	receive_text(scratch, sqe);
	point_at_message(scratch, sqe);
}

static void send_zc(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch_udp(scratch);
	point_at_buffer(scratch, sqe);
}

static void send_message_zc(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch_udp(scratch);
	point_at_message(scratch, sqe);
}

static void receive_zc(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	int other;

	sqe->fd = scratch_tcp(scratch, true);
	other = scratch_accept(scratch);
	if (write(other, TEXT, TEXT_SIZE) < 0)
		sqe->fd = -1;
	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->len = TEXT_SIZE;
}

static void accept_connection(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch_tcp(scratch, true);
	sqe->fd = scratch->listener;
	sqe->accept_flags = SOCK_CLOEXEC;
}

static void connect_socket(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch_tcp(scratch, false);
	sqe->addr = pointer(&scratch->address);
	sqe->addr2 = sizeof(scratch->address);
}

static void bind_socket(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->bind_address = scratch->address;
	scratch->bind_address.sin_port = 0;
	sqe->fd = scratch_tcp(scratch, false);
	sqe->addr = pointer(&scratch->bind_address);
	sqe->addr2 = sizeof(scratch->bind_address);
}

static void listen_on_socket(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch_tcp(scratch, false);
	sqe->len = 1;
}

static void shut_socket_down(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	int pair[2];

	scratch_socket_pair(scratch, pair);
	sqe->fd = pair[0];
	sqe->len = SHUT_RDWR;
}

static void make_socket(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	(void)scratch;
	sqe->fd = AF_INET;
	sqe->off = SOCK_STREAM | SOCK_CLOEXEC;
}

static void ask_socket(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = scratch_udp(scratch);
	sqe->cmd_op = 0; /* SOCKET_URING_OP_SIOCINQ */
}

static void wait_for_child(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(0);
	scratch->victim = child;
	sqe->fd = child;
	sqe->len = P_PID;
	sqe->addr2 = pointer(&scratch->siginfo);
	sqe->file_index = WEXITED;
}

static void reap_child(struct scratch *scratch, int result)
{
	if (result < 0)
		waitpid(scratch->victim, NULL, 0);
}

static void wake_futex(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	sqe->fd = FUTEX_PRIVATE_U32;
	sqe->addr = pointer(&scratch->futex);
	sqe->addr2 = 1;
	sqe->addr3 = FUTEX_BITSET_MATCH_ANY;
}

/* Both waits are for a value that the futex does not have. */
static void wait_for_futex(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	wake_futex(scratch, sqe);
	sqe->addr2 = scratch->futex + 1;
}

static void wait_for_futexes(struct scratch *scratch, struct io_uring_sqe *sqe)
{
	scratch->waitv = (struct futex_waitv){.val = scratch->futex + 1,
					      .uaddr = pointer(&scratch->futex),
					      .flags = FUTEX_PRIVATE_U32};
	sqe->addr = pointer(&scratch->waitv);
	sqe->len = 1;
}

#define WIDE	  REQUEST_RING_WIDE
#define ZERO_COPY REQUEST_RING_ZERO_COPY

/* clang-format off */
static const struct request requests[OP_COUNT] = {
	[OP_NOP]		= {"nop", .prepare = nothing},
	[OP_READV]		= {"readv", .prepare = file_vector},
	[OP_WRITEV]		= {"writev", .prepare = file_vector},
	[OP_FSYNC]		= {"fsync", .prepare = file_alone},
	[OP_READ_FIXED]		= {"read_fixed", .prepare = file_fixed_buffer},
	[OP_WRITE_FIXED]	= {"write_fixed", .prepare = file_fixed_buffer},
	[OP_POLL_ADD]		= {"poll_add", .prepare = poll_event},
	[OP_POLL_REMOVE]	= {"poll_remove", .expected = -ENOENT, .prepare = name_absent},
	[OP_SYNC_FILE_RANGE]	= {"sync_file_range", .prepare = file_range},
	[OP_SENDMSG]		= {"sendmsg", .prepare = send_message},
	[OP_RECVMSG]		= {"recvmsg", .prepare = receive_message},
	[OP_TIMEOUT]		= {"timeout", .expected = -ETIME, .prepare = time_out},
	[OP_TIMEOUT_REMOVE]	= {"timeout_remove", .expected = -ENOENT, .prepare = name_absent},
	[OP_ACCEPT]		= {"accept", .prepare = accept_connection, .finish = close_fd},
	[OP_ASYNC_CANCEL]	= {"async_cancel", .expected = -ENOENT, .prepare = name_absent},
	[OP_LINK_TIMEOUT]	= {"link_timeout", .expected = -ECANCELED, .prepare = time_link},
	[OP_CONNECT]		= {"connect", .prepare = connect_socket},
	[OP_FALLOCATE]		= {"fallocate", .prepare = fallocate_file},
	[OP_OPENAT]		= {"openat", .prepare = open_file, .finish = close_fd},
	[OP_CLOSE]		= {"close", .prepare = close_duplicate, .finish = close_survivor},
	[OP_FILES_UPDATE]	= {"files_update", .prepare = update_file},
	[OP_STATX]		= {"statx", .prepare = stat_file},
	[OP_READ]		= {"read", .prepare = file_buffer},
	[OP_WRITE]		= {"write", .prepare = file_buffer},
	[OP_FADVISE]		= {"fadvise", .prepare = advise_file},
	[OP_MADVISE]		= {"madvise", .prepare = advise_memory},
	[OP_SEND]		= {"send", .prepare = send_text},
	[OP_RECV]		= {"recv", .prepare = receive_text},
	[OP_OPENAT2]		= {"openat2", .prepare = open_file_how, .finish = close_fd},
	[OP_EPOLL_CTL]		= {"epoll_ctl", .prepare = add_to_epoll},
	[OP_SPLICE]		= {"splice", .prepare = splice_pipe},
	[OP_PROVIDE_BUFFERS]	= {"provide_buffers", .prepare = provide_buffer},
	[OP_REMOVE_BUFFERS]	= {"remove_buffers", .expected = -ENOENT, .prepare = remove_buffer},
	[OP_TEE]		= {"tee", .prepare = tee_pipe},
	[OP_SHUTDOWN]		= {"shutdown", .prepare = shut_socket_down},
	[OP_RENAMEAT]		= {"renameat", .prepare = rename_file},
	[OP_UNLINKAT]		= {"unlinkat", .prepare = unlink_file},
	[OP_MKDIRAT]		= {"mkdirat", .prepare = make_directory},
	[OP_SYMLINKAT]		= {"symlinkat", .prepare = make_symlink},
	[OP_LINKAT]		= {"linkat", .prepare = make_link},
	[OP_MSG_RING]		= {"msg_ring", .prepare = message_peer},
	[OP_FSETXATTR]		= {"fsetxattr", .prepare = set_fd_attribute},
	[OP_SETXATTR]		= {"setxattr", .prepare = set_path_attribute},
	[OP_FGETXATTR]		= {"fgetxattr", .prepare = get_fd_attribute},
	[OP_GETXATTR]		= {"getxattr", .prepare = get_path_attribute},
	[OP_SOCKET]		= {"socket", .prepare = make_socket, .finish = close_fd},
	[OP_URING_CMD]		= {"uring_cmd", .prepare = ask_socket},
	[OP_SEND_ZC]		= {"send_zc", .never_drained = true, .prepare = send_zc},
	[OP_SENDMSG_ZC]		= {"sendmsg_zc", .never_drained = true, .prepare = send_message_zc},
	[OP_READ_MULTISHOT]	= {"read_multishot", .prepare = read_pipe_to_the_end},
	[OP_WAITID]		= {"waitid", .prepare = wait_for_child, .finish = reap_child},
	[OP_FUTEX_WAIT]		= {"futex_wait", .expected = -EAGAIN, .prepare = wait_for_futex},
	[OP_FUTEX_WAKE]		= {"futex_wake", .prepare = wake_futex},
	[OP_FUTEX_WAITV]	= {"futex_waitv", .expected = -EAGAIN, .prepare = wait_for_futexes},
	[OP_FIXED_FD_INSTALL]	= {"fixed_fd_install", .prepare = install_file, .finish = close_fd},
	[OP_FTRUNCATE]		= {"ftruncate", .prepare = truncate_file},
	[OP_BIND]		= {"bind", .prepare = bind_socket},
	[OP_LISTEN]		= {"listen", .prepare = listen_on_socket},
	/* -EINVAL: kernels before 7.1 have no such queue without a device */
	[OP_RECV_ZC]		= {"recv_zc", ZERO_COPY, .or_else = -EINVAL, .prepare = receive_zc},
	[OP_EPOLL_WAIT]		= {"epoll_wait", .prepare = wait_for_epoll},
	[OP_READV_FIXED]	= {"readv_fixed", .prepare = file_fixed_vector},
	[OP_WRITEV_FIXED]	= {"writev_fixed", .prepare = file_fixed_vector},
	[OP_PIPE]		= {"pipe", .prepare = make_pipe, .finish = close_pipe},
	[OP_NOP128]		= {"nop128", WIDE, .prepare = nothing},
	[OP_URING_CMD128]	= {"uring_cmd128", WIDE, .prepare = ask_socket},
};
/* clang-format on */

const struct request *request_find(unsigned int op)
{
	return op < OP_COUNT ? &requests[op] : NULL;
}

bool request_expects(const struct request *request, int result)
{
	if (request->or_else && result == request->or_else)
		return true;
	return request->expected ? result == request->expected : result >= 0;
}

static void queue_head(struct ring *ring, unsigned int flags)
{
	struct io_uring_sqe *sqe = ring_sqe(ring, false);

	sqe->opcode = OP_NOP;
	sqe->flags = (uint8_t)flags;
	sqe->user_data = DATA_HEAD;
}

/*
 * Waits for the first completion of the request, for the rest of them if it says that there are
 * more, and for the one of the NOP before it.
 */
static int collect(struct ring *ring, bool head, int *result)
{
	struct completion completion;
	bool first = true, more = true;

	while (more || head) {
		int error = ring_wait(ring, &completion, WAIT_MS);

		if (error == -ETIME)
			return REQUEST_HUNG;
		if (error < 0) {
			*result = error;
			return REQUEST_BROKEN;
		}
		if (completion.user_data == DATA_HEAD)
			head = false;
		if (completion.user_data != DATA_REQUEST)
			continue;
		if (first)
			*result = completion.result;
		first = false;
		more = completion.flags & IORING_CQE_F_MORE;
	}
	return 0;
}

static int submit_and_collect(struct ring *ring, bool head, int *result)
{
	int error = ring_submit(ring);

	if (error == -ETIME)
		return REQUEST_HUNG;
	if (error < 0) {
		*result = error;
		return REQUEST_BROKEN;
	}
	return collect(ring, head, result);
}

int request_run(struct scratch *scratch, struct ring *ring, unsigned int op,
		struct request_style style, int *result, unsigned int *flags)
{
	const struct request *request = request_find(op);
	bool linked = style.linked || op == OP_LINK_TIMEOUT;
	bool drained = style.drained && !(request && request->never_drained);
	bool head = linked || drained;
	struct io_uring_sqe *sqe;
	int error;

	if (head)
		queue_head(ring, linked ? IOSQE_IO_LINK : IOSQE_ASYNC);
	sqe = ring_sqe(ring, request && request->ring == REQUEST_RING_WIDE);
	sqe->opcode = (uint8_t)op;
	sqe->user_data = DATA_REQUEST;
	scratch->ring = ring;
	if (request)
		request->prepare(scratch, sqe);
	if (drained)
		sqe->flags |= IOSQE_IO_DRAIN;
	*flags = sqe->flags;
	*result = 0;
	error = submit_and_collect(ring, head, result);
	if (request && request->finish)
		request->finish(scratch, error ? -EIO : *result);
	scratch_release(scratch);
	return error;
}

int request_run_flagged(struct scratch *scratch, struct ring *ring, unsigned int flags, int *result)
{
	bool fails = flags & IOSQE_CQE_SKIP_SUCCESS, fixed = flags & IOSQE_FIXED_FILE;
	struct io_uring_sqe *sqe;

	if (flags & IOSQE_BUFFER_SELECT)
		scratch_provide(scratch, ring);
	sqe = ring_sqe(ring, false);
	sqe->opcode = OP_READ;
	sqe->flags = (uint8_t)flags;
	sqe->user_data = DATA_REQUEST;
	sqe->fd = fails ? scratch->write_only : scratch->file;
	if (fixed)
		sqe->fd = fails ? SCRATCH_SLOT_WRITE_ONLY : SCRATCH_SLOT_FILE;
	sqe->len = TEXT_SIZE;
	if (flags & IOSQE_BUFFER_SELECT)
		sqe->buf_group = SCRATCH_BUFFER_GROUP;
	else
		sqe->addr = pointer(scratch->buffer);
	return submit_and_collect(ring, false, result);
}
