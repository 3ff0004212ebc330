/* SPDX-License-Identifier: MIT */
/*
 * What the tests need of the kernel's io_uring interface (up to 7.3) beyond liburing 2.3's header.
 * Operations and register operations have names of their own here, all of them, so that the tests
 * neither depend on the header they are built with nor on the tables of the program under test.
 */
#ifndef LIVE_UAPI_H
#define LIVE_UAPI_H

#include <stdint.h>

#include <liburing.h>

enum live_op {
	OP_NOP,
	OP_READV,
	OP_WRITEV,
	OP_FSYNC,
	OP_READ_FIXED,
	OP_WRITE_FIXED,
	OP_POLL_ADD,
	OP_POLL_REMOVE,
	OP_SYNC_FILE_RANGE,
	OP_SENDMSG,
	OP_RECVMSG,
	OP_TIMEOUT,
	OP_TIMEOUT_REMOVE,
	OP_ACCEPT,
	OP_ASYNC_CANCEL,
	OP_LINK_TIMEOUT,
	OP_CONNECT,
	OP_FALLOCATE,
	OP_OPENAT,
	OP_CLOSE,
	OP_FILES_UPDATE,
	OP_STATX,
	OP_READ,
	OP_WRITE,
	OP_FADVISE,
	OP_MADVISE,
	OP_SEND,
	OP_RECV,
	OP_OPENAT2,
	OP_EPOLL_CTL,
	OP_SPLICE,
	OP_PROVIDE_BUFFERS,
	OP_REMOVE_BUFFERS,
	OP_TEE,
	OP_SHUTDOWN,
	OP_RENAMEAT,
	OP_UNLINKAT,
	OP_MKDIRAT,
	OP_SYMLINKAT,
	OP_LINKAT,
	OP_MSG_RING,
	OP_FSETXATTR,
	OP_SETXATTR,
	OP_FGETXATTR,
	OP_GETXATTR,
	OP_SOCKET,
	OP_URING_CMD,
	OP_SEND_ZC,
	OP_SENDMSG_ZC,
	OP_READ_MULTISHOT,
	OP_WAITID,
	OP_FUTEX_WAIT,
	OP_FUTEX_WAKE,
	OP_FUTEX_WAITV,
	OP_FIXED_FD_INSTALL,
	OP_FTRUNCATE,
	OP_BIND,
	OP_LISTEN,
	OP_RECV_ZC,
	OP_EPOLL_WAIT,
	OP_READV_FIXED,
	OP_WRITEV_FIXED,
	OP_PIPE,
	OP_NOP128,
	OP_URING_CMD128,
	OP_COUNT,
};

enum live_register_op {
	REG_BUFFERS,
	REG_UNREGISTER_BUFFERS,
	REG_FILES,
	REG_UNREGISTER_FILES,
	REG_EVENTFD,
	REG_UNREGISTER_EVENTFD,
	REG_FILES_UPDATE,
	REG_EVENTFD_ASYNC,
	REG_PROBE,
	REG_PERSONALITY,
	REG_UNREGISTER_PERSONALITY,
	REG_RESTRICTIONS,
	REG_ENABLE_RINGS,
	REG_FILES2,
	REG_FILES_UPDATE2,
	REG_BUFFERS2,
	REG_BUFFERS_UPDATE,
	REG_IOWQ_AFF,
	REG_UNREGISTER_IOWQ_AFF,
	REG_IOWQ_MAX_WORKERS,
	REG_RING_FDS,
	REG_UNREGISTER_RING_FDS,
	REG_PBUF_RING,
	REG_UNREGISTER_PBUF_RING,
	REG_SYNC_CANCEL,
	REG_FILE_ALLOC_RANGE,
	REG_PBUF_STATUS,
	REG_NAPI,
	REG_UNREGISTER_NAPI,
	REG_CLOCK,
	REG_CLONE_BUFFERS,
	REG_SEND_MSG_RING,
	REG_ZCRX_IFQ,
	REG_RESIZE_RINGS,
	REG_MEM_REGION,
	REG_QUERY,
	REG_ZCRX_CTRL,
	REG_BPF_FILTER,
	REG_COUNT,
};

