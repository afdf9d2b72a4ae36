import { type CryptoRequests, EINVAL, ENCRYPT } from "../../../core/crypto/requests.ts";
import { CIOCCRYPT } from "./ioctl.ts";
import { ioctl, type NodeContext, type Operations } from "./operation.ts";
import type { Staging } from "./staging.ts";

/**
 * Texts of xts that end within a block (IEEE 1619 5.3.2, 5.4.2). The module refuses them, so they are made of two calls
 * of whole blocks: a block's tweak depends on its place alone, and one that stands where the short one would stand is
 * carried out behind as many others.
 */
export class Stealing {
  readonly #staging: Staging;
  readonly #operations: Operations;

  constructor(staging: Staging, operations: Operations) {
    this.#staging = staging;
    this.#operations = operations;
  }

  /** 0, or a negative error number. */
  carryOut(fd: number, requests: CryptoRequests, row: number, context: NodeContext, slot: number): number {
    const { sources, destinations } = requests, staging = this.#staging, { algorithm } = context;
    const length = requests.length[row]!, tail = length % BLOCK, whole = length - tail;
    if (whole === 0 || length > algorithm.mostBytes || destinations.bytes(row) < length) return EINVAL;
    const text = staging.text(slot), end = text + whole, last = end - BLOCK, aside = staging.digest(slot);
    if (!staging.copy(sources, row, 0, length, text, false)) return EINVAL;
    staging.fillIv(requests, row, slot, context.salt, algorithm.ivSize, algorithm.counter);
    if (requests.direction[row] === ENCRYPT) {
      const first = this.#call(fd, context, ENCRYPT, text, whole, slot);
      if (first !== 0) return first;
      staging.move(aside, last, BLOCK);
      staging.copy(destinations, row, 0, whole - BLOCK, text, true);
      staging.move(end + tail, aside + tail, BLOCK - tail);
      const second = this.#call(fd, context, ENCRYPT, text, whole + BLOCK, slot);
      if (second !== 0) return second;
      staging.copy(destinations, row, whole - BLOCK, BLOCK, end, true);
      staging.copy(destinations, row, whole, tail, aside, true);
      return 0;
    }
    staging.move(aside, end, tail);
    staging.move(end, last, BLOCK);
    const first = this.#call(fd, context, requests.direction[row]!, text, whole + BLOCK, slot);
    if (first !== 0) return first;
    // The short end of the text, and behind it what fills up the block before.
    staging.copy(sources, row, 0, whole - BLOCK, text, false);
    staging.move(last, aside, tail);
    staging.move(last + tail, end + tail, BLOCK - tail);
    staging.move(aside, end, tail);
    const second = this.#call(fd, context, requests.direction[row]!, text, whole, slot);
    if (second !== 0) return second;
    staging.copy(destinations, row, 0, whole, text, true);
    staging.copy(destinations, row, whole, tail, aside, true);
    return 0;
  }

  #call(fd: number, { session }: NodeContext, direction: number, text: number, length: number, slot: number) {
    this.#operations.describe(session, direction, text, text, length, slot);
    return ioctl(fd, CIOCCRYPT, this.#operations.crypt);
  }
}

/** Whether a request is one call: xts alone takes others. */
export const endsInBlock = (requests: CryptoRequests, row: number, { algorithm }: NodeContext): boolean =>
  algorithm.name !== "xts(aes)" || requests.length[row]! % BLOCK === 0;

const BLOCK = 16;
