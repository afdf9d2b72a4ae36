# source translation: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:ip type nat hook postrouting priority 100

masquerade;ok
  [ masq ]
oifname "eth0" masquerade;ok
  [ meta load oifname => reg 1 ]
  [ cmp eq reg 1 0x30687465 0x00000000 0x00000000 0x00000000 ]
  [ masq ]
masquerade random;ok
  [ masq flags 0x4 ]
masquerade fully-random,persistent;ok
  [ masq flags 0x18 ]
tcp sport 5 masquerade to :1024-2048;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 0 => reg 1 ]
  [ cmp eq reg 1 0x00000500 ]
  [ immediate reg 1 0x00000004 ]
  [ immediate reg 2 0x00000008 ]
  [ masq proto_min reg 1 proto_max reg 2 flags 0x2 ]
snat to 192.0.2.1;ok
  [ immediate reg 1 0x010200c0 ]
  [ nat snat ip addr_min reg 1 ]
ip saddr 10.0.0.0/8 snat to 192.0.2.1-192.0.2.4;ok
  [ payload load 1b @ network header + 12 => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ immediate reg 1 0x010200c0 ]
  [ immediate reg 2 0x040200c0 ]
  [ nat snat ip addr_min reg 1 addr_max reg 2 ]
ip saddr 10.0.0.0/8 snat to 192.0.2.1 persistent;ok
  [ payload load 1b @ network header + 12 => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ immediate reg 1 0x010200c0 ]
  [ nat snat ip addr_min reg 1 flags 0x8 ]
udp sport 53 snat to 192.0.2.1:1024-2048;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000011 ]
  [ payload load 2b @ transport header + 0 => reg 1 ]
  [ cmp eq reg 1 0x00003500 ]
  [ immediate reg 1 0x010200c0 ]
  [ immediate reg 2 0x00000004 ]
  [ immediate reg 3 0x00000008 ]
  [ nat snat ip addr_min reg 1 proto_min reg 2 proto_max reg 3 flags 0x2 ]
snat to ip saddr map { 10.0.0.1 : 192.0.2.1 };ok
  element 0100000a : 010200c0 0 [end]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ nat snat ip addr_min reg 1 ]
ip protocol tcp tcp dport 22;ok;tcp dport 22
  [ payload load 1b @ network header + 9 => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
ip protocol icmp icmp type echo-request;ok;icmp type echo-request
  [ payload load 1b @ network header + 9 => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 1b @ transport header + 0 => reg 1 ]
  [ cmp eq reg 1 0x00000008 ]
ip saddr & 0xff == 1;ok;ip saddr & 0.0.0.255 == 0.0.0.1
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0xff000000 ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x01000000 ]
icmp type echo-reply;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 1b @ transport header + 0 => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
meta protocol ip udp dport 67;ok;udp dport 67
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000011 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00004300 ]
