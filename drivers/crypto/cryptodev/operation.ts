import { type CryptoRequests, EINVAL, EIO, ENCRYPT } from "../../../core/crypto/requests.ts";
import { EINTR } from "../../sys/errno.ts";
import { bytes, errno, libc } from "../../sys/libc.ts";
import type { NodeAlgorithm } from "./algorithms.ts";
import * as id from "./ioctl.ts";
import { AUTH_CRYPT, CRYPT, setPointer } from "./ioctl.ts";
import type { NodeSession } from "./sessions.ts";
import type { Staging } from "./staging.ts";

/** A key as it was opened for one owner. */
export interface NodeContext {
  readonly algorithm: NodeAlgorithm;
  readonly session: NodeSession;
  readonly salt: Uint8Array;
  /** Bytes of tag or digest. */
  readonly tagSize: number;
}

/**
 * Requests as ioctls.
 *
 * Overview    text of ciphers and hashes is worked on where it lies when it is in one piece and aligned as the session's
 *             driver wants it, else in the request's slot; combined modes always in the slot, as they read a tag that is
 *             not written and the reverse. `prepare` -> the ioctl -> `complete`.
 * Ownership   the device; structures are filled anew for each request, the kernel copies them.
 */
export class Operations {
  /** struct crypt_op of the request prepared last. */
  readonly crypt = bytes(CRYPT.size);
  /** struct crypt_auth_op of it. */
  readonly authCrypt = bytes(AUTH_CRYPT.size);
  readonly #cryptView = new DataView(this.crypt.buffer);
  readonly #authView = new DataView(this.authCrypt.buffer);
  readonly #staging: Staging;
  /** Of each slot: whether its text has to be copied to the destination. */
  readonly #staged: Uint8Array;
  /** Requests that had to be copied. */
  copied = 0;

  constructor(staging: Staging, slots: number) {
    this.#staging = staging;
    this.#staged = new Uint8Array(slots);
  }

  /** Fills the structure in: 0, or a negative error number. */
  prepare(requests: CryptoRequests, row: number, context: NodeContext, slot: number): number {
    const { kind, ivSize, counter } = context.algorithm;
    this.#staging.fillIv(requests, row, slot, context.salt, ivSize, counter);
    return kind === "aead"
      ? this.#prepareAead(requests, row, context, slot)
      : this.#prepareCrypt(requests, row, context, slot);
  }

