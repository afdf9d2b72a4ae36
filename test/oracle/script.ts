import { ROUTER_LAN, ROUTER_WAN } from "../../config/cli/demo/settings.ts";
import { icmp, ip, tcp, type TcpOptions, udp } from "../../core/packet/build.ts";
import { setU16, setU32 } from "../../core/packet/bytes.ts";
import { LAN_STATION, type Step, WAN_STATION } from "./play.ts";

/** A ruleset of many kinds of rules, each with a counter, and packets that hit them all. */
export const RULES = `
table inet mix {
	set ports {
		type inet_service
		flags interval
		elements = { 1000-1999, 3000 }
	}

	set hosts {
		type ipv4_addr
		elements = { 192.168.1.77, 192.168.1.78 }
	}

	set pairs {
		type ipv4_addr . inet_service
		elements = { 198.51.100.66 . 2500, 198.51.100.67 . 2501 }
	}

	map verdicts {
		type inet_service : verdict
		elements = { 5001 : drop, 5002 : accept, 5003 : jump special, 5004 : goto final }
	}

	chain special {
		tcp dport 5003 tcp flags syn counter return
		counter drop
	}

	chain final {
		counter accept
	}

	chain first {
		type filter hook prerouting priority raw; policy accept;
		ip saddr 192.168.1.77 counter comment "everything of the LAN station"
		ip6 saddr 2001:db8:1::77 meta l4proto != ipv6-icmp counter
		ip saddr 198.51.100.66 counter
		ip6 saddr 2001:db8:f::66 meta l4proto { tcp, udp } counter
		ip saddr @hosts udp dport 99 counter drop
		ip ttl 1 counter
		udp dport 4242 counter notrack
	}

	chain marks {
		type filter hook prerouting priority mangle; policy accept;
		tcp dport 1500 counter meta mark set 0x7
		meta mark 0x7 counter ct mark set meta mark
		ct state untracked ip saddr 192.168.1.77 counter
		ip saddr 192.168.1.77 ct mark 0x7 ct direction original counter
		ip dscp ef counter
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state invalid counter drop
		tcp flags & (syn | rst) == syn counter tcp option maxseg size set rt mtu
		meta length > 1400 counter
		ct state established counter accept
		ct state related counter accept
		ct state untracked udp dport 4242 counter accept
		meta mark 0x7 counter
		iifname $lan oifname $wan tcp dport @ports counter accept
		iifname $lan ip daddr . tcp dport @pairs counter accept
		tcp dport vmap @verdicts
		udp dport { 53, 123 } counter accept
		udp dport 7000-7999 counter reject
		udp dport 8000-8999 meta nfproto ipv4 counter reject with icmp type admin-prohibited
		ip6 nexthdr udp udp dport 5353 counter reject with icmpv6 type admin-prohibited
		tcp dport 6000 counter reject with tcp reset
		icmp type echo-request counter accept
		icmpv6 type echo-request counter accept
		ct status dnat counter accept
		iifname $wan counter comment "from WAN uninvited"
		ip saddr 192.168.1.77 counter drop
		ip6 saddr 2001:db8:1::77 counter
	}

	chain input {
		type filter hook input priority filter; policy accept;
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept
		iifname $wan ip saddr 198.51.100.66 icmp type echo-request counter
		iifname $wan ip saddr 198.51.100.66 udp dport 9 counter drop
		iifname $wan ip saddr 198.51.100.66 counter reject
		iifname $lan ip saddr 192.168.1.77 tcp dport 2222 counter reject with tcp reset
		iifname $lan ip saddr 192.168.1.77 udp dport 2223 counter reject
		iifname $lan ip6 saddr 2001:db8:1::77 udp dport 2223 counter reject
		ip saddr 192.168.1.77 tcp dport 8083 ct status dnat counter
		ip saddr 192.168.1.77 counter
	}

	chain output {
		type filter hook output priority filter; policy accept;
		ip daddr 192.168.1.77 meta l4proto icmp counter
		ip daddr 192.168.1.77 tcp flags rst counter
		ip6 daddr 2001:db8:1::77 icmpv6 type destination-unreachable counter
	}

	chain last {
		type filter hook postrouting priority mangle; policy accept;
		oifname $wan ip saddr 192.168.1.77 counter comment "before translation"
		oifname $lan ip daddr 192.168.1.77 counter
		oifname $lan ip6 daddr 2001:db8:1::77 meta l4proto { tcp, udp } counter
	}
}

table ip nat {
	map where {
		type inet_service : ipv4_addr
		elements = { 8081 : 192.168.1.77, 8082 : 192.168.1.78 }
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		iifname $wan tcp dport 8080 counter dnat to 192.168.1.77:80
		iifname $wan udp dport 2000 counter dnat to 192.168.1.77
		iifname $wan tcp dport { 8081, 8082 } counter dnat to tcp dport map @where
		iifname $lan tcp dport 81 counter redirect to :8083
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname $wan tcp sport 4444 counter snat to 198.51.100.2:5555
		oifname $wan udp sport 4445 counter masquerade to :6666
		oifname $wan ip saddr 192.168.1.0/24 counter masquerade
	}
}

table ip6 nat6 {
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		iifname $wan ip6 daddr 2001:db8:f::2 tcp dport 8080 counter dnat to [2001:db8:1::77]:80
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname $wan udp sport 4446 counter masquerade
	}
}
`;

