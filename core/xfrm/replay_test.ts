import { strict as assert } from "node:assert";
import { test } from "node:test";
import { below, SeededRandom } from "../random.ts";
import { Replay, REPLAY_NEW, REPLAY_OLD, REPLAY_SEEN } from "./replay.ts";

test("edges of the window", () => {
  for (const window of [1, 32, 33, 64, 100, 4096]) {
    const replay = new Replay(window, false);
    assert.equal(replay.check(0), REPLAY_OLD);
    assert.equal(replay.check(1), REPLAY_NEW);
    replay.advance(10_000, 0);
    assert.equal(replay.check(10_000), REPLAY_SEEN);
    assert.equal(replay.check(10_000 - window), REPLAY_OLD);
    assert.equal(replay.check(10_000 - window + 1), window === 1 ? REPLAY_SEEN : REPLAY_NEW);
    assert.equal(replay.check(10_001), REPLAY_NEW);
    replay.advance(10_001, 0);
    assert.equal(replay.check(10_000), window === 1 ? REPLAY_OLD : REPLAY_SEEN);
    replay.advance(0xffffffff, 0);
    assert.equal(replay.check(0xffffffff), REPLAY_SEEN);
    assert.equal(replay.check(10_001), REPLAY_OLD);
    assert.equal(replay.check(0), REPLAY_OLD);
  }
});

test("a window of 0 lets everything through", () => {
  const replay = new Replay(0, false);
  for (const sequence of [0, 1, 1, 0xffffffff, 1]) {
    assert.equal(replay.recheck(sequence, 0), REPLAY_NEW);
    replay.advance(sequence, 0);
  }
});

test("extended numbers go over the boundary of their low half", () => {
  const replay = new Replay(64, true);
  replay.advance(0xfffffff0, 0);
  assert.deepEqual([replay.high(0xffffffff), replay.high(5)], [0, 1]);
  replay.advance(5, 1);
  assert.deepEqual([replay.top[0], replay.top[1]], [5, 1]);
  assert.equal(replay.high(0xffffffff), 0);
  assert.equal(replay.check(0xffffffff), REPLAY_NEW);
  assert.equal(replay.check(0xfffffff0), REPLAY_SEEN);
  // 64 numbers end with (1, 5): the first is (0, 0xffffffc6)
  assert.equal(replay.high(0xffffffc6), 0);
  assert.equal(replay.check(0xffffffc6), REPLAY_NEW);
  assert.equal(replay.high(0xffffffc5), 1);
  // another packet moved the window on, while one believed to be of the first half was in work
  assert.equal(replay.recheck(0xfffffff8, 0), REPLAY_NEW);
  replay.advance(200, 1);
  assert.equal(replay.recheck(0xfffffff8, 0), REPLAY_OLD);
});

test("before the first number and behind the last there is nothing", () => {
  const first = new Replay(64, true);
  assert.equal(first.check(0), REPLAY_OLD);
  assert.equal(first.check(0xffffffff), REPLAY_OLD);
  first.advance(1, 0);
  assert.equal(first.check(0), REPLAY_OLD);
  const last = new Replay(64, true);
  last.advance(0xffffffff, 0xffffffff);
  assert.equal(last.check(0), REPLAY_OLD);
  assert.equal(last.check(3), REPLAY_OLD);
});

test("random walks agree with a set of numbers", () => {
  for (const [seed, esn] of [[1, false], [2, true], [3, true]] as const) {
    const random = new SeededRandom(seed), window = 1 + below(random, 300), replay = new Replay(window, esn);
    const seen = new Set<number>(), start = esn ? 0xffffff00 : 1;
    let top = start;
    replay.advance(start >>> 0, 0);
    seen.add(start);
    for (let i = 0; i < 5000; i++) {
      const number = Math.max(
        1,
        top + below(random, 2 * window + 8) - window - 4 + (below(random, 50) === 0 ? 1000 : 0),
      );
      // older than the window, ESN takes a number for one of the next half: the ICV tells
      if (esn && number <= top - window) continue;
      const low = number % 2 ** 32, high = Math.floor(number / 2 ** 32);
      assert.equal(replay.high(low), high, `seed ${seed}, step ${i}`);
      const expected = number > top
        ? REPLAY_NEW
        : number <= top - window
        ? REPLAY_OLD
        : seen.has(number)
        ? REPLAY_SEEN
        : REPLAY_NEW;
      assert.equal(replay.check(low), expected, `seed ${seed}, step ${i}`);
      if (expected !== REPLAY_NEW) continue;
      replay.advance(low, high);
      seen.add(number);
      top = Math.max(top, number);
    }
  }
});
