import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { SECTOR } from "../../core/crypto/sectors.ts";
import type { BlockFile } from "./block_file.ts";
import { CHUNK } from "./volume.ts";

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
 *             both keys 32, SHA-256 of all that with the sectors 32.
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
    const steps = [0, 1].map((slot) => this.#read(slot)).filter((step) => step !== undefined);
    return steps.sort((one, other) => other.sequence - one.sequence)[0];
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

  #read(slot: number): Step | undefined {
    const head = new Uint8Array(SECTOR), view = new DataView(head.buffer);
    this.#file.read(slot * SLOT, head);
    const count = Number(view.getBigUint64(24, true));
    if (!MAGIC.every((byte, i) => head[i] === byte) || count > CHUNK) return undefined;
    const bytes = new Uint8Array(SECTOR + count * SECTOR);
    this.#file.read(slot * SLOT, bytes);
    const stored = bytes.slice(DIGEST, DIGEST + 32);
    bytes.fill(0, DIGEST, DIGEST + 32);
    if (!timingSafeEqual(stored, digest(bytes))) return undefined;
    if (!timingSafeEqual(bytes.subarray(32, 64), this.#check)) {
      throw new Error(
        "the journal is of a re-keying with other keys: give the same two keys to go on with it",
      );
    }
    return {
      sequence: Number(view.getBigUint64(8, true)),
      sector: Number(view.getBigUint64(16, true)),
      sealed: bytes.subarray(SECTOR),
    };
  }
}

/** Tells a pair of keys from others and gives neither away. */
export const keyCheck = (oldKey: Uint8Array, newKey: Uint8Array): Uint8Array =>
  createHmac("sha256", newKey).update("weir disk rekey").update(
    createHmac("sha256", oldKey).update("old").digest(),
  )
    .digest();

const digest = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

const MAGIC = new TextEncoder().encode("weirkey1");
const DIGEST = 64;
const SLOT = SECTOR + CHUNK * SECTOR;
export const JOURNAL_BYTES = 2 * SLOT;
