/**
 * Command ring and answer ring.
 *
 * Overview    single producer, single consumer, in shared memory. Commands are COMMAND_WORDS words each; answers
 *             are records of a header and text. An eventfd in the data plane's poll set wakes it; the control
 *             plane waits on the answer ring's written word.
 * Ownership   control plane: submits commands, reads answers. Data plane: the other ends.
 * Limits      a full command ring refuses (the caller waits); a full answer ring makes the data plane wait with
 *             the rest of its answer, never with packets.
 */
export class CommandRing {
  readonly #words: Int32Array;
  readonly #slots: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#slots = Math.floor((this.#words.length - HEAD) / COMMAND_WORDS);
  }

  /** Control plane: puts a command in; false when the ring is full. */
  submit(command: Int32Array): boolean {
    const words = this.#words;
    const written = Atomics.load(words, WRITTEN), read = Atomics.load(words, READ);
    if (((written - read) | 0) >= this.#slots) return false;
    words.set(command, HEAD + ((written >>> 0) % this.#slots) * COMMAND_WORDS);
    Atomics.store(words, WRITTEN, (written + 1) | 0);
    return true;
  }

  /** Data plane: whether `take` would find something. One plain load. */
  get pending(): boolean {
    return this.#words[WRITTEN] !== this.#words[READ];
  }

  /** Data plane: copies the next command out; false when there is none. */
  take(into: Int32Array): boolean {
    const words = this.#words;
    const read = words[READ]!;
    if (Atomics.load(words, WRITTEN) === read) return false;
    const at = HEAD + ((read >>> 0) % this.#slots) * COMMAND_WORDS;
    for (let i = 0; i < COMMAND_WORDS; i++) into[i] = words[at + i]!;
    Atomics.store(words, READ, (read + 1) | 0);
    return true;
  }
}

/** Records: length of the text in bytes, sequence number, flags; text padded to four bytes. */
export class AnswerRing {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #size: number;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#size = memory.byteLength - HEAD * 4;
    this.#bytes = new Uint8Array(memory, HEAD * 4);
  }

  /** Data plane: writes one record, whole; false when there is no room now. */
  write(sequence: number, last: boolean, text: string): boolean {
    const encoded = this.#encoder.encode(text);
    const need = RECORD + ((encoded.length + 3) & ~3);
    const written = Atomics.load(this.#words, WRITTEN) >>> 0, read = Atomics.load(this.#words, READ) >>> 0;
    const used = (written - read) >>> 0;
    if (need + used > this.#size) return false;
    const at = written % this.#size;
    this.#putWord(at, encoded.length);
    this.#putWord((at + 4) % this.#size, sequence);
    this.#putWord((at + 8) % this.#size, last ? 1 : 0);
    for (let i = 0; i < encoded.length; i++) this.#bytes[(at + RECORD + i) % this.#size] = encoded[i]!;
    Atomics.store(this.#words, WRITTEN, (written + need) | 0);
    Atomics.notify(this.#words, WRITTEN);
    return true;
  }

  /** Control plane: the next record, or undefined. */
  read(): Answer | undefined {
    const read = Atomics.load(this.#words, READ) >>> 0;
    if (Atomics.load(this.#words, WRITTEN) >>> 0 === read) return undefined;
    const at = read % this.#size;
    const length = this.#word(at);
    const text = new Uint8Array(length);
    for (let i = 0; i < length; i++) text[i] = this.#bytes[(at + RECORD + i) % this.#size]!;
    const answer = {
      sequence: this.#word((at + 4) % this.#size),
      last: this.#word((at + 8) % this.#size) === 1,
      text: this.#decoder.decode(text),
    };
    Atomics.store(this.#words, READ, (read + RECORD + ((length + 3) & ~3)) | 0);
    return answer;
  }

  /** Control plane: waits until something is written, at most `milliseconds`. */
  async wait(milliseconds: number): Promise<void> {
    const written = Atomics.load(this.#words, WRITTEN);
    if (written !== Atomics.load(this.#words, READ)) return;
    const result = Atomics.waitAsync(this.#words, WRITTEN, written, milliseconds);
    if (result.async) await result.value;
  }

  #word(at: number): number {
    return this.#words[HEAD + (at >>> 2)]!;
  }
  #putWord(at: number, value: number): void {
    this.#words[HEAD + (at >>> 2)] = value;
  }
}

export interface Answer {
  /** Of the command answered; 0 for a log line nobody asked for, TRACE_SEQUENCE for a trace event. */
  readonly sequence: number;
  readonly last: boolean;
  readonly text: string;
}

/** Sequence number of trace events (`trace_line.ts`). */
export const TRACE_SEQUENCE = -1;

/** Memory for a ring of `bytes` (a power of two, so that positions wrap with 32-bit counters). */
export const ringMemory = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(HEAD * 4 + bytes);

const WRITTEN = 0;
const READ = 1;
const HEAD = 2;
const RECORD = 12;

/** Operation, sequence number, cursor, limit, then a filter. */
export const COMMAND_WORDS = 32;
