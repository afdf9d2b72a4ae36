import { mask, type Prefix } from "../../packet/address.ts";
import type { AddressOrigin, AddressState } from "./events.ts";

/**
 * The router's own addresses.
 *
 * Overview    a list of rows for those who configure, and an open-addressing index for the packet path, built anew
 *             whenever the list or a state changes (that is rare, and there are few).
 * Life-cycle  added tentative (IPv6) or preferred (IPv4); states are moved by DuplicateAddressDetection and by
 *             lifetimes; `reindex` after each change.
 * Limits      lists are walked linearly by everything but `isLocal`; meant for hundreds of addresses, not thousands.
 */
export class Addresses {
  readonly #all: InterfaceAddress[] = [];
  /** Five words a slot: the address and family << 8 | interface; the last is 0 when free. */
  #slots = new Uint32Array(5 * 64);
  #mask = 63;

  all(): readonly InterfaceAddress[] {
    return this.#all;
  }

  /** The address exactly as configured, in whatever state. */
  find(interfaceIndex: number, family: number, words: ArrayLike<number>, lane: number) {
    for (const a of this.#all) {
      if (a.interface === interfaceIndex && a.family === family && sameWords(a.words, 0, words, lane)) {
        return a;
      }
    }
    return undefined;
  }

  add(address: InterfaceAddress): void {
    this.#all.push(address);
    this.reindex();
  }

  remove(address: InterfaceAddress): void {
    const at = this.#all.indexOf(address);
    if (at >= 0) this.#all.splice(at, 1);
    this.reindex();
  }

  /** Makes changed states known to `isLocal`. */
  reindex(): void {
    const usable = this.#all.filter(isUsable);
    let size = 64;
    while (size < usable.length * 2) size *= 2;
    this.#mask = size - 1;
    if (this.#slots.length === size * 5) this.#slots.fill(0);
    else this.#slots = new Uint32Array(size * 5);
    for (const a of usable) {
      let slot = this.#hash(a.words, 0);
      while (this.#slots[slot * 5 + 4] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots.set(a.words, slot * 5);
      this.#slots[slot * 5 + 4] = a.family << 8 | a.interface;
    }
  }

  #hash(words: ArrayLike<number>, lane: number): number {
    const h = Math.imul(words[lane]! ^ words[lane + 1]!, 0x9e3779b1) ^
      Math.imul(words[lane + 2]! ^ (words[lane + 3]! << 1), 0x85ebca77);
    return (h ^ (h >>> 15) ^ (h >>> 7)) & this.#mask;
  }

  /**
   * Whether the address is ours on the interface (0: on any) and may be used: not tentative, not duplicated.
   * Link-local addresses mean something on their own interface only: ask with that.
   */
  isLocal(interfaceIndex: number, family: number, words: Uint32Array, lane: number): boolean {
    const slots = this.#slots;
    for (let slot = this.#hash(words, lane);; slot = (slot + 1) & this.#mask) {
      const at = slot * 5, key = slots[at + 4]!;
      if (key === 0) return false;
      if (
        slots[at] === words[lane] && slots[at + 1] === words[lane + 1] && slots[at + 2] === words[lane + 2] &&
        slots[at + 3] === words[lane + 3] && key >>> 8 === family &&
        (interfaceIndex === 0 || (key & 255) === interfaceIndex)
      ) return true;
    }
  }

  /** Whether the IPv4 address is a subnet's broadcast address on the interface, or 255.255.255.255. */
  isBroadcast(interfaceIndex: number, word: number): boolean {
    if (word === 0xffffffff) return true;
    for (const a of this.#all) {
      if (a.family !== 4 || a.interface !== interfaceIndex || a.length > 30) continue;
      const hosts = ~mask(a.length) >>> 0;
      if (((word ^ a.words[0]!) & ~hosts) === 0 && ((word & hosts) >>> 0) === hosts) return true;
    }
    return false;
  }

  /** The interface's link-local IPv6 address when it may be used. */
  linkLocal(interfaceIndex: number): InterfaceAddress | undefined {
    for (const a of this.#all) {
      if (a.interface === interfaceIndex && a.family === 6 && isUsable(a) && a.words[0]! >>> 22 === 0x3fa) {
        return a;
      }
    }
    return undefined;
  }
}

/** One address of one interface. Times are monotonic milliseconds. */
export interface InterfaceAddress {
  readonly interface: number;
  readonly family: 4 | 6;
  readonly words: Uint32Array;
  /** On-link prefix length; 128 when the advertisement did not say on-link. */
  readonly length: number;
  readonly origin: AddressOrigin;
  state: AddressState;
  preferredUntil: number;
  validUntil: number;
  /** Duplicate address detection: solicitations still to send, and when the next step is due. */
  solicitationsLeft: number;
  detectAt: number;
  /** How often another identifier was tried (the DAD counter of RFC 7217). */
  readonly attempt: number;
}

export function interfaceAddress(
  interfaceIndex: number,
  prefix: Prefix,
  origin: AddressOrigin,
  attempt = 0,
): InterfaceAddress {
  return {
    interface: interfaceIndex,
    family: prefix.family,
    words: Uint32Array.from(prefix.words),
    length: prefix.length,
    origin,
    state: prefix.family === 4 ? "preferred" : "tentative",
    preferredUntil: Infinity,
    validUntil: Infinity,
    solicitationsLeft: 0,
    detectAt: Infinity,
    attempt,
  };
}

export const isUsable = (a: InterfaceAddress): boolean => a.state === "preferred" || a.state === "deprecated";

/** The address as plain data. */
export const prefixOf = (a: InterfaceAddress): Prefix => ({
  family: a.family,
  words: [a.words[0]!, a.words[1]!, a.words[2]!, a.words[3]!],
  length: a.length,
});

export const sameWords = (a: ArrayLike<number>, at: number, b: ArrayLike<number>, from: number): boolean =>
  a[at] === b[from] && a[at + 1] === b[from + 1] && a[at + 2] === b[from + 2] && a[at + 3] === b[from + 3];
