import { type CryptoRequests, EBADMSG, EINVAL, EIO, IV_BYTES } from "../../../core/crypto/requests.ts";
import type { Bus } from "./bus.ts";
import { descriptors, type Dma } from "./dma.ts";
import { DriverRing } from "./driver_ring.ts";
import {
  BAD_ADDRESS,
  BAD_LENGTH,
  BAD_LIST,
  BAD_TAG,
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
  DMA_AREA,
  LAST,
  MODE_ENCRYPT,
  OK,
  RESULT_AREA,
  RESULT_BYTES,
  RESULT_CODE,
  RESULT_RING,
  SLOT_BYTES,
  SOURCE_RING,
  STATUS,
  STATUS_FULL,
} from "./registers.ts";

/**
 * The four rings together.
 *
 * Overview    a request takes one command, one result, and as many source and destination descriptors as it has pieces;
 *             it is written when all of them are free, and otherwise nothing is. The command becomes valid last.
 * Ownership   the driver's thread. Command and result of a request have the same place, by which its row, and how many
 *             descriptors it holds, are kept.
 */
export class CommandRings {
  dma: Dma;
  readonly counters: { bounced: number };
  readonly #bus: Bus;
  readonly #commands: DriverRing;
  readonly #sources: DriverRing;
  readonly #destinations: DriverRing;
  readonly #results: DriverRing;
  readonly #row: Int32Array;
  readonly #sourceCount: Int32Array;
  readonly #destinationCount: Int32Array;
  readonly #write: Int32Array;
  /** BOUNCED, WHOLE, GIVEN. */
  readonly #flags: Uint8Array;
  #oldest = 0;
  /** Begun and not collected. */
  outstanding = 0;

  constructor(bus: Bus, dma: Dma, counters: { bounced: number } = { bounced: 0 }) {
    this.#bus = bus;
    this.dma = dma;
    this.counters = counters;
    this.#commands = new DriverRing(bus, COMMAND_RING);
    this.#sources = new DriverRing(bus, SOURCE_RING);
    this.#destinations = new DriverRing(bus, DESTINATION_RING);
    this.#results = new DriverRing(bus, RESULT_RING);
    const { size } = this.#commands;
    this.#row = new Int32Array(size);
    this.#sourceCount = new Int32Array(size);
    this.#destinationCount = new Int32Array(size);
    this.#write = new Int32Array(size);
    this.#flags = new Uint8Array(size);
  }

  /** Whether a request can be described at all. */
  fits({ sources, destinations }: CryptoRequests, row: number, read: number, write: number): boolean {
    return read <= SLOT_BYTES && write <= SLOT_BYTES && sources.bytes(row) >= read &&
      destinations.bytes(row) >= write;
  }

