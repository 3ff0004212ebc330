Mistakes in policy files: each with its place, and all of them in one run.

  $ export HOME=/home/nobody; unset XDG_CONFIG_HOME
  $ check() { cat >p.policy; uring-jail --check --kernel=7.3 -q -p ./p.policy "$@"; }

Unknown names, with the nearest:

  $ check <<'END'
  > allow opnat2 if flags & O_CREAT
  > deny @file-sytem, register
  > allow openat2 if flagz & O_CREAT and resolve & RESOLVE_BENEEATH
  > allow register @bufers, fils2
  > deny sqe-flags io_drian
  > alow read
  > default alow
  > include
  > END
  ./p.policy:1:7: error: unknown operation 'opnat2'; did you mean 'openat2'?
   1 | allow opnat2 if flags & O_CREAT
     |       ^~~~~~
  ./p.policy:2:6: error: unknown group '@file-sytem'; did you mean '@file_system'?
   2 | deny @file-sytem, register
     |      ^~~~~~~~~~~
  ./p.policy:2:19: error: unknown operation 'register'
   2 | deny @file-sytem, register
     |                   ^~~~~~~~
  ./p.policy:3:18: error: unknown field 'flagz'; did you mean 'flags'?
   3 | allow openat2 if flagz & O_CREAT and resolve & RESOLVE_BENEEATH
     |                  ^~~~~
  ./p.policy:4:16: error: unknown group of register operations '@bufers'; did you mean '@buffers'?
   4 | allow register @bufers, fils2
     |                ^~~~~~~
  ./p.policy:4:25: error: unknown register operation 'fils2'; did you mean 'files2'?
   4 | allow register @bufers, fils2
     |                         ^~~~~
  ./p.policy:5:16: error: unknown SQE flag 'io_drian'; did you mean 'io_drain'?
   5 | deny sqe-flags io_drian
     |                ^~~~~~~~
  ./p.policy:6:1: error: expected allow, deny, require, default or include, not 'alow'
   6 | alow read
     | ^~~~
  ./p.policy:7:9: error: expected allow or deny, not 'alow'
   7 | default alow
     |         ^~~~
  ./p.policy:8:8: error: expected a file in double quotes, or a policy's name
   8 | include
     |        ^
  [125]

Fields that the op does not have, and constants of another kind:

  $ check <<'END'
  > allow read if flags & O_CREAT
  > deny openat, socket if family == AF_INET
  > allow socket if family == SOCK_STREAM or type in {AF_INET, SOCK_DGRAM}
  > allow connect if port == AF_INET
  > allow connect if addr == 80
  > allow connect if addr < 10.0.0.0/8 or addr & 1
  > allow socket if family == inet6x
  > END
  ./p.policy:1:15: error: the operation read has no field flags
   1 | allow read if flags & O_CREAT
     |               ^~~~~
  ./p.policy:2:24: error: the operation openat has no field family
   2 | deny openat, socket if family == AF_INET
     |                        ^~~~~~
  ./p.policy:3:27: error: 'SOCK_STREAM' is of another kind (socket type); family takes AF_ constants
   3 | allow socket if family == SOCK_STREAM or type in {AF_INET, SOCK_DGRAM}
     |                           ^~~~~~~~~~~
  ./p.policy:3:51: error: 'AF_INET' is of another kind (address family); type takes SOCK_ constants
   3 | allow socket if family == SOCK_STREAM or type in {AF_INET, SOCK_DGRAM}
     |                                                   ^~~~~~~
  ./p.policy:4:26: error: 'AF_INET' is of another kind (address family); port takes numbers
   4 | allow connect if port == AF_INET
     |                          ^~~~~~~
  ./p.policy:5:26: error: expected an address or a network, not '80'
   5 | allow connect if addr == 80
     |                          ^~
  ./p.policy:6:23: error: addresses have no order; use ==, != or in
   6 | allow connect if addr < 10.0.0.0/8 or addr & 1
     |                       ^
  ./p.policy:6:44: error: addresses have no bits; use ==, != or in with a network
   6 | allow connect if addr < 10.0.0.0/8 or addr & 1
     |                                            ^
  ./p.policy:7:27: error: unknown address family 'inet6x'; did you mean 'inet6'?
   7 | allow socket if family == inet6x
     |                           ^~~~~~
  [125]

