On a kernel without task restrictions nothing runs. (Skipped where the running kernel has them.)

  $ case $(uname -r) in [7-9].*) exit 80;; esac

  $ uring-jail --deny-op=openat2 -- touch ran
  uring-jail: Linux 6.18.44 has no io_uring task restrictions (7.0 or later is needed) (--unsupported=deny denies io_uring altogether)
  [125]

  $ uring-jail -q --deny-op=openat2 -- touch ran
  uring-jail: Linux 6.18.44 has no io_uring task restrictions (7.0 or later is needed) (--unsupported=deny denies io_uring altogether)
  [125]

  $ ls

A policy that denies nothing, or nothing that the kernel has, needs none:

  $ uring-jail --default=allow -- echo ran
  ran

Looking goes on, for the newest kernel known:

  $ uring-jail --deny-op=openat2 --print | head -n 1
  uring-jail: Linux *.* has no io_uring task restrictions; this is for Linux 7.3 (glob)
  Plan for Linux 7.3:

  $ uring-jail -q --deny-op=openat2 --print | head -n 1
  Plan for Linux 7.3:
