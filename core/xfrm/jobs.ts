import { type CryptoEngine, FULL } from "../crypto/engine.ts";
import { DECRYPT, ENCRYPT, IV_BYTES } from "../crypto/requests.ts";
import { setU32 } from "../packet/bytes.ts";
import type { PacketPool } from "../packet/pool.ts";
import { ESP } from "./esp.ts";
import type { State } from "./state.ts";

/**
 * ESP packets in the engine's work.
 *
 * Overview    a column a request row: which state, which slab, which slot of the state's order, where ESP begins. A
 *             request works in place, in the packet's slab. With extended sequence numbers the associated data are
 *             SPI, high half, low half (RFC 4303 2.2.1), which do not lie so in the packet: they are put beside it, in
 *             SCRATCH bytes a row, and the packet's segment begins with the iv.
 * Ownership   a slab is the job's from `submit` until `end`.
 */
export class Jobs {
  readonly engine: CryptoEngine;
  readonly pool: PacketPool;
  /** JOB_NONE: the row is somebody else's. */
  readonly kind: Uint8Array;
  readonly state: Int32Array;
  readonly slab: Int32Array;
  readonly slot: Int16Array;
  /** Position of the ESP header in the pool. */
  readonly esp: Uint32Array;
  readonly sequence: Uint32Array;
  readonly high: Uint32Array;
  /** Requests under way, of all states. */
  inFlight = 0;
  readonly #region: number;
  readonly #scratch: Uint8Array;
  readonly #scratchRegion: number;

  constructor(engine: CryptoEngine, pool: PacketPool) {
    const { requests } = engine, rows = requests.capacity;
    this.engine = engine;
    this.pool = pool;
    this.kind = new Uint8Array(rows);
    this.state = new Int32Array(rows);
    this.slab = new Int32Array(rows);
    this.slot = new Int16Array(rows);
    this.esp = new Uint32Array(rows);
    this.sequence = new Uint32Array(rows);
    this.high = new Uint32Array(rows);
    this.#region = requests.addRegion(pool.bytes);
    this.#scratch = new Uint8Array(rows * SCRATCH);
    this.#scratchRegion = requests.addRegion(this.#scratch);
  }

  /**
   * Hands a slab's ESP packet to the engine: header at `esp`, then the iv, `text` bytes, the ICV. False when there is no
   * room for it; then nothing has changed.
   */
  submit(
    kind: number,
    state: State,
    slab: number,
    slot: number,
    esp: number,
    text: number,
    sequence: number,
    high: number,
  ): boolean {
    const { requests } = this.engine, row = requests.take();
    if (row < 0) return false;
    const { ivSize, icvSize } = state.transform, b = this.pool.bytes, iv = esp + ESP.size;
    requests.session[row] = state.session;
    requests.direction[row] = kind === JOB_OUT ? ENCRYPT : DECRYPT;
    requests.length[row] = text;
    for (let i = 0; i < ivSize; i++) requests.iv[row * IV_BYTES + i] = b[iv + i]!;
    const rest = ivSize + text + icvSize;
    if (state.esn) {
      const scratch = row * SCRATCH;
      setU32(this.#scratch, scratch, state.options.spi);
      setU32(this.#scratch, scratch + 4, high);
      setU32(this.#scratch, scratch + 8, sequence);
      requests.assoc[row] = 12 + ivSize;
      requests.addSource(row, this.#scratchRegion, scratch, 12);
      requests.addDestination(row, this.#scratchRegion, scratch, 12);
      requests.addSource(row, this.#region, iv, rest);
      requests.addDestination(row, this.#region, iv, rest);
    } else {
      requests.assoc[row] = ESP.size + ivSize;
      requests.addSource(row, this.#region, esp, ESP.size + rest);
      requests.addDestination(row, this.#region, esp, ESP.size + rest);
    }
    if (this.engine.submit(row, true) === FULL) {
      requests.free(row);
      return false;
    }
    this.kind[row] = kind;
    this.state[row] = state.row;
    this.slab[row] = slab;
    this.slot[row] = slot;
    this.esp[row] = esp;
    this.sequence[row] = sequence;
    this.high[row] = high;
    state.inFlight++;
    this.inFlight++;
    return true;
  }

  /** The request is done: its row goes back. Its result. The columns stay until the next `submit`. */
  end(row: number, state: State): number {
    const { requests } = this.engine, result = requests.result[row]!;
    requests.free(row);
    this.kind[row] = JOB_NONE;
    state.inFlight--;
    this.inFlight--;
    return result;
  }
}

export const JOB_NONE = 0;
export const JOB_OUT = 1;
export const JOB_IN = 2;

const SCRATCH = 16;
