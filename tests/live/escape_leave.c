// SPDX-License-Identifier: MIT
/* Every way of becoming another process, another program or another user. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "escape.h"

#define STACK_SIZE (256 * 1024)

/* --- other processes */

static char *new_stack(void)
{
	return (char *)mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0) +
	       STACK_SIZE;
}

static int by_clone(unsigned long flags)
{
	return clone(escape_elsewhere, new_stack(), (int)flags, NULL) < 0 ? -errno : 0;
}

static int in_clone(const struct goal *goal)
{
	return elsewhere(goal, request_plainly, by_clone);
}

static int by_clone3(unsigned long flags)
{
	struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (child == 0)
		_exit(escape_elsewhere(NULL));
	return child < 0 ? -errno : 0;
}

static int in_clone3(const struct goal *goal)
{
	return elsewhere(goal, request_plainly, by_clone3);
}

/* A ring that is in use when the process is copied. */
static int in_clone_with_ring(const struct goal *goal)
{
	struct ring ring;
	int error = open_ring(&ring, IORING_SETUP_SQPOLL);

	return error ? error : elsewhere(goal, request_plainly, by_clone);
}

static void *run_elsewhere(void *unused)
{
	escape_elsewhere(unused);
	return NULL;
}

static int by_thread(unsigned long argument)
{
	pthread_t thread;

	(void)argument;
	return -pthread_create(&thread, NULL, run_elsewhere, NULL);
}

static int in_thread(const struct goal *goal)
{
	return elsewhere(goal, request_plainly, by_thread);
}

static int by_orphan(unsigned long argument)
{
	pid_t child = fork();

	(void)argument;
	if (child == 0) {
		if (fork() == 0) {
			setsid();
			while (getppid() != 1)
				clock_sleep_us(1000);
			_exit(escape_elsewhere(NULL));
		}
		_exit(0);
	}
	return waitpid(child, NULL, 0) == child ? 0 : -errno;
}

static int as_orphan(const struct goal *goal)
{
	return elsewhere(goal, request_plainly, by_orphan);
}

static int by_generations(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			return -errno;
		if (child)
			return i ? (_exit(0), 0) : 0;
	}
	_exit(escape_elsewhere(NULL));
}

static int after_generations(const struct goal *goal)
{
	return elsewhere(goal, request_plainly, by_generations);
}

static int after_many_forks(const struct goal *goal)
{
	for (int i = 0; i < 60; i++) {
		pid_t child = fork();
		struct ring ring;

		if (child == 0)
			_exit(ring_open(&ring, 4, 0) == 0 ? 0 : 1);
		if (child < 0 || waitpid(child, NULL, 0) < 0)
			return broken("fork", -errno);
	}
	return request_plainly(goal);
}

static const struct goal *leader_goal;

static void *finish_without_leader(void *unused)
{
	(void)unused;
	clock_sleep_us(20000);
	finish(leader_goal, request_plainly(leader_goal));
}

/* The process lives on in a thread that was not there when it was jailed. */
static int after_leader(const struct goal *goal)
{
	pthread_t thread;

	leader_goal = goal;
	pthread_create(&thread, NULL, finish_without_leader, NULL);
	syscall(SYS_exit, 0);
	return BROKEN;
}

/* --- other namespaces, users and attributes */

static int unshared(const struct goal *goal)
{
	if (unshare((int)escape.argument) < 0)
		return unless_unknown("unshare", -errno);
	return request_plainly(goal);
}

