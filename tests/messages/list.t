The lists hold every row of the tables; what the running kernel has differs, so it is left out here.

  $ uring-jail --list=ops | awk '{print $1, $2, $3}' | sed -n '1,4p;$p'
  NUMBER NAME SINCE
  0 nop 5.1
  1 readv 5.1
  2 writev 5.1
  64 uring_cmd128 6.19

  $ uring-jail --list=registers | awk '{print $1, $2, $3}' | sed -n '1,5p;37,$p'
  NUMBER NAME SINCE
  0 buffers 5.1
  1 unregister_buffers 5.1
  2 files 5.1
  3 unregister_files 5.1
  35 query 6.18
  36 zcrx_ctrl 6.19
  37 bpf_filter 7.0
  - clone_files proposed

  $ uring-jail --list=flags | awk '{$4 = ""; print}'
  MASK NAME SINCE  WHAT
  0x01 fixed_file 5.1  the file is an index into the registered files
  0x02 io_drain 5.2  start after all earlier requests have completed
  0x04 io_link 5.3  the next request starts after this one, if it succeeds
  0x08 io_hardlink 5.5  the next request starts after this one, even if it fails
  0x10 async 5.6  always run in a worker thread
  0x20 buffer_select 5.7  the kernel picks one of the provided buffers
  0x40 cqe_skip_success 5.17  post no completion on success

  $ uring-jail --list=ops | awk 'NR > 1 {print $4}' | grep -vxE 'yes|no|\?'
  [1]