Values that do not fit:

  $ check <<'END'
  > allow connect if port == 65536 or port in {1-65536, 9-8}
  > allow openat if accmode == 4 or accmode & 8
  > allow openat if mode == 0x10000000000000000
  > allow openat if mode == 08 or flags == 010
  > allow socket if family == 0x1ffffffff
  > allow openat if flags & 0x40 == 0x80
  > allow read if user_data == 12ab or user_data in {1-, 2-3-4}
  > END
  ./p.policy:1:26: error: 65536 is more than 65535
   1 | allow connect if port == 65536 or port in {1-65536, 9-8}
     |                          ^~~~~
  ./p.policy:1:46: error: 65536 is more than 65535
   1 | allow connect if port == 65536 or port in {1-65536, 9-8}
     |                                              ^~~~~
  ./p.policy:1:53: error: the range ends before it starts
   1 | allow connect if port == 65536 or port in {1-65536, 9-8}
     |                                                     ^~~
  ./p.policy:2:28: error: 4 is more than 3
   2 | allow openat if accmode == 4 or accmode & 8
     |                            ^
  ./p.policy:2:43: error: 8 is more than 3
   2 | allow openat if accmode == 4 or accmode & 8
     |                                           ^
  ./p.policy:3:25: error: 0x10000000000000000 is more than 18446744073709551615
   3 | allow openat if mode == 0x10000000000000000
     |                         ^~~~~~~~~~~~~~~~~~~
  ./p.policy:4:25: error: '08' is not a number
   4 | allow openat if mode == 08 or flags == 010
     |                         ^~
  ./p.policy:4:40: error: '010' has a leading 0; write it without, or in hexadecimal after 0x
   4 | allow openat if mode == 08 or flags == 010
     |                                        ^~~
  ./p.policy:5:27: error: 0x1ffffffff is more than 4294967295
   5 | allow socket if family == 0x1ffffffff
     |                           ^~~~~~~~~~~
  ./p.policy:6:33: error: 0x80 has bits outside of 0x40, which is all that can be there
   6 | allow openat if flags & 0x40 == 0x80
     |                                 ^~~~
  ./p.policy:7:28: error: '12ab' is not a number
   7 | allow read if user_data == 12ab or user_data in {1-, 2-3-4}
     |                            ^~~~
  ./p.policy:7:52: error: '' is not a number
   7 | allow read if user_data == 12ab or user_data in {1-, 2-3-4}
     |                                                    ^
  ./p.policy:7:54: error: '2-3' is not a number
   7 | allow read if user_data == 12ab or user_data in {1-, 2-3-4}
     |                                                      ^~~
  [125]

