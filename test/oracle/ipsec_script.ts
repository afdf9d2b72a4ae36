import { ROUTER_LAN, ROUTER_WAN } from "../../config/cli/demo/settings.ts";
import { icmp, type IpOptions, tcp, udp } from "../../core/packet/build.ts";
import { u16, u32 } from "../../core/packet/bytes.ts";
import { Peer } from "../../core/xfrm/test_peers.ts";
import { LAN_STATION, type Step, WAN_STATION } from "./play.ts";

/**
 * IPsec: states, policies, and rules that see what came out of ESP and what will leave through it. The station on WAN is
 * the tunnels' other end.
 */
const HERE = ROUTER_WAN.ipv4, THERE = WAN_STATION.ipv4;
const KEY = "aead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 128";
const CBC =
  "auth-trunc hmac(sha256) 0x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f 128 " +
  "enc cbc(aes) 0x000102030405060708090a0b0c0d0e0f";
const out = (spi: number, more: string) => `src ${HERE} dst ${THERE} proto esp spi ${spi} ${more}`;
const back = (spi: number, more: string) =>
  `src ${THERE} dst ${HERE} proto esp spi ${spi} replay-window 32 ${more}`;
const STATES = [
  out(0x1001, `reqid 1 mode tunnel flag af-unspec ${KEY}`),
  back(0x2001, `reqid 1 mode tunnel flag af-unspec ${KEY}`),
  out(0x1002, `reqid 2 mode transport ${CBC}`),
  back(0x2002, `reqid 2 mode transport ${CBC}`),
  out(0x1003, `reqid 3 mode tunnel encap espinudp 4500 4500 0.0.0.0 ${KEY}`),
  out(0x1004, `reqid 4 mode tunnel mark 0x4 mask 0xf ${KEY}`),
  out(0x1005, `reqid 5 mode tunnel flag nopmtudisc ${KEY}`),
];
const over = (reqid: number) => `tmpl src ${HERE} dst ${THERE} proto esp reqid ${reqid} mode tunnel`;
const from = (reqid: number) => `tmpl src ${THERE} dst ${HERE} proto esp reqid ${reqid} mode tunnel`;
const LAN = "192.168.1.0/24";
const POLICIES = [
  `src ${LAN} dst 10.2.0.0/16 dir out ${over(1)}`,
  `src 10.2.0.0/16 dst ${LAN} dir fwd ${from(1)}`,
  `src 10.2.0.0/16 dst ${LAN} dir in ${from(1)}`,
  `src ${HERE}/32 dst ${THERE}/32 proto udp dport 7002 dir out tmpl proto esp reqid 2 mode transport`,
  `src ${HERE}/32 dst ${THERE}/32 proto icmp dir out priority 9 tmpl proto esp reqid 2 mode transport`,
  `src ${THERE}/32 dst ${HERE}/32 proto icmp dir in priority 9 tmpl proto esp reqid 2 mode transport level use`,
  `src ${LAN} dst 10.3.0.0/16 dir out action block`,
  `src ${LAN} dst 10.3.3.0/24 dir out priority 5 ${over(1)}`,
  `src ${LAN} dst 10.4.0.0/16 dir out ${over(99)}`,
  `src ${LAN} dst 10.5.0.0/16 dir out tmpl proto esp reqid 99 mode transport level use`,
  `src ${LAN} dst 10.6.0.0/16 proto udp dport 53 dir out ${over(1)}`,
  `src ${HERE}/32 dst 10.7.0.0/16 dir out ${over(1)}`,
  `src 10.7.0.0/16 dst ${HERE}/32 dir fwd ${from(1)}`,
  `src ${LAN} dst 10.8.0.0/16 dir out ${over(3)}`,
  `src ${LAN} dst 10.9.0.0/16 dir out mark 0x4 mask 0xf ${over(4)}`,
  `src ${LAN} dst 10.10.0.0/16 dir out ${over(5)}`,
  `src 10.11.0.0/16 dst 0.0.0.0/0 dir fwd action block`,
  `src 2001:db8:1::/64 dst 2001:db8:f:0:aa::/80 dir out ${over(1)}`,
  `src 2001:db8:1::/64 dst 2001:db8:f:0:bb::/80 dir out ${over(5)}`,
  `src 2001:db8:f:0:aa::/80 dst 2001:db8:1::/64 dir fwd ${from(1)}`,
];

export const XFRM: readonly string[] = [
  ...STATES.map((words) => `state add ${words}`),
  ...POLICIES.map((words) => `policy add ${words}`),
];

