import { ROUTER_LAN } from "../../config/cli/demo/settings.ts";
import { arp, ethernet, ip, tcp, udp } from "../../core/packet/build.ts";
import { setU16 } from "../../core/packet/bytes.ts";
import { LAN_STATION, type Step, WAN_STATION } from "./play.ts";

/**
 * Chains below the network layer (netdev, inet ingress, bridge, ARP), each rule with a counter, and frames that hit
 * them. Other stations of the network talk too: every rule says whose frames it counts.
 */
const S = LAN_STATION, STRANGER = "02:00:00:00:00:99", EVERYBODY = "ff:ff:ff:ff:ff:ff";
const MINE = `ether saddr ${S.mac}`;

export const LINK_RULES = `
table netdev below {
	chain in {
		type filter hook ingress device "lan0" priority 0; policy accept;
		${MINE} meta protocol ip counter
		${MINE} meta protocol ip meta pkttype broadcast counter
		${MINE} meta protocol ip meta l4proto udp counter
		${MINE} meta protocol ip6 counter
		${MINE} @ll,96,16 0x88b5 counter
		${MINE} iifname "lan0" udp dport 1001 counter
		${MINE} udp dport 1001 counter drop
		${MINE} vlan id 7 counter
		${MINE} vlan id 7 udp dport 1010 vlan pcp 3 counter
		${MINE} udp dport 1002 ip length > 100 counter
		${MINE} udp dport 1002 @th,64,16 0x0001 counter
		${MINE} tcp flags & (syn | ack) == syn counter
		${MINE} tcp option maxseg size 1460 counter
		${MINE} udp dport 1003 counter fwd to "lan1"
		${MINE} udp dport 1004 counter dup to "lan1"
		${MINE} udp dport 1005 counter meta mark set 0x55
		${MINE} udp dport 1006 ip dscp set 46 counter
		${MINE} udp dport 1009 limit rate 1/hour burst 2 packets counter
		ip saddr ${S.ipv4} udp dport 1007 counter reject
		ip saddr ${S.ipv4} tcp dport 1007 counter reject with tcp reset
		ip saddr ${S.ipv4} udp dport 1015 ether daddr set ${STRANGER} counter
	}

	chain out1 {
		type filter hook egress device "lan1" priority 0; policy accept;
		${MINE} meta protocol ip counter
		${MINE} udp dport 1003 counter
		${MINE} udp dport 1004 oifname "lan1" counter
		${MINE} udp dport 1014 counter drop
	}

	chain out0 {
		type filter hook egress device "lan0" priority 0; policy accept;
		ip daddr ${S.ipv4} ip protocol icmp counter
		ip daddr ${S.ipv4} ip protocol udp counter
		ip daddr ${S.ipv4} udp sport 1012 counter drop
	}

	chain bridge_in {
		type filter hook ingress device "lan" priority 0; policy accept;
		${MINE} meta protocol ip counter
	}

	chain bridge_out {
		type filter hook egress device "lan" priority 0; policy accept;
		ip daddr ${S.ipv4} ip protocol udp counter
	}
}

table inet ingress {
	chain in {
		type filter hook ingress device "lan0" priority 10; policy accept;
		ip saddr ${S.ipv4} meta nfproto ipv4 counter
		ip saddr ${S.ipv4} ct state invalid udp dport 1005 counter
		ip saddr ${S.ipv4} meta mark 0x55 counter
		ip saddr ${S.ipv4} udp dport 1008 counter drop
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ip saddr ${S.ipv4} counter
		meta mark 0x55 ip saddr ${S.ipv4} counter
		ip saddr ${S.ipv4} ip dscp ef counter
	}
}

table bridge between {
	chain pre {
		type filter hook prerouting priority 0; policy accept;
		${MINE} ether type ip counter
		${MINE} ether daddr ${STRANGER} counter
		${MINE} udp dport 2000 meta pkttype host counter
		${MINE} udp dport 2000 meta pkttype other counter
		${MINE} iifname "lan0" udp dport 1011 counter drop
		${MINE} vlan id 7 counter
	}

	chain in {
		type filter hook input priority 0; policy accept;
		${MINE} ether type ip counter
		${MINE} ip daddr ${ROUTER_LAN.ipv4} udp dport 1013 iifname "lan0" counter drop
	}

	chain forward {
		type filter hook forward priority 0; policy accept;
		${MINE} iifname "lan0" oifname "lan1" counter
		${MINE} ip daddr 192.168.1.99 tcp dport 80 counter drop
		${MINE} ip6 nexthdr udp counter
	}

	chain out {
		type filter hook output priority 0; policy accept;
		ip daddr ${S.ipv4} oifname "lan0" ip protocol udp counter
	}

	chain post {
		type filter hook postrouting priority 0; policy accept;
		${MINE} oifname "lan1" counter
		ip daddr ${S.ipv4} oifname "lan0" ip protocol udp counter
	}
}

table arp resolution {
	chain in {
		type filter hook input priority 0; policy accept;
		arp operation request arp saddr ip 192.168.1.78 iifname "lan" counter
		arp saddr ip 192.168.1.79 arp daddr ip ${ROUTER_LAN.ipv4} counter drop
	}

	chain out {
		type filter hook output priority 0; policy accept;
		arp operation reply arp daddr ip 192.168.1.78 oifname "lan" counter
	}
}
`;

