// SPDX-License-Identifier: MIT
#include "scratch.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PAGE		  4096UL
#define GROUP_BUFFERS	  4U
#define GROUP_BUFFER_SIZE 64U
#define ZCRX_ENTRIES	  64U
#define ZCRX_AREA_SIZE	  (16 * PAGE)

static int loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = ioctl(sock, SIOCGIFFLAGS, &request);

	if (result == 0 && !(request.ifr_flags & IFF_UP)) {
		request.ifr_flags |= IFF_UP;
		result = ioctl(sock, SIOCSIFFLAGS, &request);
	}
	close(sock);
	return result;
}

static bool make_files(struct scratch *scratch, const char *parent)
{
	snprintf(scratch->path, sizeof(scratch->path), "%s/live.XXXXXX", parent);
	if (!mkdtemp(scratch->path))
		return false;
	snprintf(scratch->file_path, sizeof(scratch->file_path), "%s/file", scratch->path);
	scratch->dir = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scratch->file = openat(scratch->dir, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	scratch->write_only = openat(scratch->dir, "file", O_WRONLY | O_CLOEXEC);
	return scratch->write_only >= 0 &&
	       write(scratch->file, SCRATCH_TEXT, sizeof(SCRATCH_TEXT)) == sizeof(SCRATCH_TEXT) &&
	       fsetxattr(scratch->file, SCRATCH_ATTRIBUTE, "value", 5, 0) == 0;
}

static bool make_events(struct scratch *scratch)
{
	struct epoll_event event = {.events = EPOLLIN};

	scratch->event = eventfd(1, EFD_CLOEXEC);
	scratch->epoll = epoll_create1(EPOLL_CLOEXEC);
	return scratch->event >= 0 &&
	       epoll_ctl(scratch->epoll, EPOLL_CTL_ADD, scratch->event, &event) == 0;
}

static bool make_listener(struct scratch *scratch)
{
	socklen_t size = sizeof(scratch->address);

	scratch->address = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	scratch->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return loopback_up() == 0 &&
	       bind(scratch->listener, (struct sockaddr *)&scratch->address, size) == 0 &&
	       listen(scratch->listener, 64) == 0 &&
	       getsockname(scratch->listener, (struct sockaddr *)&scratch->address, &size) == 0;
}

static bool make_memory(struct scratch *scratch)
{
	char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	scratch->page = memory;
	scratch->registered = memory + PAGE;
	scratch->group_ring = memory + 2 * PAGE;
	scratch->group_buffers = memory + 3 * PAGE;
	return true;
}

struct scratch *scratch_open(const char *parent)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));
	int result;

	if (!scratch)
		return NULL;
	scratch->dir = scratch->file = scratch->write_only = -1;
	scratch->event = scratch->epoll = scratch->listener = -1;
	result = ring_open(&scratch->peer, 8, 0);
	if (result < 0)
		errno = -result;
	if (result == 0 && make_files(scratch, parent) && make_events(scratch) &&
	    make_listener(scratch) && make_memory(scratch))
		return scratch;
	fprintf(stderr, "scratch in %s: %s\n", parent, strerror(errno));
	scratch_close(scratch);
	return NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void remove_all(const struct scratch *scratch)
{
	DIR *dir = fdopendir(dup(scratch->dir));

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			scratch_remove((struct scratch *)scratch, entry->d_name);
	closedir(dir);
	rmdir(scratch->path);
}

void scratch_close(struct scratch *scratch)
{
	if (!scratch)
		return;
	scratch_release(scratch);
	remove_all(scratch);
	ring_close(&scratch->peer);
	close_fd(scratch->dir);
	close_fd(scratch->file);
	close_fd(scratch->write_only);
	close_fd(scratch->event);
	close_fd(scratch->epoll);
	close_fd(scratch->listener);
	if (scratch->page)
		munmap(scratch->page, 4 * PAGE);
	free(scratch);
}

void scratch_attach(struct scratch *scratch, struct ring *ring)
{
	int files[SCRATCH_SLOT_COUNT] = {
		[SCRATCH_SLOT_FILE] = scratch->file,
		[SCRATCH_SLOT_WRITE_ONLY] = scratch->write_only,
		[SCRATCH_SLOT_FREE] = -1,
	};
	struct iovec buffer = {.iov_base = scratch->registered, .iov_len = PAGE};

	ring_register(ring, REG_FILES, files, SCRATCH_SLOT_COUNT);
	ring_register(ring, REG_BUFFERS, &buffer, 1);
}