static int with_new_privileges(const struct goal *goal)
{
	prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
	prctl(PR_SET_SECCOMP, 0, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return request_plainly(goal);
}

static int as_nobody(const struct goal *goal)
{
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return broken("setresuid", -errno);
	return request_plainly(goal);
}

static int with_persona(const struct goal *goal)
{
	if (personality((unsigned long)PER_LINUX32 | ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC) < 0)
		return broken("personality", -errno);
	return plain_again(goal);
}

/* --- other programs */

static int by_exec(const struct goal *goal)
{
	return plain_again(goal);
}

/* The ring is used, and stays open until the kernel takes it away. */
static int use_ring(struct ring *ring, unsigned int setup)
{
	int error = ring_open(ring, 4, setup);

	if (error == 0) {
		queue_nop(ring, 0);
		error = ring_submit(ring);
	}
	return error < 0 ? unless_unknown("ring before exec", error) : 0;
}

static int by_exec_after_ring(const struct goal *goal)
{
	struct ring ring;
	int error = use_ring(&ring, (unsigned int)escape.argument);

	return error ? error : plain_again(goal);
}

/* What is under way is cancelled at exec. */
static int by_exec_with_requests(const struct goal *goal)
{
	struct io_uring_sqe *sqe;
	struct ring ring;
	int fds[2], error = ring_open(&ring, 8, 0);

	if (error < 0 || pipe(fds) < 0)
		return broken("ring", error);
	for (int i = 0; i < 4; i++) {
		sqe = next_sqe(&ring);
		sqe->opcode = OP_READ;
		sqe->fd = fds[0];
		sqe->addr = (uintptr_t)sqe;
		sqe->len = 1;
		sqe->flags = i % 2 ? IOSQE_ASYNC : 0;
	}
	error = ring_submit(&ring);
	return error < 0 ? broken("submission", error) : plain_again(goal);
}

static void *exec_in_thread(void *goal)
{
	struct ring ring;

	use_ring(&ring, 0);
	plain_again(goal);
	return NULL;
}

static int by_exec_in_thread(const struct goal *goal)
{
	pthread_t thread;
	struct ring ring;
	int error = use_ring(&ring, 0);

	if (error)
		return error;
	pthread_create(&thread, NULL, exec_in_thread, (void *)goal);
	pthread_join(thread, NULL);
	return BROKEN;
}

static int by_vfork(const struct goal *goal)
{
	pid_t child = vfork();

	if (child == 0) {
		execv(escape.self, plain_arguments(goal));
		_exit(EXIT_BROKEN);
	}
	follow(child);
}

/* From a file that has no name any more. */
static int by_fexecve(const struct goal *goal)
{
	static char *environment[] = {NULL};
	struct ring ring;
	int fd = open(escape.self, O_RDONLY | O_CLOEXEC), error = use_ring(&ring, 0);

	if (error)
		return error;
	fexecve(fd, plain_arguments(goal), environment);
	return broken("fexecve", -errno);
}

static int by_memfd(const struct goal *goal)
{
	static char *environment[] = {NULL};
	int from = open(escape.self, O_RDONLY | O_CLOEXEC), to = memfd_create("copy", MFD_CLOEXEC);
	char buffer[65536];
	ssize_t size;

	while ((size = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)size) != size)
			return broken("copy", -errno);
	fexecve(to, plain_arguments(goal), environment);
	return broken("fexecve", -errno);
}

static bool copy_self(const char *name, mode_t mode)
{
	int from = open(escape.self, O_RDONLY | O_CLOEXEC);
	int to = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	char buffer[65536];
	ssize_t size;

	while ((size = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)size) != size)
			return false;
	close(from);
	return fchmod(to, mode) == 0 && close(to) == 0;
}

/* Made outside, where mode bits stick. */
static void make_setuid_file(const struct goal *goal)
{
	(void)goal;
	if (!copy_self("setuid", 06755))
		_exit(1);
}

static int by_setuid_file(const struct goal *goal)
{
	struct ring ring;
	int error;

	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return broken("setresuid", -errno);
	error = use_ring(&ring, 0);
	if (error)
		return error;
	execv("./setuid", plain_arguments(goal));
	return broken("setuid file", -errno);
}

