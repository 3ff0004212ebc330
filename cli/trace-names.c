// SPDX-License-Identifier: MIT
#include "cli/trace-names.h"

#include <stdlib.h>
#include <string.h>

struct trace_name {
	struct trace_name *next;
	pid_t pid;
	char name[16];
};

/* The link that leads to a process's name, or would. */
static struct trace_name **find(const struct trace_names *names, pid_t pid)
{
	struct trace_name *const *link = &names->buckets[(unsigned)pid % TRACE_NAME_BUCKETS];

	while (*link && (*link)->pid != pid)
		link = &(*link)->next;
	return (struct trace_name **)link;
}

/* Where there is no memory, the process has no name: that is all. */
static void set(struct trace_names *names, pid_t pid, const char text[16])
{
	struct trace_name **bucket = &names->buckets[(unsigned)pid % TRACE_NAME_BUCKETS];
	struct trace_name *name = *find(names, pid);

	if (!name) {
		name = calloc(1, sizeof(*name));
		if (!name)
			return;
		name->pid = pid;
		name->next = *bucket;
		*bucket = name;
	}
	memcpy(name->name, text, sizeof(name->name));
}

static void forget(struct trace_names *names, pid_t pid)
{
	struct trace_name **link = find(names, pid), *gone = *link;

	if (!gone)
		return;
	*link = gone->next;
	free(gone);
}

void trace_names_follow(struct trace_names *names, const struct trace_event *event)
{
	char name[16];

	/* Other threads have names of their own, and tell nothing of the process. */
	if (event->tid != event->pid)
		return;
	switch (event->kind) {
	case TRACE_NAME:
		set(names, event->pid, event->program);
		break;
	case TRACE_FORK:
		trace_names_find(names, event->parent, name);
		set(names, event->pid, name);
		break;
	case TRACE_EXIT:
		forget(names, event->pid);
		break;
	case TRACE_REQUEST:
	case TRACE_FAILED:
	case TRACE_REGISTER:
	case TRACE_CALL:
	case TRACE_SETUP:
		break;
	}
}

void trace_names_find(const struct trace_names *names, pid_t pid, char name[16])
{
	const struct trace_name *found = *find(names, pid);

	memset(name, 0, 16);
	if (found)
		memcpy(name, found->name, 16);
}

void trace_names_destroy(struct trace_names *names)
{
	for (size_t i = 0; i < TRACE_NAME_BUCKETS; i++)
		while (names->buckets[i])
			forget(names, names->buckets[i]->pid);
}
