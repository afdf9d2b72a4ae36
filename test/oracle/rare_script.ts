import { crc32c } from "../../core/nat/crc32c.ts";
import { ip, tcp, udp } from "../../core/packet/build.ts";
import { LAN_STATION, type Step, WAN_STATION } from "./play.ts";

/** Rarer expressions: extension headers and options, chunks, routes, hashes, generated numbers, keys of meta and ct. */
const MINE = `ip saddr ${LAN_STATION.ipv4}`, MINE6 = `ip6 saddr ${LAN_STATION.ipv6}`;

export const RARE_RULES = `
table inet rare {
	chain pre {
		type filter hook prerouting priority filter; policy accept;
		${MINE} udp dport 2000 meta rtclassid 0 counter comment "never"
		${MINE} udp dport 2000 fib saddr . iif oifname "lan" counter
		${MINE} udp dport 2000 fib daddr type unicast counter
		${MINE} udp dport 2000 fib saddr . iif oif missing counter comment "never"
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		${MINE} rt ip nexthop ${WAN_STATION.ipv4} counter
		${MINE} rt ip nexthop 198.51.100.1 counter
		${MINE} meta rtclassid 0 udp dport 2000 counter
		${MINE} meta ipsec missing udp dport 2000 counter
		${MINE} udp dport 2000 meta iifkind "bridge" counter
		${MINE} udp dport 2000 meta iifgroup 0 meta oifgroup 0 counter
		${MINE} udp dport 2000 meta iiftype ether counter
		${MINE} udp dport 2000 meta sdif 0 counter
		${MINE} udp dport 2000 meta time > "2020-01-01 00:00:00" counter
		${MINE} udp dport 2000 meta protocol ip meta nfproto ipv4 counter
		${MINE} udp dport 2000 ct expiration > 1s counter
		${MINE} udp dport 2000 ct original ip saddr ${LAN_STATION.ipv4} counter
		${MINE} udp dport 2000 ct original proto-dst 2000 ct direction original counter
		${MINE} udp dport 2000 ct helper "ftp" counter comment "never"
		${MINE} udp dport 2000 ct label 1 counter comment "never"
		${MINE} udp dport 2000 ct zone 0 counter
		${MINE} udp dport 3000 numgen inc mod 3 0 counter
		${MINE} udp dport 3000 numgen inc mod 4 offset 2 { 2, 5 } counter
		${MINE} udp dport 3000 jhash ip saddr . udp sport mod 4 seed 0xbeef 0 counter
		${MINE} udp dport 3000 jhash ip saddr . udp sport mod 4 seed 0xbeef 1 counter
		${MINE} udp dport 3000 jhash ip saddr . udp sport mod 4 seed 0xbeef offset 100 { 102, 103 } counter
		${MINE} udp dport 3000 jhash ip daddr mod 1000 seed 1 < 500 counter
		${MINE} tcp option sack-perm exists counter
		${MINE} tcp option timestamp tsval 5 counter
		${MINE} tcp option window count 7 counter
		${MINE} tcp option eol missing counter
		${MINE} tcp dport 4001 tcp option maxseg size set 1200 counter
		${MINE} tcp dport 4001 tcp option maxseg size set 1400 counter
		${MINE} tcp dport 4002 reset tcp option sack-perm counter
		${MINE} tcp dport 4002 tcp option sack-perm missing counter
		${MINE} tcp dport 4003 tcp option timestamp tsval set 9 counter
		${MINE} sctp chunk data tsn 7 counter
		${MINE} sctp chunk init exists counter
		${MINE} sctp chunk init init-tag 9 counter
		${MINE} sctp chunk sack missing sctp dport 2905 counter
		${MINE} sctp chunk cookie-ack exists counter
		${MINE} sctp dport 2906 sctp dport set 2907 counter
		${MINE} dccp type request counter
		${MINE} ip option ra value 0 counter
		${MINE} ip option rr exists counter
		${MINE} ip dscp set 10 udp dport 2001 counter
		${MINE6} exthdr hbh exists counter
		${MINE6} dst nexthdr 17 counter
		${MINE6} exthdr frag missing udp dport 2000 counter
		${MINE6} rt ip6 nexthop ${WAN_STATION.ipv6} counter
		${MINE6} fib saddr . iif oif exists counter
		${MINE6} ip6 flowlabel set 7 udp dport 2001 counter
	}
}
`;

