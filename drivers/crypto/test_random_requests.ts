import assert from "node:assert/strict";
import { BUSY, FULL, NOTICE_DONE, NOTICE_IN_PROGRESS } from "../../core/crypto/engine.ts";
import { DECRYPT, ENCRYPT, REQUEST_BACKLOGGED } from "../../core/crypto/requests.ts";
import { below, type Random } from "../../core/random.ts";
import type { Engine } from "./engine.ts";

export interface RandomRequests {
  readonly engine: Engine;
  readonly random: Random;
  /** Region 0 of the engine's requests: 4096 bytes for each row. */
  readonly memory: Uint8Array;
  readonly wanted: number;
  /** Time passes, and faults come and go; `last`: none come any more. */
  readonly pass: (last: boolean) => void;
  /** For messages. */
  readonly seed: number;
}

const PLACE = 4096, CANARY = 0xc5, KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

/**
 * Sends `wanted` requests, each encrypted in place and then decrypted, while a device goes wrong. None may be lost, told
 * twice or done before its owner was told that it is in progress; what comes back without an error is what was there,
 * with no byte written behind it.
 */
export function sendRandomRequests({ engine, random, memory, wanted, pass, seed }: RandomRequests) {
  const { requests } = engine, session = engine.open("ctr(aes)", KEY), plain = new Uint8Array(PLACE);
  /** By row: 0 nothing, BUSY, else in progress. */
  const waiting = new Uint8Array(requests.capacity), direction = new Uint8Array(requests.capacity);
  let begun = 0, done = 0, errors = 0, underWay = 0, last = false;
  for (let i = 0; i < plain.length; i++) plain[i] = i * 7;

  const start = (row: number): void => {
    let answer = engine.submit(row, below(random, 2) === 0);
    if (answer === FULL && direction[row] === ENCRYPT) return requests.free(row);
    // Half way its owner may not give up.
    while (answer === FULL) {
      turn();
      answer = engine.submit(row, true);
    }
    if (direction[row] === ENCRYPT) begun++;
    underWay++;
    waiting[row] = answer;
    assert.equal(requests.state[row] === REQUEST_BACKLOGGED, answer === BUSY);
  };
  const finish = (row: number): void => {
    if (waiting[row] === 0 || waiting[row] === BUSY) {
      assert.fail(
        `row ${row} was done ${waiting[row] === BUSY ? "before it was in progress" : "twice"}, seed ${seed}`,
      );
    }
    waiting[row] = 0;
    underWay--;
    if (requests.result[row] !== 0) {
      errors++;
      done++;
      return requests.free(row);
    }
    if (direction[row] === ENCRYPT) {
      direction[row] = requests.direction[row] = DECRYPT;
      return start(row);
    }
    done++;
    const length = requests.length[row]!, at = row * PLACE;
    for (let i = 0; i < length; i++) {
      if (memory[at + i] !== plain[i]) assert.fail(`byte ${i} of ${length} of row ${row}, seed ${seed}`);
    }
    for (let i = length; i < length + 8; i++) {
      if (memory[at + i] !== CANARY) assert.fail(`a byte behind row ${row}, seed ${seed}`);
    }
    requests.free(row);
  };
  const turn = (): void => {
    pass(last);
    engine.poll();
    for (let notice = engine.next(); notice >= 0; notice = engine.next()) {
      const row = notice >> 1;
      if ((notice & 1) === NOTICE_DONE) finish(row);
      else {
        assert.equal(notice & 1, NOTICE_IN_PROGRESS);
        if (waiting[row] !== BUSY) {
          assert.fail(`row ${row} was told in progress and did not wait, seed ${seed}`);
        }
        waiting[row] = 1;
      }
    }
  };
  while (begun < wanted) {
    for (let burst = below(random, 12); burst > 0 && requests.available > 0; burst--) {
      const length = 1 + below(random, below(random, 8) === 0 ? 2000 : 80),
        row = requests.take(),
        at = row * PLACE;
      requests.session[row] = session;
      direction[row] = requests.direction[row] = ENCRYPT;
      requests.length[row] = length;
      requests.iv.fill(row, row * 16, row * 16 + 16);
      const cut = below(random, length);
      for (const side of [requests.sources, requests.destinations]) {
        const first = side === requests.sources ? cut : length - cut;
        side.add(row, 0, at, first);
        side.add(row, 0, at + first, length - first);
      }
      memory.set(plain.subarray(0, length), at);
      memory.fill(CANARY, at + length, at + length + 8);
      start(row);
    }
    turn();
  }
  last = true;
  for (const end = performance.now() + 10_000; underWay > 0 && performance.now() < end;) turn();
  assert.equal(underWay, 0, `${underWay} requests were lost, seed ${seed}`);
  assert.equal(done, begun);
  assert.equal(requests.available, requests.capacity);
  return { done, errors };
}