  #prepareCrypt(requests: CryptoRequests, row: number, context: NodeContext, slot: number): number {
    const { algorithm: { kind, blockSize, mostBytes }, session, tagSize } = context;
    const { sources, destinations } = requests, staging = this.#staging;
    const length = requests.length[row]!, { alignmask } = session;
    if (length > mostBytes || destinations.bytes(row) < (kind === "hash" ? tagSize : length)) return EINVAL;
    // The module refuses parts of blocks; those of xts go through stealing.ts.
    if (kind === "cipher" && length % blockSize !== 0) return EINVAL;
    const text = staging.text(slot), hashes = kind === "hash";
    let source = staging.direct(sources, row, length, alignmask);
    let destination = hashes ? text : staging.direct(destinations, row, length, alignmask);
    if (source === 0) {
      if (!staging.copy(sources, row, 0, length, text, false)) return EINVAL;
      source = text;
      this.copied++;
    }
    this.#staged[slot] = 0;
    if (destination === 0) {
      destination = text;
      this.#staged[slot] = 1;
      if (source !== text) this.copied++;
    }
    this.describe(session, requests.direction[row]!, source, destination, length, slot);
    return 0;
  }

  /** struct crypt_op: `length` bytes at one address to another, with the slot's iv. */
  describe(
    session: NodeSession,
    direction: number,
    source: number,
    destination: number,
    length: number,
    slot: number,
  ): void {
    const view = this.#cryptView, staging = this.#staging;
    view.setUint32(CRYPT.ses, session.ses, true);
    view.setUint16(CRYPT.op, direction === ENCRYPT ? id.COP_ENCRYPT : id.COP_DECRYPT, true);
    view.setUint16(CRYPT.flags, id.COP_FLAG_NONE, true);
    view.setUint32(CRYPT.len, length, true);
    view.setUint32(CRYPT.dlen, length, true);
    setPointer(view, CRYPT.src, source);
    setPointer(view, CRYPT.dst, destination);
    setPointer(view, CRYPT.mac, staging.digest(slot));
    setPointer(view, CRYPT.iv, staging.iv(slot));
  }

  #prepareAead(requests: CryptoRequests, row: number, context: NodeContext, slot: number): number {
    const { algorithm: { hidden, mostBytes }, session, tagSize } = context;
    const { sources, destinations } = requests, staging = this.#staging, view = this.#authView;
    const assoc = requests.assoc[row]!, length = requests.length[row]!;
    const encrypts = requests.direction[row] === ENCRYPT, read = encrypts ? length : length + tagSize;
    const written = assoc + length + (encrypts ? tagSize : 0);
    if (assoc < hidden || assoc - hidden > id.MOST_AUTH_BYTES || length > mostBytes) return EINVAL;
    if (destinations.bytes(row) < written) return EINVAL;
    if (!staging.copy(sources, row, 0, assoc, staging.assoc(slot), false)) return EINVAL;
    if (!staging.copy(sources, row, assoc, read, staging.text(slot), false)) return EINVAL;
    this.copied++;
    view.setUint32(AUTH_CRYPT.ses, session.ses, true);
    view.setUint16(AUTH_CRYPT.op, encrypts ? id.COP_ENCRYPT : id.COP_DECRYPT, true);
    view.setUint16(AUTH_CRYPT.flags, id.COP_FLAG_NONE, true);
    view.setUint32(AUTH_CRYPT.len, read, true);
    view.setUint32(AUTH_CRYPT.authLength, assoc - hidden, true);
    setPointer(view, AUTH_CRYPT.authSource, staging.assoc(slot));
    setPointer(view, AUTH_CRYPT.src, staging.text(slot));
    setPointer(view, AUTH_CRYPT.dst, staging.text(slot));
    setPointer(view, AUTH_CRYPT.tag, 0);
    view.setUint32(AUTH_CRYPT.tagLength, tagSize, true);
    setPointer(view, AUTH_CRYPT.iv, staging.iv(slot));
    view.setUint32(AUTH_CRYPT.ivLength, IV_OF_GCM, true);
    return 0;
  }

  /** Carries out what was prepared, and waits for it: 0, or a negative error number. */
  call(fd: number, { algorithm: { kind } }: NodeContext): number {
    return kind === "aead"
      ? ioctl(fd, id.CIOCAUTHCRYPT, this.authCrypt)
      : ioctl(fd, id.CIOCCRYPT, this.crypt);
  }

  /** After success: brings to the destination what the kernel left in the slot. */
  complete(requests: CryptoRequests, row: number, context: NodeContext, slot: number): void {
    const { algorithm: { kind }, tagSize } = context, { destinations } = requests, staging = this.#staging;
    const assoc = requests.assoc[row]!, length = requests.length[row]!;
    if (kind === "hash") staging.copy(destinations, row, 0, tagSize, staging.digest(slot), true);
    else if (kind === "aead") {
      const written = requests.direction[row] === ENCRYPT ? length + tagSize : length;
      staging.copy(destinations, row, 0, assoc, staging.assoc(slot), true);
      staging.copy(destinations, row, assoc, written, staging.text(slot), true);
    } else if (this.#staged[slot] === 1) {
      staging.copy(destinations, row, 0, length, staging.text(slot), true);
    }
  }
}

/** 0, or a negative error number: none is lost, whatever it is. */
export function ioctl(fd: number, request: number, structure: Uint8Array<ArrayBuffer>): number {
  for (;;) {
    if (libc.ioctl(fd, request, structure) >= 0) return 0;
    const number = errno();
    if (number !== EINTR) return number === 0 ? EIO : -number;
  }
}

const IV_OF_GCM = 12;
