import assert from "node:assert/strict";
import { VirtualClock } from "../../../core/clock.ts";
import { NOTICE_DONE } from "../../../core/crypto/engine.ts";
import { DECRYPT, ENCRYPT, ETIMEDOUT } from "../../../core/crypto/requests.ts";
import { below, SeededRandom } from "../../../core/random.ts";
import { WakeEvent } from "../../sys/event.ts";
import { Engine } from "../engine.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { type CardSlot, type PluggedCard, workerSlot } from "./card_slot.ts";
import { HifnDevice } from "./device.ts";
import {
  COMMAND_RING,
  FAULT_FULL,
  FAULT_HANG,
  FAULT_LATE,
  INTERRUPTS,
  RESET_DONE,
  STATUS,
  STATUS_FULL,
} from "./registers.ts";
import { HifnDesk, KEY, OWN, type Piece, SteppedCard } from "./test_desk.ts";

libcrypto();
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 20080506);
const good = { source: [[0, 64]], destination: [[64, 64]], length: 64 } as const;

for (
  const [rings, sizes] of [["24 and 80", { commands: 24, segments: 80, sessions: 8 }], ["4", {
    commands: 4,
    segments: 4,
    sessions: 8,
  }]] as const
) {
  Deno.test(`hifn with rings of ${rings}: around them with thousands of requests, no descriptor lost`, () => {
    console.log(`hifn life: seed ${SEED}`);
    const desk = new HifnDesk({ sizes }), random = new SeededRandom(SEED), cbc = desk.open("cbc(aes)");
    const { device, requests, shared } = desk, turns = 4000, rows = new Int32Array(64);
    const begun = new Map<number, number>(), stride = 1024, places = Array.from({ length: 64 }, (_, i) => i);
    let sent = 0, back = 0;
    // Each place holds bytes of its own that are encrypted in place, and the second time decrypted.
    const shut = new Uint8Array(64);
    const byte = (place: number, i: number) => (place * 31 + i) & 255;
    for (let at = 0; at < 64 * stride; at++) shared[at] = byte(at / stride | 0, at % stride);
    const end = performance.now() + 20000;
    while (back < turns) {
      assert.ok(performance.now() < end, `${back} of ${turns} came back`);
      while (sent < turns && places.length > 0) {
        const place = places[0]!, length = 512, pieces: Piece[] = [];
        for (let left = length, at = place * stride; left > 0;) {
          const size = pieces.length === 5 ? left : Math.min(left, 1 + below(random, 300));
          pieces.push([at, size]);
          at += size;
          left -= size;
        }
        const direction = shut[place] === 0 ? ENCRYPT : DECRYPT;
        const row = desk.row({ source: pieces, destination: pieces, length, direction });
        if (!device.start(row, cbc)) {
          requests.free(row);
          break;
        }
        begun.set(row, places.shift()!);
        sent++;
      }
      const count = device.poll(rows);
      for (const row of rows.subarray(0, count)) {
        const place = begun.get(row)!, at = place * stride;
        assert.equal(requests.result[row], 0);
        shut[place]! ^= 1;
        if (shut[place] === 0) {
          assert.ok([0, 15, 16, 255, 511].every((i) => shared[at + i] === byte(place, i)));
        }
        begun.delete(row);
        requests.free(row);
        places.push(place);
      }
      back += count;
    }
    assert.match(device.describe(), / 0\/0\/0\/0 in use/);
    assert.equal(device.bus.words[INTERRUPTS], turns, "one interrupt a request");
    assert.deepEqual([device.outstanding, requests.available], [0, 64]);
    device.shutdown();
  });
}

/** Commands the card has not taken yet. */
const waiting = (words: Int32Array, ring: number): number =>
  Array.from({ length: 24 }, (_, i) => Atomics.load(words, ring + 2 * i)).filter((word) => word < 0).length;

/** Slots whose cards can be pulled out from under the driver. */
function pullable(): { slot: CardSlot; cards: PluggedCard[] } {
  const plug = workerSlot(), cards: PluggedCard[] = [];
  return {
    cards,
    slot: (bus) => {
      const card = plug(bus);
      cards.push(card);
      return card;
    },
  };
}

