The plan in words, for each kernel that is known.

Ops that are denied close no more than themselves:

  $ uring-jail --deny-op=openat2 --print --kernel=7.3
  Plan for Linux 7.3:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 65 entries
     checked before an operation's own code runs, whatever the request is
     operations: 64 of 65 allowed; denied:
        openat2
        decided by --deny-op
     SQE flags allowed: fixed_file, io_drain, io_link, io_hardlink, async, buffer_select, cqe_skip_success
     register operations: not restricted
  4. make sure that the task is restricted now
  5. execvp(COMMAND)

Whichever is shorter is listed, what is allowed or what is denied; an allow-list without msg_ring
denies its register op, which does the same:

  $ uring-jail -a read,write,fsync --print --kernel=7.3
  Plan for Linux 7.3:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 41 entries
     checked before an operation's own code runs, whatever the request is
     operations: 3 of 65 allowed:
        fsync, read, write
        decided by --allow-op
     SQE flags allowed: fixed_file, io_drain, io_link, io_hardlink, async, buffer_select, cqe_skip_success
     register operations: 37 of 38 allowed; denied:
        send_msg_ring
  4. make sure that the task is restricted now
  5. execvp(COMMAND)

Nothing allowed:

  $ uring-jail --default=deny --deny-register=@all --deny-sqe-flags=@all --print --kernel=7.3
  Plan for Linux 7.3:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 4 entries
     checked before an operation's own code runs, whatever the request is
     operations: 0 of 65 allowed
        decided by --default
     SQE flags allowed: none
        decided by --deny-sqe-flags
     register operations: 3 of 38 allowed:
        restrictions, query, bpf_filter
        decided by --deny-register
  4. make sure that the task is restricted now
  5. execvp(COMMAND)

Flags alone:

  $ uring-jail --require-sqe-flags=fixed_file --deny-sqe-flags=0x10 --print --kernel=7.1
  Plan for Linux 7.1:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 67 entries
     checked before an operation's own code runs, whatever the request is
     operations: 65 of 65 allowed
     SQE flags allowed: fixed_file, io_drain, io_link, io_hardlink, buffer_select, cqe_skip_success
     SQE flags required: fixed_file
        decided by --require-sqe-flags, --deny-sqe-flags
     register operations: not restricted
  4. make sure that the task is restricted now
  5. execvp(COMMAND)

Register ops alone:

  $ uring-jail --allow-register=buffers,unregister-buffers --print --kernel=7.3
  Plan for Linux 7.3:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 5 entries
     checked before an operation's own code runs, whatever the request is
     operations: not restricted
     register operations: 5 of 38 allowed:
        buffers, unregister_buffers, restrictions, query, bpf_filter
        decided by --allow-register
  4. make sure that the task is restricted now
  5. execvp(COMMAND)

An explicit default allows everything, without the kernel:

  $ uring-jail --default=allow --print --kernel=7.0
  Plan for Linux 7.0:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. nothing to restrict: the kernel needs no telling
  4. execvp(COMMAND)

What cannot be enforced is refused:

  $ uring-jail -d openat2 --print --kernel=7.0
  uring-jail: Linux 7.0 loses io_uring restrictions when a program that has used a ring executes another (CVE-2026-80713); 7.2, or a release with its fix, is needed (--unsupported=deny denies io_uring altogether)
  [125]

