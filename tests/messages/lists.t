A misspelt name is an error with the nearest one; every error of every list is reported in one run,
and nothing runs:

  $ uring-jail --deny-op=read,opnat2,,fsnc --allow-register=unregister_file -- touch ran
  --deny-op:6: error: unknown operation 'opnat2'; did you mean 'openat2'?
     | read,opnat2,,fsnc
     |      ^~~~~~
  --deny-op:13: error: expected a name, a number or a group, not ','
     | read,opnat2,,fsnc
     |             ^
  --deny-op:14: error: unknown operation 'fsnc'; did you mean 'fsync'?
     | read,opnat2,,fsnc
     |              ^~~~
  --allow-register:1: error: unknown register operation 'unregister_file'; did you mean 'unregister_files'?
     | unregister_file
     | ^~~~~~~~~~~~~~~
  [125]

  $ ls

A name of another kind, or with too little or too much around it, is unknown:

  $ uring-jail -d files2 --deny-sqe-flags=drain --deny-register=register_files --print
  --deny-op:1: error: unknown operation 'files2'
     | files2
     | ^~~~~~
  --deny-sqe-flags:1: error: unknown SQE flag 'drain'
     | drain
     | ^~~~~
  --deny-register:1: error: unknown register operation 'register_files'; did you mean 'unregister_files'?
     | register_files
     | ^~~~~~~~~~~~~~
  [125]

  $ uring-jail -d OP_READ,reads-,IORING_OP_ --print
  --deny-op:1: error: unknown operation 'OP_READ'
     | OP_READ,reads-,IORING_OP_
     | ^~~~~~~
  --deny-op:9: error: unknown operation 'reads-'; did you mean 'readv'?
     | OP_READ,reads-,IORING_OP_
     |         ^~~~~~
  --deny-op:16: error: unknown operation 'IORING_OP_'
     | OP_READ,reads-,IORING_OP_
     |                ^~~~~~~~~~
  [125]

Groups:

  $ uring-jail -d @all,@nonsense,@ --print
  --deny-op:6: error: unknown group '@nonsense'
     | @all,@nonsense,@
     |      ^~~~~~~~~
  --deny-op:16: error: unknown group '@'
     | @all,@nonsense,@
     |                ^
  [125]

Numbers:

  $ uring-jail -d 64,256,0x100,99999999999999999999,07,0x,6x,0b1 --print
  --deny-op:4: error: 256 is more than 255
     | 64,256,0x100,99999999999999999999,07,0x,6x,0b1
     |    ^~~
  --deny-op:8: error: 0x100 is more than 255
     | 64,256,0x100,99999999999999999999,07,0x,6x,0b1
     |        ^~~~~
  --deny-op:14: error: 99999999999999999999 is more than 255
     | 64,256,0x100,99999999999999999999,07,0x,6x,0b1
     |              ^~~~~~~~~~~~~~~~~~~~
  --deny-op:35: error: '07' has a leading 0; write it without, or in hexadecimal after 0x
     | 64,256,0x100,99999999999999999999,07,0x,6x,0b1
     |                                   ^~
  --deny-op:38: error: '0x' is not a number
     | 64,256,0x100,99999999999999999999,07,0x,6x,0b1
     |                                      ^~
  --deny-op:41: error: '6x' is not a number
     | 64,256,0x100,99999999999999999999,07,0x,6x,0b1
     |                                         ^~
  --deny-op:44: error: '0b1' is not a number
     | 64,256,0x100,99999999999999999999,07,0x,6x,0b1
     |                                            ^~~
  [125]

  $ uring-jail --deny-sqe-flags=0,0x1ff --print
  --deny-sqe-flags:1: error: a mask without any flag
     | 0,0x1ff
     | ^
  --deny-sqe-flags:3: error: 0x1ff is more than 255
     | 0,0x1ff
     |   ^~~~~
  [125]

