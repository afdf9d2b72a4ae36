import { strict as assert } from "node:assert";
import { test } from "node:test";
import { udp } from "../packet/build.ts";
import { below, SeededRandom } from "../random.ts";
import { Order, ORDER_GONE, ORDER_SLOTS, ORDER_WAITS } from "./order.ts";
import type { State } from "./state.ts";
import { parseState } from "./state_words.ts";
import { addressOf, ALGORITHMS, Peer } from "./test_peers.ts";

const GCM = ALGORITHMS[2]!;
const words = (spi: number, more = ""): string =>
  `src 192.0.2.1 dst 192.0.2.2 proto esp spi ${spi} mode tunnel ${more} ${GCM}`;

test("states are found by SPI and destination while they are there, and only then", () => {
  const peer = new Peer(), random = new SeededRandom(11), present = new Map<number, State>();
  const destination = Uint32Array.from(addressOf("192.0.2.2").words);
  const other = Uint32Array.from(addressOf("192.0.2.3").words);
  for (let step = 0; step < 3000; step++) {
    const spi = 0x1000 + below(random, 300), state = present.get(spi);
    assert.equal(peer.states.lookup(spi, 4, destination, 0, 0), state);
    assert.equal(peer.states.lookup(spi, 4, other, 0, 0), undefined);
    assert.equal(peer.states.lookup(spi, 6, destination, 0, 0), undefined);
    if (state === undefined) present.set(spi, peer.add(words(spi)));
    else {
      peer.states.delete(state);
      present.delete(spi);
    }
  }
  assert.equal(peer.states.all().length, present.size);
  assert.equal(peer.engine.open_.size, present.size);
});

test("marks tell states of one SPI apart", () => {
  const peer = new Peer(), destination = Uint32Array.from(addressOf("192.0.2.2").words);
  const [one, two] = [1, 2].map((mark) => peer.add(words(0x1000, `mark ${mark} mask 0xf`)));
  assert.equal(peer.states.lookup(0x1000, 4, destination, 0, 0x31), one);
  assert.equal(peer.states.lookup(0x1000, 4, destination, 0, 2), two);
  assert.equal(peer.states.lookup(0x1000, 4, destination, 0, 3), undefined);
  const high = peer.add(words(0x1001, "mark 0x80000000 mask 0xf0000000"));
  assert.equal(peer.states.lookup(0x1001, 4, destination, 0, 0x8000_0001), high);
});

test("a state taken away keeps its key until its packets are out", () => {
  const peer = new Peer(), state = peer.add(words(0x1000));
  peer.send(udp({ from: "10.1.0.1", to: "10.2.0.1" }, 1, 2), state);
  peer.states.delete(state);
  assert.equal(peer.engine.open_.size, 1);
  assert.equal(peer.send(udp({ from: "10.1.0.1", to: "10.2.0.1" }, 1, 2), state), false);
  assert.equal(peer.out().length, 1);
  assert.deepEqual([peer.engine.open_.size, peer.states.at(state.row)], [0, undefined]);
});

test("an update changes limits and nothing that keys hang on", () => {
  const peer = new Peer(), state = peer.add(words(0x1000, "limit packet-hard 1"));
  const send = (): boolean => peer.send(udp({ from: "10.1.0.1", to: "10.2.0.1" }, 1, 2), state);
  assert.equal(send(), true);
  peer.states.update(parseState(words(0x1000, "limit packet-hard 2")));
  assert.deepEqual([send(), send(), state.sequence[0]], [true, false, 2]);
  assert.throws(() => peer.states.update(parseState(words(0x1001))), /no state for 192.0.2.2 spi 0x00001001/);
});

test("a refused key leaves nothing behind", () => {
  const peer = new Peer();
  for (let i = 0; i < 2000; i++) {
    assert.throws(() => peer.add(words(0x1000).replace("0x03", "0x0303")), /keys of rfc4106/);
  }
  peer.add(words(0x1000));
});

test("outcomes are read in the order slots were taken, for ever", () => {
  const order = new Order(), random = new SeededRandom(21), open: [number, number][] = [];
  let taken = 0, read = 0;
  for (let step = 0; step < 20_000; step++) {
    if (below(random, 2) === 0) {
      const slot = order.take();
      assert.equal(slot < 0, taken - read === ORDER_SLOTS);
      if (slot >= 0) open.push([slot, taken++]);
    } else if (open.length > 0) {
      const [[slot, number]] = open.splice(below(random, Math.min(40, open.length)), 1) as [[number, number]];
      order.settle(slot, number % 7 === 0 ? ORDER_GONE : number);
    }
    for (let outcome = order.next(); outcome !== ORDER_WAITS; outcome = order.next(), read++) {
      assert.equal(outcome, read % 7 === 0 ? ORDER_GONE : read);
    }
  }
  assert.ok(read > 5000);
});
