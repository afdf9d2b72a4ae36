# Mistakes: `rule;fail;COLUMNS;message`, columns counted from the start of the rule.
:inet type filter hook forward priority 0

tcp dport 99999;fail;11-15;Service out of range
tcp dport { 22, 99999 };fail;17-21;Service out of range
iif nope;fail;5-8;Interface does not exist
ip saddr 192.0.2.0/33;fail;10-21;Prefix length 33 is invalid for type of 32 bits width
tcp dport 5-1;fail;11-13;Range has zero or negative size
ip saddr @nope;fail;10-14;No such file or directory
ct state foo;fail;10-12;Could not parse conntrack state
meta mark 0x1ffffffff;fail;11-21;Value 8589934591 exceeds valid range 0-4294967295
ip saddr 192.0.2.1 ip6 daddr ::1;fail;20-28;conflicting protocols specified: ip vs. ip6
tcp dport 1 udp dport 2;fail;13-21;conflicting protocols specified: tcp vs. udp
log level foo;fail;11-13;invalid log level
tcp dport 1,2;fail;11-11;Basetype of type internet network service is not bitmask
icmp type foo;fail;11-13;Could not parse ICMP type
tcp flags foo;fail;11-13;Could not parse TCP flag
iifname "abcdefghijklmnopq";fail;9-27;String exceeds maximum length of 16
tcp dport > { 1, 2 };fail;13-20;Relational expression (>) is not defined for set expressions
ip saddr > 192.0.2.0/24;fail;12-23;Relational expression (>) is not defined for prefix expressions
accept accept;fail;8-13;Statement after terminal statement has no effect
reject accept;fail;8-13;Statement after terminal statement has no effect
udp dport 5 reject with tcp reset;fail;13-18;you cannot use tcp reset with this protocol
ip saddr . meta mark 192.0.2.1 . 5;fail;1-20;Use concatenations with sets and maps, not singleton values
meta mark set tcp dport;fail;15-23;datatype mismatch: expected packet mark, expression has type internet network service
ip saddr $x;fail;11-11;unknown identifier 'x'
ip frobnicate 5;fail;4-13;syntax error, unexpected string
log level info group 2;fail;1-3;level and group are mutually exclusive
fib saddr . daddr oif lo;fail;5-17;fib: saddr and daddr are mutually exclusive
fib saddr . iif . oif type local;fail;5-21;fib: iif and oif are mutually exclusive
ip protocol 256;fail;13-15;Protocol out of range
ip dscp set 64;fail;13-14;Value 64 exceeds valid range 0-63
ct zone 65536;fail;9-13;Value 65536 exceeds valid range 0-65535
snat to 192.0.2.1;fail;1-4;ip or ip6 must be specified with address for inet tables.
icmp type echo-request icmp mtu 5;fail;24-31;incompatible icmp match: rule has 8, need 3
meta nfproto ipv6 reject with icmp host-unreachable;fail;36-51;conflicting protocols specified: ip vs ip6
ct original saddr 192.0.2.1;fail;1-17;cannot determine ip protocol version, use "ip saddr" or "ip6 saddr" instead
ip saddr vmap { 192.0.2.1-192.0.2.5 : accept, 192.0.2.3-192.0.2.9 : drop };fail;47-65;conflicting intervals specified
meta l4proto { tcp, udp } tcp dport 22;fail;27-35;conflicting protocols specified: udp vs. tcp
iifname "";fail;9-10;Empty string is not allowed
limit rate 1 gbytes / second;fail;12-19;Wrong rate format
ip saddr 192.0.2.1 accept drop;fail;27-30;Statement after terminal statement has no effect
tcp flags fin,syn / syn;fail;24-24;syntax error, unexpected newline
ip saddr 192.0.2.1 accept log;fail;27-29;Statement after terminal statement has no effect
dnat ip to 192.0.2.1 accept;fail;22-27;Statement after terminal statement has no effect
ip saddr 192.0.2.1 dnat ip6 to ::1;fail;20-23;conflicting protocols specified: ip vs. ip6. You must specify ip or ip6 family in nat statement
meta not 5;fail;6-8;syntax error, unexpected !
tcp option eol left 1;fail;16-19;syntax error, unexpected left
tcp option sack window 1;fail;17-22;syntax error, unexpected window
meta cpu & | 5;fail;12-12;syntax error, unexpected '|'
tcp dport 22 @nosuch;fail;15-20;unknown raw payload base
mh type set 1;fail;9-11;syntax error, unexpected set
exthdr frag set 1;fail;13-15;syntax error, unexpected set
fib daddr type set 1;fail;16-18;syntax error, unexpected set
