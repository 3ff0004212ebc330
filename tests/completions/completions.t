What bash, zsh and fish make of a line when the tab key is pressed. A $ is where the line ends.

  $ cd "$TESTDIR/../.."
  > export XDG_CONFIG_HOME=$CRAMTMP/config
  > mkdir -p "$XDG_CONFIG_HOME/uring-jail"
  > cp policy/presets/*.policy "$XDG_CONFIG_HOME/uring-jail"
  > candidates() { "$COMPLETIONS/uring-jail/candidates" uring-jail "$@"; }
  > tmp=$CRAMTMP
  > same() { [ -s "$tmp/a" ] || echo 'nothing to compare'; diff "$tmp/a" "$tmp/b"; }

  $ lines() {
  >   tests/completions/drive "$1" \
  >     'uring-jail --import-se' \
  >     'uring-jail -a read,fsy' \
  >     'uring-jail -dfsy' \
  >     'uring-jail --allow-op=read,fsy' \
  >     'uring-jail --allow-op=@basic' \
  >     'uring-jail -d @netw' \
  >     'uring-jail --deny-register=sync_c' \
  >     'uring-jail --allow-register @prov' \
  >     'uring-jail --deny-sqe-flags io_dr' \
  >     'uring-jail --list=pol' \
  >     'uring-jail --print=pl' \
  >     'uring-jail --default al' \
  >     'uring-jail --kernel=run' \
  >     'uring-jail --via=fil' \
  >     'uring-jail --unsupported=de' \
  >     'uring-jail --drop-caps=sys_adm' \
  >     'uring-jail --drop-caps=chown,sys_adm' \
  >     'uring-jail --learn=READ' \
  >     'uring-jail -p no-ne' \
  >     'uring-jail -p ./READ' \
  >     'uring-jail --import-seccomp=tests/messages/prof' \
  >     "uring-jail -r 'deny sock" \
  >     "uring-jail -r 'deny socket if fam" \
  >     "uring-jail -q -r 'deny socket if family == AF_NETL" \
  >     "uring-jail -r 'allow register pbuf_r" \
  >     "uring-jail --test 'openat flags=O_EX" \
  >     'uring-jail -a read -- uring-prob' \
  >     'uring-jail -a read -- uring-probe al' \
  >     'uring-jail -p no-network uring-probe al' \
  >     'uring-jail --print uring-probe be'
  > }

  $ lines bash
  uring-jail --import-seccomp=$
  uring-jail -a read,fsync$
  uring-jail -dfsync$
  uring-jail --allow-op=read,fsync$
  uring-jail --allow-op=@basic-io$
  uring-jail -d @network-io$
  uring-jail --deny-register=sync_cancel$
  uring-jail --allow-register @provided-buffers$
  uring-jail --deny-sqe-flags io_drain$
  uring-jail --list=policies $
  uring-jail --print=plan $
  uring-jail --default allow $
  uring-jail --kernel=running $
  uring-jail --via=filters $
  uring-jail --unsupported=deny $
  uring-jail --drop-caps=sys_admin $
  uring-jail --drop-caps=chown,sys_admin $
  uring-jail --learn=README.md $
  uring-jail -p no-network $
  uring-jail -p ./README.md $
  uring-jail --import-seccomp=tests/messages/profile.json $
  uring-jail -r 'deny socket'$
  uring-jail -r 'deny socket if family'$
  uring-jail -q -r 'deny socket if family == AF_NETLINK'$
  uring-jail -r 'allow register pbuf_ring'$
  uring-jail --test 'openat flags=O_EXCL'$
  uring-jail -a read -- uring-probe $
  uring-jail -a read -- uring-probe alpha $
  uring-jail -p no-network uring-probe alpha $
  uring-jail --print uring-probe beta $

  $ lines zsh
  uring-jail --import-seccomp=$
  uring-jail -a read,fsync$
  uring-jail -dfsync$
  uring-jail --allow-op=read,fsync$
  uring-jail --allow-op=@basic-io$
  uring-jail -d @network-io$
  uring-jail --deny-register=sync_cancel$
  uring-jail --allow-register @provided-buffers$
  uring-jail --deny-sqe-flags io_drain$
  uring-jail --list=policies $
  uring-jail --print=plan $
  uring-jail --default allow $
  uring-jail --kernel=running $
  uring-jail --via=filters $
  uring-jail --unsupported=deny $
  uring-jail --drop-caps=sys_admin $
  uring-jail --drop-caps=chown,sys_admin $
  uring-jail --learn=README.md $
  uring-jail -p no-network $
  uring-jail -p ./README.md $
  uring-jail --import-seccomp=tests/messages/profile.json $
  uring-jail -r 'deny socket$
  uring-jail -r 'deny socket if family$
  uring-jail -q -r 'deny socket if family == AF_NETLINK$
  uring-jail -r 'allow register pbuf_ring$
  uring-jail --test 'openat flags=O_EXCL$
  uring-jail -a read -- uring-probe $
  uring-jail -a read -- uring-probe alpha $
  uring-jail -p no-network uring-probe alpha $
  uring-jail --print uring-probe beta $

  $ lines fish
  uring-jail --import-seccomp $
  uring-jail -a read,fsync $
  uring-jail -dfsync $
  uring-jail --allow-op=read,fsync $
  uring-jail --allow-op=@basic-io $
  uring-jail -d @network-io $
  uring-jail --deny-register=sync_cancel $
  uring-jail --allow-register @provided-buffers $
  uring-jail --deny-sqe-flags io_drain $
  uring-jail --list=policies $
  uring-jail --print=plan $
  uring-jail --default allow $
  uring-jail --kernel=running $
  uring-jail --via=filters $
  uring-jail --unsupported=deny $
  uring-jail --drop-caps=sys_admin $
  uring-jail --drop-caps=chown,sys_admin $
  uring-jail --learn=README.md $
  uring-jail -p no-network $
  uring-jail -p ./README.md $
  uring-jail --import-seccomp=tests/messages/profile.json $
  uring-jail -r 'deny socket' $
  uring-jail -r 'deny socket if family' $
  uring-jail -q -r 'deny socket if family == AF_NETLINK' $
  uring-jail -r 'allow register pbuf_ring' $
  uring-jail --test 'openat flags=O_EXCL' $
  uring-jail -a read -- uring-probe $
  uring-jail -a read -- uring-probe alpha $
  uring-jail -p no-network uring-probe alpha $
  uring-jail --print uring-probe beta $

Each option, but for the last letter, in each of them:

  $ sed -nE 's/^\t\{"([a-z-]+)", .*/--\1/p' cli/options.c | sort >"$tmp/a"
  $ for shell in bash zsh fish; do
  >   sed 's/.$//; s/^/uring-jail /' "$tmp/a" | tr '\n' '\0' |
  >     xargs -0 tests/completions/drive $shell | sed -E 's/^uring-jail //; s/[= ]*\$$//' >"$tmp/b"
  >   same
  > done

