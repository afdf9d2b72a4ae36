import assert from "node:assert/strict";
import { DECRYPT, EINVAL, EIO } from "../../../core/crypto/requests.ts";
import { below, SeededRandom } from "../../../core/random.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { COMMAND_RING, FAULT_ERROR, FAULT_REORDER, INTERRUPTS, SOURCE_RING } from "./registers.ts";
import { CANARY, HifnDesk, type Piece, SteppedCard } from "./test_desk.ts";

/** The faults of the HIFN driver of 2008 that concern driver and card, by their numbers. */
libcrypto();
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 20080506);

Deno.test("hifn fault 1: a request shorter than its segments ends where it ends", () => {
  const desk = new HifnDesk(), { shared } = desk, cbc = desk.open("cbc(aes)");
  shared.fill(CANARY, 0, 1024);
  const source: Piece[] = [[3, 20], [40, 30], [90, 30]], destination: Piece[] = [[201, 10], [231, 60]];
  assert.equal(desk.run(cbc, { source, destination, length: 32 }), 0);
  assert.ok(shared.subarray(253, 1024).every((byte) => byte === CANARY), "written past the request");
  assert.equal(desk.run(cbc, { source: [[3, 32]], destination: [[400, 32]], length: 32 }), 0);
  assert.deepEqual([...shared.subarray(201, 211), ...shared.subarray(231, 253)], [
    ...shared.subarray(400, 432),
  ]);
  assert.match(desk.device.describe(), / 0\/0\/0\/0 in use/);
  desk.device.shutdown();
});

Deno.test("hifn fault 2: descriptors are little-endian, whoever reads them", () => {
  // A card that only reads rings.
  let removed = 0;
  const slot = () => ({ map: () => {}, remove: () => void removed++ });
  const desk = new HifnDesk({ slot }), cbc = desk.open("cbc(aes)");
  const row = desk.row({ source: [[0x123, 0x120]], destination: [[0x123, 0x120]], length: 0x120 });
  assert.ok(desk.device.start(row, cbc));
  const { bytes } = desk.device.bus, view = new DataView(bytes.buffer);
  const sources = view.getUint32(4 * SOURCE_RING, true);
  assert.deepEqual([...bytes.subarray(sources, sources + 8)], [0x20, 0x01, 0, 0xa0, 0x23, 0x01, 0, 0x10]);
  const commands = view.getUint32(4 * COMMAND_RING, true);
  assert.equal(view.getUint32(commands, true), 0xa000_0040);
  assert.equal(view.getUint32(view.getUint32(commands + 4, true), true), 1, "the number of cbc(aes)");
  assert.equal(desk.device.poll(new Int32Array(4)), 0);
  assert.deepEqual([desk.device.reset(), desk.device.outstanding, removed], [true, 0, 1]);
  desk.device.shutdown();
});

Deno.test("hifn fault 3: errors come to the caller, and the next request is not touched by them", () => {
  const desk = new HifnDesk(), cbc = desk.open("cbc(aes)");
  const good = { source: [[0, 64]], destination: [[64, 64]], length: 64 } as const;
  Atomics.store(desk.device.bus.words, FAULT_ERROR, 1);
  assert.equal(desk.run(cbc, good), EIO);
  assert.equal(desk.run(cbc, good), 0);
  assert.equal(desk.run(cbc, { ...good, length: 31 }), EINVAL);
  const outside = { ...good, source: [[desk.shared.length - 10, 64]] } as const;
  assert.equal(desk.run(cbc, outside), EINVAL, "bytes behind the region");
  assert.equal(desk.run(cbc, good), 0);
  desk.device.shutdown();
});

Deno.test("hifn fault 4: segments at odd places and of odd lengths", () => {
  const desk = new HifnDesk(), { shared } = desk, cbc = desk.open("cbc(aes)");
  for (let i = 0; i < 96; i++) shared[i] = i;
  assert.equal(desk.run(cbc, { source: [[0, 96]], destination: [[1024, 96]], length: 96 }), 0);
  for (const shift of [1, 2, 3, 5, 7, 13]) {
    const source: Piece[] = [[0, shift], [shift, 33 - shift], [33, 63]];
    assert.equal(desk.run(cbc, { source, destination: [[2048 + shift, 96]], length: 96 }), 0);
    assert.deepEqual(shared.slice(2048 + shift, 2048 + shift + 96), shared.slice(1024, 1120));
  }
  desk.device.shutdown();
});

Deno.test("hifn fault 5: nothing is done when start returns", () => {
  const card = new SteppedCard(), desk = new HifnDesk({ slot: card.slot }), cbc = desk.open("cbc(aes)");
  const row = desk.row({ source: [[0, 64]], destination: [[64, 64]], length: 64 }), rows = new Int32Array(4);
  assert.ok(desk.device.start(row, cbc));
  assert.deepEqual([desk.device.poll(rows), desk.device.outstanding], [0, 1]);
  assert.equal(card.step(), 1);
  assert.deepEqual([desk.device.poll(rows), rows[0], desk.device.outstanding], [1, row, 0]);
  desk.device.shutdown();
});

