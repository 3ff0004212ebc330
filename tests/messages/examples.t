Every example of the README and the manual compiles for a kernel that enforces it:

  $ cd "$TESTDIR/../.."
  > cat README.md man/*.scd | sed -nE 's/^(    |\t)(ExecStart=[^ ]*)?(uring-jail)? ?(-[^ ].*)/\4/p' |
  > while read -r example; do
  >   case $example in
  >   *--print*) arguments=$example;;
  >   *) arguments="${example%% -- *} --print --kernel=7.3";;
  >   esac
  >   uring-jail $arguments >/dev/null && echo "ok: $example"
  > done
  ok: --deny-op=openat2 -- ./app
  ok: --allow-op=read,write,fsync,msg_ring -- ./worker
  ok: --deny-op=openat,openat2,socket,uring_cmd,uring_cmd128 -- ./service
  ok: --deny-op=openat2 --deny-sqe-flags=async --print --kernel=7.2
  ok: --deny-op=openat2 -- ./app
  ok: -a read,write,fsync,msg_ring -- ./worker
  ok: -a read,write,fsync,msg_ring -- /usr/bin/worker
  ok: -d openat,openat2 --print --kernel=7.2
