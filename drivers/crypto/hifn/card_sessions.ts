import { CryptoError } from "../../../core/crypto/engine.ts";
import type { CryptoDevice, OfferedAlgorithm } from "../device.ts";
import { CARD_ALGORITHMS } from "./algorithms.ts";
import type { Bus } from "./bus.ts";
import {
  MOST_KEY,
  SESSION_ALGORITHM,
  SESSION_BYTES,
  SESSION_KEY,
  SESSION_KEY_LENGTH,
  SESSION_NUMBER,
  SESSION_TAG,
  SESSIONS,
  SESSIONS_CHANGED,
} from "./registers.ts";

/** Key contexts of the card's engine, made when a session is first used and forgotten when it is closed. */
export class CardSessions {
  readonly #bus: Bus;
  readonly #engine: CryptoDevice;
  readonly #numbers: Int32Array;
  readonly #contexts: Int32Array;
  readonly #algorithms: Int32Array;
  readonly #known: readonly (OfferedAlgorithm | undefined)[];
  readonly #base: number;
  #changes = 0;

  constructor(bus: Bus, engine: CryptoDevice) {
    const count = bus.words[SESSIONS + 1]!;
    this.#bus = bus;
    this.#base = bus.words[SESSIONS]!;
    this.#engine = engine;
    this.#numbers = new Int32Array(count);
    this.#contexts = new Int32Array(count).fill(-1);
    this.#algorithms = new Int32Array(count);
    this.#known = CARD_ALGORITHMS.map((name) => engine.algorithms.find((each) => each.name === name));
  }

  /** The engine's context, or -1: no such session, or not of this algorithm. */
  context(session: number, algorithm: number): number {
    if (session < 0 || session >= this.#numbers.length) return -1;
    // The command that names it was seen behind it.
    const number = this.#bus.words[this.#place(session) >> 2]!;
    if (number === 0) return -1;
    if (number !== this.#numbers[session]) this.#learn(session, number);
    return this.#algorithms[session] === algorithm ? this.#contexts[session]! : -1;
  }

  /** Forgets contexts of sessions that were closed. */
  sweep(): void {
    const { words } = this.#bus, changes = words[SESSIONS_CHANGED]!;
    if (changes === this.#changes) return;
    this.#changes = changes;
    for (let session = 0; session < this.#numbers.length; session++) {
      const number = Atomics.load(words, (this.#place(session) >> 2) + SESSION_NUMBER);
      if (number !== this.#numbers[session]) this.#forget(session);
    }
  }

  #learn(session: number, number: number): void {
    const { words, bytes } = this.#bus, base = this.#place(session), at = base >> 2;
    const algorithm = words[at + SESSION_ALGORITHM]!, length = words[at + SESSION_KEY_LENGTH]!;
    this.#forget(session);
    this.#numbers[session] = number;
    this.#algorithms[session] = algorithm;
    const known = this.#known[algorithm];
    if (known === undefined || length < 0 || length > MOST_KEY) return;
    const key = bytes.slice(base + SESSION_KEY, base + SESSION_KEY + length);
    const own = new Uint8Array(length);
    own.set(key);
    try {
      this.#contexts[session] = this.#engine.open(known, own, words[at + SESSION_TAG]!);
    } catch (error) {
      // The command then fails for want of a session.
      if (!(error instanceof CryptoError)) throw error;
    } finally {
      key.fill(0);
      own.fill(0);
    }
  }

  #forget(session: number): void {
    if (this.#contexts[session]! >= 0) this.#engine.close(this.#contexts[session]!);
    this.#contexts[session] = -1;
    this.#numbers[session] = 0;
  }

  #place(session: number): number {
    return this.#base + session * SESSION_BYTES;
  }
}
