# options of IPv4 and chunks of SCTP: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:inet type filter hook prerouting priority 0

sctp chunk init exists;ok
  [ exthdr load 1b @ 1 + 0 present => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
sctp chunk data missing;ok
  [ exthdr load 1b @ 0 + 0 present => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
sctp chunk data type 5;ok
  [ exthdr load 1b @ 0 + 0 => reg 1 ]
  [ cmp eq reg 1 0x00000005 ]
sctp chunk data flags 23;ok
  [ exthdr load 1b @ 0 + 1 => reg 1 ]
  [ cmp eq reg 1 0x00000017 ]
sctp chunk init initial-tsn 5-9;ok
  [ exthdr load 4b @ 1 + 16 => reg 1 ]
  [ cmp gte reg 1 0x05000000 ]
  [ cmp lte reg 1 0x09000000 ]
sctp chunk init-ack num-inbound-streams 5;ok
  [ exthdr load 2b @ 2 + 14 => reg 1 ]
  [ cmp eq reg 1 0x00000500 ]
sctp chunk data tsn != 5;ok
  [ exthdr load 4b @ 0 + 4 => reg 1 ]
  [ cmp neq reg 1 0x05000000 ]
sctp chunk data ppid 5;ok
  [ exthdr load 4b @ 0 + 12 => reg 1 ]
  [ cmp eq reg 1 0x05000000 ]
sctp chunk sack a-rwnd { 1, 2 };ok
  element 01000000 : 0 [end] element 02000000 : 0 [end]
  [ exthdr load 4b @ 3 + 8 => reg 1 ]
  [ lookup reg 1 set __set%d ]
sctp chunk asconf-ack seqno 5;ok
  [ exthdr load 4b @ 128 + 4 => reg 1 ]
  [ cmp eq reg 1 0x05000000 ]
sctp chunk forward-tsn new-cum-tsn 5;ok
  [ exthdr load 4b @ 192 + 4 => reg 1 ]
  [ cmp eq reg 1 0x05000000 ]
sctp chunk cwr lowest-tsn 5;ok
  [ exthdr load 4b @ 13 + 4 => reg 1 ]
  [ cmp eq reg 1 0x05000000 ]
sctp chunk data stream vmap { 1 : accept, 2 : drop };ok
  element 00000100 : accept 0 [end] element 00000200 : drop 0 [end]
  [ exthdr load 2b @ 0 + 8 => reg 1 ]
  [ lookup reg 1 set __map%d dreg 0 ]
ip option ra value 1;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ exthdr load ipv4 2b @ 148 + 2 => reg 1 ]
  [ cmp eq reg 1 0x00000100 ]
ip option lsrr ptr 1;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ exthdr load ipv4 1b @ 131 + 2 => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
ip option rr addr 1;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ exthdr load ipv4 4b @ 7 + 3 => reg 1 ]
  [ cmp eq reg 1 0x01000000 ]
ip option ra exists;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ exthdr load ipv4 1b @ 148 + 0 present => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
ip option ssrr missing;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ exthdr load ipv4 1b @ 137 + 0 present => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
ip option ra length { 4, 5 };ok
  element 00000004 : 0 [end] element 00000005 : 0 [end]
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ exthdr load ipv4 1b @ 148 + 1 => reg 1 ]
  [ lookup reg 1 set __set%d ]
dccp type request;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000021 ]
  [ payload load 1b @ transport header + 8 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000001e ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x00000000 ]
dccp type { request, response };ok
  element 00000000 : 0 [end] element 00000002 : 0 [end]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000021 ]
  [ payload load 1b @ transport header + 8 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000001e ) ^ 0x00000000 ]
  [ lookup reg 1 set __set%d ]
dccp sport 21-35;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000021 ]
  [ payload load 2b @ transport header + 0 => reg 1 ]
  [ cmp gte reg 1 0x00001500 ]
  [ cmp lte reg 1 0x00002300 ]
sctp vtag 5 sctp chunk init exists;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000084 ]
  [ payload load 4b @ transport header + 4 => reg 1 ]
  [ cmp eq reg 1 0x05000000 ]
  [ exthdr load 1b @ 1 + 0 present => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
