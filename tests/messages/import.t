Profiles and filters of system calls become policies that allow no more.

  $ imports() {
  >   uring-jail --import-seccomp="$1" >policy 2>log
  >   status=$?
  >   cat log policy | sed 's/ on [a-z0-9]* with Linux [0-9.]*,/ on ARCH with Linux VERSION,/
  >     s/ on [a-z0-9]*,/ on ARCH,/'
  >   return $status
  > }
  $ json() { printf '%s' "$1" >profile.json; uring-jail -q --import-seccomp=profile.json; }

All forms of rules that Docker's own profile has, and some more:

  $ imports "$TESTDIR/profile.json"
  # From the seccomp profile of */profile.json (glob)
  # As it applies on ARCH with Linux VERSION, without capabilities.
  # An operation is allowed if all system calls that it can stand for are.
  default deny
  allow nop, readv, fsync, read_fixed, poll_add, poll_remove, sendmsg, recvmsg, timeout,
  \ttimeout_remove, async_cancel, link_timeout, close, files_update, statx, read, recv, (esc)
  \tprovide_buffers, remove_buffers, msg_ring, sendmsg_zc, read_multishot, recv_zc, readv_fixed, (esc)
  \tnop128 (esc)
  allow openat if flags & (O_CREAT | O_TRUNC | 0x1) == 0
  allow socket if protocol != 9 or family != AF_NETLINK
  deny socket if family == AF_NETLINK and protocol == 9
  deny register personality, iowq_aff, unregister_iowq_aff, napi, zcrx_ifq, zcrx_ctrl
  
  # Denied:
  #   writev: writev(2) is not allowed
  #   write_fixed: pwritev2(2) is not allowed
  #   sync_file_range: none of sync_file_range|sync_file_range2 is allowed
  #   accept: accept4(2) is logged, which a request would not be
  #   connect: connect(2) is not allowed
  #   fallocate: fallocate(2) is not allowed
  #   write: pwritev2(2) is not allowed
  #   fadvise: none of fadvise64|fadvise64_64|arm_fadvise64_64 is allowed
  #   madvise: madvise(2) is not allowed
  #   send: sendto(2) is not allowed
  #   openat2: openat2(2) is not allowed
  #   epoll_ctl: epoll_ctl(2) is not allowed
  #   splice: splice(2) is left to another process, which a request does not reach
  #   tee: tee(2) is not allowed
  #   shutdown: shutdown(2) is not allowed
  #   renameat: renameat2(2) is not allowed
  #   unlinkat: unlinkat(2) is not allowed
  #   mkdirat: mkdirat(2) is not allowed
  #   symlinkat: symlinkat(2) is not allowed
  #   linkat: linkat(2) is not allowed
  #   fsetxattr: fsetxattr(2) is not allowed
  #   setxattr: setxattr(2) is not allowed
  #   fgetxattr: fgetxattr(2) is not allowed
  #   getxattr: getxattr(2) is not allowed
  #   uring_cmd: ioctl(2) is allowed only for some arguments, which a filter does not see
  #   send_zc: sendto(2) is not allowed
  #   waitid: waitid(2) is not allowed
  #   futex_wait: futex_wait(2) is not allowed
  #   futex_wake: futex_wake(2) is not allowed
  #   futex_waitv: futex_waitv(2) is denied by a rule
  #   fixed_fd_install: dup(2) is not allowed
  #   ftruncate: none of ftruncate|ftruncate64 is allowed
  #   bind: bind(2) is not allowed
  #   listen: listen(2) is denied by a rule
  #   epoll_wait: none of epoll_wait|epoll_pwait|epoll_pwait2 is allowed
  #   writev_fixed: writev(2) is not allowed
  #   pipe: pipe2(2) is not allowed
  #   uring_cmd128: ioctl(2) is allowed only for some arguments, which a filter does not see
  #   register personality: no system call keeps credentials for use after the task has given them up
  #   register zcrx_ifq: no system call takes over a queue of a network interface
  #   register zcrx_ctrl: no system call configures such a queue
  #   register iowq_aff: sched_setaffinity(2) is not allowed
  #   register unregister_iowq_aff: sched_setaffinity(2) is not allowed
  #   register napi: setsockopt(2) is not allowed

  $ uring-jail -q -p ./policy --check -W --kernel=7.3

