// SPDX-License-Identifier: MIT
/* Capabilities and no_new_privs: the target has what it was left, and runs only if that is so. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "verdict.h"

#define BIT(cap) (UINT64_C(1) << (cap))

/* As in /proc/self/status. */
struct sets {
	uint64_t inheritable, permitted, effective, bounding, ambient;
};

/* What goes wrong here shows as a status that no program ends with. */
static void must(bool good)
{
	if (!good)
		_exit(97);
}

static uint64_t mask_of(const struct run *run, const char *name)
{
	char value[32] = "x";
	char *end;
	uint64_t mask;

	run_fact(run, name, value, sizeof(value));
	mask = strtoull(value, &end, 16);
	if (end == value || *end)
		failed("%s: no set, but '%s'", name, value);
	return mask;
}

static struct sets sets_of(const struct run *run)
{
	return (struct sets){mask_of(run, "CapInh"), mask_of(run, "CapPrm"), mask_of(run, "CapEff"),
			     mask_of(run, "CapBnd"), mask_of(run, "CapAmb")};
}

static void expect_mask(const char *name, uint64_t mask, uint64_t expected)
{
	if (mask != expected)
		failed("%s: expected %016llx, got %016llx", name, (unsigned long long)expected,
		       (unsigned long long)mask);
}

/* What the target has is what it would have without the launcher, less `dropped`. */
static void expect_sets(const struct run *run, const struct run *bare, uint64_t dropped)
{
	struct sets sets = sets_of(run), before = sets_of(bare);

	expect_mask("inheritable", sets.inheritable, before.inheritable & ~dropped);
	expect_mask("permitted", sets.permitted, before.permitted & ~dropped);
	expect_mask("effective", sets.effective, before.effective & ~dropped);
	expect_mask("bounding", sets.bounding, before.bounding & ~dropped);
	expect_mask("ambient", sets.ambient, before.ambient & ~dropped);
}

static void expect_no_new_privs(const struct run *run, int expected)
{
	char value[32] = "nothing";

	run_fact(run, "NoNewPrivs", value, sizeof(value));
	if (atoi(value) != expected || strcmp(value, "nothing") == 0)
		failed("NoNewPrivs: expected %d, got %s", expected, value);
}

static void expect_err(const struct run *run, const char *expected)
{
	if (strcmp(run->err, expected) != 0)
		failed("expected '%s', got: %s", expected, run->err);
}

static void set_flag(cap_t caps, cap_flag_t set, cap_value_t cap)
{
	must(cap_set_flag(caps, set, 1, &cap, CAP_SET) == 0);
}

/* Nobody, with these capabilities in all sets; they come through an exec by the ambient one. */
static void keep(const cap_value_t *list, int count)
{
	cap_t caps = cap_init();

	must(caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	become_nobody(NULL);
	for (int i = 0; i < count; i++) {
		set_flag(caps, CAP_PERMITTED, list[i]);
		set_flag(caps, CAP_EFFECTIVE, list[i]);
		set_flag(caps, CAP_INHERITABLE, list[i]);
	}
	must(cap_set_proc(caps) == 0);
	for (int i = 0; i < count; i++)
		must(cap_set_ambient(list[i], CAP_SET) == 0);
}

static void keep_three(const void *argument)
{
	(void)argument;
	keep((const cap_value_t[]){CAP_NET_RAW, CAP_KILL, CAP_SETPCAP}, 3);
}

static void keep_two(const void *argument)
{
	(void)argument;
	keep((const cap_value_t[]){CAP_NET_RAW, CAP_KILL}, 2);
}

static void keep_sys_admin(const void *argument)
{
	(void)argument;
	keep((const cap_value_t[]){CAP_SYS_ADMIN}, 1);
}

/* Root, and yet with two of its capabilities inheritable and one ambient. */
static void inherit_two(const void *argument)
{
	cap_t caps = cap_get_proc();

	(void)argument;
	must(caps);
	set_flag(caps, CAP_INHERITABLE, CAP_NET_RAW);
	set_flag(caps, CAP_INHERITABLE, CAP_KILL);
	must(cap_set_proc(caps) == 0 && cap_set_ambient(CAP_NET_RAW, CAP_SET) == 0);
}

static void fix_securebits(const void *argument)
{
	(void)argument;
	must(prctl(PR_SET_SECUREBITS,
		   SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0,
		   0) == 0);
}

static void lose_net_raw(const void *argument)
{
	must(prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0) == 0);
	become_nobody(argument);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Nobody, who is root in a user namespace of its own. */
static void new_user_namespace(const void *argument)
{
	become_nobody(argument);
	must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 && unshare(CLONE_NEWUSER) == 0);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", "0 65534 1");
	write_file("/proc/self/gid_map", "0 65534 1");
}

