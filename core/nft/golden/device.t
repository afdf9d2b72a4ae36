# what a device's own chain does: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:netdev type filter hook ingress device lo priority 0

dup to lo;ok;dup to "lo"
  [ immediate reg 1 0x00000001 ]
  [ dup sreg_dev 1 ]
fwd to lo;ok;fwd to "lo"
  [ immediate reg 1 0x00000001 ]
  [ fwd sreg_dev 1 ]
fwd to meta mark map { 1 : "lo", 2 : "lo" };ok;fwd to meta mark map { 0x00000001 : "lo", 0x00000002 : "lo" }
  element 00000001 : 00000001 0 [end] element 00000002 : 00000001 0 [end]
  [ meta load mark => reg 1 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ fwd sreg_dev 1 ]
fwd ip to 192.0.2.1 device lo;ok;fwd ip to 192.0.2.1 device "lo"
  [ immediate reg 1 0x00000001 ]
  [ immediate reg 2 0x010200c0 ]
  [ fwd sreg_dev 1 sreg_addr 2 nfproto 2 ]
fwd ip6 to 2001:db8::1 device "lo";ok
  [ immediate reg 1 0x00000001 ]
  [ immediate reg 2 0xb80d0120 0x00000000 0x00000000 0x01000000 ]
  [ fwd sreg_dev 1 sreg_addr 2 nfproto 10 ]
fwd ip to ip saddr map { 192.0.2.1 : 192.0.2.2 } device lo;ok;fwd ip to ip saddr map { 192.0.2.1 : 192.0.2.2 } device "lo"
  element 010200c0 : 020200c0 0 [end]
  [ meta load protocol => reg 1 ]
  [ cmp eq reg 1 0x00000008 ]
  [ immediate reg 1 0x00000001 ]
  [ payload load 4b @ network header + 12 => reg 2 ]
  [ lookup reg 2 set __map%d dreg 2 ]
  [ fwd sreg_dev 1 sreg_addr 2 nfproto 2 ]
ether type ip ip saddr 192.0.2.1;ok;ip saddr 192.0.2.1
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 2b @ link header + 12 => reg 1 ]
  [ cmp eq reg 1 0x00000008 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ cmp eq reg 1 0x010200c0 ]
vlan id 5 ip saddr 192.0.2.1;ok
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 2b @ link header + 12 => reg 1 ]
  [ cmp eq reg 1 0x00000081 ]
  [ payload load 2b @ link header + 14 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000ff0f ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x00000500 ]
  [ payload load 2b @ link header + 16 => reg 1 ]
  [ cmp eq reg 1 0x00000008 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ cmp eq reg 1 0x010200c0 ]
vlan type ip;ok;ether type 8021q vlan type ip
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 2b @ link header + 12 => reg 1 ]
  [ cmp eq reg 1 0x00000081 ]
  [ payload load 2b @ link header + 16 => reg 1 ]
  [ cmp eq reg 1 0x00000008 ]
vlan pcp 1;ok
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 2b @ link header + 12 => reg 1 ]
  [ cmp eq reg 1 0x00000081 ]
  [ payload load 1b @ link header + 14 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x000000e0 ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x00000020 ]
arp operation request;ok
  [ meta load protocol => reg 1 ]
  [ cmp eq reg 1 0x00000608 ]
  [ payload load 2b @ network header + 6 => reg 1 ]
  [ cmp eq reg 1 0x00000100 ]
ether saddr set 02:00:5e:00:53:01;ok
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ immediate reg 1 0x005e0002 0x00000153 ]
  [ payload write reg 1 => 6b @ link header + 6 csum_type 0 csum_off 0 csum_flags 0x0 ]
vlan id set 5;ok
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 2b @ link header + 12 => reg 1 ]
  [ cmp eq reg 1 0x00000081 ]
  [ payload load 2b @ link header + 14 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x000000f0 ) ^ 0x00000500 ]
  [ payload write reg 1 => 2b @ link header + 14 csum_type 0 csum_off 0 csum_flags 0x0 ]
tcp dport 22;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