Or, if that is wanted, all of io_uring is closed:

  $ uring-jail -d openat2 --unsupported=deny --print --kernel=7.0
  uring-jail: warning: io_uring is denied altogether (ENOSYS): Linux 7.0 loses io_uring restrictions when a program that has used a ring executes another (CVE-2026-80713); 7.2, or a release with its fix, is needed
  Plan for Linux 7.0:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. seccomp(SECCOMP_SET_MODE_FILTER): 6 instructions, at most 5 of them run
     since a rule cannot be enforced otherwise
     io_uring_setup(2), io_uring_enter(2), io_uring_register(2): ENOSYS
  4. make sure that it denies
  5. execvp(COMMAND)
  $ uring-jail -d openat2 --unsupported=deny --print=bpf --kernel=7.0
  uring-jail: warning: io_uring is denied altogether (ENOSYS): Linux 7.0 loses io_uring restrictions when a program that has used a ring executes another (CVE-2026-80713); 7.2, or a release with its fix, is needed
  Filters for Linux 7.0, little-endian:
  
  seccomp: 6 instructions, at most 5 of them run
     0: ld [0] (nr)
     1: and #0xbfffffff
     2: jge #0x1a9 (io_uring_setup), 3, 5
     3: jgt #0x1ab (io_uring_register), 5, 4
     4: ret #327718 (ENOSYS)
     5: ret #2147418112 (allow)
  $ uring-jail -qd openat2 --unsupported=deny --print=json --kernel=7.0
  {"kind":"plan","schema":1,"kernel":{"version":"7.0","operations":65,"register_operations":38,"sqe_flags":127,"byte_order":"little","constants":"generic"},"policy":"deny openat2\n","calls":[{"call":"prctl","name":"PR_SET_NO_NEW_PRIVS"},{"call":"close_rings"},{"call":"seccomp","name":"SECCOMP_SET_MODE_FILTER","since":"a rule cannot be enforced otherwise","blocks_io_uring":true,"worst_path":5,"program":[[32,0,0,0],[84,0,0,3221225471],[53,0,2,425],[37,1,0,427],[6,0,0,327718],[6,0,0,2147418112]],"disassembly":["0: ld [0] (nr)","1: and #0xbfffffff","2: jge #0x1a9 (io_uring_setup), 3, 5","3: jgt #0x1ab (io_uring_register), 5, 4","4: ret #327718 (ENOSYS)","5: ret #2147418112 (allow)"]},{"call":"execvp"}]}

Where restrictions on register operations do not hold, seccomp enforces them; msg_ring has a twin
among those:

  $ uring-jail -d openat2 --deny-register=files,clone_files --print --kernel=7.1
  Plan for Linux 7.1:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 65 entries
     checked before an operation's own code runs, whatever the request is
     operations: 64 of 65 allowed; denied:
        openat2
        decided by --deny-op
     SQE flags allowed: fixed_file, io_drain, io_link, io_hardlink, async, buffer_select, cqe_skip_success
     register operations: not restricted
  4. make sure that the task is restricted now
  5. seccomp(SECCOMP_SET_MODE_FILTER): 9 instructions, at most 7 of them run
     since calls without a ring escape restrictions
     register operations: 37 of 38 allowed; denied:
        files
        decided by --deny-register
  6. make sure that it denies
  7. execvp(COMMAND)

  $ uring-jail -d read,msg_ring --print --kernel=7.2
  Plan for Linux 7.2:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 64 entries
     checked before an operation's own code runs, whatever the request is
     operations: 63 of 65 allowed; denied:
        read, msg_ring
        decided by --deny-op
     SQE flags allowed: fixed_file, io_drain, io_link, io_hardlink, async, buffer_select, cqe_skip_success
     register operations: not restricted
  4. make sure that the task is restricted now
  5. seccomp(SECCOMP_SET_MODE_FILTER): 9 instructions, at most 7 of them run
     since calls without a ring escape restrictions
     register operations: 37 of 38 allowed; denied:
        send_msg_ring
  6. make sure that it denies
  7. execvp(COMMAND)

  $ uring-jail -a read --print --kernel=7.2
  Plan for Linux 7.2:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 2 entries
     checked before an operation's own code runs, whatever the request is
     operations: 1 of 65 allowed:
        read
        decided by --allow-op
     SQE flags allowed: fixed_file, io_drain, io_link, io_hardlink, async, buffer_select, cqe_skip_success
     register operations: not restricted
  4. make sure that the task is restricted now
  5. seccomp(SECCOMP_SET_MODE_FILTER): 9 instructions, at most 7 of them run
     since calls without a ring escape restrictions
     register operations: 37 of 38 allowed; denied:
        send_msg_ring
  6. make sure that it denies
  7. execvp(COMMAND)

  $ uring-jail -a read --print=bpf --kernel=7.2
  Filters for Linux 7.2, little-endian:
  
  seccomp: 9 instructions, at most 7 of them run
     0: ld [0] (nr)
     1: and #0xbfffffff
     2: jeq #0x1ab (io_uring_register), 4, 3
     3: ret #2147418112 (allow)
     4: ld [24] (opcode)
     5: and #0x7fffffff
     6: jeq #0x1f (send_msg_ring), 8, 7
     7: ret #2147418112 (allow)
     8: ret #327693 (EACCES)

