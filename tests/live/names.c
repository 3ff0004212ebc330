// SPDX-License-Identifier: MIT
#include "names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "request.h"
#include "uapi.h"

enum { SHORT, AS_IN_C, NUMBER, CAPITALS, SPELLINGS };

static const char *const registers[REG_COUNT] = {
	[REG_BUFFERS] = "buffers",
	[REG_UNREGISTER_BUFFERS] = "unregister_buffers",
	[REG_FILES] = "files",
	[REG_UNREGISTER_FILES] = "unregister_files",
	[REG_EVENTFD] = "eventfd",
	[REG_UNREGISTER_EVENTFD] = "unregister_eventfd",
	[REG_FILES_UPDATE] = "files_update",
	[REG_EVENTFD_ASYNC] = "eventfd_async",
	[REG_PROBE] = "probe",
	[REG_PERSONALITY] = "personality",
	[REG_UNREGISTER_PERSONALITY] = "unregister_personality",
	[REG_RESTRICTIONS] = "restrictions",
	[REG_ENABLE_RINGS] = "enable_rings",
	[REG_FILES2] = "files2",
	[REG_FILES_UPDATE2] = "files_update2",
	[REG_BUFFERS2] = "buffers2",
	[REG_BUFFERS_UPDATE] = "buffers_update",
	[REG_IOWQ_AFF] = "iowq_aff",
	[REG_UNREGISTER_IOWQ_AFF] = "unregister_iowq_aff",
	[REG_IOWQ_MAX_WORKERS] = "iowq_max_workers",
	[REG_RING_FDS] = "ring_fds",
	[REG_UNREGISTER_RING_FDS] = "unregister_ring_fds",
	[REG_PBUF_RING] = "pbuf_ring",
	[REG_UNREGISTER_PBUF_RING] = "unregister_pbuf_ring",
	[REG_SYNC_CANCEL] = "sync_cancel",
	[REG_FILE_ALLOC_RANGE] = "file_alloc_range",
	[REG_PBUF_STATUS] = "pbuf_status",
	[REG_NAPI] = "napi",
	[REG_UNREGISTER_NAPI] = "unregister_napi",
	[REG_CLOCK] = "clock",
	[REG_CLONE_BUFFERS] = "clone_buffers",
	[REG_SEND_MSG_RING] = "send_msg_ring",
	[REG_ZCRX_IFQ] = "zcrx_ifq",
	[REG_RESIZE_RINGS] = "resize_rings",
	[REG_MEM_REGION] = "mem_region",
	[REG_QUERY] = "query",
	[REG_ZCRX_CTRL] = "zcrx_ctrl",
	[REG_BPF_FILTER] = "bpf_filter",
};

const char *op_name(unsigned int op)
{
	const struct request *request = request_find(op);

	return request ? request->name : "?";
}

const char *register_name(unsigned int op)
{
	return op < REG_COUNT ? registers[op] : "?";
}

static void capitalize(char *text, char hyphen)
{
	for (; *text; text++)
		*text = *text == '_' ? hyphen : (char)toupper((unsigned char)*text);
}

static const char *spell(const char *name, const char *prefix, unsigned int number,
			 unsigned int variant, char *text, size_t size)
{
	if (strcmp(name, "?") == 0)
		variant = NUMBER;
	switch (variant % SPELLINGS) {
	case AS_IN_C:
		snprintf(text, size, "%s%s", prefix, name);
		capitalize(text, '_');
		break;
	case NUMBER:
		snprintf(text, size, "%u", number);
		break;
	case CAPITALS:
		snprintf(text, size, "%s", name);
		capitalize(text, '-');
		break;
	default:
		snprintf(text, size, "%s", name);
	}
	return text;
}

const char *op_spelling(unsigned int op, unsigned int variant, char *text, size_t size)
{
	return spell(op_name(op), "ioring_op_", op, variant, text, size);
}

const char *register_spelling(unsigned int op, unsigned int variant, char *text, size_t size)
{
	const char *name = register_name(op);
	bool unregister = strncmp(name, "unregister_", 11) == 0;

	return spell(name, unregister ? "ioring_" : "ioring_register_", op, variant, text, size);
}
