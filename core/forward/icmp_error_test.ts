import { test } from "node:test";
import assert from "node:assert/strict";
import { formatWords, parseAddress } from "../packet/address.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { icmp, ip, type IpOptions, tcp, udp } from "../packet/build.ts";
import { u16, u32 } from "../packet/bytes.ts";
import { fold, ipv4HeaderValid, pseudo, sum } from "../packet/checksum.ts";
import { CHECKSUM_VALID, ENTRY_OUTPUT, PACKET_BROADCAST, VERDICT_CONTINUE } from "../packet/columns.ts";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../packet/tcp.ts";
import { packetOf, putPacket, testBatch } from "../packet/test_batch.ts";
import { SeededRandom } from "../random.ts";
import { IcmpErrors, type SourceAddress } from "./icmp_error.ts";
import { ROUTE_BROADCAST, ROUTE_LOCAL, ROUTE_MULTICAST, ROUTE_NONE } from "./route_type.ts";

const V4: IpOptions = { from: "192.0.2.9", to: "203.0.113.5", tos: 0xb8 };
const V6: IpOptions = { from: "2001:db8:1::9", to: "2001:db8:2::5" };

const sourceAddress: SourceAddress = (index, family, _words, _lane, out) => {
  out.set(parseAddress(family === 4 ? `192.0.2.${index}` : `2001:db8:1::${index}`)!.words);
  return index !== 9;
};

const addressType = (family: number, words: Uint32Array, lane: number): number => {
  const text = formatWords(family, words, lane);
  if (text === "192.0.2.255") return ROUTE_BROADCAST;
  if (text.startsWith("224.") || text.startsWith("ff")) return ROUTE_MULTICAST;
  return text === "198.51.100.1" || text === "2001:db8:99::1" ? ROUTE_LOCAL : ROUTE_NONE;
};

const errors = () => new IcmpErrors({ random: new SeededRandom(1), sourceAddress, addressType });

/** Header and transport checksums of a made packet are right, and the columns say what the bytes do. */
function sound(batch: PacketBatch, row: number): Uint8Array {
  const b = packetOf(batch, row), six = b[0]! >>> 4 === 6, header = six ? 40 : 20;
  if (!six) assert.ok(ipv4HeaderValid(b, 0, 20));
  const protocol = six ? b[6]! : b[9]!, bare = protocol === 1;
  assert.equal(
    fold(sum(b, header, b.length, bare ? 0 : pseudo(b, 0, six ? 6 : 4, protocol, b.length - header))),
    0xffff,
  );
  assert.equal(six ? u16(b, 4) + 40 : u16(b, 2), b.length);
  assert.equal(batch.entry[row], ENTRY_OUTPUT);
  assert.equal(batch.verdict[row], VERDICT_CONTINUE);
  assert.equal(batch.checksum[row], CHECKSUM_VALID);
  return b;
}

test("time exceeded quotes the packet and speaks from the interface it came in by", () => {
  const batch = testBatch(), packet = udp(V4, 1000, 33434, new Uint8Array(12));
  const row = errors().send(batch, putPacket(batch, packet, 3), 11, 0, 0);
  const b = sound(batch, row);
  assert.equal(formatWords(4, batch.source, row * 4), "192.0.2.3");
  assert.equal(formatWords(4, batch.destination, row * 4), "192.0.2.9");
  assert.equal(batch.outInterface[row], 0, "routed like any other packet");
  assert.equal(b[1], 0xd8, "precedence internetwork control, the rest reflected");
  assert.equal(b[8], 64);
  assert.deepEqual([b[20], b[21]], [11, 0]);
  assert.deepEqual(b.subarray(28), packet);
});

test("only what answers a link-local sender is bound to the link it came by", () => {
  const batch = testBatch(), e = errors(), to = "2001:db8:99::1";
  const near = e.send(batch, putPacket(batch, udp({ from: "fe80::9", to }, 1, 2), 3), 1, 4, 0);
  const far = e.send(batch, putPacket(batch, udp({ ...V6, to }, 1, 2), 3), 1, 4, 0);
  const reset = e.sendReset(batch, putPacket(batch, tcp(V4, 1, 2, { flags: TCP_SYN }), 3));
  assert.deepEqual([near, far, reset].map((made) => batch.outInterface[made]), [3, 0, 0]);
});