Addresses:

  $ check <<'END'
  > deny connect if addr in {10.1.0.0/8, 10.0.0/8, 10.0.0.256, 10.0.0.0/33, 2001:db8::/129}
  > deny connect if addr in {2001:db8::1/32, 1:2:3, ::g, ::1::, 010.0.0.1, 10.0.0.0/}
  > END
  ./p.policy:1:26: error: '10.1.0.0/8': bits are set after the prefix
   1 | deny connect if addr in {10.1.0.0/8, 10.0.0/8, 10.0.0.256, 10.0.0.0/33, 2001:db8::/129}
     |                          ^~~~~~~~~~
  ./p.policy:1:38: error: '10.0.0/8': not an IPv4 or IPv6 address
   1 | deny connect if addr in {10.1.0.0/8, 10.0.0/8, 10.0.0.256, 10.0.0.0/33, 2001:db8::/129}
     |                                      ^~~~~~~~
  ./p.policy:1:48: error: '10.0.0.256': not an IPv4 or IPv6 address
   1 | deny connect if addr in {10.1.0.0/8, 10.0.0/8, 10.0.0.256, 10.0.0.0/33, 2001:db8::/129}
     |                                                ^~~~~~~~~~
  ./p.policy:1:60: error: '10.0.0.0/33': the prefix of an IPv4 network is at most 32
   1 | deny connect if addr in {10.1.0.0/8, 10.0.0/8, 10.0.0.256, 10.0.0.0/33, 2001:db8::/129}
     |                                                            ^~~~~~~~~~~
  ./p.policy:1:73: error: '2001:db8::/129': the prefix of an IPv6 network is at most 128
   1 | deny connect if addr in {10.1.0.0/8, 10.0.0/8, 10.0.0.256, 10.0.0.0/33, 2001:db8::/129}
     |                                                                         ^~~~~~~~~~~~~~
  ./p.policy:2:26: error: '2001:db8::1/32': bits are set after the prefix
   2 | deny connect if addr in {2001:db8::1/32, 1:2:3, ::g, ::1::, 010.0.0.1, 10.0.0.0/}
     |                          ^~~~~~~~~~~~~~
  ./p.policy:2:42: error: '1:2:3': not an IPv4 or IPv6 address
   2 | deny connect if addr in {2001:db8::1/32, 1:2:3, ::g, ::1::, 010.0.0.1, 10.0.0.0/}
     |                                          ^~~~~
  ./p.policy:2:49: error: '::g': not an IPv4 or IPv6 address
   2 | deny connect if addr in {2001:db8::1/32, 1:2:3, ::g, ::1::, 010.0.0.1, 10.0.0.0/}
     |                                                 ^~~
  ./p.policy:2:54: error: '::1::': not an IPv4 or IPv6 address
   2 | deny connect if addr in {2001:db8::1/32, 1:2:3, ::g, ::1::, 010.0.0.1, 10.0.0.0/}
     |                                                      ^~~~~
  ./p.policy:2:61: error: '010.0.0.1': a number with a leading 0, which some read as octal
   2 | deny connect if addr in {2001:db8::1/32, 1:2:3, ::g, ::1::, 010.0.0.1, 10.0.0.0/}
     |                                                             ^~~~~~~~~
  ./p.policy:2:72: error: '10.0.0.0/': the prefix after / is not a number
   2 | deny connect if addr in {2001:db8::1/32, 1:2:3, ::g, ::1::, 010.0.0.1, 10.0.0.0/}
     |                                                                        ^~~~~~~~~
  [125]

Flags:

  $ check <<'END'
  > deny openat if flags & O_WRONLY
  > deny openat if flags & O_RDONLY
  > deny openat if flags & (O_CREAT | O_LARGEFILE)
  > deny openat if flags & 0
  > deny openat if flags & 0x8000
  > deny openat if resolve & ~(0xffffffffffffffff)
  > deny openat if flags & O_TMPFILE
  > deny sqe-flags 0
  > END
  ./p.policy:1:24: error: the access mode is no flag; compare the field accmode with it
   1 | deny openat if flags & O_WRONLY
     |                        ^~~~~~~~
  ./p.policy:2:24: error: the access mode is no flag; compare the field accmode with it
   2 | deny openat if flags & O_RDONLY
     |                        ^~~~~~~~
  ./p.policy:3:35: error: the kernel adds O_LARGEFILE by itself, so comparisons of flags ignore it
   3 | deny openat if flags & (O_CREAT | O_LARGEFILE)
     |                                   ^~~~~~~~~~~
  ./p.policy:4:24: error: a mask without any bit: no request has one of none
   4 | deny openat if flags & 0
     |                        ^
  ./p.policy:5:24: error: 0x8000 has bits outside of 0xffffffffffff7fff, which is all that can be there
   5 | deny openat if flags & 0x8000
     |                        ^~~~~~
  ./p.policy:6:26: error: a mask without any bit: no request has one of none
   6 | deny openat if resolve & ~(0xffffffffffffffff)
     |                          ^~~~~~~~~~~~~~~~~~~~~
  ./p.policy:8:16: error: a mask without any flag
   8 | deny sqe-flags 0
     |                ^
  [125]

  $ printf 'deny openat if flags & O_TMPFILE\n' | uring-jail --check --kernel=7.3 -p - 2>&1 | head -n 3
  (standard input):1:24: warning: O_TMPFILE has several bits, and & asks for any of them; for all of them write & O_TMPFILE == O_TMPFILE
   1 | deny openat if flags & O_TMPFILE
     |                        ^~~~~~~~~