for (const [how, killed] of [["killed in mid-request", true], ["hung", false]] as const) {
  Deno.test(`hifn: a card ${how} ends in a reset, with every request answered`, () => {
    const { slot, cards } = pullable(), device = new HifnDevice({ slot }), clock = new VirtualClock(0);
    const engine = new Engine([device], { clock, rows: 40, patience: 100, limit: 1 }), { requests } = engine;
    const memory = new Uint8Array(new SharedArrayBuffer(65536)), session = engine.open("cbc(aes)", KEY);
    requests.addRegion(memory);
    const submit = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const row = requests.take();
        requests.session[row] = session;
        requests.length[row] = 64;
        requests.direction[row] = ENCRYPT;
        requests.addSource(row, 0, i * 64, 64);
        requests.addDestination(row, 0, i * 64, 64);
        engine.submit(row, true);
      }
    };
    const done = (count: number): number[] => {
      const results: number[] = [];
      for (const end = performance.now() + 20_000; results.length < count && performance.now() < end;) {
        engine.poll();
        for (let notice = engine.next(); notice >= 0; notice = engine.next()) {
          if (notice % 2 !== NOTICE_DONE) continue;
          results.push(requests.result[notice >> 1]!);
          requests.free(notice >> 1);
        }
      }
      return results;
    };
    submit(3);
    assert.deepEqual(done(3), [0, 0, 0]);
    Atomics.store(device.bus.words, killed ? FAULT_LATE : FAULT_HANG, 1);
    submit(30);
    const old = device.bus.words, ring = old[COMMAND_RING]! >> 2;
    for (const end = performance.now() + 20_000; waiting(old, ring) > 23;) {
      assert.ok(performance.now() < end, "the card has one in hand");
    }
    if (killed) cards.at(-1)!.remove();
    engine.poll();
    clock.advance(200);
    engine.poll();
    const results = done(30);
    assert.equal(results.length, 30);
    assert.equal(results.filter((result) => result === ETIMEDOUT).length, 24, "those in the rings");
    assert.equal(results.filter((result) => result === 0).length, 6, "those that waited");
    assert.deepEqual([engine.queues[0]!.counters.resets, cards.length], [1, killed ? 2 : 1]);
    if (!killed) assert.equal(old[RESET_DONE], 2);
    submit(5);
    assert.deepEqual(done(5), [0, 0, 0, 0, 0], "the key is still known");
    assert.equal(requests.available, 40);
    engine.shutdown();
  });
}

Deno.test("hifn: a card that answers no reset is given up after three", () => {
  const slot: CardSlot = () => ({ map: () => {}, remove: () => {} }), desk = new HifnDesk({ slot });
  assert.deepEqual([1, 2, 3, 4].map(() => desk.device.reset()), [true, true, true, false]);
  desk.device.shutdown();
});

Deno.test("hifn: full is told at once, late is late, and no more", () => {
  const card = new SteppedCard(), full = new HifnDesk({ slot: card.slot }), key = full.open("cbc(aes)");
  const row = full.row(good);
  full.device.bus.words[FAULT_FULL] = 1;
  card.step();
  assert.equal(full.device.bus.words[STATUS]! & STATUS_FULL, STATUS_FULL);
  assert.equal(full.device.start(row, key), false);
  full.device.bus.words[FAULT_FULL] = 0;
  card.step();
  assert.ok(full.device.start(row, key));
  full.device.shutdown();

  const late = new HifnDesk(), session = late.open("cbc(aes)"), { words } = late.device.bus;
  assert.equal(late.run(session, good), 0);
  Atomics.store(words, FAULT_LATE, 1);
  const waiting = late.row(good);
  assert.ok(late.device.start(waiting, session));
  for (const end = performance.now() + 20; performance.now() < end;) {
    assert.equal(late.device.poll(new Int32Array(4)), 0);
  }
  Atomics.store(words, FAULT_LATE, 0);
  const next = late.row(good);
  assert.ok(late.device.start(next, session), "the doorbell wakes the card");
  assert.deepEqual(late.wait(2), [waiting, next]);
  late.device.shutdown();
});

Deno.test("hifn: memory the card does not reach is bounced and counted, with the same bytes", () => {
  const desk = new HifnDesk(), cbc = desk.open("cbc(aes)"), { own, shared } = desk;
  for (let i = 0; i < 60000; i++) own[i] = shared[i] = i * 7;
  const wanted = {
    source: [[1, 33], [34, 59951]],
    destination: [[100000, 40001], [150000, 19983]],
    length: 59984,
  } as const;
  assert.equal(desk.run(cbc, wanted), 0);
  assert.match(desk.device.describe(), / 0 requests bounced/);
  assert.equal(desk.run(cbc, { ...wanted, region: OWN }), 0);
  assert.deepEqual(own.slice(100000, 170000), shared.slice(100000, 170000));
  assert.match(desk.device.describe(), / 1 requests bounced \(119968 bytes\)/);
  desk.device.shutdown();
});

Deno.test("hifn: whoever sleeps on its descriptor is woken; sessions are wiped when closed", () => {
  const desk = new HifnDesk(), cbc = desk.open("cbc(aes)"), event = new WakeEvent(desk.device.descriptor);
  const row = desk.row(good);
  assert.ok(desk.device.start(row, cbc));
  let woken = false;
  for (const end = performance.now() + 20_000; !woken && performance.now() < end;) woken = event.drain();
  assert.ok(woken);
  assert.deepEqual(desk.wait(1), [row]);
  const text = () => desk.device.bus.bytes.join().includes(KEY.join());
  assert.ok(text());
  desk.device.close(cbc);
  assert.ok(!text());
  desk.device.shutdown();
});
