import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { VirtualClock } from "../../core/clock.ts";
import { NOTICE_DONE } from "../../core/crypto/engine.ts";
import { CryptoRequests, EINVAL, ENCRYPT, ETIMEDOUT } from "../../core/crypto/requests.ts";
import { SeededRandom } from "../../core/random.ts";
import type { CryptoDevice, OfferedAlgorithm } from "./device.ts";
import { Engine } from "./engine.ts";
import { Registry } from "./registry.ts";
import { NodeDevice } from "./software/node_device.ts";
import { FaultyDevice } from "./test_faulty_device.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i), PLACE = 256;

/** Takes no segment that begins elsewhere than at multiples of 16, and cannot be reset. */
class ParticularDevice extends FaultyDevice {
  override readonly algorithms: readonly OfferedAlgorithm[];
  asked: CryptoRequests | undefined;
  readonly #inner: CryptoDevice;

  constructor(inner: CryptoDevice, name?: string) {
    super(inner, new SeededRandom(1), 2, name);
    this.#inner = inner;
    this.algorithms = inner.algorithms.map((each) => ({
      ...each,
      driverName: `${each.driverName}-${name ?? "particular"}`,
      alignment: 16,
      priority: 300,
    }));
  }
  override open(algorithm: OfferedAlgorithm, key: Uint8Array, tagSize: number): number {
    return this.#inner.open(this.#inner.algorithms[this.algorithms.indexOf(algorithm)]!, key, tagSize);
  }
  override attach(requests: CryptoRequests): void {
    super.attach(requests);
    this.asked = requests;
  }
  override start(row: number, context: number): boolean {
    const { sources, destinations } = this.asked!;
    for (const side of [sources, destinations]) {
      for (let i = 0; i < side.count[row]!; i++) {
        if (this.strict && side.offset[row * 16 + i]! % 16 !== 0) {
          throw new Error("an odd address came to the device");
        }
      }
    }
    return super.start(row, context);
  }
  override reset(): boolean {
    super.reset();
    return false;
  }
  /** From when the self-test is through: that one goes around the queue. */
  strict = false;
}

function made(devices: readonly CryptoDevice[], limit = 23) {
  const clock = new VirtualClock(0),
    engine = new Engine(devices, { clock, rows: 32, patience: 100, limit, threshold: 0 });
  const memory = new Uint8Array(32 * PLACE), { requests } = engine;
  requests.addRegion(memory);
  const session = engine.open("cbc(aes)", KEY);
  /** A row in place at its own piece of memory, in pieces of these lengths, `shift` bytes from a multiple of 16. */
  const submit = (lengths: readonly number[], shift: number, mayWait = true): number => {
    const row = requests.take();
    requests.session[row] = session;
    requests.direction[row] = ENCRYPT;
    requests.length[row] = 64;
    requests.iv.fill(3, row * 16, row * 16 + 16);
    memory.fill(row, row * PLACE, (row + 1) * PLACE);
    for (let i = 0, at = row * PLACE + shift; i < lengths.length; at += lengths[i++]!) {
      requests.addSource(row, 0, at, lengths[i]!);
      requests.addDestination(row, 0, at, lengths[i]!);
    }
    return engine.submit(row, mayWait) === 3 ? -1 : row;
  };
  const told: string[] = [];
  const turn = (): void => {
    engine.poll();
    for (let notice = engine.next(); notice >= 0; notice = engine.next()) {
      const row = notice >> 1, done = (notice & 1) === NOTICE_DONE;
      told.push(done ? `done ${row} ${requests.result[row]}` : `in progress ${row}`);
    }
  };
  return { clock, engine, memory, requests, submit, turn, told };
}