test("a reset for which there is no room is counted as that", () => {
  const batch = testBatch(1, 0), e = errors();
  assert.equal(e.sendReset(batch, putPacket(batch, tcp(V4, 1, 2, { flags: TCP_SYN }))), -1);
  assert.deepEqual([e.counters.noRoom, e.counters.ineligible], [1, 0]);
});

test("what was sent to an own address is answered from it", () => {
  const batch = testBatch(), e = errors();
  const four = e.send(batch, putPacket(batch, udp({ ...V4, to: "198.51.100.1" }, 1, 2)), 3, 3, 0);
  assert.equal(formatWords(4, batch.source, four * 4), "198.51.100.1");
  const six = e.send(batch, putPacket(batch, udp({ ...V6, to: "2001:db8:99::1" }, 1, 2)), 1, 4, 0);
  assert.equal(formatWords(6, batch.source, six * 4), "2001:db8:99::1");
});

test("long packets are quoted up to 576 and 1280 bytes; MTU and pointer stand where they belong", () => {
  const batch = testBatch(), e = errors();
  const big4 = udp(V4, 1, 2, new Uint8Array(1472).fill(7)),
    big6 = udp(V6, 1, 2, new Uint8Array(1452).fill(7));
  const four = sound(batch, e.send(batch, putPacket(batch, big4), 3, 4, 1400));
  assert.equal(four.length, 576);
  assert.equal(u32(four, 24), 1400);
  assert.deepEqual(four.subarray(28), big4.subarray(0, 548));
  const six = sound(batch, e.send(batch, putPacket(batch, big6), 2, 0, 1400));
  assert.equal(six.length, 1280);
  assert.equal(u32(six, 44), 1400);
  assert.deepEqual(six.subarray(48), big6.subarray(0, 1232));
  assert.equal(u32(sound(batch, e.send(batch, putPacket(batch, big4), 12, 0, 20)), 24), 20 << 24);
  assert.equal(u32(sound(batch, e.send(batch, putPacket(batch, big6), 4, 1, 40)), 44), 40);
});

test("never about what RFC 1122 3.2.2 forbids", () => {
  const batch = testBatch(), e = errors();
  const refused = (packet: Uint8Array, what: string, change?: (row: number) => void) => {
    const row = putPacket(batch, packet);
    change?.(row);
    assert.equal(e.send(batch, row, 3, 1, 0), -1, what);
  };
  for (const type of [3, 4, 5, 11, 12, 19, 255]) refused(icmp(V4, type, 0), `ICMP type ${type}`);
  for (const type of [0, 8, 13, 17]) {
    assert.ok(
      e.send(batch, putPacket(batch, icmp({ ...V4, from: `192.0.2.${100 + type}` }, type, 0)), 3, 1, 0) >= 0,
    );
  }
  refused(ip({ ...V4, flags: 0x2001 }, 17, new Uint8Array(16)), "a later fragment");
  refused(ip({ ...V4 }, 1, new Uint8Array(3)), "ICMP too short to tell");
  for (const from of ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"]) {
    refused(udp({ ...V4, from }, 1, 2), from);
  }
  refused(udp({ ...V4, to: "224.0.0.5" }, 1, 2), "to a group");
  refused(udp({ ...V4, to: "192.0.2.255" }, 1, 2), "to a directed broadcast");
  refused(udp(V4, 1, 2), "link-layer broadcast", (row) => batch.packetType[row] = PACKET_BROADCAST);
  const first = putPacket(batch, ip({ ...V4, flags: 0x2000 }, 17, new Uint8Array(16)));
  assert.ok(e.send(batch, first, 11, 1, 0) >= 0, "the first fragment");
  assert.equal(e.counters.ineligible, 7 + 2 + 4 + 3);
});

