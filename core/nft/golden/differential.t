# found by comparing rules made at random with nft: what must be refused, kept or written as nft does.
:inet type filter hook input priority 0

tcp dport 5-5;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp gte reg 1 0x00000500 ]
  [ cmp lte reg 1 0x00000500 ]
tcp dport { 5-5, 80 };ok;tcp dport { 5, 80 }
  element 00000000 : 1 [end] element 00000500 : 0 [end] element 00000600 : 1 [end] element 00005000 : 0 [end] element 00005100 : 1 [end]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ lookup reg 1 set __set%d ]
meta mark { 5-5, 9 };ok;meta mark { 0x00000005, 0x00000009 }
  element 00000000 : 1 [end] element 05000000 : 0 [end] element 06000000 : 1 [end] element 09000000 : 0 [end] element 0a000000 : 1 [end]
  [ meta load mark => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ lookup reg 1 set __set%d ]
meta l4proto . th dport { tcp . 80-90, udp . 53 };ok
  element 00000006 00005000 - 00000006 00005a00 : 0 [end] element 00000011 00003500 - 00000011 00003500 : 0 [end]
  [ meta load l4proto => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 2, 1) ]
  [ payload load 2b @ transport header + 2 => reg 9 ]
  [ lookup reg 1 set __set%d ]
ether saddr 00:11:22:33:44:40/20;ok;ether saddr & ff:ff:f0:00:00:00 == 00:11:20:00:00:00
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 6b @ link header + 6 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00f0ffff 0x00000000 ) ^ 0x00000000 0x00000000 ]
  [ cmp eq reg 1 0x00201100 0x00000000 ]
ether saddr & (00:11:22:33:44:ae | 00:11:22:33:44:0a) == 00:11:22:33:44:0a;ok;ether saddr & 00:11:22:33:44:ae == 00:11:22:33:44:0a
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 6b @ link header + 6 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x33221100 0x0000ae44 ) ^ 0x00000000 0x00000000 ]
  [ cmp eq reg 1 0x33221100 0x00000a44 ]
iifname >= wan;ok;iifname >= "wan"
  [ meta load iifname => reg 1 ]
  [ cmp gte reg 1 0x006e6177 0x00000000 0x00000000 0x00000000 ]
tcp flags & ack != ecn;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 1b @ transport header + 13 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000010 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000040 ]
tcp flags & syn != syn;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 1b @ transport header + 13 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000002 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000002 ]
tcp flags == 6;ok;tcp flags == 0x6
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 1b @ transport header + 13 => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
tcp flags 1-23;ok;tcp flags 0x1-0x17
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 1b @ transport header + 13 => reg 1 ]
  [ cmp gte reg 1 0x00000001 ]
  [ cmp lte reg 1 0x00000017 ]
udp length 0/8;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000011 ]
  [ payload load 1b @ transport header + 4 => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
ct zone & 65535 == 9;ok;ct zone 9
  [ ct load zone => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000ffff ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x00000009 ]
icmpv6 param-problem 5;ok;icmpv6 parameter-problem 5
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x0000003a ]
  [ payload load 1b @ transport header + 0 => reg 1 ]
  [ cmp eq reg 1 0x00000004 ]
  [ payload load 4b @ transport header + 4 => reg 1 ]
  [ cmp eq reg 1 0x05000000 ]
tcp option maxseg size set socket wildcard map { 0 : 5, 1 : 32768 };ok
  element 00000000 : 00000500 0 [end] element 00000001 : 00000080 0 [end]
  [ socket load wildcard => reg 1 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ exthdr write tcpopt reg 1 => 2b @ 2 + 2 ]
synproxy mss 1460;ok;synproxy mss 1460 wscale 0
  [ synproxy mss 1460 wscale 0 ]
meta mark << 8 == 256;fail;19-21;datatype mismatch, expected packet mark, expression has type integer
tcp sequence << 8 == 5;fail;22-22;Comparison is always false
meta iif ! lo;fail;1-8;negation can only be used with singleton bitmask values
ip dscp ! 5;fail;1-7;cannot combine negation with binary expression
limit rate until 5/second;fail;12-16;syntax error, unexpected string
ip6 saddr ::1 ip option rr ptr 1;fail;15-30;cannot use exthdr with ip6
ip saddr 192.0.2.1 frag id 5;fail;20-26;cannot use exthdr with ip
meta l4proto 5 tcp dport 22;fail;16-24;conflicting protocols specified: unknown vs. tcp
ip dscp set ip dscp and cs1 or cs2;fail;1-7;Right hand side of binary operation (^) must be constant
tcp flags set tcp flags and cwr or fin;fail;15-38;Right hand side of binary operation (^) must be constant
ip ttl set ip ttl or 128;fail;1-6;Left shift of 8 bits is not defined for type of 8 bits width
ip ecn set meta l4proto map { 17 : ce };fail;1-6;Binary operation (^) is not defined for map expressions
vlan id set ct status;fail;13-21;datatype mismatch: expected integer, expression has type conntrack status
ct mark set udp length;fail;13-22;datatype mismatch: expected packet mark, expression has type integer with length 16
ct helper set symhash mod 4;fail;15-27;Counter expression must be constant
osf name . tcp dport { "Linux" . 5 };fail;1-8;can not use variable sized data types (string) in concat expressions
iifname "a"-"b";fail;9-11;Range expression is not defined for network interface name types
ether saddr "Linux";fail;13-19;Invalid LL address
ct label 999;fail;10-12;999: bit 999 out of range (128 max)
quota over 5 gbytes;fail;1-19;Wrong rate format
rt2 addr ::1;fail;10-12;No symbol type information
rt0 reserved 5;fail;5-12;syntax error, unexpected string
ip saddr . tcp dport . udp sport { 192.0.2.1 . 5 . 6 };fail;22-32;conflicting protocols specified: tcp vs. udp
tcp option sack-perm foo;fail;22-24;Could not parse boolean type
tcp dport vmap { 5-9 : drop, 5-7 : accept };fail;18-20;conflicting intervals specified
tcp dport & & 5;fail;13-13;syntax error, unexpected &
sctp chunk data flags << 9 == 1;fail;26-26;Left shift of 9 bits is not defined for type of 8 bits width
ether type and ip6 or 5 == 7;ok;ether type & ip6 | 0x0005 == 0x0007
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 2b @ link header + 12 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000d886 ) ^ 0x00000500 ]
  [ cmp eq reg 1 0x00000700 ]
reset tcp option mss;ok;reset tcp option maxseg
  [ exthdr reset tcpopt 2 ]
tcp dport { 1, , 2, , };ok;tcp dport { 1, 2 }
  element 00000100 : 0 [end] element 00000200 : 0 [end]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ lookup reg 1 set __set%d ]
