import {
  type CryptoRequests,
  EBADMSG,
  EINVAL,
  IV_BYTES,
  type SegmentColumns,
} from "../../../core/crypto/requests.ts";
import type { Bus } from "./bus.ts";
import type { CardEngine } from "./card_engine.ts";
import type { CardMemory } from "./card_memory.ts";
import { CardRing } from "./card_ring.ts";
import type { CardSessions } from "./card_sessions.ts";
import {
  BAD_ADDRESS,
  BAD_LENGTH,
  BAD_LIST,
  BAD_SESSION,
  BAD_TAG,
  CARD_ERROR,
  COMMAND_ALGORITHM,
  COMMAND_AREA,
  COMMAND_ASSOC,
  COMMAND_BYTES,
  COMMAND_IV,
  COMMAND_LENGTH,
  COMMAND_MODE,
  COMMAND_RING,
  COMMAND_SESSION,
  DESTINATION_RING,
  LAST,
  LENGTH,
  MAPPINGS,
  MODE_ENCRYPT,
  OK,
  RESULT_AREA,
  RESULT_BYTES,
  RESULT_CODE,
  RESULT_RING,
  RESULT_SESSION,
  SOURCE_RING,
} from "./registers.ts";

/**
 * Commands as the card reads them: up to CARD_BATCH at a time, each into a row of its requests, with the place where its
 * result goes. Reading several before the first is begun lets their cache lines come at once.
 */
export class CardCommands {
  readonly #words: Int32Array;
  readonly #commandArea: Area;
  readonly #resultArea: Area;
  readonly #requests: CryptoRequests;
  readonly #memory: CardMemory;
  readonly #sessions: CardSessions;
  readonly #engine: CardEngine;
  readonly #commands: CardRing;
  readonly #sources: CardRing;
  readonly #destinations: CardRing;
  readonly #results: CardRing;
  readonly #ivs: Int32Array;
  readonly #code = new Int32Array(CARD_BATCH);
  readonly #session = new Int32Array(CARD_BATCH);
  readonly #context = new Int32Array(CARD_BATCH);
  readonly #place = new Int32Array(CARD_BATCH);
  /** Word of each one's result; -1 where it may not lie. */
  readonly #result = new Int32Array(CARD_BATCH);

  constructor(
    bus: Bus,
    requests: CryptoRequests,
    memory: CardMemory,
    sessions: CardSessions,
    engine: CardEngine,
  ) {
    this.#words = bus.words;
    this.#commandArea = area(bus, COMMAND_AREA, COMMAND_BYTES);
    this.#resultArea = area(bus, RESULT_AREA, RESULT_BYTES);
    this.#requests = requests;
    this.#memory = memory;
    this.#sessions = sessions;
    this.#engine = engine;
    this.#ivs = new Int32Array(requests.iv.buffer, requests.iv.byteOffset, requests.iv.length >> 2);
    this.#commands = new CardRing(bus, COMMAND_RING);
    this.#sources = new CardRing(bus, SOURCE_RING);
    this.#destinations = new CardRing(bus, DESTINATION_RING);
    this.#results = new CardRing(bus, RESULT_RING);
  }

  /** Takes commands with their segments from the rings, as long as memory is mapped as they know it; how many. */
  fetch(mappings: number): number {
    const words = this.#words, commands = this.#commands, results = this.#results;
    let count = 0;
    while (count < CARD_BATCH && commands.ready() && results.valid() && words[MAPPINGS] === mappings) {
      this.#fetch(count++, commands.address, results.address);
    }
    return count;
  }

  #fetch(row: number, command: number, result: number): void {
    const { sources, destinations } = this.#requests;
    this.#commands.take();
    this.#place[row] = this.#results.pass();
    this.#result[row] = inside(this.#resultArea, result) ? result >> 2 : -1;
    const first = this.#collect(this.#sources, sources, row);
    const second = this.#collect(this.#destinations, destinations, row);
    this.#code[row] = !inside(this.#commandArea, command)
      ? BAD_ADDRESS
      : this.#read(row, command >> 2, first !== OK ? first : second);
  }

  #read(row: number, at: number, code: number): number {
    const words = this.#words, requests = this.#requests, session = words[at + COMMAND_SESSION]!;
    this.#session[row] = session;
    if (code !== OK) return code;
    const context = this.#sessions.context(session, words[at + COMMAND_ALGORITHM]!);
    if (context < 0) return BAD_SESSION;
    this.#context[row] = context;
    requests.direction[row] = words[at + COMMAND_MODE]! & MODE_ENCRYPT;
    const assoc = requests.assoc[row] = words[at + COMMAND_ASSOC]!;
    const length = requests.length[row] = words[at + COMMAND_LENGTH]!;
    const ivs = this.#ivs, iv = row * (IV_BYTES >> 2), from = at + COMMAND_IV;
    ivs[iv] = words[from]!;
    ivs[iv + 1] = words[from + 1]!;
    ivs[iv + 2] = words[from + 2]!;
    ivs[iv + 3] = words[from + 3]!;
    if (assoc < 0 || length < 0 || assoc + length > requests.sources.bytes(row)) return BAD_LENGTH;
    return OK;
  }

  /** The descriptors up to the last of a request. */
  #collect(ring: CardRing, segments: SegmentColumns, row: number): number {
    let code: number = OK;
    segments.count[row] = 0;
    for (let i = 0; i < ring.size; i++) {
      if (!ring.valid()) return BAD_LIST;
      const { word, address } = ring, length = word & LENGTH;
      ring.take();
      if (length > 0 && code === OK) code = this.#memory.add(segments, row, address, length);
      if ((word & LAST) !== 0) return code;
    }
    return BAD_LIST;
  }

  /** Leaves the outcome for `giveBack`. `fails`: nothing is done. */
  carryOut(row: number, fails: boolean): void {
    if (fails) this.#code[row] = CARD_ERROR;
    if (this.#code[row] !== OK) return;
    const result = this.#engine.carryOut(row, this.#context[row]!);
    if (result !== 0) this.#code[row] = codeOf(result);
  }

  /** Writes the result, then makes its descriptor the driver's. */
  giveBack(row: number): void {
    const at = this.#result[row]!, code = this.#code[row]!;
    if (at >= 0) {
      const words = this.#words;
      words[at + RESULT_CODE] = code;
      words[at + RESULT_SESSION] = code === OK ? this.#session[row]! : -1;
    }
    this.#results.release(this.#place[row]!);
  }

  reset(): void {
    this.#commands.reset();
    this.#sources.reset();
    this.#destinations.reset();
    this.#results.reset();
  }
}

interface Area {
  readonly base: number;
  /** The last place where something may begin. */
  readonly last: number;
}

const area = ({ words }: Bus, register: number, size: number): Area => ({
  base: words[register]!,
  last: words[register]! + words[register + 1]! - size,
});

const inside = ({ base, last }: Area, address: number): boolean =>
  (address & 3) === 0 && address >= base && address <= last;

function codeOf(result: number): number {
  return result === EBADMSG ? BAD_TAG : result === EINVAL ? BAD_LENGTH : CARD_ERROR;
}

/** Commands read at a time. */
export const CARD_BATCH = 8;
