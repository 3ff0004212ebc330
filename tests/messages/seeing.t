The forms of a policy, and what it is compiled to.

The normal form is input again, and is the same then:

  $ cat >a.policy <<'END'
  > default deny
  > allow @basic-io, 200
  > allow fsync
  > deny openat if (flags & (creat | trunc)) || accmode != 0
  > allow openat
  > allow connect if addr in {10.0.0.0/8} and port in {443, 8000-8999}
  > deny register @files
  > require sqe-flags 1
  > END
  $ uring-jail -p ./a.policy --print=policy --kernel=7.3
  default deny
  allow readv, writev, fsync, read_fixed, write_fixed, openat, close, read, write, read_multishot,
  \treadv_fixed, writev_fixed, 200 (esc)
  allow connect if addr in 10.0.0.0/8 and port in {443, 8000-8999}
  deny openat if flags & (O_CREAT | O_TRUNC) or accmode != O_RDONLY
  deny register files, unregister_files, files_update, files2, files_update2, file_alloc_range,
  \tclone_files (esc)
  require sqe-flags fixed_file
  $ uring-jail -p ./a.policy --print=policy --kernel=7.3 >b.policy
  $ uring-jail -p ./b.policy --print=policy --kernel=7.3 | diff b.policy -

Each filter says which statements it is made from:

  $ uring-jail -p ./a.policy --print --kernel=7.3 | sed -n '/FILTER/,/^5/p' | grep -v '^5'
  4. io_uring_register(-1, IORING_REGISTER_BPF_FILTER) for connect: * instructions, at most * of them run; payload 24 bytes (glob)
     a filter, since it depends on more than the operation:
        ./a.policy:6: allow if addr in 10.0.0.0/8 and port in {443, 8000-8999}
        port 0 with address 0 is denied: some kernels show an address that is too short so

A program, with the names of what it looks at:

  $ uring-jail -r 'default allow' -r 'deny openat if flags & (O_CREAT | O_TRUNC)' \
  >   -r 'allow socket if type == SOCK_STREAM' --print=bpf --kernel=7.3
  Filters for Linux 7.3, little-endian:
  
  openat (18): 4 instructions, at most 3 of them run; payload 24 bytes
     0: ld [16] (flags)
     1: jset #0x240 (O_CREAT|O_TRUNC), 3, 2
     2: ret #1 (allow)
     3: ret #0 (deny)
  
  socket (45): 5 instructions, at most 4 of them run; payload 12 bytes
     0: ld [20] (type)
     1: and #0xf
     2: jeq #0x1 (SOCK_STREAM), 4, 3
     3: ret #0 (deny)
     4: ret #1 (allow)
  $ uring-jail -d read --print=bpf --kernel=7.3
  Filters for Linux 7.3, little-endian: none, since no operation depends on a condition

The C file compiles without a warning and without a header of ours, whatever is in the plan:

  $ compile() {
  >   uring-jail "$@" --print=c --kernel=7.3 >jail.c &&
  >   for cc in gcc clang; do
  >     command -v $cc >/dev/null || continue
  >     $cc -std=c11 -Wall -Wextra -Wpedantic -Wmissing-prototypes -Werror -O2 -c jail.c -o jail.o
  >   done
  > }
  $ compile -p ./a.policy
  $ compile --default=allow
  $ compile --deny-op=openat2
  $ compile --deny-register=files
  $ compile --deny-sqe-flags=async
  $ compile -r 'deny openat if flags & O_CREAT'
  $ for preset in "$TESTDIR"/../../policy/presets/*.policy; do compile -p "$preset"; done

Run where io_uring cannot be restricted it says so, and never success; where it can, it succeeds once:

  $ uring-jail -d openat2 --print=c --kernel=7.3 >jail.c
  $ cat >main.c <<'END'
  > #include <stdio.h>
  > int uring_jail_install(void);
  > int main(void)
  > {
  >   int first = uring_jail_install(), second = uring_jail_install();
  >   printf("%s %s\n", first <= 0 ? "known" : "strange", second < 0 ? "refused" : "allowed");
  >   return 0;
  > }
  > END
  $ gcc -std=c11 -Wall -Wextra -Werror main.c jail.c -o main && ./main
  known refused

Nothing of a policy ends its comment:

  $ mkdir '*'
  $ cp a.policy '*/x.policy'
  $ compile -p './*/x.policy'
  $ grep -c 'Made by uring-jail from ./_/x.policy' jail.c
  1

JSON is one object a line:

  $ uring-jail -r 'allow read if user_data == 1' --print=json --kernel=7.3 | python3 -c '
  > import json, sys
  > plan = json.load(sys.stdin)
  > print(plan["kind"], plan["schema"], plan["kernel"]["version"], repr(plan["policy"]))
  > for call in plan["calls"]:
  >     print(call["call"], call.get("name", ""), len(call.get("entries", [])))
  > print(call_filter := plan["calls"][3]["operation"], plan["calls"][3]["disassembly"][0])'
  plan 1 7.3 'allow read if user_data == 1\n'
  prctl PR_SET_NO_NEW_PRIVS 0
  close_rings  0
  io_uring_register IORING_REGISTER_RESTRICTIONS 39
  io_uring_register IORING_REGISTER_BPF_FILTER 0
  confirm  0
  execvp  0
  {'number': 22, 'name': 'read'} 0: ld [0] (user_data)

  $ printf 'deny opnat\n' >wrong.policy
  $ uring-jail -p ./wrong.policy --check --json
  {"kind":"diagnostics","schema":1,"errors":1,"warnings":0,"out_of_memory":false,"diagnostics":[{"severity":"error","source":"./wrong.policy","line":1,"column":6,"end":{"line":1,"column":11},"message":"unknown operation 'opnat'; did you mean 'openat'?","notes":[]}]}
  [125]

  $ uring-jail -r 'deny read' --test='read user_data=2' --test='register files' --json
  {"kind":"decision","schema":1,"request":"read user_data=2","operation":{"number":22,"name":"read","register":false},"verdict":"deny","reason":"deny","statement":{"text":"deny read","source":"-r 1","line":1,"column":1,"end":{"line":1,"column":10}}}
  {"kind":"decision","schema":1,"request":"register files","operation":{"number":2,"name":"files","register":true},"verdict":"allow","reason":"default_inferred","statement":null}
  [1]

  $ for list in ops groups registers flags fields policies; do
  >   uring-jail --list=$list --json | python3 -c '
  > import json, sys
  > list = json.load(sys.stdin)
  > print(list["kind"], list["list"], list["items"][0]["name"] if list["items"] else "")'
  > done
  list ops nop
  list groups basic_io
  list registers buffers
  list flags fixed_file
  list fields user_data
  list policies * (glob)
