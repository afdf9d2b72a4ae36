import { createHash } from "node:crypto";
import { authencKey, packAuthencKey } from "../../../core/crypto/authenc_key.ts";
import { CryptoError } from "../../../core/crypto/engine.ts";
import type { HifnAlgorithm } from "./algorithms.ts";
import type { Bus } from "./bus.ts";
import {
  SESSION_ALGORITHM,
  SESSION_BYTES,
  SESSION_KEY,
  SESSION_KEY_LENGTH,
  SESSION_NUMBER,
  SESSION_TAG,
  SESSIONS,
  SESSIONS_CHANGED,
} from "./registers.ts";

/**
 * Keys in the card's memory.
 *
 * Overview    a session is a place there: its number, algorithm, tag size and key. A place gets a new number each time it
 *             is used, by which the card knows that the key is another; 0 says that it is empty.
 * Ownership   the driver writes, the card reads. Closed places are wiped here, and the card forgets its context when it
 *             sees SESSIONS_CHANGED.
 */
export class Sessions {
  readonly #kept: (HifnAlgorithm | undefined)[] = [];
  readonly #tags: Int32Array;
  #bus: Bus;
  #lastNumber = 0;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#tags = new Int32Array(bus.words[SESSIONS + 1]!);
    for (let i = 0; i < this.#tags.length; i++) this.#kept.push(undefined);
  }

  /** @throws CryptoError where the key does not fit, or all places are taken. */
  open(algorithm: HifnAlgorithm, key: Uint8Array, tagSize: number, device: string): number {
    const own = fitting(algorithm, key), session = this.#kept.indexOf(undefined);
    if (tagSize > algorithm.tagSize) {
      throw new CryptoError(`a tag of ${algorithm.name} has at most ${algorithm.tagSize} bytes`);
    }
    if (session < 0) throw new CryptoError(`${device} has ${this.#kept.length} sessions, and all are open`);
    const { words, bytes } = this.#bus, base = this.#place(session), at = base >> 2;
    bytes.set(own, base + SESSION_KEY);
    words[at + SESSION_ALGORITHM] = algorithm.number;
    words[at + SESSION_TAG] = tagSize;
    words[at + SESSION_KEY_LENGTH] = own.length;
    this.#lastNumber = this.#lastNumber === 0x7fff_ffff ? 1 : this.#lastNumber + 1;
    Atomics.store(words, at + SESSION_NUMBER, this.#lastNumber);
    this.#kept[session] = algorithm;
    this.#tags[session] = tagSize;
    return session;
  }

  close(session: number): void {
    const { words, bytes } = this.#bus, base = this.#place(session);
    Atomics.store(words, (base >> 2) + SESSION_NUMBER, 0);
    bytes.fill(0, base, base + SESSION_BYTES);
    this.#kept[session] = undefined;
    Atomics.add(words, SESSIONS_CHANGED, 1);
  }

  algorithm(session: number): HifnAlgorithm {
    return this.#kept[session]!;
  }

  tagSize(session: number): number {
    return this.#tags[session]!;
  }

  /** Carries all keys over to another card's memory and wipes them in the old one. */
  moveTo(bus: Bus): void {
    const from = this.#place(0), old = this.#bus, size = this.#kept.length * SESSION_BYTES;
    bus.bytes.set(old.bytes.subarray(from, from + size), bus.words[SESSIONS]!);
    old.bytes.fill(0, from, from + size);
    this.#bus = bus;
  }

  wipe(): void {
    this.#bus.bytes.fill(0, this.#place(0), this.#place(this.#kept.length));
  }

  #place(session: number): number {
    return this.#bus.words[SESSIONS]! + session * SESSION_BYTES;
  }
}

/** The key as the card takes it: keys for HMAC that are longer than a block are hashed first (RFC 2104 section 2). */
function fitting({ name, recipe, keySizes }: HifnAlgorithm, key: Uint8Array): Uint8Array {
  if (keySizes.length > 0) expectSize(name, keySizes, key.length);
  if (recipe.mode === "hmac") return shortened(recipe.hash, key);
  if (recipe.mode === "authenc") {
    const { authentication, encryption } = authencKey(key);
    expectSize(name, [...recipe.ciphers.keys()], encryption.length);
    return packAuthencKey(shortened(recipe.hash, authentication), encryption);
  }
  return key;
}

function expectSize(name: string, sizes: readonly number[], size: number): void {
  if (!sizes.includes(size)) {
    throw new CryptoError(`a key of ${name} has ${sizes.join(", ")} bytes, not ${size}`);
  }
}

/** All hashes of the card have blocks of 64 bytes. */
const shortened = (hash: string, key: Uint8Array): Uint8Array =>
  key.length <= 64 ? key : new Uint8Array(createHash(hash).update(key).digest());
