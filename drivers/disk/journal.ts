import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { SECTOR } from "../../core/crypto/sectors.ts";
import type { BlockFile } from "./block_file.ts";
import { CHUNK, type VolumeOptions } from "./volume.ts";

/** One step of a re-keying: sectors as they are to stand in the volume. */
export interface Step {
  /** Counts from 1. */
  readonly sequence: number;
  readonly sector: number;
  readonly sealed: Uint8Array;
}

/**
 * What makes re-keying safe: the sectors of a step are here, whole and on the medium, before the first of them is
 * changed in the volume.
 *
 * Overview    two slots in turn, so that a slot is overwritten only when the step in the other one is done in the
 *             volume. A slot says which sectors it holds and has a digest over all of it: a torn one is none.
 * Format      slot of 512 bytes and CHUNK sectors: magic 8, sequence 8, sector 8, count 8 (little-endian), check of
 *             both keys and of what is re-keyed 32, SHA-256 of all that with the sectors 32.
 * Limits      who has the journal has encrypted sectors, and no key.
 */
export class Journal {
  readonly #file: BlockFile;
  readonly #check: Uint8Array;

  /** `check`: see `keyCheck`. */
  constructor(file: BlockFile, check: Uint8Array) {
    this.#file = file;
    this.#check = check;
  }

  /** The last whole step; undefined when none was begun. @throws Error when it is of other keys. */
  last(): Step | undefined {
    // Of a process that was killed: what it wrote is seen, and may not be on the medium.
    this.#file.sync();
    const steps = slots(this.#file);
    if (steps.every(({ check }) => timingSafeEqual(check, this.#check))) return steps[0];
    throw new Error(
      "the journal is of a re-keying with other keys, or of another cipher or place: give the same to go on with it",
    );
  }

  put(step: Step): void {
    const bytes = new Uint8Array(SECTOR + step.sealed.length), view = new DataView(bytes.buffer);
    bytes.set(MAGIC);
    view.setBigUint64(8, BigInt(step.sequence), true);
    view.setBigUint64(16, BigInt(step.sector), true);
    view.setBigUint64(24, BigInt(step.sealed.length / SECTOR), true);
    bytes.set(this.#check, 32);
    bytes.set(step.sealed, SECTOR);
    bytes.set(digest(bytes), DIGEST);
    this.#file.write(step.sequence % 2 * SLOT, bytes);
    this.#file.sync();
  }
}

/** The first sector that no step has reached, for who has no keys at hand. */
export const journalReached = (file: BlockFile): number => {
  const step = slots(file)[0];
  return step === undefined ? 0 : step.sector + step.sealed.length / SECTOR;
};

/** Whole steps, the last one first. */
const slots = (file: BlockFile): (Step & { readonly check: Uint8Array })[] =>
  [0, 1].map((slot) => readSlot(file, slot)).filter((step) => step !== undefined)
    .sort((one, other) => other.sequence - one.sequence);

function readSlot(file: BlockFile, slot: number): (Step & { readonly check: Uint8Array }) | undefined {
  const head = new Uint8Array(SECTOR), view = new DataView(head.buffer);
  file.read(slot * SLOT, head);
  const count = Number(view.getBigUint64(24, true));
  if (!MAGIC.every((byte, i) => head[i] === byte) || count > CHUNK) return undefined;
  const bytes = new Uint8Array(SECTOR + count * SECTOR);
  file.read(slot * SLOT, bytes);
  const stored = bytes.slice(DIGEST, DIGEST + 32);
  bytes.fill(0, DIGEST, DIGEST + 32);
  if (!timingSafeEqual(stored, digest(bytes))) return undefined;
  return {
    sequence: Number(view.getBigUint64(8, true)),
    sector: Number(view.getBigUint64(16, true)),
    sealed: bytes.subarray(SECTOR),
    check: bytes.subarray(32, 64),
  };
}

/** Tells a pair of keys, and what they are for, from others; gives neither away. `size`: sectors. */
export function keyCheck(from: VolumeOptions, to: VolumeOptions, size: number): Uint8Array {
  const words = [from, to].map(({ cipher, offset = 0, skip = 0 }) => `${cipher} ${offset} ${skip}`);
  return createHmac("sha256", to.key).update(`weir disk rekey ${words.join(" ")} ${size} `).update(
    createHmac("sha256", from.key).update("old").digest(),
  ).digest();
}

const digest = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

const MAGIC = new TextEncoder().encode("weirkey1");
const DIGEST = 64;
const SLOT = SECTOR + CHUNK * SECTOR;
export const JOURNAL_BYTES = 2 * SLOT;