static void set_no_new_privs(const void *argument)
{
	(void)argument;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

/* A call that a seccomp filter answers in the kernel's place, and what comes of it. */
struct blocked {
	const char *options;
	int call;   /* or SYS_prctl with this */
	int option; /* -1: any */
	int answer;
	const char *err;
};

static void block(const void *argument)
{
	const struct blocked *blocked = argument;

	if (blocked->call == SYS_prctl && blocked->option >= 0)
		must(kernel_block_prctl(blocked->option, blocked->answer) == 0);
	else
		must(kernel_block_call(blocked->call, blocked->answer) == 0);
}

static const struct blocked blocked_calls[] = {
	{"--drop-caps", SYS_capset, -1, EPERM,
	 "uring-jail: --drop-caps: capset: Operation not permitted\n"},
	{"--drop-caps", SYS_capset, -1, 0,
	 "uring-jail: --drop-caps: cap_chown is still in the effective set\n"
	 "uring-jail: --drop-caps: cap_chown is still in the permitted set\n"},
	{"--drop-caps", SYS_prctl, PR_CAPBSET_DROP, EINVAL,
	 "uring-jail: --drop-caps: cannot take cap_chown out of the bounding set: Invalid "
	 "argument\n"},
	{"--drop-caps", SYS_prctl, PR_CAPBSET_DROP, 0,
	 "uring-jail: --drop-caps: cap_chown is still in the bounding set\n"},
	{"--drop-caps", SYS_prctl, PR_CAPBSET_READ, 0,
	 "uring-jail: --drop-caps: cannot read the bounding set: prctl: Value too large for "
	 "defined data type\n"},
	{"--drop-caps", SYS_prctl, PR_CAPBSET_READ, EINVAL,
	 "uring-jail: --drop-caps: cannot read the bounding set: prctl: Invalid argument\n"},
	{"--drop-caps", SYS_prctl, PR_CAP_AMBIENT, 0,
	 "uring-jail: --drop-caps: cannot read the ambient set: prctl: Value too large for "
	 "defined data type\n"},
	{"--drop-caps", SYS_prctl, PR_CAP_AMBIENT, EPERM,
	 "uring-jail: --drop-caps: cannot read the ambient set: prctl: Operation not permitted\n"},
	{"--drop-caps", SYS_prctl, -1, EPERM,
	 "uring-jail: prctl(PR_SET_NO_NEW_PRIVS): Operation not permitted\n"},
	{"-q", SYS_prctl, -1, 0,
	 "uring-jail: prctl(PR_SET_NO_NEW_PRIVS) reported success but no_new_privs is not set; "
	 "something, most likely a seccomp filter, stands in its place\n"},
	{"--drop-caps", SYS_capget, -1, EPERM,
	 "uring-jail: cannot read the capabilities: capget: Operation not permitted\n"},
};

struct drop {
	const char *name;
	const char *options;
	void (*before)(const void *argument);
	uint64_t dropped;
};

#define ALL (~UINT64_C(0))

static const struct drop drops[] = {
	{"all", "--drop-caps", NULL, ALL},
	{"named", "--drop-caps=net_raw,CAP-SYS-ADMIN,21,cap_kill", NULL,
	 BIT(CAP_NET_RAW) | BIT(CAP_SYS_ADMIN) | BIT(CAP_KILL)},
	{"twice", "--drop-caps=net_raw --drop-caps=setpcap", NULL,
	 BIT(CAP_NET_RAW) | BIT(CAP_SETPCAP)},
	{"not-in-kernel", "--drop-caps=63,chown", NULL, BIT(CAP_CHOWN)},
	{"all-inherited", "--drop-caps", inherit_two, ALL},
	{"one-inherited", "--drop-caps=kill", inherit_two, BIT(CAP_KILL)},
	{"one-ambient", "--drop-caps=net_raw", inherit_two, BIT(CAP_NET_RAW)},
	{"securebits", "--drop-caps", fix_securebits, ALL},
	{"nobody-one", "--drop-caps=net_raw", keep_three, BIT(CAP_NET_RAW)},
	{"nobody-all", "--drop-caps", keep_three, ALL},
	{"nobody-has-not", "--drop-caps=net_raw", lose_net_raw, BIT(CAP_NET_RAW)},
	{"user-namespace", "--drop-caps", new_user_namespace, ALL},
	{"user-namespace-one", "--drop-caps=net_raw", new_user_namespace, BIT(CAP_NET_RAW)},
};

static const struct drop *find(const char *name)
{
	for (size_t i = 0; i < sizeof(drops) / sizeof(*drops); i++)
		if (strcmp(drops[i].name, name) == 0)
			return &drops[i];
	abort();
}

static struct run with_policy(char *policy, size_t size, const char *options, const char *words)
{
	snprintf(policy, size, "%s %s", options, policy_here());
	return (struct run){.policy = policy, .words = words};
}

static void dropped(const char *name)
{
	const struct drop *drop = find(name);
	char policy[128];
	struct run bare = {.words = "facts", .before = drop->before};
	struct run run = with_policy(policy, sizeof(policy), drop->options, "facts");

	run.before = drop->before;
	if (unjailed(&bare) && jailed(&run, NEED_NOTHING)) {
		expect_sets(&run, &bare, drop->dropped);
		expect_no_new_privs(&run, 1);
		expect_err(&run, "");
	}
	run_clear(&bare);
	run_clear(&run);
}

/* The policy holds without any privilege, in what the target executes, too. */
static void dropped_and_restricted(const char *options)
{
	char policy[128];
	struct run run = with_policy(policy, sizeof(policy), options, "exec-after-ring ops facts");

	if (!live.kernel.restricts)
		skip("the kernel has no restrictions");
	if (jailed(&run, NEED_NOTHING)) {
		expect_ops(&run, allowed_here(), NULL);
		expect_mask("effective", sets_of(&run).effective, 0);
		expect_mask("bounding", sets_of(&run).bounding, 0);
	}
	run_clear(&run);
}

/* What is not privileged cannot change the bounding set, and has to be told. */
static void not_droppable(const char *capability)
{
	static void (*const befores[])(const void *argument) = {become_nobody, keep_two};
	char policy[128], options[64], expected[256];

	snprintf(options, sizeof(options), "--drop-caps=%s", capability);
	snprintf(expected, sizeof(expected),
		 "uring-jail: --drop-caps: cannot take cap_%s out of the bounding set: Operation "
		 "not permitted; this takes CAP_SETPCAP: run uring-jail as root, or leave the "
		 "option out\n",
		 strcmp(capability, "@all") == 0 ? "chown" : capability);
	for (int i = 0; i < 2; i++) {
		struct run run = with_policy(policy, sizeof(policy), options, "facts");

		run.before = befores[i];
		run_it(&run);
		expect_125(&run);
		expect_err(&run, expected);
		run_clear(&run);
	}
}

static void call_blocked(const struct blocked *blocked)
{
	char policy[128];
	struct run run = with_policy(policy, sizeof(policy), blocked->options, "facts");

	run.before = block;
	run.argument = blocked;
	run_it(&run);
	expect_125(&run);
	expect_err(&run, blocked->err);
	run_clear(&run);
}

static void calls_blocked(const char *argument)
{
	(void)argument;
	for (size_t i = 0; i < sizeof(blocked_calls) / sizeof(*blocked_calls); i++)
		call_blocked(&blocked_calls[i]);
}

/* Without no_new_privs, for who may do that: root, or whoever has CAP_SYS_ADMIN. */
static void new_privs(const char *options)
{
	static void (*const befores[])(const void *argument) = {NULL, keep_sys_admin,
								new_user_namespace};
	char policy[128];

	for (int i = 0; i < 3; i++) {
		struct run bare = {.words = "facts", .before = befores[i]};
		struct run run = with_policy(policy, sizeof(policy), options,
					     live.kernel.restricts ? "ops facts" : "facts");

		run.before = befores[i];
		if (unjailed(&bare) && jailed(&run, NEED_NOTHING)) {
			expect_no_new_privs(&run, 0);
			expect_sets(&run, &bare, 0);
			expect_err(&run, "");
			if (live.kernel.restricts)
				expect_ops(&run, allowed_here(), NULL);
		}
		run_clear(&bare);
		run_clear(&run);
	}
}

/* Capabilities go last, since it takes one to restrict the task. */
static void new_privs_dropped(const char *options)
{
	char policy[128];
	struct run run = with_policy(policy, sizeof(policy), options,
				     live.kernel.restricts ? "exec-after-ring ops facts" : "facts");

	if (jailed(&run, NEED_NOTHING)) {
		expect_no_new_privs(&run, 0);
		expect_mask("permitted", sets_of(&run).permitted, 0);
		expect_mask("bounding", sets_of(&run).bounding, 0);
		if (live.kernel.restricts)
			expect_ops(&run, allowed_here(), NULL);
	}
	run_clear(&run);
}

/* That is said before anything else, such as what is wrong with the policy. */
static void new_privs_refused(const char *argument)
{
	static const char *const policies[] = {"--allow-new-privs --default=allow",
					       "--allow-new-privs --deny-op=nonsense"};

	(void)argument;
	for (int i = 0; i < 2; i++) {
		struct run run = {.policy = policies[i], .words = "facts", .before = become_nobody};

		run_it(&run);
		expect_125(&run);
		expect_err(&run,
			   "uring-jail: --allow-new-privs takes CAP_SYS_ADMIN: without it, the "
			   "kernel restricts only a task with no_new_privs; run uring-jail as "
			   "root, or leave the option out\n");
		run_clear(&run);
	}
}

static void new_privs_set_already(const char *options)
{
	char policy[128];
	struct run run = with_policy(policy, sizeof(policy), options, "facts");
	bool quiet = strstr(options, "-q");

	run.before = set_no_new_privs;
	if (jailed(&run, NEED_NOTHING)) {
		expect_no_new_privs(&run, 1);
		expect_err(&run, quiet ? ""
				       : "uring-jail: --allow-new-privs: no_new_privs is set "
					 "already, and stays\n");
	}
	run_clear(&run);
}

const struct test privilege_tests[] = {
	{"drop-all", dropped, "all"},
	{"drop-named", dropped, "named"},
	{"drop-twice", dropped, "twice"},
	{"drop-not-in-kernel", dropped, "not-in-kernel"},
	{"drop-all-inherited", dropped, "all-inherited"},
	{"drop-one-inherited", dropped, "one-inherited"},
	{"drop-one-ambient", dropped, "one-ambient"},
	{"drop-securebits", dropped, "securebits"},
	{"drop-nobody-one", dropped, "nobody-one"},
	{"drop-nobody-all", dropped, "nobody-all"},
	{"drop-nobody-has-not", dropped, "nobody-has-not"},
	{"drop-user-namespace", dropped, "user-namespace"},
	{"drop-user-namespace-one", dropped, "user-namespace-one"},
	{"drop-and-restrict", dropped_and_restricted, "--drop-caps"},
	{"drop-not-droppable", not_droppable, "@all"},
	{"drop-not-droppable-one", not_droppable, "kill"},
	{"drop-calls-blocked", calls_blocked, NULL},
	{"new-privs", new_privs, "--allow-new-privs"},
	{"new-privs-dropped", new_privs_dropped, "--allow-new-privs --drop-caps"},
	{"new-privs-refused", new_privs_refused, NULL},
	{"new-privs-set-already", new_privs_set_already, "--allow-new-privs"},
	{"new-privs-set-already-quiet", new_privs_set_already, "-q --allow-new-privs"},
	{NULL, NULL, NULL},
};
