import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NAT_DNAT,
  NAT_MASQUERADE,
  NAT_REDIRECT,
  NAT_SNAT,
  type NatRequest,
  natRequest,
  NF_NAT_RANGE_NETMAP,
} from "../classify/nat_request.ts";
import { IPS_DST_NAT, IPS_SRC_NAT } from "../conntrack/status.ts";
import { Conntrack } from "../conntrack/track.ts";
import { HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from "../hook.ts";
import { parseAddress } from "../packet/address.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { icmp, ip, tcp, udp } from "../packet/build.ts";
import { u16 } from "../packet/bytes.ts";
import { fold, ipv4HeaderValid, pseudo, transportValid } from "../packet/checksum.ts";
import { CHECKSUM_PARTIAL, CT_ESTABLISHED, VERDICT_DROP } from "../packet/columns.ts";
import { packetOf, putPacket, singleBatch } from "../packet/test_batch.ts";
import { TCP_ACK, TCP_SYN } from "../packet/tcp.ts";
import { below, SeededRandom } from "../random.ts";
import { Nat } from "./translate.ts";

const C = "192.168.1.2", S = "198.51.100.2", R = "198.51.100.1";

/** A router with the uplink as interface 2 and one NAT decision for new flows. */
class TestNat {
  readonly conntrack = new Conntrack({ flows: 1000, random: new SeededRandom(2) });
  readonly nat: Nat;
  uplink: string | undefined = R;
  out = 2;
  request: NatRequest | undefined;
  hook = HOOK_POSTROUTING;

  constructor(request?: NatRequest, hook = HOOK_POSTROUTING) {
    this.request = request;
    this.hook = hook;
    this.nat = new Nat(this.conntrack, {
      random: new SeededRandom(3),
      interfaceAddress: (_index, family, _batch, _row, out) => {
        if (this.uplink === undefined || family !== 4) return false;
        out.set(parseAddress(this.uplink)!.words);
        return true;
      },
    });
  }

  /** Undefined when the packet is dropped. */
  pass(
    packet: Uint8Array,
    prepare?: (batch: PacketBatch, row: number) => void,
    hooks = FORWARDED,
    batch = singleBatch(),
  ) {
    const row = putPacket(batch, packet);
    prepare?.(batch, row);
    batch.now = 1000;
    this.conntrack.track(batch, row, hooks[0]!);
    batch.outInterface[row] = this.out;
    for (const hook of hooks) {
      if (this.nat.needsSetup(batch, row, hook)) {
        if (!this.nat.setup(batch, row, hook === this.hook ? this.request : undefined, hook)) {
          return undefined;
        }
      }
      if (!this.nat.translate(batch, row, hook)) return undefined;
    }
    this.conntrack.confirm(batch, row);
    this.conntrack.expire(1000, 10);
    return batch.verdict[row] === VERDICT_DROP
      ? undefined
      : { batch, row, packet: packetOf(batch, row), flow: batch.flow[row]! };
  }
}
const FORWARDED = [HOOK_PREROUTING, HOOK_POSTROUTING];

function request(kind: number, low?: string, high = low, ports?: [number, number], flags = 0): NatRequest {
  const r = natRequest();
  r.kind = kind;
  r.flags = flags;
  if (low !== undefined) {
    r.hasAddress = true;
    r.family = parseAddress(low)!.family;
    r.minAddress.set(parseAddress(low)!.words);
    r.maxAddress.set(parseAddress(high!)!.words);
  }
  if (ports !== undefined) [r.hasPort, r.minPort, r.maxPort] = [true, ...ports];
  return r;
}

function checksumsRight(b: Uint8Array): boolean {
  const six = b[0]! >>> 4 === 6, at = six ? 40 : 20, protocol = b[six ? 6 : 9]!;
  if (!six && !ipv4HeaderValid(b, 0, 20)) return false;
  return transportValid(
    b,
    at,
    b.length,
    protocol === 1 ? 0 : pseudo(b, 0, six ? 6 : 4, protocol, b.length - at),
  );
}
const ports = (b: Uint8Array) => [u16(b, 20), u16(b, 22)];
const addresses = (b: Uint8Array) => [[...b.subarray(12, 16)].join("."), [...b.subarray(16, 20)].join(".")];

test("masquerade: source out, destination back, checksums right, columns follow", () => {
  const t = new TestNat(request(NAT_MASQUERADE));
  const sent = t.pass(udp({ from: C, to: S }, 5000, 53, new Uint8Array(7)))!;
  assert.deepEqual([addresses(sent.packet), ports(sent.packet)], [[R, S], [5000, 53]]);
  assert.ok(checksumsRight(sent.packet));
  assert.equal(sent.batch.source[sent.row * 4], 0xc6336401);
  const back = t.pass(udp({ from: S, to: R }, 53, 5000, new Uint8Array(8)))!;
  assert.deepEqual(addresses(back.packet), [S, C]);
  assert.equal(back.batch.ctState[back.row], CT_ESTABLISHED);
  assert.equal(back.batch.destination[back.row * 4], 0xc0a80102);
  assert.ok(checksumsRight(back.packet));
  assert.equal(t.conntrack.table.masqueraded(sent.flow), 2);
});

test("a port in use is replaced within its class, also for flows of one batch", () => {
  for (const [port, least, most] of [[300, 1, 511], [700, 600, 1023], [40000, 1024, 65535]] as const) {
    const t = new TestNat(request(NAT_MASQUERADE));
    const first = ports(t.pass(udp({ from: C, to: S }, port, 53))!.packet)[0];
    const second = t.pass(udp({ from: "192.168.1.3", to: S }, port, 53))!;
    const got = ports(second.packet)[0]!;
    assert.equal(first, port);
    assert.ok(got !== port && got >= least && got <= most, `${port} became ${got}`);
    assert.ok(checksumsRight(second.packet));
    const back = t.pass(udp({ from: S, to: R }, 53, got))!;
    assert.deepEqual([addresses(back.packet)[1], ports(back.packet)[1]], ["192.168.1.3", port]);
    assert.equal(back.batch.destinationPort[back.row], port);
  }
});

test("a UDP checksum of zero stays zero, and none becomes zero", () => {
  const t = new TestNat(request(NAT_MASQUERADE)), packet = udp({ from: C, to: S }, 5000, 53);
  packet[26] = packet[27] = 0;
  assert.equal(u16(t.pass(packet)!.packet, 26), 0);
  for (let n = 0; n < 65536; n += 1) {
    const payload = Uint8Array.of(n >>> 8, n);
    const sent = udp({ from: R, to: S }, 5000, 53, payload);
    if (u16(sent, 26) !== 0xffff) continue;
    assert.equal(u16(t.pass(udp({ from: C, to: S }, 5000, 53, payload))!.packet, 26), 0xffff);
    return;
  }
});

test("a partial checksum follows addresses, not ports", () => {
  const t = new TestNat(request(NAT_MASQUERADE, undefined, undefined, [7777, 7777]));
  const packet = tcp({ from: C, to: S }, 5000, 80, { flags: TCP_SYN, payload: new Uint8Array(3000) });
  const whole = packet.length - 20;
  const put = (b: Uint8Array, v: number) => b.set([v >>> 8, v & 255], 36);
  put(packet, fold(pseudo(packet, 0, 4, 6, whole)));
  const out = t.pass(packet, (batch, row) => {
    batch.checksum[row] = CHECKSUM_PARTIAL;
    batch.checksumStart[row] = batch.transport[row]!;
    batch.checksumOffset[row] = 16;
    batch.segmentSize[row] = 1460;
  })!;
  assert.equal(ports(out.packet)[0], 7777);
  assert.equal(u16(out.packet, 36), fold(pseudo(out.packet, 0, 4, 6, whole)));
});

test("DNAT changes the destination of the way in and the source of the way out", () => {
  const t = new TestNat(request(NAT_DNAT, C, C, [80, 80]), HOOK_PREROUTING);
  const sent = t.pass(tcp({ from: S, to: R }, 4444, 8080, { flags: TCP_SYN, sequence: 1 }))!;
  assert.deepEqual([addresses(sent.packet), ports(sent.packet)], [[S, C], [4444, 80]]);
  assert.equal(t.conntrack.table.status[sent.flow]! & (IPS_SRC_NAT | IPS_DST_NAT), IPS_DST_NAT);
  const segment = { flags: TCP_SYN | TCP_ACK, sequence: 9, acknowledgement: 2 };
  const back = t.pass(tcp({ from: C, to: S }, 80, 4444, segment))!;
  assert.deepEqual([addresses(back.packet), ports(back.packet)], [[R, S], [8080, 4444]]);
  assert.ok(checksumsRight(back.packet));
});

test("an ICMP error crosses with the packet it quotes as its receiver had sent it", () => {
  const t = new TestNat(request(NAT_MASQUERADE, undefined, undefined, [7000, 7000]));
  const asked = udp({ from: C, to: S }, 5000, 53, new Uint8Array(6));
  const sent = t.pass(asked)!.packet.slice();
  const error = t.pass(icmp({ from: "203.0.113.7", to: R }, 11, 0, 0, sent))!;
  assert.deepEqual(addresses(error.packet), ["203.0.113.7", C]);
  assert.ok(checksumsRight(error.packet));
  assert.deepEqual(error.packet.slice(28), asked);
  const redirect = icmp({ from: "203.0.113.7", to: R }, 5, 1, 1, sent);
  assert.equal(t.pass(redirect), undefined);
});

test("ICMP echo: the identifier is the port", () => {
  const t = new TestNat(request(NAT_MASQUERADE));
  t.pass(icmp({ from: C, to: S }, 8, 0, 0x70001));
  const second = t.pass(icmp({ from: "192.168.1.3", to: S }, 8, 0, 0x70001))!;
  const id = u16(second.packet, 24);
  assert.notEqual(id, 7);
  assert.ok(checksumsRight(second.packet));
  const back = t.pass(icmp({ from: S, to: R }, 0, 0, (id << 16) | 1))!;
  assert.equal(u16(back.packet, 24), 7);
  assert.equal(addresses(back.packet)[1], "192.168.1.3");
});

test("IPv6: addresses, pseudo-header checksums", () => {
  const t = new TestNat(request(NAT_SNAT, "2001:db8:f::1"));
  for (
    const packet of [
      udp({ from: "2001:db8:1::2", to: "2001:db8:2::2" }, 5000, 53, new Uint8Array(5)),
      tcp({ from: "2001:db8:1::2", to: "2001:db8:2::2" }, 5000, 53, { flags: TCP_SYN }),
      icmp({ from: "2001:db8:1::2", to: "2001:db8:2::2" }, 128, 0, 0x70001),
    ]
  ) {
    const out = t.pass(packet)!;
    assert.ok(checksumsRight(out.packet));
    assert.equal(u16(out.packet, 12), 0xf);
  }
});

test("redirect: to the interface, or to loopback for the router's own packets", () => {
  const t = new TestNat(request(NAT_REDIRECT, undefined, undefined, [5353, 5353]), HOOK_PREROUTING);
  const input = t.pass(udp({ from: C, to: S }, 5000, 53), undefined, [HOOK_PREROUTING, HOOK_INPUT])!;
  assert.deepEqual([addresses(input.packet)[1], ports(input.packet)[1]], [R, 5353]);
  const own = new TestNat(request(NAT_REDIRECT, undefined, undefined, [5353, 5353]), HOOK_OUTPUT);
  const out = own.pass(udp({ from: R, to: S }, 5000, 53), undefined, [HOOK_OUTPUT, HOOK_POSTROUTING])!;
  assert.equal(addresses(out.packet)[1], "127.0.0.1");
});

test("netmap keeps the host part", () => {
  const t = new TestNat(request(NAT_SNAT, "203.0.113.0", "203.0.113.255", undefined, NF_NAT_RANGE_NETMAP));
  assert.equal(addresses(t.pass(udp({ from: C, to: S }, 5000, 53))!.packet)[0], "203.0.113.2");
});

test("without an address there is nothing to masquerade to; when one goes, its flows go", () => {
  const t = new TestNat(request(NAT_MASQUERADE));
  t.uplink = undefined;
  assert.equal(t.pass(udp({ from: C, to: S }, 5000, 53)), undefined);
  t.uplink = R;
  t.pass(udp({ from: C, to: S }, 5001, 53));
  t.pass(udp({ from: C, to: S }, 5002, 53));
  assert.equal(t.nat.interfaceAddressGone(1, parseAddress(R)!), 0);
  assert.equal(t.nat.interfaceAddressGone(2, parseAddress(S)!), 0);
  assert.equal(t.nat.interfaceAddressGone(2, parseAddress(R)!), 2);
});

test("a masqueraded flow ends when its route moves to another interface", () => {
  const t = new TestNat(request(NAT_MASQUERADE));
  t.pass(udp({ from: C, to: S }, 5000, 53));
  t.out = 3;
  assert.equal(t.pass(udp({ from: C, to: S }, 5000, 53)), undefined);
  assert.equal(t.conntrack.count, 0);
});

test("no port free: the packet is dropped when it would be confirmed", () => {
  const t = new TestNat(request(NAT_MASQUERADE, undefined, undefined, [3000, 3000]));
  assert.ok(t.pass(udp({ from: C, to: S }, 5000, 53)) !== undefined);
  const clash = tcp({ from: C, to: S }, 1, 53, { flags: TCP_SYN });
  assert.ok(t.pass(clash) !== undefined);
  assert.equal(t.pass(tcp({ from: "192.168.1.3", to: S }, 2, 53, { flags: TCP_SYN })), undefined);
  assert.equal(t.conntrack.counters.insert_failed, 1);
});

test("SCTP gets its CRC-32C anew", () => {
  const t = new TestNat(request(NAT_MASQUERADE));
  const chunk = Uint8Array.of(0x13, 0x88, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4);
  const out = t.pass(ip({ from: C, to: S }, 132, chunk))!;
  assert.notEqual(u16(out.packet, 28) | u16(out.packet, 30), 0);
});

test("random packets and requests: nothing throws, what leaves has right checksums", () => {
  const random = new SeededRandom(11), t = new TestNat(), batch = singleBatch();
  const host = () => `192.168.1.${below(random, 3)}`, server = () => `198.51.100.${below(random, 3)}`;
  const kinds = [
    request(NAT_MASQUERADE),
    request(NAT_SNAT, "203.0.113.1", "203.0.113.9", [1000, 1010], 4),
    request(NAT_SNAT, "2001:db8::1"),
    request(NAT_MASQUERADE, undefined, undefined, [9, 5], 16),
    undefined,
  ];
  let left: Uint8Array[] = [];
  for (let i = 0; i < 4000; i++) {
    t.request = kinds[below(random, kinds.length)];
    const route = below(random, 2) === 0 ? { from: host(), to: server() } : { from: server(), to: R };
    const a = below(random, 4), b = below(random, 4);
    const quoted = left[below(random, Math.max(1, left.length))]?.slice(0, below(random, 60)) ??
      new Uint8Array(4);
    const packet = [
      () => udp(route, a, b, new Uint8Array(below(random, 9))),
      () =>
        tcp(route, a, b, { flags: [2, 18, 16, 17, 4][below(random, 5)]!, sequence: a, acknowledgement: b }),
      () => icmp(route, [0, 8, 13, 3, 11, 5][below(random, 6)]!, 0, a << 16, quoted.slice()),
      () =>
        ip(
          route,
          [47, 132, 136, 99][below(random, 4)]!,
          Uint8Array.from({ length: 20 }, () => below(random, 4)),
        ),
    ][below(random, 4)]!();
    const whole = packet.slice();
    if (below(random, 10) === 0) packet[20 + below(random, packet.length - 20)] = random.u32();
    batch.clear();
    const out = t.pass(packet, undefined, FORWARDED, batch);
    if (out === undefined) continue;
    const told = out.packet[9]!;
    if ((told === 6 || told === 17 || told === 1) && checksumsRight(packet)) {
      assert.ok(checksumsRight(out.packet), `${i}: ${whole} became ${out.packet}`);
    }
    left = [...left.slice(-20), out.packet.slice()];
  }
});
