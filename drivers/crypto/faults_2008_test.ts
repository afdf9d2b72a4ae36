import assert from "node:assert/strict";
import { BUSY, CryptoError, FULL, IN_PROGRESS, type Submitted } from "../../core/crypto/engine.ts";
import { DECRYPT, EINVAL, EIO } from "../../core/crypto/requests.ts";
import { udp } from "../../core/packet/build.ts";
import { u16, u32 } from "../../core/packet/bytes.ts";
import { below, SeededRandom } from "../../core/random.ts";
import { ALGORITHMS as ESP_ALGORITHMS, Peer } from "../../core/xfrm/test_peers.ts";
import { clock } from "../sys/clock.ts";
import { Engine } from "./engine.ts";
import type { BusSizes } from "./hifn/bus.ts";
import { HifnDevice } from "./hifn/device.ts";
import {
  COMMAND_RING,
  DOORBELL,
  FAULT_ERROR,
  FAULT_FULL,
  FAULT_LATE,
  FAULT_REORDER,
  INTERRUPTS,
  SOURCE_RING,
} from "./hifn/registers.ts";
import { CANARY, HifnDesk, KEY, type Piece, RING_SIZES, SteppedCard } from "./hifn/test_desk.ts";
import { Yard } from "./hifn/test_yard.ts";
import { libcrypto } from "./libcrypto/library.ts";
import { sendRandomRequests } from "./test_random_requests.ts";

/**
 * The fifteen faults of the HIFN driver as it was in May 2008, one test each: of driver and card with rings of 4 and of
 * 24/80, where a queue takes part also with queues of 1 and 23, and of ESP where the fault was above the driver.
 */
libcrypto();
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 20080506);
console.log(`faults of 2008: seed ${SEED}`);

const name = (number: number, text: string, of: string): string => `fault ${number} of 2008: ${text} (${of})`;
function fault(number: number, text: string, check: (sizes: BusSizes) => void): void {
  for (const [rings, sizes] of RING_SIZES) {
    Deno.test(name(number, text, `rings of ${rings}`), () => check(sizes));
  }
}
function queuedFault(number: number, text: string, check: (sizes: BusSizes, limit: number) => void): void {
  for (const [rings, sizes] of RING_SIZES) {
    for (const limit of [1, 23]) {
      Deno.test(name(number, text, `rings of ${rings}, queue of ${limit}`), () => check(sizes, limit));
    }
  }
}
const IDLE = / 0\/0\/0\/0 in use/;

fault(1, "a request shorter than its segments ends where it ends", (sizes) => {
  const desk = new HifnDesk({ sizes }), { shared } = desk, cbc = desk.open("cbc(aes)");
  shared.fill(CANARY, 0, 1024);
  const source: Piece[] = [[3, 20], [40, 30], [90, 30]], destination: Piece[] = [[201, 10], [231, 60]];
  assert.equal(desk.run(cbc, { source, destination, length: 32 }), 0);
  assert.ok(shared.subarray(253, 1024).every((byte) => byte === CANARY), "written past the request");
  assert.equal(desk.run(cbc, { source: [[3, 32]], destination: [[400, 32]], length: 32 }), 0);
  assert.deepEqual(
    [...shared.subarray(201, 211), ...shared.subarray(231, 253)],
    [...shared.subarray(400, 432)],
  );
  assert.match(desk.device.describe(), IDLE);
  desk.device.shutdown();
});

