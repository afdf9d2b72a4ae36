# what is known beside the packet: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:inet type filter hook forward priority 0

iifname "eth0";ok
  [ meta load iifname => reg 1 ]
  [ cmp eq reg 1 0x30687465 0x00000000 0x00000000 0x00000000 ]
iifname != "eth0";ok
  [ meta load iifname => reg 1 ]
  [ cmp neq reg 1 0x30687465 0x00000000 0x00000000 0x00000000 ]
iifname "eth*";ok
  [ meta load iifname => reg 1 ]
  [ cmp eq reg 1 0x00687465 ]
iifname { "eth0", "lo" };ok;iifname { "lo", "eth0" }
  element 30687465 00000000 00000000 00000000 : 0 [end] element 00006f6c 00000000 00000000 00000000 : 0 [end]
  [ meta load iifname => reg 1 ]
  [ lookup reg 1 set __set%d ]
iifname { "eth*", "lo" };ok
  element 00000000 00000000 00000000 00000000 : 1 [end] element 00687465 00000000 00000000 00000000 : 0 [end] element 00697465 00000000 00000000 00000000 : 1 [end] element 00006f6c 00000000 00000000 00000000 : 0 [end] element 00006f6c 00000000 00000000 01000000 : 1 [end]
  [ meta load iifname => reg 1 ]
  [ lookup reg 1 set __set%d ]
iifname { "eta*", "etb*" };ok
  element 00000000 00000000 00000000 00000000 : 1 [end] element 00617465 00000000 00000000 00000000 : 0 [end] element 00627465 00000000 00000000 00000000 : 0 [end] element 00637465 00000000 00000000 00000000 : 1 [end]
  [ meta load iifname => reg 1 ]
  [ lookup reg 1 set __set%d ]
iifname { "et*", "etb*", "lo" };ok;iifname { "et*", "lo" }
  element 00000000 00000000 00000000 00000000 : 1 [end] element 00007465 00000000 00000000 00000000 : 0 [end] element 00007565 00000000 00000000 00000000 : 1 [end] element 00006f6c 00000000 00000000 00000000 : 0 [end] element 00006f6c 00000000 00000000 01000000 : 1 [end]
  [ meta load iifname => reg 1 ]
  [ lookup reg 1 set __set%d ]
iif lo;ok;iif "lo"
  [ meta load iif => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
iif { lo };ok;iif "lo"
  [ meta load iif => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
oif != lo;ok;oif != "lo"
  [ meta load oif => reg 1 ]
  [ cmp neq reg 1 0x00000001 ]
oifname eth1;ok;oifname "eth1"
  [ meta load oifname => reg 1 ]
  [ cmp eq reg 1 0x31687465 0x00000000 0x00000000 0x00000000 ]
meta l4proto tcp;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
meta l4proto { tcp, udp, icmp, ipv6-icmp };ok;meta l4proto { icmp, tcp, udp, ipv6-icmp }
  element 00000006 : 0 [end] element 00000011 : 0 [end] element 00000001 : 0 [end] element 0000003a : 0 [end]
  [ meta load l4proto => reg 1 ]
  [ lookup reg 1 set __set%d ]
meta l4proto 33-45;ok
  [ meta load l4proto => reg 1 ]
  [ cmp gte reg 1 0x00000021 ]
  [ cmp lte reg 1 0x0000002d ]
meta nfproto ipv4;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
meta nfproto ipv6 tcp dport 22;ok
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x0000000a ]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x00001600 ]
meta nfproto ipv4 ip saddr 192.0.2.1;ok;ip saddr 192.0.2.1
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ cmp eq reg 1 0x010200c0 ]
meta nfproto ipv4 icmp type echo-request;ok;icmp type echo-request
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
  [ payload load 1b @ transport header + 0 => reg 1 ]
  [ cmp eq reg 1 0x00000008 ]
meta nfproto ipv4 meta l4proto icmp;ok;meta l4proto icmp
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
meta mark 5;ok;meta mark 0x00000005
  [ meta load mark => reg 1 ]
  [ cmp eq reg 1 0x00000005 ]
meta mark != 0x10;ok;meta mark != 0x00000010
  [ meta load mark => reg 1 ]
  [ cmp neq reg 1 0x00000010 ]
mark & 0xff == 1;ok;meta mark & 0x000000ff == 0x00000001
  [ meta load mark => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x000000ff ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x00000001 ]
meta mark and 0xff00 != 0;ok;meta mark & 0x0000ff00 != 0x00000000
  [ meta load mark => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x0000ff00 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000000 ]
meta mark 0xff000000/8;ok
  [ meta load mark => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0xff000000 ) ^ 0x00000000 ]
  [ cmp eq reg 1 0xff000000 ]
