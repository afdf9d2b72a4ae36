import { icmp, tcp, udp } from "../../../../core/packet/build.ts";
import { u16, u32 } from "../../../../core/packet/bytes.ts";
import {
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
} from "../../../../core/packet/icmp.ts";
import {
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_TIME_EXCEEDED,
} from "../../../../core/packet/icmpv6.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../../../../core/packet/ipv4.ts";
import { TCP, TCP_ACK, TCP_SYN } from "../../../../core/packet/tcp.ts";
import type { CheckResult, Outcome } from "../checks.ts";
import { policyDrops } from "../listing.ts";
import {
  ADVERTISED_PREFIXES,
  ECHO_PORT,
  FORWARDED_PORT,
  HTTP_PORT,
  LAN,
  LAN2,
  NARROW,
  ROUTED_PREFIX,
  ROUTER_LAN,
  ROUTER_WAN,
  WAN,
} from "../settings.ts";
import type { Laboratory } from "./laboratory.ts";
import type { ReadPacket } from "./packet.ts";

/** What the demo tries where only memory ports are allowed: the same table, without the kernel's stacks. */
export interface MemoryCheck {
  readonly name: string;
  readonly proves: string;
  run(lab: Laboratory): Outcome;
}

export function tryMemoryCheck({ name, proves, run }: MemoryCheck, lab: Laboratory): CheckResult {
  return { name, proves, ...run(lab) };
}

const lanAddress = (lab: Laboratory, to: string): string =>
  to.includes(":") ? lab.hosts.lan.address(ROUTED_PREFIX) : LAN.ipv4;

/** Whether the packet is an ICMP message of the type its family has for it. */
const isIcmp = (p: ReadPacket, type4: number, type6: number): boolean =>
  p.family === 4
    ? p.protocol === PROTOCOL_ICMP && p.payload[0] === type4
    : p.protocol === PROTOCOL_ICMPV6 && p.payload[0] === type6;

const nothing: Outcome = { ok: false, through: "no answer" };

function ping(
  name: string,
  to: string,
  ttl: number,
  proves: string,
  source?: (lab: Laboratory) => string,
): MemoryCheck {
  return {
    name,
    proves,
    run(lab) {
      const type = to.includes(":") ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST;
      lab.hosts.wan.answered.length = 0;
      const request = icmp({ from: lanAddress(lab, to), to }, type, 0, 0x77770001, new Uint8Array(56));
      const reply = lab.exchange("lan", request, (p) => isIcmp(p, ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY));
      if (reply === undefined) return nothing;
      const seen = lab.hosts.wan.answered[0] ?? "nobody", wanted = source?.(lab);
      return {
        ok: reply.from === to && reply.ttl === ttl && (wanted === undefined || seen === wanted),
        through: `answer, ttl ${reply.ttl}${wanted === undefined ? "" : `, far side saw ${seen}`}`,
      };
    },
  };
}

function echo(name: string, to: string, proves: string, source: (lab: Laboratory) => string): MemoryCheck {
  return {
    name,
    proves,
    run(lab) {
      const payload = new TextEncoder().encode("weir");
      lab.hosts.wan.answered.length = 0;
      const request = udp({ from: lanAddress(lab, to), to }, 40000, ECHO_PORT, payload);
      const reply = lab.exchange("lan", request, (p) => p.protocol === PROTOCOL_UDP);
      if (reply === undefined) return nothing;
      const seen = lab.hosts.wan.answered[0] ?? "nobody";
      const same = payload.every((byte, i) => reply.payload[8 + i] === byte);
      return { ok: same && seen === source(lab), through: `came back, far side saw ${seen}` };
    },
  };
}

const isSynAck = (p: ReadPacket): boolean =>
  p.protocol === PROTOCOL_TCP && p.payload[TCP.flags] === (TCP_SYN | TCP_ACK);

function trace(name: string, to: string, router: string): MemoryCheck {
  return {
    name,
    proves: "TTL is counted down, time-exceeded comes from the right address",
    run(lab) {
      const probe = udp({ from: lanAddress(lab, to), to, ttl: 1 }, 40001, 33435);
      const error = lab.exchange("lan", probe, (p) => isIcmp(p, ICMP_TIME_EXCEEDED, ICMPV6_TIME_EXCEEDED));
      return error === undefined
        ? nothing
        : { ok: error.from === router, through: `first hop ${error.from}` };
    },
  };
}

function pathMtu(name: string, to: string): MemoryCheck {
  return {
    name,
    proves: "too big is said with the route's MTU",
    run(lab) {
      const size = 1500 - (to.includes(":") ? 48 : 28);
      const probe = udp({ from: lanAddress(lab, to), to }, 40002, ECHO_PORT, new Uint8Array(size));
      const error = lab.exchange("lan", probe, (p) => isIcmp(p, ICMP_UNREACHABLE, ICMPV6_PACKET_TOO_BIG));
      if (error === undefined) return nothing;
      const mtu = error.family === 4 ? u16(error.payload, 6) : u32(error.payload, 4);
      return { ok: mtu === NARROW.mtu, through: `1500 bytes sent, ${error.from} said ${mtu}` };
    },
  };
}

