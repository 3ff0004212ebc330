Every mistake on the command line is an error 125, and nothing runs.

  $ uring-jail
  uring-jail: no COMMAND to run
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail -d read
  uring-jail: no COMMAND to run
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail touch ran; ls
  uring-jail: no policy; say what to allow or to deny (--default=allow allows everything)
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail -- touch ran; ls
  uring-jail: no policy; say what to allow or to deny (--default=allow allows everything)
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --no-such-option
  uring-jail: unrecognized option '--no-such-option'
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail -d
  uring-jail: option requires an argument -- 'd'
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --list=nonsense
  uring-jail: --list: expected ops, groups, registers, flags, fields or policies, not 'nonsense'
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --list=ops -d read
  uring-jail: --list takes no policy
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --list=ops --print -d read
  uring-jail: --list and --print do not go together
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --print -d read -- true
  uring-jail: --print runs no command
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail -d read --print plan
  uring-jail: --print runs no command; did you mean --print=plan?
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail -d read --print=nonsense
  uring-jail: --print: expected plan, policy, bpf, c or json, not 'nonsense'
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail -d read --print --kernel=7.9
  uring-jail: --kernel: expected 7.0, 7.1, 7.2, 7.3 or running, not '7.9'
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail -d read --kernel=7.3 -- touch ran; ls
  uring-jail: --kernel goes with --print and --check
  Try `uring-jail --help' or `uring-jail --usage' for more information.

Watching a run:

  $ uring-jail --learn=f
  uring-jail: no COMMAND to run
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --learn=f --learn=g touch ran; ls
  uring-jail: --learn can be given only once
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --learn=f --log-denied touch ran; ls
  uring-jail: --learn denies nothing, so --log-denied does not go with it
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --learn=f --check -d read
  uring-jail: --learn and --check do not go together
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --log-denied --doctor
  uring-jail: --log-denied and --doctor do not go together
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --log-denied touch ran; ls
  uring-jail: no policy; say what to allow or to deny (--default=allow allows everything)
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --learn=f --via=filters touch ran; ls
  uring-jail: --learn enforces nothing, so -v, --unsupported and --via do not go with it
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --force -d read touch ran; ls
  uring-jail: --force goes with --learn
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --trace-buffer=8 -d read touch ran; ls
  uring-jail: --trace-buffer goes with --learn and --log-denied
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --log-denied --trace-buffer=0 -d read touch ran; ls
  uring-jail: --trace-buffer: expected KiB, 1 to 1048576, not '0'
  Try `uring-jail --help' or `uring-jail --usage' for more information.

  $ uring-jail --learn=f -d raed touch ran; ls
  --deny-op:1: error: unknown operation 'raed'; did you mean 'read'?
     | raed
     | ^~~~

  $ touch f
  > uring-jail --learn=f touch ran; ls
  uring-jail: f is there already; --force replaces it
  f

  $ uring-jail --learn=/dev/null --force touch ran; ls
  uring-jail: /dev/null is not a regular file, and is not replaced
  f

  $ uring-jail --learn=none/f touch ran; ls
  uring-jail: cannot write none/f: No such file or directory
  f

  $ uring-jail --learn= touch ran; ls
  uring-jail: --learn: expected the name of a file
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  f

  $ uring-jail -d read --keep-ring-fds --test=read
  uring-jail: --keep-ring-fds goes with a COMMAND, --print and --check
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

Options end at the first word that is none; the rest is the command's:

  $ uring-jail --default=allow -q echo -d --print
  -d --print

  $ uring-jail --default=allow -q -- echo -- -d
  -- -d

A command that is not there, or that cannot be run:

  $ uring-jail --default=allow -- no-such-command
  uring-jail: cannot run 'no-such-command': No such file or directory
  [127]

  $ uring-jail --default=allow -- ./no/such/command
  uring-jail: cannot run './no/such/command': No such file or directory
  [127]

  $ uring-jail --default=allow -- ''
  uring-jail: cannot run '': No such file or directory
  [127]

  $ uring-jail --default=allow -- /
  uring-jail: cannot run '/': Permission denied
  [126]

  $ touch not-executable; uring-jail --default=allow -- ./not-executable
  uring-jail: cannot run './not-executable': Permission denied
  [126]

The command's own status and death by signal are what is left:

  $ uring-jail --default=allow -- sh -c 'exit 3'
  [3]

  $ (uring-jail --default=allow -- sh -c 'kill -TERM $$') 2>/dev/null
  Terminated
  [143]