fault(2, "descriptors have one byte order, whoever reads them", (sizes) => {
  // A card that only reads rings.
  let removed = 0;
  const slot = () => ({ map: () => {}, remove: () => void removed++ });
  const desk = new HifnDesk({ slot, sizes }), cbc = desk.open("cbc(aes)");
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

fault(3, "errors come to the caller, and the next request is not touched by them", (sizes) => {
  const desk = new HifnDesk({ sizes }), cbc = desk.open("cbc(aes)");
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

fault(4, "segments at odd places and of odd lengths", (sizes) => {
  const desk = new HifnDesk({ sizes }), { shared } = desk, cbc = desk.open("cbc(aes)");
  for (let i = 0; i < 96; i++) shared[i] = i;
  assert.equal(desk.run(cbc, { source: [[0, 96]], destination: [[1024, 96]], length: 96 }), 0);
  for (const shift of [1, 2, 3, 5, 7, 13]) {
    const source: Piece[] = [[0, shift], [shift, 33 - shift], [33, 63]];
    assert.equal(desk.run(cbc, { source, destination: [[2048 + shift, 96]], length: 96 }), 0);
    assert.deepEqual(shared.slice(2048 + shift, 2048 + shift + 96), shared.slice(1024, 1120));
  }
  desk.device.shutdown();
});

queuedFault(5, "asynchronous work is never told as done at once", (sizes, limit) => {
  const yard = new Yard(sizes, limit);
  const row = yard.row(0, 64);
  assert.equal(yard.engine.submit(row, true), IN_PROGRESS);
  yard.turn();
  assert.deepEqual([yard.told, yard.queue.device.outstanding], [[], 1]);
  assert.equal(yard.card.step(), 1);
  assert.deepEqual(yard.told, [], "not before somebody asked");
  yard.turn();
  assert.deepEqual([yard.told, yard.queue.device.outstanding], [[`done ${row}`], 0]);
  yard.engine.shutdown();
});

queuedFault(6, "a completion gets its own request", (sizes, limit) => {
  const yard = new Yard(sizes, limit), { requests } = yard.engine, wanted = new Map<number, number>();
  yard.device.bus.words[FAULT_REORDER] = 1;
  yard.device.bus.words[FAULT_ERROR] = 1;
  // With the order of a batch turned round the one error of the card is the last one's.
  const count = Math.min(sizes.commands, 8);
  for (let i = 0; i < count; i++) {
    // Every third has a length that is no block, of which no byte is written.
    const row = yard.row(i, i % 3 === 1 ? 15 : 64);
    wanted.set(row, i === count - 1 ? EIO : i % 3 === 1 ? EINVAL : 0);
    assert.equal(yard.engine.submit(row, false), IN_PROGRESS);
  }
  yard.run();
  const results = [...wanted.keys()].map((row) => requests.result[row]!);
  assert.deepEqual(results, [...wanted.values()]);
  assert.deepEqual(yard.told.toSorted(), [...wanted.keys()].map((row) => `done ${row}`).toSorted());
  for (const [i, row] of [...wanted.keys()].entries()) {
    assert.equal(yard.changed(i), requests.result[row] === 0, `bytes of request ${i}`);
  }
  yard.engine.shutdown();
});

fault(7, "cbc announces its iv, and cbc(aes) is never another mode", (sizes) => {
  const device = new HifnDevice({ slot: new SteppedCard().slot, sizes }), { algorithms } = device;
  const found = algorithms.filter((each) => each.name === "cbc(aes)");
  assert.deepEqual(found.map((each) => [each.driverName, each.ivSize, each.blockSize]), [[
    "cbc-aes-hifn",
    16,
    16,
  ]]);
  assert.ok(algorithms.every((each) => !each.name.startsWith("ofb")));
  device.shutdown();
  // The answers tell modes apart: FIPS 197 block after block against chained ones.
  const desk = new HifnDesk({ sizes }), { shared } = desk;
  const two = (algorithm: string, at: number): boolean => {
    assert.equal(
      desk.run(desk.open(algorithm), { source: [[0, 32]], destination: [[at, 32]], length: 32 }),
      0,
    );
    return shared.subarray(at, at + 16).join() === shared.subarray(at + 16, at + 32).join();
  };
  assert.deepEqual([two("ecb(aes)", 64), two("cbc(aes)", 128), two("ctr(aes)", 192)], [true, false, false]);
  assert.notEqual(shared.slice(128, 160).join(), shared.slice(192, 224).join());
  assert.throws(() => desk.open("cbc(aes)", KEY.subarray(1)), CryptoError);
  desk.device.shutdown();
});

fault(8, "sides cut differently, and not one byte written past a segment", (sizes) => {
  const desk = new HifnDesk({ sizes }), { shared } = desk, random = new SeededRandom(SEED);
  const cbc = desk.open("cbc(aes)");
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
      assert.deepEqual(shared.subarray(at, at + size), shared.subarray(from, from + size), `seed ${SEED}`);
      shared.fill(CANARY, at, at + size);
      from += size;
    }
    assert.ok(shared.subarray(4096, 8192).every((byte) => byte === CANARY), `seed ${SEED}`);
  }
  desk.device.shutdown();
});

fault(9, "a nearly full ring takes only what fits, and nothing of what does not", (sizes) => {
  const { commands, segments } = sizes,
    card = new SteppedCard(),
    desk = new HifnDesk({ slot: card.slot, sizes });
  const cbc = desk.open("cbc(aes)"), { device } = desk, { words } = device.bus;
  const pieces = (count: number): Piece[] => Array.from({ length: count }, (_, i) => [i * 32, 16]);
  const request = (count: number) =>
    desk.row({ source: pieces(count), destination: [[4096, 16 * count]], length: 16 * count });
  const start = (count: number): boolean => {
    const row = request(count), taken = device.start(row, cbc);
    if (!taken) desk.requests.free(row);
    return taken;
  };
  const back = (count: number): void => {
    assert.equal(card.step(), count);
    for (const row of desk.wait(count)) desk.requests.free(row);
    assert.match(device.describe(), IDLE);
  };
  let requests = 0;
  for (let left = segments - 1; left > 0; left -= Math.min(left, 16), requests++) {
    assert.ok(start(Math.min(left, 16)));
  }
  const used = `${requests}/${segments - 1}/${requests}/${requests}`;
  assert.ok(device.describe().includes(` ${used} in use`), device.describe());
  const before = device.bus.bytes.slice();
  assert.equal(start(2), false);
  assert.deepEqual(device.bus.bytes, before, "nothing was written");
  assert.ok(start(1));
  assert.equal(start(1), false, "no source descriptor is left");
  back(requests + 1);
  for (let i = 0; i < commands; i++) assert.ok(start(1));
  assert.ok(device.describe().includes(` ${Array(4).fill(commands).join("/")} in use`));
  assert.equal(start(1), false, "the command ring is full");
  back(commands);
  assert.equal(words[INTERRUPTS], requests + 1 + commands, "one interrupt a request");
  device.shutdown();
});

fault(10, "segments that end before the request are noticed, and nothing is written", (sizes) => {
  const desk = new HifnDesk({ sizes }), { shared } = desk, cbc = desk.open("cbc(aes)");
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

const TUNNEL = `src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 mode tunnel replay-window 64 ${
  ESP_ALGORITHMS[2]
}`;
const inner = (more = {}): Uint8Array =>
  udp({ from: "10.1.0.1", to: "10.2.0.1", ...more }, 1000, 2000, new Uint8Array(64));

Deno.test(name(11, "ivs of sequence numbers begin with the first number and repeat none", "ESP"), () => {
  const peer = new Peer(new SeededRandom(SEED)), state = peer.add(TUNNEL), seen: string[] = [];
  for (let i = 0; i < 40; i++) peer.send(inner(), state);
  for (const packet of peer.out()) {
    const [high, low] = [u32(packet, 28) ^ state.ivSalt[0]!, u32(packet, 32) ^ state.ivSalt[1]!];
    seen.push(`${u32(packet, 24)}: ${high >>> 0} ${low >>> 0}`);
  }
  assert.deepEqual(seen, Array.from({ length: 40 }, (_, i) => `${i + 1}: 0 ${i + 1}`));
});

queuedFault(12, "many requests of one key are under way at once", (sizes, limit) => {
  const yard = new Yard(sizes, limit), { engine } = yard, count = sizes.commands + limit;
  const rows = Array.from({ length: count }, (_, i) => yard.row(i, 64));
  for (const row of rows) assert.equal(engine.submit(row, false), IN_PROGRESS);
  assert.equal(yard.device.outstanding, sizes.commands);
  yard.run();
  assert.deepEqual(rows.map((row) => engine.requests.result[row]), Array(count).fill(0));
  const together = rows.map((_, i) => yard.bytes(i));
  assert.equal(new Set(together).size, count, "each has its own iv");
  for (const [i, row] of rows.entries()) {
    yard.fill(i);
    engine.submit(row, false);
    yard.run();
    assert.equal(yard.bytes(i), together[i], "the same as alone");
  }
  engine.shutdown();
});

Deno.test(name(13, "packets in tunnels keep don't-fragment", "ESP"), () => {
  const peer = new Peer(new SeededRandom(SEED)), state = peer.add(TUNNEL);
  peer.send(inner(), state);
  peer.send(inner({ flags: 0 }), state);
  assert.deepEqual(peer.out().map((packet) => u16(packet, 6) & 0x4000), [0x4000, 0]);
});

queuedFault(
  14,
  "who waits is told in progress first, and nobody is told of what was not set up",
  (sizes, limit) => {
    const yard = new Yard(sizes, limit), { engine } = yard, room = sizes.commands + limit, waiting = 5;
    const rows: number[] = [], answers: Submitted[] = [];
    for (let i = 0; i < room + waiting; i++) {
      rows.push(yard.row(i, 64));
      answers.push(engine.submit(rows[i]!, true));
    }
    assert.deepEqual(answers, [...Array(room).fill(IN_PROGRESS), ...Array(waiting).fill(BUSY)]);
    const over = yard.row(room + waiting, 64);
    yard.row(room + waiting + 1, 64);
    assert.equal(engine.submit(over, false), FULL);
    yard.run();
    const waited = rows.slice(room), { told } = yard;
    const inProgress = told.filter((line) => line.startsWith("in progress"));
    assert.deepEqual(inProgress, waited.map((row) => `in progress ${row}`));
    for (const [i, row] of waited.entries()) {
      const at = told.indexOf(`in progress ${row}`);
      for (const later of waited.slice(i)) assert.ok(at < told.indexOf(`done ${later}`), told.join(", "));
    }
    const done = told.filter((line) => line.startsWith("done"));
    assert.deepEqual(done.toSorted(), rows.map((row) => `done ${row}`).toSorted());
    assert.ok([room + waiting, room + waiting + 1].every((i) => !yard.changed(i)));
    engine.shutdown();
  },
);

queuedFault(
  15,
  "under stress none is lost and none corrupted (millions: deno task crypto-stress)",
  (sizes, limit) => {
    const random = new SeededRandom(SEED), device = new HifnDevice({ sizes });
    const engine = new Engine([device], { clock, rows: 64, limit, patience: 20_000 });
    const memory = new Uint8Array(new SharedArrayBuffer(64 * 4096));
    engine.requests.addRegion(memory);
    const before = device.bus.words[INTERRUPTS]!;
    let turns = 0;
    const pass = (last: boolean): void => {
      const { words } = device.bus;
      if (turns++ % 8 !== 0) return;
      for (const each of [FAULT_FULL, FAULT_LATE, FAULT_REORDER]) {
        Atomics.store(words, each, !last && below(random, 3) === 0 ? 1 : 0);
      }
      if (!last && below(random, 3) === 0) Atomics.store(words, FAULT_ERROR, 1);
      Atomics.add(words, DOORBELL, 1);
      Atomics.notify(words, DOORBELL);
    };
    const { done, errors } = sendRandomRequests({ engine, random, memory, wanted: 5000, pass, seed: SEED });
    assert.ok(done >= 5000 && errors > 0);
    assert.match(device.describe(), IDLE);
    assert.equal(
      device.bus.words[INTERRUPTS]! - before,
      engine.queues[0]!.counters.done,
      "one interrupt a request",
    );
    engine.shutdown();
  },
);