  /** False, and nothing written, when there is no room. */
  put(
    requests: CryptoRequests,
    row: number,
    read: number,
    write: number,
    algorithm: number,
    session: number,
  ): boolean {
    const { dma } = this, { sources, destinations } = requests, place = this.#commands.next;
    if (this.#commands.room === 0 || (Atomics.load(this.#bus.words, STATUS) & STATUS_FULL) !== 0) {
      return false;
    }
    let from = dma.count(sources, row, read), to = dma.count(destinations, row, write);
    const wholeFrom = from > this.#sources.size, wholeTo = to > this.#destinations.size;
    if (wholeFrom) from = descriptors(read);
    if (wholeTo) to = descriptors(write);
    if (from > this.#sources.room || to > this.#destinations.room) return false;
    const slot = this.#bus.words[DMA_AREA]! + 2 * place * SLOT_BYTES, back = slot + SLOT_BYTES;
    const bouncedFrom = dma.put(this.#sources, sources, row, read, slot, wholeFrom, true);
    const bouncedTo = dma.put(this.#destinations, destinations, row, write, back, wholeTo, false);
    if (bouncedFrom || bouncedTo) this.counters.bounced++;
    this.#row[place] = row;
    this.#sourceCount[place] = from;
    this.#destinationCount[place] = to;
    this.#write[place] = write;
    this.#flags[place] = (bouncedTo ? BOUNCED : 0) | (wholeTo ? WHOLE : 0);
    this.#results.put(this.#bus.words[RESULT_AREA]! + place * RESULT_BYTES, RESULT_BYTES | LAST);
    this.#command(requests, row, place, algorithm, session);
    this.outstanding++;
    return true;
  }

  #command(requests: CryptoRequests, row: number, place: number, algorithm: number, session: number): void {
    const { words, bytes } = this.#bus, base = words[COMMAND_AREA]! + place * COMMAND_BYTES, at = base >> 2;
    words[at + COMMAND_ALGORITHM] = algorithm;
    words[at + COMMAND_MODE] = requests.direction[row]! === 0 ? 0 : MODE_ENCRYPT;
    words[at + COMMAND_SESSION] = session;
    words[at + COMMAND_ASSOC] = requests.assoc[row]!;
    words[at + COMMAND_LENGTH] = requests.length[row]!;
    for (let i = 0; i < IV_BYTES; i++) bytes[base + 4 * COMMAND_IV + i] = requests.iv[row * IV_BYTES + i]!;
    this.#commands.put(base, COMMAND_BYTES | LAST);
  }

  /**
   * Puts rows whose results are there into `rows`, and frees descriptors from the oldest command on. `most`: how many there
   * are; descriptors behind them, which the card is about to write, are left in its cache.
   */
  collect(requests: CryptoRequests, rows: Int32Array, most: number): number {
    const { size, used } = this.#commands, room = Math.min(rows.length, most);
    let count = 0;
    for (let i = 0, place = this.#oldest; i < used && count < room; i++, place = next(place, size)) {
      if ((this.#flags[place]! & GIVEN) !== 0 || !this.#results.isBack(place)) continue;
      rows[count++] = this.#give(requests, place);
    }
    while (this.#commands.used > 0 && (this.#flags[this.#oldest]! & GIVEN) !== 0) {
      const place = this.#oldest;
      this.#commands.release(1);
      this.#results.release(1);
      this.#sources.release(this.#sourceCount[place]!);
      this.#destinations.release(this.#destinationCount[place]!);
      this.#flags[place] = 0;
      this.#oldest = next(place, size);
    }
    return count;
  }

  #give(requests: CryptoRequests, place: number): number {
    const { words } = this.#bus, row = this.#row[place]!, flags = this.#flags[place]!;
    const code = words[(words[RESULT_AREA]! + place * RESULT_BYTES >> 2) + RESULT_CODE]!;
    if (code === OK && (flags & BOUNCED) !== 0) {
      const back = words[DMA_AREA]! + (2 * place + 1) * SLOT_BYTES;
      this.dma.takeBack(requests.destinations, row, this.#write[place]!, back, (flags & WHOLE) !== 0);
    }
    requests.result[row] = errorOf(code);
    this.#flags[place] = flags | GIVEN;
    this.outstanding--;
    return row;
  }

  /** While the card stands still. */
  clear(): void {
    for (const ring of [this.#commands, this.#sources, this.#destinations, this.#results]) ring.clear();
    this.#flags.fill(0);
    this.#oldest = this.outstanding = 0;
  }

  /** Descriptors the card has: commands, sources, destinations, results. */
  fill(): string {
    return [this.#commands, this.#sources, this.#destinations, this.#results].map(({ used }) => used).join(
      "/",
    );
  }
}

const BOUNCED = 1, WHOLE = 2;
/** Its row was given back; its descriptors wait for older ones. */
const GIVEN = 4;

const next = (place: number, size: number): number => place + 1 === size ? 0 : place + 1;

function errorOf(code: number): number {
  if (code === OK) return 0;
  if (code === BAD_TAG) return EBADMSG;
  return code === BAD_LENGTH || code === BAD_ADDRESS || code === BAD_LIST ? EINVAL : EIO;
}
