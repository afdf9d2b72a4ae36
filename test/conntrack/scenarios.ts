import {
  NAT_DNAT,
  NAT_MASQUERADE,
  NAT_REDIRECT,
  NAT_SNAT,
  type NatRequest,
  natRequest,
} from "../../core/classify/nat_request.ts";
import { HOOK_POSTROUTING, HOOK_PREROUTING } from "../../core/hook.ts";
import { parseAddress } from "../../core/packet/address.ts";
import { icmp, ip, tcp, udp } from "../../core/packet/build.ts";
import type { PacketBatch } from "../../core/packet/batch.ts";
import type { Outcome } from "./kernel.ts";
import type { Decide } from "./model.ts";

/** What has left the router so far, by step; absent steps have no packet. */
export type Outputs = readonly Outcome[];

export interface Step {
  /** 0: in from the LAN, 1: from the WAN. */
  readonly from: 0 | 1;
  readonly packet: (outputs: Outputs) => Uint8Array;
  /** Milliseconds to wait before. */
  readonly pause?: number;
}

export interface Scenario {
  readonly name: string;
  /** nft text for the kernel and the same decision for the model; without them NAT is not in use. */
  readonly rules?: string;
  readonly decide?: Decide;
  readonly steps: readonly Step[];
  /** The translated source port is random: it may differ, in its class. */
  readonly randomPort?: boolean;
}

const C = "192.168.77.2", C2 = "192.168.77.3", S = "198.51.100.2", S2 = "198.51.100.3", R = "198.51.100.1";
const C6 = "2001:db8:1::2", S6 = "2001:db8:2::2", R6 = "2001:db8:2::1";
const FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32;

interface Extra {
  len?: number;
  win?: number;
  opts?: number[];
  port?: number;
  pause?: number;
  bad?: boolean;
}

/** A TCP segment of the client (0) or server (1). */
function seg(
  side: 0 | 1,
  flags: number,
  seq: number,
  ack: number,
  extra: Extra = {},
  to = C,
  server = S,
): Step {
  const port = extra.port ?? 40000;
  const segment = {
    flags,
    sequence: seq >>> 0,
    acknowledgement: ack >>> 0,
    window: extra.win ?? 65535,
    options: Uint8Array.from(extra.opts ?? []),
    payload: new Uint8Array(extra.len ?? 0).fill(0x61),
  };
  return {
    from: side,
    ...(extra.pause === undefined ? {} : { pause: extra.pause }),
    packet: () => {
      const b = side === 0
        ? tcp({ from: to, to: server }, port, 80, segment)
        : tcp({ from: server, to }, 80, port, segment);
      if (extra.bad === true) b[b.length - 4]! ^= 1;
      return b;
    },
  };
}
const c = (flags: number, seq: number, ack: number, extra: Extra = {}) => seg(0, flags, seq, ack, extra);
const s = (flags: number, seq: number, ack: number, extra: Extra = {}) => seg(1, flags, seq, ack, extra);
const WS = (n: number) => [3, 3, n, 1];
const SACKP = [4, 2, 1, 1];
const sackBlock = (from: number, to: number) => [1, 1, 5, 10, ...be32(from), ...be32(to)];
const be32 = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

const open = (cs = 1000, ss = 5000, extra: Extra = {}) => [
  c(SYN, cs, 0, extra),
  s(SYN | ACK, ss, cs + 1, extra),
  c(ACK, cs + 1, ss + 1),
];
const u = (side: 0 | 1, from: string, to: string, sp: number, dp: number, pause?: number): Step => ({
  from: side,
  packet: () => udp({ from, to }, sp, dp, new TextEncoder().encode("hello")),
  ...(pause === undefined ? {} : { pause }),
});
const echo = (side: 0 | 1, from: string, to: string, reply: boolean, id: number, seq = 1): Step => ({
  from: side,
  packet: () => {
    const six = from.includes(":");
    const type = six ? (reply ? 129 : 128) : (reply ? 0 : 8);
    return icmp({ from, to }, type, 0, (id << 16) | seq, new Uint8Array(24).fill(0x70));
  },
});
/** An ICMP error from `from` about what left the router at step `about`, addressed to its sender. */
const error = (
  side: 0 | 1,
  from: string,
  about: number,
  type: number,
  code: number,
  rest = 0,
  cut = 1000,
  to?: string,
): Step => ({
  from: side,
  packet: (outputs) => {
    const quoted = outputs[about]!.packet!;
    return icmp({ from, to: to ?? sourceOf(quoted) }, type, code, rest, quoted.slice(0, cut));
  },
});
function sourceOf(packet: Uint8Array): string {
  if (packet[0]! >>> 4 === 4) return [...packet.subarray(12, 16)].join(".");
  const groups: string[] = [];
  for (let i = 8; i < 24; i += 2) groups.push(((packet[i]! << 8) | packet[i + 1]!).toString(16));
  return groups.join(":");
}
const portOfPacket = (packet: Uint8Array): number => {
  const at = packet[0]! >>> 4 === 4 ? 20 : 40;
  return (packet[at]! << 8) | packet[at + 1]!;
};