export const IPSEC_RULES = `
table inet tunnels {
	chain first {
		type filter hook prerouting priority raw; policy accept;
		ip protocol esp meta secpath missing counter
		ip protocol esp meta secpath exists counter comment "never"
		meta secpath exists counter
		meta secpath exists ip saddr 10.2.0.5 counter
		ip saddr 10.2.0.5 ipsec in reqid 1 counter
		ip saddr 10.2.0.5 ipsec in spi 0x2001 counter
		ipsec in ip saddr ${THERE} counter
		ipsec in ip daddr ${HERE} ipsec in reqid 1-5 counter
		ipsec in reqid 2 counter
		ipsec in reqid 2 ipsec in ip saddr ${THERE} counter comment "never"
		ipsec in spnum 1 reqid 1 counter comment "never"
		ip daddr 10.9.0.9 meta mark set 0x4 counter
	}

	chain input {
		type filter hook input priority filter; policy accept;
		ip protocol esp counter
		ip protocol icmp meta secpath exists counter
		ip protocol icmp meta secpath missing counter
		ipsec in spi 0x2002 counter
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ip saddr 192.168.1.77 counter comment "from LAN"
		ip daddr 192.168.1.77 counter comment "to LAN"
		ipsec out reqid 1 counter
		ipsec out spi 0x1001 ip daddr 10.2.0.5 counter
		ipsec out spi 0x1003 counter
		ipsec out spi 0x1004 counter
		ipsec out ip saddr ${HERE} ipsec out ip daddr ${THERE} counter
		ipsec out ip6 daddr 2001:db8::1 counter comment "never"
		ipsec out spnum 1 reqid 1 counter comment "never"
		rt ipsec exists counter
		rt ipsec missing counter
		ipsec in reqid 1 ct state new counter
		ipsec in reqid 1 ct state established counter
		ip daddr 10.4.0.1 counter comment "never"
		ip daddr 10.5.0.1 counter
		ip daddr 10.3.0.1 counter comment "never"
		ip6 daddr 2001:db8:f:0:aa::5 ipsec out reqid 1 counter
		ip6 saddr 2001:db8:f:0:aa::5 ipsec in reqid 1 counter
		tcp flags syn tcp option maxseg size set rt mtu counter
	}

	chain output {
		type filter hook output priority filter; policy accept;
		ip protocol esp counter
		ip protocol esp rt ipsec exists counter comment "never"
		ip protocol esp ct state new counter
		udp dport 4500 counter
		ip protocol icmp ip daddr ${THERE} counter
		ip protocol icmp ipsec out reqid 2 counter
	}

	chain after {
		type filter hook postrouting priority filter; policy accept;
		ip protocol esp counter
		ipsec out reqid 1 counter
		rt ipsec exists counter
		ip saddr 192.168.1.77 ip daddr 10.7.0.1 ipsec out reqid 1 counter comment "never"
	}

	chain translate {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 192.168.1.77 ip daddr 10.7.0.0/16 counter snat to ${HERE}
		ip saddr 192.168.1.77 ip daddr 10.2.7.7 counter snat to ${HERE}
		ipsec out reqid 1 counter accept
	}
}
`;

const host: IpOptions = { from: LAN_STATION.ipv4, to: "10.2.0.5" };
const far: IpOptions = { from: "10.2.0.5", to: LAN_STATION.ipv4 };
const outside: IpOptions = { from: THERE, to: HERE };
const text = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i * 7);
const SEQUENCE = 12;

export const ipsecScript: readonly Step[] = steps();

