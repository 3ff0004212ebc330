Options about the process are in the plan, in the order of a launch:

  $ uring-jail -d read --print --kernel=7.3 --drop-caps | grep -vE '^   '
  Plan for Linux 7.3:
  1. prctl(PR_SET_NO_NEW_PRIVS, 1)
  2. close inherited io_uring file descriptors
  3. drop all capabilities, from every set
  4. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 65 entries
  5. make sure that the task is restricted now
  6. execvp(COMMAND)

  $ uring-jail -d read --print --kernel=7.3 --drop-caps=kill,CAP_CHOWN --drop-caps=63 \
  >   --allow-new-privs --keep-ring-fds | grep -vE '^   '
  Plan for Linux 7.3:
  1. warn about inherited io_uring file descriptors
  2. io_uring_register(-1, IORING_REGISTER_RESTRICTIONS), 65 entries
  3. make sure that the task is restricted now
  4. drop cap_chown, cap_kill, 63, from every set
  5. execvp(COMMAND)

  $ for options in --drop-caps '--drop-caps=kill,63 --allow-new-privs --keep-ring-fds'; do
  >   uring-jail -d read --print=json --kernel=7.3 $options | python3 -c '
  > import json, sys
  > for call in json.load(sys.stdin)["calls"]:
  >     print(call["call"], call.get("name"), call.get("all"), call.get("names"))'
  > done
  prctl PR_SET_NO_NEW_PRIVS None None
  close_rings None None None
  drop_caps None True []
  io_uring_register IORING_REGISTER_RESTRICTIONS None None
  confirm None None None
  execvp None None None
  keep_rings None None None
  io_uring_register IORING_REGISTER_RESTRICTIONS None None
  confirm None None None
  drop_caps None False ['cap_kill', '63']
  execvp None None None

A misspelt capability is an error with the nearest one, and beside those of the policy; nothing runs:

  $ uring-jail --drop-caps=net_rwa,,cap-sys-admn,64 -d raed --drop-caps=chown, -- touch ran
  --deny-op:1: error: unknown operation 'raed'; did you mean 'read'?
     | raed
     | ^~~~
  --drop-caps:1: error: unknown capability 'net_rwa'; did you mean 'net_raw'?
     | net_rwa,,cap-sys-admn,64
     | ^~~~~~~
  --drop-caps:9: error: expected a name, a number or a group, not ','
     | net_rwa,,cap-sys-admn,64
     |         ^
  --drop-caps:10: error: unknown capability 'cap-sys-admn'; did you mean 'sys_admin'?
     | net_rwa,,cap-sys-admn,64
     |          ^~~~~~~~~~~~
  --drop-caps:23: error: 64 is more than 63
     | net_rwa,,cap-sys-admn,64
     |                       ^~
  --drop-caps:7: error: expected a name, a number or a group
     | chown,
     |       ^
  [125]

  $ ls

  $ uring-jail --default=allow --drop-caps=x --check
  --drop-caps:1: error: unknown capability 'x'
     | x
     | ^
  [125]

They say nothing of a request or in a listing:

  $ uring-jail -d read --drop-caps --test=read
  uring-jail: --drop-caps goes with a COMMAND, --print and --check
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

  $ uring-jail --allow-new-privs --list=ops
  uring-jail: --allow-new-privs goes with a COMMAND, --print and --check
  Try `uring-jail --help' or `uring-jail --usage' for more information.
  [125]

no_new_privs cannot be taken back:

  $ uring-jail --default=allow -- uring-jail --default=allow --allow-new-privs -- echo runs
  uring-jail: --allow-new-privs: no_new_privs is set already, and stays
  runs

  $ uring-jail --default=allow -- uring-jail -q --default=allow --allow-new-privs -- echo runs
  runs