#define REG_USE_REGISTERED_RING (1U << 31)

#define SETUP_NO_MMAP		 (1U << 14)
#define SETUP_REGISTERED_FD_ONLY (1U << 15)
#define SETUP_NO_SQARRAY	 (1U << 16)
#define SETUP_HYBRID_IOPOLL	 (1U << 17)
#define SETUP_CQE_MIXED		 (1U << 18)
#define SETUP_SQE_MIXED		 (1U << 19)
#define SETUP_SQ_REWIND		 (1U << 20)

#define SQE_FLAGS_ALL 0x7fU

/* The argument of REG_RESTRICTIONS with ring fd -1; entries follow. */
struct task_restrictions {
	uint16_t flags;
	uint16_t count;
	uint32_t reserved[3];
	struct io_uring_restriction entries[];
};
_Static_assert(sizeof(struct task_restrictions) == 16, "struct io_uring_task_restriction");
_Static_assert(sizeof(struct io_uring_restriction) == 16, "struct io_uring_restriction");

/* The argument of REG_QUERY: a header, and the answer to query 0 (opcodes). */
struct query_header {
	uint64_t next_entry;
	uint64_t query_data;
	uint32_t query_op;
	uint32_t size;
	int32_t result;
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct query_header) == 40, "struct io_uring_query_hdr");

struct query_opcodes {
	uint32_t request_ops;
	uint32_t register_ops;
	uint64_t feature_flags;
	uint64_t setup_flags;
	uint64_t enter_flags;
	uint64_t sqe_flags;
	uint32_t query_ops;
	uint32_t pad;
};
_Static_assert(sizeof(struct query_opcodes) == 48, "struct io_uring_query_opcode");

/* The argument of REG_BPF_FILTER: one classic-BPF program for one operation. */
struct bpf_filter {
	uint32_t opcode;
	uint32_t flags;
	uint32_t filter_len;
	uint8_t pdu_size;
	uint8_t reserved[3];
	uint64_t filter_ptr;
	uint64_t reserved2[5];
};
_Static_assert(sizeof(struct bpf_filter) == 64, "struct io_uring_bpf_filter");

struct bpf_command {
	uint16_t cmd_type;
	uint16_t cmd_flags;
	uint32_t reserved;
	struct bpf_filter filter;
};
_Static_assert(sizeof(struct bpf_command) == 72, "struct io_uring_bpf");

#define BPF_COMMAND_FILTER   1
#define BPF_FILTER_DENY_REST 1

/* Zero-copy receive: REG_ZCRX_IFQ and what it points to. */
struct memory_region {
	uint64_t user_addr;
	uint64_t size;
	uint32_t flags;
	uint32_t id;
	uint64_t mmap_offset;
	uint64_t reserved[4];
};
_Static_assert(sizeof(struct memory_region) == 64, "struct io_uring_region_desc");

#define MEMORY_REGION_USER 1

struct zcrx_area {
	uint64_t addr;
	uint64_t len;
	uint64_t rq_area_token;
	uint32_t flags;
	uint32_t dmabuf_fd;
	uint64_t reserved[2];
};
_Static_assert(sizeof(struct zcrx_area) == 48, "struct io_uring_zcrx_area_reg");

struct zcrx_queue {
	uint32_t if_idx;
	uint32_t if_rxq;
	uint32_t rq_entries;
	uint32_t flags;
	uint64_t area_ptr;
	uint64_t region_ptr;
	uint32_t offsets[4];
	uint64_t offsets_reserved[2];
	uint32_t zcrx_id;
	uint32_t rx_buf_len;
	uint64_t reserved[3];
};
_Static_assert(sizeof(struct zcrx_queue) == 96, "struct io_uring_zcrx_ifq_reg");

#define ZCRX_NO_DEVICE 2

#endif