const out = { from: S.ipv4, to: WAN_STATION.ipv4 }, beside = { from: S.ipv4, to: "192.168.1.99" };
const data = (length: number) => Uint8Array.from({ length }, (_, i) => i);

/** A VLAN tag between addresses and type. */
function tagged(frame: Uint8Array, tag: number): Uint8Array {
  const made = new Uint8Array(frame.length + 4);
  made.set(frame.subarray(0, 12));
  setU16(made, 12, 0x8100);
  setU16(made, 14, tag);
  made.set(frame.subarray(12), 16);
  return made;
}

/** To the router. */
const up = (name: string, ...packets: Uint8Array[]): Step => ({ name, from: "lan", packets });
const frames = (name: string, ...made: Uint8Array[]): Step => ({
  name,
  from: "lan",
  packets: [],
  frames: made,
});
const strange = (packet: Uint8Array) => ethernet(S.mac, STRANGER, packet);
const syn = { flags: 2, options: Uint8Array.of(2, 4, 5, 180) };

export const linkScript: readonly Step[] = [
  up("routed", udp(out, 1000, 2000), udp(out, 1000, 2000, data(64))),
  up("dropped at ingress", udp(out, 1000, 1001)),
  up("its length, its payload", udp(out, 1000, 1002, data(100)), udp(out, 1000, 1002, data(4))),
  up("flags and options", tcp(out, 1000, 2000, syn)),
  up("sent on to another port", udp(out, 1000, 1003)),
  up("copied to another port", udp(out, 1000, 1004)),
  up("marked", udp(out, 1000, 1005)),
  up("rewritten", udp(out, 1000, 1006)),
  up("rejected", udp(out, 1000, 1007, data(600)), udp(out, 1000, 1007)),
  up("rejected with a reset", tcp(out, 1000, 1007, { ...syn, sequence: 9 })),
  up("dropped at inet ingress", udp(out, 1000, 1008)),
  up("limited", udp(out, 1000, 1009), udp(out, 1000, 1009), udp(out, 1000, 1009)),
  up("dropped before the bridge", udp(out, 1000, 1011)),
  up("dropped by the bridge's input", udp({ from: S.ipv4, to: ROUTER_LAN.ipv4 }, 1000, 1013)),
  { name: "answers", from: "wan", packets: [udp({ from: WAN_STATION.ipv4, to: S.ipv4 }, 2000, 1000)] },
  {
    name: "dropped at egress",
    from: "wan",
    packets: [udp({ from: WAN_STATION.ipv4, to: S.ipv4 }, 1012, 1000)],
  },
  frames("bridged: flooded, nobody knows whom", strange(udp(beside, 1000, 2000))),
  frames("bridged: dropped in forward", strange(tcp(beside, 1000, 80, syn))),
  frames("bridged: dropped at egress", strange(udp(beside, 1000, 1014))),
  frames("bridged: IPv6", strange(udp({ from: S.ipv6, to: "2001:db8:1::99" }, 1, 2))),
  frames("bridged: another protocol", ethernet(S.mac, STRANGER, data(46), 0x88b5)),
  frames("bridged: not good IP", strange(Uint8Array.of(0x4f, ...udp(beside, 1, 2).subarray(1)))),
  frames("bridged: a fragment", strange(ip({ ...beside, flags: 100 }, 17, data(40)))),
  frames(
    "tagged",
    tagged(strange(udp(beside, 1000, 1010)), (3 << 13) | 7),
    tagged(strange(udp(beside, 1000, 1010)), 7),
    tagged(strange(udp(beside, 1000, 1010)), 8),
  ),
  up("given another destination: bridged, not routed", udp(out, 1000, 1015)),
  frames("to everybody", ethernet(S.mac, EVERYBODY, udp({ from: S.ipv4, to: "192.168.1.255" }, 9, 2222))),
  frames("ARP answered", arp("02:00:00:00:00:78", "192.168.1.78", ROUTER_LAN.ipv4)),
  frames("ARP dropped", arp("02:00:00:00:00:79", "192.168.1.79", ROUTER_LAN.ipv4)),
];