Deno.test("hifn faults 6 and 12: requests of one key at once, done in another order, each with its own bytes", () => {
  const card = new SteppedCard(), desk = new HifnDesk({ slot: card.slot }), { shared } = desk;
  const cbc = desk.open("cbc(aes)"), wanted: string[] = [], rows: number[] = [];
  const request = (i: number) =>
    ({ source: [[i * 48, 48]], destination: [[8192 + i * 48, 48]], length: 48, iv: i }) as const;
  for (let i = 0; i < 48 * 20; i++) shared[i] = i >> 3;
  const output = (i: number) => shared.slice(8192 + i * 48, 8240 + i * 48).join();
  for (let i = 0; i < 20; i++) {
    const row = desk.row(request(i));
    assert.ok(desk.device.start(row, cbc));
    card.step();
    desk.wait(1);
    desk.requests.free(row);
    wanted.push(output(i));
  }
  shared.fill(0, 8192, 8192 + 48 * 20);
  Atomics.store(desk.device.bus.words, FAULT_REORDER, 1);
  for (let i = 0; i < 20; i++) {
    const row = desk.row(request(i));
    rows.push(row);
    assert.ok(desk.device.start(row, cbc));
  }
  assert.equal(card.step(), 20);
  assert.deepEqual(desk.wait(20).toSorted(), rows.toSorted());
  assert.deepEqual(rows.map((_, i) => output(i)), wanted);
  assert.equal(new Set(wanted).size, 20);
  desk.device.shutdown();
});

Deno.test("hifn fault 7: cbc announces its iv, and each name is one mode", () => {
  const desk = new HifnDesk({ slot: new SteppedCard().slot }), { algorithms } = desk.device;
  const found = algorithms.filter(({ name }) => name === "cbc(aes)");
  assert.deepEqual(found.map((each) => [each.driverName, each.ivSize, each.blockSize]), [[
    "cbc-aes-hifn",
    16,
    16,
  ]]);
  assert.ok(algorithms.every(({ name }) => !name.startsWith("ofb")));
  desk.device.shutdown();
});

Deno.test("hifn fault 8: sides cut differently at random, nothing written past a segment", () => {
  console.log(`hifn fault 8: seed ${SEED}`);
  const desk = new HifnDesk(),
    { shared } = desk,
    random = new SeededRandom(SEED),
    cbc = desk.open("cbc(aes)");
  const cut = (total: number, from: number): Piece[] => {
    const pieces: Piece[] = [];
    for (let left = total, at = from; left > 0;) {
      const length = pieces.length === 15 ? left : Math.min(left, 1 + below(random, 60));
      pieces.push([at, length]);
      at += length + 1 + below(random, 5);
      left -= length;
    }
    return pieces;
  };
  for (let turn = 0; turn < 300; turn++) {
    const length = 16 * (1 + below(random, 30)), destination = cut(length, 4096);
    for (let i = 0; i < 2048; i++) shared[i] = below(random, 256);
    shared.fill(CANARY, 4096, 8192);
    const source = cut(length, 1),
      plain = source.flatMap(([at, size]) => [...shared.subarray(at, at + size)]);
    assert.equal(desk.run(cbc, { source, destination, length }), 0);
    shared.set(plain, 16384);
    assert.equal(desk.run(cbc, { source: [[16384, length]], destination: [[16384, length]], length }), 0);
    let from = 16384;
    for (const [at, size] of destination) {
      assert.deepEqual(shared.subarray(at, at + size), shared.subarray(from, from + size));
      shared.fill(CANARY, at, at + size);
      from += size;
    }
    assert.ok(shared.subarray(4096, 8192).every((byte) => byte === CANARY));
  }
  desk.device.shutdown();
});

Deno.test("hifn fault 9: a nearly full ring takes only what fits, and nothing of what does not", () => {
  const card = new SteppedCard(), desk = new HifnDesk({ slot: card.slot }), cbc = desk.open("cbc(aes)");
  const pieces = (count: number): Piece[] => Array.from({ length: count }, (_, i) => [i * 32, 16]);
  const request = (count: number) =>
    desk.row({ source: pieces(count), destination: [[4096, 16 * count]], length: 16 * count });
  for (let i = 0; i < 4; i++) assert.ok(desk.device.start(request(16), cbc));
  assert.ok(desk.device.start(request(15), cbc));
  assert.match(desk.device.describe(), / 5\/79\/5\/5 in use/);
  const before = desk.device.bus.bytes.slice();
  assert.equal(desk.device.start(request(2), cbc), false);
  assert.deepEqual(desk.device.bus.bytes, before, "nothing was written");
  assert.ok(desk.device.start(request(1), cbc));
  assert.equal(desk.device.start(request(1), cbc), false);
  assert.equal(card.step(), 6);
  assert.equal(desk.wait(6).length, 6);
  for (let i = 0; i < 24; i++) assert.ok(desk.device.start(request(1), cbc));
  assert.match(desk.device.describe(), / 24\/24\/24\/24 in use/);
  assert.equal(desk.device.start(request(1), cbc), false, "the command ring is full");
  assert.equal(card.step(), 24);
  assert.equal(desk.wait(24).length, 24);
  assert.match(desk.device.describe(), / 0\/0\/0\/0 in use/);
  assert.equal(desk.device.bus.words[INTERRUPTS], 30, "one interrupt a request");
  desk.device.shutdown();
});

Deno.test("hifn fault 10: segments that end before the request are an error, and nothing is written", () => {
  const desk = new HifnDesk(), { shared } = desk, cbc = desk.open("cbc(aes)");
  shared.fill(CANARY, 4096, 8192);
  for (const [have, room] of [[48, 64], [64, 48], [0, 64], [64, 0]] as const) {
    const wanted = {
      source: [[0, have]],
      destination: [[4096, room]],
      length: 64,
      direction: DECRYPT,
    } as const;
    assert.equal(desk.run(cbc, wanted), EINVAL);
  }
  assert.equal(desk.run(cbc, { source: [], destination: [], length: 64 }), EINVAL);
  assert.ok(shared.subarray(4096, 8192).every((byte) => byte === CANARY));
  desk.device.shutdown();
});