const FIN = 1, SYN = 2, RST = 4, ACK = 16;
const out = { from: LAN_STATION.ipv4, to: WAN_STATION.ipv4 },
  out6 = { from: LAN_STATION.ipv6, to: WAN_STATION.ipv6 };
const back = { from: WAN_STATION.ipv4, to: ROUTER_WAN.ipv4 },
  back6 = { from: WAN_STATION.ipv6, to: LAN_STATION.ipv6 };
const toRouter = { from: LAN_STATION.ipv4, to: ROUTER_LAN.ipv4 };
const toRouter6 = { from: LAN_STATION.ipv6, to: ROUTER_LAN.routed };

const data = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7);
const mss = (size: number): Uint8Array => Uint8Array.of(2, 4, size >> 8, size & 255);
const segment = (
  flags: number,
  sequence: number,
  acknowledgement = 0,
  more: Partial<TcpOptions> = {},
): TcpOptions => ({
  flags,
  sequence,
  acknowledgement,
  ...more,
});

/** An IPv4 datagram in fragments of at most `size` bytes behind the header. */
function fragments(packet: Uint8Array, size: number): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (let at = 20; at < packet.length; at += size) {
    const piece = packet.subarray(at, at + size), more = at + size < packet.length ? 0x2000 : 0;
    const from = packet.subarray(12, 16).join("."), to = packet.subarray(16, 20).join(".");
    made.push(ip({ from, to, id: 0x4711, flags: more | ((at - 20) >> 3) }, packet[9]!, piece));
    // the builder fills in a transport checksum, which only the first fragment has: the bytes as they were
    made.at(-1)!.set(piece, 20);
  }
  return made;
}

/** An IPv6 datagram likewise, RFC 8200 4.5. */
function fragments6(packet: Uint8Array, addresses: { from: string; to: string }, size: number): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (let at = 40; at < packet.length; at += size) {
    const piece = packet.subarray(at, at + size), payload = new Uint8Array(8 + piece.length);
    payload[0] = packet[6]!;
    setU16(payload, 2, (at - 40) | (at + size < packet.length ? 1 : 0));
    setU32(payload, 4, 0x12345678);
    payload.set(piece, 8);
    made.push(ip(addresses, 44, payload));
  }
  return made;
}

const lan = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "lan", packets });
const wan = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "wan", packets });

