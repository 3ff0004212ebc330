// SPDX-License-Identifier: MIT
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the names of registers here are those of x86-64"
#endif

#define TIMEOUT_S     60
#define PROCESSES_MAX 8
#define DESCRIPTORS   24

#define SYSCALL_STOP (SIGTRAP | 0x80)

struct process {
	pid_t pid;
	bool alive;
	bool inside;	   /* between a call's entry and its exit */
	bool replaced;	   /* that call was not made */
	unsigned int next; /* the number of the next call */
	struct call call;  /* the one that it is in */
};

struct session {
	const struct fault *fault;
	struct outcome *outcome;
	struct process processes[PROCESSES_MAX];
	unsigned int nr_processes;
	bool started; /* the launcher has been executed */
	bool main_ended;
	struct call call; /* in which the fault took place first */
};

static volatile sig_atomic_t timed_out;

static void on_alarm(int signal)
{
	(void)signal;
	timed_out = 1;
}

static _Noreturn void become(const struct launch_under *launch, int start, int text)
{
	int input = open(launch->input ? launch->input : "/dev/null", O_RDONLY | O_CLOEXEC);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	/* So that looking at each of them, where there is no list, is soon done. */
	const struct rlimit descriptors = {DESCRIPTORS, DESCRIPTORS};
	char byte;

	setpgid(0, 0);
	/* Shells have SIGINT ignored in what they run in the background. */
	for (int signal_number = 1; signal_number < SIGRTMIN; signal_number++)
		signal(signal_number, SIG_DFL);
	setrlimit(RLIMIT_NOFILE, &descriptors);
	dup2(input, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(text, STDERR_FILENO);
	if (launch->before)
		launch->before();
	if (read(start, &byte, 1) != 1)
		_exit(99);
	execv(launch->command[0], launch->command);
	_exit(98);
}

/* The process of that pid, new where it is not known yet; NULL where there are too many. */
static struct process *find(struct session *session, pid_t pid)
{
	struct process *process = session->processes;

	for (unsigned int i = 0; i < session->nr_processes; i++, process++)
		if (process->pid == pid)
			return process;
	if (session->nr_processes == PROCESSES_MAX)
		return NULL;
	session->nr_processes++;
	*process = (struct process){.pid = pid, .alive = true};
	return process;
}

static bool is_launcher(const struct session *session, const struct process *process)
{
	return process == session->processes;
}

bool inject_same_kind(const struct call *a, const struct call *b)
{
	if (a->number != b->number)
		return false;
	switch (a->number) {
	case SYS_prctl:
	case SYS_seccomp:
		return a->arguments[0] == b->arguments[0];
	case SYS_fcntl:
	case SYS_ioctl:
		return a->arguments[1] == b->arguments[1];
	case SYS_io_uring_register:
		return a->arguments[1] == b->arguments[1] && !a->arguments[2] == !b->arguments[2];
	}
	return true;
}

/* Whether the call that the process is about to make is the one, or one that counts as it. */
static bool is_reached(const struct session *session, const struct process *process)
{
	const struct fault *fault = session->fault;

	if (fault->kind == FAULT_NONE)
		return false;
	if (session->outcome->reached)
		return fault->onwards && inject_same_kind(&process->call, &session->call);
	return process->call.process == fault->process && process->call.call == fault->call;
}

/* No system call has the number -1: the kernel only sets the result, which is set again at the end. */
static void set_registers(struct process *process, bool skip)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, process->pid, NULL, &registers) < 0)
		return;
	if (skip)
		registers.orig_rax = (unsigned long long)-1;
	else
		registers.rdx = 1;
	ptrace(PTRACE_SETREGS, process->pid, NULL, &registers);
}

static void set_result(struct process *process, int value)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, process->pid, NULL, &registers) < 0)
		return;
	registers.rax = (unsigned long long)value;
	ptrace(PTRACE_SETREGS, process->pid, NULL, &registers);
}

static void strike(struct session *session, struct process *process)
{
	const struct fault *fault = session->fault;

	session->outcome->reached = true;
	session->call = process->call;
	switch (fault->kind) {
	case FAULT_ANSWER:
		process->replaced = true;
		set_registers(process, true);
		break;
	case FAULT_SHORT:
		set_registers(process, false);
		break;
	case FAULT_SIGNAL:
		kill(process->pid, fault->value);
		break;
	case FAULT_GROUP_SIGNAL:
		kill(-session->processes[0].pid, fault->value);
		break;
	case FAULT_ACT:
		fault->act();
		break;
	case FAULT_NONE:
		break;
	}
}

