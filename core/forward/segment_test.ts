import { test } from "node:test";
import assert from "node:assert/strict";
import type { PacketBatch } from "../packet/batch.ts";
import { ethernet, tcp, udp } from "../packet/build.ts";
import { setU16, u16 } from "../packet/bytes.ts";
import { fold, pseudo } from "../packet/checksum.ts";
import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_VALID,
  SEGMENT_ECN,
  SEGMENT_TCP4,
  SEGMENT_TCP6,
  SEGMENT_UDP,
  SEGMENT_UDP_L4,
  VERDICT_CONTINUE,
  VERDICT_STOLEN,
} from "../packet/columns.ts";
import { TCP_ACK, TCP_CWR, TCP_FIN, TCP_PSH } from "../packet/tcp.ts";
import { frameOf, packetOf, putFrame, putPacket, testBatch } from "../packet/test_batch.ts";
import { below, SeededRandom } from "../random.ts";
import { completeChecksum, exceedsMtu, segment } from "./segment.ts";

const V4 = { from: "192.168.1.10", to: "203.0.113.5", id: 0xfffe };
const V6 = { from: "fd00:1::9", to: "2001:db8::5" };
const OPTIONS = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2);
const bytes = (length: number, random = new SeededRandom(length + 1)) =>
  Uint8Array.from({ length }, () => random.u32());

/** Makes a row what a device with offloads hands over: partial checksum, segment type and size. */
function offload(batch: PacketBatch, row: number, type: number, size: number): number {
  const b = batch.bytes(row), at = batch.transport[row]!, udpLike = type === SEGMENT_UDP_L4;
  const length = batch.end[row]! - at, protocol = udpLike ? 17 : 6;
  setU16(
    b,
    at + (udpLike ? 6 : 16),
    fold(pseudo(b, batch.network[row]!, batch.family[row]!, protocol, length)),
  );
  batch.checksum[row] = CHECKSUM_PARTIAL;
  batch.checksumStart[row] = at;
  batch.checksumOffset[row] = udpLike ? 6 : 16;
  batch.segmentType[row] = type;
  batch.segmentSize[row] = size;
  return row;
}

test("TCP segments equal those a sender without offloads makes", () => {
  for (const [ip, type] of [[V4, SEGMENT_TCP4], [V6, SEGMENT_TCP6]] as const) {
    for (
      const [length, size] of [[4000, 1448], [2896, 1448], [1448, 1448], [65000, 1448], [5, 1448], [
        3000,
        536,
      ]] as const
    ) {
      const payload = bytes(length), flags = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR, batch = testBatch();
      const common = { acknowledgement: 7, window: 1000, options: OPTIONS };
      const whole = tcp(ip, 443, 40000, { ...common, flags, sequence: 0xfffff000, payload });
      const row = offload(batch, putPacket(batch, whole), type | SEGMENT_ECN, size);
      batch.mark[row] = 77;
      batch.flow[row] = 5;
      const first = batch.count, count = segment(batch, row);
      assert.equal(count, Math.ceil(length / size));
      assert.equal(batch.count, first + count);
      assert.equal(batch.verdict[row], VERDICT_STOLEN);
      for (let i = 0; i < count; i++) {
        const expected = tcp(type === SEGMENT_TCP4 ? { ...V4, id: (V4.id + i) & 0xffff } : V6, 443, 40000, {
          ...common,
          flags: TCP_ACK | (i === 0 ? TCP_CWR : 0) | (i === count - 1 ? TCP_PSH | TCP_FIN : 0),
          sequence: (0xfffff000 + i * size) >>> 0,
          payload: payload.subarray(i * size, (i + 1) * size),
        });
        assert.deepEqual(packetOf(batch, first + i), expected);
        assert.equal(batch.checksum[first + i], CHECKSUM_VALID);
        assert.equal(batch.segmentType[first + i], 0);
        assert.deepEqual([batch.mark[first + i], batch.flow[first + i], batch.verdict[first + i]], [
          77,
          5,
          VERDICT_CONTINUE,
        ]);
        assert.equal(
          batch.bytes(first + i)[batch.transport[first + i]! + 13],
          expected[(ip === V4 ? 20 : 40) + 13],
        );
      }
    }
  }
});