function blocked(name: string, target: (lab: Laboratory) => { to: string; port: number }): MemoryCheck {
  return {
    name,
    proves: "what WAN starts is dropped by policy, and counted",
    run(lab) {
      const { to, port } = target(lab), from = to.includes(":") ? WAN.ipv6 : WAN.ipv4;
      const drops = () => policyDrops(lab.rules.run("list ruleset", "").output), before = drops();
      lab.hosts.lan.answered.length = 0;
      const answer = lab.exchange("wan", tcp({ from, to }, 40003, port, { flags: TCP_SYN }), () => true);
      const rise = drops() - before;
      return {
        ok: answer === undefined && lab.hosts.lan.answered.length === 0 && rise > 0,
        through: `${answer === undefined ? "silent" : "answered"}, drop counter +${rise}`,
      };
    },
  };
}

const masqueraded = () => ROUTER_WAN.ipv4, routed = (lab: Laboratory) => lanAddress(lab, "::");

export const memoryChecks: readonly MemoryCheck[] = [
  {
    name: "IPv6 address and route for a LAN host",
    proves: "router advertisements with their prefixes",
    run(lab) {
      const { lan, lan2 } = lab.hosts;
      // the router's own addresses wait for duplicate address detection
      lab.until(() => false, 2500);
      lan.solicitRouters();
      lan2.solicitRouters();
      const ok = lab.until(
        () => lan.gateway6 !== "" && lan.addresses.length >= 2 + ADVERTISED_PREFIXES,
        20_000,
      );
      const made = lan.addresses.filter((a) => a.includes(":") && !a.startsWith("fe80:"));
      return { ok, through: `${made.join(", ") || "no address"}, default via ${lan.gateway6 || "nobody"}` };
    },
  },
  ping("ping the router", ROUTER_LAN.ipv4, 64, "ARP, IPv4 and ICMP of the router itself"),
  ping(
    "ping6 the router",
    ROUTER_LAN.routed,
    64,
    "neighbour discovery, IPv6 and ICMPv6 of the router itself",
  ),
  ping("ping WAN", WAN.ipv4, 63, "forwarding, conntrack and masquerade of ICMP", masqueraded),
  ping("ping6 WAN", WAN.ipv6, 63, "IPv6 routed, not translated", routed),
  echo("UDP echo", WAN.ipv4, "UDP through masquerade, both directions", masqueraded),
  echo("UDP echo over IPv6", WAN.ipv6, "UDP routed over IPv6", routed),
  {
    name: "TCP handshake",
    proves: "TCP through masquerade",
    run(lab) {
      const syn = tcp({ from: LAN.ipv4, to: WAN.ipv4 }, 40004, HTTP_PORT, { flags: TCP_SYN });
      const answer = lab.exchange("lan", syn, isSynAck);
      return answer === undefined ? nothing : { ok: true, through: `SYN-ACK from ${answer.from}` };
    },
  },
  {
    name: "LAN to LAN",
    proves: "the bridge carries frames as they are: no hop counted, no translation",
    run(lab) {
      lab.hosts.lan2.answered.length = 0;
      const request = icmp({ from: LAN.ipv4, to: LAN2.ipv4 }, ICMP_ECHO_REQUEST, 0, 1, new Uint8Array(56));
      const reply = lab.exchange("lan", request, (p) => isIcmp(p, ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY));
      const seen = lab.hosts.lan2.answered[0] ?? "nobody";
      return reply === undefined
        ? nothing
        : { ok: reply.ttl === 64 && seen === LAN.ipv4, through: `ttl ${reply.ttl}, other host saw ${seen}` };
    },
  },
  {
    name: "port forward",
    proves: "destination NAT from WAN, the visitor's address kept",
    run(lab) {
      lab.hosts.lan.answered.length = 0;
      const syn = tcp({ from: WAN.ipv4, to: ROUTER_WAN.ipv4 }, 40005, FORWARDED_PORT, { flags: TCP_SYN });
      const answer = lab.exchange("wan", syn, isSynAck);
      if (answer === undefined) return nothing;
      const seen = lab.hosts.lan.answered[0] ?? "nobody";
      return {
        ok: answer.from === ROUTER_WAN.ipv4 && u16(answer.payload, 0) === FORWARDED_PORT && seen === WAN.ipv4,
        through: `${answer.from}:${
          u16(answer.payload, 0)
        } answered by ${LAN.ipv4}:${HTTP_PORT}, which saw ${seen}`,
      };
    },
  },
  blocked("blocked: router from WAN", () => ({ to: ROUTER_WAN.ipv4, port: 22 })),
  blocked("blocked: LAN host from WAN", (lab) => ({ to: lanAddress(lab, "::"), port: HTTP_PORT })),
  trace("traceroute", WAN.ipv4, ROUTER_LAN.ipv4),
  trace("traceroute6", WAN.ipv6, ROUTER_LAN.routed),
  pathMtu("path MTU", NARROW.ipv4),
  pathMtu("path MTU over IPv6", NARROW.ipv6),
  {
    name: "counters of both ends",
    proves: "no frame was lost between router and host, none was invented",
    run(lab) {
      const ends = Object.entries(lab.ports);
      const ok = ends.every(([, [router, far]]) =>
        router.counters.rxPackets === far.counters.txPackets &&
        router.counters.txPackets === far.counters.rxPackets
      );
      const said = ends.map(([name, [router]]) =>
        `${name} in ${router.counters.rxPackets}, out ${router.counters.txPackets}`
      );
      return { ok, through: said.join("; ") };
    },
  },
];