static void enter(struct session *session, struct process *process,
		  const struct __ptrace_syscall_info *info)
{
	process->inside = true;
	process->replaced = false;
	process->call = (struct call){
		.process = (unsigned int)(process - session->processes),
		.call = process->next,
		.number = (long)info->entry.nr,
		.arguments = {info->entry.args[0], info->entry.args[1], info->entry.args[2]},
	};
	if (is_reached(session, process))
		strike(session, process);
	process->next++;
}

static void note(struct session *session, const struct process *process)
{
	struct outcome *outcome = session->outcome;

	if (session->fault->kind == FAULT_NONE && outcome->nr_calls < INJECT_CALLS_MAX)
		outcome->calls[outcome->nr_calls++] = process->call;
}

/* The end of a call whose beginning was not seen, as of the clone(2) that made it, is not one. */
static void leave(struct session *session, struct process *process,
		  const struct __ptrace_syscall_info *info)
{
	if (!process->inside)
		return;
	process->inside = false;
	if (process->replaced)
		set_result(process, session->fault->value);
	process->call.result = (long)info->exit.rval;
	note(session, process);
}

static void at_call(struct session *session, struct process *process)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, (void *)sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(session, process, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(session, process, &info);
}

/* The launcher has been executed, or has itself executed the target. True: it goes on alone. */
static bool at_exec(struct session *session, struct process *process)
{
	if (!is_launcher(session, process))
		return false;
	if (session->started) {
		note(session, process);
		session->outcome->ran = true;
		ptrace(PTRACE_DETACH, process->pid, NULL, NULL);
		return true;
	}
	session->started = true;
	return false;
}

static void resume(struct process *process, int signal)
{
	ptrace(PTRACE_SYSCALL, process->pid, NULL, (void *)(long)signal);
}

static void at_stop(struct session *session, struct process *process, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_EXEC) {
		if (at_exec(session, process))
			return;
		signal = 0;
	} else if (event) {
		signal = 0;
	} else if (signal == SYSCALL_STOP) {
		at_call(session, process);
		signal = 0;
	}
	resume(process, signal);
}

static void ended(struct session *session, struct process *process, int status)
{
	/* A call that never came back: exit_group(2), or one that a signal ended. */
	if (process->inside)
		note(session, process);
	process->alive = false;
	if (is_launcher(session, process)) {
		session->outcome->status = status;
		session->main_ended = true;
	}
}

static bool any_alive(const struct session *session)
{
	for (unsigned int i = 0; i < session->nr_processes; i++)
		if (session->processes[i].alive)
			return true;
	return false;
}

static void too_long(struct session *session)
{
	timed_out = 0;
	session->outcome->hung = !session->main_ended;
	session->outcome->left = session->main_ended;
	for (unsigned int i = 0; i < session->nr_processes; i++)
		if (session->processes[i].alive)
			kill(session->processes[i].pid, SIGKILL);
	alarm(TIMEOUT_S);
}

static void follow(struct session *session)
{
	struct process *process;
	int status;
	pid_t pid;

	while (any_alive(session)) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno != EINTR)
			return;
		if (timed_out)
			too_long(session);
		if (pid <= 0)
			continue;
		process = find(session, pid);
		if (!process)
			kill(pid, SIGKILL);
		else if (WIFSTOPPED(status))
			at_stop(session, process, status);
		else
			ended(session, process, status);
	}
}

/* Starts the launch's process, which waits for a byte; returns the other end. */
static int start(struct session *session, const struct launch_under *launch, int text)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		become(launch, fds[0], text);
	close(fds[0]);
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, NULL, options) < 0) {
		perror("ptrace");
		close(fds[1]);
		return -1;
	}
	session->processes[0] = (struct process){.pid = pid, .alive = true};
	session->nr_processes = 1;
	return fds[1];
}

bool inject(const struct launch_under *launch, const struct fault *fault, struct outcome *outcome)
{
	struct session session = {.fault = fault, .outcome = outcome};
	struct sigaction action = {.sa_handler = on_alarm};
	int text = memfd_create("text", MFD_CLOEXEC), go;
	ssize_t size;

	memset(outcome, 0, sizeof(*outcome));
	sigaction(SIGALRM, &action, NULL);
	timed_out = 0;
	go = start(&session, launch, text);
	if (go < 0)
		return false;
	alarm(TIMEOUT_S);
	if (write(go, "", 1) != 1)
		return false;
	follow(&session);
	alarm(0);
	close(go);
	size = pread(text, outcome->text, sizeof(outcome->text) - 1, 0);
	outcome->text[size > 0 ? size : 0] = '\0';
	close(text);
	return true;
}