const to = { from: LAN_STATION.ipv4, to: WAN_STATION.ipv4 };
const six = { from: LAN_STATION.ipv6, to: WAN_STATION.ipv6 };
const bytes = (...values: number[]) => Uint8Array.from(values);
const zeros = (length: number) => new Array<number>(length).fill(0);
const lan = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "lan", packets });

const OPTIONS = bytes(2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 5, 0, 0, 0, 0, 1, 3, 3, 7);
const syn = (port: number) => tcp(to, 1000, port, { flags: 2, sequence: 1, options: OPTIONS });

/** An SCTP packet of these chunks, its CRC right. */
function sctp(port: number, tag: number, ...chunks: number[]): Uint8Array {
  const payload = bytes(4, 0, port >>> 8, port & 255, 0, 0, 0, tag, 0, 0, 0, 0, ...chunks);
  const crc = crc32c(payload, 0, payload.length, 8);
  for (let i = 0; i < 4; i++) payload[8 + i] = crc >>> (8 * i);
  return ip(to, 132, payload);
}
const INIT = [1, 0, 0, 20, 0, 0, 0, 9, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1];
const DATA = [0, 3, 0, 20, 0, 0, 0, 7, 0, 1, 0, 2, 0, 0, 0, 0, 1, 2, 3, 4];
/** A length that is no multiple of four. */
const COOKIE_ECHO = [10, 0, 0, 6, 1, 2, 0, 0], COOKIE_ACK = [11, 0, 0, 4];

/** An IPv4 packet with options, its header checksum right. */
function withOptions(...options: number[]): Uint8Array {
  const plain = udp(to, 1000, 2002), made = new Uint8Array(plain.length + options.length);
  made.set(plain.subarray(0, 20));
  made.set(options, 20);
  made.set(plain.subarray(20), 20 + options.length);
  made[0] = 0x45 + options.length / 4;
  made[3] = made.length;
  made[10] = made[11] = 0;
  let sum = 0;
  for (let i = 0; i < 20 + options.length; i += 2) sum += (made[i]! << 8) | made[i + 1]!;
  sum = (sum & 0xffff) + (sum >>> 16);
  made[10] = (~sum >>> 8) & 255;
  made[11] = ~sum & 255;
  return made;
}

/** An IPv6 UDP packet behind an extension header of eight bytes. */
const behind = (next: number, ...options: number[]) =>
  ip(six, next, bytes(17, 0, ...options, ...zeros(6 - options.length), ...udp(six, 1000, 2000).subarray(40)));

export const rareScript: readonly Step[] = [
  lan("routes, devices, flows", udp(to, 1000, 2000), udp({ ...to, to: "203.0.113.50" }, 1000, 2000)),
  lan("again in the same flow", udp(to, 1000, 2000)),
  lan("rewritten", udp(to, 1000, 2001), udp(six, 1000, 2001)),
  ...[0, 1, 2, 3, 4, 5, 6].map((i) => lan(`numbers and hashes ${i}`, udp(to, 1100 + i, 3000))),
  lan("options read", syn(4000)),
  lan("maximum segment size lowered, never raised", syn(4001)),
  lan("an option taken out", syn(4002)),
  lan("an option written", syn(4003)),
  lan("SCTP INIT", sctp(2905, 0, ...INIT)),
  lan("SCTP chunks, one padded", sctp(2905, 9, ...COOKIE_ECHO, ...COOKIE_ACK, ...DATA)),
  lan("SCTP rewritten: the CRC anew", sctp(2906, 0, ...INIT)),
  lan("DCCP", ip(to, 33, bytes(4, 0, 8, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0))),
  lan("IPv4 options", withOptions(148, 4, 0, 0), withOptions(1, 7, 3, 4)),
  lan("IPv6 extension headers", behind(0, 1, 4), behind(60, 1, 4), udp(six, 1000, 2000)),
];