Brackets and strings that are not closed are reported where they were opened, and reading goes on
with the next statement:

  $ check <<'END'
  > allow connect if port in {443, 80
  > deny openta
  > allow connect if (port == 443 or (port == 80)
  > deny opneat
  > include "no-network
  > allow connect if port in {443,
  >     80 8000}
  > allow read,
  > deny wirte
  > allow socket if family in {}
  > END
  ./p.policy:1:26: error: this bracket is not closed
   1 | allow connect if port in {443, 80
     |                          ^
  ./p.policy:2:6: error: unknown operation 'openta'; did you mean 'openat'?
   2 | deny openta
     |      ^~~~~~
  ./p.policy:3:18: error: this bracket is not closed
   3 | allow connect if (port == 443 or (port == 80)
     |                  ^
  ./p.policy:4:6: error: unknown operation 'opneat'; did you mean 'openat'?
   4 | deny opneat
     |      ^~~~~~
  ./p.policy:5:9: error: the quote that closes this string is missing in its line
   5 | include "no-network
     |         ^~~~~~~~~~~
  ./p.policy:7:8: error: expected a comma or }, not '8000'
   7 |     80 8000}
     |        ^~~~
  ./p.policy:8:12: error: expected a name, a number or a group
   8 | allow read,
     |            ^
  ./p.policy:9:6: error: unknown operation 'wirte'; did you mean 'write'?
   9 | deny wirte
     |      ^~~~~
  ./p.policy:10:27: error: an empty set: nothing is in it
   10 | allow socket if family in {}
      |                           ^~
  [125]

Groups of register operations:

  $ check <<'END'
  > deny register @jails
  > deny register @basic-io
  > deny sqe-flags @ring
  > END
  ./p.policy:1:15: error: what is in @jails can be denied only by its own name
   1 | deny register @jails
     |               ^~~~~~
  ./p.policy:2:15: error: unknown group of register operations '@basic-io'
   2 | deny register @basic-io
     |               ^~~~~~~~~
  ./p.policy:3:16: error: SQE flags have no groups but @all
   3 | deny sqe-flags @ring
     |                ^~~~~
  [125]

Statements:

  $ check <<'END'
  > allow read write
  > allow
  > deny read,,write,
  > deny read; deny write
  > require read
  > require sqe-flags
  > default
  > default register maybe
  > allow register files if user_data == 1
  > allow read if
  > allow read if user_data
  > allow read if user_data = 1
  > allow read if not
  > allow read if user_data == 1 and
  > allow read if user_data == 1 user_data == 2
  > allow read if (user_data == 1))
  > END
  ./p.policy:1:12: error: expected a comma, not 'write'
   1 | allow read write
     |            ^~~~~
  ./p.policy:2:6: error: expected a name, a number or a group
   2 | allow
     |      ^
  ./p.policy:3:11: error: expected a name, a number or a group, not ','
   3 | deny read,,write,
     |           ^
  ./p.policy:3:18: error: expected a name, a number or a group
   3 | deny read,,write,
     |                  ^
  ./p.policy:4:10: error: expected a comma, not ';'
   4 | deny read; deny write
     |          ^
  ./p.policy:4:12: error: expected a comma, not 'deny'
   4 | deny read; deny write
     |            ^~~~
  ./p.policy:4:12: error: unknown operation 'deny'
   4 | deny read; deny write
     |            ^~~~
  ./p.policy:4:17: error: expected a comma, not 'write'
   4 | deny read; deny write
     |                 ^~~~~
  ./p.policy:5:9: error: expected sqe-flags, not 'read'
   5 | require read
     |         ^~~~
  ./p.policy:6:18: error: expected a name, a number or a group
   6 | require sqe-flags
     |                  ^
  ./p.policy:7:8: error: expected allow or deny
   7 | default
     |        ^
  ./p.policy:8:18: error: expected allow or deny, not 'maybe'
   8 | default register maybe
     |                  ^~~~~
  ./p.policy:9:22: error: only operations can have a condition
   9 | allow register files if user_data == 1
     |                      ^~
  ./p.policy:10:14: error: expected a field
   10 | allow read if
      |              ^
  ./p.policy:11:24: error: expected ==, !=, <, <=, >, >=, &, in or not in
   11 | allow read if user_data
      |                        ^
  ./p.policy:12:25: error: expected ==, !=, <, <=, >, >=, &, in or not in, not '='
   12 | allow read if user_data = 1
      |                         ^
  ./p.policy:13:18: error: expected a field
   13 | allow read if not
      |                  ^
  ./p.policy:14:33: error: expected a field
   14 | allow read if user_data == 1 and
      |                                 ^
  ./p.policy:15:30: error: expected the end of the statement, not 'user_data'
   15 | allow read if user_data == 1 user_data == 2
      |                              ^~~~~~~~~
  ./p.policy:16:31: error: expected the end of the statement, not ')'
   16 | allow read if (user_data == 1))
      |                               ^
  [125]

