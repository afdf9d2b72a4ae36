import { test } from "node:test";
import assert from "node:assert/strict";
import { icmp, ip, type IpOptions, tcp, udp } from "../../packet/build.ts";
import { setU16, u16, u32 } from "../../packet/bytes.ts";
import { finish, fold, ipv4HeaderValid, pseudo, sum } from "../../packet/checksum.ts";
import {
  CHECKSUM_PARTIAL,
  ENTRY_TRANSMIT,
  FRAGMENT_ANY,
  FRAGMENT_LATER,
  SEGMENT_TCP4,
  VERDICT_CONTINUE,
  VERDICT_DROP,
  VERDICT_STOLEN,
} from "../../packet/columns.ts";
import { packetOf, putPacket, testBatch } from "../../packet/test_batch.ts";
import { below, SeededRandom } from "../../random.ts";
import { Fragmenter } from "./fragmenter.ts";
import { Reassembly } from "./reassembly.ts";

const V4: IpOptions = { from: "192.0.2.9", to: "203.0.113.5", id: 0x1234, flags: 0 };
const V6: IpOptions = { from: "2001:db8:1::9", to: "2001:db8:2::5" };
const bytes = (length: number, seed = 1) => {
  const random = new SeededRandom(seed);
  return Uint8Array.from({ length }, () => random.u32());
};
const fragmenter = () => new Fragmenter({ random: new SeededRandom(4) });

test("IPv4: as large as fits, in multiples of eight, all columns kept", () => {
  const batch = testBatch(), packet = udp(V4, 1000, 2000, bytes(3992)), f = fragmenter();
  const row = putPacket(batch, packet);
  batch.mark[row] = 5;
  batch.outInterface[row] = 2;
  batch.neighbour[row] = 9;
  batch.flow[row] = 7;
  assert.equal(f.fragment(batch, row, 1500), 3);
  assert.equal(batch.verdict[row], VERDICT_STOLEN);
  const sizes = [1, 2, 3].map((r) => packetOf(batch, r).length);
  assert.deepEqual(sizes, [1500, 1500, 20 + 4000 - 2960]);
  assert.deepEqual([1, 2, 3].map((r) => u16(packetOf(batch, r), 6)), [0x2000, 0x2000 | 185, 370]);
  for (const r of [1, 2, 3]) {
    const b = packetOf(batch, r);
    assert.ok(ipv4HeaderValid(b, 0, 20));
    assert.equal(u16(b, 4), 0x1234);
    assert.deepEqual([batch.mark[r], batch.outInterface[r], batch.neighbour[r], batch.flow[r]], [5, 2, 9, 7]);
    assert.deepEqual([batch.entry[r], batch.verdict[r]], [ENTRY_TRANSMIT, VERDICT_CONTINUE]);
    assert.equal(batch.fragment[r], r === 1 ? FRAGMENT_ANY : FRAGMENT_ANY | FRAGMENT_LATER);
    assert.equal(batch.transport[r], r === 1 ? batch.network[r]! + 20 : 0);
  }
  assert.deepEqual(f.counters, { packets: 1, fragments: 3, refused: 0, noRoom: 0 });
});

test("IPv4: don't fragment is obeyed, but for what was reassembled from pieces that fit", () => {
  const batch = testBatch(), packet = udp({ ...V4, flags: 0x4000 }, 1, 2, bytes(2992)), f = fragmenter();
  const row = putPacket(batch, packet);
  assert.equal(f.fragment(batch, row, 1500), -1);
  assert.equal(batch.verdict[row], VERDICT_CONTINUE);
  batch.fragmentSize[row] = 1400;
  assert.equal(f.fragment(batch, row, 1399), -1);
  assert.equal(f.fragment(batch, row, 1500), 3);
  for (const r of [1, 2, 3]) {
    assert.ok(packetOf(batch, r).length <= 1400, "never larger than it came");
    assert.equal(u16(packetOf(batch, r), 6) & 0x4000, 0x4000);
  }
});

