import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtualClock } from "../../../core/clock.ts";
import { NOTICE_DONE } from "../../../core/crypto/engine.ts";
import { CryptoRequests, DECRYPT, EBADMSG, EINVAL, ENCRYPT } from "../../../core/crypto/requests.ts";
import type { CryptoDevice } from "../device.ts";
import { Engine } from "../engine.ts";
import { SoftwareDevice } from "../libcrypto/device.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { NodeDevice } from "./node_device.ts";

/**
 * Faults of the HIFN driver of 2008 that concern the software devices. Regions: 0 sources, 1 destinations, each full of
 * canaries before a request.
 */
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 20080506);
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 3 + 1), CANARY = 0xc5, SIZE = 1 << 16;

class Desk {
  readonly requests = new CryptoRequests(8);
  readonly source = new Uint8Array(new SharedArrayBuffer(SIZE));
  readonly destination = new Uint8Array(new SharedArrayBuffer(SIZE));
  readonly device: CryptoDevice;

  constructor(device: CryptoDevice) {
    this.device = device;
    this.requests.addRegion(this.source);
    this.requests.addRegion(this.destination);
    device.attach(this.requests);
  }

  open(name: string, key: Uint8Array, tagSize = 0): number {
    return this.device.open(this.device.algorithms.find((each) => each.name === name)!, key, tagSize);
  }

  /** Result of one request; `from` lies at the source's pieces before, and what came is read back from the destination's. */
  run(
    context: number,
    direction: number,
    assoc: number,
    length: number,
    from: Uint8Array,
    to: number,
    cut: Cut,
  ) {
    const { requests } = this, row = requests.take();
    this.source.fill(CANARY);
    this.destination.fill(CANARY);
    requests.direction[row] = direction;
    requests.assoc[row] = assoc;
    requests.length[row] = length;
    requests.iv.fill(9, row * 16, row * 16 + 16);
    let done = 0;
    for (const [at, size] of places(from.length, cut.source)) {
      this.source.set(from.subarray(done, done += size), at);
      requests.addSource(row, 0, at, size);
    }
    const pieces = places(to, cut.destination);
    for (const [at, size] of pieces) requests.addDestination(row, 1, at, size);
    assert.ok(this.device.start(row, context));
    assert.equal(requests.state[row], 1, "start finishes nothing");
    assert.equal(this.device.poll(new Int32Array(8)), 1);
    const out = new Uint8Array(to);
    done = 0;
    for (const [at, size] of pieces) {
      out.set(this.destination.subarray(at, at + size), done);
      this.destination.fill(CANARY, at, at + size);
      done += size;
    }
    assert.ok(this.destination.every((byte) => byte === CANARY), "written past a segment");
    requests.free(row);
    return { result: requests.result[row]!, out };
  }
}

interface Cut {
  readonly source: readonly number[];
  readonly destination: readonly number[];
}
const WHOLE: Cut = { source: [], destination: [] };

/** Segments for `total` bytes cut at the given tenths of a percent, at odd places with gaps between. */
function places(total: number, cuts: readonly number[]): [at: number, size: number][] {
  const ends = [...cuts.map((cut) => Math.floor(cut * total / 1000)), total].sort((a, b) => a - b);
  let at = 65, from = 0;
  return ends.map((end) => {
    const place: [number, number] = [at, end - from];
    at += end - from + 7;
    from = end;
    return place;
  });
}

const DEVICES: readonly [string, boolean, () => CryptoDevice][] = [
  ["libcrypto", libcrypto() === undefined, () => new SoftwareDevice()],
  ["node:crypto", false, () => new NodeDevice()],
];
const cuts = fc.array(fc.nat(1000), { maxLength: 14 });