Output that cannot be written is an error:

  $ uring-jail --list=ops >/dev/full
  uring-jail: cannot write to standard output: No space left on device
  [125]

  $ uring-jail --help >/dev/full
  uring-jail: cannot write to standard output: No space left on device
  [125]

  $ uring-jail --default=allow --print --kernel=7.3 >/dev/full
  uring-jail: cannot write to standard output: No space left on device
  [125]

  $ uring-jail --version
  uring-jail 0.1.0

  $ uring-jail --usage
  Usage: uring-jail [-Wqvh?V] [-a LIST] [-d LIST] [-p NAME|FILE] [-r STATEMENT]
              [--allow-register=LIST] [--allow-sqe-flags=LIST] [--allow-op=LIST]
              [--default=allow|deny] [--deny-register=LIST]
              [--deny-sqe-flags=LIST] [--deny-op=LIST] [--policy=NAME|FILE]
              [--require-sqe-flags=LIST] [--rule=STATEMENT]
              [--unsupported=fail|deny] [--via=auto|filters] [--allow-new-privs]
              [--drop-caps[=LIST]] [--keep-ring-fds] [--check] [--doctor]
              [--explain] [--import-seccomp=FILE] [--import-systemd=CALLS]
              [--json] [--kernel=VERSION] [--list=WHAT] [--print[=FORM]]
              [--test=REQUEST] [--force] [--learn=FILE] [--log-denied]
              [--trace-buffer=KIB] [--quiet] [--usage] [--verbose] [--help]
              [--version] COMMAND [ARG...]

  $ uring-jail --help
  Usage: uring-jail [OPTION...] COMMAND [ARG...]
  Runs COMMAND, and all that it starts, under an io_uring policy.
  
   Policy (repeatable; everything adds up):
        --allow-register=LIST  Allow these operations of io_uring_register(2),
                               and no others
        --allow-sqe-flags=LIST Allow requests these flags, and no others
    -a, --allow-op=LIST        Allow these operations, and no others by default
        --default=allow|deny   What to do with all other operations
        --deny-register=LIST   Deny these operations of io_uring_register(2)
        --deny-sqe-flags=LIST  Deny requests with any of these flags
    -d, --deny-op=LIST         Deny these operations
    -p, --policy=NAME|FILE     A policy file: with a / in it a path, - standard
                               input, else a name that is searched for
        --require-sqe-flags=LIST   Deny requests without all of these flags
    -r, --rule=STATEMENT       One statement of the policy language
        --unsupported=fail|deny   Where the kernel cannot enforce a rule: fail
                               (the default), or deny the operation as a whole
                               and, if that cannot be done, all of io_uring
        --via=auto|filters     How to enforce it: as is cheapest (auto), or by
                               filters alone, for a command that restricts its
                               own rings
  
   Process:
        --allow-new-privs      Do not set no_new_privs; needs CAP_SYS_ADMIN
        --drop-caps[=LIST]     Drop all capabilities, or these, from every set
                               (repeatable)
        --keep-ring-fds        Leave inherited io_uring file descriptors open,
                               which obey no rule
  
   Looking, with no command run:
        --check                Report what is wrong with the policy, and what
                               looks like a mistake
        --doctor               Say what this kernel can enforce in this task, by
                               trying it; beside a policy, whether and how that
                               is enforced
        --explain              With --test: say what each statement came to
        --import-seccomp=FILE  Print the policy that allows no more than the
                               seccomp profile of a container, or than
                               linux.ioUring, in a JSON file (- is standard
                               input)
        --import-systemd=CALLS Likewise, for a value of systemd's
                               SystemCallFilter=, such as "@system-service
                               ~@privileged" (repeatable)
        --json                 With --check, --test, --list, --doctor and
                               --log-denied: for a machine
        --kernel=VERSION       With --print and --check: for the kernel 7.0, 7.1,
                               7.2, 7.3 or running (the default)
        --list=WHAT            List ops, groups, registers, flags or fields, or
                               the policies that are found by name
        --print[=FORM]         Print what would be done, call by call (plan, the
                               default); the policy as one text (policy); the
                               filters (bpf); C code that does the same (c); or
                               all for a machine (json)
        --test=REQUEST         Say what becomes of a request such as "socket
                               family=AF_INET" (repeatable; - reads one a line
                               from standard input)
    -W                         With --check: warnings are errors
  
   Watching a run (by root, or with CAP_PERFMON):
        --force                With --learn: replace FILE if it is there
        --learn=FILE           Run COMMAND unrestricted, and write the policy
                               that allows what it did, added to the one that is
                               given, if any
        --log-denied           Report each denied request to standard error as it
                               happens
        --trace-buffer=KIB     Room for what is watched, for each processor
                               (2048, or what may be locked)
  
   Other:
    -q, --quiet                No notes and no warnings; errors remain
        --usage                Print a short usage message
    -v, --verbose              Print the plan to standard error, then run
  
    -h, -?, --help             Print this help
    -V, --version              Print the version
  
  Mandatory or optional arguments to long options are also mandatory or optional
  for any corresponding short options.
  
  A LIST holds names (openat2, IORING_OP_OPENAT2), numbers and @all, with commas
  between. Deny wins over allow, allow over the default.
  
  uring-jail restricts io_uring only: the same operation through a plain system
  call is seccomp's business.
  
  Exit status: COMMAND's own; 125 if uring-jail fails (COMMAND does not run
  then), 126 if COMMAND cannot be run, 127 if it is not found.
  
  See uring-jail(1).