Filters alone leave the restrictions to the command:

  $ uring-jail --via=filters -d nop,socket -r 'deny openat if flags & O_CREAT' --deny-register=files --print --kernel=7.3
  Plan for Linux 7.3:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for 2 operations, 1 instruction each
     filters, since restrictions are left for the target
     operations denied:
        nop, socket
        decided by --deny-op
  4. io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for openat: 4 instructions, at most 3 of them run; payload 24 bytes
     a filter, since it depends on more than the operation:
        -r 1: deny if flags & O_CREAT
  5. make sure that the task is restricted now
  6. seccomp(SECCOMP_SET_MODE_FILTER): 9 instructions, at most 7 of them run
     since restrictions are left for the target
     register operations: 37 of 38 allowed; denied:
        files
        decided by --deny-register
  7. make sure that it denies
  8. execvp(COMMAND)
  $ uring-jail --via=filters --require-sqe-flags=async --print --kernel=7.3
  --require-sqe-flags:1: error: Linux 7.3 cannot enforce this by filters: a filter sees io_drain, async and, for nop, fixed_file also on requests without them, so it cannot require them (--unsupported=deny denies every request)
     | async
     | ^~~~~
  [125]
  $ uring-jail --via=filters --unsupported=deny --require-sqe-flags=async --print --kernel=7.3
  --require-sqe-flags:1: warning: every request is denied on Linux 7.3: a filter sees io_drain, async and, for nop, fixed_file also on requests without them, so it cannot require them
     | async
     | ^~~~~
  Plan for Linux 7.3:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for 65 operations, 1 instruction each
     filters, since restrictions are left for the target
     operations denied:
        nop, readv, writev, fsync, read_fixed, write_fixed, poll_add,
        poll_remove, sync_file_range, sendmsg, recvmsg, timeout, timeout_remove,
        accept, async_cancel, link_timeout, connect, fallocate, openat, close,
        files_update, statx, read, write, fadvise, madvise, send, recv, openat2,
        epoll_ctl, splice, provide_buffers, remove_buffers, tee, shutdown,
        renameat, unlinkat, mkdirat, symlinkat, linkat, msg_ring, fsetxattr,
        setxattr, fgetxattr, getxattr, socket, uring_cmd, send_zc, sendmsg_zc,
        read_multishot, waitid, futex_wait, futex_wake, futex_waitv,
        fixed_fd_install, ftruncate, bind, listen, recv_zc, epoll_wait,
        readv_fixed, writev_fixed, pipe, nop128, uring_cmd128
  4. make sure that the task is restricted now
  5. execvp(COMMAND)
  $ uring-jail --via=filters --deny-sqe-flags=async,io_link -d @all --print=bpf --kernel=7.3 | head -n 4
  --deny-sqe-flags:1: warning: this also denies requests that only seem to have the flag: a filter sees io_drain and async as the kernel has set them itself, too
     | async,io_link
     | ^~~~~~~~~~~~~
  Filters for Linux 7.3, little-endian:
  
  nop (0): 1 instructions, at most 1 of them run
     0: ret #0 (deny)
  $ uring-jail --via=filters -a read --deny-sqe-flags=async,io_link --print --kernel=7.3 | tail -n 16
  --deny-sqe-flags:1: warning: this also denies requests that only seem to have the flag: a filter sees io_drain and async as the kernel has set them itself, too
     | async,io_link
     | ^~~~~~~~~~~~~
        setxattr, fgetxattr, getxattr, socket, uring_cmd, send_zc, sendmsg_zc,
        read_multishot, waitid, futex_wait, futex_wake, futex_waitv,
        fixed_fd_install, ftruncate, bind, listen, recv_zc, epoll_wait,
        readv_fixed, writev_fixed, pipe, nop128, uring_cmd128
        decided by --allow-op
  4. io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for read: 4 instructions, at most 3 of them run
     a filter, since it depends on more than the operation:
        --allow-op: allow
        --deny-sqe-flags: deny SQE flags io_link, async
  5. make sure that the task is restricted now
  6. seccomp(SECCOMP_SET_MODE_FILTER): 9 instructions, at most 7 of them run
     since restrictions are left for the target
     register operations: 37 of 38 allowed; denied:
        send_msg_ring
  7. make sure that it denies
  8. execvp(COMMAND)