A list has no empty places and nothing else than commas between its elements:

  $ uring-jail -a '' --print
  --allow-op:1: error: expected a name, a number or a group
     | 
     | ^
  [125]

  $ uring-jail -a ',' --print
  --allow-op:1: error: expected a name, a number or a group, not ','
     | ,
     | ^
  --allow-op:2: error: expected a name, a number or a group
     | ,
     |  ^
  [125]

  $ uring-jail -a 'read write;read' --print
  --allow-op:6: error: expected a comma, not 'write'
     | read write;read
     |      ^~~~~
  --allow-op:11: error: expected a comma, not ';'
     | read write;read
     |           ^
  --allow-op:12: error: expected a comma, not 'read'
     | read write;read
     |            ^~~~
  [125]

A list has no condition:

  $ uring-jail -a 'read if user_data == 1' --print
  --allow-op:6: error: expected the end of the list (a condition needs --rule), not 'if'
     | read if user_data == 1
     |      ^~
  [125]

Nor a comment, which would hide what comes after it:

  $ uring-jail -d 'read#,write' --print
  --deny-op:5: error: expected a comma, not '#'
     | read#,write
     |     ^
  [125]

Control characters never reach the terminal; the underline is under what it means, after tabs and
characters of several bytes too:

  $ uring-jail -a "$(printf '\tread,\033[31m\tö,\302\233opnat')" --print
  --allow-op:7: error: expected a name, a number or a group, not '?'
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t     ^ (esc)
  --allow-op:8: error: expected a comma, not '['
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t      ^ (esc)
  --allow-op:9: error: expected a comma, not '31m'
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t       ^~~ (esc)
  --allow-op:9: error: '31m' is not a number
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t       ^~~ (esc)
  --allow-op:13: error: expected a comma, not '\xc3\xb6' (esc)
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t          \t^ (esc)
  --allow-op:16: error: expected a name, a number or a group, not '?'
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t          \t  ^ (esc)
  --allow-op:18: error: expected a comma, not 'opnat'
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t          \t   ^~~~~ (esc)
  --allow-op:18: error: unknown operation 'opnat'; did you mean 'openat'?
     | \tread,?[31m\t\xc3\xb6,?opnat (esc)
     | \t          \t   ^~~~~ (esc)
  [125]

A long list is shown around the error:

  $ uring-jail -a "$(printf 'read,%.0s' $(seq 100))rea,$(printf 'read,%.0s' $(seq 100))nop" --print
  --allow-op:501: error: unknown operation 'rea'; did you mean 'read'?
     | ...read,read,read,read,read,read,read,read,read,read,read,read,read,read,read,read,rea,read,read,read,read,read,read,read,read,read,read,read,read,read,read,read,r...
     |                                                                                    ^~~
  [125]

After twenty errors the rest is counted:

  $ uring-jail -a "$(printf '@x,%.0s' $(seq 24))nop" --print 2>&1 | grep -v '|'
  --allow-op:1: error: unknown group '@x'
  --allow-op:4: error: unknown group '@x'
  --allow-op:7: error: unknown group '@x'
  --allow-op:10: error: unknown group '@x'
  --allow-op:13: error: unknown group '@x'
  --allow-op:16: error: unknown group '@x'
  --allow-op:19: error: unknown group '@x'
  --allow-op:22: error: unknown group '@x'
  --allow-op:25: error: unknown group '@x'
  --allow-op:28: error: unknown group '@x'
  --allow-op:31: error: unknown group '@x'
  --allow-op:34: error: unknown group '@x'
  --allow-op:37: error: unknown group '@x'
  --allow-op:40: error: unknown group '@x'
  --allow-op:43: error: unknown group '@x'
  --allow-op:46: error: unknown group '@x'
  --allow-op:49: error: unknown group '@x'
  --allow-op:52: error: unknown group '@x'
  --allow-op:55: error: unknown group '@x'
  --allow-op:58: error: unknown group '@x'
  uring-jail: 4 more errors

Defaults:

  $ uring-jail --default=maybe --print
  --default:1: error: expected allow or deny, not 'maybe'
     | maybe
     | ^~~~~
  [125]

  $ uring-jail --default=allow -d read --default=deny --print
  --default:1: error: a second, different default
     | deny
     | ^~~~
  --default:1: note: first stated here
     | allow
     | ^~~~~
  [125]