test("IPv4: options are repeated where they ask for it", () => {
  const packet = new Uint8Array(32 + 1000);
  packet.set(ip(V4, 17, new Uint8Array(0)));
  // no-operation; record route (not copied); router alert (copied)
  packet.set([1, 7, 7, 4, 0, 0, 0, 0, 0x94, 4, 0, 0], 20);
  packet[0] = 0x48;
  setU16(packet, 2, packet.length);
  setU16(packet, 10, 0);
  setU16(packet, 10, finish(sum(packet, 0, 32)));
  const batch = testBatch();
  assert.equal(fragmenter().fragment(batch, putPacket(batch, packet), 632), 2);
  assert.deepEqual(packetOf(batch, 1).subarray(20, 32), packet.subarray(20, 32));
  assert.deepEqual([...packetOf(batch, 2).subarray(20, 32)], [1, 1, 1, 1, 1, 1, 1, 1, 0x94, 4, 0, 0]);
  assert.ok(ipv4HeaderValid(packetOf(batch, 2), 0, 32));
});

test("IPv4: a fragment is cut again at its place in the datagram", () => {
  const batch = testBatch(), f = fragmenter();
  const middle = putPacket(batch, ip({ ...V4, flags: 0x2000 | 100 }, 17, bytes(160)));
  assert.equal(f.fragment(batch, middle, 100), 2);
  assert.deepEqual([1, 2].map((r) => u16(packetOf(batch, r), 6)), [0x2000 | 100, 0x2000 | 110]);
  const last = putPacket(batch, ip({ ...V4, flags: 100 }, 17, bytes(160)));
  assert.equal(f.fragment(batch, last, 100), 2);
  assert.deepEqual([4, 5].map((r) => u16(packetOf(batch, r), 6)), [0x2000 | 100, 110]);
});

test("IPv6: only own and reassembled packets, one identification, headers before the fragment header", () => {
  const batch = testBatch(), f = fragmenter(), packet = udp(V6, 1, 2, bytes(2992));
  const foreign = putPacket(batch, packet);
  batch.inPort[foreign] = 1;
  assert.equal(f.fragment(batch, foreign, 1500), -1);
  const own = putPacket(batch, icmp(V6, 129, 0, 1, bytes(2992)));
  assert.equal(f.fragment(batch, own, 1279), -1);
  assert.equal(f.fragment(batch, own, 1500), 3);
  const pieces = [2, 3, 4].map((r) => packetOf(batch, r));
  assert.deepEqual(pieces.map((b) => b.length), [1496, 1496, 48 + 3000 - 2896]);
  for (const [i, b] of pieces.entries()) {
    assert.deepEqual([b[6], b[40], b[41]], [44, 58, 0]);
    assert.equal(u16(b, 42), i * 1448 | (i < 2 ? 1 : 0));
    assert.equal(u32(b, 44), u32(pieces[0]!, 44));
    assert.equal(u16(b, 4), b.length - 40);
  }
  assert.notEqual(u32(pieces[0]!, 44), 0);
  assert.equal(batch.transport[2], batch.network[2]! + 48);
  batch.fragmentSize[foreign] = 1300;
  assert.equal(f.fragment(batch, foreign, 1500), 3);
  assert.ok(packetOf(batch, 5).length <= 1300);
});

test("IPv6: hop-by-hop, routing and the options before it stand in every fragment", () => {
  const chain = (next: number) => [next, 0, 1, 4, 0, 0, 0, 0];
  // hop-by-hop, destination, routing, destination, UDP: the second destination header is fragmentable
  const inside = Uint8Array.from([
    ...chain(60),
    ...chain(43),
    60,
    0,
    4,
    0,
    0,
    0,
    0,
    0,
    ...chain(17),
    ...bytes(2000),
  ]);
  const batch = testBatch(), row = putPacket(batch, ip(V6, 0, inside));
  assert.equal(fragmenter().fragment(batch, row, 1500), 2);
  for (const r of [1, 2]) {
    const b = packetOf(batch, r);
    assert.deepEqual([b[6], b[40], b[48], b[56], b[64]], [0, 60, 43, 44, 60]);
  }
  const late = Uint8Array.from([...chain(17), ...bytes(2000)]), second = putPacket(batch, ip(V6, 60, late));
  assert.equal(fragmenter().fragment(batch, second, 1500), 2);
  assert.deepEqual([packetOf(batch, 4)[6], packetOf(batch, 4)[40]], [44, 60]);
});