function steps(): Step[] {
  const peer = new Peer();
  const tunnel = peer.add(STATES[1]!), transport = peer.add(STATES[3]!);
  const esp = (packet: Uint8Array, state = tunnel): Uint8Array => {
    peer.send(packet, state);
    return peer.out()[0]!;
  };
  const lan = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "lan", packets });
  const wan = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "wan", packets });
  const to = (address: string, dport = 9, size = 8, flags = 0) =>
    udp({ ...host, to: address, flags }, 4000, dport, text(size));
  const answer = esp(udp(far, 9, 4000, text(20)));
  const forged = esp(udp(far, 9, 4000, text(20)));
  forged[forged.length - 3]! ^= 4;
  return [
    lan("into the tunnel", to("10.2.0.5"), to("10.2.0.5", 9, 400)),
    wan("out of it", answer),
    wan("the same once more", answer),
    wan("with another ICV", forged),
    wan("cut short", esp(udp(far, 9, 4000, text(20))).slice(0, 40)),
    wan("of a state nobody has", unknown(esp(udp(far, 9, 4000, text(20))))),
    wan("in the clear, where a policy wants ESP", udp(far, 9, 4000, text(8))),
    wan("through the tunnel, where no policy wants it", esp(udp({ ...far, from: "10.77.0.1" }, 9, 4000))),
    wan("a new connection through the tunnel", esp(udp({ ...far, from: "10.2.0.6" }, 99, 4000, text(30)))),
    wan("to the router's LAN address", esp(icmp({ ...far, to: ROUTER_LAN.ipv4 }, 8, 0, 0x70001, text(30)))),
    lan("blocked", to("10.3.0.1")),
    lan("a policy of less priority than the block", to("10.3.3.1")),
    lan("no state, and one is required", to("10.4.0.1")),
    lan("no state, and none is required", to("10.5.0.1")),
    lan("one port has a policy", to("10.6.0.1", 53), to("10.6.0.1", 54)),
    lan("translated into a policy", to("10.7.0.1")),
    wan(
      "and its answer, which policies mean as it came",
      esp(udp({ from: "10.7.0.1", to: HERE }, 9, 4000, text(10))),
    ),
    lan(
      "a family that the state is not for",
      udp({ from: LAN_STATION.ipv6, to: "2001:db8:f:0:bb::5" }, 4000, 9),
    ),
    lan("translated out of a policy", to("10.2.7.7")),
    lan("encapsulated in UDP", to("10.8.0.1")),
    lan("by a mark", to("10.9.0.9"), to("10.9.0.1")),
    wan("a policy that forbids to pass", udp({ from: "10.11.0.1", to: LAN_STATION.ipv4 }, 1, 2)),
    lan("as long as fits", to("10.2.0.5", 9, 1446 - 28, 0x4000)),
    lan(
      "a connection hears what fits",
      tcp(host, 4001, 80, { flags: 2, options: new Uint8Array([2, 4, 5, 180]) }),
    ),
    lan("longer, and must not be cut", to("10.2.0.5", 9, 1447 - 28, 0x4000)),
    lan("longer, and may be", to("10.2.0.5", 9, 1447 - 28)),
    lan("longer, and the tunnel may be cut", to("10.10.0.5", 9, 1447 - 28, 0x4000)),
    wan("transport mode: a question in ESP", esp(icmp(outside, 8, 0, 0x70001, text(40)), transport)),
    wan("a question in the clear, which may be", icmp(outside, 8, 0, 0x70002, text(40))),
    lan("IPv6 in IPv4", udp({ from: LAN_STATION.ipv6, to: "2001:db8:f:0:aa::5" }, 4000, 9, text(20))),
    wan("and back", esp(udp({ from: "2001:db8:f:0:aa::5", to: LAN_STATION.ipv6 }, 9, 4000, text(20)))),
    wan("a router on the way has less", tooBig(1400)),
    lan("and the sender hears of it", to("10.2.0.5", 9, 1446 - 28, 0x4000)),
  ];
}

function unknown(packet: Uint8Array): Uint8Array {
  packet[20] = 0x77;
  return packet;
}

/** ICMP: fragmentation needed, about ESP that the router sent. */
function tooBig(mtu: number): Uint8Array {
  const about = new Peer(), sent = about.add(STATES[0]!);
  about.send(udp(host, 1, 2, text(1000)), sent);
  return icmp({ from: "198.51.100.66", to: HERE }, 3, 4, mtu, about.out()[0]!.slice(0, 28));
}

/** Decrypts what left: the outer header, SPI and number, and the packet inside; undefined for what is not ESP. */
export function insideEsp(packet: Uint8Array, plain: (packet: Uint8Array) => string): string | undefined {
  const encapsulated = packet[9] === 17 && u16(packet, 22) === 4500;
  if (packet[0] !== 0x45 || (packet[9] !== 50 && !encapsulated)) return undefined;
  if ((u16(packet, 6) & 0x1fff) !== 0) return `the rest of ESP, ${packet.length} bytes`;
  const at = encapsulated ? 28 : 20, spi = u32(packet, at);
  const header = packet.slice(0, 20);
  // what a stack chooses of a header: identification, where it may be cut
  header.fill(0, 4, 6).fill(0, 10, 12);
  const words = STATES.find((state) => state.includes(`spi ${spi} `));
  const outer = `${header.toHex()} esp ${spi.toString(16)} ${u32(packet, at + SEQUENCE - 8)}`;
  if (words === undefined || (u16(packet, 6) & 0x2000) !== 0) return `${outer} ${packet.length} bytes`;
  const peer = new Peer();
  peer.add(words);
  peer.receive(packet);
  const [inner] = peer.out();
  // an answer of the router's own has an identification of its own
  if (inner?.[9] === 1 && inner[20] === 0) inner.fill(0, 4, 6);
  return inner === undefined ? `${outer} not to be decrypted` : `${outer} ${plain(inner)}`;
}