What they offer, held against the tables:

  $ candidates options | cut -f 1 | grep -- -- | sort >"$tmp/b"; same
  $ candidates options | grep -cvE '^-(-[a-z-]+|.)	[^	]*	[^	]+$'
  0
  [1]

  $ offered() { candidates value "$1" "$2" | cut -f 1 | sort >"$tmp/b"; same; }
  $ { sed -nE 's/^OP\([0-9]+, ([a-z0-9_]+),.*/\1/p' policy/op.def
  >   sed -nE 's/^GROUP\([A-Z_]+, ([a-z_]+),.*/@\1/p' policy/group.def | tr _ -
  >   echo @all; } | sort >"$tmp/a"
  $ for option in -a -d --allow-op --deny-op; do offered $option ''; done
  $ { sed -nE 's/^(REGISTER|PROPOSED)\([0-9]+, ([a-z0-9_]+),.*/\2/p
  >     s/^UNREGISTER\([0-9]+, ([a-z0-9_]+),.*/unregister_\1/p' policy/register-op.def
  >   sed -nE 's/^REGISTER_GROUP\([A-Z_]+, ([a-z_]+),.*/@\1/p' policy/register-group.def | tr _ -
  >   echo @all; } | sort >"$tmp/a"
  $ for option in --allow-register --deny-register; do offered $option ''; done
  $ { sed -nE 's/^SQE_FLAG\([0-9]+, ([a-z0-9_]+),.*/\1/p' policy/sqe-flag.def; echo @all; } |
  >   sort >"$tmp/a"
  $ for option in allow deny require; do offered --$option-sqe-flags ''; done
  $ { setpriv --list-caps; echo @all; } | sort >"$tmp/a"; offered --drop-caps ''
  $ basename -s .policy -a policy/presets/*.policy | sort >"$tmp/a"; offered -p ''

  $ { sed -nE 's/^FIELD\([A-Z_]+, ([a-z_]+),.*/deny openat if \1/p' policy/field.def
  >   echo deny openat if not; } | sort >"$tmp/a"; offered -r 'deny openat if '
  $ constants() { sed -nE "s/^$1\(([a-z0-9_]+),.*/$2\U\1/p" "policy/$3.def"; }
  $ constants 'OPEN_FLAG(_BY_ARCH)?' x open-flag | wc -l
  17
  $ compare() { constants "$1" "$2" "$3" | sed "s/^/deny @all if $4 == /" | sort >"$tmp/a"
  >   offered -r "deny @all if $4 == "; }
  $ sed -nE 's/^OPEN_FLAG(_BY_ARCH)?\(([a-z0-9_]+),.*/deny @all if flags == O_\U\2/p' policy/open-flag.def |
  >   sort >"$tmp/a"; offered -r 'deny @all if flags == '
  $ compare ACCMODE O_ constant accmode
  $ compare RESOLVE RESOLVE_ constant resolve
  $ compare FAMILY AF_ constant family
  $ compare SOCK_TYPE SOCK_ constant type
  $ compare PROTOCOL IPPROTO_ constant protocol

