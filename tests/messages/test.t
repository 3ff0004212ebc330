What a policy does, asked request by request.

  $ cat >net.policy <<'END'
  > default deny
  > allow read, write
  > allow socket if family in {AF_INET, AF_INET6} and type == SOCK_STREAM
  > deny socket if (
  >     protocol == IPPROTO_SCTP  # a comment
  > )
  > allow connect if addr in 10.0.0.0/8 and port == 443
  > require sqe-flags fixed_file
  > END

  $ uring-jail -p ./net.policy --test='read sqe_flags=fixed_file' --test='read' --test=fsync
  allow  read  ./net.policy:2: allow read, write
  deny   read  ./net.policy:8: require sqe-flags fixed_file (a required flag is missing)
  deny   fsync  ./net.policy:1: default deny
  [1]

  $ uring-jail -p ./net.policy --test='read sqe_flags=fixed_file'
  allow  read  ./net.policy:2: allow read, write

  $ uring-jail -r 'deny read' --test=write
  allow  write  the default, since no statement is about it

  $ uring-jail -p ./net.policy --explain \
  >   --test='socket family=AF_INET type=SOCK_STREAM protocol=132 sqe_flags=1'
  deny   socket  ./net.policy:4: deny socket if ( protocol == IPPROTO_SCTP )
         matches  ./net.policy:3: allow socket if family in {AF_INET, AF_INET6} and type == SOCK_STREAM
         matches  ./net.policy:4: deny socket if ( protocol == IPPROTO_SCTP )
  [1]

  $ uring-jail -p ./net.policy --test - <<'END'
  > # requests
  > connect addr=10.1.2.3 port=443 sqe_flags=fixed_file
  > 
  > connect addr=::ffff:10.1.2.3 port=443 sqe_flags=fixed_file
  > connect addr=11.1.2.3 port=443 sqe_flags=fixed_file
  > register files
  > END
  allow  connect  ./net.policy:7: allow connect if addr in 10.0.0.0/8 and port == 443
  allow  connect  ./net.policy:7: allow connect if addr in 10.0.0.0/8 and port == 443
  deny   connect  ./net.policy:7: allow connect if addr in 10.0.0.0/8 and port == 443 (no condition under which it is allowed holds)
  allow  register files  the default, since no statement is about it
  [1]

  $ uring-jail -d msg_ring --test='register send_msg_ring' --test='register query'
  deny   register send_msg_ring  --deny-op: msg_ring (it does what the operation msg_ring does, which is denied)
  allow  register query  allowed unless denied by its own name
  [1]

  $ uring-jail -d read --test='raed' --test='read flags=1' --test='openat flags=O_CRAET' --test=''
  --test:1: error: unknown operation 'raed'; did you mean 'read'?
     | raed
     | ^~~~
  --test:6: error: the operation read has no field flags
     | read flags=1
     |      ^~~~~
  --test:14: error: unknown open flag 'O_CRAET'; did you mean 'creat'?
     | openat flags=O_CRAET
     |              ^~~~~~~
  --test:1: error: expected the name of the operation
     | 
     | ^
  [125]

  $ uring-jail -d opnat --test=read
  --deny-op:1: error: unknown operation 'opnat'; did you mean 'openat'?
     | opnat
     | ^~~~~
  [125]

  $ uring-jail -p ./net.policy --json --test='socket family=AF_INET type=SOCK_DGRAM'
  {"kind":"decision","schema":1,"request":"socket family=AF_INET type=SOCK_DGRAM","operation":{"number":45,"name":"socket","register":false},"verdict":"deny","reason":"allow_unmet","statement":{"text":"allow socket if family in {AF_INET, AF_INET6} and type == SOCK_STREAM","source":"./net.policy","line":3,"column":1,"end":{"line":3,"column":70}}}
  [1]