/** NAT decisions. */
function request(
  kind: number,
  address?: string,
  ports?: [number, number],
  flags = 0,
  high = address,
): NatRequest {
  const r = natRequest();
  r.active = true;
  r.kind = kind;
  r.flags = flags;
  if (address !== undefined && high !== undefined) {
    const low = parseAddress(address)!;
    r.family = low.family;
    r.hasAddress = true;
    r.minAddress.set(low.words);
    r.maxAddress.set(parseAddress(high)!.words);
  }
  if (ports !== undefined) {
    r.hasPort = true;
    [r.minPort, r.maxPort] = ports;
  }
  return r;
}
const onHook =
  (hook: number, when: (b: PacketBatch, row: number) => boolean, r: NatRequest): Decide => (h, b, row) =>
    h === hook && when(b, row) ? r : undefined;
const toWan = (b: PacketBatch, row: number) => b.outInterface[row] === 2;
const masquerade = (flags = 0, ports?: [number, number]): Decide =>
  onHook(HOOK_POSTROUTING, toWan, request(NAT_MASQUERADE, undefined, ports, flags));
const postrouting = (rule: string) =>
  `table inet nat { chain post { type nat hook postrouting priority srcnat; ${rule}\n}\n}`;
const prerouting = (rule: string) =>
  `table inet nat { chain pre { type nat hook prerouting priority dstnat; ${rule}\n}\n}`;
const MASQ = postrouting(`oifname "weir-w" masquerade`);
export const MASQUERADED = { rules: MASQ, decide: masquerade() };
const answer = (about: number, flags: number, seq: number, ack: number): Step => ({
  from: 1,
  packet: (outputs) => {
    const sent = outputs[about]!.packet!;
    return tcp({ from: S, to: R }, 80, portOfPacket(sent), { flags, sequence: seq, acknowledgement: ack });
  },
});

const opts = [...SACKP, ...WS(7)];

