# what rules do: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:inet type filter hook forward priority 0

accept;ok
  [ immediate reg 0 accept ]
drop;ok
  [ immediate reg 0 drop ]
return;ok
  [ immediate reg 0 return ]
continue;ok
  [ immediate reg 0 continue ]
counter;ok
  [ counter pkts 0 bytes 0 ]
counter packets 5 bytes 10;ok;counter
  [ counter pkts 5 bytes 10 ]
counter accept;ok
  [ counter pkts 0 bytes 0 ]
  [ immediate reg 0 accept ]
log;ok
  [ log ]
log prefix "weir: ";ok
  [ log prefix weir:  ]
log prefix "weir: " level info;ok
  [ log prefix weir:  level 6 ]
log level debug;ok
  [ log level 7 ]
log level warn;ok;log
  [ log level 4 ]
log group 5;ok
  [ log group 5 snaplen 0 qthreshold 0 ]
log prefix "x" group 2 snaplen 64 queue-threshold 10;ok
  [ log prefix x group 2 snaplen 64 qthreshold 10 ]
log flags all;ok
  [ log tcpseq tcpopt ipopt uid macdecode ]
log flags tcp sequence,options flags ip options;ok
  [ log tcpseq tcpopt ipopt ]
limit rate 5/second;ok
  [ limit rate 5/second burst 5 type packets flags 0x0 ]
limit rate 5/minute burst 10 packets;ok
  [ limit rate 5/minute burst 10 type packets flags 0x0 ]
limit rate over 100/hour;ok
  [ limit rate 100/hour burst 5 type packets flags 0x1 ]
limit rate 10 mbytes/second;ok
  [ limit rate 10485760/second burst 0 type bytes flags 0x0 ]
limit rate over 1 kbytes/second burst 5 kbytes;ok
  [ limit rate 1024/second burst 5120 type bytes flags 0x1 ]
quota 5 mbytes;ok
  [ quota bytes 5242880 consumed 0 flags 0 ]
quota over 1000 bytes;ok
  [ quota bytes 1000 consumed 0 flags 1 ]
ct count 5;ok
  [ connlimit count 5 flags 0 ]
ct count over 20;ok
  [ connlimit count 20 flags 1 ]
reject;ok
  [ reject type 2 code 1 ]
reject with tcp reset;ok;meta l4proto tcp reject with tcp reset
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ reject type 1 code 0 ]
reject with icmp host-unreachable;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ reject type 0 code 1 ]
reject with icmp type host-unreachable;ok;reject with icmp host-unreachable
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ reject type 0 code 1 ]
reject with icmpv6 admin-prohibited;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ reject type 0 code 1 ]
reject with icmpx no-route;ok
  [ reject type 2 code 0 ]
reject with icmpx port-unreachable;ok;reject
  [ reject type 2 code 1 ]
ip saddr 192.0.2.1 reject;ok;ip saddr 192.0.2.1 reject with icmp port-unreachable
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ cmp eq reg 1 0x010200c0 ]
  [ reject type 0 code 3 ]
ip6 saddr 2001:db8::1 reject with icmpv6 no-route;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ payload load 16b @ network header + 8 => reg 1 ]
  [ cmp eq reg 1 0xb80d0120 0x00000000 0x00000000 0x01000000 ]
  [ reject type 0 code 0 ]
meta l4proto tcp reject with tcp reset;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ reject type 1 code 0 ]
tcp dport 22 reject with tcp reset;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
  [ reject type 1 code 0 ]
meta mark set 5;ok;meta mark set 0x00000005
  [ immediate reg 1 0x00000005 ]
  [ meta set mark with reg 1 ]
meta mark set meta mark & 0xffffff00 | 5;ok;meta mark set meta mark & 0xffffff05 | 0x00000005
  [ meta load mark => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0xffffff00 ) ^ 0x00000005 ]
  [ meta set mark with reg 1 ]
meta mark set ct mark;ok
  [ ct load mark => reg 1 ]
  [ meta set mark with reg 1 ]
ct mark set mark;ok;ct mark set meta mark
  [ meta load mark => reg 1 ]
  [ ct set mark with reg 1 ]
ct mark set ct mark | 0x10;ok;ct mark set ct mark | 0x00000010
  [ ct load mark => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0xffffffef ) ^ 0x00000010 ]
  [ ct set mark with reg 1 ]