export const script: readonly Step[] = [
  lan(
    "TCP opens: marked, MSS clamped, masqueraded",
    tcp(out, 4000, 1500, segment(SYN, 100, 0, { options: mss(8960) })),
  ),
  wan(
    "its answer, MSS clamped too",
    tcp(back, 1500, 4000, segment(SYN | ACK, 500, 101, { options: mss(8960) })),
  ),
  lan(
    "data",
    tcp(out, 4000, 1500, segment(ACK, 101, 501)),
    tcp(out, 4000, 1500, segment(ACK, 101, 501, { payload: data(1440) })),
  ),
  wan("its acknowledgement", tcp(back, 1500, 4000, segment(ACK, 501, 1541))),
  wan("a reset far outside the window", tcp(back, 1500, 4000, segment(RST, 0x70000000))),
  wan(
    "an error about it: related, translated inside",
    icmp(
      back,
      3,
      1,
      0,
      tcp({ from: ROUTER_WAN.ipv4, to: WAN_STATION.ipv4 }, 4000, 1500, segment(ACK, 101, 501)).subarray(
        0,
        28,
      ),
    ),
  ),
  lan("it closes", tcp(out, 4000, 1500, segment(FIN | ACK, 1541, 501))),
  wan("and is closed", tcp(back, 1500, 4000, segment(FIN | ACK, 501, 1542))),
  lan("the last acknowledgement", tcp(out, 4000, 1500, segment(ACK, 1542, 502))),

  lan("an interval set's single element", tcp(out, 4001, 3000, segment(SYN, 1))),
  lan("outside of it", tcp(out, 4001, 2999, segment(SYN, 1))),
  lan("a concatenation", tcp(out, 4001, 2500, segment(SYN, 1)), tcp(out, 4001, 2501, segment(SYN, 1))),
  lan("a verdict map: drop", tcp(out, 4002, 5001, segment(SYN, 1))),
  lan("a verdict map: accept", tcp(out, 4002, 5002, segment(SYN, 1))),
  lan("a verdict map: jump, and back", tcp(out, 4002, 5003, segment(SYN, 1))),
  lan(
    "a verdict map: jump, and dropped there",
    udp(out, 4002, 5003),
    tcp(out, 4003, 5003, segment(ACK, 1, 1)),
  ),
  lan("a verdict map: goto", tcp(out, 4002, 5004, segment(SYN, 1))),
  lan("source port chosen by snat", tcp(out, 4444, 1001, segment(SYN, 1))),
  wan("its answer", tcp(back, 1001, 5555, segment(SYN | ACK, 1, 2))),

  lan("UDP, masqueraded", udp(out, 4100, 53, data(100))),
  wan("its answer", udp(back, 53, 4100, data(200))),
  wan("an answer nobody asked for", udp(back, 53, 4101, data(200))),
  lan("UDP, the port chosen by masquerade", udp(out, 4445, 123, data(48))),
  wan("its answer", udp(back, 123, 6666, data(48))),
  lan("dropped in raw", udp(out, 4100, 99, data(4))),
  lan("untracked: not translated", udp(out, 4100, 4242, data(4))),
  lan("rejected: port unreachable", udp(out, 4102, 7001, data(64))),
  lan("rejected: administratively prohibited", udp(out, 4102, 8001, data(700))),
  lan("rejected: a reset", tcp(out, 4103, 6000, segment(SYN, 77, 0, { options: mss(1460) }))),
  lan("a reset for a segment with an acknowledgement", tcp(out, 4104, 6000, segment(SYN | ACK, 77, 88))),
  lan("another DSCP", udp({ ...out, tos: 0xb8 }, 4105, 53, data(10))),
  lan("the last hop", udp({ ...out, ttl: 1 }, 4106, 53, data(10))),
  lan("fragments of one datagram", ...fragments(udp({ ...out, flags: 0 }, 4107, 53, data(3000)), 1480)),
  lan(
    "smaller fragments, the last first",
    ...fragments(udp({ ...out, flags: 0 }, 4108, 53, data(1500)), 512).reverse(),
  ),
  wan("fragments back", ...fragments(udp({ ...back, flags: 0 }, 53, 4107, data(2600)), 1400)),
  lan("too big and not to be fragmented: passes, for it fits", udp(out, 4109, 53, data(1472))),

  lan("echo", icmp(out, 8, 0, 0x00420001, data(56))),
  wan("echo reply", icmp(back, 0, 0, 0x00420001, data(56))),
  wan("an echo reply to nobody", icmp(back, 0, 0, 0x00430001, data(56))),
  wan("echo to the router", icmp(back, 8, 0, 0x00440001, data(56))),
  wan("UDP to the router: dropped", udp(back, 4200, 9)),
  wan("to the router: rejected", udp(back, 4200, 10)),
  lan("to the router: a reset by rule", tcp(toRouter, 4300, 2222, segment(SYN, 9))),
  lan("to the router: port unreachable by rule", udp(toRouter, 4300, 2223, data(20))),
  lan("to the router: nobody listens", tcp(toRouter, 4300, 2224, segment(SYN, 9))),
  lan("redirected to the router, where nobody listens", tcp(out, 4301, 81, segment(SYN, 9))),

  wan("a port forward", tcp(back, 4400, 8080, segment(SYN, 9, 0, { options: mss(1460) }))),
  lan("its answer", tcp(out, 80, 4400, segment(SYN | ACK, 19, 10))),
  wan("a port forward that keeps the port", udp(back, 4401, 2000, data(10))),
  wan("by a map", tcp(back, 4402, 8081, segment(SYN, 9))),
  wan("the LAN directly", tcp({ from: WAN_STATION.ipv4, to: LAN_STATION.ipv4 }, 4403, 1500, segment(SYN, 9))),
  wan("half a handshake", tcp(back, 4404, 8080, segment(ACK, 9, 9))),

  lan(
    "IPv6 TCP, MSS clamped, not translated",
    tcp(out6, 4500, 1500, segment(SYN, 1, 0, { options: mss(8940) })),
  ),
  wan("its answer", tcp(back6, 1500, 4500, segment(SYN | ACK, 1, 2, { options: mss(1440) }))),
  lan("IPv6 UDP", udp(out6, 4501, 53, data(100))),
  wan("its answer", udp(back6, 53, 4501, data(100))),
  lan("IPv6 masqueraded", udp(out6, 4446, 53, data(100))),
  wan("its answer", udp({ from: WAN_STATION.ipv6, to: ROUTER_WAN.ipv6 }, 53, 4446, data(100))),
  lan("IPv6 rejected: port unreachable", udp(out6, 4502, 7002, data(64))),
  lan("IPv6 rejected: administratively prohibited", udp(out6, 4502, 5353, data(64))),
  lan("IPv6 rejected: a reset", tcp(out6, 4503, 6000, segment(SYN, 77))),
  lan("IPv6 fragments", ...fragments6(udp(out6, 4504, 53, data(2600)), out6, 1232)),
  lan("IPv6 echo", icmp(out6, 128, 0, 0x00510001, data(56))),
  wan("IPv6 echo reply", icmp(back6, 129, 0, 0x00510001, data(56))),
  wan("IPv6 uninvited", tcp(back6, 4600, 1500, segment(SYN, 1))),
  wan("IPv6 port forward", tcp({ from: WAN_STATION.ipv6, to: ROUTER_WAN.ipv6 }, 4601, 8080, segment(SYN, 1))),
  lan("IPv6 its answer", tcp(out6, 80, 4601, segment(SYN | ACK, 1, 2))),
  lan("IPv6 to the router: port unreachable by rule", udp(toRouter6, 4602, 2223, data(20))),
  lan("IPv6 nothing for it: dropped by policy", tcp(out6, 4603, 2222, segment(SYN, 1))),
  lan("IPv6 the last hop", udp({ ...out6, ttl: 1 }, 4604, 53, data(10))),
];