void scratch_provide(struct scratch *scratch, struct ring *ring)
{
	struct io_uring_buf_ring *group = (struct io_uring_buf_ring *)scratch->group_ring;
	struct io_uring_buf_reg request = {.ring_addr = (uintptr_t)group,
					   .ring_entries = GROUP_BUFFERS,
					   .bgid = SCRATCH_BUFFER_GROUP};

	ring_register(ring, REG_UNREGISTER_PBUF_RING,
		      &(struct io_uring_buf_reg){.bgid = SCRATCH_BUFFER_GROUP}, 1);
	group->tail = 0;
	if (ring_register(ring, REG_PBUF_RING, &request, 1) < 0)
		return;
	for (unsigned int i = 0; i < GROUP_BUFFERS; i++) {
		group->bufs[i].addr = (uintptr_t)scratch->group_buffers + i * GROUP_BUFFER_SIZE;
		group->bufs[i].len = GROUP_BUFFER_SIZE;
		group->bufs[i].bid = (uint16_t)i;
	}
	__atomic_store_n(&group->tail, GROUP_BUFFERS, __ATOMIC_RELEASE);
}

int scratch_zero_copy(struct ring *ring)
{
	char *memory = mmap(NULL, ZCRX_AREA_SIZE + 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct zcrx_area area = {.addr = (uintptr_t)memory, .len = ZCRX_AREA_SIZE};
	struct memory_region region = {.user_addr = (uintptr_t)memory + ZCRX_AREA_SIZE,
				       .size = 2 * PAGE,
				       .flags = MEMORY_REGION_USER};
	struct zcrx_queue queue = {.rq_entries = ZCRX_ENTRIES,
				   .flags = ZCRX_NO_DEVICE,
				   .area_ptr = (uintptr_t)&area,
				   .region_ptr = (uintptr_t)&region};

	if (memory == MAP_FAILED)
		return -ENOMEM;
	return ring_register(ring, REG_ZCRX_IFQ, &queue, 1);
}

int scratch_keep(struct scratch *scratch, int fd)
{
	if (scratch->temporary_count == SCRATCH_TEMPORARY_MAX)
		abort();
	if (fd >= 0)
		scratch->temporary[scratch->temporary_count++] = fd;
	return fd;
}

void scratch_release(struct scratch *scratch)
{
	while (scratch->temporary_count)
		close(scratch->temporary[--scratch->temporary_count]);
}

void scratch_socket_pair(struct scratch *scratch, int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		pair[0] = pair[1] = -1;
	scratch_keep(scratch, pair[0]);
	scratch_keep(scratch, pair[1]);
}

int scratch_udp(struct scratch *scratch)
{
	int fd = scratch_keep(scratch, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
	    connect(fd, (struct sockaddr *)&address, size) < 0)
		return -1;
	return fd;
}

/* Connections that earlier requests made, or were not allowed to accept, are in the way. */
static void clear_backlog(const struct scratch *scratch)
{
	int fd;

	while ((fd = accept4(scratch->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fd);
}

int scratch_tcp(struct scratch *scratch, bool connected)
{
	int fd = scratch_keep(scratch, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	clear_backlog(scratch);
	if (connected &&
	    connect(fd, (struct sockaddr *)&scratch->address, sizeof(scratch->address)) < 0)
		return -1;
	return fd;
}

int scratch_accept(struct scratch *scratch)
{
	return scratch_keep(scratch, accept4(scratch->listener, NULL, NULL, SOCK_CLOEXEC));
}

void scratch_pipe(struct scratch *scratch, int fds[2], bool filled)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		fds[0] = fds[1] = -1;
	scratch_keep(scratch, fds[0]);
	scratch_keep(scratch, fds[1]);
	if (filled && write(fds[1], SCRATCH_TEXT, sizeof(SCRATCH_TEXT)) < 0)
		perror("scratch pipe");
}

void scratch_create(struct scratch *scratch, const char *name)
{
	close_fd(openat(scratch->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

void scratch_remove(struct scratch *scratch, const char *name)
{
	if (unlinkat(scratch->dir, name, 0) < 0 && errno == EISDIR)
		unlinkat(scratch->dir, name, AT_REMOVEDIR);
}