meta mark set ip saddr map { 192.0.2.1 : 1, 192.0.2.2 : 2 };ok;meta mark set ip saddr map { 192.0.2.1 : 0x00000001, 192.0.2.2 : 0x00000002 }
  element 010200c0 : 00000001 0 [end] element 020200c0 : 00000002 0 [end]
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ meta set mark with reg 1 ]
meta mark set tcp dport map { 22 : 1, 80-90 : 2 };ok;meta mark set tcp dport map { 22 : 0x00000001, 80-90 : 0x00000002 }
  element 00000000 : 1 [end] element 00001600 : 00000001 0 [end] element 00001700 : 1 [end] element 00005000 : 00000002 0 [end] element 00005b00 : 1 [end]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ meta set mark with reg 1 ]
meta priority set 1:2;ok
  [ immediate reg 1 0x00010002 ]
  [ meta set priority with reg 1 ]
meta nftrace set 1;ok
  [ immediate reg 1 0x00000001 ]
  [ meta set nftrace with reg 1 ]
ct zone set 5;ok
  [ immediate reg 1 0x00000005 ]
  [ ct set zone with reg 1 ]
ip ttl set 64;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 2b @ network header + 8 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000ff00 ) ^ 0x00000040 ]
  [ payload write reg 1 => 2b @ network header + 8 csum_type 1 csum_off 10 csum_flags 0x0 ]
ip dscp set cs1;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 2b @ network header + 0 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x000003ff ) ^ 0x00002000 ]
  [ payload write reg 1 => 2b @ network header + 0 csum_type 1 csum_off 10 csum_flags 0x0 ]
sctp dport set 2907;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000084 ]
  [ immediate reg 1 0x00005b0b ]
  [ payload write reg 1 => 2b @ transport header + 2 csum_type 2 csum_off 8 csum_flags 0x0 ]
udplite dport set 3;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000088 ]
  [ immediate reg 1 0x00000300 ]
  [ payload write reg 1 => 2b @ transport header + 2 csum_type 0 csum_off 0 csum_flags 0x0 ]
ip6 hoplimit set 64;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ immediate reg 1 0x00000040 ]
  [ payload write reg 1 => 1b @ network header + 7 csum_type 0 csum_off 0 csum_flags 0x0 ]
ip6 dscp set ef;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ payload load 2b @ network header + 0 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00003ff0 ) ^ 0x0000800b ]
  [ payload write reg 1 => 2b @ network header + 0 csum_type 0 csum_off 0 csum_flags 0x0 ]
tcp dport set 8080;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ immediate reg 1 0x0000901f ]
  [ payload write reg 1 => 2b @ transport header + 2 csum_type 1 csum_off 16 csum_flags 0x0 ]
ip daddr set 192.0.2.1;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ immediate reg 1 0x010200c0 ]
  [ payload write reg 1 => 4b @ network header + 16 csum_type 1 csum_off 10 csum_flags 0x1 ]
tcp option maxseg size set 1360;ok
  [ immediate reg 1 0x00005005 ]
  [ exthdr write tcpopt reg 1 => 2b @ 2 + 2 ]
tcp flags syn tcp option maxseg size set 1360;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 1b @ transport header + 13 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000002 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000000 ]
  [ immediate reg 1 0x00005005 ]
  [ exthdr write tcpopt reg 1 => 2b @ 2 + 2 ]
tcp dport vmap { 22 : accept, 23 : drop };ok
  element 00001600 : accept 0 [end] element 00001700 : drop 0 [end]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ lookup reg 1 set __map%d dreg 0 ]
ip saddr vmap { 192.0.2.0/24 : accept, 198.51.100.1 : drop };ok
  element 00000000 : 1 [end] element 000200c0 : accept 0 [end] element 000300c0 : 1 [end] element 016433c6 : drop 0 [end] element 026433c6 : 1 [end]
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ lookup reg 1 set __map%d dreg 0 ]
meta l4proto vmap { tcp : accept, udp : continue };ok
  element 00000006 : accept 0 [end] element 00000011 : continue 0 [end]
  [ meta load l4proto => reg 1 ]
  [ lookup reg 1 set __map%d dreg 0 ]
ip saddr . tcp dport vmap { 192.0.2.1 . 22 : accept };ok
  element 010200c0 00001600 : accept 0 [end]
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ payload load 2b @ transport header + 2 => reg 9 ]
  [ lookup reg 1 set __map%d dreg 0 ]
ip6 dscp vmap { cs1 : accept };ok
  element 00000002 : accept 0 [end]
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ payload load 2b @ network header + 0 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000c00f ) ^ 0x00000000 ]
  [ lookup reg 1 set __map%d dreg 0 ]
notrack;ok
  [ notrack ]
tcp dport 22 counter log prefix "ssh " accept;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
  [ counter pkts 0 bytes 0 ]
  [ log prefix ssh  ]
  [ immediate reg 0 accept ]
meta l4proto tcp counter tcp dport 22 accept;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ counter pkts 0 bytes 0 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
  [ immediate reg 0 accept ]