static void make_script(const struct goal *goal)
{
	char name[64];
	FILE *file;

	snprintf(name, sizeof(name), "script-%s", goal->name);
	file = fopen(name, "we");
	if (!file || fprintf(file, "#!%s @script\n", escape.self) < 0 || fclose(file) != 0 ||
	    chmod(name, 0755) < 0)
		_exit(1);
}

static int by_script(const struct goal *goal)
{
	struct ring ring;
	char name[64];
	int error = use_ring(&ring, 0);

	if (error)
		return error;
	snprintf(name, sizeof(name), "./script-%s", goal->name);
	execl(name, name, NULL);
	return broken("script", -errno);
}

/* Programs that cannot be executed, and the task goes on as it was: or does it? */
static int after_failed_exec(const struct goal *goal)
{
	static char *arguments[] = {"x", NULL};
	static const struct {
		const char *name, *text;
	} files[] = {
		{"no-format", "no program at all\n"},
		{"no-interpreter", "#!/nowhere\n"},
		{"no-elf", "\177ELF\2\1\1"},
		{"loop", "#!./loop\n"},
	};
	struct ring ring;
	int error = use_ring(&ring, IORING_SETUP_SQPOLL);

	if (error)
		return error;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd = open(files[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

		if (write(fd, files[i].text, strlen(files[i].text)) < 0)
			return broken(files[i].name, -errno);
		close(fd);
		execv(files[i].name, arguments);
	}
	execv("/nowhere", arguments);
	execv("/", arguments);
	syscall(SYS_execve, escape.self, (void *)1, NULL);
	return request_plainly(goal);
}

/* A tracer can change every register of the process it has jailed with it. */
static int as_tracee(const struct goal *goal)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		plain_again(goal);
		_exit(EXIT_BROKEN);
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
	while (!WIFEXITED(status) && !WIFSIGNALED(status)) {
		ptrace(PTRACE_CONT, child, NULL, NULL);
		if (waitpid(child, &status, __WALL) < 0)
			return broken("ptrace", -errno);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BROKEN);
}

#define CLONE(label, flags, reason)                                                                \
	{                                                                                          \
		.name = "leave-clone-" label, .why = reason, .goals = BOTH, .run = in_clone,       \
		.argument = (flags)                                                                \
	}
#define UNSHARE(label, flags, reason)                                                              \
	{                                                                                          \
		.name = "leave-unshare-" label, .why = reason, .goals = BOTH, .run = unshared,     \
		.argument = (flags)                                                                \
	}
#define EXEC(label, function, setup, reason)                                                       \
	{                                                                                          \
		.name = "leave-exec-" label, .why = reason, .goals = BOTH, .run = (function),      \
		.argument = (setup)                                                                \
	}
#define SHARED (CLONE_VM | CLONE_FS | CLONE_FILES)

