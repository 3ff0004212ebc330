What the program has is in its manual, and what the manual names is in the program. Nothing is printed
where the two agree.

  $ cd "$TESTDIR/../.."
  > export XDG_CONFIG_HOME=$CRAMTMP/config
  > mkdir -p "$XDG_CONFIG_HOME/uring-jail"
  > cp policy/presets/*.policy "$XDG_CONFIG_HOME/uring-jail"
  > option_page=man/uring-jail.1.scd policy_page=man/uring-jail-policy.5.scd
  > tmp=$CRAMTMP
  > same() { [ -s "$tmp/a" ] || echo 'nothing to compare'; diff "$tmp/a" "$tmp/b"; }

  $ section() { awk -v name="# $1" '/^# /{inside = $0 == name} inside' "$policy_page"; }

  $ words() { sed -nE "s/.*expected (.*), not .*/\1/p" | sed 's/,//g; s/ or / /' | tr ' ' '\n'; }

Options, each with a paragraph of its own, and from all pages:

  $ uring-jail --help | grep -oE -- '(^| )--?[A-Za-z?][a-z-]*' | tr -d ' ' | sort -u >"$tmp/a"
  $ grep '^\*-' "$option_page" | grep -oE -- '\*--?[A-Za-z?][a-z-]*' | tr -d '*' | sort -u >"$tmp/b"
  $ same

  $ cat man/*.scd | grep -oE -- '\*--?[A-Za-z?][a-z-]*' | tr -d '*' | sort -u >"$tmp/b"
  $ same

Their values:

  $ for option in list print unsupported via kernel; do
  >   uring-jail -d read --$option=nonsense 2>&1 | words | while read -r word; do
  >     grep -E "^\*--$option\*" "$option_page" | grep -qF "*$word*" || echo "--$option=$word"
  >   done
  > done
  $ uring-jail --list=nonsense 2>&1 | words | wc -l
  6

Fields, and the constants that they are compared with:

  $ sed -nE 's/^FIELD\([A-Z_]+, ([a-z_]+),.*/\1/p' policy/field.def >"$tmp/a"
  $ section FIELDS | sed -nE 's/^\|  \*([a-z_]+)\*$/\1/p' >"$tmp/b"
  $ same
  $ section FIELDS | grep -E '^\*[a-z_]+\*(, \*[a-z_]+\*)*$' | grep -oE '[a-z_]+' >"$tmp/b"
  $ same

  $ uring-jail --list=fields | grep '^      ' | grep -oE '\b[A-Z]+_[A-Z0-9_]+' | sort -u >"$tmp/a"
  $ { section FIELDS | sed '1,/^The constants/d'; section FIELDS | grep '^:  O_RDONLY,'; } |
  >   grep -oE '\b[A-Z]+_[A-Z0-9_]+' | sort -u >"$tmp/b"
  $ same

Groups with their members, of operations and of register operations:

  $ uring-jail --list=groups | awk '/^@/ {printf "\n%s", $1} /^ / {$1 = $1; printf " %s", $0}' |
  >   grep -E '^@[a-z-]+: [a-z]' | sed 's/://' >"$tmp/a"
  $ section GROUPS | awk '/^\|  \*@/ {printf "%s", $2} /^:  [a-z]/ {sub(/^: /, ""); print}' |
  >   tr -d '*' >"$tmp/b"
  $ same

What importing decides without a system call, and the version of systemd's sets:

  $ sed -nE 's/^(RING_ONLY|REGISTER_CALLS)\(([a-z0-9_]+),.*/\2/p' policy/import.def | sort >"$tmp/a"
  $ awk '/^# /{inside = $0 == "# IMPORTING"} inside' "$option_page" >"$tmp/importing"
  $ while read -r op; do grep -qF "*$op*" "$tmp/importing" || echo "$op"; done <"$tmp/a"
  $ wc -l <"$tmp/a"
  16
  $ grep -c "$(sed -nE 's/^#define SYSCALL_GROUPS_OF "(.*)"/\1/p' policy/syscall-group.def)" "$tmp/importing"
  1

Presets:

  $ basename -s .policy -a policy/presets/*.policy | sort >"$tmp/a"
  $ section PRESETS | sed -nE 's/^\*([a-z-]+)\*$/\1/p' | sort >"$tmp/b"
  $ same

Statements and comparisons, by what the parser says that it expects; the grammar has them in quotes:

  $ uring-jail -r nonsense --check 2>&1 | words | sort >"$tmp/a"
  $ section STATEMENTS | sed -nE 's/^\*([a-z]+)\* .*/\1/p' | sort -u >"$tmp/b"
  $ same
  $ uring-jail -r 'deny read if user_data 1' --check 2>&1 | words >>"$tmp/a"
  $ while read -r word; do
  >   section GRAMMAR | grep -qF "\"$word\"" || echo "the grammar lacks $word"
  > done <"$tmp/a"

Each policy that is an example is right:

  $ mkdir "$tmp/examples"
  $ awk -v to="$tmp/examples/" '
  >   /^# [a-z-]+\.policy/ {file = $2; sub(/:$/, "", file)}
  >   /^```/ {file = ""}
  >   file {print > (to file)}' "$policy_page"
  $ for policy in "$tmp"/examples/*.policy; do
  >   uring-jail -p "$policy" --check -q --kernel=7.3 >"$tmp/log" 2>&1 && echo "${policy##*/}" ||
  >     cat "$tmp/log"
  > done
  confined.policy
  database.policy
  engine.policy
  example.policy
  fixed.policy
  newer.policy
  no-internal.policy

Presets are right, too, and look like no mistake; notes are allowed:

  $ for preset in policy/presets/*.policy; do
  >   uring-jail -p "$(basename -s .policy "$preset")" --check -W --kernel=7.3 2>"$tmp/log" ||
  >     cat "$tmp/log"
  > done

Members of JSON objects:

  $ echo 'deny opnat' >"$XDG_CONFIG_HOME/uring-jail/wrong.policy"
  $ { uring-jail -p client --drop-caps=kill --print=json --kernel=7.3
  >   uring-jail -r 'include wrong' --check --json
  >   uring-jail -p read-only --test=read --explain --json
  >   for list in ops groups registers flags fields policies; do
  >     uring-jail --list=$list --json
  >   done
  > } | python3 -c '
  > import json, re, sys
  > page = open("man/uring-jail-json.5.scd").read()
  > keys = set()
  > def collect(value):
  >     if isinstance(value, dict):
  >         keys.update(value)
  >     if isinstance(value, (dict, list)):
  >         for inner in value.values() if isinstance(value, dict) else value:
  >             collect(inner)
  > for line in sys.stdin:
  >     collect(json.loads(line))
  > print([key for key in sorted(keys) if "*%s*" % key not in page])'
  []
