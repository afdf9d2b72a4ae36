# `fib check` (nft 1.1.4).
:inet type filter hook prerouting priority 0
fib daddr check missing;ok
  [ fib daddr oif present => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
fib daddr . iif check exists;ok
  [ fib daddr . iif oif present => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
fib daddr check vmap { missing : drop, exists : accept };ok
  element 00000000 : drop 0 [end] element 00000001 : accept 0 [end]
  [ fib daddr oif present => reg 1 ]
  [ lookup reg 1 set __map%d dreg 0 ]
meta mark set fib daddr check . ct mark map { exists . 0x00000000 : 0x00000001 };ok
  element 00000001 00000000 : 00000001 0 [end]
  [ fib daddr oif present => reg 1 ]
  [ ct load mark => reg 9 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ meta set mark with reg 1 ]
