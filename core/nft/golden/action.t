# packets and copies handed to something else: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:ip type filter hook prerouting priority 0

dup to 192.0.2.1;ok
  [ immediate reg 1 0x010200c0 ]
  [ dup sreg_addr 1 ]
dup to 192.0.2.1 device lo;ok;dup to 192.0.2.1 device "lo"
  [ immediate reg 1 0x010200c0 ]
  [ immediate reg 2 0x00000001 ]
  [ dup sreg_addr 1 sreg_dev 2 ]
dup to ip saddr map { 192.0.2.1 : 192.0.2.2 };ok
  element 010200c0 : 020200c0 0 [end]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ dup sreg_addr 1 ]
dup to 192.0.2.1 device ip saddr map { 192.0.2.1 : lo };ok;dup to 192.0.2.1 device ip saddr map { 192.0.2.1 : "lo" }
  element 010200c0 : 00000001 0 [end]
  [ immediate reg 1 0x010200c0 ]
  [ payload load 4b @ network header + 12 => reg 2 ]
  [ lookup reg 2 set __map%d dreg 2 ]
  [ dup sreg_addr 1 sreg_dev 2 ]
dup to ip saddr;ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dup sreg_addr 1 ]
meta l4proto tcp tproxy to 192.0.2.1;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ immediate reg 1 0x010200c0 ]
  [ tproxy ip addr reg 1 ]
meta l4proto tcp tproxy to 192.0.2.1:80;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ immediate reg 1 0x010200c0 ]
  [ immediate reg 2 0x00005000 ]
  [ tproxy ip addr reg 1 port reg 2 ]
meta l4proto { tcp, udp } tproxy to :500;ok
  element 00000006 : 0 [end] element 00000011 : 0 [end]
  [ meta load l4proto => reg 1 ]
  [ lookup reg 1 set __set%d ]
  [ immediate reg 1 0x0000f401 ]
  [ tproxy ip port reg 1 ]
ip protocol 6 tproxy to :500;ok;ip protocol tcp tproxy to :500
  [ payload load 1b @ network header + 9 => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ immediate reg 1 0x0000f401 ]
  [ tproxy ip port reg 1 ]
tcp dport 22 tproxy to :50080 accept;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
  [ immediate reg 1 0x0000a0c3 ]
  [ tproxy ip port reg 1 ]
  [ immediate reg 0 accept ]
udp dport 22 tproxy to :50080 meta mark set 5;ok;udp dport 22 tproxy to :50080 meta mark set 0x00000005
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000011 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
  [ immediate reg 1 0x0000a0c3 ]
  [ tproxy ip port reg 1 ]
  [ immediate reg 1 0x00000005 ]
  [ meta set mark with reg 1 ]
