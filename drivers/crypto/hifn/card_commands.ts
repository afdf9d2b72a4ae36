import {
  type CryptoRequests,
  EBADMSG,
  EINVAL,
  IV_BYTES,
  type SegmentColumns,
} from "../../../core/crypto/requests.ts";
import type { CryptoDevice } from "../device.ts";
import type { Bus } from "./bus.ts";
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
  MODE_ENCRYPT,
  OK,
  RESULT_AREA,
  RESULT_BYTES,
  RESULT_CODE,
  RESULT_RING,
  RESULT_SESSION,
  SOURCE_RING,
} from "./registers.ts";

/** Commands as the card reads them: each into a row of its requests, with the place where its result goes. */
export class CardCommands {
  readonly #bus: Bus;
  readonly #requests: CryptoRequests;
  readonly #memory: CardMemory;
  readonly #sessions: CardSessions;
  readonly #engine: CryptoDevice;
  readonly #commands: CardRing;
  readonly #sources: CardRing;
  readonly #destinations: CardRing;
  readonly #results: CardRing;
  readonly #code = new Int32Array(2);
  readonly #command = new Float64Array(2);
  readonly #place = new Int32Array(2);
  readonly #resultAddress = new Float64Array(2);
  readonly #done = new Int32Array(2);

  constructor(
    bus: Bus,
    requests: CryptoRequests,
    memory: CardMemory,
    sessions: CardSessions,
    engine: CryptoDevice,
  ) {
    this.#bus = bus;
    this.#requests = requests;
    this.#memory = memory;
    this.#sessions = sessions;
    this.#engine = engine;
    this.#commands = new CardRing(bus, COMMAND_RING);
    this.#sources = new CardRing(bus, SOURCE_RING);
    this.#destinations = new CardRing(bus, DESTINATION_RING);
    this.#results = new CardRing(bus, RESULT_RING);
  }

  /** Whether there are a command and a place for its result. */
  waiting(): boolean {
    return this.#commands.ready() && this.#results.ready();
  }

  /** Takes the command and its segments from the rings. */
  fetch(row: number): void {
    const requests = this.#requests;
    this.#command[row] = this.#commands.address;
    this.#commands.give(this.#commands.pass());
    this.#resultAddress[row] = this.#results.address;
    this.#place[row] = this.#results.pass();
    const first = this.#collect(this.#sources, requests.sources, row);
    const second = this.#collect(this.#destinations, requests.destinations, row);
    this.#code[row] = first !== OK ? first : second;
    if (!inside(this.#bus, COMMAND_AREA, this.#command[row]!, COMMAND_BYTES)) this.#code[row] = BAD_ADDRESS;
  }

  /** The descriptors up to the last of a request. */
  #collect(ring: CardRing, segments: SegmentColumns, row: number): number {
    let code: number = OK;
    segments.count[row] = 0;
    for (let i = 0; i < ring.size; i++) {
      if (!ring.ready()) return BAD_LIST;
      const { word, address } = ring, length = word & LENGTH;
      ring.give(ring.pass());
      if (length > 0 && code === OK) code = this.#memory.add(segments, row, address, length);
      if ((word & LAST) !== 0) return code;
    }
    return BAD_LIST;
  }

  /** Leaves the outcome for `giveBack`. `fails`: nothing is done. */
  carryOut(row: number, fails: boolean): void {
    if (fails) this.#code[row] = CARD_ERROR;
    if (this.#code[row] !== OK) return;
    const { words, bytes } = this.#bus, requests = this.#requests;
    const base = this.#command[row]!, at = base >>> 2, session = words[at + COMMAND_SESSION]!;
    const context = this.#sessions.context(session, words[at + COMMAND_ALGORITHM]!);
    if (context < 0) {
      this.#code[row] = BAD_SESSION;
      return;
    }
    requests.direction[row] = words[at + COMMAND_MODE]! & MODE_ENCRYPT;
    requests.assoc[row] = words[at + COMMAND_ASSOC]!;
    requests.length[row] = words[at + COMMAND_LENGTH]!;
    for (let i = 0; i < IV_BYTES; i++) {
      requests.iv[row * IV_BYTES + i] = bytes[base + 4 * COMMAND_IV + i]!;
    }
    if (requests.assoc[row]! + requests.length[row]! > requests.sources.bytes(row)) {
      this.#code[row] = BAD_LENGTH;
      return;
    }
    this.#engine.start(row, context);
    this.#engine.poll(this.#done);
    this.#code[row] = codeOf(requests.result[row]!);
  }

  /** Writes the result, then makes its descriptor the driver's. */
  giveBack(row: number): void {
    const { words } = this.#bus, address = this.#resultAddress[row]!, at = address >>> 2;
    if (inside(this.#bus, RESULT_AREA, address, RESULT_BYTES)) {
      const ok = this.#code[row] === OK, command = this.#command[row]! >>> 2;
      words[at + RESULT_CODE] = this.#code[row]!;
      words[at + RESULT_SESSION] = ok ? words[command + COMMAND_SESSION]! : -1;
    }
    this.#results.give(this.#place[row]!);
  }

  reset(): void {
    this.#commands.reset();
    this.#sources.reset();
    this.#destinations.reset();
    this.#results.reset();
  }
}

const inside = ({ words }: Bus, area: number, address: number, length: number): boolean =>
  (address & 3) === 0 && address >= words[area]! && address + length <= words[area]! + words[area + 1]!;

function codeOf(result: number): number {
  if (result === 0) return OK;
  return result === EBADMSG ? BAD_TAG : result === EINVAL ? BAD_LENGTH : CARD_ERROR;
}
