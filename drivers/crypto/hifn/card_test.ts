import assert from "node:assert/strict";
import { makeBus } from "./bus.ts";
import { HifnCard } from "./card.ts";
import {
  BAD_ADDRESS,
  BAD_LENGTH,
  BAD_LIST,
  BAD_SESSION,
  COMMAND_AREA,
  COMMAND_RING,
  DESTINATION_RING,
  INTERRUPTS,
  MAPPED_FROM,
  MAPPINGS,
  OK,
  RESULT_AREA,
  RESULT_RING,
  SESSIONS,
  SOURCE_RING,
} from "./registers.ts";
import { libcrypto } from "../libcrypto/library.ts";
import { cardEngine } from "./test_desk.ts";

/** The card without its driver: everything in the rings is written by hand, byte by byte. */
libcrypto();

const VALID = 0x8000_0000, JUMP = 0x4000_0000, LAST = 0x2000_0000;
type Descriptor = readonly [address: number, word: number];

class Hand {
  readonly bus = makeBus({ commands: 4, segments: 4, sessions: 4 });
  readonly view = new DataView(this.bus.memory);
  readonly memory = new Uint8Array(new SharedArrayBuffer(4096));
  readonly card = new HifnCard(this.bus.memory, cardEngine(), () => {});
  #place = 0;
  #segment = 0;

  constructor() {
    this.card.map([{
      base: MAPPED_FROM,
      buffer: this.memory.buffer as SharedArrayBuffer,
      offset: 0,
      length: 4096,
    }], 1);
    this.word(4 * MAPPINGS, 1);
    // Session 2: number 77, ecb(aes), no tag, the key of FIPS 197 C.1.
    const session = this.register(SESSIONS) + 2 * 512;
    for (const [i, value] of [77, 0, 0, 16].entries()) this.word(session + 4 * i, value);
    for (let i = 0; i < 16; i++) this.bus.bytes[session + 16 + i] = i;
  }

  word(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }
  register(number: number): number {
    return this.view.getUint32(4 * number, true);
  }

  /** One request; the code of its result. */
  request(
    sources: readonly Descriptor[],
    destinations: readonly Descriptor[],
    length = 16,
    algorithm = 0,
    session = 2,
  ) {
    const place = this.#place, command = this.register(COMMAND_AREA) + 64 * place;
    const result = this.register(RESULT_AREA) + 16 * place, before = this.register(INTERRUPTS);
    for (const [i, value] of [algorithm, 1, session, 0, length].entries()) this.word(command + 4 * i, value);
    this.word(result, 0xffff_ffff);
    for (const [i, descriptor] of sources.entries()) this.#put(SOURCE_RING, this.#segment + i, descriptor);
    for (const [i, descriptor] of destinations.entries()) {
      this.#put(DESTINATION_RING, this.#segment + i, descriptor);
    }
    assert.equal(sources.length, destinations.length);
    this.#segment = (this.#segment + sources.length) % 4;
    this.#put(RESULT_RING, place, [result, 16 | LAST]);
    this.#put(COMMAND_RING, place, [command, 64 | LAST]);
    this.#place = (place + 1) % 4;
    assert.equal(this.card.step(), 1);
    assert.equal(this.register(INTERRUPTS), before + 1, "one interrupt");
    for (const ring of [COMMAND_RING, RESULT_RING]) {
      assert.equal(this.view.getUint32(this.register(ring) + 8 * place, true) & VALID, 0, "given back");
    }
    return this.view.getUint32(result, true);
  }

  #put(register: number, number: number, [address, word]: Descriptor): void {
    const base = this.register(register), place = number % 4;
    if (place === 3) {
      this.word(base + 8 * 4 + 4, base);
      this.word(base + 8 * 4, VALID | JUMP);
    }
    this.word(base + 8 * place + 4, address);
    this.word(base + 8 * place, VALID | word);
  }
}

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

Deno.test("hifn card: rings written by hand, around them three times", () => {
  const hand = new Hand();
  for (let turn = 0; turn < 12; turn++) {
    hand.memory.fill(0);
    for (let i = 0; i < 16; i++) hand.memory[100 + i] = 17 * i;
    const code = hand.request([[MAPPED_FROM + 100, 16 | LAST]], [[MAPPED_FROM + 201, 16 | LAST]]);
    assert.equal(code, OK);
    assert.equal(hex(hand.memory.subarray(201, 217)), "69c4e0d86a7b0430d8cdb78070b4c55a");
    assert.ok(hand.memory.subarray(217).every((byte) => byte === 0));
  }
});

Deno.test("hifn card: addresses nobody described are refused, and nothing there is touched", () => {
  const hand = new Hand(), good: Descriptor = [MAPPED_FROM, 16 | LAST];
  const rings = hand.register(COMMAND_RING), keys = hand.register(SESSIONS);
  const wrong = [
    0,
    4 * INTERRUPTS,
    rings,
    keys + 1040,
    MAPPED_FROM + 4090,
    MAPPED_FROM + 4096,
    MAPPED_FROM - 8,
    0xffff_fff8,
  ];
  for (const address of wrong) {
    assert.equal(hand.request([[address, 16 | LAST]], [good]), BAD_ADDRESS, `read ${address}`);
    const session = hand.bus.bytes.slice(keys, keys + 2048);
    assert.equal(hand.request([good], [[address, 16 | LAST]]), BAD_ADDRESS, `write ${address}`);
    assert.deepEqual(hand.bus.bytes.subarray(keys, keys + 2048), session);
    assert.ok(hand.memory.every((byte) => byte === 0));
  }
  assert.equal(hand.request([good], [good]), OK);
});

Deno.test("hifn card, faults 1, 7 and 10: wrong lengths, sessions, algorithms and lists are error results", () => {
  const hand = new Hand(), good: Descriptor = [MAPPED_FROM, 16 | LAST];
  const untouched = () => assert.ok(hand.memory.every((byte) => byte === 0));
  assert.equal(hand.request([good], [good], 32), BAD_LENGTH, "segments shorter than the request");
  assert.equal(hand.request([good], [good], 0xffff_ffff), BAD_LENGTH, "a length below zero");
  assert.equal(hand.request([good], [good], 15), BAD_LENGTH, "no block");
  assert.equal(hand.request([good], [good], 16, 1), BAD_SESSION, "a key of ecb is none of cbc");
  assert.equal(hand.request([good], [good], 16, 99), BAD_SESSION);
  for (const session of [1, 4, 0xffff_ffff]) {
    assert.equal(hand.request([good], [good], 16, 0, session), BAD_SESSION);
  }
  assert.equal(hand.request([[MAPPED_FROM, 16]], [[MAPPED_FROM, 16]]), BAD_LIST, "a list without its last");
  untouched();
  const longer: Descriptor = [MAPPED_FROM, 64 | LAST];
  assert.equal(hand.request([longer], [longer], 16), OK);
  assert.ok(hand.memory.subarray(16).every((byte) => byte === 0), "no byte behind the request");
});
