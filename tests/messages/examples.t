Every example of the README and the manual runs: policies that stand there are put where the commands
look for them, and a command to run is replaced by a look at the plan for a kernel that enforces it. What
watches a run is tested live.

  $ root=$TESTDIR/../..
  > export XDG_CONFIG_HOME=$PWD/config
  > mkdir -p config/uring-jail
  > cp "$root"/policy/presets/*.policy config/uring-jail
  > cp "$root/tests/messages/profile.json" .
  > sed 's/^    //' "$root/README.md" |
  >   awk '/^# [a-z-]+\.policy/ {file = $2} /^$/ {file = ""} file {print > file}'

  $ cat "$root/README.md" "$root"/man/*.scd |
  > sed -nE 's/^(    |\t)(ExecStart=[^ ]*\/)?uring-jail (-[^ ].*)/\3/p' |
  > while read -r example; do
  >   case $example in
  >   *\ --\ *) arguments=$(echo "${example%% -- *} --print --kernel=7.3" |
  >     sed 's/--learn=[^ ]*/--default=allow/; s/--force\|--log-denied//');;
  >   *--check*) arguments="$example --kernel=7.3";;
  >   *) arguments=$example;;
  >   esac
  >   status=0
  >   eval "uring-jail $arguments" >out 2>&1 || status=$?
  >   case $arguments-$status in
  >   --doctor*-0 | --doctor*-125) echo "$(grep -A 1 '^Rules for' out | cut -c -33): $example";;
  >   *--test*-[01]) echo "$(sed 's/ .*//; 1q' out): $example";;
  >   *-0) echo "ok: $example";;
  >   *) echo "$status: $example"; cat out;;
  >   esac
  >   grep 'warning: ' out || true
  > done
  ok: --deny-op=openat2 -- ./app
  ok: --allow-op=read,write,fsync -- ./worker
  ok: -r 'deny openat, openat2 if flags & (O_CREAT | O_TRUNC)' -- ./service
  ok: -p no-network -- ./worker
  ok: -p postgresql -- postgres -c io_method=io_uring
  ok: -p ./net.policy --check
  deny: -p ./net.policy --test='connect addr=10.1.2.3 port=80'
  ok: -p ./net.policy --print --kernel=7.2
  ok: --import-seccomp=profile.json >image.policy
  ok: --import-systemd='@system-service ~@privileged' >image.policy
  ok: --learn=app.policy -- ./app --its --options
  ok: -p ./app.policy --check
  deny: -p ./app.policy --test='openat flags=O_WRONLY'
  ok: -p ./app.policy --log-denied -- ./app --its --options
  ok: -p ./app.policy --learn=app.policy --force -- ./app --its --other-options
  ok: -d @network-io -- /usr/bin/worker
  ok: --import-seccomp=profile.json >image.policy
  ok: --import-systemd='@system-service ~@privileged' >image.policy
  ok: --deny-op=openat2 -- ./app
  ok: -a read,write,fsync -- ./worker
  ok: -a read,write,fsync -- /usr/bin/worker
  ok: -p no-network -- ./worker
  ok: -p postgresql -- postgres -c io_method=io_uring
  ok: -p no-network -p no-passthrough -d openat -r 'deny openat2 if flags & O_CREAT' -- ./app
  ok: -r 'default allow' -r 'allow connect if addr in 10.0.0.0/8 and port == 5432' -d send,sendmsg,send_zc,sendmsg_zc -- ./client
  ok: -p no-network --print --kernel=7.2
  ok: -p ./net.policy --check -W
  ok: --drop-caps -p files-only -- ./worker
  deny: -p read-only --test='openat flags=O_CREAT' --explain
  Rules for
    operations and SQE flags       : --doctor
  Rules for
    operations and SQE flags       : --doctor -p no-network
  ok: --learn=./app.policy -- ./app
  ok: -p ./app.policy --log-denied -- ./app
  ok: --unsupported=deny -p no-network -- ./worker
  ok: -p no-network -- uring-jail -d openat2 -- ./worker

The answer in uring-jail-json(5), which is broken into lines there:

  $ page=$root/man/uring-jail-json.5.scd
  $ eval "$(sed -n 's/^\$ uring-jail/uring-jail/p' "$page")" >answer
  [1]
  $ tr -d '\n' <answer >joined
  $ sed -n '/^\$ uring-jail/,/^```/p' "$page" | grep -v '^[$`]' | tr -d '\n' | diff - joined