Two defaults at one level; the outermost wins over others:

  $ check <<'END'
  > default deny
  > default register deny
  > default allow
  > END
  ./p.policy:3:1: error: a second, different default
   3 | default allow
     | ^~~~~~~~~~~~~
  ./p.policy:1:1: note: first stated here
   1 | default deny
     | ^~~~~~~~~~~~
  [125]

  $ printf 'default deny\n' >inner.policy
  $ check --default=allow <<'END'
  > default deny
  > include "inner.policy"
  > END

Includes:

  $ mkdir -p sub && printf 'deny opentat\n' >sub/bad.policy
  $ printf 'include "bad.policy"\ninclude "missing.policy"\n' >sub/outer.policy
  $ check <<'END'
  > include "sub/outer.policy"
  > include "p.policy"
  > include no-such-policy
  > include p.policy
  > include ../p
  > include ""
  > include "."
  > END
  ./sub/bad.policy:1:6: error: unknown operation 'opentat'; did you mean 'openat'?
   1 | deny opentat
     |      ^~~~~~~
     included at ./sub/outer.policy:1:9
     included at ./p.policy:1:9
  ./sub/outer.policy:2:9: error: cannot read ./sub/missing.policy: No such file or directory
   2 | include "missing.policy"
     |         ^~~~~~~~~~~~~~~~
     included at ./p.policy:1:9
  ./p.policy:2:9: error: this file includes itself
   2 | include "p.policy"
     |         ^~~~~~~~~~
  ./p.policy:3:9: error: no policy 'no-such-policy' in /home/nobody/.config/uring-jail, /etc/uring-jail or *uring-jail (glob)
   3 | include no-such-policy
     |         ^~~~~~~~~~~~~~
  ./p.policy:4:9: error: no policy 'p.policy' in /home/nobody/.config/uring-jail, /etc/uring-jail or *uring-jail; for the file here write it in double quotes (glob)
   4 | include p.policy
     |         ^~~~~~~~
  ./p.policy:5:9: error: a path is written in double quotes
   5 | include ../p
     |         ^~~~
  ./p.policy:6:9: error: the name is empty
   6 | include ""
     |         ^~
  ./p.policy:7:9: error: cannot read ./.: Is a directory
   7 | include "."
     |         ^~~
  [125]

  $ for i in $(seq 20); do echo "include \"d$((i + 1)).policy\"" >d$i.policy; done
  $ check <<'END'
  > include "d1.policy"
  > END
  ./d15.policy:1:9: error: included too deeply: no more than 16 files may include each other
   1 | include "d16.policy"
     |         ^~~~~~~~~~~~
     included at ./d14.policy:1:9
     included at ./d13.policy:1:9
     included at ./d12.policy:1:9
     included at ./d11.policy:1:9
     included at ./d10.policy:1:9
     included at ./d9.policy:1:9
     included at ./d8.policy:1:9
     included at ./d7.policy:1:9
     included at ./d6.policy:1:9
     included at ./d5.policy:1:9
     included at ./d4.policy:1:9
     included at ./d3.policy:1:9
     included at ./d2.policy:1:9
     included at ./d1.policy:1:9
     included at ./p.policy:1:9
  [125]