test("never about what RFC 4443 2.4 forbids, but groups may hear of MTU and unknown options", () => {
  const batch = testBatch(), e = errors();
  for (const type of [1, 2, 3, 4, 100, 127, 137]) {
    assert.equal(e.send(batch, putPacket(batch, icmp(V6, type, 0)), 1, 0, 0), -1, `type ${type}`);
  }
  assert.ok(e.send(batch, putPacket(batch, icmp(V6, 128, 0)), 1, 0, 0) >= 0);
  for (const from of ["::", "ff02::1"]) {
    assert.equal(e.send(batch, putPacket(batch, udp({ ...V6, from }, 1, 2)), 1, 0, 0), -1);
  }
  const group = () => putPacket(batch, udp({ ...V6, to: "ff0e::1" }, 1, 2));
  assert.equal(e.send(batch, group(), 1, 0, 0), -1);
  const tooBig = e.send(batch, group(), 2, 0, 1400);
  assert.equal(formatWords(6, batch.source, tooBig * 4), "2001:db8:1::1");
  const option = (type: number) =>
    putPacket(batch, ip({ ...V6, to: "ff0e::1" }, 60, Uint8Array.of(59, 0, type, 4, 0, 0, 0, 0)));
  assert.ok(e.send(batch, option(0x9e), 4, 2, 42) >= 0);
  assert.equal(e.send(batch, option(0xde), 4, 2, 42), -1);
  assert.equal(e.send(batch, putPacket(batch, udp({ ...V6, to: "ff0e::1" }, 1, 2)), 4, 2, 60_000), -1);
});

test("six at once to one destination, one a second after; not the MTU; not more than a burst of 50 at all", () => {
  const batch = testBatch(), e = errors();
  const sent = (from: string, type = 11, code = 0) => {
    batch.clear();
    return e.send(batch, putPacket(batch, udp({ ...V4, from }, 1, 2)), type, code, 0) >= 0;
  };
  const many = (n: number, from: string) =>
    Array.from({ length: n }, () => sent(from)).filter((ok) => ok).length;
  batch.now = 10_000;
  assert.equal(many(20, "192.0.2.9"), 6);
  assert.ok(sent("192.0.2.9", 3, 4), "fragmentation needed is free");
  batch.now += 999;
  assert.equal(many(3, "192.0.2.9"), 0);
  batch.now += 1;
  assert.equal(many(3, "192.0.2.9"), 1);
  batch.now += 1000;
  const all = Array.from({ length: 100 }, (_, i) => sent(`198.18.0.${i}`)).filter((ok) => ok).length;
  assert.equal(all, 50);
  batch.now += 10;
  assert.equal(Array.from({ length: 100 }, (_, i) => sent(`198.18.1.${i}`)).filter((ok) => ok).length, 10);
  assert.ok(e.counters.limited > 100);
});

test("without an own address, or without room, nothing is sent", () => {
  const batch = testBatch(2, 0), e = errors();
  assert.equal(e.send(batch, putPacket(batch, udp(V4, 1, 2), 9), 3, 1, 0), -1);
  assert.equal(e.counters.noSource, 1);
  assert.equal(e.send(batch, putPacket(batch, udp(V4, 1, 2), 1), 3, 1, 0), -1);
  assert.equal(e.counters.noRoom, 1);
});