const struct attempt leave_attempts[] = {
	CLONE("plain", SIGCHLD, "a child is another task"),
	CLONE("vm", CLONE_VM | SIGCHLD, "it shares the memory"),
	CLONE("files", CLONE_FILES | SIGCHLD, "it shares the files, and so the rings"),
	CLONE("fs", CLONE_FS | SIGCHLD, "it shares the working directory"),
	CLONE("thread", SHARED | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, "it is a thread"),
	CLONE("parent", CLONE_PARENT | SIGCHLD, "its parent is outside of the jail"),
	CLONE("io", CLONE_IO | SIGCHLD, "it shares the I/O context"),
	CLONE("ptrace", CLONE_PTRACE | SIGCHLD, "whoever traces the parent traces it"),
	CLONE("untraced", CLONE_UNTRACED | SIGCHLD, "nobody traces it"),
	CLONE("no-signal", 0, "its end is silent"),
	CLONE("user", CLONE_NEWUSER | SIGCHLD, "it has all capabilities in a new user namespace"),
	CLONE("pid", CLONE_NEWPID | SIGCHLD, "it is process 1 of a namespace"),
	CLONE("mount", CLONE_NEWNS | SIGCHLD, "it has mounts of its own"),
	CLONE("net", CLONE_NEWNET | SIGCHLD, "it has a network of its own"),
	CLONE("all-new",
	      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
		      CLONE_NEWUTS | CLONE_NEWCGROUP | SIGCHLD,
	      "it is a container"),
	{
		.name = "leave-clone3",
		.why = "there is another call that makes processes",
		.goals = BOTH,
		.run = in_clone3,
	},
	{
		.name = "leave-clone3-clear",
		.why = "signal handlers are cleared",
		.goals = BOTH,
		.run = in_clone3,
		.argument = CLONE_CLEAR_SIGHAND,
	},
	{
		.name = "leave-clone-with-ring",
		.why = "the parent has a polling thread, which is no child's",
		.goals = BOTH,
		.run = in_clone_with_ring,
		.argument = SIGCHLD,
	},
	{
		.name = "leave-thread",
		.why = "restrictions belong to a task, and each thread is one",
		.goals = BOTH,
		.run = in_thread,
	},
	{
		.name = "leave-orphan",
		.why = "its parent is process 1, which is not jailed",
		.goals = BOTH,
		.run = as_orphan,
	},
	{
		.name = "leave-generations",
		.why = "what is copied so often could wear out",
		.goals = BOTH,
		.run = after_generations,
		.argument = 30,
	},
	{
		.name = "leave-many-forks",
		.why = "children that are gone could take away what they had inherited",
		.goals = BOTH,
		.run = after_many_forks,
	},
	{
		.name = "leave-leader",
		.why = "the task that was jailed is gone",
		.goals = BOTH,
		.run = after_leader,
	},
	UNSHARE("user", CLONE_NEWUSER, "it has all capabilities in a new user namespace"),
	UNSHARE("files", CLONE_FILES, "its files are its own"),
	UNSHARE("mount", CLONE_NEWNS, "its mounts are its own"),
	UNSHARE("net", CLONE_NEWNET, "its network is its own"),
	UNSHARE("all", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		"it is a container"),
	{
		.name = "leave-new-privileges",
		.why = "what a process has given up it may want back",
		.goals = BOTH,
		.run = with_new_privileges,
	},
	{
		.name = "leave-nobody",
		.why = "another user may have other restrictions",
		.goals = BOTH,
		.run = as_nobody,
	},
	EXEC("plain", by_exec, 0, "a new image is a new program"),
	EXEC("after-ring", by_exec_after_ring, 0, "what io_uring keeps of a task is freed at exec"),
	EXEC("after-sqpoll", by_exec_after_ring, IORING_SETUP_SQPOLL,
	     "and its polling thread ends"),
	EXEC("after-coop", by_exec_after_ring, IORING_SETUP_COOP_TASKRUN,
	     "and its task work is run"),
	EXEC("with-requests", by_exec_with_requests, 0, "and what is under way is cancelled"),
	EXEC("in-thread", by_exec_in_thread, 0, "the thread takes the place of the leader"),
	EXEC("vfork", by_vfork, 0, "the memory is still the parent's when it execs"),
	EXEC("fd", by_fexecve, 0, "the program is an open file"),
	EXEC("memory", by_memfd, 0, "the program is in no file system"),
	EXEC("persona", with_persona, 0, "personality(2) changes what exec does"),
	EXEC("failed", after_failed_exec, 0, "exec goes wrong after it has freed something"),
	EXEC("traced", as_tracee, 0, "a tracer stops it in the middle"),
	{
		.name = "leave-exec-setuid",
		.why = "the file belongs to root and has its mode bits",
		.goals = BOTH,
		.run = by_setuid_file,
		.before = make_setuid_file,
	},
	{
		.name = "leave-exec-script",
		.why = "the kernel starts over with the interpreter",
		.goals = BOTH,
		.run = by_script,
		.before = make_script,
	},
	{.name = NULL},
};
