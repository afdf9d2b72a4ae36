# numbers made up, hashed or asked of others: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:inet type filter hook prerouting priority 0

numgen inc mod 10 vmap { 0-5 : accept, 6-9 : drop };ok
  element 00000000 : accept 0 [end] element 06000000 : drop 0 [end] element 0a000000 : 1 [end]
  [ numgen reg 1 = inc mod 10 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ lookup reg 1 set __map%d dreg 0 ]
numgen random mod 10 < 5;ok
  [ numgen reg 1 = random mod 10 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ cmp lt reg 1 0x05000000 ]
numgen inc mod 2 eq 0;ok;numgen inc mod 2 0
  [ numgen reg 1 = inc mod 2 ]
  [ cmp eq reg 1 0x00000000 ]
numgen inc mod 2 offset 5 5;ok
  [ numgen reg 1 = inc mod 2 offset 5 ]
  [ cmp eq reg 1 0x00000005 ]
ct mark set numgen inc mod 2 offset 100;ok
  [ numgen reg 1 = inc mod 2 offset 100 ]
  [ ct set mark with reg 1 ]
meta mark set numgen random mod 4 map { 0 : 1, 1-3 : 5 };ok;meta mark set numgen random mod 4 map { 0 : 0x00000001, 1-3 : 0x00000005 }
  element 00000000 : 00000001 0 [end] element 01000000 : 00000005 0 [end] element 04000000 : 1 [end]
  [ numgen reg 1 = random mod 4 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ meta set mark with reg 1 ]
jhash ip saddr mod 2 1;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 4b @ network header + 12 => reg 2 ]
  [ hash reg 1 = jhash(reg 2, 4, 0x0) % mod 2 ]
  [ cmp eq reg 1 0x00000001 ]
ct mark set jhash ip saddr . ip daddr mod 2 seed 0xdeadbeef offset 100;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 4b @ network header + 12 => reg 2 ]
  [ payload load 4b @ network header + 16 => reg 13 ]
  [ hash reg 1 = jhash(reg 2, 8, 0xdeadbeef) % mod 2 offset 100 ]
  [ ct set mark with reg 1 ]
meta mark set jhash ip saddr . tcp dport mod 8 map { 0 : 1, 1-3 : 5 };ok;meta mark set jhash ip saddr . tcp dport mod 8 map { 0 : 0x00000001, 1-3 : 0x00000005 }
  element 00000000 : 00000001 0 [end] element 01000000 : 00000005 0 [end] element 04000000 : 1 [end]
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 4b @ network header + 12 => reg 2 ]
  [ payload load 2b @ transport header + 2 => reg 13 ]
  [ hash reg 1 = jhash(reg 2, 8, 0x0) % mod 8 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ meta set mark with reg 1 ]
ct mark set jhash ip6 saddr mod 16 seed 0x0;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ payload load 16b @ network header + 8 => reg 2 ]
  [ hash reg 1 = jhash(reg 2, 16, 0x0) % mod 16 ]
  [ ct set mark with reg 1 ]
symhash mod 2 offset 5 { 5, 6 };ok
  element 00000005 : 0 [end] element 00000006 : 0 [end]
  [ hash reg 1 = symhash() % mod 2 offset 5 ]
  [ lookup reg 1 set __set%d ]
ct mark set symhash mod 2;ok
  [ hash reg 1 = symhash() % mod 2 ]
  [ ct set mark with reg 1 ]
socket transparent 1;ok
  [ socket load transparent => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
socket mark 5;ok;socket mark 0x00000005
  [ socket load mark => reg 1 ]
  [ cmp eq reg 1 0x00000005 ]
socket wildcard 0;ok
  [ socket load wildcard => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
meta mark set socket mark;ok
  [ socket load mark => reg 1 ]
  [ meta set mark with reg 1 ]
socket mark & 0xff == 5;ok;socket mark & 0x000000ff == 0x00000005
  [ socket load mark => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x000000ff ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x00000005 ]
osf name "Linux";ok
  [ osf dreg 1 ]
  [ cmp eq reg 1 0x756e694c 0x00000078 0x00000000 0x00000000 ]
osf ttl loose version "Linux:4.4";ok
  [ osf dreg 1 ]
  [ cmp eq reg 1 0x756e694c 0x2e343a78 0x00000034 0x00000000 ]
osf ttl skip name { "Linux", "MacOs" };ok;osf ttl skip name { "MacOs", "Linux" }
  element 756e694c 00000078 00000000 00000000 : 0 [end] element 4f63614d 00000073 00000000 00000000 : 0 [end]
  [ osf dreg 1 ]
  [ lookup reg 1 set __set%d ]
osf name vmap { "Linux" : accept };ok
  element 756e694c 00000078 00000000 00000000 : accept 0 [end]
  [ osf dreg 1 ]
  [ lookup reg 1 set __map%d dreg 0 ]
ct mark set osf name map { "Linux" : 1 };ok;ct mark set osf name map { "Linux" : 0x00000001 }
  element 756e694c 00000078 00000000 00000000 : 00000001 0 [end]
  [ osf dreg 1 ]
  [ lookup reg 1 set __map%d dreg 1 ]
  [ ct set mark with reg 1 ]
ipsec in reqid 1;ok
  [ xfrm load in 0 reqid => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
ipsec in reqid { 1, 2 };ok
  element 00000001 : 0 [end] element 00000002 : 0 [end]
  [ xfrm load in 0 reqid => reg 1 ]
  [ lookup reg 1 set __set%d ]
ipsec in spnum 2 ip saddr { 192.0.2.1, 198.51.100.0/24 };ok
  element 00000000 : 1 [end] element 010200c0 : 0 [end] element 020200c0 : 1 [end] element 006433c6 : 0 [end] element 006533c6 : 1 [end]
  [ xfrm load in 2 saddr4 => reg 1 ]
  [ lookup reg 1 set __set%d ]
ipsec in ip6 daddr 2001:db8::1;ok
  [ xfrm load in 0 daddr6 => reg 1 ]
  [ cmp eq reg 1 0xb80d0120 0x00000000 0x00000000 0x01000000 ]
ipsec in spi 0x100;ok;ipsec in spi 256
  [ xfrm load in 0 spi => reg 1 ]
  [ cmp eq reg 1 0x00010000 ]
meta ipsec exists;ok
  [ meta load secpath => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
rt ipsec missing;ok
  [ rt load ipsec => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