Values, and the parts of rules and requests:

  $ for option in --list --print --unsupported --via --kernel --default; do
  >   echo $option: $(candidates value $option '' | cut -f 1)
  > done
  --list: ops groups registers flags fields policies
  --print: plan policy bpf c json
  --unsupported: fail deny
  --via: auto filters
  --kernel: 7.0 7.1 7.2 7.3 running
  --default: allow deny
  $ rule() { candidates value -r "$1" | cut -f 1; }
  $ rule ''; rule de; rule 'default '; rule 'default register '; rule 'require '; rule 'include files'
  allow
  deny
  require
  default
  include
  deny
  default
  default allow
  default deny
  default register
  default sqe-flags
  default register allow
  default register deny
  require sqe-flags
  include files-only
  $ rule 'deny socket '; rule 'deny register @j'; rule 'allow sqe-flags as'; rule 'deny read, fsy'
  deny socket if
  deny register @jails
  allow sqe-flags async
  deny read, fsync
  $ rule 'deny socket if family '; rule 'deny socket if family == AF_INET '
  deny socket if family ==
  deny socket if family !=
  deny socket if family <
  deny socket if family <=
  deny socket if family >
  deny socket if family >=
  deny socket if family &
  deny socket if family in
  deny socket if family not
  deny socket if family == AF_INET and
  deny socket if family == AF_INET or
  $ rule 'deny socket if family in {AF_INET, AF_UNI'; rule 'deny socket if not (type == SOCK_RA'
  deny socket if family in {AF_INET, AF_UNIX
  deny socket if not (type == SOCK_RAW
  $ rule 'deny openat if flags & (O_CREAT|O_TR'; rule 'deny openat if flags & O_CREAT and ac'
  deny openat if flags & (O_CREAT|O_TRUNC
  deny openat if flags & O_CREAT and accmode
  $ request() { candidates value --test "$1" | cut -f 1; }
  $ request 'renam'; request 'connect '; request 'openat flags=O_CREAT|O_EX'; request 'register que'
  renameat
  connect user_data=
  connect sqe_flags=
  connect family=
  connect port=
  connect addr=
  openat flags=O_CREAT|O_EXCL
  register query