Deno.test("alignment: what begins elsewhere is copied, comes back in its own segments, and is counted", () => {
  const device = new ParticularDevice(new NodeDevice()),
    desk = made([device]),
    plain = made([new NodeDevice()]);
  device.strict = true;
  for (
    const [lengths, shift] of [[[64], 0], [[64], 1], [[16, 48], 0], [[17, 47], 0], [[3, 5, 56], 7]] as const
  ) {
    const row = desk.submit(lengths, shift), other = plain.submit(lengths, shift);
    const segments = () => [...desk.requests.sources.offset.subarray(row * 16, row * 16 + lengths.length)];
    desk.turn();
    plain.turn();
    assert.deepEqual(desk.told.splice(0), [`done ${row} 0`]);
    assert.deepEqual(desk.memory, plain.memory, `${lengths} at ${shift}`);
    assert.deepEqual(segments(), [
      ...plain.requests.sources.offset.subarray(other * 16, other * 16 + lengths.length),
    ]);
    assert.equal(desk.requests.sources.count[row], lengths.length);
    desk.requests.free(row);
    plain.requests.free(other);
  }
  assert.equal(desk.engine.queues[0]!.counters.copied, 3);
  device.strict = false;
  const short = desk.submit([63], 1);
  desk.turn();
  assert.deepEqual(desk.told, [`done ${short} ${EINVAL}`], "its device says what is wrong with it");
});

Deno.test("alignment: a full device leaves a refused row as it was, and a queued one is copied once", () => {
  const device = new ParticularDevice(new NodeDevice()), desk = made([device], 1), { requests } = desk;
  device.held = true;
  const rows = [1, 2, 3].map((shift) => desk.submit([64], shift));
  const before = [...requests.sources.offset];
  assert.equal(desk.submit([64], 4, false), -1);
  const at = [...requests.sources.offset].findIndex((offset, i) => offset !== before[i]);
  assert.equal(requests.sources.offset[at]! % PLACE, 4, "its own segment");
  for (let i = 0; i < 5; i++) desk.turn();
  device.held = false;
  desk.turn();
  desk.turn();
  assert.deepEqual(desk.told, rows.map((row) => `done ${row} 0`));
});

for (const limit of [1, 23]) {
  Deno.test(`queue of ${limit}: what waited for a device that is gone is done by the next, what it had in work is an error`, () => {
    const card = new ParticularDevice(new NodeDevice(), "card"), desk = made([card, new NodeDevice()], limit);
    card.hangs = true;
    const rows = Array.from({ length: limit + 6 }, (_, i) => desk.submit([64], i % 3));
    // Two are in work, `limit` wait, or go to the next device at once, as its queue has room.
    desk.turn();
    desk.clock.advance(101);
    for (let i = 0; i < 10; i++) desk.turn();
    const done = new Map(
      desk.told.filter((line) => line.startsWith("done")).map((line) => {
        const [, row, result] = line.split(" ");
        return [Number(row), Number(result)];
      }),
    );
    assert.equal(done.size, rows.length, desk.told.join(", "));
    assert.deepEqual(rows.slice(0, 2).map((row) => done.get(row)), [ETIMEDOUT, ETIMEDOUT]);
    assert.ok(rows.slice(2).every((row) => done.get(row) === 0), desk.told.join(", "));
    assert.equal(new Set(desk.told).size, desk.told.length, "nothing is told twice");
    for (const [i, row] of rows.entries()) {
      if (i < 2) continue;
      const cipher = createCipheriv("aes-128-cbc", KEY, new Uint8Array(16).fill(3)), at = row * PLACE + i % 3;
      const wanted = cipher.setAutoPadding(false).update(new Uint8Array(64).fill(row));
      cipher.final();
      assert.deepEqual([...desk.memory.subarray(at, at + 64)], [...wanted]);
    }
    const [session] = [...desk.engine.sessions()];
    assert.ok(session!.fallbacks > 0);
    assert.ok(desk.engine.queues[0]!.gone);
  });
}

Deno.test("registry: a self-test leaves a device with the requests it is to go on with", () => {
  const device = new ParticularDevice(new NodeDevice()),
    own = new CryptoRequests(4),
    registry = new Registry();
  device.attach(own);
  registry.add(device, own);
  assert.equal(device.asked, own);
  assert.ok(registry.entries.every(({ selftest }) => selftest === "passed" || selftest === "untested"));
});
