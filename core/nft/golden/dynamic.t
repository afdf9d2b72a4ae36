# sets that rules fill, meters, maps to objects: `rule;ok` or `rule;ok;listing`, the bytecode below. A leading `-` marks a known gap.
:ip type filter hook prerouting priority 0
!add set ip t s { type ipv4_addr; flags dynamic,timeout; size 100; }
!add set ip t s2 { type ipv4_addr . inet_service; flags dynamic; size 100; }
!add map ip t m { type ipv4_addr : mark; flags dynamic,timeout; size 100; }
!add counter ip t k1
!add map ip t om { type ipv4_addr : counter; }
!add quota ip t q1 25 mbytes
!add ct helper ip t h { type "ftp" protocol tcp; }

add @s { ip saddr };ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set s ]
add @s { ip saddr counter };ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set s expr [ counter pkts 0 bytes 0 ] ]
add @s { ip saddr timeout 5s limit rate 10/second };ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set s timeout 5000ms expr [ limit rate 10/second burst 5 type packets flags 0x0 ] ]
update @s { ip saddr limit rate over 10/second burst 6 packets } drop;ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset update reg_key 1 set s expr [ limit rate 10/second burst 6 type packets flags 0x1 ] ]
  [ immediate reg 0 drop ]
add @s { ip saddr quota over 5 mbytes };ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set s expr [ quota bytes 5242880 consumed 0 flags 1 ] ]
add @s { ip saddr counter limit rate 5/second };ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set s expr [ counter pkts 0 bytes 0 ] expr [ limit rate 5/second burst 5 type packets flags 0x0 ] ]
update @s2 { ip saddr . tcp dport };ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ payload load 2b @ transport header + 2 => reg 9 ]
  [ dynset update reg_key 1 set s2 ]
update @s2 { ip saddr . tcp dport counter };ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ payload load 2b @ transport header + 2 => reg 9 ]
  [ dynset update reg_key 1 set s2 expr [ counter pkts 0 bytes 0 ] ]
add @m { ip saddr : 5 };ok;add @m { ip saddr : 0x00000005 }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ immediate reg 2 0x00000005 ]
  [ dynset add reg_key 1 set m sreg_data 2 ]
update @m { ip saddr timeout 5s : meta mark };ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ meta load mark => reg 2 ]
  [ dynset update reg_key 1 set m sreg_data 2 timeout 5000ms ]
update @m { ip saddr counter : 5 };ok;update @m { ip saddr counter : 0x00000005 }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ immediate reg 2 0x00000005 ]
  [ dynset update reg_key 1 set m sreg_data 2 expr [ counter pkts 0 bytes 0 ] ]
delete @s { ip saddr };ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset delete reg_key 1 set s ]
delete @m { ip saddr : 5 };ok;delete @m { ip saddr : 0x00000005 }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ immediate reg 2 0x00000005 ]
  [ dynset delete reg_key 1 set m sreg_data 2 ]
set add ip saddr @s;ok;add @s { ip saddr }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set s ]
set update ip saddr timeout 5s @s;ok;update @s { ip saddr timeout 5s }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset update reg_key 1 set s timeout 5000ms ]
meter m1 { ip saddr limit rate 10/second };ok;meter m1 size 65535 { ip saddr limit rate 10/second }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set m1 expr [ limit rate 10/second burst 5 type packets flags 0x0 ] ]
meter m2 size 100 { ip saddr . tcp dport timeout 5s limit rate over 10/second burst 2 packets } drop;ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ payload load 2b @ transport header + 2 => reg 9 ]
  [ dynset update reg_key 1 set m2 timeout 5000ms expr [ limit rate 10/second burst 2 type packets flags 0x1 ] ]
  [ immediate reg 0 drop ]
meter m4 { ip saddr and 255.255.255.0 limit rate 10/second };ok;meter m4 size 65535 { ip saddr & 255.255.255.0 limit rate 10/second }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ bitwise reg 1 = ( reg 1 & 0x00ffffff ) ^ 0x00000000 ]
  [ dynset add reg_key 1 set m4 expr [ limit rate 10/second burst 5 type packets flags 0x0 ] ]
meter m5 { ip saddr . iif ct count over 5 } counter;ok;meter m5 size 65535 { ip saddr . iif ct count over 5 } counter
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ meta load iif => reg 9 ]
  [ dynset add reg_key 1 set m5 expr [ connlimit count 5 flags 1 ] ]
  [ counter pkts 0 bytes 0 ]
meter m7 size 10 { tcp dport counter };ok
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ dynset add reg_key 1 set m7 expr [ counter pkts 0 bytes 0 ] ]
flow table m6 { ip saddr limit rate 10/second };ok;meter m6 size 65535 { ip saddr limit rate 10/second }
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ dynset add reg_key 1 set m6 expr [ limit rate 10/second burst 5 type packets flags 0x0 ] ]
counter name k1;ok;counter name "k1"
  [ objref type 1 name k1 ]
counter name "k1" accept;ok
  [ objref type 1 name k1 ]
  [ immediate reg 0 accept ]
counter name ip saddr map { 192.0.2.1 : "k1", 192.0.2.2 : "k1" };ok
  element 010200c0 : 0 [end] element 020200c0 : 0 [end]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ objref sreg 1 set __objmap%d ]
counter name ip saddr map @om;ok
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ objref sreg 1 set om ]
counter name tcp dport . ip saddr map { 22 . 192.0.2.1 : "k1" };ok
  element 00001600 010200c0 : 0 [end]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ payload load 4b @ network header + 12 => reg 9 ]
  [ objref sreg 1 set __objmap%d ]
quota name ip saddr map { 192.0.2.0/24 : "q1" };ok
  element 00000000 : 1 [end] element 000200c0 : 0 [end] element 000300c0 : 1 [end]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ objref sreg 1 set __objmap%d ]
ct helper set h;ok;ct helper set "h"
  [ objref type 3 name h ]
ct helper set tcp dport map { 21 : "h" };ok
  element 00001500 : 0 [end]
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ objref sreg 1 set __objmap%d ]