test("UDP segments are datagrams of their own", () => {
  for (const ip of [V4, V6]) {
    const batch = testBatch(), payload = bytes(3001);
    const row = offload(batch, putPacket(batch, udp(ip, 1000, 2000, payload)), SEGMENT_UDP_L4, 1200);
    assert.equal(segment(batch, row), 3);
    for (let i = 0; i < 3; i++) {
      const options = ip === V4 ? { ...V4, id: (V4.id + i) & 0xffff } : ip;
      assert.deepEqual(
        packetOf(batch, 1 + i),
        udp(options, 1000, 2000, payload.subarray(i * 1200, (i + 1) * 1200)),
      );
    }
  }
});

test("a UDP super-packet without checksum keeps none", () => {
  const batch = testBatch(), packet = udp(V4, 1000, 2000, bytes(2000));
  setU16(packet, 26, 0);
  const row = putPacket(batch, packet);
  batch.segmentType[row] = SEGMENT_UDP_L4;
  batch.segmentSize[row] = 1000;
  assert.equal(segment(batch, row), 2);
  assert.equal(u16(packetOf(batch, 1), 26), 0);
});

test("a bridged frame nobody parsed is cut with its link header", () => {
  const batch = testBatch(), payload = bytes(3000);
  const frame = ethernet(
    "02:00:00:00:00:0a",
    "02:00:00:00:00:0b",
    tcp(V4, 1, 2, { flags: TCP_ACK, payload }),
  );
  const row = offload(batch, putFrame(batch, frame), SEGMENT_TCP4, 1448);
  batch.network[row] =
    batch.transport[row] =
    batch.family[row] =
    batch.protocol[row] =
      0;
  assert.equal(segment(batch, row), 3);
  const expected = tcp({ ...V4, id: 0 }, 1, 2, {
    flags: TCP_ACK,
    sequence: 2896,
    payload: payload.subarray(2896),
  });
  expected.set(packetOf(batch, 3).subarray(4, 6), 4);
  const got = frameOf(batch, 3);
  assert.deepEqual(got.subarray(0, 14), frame.subarray(0, 14));
  assert.deepEqual(got.subarray(14 + 12), expected.subarray(12));
});

test("what cannot be cut, or finds no room, is left as it is", () => {
  const batch = testBatch(4, 2), payload = bytes(3000);
  const plain = putPacket(batch, tcp(V4, 1, 2, { flags: TCP_ACK }));
  assert.equal(segment(batch, plain), -1);
  const wrong = putPacket(batch, udp(V4, 1, 2, bytes(100)));
  batch.segmentType[wrong] = SEGMENT_TCP4;
  batch.segmentSize[wrong] = 10;
  assert.equal(segment(batch, wrong), -1);
  batch.segmentType[wrong] = SEGMENT_UDP;
  assert.equal(segment(batch, wrong), -1);
  const big = offload(batch, putPacket(batch, tcp(V4, 1, 2, { flags: TCP_ACK, payload })), SEGMENT_TCP4, 500);
  assert.equal(segment(batch, big), -1);
  assert.equal(batch.verdict[big], VERDICT_CONTINUE);
  assert.equal(batch.count, 3);
});

test("partial checksums are finished as a device would", () => {
  for (const ip of [V4, V6]) {
    const batch = testBatch(),
      t = tcp(ip, 1, 2, { flags: TCP_ACK, payload: bytes(99) }),
      u = udp(ip, 1, 2, bytes(98));
    for (const [packet, type] of [[t, SEGMENT_TCP4], [u, SEGMENT_UDP_L4]] as const) {
      const row = offload(batch, putPacket(batch, packet), type, 0);
      assert.notDeepEqual(packetOf(batch, row), packet);
      assert.equal(completeChecksum(batch, row), true);
      assert.deepEqual(packetOf(batch, row), packet);
      assert.equal(batch.checksum[row], CHECKSUM_VALID);
    }
  }
});