test("a reset takes its numbers as RFC 9293 3.10.7.1 says", () => {
  for (const options of [V4, V6]) {
    const batch = testBatch(), e = errors(), header = options === V4 ? 20 : 40;
    const reset = (flags: number, length = 0) => {
      const segment = {
        flags,
        sequence: 0xfffffffe,
        acknowledgement: 0x01020304,
        payload: new Uint8Array(length),
      };
      const row = e.sendReset(batch, putPacket(batch, tcp(options, 40000, 443, segment)));
      return row < 0 ? undefined : sound(batch, row).subarray(header);
    };
    const syn = reset(TCP_SYN)!;
    assert.deepEqual([u16(syn, 0), u16(syn, 2)], [443, 40000]);
    assert.deepEqual([u32(syn, 4), u32(syn, 8), syn[12], syn[13], u16(syn, 14)], [
      0,
      0xffffffff,
      0x50,
      TCP_RST | TCP_ACK,
      0,
    ]);
    const data = reset(TCP_FIN, 10)!;
    assert.equal(u32(data, 8), 9, "sequence + FIN + 10, past the wrap");
    const ack = reset(TCP_ACK, 10)!;
    assert.deepEqual([u32(ack, 4), u32(ack, 8), ack[13]], [0x01020304, 0, TCP_RST]);
    assert.equal(reset(TCP_RST), undefined);
    assert.equal(reset(TCP_RST | TCP_ACK), undefined);
    assert.equal(e.counters.resets, 3);
  }
});

test("no reset about other packets, wrong checksums, fragments or groups", () => {
  const batch = testBatch(), e = errors(), segment = tcp(V4, 1, 2, { flags: TCP_SYN });
  assert.equal(e.sendReset(batch, putPacket(batch, udp(V4, 1, 2))), -1);
  const wrong = segment.slice();
  wrong[36]! ^= 1;
  assert.equal(e.sendReset(batch, putPacket(batch, wrong)), -1);
  const row = putPacket(batch, wrong);
  batch.checksum[row] = CHECKSUM_VALID;
  assert.ok(e.sendReset(batch, row) >= 0, "the device has verified it");
  assert.equal(
    e.sendReset(batch, putPacket(batch, tcp({ ...V4, to: "224.0.0.1" }, 1, 2, { flags: TCP_SYN }))),
    -1,
  );
  assert.equal(
    e.sendReset(batch, putPacket(batch, tcp({ ...V4, to: "192.0.2.255" }, 1, 2, { flags: TCP_SYN }))),
    -1,
  );
  assert.equal(
    e.sendReset(batch, putPacket(batch, tcp({ ...V6, from: "::" }, 1, 2, { flags: TCP_SYN }))),
    -1,
  );
  assert.equal(e.sendReset(batch, putPacket(batch, ip({ ...V4, flags: 1 }, 6, segment.subarray(20)))), -1);
});

test("reject says nothing about wrong transport checksums", () => {
  const batch = testBatch(), e = errors();
  for (
    const packet of [
      udp(V4, 1, 2, new Uint8Array(9)),
      udp(V6, 1, 2),
      icmp(V4, 8, 0),
      tcp(V6, 1, 2, { flags: TCP_SYN }),
    ]
  ) {
    assert.ok(e.reject(batch, putPacket(batch, packet), 3, 3) >= 0);
    packet[packet.length - 1]! ^= 1;
    assert.equal(e.reject(batch, putPacket(batch, packet), 3, 3), -1);
  }
  const none = udp(V4, 1, 2, new Uint8Array(9));
  none.fill(0, 26, 28);
  assert.ok(e.reject(batch, putPacket(batch, none), 3, 3) >= 0, "no checksum");
  const odd = ip(V4, 50, new Uint8Array(9));
  assert.ok(e.reject(batch, putPacket(batch, odd), 3, 3) >= 0, "none to know");
});

test("random packets never throw and never get more than one answer", () => {
  const batch = testBatch(), e = errors(), random = new SeededRandom(99);
  for (let i = 0; i < 5000; i++) {
    batch.clear();
    batch.now += 100;
    const packet = (i & 1) === 0 ? udp(V4, 1, 2, new Uint8Array(i % 60)) : tcp(V6, 1, 2, { flags: i & 63 });
    for (let k = 0; k < 4; k++) packet[random.u32() % packet.length] = random.u32();
    const row = putPacket(batch, packet.subarray(0, random.u32() % (packet.length + 1)));
    const before = batch.count;
    e.send(batch, row, random.u32() & 15, random.u32() & 15, random.u32() & 0xffff);
    e.sendReset(batch, row);
    assert.ok(batch.count <= before + 2);
  }
});