meta mark xor 3 == 1;ok;meta mark 0x00000002
  [ meta load mark => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
meta mark { 1, 2, 5-9 };ok;meta mark { 0x00000001-0x00000002, 0x00000005-0x00000009 }
  element 00000000 : 1 [end] element 01000000 : 0 [end] element 03000000 : 1 [end] element 05000000 : 0 [end] element 0a000000 : 1 [end]
  [ meta load mark => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ lookup reg 1 set __set%d ]
meta mark 5-9;ok;meta mark 0x00000005-0x00000009
  [ meta load mark => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ cmp gte reg 1 0x05000000 ]
  [ cmp lte reg 1 0x09000000 ]
meta length > 1000;ok
  [ meta load len => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ cmp gt reg 1 0xe8030000 ]
meta length 64-1500;ok
  [ meta load len => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ cmp gte reg 1 0x40000000 ]
  [ cmp lte reg 1 0xdc050000 ]
meta protocol ip;ok
  [ meta load protocol => reg 1 ]
  [ cmp eq reg 1 0x00000008 ]
meta pkttype { broadcast, multicast };ok
  element 00000001 : 0 [end] element 00000002 : 0 [end]
  [ meta load pkttype => reg 1 ]
  [ lookup reg 1 set __set%d ]
meta priority 1:2;ok
  [ meta load priority => reg 1 ]
  [ cmp eq reg 1 0x00010002 ]
meta cpu 1;ok
  [ meta load cpu => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
meta skuid 1000;ok
  [ meta load skuid => reg 1 ]
  [ cmp eq reg 1 0x000003e8 ]
meta skuid { 0, 1000-2000 };ok
  element 00000000 : 0 [end] element 01000000 : 1 [end] element e8030000 : 0 [end] element d1070000 : 1 [end]
  [ meta load skuid => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ lookup reg 1 set __set%d ]
meta iiftype ether;ok
  [ meta load iiftype => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
meta day Monday;ok;meta day "Monday"
  [ meta load day => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
meta hour "10:00";ok
  [ meta load hour => reg 1 ]
  [ cmp eq reg 1 0x00008ca0 ]
iifgroup default;ok;iifgroup "default"
  [ meta load iifgroup => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
meta cgroup 5;ok
  [ meta load cgroup => reg 1 ]
  [ cmp eq reg 1 0x00000005 ]
fib saddr type local;ok
  [ fib saddr type => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
fib daddr . iif type { local, broadcast };ok
  element 00000002 : 0 [end] element 00000003 : 0 [end]
  [ fib daddr . iif type => reg 1 ]
  [ lookup reg 1 set __set%d ]
rt classid 5;ok
  [ rt load classid => reg 1 ]
  [ cmp eq reg 1 0x00000005 ]
rt ip nexthop 192.0.2.1;ok
  [ rt load nexthop4 => reg 1 ]
  [ cmp eq reg 1 0x010200c0 ]
ct state new;ok
  [ ct load state => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000008 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000000 ]
ct state established,related;ok
  [ ct load state => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000006 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000000 ]
ct state != new;ok
  [ ct load state => reg 1 ]
  [ cmp neq reg 1 0x00000008 ]
ct state invalid drop;ok
  [ ct load state => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000001 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000000 ]
  [ immediate reg 0 drop ]
ct state { new, established };ok;ct state { established, new }
  element 00000008 : 0 [end] element 00000002 : 0 [end]
  [ ct load state => reg 1 ]
  [ lookup reg 1 set __set%d ]
ct state vmap { established : accept, related : accept, invalid : drop };ok;ct state vmap { invalid : drop, established : accept, related : accept }
  element 00000002 : accept 0 [end] element 00000004 : accept 0 [end] element 00000001 : drop 0 [end]
  [ ct load state => reg 1 ]
  [ lookup reg 1 set __map%d dreg 0 ]
ct status dnat;ok
  [ ct load status => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000020 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000000 ]
ct status snat,dnat;ok
  [ ct load status => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00000030 ) ^ 0x00000000 ]
  [ cmp neq reg 1 0x00000000 ]
ct direction original;ok
  [ ct load direction => reg 1 ]
  [ cmp eq reg 1 0x00000000 ]
ct mark 5;ok;ct mark 0x00000005
  [ ct load mark => reg 1 ]
  [ cmp eq reg 1 0x00000005 ]
ct mark & 0xf0 == 0x10;ok;ct mark & 0x000000f0 == 0x00000010
  [ ct load mark => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x000000f0 ) ^ 0x00000000 ]
  [ cmp eq reg 1 0x00000010 ]
ct expiration > 30s;ok
  [ ct load expiration => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ cmp gt reg 1 0x30750000 ]
ct zone 5;ok
  [ ct load zone => reg 1 ]
  [ cmp eq reg 1 0x00000005 ]
ct original ip saddr 192.0.2.1;ok
  [ ct load src_ip => reg 1 , dir original ]
  [ cmp eq reg 1 0x010200c0 ]
ct reply ip6 daddr 2001:db8::1;ok
  [ ct load dst_ip6 => reg 1 , dir reply ]
  [ cmp eq reg 1 0xb80d0120 0x00000000 0x00000000 0x01000000 ]
ct bytes > 100000;ok
  [ ct load bytes => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 8, 8) ]
  [ cmp gt reg 1 0x00000000 0xa0860100 ]
ct original packets > 5;ok
  [ ct load packets => reg 1 , dir original ]
  [ byteorder reg 1 = hton(reg 1, 8, 8) ]
  [ cmp gt reg 1 0x00000000 0x05000000 ]
ct helper "ftp";ok
  [ ct load helper => reg 1 ]
  [ cmp eq reg 1 0x00707466 0x00000000 0x00000000 0x00000000 ]
day Monday;ok;meta day "Monday"
  [ meta load day => reg 1 ]
  [ cmp eq reg 1 0x00000001 ]
# Over midnight: what does not lie between the ends turned about.
meta hour "22:00"-"06:00";ok;meta hour != "06:00"-"22:00"
  [ meta load hour => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ range neq reg 1 0x60540000 0x60350100 ]
meta hour != "22:00"-"06:00";ok;meta hour "06:00"-"22:00"
  [ meta load hour => reg 1 ]
  [ byteorder reg 1 = hton(reg 1, 4, 4) ]
  [ cmp gte reg 1 0x60540000 ]
  [ cmp lte reg 1 0x60350100 ]
meta hour { "22:00"-"06:00" };fail;13-27;Range has zero or negative size