Files:

  $ uring-jail --check -p .
  uring-jail: no policy '.' in /home/nobody/.config/uring-jail, /etc/uring-jail or *uring-jail; for the file here write ./. (glob)
  [125]

  $ uring-jail --check -p ./missing
  uring-jail: cannot read ./missing: No such file or directory
  [125]

  $ uring-jail --check -p p.policy
  uring-jail: no policy 'p.policy' in /home/nobody/.config/uring-jail, /etc/uring-jail or *uring-jail; for the file here write ./p.policy (glob)
  [125]

  $ uring-jail --check -p - -p - </dev/null
  uring-jail: standard input can be read only once
  [125]

  $ truncate -s 17M large.policy; uring-jail --check -p ./large.policy
  uring-jail: ./large.policy is larger than 16 MiB
  [125]

  $ printf 'deny read\0\n' >nul.policy; uring-jail --check -p ./nul.policy
  ./nul.policy:1:10: error: a NUL byte: this is no text
   1 | deny read?
     |          ^
  ./nul.policy:1:10: error: expected a comma, not ''
   1 | deny read?
     |          ^
  [125]

  $ : >empty.policy; uring-jail --check -p ./empty.policy
  uring-jail: the policy has no statement; "default allow" is one that allows everything
  [125]

  $ { printf 'allow '; printf 'read,%.0s' $(seq 20000); echo raed; } >long.policy
  $ uring-jail --check -p ./long.policy
  ./long.policy:1:100007: error: unknown operation 'raed'; did you mean 'read'?
   1 | ...read,read,read,read,read,read,read,read,read,read,read,read,read,read,read,read,raed
     |                                                                                    ^~~~
  [125]

Rules on the command line are one statement each:

  $ uring-jail -r 'deny read' -r 'deny opnat2' -r 'deny read
  > deny write' -r '' --check
  -r 2:6: error: unknown operation 'opnat2'; did you mean 'openat2'?
     | deny opnat2
     |      ^~~~~~
  -r 3:1: error: expected one statement only, not 'deny'
     | deny write
     | ^~~~
  -r 4:1: error: expected allow, deny, require, default or include
     | 
     | ^
  [125]

Tabs and characters of several bytes do not move the underline away:

  $ check <<'END'
  > # ü
  > 	deny	öpenat,	raed
  > END
  ./p.policy:2:7: error: expected a name, a number or a group, not '\xc3\xb6' (esc)
   2 | \tdeny\t\xc3\xb6penat,\traed (esc)
     | \t    \t^ (esc)
  ./p.policy:2:9: error: expected a comma, not 'penat'
   2 | \tdeny\t\xc3\xb6penat,\traed (esc)
     | \t    \t ^~~~~ (esc)
  ./p.policy:2:9: error: unknown operation 'penat'; did you mean 'openat'?
   2 | \tdeny\t\xc3\xb6penat,\traed (esc)
     | \t    \t ^~~~~ (esc)
  ./p.policy:2:16: error: unknown operation 'raed'; did you mean 'read'?
   2 | \tdeny\t\xc3\xb6penat,\traed (esc)
     | \t    \t       \t^~~~ (esc)
  [125]

A file that is named twice, or included beside that, is read once; it counts as outermost:

  $ printf 'default allow\n' >once.policy; printf 'include "once.policy"\n' >twice.policy
  $ uring-jail -p ./twice.policy -p ./once.policy -p ./once.policy -r 'default allow' --print=policy
  default allow

A text that is no UTF-8 is shown all the same:

  $ head -c 300 /dev/zero | tr '\0' '\200' >bytes.policy; uring-jail --check -p ./bytes.policy 2>&1 |
  >   head -n 1 | LC_ALL=C tr '\200' 'x' | cut -c 1-90
  ./bytes.policy:1:1: error: expected allow, deny, require, default or include, not 'xxxxxxx

Messages are coloured on a terminal, but not where NO_COLOR says so, or the terminal can do nothing:

  $ on_terminal() { env TERM=xterm "$@" script -qec "uring-jail -r 'deny raed' --check" /dev/null | sed 's/\x1b/<ESC>/g; s/\r//'; }
  $ on_terminal NO_COLOR=
  <ESC>[1m-r 1:6: <ESC>[1;31merror:<ESC>[m unknown operation 'raed'; did you mean 'read'?
     | deny raed
     |      <ESC>[1;32m^~~~<ESC>[m
  $ on_terminal NO_COLOR=1
  -r 1:6: error: unknown operation 'raed'; did you mean 'read'?
     | deny raed
     |      ^~~~
  $ on_terminal TERM=dumb
  -r 1:6: error: unknown operation 'raed'; did you mean 'read'?
     | deny raed
     |      ^~~~