const plain: Scenario[] = [
  {
    name: "handshake, data, FIN",
    steps: [
      ...open(),
      c(ACK | PSH, 1001, 5001, { len: 100 }),
      s(ACK, 5001, 1101),
      s(ACK | PSH, 5001, 1101, { len: 1000 }),
      c(ACK, 1101, 6001),
      c(FIN | ACK, 1101, 6001),
      s(ACK, 6001, 1102),
      s(FIN | ACK, 6001, 1102),
      c(ACK, 1102, 6002),
      c(ACK, 1102, 6002),
    ],
  },
  { name: "SYN only, twice", steps: [c(SYN, 1000, 0), c(SYN, 1000, 0), c(SYN, 1000, 0, { opts })] },
  {
    name: "SYN again with a higher sequence number",
    steps: [c(SYN, 1000, 0), c(SYN, 90000, 0), s(SYN | ACK, 1, 90001), c(ACK, 90001, 2)],
  },
  {
    name: "SYN again with a lower sequence number",
    steps: [
      c(SYN, 90000, 0, { opts }),
      c(SYN, 1000, 0, { opts }),
      s(SYN | ACK, 1, 1001, { opts }),
      c(ACK, 1001, 2),
      s(ACK, 2, 1001),
    ],
  },
  { name: "SYN refused", steps: [c(SYN, 1000, 0), s(RST | ACK, 0, 1001), c(SYN, 1000, 0)] },
  {
    name: "old SYN-ACK",
    steps: [
      c(SYN, 1000, 0),
      s(SYN | ACK, 7, 501),
      c(RST, 501, 0),
      s(SYN | ACK, 5000, 1001),
      c(ACK, 1001, 5001),
    ],
  },
  {
    name: "old SYN-ACK of an established flow",
    steps: [...open(), s(SYN | ACK, 777, 555), s(SYN | ACK, 5000, 1001), c(ACK, 1001, 5001)],
  },
  { name: "SYN-ACK without SYN", steps: [s(SYN | ACK, 5000, 1001), c(SYN | ACK, 5000, 1001)] },
  {
    name: "RST outside the window",
    steps: [
      ...open(),
      c(ACK | PSH, 1001, 5001, { len: 10 }),
      s(ACK, 5001, 1011),
      s(RST, 4000, 0),
      s(RST, 900000, 0),
      s(ACK, 5001, 1011),
    ],
  },
  {
    name: "RST inside the window, not exact",
    steps: [
      ...open(),
      c(ACK | PSH, 1001, 5001, { len: 10 }),
      s(ACK, 5001, 1011),
      s(RST, 5100, 0),
      c(ACK, 1011, 5001),
      s(RST, 5001, 0),
    ],
  },
  {
    name: "RST exact, then SYN",
    steps: [...open(), s(RST, 5001, 0), c(ACK, 1001, 5001), c(SYN, 99000, 0), s(SYN | ACK, 1, 99001)],
  },
  { name: "RST behind data", steps: [...open(), s(ACK | PSH, 5001, 1001, { len: 19 }), s(RST, 5020, 0)] },
  {
    name: "RST of the client, then its SYN",
    steps: [...open(), c(RST, 1001, 0), c(SYN, 5000, 0), s(SYN | ACK, 7000, 5001), c(ACK, 5001, 7001)],
  },
  { name: "RST with ACK 0", steps: [...open(), c(RST | ACK, 1001, 0)] },
  {
    name: "data past the window",
    steps: [
      c(SYN, 1000, 0, { win: 1000 }),
      s(SYN | ACK, 5000, 1001, { win: 1000 }),
      c(ACK, 1001, 5001, { win: 1000 }),
      c(ACK, 1001, 5001, { win: 1000, len: 900 }),
      c(ACK, 1901, 5001, { win: 1000, len: 900 }),
      c(ACK, 5001, 5001, { win: 1000, len: 900 }),
      s(ACK, 5001, 2801, { win: 1000 }),
      s(ACK, 5001, 9000, { win: 1000 }),
    ],
  },
  {
    name: "retransmission past the window",
    steps: [
      ...open(),
      c(ACK, 1001, 5001, { len: 1000 }),
      s(ACK, 5001, 2001),
      c(ACK, 1001, 5001, { len: 1000 }),
      c(ACK, 2001 - 70000, 5001, { len: 100 }),
      c(ACK, 2001, 5001 - 70000, { len: 0 }),
      s(ACK, 5001 - 90000, 2001, { len: 10 }),
    ],
  },
  {
    name: "ACK of data nobody sent",
    steps: [...open(), s(ACK, 5001, 100000), c(ACK, 1001, 90000), s(ACK, 5001, 1001)],
  },
  {
    name: "retransmissions without answer",
    steps: [
      ...open(),
      ...Array.from({ length: 6 }, () => c(ACK, 1001, 5001, { len: 50 })),
      s(ACK, 5001, 1051),
    ],
  },
  {
    name: "window scale and SACK",
    steps: [
      c(SYN, 1000, 0, { opts }),
      s(SYN | ACK, 5000, 1001, { opts }),
      c(ACK, 1001, 5001, { win: 512 }),
      s(ACK, 5001, 1001, { len: 1000 }),
      s(ACK, 7001, 1001, { len: 1000 }),
      c(ACK, 1001, 6001, { opts: sackBlock(7001, 8001), win: 500 }),
      s(ACK, 6001, 1001, { len: 1000 }),
      s(ACK, 66000, 1001, { len: 100 }),
      c(ACK, 1001, 66100, { win: 512 }),
      s(ACK, 131000, 1001, { len: 100 }),
    ],
  },
  {
    name: "window scale of one side only",
    steps: [
      c(SYN, 1000, 0, { opts }),
      s(SYN | ACK, 5000, 1001, { win: 100 }),
      c(ACK, 1001, 5001, { win: 100 }),
      c(ACK, 1001, 5001, { win: 100, len: 90 }),
      c(ACK, 1091, 5001, { win: 100, len: 900 }),
    ],
  },
  {
    name: "zero window",
    steps: [
      ...open(),
      s(ACK, 5001, 1001, { win: 0 }),
      c(ACK, 1001, 5001, { len: 1 }),
      s(ACK, 5001, 1001, { win: 0 }),
      s(ACK, 5001, 1002, { win: 1000 }),
    ],
  },
  {
    name: "keep-alive",
    steps: [
      ...open(),
      c(ACK, 1000, 5001),
      s(ACK, 5001, 1001),
      c(ACK, 1000, 5001, { len: 1 }),
      s(ACK, 5001, 1001),
    ],
  },
  {
    name: "SYN in an established flow, challenge ACK",
    steps: [
      ...open(),
      c(SYN, 70000, 0, { opts }),
      s(ACK, 5001, 1001),
      c(RST, 1001, 0),
      c(SYN, 70000, 0, { opts }),
      s(SYN | ACK, 9000, 70001, { opts }),
    ],
  },
  {
    name: "SYN in an established flow, answered",
    steps: [
      ...open(),
      c(SYN, 70000, 0, { opts }),
      s(SYN | ACK, 9000, 70001, { opts }),
      c(ACK, 70001, 9001),
      s(ACK, 9001, 70001, { len: 10 }),
    ],
  },
  {
    name: "SYN in an established flow, refused",
    steps: [...open(), c(SYN, 70000, 0), s(RST | ACK, 0, 70001)],
  },
  {
    name: "SYN in an established flow, reset by the same side",
    steps: [...open(), c(SYN, 70000, 0), c(RST | ACK, 990000, 70001), s(RST | ACK, 990000, 70001)],
  },
  {
    name: "SYN again after an ignored ACK, reset by the same side",
    steps: [c(SYN, 1000, 0), s(ACK, 5000, 1001, { len: 100 }), c(SYN, 70000, 0), c(RST | ACK, 70001, 5100)],
  },
  { name: "SYN of the server in an established flow", steps: [...open(), s(SYN, 70000, 0)] },
  {
    name: "TIME_WAIT reopened",
    steps: [
      ...open(),
      c(FIN | ACK, 1001, 5001),
      s(FIN | ACK, 5001, 1002),
      c(ACK, 1002, 5002),
      c(SYN, 80000, 0, { opts }),
      s(SYN | ACK, 200000, 80001),
      c(ACK, 80001, 200001),
    ],
  },
  {
    name: "TIME_WAIT reopened by the server",
    steps: [
      ...open(),
      c(FIN | ACK, 1001, 5001),
      s(FIN | ACK, 5001, 1002),
      c(ACK, 1002, 5002),
      s(SYN, 80000, 0),
      c(SYN | ACK, 200000, 80001),
      s(ACK, 80001, 200001),
    ],
  },
  {
    name: "LAST_ACK, SYN, challenge ACK",
    steps: [
      ...open(),
      c(FIN | ACK, 1001, 5001),
      s(FIN | ACK, 5001, 1002),
      c(SYN, 80000, 0),
      s(ACK, 5002, 1002),
      c(ACK, 1002, 5002),
    ],
  },
  { name: "RST while closing", steps: [...open(), c(FIN | ACK, 1001, 5001), s(RST, 5, 0), c(SYN, 80000, 0)] },
  {
    name: "simultaneous open",
    steps: [
      c(SYN, 1000, 0),
      s(SYN, 5000, 0),
      c(SYN | ACK, 1000, 5001),
      s(SYN | ACK, 5000, 1001),
      s(ACK, 5001, 1001),
      c(ACK, 1001, 5001, { len: 20 }),
      s(ACK, 5001, 1021),
    ],
  },
  {
    name: "simultaneous open, ACKs",
    steps: [
      c(SYN, 1000, 0),
      s(SYN, 5000, 0),
      s(SYN | ACK, 5000, 1001),
      c(SYN | ACK, 1000, 5001),
      c(ACK, 1001, 5001),
      s(ACK, 5001, 1001),
    ],
  },
  {
    name: "picked up in the middle",
    steps: [
      c(ACK, 1001, 5001, { len: 100 }),
      s(ACK, 5001, 1101),
      c(ACK, 1101, 5001, { len: 100 }),
      s(ACK, 5001, 1201, { len: 1400 }),
      s(ACK, 500000, 1201, { len: 100 }),
    ],
  },
  {
    name: "picked up in the middle, one way",
    steps: [c(ACK, 1001, 5001, { len: 100 }), c(ACK, 1101, 5001, { len: 100 }), c(RST, 1201, 0)],
  },
  { name: "picked up at the FIN", steps: [c(FIN | ACK, 1001, 5001), s(RST, 1, 0), c(RST, 5, 0)] },
  {
    name: "half close",
    steps: [
      ...open(),
      c(FIN | ACK, 1001, 5001),
      s(ACK, 5001, 1002),
      s(ACK, 5001, 1002, { len: 500 }),
      c(ACK, 1002, 5501),
      s(ACK, 5501, 1002, { len: 500 }),
      c(ACK, 1002, 6001),
      s(FIN | ACK, 6001, 1002),
      c(ACK, 1002, 6002),
    ],
  },
  {
    name: "FIN retransmitted",
    steps: [...open(), c(FIN | ACK, 1001, 5001), c(FIN | ACK, 1001, 5001), s(ACK, 5001, 1002)],
  },
  {
    name: "FIN outside the window, both sides",
    steps: [...open(), c(FIN | ACK, 990000, 5001), s(FIN | ACK, 880000, 1001), c(ACK, 1001, 5001)],
  },
  {
    name: "ACK in SYN_SENT, then RST",
    steps: [c(SYN, 1000, 0), s(ACK, 300, 400), c(RST, 400, 0), c(SYN, 1000, 0), s(SYN | ACK, 7, 1001)],
  },
  {
    name: "nonsense flags",
    steps: [
      ...open(),
      c(0, 1001, 0),
      c(FIN, 1001, 0),
      c(SYN | FIN, 1001, 0),
      c(URG | PSH | FIN, 1001, 0),
      c(SYN | RST, 1, 0),
      c(RST | FIN, 1001, 0),
      c(SYN | ACK | FIN, 1, 0),
      c(ACK | URG | PSH, 1001, 5001),
      c(FIN | ACK | URG, 1001, 5001),
    ],
  },
  {
    name: "bad checksum",
    steps: [c(SYN, 1000, 0, { bad: true }), c(SYN, 1000, 0), s(SYN | ACK, 5000, 1001, { bad: true, len: 8 })],
  },
  {
    name: "options cut short",
    steps: [
      c(SYN, 1000, 0, { opts: [3, 3] }),
      s(SYN | ACK, 5000, 1001, { opts: [2, 4, 5, 180, 3, 40, 1, 1] }),
      c(ACK, 1001, 5001, { opts: [5, 10, 1, 2] }),
    ],
  },
  {
    name: "window wraps at 2^32",
    steps: [
      ...open(0xfffffff0, 0xffffff00),
      c(ACK, 0xfffffff1, 0xffffff01, { len: 100 }),
      s(ACK, 0xffffff01, 85),
      s(ACK, 0xffffff01, 85, { len: 1000 }),
      c(ACK, 85, 745),
    ],
  },
  {
    name: "UDP, question and answer",
    steps: [u(0, C, S, 5000, 53), u(0, C, S, 5000, 53), u(1, S, C, 53, 5000), u(0, C, S, 5000, 53)],
  },
  {
    name: "UDP stream after two seconds",
    steps: [u(0, C, S, 5000, 53), u(1, S, C, 53, 5000), u(0, C, S, 5000, 53, 2100), u(1, S, C, 53, 5000)],
  },
  { name: "UDP from outside", steps: [u(1, S, C, 53, 5000), u(0, C, S, 5000, 53)] },
  {
    name: "UDP, lying length, no checksum",
    steps: [
      { from: 0, packet: () => patch(udp({ from: C, to: S }, 1, 2, new Uint8Array(8)), 24, [0, 200]) },
      { from: 0, packet: () => patch(udp({ from: C, to: S }, 1, 2, new Uint8Array(8)), 24, [0, 7]) },
      { from: 0, packet: () => patch(udp({ from: C, to: S }, 1, 2, new Uint8Array(8)), 26, [0, 0]) },
      { from: 0, packet: () => patch(udp({ from: C, to: S }, 1, 2, new Uint8Array(8)), 26, [1, 2]) },
    ],
  },
  {
    name: "ICMP echo",
    steps: [
      echo(0, C, S, false, 7),
      echo(1, S, C, true, 7),
      echo(1, S, C, true, 8),
      echo(1, S, C, true, 7),
      echo(0, C, S, false, 7, 2),
    ],
  },
  {
    name: "ICMP of odd types",
    steps: [
      { from: 0, packet: () => icmp({ from: C, to: S }, 13, 0, 0x10001, new Uint8Array(12)) },
      { from: 1, packet: () => icmp({ from: S, to: C }, 14, 0, 0x10001, new Uint8Array(12)) },
      { from: 0, packet: () => icmp({ from: C, to: S }, 17, 0, 0x10001, new Uint8Array(4)) },
      { from: 0, packet: () => icmp({ from: C, to: S }, 9, 0, 0, new Uint8Array(4)) },
      { from: 0, packet: () => icmp({ from: C, to: S }, 42, 0, 0, new Uint8Array(4)) },
      { from: 0, packet: () => patch(icmp({ from: C, to: S }, 8, 0, 5, new Uint8Array(4)), 22, [9, 9]) },
      { from: 0, packet: () => icmp({ from: C, to: S }, 8, 3, 0x90001, new Uint8Array(4)) },
    ],
  },
  {
    name: "ICMP errors about a TCP flow",
    steps: [
      ...open(),
      error(1, S, 0, 3, 1),
      error(1, S2, 2, 11, 0),
      error(1, S2, 2, 3, 4, 1400, 28),
      error(1, S2, 2, 3, 4, 1400, 24),
      error(1, S2, 2, 3, 4, 1400, 20),
      error(1, S, 2, 3, 1, 0, 1000, C2),
      error(0, C, 1, 3, 3),
      error(0, C2, 1, 5, 1, 0xc0a84d09),
      error(1, S, 2, 12, 0),
      error(1, S, 2, 4, 0),
    ],
  },
  {
    name: "ICMP errors about nothing",
    steps: [
      { from: 1, packet: () => icmp({ from: S, to: C }, 3, 1, 0, udp({ from: C, to: S }, 9, 10).slice()) },
      { from: 1, packet: () => icmp({ from: S, to: C }, 3, 1, 0, new Uint8Array(10)) },
      { from: 1, packet: () => icmp({ from: S, to: C }, 3, 1, 0, icmp({ from: C, to: S }, 3, 1).slice()) },
    ],
  },
  {
    name: "another protocol",
    steps: [
      { from: 0, packet: () => ip({ from: C, to: S }, 99, new Uint8Array(20)) },
      { from: 1, packet: () => ip({ from: S, to: C }, 99, new Uint8Array(20)) },
      { from: 0, packet: () => ip({ from: C, to: S }, 47, new Uint8Array(20)) },
      {
        from: 1,
        packet: () => ip({ from: S, to: C }, 47, new Uint8Array(20)),
      },
    ],
  },
  {
    name: "truncated transport headers",
    steps: [
      { from: 0, packet: () => ip({ from: C, to: S }, 6, new Uint8Array(12)) },
      { from: 0, packet: () => ip({ from: C, to: S }, 17, new Uint8Array(6)) },
      { from: 0, packet: () => ip({ from: C, to: S }, 1, new Uint8Array(4)) },
      { from: 0, packet: () => patch(tcp({ from: C, to: S }, 1, 2, { flags: SYN }), 32, [0x40]) },
      { from: 0, packet: () => patch(tcp({ from: C, to: S }, 1, 2, { flags: SYN }), 32, [0xf0]) },
    ],
  },
  {
    name: "IPv6: TCP",
    steps: [
      seg(0, SYN, 1000, 0, {}, C6, S6),
      seg(1, SYN | ACK, 5000, 1001, {}, C6, S6),
      seg(0, ACK, 1001, 5001, {}, C6, S6),
      seg(1, FIN | ACK, 5001, 1001, {}, C6, S6),
      seg(0, RST, 5, 5, {}, C6, S6),
    ],
  },
  {
    name: "IPv6: UDP and echo",
    steps: [
      u(0, C6, S6, 5000, 53),
      u(1, S6, C6, 53, 5000),
      echo(0, C6, S6, false, 9),
      echo(1, S6, C6, true, 9),
      echo(1, S6, C6, true, 10),
    ],
  },
  {
    name: "IPv6: errors",
    steps: [
      u(0, C6, S6, 5000, 53),
      error(1, S6, 0, 1, 4),
      error(1, "2001:db8:9::1", 0, 2, 0, 1280),
      error(1, S6, 0, 3, 0, 0, 44),
      error(1, S6, 0, 4, 0, 0, 41),
      error(1, S6, 0, 1, 0, 0, 1000, "2001:db8:1::99"),
    ],
  },
  {
    name: "IPv6: neighbour messages",
    steps: [
      ...[133, 134, 135, 136, 130, 131, 132, 143, 137, 144, 139, 200].map((type): Step => ({
        from: 0,
        packet: () => icmp({ from: C6, to: S6, ttl: 255 }, type, 0, 0, new Uint8Array(40)),
      })),
    ],
  },
  {
    name: "IPv6: extension headers",
    steps: [
      { from: 0, packet: () => behindOptions(udp({ from: C6, to: S6 }, 5, 6)) },
      { from: 1, packet: () => behindOptions(udp({ from: S6, to: C6 }, 6, 5)) },
    ],
  },
];