A profile of the OCI's form, and one in the configuration of a container:

  $ cat >config.json <<END
  > {"ociVersion": "1.2.0", "root": {"path": "rootfs"}, "linux": {"seccomp": {
  >   "defaultAction": "SCMP_ACT_ALLOW",
  >   "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  >   "flags": ["SECCOMP_FILTER_FLAG_LOG"],
  >   "syscalls": [{"names": ["ptrace", "openat", "ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
  >     {"names": ["socket"], "action": "SCMP_ACT_KILL",
  >       "args": [{"index": 0, "value": 10, "op": "SCMP_CMP_GT"}]}]}}}
  > END
  $ imports config.json
  # From the seccomp profile of config.json
  # As it applies on ARCH, without capabilities.
  # An operation is allowed if all system calls that it can stand for are.
  default deny
  allow nop, readv, writev, fsync, read_fixed, write_fixed, poll_add, poll_remove, sync_file_range,
  \tsendmsg, recvmsg, timeout, timeout_remove, accept, async_cancel, link_timeout, connect, (esc)
  \tfallocate, close, files_update, statx, read, write, fadvise, madvise, send, recv, openat2, (esc)
  \tepoll_ctl, splice, provide_buffers, remove_buffers, tee, shutdown, renameat, unlinkat, (esc)
  \tmkdirat, symlinkat, linkat, msg_ring, fsetxattr, setxattr, fgetxattr, getxattr, socket, (esc)
  \tsend_zc, sendmsg_zc, read_multishot, waitid, futex_wait, futex_wake, futex_waitv, (esc)
  \tfixed_fd_install, ftruncate, bind, listen, recv_zc, epoll_wait, readv_fixed, writev_fixed, (esc)
  \tpipe, nop128 (esc)
  deny socket if family > AF_INET6
  deny register personality, zcrx_ifq, zcrx_ctrl
  
  # Denied:
  #   openat: openat(2) is denied by a rule
  #   uring_cmd: ioctl(2) is denied by a rule
  #   uring_cmd128: ioctl(2) is denied by a rule
  #   register personality: no system call keeps credentials for use after the task has given them up
  #   register zcrx_ifq: no system call takes over a queue of a network interface
  #   register zcrx_ctrl: no system call configures such a queue
  $ jq .linux.seccomp config.json | uring-jail --import-seccomp=- | tail -n +4 >alone
  $ tail -n +4 policy | diff - alone

The object proposed for OCI runtimes, alone and in a configuration:

  $ cat >object.json <<END
  > {"defaultAction": "deny", "ops": ["read", "IORING_OP_WRITE", "socket"],
  >   "socketFamilies": ["AF_INET", "inet6"], "deniedSqeFlags": ["IOSQE_ASYNC", "io_drain"]}
  > END
  $ imports object.json
  # From linux.ioUring of object.json
  default deny
  allow read, write
  allow socket if family in {AF_INET, AF_INET6}
  deny sqe-flags io_drain, async
  $ uring-jail -q -p ./policy --check -W --kernel=7.3
  $ jq '{linux: {ioUring: .}}' object.json >in.json
  $ jq '{ociVersion: "1.2.0", linux: {ioUring: ., seccomp: {}}}' object.json >both.json
  $ uring-jail --import-seccomp=in.json | tail -n +2 >in
  $ tail -n +2 policy | diff - in
  $ imports both.json | head -2
  uring-jail: note: linux.ioUring says what io_uring may do; linux.seccomp was not imported
  # From linux.ioUring of both.json

  $ echo '{"ioUring": {"defaultAction": "allow", "ops": ["openat"], "socketFamilies": ["unix"]}}' |
  >   uring-jail --import-seccomp=-
  # From linux.ioUring of (standard input)
  default allow
  allow socket if family == AF_UNIX
  deny openat
  $ echo '{"defaultAction": "allow", "socketFamilies": []}' | uring-jail --import-seccomp=-
  # From linux.ioUring of (standard input)
  default allow
  deny socket
  $ echo '{"defaultAction": "allow"}' | uring-jail --import-seccomp=-
  # From linux.ioUring of (standard input)
  default allow
  $ echo '{"defaultAction": "deny", "ops": ["read"], "socketFamilies": ["AF_UNIX"]}' |
  >   uring-jail --import-seccomp=-
  (standard input):1:62: warning: socketFamilies allows nothing, since the op socket is denied
   1 | {"defaultAction": "deny", "ops": ["read"], "socketFamilies": ["AF_UNIX"]}
     |                                                              ^~~~~~~~~~~
  # From linux.ioUring of (standard input)
  default deny
  allow read

Lists of systemd:

  $ uring-jail --import-systemd='@basic-io @io-event ~preadv2:EPERM' --import-systemd='~@aio'
  uring-jail: note: the filter does not allow io_uring_setup(2): to use io_uring, let it allow io_uring_setup, io_uring_enter and io_uring_register, and run under this policy
  # From SystemCallFilter=@basic-io @io-event ~preadv2:EPERM
  # From SystemCallFilter=~@aio
  # With the sets of system calls of systemd 252.
  # An operation is allowed if all system calls that it can stand for are.
  # The filter does not allow io_uring_setup(2): it has to allow io_uring_setup, io_uring_enter and
  # io_uring_register, or there is no io_uring at all.
  default deny
  allow nop, writev, write_fixed, poll_add, poll_remove, timeout, timeout_remove, async_cancel,
  \tlink_timeout, close, files_update, write, epoll_ctl, provide_buffers, remove_buffers, (esc)
  \tfutex_waitv, fixed_fd_install, epoll_wait, writev_fixed, nop128 (esc)
  deny register personality, iowq_aff, unregister_iowq_aff, napi, zcrx_ifq, zcrx_ctrl
  
  # Denied:
  #   readv: preadv2(2) is not allowed
  #   fsync: fsync(2) is not allowed
  #   read_fixed: preadv2(2) is not allowed
  #   sync_file_range: none of sync_file_range|sync_file_range2 is allowed
  #   sendmsg: sendmsg(2) is not allowed
  #   recvmsg: recvmsg(2) is not allowed
  #   accept: accept4(2) is not allowed
  #   connect: connect(2) is not allowed
  #   fallocate: fallocate(2) is not allowed
  #   openat: openat(2) is not allowed
  #   statx: statx(2) is not allowed
  #   read: preadv2(2) is not allowed
  #   fadvise: none of fadvise64|fadvise64_64|arm_fadvise64_64 is allowed
  #   madvise: madvise(2) is not allowed
  #   send: sendto(2) is not allowed
  #   recv: recvfrom(2) is not allowed
  #   openat2: openat2(2) is not allowed
  #   splice: splice(2) is not allowed
  #   tee: tee(2) is not allowed
  #   shutdown: shutdown(2) is not allowed
  #   renameat: renameat2(2) is not allowed
  #   unlinkat: unlinkat(2) is not allowed
  #   mkdirat: mkdirat(2) is not allowed
  #   symlinkat: symlinkat(2) is not allowed
  #   linkat: linkat(2) is not allowed
  #   msg_ring: sendmsg(2) is not allowed
  #   fsetxattr: fsetxattr(2) is not allowed
  #   setxattr: setxattr(2) is not allowed
  #   fgetxattr: fgetxattr(2) is not allowed
  #   getxattr: getxattr(2) is not allowed
  #   socket: socket(2) is not allowed
  #   uring_cmd: ioctl(2) is not allowed
  #   send_zc: sendto(2) is not allowed
  #   sendmsg_zc: sendmsg(2) is not allowed
  #   read_multishot: preadv2(2) is not allowed
  #   waitid: waitid(2) is not allowed
  #   futex_wait: futex_wait(2) is not allowed
  #   futex_wake: futex_wake(2) is not allowed
  #   ftruncate: none of ftruncate|ftruncate64 is allowed
  #   bind: bind(2) is not allowed
  #   listen: listen(2) is not allowed
  #   recv_zc: recvfrom(2) is not allowed
  #   readv_fixed: preadv2(2) is not allowed
  #   pipe: pipe2(2) is not allowed
  #   uring_cmd128: ioctl(2) is not allowed
  #   register personality: no system call keeps credentials for use after the task has given them up
  #   register zcrx_ifq: no system call takes over a queue of a network interface
  #   register zcrx_ctrl: no system call configures such a queue
  #   register iowq_aff: sched_setaffinity(2) is not allowed
  #   register unregister_iowq_aff: sched_setaffinity(2) is not allowed
  #   register napi: setsockopt(2) is not allowed
  $ uring-jail -q --import-systemd='~@resources socket:EAFNOSUPPORT' >policy
  $ sed -n '1,/^allow/p; /^# Denied/,$p' policy
  # From SystemCallFilter=~@resources socket:EAFNOSUPPORT
  # With the sets of system calls of systemd 252.
  # An operation is allowed if all system calls that it can stand for are.
  default deny
  allow nop, readv, writev, fsync, read_fixed, write_fixed, poll_add, poll_remove, sync_file_range,
  # Denied:
  #   socket: socket(2) is denied by a rule
  #   register personality: no system call keeps credentials for use after the task has given them up
  #   register zcrx_ifq: no system call takes over a queue of a network interface
  #   register zcrx_ctrl: no system call configures such a queue
  #   register iowq_aff: sched_setaffinity(2) is denied by a rule
  #   register unregister_iowq_aff: sched_setaffinity(2) is denied by a rule
  $ uring-jail -q -p ./policy --check -W --kernel=7.3

What is wrong with a profile, with its place; nothing is printed then:

  $ json '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
  >   {"names": ["read"], "action": "SCMP_ACT_ALOW"},
  >   {"names": ["read"], "Action": "SCMP_ACT_ALLOW"},
  >   {"names": ["read", 3], "action": "SCMP_ACT_ALLOW", "args": [
  >     {"index": 6, "value": 1, "op": "SCMP_CMP_EQ"},
  >     {"index": 0, "value": -1, "op": "SCMP_CMP_EQ"},
  >     {"index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ"},
  >     {"index": 0, "value": 1, "op": "SCMP_CMP_EQUAL"}]},
  >   {"name": "read", "names": ["write"], "action": "SCMP_ACT_ALLOW"},
  >   {"names": ["read"], "action": "SCMP_ACT_ALLOW", "excludes": {"minkernel": "4.8"}},
  >   {"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "new"}}]}'
  profile.json:2:33: error: unknown action 'SCMP_ACT_ALOW'; did you mean 'SCMP_ACT_ALLOW'?
   2 |   {"names": ["read"], "action": "SCMP_ACT_ALOW"},
     |                                 ^~~~~~~~~~~~~~~
  profile.json:3:23: error: unknown member 'Action'; did you mean 'action'?
   3 |   {"names": ["read"], "Action": "SCMP_ACT_ALLOW"},
     |                       ^~~~~~~~
  profile.json:3:3: error: action is missing
   3 |   {"names": ["read"], "Action": "SCMP_ACT_ALLOW"},
     |   ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  profile.json:5:15: error: expected a number from 0 to 5 for index
   5 |     {"index": 6, "value": 1, "op": "SCMP_CMP_EQ"},
     |               ^
  profile.json:6:27: error: expected a number from 0 to 18446744073709551615 for value
   6 |     {"index": 0, "value": -1, "op": "SCMP_CMP_EQ"},
     |                           ^~
  profile.json:7:27: error: expected a number from 0 to 18446744073709551615 for value
   7 |     {"index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ"},
     |                           ^~~~~~~~~~~~~~~~~~~~
  profile.json:8:36: error: unknown comparison 'SCMP_CMP_EQUAL'; did you mean 'SCMP_CMP_EQ'?
   8 |     {"index": 0, "value": 1, "op": "SCMP_CMP_EQUAL"}]},
     |                                    ^~~~~~~~~~~~~~~~
  profile.json:9:12: error: a rule has names or a name, not both
   9 |   {"name": "read", "names": ["write"], "action": "SCMP_ACT_ALLOW"},
     |            ^~~~~~
  profile.json:10:64: error: unknown member 'minkernel'; did you mean 'minKernel'?
   10 |   {"names": ["read"], "action": "SCMP_ACT_ALLOW", "excludes": {"minkernel": "4.8"}},
      |                                                                ^~~~~~~~~~~
  profile.json:11:77: error: expected a version such as 4.8 for minKernel
   11 |   {"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "new"}}]}
      |                                                                             ^~~~~
  [125]

  $ json '{"syscalls": {}}'
  profile.json:1:1: error: defaultAction is missing
   1 | {"syscalls": {}}
     | ^~~~~~~~~~~~~~~~
  profile.json:1:14: error: expected an array for syscalls
   1 | {"syscalls": {}}
     |              ^~
  [125]
  $ json '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW"}], "sycalls": []}'
  profile.json:1:81: error: unknown member 'sycalls'; did you mean 'syscalls'?
   1 | {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW"}], "sycalls": []}
     |                                                                                 ^~~~~~~~~
  profile.json:1:50: error: names is missing
   1 | {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW"}], "sycalls": []}
     |                                                  ^~~~~~~~~~~~~~~~~~~~~~~~~~~~
  [125]
  $ json '{"ociVersion": "1.2.0", "linux": {"seccomp": null}}'
  profile.json:1:1: error: the configuration has neither linux.seccomp nor linux.ioUring
   1 | {"ociVersion": "1.2.0", "linux": {"seccomp": null}}
     | ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  [125]
  $ json '{"defaultAction": "deny", "ops": ["opnat"], "socketFamilies": ["AF_INET7"], "deniedSqeFlags": ["asinc"]}'
  profile.json:1:35: error: unknown operation 'opnat'; did you mean 'openat'?
   1 | {"defaultAction": "deny", "ops": ["opnat"], "socketFamilies": ["AF_INET7"], "deniedSqeFlags": ["asinc"]}
     |                                   ^~~~~~~
  profile.json:1:96: error: unknown SQE flag 'asinc'; did you mean 'async'?
   1 | {"defaultAction": "deny", "ops": ["opnat"], "socketFamilies": ["AF_INET7"], "deniedSqeFlags": ["asinc"]}
     |                                                                                                ^~~~~~~
  profile.json:1:64: error: unknown address family 'AF_INET7'; did you mean 'inet'?
   1 | {"defaultAction": "deny", "ops": ["opnat"], "socketFamilies": ["AF_INET7"], "deniedSqeFlags": ["asinc"]}
     |                                                                ^~~~~~~~~~
  [125]
  $ json '{"defaultAction": "permit", "ops": "read"}'
  profile.json:1:19: error: expected "allow" or "deny" for defaultAction
   1 | {"defaultAction": "permit", "ops": "read"}
     |                   ^~~~~~~~
  profile.json:1:36: error: expected an array for ops
   1 | {"defaultAction": "permit", "ops": "read"}
     |                                    ^~~~~~
  [125]

Or no JSON, and texts that try to be too much:

  $ json '[1, 2'
  profile.json:1:5: error: no JSON: ']' expected near end of file
   1 | [1, 2
     |     ^
  [125]
  $ json ''
  profile.json:1:1: error: no JSON: '[' or '{' expected near end of file
   1 | 
     | ^
  [125]
  $ json '[]'
  profile.json:1:1: error: expected an object for a seccomp profile
   1 | []
     | ^~
  [125]
  $ json '{"defaultAction": "SCMP_ACT_ERRNO",
  >   "defaultAction": "SCMP_ACT_ALLOW"}'
  profile.json:2:17: error: no JSON: duplicate object key near '"defaultAction"'
   2 |   "defaultAction": "SCMP_ACT_ALLOW"}
     |                 ^
  [125]
  $ json '{"defaultAction": 1e999}'
  profile.json:1:23: error: no JSON: real number overflow near '1e999'
   1 | {"defaultAction": 1e999}
     |                       ^
  [125]
  $ awk 'BEGIN {for (i = 0; i < 100000; i++) printf "["}' | uring-jail --import-seccomp=- 2>&1 | cut -c-80 | head -1
  (standard input):1:2049: error: no JSON: maximum parsing depth reached near '['
  $ uring-jail --import-seccomp=no-such-file
  uring-jail: cannot read no-such-file: No such file or directory
  [125]
  $ uring-jail --import-seccomp=.
  uring-jail: cannot read .: Is a directory
  [125]

A name cannot end the comment that it stands in:

  $ name="$(printf 'a\nallow openat')"
  $ echo '{"defaultAction": "deny"}' >"$name"
  $ uring-jail --import-seccomp="$name"
  # From linux.ioUring of a?allow openat
  default deny
  $ uring-jail -q --import-systemd="$(printf '@basic-io\n~@basic-io')" | head -2
  # From SystemCallFilter=@basic-io?~@basic-io
  # With the sets of system calls of systemd 252.

And of lists:

  $ uring-jail --import-systemd='@basc-io opnat read:EPERM ~write:nope' --import-systemd='~@nothing-like-that'
  --import-systemd:1: error: unknown set of system calls '@basc-io'; did you mean '@basic-io'?
     | @basc-io opnat read:EPERM ~write:nope
     | ^~~~~~~~
  --import-systemd:10: error: unknown system call 'opnat'; did you mean 'openat'?
     | @basc-io opnat read:EPERM ~write:nope
     |          ^~~~~
  --import-systemd:16: warning: an error number goes with what is denied; systemd ignores the word, which allows nothing
     | @basc-io opnat read:EPERM ~write:nope
     |                ^~~~~~~~~~
  --import-systemd:34: error: expected the name or number of an error after the colon
     | @basc-io opnat read:EPERM ~write:nope
     |                                  ^~~~
  --import-systemd:2: error: unknown set of system calls '@nothing-like-that'
     | ~@nothing-like-that
     |  ^~~~~~~~~~~~~~~~~~
  [125]
  $ uring-jail --import-systemd=' '
  --import-systemd:1: error: expected system calls, or sets of them such as @system-service
     |  
     | ^
  [125]
  $ uring-jail --import-systemd=
  --import-systemd:1: error: expected system calls, or sets of them such as @system-service
     | 
     | ^
  [125]

They go with nothing else:

  $ uring-jail --import-systemd=@aio -d read
  uring-jail: --import-systemd takes no policy
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]
  $ uring-jail --import-systemd=@aio -- true
  uring-jail: --import-systemd runs no command
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]
  $ uring-jail --import-seccomp=a --import-seccomp=b
  uring-jail: --import-seccomp can be given only once
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]
  $ uring-jail --import-seccomp=a --import-systemd=b
  uring-jail: --import-seccomp and --import-systemd do not go together
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]
  $ uring-jail --import-seccomp=a --json
  uring-jail: --json goes with --check, --test, --list, --doctor and --log-denied
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]
