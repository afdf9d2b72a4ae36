import {
  type CryptoRequests,
  IV_BYTES,
  MOST_SEGMENTS,
  type SegmentColumns,
} from "../../../core/crypto/requests.ts";
import { addressOf, bytes, libc } from "../../sys/libc.ts";
import { Pointers } from "../libcrypto/pointers.ts";
import { MOST_AUTH_BYTES } from "./ioctl.ts";

/**
 * Memory that the kernel works on in place of the caller's: a slot for each request under way, with room for associated
 * data, text and tag, iv and digest, every one at the beginning of a page or a cache line.
 */
export class Staging {
  readonly #block: Uint8Array<ArrayBuffer>;
  readonly #base: number;
  readonly #small: Uint8Array<ArrayBuffer>;
  readonly #smallAddress: number;
  readonly #smallStart: number;
  readonly #pointers = new Pointers();
  /** Addresses of regions by number; 0: not asked yet. */
  readonly #regions = new Float64Array(256);
  #memory: readonly Uint8Array[] = [];

  constructor(slots: number) {
    this.#block = bytes(slots * SLOT_BYTES + PAGE);
    this.#base = Math.ceil(addressOf(this.#block) / PAGE) * PAGE;
    this.#small = bytes(slots * SMALL_BYTES + LINE);
    const address = addressOf(this.#small);
    this.#smallAddress = Math.ceil(address / LINE) * LINE;
    this.#smallStart = this.#smallAddress - address;
  }

  /** Regions are this memory's from now on. */
  attach(memory: readonly Uint8Array[]): void {
    this.#memory = memory;
    this.#regions.fill(0);
  }

  assoc(slot: number): number {
    return this.#base + slot * SLOT_BYTES;
  }

  text(slot: number): number {
    return this.#base + slot * SLOT_BYTES + ASSOC_BYTES;
  }

  iv(slot: number): number {
    return this.#smallAddress + slot * SMALL_BYTES;
  }

  digest(slot: number): number {
    return this.#smallAddress + slot * SMALL_BYTES + LINE;
  }

  /** The slot whose iv is at an address; -1: none's. */
  slotOfIv(address: number): number {
    const slot = (address - this.#smallAddress) / SMALL_BYTES;
    return Number.isInteger(slot) && slot >= 0 && slot * SMALL_BYTES < this.#small.length ? slot : -1;
  }

  /** Salt, the request's iv, and for counters a 1 in the last of 16 bytes. */
  fillIv(
    requests: CryptoRequests,
    row: number,
    slot: number,
    salt: Uint8Array,
    ivSize: number,
    counter: boolean,
  ): void {
    const small = this.#small, at = this.#smallStart + slot * SMALL_BYTES;
    for (let i = 0; i < salt.length; i++) small[at + i] = salt[i]!;
    for (let i = 0; i < ivSize; i++) small[at + salt.length + i] = requests.iv[row * IV_BYTES + i]!;
    if (!counter) return;
    for (let i = salt.length + ivSize; i < 15; i++) small[at + i] = 0;
    small[at + 15] = 1;
  }

  /** Address of a row's first `most` bytes; 0 when they are in pieces or begin off what `alignmask` wants. */
  direct(segments: SegmentColumns, row: number, most: number, alignmask: number): number {
    const at = row * MOST_SEGMENTS;
    if (segments.count[row] === 0 || segments.length[at]! < most) return 0;
    const address = this.#address(segments.region[at]!) + segments.offset[at]!;
    // Addresses end below 2^47 and masks below 2^16: the low bits alone are looked at.
    return ((address % 0x10000) & alignmask) === 0 ? address : 0;
  }

  /** Copies `most` bytes behind `skip` of a row's segments to or from an address; false when they are fewer. */
  copy(
    segments: SegmentColumns,
    row: number,
    skip: number,
    most: number,
    address: number,
    out: boolean,
  ): boolean {
    let left = most, staged = address, over = skip;
    for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
      const whole = segments.length[at]!, passed = Math.min(over, whole);
      const length = Math.min(left, whole - passed);
      over -= passed;
      if (length === 0) continue;
      const own = this.#pointers.at(this.#address(segments.region[at]!) + segments.offset[at]! + passed);
      const other = this.#pointers.at(staged);
      libc.memmove(out ? own : other, out ? other : own, length);
      staged += length;
      left -= length;
    }
    return left === 0;
  }

  /** Within slots. */
  move(to: number, from: number, length: number): void {
    libc.memmove(this.#pointers.at(to), this.#pointers.at(from), length);
  }

  #address(region: number): number {
    const known = this.#regions[region]!;
    if (known !== 0) return known;
    return this.#regions[region] = addressOf(this.#memory[region] as Uint8Array<ArrayBuffer>);
  }
}

/** Associated data, with what is hidden of them, and the most text with its tag. */
const PAGE = 4096, LINE = 64;
const ASSOC_BYTES = MOST_AUTH_BYTES + PAGE, TEXT_BYTES = 65536 + PAGE, SLOT_BYTES = ASSOC_BYTES + TEXT_BYTES;
/** Iv and digest. */
const SMALL_BYTES = 2 * LINE;
