import {
  type CryptoRequests,
  IV_BYTES,
  MOST_SEGMENTS,
  type SegmentColumns,
} from "../../../core/crypto/requests.ts";
import { addressOf, bytes } from "../../sys/libc.ts";

/**
 * A message header for AF_ALG: vectors that point at segments where they lie, and control messages for direction, iv and
 * associated data. One for each device, filled anew for each request.
 */
export class AlgorithmMessage {
  /** struct msghdr. */
  readonly header = bytes(56);
  readonly #vectors = bytes(16 * MOST_SEGMENTS);
  readonly #control = bytes(CONTROL_BYTES);
  readonly #headerView = new DataView(this.header.buffer);
  readonly #vectorView = new DataView(this.#vectors.buffer);
  readonly #controlView = new DataView(this.#control.buffer);
  readonly #controlAddress = addressOf(this.#control);
  readonly #vectorAddress = addressOf(this.#vectors);
  /** Addresses of regions by number; 0: not asked yet. */
  readonly #regions = new Float64Array(256);
  #memory: readonly Uint8Array[] = [];

  constructor() {
    pointer(this.#headerView, 16, this.#vectorAddress);
  }

  /** Regions are this memory's from now on. */
  attach(memory: readonly Uint8Array[]): void {
    this.#memory = memory;
    this.#regions.fill(0);
  }

  /** Points at the first `most` bytes of a row's segments. False when they are fewer. */
  point(segments: SegmentColumns, row: number, most: number): boolean {
    let left = most, count = 0;
    for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
      const length = Math.min(left, segments.length[at]!);
      if (length === 0) continue;
      pointer(this.#vectorView, 16 * count, this.#address(segments.region[at]!) + segments.offset[at]!);
      this.#vectorView.setUint32(16 * count + 8, length, true);
      left -= length;
      count++;
    }
    this.#headerView.setUint32(24, count, true);
    return left === 0;
  }

  /** Control messages of a request; without an iv and associated data those are left out. */
  control(requests: CryptoRequests, row: number, ivSize: number, aead: boolean): void {
    const view = this.#controlView;
    let at = head(view, 0, 4, ALG_SET_OP);
    view.setUint32(at, requests.direction[row]!, true);
    at += 8;
    if (ivSize > 0) {
      at = head(view, at, 4 + ivSize, ALG_SET_IV);
      view.setUint32(at, ivSize, true);
      for (let i = 0; i < ivSize; i++) this.#control[at + 4 + i] = requests.iv[row * IV_BYTES + i]!;
      at += (4 + ivSize + 7) & ~7;
    }
    if (aead) {
      at = head(view, at, 4, ALG_SET_AEAD_ASSOCLEN);
      view.setUint32(at, requests.assoc[row]!, true);
      at += 8;
    }
    pointer(this.#headerView, 32, this.#controlAddress);
    this.#headerView.setUint32(40, at, true);
  }

  /** Receiving takes no control messages. */
  noControl(): void {
    pointer(this.#headerView, 32, 0);
    this.#headerView.setUint32(40, 0, true);
  }

  #address(region: number): number {
    const known = this.#regions[region]!;
    if (known !== 0) return known;
    return this.#regions[region] = addressOf(this.#memory[region] as Uint8Array<ArrayBuffer>);
  }
}

/** Three control messages with their headers, the longest iv among them. */
const CONTROL_BYTES = 3 * 16 + 8 + 8 + 24;

/** struct cmsghdr; where its data begin. */
function head(view: DataView, at: number, length: number, type: number): number {
  view.setUint32(at, 16 + length, true);
  view.setUint32(at + 4, 0, true);
  view.setInt32(at + 8, SOL_ALG, true);
  view.setInt32(at + 12, type, true);
  return at + 16;
}

function pointer(view: DataView, at: number, address: number): void {
  view.setUint32(at, address % 0x100000000, true);
  view.setUint32(at + 4, Math.floor(address / 0x100000000), true);
}

const SOL_ALG = 279, ALG_SET_IV = 2, ALG_SET_OP = 3, ALG_SET_AEAD_ASSOCLEN = 4;