for (const [name, ignore, make] of DEVICES) {
  Deno.test({ name: `${name}: any cutting on both sides gives what one piece gives`, ignore }, () => {
    const desk = new Desk(make()), cbc = desk.open("cbc(aes)", KEY), gcm = desk.open("gcm(aes)", KEY, 16);
    const property = fc.property(
      fc.nat(90),
      fc.nat(40),
      cuts,
      cuts,
      fc.boolean(),
      (n, assoc, source, destination, aead) => {
        const length = aead ? n : n * 16, before = aead ? assoc : 0, tag = aead ? 16 : 0;
        const context = aead ? gcm : cbc, cut = { source, destination };
        const plain = Uint8Array.from({ length: before + length }, (_, i) => i * 5);
        const whole = desk.run(context, ENCRYPT, before, length, plain, before + length + tag, WHOLE);
        assert.equal(whole.result, 0);
        assert.deepEqual(
          desk.run(context, ENCRYPT, before, length, plain, before + length + tag, cut),
          whole,
        );
        const back = desk.run(context, DECRYPT, before, length, whole.out, before + length, cut);
        assert.deepEqual(back, { result: 0, out: plain });
      },
    );
    fc.assert(property, { seed: SEED, numRuns: 100 });
    desk.device.shutdown();
  });

  Deno.test({ name: `${name}: a request shorter than its segments ends where it ends`, ignore }, () => {
    const desk = new Desk(make()), context = desk.open("cbc(aes)", KEY), plain = new Uint8Array(64).fill(7);
    const short = desk.run(context, ENCRYPT, 0, 32, plain, 64, { source: [300], destination: [700] });
    assert.equal(short.result, 0);
    assert.ok(short.out.subarray(32).every((byte) => byte === CANARY));
    const exact = desk.run(context, ENCRYPT, 0, 32, plain.subarray(0, 32), 32, WHOLE);
    assert.deepEqual(short.out.subarray(0, 32), exact.out);
    desk.device.shutdown();
  });

  Deno.test({
    name: `${name}: segments that end before the request are an error, and nothing is written`,
    ignore,
  }, () => {
    const desk = new Desk(make()), context = desk.open("cbc(aes)", KEY), plain = new Uint8Array(64);
    for (const [have, room] of [[48, 64], [64, 48], [0, 64], [64, 0]] as const) {
      const { result, out } = desk.run(context, ENCRYPT, 0, 64, plain.subarray(0, have), room, WHOLE);
      assert.equal(result, EINVAL);
      assert.ok(out.every((byte) => byte === CANARY));
    }
    desk.device.shutdown();
  });

  Deno.test({ name: `${name}: lengths that are no blocks are errors, told to the caller`, ignore }, () => {
    const desk = new Desk(make()), plain = new Uint8Array(31);
    const cbc = desk.open("cbc(aes)", KEY), xts = desk.open("xts(aes)", new Uint8Array(32).map((_, i) => i));
    assert.equal(desk.run(cbc, ENCRYPT, 0, 31, plain, 31, WHOLE).result, EINVAL);
    assert.equal(desk.run(xts, ENCRYPT, 0, 15, plain.subarray(0, 15), 15, WHOLE).result, EINVAL);
    assert.equal(desk.run(xts, ENCRYPT, 0, 31, plain, 31, WHOLE).result, 0);
    desk.device.shutdown();
  });

  Deno.test({ name: `${name}: a wrong tag is -EBADMSG, and no byte of the text comes out`, ignore }, () => {
    const desk = new Desk(make()), length = 48, plain = new Uint8Array(8 + length).fill(0x41);
    for (const source of [[], [100, 500]]) {
      const context = desk.open("gcm(aes)", KEY, 16);
      const { out } = desk.run(context, ENCRYPT, 8, length, plain, 8 + length + 16, WHOLE);
      for (const at of [0, 8, 8 + length, 8 + length + 15]) {
        const forged = out.slice();
        forged[at]! ^= 1;
        const answer = desk.run(context, DECRYPT, 8, length, forged, 8 + length, { source, destination: [] });
        assert.equal(answer.result, EBADMSG, `byte ${at}`);
        assert.ok(!answer.out.subarray(8).includes(0x41));
      }
    }
    desk.device.shutdown();
  });

  Deno.test(
    { name: `${name}: requests of one key are under way at once, each with its own iv`, ignore },
    () => {
      const engine = new Engine([make()], { clock: new VirtualClock(0), rows: 8 }), { requests } = engine;
      const memory = new Uint8Array(1024), session = engine.open("cbc(aes)", KEY);
      requests.addRegion(memory);
      const rows = Array.from({ length: 8 }, (_, i) => {
        const row = requests.take();
        requests.session[row] = session;
        requests.length[row] = 32;
        requests.addSource(row, 0, i * 33, 32);
        requests.addDestination(row, 0, i * 33, 32);
        return row;
      });
      const through = (direction: number): number[] => {
        const told: number[] = [];
        for (const [i, row] of rows.entries()) {
          requests.direction[row] = direction;
          requests.iv.fill(i, row * 16, row * 16 + 16);
          engine.submit(row, true);
          assert.equal(engine.next(), -1, "nothing is done when submit returns");
        }
        while (engine.poll()) for (let n = engine.next(); n >= 0; n = engine.next()) told.push(n);
        return told.filter((notice) => notice % 2 === NOTICE_DONE).map((notice) => notice >> 1);
      };
      assert.deepEqual(through(ENCRYPT).sort(), rows.toSorted());
      const texts = rows.map((_, i) => memory.slice(i * 33, i * 33 + 32).join());
      assert.equal(new Set(texts).size, 8);
      assert.deepEqual(through(DECRYPT).sort(), rows.toSorted());
      assert.ok(memory.every((byte) => byte === 0));
      engine.shutdown();
    },
  );
}