test("a partial checksum is finished before the cut", () => {
  const batch = testBatch(), packet = udp(V4, 1, 2, bytes(2992)), row = putPacket(batch, packet);
  const at = batch.transport[row]!, b = batch.bytes(row);
  setU16(b, at + 6, fold(pseudo(b, batch.network[row]!, 4, 17, 3000)));
  batch.checksum[row] = CHECKSUM_PARTIAL;
  batch.checksumStart[row] = at;
  batch.checksumOffset[row] = 6;
  fragmenter().fragment(batch, row, 1500);
  assert.deepEqual(packetOf(batch, 1).subarray(20, 28), packet.subarray(20, 28));
});

test("a super-packet is cut into segments, and those into fragments", () => {
  const batch = testBatch(), payload = bytes(4000);
  const row = putPacket(batch, tcp(V4, 1, 2, { flags: 16, payload }));
  batch.segmentType[row] = SEGMENT_TCP4;
  batch.segmentSize[row] = 1460;
  assert.equal(fragmenter().fragment(batch, row, 1400), 5);
  const ready: number[] = [];
  for (let r = 1; r < batch.count; r++) if (batch.verdict[r] === VERDICT_CONTINUE) ready.push(r);
  assert.equal(ready.length, 5);
  for (const r of ready) {
    assert.ok(packetOf(batch, r).length <= 1400);
    assert.equal(batch.entry[r], ENTRY_TRANSMIT);
  }
});

test("without room for all of them none is made", () => {
  const batch = testBatch(4, 1), f = fragmenter(), row = putPacket(batch, udp(V4, 1, 2, bytes(9000)));
  assert.equal(f.fragment(batch, row, 1500), 0);
  assert.equal(batch.verdict[row], VERDICT_DROP);
  assert.equal(batch.count, 1);
  assert.equal(f.counters.noRoom, 1);
});

test("what is cut here is put together there: random sizes, MTUs and orders", () => {
  const random = new SeededRandom(23);
  for (let round = 0; round < 200; round++) {
    const batch = testBatch(), options = round % 2 === 0 ? V4 : V6, f = fragmenter();
    const reassembly = new Reassembly({ pool: batch.pool, random });
    const packet = udp({ ...options, id: round }, 1, 2, bytes(1300 + below(random, 8000), round));
    const row = putPacket(batch, packet),
      mtu = options === V4 ? 200 + below(random, 1300) : 1280 + below(random, 220);
    const made = f.fragment(batch, row, mtu);
    if (packet.length > mtu) assert.ok(made > 1);
    const order = Array.from({ length: made }, (_, i) => row + 1 + i);
    for (let i = order.length - 1; i > 0; i--) {
      const j = below(random, i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    let whole = -1, largest = 0;
    for (const r of order) {
      assert.ok(packetOf(batch, r).length <= mtu);
      largest = Math.max(largest, packetOf(batch, r).length);
      assert.equal(whole, -1);
      whole = reassembly.input(batch, r);
    }
    assert.deepEqual(packetOf(batch, whole), packet);
    assert.equal(batch.fragmentSize[whole], largest);
    // And once more: as large as they came, not larger, whatever the MTU.
    const again = f.fragment(batch, whole, 9000), first = batch.count - again;
    assert.equal(again, made);
    for (let r = first; r < batch.count; r++) assert.ok(packetOf(batch, r).length <= largest);
  }
});
