import { type Address, mask, type Prefix } from "../packet/address.ts";
import type { PacketColumns } from "../packet/columns.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";

/** Which packets are meant (struct xfrm_selector); what is missing is any. */
export interface Selector {
  /** Where both prefixes are missing, packets of this family; 4 unless told. */
  readonly family?: 4 | 6;
  readonly source?: Prefix;
  readonly destination?: Prefix;
  /** IP protocol number. */
  readonly protocol?: number;
  /** Port, or type of ICMP. */
  readonly sourcePort?: number;
  /** Port, or code of ICMP. */
  readonly destinationPort?: number;
  /** Interface name. */
  readonly device?: string;
}

/** Index of an interface by its name; 0 where there is none. */
export type InterfaceIndex = (name: string) => number;

/** A selector ready for packets. */
export class SelectorMatch {
  readonly family: 4 | 6;
  readonly protocol: number;
  /** -1: any. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly device: string | undefined;
  /** Index of the interface; -1: any. */
  #interface = -1;
  /** Source, its mask, destination, its mask: four words each. */
  readonly #words = new Uint32Array(16);

  constructor(selector: Selector, index: InterfaceIndex) {
    const { source, destination } = selector;
    this.family = source?.family ?? destination?.family ?? selector.family ?? 4;
    this.protocol = selector.protocol ?? 0;
    this.sourcePort = selector.sourcePort ?? -1;
    this.destinationPort = selector.destinationPort ?? -1;
    this.device = selector.device;
    if (source !== undefined) this.#prefix(0, source);
    if (destination !== undefined) this.#prefix(8, destination);
    this.bind(index);
  }

  #prefix(at: number, prefix: Prefix): void {
    for (let i = 0; i < 4; i++) {
      const m = mask(prefix.length - 32 * i);
      this.#words[at + i] = prefix.words[i]! & m;
      this.#words[at + 4 + i] = m;
    }
  }

  /** Interfaces came or went. A name that nobody has matches no packet. */
  bind(index: InterfaceIndex): void {
    this.#interface = this.device === undefined ? -1 : index(this.device) || -2;
  }

  /** Whether a parsed row is meant; `device` is the index of the interface it leaves (in and fwd: came) by. */
  matches(packet: PacketColumns, row: number, device: number): boolean {
    if (packet.family[row] !== this.family) return false;
    if (this.#interface !== -1 && this.#interface !== device) return false;
    const protocol = packet.protocol[row]!;
    if (this.protocol !== 0 && this.protocol !== protocol) return false;
    if (this.sourcePort >= 0 || this.destinationPort >= 0) {
      let source = packet.sourcePort[row]!, destination = packet.destinationPort[row]!;
      if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) {
        source = destination >>> 8;
        destination &= 0xff;
      }
      if (this.sourcePort >= 0 && this.sourcePort !== source) return false;
      if (this.destinationPort >= 0 && this.destinationPort !== destination) return false;
    }
    return this.#within(packet.source, row * 4, 0) && this.#within(packet.destination, row * 4, 8);
  }

  #within(address: Uint32Array, lane: number, at: number): boolean {
    const words = this.#words;
    for (let i = 0; i < 4; i++) {
      if (((address[lane + i]! ^ words[at + i]!) & words[at + 4 + i]!) !== 0) return false;
    }
    return true;
  }
}

/** A selector of just a parsed row's packet and those like it. */
export function selectorOf(packet: PacketColumns, row: number): Selector {
  const family = packet.family[row] === 6 ? 6 : 4, protocol = packet.protocol[row]!;
  const host = (words: Uint32Array): Prefix => ({
    family,
    words: [words[4 * row]!, words[4 * row + 1]!, words[4 * row + 2]!, words[4 * row + 3]!],
    length: family === 6 ? 128 : 32,
  });
  const ends = { source: host(packet.source), destination: host(packet.destination), protocol };
  const source = packet.sourcePort[row]!, destination = packet.destinationPort[row]!;
  if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) {
    return { ...ends, sourcePort: destination >>> 8, destinationPort: destination & 0xff };
  }
  return source === 0 && destination === 0
    ? ends
    : { ...ends, sourcePort: source, destinationPort: destination };
}

/** Whether two selectors name the same packets, as policies are told apart. */
export function sameSelector(a: Selector, b: Selector): boolean {
  return familyOf(a) === familyOf(b) && samePrefix(a.source, b.source) &&
    samePrefix(a.destination, b.destination) && (a.protocol ?? 0) === (b.protocol ?? 0) &&
    a.sourcePort === b.sourcePort && a.destinationPort === b.destinationPort && a.device === b.device;
}

export const familyOf = (s: Selector): 4 | 6 => s.source?.family ?? s.destination?.family ?? s.family ?? 4;

function samePrefix(a: Prefix | undefined, b: Prefix | undefined): boolean {
  const first = a?.length ?? 0, second = b?.length ?? 0;
  return first === second && (first === 0 || sameAddress(a!, b!));
}

export const sameAddress = (a: Address, b: Address): boolean =>
  a.family === b.family && a.words.every((word, i) => word === b.words[i]);