const translated: Scenario[] = [
  {
    name: "masquerade: TCP",
    rules: MASQ,
    decide: masquerade(),
    steps: [
      c(SYN, 1000, 0, { opts }),
      seg(1, SYN | ACK, 5000, 1001, { opts }, R),
      c(ACK, 1001, 5001, { len: 33 }),
      seg(1, ACK, 5001, 1034, { len: 77 }, R),
      seg(1, ACK, 5001, 900000, { len: 77 }, R),
      c(FIN | ACK, 1034, 5078),
      seg(1, FIN | ACK, 5078, 1035, {}, R),
      c(ACK, 1035, 5079),
    ],
  },
  {
    name: "masquerade: UDP, echo, errors",
    rules: MASQ,
    decide: masquerade(),
    steps: [
      u(0, C, S, 5000, 53),
      u(1, S, R, 53, 5000),
      error(1, S, 0, 3, 3),
      error(1, S2, 0, 11, 0, 0, 28),
      echo(0, C, S, false, 7),
      echo(1, S, R, true, 7),
      error(1, S2, 4, 11, 0),
      c(SYN, 1000, 0),
      error(1, S2, 7, 3, 4, 1300),
      error(1, S2, 7, 3, 4, 1300, 28),
      error(1, S2, 7, 5, 1, 0xc6336403),
      { from: 0, packet: () => patch(udp({ from: C, to: S }, 5001, 2, new Uint8Array(8)), 26, [0, 0]) },
      u(1, S, R, 2, 5001),
      { from: 0, packet: () => ip({ from: C, to: S }, 99, new Uint8Array(20)) },
      { from: 1, packet: () => ip({ from: S, to: R }, 99, new Uint8Array(20)) },
    ],
  },
  {
    name: "masquerade: one port, two servers, then the first again",
    rules: MASQ,
    decide: masquerade(),
    steps: [u(0, C, S, 5000, 53), u(0, C, S2, 5000, 53), u(0, C, S, 5000, 123), u(1, S2, R, 53, 5000)],
  },
  {
    name: "masquerade: port clash",
    rules: MASQ,
    decide: masquerade(),
    randomPort: true,
    steps: [
      u(0, C, S, 5000, 53),
      u(0, C2, S, 5000, 53),
      { from: 1, packet: (o) => udp({ from: S, to: R }, 53, portOfPacket(o[1]!.packet!), new Uint8Array(5)) },
      u(0, C2, S2, 5000, 53),
    ],
  },
  {
    name: "masquerade: port clash of a low and a privileged port",
    rules: MASQ,
    decide: masquerade(),
    randomPort: true,
    steps: [
      u(0, C, S, 500, 500),
      u(0, C2, S, 500, 500),
      u(0, C, S, 700, 53),
      u(0, C2, S, 700, 53),
      echo(0, C, S, false, 77),
      echo(0, C2, S, false, 77),
    ],
  },
  {
    name: "masquerade to ports, random",
    rules: postrouting(`oifname "weir-w" meta l4proto { tcp, udp } masquerade to :2000-2999 random`),
    decide: (h, b, row) =>
      h === HOOK_POSTROUTING && toWan(b, row)
        ? request(NAT_MASQUERADE, undefined, [2000, 2999], 4)
        : undefined,
    randomPort: true,
    steps: [c(SYN, 1000, 0), answer(0, SYN | ACK, 5000, 1001), c(ACK, 1001, 5001)],
  },
  {
    name: "masquerade: clash in a range of one port",
    rules: postrouting(`oifname "weir-w" meta l4proto udp masquerade to :3000`),
    decide: masquerade(0, [3000, 3000]),
    steps: [u(0, C, S, 5000, 53), u(0, C2, S, 5000, 53), u(0, C2, S2, 5000, 53)],
  },
  {
    name: "masquerade: clash with a connection that is over",
    rules: postrouting(`oifname "weir-w" meta l4proto tcp masquerade to :3000-3001`),
    decide: masquerade(0, [3000, 3001]),
    randomPort: true,
    steps: [
      c(SYN, 1000, 0),
      answer(0, SYN | ACK, 5000, 1001),
      c(ACK, 1001, 5001),
      c(FIN | ACK, 1001, 5001),
      answer(0, FIN | ACK, 5001, 1002),
      c(ACK, 1002, 5002),
      c(SYN, 70000, 0, { port: 40001 }),
      c(SYN, 80000, 0, { port: 40002 }),
    ],
  },
  {
    name: "SNAT to a pool",
    rules: postrouting(`oifname "weir-w" ip saddr 192.168.77.0/24 snat ip to 203.0.113.1-203.0.113.60`),
    decide: onHook(HOOK_POSTROUTING, toWan, request(NAT_SNAT, "203.0.113.1", undefined, 0, "203.0.113.60")),
    steps: [
      u(0, C, S, 5000, 53),
      u(0, C2, S, 5000, 53),
      u(0, C, S2, 5001, 53),
      u(0, C2, S2, 5002, 53),
      u(0, C, "198.51.100.77", 5003, 9),
    ],
  },
  {
    name: "SNAT to a pool, persistent",
    rules: postrouting(
      `oifname "weir-w" ip saddr 192.168.77.0/24 snat ip to 203.0.113.1-203.0.113.60 persistent`,
    ),
    decide: onHook(HOOK_POSTROUTING, toWan, request(NAT_SNAT, "203.0.113.1", undefined, 8, "203.0.113.60")),
    steps: [u(0, C, S, 5000, 53), u(0, C2, S, 5000, 53), u(0, C, S2, 5001, 53), u(0, C2, S2, 5002, 53)],
  },
  {
    name: "SNAT to a pool of IPv6 addresses",
    rules: postrouting(
      `oifname "weir-w" ip6 saddr 2001:db8:1::/64 snat ip6 to 2001:db8:2::10-2001:db8:3::20`,
    ),
    decide: onHook(
      HOOK_POSTROUTING,
      toWan,
      request(NAT_SNAT, "2001:db8:2::10", undefined, 0, "2001:db8:3::20"),
    ),
    steps: [u(0, C6, S6, 5000, 53), u(0, C6, S6, 5001, 54), u(0, C6, "2001:db8:2::3", 5001, 54)],
  },
  {
    name: "DNAT with reply and errors",
    rules: prerouting(`iifname "weir-w" tcp dport 8080 dnat ip to 192.168.77.2:80`),
    decide: onHook(
      HOOK_PREROUTING,
      (b, row) => b.inInterface[row] === 2 && b.protocol[row] === 6 && b.destinationPort[row] === 8080,
      request(NAT_DNAT, C, [80, 80]),
    ),
    steps: [
      { from: 1, packet: () => tcp({ from: S, to: R }, 4444, 8080, { flags: SYN, sequence: 100 }) },
      {
        from: 0,
        packet: () =>
          tcp({ from: C, to: S }, 80, 4444, { flags: SYN | ACK, sequence: 900, acknowledgement: 101 }),
      },
      {
        from: 1,
        packet: () =>
          tcp({ from: S, to: R }, 4444, 8080, { flags: ACK, sequence: 101, acknowledgement: 901 }),
      },
      error(0, C, 2, 3, 3),
      error(0, C2, 2, 3, 4, 1200, 28),
      error(0, C2, 2, 3, 4, 1200, 1000),
      { from: 1, packet: (o) => icmp({ from: S2, to: R }, 11, 0, 0, o[1]!.packet!.slice()) },
      { from: 0, packet: () => tcp({ from: C, to: S }, 80, 4444, { flags: RST, sequence: 901 }) },
    ],
  },
  {
    name: "DNAT to a range of ports",
    rules: prerouting(`iifname "weir-w" udp dport 8080 dnat ip to 192.168.77.2:1000-1003`),
    decide: onHook(HOOK_PREROUTING, (b, row) => b.inInterface[row] === 2, request(NAT_DNAT, C, [1000, 1003])),
    randomPort: true,
    steps: [u(1, S, R, 1, 8080), u(1, S, R, 2, 8080), u(1, S2, R, 1, 8080)],
  },
  {
    name: "redirect",
    rules: prerouting(`iifname "weir-l" udp dport 53 redirect to :5353`),
    decide: onHook(
      HOOK_PREROUTING,
      (b, row) => b.inInterface[row] === 1 && b.destinationPort[row] === 53,
      request(NAT_REDIRECT, undefined, [5353, 5353]),
    ),
    steps: [u(0, C, S, 5000, 53), u(0, C, S, 5000, 53)],
  },
  {
    name: "no rule, but a clash: the router's own flow has the answers",
    rules: MASQ,
    decide: masquerade(),
    randomPort: true,
    steps: [u(0, C, S, 5000, 53), u(1, S, C, 53, 5000), u(0, C, S, 6000, 53)],
  },
  {
    name: "IPv6: masquerade",
    rules: MASQ,
    decide: masquerade(),
    steps: [
      u(0, C6, S6, 5000, 53),
      u(1, S6, R6, 53, 5000),
      error(1, S6, 0, 1, 4),
      error(1, S6, 0, 3, 0, 0, 48),
      echo(0, C6, S6, false, 9),
      echo(1, S6, R6, true, 9),
      error(1, S6, 4, 2, 0, 1280),
      seg(0, SYN, 1000, 0, {}, C6, S6),
      seg(1, SYN | ACK, 5000, 1001, {}, R6, S6),
    ],
  },
];

export const scenarios: readonly Scenario[] = [...plain, ...translated];

function patch(b: Uint8Array, at: number, bytes: number[]): Uint8Array {
  b.set(bytes, at);
  return b;
}

/** Puts a destination options header of eight bytes between IPv6 and the rest. */
function behindOptions(packet: Uint8Array): Uint8Array {
  const b = new Uint8Array(packet.length + 8);
  b.set(packet.subarray(0, 40));
  b.set(packet.subarray(40), 48);
  b[40] = b[6]!;
  b[6] = 60;
  b.set([0, 1, 4, 0, 0, 0, 0], 41);
  b[4] = (packet.length - 32) >>> 8;
  b[5] = packet.length - 32;
  return b;
}
