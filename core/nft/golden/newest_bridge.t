# `meta broute` (nft 1.0.8), `meta ibrhwaddr` (1.1.6).
:bridge type filter hook prerouting priority 0
meta broute set 1;ok
  [ immediate reg 1 0x00000001 ]
  [ meta set broute with reg 1 ]
ether daddr set meta ibrhwaddr;ok
  [ meta load ibrhwaddr => reg 1 ]
  [ payload write reg 1 => 6b @ link header + 0 csum_type 0 csum_off 0 csum_flags 0x0 ]
meta ibrhwaddr 02:00:00:00:00:01;ok
  [ meta load ibrhwaddr => reg 1 ]
  [ cmp eq reg 1 0x00000002 0x00000100 ]
