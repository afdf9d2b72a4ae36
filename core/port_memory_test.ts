import { test } from "node:test";
import assert from "node:assert/strict";
import { testBatch } from "./packet/test_batch.ts";
import { CHECKSUM_PARTIAL, SEGMENT_TCP4 } from "./packet/columns.ts";
import { memoryPair } from "./port_memory.ts";
import { SeededRandom } from "./random.ts";

const frame = (length: number, fill = 7) => new Uint8Array(length).fill(fill);

function setUp(...args: Parameters<typeof memoryPair>) {
  const batch = testBatch(), [a, b] = memoryPair(...args), rows = new Uint16Array(64).map((_, i) => i);
  a.attach(batch);
  b.attach(batch);
  return { batch, a, b, rows };
}

test("what one port transmits the other receives, metadata included", () => {
  const { batch, a, b, rows } = setUp({ name: "a" }, { name: "b" });
  const row = batch.make(1000);
  batch.bytes(row).fill(3, batch.start[row], batch.end[row]);
  batch.vlan[row] = 0x81000005;
  batch.checksum[row] = CHECKSUM_PARTIAL;
  batch.checksumStart[row] = batch.start[row]! + 34;
  batch.checksumOffset[row] = 16;
  batch.segmentType[row] = SEGMENT_TCP4;
  batch.segmentSize[row] = 100;
  batch.mark[row] = 99;
  assert.equal(a.transmit(batch, rows, 1), 1);
  batch.clear();
  assert.equal(b.receive(batch, 64), 1);
  assert.deepEqual([...batch.bytes(0).subarray(batch.start[0], batch.end[0])], [...frame(1000, 3)]);
  assert.equal(batch.vlan[0], 0x81000005);
  assert.equal(batch.checksumStart[0], batch.start[0]! + 34);
  assert.deepEqual([batch.checksum[0], batch.checksumOffset[0]], [CHECKSUM_PARTIAL, 16]);
  assert.deepEqual([batch.segmentType[0], batch.segmentSize[0], batch.mark[0]], [SEGMENT_TCP4, 100, 0]);
  assert.ok(batch.start[0]! >= 64);
  b.release();
  assert.deepEqual([b.counters.rxPackets, b.counters.rxBytes, a.counters.txPackets], [1, 1000, 1]);
});

test("slabs return with release: a queue of two serves any number of rounds", () => {
  const { batch, a, b } = setUp({ name: "a", depth: 2 }, { name: "b", depth: 2 });
  for (let round = 0; round < 100; round++) {
    assert.equal(a.put(frame(60, round)), true);
    assert.equal(a.put(frame(3000, round)), true);
    assert.equal(a.put(frame(60)), false);
    assert.equal(b.receive(batch, 64), 2);
    assert.equal(batch.bytes(0)[batch.start[0]!], round);
    assert.equal(batch.end[1]! - batch.start[1]!, 3000);
    b.release();
    batch.clear();
  }
});

test("a full queue and a pulled plug are back-pressure", () => {
  const { batch, a, b, rows } = setUp({ name: "a" }, { name: "b", depth: 3 });
  for (let i = 0; i < 5; i++) batch.make(60);
  assert.equal(a.transmit(batch, rows, 5), 3);
  assert.equal(a.counters.txDropped, 2);
  b.up = false;
  assert.equal(a.transmit(batch, rows, 5), 0);
  assert.equal(b.take()!.length, 60);
  assert.equal(b.waiting, 2);
});

test("a port without offload refuses what would need it", () => {
  const { batch, a, rows } = setUp({ name: "a", offload: false }, { name: "b" });
  batch.make(60);
  batch.checksum[0] = CHECKSUM_PARTIAL;
  assert.equal(a.transmit(batch, rows, 1), 0);
  assert.equal(a.counters.errors, 1);
});

test("faults strike as often as told, the same with the same seed", () => {
  const run = () => {
    const faults = { random: new SeededRandom(5), drop: 0.25, corrupt: 0.1, duplicate: 0.5 };
    const { batch, a, b, rows } = setUp({ name: "a", faults }, { name: "b" });
    const seen: string[] = [];
    for (let i = 0; i < 1000; i++) {
      batch.make(20);
      batch.bytes(0).fill(0, batch.start[0], batch.end[0]);
      a.transmit(batch, rows, 1);
      batch.clear();
      for (let got = b.take(); got !== undefined; got = b.take()) seen.push(got.join());
    }
    return seen;
  };
  const first = run(), clean = frame(20, 0).join();
  assert.deepEqual(run(), first);
  assert.ok(Math.abs(first.length - 750 * 1.5) < 100);
  const corrupt = first.filter((text) => text !== clean).length;
  assert.ok(corrupt > 40 && corrupt < 130);
});

test("a closed port's memory leaves the batch, its number serves again", () => {
  const { batch, a, b } = setUp({ name: "a" }, { name: "b" });
  a.put(frame(60));
  b.close();
  assert.equal(a.put(frame(60)), false);
  const regions = batch.memory.length;
  const [next] = memoryPair({ name: "c" }, { name: "d" });
  next.attach(batch);
  assert.equal(batch.memory.length, regions);
});