test("a UDP checksum that comes out as zero is written as ones", () => {
  const batch = testBatch(), random = new SeededRandom(5);
  // The last word is chosen so that the sum of all is 0xffff.
  const payload = bytes(64, random);
  payload[62] = payload[63] = 0;
  const rest = u16(udp(V4, 1, 2, payload), 26);
  setU16(payload, 62, rest);
  const packet = udp(V4, 1, 2, payload);
  assert.equal(u16(packet, 26), 0xffff);
  const row = offload(batch, putPacket(batch, packet), SEGMENT_UDP_L4, 0);
  completeChecksum(batch, row);
  assert.deepEqual(packetOf(batch, row), packet);
});

test("positions outside the packet finish nothing", () => {
  const batch = testBatch(), packet = udp(V4, 1, 2, bytes(8));
  for (const [start, offset] of [[100_000, 6], [0, 6], [-1, 4000], [-1, 65535]] as const) {
    const row = putPacket(batch, packet);
    batch.checksum[row] = CHECKSUM_PARTIAL;
    batch.checksumStart[row] = start < 0 ? batch.transport[row]! : start;
    batch.checksumOffset[row] = offset;
    assert.equal(completeChecksum(batch, row), false);
    assert.equal(batch.checksum[row], CHECKSUM_NONE);
    assert.deepEqual(packetOf(batch, row), packet);
  }
});

test("super-packets are judged by their segments, reassembled ones by their largest fragment", () => {
  const batch = testBatch();
  const four = offload(
    batch,
    putPacket(batch, tcp(V4, 1, 2, { flags: 16, options: OPTIONS, payload: bytes(9000) })),
    SEGMENT_TCP4,
    1448,
  );
  assert.equal(exceedsMtu(batch, four, 1500), false);
  assert.equal(exceedsMtu(batch, four, 1499), true);
  const six = offload(
    batch,
    putPacket(batch, tcp(V6, 1, 2, { flags: 16, payload: bytes(9000) })),
    SEGMENT_TCP6 | SEGMENT_ECN,
    1440,
  );
  assert.equal(exceedsMtu(batch, six, 1500), false);
  assert.equal(exceedsMtu(batch, six, 1499), true);
  const datagrams = offload(batch, putPacket(batch, udp(V6, 1, 2, bytes(9000))), SEGMENT_UDP_L4, 1252);
  assert.equal(exceedsMtu(batch, datagrams, 1300), false);
  assert.equal(exceedsMtu(batch, datagrams, 1299), true);
  const plain = putPacket(batch, udp(V4, 1, 2, bytes(1472)));
  assert.equal(exceedsMtu(batch, plain, 1500), false);
  assert.equal(exceedsMtu(batch, plain, 1499), true);
  const whole = putPacket(batch, udp(V4, 1, 2, bytes(4000)));
  batch.fragmentSize[whole] = 1500;
  assert.equal(exceedsMtu(batch, whole, 1500), false);
  assert.equal(exceedsMtu(batch, whole, 1499), true);
});

test("random super-packets give back their payload, whatever their size", () => {
  const random = new SeededRandom(11);
  for (let i = 0; i < 200; i++) {
    const batch = testBatch(), payload = bytes(below(random, 6000), random), size = 40 + below(random, 1400);
    const row = offload(
      batch,
      putPacket(batch, tcp(V4, 1, 2, { flags: TCP_ACK, payload })),
      SEGMENT_TCP4,
      size,
    );
    const count = segment(batch, row), got: number[] = [];
    assert.ok(count > 0);
    for (let r = 1; r <= count; r++) got.push(...packetOf(batch, r).subarray(40));
    assert.deepEqual(Uint8Array.from(got), payload);
  }
});
