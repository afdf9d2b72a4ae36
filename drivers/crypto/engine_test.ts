import assert from "node:assert/strict";
import { VirtualClock } from "../../core/clock.ts";
import { SeededRandom } from "../../core/random.ts";
import { BUSY, CryptoError, FULL, IN_PROGRESS, NOTICE_DONE } from "../../core/crypto/engine.ts";
import { ENCRYPT, ETIMEDOUT } from "../../core/crypto/requests.ts";
import { Engine } from "./engine.ts";
import { libcrypto } from "./libcrypto/library.ts";
import { SoftwareDevice } from "./libcrypto/device.ts";
import { FaultyDevice } from "./test_faulty_device.ts";
import { sendRandomRequests } from "./test_random_requests.ts";

const ignore = libcrypto() === undefined;
if (ignore) console.log("skipped: engine_test.ts needs libcrypto.so.3");

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

function made(limit: number, room: number, seed = 1) {
  const clock = new VirtualClock(1000), random = new SeededRandom(seed);
  const device = new FaultyDevice(new SoftwareDevice(), random, room);
  const engine = new Engine([device], { clock, rows: 64, limit, patience: 100 });
  const memory = new Uint8Array(new ArrayBuffer(64 * 4096));
  engine.requests.addRegion(memory);
  return { clock, random, device, engine, memory };
}

/** A row of `length` bytes in place at its own 4 KB. */
function request(engine: Engine, session: number, length: number, direction: number): number {
  const { requests } = engine, row = requests.take();
  requests.session[row] = session;
  requests.direction[row] = direction;
  requests.length[row] = length;
  requests.iv.fill(row, row * 16, row * 16 + 16);
  requests.addSource(row, 0, row * 4096, length);
  requests.addDestination(row, 0, row * 4096, length);
  return row;
}

Deno.test({ name: "every algorithm passes its published answers before it is offered", ignore }, () => {
  const { engine } = made(23, 24);
  const failed = engine.registry.entries.filter(({ selftest }) => selftest !== "passed");
  assert.deepEqual(
    failed.map(({ algorithm, selftest }) => `${algorithm.driverName}: ${selftest}`),
    [],
  );
  engine.shutdown();
});

Deno.test({ name: "a name is one algorithm: cbc(aes) is never another mode", ignore }, () => {
  const { engine } = made(23, 24);
  assert.equal(engine.registry.providers("cbc(aes)")[0]!.algorithm.driverName, "cbc-aes-libcrypto");
  assert.equal(engine.registry.providers("cbc-aes-libcrypto")[0]!.algorithm.name, "cbc(aes)");
  assert.equal(engine.algorithm("cbc(aes)")!.ivSize, 16);
  assert.equal(engine.algorithm("aes"), undefined);
  assert.throws(() => engine.open("cbc(rot13)", KEY), (error) => error instanceof CryptoError);
  assert.throws(() => engine.open("cbc(aes)", KEY.subarray(1)), /a key has 16, 24, 32 bytes, not 15/);
  engine.shutdown();
});

for (const limit of [1, 23]) {
  Deno.test(
    { name: `queue of ${limit}: who waits is told in progress before the next is begun`, ignore },
    () => {
      const { engine, device } = made(limit, 4), session = engine.open("cbc(aes)", KEY);
      device.held = true;
      const answers: number[] = [], rows: number[] = [];
      for (let i = 0; i < 4 + limit + 3; i++) {
        const row = request(engine, session, 64, ENCRYPT);
        rows.push(row);
        answers.push(engine.submit(row, true));
      }
      assert.deepEqual(answers, [...Array(4 + limit).fill(IN_PROGRESS), BUSY, BUSY, BUSY]);
      const over = request(engine, session, 64, ENCRYPT);
      assert.equal(engine.submit(over, false), FULL);
      engine.requests.free(over);
      device.held = false;
      const told: string[] = [], waited = rows.slice(4 + limit);
      while (told.length < rows.length + 3) {
        engine.poll();
        for (let notice = engine.next(); notice >= 0; notice = engine.next()) {
          told.push(`${notice % 2 === NOTICE_DONE ? "done" : "in progress"} ${notice >> 1}`);
        }
      }
      for (const row of waited) {
        assert.ok(told.indexOf(`in progress ${row}`) >= 0);
        assert.ok(told.indexOf(`in progress ${row}`) < told.indexOf(`done ${row}`), told.join(", "));
      }
      assert.equal(new Set(told).size, told.length);
      assert.equal(engine.queues[0]!.counters.backlogged, 3);
      assert.equal(engine.queues[0]!.counters.backlogMost, 3);
      engine.shutdown();
    },
  );
}

Deno.test({ name: "the watchdog answers what a device lost, and the device goes on", ignore }, () => {
  const { engine, device, clock } = made(2, 4), session = engine.open("cbc(aes)", KEY);
  device.hangs = true;
  const rows = Array.from({ length: 8 }, () => request(engine, session, 16, ENCRYPT));
  for (const row of rows) engine.submit(row, true);
  engine.poll();
  clock.advance(101);
  const results = new Map<number, number>();
  for (let turns = 0; turns < 10; turns++) {
    engine.poll();
    for (let notice = engine.next(); notice >= 0; notice = engine.next()) {
      if (notice % 2 === NOTICE_DONE) results.set(notice >> 1, engine.requests.result[notice >> 1]!);
    }
  }
  assert.deepEqual(rows.map((row) => results.get(row)), [...Array(4).fill(ETIMEDOUT), 0, 0, 0, 0]);
  assert.equal(engine.queues[0]!.counters.resets, 1);
  engine.shutdown();
});

Deno.test({
  name: "short requests go to software, others to the card; what the card has no room for falls back",
  ignore,
}, () => {
  const clock = new VirtualClock(0),
    card = new FaultyDevice(new SoftwareDevice(), new SeededRandom(1), 2, "card");
  const engine = new Engine([card, new SoftwareDevice()], { clock, rows: 16, threshold: 256, limit: 0 });
  engine.requests.addRegion(new Uint8Array(new ArrayBuffer(16 * 4096)));
  const session = engine.open("cbc(aes)", KEY, { user: "a test" });
  card.held = true;
  for (const length of [64, 1024, 1024, 1024]) {
    engine.submit(request(engine, session, length, ENCRYPT), false);
  }
  assert.deepEqual([...engine.sessions()], [{
    algorithm: "cbc(aes)",
    user: "a test",
    fallbacks: 1,
    by: [{ driverName: "cbc-aes-card", taken: 2 }, { driverName: "cbc-aes-libcrypto", taken: 2 }],
  }]);
  engine.shutdown();
});

Deno.test({ name: "random requests and faults: none lost, none corrupted, none told twice", ignore }, () => {
  const seed = Number(Deno.env.get("WEIR_SEED") ?? 20080507),
    wanted = Number(Deno.env.get("WEIR_REQUESTS") ?? 100_000);
  const { engine, device, clock, random, memory } = made(3, 5, seed);
  device.faulty = true;
  const pass = (): void => clock.advance(10);
  const { done, errors } = sendRandomRequests({ engine, random, memory, wanted, pass, seed });
  const { resets } = engine.queues[0]!.counters;
  console.log(`${done} done, ${errors} with errors, ${resets} resets, seed ${seed}`);
  assert.ok(errors > 0 && resets > 0);
  engine.shutdown();
});
