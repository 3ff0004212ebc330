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

What cannot be enforced is refused, with its place:

  $ uring-jail -d openat2 --print --kernel=7.0
  uring-jail: Linux 7.0 loses io_uring restrictions when a program that has used a ring executes another (CVE-2026-80713); 7.2, or a release with its fix, is needed
  [125]

  $ uring-jail -d openat2 --deny-register=files,clone_files --print --kernel=7.1
  --deny-register:1: error: Linux 7.1 cannot enforce rules for register operations: calls without a ring escape its restrictions
     | files,clone_files
     | ^~~~~~~~~~~~~~~~~
  [125]

  $ uring-jail -d read,msg_ring --print --kernel=7.2
  --deny-op:1: error: Linux 7.2 cannot enforce the denial of msg_ring, since the register operation send_msg_ring does the same and calls without a ring escape its restrictions; to go on without it, allow msg_ring
     | read,msg_ring
     | ^~~~~~~~~~~~~
  [125]

  $ uring-jail -a read --print --kernel=7.2
  uring-jail: Linux 7.2 cannot enforce the denial of msg_ring, since the register operation send_msg_ring does the same and calls without a ring escape its restrictions; to go on without it, allow msg_ring
  [125]
